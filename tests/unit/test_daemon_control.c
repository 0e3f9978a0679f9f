/* The control socket against good and hostile clients: who may, requests in pieces and in a row, answers that come later, limits of length, silence, number and of
 * what is not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/settings.h"
#include "daemon/control.h"

#define SILENCE_MS 400                   /* where silence is what is tried; else nobody may be thrown out on a slow machine */
#define PATIENCE_MS 60000
#define STRANGER 65534                   /* user and group */
#define FRIENDS 47110                    /* a group nobody is in */

/* The server turns its own loop in a thread, as the daemon would. `status` is answered at once, `reload` when a `resume` comes. */
static struct server {
	pthread_t thread;
	char dir[64], path[200];
	settings *settings;
	control *control;
	struct event_base *base;
	int stop[2];
	control_call *waiting;
	atomic_int gone, open, uid;
} server;

static void on_command(void *arg, control_call *call, const control_request *request)
{
	(void)arg;
	atomic_store(&server.uid, (int)control_call_peer(call)->uid);
	if (request->command == CONTROL_RELOAD) {
		server.waiting = call;
		return;
	}
	if (request->command == CONTROL_RESUME && server.waiting) {
		control_call *waiting = server.waiting;
		server.waiting = NULL;
		control_answer(waiting, control_done(CONTROL_RELOAD, "late"));
	}
	json_t *answer = control_done(request->command, "done %s", request->stage);
	if (request->command == CONTROL_SCALE)           /* a long one */
		json_object_set_new(answer, "filler", json_sprintf("%0*d", 60000, request->number));
	control_answer(call, answer);
}

static void on_gone(void *arg, control_call *call)
{
	(void)arg;
	assert_ptr_equal(call, server.waiting);
	server.waiting = NULL;
	atomic_fetch_add(&server.gone, 1);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	atomic_store(&server.open, control_connections(server.control));
}

static void *turn(void *arg)
{
	struct event *stop = event_new(server.base, server.stop[0], EV_READ, on_stop, server.base);
	struct event *tick = event_new(server.base, -1, EV_PERSIST, on_tick, NULL);
	(void)arg;
	event_add(stop, NULL);
	event_add(tick, &(struct timeval){0, 10000});
	event_base_dispatch(server.base);
	event_free(stop);
	event_free(tick);
	return NULL;
}

static settings *read_settings(const char *dir, const char *group)
{
	char run[100], who[64];
	const char *sets[] = {run, who};
	buf errors = {0};
	snprintf(run, sizeof run, "daemon.runtime_dir=%s", dir);
	snprintf(who, sizeof who, "control.group=%s", group);
	settings *s = settings_read(NULL, sets, 2, &errors);
	if (!s)
		fail_msg("%s", errors.data);
	return s;
}

static void start_server(const char *group, int silence_ms)
{
	buf errors = {0};
	snprintf(server.dir, sizeof server.dir, "/tmp/mr-control-XXXXXX");
	assert_non_null(mkdtemp(server.dir));
	server.settings = read_settings(server.dir, group);
	snprintf(server.path, sizeof server.path, "%s/control.sock", settings_runtime_dir(server.settings));
	server.base = event_base_new();
	server.control = control_open(server.base, server.settings, (control_hooks){on_command, on_gone, NULL}, silence_ms, &errors);
	if (!server.control)
		fail_msg("%s", errors.data);
	assert_int_equal(pipe(server.stop), 0);
	assert_int_equal(pthread_create(&server.thread, NULL, turn, NULL), 0);
}

static void stop_server(void)
{
	char command[128];
	assert_int_equal(write(server.stop[1], "x", 1), 1);
	pthread_join(server.thread, NULL);
	control_close(&server.control);
	control_close(&server.control);
	event_base_free(server.base);
	settings_free(&server.settings);
	close(server.stop[0]);
	close(server.stop[1]);
	assert_int_equal(access(server.path, F_OK), -1);         /* it took its socket with it */
	snprintf(command, sizeof command, "rm -rf %s", server.dir);
	assert_int_equal(system(command), 0);
	server = (struct server){0};
}

static int setup(void **state)
{
	(void)state;
	start_server("", PATIENCE_MS);
	return 0;
}

static int setup_impatient(void **state)
{
	(void)state;
	start_server("", SILENCE_MS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

/* ---- clients ---- */

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#define WAIT(condition) do { \
	int64_t wait_end = now_ms() + 10000; \
	while (!(condition)) { \
		if (now_ms() > wait_end) \
			fail_msg("%s:%d: never: %s", __FILE__, __LINE__, #condition); \
		poll(NULL, 0, 5); \
	} \
} while (0)

static int try_dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static int dial(void)
{
	int fd = try_dial(server.path);
	assert_true(fd >= 0);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* One line, without its break; "" at the end of the connection. */
static char *hear(int fd, char out[256])
{
	size_t len = 0;
	for (int64_t end = now_ms() + 10000; len < 255;) {
		struct pollfd look = {.fd = fd, .events = POLLIN};
		if (poll(&look, 1, (int)(end - now_ms())) <= 0)
			fail_msg("no answer");
		if (recv(fd, out + len, 1, 0) != 1) {
			len = 0;
			break;
		}
		if (out[len] == '\n')
			break;
		len++;
	}
	out[len] = 0;
	return out;
}

static void expect(int fd, const char *text)
{
	char line[256];
	hear(fd, line);
	if (!strstr(line, text))
		fail_msg("heard '%s', not '%s'", line, text);
}

static void expect_end(int fd)
{
	char line[256];
	assert_string_equal(hear(fd, line), "");
}

#define STATUS "{\"command\":\"status\"}\n"

static void the_socket_is_for_user_and_group_only(void **state)
{
	(void)state;
	struct stat file;
	assert_int_equal(stat(server.path, &file), 0);
	assert_true(S_ISSOCK(file.st_mode));
	assert_int_equal(file.st_mode & 07777, 0660);
	assert_int_equal(stat(settings_runtime_dir(server.settings), &file), 0);
	assert_int_equal(file.st_mode & 07777, 0750);
}

static void requests_are_answered_in_order(void **state)
{
	(void)state;
	int fd = dial();
	say(fd, STATUS);
	expect(fd, "{\"ok\":true,\"command\":\"status\",\"text\":\"done \"}");
	assert_int_equal(atomic_load(&server.uid), (int)geteuid());
	say(fd, STATUS "{\"command\":\"restart\",\"stage\":\"a\"}\n" "{\"command\":\"restart\",\"stage\":\"b\"}\n");
	expect(fd, "\"command\":\"status\"");
	expect(fd, "done a");
	expect(fd, "done b");
	for (const char *at = "{\"command\":\"restart\",\"stage\":\"slow\"}\n"; *at; at++)
		say(fd, (char[]){*at, 0});
	expect(fd, "done slow");
	close(fd);
}

static void what_is_no_request_is_answered_with_the_reason(void **state)
{
	(void)state;
	int fd = dial();
	say(fd, "GET / HTTP/1.1\r\n");
	expect(fd, "\"code\":\"bad-request\"");
	say(fd, "{\"command\":\"stop\"}\n");
	expect(fd, "\"code\":\"unknown-command\"");
	say(fd, "{\"command\":\"scale\",\"stage\":\"x\"}\n");
	expect(fd, "\"command\":\"scale\",\"error\"");
	assert_int_equal(send(fd, "\0\xff\xfe\n", 4, 0), 4);
	expect(fd, "\"code\":\"bad-request\"");
	say(fd, "\n");
	expect(fd, "\"code\":\"bad-request\"");
	say(fd, STATUS);
	expect(fd, "done");
	close(fd);
}

static void a_line_too_long_ends_the_connection(void **state)
{
	(void)state;
	static char line[3 * CONTROL_LINE_MAX];
	memset(line, 'x', sizeof line - 1);
	int fd = dial();
	send(fd, line, sizeof line - 1, MSG_NOSIGNAL);
	expect(fd, "more than 4096 bytes");
	expect_end(fd);
	close(fd);
	fd = dial();                             /* with a line break behind it, too */
	line[CONTROL_LINE_MAX + 1] = '\n';
	send(fd, line, CONTROL_LINE_MAX + 2, MSG_NOSIGNAL);
	expect(fd, "more than 4096 bytes");
	expect_end(fd);
	close(fd);
	fd = dial();                             /* the longest that there is */
	memset(line, ' ', sizeof line);
	memcpy(line, STATUS, strlen(STATUS) - 1);
	line[CONTROL_LINE_MAX] = '\n';
	assert_int_equal(send(fd, line, CONTROL_LINE_MAX + 1, 0), CONTROL_LINE_MAX + 1);
	expect(fd, "done");
	close(fd);
}

static void silence_ends_the_connection(void **state)
{
	(void)state;
	int64_t begun = now_ms();
	int fd = dial();
	say(fd, "{\"command\":");
	expect_end(fd);
	assert_true(now_ms() - begun >= SILENCE_MS - 50);
	close(fd);
	WAIT(atomic_load(&server.open) == 0);
}

/* As a shell does it: the question, end of file, the answer. */
static void half_a_connection_gets_its_answer(void **state)
{
	(void)state;
	int fd = dial();
	say(fd, STATUS "{\"command\":\"restart\",\"stage\":\"last\"}\n");
	shutdown(fd, SHUT_WR);
	expect(fd, "status");
	expect(fd, "done last");
	expect_end(fd);
	close(fd);
}

static void an_answer_may_come_later(void **state)
{
	(void)state;
	int fd = dial(), other = dial();
	say(fd, "{\"command\":\"reload\"}\n" STATUS);    /* the second waits for the first */
	say(other, STATUS);
	expect(other, "done");
	say(other, "{\"command\":\"resume\"}\n");
	expect(other, "done");
	expect(fd, "late");
	expect(fd, "status");
	close(fd);
	close(other);
	assert_int_equal(atomic_load(&server.gone), 0);
}

/* Longer than silence may last: that is for those who say nothing, not for those who are kept waiting. */
static void who_waits_may_be_silent(void **state)
{
	(void)state;
	int64_t begun = now_ms();
	int fd = dial(), other;
	say(fd, "{\"command\":\"reload\"}\n");
	while (now_ms() - begun < 2 * SILENCE_MS) {      /* others come and go meanwhile */
		other = dial();
		say(other, STATUS);
		expect(other, "done");
		close(other);
	}
	other = dial();
	say(other, "{\"command\":\"resume\"}\n");
	expect(fd, "late");
	close(fd);
	close(other);
}

static void who_leaves_before_his_answer_is_forgotten(void **state)
{
	(void)state;
	int fd = dial();
	say(fd, "{\"command\":\"reload\"}\n");
	int other = dial();
	say(other, STATUS);
	expect(other, "done");
	close(fd);
	WAIT(atomic_load(&server.gone) == 1);
	close(other);
	WAIT(atomic_load(&server.open) == 0);
}

static void the_ninth_is_told_that_it_is_busy(void **state)
{
	(void)state;
	int fds[CONTROL_CONNECTIONS];
	for (int i = 0; i < CONTROL_CONNECTIONS; i++) {
		fds[i] = dial();
		say(fds[i], i ? STATUS : "{\"command\":\"reload\"}\n");
		if (i)
			expect(fds[i], "done");
	}
	int ninth = dial();
	expect(ninth, "\"code\":\"busy\"");
	expect_end(ninth);
	close(ninth);
	WAIT(atomic_load(&server.open) == CONTROL_CONNECTIONS);  /* looked at now and then: not what it was before the last came */
	close(fds[3]);
	WAIT(atomic_load(&server.open) < CONTROL_CONNECTIONS);
	int next = dial();
	say(next, "{\"command\":\"resume\"}\n");
	expect(next, "done");
	expect(fds[0], "late");
	for (int i = 0; i < CONTROL_CONNECTIONS; i++)
		if (i != 3)
			close(fds[i]);
	close(next);
}

/* Thousands of questions with long answers that nobody takes: what is kept is bounded, others are served, and in the end the connection goes. */
static void answers_that_nobody_reads_do_not_pile_up(void **state)
{
	(void)state;
	static const char line[] = "{\"command\":\"scale\",\"stage\":\"x\",\"number\":1}\n";
	int fd = dial(), other = dial(), sent = 0;
	for (int64_t end = now_ms() + 10000; now_ms() < end; sent++) {
		ssize_t n = send(fd, line, sizeof line - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n != sizeof line - 1)
			break;                   /* nobody reads the questions any more */
	}
	assert_true(sent < 20000);               /* 20,000 answers would be 1.2 GB */
	say(other, STATUS);
	expect(other, "done");
	close(other);
	WAIT(atomic_load(&server.open) == 0);
	close(fd);
}

static void a_second_daemon_is_kept_out_and_a_dead_one_replaced(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	buf errors = {0};
	assert_null(control_open(base, server.settings, (control_hooks){0}, SILENCE_MS, &errors));
	assert_int_equal(errno, EWOULDBLOCK);
	assert_non_null(strstr(errors.data, "another daemon serves this socket"));
	int fd = dial();                         /* it is still the first one's */
	say(fd, STATUS);
	expect(fd, "done");
	close(fd);
	buf_clear(&errors);
	char dir[] = "/tmp/mr-control-XXXXXX", path[200], left[200];
	assert_non_null(mkdtemp(dir));
	snprintf(left, sizeof left, "%s/left", dir);
	settings *own = read_settings(dir, "");
	control *first = control_open(base, own, (control_hooks){0}, SILENCE_MS, &errors);
	assert_non_null(first);
	snprintf(path, sizeof path, "%s/control.sock", settings_runtime_dir(own));
	assert_int_equal(link(path, left), 0);         /* what kill -9 leaves behind */
	control_close(&first);
	assert_int_equal(rename(left, path), 0);
	assert_int_equal(try_dial(path), -1);
	control *second = control_open(base, own, (control_hooks){0}, SILENCE_MS, &errors);
	assert_non_null(second);
	fd = try_dial(path);
	assert_true(fd >= 0);
	close(fd);
	control_close(&second);
	snprintf(path, sizeof path, "rm -rf %s", dir);
	assert_int_equal(system(path), 0);
	settings_free(&own);
	event_base_free(base);
	buf_free(&errors);
}

static void a_group_that_is_not_there_is_a_bad_start(void **state)
{
	(void)state;
	char dir[] = "/tmp/mr-control-XXXXXX";
	buf errors = {0};
	struct event_base *base = event_base_new();
	assert_non_null(mkdtemp(dir));
	settings *s = read_settings(dir, "no-such-group-here");
	assert_null(control_open(base, s, (control_hooks){0}, SILENCE_MS, &errors));
	assert_string_equal(errors.data, "--set: control.group: there is no group 'no-such-group-here' on this machine\n");
	settings_free(&s);
	event_base_free(base);
	buf_free(&errors);
	assert_int_equal(rmdir(dir), 0);
}

/* ---- who may: needs a second user, so root ---- */

/* In a child that is user STRANGER, and in `group` besides if that is not 0: 'r' refused, 'a' answered, 'c' cannot connect, '?' anything else. */
static int as_stranger(gid_t group)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char line[256];
		size_t len = 0;
		if (setgroups(group ? 1 : 0, &group) || setresgid(STRANGER, STRANGER, STRANGER) || setresuid(STRANGER, STRANGER, STRANGER))
			_exit('?');
		int fd = try_dial(server.path);
		if (fd < 0)
			_exit('c');
		send(fd, STATUS, strlen(STATUS), MSG_NOSIGNAL);
		while (len < sizeof line - 1 && recv(fd, line + len, 1, 0) == 1 && line[len] != '\n')
			len++;
		line[len] = 0;
		_exit(strstr(line, "\"code\":\"refused\"") ? 'r' : strstr(line, "\"ok\":true") ? 'a' : '?');
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool need_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("not root: no second user to try with\n");
	return false;
}

static void another_user_is_refused_whatever_the_file_allows(void **state)
{
	(void)state;
	if (!need_root())
		return;
	assert_int_equal(chmod(server.dir, 0755), 0);
	assert_int_equal(as_stranger(0), 'c');           /* 0660 */
	assert_int_equal(chmod(settings_runtime_dir(server.settings), 0755), 0);
	assert_int_equal(chmod(server.path, 0666), 0);
	assert_int_equal(as_stranger(0), 'r');
	assert_int_equal(as_stranger(FRIENDS), 'r');     /* control.group is not set */
	WAIT(atomic_load(&server.open) == 0);
}

static void members_of_the_group_may(void **state)
{
	(void)state;
	if (!need_root())
		return;
	struct stat file;
	char group[16];
	snprintf(group, sizeof group, "%d", FRIENDS);
	stop_server();
	start_server(group, PATIENCE_MS);
	assert_int_equal(chmod(server.dir, 0755), 0);
	assert_int_equal(stat(server.path, &file), 0);
	assert_int_equal(file.st_gid, FRIENDS);
	assert_int_equal(file.st_mode & 07777, 0660);
	assert_int_equal(stat(settings_runtime_dir(server.settings), &file), 0);
	assert_int_equal(file.st_mode & 07777, 0751);    /* through, not in */
	assert_int_equal(as_stranger(FRIENDS), 'a');
	assert_int_equal(as_stranger(0), 'c');
	assert_int_equal(chmod(server.path, 0666), 0);
	assert_int_equal(as_stranger(0), 'r');
	assert_int_equal(as_stranger(FRIENDS + 1), 'r');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_socket_is_for_user_and_group_only, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_are_answered_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_request_is_answered_with_the_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_too_long_ends_the_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_ends_the_connection, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(half_a_connection_gets_its_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_may_come_later, setup, teardown),
		cmocka_unit_test_setup_teardown(who_waits_may_be_silent, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(who_leaves_before_his_answer_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(the_ninth_is_told_that_it_is_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_that_nobody_reads_do_not_pile_up, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(a_second_daemon_is_kept_out_and_a_dead_one_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(another_user_is_refused_whatever_the_file_allows, setup, teardown),
		cmocka_unit_test_setup_teardown(members_of_the_group_may, setup, teardown),
		cmocka_unit_test(a_group_that_is_not_there_is_a_bad_start),
	};
	signal(SIGPIPE, SIG_IGN);
	log_setup("test", getenv("TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, LOG_LOGFMT, 1000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
