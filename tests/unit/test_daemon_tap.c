/* Who looks on: filters, shares, what is left out and told, and that looking takes no more than its part of a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "daemon/tap.h"

static const char *const stages[] = {"extract", "classify"};

/* ---- filters ---- */

static int read_filter(tap_filter *filter, const char *text, buf *error)
{
	query query;
	buf_clear(error);
	assert_int_equal(query_parse(&query, mr_bytes_of(text)), 0);
	return tap_filter_read(filter, &query, stages, 2, error);
}

static void queries_are_read(void **state)
{
	tap_filter f;
	buf error = {0};
	(void)state;
	assert_int_equal(read_filter(&f, "", &error), 0);
	assert_true(f.every == 1 && f.rate == TAP_RATE && !f.stage[0] && !f.field[0]);
	assert_int_equal(read_filter(&f, "stage=classify&label=talent&every=3&rate=7&where=title%7E%E4%BA%BA%E6%89%8D&outcome=refused&source=a+b", &error), 0);
	assert_string_equal(f.stage, "classify");
	assert_string_equal(f.field, "title");
	assert_string_equal(f.text, "人才");
	assert_true(f.contains && f.every == 3 && f.rate == 7);
	assert_string_equal(f.source, "a b");
	assert_int_equal(read_filter(&f, "where=url=http://a.example/?x=1~2", &error), 0);
	assert_string_equal(f.field, "url");
	assert_string_equal(f.text, "http://a.example/?x=1~2");
	assert_false(f.contains);
	static const struct { const char *query, *told; } wrong[] = {
		{"stage=edit", "one of extract, classify"}, {"outcome=gone", "published, revision"}, {"outcome=answered", "published, revision"},
		{"stage=extract&outcome=published", "answered, refused"}, {"where=title", "FIELD=TEXT"}, {"where==x", "FIELD=TEXT"}, {"every=0", "every"},
		{"rate=1001", "rate"}, {"rate=x", "rate"}, {"colour=red", "no such parameter"},
		{"label=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "shorter"}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(read_filter(&f, wrong[i].query, &error), -1);
		assert_non_null(strstr(error.data, wrong[i].told));
	}
	buf_free(&error);
}

static const char sample[] = "{\"title\":\"\\\"三年\\\" 计划\",\"labels\":[\"talent\",\"science\"],\"primary_label\":\"talent\",\"source_name\":\"云汀日报\",\"url\":null,"
			     "\"score_talent\":0.98,\"truncated\":false,\"detail\":{\"persons\":[{\"name\":\"阮知秋\"}]},\"persons\":[\"阮知秋\",\"a\\\\b\"]}";

static bool takes(const char *text, const tap_event *event)
{
	tap_filter f;
	buf scratch = {0};
	if (read_filter(&f, text, &scratch))
		fail_msg("%s: %s", text, scratch.data);
	bool answer = tap_filter_takes(&f, event, &scratch);
	buf_free(&scratch);
	return answer;
}

static void filters_take_what_they_say(void **state)
{
	(void)state;
	tap_event published = {.outcome = "published", .topic = "feed", .partition = 3, .offset = 17, .record = {sample, sizeof sample - 1}};
	static const char *const fit[] = {"", "outcome=published", "label=science", "label=talent&source=云汀日报", "where=title=\"三年\"%20计划", "where=title~三年", "where=url=null",
					  "where=score_talent=0.98", "where=truncated=false", "where=persons=a\\b", "where=persons~知秋", "where=detail~阮知秋", "where=partition=3", "where=offset=17",
					  "where=topic~fee"};
	static const char *const unfit[] = {"outcome=duplicate", "label=education", "label=tal", "source=云汀", "where=title=三年", "where=title~四年", "where=persons=知秋", "where=nothing=",
					    "where=nothing~x", "where=partition=30", "stage=extract", "where=code=", "where=detail=阮知秋", "label=talent&outcome=dead"};
	for (size_t i = 0; i < sizeof fit / sizeof *fit; i++)
		if (!takes(fit[i], &published))
			fail_msg("should be taken: %s", fit[i]);
	for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++)
		if (takes(unfit[i], &published))
			fail_msg("should not be taken: %s", unfit[i]);
	record_fault fault = {.code = "input.not-json", .stage = "intake", .message = "byte 3: what is it"};
	tap_event dead = {.outcome = "dead", .topic = "feed", .fault = &fault};
	assert_true(takes("where=code=input.not-json", &dead) && takes("where=message~byte", &dead));
	assert_false(takes("label=none", &dead) || takes("where=title~a", &dead));
	tap_event answered = {.outcome = "answered", .stage = "classify", .topic = "feed", .record = {sample, sizeof sample - 1}};
	assert_true(takes("stage=classify&label=talent", &answered));
	assert_false(takes("", &answered) || takes("stage=extract", &answered));
}

/* ---- listeners ---- */

static struct world {
	int64_t us, step_us;             /* the clock, and what it moves at each look */
	buf heard;
	size_t lines;
	bool deaf;
} world;

static int64_t mono_us(void *arg) { (void)arg; return world.us += world.step_us; }
static int64_t wall_ms(void *arg) { (void)arg; return 1700000000000 + world.us / 1000; }

static bool hear(void *to, mr_bytes line)
{
	(void)to;
	assert_true(line.len && line.data[line.len - 1] == '\n' && !memchr(line.data, '\n', line.len - 1));
	if (world.deaf)
		return false;
	buf_add(&world.heard, line.data, line.len);
	world.lines++;
	return true;
}

static tap *begin(const char *text, tap_listener **listener)
{
	tap_filter f;
	buf error = {0};
	buf_free(&world.heard);
	world = (struct world){.us = 5000000};
	tap *self = tap_new((tap_clock){mono_us, wall_ms, NULL});
	assert_int_equal(read_filter(&f, text, &error), 0);
	*listener = tap_join(self, &f, hear, &world);
	assert_non_null(*listener);
	buf_free(&error);
	return self;
}

static void finish(tap *self, tap_listener *listener)
{
	tap_leave(self, &listener);
	assert_null(listener);
	assert_int_equal(tap_count(self), 0);
	assert_false(tap_begin(self, NULL));
	tap_free(&self);
	buf_free(&world.heard);
}

static bool tell(tap *self, const char *outcome, int64_t offset)
{
	tap_event event = {.outcome = outcome, .topic = "feed", .offset = offset, .at_ms = wall_ms(NULL), .record = {sample, sizeof sample - 1}};
	if (!tap_begin(self, NULL))
		return false;
	tap_tell(self, &event);
	tap_end(self);
	return true;
}

static void records_are_told_whole(void **state)
{
	tap_listener *listener;
	tap *self = begin("", &listener);
	(void)state;
	assert_false(tap_begin(self, "extract"));                        /* nobody asked for it */
	assert_true(tell(self, "published", 7));
	char want[1024];
	snprintf(want, sizeof want, "{\"at_ms\":1700000005000,\"outcome\":\"published\",\"stage\":null,\"topic\":\"feed\",\"partition\":0,\"offset\":7,\"page\":0,\"ms\":0,\"record\":%s}\n", sample);
	assert_string_equal(world.heard.data, want);
	buf_clear(&world.heard);
	record_fault fault = {.code = "stage.crash", .stage = "extract", .message = "signal 9\n\"quoted\""};
	assert_true(tap_begin(self, NULL));
	tap_tell(self, &(tap_event){.outcome = "dead", .topic = "feed", .at_ms = 1, .fault = &fault, .attempts = 3});
	tap_end(self);
	assert_non_null(strstr(world.heard.data, "\"fault\":{\"attempts\":3,\"code\":\"stage.crash\",\"stage\":\"extract\",\"message\":\"signal 9\\n\\\"quoted\\\"\"},\"record\":null}\n"));
	finish(self, listener);
}

static void one_of_n_and_no_more_than_the_rate(void **state)
{
	tap_listener *listener;
	tap *self = begin("every=3", &listener);
	(void)state;
	for (int i = 0; i < 30; i++)
		tell(self, "published", i);
	assert_int_equal(world.lines, 10);
	assert_non_null(strstr(world.heard.data, "\"offset\":27,"));
	tap_tick(self);
	assert_int_equal(world.lines, 10);                               /* who asks for one of three misses nothing */
	finish(self, listener);
	self = begin("rate=10", &listener);
	for (int i = 0; i < 25; i++)
		tell(self, "published", i);
	assert_int_equal(world.lines, 10);
	world.us += 500000;                                              /* half a second: five more */
	for (int i = 0; i < 25; i++)
		tell(self, "published", i);
	assert_int_equal(world.lines, 15);
	tap_tick(self);
	assert_non_null(strstr(world.heard.data, "{\"left_out\":35,\"unseen\":0}\n"));
	world.us += 60000000;                                            /* silence is not saved up beyond a second */
	for (int i = 0; i < 25; i++)
		tell(self, "published", i);
	assert_int_equal(world.lines, 26);
	finish(self, listener);
}

static void a_slow_client_is_told_what_it_missed(void **state)
{
	tap_listener *listener;
	tap *self = begin("", &listener);
	(void)state;
	world.deaf = true;
	for (int i = 0; i < 4; i++)
		tell(self, "published", i);
	tap_tick(self);                                                  /* no room for that either: kept */
	world.deaf = false;
	tap_tick(self);
	assert_string_equal(world.heard.data, "{\"left_out\":4,\"unseen\":0}\n");
	world.us += TAP_BEAT_MS * 1000 - 1000;
	tap_tick(self);
	assert_int_equal(world.lines, 1);
	world.us += 1000;
	tap_tick(self);
	assert_non_null(strstr(world.heard.data, "\n{\"beat\":1700000010000}\n"));
	finish(self, listener);
}

static void looking_takes_a_twentieth_of_a_second_at_most(void **state)
{
	tap_listener *listener;
	tap *self = begin("rate=1000&where=title~x", &listener);
	size_t looked = 0;
	(void)state;
	world.step_us = 500;                                             /* half a millisecond between looks at the clock */
	for (int i = 0; i < 400; i++)
		looked += tell(self, "published", i);
	assert_true(looked >= 50 && looked <= TAP_BUDGET_US / 500);
	tap_tick(self);
	char want[64];
	snprintf(want, sizeof want, "{\"left_out\":0,\"unseen\":%zu}\n", 400 - looked);
	assert_string_equal(world.heard.data, want);
	world.us += 1000000;
	assert_true(tell(self, "published", 401));
	finish(self, listener);
}

static void what_is_sent_is_bounded_too(void **state)
{
	tap_listener *listener;
	tap *self = begin("rate=1000", &listener);
	buf large = {0};
	(void)state;
	buf_add_str(&large, "{\"body\":\"");
	while (large.len < 100000)
		buf_add_char(&large, 'x');
	buf_add_str(&large, "\"}");
	tap_event event = {.outcome = "published", .topic = "feed", .record = buf_bytes(&large)};
	for (int i = 0; i < 50; i++) {
		assert_true(tap_begin(self, NULL));
		tap_tell(self, &event);
		tap_end(self);
	}
	assert_true(world.lines == TAP_BYTES / (large.len + 200) || world.lines == TAP_BYTES / large.len);
	size_t sent = world.lines;
	world.us += 1000000;
	assert_true(tap_begin(self, NULL));
	tap_tell(self, &event);
	tap_end(self);
	assert_int_equal(world.lines, sent + 1);
	tap_tick(self);
	char want[64];
	snprintf(want, sizeof want, "{\"left_out\":%zu,\"unseen\":0}\n", 50 - sent);
	assert_non_null(strstr(world.heard.data, want));
	buf_free(&large);
	finish(self, listener);
}

static void places_are_bounded(void **state)
{
	tap_filter f;
	buf error = {0};
	tap_listener *listeners[TAP_LISTENERS];
	tap *self = tap_new((tap_clock){mono_us, wall_ms, NULL});
	(void)state;
	assert_int_equal(read_filter(&f, "", &error), 0);
	for (int i = 0; i < TAP_LISTENERS; i++)
		assert_non_null(listeners[i] = tap_join(self, &f, hear, &world));
	assert_null(tap_join(self, &f, hear, &world));
	tap_leave(self, &listeners[3]);
	assert_non_null(listeners[3] = tap_join(self, &f, hear, &world));
	for (int i = 0; i < TAP_LISTENERS; i++)
		tap_leave(self, &listeners[i]);
	tap_free(&self);
	assert_null(self);
	buf_free(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_are_read),
		cmocka_unit_test(filters_take_what_they_say),
		cmocka_unit_test(records_are_told_whole),
		cmocka_unit_test(one_of_n_and_no_more_than_the_rate),
		cmocka_unit_test(a_slow_client_is_told_what_it_missed),
		cmocka_unit_test(looking_takes_a_twentieth_of_a_second_at_most),
		cmocka_unit_test(what_is_sent_is_bounded_too),
		cmocka_unit_test(places_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
