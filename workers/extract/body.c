/* body.c - see body.h. */
#include "body.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

#define LEAD_CHARACTERS 200

void body_free(body *self)
{
	free(self->characters);
	free(self->paragraphs);
	*self = (body){0};
}

static uint32_t *reserve(body *self, size_t more)
{
	if (self->room - self->count < more) {
		size_t room = self->room ? self->room * 2 : 4096;
		while (room - self->count < more)
			room *= 2;
		self->characters = mem_grow(self->characters, room, sizeof *self->characters);
		self->room = room;
	}
	return self->characters + self->count;
}

static void add_paragraph(body *self, size_t begin, bool heading)
{
	size_t end = self->count;
	while (begin < end && char_is_blank(self->characters[begin]))
		begin++;
	while (end > begin && char_is_blank(self->characters[end - 1]))
		end--;
	if (begin == end)
		return;
	if (self->paragraph_count == self->paragraph_room) {
		self->paragraph_room = self->paragraph_room ? self->paragraph_room * 2 : 32;
		self->paragraphs = mem_grow(self->paragraphs, self->paragraph_room, sizeof *self->paragraphs);
	}
	self->paragraphs[self->paragraph_count++] = (paragraph){{(uint32_t)begin, (uint32_t)end}, heading};
}

void body_add(body *self, const uint32_t *characters, size_t count, bool heading)
{
	size_t begin = self->count;
	if (!count)
		return;
	memcpy(reserve(self, count), characters, count * sizeof *characters);
	self->count += count;
	add_paragraph(self, begin, heading);
}

void body_add_utf8(body *self, mr_bytes text, bool heading)
{
	const char *at = text.data, *end = text.data + text.len;
	size_t begin = self->count;
	reserve(self, text.len + 1);
	while (at < end)
		self->characters[self->count++] = utf8_next(&at, end);
	add_paragraph(self, begin, heading);
}

void body_text(const body *self, buf *out)
{
	buf_reserve(out, self->count * 3 + self->paragraph_count);
	for (size_t i = 0; i < self->paragraph_count; i++) {
		if (i)
			buf_add_char(out, '\n');
		page_utf8(self->characters, self->paragraphs[i].at, out);
	}
}

/* Behind the stop at `i`, closing quotes included; 0: no sentence ends there. */
static uint32_t sentence_end(const uint32_t *c, uint32_t i, uint32_t end)
{
	bool dot = c[i] == '.' && i + 1 < end && char_is_blank(c[i + 1]);
	if (!dot && !char_is_stop(c[i]) && !(c[i] == '.' && i + 1 == end))
		return 0;
	i++;
	while (i < end && (char_is_closer(c[i]) || char_is_stop(c[i])))
		i++;
	return i;
}

/* The first paragraph that says a sentence, up to the last sentence that fits; one sentence that is too long is cut at its last comma. */
void body_lead(const body *self, buf *out)
{
	const uint32_t *c = self->characters;
	for (size_t i = 0; i < self->paragraph_count; i++) {
		span at = self->paragraphs[i].at;
		uint32_t limit = at.end - at.begin > LEAD_CHARACTERS ? at.begin + LEAD_CHARACTERS : at.end, last = 0, comma = 0;
		for (uint32_t k = at.begin; k < limit; k++) {
			uint32_t stop = sentence_end(c, k, at.end);
			if (stop && stop <= limit)
				last = stop;
			if (c[k] == 0xFF0C || c[k] == ',' || c[k] == 0xFF1B || c[k] == ' ')
				comma = k;
		}
		if (!last && limit == at.end && i + 1 < self->paragraph_count && at.end - at.begin < 40)
			continue;                                                  /* a heading */
		if (!last)
			last = limit == at.end ? at.end : comma > at.begin ? comma : limit;
		page_utf8(c, (span){at.begin, last}, out);
		return;
	}
}
