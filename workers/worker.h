/* worker.h - the shell of a worker process: one stage, one DEALER socket, one thread.
 *
 * Life: limits, the stage's open, connect, READY -> WELCOME, cage; then TASK -> RESULT until it is told to leave, loses its daemon, or dies. The
 * state machine stands in docs/protocol.md. SIGTERM and SIGINT: DRAIN, finish, BYE, exit 0. The other exit codes stand in common/exit_codes.h. */
#ifndef WORKERS_WORKER_H
#define WORKERS_WORKER_H

#include "millrace/stage.h"

typedef struct worker_options {
	const mr_stage *module;
	const struct settings *settings;         /* handed to the stage's open */
	const char *endpoint;                    /* ipc://PATH or tcp://host:port */
	const char *daemon_key;                  /* public key of the daemon as text; NULL: no keys, for ipc or loopback */
	char *secret;                            /* the worker's own key as text, wiped as soon as the socket has it; NULL as above */
	unsigned credit;                         /* TASK messages it takes at once */
	size_t memory_bytes;                     /* address space; 0: no limit */
	bool cage;
	bool cage_test;                          /* close the cage, try to get out, tell, leave */
	long parent;                             /* pid of the process that started it and with which it dies; 0: nobody */
} worker_options;

int worker_run(const worker_options *options);   /* returns the exit code */

#endif
