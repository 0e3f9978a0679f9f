/* stage_control.h - what the daemon's main, its supervisor and its admin port need of a stage beyond what the pipeline uses (stage.h).
 * Implemented by daemon/stage.c only. Loop thread. */
#ifndef DAEMON_STAGE_CONTROL_H
#define DAEMON_STAGE_CONTROL_H

#include "daemon/stage.h"

/* Called when the daemon gave up a worker that seems to be alive: hung in a task, silent, or talking nonsense. The supervisor kills it if it is
 * one of its own. Never called from inside a function of stage.h. */
typedef void (*stage_hung)(void *arg, const char *name, long pid, const char *why);
void stage_on_hung(stage *self, stage_hung hung, void *arg);

/* Asked when a worker announces itself: was it started before the last stage_roll? One that was still starting then is no newcomer: it read the old settings. */
typedef bool (*stage_old)(void *arg, const char *name, long pid);
void stage_on_ready(stage *self, stage_old old, void *arg);

/* As stage_roll, for some of the workers of this host only: those for which `which` says so. */
void stage_roll_some(stage *self, bool (*which)(void *arg, long pid), void *arg);
/* Asks the worker to leave: it finishes what it holds and is lent nothing more. False: no worker of that pid has announced itself. */
bool stage_dismiss(stage *self, long pid);
bool stage_is_busy(const stage *self, long pid);                 /* it holds tasks */

/* Takes over the reloadable settings (batches, deadlines, attempts, workers.allow: who is not in it any more is sent away). */
void stage_reload(stage *self, const struct settings *settings);

#define STAGE_BUCKETS 17
extern const uint64_t stage_bucket_micros[STAGE_BUCKETS];        /* upper ends; the last is UINT64_MAX */

typedef struct stage_histogram {
	uint64_t buckets[STAGE_BUCKETS];         /* not cumulative */
	uint64_t count, sum_micros;
} stage_histogram;

/* Since the start; shown as metrics, too, which moreover have the time from submit to answer. received = answered + refused + failed + cancelled + queued + lent. */
typedef struct stage_counts {
	uint64_t received, answered, refused, cancelled;
	uint64_t failed_crash, failed_timeout;   /* dead letters */
	uint64_t retried;                        /* attempts that failed and were made again, counted or not */
	uint64_t late;                           /* answers that nobody waited for */
	uint64_t workers_ready, workers_expelled, workers_left, workers_refused;
	uint64_t strangers;                      /* connections over tcp that came to nothing (gate.h) */
	uint64_t batches, bytes_out, bytes_in;   /* messages with tasks; bytes of TASK and RESULT messages */
	stage_histogram work;                    /* per task, in the worker, as it says */
} stage_counts;

const stage_counts *stage_counts_get(const stage *self);
size_t stage_suspects(const stage *self);                        /* tasks that are tried alone */

/* One line for each worker, for /status. Borrowed until the next turn of the loop. Returns false behind the last. */
typedef struct stage_worker {
	long pid;                                /* 0: of another host */
	const char *host;                        /* name of its key in workers.allow; "": it came by the socket file */
	const char *program, *fingerprint;
	size_t held;                             /* tasks */
	bool leaving;
	int64_t silent_ms;
	bool old;                                /* from before the last roll: a newcomer will take its place */
} stage_worker;
bool stage_worker_get(const stage *self, size_t i, stage_worker *worker);

#endif
