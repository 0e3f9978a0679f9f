/* index_live.c - see index_live.h: a hash table of places, and one of article ids. Two places or ids of the same 64-bit hash (one chance in 10^5 with 10 million) would be taken for one. */
#include "daemon/index_live.h"

#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"

#define DAY_MS 86400000LL

typedef struct place {
	uint64_t hash;                   /* 0: free */
	int64_t seen_ms;                 /* of the last entry */
	int32_t day;                     /* of its clock; -1: none */
	uint32_t left : 31, alias : 1;   /* left: entries of this place that are still to come */
} place;

struct index_live {
	place *places;
	uint64_t *ids;
	size_t place_count, place_cap, id_count, id_cap;         /* caps are powers of two */
	uint64_t seen;
	int64_t window_ms, now_ms, max_clock_ms;
};

index_live *index_live_new(int64_t window_ms, int64_t now_ms)
{
	index_live *self = mem_alloc(sizeof *self);
	self->window_ms = window_ms;
	self->now_ms = now_ms;
	return self;
}

void index_live_free(index_live **self_p)
{
	index_live *self = *self_p;
	if (!self)
		return;
	free(self->places);
	free(self->ids);
	free(self);
	*self_p = NULL;
}

static uint64_t hash_of_place(const index_entry *e, mr_bytes topic)
{
	uint8_t bytes[ARTICLE_ID_BYTES + 8 + 4 + 2 + 1];
	memcpy(bytes, e->article_id, ARTICLE_ID_BYTES);
	memcpy(bytes + ARTICLE_ID_BYTES, &e->offset, 8);
	memcpy(bytes + ARTICLE_ID_BYTES + 8, &e->partition, 4);
	memcpy(bytes + ARTICLE_ID_BYTES + 12, &e->page, 2);
	bytes[ARTICLE_ID_BYTES + 14] = e->kind == INDEX_ALIAS;
	uint64_t hash = XXH3_64bits_withSeed(bytes, sizeof bytes, XXH3_64bits(topic.data, topic.len));
	return hash ? hash : 1;
}

static uint64_t hash_of_id(const uint8_t id[ARTICLE_ID_BYTES])
{
	uint64_t hash = XXH3_64bits(id, ARTICLE_ID_BYTES);
	return hash ? hash : 1;
}

/* The place of that hash, or the free one where it belongs. */
static place *find_place(const index_live *self, uint64_t hash)
{
	size_t at = hash & (self->place_cap - 1);
	while (self->places[at].hash && self->places[at].hash != hash)
		at = (at + 1) & (self->place_cap - 1);
	return &self->places[at];
}

static uint64_t *find_id(const index_live *self, uint64_t hash)
{
	size_t at = hash & (self->id_cap - 1);
	while (self->ids[at] && self->ids[at] != hash)
		at = (at + 1) & (self->id_cap - 1);
	return &self->ids[at];
}

static void grow_places(index_live *self)
{
	place *old = self->places;
	size_t cap = self->place_cap;
	if (self->place_count < cap * 3 / 4)
		return;
	self->place_cap = cap ? cap * 2 : 1024;
	self->places = mem_array(self->place_cap, sizeof *self->places);
	for (size_t i = 0; i < cap; i++)
		if (old[i].hash)
			*find_place(self, old[i].hash) = old[i];
	free(old);
}

static void grow_ids(index_live *self)
{
	uint64_t *old = self->ids;
	size_t cap = self->id_cap;
	if (self->id_count < cap * 3 / 4)
		return;
	self->id_cap = cap ? cap * 2 : 1024;
	self->ids = mem_array(self->id_cap, sizeof *self->ids);
	for (size_t i = 0; i < cap; i++)
		if (old[i])
			*find_id(self, old[i]) = old[i];
	free(old);
}

static void see_id(index_live *self, const uint8_t id[ARTICLE_ID_BYTES])
{
	uint64_t hash = hash_of_id(id);
	grow_ids(self);
	uint64_t *slot = find_id(self, hash);
	self->id_count += !*slot;
	*slot = hash;
}

void index_live_see(index_live *self, const index_entry *entry, mr_bytes topic)
{
	uint64_t hash = hash_of_place(entry, topic);
	grow_places(self);
	place *p = find_place(self, hash);
	self->place_count += !p->hash;
	self->seen++;
	int64_t day = entry->clock_ms < 0 ? -1 : entry->clock_ms / DAY_MS;
	*p = (place){hash, entry->seen_ms, day > INT32_MAX ? INT32_MAX : (int32_t)day, p->left + 1, entry->kind == INDEX_ALIAS};
	if (entry->kind == INDEX_ALIAS)
		return;
	see_id(self, entry->article_id);
	if (entry->clock_ms > self->max_clock_ms)
		self->max_clock_ms = entry->clock_ms;
}

/* As index_expire decides. */
static bool is_expired(const index_live *self, int64_t day, int64_t seen_ms)
{
	int64_t clock = self->max_clock_ms < self->now_ms ? self->max_clock_ms : self->now_ms;
	int64_t since = clock - self->window_ms;
	return since > 0 && day < (since - 1) / DAY_MS && seen_ms < self->now_ms - self->window_ms;
}

bool index_live_take(index_live *self, const index_entry *entry, mr_bytes topic)
{
	place *p = self->place_cap ? find_place(self, hash_of_place(entry, topic)) : NULL;
	if (!p || !p->hash || --p->left)
		return false;
	return !is_expired(self, p->day, p->seen_ms) && (entry->kind != INDEX_ALIAS || (self->id_cap && *find_id(self, hash_of_id(entry->owner_id))));
}

index_live_counts index_live_count(const index_live *self)
{
	index_live_counts counts = {.replaced = self->seen - self->place_count};
	for (size_t i = 0; i < self->place_cap; i++) {
		const place *p = &self->places[i];
		if (!p->hash)
			continue;
		if (is_expired(self, p->day, p->seen_ms))
			counts.expired++;
		else if (p->alias)
			counts.aliases++;
		else
			counts.articles++;
	}
	return counts;
}
