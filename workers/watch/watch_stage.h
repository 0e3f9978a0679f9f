/* watch_stage.h - the worker stage `watch`: which watches (conf/watches.conf) an article meets, and what was found in it.
 *
 * Answers with the field `watches` and, as a blob, with what the daemon makes alerts of (common/record_alert.h). An article that meets none is answered with nothing. */
#ifndef WATCH_WATCH_STAGE_H
#define WATCH_WATCH_STAGE_H

#include "millrace/stage.h"
#include "workers/watch/watch_set.h"

extern const mr_stage watch_stage;

/* The blob of what watch_set_look found: appends to out. For the stage and for `millrace explain watch --json`. */
void watch_blob(watch_set *set, buf *out);

#endif
