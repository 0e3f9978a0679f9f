/* test_classify.c - tokens, model file, scorings and evidence of the classifier. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mem.h"
#include "workers/classify/features.h"
#include "workers/classify/scorer.h"

/* ---- a little model: grams with weights for two labels, of which the first has a second component ---- */

typedef struct rule {
	const char *words;               /* one gram of one to three tokens */
	float homes, maths;
} rule;

static const rule rules[] = {
	{"人才", 3, -1}, {"公寓", 2, 0}, {"才公", 0.5f, 0}, {"才公寓", 1, 0}, {"数学", -0.5f, 4}, {"数", 0, 1}, {"teacher", 0, 2}, {"天气", -1, -1}, {"a", 0, 0},
};
enum { RULES = sizeof rules / sizeof *rules, EXTRA_RULES = 2 };
enum { HOMES, HOMES_ABROAD, MATHS, COMPONENTS };

static uint64_t gram_of(const char *words)
{
	tokens t = {0};
	tokens_read(&t, (mr_bytes){0}, mr_bytes_of(words), false);
	uint64_t h = FEATURE_SEED;
	for (size_t i = 0; i < t.count; i++)
		h = feature_longer(h, t.at[i].value);
	tokens_free(&t);
	return h;
}

static void model_make(buf *out, float title_share)
{
	model_head head = {.name = "little", .title_times = 2, .lead_times = 1, .title_share = title_share, .label_count = 2,
			   .labels = {{.name = "homes", .slope = -4, .threshold = 0.5f, .section_threshold = 0.9f},
				      {.name = "maths", .slope = -4, .threshold = 0.5f, .section_threshold = 0.9f}},
			   .component_count = COMPONENTS, .components = {{.label = 0, .bias = -0.5f}, {.label = 0, .bias = -0.75f}, {.label = 1, .bias = -0.5f}}};
	model_feature features[RULES + EXTRA_RULES];
	float weights[RULES + EXTRA_RULES][COMPONENTS] = {{0}};
	for (int i = 0; i < RULES; i++) {
		weights[i][HOMES] = rules[i].homes;
		weights[i][MATHS] = rules[i].maths;
		features[i] = (model_feature){gram_of(rules[i].words), 1 + (float)i / 10, weights[i]};
	}
	weights[RULES][MATHS] = 5;
	features[RULES] = (model_feature){feature_of_title(gram_of("算术")), 1, weights[RULES]};
	weights[RULES + 1][HOMES_ABROAD] = 4;
	features[RULES + 1] = (model_feature){gram_of("barracks"), 1, weights[RULES + 1]};
	assert_int_equal(model_write(&head, features, RULES + EXTRA_RULES, out), 0);
}

static model little(buf *file, float title_share)
{
	model m;
	char error[256];
	model_make(file, title_share);
	assert_int_equal(model_read(&m, buf_bytes(file), error), 0);
	return m;
}

/* ---- tokens ---- */

static void tokens_are_characters_and_words(void **state)
{
	(void)state;
	tokens t = {0};
	tokens_read(&t, mr_bytes_of("题"), mr_bytes_of("5G 网络，Teacher's 12345 号"), false);
	assert_int_equal(t.title_count, 1);
	assert_int_equal(t.count, 7);            /* 题 | 5g 网 络 | teacher's 12345 号 */
	assert_int_equal(t.at[0].zone, ZONE_TITLE);
	assert_true(t.at[1].breaks && !t.at[2].breaks && !t.at[3].breaks && t.at[4].breaks && !t.at[5].breaks);
	assert_memory_equal(&"5G 网络，Teacher's 12345 号"[t.at[4].start], "Teacher's", t.at[4].end - t.at[4].start);
	uint32_t figure = t.at[5].value;
	tokens_read(&t, (mr_bytes){0}, mr_bytes_of("999999"), false);
	assert_int_equal(t.at[0].value, figure); /* long numbers are all alike */
	tokens_read(&t, (mr_bytes){0}, mr_bytes_of("985"), false);
	assert_int_not_equal(t.at[0].value, figure);
	tokens_free(&t);
}

static void tokens_fold_script_width_and_case(void **state)
{
	(void)state;
	tokens a = {0}, b = {0};
	tokens_read(&a, (mr_bytes){0}, mr_bytes_of("专业人才 TEACHER Ａ１"), false);
	tokens_read(&b, (mr_bytes){0}, mr_bytes_of("專業人才 teacher a1"), false);
	assert_int_equal(a.count, b.count);
	for (size_t i = 0; i < a.count; i++)
		assert_int_equal(a.at[i].value, b.at[i].value);
	tokens_free(&a);
	tokens_free(&b);
}

/* 题 | end; end 5g blank 网 ， “ a end: with marks all that is printed counts, and only the border between title and body breaks. */
static void marks_and_ends_are_tokens(void **state)
{
	(void)state;
	tokens t = {0};
	const char *body = "5G  网，“a";
	tokens_read(&t, mr_bytes_of("题"), mr_bytes_of(body), true);
	assert_int_equal(t.title_count, 3);
	assert_int_equal(t.count, 3 + 8);
	const uint8_t marks[] = {1, 0, 1, 0, 1, 1, 0, 1};
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(t.at[3 + i].mark, marks[i]);
		assert_int_equal(t.at[3 + i].breaks != 0, i == 0);
	}
	assert_int_equal(t.at[3].value, t.at[10].value);
	assert_memory_equal(body + t.at[7].start, "，", t.at[7].end - t.at[7].start);
	assert_int_equal(t.at[10].start, strlen(body));
	tokens_read(&t, (mr_bytes){0}, (mr_bytes){0}, true);
	assert_int_equal(t.count, 0);
	tokens_free(&t);
}

static void tokens_stand_any_bytes(void **state)
{
	(void)state;
	char bytes[4096];
	uint32_t x = 1;
	tokens t = {0};
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)((x = x * 1664525u + 1013904223u) >> 24);
		tokens_read(&t, (mr_bytes){bytes, 100}, (mr_bytes){bytes, sizeof bytes}, round % 2);
		for (size_t i = 0; i < t.count; i++)
			assert_true(t.at[i].start <= t.at[i].end && t.at[i].end <= sizeof bytes);
	}
	tokens_free(&t);
}

/* Texts made of pieces that are told in different ways: by the table, as ASCII, by folding a stretch, as a word of several characters, broken. */
static void random_text(uint32_t *x, buf *out)
{
	static const char *const pieces[] = {"学", "專", "網絡", "网络", "程式", "程", "核心", "核", "資訊", "的", "〇", "㐀", "𠮷", "㎡", "㈱", "，", "。", "（", "－", "＇", "“", "’", "…", " ", "\n", "\t", "\r",
		"　", "5G", "a", "it's", "x-y", "-", "'", "2025", "985", "ＡＢ", "１２３４５", "é", "Ünit", "Ж", "カ", "한", "\xE4", "\xE4\xB8", "\xFF", "\xED\xA0\x80", "!", "/", "䷀", "豈"};
	buf_clear(out);
	for (uint32_t n = (*x >> 8) % 40 + 1; n > 0; n--)
		buf_add_str(out, pieces[((*x = *x * 1664525u + 1013904223u) >> 8) % (sizeof pieces / sizeof *pieces)]);
}

/* A text is cut straight from its bytes; one with marks is folded as a whole first. But for the marks both must say the same of it. */
static void tokens_are_those_of_the_folded_text(void **state)
{
	(void)state;
	tokens plain = {0}, marked = {0};
	buf text = {0};
	uint32_t x = 7;
	for (int round = 0; round < 20000; round++) {
		random_text(&x, &text);
		tokens_read(&plain, (mr_bytes){0}, buf_bytes(&text), false);
		tokens_read(&marked, (mr_bytes){0}, buf_bytes(&text), true);
		size_t n = 0;
		for (size_t i = 0; i < marked.count; i++) {
			const token *want = &marked.at[i], *got = &plain.at[n];
			if (want->mark)
				continue;
			assert_true(n++ < plain.count);
			assert_int_equal(got->value, want->value);
			assert_int_equal(got->start, want->start);
			assert_int_equal(got->end, want->end);
			assert_int_equal(got->wide, want->wide);
		}
		assert_int_equal(n, plain.count);
	}
	buf_free(&text);
	tokens_free(&plain);
	tokens_free(&marked);
}

/* ---- model file ---- */

static void model_keeps_weights(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	assert_string_equal(m.head.name, "little");
	assert_int_equal(m.head.features, RULES + EXTRA_RULES);
	for (int i = 0; i < RULES; i++) {
		uint32_t slot;
		assert_true(model_find(&m, gram_of(rules[i].words), &slot));
		const uint16_t *cell = model_cell(&m, slot);
		assert_true(fabsf((float)(int16_t)cell[1 + HOMES] * m.head.components[HOMES].weight_step - rules[i].homes) < 1e-3f);
		assert_true(fabsf((float)(int16_t)cell[1 + MATHS] * m.head.components[MATHS].weight_step - rules[i].maths) < 1e-3f);
	}
	uint32_t nowhere;
	assert_false(model_find(&m, gram_of("没有"), &nowhere));
	model_close(&m);
	buf_free(&file);
}

static void model_file_is_reproducible(void **state)
{
	(void)state;
	buf a = {0}, b = {0};
	model_make(&a, 0.5f);
	model_make(&b, 0.5f);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	buf_free(&a);
	buf_free(&b);
}

static void model_refuses_every_damaged_byte(void **state)
{
	(void)state;
	buf file = {0};
	model m;
	char error[256];
	model_make(&file, 0.5f);
	for (size_t i = 0; i < file.len; i++) {
		file.data[i] ^= 0x10;
		assert_int_equal(model_read(&m, buf_bytes(&file), error), -1);
		file.data[i] ^= 0x10;
	}
	for (size_t len = 0; len < file.len; len += 7)
		assert_int_equal(model_read(&m, (mr_bytes){file.data, len}, error), -1);
	assert_int_equal(model_read(&m, buf_bytes(&file), error), 0);
	model_close(&m);
	buf_free(&file);
}

static void model_says_why_it_refuses(void **state)
{
	(void)state;
	char path[] = "/tmp/millrace-test-model-XXXXXX", error[256];
	buf file = {0};
	model m;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	model_make(&file, 0.5f);
	file.data[8]++;
	assert_int_equal(pwrite(fd, file.data, file.len, 0), file.len);
	assert_int_equal(model_open(&m, path, error), -1);
	assert_non_null(strstr(error, "another version"));
	assert_non_null(strstr(error, path));
	file.data[8]--;
	file.data[file.len - 1] ^= 1;
	assert_int_equal(pwrite(fd, file.data, file.len, 0), file.len);
	assert_int_equal(model_open(&m, path, error), -1);
	assert_non_null(strstr(error, "checksum"));
	file.data[file.len - 1] ^= 1;
	assert_int_equal(pwrite(fd, file.data, file.len, 0), file.len);
	assert_int_equal(model_open(&m, path, error), 0);
	model_close(&m);
	assert_int_equal(ftruncate(fd, (off_t)file.len - 2), 0);
	assert_int_equal(model_open(&m, path, error), -1);
	assert_non_null(strstr(error, "length"));
	close(fd);
	unlink(path);
	assert_int_equal(model_open(&m, path, error), -1);
	assert_non_null(strstr(error, "No such file"));
	assert_int_equal(model_open(&m, "/tmp", error), -1);
	buf_free(&file);
}

/* ---- scorings ---- */

static scoring judged(const model *m, const char *title, const char *body)
{
	scorer *j = scorer_new(m);
	scoring v;
	scorer_read(j, mr_bytes_of(title), mr_bytes_of(body), &v);
	scorer_free(&j);
	return v;
}

static void labels_are_a_set(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	scoring v = judged(&m, "", "人才公寓开放");
	assert_int_equal(v.label_count, 1);
	assert_int_equal(v.primary, 0);
	v = judged(&m, "", "数学老师住进人才公寓");
	assert_int_equal(v.label_count, 2);
	assert_true(v.probability[v.labels[0]] >= v.probability[v.labels[1]]);
	v = judged(&m, "", "天气很好");
	assert_int_equal(v.label_count, 0);
	assert_int_equal(v.primary, -1);
	v = judged(&m, "", "");
	assert_int_equal(v.label_count, 0);
	model_close(&m);
	buf_free(&file);
}

/* Fills `out` with `tokens` characters that no model knows, in paragraphs of fifty. */
static void filler(buf *out, int tokens)
{
	for (int i = 0; i < tokens; i++)
		buf_add_str(out, i % 50 == 49 ? "某\n" : "某");
}

static void sections_cover_a_long_body(void **state)
{
	(void)state;
	buf text = {0};
	tokens t = {0};
	filler(&text, 2 * SECTION_TOKENS - 1);
	tokens_read(&t, mr_bytes_of("题目"), buf_bytes(&text), false);
	assert_false(tokens_has_sections(&t));
	filler(&text, 1000);
	tokens_read(&t, mr_bytes_of("题目"), buf_bytes(&text), false);
	assert_true(tokens_has_sections(&t));
	size_t from = t.title_count, sections = 0;
	while (from < t.count) {
		size_t end = tokens_section_end(&t, from);
		assert_true(end > from && end - from >= SECTION_TOKENS && end - from <= 3 * SECTION_TOKENS);
		from = end;
		sections++;
	}
	assert_int_equal(from, t.count);
	assert_true(sections >= 3);
	buf_free(&text);
	tokens_free(&t);
}

static void a_section_adds_its_label_to_a_labelled_text(void **state)
{
	(void)state;
	buf file = {0}, text = {0}, unlabelled = {0};
	model m = little(&file, 0.5f);
	for (int i = 0; i < 400; i++)
		buf_add_str(&text, "人才公寓，");
	buf_add_str(&text, "\n数学老师与数学");
	filler(&text, 600);
	scoring v = judged(&m, "", text.data);
	assert_true(v.has_sections);
	assert_true(v.score[1] < 0 && v.section_score[1] > 0.5);
	assert_int_equal(v.label_count, 2);
	buf_add_str(&unlabelled, "天气，");                              /* the same section in a text about nothing of ours */
	for (int i = 0; i < 400; i++)
		buf_add_str(&unlabelled, "天气与天气，");
	buf_add_str(&unlabelled, "\n数学老师与数学");
	filler(&unlabelled, 600);
	v = judged(&m, "", unlabelled.data);
	assert_int_equal(v.label_count, 0);
	buf_free(&text);
	buf_free(&unlabelled);
	model_close(&m);
	buf_free(&file);
}

static void title_has_features_of_its_own(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	assert_int_equal(judged(&m, "算术", "别的").primary, 1);
	assert_int_equal(judged(&m, "", "算术").primary, -1);
	model_close(&m);
	buf_free(&file);
}

static void traditional_text_is_judged_alike(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	scoring a = judged(&m, "人才公寓", "数学与人才"), b = judged(&m, "人才公寓", "數學與人才");
	assert_true(a.score[0] == b.score[0] && a.score[1] == b.score[1]);
	model_close(&m);
	buf_free(&file);
}

/* The answer to a text does not depend on what was judged before it. */
static void scorer_has_no_memory(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	const char *texts[] = {"人才公寓", "数学老师 teacher 数学", "天气", "人才 数学 人才 公寓"};
	scorer *j = scorer_new(&m);
	evidence_term terms[16];
	for (int round = 0; round < 3; round++)
		for (int i = 3; i >= 0; i--) {
			scoring v, alone = judged(&m, texts[0], texts[i]);
			scorer_read(j, mr_bytes_of(texts[0]), mr_bytes_of(texts[i]), &v);
			scorer_evidence(j, &v, terms, 16);
			assert_true(v.score[0] == alone.score[0] && v.score[1] == alone.score[1]);
		}
	scorer_free(&j);
	model_close(&m);
	buf_free(&file);
}

/* A label's score is that of its highest component, and the evidence is that component's. */
static void the_highest_component_speaks_for_its_label(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	scorer *j = scorer_new(&m);
	scoring v;
	evidence_term terms[4];
	scorer_read(j, (mr_bytes){0}, mr_bytes_of("New barracks"), &v);
	assert_int_equal(v.primary, 0);
	assert_int_equal(v.component[0], HOMES_ABROAD);
	assert_true(fabs(v.score[0] - (4 - 0.75)) < 1e-3);
	assert_true(fabs(scorer_sum_of_contributions(j, HOMES_ABROAD) - v.score[0]) < 1e-9);
	assert_int_equal(scorer_evidence(j, &v, terms, 4), 1);
	assert_memory_equal(terms[0].words.data, "barracks", terms[0].words.len);
	scorer_read(j, (mr_bytes){0}, mr_bytes_of("人才公寓"), &v);
	assert_int_equal(v.component[0], HOMES);
	scorer_free(&j);
	model_close(&m);
	buf_free(&file);
}

/* ---- evidence ---- */

static void evidence_sums_to_the_score(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	scorer *j = scorer_new(&m);
	scoring v;
	scorer_read(j, mr_bytes_of("人才公寓"), mr_bytes_of("数学，人才公寓；人才。Teacher"), &v);
	for (uint32_t l = 0; l < 2; l++)
		assert_true(fabs(scorer_sum_of_contributions(j, v.component[l]) - v.score[l]) < 1e-9);
	scorer_free(&j);
	model_close(&m);
	buf_free(&file);
}

/* Words and bias are the score; the largest gram comes first. */
static void contributions_of_words_sum_to_the_score(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	scorer *j = scorer_new(&m);
	scoring v;
	scorer_read(j, mr_bytes_of("人才公寓"), mr_bytes_of("数学，人才公寓；人才。Teacher"), &v);
	for (uint32_t l = 0; l < 2; l++) {
		double by_token[64], sum = (double)m.head.components[v.component[l]].bias;
		assert_true(scorer_tokens(j)->count < 64);
		scorer_token_contributions(j, v.component[l], by_token);
		for (size_t i = 0; i < scorer_tokens(j)->count; i++)
			sum += by_token[i];
		assert_true(fabs(sum - v.score[l]) < 1e-9);
	}
	gram_term terms[3];
	assert_int_equal(scorer_grams(j, v.component[0], terms, 3), 3);
	assert_memory_equal(terms[0].words.data, "人才", terms[0].words.len);
	assert_int_equal(terms[0].times, 4);                     /* once in the title, which counts double; twice in the lead */
	assert_true(fabs(terms[0].contribution) >= fabs(terms[1].contribution));
	scorer_free(&j);
	model_close(&m);
	buf_free(&file);
}

static void evidence_speaks_the_words_of_the_source(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0);
	scorer *j = scorer_new(&m);
	scoring v;
	evidence_term terms[16];
	const char *body = "本市的人才公寓今日开放，人才公寓共百套。數學課";
	scorer_read(j, (mr_bytes){0}, mr_bytes_of(body), &v);
	assert_int_equal(v.label_count, 2);
	size_t count = scorer_evidence(j, &v, terms, 16);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		const char *wanted = terms[i].label == 0 ? "人才公寓" : "數學";
		assert_int_equal(terms[i].words.len, strlen(wanted));
		assert_memory_equal(terms[i].words.data, wanted, strlen(wanted));
		assert_true(i == 0 || terms[i].contribution <= terms[i - 1].contribution);
	}
	/* All of 人才公寓's grams push: their contributions together are the term's. */
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		if (terms[i].label == 0)
			sum += terms[i].contribution;
	assert_true(sum > 0 && sum <= v.score[0] + 0.5 + 1.0);
	scorer_free(&j);
	model_close(&m);
	buf_free(&file);
}

static void evidence_stays_within_its_bounds(void **state)
{
	(void)state;
	buf file = {0};
	model m = little(&file, 0.5f);
	scorer *j = scorer_new(&m);
	scoring v;
	evidence_term terms[3];
	buf text = {0};
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "人才公寓%s数学%d", i % 3 ? "，" : "", i);
	scorer_read(j, mr_bytes_of("人才"), buf_bytes(&text), &v);
	size_t count = scorer_evidence(j, &v, terms, 3);
	assert_true(count <= 3);
	for (size_t i = 0; i < count; i++)
		assert_true(terms[i].words.len > 0 && terms[i].words.len < 200);
	scorer_free(&j);
	buf_free(&text);
	model_close(&m);
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_characters_and_words),
		cmocka_unit_test(tokens_fold_script_width_and_case),
		cmocka_unit_test(marks_and_ends_are_tokens),
		cmocka_unit_test(tokens_stand_any_bytes),
		cmocka_unit_test(tokens_are_those_of_the_folded_text),
		cmocka_unit_test(model_keeps_weights),
		cmocka_unit_test(model_file_is_reproducible),
		cmocka_unit_test(model_refuses_every_damaged_byte),
		cmocka_unit_test(model_says_why_it_refuses),
		cmocka_unit_test(labels_are_a_set),
		cmocka_unit_test(sections_cover_a_long_body),
		cmocka_unit_test(a_section_adds_its_label_to_a_labelled_text),
		cmocka_unit_test(title_has_features_of_its_own),
		cmocka_unit_test(traditional_text_is_judged_alike),
		cmocka_unit_test(scorer_has_no_memory),
		cmocka_unit_test(the_highest_component_speaks_for_its_label),
		cmocka_unit_test(evidence_sums_to_the_score),
		cmocka_unit_test(contributions_of_words_sum_to_the_score),
		cmocka_unit_test(evidence_speaks_the_words_of_the_source),
		cmocka_unit_test(evidence_stays_within_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
