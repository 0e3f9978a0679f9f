/* index_slab.c - numbers of entries, and the memory behind them: index_parts.h. */
#include "index_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define FREE_AT_ONCE 16          /* numbers taken back in one go */

static size_t entry_size(const slab *s)
{
	return s->kind == INDEX_ALIAS ? sizeof(aliased) : sizeof(stored);
}

/* ---- days ---- */

/* First day with this number or a later one. */
static size_t find_day(const index_t *self, int64_t number)
{
	size_t low = 0, high = self->day_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (self->days[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_empty(const day *d)
{
	return d->first[INDEX_ARTICLE] == NONE && d->first[INDEX_ALIAS] == NONE;
}

static void drop_empty_days(index_t *self)
{
	size_t kept = 0;
	for (size_t i = 0; i < self->day_count; i++)
		if (!is_empty(&self->days[i]))
			self->days[kept++] = self->days[i];
	self->day_count = kept;
}

static day *day_of(index_t *self, int64_t clock_ms)
{
	int64_t number = clock_ms < 0 ? -1 : clock_ms / DAY_MS;
	size_t at = find_day(self, number);
	if (at < self->day_count && self->days[at].number == number)
		return &self->days[at];
	if (self->day_count >= DAYS_MOST) {
		drop_empty_days(self);
		at = find_day(self, number);
		if (self->day_count >= DAYS_MOST)        /* clocks all over the calendar: it goes with those of a later day, or the last */
			return &self->days[at < self->day_count ? at : self->day_count - 1];
	}
	if (self->day_count == self->day_cap) {
		self->bytes += (self->day_cap / 2 + 64) * sizeof *self->days;
		self->day_cap += self->day_cap / 2 + 64;
		self->days = mem_grow(self->days, self->day_cap, sizeof *self->days);
	}
	memmove(self->days + at + 1, self->days + at, (self->day_count - at) * sizeof *self->days);
	self->days[at] = (day){number, {NONE, NONE}, {NONE, NONE}, {NONE, NONE}};
	self->day_count++;
	return &self->days[at];
}

static day *day_of_slab(index_t *self, const slab *s)
{
	day *d = &self->days[find_day(self, s->day)];
	assert(d->number == s->day);
	return d;
}

/* ---- slabs ---- */

static uint64_t free_numbers(const index_t *self, uint32_t n)
{
	return ~(keymap_alive(self->keys, n) | self->slabs[n].spoiled);
}

static void enter_room(index_t *self, day *d, uint32_t n)
{
	slab *s = &self->slabs[n];
	uint32_t *first = &d->room[s->kind];
	s->has_room = true;
	s->previous_room = NONE;
	s->next_room = *first;
	if (*first != NONE)
		self->slabs[*first].previous_room = n;
	*first = n;
}

static void leave_room(index_t *self, day *d, uint32_t n)
{
	slab *s = &self->slabs[n];
	if (!s->has_room)
		return;
	s->has_room = false;
	if (s->next_room != NONE)
		self->slabs[s->next_room].previous_room = s->previous_room;
	if (s->previous_room != NONE)
		self->slabs[s->previous_room].next_room = s->next_room;
	else
		d->room[s->kind] = s->next_room;
}

static void chain_slab(index_t *self, day *d, uint32_t n)
{
	slab *s = &self->slabs[n];
	s->previous = d->last[s->kind];
	s->next = NONE;
	if (s->previous != NONE)
		self->slabs[s->previous].next = n;
	else
		d->first[s->kind] = n;
	d->last[s->kind] = n;
}

static void unchain_slab(index_t *self, day *d, uint32_t n)
{
	const slab *s = &self->slabs[n];
	if (s->next != NONE)
		self->slabs[s->next].previous = s->previous;
	else
		d->last[s->kind] = s->previous;
	if (s->previous != NONE)
		self->slabs[s->previous].next = s->next;
	else
		d->first[s->kind] = s->next;
}

static void grow_slabs(index_t *self)
{
	size_t cap = self->slab_cap + self->slab_cap / 4 + 64;
	self->slabs = mem_grow(self->slabs, cap, sizeof *self->slabs);
	self->memory = mem_grow(self->memory, cap, sizeof *self->memory);
	self->bytes += (cap - self->slab_cap) * (sizeof *self->slabs + sizeof *self->memory);
	self->slab_cap = cap;
}

/* Numbers run out only if the limits are far above what is given here, or a log holds more than they allow: then the oldest go. */
static void make_numbers(index_t *self)
{
	for (int tries = 0; self->free_slab == NONE && tries < 8; tries++) {
		index_evict(self, (self->settled + self->aliases) / 8 + SLAB);
		index_slab_tend(self, SIZE_MAX / 2);
	}
	assert(self->free_slab != NONE);
}

static uint32_t slab_new(index_t *self, day *d, enum index_kind kind)
{
	uint32_t n = self->free_slab;
	if (n != NONE) {
		self->free_slab = self->slabs[n].next;
	} else {
		if (self->slab_count == self->slab_cap)
			grow_slabs(self);
		n = (uint32_t)self->slab_count++;
		self->memory[n] = NULL;
	}
	self->slabs[n] = (slab){.day = d->number, .kind = (uint8_t)kind, .spoiled = n == 0};     /* there is no number 0 */
	chain_slab(self, d, n);
	enter_room(self, d, n);
	return n;
}

static void slab_free(index_t *self, uint32_t n)
{
	slab *s = &self->slabs[n];
	day *d = day_of_slab(self, s);
	if (s->segment)
		self->segment_slabs[s->segment]--;
	leave_room(self, d, n);
	unchain_slab(self, d, n);
	free(self->memory[n]);
	self->memory[n] = NULL;
	self->bytes -= s->cap * entry_size(s);
	s->cap = 0;
	s->segment = 0;
}

/* Memory for entry `i`. The first slab of a day grows step by step: there may be many days with few entries. */
static void provide(index_t *self, slab *s, uint32_t n, uint32_t i)
{
	if (i < s->cap)
		return;
	uint32_t cap = s->previous != NONE || i >= 16 ? SLAB : i >= 4 ? 16 : 4;
	self->memory[n] = mem_grow(self->memory[n], cap, entry_size(s));
	self->bytes += (cap - s->cap) * entry_size(s);
	s->cap = (uint8_t)cap;
}

uint32_t index_slab_number(index_t *self, enum index_kind kind, int64_t clock_ms, int64_t seen_ms)
{
	if (self->slab_count == SLABS_MOST && self->free_slab == NONE)
		make_numbers(self);
	day *d = day_of(self, clock_ms);
	uint32_t n = d->room[kind];
	if (n == NONE)
		n = slab_new(self, d, kind);
	slab *s = &self->slabs[n];
	uint32_t i = (uint32_t)__builtin_ctzll(free_numbers(self, n)), number = n * SLAB + i;
	provide(self, s, n, i);
	if (seen_ms > s->seen_ms)
		s->seen_ms = seen_ms;
	keymap_raise(self->keys, number);
	if (!free_numbers(self, n))
		leave_room(self, d, n);
	return number;
}

void index_slab_bury(index_t *self, uint32_t number)
{
	slab *s = slab_of(self, number);
	uint64_t bit = UINT64_C(1) << number % SLAB;
	s->pending &= ~bit;
	s->spoiled |= bit;
	keymap_bury(self->keys, number);
	if (!keymap_alive(self->keys, number / SLAB))
		slab_free(self, number / SLAB);
}

static void number_is_clean(index_t *self, uint32_t number)
{
	uint32_t n = number / SLAB;
	slab *s = &self->slabs[n];
	s->spoiled &= ~(UINT64_C(1) << number % SLAB);
	if (self->memory[n]) {
		if (!s->has_room)
			enter_room(self, day_of_slab(self, s), n);
	} else if (s->spoiled == (n == 0)) {
		s->next = self->free_slab;
		self->free_slab = n;
	}
}

void index_slab_tend(index_t *self, size_t slots)
{
	keymap_sweep(self->keys, slots);
	for (size_t i = 0; i < (slots > FREE_AT_ONCE ? slots / 16 : 1); i++) {
		uint32_t number = keymap_free_number(self->keys);
		if (!number)
			return;
		number_is_clean(self, number);
	}
}

/* ---- log segments ---- */

void index_slab_segment(index_t *self, uint32_t number, uint32_t segment)
{
	slab *s = slab_of(self, number);
	if (!segment || (s->segment && s->segment <= segment))
		return;
	if (segment >= self->segment_cap) {
		size_t cap = segment + segment / 2 + 16;
		self->segment_slabs = mem_grow(self->segment_slabs, cap, sizeof *self->segment_slabs);
		memset(self->segment_slabs + self->segment_cap, 0, (cap - self->segment_cap) * sizeof *self->segment_slabs);
		self->bytes += (cap - self->segment_cap) * sizeof *self->segment_slabs;
		self->segment_cap = cap;
	}
	if (s->segment)
		self->segment_slabs[s->segment]--;
	self->segment_slabs[segment]++;
	s->segment = segment;
	if (segment < self->segment_first)
		self->segment_first = segment;
}

uint32_t index_oldest_segment(const index_t *self)
{
	for (uint32_t i = self->segment_first; i < self->segment_cap; i++)
		if (self->segment_slabs[i])
			return i;
	return UINT32_MAX;
}
