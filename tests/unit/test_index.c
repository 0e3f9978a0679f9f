/* The index by itself: what is found, by whom, and what aliases tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/index.h"

#define WINDOW_MS (60 * 86400000LL)
#define CLOCK_MS 1700000000000LL

static index_entry entry_of(index_t *index, int id, int64_t offset)
{
	index_entry e = {.clock_ms = CLOCK_MS, .seen_ms = CLOCK_MS, .offset = offset, .topic = index_topic(index, mr_bytes_of("in")), .page_count = 1, .has_fingerprint = true};
	e.article_id[0] = e.story_id[0] = (uint8_t)id;
	e.fingerprint[0] = (uint8_t)(100 + id);
	e.sketch.exact = (uint64_t)id;
	e.sketch.shingles = 10;
	e.sketch.key[0] = (uint32_t)id;
	return e;
}

static index_entry alias_of(index_t *index, int owner, int fingerprint)
{
	index_entry e = {.kind = INDEX_ALIAS, .clock_ms = CLOCK_MS, .seen_ms = CLOCK_MS, .offset = 1000, .topic = index_topic(index, mr_bytes_of("in")), .page_count = 3,
			 .has_fingerprint = true, .owner_kind = 2, .similarity = 0.75};
	e.owner_id[0] = (uint8_t)owner;
	e.fingerprint[0] = (uint8_t)fingerprint;
	return e;
}

static bool find_bytes(index_t *index, int fingerprint, int64_t clock_ms, int64_t offset, index_found *found)
{
	uint8_t bytes[16] = {(uint8_t)fingerprint};
	return index_find_fingerprint(index, bytes, clock_ms, index_topic(index, mr_bytes_of("in")), 0, offset, found);
}

static void an_alias_tells_what_the_duplicate_was_told(void **state)
{
	(void)state;
	index_t *index = index_new(WINDOW_MS, (index_limits){.entries = 1000});
	index_entry owner = entry_of(index, 1, 0), alias = alias_of(index, 1, 7);
	index_found found;
	owner.story_id[0] = 9;
	assert_true(index_alias(index, &alias, 3) != 0);         /* before its owner: epochs and journals keep no order */
	assert_int_equal(index_alias(index, &alias, 4), 0);
	assert_int_equal(index_oldest_segment(index), 3);
	assert_false(find_bytes(index, 7, CLOCK_MS, 5, &found));
	uint32_t number = index_add(index, &owner);
	assert_false(find_bytes(index, 7, CLOCK_MS, 5, &found));         /* pending */
	index_settle(index, number, 4);
	assert_true(find_bytes(index, 7, CLOCK_MS, 5, &found));
	assert_true(found.alias && found.article_id[0] == 1 && found.story_id[0] == 9 && found.page_count == 3 && found.owner_kind == 2);
	assert_true(found.match.similarity == 0.75);
	assert_false(find_bytes(index, 7, CLOCK_MS, 0, &found));         /* its owner asks: it is no duplicate of itself */
	assert_false(find_bytes(index, 7, CLOCK_MS + WINDOW_MS + 1, 5, &found));
	assert_true(find_bytes(index, 101, CLOCK_MS, 5, &found) && !found.alias && found.match.similarity == 1);
	index_stats stats = index_stats_get(index);
	assert_true(stats.settled == 1 && stats.aliases == 1 && stats.pending == 0);
	index_free(&index);
}

/* An operator set offsets back: places of a partition stand in the log twice, the later entry counts. */
static void places_that_come_again_in_a_log_are_replaced(void **state)
{
	(void)state;
	static const struct { int id; int64_t offset; int fingerprint; } rows[] = {{1, 5, 11}, {2, 6, 12}, {1, 5, 13}, {3, 7, 14}, {2, 6, 15}};
	index_t *index = index_new(WINDOW_MS, (index_limits){.entries = 1000});
	index_found found;
	index_expect(index, 100000);
	for (size_t i = 0; i < 5; i++) {
		index_entry e = entry_of(index, rows[i].id, rows[i].offset);
		e.fingerprint[0] = (uint8_t)rows[i].fingerprint;
		index_restore(index, &e, 1);
	}
	index_restored(index);
	assert_int_equal(index_stats_get(index).settled, 3);
	assert_true(!find_bytes(index, 11, CLOCK_MS, 99, &found) && !find_bytes(index, 12, CLOCK_MS, 99, &found));
	assert_true(find_bytes(index, 13, CLOCK_MS, 99, &found) && find_bytes(index, 14, CLOCK_MS, 99, &found) && find_bytes(index, 15, CLOCK_MS, 99, &found));
	index_entry again = entry_of(index, 3, 7);       /* the epoch in doubt, whose fate is known later */
	again.fingerprint[0] = 16;
	index_restore(index, &again, 2);
	index_restored(index);
	assert_int_equal(index_stats_get(index).settled, 3);
	assert_true(!find_bytes(index, 14, CLOCK_MS, 99, &found) && find_bytes(index, 16, CLOCK_MS, 99, &found));
	index_free(&index);
}

static void what_another_daemon_published_is_taken_once(void **state)
{
	(void)state;
	index_t *index = index_new(WINDOW_MS, (index_limits){.entries = 1000});
	index_entry e = entry_of(index, 1, 0);
	index_found found;
	uint8_t id[ARTICLE_ID_BYTES] = {2};
	index_question q = {.sketch = &e.sketch, .article_id = id, .clock_ms = CLOCK_MS, .offset = 9, .topic = e.topic};
	e.holder = (struct part *)&e;
	assert_int_equal(index_layer_of(index, &e), INDEX_ABSENT);
	uint32_t pending = index_add(index, &e);
	assert_int_equal(index_layer_of(index, &e), INDEX_PENDING);
	assert_true(index_find_copy(index, &q, &found) && found.pending && found.holder == e.holder);
	uint32_t settled = index_settle_foreign(index, &e, 0);
	assert_true(settled != 0 && settled != pending);
	assert_int_equal(index_settle_foreign(index, &e, 0), 0);
	assert_int_equal(index_layer_of(index, &e), INDEX_SETTLED);
	assert_true(index_find_copy(index, &q, &found) && !found.pending && !found.holder);      /* of two with the same coordinates the settled one */
	assert_int_equal(index_oldest_segment(index), UINT32_MAX);
	index_written(index, settled, 5);
	assert_int_equal(index_oldest_segment(index), 5);
	index_settle(index, pending, 6);         /* ours was committed after all: it replaces the other */
	assert_int_equal(index_oldest_segment(index), 5);        /* a dozen of entries gives a segment free together */
	assert_int_equal(index_stats_get(index).settled, 1);
	assert_int_equal(index_evict_segment(index, 4, 10), 0);
	assert_int_equal(index_evict_segment(index, 5, 10), 1);
	assert_int_equal(index_oldest_segment(index), UINT32_MAX);
	index_free(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alias_tells_what_the_duplicate_was_told),
		cmocka_unit_test(what_another_daemon_published_is_taken_once),
		cmocka_unit_test(places_that_come_again_in_a_log_are_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
