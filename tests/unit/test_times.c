/* Points in time as feeds write them. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/times.h"

static void reads(const char *text, int zone, const char *want, enum time_precision precision)
{
	time_point at;
	char out[TIME_TEXT_BYTES];
	bool ok = time_parse(mr_bytes_of(text), zone, &at);
	if (!ok)
		print_error("not read: %s\n", text);
	assert_true(ok);
	assert_true(time_print(at.ms, at.zone, out));
	assert_string_equal(out, want);
	assert_int_equal(at.precision, precision);
}

static void refuses(const char *text)
{
	time_point at = {.ms = 77};
	bool ok = time_parse(mr_bytes_of(text), 0, &at);
	if (ok)
		print_error("read as %lld: %s\n", (long long)at.ms, text);
	assert_false(ok);
	assert_int_equal(at.ms, 77);
}

static void every_form_is_read(void **state)
{
	(void)state;
	static const char minute[] = "2026-03-13T08:30:00.000+08:00", second[] = "2026-03-13T08:30:15.000+08:00", day[] = "2026-03-13T00:00:00.000+08:00";
	static const char *const minutes[] = {
		"2026-03-13 08:30", "2026-03-13T08:30+08:00", "2026年3月13日 08:30", "2026年03月13日8:30", "2026/3/13 8:30", "2026.3.13 8:30", "2026年3月13日8时30分",
		"2026年3月13日（星期五） 上午8:30", "2026年3月13日 星期五 08：30", "20260313T0830+0800", "202603130830", "Fri, 13 Mar 2026 08:30 +0800", "March 13, 2026 8:30 am",
		"13 March 2026, 08:30", "Friday, March 13th, 2026 8:30 AM", " 2026-03-13\u300008:30 ", "2026-3-13 8:30 GMT+8", "2026-03-13 08:30 北京时间", "2026年3月13日8点30分",
	};
	static const char *const seconds[] = {
		"2026-03-13T08:30:15", "2026-03-13 08:30:15 +0800", "Fri, 13 Mar 2026 08:30:15 +0800", "20260313083015", "2026-03-13T08:30:15.000+08:00", "20260313T083015+08",
		"2026年3月13日8时30分15秒", "Fri, 13-Mar-26 08:30:15 CST", "2026-03-13 08:30:15+08", "Fri, 13 Mar 2026 08:30:15 +0800 (CST)",
	};
	static const char *const days[] = {"2026-03-13", "2026年3月13日", "2026/3/13", "20260313", "13 Mar 2026", "Mar. 13, 2026", "2026年3月13日 星期五", "2026 年 3 月 13 日"};
	for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++)
		reads(minutes[i], TIME_ZONE_CHINA, minute, TIME_MINUTE);
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
		reads(seconds[i], TIME_ZONE_CHINA, second, TIME_SECOND);
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		reads(days[i], TIME_ZONE_CHINA, day, TIME_DAY);
}

static void zones_and_ends_of_days(void **state)
{
	(void)state;
	reads("2026-03-13T08:30:00Z", TIME_ZONE_CHINA, "2026-03-13T08:30:00.000Z", TIME_SECOND);
	reads("2026-03-13 08:30", 0, "2026-03-13T08:30:00.000Z", TIME_MINUTE);
	reads("Fri, 13 Mar 2026 08:30:00 GMT", TIME_ZONE_CHINA, "2026-03-13T08:30:00.000Z", TIME_SECOND);
	reads("Fri, 13 Mar 2026 08:30:00 CST", 0, "2026-03-13T08:30:00.000-06:00", TIME_SECOND);
	reads("2026-03-13T08:30:15.25-03:30", 0, "2026-03-13T08:30:15.250-03:30", TIME_SECOND);
	reads("2026-03-13T08:30:15,1234567Z", 0, "2026-03-13T08:30:15.123Z", TIME_SECOND);
	reads("2026-12-31T24:00:00Z", 0, "2027-01-01T00:00:00.000Z", TIME_SECOND);
	reads("2016-12-31T23:59:60Z", 0, "2017-01-01T00:00:00.000Z", TIME_SECOND);
	reads("2026年3月13日 凌晨12:20", TIME_ZONE_CHINA, "2026-03-13T00:20:00.000+08:00", TIME_MINUTE);
	reads("2026年3月13日 下午12:20", TIME_ZONE_CHINA, "2026-03-13T12:20:00.000+08:00", TIME_MINUTE);
	reads("2026年3月13日 晚上12点", TIME_ZONE_CHINA, "2026-03-14T00:00:00.000+08:00", TIME_MINUTE);
	reads("2026年3月13日 中午11:40", TIME_ZONE_CHINA, "2026-03-13T11:40:00.000+08:00", TIME_MINUTE);
	reads("2026年3月13日 中午1点", TIME_ZONE_CHINA, "2026-03-13T13:00:00.000+08:00", TIME_MINUTE);
	reads("2026年3月13日 晚间8点", TIME_ZONE_CHINA, "2026-03-13T20:00:00.000+08:00", TIME_MINUTE);
	reads("2026年3月13日 下午3:20", TIME_ZONE_CHINA, "2026-03-13T15:20:00.000+08:00", TIME_MINUTE);
	reads("March 13, 2026 12:05 am", 0, "2026-03-13T00:05:00.000Z", TIME_MINUTE);
	reads("March 13, 2026 12:05 PM", 0, "2026-03-13T12:05:00.000Z", TIME_MINUTE);
	reads("2024-02-29", 0, "2024-02-29T00:00:00.000Z", TIME_DAY);
	reads("1946-05-15", TIME_ZONE_CHINA, "1946-05-15T00:00:00.000+08:00", TIME_DAY);
}

static void epochs_are_told_by_length(void **state)
{
	(void)state;
	reads("1773362415", TIME_ZONE_CHINA, "2026-03-13T00:40:15.000Z", TIME_SECOND);
	reads("1773362415.5", 0, "2026-03-13T00:40:15.500Z", TIME_SECOND);
	reads("1773362415123", 0, "2026-03-13T00:40:15.123Z", TIME_SECOND);
	reads("1773362415123456", 0, "2026-03-13T00:40:15.123Z", TIME_SECOND);
	reads("1773362415123456789", 0, "2026-03-13T00:40:15.123Z", TIME_SECOND);
}

static void nonsense_is_no_time(void **state)
{
	(void)state;
	static const char *const none[] = {
		"", " ", "None", "null", "0", "12", "03/04/2026", "13.03.2026", "2026-13-01", "2026-02-29", "2026-03-32", "2026-03-13 25:00", "2026-03-13 08:60", "2026-03-13 08:30 XYZ",
		"2026-03-13 and more", "2026-03-13T", "2026", "2026-03", "March 2026", "yesterday", "2026-03/13", "2026-03-13T08:30+99:00", "99999999999999999999", "12345678901",
		"2026年3月", "3月13日", "2026-03-13 24:01", "-1773362415", "20261399", "202603131", "2026-03-13 08:30 08:31", "0026-03-13", "Fri", "13 Foo 2026",
		"2026年3月13日 晚上12:20",       /* of which day? */
	};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		refuses(none[i]);
}

static void dates_go_there_and_back(void **state)
{
	(void)state;
	int64_t days = time_days(1000, 1, 1), last = time_days(9999, 12, 31);
	int year = 1000, month = 1, day = 1;
	for (int64_t at = days; at <= last; at++) {
		int y, m, d;
		time_civil(at, &y, &m, &d);
		if (y != year || m != month || d != day || !time_date_valid(y, m, d) || time_days(y, m, d) != at)
			fail_msg("day %lld is %d-%d-%d", (long long)at, y, m, d);
		if (time_date_valid(year, month, day + 1))
			day++;
		else if (day = 1, ++month > 12)
			month = 1, year++;
	}
	assert_int_equal(time_days(1970, 1, 1), 0);
	char out[TIME_TEXT_BYTES];
	assert_false(time_print(INT64_MAX, 0, out));
	assert_false(time_print(INT64_MIN, -720, out));
	assert_true(time_print(-1, 0, out));
	assert_string_equal(out, "1969-12-31T23:59:59.999Z");
}

static void the_process_has_no_say(void **state)
{
	(void)state;
	setenv("TZ", "America/New_York", 1);
	setlocale(LC_ALL, "");
	reads("2026-03-13 08:30", TIME_ZONE_CHINA, "2026-03-13T08:30:00.000+08:00", TIME_MINUTE);
	unsetenv("TZ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(zones_and_ends_of_days),
		cmocka_unit_test(epochs_are_told_by_length),
		cmocka_unit_test(nonsense_is_no_time),
		cmocka_unit_test(dates_go_there_and_back),
		cmocka_unit_test(the_process_has_no_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
