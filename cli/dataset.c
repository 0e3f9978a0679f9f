/* dataset.c - see dataset.h. */
#include "dataset.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/lines.h"
#include "cli/sha256.h"
#include "common/mem.h"
#include "common/utf8.h"

typedef struct source {
	lines lines;
	int file;                        /* index in dataset.files */
	dataset_how how;
} source;

static int fail(const source *in, const char *what)
{
	return lines_fail(&in->lines, what);
}

/* Index of a label; -1: none of ours; -2: no room or no name. */
static int label_of(dataset *self, const char *name)
{
	for (size_t i = 0; i < self->label_count; i++)
		if (strcmp(self->labels[i], name) == 0)
			return (int)i;
	if (self->closed || (!self->single && strcmp(name, "none") == 0))
		return -1;
	size_t len = strlen(name);
	if (!len || len >= MODEL_NAME_BYTES || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") < len || self->label_count == MODEL_LABELS_MAX)
		return -2;
	memcpy(self->labels[self->label_count], name, len + 1);
	return (int)self->label_count++;
}

/* The first ` 第` that a `章` follows before the next blank; NULL: none. */
static const char *chapter_find(const char *title)
{
	for (const char *at = title; (at = strstr(at, " 第")); at++) {
		const char *chapter = strstr(at + 1, "章"), *blank = strchr(at + 1, ' ');
		if (chapter && (!blank || chapter < blank))
			return at;
	}
	return NULL;
}

static char *group_make(const char *title, const char *date, const char *id, const char *text)
{
	const char *chapter = chapter_find(title);
	if (chapter)
		return mem_copy(title, (size_t)(chapter - title));
	return mem_string(*date ? date : *id ? id : text);
}

uint32_t example_fold(const example *self, uint32_t folds)
{
	return sha256_modulo(mr_bytes_of(self->group), folds);
}

static void example_drop(example *self)
{
	free(self->title);
	free(self->text);
	free(self->id);
	free(self->group);
}

static uint32_t kind_of_name(dataset *self, const char *name)
{
	for (uint32_t i = 0; i < self->kind_count; i++)
		if (strcmp(self->kinds[i], name) == 0)
			return i;
	if (self->kind_count == DATASET_KINDS_MAX)
		return DATASET_KINDS_MAX - 1;
	self->kinds[self->kind_count] = mem_string(name);
	return (uint32_t)self->kind_count++;
}

/* `medium`: what the text itself says, may be empty. */
static uint32_t kind_of(dataset *self, const source *in, const char *medium)
{
	const char *slash = strrchr(in->lines.path, '/');
	if (in->how.kind)
		return kind_of_name(self, in->how.kind);
	if (in->how.extra && self->kind_count)
		return 0;
	return kind_of_name(self, *medium ? medium : slash ? slash + 1 : in->lines.path);
}

static void example_add(dataset *self, const source *in, example one)
{
	one.file = in->file;
	if (in->how.share > 1 && sha256_modulo(mr_bytes_of(one.text), (uint32_t)in->how.share)) {
		example_drop(&one);
		return;
	}
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 1024;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
	self->at[self->count++] = one;
	self->files[in->file].count++;
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static int labels_read(dataset *self, const source *in, const json_t *object, example *one)
{
	const json_t *labels = json_object_get(object, "labels"), *item;
	size_t i;
	if (!json_is_array(labels))
		return fail(in, "no list \"labels\"");
	json_array_foreach(labels, i, item) {
		int label = json_is_string(item) ? label_of(self, json_string_value(item)) : -2;
		if (label == -2)
			return fail(in, "a label is no name of a-z 0-9 _ - (at most 31), or there are too many");
		if (label >= 0)
			one->labels |= 1ull << label;
	}
	const char *primary = member(object, "primary");
	one->primary = *primary ? label_of(self, primary) : -2;
	if (*primary && one->primary == -2)
		return fail(in, "\"primary\" is no label");
	return 0;
}

static int json_line(dataset *self, const source *in, const char *line, size_t len)
{
	json_error_t wrong;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &wrong);
	if (!json_is_object(object)) {
		json_decref(object);
		return fail(in, "not a JSON object");
	}
	example one = {0};
	int result = labels_read(self, in, object, &one);
	if (result == 0) {
		const char *title = member(object, "title"), *text = member(object, "text"), *id = member(object, "id");
		text = *text ? text : member(object, "body");
		one.title = mem_string(title);
		one.text = mem_string(text);
		one.id = mem_string(id);
		one.group = group_make(title, member(object, "date"), id, text);
		one.kind = kind_of(self, in, member(object, "source"));
		example_add(self, in, one);
	}
	json_decref(object);
	return result;
}

static int tab_line(dataset *self, const source *in, char *line, size_t len)
{
	char *tab = memchr(line, '\t', len);
	if (!tab || memchr(line, '\0', len))
		return fail(in, "neither a JSON object nor label<TAB>text");
	if (!utf8_valid((mr_bytes){line, len}))
		return fail(in, "not UTF-8");
	*tab = '\0';
	int label = label_of(self, line);
	if (label == -2)
		return fail(in, "the label is no name of a-z 0-9 _ - (at most 31), or there are too many");
	example one = {.title = mem_string(""), .text = mem_string(tab + 1), .id = mem_string(""), .group = mem_string(tab + 1),
		       .labels = label >= 0 ? 1ull << label : 0, .primary = label, .kind = kind_of(self, in, "")};
	example_add(self, in, one);
	return 0;
}

int dataset_set_labels(dataset *self, const char *names, char error[256])
{
	char *copy = mem_string(names), *rest = copy, *name;
	int result = 0;
	while (result == 0 && (name = strsep(&rest, ", ")))
		if (*name && label_of(self, name) < 0) {
			snprintf(error, 256, "--labels: \"%.60s\" is no label", name);
			result = -1;
		}
	self->closed = true;
	free(copy);
	return result;
}

int dataset_read(dataset *self, const char *path, dataset_how how, char error[256])
{
	source in = {.file = (int)self->file_count, .how = how};
	if (lines_open(&in.lines, path, error))
		return -1;
	self->files = mem_grow(self->files, self->file_count + 1, sizeof *self->files);
	self->files[self->file_count++] = (dataset_file){.path = mem_string(path), .times = how.times, .extra = how.extra};
	buf line = {0};
	int got, result = 0;
	while (result == 0 && (got = lines_next(&in.lines, &line)) != 0) {
		if (got < 0)
			result = -1;
		else if (line.len)
			result = line.data[0] == '{' ? json_line(self, &in, line.data, line.len) : tab_line(self, &in, line.data, line.len);
	}
	buf_free(&line);
	lines_close(&in.lines);
	return result;
}

void dataset_free(dataset *self)
{
	for (size_t i = 0; i < self->count; i++)
		example_drop(&self->at[i]);
	for (size_t i = 0; i < self->file_count; i++)
		free(self->files[i].path);
	for (size_t i = 0; i < self->kind_count; i++)
		free(self->kinds[i]);
	free(self->at);
	free(self->files);
	*self = (dataset){0};
}
