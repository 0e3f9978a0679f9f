/* demo.c - `millrace demo`: an embedded broker, the daemon with its workers, the demo feed, and what came out.
 *
 * Owns a folder under /tmp (configuration, state, sockets, logs) and two children, the broker (`millrace broker`, ends when our pipe closes) and
 * `millraced`; both go with it. Steps: start, wait until /ready, feed, read the output topics until every record has ended, show, and with --once
 * compare with what the feed expects. The embedded broker proves nothing about exactly-once, so the daemon runs with at-least-once. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "cli/demo_feed.h"
#include "cli/demo_show.h"

const char demo_help[] =
	"Usage: millrace demo [--once] [--feed FOLDER]\n\n"
	"Starts an embedded broker, the daemon and its workers, sends the demo feed through them and shows what came out. Stays up until Ctrl-C.\n\n"
	"  --once         compares what came out with what the feed expects, then leaves: 0 when all is as expected\n"
	"  --feed FOLDER  another feed (default: conf/demo beside the program, else /usr/share/millrace/demo)\n";

#define START_SECONDS 30
#define SILENCE_SECONDS 30               /* nothing new for so long: something is wrong */
#define TOPICS "articles.raw:1,articles.enriched:1,articles.duplicates:1,dlq.articles.raw:1"

typedef struct demo {
	char folder[64];                 /* /tmp/millrace-demo-XXXXXX; "" until made */
	char programs[2048];             /* where this program stands */
	char bootstrap[128];
	pid_t broker, daemon;            /* 0: not running */
	int broker_stdin;                /* -1: none; closing it ends the broker */
	int port;                        /* admin port of the daemon */
	demo_feed feed;
	rd_kafka_t *producer, *consumer;
	double seconds;                  /* from the first record sent to the last that ended */
} demo;

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- children ---- */

/* Starts a program that dies with us. Descriptors of -1 become /dev/null. */
static pid_t start(const char *const *argv, int in, int out, int err)
{
	pid_t parent = getpid(), pid = fork();
	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_RDWR);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0);                   /* Ctrl-C is ours; the children are told in order */
	dup2(in < 0 ? null : in, STDIN_FILENO);
	dup2(out < 0 ? null : out, STDOUT_FILENO);
	dup2(err < 0 ? null : err, STDERR_FILENO);
	if (getppid() == parent)
		execv(argv[0], (char *const *)argv);
	_exit(127);
}

static int start_broker(demo *self)
{
	int in[2], out[2];
	char program[2100];
	snprintf(program, sizeof program, "%s/millrace", self->programs);
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return cli_failed("demo", "pipe: %s", strerror(errno));
	const char *argv[] = {program, "broker", "--topics", TOPICS, "--seconds", "86400", NULL};
	self->broker = start(argv, in[0], out[1], -1);
	close(in[0]);
	close(out[1]);
	self->broker_stdin = in[1];
	FILE *f = fdopen(out[0], "r");
	bool told = f && fgets(self->bootstrap, sizeof self->bootstrap, f);
	if (f)
		fclose(f);
	self->bootstrap[strcspn(self->bootstrap, "\n")] = 0;
	return told ? 0 : cli_failed("demo", "the embedded broker %s did not start", program);
}

/* A port that is free now. */
static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ? -1 : getsockname(fd, (struct sockaddr *)&at, &len);
	if (fd >= 0)
		close(fd);
	return rc ? -1 : ntohs(at.sin_port);
}

static int start_daemon(demo *self)
{
	char program[2100], config[128], log[128];
	snprintf(program, sizeof program, "%s/millraced", self->programs);
	snprintf(config, sizeof config, "%s/millrace.conf", self->folder);
	snprintf(log, sizeof log, "%s/millraced.log", self->folder);
	self->port = free_port();
	FILE *f = fopen(config, "we");
	if (!f || self->port < 0)
		return cli_failed("demo", "%s: %s", config, strerror(errno));
	fprintf(f, "[daemon]\ninstance = demo\nstate_dir = %s/state\nruntime_dir = %s/run\n[kafka]\nbootstrap.servers = %s\n", self->folder, self->folder, self->bootstrap);
	/* max_record_bytes: the embedded broker does not answer when asked for a topic's limit. */
	fprintf(f, "[kafka.consumer]\nfetch.wait.max.ms = 10\n[publish]\ndelivery = at-least-once\nmax_record_bytes = 1000000\n[admin]\nport = %d\n", self->port);
	fclose(f);
	int err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	const char *argv[] = {program, "--config", config, NULL};
	self->daemon = start(argv, -1, err, err);
	if (err >= 0)
		close(err);
	return self->daemon > 0 ? 0 : cli_failed("demo", "fork: %s", strerror(errno));
}

static bool daemon_lives(demo *self)
{
	if (self->daemon > 0 && waitpid(self->daemon, NULL, WNOHANG) == self->daemon)
		self->daemon = 0;
	return self->daemon > 0;
}

/* ---- the admin port ---- */

/* GET; the status, 0 when nobody answers. The body stands in `out`. */
static int get(const demo *self, const char *path, buf *out)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)self->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {2, 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
	ssize_t n = 0;
	buf_clear(out);
	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && dprintf(fd, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path) > 0)
		while (out->len < 1 << 20 && (n = read(fd, buf_reserve(out, 65536), 65536)) > 0)
			out->len += (size_t)n;
	close(fd);
	sscanf(buf_bytes(out).data, "HTTP/%*s %d", &status);
	return status;
}

/* Value of a metric, summed over its labels. */
static double metric(const char *text, const char *name)
{
	double sum = 0;
	size_t len = strlen(name);
	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
		const char *value = strchr(at, ' ');
		if ((at == text || at[-1] == '\n') && (at[len] == ' ' || at[len] == '{') && value)
			sum += strtod(value, NULL);
	}
	return sum;
}

static int wait_ready(demo *self)
{
	double end = now_s() + START_SECONDS;
	buf answer = {0};
	int status = 0;
	while (!stopped && daemon_lives(self) && now_s() < end && (status = get(self, "/ready", &answer)) != 200)
		poll(NULL, 0, 50);
	const char *body = strstr(buf_bytes(&answer).data, "\r\n\r\n");
	int rc = status == 200 ? 0 : cli_failed("demo", "the daemon is not ready%s%.160s; its log: %s/millraced.log", body ? ": " : "", body ? body + 4 : "", self->folder);
	buf_free(&answer);
	return rc;
}

/* ---- Kafka ---- */

static rd_kafka_t *client(const demo *self, rd_kafka_type_t type)
{
	char error[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", self->bootstrap, NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "millrace-demo-reader", NULL, 0);
	rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
	rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", NULL, 0);
	rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0);
	rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
	rd_kafka_t *made = rd_kafka_new(type, conf, error, sizeof error);
	if (!made) {
		rd_kafka_conf_destroy(conf);
		cli_failed("demo", "librdkafka: %s", error);
	}
	return made;
}

static rd_kafka_resp_err_t send_record(demo *self, const demo_record *r)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(DEMO_HEADERS_MAX);
	const char *name;
	json_t *value;
	json_object_foreach(json_object_get(r->line, "headers"), name, value)
		rd_kafka_header_add(headers, name, -1, json_string_value(value), -1);
	rd_kafka_resp_err_t err = rd_kafka_producev(self->producer, RD_KAFKA_V_TOPIC("articles.raw"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	                                            RD_KAFKA_V_KEY(r->key, r->key ? strlen(r->key) : 0), RD_KAFKA_V_HEADERS(headers),
	                                            RD_KAFKA_V_VALUE(r->null_value ? NULL : (void *)buf_bytes(&r->value).data, r->value.len), RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(headers);
	return err;
}

static int send_feed(demo *self)
{
	for (size_t i = 0; i < self->feed.count; i++) {
		rd_kafka_resp_err_t err = send_record(self, &self->feed.records[i]);
		if (err)
			return cli_failed("demo", "record %zu could not be sent: %s", i + 1, rd_kafka_err2str(err));
	}
	rd_kafka_resp_err_t err = rd_kafka_flush(self->producer, 10000);
	return err ? cli_failed("demo", "the feed was not taken: %s", rd_kafka_err2str(err)) : 0;
}

static mr_bytes header(const rd_kafka_message_t *m, const char *name)
{
	rd_kafka_headers_t *headers;
	const void *value = NULL;
	size_t len = 0;
	if (rd_kafka_message_headers(m, &headers) || rd_kafka_header_get_last(headers, name, &value, &len))
		return (mr_bytes){0};
	return (mr_bytes){value, len};
}

static void take(demo *self, const rd_kafka_message_t *m)
{
	const char *topic = rd_kafka_topic_name(m->rkt);
	char digits[24];
	if (strcmp(topic, "dlq.articles.raw") == 0) {
		mr_bytes offset = header(m, "millrace.source.offset");
		snprintf(digits, sizeof digits, "%.*s", (int)offset.len, offset.data ? offset.data : "-1");
		demo_feed_dead(&self->feed, strtoll(digits, NULL, 10), header(m, "millrace.error.code"), header(m, "millrace.error.message"));
	} else {
		demo_feed_article(&self->feed, strcmp(topic, "articles.enriched") == 0 ? DEMO_PUBLISHED : DEMO_DUPLICATE, (mr_bytes){m->payload, m->len});
	}
}

static void show_bar(size_t done, size_t all)
{
	char bar[41];
	size_t filled = all ? done * 40 / all : 40;
	if (!isatty(STDERR_FILENO))
		return;
	memset(bar, '.', 40);
	memset(bar, '#', filled > 40 ? 40 : filled);
	bar[40] = 0;
	fprintf(stderr, "\r[%s] %zu of %zu%s", bar, done, all, done == all ? "\n" : "");
}

/* Reads the output topics until every record has ended. */
static int read_outcomes(demo *self)
{
	static const char *const topics[] = {"articles.enriched", "articles.duplicates", "dlq.articles.raw"};
	size_t all = demo_feed_expected(&self->feed), done = 0;
	double begin = now_s(), heard = begin;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(3);
	for (int i = 0; i < 3; i++)
		rd_kafka_topic_partition_list_add(list, topics[i], 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(self->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
	while (!stopped && done < all && daemon_lives(self) && now_s() - heard < SILENCE_SECONDS) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(self->consumer, 100);
		if (m && !m->err) {
			take(self, m);
			heard = now_s();
		}
		if (m)
			rd_kafka_message_destroy(m);
		done = demo_feed_ended(&self->feed);
		show_bar(done, all);
	}
	self->seconds = now_s() - begin;
	return done == all ? 0 : cli_failed("demo", "%zu of %zu records have ended; the daemon's log: %s/millraced.log", done, all, self->folder);
}

/* ---- the whole ---- */

/* The daemon's own account; 0 when it agrees with the feed. */
static int show_balance(demo *self)
{
	static const char *const names[] = {"read_total", "published_total", "duplicate_total", "dead_total", "tombstone_total", "in_flight"};
	double terms[6] = {0};
	buf text = {0};
	char name[64];
	double end = now_s() + 5;                        /* the last epoch is told a moment after its records are there */
	do {
		get(self, "/metrics", &text);
		for (int i = 0; i < 6; i++) {
			snprintf(name, sizeof name, "millrace_records_%s", names[i]);
			terms[i] = metric(buf_bytes(&text).data, name);
		}
	} while ((terms[0] < (double)self->feed.count || terms[5] > 0) && now_s() < end && poll(NULL, 0, 50) == 0);
	buf_free(&text);
	printf("\n%.0f records read = %.0f published + %.0f duplicates + %.0f dead letters + %.0f tombstones + %.0f in flight, in %.2f s (%.0f records/s)\n", terms[0],
	       terms[1], terms[2], terms[3], terms[4], terms[5], self->seconds, self->seconds > 0 ? terms[0] / self->seconds : 0);
	bool right = terms[0] == (double)self->feed.count && terms[0] == terms[1] + terms[2] + terms[3] + terms[4] && terms[5] == 0;
	return right ? 0 : cli_failed("demo", "the balance is wrong: %zu records were sent", self->feed.count);
}

static int run(demo *self, bool once)
{
	fprintf(stderr, "starting the embedded broker, the daemon and its workers ...\n");
	int rc = start_broker(self);
	if (!rc)
		rc = start_daemon(self);
	if (!rc)
		rc = wait_ready(self);
	if (rc)
		return rc;
	self->producer = client(self, RD_KAFKA_PRODUCER);
	self->consumer = client(self, RD_KAFKA_CONSUMER);
	if (!self->producer || !self->consumer)
		return EXIT_FAILED;
	rd_kafka_poll_set_consumer(self->consumer);
	fprintf(stderr, "ready; %zu records go in\n", self->feed.count);
	rc = send_feed(self);
	if (!rc)
		rc = read_outcomes(self);
	demo_show(&self->feed);
	fflush(stdout);
	if (!rc)
		rc = show_balance(self);
	if (once) {
		int differences = demo_feed_check(&self->feed);
		printf(differences ? "%d differences to what was expected\n" : "all as expected\n", differences);
		return rc ? rc : differences ? EXIT_FAILED : EXIT_CLEAN;
	}
	printf("\nThe daemon is up: http://127.0.0.1:%d/status and /metrics; broker %s; log %s/millraced.log\nCtrl-C ends it.\n", self->port, self->bootstrap, self->folder);
	fflush(stdout);
	while (!stopped && daemon_lives(self))
		poll(NULL, 0, 200);
	return rc;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info, (void)kind, (void)at;
	return remove(path);
}

/* SIGTERM, then SIGKILL after the time given. */
static void end_child(pid_t pid, double seconds)
{
	double end = now_s() + seconds;
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, WNOHANG) == 0 && now_s() < end)
		poll(NULL, 0, 20);
	if (kill(pid, 0) == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void close_all(demo *self, bool keep)
{
	if (self->consumer) {
		rd_kafka_consumer_close(self->consumer);
		rd_kafka_destroy(self->consumer);
	}
	if (self->producer)
		rd_kafka_destroy(self->producer);
	end_child(self->daemon, 10);
	if (self->broker_stdin >= 0)
		close(self->broker_stdin);
	end_child(self->broker, 3);
	if (self->folder[0] && !keep)
		nftw(self->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	demo_feed_free(&self->feed);
}

/* Where the feed lies: beside the program in a build or an installation. */
static const char *find_feed(const demo *self, char out[4096])
{
	static const char *const places[] = {"conf/demo", "../conf/demo", "../../conf/demo", "../share/millrace/demo"};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(out, 4096, "%s/%s", self->programs, places[i]);
		if (access(out, R_OK) == 0)
			return out;
	}
	return "/usr/share/millrace/demo";
}

int demo_main(int argc, char **argv)
{
	demo self = {.broker_stdin = -1};
	bool once = false;
	char place[4096], error[256];
	const char *folder = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--once") == 0)
			once = true;
		else if (strcmp(argv[i], "--feed") == 0 && i + 1 < argc)
			folder = argv[++i];
		else
			return cli_usage("demo", "unexpected '%.60s'", argv[i]);
	}
	ssize_t len = readlink("/proc/self/exe", self.programs, sizeof self.programs - 1);
	self.programs[len > 0 ? len : 0] = 0;
	char *slash = strrchr(self.programs, '/');
	if (slash)
		*slash = 0;
	if (demo_feed_read(&self.feed, folder ? folder : find_feed(&self, place), error) != 0) {
		demo_feed_free(&self.feed);
		return cli_failed("demo", "%s", error);
	}
	struct sigaction action = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	strcpy(self.folder, "/tmp/millrace-demo-XXXXXX");
	int rc;
	if (!mkdtemp(self.folder)) {
		self.folder[0] = 0;
		rc = cli_failed("demo", "cannot make a folder in /tmp: %s", strerror(errno));
	} else {
		rc = run(&self, once);
	}
	close_all(&self, rc != 0);
	return rc;
}
