/* Window and limits of the index: what goes, in which order, and when it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/keeper.h"

#define DAY_MS 86400000LL
#define START_MS 1700000000000LL
#define PER_DAY 1000

static index_entry entry_of(uint64_t n, int64_t clock_ms)
{
	index_entry e = {.clock_ms = clock_ms, .seen_ms = clock_ms, .offset = (int64_t)n, .page_count = 1, .has_fingerprint = true, .address = n};
	for (size_t i = 0; i < 8; i++)
		e.article_id[i] = e.fingerprint[i] = e.fingerprint[8 + i] = (uint8_t)((n + 1) * 0x9E3779B97F4A7C15u >> 8 * i);
	memcpy(e.story_id, e.article_id, ARTICLE_ID_BYTES);
	e.sketch.exact = n + 1;
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		e.sketch.key[i] = (uint32_t)((n * SKETCH_KEYS + i + 1) * 2654435761u);
	return e;
}

/* Entries of some days, each day in a log segment of its own from 1 on. */
static index_t *fill(index_limits limits, uint64_t days)
{
	index_t *index = index_new(60 * DAY_MS, limits);
	index_topic(index, mr_bytes_of("in"));
	for (uint64_t n = 0; n < days * PER_DAY; n++) {
		index_entry e = entry_of(n, START_MS + (int64_t)(n / PER_DAY) * DAY_MS);
		index_restore(index, &e, (uint32_t)(1 + n / PER_DAY));
	}
	index_restored(index);
	return index;
}

static bool holds(const index_t *index, uint64_t n)
{
	index_entry e = entry_of(n, START_MS + (int64_t)(n / PER_DAY) * DAY_MS);
	return index_layer_of(index, &e) == INDEX_SETTLED;
}

static void memory_is_bounded_and_the_oldest_go(void **state)
{
	(void)state;
	enum { LIMIT = 24 << 20 };
	index_t *index = fill((index_limits){.memory_bytes = LIMIT}, 400);
	index_stats x = index_stats_get(index);
	assert_true(x.memory_bytes < LIMIT * 21 / 20);
	assert_true(x.settled > 60000 && x.settled + x.evicted == 400 * PER_DAY && x.expired == 0);
	assert_true(holds(index, 400 * PER_DAY - 1));
	assert_true(holds(index, 400 * PER_DAY - x.settled + 100) && !holds(index, 400 * PER_DAY - x.settled - 100));
	index_free(&index);
}

static void the_window_goes_a_day_at_a_time(void **state)
{
	(void)state;
	index_t *index = fill((index_limits){0}, 62);
	keeper keep = keeper_of(index, 0);
	keeper_view view = {.now_ms = START_MS + 61 * DAY_MS + DAY_MS / 2};
	keeper_look(&keep, &view);
	index_stats x = index_stats_get(index);
	assert_true(x.expired == PER_DAY && x.evicted == 0 && keep.warnings == 0);
	assert_true(!holds(index, PER_DAY - 1) && holds(index, PER_DAY));
	assert_int_equal(index_oldest_segment(index), 2);
	index_free(&index);
}

/* One segment at a time, and the next only when the log has had an epoch to remove it. */
static void a_log_too_large_loses_its_oldest_segments(void **state)
{
	(void)state;
	index_t *index = fill((index_limits){0}, 4);
	keeper keep = keeper_of(index, 1000);
	keeper_view view = {.now_ms = START_MS + 4 * DAY_MS, .log_bytes = 1000, .epochs = 10, .segment = 4};
	keeper_look(&keep, &view);
	assert_int_equal(index_stats_get(index).evicted, 0);
	view.log_bytes = 1001;
	for (int i = 0; i < 5; i++)
		keeper_look(&keep, &view);
	assert_int_equal(index_oldest_segment(index), 2);
	view.epochs = 11;                                        /* was formed before */
	keeper_look(&keep, &view);
	assert_int_equal(index_oldest_segment(index), 2);
	view.epochs = 12;
	keeper_look(&keep, &view);
	assert_int_equal(index_oldest_segment(index), 3);
	assert_int_equal(keep.warnings, 1);
	for (view.epochs = 20; view.epochs < 60; view.epochs += 2)
		keeper_look(&keep, &view);
	assert_int_equal(index_oldest_segment(index), 4);        /* the one that is being written stays */
	assert_true(holds(index, 3 * PER_DAY));
	index_free(&index);
}

static void a_full_index_is_told_once(void **state)
{
	(void)state;
	index_t *index = fill((index_limits){.entries = 2 * PER_DAY}, 2);
	keeper keep = keeper_of(index, 0);
	keeper_view view = {.now_ms = START_MS + 2 * DAY_MS};
	keeper_look(&keep, &view);
	assert_int_equal(keep.warnings, 0);
	for (uint64_t n = 0; n < 100; n++, view.now_ms += 60000) {
		index_entry e = entry_of(10 * PER_DAY + n, view.now_ms);
		index_settle_foreign(index, &e, 9);
		keeper_look(&keep, &view);
	}
	assert_true(keep.warnings == 1 && index_stats_get(index).evicted == 100);
	view.now_ms += 2 * 3600000;
	keeper_look(&keep, &view);
	assert_int_equal(keep.warnings, 1);
	index_entry e = entry_of(20 * PER_DAY, view.now_ms);
	index_settle_foreign(index, &e, 9);
	keeper_look(&keep, &view);
	assert_int_equal(keep.warnings, 2);
	index_free(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_bounded_and_the_oldest_go),
		cmocka_unit_test(the_window_goes_a_day_at_a_time),
		cmocka_unit_test(a_log_too_large_loses_its_oldest_segments),
		cmocka_unit_test(a_full_index_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
