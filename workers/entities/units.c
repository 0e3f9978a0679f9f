/* units.c - see units.h. Binary search for each length, longest first: it is asked only behind numbers. */
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

static const struct unit_name *find_unit(const char *name)
{
	size_t low = 0, high = COUNT_OF(units);
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(units[mid].name, name);
		if (!order)
			return &units[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool is_word(const char *name)
{
	size_t low = 0, high = COUNT_OF(words);
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(words[mid], name);
		if (!order)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
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
	for (size_t count = spell(text, at, name, ends); count; count--) {
		name[ends[count - 1]] = 0;
		uint32_t last = text->characters[at + count - 1], next = text->characters[at + count];
		if (is_letter(last) && (is_letter(next) || (next >= '0' && next <= '9')))
			continue;                /* 5Great, 3D2: letters end where the word ends */
		const struct unit_name *row = find_unit(name);
		if (row) {
			*out = (unit){at + (uint32_t)count, row->kind, row->flags};
			return row->kind != UNIT_NONE;
		}
		if (is_word(name))
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
