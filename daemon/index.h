/* index.h - what was published, as numbers, so that copies can be recognised.
 *
 * Owns all entries in memory. Two layers (promise 3): PENDING entries belong to articles in flight; they are added by the judge, and either settle when
 * their epoch is committed or are dropped. SETTLED entries belong to published articles and stay until they are out of the window. There
 * is no other way to remember or to forget. The log that makes settled entries durable is index_log.h.
 *
 * Answers depend on the entries and the question alone, never on the layer or on the order of insertion (promise 5), except that at most
 * INDEX_CHAIN entries of one key are looked at, the most recent ones: a key shared by more stories than that is a phrase, not a story.
 * Loop thread. */
#ifndef DAEMON_INDEX_H
#define DAEMON_INDEX_H

#include "daemon/index_entry.h"

#define INDEX_CHAIN 128

typedef struct index index_t;            /* `index` itself is taken by <strings.h> */

index_t *index_new(int64_t window_ms, size_t max_entries);
void index_free(index_t **self);
void index_set_window(index_t *self, int64_t window_ms, size_t max_entries);

/* Names of topics are kept once. */
uint16_t index_topic(index_t *self, mr_bytes name);
const char *index_topic_name(const index_t *self, uint16_t topic);

/* Who asks. Entries written by the same coordinates are its own and are never found. */
typedef struct index_question {
	const sketch *sketch;
	const uint8_t *article_id;
	uint64_t address;
	int64_t clock_ms;
	int64_t offset;
	int32_t partition;
	uint16_t topic, page;
} index_question;

/* Latest version with the same article id, or else the latest that is kin at the same address, within the window; NULL: none. Another story at that address
 * hides nothing: it would decide the verdict without anybody waiting for it. Borrowed until the next change. */
index_entry *index_find_base(index_t *self, const index_question *q, sketch_match *match);
/* Best unchanged match (NEAR or IDENTICAL, not `changed`) among ALL versions with the same id or address: a redelivery, also of an older version. */
index_entry *index_find_repeat(index_t *self, const index_question *q, sketch_match *match);
/* Best copy among the entries of other addresses and ids: IDENTICAL before NEAR, then the larger similarity, then the earlier (clock, topic,
 * partition, offset, page). NULL: none. */
index_entry *index_find_copy(index_t *self, const index_question *q, sketch_match *match);
/* Settled entry whose feed record had these bytes; entries of (topic, partition, offset) itself are not found. */
index_entry *index_find_fingerprint(index_t *self, const uint8_t fingerprint[16], int64_t clock_ms, uint16_t topic, int32_t partition, int64_t offset);

/* Whether two clocks are close enough for one record to be a copy of the other; -1 (no clock) is close to everything. */
bool index_in_window(const index_t *self, int64_t a_ms, int64_t b_ms);

/* Copies `entry` into the pending layer. The pointer stays valid until it is dropped or expires. */
index_entry *index_add(index_t *self, const index_entry *entry);
void index_drop(index_t *self, index_entry **entry);             /* pending only */
void index_settle(index_t *self, index_entry *entry, uint32_t segment);  /* pending -> settled; an older settled entry of the same coordinates goes */

/* Entries out of the window, or above the limit, go: at most `budget` of them. An entry is out when both the records' own clock (the largest seen, but not
 * beyond `now_ms`) and the wall clock since it was judged are a window ahead: one record dated 2099 forgets nothing, nor does the replay of an archive. */
size_t index_expire(index_t *self, int64_t now_ms, size_t budget);
/* Offset behind the largest one that any entry of this partition has; 0: there is none. Looks at every entry. */
int64_t index_next_offset(const index_t *self, uint16_t topic, int32_t partition);
/* Oldest log segment that still holds an entry; UINT32_MAX when none does. */
uint32_t index_oldest_segment(const index_t *self);

typedef struct index_stats {
	size_t settled, pending, memory_bytes;
	uint64_t expired, evicted;       /* out of the window; above the limit */
} index_stats;
index_stats index_stats_get(const index_t *self);

#endif
