/* units.c - see units.h. Binary search for the rows of the first character, then the longest of these: it is asked only behind numbers. */
#include "units.h"

#include <string.h>

#include "common/utf8.h"
#include "units_table.h"

#define COMPOUND_CHARACTERS 5            /* behind the slash */
#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

/* Next character of a row, of which none is beyond the plane; *at moves behind it. The rows are ours, so nothing is checked. */
static inline uint32_t row_next(const char **at)
{
	const unsigned char *p = (const unsigned char *)*at;
	if (p[0] < 0x80) {
		*at += 1;
		return p[0];
	}
	if (p[0] < 0xE0) {
		*at += 2;
		return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
	}
	*at += 3;
	return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
}

static uint32_t first_of(const char *name)
{
	return row_next(&name);
}

/* Characters of the text from `at` that the row is; 0: it is another word. Rows hold neither NUL nor line end, so it stays within the paragraph. */
static uint32_t match_of(const char *name, const fact_text *text, uint32_t at)
{
	uint32_t count = 0;
	for (; *name; count++)
		if (row_next(&name) != text->characters[at + count])
			return 0;
	return count;
}

static bool is_letter(uint32_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* 5Great, 3D2: letters end where the word ends. */
static bool ends_here(const fact_text *text, uint32_t end)
{
	uint32_t last = text->characters[end - 1], next = text->characters[end];
	return !(is_letter(last) && (is_letter(next) || (next >= '0' && next <= '9')));
}

/* The rows whose names begin with `c` stand together: the first of them. The order of UTF-8 is that of the characters. */
static size_t first_unit(uint32_t c)
{
	size_t low = 0, high = COUNT_OF(units);
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (first_of(units[mid].name) < c)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t first_word(uint32_t c)
{
	size_t low = 0, high = COUNT_OF(words);
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (first_of(words[mid]) < c)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool unit_match(const fact_text *text, uint32_t at, unit *out)
{
	uint32_t c = text->characters[at], longest = 0, count;
	const struct unit_name *found = NULL;
	if (!c)
		return false;
	for (size_t i = first_unit(c); i < COUNT_OF(units) && first_of(units[i].name) == c; i++)
		if ((count = match_of(units[i].name, text, at)) > longest && ends_here(text, at + count)) {
			longest = count;
			found = &units[i];
		}
	for (size_t i = first_word(c); i < COUNT_OF(words) && first_of(words[i]) == c; i++)
		if ((count = match_of(words[i], text, at)) > longest && ends_here(text, at + count)) {
			longest = count;
			found = NULL;            /* an ordinary word, longer than any unit */
		}
	if (!found)
		return false;
	*out = (unit){at + longest, found->kind, found->flags};
	return found->kind != UNIT_NONE;
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
