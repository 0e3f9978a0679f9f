/* english.h - facts of text in Latin letters: names told by capitals, with modest lists beside them. Inside workers/entities only. */
#ifndef ENTITIES_ENGLISH_H
#define ENTITIES_ENGLISH_H

#include "found.h"
#include "lexicon.h"

typedef struct english english;

english *english_new(const lexicon *words);      /* borrows the lexicon */
void english_free(english **self);
/* Reads one paragraph; linear in its length. */
void english_read(english *self, const fact_text *text, fact_span paragraph, found *out);

#endif
