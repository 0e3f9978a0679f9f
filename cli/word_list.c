/* word_list.c - see entities_data.h. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/entities_data.h"
#include "cli/lines.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "workers/entities/features.h"
#include "workers/text/fold.h"

/* Number of a class by its name; 0: no room. */
static uint8_t class_of(word_list *self, const char *name)
{
	for (size_t i = 0; i < self->class_count; i++)
		if (strcmp(self->classes[i], name) == 0)
			return (uint8_t)(TAGGER_CLASS_FIRST + i);
	if (self->class_count + TAGGER_CLASS_FIRST > UINT8_MAX)
		return 0;
	self->classes = mem_grow(self->classes, self->class_count + 1, sizeof *self->classes);
	self->classes[self->class_count++] = mem_string(name);
	return (uint8_t)(TAGGER_CLASS_FIRST + self->class_count - 1);
}

/* Words of more than TAGGER_WORD_MAX characters are left out: no gram looks so far. */
static int entry_add(word_list *self, const lines *in, char *line)
{
	char *tab = strchr(line, '\t');
	if (!tab || tab == line || !tab[1])
		return lines_fail(in, "not WORD<TAB>CLASS");
	uint8_t class = class_of(self, tab + 1);
	if (!class)
		return lines_fail(in, "more than 240 classes");
	buf folded = {0};
	fold_text((mr_bytes){line, (size_t)(tab - line)}, FOLD_WIDTH | FOLD_SCRIPT, &folded, NULL);
	uint32_t normal[TAGGER_WORD_MAX + 1];
	size_t length = 0;
	for (const char *at = folded.data, *end = at + folded.len; at < end && length <= TAGGER_WORD_MAX;)
		normal[length++] = character_normal(utf8_next(&at, end));
	buf_free(&folded);
	if (!length || length > TAGGER_WORD_MAX)
		return 0;
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 4096;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
	self->at[self->count++] = (word_entry){.hash = word_hash(normal, length), .prefix = length > 4 ? word_hash(normal, 4) : 0, .length = (uint8_t)length, .class = class};
	return 0;
}

int word_list_read(word_list *self, const char *path, char error[256])
{
	lines in;
	if (lines_open(&in, path, error))
		return -1;
	buf line = {0};
	int got, result = 0;
	while (result == 0 && (got = lines_next(&in, &line)) != 0)
		result = got < 0 ? -1 : line.len && line.data[0] != '#' ? entry_add(self, &in, line.data) : 0;
	buf_free(&line);
	lines_close(&in);
	return result;
}

static int entry_compare(const void *a, const void *b)
{
	const word_entry *x = a, *y = b;
	return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : x->class - y->class;
}

void word_list_sort(word_list *self)
{
	size_t kept = 0;
	if (self->count)
		qsort(self->at, self->count, sizeof *self->at, entry_compare);
	for (size_t i = 0; i < self->count; i++)
		if (!kept || self->at[kept - 1].hash != self->at[i].hash)
			self->at[kept++] = self->at[i];
	self->count = kept;
}

uint8_t word_list_find(const word_list *self, uint64_t hash)
{
	size_t low = 0, high = self->count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (self->at[mid].hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low < self->count && self->at[low].hash == hash ? self->at[low].class : 0;
}

void word_list_free(word_list *self)
{
	for (size_t i = 0; i < self->class_count; i++)
		free(self->classes[i]);
	free(self->classes);
	free(self->at);
	*self = (word_list){0};
}
