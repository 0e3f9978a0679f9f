/* entities_data.c - see entities_data.h. */
#include "entities_data.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/lines.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "workers/text/fold.h"

int entity_data_type(entity_data *self, const char *name)
{
	for (uint32_t i = 0; i < self->type_count; i++)
		if (strcmp(self->types[i], name) == 0)
			return (int)i;
	size_t len = strlen(name);
	if (self->closed || !len || len >= TAGGER_TYPE_BYTES || self->type_count == TAGGER_TYPES_MAX ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") < len)
		return -1;
	memcpy(self->types[self->type_count], name, len + 1);
	return (int)self->type_count++;
}

int entity_data_map(entity_data *self, const char *rule, char error[256])
{
	const char *sign = strchr(rule, '=');
	char *to = sign ? mem_string(sign + 1) : NULL, *rest = to, *name;
	type_set types = 0;
	int bad = !sign || sign == rule;
	while (!bad && (name = strsep(&rest, "|"))) {
		int type = *name ? entity_data_type(self, name) : 0;
		bad = type < 0;
		if (*name && !bad)
			types |= 1u << type;
	}
	free(to);
	if (bad) {
		snprintf(error, 256, "--map %.80s: not FROM=TO, FROM=TO|TO or FROM= with known names of A-Z a-z 0-9 _ -", rule);
		return -1;
	}
	self->rules = mem_grow(self->rules, self->rule_count + 1, sizeof *self->rules);
	self->rules[self->rule_count++] = (type_rule){mem_copy(rule, (size_t)(sign - rule)), types};
	return 0;
}

/* 0: dropped; UINT32_MAX as no type can be had. */
static type_set types_of(entity_data *self, const char *name)
{
	for (size_t i = self->rule_count; i-- > 0;)
		if (strcmp(self->rules[i].from, name) == 0)
			return self->rules[i].to;
	int type = entity_data_type(self, name);
	return type >= 0 ? 1u << type : self->closed ? 0 : UINT32_MAX;
}

/* Decodes the folded text and notes from which source character each of its characters came. */
static void text_fold(entity_text *one, const char *text, size_t len)
{
	buf folded = {0}, origin = {0};
	fold_text((mr_bytes){text, len}, FOLD_WIDTH | FOLD_SCRIPT, &folded, &origin);
	const uint32_t *from = (const uint32_t *)(const void *)origin.data;
	size_t room = origin.len / sizeof *from;
	one->at = mem_array(room + 1, sizeof *one->at);
	one->source = mem_array(room + 1, sizeof *one->source);
	const char *at = folded.data, *end = folded.data + folded.len, *source = text;
	uint32_t character = 0;
	while (at < end) {
		while (source < text + from[one->count]) {
			utf8_next(&source, text + len);
			character++;
		}
		one->at[one->count] = utf8_next(&at, end);
		one->source[one->count++] = character;
	}
	one->source[one->count] = (uint32_t)utf8_count((mr_bytes){text, len});
	buf_free(&folded);
	buf_free(&origin);
}

/* First folded character that comes from source character `at` or later. */
static uint32_t folded_place(const entity_text *one, json_int_t at)
{
	uint32_t low = 0, high = one->count;
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if ((json_int_t)one->source[mid] < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* By length, longest first: of entities that overlap the longest stays, of equal ones the first. */
static int entity_longer(const void *a, const void *b)
{
	const entity *x = a, *y = b;
	uint32_t n = x->end - x->begin, m = y->end - y->begin;
	return n != m ? (n < m) - (n > m) : (x->begin > y->begin) - (x->begin < y->begin);
}

static int entity_earlier(const void *a, const void *b)
{
	const entity *x = a, *y = b;
	return (x->begin > y->begin) - (x->begin < y->begin);
}

static void entities_sort(entity_text *one)
{
	uint32_t kept = 0;
	if (one->entity_count)
		qsort(one->entities, one->entity_count, sizeof *one->entities, entity_longer);
	for (uint32_t i = 0; i < one->entity_count; i++) {
		entity e = one->entities[i];
		uint32_t j = 0;
		while (j < kept && (one->entities[j].end <= e.begin || e.end <= one->entities[j].begin))
			j++;
		if (j == kept)
			one->entities[kept++] = e;
	}
	one->entity_count = kept;
	if (kept)
		qsort(one->entities, kept, sizeof *one->entities, entity_earlier);
}

static int entities_read(entity_data *self, const lines *in, const json_t *list, entity_text *one)
{
	const json_t *item;
	size_t i;
	if (!json_is_array(list))
		return lines_fail(in, "no list \"entities\"");
	one->entities = mem_array(json_array_size(list) + 1, sizeof *one->entities);
	json_array_foreach(list, i, item) {
		const char *type = json_string_value(json_object_get(item, "type"));
		const json_t *start = json_object_get(item, "start"), *end = json_object_get(item, "end");
		if (!type || !json_is_integer(start) || !json_is_integer(end))
			return lines_fail(in, "an entity without \"type\" (text), \"start\" and \"end\" (whole numbers)");
		json_int_t from = json_integer_value(start), to = json_integer_value(end);
		if (from < 0 || from >= to || to > (json_int_t)one->source[one->count])
			return lines_fail(in, "an entity that is empty or outside of its text");
		type_set types = types_of(self, type);
		if (types == UINT32_MAX)
			return lines_fail(in, "a type is no name of A-Z a-z 0-9 _ - (at most 31), or there are too many");
		entity e = {folded_place(one, from), folded_place(one, to), types};
		if (types && e.begin < e.end)
			one->entities[one->entity_count++] = e;
	}
	entities_sort(one);
	return 0;
}

static void text_drop(entity_text *one)
{
	free(one->id);
	free(one->at);
	free(one->source);
	free(one->entities);
}

static int line_parse(entity_data *self, const lines *in, const buf *line, int file)
{
	json_error_t wrong;
	json_t *object = json_loadb(line->data, line->len, JSON_REJECT_DUPLICATES, &wrong);
	const json_t *text = json_object_get(object, "text"), *id = json_object_get(object, "id");
	if (!json_is_string(text)) {
		json_decref(object);
		return lines_fail(in, "not a JSON object with \"text\"");
	}
	entity_text one = {.id = mem_string(json_is_string(id) ? json_string_value(id) : ""), .file = file};
	text_fold(&one, json_string_value(text), json_string_length(text));
	int result = entities_read(self, in, json_object_get(object, "entities"), &one);
	json_decref(object);
	if (result) {
		text_drop(&one);
		return result;
	}
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 1024;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
	self->at[self->count++] = one;
	self->files[file].texts++;
	self->files[file].characters += one.count;
	self->files[file].entities += one.entity_count;
	return 0;
}

int entity_data_read(entity_data *self, entity_file file, char error[256])
{
	lines in;
	if (lines_open(&in, file.path, error))
		return -1;
	self->files = mem_grow(self->files, self->file_count + 1, sizeof *self->files);
	file.path = mem_string(file.path);
	self->files[self->file_count++] = file;
	buf line = {0};
	int got, result = 0;
	while (result == 0 && (got = lines_next(&in, &line)) != 0)
		result = got < 0 ? -1 : line.len ? line_parse(self, &in, &line, (int)self->file_count - 1) : 0;
	buf_free(&line);
	lines_close(&in);
	return result;
}

static type_set types_move(type_set types, const uint32_t *to, uint32_t count)
{
	type_set out = 0;
	for (uint32_t t = 0; t < count; t++)
		if (types >> t & 1)
			out |= 1u << to[t];
	return out;
}

void entity_data_order(entity_data *self)
{
	uint32_t to[TAGGER_TYPES_MAX] = {0}, count = self->type_count;
	char ordered[TAGGER_TYPES_MAX][TAGGER_TYPE_BYTES] = {{0}};
	for (uint32_t t = 0; t < count; t++) {
		for (uint32_t other = 0; other < count; other++)
			to[t] += strcmp(self->types[other], self->types[t]) < 0;
		memcpy(ordered[to[t]], self->types[t], TAGGER_TYPE_BYTES);
	}
	memcpy(self->types, ordered, sizeof ordered);
	for (size_t i = 0; i < self->count; i++)
		for (uint32_t k = 0; k < self->at[i].entity_count; k++)
			self->at[i].entities[k].types = types_move(self->at[i].entities[k].types, to, count);
	for (size_t i = 0; i < self->file_count; i++)
		self->files[i].open = types_move(self->files[i].open, to, count);
	for (size_t i = 0; i < self->rule_count; i++)
		self->rules[i].to = types_move(self->rules[i].to, to, count);
}

void entity_data_free(entity_data *self)
{
	for (size_t i = 0; i < self->count; i++)
		text_drop(&self->at[i]);
	for (size_t i = 0; i < self->file_count; i++)
		free(self->files[i].path);
	for (size_t i = 0; i < self->rule_count; i++)
		free(self->rules[i].from);
	free(self->at);
	free(self->files);
	free(self->rules);
	*self = (entity_data){0};
}
