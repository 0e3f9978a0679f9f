/* classify_stage.h - the worker stage `classify`: labels, probabilities and evidence of an article's cleaned text. */
#ifndef CLASSIFY_STAGE_H
#define CLASSIFY_STAGE_H

#include "millrace/stage.h"

extern const mr_stage classify_stage;

#endif
