/* repeats.c - blocks printed twice, once: the fifth pass (page.h).
 *
 * Pages of portals carry parts of an article twice, and the copy may begin in mid-sentence. A block of 20 characters or more is a repeat when it equals an
 * earlier one or the end of an earlier one. It is found by its last 16 characters (white space left out), so a copy that begins late is found as well; the
 * comparison goes back from there. Short lines between two repeats are repeats if they stood at the same place before; an unnumbered heading of
 * eight characters or more counts by itself. Each key keeps one earlier block, so time is linear whatever the text. */
#include "page.h"

#include <stdlib.h>

#include "common/mem.h"

#define SHORTEST 20
#define KEY 16
#define SHORTEST_HEAD 6
#define SHORTEST_ITEM 80         /* numbered */

struct tail {
	uint64_t key;
	uint32_t block;                  /* index + 1; 0: free */
};

struct tails {
	struct tail *slots;
	size_t mask;
};

static uint32_t solid_back(const page *self, const page_block *block, uint32_t *at)
{
	while (*at > block->at.begin) {
		uint32_t c = self->flow[--*at];
		if (!char_is_blank(c))
			return c;
	}
	return 0;
}

static uint64_t tail_key(const page *self, const page_block *block)
{
	uint64_t key = 0xcbf29ce484222325u;
	uint32_t at = block->at.end;
	for (int i = 0; i < KEY; i++) {
		uint32_t c = solid_back(self, block, &at);
		if (!c)
			break;
		key = (key ^ c) * 0x100000001b3u;
		key ^= key >> 29;
	}
	return key;
}

/* Is `later` the end of `earlier` (or all of it)? */
static bool is_tail(const page *self, const page_block *earlier, const page_block *later)
{
	uint32_t a = earlier->at.end, b = later->at.end;
	for (;;) {
		uint32_t y = solid_back(self, later, &b);
		if (!y)
			return true;
		if (solid_back(self, earlier, &a) != y)
			return false;
	}
}

static bool same(const page *self, const page_block *a, const page_block *b)
{
	return a->at.end - a->at.begin == b->at.end - b->at.begin && is_tail(self, a, b);
}

static struct tail *slot_of(struct tails *t, uint64_t key)
{
	size_t i = (size_t)(key * 0x9E3779B97F4A7C15u >> 20) & t->mask;
	while (t->slots[i].block && t->slots[i].key != key)
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

static void take_out(page *self, page_block *block)
{
	block->repeated = 1;
	block->role = ROLE_OUT;
	self->repeated_blocks++;
}

/* Short blocks behind repeat `i` of block `original` that stood behind it before as well. */
static void follow(page *self, size_t i, size_t original)
{
	while (i + 1 < self->block_count && original + 1 < i) {
		page_block *next = &self->blocks[++i];
		original++;
		if (self->blocks[original].kind == BLOCK_HEAD && next->kind != BLOCK_HEAD && original + 1 < i)
			original++;                                                /* a caption that was printed once */
		if (next->repeated || (next->at.end - next->at.begin >= SHORTEST && !next->numbered) || !same(self, &self->blocks[original], next))
			return;
		take_out(self, next);
	}
}

void page_drop_repeats(page *self)
{
	struct tails t = {.mask = 63};
	if (self->block_count < 2)
		return;
	while (t.mask < self->block_count * 2)
		t.mask = t.mask * 2 + 1;
	t.slots = mem_array(t.mask + 1, sizeof *t.slots);
	for (size_t i = 0; i < self->block_count; i++) {
		page_block *block = &self->blocks[i];
		uint32_t length = block->at.end - block->at.begin;
		bool head = block->kind == BLOCK_HEAD && length >= SHORTEST_HEAD && !self->wrapped;    /* columns of a printed page share kickers */
		bool item = block->numbered && length < SHORTEST_ITEM;             /* laws and forms say the same under two heads */
		bool signs = block->kind == BLOCK_HEAD && i + 1 < self->block_count && self->blocks[i + 1].date_only;        /* who signs stands above the title, too */
		if (block->repeated || signs || (block->kind != BLOCK_TEXT && !head) || (length < SHORTEST && !head) || item)
			continue;
		struct tail *slot = slot_of(&t, tail_key(self, block));
		if (!slot->block) {
			*slot = (struct tail){tail_key(self, block), (uint32_t)i + 1};
			continue;
		}
		size_t original = slot->block - 1;
		const page_block *earlier = &self->blocks[original];
		if (length >= SHORTEST ? !is_tail(self, earlier, block) : !same(self, earlier, block))
			continue;
		take_out(self, block);
		follow(self, i, original);
	}
	free(t.slots);
}
