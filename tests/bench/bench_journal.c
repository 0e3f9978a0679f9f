/* bench_journal.c - fills a journal topic, so that following it can be measured (tests/bench/scale.py).
 *
 *   bench_journal BROKERS TOPIC PARTITIONS ENTRIES EACH      EACH: entries a transaction, as an epoch brings them
 *
 * Entries are made of numbers (article ids, sketches, places: all different), with the headers of a daemon of this build. The topic must be there. Prints the bytes of an entry. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/settings.h"
#include "daemon/journal_message.h"

#define DAY_MS 86400000LL
#define WINDOW_DAYS 50                   /* all of them lie in the default window */

/* splitmix64 (Steele, Lea, Flood 2014): the n-th number of stream `seed`. */
static uint64_t random_at(uint64_t seed, uint64_t n)
{
	uint64_t z = (seed + 1) * 0x9E3779B97F4A7C15u + n * 0xD1342543DE82EF95u;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static void make_entry(uint64_t n, uint64_t count, int64_t now_ms, index_entry *e)
{
	*e = (index_entry){.clock_ms = now_ms - WINDOW_DAYS * DAY_MS + (int64_t)((double)n * WINDOW_DAYS * DAY_MS / (double)count), .offset = (int64_t)(n / 4),
			   .partition = (int32_t)(n % 4), .page_count = 1, .has_fingerprint = true, .address = random_at(n, 1)};
	e->seen_ms = e->clock_ms;
	for (uint64_t i = 0; i < 2; i++) {
		uint64_t id = random_at(n, 2 + i), bytes = random_at(n, 4 + i);
		memcpy(e->article_id + 8 * i, &id, sizeof id);
		memcpy(e->fingerprint + 8 * i, &bytes, sizeof bytes);
	}
	memcpy(e->story_id, e->article_id, ARTICLE_ID_BYTES);
	uint64_t *planes = &e->sketch.value[0][0];
	e->sketch.exact = random_at(n, 6) | 1;
	e->sketch.shingles = (uint32_t)(500 + random_at(n, 7) % 400);
	e->sketch.weight = (uint16_t)(e->sketch.shingles + 4);
	for (uint64_t i = 0; i < 8; i++)
		planes[i] = random_at(n, 8 + i);
	for (uint64_t i = 0; i < SKETCH_KEYS; i++)
		e->sketch.key[i] = (uint32_t)random_at(n, 16 + i) | 1;
}

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench_journal: %s: %s\n", what, why);
	exit(1);
}

static void check(const char *what, rd_kafka_error_t *error)
{
	if (error)
		fail(what, rd_kafka_error_string(error));
}

static rd_kafka_t *producer(const char *brokers)
{
	const char *sets[][2] = {{"bootstrap.servers", brokers}, {"transactional.id", "bench-journal"}, {"linger.ms", "5"}, {"compression.type", "lz4"},
				 {"retry.backoff.ms", "20"}, {"queue.buffering.max.messages", "1000000"}};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (rd_kafka_conf_set(conf, sets[i][0], sets[i][1], why, sizeof why) != RD_KAFKA_CONF_OK)
			fail(sets[i][0], why);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	if (!rk)
		fail("producer", why);
	check("init_transactions", rd_kafka_init_transactions(rk, 30000));
	return rk;
}

static size_t produce(rd_kafka_t *rk, const char *topic, int partition, const index_entry *e, const char *versions)
{
	char key[2 * ARTICLE_ID_BYTES + 1];
	buf value = {0};
	for (size_t i = 0; i < ARTICLE_ID_BYTES; i++)
		snprintf(key + 2 * i, 3, "%02x", e->article_id[i]);
	index_entry_encode(e, "articles.raw", &value);
	rd_kafka_resp_err_t err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, sizeof key - 1), RD_KAFKA_V_VALUE(value.data, value.len),
						    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADER(JOURNAL_VERSIONS, versions, -1),
						    RD_KAFKA_V_HEADER(JOURNAL_INSTANCE, "another", -1), RD_KAFKA_V_END);
	if (err)
		fail("produce", rd_kafka_err2str(err));
	size_t bytes = value.len + sizeof key;
	buf_free(&value);
	return bytes;
}

int main(int argc, char **argv)
{
	char versions[JOURNAL_VERSIONS_MAX];
	buf errors = {0};
	if (argc != 6)
		fail("usage", "BROKERS TOPIC PARTITIONS ENTRIES EACH");
	int partitions = atoi(argv[3]);
	uint64_t count = strtoull(argv[4], NULL, 10), each = strtoull(argv[5], NULL, 10);
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	settings *conf = settings_read(NULL, NULL, 0, &errors);
	journal_versions(conf, versions);
	rd_kafka_t *rk = producer(argv[1]);
	size_t bytes = 0;
	for (uint64_t n = 0; n < count;) {
		check("begin", rd_kafka_begin_transaction(rk));
		for (uint64_t end = n + each < count ? n + each : count; n < end; n++) {
			index_entry e;
			make_entry(n, count, now_ms, &e);
			bytes += produce(rk, argv[2], (int)(n / 50 % (uint64_t)partitions), &e, versions);
		}
		check("commit", rd_kafka_commit_transaction(rk, 30000));
	}
	printf("%.0f bytes an entry\n", (double)bytes / (double)count);
	rd_kafka_destroy(rk);
	settings_free(&conf);
	buf_free(&errors);
	return 0;
}
