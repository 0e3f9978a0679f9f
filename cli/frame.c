/* frame.c - see frame.h. */
#include "cli/frame.h"

#include <stdarg.h>
#include <stdlib.h>

#include "cli/visible.h"
#include "common/mem.h"
#include "common/utf8.h"

#define ELLIPSIS "…"

frame frame_of(int width, bool colours)
{
	return (frame){.style = {.colours = colours}, .width = width};
}

void frame_free(frame *self)
{
	for (size_t i = 0; i < self->cap; i++)
		buf_free(&self->lines[i].text);
	free(self->lines);
	*self = (frame){0};
}

void frame_begin(frame *self)
{
	if (self->count == self->cap) {
		size_t cap = self->cap + self->cap / 2 + 32;
		self->lines = mem_grow(self->lines, cap, sizeof *self->lines);
		memset(self->lines + self->cap, 0, (cap - self->cap) * sizeof *self->lines);
		self->cap = cap;
	}
	frame_line *line = &self->lines[self->count++];
	buf_clear(&line->text);
	line->cells = 0;
}

static frame_line *current(const frame *self)
{
	return &self->lines[self->count - 1];
}

int frame_left(const frame *self)
{
	return self->width - current(self)->cells;
}

static void add_blanks(frame_line *line, int cells)
{
	for (int i = 0; i < cells; i++)
		buf_add_char(&line->text, ' ');
	line->cells += cells > 0 ? cells : 0;
}

void frame_pad(frame *self, int column)
{
	int more = column - current(self)->cells;
	add_blanks(current(self), more < frame_left(self) ? more : frame_left(self));
}

/* As much of a clean text as fits; all of it, or what leaves a column for the ellipsis. Marks stay with their character. */
static size_t fitting(mr_bytes text, int room, int *cells)
{
	const char *at = text.data, *end = at + text.len, *cut = at;
	int used = 0, cut_cells = 0;
	while (at < end) {
		const char *from = at;
		int wide = term_char_cells(utf8_next(&at, end));
		if (wide > 0 && used < room) {           /* a cut before this character leaves room for the ellipsis */
			cut = from;
			cut_cells = used;
		}
		if (used + wide > room) {
			*cells = cut_cells;
			return (size_t)(cut - text.data);
		}
		used += wide;
	}
	*cells = used;
	return text.len;
}

static void add_styled(frame *self, enum term_style style, mr_bytes text, bool cut)
{
	buf *out = &current(self)->text;
	if (style)
		buf_add_str(out, term_code(&self->style, style));
	buf_add(out, text.data, text.len);
	if (cut)
		buf_add_str(out, ELLIPSIS);
	if (style)
		buf_add_str(out, term_code(&self->style, TERM_PLAIN));
}

/* Returns the columns taken, at most `room`. */
static int add_text(frame *self, enum term_style style, mr_bytes clean, int room, bool right)
{
	int cells = 0;
	size_t len = fitting(clean, room, &cells);
	bool cut = len < clean.len && room > 0;
	if (right)
		add_blanks(current(self), room - cells - cut);
	add_styled(self, style, (mr_bytes){clean.data, len}, cut);
	current(self)->cells += cells + cut;
	return cells + cut;
}

static MR_PRINTF(2, 0) void format_clean(buf *clean, const char *format, va_list args)
{
	buf raw = {0};
	char *at = buf_reserve(&raw, 1024);
	int n = vsnprintf(at, 1024, format, args);
	raw.len = n < 0 ? 0 : n < 1024 ? (size_t)n : 1023;
	while (raw.len && n >= 1024 && (raw.data[raw.len - 1] & 0xC0) == 0x80)   /* a character that was cut in the middle */
		raw.len--;
	visible_add(clean, buf_bytes(&raw));
	buf_free(&raw);
}

void frame_add(frame *self, enum term_style style, const char *format, ...)
{
	buf clean = {0};
	va_list args;
	va_start(args, format);
	format_clean(&clean, format, args);
	va_end(args);
	add_text(self, style, buf_bytes(&clean), frame_left(self), false);
	buf_free(&clean);
}

void frame_cell(frame *self, enum term_style style, int cells, bool right, const char *format, ...)
{
	buf clean = {0};
	va_list args;
	int room = cells < frame_left(self) ? cells : frame_left(self), begin = current(self)->cells;
	va_start(args, format);
	format_clean(&clean, format, args);
	va_end(args);
	if (room > 0)
		add_text(self, style, buf_bytes(&clean), room, right);
	add_blanks(current(self), begin + room - current(self)->cells);
	buf_free(&clean);
}

void frame_wrap(frame *self, enum term_style style, int indent, int lines, const char *text)
{
	buf clean = {0};
	visible_add(&clean, mr_bytes_of(text));
	mr_bytes rest = buf_bytes(&clean);
	for (int i = 0; i < lines && rest.len; i++) {
		size_t next, len = term_wrap(rest, self->width - indent > 1 ? self->width - indent : 1, &next);
		bool last = i + 1 == lines;
		frame_begin(self);
		frame_pad(self, indent);
		add_text(self, style, last ? rest : (mr_bytes){rest.data, len}, frame_left(self), false);
		rest = (mr_bytes){rest.data + next, rest.len - next};
	}
	buf_free(&clean);
}

static void add_line(frame *self, const frame_line *line)
{
	buf_add(&current(self)->text, line->text.data, line->text.len);
	current(self)->cells += line->cells;
}

void frame_beside(frame *self, const frame *left, const frame *right, int column)
{
	size_t count = left->count > right->count ? left->count : right->count;
	for (size_t i = 0; i < count; i++) {
		frame_begin(self);
		if (i < left->count)
			add_line(self, &left->lines[i]);
		frame_pad(self, column);
		if (i < right->count)
			add_line(self, &right->lines[i]);
	}
}

void frame_append(frame *self, const frame *other, size_t from, size_t count)
{
	for (size_t i = from; i < other->count && i - from < count; i++) {
		frame_begin(self);
		add_line(self, &other->lines[i]);
	}
}

void frame_print(const frame *self, FILE *out)
{
	for (size_t i = 0; i < self->count; i++) {
		const buf *text = &self->lines[i].text;
		size_t len = text->len;
		while (len && text->data[len - 1] == ' ')
			len--;
		fwrite(text->data ? text->data : "", 1, len, out);
		fputc('\n', out);
	}
}
