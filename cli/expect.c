/* expect.c - see expect.h. */
#include "cli/expect.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lines.h"
#include "common/mem.h"

static const char *const outcome_names[] = {"any", "published", "duplicate", "filtered", "dead"};

typedef struct expectation {
	json_t *want;                            /* without the members that say which record it is */
	char *feed_id;                           /* NULL: `number` says it */
	int64_t number, page_index;
	enum expect_outcome outcome;
	size_t line;
	bool seen;
	char *problem;                           /* NULL: none */
} expectation;

struct expect {
	char *path;
	expectation *items;
	size_t count;
};

/* ---- reading ---- */

static json_t *taken(json_t *from, const char *name)
{
	json_t *value = json_incref(json_object_get(from, name));
	json_object_del(from, name);
	return value;
}

static bool read_outcome(expectation *e, const json_t *word)
{
	const char *text = json_string_value(word);
	for (int i = EXPECT_PUBLISHED; text && i <= EXPECT_DEAD; i++)
		if (strcmp(text, outcome_names[i]) == 0)
			e->outcome = (enum expect_outcome)i;
	return !word || e->outcome;
}

/* The reason, or NULL when all is well; `e` owns what was read either way. */
static const char *read_line(expectation *e, const char *text, size_t len, json_error_t *why)
{
	e->want = json_loadb(text, len, JSON_REJECT_DUPLICATES, why);
	if (!e->want)
		return why->text;
	if (!json_is_object(e->want))
		return "an expectation is an object";
	json_t *id = taken(e->want, "feed_id"), *number = taken(e->want, "record"), *page = taken(e->want, "page_index"), *outcome = taken(e->want, "outcome");
	bool known = read_outcome(e, outcome), named = json_is_string(id) ? !number : !id && json_is_integer(number), paged = !page || json_is_integer(page);
	e->feed_id = json_is_string(id) ? mem_string(json_string_value(id)) : NULL;
	e->number = json_integer_value(number);
	e->page_index = json_integer_value(page);
	json_decref(id);
	json_decref(number);
	json_decref(page);
	json_decref(outcome);
	if (!named)
		return "which record? feed_id (text) or record (its number in the input, from 0)";
	return !known ? "outcome is published, duplicate, filtered or dead" : !paged ? "page_index is a number" : NULL;
}

static void add_line(expect *self, const lines *in, mr_bytes text, buf *errors)
{
	json_error_t why;
	if ((self->count & (self->count - 1)) == 0)
		self->items = mem_grow(self->items, self->count ? self->count * 2 : 1, sizeof *self->items);
	expectation *e = &self->items[self->count++];
	*e = (expectation){.line = in->number};
	const char *reason = read_line(e, text.data, text.len, &why);
	if (reason)
		buf_printf(errors, "%s:%zu: %s\n", self->path, in->number, reason);
}

expect *expect_read(const char *path, buf *errors)
{
	char error[256];
	lines in;
	buf line = {0};
	size_t before = errors->len;
	int got;
	if (lines_open(&in, path, error)) {
		buf_printf(errors, "%s\n", error);
		return NULL;
	}
	expect *self = mem_alloc(sizeof *self);
	self->path = mem_string(path);
	while ((got = lines_next(&in, &line)) > 0)
		if (line.len)
			add_line(self, &in, buf_bytes(&line), errors);
	if (got < 0)
		buf_printf(errors, "%s\n", error);
	else if (errors->len == before && !self->count)
		buf_printf(errors, "%s: no expectation in it\n", path);
	lines_close(&in);
	buf_free(&line);
	if (errors->len != before)
		expect_free(&self);
	return self;
}

void expect_free(expect **self_p)
{
	expect *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->count; i++) {
		json_decref(self->items[i].want);
		free(self->items[i].feed_id);
		free(self->items[i].problem);
	}
	free(self->items);
	free(self->path);
	free(self);
	*self_p = NULL;
}

/* ---- comparing ---- */

static void say_differs(const char *name, const json_t *want, const json_t *found, buf *out)
{
	char *a = json_dumps(want, JSON_ENCODE_ANY | JSON_COMPACT), *b = found ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	buf_printf(out, "%s%s should be %s, %s%.500s", out->len ? "; " : "", name, a, b ? "is " : "is not there", b ? b : "");
	free(a);
	free(b);
}

static void compare(const char *within, json_t *want, const json_t *found, buf *out)
{
	const char *name;
	json_t *value;
	json_object_foreach(want, name, value) {
		char path[128];
		const json_t *other = json_object_get(found, name);
		snprintf(path, sizeof path, "%s%.60s", within, name);
		if (json_is_object(value) && json_is_object(other) && !within[0]) {
			buf inner = {0};
			buf_add_str(&inner, path);
			buf_add_char(&inner, '.');
			compare(inner.data, value, other, out);
			buf_free(&inner);
		} else if (other ? !json_equal(value, other) : !json_is_null(value)) {
			say_differs(path, value, other, out);
		}
	}
}

static void judge(expectation *e, enum expect_outcome outcome, const char *code, const json_t *found)
{
	buf problem = {0};
	e->seen = true;
	if (e->outcome ? e->outcome != outcome : outcome > EXPECT_DUPLICATE)
		buf_printf(&problem, "should be %s, is %s%s%s", e->outcome ? outcome_names[e->outcome] : "a record", outcome_names[outcome], code ? ": " : "", code ? code : "");
	else
		compare("", e->want, found, &problem);
	e->problem = problem.len ? mem_string(problem.data) : NULL;
	buf_free(&problem);
}

static bool is_about(const expectation *e, int64_t number, const char *feed_id, int64_t page_index)
{
	bool named = e->feed_id ? feed_id && strcmp(e->feed_id, feed_id) == 0 : e->number == number;
	return named && !e->seen && e->page_index == page_index;
}

void expect_record(expect *self, int64_t number, enum expect_outcome outcome, mr_bytes line)
{
	json_t *root = json_loadb(line.data, line.len, 0, NULL), *wrapped = json_object_get(root, "payload");
	const json_t *found = json_object_get(root, "schema") && wrapped ? wrapped : root;               /* sink.envelope */
	const char *feed_id = json_string_value(json_object_get(found, "feed_id"));
	int64_t page_index = json_integer_value(json_object_get(found, "page_index"));
	for (size_t i = 0; i < self->count; i++)
		if (is_about(&self->items[i], number, feed_id, page_index))
			judge(&self->items[i], outcome, NULL, found);
	json_decref(root);
}

void expect_nothing(expect *self, int64_t number, int64_t page_index, enum expect_outcome outcome, const char *code)
{
	json_t *found = json_pack("{s:s}", "code", code);
	for (size_t i = 0; i < self->count; i++)
		if (is_about(&self->items[i], number, NULL, page_index))
			judge(&self->items[i], outcome, code, found);
	json_decref(found);
}

size_t expect_tell(const expect *self, FILE *out)
{
	size_t failed = 0;
	for (size_t i = 0; i < self->count; i++) {
		const expectation *e = &self->items[i];
		if (e->seen && !e->problem)
			continue;
		failed++;
		fprintf(out, "%s:%zu: ", self->path, e->line);
		if (e->feed_id)
			fprintf(out, "feed_id %s", e->feed_id);
		else
			fprintf(out, "record %lld", (long long)e->number);
		if (e->page_index)
			fprintf(out, ", article %lld", (long long)e->page_index);
		fprintf(out, ": %s\n", e->seen ? e->problem : e->feed_id ? "no record with this id came out (name a filtered or dead one by `record`)" : "no such record was read");
	}
	fprintf(out, "%zu of %zu expectations met\n", self->count - failed, self->count);
	return failed;
}
