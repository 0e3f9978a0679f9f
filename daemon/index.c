/* index.c - see index.h.
 *
 * Entries stand in slabs that never move; free slots are chained. One keymap files every entry under its sketch keys, its address, its id and (settled)
 * its fingerprint, each kind salted. Settled entries are also chained by the day of their clock, so that the oldest go first without a search. */
#include "index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/keymap.h"

#define SLAB 1024
#define NONE UINT32_MAX
#define DAY_MS 86400000LL
#define TOPICS_MAX 65535

enum salt { SALT_ADDRESS = 1, SALT_ID, SALT_FINGERPRINT };

/* Settled entries of one clock day, in the order in which they settled. */
typedef struct day {
	int64_t number;          /* clock_ms / DAY_MS */
	uint32_t first, last;
} day;

struct index {
	index_entry **slabs;
	size_t slab_count;
	uint32_t free;           /* first free slot, chained by next_of_day */
	uint32_t *visited;       /* per slot: number of the last search that looked at it */
	uint32_t search;
	keymap *keys;
	char **topics;
	size_t topic_count;
	day *days;               /* ascending */
	size_t day_count, day_cap;
	uint32_t *segment_live;  /* settled entries per log segment */
	size_t segment_cap;
	int64_t window_ms, max_clock_ms;
	size_t max_entries, settled, pending;
	uint64_t expired, evicted;
};

index_t *index_new(int64_t window_ms, size_t max_entries)
{
	index_t *self = mem_alloc(sizeof *self);
	self->free = NONE;
	self->keys = keymap_new();
	index_set_window(self, window_ms, max_entries);
	return self;
}

void index_free(index_t **self_p)
{
	index_t *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->slab_count; i++)
		free(self->slabs[i]);
	for (size_t i = 0; i < self->topic_count; i++)
		free(self->topics[i]);
	keymap_free(&self->keys);
	free(self->slabs);
	free(self->visited);
	free(self->topics);
	free(self->days);
	free(self->segment_live);
	free(self);
	*self_p = NULL;
}

void index_set_window(index_t *self, int64_t window_ms, size_t max_entries)
{
	self->window_ms = window_ms;
	self->max_entries = max_entries;
}

uint16_t index_topic(index_t *self, mr_bytes name)
{
	for (size_t i = 0; i < self->topic_count; i++)
		if (mr_bytes_equal(name, self->topics[i]))
			return (uint16_t)i;
	assert(self->topic_count < TOPICS_MAX);
	self->topics = mem_grow(self->topics, self->topic_count + 1, sizeof *self->topics);
	self->topics[self->topic_count] = mem_copy(name.data, name.len);
	return (uint16_t)self->topic_count++;
}

const char *index_topic_name(const index_t *self, uint16_t topic)
{
	return self->topics[topic];
}

static index_entry *entry_at(const index_t *self, uint32_t number)
{
	return &self->slabs[number / SLAB][number % SLAB];
}

/* ---- filing ---- */

static uint64_t salted(enum salt salt, uint64_t key)
{
	return (key + (uint64_t)salt * 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL;
}

static uint64_t head64(const uint8_t *bytes)
{
	uint64_t v;
	memcpy(&v, bytes, sizeof v);
	return v;
}

typedef void (*filing)(keymap *keys, uint64_t key, uint32_t number);

static void file_entry(index_t *self, const index_entry *e, filing act)
{
	uint64_t keys[SKETCH_KEYS_MAX];
	size_t n = sketch_keys(&e->sketch, keys);
	for (size_t i = 0; i < n; i++)
		act(self->keys, keys[i], e->number);
	if (e->address)
		act(self->keys, salted(SALT_ADDRESS, e->address), e->number);
	act(self->keys, salted(SALT_ID, head64(e->article_id)), e->number);
	if (e->has_fingerprint)
		act(self->keys, salted(SALT_FINGERPRINT, head64(e->fingerprint)), e->number);
}

static index_entry *slot_new(index_t *self)
{
	if (self->free == NONE) {
		size_t at = self->slab_count++;
		self->slabs = mem_grow(self->slabs, self->slab_count, sizeof *self->slabs);
		self->slabs[at] = mem_array(SLAB, sizeof(index_entry));
		self->visited = mem_grow(self->visited, self->slab_count * SLAB, sizeof *self->visited);
		memset(self->visited + at * SLAB, 0, SLAB * sizeof *self->visited);
		for (uint32_t i = SLAB; i-- > 0;) {
			self->slabs[at][i].next_of_day = self->free;
			self->free = (uint32_t)(at * SLAB + i);
		}
	}
	uint32_t number = self->free;
	index_entry *e = entry_at(self, number);
	self->free = e->next_of_day;
	return e;
}

index_entry *index_add(index_t *self, const index_entry *entry)
{
	uint32_t number = self->free;
	index_entry *e = slot_new(self);
	if (number == NONE)
		number = (uint32_t)((self->slab_count - 1) * SLAB);
	*e = *entry;
	e->number = number;
	e->segment = 0;
	e->next_of_day = NONE;
	e->pending = e->used = true;
	file_entry(self, e, keymap_add);
	self->pending++;
	return e;
}

static void slot_free(index_t *self, index_entry *e)
{
	file_entry(self, e, keymap_remove);
	e->used = false;
	e->next_of_day = self->free;
	self->free = e->number;
}

void index_drop(index_t *self, index_entry **entry_p)
{
	index_entry *e = *entry_p;
	*entry_p = NULL;
	if (!e)
		return;
	assert(e->used && e->pending);
	self->pending--;
	slot_free(self, e);
}

/* ---- settling and forgetting ---- */

static day *day_of(index_t *self, int64_t clock_ms)
{
	int64_t number = clock_ms < 0 ? -1 : clock_ms / DAY_MS;
	size_t at = self->day_count;
	while (at > 0 && self->days[at - 1].number >= number)
		at--;
	if (at < self->day_count && self->days[at].number == number)
		return &self->days[at];
	if (self->day_count == self->day_cap) {
		self->day_cap += self->day_cap / 2 + 64;
		self->days = mem_grow(self->days, self->day_cap, sizeof *self->days);
	}
	memmove(self->days + at + 1, self->days + at, (self->day_count - at) * sizeof *self->days);
	self->days[at] = (day){number, NONE, NONE};
	self->day_count++;
	return &self->days[at];
}

static void count_segment(index_t *self, uint32_t segment, int change)
{
	if (!segment)
		return;
	if (segment >= self->segment_cap) {
		size_t cap = segment + segment / 2 + 16;
		self->segment_live = mem_grow(self->segment_live, cap, sizeof *self->segment_live);
		memset(self->segment_live + self->segment_cap, 0, (cap - self->segment_cap) * sizeof *self->segment_live);
		self->segment_cap = cap;
	}
	self->segment_live[segment] += (uint32_t)change;
}

static bool own(const index_entry *e, uint16_t topic, int32_t partition, int64_t offset)
{
	return e->offset == offset && e->partition == partition && e->topic == topic;
}

/* The settled entry that the same coordinates wrote before (offsets were set back by an operator) gives way. It keeps its place in the chain of
 * its day, so it is only emptied: out of all keys, and freed when its day is. */
static void replace_own(index_t *self, const index_entry *e)
{
	uint32_t found[INDEX_CHAIN];
	size_t n = keymap_find(self->keys, salted(SALT_ID, head64(e->article_id)), found, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++) {
		index_entry *old = entry_at(self, found[i]);
		if (old == e || old->pending || old->page != e->page || !own(old, e->topic, e->partition, e->offset))
			continue;
		file_entry(self, old, keymap_remove);
		old->used = false;
		self->settled--;
		count_segment(self, old->segment, -1);
	}
}

void index_settle(index_t *self, index_entry *e, uint32_t segment)
{
	assert(e->used && e->pending);
	replace_own(self, e);
	e->pending = false;
	e->segment = segment;
	self->pending--;
	self->settled++;
	count_segment(self, segment, 1);
	if (e->clock_ms > self->max_clock_ms)
		self->max_clock_ms = e->clock_ms;
	day *d = day_of(self, e->clock_ms);
	if (d->first == NONE)
		d->first = e->number;
	else
		entry_at(self, d->last)->next_of_day = e->number;
	d->last = e->number;
}

/* Takes the first entry out of the chain of a day. */
static void forget_first(index_t *self, day *d)
{
	index_entry *e = entry_at(self, d->first);
	d->first = e->next_of_day;
	if (e->used) {
		self->settled--;
		count_segment(self, e->segment, -1);
		slot_free(self, e);
	} else {                         /* emptied by replace_own */
		e->next_of_day = self->free;
		self->free = e->number;
	}
}

size_t index_expire(index_t *self, int64_t now_ms, size_t budget)
{
	int64_t clock = self->max_clock_ms < now_ms ? self->max_clock_ms : now_ms;
	int64_t since = clock - self->window_ms, first_kept = since > 0 ? (since - 1) / DAY_MS : 0;      /* no sums with strangers' clocks */
	size_t gone = 0, empty = 0;
	for (size_t i = 0; i < self->day_count && gone < budget; i++) {
		day *d = &self->days[i];
		bool out = since > 0 && d->number < first_kept;  /* its last moment is a window behind */
		while (d->first != NONE && gone < budget) {
			index_entry *e = entry_at(self, d->first);
			bool over = self->settled > self->max_entries;
			if (e->used && !over && !(out && e->seen_ms < now_ms - self->window_ms))
				break;
			if (e->used) {
				*(over ? &self->evicted : &self->expired) += 1;
				gone++;
			}
			forget_first(self, d);
		}
		if (!out && self->settled <= self->max_entries)
			break;
	}
	while (empty < self->day_count && self->days[empty].first == NONE)
		empty++;
	if (empty)
		memmove(self->days, self->days + empty, (self->day_count - empty) * sizeof *self->days);
	self->day_count -= empty;
	return gone;
}

int64_t index_next_offset(const index_t *self, uint16_t topic, int32_t partition)
{
	int64_t next = 0;
	for (size_t i = 0; i < self->slab_count * SLAB; i++) {
		const index_entry *e = entry_at(self, (uint32_t)i);
		if (e->used && e->topic == topic && e->partition == partition && e->offset >= next)
			next = e->offset + 1;
	}
	return next;
}

uint32_t index_oldest_segment(const index_t *self)
{
	for (uint32_t i = 1; i < self->segment_cap; i++)
		if (self->segment_live[i])
			return i;
	return UINT32_MAX;
}

/* ---- searching ---- */

bool index_in_window(const index_t *self, int64_t a_ms, int64_t b_ms)
{
	if (a_ms < 0 || b_ms < 0)
		return true;
	int64_t apart = a_ms < b_ms ? b_ms - a_ms : a_ms - b_ms;
	return apart <= self->window_ms;
}

static bool eligible(const index_t *self, const index_entry *e, const index_question *q)
{
	if (own(e, q->topic, q->partition, q->offset) && e->page == q->page)
		return false;
	return index_in_window(self, e->clock_ms, q->clock_ms);
}

/* Order in which entries came into the world, as far as all daemons and runs agree on it. */
static int compare_age(const index_t *self, const index_entry *a, const index_entry *b)
{
	if (a->clock_ms != b->clock_ms)
		return a->clock_ms < b->clock_ms ? -1 : 1;
	if (a->topic != b->topic)
		return strcmp(self->topics[a->topic], self->topics[b->topic]);
	if (a->partition != b->partition)
		return a->partition < b->partition ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return (a->page > b->page) - (a->page < b->page);
}

static bool newer(const index_t *self, const index_entry *a, const index_entry *b)
{
	return a->revision != b->revision ? a->revision > b->revision : compare_age(self, a, b) > 0;
}

static bool same_id(const index_entry *e, const index_question *q)
{
	return memcmp(e->article_id, q->article_id, ARTICLE_ID_BYTES) == 0;
}

static bool same_address(const index_entry *e, const index_question *q)
{
	return q->address && e->address == q->address;
}

/* Entries with the same id, then those with the same address; an entry that has both may come twice. Returns their number. */
static size_t find_versions(index_t *self, const index_question *q, uint32_t found[2 * INDEX_CHAIN])
{
	size_t n = keymap_find(self->keys, salted(SALT_ID, head64(q->article_id)), found, INDEX_CHAIN), kept = 0;
	if (q->address)
		n += keymap_find(self->keys, salted(SALT_ADDRESS, q->address), found + n, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++) {
		const index_entry *e = entry_at(self, found[i]);
		if ((same_id(e, q) || same_address(e, q)) && eligible(self, e, q))
			found[kept++] = found[i];
	}
	return kept;
}

index_entry *index_find_base(index_t *self, const index_question *q, sketch_match *match)
{
	uint32_t found[2 * INDEX_CHAIN];
	index_entry *best = NULL;
	size_t n = find_versions(self, q, found);
	for (size_t i = 0; i < n; i++) {
		index_entry *e = entry_at(self, found[i]);
		bool closer = best && same_id(e, q) && !same_id(best, q), farther = best && !same_id(e, q) && same_id(best, q);
		sketch_match m = sketch_compare(&e->sketch, q->sketch);
		if (!same_id(e, q) && m.relation < SKETCH_KIN)
			continue;
		if (!best || closer || (!farther && newer(self, e, best))) {
			best = e;
			*match = m;
		}
	}
	return best;
}

static bool better(const index_t *self, const index_entry *e, sketch_match m, const index_entry *best, sketch_match best_match)
{
	if (!best)
		return true;
	if (m.relation != best_match.relation)
		return m.relation > best_match.relation;
	if (m.similarity != best_match.similarity)
		return m.similarity > best_match.similarity;
	return compare_age(self, e, best) < 0;
}

index_entry *index_find_repeat(index_t *self, const index_question *q, sketch_match *match)
{
	uint32_t found[2 * INDEX_CHAIN];
	index_entry *best = NULL;
	size_t n = find_versions(self, q, found);
	for (size_t i = 0; i < n; i++) {
		index_entry *e = entry_at(self, found[i]);
		sketch_match m = sketch_compare(&e->sketch, q->sketch);
		if (m.relation >= SKETCH_NEAR && !m.changed && better(self, e, m, best, *match)) {
			best = e;
			*match = m;
		}
	}
	return best;
}

index_entry *index_find_copy(index_t *self, const index_question *q, sketch_match *match)
{
	uint64_t keys[SKETCH_KEYS_MAX];
	uint32_t found[INDEX_CHAIN];
	index_entry *best = NULL;
	size_t key_count = sketch_keys(q->sketch, keys);
	if (++self->search == 0) {
		memset(self->visited, 0, self->slab_count * SLAB * sizeof *self->visited);
		self->search = 1;
	}
	for (size_t k = 0; k < key_count; k++) {
		size_t n = keymap_find(self->keys, keys[k], found, INDEX_CHAIN);
		for (size_t i = 0; i < n; i++) {
			index_entry *e = entry_at(self, found[i]);
			if (self->visited[e->number] == self->search)
				continue;
			self->visited[e->number] = self->search;
			if (!eligible(self, e, q) || same_id(e, q) || same_address(e, q))
				continue;
			sketch_match m = sketch_compare(&e->sketch, q->sketch);
			if (m.relation >= SKETCH_NEAR && better(self, e, m, best, *match)) {
				best = e;
				*match = m;
			}
		}
	}
	return best;
}

index_entry *index_find_fingerprint(index_t *self, const uint8_t fingerprint[16], int64_t clock_ms, uint16_t topic, int32_t partition, int64_t offset)
{
	uint32_t found[INDEX_CHAIN];
	index_entry *best = NULL;
	size_t n = keymap_find(self->keys, salted(SALT_FINGERPRINT, head64(fingerprint)), found, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++) {
		index_entry *e = entry_at(self, found[i]);
		if (e->pending || !e->has_fingerprint || memcmp(e->fingerprint, fingerprint, 16) != 0)
			continue;
		if (own(e, topic, partition, offset) || !index_in_window(self, e->clock_ms, clock_ms))
			continue;
		if (!best || compare_age(self, e, best) < 0)
			best = e;
	}
	return best;
}

index_stats index_stats_get(const index_t *self)
{
	size_t memory = self->slab_count * SLAB * (sizeof(index_entry) + sizeof *self->visited) + keymap_memory(self->keys);
	return (index_stats){self->settled, self->pending, memory, self->expired, self->evicted};
}
