/* record_load.c - see record_load.h. */
#include "record_load.h"

#include <stdlib.h>

#include "json_text.h"
#include "mem.h"

typedef struct cut {
	size_t member;           /* number in the scan, and so in the tree */
	json_t *string;
} cut;

typedef struct cuts {
	cut *list;
	size_t count;
	buf rest;                /* the text without the strings */
} cuts;

static bool is_long_string(const json_span *span, size_t long_bytes)
{
	mr_bytes v = span->value;
	return v.data && v.len >= long_bytes && v.len >= 2 && v.data[0] == '"' && v.data[v.len - 1] == '"';
}

static void cut_strings(cuts *self, mr_bytes text, const json_scan *scan, size_t long_bytes)
{
	const char *at = text.data;
	buf decoded = {0};
	for (size_t i = 0; i < scan->member_count; i++) {
		const json_span *span = &scan->members[i];
		if (!is_long_string(span, long_bytes) || !json_string_decode((mr_bytes){span->value.data + 1, span->value.len - 2}, &decoded))
			continue;
		self->list = mem_grow(self->list, self->count + 1, sizeof *self->list);
		self->list[self->count++] = (cut){i, json_stringn_nocheck(decoded.data, decoded.len)};
		buf_add(&self->rest, at, (size_t)(span->value.data + 1 - at));
		at = span->value.data + span->value.len - 1;
	}
	if (self->count)
		buf_add(&self->rest, at, (size_t)(text.data + text.len - at));
	buf_free(&decoded);
}

/* The strings go to where their members stand; the tree must have as many members as the scan saw. */
static bool put_back(cuts *self, json_t *tree, const json_scan *scan)
{
	size_t member = 0, next = 0;
	if (json_object_size(tree) != scan->member_count)
		return false;
	for (void *at = json_object_iter(tree); at && next < self->count; at = json_object_iter_next(tree, at), member++)
		if (member == self->list[next].member)
			json_object_iter_set_new(tree, at, json_incref(self->list[next++].string));
	return next == self->count;
}

json_t *record_load(mr_bytes text, const json_scan *scan, size_t long_bytes, json_error_t *error)
{
	cuts self = {0};
	json_t *tree = NULL;
	cut_strings(&self, text, scan, long_bytes);
	if (self.count) {
		tree = json_loadb(self.rest.data, self.rest.len, JSON_REJECT_DUPLICATES, error);
		if (tree && !put_back(&self, tree, scan)) {
			json_decref(tree);
			tree = NULL;
		}
	}
	if (!tree)                               /* nothing to cut, or an error, whose place must be told in the whole text */
		tree = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, error);
	for (size_t i = 0; i < self.count; i++)
		json_decref(self.list[i].string);
	free(self.list);
	buf_free(&self.rest);
	return tree;
}
