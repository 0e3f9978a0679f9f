/* html_tree.h - a page as our own small tree: elements, text, the few attributes that extraction looks at.
 *
 * Built from libxml2's SAX push events (html_feed.c guards the parser), bounded in nodes, depth and bytes: deeper elements join their ancestor at the
 * limit, text goes on; beyond the limit of nodes or bytes the rest is left out and `truncated` says so. Nodes are numbered in document
 * order: a node's descendants follow it, and `last` is the last of them. Node 0 is the root and means "none"; node 1 is the page. Owns everything; immutable after html_tree_parse. */
#ifndef EXTRACT_HTML_TREE_H
#define EXTRACT_HTML_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

enum html_tag {
	TAG_OTHER, TAG_ROOT, TAG_TEXT,
	TAG_A, TAG_ABBR, TAG_ADDRESS, TAG_ARTICLE, TAG_ASIDE, TAG_AUDIO, TAG_B, TAG_BIG, TAG_BLOCKQUOTE, TAG_BR, TAG_BUTTON, TAG_CANVAS, TAG_CAPTION,
	TAG_CENTER, TAG_CITE, TAG_CODE, TAG_DD, TAG_DEL, TAG_DETAILS, TAG_DIALOG, TAG_DIV, TAG_DL, TAG_DT, TAG_EM, TAG_EMBED, TAG_FIELDSET, TAG_FIGCAPTION,
	TAG_FIGURE, TAG_FONT, TAG_FOOTER, TAG_FORM, TAG_H1, TAG_H2, TAG_H3, TAG_H4, TAG_H5, TAG_H6, TAG_HEADER, TAG_HGROUP, TAG_HR, TAG_I, TAG_IFRAME, TAG_IMG,
	TAG_INPUT, TAG_LABEL, TAG_LI, TAG_LINK, TAG_MAIN, TAG_META, TAG_NAV, TAG_NOSCRIPT, TAG_OBJECT, TAG_OL, TAG_OPTION, TAG_P, TAG_PRE, TAG_Q, TAG_RP,
	TAG_RT, TAG_S, TAG_SECTION, TAG_SELECT, TAG_SMALL, TAG_SPAN, TAG_STRIKE, TAG_STRONG, TAG_SUB, TAG_SUMMARY, TAG_SUP, TAG_SVG, TAG_TABLE, TAG_TBODY,
	TAG_TD, TAG_TEMPLATE, TAG_TEXTAREA, TAG_TFOOT, TAG_TH, TAG_THEAD, TAG_TIME, TAG_TITLE, TAG_TR, TAG_U, TAG_UL, TAG_VIDEO, TAG_COUNT
};

enum html_attr {
	ATTR_CLASS = 1, ATTR_CONTENT, ATTR_DATETIME, ATTR_HIDDEN, ATTR_HREF, ATTR_HTTP_EQUIV, ATTR_ID, ATTR_ITEMPROP, ATTR_ITEMTYPE, ATTR_LANG,
	ATTR_NAME, ATTR_PROPERTY, ATTR_REL, ATTR_ROLE, ATTR_STYLE, ATTR_ARIA_HIDDEN, ATTR_TITLE, ATTR_PUBDATE, ATTR_ALT, ATTR_ALIGN,
};

typedef struct html_node {
	uint32_t parent;
	uint32_t last;                   /* last descendant; itself when there is none */
	uint32_t text, text_len;         /* TAG_TEXT: bytes in the text arena */
	uint32_t attrs;                  /* place in the attribute arena + 1; 0: none */
	uint16_t depth;
	uint8_t tag;
	uint8_t unused;
} html_node;

/* A script whose text may carry facts (JSON-LD, a page's variables): borrowed from the page. */
typedef struct html_script {
	mr_bytes text;
	bool json_ld;
} html_script;

#define HTML_SCRIPTS 64

typedef struct html_tree {
	html_node *nodes;
	uint32_t count, cap;
	buf text, attrs;
	html_script scripts[HTML_SCRIPTS];
	size_t script_count;
	mr_bytes lang;                   /* of <html lang=...>; borrowed from the page */
	bool truncated;                  /* a limit was reached */
	uint32_t max_nodes;
	uint16_t max_depth;
	size_t max_bytes;                /* of text, and of attributes */
} html_tree;

/* Parses a page in valid UTF-8, which must outlive the tree. `max_bytes`: of text and, again, of attributes. */
void html_tree_parse(html_tree *self, mr_bytes page, uint32_t max_nodes, uint16_t max_depth, size_t max_bytes);
void html_tree_free(html_tree *self);

/* Value of an attribute; data NULL when absent. Borrowed. */
mr_bytes html_attr_get(const html_tree *self, uint32_t node, enum html_attr name);
mr_bytes html_node_text(const html_tree *self, uint32_t node);   /* of a TAG_TEXT node */
/* All text below a node with white space collapsed, at most `max` bytes. */
void html_text_below(const html_tree *self, uint32_t node, size_t max, buf *out);
enum html_tag html_tag_find(const char *name, size_t len);
const char *html_tag_name(enum html_tag tag);             /* for messages */
bool html_is_block(enum html_tag tag);
/* The nearest ancestor (or the node itself) of a kind; 0: none. */
uint32_t html_ancestor(const html_tree *self, uint32_t node, enum html_tag tag);

/* For html_feed.c alone: events of the parser. */
void html_tree_open(html_tree *self, uint32_t *current, const char *name, const char **attributes);
void html_tree_text(html_tree *self, uint32_t current, const char *text, size_t len);

#endif
