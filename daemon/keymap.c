/* keymap.c - see keymap.h. A shard in which nine tenths are in use is built anew, so large that three quarters will be; not exactly, or they would all grow at
 * the same time. */
#include "keymap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/mem.h"

#define SHARD_BITS 13
#define SHARDS (1u << SHARD_BITS)
#define TAGS 254                 /* values of a slot's first part of the key */
#define RESTS 64                 /* values of its second part */
#define NUMBER_MASK (KEYMAP_NUMBERS - 1)
#define CHAIN 255                /* tag of a slot that names a node */
#define PAGE 64                  /* slots */
#define CHUNK_BYTES (2u << 20)   /* pages are allocated in such chunks: each may be one huge page of the machine, or every search misses the TLB */
#define CHUNK (CHUNK_BYTES / sizeof(page))
#define PLAIN_MOST 16            /* slots of one key; one more makes a chain of them */
#define NODE_NUMBERS 13
#define LATER 1024               /* keys of a shard that wait for being filed together */
#define SWEEP_LEAST 1024         /* buried numbers, and 1/16 of the living ones, begin a sweep */

typedef struct page {
	union {
		uint8_t tags[PAGE];
		uint64_t words[PAGE / 8];        /* the same, eight at a time */
		struct page *next_free;          /* of a free page */
	};
	uint32_t slots[PAGE];
} page;

typedef struct shard {
	page **pages;            /* NULL: nothing filed yet */
	uint32_t cap, used;      /* slots; used: cleared ones too */
} shard;

/* What a page has under one tag: bits of slots. */
typedef struct hits {
	page *page;
	uint64_t alike, chains;
	unsigned used;           /* slots; PAGE: the next page goes on */
} hits;

typedef struct node {
	uint32_t younger, older; /* 0: none */
	uint32_t key;            /* shard and code; UINT32_MAX: the node is free, chained by `older` */
	uint32_t numbers[NODE_NUMBERS];          /* 0: free */
} node;

/* A key that waits. */
typedef struct later {
	uint32_t code, number;
} later;

struct keymap {
	shard *shards;
	page **chunks;           /* whole cache lines: the tags of a page lie in one */
	size_t chunk_count, fresh;       /* fresh: pages of the last chunk that were never used */
	page *free_pages;
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
	later *waiting;          /* LATER for each shard, and as many to sort them; NULL: nothing is filed later */
	uint16_t *waiting_count;
	uint32_t expected;       /* keys of a shard, while some wait */
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

/* The page in which a code belongs. */
static uint32_t home(const shard *s, uint32_t code)
{
	return code * (s->cap / PAGE) / (TAGS * RESTS);
}

keymap *keymap_new(void)
{
	keymap *self = mem_alloc(sizeof *self);
	self->shards = mem_array(SHARDS, sizeof *self->shards);
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
	for (size_t i = 0; i < self->chunk_count; i++)
		free(self->chunks[i]);
	free(self->shards);
	free(self->chunks);
	free(self->nodes);
	free(self->alive);
	free(self->buried);
	free(self->waiting);
	free(self->waiting_count);
	free(self);
	*self_p = NULL;
}

/* ---- pages ---- */

static void chunk_new(keymap *self)
{
	self->chunks = mem_grow(self->chunks, self->chunk_count + 1, sizeof *self->chunks);
	self->chunks[self->chunk_count++] = mem_chunk(CHUNK_BYTES);
	self->fresh = CHUNK;
}

static page *page_new(keymap *self)
{
	page *p = self->free_pages;
	if (p) {
		self->free_pages = p->next_free;
	} else {
		if (!self->fresh)
			chunk_new(self);
		p = self->chunks[self->chunk_count - 1] + (CHUNK - self->fresh--);
		self->bytes += sizeof(page);
	}
	memset(p->tags, 0, PAGE);
	return p;
}

static void page_give_back(keymap *self, page *p)
{
	p->next_free = self->free_pages;
	self->free_pages = p;
}

static page *next_page(const shard *s, uint32_t *n)
{
	if (++*n == s->cap / PAGE)
		*n = 0;
	return s->pages[*n];
}

/* Slots with this tag: bits. */
#if defined __SSE2__ && !defined KEYMAP_PORTABLE
static uint64_t slots_with(const page *p, uint8_t tag)
{
	const __m128i want = _mm_set1_epi8((char)tag), *at = (const __m128i *)p->tags;
	uint64_t bits = 0;
	for (unsigned i = 0; i < PAGE / 16; i++)
		bits |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128(at + i), want)) << 16 * i;
	return bits;
}
#else
static uint64_t slots_with(const page *p, uint8_t tag)
{
	const uint64_t low = 0x7F7F7F7F7F7F7F7Fu, want = 0x0101010101010101u * tag;
	uint64_t bits = 0;
	for (unsigned i = 0; i < PAGE / 8; i++) {
		uint64_t x = p->words[i] ^ want, equal = ~(((x & low) + low) | x | low);         /* high bit of every byte that is equal */
		bits |= ((equal >> 7) * 0x0102040810204080u >> 56) << 8 * i;
	}
	return bits;
}
#endif

/* Slots are used from the first on, so the first free one ends the page. */
static unsigned used_slots(const page *p)
{
	uint64_t free_ones = slots_with(p, 0);
	return free_ones ? (unsigned)__builtin_ctzll(free_ones) : PAGE;
}

/* Field by field: a copy of the whole would be read wider than it was written, and would have to wait for all stores before it. */
static inline void look(page *p, uint8_t tag, hits *h)
{
	h->page = p;
	h->alike = slots_with(p, tag);
	h->chains = slots_with(p, CHAIN);
	h->used = used_slots(p);
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

static uint32_t code_of(const keymap *self, const page *p, unsigned i)
{
	return p->tags[i] == CHAIN ? self->nodes[p->slots[i]].key % (TAGS * RESTS) : (p->tags[i] - 1u) * RESTS + p->slots[i] / KEYMAP_NUMBERS;
}

/* Names the slot a living number, or a chain? */
static bool is_live(const keymap *self, const page *p, unsigned i)
{
	return p->tags[i] == CHAIN ? p->slots[i] != 0 : keymap_is_alive(self, p->slots[i] & NUMBER_MASK);
}

static uint32_t live_slots(const keymap *self, const shard *s)
{
	uint32_t n = 0;
	if (!self->buried_count)
		return s->used;          /* cleared ones among them: too many is no harm */
	for (uint32_t at = 0; at < s->cap / PAGE; at++)
		for (unsigned i = 0, used = used_slots(s->pages[at]); i < used; i++)
			n += is_live(self, s->pages[at], i);
	return n;
}

/* Slots for so many that live: three quarters full, a little more or less in every eighth shard. While many wait, between eight and nine tenths, as full as tables are on the average
 * that have grown one by one. */
static uint32_t cap_for(const keymap *self, const shard *s, uint32_t live)
{
	if (self->waiting)
		return ((live + live / 8 + live / 64 * ((uint32_t)(s - self->shards) % 8)) / PAGE + 1) * PAGE;
	uint32_t slots = live + live / 4 + live / 20 + PAGE / 8 * ((uint32_t)(s - self->shards) % 8);
	return (slots / PAGE + 1) * PAGE;
}

/* Files what lives in an old page; `used`: of each new page. */
static void move_page(const keymap *self, const page *from, shard *s, uint8_t *used)
{
	for (unsigned i = 0, count = used_slots(from); i < count; i++) {
		if (!is_live(self, from, i))
			continue;
		uint32_t n = home(s, code_of(self, from, i));
		page *to = s->pages[n];
		while (used[n] == PAGE)
			to = next_page(s, &n);
		to->tags[used[n]] = from->tags[i];
		to->slots[used[n]++] = from->slots[i];
		s->used++;
	}
}

/* Moves what lives into a table of the right size, for so many more. Begins behind a page that is not full, so nothing of it stands further on: the order of slots of one key is kept. */
static void rebuild(keymap *self, shard *s, uint32_t more)
{
	shard old = *s;
	uint32_t count = old.cap / PAGE, at = 0;
	uint32_t live = (old.cap ? live_slots(self, s) : 0) + more;
	s->cap = cap_for(self, s, self->waiting && live < self->expected ? self->expected : live);
	s->used = 0;
	s->pages = mem_array(s->cap / PAGE, sizeof(page *));
	uint8_t *used = mem_array(s->cap / PAGE, 1);
	for (uint32_t i = 0; i < s->cap / PAGE; i++)
		s->pages[i] = page_new(self);
	while (count && used_slots(old.pages[at]) == PAGE)
		at++;
	for (uint32_t i = 0; i < count; i++)
		move_page(self, next_page(&old, &at), s, used);
	for (uint32_t i = 0; i < count; i++)
		page_give_back(self, old.pages[i]);
	free(old.pages);
	free(used);
	self->bytes += s->cap / PAGE * sizeof(page *);
	self->bytes -= count * sizeof(page *);
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

static bool is_plain(const page *p, unsigned i, uint32_t code)
{
	return (p->slots[i] & ~NUMBER_MASK) == rest_of(code);
}

/* The slots of this key become a chain in the place of the first of them. */
static uint32_t *make_chain(keymap *self, shard *s, place p)
{
	uint32_t chain = node_new(self, key_of(p)), n = home(s, p.code), *first = NULL;
	hits h;
	for (page *at = s->pages[n];; at = next_page(s, &n)) {
		look(at, tag_of(p.code), &h);
		for (; h.alike; h.alike &= h.alike - 1) {
			unsigned i = (unsigned)__builtin_ctzll(h.alike);
			uint32_t *slot = &h.page->slots[i], number = *slot & NUMBER_MASK;
			if (!is_plain(h.page, i, p.code))
				continue;
			*slot = rest_of(p.code);
			if (keymap_is_alive(self, number))
				chain_add(self, &chain, number);
			if (!first) {
				first = slot;
				h.page->tags[i] = CHAIN;
			}
		}
		if (h.used < PAGE)
			break;
	}
	assert(first);
	*first = chain;
	return first;
}

/* The slot in this page that is the chain of the key; NULL: none is. */
static uint32_t *chain_in(const keymap *self, const hits *h, uint32_t key)
{
	for (uint64_t bits = h->chains; bits; bits &= bits - 1) {
		uint32_t *slot = &h->page->slots[__builtin_ctzll(bits)];
		if (*slot && self->nodes[*slot].key == key)
			return slot;
	}
	return NULL;
}

/* The slot of the key's chain; NULL when it has none: then *end tells the page and its free slot, *alike how many slots have its tag. Only the tags are read: the
 * slots are other cache lines. */
static uint32_t *find_chain(const keymap *self, const shard *s, place p, hits *end, size_t *alike)
{
	uint32_t n = home(s, p.code), key = key_of(p), *chain;
	*alike = 0;
	for (page *at = s->pages[n];; at = next_page(s, &n)) {
		look(at, tag_of(p.code), end);
		if (end->chains && (chain = chain_in(self, end, key)))
			return chain;
		if (end->alike)
			*alike += (size_t)__builtin_popcountll(end->alike);
		if (end->used < PAGE)
			return NULL;
	}
}

/* Slots of the key, buried ones too. */
static size_t count_plain(const shard *s, place p)
{
	uint32_t n = home(s, p.code);
	size_t plain = 0;
	hits h;
	for (page *at = s->pages[n];; at = next_page(s, &n)) {
		look(at, tag_of(p.code), &h);
		for (; h.alike; h.alike &= h.alike - 1)
			plain += is_plain(h.page, (unsigned)__builtin_ctzll(h.alike), p.code);
		if (h.used < PAGE)
			return plain;
	}
}

static void file(keymap *self, place p, uint32_t number)
{
	shard *s = &self->shards[p.shard];
	hits end;
	size_t alike;
	assert(keymap_is_alive(self, number));
	if (s->used + 1 > s->cap - s->cap * 3 / 32)
		rebuild(self, s, 0);
	uint32_t *chain = find_chain(self, s, p, &end, &alike);
	if (!chain && alike >= PLAIN_MOST && count_plain(s, p) >= PLAIN_MOST)
		chain = make_chain(self, s, p);
	if (chain) {
		chain_add(self, chain, number);
		return;
	}
	end.page->tags[end.used] = tag_of(p.code);
	end.page->slots[end.used] = rest_of(p.code) | number;
	s->used++;
	self->filed++;
}

void keymap_file(keymap *self, uint64_t key, uint32_t number)
{
	file(self, place_of(key), number);
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
	uint32_t found[PLAIN_MOST], n = home(s, p.code);
	size_t found_count = 0, count = 0;
	if (!s->cap)
		return 0;
	for (page *at = s->pages[n];; at = next_page(s, &n)) {
		hits h;
		look(at, tag_of(p.code), &h);
		const uint32_t *chain = h.chains ? chain_in(self, &h, key_of(p)) : NULL;
		if (chain)
			return find_in_chain(self, *chain, numbers, max);
		for (; h.alike; h.alike &= h.alike - 1) {
			unsigned i = (unsigned)__builtin_ctzll(h.alike);
			if (is_plain(h.page, i, p.code) && keymap_is_alive(self, h.page->slots[i] & NUMBER_MASK))
				found[found_count++] = h.page->slots[i] & NUMBER_MASK;
		}
		if (h.used < PAGE)
			break;
	}
	while (found_count && count < max)
		numbers[count++] = found[--found_count];
	return count;
}

void keymap_prefetch(const keymap *self, uint64_t key, unsigned step)
{
	place p = place_of(key);
	const shard *s = &self->shards[p.shard];
	if (!s->cap)
		return;
	page *const *at = &s->pages[home(s, p.code)];
	__builtin_prefetch(step ? (const void *)(*at)->tags : at);
}

/* ---- filing later ---- */

/* Files what waits for a shard, in the order of its pages: each is in the cache then while it is filled. */
static void flush(keymap *self, uint32_t shard_number)
{
	shard *s = &self->shards[shard_number];
	later *from = self->waiting + (size_t)shard_number * LATER, *sorted = self->waiting + (size_t)SHARDS * LATER;
	uint32_t count = self->waiting_count[shard_number];
	if (!count)
		return;
	if (s->used + count > s->cap - s->cap * 3 / 32)
		rebuild(self, s, count);
	uint32_t *at = mem_array(s->cap / PAGE + 1, sizeof *at);
	for (uint32_t i = 0; i < count; i++)
		at[home(s, from[i].code) + 1]++;
	for (uint32_t i = 1; i < s->cap / PAGE; i++)
		at[i] += at[i - 1];
	for (uint32_t i = 0; i < count; i++)
		sorted[at[home(s, from[i].code)]++] = from[i];
	self->waiting_count[shard_number] = 0;
	for (uint32_t i = 0; i < count; i++)
		if (keymap_is_alive(self, sorted[i].number))
			file(self, (place){shard_number, sorted[i].code}, sorted[i].number);
	free(at);
}

void keymap_file_later(keymap *self, uint64_t key, uint32_t number)
{
	place p = place_of(key);
	if (!self->waiting) {
		self->waiting = mem_grow(NULL, (size_t)(SHARDS + 1) * LATER, sizeof *self->waiting);
		self->waiting_count = mem_array(SHARDS, sizeof *self->waiting_count);
	}
	if (self->waiting_count[p.shard] == LATER)
		flush(self, p.shard);
	self->waiting[(size_t)p.shard * LATER + self->waiting_count[p.shard]++] = (later){p.code, number};
}

void keymap_expect(keymap *self, size_t keys)
{
	self->expected = keys / SHARDS > UINT32_MAX / 4 ? 0 : (uint32_t)(keys / SHARDS);
}

void keymap_catch_up(keymap *self)
{
	if (!self->waiting)
		return;
	for (uint32_t i = 0; i < SHARDS; i++)
		flush(self, i);
	free(self->waiting);
	free(self->waiting_count);
	self->waiting = NULL;
	self->waiting_count = NULL;
	self->expected = 0;
}

/* ---- sweeping ---- */

static void sweep_shard(keymap *self, shard *s)
{
	uint32_t gone = 0;
	for (uint32_t at = 0; at < s->cap / PAGE; at++) {
		page *p = s->pages[at];
		for (unsigned i = 0, used = used_slots(p); i < used; i++) {
			if (is_live(self, p, i))
				continue;
			if (p->tags[i] != CHAIN)
				p->slots[i] &= ~NUMBER_MASK;
			gone++;
		}
	}
	if (gone > s->cap / 16)
		rebuild(self, s, 0);
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
		hits end;
		size_t alike;
		uint32_t *slot = find_chain(self, &self->shards[p.shard], p, &end, &alike);
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
		keymap_catch_up(self);           /* or a number that waits could be given back, and filed for another entry */
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
