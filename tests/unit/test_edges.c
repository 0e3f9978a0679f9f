/* test_edges.c - what a source repeats: learned from rows, forgotten with them, the same whatever the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/edges.h"

#define DAY_MS 86400000LL
#define NOW_MS 1700000000000

/* Article number n of a source: its first line is `head`, behind it one of its own; its last one is `tail` (0: one of its own). */
static index_entry entry_of(uint64_t source, int n, uint32_t head, uint32_t tail)
{
	return (index_entry){.source = source, .clock_ms = NOW_MS + n * 60000LL, .offset = n, .head_count = 2, .tail_count = 2,
			     .head = {head, 1000u + (uint32_t)n}, .tail = {tail ? tail : 5000u + (uint32_t)n, 9000u + (uint32_t)n}};
}

static uint32_t repeated(const edges *self, const index_entry *e)
{
	return edges_find(self, e).repeated;
}

static void test_three_articles_teach(void **state)
{
	(void)state;
	edges *self = edges_new(60 * DAY_MS);
	index_entry later = entry_of(7, 50, 11, 22);
	for (int n = 0; n < 3; n++) {
		edges_found found = edges_find(self, &later);
		assert_int_equal(found.repeated, 0);
		assert_int_equal(found.seen, n ? 1 | 1u << INDEX_EDGES : 0);
		index_entry e = entry_of(7, n, 11, n < 2 ? 22 : 0);
		edges_add(self, &e, n == 1);
	}
	assert_int_equal(repeated(self, &later), 1);                     /* head 0; the tail has been there twice */
	assert_int_equal(edges_find(self, &later).seen, 1 | 1u << INDEX_EDGES);
	index_entry elsewhere = later, moved = later;
	elsewhere.source = 8;
	assert_int_equal(edges_find(self, &elsewhere).seen, 0);
	moved.head[0] = 77;
	moved.head[1] = 11;                                              /* a date line stands in front of it today */
	assert_int_equal(repeated(self, &moved), 2);
	memcpy(moved.tail, moved.head, sizeof moved.tail);               /* a head is no tail */
	moved.head_count = 0;
	assert_int_equal(edges_find(self, &moved).seen, 0);
	edges_free(&self);
}

static void test_dropped_rows_teach_nothing(void **state)
{
	(void)state;
	edges *self = edges_new(60 * DAY_MS);
	index_entry e[3], later = entry_of(7, 50, 11, 22);
	for (int n = 0; n < 3; n++) {
		e[n] = entry_of(7, n, 11, 22);
		edges_add(self, &e[n], false);
	}
	assert_int_equal(repeated(self, &later), 1 | 1u << INDEX_EDGES);
	assert_int_equal(repeated(self, &e[2]), 0);                      /* its own row is none of the others */
	edges_drop(self, &e[0]);
	assert_int_equal(repeated(self, &later), 0);
	edges_add(self, &e[0], true);
	edges_drop(self, &e[0]);                                         /* settled: it stays */
	assert_int_equal(repeated(self, &later), 1 | 1u << INDEX_EDGES);
	edges_add(self, &e[0], true);                                    /* the same one is one */
	edges_drop(self, &e[1]);
	assert_int_equal(repeated(self, &later), 0);
	index_entry revision = entry_of(7, 9, 11, 22), unknown = entry_of(0, 10, 11, 22), alias = entry_of(7, 11, 11, 22);
	revision.revision = 1;
	alias.kind = INDEX_ALIAS;
	edges_add(self, &revision, true);
	edges_add(self, &unknown, true);
	edges_add(self, &alias, true);
	assert_int_equal(repeated(self, &later), 0);
	edges_free(&self);
}

/* Five sentences that a form takes in turn: each is repeated, none is what the source repeats. */
static void test_sentences_of_a_form(void **state)
{
	(void)state;
	edges *self = edges_new(60 * DAY_MS);
	for (int n = 0; n < 40; n++) {
		index_entry e = entry_of(7, n, 11 + (uint32_t)n % 5, 22);
		edges_add(self, &e, true);
	}
	index_entry later = entry_of(7, 50, 11, 22);
	assert_int_equal(repeated(self, &later), 1u << INDEX_EDGES);
	assert_int_equal(edges_find(self, &later).seen, 1 | 1u << INDEX_EDGES);
	edges_free(&self);
}

static void test_window(void **state)
{
	(void)state;
	edges *self = edges_new(60 * DAY_MS);
	for (int n = 0; n < 3; n++) {
		index_entry e = entry_of(7, n, 11, 0);
		edges_add(self, &e, true);
	}
	index_entry later = entry_of(7, 50, 11, 0);
	later.clock_ms = NOW_MS + 61 * DAY_MS;
	assert_int_equal(repeated(self, &later), 0);
	later.clock_ms = -1;                                             /* a record without a clock is near everything */
	assert_int_equal(repeated(self, &later), 1);
	index_entry future[40];
	for (int n = 0; n < 40; n++) {                                   /* rows dated into the future take the room of others, and teach nobody else */
		future[n] = entry_of(7, 100 + n, 11, 0);
		future[n].clock_ms = INT64_MAX - n;
		edges_add(self, &future[n], true);
	}
	later.clock_ms = NOW_MS;
	assert_int_equal(repeated(self, &later), 0);
	edges_set_window(self, INT64_MAX);
	assert_int_equal(repeated(self, &later), 1);
	edges_free(&self);
}

/* What is answered at any moment does not depend on how the rows came there: a start reads them all settled, a running daemon has some in flight. */
static void test_order_and_layer_do_not_matter(void **state)
{
	(void)state;
	index_entry e[60];
	for (int n = 0; n < 60; n++) {
		e[n] = entry_of(7, n, n % 4 ? 11 : 12, n % 7 ? 22 : 0);
		e[n].clock_ms = NOW_MS + (n * 37 % 60) * 3600000LL;      /* clocks do not follow the order of reading */
	}
	for (int settled = 0; settled <= 60; settled += 5) {
		edges *one = edges_new(60 * DAY_MS), *other = edges_new(60 * DAY_MS);
		for (int n = 0; n < 60; n++)
			edges_add(one, &e[n], true);
		for (int n = 59; n >= 0; n--)
			edges_add(other, &e[n], false);
		for (int n = 0; n < settled; n++)
			edges_add(other, &e[(n * 17 + 3) % 60], true);
		for (uint32_t head = 11; head < 14; head++) {
			index_entry q = entry_of(7, 99, head, 22);
			edges_found x = edges_find(one, &q), y = edges_find(other, &q);
			assert_int_equal(x.repeated, y.repeated);
			assert_int_equal(x.seen, y.seen);
		}
		edges_free(&one);
		edges_free(&other);
	}
}

static void test_silent_sources_are_forgotten(void **state)
{
	(void)state;
	edges *self = edges_new(60 * DAY_MS);
	index_entry pending = entry_of(1, 0, 11, 22);
	edges_add(self, &pending, false);
	for (int n = 1; n <= EDGES_SOURCES; n++) {
		index_entry e = entry_of((uint64_t)n + 1, n, 11, 22);
		edges_add(self, &e, true);
	}
	edges_stats stats = edges_stats_get(self);
	assert_int_equal(stats.forgotten, EDGES_SOURCES / 8 - 1);        /* the oldest one has an article in flight */
	assert_int_equal(stats.sources, EDGES_SOURCES + 1 - stats.forgotten);
	assert_true(stats.memory_bytes < 32 << 20);
	index_entry old = entry_of(2, EDGES_SOURCES + 9, 11, 22), fresh = entry_of(EDGES_SOURCES + 1, EDGES_SOURCES + 9, 11, 22), first = entry_of(1, EDGES_SOURCES + 9, 11, 22);
	assert_int_equal(edges_find(self, &old).seen, 0);
	assert_int_equal(edges_find(self, &fresh).seen, 1 | 1u << INDEX_EDGES);
	assert_int_equal(edges_find(self, &first).seen, 1 | 1u << INDEX_EDGES);
	edges_free(&self);
}

static void test_names_of_sources(void **state)
{
	(void)state;
	mr_bytes none = {NULL, 0};
	assert_true(edges_source(none, none) == 0);
	assert_true(edges_source(mr_bytes_of("晚报"), none) == edges_source(mr_bytes_of("晚报"), mr_bytes_of("https://a.example/1")));
	uint64_t host = edges_source(none, mr_bytes_of("https://a.example/1"));
	assert_true(host && host == edges_source(none, mr_bytes_of("https://a.example/other?x=1")) && host == edges_source(none, mr_bytes_of("a.example")));
	assert_true(host != edges_source(none, mr_bytes_of("https://b.example/1")) && host != edges_source(mr_bytes_of("a.example"), none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_articles_teach),
		cmocka_unit_test(test_dropped_rows_teach_nothing),
		cmocka_unit_test(test_sentences_of_a_form),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_order_and_layer_do_not_matter),
		cmocka_unit_test(test_silent_sources_are_forgotten),
		cmocka_unit_test(test_names_of_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
