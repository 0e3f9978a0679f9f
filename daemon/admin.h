/* admin.h - the HTTP port for operators and their monitoring, on loopback only, read-only:
 *
 *   GET /live      200 while the event loop turns
 *   GET /ready     200, or 503 with the reason as text
 *   GET /metrics   Prometheus text
 *   GET /status    JSON
 *
 * It owns the listener and its connections and knows nothing of the core: what it shows it asks for. Everything from outside is bounded: size of
 * headers and body, silence, life and number of connections. Nothing can be changed through it. Loop thread only; handlers answer
 * at once from what is at hand. */
#ifndef DAEMON_ADMIN_H
#define DAEMON_ADMIN_H

#include <jansson.h>

#include "common/buf.h"

struct event_base;
struct metrics;
struct settings;

typedef struct admin admin;

typedef struct admin_hooks {
	const char *(*ready)(void *arg);         /* NULL: ready; else the reason, valid until the next turn of the loop */
	json_t *(*status)(void *arg);            /* new reference */
	void (*refresh)(void *arg);              /* brings gauges up to date before metrics are rendered; may be NULL */
	void *arg;
} admin_hooks;

typedef struct admin_limits {
	int connections;                         /* at once, at most 64; more wait in the kernel's queue */
	int silence_ms;                          /* a connection that says nothing for so long is closed */
	int life_ms;                             /* and one that is older in any case: clients that send a byte a second */
} admin_limits;

#define ADMIN_LIMITS ((admin_limits){32, 3000, 10000})

/* Listens on admin.address:settings_admin_port. NULL with a line in `errors` when that is not possible. */
admin *admin_open(struct event_base *base, const struct settings *settings, const struct metrics *metrics, admin_hooks hooks, admin_limits limits, buf *errors);
void admin_close(admin **self);
int admin_connections(const admin *self);        /* open now */

#endif
