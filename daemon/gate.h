/* gate.h - who may come in over tcp: the server's side of CURVE at one stage's socket.
 *
 * Owns the ZAP handler (REP on inproc, asked by ZeroMQ before a connection is let in), the monitor of the socket, and the list of keys. What is not let in never reaches the
 * stage. Whoever connects and leaves without having been announced (gate_known) is a stranger: refused by key, without CURVE, with the daemon's wrong key, or
 * speaking something else; counted once, when the connection ends, and told with its address.
 *
 * Life of a connection: accepted -> known (its first READY came) -> ended; or accepted -> ended: a stranger. ZeroMQ ends a handshake that takes more than 5 s.
 * The monitor names descriptors; the address behind one is asked when it is accepted. When strangers come and go faster than the loop turns, the descriptor may be
 * another one's by then: addresses in the log are a help, no proof. Loop thread. */
#ifndef DAEMON_GATE_H
#define DAEMON_GATE_H

#include <stdint.h>
#include <zmq.h>

#include "common/keys.h"

typedef struct gate gate;

/* Prepares `socket` so that what it binds from now on asks for keys: `secret` is the daemon's key as text, wiped by the caller; NULL: no keys (loopback only). Takes *allow_p and
 * clears it; NULL without keys. NULL with a line in `errors`. */
gate *gate_open(void *zmq, void *socket, const char *stage, const char *secret, allow_list **allow_p, buf *errors);
void gate_close(gate **self);                    /* before the socket is closed */
/* Two descriptors that ring as ZMQ_FD does; -1: none. */
void gate_fds(const gate *self, int fds[2]);
/* Answers what was asked and counts who ended. Bounded; true: call again, there is more. */
bool gate_serve(gate *self);
/* Takes *allow_p and clears it; holds for whoever comes from now on. */
void gate_set_allow(gate *self, allow_list **allow_p);
/* A message that a worker announces itself with: true when it came through a key that is in the list now, or through none where none are asked for. `key` (KEY_TEXT + 1 bytes) and `name`
 * (KEY_NAME_MAX + 1, as the list calls it) are empty without one. */
bool gate_known(gate *self, zmq_msg_t *message, char *key, char *name);
bool gate_key_good(const gate *self, const char *key);   /* is it still in the list? */
uint64_t gate_strangers(const gate *self);

#endif
