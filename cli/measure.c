/* measure.c - see measure.h. A ratio with an empty denominator is 0. */
#include "measure.h"

#include <math.h>
#include <stdio.h>

static double ratio(size_t a, size_t b)
{
	return b ? (double)a / (double)b : 0;
}

static void bin_add(measure_bin bins[MEASURE_BINS], double probability, bool hit)
{
	int i = (int)(probability * MEASURE_BINS);
	measure_bin *bin = &bins[i < 0 ? 0 : i >= MEASURE_BINS ? MEASURE_BINS - 1 : i];
	bin->said += probability;
	bin->count++;
	bin->hits += hit;
}

void measure_add(measure *self, uint64_t wanted, int primary, uint64_t got, int got_primary, const double *probabilities)
{
	self->texts++;
	self->exact += wanted == got;
	self->none += !wanted;
	self->alarms += !wanted && got;
	self->primary_texts += primary != -2;
	self->primary_right += primary != -2 && primary == got_primary;
	for (size_t l = 0; l < self->label_count; l++) {
		bool want = wanted >> l & 1, have = got >> l & 1;
		self->labels[l].right += want && have;
		self->labels[l].extra += !want && have;
		self->labels[l].missed += want && !have;
		bin_add(self->labels[l].bins, probabilities[l], want);
	}
	if (self->single && got_primary >= 0)
		bin_add(self->top, probabilities[got_primary], wanted >> got_primary & 1);
}

double measure_precision(const measure_label *label)
{
	return ratio(label->right, label->right + label->extra);
}

double measure_recall(const measure_label *label)
{
	return ratio(label->right, label->right + label->missed);
}

double measure_f1(const measure_label *label)
{
	return ratio(2 * label->right, 2 * label->right + label->extra + label->missed);
}

double measure_micro_f1(const measure *self)
{
	measure_label all = {0};
	for (size_t l = 0; l < self->label_count; l++) {
		all.right += self->labels[l].right;
		all.extra += self->labels[l].extra;
		all.missed += self->labels[l].missed;
	}
	return measure_f1(&all);
}

double measure_accuracy(const measure *self)
{
	return ratio(self->exact, self->texts);
}

/* Adds up |said - came true| over the bins and returns the number of pairs. */
static size_t bins_error(const measure_bin bins[MEASURE_BINS], double *error)
{
	size_t count = 0;
	for (int i = 0; i < MEASURE_BINS; i++) {
		*error += fabs(bins[i].said - (double)bins[i].hits);
		count += bins[i].count;
	}
	return count;
}

double measure_label_ece(const measure_label *label)
{
	double error = 0;
	size_t count = bins_error(label->bins, &error);
	return count ? error / (double)count : 0;
}

double measure_ece(const measure *self)
{
	measure_bin all[MEASURE_BINS] = {{0}};
	for (size_t l = 0; l < self->label_count; l++)
		for (int i = 0; i < MEASURE_BINS; i++) {
			all[i].said += self->labels[l].bins[i].said;
			all[i].hits += self->labels[l].bins[i].hits;
			all[i].count += self->labels[l].bins[i].count;
		}
	double error = 0;
	size_t count = bins_error(self->single ? self->top : all, &error);
	return count ? error / (double)count : 0;
}

void measure_print(const measure *self, const char (*names)[MODEL_NAME_BYTES])
{
	printf("| label | texts | precision | recall | F1 | calibration error |\n|---|---|---|---|---|---|\n");
	for (size_t l = 0; l < self->label_count; l++) {
		const measure_label *m = &self->labels[l];
		printf("| %s | %zu | %.3f | %.3f | %.3f | %.3f |\n", names[l], m->right + m->missed, measure_precision(m), measure_recall(m), measure_f1(m),
		       measure_label_ece(m));
	}
	printf("\n%zu texts, accuracy %.4f, primary %.4f, micro F1 %.4f, false alarms %zu / %zu, calibration error %.4f\n", self->texts, measure_accuracy(self),
	       self->primary_texts ? (double)self->primary_right / (double)self->primary_texts : 0, measure_micro_f1(self), self->alarms, self->none, measure_ece(self));
}
