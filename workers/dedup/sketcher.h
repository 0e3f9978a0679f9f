/* sketcher.h - computes the sketch (common/sketch_format.h) of a text, and its pieces (common/sketch_pieces.h).
 *
 * Owns scratch memory that grows to the longest text seen and is used again; nothing else. The result is a function of title and body alone. One thread each. */
#ifndef DEDUP_SKETCHER_H
#define DEDUP_SKETCHER_H

#include "common/sketch_pieces.h"

typedef struct sketcher sketcher;

sketcher *sketcher_new(void);
void sketcher_free(sketcher **self);
/* The sketch of the whole text. */
void sketcher_make(sketcher *self, mr_bytes title, mr_bytes body, sketch *out);
/* Pieces of the text made last; borrowed until the next one. */
const sketch_pieces *sketcher_pieces(const sketcher *self);
/* The words of piece k of the text made last, for people; borrowed until the next one. */
mr_bytes sketcher_words(const sketcher *self, size_t k);

#endif
