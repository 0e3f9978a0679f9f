/* broker.c - see broker.h. One thread of ours that waits; the brokers live on librdkafka's own thread. */
#include "cli/broker.h"

#include <errno.h>
#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/exit_codes.h"

#define TOPIC_NAME_BYTES 249             /* Kafka's limit (org.apache.kafka.common.internals.Topic) */
#define PARTITIONS_MAX 64
#define DEFAULT_SECONDS 3600             /* nobody's forgotten broker runs for ever */
#define SECONDS_MAX (7 * 86400)

struct options {
	const char *topics;              /* "name:partitions,name:partitions"; borrowed from argv */
	long seconds;                    /* life */
	long brokers;
};

static int usage(FILE *out, int code)
{
	fprintf(out, "usage: millrace broker [--topics NAME:PARTITIONS,...] [--brokers N] [--seconds N]\n"
	             "An embedded broker in memory, for trying things out. Its address is the first line of output; it ends when standard\n"
	             "input closes, with Ctrl-C, or after N seconds (%d). It proves nothing about exactly-once: see docs/operations.md.\n",
	        DEFAULT_SECONDS);
	return code;
}

/* A decimal number of [1, max]; -1 when `text` is anything else. */
static long number(const char *text, long max)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	return errno || end == text || *end || n < 1 || n > max ? -1 : n;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option table[] = {
		{"topics", required_argument, NULL, 't'}, {"seconds", required_argument, NULL, 's'},
		{"brokers", required_argument, NULL, 'b'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	int c;
	*options = (struct options){"", DEFAULT_SECONDS, 1};
	optind = 1;
	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 't')
			options->topics = optarg;
		else if (c == 's')
			options->seconds = number(optarg, SECONDS_MAX);
		else if (c == 'b')
			options->brokers = number(optarg, 9);
		else
			return usage(c == 'h' ? stdout : stderr, c == 'h' ? EXIT_CLEAN : EXIT_USAGE);
	}
	if (optind < argc || options->seconds < 0 || options->brokers < 0)
		return usage(stderr, EXIT_USAGE);
	return -1;
}

/* Makes the topics of `list`. 0; -1 with a line on standard error. */
static int make_topics(rd_kafka_mock_cluster_t *cluster, const char *list)
{
	while (*list) {
		char name[TOPIC_NAME_BYTES + 1], count[16] = "1";
		size_t len = strcspn(list, ",");
		size_t colon = strcspn(list, ":,");
		size_t digits = colon < len ? len - colon - 1 : 0;
		if (colon == 0 || colon > TOPIC_NAME_BYTES || digits >= sizeof count) {
			fprintf(stderr, "millrace broker: not NAME:PARTITIONS: %.*s\n", (int)len, list);
			return -1;
		}
		memcpy(name, list, colon);
		name[colon] = 0;
		if (colon < len) {
			memcpy(count, list + colon + 1, digits);
			count[digits] = 0;
		}
		long partitions = number(count, PARTITIONS_MAX);
		rd_kafka_resp_err_t err = partitions < 0 ? RD_KAFKA_RESP_ERR_INVALID_PARTITIONS
		                                         : rd_kafka_mock_topic_create(cluster, name, (int)partitions, 1);
		if (err) {
			fprintf(stderr, "millrace broker: topic %s with %s partitions: %s\n", name, count, rd_kafka_err2str(err));
			return -1;
		}
		list += len + (list[len] == ',');
	}
	return 0;
}

/* Until standard input ends, a signal comes or the time is over. What stands in standard input is read and means nothing. */
static void serve(int signals, long seconds)
{
	struct timespec start, now;
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		char dropped[256];
		clock_gettime(CLOCK_MONOTONIC, &now);
		long left = seconds - (now.tv_sec - start.tv_sec);
		if (left <= 0)
			return;
		int n = poll(fds, 2, (int)(left > 3600 ? 3600 : left) * 1000);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && fds[1].revents)
			return;
		if (n > 0 && fds[0].revents && read(STDIN_FILENO, dropped, sizeof dropped) <= 0)
			return;
	}
}

int cli_broker(int argc, char **argv)
{
	struct options options;
	char error[256];
	sigset_t set;
	int code = parse(argc, argv, &options);
	if (code >= 0)
		return code;
	code = EXIT_FAILED;

	/* Blocked before the library starts its threads, so that they inherit it and the descriptor sees every signal. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	int signals = signalfd(-1, &set, SFD_CLOEXEC);

	/* The cluster hangs on a client handle that is used for nothing else; RD_KAFKA_PRODUCER needs no group. */
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "log_level", "4", NULL, 0);      /* the handle has no brokers of its own: no notice about that */
	rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
	rd_kafka_mock_cluster_t *cluster = handle ? rd_kafka_mock_cluster_new(handle, (int)options.brokers) : NULL;
	if (signals < 0 || !cluster) {
		fprintf(stderr, "millrace broker: cannot start: %s\n", handle ? strerror(errno) : error);
		goto out;
	}
	if (make_topics(cluster, options.topics) != 0) {
		code = EXIT_USAGE;
		goto out;
	}
	printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);
	serve(signals, options.seconds);
	code = EXIT_CLEAN;
out:
	if (cluster)
		rd_kafka_mock_cluster_destroy(cluster);
	if (handle)
		rd_kafka_destroy(handle);
	if (signals >= 0)
		close(signals);
	return code;
}
