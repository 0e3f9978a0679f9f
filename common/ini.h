/* ini.h - the reader of configuration files: sections, `key = value`, nothing clever.
 *
 *   # or ; at the beginning of a line (blanks before it allowed) makes a comment; there are none behind a value, so values may hold # and ;
 *   [section]                 letters, digits, . _ -
 *   key = value               key as a section; the value is everything behind the first =, without blanks at both ends; no quotes, no continuation
 *
 * UTF-8 (a byte order mark is taken off), line breaks LF or CRLF. NUL, other control bytes and broken UTF-8 are errors. It owns nothing, keeps
 * no state and knows no setting: settings.c decides what names mean. Errors never quote a value: it may be a secret. Pure apart from ini_load. */
#ifndef COMMON_INI_H
#define COMMON_INI_H

#include "common/buf.h"

#define INI_FILE_MAX (1024 * 1024)       /* bytes of a file */
#define INI_LINE_MAX 8192                /* bytes of a line: room for a long broker list, not for a wrong file */
#define INI_NAME_MAX 128                 /* bytes of a section name or key */
#define INI_MISTAKES_MAX 100             /* wrong lines that are told: a wrong file may have millions */

typedef struct ini_place {
	const char *file;
	int line;                        /* from 1 */
} ini_place;

typedef struct ini_hooks {
	void (*section)(void *arg, ini_place at, const char *name);
	void (*entry)(void *arg, ini_place at, const char *section, const char *key, const char *value);   /* borrowed */
	void *arg;
} ini_hooks;

/* Calls the hooks in the order of the text; lines that are wrong are told in `errors` ("file:line: what"; the first INI_MISTAKES_MAX) and left out. Returns their number. */
int ini_parse(mr_bytes text, const char *file, ini_hooks hooks, buf *errors);
/* The same for files that may have more than INI_FILE_MAX bytes: lists that a program wrote. */
int ini_parse_most(mr_bytes text, size_t max, const char *file, ini_hooks hooks, buf *errors);
/* What is wrong with the bytes of a line (too long, control bytes, not UTF-8); NULL: nothing. */
const char *ini_wrong_bytes(mr_bytes line);
/* Reads a regular file of at most `max` bytes. 0; -1 with a line in errors. */
int ini_load(const char *file, size_t max, buf *out, buf *errors) MR_MUST_USE;

#endif
