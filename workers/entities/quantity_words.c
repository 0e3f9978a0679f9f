/* quantity_words.c - short word lists ("超过 约 近") matched on folded text, to the right and to the left; see quantity_rules.h.
 *
 * The lists hold words as fold.h leaves them. */
#include "quantity_rules.h"

bool is_one_of(uint32_t c, const char32_t *set)
{
	for (; *set; set++)
		if (*set == c)
			return true;
	return false;
}

bool begins_with_word(const fact_text *text, uint32_t begin, const char32_t *words, uint32_t *end)
{
	const uint32_t *c = text->characters;
	while (*words) {
		uint32_t p = begin;
		while (*words && *words != ' ' && *words == c[p]) {      /* the text ends with a 0, which no word holds */
			words++;
			p++;
		}
		if (!*words || *words == ' ') {
			*end = p;
			return true;
		}
		while (*words && *words != ' ')
			words++;
		words += *words == ' ';
	}
	return false;
}

bool ends_with_word(const fact_text *text, uint32_t end, const char32_t *words, uint32_t *begin)
{
	const uint32_t *c = text->characters;
	while (*words) {
		const char32_t *stop = words;
		while (*stop && *stop != ' ')
			stop++;
		uint32_t p = end;
		const char32_t *at = stop;
		while (at > words && p && at[-1] == c[p - 1]) {
			at--;
			p--;
		}
		if (at == words) {
			*begin = p;
			return true;
		}
		words = stop + (*stop == ' ');
	}
	return false;
}
