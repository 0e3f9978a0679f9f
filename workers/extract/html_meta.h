/* html_meta.h - the facts of a page around the text: headline, names, times, source. Pure; any thread. */
#ifndef EXTRACT_HTML_META_H
#define EXTRACT_HTML_META_H

#include "workers/extract/html.h"
#include "workers/extract/html_page.h"

/* What meta tags, JSON-LD and microdata say; filled by html_markup_read, freed by html_markup_free. Each value is the first good one. */
typedef struct html_markup {
	buf page_title;                  /* <title> */
	buf og_title, headline;          /* OpenGraph or Twitter; JSON-LD or microdata */
	buf site_name, publisher;
	buf authors;                     /* separated by '\n' */
	buf linked_author;               /* text of the first link rel=author: the last resort */
	buf section, keywords, canonical, description;
	date_value published, updated;
	buf source;                      /* meta name=source and the like */
	buf editor;
} html_markup;

/* html.c: html_tree_parse, bounded by what html_limits allow. */
void html_tree_parse_within(html_tree *tree, mr_bytes page, const html_limits *limits);

void html_markup_read(html_markup *self, const html_tree *tree);
void html_markup_free(html_markup *self);
/* html_jsonld.c: adds what the JSON-LD scripts of the page say. */
void html_jsonld_read(html_markup *self, const html_tree *tree);

#define HTML_NO_LINE UINT32_MAX

/* html_title.c: the headline. `top` is the article's element (0: none). Returns its line; HTML_NO_LINE when it comes from markup. */
uint32_t html_title_find(const html_page *page, const html_markup *markup, uint32_t top, buf *title);

/* html_facts.c: what the lines around and in the article say; `kind` as html_clean fills it. */
void html_facts_find(const html_page *page, const html_markup *markup, uint32_t top, uint32_t title_line, const uint8_t *kind, mr_bytes url, html_result *out);

#endif
