/* tap_stream.c - see tap_stream.h. */
#include "daemon/tap_stream.h"

#include <stdlib.h>

#include "common/json_text.h"
#include "common/mem.h"

enum { OK = 200, BAD_REQUEST = 400 };

typedef struct tie {
	tap *tap;
	tap_listener *listener;
	admin_stream *stream;
} tie;

static bool send_line(void *arg, mr_bytes line)
{
	tie *self = arg;
	return admin_stream_write(self->stream, line.data, line.len);
}

static void on_ended(void *arg, admin_stream *stream)
{
	tie *self = arg;
	(void)stream;
	tap_leave(self->tap, &self->listener);
	free(self);
}

static void greet(const tap_stream_about *about, const tap_filter *filter, buf *out)
{
	buf_add_str(out, "{\"tap\":{\"instance\":");
	json_add_text(out, mr_bytes_of(about->instance));
	buf_add_str(out, ",\"version\":\"" MILLRACE_VERSION "\",\"stage\":");
	if (filter->stage[0])
		json_add_text(out, mr_bytes_of(filter->stage));
	else
		buf_add_str(out, "null");
	buf_add_str(out, "}}\n");
}

/* There is a place for the listener whenever there was one for the stream: TAP_LISTENERS is not less than ADMIN_STREAMS. */
int tap_stream_open(tap *self, const tap_stream_about *about, admin_request *request, buf *out)
{
	_Static_assert((int)TAP_LISTENERS >= (int)ADMIN_STREAMS, "a stream without a place to listen");
	tap_filter filter;
	if (tap_filter_read(&filter, admin_query(request), about->stages, about->stage_count, out))
		return BAD_REQUEST;
	tie *tie = mem_alloc(sizeof *tie);
	tie->tap = self;
	int code = admin_stream_open(request, on_ended, tie, &tie->stream, out);
	if (code != OK || !tie->stream) {
		free(tie);
		return code;
	}
	tie->listener = tap_join(self, &filter, send_line, tie);
	greet(about, &filter, out);
	return OK;
}
