/* units.c - see units.h. Binary search for the rows of the first character, then each length, longest first: it is asked only behind numbers. */
#include "units.h"

#include <string.h>

#include "common/utf8.h"
#include "units_table.h"

#define NAME_CHARACTERS 8                /* of the longest row; a test checks it */
#define COMPOUND_CHARACTERS 5            /* behind the slash */
#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

/* UTF-8 of up to NAME_CHARACTERS characters from `at`; ends[k] is the length of the first k + 1. Returns how many there are. */
static size_t spell(const fact_text *text, uint32_t at, char out[NAME_CHARACTERS * 4 + 1], size_t ends[NAME_CHARACTERS])
{
	size_t count = 0, len = 0;
	for (; count < NAME_CHARACTERS; count++) {
		uint32_t c = text->characters[at + count];
		if (!c || c == '\n' || c > 0xFFFF)
			break;
		if (c < 0x80) {
			out[len++] = (char)c;
		} else if (c < 0x800) {
			out[len++] = (char)(0xC0 | c >> 6);
			out[len++] = (char)(0x80 | (c & 0x3F));
		} else {
			out[len++] = (char)(0xE0 | c >> 12);
			out[len++] = (char)(0x80 | (c >> 6 & 0x3F));
			out[len++] = (char)(0x80 | (c & 0x3F));
		}
		ends[count] = len;
	}
	return count;
}

/* Rows [low, high) whose names begin as `name` does, by its first `length` bytes; most characters begin none. The tables have one order, so both are asked here. */
struct rows { size_t low, high; };

static struct rows rows_of_units(const char *name, size_t length)
{
	struct rows out = {0, COUNT_OF(units)};
	size_t high = out.high;
	while (out.low < high) {
		size_t mid = (out.low + high) / 2;
		if (strncmp(units[mid].name, name, length) < 0)
			out.low = mid + 1;
		else
			high = mid;
	}
	for (out.high = out.low; out.high < COUNT_OF(units) && !strncmp(units[out.high].name, name, length); out.high++)
		;
	return out;
}

static struct rows rows_of_words(const char *name, size_t length)
{
	struct rows out = {0, COUNT_OF(words)};
	size_t high = out.high;
	while (out.low < high) {
		size_t mid = (out.low + high) / 2;
		if (strncmp(words[mid], name, length) < 0)
			out.low = mid + 1;
		else
			high = mid;
	}
	for (out.high = out.low; out.high < COUNT_OF(words) && !strncmp(words[out.high], name, length); out.high++)
		;
	return out;
}

static const struct unit_name *find_unit(struct rows in, const char *name)
{
	for (size_t i = in.low; i < in.high; i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

static bool is_word(struct rows in, const char *name)
{
	for (size_t i = in.low; i < in.high; i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

static bool is_letter(uint32_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

bool unit_match(const fact_text *text, uint32_t at, unit *out)
{
	char name[NAME_CHARACTERS * 4 + 1];
	size_t ends[NAME_CHARACTERS];
	size_t spelled = spell(text, at, name, ends);
	if (!spelled)
		return false;
	struct rows of_units = rows_of_units(name, *ends), of_words = rows_of_words(name, *ends);
	for (size_t count = of_units.low < of_units.high || of_words.low < of_words.high ? spelled : 0; count; count--) {
		name[ends[count - 1]] = 0;
		uint32_t last = text->characters[at + count - 1], next = text->characters[at + count];
		if (is_letter(last) && (is_letter(next) || (next >= '0' && next <= '9')))
			continue;                /* 5Great, 3D2: letters end where the word ends */
		const struct unit_name *row = find_unit(of_units, name);
		if (row) {
			*out = (unit){at + (uint32_t)count, row->kind, row->flags};
			return row->kind != UNIT_NONE;
		}
		if (is_word(of_words, name))
			return false;
	}
	return false;
}

/* 元/平方米, 元/人·月, 台(套). */
uint32_t unit_compound_end(const fact_text *text, uint32_t end)
{
	const uint32_t *c = text->characters;
	uint32_t p = end + 1, stop = end + 1 + COMPOUND_CHARACTERS;
	unit ignored;
	if (c[end] == '(' && unit_match(text, p, &ignored) && c[ignored.end] == ')')
		return ignored.end + 1;
	if (c[end] != '/' || (!utf8_is_han(c[p]) && !is_letter(c[p])))
		return end;
	if (unit_match(text, p, &ignored))
		p = ignored.end;
	else if (utf8_is_han(c[p]))
		p++;
	else
		while (p < stop && is_letter(c[p]))
			p++;
	if (c[p] == U'·' && utf8_is_han(c[p + 1]))
		p += 2;
	return p;
}

const char *unit_row(size_t i)
{
	if (i < COUNT_OF(units))
		return units[i].name;
	i -= COUNT_OF(units);
	return i < COUNT_OF(words) ? words[i] : NULL;
}
