/* quantity_words.c - short word lists ("超过 约 近") matched on folded text, to the right and to the left; see quantity_rules.h.
 *
 * The lists hold words as fold.h leaves them. Most characters of a text are in no word of a list: the C library's search for one character (wide ones are 32 bits on Linux),
 * which compares many at once, leads from candidate to candidate. */
#include "quantity_rules.h"

#include <wchar.h>

_Static_assert(sizeof(wchar_t) == sizeof(char32_t), "wide characters are UTF-32");

/* The next `c` in the list; NULL: none. `c` is neither 0 nor a blank. */
static const char32_t *next_of(const char32_t *words, uint32_t c)
{
	return (const char32_t *)wcschr((const wchar_t *)words, (wchar_t)c);
}

bool is_one_of(uint32_t c, const char32_t *set)
{
	return c && next_of(set, c);
}

bool begins_with_word(const fact_text *text, uint32_t begin, const char32_t *words, uint32_t *end)
{
	const uint32_t *c = text->characters + begin;            /* the text ends with a 0, which no word holds */
	if (!*c || *c == ' ')
		return false;
	for (const char32_t *at = next_of(words, *c); at; at = next_of(at + 1, *c)) {
		if (at > words && at[-1] != ' ')
			continue;
		uint32_t n = 1;
		while (at[n] && at[n] != ' ' && at[n] == c[n])
			n++;
		if (!at[n] || at[n] == ' ') {
			*end = begin + n;
			return true;
		}
	}
	return false;
}

bool ends_with_word(const fact_text *text, uint32_t end, const char32_t *words, uint32_t *begin)
{
	const uint32_t *c = text->characters + end;
	uint32_t last = end ? c[-1] : 0;
	if (!last || last == ' ')
		return false;
	for (const char32_t *at = next_of(words, last); at; at = next_of(at + 1, last)) {
		if (at[1] && at[1] != ' ')
			continue;
		ptrdiff_t n = 1;                         /* characters that fit */
		while (at - n >= words && at[-n] != ' ' && n < (ptrdiff_t)end && at[-n] == c[-n - 1])
			n++;
		if (at - n < words || at[-n] == ' ') {
			*begin = end - (uint32_t)n;
			return true;
		}
	}
	return false;
}
