/* What an operator has paused: wider and narrower pauses, what a resume ends, the bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "daemon/pauses.h"

static void single_partitions_and_topics(void **state)
{
	(void)state;
	pauses *p = pauses_new();
	assert_false(pauses_any(p));
	assert_int_equal(pauses_add(p, "a", 1), PAUSES_CHANGED);
	assert_int_equal(pauses_add(p, "a", 1), PAUSES_SAME);
	assert_int_equal(pauses_add(p, "b", PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);
	assert_true(pauses_cover(p, "a", 1));
	assert_false(pauses_cover(p, "a", 0));
	assert_false(pauses_cover(p, "aa", 1));
	assert_true(pauses_cover(p, "b", 0) && pauses_cover(p, "b", 77));
	assert_true(pauses_any(p) && !pauses_all(p));
	assert_int_equal(pauses_add(p, "b", 5), PAUSES_SAME);
	assert_int_equal(pauses_remove(p, "b", 5), PAUSES_WIDER);
	assert_int_equal(pauses_remove(p, "a", 0), PAUSES_SAME);
	assert_int_equal(pauses_remove(p, "c", PAUSES_ALL_PARTITIONS), PAUSES_SAME);
	assert_int_equal(pauses_remove(p, "a", 1), PAUSES_CHANGED);
	assert_false(pauses_cover(p, "a", 1));
	pauses_free(&p);
	assert_null(p);
}

/* A topic swallows its partitions, everything swallows all: what is listed is what is to be resumed. */
static void a_wider_pause_swallows_narrower_ones(void **state)
{
	(void)state;
	pauses *p = pauses_new();
	const char *topic;
	int32_t number;
	pauses_add(p, "a", 1);
	pauses_add(p, "b", 2);
	pauses_add(p, "a", 3);
	assert_int_equal(pauses_add(p, "a", PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);
	assert_true(pauses_get(p, 0, &topic, &number));
	assert_string_equal(topic, "b");
	assert_int_equal(number, 2);
	assert_true(pauses_get(p, 1, &topic, &number));
	assert_string_equal(topic, "a");
	assert_int_equal(number, PAUSES_ALL_PARTITIONS);
	assert_false(pauses_get(p, 2, &topic, &number));
	assert_int_equal(pauses_remove(p, "a", PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);
	assert_false(pauses_cover(p, "a", 1));
	assert_int_equal(pauses_add(p, NULL, PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);
	assert_int_equal(pauses_add(p, NULL, PAUSES_ALL_PARTITIONS), PAUSES_SAME);
	assert_false(pauses_get(p, 0, &topic, &number));
	assert_true(pauses_all(p) && pauses_cover(p, "never seen", 9));
	assert_int_equal(pauses_add(p, "a", 1), PAUSES_SAME);
	assert_int_equal(pauses_remove(p, "a", PAUSES_ALL_PARTITIONS), PAUSES_WIDER);
	assert_int_equal(pauses_remove(p, NULL, PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);
	assert_int_equal(pauses_remove(p, NULL, PAUSES_ALL_PARTITIONS), PAUSES_SAME);
	assert_false(pauses_any(p) || pauses_cover(p, "b", 2));
	pauses_free(&p);
}

/* A resume of everything also ends what was paused one by one; a topic's resume ends its partitions. */
static void a_wide_resume_ends_the_narrow(void **state)
{
	(void)state;
	pauses *p = pauses_new();
	pauses_add(p, "a", 1);
	pauses_add(p, "a", 2);
	pauses_add(p, "b", 1);
	assert_int_equal(pauses_remove(p, "a", PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);
	assert_true(!pauses_cover(p, "a", 1) && !pauses_cover(p, "a", 2) && pauses_cover(p, "b", 1));
	assert_int_equal(pauses_remove(p, NULL, PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);
	assert_false(pauses_any(p));
	pauses_free(&p);
}

static void their_number_is_bounded(void **state)
{
	(void)state;
	pauses *p = pauses_new();
	for (int32_t i = 0; i < PAUSES_MAX; i++)
		assert_int_equal(pauses_add(p, "t", i), PAUSES_CHANGED);
	assert_int_equal(pauses_add(p, "t", PAUSES_MAX), PAUSES_FULL);
	assert_false(pauses_cover(p, "t", PAUSES_MAX));
	assert_int_equal(pauses_add(p, "t", PAUSES_ALL_PARTITIONS), PAUSES_CHANGED);     /* swallows them: there is room again */
	assert_int_equal(pauses_add(p, "u", 0), PAUSES_CHANGED);
	pauses_free(&p);
	pauses_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_partitions_and_topics),
		cmocka_unit_test(a_wider_pause_swallows_narrower_ones),
		cmocka_unit_test(a_wide_resume_ends_the_narrow),
		cmocka_unit_test(their_number_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
