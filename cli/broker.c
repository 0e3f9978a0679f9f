/* broker.c - `millrace broker`: the embedded broker (embedded.h) in a process of its own. One thread of ours that waits; the brokers live on
 * librdkafka's own thread. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "cli/embedded.h"

#define TOPIC_NAME_BYTES 249             /* Kafka's limit (org.apache.kafka.common.internals.Topic) */
#define PARTITIONS_MAX 64
#define BROKERS_MAX 9
#define DEFAULT_SECONDS 3600             /* nobody's forgotten broker runs for ever */
#define SECONDS_MAX (7 * 86400)

struct options {
	const char *topics;              /* "name:partitions,name:partitions"; borrowed from argv */
	long seconds;                    /* life */
	long brokers;
};

const char broker_help[] =
	"Usage: millrace broker [--topics NAME:PARTITIONS,...] [--brokers N] [--seconds N]\n\n"
	"An embedded Kafka broker in memory, for trying things out. Its address is the first line of output.\n"
	"It ends when standard input closes, with Ctrl-C, or after N seconds (3600). It proves nothing about\n"
	"exactly-once: use publish.delivery = at-least-once on it.\n\n"
	"  --topics    topics to make, with the number of their partitions (1 when left out)\n"
	"  --brokers   number of brokers, 1 to 9 (1)\n"
	"  --seconds   its life (3600)\n";

/* A decimal number of [1, max]; -1 when `text` is anything else. */
static long number(const char *text, long max)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	return errno || end == text || *end || n < 1 || n > max ? -1 : n;
}

/* 0; or the exit code when the command line is wrong. By hand, since getopt's `struct option` bears the name of ours. */
static int parse(int argc, char **argv, struct options *options)
{
	*options = (struct options){"", DEFAULT_SECONDS, 1};
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		if (!value)
			return cli_usage("broker", "'%.60s' is no option, or its value is missing", argv[i]);
		if (strcmp(argv[i], "--topics") == 0)
			options->topics = value;
		else if (strcmp(argv[i], "--seconds") == 0)
			options->seconds = number(value, SECONDS_MAX);
		else if (strcmp(argv[i], "--brokers") == 0)
			options->brokers = number(value, BROKERS_MAX);
		else
			return cli_usage("broker", "unknown option '%.60s'", argv[i]);
	}
	if (options->seconds < 0 || options->brokers < 0)
		return cli_usage("broker", "--seconds takes 1 to %d, --brokers 1 to %d", SECONDS_MAX, BROKERS_MAX);
	return 0;
}

/* Makes the topics of `list`. 0; or the exit code, the error told. */
static int make_topics(embedded *cluster, const char *list)
{
	char error[256];
	while (*list) {
		char name[TOPIC_NAME_BYTES + 1], count[16] = "1";
		size_t len = strcspn(list, ",");
		size_t colon = strcspn(list, ":,");
		size_t digits = colon < len ? len - colon - 1 : 0;
		if (colon == 0 || colon > TOPIC_NAME_BYTES || digits >= sizeof count)
			return cli_usage("broker", "not NAME:PARTITIONS: '%.*s'", (int)(len < 60 ? len : 60), list);
		memcpy(name, list, colon);
		name[colon] = 0;
		if (colon < len) {
			memcpy(count, list + colon + 1, digits);
			count[digits] = 0;
		}
		long partitions = number(count, PARTITIONS_MAX);
		if (partitions < 0)
			return cli_usage("broker", "topic %s with %s partitions: 1 to %d are possible", name, count, PARTITIONS_MAX);
		if (embedded_add_topic(cluster, name, (int)partitions, error))
			return cli_usage("broker", "%s", error);
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

int broker_main(int argc, char **argv)
{
	struct options options;
	char error[256];
	sigset_t set;
	int code = parse(argc, argv, &options);
	if (code)
		return code;

	/* Blocked before the library starts its threads, so that they inherit it and the descriptor sees every signal. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	int signals = signalfd(-1, &set, SFD_CLOEXEC);

	embedded *cluster = embedded_open((int)options.brokers, error);
	if (signals < 0 || !cluster) {
		code = cli_failed("broker", "cannot start: %s", cluster ? strerror(errno) : error);
		goto out;
	}
	code = make_topics(cluster, options.topics);
	if (code)
		goto out;
	printf("%s\n", embedded_bootstrap(cluster));
	fflush(stdout);
	serve(signals, options.seconds);
out:
	embedded_close(&cluster);
	if (signals >= 0)
		close(signals);
	return code;
}
