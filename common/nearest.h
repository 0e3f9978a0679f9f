/* nearest.h - "did you mean ...?": which known word is nearest to one that somebody typed. Pure. */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include <stddef.h>

#define NEAREST_WORD_MAX 96              /* longer words are compared by their first bytes */

/* Number of insertions, deletions, replacements and swaps of neighbours between the words (optimal string alignment). */
size_t edit_distance(const char *a, const char *b);

/* Keeps the nearest of the words shown to it; zero it, set `word`, read `best` (NULL: nothing near enough). */
typedef struct nearest {
	const char *word;                /* what was typed */
	const char *best;                /* borrowed from nearest_offer */
	size_t distance;                 /* of best */
} nearest;

void nearest_offer(nearest *self, const char *known);

#endif
