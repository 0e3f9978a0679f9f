/* Requests and answers of the control socket: what is understood, what is refused and with which words, limits, and that what is written is read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "daemon/control_message.h"

static control_request good(const char *line)
{
	control_request request;
	control_fault fault;
	if (control_request_read(mr_bytes_of(line), &request, &fault))
		fail_msg("%s: %s", line, fault.text);
	return request;
}

static void bad(const char *line, const char *code, const char *text)
{
	control_request request;
	control_fault fault;
	assert_int_equal(control_request_read(mr_bytes_of(line), &request, &fault), -1);
	assert_string_equal(fault.code, code);
	if (!strstr(fault.text, text))
		fail_msg("%s: %s, not %s", line, fault.text, text);
}

static void every_command_is_understood(void **state)
{
	(void)state;
	control_request r = good("{\"command\":\"status\"}");
	assert_int_equal(r.command, CONTROL_STATUS);
	assert_true(r.partition == -1 && !r.wait && !r.exit && r.timeout_ms == CONTROL_WAIT_MS && !r.topic[0] && !r.instance[0]);
	r = good(" { \"wait\" : true, \"topic\":\"articles.raw\",\"partition\":12, \"command\":\"pause\" , \"timeout_ms\":3600000} ");
	assert_int_equal(r.command, CONTROL_PAUSE);
	assert_string_equal(r.topic, "articles.raw");
	assert_true(r.partition == 12 && r.wait && r.timeout_ms == 3600000);
	r = good("{\"command\":\"resume\",\"topic\":\"Feed_1-x\"}");
	assert_int_equal(r.command, CONTROL_RESUME);
	assert_int_equal(r.partition, -1);
	r = good("{\"command\":\"drain\",\"exit\":true,\"instance\":\"north_1\"}");
	assert_true(r.command == CONTROL_DRAIN && r.exit);
	assert_string_equal(r.instance, "north_1");
	assert_int_equal(good("{\"command\":\"reload\"}").command, CONTROL_RELOAD);
	r = good("{\"command\":\"log-level\",\"level\":\"debug\"}");
	assert_string_equal(r.level, "debug");
	assert_string_equal(good("{\"command\":\"log-level\"}").level, "");
	r = good("{\"command\":\"restart\",\"stage\":\"extract\"}");
	assert_string_equal(r.stage, "extract");
	r = good("{\"command\":\"scale\",\"stage\":\"a-stage-2\",\"number\":64}");
	assert_true(r.command == CONTROL_SCALE && r.number == 64);
	assert_int_equal(good("{\"command\":\"scale\",\"stage\":\"dedup\",\"number\":0}").number, 0);
}

static void what_is_wrong_is_told(void **state)
{
	(void)state;
	bad("", "bad-request", "one JSON object");
	bad("status", "bad-request", "one JSON object");
	bad("[\"status\"]", "bad-request", "one JSON object");
	bad("{\"command\":\"status\"} {}", "bad-request", "one JSON object");
	bad("{\"command\":\"status\",\"command\":\"reload\"}", "bad-request", "one JSON object");
	bad("{}", "bad-request", "`command` is missing");
	bad("{\"command\":7}", "bad-request", "`command` is missing");
	bad("{\"command\":\"pase\"}", "unknown-command", "no command `pase` (did you mean `pause`?)");
	bad("{\"command\":\"\\u001b[31mrm\"}", "unknown-command", "no command `?[31mrm`");
	bad("{\"command\":\"sta\\u0000tus\"}", "bad-request", "one JSON object");
	bad("{\"command\":\"pause\",\"topik\":\"x\"}", "bad-request", "`pause` has no member `topik`");
	bad("{\"command\":\"status\",\"topic\":\"x\"}", "bad-request", "`status` has no member `topic`");
	bad("{\"command\":\"reload\",\"exit\":true}", "bad-request", "`reload` has no member `exit`");
	bad("{\"command\":\"pause\",\"partition\":1}", "bad-request", "wants a member `topic`");
	bad("{\"command\":\"pause\",\"topic\":\"x\",\"partition\":-1}", "bad-request", "`partition` wants a whole number from 0 to 2147483647");
	bad("{\"command\":\"pause\",\"topic\":\"x\",\"partition\":1.5}", "bad-request", "`partition` wants");
	bad("{\"command\":\"pause\",\"topic\":\"\"}", "bad-request", "`topic` wants");
	bad("{\"command\":\"pause\",\"topic\":\"a b\"}", "bad-request", "`topic` wants");
	bad("{\"command\":\"pause\",\"topic\":\"新闻\"}", "bad-request", "`topic` wants");
	bad("{\"command\":\"restart\"}", "bad-request", "wants a member `stage`");
	bad("{\"command\":\"restart\",\"stage\":\"Extract\"}", "bad-request", "`stage` wants");
	bad("{\"command\":\"scale\",\"stage\":\"extract\"}", "bad-request", "wants a member `number`");
	bad("{\"command\":\"scale\",\"number\":2}", "bad-request", "wants a member `stage`");
	bad("{\"command\":\"scale\",\"stage\":\"extract\",\"number\":65}", "bad-request", "`number` wants a whole number from 0 to 64");
	bad("{\"command\":\"scale\",\"stage\":\"extract\",\"number\":\"2\"}", "bad-request", "`number` wants");
	bad("{\"command\":\"log-level\",\"level\":\"loud\"}", "bad-request", "error, warn, info or debug");
	bad("{\"command\":\"status\",\"wait\":1}", "bad-request", "`wait` wants true or false");
	bad("{\"command\":\"status\",\"timeout_ms\":0}", "bad-request", "`timeout_ms` wants a whole number from 1 to 3600000");
	bad("{\"command\":\"status\",\"timeout_ms\":99999999999999999999}", "bad-request", "");
	bad("{\"command\":\"status\",\"instance\":\"A B\"}", "bad-request", "`instance` wants");
}

/* The command is known also when its members are wrong, so that an answer can name it. */
static void a_wrong_member_leaves_the_command_known(void **state)
{
	(void)state;
	control_request request;
	control_fault fault;
	assert_int_equal(control_request_read(mr_bytes_of("{\"command\":\"scale\"}"), &request, &fault), -1);
	assert_int_equal(request.command, CONTROL_SCALE);
	assert_int_equal(control_request_read(mr_bytes_of("{\"command\":\"x\"}"), &request, &fault), -1);
	assert_int_equal(request.command, CONTROL_COMMANDS);
}

static void lengths_are_bounded(void **state)
{
	(void)state;
	control_request request;
	control_fault fault;
	char line[CONTROL_LINE_MAX + 2];
	int len = snprintf(line, sizeof line, "{\"command\":\"status\"}");
	memset(line + len, ' ', sizeof line - (size_t)len);
	assert_int_equal(control_request_read((mr_bytes){line, CONTROL_LINE_MAX}, &request, &fault), 0);
	assert_int_equal(control_request_read((mr_bytes){line, CONTROL_LINE_MAX + 1}, &request, &fault), -1);
	memset(line, '[', sizeof line);
	assert_int_equal(control_request_read((mr_bytes){line, CONTROL_LINE_MAX}, &request, &fault), -1);
	for (int bytes = CONTROL_TOPIC_MAX; bytes <= CONTROL_TOPIC_MAX + 1; bytes++) {
		len = snprintf(line, sizeof line, "{\"command\":\"pause\",\"topic\":\"%0*d\"}", bytes, 0);
		assert_int_equal(control_request_read((mr_bytes){line, (size_t)len}, &request, &fault), bytes == CONTROL_TOPIC_MAX ? 0 : -1);
	}
}

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	static const control_request requests[] = {
		{.command = CONTROL_STATUS, .partition = -1, .timeout_ms = CONTROL_WAIT_MS},
		{.command = CONTROL_PAUSE, .topic = "articles.raw", .partition = 0, .wait = true, .timeout_ms = 5},
		{.command = CONTROL_RESUME, .topic = "x", .partition = -1, .timeout_ms = CONTROL_WAIT_MS},
		{.command = CONTROL_DRAIN, .instance = "a", .partition = -1, .exit = true, .wait = true, .timeout_ms = CONTROL_WAIT_MAX_MS},
		{.command = CONTROL_LOG_LEVEL, .level = "warn", .partition = -1, .timeout_ms = CONTROL_WAIT_MS},
		{.command = CONTROL_RESTART, .stage = "extract", .partition = -1, .timeout_ms = CONTROL_WAIT_MS},
		{.command = CONTROL_SCALE, .stage = "extract", .number = 0, .partition = -1, .timeout_ms = CONTROL_WAIT_MS},
	};
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		buf line = {0};
		control_request_write(&requests[i], &line);
		assert_int_equal(line.data[line.len - 1], '\n');
		assert_null(memchr(line.data, '\n', line.len - 1));
		control_request again = good(line.data);
		buf twice = {0};
		control_request_write(&again, &twice);
		assert_string_equal(twice.data, line.data);
		assert_string_equal(again.topic, requests[i].topic);
		assert_true(again.partition == requests[i].partition && again.number == requests[i].number && again.wait == requests[i].wait && again.exit == requests[i].exit);
		buf_free(&line);
		buf_free(&twice);
	}
}

static void answers_hold_nothing_but_text(void **state)
{
	(void)state;
	json_t *answer = control_error(CONTROL_SCALE, "unknown-stage", "no %s", "\x1b[2J\xff\xe4\xb8");
	char *text = json_dumps(answer, JSON_COMPACT);
	assert_string_equal(text, "{\"ok\":false,\"command\":\"scale\",\"error\":{\"code\":\"unknown-stage\",\"text\":\"no ?[2J???\"}}");
	free(text);
	json_decref(answer);
	answer = control_error(CONTROL_COMMANDS, "bad-request", "%s", "x");
	assert_true(json_is_null(json_object_get(answer, "command")) && json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
	answer = control_done(CONTROL_PAUSE, "%d partitions", 3);
	assert_string_equal(json_string_value(json_object_get(answer, "text")), "3 partitions");
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_understood),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(a_wrong_member_leaves_the_command_known),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(answers_hold_nothing_but_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
