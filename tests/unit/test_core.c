/* The core against a sequential reference: pipeline, judge, index, epochs with everything that may happen in any order. Stages and publisher are played
 * (core_world.h), what must come out is worked out record by record (core_reference.h). A seed that fails is printed. */
#include "core_reference.h"

static uint64_t running;                 /* seed of the run under way; 0: none */
static world w;

static int tell_seed(void **state)
{
	(void)state;
	if (running) {
		printf("seed %" PRIu64 "\n", running);
		show_all(&w);
	}
	running = 0;
	return 0;
}

static void run_world(uint64_t seed, plan plan)
{
	memset(&w, 0, sizeof w);
	w.seed = seed * 0x9E3779B97F4A7C15ULL + 1;
	w.plan = plan;
	w.records = RECORDS;
	make_feed(&w);
	open_world(&w);
	int steps = 0;
	running = seed;
	while (!finished(&w)) {
		step(&w, plan.faults && steps < 3000);
		if (++steps > 200000) {
			show(&w);
			fail_msg("nothing moves any more");
		}
	}
	if (plan.partitions == 1)
		check_reference(&w);
	else if (strcmp(plan.duplicates, "drop") != 0)
		check_texts(&w);
	if (plan.filter && strcmp(plan.duplicates, "drop") != 0)
		check_filtered(&w);
	close_world(&w);
	running = 0;
}

/* ---- tests ---- */

static uint64_t rounds(void)
{
	const char *text = getenv("MILLRACE_CORE_ROUNDS");
	return text ? strtoull(text, NULL, 10) : 200;
}

/* Rounds of one plan, varied: number of stories, deaths, faults or none, size of an epoch. */
static void run_rounds(plan plan)
{
	check_sketches();
	for (uint64_t seed = 1; seed <= rounds(); seed++) {
		plan.stories = 1 + (int)(seed % STORIES);
		plan.deaths = (int)(seed % 5) * 12;
		plan.faults = seed % 2;
		plan.epoch_records = seed % 3 ? "5000" : plan.partitions == 1 ? "2" : "1";
		run_world(seed, plan);
	}
}

static void one_partition_equals_one_record_after_the_other(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 1, .duplicates = "topic"});
}

static void two_partitions_publish_every_story_once(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 2, .duplicates = "topic"});
}

static void pages_are_judged_part_by_part_and_live_or_die_as_one(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 1, .pages = true, .duplicates = "topic"});
	run_rounds((plan){.partitions = 2, .pages = true, .duplicates = "topic"});
}

static void revisions_follow_their_base(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 1, .revisions = true, .duplicates = "topic"});
	run_rounds((plan){.partitions = 1, .revisions = true, .pages = true, .duplicates = "topic"});
	run_rounds((plan){.partitions = 2, .revisions = true, .pages = true, .duplicates = "topic"});
}

/* What is filtered makes nothing its duplicate, whether that is known before the stages behind the judge or only with the labels. */
static void filtered_articles_leave_no_trace(void **state)
{
	static const char *const filters[] = {"labels=science", "languages=zh"};
	(void)state;
	for (int i = 0; i < 2; i++) {
		run_rounds((plan){.partitions = 1, .duplicates = "topic", .filter = filters[i]});
		run_rounds((plan){.partitions = 2, .pages = true, .duplicates = "topic", .filter = filters[i]});
		run_rounds((plan){.partitions = 1, .revisions = true, .pages = true, .too_large = true, .duplicates = "topic", .max_revisions = "2", .filter = filters[i]});
		run_rounds((plan){.partitions = 1, .revisions = true, .pages = true, .duplicates = "enrich", .filter = filters[i]});
		run_rounds((plan){.partitions = 2, .revisions = true, .pages = true, .duplicates = "drop", .filter = filters[i]});
	}
}

static void more_revisions_than_allowed_are_withheld(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 1, .revisions = true, .duplicates = "topic", .max_revisions = "1"});
	run_rounds((plan){.partitions = 1, .revisions = true, .pages = true, .duplicates = "enrich", .max_revisions = "2"});
}

static void dropped_duplicates_are_counted(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 1, .revisions = true, .pages = true, .duplicates = "drop"});
	run_rounds((plan){.partitions = 2, .revisions = true, .pages = true, .duplicates = "drop"});
}

static void enriched_duplicates_take_the_whole_way(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 1, .revisions = true, .pages = true, .duplicates = "enrich"});
	run_rounds((plan){.partitions = 2, .revisions = true, .pages = true, .duplicates = "enrich"});
}

static void what_the_broker_refuses_is_a_dead_letter(void **state)
{
	(void)state;
	run_rounds((plan){.partitions = 1, .revisions = true, .pages = true, .too_large = true, .duplicates = "topic"});
	run_rounds((plan){.partitions = 2, .revisions = true, .pages = true, .too_large = true, .duplicates = "topic"});
}

/* The task of one record in a played stage. */
static void answer_for(world *w, stage *s, void (*answer)(world *, part *), int p, int r)
{
	for (size_t i = 0; i < s->count; i++) {
		part *task = s->tasks[i];
		if (task->item->partition->number != p || task->item->offset != r)
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
 *   0: o, r = o, e, x, w      1: v, z = v, y        w = v and y = x by their bytes; o, e, x are editions under one id, one revision a day; o and v die
 * x is withheld, so y does not follow it and is read as something new. o dies; while r goes through the stages again, y is judged an article and x becomes its repeat,
 * a repeat of a record read later. v dies: y, behind z, is taken back, and x with it; z now repeats w. If x went on repeating y, x would wait for y, y for its
 * turn behind z, z for w, and w for its turn behind x.
 */
static void repeats_never_wait_in_a_circle(void **state)
{
	enum { LENGTH = 5 };
	static const char *const values[2][LENGTH] = {{"o", "o", "e", "x", "v"}, {"v", "v", "x", "last", "end"}};
	static const int texts[2][LENGTH] = {{0, 0, 1, 2, EDITIONS}, {EDITIONS, EDITIONS, 2, 2 * EDITIONS, 3 * EDITIONS}};
	static const int ids[2][LENGTH] = {{1, 2, 1, 1, 3}, {4, 5, 6, 7, 8}};
	(void)state;
	memset(&w, 0, sizeof w);
	w.seed = 1;
	w.plan = (plan){.partitions = 2, .duplicates = "topic", .epoch_records = "5000", .max_revisions = "1"};
	w.records = LENGTH;
	for (int p = 0; p < 2; p++)
		for (int r = 0; r < LENGTH; r++) {
			fed *f = &w.feed[p][r];
			*f = (fed){.id = ids[p][r], .address = -1, .parts = 1, .text = {texts[p][r]}};
			snprintf(f->bytes, sizeof f->bytes, "%s", values[p][r]);
			write_value(f);
		}
	w.feed[0][0].fate = w.feed[1][0].fate = FATE_DIES;
	open_world(&w);
	take_and_sketch(&w, 0, true);                            /* o: article */
	take_and_sketch(&w, 0, false);                           /* r repeats o */
	take_and_sketch(&w, 0, true);                            /* e: revision */
	take_and_sketch(&w, 0, true);                            /* x: withheld */
	take_and_sketch(&w, 1, true);                            /* v: article */
	take_and_sketch(&w, 0, false);                           /* w repeats v */
	take_and_sketch(&w, 1, false);                           /* z repeats v */
	take_and_sketch(&w, 1, false);                           /* y */
	answer_for(&w, &w.classify, answer_classify, 0, 0);      /* o dies */
	answer_for(&w, &w.dedup, answer_dedup, 1, 2);            /* y: article, for r goes through the stages again */
	answer_for(&w, &w.dedup, answer_dedup, 0, 1);            /* r: article; x repeats y */
	assert_ptr_equal(w.p[0]->head->next->next->next->repeat_of, w.p[1]->head->next->next);
	answer_for(&w, &w.classify, answer_classify, 1, 0);      /* v dies */
	run_to_the_end(&w);
	close_world(&w);
}

/* A repeat of a duplicate in flight is told the same and leaves with it; when the article dies, both look again. */
static void repeats_follow_a_duplicate(void **state)
{
	static const char *const values[] = {"o", "copy", "copy", "copy"};
	(void)state;
	for (int dies = 0; dies < 2; dies++) {
		memset(&w, 0, sizeof w);
		w.seed = 1;
		w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
		w.records = 4;
		for (int r = 0; r < 4; r++) {
			w.feed[0][r] = (fed){.fate = dies && r == 0 ? FATE_DIES : FATE_LIVES, .id = r, .address = -1, .parts = 1};
			snprintf(w.feed[0][r].bytes, sizeof w.feed[0][r].bytes, "%s", values[r]);
			write_value(&w.feed[0][r]);
		}
		open_world(&w);
		take_and_sketch(&w, 0, true);
		take_and_sketch(&w, 0, true);                    /* a copy of o */
		take_and_sketch(&w, 0, false);                   /* spares the stages */
		const item *repeat = w.p[0]->head->next->next;
		assert_true(repeat->bound && repeat->repeat_of == w.p[0]->head->next && w.dedup.count == 0);
		assert_memory_equal(repeat->repeat_verdict.duplicate_of, w.p[0]->head->next->parts[0]->verdict.duplicate_of, ARTICLE_ID_BYTES);
		if (!dies) {
			answer_for(&w, &w.classify, answer_classify, 0, 0);
			while (w.committed[0] < 3) {
				epochs_poll(w.epochs, w.now += 10, true);
				answer_epoch(&w, false);
			}
			assert_int_equal(index_stats_get(w.index).aliases, 1);
			take_and_sketch(&w, 0, false);           /* by the alias */
			assert_true(w.p[0]->head->bound && !w.p[0]->head->repeat_of);
		}
		run_to_the_end(&w);
		check_reference(&w);
		close_world(&w);
	}
}

/* ---- what a source repeats ---- */

/* Ideographs that no other `seed` has in this order. */
static void write_line(unsigned seed, int characters, buf *out)
{
	unsigned x = seed * 2654435761u + 99;
	for (int i = 0; i < characters; i++) {
		x = x * 1664525u + 1013904223u;
		utf8_add(out, 0x4E00 + (x >> 8) % 0x5000);
	}
}

/* Every record of the source begins with the same long line; the stories under it are long, that of record 3 is short. */
static void answer_headed(world *world, part *p)
{
	buf body = {0}, blob = {0};
	sketch made;
	sketcher *maker = sketcher_new();
	write_line(1, 300, &body);
	buf_add_char(&body, '\n');
	write_line(100 + (unsigned)p->item->offset, p->item->offset == 3 ? 50 : 350, &body);
	sketcher_make(maker, mr_bytes_of("title"), buf_bytes(&body), &made);
	sketch_pieces_encode(sketcher_pieces(maker), &made, &blob);
	stage_part answer = {.patch = mr_bytes_of("{}"), .blob = buf_bytes(&blob)};
	world->dedup.hooks.done(world->dedup.hooks.arg, p, &(stage_result){.attempts = 1, .parts = &answer, .part_count = 1});
	sketcher_free(&maker);
	buf_free(&body);
	buf_free(&blob);
}

/* What becomes of record 3, when record 2 dies (or not) before it is judged or afterwards. */
static char outcome_of_the_last(bool dies, bool before)
{
	memset(&w, 0, sizeof w);
	w.seed = 1;
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
	w.records = 4;
	for (int r = 0; r < 4; r++) {
		w.feed[0][r] = (fed){.id = r, .address = -1, .parts = 1, .fate = dies && r == 2 ? FATE_DIES : FATE_LIVES};
		snprintf(w.feed[0][r].bytes, sizeof w.feed[0][r].bytes, "%d", r);
		write_value(&w.feed[0][r]);
	}
	w.records = 4;
	open_world(&w);
	for (int r = 0; r < 4; r++) {
		if (r == 3 && before)
			answer_for(&w, &w.classify, answer_classify, 0, 2);
		assert_true(take_from(&w, 0));
		answer_for(&w, &w.dedup, answer_headed, 0, r);
	}
	if (!before)
		answer_for(&w, &w.classify, answer_classify, 0, 2);
	run_to_the_end(&w);
	char outcome = w.sink[0][3][0].outcome;
	close_world(&w);
	return outcome;
}

/* Two articles do not teach yet that the line is no part of a story: the short one passes for a copy. A third one does, unless it dies; and when it dies must not matter. */
static void what_a_dead_article_taught_is_forgotten(void **state)
{
	(void)state;
	assert_int_equal(outcome_of_the_last(false, false), 'a');
	assert_int_equal(outcome_of_the_last(true, true), 'd');
	assert_int_equal(outcome_of_the_last(true, false), 'd');
}

/* As at the first start of a daemon: nothing is there yet. (A build with sanitizers sees what is done to arrays that were never made.) */
static void an_empty_index_answers(void **state)
{
	(void)state;
	index_t *index = index_new(60LL * 86400000, (index_limits){.entries = 1000});
	sketch nothing = {0};
	uint8_t id[ARTICLE_ID_BYTES] = {1};
	index_question q = {.sketch = &nothing, .article_id = id, .clock_ms = -1};
	index_found found;
	assert_int_equal(index_expire(index, 1700000000000, 1000), 0);
	assert_int_equal(index_oldest_segment(index), UINT32_MAX);
	assert_false(index_find_base(index, &q, &found));
	assert_false(index_find_copy(index, &q, &found));
	assert_false(index_find_fingerprint(index, id, -1, 0, 0, 0, &found));
	index_free(&index);
}

/* A dead letter never grows beyond what its topic takes, or the broker would refuse it for ever: first its value goes, then its key. */
/* A producer may write any timestamp. */
static void a_clock_at_the_end_of_time_is_only_a_clock(void **state)
{
	(void)state;
	index_t *index = index_new(60 * 86400000LL, (index_limits){.entries = 1000});
	index_entry e = {.clock_ms = INT64_MAX, .seen_ms = 1700000000000, .topic = index_topic(index, mr_bytes_of("in"))};
	e.sketch = *sketch_of(0);
	index_settle(index, index_add(index, &e), 1);
	assert_int_equal(index_expire(index, 1700000000000, 10), 0);
	assert_int_equal(index_expire(index, INT64_MAX, 10), 0);
	e.clock_ms = 0;
	e.offset = 1;
	index_settle(index, index_add(index, &e), 1);
	assert_int_equal(index_expire(index, 1700000000000 + 59 * 86400000LL, 10), 0);
	assert_int_equal(index_expire(index, 1700000000000 + 61 * 86400000LL, 10), 1);
	index_free(&index);
}

static void a_dead_letter_fits_its_topic(void **state)
{
	static char key[200];
	static const struct { size_t key, value; bool key_kept, value_kept; } rows[] = {{20, 20, true, true}, {80, 20, true, true}, {90, 20, true, false}, {20, 120, true, false},
											{150, 20, false, true}, {150, 120, false, false}};
	(void)state;
	memset(&w, 0, sizeof w);
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
	open_world(&w);
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
	(void)state;
	memset(&w, 0, sizeof w);
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
	open_world(&w);
	const mr_field header = {{"long", 4}, {"header", 6}};
	record_source source = {.topic = "in", .timestamp_ms = -1, .key = {"key", 3}, .value = {"no json", 7}, .headers = &header, .header_count = 1};
	w.lent_messages++;
	pipeline_take(w.pipeline, w.p[0], &source, &w);
	for (int round = 0; round < 2; round++) {
		assert_true(epochs_poll(w.epochs, ++w.now, true));
		const publish_message *m = &w.batch->messages[0];
		assert_int_equal(m->kind, PUBLISH_DEAD);
		assert_true((m->value.data != NULL) == (round == 0) && (m->key.data != NULL) == (round == 0));
		assert_true(mr_bytes_equal(w.batch->fields[m->first_field].name, "long") == (round == 0));       /* headers may be what is too large */
		publish_result result = {.outcome = round == 0 ? PUBLISH_KEPT : PUBLISH_COMMITTED, .epoch = w.batch->epoch, .refused = round == 0 ? m->ticket : NULL};
		publish_batch_free(&w.batch);
		epochs_answer(w.epochs, &result);
	}
	assert_int_equal(pipeline_counts_get(w.pipeline)->dead_by_code[FAULT_NOT_JSON], 1);
	close_world(&w);
}

/* Promise 6: everything that a record holds is counted, its headers too. */
static void headers_count_as_bytes_in_flight(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
	open_world(&w);
	record_source source = {.topic = "in", .timestamp_ms = -1, .value = {"no json", 7}, .header_bytes = 1000000};
	w.lent_messages++;
	pipeline_take(w.pipeline, w.p[0], &source, &w);
	assert_true(pipeline_bytes(w.pipeline) > 1000000);
	pipeline_drop(w.pipeline, NULL);
	close_world(&w);
}

/* Key and headers that do not leave with an article do not make it too large. */
static void what_stays_behind_is_not_too_large(void **state)
{
	static char large[200000];
	const mr_field header = {{"h", 1}, {large, sizeof large}};
	(void)state;
	memset(&w, 0, sizeof w);
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
	w.feed[0][0].parts = 1;
	open_world(&w);
	pipeline_set_max_output(w.pipeline, 100000);
	memset(large, 'k', sizeof large);
	record_source source = {.topic = "in", .timestamp_ms = -1, .key = {large, sizeof large}, .value = mr_bytes_of("{\"text\":\"short\"}"), .headers = &header, .header_count = 1};
	w.lent_messages++;
	pipeline_take(w.pipeline, w.p[0], &source, &w);
	answer_for(&w, &w.dedup, answer_dedup, 0, 0);
	answer_for(&w, &w.classify, answer_classify, 0, 0);
	assert_true(epochs_poll(w.epochs, ++w.now, true));
	assert_int_equal(w.batch->messages[0].kind, PUBLISH_ARTICLE);
	publish_result result = {.outcome = PUBLISH_REWIND, .epoch = w.batch->epoch};
	publish_batch_free(&w.batch);
	epochs_answer(w.epochs, &result);
	pipeline_drop(w.pipeline, NULL);
	close_world(&w);
}

/* sink.route = by-label: once to each topic, deletions to all of them; bytes are counted as often as they are sent. */
static void routed_articles_leave_once_for_each_topic(void **state)
{
	static const struct { int r; const char *topic; } want[] = {{0, "articles.enriched.science"}, {0, "people"}, {1, "rest"}, {2, "articles.duplicates"},
		{3, "articles.enriched.education"}, {3, "articles.enriched.science"}, {3, "people"}, {3, "rest"}};
	size_t bytes = 0;
	(void)state;
	memset(&w, 0, sizeof w);
	w.seed = 1;
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000",
			.sets = {"sink.route=by-label", "sink.label_topics=none=rest talent=people", "intake.identity=key"}};
	w.records = 4;
	open_world(&w);
	for (int r = 0; r < 4; r++) {
		w.feed[0][r] = (fed){.id = r, .address = -1, .parts = 1, .text = {r == 2 ? 0 : r * EDITIONS}, .filtered = {r == 1}};
		snprintf(w.feed[0][r].bytes, sizeof w.feed[0][r].bytes, "record %d", r);
		write_value(&w.feed[0][r]);
		record_source source = {.topic = "in", .offset = r, .timestamp_ms = -1, .key = {"key", 3}, .value = r == 3 ? (mr_bytes){NULL, 0} : mr_bytes_of(w.feed[0][r].value)};
		w.lent_messages++;
		pipeline_take(w.pipeline, w.p[0], &source, &w);
		while (answer_some(&w, &w.dedup, answer_dedup) || answer_some(&w, &w.classify, answer_classify))
			pipeline_settle(w.pipeline);
	}
	assert_true(epochs_poll(w.epochs, w.now += 10, true));
	assert_int_equal(w.batch->message_count, sizeof want / sizeof *want);
	for (size_t i = 0; i < w.batch->message_count; i++) {
		const publish_message *m = &w.batch->messages[i];
		assert_string_equal(m->topic, want[i].topic);
		assert_int_equal(((item *)m->ticket)->offset, want[i].r);
		assert_int_equal(m->key.len, 32);
		bytes += m->value.len;
		w.sink[0][want[i].r][0].outcome = want[i].r < 2 ? 'a' : 'd';
	}
	assert_ptr_equal(w.batch->messages[0].value.data, w.batch->messages[1].value.data);
	publish_result result = {.outcome = PUBLISH_COMMITTED, .epoch = w.batch->epoch};
	publish_batch_free(&w.batch);
	epochs_answer(w.epochs, &result);
	const pipeline_counts *c = pipeline_counts_get(w.pipeline);
	assert_int_equal(c->bytes_out, bytes);
	assert_int_equal(epochs_counts_get(w.epochs).bytes, bytes);
	assert_int_equal(c->published, 2);
	assert_int_equal(c->articles, 2);
	assert_int_equal(c->tombstones, 1);
	close_world(&w);
}

static bool next_is_careful(publish_result result)
{
	result.epoch = w.batch->epoch;
	publish_batch_free(&w.batch);
	epochs_answer(w.epochs, &result);
	record_source source = {.topic = "in", .offset = w.now, .timestamp_ms = -1, .value = {"no json", 7}};
	w.lent_messages++;
	pipeline_take(w.pipeline, w.p[0], &source, &w);
	assert_true(epochs_poll(w.epochs, ++w.now, true));
	return w.batch->careful;
}

/* One message at a time finds the record that is refused; after a timeout it would only make the next one certain. */
static void only_a_refusal_makes_careful(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
	open_world(&w);
	record_source source = {.topic = "in", .timestamp_ms = -1, .value = {"no json", 7}};
	w.lent_messages++;
	pipeline_take(w.pipeline, w.p[0], &source, &w);
	assert_true(epochs_poll(w.epochs, ++w.now, true));
	assert_false(w.batch->careful);
	assert_false(next_is_careful((publish_result){.outcome = PUBLISH_KEPT}));
	assert_true(next_is_careful((publish_result){.outcome = PUBLISH_KEPT, .refusal = true}));
	assert_true(next_is_careful((publish_result){.outcome = PUBLISH_KEPT}));
	assert_false(next_is_careful((publish_result){.outcome = PUBLISH_COMMITTED}));
	publish_result last = {.outcome = PUBLISH_COMMITTED, .epoch = w.batch->epoch};
	publish_batch_free(&w.batch);
	epochs_answer(w.epochs, &last);
	close_world(&w);
}

/* A finished record of about `bytes` in the core: what cannot be parsed is dead at once. */
static void take_garbage(size_t bytes)
{
	static char garbage[1 << 20];
	memset(garbage, 'g', sizeof garbage);
	record_source source = {.topic = "in", .offset = w.now++, .timestamp_ms = -1, .value = {garbage, bytes}};
	w.lent_messages++;
	pipeline_take(w.pipeline, w.p[0], &source, &w);
}

/* One epoch that takes the broker so long; returns how many records it had. */
static size_t epoch_taking(int64_t commit_us, enum publish_outcome outcome)
{
	if (!epochs_poll(w.epochs, ++w.now, true))
		return 0;
	size_t count = w.batch->message_count;
	publish_result result = {.outcome = outcome, .epoch = w.batch->epoch, .commit_us = commit_us};
	publish_batch_free(&w.batch);
	epochs_answer(w.epochs, &result);
	return count;
}

/* A slow broker: what it cannot take within its own patience would get us fenced, at every start anew. So epochs begin small and grow only while it keeps up. */
static void an_epoch_is_no_larger_than_the_broker_is_patient(void **state)
{
	enum { RECORD = 16 << 10, COUNT = 1200 };
	(void)state;
	memset(&w, 0, sizeof w);
	w.plan = (plan){.partitions = 1, .duplicates = "topic", .epoch_records = "5000"};
	open_world(&w);
	epochs_set_patience(w.epochs, 4000000);
	for (int i = 0; i < COUNT; i++)
		take_garbage(RECORD);
	size_t first = epoch_taking(100000, PUBLISH_COMMITTED), left = COUNT - first;
	assert_int_equal(first, 16);                             /* 256 KB */
	assert_int_equal(epoch_taking(100000, PUBLISH_COMMITTED), 2 * first);
	assert_int_equal(epoch_taking(2500000, PUBLISH_COMMITTED), 4 * first);   /* too long */
	assert_int_equal(epoch_taking(3000000, PUBLISH_KEPT), 2 * first);
	assert_int_equal(epoch_taking(1500000, PUBLISH_COMMITTED), first);       /* neither long nor short */
	assert_int_equal(epoch_taking(2500000, PUBLISH_COMMITTED), first);
	assert_int_equal(epoch_taking(100000, PUBLISH_COMMITTED), first / 2);
	left -= (2 + 4 + 1 + 1) * first + first / 2;
	for (size_t n, most = 0; left; left -= n) {
		n = epoch_taking(100000, PUBLISH_COMMITTED);
		assert_true(n > 0 && n <= 256);                  /* publish.epoch_bytes */
		most = n > most ? n : most;
		assert_true(left > n || most == 256);
	}
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_count_as_bytes_in_flight),
		cmocka_unit_test(only_a_refusal_makes_careful),
		cmocka_unit_test(an_epoch_is_no_larger_than_the_broker_is_patient),
		cmocka_unit_test(what_stays_behind_is_not_too_large),
		cmocka_unit_test(what_a_dead_article_taught_is_forgotten),
		cmocka_unit_test(an_empty_index_answers),
		cmocka_unit_test(a_clock_at_the_end_of_time_is_only_a_clock),
		cmocka_unit_test(a_dead_letter_fits_its_topic),
		cmocka_unit_test(a_refused_dead_letter_leaves_bare),
		cmocka_unit_test_teardown(one_partition_equals_one_record_after_the_other, tell_seed),
		cmocka_unit_test_teardown(two_partitions_publish_every_story_once, tell_seed),
		cmocka_unit_test_teardown(pages_are_judged_part_by_part_and_live_or_die_as_one, tell_seed),
		cmocka_unit_test_teardown(revisions_follow_their_base, tell_seed),
		cmocka_unit_test_teardown(filtered_articles_leave_no_trace, tell_seed),
		cmocka_unit_test(routed_articles_leave_once_for_each_topic),
		cmocka_unit_test_teardown(more_revisions_than_allowed_are_withheld, tell_seed),
		cmocka_unit_test_teardown(dropped_duplicates_are_counted, tell_seed),
		cmocka_unit_test_teardown(enriched_duplicates_take_the_whole_way, tell_seed),
		cmocka_unit_test_teardown(what_the_broker_refuses_is_a_dead_letter, tell_seed),
		cmocka_unit_test(repeats_never_wait_in_a_circle),
		cmocka_unit_test(repeats_follow_a_duplicate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
