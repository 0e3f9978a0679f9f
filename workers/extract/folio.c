/* folio.c - the head of a printed page: name of the paper, date, page number, section; the end of the third pass (page.h).
 *
 * These stand on lines of their own or together on one, in any order. A date alone proves nothing (web pages have one, too); it takes the paper's name or the
 * number of the page beside it. */
#include "page.h"

#include <uchar.h>

#include "common/utf8.h"

#define FOLIO_LINES 12                   /* of a page that are looked at for name, date and number on one line */

static void mark(page_line *line, enum line_kind kind, enum line_rule rule)
{
	line->kind = (uint8_t)kind;
	line->rule = (uint8_t)rule;
}

static bool is_page_number(const page *self, span at, const page_line *line)
{
	const uint32_t *c = self->text;
	uint32_t i = at.begin, end = at.end, digits = 0;
	if (end - i > 14 || line->end == END_STOP || line->clauses)
		return false;
	if (line->letters > line->han && end - i > 5 && (c[i] | 32) == 'p' && (c[i + 3] | 32) == 'e' && c[i + 4] == ' ')
		i += 5;                                                            /* Page A4 */
	bool ordinal = c[i] == U'第';
	if (ordinal || (char_is_letter(c[i]) && i + 1 < end && char_is_digit(c[i + 1])))
		i++;
	for (; i < end && (char_is_digit(c[i]) || (ordinal && char_is_number(c[i]))); i++)
		digits++;
	if (!digits || digits > 3)
		return false;
	if (i < end && c[i] == U'版')
		i++;
	return i == end || char_is_blank(c[i]) || c[i] == U'：' || c[i] == ':' || c[i - 1] == U'版';
}

/* Names of papers end so: 报 報 刊 网 網, or 日报 … with a blank inside. */
static bool is_paper_name(const page *self, span at, const page_line *line)
{
	uint32_t last = self->text[at.end - 1];
	return at.end - at.begin >= 3 && at.end - at.begin <= 12 && line->han >= 3 && !line->clauses && (last == 0x62A5 || last == 0x5831 || last == 0x520A || last == 0x7F51 || last == 0x7DB2);
}

/* The Millbrook Ledger: capitalised words, the last one a word by which papers are called. */
static bool is_english_paper(const page *self, const page_line *line)
{
	static const char *const names[] = {"ledger", "times", "news", "post", "herald", "tribune", "gazette", "journal", "chronicle", "courier", "star", "observer", "globe", "press", "record", "sentinel", "examiner",
		"mercury", "argus", "echo", "register", "dispatch", "bulletin", "independent", "telegraph", "guardian", "express", "advertiser", "messenger", "reporter", "weekly", "daily", NULL};
	const uint32_t *c = self->text;
	uint32_t last = line->at.end, words = 0;
	if (line->letters <= line->han || line->clauses || line->digits || line->end == END_STOP || line->width > 40)
		return false;
	for (uint32_t i = line->at.begin; i < line->at.end; i++) {
		if (i > line->at.begin && !char_is_blank(c[i - 1]))
			continue;
		if (c[i] < 'A' || c[i] > 'Z')
			return false;
		words++;
		last = i;
	}
	for (const char *const *name = names; *name && words >= 2 && words <= 5; name++) {
		uint32_t i = 0;
		while ((*name)[i] && last + i < line->at.end && (c[last + i] | 32u) == (unsigned char)(*name)[i])
			i++;
		if (!(*name)[i] && last + i == line->at.end)
			return true;
	}
	return false;
}

/* A piece of a folio line: part of a date, weekday, page number, a short name. */
enum piece { PIECE_OTHER, PIECE_DATE, PIECE_DAY, PIECE_NUMBER, PIECE_PAPER, PIECE_NAME };

static enum piece read_piece(const page *self, span at, const page_line *line)
{
	const uint32_t *c = self->text;
	uint32_t digits = 0, marks = 0, han = 0, classes = 0;
	for (uint32_t i = at.begin; i < at.end; i++) {
		digits += char_is_digit(c[i]);
		marks += c[i] == U'年' || c[i] == U'月' || c[i] == U'日' || c[i] == '-' || c[i] == '.' || c[i] == '/';
		han += utf8_is_han(c[i]) || char_is_letter(c[i]);
	}
	if (digits >= 5 && marks >= 2 && digits + marks == at.end - at.begin)
		return PIECE_DATE;
	if (vocabulary_match(self->words, c + at.begin, c + at.end, &classes) && (classes & WORD_DAY))
		return PIECE_DAY;
	if (is_page_number(self, at, line))
		return PIECE_NUMBER;
	if (is_paper_name(self, at, line))
		return PIECE_PAPER;
	return han == at.end - at.begin && han <= 6 ? PIECE_NAME : PIECE_OTHER;
}

/* `某某晚报 2025年11月4日 星期二 05版`: name, date and number of the page on one line. */
static void mark_folio_line(page *self, size_t index)
{
	page_line *line = &self->lines[index];
	uint32_t end = line->at.end, seen[PIECE_NAME + 1] = {0};
	span paper = {0, 0};
	if (line->clauses || end - line->at.begin > 60)
		return;
	for (uint32_t i = line->at.begin; i < end;) {
		span at = {i, i};
		while (at.end < end && !char_is_blank(self->text[at.end]) && self->text[at.end] != '|' && self->text[at.end] != U'｜')
			at.end++;
		if (at.end > at.begin) {
			enum piece piece = read_piece(self, at, line);
			seen[piece]++;
			if (piece == PIECE_PAPER && paper.end == paper.begin)
				paper = at;
		}
		i = at.end + 1;
	}
	bool dated = seen[PIECE_DATE] == 1 || (!seen[PIECE_DATE] && seen[PIECE_PAPER] == 1 && seen[PIECE_NUMBER] == 1 && index + 1 < self->line_count && line[1].date_only);      /* the date on the next line */
	if (seen[PIECE_OTHER] || !dated || seen[PIECE_NAME] > 3 || !(seen[PIECE_PAPER] || seen[PIECE_NUMBER]))
		return;
	mark(line, LINE_DROPPED, RULE_MASTHEAD);
	if (self->page_date < 0 && seen[PIECE_DATE])
		self->page_date = (int32_t)index;
	if (self->section < 0 && seen[PIECE_NUMBER])
		self->section = (int32_t)index;
	if (self->masthead < 0 && paper.end > paper.begin) {
		self->masthead = (int32_t)index;
		self->masthead_name = paper;
	}
}

/* Where date, staff or page number stand at the head, short lines among them are the paper's name and the name of the section. */
void page_mark_folio(page *self, size_t head)
{
	size_t last = 0;
	bool found = false;
	for (size_t i = 0; i < head; i++) {
		page_line *line = &self->lines[i];
		if (line->kind == LINE_TEXT && i < FOLIO_LINES)
			mark_folio_line(self, i);
		bool dropped = line->kind == LINE_DROPPED && (line->rule == RULE_PAGE_DATE || line->rule == RULE_STAFF || line->rule == RULE_PRESS || line->rule == RULE_MASTHEAD);
		if (line->kind == LINE_TEXT && is_page_number(self, line->at, line)) {
			mark(line, LINE_DROPPED, RULE_MASTHEAD);
			self->section = self->section < 0 ? (int32_t)i : self->section;
			dropped = true;
		}
		if (dropped) {
			last = i;
			found = true;
		}
	}
	for (size_t i = 0; found && i < last; i++) {
		page_line *line = &self->lines[i];
		if (line->kind != LINE_TEXT || line->lead_in)
			continue;
		bool named = i && line[-1].kind == LINE_DROPPED && line[-1].rule == RULE_MASTHEAD && line[-1].han;        /* the paper's name in English below it */
		bool latin = (self->section >= 0 || named) && line->letters > line->han && line->width <= 30;
		if ((is_paper_name(self, line->at, line) || latin || (latin = is_english_paper(self, line))) && self->masthead < 0) {
			self->masthead = (int32_t)i;
			self->masthead_name = line->at;
		}
		else if (line->at.end - line->at.begin > 6 && !latin)
			continue;
		mark(line, LINE_DROPPED, RULE_MASTHEAD);
	}
	/* the name of the section right behind, apart from what follows */
	page_line *behind = found && last + 2 < self->line_count ? &self->lines[last + 1] : NULL;
	if (behind && behind->kind == LINE_TEXT && self->masthead < 0 && behind[1].gap && is_paper_name(self, behind->at, behind)) {
		self->masthead = (int32_t)last + 1;                                /* the paper's name below its date */
		self->masthead_name = behind->at;
		mark(behind, LINE_DROPPED, RULE_MASTHEAD);
	}
	if (behind && behind->kind == LINE_TEXT && self->section >= 0 && !behind->gap && behind[1].gap && behind->width <= (behind->letters > behind->han ? 20 : 12) && behind->end == END_OPEN)
		mark(behind, LINE_DROPPED, RULE_MASTHEAD);
}
