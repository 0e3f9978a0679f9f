/* A published record as a row, and the row as a tuple of PostgreSQL's binary COPY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli/load_copy.c"
#include "common/mem.h"

#define HEAD "{\"schema_version\":1,\"article_id\":\"00112233445566778899aabbccddeeff\""

static const char *const labels[] = {"education", "own_label"};

typedef struct bed {
	record_rules *rules;
	row_columns columns;
	row row;
	record_fault fault;
} bed;

static int set_up(void **state)
{
	bed *b = mem_alloc(sizeof *b);
	b->rules = record_rules_new_from(&(record_rules_values){.labels = labels, .label_count = 2});
	b->columns = row_columns_of(b->rules, SCHEMA_ARTICLE);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	bed *b = *state;
	row_free(&b->row);
	row_columns_free(&b->columns);
	record_rules_free(&b->rules);
	free(b);
	return 0;
}

static int read_text(bed *b, const char *text)
{
	b->fault = (record_fault){0};
	return row_read(&b->columns, mr_bytes_of(text), 100000, &b->row, &b->fault);
}

static const row_value *value(const bed *b, const char *name)
{
	for (size_t i = 0; i < b->columns.count; i++)
		if (strcmp(b->columns.list[i].name, name) == 0)
			return &b->row.values[i];
	fail_msg("no column %s", name);
	return NULL;
}

static bool has(const row_columns *columns, const char *name)
{
	for (size_t i = 0; i < columns->count; i++)
		if (strcmp(columns->list[i].name, name) == 0)
			return true;
	return false;
}

static void test_columns_follow_taxonomy_and_kind(void **state)
{
	bed *b = *state;
	row_columns copies = row_columns_of(b->rules, SCHEMA_DUPLICATE);
	assert_true(has(&b->columns, "score_education") && has(&b->columns, "score_own_label") && has(&b->columns, "detail") && has(&b->columns, "body"));
	assert_false(has(&b->columns, "score_") || has(&b->columns, "score_science"));
	assert_true(has(&copies, "article_id") && has(&copies, "duplicate_of") && !has(&copies, "body") && !has(&copies, "score_education"));
	row_columns_free(&copies);
}

static void test_values_have_their_types(void **state)
{
	bed *b = *state;
	assert_int_equal(read_text(b, HEAD ",\"title\":\"霁川\",\"characters\":-7,\"truncated\":true,\"labels\":[\"a\",\"\"],\"score_own_label\":1,\"published_at\":\"1970-01-01T08:00:01.500+08:00\","
	                              "\"processed_at_ms\":12,\"revision\":3,\"detail\":{\"x\":0.1}}"), 0);
	assert_true(mr_bytes_equal(value(b, "title")->text, "霁川") && mr_bytes_equal(b->row.id, "00112233445566778899aabbccddeeff"));
	assert_int_equal(value(b, "characters")->number, -7);
	assert_true(value(b, "truncated")->yes && value(b, "score_own_label")->real == 1.0);
	assert_int_equal(value(b, "published_at")->ms, 1500);
	assert_int_equal(json_array_size(value(b, "labels")->list), 2);
	assert_true(mr_bytes_equal(value(b, "detail")->text, "{\"x\":0.1}"));
	assert_true(b->row.processed_ms == 12 && b->row.revision == 3);
	assert_null(b->row.others.data);
}

static void test_what_is_missing_is_null_or_empty(void **state)
{
	bed *b = *state;
	assert_int_equal(read_text(b, HEAD ",\"title\":null,\"persons\":null}"), 0);
	assert_true(value(b, "title")->null && value(b, "body")->null && value(b, "detail")->null && value(b, "score_education")->null);
	assert_false(value(b, "persons")->null || value(b, "labels")->null);
	assert_int_equal(json_array_size(value(b, "persons")->list), 0);
}

static void test_members_without_a_column_stay_together(void **state)
{
	bed *b = *state;
	assert_int_equal(read_text(b, HEAD ",\"score_science\":0.1,\"later\":{\"a\":[\"\\u0000\",1e300]},\"title\":\"a\\u0000\\u0000b\"}"), 0);
	assert_string_equal(b->row.others.data, "{\"score_science\":0.1,\"later\":{\"a\":[\"\xEF\xBF\xBD\",1e+300]}}");
	assert_true(mr_bytes_equal(value(b, "title")->text, "a\xEF\xBF\xBD\xEF\xBF\xBD" "b"));
}

static void test_envelope_and_detail_as_text(void **state)
{
	bed *b = *state;
	assert_int_equal(read_text(b, "{\"schema\":null,\"payload\":" HEAD ",\"detail\":\"{\\\"metrics\\\": [2.50]}\"}}"), 0);
	assert_true(mr_bytes_equal(value(b, "detail")->text, "{\"metrics\":[2.5]}"));
	assert_null(b->row.others.data);
	assert_int_equal(read_text(b, HEAD ",\"payload\":{}}"), 0);
	assert_true(mr_bytes_equal(b->row.others, "{\"payload\":{}}"));
}

static void test_what_is_no_row_says_why(void **state)
{
	static const char *const bad[][2] = {
		{"not-json", ""}, {"not-json", "{"}, {"not-json", "[]"}, {"not-json", "\"x\""}, {"not-json", "{\"a\":1,\"a\":2}"}, {"not-json", "{\"a\":\"\xff\"}"},
		{"not-json", "{\"\\u0000\":1}"}, {"schema-version", "{}"}, {"schema-version", "{\"schema_version\":\"1\"}"}, {"schema-version", "{\"schema_version\":2}"},
		{"no-article-id", "{\"schema_version\":1}"}, {"no-article-id", "{\"schema_version\":1,\"article_id\":\"00112233445566778899AABBCCDDEEFF\"}"},
		{"wrong-type", HEAD ",\"title\":1}"}, {"wrong-type", HEAD ",\"characters\":1.5}"}, {"wrong-type", HEAD ",\"truncated\":0}"}, {"wrong-type", HEAD ",\"labels\":[null]}"},
		{"wrong-type", HEAD ",\"published_at\":\"2024-05-06\"}"}, {"wrong-type", HEAD ",\"score_education\":\"1\"}"}, {"wrong-type", HEAD ",\"detail\":\"{\"}"},
		{"wrong-type", HEAD ",\"detail\":7}"}, {"wrong-type", HEAD ",\"detail\":\"7\"}"},
	};
	bed *b = *state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(read_text(b, bad[i][1]), -1);
		if (strcmp(b->fault.code, bad[i][0]) != 0 || !b->fault.message[0])
			fail_msg("%s gave %s: %s", bad[i][1], b->fault.code, b->fault.message);
	}
}

static void test_size_depth_and_number_are_bounded(void **state)
{
	bed *b = *state;
	buf text = {0};
	assert_int_equal(row_read(&b->columns, mr_bytes_of(HEAD "}"), 20, &b->row, &b->fault), -1);
	assert_string_equal(b->fault.code, "too-large");
	for (int i = 0; i < 5000; i++)
		buf_add_char(&text, '[');
	assert_int_equal(read_text(b, text.data), -1);
	assert_non_null(strstr(b->fault.message, "deeper"));
	buf_clear(&text);
	buf_add_str(&text, HEAD ",\"labels\":[0");
	for (int i = 0; i < 70000; i++)
		buf_add_str(&text, ",0");
	buf_add_str(&text, "]}");
	assert_int_equal(row_read(&b->columns, buf_bytes(&text), SIZE_MAX, &b->row, &b->fault), -1);
	assert_non_null(strstr(b->fault.message, "values"));
	buf_free(&text);
}

static void test_forms_of_copy(void **state)
{
	buf out = {0};
	(void)state;
	copy_begin(&out);
	assert_int_equal(out.len, 19);
	assert_memory_equal(out.data, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
	buf_clear(&out);
	copy_time(&out, 946684800001);
	assert_memory_equal(out.data, "\0\0\0\x08\0\0\0\0\0\0\x03\xe8", 12);
	buf_clear(&out);
	copy_time(&out, 946684799999);
	assert_memory_equal(out.data, "\0\0\0\x08\xff\xff\xff\xff\xff\xff\xfc\x18", 12);
	buf_clear(&out);
	copy_int4(&out, -2);
	copy_real(&out, 1.0);
	copy_json(&out, mr_bytes_of("{}"));
	copy_text(&out, (mr_bytes){0});
	assert_memory_equal(out.data, "\0\0\0\x04\xff\xff\xff\xfe\0\0\0\x08\x3f\xf0\0\0\0\0\0\0\0\0\0\x03\x01{}\xff\xff\xff\xff", 31);
	buf_clear(&out);
	json_t *list = json_pack("[s,s]", "ab", "");
	copy_texts(&out, list);
	assert_int_equal(out.len, 4 + 30);
	assert_memory_equal(out.data, "\0\0\0\x1e\0\0\0\x01\0\0\0\0\0\0\0\x19\0\0\0\x02\0\0\0\x01\0\0\0\x02" "ab\0\0\0\0", 34);
	json_decref(list);
	buf_clear(&out);
	copy_texts(&out, NULL);
	assert_memory_equal(out.data, "\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\x19", 16);
	buf_free(&out);
}

static void test_a_tuple_has_all_columns(void **state)
{
	bed *b = *state;
	buf out = {0};
	assert_int_equal(read_text(b, HEAD "}"), 0);
	copy_row(&out, &b->columns, &b->row, &(copy_place){"t", 1, 2});
	size_t fields = (size_t)((unsigned char)out.data[0] << 8 | (unsigned char)out.data[1]);
	assert_int_equal(fields, b->columns.count + COPY_PLACE_FIELDS);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_columns_follow_taxonomy_and_kind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_values_have_their_types, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_missing_is_null_or_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_members_without_a_column_stay_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_envelope_and_detail_as_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_no_row_says_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_size_depth_and_number_are_bounded, set_up, tear_down),
		cmocka_unit_test(test_forms_of_copy),
		cmocka_unit_test_setup_teardown(test_a_tuple_has_all_columns, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
