/* The long lists of an answer: read without a tree, written as they stand in a record, or left to the slow way; and what is outside sees no difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "common/record.h"
#include "common/record_lists.h"

/* The list as it is written; NULL: left to the slow way. */
static char *read_list(const char *text, const detail_slot *slots, size_t *values)
{
	buf out = {0}, scratch[2] = {{0}};
	const char *at = text;
	bool taken = list_read(&at, text + strlen(text), slots, &out, scratch, values, 1000);
	assert_true(taken ? at > text : at == text);
	buf_free(&scratch[0]);
	buf_free(&scratch[1]);
	if (taken)
		return buf_take(&out, NULL);
	buf_free(&out);
	return NULL;
}

static void gives(const char *text, const detail_slot *slots, const char *want)
{
	size_t values = 0;
	char *got = read_list(text, slots, &values);
	if (!got || strcmp(got, want) != 0)
		fail_msg("%s\n   gave %s\n   want %s", text, got ? got : "nothing", want);
	free(got);
	json_t *tree = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	buf out = {0};
	assert_non_null(tree);
	assert_null(list_check(tree, slots));
	list_write(tree, slots, &out);           /* the slow way */
	assert_string_equal(out.data, want);
	buf_free(&out);
	json_decref(tree);
}

static void leaves(const char *text, const detail_slot *slots)
{
	size_t values = 0;
	char *got = read_list(text, slots, &values);
	if (got)
		fail_msg("%s\n   gave %s", text, got);
	assert_int_equal(values, 0);
}

static void strings_are_written_our_way(void **state)
{
	(void)state;
	gives("[]", NULL, "[]");
	gives(" [ ]", NULL, "[]");
	gives("[\"甲\",\"乙\"]", NULL, "[\"甲\",\"乙\"]");
	gives("[ \"甲\" ,\n\t\"乙\" ]", NULL, "[\"甲\",\"乙\"]");
	gives("[\"\",\"甲\",\"\",\"乙\",\"\"]", NULL, "[\"甲\",\"乙\"]");
	gives("[\"\",\"\"]", NULL, "[]");
	gives("[\"\\u7532\\u4e59\"]", NULL, "[\"甲乙\"]");
	gives("[\"\\ud83c\\udf93\"]", NULL, "[\"🎓\"]");
	gives("[\"a\\/b\\n\\t\\\"\\\\\\u0007\\u001F\"]", NULL, "[\"a/b\\n\\t\\\"\\\\\\u0007\\u001f\"]");
	gives("[\"\xEF\xBF\xBD\x7F\"]", NULL, "[\"\xEF\xBF\xBD\x7F\"]");
	gives("[\"[{,:}]\"]", NULL, "[\"[{,:}]\"]");
}

static void hostile_strings_are_left(void **state)
{
	static const char *const texts[] = {"", "[", "[\"", "[\"a", "[\"a\"", "[\"a\",", "[\"a\",]", "[,]", "[,\"a\"]", "[\"a\" \"b\"]", "[\"a\"}", "{}", "null", "\"a\"", "[7]", "[null]", "[[\"a\"]]",
		"[\"\xB1\xB1\"]", "[\"\xC0\x80\"]", "[\"\xED\xA0\x80\"]", "[\"\xF4\x90\x80\x80\"]", "[\"\xE7\x94\"]", "[\"a\nb\"]", "[\"\\x\"]", "[\"\\u00\"]", "[\"\\u0000\"]", "[\"\\ud800\"]",
		"[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"a\\\"]", "['a']", "[\"a\"/**/]", "\v[]"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		leaves(texts[i], NULL);
	const char nul[] = "[\"a\0b\"]";
	const char *at = nul;
	buf out = {0}, scratch[2] = {{0}};
	size_t values = 0;
	assert_false(list_read(&at, nul + sizeof nul - 1, NULL, &out, scratch, &values, 1000));
	buf_free(&out);
	buf_free(&scratch[0]);
	buf_free(&scratch[1]);
}

static void objects_get_all_their_members_in_order(void **state)
{
	const detail_slot *persons = detail_table[DETAIL_PERSONS].slots, *units = detail_table[DETAIL_UNITS].slots, *spans = detail_table[DETAIL_SPANS].slots;
	(void)state;
	gives("[]", persons, "[]");
	gives("[{\"name\":\"甲\"}]", persons, "[{\"name\":\"甲\",\"role\":null,\"organization\":null}]");
	gives("[{\"organization\":\"局\",\"name\":\"甲\"},{\"role\":\"\",\"name\":\"\"}]", persons,
	      "[{\"name\":\"甲\",\"role\":null,\"organization\":\"局\"},{\"name\":\"\",\"role\":null,\"organization\":null}]");
	gives(" [ { \"name\" : \"甲\" , \"role\" : null } ] ", persons, "[{\"name\":\"甲\",\"role\":null,\"organization\":null}]");
	gives("[{}]", units, "[{\"measure\":null,\"units\":[],\"lead\":[],\"support\":[]}]");
	gives("[{\"units\":[\"局\",\"\"],\"lead\":null,\"support\":[\"\"]}]", units, "[{\"measure\":null,\"units\":[\"局\"],\"lead\":[],\"support\":[]}]");
	gives("[{\"type\":\"time\",\"text\":\"7日\",\"start\":0,\"end\":999999999999999999}]", spans, "[{\"type\":\"time\",\"text\":\"7日\",\"start\":0,\"end\":999999999999999999}]");
	leaves("[{}]", persons);
	leaves("[{\"role\":\"局长\"}]", persons);
	leaves("[{\"name\":null}]", persons);
	leaves("[{\"name\":\"甲\",\"age\":7}]", persons);
	leaves("[{\"name\":\"甲\",\"name\":\"乙\"}]", persons);
	leaves("[{\"name\":\"甲\",\"role\":null,\"role\":null}]", persons);
	leaves("[{\"\\u006eame\":\"甲\"}]", persons);            /* right, but not the quick way */
	leaves("[{\"name\" \"甲\"}]", persons);
	leaves("[{\"name\":\"甲\",}]", persons);
	leaves("[{\"name\":\"甲\"},]", persons);
	leaves("[{\"name\":\"甲\"}", persons);
	leaves("[{\"name\":[\"甲\"]}]", persons);
	leaves("[{\"name\":\"甲\",\"role\":nul}]", persons);
	leaves("[{\"name\":\"甲\",\"role\":nullx}]", persons);
	leaves("[\"甲\"]", persons);
	leaves("[{\"type\":\"time\",\"text\":\"7日\",\"start\":-1,\"end\":1}]", spans);
	leaves("[{\"type\":\"time\",\"text\":\"7日\",\"start\":00,\"end\":1}]", spans);
	leaves("[{\"type\":\"time\",\"text\":\"7日\",\"start\":1.0,\"end\":1}]", spans);
	leaves("[{\"type\":\"time\",\"text\":\"7日\",\"start\":9223372036854775808,\"end\":1}]", spans);
}

/* The number as json_add_number writes it, whichever way it came. */
static void numbers_are_written_our_way(void **state)
{
	static const char *const rows[][2] = {{"0", "0.0"}, {"12", "12.0"}, {"12.0", "12.0"}, {"-7", "-7.0"}, {"12.50", "12.5"}, {"12.5", "12.5"}, {"-0.5", "-0.5"}, {"0.0", "0.0"}, {"-0", "0.0"},
		{"-0.0", "0.0"}, {"0.0001", "0.0001"}, {"0.00001", "1e-05"}, {"0.00012", "0.00012"}, {"999999999999999", "999999999999999.0"}, {"1000000000000000", "1e+15"},
		{"9007199254740993", "9.00719925474099e+15"}, {"1234567.12345678", "1234567.12345678"}, {"1234567.123456789", "1234567.12345679"}, {"8.0999999999999996", "8.1"}, {"1e3", "1000.0"},
		{"1.5E-3", "0.0015"}, {"-1e300", "-1e+300"}, {"0.1000000000000000055511151231257827", "0.1"}, {"1.0e0", "1.0"}, {"100.00", "100.0"}};
	static const char *const wrong[] = {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1.5.5", "1-2", "0x10", "1e999", "1.79769313486231e308", "NaN", "Infinity", "\"7\"", "true", "[]", "1 2"};
	const detail_slot *metrics = detail_table[DETAIL_METRICS].slots;
	char text[200], want[200];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(text, sizeof text, "[{\"text\":\"x\",\"value\":%s}]", rows[i][0]);
		snprintf(want, sizeof want, "[{\"what\":null,\"value\":%s,\"value_to\":null,\"unit\":null,\"qualifier\":null,\"text\":\"x\"}]", rows[i][1]);
		gives(text, metrics, want);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		snprintf(text, sizeof text, "[{\"text\":\"x\",\"value\":%s}]", wrong[i]);
		leaves(text, metrics);
	}
}

/* ---- a whole answer ---- */

static void lists_are_cut_out(void **state)
{
	static const char patch[] = "{\"title\":\"{\\\"persons\\\":[]}\",\"persons\":[\"甲\",\"\"],\"labels\":[\"talent\"],\"places\":\"x\",\n \"detail\" : {\"captions\":[\"图\"],\"persons\":[7],\"x\":{\"metrics\":[]}},"
		"\"deep\":{\"persons\":[\"a\"]},\"policies\":[]}";
	static const char want[] = "{\"title\":\"{\\\"persons\\\":[]}\",\"persons\":[],\"labels\":[\"talent\"],\"places\":\"x\",\n \"detail\" : {\"captions\":[],\"persons\":[7],\"x\":{\"metrics\":[]}},"
		"\"deep\":{\"persons\":[\"a\"]},\"policies\":[]}";
	record_lists lists = {.values = 0};
	buf text = {0}, rest = {0};
	(void)state;
	lists_cut(&lists, mr_bytes_of(patch), 1000, &text, &rest);
	assert_string_equal(rest.data, want);
	assert_string_equal(text.data, "[\"甲\"][\"图\"][]");
	assert_int_equal(lists.fields[FIELD_PERSONS].len, 7);
	assert_int_equal(lists.detail[DETAIL_CAPTIONS].from, 7);
	assert_int_equal(lists.fields[FIELD_POLICIES].len, 2);
	assert_int_equal(lists.detail[DETAIL_PERSONS].len, 0);
	assert_int_equal(lists.values, 1);       /* the comma between two persons */
	buf_free(&text);
	buf_free(&rest);
}

static record_rules *rules_new(const char *detail, bool spans)
{
	static const char *const labels[] = {"talent"};
	record_rules_values values = {.staged = true, .labels = labels, .label_count = 1, .detail = detail, .spans = spans};
	return record_rules_new_from(&values);
}

typedef struct bed {
	record *rec;
	article *art;
	record_fault fault;
} bed;

static bed bed_new(const char *detail, bool spans)
{
	bed self = {.rec = NULL};
	record_rules *rules = rules_new(detail, spans);
	record_source source = {.topic = "articles.raw", .timestamp_ms = -1, .value = mr_bytes_of("{\"text\":\"甲。\"}")};
	self.rec = record_parse(rules, &source, &self.fault);
	assert_non_null(self.rec);
	self.art = article_new(self.rec, 0, 1);
	record_rules_free(&rules);
	return self;
}

static void bed_free(bed *self)
{
	article_free(&self->art);
	record_free(&self->rec);
}

/* The record after the patches (NULL-terminated), as text. */
static char *dumped(const char *detail, bool spans, const char *const *patches)
{
	bed b = bed_new(detail, spans);
	buf out = {0};
	for (; *patches; patches++)
		if (article_apply(b.art, mr_bytes_of(*patches), "extract", &b.fault) != 0)
			fail_msg("%s: %s", *patches, b.fault.message);
	article_dump(b.art, NULL, 1773362500000, &out);
	bed_free(&b);
	return buf_take(&out, NULL);
}

/* Whatever the worker's language makes of the same answer, the record is the same, byte for byte. */
static void the_form_of_an_answer_does_not_matter(void **state)
{
	static const char *const forms[] = {
		"{\"persons\":[\"林晓\"],\"evidence\":[\"talent:人才\"],\"title\":\"题\",\"detail\":{\"persons\":[{\"name\":\"林晓\",\"role\":\"校长\"}],\"metrics\":[{\"what\":null,\"value\":1.5,\"text\":\"1.5万\"}],"
		"\"spans\":[{\"type\":\"person\",\"text\":\"林晓\",\"start\":0,\"end\":2}]}}",
		"{\"detail\": {\"metrics\": [{\"text\": \"1.5\\u4e07\", \"value\": 1.50, \"unit\": \"\"}], \"spans\": [{\"end\": 2, \"start\": 0, \"type\": \"person\", \"text\": \"\\u6797\\u6653\"}],"
		" \"persons\": [{\"role\": \"\\u6821\\u957f\", \"organization\": null, \"name\": \"\\u6797\\u6653\"}]}, \"title\": \"\\u9898\","
		" \"evidence\": [\"talent:\\u4eba\\u624d\", \"\"], \"persons\": [\"\\u6797\\u6653\"]}\n",
		"{\"\\u0070ersons\":[\"林晓\"],\"evid\\u0065nce\":[\"talent:人才\"],\"title\":\"题\",\"d\\u0065tail\":{\"persons\":[{\"name\":\"林晓\",\"role\":\"校长\"}],\"metrics\":[{\"value\":15e-1,\"text\":\"1.5万\"}],"
		"\"spans\":[{\"type\":\"person\",\"text\":\"林晓\",\"start\":-0,\"end\":2}]}}",
		"{\"persons\":[\"林晓\"],\"evidence\":[\"talent:人才\"],\"title\":\"题\",\"detail\":{\"p\\u0065rsons\":[{\"name\":\"林晓\",\"role\":\"校长\"}],\"metrics\":[{\"v\\u0061lue\":1.5,\"text\":\"1.5万\"}],"
		"\"spans\":[{\"type\":\"person\",\"text\":\"林晓\",\"start\":-0,\"end\":2}]}}",
	};
	static const char *const details[] = {"nested", "text", "none"};
	(void)state;
	for (int d = 0; d < 6; d++) {
		char *want = dumped(details[d / 2], d % 2, (const char *const[]){forms[0], NULL});
		assert_int_equal(strstr(want, "start") != NULL, d % 2 && d / 2 < 2);
		for (size_t i = 1; i < sizeof forms / sizeof *forms; i++) {
			char *got = dumped(details[d / 2], d % 2, (const char *const[]){forms[i], NULL});
			assert_string_equal(got, want);
			free(got);
		}
		free(want);
	}
}

static void the_last_list_stands(void **state)
{
	(void)state;
	char *got = dumped(NULL, false, (const char *const[]){"{\"persons\":[\"a\"],\"places\":[\"b\"],\"detail\":{\"captions\":[\"c\"],\"attachments\":[\"d\"]}}",
		"{\"\\u0070ersons\":[\"e\"],\"detail\":{\"captions\":[]}}", "{\"places\":[\"f\",\"g\"]}", NULL});
	assert_non_null(strstr(got, "\"persons\":[\"e\"],\"organizations\":[],\"places\":[\"f\",\"g\"],\"policies\":[]"));
	assert_non_null(strstr(got, "\"captions\":[],\"attachments\":[\"d\"]"));
	free(got);
}

static void refuses(const char *patch, const char *word)
{
	bed b = bed_new(NULL, false);
	buf before = {0}, after = {0};
	assert_int_equal(article_apply(b.art, mr_bytes_of("{\"persons\":[\"甲\"],\"detail\":{\"captions\":[\"图\"]}}"), "extract", &b.fault), 0);
	article_dump(b.art, NULL, 1773362500000, &before);
	assert_int_equal(article_apply(b.art, mr_bytes_of(patch), "extract", &b.fault), -1);
	assert_string_equal(b.fault.code, "stage.refused");
	if (!strstr(b.fault.message, word))
		fail_msg("%s: '%s' does not say '%s'", patch, b.fault.message, word);
	article_dump(b.art, NULL, 1773362500000, &after);
	assert_string_equal(before.data, after.data);
	buf_free(&before);
	buf_free(&after);
	bed_free(&b);
}

/* A worker may have been taken over: nothing of a wrong answer is kept, whichever list stood in front of the mistake. */
static void wrong_answers_leave_no_trace(void **state)
{
	(void)state;
	refuses("{\"persons\":[\"乙\"],\"persons\":[\"丙\"]}", "duplicate");
	refuses("{\"persons\":[\"乙\"],\"\\u0070ersons\":[\"丙\"]}", "duplicate");
	refuses("{\"detail\":{\"captions\":[\"乙\"]},\"detail\":{}}", "duplicate");
	refuses("{\"detail\":{\"captions\":[\"乙\"],\"captions\":[\"乙\"]}}", "duplicate");
	refuses("{\"persons\":[\"乙\"]", "no JSON object");
	refuses("{\"persons\":[\"乙\"][\"丙\"]}", "no JSON object");
	refuses("{\"persons\" \"x\":[\"乙\"]}", "no JSON object");
	refuses("{\"persons\":[\"乙\"]}}", "no JSON object");
	refuses("[{\"persons\":[\"乙\"]}]", "no JSON object");
	refuses("{\"persons\":[\"乙\"],\"title\":7}", "title");
	refuses("{\"persons\":[\"乙\",7]}", "persons");
	refuses("{\"persons\":{}}", "persons");
	refuses("{\"persons\":null}", "persons");
	refuses("{\"persons\":[\"乙\"],\"detail\":{\"people\":[]}}", "people");
	refuses("{\"persons\":[\"乙\"],\"detail\":[]}", "detail");
	refuses("{\"detail\":{\"captions\":[\"乙\"],\"metrics\":[{\"text\":\"7\",\"value\":1e308}]}}", "metrics");
	refuses("{\"detail\":{\"captions\":[\"乙\"],\"metrics\":[{\"text\":\"\xB1\"}]}}", "no JSON object");
	refuses("{\"detail\":{\"captions\":[\"乙\"],\"metrics\":[[[[[[[[]]]]]]]]}}", "nested");
	refuses("{\"persons\":[\"乙\\u0000\"]}", "no JSON object");
}

static void values_are_bounded(void **state)
{
	buf patch = {0};
	(void)state;
	buf_add_str(&patch, "{\"detail\":{\"responsible_units\":[{}");
	for (int i = 0; i < 40000; i++)          /* two values each */
		buf_add_str(&patch, ",{}");
	buf_add_str(&patch, "]}}");
	refuses(patch.data, "too many values");
	buf_free(&patch);
	record_lists lists = {.values = 0};      /* it ends where it passes the bound, whatever would have followed */
	buf text = {0}, rest = {0};
	static const char short_lists[] = "{\"persons\":[\"a\",\"b\"],\"places\":[\"c\",\"d\",\"e\"],\"policies\":[\"f\"]}";
	lists_cut(&lists, mr_bytes_of(short_lists), 3, &text, &rest);
	assert_string_equal(rest.data, "{\"persons\":[],\"places\":[\"c\",\"d\",\"e\"],\"policies\":[]}");
	assert_string_equal(text.data, "[\"a\",\"b\"][\"f\"]");
	buf_free(&text);
	buf_free(&rest);
}

static void stages_are_given_lists(void **state)
{
	static const char *const names[] = {"persons", "places", "policies", "detail.sections", "detail.captions", "detail.nothing", "evidence", NULL};
	bed b = bed_new(NULL, false);
	mr_field fields[8];
	buf scratch = {0};
	(void)state;
	assert_int_equal(article_apply(b.art, mr_bytes_of("{\"persons\":[\"a\\n\\\"b\",\"乙\"],\"places\":[],\"policies\":[\"c\"],\"detail\":{\"sections\":[{\"level\":1,\"heading\":\"目标\"}],\"captions\":[\"\"]}}"),
		"extract", &b.fault), 0);
	assert_int_equal(article_fields(b.art, names, fields, &scratch), 3);
	assert_true(mr_bytes_equal(fields[0].name, "persons") && mr_bytes_equal(fields[0].value, "a\n\"b\n乙"));
	assert_true(mr_bytes_equal(fields[1].name, "policies") && mr_bytes_equal(fields[1].value, "c"));
	assert_true(mr_bytes_equal(fields[2].name, "detail.sections"));
	assert_true(mr_bytes_equal(fields[2].value, "[{\"number\":null,\"heading\":\"目标\",\"level\":1,\"labels\":[],\"primary_label\":null}]"));
	assert_true(article_memory(b.art) > 100);
	buf_free(&scratch);
	bed_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_written_our_way),
		cmocka_unit_test(hostile_strings_are_left),
		cmocka_unit_test(objects_get_all_their_members_in_order),
		cmocka_unit_test(numbers_are_written_our_way),
		cmocka_unit_test(lists_are_cut_out),
		cmocka_unit_test(the_form_of_an_answer_does_not_matter),
		cmocka_unit_test(the_last_list_stands),
		cmocka_unit_test(wrong_answers_leave_no_trace),
		cmocka_unit_test(values_are_bounded),
		cmocka_unit_test(stages_are_given_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
