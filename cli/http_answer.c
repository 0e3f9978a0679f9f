/* http_answer.c - see http_answer.h. */
#include "cli/http_answer.h"

#include <string.h>
#include <strings.h>

static void bad(http_answer *self, const char *why)
{
	self->part = HTTP_BAD;
	self->why = why;
}

/* A decimal or hexadecimal number up to `most` that fills the text up to a blank, `;` or its end. -1: it is none. */
static int64_t number(const char *text, int base, int64_t most)
{
	int64_t n = 0;
	size_t i = 0;
	for (;; i++) {
		char c = text[i] | 0x20;
		int digit = text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (digit < 0)
			break;
		n = n * base + digit;
		if (n > most)
			return -1;
	}
	return i && (!text[i] || text[i] == ' ' || text[i] == '\t' || text[i] == ';') ? n : -1;
}

static void take_status(http_answer *self)
{
	const char *line = self->line;
	if (strncmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ') {
		bad(self, "no HTTP answer");
		return;
	}
	int64_t code = number(line + 9, 10, 599);
	if (code < 100) {
		bad(self, "no status code");
		return;
	}
	self->code = (int)code;
	self->part = HTTP_HEADERS;
}

static bool is_header(const char *line, const char *name, const char **value)
{
	size_t len = strlen(name);
	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return false;
	*value = line + len + 1 + strspn(line + len + 1, " \t");
	return true;
}

/* Behind the empty line. 1xx is followed by another answer. */
static void end_headers(http_answer *self)
{
	if (self->code < 200) {
		self->part = HTTP_STATUS;
		self->chunked = self->has_length = false;
	} else if (self->code == 204 || self->code == 304) {
		self->part = HTTP_DONE;
	} else if (self->chunked) {
		self->part = HTTP_CHUNK_SIZE;
	} else if (self->has_length) {
		self->part = self->left ? HTTP_BODY_LENGTH : HTTP_DONE;
	} else {
		self->part = HTTP_BODY_TO_END;
	}
}

static void take_header(http_answer *self)
{
	const char *value;
	if (!self->line_len) {
		end_headers(self);
		return;
	}
	if (is_header(self->line, "Transfer-Encoding", &value)) {
		if (strcasecmp(value, "chunked") != 0 || self->chunked)
			bad(self, "a transfer encoding that is not known");
		self->chunked = true;
	} else if (is_header(self->line, "Content-Length", &value)) {
		int64_t length = number(value, 10, INT64_C(1) << 40);
		if (length < 0 || (self->has_length && self->left != (uint64_t)length)) {
			bad(self, "a length that is none");
			return;
		}
		self->has_length = true;
		self->left = (uint64_t)length;
	} else if (!strchr(self->line, ':')) {
		bad(self, "a header without a colon");
	}
}

static void take_chunk_size(http_answer *self)
{
	int64_t size = number(self->line, 16, HTTP_CHUNK_MAX);
	if (size < 0) {
		bad(self, "a chunk without a size, or too large a one");
		return;
	}
	self->left = (uint64_t)size;
	self->part = size ? HTTP_CHUNK : HTTP_TRAILERS;
}

static void take_line(http_answer *self)
{
	switch (self->part) {
	case HTTP_STATUS:
		take_status(self);
		break;
	case HTTP_HEADERS:
		take_header(self);
		break;
	case HTTP_CHUNK_SIZE:
		take_chunk_size(self);
		break;
	case HTTP_CHUNK_END:
		if (self->line_len)
			bad(self, "a chunk longer than its size");
		else
			self->part = HTTP_CHUNK_SIZE;
		break;
	default:                                 /* trailers say nothing to us */
		if (!self->line_len)
			self->part = HTTP_DONE;
	}
	self->line_len = 0;
}

/* Up to the line break, or all there is. */
static size_t collect_line(http_answer *self, const char *data, size_t len)
{
	const char *stop = memchr(data, '\n', len);
	size_t n = stop ? (size_t)(stop - data) : len;
	bool head = self->part == HTTP_HEADERS || self->part == HTTP_STATUS || self->part == HTTP_TRAILERS;
	if (self->line_len + n >= HTTP_LINE_MAX || (head && (self->header_bytes += n + (stop != NULL)) > HTTP_HEADERS_MAX)) {
		bad(self, "headers too large");
		return 0;
	}
	memcpy(self->line + self->line_len, data, n);
	self->line_len += n;
	if (!stop)
		return n;
	if (self->line_len && self->line[self->line_len - 1] == '\r')
		self->line_len--;
	self->line[self->line_len] = 0;
	if (memchr(self->line, 0, self->line_len))
		bad(self, "a zero byte among the headers");
	else
		take_line(self);
	return n + 1;
}

static size_t take_body(http_answer *self, const char *data, size_t len, buf *body)
{
	size_t n = self->part == HTTP_BODY_TO_END || len < self->left ? len : (size_t)self->left;
	buf_add(body, data, n);
	if (self->part == HTTP_BODY_TO_END)
		return n;
	self->left -= n;
	if (!self->left)
		self->part = self->part == HTTP_CHUNK ? HTTP_CHUNK_END : HTTP_DONE;
	return n;
}

size_t http_answer_take(http_answer *self, const char *data, size_t len, buf *body)
{
	size_t taken = 0;
	while (taken < len && self->part < HTTP_DONE) {
		bool is_body = self->part == HTTP_BODY_LENGTH || self->part == HTTP_BODY_TO_END || self->part == HTTP_CHUNK;
		taken += is_body ? take_body(self, data + taken, len - taken, body) : collect_line(self, data + taken, len - taken);
	}
	return taken;
}

bool http_answer_end(http_answer *self)
{
	if (self->part == HTTP_BODY_TO_END)
		self->part = HTTP_DONE;
	if (self->part < HTTP_DONE)
		bad(self, "the connection ended before the answer");
	return self->part == HTTP_DONE;
}
