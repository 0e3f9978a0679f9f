/* quantity_words.c - short word lists ("超过 约 近") matched on folded text, to the right and to the left; see quantity_rules.h.
 *
 * The lists hold words as fold.h leaves them. */
#include "common/utf8.h"
#include "quantity_rules.h"

bool is_one_of(uint32_t c, const char32_t *set)
{
	for (; *set; set++)
		if (*set == c)
			return true;
	return false;
}

/* The list is cut into words here; a word that differs is left at its first other character. */
static const char *word_end(const char *words)
{
	while (*words && *words != ' ')
		words++;
	return words;
}

static bool same_word(const fact_text *text, uint32_t at, const char *word, const char *end, uint32_t *after)
{
	for (; word < end; at++)
		if (utf8_next(&word, end) != text->characters[at])
			return false;
	*after = at;
	return true;
}

bool begins_with_word(const fact_text *text, uint32_t begin, const char *words, uint32_t *end)
{
	for (const char *stop; *words; words = stop + (*stop == ' ')) {
		stop = word_end(words);
		if (same_word(text, begin, words, stop, end))
			return true;
	}
	return false;
}

bool ends_with_word(const fact_text *text, uint32_t end, const char *words, uint32_t *begin)
{
	uint32_t last = end ? text->characters[end - 1] : 0, after;
	for (const char *stop; *words; words = stop + (*stop == ' ')) {
		stop = word_end(words);
		const char *at = stop;
		if (utf8_prev(words, &at) != last)
			continue;
		uint32_t count = (uint32_t)utf8_count((mr_bytes){words, (size_t)(stop - words)});
		if (count <= end && same_word(text, end - count, words, stop, &after)) {
			*begin = end - count;
			return true;
		}
	}
	return false;
}
