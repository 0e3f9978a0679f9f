/* numerals.c - see numerals.h.
 *
 * Arabic digits are kept as an integer and a power of ten until the end, so that 157.1 is the double nearest to 157.1 and 24.3 亿 is exact. Chinese
 * numerals are collected first and worked out afterwards, twice when neighbouring digits tell a range (三四十). */
#include "numerals.h"

#define QUALIFIERS_INSIDE(c) ((c) == U'余' || (c) == U'多' || (c) == U'几')

bool numeral_is_digit(const fact_text *text, uint32_t at)
{
	uint32_t c = text->characters[at];
	if (c < '0' || c > '9')
		return false;
	unsigned char printed = (unsigned char)text->body.data[text->origin[at]];
	return printed == c || printed == 0xEF;          /* 0xEF: full width */
}

int numeral_han_digit(uint32_t c)
{
	switch (c) {
	case U'〇': case U'零': return 0;
	case U'一': return 1;
	case U'二': case U'两': return 2;
	case U'三': return 3;
	case U'四': return 4;
	case U'五': return 5;
	case U'六': return 6;
	case U'七': return 7;
	case U'八': return 8;
	case U'九': return 9;
	default: return -1;
	}
}

int numeral_han_power(uint32_t c)
{
	switch (c) {
	case U'十': return 1;
	case U'百': return 2;
	case U'千': return 3;
	case U'万': return 4;
	case U'亿': return 8;
	default: return 0;
	}
}

static double ten_to(int power)
{
	double value = 1;
	for (int i = 0; i < power; i++)
		value *= 10;                     /* exact up to 10^22 */
	return value;
}

static double shifted(uint64_t mantissa, int power)
{
	return power >= 0 ? (double)mantissa * ten_to(power) : (double)mantissa / ten_to(-power);
}

/* ---- Arabic digits ---- */

struct group { uint64_t mantissa; uint32_t end; uint8_t digits, decimals; bool grouped, zero_first, adjoins; };

static uint32_t digits_end(const fact_text *text, uint32_t at)
{
	while (numeral_is_digit(text, at))
		at++;
	return at;
}

static bool is_full_width(const fact_text *text, uint32_t at)
{
	return (unsigned char)text->body.data[text->origin[at]] == 0xEF;
}

/* A comma between groups of three digits. A full-width comma separates sentences unless the digits are full-width, too. */
static bool is_separator(const fact_text *text, uint32_t at)
{
	if (text->characters[at] != ',' || (is_full_width(text, at) && !is_full_width(text, at - 1)))
		return false;
	return digits_end(text, at + 1) == at + 4;
}

static void take_digits(const fact_text *text, struct group *out, uint32_t end)
{
	for (; out->end < end; out->end++) {
		if (out->digits < NUMERAL_DIGITS)
			out->mantissa = out->mantissa * 10 + (text->characters[out->end] - '0');
		else
			out->adjoins = true;
		out->digits += out->digits <= NUMERAL_DIGITS;
	}
}

static struct group read_group(const fact_text *text, uint32_t at)
{
	struct group out = {.end = at};
	const uint32_t *c = text->characters;
	take_digits(text, &out, digits_end(text, at));
	out.zero_first = c[at] == '0' && out.digits > 1;
	while (out.digits <= NUMERAL_DIGITS && (out.grouped || out.digits <= 3) && is_separator(text, out.end)) {
		out.end++;
		out.grouped = true;
		take_digits(text, &out, out.end + 3);
	}
	if (c[out.end] == '.' && numeral_is_digit(text, out.end + 1)) {
		uint32_t from = ++out.end;
		uint32_t end = digits_end(text, from);
		out.decimals = (uint8_t)(end - from < NUMERAL_DIGITS ? end - from : NUMERAL_DIGITS);
		take_digits(text, &out, end);
	}
	while ((c[out.end] == '.' || c[out.end] == ':') && numeral_is_digit(text, out.end + 1)) {
		out.end = digits_end(text, out.end + 1);
		out.adjoins = true;
	}
	return out;
}

/* 千米, 百帕, 百分点: the multiplier belongs to the unit. */
static bool opens_unit(uint32_t power, uint32_t next)
{
	if (power == U'百')
		return next == U'分' || next == U'帕';
	if (power != U'千')
		return false;
	return next == U'米' || next == U'克' || next == U'瓦' || next == U'伏' || next == U'帕' || next == U'焦' || next == U'赫' || next == U'卡';
}

/* The multipliers behind a group: their power; marks qualifier and scale in *out and moves *at. */
static int read_multipliers(const fact_text *text, uint32_t *at, numeral *out)
{
	const uint32_t *c = text->characters;
	int power = 0;
	uint32_t scaled = 0;
	out->scale = 1;
	for (uint32_t p = *at; power <= 12; p = *at) {
		bool qualified = QUALIFIERS_INSIDE(c[p]);
		int more = numeral_han_power(c[p + qualified]);
		if (more < 2 || opens_unit(c[p + qualified], c[p + qualified + 1]))
			break;
		if (qualified)
			out->inner = (fact_span){p, p + 1};
		if (more >= 4) {
			scaled = scaled ? scaled : p + qualified;
			out->scale *= ten_to(more);
			out->scaled = (fact_span){scaled, p + qualified + 1};
		}
		power += more;
		*at = p + qualified + 1;
	}
	return power;
}

/* 1亿6,500万, 1万3000: a smaller group behind a larger multiplier. */
static void read_second_group(const fact_text *text, numeral *out, int power)
{
	if (power < 4 || !numeral_is_digit(text, out->end))
		return;
	numeral rest = {.inner = {0, 0}};
	struct group group = read_group(text, out->end);
	uint32_t end = group.end;
	int less = read_multipliers(text, &end, &rest);
	double value = shifted(group.mantissa, less - group.decimals);
	if (group.adjoins || group.decimals || value >= ten_to(power) || less >= power || text->characters[end] == U'年')
		return;
	if (less < 4) {
		out->scale = 1;                  /* 1万3000元 has no multiplier at its end: the unit is 元 */
		out->scaled = (fact_span){0, 0};
	}
	if (rest.inner.end)
		out->inner = rest.inner;
	out->value += value;
	out->end = end;
}

static bool read_arabic(const fact_text *text, uint32_t at, numeral *out)
{
	struct group group = read_group(text, at);
	*out = (numeral){.form = NUMERAL_ARABIC, .begin = at, .end = group.end, .scale = 1, .digits = group.digits, .decimals = group.decimals};
	out->grouped = group.grouped;
	out->zero_first = group.zero_first;
	out->adjoins = group.adjoins;
	if (group.adjoins)
		return false;
	int power = read_multipliers(text, &out->end, out);
	out->value = shifted(group.mantissa, power - group.decimals);
	read_second_group(text, out, power);
	return true;
}

/* ---- Chinese numerals ---- */

struct run { uint32_t tokens[NUMERAL_MAX]; uint32_t count; };

/* Adds the value of a last digit: 三百二 is 320, 三百零二 is 302. */
static double last_digit(int digit, int last, bool zero)
{
	return last > 1 && !zero ? digit * ten_to(last - 1) : digit;
}

/* Works out a run; of two neighbouring digits the lower or the upper one. -1: no number (二〇二五, 百千). */
static double work_out(const struct run *run, bool upper)
{
	double total = 0, section = 0;
	int digit = -1, last = 0;
	bool zero = false;
	for (uint32_t i = 0; i < run->count; i++) {
		int d = numeral_han_digit(run->tokens[i]), power = numeral_han_power(run->tokens[i]);
		if (d >= 0) {
			if (digit >= 0 || (d == 0 && !last))
				return -1;
			int next = i + 1 < run->count ? numeral_han_digit(run->tokens[i + 1]) : -1;
			if (d > 0 && next == d + 1) {
				d = upper ? next : d;
				i++;
			}
			zero |= d == 0;
			digit = d ? d : -1;
		} else if (power < 4) {
			if ((last && power >= last && last < 4) || (digit < 0 && i && !zero))
				return -1;
			section += (digit < 0 ? 1 : digit) * ten_to(power);
			digit = -1, last = power, zero = false;
		} else {
			section += digit > 0 ? digit : 0;
			if (section + total == 0)
				section = 1;
			total = power == 8 ? (total + section) * ten_to(8) : total + section * ten_to(4);
			section = 0, digit = -1, last = power, zero = false;
		}
		if (total >= 1e15)
			return -1;
	}
	return total + section + (digit > 0 ? last_digit(digit, last, zero) : 0);
}

static void mark_scale(const fact_text *text, numeral *out)
{
	uint32_t from = out->end;
	for (; from > out->begin && numeral_han_power(text->characters[from - 1]) >= 4; from--)
		out->scale *= ten_to(numeral_han_power(text->characters[from - 1]));
	if (from < out->end)
		out->scaled = (fact_span){from, out->end};
}

static bool read_han(const fact_text *text, uint32_t at, numeral *out)
{
	const uint32_t *c = text->characters;
	struct run run = {.count = 0};
	uint32_t p = at;
	*out = (numeral){.form = numeral_han_power(c[at]) >= 2 ? NUMERAL_BARE : NUMERAL_HAN, .begin = at, .scale = 1};
	for (; run.count < NUMERAL_MAX; p++) {
		bool numeral = numeral_han_digit(c[p]) >= 0 || numeral_han_power(c[p]);
		if (!numeral && run.count && QUALIFIERS_INSIDE(c[p]) && numeral_han_power(c[p + 1]) >= 4) {
			out->inner = (fact_span){p, p + 1};
			continue;
		}
		if (!numeral || (numeral_han_power(c[p]) && opens_unit(c[p], c[p + 1]) && c[p] == U'百'))
			break;
		run.tokens[run.count++] = c[p];
	}
	out->end = p > at ? p : at + 1;
	if (run.count == NUMERAL_MAX)            /* no number is that long: skip all of it */
		while (numeral_han_digit(c[out->end]) >= 0 || numeral_han_power(c[out->end]))
			out->end++;
	if (!run.count || run.count == NUMERAL_MAX)
		return false;
	out->value = work_out(&run, false);
	double upper = work_out(&run, true);
	out->value_to = upper > out->value ? upper : 0;
	mark_scale(text, out);
	if (out->value < 0 && run.count == 2 && c[p] == U'折' && numeral_han_power(run.tokens[0]) == 0 && numeral_han_power(run.tokens[1]) == 0)
		out->value = numeral_han_digit(run.tokens[0]) + numeral_han_digit(run.tokens[1]) / 10.0;      /* 八五折 */
	return out->value > 0;
}

bool numeral_read(const fact_text *text, uint32_t at, numeral *out)
{
	return numeral_is_digit(text, at) ? read_arabic(text, at, out) : read_han(text, at, out);
}
