/* features.h - what the tagger sees of a sentence; shared by the trainer (cli/entities_learn.c) and the tagger, so that both see the same.
 *
 * A sentence is a row of characters between two boundary marks on either side; digits are one character, letters have lower case. A feature is a gram with a
 * place: the gram (two characters, a word's class ...) is looked up once and brings a row of weights for each place near it.
 *   characters   one, two, three in a row; two with one between
 *   sentence     every two characters in a row, wherever they stand: what the sentence is about tells a film from a game (only where something may begin)
 *   classes      of single characters (a kind such as digit or bracket, or the class that the model's word list gives it), two and three in a row
 *   words        of the model's word list (2 to TAGGER_WORD_MAX characters): the longest that begins, that ends, and that covers the place; length and class
 * and from version 3 on
 *   neighbours   a word of the list with the word before it and what begins behind it
 *   names        that the training texts have elsewhere: the longest that begins, ends, covers the place; length, type and how often; with the word there
 *   brackets     what stands before and behind a pair of brackets or quotes, for the ends of what is in it
 * Steps: sentence_fill, grams of characters (grams_walk), then the words that were found (sentence_word, sentence_name), then the other grams (classes_walk).
 * Pure; inline since it is the inner loop. */
#ifndef ENTITIES_FEATURES_H
#define ENTITIES_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "workers/entities/tagger.h"

#define TAGGER_FEATURES_VERSION 3        /* other rules, other features: part of the model file */
#define TAGGER_FEATURES_OLDEST 2         /* that this program still knows */
#define TAGGER_PAD 2                     /* boundary marks on either side */
#define TAGGER_ROOM (TAGGER_SENTENCE_MAX + 2 * TAGGER_PAD)
#define TAGGER_WORD_MAX 8                /* characters */
#define TAGGER_NAME_MAX 12               /* of a name of the training texts */
#define TAGGER_PLACES_MAX 6              /* rows of one gram */
#define CHARACTER_ROWS 5                 /* of one character, and of a pair of classes */
#define CLASS_PAIR_ROWS 4
#define TAGGER_BAG_ROW 4                 /* the row of a gram of two characters that belongs to the whole sentence */
#define TAGGER_BAG_NATS 2.0              /* what all these rows together may say for or against a type: a table of temperatures is one sentence of 500 characters */
#define TAGGER_BOUNDARY 1u               /* no character of a text is normalised to it */
#define TAGGER_CLASS_FIRST 16            /* classes of the word list; below are the kinds of characters */

enum character_kind { KIND_BOUNDARY = 1, KIND_DIGIT, KIND_LETTER, KIND_CAPITAL, KIND_HAN, KIND_OPEN, KIND_CLOSE, KIND_STOP, KIND_DOT, KIND_DASH, KIND_SPACE,
		      KIND_FOREIGN, KIND_OTHER };

/* Longest word at a place: length << 8 | class; 0: none. */
typedef uint16_t sentence_mark;

/* Class of a name of the training texts: how often << NAME_TYPE_BITS | type + 1. */
#define NAME_TYPE_BITS 6
enum name_times { NAME_ONCE, NAME_TWICE, NAME_OFTEN, NAME_MIXED };       /* in 1, 2 or 3, more places; of several types */
#define NAME_OFTEN_FROM 4

typedef struct sentence {
	size_t count;                    /* characters, without the boundary marks */
	unsigned features;               /* version: which grams the walks give */
	uint32_t at[TAGGER_ROOM];        /* normalised; at[TAGGER_PAD] is the first */
	uint8_t kind[TAGGER_ROOM];       /* class of the single character */
	sentence_mark begins[TAGGER_ROOM], ends[TAGGER_ROOM], covers[TAGGER_ROOM];
	sentence_mark name_begins[TAGGER_ROOM], name_ends[TAGGER_ROOM], name_covers[TAGGER_ROOM];
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

/* The boundary marks of a sentence of `count` characters, which are in `at` and `kind`; no words yet. */
static inline void sentence_frame(sentence *self, unsigned features, size_t count)
{
	self->features = features;
	self->count = count;
	for (size_t i = 0; i < TAGGER_PAD; i++) {
		self->at[i] = self->at[TAGGER_PAD + count + i] = TAGGER_BOUNDARY;
		self->kind[i] = self->kind[TAGGER_PAD + count + i] = KIND_BOUNDARY;
	}
	memset(self->begins, 0, (count + 2 * TAGGER_PAD) * sizeof *self->begins);
	memset(self->ends, 0, (count + 2 * TAGGER_PAD) * sizeof *self->ends);
	memset(self->covers, 0, (count + 2 * TAGGER_PAD) * sizeof *self->covers);
	if (features < 3)
		return;
	memset(self->name_begins, 0, (count + 2 * TAGGER_PAD) * sizeof *self->name_begins);
	memset(self->name_ends, 0, (count + 2 * TAGGER_PAD) * sizeof *self->name_ends);
	memset(self->name_covers, 0, (count + 2 * TAGGER_PAD) * sizeof *self->name_covers);
}

/* `count` <= TAGGER_SENTENCE_MAX. */
static inline void sentence_fill(sentence *self, unsigned features, const uint32_t *characters, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		self->at[TAGGER_PAD + i] = character_normal(characters[i]);
		self->kind[TAGGER_PAD + i] = character_kind(characters[i]);
	}
	sentence_frame(self, features, count);
}

static inline void mark_longest(sentence_mark *at, sentence_mark mark)
{
	if (*at < mark)
		*at = mark;
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
	mark_longest(&self->begins[from], mark);
	mark_longest(&self->ends[last], mark);
	for (size_t i = from + 1; i < last; i++)
		mark_longest(&self->covers[i], mark);
}

/* The same for a name of the training texts, of two to TAGGER_NAME_MAX characters. */
static inline void sentence_name(sentence *self, size_t from, size_t length, uint8_t class)
{
	sentence_mark mark = (sentence_mark)(length << 8 | class);
	size_t last = from + length - 1;
	mark_longest(&self->name_begins[from], mark);
	mark_longest(&self->name_ends[last], mark);
	for (size_t i = from + 1; i < last; i++)
		mark_longest(&self->name_covers[i], mark);
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
#define GRAM_NEIGHBOURS 0x9FB21C651E98DF25ull
#define GRAM_NAMES 0xC2B2AE3D27D4EB4Full
#define GRAM_BRACKETS 0x27D4EB2F165667C5ull

/* The hash under which the word list has a word: that of its characters, normalised. */
static inline uint64_t word_hash(const uint32_t *normal, size_t length)
{
	uint64_t h = GRAM_SEED;
	for (size_t i = 0; i < length; i++)
		h = gram_longer(h, normal[i]);
	return h;
}

/* What there are so few of that whoever looks them up again and again may keep a table of them: by gram.key, below the number of the group. */
enum gram_group { GRAM_OF_MANY, GRAM_CHARACTER, GRAM_CLASS_PAIR, GRAM_WORD_BEGINS, GRAM_WORD_ENDS, GRAM_WORD_COVERS };
#define GRAM_CLASS_PAIRS 65536u
#define GRAM_MARKS ((TAGGER_WORD_MAX + 1u) << 8)

typedef struct gram {
	uint64_t hash;
	ptrdiff_t place;                 /* row j belongs to at[place + j]; places outside of the sentence count for nothing */
	unsigned rows;                   /* at most; 0: it may be a word, and has none */
	unsigned length;                 /* of a gram of characters in a row: it begins at gram_begin and may be a word of the list; 0: it is something else */
	enum gram_group group;
	uint32_t key;                    /* in its group: the normalised character, two classes, a mark */
	bool absent;                     /* there is no such gram at this place (told so, and not by a jump) */
} gram;

/* Takes one gram.
 * The last row of a gram of two characters (TAGGER_BAG_ROW) belongs to all places: the sum of these rows over the sentence, divided by bag_divisor. */
typedef void (*gram_each)(void *arg, gram g);

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
		each(arg, (gram){.hash = h, .place = p - 2, .rows = CHARACTER_ROWS, .length = 1, .group = GRAM_CHARACTER, .key = at[i]});
		if (i + 1 >= end)
			continue;
		h = gram_longer(h, at[i + 1]);
		each(arg, (gram){.hash = h, .place = p - 1, .rows = TAGGER_BAG_ROW + 1, .length = 2});
		if (i + 2 >= end)
			continue;
		each(arg, (gram){.hash = gram_longer(gram_longer(GRAM_SKIP, at[i]), at[i + 2]), .place = p, .rows = 3});
		h = gram_longer(h, at[i + 2]);
		each(arg, (gram){.hash = h, .place = p - 1, .rows = 5, .length = 3});
		if (i + 3 >= end)
			continue;
		h = gram_longer(h, at[i + 3]);
		each(arg, (gram){.hash = h, .place = p - 1, .rows = 0, .length = 4});                /* no rows: learnt by heart, they cost more than they bring; but it may be a word */
	}
}

static inline uint64_t gram_pair(uint64_t space, uint64_t a, uint64_t b)
{
	return gram_longer(gram_longer(space, a), b);
}

#define NEIGHBOUR_KIND 0x8000u           /* no word stands there: the character's kind */
#define NEIGHBOUR_CLASS 0x80FFu          /* without the length */

/* The word that ends at i with its neighbours, for its last places and its first. */
static inline __attribute__((always_inline)) void neighbours_walk(const sentence *self, size_t i, gram_each each, void *arg)
{
	sentence_mark word = self->ends[i];
	size_t before_at = i - (word >> 8);
	uint32_t before = self->ends[before_at] ? self->ends[before_at] : NEIGHBOUR_KIND | self->kind[before_at];
	uint32_t behind = self->begins[i + 1] ? self->begins[i + 1] : NEIGHBOUR_KIND | self->kind[i + 1];
	uint64_t two = gram_pair(GRAM_NEIGHBOURS, word, before);
	uint64_t three = gram_longer(gram_pair(GRAM_NEIGHBOURS + 1, word & 255u, before & NEIGHBOUR_CLASS), behind & NEIGHBOUR_CLASS);
	each(arg, (gram){.hash = two, .place = (ptrdiff_t)i - 1, .rows = 4});
	each(arg, (gram){.hash = three, .place = (ptrdiff_t)i - 1, .rows = 4});
	each(arg, (gram){.hash = gram_longer(two, 1), .place = (ptrdiff_t)before_at, .rows = 3});
	each(arg, (gram){.hash = gram_longer(three, 1), .place = (ptrdiff_t)before_at, .rows = 3});
}

/* A name's mark at its begin or end, alone and with the word of the list there. */
static inline __attribute__((always_inline)) void name_walk(uint64_t space, sentence_mark name, sentence_mark word, ptrdiff_t place, gram_each each, void *arg)
{
	each(arg, (gram){.hash = gram_longer(space, name), .place = place - 1, .rows = 3});
	each(arg, (gram){.hash = gram_longer(space, name & 255u), .place = place - 1, .rows = 3});
	if (word)
		each(arg, (gram){.hash = gram_pair(space, name, word), .place = place - 1, .rows = 3});
}

/* What stands between the brackets at `open` and `close`. */
static inline __attribute__((always_inline)) void bracket_walk(const sentence *self, size_t open, size_t close, gram_each each, void *arg)
{
	const uint32_t *at = self->at;
	ptrdiff_t first = (ptrdiff_t)open + 1, last = (ptrdiff_t)close - 1;
	size_t length = close - open - 1;
	uint64_t h = gram_longer(GRAM_BRACKETS, at[open]);
	if (!length)
		return;
	length = length < 15 ? length : 15;
	each(arg, (gram){.hash = gram_pair(h, 1, length), .place = first, .rows = 1});
	each(arg, (gram){.hash = gram_pair(h, 2, length), .place = last, .rows = 1});
	each(arg, (gram){.hash = gram_longer(h, 3), .place = first, .rows = 1});
	each(arg, (gram){.hash = gram_longer(h, 4), .place = last, .rows = 1});
	for (ptrdiff_t i = first + 1; i < last; i++)
		each(arg, (gram){.hash = gram_longer(h, 5), .place = i, .rows = 1});
	each(arg, (gram){.hash = gram_pair(h, 6, at[open - 1]), .place = first, .rows = 1});
	each(arg, (gram){.hash = gram_longer(gram_pair(h, 7, at[open - 1]), at[open - 2]), .place = first, .rows = 1});
	each(arg, (gram){.hash = gram_pair(h, 8, at[close + 1]), .place = first, .rows = 1});
	each(arg, (gram){.hash = gram_longer(gram_pair(h, 9, at[close + 1]), at[close + 2]), .place = first, .rows = 1});
	each(arg, (gram){.hash = gram_pair(h, 10, at[open - 1]), .place = last, .rows = 1});
	each(arg, (gram){.hash = gram_pair(h, 11, at[close + 1]), .place = last, .rows = 1});
	each(arg, (gram){.hash = gram_pair(h, 12, self->ends[open - 1]), .place = first, .rows = 1});
	each(arg, (gram){.hash = gram_pair(h, 13, self->begins[close + 1]), .place = first, .rows = 1});
}

/* The grams from version 3 on. A bracket ends at the first that closes, whatever kind it is; straight quotes do not tell which they are. */
static inline __attribute__((always_inline)) void company_walk(const sentence *self, gram_each each, void *arg)
{
	size_t open = 0;
	for (size_t i = TAGGER_PAD; i < TAGGER_PAD + self->count; i++) {
		if (self->ends[i])
			neighbours_walk(self, i, each, arg);
		if (self->name_begins[i])
			name_walk(GRAM_NAMES, self->name_begins[i], self->begins[i], (ptrdiff_t)i, each, arg);
		if (self->name_ends[i])
			name_walk(GRAM_NAMES + 1, self->name_ends[i], self->ends[i], (ptrdiff_t)i, each, arg);
		if (self->name_covers[i])
			each(arg, (gram){.hash = gram_longer(GRAM_NAMES + 2, self->name_covers[i]), .place = (ptrdiff_t)i, .rows = 1});
		if (self->kind[i] == KIND_OPEN && self->at[i] != '"') {
			open = i;
		} else if (open && self->kind[i] == KIND_CLOSE) {
			bracket_walk(self, open, i, each, arg);
			open = 0;
		}
	}
}

/* Only the last 3 steps of two hashes are new at each place; marks are told by `absent`, since no processor foresees where words begin. */
static inline __attribute__((always_inline)) void classes_walk(const sentence *self, gram_each each, void *arg)
{
	size_t end = self->count + 2 * TAGGER_PAD;
	uint64_t before = gram_pair(GRAM_CLASSES, self->kind[0], self->kind[1]);
	for (size_t i = 1; i + 1 < end; i++) {
		ptrdiff_t p = (ptrdiff_t)i;
		uint64_t two = gram_pair(GRAM_CLASSES, self->kind[i], self->kind[i + 1]);
		uint32_t pair = (uint32_t)self->kind[i] << 8 | self->kind[i + 1];
		sentence_mark begins = self->begins[i], ends = self->ends[i], covers = self->covers[i], next = self->begins[i + 1];
		each(arg, (gram){.hash = two, .place = p - 1, .rows = CLASS_PAIR_ROWS, .group = GRAM_CLASS_PAIR, .key = pair});
		each(arg, (gram){.hash = gram_longer(before, 256u + self->kind[i + 1]), .place = p - 1, .rows = 3});
		each(arg, (gram){.hash = gram_longer(GRAM_BEGINS, begins), .place = p - 2, .rows = 5, .group = GRAM_WORD_BEGINS, .key = begins, .absent = !begins});
		each(arg, (gram){.hash = gram_longer(GRAM_ENDS, ends), .place = p - 2, .rows = 5, .group = GRAM_WORD_ENDS, .key = ends, .absent = !ends});
		each(arg, (gram){.hash = gram_longer(GRAM_COVERS, covers), .place = p, .rows = 1, .group = GRAM_WORD_COVERS, .key = covers, .absent = !covers});
		each(arg, (gram){.hash = gram_longer(GRAM_MEETS, (uint64_t)ends << 16 | next), .place = p - 1, .rows = 4, .absent = !(ends | next)});
		before = two;
	}
	if (self->features >= 3)
		company_walk(self, each, arg);
}

#endif
