/* stage.h - one worker stage as the daemon sees it: a ROUTER socket, its workers, and the ledger of what each of them holds.
 *
 * A stage lends tasks to workers and gives every task back exactly once: answered, refused or failed - unless it was cancelled.
 * It never owns what a task is about (the ticket belongs to the pipeline) and never decides what comes next. It keeps no copy of
 * the task's bytes: it asks for them (`fill`) when a worker has credit, and again for another attempt.
 *
 * States of a task: QUEUED -> LENT (to one worker, with a deadline) -> gone. A task whose worker died or was too slow is a SUSPECT: queued again,
 * in front, and lent alone. An attempt counts only if the pool finished other work meanwhile (promise 7). The third counted attempt fails it.
 *
 * Two implementations of this header are linked: daemon/stage.c (ZeroMQ) and cli/stage_local.c (in process, same frames). Loop thread only. */
#ifndef DAEMON_STAGE_H
#define DAEMON_STAGE_H

#include "common/record.h"
#include "millrace/stage.h"

struct event_base;
struct settings;
struct metrics;

typedef struct stage stage;

/* What a worker answered; borrowed for the time of the callback. */
typedef struct stage_part {
	mr_bytes patch;                          /* JSON object; data NULL: none */
	mr_bytes body;                           /* new body; data NULL: unchanged */
	mr_bytes blob;                           /* binary result; data NULL: none */
} stage_part;

typedef struct stage_result {
	const record_fault *fault;               /* NULL: answered; else refused (stage.refused, input.no-text ...) or failed (stage.timeout, stage.crash) */
	int attempts;                            /* counted attempts, for the dead letter */
	const stage_part *parts;                 /* 1..1000 when answered */
	size_t part_count;
} stage_result;

typedef struct stage_hooks {
	/* Gives the bytes of the task behind `ticket`; they are copied into a frame before the call returns to the loop. `wants` are the field names
	 * the worker asked for (NULL-terminated). `fields` has room for 64. */
	void (*fill)(void *arg, void *ticket, const char *const *wants, mr_task *task, mr_field *fields, buf *scratch);
	void (*done)(void *arg, void *ticket, const stage_result *result);
	void *arg;
} stage_hooks;

/* Binds `<runtime dir>/<name>.sock`, and its endpoints of workers.listen. NULL with a line in `errors` when that is not possible (bad start); errno is EWOULDBLOCK when another
 * live process holds the socket. */
stage *stage_open(struct event_base *base, const struct settings *settings, const char *name, struct metrics *metrics, stage_hooks hooks, buf *errors);
void stage_close(stage **self);
/* Queues a task; `bytes` is its size for batching and the deadline. The ticket comes back in `done`, never from inside this call. */
void stage_submit(stage *self, void *ticket, size_t bytes);
/* The pipeline has no more use for the ticket (revoked, rewound): no callback will come, a late answer is dropped. */
void stage_cancel(stage *self, void *ticket);
void stage_drain(stage *self);                   /* no new tasks are lent; workers are told to finish (end of the daemon) */
bool stage_ready(const stage *self);             /* at least one worker with credit or work */
size_t stage_queued(const stage *self);
size_t stage_lent(const stage *self);
size_t stage_workers(const stage *self);
const char *stage_name(const stage *self);
/* The supervisor tells that a child ended, so that its leases need not wait for a missed heartbeat. `how` is for the dead letter ("signal 9"). */
void stage_worker_gone(stage *self, long pid, const char *how);
/* A reload: workers that were announced before this call are asked to leave one after the other, as soon as a newer one is ready. */
void stage_roll(stage *self);

#endif
