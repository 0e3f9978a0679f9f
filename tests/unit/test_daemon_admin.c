/* The admin port against good and hostile clients: routes and codes, Host, parameters, limits of headers, body, methods, silence, life and number of
 * connections; streams, and clients that do not take what they are sent. */
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

/* The server turns its own loop in a thread, as the daemon would; the tests are its clients. */
static struct server {
	pthread_t thread;
	settings *settings;
	admin *admin;
	struct event_base *base;
	int stop[2];
	admin_stream *streams[ADMIN_STREAMS];    /* of the server's thread */
	atomic_int open, open_streams, ended, left_out;
	atomic_int piece;                        /* bytes that every stream gets in each tick */
} server;

enum { TICK_US = 5000, CONNECTIONS = 12 };

static int show_live(void *arg, admin_request *request, buf *out)
{
	assert_ptr_equal(arg, &server);
	(void)request;
	buf_add_str(out, "alive\n");
	return 200;
}

static int show_ready(void *arg, admin_request *request, buf *out)
{
	(void)arg;
	(void)request;
	buf_add_str(out, "no partitions assigned\n");
	return 503;
}

static int show_status(void *arg, admin_request *request, buf *out)
{
	int64_t since = -7;
	(void)arg;
	if (query_number(admin_query(request), "since", 0, 1000, &since))
		return admin_refuse_param(out, "since", "a number from 0 to 1000");
	admin_set_header(request, "ETag", "\"running\"");
	buf_printf(out, "{\"state\": \"running\", \"since\": %d, \"agent\": \"%s\"}\n", (int)since, admin_header(request, "User-Agent") ? admin_header(request, "User-Agent") : "");
	return 200;
}

static void on_ended(void *arg, admin_stream *stream)
{
	(void)arg;
	for (int i = 0; i < ADMIN_STREAMS; i++)
		if (server.streams[i] == stream)
			server.streams[i] = NULL;
	atomic_fetch_add(&server.ended, 1);
}

static int show_stream(void *arg, admin_request *request, buf *out)
{
	admin_stream *stream;
	int code = admin_stream_open(request, on_ended, arg, &stream, out);
	if (!stream)
		return code;
	int i = 0;
	while (server.streams[i])
		i++;
	server.streams[i] = stream;
	buf_add_str(out, "begin\n");
	return code;
}

static const admin_route routes[] = {
	{"/live", "text/plain; charset=utf-8", show_live},
	{"/ready", "text/plain; charset=utf-8", show_ready},
	{"/status", "application/json", show_status},
	{"/stream", "application/x-ndjson", show_stream},
};

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
	static char piece[ADMIN_STREAM_BYTES];
	int len = atomic_load(&server.piece);
	memset(piece, 'x', sizeof piece);
	for (int i = 0; i < ADMIN_STREAMS && len; i++)
		if (server.streams[i] && !admin_stream_write(server.streams[i], piece, (size_t)len))
			atomic_fetch_add(&server.left_out, 1);
	atomic_store(&server.open, admin_connections(server.admin));
	atomic_store(&server.open_streams, admin_streams(server.admin));
}

static void *turn(void *arg)
{
	struct event *stop = event_new(server.base, server.stop[0], EV_READ, on_stop, server.base);
	struct event *tick = event_new(server.base, -1, EV_PERSIST, on_tick, NULL);
	(void)arg;
	event_add(stop, NULL);
	event_add(tick, &(struct timeval){0, TICK_US});
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
		server.settings = settings_read(NULL, (const char *const[]){port}, 1, &errors);
		server.admin = admin_open(server.base, server.settings, routes, sizeof routes / sizeof *routes, &server, (admin_limits){CONNECTIONS, 400, 1200}, &errors);
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
	int before = atomic_load(&server.ended), open = admin_streams(server.admin);
	admin_close(&server.admin);
	admin_close(&server.admin);
	assert_int_equal(atomic_load(&server.ended) - before, open);
	event_base_free(server.base);
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
	expect("GET", "/live?x=1", "200", "alive");
	expect("GET", "/ready", "503", "\r\n\r\nno partitions assigned\n");
	expect("GET", "/status", "200", "\r\nContent-Type: application/json\r\n");
	expect("GET", "/status", "200", "\r\nETag: \"running\"\r\n");
	expect("GET", "/status", "200", "\r\nX-Content-Type-Options: nosniff\r\n");
	expect("GET", "/nowhere", "404", "no such page");
	expect("GET", "/live/../status", "404", "no such page");
}

static void parameters_are_checked(void **state)
{
	(void)state;
	expect("GET", "/status", "200", "\"since\": -7");
	expect("GET", "/status?since=17", "200", "\"since\": 17");
	expect("GET", "/status?since=1001", "400", "since: a number from 0 to 1000 is wanted");
	expect("GET", "/status?since=1001", "400", "\r\nContent-Type: text/plain");
	expect("GET", "/status?since=", "400", "since:");
	expect("GET", "/status?since=1&since=2", "400", "malformed");
	expect("GET", "/status?since=%zz", "400", "malformed");
}

static void expect_host(const char *header, const char *code)
{
	char request[256], line[64];
	buf out = {0};
	int fd = client();
	snprintf(request, sizeof request, "GET /live HTTP/1.1\r\n%sConnection: close\r\n\r\n", header);
	snprintf(line, sizeof line, "HTTP/1.1 %s ", code);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	assert_true(read_until_closed(fd, &out, 5000));
	assert_memory_equal(buf_bytes(&out).data, line, strlen(line));
	close(fd);
	buf_free(&out);
}

/* A page of a stranger that has its own name point to 127.0.0.1 gets nothing. */
static void other_hosts_are_refused(void **state)
{
	(void)state;
	static const char *const ours[] = {"Host: localhost\r\n", "Host: LOCALHOST:9180\r\n", "Host: 127.0.0.1:1\r\n", "Host: [::1]:9180\r\n", "Host: [::1]\r\n", ""};
	static const char *const others[] = {"Host: evil.example\r\n", "Host: localhost.evil.example\r\n", "Host: 127.0.0.1.evil.example:9180\r\n", "Host: \r\n",
					     "Host: localhost:9180.evil.example\r\n", "Host: [::1\r\n", "Host: [::1]x\r\n"};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		expect_host(ours[i], "200");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		expect_host(others[i], "403");
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

/* ---- streams ---- */

static int open_stream(void)
{
	static const char request[] = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fd = client();
	assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
	return fd;
}

static void wait_for(atomic_int *value, int wanted)
{
	for (int64_t end = now_ms() + 10000; atomic_load(value) < wanted && now_ms() < end; usleep(2000))
		;
	assert_true(atomic_load(value) >= wanted);
}

static void wait_for_streams(int wanted)
{
	for (int64_t end = now_ms() + 10000; atomic_load(&server.open_streams) != wanted && now_ms() < end; usleep(2000))
		;
	assert_int_equal(atomic_load(&server.open_streams), wanted);
}

/* Reads at least `bytes`. */
static void read_some(int fd, buf *out, size_t bytes)
{
	while (out->len < bytes) {
		struct pollfd wait = {fd, POLLIN, 0};
		assert_true(poll(&wait, 1, 10000) > 0);
		ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
		assert_true(n > 0);
		out->len += (size_t)n;
		out->data[out->len] = 0;
	}
}

/* Longer than silence and life of a connection allow, until the client goes. */
static void streams_flow(void **state)
{
	(void)state;
	buf out = {0};
	int fd = open_stream();
	wait_for_streams(1);
	assert_false(read_until_closed(fd, &out, 2000));
	assert_memory_equal(out.data, "HTTP/1.1 200 ", 13);
	assert_non_null(strstr(out.data, "\r\nTransfer-Encoding: chunked\r\n"));
	assert_non_null(strstr(out.data, "\r\n\r\n6\r\nbegin\n\r\n"));
	atomic_store(&server.piece, 16);
	read_some(fd, &out, 4000);
	assert_non_null(strstr(out.data, "\r\n10\r\nxxxxxxxxxxxxxxxx\r\n"));
	atomic_store(&server.piece, 0);
	close(fd);
	wait_for_streams(0);
	buf_free(&out);
}

/* Reads about so much, and throws it away. */
static void drink(int fd, size_t bytes)
{
	static char taken[65536];
	while (bytes > 0) {
		struct pollfd wait = {fd, POLLIN, 0};
		assert_true(poll(&wait, 1, 10000) > 0);
		ssize_t n = read(fd, taken, sizeof taken);
		assert_true(n > 0);
		bytes -= (size_t)n < bytes ? (size_t)n : bytes;
	}
}

#if defined __SANITIZE_ADDRESS__
enum { MEMORY_KB = 300 * 1024 };         /* it keeps what was freed for a while */
#else
enum { MEMORY_KB = 8 * 1024 };
#endif

/* One that takes nothing: its pieces are left out, the memory for it is bounded, everybody else is served; and it gets the rest once it reads. */
static void a_slow_stream_harms_nobody(void **state)
{
	(void)state;
	struct rusage before, after;
	buf rest = {0};
	int slow = open_stream(), fast = open_stream();
	wait_for_streams(2);
	atomic_store(&server.left_out, 0);
	getrusage(RUSAGE_SELF, &before);
	atomic_store(&server.piece, 60000);
	drink(fast, 30 << 20);
	wait_for(&server.left_out, 100);
	expect("GET", "/live", "200", "alive");
	getrusage(RUSAGE_SELF, &after);
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, MEMORY_KB);
	atomic_store(&server.piece, 0);
	drink(slow, ADMIN_STREAM_BYTES / 2);
	assert_false(read_until_closed(slow, &rest, 500));       /* until nothing more comes */
	assert_true(rest.len < 20 << 20);        /* of 30 MB and more */
	close(slow);
	close(fast);
	buf_free(&rest);
}

static void streams_are_counted(void **state)
{
	(void)state;
	int fds[ADMIN_STREAMS];
	wait_for_streams(0);
	for (int i = 0; i < ADMIN_STREAMS; i++)
		fds[i] = open_stream();
	wait_for_streams(ADMIN_STREAMS);
	expect("GET", "/stream", "503", "8 streams are open already");
	expect("GET", "/live", "200", "alive");
	int before = atomic_load(&server.ended);
	close(fds[0]);
	wait_for(&server.ended, before + 1);
	wait_for_streams(ADMIN_STREAMS - 1);
	fds[0] = open_stream();
	wait_for_streams(ADMIN_STREAMS);
	atomic_store(&server.piece, 100);        /* clients that go while they are written to, and one that talks meanwhile */
	for (int i = 0; i < 100 && write(fds[1], "GET / HTTP/1.1\r\n\r\n", 18) > 0; i++)
		;
	for (int i = 0; i < ADMIN_STREAMS; i++)
		close(fds[i]);
	wait_for(&server.ended, before + 1 + ADMIN_STREAMS);
	atomic_store(&server.piece, 0);
	wait_for_streams(0);
}

static void head_of_a_stream_is_short(void **state)
{
	(void)state;
	buf out = ask("HEAD", "/stream");
	assert_memory_equal(out.data, "HTTP/1.1 200 ", 13);
	assert_non_null(strstr(out.data, "application/x-ndjson"));
	assert_null(strstr(out.data, "begin"));
	assert_int_equal(atomic_load(&server.open_streams), 0);
	buf_free(&out);
}

/* Goes on when the port closes (`stop` looks whether it was told). */
static void a_stream_is_left_open(void **state)
{
	(void)state;
	open_stream();
	wait_for_streams(1);
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
	assert_in_range(most, 1, CONNECTIONS);
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
	admin *second = admin_open(base, server.settings, routes, 1, NULL, ADMIN_LIMITS, &errors);
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
		cmocka_unit_test(parameters_are_checked),
		cmocka_unit_test(other_hosts_are_refused),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(streams_flow),
		cmocka_unit_test(a_slow_stream_harms_nobody),
		cmocka_unit_test(streams_are_counted),
		cmocka_unit_test(head_of_a_stream_is_short),
		cmocka_unit_test(nothing_can_be_changed),
		cmocka_unit_test(floods_are_cut),
		cmocka_unit_test(silence_ends_a_connection),
		cmocka_unit_test(slow_clients_are_ended),
		cmocka_unit_test(many_connections_wait_their_turn),
		cmocka_unit_test(a_taken_port_is_told),
		cmocka_unit_test(without_descriptors_clients_wait),
		cmocka_unit_test(a_stream_is_left_open),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
