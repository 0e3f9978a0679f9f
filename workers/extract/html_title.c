/* html_title.c - the headline: the heading of the page that its <title> or OpenGraph title repeats; else such a title without the site's name. */
#include "workers/extract/html_meta.h"

#include <strings.h>

#include "common/utf8.h"

#define MAX_TITLE 400                    /* bytes */

static const char *const separators[] = {" - ", " | ", " – ", " — ", "_", "|", " · ", " » ", " :: ", "-", "—", "–", "｜", "－", " : ", NULL};

/* The part of a page title that is the headline: cut at separators from the end, as long as what stands behind looks like a site's or section's name. */
static mr_bytes cut_site(mr_bytes title, mr_bytes site)
{
	for (int round = 0; round < 4; round++) {
		size_t best = 0, behind = 0;
		for (const char *const *sep = separators; *sep; sep++) {
			size_t n = strlen(*sep);
			for (size_t i = title.len > n ? title.len - n : 0; i > 0; i--)
				if (memcmp(title.data + i, *sep, n) == 0) {
					if (i > best) {
						best = i;
						behind = i + n;
					}
					break;
				}
		}
		if (!best)
			return title;
		mr_bytes tail = html_trim((mr_bytes){title.data + behind, title.len - behind}), head = html_trim((mr_bytes){title.data, best});
		uint32_t head_units = html_measure_of(head).units, tail_units = html_measure_of(tail).units;
		bool named = site.len && (html_equal(tail, site) || memmem(tail.data, tail.len, site.data, site.len));
		/* A hyphen without blanks joins words more often than it parts a site's name from a headline, unless the name is known or Chinese. */
		bool tight = title.data[best] == '-' && (unsigned char)title.data[best - 1] < 0x80 && title.data[best - 1] != ' ';
		if (!named && (tight || tail_units > 30 || tail_units * 2 > head_units || html_measure_of(tail).marks))
			return title;
		if (head_units < 6)
			return title;
		title = head;
	}
	return title;
}

static double likeness(mr_bytes a, mr_bytes b)
{
	buf x = {0}, y = {0};
	double like = 0;
	html_letters(a, &x);
	html_letters(b, &y);
	if (x.len && y.len) {
		const buf *small = x.len < y.len ? &x : &y, *large = x.len < y.len ? &y : &x;
		if (memmem(large->data, large->len, small->data, small->len))
			like = (double)small->len / (double)large->len;
		if (large == &x && like > 0 && like < 1)
			like *= 0.5;                     /* the heading says more than the title: less likely */
	}
	buf_free(&x);
	buf_free(&y);
	return like;
}

/* A heading's claim: how much of a title it is, how important its tag, how near to the text. */
static double heading_score(const html_page *page, const html_markup *markup, uint32_t top, uint32_t line)
{
	const html_line *l = &page->lines[line];
	mr_bytes text = html_line_text(page, line);
	if (text.len > MAX_TITLE || l->units < 4 || (top && line >= page->end_line[top]))
		return 0;
	int tag = page->tree->nodes[l->block].tag;
	bool heading = tag >= TAG_H1 && tag <= TAG_H6, named = html_hints_between(page, l->node, 0) & HINT_TITLE;
	if (!heading && !named)
		return 0;
	double like = 0, one;
	const buf *titles[] = {&markup->headline, &markup->og_title, &markup->page_title};
	for (size_t i = 0; i < 3; i++)
		if (titles[i]->len && (one = likeness(text, buf_bytes(titles[i]))) > like)
			like = one;
	double score = like * 3;
	if (like < 0.25 && (tag != TAG_H1 || markup->page_title.len))
		return 0;
	score += tag == TAG_H1 ? 0.6 : tag == TAG_H2 ? 0.3 : heading ? 0.1 : 0.2;
	score -= l->hidden ? 0.4 : 0;
	return score - (html_hints_between(page, l->node, 0) & HINT_NOISE ? 0.3 : 0);
}

#define OPENING_BYTES 6000

/* The share of the pairs of neighbouring characters of `text` that occur in the article's opening: a headline speaks of its article, a section's name
 * does not. */
static double speaks_of(mr_bytes text, mr_bytes opening)
{
	size_t pairs = 0, hits = 0;
	const char *end = text.data + text.len;
	for (const char *at = text.data; at < end && pairs < 100;) {
		const char *next = at, *behind;
		utf8_next(&next, end);
		if (next >= end)
			break;
		behind = next;
		utf8_next(&behind, end);
		pairs++;
		hits += memmem(opening.data, opening.len, at, (size_t)(behind - at)) != NULL;
		at = next;
	}
	return pairs ? (double)hits / (double)pairs : 0;
}

static mr_bytes opening_of(const html_page *page, uint32_t top)
{
	uint32_t first = page->first_line[top], end = page->end_line[top];
	while (first < end && page->lines[first].units < 120)
		first++;
	if (first >= end)
		return (mr_bytes){0};
	size_t from = page->lines[first].at, to = page->lines[end - 1].at + page->lines[end - 1].len;
	return (mr_bytes){page->text.data + from, to - from < OPENING_BYTES ? to - from : OPENING_BYTES};
}

/* No heading repeats the page's title: a heading directly above the text that speaks of it more than the title does. */
static uint32_t heading_above(const html_page *page, uint32_t top, mr_bytes title)
{
	uint32_t first = page->first_line[top], from = first > 6 ? first - 6 : 0, best = HTML_NO_LINE;
	mr_bytes opening = opening_of(page, top);
	double most = title.len && opening.len ? speaks_of(title, opening) + 0.25 : 0.3;
	for (uint32_t i = from; opening.len && i < first + 3 && i < page->line_count && page->lines[i].units < 200; i++) {
		int tag = page->tree->nodes[page->lines[i].block].tag;
		bool heading = (tag >= TAG_H1 && tag <= TAG_H6) || html_hints_between(page, page->lines[i].node, 0) & HINT_TITLE;
		if (!heading || page->lines[i].hidden || page->lines[i].units < 12 || page->lines[i].link_units)
			continue;
		double speaks = speaks_of(html_line_text(page, i), opening);
		if (speaks > most) {
			most = speaks;
			best = i;
		}
	}
	return best;
}

/* Several <article>s stand side by side, each with a heading of its own: the title of such a page is the site's. */
static uint32_t heading_of_entry(const html_page *page, uint32_t top)
{
	const html_tree *tree = page->tree;
	uint32_t entry = html_ancestor(tree, top, TAG_ARTICLE), others = 0;
	if (!entry)
		return HTML_NO_LINE;
	for (uint32_t i = tree->nodes[entry].parent + 1; i <= tree->nodes[tree->nodes[entry].parent].last && !others; i = tree->nodes[i].last + 1)
		others += i != entry && tree->nodes[i].tag == TAG_ARTICLE;
	for (uint32_t i = page->first_line[entry]; others && i < page->end_line[entry] && page->lines[i].units < 200; i++) {
		int tag = tree->nodes[page->lines[i].block].tag;
		if (tag >= TAG_H1 && tag <= TAG_H3 && !page->lines[i].hidden)
			return i;
	}
	return HTML_NO_LINE;
}

static void title_of_markup(const html_markup *markup, buf *title)
{
	mr_bytes site = buf_bytes(&markup->site_name);
	const buf *titles[] = {&markup->headline, &markup->og_title, &markup->page_title};
	for (size_t i = 0; i < 3 && !title->len; i++) {
		if (!titles[i]->len)
			continue;
		mr_bytes text = html_trim(buf_bytes(titles[i]));
		text = i ? cut_site(text, site) : text;
		buf_add(title, text.data, text.len < MAX_TITLE ? text.len : html_cut_at(text.data, MAX_TITLE));
	}
}

uint32_t html_title_find(const html_page *page, const html_markup *markup, uint32_t top, buf *title)
{
	double best = 0;
	uint32_t best_line = 0;
	for (uint32_t i = 0; i < page->line_count; i++) {
		double score = heading_score(page, markup, top, i);
		if (score > best) {
			best = score;
			best_line = i;
		}
	}
	uint32_t own = best <= 0 && top ? heading_of_entry(page, top) : HTML_NO_LINE;
	if (own != HTML_NO_LINE) {
		best_line = own;
	} else if (best <= 0) {
		title_of_markup(markup, title);
		best_line = top ? heading_above(page, top, buf_bytes(title)) : HTML_NO_LINE;
	}
	if (best_line == HTML_NO_LINE)
		return HTML_NO_LINE;
	mr_bytes text = html_line_text(page, best_line);
	buf_clear(title);
	buf_add(title, text.data, text.len);
	return best_line;
}
