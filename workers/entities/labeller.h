/* labeller.h - the best labels of one sentence: rows of weights are added up place by place, and Viterbi finds the labels with the highest sum.
 *
 * Knows labels and places, nothing of characters and grams but that no name goes over a comma. Integer arithmetic: the same labels on every machine, whichever
 * instructions it has. Borrows the model; owns its arrays, which are used again for the next sentence. One thread. */
#ifndef ENTITIES_LABELLER_H
#define ENTITIES_LABELLER_H

#include "workers/entities/tagger.h"

/* At a place: 45, of names 19, neighbours 8 and 6 for each length of a word, brackets 13; their sum must fit into 16 bits. */
#define LABELLER_ROWS_MOST 136
#define LABELLER_ROWS 5                  /* of one hit */
#define LABELLER_MARGIN 8                /* places before and behind the sentence that hits may have; nobody reads what they bring there */

/* Rows of weights that a gram brings: bit j of `places` (below LABELLER_ROWS, not 0) has a row for place + j of the sentence. */
typedef struct labeller_hit {
	uint32_t row;                    /* of the lowest bit, bytes from the model's rows; the others follow */
	int16_t place;                   /* -LABELLER_MARGIN to count + LABELLER_MARGIN - LABELLER_ROWS */
	uint8_t places;
} labeller_hit;

/* A sentence with its TAGGER_PAD boundary marks, and all rows that its grams bring. */
typedef struct labeller_input {
	const uint32_t *at;              /* characters, normalised, without the marks */
	size_t count;                    /* of them: 1 to TAGGER_SENTENCE_MAX */
	const int8_t *known;             /* what the next two count from */
	const uint32_t *characters;      /* rows of each character, with the marks: CHARACTER_ROWS, for the places from two before it on */
	const uint32_t *pairs;           /* rows of the pair of classes that begins there: CLASS_PAIR_ROWS, for the places from one before it on */
	const labeller_hit *hits;        /* of all other grams */
	size_t hit_count;
	const uint32_t *bag;             /* rows that belong to the whole sentence, bytes from the model's rows */
	size_t bag_count;
} labeller_input;

typedef struct labeller labeller;

labeller *labeller_new(const tagger_model *model);
void labeller_free(labeller **self_p);

/* How the sums are worked out: for any number of types, with vectors for four, with those of AVX2. labeller_new takes the last that model and processor allow. */
enum labeller_way { LABELLER_ANY, LABELLER_FOUR, LABELLER_AVX2, LABELLER_WAYS };
/* Takes another one, for tests: the labels do not depend on it. False: it is not to be had. */
bool labeller_take(labeller *self, enum labeller_way way) MR_MUST_USE;

/* Labels of the sentence's characters; borrowed until the next call. */
const uint8_t *labeller_read(labeller *self, const labeller_input *in);
/* In units of the model: the path of the last call through [begin, end), a span of it, against the same path with nothing in its place. */
int64_t labeller_margin(const labeller *self, size_t begin, size_t end);

#endif
