/* steer.h - what an operator asks of the running daemon by the control socket (control.h), and what of it holds until something else is said.
 *
 * It owns the operator's pauses and the log level set by hand, and the waits of those who asked to be answered when it is finished. It reads the parts through
 * `report` and changes them only through their own interfaces (intake_look, supervisor_scale, ...); reading the configuration again and leaving are daemon.c's (hooks).
 *
 *   pause      holds until it is resumed: over reloads and rebalances (partitions that come later, too), not over a restart of the process
 *   scale, log-level       hold until the next reload
 *   drain      is a pause of everything, with epochs formed at once until nothing is in flight
 *
 * Each use is one log line with user, process and what became of it. Loop thread. */
#ifndef DAEMON_STEER_H
#define DAEMON_STEER_H

#include "daemon/control.h"
#include "daemon/report.h"
#include "daemon/supervisor.h"

typedef struct steer steer;

typedef struct steer_hooks {
	/* As SIGHUP. 0: the configuration was read and holds, `fixed` names what only a restart will bring; -1: refused, the reasons are lines in `errors`. */
	int (*reload)(void *arg, buf *errors, buf *fixed);
	void (*leave)(void *arg);        /* as SIGTERM */
	void *arg;
} steer_hooks;

/* Borrows `r` and sets its `paused` and `log_level`. */
steer *steer_new(report *r, steer_hooks hooks);
void steer_free(steer **self);
void steer_set_supervisor(steer *self, supervisor *supervisor);  /* once, before the first command */
control_hooks steer_control_hooks(steer *self);
/* A partition was assigned: is it paused? */
void steer_assigned(steer *self, partition *p);
/* The settings in force are new: what was set by hand until then ends. */
void steer_reloaded(steer *self);
bool steer_is_draining(const steer *self);
/* Once a turn of the loop: those who wait are answered. */
void steer_turn(steer *self, int64_t now_ms);

#endif
