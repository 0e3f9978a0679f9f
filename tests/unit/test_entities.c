/* Facts of news text: each row is a paragraph and what rules and word lists must read from it, without the tagger (whose model may be learnt anew). All people, places and bodies in them are made up, but for bodies of the state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/settings.h"
#include "common/utf8.h"
#include "workers/entities/entities.h"

#define LEXICONS SOURCE_DIR "/conf/lexicons"

/* Persons as name|role|organization; lists joined by ';'. */
struct row { const char *text, *persons, *organizations, *policies, *places; };

struct world {
	settings *settings;
	entities *entities;
	json_t *patch, *detail;
};

static struct world open_with(const char *const *sets, size_t count)
{
	struct world w = {.patch = NULL};
	buf errors = {0};
	char error[256] = "";
	w.settings = settings_read(NULL, sets, count, &errors);
	if (!w.settings)
		fail_msg("%s", errors.data);
	w.entities = entities_open(w.settings, error);
	if (!w.entities)
		fail_msg("%s", error);
	buf_free(&errors);
	return w;
}

static struct world open_shipped(void)
{
	static const char *const sets[] = {"extract.lexicons=" LEXICONS, "extract.spans=true", "extract.tagger=rules"};
	return open_with(sets, 3);
}

static void read_text(struct world *w, const char *text, const char *authors)
{
	json_decref(w->patch);
	json_decref(w->detail);
	w->patch = json_object();
	w->detail = json_object();
	buf metrics = {0};
	entities_read(w->entities, mr_bytes_of(text), (mr_bytes){NULL, 0}, mr_bytes_of(authors), w->patch, w->detail, &metrics);
	buf_free(&metrics);
}

static void world_free(struct world *w)
{
	json_decref(w->patch);
	json_decref(w->detail);
	entities_close(&w->entities);
	settings_free(&w->settings);
}

static void join(const json_t *list, buf *out)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		buf_printf(out, "%s%s", i ? ";" : "", json_string_value(json_array_get(list, i)));
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static void join_persons(const json_t *list, buf *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *person = json_array_get(list, i);
		buf_printf(out, "%s%s|%s|%s", i ? ";" : "", member(person, "name"), member(person, "role"), member(person, "organization"));
	}
}

static int differs(const char *text, const char *what, const char *want, buf *got)
{
	int bad = strcmp(got->data ? got->data : "", want) != 0;
	if (bad)
		print_message("%s\n  %s: %s\n  wanted: %s\n", text, what, got->data ? got->data : "", want);
	buf_free(got);
	return bad;
}

static const struct row rows[] = {
#include "entities_rows.inc"
};

static void test_rows(void **state)
{
	struct world w = open_shipped();
	int bad = 0;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		buf persons = {0}, organizations = {0}, policies = {0}, places = {0};
		read_text(&w, row->text, NULL);
		join_persons(json_object_get(w.detail, "persons"), &persons);
		join(json_object_get(w.patch, "organizations"), &organizations);
		join(json_object_get(w.patch, "policies"), &policies);
		join(json_object_get(w.patch, "places"), &places);
		bad += differs(row->text, "persons", row->persons, &persons);
		bad += differs(row->text, "organizations", row->organizations, &organizations);
		bad += differs(row->text, "policies", row->policies, &policies);
		bad += differs(row->text, "places", row->places, &places);
	}
	assert_int_equal(bad, 0);
	world_free(&w);
}

/* Reporters of the record are no persons of the article, unless they hold an office in it. */
static void test_authors(void **state)
{
	struct world w = open_shipped();
	(void)state;
	read_text(&w, "施一诺说，他写过很多。", NULL);
	assert_string_equal(json_string_value(json_array_get(json_object_get(w.patch, "persons"), 0)), "施一诺");
	read_text(&w, "施一诺说，他写过很多。", "甘小雨\n施一诺\n");
	assert_null(json_object_get(w.patch, "persons"));
	read_text(&w, "县长施一诺说，他写过很多。", "甘小雨\n施一诺\n");
	assert_int_equal(json_array_size(json_object_get(w.patch, "persons")), 1);
	world_free(&w);
}

/* Traditional text gives the same facts, printed as it stands. */
static void test_scripts(void **state)
{
	struct world w = open_shipped();
	(void)state;
	read_text(&w, "縣人力資源和社會保障局副局長費思遠表示，將實施「青年築夢三年行動計劃」。", NULL);
	const json_t *person = json_array_get(json_object_get(w.detail, "persons"), 0);
	assert_string_equal(member(person, "name"), "費思遠");
	assert_string_equal(member(person, "role"), "副局長");
	assert_string_equal(member(person, "organization"), "縣人力資源和社會保障局");
	assert_string_equal(json_string_value(json_array_get(json_object_get(w.patch, "policies"), 0)), "青年築夢三年行動計劃");
	world_free(&w);
}

/* detail.spans: in order, in characters of the body, each text as it stands there. */
static void test_spans(void **state)
{
	static const char text[] = "😀县教育局局长费思远说，“育苗计划”惠及1200名学生。\n費思遠在北京介紹了積體電路專案。";
	struct world w = open_shipped();
	(void)state;
	read_text(&w, text, NULL);
	const json_t *spans = json_object_get(w.detail, "spans");
	json_int_t last = 0;
	unsigned types = 0;
	assert_true(json_array_size(spans) >= 5);
	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *span = json_array_get(spans, i);
		json_int_t start = json_integer_value(json_object_get(span, "start")), end = json_integer_value(json_object_get(span, "end"));
		size_t from = utf8_prefix(mr_bytes_of(text), (size_t)start), to = utf8_prefix(mr_bytes_of(text), (size_t)end);
		assert_true(start >= last && end > start);
		assert_int_equal(strlen(member(span, "text")), to - from);
		assert_memory_equal(member(span, "text"), text + from, to - from);
		types |= 1u << (member(span, "type")[0] - 'a');
		last = start;
	}
	assert_true(types & 1u << ('p' - 'a') && types & 1u << ('o' - 'a') && types & 1u << ('m' - 'a'));
	world_free(&w);
}

static void test_limit(void **state)
{
	static const char *const sets[] = {"extract.lexicons=" LEXICONS, "extract.max_facts=2", "extract.tagger=rules"};
	struct world w = open_with(sets, 3);
	(void)state;
	read_text(&w, "县教育局、县财政局、县民政局、县教育局参加。", NULL);
	const json_t *list = json_object_get(w.patch, "organizations");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 1)), "县财政局");
	assert_null(json_object_get(w.detail, "spans"));
	world_free(&w);
}

/* The tagger finds a person that nothing announces, and the rules judge it: reporters and doctrines are none. A model that cannot be read is a bad start. */
static void test_tagger(void **state)
{
	static const char *const sets[] = {"extract.lexicons=" LEXICONS, "extract.entities_model=" SOURCE_DIR "/conf/models/entities.model"};
	static const char *const bad[] = {"extract.lexicons=" LEXICONS, "extract.entities_model=" LEXICONS "/words.txt"};
	struct world w = open_with(sets, 2);
	char error[256] = "";
	(void)state;
	read_text(&w, "去年冬天，张伟华离开北京，回到家乡种苹果。", NULL);
	assert_string_equal(json_string_value(json_array_get(json_object_get(w.patch, "persons"), 0)), "张伟华");
	read_text(&w, "（记者 张伟华）昨日，苹果丰收。", NULL);
	assert_null(json_object_get(w.patch, "persons"));
	world_free(&w);
	buf errors = {0};
	settings *s = settings_read(NULL, bad, 2, &errors);
	assert_null(entities_open(s, error));
	assert_non_null(strstr(error, "words.txt"));
	settings_free(&s);
	buf_free(&errors);
}

/* off: nothing is loaded, nothing is read. */
static void test_off(void **state)
{
	static const char *const sets[] = {"extract.lexicons=/nowhere", "extract.entities_model=/nowhere", "extract.spans=true", "extract.tagger=off"};
	struct world w = open_with(sets, 4);
	(void)state;
	read_text(&w, "县教育局局长费思远说，“育苗计划”惠及1200名学生。", NULL);
	assert_int_equal(json_object_size(w.patch) + json_object_size(w.detail), 0);
	world_free(&w);
}

/* Megabytes of what opens and never closes, of one word, of names: all is read in linear time and within the limits. A quadratic look would not end. */
static void test_hostile(void **state)
{
	static const char *const units[] = {"《", "“", "「", "局", "的", "王", "·", "约·", "、", "“计划", "《》", "A", "Aa ", "Aa of ", "Mr ", "区委书记、", "某市", "(", "1", "第一", "X区", "县教育局", "王小明、",
		"𠀀", "克", "-", "联系人:"};
	struct world w = open_shipped();
	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		buf text = {0};
		while (text.len < 1000000)
			buf_add_str(&text, units[i]);
		read_text(&w, text.data, NULL);
		assert_true(json_array_size(json_object_get(w.patch, "persons")) <= 500);
		assert_true(json_array_size(json_object_get(w.detail, "spans")) <= 30000);
		buf_free(&text);
	}
	world_free(&w);
}

/* ---- word lists of a site ---- */

static char *folder_new(void)
{
	static char folder[] = BINARY_DIR "/test_entities.XXXXXX";
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	return folder;
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
}

static void remove_file(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path);
}

static void refused(const char *folder, const char *name, const char *text, const char *why)
{
	char set[4200], error[256] = "";
	const char *const sets[] = {set, "extract.tagger=rules"};
	buf errors = {0};
	snprintf(set, sizeof set, "extract.lexicons=%s", folder);
	write_file(folder, name, text);
	settings *s = settings_read(NULL, sets, 2, &errors);
	assert_non_null(s);
	entities *e = entities_open(s, error);
	assert_null(e);
	if (!strstr(error, name) || !strstr(error, why) || strncmp(error, "extract.lexicons: ", 18))
		fail_msg("\"%s\" does not name %s and %s", error, name, why);
	remove_file(folder, name);
	settings_free(&s);
	buf_free(&errors);
}

static void test_bad_lexicons(void **state)
{
	const char *folder = folder_new();
	char error[256] = "";
	static const char *const sets[] = {"extract.lexicons=/nowhere/lexicons"};
	buf errors = {0};
	(void)state;
	refused(folder, "places.txt", "# head\n某地\n\xff\xfe\n", "line 3: not UTF-8");
	refused(folder, "words.txt", "词\t10\n", "line 1: word, weight and kind");
	refused(folder, "words.txt", "词\t70000\tn\n", "line 1");
	refused(folder, "surnames.txt", "王\n", "line 1: name and weight");
	refused(folder, "given.txt", "王\t1\t2\n", "line 1: three weights");
	refused(folder, "titles.mine.txt", "局长\tnowhere\n", "line 1: the second column");
	refused(folder, "wishes.txt", "局长\n", "no class of that name");
	refused(folder, "places.txt", "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一\n", "line 1: the entry is longer");
	settings *s = settings_read(NULL, sets, 1, &errors);
	assert_null(entities_open(s, error));
	assert_non_null(strstr(error, "extract.lexicons: /nowhere/lexicons: "));
	settings_free(&s);
	buf_free(&errors);
	rmdir(folder);
}

/* A site's own files stand beside copies of the shipped ones; what they add is found, in either script. */
static void test_own_lexicons(void **state)
{
	char set[4200];
	const char *folder = folder_new();
	const char *const sets[] = {set, "extract.tagger=rules"};
	(void)state;
	snprintf(set, sizeof set, "extract.lexicons=%s", folder);
	write_file(folder, "organizations.mine.txt", "# ours\r\n藍鯨動力\r\n");
	write_file(folder, "policies.txt", "\xEF\xBB\xBF梦想照进现实\n");
	struct world w = open_with(sets, 2);
	read_text(&w, "蓝鲸动力参与梦想照进现实。", NULL);
	assert_string_equal(json_string_value(json_array_get(json_object_get(w.patch, "organizations"), 0)), "蓝鲸动力");
	assert_string_equal(json_string_value(json_array_get(json_object_get(w.patch, "policies"), 0)), "梦想照进现实");
	world_free(&w);
	remove_file(folder, "organizations.mine.txt");
	remove_file(folder, "policies.txt");
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_authors), cmocka_unit_test(test_scripts), cmocka_unit_test(test_spans), cmocka_unit_test(test_limit), cmocka_unit_test(test_tagger), cmocka_unit_test(test_off),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_bad_lexicons), cmocka_unit_test(test_own_lexicons),
	};
	return cmocka_run_group_tests_name("entities", tests, NULL, NULL);
}
