/* page.c - owns a page and runs its passes in order (page.h). */
#include "page.h"

#include <stdlib.h>

void page_init(page *self, const vocabulary *words)
{
	*self = (page){.words = words, .page_date = -1, .masthead = -1, .editor = -1, .source = -1, .section = -1};
}

void page_free(page *self)
{
	free(self->text);
	free(self->lines);
	free(self->flow);
	free(self->blocks);
	free(self->articles);
	*self = (page){0};
}

/* What a text costs beside its own bytes: a character 4 bytes as a line, 4 as a block, 4 to 8 in the body that is made of it; a line its record, and its block's and paragraph's. */
#define CHARACTER_BYTES 16
#define LINE_BYTES 160

/* As much of the text as `memory` is enough for, up to the end of a line where there is one. */
static size_t prefix_within(mr_bytes text, size_t memory)
{
	size_t cost = 0, line = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		cost += c == '\n' || c == '\r' ? LINE_BYTES : (c & 0xC0) != 0x80 ? CHARACTER_BYTES : 0;
		if (cost > memory)
			return line ? line : i;
		if (c == '\n')
			line = i + 1;
	}
	return text.len;
}

void page_read(page *self, mr_bytes text)
{
	size_t len = self->memory ? prefix_within(text, self->memory) : text.len;
	self->cut = len < text.len;
	text.len = len;
	page_read_lines(self, text);
	page_find_columns(self);
	page_mark_lines(self);
	page_join_lines(self);
	page_drop_repeats(self);
	page_find_captions(self);
	page_split(self);
	if (self->cut && self->article_count)
		self->articles[self->article_count - 1].truncated = true;
}
