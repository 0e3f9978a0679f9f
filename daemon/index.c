/* index.c - see index.h: how entries come, settle and go. How they are kept: index_parts.h; how they are found: index_find.c. */
#include "index_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define TOPICS_MOST 65535
#define TEND_SLOTS 256           /* of the keymap, looked at for each entry that comes: a sweep takes a twentieth of the entries */
#define EVICT_AT_ONCE 256        /* entries, to make room for one */
#define SLOT_BYTES 6             /* of the keymap, with its slack */

index_t *index_new(int64_t window_ms, index_limits limits)
{
	index_t *self = mem_alloc(sizeof *self);
	self->keys = keymap_new();
	self->edges = edges_new(window_ms);
	self->free_slab = self->free_extra = NONE;
	self->segment_first = 1;
	self->visited = mem_array(VISITED, sizeof *self->visited);
	self->bytes = sizeof *self + VISITED * sizeof *self->visited;
	index_set_window(self, window_ms, limits);
	return self;
}

void index_free(index_t **self_p)
{
	index_t *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->slab_count; i++)
		free(self->memory[i]);
	for (size_t i = 0; i < self->topic_count; i++)
		free(self->topics[i]);
	keymap_free(&self->keys);
	edges_free(&self->edges);
	free(self->slabs);
	free(self->memory);
	free(self->days);
	free(self->extras);
	free(self->pendings);
	free(self->free_pendings);
	free(self->topics);
	free(self->sources);
	free(self->segment_slabs);
	free(self->visited);
	free(self);
	*self_p = NULL;
}

void index_set_window(index_t *self, int64_t window_ms, index_limits limits)
{
	self->window_ms = window_ms;
	self->limits = limits;
	edges_set_window(self->edges, window_ms);
}

uint16_t index_topic(index_t *self, mr_bytes name)
{
	for (size_t i = 0; i < self->topic_count; i++)
		if (mr_bytes_equal(name, self->topics[i]))
			return (uint16_t)i;
	assert(self->topic_count < TOPICS_MOST);
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

/* ---- coming ---- */

#define KEYS_MOST (SKETCH_KEYS + 3)

static size_t keys_of(const index_entry *e, uint64_t keys[KEYS_MOST])
{
	size_t n = e->kind == INDEX_ARTICLE ? sketch_keys(&e->sketch, keys) : 0;
	if (e->kind == INDEX_ARTICLE) {
		keys[n++] = index_key(SALT_ID, index_head(e->article_id));
		if (e->address)
			keys[n++] = index_key(SALT_ADDRESS, e->address);
	}
	if (e->has_fingerprint)
		keys[n++] = index_key(SALT_FINGERPRINT, index_head(e->fingerprint));
	return n;
}

void index_prefetch(const index_t *self, const index_entry *entry, unsigned step)
{
	bool alias = entry->kind == INDEX_ALIAS;
	if (!alias && !self->unordered)          /* nothing will be asked */
		return;
	keymap_prefetch(self->keys, index_key(alias ? SALT_FINGERPRINT : SALT_ID, index_head(alias ? entry->fingerprint : entry->article_id)), step);
}

/* Makes room for it and writes it down; its keys are the caller's. */
static uint32_t enter(index_t *self, const index_entry *entry, bool pending)
{
	index_slab_tend(self, TEND_SLOTS);
	uint32_t number = index_slab_number(self, entry->kind, entry->clock_ms, entry->seen_ms);
	if (pending)
		slab_of(self, number)->pending |= UINT64_C(1) << number % SLAB;
	index_pack(self, number, entry, pending);
	return number;
}

static uint32_t enter_filed(index_t *self, const index_entry *entry, bool pending)
{
	uint64_t keys[KEYS_MOST];
	size_t n = keys_of(entry, keys);
	uint32_t number = enter(self, entry, pending);
	for (size_t i = 0; i < n; i++)
		keymap_file(self->keys, keys[i], number);
	return number;
}

/* All but the key that the next entries are looked for under, article or alias: that of its id or of its bytes. */
static uint32_t enter_for_later(index_t *self, const index_entry *entry)
{
	uint64_t keys[KEYS_MOST], now = entry->kind == INDEX_ALIAS ? index_key(SALT_FINGERPRINT, index_head(entry->fingerprint)) : index_key(SALT_ID, index_head(entry->article_id));
	bool asked = entry->kind == INDEX_ALIAS || self->unordered;      /* while the rest is restored */
	size_t n = keys_of(entry, keys);
	uint32_t number = enter(self, entry, false);
	if (asked)
		keymap_file(self->keys, now, number);
	for (size_t i = 0; i < n; i++)
		if (!asked || keys[i] != now)
			keymap_file_later(self->keys, keys[i], number);
	return number;
}

void index_expect(index_t *self, size_t articles)
{
	size_t most = self->limits.entries && self->limits.entries < articles ? self->limits.entries : articles;
	keymap_expect(self->keys, most * (SKETCH_KEYS + 2));
}

void index_restored(index_t *self)
{
	keymap_catch_up(self->keys);
	self->unordered = true;
}

uint32_t index_add(index_t *self, const index_entry *entry)
{
	assert(entry->kind == INDEX_ARTICLE);
	self->pending++;
	edges_add(self->edges, entry, false);
	return enter_filed(self, entry, true);
}

/* ---- going ---- */

static void forget(index_t *self, uint32_t number)
{
	if (is_pending(self, number))
		self->pending--;
	else if (slab_of(self, number)->kind == INDEX_ALIAS)
		self->aliases--;
	else
		self->settled--;
	index_pack_clear(self, number);
	index_slab_bury(self, number);
}

void index_drop(index_t *self, uint32_t *number_p)
{
	uint32_t number = *number_p;
	*number_p = 0;
	if (!number)
		return;
	assert(keymap_is_alive(self->keys, number) && is_pending(self, number));
	edges_drop(self->edges, index_pending(self, number));
	forget(self, number);
}

const edges *index_edges(const index_t *self)
{
	return self->edges;
}

/* Settled entries of a slab go, at most so many. */
static size_t forget_slab(index_t *self, uint32_t n, size_t most)
{
	uint64_t bits = keymap_alive(self->keys, n) & ~self->slabs[n].pending;
	size_t gone = 0;
	for (; bits && gone < most; bits &= bits - 1, gone++)
		forget(self, n * SLAB + (uint32_t)__builtin_ctzll(bits));
	return gone;
}

/* Of a day the aliases go first: without one a duplicate is only told the long way. */
static const enum index_kind kinds[] = {INDEX_ALIAS, INDEX_ARTICLE};

size_t index_evict(index_t *self, size_t most)
{
	size_t gone = 0;
	for (size_t i = 0; i < self->day_count && gone < most; i++)
		for (size_t k = 0; k < 2; k++)
			for (uint32_t n = self->days[i].first[kinds[k]], next; n != NONE && gone < most; n = next) {
				next = self->slabs[n].next;
				gone += forget_slab(self, n, most - gone);
			}
	self->evicted += gone;
	return gone;
}

/* What the index takes, without the slots of entries that are gone: these come back with the sweeps, more entries need not go for them. */
static size_t memory_needed(const index_t *self)
{
	size_t all = self->bytes + keymap_memory(self->keys), owed = keymap_void_slots(self->keys) * SLOT_BYTES;
	return all > owed ? all - owed : 0;
}

static bool is_over(const index_t *self)
{
	return (self->limits.entries && self->settled + self->aliases > self->limits.entries) ||
	       (self->limits.memory_bytes && memory_needed(self) > self->limits.memory_bytes);
}

static size_t keep_limits(index_t *self, size_t budget)
{
	size_t gone = 0;
	while (gone < budget && is_over(self) && index_evict(self, 1))
		gone++;
	return gone;
}

/* Entries of the day that are out of the window. */
static size_t expire_day(index_t *self, const day *d, int64_t seen_before, size_t budget)
{
	size_t gone = 0;
	for (size_t k = 0; k < 2; k++)
		for (uint32_t n = d->first[kinds[k]], next; n != NONE && gone < budget; n = next) {
			next = self->slabs[n].next;
			if (self->slabs[n].seen_ms < seen_before)
				gone += forget_slab(self, n, SLAB);
		}
	self->expired += gone;
	return gone;
}

size_t index_expire(index_t *self, int64_t now_ms, size_t budget)
{
	int64_t clock = self->max_clock_ms < now_ms ? self->max_clock_ms : now_ms;
	int64_t since = clock - self->window_ms, first_kept = since > 0 ? (since - 1) / DAY_MS : 0;      /* no sums with strangers' clocks */
	size_t gone = 0;
	for (size_t i = 0; since > 0 && i < self->day_count && self->days[i].number < first_kept && gone < budget; i++)      /* its last moment is a window behind */
		gone += expire_day(self, &self->days[i], now_ms - self->window_ms, budget - gone);
	gone += keep_limits(self, budget > gone ? budget - gone : 0);
	index_slab_tend(self, budget);
	while (self->segment_first < self->segment_cap && !self->segment_slabs[self->segment_first])
		self->segment_first++;
	return gone;
}

size_t index_evict_segment(index_t *self, uint32_t segment, size_t budget)
{
	size_t gone = 0;
	for (uint32_t n = 0; n < self->slab_count && gone < budget; n++)
		if (self->slabs[n].segment && self->slabs[n].segment <= segment)
			gone += forget_slab(self, n, SLAB);
	self->evicted += gone;
	return gone;
}

/* ---- settling ---- */

/* The id first: it is one cache line, and most of whom the key names by accident end there. */
static bool is_same(const index_t *self, const stored *at, const index_entry *e)
{
	if (memcmp(at->article_id, e->article_id, ARTICLE_ID_BYTES) != 0 || at->page != e->page)
		return false;
	index_place p = index_pack_place(self, at);
	return p.offset == e->offset && p.partition == e->partition && p.topic == e->topic;
}

/* The entry (settled or pending, as asked) of the same id and coordinates; 0: none. */
static uint32_t find_same(const index_t *self, const index_entry *e, bool pending)
{
	uint32_t found[INDEX_CHAIN];
	size_t n = keymap_find(self->keys, index_key(SALT_ID, index_head(e->article_id)), found, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++)
		if (slab_of(self, found[i])->kind == INDEX_ARTICLE && is_pending(self, found[i]) == pending && is_same(self, stored_at(self, found[i]), e))
			return found[i];
	return 0;
}

enum index_layer index_layer_of(const index_t *self, const index_entry *entry)
{
	return find_same(self, entry, false) ? INDEX_SETTLED : find_same(self, entry, true) ? INDEX_PENDING : INDEX_ABSENT;
}

/* It counts from now on: notes its clock and segment, and keeps the limits. */
static void count(index_t *self, uint32_t number, enum index_kind kind, int64_t clock_ms, uint32_t segment)
{
	++*(kind == INDEX_ALIAS ? &self->aliases : &self->settled);
	index_slab_segment(self, number, segment);
	if (clock_ms > self->max_clock_ms)
		self->max_clock_ms = clock_ms;
	keep_limits(self, EVICT_AT_ONCE);
}

/* The settled entry that the same coordinates wrote before (offsets were set back by an operator) gives way. */
static void replace_own(index_t *self, const index_entry *e)
{
	uint32_t old = find_same(self, e, false);
	if (old)
		forget(self, old);
}

void index_settle(index_t *self, uint32_t number, uint32_t segment)
{
	const index_entry *e = index_pending(self, number);
	int64_t clock_ms = e->clock_ms;
	replace_own(self, e);
	edges_add(self->edges, e, true);
	slab_of(self, number)->pending &= ~(UINT64_C(1) << number % SLAB);
	index_pack_settled(self, number);
	self->pending--;
	count(self, number, INDEX_ARTICLE, clock_ms, segment);
}

static bool is_same_alias(const index_t *self, uint32_t number, const index_entry *alias)
{
	if (slab_of(self, number)->kind != INDEX_ALIAS)
		return false;
	const aliased *at = aliased_at(self, number);
	return memcmp(at->fingerprint, alias->fingerprint + 8, sizeof at->fingerprint) == 0 && memcmp(at->owner_id, alias->owner_id, ARTICLE_ID_BYTES) == 0 &&
	       at->owner_kind == alias->owner_kind && at->page_count == alias->page_count && memcmp(at->similarity, &alias->similarity, sizeof at->similarity) == 0;
}

static uint32_t add_alias(index_t *self, const index_entry *alias, uint32_t segment, bool restoring)
{
	uint32_t found[INDEX_CHAIN];
	assert(alias->kind == INDEX_ALIAS && alias->has_fingerprint);
	size_t n = keymap_find(self->keys, index_key(SALT_FINGERPRINT, index_head(alias->fingerprint)), found, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++)
		if (is_same_alias(self, found[i], alias))
			return 0;
	uint32_t number = restoring ? enter_for_later(self, alias) : enter_filed(self, alias, false);
	count(self, number, INDEX_ALIAS, alias->clock_ms, segment);
	return number;
}

uint32_t index_alias(index_t *self, const index_entry *alias, uint32_t segment)
{
	return add_alias(self, alias, segment, false);
}

/* A log tells the places of a partition in their order, unless an operator set offsets back. Until that is seen no entry can stand where an earlier one did, and nobody looks
 * for one: a third of the time to read ten million. */
void index_restore(index_t *self, const index_entry *entry, uint32_t segment)
{
	if (entry->kind == INDEX_ALIAS) {
		add_alias(self, entry, segment, true);
		return;
	}
	if (!self->unordered && !index_pack_follows(self, entry)) {
		keymap_catch_up(self->keys);
		self->unordered = true;
	}
	if (self->unordered)
		replace_own(self, entry);
	edges_add(self->edges, entry, true);
	count(self, enter_for_later(self, entry), INDEX_ARTICLE, entry->clock_ms, segment);
}

uint32_t index_settle_foreign(index_t *self, const index_entry *entry, uint32_t segment)
{
	if (entry->kind == INDEX_ALIAS)
		return index_alias(self, entry, segment);
	if (find_same(self, entry, false))
		return 0;
	edges_add(self->edges, entry, true);
	uint32_t number = enter_filed(self, entry, false);
	count(self, number, INDEX_ARTICLE, entry->clock_ms, segment);
	return number;
}

void index_written(index_t *self, uint32_t number, uint32_t segment)
{
	if (keymap_is_alive(self->keys, number))
		index_slab_segment(self, number, segment);
}

/* ---- telling ---- */

int64_t index_next_offset(const index_t *self, uint16_t topic, int32_t partition)
{
	int64_t next = 0;
	for (uint32_t n = 0; n < self->slab_count; n++) {
		if (!self->memory[n] || self->slabs[n].kind != INDEX_ARTICLE)
			continue;
		for (uint64_t bits = keymap_alive(self->keys, n); bits; bits &= bits - 1) {
			index_place p = index_pack_place(self, stored_at(self, n * SLAB + (uint32_t)__builtin_ctzll(bits)));
			if (p.topic == topic && p.partition == partition && p.offset >= next)
				next = p.offset + 1;
		}
	}
	return next;
}

index_stats index_stats_get(const index_t *self)
{
	return (index_stats){self->settled, self->pending, self->aliases, self->bytes + keymap_memory(self->keys), self->expired, self->evicted};
}
