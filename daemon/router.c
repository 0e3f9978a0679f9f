/* router.c - see router.h. */
#include "router.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "daemon/runtime_dir.h"

struct router {
	void *zmq, *socket;
	gate *gate;                              /* NULL: no tcp */
	int fd;                                  /* ZMQ_FD */
	int lock;                                /* flock on <dir>/<name>.lock: a second bind to a live path would steal it */
	char path[ROUTER_PATH_MAX + 1];
};

static router *fail(router *self, buf *errors, const char *path, const char *what, const char *why)
{
	int kept = errno;
	buf_printf(errors, "daemon.runtime_dir: cannot %s %s: %s\n", what, path, why);
	router_close(&self, 0);
	errno = kept;
	return NULL;
}

static int set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int set_options(void *socket, const router_rules *rules)
{
	return set_int(socket, ZMQ_LINGER, 0) || set_int(socket, ZMQ_ROUTER_MANDATORY, 1) ||
	       set_int(socket, ZMQ_ROUTER_HANDOVER, 1) ||        /* a net only: routing ids are new at each start */
	       set_int(socket, ZMQ_SNDHWM, rules->backlog) || set_int(socket, ZMQ_RCVHWM, rules->backlog) ||
	       set_int(socket, ZMQ_HANDSHAKE_IVL, 5000) || set_int(socket, ZMQ_HEARTBEAT_IVL, (int)rules->heartbeat_ms) ||
	       set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, (int)(3 * rules->heartbeat_ms)) ||
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &rules->message_max, sizeof rules->message_max);
}

static int bind_socket(router *self)
{
	char endpoint[ROUTER_PATH_MAX + 8];
	snprintf(endpoint, sizeof endpoint, "ipc://%s", self->path);
	mode_t before = umask(0117);                     /* the file is made by bind(): 0660 from its first moment on */
	int rc = zmq_bind(self->socket, endpoint);
	umask(before);
	return rc;
}

router *router_open(const char *dir, const char *name, const router_rules *rules, buf *errors)
{
	router *self = mem_alloc(sizeof *self);
	size_t size = sizeof self->fd;
	self->lock = -1;
	int len = snprintf(self->path, sizeof self->path, "%s/%s.sock", dir, name);
	if (len < 0 || (size_t)len >= sizeof self->path)
		return fail(self, errors, dir, "have a socket in", "its path would be longer than 107 bytes, the limit for sockets; choose a shorter daemon.runtime_dir");
	if (runtime_dir_make(dir))
		return fail(self, errors, dir, "make folder", strerror(errno));
	self->lock = runtime_dir_lock(self->path);
	if (self->lock < 0)
		return fail(self, errors, self->path, "lock", errno == EWOULDBLOCK ? "another daemon serves this socket" : strerror(errno));
	self->zmq = zmq_ctx_new();
	self->socket = self->zmq ? zmq_socket(self->zmq, ZMQ_ROUTER) : NULL;
	if (!self->socket || set_options(self->socket, rules) || bind_socket(self) ||
	    zmq_getsockopt(self->socket, ZMQ_FD, &self->fd, &size))
		return fail(self, errors, self->path, "bind", zmq_strerror(errno));
	return self;
}

gate *router_gate(router *self, const char *name, const char *secret, allow_list **allow_p, buf *errors)
{
	self->gate = gate_open(self->zmq, self->socket, name, secret, allow_p, errors);
	return self->gate;
}

int router_listen(router *self, const char *endpoint, bool ipv6, buf *errors)
{
	if (set_int(self->socket, ZMQ_IPV6, ipv6) || zmq_bind(self->socket, endpoint)) {
		buf_printf(errors, "workers.listen: cannot listen at %s: %s\n", endpoint, zmq_strerror(errno));
		return -1;
	}
	return 0;
}

void router_close(router **self_p, int linger_ms)
{
	router *self = *self_p;
	if (!self)
		return;
	gate_close(&self->gate);                         /* whoever came in from here on would find nobody who reads */
	if (self->socket) {
		set_int(self->socket, ZMQ_LINGER, linger_ms);
		zmq_close(self->socket);
	}
	if (self->zmq)
		zmq_ctx_term(self->zmq);
	if (self->lock >= 0)
		close(self->lock);                       /* the file stays: who removes a lock file races with who takes it */
	free(self);
	*self_p = NULL;
}

int router_fd(const router *self)
{
	return self->fd;
}

const char *router_path(const router *self)
{
	return self->path;
}

bool router_pending(const router *self)
{
	int events = 0;
	size_t size = sizeof events;
	int rc;
	do
		rc = zmq_getsockopt(self->socket, ZMQ_EVENTS, &events, &size);
	while (rc < 0 && errno == EINTR);
	return rc == 0 && (events & ZMQ_POLLIN);
}

static int recv_frame(router *self, zmq_msg_t *msg)
{
	int rc;
	zmq_msg_init(msg);
	do
		rc = zmq_msg_recv(msg, self->socket, ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	return rc;
}

int router_recv(router *self, router_id *from, zmq_msg_t *msg)
{
	if (recv_frame(self, msg) < 0) {
		zmq_msg_close(msg);
		return 0;
	}
	from->len = (unsigned char)zmq_msg_size(msg);
	memcpy(from->bytes, zmq_msg_data(msg), from->len);
	bool more = zmq_msg_more(msg);
	zmq_msg_close(msg);
	zmq_msg_init(msg);
	if (more && recv_frame(self, msg) >= 0 && !zmq_msg_more(msg))
		return 1;
	while (zmq_msg_more(msg)) {                      /* too many frames: read them off, hand on nothing */
		zmq_msg_close(msg);
		if (recv_frame(self, msg) < 0)
			break;
	}
	zmq_msg_close(msg);
	zmq_msg_init(msg);
	return 1;
}

/* Takes msg. Calls are broken off by signals also when they do not wait (libzmq looks after its threads with poll). */
static int send_msg(router *self, const router_id *to, zmq_msg_t *msg)
{
	int rc;
	do
		rc = zmq_send(self->socket, to->bytes, to->len, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	while (rc >= 0 && (rc = zmq_msg_send(msg, self->socket, ZMQ_DONTWAIT)) < 0 && errno == EINTR)
		rc = 0;
	if (rc >= 0)
		return 0;
	int code = errno;
	zmq_msg_close(msg);
	errno = code;
	return -1;
}

int router_send(router *self, const router_id *to, const buf *message)
{
	zmq_msg_t msg;
	zmq_msg_init_size(&msg, message->len);
	memcpy(zmq_msg_data(&msg), message->data, message->len);
	return send_msg(self, to, &msg);
}

int router_send_batch(router *self, const router_id *to, const wire_batch *batch)
{
	zmq_msg_t msg;
	zmq_msg_init_size(&msg, wire_batch_bytes(batch));
	wire_batch_write(batch, WIRE_TASK, zmq_msg_data(&msg));
	return send_msg(self, to, &msg);
}
