/* A stage with real workers: tasks go out and come back, whatever happens to the workers. */
#include "stage_bed.h"

static void tasks_make_a_round_trip(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	assert_false(stage_ready(b->stage));
	pid_t pid = bed_worker(b, "1");
	for (int i = 0; i < 100; i++)
		bed_text(b, i % 10 == 9 ? "first line\nhook: refuse\n" : "some text");
	assert_int_equal(stage_queued(b->stage), 100);
	BED_WAIT(b, 10000, b->done == 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(b->tickets[i].dones, 1);
		assert_int_equal(b->tickets[i].refused, i % 10 == 9);
		if (i % 10 == 9) {
			assert_string_equal(b->tickets[i].code, "stage.refused");
			assert_string_equal(b->tickets[i].message, "the article asked for it");
		} else {
			assert_int_equal(b->tickets[i].parts, 1);
			assert_true(b->tickets[i].answer_len == (size_t)-1);
		}
	}
	assert_true(stage_ready(b->stage));
	assert_int_equal(stage_lent(b->stage), 0);
	const stage_counts *counts = stage_counts_get(b->stage);
	assert_int_equal(counts->received, 100);
	assert_int_equal(counts->answered, 90);
	assert_int_equal(counts->refused, 10);
	assert_true(counts->batches <= 100);
	assert_int_equal(counts->work.count, 100);
	bed_kill(b, pid);
	bed_free(b);
}

static void a_worker_that_is_told_to_stop_finishes_first(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	pid_t pid = bed_worker(b, "1");
	BED_WAIT(b, 10000, stage_workers(b->stage) == 1);
	for (int i = 0; i < 40; i++)
		bed_text(b, "hook: slow 10\n");
	BED_WAIT(b, 5000, stage_lent(b->stage) > 0);
	kill(pid, SIGTERM);
	int status = bed_reap(b, pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	BED_WAIT(b, 5000, stage_workers(b->stage) == 0);
	assert_int_equal(stage_lent(b->stage), 0);
	assert_int_equal(stage_counts_get(b->stage)->retried, 0);
	assert_int_equal(stage_queued(b->stage) + b->done, 40);
	pid = bed_worker(b, "1");
	BED_WAIT(b, 10000, b->done == 40);
	bed_kill(b, pid);
	bed_free(b);
}

static void a_killed_worker_costs_nothing(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	pid_t first = bed_worker(b, "1"), second = bed_worker(b, "1");
	BED_WAIT(b, 10000, stage_workers(b->stage) == 2);
	for (int i = 0; i < 300; i++)
		bed_text(b, "hook: slow 2\n");
	BED_WAIT(b, 5000, b->done > 30);
	kill(first, SIGKILL);
	bed_reap(b, first);
	b->inside = true;
	stage_worker_gone(b->stage, first, "signal 9");
	b->inside = false;
	BED_WAIT(b, 20000, b->done == 300);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(b->tickets[i].dones, 1);
		assert_false(b->tickets[i].refused);
	}
	assert_true(stage_counts_get(b->stage)->retried > 0);
	assert_int_equal(b->hung, 0);
	bed_kill(b, second);
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_make_a_round_trip),
		cmocka_unit_test(a_worker_that_is_told_to_stop_finishes_first),
		cmocka_unit_test(a_killed_worker_costs_nothing),
	};
	log_setup("test", LOG_LEVEL_ERROR, LOG_LOGFMT, 1000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
