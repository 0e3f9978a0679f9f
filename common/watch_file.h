/* watch_file.h - the file of watches (`watch.file`): named lists of what somebody wants to be told about. conf/watches.conf is its manual.
 *
 * An INI file with one section a watch. This module knows the form and nothing of texts: it splits lists into terms, checks names, numbers and limits, and reads the
 * files of terms that a list names with @. How terms are compared with an article stands in workers/watch/. Whatever is accepted here can be compiled
 * there, so that a reload that the daemon took is no news to a worker. Owns its strings; immutable after reading; any thread may read. */
#ifndef COMMON_WATCH_FILE_H
#define COMMON_WATCH_FILE_H

#include <stdbool.h>

#include "common/ini.h"

struct settings;

#define WATCH_MAX 1000                   /* watches of a file */
#define WATCH_TERMS_MAX 100000           /* terms of all watches together */
#define WATCH_TERM_BYTES 256             /* of one term */
#define WATCH_ALSO_MAX 16                /* lines `also` of a watch */
#define WATCH_FILE_BYTES (48u << 20)     /* of a file of watches, or of terms: the largest that the limits above allow, every term on a line of its own */

enum watch_list {
	/* phrases, looked for in title and body */
	WATCH_ANY, WATCH_ALL, WATCH_NOT,
	/* names, compared with the lists of the record */
	WATCH_PERSONS, WATCH_PLACES, WATCH_ORGANIZATIONS, WATCH_POLICIES,
	/* words about the article */
	WATCH_LABELS, WATCH_NOT_LABELS, WATCH_SOURCES, WATCH_NOT_SOURCES, WATCH_LANGUAGES,
	WATCH_LISTS,
};

typedef struct watch_term {
	char *text;                      /* as it stands, without its marks */
	bool as_written;                 /* = in front: case counts */
	bool open_start, open_end;       /* * in front, behind: a word may go on there */
	int line;                        /* of its list in the file of watches, also of a term that comes from a file of terms */
} watch_term;

typedef struct watch_terms {
	watch_term *items;
	size_t count;
} watch_terms;

typedef struct watch_rule {
	char *id;                        /* name of the section */
	char *name, *note;               /* for people; NULL: none */
	bool enabled, title_only;
	int at_least;                    /* different terms of `any` that must occur */
	watch_terms lists[WATCH_LISTS];
	watch_terms also[WATCH_ALSO_MAX];
	size_t also_count;
	int line;                        /* of the section */
} watch_rule;

typedef struct watch_file {
	char *path;
	watch_rule *rules;               /* in the order of the file */
	size_t count;
	size_t term_count;
} watch_file;

#define WATCH_MISTAKES_MAX INI_MISTAKES_MAX      /* told of what the reader of INI files does not see */

/* NULL when anything is wrong: a mistake is a line `file:line: what` in `errors`. */
watch_file *watch_file_read(const char *path, buf *errors);
/* The same of a text. `folder`: where files of terms are looked for; NULL: naming one is an error. */
watch_file *watch_file_parse(mr_bytes text, const char *path, const char *folder, buf *errors);
void watch_file_free(watch_file **self);

/* What holds only together with the settings: labels that the taxonomy does not know are errors (their number is returned); into `notes` goes what works otherwise than somebody might
 * think: conditions on names where the pipeline finds none. */
int watch_file_check(const watch_file *self, const struct settings *settings, buf *errors, buf *notes);
/* False where no names are in the records: no stage extract, or extract.tagger = off. Names of watches are then looked for as phrases. */
bool watch_has_names(const struct settings *settings);

/* The same watches as one text that names no other file: what the daemon gives its workers. */
void watch_file_write(const watch_file *self, buf *out);

/* A term with its marks, as in the file but without quotation marks; appends. */
void watch_term_show(const watch_term *term, buf *out);
/* Name of a list as it stands in the file: any, not_labels, ... */
const char *watch_list_name(enum watch_list list);

#endif
