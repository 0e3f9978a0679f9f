/* worker.h - the shell of a worker process: one stage, one DEALER socket, one thread.
 *
 * Life: limits, the stage's open, connect, READY -> WELCOME, cage; then TASK -> RESULT until it is told to leave, loses its daemon, or dies. The
 * state machine stands in docs/protocol.md. SIGTERM and SIGINT: DRAIN, finish, BYE, exit 0. */
#ifndef WORKERS_WORKER_H
#define WORKERS_WORKER_H

#include "millrace/stage.h"

/* With what number a worker ends. */
#define WORKER_EXITS(X) \
	X(WORKER_CLEAN, 0, "told to leave (SIGTERM, reload) and left with nothing in hand") \
	X(WORKER_USAGE, 2, "wrong command line") \
	X(WORKER_ORPHAN, 15, "lost its daemon: connection gone, three heartbeats missed, or the daemon said BYE; start it again") \
	X(WORKER_EXPELLED, 16, "the daemon gave it up (unknown after a restart of the daemon, too slow, answered garbage); start it again") \
	X(WORKER_GARBAGE, 17, "the daemon sent what cannot be read") \
	X(WORKER_CAGE, 18, "the cage could not be closed (kernel without seccomp?)") \
	X(WORKER_CONFIG, 78, "wrong configuration, unknown stage, model not readable, or another protocol version; starting again would not help")

enum worker_exit {
#define WORKER_EXIT_ROW(name, number, help) name = number,
	WORKER_EXITS(WORKER_EXIT_ROW)
#undef WORKER_EXIT_ROW
};

typedef struct worker_options {
	const mr_stage *module;
	const struct settings *settings;         /* handed to the stage's open */
	const char *endpoint;                    /* ipc://PATH */
	unsigned credit;                         /* TASK messages it takes at once */
	size_t memory_bytes;                     /* address space; 0: no limit */
	bool cage;
	bool cage_test;                          /* close the cage, try to get out, tell, leave */
	long parent;                             /* pid of the process that started it and with which it dies; 0: nobody */
} worker_options;

int worker_run(const worker_options *options);   /* returns the exit code */

#endif
