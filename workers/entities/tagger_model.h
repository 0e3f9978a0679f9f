/* tagger_model.h - the model file of the entity tagger: weights of character n-grams for each label, a word list with classes, mapped into memory and
 * only read.
 *
 * A file is refused with a line that names the reason when it is no model, of another version, made for other features or folding tables, cut, damaged
 * (XXH3 over everything) or holds values that cannot be. What is accepted is safe to use whatever wrote it: every index in it is checked when it is
 * opened. Immutable after opening; workers share the pages. Any thread may read. */
#ifndef ENTITIES_TAGGER_MODEL_H
#define ENTITIES_TAGGER_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/text/buckets.h"

#define TAGGER_MODEL_VERSION 1
#define TAGGER_TYPES_MAX 32
#define TAGGER_TYPE_BYTES 32             /* of a type's name, NUL included */
#define TAGGER_MODEL_BYTES_MAX (64u << 20)

typedef struct tagger_model tagger_model;

/* 0; or -1 with the reason in `error` (names the file). Close it also after a failure. */
int tagger_model_open(tagger_model *self, const char *path, char error[256]) MR_MUST_USE;
/* The same from memory (64-byte aligned; borrowed until close). */
int tagger_model_read(tagger_model *self, mr_bytes file, char error[256]) MR_MUST_USE;
void tagger_model_close(tagger_model *self);

/* Types are numbered from 0 in the order of their names. The shipped model has organization, person, place, position. */
uint32_t tagger_type_count(const tagger_model *self);
/* NULL when there is no such type. Lives as long as the model. */
const char *tagger_type_name(const tagger_model *self, uint32_t type);
/* The type of that name; -1: the model has none. */
int tagger_type_find(const tagger_model *self, const char *name);

/* ---- for tagger.c and the trainer ---- */

#define TAGGER_SLOTS_LOG2_MIN 4
#define TAGGER_SLOTS_LOG2_MAX 20
#define TAGGER_ROWS_MAX (1u << 20)
#define TAGGER_STEP_MAX 20000            /* size of a step's value, in units */
#define TAGGER_LONGER 1u                 /* cell.flags: a gram of four characters that a word of more characters begins with */

/* What the table knows of a gram. */
typedef struct tagger_cell {
	uint32_t row;                    /* its first row */
	uint8_t places;                  /* a bit a place that it has a row for */
	uint8_t class;                   /* of the word or character in the word list; 0: none */
	uint8_t flags;
	uint8_t name;                    /* class of the name of the training texts (features.h); 0: none */
} tagger_cell;

struct tagger_model {
	char name[TAGGER_TYPE_BYTES];
	uint32_t type_count;
	char types[TAGGER_TYPES_MAX][TAGGER_TYPE_BYTES];
	uint32_t unit;                   /* of weights and steps, in millionths of a nat */
	uint32_t slots_log2;
	uint32_t features;               /* version of the features */
	uint32_t gram_count, row_count, word_count, name_count;
	uint32_t stride;                 /* bytes of a row: 4 * types and zeros up to a multiple of 16 */
	const int32_t *steps;            /* between labels, in units: closed to starter, row after row, then the inner ones (labels.h) */
	const uint16_t *tags;            /* 1 << slots_log2; 0: empty */
	const tagger_cell *cells;        /* 1 << slots_log2 */
	const int8_t *rows;              /* in units, by label from 1: outside has 0 */
	uint64_t fingerprint;            /* the checksum: names the model */
	const char *base;                /* what was mapped or borrowed */
	size_t bytes;
	bool mapped;
};

/* The gram's cell; NULL: the model does not know it (or one in some thousands takes another for it). */
static inline const tagger_cell *tagger_model_find(const tagger_model *self, uint64_t hash)
{
	uint32_t bucket = bucket_first(self->slots_log2, hash), found = bucket_matches(self->tags + bucket, bucket_tag(hash));
	return found ? &self->cells[bucket + (uint32_t)__builtin_ctz(found)] : NULL;
}

/* One gram for writing: rows of the places in `places`, lowest first, each 4 * types values. */
typedef struct tagger_gram {
	uint64_t hash;
	const int8_t *rows;
	uint8_t places, class, flags, name;
} tagger_gram;

/* Appends the file to `out`; of `head` name, types, features and unit are taken. The most important grams come first: a bucket may be full. Equal input gives equal bytes. -1
 * when it would not fit into TAGGER_MODEL_BYTES_MAX. */
int tagger_model_write(const tagger_model *head, const int32_t *steps, const tagger_gram *grams, size_t count, buf *out) MR_MUST_USE;

#endif
