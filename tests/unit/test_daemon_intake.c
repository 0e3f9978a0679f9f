/* The consumer's end against librdkafka's mock cluster: what the group does to a pause. Records, transactions and crashes are the system tests' affair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/settings.h"
#include "daemon/intake.h"

#define PARTITIONS 2
#define HEADER_BYTES 50000        /* with intake.prefetch_bytes = 64K the first one that waits is enough */
#define PATIENCE_MS 20000

typedef struct world {
	struct event_base *base;
	rd_kafka_t *broker, *producer;
	rd_kafka_mock_cluster_t *cluster;
	settings *settings;
	ledger *ledger;
	intake *intake;
	int64_t seen[PARTITIONS];        /* last offset taken; -1: none */
	bool revoked;
	bool closed;                     /* no partition is open */
} world;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- hooks ---- */

static void on_record(void *arg, partition *p, const record_source *source, void *message)
{
	assert_false(((world *)arg)->closed);
	assert_true(p->last_offset < 0 || source->offset == p->last_offset + 1);         /* none left out, none twice */
	((world *)arg)->seen[p->number] = p->last_offset = source->offset;
	assert_int_equal(source->header_count, 1);
	assert_true(source->header_bytes > HEADER_BYTES);        /* counted: what is in flight is bounded in bytes (promise 6) */
	intake_release(message);
}

static void on_revoke(void *arg, bool lost)
{
	(void)lost;
	((world *)arg)->revoked = true;
}

static void on_partition(void *arg, partition *p) { (void)arg; (void)p; }
static bool on_open(void *arg, partition *p) { (void)p; return !((world *)arg)->closed; }
static void on_fatal(void *arg, const char *why) { (void)arg; fail_msg("%s", why); }

/* ---- the broker ---- */

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers, const char *group)
{
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *const set[][2] = {{"bootstrap.servers", brokers}, {"group.id", group}, {"session.timeout.ms", "4000"}, {"heartbeat.interval.ms", "300"},
				      {"partition.assignment.strategy", "range"}};
	for (size_t i = 0; i < (type == RD_KAFKA_CONSUMER ? 5 : 1); i++)
		assert_int_equal(rd_kafka_conf_set(conf, set[i][0], set[i][1], why, sizeof why), RD_KAFKA_CONF_OK);
	rd_kafka_t *made = rd_kafka_new(type, conf, why, sizeof why);
	if (!made)
		fail_msg("%s", why);
	return made;
}

static void feed(world *w)
{
	static char header[HEADER_BYTES];
	for (int p = 0; p < PARTITIONS; p++)
		assert_int_equal(rd_kafka_producev(w->producer, RD_KAFKA_V_TOPIC("in"), RD_KAFKA_V_PARTITION(p), RD_KAFKA_V_VALUE("x", 1),
						  RD_KAFKA_V_HEADER("h", header, sizeof header), RD_KAFKA_V_END), 0);
	assert_int_equal(rd_kafka_flush(w->producer, 10000), 0);
}

static void open_world(world *w)
{
	char why[256], brokers[300];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *sets[] = {brokers, "intake.topics=in", "intake.assignor=range", "kafka.consumer.session.timeout.ms=4000", "kafka.consumer.heartbeat.interval.ms=300",
			      "intake.prefetch_bytes=64K"};
	buf errors = {0};
	*w = (world){.seen = {-1, -1}};
	assert_int_equal(rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof why), RD_KAFKA_CONF_OK);
	w->broker = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	w->cluster = rd_kafka_handle_mock_cluster(w->broker);
	rd_kafka_mock_topic_create(w->cluster, "in", PARTITIONS, 1);
	snprintf(brokers, sizeof brokers, "kafka.bootstrap.servers=%s", rd_kafka_mock_cluster_bootstraps(w->cluster));
	w->producer = client(RD_KAFKA_PRODUCER, rd_kafka_mock_cluster_bootstraps(w->cluster), "");
	w->settings = settings_read(NULL, sets, sizeof sets / sizeof *sets, &errors);
	if (!w->settings)
		fail_msg("%s", buf_bytes(&errors).data);
	w->base = event_base_new();
	w->ledger = ledger_new();
	w->intake = intake_open(w->base, w->settings, w->ledger, (intake_hooks){on_record, on_revoke, on_partition, on_open, on_partition, on_fatal, w}, &errors);
	assert_non_null(w->intake);
	assert_int_equal(intake_start(w->intake, &errors), 0);
}

/* Turns the loop, as the daemon does: a revocation is answered at once. `other`: a second member, polled meanwhile. */
static void turn(world *w, rd_kafka_t *other)
{
	event_base_loop(w->base, EVLOOP_ONCE);
	if (w->revoked) {
		w->revoked = false;
		intake_answer(w->intake);
	}
	rd_kafka_message_t *m = other ? rd_kafka_consumer_poll(other, 0) : NULL;
	if (m)
		rd_kafka_message_destroy(m);
}

static void wait_assigned(world *w, size_t count, rd_kafka_t *other)
{
	for (int64_t end = now_ms() + PATIENCE_MS; intake_counts_get(w->intake).assigned != count;) {
		assert_true(now_ms() < end);
		turn(w, other);
	}
}

static void wait_seen(world *w, int64_t offset)
{
	for (int64_t end = now_ms() + PATIENCE_MS; w->seen[0] < offset || w->seen[1] < offset;) {
		if (now_ms() > end)
			fail_msg("read up to %lld and %lld, not %lld", (long long)w->seen[0], (long long)w->seen[1], (long long)offset);
		turn(w, NULL);
	}
}

static void close_world(world *w)
{
	intake_leave(w->intake);
	for (int64_t end = now_ms() + PATIENCE_MS; !intake_is_closed(w->intake) && now_ms() < end;)
		turn(w, NULL);
	assert_true(intake_close(&w->intake));
	ledger_free(&w->ledger);
	event_base_free(w->base);
	settings_free(&w->settings);
	rd_kafka_destroy(w->producer);
	rd_kafka_destroy(w->broker);
}

/* Nothing is taken, so what is fetched waits and the partitions are paused; the group moves them meanwhile. When they come back they must flow. */
static void a_partition_that_left_paused_comes_back_awake(void **state)
{
	(void)state;
	world w;
	open_world(&w);
	wait_assigned(&w, PARTITIONS, NULL);
	intake_pause(w.intake, true);
	feed(&w);
	rd_kafka_t *other = client(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(w.cluster), "millrace");
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, "in", RD_KAFKA_PARTITION_UA);
	assert_int_equal(rd_kafka_subscribe(other, topics), 0);
	rd_kafka_topic_partition_list_destroy(topics);
	wait_assigned(&w, 1, other);
	intake_pause(w.intake, false);
	rd_kafka_destroy(other);                 /* leaves the group */
	wait_assigned(&w, PARTITIONS, NULL);
	feed(&w);
	wait_seen(&w, 1);
	close_world(&w);
}

static void wait_held(world *w, size_t count)
{
	for (int64_t end = now_ms() + PATIENCE_MS; intake_counts_get(w->intake).held != count;) {
		assert_true(now_ms() < end);
		turn(w, NULL);
	}
}

/* What an operator's pause does: records of a partition that is not open wait, in their order, over a rebalance, also those of partitions that come anew; the group is kept. */
static void what_is_not_open_waits_over_a_rebalance(void **state)
{
	(void)state;
	world w;
	open_world(&w);
	wait_assigned(&w, PARTITIONS, NULL);
	feed(&w);
	wait_seen(&w, 0);
	w.closed = true;
	feed(&w);
	feed(&w);
	wait_held(&w, PARTITIONS);
	rd_kafka_t *other = client(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(w.cluster), "millrace");
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, "in", RD_KAFKA_PARTITION_UA);
	assert_int_equal(rd_kafka_subscribe(other, topics), 0);
	rd_kafka_topic_partition_list_destroy(topics);
	wait_assigned(&w, 1, other);
	rd_kafka_destroy(other);
	wait_assigned(&w, PARTITIONS, NULL);
	wait_held(&w, PARTITIONS);
	assert_true(w.seen[0] == 0 && w.seen[1] == 0);
	for (int i = 0; i < 3; i++) {            /* opened and closed again at once: nothing is lost on the way back */
		w.closed = false;
		intake_look(w.intake);
		turn(&w, NULL);
		w.closed = true;
		feed(&w);
		wait_held(&w, PARTITIONS);
	}
	w.closed = false;
	intake_look(w.intake);
	wait_seen(&w, 5);
	assert_int_equal(intake_counts_get(w.intake).held, 0);
	assert_int_equal(intake_counts_get(w.intake).lost, 0);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_open_waits_over_a_rebalance),
		cmocka_unit_test(a_partition_that_left_paused_comes_back_awake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
