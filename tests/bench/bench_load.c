/* bench_load.c - the feed of a measurement: records of texts.h into a Kafka topic, or onto standard output.
 *
 *   bench_load --lines COUNT [--seed N]                                          JSON lines
 *   bench_load --brokers B --topic T --count COUNT [--seed N] [--rate R]         R records a second; without it as fast as the broker takes them
 *              [--watch TOPIC[,TOPIC...] --ahead N]                              never more than N records ahead of what stands in these topics
 *              [--follow FILE --ahead N]                                         ... or ahead of the number in this file (the embedded broker counts batches)
 *
 * With --watch the load follows its reader: the input never runs dry and never piles up, however fast the reader is. Ends when all are
 * acknowledged; a record that is not is a failed measurement (exit 1). */
#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"
#include "texts.h"

#define WATCH_EVERY_MS 50
#define WATCHED_MAX 8
#define FLUSH_MS 60000

typedef struct load {
	const char *brokers, *topic, *followed;
	const char *watched[WATCHED_MAX];
	size_t watched_count;
	uint64_t seed, count, ahead;
	double rate;
	rd_kafka_t *producer;
	uint64_t failed;
	int64_t base;                    /* what stood in the watched topics at the start */
} load;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(double seconds)
{
	if (seconds > 0)
		nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)}, NULL);
}

static int write_lines(const load *self)
{
	buf text = {0};
	for (uint64_t n = 0; n < self->count; n++) {
		buf_clear(&text);
		texts_record(self->seed, n, &text);
		buf_add_char(&text, '\n');
		fwrite(text.data, 1, text.len, stdout);
	}
	buf_free(&text);
	return fflush(stdout) ? 1 : 0;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	load *self = opaque;
	(void)rk;
	self->failed += m->err != 0;
}

static rd_kafka_t *open_producer(load *self)
{
	static const char *const set[][2] = {{"linger.ms", "5"}, {"compression.type", "lz4"}, {"enable.idempotence", "true"}, {"queue.buffering.max.kbytes", "16384"}};
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", self->brokers, why, sizeof why);
	for (size_t i = 0; i < sizeof set / sizeof *set; i++)
		rd_kafka_conf_set(conf, set[i][0], set[i][1], why, sizeof why);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_opaque(conf, self);
	return rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
}

static int64_t number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	long long n = 0;
	if (file && fscanf(file, "%lld", &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n;
}

/* How much stands in the watched topics (partition 0; transaction markers count, too: two or three an epoch, against hundreds of records). */
static int64_t watched(load *self)
{
	int64_t sum = self->followed ? number_in(self->followed) : 0;
	for (size_t i = 0; i < self->watched_count; i++) {
		int64_t low = 0, high = 0;
		if (rd_kafka_query_watermark_offsets(self->producer, self->watched[i], 0, &low, &high, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR)
			sum += high;
	}
	return sum;
}

static void produce(load *self, const buf *text, uint64_t n)
{
	char key[48];
	int len = snprintf(key, sizeof key, "%llu-%llu", (unsigned long long)self->seed, (unsigned long long)n);
	while (rd_kafka_producev(self->producer, RD_KAFKA_V_TOPIC(self->topic), RD_KAFKA_V_KEY(key, (size_t)len), RD_KAFKA_V_VALUE(text->data, text->len),
	                         RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		rd_kafka_poll(self->producer, 20);
}

static void run(load *self)
{
	buf text = {0};
	double start = now(), watched_at = 0;
	bool bounded = self->watched_count || self->followed;
	uint64_t allowed = bounded ? self->ahead : UINT64_MAX;
	self->base = watched(self);
	for (uint64_t n = 0; n < self->count; n++) {
		while (n >= allowed || (bounded && now() - watched_at > WATCH_EVERY_MS / 1000.0)) {
			allowed = (uint64_t)(watched(self) - self->base) + self->ahead;
			watched_at = now();
			if (n >= allowed) {
				rd_kafka_poll(self->producer, 0);
				nap(WATCH_EVERY_MS / 4000.0);
			}
		}
		if (self->rate > 0)
			nap(start + (double)n / self->rate - now());
		buf_clear(&text);
		texts_record(self->seed, n, &text);
		produce(self, &text, n);
		rd_kafka_poll(self->producer, 0);
	}
	buf_free(&text);
}

static void split(load *self, char *list)
{
	for (char *at = strtok(list, ","); at && self->watched_count < WATCHED_MAX; at = strtok(NULL, ","))
		self->watched[self->watched_count++] = at;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"lines", 1, NULL, 'l'}, {"brokers", 1, NULL, 'b'}, {"topic", 1, NULL, 't'}, {"count", 1, NULL, 'c'},
		{"seed", 1, NULL, 's'}, {"rate", 1, NULL, 'r'}, {"watch", 1, NULL, 'w'}, {"ahead", 1, NULL, 'a'}, {"follow", 1, NULL, 'f'}, {0}};
	load self = {.seed = 1, .ahead = 5000};
	bool lines = false;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'l': lines = true; self.count = strtoull(optarg, NULL, 10); break;
		case 'b': self.brokers = optarg; break;
		case 't': self.topic = optarg; break;
		case 'c': self.count = strtoull(optarg, NULL, 10); break;
		case 's': self.seed = strtoull(optarg, NULL, 10); break;
		case 'r': self.rate = atof(optarg); break;
		case 'w': split(&self, optarg); break;
		case 'f': self.followed = optarg; break;
		case 'a': self.ahead = strtoull(optarg, NULL, 10); break;
		default: return 64;
		}
	}
	if (lines)
		return write_lines(&self);
	if (!self.brokers || !self.topic || !(self.producer = open_producer(&self)))
		return 64;
	run(&self);
	bool late = rd_kafka_flush(self.producer, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_destroy(self.producer);
	if (late || self.failed)
		fprintf(stderr, "bench_load: %llu records refused%s\n", (unsigned long long)self.failed, late ? ", others not acknowledged in time" : "");
	return late || self.failed ? 1 : 0;
}
