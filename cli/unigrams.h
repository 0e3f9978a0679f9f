/* unigrams.h - which words texts are made of, learnt from the texts themselves, for a model with words (workers/classify/words.h).
 *
 * A unigram language model of the rows of ideographs (Kudo, Subword Regularization, ACL 2018, without its sampling): every string of up to WORD_TOKENS ideographs that occurs
 * UNIGRAMS_TIMES is a word at first; the rows are cut the most probable way, words are counted anew, those too rare go, and so on. Deterministic. Owns the features
 * of its words. */
#ifndef CLI_UNIGRAMS_H
#define CLI_UNIGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workers/classify/tokens.h"

#define UNIGRAMS_TIMES 5
#define UNIGRAMS_ROUNDS 5

typedef struct unigrams unigrams;

unigrams *unigrams_new(void);
void unigrams_free(unigrams **self);
/* Takes the rows of a text in. */
void unigrams_add(unigrams *self, const token *t, size_t count);
void unigrams_learn(unigrams *self);
/* Whether a feature (word_feature) is that of a word of two ideographs or more. The vocabulary is `arg`: a word_known. */
bool unigrams_knows(void *arg, uint64_t feature);
/* Features of all words, ascending; borrowed. */
const uint64_t *unigrams_words(const unigrams *self, size_t *count);

#endif
