/* outlet.h - what leaves of an item: its finished parts as messages, each with topic, key, headers and value.
 *
 * The one place where an outcome becomes output. It knows the names of the output topics and what the settings of the sink say; it writes no record (pipeline.c has dumped it into
 * part.out or item.out), decides no outcome and produces nothing (publisher.c does, or `millrace process`). Messages point into the item, which is frozen, into the settings and into the
 * outlet, so both outlive the batch. Whoever adds a kind of record - an alert, say - keeps its text in the part, adds a row to enum publish_kind and calls
 * outlet_add_record in add_part (outlet.c): it is then in the transaction of its article. Loop thread. */
#ifndef DAEMON_OUTLET_H
#define DAEMON_OUTLET_H

#include "daemon/pipeline.h"
#include "daemon/publish.h"

typedef struct outlet outlet;

/* Borrows both. */
outlet *outlet_new(const struct settings *settings, pipeline *pipe);
void outlet_free(outlet **self);
/* See epochs_set_max_dead. */
void outlet_set_max_dead(outlet *self, size_t bytes);

/* Appends everything that leaves of a finished item, in the order of its parts. */
void outlet_add_item(outlet *self, publish_batch *b, item *it);
/* Appends one record of the item to `topic` (borrowed until the batch is freed). `id`: the article id, which becomes the key. Headers: those of the feed record as the contract says. */
void outlet_add_record(outlet *self, publish_batch *b, enum publish_kind kind, item *it, const char *topic, const uint8_t id[ARTICLE_ID_BYTES], mr_bytes value);
/* Appends the index entries of the batch for the journal, behind all records. The messages point into b->log_entries, which may not grow any more. Two headers (journal_message.h), borrowed. */
void outlet_add_journal(outlet *self, publish_batch *b, const char *versions, const char *instance);
/* The last call: nothing is appended any more, keys made of ids can be pointed to. */
void outlet_close(publish_batch *b);

#endif
