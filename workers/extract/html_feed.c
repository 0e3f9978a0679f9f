/* html_feed.c - see html_feed.h.
 *
 * Bounds, and where they come from: libxml2 2.9.14 looks through its whole stack of open elements for every end tag and through all attributes of
 * a tag for every new one; both are quadratic without the limits below. */
#include "workers/extract/html_feed.h"

#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <strings.h>

#include "common/mem.h"

#define PIECE_BYTES 4096                 /* fed at once; the depth is looked at between pieces */
#define PARSER_DEPTH 256                 /* open elements at which a new parser takes over */
#define TAG_BYTES 4096                   /* of a tag outside of quotes */
#define SCRIPT_BYTES (512u << 10)        /* a longer script is not looked at for facts */

typedef struct feed {
	html_tree *tree;
	htmlParserCtxtPtr parser;
	uint32_t current;                /* open node of the tree */
	uint32_t *open;                  /* current node before each open element of this parser */
	size_t open_count, open_cap;
	int implied;                     /* start events of our own html and body still to come */
	unsigned unclosed;               /* kinds of raw text whose end was looked for in vain: bit of its place in the table */
} feed;

/* ---- events ---- */

static void on_start(void *arg, const xmlChar *name, const xmlChar **attributes)
{
	feed *self = arg;
	if (self->open_count == self->open_cap) {
		self->open_cap = self->open_cap ? self->open_cap * 2 : 256;
		self->open = mem_grow(self->open, self->open_cap, sizeof *self->open);
	}
	self->open[self->open_count++] = self->current;
	if (self->implied > 0) {
		self->implied--;
		return;
	}
	html_tree_open(self->tree, &self->current, (const char *)name, (const char **)attributes);
}

static void on_end(void *arg, const xmlChar *name)
{
	feed *self = arg;
	(void)name;
	if (self->open_count)
		self->current = self->open[--self->open_count];
}

static void on_text(void *arg, const xmlChar *text, int len)
{
	feed *self = arg;
	html_tree_text(self->tree, self->current, (const char *)text, (size_t)len);
}

static void on_message(void *arg, const char *format, ...)
{
	(void)arg;
	(void)format;
}

/* ---- the parser ---- */

static void parser_start(feed *self)
{
	static const char prologue[] = "<html><body>";
	htmlSAXHandler sax = {.startElement = on_start, .endElement = on_end, .characters = on_text, .ignorableWhitespace = on_text, .cdataBlock = on_text,
		.warning = on_message, .error = on_message, .fatalError = on_message};
	self->parser = htmlCreatePushParserCtxt(&sax, self, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (!self->parser)
		abort();                                 /* out of memory: as common/mem.h */
	htmlCtxtUseOptions(self->parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
	self->open_count = 0;
	self->implied = 2;
	htmlParseChunk(self->parser, prologue, sizeof prologue - 1, 0);
}

static void parser_end(feed *self)
{
	htmlParseChunk(self->parser, "", 0, 1);
	if (self->parser->myDoc)
		xmlFreeDoc(self->parser->myDoc);
	htmlFreeParserCtxt(self->parser);
	self->parser = NULL;
}

/* What the old parser had not read yet goes to the new one. The place in the tree becomes the nearest ancestor in the upper half, so that text
 * behind a pile of elements left open is not all squeezed into the deepest. */
static void parser_renew(feed *self)
{
	xmlParserInputPtr input = self->parser->input;
	buf rest = {0};
	buf_add(&rest, input->cur, (size_t)(input->end - input->cur));
	uint32_t at = self->current;
	while (self->tree->nodes[at].depth > self->tree->max_depth / 2)
		at = self->tree->nodes[at].parent;
	input->cur = input->end;
	parser_end(self);
	self->current = at;
	parser_start(self);
	if (rest.len)
		htmlParseChunk(self->parser, rest.data, (int)rest.len, 0);
	buf_free(&rest);
}

static void push(feed *self, const char *from, const char *to)
{
	while (from < to && !self->tree->truncated) {
		size_t n = (size_t)(to - from) < PIECE_BYTES ? (size_t)(to - from) : PIECE_BYTES;
		htmlParseChunk(self->parser, from, (int)n, 0);
		from += n;
		if (self->parser->nameNr > PARSER_DEPTH)
			parser_renew(self);
	}
}

/* ---- the page ---- */

static bool tag_is(const char *at, const char *end, const char *name)
{
	if ((*at | 32) != (*name | 32))                  /* most tags are none of those asked for */
		return false;
	size_t n = strlen(name);
	if ((size_t)(end - at) <= n || strncasecmp(at, name, n) != 0)
		return false;
	char c = at[n];
	return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* The end of the tag that begins at `at`: behind its '>'. `*bare` counts its bytes outside of quotes. */
static const char *tag_end(const char *at, const char *end, size_t *bare)
{
	static const bool stops[256] = {['>'] = true, ['"'] = true, ['\''] = true};
	*bare = 0;
	for (const char *p = at + 1; p < end; p++) {
		const char *from = p;
		while (p < end && !stops[(unsigned char)*p])
			p++;
		*bare += (size_t)(p - from) + (p < end);
		if (p == end)
			return end;
		if (*p == '>')
			return p + 1;
		if (p[-1] != '=')
			continue;
		if (p + 1 == end || !(p = memchr(p + 1, *p, (size_t)(end - p - 1))))
			return end;
	}
	return end;
}

/* `</name` from `at` on, in any case; NULL: none. */
static const char *find_close(const char *at, const char *end, const char *name)
{
	size_t n = strlen(name);
	while ((at = memchr(at, '<', (size_t)(end - at)))) {
		if ((size_t)(end - at) < n + 2)
			return NULL;
		if (at[1] == '/' && strncasecmp(at + 2, name, n) == 0)
			return at;
		at++;
	}
	return NULL;
}

static void keep_script(html_tree *tree, const char *tag, const char *tag_to, const char *to)
{
	if (tree->script_count == HTML_SCRIPTS || to - tag_to < 10 || (size_t)(to - tag_to) > SCRIPT_BYTES)
		return;
	bool json_ld = memmem(tag, (size_t)(tag_to - tag), "ld+json", 7) != NULL;
	tree->scripts[tree->script_count++] = (html_script){{tag_to, (size_t)(to - tag_to)}, json_ld};
}

static void keep_lang(html_tree *tree, const char *tag, const char *to)
{
	const char *at = memmem(tag, (size_t)(to - tag), "lang=", 5);
	if (!at || tree->lang.data)
		return;
	for (at += 5; at < to && (*at == '"' || *at == '\''); at++)
		;
	const char *from = at;
	while (at < to && ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '-'))
		at++;
	tree->lang = (mr_bytes){from, (size_t)(at - from)};
}

/* Something the parser must not see begins at `at`: returns where it ends; NULL: it is an ordinary tag. */
#define UNCLOSED_SVG (1u << 4)
#define UNCLOSED_COMMENT (1u << 31)
static const char *skip_markup(feed *self, const char *at, const char *end)
{
	/* Nearly all tags begin as none of those below does. */
	switch (at[1] == '/' && end - at > 2 ? at[2] | 32 : at[1] | 32) {
	case 'h': case 'b':
		break;
	case 's': case 'n': case 'i': case 't': case '!': case '?':
		if (at[1] == '/')
			return NULL;
		break;
	default:
		return NULL;
	}
	static const char *const raw[] = {"script", "style", "noscript", "iframe", "svg", "textarea", "template", "noembed", "noframes", NULL};
	static const char *const frame[] = {"/html", "/body", "head", "/head", "body", "html", NULL};
	size_t bare;
	if (end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
		const char *close = self->unclosed & UNCLOSED_COMMENT ? NULL : memmem(at + 2, (size_t)(end - at - 2), "-->", 3);
		self->unclosed |= close ? 0 : UNCLOSED_COMMENT;
		return close ? close + 3 : at + 4;       /* never closed: the mark alone goes, the text is kept */
	}
	if (at[1] == '!' || at[1] == '?') {
		const char *close = memchr(at, '>', (size_t)(end - at));
		return close ? close + 1 : end;
	}
	for (const char *const *name = frame; *name; name++) {
		if (!tag_is(at + 1, end, *name))
			continue;
		const char *to = tag_end(at, end, &bare);
		if (strcmp(*name, "html") == 0)
			keep_lang(self->tree, at, to);
		return to;
	}
	for (const char *const *name = raw; *name; name++) {
		if (!tag_is(at + 1, end, *name))
			continue;
		unsigned bit = 1u << (name - raw);
		const char *to = tag_end(at, end, &bare);
		if (bit == UNCLOSED_SVG && to[-2] == '/')
			return to;
		const char *close = self->unclosed & bit ? NULL : find_close(to, end, *name);
		if (!close) {
			self->unclosed |= bit;
			return name < raw + 2 ? end : to; /* as browsers do: what follows is script or style */
		}
		if (name == raw)
			keep_script(self->tree, at, to, close);
		return tag_end(close, end, &bare);
	}
	return NULL;
}

/* A tag that is too long outside of quotes: its beginning, closed. */
static void push_cut_tag(feed *self, const char *at, const char *to)
{
	push(self, at, at + (to - at > TAG_BYTES ? TAG_BYTES / 2 : to - at));
	push(self, ">", &">"[1]);
}

void html_feed(html_tree *tree, mr_bytes page)
{
	feed self = {.tree = tree, .current = 1};
	const char *at = page.data, *end = at + page.len, *run = at;
	size_t bare;
	parser_start(&self);
	while (at < end && !tree->truncated && (at = memchr(at, '<', (size_t)(end - at)))) {
		if (end - at < 2)
			break;
		const char *behind = skip_markup(&self, at, end);
		if (behind) {
			push(&self, run, at);
			at = run = behind;
			continue;
		}
		bool tag = (at[1] | 32) >= 'a' && (at[1] | 32) <= 'z';
		const char *to = tag || at[1] == '/' ? tag_end(at, end, &bare) : at + 1;
		if (tag && bare > TAG_BYTES) {
			push(&self, run, at);
			push_cut_tag(&self, at, to);
			run = to;
		}
		at = to;
	}
	push(&self, run, end);
	parser_end(&self);
	free(self.open);
}
