/* index_entry.h - what the index keeps of one published article, and its form in the log (and later in the journal). */
#ifndef DAEMON_INDEX_ENTRY_H
#define DAEMON_INDEX_ENTRY_H

#include "common/record.h"
#include "common/sketch.h"

#define INDEX_FORMAT 1           /* version of the log: bump when the entry or a frame changes, and teach index_log.c to read the older one */

typedef struct index_entry index_entry;
struct index_entry {
	uint8_t article_id[ARTICLE_ID_BYTES];
	uint8_t story_id[ARTICLE_ID_BYTES];
	uint8_t fingerprint[16]; /* raw fingerprint of its feed record; only when has_fingerprint */
	uint64_t address;        /* XXH3-64 of the canonical url; 0: none */
	int64_t clock_ms;        /* the record's clock; -1: null */
	int64_t seen_ms;         /* wall clock when it was judged: together with the clock it decides when the entry may go */
	int64_t offset;          /* owner: (topic, partition, offset, page) */
	int32_t partition;
	uint16_t topic;          /* number of the topic's name in the index (in the log: the name itself) */
	uint16_t page, page_count;
	uint16_t day_revisions;  /* revisions of this address on the clock day of this one */
	uint32_t revision;       /* 0: first edition */
	struct part *holder;     /* judge: while pending, the part in flight it belongs to */
	uint32_t number;         /* index: slot of this entry */
	uint32_t segment;        /* index: log segment that holds it; 0: none (pending, or index without a log) */
	uint32_t next_of_day;    /* index: next entry settled on the same clock day; UINT32_MAX: last */
	bool has_fingerprint;    /* byte-equal repeats of the feed record follow this entry */
	bool pending;            /* index */
	bool used;               /* index */
	sketch sketch;
};

/* Appends the entry to `out`; `topic` is its name. */
void index_entry_encode(const index_entry *self, const char *topic, buf *out);
/* Reads one entry; *topic is borrowed from `bytes`. 0; -1 when damaged. Fields of the index itself stay 0. */
int index_entry_decode(mr_bytes bytes, index_entry *self, mr_bytes *topic) MR_MUST_USE;

#endif
