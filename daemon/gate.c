/* gate.c - see gate.h. */
#include "gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/zap.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define MONITOR_ENDPOINT "inproc://gate"
#define CONNECTIONS_MAX 1024     /* whose address is kept; beyond that strangers are counted without one */
#define BUDGET 64                /* questions, and events, a call */
#define EVENTS_MAX 4096          /* read before a worker is looked up; ZeroMQ keeps 1000 each side of the monitor's pipe */
#define WATCHED (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

typedef struct connection {
	int fd;
	bool known;
	char address[INET6_ADDRSTRLEN + 8];
} connection;

struct gate {
	char stage[32];
	void *socket;                    /* the stage's; borrowed */
	void *zap, *monitor;             /* zap: NULL without keys */
	int zap_fd, monitor_fd;
	allow_list *allow;
	connection *connections;         /* room for CONNECTIONS_MAX */
	size_t connection_count;
	const char *failed;              /* why the connection that ends next came to nothing, as the event before tells */
	uint64_t strangers;
};

static gate *fail(gate *self, buf *errors, const char *what)
{
	buf_printf(errors, "workers.listen: stage %s: cannot %s: %s\n", self->stage, what, zmq_strerror(errno));
	gate_close(&self);
	return NULL;
}

static int set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int open_end(void *zmq, int type, const char *bind_to, const char *connect_to, void **socket, int *fd)
{
	size_t size = sizeof *fd;
	*socket = zmq_socket(zmq, type);
	if (!*socket || set_int(*socket, ZMQ_LINGER, 0))
		return -1;
	if (bind_to ? zmq_bind(*socket, bind_to) : zmq_connect(*socket, connect_to))
		return -1;
	return zmq_getsockopt(*socket, ZMQ_FD, fd, &size);
}

gate *gate_open(void *zmq, void *socket, const char *stage, const char *secret, allow_list **allow_p, buf *errors)
{
	gate *self = mem_alloc(sizeof *self);
	snprintf(self->stage, sizeof self->stage, "%s", stage);
	self->zap_fd = self->monitor_fd = -1;
	self->connections = mem_array(CONNECTIONS_MAX, sizeof *self->connections);
	if (secret) {
		self->allow = *allow_p;
		*allow_p = NULL;
		if (!zmq_has("curve")) {
			errno = ENOTSUP;
			return fail(self, errors, "use keys: this libzmq was built without CURVE");
		}
		/* The handler first: without one ZeroMQ lets in whatever key comes (ZMQ_ZAP_ENFORCE_DOMAIN would not, but no release has it). */
		if (open_end(zmq, ZMQ_REP, ZAP_ENDPOINT, NULL, &self->zap, &self->zap_fd) || zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) ||
		    set_int(socket, ZMQ_CURVE_SERVER, 1) || zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, KEY_TEXT + 1))
			return fail(self, errors, "ask for keys");
	}
	if (zmq_socket_monitor(socket, MONITOR_ENDPOINT, WATCHED) || open_end(zmq, ZMQ_PAIR, NULL, MONITOR_ENDPOINT, &self->monitor, &self->monitor_fd))
		return fail(self, errors, "watch the socket");
	self->socket = socket;
	return self;
}

void gate_close(gate **self_p)
{
	gate *self = *self_p;
	if (!self)
		return;
	if (self->socket)
		zmq_socket_monitor(self->socket, NULL, 0);
	if (self->monitor)
		zmq_close(self->monitor);
	if (self->zap)
		zmq_close(self->zap);
	allow_list_free(&self->allow);
	free(self->connections);
	free(self);
	*self_p = NULL;
}

void gate_fds(const gate *self, int fds[2])
{
	fds[0] = self->zap_fd;
	fds[1] = self->monitor_fd;
}

/* ---- frames ---- */

/* Reads a whole message that is there into `frames` (closed by the caller, `*count` of them); frames beyond `max` are read off and dropped. False: none there. */
static bool receive(void *socket, zmq_msg_t *frames, size_t max, size_t *count)
{
	zmq_msg_t extra;
	bool more = true;
	*count = 0;
	for (size_t n = 0; more; n++) {
		zmq_msg_t *frame = n < max ? &frames[n] : &extra;
		int rc;
		zmq_msg_init(frame);
		do
			rc = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
		while (rc < 0 && errno == EINTR);
		more = rc >= 0 && zmq_msg_more(frame);
		if (rc < 0 || n >= max)
			zmq_msg_close(frame);
		else
			*count = n + 1;
	}
	return *count > 0;
}

static void close_frames(zmq_msg_t *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		zmq_msg_close(&frames[i]);
}

static void send_frame(void *socket, const void *data, size_t len, bool more)
{
	int rc;
	do                               /* to a thread of our own libzmq, which waits for it: there is room */
		rc = zmq_send(socket, data, len, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		log_error("gate: an answer to ZeroMQ is lost", "error", "%s", zmq_strerror(errno));
}

/* ---- ZAP ---- */

static void reply(void *socket, mr_bytes id, bool good, const char *text, const char *user)
{
	send_frame(socket, "1.0", 3, true);
	send_frame(socket, id.data, id.len, true);
	send_frame(socket, good ? "200" : "400", 3, true);
	send_frame(socket, text, strlen(text), true);
	send_frame(socket, user, strlen(user), true);
	send_frame(socket, "", 0, false);
}

static void decide(gate *self, const mr_bytes *frames, size_t count)
{
	zap_question question;
	char key[KEY_TEXT + 1] = "";
	const char *why = zap_read(frames, count, &question);
	if (question.has_key)
		key_encode(question.key, key);
	if (!why && !allow_list_find(self->allow, question.key))
		why = "its key is not in workers.allow";
	if (why)
		log_warn("stranger refused", "stage", "%s", self->stage, "address", "%s", question.address, "key", "%s", key, "reason", "%s", why);
	reply(self->zap, question.id, !why, why ? "not allowed" : "OK", why ? "" : key);
}

static bool answer_one(gate *self)
{
	zmq_msg_t frames[ZAP_FRAMES_MAX];
	mr_bytes bytes[ZAP_FRAMES_MAX];
	size_t count;
	if (!receive(self->zap, frames, ZAP_FRAMES_MAX, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		bytes[i] = (mr_bytes){zmq_msg_data(&frames[i]), zmq_msg_size(&frames[i])};
	decide(self, bytes, count);
	close_frames(frames, count);
	return true;
}

/* ---- the monitor ---- */

static connection *find(gate *self, int fd)
{
	for (size_t i = 0; i < self->connection_count; i++)
		if (self->connections[i].fd == fd)
			return &self->connections[i];
	return NULL;
}

static void address_of(int fd, char *out, size_t size)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;
	char text[INET6_ADDRSTRLEN] = "";
	snprintf(out, size, "unknown");
	if (getpeername(fd, (struct sockaddr *)&at, &len))
		return;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&at;
	if (at.ss_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text))
		snprintf(out, size, "%s:%d", text, ntohs(v4->sin_port));
	else if (at.ss_family == AF_INET6 && inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text))
		snprintf(out, size, "[%s]:%d", text, ntohs(v6->sin6_port));
}

static void on_accepted(gate *self, int fd)
{
	connection *c = find(self, fd);
	if (!c && self->connection_count < CONNECTIONS_MAX)
		c = &self->connections[self->connection_count++];
	if (!c)
		return;
	c->fd = fd;
	c->known = false;
	address_of(fd, c->address, sizeof c->address);
}

static void on_ended(gate *self, int fd)
{
	connection *c = find(self, fd);
	const char *why = self->failed ? self->failed : "it left without a word of this protocol";
	self->failed = NULL;
	if (!c || !c->known) {
		self->strangers++;
		log_warn("stranger left", "stage", "%s", self->stage, "address", "%s", c ? c->address : "unknown", "reason", "%s", why);
	}
	if (c)
		*c = self->connections[--self->connection_count];
}

/* One event: its number 16 bit, a value 32 bit (zmq_socket_monitor(3)); the endpoint behind it tells whether this is tcp. */
static bool watch_one(gate *self)
{
	zmq_msg_t frames[2];
	size_t count;
	uint16_t event = 0;
	int32_t value = 0;
	if (!receive(self->monitor, frames, 2, &count))
		return false;
	bool tcp = count == 2 && zmq_msg_size(&frames[0]) == 6 && zmq_msg_size(&frames[1]) > 6 && memcmp(zmq_msg_data(&frames[1]), "tcp://", 6) == 0;
	if (tcp) {
		memcpy(&event, zmq_msg_data(&frames[0]), 2);
		memcpy(&value, (const char *)zmq_msg_data(&frames[0]) + 2, 4);
	}
	if (event == ZMQ_EVENT_ACCEPTED)
		on_accepted(self, value);
	else if (event == ZMQ_EVENT_DISCONNECTED)
		on_ended(self, value);
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
		self->failed = value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? "it does not speak CURVE" : value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC ?
			"it has another daemon's public key" : "it does not keep to the handshake";
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		self->failed = "its key was refused";
	else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
		self->failed = "no handshake came about";
	close_frames(frames, count);
	return true;
}

/* ---- gate.h ---- */

bool gate_serve(gate *self)
{
	int asked = 0, watched = 0;
	while (self->zap && asked < BUDGET && answer_one(self))
		asked++;
	while (watched < BUDGET && watch_one(self))
		watched++;
	return asked == BUDGET || watched == BUDGET;
}

void gate_set_allow(gate *self, allow_list **allow_p)
{
	if (!self->zap)
		return;
	allow_list_free(&self->allow);
	self->allow = *allow_p;
	*allow_p = NULL;
}

static const char *name_of(const gate *self, const char *key_text)
{
	uint8_t key[KEY_BYTES];
	return self->allow && key_decode(key_text, strlen(key_text), key) ? allow_list_find(self->allow, key) : NULL;
}

/* The key stands in the message's metadata since the handshake (zap.h). The monitor is read first: that the connection was accepted stands there already. */
bool gate_known(gate *self, zmq_msg_t *message, char *key, char *name)
{
	const char *user = zmq_msg_gets(message, "User-Id"), *found = user ? name_of(self, user) : NULL;
	key[0] = name[0] = 0;
	for (int i = 0; i < EVENTS_MAX && watch_one(self); i++) {}
	connection *c = find(self, zmq_msg_get(message, ZMQ_SRCFD));
	if (user && !found)
		return false;
	if (found) {
		snprintf(key, KEY_TEXT + 1, "%s", user);
		snprintf(name, KEY_NAME_MAX + 1, "%s", found);
	}
	if (c)
		c->known = true;
	return true;
}

bool gate_key_good(const gate *self, const char *key)
{
	return name_of(self, key) != NULL;
}

uint64_t gate_strangers(const gate *self)
{
	return self->strangers;
}
