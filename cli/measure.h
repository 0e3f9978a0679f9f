/* measure.h - how good verdicts are: counts over texts whose labels are known. Pure but for measure_print; any thread. */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workers/classify/model.h"

#define MEASURE_BINS 10

typedef struct measure_bin {
	double said;                     /* sum of probabilities */
	size_t count, hits;
} measure_bin;

typedef struct measure_label {
	size_t right, extra, missed;     /* true positives, false positives, false negatives */
	measure_bin bins[MEASURE_BINS];
} measure_label;

typedef struct measure {
	size_t texts, exact;             /* exact: the very set of labels */
	size_t primary_texts, primary_right;     /* of those whose primary is told */
	size_t none, alarms;             /* texts without a label; those of them that got one */
	size_t label_count;
	measure_label labels[MODEL_LABELS_MAX];
	measure_bin top[MEASURE_BINS];   /* single: probability of the label given */
	bool single;
} measure;

/* Counts one text. `primary`: label, -1 none, -2 not told; `probabilities` one a label. */
void measure_add(measure *self, uint64_t wanted, int primary, uint64_t got, int got_primary, const double *probabilities);

double measure_precision(const measure_label *label);
double measure_recall(const measure_label *label);
double measure_f1(const measure_label *label);
double measure_micro_f1(const measure *self);
/* Accuracy of the set, or of the label for single. */
double measure_accuracy(const measure *self);
/* Expected calibration error: mean distance of probability said and share that came true, ten bins of equal width, weighted by their texts;
 * over all pairs of text and label, or over the labels given for single. */
double measure_ece(const measure *self);
double measure_label_ece(const measure_label *label);

/* One line a label and one of totals, on standard output. */
void measure_print(const measure *self, const char (*names)[MODEL_NAME_BYTES]);

#endif
