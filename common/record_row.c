/* record_row.c - see record_row.h. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "mem.h"
#include "record_impl.h"
#include "record_row.h"
#include "record_scan.h"
#include "times.h"

#define STAGE "load"
#define DEPTH_MAX 32
#define REPLACEMENT "\xEF\xBF\xBD"       /* U+FFFD */

/* ---- columns ---- */

static enum row_type type_of(enum field_type type)
{
	static const enum row_type types[] = {
		[TYPE_STRING] = ROW_TEXT, [TYPE_INT] = ROW_INT, [TYPE_NUMBER] = ROW_NUMBER, [TYPE_BOOL] = ROW_BOOL, [TYPE_STRINGS] = ROW_TEXTS, [TYPE_TIME] = ROW_TIME,
		[TYPE_DETAIL] = ROW_JSON, [TYPE_SCORES] = ROW_NUMBER,
	};
	return types[type];
}

row_columns row_columns_of(const record_rules *rules, enum record_schema which)
{
	row_columns made = {.list = mem_array(FIELD_COUNT + rules->label_count, sizeof *made.list)};
	unsigned flags = which == SCHEMA_DUPLICATE ? FIELD_SHORT : 0;
	for (int f = 0; f < FIELD_COUNT; f++) {
		const field_row *field = &field_table[f];
		if ((field->flags & flags) != flags)
			continue;
		for (size_t i = 0; f == FIELD_SCORES && i < rules->label_count; i++)
			made.list[made.count++] = (row_column){rules->score_names[i], ROW_NUMBER, false, field->meaning};
		if (f != FIELD_SCORES)
			made.list[made.count++] = (row_column){field->name, type_of(field->type), field->flags & FIELD_NULL, field->meaning};
	}
	return made;
}

void row_columns_free(row_columns *self)
{
	free(self->list);
	*self = (row_columns){0};
}

/* ---- U+0000 ---- */

static json_t *without_nul(const json_t *string)
{
	buf text = {0};
	const char *at = json_string_value(string), *end = at + json_string_length(string);
	while (at < end) {
		const char *nul = memchr(at, 0, (size_t)(end - at));
		buf_add(&text, at, (size_t)((nul ? nul : end) - at));
		if (nul)
			buf_add_str(&text, REPLACEMENT);
		at = nul ? nul + 1 : end;
	}
	json_t *made = json_stringn_nocheck(text.data, text.len);
	buf_free(&text);
	if (!made)
		abort();                         /* out of memory */
	return made;
}

static bool holds_nul(const json_t *value)
{
	return json_is_string(value) && memchr(json_string_value(value), 0, json_string_length(value)) != NULL;
}

/* Depth is bounded by the scan. Jansson refuses U+0000 in names itself. */
static void clean(json_t *tree)
{
	const char *name;
	json_t *value;
	size_t i;
	void *next;
	if (json_is_array(tree))
		json_array_foreach(tree, i, value) {
			if (holds_nul(value))
				json_array_set_new(tree, i, without_nul(value));
			else
				clean(value);
		}
	json_object_foreach_safe(tree, next, name, value) {
		if (holds_nul(value))
			json_object_set_new_nocheck(tree, name, without_nul(value));
		else
			clean(value);
	}
}

/* ---- parsing ---- */

/* NULL with `why`. */
static json_t *parse(mr_bytes text, char why[120])
{
	json_scan scan = {0};
	json_error_t error;
	enum json_scan_result fits = json_scan_run(&scan, text, DEPTH_MAX, RECORD_VALUES_MAX);
	json_scan_free(&scan);
	if (fits != JSON_SCAN_FINE) {
		snprintf(why, 120, fits == JSON_SCAN_DEEP ? "nested deeper than %d" : "more than %d values", fits == JSON_SCAN_DEEP ? DEPTH_MAX : RECORD_VALUES_MAX);
		return NULL;
	}
	json_t *tree = json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!tree)
		snprintf(why, 120, "%.90s (byte %d)", error.text, error.position);
	else if (memmem(text.data, text.len, "\\u0000", 6))
		clean(tree);
	return tree;
}

json_t *row_unwrap(json_t *tree)
{
	json_t *payload = json_object_get(tree, "payload");
	if (!json_is_object(payload) || json_object_size(tree) != 2 || !json_object_get(tree, "schema"))
		return tree;
	json_incref(payload);
	json_decref(tree);
	return payload;
}

/* ---- values ---- */

static bool take_json(row *self, row_value *to, const json_t *value)
{
	char why[120];
	json_t *inner = json_is_string(value) ? parse((mr_bytes){json_string_value(value), json_string_length(value)}, why) : NULL;    /* sink.detail = text */
	const json_t *tree = inner ? inner : value;
	bool fine = json_is_object(tree) || json_is_array(tree);
	assert(self->detail.len == 0);           /* one such column: "the one nested member" */
	if (fine)
		json_add_exact(&self->detail, tree);
	to->text = buf_bytes(&self->detail);
	json_decref(inner);
	return fine;
}

static bool take_texts(row_value *to, const json_t *value)
{
	if (!json_is_array(value))
		return false;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_string(json_array_get(value, i)))
			return false;
	to->list = value;
	return true;
}

static bool take_time(row_value *to, const json_t *value)
{
	time_point point;
	if (!json_is_string(value) || !time_parse((mr_bytes){json_string_value(value), json_string_length(value)}, 0, &point) || !point.zone_given)
		return false;
	to->ms = point.ms;
	return true;
}

/* False: of another type than the column. */
static bool take(row *self, const row_column *column, row_value *to, const json_t *value)
{
	to->null = false;
	switch (column->type) {
	case ROW_TEXT:
		to->text = (mr_bytes){json_string_value(value), json_string_length(value)};
		return json_is_string(value);
	case ROW_INT:
		to->number = json_integer_value(value);
		return json_is_integer(value);
	case ROW_NUMBER:
		to->real = json_number_value(value);
		return json_is_number(value) && isfinite(to->real);
	case ROW_BOOL:
		to->yes = json_is_true(value);
		return json_is_boolean(value);
	case ROW_TEXTS:
		return take_texts(to, value);
	case ROW_TIME:
		return take_time(to, value);
	case ROW_JSON:
		return take_json(self, to, value);
	default:
		assert(!"a type without a value");
		return false;
	}
}

static int take_all(const row_columns *columns, row *self, record_fault *fault)
{
	for (size_t i = 0; i < columns->count; i++) {
		const row_column *column = &columns->list[i];
		const json_t *value = json_object_get(self->tree, column->name);
		self->values[i] = (row_value){.null = column->type != ROW_TEXTS};
		if (!value || json_is_null(value))
			continue;
		if (!take(self, column, &self->values[i], value)) {
			record_fault_set(fault, "wrong-type", STAGE, "%.63s has another type than the contract says", column->name);
			return -1;
		}
	}
	return 0;
}

static bool has_column(const row_columns *columns, const char *name)
{
	for (size_t i = 0; i < columns->count; i++)
		if (strcmp(columns->list[i].name, name) == 0)
			return true;
	return false;
}

/* Members that a newer version, or another taxonomy, brought. */
static void keep_others(const row_columns *columns, row *self)
{
	const char *name;
	json_t *value, *others = json_object();
	json_object_foreach(self->tree, name, value)
		if (!has_column(columns, name))
			json_object_set_nocheck(others, name, value);
	self->others = (mr_bytes){0};
	if (json_object_size(others) > 0) {
		json_add_exact(&self->rest, others);
		self->others = buf_bytes(&self->rest);
	}
	json_decref(others);
}

/* ---- the record ---- */

bool row_is_id(mr_bytes text)
{
	size_t good = 0;
	while (good < text.len && ((text.data[good] >= '0' && text.data[good] <= '9') || (text.data[good] >= 'a' && text.data[good] <= 'f')))
		good++;
	return good == 2 * ARTICLE_ID_BYTES && text.len == good;
}

static int check_head(row *self, record_fault *fault)
{
	const json_t *version = json_object_get(self->tree, "schema_version"), *id = json_object_get(self->tree, "article_id");
	if (!json_is_integer(version) || json_integer_value(version) != 1) {
		if (json_is_integer(version))
			record_fault_set(fault, "schema-version", STAGE, "schema_version is %lld, this program knows 1", (long long)json_integer_value(version));
		else
			record_fault_set(fault, "schema-version", STAGE, "no schema_version: not a record of Millrace?");
		return -1;
	}
	self->id = (mr_bytes){json_string_value(id), json_string_length(id)};
	if (!row_is_id(self->id)) {
		record_fault_set(fault, "no-article-id", STAGE, "article_id is no 32 hex digits");
		return -1;
	}
	self->processed_ms = json_integer_value(json_object_get(self->tree, "processed_at_ms"));
	self->revision = json_integer_value(json_object_get(self->tree, "revision"));
	return 0;
}

int row_read(const row_columns *columns, mr_bytes value, size_t max_bytes, row *self, record_fault *fault)
{
	char why[120];
	json_decref(self->tree);
	self->tree = NULL;
	buf_clear(&self->detail);
	buf_clear(&self->rest);
	if (!self->values)
		self->values = mem_array(columns->count, sizeof *self->values);
	if (value.len > max_bytes) {
		record_fault_set(fault, "too-large", STAGE, "the value has %zu bytes, at most %zu are read", value.len, max_bytes);
		return -1;
	}
	self->tree = parse(value, why);
	if (self->tree && !json_is_object(self->tree))
		snprintf(why, sizeof why, "not an object");
	if (!json_is_object(self->tree)) {
		record_fault_set(fault, "not-json", STAGE, "not a JSON object: %s", why);
		return -1;
	}
	self->tree = row_unwrap(self->tree);
	if (check_head(self, fault) || take_all(columns, self, fault))
		return -1;
	keep_others(columns, self);
	return 0;
}

void row_free(row *self)
{
	json_decref(self->tree);
	free(self->values);
	buf_free(&self->detail);
	buf_free(&self->rest);
	*self = (row){0};
}
