/* excerpt.h - a few words of a text as it is printed, for people: on one line, of bounded length, cut between words. Pure; any thread. */
#ifndef WATCH_EXCERPT_H
#define WATCH_EXCERPT_H

#include "common/buf.h"

#define EXCERPT_SIDE 40                  /* characters on each side */
#define EXCERPT_TEXT 100                 /* characters of what was found itself */

/* Appends what stands around [from, to), as far as its paragraph goes; "…" where something is left out. White space becomes single blanks, what is no UTF-8 U+FFFD. */
void excerpt_add(mr_bytes source, size_t from, size_t to, buf *out);
/* Appends [from, to) alone, in the same way. */
void excerpt_add_text(mr_bytes source, size_t from, size_t to, buf *out);

#endif
