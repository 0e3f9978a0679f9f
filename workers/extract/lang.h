/* lang.h - language and script of a text, told by its characters and its most frequent words. Pure; any thread. */
#ifndef EXTRACT_LANG_H
#define EXTRACT_LANG_H

#include "common/buf.h"

typedef struct lang_guess {
	char language[4];                /* BCP 47: "zh", "ja", "ko", "en", "ru", ...; "": cannot be told */
	const char *script;              /* "Hans", "Hant", "Latn"; NULL: neither */
} lang_guess;

/* Looks at the first 8 000 characters. `declared` (the page's or feed's own word, may be absent) decides only among languages that the
 * characters allow. */
lang_guess lang_find(mr_bytes text, mr_bytes declared);

#endif
