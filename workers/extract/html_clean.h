/* html_clean.h - which lines of the article's element are the article. Pure; any thread. */
#ifndef EXTRACT_HTML_CLEAN_H
#define EXTRACT_HTML_CLEAN_H

#include "workers/extract/html_page.h"

enum html_line_kind {
	LINE_KEPT, LINE_HIDDEN, LINE_NOISE, LINE_CAPTION, LINE_META, LINE_TITLE, LINE_LINKS, LINE_CREDIT, LINE_BYLINE, LINE_DISCLAIMER, LINE_PROMO,
	LINE_REPEATED, LINE_KINDS
};

/* Fills kind[] for the lines of `top` (page->first_line[top] .. page->end_line[top]), indexed by line. `title` may be empty. */
void html_clean(const html_page *page, uint32_t top, mr_bytes title, uint8_t *kind);
/* Word for `explain` and tests. */
const char *html_line_kind_name(enum html_line_kind kind);

#endif
