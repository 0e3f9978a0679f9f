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

void page_read(page *self, mr_bytes text)
{
	page_read_lines(self, text);
	page_find_columns(self);
	page_mark_lines(self);
	page_join_lines(self);
	page_drop_repeats(self);
	page_find_captions(self);
	page_split(self);
}
