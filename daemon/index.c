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

/* An entry and what the index notes of it. Numbers begin with 1. */
typedef struct slot {
	index_entry e;
	uint32_t number;
	uint32_t segment;        /* log segment that holds it; 0: none (pending, or index without a log) */
	uint32_t next_of_day;    /* next entry settled on the same clock day; NONE: last */
	bool pending, used;
} slot;

/* Settled entries of one clock day, in the order in which they settled. */
typedef struct day {
	int64_t number;          /* clock_ms / DAY_MS */
	uint32_t first, last;
} day;

struct index {
	slot **slabs;
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
	size_t max_entries, settled, pending, aliases;
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

size_t index_topic_count(const index_t *self)
{
	return self->topic_count;
}

static slot *slot_at(const index_t *self, uint32_t number)
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

static void file_entry(index_t *self, const slot *s, filing act)
{
	const index_entry *e = &s->e;
	uint64_t keys[SKETCH_KEYS];
	size_t n = sketch_keys(&e->sketch, keys);
	for (size_t i = 0; i < n && e->kind == INDEX_ARTICLE; i++)
		act(self->keys, keys[i], s->number);
	if (e->address && e->kind == INDEX_ARTICLE)
		act(self->keys, salted(SALT_ADDRESS, e->address), s->number);
	if (e->kind == INDEX_ARTICLE)
		act(self->keys, salted(SALT_ID, head64(e->article_id)), s->number);
	if (e->has_fingerprint)
		act(self->keys, salted(SALT_FINGERPRINT, head64(e->fingerprint)), s->number);
}

static slot *slot_new(index_t *self)
{
	if (self->free == NONE) {
		size_t at = self->slab_count++;
		self->slabs = mem_grow(self->slabs, self->slab_count, sizeof *self->slabs);
		self->slabs[at] = mem_array(SLAB, sizeof(slot));
		self->visited = mem_grow(self->visited, self->slab_count * SLAB, sizeof *self->visited);
		memset(self->visited + at * SLAB, 0, SLAB * sizeof *self->visited);
		for (uint32_t i = SLAB; i-- > (at == 0);) {      /* there is no number 0 */
			self->slabs[at][i] = (slot){.number = (uint32_t)(at * SLAB + i), .next_of_day = self->free};
			self->free = (uint32_t)(at * SLAB + i);
		}
	}
	slot *s = slot_at(self, self->free);
	self->free = s->next_of_day;
	return s;
}

static slot *add(index_t *self, const index_entry *entry)
{
	slot *s = slot_new(self);
	s->e = *entry;
	s->segment = 0;
	s->next_of_day = NONE;
	s->pending = s->used = true;
	file_entry(self, s, keymap_add);
	self->pending++;
	return s;
}

uint32_t index_add(index_t *self, const index_entry *entry)
{
	assert(entry->kind == INDEX_ARTICLE);
	return add(self, entry)->number;
}

const index_entry *index_pending(const index_t *self, uint32_t number)
{
	const slot *s = slot_at(self, number);
	assert(s->used && s->pending);
	return &s->e;
}

static void slot_free(index_t *self, slot *s)
{
	file_entry(self, s, keymap_remove);
	s->used = false;
	s->next_of_day = self->free;
	self->free = s->number;
}

void index_drop(index_t *self, uint32_t *number)
{
	if (!*number)
		return;
	slot *s = slot_at(self, *number);
	*number = 0;
	assert(s->used && s->pending);
	self->pending--;
	slot_free(self, s);
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

static bool same_place(const index_entry *a, const index_entry *b)
{
	return a->page == b->page && own(a, b->topic, b->partition, b->offset) && memcmp(a->article_id, b->article_id, ARTICLE_ID_BYTES) == 0;
}

/* The entry (settled or pending, as asked) of the same id and coordinates; NULL: none. */
static slot *find_same(const index_t *self, const index_entry *e, bool pending)
{
	uint32_t found[INDEX_CHAIN];
	size_t n = keymap_find(self->keys, salted(SALT_ID, head64(e->article_id)), found, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++) {
		slot *s = slot_at(self, found[i]);
		if (s->pending == pending && same_place(&s->e, e))
			return s;
	}
	return NULL;
}

enum index_layer index_layer_of(const index_t *self, const index_entry *entry)
{
	return find_same(self, entry, false) ? INDEX_SETTLED : find_same(self, entry, true) ? INDEX_PENDING : INDEX_ABSENT;
}

static size_t *counter_of(index_t *self, const slot *s)
{
	return s->e.kind == INDEX_ALIAS ? &self->aliases : &self->settled;
}

/* The settled entry that the same coordinates wrote before (offsets were set back by an operator) gives way. It keeps its place in the chain of
 * its day, so it is only emptied: out of all keys, and freed when its day is. */
static void replace_own(index_t *self, const slot *s)
{
	slot *old = find_same(self, &s->e, false);
	if (!old)
		return;
	file_entry(self, old, keymap_remove);
	old->used = false;
	self->settled--;
	count_segment(self, old->segment, -1);
}

static void settle(index_t *self, slot *s, uint32_t segment)
{
	s->pending = false;
	s->segment = segment;
	self->pending--;
	++*counter_of(self, s);
	count_segment(self, segment, 1);
	if (s->e.clock_ms > self->max_clock_ms)
		self->max_clock_ms = s->e.clock_ms;
	day *d = day_of(self, s->e.clock_ms);
	if (d->first == NONE)
		d->first = s->number;
	else
		slot_at(self, d->last)->next_of_day = s->number;
	d->last = s->number;
}

void index_settle(index_t *self, uint32_t number, uint32_t segment)
{
	slot *s = slot_at(self, number);
	assert(s->used && s->pending);
	replace_own(self, s);
	settle(self, s, segment);
}

static bool same_alias(const index_entry *a, const index_entry *b)
{
	return a->kind == b->kind && memcmp(a->fingerprint, b->fingerprint, sizeof a->fingerprint) == 0 && memcmp(a->owner_id, b->owner_id, ARTICLE_ID_BYTES) == 0 &&
	       a->owner_kind == b->owner_kind && a->similarity == b->similarity && a->page_count == b->page_count;
}

uint32_t index_alias(index_t *self, const index_entry *alias, uint32_t segment)
{
	uint32_t found[INDEX_CHAIN];
	assert(alias->kind == INDEX_ALIAS && alias->has_fingerprint);
	size_t n = keymap_find(self->keys, salted(SALT_FINGERPRINT, head64(alias->fingerprint)), found, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++)
		if (same_alias(&slot_at(self, found[i])->e, alias))
			return 0;
	slot *s = add(self, alias);
	settle(self, s, segment);
	return s->number;
}

uint32_t index_settle_foreign(index_t *self, const index_entry *entry, uint32_t segment)
{
	if (entry->kind == INDEX_ALIAS)
		return index_alias(self, entry, segment);
	if (find_same(self, entry, false))
		return 0;
	slot *s = add(self, entry);
	s->e.holder = NULL;
	settle(self, s, segment);
	return s->number;
}

void index_written(index_t *self, uint32_t number, uint32_t segment)
{
	slot *s = slot_at(self, number);
	if (!s->used || s->pending || (s->segment && s->segment <= segment))
		return;
	count_segment(self, s->segment, -1);
	s->segment = segment;
	count_segment(self, segment, 1);
}

/* Takes the first entry out of the chain of a day. */
static void forget_first(index_t *self, day *d)
{
	slot *s = slot_at(self, d->first);
	d->first = s->next_of_day;
	if (s->used) {
		--*counter_of(self, s);
		count_segment(self, s->segment, -1);
		slot_free(self, s);
	} else {                         /* emptied by replace_own */
		s->next_of_day = self->free;
		self->free = s->number;
	}
}

static bool is_over(const index_t *self)
{
	return self->settled + self->aliases > self->max_entries;
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
			const slot *s = slot_at(self, d->first);
			bool over = is_over(self);
			if (s->used && !over && !(out && s->e.seen_ms < now_ms - self->window_ms))
				break;
			if (s->used) {
				*(over ? &self->evicted : &self->expired) += 1;
				gone++;
			}
			forget_first(self, d);
		}
		if (!out && !is_over(self))
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
		const slot *s = slot_at(self, (uint32_t)i);
		if (s->used && s->e.topic == topic && s->e.partition == partition && s->e.offset >= next)
			next = s->e.offset + 1;
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

/* Two of the same coordinates: one is settled (through another daemon), one is a pending one of ours. Nobody should wait. */
static bool only_settled(const slot *a, const slot *b)
{
	return !a->pending && b->pending;
}

static bool newer(const index_t *self, const slot *a, const slot *b)
{
	if (a->e.revision != b->e.revision)
		return a->e.revision > b->e.revision;
	int age = compare_age(self, &a->e, &b->e);
	return age ? age > 0 : only_settled(a, b);
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
		const index_entry *e = &slot_at(self, found[i])->e;
		if (e->kind == INDEX_ARTICLE && (same_id(e, q) || same_address(e, q)) && eligible(self, e, q))
			found[kept++] = found[i];
	}
	return kept;
}

/* Copies what was found; false: nothing was. */
static bool tell(const slot *best, const sketch_match *match, index_found *found)
{
	if (!best)
		return false;
	const index_entry *e = &best->e;
	*found = (index_found){.number = best->number, .pending = best->pending, .holder = best->pending ? e->holder : NULL, .clock_ms = e->clock_ms, .revision = e->revision,
			       .day_revisions = e->day_revisions, .page_count = e->page_count, .match = *match};
	memcpy(found->article_id, e->article_id, ARTICLE_ID_BYTES);
	memcpy(found->story_id, e->story_id, ARTICLE_ID_BYTES);
	return true;
}

bool index_find_base(index_t *self, const index_question *q, index_found *found)
{
	uint32_t numbers[2 * INDEX_CHAIN];
	const slot *best = NULL;
	sketch_match match = {0};
	size_t n = find_versions(self, q, numbers);
	for (size_t i = 0; i < n; i++) {
		const slot *s = slot_at(self, numbers[i]);
		bool id = same_id(&s->e, q), closer = best && id && !same_id(&best->e, q), farther = best && !id && same_id(&best->e, q);
		sketch_match m = sketch_compare(&s->e.sketch, q->sketch);
		if (!id && m.relation < SKETCH_KIN)
			continue;
		if (!best || closer || (!farther && newer(self, s, best))) {
			best = s;
			match = m;
		}
	}
	return tell(best, &match, found);
}

static bool better(const index_t *self, const slot *s, sketch_match m, const slot *best, sketch_match best_match)
{
	if (!best)
		return true;
	if (m.relation != best_match.relation)
		return m.relation > best_match.relation;
	if (m.similarity != best_match.similarity)
		return m.similarity > best_match.similarity;
	int age = compare_age(self, &s->e, &best->e);
	return age ? age < 0 : only_settled(s, best);
}

bool index_find_repeat(index_t *self, const index_question *q, index_found *found)
{
	uint32_t numbers[2 * INDEX_CHAIN];
	const slot *best = NULL;
	sketch_match match = {0};
	size_t n = find_versions(self, q, numbers);
	for (size_t i = 0; i < n; i++) {
		const slot *s = slot_at(self, numbers[i]);
		sketch_match m = sketch_compare(&s->e.sketch, q->sketch);
		if (m.relation >= SKETCH_NEAR && !m.changed && better(self, s, m, best, match)) {
			best = s;
			match = m;
		}
	}
	return tell(best, &match, found);
}

bool index_find_copy(index_t *self, const index_question *q, index_found *found)
{
	uint64_t keys[SKETCH_KEYS];
	uint32_t numbers[INDEX_CHAIN];
	const slot *best = NULL;
	sketch_match match = {0};
	size_t key_count = sketch_keys(q->sketch, keys);
	if (++self->search == 0) {
		memset(self->visited, 0, self->slab_count * SLAB * sizeof *self->visited);
		self->search = 1;
	}
	for (size_t k = 0; k < key_count; k++) {
		size_t n = keymap_find(self->keys, keys[k], numbers, INDEX_CHAIN);
		for (size_t i = 0; i < n; i++) {
			const slot *s = slot_at(self, numbers[i]);
			if (self->visited[numbers[i]] == self->search)
				continue;
			self->visited[numbers[i]] = self->search;
			if (s->e.kind != INDEX_ARTICLE || !eligible(self, &s->e, q) || same_id(&s->e, q) || same_address(&s->e, q))
				continue;
			sketch_match m = sketch_compare(&s->e.sketch, q->sketch);
			if (m.relation >= SKETCH_NEAR && better(self, s, m, best, match)) {
				best = s;
				match = m;
			}
		}
	}
	return tell(best, &match, found);
}

/* ---- fingerprints ---- */

/* The settled entry of this id whose clock fits, the newest of them. NULL: none. */
static const slot *find_owner(const index_t *self, const uint8_t *id, int64_t clock_ms)
{
	uint32_t numbers[INDEX_CHAIN];
	const slot *best = NULL;
	size_t n = keymap_find(self->keys, salted(SALT_ID, head64(id)), numbers, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++) {
		const slot *s = slot_at(self, numbers[i]);
		if (s->pending || s->e.kind != INDEX_ARTICLE || memcmp(s->e.article_id, id, ARTICLE_ID_BYTES) != 0 || !index_in_window(self, s->e.clock_ms, clock_ms))
			continue;
		if (!best || newer(self, s, best))
			best = s;
	}
	return best;
}

/* Of two aliases: that of the older owner, then the larger similarity, the smaller kind and page count: whatever order they came in. */
static bool better_alias(const index_t *self, const slot *a, const slot *owner, const slot *best, const slot *best_owner)
{
	if (!best)
		return true;
	int age = compare_age(self, &owner->e, &best_owner->e);
	if (age)
		return age < 0;
	if (a->e.similarity != best->e.similarity)
		return a->e.similarity > best->e.similarity;
	if (a->e.owner_kind != best->e.owner_kind)
		return a->e.owner_kind < best->e.owner_kind;
	return a->e.page_count < best->e.page_count;
}

static bool tell_alias(const slot *alias, const slot *owner, index_found *found)
{
	if (!alias)
		return false;
	sketch_match match = {.relation = SKETCH_IDENTICAL, .similarity = alias->e.similarity};
	tell(owner, &match, found);
	found->number = alias->number;
	found->alias = true;
	found->page_count = alias->e.page_count;
	found->owner_kind = alias->e.owner_kind;
	return true;
}

bool index_find_fingerprint(index_t *self, const uint8_t fingerprint[16], int64_t clock_ms, uint16_t topic, int32_t partition, int64_t offset, index_found *found)
{
	uint32_t numbers[INDEX_CHAIN];
	const slot *best = NULL, *alias = NULL, *alias_owner = NULL;
	size_t n = keymap_find(self->keys, salted(SALT_FINGERPRINT, head64(fingerprint)), numbers, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++) {
		const slot *s = slot_at(self, numbers[i]), *owner = s;
		if (s->pending || !s->e.has_fingerprint || memcmp(s->e.fingerprint, fingerprint, 16) != 0)
			continue;
		if (s->e.kind == INDEX_ALIAS && !(owner = find_owner(self, s->e.owner_id, clock_ms)))
			continue;
		if (own(&owner->e, topic, partition, offset) || !index_in_window(self, owner->e.clock_ms, clock_ms))
			continue;
		if (s->e.kind == INDEX_ALIAS && better_alias(self, s, owner, alias, alias_owner)) {
			alias = s;
			alias_owner = owner;
		} else if (s->e.kind == INDEX_ARTICLE && (!best || compare_age(self, &s->e, &best->e) < 0)) {
			best = s;
		}
	}
	sketch_match same = {.relation = SKETCH_IDENTICAL, .similarity = 1};
	return best ? tell(best, &same, found) : tell_alias(alias, alias_owner, found);
}

index_stats index_stats_get(const index_t *self)
{
	size_t memory = self->slab_count * SLAB * (sizeof(slot) + sizeof *self->visited) + keymap_memory(self->keys);
	return (index_stats){self->settled, self->pending, self->aliases, memory, self->expired, self->evicted};
}
