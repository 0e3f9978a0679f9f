/* scorer_parts.h - what scorer.c and evidence.c share: the counted features of the text judged last. Nobody else includes it. */
#ifndef CLASSIFY_SCORER_PARTS_H
#define CLASSIFY_SCORER_PARTS_H

#include "workers/classify/features.h"
#include "workers/classify/scorer.h"
#include "workers/classify/sieve.h"
#include "workers/classify/words.h"

typedef struct found_feature {
	uint32_t feature;
	uint32_t times;              /* zone-weighted count */
	float weight;                /* damping[times] * rarity, in steps of rarity */
} found_feature;

/* A place where a known gram stands. The text is walked once; everything after works on these. */
typedef struct hit {
	uint32_t feature;
	uint32_t first;              /* token */
} hit;

/* The places of grams of one length, in the order of the text. */
typedef struct hits {
	hit *at;
	size_t count;
} hits;

/* All places, in lists by kind and length: grams of 1 to FEATURE_GRAM tokens, words of 1 to WORD_TOKENS, pairs of words of 2 to WORD_PLACES. */
#define LISTS_GRAMS FEATURE_GRAM
#define LISTS_WORDS (LISTS_GRAMS + WORD_TOKENS)
#define LISTS (LISTS_WORDS + WORD_PLACES - 1)

static inline size_t list_length(size_t list)
{
	return list < LISTS_GRAMS ? list + 1 : list < LISTS_WORDS ? list - LISTS_GRAMS + 1 : list - LISTS_WORDS + 2;
}

typedef struct places {
	hits of[LISTS];
	hit *block;
	size_t room;                 /* hits a list */
} places;

/* The known features of one vector, in order of first occurrence. */
typedef struct found {
	found_feature *at;
	size_t count, room;
	double scale;                /* share / length */
} found;

/* A run of tokens that marked features cover without a gap. */
typedef struct evidence_run {
	uint64_t words;              /* hash of the token values: equal runs are one term */
	uint32_t first, length;      /* tokens */
	double push;
} evidence_run;

/* What marked features push a token towards the label. */
typedef struct token_push {
	float push;
	uint8_t covered, joined;     /* joined: one gram covers this token and the one before */
} token_push;

struct scorer {
	const model *model;
	float damping[SCORER_TIMES_MAX];
	uint32_t zone_times[3];
	tokens tokens;
	size_t lists;                /* of places that the model has features for */
	sieve sieve;
	sieve_candidate *candidates; /* scratch of grams_find: room for the tokens of a text */
	size_t candidate_room;
	places text_places, title_places;
	double title_part[MODEL_COMPONENTS_MAX]; /* what the title alone adds to each component */
	found text, title, part;     /* part: scratch for one section */
	mr_bytes source_title, source_body;
	uint16_t *times;             /* a feature: count while walking; all 0 between */
	uint8_t *mark;               /* a feature: 1 + index of a strong one, where `marked` says so */
	uint64_t *marked;            /* a feature: a bit; all 0 between */
	token_push *pushes;
	size_t push_room;
	evidence_run *runs;
	size_t run_count, run_room;
};

static inline double found_contribution(const scorer *self, const found *part, const found_feature *f, uint32_t component)
{
	const uint16_t *cell = model_cell(self->model, f->feature);
	return (double)f->weight * part->scale * (int16_t)cell[1 + component] * self->model->head.components[component].weight_step;
}

#endif
