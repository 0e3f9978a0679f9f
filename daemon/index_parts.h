/* index_parts.h - how the index keeps its entries: private to index*.c.
 *
 * An entry has a number. Numbers come in blocks of 64, a slab each; a slab belongs to one day of clocks and one kind, and its memory goes when its last entry does.
 * Which numbers are alive, and under which keys, knows the keymap; a number that died is given again when no key names it any more (SPOILED until then).
 *
 *   stored    an article: core of its sketch, id, half of its fingerprint, coordinates. 182 bytes
 *   extra     what few articles need: pending ones, revisions, and values that do not fit in `stored`
 *   aliased   an alias. 36 bytes
 *
 * Verification by what is stored: of a fingerprint 8 bytes here and 27 bits in the keymap (of the other 8 bytes), of an address 4 bytes and 27 bits. An accident of the
 * first takes some 10^18 questions at ten million entries; one of the second also takes two texts that are versions of each other. */
#ifndef DAEMON_INDEX_PARTS_H
#define DAEMON_INDEX_PARTS_H

#include "daemon/index.h"
#include "daemon/keymap.h"

#define SLAB 64
#define SLABS_MOST (KEYMAP_NUMBERS / SLAB)
#define NONE UINT32_MAX
#define VISITED 2048             /* 1 << 11: the candidates of a sketch are at most half as many */
#define DAY_MS 86400000LL
#define DAYS_MOST 5000           /* the window has at most 3650; clocks of more different days share one */
#define SOURCES_MOST 65000       /* more (topic, partition) than any cluster has: only a damaged log names them */
#define SOURCE_NONE UINT16_MAX

_Static_assert(VISITED >= 2 * SKETCH_KEYS * INDEX_CHAIN, "room for all candidates");

enum stored_flags { STORED_FINGERPRINT = 1, STORED_EXTRA = 2 };

typedef struct stored {
	uint8_t core[SKETCH_CORE_BYTES];
	uint8_t article_id[ARTICLE_ID_BYTES];
	uint8_t fingerprint[8];  /* its second half */
	uint8_t address[4];
	uint8_t clock[6];        /* ms; not used with STORED_EXTRA */
	uint8_t offset[5];       /* with STORED_EXTRA the first 4: number of the extra */
	uint8_t flags;
	uint16_t page, page_count;
	uint16_t source;         /* number of (topic, partition); not used with STORED_EXTRA */
} stored;

typedef struct extra {
	uint8_t story_id[ARTICLE_ID_BYTES];
	int64_t clock_ms, offset;
	int32_t partition;
	uint32_t revision;
	uint32_t pending;        /* number in `pendings`; NONE: settled. Of a free extra: the next free one */
	uint16_t topic, day_revisions;
} extra;

typedef struct aliased {
	uint8_t fingerprint[8];  /* second half */
	uint8_t owner_id[ARTICLE_ID_BYTES];
	uint8_t similarity[8];   /* a double */
	uint16_t page_count;
	uint8_t owner_kind;
	uint8_t unused;
} aliased;

typedef struct slab {
	uint64_t pending;        /* bits: entries in flight */
	uint64_t spoiled;        /* bits: dead numbers that a key may still name */
	int64_t day;             /* number of the day; of a slab that waits for its numbers: no meaning */
	int64_t seen_ms;         /* latest of its entries */
	uint32_t next, previous; /* slabs of the same day and kind, in the order of filling; NONE: last, first. Free slabs: next one */
	uint32_t next_room, previous_room;       /* those of them that have free numbers */
	uint32_t segment;        /* oldest log segment of its entries; 0: none */
	uint8_t kind;            /* enum index_kind */
	uint8_t cap;             /* entries that its memory holds */
	bool has_room;           /* stands among those with free numbers */
} slab;

/* Slabs of one clock day, by kind. */
typedef struct day {
	int64_t number;          /* clock_ms / DAY_MS; -1: before 1970, or no clock */
	uint32_t first[2], last[2], room[2];     /* NONE: there is none */
} day;

typedef struct source {
	int32_t partition;
	uint16_t topic, last_page;
	int64_t last_offset;     /* with last_page: the place restored last; -1: none */
} source;

struct index {
	keymap *keys;
	edges *edges;
	slab *slabs;
	void **memory;           /* per slab: its entries; NULL: none */
	size_t slab_count, slab_cap;
	uint32_t free_slab;
	day *days;               /* ascending */
	size_t day_count, day_cap;
	extra *extras;
	size_t extra_count, extra_cap;
	uint32_t free_extra;
	index_entry *pendings;
	uint32_t *free_pendings; /* a stack */
	size_t pending_count, pending_cap, free_pending_count;
	char **topics;
	size_t topic_count;
	source *sources;
	size_t source_count;
	uint16_t source_cache[256];      /* by a hash: number of the source + 1 */
	bool unordered;          /* what is restored may stand at a place that was restored before, or the index has lived since */
	uint32_t *segment_slabs; /* per log segment: slabs whose oldest it is */
	size_t segment_cap;
	uint32_t segment_first;  /* none before it has any */
	uint64_t *visited;       /* find_copy: search << 32 | number */
	uint32_t search;
	int64_t window_ms, max_clock_ms;
	index_limits limits;
	size_t settled, pending, aliases, bytes;         /* bytes: of everything but the keymap */
	uint64_t expired, evicted;
};

/* index_slab.c: numbers and their memory */
uint32_t index_slab_number(index_t *self, enum index_kind kind, int64_t clock_ms, int64_t seen_ms);      /* a new one, alive */
void index_slab_bury(index_t *self, uint32_t number);    /* the entry is gone; its slab too if it was the last */
void index_slab_segment(index_t *self, uint32_t number, uint32_t segment);
void index_slab_tend(index_t *self, size_t slots);       /* a little work for numbers that died */

/* index.c */
size_t index_evict(index_t *self, size_t most);          /* the oldest settled entries go; returns how many */

/* index_pack.c: entries and their parts */
bool index_pack_follows(index_t *self, const index_entry *entry);        /* stands behind all that was restored of its partition; noted */
void index_pack(index_t *self, uint32_t number, const index_entry *entry, bool pending);
void index_pack_settled(index_t *self, uint32_t number); /* what only pending ones need goes */
void index_pack_clear(index_t *self, uint32_t number);   /* so does what else belongs to the entry */
uint16_t index_pack_source(const index_t *self, uint16_t topic, int32_t partition);      /* SOURCE_NONE: no entry of it fits in `stored` */

typedef struct index_place {
	int64_t clock_ms, offset;
	int32_t partition;
	uint16_t topic, page;
} index_place;

index_place index_pack_place(const index_t *self, const stored *at);

static inline stored *stored_at(const index_t *self, uint32_t number)
{
	return (stored *)self->memory[number / SLAB] + number % SLAB;
}

static inline aliased *aliased_at(const index_t *self, uint32_t number)
{
	return (aliased *)self->memory[number / SLAB] + number % SLAB;
}

static inline slab *slab_of(const index_t *self, uint32_t number)
{
	return &self->slabs[number / SLAB];
}

static inline bool is_pending(const index_t *self, uint32_t number)
{
	return slab_of(self, number)->pending >> number % SLAB & 1;
}

static inline uint32_t extra_of(const stored *at)
{
	return at->offset[0] | (uint32_t)at->offset[1] << 8 | (uint32_t)at->offset[2] << 16 | (uint32_t)at->offset[3] << 24;
}

/* Keys under which an entry is filed besides those of its sketch. */
enum index_salt { SALT_ADDRESS = 1, SALT_ID, SALT_FINGERPRINT };

static inline uint64_t index_key(enum index_salt salt, uint64_t key)
{
	return (key + (uint64_t)salt * 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL;
}

static inline uint64_t index_head(const uint8_t *bytes)
{
	uint64_t v;
	__builtin_memcpy(&v, bytes, sizeof v);
	return v;
}

#endif
