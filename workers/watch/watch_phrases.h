/* watch_phrases.h - many phrases looked for at once, by the pattern engine of Hyperscan (or Vectorscan, its portable twin with the same interface).
 *
 * Phrases are folded as texts are (watch_fold) and compiled into one database; phrases that fold alike share one literal and are told apart when it is found: by their edges (a word of a
 * script with blanks must begin and end there, unless the phrase is open) and, for those that want it, by case as written. Compiling is done before the cage
 * closes; looking allocates nothing. A literal has a fixed length, so its end tells its beginning, and the engine need not keep track of it.
 *
 * Two uses: phrases in texts, names in lists of names (watch_phrases_names). Owns all it is given. The worker's only thread. */
#ifndef WATCH_WATCH_PHRASES_H
#define WATCH_WATCH_PHRASES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/watch/watch_text.h"

enum phrase_flags {
	PHRASE_OPEN_START = 1,   /* a word may begin before it */
	PHRASE_OPEN_END = 2,     /* a word may go on behind it */
	PHRASE_AS_WRITTEN = 4,   /* case counts */
	PHRASE_OWN = 8,          /* this bit and higher ones are the caller's: phrases that differ in them are different phrases */
};

#define PHRASE_NONE UINT32_MAX
#define PHRASE_CANDIDATES_MAX 2000000    /* places of one article at which a phrase may stand; what comes behind is not looked at: a bound of time, about 0.1 s */

typedef struct watch_phrases watch_phrases;

watch_phrases *watch_phrases_new(void);
void watch_phrases_free(watch_phrases **self);
/* Number of the phrase, from 0: the same for phrases that are the same when folded, with the same flags. PHRASE_NONE: nothing of it is left when folded. Before compile. */
uint32_t watch_phrases_add(watch_phrases *self, mr_bytes text, unsigned flags);
/* The same for names: letters only, a line each; edges are ends of lines. */
uint32_t watch_phrases_add_name(watch_phrases *self, mr_bytes name, unsigned flags);
/* 0; -1 with a line in error: no memory, or a processor without what the engine needs. No phrases: nothing is found. */
int watch_phrases_compile(watch_phrases *self, char error[256]);
size_t watch_phrases_count(const watch_phrases *self);
size_t watch_phrases_bytes(const watch_phrases *self);           /* of the database */

/* A phrase stands at folded bytes [from, to). In the order of `to`. */
typedef void (*phrase_found)(void *arg, uint32_t phrase, size_t from, size_t to);
/* False: there were more candidates than the limit. */
bool watch_phrases_find(watch_phrases *self, watch_text *text, phrase_found found, void *arg);
/* In folded names with '\n' between them (watch_phrases_fold_name). */
bool watch_phrases_find_names(watch_phrases *self, mr_bytes names, phrase_found found, void *arg);
void watch_phrases_fold_name(mr_bytes name, buf *out);

/* Letters and digits of scripts that put blanks between words, and marks on them. */
bool watch_is_word(uint32_t c);
/* False with a line in error: this processor cannot run the engine. */
bool watch_engine_runs(char error[256]);

#endif
