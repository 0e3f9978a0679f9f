/* features.h - what the tagger sees of a sentence; shared by the trainer (cli/entities_learn.c) and the tagger, so that both see the same.
 *
 * A sentence is a row of characters between two boundary marks on either side; digits are one character, letters have lower case. A feature is a gram with a
 * place: the gram (two characters, a word's class ...) is looked up once and brings a row of weights for each place near it.
 *   characters   one, two, three in a row; two with one between
 *   sentence     every two characters in a row, wherever they stand: what the sentence is about tells a film from a game (only where something may begin)
 *   classes      of single characters (a kind such as digit or bracket, or the class that the model's word list gives it), two and three in a row
 *   words        of the model's word list (2 to TAGGER_WORD_MAX characters): the longest that begins, that ends, and that covers the place; length and class
 * Steps: sentence_fill, grams of characters (grams_walk), then the words that were found (sentence_word), then grams of classes and words (classes_walk).
 * Pure; inline since it is the inner loop. */
#ifndef ENTITIES_FEATURES_H
#define ENTITIES_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "workers/entities/tagger.h"

#define TAGGER_FEATURES_VERSION 2        /* other rules, other features: part of the model file */
#define TAGGER_PAD 2                     /* boundary marks on either side */
#define TAGGER_ROOM (TAGGER_SENTENCE_MAX + 2 * TAGGER_PAD)
#define TAGGER_WORD_MAX 8                /* characters */
#define TAGGER_PLACES_MAX 6              /* rows of one gram */
#define TAGGER_BAG_ROW 4                 /* the row of a gram of two characters that belongs to the whole sentence */
#define TAGGER_BAG_NATS 2.0              /* what all these rows together may say for or against a type: a table of temperatures is one sentence of 500 characters */
#define TAGGER_BOUNDARY 1u               /* no character of a text is normalised to it */
#define TAGGER_CLASS_FIRST 16            /* classes of the word list; below are the kinds of characters */

enum character_kind { KIND_BOUNDARY = 1, KIND_DIGIT, KIND_LETTER, KIND_CAPITAL, KIND_HAN, KIND_OPEN, KIND_CLOSE, KIND_STOP, KIND_DOT, KIND_DASH, KIND_SPACE,
		      KIND_FOREIGN, KIND_OTHER };

/* Longest word at a place: length << 8 | class; 0: none. */
typedef uint16_t sentence_mark;

typedef struct sentence {
	size_t count;                    /* characters, without the boundary marks */
	uint32_t at[TAGGER_ROOM];        /* normalised; at[TAGGER_PAD] is the first */
	uint8_t kind[TAGGER_ROOM];       /* class of the single character */
	sentence_mark begins[TAGGER_ROOM], ends[TAGGER_ROOM], covers[TAGGER_ROOM];
} sentence;

static inline uint32_t character_normal(uint32_t c)
{
	if (c < 0x80) {
		if (c >= '0' && c <= '9')
			return '0';
		if (c >= 'A' && c <= 'Z')
			return c + 32;
		return c > ' ' ? c : ' ';
	}
	return c == 0xA0 || c == 0x3000 ? ' ' : c;
}

static inline uint8_t character_kind(uint32_t c)
{
	if (c >= 0x4E00 && c <= 0x9FFF)
		return KIND_HAN;
	if (c < 0x80) {
		if (c >= '0' && c <= '9')
			return KIND_DIGIT;
		if (c >= 'A' && c <= 'Z')
			return KIND_CAPITAL;
		if (c >= 'a' && c <= 'z')
			return KIND_LETTER;
		if (c == '(' || c == '<' || c == '[' || c == '"')
			return KIND_OPEN;
		if (c == ')' || c == '>' || c == ']')
			return KIND_CLOSE;
		if (c == ',' || c == ';' || c == ':' || c == '!' || c == '?' || c == '.')
			return KIND_STOP;
		return c <= ' ' ? KIND_SPACE : c == '-' ? KIND_DASH : KIND_OTHER;
	}
	switch (c) {
	case 0x300A: case 0x3008: case 0x201C: case 0x2018: case 0x300C: case 0x300E: case 0x3010:
		return KIND_OPEN;
	case 0x300B: case 0x3009: case 0x201D: case 0x2019: case 0x300D: case 0x300F: case 0x3011:
		return KIND_CLOSE;
	case 0x3001: case 0x3002:
		return KIND_STOP;
	case 0xB7: case 0x2022: case 0x30FB:
		return KIND_DOT;
	case 0x2014: case 0x2013: case 0x2015: case 0x2500:
		return KIND_DASH;
	case 0xA0: case 0x3000:
		return KIND_SPACE;
	default:
		return c < 0x2000 ? KIND_LETTER : c >= 0x3040 && c < 0x3100 ? KIND_FOREIGN : KIND_OTHER;
	}
}

static inline bool character_ends_sentence(uint32_t c)
{
	return c == '\n' || c == '\r' || c == '!' || c == '?' || c == ';' || c == 0x3002 || c == 0x2028 || c == 0x2029;
}

/* Where the sentence that begins at `from` < count ends: behind its last character. */
static inline size_t sentence_end(const uint32_t *characters, size_t count, size_t from)
{
	size_t most = count - from < TAGGER_SENTENCE_MAX ? count : from + TAGGER_SENTENCE_MAX;
	while (from < most && !character_ends_sentence(characters[from]))
		from++;
	return from < most ? from + 1 : most;
}

/* `count` <= TAGGER_SENTENCE_MAX. */
static inline void sentence_fill(sentence *self, const uint32_t *characters, size_t count)
{
	self->count = count;
	for (size_t i = 0; i < count; i++) {
		self->at[TAGGER_PAD + i] = character_normal(characters[i]);
		self->kind[TAGGER_PAD + i] = character_kind(characters[i]);
	}
	for (size_t i = 0; i < TAGGER_PAD; i++) {
		self->at[i] = self->at[TAGGER_PAD + count + i] = TAGGER_BOUNDARY;
		self->kind[i] = self->kind[TAGGER_PAD + count + i] = KIND_BOUNDARY;
	}
	memset(self->begins, 0, (count + 2 * TAGGER_PAD) * sizeof *self->begins);
	memset(self->ends, 0, (count + 2 * TAGGER_PAD) * sizeof *self->ends);
	memset(self->covers, 0, (count + 2 * TAGGER_PAD) * sizeof *self->covers);
}

/* A word of the list stands at at[from, from + length). Words may come in any order. */
static inline void sentence_word(sentence *self, size_t from, size_t length, uint8_t class)
{
	if (length == 1) {
		self->kind[from] = class;
		return;
	}
	sentence_mark mark = (sentence_mark)(length << 8 | class);
	size_t last = from + length - 1;
	if (self->begins[from] < mark)
		self->begins[from] = mark;
	if (self->ends[last] < mark)
		self->ends[last] = mark;
	for (size_t i = from + 1; i < last; i++)
		if (self->covers[i] < mark)
			self->covers[i] = mark;
}

/* The gram of hash h, one character longer. Multiply-and-fold, the mixer of wyhash. */
static inline uint64_t gram_longer(uint64_t h, uint64_t value)
{
	__extension__ typedef unsigned __int128 wide;
	wide m = (wide)(h ^ value) * 0xE7037ED1A0B428DBull;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

#define GRAM_SEED 0x9E3779B97F4A7C15ull  /* 2^64 / golden ratio */
#define GRAM_SKIP 0xD1B54A32D192ED03ull  /* name spaces of the other kinds */
#define GRAM_CLASSES 0x8CB92BA72F3D8DD7ull
#define GRAM_BEGINS 0xABC98388FB8FAC03ull
#define GRAM_ENDS 0x2D358DCCAA6C78A5ull
#define GRAM_COVERS 0x4B33A62ED433D4A3ull
#define GRAM_MEETS 0x8BB84B93962EACC9ull

/* The hash under which the word list has a word: that of its characters, normalised. */
static inline uint64_t word_hash(const uint32_t *normal, size_t length)
{
	uint64_t h = GRAM_SEED;
	for (size_t i = 0; i < length; i++)
		h = gram_longer(h, normal[i]);
	return h;
}

/* Calls each(arg, hash, place, rows, length): row j of the gram belongs to at[place + j]; places outside of the sentence count for nothing. A gram of `length`
 * characters in a row (0: it is something else) begins at gram_begin and may be a word of the list.
 * The last row of a gram of two characters (TAGGER_BAG_ROW) belongs to all places: the sum of these rows over the sentence, divided by bag_divisor. */
typedef void (*gram_each)(void *arg, uint64_t hash, ptrdiff_t place, unsigned rows, unsigned length);

/* The root of the number of characters, rounded up, at least 8: a long sentence does not shout. */
static inline int bag_divisor(size_t count)
{
	int divisor = 8;
	while ((size_t)divisor * (size_t)divisor < count)
		divisor++;
	return divisor;
}

static inline ptrdiff_t gram_begin(ptrdiff_t place, unsigned length)
{
	return place + (length == 1 ? 2 : 1);
}

static inline __attribute__((always_inline)) void grams_walk(const sentence *self, gram_each each, void *arg)
{
	const uint32_t *at = self->at;
	size_t end = self->count + 2 * TAGGER_PAD;
	for (size_t i = 0; i < end; i++) {
		ptrdiff_t p = (ptrdiff_t)i;
		uint64_t h = gram_longer(GRAM_SEED, at[i]);
		each(arg, h, p - 2, 5, 1);
		if (i + 1 >= end)
			continue;
		h = gram_longer(h, at[i + 1]);
		each(arg, h, p - 1, TAGGER_BAG_ROW + 1, 2);
		if (i + 2 >= end)
			continue;
		each(arg, gram_longer(gram_longer(GRAM_SKIP, at[i]), at[i + 2]), p, 3, 0);
		h = gram_longer(h, at[i + 2]);
		each(arg, h, p - 1, 5, 3);
		if (i + 3 >= end)
			continue;
		h = gram_longer(h, at[i + 3]);
		each(arg, h, p - 1, 0, 4);                /* no rows: learnt by heart, they cost more than they bring; but it may be a word */
	}
}

static inline __attribute__((always_inline)) void classes_walk(const sentence *self, gram_each each, void *arg)
{
	size_t end = self->count + 2 * TAGGER_PAD;
	for (size_t i = 1; i + 1 < end; i++) {
		ptrdiff_t p = (ptrdiff_t)i;
		uint64_t two = gram_longer(gram_longer(GRAM_CLASSES, self->kind[i]), self->kind[i + 1]);
		each(arg, two, p - 1, 4, 0);
		each(arg, gram_longer(gram_longer(gram_longer(GRAM_CLASSES, self->kind[i - 1]), self->kind[i]), 256u + self->kind[i + 1]), p - 1, 3, 0);
		if (self->begins[i])
			each(arg, gram_longer(GRAM_BEGINS, self->begins[i]), p - 2, 5, 0);
		if (self->ends[i])
			each(arg, gram_longer(GRAM_ENDS, self->ends[i]), p - 2, 5, 0);
		if (self->covers[i])
			each(arg, gram_longer(GRAM_COVERS, self->covers[i]), p, 1, 0);
		if (self->ends[i] | self->begins[i + 1])
			each(arg, gram_longer(GRAM_MEETS, (uint64_t)self->ends[i] << 16 | self->begins[i + 1]), p - 1, 4, 0);
	}
}

#endif
