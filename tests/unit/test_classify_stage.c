/* test_classify_stage.c - the stage with the shipped model, as the worker calls it: a task in, a patch out. The texts are our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/settings.h"
#include "common/wire.h"
#include "workers/answer.h"
#include "workers/classify/classify_stage.h"

static settings *with(const char *model)
{
	buf errors = {0}, set = {0};
	buf_printf(&set, "classify.model=%s", model);
	const char *sets[] = {set.data};
	settings *s = settings_read(NULL, sets, 1, &errors);
	assert_non_null(s);
	buf_free(&errors);
	buf_free(&set);
	return s;
}

static void *opened(void)
{
	void *ctx;
	char error[256] = "";
	settings *s = with(SOURCE_DIR "/conf/models/topics.model");
	int result = classify_stage.open(&ctx, s, error);
	assert_string_equal(error, "");
	assert_int_equal(result, 0);
	settings_free(&s);
	return ctx;
}

/* The patch of the stage's answer, as the daemon would read it. */
static json_t *patched(void *ctx, const char *title, const char *body, const char *sections)
{
	mr_field fields[] = {{mr_bytes_of("title"), mr_bytes_of(title)}, {mr_bytes_of("detail.sections"), mr_bytes_of(sections)}};
	mr_task task = {.body = mr_bytes_of(body), .fields = fields, .field_count = sections ? 2 : 1};
	mr_answer *answer = answer_new();
	answer_begin(answer);
	classify_stage.apply(ctx, &task, answer);
	wire_batch batch = {0};
	answer_write(answer, &batch, 7, 1, 5, 1 << 20);
	size_t len = wire_batch_bytes(&batch);
	char *message = malloc(len);
	wire_batch_write(&batch, WIRE_RESULT, message);
	wire_results results = {0};
	assert_int_equal(wire_read_results(&results, (mr_bytes){message, len}), 0);
	assert_int_equal(results.rows[0].status, WIRE_ANSWERED);
	assert_int_equal(results.rows[0].part_count, 1);
	assert_null(results.rows[0].parts->body.data);
	mr_bytes patch = results.rows[0].parts->patch;
	json_t *out = json_loadb(patch.data, patch.len, 0, NULL);
	assert_non_null(out);
	wire_results_free(&results);
	wire_batch_free(&batch);
	free(message);
	answer_free(&answer);
	return out;
}

static const char *primary(const json_t *patch)
{
	return json_string_value(json_object_get(patch, "primary_label"));
}

static void subjects_are_told_apart(void **state)
{
	(void)state;
	static const struct { const char *title, *body, *primary, *topic; } cases[] = {
		{"松江镇发放人才安家补贴", "镇里昨天向四十名引进人才发放安家补贴，人才公寓同时开放申请，博士每月另有津贴。", "talent", "medtop:20000509"},
		{"新學期小學開設閱讀課", "新學期起，全市小學每週開設一節閱讀課，老師帶學生在圖書館選書、寫讀書筆記。", "education", "medtop:05000000"},
		{"实验室研制出新型传感器", "研究团队历时三年攻关，研制出灵敏度更高的传感器，相关技术已获发明专利，正与企业开展成果转化。", "science", "medtop:13000000"},
		{"全市干部大会召开", "会议强调，要深入学习贯彻有关精神，加强党的领导，统筹抓好教育、科技、人才和安全生产等工作，以实干推动发展。", "none", NULL},
		{"", "", "none", NULL},
	};
	void *ctx = opened();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *patch = patched(ctx, cases[i].title, cases[i].body, NULL);
		assert_string_equal(primary(patch), cases[i].primary);
		bool labelled = strcmp(cases[i].primary, "none") != 0;
		assert_int_equal(json_array_size(json_object_get(patch, "labels")) > 0, labelled);
		assert_int_equal(json_array_size(json_object_get(patch, "evidence")) > 0, labelled);
		assert_true(json_is_number(json_object_get(patch, "score_talent")));
		assert_null(json_object_get(patch, "detail"));
		if (labelled)
			assert_string_equal(json_string_value(json_array_get(json_object_get(patch, "media_topics"), 0)), cases[i].topic);
		json_decref(patch);
	}
	classify_stage.close(ctx);
}

static void sections_have_labels_of_their_own(void **state)
{
	(void)state;
	static const char body[] = "一、办好学校\n新建小学两所、初中一所，招聘教师一百二十名，开齐开足课程，改进学生评价和课后服务。\n"
				   "二、建好人才公寓\n建设人才公寓五百套，对引进的高层次人才发放租房补贴和安家费，简化人才认定手续。";
	static const char sections[] = "[{\"number\":\"一、\",\"heading\":\"办好学校\",\"level\":1},{\"number\":\"二、\",\"heading\":\"建好人才公寓\",\"level\":1},"
				       "{\"number\":\"三、\",\"heading\":\"这里没有\",\"level\":1}]";
	void *ctx = opened();
	json_t *patch = patched(ctx, "城东新区建设方案", body, sections), *list = json_object_get(json_object_get(patch, "detail"), "sections");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(primary(json_array_get(list, 0)), "education");
	assert_string_equal(primary(json_array_get(list, 1)), "talent");
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "heading")), "建好人才公寓");
	assert_null(json_object_get(json_array_get(list, 2), "labels"));
	json_decref(patch);
	static const char nested[] = "[{\"heading\":\"办好学校\",\"level\":1},{\"heading\":\"建好人才公寓\",\"level\":2}]";
	patch = patched(ctx, "城东新区建设方案", body, nested);           /* a section holds those below it */
	list = json_object_get(json_object_get(patch, "detail"), "sections");
	assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "labels")), 2);
	assert_string_equal(primary(json_array_get(list, 1)), "talent");
	json_decref(patch);
	patch = patched(ctx, "x", body, "not json");
	assert_null(json_object_get(patch, "detail"));
	json_decref(patch);
	classify_stage.close(ctx);
}

static void what_is_wrong_is_said_at_the_start(void **state)
{
	(void)state;
	void *ctx;
	char error[256] = "";
	settings *s = with("/nowhere/topics.model");
	assert_int_equal(classify_stage.open(&ctx, s, error), -1);
	assert_non_null(strstr(error, "/nowhere/topics.model"));
	settings_free(&s);
	buf errors = {0};
	const char *sets[] = {"classify.model=" SOURCE_DIR "/conf/models/topics.model", "classify.labels=education weather"};
	s = settings_read(NULL, sets, 2, &errors);
	assert_non_null(s);
	assert_int_equal(classify_stage.open(&ctx, s, error), -1);
	assert_non_null(strstr(error, "weather"));
	settings_free(&s);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subjects_are_told_apart),
		cmocka_unit_test(sections_have_labels_of_their_own),
		cmocka_unit_test(what_is_wrong_is_said_at_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
