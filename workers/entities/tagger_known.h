/* tagger_known.h - what a model says of the grams there are few of, looked up once each and kept: single characters, pairs of classes, the marks of words.
 *
 * Half of what a place asks the model for are such grams, and of a few thousand of them nearly all text is made: a table by number costs one read where the buckets of
 * the model cost a hash, a search and a second read. Every place has a character and a pair of classes, so their rows are copied, each where its place is, zeros where
 * the model has none: whoever adds them up need not ask which there are. Filled while texts are read, so a new one costs nothing but zeroed pages. Says the same as
 * tagger_model_find and features.h, in any order of questions. Borrows the model. Inline since it is the inner loop. One thread. */
#ifndef ENTITIES_TAGGER_KNOWN_H
#define ENTITIES_TAGGER_KNOWN_H

#include "workers/entities/features.h"

#define KNOWN_PLANE 65536u               /* characters beyond it are looked up each time */
#define KNOWN_NO_ROWS 0u                 /* where the copies begin there are only zeros */

/* Rows where they are in the model. */
typedef struct known_gram {
	uint32_t row;                    /* the first */
	uint8_t places;                  /* a bit a place that it has a row for; 0: the model has nothing to say */
	bool known;
} known_gram;

typedef struct known_character {
	uint32_t rows;                   /* CHARACTER_ROWS copies: bytes from tagger_known.rows */
	uint16_t normal;
	uint8_t kind;                    /* features.h, or the class of the model's word list */
	bool known : 1, ends_sentence : 1;
} known_character;

typedef struct tagger_known {
	const tagger_model *model;
	int8_t *rows;                    /* the copies; moves when a new gram comes */
	size_t used, room;               /* bytes */
	uint32_t boundary;               /* rows of the boundary mark */
	known_character characters[KNOWN_PLANE];
	uint32_t pairs[GRAM_CLASS_PAIRS];        /* CLASS_PAIR_ROWS copies each, + 1; 0: not asked for yet */
	known_gram begins[GRAM_MARKS], ends[GRAM_MARKS], covers[GRAM_MARKS];
} tagger_known;

/* `self` is zeroed memory. */
void tagger_known_begin(tagger_known *self, const tagger_model *model);
void tagger_known_end(tagger_known *self);

/* These ask the model. */
known_gram known_gram_find(const tagger_known *self, uint64_t hash, unsigned rows);
uint32_t known_rows_copy(tagger_known *self, uint64_t hash, unsigned rows);
known_character known_character_find(tagger_known *self, uint32_t c);

/* A strange gram may have the same tag: not its rows beyond ours. */
static inline uint8_t gram_places(uint8_t places, unsigned rows)
{
	return (uint8_t)(places & ((1u << rows) - 1));
}

/* A character of the plane as the text has it. */
static inline known_character known_character_get(tagger_known *self, uint32_t c)
{
	if (!self->characters[c].known)
		self->characters[c] = known_character_find(self, c);
	return self->characters[c];
}

static inline uint32_t known_pair_get(tagger_known *self, const gram *g)
{
	if (!self->pairs[g->key])
		self->pairs[g->key] = known_rows_copy(self, g->hash, g->rows) + 1;
	return self->pairs[g->key] - 1;
}

/* The mark of a word. */
static inline known_gram known_mark_get(tagger_known *self, const gram *g)
{
	known_gram *table = g->group == GRAM_WORD_BEGINS ? self->begins : g->group == GRAM_WORD_ENDS ? self->ends : self->covers;
	if (!table[g->key].known)
		table[g->key] = g->absent ? (known_gram){.known = true} : known_gram_find(self, g->hash, g->rows);
	return table[g->key];
}

#endif
