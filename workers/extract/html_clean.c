/* html_clean.c - see html_clean.h. First what the elements say, then what the line itself says. */
#include "workers/extract/html_clean.h"

#include "workers/extract/html_phrases.h"

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
	if (hints & HINT_META && line->units < 300)
		return LINE_META;
	if (hints & HINT_TITLE && line->units < 200 && !(hints & HINT_BODY))
		return LINE_TITLE;
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
	return (tag >= TAG_H1 && tag <= TAG_H6) || line->bold_units * 10 >= line->units * 9;
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

/* A short line directly below an image: its caption, when it reads as the image's own description, is no sentence, or stands centred. */
static bool is_caption(const cleaning *self, uint32_t i)
{
	const html_page *page = self->page;
	const html_line *line = &page->lines[i];
	mr_bytes text = html_line_text(page, i);
	if (html_phrase_is_caption(text, line->units))
		return true;
	if (!line->image || line->image < self->top || line->units > 260)
		return false;
	mr_bytes alt = html_attr_get(page->tree, line->image, ATTR_ALT);
	if (alt.len > 6 && same_letters(alt, text))
		return true;
	bool centred = is_centred(page, line->node, self->top);
	if (is_heading(page, line) && !centred)
		return false;
	if (centred || (!line->stops && line->units <= 120))
		return true;
	/* One short sentence below the picture, in Chinese, where captions rarely have an element of their own. */
	return line->stops == 1 && line->units <= 66 && line->units * 2 >= line->len && html_ends_sentence(text);
}

static void by_elements(cleaning *self)
{
	for (uint32_t i = self->first; i < self->end; i++) {
		const html_line *line = &self->page->lines[i];
		self->kind[i] = (uint8_t)by_place(self->page, self->top, i);
		if (self->kind[i] == LINE_KEPT && line->units < 300 && self->title.len && same_letters(html_line_text(self->page, i), self->title))
			self->kind[i] = LINE_TITLE;
		if (self->kind[i] == LINE_KEPT)
			self->total += line->units;
	}
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
	while (at < self->end && !(self->kind[at] == LINE_KEPT && is_running(&self->page->lines[at])))
		at++;
	self->head_end = at == self->end ? title + 3 : at;
}

/* Where the article is over: the first announcement of other things with less than a third of the text behind it; else where the last seventh begins. */
static void find_tail(cleaning *self)
{
	uint32_t behind = 0;
	self->tail = self->end;
	for (uint32_t i = self->end; i-- > self->first && behind * 3 < self->total;) {
		const html_line *line = &self->page->lines[i];
		if (self->kind[i] == LINE_KEPT)
			behind += line->units;
		if (html_phrase_ends(html_line_text(self->page, i), line->units))
			self->tail = i;
	}
	for (uint32_t i = self->tail; i < self->end; i++)
		if (self->kind[i] == LINE_KEPT) {
			self->total -= self->page->lines[i].units;
			self->kind[i] = LINE_NOISE;
		}
}

static enum html_region region_of(const cleaning *self, uint32_t i, uint32_t before)
{
	if (i < self->head_end)
		return REGION_HEAD;
	return (uint64_t)before * 100 >= (uint64_t)self->total * 80 ? REGION_TAIL : REGION_MIDDLE;
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
	if (line->link_units * 10 > line->units * 8 && line->units < 400 && !line->stops)
		return LINE_LINKS;
	return LINE_KEPT;
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

void html_clean(const html_page *page, uint32_t top, mr_bytes title, uint8_t *kind)
{
	cleaning self = {.page = page, .top = top, .first = page->first_line[top], .end = page->end_line[top], .title = title, .kind = kind};
	by_elements(&self);
	find_head(&self);
	find_tail(&self);
	uint32_t before = 0;
	for (uint32_t i = self.first; i < self.end; i++) {
		if (kind[i] != LINE_KEPT)
			continue;
		enum html_region region = region_of(&self, i, before);
		before += page->lines[i].units;
		kind[i] = (uint8_t)by_text(&self, i, region);
	}
	keep_picture_story(&self);
}
