/* times.c - see times.h. A cursor walks over the text; each reader takes what it knows or leaves the cursor where it was. The date comes first
 * (or after a weekday), then the time of day, then the zone; whatever is left over refuses the whole. */
#include "times.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 100             /* longer texts hold no date alone */
#define DAY_MS INT64_C(86400000)

typedef struct civil {
	int year, month, day, hour, minute, second, ms;
	enum time_precision precision;
	int zone;
	bool zone_given;
} civil;

typedef struct cursor {
	const char *at, *end;
} cursor;

/* Days from civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
int64_t time_days(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void time_civil(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

bool time_date_valid(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (month == 2 && leap);
}

/* ---- the cursor ---- */

static bool take(cursor *c, const char *text)
{
	size_t n = strlen(text);
	if ((size_t)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
		return false;
	c->at += n;
	return true;
}

static bool take_any(cursor *c, const char *const *texts)
{
	for (; *texts; texts++)
		if (take(c, *texts))
			return true;
	return false;
}

static bool digit(const cursor *c)
{
	return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static bool blank(cursor *c)
{
	static const char *const kinds[] = {" ", "\t", "\n", "\r", "\u3000", "\u00a0", NULL};
	return take_any(c, kinds);
}

static void blanks(cursor *c)
{
	while (blank(c))
		;
}

/* A number of `min` to `max` digits that is not followed by another digit. */
static bool number(cursor *c, int min, int max, int *out)
{
	cursor saved = *c;
	int n = 0, value = 0;
	for (; digit(c) && n <= max; n++)
		value = value * 10 + (*c->at++ - '0');
	if (n < min || n > max) {
		*c = saved;
		return false;
	}
	*out = value;
	return true;
}

/* Exactly `n` digits, whatever follows: the basic forms. */
static bool digits(cursor *c, int n, int *out)
{
	cursor part = {c->at, c->at + n};
	if (c->end - c->at < n || !number(&part, n, n, out))
		return false;
	c->at += n;
	return true;
}

static int lower(int ch)
{
	return ch >= 'A' && ch <= 'Z' ? ch + 32 : ch;
}

static bool letter(const cursor *c)
{
	return c->at < c->end && lower((unsigned char)*c->at) >= 'a' && lower((unsigned char)*c->at) <= 'z';
}

/* A word of ASCII letters, lower-cased into `out`; false (nothing taken) when there is none or it is too long. */
static bool word(cursor *c, char out[12])
{
	cursor saved = *c;
	size_t n = 0;
	while (letter(c) && n < 11)
		out[n++] = (char)lower((unsigned char)*c->at++);
	out[n] = 0;
	if (n && !letter(c))
		return true;
	*c = saved;
	return false;
}

/* Index of `text` among the full names, which may be shortened to 3 letters or more; -1. */
static int name_index(const char *text, const char *const *names, int count)
{
	size_t n = strlen(text);
	for (int i = 0; n >= 3 && i < count; i++)
		if (strncmp(names[i], text, n) == 0)
			return i;
	return -1;
}

/* ---- dates ---- */

static void skip_weekday(cursor *c)
{
	static const char *const names[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
	static const char *const open[] = {"（", "(", NULL}, *const close[] = {"）", ")", NULL};
	static const char *const weeks[] = {"星期", "周", "週", "礼拜", "禮拜", NULL}, *const days[] = {"一", "二", "三", "四", "五", "六", "日", "天", NULL};
	cursor saved = *c;
	char text[12];
	bool bracket = take_any(c, open);
	if (take_any(c, weeks) ? take_any(c, days) : word(c, text) && name_index(text, names, 7) >= 0) {
		if (bracket && !take_any(c, close)) {
			*c = saved;
			return;
		}
		if (!take(c, ","))
			take(c, ".");
		blanks(c);
		return;
	}
	*c = saved;
}

static bool month_name(cursor *c, int *month)
{
	static const char *const names[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
	cursor saved = *c;
	char text[12];
	if (word(c, text) && (*month = name_index(text, names, 12) + 1) > 0) {
		take(c, ".");
		return true;
	}
	*c = saved;
	return false;
}

/* 2026-03-13 2026/3/13 2026.3.13 2026年3月13日 20260313 */
static bool numeric_date(cursor *c, civil *t)
{
	static const char *const separators[] = {"-", "/", "."}, *const day_marks[] = {"日", "号", "號", NULL};
	cursor saved = *c;
	int year;
	if (number(c, 4, 4, &year)) {
		t->year = year;
		blanks(c);
		if (take(c, "年")) {
			blanks(c);
			if (number(c, 1, 2, &t->month) && (blanks(c), take(c, "月")) && (blanks(c), number(c, 1, 2, &t->day)) && (blanks(c), take_any(c, day_marks)))
				return true;
		}
		for (size_t i = 0; i < sizeof separators / sizeof *separators; i++)
			if (take(c, separators[i]))
				if (number(c, 1, 2, &t->month) && take(c, separators[i]) && number(c, 1, 2, &t->day))
					return true;
	}
	*c = saved;
	if (digits(c, 4, &t->year) && digits(c, 2, &t->month) && digits(c, 2, &t->day))
		return true;
	*c = saved;
	return false;
}

/* Day of an English date, with or without its ending: 13, 13th. */
static bool english_day(cursor *c, int *day)
{
	static const char *const endings[] = {"st", "nd", "rd", "th", NULL};
	if (!number(c, 1, 2, day))
		return false;
	cursor saved = *c;
	if (take_any(c, endings) && letter(c))
		*c = saved;
	return true;
}

static int full_year(int year, int digits_read)
{
	return digits_read == 4 ? year : year < 50 ? 2000 + year : 1900 + year;          /* RFC 2822 section 4.3 */
}

static bool english_year(cursor *c, int *year)
{
	const char *from = c->at;
	if (!number(c, 4, 4, year) && !number(c, 2, 2, year))
		return false;
	*year = full_year(*year, (int)(c->at - from));
	return true;
}

static void gap(cursor *c)
{
	take(c, ",");
	blanks(c);
	take(c, "-");
}

/* 13 Mar 2026, 13-Mar-26, March 13, 2026 */
static bool english_date(cursor *c, civil *t)
{
	cursor saved = *c;
	if (english_day(c, &t->day)) {
		gap(c);
		if (month_name(c, &t->month) && (gap(c), english_year(c, &t->year)))
			return true;
	} else if (month_name(c, &t->month)) {
		gap(c);
		if (english_day(c, &t->day) && (gap(c), english_year(c, &t->year)))
			return true;
	}
	*c = saved;
	return false;
}

/* ---- time of day, zone ---- */

static void fraction(cursor *c, civil *t)
{
	cursor saved = *c;
	if (!take(c, ".") && !take(c, ","))
		return;
	if (!digit(c)) {
		*c = saved;
		return;
	}
	for (int scale = 100; digit(c); scale /= 10)
		t->ms += (*c->at++ - '0') * scale;
}

static bool noon(cursor *c, civil *t)
{
	char text[12];
	cursor saved = *c;
	blanks(c);
	if (t->hour <= 12 && word(c, text) && (strcmp(text, "am") == 0 || strcmp(text, "pm") == 0)) {
		t->hour = t->hour % 12 + (text[0] == 'p' ? 12 : 0);
		return true;
	}
	*c = saved;
	return false;
}

enum day_part { PART_NONE, PART_NIGHT, PART_MORNING, PART_NOON, PART_AFTERNOON, PART_EVENING };

static enum day_part day_part(cursor *c)
{
	static const struct { const char *word; enum day_part part; } words[] = {
		{"凌晨", PART_NIGHT}, {"上午", PART_MORNING}, {"早上", PART_MORNING}, {"清晨", PART_MORNING}, {"中午", PART_NOON}, {"下午", PART_AFTERNOON},
		{"晚上", PART_EVENING}, {"晚间", PART_EVENING}, {"傍晚", PART_EVENING},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (take(c, words[i].word))
			return words[i].part;
	return PART_NONE;
}

/* 凌晨12:20 is twenty past midnight, 晚上12点 the midnight at the end of the day, 中午11:40 before noon. */
static int hour_of(enum day_part part, int hour)
{
	if (hour == 12)
		return part == PART_NIGHT ? 0 : part == PART_EVENING ? 24 : 12;
	return (part >= PART_AFTERNOON && hour < 12) || (part == PART_NOON && hour < 11) ? hour + 12 : hour;
}

/* 08:30, 8:30:15.25, 8时30分15秒, 下午3:20, 3:20 pm, 0830 and 083015 (`basic`, behind a T) */
static bool time_of_day(cursor *c, civil *t, bool basic)
{
	static const char *const colons[] = {":", "：", NULL}, *const hours[] = {"时", "時", "点", "點", NULL};
	cursor saved = *c;
	enum day_part part = day_part(c);
	blanks(c);
	t->precision = TIME_MINUTE;
	if (basic && digits(c, 2, &t->hour) && digits(c, 2, &t->minute)) {
		if (digits(c, 2, &t->second))
			t->precision = TIME_SECOND, fraction(c, t);
		return true;
	}
	*c = basic ? saved : *c;
	if (!number(c, 1, 2, &t->hour))
		goto none;
	if (take_any(c, colons)) {
		if (!number(c, 2, 2, &t->minute))
			goto none;
		if (take_any(c, colons)) {
			if (!number(c, 2, 2, &t->second))
				goto none;
			t->precision = TIME_SECOND;
			fraction(c, t);
		}
		noon(c, t);
	} else if (take_any(c, hours)) {
		if (number(c, 1, 2, &t->minute) && !take(c, "分"))
			goto none;
		if (number(c, 1, 2, &t->second)) {
			if (!take(c, "秒"))
				goto none;
			t->precision = TIME_SECOND;
		}
	} else if (!noon(c, t)) {
		goto none;
	}
	t->hour = hour_of(part, t->hour);
	return true;
none:
	*c = saved;
	t->hour = t->minute = t->second = t->ms = 0;
	t->precision = TIME_DAY;
	return false;
}

/* Zones that RFC 822 names. CST is read as China's when the caller's default is China's: Chinese servers write it so. */
static bool named_zone(const char *text, int default_zone, int *zone)
{
	static const struct { const char *name; int minutes; } zones[] = {
		{"z", 0}, {"ut", 0}, {"utc", 0}, {"gmt", 0}, {"est", -300}, {"edt", -240}, {"cst", -360}, {"cdt", -300}, {"mst", -420},
		{"mdt", -360}, {"pst", -480}, {"pdt", -420}, {"bst", 60}, {"cet", 60}, {"cest", 120}, {"hkt", 480}, {"jst", 540},
	};
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (strcmp(text, zones[i].name) == 0) {
			*zone = strcmp(text, "cst") == 0 && default_zone == TIME_ZONE_CHINA ? TIME_ZONE_CHINA : zones[i].minutes;
			return true;
		}
	return false;
}

/* Z, GMT, CST, +08:00, +0800, +8, GMT+8, UTC+08:00, 北京时间 (also in brackets) */
static bool zone(cursor *c, int default_zone, civil *t)
{
	static const char *const beijing[] = {"北京时间", "北京時間", NULL};
	cursor saved = *c;
	char text[12];
	int hours, minutes = 0;
	bool bracket = take(c, "(");
	if (take_any(c, beijing))
		t->zone = TIME_ZONE_CHINA;
	else {
		bool named = word(c, text);
		if (named && !named_zone(text, default_zone, &t->zone))
			goto none;
		int sign = take(c, "+") ? 1 : take(c, "-") || take(c, "\u2212") ? -1 : 0;
		if (!named && !sign)
			goto none;
		if (sign && (!named || t->zone == 0)) {
			if (!(digits(c, 2, &hours) ? (take(c, ":"), digits(c, 2, &minutes) || !digit(c)) : number(c, 1, 1, &hours)))
				goto none;
			t->zone = sign * (hours * 60 + minutes);
			if (minutes > 59 || hours > 18)
				goto none;
		}
	}
	if (bracket && !take(c, ")"))
		goto none;
	t->zone_given = true;
	return true;
none:
	*c = saved;
	return false;
}

/* ---- the whole ---- */

static bool finish(const civil *t, time_point *out)
{
	if (!time_date_valid(t->year, t->month, t->day) || t->hour > 24 || t->minute > 59 || t->second > 60)
		return false;
	if (t->hour == 24 && (t->minute || t->second || t->ms))
		return false;
	int64_t ms = time_days(t->year, t->month, t->day) * DAY_MS;
	ms += ((t->hour * 60 + t->minute) * INT64_C(60) + t->second) * 1000 + t->ms - t->zone * INT64_C(60000);
	char text[TIME_TEXT_BYTES];
	if (!time_print(ms, t->zone, text))
		return false;
	*out = (time_point){ms, t->zone, t->zone_given, t->precision};
	return true;
}

/* Epoch numbers are told apart by their length: 10 digits seconds (from 2001 on), 13 milliseconds, 16 microseconds, 19 nanoseconds. Shorter ones of each kind are
 * not read: 202603130830 is a date. */
static bool epoch(cursor c, time_point *out)
{
	const char *from = c.at;
	uint64_t value = 0;                              /* 19 digits fit */
	for (; digit(&c) && c.at - from < 19; c.at++)
		value = value * 10 + (uint64_t)(*c.at - '0');
	size_t n = (size_t)(c.at - from);
	bool fractional = n == 10 && c.at < c.end && *c.at == '.';
	civil part = {0};
	if (fractional)
		fraction(&c, &part);
	blanks(&c);
	if (c.at != c.end || (n != 10 && n != 13 && n != 16 && n != 19))
		return false;
	uint64_t ms = n == 10 ? value * 1000 + (uint64_t)part.ms : n == 13 ? value : n == 16 ? value / 1000 : value / 1000000;
	*out = (time_point){(int64_t)ms, 0, true, TIME_SECOND};
	return true;
}

bool time_parse(mr_bytes text, int default_zone, time_point *out)
{
	if (!text.data || text.len == 0 || text.len > TEXT_MAX)
		return false;
	cursor c = {text.data, text.data + text.len};
	civil t = {.precision = TIME_DAY, .zone = default_zone};
	blanks(&c);
	if (epoch(c, out))
		return true;
	skip_weekday(&c);
	if (!numeric_date(&c, &t) && !english_date(&c, &t))
		return false;
	bool touching = digit(&c);                       /* 20260313083000 */
	bool marked = take(&c, "T") || take(&c, "t");
	if (!marked) {
		take(&c, ",");
		blanks(&c);
		skip_weekday(&c);
	}
	bool timed = time_of_day(&c, &t, marked || touching);
	if (!timed && (marked || touching))
		return false;
	blanks(&c);
	if (zone(&c, default_zone, &t)) {
		cursor again = c;                        /* the name behind the number: +0800 (CST) */
		civil ignored = t;
		blanks(&again);
		if (again.at < again.end && *again.at == '(' && zone(&again, default_zone, &ignored))
			c = again;
	}
	blanks(&c);
	return c.at == c.end && finish(&t, out);
}

bool time_print(int64_t ms, int zone_minutes, char out[TIME_TEXT_BYTES])
{
	int64_t limit = 300000 * DAY_MS * 10;            /* keeps the arithmetic below far from overflow */
	*out = 0;
	if (ms < -limit || ms > limit)
		return false;
	int64_t local = ms + zone_minutes * INT64_C(60000);
	int64_t days = local / DAY_MS - (local % DAY_MS < 0), rest = local - days * DAY_MS;
	int year, month, day, east = zone_minutes < 0 ? -zone_minutes : zone_minutes;
	time_civil(days, &year, &month, &day);
	if (year < 1000 || year > 9999)
		return false;
	int seconds = (int)(rest / 1000);
	int n = snprintf(out, TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03d", year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60, (int)(rest % 1000));
	if (zone_minutes == 0)
		snprintf(out + n, TIME_TEXT_BYTES - (size_t)n, "Z");
	else
		snprintf(out + n, TIME_TEXT_BYTES - (size_t)n, "%c%02d:%02d", zone_minutes < 0 ? '-' : '+', east / 60, east % 60);
	return true;
}

const char *time_precision_name(enum time_precision precision)
{
	return precision == TIME_SECOND ? "second" : precision == TIME_MINUTE ? "minute" : "day";
}
