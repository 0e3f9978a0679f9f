/* The data contract, input side: what a message must be, which member fills which field, who a record is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "common/record.h"

static const char *const labels[] = {"education", "science", "talent"};
static record_rules *rules;

static int make_rules(void **state)
{
	(void)state;
	record_rules_values values = {.labels = labels, .label_count = 3};
	rules = record_rules_new_from(&values);
	return 0;
}

static int drop_rules(void **state)
{
	(void)state;
	record_rules_free(&rules);
	return 0;
}

static record_source message(const char *value)
{
	return (record_source){.topic = "articles.raw", .partition = 2, .offset = 17, .timestamp_ms = 1773362400123, .value = mr_bytes_of(value)};
}

/* The article record of a message that needs no stage, read back by Jansson. */
static json_t *through(const record_source *source)
{
	record_fault fault;
	record *rec = record_parse(rules, source, &fault);
	if (!rec)
		print_error("%s: %s\n", fault.code, fault.message);
	assert_non_null(rec);
	article *art = article_new(rec, 0, 1);
	record_release_input(rec);
	buf out = {0};
	article_dump(art, NULL, 1773362500000, &out);
	assert_null(memchr(out.data, '\n', out.len));
	json_error_t error;
	json_t *line = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
	if (!line)
		print_error("%s at %d: %s\n", error.text, error.position, out.data);
	assert_non_null(line);
	article_free(&art);
	record_free(&rec);
	buf_free(&out);
	return line;
}

static json_t *through_text(const char *value)
{
	record_source source = message(value);
	return through(&source);
}

static void has_text(const json_t *line, const char *name, const char *want)
{
	const json_t *value = json_object_get(line, name);
	assert_non_null(value);
	if (!want)
		assert_true(json_is_null(value));
	else {
		assert_true(json_is_string(value));
		assert_string_equal(json_string_value(value), want);
	}
}

static void has_int(const json_t *line, const char *name, int64_t want)
{
	assert_true(json_is_integer(json_object_get(line, name)));
	assert_int_equal(json_integer_value(json_object_get(line, name)), want);
}

static void refused(const char *value, size_t len, const char *code)
{
	record_fault fault = {0};
	record_source source = message("");
	source.value = (mr_bytes){value, len};
	record *rec = record_parse(rules, &source, &fault);
	assert_null(rec);
	assert_string_equal(fault.code, code);
	assert_string_equal(fault.stage, "intake");
	assert_true(strlen(fault.message) > 0);
}

static void a_plain_record_comes_out(void **state)
{
	(void)state;
	json_t *line = through_text("{\"id\": 42, \"url\":\"http://www.Paper.example/a/index.html?utm_source=x&id=7#top\", \"title\":\"城区新建两所小学\","
	                            "\"text\":\"正文第一段。\\n第二段。\", \"author\":[\"林晓\", \"赵一\"], \"source\":\"城市晚报\", \"published_at\":\"2026年3月13日 08:30\","
	                            "\"lang\":\"zh-CN\", \"weight\": 3.14159265358979323846, \"big\":9007199254740993, \"keywords\":\"教育，小学;招生\"}");
	has_int(line, "schema_version", 1);
	has_text(line, "feed_id", "42");
	has_text(line, "url_canonical", "https://paper.example/a?id=7");
	has_text(line, "title", "城区新建两所小学");
	has_text(line, "body", "正文第一段。\n第二段。");
	has_int(line, "characters", 11);
	has_text(line, "source_name", "城市晚报");
	has_text(line, "published_at", "2026-03-13T08:30:00.000+08:00");
	has_int(line, "published_at_ms", 1773361800000);
	has_text(line, "published_precision", "minute");
	has_text(line, "published_from", "feed");
	has_text(line, "language", "zh");
	has_text(line, "script", "Hans");
	has_text(line, "extra", "{\"lang\":\"zh-CN\",\"weight\":3.14159265358979323846,\"big\":9007199254740993}");
	has_text(line, "source_topic", "articles.raw");
	has_int(line, "source_offset", 17);
	has_text(line, "primary_label", "none");
	has_text(line, "story_id", json_string_value(json_object_get(line, "article_id")));
	has_text(line, "processed_at", "2026-03-13T00:41:40.000Z");
	assert_int_equal(json_array_size(json_object_get(line, "authors")), 2);
	assert_int_equal(json_array_size(json_object_get(line, "keywords")), 3);
	json_decref(line);
}

static void bad_values_are_named(void **state)
{
	(void)state;
#define REFUSED(text, code) refused(text, sizeof text - 1, code)
	REFUSED("", "input.not-json");
	REFUSED("{\"text\":\"a\"", "input.not-json");
	REFUSED("[1]", "input.not-json");
	REFUSED("{\"text\":\"a\"} x", "input.not-json");
	REFUSED("{\"text\":\"a\",\"text\":\"b\"}", "input.not-json");
	REFUSED("{\"text\":\"\xB1\xB1\xBE\xA9\"}", "input.not-utf8");
	REFUSED("{\"text\":\"a\",\"n\":9223372036854775808}", "input.bad-number");
	REFUSED("{\"text\":\"a\",\"n\":1e400}", "input.bad-number");
	REFUSED("{\"text\":\"a\",\"n\":NaN}", "input.bad-number");
	REFUSED("{\"text\":\"a\\u0000\"}", "input.nul");
	REFUSED("{\"a\\u0000\":\"b\"}", "input.nul");
	REFUSED("{\"id\":1\0,\"text\":\"a\"}", "input.nul");          /* a NUL byte behind a number */
	REFUSED("{\"text\":\"\"}", "input.no-text");
	REFUSED("{\"text\":\" \\n\xE3\x80\x80\"}", "input.no-text");
	REFUSED("{\"text\":7}", "input.no-text");
	char deep[200];
	memset(deep, '[', sizeof deep);
	refused(deep, sizeof deep, "input.too-deep");
	buf wide = {0};
	buf_add_str(&wide, "{\"text\":\"a\",\"l\":[");
	for (int i = 0; i < 70000; i++)
		buf_add_str(&wide, "{},");
	buf_add_str(&wide, "1]}");
	refused(wide.data, wide.len, "input.too-large");
	buf_free(&wide);
	char *large = malloc(5u << 20);
	memset(large, ' ', 5u << 20);
	refused(large, 5u << 20, "input.too-large");
	free(large);
}

static record *parsed(const record_source *source)
{
	record_fault fault;
	record *rec = record_parse(rules, source, &fault);
	if (!rec)
		print_error("%s: %s\n", fault.code, fault.message);
	assert_non_null(rec);
	return rec;
}

static void id_of(const record_source *source, char out[33])
{
	record *rec = parsed(source);
	uint8_t id[ARTICLE_ID_BYTES];
	record_article_id(rec, 0, id);
	id_hex(id, out);
	record_free(&rec);
}

static void same_id(const record_source *a, const record_source *b, bool want)
{
	char x[33], y[33];
	id_of(a, x);
	id_of(b, y);
	assert_int_equal(strcmp(x, y) == 0, want);
}

static void identity_follows_the_rule(void **state)
{
	(void)state;
	record_source a = message("{\"id\":\"7\",\"source\":\"晚报\",\"text\":\"甲\"}"), b = message("{\"guid\":7,\"publisher\":{\"name\":\"晚报\"},\"text\":\"乙\"}");
	b.offset = 99;
	b.topic = "other.raw";
	same_id(&a, &b, true);                           /* id and source, whatever their names */
	record_source c = message("{\"id\":\"7\",\"text\":\"甲\"}"), d = c;
	same_id(&a, &c, false);
	d.offset = 3;
	same_id(&c, &d, true);                           /* id with the topic */
	d.topic = "other.raw";
	same_id(&c, &d, false);
	record_source e = message("{\"url\":\"http://m.paper.example/a?spm=1\",\"text\":\"甲\"}"), f = message("{\"link\":\"https://paper.example/a/\",\"text\":\"乙\"}");
	f.offset = 5;
	same_id(&e, &f, true);
	record_source g = message("{\"text\":\"甲\"}"), h = g;
	h.offset = 18;
	same_id(&g, &h, false);
}

static void a_replayed_dead_letter_keeps_its_id(void **state)
{
	(void)state;
	record_source first = message("{\"text\":\"甲\"}"), again = first;
	mr_field headers[] = {
		{mr_bytes_of("millrace.source.topic"), mr_bytes_of("articles.raw")},
		{mr_bytes_of("millrace.source.partition"), mr_bytes_of("2")},
		{mr_bytes_of("millrace.source.offset"), mr_bytes_of("17")},
	};
	again.partition = 0;
	again.offset = 4000;
	again.headers = headers;
	again.header_count = 3;
	same_id(&first, &again, true);
	again.header_count = 2;                          /* two of three say nothing */
	same_id(&first, &again, false);
	headers[2].value = mr_bytes_of("-17");
	again.header_count = 3;
	same_id(&first, &again, false);
}

static void keys_make_ids_when_told(void **state)
{
	(void)state;
	record_rules *before = rules;
	record_rules_values values = {.identity_is_key = true};
	rules = record_rules_new_from(&values);
	record_source a = message("{\"id\":\"1\",\"text\":\"甲\"}"), b = message("{\"id\":\"2\",\"text\":\"乙\"}");
	a.key = b.key = mr_bytes_of("k1");
	same_id(&a, &b, true);
	uint8_t stone[ARTICLE_ID_BYTES];
	char hex[33], id[33];
	record_source tomb = a;
	tomb.value = (mr_bytes){NULL, 0};
	record_tombstone_id(rules, &tomb, stone);
	id_hex(stone, hex);
	id_of(&a, id);
	assert_string_equal(hex, id);
	b.key = mr_bytes_of("k2");
	same_id(&a, &b, false);
	b.key = (mr_bytes){NULL, 0};
	b.offset = 1;
	same_id(&a, &b, false);
	record_rules_free(&rules);
	rules = before;
}

/* Ids are for ever: this one was computed once and must never change. */
static void ids_are_for_ever(void **state)
{
	(void)state;
	record_source a = message("{\"id\":\"7\",\"source\":\"晚报\",\"text\":\"甲\"}");
	char hex[33];
	id_of(&a, hex);
	assert_string_equal(hex, "32083e0237685dd3c65bea1f156efdb3");
}

static void prints_equal(const char *a, const char *b, bool want)
{
	uint8_t x[16], y[16];
	record_source s = message(a), t = message(b);
	record *p = parsed(&s), *q = parsed(&t);
	record_fingerprint(p, x);
	record_fingerprint(q, y);
	assert_int_equal(memcmp(x, y, 16) == 0, want);
	record_free(&p);
	record_free(&q);
}

static void the_fingerprint_sees_content_alone(void **state)
{
	(void)state;
	prints_equal("{\"id\":1,\"title\":\"甲\",\"text\":\"乙\",\"fetched_at\":\"2026-03-13\"}", "{ \"text\" : \"乙\",\n\"title\":\"\\u7532\", \"guid\":\"x\",\"crawl_time\":9 }", true);
	prints_equal("{\"title\":\"甲\",\"text\":\"乙\"}", "{\"title\":\"乙\",\"text\":\"甲\"}", false);
	prints_equal("{\"title\":\"甲\",\"text\":\"乙\"}", "{\"title\":\"甲\",\"text\":\"乙\",\"n\":1}", false);
	prints_equal("{\"text\":\"乙\",\"n\":1}", "{\"text\":\"乙\",\"n\":2}", false);
	prints_equal("{\"text\":\"乙\",\"n\":\"1\"}", "{\"text\":\"乙\",\"n\":1}", false);
	prints_equal("{\"text\":\"乙\",\"n\":[1, {\"a\":\"b c\"}]}", "{\"text\":\"乙\",\"n\":[1,{\"a\" : \"b c\"}]}", true);
	prints_equal("{\"text\":\"乙\",\"n\":[\"b c\"]}", "{\"text\":\"乙\",\"n\":[\"bc\"]}", false);
	prints_equal("{\"text\":\"乙\",\"url\":\"https://paper.example/1\"}", "{\"text\":\"乙\",\"url\":\"https://paper.example/2\"}", false);
}

static void the_first_usable_name_wins(void **state)
{
	(void)state;
	json_t *line = through_text("{\"headline\":\"乙\",\"title\":\"  \",\"article_title\":\"丙\",\"text\":\"正文\",\"articleBody\":\"另一篇\",\"published_at\":\"None\",\"pubDate\":\"Fri, 13 Mar 2026 08:30:00 GMT\"}");
	has_text(line, "title", "乙");
	has_text(line, "body", "正文");
	has_text(line, "published_at", "2026-03-13T08:30:00.000Z");
	has_text(line, "extra", "{\"article_title\":\"丙\",\"articleBody\":\"另一篇\",\"published_at\":\"None\"}");
	json_decref(line);
}

static void odd_forms_are_taken_or_kept(void **state)
{
	(void)state;
	json_t *line = through_text("{\"text\":\"正文\",\"title\":2026,\"author\":{\"@type\":\"Person\",\"name\":\"林晓\"},\"source\":[\"晚报\"],\"section\":true,\"page\":3,"
	                            "\"keywords\":[\"甲\",7,\"\"],\"language\":\"klingon!\",\"url\":\"not an address\",\"updated_at\":1773362415,\"a\\\"\\n\":null}");
	has_text(line, "title", "2026");
	has_text(line, "source_name", NULL);
	has_text(line, "section", NULL);
	has_text(line, "page", "3");
	has_text(line, "language", NULL);
	has_text(line, "url", "not an address");
	has_text(line, "url_canonical", NULL);
	has_text(line, "updated_at", "2026-03-13T00:40:15.000Z");
	assert_string_equal(json_string_value(json_array_get(json_object_get(line, "authors"), 0)), "林晓");
	assert_int_equal(json_array_size(json_object_get(line, "keywords")), 1);
	has_text(line, "extra", "{\"author\":{\"@type\":\"Person\",\"name\":\"林晓\"},\"source\":[\"晚报\"],\"section\":true,\"keywords\":[\"甲\",7,\"\"],"
	                        "\"language\":\"klingon!\",\"a\\\"\\n\":null}");
	json_decref(line);
}

static void zone_follows_the_language(void **state)
{
	(void)state;
	static const struct { const char *value, *want; } cases[] = {
		{"{\"text\":\"城区新建学校。\",\"published_at\":\"2026-03-13 08:30\"}", "2026-03-13T08:30:00.000+08:00"},
		{"{\"text\":\"A new school opens in 北京.\",\"published_at\":\"2026-03-13 08:30\"}", "2026-03-13T08:30:00.000Z"},
		{"{\"text\":\"A new school.\",\"lang\":\"zh\",\"published_at\":\"2026-03-13 08:30\"}", "2026-03-13T08:30:00.000+08:00"},
		{"{\"text\":\"城区新建学校。\",\"lang\":\"en\",\"published_at\":\"2026-03-13 08:30\"}", "2026-03-13T08:30:00.000Z"},
		{"{\"html\":\"<p class='lead long latin words here'>城区新建学校。</p>\",\"published_at\":\"2026-03-13 08:30\"}", "2026-03-13T08:30:00.000+08:00"},
		{"{\"title\":\"新しい学校がひらく\",\"text\":\"x\",\"published_at\":\"2026-03-13 08:30\"}", "2026-03-13T08:30:00.000Z"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *line = through_text(cases[i].value);
		has_text(line, "published_at", cases[i].want);
		json_decref(line);
	}
}

static const mr_field *given(const mr_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (mr_bytes_equal(fields[i].name, name))
			return &fields[i];
	return NULL;
}

static void the_first_stage_is_given(const record_source *source, const char *input, const char *kind, const char *fallback, const char *charset)
{
	static const char *const names[] = {"input", "input.text", "charset", "clock_ms", "authors", "title", NULL};
	record *rec = parsed(source);
	mr_field fields[6];
	buf scratch = {0};
	size_t count = record_fields(rec, names, fields, &scratch);
	assert_true(mr_bytes_equal(record_input(rec), input));
	assert_true(mr_bytes_equal(given(fields, count, "input")->value, kind));
	assert_int_equal(given(fields, count, "input.text") != NULL, fallback != NULL);
	if (fallback)
		assert_true(mr_bytes_equal(given(fields, count, "input.text")->value, fallback));
	assert_int_equal(given(fields, count, "charset") != NULL, charset != NULL);
	if (charset)
		assert_true(mr_bytes_equal(given(fields, count, "charset")->value, charset));
	assert_true(mr_bytes_equal(given(fields, count, "clock_ms")->value, "1773362400123"));
	buf_free(&scratch);
	record_free(&rec);
}

static void html_and_text_find_their_place(void **state)
{
	(void)state;
	record_source s = message("{\"text\":\"正文\"}");
	the_first_stage_is_given(&s, "正文", "text", NULL, "UTF-8");
	s = message("{\"text\":\"正文\",\"html\":\"<p>页\"}");
	the_first_stage_is_given(&s, "<p>页", "html", "正文", "UTF-8");
	s = message("{\"content\":\"<div>页</div>\"}");
	the_first_stage_is_given(&s, "<div>页</div>", "html", NULL, "UTF-8");
	s = message("{\"body\":\"if a<b then b>a\"}");
	the_first_stage_is_given(&s, "if a<b then b>a", "text", NULL, "UTF-8");
	s = message("{\"html\":\" \",\"body\":\"正文\"}");
	the_first_stage_is_given(&s, "正文", "text", NULL, "UTF-8");
	s = message("\xEF\xBB\xBF{\"text\":\"正文\"}");
	the_first_stage_is_given(&s, "正文", "text", NULL, "UTF-8");
}

static void lists_and_numbers_stand_in_scratch(void **state)
{
	(void)state;
	static const char *const names[] = {"clock_ms", "authors", "title", "published_at_ms", "keywords", "no_such", NULL};
	record_source s = message("{\"text\":\"正文\",\"author\":[\"甲\",\"乙\"],\"title\":\"题\",\"published_at\":\"2026-03-13\",\"fetched_at\":\"2026-03-14T00:00:00Z\"}");
	record *rec = parsed(&s);
	mr_field fields[6];
	buf scratch = {0};
	size_t count = record_fields(rec, names, fields, &scratch);
	assert_int_equal(count, 4);
	assert_true(mr_bytes_equal(given(fields, count, "authors")->value, "甲\n乙"));
	assert_true(mr_bytes_equal(given(fields, count, "published_at_ms")->value, "1773331200000"));
	assert_true(mr_bytes_equal(given(fields, count, "clock_ms")->value, "1773446400000"));
	assert_int_equal(record_clock_ms(rec), 1773446400000);
	assert_true(record_memory(rec) > 200);
	buf_free(&scratch);
	record_free(&rec);
}

static void raw_values_take_headers(void **state)
{
	(void)state;
	record_rules *before = rules;
	static const char *const formats[] = {"json", "papers.raw:text"};
	record_rules_values values = {.staged = true, .formats = formats, .format_count = 2};
	rules = record_rules_new_from(&values);
	const mr_field headers[] = {
		{mr_bytes_of("Content-Type"), mr_bytes_of("text/html; charset=\"GBK\"")},
		{mr_bytes_of("title"), mr_bytes_of("题")},
		{mr_bytes_of("id"), mr_bytes_of("h-1")},
		{mr_bytes_of("url"), mr_bytes_of("http://www.paper.example/a")},
		{mr_bytes_of("source"), mr_bytes_of("\xB1\xB1")},
	};
	record_source s = message("<p>\xB1\xB1\xBE\xA9");
	s.headers = headers;
	s.header_count = 5;
	the_first_stage_is_given(&s, "<p>\xB1\xB1\xBE\xA9", "html", NULL, "GBK");
	record *rec = parsed(&s);
	assert_true(mr_bytes_equal(record_address(rec), "https://paper.example/a"));
	record_free(&rec);
	json_t *line = through(&s);
	has_text(line, "title", "题");
	has_text(line, "feed_id", "h-1");
	has_text(line, "source_name", NULL);
	json_decref(line);
	s.header_count = 0;
	s.topic = "papers.raw";
	the_first_stage_is_given(&s, "<p>\xB1\xB1\xBE\xA9", "text", NULL, NULL);
	record_rules_free(&rules);
	rules = before;                                  /* without a stage that decodes */
	record_fault fault;
	const mr_field plain = {mr_bytes_of("content-type"), mr_bytes_of("text/plain")};
	s.headers = &plain;
	s.header_count = 1;
	assert_null(record_parse(rules, &s, &fault));
	assert_string_equal(fault.code, "input.not-utf8");
	s.value = mr_bytes_of(" \n");
	assert_null(record_parse(rules, &s, &fault));
	assert_string_equal(fault.code, "input.no-text");
}

static void rules_live_as_long_as_their_records(void **state)
{
	(void)state;
	record_rules_values values = {.labels = labels, .label_count = 3};
	record_rules *old = record_rules_new_from(&values);
	record_source s = message("{\"text\":\"正文\"}");
	record_fault fault;
	record *rec = record_parse(old, &s, &fault);
	record_rules_free(&old);
	article *art = article_new(rec, 0, 1);
	buf out = {0};
	article_dump(art, NULL, 0, &out);
	assert_non_null(strstr(out.data, "\"score_talent\":0.0"));
	buf_free(&out);
	article_free(&art);
	record_free(&rec);
}

static void messages_are_clean(void **state)
{
	(void)state;
	record_fault fault;
	record_fault_set(&fault, "stage.crash", "extract", "a\nb\x1b[31m \xff %s", "很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明很长的说明");
	assert_true(strlen(fault.message) <= 200);
	assert_int_equal(strncmp(fault.message, "a?b?[31m ? 很", 14), 0);
	assert_true((unsigned char)fault.message[strlen(fault.message) - 3] >= 0xE0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_record_comes_out),
		cmocka_unit_test(bad_values_are_named),
		cmocka_unit_test(identity_follows_the_rule),
		cmocka_unit_test(a_replayed_dead_letter_keeps_its_id),
		cmocka_unit_test(keys_make_ids_when_told),
		cmocka_unit_test(ids_are_for_ever),
		cmocka_unit_test(the_fingerprint_sees_content_alone),
		cmocka_unit_test(the_first_usable_name_wins),
		cmocka_unit_test(odd_forms_are_taken_or_kept),
		cmocka_unit_test(zone_follows_the_language),
		cmocka_unit_test(html_and_text_find_their_place),
		cmocka_unit_test(lists_and_numbers_stand_in_scratch),
		cmocka_unit_test(raw_values_take_headers),
		cmocka_unit_test(rules_live_as_long_as_their_records),
		cmocka_unit_test(messages_are_clean),
	};
	return cmocka_run_group_tests(tests, make_rules, drop_rules);
}
