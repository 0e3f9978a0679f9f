/* html.c - see html.h: bytes -> UTF-8 -> tree -> lines -> the article's element -> its lines cleaned -> result. */
#include "workers/extract/html.h"

#include <libxml/parser.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "workers/extract/charset.h"
#include "workers/extract/html_clean.h"
#include "workers/extract/html_meta.h"
#include "workers/extract/html_score.h"
#include "workers/extract/lang.h"

#define MAX_CAPTIONS 4096                /* bytes of all captions together */

void html_preload(void)
{
	xmlInitParser();
	charset_preload();
}

void html_result_free(html_result *self)
{
	buf *all[] = {&self->body, &self->title, &self->authors, &self->editor, &self->source_name, &self->section, &self->keywords, &self->url, &self->captions};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buf_free(all[i]);
	*self = (html_result){0};
}

static void add_line(buf *out, mr_bytes text)
{
	if (out->len)
		buf_add_char(out, '\n');
	buf_add(out, text.data, text.len);
}

static void write_body(const html_page *page, uint32_t top, const uint8_t *kind, html_result *out)
{
	for (uint32_t i = page->first_line[top]; i < page->end_line[top]; i++) {
		mr_bytes text = html_line_text(page, i);
		if (kind[i] == LINE_KEPT) {
			add_line(&out->body, text);
			continue;
		}
		if (kind[i] == LINE_HIDDEN)
			continue;
		out->removed_lines++;
		out->removed_characters += (uint32_t)utf8_count(text);
		if (kind[i] == LINE_CAPTION && out->captions.len + text.len < MAX_CAPTIONS)
			add_line(&out->captions, text);
	}
}

/* Keywords of a meta tag: cut at commas of any kind, else at blanks in Chinese. */
static void split_keywords(mr_bytes text, buf *out)
{
	const char *at = text.data, *end = at + text.len, *from = at;
	while (at <= end) {
		const char *cut = at;
		uint32_t c = at < end ? utf8_next(&at, end) : ',';
		if (cut == end)
			at++;
		if (c != ',' && c != 0xFF0C && c != ';' && c != 0xFF1B && c != 0x3001 && c != '|')
			continue;
		mr_bytes word = html_trim((mr_bytes){from, (size_t)(cut - from)});
		if (word.len && word.len < 100 && out->len < 2000)
			add_line(out, word);
		from = at;
	}
}

static void copy(buf *out, const buf *from)
{
	if (from->len)
		buf_add(out, from->data, from->len);
}

#define LEAST_UNITS 100                  /* without a sentence: what is left of lists and shells */

/* What was kept holds a sentence, or at least some text: a page of links leaves page numbers and dates. */
static bool says_something(const html_page *page, uint32_t top, const uint8_t *kind)
{
	uint32_t units = 0, stops = 0;
	for (uint32_t i = page->first_line[top]; i < page->end_line[top]; i++) {
		units += kind[i] == LINE_KEPT ? page->lines[i].units : 0;
		stops += kind[i] == LINE_KEPT ? page->lines[i].stops : 0;
	}
	return stops || units >= LEAST_UNITS;
}

#define LANGUAGE_CHARACTERS 500          /* tell a language as surely as 20,000 do */

static mr_bytes opening_of(mr_bytes text)
{
	return (mr_bytes){text.data, utf8_prefix(text, LANGUAGE_CHARACTERS)};
}

static void read_page(const html_tree *tree, mr_bytes url, html_result *out)
{
	html_page page;
	html_markup markup;
	html_page_read(&page, tree);
	html_markup_read(&markup, tree);
	uint32_t top = html_score(&page);
	uint8_t *kind = mem_array(page.line_count + 1, 1);
	uint32_t title_line = html_title_find(&page, &markup, top, &out->title);
	if (top)
		html_clean(&page, top, buf_bytes(&out->title), kind);
	if (top && says_something(&page, top, kind))
		write_body(&page, top, kind, out);
	copy(&out->section, &markup.section);
	copy(&out->url, &markup.canonical);
	if (markup.keywords.len)
		split_keywords(buf_bytes(&markup.keywords), &out->keywords);
	lang_guess guess = lang_find(opening_of(buf_bytes(out->body.len ? &out->body : &out->title)), tree->lang);
	memcpy(out->language, guess.language, sizeof out->language);
	out->script = guess.script;
	html_facts_find(&page, &markup, top, title_line, kind, url, out);
	free(kind);
	html_markup_free(&markup);
	html_page_free(&page);
}

/* What a page costs beside its own bytes: a node 24 bytes in the tree and 64 in the arrays of page and scoring, its line and attributes; a byte of text four times
 * while the page is looked at, six times when its body is read as characters. */
#define NODE_BYTES 160
#define TEXT_BYTES 8

void html_tree_parse_within(html_tree *tree, mr_bytes page, const html_limits *limits)
{
	size_t memory = limits->memory ? limits->memory : 64u << 20, nodes = memory / NODE_BYTES;
	html_tree_parse(tree, page, nodes < limits->max_nodes ? (uint32_t)nodes : limits->max_nodes, limits->max_depth, memory / TEXT_BYTES);
}

bool html_is_feed(mr_bytes bytes)
{
	static const char *const roots[] = {"<rss", "<feed", "<rdf:rdf", NULL};
	size_t look = bytes.len < 1024 ? bytes.len : 1024;
	for (size_t i = 0; i < look; i++) {
		if (bytes.data[i] != '<')
			continue;
		for (const char *const *root = roots; *root; root++)
			if (html_starts_with((mr_bytes){bytes.data + i, bytes.len - i}, *root))
				return true;
		if (i + 1 < look && bytes.data[i + 1] != '?' && bytes.data[i + 1] != '!')
			return false;                    /* another root element */
	}
	return false;
}

int html_extract(mr_bytes bytes, mr_bytes charset, mr_bytes url, const html_limits *limits, html_result *out)
{
	if (html_is_feed(bytes))
		return -1;
	buf text = {0};
	charset_decode(bytes, charset, &text, &out->charset);
	html_tree tree;
	html_tree_parse_within(&tree, buf_bytes(&text), limits);
	out->truncated = tree.truncated;
	read_page(&tree, url, out);
	html_tree_free(&tree);
	buf_free(&text);
	return out->body.len ? 0 : -1;
}
