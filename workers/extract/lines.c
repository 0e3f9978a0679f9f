/* lines.c - characters to lines: the first pass of a page (page.h).
 *
 * Broken UTF-8 becomes U+FFFD, control and zero-width characters go, every kind of line end counts. A line keeps its measure (width,
 * end, punctuation, vocabulary), so that later passes decide by looking at numbers.
 *
 * Letter-spacing: text taken out of a PDF shows justified lines with a blank between any two characters, often only from the middle of the line.
 * Three or more blank-separated pieces in a row that hold a single ideograph each (with whatever punctuation sticks to it) are no words of Chinese, which
 * is written without blanks; a blank between two words of a headline has longer pieces on both sides. Pieces of digits or Latin letters inside such
 * a run belong to it (`4 7 台 大 型`). The pieces at either end of the run are joined to it too: the spacing began inside the line. */
#include "page.h"

#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

#define SPACED_RUN 3             /* single-ideograph pieces in a row: two happen in headings (`大 中 小` begins with a longer piece) */

static bool is_line_end(uint32_t c)
{
	return c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* Characters that show nothing: controls, zero-width, soft hyphen, direction marks, byte order mark. */
static bool is_invisible(uint32_t c)
{
	return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
	       (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

/* One blank-separated piece: how many ideographs, and how many letters and digits. */
struct piece {
	uint32_t begin, end, han, other;
};

static bool next_piece(const uint32_t *c, uint32_t *at, uint32_t end, struct piece *p)
{
	while (*at < end && char_is_blank(c[*at]))
		++*at;
	*p = (struct piece){.begin = *at};
	while (*at < end && !char_is_blank(c[*at])) {
		p->han += utf8_is_han(c[*at]);
		p->other += char_is_letter(c[*at]) || char_is_digit(c[*at]);
		++*at;
	}
	p->end = *at;
	return p->end > p->begin;
}

/* A piece that a letter-spaced run may hold: one ideograph, or a short figure, with whatever punctuation sticks to it. */
static bool is_light(const struct piece *p)
{
	return p->han <= 1 && p->other <= (p->han ? 0u : 4u);
}

static void erase_blanks(uint32_t *c, uint32_t begin, uint32_t end)
{
	for (uint32_t i = begin; i < end; i++)
		if (char_is_blank(c[i]))
			c[i] = 0;
}

/* Takes the blanks out of letter-spaced runs, in place; returns the new end of the line. */
static uint32_t unspace(uint32_t *c, uint32_t begin, uint32_t end, bool *spaced)
{
	uint32_t at = begin, before = begin, run = begin, singles = 0;
	struct piece p;
	*spaced = false;
	while (next_piece(c, &at, end, &p)) {
		if (is_light(&p)) {
			singles += p.han;
		} else {
			if (singles >= SPACED_RUN) {
				erase_blanks(c, run, p.begin);
				*spaced = true;
			}
			singles = 0;
			run = p.end;                                       /* the next run joins this piece */
		}
		before = p.end;
	}
	if (singles >= SPACED_RUN) {
		erase_blanks(c, run, before);
		*spaced = true;
	}
	if (!*spaced)
		return end;
	uint32_t out = begin;
	for (uint32_t i = begin; i < end; i++)
		if (c[i])
			c[out++] = c[i];
	return out;
}

static enum line_end find_end(const uint32_t *c, span at, bool latin)
{
	uint32_t i = at.end;
	bool closer = false;
	while (i > at.begin && (char_is_closer(c[i - 1]) || char_is_blank(c[i - 1]))) {
		closer = true;
		i--;
	}
	if (i == at.begin)
		return closer ? END_BRACKET : END_OPEN;
	uint32_t last = c[i - 1];
	if (char_is_stop(last) || (last == '.' && (latin || (i - at.begin > 1 && char_is_letter(c[i - 2])))))
		return END_STOP;
	if (closer && !(latin && last == ','))                                 /* `when to use it," said …` */
		return END_BRACKET;
	if (last == 0xFF0C || last == ',' || last == 0x3001 || char_is_opener(last) || (last == '-' && latin))
		return END_COMMA;
	if (last == 0xFF1B || last == ';' || last == 0xFF1A || last == ':')
		return END_HALF;
	return END_OPEN;
}

static uint16_t clip16(uint32_t v)
{
	return (uint16_t)(v < 60000 ? v : 60000);
}

#define VOCABULARY_SPAN 160      /* characters of a line that are looked up: longer lines are text */

static void look_up(const page *self, page_line *line)
{
	const uint32_t *c = self->text + line->at.begin, *end = self->text + line->at.end, *at = c;
	bool first = true;
	uint32_t covered = 0;
	if (end - c > VOCABULARY_SPAN)
		return;
	while (at < end) {
		uint32_t classes;
		size_t n = vocabulary_match(self->words, at, end, &classes);
		if (!n) {
			first = first && !char_is_word(*at);               /* ▲ 【 ● may stand before the first word */
			at++;
			continue;
		}
		line->words |= classes;
		if (first)
			line->first_words = classes;
		first = false;
		covered += (uint32_t)n;
		at += n;
	}
	line->covered = clip16(covered);
}

/* 1: opens, -1: closes a bracket of remarks. */
static int is_bracket(uint32_t c)
{
	switch (c) {
	case '(': case 0xFF08: case 0x3010: case 0x3014:                       /* （ 【 〔 */
		return 1;
	case ')': case 0xFF09: case 0x3011: case 0x3015:
		return -1;
	default:
		return 0;
	}
}

static void measure(page *self, page_line *line)
{
	int32_t quotes = 0, brackets = 0;
	uint32_t piece = 0, pieces = 0;
	uint32_t width = 0, marks = 0, han = 0, letters = 0, digits = 0, clauses = 0;
	for (uint32_t i = line->at.begin; i < line->at.end; i++) {
		uint32_t c = self->text[i];
		width += char_is_wide(c) ? 2 : 1;
		marks += char_is_wide(c) && (char_is_clause(c) || char_is_opener(c) || char_is_closer(c));
		pieces += utf8_is_han(c) && ++piece == 4;
		piece = char_is_blank(c) ? 0 : piece;
		quotes += char_is_wide(c) ? char_is_opener(c) - char_is_closer(c) : 0;
		quotes = quotes < 0 ? 0 : quotes;
		brackets += is_bracket(c);
		brackets = brackets < 0 ? 0 : brackets;
		if (utf8_is_han(c))
			han++;
		else if (char_is_digit(c))
			digits++;
		else if (char_is_letter(c))
			letters++;
		else if (i + 1 < line->at.end && c == '.')
			clauses += char_is_blank(self->text[i + 1]) && letters > han;
		else if (i + 1 < line->at.end)
			clauses += char_is_clause(c) && c != 0x3001 && c != 0xFF1A;    /* lists and labels have those */
	}
	line->width = clip16(width);
	line->tight = clip16(width - marks);
	line->quoting = quotes > 0;
	line->opens = brackets > 0;
	line->two_pieces = pieces > 1 && !clauses && !line->spaced;
	line->han = clip16(han);
	line->letters = clip16(letters);
	line->digits = clip16(digits);
	line->clauses = (uint8_t)(clauses < 255 ? clauses : 255);
	line->end = (uint8_t)find_end(self->text, line->at, letters > han);
	enum number_kind kind;
	uint32_t value;
	line->numbered = number_prefix(self->text, line->at, &kind, &value) > 0;
	look_up(self, line);
}

static page_line *add_line(page *self, uint32_t begin, uint32_t end, uint32_t gap)
{
	uint32_t indent = 0;
	while (begin < end && char_is_blank(self->text[begin])) {
		indent += char_is_wide(self->text[begin]) ? 2 : self->text[begin] == '\t' ? 4 : 1;
		begin++;
	}
	while (end > begin && char_is_blank(self->text[end - 1]))
		end--;
	if (self->line_count == self->line_room) {
		self->line_room = self->line_room ? self->line_room * 2 : 256;
		self->lines = mem_grow(self->lines, self->line_room, sizeof *self->lines);
	}
	page_line *line = &self->lines[self->line_count++];
	bool spaced;
	*line = (page_line){.gap = clip16(gap), .indent = (uint8_t)(indent < 255 ? indent : 255)};
	line->at = (span){begin, unspace(self->text, begin, end, &spaced)};
	line->spaced = spaced;
	return line;
}

#define CUT_SPAN 40              /* characters of a closing remark in brackets */
#define CREDIT_SPAN 24           /* of the credit of a picture */

/* Where `记者某某 摄` begins behind the last stop of a line; `end` when it does not end so. */
static uint32_t credit_begin(const uint32_t *c, uint32_t from, uint32_t end)
{
	uint32_t i = end, z = end > from ? c[end - 1] : 0;
	if (z != 0x6444 && z != 0x651D && z != 0x5F71 && z != 0x56FE && z != 0x5716 && z != 0x4F9B)      /* 摄 攝 影 图 圖 供 */
		return end;
	while (i > from && end - i < CREDIT_SPAN && !char_is_stop(c[i - 1]) && !char_is_clause(c[i - 1]))
		i--;
	uint32_t stop = i;
	while (i < end && (char_is_closer(c[i]) || char_is_blank(c[i])))
		i++;
	return stop > from + 1 && char_is_stop(c[stop - 1]) && end - i >= 3 ? i : end;
}

/* A remark in brackets behind the last stop of a line, （记者 某某）, （下转03版）, is looked at alone: a line of its own until a later pass
 * puts it back. Likewise a （上接01版） before the first sentence. */
static void add_lines(page *self, uint32_t begin, uint32_t end, uint32_t gap)
{
	page_line *line = add_line(self, begin, end, gap);
	const uint32_t *c = self->text;
	uint32_t last = line->at.end, open = last, from = line->at.begin;
	if (last - from > 2 && (c[last - 1] == ')' || c[last - 1] == 0xFF09)) {
		while (open > from && last - open < CUT_SPAN && c[open - 1] != '(' && c[open - 1] != 0xFF08)
			open--;
		uint32_t stop = open ? open - 1 : 0;
		while (stop > from && char_is_blank(c[stop - 1]))
			stop--;
		bool opened = open > from + 1 && (c[open - 1] == '(' || c[open - 1] == 0xFF08);
		if (opened && stop > from && (char_is_stop(c[stop - 1]) || (stop > from + 1 && char_is_closer(c[stop - 1]) && char_is_stop(c[stop - 2])))) {
			line->at.end = stop;
			measure(self, line);
			line = add_line(self, open - 1, last, 0);
			line->cut = 1;
		}
	}
	uint32_t credit = line->cut ? last : credit_begin(c, from, last);
	if (credit < last) {
		line->at.end = credit;
		while (char_is_blank(c[line->at.end - 1]))
			line->at.end--;
		measure(self, line);
		line = add_line(self, credit, last, 0);
		line->cut = 1;
	}
	measure(self, line);
}

void page_read_lines(page *self, mr_bytes text)
{
	const char *at = text.data, *end = text.data + text.len;
	uint32_t begin = 0, n = 0, gap = 0;
	bool blank = true;
	self->text = mem_array(text.len + 1, sizeof *self->text);
	while (at < end) {
		uint32_t c = (unsigned char)*at < 0x80 ? (uint32_t)(unsigned char)*at++ : utf8_next(&at, end);
		if (is_line_end(c)) {
			if (c == '\r' && at < end && *at == '\n')
				at++;
			if (blank) {
				gap++;
				n = begin;
			} else {
				add_lines(self, begin, n, gap);
				gap = 0;
			}
			begin = n;
			blank = true;
			continue;
		}
		if (is_invisible(c))
			continue;
		blank = blank && char_is_blank(c);
		self->text[n++] = c;
	}
	if (!blank)
		add_lines(self, begin, n, gap);
	self->text_count = n;
}
