/* fact_text.h - the text of one article as those read it who look for facts: names, policies, figures.
 *
 * The body twice: as printed (UTF-8, one paragraph a line) and folded for matching (fold.h: FOLD_WIDTH | FOLD_SCRIPT, one uint32_t a character;
 * case stays), with the map back, so that rules are written once, for half-width Simplified text, and every answer is printed as the source has it.
 *
 *     folded     全 国 项 目 计 划 ( 2025 )          characters[i]
 *     origin     byte offset in `body` where folded character i comes from, characters + 1 of them; the last is body.len
 *     index      the same as a count of Unicode characters of `body` (for detail.spans, when asked for)
 *
 * Several folded characters may come from the same place (regional words: 專案 -> 项目 keep their count, but 積體電路 -> 集成电路 has one origin), so a
 * span is printed from origin[begin] to the first origin behind `end - 1` that differs: fact_text_printed does that.
 *
 * Owns its memory, which is used again for the next article (fact_text_read; that of a long one is let go by fact_text_done); one thread. Everything that takes a `const fact_text *` borrows it. */
#ifndef ENTITIES_FACT_TEXT_H
#define ENTITIES_FACT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define FACT_TEXT_MAX_BYTES (384u << 10) /* 130,000 ideographs: the longest plans have half of that */
#define FACT_TEXT_BYTES_PER_BYTE 15      /* of memory for a byte of text at most (Latin letters): three numbers a character, and the folded text, with the slack of a buffer */

typedef struct fact_span { uint32_t begin, end; } fact_span;     /* folded characters, end behind the last */

typedef struct fact_text {
	mr_bytes body;                   /* as printed; borrowed from the caller of fact_text_read */
	mr_bytes title;                  /* printed headline; data NULL: none. Borrowed */
	mr_bytes authors;                /* reporters, one a line ('\n'); data NULL: none. Borrowed. They are never persons of the article */
	uint32_t *characters;            /* folded; characters[count] is 0 */
	const uint32_t *origin;          /* count + 1; lies in map */
	uint32_t *index;                 /* count + 1; of the article that fact_text_count was called for */
	uint32_t count;
	fact_span *paragraphs;           /* without the '\n' between them; none is empty */
	uint32_t paragraph_count;
	bool chinese;                    /* more than a third of the letters are ideographs */
	uint32_t room, paragraph_room;   /* allocated */
	buf folded;                      /* scratch */
	buf map;
} fact_text;

/* Folds `body`, at most FACT_TEXT_MAX_BYTES of it: what comes behind is not looked at. A zeroed fact_text is an empty one. */
void fact_text_read(fact_text *self, mr_bytes body, mr_bytes title, mr_bytes authors);
void fact_text_free(fact_text *self);
/* The text is not needed any more: what a long one took is given back. */
void fact_text_done(fact_text *self);

/* The source's bytes of a span, borrowed from body. */
mr_bytes fact_text_printed(const fact_text *self, fact_span at);
/* Where it stands in Unicode characters of body; fact_text_count must have been called for the article. */
void fact_text_count(fact_text *self);
fact_span fact_text_place(const fact_text *self, fact_span at);

#endif
