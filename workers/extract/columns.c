/* columns.c - which lines stand in a column of hard-wrapped text: the second pass of a page (page.h).
 *
 * A column shows itself by its neighbours: lines that end in mid-sentence (no stop, no bracket) and are equally wide. Of the ten lines around a line,
 * those that end open and differ by at most three ideographs (hanging punctuation, stripped indents; English words: sixteen letters) are its
 * peers; three peers, a third of them with punctuation of running text inside (a quarter of English ones), make a column, and its width is their median (of ragged English lines the widest). Lists of
 * titles or names have peers, too, but no such punctuation; paragraphs printed as one line end with a stop. Short last lines of paragraphs take
 * the column of the line before or behind them. Blank lines are not looked at: in text out of PDF they carry no information. */
#include "page.h"

#define REACH 5                  /* lines looked at on either side: less than the shortest article of a page */
#define NARROWEST 14             /* columns of 7 ideographs */
#define WIDEST 120
#define LOST_INDENT 4            /* two ideographs */

static bool is_latin(const page_line *line)
{
	return line->letters > line->han * 2u;
}

static unsigned tolerance(const page_line *line)
{
	return is_latin(line) ? 16 : 6;
}

static bool is_open(const page_line *line)
{
	return line->end == END_OPEN || line->end == END_COMMA;
}

/* With its indent: what the line takes of its column. */
static unsigned printed_width(const page_line *line)
{
	return line->width + (line->indent <= 8 ? line->indent : 0u);
}

static bool is_peer(const page_line *line, const page_line *other)
{
	unsigned a = printed_width(line), b = printed_width(other), far = a > b ? a - b : b - a;
	return is_open(other) && b >= NARROWEST && far <= tolerance(line);
}

/* Width of the column around line i; 0: it has no peers. */
static uint16_t column_of(const page *self, size_t i)
{
	const page_line *line = &self->lines[i];
	uint16_t widths[2 * REACH + 1];
	size_t n = 0, punctuated = 0;
	size_t from = i > REACH ? i - REACH : 0, to = i + REACH + 1 < self->line_count ? i + REACH + 1 : self->line_count;
	if (line->width < NARROWEST || line->width > WIDEST || !is_open(line))
		return 0;
	for (size_t j = from; j < to; j++) {
		if (!is_peer(line, &self->lines[j]))
			continue;
		size_t k = n++;
		uint16_t width = (uint16_t)printed_width(&self->lines[j]);
		for (; k && widths[k - 1] > width; k--)
			widths[k] = widths[k - 1];
		widths[k] = width;
		punctuated += self->lines[j].clauses || self->lines[j].end == END_COMMA;
	}
	/* ragged English lines are as wide as the widest; justified Chinese ones as most */
	return n >= 3 && punctuated * (is_latin(line) ? 4 : 3) >= n ? widths[is_latin(line) ? n - 1 : n / 2] : 0;
}

void page_find_columns(page *self)
{
	size_t in_columns = 0;
	for (size_t i = 0; i < self->line_count; i++) {
		self->lines[i].column = column_of(self, i);
		self->lines[i].peers = self->lines[i].column > 0;
		in_columns += self->lines[i].peers;
	}
	for (size_t i = 0; i < self->line_count; i++) {
		page_line *line = &self->lines[i];
		if (line->peers && line->clauses && !is_latin(line) && !line->spaced && line->tight > line->column)
			line->column = line->tight;                                /* running text is no wider than its column: the peers were first lines without their indents */
	}
	for (size_t i = self->line_count; i-- > 1;) {
		page_line *line = &self->lines[i - 1];
		unsigned most = printed_width(line) + LOST_INDENT + 1u;
		if (line->peers && line[1].peers && !is_latin(line) && line[1].column > line->column && most + 1u >= line[1].column)
			line->column = (uint16_t)(line[1].column < most ? line[1].column : most);      /* the narrower lines are those of a headline before it */
	}
	for (size_t i = 1; i < self->line_count; i++) {
		page_line *line = &self->lines[i];
		const page_line *before = line - 1;
		bool leads = false;                                                /* 本报讯: the column of its text, not of what stands above */
		for (size_t k = 1; (line->first_words & WORD_LEAD) && k <= 3 && i + k < self->line_count; k++)
			leads = leads || line[k].peers;
		if (!line->column && before->column && !leads && line->width <= before->column + tolerance(before))
			line->column = before->column;
	}
	for (size_t i = self->line_count; i-- > 1;) {
		page_line *line = &self->lines[i - 1];
		const page_line *behind = line + 1;
		if (!line->column && behind->column && line->width <= behind->column + tolerance(behind) && line->width * 2 >= behind->column)
			line->column = behind->column;
	}
	self->wrapped = in_columns >= 6 && in_columns * 2 >= self->line_count;
}
