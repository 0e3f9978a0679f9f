/* test_daemon_pace.c - the rate of intake, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "daemon/pace.h"

#define SECOND 1000000

/* As many as it gives in so many microseconds when it is asked every `beat`. */
static int64_t taken(pace *p, int64_t *now, int64_t microseconds, int64_t beat)
{
	int64_t count = 0, end = *now + microseconds;
	for (; *now < end; *now += beat)
		while (pace_take(p, *now) && count < 100000000)
			count++;
	return count;
}

static void without_a_rate_everything_passes(void **state)
{
	(void)state;
	pace p = {0};
	for (int i = 0; i < 1000; i++)
		assert_true(pace_take(&p, 7));
}

static void the_rate_is_kept_whatever_the_beat(void **state)
{
	(void)state;
	static const int64_t rates[] = {1, 3, 20, 999, 50000, 10000000}, beats[] = {1000, 33333, 100000, 113000};
	for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
		for (size_t b = 0; b < sizeof beats / sizeof *beats; b++) {
			pace p = {0};
			int64_t now = 5 * SECOND, burst = rates[r] / 4 + 2;
			pace_set(&p, rates[r], now);
			int64_t count = taken(&p, &now, 10 * SECOND, beats[b]);
			assert_in_range(count, 10 * rates[r] - rates[r] / 4 - 1, 10 * rates[r] + burst);
		}
}

static void what_was_not_used_is_not_made_up_for(void **state)
{
	(void)state;
	pace p = {0};
	int64_t now = SECOND;
	pace_set(&p, 100, now);
	now += 3600LL * SECOND;
	assert_int_equal(taken(&p, &now, 1, 1), 26);
	now += 10LL * 365 * 24 * 3600 * SECOND;          /* a machine that slept */
	assert_int_equal(taken(&p, &now, 1, 1), 26);
	now -= SECOND;                                   /* a clock that went back: nothing, and no harm */
	assert_int_equal(taken(&p, &now, 1, 1), 0);
	now += SECOND;
	assert_int_equal(taken(&p, &now, 1, 1), 26);
}

static void a_new_rate_holds_at_once(void **state)
{
	(void)state;
	pace p = {0};
	int64_t now = SECOND;
	pace_set(&p, 1000, now);
	now += SECOND;
	pace_set(&p, 8, now);                            /* 250 were saved up */
	assert_int_equal(taken(&p, &now, 1, 1), 3);
	pace_set(&p, 0, now);
	assert_true(pace_take(&p, now));
	pace_set(&p, 1, now);
	assert_false(pace_take(&p, now));
	assert_true(pace_take(&p, now + SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rate_everything_passes),
		cmocka_unit_test(the_rate_is_kept_whatever_the_beat),
		cmocka_unit_test(what_was_not_used_is_not_made_up_for),
		cmocka_unit_test(a_new_rate_holds_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
