/* tokens.h - a document as the classifier reads it: folded, then cut into tokens.
 *
 * A token is one ideograph (or kana, Hangul ...), one run of Latin, Greek or Cyrillic letters with the digits in it (`5g`,
 * `985`), or a long number (all alike: the figure says nothing about the subject). Between Han characters white space is nothing;
 * punctuation and line ends break: no n-gram reaches over a break. With marks (model.h) every mark and every run of blanks is a token, too, the two ends of a
 * text are tokens without bytes, and nothing breaks but the border between title and body. Each token knows where in the source it stands, so that evidence can be
 * shown in the words of the source. Owns its arrays, which are used again for the next document. One thread. */
#ifndef CLASSIFY_TOKENS_H
#define CLASSIFY_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define TOKENS_VERSION 1                 /* other rules, other features: part of the model file */
#define TOKENS_MAX_BYTES (256 * 1024)    /* what is read of one text; a page of a newspaper has 30 KB */

enum token_zone { ZONE_TITLE, ZONE_LEAD, ZONE_BODY };

typedef struct token {
	uint32_t value;              /* code point, or a hash with the top bit set for runs */
	uint32_t start, end;         /* bytes of the source text (title tokens: of the title) */
	uint8_t zone;
	uint8_t breaks;              /* something stands between the token before and this one: 1 punctuation, 2 a line end */
	uint8_t wide;                /* 1: a single character of a script without blanks */
	uint8_t mark;                /* 1: punctuation, blanks or an end */
} token;

typedef struct tokens {
	token *at;
	size_t count, room;
	size_t title_count;          /* the first ones are those of the title */
	size_t lead_end;             /* then come those of the lead, up to here */
	buf folded, origin;          /* scratch of folding */
	struct plain_table *plain;   /* made with the first text without marks */
} tokens;

/* Reads title and body (either may be absent: then it has no token, whatever `marks` says). */
void tokens_read(tokens *self, mr_bytes title, mr_bytes body, bool marks);
/* A long body is also read section by section: paragraphs until there are SECTION_TOKENS. Where the section that begins at `from` ends; the
 * count when it is the last. A body of less than two sections has none of its own: tokens_has_sections. */
#define SECTION_TOKENS 300
size_t tokens_section_end(const tokens *self, size_t from);
static inline bool tokens_has_sections(const tokens *self)
{
	return self->count - self->title_count >= 2 * SECTION_TOKENS;
}

void tokens_free(tokens *self);

#endif
