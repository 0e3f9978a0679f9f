/* bench_forward.c - the references: the shortest program that does the Kafka part of the daemon's work, and nothing else.
 *
 *   bench_forward --brokers B --from TOPIC --to TOPIC --group G [--parse] [--at-least-once]
 *
 * Consume, produce with the same key and value, commit the offsets in the same transaction; an epoch ends as the daemon's does (100 ms, 5000 records or
 * 4 MB). --parse: each value also goes through json_loadb and json_dumpb once, which is the least that a program can do that changes a member.
 * One thread beside librdkafka's own; library settings as the daemon's, but for the prefetch: librdkafka 2.0 waits up to a second before it fetches
 * again once queued.max.messages.kbytes was reached, so it is set out of reach here (the daemon pauses partitions instead). Prints the number of records forwarded with each commit; ends with SIGTERM. */
#include <getopt.h>
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EPOCH_S 0.1
#define EPOCH_RECORDS 5000
#define EPOCH_BYTES (4u << 20)
#define CALL_MS 30000
#define BATCH 256

typedef struct forward {
	const char *brokers, *from, *to, *group;
	bool parse, at_least_once;
	rd_kafka_t *consumer, *producer;
	char *room;
	size_t room_size;
	rd_kafka_topic_partition_list_t *offsets;        /* of the open epoch */
	unsigned long long total;
	size_t records, bytes;                           /* of the open epoch */
	bool open;
} forward;

static volatile sig_atomic_t stop;

static void on_term(int number)
{
	(void)number;
	stop = 1;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_forward: %s: %s\n", what, why);
	exit(1);
}

static void check(rd_kafka_error_t *error, const char *what)
{
	if (error)
		die(what, rd_kafka_error_string(error));
}

static rd_kafka_t *open_client(const forward *self, rd_kafka_type_t type)
{
	static const char *const consumer[][2] = {{"enable.auto.commit", "false"}, {"isolation.level", "read_committed"}, {"auto.offset.reset", "earliest"},
		{"fetch.wait.max.ms", "50"}, {"queued.max.messages.kbytes", "1000000"}, {NULL}};
	static const char *const producer[][2] = {{"linger.ms", "20"}, {"retry.backoff.ms", "20"}, {"compression.type", "lz4"}, {"enable.idempotence", "true"},
		{"queue.buffering.max.kbytes", "65536"}, {NULL}};
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", self->brokers, why, sizeof why);
	for (const char *const (*set)[2] = type == RD_KAFKA_CONSUMER ? consumer : producer; (*set)[0]; set++)
		if (rd_kafka_conf_set(conf, (*set)[0], (*set)[1], why, sizeof why))
			die((*set)[0], why);
	if (type == RD_KAFKA_CONSUMER)
		rd_kafka_conf_set(conf, "group.id", self->group, why, sizeof why);
	else if (!self->at_least_once)
		rd_kafka_conf_set(conf, "transactional.id", self->group, why, sizeof why);
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
	if (!rk)
		die("open", why);
	return rk;
}

static void subscribe(forward *self)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, self->from, RD_KAFKA_PARTITION_UA);
	rd_kafka_poll_set_consumer(self->consumer);
	rd_kafka_resp_err_t err = rd_kafka_subscribe(self->consumer, list);
	if (err)
		die("subscribe", rd_kafka_err2str(err));
	rd_kafka_topic_partition_list_destroy(list);
}

/* The value as it leaves: as it came, or parsed and dumped into `room`. */
static size_t transform(forward *self, const rd_kafka_message_t *m, const void **value)
{
	*value = m->payload;
	if (!self->parse)
		return m->len;
	json_error_t error;
	json_t *tree = json_loadb(m->payload, m->len, JSON_REJECT_DUPLICATES, &error);
	if (!tree)
		die("parse", error.text);
	size_t len = json_dumpb(tree, self->room, self->room_size, JSON_COMPACT);
	if (len == 0 || len > self->room_size)
		die("dump", "no room");
	json_decref(tree);
	*value = self->room;
	return len;
}

static void pass_on(forward *self, const rd_kafka_message_t *m)
{
	const void *value;
	size_t len = transform(self, m, &value);
	const char *topic = rd_kafka_topic_name(m->rkt);
	if (!self->open && !self->at_least_once)
		check(rd_kafka_begin_transaction(self->producer), "begin");
	self->open = true;
	while (rd_kafka_producev(self->producer, RD_KAFKA_V_TOPIC(self->to), RD_KAFKA_V_KEY(m->key, m->key_len), RD_KAFKA_V_VALUE((void *)(uintptr_t)value, len),
	                         RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		rd_kafka_poll(self->producer, 20);
	rd_kafka_topic_partition_t *place = rd_kafka_topic_partition_list_find(self->offsets, topic, m->partition);
	if (!place)
		place = rd_kafka_topic_partition_list_add(self->offsets, topic, m->partition);
	place->offset = m->offset + 1;
	self->records++;
	self->bytes += len;
}

static void commit(forward *self)
{
	if (self->at_least_once) {
		if (rd_kafka_flush(self->producer, CALL_MS) || rd_kafka_commit(self->consumer, self->offsets, 0))
			die("commit", "flush or commit failed");
	} else {
		rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(self->consumer);
		check(rd_kafka_send_offsets_to_transaction(self->producer, self->offsets, group, CALL_MS), "offsets");
		rd_kafka_consumer_group_metadata_destroy(group);
		check(rd_kafka_commit_transaction(self->producer, CALL_MS), "commit");
	}
	self->total += self->records;
	printf("%llu\n", self->total);
	fflush(stdout);
	self->records = self->bytes = 0;
	self->open = false;
	rd_kafka_topic_partition_list_destroy(self->offsets);
	self->offsets = rd_kafka_topic_partition_list_new(4);
}

static void run(forward *self)
{
	rd_kafka_message_t *batch[BATCH];
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(self->consumer);
	double last = now();
	while (!stop) {
		ssize_t n = rd_kafka_consume_batch_queue(queue, 20, batch, BATCH);
		for (ssize_t i = 0; i < n; i++) {
			if (!batch[i]->err)
				pass_on(self, batch[i]);
			rd_kafka_message_destroy(batch[i]);
			if (self->open && (self->records >= EPOCH_RECORDS || self->bytes >= EPOCH_BYTES || now() - last >= EPOCH_S)) {
				commit(self);
				last = now();
			}
		}
		rd_kafka_poll(self->producer, 0);
		if (self->open && now() - last >= EPOCH_S) {
			commit(self);
			last = now();
		}
	}
	rd_kafka_queue_destroy(queue);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"brokers", 1, NULL, 'b'}, {"from", 1, NULL, 'f'}, {"to", 1, NULL, 't'}, {"group", 1, NULL, 'g'}, {"parse", 0, NULL, 'p'},
		{"at-least-once", 0, NULL, 'a'}, {0}};
	forward self = {.room_size = 4u << 20};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'b': self.brokers = optarg; break;
		case 'f': self.from = optarg; break;
		case 't': self.to = optarg; break;
		case 'g': self.group = optarg; break;
		case 'p': self.parse = true; break;
		case 'a': self.at_least_once = true; break;
		default: return 64;
		}
	}
	if (!self.brokers || !self.from || !self.to || !self.group)
		return 64;
	signal(SIGTERM, on_term);
	self.room = malloc(self.room_size);
	self.offsets = rd_kafka_topic_partition_list_new(4);
	self.consumer = open_client(&self, RD_KAFKA_CONSUMER);
	self.producer = open_client(&self, RD_KAFKA_PRODUCER);
	if (!self.at_least_once)
		check(rd_kafka_init_transactions(self.producer, CALL_MS), "init_transactions");
	subscribe(&self);
	run(&self);
	_exit(0);                        /* an open transaction is the broker's to end; nothing here is worth the wait */
}
