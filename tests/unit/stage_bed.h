/* stage_bed.h - a stage on a test bed: a real ROUTER in a folder of its own, real worker processes, and strangers who speak as the test wants.
 * Nothing sleeps: everything waits for a condition, with a deadline, while the loop runs. Each test_daemon_*.c that includes it is one program. */
#ifndef TESTS_STAGE_BED_H
#define TESTS_STAGE_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "common/wire.h"
#include "daemon/stage.h"
#include "daemon/stage_control.h"

#define BED_HELPER static __attribute__((unused))

#define BED_TICKETS 4096

/* What the test submits, and what became of it. */
typedef struct ticket {
	char *body;
	size_t len;
	int dones;                               /* callbacks: must become 1 */
	bool refused;
	char code[32], message[201];
	int attempts;
	size_t parts;
	char patch[512];                         /* of the first part, cut */
	size_t answer_len;                       /* of the first part's body; (size_t)-1: unchanged */
} ticket;

typedef struct bed {
	char dir[64];
	const char *name;                        /* of the stage */
	const char *input, *charset;             /* fields of the first stage */
	settings *conf;
	struct event_base *base;
	stage *stage;
	ticket tickets[BED_TICKETS];
	size_t count, done;
	int fills;
	bool inside;                             /* in a function of stage.h: no callback may come */
	long hung_pid;
	int hung;
	void *zmq;                               /* context of strangers */
} bed;

BED_HELPER int64_t bed_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

BED_HELPER void bed_fill(void *arg, void *t, const char *const *wants, mr_task *task, mr_field *fields, buf *scratch)
{
	bed *self = arg;
	ticket *it = t;
	(void)wants;
	(void)scratch;
	self->fills++;
	fields[0] = (mr_field){mr_bytes_of("title"), mr_bytes_of("a title")};
	fields[1] = (mr_field){mr_bytes_of("keywords"), mr_bytes_of("one\ntwo")};
	task->body = (mr_bytes){it->body, it->len};
	fields[2] = (mr_field){mr_bytes_of("input"), mr_bytes_of(self->input)};
	fields[3] = (mr_field){mr_bytes_of("charset"), mr_bytes_of(self->charset)};
	task->field_count = 4;
}

BED_HELPER void bed_done(void *arg, void *t, const stage_result *result)
{
	bed *self = arg;
	ticket *it = t;
	assert_false(self->inside);
	it->dones++;
	self->done++;
	it->attempts = result->attempts;
	it->refused = result->fault != NULL;
	it->parts = result->part_count;
	it->answer_len = result->part_count && result->parts[0].body.data ? result->parts[0].body.len : (size_t)-1;
	if (result->part_count && result->parts[0].patch.data)
		snprintf(it->patch, sizeof it->patch, "%.*s", (int)result->parts[0].patch.len, result->parts[0].patch.data);
	if (result->fault) {
		memcpy(it->code, result->fault->code, sizeof it->code);
		memcpy(it->message, result->fault->message, sizeof it->message);
		assert_string_equal(result->fault->stage, self->name);
	}
}

BED_HELPER void bed_hung(void *arg, const char *name, long pid, const char *why)
{
	bed *self = arg;
	(void)why;
	assert_string_equal(name, self->name);
	self->hung_pid = pid;
	self->hung++;
}

BED_HELPER stage *bed_open_stage(bed *self, buf *errors)
{
	stage_hooks hooks = {bed_fill, bed_done, self};
	stage *opened = stage_open(self->base, self->conf, self->name, NULL, hooks, errors);
	if (opened)
		stage_on_hung(opened, bed_hung, self);
	return opened;
}

/* `more`: settings as section.key=value, NULL-terminated. Heartbeats of 250 ms, deadlines of 2 s: a machine that
 * is busy with other things must not look like a dead worker. */
BED_HELPER bed *bed_new_for(const char *name, const char *const *more)
{
	bed *self = mem_alloc(sizeof *self);
	self->name = name;
	self->input = "text";
	self->charset = "UTF-8";
	char dir[100];
	const char *sets[16] = {dir, "stage.heartbeat_ms=250", "stage.deadline_ms=2000", "stage.deadline_ms_per_mb=0"};
	size_t n = 4;
	buf errors = {0};
	signal(SIGPIPE, SIG_IGN);
	snprintf(self->dir, sizeof self->dir, "/tmp/mr-bed-XXXXXX");
	assert_non_null(mkdtemp(self->dir));
	snprintf(dir, sizeof dir, "daemon.runtime_dir=%s", self->dir);
	while (more && *more)
		sets[n++] = *more++;
	self->conf = settings_read(NULL, sets, n, &errors);
	if (!self->conf)
		fail_msg("%s", errors.data);
	self->base = event_base_new();
	self->stage = bed_open_stage(self, &errors);
	if (!self->stage)
		fail_msg("%s", errors.data);
	self->zmq = zmq_ctx_new();
	buf_free(&errors);
	return self;
}

BED_HELPER bed *bed_new(const char *const *more)
{
	return bed_new_for("hook", more);
}

BED_HELPER void bed_free(bed *self)
{
	char command[128];
	stage_close(&self->stage);
	zmq_ctx_term(self->zmq);
	event_base_free(self->base);
	settings_free(&self->conf);
	for (size_t i = 0; i < self->count; i++)
		free(self->tickets[i].body);
	snprintf(command, sizeof command, "rm -rf %s", self->dir);
	assert_int_equal(system(command), 0);
	free(self);
}

BED_HELPER ticket *bed_submit(bed *self, const char *body, size_t len)
{
	assert_true(self->count < BED_TICKETS);
	ticket *t = &self->tickets[self->count++];
	t->body = mem_copy(body, len);
	t->len = len;
	self->inside = true;
	stage_submit(self->stage, t, len);
	self->inside = false;
	return t;
}

BED_HELPER ticket *bed_text(bed *self, const char *body)
{
	return bed_submit(self, body, strlen(body));
}

/* Runs the loop until `condition` holds. */
#define BED_WAIT(self, ms, condition) do { \
	int64_t bed_end = bed_now_ms() + (ms); \
	while (!(condition)) { \
		if (bed_now_ms() > bed_end) \
			fail_msg("%s:%d: not within %d ms: %s", __FILE__, __LINE__, (int)(ms), #condition); \
		bed_run(self); \
	} \
} while (0)

BED_HELPER void bed_run(bed *self)
{
	struct timeval most = {0, 10000};
	event_base_loopexit(self->base, &most);
	event_base_loop(self->base, EVLOOP_ONCE);
}

BED_HELPER void bed_endpoint(const bed *self, char out[200])
{
	snprintf(out, 200, "ipc://%s/%s.sock", settings_runtime_dir(self->conf), self->name);
}

/* A real worker. `hooks`: value of MILLRACE_TEST_HOOKS. */
BED_HELPER pid_t bed_worker(bed *self, const char *hooks)
{
	char endpoint[200], dir[100], variable[64], parent[32];
	pid_t pid;
	bed_endpoint(self, endpoint);
	snprintf(dir, sizeof dir, "daemon.runtime_dir=%s", self->dir);
	snprintf(variable, sizeof variable, "MILLRACE_TEST_HOOKS=%s", hooks);
	snprintf(parent, sizeof parent, "%ld", (long)getpid());
	char *args[] = {"millrace-worker", "--stage", (char *)self->name, "--endpoint", endpoint, "--set", dir, "--set", "log.level=error", "--parent", parent, NULL};
	char *env[] = {variable, "ASAN_OPTIONS=detect_leaks=0:abort_on_error=1", NULL};
	assert_int_equal(posix_spawn(&pid, BINARY_DIR "/bin/millrace-worker", NULL, NULL, args, env), 0);
	return pid;
}

/* Reaps `pid`, running the loop meanwhile, and gives its status. */
BED_HELPER int bed_reap(bed *self, pid_t pid)
{
	int status = 0;
	BED_WAIT(self, 10000, waitpid(pid, &status, WNOHANG) == pid);
	return status;
}

BED_HELPER void bed_kill(bed *self, pid_t pid)
{
	kill(pid, SIGKILL);
	bed_reap(self, pid);
}

/* ---- strangers: sockets that say what the test wants ---- */

BED_HELPER void *stranger_new(bed *self, const char *id)
{
	char endpoint[200];
	int zero = 0;
	void *socket = zmq_socket(self->zmq, ZMQ_DEALER);
	assert_non_null(socket);
	bed_endpoint(self, endpoint);
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, strlen(id));
	assert_int_equal(zmq_connect(socket, endpoint), 0);
	return socket;
}

BED_HELPER void stranger_say(void *socket, buf *message)
{
	assert_int_equal(zmq_send(socket, message->data ? message->data : "", message->len, 0), (int)message->len);
	buf_free(message);
}

BED_HELPER buf stranger_ready(const char *id, const char *name, uint64_t pid, unsigned credit)
{
	buf b = {0};
	wire_ready ready = {.pid = pid, .credit = credit, .stage = mr_bytes_of(name), .identity = mr_bytes_of(id), .program = mr_bytes_of("stranger/1"),
		.fingerprint = mr_bytes_of(""), .field_count = 1, .fields = {mr_bytes_of("title")}};
	wire_write_ready(&b, &ready);
	return b;
}

/* Next message for the stranger that is of this kind; heartbeats are passed over. The caller frees. */
BED_HELPER buf stranger_hear(bed *self, void *socket, int kind)
{
	buf b = {0};
	int64_t end = bed_now_ms() + 5000;
	for (;;) {
		zmq_msg_t msg;
		zmq_msg_init(&msg);
		if (zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT) >= 0) {
			mr_bytes m = {zmq_msg_data(&msg), zmq_msg_size(&msg)};
			int got = wire_kind(m, NULL);
			if (got == kind)
				buf_add(&b, m.data, m.len);
			else if (got != WIRE_HEARTBEAT)
				fail_msg("heard %s, not %s", wire_kind_name(got), wire_kind_name(kind));
			zmq_msg_close(&msg);
			if (got == kind)
				return b;
			continue;
		}
		zmq_msg_close(&msg);
		if (bed_now_ms() > end)
			fail_msg("no %s came", wire_kind_name(kind));
		bed_run(self);
	}
}

BED_HELPER void *stranger_join(bed *self, const char *id, uint64_t pid, unsigned credit)
{
	void *socket = stranger_new(self, id);
	buf ready = stranger_ready(id, "hook", pid, credit);
	stranger_say(socket, &ready);
	buf welcome = stranger_hear(self, socket, WIRE_WELCOME);
	buf_free(&welcome);
	return socket;
}

BED_HELPER buf stranger_answer(const wire_tasks *tasks, unsigned from, unsigned count)
{
	wire_batch batch = {0};
	for (unsigned i = from; i < from + count; i++) {
		size_t begin = batch.bytes.len;
		wire_add_part(&batch, (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
		wire_add_answer(&batch, tasks->rows[i].lease, tasks->rows[i].attempt, 10, 1, begin);
	}
	buf b = {0};
	wire_batch_write(&batch, WIRE_RESULT, buf_reserve(&b, wire_batch_bytes(&batch)));
	b.len = wire_batch_bytes(&batch);
	wire_batch_free(&batch);
	return b;
}

BED_HELPER const char *const stranger_wants[] = {"title", NULL};

#endif
