/* index_entry.h - what is remembered of one published article, or of one duplicate (an alias of the article it repeats), and its form in the log
 * and in the journal. */
#ifndef DAEMON_INDEX_ENTRY_H
#define DAEMON_INDEX_ENTRY_H

#include "common/record.h"
#include "common/sketch.h"

#define INDEX_FORMAT 2           /* version of entries and log: bump when an entry or a frame changes, and go on reading the older one */
#define INDEX_EDGES 4            /* lines at the beginning, and at the end, of a text that may be repeated heads and tails of its source */

enum index_kind {
	INDEX_ARTICLE,           /* of a published article */
	INDEX_ALIAS,             /* of a published duplicate: the same bytes again are told the same at once; no sketch, no address, no revision */
};

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
	enum index_kind kind;
	/* of an alias: the verdict on it */
	uint8_t owner_id[ARTICLE_ID_BYTES];      /* duplicate_of */
	uint8_t owner_kind;      /* 0 exact, 1 url, 2 near */
	double similarity;       /* 0..1 */
	/* of an article that is no revision: what its source may repeat */
	uint64_t source;         /* hash of the source; 0: none known, no edges */
	uint8_t head_count, tail_count;
	uint32_t head[INDEX_EDGES], tail[INDEX_EDGES];   /* hashes of folded lines, from the edge inwards */
	struct part *holder;     /* judge: while pending, the part in flight it belongs to; in no log */
	bool has_fingerprint;    /* byte-equal repeats of the feed record follow this entry */
	sketch sketch;
};

/* Appends the entry to `out`; `topic` is its name. */
void index_entry_encode(const index_entry *self, const char *topic, buf *out);
/* Reads one entry of `format` (that of the log's header; in the journal the entry itself tells, index_entry_format); *topic is borrowed from `bytes`. 0; -1 when
 * damaged, or of a format that this program does not know. */
int index_entry_decode(mr_bytes bytes, uint32_t format, index_entry *self, mr_bytes *topic) MR_MUST_USE;
/* The article id in an encoded entry of the present format. */
const uint8_t *index_entry_id(mr_bytes bytes);
/* Format of an entry of version 2 or later: its first byte. 0: no entry. */
uint32_t index_entry_format(mr_bytes bytes);

#endif
