/* words.c - see words.h. */
#include "words.h"

typedef struct word {
	uint32_t first;
	uint32_t length;                 /* tokens; 0: none */
	uint64_t feature;
} word;

/* The words of a row of ideographs, last one first; returns their number. */
static size_t row_cut(const token *t, size_t begin, size_t end, word_known known, void *arg, word *out)
{
	size_t count = 0;
	while (end > begin) {
		size_t length = word_before(t, begin, end, known, arg);
		end -= length;
		out[count++] = (word){(uint32_t)end, (uint32_t)length, word_feature(t, end, length)};
	}
	return count;
}

static void tell(const word *before, const word *one, word_each each, void *arg)
{
	each(arg, one->feature, one->first, one->length, false);
	size_t length = one->first + one->length - before->first;
	if (before->length && length <= WORD_PLACES)
		each(arg, word_pair_feature(before->feature, one->feature), before->first, length, true);
}

#define ROW_MAX 64                       /* a longer row is cut here and there, as far from its end */

void words_walk(const token *t, size_t from, size_t to, word_known known, void *of_known, word_each each, void *of_each)
{
	word before = {0}, row[ROW_MAX];
	if (to - from > WORDS_MAX_TOKENS)
		to = from + WORDS_MAX_TOKENS;
	for (size_t i = from, end; i < to; i = end) {
		for (end = i; end < to && end - i < ROW_MAX && t[end].wide && (end == i || t[end].breaks != 2); end++)
			;
		size_t count = row_cut(t, i, end, known, of_known, row);
		if (t[i].breaks == 2)
			before.length = 0;
		if (!count) {
			end = i + 1;
			if (t[i].mark && t[i].value == ' ')
				continue;
			row[count++] = (word){(uint32_t)i, 1, word_feature(t, i, 1)};
		}
		while (count-- > 0) {
			tell(&before, &row[count], each, of_each);
			before = row[count];
		}
	}
}
