/* http.h - a small HTTP client for the daemon's admin port: GET, one request a connection, never blocking, bounded.
 *
 * A request is begun, polled by its owner (http_fd, http_events) and moved on by http_go; it holds its socket and what came of the body until http_end. A body may be read while it
 * comes (a stream): http_body gives what is there, http_eat takes it off. Limits: HTTP_PENDING_MAX bytes of body not eaten yet, those of http_answer.h, and a time
 * without any news. No TLS, no proxy, no redirects. Single thread. */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/buf.h"

enum { HTTP_PENDING_MAX = 16 << 20, HTTP_WHY_BYTES = 160 };

/* Where a server is: found once, so that later requests wait for no name server. */
typedef struct http_place {
	struct sockaddr_storage address;
	socklen_t address_len;
	char host[256];                  /* for Host: name and port as the user gave them */
} http_place;

/* `http://HOST[:PORT]`, or `HOST:PORT`; the port is 80 when none is named. 0; -1 with what is wrong. May ask a name server. */
int http_place_read(http_place *out, const char *url, char error[HTTP_WHY_BYTES]) MR_MUST_USE;
/* The admin port for a command: where its --url says (NULL: none), else that of the configuration. 0; else the exit code, said on standard error. */
int http_place_find(http_place *out, const char *command, const char *url) MR_MUST_USE;
/* Appends a value for a query, escaped. */
void http_add_escaped(buf *out, const char *text);

typedef struct http http;

enum http_state { HTTP_WAITING, HTTP_COMPLETE, HTTP_FAILED };

/* GET of `path` with its query. Never NULL; what goes wrong is told by http_go. */
http *http_get(const http_place *place, const char *path, int silence_ms);
void http_end(http **self);
int http_fd(const http *self);                   /* -1: nothing to wait for: call http_go */
short http_events(const http *self);             /* for poll(2) */
int http_wait_ms(const http *self);              /* until its time without news is over */
enum http_state http_go(http *self);             /* does what can be done now */
int http_code(const http *self);                 /* 0: not known yet */
mr_bytes http_body(const http *self);            /* borrowed until http_go or http_eat */
void http_eat(http *self, size_t bytes);
const char *http_why(const http *self);          /* FAILED: for people */

/* All at once, for who has nothing else to do: waits at most `wait_ms` for the whole of it. The code; 0 with the reason in `body`. `stop` (may be NULL) ends it early. */
int http_fetch(const http_place *place, const char *path, int wait_ms, const volatile int *stop, buf *body);

#endif
