/* The tree of a record with its long strings decoded by us is Jansson's, for good and for bad values. The same over any bytes: fuzz_load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/record_load.h"

static void compare(mr_bytes text)
{
	json_scan scan = {0};
	json_error_t here, there;
	assert_int_equal(json_scan_run(&scan, text, 32, 65536), JSON_SCAN_FINE);
	json_t *ours = record_load(text, &scan, 2, &here), *theirs = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &there);
	if (!ours || !theirs) {
		assert_true(!ours && !theirs);
		assert_int_equal(here.position, there.position);
		assert_string_equal(here.text, there.text);
	} else {
		char *a = json_dumps(ours, JSON_COMPACT), *b = json_dumps(theirs, JSON_COMPACT);
		assert_string_equal(a, b);
		free(a);
		free(b);
	}
	json_decref(ours);
	json_decref(theirs);
	json_scan_free(&scan);
}

static void good_values(void **state)
{
	static const char *const values[] = {
		"{\"text\":\"市图书馆\\n新馆\",\"id\":1}", "{ \"a\" : \"\\\"\\\\\\/\\b\\f\\n\\r\\t\" , \"b\" : \"\\u4E2d\\u00e9\\ud83d\\ude00\" }", "{\"a\":\"\",\"b\":\"x\"}",
		"{\"a\":\"\xEF\xBF\xBD\",\"b\":\"\xF0\x9F\x98\x80\x7f\"}", "{\"a\":{\"b\":\"inner\"},\"c\":[\"d\",\"e\"],\"f\":\"g\",\"h\":null}", "{\"k\\n\":\"v\"}", "{}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		compare(mr_bytes_of(values[i]));
}

static void bad_values(void **state)
{
	static const char *const values[] = {
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\x\"}", "{\"a\":\"line\nbreak\"}",
		"{\"a\":\"\xC0\xAF\"}", "{\"a\":\"\xED\xA0\x80\"}", "{\"a\":\"\xE4\xBD\"}", "{\"a\":\"\xFF\"}", "{\"a\":\"x\",\"a\":\"y\"}", "[\"a\":\"x\"]", "{\"a\":\"x\" \"b\":\"y\"}",
		"{\"a\":\"x\",}", "{\"a\":\"x\"} x", "{\"a\":\"x", "{\"a\":\"x\"\"y\"}", "{\"a\":\"x\"1}", "{\"long\":\"abcdefgh\",\"b\":tru}", "\"string\"", "{a:\"x\"}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		compare(mr_bytes_of(values[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_values),
		cmocka_unit_test(bad_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
