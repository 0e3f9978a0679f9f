/* html_page.c - see html_page.h. One pass over the nodes in document order. */
#include "workers/extract/html_page.h"

#include <stdlib.h>

#include "common/mem.h"

enum { IN_LINK = 1, IN_BOLD = 2, IN_HIDDEN = 4, IN_PRE = 8 };

typedef struct reading {
	html_page *page;
	uint8_t *inherited;              /* IN_* of each node */
	buf raw;                         /* text of the line that is being read, white space not yet collapsed */
	uint32_t node, block;            /* first text node and block of it; node 0: none */
	uint32_t last_node, image;
	uint32_t units, link_units, bold_units;
	bool hidden;
} reading;

static void end_line(reading *self)
{
	html_page *page = self->page;
	if (!self->node)
		return;
	size_t at = page->text.len;
	html_collapse(buf_bytes(&self->raw), &page->text);
	size_t len = page->text.len - at;
	if (len) {
		html_measure m = html_measure_of((mr_bytes){page->text.data + at, len});
		if (page->line_count == page->line_cap) {
			page->line_cap = page->line_cap ? page->line_cap * 2 : 512;
			page->lines = mem_grow(page->lines, page->line_cap, sizeof *page->lines);
		}
		page->lines[page->line_count++] = (html_line){.block = self->block, .node = self->node, .last_node = self->last_node,
			.image = self->image, .at = (uint32_t)at, .len = (uint32_t)len, .units = m.units,
			.link_units = self->link_units < m.units ? self->link_units : m.units, .bold_units = self->bold_units,
			.marks = (uint16_t)(m.marks < 65535 ? m.marks : 65535), .stops = (uint16_t)(m.stops < 65535 ? m.stops : 65535), .hidden = self->hidden};
		self->image = 0;
	}
	buf_clear(&self->raw);
	self->node = 0;
	self->units = self->link_units = self->bold_units = 0;
	self->hidden = false;
}

static bool is_blank(mr_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] > ' ')
			return false;
	return true;
}

static void add_piece(reading *self, uint32_t node, mr_bytes text)
{
	uint8_t in = self->inherited[node];
	if (is_blank(text)) {
		if (self->node && text.len)
			buf_add_char(&self->raw, ' ');
		return;
	}
	if (!self->node) {
		self->node = node;
		self->block = self->page->blocks[node];
		self->hidden = in & IN_HIDDEN;
	}
	self->last_node = node;
	buf_add(&self->raw, text.data, text.len);
	if (in & (IN_LINK | IN_BOLD)) {
		uint32_t units = html_measure_of(text).units;
		self->link_units += in & IN_LINK ? units : 0;
		self->bold_units += in & IN_BOLD ? units : 0;
	}
}

static void add_text(reading *self, uint32_t node)
{
	mr_bytes text = html_node_text(self->page->tree, node);
	/* Hidden and shown text never share a line. */
	if (self->node && (self->page->blocks[node] != self->block || self->hidden != (bool)(self->inherited[node] & IN_HIDDEN)) && !is_blank(text))
		end_line(self);
	if (self->inherited[node] & IN_PRE) {
		const char *from = text.data, *end = text.data + text.len, *cut;
		while ((cut = memchr(from, '\n', (size_t)(end - from)))) {
			add_piece(self, node, (mr_bytes){from, (size_t)(cut - from)});
			end_line(self);
			from = cut + 1;
		}
		text = (mr_bytes){from, (size_t)(end - from)};
	}
	add_piece(self, node, text);
}

static void read_node(reading *self, uint32_t node)
{
	html_page *page = self->page;
	const html_node *n = &page->tree->nodes[node];
	uint8_t in = node ? self->inherited[n->parent] : 0;
	page->blocks[node] = html_is_block(n->tag) ? node : page->blocks[n->parent];
	if (n->tag == TAG_TEXT) {
		self->inherited[node] = in;
		add_text(self, node);
		return;
	}
	unsigned hints = html_hints_of(page->tree, node);
	page->hints[node] = (uint16_t)hints;
	if (n->tag == TAG_A && html_attr_get(page->tree, node, ATTR_HREF).data)
		in |= IN_LINK;
	if (n->tag == TAG_B || n->tag == TAG_STRONG)
		in |= IN_BOLD;
	if (n->tag == TAG_PRE)
		in |= IN_PRE;
	if (hints & HINT_HIDDEN)
		in |= IN_HIDDEN;
	self->inherited[node] = in;
	if (html_is_block(n->tag) || n->tag == TAG_BR)
		end_line(self);
	if (n->tag == TAG_IMG || n->tag == TAG_VIDEO || n->tag == TAG_FIGURE)
		self->image = node;
}

/* A line belongs to the node its first text stands in, and to all above it; lines and nodes are both in document order. */
static void close_ranges(html_page *self)
{
	const html_tree *tree = self->tree;
	uint32_t line = 0;
	for (uint32_t i = 0; i < tree->count; i++) {
		while (line < self->line_count && self->lines[line].node < i)
			line++;
		self->first_line[i] = line;
	}
	for (uint32_t i = 0; i < tree->count; i++)
		self->end_line[i] = tree->nodes[i].last + 1 < tree->count ? self->first_line[tree->nodes[i].last + 1] : self->line_count;
}

void html_page_read(html_page *self, const html_tree *tree)
{
	*self = (html_page){.tree = tree};
	self->hints = mem_array(tree->count, sizeof *self->hints);
	self->blocks = mem_array(tree->count, sizeof *self->blocks);
	self->first_line = mem_array(tree->count, sizeof *self->first_line);
	self->end_line = mem_array(tree->count, sizeof *self->end_line);
	reading r = {.page = self, .inherited = mem_array(tree->count, 1)};
	buf_reserve(&self->text, tree->text.len + 1);
	for (uint32_t i = 0; i < tree->count; i++)
		read_node(&r, i);
	end_line(&r);
	close_ranges(self);
	free(r.inherited);
	buf_free(&r.raw);
}

void html_page_free(html_page *self)
{
	free(self->hints);
	free(self->blocks);
	free(self->first_line);
	free(self->end_line);
	free(self->lines);
	buf_free(&self->text);
	*self = (html_page){0};
}

mr_bytes html_line_text(const html_page *self, uint32_t line)
{
	return (mr_bytes){self->text.data + self->lines[line].at, self->lines[line].len};
}

unsigned html_hints_between(const html_page *self, uint32_t node, uint32_t top)
{
	unsigned hints = 0;
	for (; node && node != top; node = self->tree->nodes[node].parent)
		hints |= self->hints[node];
	return hints;
}

unsigned html_line_hints(const html_page *self, uint32_t line, uint32_t top)
{
	const html_line *l = &self->lines[line];
	unsigned hints = 0;
	uint32_t node = l->node;
	for (; node && node != top && node != l->block; node = self->tree->nodes[node].parent)
		if (self->tree->nodes[node].last >= l->last_node)
			hints |= self->hints[node];
	return hints | html_hints_between(self, node, top);
}
