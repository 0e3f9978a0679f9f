/* The data contract, output side: what a stage may set, what comes out, headers, dead letters, schemas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "common/mem.h"
#include "common/record.h"
#include "common/record_fields.h"

static const char *const labels[] = {"education", "science", "talent"};

static record_rules *rules_with(const char *detail, bool spans)
{
	record_rules_values values = {.staged = true, .labels = labels, .label_count = 3, .detail = detail, .spans = spans};
	return record_rules_new_from(&values);
}

static record *record_with(const char *value, const char *detail, bool spans)
{
	record_fault fault;
	record_rules *rules = rules_with(detail, spans);
	record_source source = {.topic = "articles.raw", .partition = 1, .offset = 5, .timestamp_ms = -1, .value = mr_bytes_of(value)};
	record *rec = record_parse(rules, &source, &fault);
	assert_non_null(rec);
	record_rules_free(&rules);
	return rec;
}

static const char plain[] = "{\"text\":\"甲。\",\"title\":\"题\",\"published_at\":\"2026-03-13 08:30\"}";

static json_t *dumped(article *art, const verdict *v)
{
	buf out = {0};
	article_dump(art, v, 1773362500000, &out);
	json_t *line = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(line);
	buf_free(&out);
	return line;
}

/* The record after one patch. */
static json_t *patched(const char *patch, const char *detail, bool spans)
{
	record_fault fault = {0};
	record *rec = record_with(plain, detail, spans);
	article *art = article_new(rec, 0, 1);
	if (article_apply(art, mr_bytes_of(patch), "extract", &fault) != 0)
		fail_msg("%s: %s", fault.code, fault.message);
	json_t *line = dumped(art, NULL);
	article_free(&art);
	record_free(&rec);
	return line;
}

static void gives(const char *patch, const char *name, const char *want)
{
	json_t *line = patched(patch, NULL, false);
	char *text = json_dumps(json_object_get(line, name), JSON_COMPACT | JSON_ENCODE_ANY);
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
	json_decref(line);
}

static void refuses(const char *patch, const char *word)
{
	record_fault fault = {0};
	record *rec = record_with(plain, NULL, false);
	article *art = article_new(rec, 0, 1);
	json_t *before = dumped(art, NULL);
	assert_int_equal(article_apply(art, mr_bytes_of(patch), "extract", &fault), -1);
	assert_string_equal(fault.code, "stage.refused");
	assert_string_equal(fault.stage, "extract");
	if (!strstr(fault.message, word))
		fail_msg("'%s' does not name '%s'", fault.message, word);
	json_t *after = dumped(art, NULL);
	assert_true(json_equal(before, after));          /* nothing of it was taken over */
	json_decref(before);
	json_decref(after);
	article_free(&art);
	record_free(&rec);
}

static void stages_set_fields(void **state)
{
	(void)state;
	gives("{\"title\":\"新题\"}", "title", "\"新题\"");
	gives("{\"title\":null}", "title", "null");
	gives("{\"title\":\"\"}", "title", "null");
	gives("{\"kicker\":\"导读\\n\\u0007\"}", "kicker", "\"导读\\n\\u0007\"");
	gives("{\"authors\":[\"甲\",\"\",\"乙\"]}", "authors", "[\"甲\",\"乙\"]");
	gives("{\"removed_lines\":12}", "removed_lines", "12");
	gives("{\"truncated\":true}", "truncated", "true");
	gives("{\"published_at\":\"2026-03-14\"}", "published_at", "\"2026-03-14T00:00:00.000+08:00\"");
	gives("{\"published_at\":\"2026-03-14\"}", "published_at_ms", "1773417600000");
	gives("{\"published_at\":\"2026-03-14T00:00:00.000+08:00\",\"published_precision\":\"day\",\"published_from\":\"page\"}", "published_precision", "\"day\"");
	gives("{\"published_at\":null}", "published_from", "null");
	gives("{\"dateline_date\":\"03-13\"}", "dateline_date", "\"03-13\"");
	gives("{\"score_science\":0.123456789}", "score_science", "0.123457");
	gives("{\"score_science\":1}", "score_science", "1.0");
	gives("{\"labels\":[\"science\"],\"media_topics\":[\"medtop:1\"]}", "media_topics", "[\"medtop:1\"]");
	gives("{\"labels\":[\"science\"]}", "media_topics", "[]");      /* codes are the classifier's to tell (classify.media_topics) */
	gives("{\"characters\":99}", "characters", "2");
}

static void wrong_answers_are_refused(void **state)
{
	(void)state;
	refuses("", "no JSON object");
	refuses("[]", "no JSON object");
	refuses("{\"title\":\"a\",\"title\":\"b\"}", "no JSON object");
	refuses("[[[[[[[[[[1]]]]]]]]]]", "nested");
	refuses("{\"kicker\":\"x\",\"titel\":\"x\"}", "titel");
	refuses("{\"kicker\":\"x\",\"title\":7}", "title");
	refuses("{\"authors\":\"甲\"}", "authors");
	refuses("{\"authors\":[\"甲\",7]}", "authors");
	refuses("{\"authors\":null}", "authors");
	refuses("{\"removed_lines\":-1}", "removed_lines");
	refuses("{\"removed_lines\":1.5}", "removed_lines");
	refuses("{\"truncated\":1}", "truncated");
	refuses("{\"published_at\":\"soon\"}", "published_at");
	refuses("{\"published_precision\":\"hour\"}", "published_precision");
	refuses("{\"dateline_date\":\"2026-13-01\"}", "dateline_date");
	refuses("{\"dateline_date\":\"13-2026\"}", "dateline_date");
	refuses("{\"labels\":[\"sports\"]}", "labels");
	refuses("{\"primary_label\":\"sports\"}", "primary_label");
	refuses("{\"score_sports\":0.5}", "score_sports");
	refuses("{\"score_science\":1.5}", "score_science");
	refuses("{\"score_science\":\"1\"}", "score_science");
	static const char *const ours[] = {"article_id", "feed_id", "source_topic", "source_offset", "page_index", "story_id", "duplicate_of", "similarity", "revision", "extra",
		"processed_at", "pipeline", "schema_version", "body"};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		char patch[100];
		snprintf(patch, sizeof patch, "{\"%s\":\"1\"}", ours[i]);
		refuses(patch, ours[i]);
	}
}

static void detail_has_its_shape(void **state)
{
	(void)state;
	static const char empty[] = "{\"persons\":[],\"metrics\":[],\"sections\":[],\"responsible_units\":[],\"captions\":[],\"attachments\":[]}";
	gives("{}", "detail", empty);
	gives("{\"detail\":{\"captions\":[\"图\"],\"metrics\":[{\"text\":\"约1.2万元\",\"value\":12000,\"unit\":\"元\"}]}}", "detail",
	      "{\"persons\":[],\"metrics\":[{\"what\":null,\"value\":12000.0,\"value_to\":null,\"unit\":\"元\",\"qualifier\":null,\"text\":\"约1.2万元\"}],"
	      "\"sections\":[],\"responsible_units\":[],\"captions\":[\"图\"],\"attachments\":[]}");
	refuses("{\"detail\":[]}", "detail");
	refuses("{\"detail\":{\"people\":[]}}", "people");
	refuses("{\"detail\":{\"persons\":[{\"role\":\"局长\"}]}}", "persons");
	refuses("{\"detail\":{\"persons\":[{\"name\":\"甲\",\"age\":7}]}}", "persons");
	refuses("{\"detail\":{\"metrics\":[{\"text\":\"7\",\"value\":\"7\"}]}}", "metrics");
	refuses("{\"detail\":{\"metrics\":[7]}}", "metrics");
	refuses("{\"detail\":{\"captions\":[7]}}", "captions");
	json_t *line = patched("{\"detail\":{\"spans\":[{\"type\":\"person\",\"text\":\"甲\",\"start\":0,\"end\":1}]}}", NULL, true);
	assert_int_equal(json_array_size(json_object_get(json_object_get(line, "detail"), "spans")), 1);
	json_decref(line);
	line = patched("{}", "text", false);
	assert_string_equal(json_string_value(json_object_get(line, "detail")), empty);
	json_decref(line);
	line = patched("{}", "none", false);
	assert_null(json_object_get(line, "detail"));
	json_decref(line);
}

static void two_stages_add_up(void **state)
{
	(void)state;
	record_fault fault;
	record *rec = record_with(plain, NULL, false);
	article *art = article_new(rec, 0, 1);
	assert_int_equal(article_apply(art, mr_bytes_of("{\"title\":\"乙\",\"detail\":{\"captions\":[\"图\"],\"attachments\":[\"表\"]}}"), "extract", &fault), 0);
	assert_int_equal(article_apply(art, mr_bytes_of("{\"kicker\":\"丙\",\"detail\":{\"captions\":[]}}"), "classify", &fault), 0);
	json_t *line = dumped(art, NULL), *detail = json_object_get(line, "detail");
	assert_string_equal(json_string_value(json_object_get(line, "title")), "乙");
	assert_string_equal(json_string_value(json_object_get(line, "kicker")), "丙");
	assert_int_equal(json_array_size(json_object_get(detail, "captions")), 0);
	assert_int_equal(json_array_size(json_object_get(detail, "attachments")), 1);
	json_decref(line);
	article_free(&art);
	record_free(&rec);
}

static void bodies_are_checked(void **state)
{
	(void)state;
	record_fault fault;
	record *rec = record_with(plain, NULL, false);
	article *art = article_new(rec, 0, 1);
	assert_int_equal(article_set_body(art, mem_string("新\n文"), 7, "extract", &fault), 0);
	assert_true(mr_bytes_equal(article_body(art), "新\n文"));
	assert_int_equal(article_set_body(art, mem_string("\xB1\xB1"), 2, "extract", &fault), -1);
	assert_string_equal(fault.code, "stage.refused");
	assert_int_equal(article_set_body(art, mem_copy("a\0b", 3), 3, "extract", &fault), -1);
	assert_true(mr_bytes_equal(article_body(art), "新\n文"));
	static const char *const names[] = {"title", "published_at", "authors", "detail", NULL};
	mr_field fields[4];
	buf scratch = {0};
	assert_int_equal(article_fields(art, names, fields, &scratch), 2);
	assert_true(mr_bytes_equal(fields[1].value, "2026-03-13T08:30:00.000+08:00"));
	buf_free(&scratch);
	article_free(&art);
	record_free(&rec);
}

static void verdicts_are_told(void **state)
{
	(void)state;
	record *rec = record_with(plain, NULL, false);
	article *art = article_new(rec, 1, 3);
	verdict v = {.story_id = {1}, .duplicate_of = {2}, .has_owner = true, .kind = "near", .similarity = 0.98765432, .revision = 0};
	buf out = {0};
	article_dump_duplicate(art, &v, 1773362500000, &out);
	assert_non_null(strstr(out.data, "\"source_timestamp_ms\":null,\"page_index\":1,\"page_count\":3,\"url\":null,\"source_name\":null,\"title\":\"题\","
	                                 "\"published_at\":\"2026-03-13T08:30:00.000+08:00\",\"published_at_ms\":1773361800000,"
	                                 "\"story_id\":\"01000000000000000000000000000000\",\"duplicate_of\":\"02000000000000000000000000000000\","
	                                 "\"duplicate_kind\":\"near\",\"similarity\":0.987654,\"processed_at\":\"2026-03-13T00:41:40.000Z\",\"processed_at_ms\":1773362500000}"));
	assert_null(strstr(out.data, "body"));
	buf_clear(&out);
	v.kind = "exact";
	record_dump_duplicate(rec, 4, &v, 1773362500000, &out);
	assert_non_null(strstr(out.data, "\"page_index\":0,\"page_count\":4"));
	assert_non_null(strstr(out.data, "\"duplicate_kind\":\"exact\""));
	buf_free(&out);
	verdict revision = {.story_id = {1}, .similarity = 0.5, .revision = 2};
	json_t *line = dumped(art, &revision);
	assert_true(json_is_null(json_object_get(line, "duplicate_kind")));
	assert_true(json_is_null(json_object_get(line, "duplicate_of")));
	assert_int_equal(json_integer_value(json_object_get(line, "revision")), 2);
	json_decref(line);
	article_free(&art);
	record_free(&rec);
}

/* What onlookers are shown is what would be dumped, and counts as no dump. */
static void previews_are_the_same_and_do_not_count(void **state)
{
	(void)state;
	record *rec = record_with(plain, NULL, false);
	article *art = article_new(rec, 0, 1);
	verdict v = {.story_id = {1}, .kind = "exact", .similarity = 1};
	buf shown = {0}, out = {0};
	uint64_t dumped_before = record_counts_get().dumped;
	article_preview(art, &v, 1773362500000, &shown);
	assert_int_equal(record_counts_get().dumped, dumped_before);
	article_dump(art, &v, 1773362500000, &out);
	assert_string_equal(shown.data, out.data);
	buf_clear(&shown);
	buf_clear(&out);
	record_preview(rec, 3, &v, 1773362500000, &shown);
	assert_int_equal(record_counts_get().dumped, dumped_before + 1);
	record_dump_duplicate(rec, 3, &v, 1773362500000, &out);
	assert_string_equal(shown.data, out.data);
	assert_int_equal(record_counts_get().dumped, dumped_before + 2);
	buf_clear(&shown);
	record_preview(rec, 1, NULL, 1773362500000, &shown);             /* not judged */
	assert_non_null(strstr(shown.data, "\"duplicate_of\":null,\"duplicate_kind\":null,\"similarity\":null"));
	buf_free(&shown);
	buf_free(&out);
	article_free(&art);
	record_free(&rec);
}

/* Order and completeness: docs/record.md promises both. */
static void fields_come_in_the_order_of_the_table(void **state)
{
	(void)state;
	json_t *line = patched("{}", NULL, false);
	void *at = json_object_iter(line);
	for (int f = 0; f < FIELD_COUNT; f++)
		for (int k = 0; k < (f == FIELD_SCORES ? 3 : 1); k++, at = json_object_iter_next(line, at)) {
			char want[64];
			snprintf(want, sizeof want, "%s%s", field_table[f].name, f == FIELD_SCORES ? labels[k] : "");
			assert_non_null(at);
			assert_string_equal(json_object_iter_key(at), want);
		}
	assert_null(at);
	json_decref(line);
}

/* ---- the envelope of Kafka Connect ---- */

static bool fits_connect(const json_t *schema, const json_t *value)
{
	const char *type = json_string_value(json_object_get(schema, "type"));
	if (json_is_null(value))
		return json_is_true(json_object_get(schema, "optional"));
	if (strcmp(type, "array") == 0)
		return json_is_array(value) && strcmp(json_string_value(json_object_get(json_object_get(schema, "items"), "type")), "string") == 0;
	return strcmp(type, "int64") == 0 ? json_is_integer(value) : strcmp(type, "double") == 0 ? json_is_number(value) : strcmp(type, "boolean") == 0 ? json_is_boolean(value) :
	       strcmp(type, "string") == 0 && json_is_string(value);
}

/* Every field of the payload has its row in the schema, in the same order, and there are no others. */
static void check_envelope(const json_t *line, const char *name, const json_t *bare)
{
	json_t *schema = json_object_get(line, "schema"), *payload = json_object_get(line, "payload"), *fields = json_object_get(schema, "fields"), *value;
	const char *key;
	size_t i = 0;
	assert_int_equal(json_object_size(line), 2);
	assert_string_equal(json_string_value(json_object_get(schema, "type")), "struct");
	assert_string_equal(json_string_value(json_object_get(schema, "name")), name);
	assert_true(json_equal(payload, bare));
	json_object_foreach(payload, key, value) {
		const json_t *field = json_array_get(fields, i++);
		assert_string_equal(json_string_value(json_object_get(field, "field")), key);
		if (!fits_connect(field, value))
			fail_msg("%s does not fit its schema", key);
		const char *logical = json_string_value(json_object_get(field, "name"));
		bool moment = strlen(key) > 3 && strcmp(key + strlen(key) - 3, "_ms") == 0;
		assert_true(moment ? logical && strcmp(logical, "org.apache.kafka.connect.data.Timestamp") == 0 : !logical);
	}
	assert_int_equal(json_array_size(fields), i);
}

static json_t *dumped_alert(article *art)
{
	static const char alerts[] = "[{\"watch\":\"chips\",\"name\":null,\"note\":\"n\",\"hits\":[{\"term\":\"甲\",\"field\":\"body\",\"text\":\"甲\",\"excerpt\":\"甲。\",\"start\":0,\"end\":1,\"count\":1}]}]";
	record_fault fault;
	buf out = {0};
	if (article_set_alerts(art, mr_bytes_of(alerts), "watch", &fault))
		fail_msg("%s", fault.message);
	article_dump_alert(art, 0, NULL, 1773362500000, &out);
	json_t *line = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(line);
	buf_free(&out);
	return line;
}

static void envelopes_tell_the_schema(void **state)
{
	static const char *const details[] = {"text", "none"};
	(void)state;
	for (int i = 0; i < 4; i++) {
		json_t *lines[2][3];
		for (int e = 0; e < 2; e++) {
			record_rules_values values = {.staged = true, .labels = labels, .label_count = i < 2 ? 3 : 0, .detail = details[i % 2], .envelope = e};
			record_rules *rules = record_rules_new_from(&values);
			record_source source = {.topic = "articles.raw", .timestamp_ms = i ? 1773362400000 : -1, .value = mr_bytes_of(plain)};
			record_fault fault;
			record *rec = record_parse(rules, &source, &fault);
			article *art = article_new(rec, 0, 1);
			verdict v = {.kind = "near", .has_owner = true, .similarity = 1};
			buf out = {0};
			lines[e][0] = dumped(art, NULL);
			article_dump_duplicate(art, &v, 1773362500000, &out);
			lines[e][1] = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
			buf_free(&out);
			lines[e][2] = dumped_alert(art);
			article_free(&art);
			record_free(&rec);
			record_rules_free(&rules);
		}
		check_envelope(lines[1][0], "millrace.article", lines[0][0]);
		check_envelope(lines[1][1], "millrace.duplicate", lines[0][1]);
		check_envelope(lines[1][2], "millrace.alert", lines[0][2]);
		for (int e = 0; e < 6; e++)
			json_decref(lines[e / 3][e % 3]);
	}
}

/* ---- headers ---- */

static const mr_field *named(const mr_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (mr_bytes_equal(fields[i].name, name))
			return &fields[i];
	return NULL;
}

static void headers_go_on(void **state)
{
	(void)state;
	const mr_field in[] = {
		{mr_bytes_of("b"), mr_bytes_of("1")}, {mr_bytes_of("Content-Type"), mr_bytes_of("text/html")}, {mr_bytes_of("b"), {NULL, 0}},
		{mr_bytes_of("millrace.error.code"), mr_bytes_of("x")}, {mr_bytes_of("\xff\n"), mr_bytes_of("\xff")}, {mr_bytes_of("traceparent"), mr_bytes_of("00-1")},
	};
	record_source source = {.topic = "articles.raw", .headers = in, .header_count = 6};
	mr_field out[RECORD_HEADERS_OUT_MAX];
	size_t count = record_headers_out(&source, NULL, out, RECORD_HEADERS_OUT_MAX);
	assert_int_equal(count, 5);
	assert_true(mr_bytes_equal(out[0].name, "b") && mr_bytes_equal(out[1].name, "b") && !out[1].value.data);
	assert_true(mr_bytes_equal(out[3].name, "traceparent"));
	assert_true(mr_bytes_equal(out[4].name, "content-type") && mr_bytes_equal(out[4].value, "application/json"));
}

/* The event is a new one: attributes of the event that came in are no attributes of it. Its trace goes on. */
static void events_have_their_own_attributes(void **state)
{
	(void)state;
	const mr_field in[] = {
		{mr_bytes_of("ce_id"), mr_bytes_of("old")}, {mr_bytes_of("CE_dataschema"), mr_bytes_of("old")}, {mr_bytes_of("ce_traceparent"), mr_bytes_of("00-2")},
		{mr_bytes_of("traceparent"), mr_bytes_of("00-1")}, {mr_bytes_of("cell"), mr_bytes_of("9")},
	};
	static const char *const want[][2] = {{"ce_traceparent", "00-2"}, {"traceparent", "00-1"}, {"cell", "9"}, {"content-type", "application/json"}, {"ce_specversion", "1.0"},
		{"ce_id", "i"}, {"ce_source", "/s"}, {"ce_type", "t"}, {"ce_time", "2026-03-13T00:41:40.000Z"}};
	record_source source = {.topic = "articles.raw", .headers = in, .header_count = 5};
	const cloud_event event = {"i", "/s", "t", "2026-03-13T00:41:40.000Z"};
	mr_field out[RECORD_HEADERS_OUT_MAX];
	size_t count = record_headers_out(&source, &event, out, RECORD_HEADERS_OUT_MAX);
	assert_int_equal(count, sizeof want / sizeof *want);
	for (size_t i = 0; i < count; i++)
		assert_true(mr_bytes_equal(out[i].name, want[i][0]) && mr_bytes_equal(out[i].value, want[i][1]));
	assert_int_equal(record_headers_out(&source, NULL, out, RECORD_HEADERS_OUT_MAX), 6);     /* without an event of ours they are headers as any */
	assert_true(mr_bytes_equal(out[0].name, "ce_id"));
	assert_int_equal(record_headers_out(&source, &event, out, 7), 7);
}

static void headers_are_bounded(void **state)
{
	(void)state;
	static char large[RECORD_HEADER_BYTES_MAX];
	mr_field in[200];
	memset(large, 'x', sizeof large);
	for (size_t i = 0; i < 200; i++)
		in[i] = (mr_field){mr_bytes_of("h"), mr_bytes_of("v")};
	in[1].value = (mr_bytes){large, sizeof large};
	in[198].name = mr_bytes_of("tracestate");
	in[199].name = mr_bytes_of("traceparent");
	record_source source = {.topic = "articles.raw", .headers = in, .header_count = 200};
	mr_field out[RECORD_HEADERS_OUT_MAX];
	size_t count = record_headers_out(&source, NULL, out, RECORD_HEADERS_OUT_MAX);
	assert_int_equal(count, RECORD_HEADERS_MAX + 1);
	assert_non_null(named(out, count, "traceparent"));
	assert_non_null(named(out, count, "tracestate"));
	for (size_t i = 0; i < count; i++)
		assert_true(out[i].value.len < 100);
	assert_int_equal(record_headers_out(&source, NULL, out, 4), 4);
}

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define PARENT "-b7ad6b7169203331-01"

/* The examples and the rules of W3C Trace Context, 3.2.2. */
static void the_trace_is_found(void **state)
{
	(void)state;
	static const struct {
		const char *value, *trace;
	} cases[] = {
		{"00-" TRACE PARENT, TRACE}, {"01-" TRACE PARENT, TRACE}, {"01-" TRACE PARENT "-more", TRACE},
		{"00-" TRACE PARENT "-more", ""}, {"00-" TRACE PARENT "0", ""}, {"01-" TRACE PARENT "0", ""}, {"ff-" TRACE PARENT, ""}, {"", ""}, {"00-" TRACE, ""},
		{"00-00000000000000000000000000000000" PARENT, ""}, {"00-0AF7651916CD43DD8448EB211C80319C" PARENT, ""}, {"0x-" TRACE PARENT, ""},
		{"00_" TRACE PARENT, ""}, {"00-" TRACE "-b7ad6b7169203331-0\n", ""}, {"00-" TRACE "-b7ad6b716920333\x1b-01", ""},
	};
	char out[TRACE_ID_BYTES];
	record_source source = {.topic = "articles.raw"};
	record_trace_id(&source, out);
	assert_string_equal(out, "");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const mr_field header = {mr_bytes_of(i % 2 ? "TraceParent" : "traceparent"), mr_bytes_of(cases[i].value)};
		source = (record_source){.topic = "articles.raw", .headers = &header, .header_count = 1};
		record_trace_id(&source, out);
		assert_string_equal(out, cases[i].trace);
	}
	const mr_field empty = {mr_bytes_of("traceparent"), {NULL, 0}};
	source.headers = &empty;
	record_trace_id(&source, out);
	assert_string_equal(out, "");
}

/* The same limits for articles, duplicates and dead letters: a trace arrives everywhere. */
static void dead_letters_carry_the_trace(void **state)
{
	(void)state;
	mr_field in[200], out[RECORD_HEADERS_OUT_MAX];
	buf scratch = {0};
	for (size_t i = 0; i < 200; i++)
		in[i] = (mr_field){mr_bytes_of("h"), mr_bytes_of("v")};
	in[198] = (mr_field){mr_bytes_of("tracestate"), mr_bytes_of("vendor=1")};
	in[199] = (mr_field){mr_bytes_of("traceparent"), mr_bytes_of("00-" TRACE PARENT)};
	record_source source = {.topic = "articles.raw", .headers = in, .header_count = 200};
	const record_fault fault = {.code = "input.not-json", .stage = "intake"};
	size_t count = record_headers_dead(&source, &(dead_letter){.fault = &fault}, out, RECORD_HEADERS_OUT_MAX, &scratch);
	assert_true(mr_bytes_equal(named(out, count, "traceparent")->value, "00-" TRACE PARENT));
	assert_true(mr_bytes_equal(named(out, count, "tracestate")->value, "vendor=1"));
	buf_free(&scratch);
}

static void dead_letters_say_why(void **state)
{
	(void)state;
	const mr_field in[] = {{mr_bytes_of("content-type"), mr_bytes_of("text/html")}, {mr_bytes_of("millrace.replays"), mr_bytes_of("2")}};
	record_source source = {.topic = "articles.raw", .partition = 1, .offset = 5, .headers = in, .header_count = 2};
	record_fault fault;
	record_fault_set(&fault, "stage.crash", "extract", "signal 11");
	dead_letter dead = {&fault, 3, 1773362400000, 1773362500000, false};
	mr_field out[RECORD_HEADERS_OUT_MAX];
	buf scratch = {0};
	buf_add_str(&scratch, "kept");
	size_t count = record_headers_dead(&source, &dead, out, RECORD_HEADERS_OUT_MAX, &scratch);
	static const char *const want[][2] = {
		{"content-type", "text/html"}, {"millrace.error.code", "stage.crash"}, {"millrace.error.stage", "extract"}, {"millrace.error.message", "signal 11"},
		{"millrace.error.attempts", "3"}, {"millrace.error.first-at", "2026-03-13T00:40:00.000Z"}, {"millrace.error.last-at", "2026-03-13T00:41:40.000Z"},
		{"millrace.source.topic", "articles.raw"}, {"millrace.source.partition", "1"}, {"millrace.source.offset", "5"}, {"millrace.version", MILLRACE_VERSION},
		{"millrace.replays", "2"},
	};
	assert_int_equal(count, sizeof want / sizeof *want);
	for (size_t i = 0; i < count; i++) {
		assert_true(mr_bytes_equal(out[i].name, want[i][0]));
		assert_true(mr_bytes_equal(out[i].value, want[i][1]));
	}
	assert_int_equal(strncmp(scratch.data, "kept", 4), 0);
	buf_free(&scratch);
}

/* ---- schemas ---- */

static void the_schema_files_are_current(void **state)
{
	(void)state;
	static const char *const names[] = {"article", "duplicate", "alert", "feed", "dead-letter"};
	record_rules *rules = rules_with(NULL, false);
	for (int i = 0; i < 5; i++) {
		char path[300];
		json_error_t error;
		buf out = {0};
		snprintf(path, sizeof path, "%s/conf/schema/%s.schema.json", SOURCE_DIR, names[i]);
		record_schema_print(rules, (enum record_schema)i, &out);
		json_t *now = json_loadb(out.data, out.len, 0, &error), *file = json_load_file(path, 0, &error);
		if (!json_equal(now, file))
			fail_msg("%s is not what `millrace schema %s` prints", path, names[i]);
		json_decref(now);
		json_decref(file);
		buf_free(&out);
	}
	record_rules_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages_set_fields),
		cmocka_unit_test(wrong_answers_are_refused),
		cmocka_unit_test(detail_has_its_shape),
		cmocka_unit_test(two_stages_add_up),
		cmocka_unit_test(bodies_are_checked),
		cmocka_unit_test(verdicts_are_told),
		cmocka_unit_test(previews_are_the_same_and_do_not_count),
		cmocka_unit_test(fields_come_in_the_order_of_the_table),
		cmocka_unit_test(headers_go_on),
		cmocka_unit_test(events_have_their_own_attributes),
		cmocka_unit_test(headers_are_bounded),
		cmocka_unit_test(envelopes_tell_the_schema),
		cmocka_unit_test(the_trace_is_found),
		cmocka_unit_test(dead_letters_carry_the_trace),
		cmocka_unit_test(dead_letters_say_why),
		cmocka_unit_test(the_schema_files_are_current),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
