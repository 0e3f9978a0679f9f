/* The log: one line a call, priorities for journald, nothing of a stranger's bytes gets through, bursts are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"

static int saved_stderr = -1;
static FILE *captured;

/* $JOURNAL_STREAM names what systemd connected; a service that sends its errors elsewhere still has the variable. */
static void be_the_journal(bool really)
{
	struct stat s;
	char stream[64];
	assert_int_equal(fstat(2, &s), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)s.st_dev, (unsigned long long)s.st_ino + !really);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void capture_from(bool to_journal, enum log_level level, enum log_format format, unsigned rate)
{
	fflush(stderr);
	saved_stderr = dup(2);
	captured = tmpfile();
	dup2(fileno(captured), 2);
	be_the_journal(to_journal);
	log_setup("test", level, format, rate);
}

static void capture(enum log_level level, enum log_format format, unsigned rate)
{
	capture_from(true, level, format, rate);
}

static buf release(void)
{
	buf out = {0};
	dup2(saved_stderr, 2);
	close(saved_stderr);
	rewind(captured);
	size_t n;
	while ((n = fread(buf_reserve(&out, 4096), 1, 4096, captured)) > 0)
		out.len += n;
	buf_reserve(&out, 0)[0] = 0;
	fclose(captured);
	return out;
}

static void expect(const char *want)
{
	buf out = release();
	assert_string_equal(out.data, want);
	buf_free(&out);
}

static void a_line_has_priority_level_message_and_pairs(void **state)
{
	(void)state;
	capture(LOG_LEVEL_INFO, LOG_LOGFMT, 100);
	log_info("epoch committed", "epoch", "%llu", 12ULL, "ms", "%d", 31, "rate", "%.1f", 2.25, "bytes", "%zu", (size_t)7, "stage", "%s", "dedup",
		 "left", "%ld%%", -5L, "n", "%u", 4u, "off", "%lld", -9LL);
	log_error("plain");
	log_debug("not shown", "x", "%d", 1);
	expect("<6>level=info prog=test msg=\"epoch committed\" epoch=12 ms=31 rate=2.2 bytes=7 stage=dedup left=-5% n=4 off=-9\n"
	       "<3>level=error prog=test msg=plain\n");
}

/* A file or a pipe: the reader has no other time than the line's, and a JSON line is JSON from its first byte on. */
static void lines_elsewhere_have_their_time(void **state)
{
	(void)state;
	int year, ms, end = 0;
	capture_from(false, LOG_LEVEL_INFO, LOG_LOGFMT, 100);
	log_info("here");
	buf out = release();
	assert_int_equal(sscanf(out.data, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%3dZ level=info prog=test msg=here\n%n", &year, &ms, &end), 2);
	assert_int_equal(end, out.len);
	buf_free(&out);
	capture_from(false, LOG_LEVEL_INFO, LOG_JSON, 100);
	log_info("here", "n", "%d", 5);
	out = release();
	json_t *line = json_loadb(out.data, out.len, 0, NULL);
	assert_non_null(line);
	assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 24);
	assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
	assert_int_equal(json_object_size(line), 5);
	json_decref(line);
	buf_free(&out);
}

static void debug_lines_say_where(void **state)
{
	(void)state;
	capture(LOG_LEVEL_DEBUG, LOG_LOGFMT, 100);
	log_debug("here");
	buf out = release();
	assert_non_null(strstr(out.data, "<7>level=debug prog=test msg=here at=test_log.c:"));
	buf_free(&out);
}

static void strangers_bytes_are_escaped(void **state)
{
	(void)state;
	capture(LOG_LEVEL_INFO, LOG_LOGFMT, 100);
	log_info("x", "a", "%s", "a\"b\\c\nd\x1b[2J\xFF\xE2\x80\xAE\xD8\x9Cz", "empty", "%s", "", "null", "%s", (char *)NULL, "cn", "%s", "丰台 人才", "eq", "%s", "k=v");
	expect("<6>level=info prog=test msg=x a=\"a\\\"b\\\\c\\nd\\u001b[2J\xEF\xBF\xBD\\u202e\\u061cz\" empty=\"\" null=\"\" cn=\"丰台 人才\" eq=\"k=v\"\n");
}

static void json_lines_parse(void **state)
{
	(void)state;
	capture(LOG_LEVEL_INFO, LOG_JSON, 100);
	log_warn("say \"hi\"", "bytes", "%s", "\x01\x7f\xC3(", "n", "%d", 5, "big", "%lld", -9007199254740993LL, "rate", "%.2f", 0.25, "size", "%zu", (size_t)0, "word", "%s", "5",
		 "share", "%d%%", 5, "padded", "%03d", 5, "none", "%.1f", nan(""), "whole", "%.0f", 7.0, "hex", "%x", 16u);
	buf out = release();
	assert_memory_equal(out.data, "<4>{", 4);
	json_t *line = json_loads(out.data + 3, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(line);
	assert_string_equal(json_string_value(json_object_get(line, "msg")), "say \"hi\"");
	assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
	assert_string_equal(json_string_value(json_object_get(line, "bytes")), "\x01\x7f\xEF\xBF\xBD(");
	/* numbers are numbers; what only looks like one (a word, a percentage, padding, nan) is a string */
	assert_int_equal(json_integer_value(json_object_get(line, "n")), 5);
	assert_true(json_integer_value(json_object_get(line, "big")) == -9007199254740993LL);
	assert_true(json_real_value(json_object_get(line, "rate")) == 0.25);
	assert_true(json_is_integer(json_object_get(line, "size")));
	assert_int_equal(json_integer_value(json_object_get(line, "whole")), 7);
	assert_string_equal(json_string_value(json_object_get(line, "word")), "5");
	assert_string_equal(json_string_value(json_object_get(line, "share")), "5%");
	assert_string_equal(json_string_value(json_object_get(line, "padded")), "005");
	assert_string_equal(json_string_value(json_object_get(line, "none")), "nan");
	assert_string_equal(json_string_value(json_object_get(line, "hex")), "10");
	json_decref(line);
	buf_free(&out);
}

/* However long the values: one line, at most 4096 bytes, still well-formed. */
static void long_values_are_cut(void **state)
{
	(void)state;
	char *big = malloc(100001);
	memset(big, '\x01', 100000);
	big[100000] = 0;
	for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
		capture(LOG_LEVEL_INFO, format, 100);
		log_info("x", "a", "%s", "short", "b", "%s", big, "c", "%s", "after");
		buf out = release();
		assert_true(out.len <= 4096);
		assert_int_equal(out.data[out.len - 1], '\n');
		assert_ptr_equal(strchr(out.data, '\n'), out.data + out.len - 1);
		assert_non_null(strstr(out.data, "short"));
		assert_non_null(strstr(out.data, format == LOG_JSON ? "\"cut\":true}" : " cut=true\n"));
		json_t *line = format == LOG_JSON ? json_loads(out.data + 3, 0, NULL) : NULL;
		assert_true(format != LOG_JSON || line);
		json_decref(line);
		buf_free(&out);
	}
	memset(big, 'y', 2000);
	big[1023] = '\xE5';                      /* a character over the cut: taken out whole, no broken one is left */
	big[1024] = '\x8F';
	big[1025] = '\xB0';
	capture(LOG_LEVEL_INFO, LOG_LOGFMT, 100);
	log_info("x", "b", "%s", big);
	buf out = release();
	big[1023] = 0;
	assert_non_null(strstr(out.data, big));
	assert_null(strstr(out.data, "\xEF\xBF\xBD"));
	buf_free(&out);
	free(big);
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void wait_for_next_second(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	usleep((useconds_t)(1000000 - now.tv_nsec / 1000 + 2000));
}

static void bursts_are_counted_and_told(void **state)
{
	(void)state;
	wait_for_next_second();
	capture(LOG_LEVEL_INFO, LOG_LOGFMT, 3);
	for (int i = 0; i < 10; i++)
		log_info("again");
	log_info("another site");
	log_tick();                              /* the second is not over: nothing to tell yet */
	wait_for_next_second();
	log_tick();
	log_tick();
	buf out = release();
	assert_int_equal(count_of(out.data, "msg=again"), 3);
	assert_int_equal(count_of(out.data, "another site"), 1);
	assert_int_equal(count_of(out.data, "suppressed=7"), 1);
	assert_int_equal(count_of(out.data, "suppressed="), 1);
	buf_free(&out);
}

static void *shout(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_info("thread", "who", "%s", (const char *)arg, "i", "%d", i);
	return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
	(void)state;
	pthread_t threads[4];
	static char names[4][2] = {"a", "b", "c", "d"};
	capture(LOG_LEVEL_INFO, LOG_LOGFMT, 1000000);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, shout, names[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	buf out = release();
	assert_int_equal(count_of(out.data, "\n"), 2000);
	char *rest = out.data, *line;
	while ((line = strsep(&rest, "\n")) && *line) {
		char who;
		int i, end = 0;
		assert_int_equal(sscanf(line, "<6>level=info prog=test msg=thread who=%c i=%d%n", &who, &i, &end), 2);
		assert_int_equal(line[end], 0);
	}
	buf_free(&out);
}

static void clean_cuts_and_replaces(void **state)
{
	(void)state;
	char out[9];
	assert_string_equal(log_clean(out, 8, mr_bytes_of("a\nb\xFF")), "a?b?");
	assert_string_equal(log_clean(out, 8, mr_bytes_of("台台台")), "台台");
	assert_string_equal(log_clean(out, 8, (mr_bytes){NULL, 0}), "");
	assert_string_equal(log_clean(out, 8, (mr_bytes){"a\0b", 3}), "a?b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_priority_level_message_and_pairs),
		cmocka_unit_test(lines_elsewhere_have_their_time),
		cmocka_unit_test(debug_lines_say_where),
		cmocka_unit_test(strangers_bytes_are_escaped),
		cmocka_unit_test(json_lines_parse),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(bursts_are_counted_and_told),
		cmocka_unit_test(threads_do_not_mix_lines),
		cmocka_unit_test(clean_cuts_and_replaces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
