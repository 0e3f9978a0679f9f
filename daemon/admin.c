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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "metrics.h"

#define SLOTS 64
#define HEADERS_MAX 8192
#define BODY_MAX 1024                    /* GET and HEAD have none */
#define SWEEP_MS 100                     /* between looks for connections that ended, and for descriptors */

typedef struct slot {
	struct bufferevent *connection;      /* one reference of ours; NULL: free */
	int64_t since_ms;
} slot;

struct admin {
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	struct event *sweep;
	const metrics *metrics;
	admin_hooks hooks;
	admin_limits limits;
	slot slots[SLOTS];
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
		if (now_ms() - s->since_ms > self->limits.life_ms)       /* evhttp sees the end of the stream and frees it */
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
	self->slots[i] = (slot){connection, now_ms()};
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

/* ---- pages ---- */

static int show_live(admin *self, buf *out)
{
	(void)self;
	buf_add_str(out, "alive\n");
	return HTTP_OK;
}

static int show_ready(admin *self, buf *out)
{
	const char *reason = self->hooks.ready(self->hooks.arg);
	buf_printf(out, "%s\n", reason ? reason : "ready");
	return reason ? HTTP_SERVUNAVAIL : HTTP_OK;
}

static int show_metrics(admin *self, buf *out)
{
	if (self->hooks.refresh)
		self->hooks.refresh(self->hooks.arg);
	metrics_render(self->metrics, out);
	return HTTP_OK;
}

static int show_status(admin *self, buf *out)
{
	json_t *status = self->hooks.status(self->hooks.arg);
	char *text = status ? json_dumps(status, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
	json_decref(status);
	buf_printf(out, "%s\n", text ? text : "{}");
	free(text);
	return text ? HTTP_OK : HTTP_INTERNAL;
}

static int show_index(admin *self, buf *out);

static const struct page {
	const char *path, *type;
	int (*show)(admin *self, buf *out);      /* the HTTP code */
} pages[] = {
	{"/live", "text/plain; charset=utf-8", show_live},
	{"/ready", "text/plain; charset=utf-8", show_ready},
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", show_metrics},
	{"/status", "application/json", show_status},
	{"/", "text/plain; charset=utf-8", show_index},
};
enum { PAGES = sizeof pages / sizeof *pages };

static int show_index(admin *self, buf *out)
{
	(void)self;
	buf_printf(out, "millrace %s\n", MILLRACE_VERSION);
	for (int i = 0; i < PAGES; i++)
		buf_printf(out, "%s\n", pages[i].path);
	return HTTP_OK;
}

static const struct page *find_page(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	for (int i = 0; path && i < PAGES; i++)
		if (strcmp(pages[i].path, path) == 0)
			return &pages[i];
	return NULL;
}

static void on_request(struct evhttp_request *request, void *arg)
{
	const struct page *page = find_page(request);
	buf text = {0};
	int code = HTTP_NOTFOUND;
	if (page)
		code = page->show(arg, &text);
	else
		buf_add_str(&text, "no such page; / names them\n");
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	evhttp_add_header(headers, "Content-Type", page ? page->type : "text/plain; charset=utf-8");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	struct evbuffer *body = evbuffer_new();
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {    /* evhttp 2.1 would send the body */
		char length[24];
		snprintf(length, sizeof length, "%zu", text.len);
		evhttp_add_header(headers, "Content-Length", length);
	} else {
		evbuffer_add(body, text.data, text.len);
	}
	evhttp_send_reply(request, code, NULL, body);
	evbuffer_free(body);
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

admin *admin_open(struct event_base *base, const settings *settings, const metrics *metrics, admin_hooks hooks, admin_limits limits, buf *errors)
{
	const char *address = settings_str(settings, "admin.address");
	int port = settings_admin_port(settings);
	admin *self = mem_alloc(sizeof *self);
	self->metrics = metrics;
	self->hooks = hooks;
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
	evhttp_free(self->http);
	for (int i = 0; i < SLOTS; i++)
		if (self->slots[i].connection)
			bufferevent_decref(self->slots[i].connection);
	event_free(self->sweep);
	free(self);
}
