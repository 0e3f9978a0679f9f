/* http.c - see http.h. */
#include "cli/http.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/http_answer.h"
#include "common/mem.h"
#include "common/settings.h"

#define READ_BYTES 65536

struct http {
	int fd;
	bool connected;
	buf request;
	size_t sent;
	http_answer answer;
	buf body;
	size_t eaten;                    /* bytes of `body` that are not wanted any more */
	int64_t news_ms;                 /* when something last came or went */
	int silence_ms;
	enum http_state state;
	char why[HTTP_WHY_BYTES];
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- places ---- */

static int find_place(http_place *out, const char *host, const char *port, char error[HTTP_WHY_BYTES])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	int rc = getaddrinfo(host, port, &hints, &found);
	if (rc) {
		snprintf(error, HTTP_WHY_BYTES, "%.60s port %.8s: %s", host, port, gai_strerror(rc));
		return -1;
	}
	memcpy(&out->address, found->ai_addr, found->ai_addrlen);
	out->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

/* HOST, HOST:PORT, [IPv6]:PORT; `/` and what follows is left out. */
static int split_place(const char *text, char host[200], char port[8])
{
	bool bracket = text[0] == '[';
	size_t len = bracket ? strcspn(text, "]") : strcspn(text, ":/");
	const char *rest = text + len + bracket;
	if (len <= bracket || len - bracket >= 200 || (bracket && text[len] != ']'))
		return -1;
	snprintf(host, 200, "%.*s", (int)(len - bracket), text + bracket);
	snprintf(port, 8, "80");
	if (*rest == ':') {
		size_t digits = strspn(rest + 1, "0123456789");
		if (digits == 0 || digits > 5)
			return -1;
		snprintf(port, 8, "%.*s", (int)digits, rest + 1);
		rest += 1 + digits;
	}
	for (const char *c = host; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7F || strchr("@?#\\", *c))
			return -1;
	return *rest == 0 || strcmp(rest, "/") == 0 || strcmp(rest, "/status") == 0 ? 0 : -1;
}

int http_place_read(http_place *out, const char *url, char error[HTTP_WHY_BYTES])
{
	char host[200], port[8];
	const char *text = strncmp(url, "http://", 7) == 0 ? url + 7 : url;
	*out = (http_place){0};
	if (strstr(text, "://") || split_place(text, host, port)) {
		snprintf(error, HTTP_WHY_BYTES, "'%.80s' is no address like http://127.0.0.1:9180", url);
		return -1;
	}
	snprintf(out->host, sizeof out->host, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	return find_place(out, host, port, error);
}

/* The admin port of these settings. 0; -1 with what is wrong (admin.enabled = false). */
static int place_of(http_place *out, const settings *settings, char error[HTTP_WHY_BYTES])
{
	char port[8];
	const char *host = settings_str(settings, "admin.address");
	*out = (http_place){0};
	if (!settings_bool(settings, "admin.enabled")) {
		snprintf(error, HTTP_WHY_BYTES, "admin.enabled is false: this daemon has no admin port");
		return -1;
	}
	snprintf(port, sizeof port, "%d", settings_admin_port(settings));
	snprintf(out->host, sizeof out->host, strchr(host, ':') ? "[%.200s]:%s" : "%.200s:%s", host, port);
	return find_place(out, host, port, error);
}

int http_place_find(http_place *out, const char *command, const char *url)
{
	char error[HTTP_WHY_BYTES];
	if (url)
		return http_place_read(out, url, error) ? cli_usage(command, "%s", error) : 0;
	settings *settings = cli_settings();
	int rc = settings ? 0 : EXIT_CONFIG;
	if (settings && place_of(out, settings, error))
		rc = cli_failed(command, "%s", error);
	settings_free(&settings);
	return rc;
}

void http_add_escaped(buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		bool plain = (*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') || strchr("-._~", *c);
		if (plain)
			buf_add_char(out, *c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
	}
}

/* ---- a request ---- */

static void fail(http *self, const char *what, const char *why)
{
	self->state = HTTP_FAILED;
	snprintf(self->why, sizeof self->why, "%s%s%s", what, *why ? ": " : "", why);
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
}

http *http_get(const http_place *place, const char *path, int silence_ms)
{
	http *self = mem_alloc(sizeof *self);
	self->silence_ms = silence_ms;
	self->news_ms = now_ms();
	buf_printf(&self->request, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: millrace/%s\r\nAccept: */*\r\nConnection: close\r\n\r\n", path, place->host, MILLRACE_VERSION);
	self->fd = socket(place->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (self->fd < 0)
		fail(self, "no socket", strerror(errno));
	else if (connect(self->fd, (const struct sockaddr *)&place->address, place->address_len) == 0)
		self->connected = true;
	else if (errno != EINPROGRESS)
		fail(self, "cannot connect", strerror(errno));
	return self;
}

void http_end(http **self_p)
{
	http *self = *self_p;
	if (!self)
		return;
	if (self->fd >= 0)
		close(self->fd);
	buf_free(&self->request);
	buf_free(&self->body);
	free(self);
	*self_p = NULL;
}

int http_fd(const http *self)
{
	return self->fd;
}

short http_events(const http *self)
{
	return self->connected && self->sent == self->request.len ? POLLIN : POLLOUT;
}

int http_wait_ms(const http *self)
{
	int64_t left = self->news_ms + self->silence_ms - now_ms();
	return self->state != HTTP_WAITING || left < 0 ? 0 : (int)left;
}

static bool finish_connect(http *self)
{
	struct pollfd look = {self->fd, POLLOUT, 0};
	int error = 0;
	socklen_t len = sizeof error;
	if (poll(&look, 1, 0) != 1)
		return false;
	if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
		fail(self, "cannot connect", strerror(error ? error : errno));
		return false;
	}
	self->connected = true;
	return true;
}

static void send_request(http *self)
{
	while (self->sent < self->request.len) {
		ssize_t n = send(self->fd, self->request.data + self->sent, self->request.len - self->sent, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				fail(self, "cannot ask", strerror(errno));
			return;
		}
		self->sent += (size_t)n;
		self->news_ms = now_ms();
	}
}

static void drop_eaten(http *self)
{
	if (!self->eaten)
		return;
	memmove(self->body.data, self->body.data + self->eaten, self->body.len - self->eaten);
	buf_cut(&self->body, self->body.len - self->eaten);
	self->eaten = 0;
}

static void take(http *self, const char *data, size_t len)
{
	http_answer_take(&self->answer, data, len, &self->body);
	if (self->answer.part == HTTP_BAD)
		fail(self, "the answer cannot be read", self->answer.why);
	else if (self->body.len > HTTP_PENDING_MAX)
		fail(self, "the answer is too large", "");
	else if (self->answer.part == HTTP_DONE)
		self->state = HTTP_COMPLETE;
}

/* At most a few pieces a call: a server that sends without end must not keep its client from its keys. */
static void read_answer(http *self)
{
	char piece[READ_BYTES];
	for (int i = 0; i < 16 && self->state == HTTP_WAITING; i++) {
		ssize_t n = recv(self->fd, piece, sizeof piece, 0);
		if (n > 0) {
			self->news_ms = now_ms();
			take(self, piece, (size_t)n);
		} else if (n == 0) {
			if (http_answer_end(&self->answer))
				self->state = HTTP_COMPLETE;
			else
				fail(self, self->answer.code ? "the connection ended" : "no answer", self->answer.code ? "" : "the connection ended");
		} else {
			if (errno != EAGAIN && errno != EINTR)
				fail(self, "the connection broke", strerror(errno));
			return;
		}
	}
}

enum http_state http_go(http *self)
{
	if (self->state == HTTP_WAITING && !self->connected && !finish_connect(self) && self->state == HTTP_WAITING && http_wait_ms(self) == 0)
		fail(self, "no connection in time", "");
	if (self->state != HTTP_WAITING || !self->connected)
		return self->state;
	drop_eaten(self);
	send_request(self);
	if (self->state == HTTP_WAITING)
		read_answer(self);
	if (self->state == HTTP_WAITING && http_wait_ms(self) == 0)
		fail(self, "no answer in time", "");
	return self->state;
}

int http_code(const http *self)
{
	return self->answer.part >= HTTP_HEADERS ? self->answer.code : 0;
}

mr_bytes http_body(const http *self)
{
	mr_bytes all = buf_bytes(&self->body);
	return (mr_bytes){all.data + self->eaten, all.len - self->eaten};
}

void http_eat(http *self, size_t bytes)
{
	self->eaten += bytes;
}

const char *http_why(const http *self)
{
	return self->why;
}

int http_fetch(const http_place *place, const char *path, int wait_ms, const volatile int *stop, buf *body)
{
	int64_t end = now_ms() + wait_ms;
	http *get = http_get(place, path, wait_ms);
	enum http_state state;
	while ((state = http_go(get)) == HTTP_WAITING && now_ms() < end && !(stop && *stop)) {
		int64_t left = end - now_ms();
		struct pollfd look = {http_fd(get), http_events(get), 0};
		poll(&look, 1, left > 100 ? 100 : (int)left);
	}
	buf_clear(body);
	if (state == HTTP_COMPLETE)
		buf_add(body, http_body(get).data, http_body(get).len);
	else
		buf_add_str(body, state == HTTP_FAILED ? http_why(get) : "no answer in time");
	int code = state == HTTP_COMPLETE ? http_code(get) : 0;
	http_end(&get);
	return code;
}
