/* links.c - lists of links to other pages, with and without a heading, and what stands behind a pay line: a step of furniture.c (page.h). */
#include "page.h"

#include <uchar.h>

static void mark(page_line *line, enum line_kind kind, enum line_rule rule)
{
	line->kind = (uint8_t)kind;
	line->rule = (uint8_t)rule;
}

/* A date, or a line behind a bullet. */
static bool is_link(const page *self, const page_line *line)
{
	uint32_t a = self->text[line->at.begin];
	return line->date_only || a == 0xB7 || a == 0x2022 || a == 0x25CF || a == 0x25AA || a == 0x30FB || a == '*' || a == '>';
}

/* 相关新闻 and what stands under it, up to the next prose; the heading right above that prose stays. */
static void drop_related(page *self, size_t tail)
{
	for (size_t i = 0; i < self->line_count; i++) {
		page_line *line = &self->lines[i];
		if (line->kind != LINE_DROPPED || line->rule != RULE_WIDGET || !(line->first_words & WORD_RELATED) || (i < tail && !line_is_covered(line, WORD_RELATED, 60)))
			continue;
		mark(line, LINE_DROPPED, RULE_RELATED);
		size_t stop = i + 1;
		while (stop < self->line_count && !(self->lines[stop].kind == LINE_TEXT && (line_is_body(self, &self->lines[stop]) || self->lines[stop].lead_in)))
			stop++;
		size_t keep = stop;
		if (stop < self->line_count)
			while (keep > i + 1 && stop - keep < 3 && self->lines[keep - 1].kind == LINE_TEXT && !is_link(self, &self->lines[keep - 1]) && (keep == stop || !self->lines[keep].gap))
				keep--;
		for (size_t k = i + 1; k < keep; k++)
			if (self->lines[k].kind == LINE_TEXT)
				mark(&self->lines[k], LINE_DROPPED, RULE_RELATED);
		i = keep - 1;
	}
}

#define NOTICE_LINES 60

/* 遗失声明, 招租公告 alone on a line of a printed page, and what stands under it: paid announcements, up to the headline of the next news. */
static void drop_notices(page *self)
{
	if (!self->wrapped && self->masthead < 0 && self->section < 0)
		return;
	for (size_t i = 0; i < self->line_count; i++) {
		const page_line *head = &self->lines[i];
		if (head->kind != LINE_TEXT || !(head->first_words & WORD_NOTICE) || !line_is_covered(head, WORD_NOTICE, 100) || head->clauses)
			continue;
		size_t stop = i + 1;
		while (stop < self->line_count && stop - i <= NOTICE_LINES && !self->lines[stop].lead_in && (self->lines[stop].kind == LINE_TEXT || self->lines[stop].kind == LINE_DROPPED))
			stop++;
		size_t keep = stop;
		if (stop < self->line_count)
			while (keep > i + 1 && stop - keep < 3 && self->lines[keep - 1].kind == LINE_TEXT && !self->lines[keep - 1].clauses && self->lines[keep - 1].end == END_OPEN && !self->lines[keep - 1].date_only &&
			       (keep == stop || !self->lines[keep].gap))
				keep--;
		for (size_t k = i; k < keep; k++)
			if (self->lines[k].kind == LINE_TEXT)
				mark(&self->lines[k], LINE_DROPPED, RULE_NOTICE);
		i = keep - 1;
	}
}

static bool is_attachment(const page *self, const page_line *line)
{
	uint32_t a = self->text[line->at.begin], b = line->at.begin + 1 < line->at.end ? self->text[line->at.begin + 1] : 0;
	return a == 0x9644 && (b == 0x4EF6 || b == 0x8868 || b == 0x5F55);     /* 附件 附表 附录 */
}

static bool is_link_title(const page_line *line)
{
	return line->kind == LINE_TEXT && !line->date_only && !line->clauses;
}

static bool is_office_end(uint32_t c)
{
	for (const char32_t *end = U"局厅廳府委會会院校部办辦室司处處站社行团團组組"; *end; end++)
		if (c == *end)
			return true;
	return false;
}

/* 某县教育局: the line ends as names of bodies do. */
static bool is_signer(const page *self, const page_line *line)
{
	return line->at.end - line->at.begin <= 40 && is_office_end(self->text[line->at.end - 1]);
}

/* Titles with dates of their own behind the last prose: a list of links without a heading. Attachments and the signature before it stay. */
static void drop_link_list(page *self, size_t tail)
{
	size_t i = tail, dates = 0, lines = 0, numbered = 0;
	bool attached = false;
	for (; i < self->line_count; i++) {
		const page_line *line = &self->lines[i];
		if (line->kind != LINE_TEXT)
			break;
		if (is_attachment(self, line))
			attached = true;
		else if (!(attached && line->numbered) && !(line->clauses && line->end != END_OPEN) && !(line->end == END_STOP && line->width >= 20 && !line->date_only) && !(line->clauses > 1 && !line->gap))
			break;
	}
	size_t signers = 0;
	while (signers < 4 && i + signers < self->line_count && (!signers || is_signer(self, &self->lines[i + signers - 1])) && is_link_title(&self->lines[i + signers]))
		signers++;
	if (signers && i + signers < self->line_count && self->lines[i + signers].date_only)
		i += signers + 1;                                                  /* signature */
	for (size_t k = i; k < self->line_count; k++) {
		dates += self->lines[k].date_only;
		numbered += self->lines[k].numbered && self->lines[k].kind == LINE_TEXT;
		lines += self->lines[k].kind == LINE_TEXT;
	}
	if (numbered * 3 >= lines)
		return;                                                            /* references */
	if (dates < 2 || dates * 4 < lines)
		for (size_t k = i; k < self->line_count; k++) {
			if (self->lines[k].date_only && self->lines[k].kind == LINE_TEXT && k > i && !(is_signer(self, &self->lines[k - 1]) && self->lines[k - 1].kind == LINE_TEXT))
				mark(&self->lines[k], LINE_DROPPED, RULE_LINK_LIST);
		}
	else
		for (size_t k = i; k < self->line_count; k++)
			if (self->lines[k].kind == LINE_TEXT)
				mark(&self->lines[k], LINE_DROPPED, RULE_LINK_LIST);
}

static void drop_after_pay(page *self)
{
	bool paid = false;
	for (size_t i = 0; i < self->line_count; i++) {
		page_line *line = &self->lines[i];
		if (line->kind == LINE_DROPPED && line->rule == RULE_PAY)
			paid = true;
		else if (paid && line->kind == LINE_TEXT)
			mark(line, LINE_DROPPED, RULE_AFTER_PAY);
	}
}

void page_drop_links(page *self, size_t tail)
{
	drop_related(self, tail);
	drop_notices(self);
	drop_after_pay(self);
	drop_link_list(self, tail);
}
