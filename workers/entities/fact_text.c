/* fact_text.c - see fact_text.h. */
#include "fact_text.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "workers/text/fold.h"

#define KEPT_CHARACTERS 65536            /* more than hardly any article has */

void fact_text_free(fact_text *self)
{
	free(self->characters);
	free(self->index);
	free(self->paragraphs);
	buf_free(&self->folded);
	buf_free(&self->map);
	*self = (fact_text){.count = 0};
}

void fact_text_done(fact_text *self)
{
	if (self->room > KEPT_CHARACTERS)
		fact_text_free(self);
}

static void make_room(fact_text *self, size_t count)
{
	if (self->room >= count)
		return;
	self->room = (uint32_t)count + 256;
	self->characters = mem_grow(self->characters, self->room, sizeof *self->characters);
}

static void add_paragraph(fact_text *self, uint32_t begin, uint32_t end)
{
	if (begin == end)
		return;
	if (self->paragraph_count == self->paragraph_room) {
		self->paragraph_room = self->paragraph_room ? self->paragraph_room * 2 : 64;
		self->paragraphs = mem_grow(self->paragraphs, self->paragraph_room, sizeof *self->paragraphs);
	}
	self->paragraphs[self->paragraph_count++] = (fact_span){begin, end};
}

void fact_text_read(fact_text *self, mr_bytes body, mr_bytes title, mr_bytes authors)
{
	if (body.len > FACT_TEXT_MAX_BYTES) {
		body.len = FACT_TEXT_MAX_BYTES;
		while (body.len && ((unsigned char)body.data[body.len] & 0xC0) == 0x80)          /* at a character */
			body.len--;
	}
	self->body = body;
	self->title = title;
	self->authors = authors;
	self->count = self->paragraph_count = 0;
	buf_clear(&self->folded);
	buf_clear(&self->map);
	fold_text(body, FOLD_WIDTH | FOLD_SCRIPT, &self->folded, &self->map);
	size_t count = self->map.len / sizeof(uint32_t);
	const uint32_t end_of_body = (uint32_t)body.len;
	buf_add(&self->map, (const char *)&end_of_body, sizeof end_of_body);
	self->origin = (const uint32_t *)(const void *)self->map.data;
	make_room(self, count + 1);
	const char *at = self->folded.data, *end = at + self->folded.len;
	uint32_t begin = 0, han = 0, latin = 0;
	while (at < end && self->count < count) {
		uint32_t c = utf8_next(&at, end);
		self->characters[self->count] = c;
		if (c == '\n') {
			add_paragraph(self, begin, self->count);
			begin = self->count + 1;
		}
		han += utf8_is_han(c);
		latin += (c | 32) >= 'a' && (c | 32) <= 'z';
		self->count++;
	}
	assert(self->count == count);            /* fold_text gives a place for each character */
	add_paragraph(self, begin, self->count);
	self->characters[self->count] = 0;
	self->chinese = han * 2 > latin;
}

/* Every byte of the body, which is valid UTF-8, that does not continue a character begins one. */
void fact_text_count(fact_text *self)
{
	uint32_t byte = 0, index = 0;
	self->index = mem_grow(self->index, self->room, sizeof *self->index);
	for (uint32_t i = 0; i <= self->count; i++) {
		for (; byte < self->origin[i]; byte++)
			index += ((unsigned char)self->body.data[byte] & 0xC0) != 0x80;
		self->index[i] = index;
	}
}

/* The first folded character behind the span that comes from elsewhere than its last one. */
static uint32_t printed_end(const fact_text *self, fact_span at)
{
	uint32_t end = at.end;
	while (end > at.begin && end < self->count && self->origin[end] == self->origin[end - 1])
		end++;
	return end;
}

mr_bytes fact_text_printed(const fact_text *self, fact_span at)
{
	uint32_t from = self->origin[at.begin];
	return (mr_bytes){self->body.data + from, self->origin[printed_end(self, at)] - from};
}

fact_span fact_text_place(const fact_text *self, fact_span at)
{
	return (fact_span){self->index[at.begin], self->index[printed_end(self, at)]};
}
