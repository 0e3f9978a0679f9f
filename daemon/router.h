/* router.h - the ROUTER socket of one stage: made, guarded, read and written. Knows what a message is, not what it means.
 *
 * Owns the ZeroMQ context, the socket, the lock file and the path `<dir>/<name>.sock` (0660 in a folder 0750); for workers of other hosts also tcp endpoints and the gate before
 * them (gate.h). The socket file asks for no keys: its mode guards it. ZMQ_FD rings when something
 * becomes possible, not while it is: whoever uses this reads until router_recv says there is nothing, and looks again after every send
 * (docs/protocol.md, "For the daemon"). Loop thread only. */
#ifndef DAEMON_ROUTER_H
#define DAEMON_ROUTER_H

#include <stdint.h>
#include <zmq.h>

#include "common/wire.h"
#include "daemon/runtime_dir.h"
#include "daemon/gate.h"

#define ROUTER_PATH_MAX RUNTIME_PATH_MAX

typedef struct router router;

typedef struct router_id {
	unsigned char len;
	char bytes[255];                         /* routing ids are at most that long, zmq_setsockopt(3) */
} router_id;

typedef struct router_rules {
	uint32_t heartbeat_ms;
	int64_t message_max;                     /* bytes; a peer that sends more is disconnected */
	int backlog;                             /* messages queued for one peer: above the credit, so that a full queue is our bug */
} router_rules;

/* Binds. NULL with a line in `errors`; errno is EWOULDBLOCK when another live process holds the socket. */
router *router_open(const char *dir, const char *name, const router_rules *rules, buf *errors);
/* Sets the gate up (gate_open), once, before the first router_listen; the router owns it. NULL with a line in `errors`. */
gate *router_gate(router *self, const char *name, const char *secret, allow_list **allow_p, buf *errors);
/* Binds `tcp://address:port`, too. 0; -1 with a line in `errors`. */
int router_listen(router *self, const char *endpoint, bool ipv6, buf *errors) MR_MUST_USE;
/* Waits at most `linger_ms` for what is still to be sent. Removes nothing but its own socket file. */
void router_close(router **self, int linger_ms);
int router_fd(const router *self);
const char *router_path(const router *self);
/* 1: a message, which the caller closes; 0: nothing there now. A message of more than one frame comes as an empty one, which is garbage. */
int router_recv(router *self, router_id *from, zmq_msg_t *msg);
bool router_pending(const router *self);                         /* something to read */
/* 0; -1 with errno: EHOSTUNREACH (no such peer), EAGAIN (its queue is full). */
int router_send(router *self, const router_id *to, const buf *message) MR_MUST_USE;
int router_send_batch(router *self, const router_id *to, const wire_batch *batch) MR_MUST_USE;

#endif
