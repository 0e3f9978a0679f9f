/* outlet.h - what leaves of an item: its finished parts as messages, each with topic, key, headers and value.
 *
 * The one place where an outcome becomes output. It knows the names of the output topics and what the settings of the sink say; it writes no record (pipeline.c has dumped it into
 * part.out or item.out), decides no outcome and produces nothing (publisher.c does, or `millrace process`). Messages point into the item, which is frozen, into the settings and into the
 * outlet, so both outlive the batch. Whoever adds a kind of record - an alert, say - keeps its text in the part, adds a row to enum publish_kind and its word to make_event, and calls
 * outlet_add_record in add_part (outlet.c): it is then in the transaction of its article. Loop thread. */
#ifndef DAEMON_OUTLET_H
#define DAEMON_OUTLET_H

#include "daemon/pipeline.h"
#include "daemon/publish.h"

typedef struct outlet outlet;

/* Borrows both. */
outlet *outlet_new(const struct settings *settings, pipeline *pipe);
void outlet_free(outlet **self);
void outlet_configure(outlet *self, const struct settings *settings);    /* a reload: for batches from now on */
/* See epochs_set_max_dead. */
void outlet_set_max_dead(outlet *self, size_t bytes);

/* Appends everything that leaves of a finished item, in the order of its parts. */
void outlet_add_item(outlet *self, publish_batch *b, item *it);
/* One record that leaves for an item. */
typedef struct outlet_record {
	enum publish_kind kind;
	const char *topic;       /* borrowed until the batch is freed */
	int page;                /* whose article id is the key, unless ... */
	mr_bytes key;            /* ... there is one; borrowed as the value is */
	mr_bytes watch;          /* of an alert: part of its event's id, and a header; len 0: none */
	int64_t made_ms;         /* wall clock, when it was written */
	mr_bytes value;          /* data NULL: null */
} outlet_record;

/* Appends it: the key is the article id, headers are those of the feed record as the contract says and, with sink.cloudevents, those of an event. */
void outlet_add_record(outlet *self, publish_batch *b, item *it, const outlet_record *record);
/* Appends the index entries of the batch for the journal, behind all records. The messages point into b->log_entries, which may not grow any more. Two headers (journal_message.h), borrowed. */
void outlet_add_journal(outlet *self, publish_batch *b, const char *versions, const char *instance);
/* The last call: nothing is appended any more, keys made of ids can be pointed to. */
void outlet_close(publish_batch *b);

#endif
