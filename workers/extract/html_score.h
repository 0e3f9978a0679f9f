/* html_score.h - where on a page the article stands. Pure; any thread. */
#ifndef EXTRACT_HTML_SCORE_H
#define EXTRACT_HTML_SCORE_H

#include "workers/extract/html_page.h"

/* The element that holds the article's text; 0: the page has none. Hints that the text contradicts (a "share-article" around the whole text, a body
 * that scripts would have shown) are mended in page->hints and page->lines. */
uint32_t html_score(html_page *page);

/* What a line is worth as running text: its units without links; 0 or less: furniture. */
double html_line_value(const html_page *page, uint32_t line);

#endif
