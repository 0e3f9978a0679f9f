/* demo.c - `millrace demo`: an embedded broker, the daemon with its workers, the demo feed, and what came out.
 *
 * Owns a folder under /tmp (configuration, state, sockets, log), the broker (in this process) and the daemon (demo_daemon.c). Steps: start, wait until
 * /ready, feed, read the output topics to where they end when the daemon's balance says that every record has ended, show, and with --once
 * compare with what the feed expects; else stay until a signal. Whatever was started is stopped and the folder is removed on every way out, unless
 * something failed: then it is kept for a look. The embedded broker proves nothing about exactly-once, so the daemon runs with at-least-once. */
#include <errno.h>
#include <ftw.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/demo_daemon.h"
#include "cli/demo_feed.h"
#include "cli/demo_show.h"
#include "cli/embedded.h"
#include "cli/term.h"

const char demo_help[] =
	"Usage: millrace demo [--once] [--feed FOLDER]\n\n"
	"Starts an embedded broker, the daemon and its workers, sends the demo feed through them and shows\n"
	"what came out. Stays up until Ctrl-C. Everything lies in a folder of its own under /tmp and goes\n"
	"when the demo ends. --set values go to the daemon.\n\n"
	"  --once         compares what came out with what the feed expects and leaves: 0 when all is as\n"
	"                 expected, else 1 with the differences\n"
	"  --feed FOLDER  another feed (default: conf/demo beside the program, else /usr/share/millrace/demo)\n";

#define START_SECONDS 60                 /* a busy machine; the group's first join alone takes 3 s on the embedded broker */
#define SILENCE_SECONDS 30               /* nothing new for so long: something is wrong */
#define DRAIN_SECONDS 25                 /* more than daemon.drain_ms */

static const char *const topics[] = {"articles.raw", "articles.enriched", "articles.duplicates", "dlq.articles.raw", "articles.alerts"};
enum { TOPICS = sizeof topics / sizeof *topics };

typedef struct demo {
	char folder[64];                 /* /tmp/millrace-demo-XXXXXX; "" until made */
	char programs[2048];             /* where this program stands */
	char feed_folder[4096];
	bool once;
	embedded *broker;
	demo_daemon daemon;
	demo_feed feed;
	rd_kafka_t *producer, *consumer;
	int64_t next[TOPICS];            /* offset of the message that is read next */
	progress line;
	demo_account account;
} demo;

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- start ---- */

static int start_broker(demo *self)
{
	char error[256];
	self->broker = embedded_open(1, error);
	int rc = self->broker ? 0 : -1;
	for (size_t i = 0; !rc && i < TOPICS; i++)
		rc = embedded_add_topic(self->broker, topics[i], 1, error);
	if (rc)
		return cli_failed("demo", "the embedded broker: %s", error);
	fprintf(stderr, "  broker  %s, in the memory of this process\n", embedded_bootstrap(self->broker));
	return 0;
}

static rd_kafka_t *client(const demo *self, rd_kafka_type_t type)
{
	char error[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", embedded_bootstrap(self->broker), NULL, 0);
	rd_kafka_conf_set(conf, "client.id", "millrace-demo", NULL, 0);
	rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
	if (type == RD_KAFKA_CONSUMER) {
		rd_kafka_conf_set(conf, "group.id", "millrace-demo-reader", NULL, 0);
		rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
		rd_kafka_conf_set(conf, "auto.offset.reset", "error", NULL, 0);         /* the broker drops what is too much without a word */
		rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", NULL, 0);
	}
	rd_kafka_t *made = rd_kafka_new(type, conf, error, sizeof error);
	if (!made) {
		rd_kafka_conf_destroy(conf);
		cli_failed("demo", "librdkafka: %s", error);
	}
	return made;
}

/* Producer and reader, while the daemon starts: the reader begins to read, the producer gets to know its topic. */
static int start_clients(demo *self)
{
	const struct rd_kafka_metadata *metadata;
	self->producer = client(self, RD_KAFKA_PRODUCER);
	self->consumer = client(self, RD_KAFKA_CONSUMER);
	if (!self->producer || !self->consumer)
		return -1;
	rd_kafka_poll_set_consumer(self->consumer);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(TOPICS);
	for (int i = 1; i < TOPICS; i++)
		rd_kafka_topic_partition_list_add(list, topics[i], 0)->offset = 0;
	rd_kafka_assign(self->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_topic_t *raw = rd_kafka_topic_new(self->producer, topics[0], NULL);
	if (raw && rd_kafka_metadata(self->producer, 0, raw, &metadata, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(metadata);
	if (raw)
		rd_kafka_topic_destroy(raw);
	return 0;
}

/* Shows what the daemon waits for: on a terminal in one line that is written over. */
static int wait_ready(demo *self)
{
	int64_t begin = now_ms();
	buf why = {0};
	char said[256];
	int status = 0;
	while (!stopped && demo_daemon_lives(&self->daemon) && now_ms() - begin < START_SECONDS * 1000 && (status = demo_daemon_get(&self->daemon, "/ready", &why)) != 200) {
		snprintf(said, sizeof said, "daemon  %.160s", status ? buf_bytes(&why).data : "starting");
		said[strcspn(said, "\n")] = 0;
		progress_say(&self->line, said);
		poll(NULL, 0, 50);
	}
	progress_end(&self->line);
	why.len = strcspn(buf_bytes(&why).data, "\n");
	int rc = status == 200 ? 0 : stopped ? -1 : cli_failed("demo", "the daemon %s: %.*s", self->daemon.pid ? "did not become ready" : "ended", (int)why.len, buf_bytes(&why).data);
	if (!rc)
		fprintf(stderr, "  daemon  millraced and its workers, ready after %.1f s\n", (double)(now_ms() - begin) / 1000);
	buf_free(&why);
	return rc;
}

/* ---- in ---- */

static rd_kafka_resp_err_t send_record(demo *self, demo_record *r)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(DEMO_HEADERS_MAX);
	const char *name;
	json_t *value;
	json_object_foreach(json_object_get(r->line, "headers"), name, value)
		rd_kafka_header_add(headers, name, -1, json_string_value(value), -1);
	rd_kafka_resp_err_t err = rd_kafka_producev(self->producer, RD_KAFKA_V_TOPIC(topics[0]), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
						    RD_KAFKA_V_KEY(r->key, r->key ? strlen(r->key) : 0), RD_KAFKA_V_HEADERS(headers),
						    RD_KAFKA_V_VALUE(r->null_value ? NULL : (void *)(uintptr_t)buf_bytes(&r->value).data, r->value.len), RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(headers);
	r->sent_ms = now_ms();
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

/* ---- out ---- */

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
	for (int i = 1; i < TOPICS; i++)
		if (strcmp(topic, topics[i]) == 0)
			self->next[i] = m->offset + 1;
	if (strcmp(topic, topics[3]) == 0) {
		mr_bytes offset = header(m, "millrace.source.offset");
		snprintf(digits, sizeof digits, "%.*s", (int)offset.len, offset.data ? offset.data : "-1");
		demo_feed_dead(&self->feed, strtoll(digits, NULL, 10), header(m, "millrace.error.code"), header(m, "millrace.error.message"), now_ms());
	} else if (strcmp(topic, topics[4]) == 0) {
		demo_feed_alert(&self->feed, (mr_bytes){m->payload, m->len});
	} else {
		demo_feed_article(&self->feed, strcmp(topic, topics[1]) == 0 ? DEMO_PUBLISHED : DEMO_DUPLICATE, (mr_bytes){m->payload, m->len}, now_ms());
	}
}

/* Takes what can be read within `wait_ms`; false: nothing. */
static bool read_one(demo *self, int wait_ms)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(self->consumer, wait_ms);
	bool got = m && !m->err;
	if (got)
		take(self, m);
	if (m)
		rd_kafka_message_destroy(m);
	return got;
}

static void show_progress(demo *self)
{
	char text[160];
	const demo_account *a = &self->account;
	snprintf(text, sizeof text, "%lld published, %lld duplicates, %lld dead", (long long)a->published, (long long)a->duplicates, (long long)a->dead);
	progress_show(&self->line, (uint64_t)demo_account_ended(a), self->feed.count, text);
}

/* Is everything read that stands in the topics now? */
static bool is_at_end(const demo *self)
{
	int64_t low, end;
	for (int i = 1; i < TOPICS; i++)
		if (rd_kafka_query_watermark_offsets(self->consumer, topics[i], 0, &low, &end, 2000) || self->next[i] < end)
			return false;
	return true;
}

/* Until the daemon says that every record has ended and all that it published was read: an epoch is published before the balance tells of it. What comes out of a
 * record is not foreseen: with --set it may be nothing (a filter), or go elsewhere. */
static int read_outcomes(demo *self)
{
	int64_t begin = now_ms(), heard = begin, asked = 0;
	bool ended = false, complete = false;
	buf status = {0};
	while (!stopped && !complete && demo_daemon_lives(&self->daemon) && now_ms() - heard < SILENCE_SECONDS * 1000) {
		while (read_one(self, ended ? 200 : 20))
			heard = now_ms();
		complete = ended && is_at_end(self);
		if (!ended && now_ms() - asked >= 100 && demo_daemon_get(&self->daemon, "/status", &status) == 200) {
			demo_account_read(&self->account, buf_bytes(&status));
			ended = self->account.in_flight == 0 && demo_account_ended(&self->account) >= (int64_t)self->feed.count;
			asked = now_ms();
			show_progress(self);
		}
	}
	self->account.seconds = (double)(now_ms() - begin) / 1000;
	progress_end(&self->line);
	if (demo_daemon_get(&self->daemon, "/metrics", &status) == 200)
		demo_account_times(&self->account, buf_bytes(&status).data);
	buf_free(&status);
	if (complete || stopped)
		return complete ? 0 : -1;
	return cli_failed("demo", "%lld of %zu records have ended%s", (long long)demo_account_ended(&self->account), self->feed.count, ended ? ", but not all that they gave can be read" : "");
}

/* ---- the whole ---- */

static int check(demo *self)
{
	int differences = demo_feed_check(&self->feed, &self->account, self->feed_folder);
	if (differences)
		return cli_failed("demo", "%d differences to what the feed expects (%s/expected.json, feed.jsonl)", differences, self->feed_folder);
	printf("\nAll as expected: each record's outcome, and the counts of expected.json.\n");
	return EXIT_CLEAN;
}

static void stay(demo *self)
{
	term out = term_of(stdout);
	const char *bootstrap = embedded_bootstrap(self->broker);
	term_heading(&out, "Look around while it runs");
	printf("  page     http://127.0.0.1:%d/   in a browser on this machine\n", self->daemon.port);
	printf("  admin    http://127.0.0.1:%d/status   also /ready, /live, /metrics\n", self->daemon.port);
	printf("  live     %s/millrace top --config %s   or tap: its records as they go by\n", self->programs, self->daemon.config);
	printf("  output   kcat -b %s -C -e -t articles.enriched   (package kcat)\n", bootstrap);
	printf("  dead     %s/millrace dlq list --config %s\n", self->programs, self->daemon.config);
	printf("  log      %s\n", self->daemon.log);
	printf("  config   %s\n", self->daemon.config);
	printf("\nCtrl-C ends the demo and removes its folder.\n");
	fflush(stdout);
	while (!stopped && demo_daemon_lives(&self->daemon))
		poll(NULL, 0, 200);
}

/* The watches of the feed; NULL: it has none, or the pipeline is somebody's own. */
static const char *find_watches(const demo *self, const char *const *sets, size_t set_count, char path[4200])
{
	snprintf(path, 4200, "%s/watches.conf", self->feed_folder);
	for (size_t i = 0; i < set_count; i++)
		if (strncmp(sets[i], "pipeline.stages=", 16) == 0)
			return NULL;
	return access(path, R_OK) == 0 ? path : NULL;
}

static int run(demo *self)
{
	char error[256], path[4200];
	size_t set_count;
	const char *const *sets = cli_sets(&set_count);
	fprintf(stderr, "Millrace %s demo, in %s\n", MILLRACE_VERSION, self->folder);
	if (start_broker(self))
		return EXIT_FAILED;
	if (demo_daemon_start(&self->daemon, self->folder, embedded_bootstrap(self->broker), find_watches(self, sets, set_count, path), sets, set_count, error))
		return cli_failed("demo", "%s", error);
	if (start_clients(self) || wait_ready(self))
		return EXIT_FAILED;
	fprintf(stderr, "  feed    %zu records into topic %s\n          from %s\n", self->feed.count, topics[0], self->feed_folder);
	int rc = send_feed(self) || read_outcomes(self) ? EXIT_FAILED : EXIT_CLEAN;
	demo_show(&self->feed, &self->account);
	fflush(stdout);
	if (rc)
		return rc;
	if (self->once)
		return check(self);
	stay(self);
	if (stopped)
		return EXIT_CLEAN;
	return cli_failed("demo", "the daemon ended although nobody asked it to");
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info, (void)kind, (void)at;
	return remove(path);
}

/* Returns the exit code: that of the run, or a failure of its own when the daemon did not drain. */
static int close_all(demo *self, int rc)
{
	bool interrupted = stopped;
	if (interrupted)
		fprintf(stderr, "\nStopping: the daemon ends what it holds and leaves ...\n");
	if (rc && !interrupted && self->daemon.log[0])
		demo_daemon_tell(&self->daemon);
	if (self->consumer) {
		rd_kafka_consumer_close(self->consumer);
		rd_kafka_destroy(self->consumer);
	}
	if (self->producer)
		rd_kafka_destroy(self->producer);
	if (self->daemon.pid) {
		int code = demo_daemon_stop(&self->daemon, DRAIN_SECONDS);
		if (code != EXIT_CLEAN && !rc)
			rc = cli_failed("demo", "the daemon did not leave in order (exit code %d)", code);
	}
	embedded_close(&self->broker);
	if (self->folder[0] && (!rc || interrupted))
		nftw(self->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	else if (self->folder[0])
		fprintf(stderr, "Kept for a look: %s\n", self->folder);
	demo_feed_free(&self->feed);
	return interrupted && rc ? EXIT_FAILED : rc;
}

/* Where the feed lies: beside the program in a build or an installation. */
static void find_feed(demo *self)
{
	static const char *const places[] = {"conf/demo", "../conf/demo", "../../conf/demo", "../share/millrace/demo"};
	char place[4096], whole[4096];
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(place, sizeof place, "%s/%s", self->programs, places[i]);
		if (realpath(place, whole)) {
			snprintf(self->feed_folder, sizeof self->feed_folder, "%s", whole);
			return;
		}
	}
	snprintf(self->feed_folder, sizeof self->feed_folder, "/usr/share/millrace/demo");
}

static int read_options(demo *self, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--once") == 0)
			self->once = true;
		else if (strcmp(argv[i], "--feed") == 0 && i + 1 < argc)
			snprintf(self->feed_folder, sizeof self->feed_folder, "%s", argv[++i]);
		else
			return cli_usage("demo", "unexpected '%.60s'", argv[i]);
	}
	return 0;
}

static void take_signals(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		sigaction(ends[i], &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int demo_main(int argc, char **argv)
{
	demo self = {.line = progress_new()};
	char error[256];
	int rc = read_options(&self, argc, argv);
	if (rc)
		return rc;
	ssize_t len = readlink("/proc/self/exe", self.programs, sizeof self.programs - 1);
	self.programs[len > 0 ? len : 0] = 0;
	char *slash = strrchr(self.programs, '/');
	if (slash)
		*slash = 0;
	if (!self.feed_folder[0])
		find_feed(&self);
	if (demo_daemon_find(&self.daemon, self.programs, error) || demo_feed_read(&self.feed, self.feed_folder, error)) {
		demo_feed_free(&self.feed);
		return cli_failed("demo", "%s", error);
	}
	take_signals();
	strcpy(self.folder, "/tmp/millrace-demo-XXXXXX");
	if (mkdtemp(self.folder)) {
		rc = run(&self);
	} else {
		self.folder[0] = 0;
		rc = cli_failed("demo", "cannot make a folder in /tmp: %s", strerror(errno));
	}
	return close_all(&self, rc);
}
