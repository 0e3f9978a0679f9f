/* serve.h - the work on one TASK message: read it, apply the stage to each task, write the RESULT. Used by the worker shell and by
 * `millrace process`, so both give the same bytes.
 *
 * Owns the buffers of both directions, not the stage's context. Knows no socket. The worker's only thread. */
#ifndef WORKERS_SERVE_H
#define WORKERS_SERVE_H

#include "common/wire.h"

typedef struct serve serve;

/* `limit`: largest RESULT message the other side reads. */
serve *serve_new(const mr_stage *module, void *ctx, size_t limit);
void serve_free(serve **self);
void serve_limit(serve *self, size_t limit);
const char *const *serve_fields(const serve *self);              /* what the stage wants to be told of each article, NULL-terminated: for READY, and for who writes TASK */

/* Sends off what is finished: called when the message is done, and before when `due` says so between two tasks, or when another answer might
 * not fit any more. Whatever it returns other than 0 ends serve_message with that value. */
typedef struct serve_hooks {
	int (*flush)(void *arg, const wire_batch *results);
	bool (*due)(void *arg);                  /* NULL: never */
	void *arg;
} serve_hooks;

/* 0; -1: the message is garbage (nothing was done); else what flush returned. */
int serve_message(serve *self, mr_bytes message, const serve_hooks *hooks) MR_MUST_USE;
uint64_t serve_progress(const serve *self);                      /* tasks finished since the start */

#endif
