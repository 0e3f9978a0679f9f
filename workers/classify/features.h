/* features.h - which features a document has: n-grams of tokens, as 64-bit hashes with a fixed seed.
 *
 * The trainer, the scorer and the evidence all walk the same grams in the same order, so this is the only place that says what a feature is.
 * A gram of one to FEATURE_GRAM tokens never reaches over a break. Grams of the title count twice over: with the whole text and
 * as features of their own (a word in the headline says more than the word in the body, and how much more is learnt). Pure; inline
 * since it is the inner loop: some 13,000 grams for a text of 4,500 characters. */
#ifndef CLASSIFY_FEATURES_H
#define CLASSIFY_FEATURES_H

#include "workers/classify/tokens.h"

#define FEATURES_VERSION 2
#define FEATURE_GRAM 3
#define FEATURE_SEED 0x9E3779B97F4A7C15ull       /* 2^64 / golden ratio */
#define FEATURE_TITLE 0xD1B54A32D192ED03ull      /* name space of the title's own features */

/* The gram of hash h, one token longer. Multiply-and-fold, the mixer of wyhash. */
static inline uint64_t feature_longer(uint64_t h, uint32_t value)
{
	__extension__ typedef unsigned __int128 wide;
	wide m = (wide)(h ^ value) * 0xE7037ED1A0B428DBull;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t feature_of_title(uint64_t h)
{
	return feature_longer(h ^ FEATURE_TITLE, 1);
}

/* Calls each(arg, hash, index of the first token, number of tokens) for every gram of the tokens [from, to). */
typedef void (*feature_each)(void *arg, uint64_t hash, size_t first, size_t length);

static inline __attribute__((always_inline)) void features_walk(const token *at, size_t from, size_t to, feature_each each, void *arg)
{
	for (size_t i = from; i < to; i++) {
		uint64_t h = FEATURE_SEED;
		size_t end = to - i < FEATURE_GRAM ? to : i + FEATURE_GRAM;
		for (size_t j = i; j < end && (j == i || !at[j].breaks); j++) {
			h = feature_longer(h, at[j].value);
			each(arg, h, i, j - i + 1);
		}
	}
}

#endif
