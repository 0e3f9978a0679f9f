/* sieve.h - tells most grams that a model does not know apart from those it may know, by one bit each, before its table is asked.
 *
 * A text of 4,800 characters has 13,000 grams, of which the model knows a third. The sieve holds a bit for the first bits of a hash and the low six of its tag
 * (64 KB, where the model's tags are 256 KB), and for each single character its feature. Made from an open model, then only read. One in eleven strange grams
 * passes (with 48,000 features; more with more) and is told by the table. */
#ifndef CLASSIFY_SIEVE_H
#define CLASSIFY_SIEVE_H

#include "workers/classify/features.h"
#include "workers/classify/model.h"

#define SIEVE_LOG2 13                    /* words of 64 bits: 64 KB, which stay in the nearer caches; a shift known to the compiler */
#define SIEVE_CHARACTERS 0x10000u
#define SIEVE_NONE UINT32_MAX

typedef struct sieve {
	uint64_t *words;             /* by the first SIEVE_LOG2 bits of a hash: bit n, a feature whose hash ends in n */
	uint32_t *features;          /* by character of the basic plane: the feature of the gram that is this character, or SIEVE_NONE */
} sieve;

typedef struct sieve_candidate {
	uint64_t hash;
	uint32_t first;              /* token */
} sieve_candidate;

sieve sieve_new(const model *m);
void sieve_free(sieve *self);

/* 1: the model may know a gram of this hash. 0: it does not. */
static inline uint32_t sieve_may(const uint64_t *words, uint64_t hash)
{
	return (uint32_t)(words[hash >> (64 - SIEVE_LOG2)] >> (hash & 63)) & 1;
}

#endif
