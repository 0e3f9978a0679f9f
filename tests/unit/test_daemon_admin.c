/* The admin port against good and hostile clients: pages and codes, limits of headers, body, methods, silence, life and number of connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/settings.h"
#include "daemon/admin.h"
#include "daemon/metrics.h"

/* The server turns its own loop in a thread, as the daemon would; the tests are its clients. */
static struct server {
	pthread_t thread;
	settings *settings;
	metrics *metrics;
	admin *admin;
	struct event_base *base;
	int stop[2];
	_Atomic(const char *) reason;
	atomic_int open;
} server;

static const char *ready(void *arg)
{
	(void)arg;
	return atomic_load(&server.reason);
}

static json_t *status(void *arg)
{
	(void)arg;
	return json_pack("{s:s,s:i}", "state", "running", "in_flight", 3);
}

static void refresh(void *arg)
{
	metrics_set(arg, METRIC_IN_FLIGHT, 77);
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
	atomic_store(&server.open, admin_connections(server.admin));
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

static int start(void **state)
{
	char port[64];
	buf errors = {0};
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	log_setup("test", LOG_LEVEL_ERROR, LOG_LOGFMT, 20);
	server.base = event_base_new();
	for (int i = 0; i < 50 && !server.admin; i++) {          /* another test may hold a port */
		snprintf(port, sizeof port, "admin.port=%d", 20000 + (getpid() * 7 + i * 131) % 20000);
		settings_free(&server.settings);
		metrics_free(&server.metrics);
		server.settings = settings_read(NULL, (const char *const[]){port}, 1, &errors);
		server.metrics = metrics_new(server.settings);
		server.admin = admin_open(server.base, server.settings, server.metrics, (admin_hooks){ready, status, refresh, server.metrics},
					  (admin_limits){8, 400, 1200}, &errors);
	}
	buf_free(&errors);
	return server.admin && pipe(server.stop) == 0 ? pthread_create(&server.thread, NULL, turn, NULL) : -1;
}

static int stop(void **state)
{
	(void)state;
	if (write(server.stop[1], "x", 1) != 1)
		return -1;
	pthread_join(server.thread, NULL);
	admin_close(&server.admin);
	admin_close(&server.admin);
	event_base_free(server.base);
	metrics_free(&server.metrics);
	settings_free(&server.settings);
	close(server.stop[0]);
	close(server.stop[1]);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int client(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)settings_admin_port(server.settings))};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* Reads until the server closes or `ms` are over; false: it did not close. */
static bool read_until_closed(int fd, buf *out, int ms)
{
	int64_t end = now_ms() + ms;
	for (;;) {
		struct pollfd wait = {fd, POLLIN, 0};
		int64_t left = end - now_ms();
		if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
			return false;
		ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
		if (n <= 0)
			return true;
		out->len += (size_t)n;
		out->data[out->len] = 0;
	}
}

static buf ask(const char *method, const char *path)
{
	char request[256];
	buf out = {0};
	int fd = client();
	snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	assert_true(read_until_closed(fd, &out, 5000));
	close(fd);
	return out;
}

static void expect(const char *method, const char *path, const char *code, const char *body)
{
	buf out = ask(method, path);
	char line[64];
	snprintf(line, sizeof line, "HTTP/1.1 %s ", code);
	assert_non_null(out.data);
	assert_memory_equal(out.data, line, strlen(line));
	if (!strstr(out.data, body))
		print_message("%s\n", out.data);
	assert_non_null(strstr(out.data, body));
	buf_free(&out);
}

static void pages_answer(void **state)
{
	(void)state;
	expect("GET", "/live", "200", "\r\n\r\nalive\n");
	expect("GET", "/ready", "200", "\r\n\r\nready\n");
	atomic_store(&server.reason, "no partitions assigned");
	expect("GET", "/ready", "503", "\r\n\r\nno partitions assigned\n");
	expect("GET", "/live", "200", "alive");
	atomic_store(&server.reason, NULL);
	expect("GET", "/metrics?x=1", "200", "\nmillrace_records_in_flight 77\n");       /* refreshed first */
	expect("GET", "/metrics", "200", "text/plain; version=0.0.4");
	expect("GET", "/status", "200", "\"in_flight\": 3");
	expect("GET", "/", "200", "\n/metrics\n");
	expect("GET", "/nowhere", "404", "no such page");
	expect("GET", "/live/../status", "404", "no such page");
}

static void head_has_no_body(void **state)
{
	(void)state;
	buf out = ask("HEAD", "/live");
	assert_memory_equal(out.data, "HTTP/1.1 200 ", 13);
	assert_non_null(strstr(out.data, "\r\nContent-Length: 6\r\n"));
	assert_null(strstr(out.data, "alive"));
	buf_free(&out);
}

static void nothing_can_be_changed(void **state)
{
	(void)state;
	static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE"};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		buf out = ask(methods[i], "/status");
		assert_null(strstr(buf_bytes(&out).data, "running"));
		assert_non_null(strstr(buf_bytes(&out).data, "HTTP/1.1 501"));
		buf_free(&out);
	}
}

/* Sends `first`, then `unit` again and again up to `bytes`; the server must close instead of taking it all. */
static void flood(const char *first, const char *unit, size_t bytes)
{
	int fd = client();
	buf out = {0};
	size_t sent = strlen(first);
	assert_int_equal(write(fd, first, strlen(first)), strlen(first));
	while (sent < bytes) {
		ssize_t n = write(fd, unit, strlen(unit));
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	assert_true(read_until_closed(fd, &out, 5000));
	assert_null(strstr(buf_bytes(&out).data, "running"));
	buf_free(&out);
	close(fd);
}

static void floods_are_cut(void **state)
{
	(void)state;
	flood("GET /status HTTP/1.1\r\n", "X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 8 << 20);
	flood("GET /status HTTP/1.1\r\nX: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 8 << 20);
	flood("GET /", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 8 << 20);
	flood("POST /status HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 8 << 20);
	flood("\x16\x03\x01\x02", "\xff\xfe\xfd\x01\x02\x03\n", 1 << 20);
	expect("GET", "/live", "200", "alive");
}

static void silence_ends_a_connection(void **state)
{
	(void)state;
	int fd = client();
	buf out = {0};
	int64_t begin = now_ms();
	assert_true(read_until_closed(fd, &out, 5000));
	assert_in_range(now_ms() - begin, 200, 3000);
	close(fd);
	buf_free(&out);
}

/* A byte now and then keeps silence away but not the end of its life. */
static void slow_clients_are_ended(void **state)
{
	(void)state;
	int fd = client();
	int64_t begin = now_ms(), took = 0;
	buf out = {0};
	while (!read_until_closed(fd, &out, 100)) {
		took = now_ms() - begin;
		assert_in_range(took, 0, 8000);
		if (write(fd, "G", 1) < 0)
			break;
	}
	assert_in_range(now_ms() - begin, 1000, 8000);
	close(fd);
	buf_free(&out);
}

static void many_connections_wait_their_turn(void **state)
{
	(void)state;
	int fds[100], most = 0;
	for (int i = 0; i < 100; i++)
		fds[i] = client();
	for (int64_t end = now_ms() + 300; now_ms() < end; usleep(10000))
		if (atomic_load(&server.open) > most)
			most = atomic_load(&server.open);
	assert_in_range(most, 1, 8);
	for (int i = 0; i < 100; i++)
		close(fds[i]);
	expect("GET", "/live", "200", "alive");          /* waits until the hundred are gone */
	int64_t end = now_ms() + 3000;
	while (atomic_load(&server.open) > 0 && now_ms() < end)
		usleep(10000);
	assert_int_equal(atomic_load(&server.open), 0);
}

static void a_taken_port_is_told(void **state)
{
	(void)state;
	buf errors = {0};
	struct event_base *base = event_base_new();
	admin *second = admin_open(base, server.settings, server.metrics, (admin_hooks){ready, status, NULL, NULL}, ADMIN_LIMITS, &errors);
	assert_null(second);
	assert_non_null(strstr(errors.data, "--set: admin.port: cannot listen on 127.0.0.1 port "));
	assert_non_null(strstr(errors.data, "Address already in use"));
	event_base_free(base);
	buf_free(&errors);
}

static atomic_int complaints;

static void on_complaint(int severity, const char *text)
{
	(void)severity;
	(void)text;
	atomic_fetch_add(&complaints, 1);
}

/* No descriptor is left: the loop must not spin, and the client is served when there is one. */
static void without_descriptors_clients_wait(void **state)
{
	static const char request[] = "GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	struct rlimit before, none;
	buf out = {0};
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	while (atomic_load(&server.open))                        /* of the tests before: one that ends would free a descriptor */
		poll(NULL, 0, 10);
	event_set_log_callback(on_complaint);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)settings_admin_port(server.settings))};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), lowest = dup(fd);
	close(lowest);
	none = (struct rlimit){(rlim_t)lowest, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
	assert_false(read_until_closed(fd, &out, 500));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(read_until_closed(fd, &out, 5000));
	assert_memory_equal(out.data, "HTTP/1.1 200 ", 13);
	assert_int_equal(atomic_load(&complaints), 0);           /* libevent complains of every try that nobody listens to */
	event_set_log_callback(NULL);
	close(fd);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_answer),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(nothing_can_be_changed),
		cmocka_unit_test(floods_are_cut),
		cmocka_unit_test(silence_ends_a_connection),
		cmocka_unit_test(slow_clients_are_ended),
		cmocka_unit_test(many_connections_wait_their_turn),
		cmocka_unit_test(a_taken_port_is_told),
		cmocka_unit_test(without_descriptors_clients_wait),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
