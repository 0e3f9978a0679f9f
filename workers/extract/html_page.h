/* html_page.h - a tree read as lines of text, with what class names, roles and tags say about each element.
 *
 * A line is what a browser would begin a new line for (a block element, <br>). Lines stand in document order; each knows its block element and how
 * much of it is links. Owns its arrays; borrows the tree. Immutable after html_page_read, except for `hints`, which html_score.c mends where a hint
 * contradicts the text. */
#ifndef EXTRACT_HTML_PAGE_H
#define EXTRACT_HTML_PAGE_H

#include "workers/extract/html_text.h"
#include "workers/extract/html_tree.h"

enum html_hint {
	HINT_HIDDEN = 1,                 /* not displayed */
	HINT_NOISE = 2,                  /* navigation, related links, sharing, comments, advertising */
	HINT_COMMENT = 4,                /* readers' comments (is HINT_NOISE, too) */
	HINT_BODY = 8,                   /* says it holds the article's text */
	HINT_CAPTION = 16,
	HINT_META = 32,                  /* byline, date, source, tools around the headline */
	HINT_TITLE = 64,
	HINT_ARTICLE = 128,              /* holds an article, perhaps more than its text */
	HINT_CREDIT = 256,               /* picture credits, copyright */
	HINT_STRONG = 512,               /* with HINT_NOISE: the tag itself says so (nav, footer, form, button) */
};

typedef struct html_line {
	uint32_t block;                  /* block element */
	uint32_t node, last_node;        /* first and last text node */
	uint32_t image;                  /* image that stands directly before it or in it; 0: none */
	uint32_t at, len;                /* bytes in the page's text */
	uint32_t units, link_units, bold_units;
	uint16_t marks, stops;
	bool hidden;                     /* stands in something not displayed */
} html_line;

typedef struct html_page {
	const html_tree *tree;
	uint16_t *hints;                 /* one a node */
	uint32_t *blocks;                /* nearest block element of a node */
	uint32_t *first_line;            /* lines of a node and its descendants: [first_line, end_line) */
	uint32_t *end_line;
	html_line *lines;
	uint32_t line_count, line_cap;
	buf text;
} html_page;

void html_page_read(html_page *self, const html_tree *tree);
void html_page_free(html_page *self);
mr_bytes html_line_text(const html_page *self, uint32_t line);
/* Hints of a line below `top`: of the elements around it that hold no part of another line only (an inline element counts when it holds all of the line). */
unsigned html_line_hints(const html_page *self, uint32_t line, uint32_t top);
/* Hints that stand on the way from `node` up to, not including, `top`. */
unsigned html_hints_between(const html_page *self, uint32_t node, uint32_t top);

/* html_hints.c: what class, id, role, itemprop and the tag of an element say. */
unsigned html_hints_of(const html_tree *tree, uint32_t node);

#endif
