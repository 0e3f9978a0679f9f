/* stage_local.h - the stages inside `millrace process`: daemon/stage.h without workers and sockets, one module in this process.
 *
 * A task takes the same way as through the daemon - written as a TASK message, read and worked on by workers/serve.c, answered as a RESULT, read
 * again - so what comes out is the same to the byte. A submitted task waits until stage_local_run; `done` is called from there only.
 * stage_open wants no event base and binds nothing. A stage that crashes or hangs takes the command with it: no cage, no deadline here. */
#ifndef CLI_STAGE_LOCAL_H
#define CLI_STAGE_LOCAL_H

#include "daemon/stage.h"

/* Works on everything that is queued, also on what `done` queues in this stage meanwhile. Returns the number of tasks that came back. */
size_t stage_local_run(stage *self);

#endif
