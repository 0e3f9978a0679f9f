/* chars.c - classes of characters and the numbers of paragraphs. See page.h. */
#include "page.h"

#include "common/utf8.h"

bool char_is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F;
}

/* East Asian Width W and F (UAX #11), and the ambiguous marks that Chinese type sets in a full square: quotes, dashes, dots. */
bool char_is_wide(uint32_t c)
{
	return (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE4F) ||
	       (c >= 0xFF01 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x20000 && c <= 0x3FFFD) || (c >= 0x2010 && c <= 0x2026) ||
	       c == 0xB7 || c == 0xD7 || (c >= 0x2460 && c <= 0x24FF) || (c >= 0x25A0 && c <= 0x25FF) || (c >= 0x2103 && c <= 0x2116);
}

bool char_is_closer(uint32_t c)
{
	switch (c) {
	case ')': case ']': case '}': case '"': case '\'': case 0x201D: case 0x2019: case 0x300D: case 0x300F: case 0x300B: case 0x3009: case 0x3011:
	case 0x3015: case 0xFF09: case 0xFF3D: case 0xFF5D: case 0x3017: case 0xFF02: case 0x301E: case 0x301F:
		return true;
	default:
		return false;
	}
}

bool char_is_opener(uint32_t c)
{
	switch (c) {
	case '(': case '[': case '{': case 0x201C: case 0x2018: case 0x300C: case 0x300E: case 0x300A: case 0x3008: case 0x3010: case 0x3014: case 0xFF08:
	case 0xFF3B: case 0xFF5B: case 0x3016: case 0x301D:
		return true;
	default:
		return false;
	}
}

bool char_is_stop(uint32_t c)
{
	return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == '!' || c == '?' || c == 0x2026 || c == 0xFF61 || c == 0xFF0E;
}

bool char_is_clause(uint32_t c)
{
	return c == 0xFF0C || c == ',' || c == 0xFF1B || c == ';' || c == 0x3001 || c == 0xFF1A || char_is_stop(c);
}

bool char_is_digit(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 0xFF10 && c <= 0xFF19);
}

bool char_is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7) || (c >= 0x370 && c <= 0x52F) ||
	       (c >= 0xFF21 && c <= 0xFF3A) || (c >= 0xFF41 && c <= 0xFF5A);
}

bool char_is_number(uint32_t c)
{
	switch (c) {
	case 0x4E00: case 0x4E8C: case 0x4E09: case 0x56DB: case 0x4E94: case 0x516D: case 0x4E03: case 0x516B: case 0x4E5D: case 0x5341:   /* 一 … 十 */
	case 0x767E: case 0x5343: case 0x96F6: case 0x3007:                                                                               /* 百 千 零 〇 */
		return true;
	default:
		return false;
	}
}

bool char_is_word(uint32_t c)
{
	return utf8_is_han(c) || char_is_letter(c) || char_is_digit(c);
}

void page_utf8(const uint32_t *characters, span at, buf *out)
{
	for (uint32_t i = at.begin; i < at.end; i++)
		utf8_add(out, characters[i]);
}

/* Value of Chinese numerals up to 千; good enough to see which number follows which. */
static uint32_t han_value(const uint32_t *c, uint32_t from, uint32_t to)
{
	static const uint32_t digits[] = {0x3007, 0x4E00, 0x4E8C, 0x4E09, 0x56DB, 0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D};
	uint32_t total = 0, digit = 0;
	for (uint32_t i = from; i < to; i++) {
		uint32_t unit = c[i] == 0x5341 ? 10 : c[i] == 0x767E ? 100 : c[i] == 0x5343 ? 1000 : 0;
		for (uint32_t d = 0; d < 10; d++)
			if (c[i] == digits[d])
				digit = d;
		if (unit) {
			total += (digit ? digit : 1) * unit;
			digit = 0;
		}
	}
	return total + digit;
}

static uint32_t digit_value(const uint32_t *c, uint32_t from, uint32_t to)
{
	uint32_t v = 0;
	for (uint32_t i = from; i < to && v < 100000; i++)
		v = v * 10 + (c[i] >= 0xFF10 ? c[i] - 0xFF10 : c[i] - '0');
	return v;
}

/* Chinese numerals behind `at`: the position behind them. */
static uint32_t skip_numbers(const uint32_t *c, uint32_t at, uint32_t end)
{
	uint32_t limit = at + 6 < end ? at + 6 : end;
	while (at < limit && char_is_number(c[at]))
		at++;
	return at;
}

static uint32_t skip_digits(const uint32_t *c, uint32_t at, uint32_t end, uint32_t most)
{
	uint32_t limit = at + most < end ? at + most : end;
	while (at < limit && char_is_digit(c[at]))
		at++;
	return at;
}

static uint32_t article_prefix(const uint32_t *c, span at, enum number_kind *kind, uint32_t *value)
{
	uint32_t i = at.begin + 1, n = skip_numbers(c, i, at.end);
	bool han = n > i;
	if (!han)
		n = skip_digits(c, i, at.end, 4);
	if (n == i || n >= at.end)
		return 0;
	*value = han ? han_value(c, i, n) : digit_value(c, i, n);
	switch (c[n]) {
	case 0x7AE0: case 0x7F16: case 0x7BC0: case 0x8282: case 0x90E8:         /* 章 编 節 节 部 */
		*kind = NUMBER_CHAPTER;
		break;
	case 0x6761: case 0x689D:                                                  /* 条 條 */
		*kind = NUMBER_ARTICLE;
		break;
	default:
		return 0;
	}
	n++;
	return n - at.begin;
}

static uint32_t bracket_prefix(const uint32_t *c, span at, enum number_kind *kind, uint32_t *value)
{
	uint32_t i = at.begin + 1, n = skip_numbers(c, i, at.end);
	bool han = n > i;
	if (!han)
		n = skip_digits(c, i, at.end, 2);
	if (n == i || n >= at.end || (c[n] != ')' && c[n] != 0xFF09))
		return 0;
	*kind = han ? NUMBER_HAN_BRACKET : NUMBER_DIGIT_BRACKET;
	*value = han ? han_value(c, i, n) : digit_value(c, i, n);
	return n + 1 - at.begin;
}

static uint32_t han_prefix(const uint32_t *c, span at, enum number_kind *kind, uint32_t *value)
{
	uint32_t n = skip_numbers(c, at.begin, at.end);
	if (n >= at.end)
		return 0;
	*value = han_value(c, at.begin, n);
	if (c[n] == 0x3001 || c[n] == 0xFF0E || c[n] == '.') {                     /* 一、 */
		*kind = NUMBER_HAN;
		return n + 1 - at.begin;
	}
	if (c[n] == 0x662F) {                                                      /* 一是 */
		*kind = NUMBER_ITEM;
		return n + 1 - at.begin;
	}
	return 0;
}

static uint32_t digit_prefix(const uint32_t *c, span at, enum number_kind *kind, uint32_t *value)
{
	uint32_t n = skip_digits(c, at.begin, at.end, 3);
	if (n >= at.end)
		return 0;
	bool dot = c[n] == '.' || c[n] == 0xFF0E;
	if (!dot && c[n] != 0x3001 && c[n] != ')' && c[n] != 0xFF09)
		return 0;
	/* 2.5亿元 and 3.1% begin no paragraph; "1.2025年..." is item 1 of a list, since no figure is written so. */
	if (dot && n + 1 < at.end && char_is_digit(c[n + 1])) {
		uint32_t m = skip_digits(c, n + 1, at.end, 5);
		if (m - n - 1 != 4 || m >= at.end || c[m] != 0x5E74)                   /* 年 */
			return 0;
	}
	*kind = c[n] == ')' || c[n] == 0xFF09 ? NUMBER_DIGIT_BRACKET : NUMBER_DIGIT;
	*value = digit_value(c, at.begin, n);
	return n + 1 - at.begin;
}

uint32_t number_prefix(const uint32_t *c, span at, enum number_kind *kind, uint32_t *value)
{
	*kind = NUMBER_NONE;
	*value = 0;
	if (at.begin >= at.end)
		return 0;
	uint32_t a = c[at.begin], n = 0;
	if (a == 0x7B2C)                                                           /* 第 */
		n = article_prefix(c, at, kind, value);
	else if (a == '(' || a == 0xFF08)
		n = bracket_prefix(c, at, kind, value);
	else if (char_is_number(a))
		n = han_prefix(c, at, kind, value);
	else if (char_is_digit(a))
		n = digit_prefix(c, at, kind, value);
	else if (a >= 0x2460 && a <= 0x2473) {                                     /* ① */
		*kind = NUMBER_CIRCLE;
		*value = a - 0x2460 + 1;
		n = 1;
	}
	if (!n)
		*kind = NUMBER_NONE;
	return n;
}
