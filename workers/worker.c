/* worker.c - see worker.h. */
#include "worker.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "cage.h"
#include "common/exit_codes.h"
#include "common/log.h"
#include "common/wire.h"
#include "serve.h"

#define MESSAGE_MAX (160LL << 20)        /* a TASK: the largest record (64 MB) with all its fields */
#define ANSWER_FIRST (1u << 20)          /* until the daemon says how much it reads */
#define HELLO_MS 5000                    /* READY is said again after this time without a WELCOME */
#define HELLO_GIVE_UP_MS 30000           /* over tcp: a name may lead elsewhere by now, and a daemon with another key is only silence: leave, be started again */
#define MISSED 3                         /* heartbeats: silence this long means the daemon is gone */
#define BYE_LINGER_MS 500
#define MONITOR "inproc://worker"

typedef struct worker {
	const worker_options *options;
	void *ctx;                               /* the stage's */
	void *zmq, *socket;
	void *monitor;                           /* over tcp, until WELCOME: tells that our key was refused; NULL: nobody listens */
	int signals;                             /* signalfd for TERM and INT */
	char identity[WIRE_IDENTITY_MAX];
	serve *serve;
	uint32_t heartbeat_ms;
	int64_t sent_ms;                         /* when something was last sent */
	int64_t heard_ms;                        /* when the daemon was last heard, or work ended: silence counts only while we listen */
	bool announced;                          /* READY was sent */
	bool draining;                           /* DRAIN was sent */
	int exit_code;                           /* set when `over` */
	bool over;
} worker;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void leave(worker *self, int code)
{
	if (!self->over)
		self->exit_code = code;
	self->over = true;
}

/* ---- sending ---- */

/* Takes msg. -1: nobody took it in time: the daemon is gone. */
static int send_msg(worker *self, zmq_msg_t *msg)
{
	int rc;
	do
		rc = zmq_msg_send(msg, self->socket, 0);
	while (rc < 0 && errno == EINTR);
	if (rc < 0) {
		zmq_msg_close(msg);
		return -1;
	}
	self->sent_ms = now_ms();
	return 0;
}

static int send_buf(worker *self, buf *message)
{
	zmq_msg_t msg;
	zmq_msg_init_size(&msg, message->len);
	memcpy(zmq_msg_data(&msg), message->data, message->len);
	buf_free(message);
	return send_msg(self, &msg);
}

static int send_bare(worker *self, enum wire_kind kind)
{
	buf b = {0};
	wire_write_bare(&b, kind);
	return send_buf(self, &b);
}

static int send_heartbeat(worker *self)
{
	buf b = {0};
	wire_write_heartbeat(&b, serve_progress(self->serve));
	return send_buf(self, &b);
}

static int send_ready(worker *self)
{
	const mr_stage *module = self->options->module;
	wire_ready ready = {.pid = (uint64_t)getpid(), .credit = self->options->credit, .stage = mr_bytes_of(module->name),
		.identity = mr_bytes_of(self->identity), .program = mr_bytes_of("millrace-worker/" MILLRACE_VERSION)};
	const char *fingerprint = module->fingerprint ? module->fingerprint(self->ctx) : NULL;
	ready.fingerprint = mr_bytes_of(fingerprint ? fingerprint : "");
	const char *const *fields = serve_fields(self->serve);
	for (size_t i = 0; fields && fields[i] && i < WIRE_FIELDS_MAX; i++)
		ready.fields[ready.field_count++] = mr_bytes_of(fields[i]);
	buf b = {0};
	wire_write_ready(&b, &ready);
	self->announced = true;
	return send_buf(self, &b);
}

static int flush_results(void *arg, const wire_batch *results)
{
	worker *self = arg;
	zmq_msg_t msg;
	zmq_msg_init_size(&msg, wire_batch_bytes(results));
	wire_batch_write(results, WIRE_RESULT, zmq_msg_data(&msg));
	if (send_msg(self, &msg) == 0)
		return 0;
	leave(self, EXIT_ORPHAN);
	return 1;
}

static bool flush_due(void *arg)
{
	const worker *self = arg;
	return now_ms() - self->sent_ms >= (int64_t)self->heartbeat_ms;
}

/* ---- receiving ---- */

static void on_refuse(worker *self, mr_bytes message)
{
	int code;
	mr_bytes reason;
	char why[WIRE_TEXT_MAX + 1] = "";
	if (wire_read_refuse(message, &code, &reason)) {
		leave(self, EXIT_GARBAGE);
		return;
	}
	log_error("the daemon refused this worker", "stage", "%s", self->options->module->name, "refusal", "%d", code, "reason", "%s",
	          log_clean(why, sizeof why - 1, reason));
	bool configuration = code == WIRE_REFUSE_VERSION || code == WIRE_REFUSE_STAGE || code == WIRE_REFUSE_READY;
	leave(self, configuration ? EXIT_CONFIG : EXIT_EXPELLED);
}

static void on_welcome(worker *self, mr_bytes message)
{
	wire_welcome welcome;
	if (wire_read_welcome(message, &welcome)) {
		leave(self, EXIT_GARBAGE);
		return;
	}
	self->heartbeat_ms = welcome.heartbeat_ms;
	serve_limit(self->serve, welcome.answer_bytes);
	int wait = (int)(MISSED * welcome.heartbeat_ms);
	zmq_setsockopt(self->socket, ZMQ_SNDTIMEO, &wait, sizeof wait);
}

static void on_message(worker *self, mr_bytes message)
{
	serve_hooks hooks = {flush_results, flush_due, self};
	unsigned version;
	switch (wire_kind(message, &version)) {
	case WIRE_TASK:
		if (!self->heartbeat_ms || serve_message(self->serve, message, &hooks) < 0)
			leave(self, EXIT_GARBAGE);
		break;
	case WIRE_WELCOME:
		on_welcome(self, message);
		break;
	case WIRE_REFUSE:
		on_refuse(self, message);
		break;
	case WIRE_HEARTBEAT:
		break;
	case WIRE_DRAIN:                                 /* whatever was sent before has been served by now */
		send_bare(self, WIRE_BYE);
		leave(self, EXIT_CLEAN);
		break;
	case WIRE_BYE:
		leave(self, EXIT_ORPHAN);
		break;
	default:
		leave(self, EXIT_GARBAGE);
	}
	self->heard_ms = now_ms();
}

/* Reads what is there. Never waits. */
static void receive(worker *self)
{
	while (!self->over) {
		zmq_msg_t msg;
		zmq_msg_init(&msg);
		if (zmq_msg_recv(&msg, self->socket, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&msg);
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				leave(self, EXIT_ORPHAN);
			return;
		}
		bool single = !zmq_msg_more(&msg);
		if (single)
			on_message(self, (mr_bytes){zmq_msg_data(&msg), zmq_msg_size(&msg)});
		else
			leave(self, EXIT_GARBAGE);
		zmq_msg_close(&msg);
	}
}

static bool connected(worker *self)
{
	int events = 0;
	size_t size = sizeof events;
	int rc;
	do
		rc = zmq_getsockopt(self->socket, ZMQ_EVENTS, &events, &size);
	while (rc < 0 && errno == EINTR);
	return rc == 0 && (events & ZMQ_POLLOUT);
}

/* ---- life ---- */

static void on_signal(worker *self)
{
	struct signalfd_siginfo info;
	if (read(self->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (!self->heartbeat_ms || self->draining) {     /* not welcomed yet, or asked twice: what was sent to us goes back */
		if (self->announced)
			send_bare(self, WIRE_BYE);
		leave(self, EXIT_CLEAN);
		return;
	}
	self->draining = true;
	if (send_bare(self, WIRE_DRAIN))
		leave(self, EXIT_ORPHAN);
}

/* Waits for a message, a signal or the time given. */
static void wait_for(worker *self, long ms, short events)
{
	zmq_pollitem_t items[3] = {{.socket = self->socket, .events = events}, {.fd = self->signals, .events = ZMQ_POLLIN}, {.socket = self->monitor, .events = ZMQ_POLLIN}};
	if (zmq_poll(items, self->monitor ? 3 : 2, ms > 0 ? ms : 0) <= 0)
		return;
	if (items[1].revents)
		on_signal(self);
}

/* The handshake of CURVE may end with a refusal; ZeroMQ then keeps still for ever, so this is the end of this process. */
static void look_at_monitor(worker *self)
{
	zmq_msg_t frame;
	for (bool more = self->monitor != NULL; more && !self->over;) {
		uint16_t event = 0;
		zmq_msg_init(&frame);
		more = zmq_msg_recv(&frame, self->monitor, ZMQ_DONTWAIT) >= 0;
		if (more && zmq_msg_size(&frame) == 6 && zmq_msg_more(&frame))   /* event 16 bit, value 32 bit; the endpoint follows */
			memcpy(&event, zmq_msg_data(&frame), sizeof event);
		zmq_msg_close(&frame);
		if (event != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
			continue;
		log_error("the daemon does not allow the key of this worker (workers.allow there)", "stage", "%s", self->options->module->name, "endpoint", "%s",
			  self->options->endpoint);
		leave(self, EXIT_EXPELLED);
	}
}

static void close_monitor(worker *self)
{
	if (!self->monitor)
		return;
	zmq_socket_monitor(self->socket, NULL, 0);
	zmq_close(self->monitor);
	self->monitor = NULL;
}

/* Says READY until the daemon welcomes us. There is no hurry: a worker may be started before its daemon. */
static void hello(worker *self)
{
	int64_t said_ms = 0, since_ms = now_ms();
	bool told = false, tcp = strncmp(self->options->endpoint, "tcp://", 6) == 0;
	while (!self->over && !self->heartbeat_ms) {
		if (tcp && now_ms() - since_ms > HELLO_GIVE_UP_MS) {
			log_warn("no daemon welcomes this worker: nobody is there, or its key is not allowed, or the daemon has another key", "stage", "%s",
				 self->options->module->name, "endpoint", "%s", self->options->endpoint);
			leave(self, EXIT_ORPHAN);
			return;
		}
		if (!told && now_ms() - since_ms > HELLO_MS) {   /* by hand or in a unit: a wrong folder must not look like work */
			log_warn("no daemon answers yet, waiting for it", "stage", "%s", self->options->module->name, "endpoint", "%s", self->options->endpoint);
			told = true;
		}
		look_at_monitor(self);
		if (!self->over && (!said_ms || now_ms() - said_ms > HELLO_MS)) {
			wait_for(self, 1000, ZMQ_POLLOUT);
			if (self->over || !connected(self))
				continue;
			if (send_ready(self) == 0)
				said_ms = now_ms();
		}
		wait_for(self, 1000, ZMQ_POLLIN);
		receive(self);
		if (self->options->parent && getppid() != self->options->parent)
			leave(self, EXIT_ORPHAN);
	}
}

static void listen_and_work(worker *self)
{
	while (!self->over) {
		receive(self);
		if (self->over)
			return;
		int64_t now = now_ms();
		bool silent = now - self->heard_ms > MISSED * (int64_t)self->heartbeat_ms;
		if (silent || !connected(self)) {
			log_warn("lost the daemon", "stage", "%s", self->options->module->name, "silent_ms", "%lld", (long long)(now - self->heard_ms));
			leave(self, EXIT_ORPHAN);
			return;
		}
		if (now - self->sent_ms >= (int64_t)self->heartbeat_ms && send_heartbeat(self))
			leave(self, EXIT_ORPHAN);
		else
			wait_for(self, (long)(self->sent_ms + self->heartbeat_ms - now), ZMQ_POLLIN);
	}
}

static void *try_from_thread(void *arg)
{
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	return (void *)(long)cage_try("other thread");
}

/* `--cage-test`: the filter must hold for threads that were there before it was laid, so one of them tries, too. */
static int cage_test(void)
{
	char error[256];
	pthread_t thread;
	pthread_barrier_t barrier;
	void *found = NULL;
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, try_from_thread, &barrier))
		return EXIT_CAGE;
	pthread_barrier_wait(&barrier);
	if (cage_close(error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_CAGE;
	}
	pthread_barrier_wait(&barrier);
	pthread_join(thread, &found);
	return cage_try("main thread") + (int)(long)found == 0 ? EXIT_CLEAN : EXIT_CAGE;
}

static int open_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);                         /* a reload concerns the daemon, which rolls the pool; blocked, never read */
	sigprocmask(SIG_BLOCK, &set, NULL);              /* before libzmq starts threads: they inherit it */
	sigdelset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value);
}

/* From here on the secret stands in ZeroMQ's memory alone, which needs it for as long as it may connect. */
static int set_keys(worker *self)
{
	char *secret = self->options->secret;
	char public[41];
	int zero = 0, bad = zmq_curve_public(public, secret) || zmq_setsockopt(self->socket, ZMQ_CURVE_SERVERKEY, self->options->daemon_key, sizeof public) ||
		  zmq_setsockopt(self->socket, ZMQ_CURVE_PUBLICKEY, public, sizeof public) || zmq_setsockopt(self->socket, ZMQ_CURVE_SECRETKEY, secret, sizeof public);
	explicit_bzero(secret, strlen(secret));
	if (bad || zmq_socket_monitor(self->socket, MONITOR, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) || !(self->monitor = zmq_socket(self->zmq, ZMQ_PAIR)))
		return -1;
	zmq_setsockopt(self->monitor, ZMQ_LINGER, &zero, sizeof zero);
	return zmq_connect(self->monitor, MONITOR);
}

static int open_socket(worker *self)
{
	uint64_t salt = 0;
	int64_t most = MESSAGE_MAX;
	if (getrandom(&salt, sizeof salt, 0) != (ssize_t)sizeof salt)
		salt = (uint64_t)now_ms();
	snprintf(self->identity, sizeof self->identity, "w%ld-%016llx", (long)getpid(), (unsigned long long)salt);
	self->zmq = zmq_ctx_new();
	self->socket = self->zmq ? zmq_socket(self->zmq, ZMQ_DEALER) : NULL;
	if (!self->socket)
		return -1;
	set_int(self->socket, ZMQ_LINGER, 0);
	set_int(self->socket, ZMQ_IMMEDIATE, 1);
	set_int(self->socket, ZMQ_SNDTIMEO, HELLO_MS);
	set_int(self->socket, ZMQ_RECONNECT_IVL, 100);
	set_int(self->socket, ZMQ_RECONNECT_IVL_MAX, 5000);
	set_int(self->socket, ZMQ_HANDSHAKE_IVL, 5000);
	set_int(self->socket, ZMQ_HEARTBEAT_IVL, 2000);
	set_int(self->socket, ZMQ_HEARTBEAT_TIMEOUT, 6000);
	zmq_setsockopt(self->socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
	zmq_setsockopt(self->socket, ZMQ_ROUTING_ID, self->identity, strlen(self->identity));
	if (self->options->secret && set_keys(self))
		return -1;
	set_int(self->socket, ZMQ_IPV6, strchr(self->options->endpoint, '[') != NULL);
	return zmq_connect(self->socket, self->options->endpoint);
}

static void close_all(worker *self)
{
	close_monitor(self);
	if (self->socket) {
		set_int(self->socket, ZMQ_LINGER, self->exit_code == EXIT_CLEAN ? BYE_LINGER_MS : 0);
		zmq_close(self->socket);
	}
	if (self->zmq)
		zmq_ctx_term(self->zmq);
	serve_free(&self->serve);
	if (self->options->module->close)
		self->options->module->close(self->ctx);
	if (self->signals >= 0)
		close(self->signals);
}

/* Dies with its parent, also when it is in the middle of a task. The parent may be gone before this call: hence the second look. */
static int bind_to_parent(long parent)
{
	if (!parent)
		return 0;
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent ? -1 : 0;
}

static void live(worker *self)
{
	char error[256] = "";
	hello(self);
	close_monitor(self);
	if (!self->over && self->options->cage && cage_close(error)) {
		log_error("the cage stays open", "reason", "%s", error);
		leave(self, EXIT_CAGE);
	}
	self->heard_ms = now_ms();
	listen_and_work(self);
}

int worker_run(const worker_options *options)
{
	char error[256] = "";
	worker self = {.options = options, .signals = -1};
	if (bind_to_parent(options->parent))
		return EXIT_ORPHAN;
	mallopt(M_ARENA_MAX, 1);                         /* libzmq's threads would reserve 64 MB of address space each */
	self.signals = open_signals();
	if (cage_limits(options->cage ? options->memory_bytes : 0, error) || options->module->open(&self.ctx, options->settings, error)) {
		log_error("the worker cannot start", "stage", "%s", options->module->name, "reason", "%s", error);
		return EXIT_CONFIG;
	}
	self.serve = serve_new(options->module, self.ctx, ANSWER_FIRST);
	if (open_socket(&self)) {
		log_error("no connection to that endpoint", "endpoint", "%s", options->endpoint, "reason", "%s", zmq_strerror(errno));
		leave(&self, EXIT_CONFIG);
	} else if (options->cage_test) {
		leave(&self, cage_test());
	} else {
		live(&self);
	}
	close_all(&self);
	return self.exit_code;
}
