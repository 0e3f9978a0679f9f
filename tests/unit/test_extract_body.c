/* test_extract_body.c - what is read off a clean body (sections, units, attachments, lead), bylines, and the stage as the worker calls it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/settings.h"
#include "common/utf8.h"
#include "common/wire.h"
#include "workers/answer.h"
#include "workers/extract/body.h"
#include "workers/extract/byline.h"
#include "workers/extract/extract.h"
#include "workers/extract/facts.h"

static body lines(const char *text)
{
	body out = {0};
	while (*text) {
		size_t n = strcspn(text, "\n");
		body_add_utf8(&out, (mr_bytes){text, n}, false);
		text += n + (text[n] == '\n');
	}
	return out;
}

static void expect_json(json_t *got, const char *wanted)
{
	json_error_t error;
	json_t *want = json_loads(wanted, JSON_DECODE_ANY, &error);
	char *text = json_dumps(got, JSON_ENCODE_ANY);
	assert_non_null(want);
	if (!json_equal(got, want))
		assert_string_equal(text, wanted);
	free(text);
	json_decref(want);
	json_decref(got);
}

static void sections_have_levels(void **state)
{
	(void)state;
	body b = lines("一、目标\n先修路，再换炉子。\n二、任务\n（一）修路。先修两公里，再通公交。\n1.定线。请专家看。\n（二）换炉\n一是买砖。二是请人。\n1.砖；\n2.茶农自己出工。\n附件：1.表.docx\n2.单.xlsx\n");
	expect_json(body_sections(&b), "[{\"number\":\"一、\",\"heading\":\"目标\",\"level\":1},{\"number\":\"二、\",\"heading\":\"任务\",\"level\":1},"
		"{\"number\":\"（一）\",\"heading\":\"修路\",\"level\":2},{\"number\":\"1.\",\"heading\":\"定线\",\"level\":3},{\"number\":\"（二）\",\"heading\":\"换炉\",\"level\":2}]");
	expect_json(body_attachments(&b), "[\"表.docx\",\"单.xlsx\"]");
	body_free(&b);
	b = lines("只有一段话，没有标题。\n");
	assert_null(body_sections(&b));
	assert_null(body_attachments(&b));
	assert_null(body_responsible_units(&b));
	body_free(&b);
}

static void units_lead_and_support(void **state)
{
	(void)state;
	body b = lines("1.修通道路。先修两公里。（牵头单位：镇建设办；配合单位：财政所、各村委会，茶业协会）\n2.换炉子。每年三座。(责任单位:茶厂,供电所)\n");
	expect_json(body_responsible_units(&b), "[{\"measure\":\"修通道路\",\"units\":[\"镇建设办\",\"财政所\",\"各村委会\",\"茶业协会\"],\"lead\":[\"镇建设办\"],\"support\":[\"财政所\",\"各村委会\",\"茶业协会\"]},"
		"{\"measure\":\"换炉子\",\"units\":[\"茶厂\",\"供电所\"],\"lead\":[],\"support\":[]}]");
	body_free(&b);
}

static void units_in_other_words(void **state)
{
	(void)state;
	/* roles behind the names; a list inside the name of a unit; a label behind a comma */
	body b = lines("1.修通道路。三年修完。（镇建设办牵头，财政所、各村委会配合）\n2.换炉子。先换一半。（牵头单位：茶厂，配合单位：供电所、各村（社区）和茶社）\n3.开夜校。每周一次。（责任单位：各县（市、区）人民政府，文化站）\n"
		"4.办茶会。一年两次（春茶、秋茶）\n");
	expect_json(body_responsible_units(&b), "[{\"measure\":\"修通道路\",\"units\":[\"镇建设办\",\"财政所\",\"各村委会\"],\"lead\":[\"镇建设办\"],\"support\":[\"财政所\",\"各村委会\"]},"
		"{\"measure\":\"换炉子\",\"units\":[\"茶厂\",\"供电所\",\"各村（社区）和茶社\"],\"lead\":[\"茶厂\"],\"support\":[\"供电所\",\"各村（社区）和茶社\"]},"
		"{\"measure\":\"开夜校\",\"units\":[\"各县（市、区）人民政府\",\"文化站\"],\"lead\":[],\"support\":[]}]");
	body_free(&b);
}

static void expect_lead(const char *text, const char *wanted)
{
	body b = lines(text);
	buf out = {0};
	body_lead(&b, &out);
	assert_true(utf8_count(buf_bytes(&out)) <= 200);
	buf_add(&out, "", 0);
	assert_string_equal(out.data ? out.data : "", wanted);
	buf_free(&out);
	body_free(&b);
}

static void lead_ends_at_a_sentence(void **state)
{
	(void)state;
	buf text = {0}, wanted = {0};
	for (int i = 0; i < 30; i++)
		buf_add_str(&text, "茶厂的炉子点着了。");
	for (int i = 0; i < 22; i++)
		buf_add_str(&wanted, "茶厂的炉子点着了。");
	expect_lead(text.data, wanted.data);
	expect_lead("一、目标\n先修路。再换炉子。\n", "先修路。再换炉子。");
	expect_lead("The mill opened. It was late", "The mill opened.");
	expect_lead("没有句号的一行", "没有句号的一行");
	buf_free(&text);
	buf_free(&wanted);
}

struct names {
	const char *text, *names;
	size_t taken;            /* characters of the lead-in; 0: none */
};

static uint32_t *decode(const char *text, size_t *n)
{
	uint32_t *c = calloc(strlen(text) + 1, sizeof *c);
	const char *end = text + strlen(text);
	for (*n = 0; text < end;)
		c[(*n)++] = utf8_next(&text, end);
	return c;
}

static void expect_names(const uint32_t *c, const byline *found, const char *wanted)
{
	buf got = {0};
	for (size_t i = 0; i < found->count; i++) {
		if (i)
			buf_add_char(&got, ',');
		page_utf8(c, found->names[i], &got);
	}
	assert_string_equal(got.data ? got.data : "", wanted);
	buf_free(&got);
}

static void bylines(void **state)
{
	(void)state;
	static const struct names leads[] = {
		{"本报讯（记者 梁守田 通讯员 米粒）昨日，茶厂点火。", "梁守田,米粒", 18},
		{"本报讯 记者梁守田报道 茶厂昨日点火。", "梁守田", 11},
		{"【記者林小滿／山城報導】茶廠昨日點火。", "林小滿", 12},
		{"新华社山城5月6日电（记者梁守田、米粒）茶厂昨日点火。", "梁守田,米粒", 20},
		{"（本報訊）茶廠昨日點火。", "", 5},
		{"【本報內地組】茶廠昨日點火。", "", 7},
		{"据《山城晚报》报道 茶厂昨日点火。", "", 9},
		{"PORT MILL, 6 May 2031 - The mill opened.", "", 23},
		{"茶厂昨日点火，记者梁守田看见了。", "", 0},
		{"网讯息说茶厂昨日点火。", "", 0},
	};
	static const struct names alone[] = {
		{"本报记者 梁守田", "梁守田", 1}, {"□本报记者 梁守田 米粒", "梁守田,米粒", 1}, {"（本报记者 梁守田 实习生 米粒）", "梁守田,米粒", 1}, {"摄影 梁守田", "梁守田", 1},
		{"本报记者 梁守田 摄", "梁守田", 1}, {"By Jane Doe and John Roe", "Jane Doe,John Roe", 1}, {"By Jane Doe, Science correspondent", "Jane Doe", 1},
		{"□ 梁守田", "梁守田", 1}, {"■ 梁守田 米粒", "梁守田,米粒", 1}, {"（梁守田 米粒 文/图）", "梁守田,米粒", 1}, {"梁守田 摄", "梁守田", 1}, {"□ 茶厂昨日重新点火", "", 0},
		{"记者在现场看到了什么样的情况呢", "", 0}, {"By the river", "", 0}, {"摄影展今天开幕", "", 0},
	};
	vocabulary *words = vocabulary_new();
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		size_t n;
		uint32_t *c = decode(leads[i].text, &n);
		byline found = {.count = 0};
		assert_int_equal(byline_lead_in(words, c, (span){0, (uint32_t)n}, &found), leads[i].taken);
		expect_names(c, &found, leads[i].names);
		free(c);
	}
	for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
		size_t n;
		uint32_t *c = decode(alone[i].text, &n);
		byline found = {.count = 0};
		assert_int_equal(byline_line(words, c, (span){0, (uint32_t)n}, &found), alone[i].taken);
		expect_names(c, &found, alone[i].names);
		free(c);
	}
	vocabulary_free(&words);
}

static void expect_dateline(const char *text, int year, bool news, const char *wanted)
{
	body b = lines(text);
	date_base base = {.printed = {.year = year, .month = 1, .day = 2, .precision = year ? DATE_DAY : DATE_NONE}};
	buf out = {0};
	facts_dateline(&b, &base, news, &out);
	assert_string_equal(out.data ? out.data : "", wanted);
	buf_free(&out);
	body_free(&b);
}

static void no_year_is_invented(void **state)
{
	(void)state;
	expect_dateline("本报讯（记者 甲乙）12月30日，茶厂点火。", 0, true, "12-30");
	expect_dateline("本报讯（记者 甲乙）12月30日，茶厂点火。", 2031, true, "2030-12-30");
	expect_dateline("本报讯（记者 甲乙）昨日，茶厂点火。", 2031, true, "2031-01-01");
	expect_dateline("本报讯（记者 甲乙）昨日，茶厂点火。", 0, true, "");
	expect_dateline("本报讯（记者 甲乙）记者昨从茶厂获悉，炉子点火了。", 2031, true, "2031-01-01");
	expect_dateline("茶厂31日点火。", 2031, true, "2030-12-31");
	expect_dateline("茶厂３１日点火。", 2031, true, "2030-12-31");
	expect_dateline("茶廠今（2）日點火。", 2031, true, "2031-01-02");
	expect_dateline("茶廠昨(31)日點火。", 2031, true, "2030-12-31");
	expect_dateline("茶廠昨（31）日點火。", 0, true, "");
	expect_dateline("茶厂本月1日点火，上月建成。", 2031, true, "2031-01-01");
	expect_dateline("茶厂上月20日点火。", 2031, true, "2030-12-20");
	expect_dateline("本报讯（记者 甲乙）昨夜，茶厂点火。", 2031, true, "2031-01-01");
	expect_dateline("茶厂日前点火，近日开放，共（31）人。", 2031, true, "");
	expect_dateline("1949年10月1日是个大日子。", 2031, true, "");
	expect_dateline("记者从茶厂获悉，自1月5日起，茶厂开放。", 2031, true, "");
	expect_dateline("各村：\n请照办。\n桥头镇\n2030年12月1日\n", 0, false, "2030-12-01");
	expect_dateline("到2030年12月1日为止。\n", 0, false, "");
}

/* ---- the stage ---- */

static size_t apply(void *ctx, const mr_task *task, wire_results *results, char **message)
{
	mr_answer *answer = answer_new();
	wire_batch batch = {0};
	answer_begin(answer);
	extract_stage.apply(ctx, task, answer);
	answer_write(answer, &batch, 7, 1, 5, 1 << 20);
	size_t len = wire_batch_bytes(&batch);
	*message = malloc(len);
	wire_batch_write(&batch, WIRE_RESULT, *message);
	assert_int_equal(wire_read_results(results, (mr_bytes){*message, len}), 0);
	answer_free(&answer);
	wire_batch_free(&batch);
	return results->rows[0].part_count;
}

static json_t *patch_of(const wire_results *results, size_t i)
{
	mr_bytes patch = results->rows[0].parts[i].patch;
	json_t *value = json_loadb(patch.data, patch.len, 0, NULL);
	assert_non_null(value);
	return value;
}

static void *open_stage(void)
{
	buf errors = {0};
	char error[256];
	void *ctx;
	settings *settings = settings_read(NULL, NULL, 0, &errors);
	assert_non_null(settings);
	assert_int_equal(extract_stage.open(&ctx, settings, error), 0);
	settings_free(&settings);
	buf_free(&errors);
	return ctx;
}

static void stage_answers_text(void **state)
{
	(void)state;
	static const char text[] = "山城晚报\n2031年5月6日 星期二\n责编 甲午 校对 乙未\n\n老茶厂点火\n本报讯（记者 梁守田）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n新路通车\n本报讯（记者 米粒）昨日，桥头镇修通了到茶厂的路。\n（下转05版）\n";
	mr_field fields[] = {{mr_bytes_of("input"), mr_bytes_of("text")}, {mr_bytes_of("charset"), mr_bytes_of("UTF-8")}};
	mr_task task = {mr_bytes_of(text), fields, 2};
	wire_results results = {0};
	char *message;
	void *ctx = open_stage();
	assert_int_equal(apply(ctx, &task, &results, &message), 2);
	json_t *patch = patch_of(&results, 1);
	assert_string_equal(json_string_value(json_object_get(patch, "title")), "新路通车");
	assert_string_equal(json_string_value(json_object_get(patch, "dateline_date")), "2031-05-05");
	assert_string_equal(json_string_value(json_object_get(patch, "published_at")), "2031-05-06T00:00:00.000+08:00");
	assert_string_equal(json_string_value(json_object_get(patch, "source_name")), "山城晚报");
	assert_string_equal(json_string_value(json_object_get(patch, "editor")), "甲午");
	assert_string_equal(json_string_value(json_object_get(patch, "continues_on")), "05版");
	assert_string_equal(json_string_value(json_array_get(json_object_get(patch, "authors"), 0)), "米粒");
	assert_true(json_is_true(json_object_get(patch, "truncated")));
	json_decref(patch);
	free(message);
	wire_results_free(&results);
	extract_stage.close(ctx);
}

/* Units of measures are bodies, in the order of the text; the date and the speaker of an address stand below its headline. */
static void stage_answers_plan(void **state)
{
	(void)state;
	static const char text[] = "桥头镇政府工作报告\n——2031年1月8日在桥头镇第九届人民代表大会上\n桥头镇人民政府镇长 梁守田\n\n一、修路\n（一）修通道路。山城县交通局设计，三年修完，路修到每一个茶厂。（牵头单位：镇建设办；配合单位：各村民委员会、县茶业协会）\n";
	mr_field fields[] = {{mr_bytes_of("input"), mr_bytes_of("text")}, {mr_bytes_of("charset"), mr_bytes_of("UTF-8")}};
	mr_task task = {mr_bytes_of(text), fields, 2};
	wire_results results = {0};
	char *message;
	void *ctx = open_stage();
	assert_int_equal(apply(ctx, &task, &results, &message), 1);
	json_t *patch = patch_of(&results, 0);
	expect_json(json_incref(json_object_get(patch, "organizations")), "[\"山城县交通局\",\"镇建设办\",\"各村民委员会\",\"县茶业协会\"]");
	expect_json(json_incref(json_object_get(patch, "authors")), "[\"梁守田\"]");
	assert_string_equal(json_string_value(json_object_get(patch, "dateline_date")), "2031-01-08");
	json_decref(patch);
	free(message);
	wire_results_free(&results);
	extract_stage.close(ctx);
}

static void feed_wins_and_blank_is_refused(void **state)
{
	(void)state;
	mr_field fields[] = {{mr_bytes_of("input"), mr_bytes_of("text")}, {mr_bytes_of("charset"), mr_bytes_of("UTF-8")}, {mr_bytes_of("title"), mr_bytes_of("老茶厂点火")}, {mr_bytes_of("authors"), mr_bytes_of("谷雨")}};
	mr_task task = {mr_bytes_of("老茶厂点火\n本报讯（记者 梁守田）5月5日，桥头镇的老茶厂重新点火，二十名制茶工回到车间。\n"), fields, 4};
	wire_results results = {0};
	char *message;
	void *ctx = open_stage();
	assert_int_equal(apply(ctx, &task, &results, &message), 1);
	json_t *patch = patch_of(&results, 0);
	assert_null(json_object_get(patch, "title"));
	assert_null(json_object_get(patch, "authors"));
	assert_memory_equal(results.rows[0].parts[0].body.data, "本报讯", 9);
	json_decref(patch);
	free(message);
	wire_results_free(&results);
	task.body = mr_bytes_of(" \n\xE3\x80\x80\n");
	results = (wire_results){0};
	apply(ctx, &task, &results, &message);
	assert_int_equal(results.rows[0].status, WIRE_REFUSED);
	free(message);
	wire_results_free(&results);
	extract_stage.close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_have_levels),
		cmocka_unit_test(units_lead_and_support),
		cmocka_unit_test(units_in_other_words),
		cmocka_unit_test(lead_ends_at_a_sentence),
		cmocka_unit_test(bylines),
		cmocka_unit_test(no_year_is_invented),
		cmocka_unit_test(stage_answers_text),
		cmocka_unit_test(stage_answers_plan),
		cmocka_unit_test(feed_wins_and_blank_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
