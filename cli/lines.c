/* lines.c - see lines.h. */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <zlib.h>

#define LINE_MAX_BYTES (16u << 20)

int lines_open(lines *self, const char *path, char error[256])
{
	*self = (lines){.gz = gzopen(path, "rb"), .path = path, .error = error};
	if (self->gz)
		return 0;
	snprintf(error, 256, "%.180s: %s", path, strerror(errno));
	return -1;
}

int lines_fail(const lines *self, const char *what)
{
	snprintf(self->error, 256, "%.160s:%zu: %.80s", self->path, self->number, what);
	return -1;
}

int lines_next(lines *self, buf *line)
{
	buf_clear(line);
	self->number++;
	for (;;) {
		char *at = buf_reserve(line, 65536);
		at[0] = '\0';
		if (!gzgets(self->gz, at, 65536)) {
			int code;
			const char *what = gzerror(self->gz, &code);
			return code < 0 ? lines_fail(self, what) : line->len > 0;
		}
		size_t got = strlen(at);
		line->len += got;
		if (got && at[got - 1] == '\n') {
			line->data[--line->len] = '\0';
			return 1;
		}
		if (line->len > LINE_MAX_BYTES)
			return lines_fail(self, "a line of more than 16 MB");
	}
}

void lines_close(lines *self)
{
	if (self->gz)
		gzclose(self->gz);
	self->gz = NULL;
}
