/* index.h - what was published, as numbers, so that copies can be recognised.
 *
 * Owns all entries in memory. Two layers (promise 3): PENDING entries belong to articles in flight; they are added by the judge, and either settle when
 * their epoch is committed or are dropped. SETTLED entries belong to published articles and stay until they are out of the window. There
 * is no other way to remember or to forget. ALIASES tell of published duplicates what they were told; they are settled from the start. The log that makes settled
 * entries durable is index_log.h.
 *
 * Answers depend on the entries and the question alone, never on the layer or on the order of insertion (promise 5), except that at most
 * INDEX_CHAIN entries of one key are looked at, the most recent ones: a key shared by more stories than that is a phrase, not a story.
 * Loop thread. */
#ifndef DAEMON_INDEX_H
#define DAEMON_INDEX_H

#include "daemon/edges.h"
#include "daemon/index_entry.h"

#define INDEX_CHAIN 128

typedef struct index index_t;            /* `index` itself is taken by <strings.h> */

/* How much is kept; 0: no limit. Beyond it the oldest go first, by the day of their clock, and count as evicted. */
typedef struct index_limits {
	size_t entries, memory_bytes;    /* entries: aliases too */
} index_limits;

index_t *index_new(int64_t window_ms, index_limits limits);
void index_free(index_t **self);
void index_set_window(index_t *self, int64_t window_ms, index_limits limits);

/* What the sources repeat at the edges of their texts: learned from the entries, as they come and go. */
const edges *index_edges(const index_t *self);

/* Names of topics are kept once. */
uint16_t index_topic(index_t *self, mr_bytes name);
const char *index_topic_name(const index_t *self, uint16_t topic);
size_t index_topic_count(const index_t *self);

/* Who asks. Entries written by the same coordinates are its own and are never found. */
typedef struct index_question {
	const sketch *sketch;
	const sketch *inner;     /* the text without any line that its source has had before at that edge; a near copy must hold this, too. NULL: there is no such line */
	const uint8_t *article_id;
	uint64_t address;
	int64_t clock_ms;
	int64_t offset;
	int32_t partition;
	uint16_t topic, page;
} index_question;

/* What was found: a copy, good for as long as the caller likes. `number` names the entry until it is dropped, replaced or out of the window. */
typedef struct index_found {
	uint32_t number;
	bool pending;
	bool alias;              /* (index_find_fingerprint) the verdict on a duplicate: ids, clock and revision are its owner's, page_count, kind and similarity its own */
	struct part *holder;     /* of a pending entry: the part in flight; NULL: settled */
	uint8_t article_id[ARTICLE_ID_BYTES], story_id[ARTICLE_ID_BYTES];
	int64_t clock_ms;
	uint32_t revision;
	uint16_t day_revisions, page_count;
	uint8_t owner_kind;      /* of an alias: 0 exact, 1 url, 2 near; else 0 */
	sketch_match match;      /* by fingerprint: identical, with the similarity that an alias tells */
} index_found;

/* The finders: false: none, `found` is not touched.
 *
 * Latest version with the same article id, or else the latest that is kin at the same address, within the window. Another story at that address
 * hides nothing: it would decide the verdict without anybody waiting for it. */
bool index_find_base(index_t *self, const index_question *q, index_found *found);
/* Best unchanged match (NEAR or IDENTICAL, not `changed`) among ALL versions with the same id or address: a redelivery, also of an older version. */
bool index_find_repeat(index_t *self, const index_question *q, index_found *found);
/* Best copy among the entries of other addresses and ids: IDENTICAL before NEAR, then the larger similarity, then the earlier (clock, topic,
 * partition, offset, page), then the settled one. */
bool index_find_copy(index_t *self, const index_question *q, index_found *found);
/* Settled entry whose feed record had these bytes, or else the verdict on a duplicate that had them (alias) if its owner is settled and in the window.
 * Entries of (topic, partition, offset) itself are not found. */
bool index_find_fingerprint(index_t *self, const uint8_t fingerprint[16], int64_t clock_ms, uint16_t topic, int32_t partition, int64_t offset, index_found *found);

/* Whether two clocks are close enough for one record to be a copy of the other; -1 (no clock) is close to everything. */
bool index_in_window(const index_t *self, int64_t a_ms, int64_t b_ms);

/* Copies `entry` (INDEX_ARTICLE) into the pending layer; `entry->holder` is what finders will tell of it. Returns its number, never 0. */
uint32_t index_add(index_t *self, const index_entry *entry);
/* All of a pending entry, as it was added. Borrowed until the next index_add, index_drop or index_settle. */
const index_entry *index_pending(const index_t *self, uint32_t number);
void index_drop(index_t *self, uint32_t *number);                /* pending only; clears the number. 0: nothing */
/* pending -> settled; an older settled entry of the same id and coordinates goes. `segment`: where it stands in the log; 0: in none (yet). */
void index_settle(index_t *self, uint32_t number, uint32_t segment);

/* What the log holds: settled at once, an INDEX_ALIAS too. As when it was settled first: an older one of the same id and coordinates goes. Filed by the thousand, so
 * nothing may be asked before index_restored; index_prefetch, in two steps (0, 1) with other entries' work between them, fetches the memory it will need. */
void index_restore(index_t *self, const index_entry *entry, uint32_t segment);
void index_restored(index_t *self);
/* About so many articles will be restored: a hint. */
void index_expect(index_t *self, size_t articles);
void index_prefetch(const index_t *self, const index_entry *entry, unsigned step);
/* What another daemon published: settled at once. An INDEX_ALIAS goes to index_alias. Returns its number; 0: there is a settled one of the same id and coordinates already, nothing is done. A pending one of ours with these coordinates stays what it is until it is settled or dropped; finders
 * prefer the settled one. */
uint32_t index_settle_foreign(index_t *self, const index_entry *entry, uint32_t segment);
/* Remembers the verdict on a published duplicate; the same one twice is one. Its owner may be told later than the alias: it is looked for when the alias is
 * found. Returns its number; 0: it is known already. */
uint32_t index_alias(index_t *self, const index_entry *alias, uint32_t segment);
/* Entry `number` stands in this segment of the log (too). A number that is gone is ignored. */
void index_written(index_t *self, uint32_t number, uint32_t segment);

enum index_layer { INDEX_ABSENT, INDEX_PENDING, INDEX_SETTLED };
/* Is there an entry of this id, coordinates and page? The settled one is told when there are both. */
enum index_layer index_layer_of(const index_t *self, const index_entry *entry);

/* Entries out of the window, or above the limits, go: about `budget` of them. An entry is out when both the records' own clock (the largest seen, but not
 * beyond `now_ms`) and the wall clock since it was judged are a window ahead: one record dated 2099 forgets nothing, nor does the replay of an archive. They go in
 * dozens of one clock day, when the last of these is out. (Settling keeps the limits, too.) Returns how many went. */
size_t index_expire(index_t *self, int64_t now_ms, size_t budget);
/* Entries that stand in this log segment or an older one go, so that the file can: about `budget` of them, counted as evicted. Returns how many went. */
size_t index_evict_segment(index_t *self, uint32_t segment, size_t budget);
/* Offset behind the largest one that any entry of this partition has; 0: there is none. Looks at every entry. */
int64_t index_next_offset(const index_t *self, uint16_t topic, int32_t partition);
/* Oldest log segment that still holds an entry or an alias, or did so a short while ago; UINT32_MAX when none does. */
uint32_t index_oldest_segment(const index_t *self);

typedef struct index_stats {
	size_t settled, pending, aliases, memory_bytes;          /* aliases: not counted among the settled */
	uint64_t expired, evicted;       /* out of the window; above a limit */
} index_stats;
index_stats index_stats_get(const index_t *self);

#endif
