/* keymap.c - see keymap.h. A shard in which fifteen sixteenths are in use is built anew, so large that four fifths will be; not exactly, or they
 * would all grow at the same time. */
#include "keymap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define SHARD_BITS 13
#define SHARDS (1u << SHARD_BITS)
#define TAGS 254                 /* values of a slot's first part of the key */
#define RESTS 64                 /* values of its second part */
#define NUMBER_MASK (KEYMAP_NUMBERS - 1)
#define CHAIN 255                /* tag of a slot that names a node */
#define PAGE 64                  /* slots */
#define CHUNK 4096               /* pages that are allocated together */
#define LINE 64                  /* bytes of a cache line: tags of a page lie in one */
#define PLAIN_MOST 16            /* slots of one key; one more makes a chain of them */
#define NODE_NUMBERS 13
#define SWEEP_LEAST 1024         /* buried numbers, and 1/16 of the living ones, begin a sweep */

typedef struct page {
	uint32_t slots[PAGE];
	uint8_t tags[PAGE];
} page;

typedef struct shard {
	uint32_t *pages;         /* their numbers; NULL: nothing filed yet */
	uint32_t cap, used;      /* slots; used: cleared ones too */
} shard;

/* A slot of a shard. */
typedef struct cursor {
	page *page;
	uint32_t at;
} cursor;

#define NO_PAGE UINT32_MAX

typedef struct node {
	uint32_t younger, older; /* 0: none */
	uint32_t key;            /* shard and code; UINT32_MAX: the node is free, chained by `older` */
	uint32_t numbers[NODE_NUMBERS];          /* 0: free */
} node;

struct keymap {
	shard *shards;
	void **chunks;           /* as they were allocated; the pages in them begin with a cache line */
	uint32_t page_count, page_cap, page_free;        /* page_free: chained by their first slot; NO_PAGE: none */
	node *nodes;             /* there is no node 0 */
	uint32_t node_count, node_cap, node_free;
	uint64_t *alive;         /* bits */
	size_t alive_words, living, filed;       /* filed: slots in use, cleared and buried ones too; numbers in chains apart */
	uint32_t *buried;        /* a ring, oldest first */
	size_t buried_first, buried_count, buried_cap;
	size_t swept;            /* of the buried, the oldest: nothing names them any more */
	size_t passing;          /* of the buried, the oldest: so many were there when the pass began */
	uint32_t at_shard, at_node;              /* where the pass stands; at_node: behind the last shard */
	bool sweeping;
	size_t bytes;
};

/* Where a key is filed: shard, and the code that its slot tells. */
typedef struct place {
	uint32_t shard, code;    /* code < TAGS * RESTS */
} place;

/* MurmurHash3's finaliser: keys may be small or alike. */
static place place_of(uint64_t key)
{
	key ^= key >> 33;
	key *= 0xFF51AFD7ED558CCDu;
	key ^= key >> 33;
	key *= 0xC4CEB9FE1A85EC53u;
	key ^= key >> 33;
	return (place){(uint32_t)(key >> (64 - SHARD_BITS)), (uint32_t)((uint64_t)(uint32_t)key * (TAGS * RESTS) >> 32)};
}

static uint32_t key_of(place p)
{
	return p.shard * (TAGS * RESTS) + p.code;
}

static uint8_t tag_of(uint32_t code)
{
	return (uint8_t)(1 + code / RESTS);
}

static uint32_t rest_of(uint32_t code)
{
	return code % RESTS * KEYMAP_NUMBERS;
}

static uint32_t home(const shard *s, uint32_t code)
{
	return (uint32_t)((uint64_t)code * s->cap / (TAGS * RESTS));
}

keymap *keymap_new(void)
{
	keymap *self = mem_alloc(sizeof *self);
	self->shards = mem_array(SHARDS, sizeof *self->shards);
	self->page_free = NO_PAGE;
	self->node_count = 1;
	self->bytes = sizeof *self + SHARDS * sizeof *self->shards;
	return self;
}

void keymap_free(keymap **self_p)
{
	keymap *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < SHARDS; i++)
		free(self->shards[i].pages);
	for (size_t i = 0; i < self->page_cap / CHUNK; i++)
		free(self->chunks[i]);
	free(self->shards);
	free(self->chunks);
	free(self->nodes);
	free(self->alive);
	free(self->buried);
	free(self);
	*self_p = NULL;
}

/* ---- pages ---- */

static page *page_at(const keymap *self, uint32_t n)
{
	uintptr_t from = ((uintptr_t)self->chunks[n / CHUNK] + LINE - 1) / LINE * LINE;
	return (page *)from + n % CHUNK;
}

static uint32_t page_new(keymap *self)
{
	uint32_t n = self->page_free;
	if (n != NO_PAGE) {
		self->page_free = page_at(self, n)->slots[0];
	} else {
		if (self->page_count == self->page_cap) {
			self->chunks = mem_grow(self->chunks, self->page_cap / CHUNK + 1, sizeof *self->chunks);
			self->chunks[self->page_cap / CHUNK] = mem_grow(NULL, CHUNK * sizeof(page) + LINE, 1);   /* not in memory before it is used */
			self->page_cap += CHUNK;
		}
		n = self->page_count++;
		self->bytes += sizeof(page);
	}
	memset(page_at(self, n)->tags, 0, PAGE);
	return n;
}

static void page_give_back(keymap *self, uint32_t n)
{
	page_at(self, n)->slots[0] = self->page_free;
	self->page_free = n;
}

static cursor slot_at(const keymap *self, const shard *s, uint32_t at)
{
	return (cursor){page_at(self, s->pages[at / PAGE]), at};
}

static uint8_t *tag_at(const cursor *c)
{
	return &c->page->tags[c->at % PAGE];
}

static uint32_t *number_at(const cursor *c)
{
	return &c->page->slots[c->at % PAGE];
}

static void next_slot(const keymap *self, const shard *s, cursor *c)
{
	if (++c->at % PAGE == 0) {
		c->at = c->at == s->cap ? 0 : c->at;
		c->page = page_at(self, s->pages[c->at / PAGE]);
	}
}

/* ---- numbers ---- */

bool keymap_is_alive(const keymap *self, uint32_t number)
{
	return number / 64 < self->alive_words && (self->alive[number / 64] >> number % 64 & 1);
}

uint64_t keymap_alive(const keymap *self, uint32_t block)
{
	return block < self->alive_words ? self->alive[block] : 0;
}

void keymap_raise(keymap *self, uint32_t number)
{
	assert(number && number < KEYMAP_NUMBERS && !keymap_is_alive(self, number));
	if (number / 64 >= self->alive_words) {
		size_t words = number / 64 + self->alive_words / 8 + 64;
		self->alive = mem_grow(self->alive, words, sizeof *self->alive);
		memset(self->alive + self->alive_words, 0, (words - self->alive_words) * sizeof *self->alive);
		self->bytes += (words - self->alive_words) * sizeof *self->alive;
		self->alive_words = words;
	}
	self->alive[number / 64] |= UINT64_C(1) << number % 64;
	self->living++;
}

static void grow_buried(keymap *self)
{
	size_t cap = self->buried_cap + self->buried_cap / 2 + 256;
	uint32_t *ring = mem_array(cap, sizeof *ring);
	size_t tail = self->buried_cap - self->buried_first < self->buried_count ? self->buried_cap - self->buried_first : self->buried_count;
	if (tail)
		memcpy(ring, self->buried + self->buried_first, tail * sizeof *ring);
	if (self->buried_count > tail)
		memcpy(ring + tail, self->buried, (self->buried_count - tail) * sizeof *ring);
	free(self->buried);
	self->buried = ring;
	self->buried_first = 0;
	self->bytes += (cap - self->buried_cap) * sizeof *ring;
	self->buried_cap = cap;
}

void keymap_bury(keymap *self, uint32_t number)
{
	assert(keymap_is_alive(self, number));
	self->alive[number / 64] &= ~(UINT64_C(1) << number % 64);
	self->living--;
	if (self->buried_count == self->buried_cap)
		grow_buried(self);
	self->buried[(self->buried_first + self->buried_count++) % self->buried_cap] = number;
}

uint32_t keymap_free_number(keymap *self)
{
	if (!self->swept)
		return 0;
	uint32_t number = self->buried[self->buried_first];
	self->buried_first = (self->buried_first + 1) % self->buried_cap;
	self->buried_count--;
	self->swept--;
	return number;
}

/* ---- shards ---- */

/* The first free slot from the home of a code on. */
static cursor free_slot(const keymap *self, const shard *s, uint32_t code)
{
	cursor c = slot_at(self, s, home(s, code));
	while (*tag_at(&c))
		next_slot(self, s, &c);
	return c;
}

static uint32_t code_of(const keymap *self, const cursor *c)
{
	uint8_t tag = *tag_at(c);
	return tag == CHAIN ? self->nodes[*number_at(c)].key % (TAGS * RESTS) : (tag - 1u) * RESTS + *number_at(c) / KEYMAP_NUMBERS;
}

/* Names the slot a living number, or a chain? */
static bool is_live(const keymap *self, const cursor *c)
{
	return *tag_at(c) == CHAIN ? *number_at(c) != 0 : keymap_is_alive(self, *number_at(c) & NUMBER_MASK);
}

static uint32_t live_slots(const keymap *self, const shard *s)
{
	uint32_t n = 0;
	if (!self->buried_count)
		return s->used;          /* cleared ones among them: too many is no harm */
	for (uint32_t i = 0; i < s->cap; i++) {
		cursor c = slot_at(self, s, i);
		n += *tag_at(&c) && is_live(self, &c);
	}
	return n;
}

/* Slots for so many that live: four fifths full, a little more or less in every eighth shard. */
static uint32_t cap_for(const keymap *self, const shard *s, uint32_t live)
{
	uint32_t slots = live + live / 4 + PAGE / 8 * ((uint32_t)(s - self->shards) % 8);
	return (slots / PAGE + 1) * PAGE;
}

/* Moves what lives into a table of the right size. Begins behind a free slot, where no run began before: so the order of slots of one key is kept. */
static void rebuild(keymap *self, shard *s)
{
	shard old = *s;
	s->cap = cap_for(self, s, s->cap ? live_slots(self, s) : 0);
	s->used = 0;
	s->pages = mem_array(s->cap / PAGE, sizeof *s->pages);
	for (uint32_t i = 0; i < s->cap / PAGE; i++)
		s->pages[i] = page_new(self);
	cursor from = {NULL, 0};
	if (old.cap)
		for (from = slot_at(self, &old, 0); *tag_at(&from);)
			next_slot(self, &old, &from);
	for (uint32_t i = 0; i < old.cap; i++, next_slot(self, &old, &from)) {
		if (!*tag_at(&from) || !is_live(self, &from))
			continue;
		cursor to = free_slot(self, s, code_of(self, &from));
		*number_at(&to) = *number_at(&from);
		*tag_at(&to) = *tag_at(&from);
		s->used++;
	}
	for (uint32_t i = 0; i < old.cap / PAGE; i++)
		page_give_back(self, old.pages[i]);
	free(old.pages);
	self->bytes += s->cap / PAGE * sizeof *s->pages;
	self->bytes -= old.cap / PAGE * sizeof *s->pages;
	self->filed += s->used;
	self->filed -= old.used;
}

/* ---- chains ---- */

static uint32_t node_new(keymap *self, uint32_t key)
{
	uint32_t n = self->node_free;
	if (n) {
		self->node_free = self->nodes[n].older;
	} else {
		if (self->node_count >= self->node_cap) {
			size_t cap = self->node_cap + self->node_cap / 4 + 64;
			assert(cap < UINT32_MAX);
			self->nodes = mem_grow(self->nodes, cap, sizeof *self->nodes);
			self->bytes += (cap - self->node_cap) * sizeof *self->nodes;
			self->node_cap = (uint32_t)cap;
		}
		n = self->node_count++;
	}
	self->nodes[n] = (node){.key = key};
	return n;
}

static void node_free(keymap *self, uint32_t n)
{
	self->nodes[n].key = UINT32_MAX;
	self->nodes[n].older = self->node_free;
	self->node_free = n;
}

/* Files the number in the chain whose youngest node the slot names. */
static void chain_add(keymap *self, uint32_t *slot, uint32_t number)
{
	node *youngest = &self->nodes[*slot];
	for (size_t i = 0; i < NODE_NUMBERS; i++)
		if (!youngest->numbers[i]) {
			youngest->numbers[i] = number;
			return;
		}
	uint32_t n = node_new(self, youngest->key);
	self->nodes[n].numbers[0] = number;
	self->nodes[n].older = *slot;
	self->nodes[*slot].younger = n;
	*slot = n;
}

/* The slots of this key become a chain in the place of the first of them. */
static uint32_t *make_chain(keymap *self, shard *s, place p)
{
	uint32_t rest = rest_of(p.code), chain = node_new(self, key_of(p));
	cursor first = {NULL, 0};
	for (cursor c = slot_at(self, s, home(s, p.code)); *tag_at(&c); next_slot(self, s, &c)) {
		uint32_t *slot = number_at(&c);
		if (*tag_at(&c) != tag_of(p.code) || (*slot & ~NUMBER_MASK) != rest)
			continue;
		if (keymap_is_alive(self, *slot & NUMBER_MASK))
			chain_add(self, &chain, *slot & NUMBER_MASK);
		if (!first.page)
			first = c;
		*slot = rest;
	}
	assert(first.page);
	*tag_at(&first) = CHAIN;
	*number_at(&first) = chain;
	return number_at(&first);
}

/* The slot of the key's chain; NULL when it has none: then *end is the free slot behind the run, *plain how many slots of the key there are. */
static uint32_t *find_chain(const keymap *self, const shard *s, place p, cursor *end, size_t *plain)
{
	uint8_t want = tag_of(p.code);
	uint32_t rest = rest_of(p.code), key = key_of(p);
	cursor c = slot_at(self, s, home(s, p.code));
	*plain = 0;
	for (; *tag_at(&c); next_slot(self, s, &c)) {
		uint32_t *slot = number_at(&c);
		if (*tag_at(&c) == want)
			*plain += (*slot & ~NUMBER_MASK) == rest;
		else if (*tag_at(&c) == CHAIN && *slot && self->nodes[*slot].key == key)
			return slot;
	}
	*end = c;
	return NULL;
}

void keymap_file(keymap *self, uint64_t key, uint32_t number)
{
	place p = place_of(key);
	shard *s = &self->shards[p.shard];
	cursor end;
	size_t plain;
	assert(keymap_is_alive(self, number));
	if (s->used + 1 > s->cap - s->cap / 16)
		rebuild(self, s);
	uint32_t *chain = find_chain(self, s, p, &end, &plain);
	if (!chain && plain >= PLAIN_MOST)
		chain = make_chain(self, s, p);
	if (chain) {
		chain_add(self, chain, number);
		return;
	}
	*tag_at(&end) = tag_of(p.code);
	*number_at(&end) = rest_of(p.code) | number;
	s->used++;
	self->filed++;
}

static size_t find_in_chain(const keymap *self, uint32_t n, uint32_t *numbers, size_t max)
{
	size_t count = 0;
	for (; n; n = self->nodes[n].older)
		for (size_t i = NODE_NUMBERS; i-- > 0;) {
			if (!keymap_is_alive(self, self->nodes[n].numbers[i]))
				continue;
			if (count == max)
				return count;
			numbers[count++] = self->nodes[n].numbers[i];
		}
	return count;
}

size_t keymap_find(const keymap *self, uint64_t key, uint32_t *numbers, size_t max)
{
	place p = place_of(key);
	const shard *s = &self->shards[p.shard];
	uint32_t found[PLAIN_MOST], rest = rest_of(p.code);
	uint8_t want = tag_of(p.code);
	size_t n = 0, count = 0;
	if (!s->cap)
		return 0;
	for (cursor c = slot_at(self, s, home(s, p.code)); *tag_at(&c); next_slot(self, s, &c)) {
		uint32_t slot = *number_at(&c);
		if (*tag_at(&c) == CHAIN && slot && self->nodes[slot].key == key_of(p))
			return find_in_chain(self, slot, numbers, max);
		if (*tag_at(&c) == want && (slot & ~NUMBER_MASK) == rest && keymap_is_alive(self, slot & NUMBER_MASK))
			found[n++] = slot & NUMBER_MASK;
	}
	while (n && count < max)
		numbers[count++] = found[--n];
	return count;
}

void keymap_prefetch(const keymap *self, uint64_t key)
{
	place p = place_of(key);
	const shard *s = &self->shards[p.shard];
	if (!s->cap)
		return;
	cursor c = slot_at(self, s, home(s, p.code));
	__builtin_prefetch(tag_at(&c));
	__builtin_prefetch(number_at(&c));
}

/* ---- sweeping ---- */

static void sweep_shard(keymap *self, shard *s)
{
	uint32_t gone = 0;
	for (uint32_t i = 0; i < s->cap; i++) {
		cursor c = slot_at(self, s, i);
		if (!*tag_at(&c) || is_live(self, &c))
			continue;
		if (*tag_at(&c) != CHAIN)
			*number_at(&c) &= ~NUMBER_MASK;
		gone++;
	}
	if (gone > s->cap / 16)
		rebuild(self, s);
}

/* An empty node leaves its chain; the last one clears the slot. */
static void unchain(keymap *self, uint32_t n)
{
	node *gone = &self->nodes[n];
	place p = {gone->key / (TAGS * RESTS), gone->key % (TAGS * RESTS)};
	if (gone->older)
		self->nodes[gone->older].younger = gone->younger;
	if (gone->younger) {
		self->nodes[gone->younger].older = gone->older;
	} else {
		cursor end;
		size_t plain;
		uint32_t *slot = find_chain(self, &self->shards[p.shard], p, &end, &plain);
		assert(slot && *slot == n);
		*slot = gone->older;
	}
	node_free(self, n);
}

static void sweep_node(keymap *self, uint32_t n)
{
	node *at = &self->nodes[n];
	size_t kept = 0;
	if (at->key == UINT32_MAX)
		return;
	for (size_t i = 0; i < NODE_NUMBERS && at->numbers[i]; i++)
		if (keymap_is_alive(self, at->numbers[i]))
			at->numbers[kept++] = at->numbers[i];
	memset(at->numbers + kept, 0, (NODE_NUMBERS - kept) * sizeof *at->numbers);
	if (!kept)
		unchain(self, n);
}

static bool is_worth_while(const keymap *self)
{
	return self->buried_count >= SWEEP_LEAST && self->buried_count >= self->living / 16;
}

void keymap_sweep(keymap *self, size_t slots)
{
	size_t done = 0;
	if (!self->sweeping && (self->swept || !is_worth_while(self)))
		return;
	if (!self->sweeping) {
		self->sweeping = true;
		self->passing = self->buried_count;
		self->at_shard = 0;
		self->at_node = 1;
	}
	for (; done < slots && self->at_shard < SHARDS; done += 4 + self->shards[self->at_shard++].cap)
		sweep_shard(self, &self->shards[self->at_shard]);
	for (; done < slots && self->at_node < self->node_count; done += NODE_NUMBERS)
		sweep_node(self, self->at_node++);
	if (self->at_shard == SHARDS && self->at_node >= self->node_count) {
		self->sweeping = false;
		self->swept = self->passing;
	}
}

size_t keymap_memory(const keymap *self)
{
	return self->bytes;
}

size_t keymap_void_slots(const keymap *self)
{
	size_t named = self->living + self->buried_count - self->swept;
	return named ? self->filed * (self->buried_count - self->swept) / named : 0;
}
