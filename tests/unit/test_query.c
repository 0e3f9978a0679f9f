/* The query part of an address: what is read, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/query.h"

static query parsed(const char *text)
{
	query q;
	assert_int_equal(query_parse(&q, mr_bytes_of(text)), 0);
	return q;
}

static void refused(const char *text)
{
	query q;
	assert_int_equal(query_parse(&q, mr_bytes_of(text)), -1);
	assert_int_equal(q.count, 0);
}

static void parameters_are_read(void **state)
{
	(void)state;
	query q = parsed("since=17&label=talent&source=%E6%B2%B3%E5%8F%A3+News%26Views&empty=");
	assert_int_equal(q.count, 4);
	assert_string_equal(query_find(&q, "since"), "17");
	assert_string_equal(query_find(&q, "label"), "talent");
	assert_string_equal(query_find(&q, "source"), "\xE6\xB2\xB3\xE5\x8F\xA3 News&Views");
	assert_string_equal(query_find(&q, "empty"), "");
	assert_null(query_find(&q, "sinc"));
	assert_int_equal(parsed(NULL).count, 0);
	assert_int_equal(parsed("").count, 0);
	assert_int_equal(parsed("&&a=1&").count, 1);
	q = parsed("a=b=c");
	assert_string_equal(query_find(&q, "a"), "b=c");
}

static void what_is_malformed_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"a", "=1", "a=%", "a=%4", "a=%4g", "a=%g4", "a=1&a=2", "A=1", "a b=1", "%61=1", "a=%00", "a=%0A", "a=\x7f", "a=\xff", "a=%C3%28",
					    "aaaaaaaaaaaaaaaaaaaaaaaaa=1", "a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		refused(wrong[i]);
}

static void lengths_are_bounded(void **state)
{
	(void)state;
	buf text = {0};
	buf_add_str(&text, "a=");
	for (int i = 0; i < QUERY_VALUE_MAX; i++)
		buf_add_str(&text, "%41");
	query q = parsed(text.data);
	assert_int_equal(strlen(query_find(&q, "a")), QUERY_VALUE_MAX);
	buf_add_char(&text, 'B');
	refused(text.data);
	buf_clear(&text);
	for (int i = 0; i < QUERY_MAX; i++)
		buf_add_char(&text, '&');
	parsed(text.data);
	buf_add_char(&text, '&');
	refused(text.data);
	buf_free(&text);
}

static void numbers_are_whole(void **state)
{
	(void)state;
	int64_t n = 5;
	query q = parsed("a=17&b=-3&c=&d=1x&e=+1&f=9999999999999999999&g=-&h=999999999999999999");
	assert_int_equal(query_number(&q, "none", 0, 100, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(query_number(&q, "a", 0, 17, &n), 0);
	assert_int_equal(n, 17);
	assert_int_equal(query_number(&q, "a", 18, 100, &n), -1);
	assert_int_equal(query_number(&q, "a", 0, 16, &n), -1);
	assert_int_equal(query_number(&q, "b", -3, 0, &n), 0);
	assert_int_equal(n, -3);
	assert_int_equal(query_number(&q, "h", 0, INT64_MAX, &n), 0);
	assert_true(n == 999999999999999999);
	for (const char *name = "cdefg"; *name; name++)
		assert_int_equal(query_number(&q, (char[]){*name, 0}, INT64_MIN, INT64_MAX, &n), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_read),
		cmocka_unit_test(what_is_malformed_is_refused),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(numbers_are_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
