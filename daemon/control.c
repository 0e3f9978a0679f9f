/* control.c - see control.h. */
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "daemon/runtime_dir.h"

#define SWEEP_MS 1000                    /* between looks for those who left while their command is served */
#define GROUPS_MAX 65536                 /* NGROUPS_MAX of Linux */

struct control_call {
	control *owner;
	struct bufferevent *connection;  /* NULL: the slot is free */
	control_peer peer;
	bool pending;                    /* a command is being served */
	bool serving;                    /* serve() is on the stack */
	bool closing;                    /* ends when everything is written */
};

struct control {
	struct evconnlistener *listener;
	struct event *sweep;
	control_hooks hooks;
	struct timeval silence;
	uid_t own;
	gid_t group;
	bool has_group;
	int lock;
	bool bound;                      /* the file at `path` is ours */
	char path[RUNTIME_PATH_MAX + 1];
	control_call calls[CONTROL_CONNECTIONS];
};

/* ---- who may ---- */

static bool in_groups(int fd, gid_t group)
{
	gid_t few[64], *groups = few;
	socklen_t size = sizeof few;
	int rc = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
	if (rc && errno == ERANGE && size <= GROUPS_MAX * sizeof *groups) {      /* `size` says now how much there is */
		groups = mem_alloc(size);
		rc = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
	}
	bool found = false;
	for (size_t i = 0; !rc && i < size / sizeof *groups; i++)
		found = found || groups[i] == group;
	if (groups != few)
		free(groups);
	return found;
}

static bool may(const control *self, int fd, const control_peer *peer)
{
	if (peer->uid == 0 || peer->uid == self->own)
		return true;
	return self->has_group && (peer->gid == self->group || in_groups(fd, self->group));
}

static bool peer_of(int fd, control_peer *peer)
{
	struct ucred who;
	socklen_t size = sizeof who;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) || size != sizeof who)
		return false;
	*peer = (control_peer){who.uid, who.gid, who.pid};
	return true;
}

/* ---- connections ---- */

static void end_call(control_call *call)
{
	struct bufferevent *connection = call->connection;
	bool pending = call->pending;
	if (pending && call->owner->hooks.gone)
		call->owner->hooks.gone(call->owner->hooks.arg, call);
	call->connection = NULL;
	call->pending = false;
	bufferevent_free(connection);
}

static void write_answer(struct evbuffer *out, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	if (!len || len > CONTROL_ANSWER_MAX) {          /* our bug, but no reason to die: what was asked for is done */
		log_error("control: an answer cannot be written", "bytes", "%zu", len);
		evbuffer_add_printf(out, "{\"ok\":false,\"command\":null,\"error\":{\"code\":\"internal\",\"text\":\"the answer cannot be written\"}}\n");
	} else {
		evbuffer_add(out, text, len);
		evbuffer_add(out, "\n", 1);
	}
	free(text);
	json_decref(answer);
}

static void serve(control_call *call);

void control_answer(control_call *call, json_t *answer)
{
	write_answer(bufferevent_get_output(call->connection), answer);
	call->pending = false;
	bufferevent_enable(call->connection, EV_READ);
	if (!call->serving)
		serve(call);
}

const control_peer *control_call_peer(const control_call *call)
{
	return &call->peer;
}

/* Says why and ends. */
static void turn_away(control_call *call, const char *code, const char *why)
{
	call->closing = true;
	bufferevent_disable(call->connection, EV_READ);
	write_answer(bufferevent_get_output(call->connection), control_error(CONTROL_COMMANDS, code, "%s", why));
}

static void on_line(control_call *call, const char *line, size_t len)
{
	control_request request;
	control_fault fault;
	call->pending = true;
	bufferevent_disable(call->connection, EV_READ);
	if (control_request_read((mr_bytes){line, len}, &request, &fault) == 0) {
		call->owner->hooks.command(call->owner->hooks.arg, call, &request);
		return;
	}
	log_warn("control: not understood", "uid", "%u", (unsigned)call->peer.uid, "pid", "%ld", (long)call->peer.pid, "why", "%s", fault.text);
	control_answer(call, control_error(request.command, fault.code, "%s", fault.text));
}

/* Whole lines, one after the other, as long as each is answered at once. */
static void serve(control_call *call)
{
	char line[CONTROL_LINE_MAX];
	call->serving = true;
	while (!call->pending && !call->closing) {
		if (evbuffer_get_length(bufferevent_get_output(call->connection)) > CONTROL_ANSWER_MAX) {
			bufferevent_disable(call->connection, EV_READ);  /* until it has read: on_written */
			break;
		}
		struct evbuffer *in = bufferevent_get_input(call->connection);
		struct evbuffer_ptr end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
		if (end.pos > CONTROL_LINE_MAX || (end.pos < 0 && evbuffer_get_length(in) > CONTROL_LINE_MAX)) {
			turn_away(call, "bad-request", "a request of more than 4096 bytes");
			break;
		}
		if (end.pos < 0)
			break;
		evbuffer_remove(in, line, (size_t)end.pos);
		evbuffer_drain(in, 1);
		on_line(call, line, (size_t)end.pos);
	}
	call->serving = false;
}

static void on_readable(struct bufferevent *connection, void *arg)
{
	(void)connection;
	serve(arg);
}

static void on_written(struct bufferevent *connection, void *arg)
{
	control_call *call = arg;
	if (call->closing) {
		end_call(call);
	} else if (!call->pending) {
		bufferevent_enable(connection, EV_READ);
		serve(call);
	}
}

/* End of what the other side sends: what it is still owed goes out first. Silence, or an answer that nobody takes: the end. */
static void on_event(struct bufferevent *connection, short what, void *arg)
{
	control_call *call = arg;
	if (what & BEV_EVENT_EOF && evbuffer_get_length(bufferevent_get_output(connection)))
		call->closing = true;
	else
		end_call(call);
}

/* While a command is served nothing is read, so the end of the connection is looked for. */
static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	control *self = arg;
	(void)fd;
	(void)what;
	for (int i = 0; i < CONTROL_CONNECTIONS; i++) {
		control_call *call = &self->calls[i];
		if (!call->connection || !call->pending)
			continue;
		struct pollfd look = {.fd = bufferevent_getfd(call->connection)};
		if (poll(&look, 1, 0) > 0 && look.revents & (POLLHUP | POLLERR))
			end_call(call);
	}
	evconnlistener_enable(self->listener);           /* it was off when accept failed */
}

/* Not let in: told why, as far as the socket takes it without waiting. */
static void refuse(int fd, const control_peer *peer, const char *code, const char *why)
{
	struct evbuffer *out = evbuffer_new();
	log_warn("control: refused", "uid", "%u", (unsigned)peer->uid, "gid", "%u", (unsigned)peer->gid, "pid", "%ld", (long)peer->pid, "why", "%s", why);
	write_answer(out, control_error(CONTROL_COMMANDS, code, "%s", why));
	evbuffer_write(out, fd);
	evbuffer_free(out);
	close(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *arg)
{
	control *self = arg;
	control_peer peer = {(uid_t)-1, (gid_t)-1, 0};
	char why[160];
	int i = 0;
	(void)address;
	(void)len;
	if (!peer_of(fd, &peer) || !may(self, fd, &peer)) {
		snprintf(why, sizeof why, "user %u may not control this daemon: only root, user %u%s", (unsigned)peer.uid, (unsigned)self->own,
			 self->has_group ? " and members of control.group" : " (control.group is not set)");
		refuse(fd, &peer, "refused", why);
		return;
	}
	while (i < CONTROL_CONNECTIONS && self->calls[i].connection)
		i++;
	if (i == CONTROL_CONNECTIONS) {
		refuse(fd, &peer, "busy", "8 connections are open already");
		return;
	}
	struct bufferevent *connection = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!connection) {
		close(fd);
		return;
	}
	self->calls[i] = (control_call){.owner = self, .connection = connection, .peer = peer};
	bufferevent_setcb(connection, on_readable, on_written, on_event, &self->calls[i]);
	bufferevent_setwatermark(connection, EV_READ, 0, CONTROL_LINE_MAX + 1);
	bufferevent_set_timeouts(connection, &self->silence, &self->silence);
	bufferevent_enable(connection, EV_READ | EV_WRITE);
}

/* Out of descriptors: off until the next sweep, or accept would be called, and fail, in every turn of the loop. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	evconnlistener_disable(listener);
	log_warn("control: a connection cannot be taken", "error", "%s", strerror(errno));
}

int control_connections(const control *self)
{
	int open = 0;
	for (int i = 0; i < CONTROL_CONNECTIONS; i++)
		open += self->calls[i].connection != NULL;
	return open;
}

/* ---- life ---- */

/* The group of control.group, by name or number. */
static int find_group(control *self, const char *text, const char *origin, buf *errors)
{
	char *end;
	if (!text[0])
		return 0;
	struct group *found = getgrnam(text);
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (!found && (*end || errno || number >= (gid_t)-1)) {
		buf_printf(errors, "%s: control.group: there is no group '%.64s' on this machine\n", origin, text);
		return -1;
	}
	self->group = found ? found->gr_gid : (gid_t)number;
	self->has_group = true;
	return 0;
}

static int bind_socket(control *self)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, self->path, strlen(self->path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	unlink(self->path);                              /* of a daemon that was killed: we hold the lock */
	mode_t before = umask(0117);                     /* 0660 from its first moment on */
	int rc = bind(fd, (struct sockaddr *)&address, sizeof address);
	umask(before);
	self->bound = rc == 0;
	if (rc == 0 && listen(fd, CONTROL_CONNECTIONS) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* The group gets the socket, and the right to pass through our own folder to it (not to list it: whatever else is there has no rights for others). */
static int give_to_group(const control *self, const char *dir, const char *origin, buf *errors)
{
	struct stat folder;
	if (!self->has_group)
		return 0;
	if (lchown(self->path, (uid_t)-1, self->group)) {
		buf_printf(errors, "%s: control.group: cannot give %s to group %u: %s (the daemon must be a member: SupplementaryGroups= of the unit)\n", origin, self->path,
			   (unsigned)self->group, strerror(errno));
		return -1;
	}
	if (stat(dir, &folder) || (folder.st_uid == self->own && chmod(dir, (folder.st_mode & 07777) | S_IXOTH))) {
		buf_printf(errors, "%s: control.group: cannot let the group through %s: %s\n", origin, dir, strerror(errno));
		return -1;
	}
	return 0;
}

static control *fail(control *self, buf *errors, const char *path, const char *what, const char *why)
{
	int kept = errno;
	if (what)
		buf_printf(errors, "control.enabled: cannot %s %s: %s\n", what, path, why);
	control_close(&self);
	errno = kept;
	return NULL;
}

control *control_open(struct event_base *base, const settings *settings, control_hooks hooks, int silence_ms, buf *errors)
{
	control *self = mem_alloc(sizeof *self);
	const char *dir = settings_runtime_dir(settings), *origin = settings_origin(settings, "control.group");
	self->hooks = hooks;
	self->silence = (struct timeval){silence_ms / 1000, silence_ms % 1000 * 1000};
	self->own = geteuid();
	self->lock = -1;
	int len = snprintf(self->path, sizeof self->path, "%s/control.sock", dir);
	if (len < 0 || (size_t)len >= sizeof self->path)
		return fail(self, errors, dir, "have a socket in", "its path would be longer than 107 bytes, the limit for sockets; choose a shorter daemon.runtime_dir");
	if (find_group(self, settings_str(settings, "control.group"), origin, errors))
		return fail(self, errors, NULL, NULL, NULL);
	if (runtime_dir_make(dir))
		return fail(self, errors, dir, "make folder", strerror(errno));
	self->lock = runtime_dir_lock(self->path);
	if (self->lock < 0)
		return fail(self, errors, self->path, "lock", errno == EWOULDBLOCK ? "another daemon serves this socket" : strerror(errno));
	int fd = bind_socket(self);
	if (fd < 0)
		return fail(self, errors, self->path, "bind", strerror(errno));
	self->listener = evconnlistener_new(base, on_accept, self, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	self->sweep = event_new(base, -1, EV_PERSIST, on_sweep, self);
	if (!self->listener || !self->sweep || event_add(self->sweep, &(struct timeval){SWEEP_MS / 1000, 0}))
		return fail(self, errors, self->path, "serve", "events cannot be made");
	if (give_to_group(self, dir, origin, errors))
		return fail(self, errors, NULL, NULL, NULL);
	evconnlistener_set_error_cb(self->listener, on_accept_error);
	log_info("control socket open", "path", "%s", self->path);
	return self;
}

void control_close(control **self_p)
{
	control *self = *self_p;
	*self_p = NULL;
	if (!self)
		return;
	self->hooks.gone = NULL;
	for (int i = 0; i < CONTROL_CONNECTIONS; i++) {
		control_call *call = &self->calls[i];
		if (!call->connection)
			continue;
		struct evbuffer *out = bufferevent_get_output(call->connection);
		bufferevent_disable(call->connection, EV_READ | EV_WRITE);
		if (evbuffer_get_length(out)) {
			evbuffer_unfreeze(out, 1);       /* a bufferevent keeps the front of its output for itself */
			evbuffer_write(out, bufferevent_getfd(call->connection));
		}
		end_call(call);
	}
	if (self->bound)
		unlink(self->path);
	if (self->listener)
		evconnlistener_free(self->listener);
	if (self->sweep)
		event_free(self->sweep);
	if (self->lock >= 0)
		close(self->lock);
	free(self);
}
