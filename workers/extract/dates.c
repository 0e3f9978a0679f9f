/* dates.c - see dates.h. One pass over the text: a date can begin at a digit, at a Chinese numeral and at the first letter of an English
 * month or week day; at each such place the forms are tried in turn, and the first that gives a possible date wins. */
#include "workers/extract/dates.h"

#include <stdlib.h>
#include <strings.h>

#include "common/utf8.h"

#define YEAR_FIRST 1900
#define YEAR_LAST 2100

typedef struct scan {
	const char *at, *end;
} scan;

static const char *const month_names[12] = {
	"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
static const char *const day_names[7] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
static const char *const han_digits[10] = {"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool take(scan *s, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n))
		return false;
	s->at += n;
	return true;
}

static bool take_any(scan *s, const char *const *words)
{
	for (; *words; words++)
		if (take(s, *words))
			return true;
	return false;
}

/* White space, also the ideographic and the no-break one; at most `max` of them. */
static int skip_space(scan *s, int max)
{
	int n = 0;
	while (n < max && s->at < s->end && (take(s, " ") || take(s, "\t") || take(s, "\n") || take(s, "\r") || take(s, "\u3000") || take(s, "\u00a0")))
		n++;
	return n;
}

static bool take_number(scan *s, int min_digits, int max_digits, int *out)
{
	int n = 0, v = 0;
	const char *p = s->at;
	while (p < s->end && is_digit(*p) && n <= max_digits) {
		v = v * 10 + (*p++ - '0');
		n++;
	}
	if (n < min_digits || n > max_digits)
		return false;
	s->at = p;
	*out = v;
	return true;
}

/* Full-width digits count as digits in Chinese dates; anything else ends the number. */
static bool take_wide_number(scan *s, int min_digits, int max_digits, int *out)
{
	int n = 0, v = 0;
	scan t = *s;
	while (t.end - t.at >= 3 && n <= max_digits && (unsigned char)t.at[0] == 0xEF && (unsigned char)t.at[1] == 0xBC &&
	       (unsigned char)t.at[2] >= 0x90 && (unsigned char)t.at[2] <= 0x99) {
		v = v * 10 + ((unsigned char)t.at[2] - 0x90);
		t.at += 3;
		n++;
	}
	if (n < min_digits || n > max_digits)
		return take_number(s, min_digits, max_digits, out);
	*s = t;
	*out = v;
	return true;
}

static int month_days(int year, int month)
{
	static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year == 0 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool possible(int year, int month, int day)
{
	return (year == 0 || (year >= YEAR_FIRST && year <= YEAR_LAST)) && month >= 1 && month <= 12 && day >= 1 && day <= month_days(year, month);
}

/* ---- clock and zone behind a date ---- */

static void take_zone(scan *s, date_value *v)
{
	static const struct { const char *name; int minutes; } zones[] = {
		{"UTC", 0}, {"GMT", 0}, {"CST", 480}, {"EST", -300}, {"EDT", -240}, {"ET", -300}, {"CET", 60}, {"CEST", 120}, {"BST", 60}, {"PST", -480},
		{"PDT", -420}, {"JST", 540}, {"HKT", 480}, {"IST", 330}, {"Z", 0}};
	scan t = *s;
	skip_space(&t, 1);
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		scan u = t;
		if (take(&u, zones[i].name) && (u.at == u.end || !is_letter(*u.at))) {
			/* CST is China's time in Chinese markup and Chicago's elsewhere: it says nothing. */
			if (strcmp(zones[i].name, "CST") != 0) {
				v->has_zone = true;
				v->zone_minutes = zones[i].minutes;
			}
			t = *s = u;
			break;
		}
	}
	int h, m = 0, sign = t.at < t.end && *t.at == '-' ? -1 : 1;
	if (t.at >= t.end || (*t.at != '+' && *t.at != '-'))
		return;
	t.at++;
	if (!take_number(&t, 2, 2, &h) && !(take_number(&t, 4, 4, &h) && (m = h % 100, h /= 100, true)) && !take_number(&t, 1, 1, &h))
		return;
	if (take(&t, ":"))
		take_number(&t, 2, 2, &m);
	if (h > 14 || m > 59)
		return;
	v->has_zone = true;
	v->zone_minutes = sign * (h * 60 + m);
	*s = t;
}

/* `8:30`, `08:30:15.123`, `8时30分`, `8点`, `8.30am`; the words 上午 and 下午 move it by half a day. */
static bool take_clock(scan *s, date_value *v)
{
	static const char *const night[] = {"凌晨", NULL}, *const morning[] = {"上午", "早上", "清晨", NULL}, *const noon[] = {"中午", NULL};
	static const char *const evening[] = {"下午", "晚上", "傍晚", "晚间", NULL};
	scan t = *s;
	int h, m, sec = 0;
	bool at_night = take_any(&t, night), at_noon = !at_night && take_any(&t, noon), seconds = false;
	bool later = !at_night && !at_noon && !take_any(&t, morning) && take_any(&t, evening);
	skip_space(&t, 2);
	if (!take_wide_number(&t, 1, 2, &h))
		return false;
	if (take(&t, ":") || take(&t, "：")) {
		if (!take_wide_number(&t, 2, 2, &m))
			return false;
		if ((take(&t, ":") || take(&t, "：")) && take_wide_number(&t, 2, 2, &sec))
			seconds = true;
		if (seconds && (take(&t, ".") || take(&t, ",")))
			while (t.at < t.end && is_digit(*t.at))
				t.at++;
	} else if (take(&t, "时") || take(&t, "時") || take(&t, "点") || take(&t, "點")) {
		m = 0;
		if (take_wide_number(&t, 1, 2, &m) && !take(&t, "分"))
			return false;
	} else {
		return false;
	}
	scan u = t;
	skip_space(&u, 1);
	if (u.end - u.at >= 2 && (u.at[0] == 'p' || u.at[0] == 'P') && (u.at[1] == 'm' || u.at[1] == 'M' || u.at[1] == '.')) {
		later = true;
		t.at = u.at + (u.at[1] == '.' && u.end - u.at >= 4 ? 4 : 2);
	} else if (u.end - u.at >= 2 && (u.at[0] == 'a' || u.at[0] == 'A') && (u.at[1] == 'm' || u.at[1] == 'M' || u.at[1] == '.')) {
		if (h == 12)
			h = 0;
		t.at = u.at + (u.at[1] == '.' && u.end - u.at >= 4 ? 4 : 2);
	}
	if (at_night && h == 12)
		h = 0;
	if ((later && h < 12) || (at_noon && h < 11))    /* 中午11:40 is before noon */
		h += 12;
	if (h > 24 || m > 59 || sec > 60 || (h == 24 && m))
		return false;
	v->hour = h == 24 ? 0 : h;
	v->minute = m;
	v->second = sec == 60 ? 59 : sec;
	v->precision = seconds ? DATE_SECOND : DATE_MINUTE;
	take_zone(&t, v);
	*s = t;
	return true;
}

/* What may stand between day and clock: blanks, a comma, `T`, `at`, a week day. */
static void take_clock_behind(scan *s, date_value *v)
{
	static const char *const week[] = {"星期", "周", "週", "礼拜", NULL};
	static const char *const days[] = {"一", "二", "三", "四", "五", "六", "日", "天", NULL};
	scan t = *s;
	skip_space(&t, 8);
	if (take(&t, "(") || take(&t, "（"))
		skip_space(&t, 1);
	if (take_any(&t, week) && take_any(&t, days)) {
		skip_space(&t, 1);
		if (!take(&t, ")"))
			take(&t, "）");
	}
	if (take(&t, "T") || take(&t, ",") || take(&t, "，") || take(&t, "|") || take(&t, "·") || take(&t, "-") || take(&t, "–"))
		skip_space(&t, 2);
	if (take(&t, "at ") || take(&t, "@ "))
		skip_space(&t, 2);
	if (take_clock(&t, v))
		*s = t;
}

static bool finish(scan *s, scan t, date_value v, date_value *out)
{
	if (!possible(v.year, v.month, v.day))
		return false;
	v.precision = DATE_DAY;
	take_clock_behind(&t, &v);
	*out = v;
	*s = t;
	return true;
}

/* ---- the forms ---- */

static bool numeric_separator(scan *t, char *which)
{
	if (t->at >= t->end || (*t->at != '-' && *t->at != '/' && *t->at != '.'))
		return false;
	if (*which && *t->at != *which)
		return false;
	*which = *t->at++;
	return true;
}

/* 3月13日 behind a year */
static bool han_month_day(scan *t, date_value *v)
{
	skip_space(t, 2);
	if (!take_wide_number(t, 1, 2, &v->month))
		return false;
	skip_space(t, 2);
	if (!take(t, "月"))
		return false;
	skip_space(t, 2);
	if (!take_wide_number(t, 1, 2, &v->day))
		return false;
	skip_space(t, 1);
	if (!take(t, "日"))
		take(t, "号");
	return true;
}

/* 民國114年4月9日: years of the Republic, of which 1912 is the first. */
static bool republic(scan *s, date_value *out)
{
	static const char *const eras[] = {"民國", "民国", NULL};
	scan t = *s;
	date_value v = {0};
	if (!take_any(&t, eras))
		return false;
	skip_space(&t, 1);
	if (!take_wide_number(&t, 2, 3, &v.year) || !take(&t, "年") || !han_month_day(&t, &v))
		return false;
	v.year += 1911;
	return finish(s, t, v, out);
}

/* 2026-3-13, 2026/03/13, 2026.3.13, 2026年3月13日 */
static bool year_first(scan *s, date_value *out)
{
	scan t = *s;
	date_value v = {0};
	char sep = 0;
	if (!take_wide_number(&t, 4, 4, &v.year))
		return false;
	int blanks = skip_space(&t, 2);
	if (take(&t, "年"))
		return han_month_day(&t, &v) && finish(s, t, v, out);
	if (blanks || !numeric_separator(&t, &sep) || !take_number(&t, 1, 2, &v.month) || !numeric_separator(&t, &sep) || !take_number(&t, 1, 2, &v.day))
		return false;
	if (t.at < t.end && *t.at == '.' && t.end - t.at > 1 && is_digit(t.at[1]))
		return false;                    /* a version or an address */
	return finish(s, t, v, out);
}

/* 3月13日 */
static bool month_day(scan *s, date_value *out)
{
	scan t = *s;
	date_value v = {0};
	if (!take_wide_number(&t, 1, 2, &v.month) || !take(&t, "月") || !take_wide_number(&t, 1, 2, &v.day) || !(take(&t, "日") || take(&t, "号")))
		return false;
	return finish(s, t, v, out);
}

/* 13/03/2026 and 03/13/2026; both possible: the month comes first with `/`, the day with `.` and `-`. */
static bool year_last(scan *s, date_value *out)
{
	scan t = *s;
	date_value v = {0};
	int a, b;
	char sep = 0;
	if (!take_number(&t, 1, 2, &a) || !numeric_separator(&t, &sep) || !take_number(&t, 1, 2, &b) || !numeric_separator(&t, &sep) ||
	    !take_number(&t, 4, 4, &v.year))
		return false;
	bool day_first = a > 12 || (sep != '/' && b <= 12);
	v.month = day_first ? b : a;
	v.day = day_first ? a : b;
	return finish(s, t, v, out);
}

/* A word of `count` names, whole or its first three letters (four for sept); 0: none. */
static int take_name(scan *s, const char *const *list, int count)
{
	const char *p = s->at;
	while (p < s->end && is_letter(*p))
		p++;
	size_t n = (size_t)(p - s->at);
	for (int i = 0; n >= 3 && i < count; i++) {
		size_t full = strlen(list[i]);
		if (n <= full && (n == full || n <= 4) && strncasecmp(s->at, list[i], n) == 0) {
			s->at = p < s->end && *p == '.' ? p + 1 : p;
			return i + 1;
		}
	}
	return 0;
}

static void take_week_day(scan *s)
{
	scan t = *s;
	if (take_name(&t, day_names, 7)) {
		take(&t, ",");
		skip_space(&t, 2);
		*s = t;
	}
}

/* March 13, 2026 - Mar. 13th 2026 */
static bool english_month_first(scan *s, bool yearless, date_value *out)
{
	scan t = *s;
	date_value v = {0};
	take_week_day(&t);
	if (!(v.month = take_name(&t, month_names, 12)) || !skip_space(&t, 2) || !take_number(&t, 1, 2, &v.day))
		return false;
	static const char *const endings[] = {"st", "nd", "rd", "th", NULL};
	take_any(&t, endings);
	take(&t, ",");
	skip_space(&t, 2);
	scan day = t;
	take_week_day(&t);
	if (!take_number(&t, 4, 4, &v.year))             /* PELHAM COVE, May 2 (Wire) — */
		return yearless && *s->at >= 'A' && *s->at <= 'Z' && finish(s, day, v, out);
	return finish(s, t, v, out);
}

/* 13 March 2026, Fri, 13 Mar 2026 08:30:00 GMT, 13-Mar-2026 */
static bool english_day_first(scan *s, date_value *out)
{
	scan t = *s;
	date_value v = {0};
	take_week_day(&t);
	if (!take_number(&t, 1, 2, &v.day))
		return false;
	static const char *const endings[] = {"st", "nd", "rd", "th", NULL};
	take_any(&t, endings);
	if (!take(&t, "-") && !skip_space(&t, 2))
		return false;
	if (!(v.month = take_name(&t, month_names, 12)))
		return false;
	take(&t, ",");
	if (!take(&t, "-") && !skip_space(&t, 2))
		return false;
	if (!take_number(&t, 4, 4, &v.year))
		return false;
	return finish(s, t, v, out);
}

/* Numerals 一 .. 三十一 for month and day. */
static bool take_han_small(scan *s, int *out)
{
	scan t = *s;
	int v = 0, units = -1;
	for (int i = 1; i <= 9 && units < 0; i++)
		if (take(&t, han_digits[i]))
			units = i;
	if (take(&t, "十")) {
		v = (units < 0 ? 1 : units) * 10;
		for (int i = 1; i <= 9; i++)
			if (take(&t, han_digits[i])) {
				v += i;
				break;
			}
	} else if (units > 0) {
		v = units;
	} else {
		return false;
	}
	*out = v;
	*s = t;
	return true;
}

/* 二〇二六年三月十三日 */
static bool han_numerals(scan *s, date_value *out)
{
	scan t = *s;
	date_value v = {0};
	for (int n = 0; n < 4; n++) {
		int digit = -1;
		for (int i = 0; i < 10 && digit < 0; i++)
			if (take(&t, han_digits[i]))
				digit = i;
		if (digit < 0 && (take(&t, "零") || take(&t, "○") || take(&t, "Ｏ")))
			digit = 0;
		if (digit < 0)
			return false;
		v.year = v.year * 10 + digit;
	}
	if (!take(&t, "年") || !take_han_small(&t, &v.month) || !take(&t, "月") || !take_han_small(&t, &v.day))
		return false;
	take(&t, "日");
	return finish(s, t, v, out);
}

static bool date_at(scan *s, bool yearless, date_value *out)
{
	unsigned char c = (unsigned char)*s->at;
	if (is_digit(*s->at))
		return year_first(s, out) || year_last(s, out) || english_day_first(s, out) || (yearless && month_day(s, out));
	if (is_letter(*s->at))
		return english_month_first(s, yearless, out) || english_day_first(s, out);
	if (s->end - s->at < 3)
		return false;
	unsigned char next = (unsigned char)s->at[1];
	if (c == 0xE6 && next == 0xB0)                           /* 民 */
		return republic(s, out);
	if (c == 0xEF && next == 0xBC)                           /* full-width digits */
		return year_first(s, out) || (yearless && month_day(s, out));
	/* 〇; 一 三 七, 二 五, 九; 四, 六 八: every third ideograph begins with one of the first bytes, few with both */
	if ((c == 0xE3 && next == 0x80) || (c == 0xE4 && (next == 0xB8 || next == 0xBA || next == 0xB9)) || (c == 0xE5 && (next == 0x9B || next == 0x85)))
		return han_numerals(s, out);
	return false;
}

bool date_find(mr_bytes text, size_t from, bool yearless, date_found *out)
{
	const char *end = text.data + text.len;
	bool in_word = false, in_number = false;
	for (const char *at = text.data + from; at < end; at++) {
		bool digit = is_digit(*at), letter = is_letter(*at);
		bool possible_start = ((unsigned char)*at >= 0xE3 && (unsigned char)*at <= 0xEF) || (digit && !in_number) || (letter && !in_word && !in_number);
		if (possible_start) {
			scan s = {at, end};
			if (date_at(&s, yearless, &out->value)) {
				out->begin = (size_t)(at - text.data);
				out->end = (size_t)(s.at - text.data);
				return true;
			}
		}
		in_number = digit;
		in_word = letter;
	}
	return false;
}

static int64_t days_from_civil(int y, int m, int d)          /* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" */
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int yoe = (int)(y - era * 400), doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1, doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int *y, int *m, int *d)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = (int)(z - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp + (mp < 10 ? 3 : -9);
	*y = (int)(yoe + era * 400) + (*m <= 2);
}

static void from_seconds(int64_t seconds, date_value *out)
{
	int64_t days = seconds / 86400, rest = seconds % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	civil_from_days(days, &out->year, &out->month, &out->day);
	out->hour = (int)(rest / 3600);
	out->minute = (int)(rest / 60 % 60);
	out->second = (int)(rest % 60);
}

static int64_t to_seconds(const date_value *v)
{
	return days_from_civil(v->year, v->month, v->day) * 86400 + v->hour * 3600 + v->minute * 60 + v->second;
}

bool date_from_epoch(int64_t seconds, date_value *out)
{
	if (seconds < 631152000 || seconds >= 4133980800)        /* 1990-01-01 .. 2101-01-01 */
		return false;
	*out = (date_value){.has_zone = true, .precision = DATE_SECOND};
	from_seconds(seconds, out);
	return true;
}

static bool parse_digits(mr_bytes text, date_value *out)
{
	int part[6] = {0};
	static const int width[6] = {4, 2, 2, 2, 2, 2};
	scan s = {text.data, text.data + text.len};
	int n = 0;
	while (n < 6 && s.at < s.end) {
		scan one = {s.at, s.end - s.at < width[n] ? s.end : s.at + width[n]};
		if (!take_number(&one, width[n], width[n], &part[n]))
			return false;
		s.at = one.at;
		n++;
	}
	if (s.at != s.end || (n != 3 && n != 5 && n != 6) || !part[0] || !possible(part[0], part[1], part[2]) || part[3] > 23 || part[4] > 59 || part[5] > 59)
		return false;
	*out = (date_value){.year = part[0], .month = part[1], .day = part[2], .hour = part[3], .minute = part[4], .second = part[5],
		.precision = n == 3 ? DATE_DAY : n == 5 ? DATE_MINUTE : DATE_SECOND};
	return true;
}

bool date_parse(mr_bytes text, date_value *out)
{
	while (text.len && (unsigned char)*text.data <= ' ') {
		text.data++;
		text.len--;
	}
	while (text.len && (unsigned char)text.data[text.len - 1] <= ' ')
		text.len--;
	if (!text.len || text.len > 200)
		return false;
	size_t digits = 0;
	while (digits < text.len && is_digit(text.data[digits]))
		digits++;
	if (digits == text.len) {
		if (digits == 10 || digits == 13) {
			int64_t v = 0;
			for (size_t i = 0; i < 10; i++)
				v = v * 10 + (text.data[i] - '0');
			if (date_from_epoch(v, out))
				return true;
		}
		return parse_digits(text, out);
	}
	/* RFC 822 puts the clock before a zone name, JavaScript's toString the year behind the month: both are forms of date_find. */
	date_found found;
	if (!date_find(text, 0, false, &found))
		return false;
	*out = found.value;
	return true;
}

static void shift(const date_value *base, int64_t seconds, enum date_precision precision, date_value *out)
{
	*out = *base;
	from_seconds(to_seconds(base) + seconds, out);
	out->precision = precision;
	if (precision == DATE_DAY)
		out->hour = out->minute = out->second = 0;
}

/* 昨（14）日, 今(15)日, 昨（14日）: the word of the day with its number, as papers of Taiwan print it. The number decides, within three days. */
static bool numbered_day(scan *s, const date_value *base, date_value *out)
{
	scan t = *s;
	int n, day = take(&t, "昨") ? -1 : take(&t, "今") ? 0 : take(&t, "明") ? 1 : 2;
	if (day == 2 || !(take(&t, "（") || take(&t, "(")) || !take_number(&t, 1, 2, &n))
		return false;
	bool inside = take(&t, "日");
	if (!(take(&t, "）") || take(&t, ")")) || (!inside && !take(&t, "日")))
		return false;
	for (int back = day; back >= -3; back--) {
		shift(base, back * 86400LL, DATE_DAY, out);
		if (out->day == n) {
			*s = t;
			return true;
		}
	}
	return false;
}

static bool relative_at(scan *s, const date_value *base, date_value *out)
{
	static const struct { const char *word; int days; } days[] = {
		{"大前天", -3}, {"前天", -2}, {"前日", -2}, {"昨天", -1}, {"昨日", -1}, {"昨晚", -1}, {"昨夜", -1}, {"昨晨", -1}, {"昨早", -1}, {"今天", 0}, {"今日", 0}, {"今晚", 0}, {"今晨", 0}, {"今早", 0}, {"今夜", 0}, {"本日", 0}, {"明天", 1},
		{"明日", 1}, {"后天", 2}, {"後天", 2}, {"yesterday", -1}, {"Yesterday", -1}, {"today", 0}, {"Today", 0}, {"tomorrow", 1}, {"Tomorrow", 1}};
	static const struct { const char *word; int seconds; bool clock; } ago[] = {
		{"分钟前", 60, true}, {"分鐘前", 60, true}, {"小时前", 3600, true}, {"小時前", 3600, true}, {"天前", 86400, false}, {"日前", 86400, false},
		{"minutes ago", 60, true}, {"minute ago", 60, true}, {"mins ago", 60, true}, {"hours ago", 3600, true}, {"hour ago", 3600, true},
		{"days ago", 86400, false}, {"day ago", 86400, false}};
	scan t = *s;
	int n;
	if (take_number(&t, 1, 3, &n)) {
		skip_space(&t, 1);
		for (size_t i = 0; i < sizeof ago / sizeof *ago; i++) {
			if (!take(&t, ago[i].word))
				continue;
			if (ago[i].clock && base->precision < DATE_MINUTE)
				return false;
			shift(base, -(int64_t)n * ago[i].seconds, ago[i].clock ? DATE_MINUTE : DATE_DAY, out);
			*s = t;
			return true;
		}
		return false;
	}
	if (numbered_day(s, base, out))
		return true;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		if (!take(&t, days[i].word))
			continue;
		shift(base, days[i].days * 86400LL, DATE_DAY, out);
		take_clock_behind(&t, out);
		*s = t;
		return true;
	}
	return false;
}

/* First bytes of what relative_at knows: every byte of a text comes by here. 今 begins with E4, 大前后後 with E5, 昨明本 with E6. */
static bool may_be_relative(char first)
{
	return is_digit(first) || (first && strchr("\xE4\xE5\xE6yYtT", first));
}

bool date_relative(mr_bytes text, const date_value *base, date_found *out)
{
	if (base->precision == DATE_NONE || !base->year)
		return false;
	const char *end = text.data + text.len;
	for (const char *at = text.data; at < end; at++) {
		if (!may_be_relative(*at) || (at > text.data && is_digit(*at) && is_digit(at[-1])))
			continue;
		scan s = {at, end};
		if (relative_at(&s, base, &out->value)) {
			out->begin = (size_t)(at - text.data);
			out->end = (size_t)(s.at - text.data);
			return true;
		}
	}
	return false;
}

bool date_same_day(const date_value *a, const date_value *b)
{
	return a->precision && b->precision && a->year == b->year && a->month == b->month && a->day == b->day;
}

int date_compare(const date_value *a, const date_value *b)
{
	int64_t x = days_from_civil(a->year, a->month, a->day), y = days_from_civil(b->year, b->month, b->day);
	if (x == y && a->precision >= DATE_MINUTE && b->precision >= DATE_MINUTE) {
		x = to_seconds(a);
		y = to_seconds(b);
	}
	return x < y ? -1 : x > y;
}

void date_print(const date_value *v, buf *out)
{
	if (v->year)
		buf_printf(out, "%04d-", v->year);
	buf_printf(out, "%02d-%02d", v->month, v->day);
	if (v->precision >= DATE_MINUTE)
		buf_printf(out, "T%02d:%02d", v->hour, v->minute);
	if (v->precision >= DATE_SECOND)
		buf_printf(out, ":%02d", v->second);
	if (v->precision >= DATE_MINUTE && v->has_zone)
		buf_printf(out, "%c%02d:%02d", v->zone_minutes < 0 ? '-' : '+', abs(v->zone_minutes) / 60, abs(v->zone_minutes) % 60);
}
