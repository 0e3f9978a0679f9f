/* supervisor.h - the local worker processes: started, watched, started again, stopped.
 *
 * Owns its children and the SIGCHLD event; reaps its own children only, by pid. Knows nothing of sockets: whether a worker is of use is the stage's
 * affair. `workers.spawn` says how many of each stage of the pipeline, until supervisor_scale says otherwise; stages it does not name wait for workers started by others.
 *
 * A place in a pool:  WAITING (a delay runs) -> RUNNING -> ended -> WAITING ...     STOPPING: SIGTERM was sent, SIGKILL follows
 *   exit 0               it was asked to leave: started again at once; within ten seconds of its start that was not us, and it is as any other end
 *   exit 78              bad configuration: said as an error, next try after a minute
 *   anything else        next try after 100 ms, doubled each time up to 30 s; ten seconds of life forgive everything
 * A worker that is not wanted any more is asked to leave by its stage (`dismiss`) and may finish what it holds, however long its deadlines let it: it is killed only
 * when it holds nothing (`busy`) and stays. One that hangs is the stage's to give up (supervisor_kill).
 * Workers get a snapshot of the daemon's settings (`<runtime dir>/workers.conf`), so that one that starts later sees what the daemon runs with, not a
 * file that was changed meanwhile and is perhaps wrong. No secret is in it: the Kafka sections are left out.
 *
 * A worker dies with the daemon, also by kill -9 (PR_SET_PDEATHSIG, set by the worker, which is told our pid). It is in a process group of its own:
 * Ctrl-C on a terminal reaches the daemon alone, which then drains. Loop thread only, and the loop must run on the process's first thread or one
 * that lives as long: PR_SET_PDEATHSIG is about the thread that started the child. */
#ifndef DAEMON_SUPERVISOR_H
#define DAEMON_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct event_base;
struct metrics;
struct settings;

typedef struct supervisor supervisor;

typedef struct supervisor_hooks {
	/* A child ended; `how` is "signal 9" or "exit 17". To be handed to stage_worker_gone. */
	void (*gone)(void *arg, const char *stage, long pid, const char *how);
	/* A child is not wanted any more: the stage asks it to leave. False: it has not announced itself; then it gets SIGTERM. NULL: always that. */
	bool (*dismiss)(void *arg, const char *stage, long pid);
	/* Does it hold tasks? NULL: nobody does. */
	bool (*busy)(void *arg, const char *stage, long pid);
	void *arg;
} supervisor_hooks;

/* Makes nothing run yet. NULL with a line in `errors`. Call after the stages are open (their folder must be there). */
supervisor *supervisor_new(struct event_base *base, const struct settings *settings, struct metrics *metrics, supervisor_hooks hooks, buf *errors);
/* Kills and reaps what is left. */
void supervisor_free(supervisor **self);
void supervisor_start(supervisor *self);
/* Writes what workers that start from now on are given: the snapshot, and the file of watches, if there is a stage for it, as it is now. 0; -1 with lines in errors: they are given what
 * was written before. supervisor_new does it, too. */
int supervisor_prepare(supervisor *self, const struct settings *settings, buf *errors) MR_MUST_USE;
/* New numbers; what supervisor_scale said ends. Running workers stay as they are: see supervisor_roll. */
void supervisor_reload(supervisor *self, const struct settings *settings);
/* Replaces all workers, one more than wanted at a time: a new one is started, the stage (stage_roll) lets an old one go when it is ready. When the new
 * ones do not come up, the old ones stay. */
void supervisor_roll(supervisor *self);
/* The same for one stage (stage_roll_some). -1: no such pool. */
int supervisor_roll_stage(supervisor *self, const char *stage);
/* So many workers of a stage, 0 to 64, until the next supervisor_reload. Those who go may finish what they hold. -1: no such pool. */
int supervisor_scale(supervisor *self, const char *stage, size_t number);

/* A pool as it is now. Settled: running == wanted, nothing else. */
typedef struct supervisor_pool {
	size_t configured;                       /* workers.spawn */
	size_t wanted;
	size_t running;                          /* processes that are wanted, old ones counted */
	size_t waiting;                          /* to be started after a delay: they ended too soon, or refused their configuration */
	size_t old;                              /* of `running`: to be replaced */
	size_t leaving;                          /* not wanted any more, still there */
} supervisor_pool;
bool supervisor_pool_get(const supervisor *self, const char *stage, supervisor_pool *pool);      /* false: no such pool */
bool supervisor_owns(const supervisor *self, long pid);          /* a child that is wanted */
bool supervisor_is_old(const supervisor *self, long pid);        /* a child from before the last roll */
/* The stage gave this worker up though it lives: SIGTERM, a second later SIGKILL. A pid that is not ours is nobody's business. */
void supervisor_kill(supervisor *self, long pid);
/* SIGTERM to all, SIGKILL after the time given; nothing is started any more. */
void supervisor_stop(supervisor *self, unsigned deadline_ms);
size_t supervisor_running(const supervisor *self);               /* children alive */

#endif
