/* couple.c - see couple.h. Minimises the weighted mean log loss plus a ridge, by Nesterov's accelerated gradient with a fixed step: the function is smooth and strongly convex, its
 * curvature bounded by half of the mean squared length of a row. */
#include "couple.h"

#include <math.h>
#include <string.h>

#define RIDGE 6e-4               /* of the mean loss; between 1e-4 and 6e-3 the held accuracy of headlines moves by a thousandth */
#define STEPS 1000
#define SMALL 1e-7               /* largest change of a number in a step at which it is good */

typedef struct slope {
	double of[MODEL_LABELS_MAX][MODEL_LABELS_MAX], bias[MODEL_LABELS_MAX];
} slope;

static void apply(const coupling *self, const double *scores, double *out)
{
	for (size_t to = 0; to < self->labels; to++) {
		out[to] = self->bias[to];
		for (size_t from = 0; from < self->labels; from++)
			out[to] += self->of[to][from] * scores[from];
	}
}

void coupling_apply(const coupling *self, double *scores)
{
	double out[MODEL_LABELS_MAX];
	apply(self, scores, out);
	memcpy(scores, out, self->labels * sizeof *out);
}

void coupling_apply_weights(const coupling *self, double *weights)
{
	coupling without = *self;
	memset(without.bias, 0, sizeof without.bias);
	coupling_apply(&without, weights);
}

/* Scores to probabilities, in place. */
static void softmax(double *scores, size_t labels)
{
	double most = scores[0], sum = 0;
	for (size_t l = 1; l < labels; l++)
		most = fmax(most, scores[l]);
	for (size_t l = 0; l < labels; l++)
		sum += scores[l] = exp(scores[l] - most);
	for (size_t l = 0; l < labels; l++)
		scores[l] /= sum;
}

static void slope_at(const coupling *at, const coupling_text *texts, size_t count, double total, slope *out)
{
	size_t labels = at->labels;
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < count; i++) {
		double p[MODEL_LABELS_MAX];
		apply(at, texts[i].scores, p);
		softmax(p, labels);
		p[texts[i].label] -= 1;
		for (size_t to = 0; to < labels; to++) {
			double error = p[to] * texts[i].weight / total;
			out->bias[to] += error;
			for (size_t from = 0; from < labels; from++)
				out->of[to][from] += error * texts[i].scores[from];
		}
	}
	for (size_t to = 0; to < labels; to++)
		for (size_t from = 0; from < labels; from++)
			out->of[to][from] += RIDGE * at->of[to][from];
}

/* One number: a step down the slope from the looked-ahead place, then the next look ahead. Returns how far it moved. */
static double number_step(double *now, double *ahead, double slope, double step, double momentum)
{
	double next = *ahead - step * slope, moved = next - *now;
	*ahead = next + momentum * moved;
	*now = next;
	return fabs(moved);
}

void coupling_fit(coupling *self, const coupling_text *texts, size_t count, size_t labels)
{
	double total = 0, curvature = 0;
	*self = (coupling){.labels = labels};
	for (size_t i = 0; i < count; i++) {
		double length2 = 1;
		for (size_t l = 0; l < labels; l++)
			length2 += texts[i].scores[l] * texts[i].scores[l];
		total += texts[i].weight;
		curvature += texts[i].weight * length2;
	}
	if (total <= 0)
		return;
	double step = 1 / (0.5 * curvature / total + RIDGE), root = sqrt(RIDGE * step), momentum = (1 - root) / (1 + root);
	coupling ahead = *self;
	slope s;
	for (int n = 0; n < STEPS; n++) {
		double moved = 0;
		slope_at(&ahead, texts, count, total, &s);
		for (size_t to = 0; to < labels; to++) {
			moved = fmax(moved, number_step(&self->bias[to], &ahead.bias[to], s.bias[to], step, momentum));
			for (size_t from = 0; from < labels; from++)
				moved = fmax(moved, number_step(&self->of[to][from], &ahead.of[to][from], s.of[to][from], step, momentum));
		}
		if (moved < SMALL)
			break;
	}
}
