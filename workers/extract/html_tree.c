/* html_tree.c - see html_tree.h. */
#include "workers/extract/html_tree.h"

#include <stdlib.h>
#include <strings.h>

#include "common/mem.h"
#include "workers/extract/html_feed.h"
#include "workers/extract/html_text.h"

#define MAX_ATTR_BYTES 4096              /* of one value; data: addresses and base64 are of no use */

static const struct { const char *name; uint8_t tag; } tag_names[] = {         /* sorted: looked up by bisection */
	{"a", TAG_A}, {"abbr", TAG_ABBR}, {"address", TAG_ADDRESS}, {"article", TAG_ARTICLE}, {"aside", TAG_ASIDE}, {"audio", TAG_AUDIO}, {"b", TAG_B},
	{"big", TAG_BIG}, {"blockquote", TAG_BLOCKQUOTE}, {"br", TAG_BR}, {"button", TAG_BUTTON}, {"canvas", TAG_CANVAS}, {"caption", TAG_CAPTION},
	{"center", TAG_CENTER}, {"cite", TAG_CITE}, {"code", TAG_CODE}, {"dd", TAG_DD}, {"del", TAG_DEL}, {"details", TAG_DETAILS}, {"dialog", TAG_DIALOG},
	{"div", TAG_DIV}, {"dl", TAG_DL}, {"dt", TAG_DT}, {"em", TAG_EM}, {"embed", TAG_EMBED}, {"fieldset", TAG_FIELDSET}, {"figcaption", TAG_FIGCAPTION},
	{"figure", TAG_FIGURE}, {"font", TAG_FONT}, {"footer", TAG_FOOTER}, {"form", TAG_FORM}, {"h1", TAG_H1}, {"h2", TAG_H2}, {"h3", TAG_H3}, {"h4", TAG_H4},
	{"h5", TAG_H5}, {"h6", TAG_H6}, {"header", TAG_HEADER}, {"hgroup", TAG_HGROUP}, {"hr", TAG_HR}, {"i", TAG_I}, {"iframe", TAG_IFRAME}, {"img", TAG_IMG},
	{"input", TAG_INPUT}, {"label", TAG_LABEL}, {"li", TAG_LI}, {"link", TAG_LINK}, {"main", TAG_MAIN}, {"meta", TAG_META}, {"nav", TAG_NAV},
	{"noscript", TAG_NOSCRIPT}, {"object", TAG_OBJECT}, {"ol", TAG_OL}, {"option", TAG_OPTION}, {"p", TAG_P}, {"pre", TAG_PRE}, {"q", TAG_Q}, {"rp", TAG_RP},
	{"rt", TAG_RT}, {"s", TAG_S}, {"section", TAG_SECTION}, {"select", TAG_SELECT}, {"small", TAG_SMALL}, {"span", TAG_SPAN}, {"strike", TAG_STRIKE},
	{"strong", TAG_STRONG}, {"sub", TAG_SUB}, {"summary", TAG_SUMMARY}, {"sup", TAG_SUP}, {"svg", TAG_SVG}, {"table", TAG_TABLE}, {"tbody", TAG_TBODY},
	{"td", TAG_TD}, {"template", TAG_TEMPLATE}, {"textarea", TAG_TEXTAREA}, {"tfoot", TAG_TFOOT}, {"th", TAG_TH}, {"thead", TAG_THEAD}, {"time", TAG_TIME},
	{"title", TAG_TITLE}, {"tr", TAG_TR}, {"u", TAG_U}, {"ul", TAG_UL}, {"video", TAG_VIDEO},
};

static const struct { const char *name; uint8_t attr; } attr_names[] = {
	{"class", ATTR_CLASS}, {"id", ATTR_ID}, {"href", ATTR_HREF}, {"style", ATTR_STYLE}, {"content", ATTR_CONTENT}, {"name", ATTR_NAME},
	{"property", ATTR_PROPERTY}, {"itemprop", ATTR_ITEMPROP}, {"itemtype", ATTR_ITEMTYPE}, {"rel", ATTR_REL}, {"datetime", ATTR_DATETIME},
	{"hidden", ATTR_HIDDEN}, {"aria-hidden", ATTR_ARIA_HIDDEN}, {"role", ATTR_ROLE}, {"http-equiv", ATTR_HTTP_EQUIV}, {"lang", ATTR_LANG},
	{"title", ATTR_TITLE}, {"pubdate", ATTR_PUBDATE}, {"alt", ATTR_ALT}, {"align", ATTR_ALIGN},
};

enum html_tag html_tag_find(const char *name, size_t len)
{
	size_t low = 0, high = sizeof tag_names / sizeof *tag_names;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = (unsigned char)*name - (unsigned char)*tag_names[mid].name;
		if (order == 0)
			order = strncmp(name, tag_names[mid].name, len);
		if (order == 0)
			order = tag_names[mid].name[len] ? -1 : 0;
		if (order == 0)
			return tag_names[mid].tag;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return TAG_OTHER;
}

const char *html_tag_name(enum html_tag tag)
{
	for (size_t i = 0; i < sizeof tag_names / sizeof *tag_names; i++)
		if (tag_names[i].tag == tag)
			return tag_names[i].name;
	return tag == TAG_ROOT ? "page" : "element";
}

bool html_is_block(enum html_tag tag)
{
	switch (tag) {
	case TAG_ROOT: case TAG_ADDRESS: case TAG_ARTICLE: case TAG_ASIDE: case TAG_BLOCKQUOTE: case TAG_CAPTION: case TAG_CENTER: case TAG_DD:
	case TAG_DETAILS: case TAG_DIALOG: case TAG_DIV: case TAG_DL: case TAG_DT: case TAG_FIELDSET: case TAG_FIGCAPTION: case TAG_FIGURE: case TAG_FOOTER:
	case TAG_FORM: case TAG_H1: case TAG_H2: case TAG_H3: case TAG_H4: case TAG_H5: case TAG_H6: case TAG_HEADER: case TAG_HGROUP: case TAG_HR:
	case TAG_LI: case TAG_MAIN: case TAG_NAV: case TAG_OL: case TAG_OPTION: case TAG_P: case TAG_PRE: case TAG_SECTION: case TAG_SUMMARY: case TAG_TABLE:
	case TAG_TBODY: case TAG_TFOOT: case TAG_THEAD: case TAG_TITLE: case TAG_TR: case TAG_UL: case TAG_TD: case TAG_TH:
		return true;
	default:
		return false;
	}
}

static uint32_t add_node(html_tree *self, uint32_t parent, enum html_tag tag)
{
	if (self->count >= self->max_nodes) {
		self->truncated = true;
		return 0;
	}
	if (self->count == self->cap) {
		self->cap = self->cap ? self->cap * 2 : 2048;
		self->nodes = mem_grow(self->nodes, self->cap, sizeof *self->nodes);
	}
	uint32_t id = self->count++;
	uint16_t depth = id ? (uint16_t)(self->nodes[parent].depth + 1) : 0;
	self->nodes[id] = (html_node){.parent = parent, .last = id, .tag = (uint8_t)tag, .depth = depth};
	return id;
}

/* An entry: name, length (native), bytes; the list ends with a 0. */
static void add_attributes(html_tree *self, uint32_t node, const char **attributes)
{
	bool any = false;
	for (const char **a = attributes; a && a[0]; a += 2) {
		uint8_t name = 0;
		for (size_t i = 0; i < sizeof attr_names / sizeof *attr_names && !name; i++)
			if (a[0][0] == attr_names[i].name[0] && strcmp(a[0], attr_names[i].name) == 0)
				name = attr_names[i].attr;
		size_t len = a[1] ? strlen(a[1]) : 0;
		if (!name || self->attrs.len > self->max_bytes)
			continue;
		if (!any) {
			self->nodes[node].attrs = (uint32_t)self->attrs.len + 1;
			any = true;
		}
		uint32_t size = (uint32_t)(len < MAX_ATTR_BYTES ? len : html_cut_at(a[1], MAX_ATTR_BYTES));
		buf_add_u8(&self->attrs, name);
		buf_add(&self->attrs, &size, sizeof size);
		buf_add(&self->attrs, a[1] ? a[1] : "", size);
	}
	if (any)
		buf_add_u8(&self->attrs, 0);
}

mr_bytes html_attr_get(const html_tree *self, uint32_t node, enum html_attr name)
{
	if (!self->nodes[node].attrs)
		return (mr_bytes){0};
	const char *at = self->attrs.data + self->nodes[node].attrs - 1;
	while (*at) {
		uint32_t size;
		memcpy(&size, at + 1, sizeof size);
		if (*at == (char)name)
			return (mr_bytes){at + 1 + sizeof size, size};
		at += 1 + sizeof size + size;
	}
	return (mr_bytes){0};
}

void html_tree_open(html_tree *self, uint32_t *current, const char *name, const char **attributes)
{
	if (self->nodes[*current].depth >= self->max_depth)
		return;                                  /* flattened: what stands in it joins the ancestor */
	uint32_t node = add_node(self, *current, html_tag_find(name, strlen(name)));
	if (!node)
		return;
	add_attributes(self, node, attributes);
	*current = node;
}

void html_tree_text(html_tree *self, uint32_t current, const char *text, size_t len)
{
	if (!len || self->text.len + len > self->max_bytes) {
		self->truncated |= len > 0;
		return;
	}
	uint32_t last = self->count - 1;
	html_node *node = &self->nodes[last];
	/* Text comes in pieces; those that follow each other directly are one node. */
	if (node->tag != TAG_TEXT || node->parent != current) {
		last = add_node(self, current, TAG_TEXT);
		if (!last)
			return;
		node = &self->nodes[last];
		node->text = (uint32_t)self->text.len;
	}
	node->text_len += (uint32_t)len;
	buf_add(&self->text, text, len);
}

static void close_ranges(html_tree *self)
{
	for (uint32_t i = self->count - 1; i > 0; i--) {
		html_node *parent = &self->nodes[self->nodes[i].parent];
		if (parent->last < self->nodes[i].last)
			parent->last = self->nodes[i].last;
	}
}

void html_tree_parse(html_tree *self, mr_bytes page, uint32_t max_nodes, uint16_t max_depth, size_t max_bytes)
{
	*self = (html_tree){.max_bytes = max_bytes < UINT32_MAX / 2 ? max_bytes : UINT32_MAX / 2, .max_nodes = max_nodes < 16 ? 16 : max_nodes, .max_depth = max_depth < 16 ? 16 : max_depth};
	add_node(self, 0, TAG_ROOT);
	add_node(self, 0, TAG_DIV);                      /* the page: node 0 says "none" everywhere, so nothing stands in it directly */
	html_feed(self, page);
	close_ranges(self);
}

void html_tree_free(html_tree *self)
{
	free(self->nodes);
	buf_free(&self->text);
	buf_free(&self->attrs);
	*self = (html_tree){0};
}

mr_bytes html_node_text(const html_tree *self, uint32_t node)
{
	return (mr_bytes){self->text.data + self->nodes[node].text, self->nodes[node].text_len};
}

void html_text_below(const html_tree *self, uint32_t node, size_t max, buf *out)
{
	buf raw = {0};
	for (uint32_t i = node; i <= self->nodes[node].last && raw.len < 2 * max; i++) {
		if (self->nodes[i].tag == TAG_TEXT) {
			mr_bytes text = html_node_text(self, i);
			buf_add(&raw, text.data, text.len < 2 * max ? text.len : html_cut_at(text.data, 2 * max));
		} else if (html_is_block(self->nodes[i].tag) || self->nodes[i].tag == TAG_BR) {
			buf_add_char(&raw, ' ');
		}
	}
	size_t start = out->len;
	html_collapse(buf_bytes(&raw), out);
	if (out->len - start > max)
		out->len = start + html_cut_at(out->data + start, max);
	buf_free(&raw);
}

uint32_t html_ancestor(const html_tree *self, uint32_t node, enum html_tag tag)
{
	for (; node; node = self->nodes[node].parent)
		if (self->nodes[node].tag == tag)
			return node;
	return 0;
}
