/* dedup.h - the stage `dedup`: sketches the text, so that the daemon can compare it with what it has published. It judges nothing. */
#ifndef DEDUP_DEDUP_H
#define DEDUP_DEDUP_H

#include "millrace/stage.h"

extern const mr_stage dedup_stage;

#endif
