/* admin.c - see admin.h.
 *
 * evhttp bounds headers, body, methods and silence, but neither the number nor the life of its connections, and it does not tell when one ends.
 * So every connection gets its bufferevent from here, with a reference of ours in a table of slots: a bufferevent whose event callback is NULL was
 * freed by evhttp (bufferevent_free clears the callbacks), then our reference goes as well. While all slots are taken the listener is off and
 * clients wait in the kernel's queue; a timer looks for free slots and shuts down what is too old. So, too, while the process has no descriptor left: accept
 * would be called, and fail, in every turn of the loop. */
#include "admin.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"

#define SLOTS 64
#define HEADERS_MAX 8192
#define BODY_MAX 1024                    /* GET and HEAD have none */
#define SWEEP_MS 100                     /* between looks for connections that ended, and for descriptors */

#define FORBIDDEN 403                    /* evhttp has no name for it */
#define PLAIN "text/plain; charset=utf-8"

typedef struct slot {
	struct bufferevent *connection;      /* one reference of ours; NULL: free */
	int64_t since_ms;
	bool stream;                         /* it carries one: no age ends it */
} slot;

struct admin_stream {
	struct evhttp_request *request;      /* NULL: free */
	slot *slot;
	void (*ended)(void *arg, admin_stream *stream);
	void *arg;
};

struct admin_request {
	admin *admin;
	struct evhttp_request *http;
	query query;
	admin_stream *stream;                /* that the handler has opened */
};

struct admin {
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	struct event *sweep;
	const admin_route *routes;
	size_t route_count;
	void *arg;
	const char *address;                 /* of the settings, which outlive us */
	admin_limits limits;
	slot slots[SLOTS];
	admin_stream streams[ADMIN_STREAMS];
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- connections ---- */

static bool ended(struct bufferevent *connection)
{
	bufferevent_event_cb on_event = NULL;
	bufferevent_getcb(connection, NULL, NULL, &on_event, NULL);
	return on_event == NULL;
}

static int sweep_slots(admin *self)
{
	int open = 0;
	for (int i = 0; i < self->limits.connections; i++) {
		slot *s = &self->slots[i];
		if (s->connection && ended(s->connection)) {
			bufferevent_decref(s->connection);
			s->connection = NULL;
		}
		if (!s->connection)
			continue;
		open++;
		if (!s->stream && now_ms() - s->since_ms > self->limits.life_ms)         /* evhttp sees the end of the stream and frees it */
			shutdown(bufferevent_getfd(s->connection), SHUT_RDWR);
	}
	return open;
}

static void listen_when_room(admin *self, int open)
{
	struct evconnlistener *listener = evhttp_bound_socket_get_listener(self->socket);
	if (open < self->limits.connections)
		evconnlistener_enable(listener);
	else
		evconnlistener_disable(listener);
}

/* The listener's argument is evhttp's own: the next sweep turns it on again. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	evconnlistener_disable(listener);
	log_warn("admin port: a connection cannot be taken", "error", "%s", strerror(errno));
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	admin *self = arg;
	(void)fd;
	(void)what;
	int open = sweep_slots(self);
	listen_when_room(self, open);
}

/* evhttp wants the bufferevent of a connection it has just accepted. There is a free slot: otherwise the listener would be off. */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	admin *self = arg;
	int open = sweep_slots(self), i = 0;
	struct bufferevent *connection = bufferevent_socket_new(base, -1, 0);
	while (i < self->limits.connections - 1 && self->slots[i].connection)
		i++;
	if (!connection || self->slots[i].connection)
		return connection;
	bufferevent_incref(connection);
	self->slots[i] = (slot){connection, now_ms(), false};
	listen_when_room(self, open + 1);
	return connection;
}

int admin_connections(const admin *self)
{
	int open = 0;
	for (int i = 0; i < SLOTS; i++)
		open += self->slots[i].connection && !ended(self->slots[i].connection);
	return open;
}

/* ---- streams ---- */

/* The connection under a stream is gone. evhttp frees the request with the connection, unless it has let go of it before (a reply that is not finished): then it is ours. */
static void on_stream_closed(struct evhttp_connection *connection, void *arg)
{
	admin_stream *self = arg;
	struct evhttp_request *request = self->request;
	(void)connection;
	self->request = NULL;
	self->slot->stream = false;
	self->ended(self->arg, self);
	if (!evhttp_request_get_connection(request))
		evhttp_send_reply_end(request);
}

static admin_stream *free_stream(admin *self)
{
	for (int i = 0; i < ADMIN_STREAMS; i++)
		if (!self->streams[i].request)
			return &self->streams[i];
	return NULL;
}

static slot *slot_of(admin *self, struct evhttp_request *request)
{
	struct bufferevent *connection = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
	for (int i = 0; i < self->limits.connections; i++)
		if (self->slots[i].connection == connection)
			return &self->slots[i];
	return NULL;
}

int admin_stream_open(admin_request *request, void (*ended)(void *arg, admin_stream *stream), void *arg, admin_stream **out, buf *body)
{
	admin_stream *self = free_stream(request->admin);
	slot *slot = slot_of(request->admin, request->http);
	*out = NULL;
	if (evhttp_request_get_command(request->http) == EVHTTP_REQ_HEAD)
		return HTTP_OK;
	if (!self || !slot) {
		buf_printf(body, "%d streams are open already; try again when one has ended\n", ADMIN_STREAMS);
		return HTTP_SERVUNAVAIL;
	}
	*self = (admin_stream){.request = request->http, .slot = slot, .ended = ended, .arg = arg};
	slot->stream = true;
	struct evhttp_connection *connection = evhttp_request_get_connection(request->http);
	evhttp_connection_set_closecb(connection, on_stream_closed, self);
	admin_set_header(request, "Connection", "close");
	evhttp_send_reply_start(request->http, HTTP_OK, NULL);
	/* The client has said all it had to say: its silence ends nothing any more, and what it sends nevertheless stays in the kernel. */
	struct timeval stall = {ADMIN_STREAM_STALL_MS / 1000, 0};
	bufferevent_set_timeouts(slot->connection, NULL, &stall);
	bufferevent_setwatermark(slot->connection, EV_READ, 0, HEADERS_MAX);
	request->stream = *out = self;
	return HTTP_OK;
}

bool admin_stream_write(admin_stream *self, const void *data, size_t len)
{
	size_t waiting = evbuffer_get_length(bufferevent_get_output(self->slot->connection));
	if (len == 0)                            /* an empty chunk would be the end */
		return true;
	if (len > ADMIN_STREAM_BYTES || waiting > ADMIN_STREAM_BYTES - len)
		return false;
	struct evbuffer *piece = evbuffer_new();
	evbuffer_add(piece, data, len);
	evhttp_send_reply_chunk(self->request, piece);
	evbuffer_free(piece);
	return true;
}

int admin_streams(const admin *self)
{
	int open = 0;
	for (int i = 0; i < ADMIN_STREAMS; i++)
		open += self->streams[i].request != NULL;
	return open;
}

/* ---- requests ---- */

const query *admin_query(const admin_request *request)
{
	return &request->query;
}

const char *admin_header(const admin_request *request, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(request->http), name);
}

void admin_set_header(admin_request *request, const char *name, const char *value)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);
	evhttp_remove_header(headers, name);
	evhttp_add_header(headers, name, value);
}

int admin_refuse_param(buf *out, const char *name, const char *wanted)
{
	buf_printf(out, "%s: %s is wanted\n", name, wanted);
	return HTTP_BADREQUEST;
}

static const admin_route *find_route(const admin *self, const struct evhttp_uri *uri)
{
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	for (size_t i = 0; path && i < self->route_count; i++)
		if (strcmp(self->routes[i].path, path) == 0)
			return &self->routes[i];
	return NULL;
}

/* Is it this machine that the client means? Programs may leave Host out; browsers never do. */
static bool is_host_ours(const admin *self, const char *host)
{
	if (!host)
		return true;
	size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	const char *const names[] = {"localhost", "127.0.0.1", "[::1]", self->address};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == len && strncasecmp(host, names[i], len) == 0)
			return host[len] == 0 || (host[len] == ':' && host[len + 1 + strspn(host + len + 1, "0123456789")] == 0);
	return false;
}

/* The code of what is wrong with the request before anybody looks at what it asks for; 0: nothing. */
static int check_request(admin_request *request, const struct evhttp_uri *uri, buf *out)
{
	const char *text = uri ? evhttp_uri_get_query(uri) : NULL;
	if (!is_host_ours(request->admin, admin_header(request, "Host"))) {
		buf_add_str(out, "the Host of the request is not this machine's loopback address\n");
		return FORBIDDEN;
	}
	if (query_parse(&request->query, mr_bytes_of(text))) {
		buf_add_str(out, "the query is malformed or too long\n");
		return HTTP_BADREQUEST;
	}
	return 0;
}

static void send_reply(admin_request *request, int code, const buf *text)
{
	struct evbuffer *body = evbuffer_new();
	if (evhttp_request_get_command(request->http) == EVHTTP_REQ_HEAD) {    /* evhttp 2.1 would send the body */
		char length[24];
		snprintf(length, sizeof length, "%zu", text->len);
		admin_set_header(request, "Content-Length", length);
	} else {
		evbuffer_add(body, text->data, text->len);
	}
	evhttp_send_reply(request->http, code, NULL, body);
	evbuffer_free(body);
}

static void set_headers(admin_request *request, const char *type)
{
	admin_set_header(request, "Content-Type", type);
	admin_set_header(request, "Cache-Control", "no-store");
	admin_set_header(request, "X-Content-Type-Options", "nosniff");
	admin_set_header(request, "Cross-Origin-Resource-Policy", "same-origin");
}

static void on_request(struct evhttp_request *http, void *arg)
{
	admin *self = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	const admin_route *route = find_route(self, uri);
	admin_request request = {.admin = self, .http = http};
	buf text = {0};
	int code = check_request(&request, uri, &text);
	if (!code && !route)
		buf_add_str(&text, "no such page; / shows what there is\n");
	set_headers(&request, !code && route ? route->type : PLAIN);
	if (!code)
		code = route ? route->show(self->arg, &request, &text) : HTTP_NOTFOUND;
	if (code == HTTP_BADREQUEST || code == HTTP_SERVUNAVAIL)         /* then it is a line for people */
		admin_set_header(&request, "Content-Type", PLAIN);
	if (!request.stream)
		send_reply(&request, code, &text);
	else
		admin_stream_write(request.stream, text.data, text.len);
	buf_free(&text);
}

/* ---- life ---- */

static void set_limits(admin *self)
{
	evhttp_set_max_headers_size(self->http, HEADERS_MAX);
	evhttp_set_max_body_size(self->http, BODY_MAX);
	evhttp_set_allowed_methods(self->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_timeout_tv(self->http, &(struct timeval){self->limits.silence_ms / 1000, self->limits.silence_ms % 1000 * 1000});
	evhttp_set_bevcb(self->http, on_connection, self);
	evhttp_set_gencb(self->http, on_request, self);
}

admin *admin_open(struct event_base *base, const settings *settings, const admin_route *routes, size_t count, void *arg, admin_limits limits, buf *errors)
{
	const char *address = settings_str(settings, "admin.address");
	int port = settings_admin_port(settings);
	admin *self = mem_alloc(sizeof *self);
	self->routes = routes;
	self->route_count = count;
	self->arg = arg;
	self->address = address;
	self->limits = limits;
	if (self->limits.connections > SLOTS)
		self->limits.connections = SLOTS;
	self->http = evhttp_new(base);
	self->sweep = event_new(base, -1, EV_PERSIST, on_sweep, self);
	set_limits(self);
	self->socket = evhttp_bind_socket_with_handle(self->http, address, (ev_uint16_t)port);
	if (!self->socket) {
		buf_printf(errors, "%s: admin.port: cannot listen on %s port %d: %s (another daemon? each needs a name or a port of its own)\n",
			   settings_origin(settings, "admin.port"), address, port, strerror(errno));
		admin_close(&self);
		return NULL;
	}
	/* Inherited by what is accepted: else the end of a larger answer waits for the client's delayed acknowledgement (44 ms instead of 1). */
	setsockopt(evhttp_bound_socket_get_fd(self->socket), IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(self->socket), on_accept_error);
	event_add(self->sweep, &(struct timeval){0, SWEEP_MS * 1000});
	log_info("admin port open", "address", "%s", address, "port", "%d", port);
	return self;
}

void admin_close(admin **self_p)
{
	admin *self = *self_p;
	*self_p = NULL;
	if (!self)
		return;
	for (int i = 0; i < ADMIN_STREAMS; i++) {
		admin_stream *stream = &self->streams[i];
		if (!stream->request)
			continue;
		evhttp_connection_set_closecb(evhttp_request_get_connection(stream->request), NULL, NULL);
		stream->ended(stream->arg, stream);
	}
	evhttp_free(self->http);
	for (int i = 0; i < SLOTS; i++)
		if (self->slots[i].connection)
			bufferevent_decref(self->slots[i].connection);
	event_free(self->sweep);
	free(self);
}
