/* html_clean.c - see html_clean.h. First what the elements say, then what the line itself says. */
#include "workers/extract/html_clean.h"

#include <stdlib.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "workers/extract/dates.h"
#include "workers/extract/html_phrases.h"

#define TAIL_LINES 8                     /* lines at most among which contacts and promotion may stand */
#define REPEATED_UNITS 150               /* shorter lines may be said twice (refrains, questions, code) */

const char *html_line_kind_name(enum html_line_kind kind)
{
	static const char *const names[LINE_KINDS] = {"kept", "hidden", "noise", "caption", "meta", "title", "links", "credit", "byline", "disclaimer", "promo",
		"repeated"};
	return names[kind];
}

static enum html_line_kind by_place(const html_page *page, uint32_t top, uint32_t number)
{
	const html_line *line = &page->lines[number];
	unsigned hints = html_line_hints(page, number, top);
	if (line->hidden)
		return LINE_HIDDEN;
	if (hints & HINT_NOISE)
		return LINE_NOISE;
	if (hints & HINT_CAPTION)
		return LINE_CAPTION;
	if (hints & HINT_CREDIT)
		return LINE_CREDIT;
	if (hints & HINT_META && line->units < 300 && (line->stops <= 1 || line->units < 120))
		return LINE_META;
	return LINE_KEPT;
}

static bool same_letters(mr_bytes a, mr_bytes b)
{
	buf x = {0}, y = {0};
	html_letters(a, &x);
	html_letters(b, &y);
	bool same = x.len && x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
	buf_free(&x);
	buf_free(&y);
	return same;
}

typedef struct cleaning {
	const html_page *page;
	uint32_t top, first, end;        /* lines of the article's element */
	mr_bytes title;
	uint8_t *kind;
	uint32_t total;                  /* units of the lines that elements let stand */
	uint32_t mean;                   /* units of a line of running text */
	bool centred, bare;              /* much of the text stands centred, or without punctuation: both tell nothing then */
	uint32_t last_lines;             /* the tail is at most the last lines of those let stand */
	uint32_t head_end, tail;         /* lines before head_end come before the running text; from tail on it is over */
} cleaning;

/* Running text: a line that a piece of furniture would not be as long as. */
static bool is_running(const html_line *line)
{
	return line->units >= 90 && line->stops >= 1 && line->link_units * 3 < line->units;
}

static bool is_heading(const html_page *page, const html_line *line)
{
	int tag = page->tree->nodes[line->block].tag;
	if ((tag >= TAG_H1 && tag <= TAG_H6) || line->bold_units * 10 >= line->units * 9)
		return true;
	/* Editors write headings as styled spans. */
	for (uint32_t node = line->node; node && node != page->tree->nodes[line->block].parent; node = page->tree->nodes[node].parent) {
		mr_bytes style = html_attr_get(page->tree, node, ATTR_STYLE), class = html_attr_get(page->tree, node, ATTR_CLASS);
		if ((style.data && (html_contains(style, "font-weight: bold") || html_contains(style, "font-weight:bold"))) ||
		    (class.data && (html_contains(class, "-h2") || html_contains(class, "-h3") || html_contains(class, "bold") || html_contains(class, "strong") ||
				    html_contains(class, "heading") || html_contains(class, "subtitle"))))
			return true;
	}
	return false;
}

static bool is_centred(const html_page *page, uint32_t node, uint32_t top)
{
	for (int n = 0; n < 3 && node && node != top; n++, node = page->tree->nodes[node].parent) {
		mr_bytes align = html_attr_get(page->tree, node, ATTR_ALIGN), style = html_attr_get(page->tree, node, ATTR_STYLE);
		mr_bytes class = html_attr_get(page->tree, node, ATTR_CLASS);
		if (page->tree->nodes[node].tag == TAG_CENTER || (align.data && html_equal(align, mr_bytes_of("center"))) ||
		    (style.data && html_contains(style, "text-align: center")) || (style.data && html_contains(style, "text-align:center")) ||
		    (class.data && html_contains(class, "center")))
			return true;
	}
	return false;
}

/* Mostly Han characters and no kana: Chinese pages rarely give captions an element of their own. */
static bool is_chinese(mr_bytes text, uint32_t units)
{
	uint32_t han = 0;
	for (const char *at = text.data, *end = at + text.len; at < end;) {
		uint32_t c = utf8_next(&at, end);
		if (c >= 0x3041 && c <= 0x30FF)
			return false;
		han += utf8_is_han(c);
	}
	return han * 6 > units;
}

/* A line that belongs to the text below an image as well as anywhere: a heading, the beginning of a list, a date. */
static bool is_text_below_image(const cleaning *self, const html_line *line, mr_bytes text)
{
	static const char *const begins[] = {"一、", "二、", "三、", "四、", "五、", "六、", "七、", "八、", "第", "（", "“", "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL};
	for (const char *const *b = begins; *b; b++)
		if (html_starts_with(text, *b))
			return true;
	mr_bytes last = {text.data + (text.len > 3 ? text.len - 3 : 0), text.len > 3 ? 3 : text.len};
	if (html_contains(last, "：") || html_contains(last, ":") || html_contains(last, "，"))
		return true;
	return is_heading(self->page, line);
}

static bool is_date(mr_bytes text)
{
	date_found found;
	return date_find(text, 0, false, &found) && found.end - found.begin == text.len;
}

/* A short line directly below an image: its caption, when it reads as the image's own description, is no sentence, or stands centred. */
static bool is_caption(const cleaning *self, uint32_t i)
{
	const html_page *page = self->page;
	const html_line *line = &page->lines[i];
	mr_bytes text = html_line_text(page, i);
	if (html_phrase_is_caption(text, line->units))
		return true;
	if (!line->image || line->image < self->top || line->units > 260 || is_date(text))
		return false;
	mr_bytes alt = html_attr_get(page->tree, line->image, ATTR_ALT);
	if (alt.len > 6 && same_letters(alt, text))
		return true;
	if (is_centred(page, line->node, self->top))
		return line->units < self->mean && !self->centred;
	if (self->bare || !is_chinese(text, line->units) || is_text_below_image(self, line, text))
		return false;
	/* No sentence, or one that is short among this article's paragraphs. */
	return (!line->stops && line->units <= 120 && line->units < self->mean) ||
	       (line->stops == 1 && line->units <= 75 && line->units * 4 < self->mean && html_ends_sentence(text));
}

static void by_elements(cleaning *self)
{
	uint32_t running = 0, sum = 0, lines = 0, centred = 0;
	for (uint32_t i = self->first; i < self->end; i++) {
		const html_line *line = &self->page->lines[i];
		self->kind[i] = (uint8_t)by_place(self->page, self->top, i);
		if (self->kind[i] == LINE_KEPT && line->units < 300 && self->title.len && same_letters(html_line_text(self->page, i), self->title))
			self->kind[i] = LINE_TITLE;
		if (self->kind[i] != LINE_KEPT)
			continue;
		self->total += line->units;
		lines++;
		centred += is_centred(self->page, line->node, self->top);
		running += line->stops > 0;
		sum += line->stops > 0 ? line->units : 0;
	}
	self->mean = running ? sum / running : 0;
	self->centred = centred * 2 > lines;
	self->bare = running * 2 < lines;
}

/* Where the running text begins: before its first line of running text, but not before the headline. */
static void find_head(cleaning *self)
{
	uint32_t units = 0, title = self->first;
	for (uint32_t i = self->first; i < self->end && units * 3 < self->total; i++) {
		if (self->kind[i] == LINE_TITLE && same_letters(html_line_text(self->page, i), self->title))
			title = i;
		units += self->kind[i] == LINE_KEPT ? self->page->lines[i].units : 0;
	}
	for (uint32_t i = self->first; i < title; i++)
		if (self->kind[i] == LINE_KEPT)
			self->kind[i] = LINE_NOISE;
	uint32_t at = title;
	for (uint32_t i = self->first; i < self->end && i < title + 3; i++)
		if (self->kind[i] == LINE_KEPT && !self->page->lines[i].stops && html_line_hints(self->page, i, self->top) & HINT_TITLE)
			self->kind[i] = LINE_TITLE;
	while (at < self->end && !(self->kind[at] == LINE_KEPT && is_running(&self->page->lines[at])))
		at++;
	self->head_end = at == self->end ? title + 3 : at;
}

static bool is_link_line(const html_page *page, uint32_t i)
{
	const html_line *line = &page->lines[i];
	return line->link_units * 10 > line->units * 8 && line->units < 400 && !line->stops;
}

/* A box of links in the middle of the text: what is announced are links, and behind them go on paragraphs of the element that holds those before. */
static bool goes_on_behind(const cleaning *self, uint32_t i)
{
	const html_page *page = self->page;
	uint32_t k = i, paragraphs = 0;
	while (k > self->first && !(self->kind[k - 1] == LINE_KEPT && is_running(&page->lines[k - 1])))
		k--;
	if (k == self->first || i + 1 >= self->end || !is_link_line(page, i + 1))
		return false;
	uint32_t parent = page->tree->nodes[page->lines[k - 1].block].parent;
	for (k = i + 1; k < self->end && k < i + 60 && paragraphs < 2; k++)
		paragraphs += self->kind[k] == LINE_KEPT && is_running(&page->lines[k]) && page->tree->nodes[page->lines[k].block].parent == parent;
	return paragraphs >= 2;
}

/* Where the article is over: the first announcement of other things with less than a quarter of the text behind it. */
static void find_tail(cleaning *self)
{
	uint32_t behind = 0;
	self->tail = self->end;
	for (uint32_t i = self->end; i-- > self->first && behind * 4 < self->total;) {
		const html_line *line = &self->page->lines[i];
		if (self->kind[i] == LINE_KEPT)
			behind += line->units;
		if (html_phrase_ends(html_line_text(self->page, i), line->units) && !goes_on_behind(self, i))
			self->tail = i;
	}
	for (uint32_t i = self->tail; i < self->end; i++)
		if (self->kind[i] == LINE_KEPT) {
			self->total -= self->page->lines[i].units;
			self->kind[i] = LINE_NOISE;
		}
}

/* The lines among which contacts and promotion may stand. */
static void find_last_lines(cleaning *self)
{
	int left = TAIL_LINES;
	uint32_t i = self->end;
	while (i > self->first && left > 0)
		left -= self->kind[--i] == LINE_KEPT;
	self->last_lines = i;
}

static enum html_region region_of(const cleaning *self, uint32_t i, uint32_t before)
{
	if (i < self->head_end)
		return REGION_HEAD;
	return i >= self->last_lines && (uint64_t)before * 100 >= (uint64_t)self->total * 80 ? REGION_TAIL : REGION_MIDDLE;
}

/* How many such lines stand together: a list of links to other texts. */
static uint32_t link_run(const cleaning *self, uint32_t i)
{
	uint32_t from = i, to = i;
	while (from > self->first && i - from < 3 && is_link_line(self->page, from - 1))
		from--;
	while (to + 1 < self->end && to - i < 3 && is_link_line(self->page, to + 1))
		to++;
	return to - from + 1;
}

static enum html_line_kind by_text(const cleaning *self, uint32_t i, enum html_region region)
{
	const html_line *line = &self->page->lines[i];
	mr_bytes text = html_line_text(self->page, i);
	enum html_line_kind kind = html_phrase_kind(text, line->units, line->stops, region);
	if (kind != LINE_KEPT)
		return kind;
	if (region == REGION_HEAD && html_phrase_is_dated(text, line->units))
		return LINE_META;
	if (is_caption(self, i))
		return LINE_CAPTION;
	if (is_link_line(self->page, i) && link_run(self, i) >= 3)
		return LINE_LINKS;
	if (is_link_line(self->page, i) && region != REGION_MIDDLE)
		return LINE_LINKS;
	return LINE_KEPT;
}

/* A short heading above a list of links that went is the heading of that list. */
static void drop_link_heads(cleaning *self)
{
	for (uint32_t i = self->first; i + 3 < self->end; i++) {
		const html_line *line = &self->page->lines[i];
		if (self->kind[i] == LINE_KEPT && line->units <= 60 && !line->stops && is_heading(self->page, line) && self->kind[i + 1] == LINE_LINKS && self->kind[i + 2] == LINE_LINKS && self->kind[i + 3] == LINE_LINKS)
			self->kind[i] = LINE_NOISE;
	}
}

/* A page of pictures is its captions: when they would be a third of the text or more, they stay. */
static void keep_picture_story(cleaning *self)
{
	uint32_t captions = 0, kept = 0;
	for (uint32_t i = self->first; i < self->end; i++) {
		captions += self->kind[i] == LINE_CAPTION && !(html_line_hints(self->page, i, self->top) & HINT_CAPTION) ? self->page->lines[i].units : 0;
		kept += self->kind[i] == LINE_KEPT ? self->page->lines[i].units : 0;
	}
	if (captions <= kept / 2)
		return;
	for (uint32_t i = self->first; i < self->end; i++)
		if (self->kind[i] == LINE_CAPTION && !(html_line_hints(self->page, i, self->top) & HINT_CAPTION))
			self->kind[i] = LINE_KEPT;
}

/* The same paragraph a second time (a copy for small screens, a lead that opens the text again). Open addressing by FNV-1a; on a full bucket run the
 * line stays, so the work is bounded. */
static void drop_repeats(cleaning *self)
{
	size_t slots = 64;
	while (slots < 2 * (size_t)(self->end - self->first))
		slots *= 2;
	uint32_t *seen = mem_array(slots, sizeof *seen);         /* line + 1 */
	for (uint32_t i = self->first; i < self->end; i++) {
		mr_bytes text = html_line_text(self->page, i);
		if (self->kind[i] != LINE_KEPT || self->page->lines[i].units < REPEATED_UNITS)
			continue;
		uint64_t hash = 14695981039346656037ULL;
		for (size_t k = 0; k < text.len; k++)
			hash = (hash ^ (unsigned char)text.data[k]) * 1099511628211ULL;
		size_t slot = (hash ^ hash >> 32) & (slots - 1);
		for (int probe = 0; probe < 32 && seen[slot] && self->kind[i] == LINE_KEPT; probe++) {
			if (html_equal(html_line_text(self->page, seen[slot] - 1), text))
				self->kind[i] = LINE_REPEATED;
			slot = (slot + 1) & (slots - 1);
		}
		if (!seen[slot])
			seen[slot] = i + 1;
	}
	free(seen);
}

void html_clean(const html_page *page, uint32_t top, mr_bytes title, uint8_t *kind)
{
	cleaning self = {.page = page, .top = top, .first = page->first_line[top], .end = page->end_line[top], .title = title, .kind = kind};
	by_elements(&self);
	drop_repeats(&self);
	find_head(&self);
	find_tail(&self);
	find_last_lines(&self);
	uint32_t before = 0;
	for (uint32_t i = self.first; i < self.end; i++) {
		if (kind[i] != LINE_KEPT || page->tree->nodes[page->lines[i].block].tag == TAG_PRE)
			continue;
		enum html_region region = region_of(&self, i, before);
		before += page->lines[i].units;
		kind[i] = (uint8_t)by_text(&self, i, region);
	}
	drop_link_heads(&self);
	keep_picture_story(&self);
}
