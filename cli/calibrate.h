/* calibrate.h - from scores to probabilities and thresholds, on scores of texts that the scorer has not learnt from. Pure; any thread. */
#ifndef CLI_CALIBRATE_H
#define CLI_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>

/* Fits 1 / (1 + exp(slope * score + offset)) (Platt 1999; Newton's method of Lin, Lin and Weng 2007, "A note on Platt's probabilistic outputs"). */
void platt_fit(const double *scores, const bool *hits, size_t count, double *slope, double *offset);
double platt_probability(double score, double slope, double offset);

/* The score from which on a label should hold: the middle of the range in which F1 is within `slack` of its best. */
double threshold_find(const double *scores, const bool *hits, size_t count, double slack);

#endif
