/* demo_daemon.h - the daemon of the demo: a millraced of its own, with a configuration, state, sockets and a log in a folder that the caller owns.
 *
 * It is killed when this process ends, however that happens (PR_SET_PDEATHSIG), and its workers with it. Main thread only. */
#ifndef CLI_DEMO_DAEMON_H
#define CLI_DEMO_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"

typedef struct demo_daemon {
	pid_t pid;                       /* 0: not running */
	int port;                        /* of its admin port */
	char program[4200];              /* millraced beside this program */
	char config[160], log[160];
} demo_daemon;

/* Finds the programs beside this one, whose folder is `programs`. 0; -1 with a line in `error` that says how to get them. */
int demo_daemon_find(demo_daemon *self, const char *programs, char error[256]) MR_MUST_USE;
/* Writes the configuration for the broker at `bootstrap` and starts; `watches`: file of watches, NULL: none; `sets`: the --set values of the command line, passed on.
 * 0; -1 with a line in `error`. */
int demo_daemon_start(demo_daemon *self, const char *folder, const char *bootstrap, const char *watches, const char *const *sets, size_t set_count, char error[256]) MR_MUST_USE;
bool demo_daemon_lives(demo_daemon *self);
/* GET from the admin port: the status, and the body in `body`; 0 when nobody answers, and why. */
int demo_daemon_get(const demo_daemon *self, const char *path, buf *body);
/* SIGTERM, and SIGKILL after `seconds`. Its exit code; -1: it was killed or was not running. */
int demo_daemon_stop(demo_daemon *self, double seconds);
/* The last warnings and errors of its log, for standard error. */
void demo_daemon_tell(const demo_daemon *self);

#endif
