/* What is wrong, in words: each fact gives its sentence, a daemon that is well gives none, the worst comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/problems.h"

static problem_stage stages[] = {{"extract", true, 4, 0}, {"classify", true, 0, 0}};

static problem_facts well(void)
{
	return (problem_facts){.phase = PHASE_RUNNING, .uptime_ms = 3600000, .joined = true, .connected = true, .balanced = true, .assigned = 4, .in_flight = 10, .oldest_ms = 300, .ended_lately = 500,
			       .in_flight_bytes = 1 << 20, .limit_bytes = 16 << 20, .lag = 20, .lag_before = 10, .lag_minute = 20, .read_lately = 500, .stages = stages, .stage_count = 2};
}

/* The one problem of these facts. */
static void expect(problem_facts f, const char *severity, const char *code, const char *words)
{
	json_t *list = problems_list(&f), *first = json_array_get(list, 0);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(first, "severity")), severity);
	assert_string_equal(json_string_value(json_object_get(first, "code")), code);
	if (!strstr(json_string_value(json_object_get(first, "text")), words))
		fail_msg("%s: not in: %s", words, json_string_value(json_object_get(first, "text")));
	assert_true(json_is_object(json_object_get(first, "values")));
	json_decref(list);
}

static void expect_none(problem_facts f)
{
	json_t *list = problems_list(&f);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

static void who_is_well_has_none(void **state)
{
	(void)state;
	problem_facts f = well();
	expect_none(f);
	f.in_flight = 0;
	f.oldest_ms = 0;
	f.ended_lately = 0;
	f.lag = f.lag_before = -1;
	expect_none(f);                          /* a silent night */
}

static void each_fact_has_its_sentence(void **state)
{
	(void)state;
	problem_facts f = well();
	f.connected = false;
	expect(f, "error", "no-broker", "No broker of `bootstrap.servers` answers");
	f = well(), f.stuck = true;
	expect(f, "error", "stuck", "Nothing can be published");
	f = well(), f.ended_lately = 0, f.oldest_ms = 61000;
	expect(f, "error", "stalled", "in flight: 10, the oldest for 61 seconds");
	f = well(), f.read_lately = 0;
	expect(f, "error", "not-reading", "records wait in Kafka (20)");
	f.lag_minute = 0;
	expect_none(f);                          /* they have only just come */
	f = well(), f.config_refused = true;
	expect(f, "error", "reload-refused", "millrace check");
	f = well(), f.balanced = false;
	expect(f, "error", "balance", "does not hold");
	f = well(), f.paused_by_operator = true;
	expect(f, "warning", "paused-by-operator", "millrace ctl resume");
	f = well(), f.joined = false;
	expect(f, "error", "no-assignment", "`intake.topics`");
	f.uptime_ms = 5000;
	expect(f, "warning", "no-assignment", "not answered yet");
	f = well(), f.dead_lately = 12;
	expect(f, "warning", "dead-letters", "Dead letters in the last 10 minutes: 12;");
	f = well(), f.aborts_lately = 2;
	expect(f, "warning", "aborts", "Epochs aborted in the last 10 minutes: 2;");
	f = well(), f.restarts_lately = 5;
	expect(f, "warning", "restarts", "in the last 10 minutes: 5;");
	f = well(), f.dropped_lately = 9;
	expect(f, "warning", "index-full", "in the last 10 minutes: 9;");
	f = well(), f.config_stale = 1;
	expect(f, "warning", "restart-needed", "after a restart: 1;");
	f = well(), f.held = 2;
	expect(f, "info", "journal-held", "caught up with: 2.");
	f = well(), f.assigned = 0;
	expect(f, "info", "standby", "other members");
	f = well(), f.pressed = true;
	expect(f, "info", "pressure", "1024 of 16384 KB");
	f = well(), f.limited = true, f.rate = 50;
	expect(f, "info", "rate-limited", "lets in 50 a second");
	f.lag = 90000;
	expect(f, "warning", "rate-limited", "lets in 50 a second");
	f = well(), f.phase = PHASE_STARTING, f.uptime_ms = 5000, f.connected = false, f.joined = false;
	expect(f, "info", "starting", "waiting for Kafka");
	f = well(), f.phase = PHASE_CATCHING_UP, f.joined = false;
	expect(f, "info", "catching-up", "journal");
	f = well(), f.phase = PHASE_DRAINING;
	expect(f, "info", "draining", "what is in flight (10) ends");
}

static void stages_are_named(void **state)
{
	(void)state;
	problem_facts f = well();
	problem_stage sick[] = {{"extract", false, 4, 0}, {"classify", true, 0, 0}}, tried[] = {{"extract", true, 4, 0}, {"classify", true, 0, 2}};
	f.stages = sick;
	expect(f, "error", "no-worker", "Stage extract has no worker that is ready; tasks that wait for one: 4.");
	f.stages = tried;
	expect(f, "warning", "suspects", "Workers of stage classify fail; tasks that are tried again, each alone: 2.");
}

static void the_lag_must_grow_to_be_told(void **state)
{
	(void)state;
	problem_facts f = well();
	f.lag = 1010, f.lag_before = 10;
	expect_none(f);
	f.lag = 1012;
	expect(f, "warning", "lag-grows", "1012 records, 10 five minutes ago");
	f.lag = 110000, f.lag_before = 100000;
	expect_none(f);
	f.lag = 111001;
	expect(f, "warning", "lag-grows", "111001");
	f.lag_before = -1;
	expect_none(f);
	f = well(), f.lag = 5000, f.paused_by_operator = true;          /* what else should it do: no advice about workers */
	expect(f, "warning", "paused-by-operator", "paused");
}

/* Nobody waits a minute for the first contact without being told what is wrong. */
static void a_start_that_takes_long_is_an_error(void **state)
{
	(void)state;
	problem_facts f = well();
	f.phase = PHASE_STARTING, f.joined = false, f.uptime_ms = PROBLEM_STALL_MS + 1;
	for (int connected = 0; connected < 2; connected++) {
		f.connected = connected;
		json_t *list = problems_list(&f);
		assert_int_equal(json_array_size(list), 2);
		assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "code")), connected ? "stuck" : "no-broker");
		assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "code")), "starting");
		json_decref(list);
	}
}

static void the_worst_comes_first(void **state)
{
	(void)state;
	problem_facts f = well();
	static const char *const order[] = {"error", "error", "warning", "warning", "info"};
	f.connected = false, f.stuck = true, f.dead_lately = 1, f.config_stale = 1, f.pressed = true;
	json_t *list = problems_list(&f);
	assert_int_equal(json_array_size(list), 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(json_string_value(json_object_get(json_array_get(list, i), "severity")), order[i]);
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_well_has_none),
		cmocka_unit_test(each_fact_has_its_sentence),
		cmocka_unit_test(stages_are_named),
		cmocka_unit_test(the_lag_must_grow_to_be_told),
		cmocka_unit_test(a_start_that_takes_long_is_an_error),
		cmocka_unit_test(the_worst_comes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
