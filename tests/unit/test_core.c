/* The core against a sequential reference: pipeline, judge, index, epochs with everything that may happen in any order - answers of workers, deaths behind the
 * judge, commits, aborts that keep results, rewinds, partitions that come and go. Stages and publisher are played by the test (they are headers of the
 * core, linked here); all decisions are the real ones. A seed that fails is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/settings.h"
#include "daemon/epoch.h"

#define RECORDS 24
#define PARTITIONS_MAX 2
#define TASKS_MAX 256

/* ---- stages, played ---- */

struct stage {
	const char *name;
	stage_hooks hooks;
	part *tasks[TASKS_MAX];
	size_t count;
};

const char *stage_name(const stage *self) { return self->name; }
void stage_submit(stage *self, void *ticket, size_t bytes)
{
	(void)bytes;
	assert_true(self->count < TASKS_MAX);
	self->tasks[self->count++] = ticket;
}
void stage_cancel(stage *self, void *ticket)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->tasks[i] == ticket) {
			self->tasks[i] = self->tasks[--self->count];
			return;
		}
	fail_msg("cancelled what was not lent");
}

/* ---- the world ---- */

enum fate { FATE_LIVES, FATE_DIES, FATE_GARBAGE, FATE_TOMBSTONE, FATES };

typedef struct seen {
	char outcome;            /* 'a' article, 'd' duplicate, 'x' dead, 't' tombstone, 0 nothing */
	int owner;               /* number of the owner's record; -1 none */
	uint64_t epoch;
} seen;

typedef struct world {
	uint64_t seed;
	settings *settings;
	int partitions, records;         /* records of each partition */
	int story[PARTITIONS_MAX][RECORDS];
	enum fate fate[PARTITIONS_MAX][RECORDS];
	char value[PARTITIONS_MAX][RECORDS][160];
	ledger *ledger;
	index_t *index;
	pipeline *pipeline;
	epochs *epochs;
	stage dedup, classify;
	partition *p[PARTITIONS_MAX];
	int next[PARTITIONS_MAX];        /* next record to take */
	int committed[PARTITIONS_MAX];
	publish_batch *batch;            /* with the publisher */
	seen sink[PARTITIONS_MAX][RECORDS];
	char id[PARTITIONS_MAX][RECORDS][33];
	int64_t now;
	long lent_messages;
} world;

static uint32_t roll(world *w, uint32_t sides)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (uint32_t)((w->seed >> 11) % sides);
}

static int64_t wall_ms(void *arg) { return 1700000000000 + ((world *)arg)->now; }
static int64_t mono_us(void *arg) { return ((world *)arg)->now * 1000; }
static void release(void *arg, void *message) { (void)message; ((world *)arg)->lent_messages--; }
static void pressure(void *arg, bool high) { (void)arg; (void)high; }
static void outcome(void *arg, const item *it) { (void)arg; (void)it; }
static void on_publish(void *arg, publish_batch *b) { ((world *)arg)->batch = b; }

static int number_of(const partition *p)
{
	return p->number;
}

/* ---- workers ---- */

static int story_of(const part *p)
{
	return p->item->partition ? ((world *)p->item->message)->story[number_of(p->item->partition)][p->item->offset] : 0;
}

static void answer_dedup(world *w, part *p)
{
	sketch s = {0};
	buf blob = {0};
	int story = story_of(p) + 1;
	s.exact = (uint64_t)story * 0x9E3779B97F4A7C15ULL;
	s.shingles = 100;
	s.weight = 100;
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		s.key[i] = (uint32_t)(story * 1000 + (int)i);
	sketch_encode(&s, &blob);
	stage_part answer = {.patch = mr_bytes_of("{}"), .blob = buf_bytes(&blob)};
	stage_result result = {.attempts = 1, .parts = &answer, .part_count = 1};
	w->dedup.hooks.done(w->dedup.hooks.arg, p, &result);
	buf_free(&blob);
}

static void answer_classify(world *w, part *p)
{
	record_fault fault = {0};
	stage_part answer = {.patch = mr_bytes_of("{\"labels\":[],\"primary_label\":\"none\"}")};
	stage_result result = {.attempts = 1, .parts = &answer, .part_count = 1};
	if (w->fate[number_of(p->item->partition)][p->item->offset] == FATE_DIES) {
		record_fault_set(&fault, "stage.crash", "classify", "it was to die");
		result = (stage_result){.fault = &fault, .attempts = 3};
	}
	w->classify.hooks.done(w->classify.hooks.arg, p, &result);
}

static bool answer_some(world *w, stage *s, void (*answer)(world *, part *))
{
	if (!s->count)
		return false;
	size_t at = roll(w, (uint32_t)s->count);
	part *p = s->tasks[at];
	s->tasks[at] = s->tasks[--s->count];
	answer(w, p);
	return true;
}

/* ---- the feed ---- */

static bool take_from(world *w, int p)
{
	int r = w->next[p];
	if (r == w->records)
		return false;
	const char *value = w->value[p][r];
	record_source source = {.topic = "in", .partition = p, .offset = r, .timestamp_ms = 1700000000000 + r,
				.value = w->fate[p][r] == FATE_TOMBSTONE ? (mr_bytes){NULL, 0} : mr_bytes_of(value)};
	w->next[p]++;
	w->lent_messages++;
	pipeline_take(w->pipeline, w->p[p], &source, w);
	return true;
}

static bool take(world *w)
{
	return take_from(w, (int)roll(w, (uint32_t)w->partitions));
}

/* ---- the broker ---- */

static int find_id(const world *w, const char *id, int *partition)
{
	for (int p = 0; p < w->partitions; p++)
		for (int r = 0; r < w->records; r++)
			if (strcmp(w->id[p][r], id) == 0) {
				*partition = p;
				return r;
			}
	return -1;
}

static void see(world *w, const publish_batch *b, const publish_message *m)
{
	const item *it = m->ticket;
	int p = number_of(it->partition), r = (int)it->offset;
	seen *s = &w->sink[p][r];
	assert_int_equal(s->outcome, 0);                         /* promise 2 */
	s->epoch = b->epoch;
	s->owner = -1;
	if (m->kind == PUBLISH_DEAD) {
		s->outcome = 'x';
		return;
	}
	s->outcome = m->kind == PUBLISH_ARTICLE ? 'a' : 'd';
	json_t *value = json_loadb(m->value.data, m->value.len, 0, NULL);
	assert_non_null(value);
	snprintf(w->id[p][r], 33, "%s", json_string_value(json_object_get(value, "article_id")));
	if (s->outcome == 'd') {
		int owner_partition;
		int owner = find_id(w, json_string_value(json_object_get(value, "duplicate_of")), &owner_partition);
		assert_true(owner >= 0);                         /* promise 3: named in the same epoch before, or earlier: see check order in commit() */
		assert_int_equal(w->sink[owner_partition][owner].outcome, 'a');
		assert_false(owner == r && owner_partition == p);
		assert_int_equal(w->story[owner_partition][owner], w->story[p][r]);
		s->owner = owner_partition * RECORDS + owner;
	}
	json_decref(value);
}

static void commit(world *w)
{
	publish_batch *b = w->batch;
	for (size_t i = 0; i < b->message_count; i++)            /* articles first: within one transaction order does not matter */
		if (b->messages[i].kind == PUBLISH_ARTICLE)
			see(w, b, &b->messages[i]);
	for (size_t i = 0; i < b->message_count; i++)
		if (b->messages[i].kind != PUBLISH_ARTICLE)
			see(w, b, &b->messages[i]);
	for (size_t i = 0; i < b->offset_count; i++) {
		int p = b->offsets[i].partition;
		for (int r = w->committed[p]; r < b->offsets[i].next; r++) {
			if (w->fate[p][r] == FATE_TOMBSTONE)
				w->sink[p][r].outcome = 't';
			assert_int_not_equal(w->sink[p][r].outcome, 0);          /* promise 1: offsets never pass a record without an outcome */
		}
		w->committed[p] = (int)b->offsets[i].next;
	}
}

static void assign_all(world *w)
{
	for (int p = 0; p < w->partitions; p++) {
		if (w->p[p])
			ledger_remove(w->ledger, &w->p[p]);
		w->p[p] = ledger_assign(w->ledger, "in", p);
		w->next[p] = w->committed[p];
	}
}

/* The group takes one partition away and gives it back. */
static void revoke_one(world *w)
{
	int p = (int)roll(w, (uint32_t)w->partitions);
	pipeline_drop(w->pipeline, w->p[p]);
	ledger_remove(w->ledger, &w->p[p]);
	w->p[p] = ledger_assign(w->ledger, "in", p);
	w->next[p] = w->committed[p];
}

static bool answer_epoch(world *w, bool faults)
{
	if (!w->batch)
		return false;
	publish_result result = {.outcome = PUBLISH_COMMITTED, .epoch = w->batch->epoch};
	if (faults && roll(w, 4) == 0)
		result.outcome = roll(w, 2) ? PUBLISH_KEPT : PUBLISH_REWIND;
	if (result.outcome == PUBLISH_COMMITTED)
		commit(w);
	publish_batch_free(&w->batch);
	epochs_answer(w->epochs, &result);
	if (result.outcome == PUBLISH_REWIND) {
		pipeline_drop(w->pipeline, NULL);
		assign_all(w);
	}
	return true;
}

/* ---- one run ---- */

/* What is in flight, for the report of a failure. */
static void show(const world *w)
{
	static const char *const states[] = {"staged", "ready", "repeat", "judged", "done", "dead"};
	for (int p = 0; p < w->partitions; p++)
		for (const item *it = w->p[p]->head; it; it = it->next) {
			const part *a = it->part_count ? it->parts[0] : NULL;
			printf("%d-%d story %d fate %d: %s%s%s turn %d repeats %d", p, (int)it->offset, w->story[p][it->offset], (int)w->fate[p][it->offset], states[it->state],
			       it->bound ? " bound" : "", it->registered ? " registered" : "", w->p[p]->judge_next == it, it->repeat_of ? (int)it->repeat_of->offset : -1);
			if (a)
				printf(" part %d stage %zu lent %d enriched %d failed %d finished %d owner %d", (int)a->state, a->stage, a->lent, a->enriched, a->failure != NULL, a->finished,
				       a->owner ? (int)a->owner->item->offset : -1);
			printf(" open %zu\n", it->open);
		}
}

static bool finished(const world *w)
{
	for (int p = 0; p < w->partitions; p++)
		if (w->committed[p] < w->records)
			return false;
	return true;
}

static void step(world *w, bool faults)
{
	w->now++;
	switch (roll(w, faults ? 25 : 24) / 4) {
	case 0: take(w); break;
	case 1: answer_some(w, &w->dedup, answer_dedup); break;
	case 2: answer_some(w, &w->classify, answer_classify); break;
	case 3: pipeline_settle(w->pipeline); break;
	case 4: epochs_poll(w->epochs, w->now, roll(w, 2)); break;
	case 5: answer_epoch(w, faults); break;
	default:
		if (!w->batch)
			revoke_one(w);
	}
}

static void make_feed(world *w, int stories, int deaths)
{
	for (int p = 0; p < w->partitions; p++)
		for (int r = 0; r < w->records; r++) {
			uint32_t kind = roll(w, 100);
			w->story[p][r] = (int)roll(w, (uint32_t)stories);
			w->fate[p][r] = kind < (uint32_t)deaths ? FATE_DIES : kind >= 97 ? FATE_GARBAGE : kind >= 94 ? FATE_TOMBSTONE : FATE_LIVES;
			/* a third of the copies are byte-equal: the version is part of the text */
			if (w->fate[p][r] == FATE_GARBAGE)
				snprintf(w->value[p][r], sizeof w->value[p][r], "no json %d", r);
			else
				snprintf(w->value[p][r], sizeof w->value[p][r], "{\"id\":\"%d-%d\",\"text\":\"story %d version %d\",\"source\":\"x\"}", p, r, w->story[p][r],
					 (int)roll(w, 3));
		}
}

static void open_world(world *w, const char *duplicates, const char *epoch_records)
{
	char duplicates_set[64], records_set[64];
	const char *sets[] = {"pipeline.stages=dedup classify", "workers.spawn=dedup:1 classify:1", "publish.epoch_ms=3", duplicates_set, records_set};
	buf errors = {0};
	snprintf(duplicates_set, sizeof duplicates_set, "dedup.duplicates=%s", duplicates);
	snprintf(records_set, sizeof records_set, "publish.epoch_records=%s", epoch_records);
	w->settings = settings_read(NULL, sets, sizeof sets / sizeof *sets, &errors);
	if (!w->settings)
		fail_msg("%s", buf_bytes(&errors).data);
	buf_free(&errors);
	w->ledger = ledger_new();
	w->index = index_new(60LL * 86400000, 100000);
	w->pipeline = pipeline_new(w->settings, w->ledger, w->index, (pipeline_hooks){wall_ms, mono_us, release, pressure, outcome, w});
	w->epochs = epochs_new(w->settings, w->pipeline, w->ledger, w->index, 1, (epoch_hooks){on_publish, w});
	w->dedup = (stage){.name = "dedup", .hooks = pipeline_stage_hooks(w->pipeline)};
	w->classify = (stage){.name = "classify", .hooks = pipeline_stage_hooks(w->pipeline)};
	pipeline_add_stage(w->pipeline, &w->dedup);
	pipeline_add_stage(w->pipeline, &w->classify);
	assign_all(w);
}

static void close_world(world *w)
{
	const pipeline_counts *c = pipeline_counts_get(w->pipeline);
	index_stats x = index_stats_get(w->index);
	assert_int_equal(c->taken, c->published + c->duplicates + c->dead + c->tombstones + c->returned);
	assert_int_equal(pipeline_bytes(w->pipeline), 0);
	assert_int_equal(w->lent_messages, 0);
	assert_int_equal(x.pending, 0);
	size_t articles = 0;
	for (int p = 0; p < w->partitions; p++)
		for (int r = 0; r < w->records; r++)
			articles += w->sink[p][r].outcome == 'a';
	assert_int_equal(x.settled, articles);                   /* promise 3: the index is what was published */
	epochs_free(&w->epochs);
	pipeline_free(&w->pipeline);
	for (int p = 0; p < w->partitions; p++)
		ledger_remove(w->ledger, &w->p[p]);
	ledger_free(&w->ledger);
	index_free(&w->index);
	settings_free(&w->settings);
}

/* One record after the other: what the whole must amount to (one partition; promise 5). */
static void check_reference(const world *w)
{
	int first[64];
	memset(first, -1, sizeof first);
	for (int r = 0; r < w->records; r++) {
		const seen *s = &w->sink[0][r];
		char expected = w->fate[0][r] == FATE_GARBAGE ? 'x' : w->fate[0][r] == FATE_TOMBSTONE ? 't' : 'a';
		int owner = -1, story = w->story[0][r];
		if (expected == 'a' && first[story] >= 0) {
			expected = 'd';
			owner = first[story];
		} else if (expected == 'a' && w->fate[0][r] == FATE_DIES) {
			expected = 'x';
		}
		if (expected == 'a')
			first[story] = r;
		if (s->outcome != expected || (expected == 'd' && s->owner != owner))
			fail_msg("record %d: %c of %d, expected %c of %d", r, s->outcome ? s->outcome : '-', s->owner, expected, owner);
	}
}

/* A story is published once; it is missing only when every record of it died. */
static void check_stories(const world *w, int stories)
{
	for (int story = 0; story < stories; story++) {
		int articles = 0, living = 0;
		for (int p = 0; p < w->partitions; p++)
			for (int r = 0; r < w->records; r++)
				if (w->story[p][r] == story && w->fate[p][r] <= FATE_DIES) {
					articles += w->sink[p][r].outcome == 'a';
					living += w->fate[p][r] == FATE_LIVES;
				}
		assert_true(articles <= 1);
		assert_true(articles == 1 || !living);
	}
}

static void run_world(uint64_t seed, int partitions, int stories, int deaths, bool faults, const char *epoch_records)
{
	static world w;
	memset(&w, 0, sizeof w);
	w.seed = seed * 0x9E3779B97F4A7C15ULL + 1;
	w.partitions = partitions;
	w.records = RECORDS;
	make_feed(&w, stories, deaths);
	open_world(&w, "topic", epoch_records);
	int steps = 0;
	while (!finished(&w)) {
		step(&w, faults && steps < 3000);
		if (++steps > 200000) {
			show(&w);
			fail_msg("seed %" PRIu64 ": nothing moves any more", seed);
		}
	}
	if (partitions == 1)
		check_reference(&w);
	else
		check_stories(&w, stories);
	close_world(&w);
}

/* ---- tests ---- */

static uint64_t rounds(void)
{
	const char *text = getenv("MILLRACE_CORE_ROUNDS");
	return text ? strtoull(text, NULL, 10) : 400;
}

static void one_partition_equals_one_record_after_the_other(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= rounds(); seed++)
		run_world(seed, 1, 1 + (int)(seed % 8), (int)(seed % 5) * 12, seed % 2, seed % 3 ? "5000" : "2");
}

static void two_partitions_publish_every_story_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= rounds(); seed++)
		run_world(seed, 2, 1 + (int)(seed % 8), (int)(seed % 5) * 12, seed % 2, seed % 3 ? "5000" : "1");
}

/* The task of one record in a played stage. */
static void answer_for(world *w, stage *s, void (*answer)(world *, part *), int p, int r)
{
	for (size_t i = 0; i < s->count; i++) {
		part *task = s->tasks[i];
		if (number_of(task->item->partition) != p || task->item->offset != r)
			continue;
		s->tasks[i] = s->tasks[--s->count];
		answer(w, task);
		pipeline_settle(w->pipeline);
		return;
	}
	fail_msg("record %d-%d is not in stage %s", p, r, s->name);
}

static void take_and_sketch(world *w, int p, bool sketch)
{
	int r = w->next[p];
	assert_true(take_from(w, p));
	if (sketch)
		answer_for(w, &w->dedup, answer_dedup, p, r);
	pipeline_settle(w->pipeline);
}

/* Everything goes its way from here, without faults. */
static void run_to_the_end(world *w)
{
	for (int steps = 0; !finished(w); steps++) {
		step(w, false);
		if (steps > 20000) {
			show(w);
			fail_msg("nothing moves any more");
		}
	}
}

/*
 * Two repeats in two partitions, each in front of what the other one repeats:
 *   0: o, r = o, x, w      1: v, z = v, y        w = v and y = x by their bytes; o, r, x, y tell one story; o and v die
 * x is judged a copy of o, so y is read as something new. o dies; while r goes through the stages again, y is judged an article and x becomes its repeat, a
 * repeat of a record read later. v dies: y, behind z, is taken back, and x with it; z now repeats w. If x went on repeating y, x would wait for y, y for its
 * turn behind z, z for w, and w for its turn behind x.
 */
static void repeats_never_wait_in_a_circle(void **state)
{
	static world w;
	static const char *const values[2][4] = {{"o", "o", "x", "v"}, {"v", "v", "x", "last"}};
	static const int stories[2][4] = {{0, 0, 0, 1}, {1, 1, 0, 2}};
	(void)state;
	memset(&w, 0, sizeof w);
	w.seed = 1;
	w.partitions = 2;
	w.records = 4;
	for (int p = 0; p < 2; p++)
		for (int r = 0; r < 4; r++) {
			w.story[p][r] = stories[p][r];
			snprintf(w.value[p][r], sizeof w.value[p][r], "{\"text\":\"%s\",\"source\":\"x\"}", values[p][r]);
		}
	w.fate[0][0] = w.fate[1][0] = FATE_DIES;
	open_world(&w, "topic", "5000");
	take_and_sketch(&w, 0, true);                            /* o: article */
	take_and_sketch(&w, 0, false);                           /* r repeats o */
	take_and_sketch(&w, 0, true);                            /* x: copy of o */
	take_and_sketch(&w, 1, true);                            /* v: article */
	take_and_sketch(&w, 0, false);                           /* w repeats v */
	take_and_sketch(&w, 1, false);                           /* z repeats v */
	take_and_sketch(&w, 1, false);                           /* y */
	answer_for(&w, &w.classify, answer_classify, 0, 0);      /* o dies */
	answer_for(&w, &w.dedup, answer_dedup, 1, 2);            /* y: article, for r goes through the stages again */
	answer_for(&w, &w.dedup, answer_dedup, 0, 1);            /* r: copy of y; x repeats y */
	answer_for(&w, &w.classify, answer_classify, 1, 0);      /* v dies */
	run_to_the_end(&w);
	check_stories(&w, 3);
	close_world(&w);
}

/* As at the first start of a daemon: nothing is there yet. (A build with sanitizers sees what is done to arrays that were never made.) */
static void an_empty_index_answers(void **state)
{
	(void)state;
	index_t *index = index_new(60LL * 86400000, 1000);
	sketch nothing = {0};
	uint8_t id[ARTICLE_ID_BYTES] = {1};
	index_question q = {.sketch = &nothing, .article_id = id, .clock_ms = -1};
	sketch_match match;
	bool by_id;
	assert_int_equal(index_expire(index, 1700000000000, 1000), 0);
	assert_int_equal(index_oldest_segment(index), UINT32_MAX);
	assert_null(index_find_base(index, &q, &by_id));
	assert_null(index_find_copy(index, &q, &match));
	index_free(&index);
}

/* A dead letter never grows beyond what its topic takes, or the broker would refuse it for ever: first its value goes, then its key. */
static void a_dead_letter_fits_its_topic(void **state)
{
	static world w;
	static char key[200];
	static const struct { size_t key, value; bool key_kept, value_kept; } rows[] = {{20, 20, true, true}, {80, 20, true, true}, {90, 20, true, false}, {20, 120, true, false},
											{150, 20, false, true}, {150, 120, false, false}};
	(void)state;
	memset(&w, 0, sizeof w);
	w.partitions = 1;
	open_world(&w, "topic", "5000");
	epochs_set_max_dead(w.epochs, 100);
	memset(key, 'k', sizeof key);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char value[200];
		memset(value, 'v', sizeof value);        /* no JSON */
		record_source source = {.topic = "in", .offset = (int64_t)i, .timestamp_ms = -1, .key = {key, rows[i].key}, .value = {value, rows[i].value}};
		w.lent_messages++;
		pipeline_take(w.pipeline, w.p[0], &source, &w);
		assert_true(epochs_poll(w.epochs, ++w.now, true));
		const publish_message *m = &w.batch->messages[0];
		assert_int_equal(m->kind, PUBLISH_DEAD);
		assert_true((m->key.data != NULL) == rows[i].key_kept && (m->value.data != NULL) == rows[i].value_kept);
		publish_result result = {.outcome = PUBLISH_COMMITTED, .epoch = w.batch->epoch};
		publish_batch_free(&w.batch);
		epochs_answer(w.epochs, &result);
	}
	close_world(&w);
}

/* The broker refuses a dead letter (the limit of its topic was lowered meanwhile): what is sent next is not the same again. */
static void a_refused_dead_letter_leaves_bare(void **state)
{
	static world w;
	(void)state;
	memset(&w, 0, sizeof w);
	w.partitions = 1;
	open_world(&w, "topic", "5000");
	record_source source = {.topic = "in", .timestamp_ms = -1, .key = {"key", 3}, .value = {"no json", 7}};
	w.lent_messages++;
	pipeline_take(w.pipeline, w.p[0], &source, &w);
	for (int round = 0; round < 2; round++) {
		assert_true(epochs_poll(w.epochs, ++w.now, true));
		const publish_message *m = &w.batch->messages[0];
		assert_int_equal(m->kind, PUBLISH_DEAD);
		assert_true((m->value.data != NULL) == (round == 0) && (m->key.data != NULL) == (round == 0));
		publish_result result = {.outcome = round == 0 ? PUBLISH_KEPT : PUBLISH_COMMITTED, .epoch = w.batch->epoch, .refused = round == 0 ? m->ticket : NULL};
		publish_batch_free(&w.batch);
		epochs_answer(w.epochs, &result);
	}
	assert_int_equal(pipeline_counts_get(w.pipeline)->dead_by_code[FAULT_NOT_JSON], 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_dead_letter_leaves_bare),
		cmocka_unit_test(a_dead_letter_fits_its_topic),
		cmocka_unit_test(an_empty_index_answers),
		cmocka_unit_test(one_partition_equals_one_record_after_the_other),
		cmocka_unit_test(two_partitions_publish_every_story_once),
		cmocka_unit_test(repeats_never_wait_in_a_circle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
