/* tap_stream.h - `GET /tap`: a stream of the admin port (daemon/admin.h) that listens to the tap. Owns what ties the two together until the client goes or the port
 * closes. Loop thread. */
#ifndef DAEMON_TAP_STREAM_H
#define DAEMON_TAP_STREAM_H

#include "daemon/admin.h"
#include "daemon/tap.h"

typedef struct tap_stream_about {
	const char *instance;
	const char *const *stages;       /* that may be asked for */
	size_t stage_count;
} tap_stream_about;

/* The handler's work: the HTTP code; `out` has the first line, or what is wrong. Everything but `self` is borrowed for the call. */
int tap_stream_open(tap *self, const tap_stream_about *about, admin_request *request, buf *out);

#endif
