/* tagger_known.h - what a model says of the grams there are few of, looked up once each and kept: single characters, pairs of classes, the marks of words.
 *
 * Half of what a place asks the model for are such grams, and of a few thousand of them nearly all text is made: a table by number costs one read where the buckets of
 * the model cost a hash, a search and a second read. Filled while texts are read, so a new one costs nothing but zeroed pages. Says the same as
 * tagger_model_find and features.h, in any order of questions. Borrows the model. Inline since it is the inner loop. One thread. */
#ifndef ENTITIES_TAGGER_KNOWN_H
#define ENTITIES_TAGGER_KNOWN_H

#include "workers/entities/features.h"

#define KNOWN_PLANE 65536u               /* characters beyond it are looked up each time */

typedef struct known_gram {
	uint32_t row;                    /* its first row */
	uint8_t places;                  /* a bit a place that it has a row for; 0: the model has nothing to say */
	bool known;
} known_gram;

typedef struct known_character {
	uint32_t row;
	uint8_t places;                  /* as above, and: */
	uint8_t kind;                    /* features.h, or the class of the model's word list */
	uint16_t normal;
} known_character;

#define KNOWN_PLACES 0x1Fu               /* of known_character.places: five rows of a character */
#define KNOWN_ENDS_SENTENCE 0x40u
#define KNOWN 0x80u

typedef struct tagger_known {
	const tagger_model *model;
	known_gram boundary;
	known_character characters[KNOWN_PLANE];
	known_gram pairs[GRAM_CLASS_PAIRS], begins[GRAM_MARKS], ends[GRAM_MARKS], covers[GRAM_MARKS];
} tagger_known;

/* A strange gram may have the same tag: not its rows beyond ours. */
static inline uint8_t gram_places(uint8_t places, unsigned rows)
{
	return (uint8_t)(places & ((1u << rows) - 1));
}

/* Asks the model. `rows` as in features.h. */
known_gram known_gram_find(const tagger_known *self, uint64_t hash, unsigned rows);
known_character known_character_find(const tagger_known *self, uint32_t c);
/* `self` is zeroed memory. */
void tagger_known_begin(tagger_known *self, const tagger_model *model);

/* A character as the text has it. Beyond the plane `normal` is of no use: such a character is normalised already. */
static inline known_character known_character_get(tagger_known *self, uint32_t c)
{
	if (c >= KNOWN_PLANE)
		return known_character_find(self, c);
	if (!(self->characters[c].places & KNOWN))
		self->characters[c] = known_character_find(self, c);
	return self->characters[c];
}

/* A gram of one of the groups but characters and GRAM_OF_MANY. */
static inline known_gram known_gram_get(tagger_known *self, const gram *g)
{
	known_gram *table = g->group == GRAM_CLASS_PAIR ? self->pairs : g->group == GRAM_WORD_BEGINS ? self->begins : g->group == GRAM_WORD_ENDS ? self->ends : self->covers;
	if (!table[g->key].known)
		table[g->key] = g->absent ? (known_gram){.known = true} : known_gram_find(self, g->hash, g->rows);
	return table[g->key];
}

#endif
