/* control.h - the socket through which an operator steers the daemon: `<runtime dir>/control.sock`, a stream socket of the file system.
 *
 * It owns the listener, its lock and the connections, and knows who may speak and what a request looks like (control_message.h); what a command does is the caller's
 * (steer.h). A connection is
 *
 *   READING --a whole line--> PENDING (a command is being served) --control_answer--> READING ...
 *
 * one request at a time, answered in order; what was sent meanwhile waits in the kernel.
 *
 * Who may: root, the daemon's own user, members of control.group (their effective or supplementary groups when they connected). The kernel tells who it is (SO_PEERCRED,
 * SO_PEERGROUPS), whatever the mode of the file allows (0660). Everybody else is told so and closed, and it is logged.
 *
 * Limits: CONTROL_CONNECTIONS at once (one more is told `busy`), CONTROL_LINE_MAX bytes a request, CONTROL_ANSWER_MAX an answer, and a time for silence and for not reading; with an
 * answer's length unread no further request is looked at. What is no request is answered with the reason; after a line that is too long the connection is closed. Loop thread. */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <sys/types.h>

#include "daemon/control_message.h"

struct event_base;
struct settings;

#define CONTROL_CONNECTIONS 8
#define CONTROL_SILENCE_MS 10000         /* without a request, or without taking its answer */

typedef struct control control;
typedef struct control_call control_call;        /* a connection whose request is being served */

typedef struct control_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;                       /* 0: of another namespace */
} control_peer;

typedef struct control_hooks {
	/* To be answered once by control_answer, now or later, unless `gone` comes first. `request` is borrowed for the time of the call. */
	void (*command)(void *arg, control_call *call, const control_request *request);
	/* Whoever asked has left before the answer. */
	void (*gone)(void *arg, control_call *call);
	void *arg;
} control_hooks;

/* NULL with a line in `errors`; errno is EWOULDBLOCK when another live process holds the socket. */
control *control_open(struct event_base *base, const struct settings *settings, control_hooks hooks, int silence_ms, buf *errors);
/* What was answered is written as far as it goes without waiting; no hook is called. */
void control_close(control **self);
/* Takes the answer. */
void control_answer(control_call *call, json_t *answer);
const control_peer *control_call_peer(const control_call *call);
int control_connections(const control *self);

#endif
