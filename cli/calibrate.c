/* calibrate.c - see calibrate.h. */
#include "calibrate.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/mem.h"

#define ROUNDS 100
#define RIDGE 1e-12

double platt_probability(double score, double slope, double offset)
{
	return 1 / (1 + exp(slope * score + offset));
}

/* Targets pulled off 0 and 1 as by Platt: with few hits nothing is certain. */
typedef struct platt {
	const double *scores;
	const bool *hits;
	size_t count;
	double high, low;
} platt;

static double platt_loss(const platt *self, double slope, double offset)
{
	double loss = 0;
	for (size_t i = 0; i < self->count; i++) {
		double target = self->hits[i] ? self->high : self->low, f = slope * self->scores[i] + offset;
		loss += f >= 0 ? target * f + log1p(exp(-f)) : (target - 1) * f + log1p(exp(f));
	}
	return loss;
}

/* Gradient g and Hessian (h11 h21; h21 h22). */
static void platt_slopes(const platt *self, double slope, double offset, double g[2], double h[3])
{
	g[0] = g[1] = h[2] = 0;
	h[0] = h[1] = RIDGE;
	for (size_t i = 0; i < self->count; i++) {
		double s = self->scores[i], p = platt_probability(s, slope, offset), d2 = p * (1 - p);
		double d1 = (self->hits[i] ? self->high : self->low) - p;
		h[0] += s * s * d2;
		h[1] += d2;
		h[2] += s * d2;
		g[0] += s * d1;
		g[1] += d1;
	}
}

void platt_fit(const double *scores, const bool *hits, size_t count, double *slope, double *offset)
{
	double yes = 0;
	for (size_t i = 0; i < count; i++)
		yes += hits[i];
	double no = (double)count - yes;
	platt self = {scores, hits, count, (yes + 1) / (yes + 2), 1 / (no + 2)};
	*slope = 0;
	*offset = log((no + 1) / (yes + 1));
	double loss = platt_loss(&self, *slope, *offset);
	for (int round = 0; round < ROUNDS; round++) {
		double g[2], h[3];
		platt_slopes(&self, *slope, *offset, g, h);
		if (fabs(g[0]) < 1e-5 && fabs(g[1]) < 1e-5)
			break;
		double det = h[0] * h[1] - h[2] * h[2], down0 = -(h[1] * g[0] - h[2] * g[1]) / det, down1 = -(h[0] * g[1] - h[2] * g[0]) / det;
		double gain = g[0] * down0 + g[1] * down1, step = 1;
		for (; step >= 1e-10; step /= 2) {
			double now = platt_loss(&self, *slope + step * down0, *offset + step * down1);
			if (now < loss + 1e-4 * step * gain) {
				loss = now;
				break;
			}
		}
		if (step < 1e-10)
			break;
		*slope += step * down0;
		*offset += step * down1;
	}
}

typedef struct ranked {
	double score;
	bool hit;
} ranked;

static int ranked_compare(const void *a, const void *b)
{
	double x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* F1 when the `taken` best hold. */
static double f1_at(size_t right, size_t taken, size_t yes)
{
	return taken + yes ? 2.0 * (double)right / (double)(taken + yes) : 0;
}

double threshold_find(const double *scores, const bool *hits, size_t count, double slack)
{
	ranked *order = mem_array(count + 1, sizeof *order);
	size_t yes = 0;
	for (size_t i = 0; i < count; i++) {
		order[i] = (ranked){scores[i], hits[i]};
		yes += hits[i];
	}
	qsort(order, count, sizeof *order, ranked_compare);
	double best = 0, high = 0, low = 0;
	for (int round = 0; round < 2; round++) {        /* first the best F1, then the range near it */
		bool seen = false;
		for (size_t i = 0, right = 0; i < count; i++) {
			right += order[i].hit;
			if (i + 1 < count && order[i + 1].score == order[i].score)
				continue;
			double f1 = f1_at(right, i + 1, yes), cut = i + 1 < count ? (order[i].score + order[i + 1].score) / 2 : order[i].score;
			if (!round)
				best = f1 > best ? f1 : best;
			else if (f1 >= best - slack) {
				high = seen ? high : cut;
				low = cut;
				seen = true;
			}
		}
	}
	free(order);
	return (high + low) / 2;
}
