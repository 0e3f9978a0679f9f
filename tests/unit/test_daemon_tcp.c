/* A stage that listens at tcp: workers with a good key work as any other, in their cage; whoever else comes gets nothing, is counted, and harms nobody. */
#include "stage_bed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/exit_codes.h"
#include "common/keys.h"

typedef struct pair {
	char public[KEY_TEXT + 1], secret[KEY_TEXT + 1];
} pair;

typedef struct world {
	bed *bed;
	char dir[64], endpoint[64];
	int port;
	pair server, worker, other;
} world;

static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void write_file(const world *w, const char *name, const char *text, mode_t mode)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0 && fchmod(fd, mode) == 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void allow(const world *w, const pair *one)
{
	char line[128] = "# nobody\n";
	if (one)
		snprintf(line, sizeof line, "# who may come\n\tnear-by %s\n", one->public);
	write_file(w, "workers.allow", line, 0644);
}

static world *world_new(void)
{
	world *w = mem_alloc(sizeof *w);
	char listen[128], key[128], list[128];
	snprintf(w->dir, sizeof w->dir, "/tmp/mr-keys-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(zmq_curve_keypair(w->server.public, w->server.secret), 0);
	assert_int_equal(zmq_curve_keypair(w->worker.public, w->worker.secret), 0);
	assert_int_equal(zmq_curve_keypair(w->other.public, w->other.secret), 0);
	write_file(w, "server.secret", w->server.secret, 0600);
	write_file(w, "worker.secret", w->worker.secret, 0600);
	allow(w, &w->worker);
	w->port = free_port();
	snprintf(w->endpoint, sizeof w->endpoint, "tcp://127.0.0.1:%d", w->port);
	snprintf(listen, sizeof listen, "workers.listen=hook:%s", w->endpoint);
	snprintf(key, sizeof key, "workers.server_key=file:%s/server.secret", w->dir);
	snprintf(list, sizeof list, "workers.allow=%s/workers.allow", w->dir);
	w->bed = bed_new((const char *[]){listen, key, list, NULL});
	return w;
}

static void world_free(world *w)
{
	char command[128];
	bed_free(w->bed);
	snprintf(command, sizeof command, "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
}

/* A real worker over tcp. */
static pid_t far_worker(world *w)
{
	char key[128], parent[32];
	pid_t pid;
	snprintf(key, sizeof key, "file:%s/worker.secret", w->dir);
	snprintf(parent, sizeof parent, "%ld", (long)getpid());
	char *args[] = {"millrace-worker", "--stage", "hook", "--endpoint", w->endpoint, "--daemon-key", w->server.public, "--key", key, "--set", "log.level=error", "--parent",
		parent, NULL};
	char *env[] = {"MILLRACE_TEST_HOOKS=1", "ASAN_OPTIONS=detect_leaks=0:abort_on_error=1", NULL};
	assert_int_equal(posix_spawn(&pid, BINARY_DIR "/bin/millrace-worker", NULL, NULL, args, env), 0);
	return pid;
}

/* A socket of ZeroMQ that says READY with these keys (NULL: none). */
static void *knock(world *w, const char *server, const pair *own)
{
	void *socket = zmq_socket(w->bed->zmq, ZMQ_DEALER);
	int zero = 0, never = -1;
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &never, sizeof never);         /* one connection, one stranger */
	zmq_setsockopt(socket, ZMQ_ROUTING_ID, "stranger", 8);
	if (server) {
		assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, KEY_TEXT + 1), 0);
		assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->public, KEY_TEXT + 1), 0);
		assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->secret, KEY_TEXT + 1), 0);
	}
	assert_int_equal(zmq_connect(socket, w->endpoint), 0);
	buf ready = stranger_ready("stranger", "hook", 77, 1);
	stranger_say(socket, &ready);
	return socket;
}

static int dial(const world *w)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)w->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static uint64_t strangers(const world *w)
{
	return stage_counts_get(w->bed->stage)->strangers;
}

static void a_worker_with_a_good_key_works_in_its_cage(void **state)
{
	(void)state;
	world *w = world_new();
	bed *b = w->bed;
	pid_t pid = far_worker(w), near = bed_worker(b, "1");
	stage_worker worker;
	int over_tcp = 0;
	BED_WAIT(b, 20000, stage_workers(b->stage) == 2);
	for (size_t i = 0; stage_worker_get(b->stage, i, &worker); i++) {
		bool far = worker.host[0] != 0;
		over_tcp += far;
		assert_string_equal(worker.host, far ? "near-by" : "");
		assert_int_equal(worker.pid, far ? 0 : near);    /* numbers of another host mean nothing here */
	}
	assert_int_equal(over_tcp, 1);
	bed_kill(b, near);
	BED_WAIT(b, 5000, stage_workers(b->stage) == 1);
	for (int i = 0; i < 200; i++)
		bed_text(b, "a text");
	BED_WAIT(b, 20000, b->done == 200);
	int64_t idle = bed_now_ms() + 1000;                      /* four heartbeats */
	BED_WAIT(b, 5000, bed_now_ms() > idle);
	assert_int_equal(stage_workers(b->stage), 1);
	stage_worker_gone(b->stage, 0, "signal 9");              /* no child's end may bury it */
	assert_int_equal(stage_counts_get(b->stage)->workers_expelled, 1);       /* the near one */
	kill(pid, SIGTERM);
	int status = bed_reap(b, pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	BED_WAIT(b, 5000, stage_workers(b->stage) == 0);
	assert_int_equal(strangers(w), 0);
	world_free(w);
}

static void strangers_get_nothing_and_harm_nobody(void **state)
{
	(void)state;
	static const struct { const char *bytes; size_t len; } garbage[] = {
		{"", 0}, {"GET / HTTP/1.1\r\n\r\n", 18}, {"\xff", 1}, {"\x01\x00MLRC", 6}, {"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 33},
		{"\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\4\xff\x05HELLO", 71},
	};
	enum { GARBAGE = sizeof garbage / sizeof *garbage };
	world *w = world_new();
	bed *b = w->bed;
	pid_t pid = far_worker(w);
	BED_WAIT(b, 20000, stage_workers(b->stage) == 1);
	uint64_t count = 0;
	void *sockets[3] = {knock(w, NULL, NULL), knock(w, w->server.public, &w->other), knock(w, w->other.public, &w->worker)};
	count += 3;
	BED_WAIT(b, 20000, strangers(w) == count);
	for (int i = 0; i < 3; i++)
		zmq_close(sockets[i]);
	for (int i = 0; i < GARBAGE; i++, count++) {
		int fd = dial(w);
		assert_int_equal(send(fd, garbage[i].bytes, garbage[i].len, MSG_NOSIGNAL), (ssize_t)garbage[i].len);
		bed_text(b, "a text meanwhile");
		shutdown(fd, SHUT_WR);
		BED_WAIT(b, 20000, strangers(w) == count + 1);
		close(fd);
	}
	int silent = dial(w);                                    /* says nothing at all: ended by the handshake's time limit */
	BED_WAIT(b, 20000, strangers(w) == count + 1);
	close(silent);
	BED_WAIT(b, 20000, b->done == GARBAGE);
	assert_int_equal(stage_workers(b->stage), 1);
	assert_int_equal(stage_counts_get(b->stage)->workers_ready, 1);
	assert_int_equal(stage_counts_get(b->stage)->retried, 0);
	bed_kill(b, pid);
	world_free(w);
}

/* What a worker held whose key is taken out of the list is done by others; it does not come again until its key does. */
static void a_key_that_is_taken_out_sends_its_worker_away(void **state)
{
	(void)state;
	world *w = world_new();
	bed *b = w->bed;
	void *s = knock(w, w->server.public, &w->worker);
	buf welcome = stranger_hear(b, s, WIRE_WELCOME);
	buf_free(&welcome);
	ticket *t = bed_text(b, "held");
	buf tasks = stranger_hear(b, s, WIRE_TASK);
	buf_free(&tasks);
	allow(w, &w->other);
	stage_reload(b->stage, b->conf);
	assert_int_equal(stage_workers(b->stage), 0);
	buf refusal = stranger_hear(b, s, WIRE_REFUSE);
	buf_free(&refusal);
	buf ready = stranger_ready("stranger", "hook", 77, 1);   /* its connection is still there */
	stranger_say(s, &ready);
	refusal = stranger_hear(b, s, WIRE_REFUSE);
	buf_free(&refusal);
	assert_int_equal(stage_workers(b->stage), 0);
	write_file(w, "workers.allow", "not a line\n", 0644);    /* a bad list changes nothing */
	stage_reload(b->stage, b->conf);
	void *again = knock(w, w->server.public, &w->worker), *new = knock(w, w->server.public, &w->other);
	welcome = stranger_hear(b, new, WIRE_WELCOME);
	buf_free(&welcome);
	assert_int_equal(stage_workers(b->stage), 1);
	allow(w, &w->worker);
	stage_reload(b->stage, b->conf);
	pid_t pid = far_worker(w);
	BED_WAIT(b, 20000, t->dones == 1);
	assert_false(t->refused);
	assert_int_equal(t->attempts, 0);                        /* it was not held against it */
	bed_kill(b, pid);
	zmq_close(s);
	zmq_close(again);
	zmq_close(new);
	world_free(w);
}

static void a_worker_whose_key_is_refused_leaves_at_once(void **state)
{
	(void)state;
	world *w = world_new();
	write_file(w, "worker.secret", w->other.secret, 0600);
	int status = bed_reap(w->bed, far_worker(w));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_EXPELLED);
	BED_WAIT(w->bed, 10000, strangers(w) == 1);
	world_free(w);
}

static void a_worker_in_another_language_comes_by_its_key(void **state)
{
	(void)state;
	if (system("/usr/bin/python3 -c 'import zmq' 2>/dev/null"))
		skip();
	world *w = world_new();
	char secret[128];
	pid_t pid;
	snprintf(secret, sizeof secret, "%s/worker.secret", w->dir);
	char *args[] = {"python3", SOURCE_DIR "/tests/system/worker_python.py", w->endpoint, "hook", w->server.public, secret, NULL};
	char *env[] = {"PYTHONDONTWRITEBYTECODE=1", NULL};
	assert_int_equal(posix_spawn(&pid, "/usr/bin/python3", NULL, NULL, args, env), 0);
	for (int i = 0; i < 20; i++)
		bed_text(w->bed, "a text");
	BED_WAIT(w->bed, 20000, w->bed->done == 20);
	assert_string_equal(w->bed->tickets[0].patch, "{\"keywords\": [\"one\", \"two\", \"marked\", \"6 characters\"]}");
	kill(pid, SIGTERM);
	int status = bed_reap(w->bed, pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(strangers(w), 0);
	world_free(w);
}

static stage *try_open(bed *b, const char *const *sets, size_t count, buf *errors)
{
	settings *conf = settings_read(NULL, sets, count, errors), *kept = b->conf;
	assert_non_null(conf);
	b->conf = conf;
	stage *opened = stage_open(b->base, conf, "other", NULL, (stage_hooks){bed_fill, bed_done, b}, errors);
	b->conf = kept;
	settings_free(&conf);
	return opened;
}

static void without_keys_only_loopback_serves_and_only_when_asked_for(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	char dir[100], listen[100];
	buf errors = {0};
	snprintf(dir, sizeof dir, "daemon.runtime_dir=%s", b->dir);
	snprintf(listen, sizeof listen, "workers.listen=other:tcp://127.0.0.1:%d", free_port());
	const char *sets[] = {dir, listen, "workers.loopback_plain=true"};
	assert_null(try_open(b, sets, 2, &errors));
	assert_non_null(strstr(errors.data, "without keys"));
	buf_clear(&errors);
	stage *opened = try_open(b, sets, 3, &errors);
	assert_non_null(opened);
	stage_close(&opened);
	sets[1] = "workers.listen=other:tcp://0.0.0.0:9";
	assert_null(try_open(b, sets, 3, &errors));
	assert_non_null(strstr(errors.data, "without keys"));
	buf_free(&errors);
	bed_free(b);
}

static void what_cannot_be_used_is_said_at_the_start(void **state)
{
	(void)state;
	world *w = world_new();
	bed *b = w->bed;
	char dir[100], listen[100], key[128], list[128];
	buf errors = {0};
	snprintf(dir, sizeof dir, "daemon.runtime_dir=%s", b->dir);
	snprintf(listen, sizeof listen, "workers.listen=other:%s", w->endpoint);         /* the port is taken */
	snprintf(key, sizeof key, "workers.server_key=file:%s/server.secret", w->dir);
	snprintf(list, sizeof list, "workers.allow=%s/workers.allow", w->dir);
	const char *sets[] = {dir, listen, key, list};
	assert_null(try_open(b, sets, 4, &errors));
	assert_non_null(strstr(errors.data, "cannot listen at tcp://"));
	buf_clear(&errors);
	write_file(w, "server.secret", w->server.secret, 0604);
	assert_null(try_open(b, sets, 4, &errors));
	assert_non_null(strstr(errors.data, "everybody may read this secret key"));
	assert_null(strstr(errors.data, w->server.secret));
	buf_clear(&errors);
	write_file(w, "server.secret", "too short", 0600);
	assert_null(try_open(b, sets, 4, &errors));
	assert_non_null(strstr(errors.data, "is no key"));
	buf_free(&errors);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_with_a_good_key_works_in_its_cage),
		cmocka_unit_test(strangers_get_nothing_and_harm_nobody),
		cmocka_unit_test(a_key_that_is_taken_out_sends_its_worker_away),
		cmocka_unit_test(a_worker_whose_key_is_refused_leaves_at_once),
		cmocka_unit_test(a_worker_in_another_language_comes_by_its_key),
		cmocka_unit_test(without_keys_only_loopback_serves_and_only_when_asked_for),
		cmocka_unit_test(what_cannot_be_used_is_said_at_the_start),
	};
	log_setup("test", LOG_LEVEL_ERROR, LOG_LOGFMT, 20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
