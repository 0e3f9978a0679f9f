/* input.c - see input.h. zlib's gzFile reads plain files as they are. */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "common/mem.h"

#define VALUE_MAX (64u << 20)
#define CHUNK (256u << 10)

struct input {
	char *path;
	enum input_form form;
	gzFile file;
	off_t size;              /* of the file on disk; 0: not known */
	bool ended;
	buf ahead;               /* read, not given out yet, from `at` on */
	size_t at;
};

static bool ends_with(const char *name, size_t len, const char *ending)
{
	size_t n = strlen(ending);
	return len > n && memcmp(name + len - n, ending, n) == 0;
}

/* Length of the name without `.gz`. */
static size_t plain_len(const char *path)
{
	size_t len = strlen(path);
	return ends_with(path, len, ".gz") ? len - 3 : len;
}

static enum input_form form_of(const char *path)
{
	size_t len = plain_len(path);
	if (ends_with(path, len, ".txt"))
		return INPUT_TEXT;
	if (ends_with(path, len, ".html") || ends_with(path, len, ".htm"))
		return INPUT_HTML;
	return INPUT_JSON;
}

/* The name without folder and endings. */
static char *stem_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = plain_len(name);
	const char *dot = memrchr(name, '.', len);
	if (dot && dot > name)
		len = (size_t)(dot - name);
	return mem_copy(name, len);
}

input *input_open(const char *path, enum input_form form, buf *errors)
{
	bool standard = strcmp(path, "-") == 0;
	struct stat st;
	gzFile file = standard ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path, "rb");
	if (!file) {
		buf_printf(errors, "cannot open %s: %s\n", path, strerror(errno ? errno : ENOMEM));
		return NULL;
	}
	input *self = mem_alloc(sizeof *self);
	self->path = mem_string(path);
	self->form = form == INPUT_AUTO ? form_of(path) : form;
	self->file = file;
	if (!standard && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		self->size = st.st_size;
	gzbuffer(file, 1 << 18);
	return self;
}

void input_close(input **self_p)
{
	input *self = *self_p;
	if (!self)
		return;
	gzclose(self->file);
	buf_free(&self->ahead);
	free(self->path);
	free(self);
	*self_p = NULL;
}

/* -1 with a line when reading has failed; 0 at the end of the file. */
static int told_failure(input *self, buf *errors)
{
	int code = 0;
	const char *what = gzerror(self->file, &code);
	if (code == Z_OK || code == Z_STREAM_END)
		return 0;
	buf_printf(errors, "cannot read %s: %s\n", self->path, code == Z_ERRNO ? strerror(errno) : what);
	return -1;
}

/* More bytes of the file behind those that wait in `ahead`. 1; 0 at the end; -1 failed. */
static int read_ahead(input *self, buf *errors)
{
	if (self->at) {
		memmove(self->ahead.data, self->ahead.data + self->at, self->ahead.len - self->at);
		self->ahead.len -= self->at;
		self->at = 0;
	}
	int n = gzread(self->file, buf_reserve(&self->ahead, CHUNK), CHUNK);
	if (n <= 0)                              /* 0: the end, or a .gz that breaks off */
		return told_failure(self, errors);
	self->ahead.len += (size_t)n;
	return 1;
}

/* One line without its end. 1: there is one; 0: the end; -1: failed. Past VALUE_MAX the rest of a line is dropped. */
static int read_raw_line(input *self, buf *line, buf *errors)
{
	for (bool any = false;; any = true) {
		size_t left = self->ahead.len - self->at;
		const char *from = left ? self->ahead.data + self->at : "", *end = memchr(from, '\n', left);
		size_t len = end ? (size_t)(end - from) : left;
		if (line->len < VALUE_MAX)
			buf_add(line, from, len);
		self->at += len + (end != NULL);
		if (end)
			return 1;
		int got = read_ahead(self, errors);
		if (got <= 0)
			return got < 0 ? -1 : (any || len > 0);
	}
}

/* A whole document, NUL bytes and all. */
static int read_document(input *self, buf *value, buf *errors)
{
	for (;;) {
		char *room = buf_reserve(value, CHUNK);
		int n = gzread(self->file, room, CHUNK);
		if (n <= 0)
			return told_failure(self, errors) ? -1 : 1;
		if (value->len < VALUE_MAX)
			value->len += (size_t)n;
	}
}

static bool is_blank(const buf *line)
{
	for (size_t i = 0; i < line->len; i++)
		if (!strchr(" \t\r\n", line->data[i]))
			return false;
	return true;
}

static int read_line(input *self, buf *value, buf *errors)
{
	int got;
	do {
		buf_clear(value);
		got = read_raw_line(self, value, errors);
	} while (got > 0 && is_blank(value));
	while (value->len && value->data[value->len - 1] == '\r')
		value->len--;
	return got;
}

static input_record *make_record(input *self, buf *value)
{
	input_record *r = mem_alloc(sizeof *r);
	size_t len;
	r->value = buf_take(value, &len);
	r->source = (record_source){.timestamp_ms = -1, .value = {r->value, len}};
	if (self->form == INPUT_JSON)
		return r;
	r->id = stem_of(self->path);
	r->headers[0] = (mr_field){mr_bytes_of("content-type"), mr_bytes_of(self->form == INPUT_TEXT ? "text/plain" : "text/html")};
	r->headers[1] = (mr_field){mr_bytes_of("id"), mr_bytes_of(r->id)};
	r->source.headers = r->headers;
	r->source.header_count = 2;
	return r;
}

input_record *input_next(input *self, bool *failed, buf *errors)
{
	buf value = {0};
	int got;
	*failed = false;
	if (self->ended)
		return NULL;
	if (self->form == INPUT_JSON) {
		got = read_line(self, &value, errors);
	} else {
		got = read_document(self, &value, errors);
		self->ended = true;
	}
	if (got > 0)
		return make_record(self, &value);
	self->ended = true;
	*failed = got < 0;
	buf_free(&value);
	return NULL;
}

void input_record_free(input_record **self_p)
{
	input_record *self = *self_p;
	if (!self)
		return;
	free(self->value);
	free(self->id);
	free(self);
	*self_p = NULL;
}

double input_progress(const input *self)
{
	z_off_t at = gzoffset(self->file), unpacked = gztell(self->file);
	double taken = unpacked > 0 ? 1 - (double)(self->ahead.len - self->at) / (double)unpacked : 1;   /* the rest waits in `ahead` */
	return self->size > 0 && at >= 0 ? (double)at / (double)self->size * taken : -1;
}
