/* frame.h - lines of text of a known width, to be shown on a terminal or printed: pieces with a style, padded or cut to columns.
 *
 * No line is wider than the frame; what does not fit is cut, with an ellipsis. Widths are those of term.h (Chinese takes two columns; a wide character that is cut in half is left out and a
 * blank stands for it). Texts are cleaned (visible.h): no byte of a stranger's is a terminal code. Owns its lines. Single thread. */
#ifndef CLI_FRAME_H
#define CLI_FRAME_H

#include "cli/term.h"

typedef struct frame_line {
	buf text;                        /* with the codes of styles, each piece ends plain */
	int cells;
} frame_line;

typedef struct frame {
	term style;                      /* colours or not; nothing else of it */
	int width;
	frame_line *lines;
	size_t count, cap;
} frame;

frame frame_of(int width, bool colours);
void frame_free(frame *self);
void frame_begin(frame *self);                   /* the next line; pieces go to it */
/* A piece as long as it is, up to the end of the line. */
void frame_add(frame *self, enum term_style style, const char *format, ...) MR_PRINTF(3, 4);
/* Exactly `cells` columns (fewer at the end of the line). */
void frame_cell(frame *self, enum term_style style, int cells, bool right, const char *format, ...) MR_PRINTF(5, 6);
void frame_pad(frame *self, int column);         /* blanks up to this column */
int frame_left(const frame *self);               /* columns left in the line */
/* A text over as many lines as it needs, at most `lines`, each `indent` columns from the left. */
void frame_wrap(frame *self, enum term_style style, int indent, int lines, const char *text);
/* The lines of `left` and `right` beside each other, `right` begins at `column`; appended. */
void frame_beside(frame *self, const frame *left, const frame *right, int column);
void frame_append(frame *self, const frame *other, size_t from, size_t count);
void frame_print(const frame *self, FILE *out);  /* line by line, without blanks at their ends */

#endif
