/* keymap.c - see keymap.h. Load factor at most 0.75; doubles when full, never shrinks (the window is steady). */
#include "keymap.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

#define CHAIN 0x80000000u
#define NIL 0xFFFFFFFFu

typedef struct slot {
	uint32_t tag, head;
} slot;

typedef struct node {
	uint32_t entry, next, previous;
} node;

struct keymap {
	slot *slots;
	unsigned bits;           /* number of slots = 1 << bits */
	size_t used;             /* slots in use */
	node *nodes;
	uint32_t node_count, node_cap, node_free;        /* node_free: first of the free list, NIL: none */
};

static uint32_t tag_of(uint64_t key)
{
	key ^= key >> 32;        /* keys are hashes already; one mixing step is enough (Steele et al. 2014, the MurmurHash3 finalizer's constant) */
	key *= 0xff51afd7ed558ccdULL;
	return (uint32_t)(key >> 32);
}

static size_t home(const keymap *self, uint32_t tag)
{
	return self->bits ? tag >> (32 - self->bits) : 0;
}

static size_t mask(const keymap *self)
{
	return ((size_t)1 << self->bits) - 1;
}

keymap *keymap_new(void)
{
	keymap *self = mem_alloc(sizeof *self);
	self->bits = 10;
	self->slots = mem_array((size_t)1 << self->bits, sizeof *self->slots);
	self->node_free = NIL;
	return self;
}

void keymap_free(keymap **self_p)
{
	keymap *self = *self_p;
	if (!self)
		return;
	free(self->slots);
	free(self->nodes);
	free(self);
	*self_p = NULL;
}

static size_t find_slot(const keymap *self, uint32_t tag)
{
	size_t at = home(self, tag), m = mask(self);
	while (self->slots[at].head && self->slots[at].tag != tag)
		at = (at + 1) & m;
	return at;
}

static void grow(keymap *self)
{
	slot *old = self->slots;
	size_t count = (size_t)1 << self->bits;
	assert(self->bits < 31);
	self->bits++;
	self->slots = mem_array((size_t)1 << self->bits, sizeof *self->slots);
	for (size_t i = 0; i < count; i++)
		if (old[i].head)
			self->slots[find_slot(self, old[i].tag)] = old[i];
	free(old);
}

/* A ring of its own. */
static uint32_t node_new(keymap *self, uint32_t entry)
{
	uint32_t n = self->node_free;
	if (n != NIL) {
		self->node_free = self->nodes[n].next;
	} else {
		if (self->node_count == self->node_cap) {
			self->node_cap += self->node_cap / 2 + 256;
			assert(self->node_cap < CHAIN);
			self->nodes = mem_grow(self->nodes, self->node_cap, sizeof *self->nodes);
		}
		n = self->node_count++;
	}
	self->nodes[n] = (node){entry, n, n};
	return n;
}

static void node_drop(keymap *self, uint32_t n)
{
	self->nodes[n].next = self->node_free;
	self->node_free = n;
}

void keymap_add(keymap *self, uint64_t key, uint32_t entry)
{
	assert(entry < CHAIN - 1);
	if (self->used + 1 > ((size_t)3 << self->bits) / 4)
		grow(self);
	uint32_t tag = tag_of(key);
	slot *s = &self->slots[find_slot(self, tag)];
	if (!s->head) {
		*s = (slot){tag, entry + 1};
		self->used++;
	} else {
		uint32_t first = s->head & CHAIN ? s->head & ~CHAIN : node_new(self, s->head - 1), added = node_new(self, entry);
		node *at = &self->nodes[added];
		at->next = first;
		at->previous = self->nodes[first].previous;
		self->nodes[at->previous].next = self->nodes[first].previous = added;
		s->head = CHAIN | added;
	}
}

/* Frees the slot at `at` and moves later ones of the same run forward where that brings them closer to home (Knuth 6.4, algorithm R). */
static void shift_back(keymap *self, size_t at)
{
	size_t m = mask(self), hole = at;
	for (size_t next = (hole + 1) & m; self->slots[next].head; next = (next + 1) & m) {
		size_t h = home(self, self->slots[next].tag);
		if (((next - h) & m) >= ((next - hole) & m)) {
			self->slots[hole] = self->slots[next];
			hole = next;
		}
	}
	self->slots[hole] = (slot){0, 0};
	self->used--;
}

static uint32_t find_node(const keymap *self, uint32_t first, uint32_t entry)
{
	uint32_t young = first, old = self->nodes[first].previous;
	while (self->nodes[young].entry != entry && self->nodes[old].entry != entry) {
		assert(young != old && self->nodes[young].next != old);
		young = self->nodes[young].next;
		old = self->nodes[old].previous;
	}
	return self->nodes[young].entry == entry ? young : old;
}

void keymap_remove(keymap *self, uint64_t key, uint32_t entry)
{
	size_t at = find_slot(self, tag_of(key));
	slot *s = &self->slots[at];
	assert(s->head);
	if (!(s->head & CHAIN)) {
		assert(s->head == entry + 1);
		shift_back(self, at);
		return;
	}
	uint32_t first = s->head & ~CHAIN, n = find_node(self, first, entry), next = self->nodes[n].next;
	self->nodes[self->nodes[n].previous].next = next;
	self->nodes[next].previous = self->nodes[n].previous;
	node_drop(self, n);
	if (next == n)
		shift_back(self, at);
	else if (n == first)
		s->head = CHAIN | next;
}

size_t keymap_find(const keymap *self, uint64_t key, uint32_t *entries, size_t max)
{
	uint32_t head = self->slots[find_slot(self, tag_of(key))].head;
	size_t n = 0;
	if (!head || !max)
		return 0;
	if (!(head & CHAIN)) {
		entries[0] = head - 1;
		return 1;
	}
	uint32_t first = head & ~CHAIN, at = first;
	do {
		entries[n++] = self->nodes[at].entry;
		at = self->nodes[at].next;
	} while (at != first && n < max);
	return n;
}

size_t keymap_memory(const keymap *self)
{
	return ((size_t)1 << self->bits) * sizeof *self->slots + self->node_cap * sizeof *self->nodes;
}
