/* lexicon.h - the word lists by which facts are found, as one matcher.
 *
 * A folder holds plain text files, UTF-8, one entry a line: `entry` or `entry TAB column ...`; lines that begin with # and empty ones are skipped. The name of a file up to its
 * first dot is the class of its entries (classes below; the columns are told by the head of each shipped file), so a site adds places.mysite.txt beside places.txt.
 * Files are read in the order of their names; of a word given twice the last one's weight and kind count, its classes add up. Entries are folded
 * (FOLD_WIDTH | FOLD_SCRIPT): they may be written in either script.
 *
 * Bounds: LEXICON_ENTRY_MAX characters an entry, LEXICON_FILE_BYTES a file, LEXICON_ENTRIES_MAX entries, LEXICON_FILES_MAX files; more is an error that
 * names file and line. Read once, when the stage opens; immutable from then on, any thread. A look-up costs the length of the longest entry that begins there. */
#ifndef ENTITIES_LEXICON_H
#define ENTITIES_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define LEXICON_ENTRY_MAX 40
#define LEXICON_FILE_BYTES (16u << 20)
#define LEXICON_ENTRIES_MAX 1000000u
#define LEXICON_FILES_MAX 200
#define LEXICON_UNKNOWN 1500             /* weight of an ideograph that is in no list, -100 ln(share) as all weights */
#define LEXICON_RARE_GIVEN 1100          /* weight of a given-name character that given.txt has not */

enum lexicon_class {
	LEX_WORD = 1 << 0,
	LEX_SURNAME = 1 << 1,
	LEX_PLACE = 1 << 2,
	LEX_ORGANIZATION = 1 << 3,       /* full names: organizations.txt, persons.txt, policies.txt */
	LEX_PERSON = 1 << 4,
	LEX_POLICY = 1 << 5,
	LEX_BODY = 1 << 6,               /* organization-suffixes.txt: body, name, short (weak is below) */
	LEX_NAMED = 1 << 7,
	LEX_SHORT = 1 << 8,
	LEX_TITLE = 1 << 9,              /* titles.txt: before, behind, both */
	LEX_BEHIND = 1 << 10,
	LEX_SPEECH = 1 << 11,
	LEX_INNER = 1 << 12,
	LEX_BORDER = 1 << 13,
	LEX_GENERIC = 1 << 14,
	LEX_POLICY_TITLE = 1 << 15,      /* policy-suffixes.txt: title, quoted, bare */
	LEX_POLICY_QUOTED = 1 << 16,
	LEX_POLICY_BARE = 1 << 17,
	LEX_MEDIA = 1 << 18,
	LEX_ENGLISH_BODY = 1 << 20,      /* english-*.txt: see english.c */
	LEX_ENGLISH_TITLE = 1 << 21,
	LEX_ENGLISH_POLICY = 1 << 22,
	LEX_ENGLISH_GIVEN = 1 << 23,
	LEX_ENGLISH_PLAIN = 1 << 24,
	LEX_COMMON = 1 << 19,            /* titles.txt: common, address */
	LEX_COUNTRY = 1 << 26,           /* countries.txt, beside LEX_PLACE */
	LEX_PART = 1 << 27,              /* name-parts.txt: 扎西, 卓玛, 格日勒 */
	LEX_WEAK = 1 << 25,              /* organization-suffixes.txt: weak */
};

typedef struct lexicon_entry {
	uint32_t classes;
	uint16_t weight;                 /* as a word of a sentence; of those that words.txt has not, by their length */
	uint16_t surname;                /* weight as a family name; 0: none */
	char kind;                       /* of a word: n v a f m t s; 'n' where no file says */
} lexicon_entry;

typedef struct lexicon_match {
	uint32_t length;                 /* characters */
	const lexicon_entry *entry;
} lexicon_match;

typedef struct lexicon_character {
	uint16_t given[3];               /* weight of a character in a given name: first of two, second of two, alone */
	uint16_t foreign;                /* weight in foreign names; 0: they have it not */
} lexicon_character;

/* What the lists have of a place of a text (lexicon_look). */
typedef struct lexicon_place {
	uint32_t root;                   /* for lexicon_prefixes: of the entries that begin with its character, and with it and the next */
	uint32_t pair;
	lexicon_character weights;
} lexicon_place;

typedef struct lexicon lexicon;

/* Reads every *.txt of the folder but tagger-*.txt (docs/entities.md). NULL with a line that names file and line number in `error`. */
lexicon *lexicon_open(const char *folder, char error[256]);
void lexicon_close(lexicon **self);

/* A first look at the `count` characters at `c`: `places` get what each begins. */
void lexicon_look(const lexicon *self, const uint32_t *c, size_t count, lexicon_place *places);
/* All entries that begin at `c`, of which `place` was looked at, shorter first; no more than the first `most` of them. `end` is behind the last character of the look. */
size_t lexicon_prefixes(const lexicon *self, const lexicon_place *place, const uint32_t *c, const uint32_t *end, lexicon_match *out, size_t most);
/* The entry that is exactly [c, end); NULL: none. */
const lexicon_entry *lexicon_find(const lexicon *self, const uint32_t *c, const uint32_t *end);
/* Length of the longest entry of the classes that ends at `end`, not longer than the text from `begin`; 0: none. */
uint32_t lexicon_ending(const lexicon *self, const uint32_t *begin, const uint32_t *end, uint32_t classes);

uint16_t lexicon_foreign(const lexicon *self, uint32_t c);       /* a character's weight in foreign names; 0: they have it not */
uint64_t lexicon_fingerprint(const lexicon *self);       /* over all that was read */

#endif
