/* admin.h - the HTTP port for operators and their monitoring, on loopback only, read-only.
 *
 * It owns the listener, its connections and the streams on them, and knows nothing of what is shown: that is a table of routes (daemon/admin_pages.c).
 * Everything from outside is bounded: size of headers and body, silence, life and number of connections, what waits to be sent. Nothing can be changed
 * through it. A request whose Host is not this machine's loopback is refused: a page of a stranger in an operator's browser could else reach the port under a
 * name of its own (DNS rebinding). Loop thread only; handlers answer at once from what is at hand.
 *
 * A stream is a reply without end: the handler opens it, and whoever it belongs to writes pieces later, until the client goes. It never waits for its client: what does not fit into
 * the buffer of ADMIN_STREAM_BYTES is refused, and a client that takes nothing for ADMIN_STREAM_STALL_MS is closed. */
#ifndef DAEMON_ADMIN_H
#define DAEMON_ADMIN_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/query.h"

struct event_base;
struct settings;

typedef struct admin admin;
typedef struct admin_request admin_request;      /* lives while its handler runs */
typedef struct admin_stream admin_stream;

typedef struct admin_route {
	const char *path, *type;                 /* "/status"; the content type */
	/* Writes the reply's body and returns the HTTP code. HEAD comes here as well: the body is left out behind. When it has opened a stream, `out` is the first piece. */
	int (*show)(void *arg, admin_request *request, buf *out);
} admin_route;

typedef struct admin_limits {
	int connections;                         /* at once, at most 64; more wait in the kernel's queue */
	int silence_ms;                          /* a connection that says nothing for so long is closed */
	int life_ms;                             /* and one that is older in any case: clients that send a byte a second; a stream has none */
} admin_limits;

#define ADMIN_LIMITS ((admin_limits){32, 3000, 10000})

enum { ADMIN_STREAMS = 8, ADMIN_STREAM_BYTES = 256 * 1024, ADMIN_STREAM_STALL_MS = 60000 };

/* Listens on admin.address:settings_admin_port. `routes` is borrowed for the life of the port, `arg` is handed to its functions. NULL with a line in `errors`
 * when that is not possible. */
admin *admin_open(struct event_base *base, const struct settings *settings, const admin_route *routes, size_t count, void *arg, admin_limits limits, buf *errors);
void admin_close(admin **self);                  /* ends every stream, with its `ended` */
int admin_connections(const admin *self);        /* open now */

/* ---- for handlers ---- */

const query *admin_query(const admin_request *request);                                   /* well formed: others were answered with 400 */
const char *admin_header(const admin_request *request, const char *name);                 /* what the client sent; NULL: nothing */
void admin_set_header(admin_request *request, const char *name, const char *value);       /* of the reply; copied; in the place of what was set before */
/* A wrong parameter: a line for the client in `out`. Returns 400, for the handler to return. */
int admin_refuse_param(buf *out, const char *name, const char *wanted);

/* Makes the reply a stream. Returns the HTTP code that the handler returns: 200 with *out set; 200 with *out NULL (HEAD: there will be no body);
 * 503 with *out NULL and the reason in `body`, when ADMIN_STREAMS are open. `ended` is told when the client has gone or the port closes: the stream is
 * gone then and must not be used by or after the call. It is never told from inside a function of this header but admin_close. */
int admin_stream_open(admin_request *request, void (*ended)(void *arg, admin_stream *stream), void *arg, admin_stream **out, buf *body);
/* Sends `len` bytes, all or none. false: no room, the client is slow. */
bool admin_stream_write(admin_stream *self, const void *data, size_t len);
int admin_streams(const admin *self);                    /* open now */

#endif
