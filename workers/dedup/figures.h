/* figures.h - the numbers of a text as bits of its sketch: reports made from one form agree in words and differ in figures. Pure. */
#ifndef DEDUP_FIGURES_H
#define DEDUP_FIGURES_H

#include <stdint.h>

#include "common/buf.h"

#define FIGURES_PIECES 16

/* A text and where its pieces begin. */
typedef struct figures_text {
	mr_bytes text;
	size_t count;                    /* of pieces, 1 to FIGURES_PIECES */
	size_t begin[FIGURES_PIECES];    /* byte; the first is 0, they rise */
} figures_text;

/* One number: its bytes in the text, the piece it begins in, and its bit, 0..127. */
typedef void (*figures_found)(void *arg, size_t from, size_t to, size_t piece, unsigned bit);
void figures_each(const figures_text *in, figures_found found, void *arg);
/* Sets one of 128 bits for every number of the text, in the words of the piece that it begins in. A number is a run of digits with one decimal point; thousands
 * separators are left out. In Chinese text it may be broken by white space (a line of a newspaper column ends within it). Returns how many numbers there are. */
size_t figures_scan(const figures_text *in, uint64_t bits[][2]);

#endif
