/* publish.h - one epoch on its way out: the contract between the epoch (loop thread) and whoever carries it out.
 *
 * Two implementations: daemon/publisher.c (Kafka, on the transaction thread that owns the producer and the index log) and cli/process.c (standard output).
 * A batch is filled by epoch.c (its messages by outlet.c) and handed over; until its result came back it belongs to the publisher, and the items it points into are frozen. */
#ifndef DAEMON_PUBLISH_H
#define DAEMON_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

enum publish_kind { PUBLISH_ARTICLE, PUBLISH_DUPLICATE, PUBLISH_DEAD, PUBLISH_TOMBSTONE, PUBLISH_ALERT, PUBLISH_JOURNAL };

typedef struct publish_message {
	enum publish_kind kind;
	const char *topic;               /* borrowed from the outlet */
	mr_bytes key, value;             /* data NULL: null; borrowed from a frozen item (a key made of an id: from id_key) */
	size_t first_field, field_count; /* headers, in the batch's `fields` */
	void *ticket;                    /* the item, to name the one that the broker refuses; NULL: an entry for the journal, no record is to blame */
	char id_key[33];
} publish_message;

/* What was followed in the journal and is not in the log yet (journal_take). */
typedef struct publish_followed {
	buf frames;                      /* for index_log_append_followed; empty: nothing */
	uint32_t keep_segment;           /* without an epoch: as there */
} publish_followed;

typedef struct publish_offset {
	const char *topic;               /* borrowed from the partition */
	int32_t partition;
	int64_t next;                    /* last offset + 1 */
} publish_offset;

typedef struct publish_batch {
	uint64_t epoch;
	publish_message *messages;
	size_t message_count, message_cap;
	mr_field *fields;
	size_t field_count, field_cap;
	publish_offset *offsets;
	size_t offset_count, offset_cap;
	buf log_offsets, log_entries;    /* for index_log_append; empty without an index */
	publish_followed followed;       /* stands in the log before the epoch */
	bool careful;                    /* the last epoch was aborted for a refusal: one message at a time, so that it names the right one. (Not after other aborts: what timed
	                                  * out would time out the more.) */
	uint32_t keep_segment;           /* log segments before this one hold nothing any more */
	buf **scratch;                   /* values of dead letters' headers, one buf each */
	size_t scratch_count;
} publish_batch;

enum publish_outcome {
	PUBLISH_COMMITTED,
	PUBLISH_KEPT,            /* aborted; everything may be published again as it is */
	PUBLISH_REWIND,          /* aborted with a group error: drop what is in flight, start again from the committed offsets */
	PUBLISH_FATAL,           /* the producer is finished (fenced, fatal): leave the process */
};

typedef struct publish_result {
	enum publish_outcome outcome;
	uint64_t epoch;
	uint32_t segment;        /* where the entries are */
	uint32_t followed_segment;       /* where the followed entries are; 0: there were none */
	uint64_t log_bytes;
	int64_t sync_us;         /* writing and syncing the index log; 0 without an index */
	int64_t commit_us;       /* from begin to the end of the commit */
	bool fenced;             /* FATAL: another producer has our name, or the broker gave our transaction up */
	bool refusal;                    /* KEPT: because the broker refuses a record, ... */
	void *refused;                   /* ... that of this item; NULL: not known which */
	char why[160];           /* the library's words, cleaned; "" when committed */
} publish_result;

void publish_batch_free(publish_batch **self);

#endif
