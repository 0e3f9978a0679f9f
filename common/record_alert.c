/* record_alert.c - alerts: what the stage `watch` says of an article, and the records made of it.
 *
 * The stage's blob is a JSON list, an object for each watch that the article meets:
 *   [{"watch":"chips","name":"芯片","note":null,"hits":[{"term":"芯片","field":"body","text":"晶片","excerpt":"…","start":12,"end":14,"count":3}]}]
 * A worker is not trusted: names, types and sizes are checked as those of a patch are, and one wrong member refuses the whole answer. */
#include <stdlib.h>

#include "mem.h"
#include "record_impl.h"
#include "record_scan.h"

#define REFUSED "stage.refused"
#define ALERTS_BYTES_MAX (8u << 20)      /* the stage's own limits keep below 6 MB */
#define ALERTS_MAX 1000                  /* of an article */
#define ALERTS_DEPTH 5
#define ID_BYTES 64

static int refuse(record_fault *fault, const char *stage, const char *why)
{
	record_fault_set(fault, REFUSED, stage, "the answer's alerts %s", why);
	return -1;
}

/* As the name of a section in the file of watches: it becomes part of a key and the value of a header. */
static bool is_id(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	if (!text || !len || len > ID_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return true;
}

static bool is_optional(const json_t *value)
{
	return !value || json_is_null(value) || json_is_string(value);
}

static const char *wrong_alert(const json_t *alert)
{
	const char *name;
	json_t *value;
	if (!json_is_object(alert))
		return "hold something that is no object";
	json_object_foreach((json_t *)(uintptr_t)alert, name, value)
		if (strcmp(name, "watch") != 0 && strcmp(name, "name") != 0 && strcmp(name, "note") != 0 && strcmp(name, "hits") != 0)
			return "have a member that the contract does not know";
	if (!is_id(json_object_get(alert, "watch")))
		return "have no watch, or one with a name that cannot be";
	if (!is_optional(json_object_get(alert, "name")) || !is_optional(json_object_get(alert, "note")))
		return "have a name or note that is no string";
	return list_check(json_object_get(alert, "hits"), alert_hit_slots) ? "have hits that are not as the contract says" : NULL;
}

static bool stands_twice(const json_t *list, size_t i)
{
	const char *watch = json_string_value(json_object_get(json_array_get(list, i), "watch"));
	for (size_t k = 0; k < i; k++)
		if (strcmp(watch, json_string_value(json_object_get(json_array_get(list, k), "watch"))) == 0)
			return true;
	return false;
}

int article_set_alerts(article *self, mr_bytes blob, const char *stage, record_fault *fault)
{
	json_scan scan = {0};
	const char *wrong = NULL;
	bool small = blob.len <= ALERTS_BYTES_MAX && json_scan_run(&scan, blob, ALERTS_DEPTH, RECORD_VALUES_MAX) == JSON_SCAN_FINE;
	json_t *list = small ? json_loadb(blob.data, blob.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (!small)
		wrong = "are too large or nested too deep";
	else if (!json_is_array(list) || json_array_size(list) > ALERTS_MAX)
		wrong = "are no list";
	for (size_t i = 0; !wrong && i < json_array_size(list); i++)
		if (!(wrong = wrong_alert(json_array_get(list, i))) && stands_twice(list, i))
			wrong = "name a watch twice";
	json_scan_free(&scan);
	if (wrong) {
		json_decref(list);
		return refuse(fault, stage, wrong);
	}
	json_decref(self->alerts);
	self->alerts = list;
	self->alert_bytes = blob.len;
	return 0;
}

size_t article_alert_count(const article *self)
{
	return json_array_size(self->alerts);
}

const char *article_alert_watch(const article *self, size_t i)
{
	return json_string_value(json_object_get(json_array_get(self->alerts, i), "watch"));
}

void article_alert_key(const article *self, size_t i, buf *out)
{
	uint8_t id[ARTICLE_ID_BYTES];
	char hex[33];
	record_article_id(self->rec, self->page_index, id);
	id_hex(id, hex);
	buf_printf(out, "%s:%s", hex, article_alert_watch(self, i));
}

/* ---- out ---- */

static void add_optional(const json_t *alert, const char *name, const char *key, buf *out)
{
	const json_t *value = json_object_get(alert, name);
	buf_add_str(out, key);
	if (json_string_length(value))
		json_add_value(out, value);
	else
		buf_add_str(out, "null");
}

/* One member of every hit, as a list of strings. */
static void add_column(const json_t *hits, const char *name, const char *key, buf *out)
{
	buf_add_str(out, key);
	for (size_t i = 0; i < json_array_size(hits); i++) {
		buf_add_str(out, i ? "," : "");
		json_add_value(out, json_object_get(json_array_get(hits, i), name));
	}
	buf_add_char(out, ']');
}

static void add_hits(const article *self, const json_t *hits, buf *out)
{
	buf text = {0};
	if (self->rec->rules->detail == DETAIL_NONE)
		return;
	buf_add_str(&text, "{\"hits\":");
	list_write(hits, alert_hit_slots, &text);
	buf_add_char(&text, '}');
	buf_add_str(out, ",\"detail\":");
	if (self->rec->rules->detail == DETAIL_TEXT)
		json_add_text(out, buf_bytes(&text));
	else
		buf_add(out, text.data, text.len);
	buf_free(&text);
}

void article_dump_alert(article *self, size_t i, const verdict *v, int64_t now_ms, buf *out)
{
	const json_t *alert = json_array_get(self->alerts, i), *hits = json_object_get(alert, "hits");
	const buf *envelope = &self->rec->rules->envelopes[ENVELOPE_ALERT];
	buf_add(out, envelope->data, envelope->len);
	buf_add_str(out, "{\"alert_id\":\"");
	article_alert_key(self, i, out);
	buf_add_str(out, "\",\"watch\":");
	json_add_value(out, json_object_get(alert, "watch"));
	add_optional(alert, "name", ",\"watch_name\":", out);
	add_optional(alert, "note", ",\"watch_note\":", out);
	add_column(hits, "term", ",\"terms\":[", out);
	add_column(hits, "excerpt", ",\"excerpts\":[", out);
	article_dump_fields(self, FIELD_ALERT, v, now_ms, out);
	add_hits(self, hits, out);
	buf_add_char(out, '}');
	if (envelope->len)
		buf_add_char(out, '}');
}

/* What article_dump_alert writes, in its order. */
void alert_envelope(const record_rules *rules, buf *out)
{
	envelope_begin(out, "millrace.alert");
	envelope_field(out, "alert_id", TYPE_STRING, false);
	envelope_field(out, "watch", TYPE_STRING, false);
	envelope_field(out, "watch_name", TYPE_STRING, true);
	envelope_field(out, "watch_note", TYPE_STRING, true);
	envelope_field(out, "terms", TYPE_STRINGS, false);
	envelope_field(out, "excerpts", TYPE_STRINGS, false);
	envelope_fields(rules, FIELD_ALERT, out);
	if (rules->detail != DETAIL_NONE)
		envelope_field(out, "detail", TYPE_DETAIL, false);
	envelope_end(out);
}
