/* The last hour in bounded memory: rows, rates, latency, windows. Time is a number here, so every case is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>

#include "daemon/history.h"

static const char *const stages[] = {"extract", "classify"};

static history_sample sample(int64_t read, int64_t published, int64_t lag)
{
	history_sample s = {.lag = lag, .in_flight = read - published, .queued = {3, 7}, .answered = {read, published}};
	s.totals[HISTORY_READ] = read;
	s.totals[HISTORY_PUBLISHED] = published;
	return s;
}

static json_t *rendered(const history *h, int64_t since)
{
	buf out = {0};
	json_error_t error;
	history_render(h, since, &out);
	json_t *all = json_loadb(out.data, out.len, 0, &error);
	if (!all)
		fail_msg("%s: %.*s", error.text, (int)out.len, out.data);
	buf_free(&out);
	return all;
}

/* The value of a column in a row counted from the end; -1: null. */
static int64_t cell(const history *h, size_t back, const char *column)
{
	json_t *all = rendered(h, 0), *columns = json_object_get(all, "columns"), *rows = json_object_get(all, "rows"), *name;
	size_t i;
	int64_t found = -2;
	json_array_foreach(columns, i, name)
		if (strcmp(json_string_value(name), column) == 0) {
			json_t *value = json_array_get(json_array_get(rows, json_array_size(rows) - 1 - back), i);
			found = json_is_null(value) ? -1 : json_integer_value(value);
		}
	json_decref(all);
	assert_int_not_equal(found, -2);
	return found;
}

static size_t row_count(const history *h, int64_t since)
{
	json_t *all = rendered(h, since);
	size_t count = json_array_size(json_object_get(all, "rows"));
	json_decref(all);
	return count;
}

static void rows_hold_what_a_step_brought(void **state)
{
	(void)state;
	history *h = history_new(stages, 2);
	assert_int_equal(row_count(h, 0), 0);
	for (int s = 0; s <= 30; s++) {
		history_sample now = sample(s * 10, s * 8, s < 25 ? 100 - s : -1);
		history_second(h, 1000000 + s * 1000, &now);
	}
	assert_int_equal(row_count(h, 0), 3);
	assert_int_equal(row_count(h, 1000000 + 10000), 2);
	assert_int_equal(row_count(h, 1000000 + 30000), 0);
	assert_int_equal(cell(h, 2, "at_ms"), 1010000);
	assert_int_equal(cell(h, 2, "read"), 100);
	assert_int_equal(cell(h, 0, "published"), 80);
	assert_int_equal(cell(h, 1, "lag"), 80);
	assert_int_equal(cell(h, 0, "lag"), -1);
	assert_int_equal(cell(h, 0, "in_flight"), 60);
	assert_int_equal(cell(h, 0, "queue.extract"), 3);
	assert_int_equal(cell(h, 0, "queue.classify"), 7);
	assert_int_equal(cell(h, 0, "p50_ms"), -1);
	assert_int_equal(history_lag(h, 20000), 90);
	assert_int_equal(history_lag(h, 0), -1);
	assert_int_equal(history_lag(h, 3600000), -1);
	history_free(&h);
}

/* The first row holds all that came since the start of the process, also before the first sample. */
static void nothing_is_left_out(void **state)
{
	(void)state;
	history *h = history_new(stages, 2);
	int64_t sum = 0;
	for (int s = 0; s <= 200; s++) {
		history_sample now = sample(500 + s * 7, 0, 0);
		history_second(h, s * 1000, &now);
	}
	for (size_t back = 0; back < row_count(h, -1); back++)
		sum += cell(h, back, "read");
	assert_int_equal(sum, 500 + 200 * 7);
	history_free(&h);
}

static void an_hour_is_kept(void **state)
{
	(void)state;
	history *h = history_new(stages, 2);
	for (int s = 0; s <= 3 * 3600; s++) {
		history_sample now = sample(s, s, 0);
		history_second(h, (int64_t)s * 1000 + 1, &now);
	}
	assert_int_equal(row_count(h, 0), HISTORY_ROWS);
	assert_int_equal(cell(h, 0, "at_ms"), 3 * 3600000 + 1);
	assert_int_equal(cell(h, HISTORY_ROWS - 1, "at_ms"), 2 * 3600000 + 10000 + 1);
	assert_int_equal(history_grown(h, HISTORY_READ, 3600000), 3600);
	assert_int_equal(history_grown(h, HISTORY_READ, 600000), 600);
	assert_int_equal(history_grown(h, HISTORY_DEAD, 600000), 0);
	history_free(&h);
}

static void rates_are_of_the_last_seconds(void **state)
{
	(void)state;
	history *h = history_new(stages, 2);
	assert_true(history_rate(h, HISTORY_READ) == 0);
	history_sample now = sample(1000, 0, 0);
	history_second(h, 1000, &now);
	assert_true(history_rate(h, HISTORY_READ) == 0);         /* one sample says nothing */
	now = sample(1050, 10, 0);
	history_second(h, 2000, &now);
	assert_true(history_rate(h, HISTORY_READ) == 50);
	assert_true(history_stage_rate(h, 1) == 10);
	for (int s = 3; s <= 40; s++) {
		now = sample(1050 + (s - 2) * 20, 10, 0);
		history_second(h, s * 1000, &now);
	}
	assert_true(history_rate(h, HISTORY_READ) == 20);
	assert_true(history_rate(h, HISTORY_PUBLISHED) == 0);
	now = sample(500, 10, 0);                                /* handed back after a rewind: not a negative rate */
	history_second(h, 41000, &now);
	assert_true(history_rate(h, HISTORY_READ) == 0);
	assert_true(history_stage_rate(h, 2) == 0);
	for (int s = 42; s <= 50; s++)
		history_second(h, s * 1000, &now);
	assert_int_equal(cell(h, 0, "read"), 0);
	history_free(&h);
}

static void percentiles_are_near(void **state)
{
	(void)state;
	history *h = history_new(stages, 2);
	history_sample now = sample(0, 0, 0);
	assert_true(history_latency(h, 0.5) < 0);
	for (int i = 1; i <= 1000; i++)
		history_observe(h, i);
	history_second(h, 0, &now);
	int64_t p50 = history_latency(h, 0.5), p99 = history_latency(h, 0.99);
	assert_in_range(p50, 500 / 1.1, 500 * 1.1);
	assert_in_range(p99, 990 / 1.1, 990 * 1.1);
	for (int s = 1; s <= 58; s++)
		history_second(h, s * 1000, &now);
	assert_true(history_latency(h, 0.5) == p50);
	history_second(h, 59000, &now);
	history_second(h, 60000, &now);
	assert_true(history_latency(h, 0.5) < 0);                /* a minute later nothing of it is left */
	history_observe(h, 0);
	history_observe(h, -5);
	history_observe(h, 1e300);
	assert_int_equal(history_latency(h, 0.5), 1);
	assert_true(history_latency(h, 1) > 1000000);
	history_free(&h);
}

/* A row and /status tell the same figure of the same records. */
static void a_percentile_is_rounded_once(void **state)
{
	(void)state;
	history *h = history_new(stages, 2);
	history_sample now = sample(0, 0, 0);
	for (int s = 0; s <= 10; s++) {
		if (s == 5)
			history_observe(h, 1.05);
		history_second(h, s * 1000, &now);
	}
	assert_int_equal(cell(h, 0, "p50_ms"), history_latency(h, 0.5));
	history_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold_what_a_step_brought),
		cmocka_unit_test(nothing_is_left_out),
		cmocka_unit_test(an_hour_is_kept),
		cmocka_unit_test(rates_are_of_the_last_seconds),
		cmocka_unit_test(percentiles_are_near),
		cmocka_unit_test(a_percentile_is_rounded_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
