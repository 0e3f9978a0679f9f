/* words.h - the words of a headline, as features beside its grams (model.h, `words`).
 *
 * Ideographs in a row are cut into words from their end, each time the longest one that is known (up to WORD_TOKENS tokens); a run of letters and a mark are words of their own,
 * blanks are none. Which words there are is learnt with the model (cli/unigrams.h) and stands in its table: a word is known when its feature is. Features are each word and each two
 * words side by side, in a name space of their own. Pure; any thread. */
#ifndef CLASSIFY_WORDS_H
#define CLASSIFY_WORDS_H

#include "workers/classify/features.h"

#define WORD_TOKENS 4                    /* longest word: four ideographs, as most idioms and transcribed names have */
#define WORD_PLACES (2 * WORD_TOKENS)    /* longest feature in tokens (blanks between two words not counted) */
#define WORD_SEED 0xA0761D6478BD642Full  /* name space: one of wyhash's constants */
#define WORDS_MAX_TOKENS 4096            /* of a text's beginning; a headline has thirty */

/* The feature of the word that tokens [first, first + length) are. */
static inline uint64_t word_feature(const token *t, size_t first, size_t length)
{
	uint64_t h = WORD_SEED;
	for (size_t i = first; i < first + length; i++)
		h = feature_longer(h, t[i].value);
	return feature_longer(h, 2);
}

/* Of two words side by side. */
static inline uint64_t word_pair_feature(uint64_t before, uint64_t word)
{
	return feature_longer(before, (uint32_t)(word >> 32));
}

typedef bool (*word_known)(void *arg, uint64_t feature);

/* Length of the word that ends before token `end`, not reaching below `begin`. */
static inline size_t word_before(const token *t, size_t begin, size_t end, word_known known, void *arg)
{
	size_t length = end - begin < WORD_TOKENS ? end - begin : WORD_TOKENS;
	while (length > 1 && !known(arg, word_feature(t, end - length, length)))
		length--;
	return length;
}

/* A feature: hash, first token, number of tokens; `pair`: of two words. */
typedef void (*word_each)(void *arg, uint64_t hash, size_t first, size_t length, bool pair);

/* Calls each for every feature of the words of tokens [from, to); words, and pairs, by ascending first token. */
void words_walk(const token *t, size_t from, size_t to, word_known known, void *of_known, word_each each, void *of_each);

#endif
