/* classify_stage.h - the worker stage `classify`: labels, probabilities and evidence of an article's cleaned text. */
#ifndef CLASSIFY_STAGE_H
#define CLASSIFY_STAGE_H

#include "millrace/stage.h"
#include "workers/classify/model.h"

extern const mr_stage classify_stage;

struct settings;

/* Puts classify.thresholds into the head of an opened model. 0; -1 with error naming the setting. */
int classify_thresholds(model *m, const struct settings *s, char error[256]) MR_MUST_USE;

#endif
