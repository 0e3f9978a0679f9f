/* The latest outcomes: what is shown of each, what is cut, what is forgotten; hostile texts stay inside their strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>

#include "daemon/recent.h"

static partition home = {.topic = "articles.raw", .number = 3};

static json_t *loaded(buf *out)
{
	json_error_t error;
	json_t *all = json_loadb(out->data, out->len, 0, &error);
	if (!all)
		fail_msg("%s at %d: %.*s", error.text, error.position, (int)out->len, out->data);
	buf_free(out);
	return all;
}

static json_t *shown(const recent *r, uint64_t since)
{
	buf out = {0};
	recent_render(r, since, &out);
	return loaded(&out);
}

static json_t *one(const recent *r, uint64_t seq)
{
	buf out = {0};
	return recent_render_one(r, seq, &out) ? NULL : loaded(&out);
}

/* A finished feed record with one article whose record is `json`. */
static void add_article(recent *r, int64_t offset, const char *json, bool duplicate)
{
	part p = {.state = duplicate ? PART_DUPLICATE : PART_ARTICLE}, *parts[] = {&p};
	item it = {.partition = &home, .offset = offset, .state = ITEM_DONE, .parts = parts, .part_count = 1};
	buf_add_str(&p.out, json);
	recent_add(r, 1000 + offset, &it);
	buf_free(&p.out);
}

static const char *text_of(const json_t *entry, const char *name)
{
	return json_string_value(json_object_get(entry, name));
}

static void an_article_is_shown(void **state)
{
	(void)state;
	recent *r = recent_new();
	add_article(r, 7, "{\"schema_version\":1,\"article_id\":\"ab\",\"url\":\"https://a.example/1?x=\\\"\",\"source_name\":\"Marsh \\\\ Post\",\"title\":\"Reed, {mace} and [rush]\\\\\",\"body\":\"a\\nb \\\"},{\\\" c\","
		      "\"labels\":[\"science\",\"talent\"],\"primary_label\":\"science\",\"score_science\":0.91,\"evidence\":[\"science:a,b\",\"science:]\"],\"watches\":[\"marsh\"],\"duplicate_of\":null,\"similarity\":null,"
		      "\"detail\":{\"persons\":[{\"name\":\"Ada Reedson\",\"role\":null}],\"x\":\"}\"},\"extra\":\"{\\\"title\\\":\\\"wrong\\\"}\",\"published_at\":\"2026-03-01T00:00:00.000Z\"}", false);
	json_t *all = shown(r, 0), *a = json_array_get(json_object_get(all, "articles"), 0);
	assert_int_equal(json_integer_value(json_object_get(all, "next")), 1);
	assert_string_equal(text_of(a, "outcome"), "published");
	assert_string_equal(text_of(a, "title"), "Reed, {mace} and [rush]\\");
	assert_string_equal(text_of(a, "url"), "https://a.example/1?x=\"");
	assert_string_equal(text_of(a, "source"), "Marsh \\ Post");
	assert_int_equal(json_array_size(json_object_get(a, "labels")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(a, "evidence"), 1)), "science:]");
	assert_string_equal(json_string_value(json_array_get(json_object_get(a, "watches"), 0)), "marsh");
	assert_string_equal(text_of(a, "published_at"), "2026-03-01T00:00:00.000Z");
	assert_true(json_is_null(json_object_get(a, "duplicate_of")) && json_is_null(json_object_get(a, "reason")));
	assert_string_equal(text_of(a, "topic"), "articles.raw");
	assert_int_equal(json_integer_value(json_object_get(a, "partition")), 3);
	assert_int_equal(json_integer_value(json_object_get(a, "offset")), 7);
	assert_int_equal(json_integer_value(json_object_get(a, "at_ms")), 1007);
	json_t *whole = one(r, 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(whole, "record"), "body")), "a\nb \"},{\" c");
	json_decref(whole);
	json_decref(all);
	recent_free(&r);
}

static void long_texts_are_cut(void **state)
{
	(void)state;
	recent *r = recent_new();
	buf json = {0};
	buf_add_str(&json, "{\"title\":\"");
	for (int i = 0; i < 500; i++)
		buf_add_str(&json, i % 2 ? "\\n" : "\xE7\xA8\xBB");
	buf_add_str(&json, "\",\"url\":\"https://a.example/");
	for (int i = 0; i < 3000; i++)
		buf_add_char(&json, 'u');
	buf_add_str(&json, "\",\"evidence\":[");
	for (int i = 0; i < 40; i++)
		buf_printf(&json, "%s\"science:%d\"", i ? "," : "", i);
	buf_add_str(&json, "],\"labels\":[]}");
	add_article(r, 1, json.data, true);
	json_t *all = shown(r, 0), *a = json_array_get(json_object_get(all, "articles"), 0);
	assert_string_equal(text_of(a, "outcome"), "duplicate");
	assert_int_equal(strlen(text_of(a, "title")), 120 * 3 + 120 + 3);        /* 240 characters and an ellipsis */
	assert_null(text_of(a, "url"));                                          /* half an address would lead elsewhere */
	assert_int_equal(json_array_size(json_object_get(a, "evidence")), 12);
	assert_int_equal(json_array_size(json_object_get(a, "labels")), 0);
	assert_int_equal(json_array_size(json_object_get(a, "watches")), 0);
	json_decref(all);
	buf_free(&json);
	recent_free(&r);
}

static void of_a_long_record_the_rest_is_kept(void **state)
{
	(void)state;
	recent *r = recent_new();
	buf json = {0};
	buf_add_str(&json, "{\"title\":\"Long\",\"body\":\"");
	for (int i = 0; i < RECENT_RECORD_BYTES; i++)
		buf_add_char(&json, 'b');
	buf_add_str(&json, "\"");
	for (int i = 0; i < 40; i++) {
		buf_printf(&json, ",\"m%d\":\"", i);
		for (int k = 0; k < 4000; k++)
			buf_add_char(&json, 'm');
		buf_add_char(&json, '"');
	}
	buf_add_str(&json, "}");
	add_article(r, 1, json.data, false);
	json_t *whole = one(r, 0), *record = json_object_get(whole, "record");
	assert_string_equal(text_of(record, "title"), "Long");
	assert_null(json_object_get(record, "body"));
	assert_non_null(json_object_get(record, "m0"));
	assert_null(json_object_get(record, "m39"));
	json_decref(whole);
	buf_free(&json);
	recent_free(&r);
}

static void the_oldest_are_forgotten(void **state)
{
	(void)state;
	recent *r = recent_new();
	for (int i = 0; i < RECENT_COUNT + 30; i++)
		add_article(r, i, "{\"title\":\"T\"}", false);
	json_t *all = shown(r, 0), *list = json_object_get(all, "articles");
	assert_int_equal(json_array_size(list), RECENT_COUNT);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "seq")), 30);
	json_decref(all);
	all = shown(r, RECENT_COUNT + 28);
	assert_int_equal(json_array_size(json_object_get(all, "articles")), 2);
	json_decref(all);
	all = shown(r, RECENT_COUNT + 30);
	assert_int_equal(json_array_size(json_object_get(all, "articles")), 0);
	json_decref(all);
	all = shown(r, 999999);                                                  /* told by an earlier life of the daemon */
	assert_int_equal(json_array_size(json_object_get(all, "articles")), RECENT_COUNT);
	json_decref(all);
	assert_null(one(r, 29));
	assert_null(one(r, RECENT_COUNT + 30));
	json_decref(one(r, 30));
	recent_free(&r);
}

static void other_outcomes_are_told(void **state)
{
	(void)state;
	recent *r = recent_new();
	item dead = {.partition = &home, .offset = 1, .state = ITEM_DEAD}, tombstone = {.partition = &home, .offset = 2, .state = ITEM_DONE, .tombstone = true},
	     repeat = {.partition = &home, .offset = 3, .state = ITEM_REPEAT};
	record_fault_set(&dead.fault, "stage.crash", "extract", "worker ended: %s", "signal 11 \"<b>\"");
	buf_add_str(&repeat.out, "{\"article_id\":\"cd\",\"title\":\"Again\",\"duplicate_of\":\"ab\",\"duplicate_kind\":\"exact\",\"similarity\":1.0}");
	recent_add(r, 1, &dead);
	recent_add(r, 2, &tombstone);
	recent_add(r, 3, &repeat);
	buf_free(&repeat.out);
	json_t *all = shown(r, 0), *list = json_object_get(all, "articles");
	json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1), *third = json_array_get(list, 2);
	assert_string_equal(text_of(first, "outcome"), "dead");
	assert_string_equal(text_of(first, "reason"), "stage.crash");
	assert_string_equal(text_of(first, "stage"), "extract");
	assert_string_equal(text_of(first, "why"), "worker ended: signal 11 \"<b>\"");
	assert_string_equal(text_of(second, "outcome"), "tombstone");
	assert_true(json_is_null(json_object_get(second, "title")) && json_is_null(json_object_get(second, "reason")));
	assert_string_equal(text_of(third, "outcome"), "duplicate");
	assert_string_equal(text_of(third, "duplicate_of"), "ab");
	assert_true(json_real_value(json_object_get(third, "similarity")) == 1.0);
	json_decref(all);
	recent_free(&r);
	recent_free(&r);
}

/* dedup.duplicates = drop, and a dead letter that could be read: nothing went out, what is known is shown. */
static void what_never_went_out_is_told_in_short(void **state)
{
	(void)state;
	recent *r = recent_new();
	record_rules_values values = {.staged = true};
	record_rules *rules = record_rules_new_from(&values);
	record_source source = {.topic = "articles.raw", .timestamp_ms = -1, .value = mr_bytes_of("{\"id\":\"r1\",\"text\":\"Reeds.\",\"title\":\"Reeds cut\",\"url\":\"https://marsh.example/1\"}")};
	record_fault fault;
	part p = {.state = PART_DUPLICATE, .verdict = {.duplicate_of = {0xab}, .has_owner = true, .kind = "near", .similarity = 0.5}}, *parts[] = {&p};
	item dropped = {.partition = &home, .offset = 4, .state = ITEM_DONE, .parts = parts, .part_count = 1, .rec = record_parse(rules, &source, &fault)},
	     repeat = {.partition = &home, .offset = 5, .state = ITEM_REPEAT, .rec = dropped.rec, .repeat_pages = 1, .repeat_verdict = {.has_owner = true, .kind = "exact", .similarity = 1}},
	     dead = {.partition = &home, .offset = 6, .state = ITEM_DEAD, .rec = dropped.rec};
	record_fault_set(&dead.fault, "stage.timeout", "extract", "no answer");
	recent_add(r, 1, &dropped);
	recent_add(r, 1, &repeat);
	recent_add(r, 1, &dead);
	json_t *all = shown(r, 0), *list = json_object_get(all, "articles"), *a;
	size_t i;
	static const char *const outcomes[] = {"duplicate", "duplicate", "dead"}, *const kinds[] = {"near", "exact", NULL};
	json_array_foreach(list, i, a) {
		assert_string_equal(text_of(a, "outcome"), outcomes[i]);
		assert_string_equal(text_of(a, "title"), "Reeds cut");
		assert_string_equal(text_of(a, "url"), "https://marsh.example/1");
		if (kinds[i])
			assert_string_equal(text_of(a, "duplicate_kind"), kinds[i]);
		assert_true(json_is_null(json_object_get(a, "duplicate_of")) == !kinds[i]);
	}
	assert_int_equal(i, 3);
	json_t *whole = one(r, 2);
	assert_string_equal(text_of(json_object_get(whole, "record"), "feed_id"), "r1");
	json_decref(whole);
	json_decref(all);
	recent_free(&r);
	record_free(&dropped.rec);
	record_rules_free(&rules);
}

/* A filtered article has no record: what its feed record says of itself is shown, and what kept it out. */
static void filtered_articles_are_told(void **state)
{
	(void)state;
	recent *r = recent_new();
	record_rules_values values = {.staged = true};
	record_rules *rules = record_rules_new_from(&values);
	record_source source = {.topic = "articles.raw", .timestamp_ms = -1, .value = mr_bytes_of("{\"text\":\"Reeds.\",\"title\":\"Reeds cut\",\"source\":\"Marsh Post\"}")};
	record_fault fault;
	part p = {.state = PART_FILTERED, .filtered = FILTER_SOURCES}, *parts[] = {&p};
	item it = {.partition = &home, .offset = 4, .state = ITEM_DONE, .parts = parts, .part_count = 1, .rec = record_parse(rules, &source, &fault)};
	assert_true(item_filtered(&it));
	recent_add(r, 1, &it);
	json_t *all = shown(r, 0), *a = json_array_get(json_object_get(all, "articles"), 0);
	assert_string_equal(text_of(a, "outcome"), "filtered");
	assert_string_equal(text_of(a, "reason"), "sources");
	assert_true(json_is_null(json_object_get(a, "stage")) && json_is_null(json_object_get(a, "why")));
	assert_string_equal(text_of(a, "title"), "Reeds cut");
	assert_string_equal(text_of(a, "source"), "Marsh Post");
	json_decref(all);
	recent_free(&r);
	record_free(&it.rec);
	record_rules_free(&rules);
}

/* sink.envelope = connect: the record is what stands inside. */
static void the_envelope_is_taken_off(void **state)
{
	(void)state;
	recent *r = recent_new();
	record_rules_values values = {.staged = true, .detail = "text", .envelope = true};
	record_rules *rules = record_rules_new_from(&values);
	record_source source = {.topic = "articles.raw", .timestamp_ms = -1, .value = mr_bytes_of("{\"text\":\"Reeds.\",\"title\":\"Reeds cut\"}")};
	record_fault fault;
	part p = {.state = PART_ARTICLE}, *parts[] = {&p};
	item it = {.partition = &home, .offset = 4, .state = ITEM_DONE, .parts = parts, .part_count = 1, .rec = record_parse(rules, &source, &fault)};
	p.doc = article_new(it.rec, 0, 1);
	article_dump(p.doc, NULL, 0, &p.out);
	recent_add(r, 1, &it);
	json_t *whole = one(r, 0);
	assert_string_equal(text_of(whole, "title"), "Reeds cut");
	assert_string_equal(text_of(json_object_get(whole, "record"), "title"), "Reeds cut");
	json_decref(whole);
	recent_free(&r);
	buf_free(&p.out);
	article_free(&p.doc);
	record_free(&it.rec);
	record_rules_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_article_is_shown),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(of_a_long_record_the_rest_is_kept),
		cmocka_unit_test(the_oldest_are_forgotten),
		cmocka_unit_test(other_outcomes_are_told),
		cmocka_unit_test(what_never_went_out_is_told_in_short),
		cmocka_unit_test(filtered_articles_are_told),
		cmocka_unit_test(the_envelope_is_taken_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
