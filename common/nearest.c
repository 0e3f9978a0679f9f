/* nearest.c - see nearest.h. */
#include "nearest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b)
{
	size_t la = strnlen(a, NEAREST_WORD_MAX), lb = strnlen(b, NEAREST_WORD_MAX);
	size_t rows[3][NEAREST_WORD_MAX + 1];            /* the row before the last, the last, this one */
	for (size_t j = 0; j <= lb; j++)
		rows[1][j] = j;
	for (size_t i = 1; i <= la; i++) {
		rows[2][0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t cost = rows[1][j - 1] + (a[i - 1] != b[j - 1]);
			cost = least(cost, least(rows[1][j], rows[2][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost = least(cost, rows[0][j - 2] + 1);
			rows[2][j] = cost;
		}
		memcpy(rows[0], rows[1], sizeof rows[0]);
		memcpy(rows[1], rows[2], sizeof rows[1]);
	}
	return rows[1][lb];
}

/* A third of the word may be wrong, at least two letters: more than that is not a slip but another word. */
void nearest_offer(nearest *self, const char *known)
{
	size_t len = strlen(self->word), limit = len / 3 > 2 ? len / 3 : 2;
	size_t distance = edit_distance(self->word, known);
	if (distance > limit || distance >= len || (self->best && distance >= self->distance))
		return;
	self->best = known;
	self->distance = distance;
}
