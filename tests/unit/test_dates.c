/* Dates in markup and running text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "workers/extract/dates.h"

static void printed(const char *text, bool yearless, const char *want)
{
	date_found found;
	buf out = {0};
	if (date_find(mr_bytes_of(text), 0, yearless, &found))
		date_print(&found.value, &out);
	if (!out.len)
		buf_add_str(&out, "none");
	assert_string_equal(out.data, want);
	buf_free(&out);
}

static void forms_of_running_text(void **state)
{
	(void)state;
	printed("发布时间：2026年3月13日 08:30 来源：丰台报", false, "2026-03-13T08:30");
	printed("2026-03-13 08:30:15", false, "2026-03-13T08:30:15");
	printed("2026/3/13", false, "2026-03-13");
	printed("2026.03.13 星期五", false, "2026-03-13");
	printed("2026年3月13日（星期五）下午3时05分", false, "2026-03-13T15:05");
	printed("2026年3月13日凌晨12:20", false, "2026-03-13T00:20");
	printed("2026年3月13日中午11:40", false, "2026-03-13T11:40");
	printed("2026年3月13日中午12点", false, "2026-03-13T12:00");
	printed("2026年3月13日中午1点", false, "2026-03-13T13:00");
	printed("二〇二六年三月十三日", false, "2026-03-13");
	printed("中華民國114年4月9日　星期三", false, "2025-04-09");
	printed("民国38年10月1日", false, "1949-10-01");
	printed("民國年間的9月", false, "none");
	printed("二○二六年十二月三十一日印发", false, "2026-12-31");
	printed("２０２６年３月１３日", false, "2026-03-13");
	printed("Posted on March 13, 2026 at 8:30 pm", false, "2026-03-13T20:30");
	printed("Fri, 13 Mar 2026 08:30:00 GMT", false, "2026-03-13T08:30:00+00:00");
	printed("13th March 2026", false, "2026-03-13");
	printed("2026-03-13T08:30:15.123+08:00", false, "2026-03-13T08:30:15+08:00");
	printed("2026-03-13T08:30:15Z", false, "2026-03-13T08:30:15+00:00");
	printed("2026-03-13T08:30-0430", false, "2026-03-13T08:30-04:30");
	printed("25/12/2026", false, "2026-12-25");
	printed("12/25/2026", false, "2026-12-25");
	printed("新华社北京3月13日电", true, "03-13");
}

static void no_date_is_invented(void **state)
{
	(void)state;
	printed("新华社北京3月13日电", false, "none");
	printed("2026-13-01", false, "none");
	printed("2026-02-29", false, "none");
	printed("version 2026.1.2.3", false, "none");
	printed("电话 010-63812345", false, "none");
	printed("京政发〔2026〕12号", true, "none");
	printed("32月1日", true, "none");
	printed("may have 12, 2026 units", false, "none");
	printed("12345-01-02", false, "none");
	printed("", false, "none");
}

static void values_of_markup(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"20260313", "2026-03-13"}, {"202603130830", "2026-03-13T08:30"}, {"20260313083015", "2026-03-13T08:30:15"},
		{"1773390615", "2026-03-13T08:30:15+00:00"}, {"1773390615000", "2026-03-13T08:30:15+00:00"}, {" 2026-03-13 ", "2026-03-13"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		date_value v;
		buf out = {0};
		assert_true(date_parse(mr_bytes_of(cases[i][0]), &v));
		date_print(&v, &out);
		assert_string_equal(out.data, cases[i][1]);
		buf_free(&out);
	}
	date_value v;
	assert_false(date_parse(mr_bytes_of("20261301"), &v));
	assert_false(date_parse(mr_bytes_of("yesterday"), &v));
	assert_false(date_parse((mr_bytes){"", 0}, &v));
}

static void relative(const char *text, const date_value *base, const char *want)
{
	date_found found;
	buf out = {0};
	if (date_relative(mr_bytes_of(text), base, &found))
		date_print(&found.value, &out);
	if (!out.len)
		buf_add_str(&out, "none");
	assert_string_equal(out.data, want);
	buf_free(&out);
}

static void relative_words_need_a_base(void **state)
{
	(void)state;
	date_value base = {.year = 2026, .month = 3, .day = 1, .hour = 1, .minute = 30, .precision = DATE_MINUTE}, day = {.year = 2024, .month = 3, .day = 1,
		.precision = DATE_DAY}, none = {0};
	relative("昨天 08:15", &base, "2026-02-28T08:15");
	relative("2小时前", &base, "2026-02-28T23:30");
	relative("5 minutes ago", &base, "2026-03-01T01:25");
	relative("3天前", &day, "2024-02-27");
	relative("2小时前", &day, "none");
	relative("昨天", &none, "none");
}

static void comparing(void **state)
{
	(void)state;
	date_value a = {.year = 2026, .month = 3, .day = 1, .hour = 9, .precision = DATE_MINUTE}, b = a, day = a;
	b.hour = 10;
	day.precision = DATE_DAY;
	assert_int_equal(date_compare(&a, &b), -1);
	assert_int_equal(date_compare(&day, &b), 0);
	assert_true(date_same_day(&a, &day));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_running_text), cmocka_unit_test(no_date_is_invented), cmocka_unit_test(values_of_markup),
		cmocka_unit_test(relative_words_need_a_base), cmocka_unit_test(comparing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
