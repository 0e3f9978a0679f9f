/* entities_learn.h - from annotated sentences to the weights of the tagger: a linear-chain conditional random field (Lafferty et al. 2001), fitted by stochastic
 * gradient descent with L2 (the schedule of Bottou's crfsgd), on the features of workers/entities/features.h to the letter.
 *
 * An annotation may leave open which of several types a span has, or not know some types at all (another guideline): then the sum over all labellings that it
 * allows is made likely (Tsuboi et al. 2008). Several runs with other orders of the sentences are averaged: for a linear model that is an ensemble
 * at no cost. Deterministic for a seed. One thread. */
#ifndef CLI_ENTITIES_LEARN_H
#define CLI_ENTITIES_LEARN_H

#include "cli/entities_data.h"
#include "workers/entities/tagger_model.h"

typedef struct entity_options {
	uint32_t passes, before_passes;
	uint32_t runs;
	uint32_t min_times;              /* occurrences of a gram in all texts, else it is no feature */
	uint32_t rows;                   /* kept in the model */
	uint32_t features;               /* version of the features (workers/entities/features.h) */
	double cost;                     /* C: how much an error costs against the size of the weights */
	double rate;                     /* of learning, at the start */
	double margin;                   /* nats a wrong label must be behind (softmax margin, Gimpel and Smith 2010) */
	double missed;                   /* more of it for an entity's character taken for none */
	double drop;                     /* share of grams left out of a sentence in training */
	uint32_t seed;
} entity_options;

typedef struct entity_fit entity_fit;

/* Called after every 1/1000 of the work; may be NULL. */
typedef void (*entity_step)(void *arg, size_t done, size_t all);

entity_fit *entity_learn(const entity_data *data, const word_list *words, const entity_options *options, entity_step step, void *arg);
/* Appends the model file to `out`. -1: too large. */
int entity_fit_write(const entity_fit *self, const entity_data *data, const word_list *words, const char *name, buf *out) MR_MUST_USE;
void entity_fit_free(entity_fit **self);

#endif
