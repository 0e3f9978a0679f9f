/* segment.h - divides a sentence into words, with the names of persons among them.
 *
 * The cheapest way through the sentence, where each word costs -100 ln(its share of all words) (lexicon.h). Three kinds of words are made on the spot: runs of
 * letters or digits, ideographs that no list has, and names of persons: a family name and one or two characters of a given name, by how usual they are there,
 * cheaper behind an office (局长岳立冬) and before what persons do or are called (…说, …教授). So a name wins only where the words it would cut are dearer:
 * 高度重视 stays 高度 + 重视. Names with a dot (买买提·某) reach as far as characters of foreign names do.
 *
 * Owns its tables, which are used again for the next sentence; sentences have at most SEGMENT_MAX characters. Time is linear. One thread. */
#ifndef ENTITIES_SEGMENT_H
#define ENTITIES_SEGMENT_H

#include "fact_text.h"
#include "lexicon.h"

#define SEGMENT_MAX 800

enum token_kind {                        /* as lexicon_entry.kind, and: */
	TOKEN_NAME = 'N',                /* a person's name made here */
	TOKEN_FOREIGN = 'F',             /* characters of foreign names in a row: a person's or a place's */
	TOKEN_MARK = 'w',                /* punctuation, blanks */
	TOKEN_LATIN = 'l',               /* letters, with digits among them */
	TOKEN_DIGITS = 'd',
	TOKEN_UNKNOWN = 'x',             /* an ideograph of no list */
};

enum hint { HINT_TITLE = 1, HINT_BEHIND = 2, HINT_SPEECH = 4, HINT_LIST = 8, HINT_KNOWN = 16, HINT_TAGGED = 32 };
/* behind an office; before a form of address; before what persons do; in a row; in a list of names; by the tagger */

typedef struct token {
	uint32_t begin, end;             /* folded characters of the text */
	uint32_t classes;                /* lexicon classes */
	uint16_t weight;
	char kind;
	uint8_t hint;                    /* of a name: what speaks for it, HINT_ bits */
} token;

typedef struct segmenter segmenter;

segmenter *segmenter_new(const lexicon *words);          /* borrows the lexicon */
void segmenter_free(segmenter **self);
/* A name that somebody else has found: characters of the text, and what it costs as a word. */
typedef struct named {
	uint32_t begin, end;
	uint16_t weight;
} named;

/* The words of characters [at.begin, at.end) of the text, at most SEGMENT_MAX of them; borrowed until the next call. `names`: ascending, within `at`. */
size_t segment(segmenter *self, const fact_text *text, fact_span at, const named *names, size_t name_count, const token **tokens);

#endif
