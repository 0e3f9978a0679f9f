/* html_clean.c - see html_clean.h. First what the elements say, then what the line itself says. */
#include "workers/extract/html_clean.h"

#include "common/mem.h"

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

static enum html_line_kind by_text(const html_page *page, const html_line *line, mr_bytes text, mr_bytes title)
{
	(void)page;
	if (line->units < 300 && title.len && same_letters(text, title))
		return LINE_TITLE;
	if (line->link_units * 10 > line->units * 8 && line->units < 400 && !line->stops)
		return LINE_LINKS;
	return LINE_KEPT;
}

void html_clean(const html_page *page, uint32_t top, mr_bytes title, uint8_t *kind)
{
	for (uint32_t i = page->first_line[top]; i < page->end_line[top]; i++) {
		kind[i] = (uint8_t)by_place(page, top, i);
		if (kind[i] == LINE_KEPT)
			kind[i] = (uint8_t)by_text(page, &page->lines[i], html_line_text(page, i), title);
	}
}
