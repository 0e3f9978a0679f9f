/* record_schema.c - the contract as JSON Schema (draft 7, which every validator knows), made from the tables that write and read the records.
 *
 * The article schema asks for every field and stays open for more: a field may be added in any release. Only for people and tests; not on the way of a record. */
#include <stdlib.h>

#include "mem.h"
#include "record_impl.h"

#define TIME_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}(Z|[+-][0-9]{2}:[0-9]{2})$"
#define ID_PATTERN "^[0-9a-f]{32}$"

static json_t *typed(const char *type, bool null)
{
	return null ? json_pack("{s:[s,s]}", "type", type, "null") : json_pack("{s:s}", "type", type);
}

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		abort();                                 /* out of memory, or a table with broken UTF-8 */
}

static json_t *strings(void)
{
	return json_pack("{s:s,s:{s:s}}", "type", "array", "items", "type", "string");
}

static json_t *words(const char *const *list, bool null)
{
	json_t *all = json_array();
	for (; *list; list++)
		json_array_append_new(all, json_string(*list));
	if (null)
		json_array_append_new(all, json_null());
	return all;
}

static json_t *label_words(const record_rules *rules, bool none)
{
	json_t *all = json_array();
	for (size_t i = 0; i < rules->label_count; i++)
		json_array_append_new(all, json_string(rules->labels[i]));
	if (none)
		json_array_append_new(all, json_string("none"));
	return all;
}

static json_t *of_type(enum field_type type, bool null)
{
	json_t *out;
	switch (type) {
	case TYPE_INT:
		return typed("integer", null);
	case TYPE_NUMBER:
		return typed("number", null);
	case TYPE_BOOL:
		return typed("boolean", null);
	case TYPE_STRINGS:
		return strings();
	case TYPE_TIME:
		out = typed("string", null);
		set(out, "format", json_string("date-time"));
		set(out, "pattern", json_string(TIME_PATTERN));
		return out;
	default:
		return typed("string", null);
	}
}

/* ---- detail ---- */

static json_t *items_of(const detail_slot *slots)
{
	json_t *properties = json_object(), *required = json_array();
	for (; slots->name; slots++) {
		json_t *value = of_type(slots->type, slots->null);
		set(value, "description", json_string(slots->meaning));
		set(properties, slots->name, value);
		json_array_append_new(required, json_string(slots->name));
	}
	return json_pack("{s:s,s:o,s:o}", "type", "object", "properties", properties, "required", required);
}

static json_t *detail_of(const record_rules *rules)
{
	if (rules->detail == DETAIL_TEXT)
		return json_pack("{s:s,s:s}", "type", "string", "contentMediaType", "application/json");
	json_t *properties = json_object(), *required = json_array();
	for (int d = 0; d < DETAIL_COUNT; d++) {
		if (d == DETAIL_SPANS && !rules->spans)
			continue;
		const detail_row *row = &detail_table[d];
		json_t *list = row->slots ? json_pack("{s:s,s:o}", "type", "array", "items", items_of(row->slots)) : strings();
		set(list, "description", json_string(row->meaning));
		set(properties, row->name, list);
		json_array_append_new(required, json_string(row->name));
	}
	return json_pack("{s:s,s:o,s:o}", "type", "object", "properties", properties, "required", required);
}

/* ---- article, duplicate ---- */

static bool is_id(enum field field)
{
	return field == FIELD_ARTICLE_ID || field == FIELD_STORY_ID || field == FIELD_DUPLICATE_OF;
}

static json_t *field_of(const record_rules *rules, enum field field)
{
	const field_row *row = &field_table[field];
	bool null = row->flags & FIELD_NULL;
	json_t *out = field == FIELD_DETAIL ? detail_of(rules) : of_type(row->type, null);
	if (field == FIELD_SCHEMA_VERSION)
		set(out, "const", json_integer(1));
	if (is_id(field))
		set(out, "pattern", json_string(ID_PATTERN));
	if (field_words(field))
		set(out, "enum", words(field_words(field), null));
	if (field == FIELD_LABELS)
		set(out, "items", json_pack("{s:o}", "enum", label_words(rules, false)));
	if (field == FIELD_PRIMARY_LABEL)
		set(out, "enum", label_words(rules, true));
	if (field == FIELD_DATELINE_DATE)
		set(out, "pattern", json_string("^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"));
	if (row->type == TYPE_INT && field != FIELD_PUBLISHED_AT_MS)
		set(out, "minimum", json_integer(0));
	if (field == FIELD_SIMILARITY) {
		set(out, "minimum", json_integer(0));
		set(out, "maximum", json_integer(1));
	}
	set(out, "description", json_string(row->meaning));
	return out;
}

static void add_scores(const record_rules *rules, json_t *properties, json_t *required)
{
	for (size_t i = 0; i < rules->label_count; i++) {
		json_t *score = json_pack("{s:s,s:i,s:i}", "type", "number", "minimum", 0, "maximum", 1);
		set(score, "description", json_string(field_table[FIELD_SCORES].meaning));
		set(properties, rules->score_names[i], score);
		json_array_append_new(required, json_string(rules->score_names[i]));
	}
}

static json_t *schema(const char *title, const char *description, json_t *properties, json_t *required)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o}", "$schema", "http://json-schema.org/draft-07/schema#", "title", title, "description", description, "type",
	                 "object", "properties", properties, "required", required);
}

static json_t *record_schema(const record_rules *rules, unsigned which)
{
	json_t *properties = json_object(), *required = json_array();
	for (int f = 0; f < FIELD_COUNT; f++) {
		if ((field_table[f].flags & which) != which || (f == FIELD_DETAIL && rules->detail == DETAIL_NONE))
			continue;
		if (f == FIELD_SCORES) {
			add_scores(rules, properties, required);
			continue;
		}
		set(properties, field_table[f].name, field_of(rules, (enum field)f));
		json_array_append_new(required, json_string(field_table[f].name));
	}
	return which ? schema("Millrace duplicate record", "One message of the duplicates topic: a repeat that was withheld, without its text.", properties, required)
	             : schema("Millrace article record", "One message of the output topic. Fields may be added in any release; none changes its type or meaning.",
	                      properties, required);
}

/* ---- alert ---- */

static json_t *alert_hits(const record_rules *rules)
{
	if (rules->detail == DETAIL_TEXT)
		return json_pack("{s:s,s:s}", "type", "string", "contentMediaType", "application/json");
	return json_pack("{s:s,s:{s:{s:s,s:o}},s:[s]}", "type", "object", "properties", "hits", "type", "array", "items", items_of(alert_hit_slots), "required", "hits");
}

static json_t *alert_schema(const record_rules *rules)
{
	static const struct { const char *name, *pattern, *meaning; bool null, list; } own[] = {
		{"alert_id", "^[0-9a-f]{32}:[A-Za-z0-9._-]{1,64}$", "article_id and watch; also the message key", false, false},
		{"watch", "^[A-Za-z0-9._-]{1,64}$", "the watch that the article meets", false, false},
		{"watch_name", NULL, "its name for people", true, false},
		{"watch_note", NULL, "its note", true, false},
		{"terms", NULL, "terms of the watch that were found, as they stand in its file, in the order in which they were found", false, true},
		{"excerpts", NULL, "where each of them stands first, in the words of the source", false, true},
	};
	json_t *article = record_schema(rules, FIELD_ALERT), *properties = json_object(), *required = json_array();
	set(json_object_get(json_object_get(article, "properties"), "article_id"), "description", json_string("of the article"));
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		json_t *value = own[i].list ? strings() : typed("string", own[i].null);
		if (own[i].pattern)
			set(value, "pattern", json_string(own[i].pattern));
		set(value, "description", json_string(own[i].meaning));
		set(properties, own[i].name, value);
		json_array_append_new(required, json_string(own[i].name));
	}
	json_object_update(properties, json_object_get(article, "properties"));
	json_array_extend(required, json_object_get(article, "required"));
	json_decref(article);
	if (rules->detail != DETAIL_NONE) {
		set(properties, "detail", alert_hits(rules));
		json_array_append_new(required, json_string("detail"));
	}
	return schema("Millrace alert record", "One message of the alerts topic: an article that meets a watch, published in the same transaction as the article.", properties, required);
}

/* ---- feed ---- */

static json_t *form_of(enum member_form form)
{
	switch (form) {
	case FORM_NAME:
		return json_pack("{s:[s,s,s,s]}", "type", "string", "number", "object", "null");
	case FORM_NAMES:
	case FORM_WORDS:
		return json_pack("{s:[s,s,s,s,s]}", "type", "array", "string", "number", "object", "null");
	case FORM_LANGUAGE:
		return typed("string", true);
	default:
		return json_pack("{s:[s,s,s]}", "type", "string", "number", "null");
	}
}

static void add_names(json_t *properties, const char *const *names, size_t count, const char *what, json_t *form)
{
	for (size_t i = 0; i < count && names[i]; i++) {
		if (json_object_get(properties, names[i]))
			continue;
		json_t *value = json_deep_copy(form);
		if (i == 0)
			set(value, "description", json_string(what));
		else
			set(value, "description", json_sprintf("another name of %s", names[0]));
		set(properties, names[i], value);
	}
	json_decref(form);
}

static json_t *feed_schema(void)
{
	json_t *properties = json_object(), *any = json_array();
	add_names(properties, member_text, TEXT_NAMES, "the text; body and content count as html when they hold markup", typed("string", true));
	add_names(properties, member_html, HTML_NAMES, "the page; with text besides, text serves when the page gives none", typed("string", true));
	for (int r = 0; r < MEMBER_ROWS; r++)
		add_names(properties, member_table[r].names, MEMBER_NAMES_MAX, field_table[member_table[r].field].meaning, form_of(member_table[r].form));
	const char *const *groups[] = {member_text, member_html};
	for (int g = 0; g < 2; g++)
		for (int i = 0; i < (g ? HTML_NAMES : TEXT_NAMES); i++)
			if (g == 0 || i < 3)
				json_array_append_new(any, json_pack("{s:[s],s:{s:{s:s,s:i}}}", "required", groups[g][i], "properties", groups[g][i], "type", "string", "minLength", 1));
	json_t *out = schema("Millrace feed record", "One message of an input topic, as JSON. Only a text is required; other members are kept in the field extra.", properties,
	                     json_array());
	json_object_del(out, "required");
	set(out, "anyOf", any);
	return out;
}

/* ---- dead letter ---- */

static json_t *dead_schema(void)
{
	static const char *const codes[] = {"input.not-json", "input.not-utf8", "input.bad-number", "input.nul", "input.too-deep", "input.too-large", "input.no-text",
		"stage.timeout", "stage.crash", "stage.refused", "output.too-large", NULL};
	static const struct { const char *name, *pattern, *meaning; } headers[] = {
		{"millrace.error.code", NULL, "why; a fixed word"},
		{"millrace.error.stage", NULL, "where: intake, the stage, or publish"},
		{"millrace.error.message", NULL, "the same for people, at most 200 characters"},
		{"millrace.error.attempts", "^[0-9]+$", "counted attempts of the stage"},
		{"millrace.error.first-at", TIME_PATTERN, "first failure"},
		{"millrace.error.last-at", TIME_PATTERN, "last failure"},
		{"millrace.source.topic", "^[a-zA-Z0-9._-]{1,249}$", "where the record first stood, also after a replay"},
		{"millrace.source.partition", "^[0-9]+$", "its partition"},
		{"millrace.source.offset", "^[0-9]+$", "its offset"},
		{"millrace.version", NULL, "version of the program"},
		{"millrace.replays", "^[0-9]+$", "how often it was replayed"},
	};
	json_t *properties = json_object(), *required = json_array();
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		json_t *value = json_pack("{s:s,s:s}", "type", "string", "description", headers[i].meaning);
		if (headers[i].pattern)
			set(value, "pattern", json_string(headers[i].pattern));
		if (i == 0)
			set(value, "enum", words(codes, false));
		if (i == 2)
			set(value, "maxLength", json_integer(200));
		set(properties, headers[i].name, value);
		json_array_append_new(required, json_string(headers[i].name));
	}
	return schema("Millrace dead letter", "The headers of a dead letter, as an object of header names with UTF-8 values. Key and value of the message are those of the feed "
	              "record, its other headers are kept; a value too large for the topic is null.", properties, required);
}

/* The record in its envelope; the schema beside it is one text, always the same. */
static json_t *enveloped(const record_rules *rules, enum envelope which, json_t *record)
{
	static const char *const titles[ENVELOPES] = {"Millrace article record for Kafka Connect", "Millrace duplicate record for Kafka Connect", "Millrace alert record for Kafka Connect"};
	const buf *text = &rules->envelopes[which];
	buf whole = {0};
	if (!text->len)
		return record;
	json_t *value, *properties = json_object(), *required = json_pack("[s,s]", "schema", "payload");
	buf_add(&whole, text->data, text->len);
	buf_add_str(&whole, "{}}");
	value = json_loadb(whole.data, whole.len, 0, NULL);
	set(properties, "schema", json_pack("{s:O}", "const", json_object_get(value, "schema")));
	json_decref(value);
	buf_free(&whole);
	json_object_del(record, "$schema");
	set(properties, "payload", record);
	json_t *out = schema(titles[which], "The record with its schema, as the JsonConverter reads it with schemas.enable = true.", properties, required);
	set(out, "additionalProperties", json_false());
	return out;
}

void record_schema_print(const record_rules *rules, enum record_schema which, buf *out)
{
	json_t *tree = which == SCHEMA_ARTICLE ? enveloped(rules, ENVELOPE_ARTICLE, record_schema(rules, 0)) : which == SCHEMA_DUPLICATE ? enveloped(rules, ENVELOPE_DUPLICATE, record_schema(rules, FIELD_SHORT))
	             : which == SCHEMA_ALERT ? enveloped(rules, ENVELOPE_ALERT, alert_schema(rules))
	             : which == SCHEMA_FEED ? feed_schema() : dead_schema();
	char *text = json_dumps(tree, JSON_INDENT(2));
	json_decref(tree);
	if (!text)
		abort();
	buf_add_str(out, text);
	buf_add_char(out, '\n');
	free(text);
}
