/* classify_stage.h - the worker stage `classify`: labels, probabilities and evidence of an article's cleaned text. */
#ifndef CLASSIFY_STAGE_H
#define CLASSIFY_STAGE_H

#include "millrace/stage.h"

extern const mr_stage classify_stage;

/* The path of the shipped model: conf/models/topics.model beside the program (installed, or in a build folder), else under
 * /usr/share/millrace. `out` holds 4096 bytes; returns out. */
char *classify_shipped_model(char out[4096]);

#endif
