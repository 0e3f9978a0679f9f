/* index_pack.c - how an entry becomes a few bytes, and what is read of them: index_parts.h. */
#include "index_parts.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"

#define CLOCK_END (1LL << 48)
#define OFFSET_END (1LL << 40)

static void put(uint8_t *to, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static int64_t get(const uint8_t *from, size_t bytes)
{
	uint64_t value = 0;
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << 8 * i;
	return (int64_t)value;
}

/* ---- sources: few, so a search through all is fine; the cache makes it rare ---- */

static size_t source_slot(uint16_t topic, int32_t partition)
{
	return ((uint32_t)partition * 31 + topic) & 255;
}

static uint16_t find_source(const index_t *self, uint16_t topic, int32_t partition)
{
	uint16_t cached = self->source_cache[source_slot(topic, partition)];
	if (cached && self->sources[cached - 1].topic == topic && self->sources[cached - 1].partition == partition)
		return (uint16_t)(cached - 1);
	for (size_t i = 0; i < self->source_count; i++)
		if (self->sources[i].topic == topic && self->sources[i].partition == partition)
			return (uint16_t)i;
	return SOURCE_NONE;
}

uint16_t index_pack_source(const index_t *self, uint16_t topic, int32_t partition)
{
	return find_source(self, topic, partition);
}

static uint16_t source_of(index_t *self, uint16_t topic, int32_t partition)
{
	uint16_t number = find_source(self, topic, partition);
	if (number == SOURCE_NONE && self->source_count < SOURCES_MOST) {
		self->sources = mem_grow(self->sources, self->source_count + 1, sizeof *self->sources);
		number = (uint16_t)self->source_count++;
		self->sources[number] = (source){partition, topic, 0, -1};
	}
	if (number != SOURCE_NONE)
		self->source_cache[source_slot(topic, partition)] = (uint16_t)(number + 1);
	return number;
}

bool index_pack_follows(index_t *self, const index_entry *entry)
{
	uint16_t number = source_of(self, entry->topic, entry->partition);
	if (number == SOURCE_NONE)
		return false;
	source *s = &self->sources[number];
	if (entry->offset < s->last_offset || (entry->offset == s->last_offset && entry->page <= s->last_page))
		return false;
	s->last_offset = entry->offset;
	s->last_page = entry->page;
	return true;
}

/* ---- extras and pending entries ---- */

static uint32_t extra_new(index_t *self)
{
	uint32_t n = self->free_extra;
	if (n != NONE) {
		self->free_extra = self->extras[n].pending;
		return n;
	}
	if (self->extra_count == self->extra_cap) {
		size_t cap = self->extra_cap + self->extra_cap / 4 + 64;
		self->extras = mem_grow(self->extras, cap, sizeof *self->extras);
		self->bytes += (cap - self->extra_cap) * sizeof *self->extras;
		self->extra_cap = cap;
	}
	return (uint32_t)self->extra_count++;
}

static void extra_free(index_t *self, uint32_t n)
{
	self->extras[n].pending = self->free_extra;
	self->free_extra = n;
}

static uint32_t pending_new(index_t *self, const index_entry *entry)
{
	if (!self->free_pending_count) {
		size_t cap = self->pending_cap + self->pending_cap / 2 + 64;
		self->pendings = mem_grow(self->pendings, cap, sizeof *self->pendings);
		self->free_pendings = mem_grow(self->free_pendings, cap, sizeof *self->free_pendings);
		for (size_t i = cap; i-- > self->pending_cap;)
			self->free_pendings[self->free_pending_count++] = (uint32_t)i;
		self->bytes += (cap - self->pending_cap) * (sizeof *self->pendings + sizeof *self->free_pendings);
		self->pending_cap = cap;
	}
	uint32_t n = self->free_pendings[--self->free_pending_count];
	self->pendings[n] = *entry;
	return n;
}

const index_entry *index_pending(const index_t *self, uint32_t number)
{
	assert(keymap_is_alive(self->keys, number) && is_pending(self, number));
	return &self->pendings[self->extras[extra_of(stored_at(self, number))].pending];
}

/* ---- entries ---- */

static void pack_alias(index_t *self, uint32_t number, const index_entry *entry)
{
	aliased *at = aliased_at(self, number);
	memcpy(at->fingerprint, entry->fingerprint + 8, sizeof at->fingerprint);
	memcpy(at->owner_id, entry->owner_id, ARTICLE_ID_BYTES);
	memcpy(at->similarity, &entry->similarity, sizeof at->similarity);
	at->page_count = entry->page_count;
	at->owner_kind = entry->owner_kind;
}

/* Does it fit in `stored`? */
static bool is_plain(uint16_t from, int64_t clock_ms, int64_t offset, uint32_t revision, uint16_t day_revisions, const uint8_t *story_id, const uint8_t *article_id)
{
	return from != SOURCE_NONE && clock_ms >= 0 && clock_ms < CLOCK_END && offset >= 0 && offset < OFFSET_END && !revision && !day_revisions &&
	       memcmp(story_id, article_id, ARTICLE_ID_BYTES) == 0;
}

static void pack_extra(index_t *self, stored *at, const index_entry *entry, bool pending)
{
	uint32_t n = extra_new(self);
	extra *x = &self->extras[n];
	*x = (extra){.clock_ms = entry->clock_ms, .offset = entry->offset, .partition = entry->partition, .revision = entry->revision, .topic = entry->topic,
		     .day_revisions = entry->day_revisions, .pending = pending ? pending_new(self, entry) : NONE};
	memcpy(x->story_id, entry->story_id, ARTICLE_ID_BYTES);
	put(at->offset, n, 4);
	at->flags |= STORED_EXTRA;
}

void index_pack(index_t *self, uint32_t number, const index_entry *entry, bool pending)
{
	if (entry->kind == INDEX_ALIAS) {
		pack_alias(self, number, entry);
		return;
	}
	stored *at = stored_at(self, number);
	memset(at, 0, sizeof *at);
	memcpy(at->core, &entry->sketch, SKETCH_CORE_BYTES);
	memcpy(at->article_id, entry->article_id, ARTICLE_ID_BYTES);
	memcpy(at->fingerprint, entry->fingerprint + 8, sizeof at->fingerprint);
	put(at->address, entry->address, sizeof at->address);
	at->flags = entry->has_fingerprint ? STORED_FINGERPRINT : 0;
	at->page = entry->page;
	at->page_count = entry->page_count;
	at->source = source_of(self, entry->topic, entry->partition);
	if (!pending && is_plain(at->source, entry->clock_ms, entry->offset, entry->revision, entry->day_revisions, entry->story_id, entry->article_id)) {
		put(at->clock, (uint64_t)entry->clock_ms, sizeof at->clock);
		put(at->offset, (uint64_t)entry->offset, sizeof at->offset);
	} else {
		pack_extra(self, at, entry, pending);
	}
}

void index_pack_settled(index_t *self, uint32_t number)
{
	stored *at = stored_at(self, number);
	uint32_t n = extra_of(at);
	extra *x = &self->extras[n];
	assert(at->flags & STORED_EXTRA && x->pending != NONE);
	self->free_pendings[self->free_pending_count++] = x->pending;
	x->pending = NONE;
	if (!is_plain(at->source, x->clock_ms, x->offset, x->revision, x->day_revisions, x->story_id, at->article_id))
		return;
	at->flags &= (uint8_t)~STORED_EXTRA;
	put(at->clock, (uint64_t)x->clock_ms, sizeof at->clock);
	put(at->offset, (uint64_t)x->offset, sizeof at->offset);
	extra_free(self, n);
}

void index_pack_clear(index_t *self, uint32_t number)
{
	if (slab_of(self, number)->kind == INDEX_ALIAS || !(stored_at(self, number)->flags & STORED_EXTRA))
		return;
	uint32_t n = extra_of(stored_at(self, number));
	if (self->extras[n].pending != NONE)
		self->free_pendings[self->free_pending_count++] = self->extras[n].pending;
	extra_free(self, n);
}

index_place index_pack_place(const index_t *self, const stored *at)
{
	if (at->flags & STORED_EXTRA) {
		const extra *x = &self->extras[extra_of(at)];
		return (index_place){x->clock_ms, x->offset, x->partition, x->topic, at->page};
	}
	const source *from = &self->sources[at->source];
	return (index_place){get(at->clock, sizeof at->clock), get(at->offset, sizeof at->offset), from->partition, from->topic, at->page};
}
