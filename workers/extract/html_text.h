/* html_text.h - small helpers on page text: white space, measures, words. Pure; any thread. */
#ifndef EXTRACT_HTML_TEXT_H
#define EXTRACT_HTML_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

/* At most `max` bytes of `text` that end on a character boundary. */
size_t html_cut_at(const char *text, size_t max);
/* Appends text with runs of white space (any kind) as one blank, none at the ends; zero-width and other invisible characters go. */
void html_collapse(mr_bytes text, buf *out);
mr_bytes html_trim(mr_bytes text);                       /* ASCII and ideographic white space off both ends */

/* What a run of text weighs: `units` counts a Han, kana or Hangul character as 3 and any other visible one as 1 (an English word and a Chinese
 * one then weigh about the same). */
typedef struct html_measure {
	uint32_t units;
	uint32_t marks;                  /* punctuation of sentences: , . ; : ! ? and their wide forms, followed by something that is no digit */
	uint32_t stops;                  /* of these: ends of sentences */
} html_measure;
html_measure html_measure_of(mr_bytes text);

bool html_ends_sentence(mr_bytes text);                  /* last visible character closes a sentence (also behind quotes and brackets) */
bool html_starts_with(mr_bytes text, const char *word);  /* ASCII letters of `word` (lower case) match both cases */
bool html_contains(mr_bytes text, const char *word);     /* the same */
const char *html_find(mr_bytes text, const char *word);
bool html_equal(mr_bytes a, mr_bytes b);                 /* byte-equal; two absent ones are not */
/* Letters, digits and ideographs only, ASCII in lower case, full-width forms narrow: for comparing titles. */
void html_letters(mr_bytes text, buf *out);

#endif
