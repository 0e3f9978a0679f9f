/* stages.h - the stages this program knows, by name. A site's own stage is one row in stages.c. */
#ifndef WORKERS_STAGES_H
#define WORKERS_STAGES_H

#include "millrace/stage.h"

/* NULL: no such stage. `hook` (faults on demand, for tests) is there only when $MILLRACE_TEST_HOOKS is set. */
const mr_stage *stages_find(const char *name);
/* Name of row `i`; NULL behind the last. */
const char *stages_name(size_t i);

#endif
