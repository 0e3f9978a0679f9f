/* unwrap.c - lines to blocks: the fourth pass (page.h). A block is a paragraph, a heading, or a mark that structures the page.
 *
 * What says that a line goes on in the next one, strongest first:
 *   - it ends with a comma, or the next begins with punctuation that cannot begin a line;
 *   - it is as wide as its column and ends in mid-sentence; the next line is no wider than the column;
 *   - it is prose as long as a paragraph and ends in mid-sentence: a column break cut it (blank line in mid-word);
 *   - it is full and ends with a stop, and the next does not begin as paragraphs begin.
 * What says that it does not: it ends with a stop and the first word of the next line would have fitted; the next line is numbered, indented, a lead-in
 * or stands behind a wider gap than lines of this page do; headings (no punctuation, other width, or right before a lead-in). */
#include "page.h"

#include "common/mem.h"
#include "common/utf8.h"

struct join {
	page *page;
	page_block *block;               /* the one that grows; NULL: none */
	const page_line *last;           /* its last line */
	uint16_t usual_gap;              /* blank lines between two lines of a paragraph on this page */
	bool indents_lost;               /* first lines of paragraphs are two characters narrower: their indent was not printed */
	bool flush_left;                 /* first lines of paragraphs are as wide as others: there are no indents */
	bool indents_kept;               /* first lines of paragraphs are indented, others are not */
	bool apart;                      /* furniture was left out since */
};

static page_block *add_block(page *self, enum block_kind kind, size_t line)
{
	if (self->block_count == self->block_room) {
		self->block_room = self->block_room ? self->block_room * 2 : 128;
		self->blocks = mem_grow(self->blocks, self->block_room, sizeof *self->blocks);
	}
	page_block *block = &self->blocks[self->block_count++];
	*block = (page_block){.at = {(uint32_t)self->flow_count, (uint32_t)self->flow_count}, .line = (uint32_t)line, .kind = (uint8_t)kind,
		.gap = self->lines[line].gap, .article = -1};
	return block;
}

static void append(page *self, page_block *block, const page_line *line)
{
	for (uint32_t i = line->at.begin; i < line->at.end; i++)
		self->flow[self->flow_count++] = self->text[i];
	block->at.end = (uint32_t)self->flow_count;
	block->lines++;
	block->end = line->end;
}

static bool is_latin_line(const page_line *line)
{
	return line->letters > line->han;
}

/* Where two lines meet: Latin words need a blank, a hyphen at the line end goes, Chinese needs nothing. */
static void append_joined(page *self, page_block *block, const page_line *before, const page_line *line)
{
	uint32_t last = self->flow[self->flow_count - 1], first = self->text[line->at.begin];
	bool latin = is_latin_line(before) && is_latin_line(line);
	if (latin && last == '-' && self->flow_count > block->at.begin + 1 && char_is_letter(self->flow[self->flow_count - 2]) && first >= 'a' && first <= 'z')
		self->flow_count--;
	else if ((line->first_words & WORD_REPORTER) && utf8_is_han(last) && (before->words & WORD_REPORTER))
		self->flow[self->flow_count++] = ' ';                              /* 记者 某某 | 通讯员 某某 */
	else if (latin || (char_is_letter(last) && char_is_letter(first) && last < 0x250 && first < 0x250))
		self->flow[self->flow_count++] = ' ';
	append(self, block, line);
}

/* Columns that the first unbreakable piece of a line takes: a character (a quote takes the next along), a figure, a Latin word. */
static uint32_t first_piece(const page *self, const page_line *line)
{
	uint32_t i = line->at.begin, width = 0;
	while (i < line->at.end && char_is_opener(self->text[i]))
		width += char_is_wide(self->text[i++]) ? 2 : 1;
	if (i >= line->at.end)
		return width;
	if (char_is_wide(self->text[i]))
		return width + 2;
	while (i < line->at.end && !char_is_wide(self->text[i]) && !char_is_blank(self->text[i])) {
		i++;
		width++;
	}
	return width;
}

/* 会议指出, 某某强调, 下一步: paragraphs of reports begin with who says it, or with a word that turns to the next matter. 介绍, 透露 are not among the words:
 * those stand inside paragraphs as often. */
static bool begins_paragraph(const page *self, const page_line *line)
{
	static const uint32_t says[][2] = {{0x6307, 0x51FA}, {0x5F3A, 0x8C03}, {0x8981, 0x6C42}, {0x8868, 0x793A}, {0x8BA4, 0x4E3A}, {0x63D0, 0x51FA}, {0x5BA1, 0x8BAE}, {0x51B3, 0x5B9A},
		{0x542C, 0x53D6}, {0x6307, 0x793A}, {0x5F37, 0x8ABF}, {0x8A8D, 0x70BA}};
	static const uint32_t turns[][2] = {{0x4E0B, 0x4E00}, {0x63A5, 0x4E0B}, {0x636E, 0x4E86}, {0x636E, 0x4ECB}, {0x636E, 0x6089}, {0x64DA, 0x4E86}, {0x64DA, 0x6089}, {0x6B64, 0x5916}, {0x8FD1, 0x5E74},
		{0x8FD1, 0x65E5}, {0x4ECA, 0x5E74}, {0x76EE, 0x524D}, {0x672A, 0x6765}, {0x4E0E, 0x6B64}, {0x8207, 0x6B64}, {0x540C, 0x65F6}, {0x622A, 0x81F3}};
	const uint32_t *c = self->text + line->at.begin;
	uint32_t n = line->at.end - line->at.begin;
	if (n < 4)
		return false;
	for (size_t k = 0; k < sizeof turns / sizeof *turns; k++)
		if (c[0] == turns[k][0] && c[1] == turns[k][1])
			return true;
	for (uint32_t i = 2; i + 1 < n && i < 12; i++) {
		if (char_is_clause(c[i]))
			return false;
		for (size_t k = 0; k < sizeof says / sizeof *says; k++)
			if (c[i] == says[k][0] && c[i + 1] == says[k][1])
				return c[0] != 0x4ED6 && c[0] != 0x5979;               /* 他 她 speak on inside a paragraph */
	}
	return false;
}

static bool may_not_begin(uint32_t c)
{
	return (char_is_closer(c) && c != '"' && c != '\'') || c == 0xFF0C || c == 0x3002 || c == 0x3001 || c == 0xFF1B || c == 0xFF1A || c == 0xFF01 || c == 0xFF1F || c == '%' ||
		c == ',' || c == ';' || c == 0xFF05 || c == 0x2103;
}

/* Lines without punctuation that lead up to a lead-in, a byline or the end: headlines, however wide they are. */
static bool is_heading_run(const page *self, size_t i)
{
	size_t limit = i + 4 < self->line_count ? i + 4 : self->line_count, j = i;
	for (; j < limit; j++) {
		const page_line *line = &self->lines[j];
		if (line->kind != LINE_TEXT || line->lead_in)
			return j > i && line->kind != LINE_CAPTION;
		if ((line->end != END_OPEN && line->end != END_BRACKET) || line->clauses || line->numbered || line->opens)
			return false;
	}
	return j == self->line_count;
}

#define LOST_INDENT 4            /* columns: two ideographs */

/* As wide as the first line of a paragraph is when its indent was lost. */
static bool lost_indent(const page_line *line, unsigned column)
{
	unsigned hung = line->end == END_COMMA && line->han ? 2 : 0;             /* the comma hangs over the end of the line */
	return line->width + LOST_INDENT + 2u >= column && line->width + LOST_INDENT - 1u <= column + hung;
}

/* Width of the last line with its indent, printed or lost. */
static uint32_t printed_width(const struct join *j)
{
	return j->last->width + j->last->indent + (j->indents_lost && j->block->lines == 1 ? LOST_INDENT : 0u);
}

/* May `line` stand in the column of `last`? */
static bool same_column(const page_line *last, const page_line *line)
{
	return line->width <= last->column + 8u && line->tight <= last->column + 2u;
}

/* `字，` at the beginning of a line is the end of a word that the line before began. */
static bool cuts_word(const page *self, const page_line *line)
{
	uint32_t i = line->at.begin;
	return i + 1 < line->at.end && utf8_is_han(self->text[i]) && (self->text[i + 1] == 0xFF0C || self->text[i + 1] == 0x3002 || self->text[i + 1] == 0x3001);
}

/* The English line begins with a capital, and the one before does not end with a word that asks for a name (of, the, in). */
static bool begins_sentence(const page *self, const page_line *before, const page_line *line)
{
	static const char *const small[] = {"of", "the", "in", "and", "for", "to", "a", "an", "by", "at", "on", "with", "from", "as", "or", NULL};
	uint32_t first = self->text[line->at.begin], last = before->at.end;
	if (first < 'A' || first > 'Z')
		return false;
	while (last > before->at.begin && !char_is_blank(self->text[last - 1]))
		last--;
	for (const char *const *word = small; *word; word++) {
		uint32_t i = 0;
		while ((*word)[i] && last + i < before->at.end && (self->text[last + i] | 32u) == (unsigned char)(*word)[i])
			i++;
		if (!(*word)[i] && last + i == before->at.end)
			return false;
	}
	return true;
}

/* A full line without punctuation that begins a block: a headline as wide as the column, or a paragraph's first line? */
static bool goes_on_first(const struct join *j, const page_line *line)
{
	const page_line *last = j->last;
	if (last->two_pieces && !last->lead_in)
		return false;
	if (is_latin_line(last) && last->gap > j->usual_gap && !last->lead_in && begins_sentence(j->page, last, line))
		return false;                                                      /* a headline over its text */
	if (last->spaced && line->peers && last->tight > line->column)
		return false;                                                      /* a stretched line is no wider than its column: this one stands over a narrower one */
	if (line->gap < j->usual_gap || (last->gap < j->usual_gap && last > j->page->lines))
		return false;                                                      /* lines closer than those of columns: a headline on two lines */
	if (j->indents_kept)
		return last->indent >= 2;
	bool told = j->page->block_count > 1 && j->block[-1].kind == BLOCK_FROM;           /* right behind （上接01版） stands the headline */
	if (told && last->width + last->indent + 1u < last->column)
		return false;
	if (last->quoting || cuts_word(j->page, line))
		return true;
	bool exact = (last->width + 1u >= last->column && last->tight <= last->column) || (j->indents_lost && lost_indent(last, last->column));
	bool close = last > j->page->lines && last->gap <= j->usual_gap && last[-1].kind == LINE_TEXT && last[-1].end == END_STOP && last[-1].column;
	if (line->gap > j->usual_gap)
		return exact && close && line->column && line->clauses;            /* headlines stand off the text before them, so a column broke here */
	if (exact && line->column && (line->clauses || (line->width + 1u >= last->column && line->width <= last->column + 1u && !line->two_pieces)))
		return true;                                                       /* one headline in ten is as wide as its column, one first line in three has no comma */
	if (line->end == END_STOP && line->width + 6u < last->column)
		return true;                                                       /* it would be a paragraph of one short line */
	if (!last->spaced && printed_width(j) + first_piece(j->page, line) + 2u + (j->flush_left || j->indents_lost ? 0u : LOST_INDENT) <= last->column)
		return false;                                                      /* the next word would have fitted: the line was ended */
	return last->peers && (line->peers || line->width < last->column);
}

/* Nothing of the block so far is punctuated as running text is. */
static bool is_heading(const struct join *j)
{
	for (uint32_t i = j->block->at.begin; i < j->block->at.end; i++)
		if (char_is_clause(j->page->flow[i]) && j->page->flow[i] != 0x3001 && j->page->flow[i] != 0xFF1A)
			return false;
	return !j->block->lead_in;
}

/* The next line is wider than `line` by an indent, and the last one was ended although the first word of `line` would have fitted: `line` begins a paragraph. */
static bool begins_narrower(const struct join *j, const page_line *line)
{
	const page_line *next = line + 1;
	if (j->flush_left || j->indents_kept || next >= j->page->lines + j->page->line_count || next->kind != LINE_TEXT || !next->peers || next->spaced || j->last->spaced)
		return false;
	return next->width >= line->width + LOST_INDENT - 1u && next->width <= line->width + LOST_INDENT + 1u && printed_width(j) + first_piece(j->page, line) + (j->block->lines == 1 ? LOST_INDENT : 0u) <= next->width;
}

/* Does a line that ends in mid-sentence go on in `line`? */
static bool goes_on_open(const struct join *j, const page_line *line)
{
	const page_line *last = j->last;
	if (j->block->lead_in && j->block->lines == 1 && last->column && same_column(last, line))
		return true;
	if (j->block->lead_in && j->block->lines == 1 && line->column && line->gap <= j->usual_gap && last->width <= line->column + 8u && line->width <= line->column + 8u)
		return true;
	if (last->column && line_is_full(last) && last->end != END_BRACKET) {
		if (!same_column(last, line) && !(last->clauses && line->clauses && line->end == END_STOP && line->tight <= last->width + 6u))
			return false;                                              /* in a short paragraph the column may be judged too narrow */
		if (j->block->lines > 1 && line->gap > j->usual_gap && !last->clauses && is_heading(j))
			return false;                                              /* a headline on two full lines, then a gap */
		if (line->peers && !line->spaced && line->clauses && ((j->indents_lost && lost_indent(line, line->column)) || begins_narrower(j, line)) && is_heading(j))
			return false;                                              /* the first line of a paragraph: what has no punctuation before it is headlines */
		if (j->block->lines > 1 || last->clauses)
			return !j->apart || line->column;
		return goes_on_first(j, line);
	}
	if (last->column && last->end == END_BRACKET)
		return line_is_full(last) && same_column(last, line) && (j->indents_kept || printed_width(j) + first_piece(j->page, line) > last->column);
	uint32_t z = j->page->flow[j->page->flow_count - 1];
	if (last->end == END_BRACKET && !(last->clauses && last->width >= 60 && (z == 0x201D || z == 0x300D || z == '"')))
		return false;                                                      /* a quote in mid-sentence may be cut behind, a remark in brackets ends its paragraph */
	bool prose = line->end == END_STOP || line->clauses;
	if (last->clauses && last->width >= 60)
		return prose && !line->date_only;
	if (last->clauses && last->width >= 30 && j->page->wrapped)
		return line->end == END_STOP && line->gap <= j->usual_gap + 1u;
	return j->block->lines > 1 && last->column && line->column && prose && !j->apart && last->width + 12u >= last->column;
}

/* Text out of PDF has no indents, but the lines are still broken where the indents made them end: behind a clearly short last line, most lines are two characters
 * narrower than the column. */
static bool indents_lost(const page *self, bool *flush_left)
{
	size_t lost = 0, flush = 0;
	for (size_t i = 1; i < self->line_count; i++) {
		const page_line *line = &self->lines[i], *before = line - 1;
		if (before->end != END_STOP || !before->column || before->width + 6u > before->column || !line->peers || line->spaced || is_latin_line(line))
			continue;
		if (!line->clauses && line->end != END_COMMA)
			continue;                                                  /* headlines behind a body have any width */
		lost += lost_indent(line, line->column);
		flush += line->width + 2u >= line->column;
	}
	*flush_left = flush >= 2 && flush > lost * 3;
	return lost >= 2 && lost >= flush * 2;
}

/* Most lines behind a clearly short last line are indented, hardly any behind a full one is. */
static bool indents_kept(const page *self)
{
	size_t kept = 0, flush = 0, inside = 0;
	for (size_t i = 1; i < self->line_count; i++) {
		const page_line *line = &self->lines[i], *before = line - 1;
		if (!before->column || !line->column)
			continue;
		if (before->end == END_STOP && before->width + 6u <= before->column) {
			kept += line->indent >= 2 && line->indent <= 8;
			flush += !line->indent;
		} else if (before->end == END_OPEN && before->clauses && line_is_full(before)) {
			inside += line->indent >= 2;
		}
	}
	return kept >= 2 && kept > flush && inside <= kept;
}

/* 说 or 道 at `i`, and the clause ends behind it. */
static bool is_saying(const page *self, uint32_t i, uint32_t end)
{
	uint32_t c = self->text[i];
	return (c == U'说' || c == U'說' || c == U'道') && (i + 1 == end || !utf8_is_han(self->text[i + 1]));
}

/* “…。” | 某公司经理某某说。: who said it stands behind the quotation, in the same paragraph. */
static bool says_who(const struct join *j, const page_line *line)
{
	const page *self = j->page;
	uint32_t z = self->flow[self->flow_count - 1], a = self->flow[j->block->at.begin];
	bool brief = line->width <= 12 && line->end == END_STOP;                 /* 他说。 */
	if ((z != 0x201D && z != 0x300D) || !(brief || (line->column && j->block->lines <= 2 && (a == 0x201C || a == 0x300C))))
		return false;
	const page_line *next = line + 1 < self->lines + self->line_count && !line->clauses && line_is_full(line) ? line + 1 : NULL;
	for (uint32_t i = line->at.begin + 1; i < line->at.end && i < line->at.begin + 30 && !char_is_clause(self->text[i]); i++)
		if (is_saying(self, i, line->at.end))
			return true;
	for (uint32_t i = next ? next->at.begin : 0; next && i < next->at.end && i < next->at.begin + 8 && !char_is_clause(self->text[i]); i++)
		if (is_saying(self, i, next->at.end))
			return true;
	return false;
}

/* Does a line that ends with a stop go on in the same paragraph? Only inside columns. */
static bool goes_on_closed(const struct join *j, const page_line *line)
{
	const page_line *last = j->last;
	if (line->two_pieces || is_heading_run(j->page, (size_t)(line - j->page->lines)))
		return false;
	if (!last->column && j->page->wrapped && last->width >= 40 && line->end == END_OPEN && line->width + 3u >= last->width && line->width <= last->width + 3u && line->gap <= j->usual_gap)
		return true;                                                       /* two equally wide lines below a picture: too few to make a column */
	if (!last->column || j->apart || line->gap > j->usual_gap || !same_column(last, line) || !line->column)
		return false;
	if (line->indent >= 2 && line->indent > last->indent)
		return false;
	if (j->indents_kept)
		return true;
	uint32_t width = printed_width(j), blank = is_latin_line(last) ? 1 : 0;
	if (says_who(j, line) && width + LOST_INDENT + first_piece(j->page, line) > last->column)
		return true;
	if (j->block->lead_in && j->block->lines == 1 && !j->indents_lost && !j->flush_left && !is_latin_line(last))
		width += LOST_INDENT;                                          /* who speaks first in a story: its first line may have lost its indent */
	if (j->indents_lost && line->peers && !line->spaced && (last->spaced || width + 6 > last->column))
		return !lost_indent(line, last->column) && !lost_indent(line, line->column);                                         /* the next line tells better than the last */
	if (!last->spaced && width + blank + first_piece(j->page, line) <= last->column)
		return false;
	if (begins_paragraph(j->page, line))
		return false;
	return last->spaced || line_is_full(last);
}

static bool goes_on(const struct join *j, const page_line *line)
{
	const page_line *last = j->last;
	if (!j->block || line->lead_in || line->date_only || (j->indents_kept && line->indent >= 2))
		return false;
	if (line->cut)
		return true;
	if (may_not_begin(j->page->text[line->at.begin]) && (last->end != END_STOP || line->at.end - line->at.begin <= 2))
		return true;
	if (line->numbered && last->end != END_COMMA)
		return false;
	switch (last->end) {
	case END_COMMA:
		return true;
	case END_OPEN:
	case END_BRACKET:
		return goes_on_open(j, line);
	default:
		return goes_on_closed(j, line);
	}
}

/* The gap that most lines of columns have before them. */
static uint16_t usual_gap(const page *self)
{
	size_t count[3] = {0};
	for (size_t i = 0; i < self->line_count; i++)
		if (self->lines[i].peers)
			count[self->lines[i].gap < 2 ? self->lines[i].gap : 2]++;
	return count[1] > count[0] ? 1 : count[2] > count[0] ? 2 : 0;
}

/* 责任单位：…, 完成时限：…: what a plan says below a measure is no heading. */
static bool is_duty(const page *self, const page_line *line)
{
	static const uint32_t ends[][2] = {{0x5355, 0x4F4D}, {0x90E8, 0x95E8}, {0x55AE, 0x4F4D}, {0x90E8, 0x9580}, {0x65F6, 0x9650}, {0x65F6, 0x95F4}, {0x9886, 0x5BFC}};       /* 单位 部门 时限 时间 领导 */
	const uint32_t *c = self->text;
	uint32_t colon = line->at.begin;
	while (colon < line->at.end && colon < line->at.begin + 10 && c[colon] != ':' && c[colon] != 0xFF1A)
		colon++;
	if (colon + 1 >= line->at.end || colon < line->at.begin + 4 || (c[colon] != ':' && c[colon] != 0xFF1A))
		return false;
	for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
		if (c[colon - 2] == ends[k][0] && c[colon - 1] == ends[k][1])
			return true;
	return false;
}

static bool looks_like_heading(const page *self, const page_block *block)
{
	const page_line *line = &self->lines[block->line];
	uint32_t last = self->flow[block->at.end - 1];
	if (is_duty(self, line))
		return false;
	if (block->lines != 1 || line->numbered || line->date_only || line->width > (line->clauses ? 100 : 200) || line->lead_in)
		return false;
	if (line->end == END_STOP) {
		uint32_t end = block->at.end;
		while (end > block->at.begin + 1 && char_is_closer(self->flow[end - 1]))
			end--;
		last = self->flow[end - 1];                                        /* “…。” is a sentence */
		return line->width <= 60 && line->clauses <= 1 && last != 0x3002 && last != '.' && !is_latin_line(line);
	}
	if (line->end == END_COMMA || line->end == END_HALF)
		return false;
	if (line->end == END_BRACKET && line->clauses && line->column)
		return false;
	return line->clauses <= 1 || line->width <= 40;
}

/* Lines without punctuation that end open: no paragraph ends so. They were headlines as wide as the column. */
static bool are_headings(const page *self, const page_block *block)
{
	if (block->lines < 2 || block->lines > 4 || block->end != END_OPEN || block->numbered || block->lead_in)
		return false;
	size_t seen = 0;
	for (size_t i = block->line; i < self->line_count && seen < block->lines; i++) {
		const page_line *line = &self->lines[i];
		seen += line->kind == LINE_TEXT;
		if (line->kind == LINE_TEXT && (line->clauses || line->end != END_OPEN || is_latin_line(line)))
			return false;
	}
	return true;
}

static void take_apart(page *self, page_block *block)
{
	page_block old = *block;
	size_t left = old.lines;
	self->flow_count = old.at.begin;
	self->block_count--;
	for (size_t i = old.line; i < self->line_count && left; i++) {
		if (self->lines[i].kind != LINE_TEXT)
			continue;
		page_block *head = add_block(self, BLOCK_HEAD, i);
		head->apart = left == old.lines && old.apart;
		append(self, head, &self->lines[i]);
		left--;
	}
}

static void close_block(struct join *j)
{
	if (!j->block)
		return;
	if (are_headings(j->page, j->block)) {
		take_apart(j->page, j->block);
		j->block = NULL;
		return;
	}
	if (looks_like_heading(j->page, j->block))
		j->block->kind = BLOCK_HEAD;
	j->block = NULL;
}

static void take_text(struct join *j, size_t i)
{
	page_line *line = &j->page->lines[i];
	if (goes_on(j, line)) {
		append_joined(j->page, j->block, j->last, line);
	} else {
		close_block(j);
		j->block = add_block(j->page, BLOCK_TEXT, i);
		j->block->lead_in = line->lead_in;
		j->block->numbered = line->numbered;
		j->block->date_only = line->date_only;
		j->block->clauses = line->clauses;
		j->block->apart = j->apart;
		append(j->page, j->block, line);
	}
	j->last = line;
	j->apart = false;
	if (j->block->lines == 1 && (line->end == END_OPEN || line->end == END_BRACKET) && is_heading_run(j->page, i))
		close_block(j);
}

static void take_mark(struct join *j, size_t i)
{
	static const uint8_t kinds[] = {[LINE_BYLINE] = BLOCK_BYLINE, [LINE_NOTE] = BLOCK_NOTE, [LINE_FROM] = BLOCK_FROM, [LINE_ON] = BLOCK_ON, [LINE_CLOSE] = BLOCK_CLOSE};
	const page_line *line = &j->page->lines[i];
	close_block(j);
	page_block *block = add_block(j->page, kinds[line->kind], i);
	block->apart = j->apart;
	append(j->page, block, line);
	j->apart = false;
}

/* A short line that ends with a colon right above a heading is its kicker, not a paragraph. */
static void find_kickers(page *self)
{
	for (size_t i = 0; i + 1 < self->block_count; i++) {
		page_block *block = &self->blocks[i];
		const page_line *line = &self->lines[block->line];
		if (block->kind == BLOCK_TEXT && block->lines == 1 && line->end == END_HALF && !line->clauses && !line->numbered && line->width <= 44 && self->blocks[i + 1].kind == BLOCK_HEAD)
			block->kind = BLOCK_HEAD;
	}
}

void page_join_lines(page *self)
{
	struct join j = {.page = self, .usual_gap = usual_gap(self), .indents_kept = indents_kept(self)};
	j.indents_lost = indents_lost(self, &j.flush_left);
	self->usual_gap = j.usual_gap;
	self->flow = mem_array(self->text_count + self->line_count + 1, sizeof *self->flow);
	for (size_t i = 0; i < self->line_count; i++) {
		switch (self->lines[i].kind) {
		case LINE_TEXT:
			take_text(&j, i);
			break;
		case LINE_DROPPED:
		case LINE_CAPTION:
			j.apart = true;
			break;
		default:
			take_mark(&j, i);
			break;
		}
	}
	close_block(&j);
	find_kickers(self);
}
