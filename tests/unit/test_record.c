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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_record_comes_out),
		cmocka_unit_test(bad_values_are_named),
	};
	return cmocka_run_group_tests(tests, make_rules, drop_rules);
}
