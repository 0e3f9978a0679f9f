/* term.h - what a terminal shows: its width, colours, the columns that a text takes, texts wrapped into columns, a table, a progress line.
 *
 * Chinese, full-width forms and emoji take two columns (Unicode TR11, W and F), combining marks none; the table is our own, so that a text takes the same
 * room under every locale. Ambiguous characters take one, as in terminals outside of East Asian locales. Strangers' texts are cleaned of control
 * bytes before they are shown. Colours only on a terminal that knows them, never with NO_COLOR (https://no-color.org). Single thread. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_RED, TERM_GREEN, TERM_YELLOW, TERM_CYAN, TERM_STYLES };

typedef struct term {
	FILE *out;
	int width;                       /* columns: of the terminal, else $COLUMNS, else 100; 60 to 200 */
	bool is_terminal;
	bool colours;
} term;

term term_of(FILE *out);
/* Escape sequence that switches a style on (TERM_PLAIN: all off); "" without colours. */
const char *term_code(const term *self, enum term_style style);
int term_char_cells(uint32_t c);
int term_cells(mr_bytes text);
/* A heading: text in bold on a line of its own, an empty line before. */
void term_heading(const term *self, const char *format, ...) MR_PRINTF(2, 3);
/* No-break spaces become plain ones: wrapping is done. */
void term_print(const term *self, mr_bytes text);
/* Text wrapped to the width, every line indented. */
void term_paragraph(const term *self, int indent, const char *text);
/* How much of `text` fits into `cells` columns, and in `next` where the following line begins: behind blanks, else between characters where one of them is wide and no
 * mark would stand alone, else anywhere. Returns bytes; 0 only for an empty text. */
size_t term_wrap(mr_bytes text, int cells, size_t *next);

/* ---- table ---- */

typedef struct table_column {
	const char *name;
	int least;                       /* columns it keeps while others can still give */
	int most;                        /* columns it never takes more of, however long its cells are; 0: any */
	int wide;                        /* shown only on terminals of at least this width; 0: always */
	bool right;                      /* right-aligned */
} table_column;

typedef struct table table;

table *table_new(const table_column *columns, size_t count);
void table_free(table **self_p);
/* The next cell of the current row; after the last column a new row begins. Copied and cleaned. A no-break space (U+00A0) does not break. */
void table_add(table *self, enum term_style style, const char *format, ...) MR_PRINTF(3, 4);
/* A row of one text over all columns, between rows. */
void table_add_line(table *self, enum term_style style, const char *format, ...) MR_PRINTF(3, 4);
size_t table_rows(const table *self);
void table_print(const table *self, const term *out);

/* ---- progress ---- */

/* One line that is written over, on standard error, only when that is a terminal; at most ten times a second. `text` stands behind the bar. */
typedef struct progress {
	term out;
	int64_t shown_ms;                /* 0: nothing stands there */
} progress;

progress progress_new(void);
void progress_show(progress *self, uint64_t done, uint64_t all, const char *text);
/* The line without a bar: what is being waited for. */
void progress_say(progress *self, const char *text);
/* Takes the line away. */
void progress_end(progress *self);

/* The style that a label of the shipped taxonomy has everywhere; of others plain. */
enum term_style term_label(const char *label);

#endif
