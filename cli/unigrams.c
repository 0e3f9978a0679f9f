/* unigrams.c - see unigrams.h. Strings are hashed features; a table numbers them. Rows are kept as numbers of all their strings, so that rounds need no hashing. */
#include "unigrams.h"

#include <math.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/classify/words.h"

#define NOT_A_WORD UINT32_MAX
#define STRANGE (-20.0)          /* ln of the share of an ideograph that no round used */

typedef struct string {
	uint64_t feature;
	double count, weight;            /* of this round; ln of its share after the last one, -INFINITY: no word any more */
	uint32_t length;
} string;

struct unigrams {
	string *strings;
	size_t count, room;
	uint32_t *table;                 /* string + 1 */
	uint32_t table_log2;
	uint32_t *ends;                  /* by place of all rows: WORD_TOKENS strings that end there, by length; NOT_A_WORD: reaches over the row's begin */
	size_t places, place_room;
	uint64_t *words;
	size_t word_count;
};

static void table_grow(unigrams *self)
{
	free(self->table);
	self->table_log2 = self->table_log2 ? self->table_log2 + 1 : 16;
	size_t mask = ((size_t)1 << self->table_log2) - 1;
	self->table = mem_array(mask + 1, sizeof *self->table);
	for (size_t i = 0; i < self->count; i++) {
		size_t slot = self->strings[i].feature >> (64 - self->table_log2);
		while (self->table[slot])
			slot = (slot + 1) & mask;
		self->table[slot] = (uint32_t)i + 1;
	}
}

static uint32_t string_number(unigrams *self, uint64_t feature, size_t length)
{
	if (self->count * 2 >= (size_t)1 << self->table_log2)
		table_grow(self);
	size_t mask = ((size_t)1 << self->table_log2) - 1, slot = feature >> (64 - self->table_log2);
	for (; self->table[slot]; slot = (slot + 1) & mask)
		if (self->strings[self->table[slot] - 1].feature == feature)
			return self->table[slot] - 1;
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 1 << 15;
		self->strings = mem_grow(self->strings, self->room, sizeof *self->strings);
	}
	self->strings[self->count] = (string){.feature = feature, .length = (uint32_t)length};
	self->table[slot] = (uint32_t)++self->count;
	return (uint32_t)self->count - 1;
}

unigrams *unigrams_new(void)
{
	unigrams *self = mem_alloc(sizeof *self);
	table_grow(self);
	return self;
}

void unigrams_free(unigrams **self_p)
{
	unigrams *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	free(self->strings);
	free(self->table);
	free(self->ends);
	free(self->words);
	free(self);
}

void unigrams_add(unigrams *self, const token *t, size_t count)
{
	size_t begin = 0;
	for (size_t i = 0; i < count; i++) {
		if (!t[i].wide || t[i].breaks == 2)
			begin = t[i].wide ? i : i + 1;
		if (!t[i].wide)
			continue;
		if (self->places == self->place_room) {
			self->place_room = self->place_room ? self->place_room * 2 : 1 << 16;
			self->ends = mem_grow(self->ends, self->place_room, WORD_TOKENS * sizeof *self->ends);
		}
		uint32_t *ends = self->ends + WORD_TOKENS * self->places++;
		for (size_t n = 1; n <= WORD_TOKENS; n++) {
			ends[n - 1] = i + 1 - begin >= n ? string_number(self, word_feature(t, i + 1 - n, n), n) : NOT_A_WORD;
			if (ends[n - 1] != NOT_A_WORD)
				self->strings[ends[n - 1]].count++;
		}
	}
}

/* Counts to weights: ln of the share of each string; what is too rare is no word any more. An ideograph always is. */
static void weights_set(unigrams *self, bool first)
{
	double total = 0;
	for (size_t i = 0; i < self->count; i++) {
		string *s = &self->strings[i];
		if (s->length > 1 && s->count < UNIGRAMS_TIMES)
			s->count = 0;
		if (first)
			s->count *= s->length;                   /* a long string stands for as many short ones */
		total += s->count;
	}
	for (size_t i = 0; i < self->count; i++) {
		string *s = &self->strings[i];
		s->weight = s->count > 0 ? log(s->count / total) : s->length > 1 ? -INFINITY : STRANGE;
		s->count = 0;
	}
}

/* The most probable cut of places [from, to), a row: counts its words. best[i], back[i]: of the row up to its place i. */
static void row_count(unigrams *self, size_t from, size_t to, double *best, uint8_t *back)
{
	best[0] = 0;
	for (size_t i = 1; i <= to - from; i++) {
		const uint32_t *ends = self->ends + WORD_TOKENS * (from + i - 1);
		best[i] = -INFINITY;
		for (size_t n = 1; n <= WORD_TOKENS && ends[n - 1] != NOT_A_WORD; n++) {
			double sum = best[i - n] + self->strings[ends[n - 1]].weight;
			if (sum > best[i]) {
				best[i] = sum;
				back[i] = (uint8_t)n;
			}
		}
	}
	for (size_t i = to - from; i > 0; i -= back[i])
		self->strings[self->ends[WORD_TOKENS * (from + i - 1) + back[i] - 1]].count++;
}

static int feature_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

void unigrams_learn(unigrams *self)
{
	double *best = mem_array(self->places + 1, sizeof *best);
	uint8_t *back = mem_array(self->places + 1, sizeof *back);
	weights_set(self, true);
	for (int round = 0; round < UNIGRAMS_ROUNDS; round++) {
		for (size_t from = 0, to; from < self->places; from = to) {
			for (to = from + 1; to < self->places && self->ends[WORD_TOKENS * to + 1] != NOT_A_WORD; to++)
				;
			row_count(self, from, to, best, back);
		}
		weights_set(self, false);
	}
	free(best);
	free(back);
	self->words = mem_array(self->count + 1, sizeof *self->words);
	for (size_t i = 0; i < self->count; i++)
		if (self->strings[i].length > 1 && isfinite(self->strings[i].weight))
			self->words[self->word_count++] = self->strings[i].feature;
	qsort(self->words, self->word_count, sizeof *self->words, feature_compare);
}

bool unigrams_knows(void *arg, uint64_t feature)
{
	const unigrams *self = arg;
	size_t mask = ((size_t)1 << self->table_log2) - 1, slot = feature >> (64 - self->table_log2);
	for (; self->table[slot]; slot = (slot + 1) & mask) {
		const string *s = &self->strings[self->table[slot] - 1];
		if (s->feature == feature)
			return s->length > 1 && isfinite(s->weight);
	}
	return false;
}

const uint64_t *unigrams_words(const unigrams *self, size_t *count)
{
	*count = self->word_count;
	return self->words;
}
