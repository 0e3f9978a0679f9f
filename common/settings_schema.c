/* settings_schema.c - see settings_schema.h. */
#include "common/settings_schema.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/settings.h"
#include "common/settings_parts.h"

static json_t *words_of(const char *words)
{
	json_t *list = json_array();
	for (const char *at = words; *at;) {
		size_t len = strcspn(at, " ");
		json_array_append_new(list, json_stringn(at, len));
		at += len + (at[len] == ' ');
	}
	return list;
}

/* A number without a unit, or text with one. */
static json_t *with_unit(const option *row, const char *units)
{
	json_t *number = json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)row->min, "maximum", (json_int_t)row->max);
	json_t *text = json_pack("{s:s, s:s}", "type", "string", "pattern", units);
	return json_pack("{s:[o, o]}", "anyOf", number, text);
}

static json_t *type_of(const option *row)
{
	switch (row->type) {
	case OPTION_INT:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)row->min, "maximum", (json_int_t)row->max);
	case OPTION_BYTES:
		return with_unit(row, "^[0-9]+[KMGkmg]?$");
	case OPTION_MS:
		return with_unit(row, "^[0-9]+([mM][sS]|[sS]|[mM][iI][nN]|[hH]|[dD])?$");
	case OPTION_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case OPTION_ENUM:
		return json_pack("{s:o}", "enum", words_of(row->words));
	case OPTION_LIST:
		return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
	default:
		return json_pack("{s:s}", "type", "string");
	}
}

static json_t *default_of(const option *row)
{
	if (row->type == OPTION_LIST)
		return words_of(row->fallback);
	if (row->type == OPTION_BOOL)
		return json_boolean(strcmp(row->fallback, "true") == 0);
	return row->type == OPTION_INT ? json_integer(atoll(row->fallback)) : json_string(row->fallback);
}

static json_t *option_schema(const option *row)
{
	json_t *schema = type_of(row);
	json_object_set_new(schema, "default", default_of(row));
	json_object_set_new(schema, "description", json_sprintf("%s (%s)", row->help, row->reloadable ? "reload" : "restart"));
	return schema;
}

/* The properties of a section, made when it is named for the first time. */
static json_t *section_of(json_t *sections, const char *name, size_t len)
{
	char key[64];
	snprintf(key, sizeof key, "%.*s", (int)len, name);
	json_t *section = json_object_get(sections, key);
	if (!section) {
		section = json_pack("{s:s, s:b, s:{}}", "type", "object", "additionalProperties", 0, "properties");
		json_object_set_new(sections, key, section);
	}
	return json_object_get(section, "properties");
}

void settings_schema_print(buf *out)
{
	json_t *sections = json_object();
	for (size_t i = 0; i < option_count; i++) {
		size_t len = (size_t)(strrchr(option_table[i].name, '.') - option_table[i].name);
		json_object_set_new(section_of(sections, option_table[i].name, len), option_table[i].name + len + 1, option_schema(&option_table[i]));
	}
	for (int i = 0; i < SECTION_COUNT; i++)
		json_object_set_new(sections, property_sections[i],
				    json_pack("{s:s, s:s, s:{s:[s, s, s]}}", "type", "object", "description", "properties of librdkafka, handed on as they are; file:PATH for secrets",
					      "additionalProperties", "type", "string", "integer", "boolean"));
	json_t *root = json_pack("{s:s, s:s, s:s, s:b, s:o}", "$schema", "http://json-schema.org/draft-07/schema#", "title", "Millrace configuration", "type", "object", "additionalProperties", 0,
				 "properties", sections);
	char *text = json_dumps(root, JSON_INDENT(2));
	buf_add_str(out, text);
	buf_add_char(out, '\n');
	free(text);
	json_decref(root);
}
