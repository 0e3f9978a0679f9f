/* explain.h - `millrace explain STAGE FILE`: why a stage decided as it did. One file a subject, `cli/explain_<stage>.c`; one row in the table of explain.c. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli.h"
#include "term.h"

/* argv[0] is the subject's name. Returns a code of common/exit_codes.h. */
int explain_extract(int argc, char **argv);
int explain_dedup(int argc, char **argv);
int explain_classify(int argc, char **argv);
int explain_watch(int argc, char **argv);

/* `--color=WHEN` of every subject: a terminal for standard output, its colours set as asked (NULL: auto). -1: an unknown word. */
int explain_term(const char *when, term *out);

/* `--name VALUE` or `--name=VALUE` at argv[*i], which moves on: the value; NULL: another argument, or the value is missing. */
const char *explain_value(int argc, char **argv, int *i, const char *name);
/* Reads a file, plain or gzipped, `-`: standard input, at most 64 MB of it. False: it cannot be read (errno). */
bool explain_read(const char *path, buf *out);

/* ---- the two halves of `explain extract` ---- */

/* Text: every line of the document with what became of it, and by which rule. `measures`: width, column and end of each line, too. */
void explain_text(mr_bytes text, const term *out, bool measures);
/* HTML: the article's element and the runners-up, then the lines of the page. */
void explain_html(mr_bytes bytes, const settings *settings, const term *out, bool measures);

#endif
