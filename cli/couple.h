/* couple.h - what the machines of a one-label task say of a text, weighed together.
 *
 * Each label's machine learns alone against all others, so their scores are not made for each other: a title that could be of two labels gets two half-hearted scores, and
 * which pairs are alike nobody has told. A multinomial regression on the cross-validated scores learns it (stacked generalisation, Wolpert, Neural Networks 5, 1992). It is linear, so
 * it is multiplied into the weights of the model, which knows nothing of it. Deterministic. */
#ifndef CLI_COUPLE_H
#define CLI_COUPLE_H

#include "workers/classify/model.h"

typedef struct coupling {
	size_t labels;
	double of[MODEL_LABELS_MAX][MODEL_LABELS_MAX];   /* [to][from] */
	double bias[MODEL_LABELS_MAX];
} coupling;

/* Texts to learn from, by pointer: scores of one (a number a label), its label, how much it counts. */
typedef struct coupling_text {
	const double *scores;
	uint32_t label;
	double weight;
} coupling_text;

void coupling_fit(coupling *self, const coupling_text *texts, size_t count, size_t labels);
/* Puts the coupled scores in the place of the scores; or of weights, to which the bias does not belong. */
void coupling_apply(const coupling *self, double *scores);
void coupling_apply_weights(const coupling *self, double *weights);

#endif
