/* http_answer.h - what an HTTP/1.x server answers, read piece by piece: status line, headers, body by length, in chunks or up to the end of the connection.
 *
 * For a client that trusts nobody: every line, the headers together and the body have limits; what is malformed or past a limit makes the answer BAD, with the reason, and
 * nothing is taken any more. Owns nothing, allocates nothing. Pure; fuzzed (tests/fuzz/fuzz_http.c). Grammar: RFC 9112. */
#ifndef CLI_HTTP_ANSWER_H
#define CLI_HTTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

enum { HTTP_LINE_MAX = 1024, HTTP_HEADERS_MAX = 16384, HTTP_CHUNK_MAX = 64 << 20 };

enum http_part { HTTP_STATUS, HTTP_HEADERS, HTTP_BODY_LENGTH, HTTP_BODY_TO_END, HTTP_CHUNK_SIZE, HTTP_CHUNK, HTTP_CHUNK_END, HTTP_TRAILERS, HTTP_DONE, HTTP_BAD };

typedef struct http_answer {
	enum http_part part;             /* what comes next */
	int code;                        /* of the status line; 0 before it */
	bool chunked, has_length;
	uint64_t left;                   /* bytes of the body, or of the chunk, still to come */
	size_t header_bytes;
	char line[HTTP_LINE_MAX];
	size_t line_len;
	const char *why;                 /* BAD: what is wrong; a constant */
} http_answer;

/* A zeroed answer is a new one. Takes `len` bytes; what belongs to the body is added to `body`. Returns how many were taken: all of them unless the answer is DONE or BAD. */
size_t http_answer_take(http_answer *self, const char *data, size_t len, buf *body);
/* The connection has ended: true when the answer is complete (then it is DONE); else it is BAD. */
bool http_answer_end(http_answer *self);

#endif
