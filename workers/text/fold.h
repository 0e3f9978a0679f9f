/* fold.h - text folded for comparison, so that the same words look the same.
 *
 * Width (full-width letters, digits and punctuation to half-width), case, and Traditional to Simplified: first phrases (regional words: 專案 -> 项目),
 * then characters, by OpenCC's tables (TWPhrases reversed, TWVariants reversed, TSPhrases, TSCharacters; compiled into a
 * matcher at build time; oracle in tests: the library itself). Pure, no state but the constant tables; any thread. */
#ifndef TEXT_FOLD_H
#define TEXT_FOLD_H

#include <stdint.h>

#include "common/buf.h"

enum fold_flags {
	FOLD_WIDTH = 1,          /* full-width forms to half-width (NFKC's compatibility forms that occur in news) */
	FOLD_CASE = 2,           /* A-Z, Latin-1, Greek, Cyrillic to lower case */
	FOLD_SCRIPT = 4,         /* Traditional to Simplified, phrases first */
	FOLD_LETTERS = 8,        /* keep letters, digits and ideographs only: punctuation and white space out */
	FOLD_ALL = 15,
};

extern const uint32_t fold_tables_hash;  /* fingerprint of the tables: another OpenCC release may fold a few words otherwise */

#define FOLD_VERSION 1           /* part of the index header: other tables or rules, other sketches */

/* Appends the folded text to `out`. When `origin` is not NULL it receives, for every Unicode character appended, the byte offset in `in` it
 * came from (as native uint32_t values), so that results can be shown in the words of the source. Broken UTF-8 becomes U+FFFD. */
void fold_text(mr_bytes in, unsigned flags, buf *out, buf *origin);
/* The same for what begins in [from, to) of `in`: a word may end behind `to`. Returns where it stopped, `to` or a little behind; going on from there gives, piece by
 * piece, what fold_text gives of the whole. */
size_t fold_span(mr_bytes in, size_t from, size_t to, unsigned flags, buf *out, buf *origin);
/* ---- most characters without a call, for inner loops ---- */

/* What a character below U+10000 folds to, ready to be stored on a machine whose numbers begin with their lowest byte, and whether it has to be asked what follows. */
#define FOLD_QUICK_LEN 24                /* in `to`: UTF-8 in the lower three bytes, the first one lowest; how many, 1 to 3, from this bit on */
#define FOLD_QUICK_WORD 26               /* this bit: words of the dictionaries begin with it */

typedef struct fold_quick {
	uint32_t to[65536];              /* 0: fold_span has to do it: it becomes several characters or none, or is no character */
	uint64_t seconds[4096];          /* by the lower 12 bits of a character that words begin with: bit n is set when one goes on with a character of these low six bits */
} fold_quick;

/* For `flags` without FOLD_LETTERS. */
void fold_quick_make(unsigned flags, fold_quick *out);

/* ---- single ideographs without a call, for inner loops ---- */

#define FOLD_HAN_FIRST 0x3400u
#define FOLD_HAN_LAST 0x9FFFu
#define FOLD_HAN_GROUP 0xD800u           /* from here on an entry of `to` is no character: number of a group that begins words, or FOLD_HAN_WIDE */
#define FOLD_HAN_WIDE 0xDFFFu

struct fold_group { uint16_t single, first, count; };

/* The constant tables behind FOLD_SCRIPT. Copy the struct into the loop's function. */
typedef struct fold_han_tables {
	const uint16_t *to;                      /* of FOLD_HAN_FIRST ... FOLD_HAN_LAST */
	const struct fold_group *groups;
	const uint64_t *seconds;                 /* by group: bit n, a word may go on with a character of these low six bits */
} fold_han_tables;

extern const fold_han_tables fold_han;

/* What fold_text with FOLD_SCRIPT makes of the ideograph c (FOLD_HAN_FIRST ... FOLD_HAN_LAST) when the character `next` stands behind it (0: none); 0 when only
 * fold_span can tell: perhaps a word begins here. */
static inline uint32_t fold_han_alone(fold_han_tables tables, uint32_t c, uint32_t next)
{
	uint32_t to = tables.to[c - FOLD_HAN_FIRST];
	if (to < FOLD_HAN_GROUP)
		return to;
	if (to == FOLD_HAN_WIDE || tables.seconds[to - FOLD_HAN_GROUP] >> (next & 63) & 1)
		return 0;
	return tables.groups[to - FOLD_HAN_GROUP].single;
}

#endif
