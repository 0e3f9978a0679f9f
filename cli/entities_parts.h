/* entities_parts.h - what a fit is made of; shared by entities_corpus.c (sentences and the numbers of their grams), entities_learn.c (weights) and entities_write.c
 * (the model file); names in entities_names.c. */
#ifndef CLI_ENTITIES_PARTS_H
#define CLI_ENTITIES_PARTS_H

#include "cli/entities_learn.h"
#include "workers/entities/features.h"
#include "workers/entities/labels.h"

/* A sentence as the tagger cuts it. */
typedef struct learn_sentence {
	uint32_t count;                  /* characters */
	char *packed;                    /* what is in the arrays of struct sentence: that one has room for the longest */
	entity *entities;                /* places from the sentence's begin */
	uint32_t entity_count;
	type_set open;
	float doubt;
	uint32_t times;
	bool before;
} learn_sentence;

typedef struct gram_entry {
	uint64_t hash;                   /* 0: empty */
	uint32_t times;
	uint32_t row;                    /* first of its rows; UINT32_MAX: not kept */
	uint8_t places;                  /* a bit a place that it has a row for */
	bool bag;                        /* TAGGER_BAG_ROW belongs to the whole sentence */
} gram_entry;

/* One row of weights at one place of a sentence. */
typedef struct gram_use {
	uint32_t row;
	uint32_t place;
} gram_use;

#define USE_OF_ALL UINT32_MAX            /* place of a row of the whole sentence */
#define USES_MAX (136 * TAGGER_ROOM)     /* rows at a place: at most 134 (ROWS_MOST of tagger.c, and that of the whole sentence) */

/* Names of two to TAGGER_NAME_MAX characters that the texts have, with the number of their places by type. */
typedef struct known_name {
	uint64_t hash;                   /* features.h, word_hash; 0: empty */
	uint64_t prefix;                 /* ... of its first four characters, when it has more; else 0 */
	uint32_t times[TAGGER_TYPES_MAX];
} known_name;

typedef struct known_names {
	known_name *at;                  /* open addressing; NULL: no names */
	uint32_t log2;
	size_t count;
} known_names;

/* None while a file leaves types open: their names stand there without annotation, and the doubt about the type would be learnt as one about the names. */
known_names known_names_new(const entity_data *data);
void known_names_free(known_names *self);
/* Marks the names that stand in the sentence and that other texts than its own have: a name is not evidence for itself. */
void known_names_mark(known_names *self, sentence *s, const entity_text *own);
/* Class of the name (features.h). */
uint8_t known_name_class(const known_name *self);

struct entity_fit {
	const entity_options *options;
	uint32_t types, labels;
	learn_sentence *sentences;
	size_t sentence_count, sentence_room;
	known_names names;
	gram_entry *grams;               /* open addressing */
	uint32_t grams_log2;
	size_t gram_count;
	uint32_t row_count;
	float *weights;                  /* by row and label */
	float *steps;                    /* STEPS_OF */
};

/* Sentences and numbered grams; weights are 0. */
entity_fit *fit_new(const entity_data *data, const word_list *words, const entity_options *options);
/* Fills `out` with what was packed. */
void learn_sentence_unpack(const learn_sentence *self, unsigned features, sentence *out);
/* The rows that a sentence uses; returns their number, at most USES_MAX. */
size_t uses_find(const entity_fit *self, const sentence *s, gram_use *uses);
/* Keeps the rows that matter most, at most `rows`, and forgets all weights: they are learnt again on what is left. */
void fit_thin(entity_fit *self, uint32_t rows);
/* Rows of the gram of that hash, NULL: not kept. */
const gram_entry *gram_find(const entity_fit *self, uint64_t hash);

#endif
