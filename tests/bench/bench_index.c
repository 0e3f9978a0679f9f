/* bench_index.c - how fast ready sketches are judged against a window of N articles, what an article costs in memory, and how long a restart takes.
 *
 *   bench_index judge N [JUDGEMENTS]     one line of JSON: rate, bytes an article, times of one judgement
 *   bench_index restart N FOLDER         writes a log of N articles to FOLDER, if there is none, and reads it into an empty index; one line of JSON
 *
 * Sketches are made of numbers, not of texts (bench_dedup makes them of texts): three of ten are copies of an earlier one with an eighth of the shingles and some
 * keys changed, one of twenty shares a key with thousands of others, as a phrase does. A judgement is what the judge asks for an article: fingerprint,
 * repeat, base, copy; new ones are added and settle in epochs of 500, copies leave an alias; the window is full, so that the oldest go. Rates are of processor
 * time, times of one judgement of wall time. One thread. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "daemon/index.h"
#include "daemon/index_log.h"
#include "daemon/index_store.h"

#define DAY_MS 86400000LL
#define WINDOW_DAYS 60
#define START_MS 1700000000000LL
#define BATCH 1000
#define EPOCH 500
#define JUDGEMENTS 200000

typedef struct bench {
	index_t *index;
	uint64_t count, articles;        /* articles in the window when it is full */
	uint16_t topic;
	size_t copies;
} bench;

static double cpu_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Memory of the process that is in use (RSS), bytes. */
static size_t resident(void)
{
	size_t size = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file) {
		if (fscanf(file, "%zu %zu", &size, &pages) != 2)
			pages = 0;
		fclose(file);
	}
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* splitmix64 (Steele, Lea, Flood 2014): the n-th number of stream `seed`. */
static uint64_t random_at(uint64_t seed, uint64_t n)
{
	uint64_t z = (seed + 1) * 0x9E3779B97F4A7C15u + n * 0xD1342543DE82EF95u;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static void make_sketch(uint64_t n, sketch *out)
{
	uint64_t *planes = &out->value[0][0];
	out->exact = random_at(n, 0) | 1;
	out->shingles = (uint32_t)(500 + random_at(n, 1) % 400);
	out->weight = (uint16_t)(out->shingles + 4);
	for (uint64_t i = 0; i < 8; i++)
		planes[i] = random_at(n, 2 + i);
	for (uint64_t i = 0; i < 4; i++)
		out->place[i / 2][i % 2] = random_at(n, 10 + i);
	for (uint64_t i = 0; i < 5; i++)
		out->figure[random_at(n, 14 + i) % 2] |= UINT64_C(1) << random_at(n, 14 + i) / 2 % 64;
	for (uint64_t i = 0; i < 4; i++)
		out->title[i] = (uint16_t)random_at(n, 19 + i);
	for (uint64_t i = 0; i < SKETCH_KEYS; i++)
		out->key[i] = (uint32_t)random_at(n, 23 + i) | 1;
	if (random_at(n, 40) % 20 == 0)
		out->key[0] = (uint32_t)random_at(7, random_at(n, 41) % 50) | 1;
}

/* Article number n of the stream; `of`: it is a copy of that one. */
static bool make_entry(const bench *b, uint64_t n, index_entry *e)
{
	bool copy = n > 100 && random_at(n, 50) % 10 < 3;
	uint64_t of = copy ? n - 1 - random_at(n, 51) % (n < b->articles ? n - 1 : b->articles - b->articles / 10) : n;
	*e = (index_entry){.clock_ms = START_MS + (int64_t)(n * (WINDOW_DAYS * DAY_MS / (double)b->articles)), .offset = (int64_t)(n / 4), .partition = (int32_t)(n % 4),
			   .topic = b->topic, .page_count = 1, .has_fingerprint = true, .address = random_at(n, 52)};
	e->seen_ms = e->clock_ms;
	for (uint64_t i = 0; i < 2; i++) {
		uint64_t id = random_at(n, 53 + i), bytes = random_at(n, 55 + i);
		memcpy(e->article_id + 8 * i, &id, sizeof id);
		memcpy(e->fingerprint + 8 * i, &bytes, sizeof bytes);
	}
	memcpy(e->story_id, e->article_id, ARTICLE_ID_BYTES);
	make_sketch(of, &e->sketch);
	if (!copy)
		return false;
	e->sketch.exact = random_at(n, 0) | 1;
	e->sketch.value[0][0] ^= random_at(n, 57) & random_at(n, 58) & random_at(n, 59);
	for (uint64_t i = 0; i < SKETCH_KEYS; i++)
		if (random_at(n, 60) >> i & 1)
			e->sketch.key[i] = (uint32_t)random_at(n, 61 + i) | 1;
	return true;
}

/* Fills the window with articles alone, none of them a copy. */
static void fill(bench *b, uint64_t count)
{
	index_entry e;
	for (uint64_t n = 0; b->count < count; n++)
		if (!make_entry(b, n, &e)) {
			index_restore(b->index, &e, 1);
			b->count++;
		}
	index_restored(b->index);
}

static void judge_one(bench *b, const index_entry *e, uint32_t *pending, size_t *pending_count)
{
	index_found found;
	index_question q = {&e->sketch, NULL, e->article_id, e->address, e->clock_ms, e->offset, e->partition, e->topic, e->page};
	if (index_find_fingerprint(b->index, e->fingerprint, e->clock_ms, e->topic, e->partition, e->offset, &found))
		return;
	if (index_find_repeat(b->index, &q, &found) || index_find_base(b->index, &q, &found))
		return;
	if (index_find_copy(b->index, &q, &found)) {
		index_entry alias = {.kind = INDEX_ALIAS, .clock_ms = e->clock_ms, .seen_ms = e->seen_ms, .has_fingerprint = true, .page_count = 1, .owner_kind = 2,
				     .similarity = found.match.similarity, .topic = e->topic};
		memcpy(alias.fingerprint, e->fingerprint, sizeof alias.fingerprint);
		memcpy(alias.owner_id, found.article_id, ARTICLE_ID_BYTES);
		index_alias(b->index, &alias, 2);
		b->copies++;
		return;
	}
	pending[(*pending_count)++] = index_add(b->index, e);
	if (*pending_count < EPOCH)
		return;
	for (size_t i = 0; i < *pending_count; i++)
		index_settle(b->index, pending[i], 2);
	*pending_count = 0;
}

static int compare_times(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static int bench_judge(uint64_t articles, size_t judgements)
{
	bench b = {.articles = articles};
	index_entry *batch = mem_array(BATCH, sizeof *batch);
	uint32_t *times = mem_array(judgements, sizeof *times), pending[EPOCH];
	size_t done = 0, pending_count = 0;
	memset(times, 1, judgements * sizeof *times);            /* in memory before it is measured */
	size_t before = resident();
	b.index = index_new(WINDOW_DAYS * DAY_MS, (index_limits){.entries = articles});
	b.topic = index_topic(b.index, mr_bytes_of("articles.raw"));
	double spent = 0;
	fill(&b, articles);
	size_t grown = resident() - before, memory = index_stats_get(b.index).memory_bytes;
	for (uint64_t n = articles + articles / 2; done < judgements;) {
		size_t count = judgements - done < BATCH ? judgements - done : BATCH;
		for (size_t i = 0; i < count; i++)
			make_entry(&b, n++, &batch[i]);
		double from = cpu_now();
		for (size_t i = 0; i < count; i++) {
			int64_t start = wall_ns(), ns;
			judge_one(&b, &batch[i], pending, &pending_count);
			ns = wall_ns() - start;
			times[done++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
		}
		spent += cpu_now() - from;
	}
	index_stats stats = index_stats_get(b.index);
	qsort(times, judgements, sizeof *times, compare_times);
	printf("{\"articles\": %" PRIu64 ", \"judged\": %zu, \"copies\": %zu, \"rate\": %.0f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"max_us\": %.1f, \"bytes\": %.1f, "
	       "\"resident_bytes\": %.1f, \"then\": {\"settled\": %zu, \"aliases\": %zu, \"memory_bytes\": %zu, \"resident_bytes\": %zu}}\n",
	       articles, judgements, b.copies, (double)judgements / spent, times[judgements / 2] / 1e3, times[judgements * 99 / 100] / 1e3, times[judgements - 1] / 1e3,
	       (double)memory / (double)articles, (double)grown / (double)articles, stats.settled, stats.aliases, stats.memory_bytes,
	       resident() - before);
	index_free(&b.index);
	free(batch);
	free(times);
	return 0;
}

/* ---- restart ---- */

/* Epochs of 500 articles, each marked, as a daemon writes them; the sync between is left out. */
static int write_log(bench *b, index_log *log)
{
	buf frames = {0}, entry = {0};
	index_entry e;
	uint64_t epoch = 0, n = 0;
	while (b->count < b->articles) {
		buf_clear(&frames);
		for (size_t i = 0; i < EPOCH && b->count < b->articles; n++)
			if (!make_entry(b, n, &e)) {
				buf_clear(&entry);
				index_entry_encode(&e, "articles.raw", &entry);
				index_log_frame_entry(&frames, buf_bytes(&entry));
				b->count++;
				i++;
			}
		if (!index_log_append(log, ++epoch, mr_bytes_of("articles.raw 0 1\n"), buf_bytes(&frames)) || index_log_mark(log, epoch))
			return -1;
	}
	buf_free(&frames);
	buf_free(&entry);
	return index_log_sync(log);
}

static int ignore(void *arg, mr_bytes entry, uint32_t format, uint32_t segment)
{
	(void)arg;
	(void)entry;
	(void)format;
	(void)segment;
	return 0;
}

static const index_log_identity identity = {INDEX_FORMAT, SKETCH_VERSION, 1, 1, "record"};

static int fail(const char *what, buf *errors)
{
	fprintf(stderr, "bench_index: cannot %s: %s\n", what, errors->len ? errors->data : "?");
	return 1;
}

static int bench_restart(uint64_t articles, const char *folder)
{
	bool locked;
	buf errors = {0};
	bench b = {.articles = articles};
	index_log *log = index_log_open(folder, &identity, 0, ignore, NULL, &locked, &errors);
	if (!log || (index_log_next_epoch(log) == 1 && write_log(&b, log)))
		return fail("write the log", &errors);
	double bytes = (double)index_log_bytes(log);
	index_log_close(&log);
	size_t before = resident();
	double cpu = cpu_now();
	int64_t wall = wall_ns();
	b.index = index_new(WINDOW_DAYS * DAY_MS, (index_limits){.entries = articles});
	index_store_reader reader = {.index = b.index};
	index_store_expect(b.index, folder);
	log = index_log_open(folder, &identity, 0, index_store_visit, &reader, &locked, &errors);
	if (!log)
		return fail("read the log", &errors);
	index_store_finish(&reader);
	wall = wall_ns() - wall;
	cpu = cpu_now() - cpu;
	index_stats stats = index_stats_get(b.index);
	printf("{\"articles\": %zu, \"log_bytes\": %.1f, \"seconds\": %.3f, \"cpu_seconds\": %.3f, \"bytes\": %.1f, \"resident_bytes\": %.1f}\n", stats.settled,
	       bytes / (double)articles, (double)wall / 1e9, cpu, (double)stats.memory_bytes / (double)articles, (double)(resident() - before) / (double)articles);
	index_log_close(&log);
	index_free(&b.index);
	return stats.settled != articles;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "judge") == 0)
		return bench_judge(strtoull(argv[2], NULL, 10), argc > 3 ? strtoull(argv[3], NULL, 10) : JUDGEMENTS);
	if (argc == 4 && strcmp(argv[1], "restart") == 0)
		return bench_restart(strtoull(argv[2], NULL, 10), argv[3]);
	fprintf(stderr, "bench_index judge N [JUDGEMENTS] | restart N FOLDER\n");
	return 64;
}
