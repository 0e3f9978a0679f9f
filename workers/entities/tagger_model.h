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

#define TAGGER_MODEL_VERSION 1
#define TAGGER_TYPES_MAX 32
#define TAGGER_TYPE_BYTES 32             /* of a type's name, NUL included */
#define TAGGER_MODEL_BYTES_MAX (16u << 20)

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

struct tagger_model {
	uint32_t type_count;
	char types[TAGGER_TYPES_MAX][TAGGER_TYPE_BYTES];
	uint64_t fingerprint;            /* the checksum: names the model */
	const char *base;                /* what was mapped or borrowed */
	size_t bytes;
	bool mapped;
};

#endif
