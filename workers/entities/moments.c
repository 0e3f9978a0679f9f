/* moments.c - see moments.h. A small grammar: date, then perhaps a part of the day, then perhaps a clock; each part may stand alone where its words leave no doubt. */
#include "moments.h"

#include <stdlib.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "quantity_rules.h"

#define RELATIVE U"大前天 前天 前日 昨天 昨日 昨晚 昨夜 今天 今日 今晚 今晨 今早 明天 明日 明晚 后天 后日 去年 今年 明年 前年 上月 本月 下月 上周 本周 下周"
#define PARTS_OF_DAY U"凌晨 清晨 早晨 早上 上午 中午 午间 下午 傍晚 晚上 晚间 晚 夜间 深夜"
#define MONTHS U"January February March April June July August September October November December Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec May"
#define DAYS_OF_WEEK U"yesterday today tomorrow Yesterday Today Tomorrow Monday Tuesday Wednesday Thursday Friday Saturday Sunday"

static bool is_letter(uint32_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* A number of one to `most` digits (or Chinese numerals) with a value in low..high; returns its end, `at`: none. */
static uint32_t number_end(const fact_text *text, uint32_t at, uint32_t most, unsigned low, unsigned high)
{
	uint32_t p = at;
	unsigned value = 0;
	if (!numeral_is_digit(text, at)) {
		bool ten = false;
		for (; p < at + most + 1 && (numeral_han_digit(text->characters[p]) >= 0 || text->characters[p] == U'十' || text->characters[p] == U'○'); p++)
			ten |= text->characters[p] == U'十';
		bool year = most == 4;
		return p > at && (year ? p == at + 4 && !ten : p <= at + 3) ? p : at;
	}
	for (; p <= at + most && numeral_is_digit(text, p); p++)
		value = value * 10 + (text->characters[p] - '0');
	return p <= at + most && value >= low && value <= high ? p : at;
}

/* `number word`: the end behind the word, `at` when it is not there. */
static uint32_t unit_end(const fact_text *text, uint32_t at, uint32_t most, unsigned low, unsigned high, const char32_t *words)
{
	uint32_t p = number_end(text, at, most, low, high), end;
	while (p > at && text->characters[p] == ' ')
		p++;
	return p > at && begins_with_word(text, p, words, &end) ? end : at;
}

static uint32_t clock_end(const fact_text *text, uint32_t at)
{
	uint32_t p = at, end;
	if (begins_with_word(text, p, PARTS_OF_DAY, &end))
		p = end;
	uint32_t hour = unit_end(text, p, 2, 0, 24, U"时 点");
	if (hour > p && text->characters[hour] != U'代' && text->characters[hour] != U'期') {
		if (begins_with_word(text, hour, U"许 半 整", &end))
			return end;
		uint32_t minute = unit_end(text, hour, 2, 0, 59, U"分");
		return minute > hour ? minute : hour;
	}
	hour = number_end(text, p, 2, 0, 24);
	if (hour > p && numeral_is_digit(text, p) && text->characters[hour] == ':') {
		uint32_t minute = number_end(text, hour + 1, 2, 0, 59);
		if (minute == hour + 3)
			return text->characters[minute] == ':' && number_end(text, minute + 1, 2, 0, 59) == minute + 3 ? minute + 3 : minute;
	}
	return p;                                /* a part of the day alone counts behind a date only */
}

static uint32_t over_range(const fact_text *text, uint32_t at)
{
	return at + (is_one_of(text->characters[at], U"-–—~至、") ? 1 + (text->characters[at] == U'—' && text->characters[at + 1] == U'—') : 0);
}

/* Digits, a range and the word: 2023—2025年, 5—7月, 26日至28日. */
static uint32_t ranged_end(const fact_text *text, uint32_t at, uint32_t most, unsigned low, unsigned high, const char32_t *words)
{
	uint32_t first = number_end(text, at, most, low, high), ignored;
	uint32_t p = first > at && begins_with_word(text, first, words, &ignored) ? ignored : first, next = over_range(text, p);
	uint32_t end = next > p ? unit_end(text, next, most, low, high, words) : next;
	if (end > next)
		return end;
	return p > first ? p : at;
}

static uint32_t chinese_end(const fact_text *text, uint32_t at)
{
	uint32_t year = ranged_end(text, at, 4, 1000, 2199, U"年度 年"), end;
	uint32_t month = ranged_end(text, year, 2, 1, 12, U"月份 月");
	uint32_t day = ranged_end(text, month, 2, 1, 31, month > year ? U"日 号" : U"日");
	if (year > at && begins_with_word(text, year, U"代", &end))
		return at;
	if (month == year && day > month && year > at)
		day = month;                     /* 2025年，3日 is two of them */
	if (day > at) {
		uint32_t clock = clock_end(text, day);
		return clock > day ? clock : day;
	}
	uint32_t clock = clock_end(text, at);
	return clock > at && clock > at + 2 && !begins_with_word(text, at, PARTS_OF_DAY, &end) ? clock : at;
}

/* 2025-03-28, 2025/3/28, 2025.3.28 */
static uint32_t numeric_end(const fact_text *text, uint32_t at)
{
	uint32_t year = number_end(text, at, 4, 1900, 2199);
	uint32_t mark = text->characters[year];
	if (year != at + 4 || !numeral_is_digit(text, at) || (mark != '-' && mark != '/' && mark != '.'))
		return at;
	uint32_t month = number_end(text, year + 1, 2, 1, 12);
	if (month == year + 1 || text->characters[month] != mark)
		return at;
	uint32_t day = number_end(text, month + 1, 2, 1, 31);
	return day > month + 1 && !numeral_is_digit(text, day) ? day : at;
}

/* , 2025 or  2025 */
static uint32_t year_behind(const fact_text *text, uint32_t at)
{
	uint32_t p = at + (text->characters[at] == ',');
	uint32_t year = text->characters[p] == ' ' ? number_end(text, p + 1, 4, 1500, 2199) : p;
	return year == p + 5 ? year : at;
}

static uint32_t english_end(const fact_text *text, uint32_t at)
{
	uint32_t p, end;
	if (numeral_is_digit(text, at)) {        /* 14 May 2025 */
		p = number_end(text, at, 2, 1, 31);
		if (p > at && begins_with_word(text, p, U"st nd rd th", &end))
			p = end;
		if (p == at || text->characters[p] != ' ' || !begins_with_word(text, p + 1, MONTHS, &end) || is_letter(text->characters[end]))
			return at;
		return year_behind(text, end);
	}
	if (begins_with_word(text, at, DAYS_OF_WEEK, &end) && !is_letter(text->characters[end]))
		return end;
	if (!begins_with_word(text, at, MONTHS, &end) || is_letter(text->characters[end]) || text->characters[end] != ' ')
		return at;
	p = number_end(text, end + 1, 2, 1, 31);  /* May 14, 2025 */
	if (p > end + 1 && !numeral_is_digit(text, p))
		return year_behind(text, p);
	p = year_behind(text, end);               /* March 2025 */
	return p > end ? p : at;
}

static uint32_t moment_end(const fact_text *text, uint32_t at)
{
	uint32_t c = text->characters[at], before = at ? text->characters[at - 1] : '\n', end;
	bool number = numeral_is_digit(text, at) || numeral_han_digit(c) >= 0 || c == U'十';
	bool inside = (before >= '0' && before <= '9') || is_letter(before) || numeral_han_digit(before) >= 0 || before == U'十' || before == '.' || before == '-' || before == ':' || before == U'第';
	if (number && !inside) {
		end = chinese_end(text, at);
		end = end > at ? end : numeric_end(text, at);
		return end > at ? end : english_end(text, at);
	}
	if (is_letter(c))
		return is_letter(before) || !is_one_of(c, U"JFMASONDTWytSF") ? at : english_end(text, at);
	if (is_one_of(c, U"大前昨今明后去上本下") && begins_with_word(text, at, RELATIVE, &end)) {
		uint32_t clock = clock_end(text, end);
		return clock > end ? clock : end;
	}
	return at;
}

void moments_read(moments *self, const fact_text *text)
{
	self->count = 0;
	for (uint32_t at = 0; at < text->count && self->count < MOMENTS_MAX;) {
		uint32_t end = moment_end(text, at);
		if (end == at) {
			at++;
			continue;
		}
		if (self->count == self->room) {
			self->room = self->room ? self->room * 2 : 32;
			self->items = mem_grow(self->items, self->room, sizeof *self->items);
		}
		self->items[self->count++] = (fact_span){at, end};
		at = end;
	}
}

void moments_free(moments *self)
{
	free(self->items);
	*self = (moments){.items = NULL};
}
