/* tagger.h - finds the named entities of a text: the best sequence of labels by a linear model over character n-grams (Viterbi over BIOES labels).
 *
 * It reads the code points of a text already folded (FOLD_WIDTH | FOLD_SCRIPT of workers/text/fold.h, case and punctuation kept); whoever folded it keeps
 * the map to the source. Sentences are read one by one (they end at a line end and behind 。！？；! ?), one longer than TAGGER_SENTENCE_MAX is cut, so work is linear
 * and memory bounded by the longest sentence and the spans found. What it finds in a sentence depends on that sentence alone. Integer
 * arithmetic: the same spans on every machine. Owns its arrays, which are used again for the next text. One thread. */
#ifndef ENTITIES_TAGGER_H
#define ENTITIES_TAGGER_H

#include "workers/entities/tagger_model.h"

#define TAGGER_SENTENCE_MAX 512          /* characters */

typedef struct tagger_span {
	uint32_t begin, end;             /* characters of the text; end is one past the last */
	uint16_t type;                   /* of the model */
	int32_t margin;                  /* by how much the span beats reading its characters as no entity, in thousandths of a nat (model score); may
					    be negative when its neighbours pay for it */
} tagger_span;

typedef struct tagger tagger;

/* Borrows the model until tagger_free. */
tagger *tagger_new(const tagger_model *model);
void tagger_free(tagger **self_p);
/* Sets `spans` (borrowed until the next call; ascending, never overlapping, begin < end <= count) and returns their number. Any 32-bit
 * values are taken as characters. */
size_t tagger_read(tagger *self, const uint32_t *characters, size_t count, const tagger_span **spans);

#endif
