/* table.c - the table of term.h: cells are kept as texts, widths are found when it is printed.
 *
 * Every column wants to be as wide as its widest cell. When that is too much for the terminal, the widest column that may shrink gives one column
 * after the other; what does not fit then is wrapped inside its cell. */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "cli/term.h"
#include "common/log.h"
#include "common/mem.h"

#define COLUMNS_MAX 8
#define INDENT 2
#define GAP 2
#define CELL_BYTES 1024
#define COLUMN_LEAST 6                   /* where everything is narrow */

typedef struct cell {
	char *text;
	enum term_style style;
} cell;

typedef struct row {
	cell cells[COLUMNS_MAX];
	bool line;                       /* cells[0] over all columns */
} row;

struct table {
	table_column columns[COLUMNS_MAX];
	size_t column_count;
	row *rows;
	size_t row_count;
	size_t filled;                   /* cells of the last row; column_count: it is complete */
};

table *table_new(const table_column *columns, size_t count)
{
	table *self = mem_alloc(sizeof *self);
	assert(count > 0 && count <= COLUMNS_MAX);
	memcpy(self->columns, columns, count * sizeof *columns);
	self->column_count = self->filled = count;
	return self;
}

void table_free(table **self_p)
{
	table *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->row_count; i++)
		for (size_t k = 0; k < COLUMNS_MAX; k++)
			free(self->rows[i].cells[k].text);
	free(self->rows);
	free(self);
	*self_p = NULL;
}

static MR_PRINTF(1, 0) char *make_text(const char *format, va_list args)
{
	char raw[CELL_BYTES], clean[CELL_BYTES];
	vsnprintf(raw, sizeof raw, format, args);
	return mem_string(log_clean(clean, sizeof clean - 1, mr_bytes_of(raw)));
}

static row *add_row(table *self)
{
	assert(self->filled == self->column_count);
	self->rows = mem_grow(self->rows, self->row_count + 1, sizeof *self->rows);
	self->rows[self->row_count] = (row){0};
	return &self->rows[self->row_count++];
}

void table_add(table *self, enum term_style style, const char *format, ...)
{
	va_list args;
	if (self->filled == self->column_count) {
		add_row(self);
		self->filled = 0;
	}
	va_start(args, format);
	self->rows[self->row_count - 1].cells[self->filled++] = (cell){make_text(format, args), style};
	va_end(args);
}

void table_add_line(table *self, enum term_style style, const char *format, ...)
{
	va_list args;
	row *r = add_row(self);
	r->line = true;
	va_start(args, format);
	r->cells[0] = (cell){make_text(format, args), style};
	va_end(args);
}

size_t table_rows(const table *self)
{
	return self->row_count;
}

/* ---- printing ---- */

static int wished(const table *self, size_t column)
{
	int most = term_cells(mr_bytes_of(self->columns[column].name));
	for (size_t i = 0; i < self->row_count; i++) {
		const char *text = self->rows[i].cells[column].text;
		int cells = text && !self->rows[i].line ? term_cells(mr_bytes_of(text)) : 0;
		most = cells > most ? cells : most;
	}
	return self->columns[column].most && most > self->columns[column].most ? self->columns[column].most : most;
}

/* The widest column that may shrink; column_count: none. */
static size_t widest_above(const table *self, const int widths[COLUMNS_MAX], bool to_the_bone)
{
	size_t widest = self->column_count;
	for (size_t i = 0; i < self->column_count; i++)
		if (widths[i] > (to_the_bone ? COLUMN_LEAST : self->columns[i].least) && (widest == self->column_count || widths[i] > widths[widest]))
			widest = i;
	return widest;
}

/* Widths of the columns; 0: not shown. */
static void find_widths(const table *self, int width, int widths[COLUMNS_MAX])
{
	int sum = INDENT - GAP + 1;              /* the last column of the terminal stays empty: no line wraps there */
	for (size_t i = 0; i < self->column_count; i++) {
		widths[i] = self->columns[i].wide <= width ? wished(self, i) : 0;
		sum += widths[i] ? widths[i] + GAP : 0;
	}
	while (sum > width) {
		size_t widest = widest_above(self, widths, false);
		if (widest == self->column_count)                /* a very narrow terminal */
			widest = widest_above(self, widths, true);
		if (widest == self->column_count)
			return;
		widths[widest]--;
		sum--;
	}
}

static void print_piece(const table *self, const term *out, size_t column, int width, mr_bytes piece, enum term_style style, bool last)
{
	int pad = width - term_cells(piece);
	pad = pad > 0 ? pad : 0;
	bool right = self->columns[column].right;
	fprintf(out->out, "%*s%s", right ? pad : 0, "", style ? term_code(out, style) : "");
	term_print(out, piece);
	fprintf(out->out, "%s%*s", style ? term_code(out, TERM_PLAIN) : "", last ? 0 : (right ? 0 : pad) + GAP, "");
}

/* A row takes as many lines as its longest cell needs. */
static void print_row(const table *self, const term *out, const int widths[COLUMNS_MAX], const cell cells[COLUMNS_MAX])
{
	mr_bytes rests[COLUMNS_MAX];
	bool more = true;
	for (size_t i = 0; i < self->column_count; i++)
		rests[i] = mr_bytes_of(widths[i] ? cells[i].text : "");
	while (more) {
		size_t last = 0;
		more = false;
		for (size_t i = 0; i < self->column_count; i++)
			last = rests[i].len ? i : last;
		fprintf(out->out, "%*s", INDENT, "");
		for (size_t i = 0; i <= last; i++) {
			size_t next = 0, len = rests[i].len ? term_wrap(rests[i], widths[i], &next) : 0;
			if (widths[i])
				print_piece(self, out, i, widths[i], (mr_bytes){rests[i].data, len}, cells[i].style, i == last);
			rests[i] = (mr_bytes){rests[i].data + next, rests[i].len - next};
			more = more || rests[i].len;
		}
		fputc('\n', out->out);
	}
}

void table_print(const table *self, const term *out)
{
	int widths[COLUMNS_MAX];
	cell names[COLUMNS_MAX];
	assert(self->filled == self->column_count);
	find_widths(self, out->width, widths);
	for (size_t i = 0; i < self->column_count; i++)
		names[i] = (cell){(char *)(uintptr_t)self->columns[i].name, TERM_DIM};
	print_row(self, out, widths, names);
	for (size_t i = 0; i < self->row_count; i++) {
		const row *r = &self->rows[i];
		if (r->line)
			fprintf(out->out, "%*s%s%s%s\n", INDENT, "", r->cells[0].style ? term_code(out, r->cells[0].style) : "", r->cells[0].text,
				r->cells[0].style ? term_code(out, TERM_PLAIN) : "");
		else
			print_row(self, out, widths, r->cells);
	}
}
