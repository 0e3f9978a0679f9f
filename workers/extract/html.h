/* html.h - a web page in, the article on it out: text, headline, byline, time, source.
 *
 * Pure function of its arguments; any thread; no file, no network. html_preload must have been called once in the process (before the
 * cage closes: it starts libxml2 and opens the charset conversions). */
#ifndef EXTRACT_HTML_H
#define EXTRACT_HTML_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/extract/dates.h"

typedef struct html_limits {
	uint32_t max_nodes;              /* extract.max_nodes */
	uint16_t max_depth;              /* extract.max_depth */
	size_t memory;                   /* extract.memory_bytes; 0: 64 MB */
} html_limits;

/* Owned by the caller, html_result_free lets go; all texts are UTF-8, white space collapsed; empty: not found. */
typedef struct html_result {
	buf body;                        /* paragraphs separated by '\n' */
	buf title;                       /* without the site's name */
	buf authors;                     /* names separated by '\n', in order */
	buf editor;
	buf source_name;
	buf section;
	buf keywords;                    /* separated by '\n' */
	buf url;                         /* canonical link */
	buf captions;                    /* separated by '\n' */
	date_value published;            /* precision DATE_NONE: not found */
	const char *published_from;      /* "markup" or "page"; NULL: not found */
	date_value updated;
	char language[4];                /* "zh", "en", ...; "": unknown */
	const char *script;              /* "Hans", "Hant", "Latn"; NULL: unknown */
	const char *charset;             /* that the bytes were read in */
	uint32_t removed_lines, removed_characters;     /* of the article's element */
	bool truncated;                  /* a limit of nodes or bytes was reached: the rest of the page was not read */
} html_result;

void html_preload(void);

/* `charset`: label from the content-type header, may be absent; "UTF-8" = decoded already (a meta charset is then ignored). `url` may be absent.
 * `out` must be zeroed. 0; -1 when no text of an article was found (out->body is empty then; other fields may be set). */
int html_extract(mr_bytes bytes, mr_bytes charset, mr_bytes url, const html_limits *limits, html_result *out);
/* RSS or Atom: several articles, none of them whole. html_extract finds no text in such a page. */
bool html_is_feed(mr_bytes bytes);
void html_result_free(html_result *self);

#endif
