/* html_score.h - where on a page the article stands. Pure; any thread. */
#ifndef EXTRACT_HTML_SCORE_H
#define EXTRACT_HTML_SCORE_H

#include "workers/extract/html_page.h"

/* The element that holds the article's text; 0: the page has none. Hints that the text contradicts (a "share-article" around the whole text, a body
 * that scripts would have shown) are mended in page->hints and page->lines. */
uint32_t html_score(html_page *page);

/* A candidate as `millrace explain` shows it. */
typedef struct html_candidate {
	uint32_t node;
	double score;                    /* by its lines and its names */
	double clean;                    /* worth of the running text below it */
} html_candidate;

#define HTML_CANDIDATES 6

/* The same, and the best elements before the winner grew, best first; their number in `count` (at most HTML_CANDIDATES). */
uint32_t html_score_ranked(html_page *page, html_candidate *best, size_t *count);

/* What a line is worth as running text: its units without links; 0 or less: furniture. */
double html_line_value(const html_page *page, uint32_t line);

#endif
