/* Metrics: rows, labels from bounded sets, histograms, and text that a Prometheus server can read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/settings.h"
#include "daemon/metrics.h"

static metrics *make(void)
{
	buf errors = {0};
	settings *s = settings_read(NULL, (const char *const[]){"pipeline.stages=extract dedup", "classify.labels=education"}, 2, &errors);
	metrics *m = metrics_new(s);
	settings_free(&s);                       /* it keeps nothing of the settings */
	return m;
}

static void expect_line(const metrics *m, const char *line)
{
	buf out = {0}, want = {0};
	metrics_render(m, &out);
	buf_printf(&want, "\n%s\n", line);
	if (!strstr(out.data, want.data))
		print_message("no line %s\n", line);
	assert_non_null(strstr(out.data, want.data));
	buf_free(&out);
	buf_free(&want);
}

static void plain_rows(void **state)
{
	(void)state;
	metrics *m = make();
	metrics_add(m, METRIC_READ, 2);
	metrics_add(m, METRIC_READ, 40);
	metrics_set(m, METRIC_IN_FLIGHT, 7);
	metrics_set(m, METRIC_IN_FLIGHT, 5);
	metrics_set(m, METRIC_OLDEST, 1250);
	expect_line(m, "# TYPE millrace_records_read_total counter");
	expect_line(m, "millrace_records_read_total 42");
	expect_line(m, "millrace_records_in_flight 5");
	expect_line(m, "millrace_oldest_in_flight_seconds 1.250");
	expect_line(m, "millrace_config_good 1");
	expect_line(m, "millrace_build_info{version=\"" MILLRACE_VERSION "\"} 1");
	assert_int_equal(metrics_get(m, METRIC_READ), 42);
	metrics_free(&m);
	metrics_free(&m);
}

static void words_are_bounded(void **state)
{
	(void)state;
	metrics *m = make();
	metrics_dead(m, "stage.crash");
	metrics_dead(m, "stage.crash");
	metrics_dead(m, "made-up\"} 1\nevil 1");
	metrics_word(m, METRIC_ARTICLE_LABELS, "education", 3);
	metrics_word(m, METRIC_ARTICLE_LABELS, "none", 1);
	metrics_word(m, METRIC_ABORTS, "rewound", 1);
	expect_line(m, "millrace_records_dead_total{reason=\"stage.crash\"} 2");
	expect_line(m, "millrace_records_dead_total{reason=\"other\"} 1");
	expect_line(m, "millrace_records_dead_total{reason=\"input.not-json\"} 0");
	expect_line(m, "millrace_articles_label_total{label=\"education\"} 3");
	expect_line(m, "millrace_articles_label_total{label=\"none\"} 1");
	expect_line(m, "millrace_epochs_aborted_total{results=\"rewound\"} 1");
	assert_int_equal(metrics_get(m, METRIC_DEAD), 3);
	metrics_free(&m);
}

static void stages_have_rows_of_their_own(void **state)
{
	(void)state;
	metrics *m = make();
	int extract = metrics_stage(m, "extract"), dedup = metrics_stage(m, "dedup");
	assert_int_equal(metrics_stage(m, "classify"), -1);
	metrics_stage_add(m, METRIC_STAGE_ANSWERED, extract, 3);
	metrics_stage_add(m, METRIC_STAGE_ANSWERED, dedup, 4);
	metrics_stage_add(m, METRIC_STAGE_ANSWERED, -1, 100);
	metrics_stage_set(m, METRIC_STAGE_WORKERS, dedup, 2);
	metrics_stage_model(m, extract, "rules \"1\"\\\n");
	expect_line(m, "millrace_stage_answered_total{stage=\"extract\"} 3");
	expect_line(m, "millrace_stage_answered_total{stage=\"dedup\"} 4");
	expect_line(m, "millrace_stage_workers{stage=\"dedup\"} 2");
	expect_line(m, "millrace_stage_info{stage=\"extract\",model=\"rules \\\"1\\\"\\\\\\n\"} 1");
	metrics_free(&m);
}

static void histograms_count_up(void **state)
{
	(void)state;
	metrics *m = make();
	metrics_observe(m, METRIC_E2E, 1);       /* a bound belongs to its bucket (le) */
	metrics_observe(m, METRIC_E2E, 99.5);
	metrics_observe(m, METRIC_E2E, 100.5);
	metrics_observe(m, METRIC_E2E, 1e9);
	metrics_observe(m, METRIC_E2E, -5);
	metrics_observe(m, METRIC_E2E, NAN);
	expect_line(m, "millrace_end_to_end_seconds_bucket{le=\"0.001\"} 3");
	expect_line(m, "millrace_end_to_end_seconds_bucket{le=\"0.05\"} 3");
	expect_line(m, "millrace_end_to_end_seconds_bucket{le=\"0.1\"} 4");
	expect_line(m, "millrace_end_to_end_seconds_bucket{le=\"60\"} 5");
	expect_line(m, "millrace_end_to_end_seconds_bucket{le=\"+Inf\"} 6");
	expect_line(m, "millrace_end_to_end_seconds_count 6");
	expect_line(m, "millrace_end_to_end_seconds_sum 1000000.201000");
	metrics_stage_observe(m, METRIC_STAGE_TIME, metrics_stage(m, "dedup"), 3);
	expect_line(m, "millrace_stage_seconds_bucket{stage=\"dedup\",le=\"0.005\"} 1");
	expect_line(m, "millrace_stage_seconds_count{stage=\"extract\"} 0");
	metrics_free(&m);
}

static void partitions_come_and_go(void **state)
{
	(void)state;
	metrics *m = make();
	for (int i = 20; i >= 0; i--)
		metrics_partition_set(m, METRIC_LAG, i % 2 ? "b" : "a", i, i * 10);
	metrics_partition_set(m, METRIC_LAG, "a", 10, 7);
	metrics_partition_set(m, METRIC_COMMITTED, "a", 10, 99);
	expect_line(m, "millrace_consumer_lag_records{topic=\"a\",partition=\"10\"} 7");
	expect_line(m, "millrace_consumer_lag_records{topic=\"b\",partition=\"19\"} 190");
	expect_line(m, "millrace_consumer_committed_offset{topic=\"a\",partition=\"10\"} 99");
	metrics_partition_drop(m, "a", 10);
	metrics_partition_drop(m, "a", 11);
	buf out = {0};
	metrics_render(m, &out);
	assert_null(strstr(out.data, "{topic=\"a\",partition=\"10\"}"));
	assert_null(strstr(out.data, "committed_offset{"));
	for (int i = 0; i < 10100; i++)
		metrics_partition_set(m, METRIC_LAG, "many", i, 1);
	buf_clear(&out);
	metrics_render(m, &out);
	assert_null(strstr(out.data, "partition=\"10099\""));
	buf_free(&out);
	metrics_free(&m);
}

/* Every line is a comment or `name{labels} number`; HELP and TYPE stand once, in front of their samples; counters end in _total. */
static void the_text_is_well_formed(void **state)
{
	(void)state;
	metrics *m = make();
	regex_t sample;
	buf out = {0};
	metrics_partition_set(m, METRIC_LAG, "t", 0, 1);
	metrics_render(m, &out);
	assert_int_equal(regcomp(&sample, "^[a-z][a-z0-9_]*(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\\})? -?[0-9]+(\\.[0-9]+)?$", REG_EXTENDED), 0);
	char *rest = out.data, *line, name[96] = "";
	while ((line = strsep(&rest, "\n")) && *line) {
		char found[96], type[16];
		if (sscanf(line, "# HELP %95s", found) == 1) {
			assert_null(strstr(rest, "# HELP ") ? strstr(rest + 1, line) : NULL);
			snprintf(name, sizeof name, "%s", found);
		} else if (sscanf(line, "# TYPE %95s %15s", found, type) == 2) {
			assert_string_equal(found, name);
			size_t len = strlen(name);
			assert_int_equal(strcmp(type, "counter") == 0, len > 6 && strcmp(name + len - 6, "_total") == 0);
		} else {
			if (regexec(&sample, line, 0, NULL, 0) != 0)
				print_message("%s\n", line);
			assert_int_equal(regexec(&sample, line, 0, NULL, 0), 0);
			assert_memory_equal(line, name, strlen(name));
		}
	}
	regfree(&sample);
	buf_free(&out);
	metrics_free(&m);
}

static void nobody_counts(void **state)
{
	(void)state;
	metrics_add(NULL, METRIC_READ, 1);
	metrics_set(NULL, METRIC_PAUSED, 1);
	metrics_observe(NULL, METRIC_E2E, 1);
	metrics_dead(NULL, "stage.crash");
	metrics_stage_add(NULL, METRIC_STAGE_LATE, metrics_stage(NULL, "extract"), 1);
	metrics_partition_set(NULL, METRIC_LAG, "t", 0, 1);
	metrics_partition_drop(NULL, "t", 0);
	assert_int_equal(metrics_get(NULL, METRIC_READ), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_rows),
		cmocka_unit_test(words_are_bounded),
		cmocka_unit_test(stages_have_rows_of_their_own),
		cmocka_unit_test(histograms_count_up),
		cmocka_unit_test(partitions_come_and_go),
		cmocka_unit_test(the_text_is_well_formed),
		cmocka_unit_test(nobody_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
