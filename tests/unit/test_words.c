/* test_words.c - headlines: words learnt from texts, cut, and judged; scores of labels weighed together. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/couple.c"
#include "cli/unigrams.c"

#include <cmocka.h>

#include "workers/classify/scorer.h"

static unigrams *learn(const char *const *texts, size_t count, int times)
{
	unigrams *self = unigrams_new();
	tokens t = {0};
	for (int n = 0; n < times; n++)
		for (size_t i = 0; i < count; i++) {
			tokens_read(&t, (mr_bytes){0}, mr_bytes_of(texts[i]), true);
			unigrams_add(self, t.at, t.count);
		}
	tokens_free(&t);
	unigrams_learn(self);
	return self;
}

static uint64_t feature_of(const char *word)
{
	tokens t = {0};
	tokens_read(&t, (mr_bytes){0}, mr_bytes_of(word), false);
	uint64_t h = word_feature(t.at, 0, t.count);
	tokens_free(&t);
	return h;
}

/* 学校 and 校园 meet in other neighbours, so each is a word, and what stands across two of them is none. */
static const char *const school[] = {"学校开学", "校园开放", "学校放假", "校园招聘", "开放学校", "招聘会在校园", "放假了学校", "2025 学校"};

static void words_are_what_recurs(void **state)
{
	(void)state;
	unigrams *u = learn(school, sizeof school / sizeof *school, 9);
	assert_true(unigrams_knows(u, feature_of("学校")));
	assert_true(unigrams_knows(u, feature_of("校园")));
	assert_false(unigrams_knows(u, feature_of("校开")));
	assert_false(unigrams_knows(u, feature_of("学")));       /* single ideographs need no list */
	size_t count;
	const uint64_t *words = unigrams_words(u, &count);
	assert_true(count >= 4);
	for (size_t i = 1; i < count; i++)
		assert_true(words[i - 1] < words[i]);
	unigrams_free(&u);
}

static void rare_strings_are_no_words(void **state)
{
	(void)state;
	unigrams *u = learn(school, sizeof school / sizeof *school, 1);
	assert_false(unigrams_knows(u, feature_of("招聘")));     /* twice */
	unigrams_free(&u);
	u = unigrams_new();
	unigrams_learn(u);                                       /* no text at all */
	size_t count;
	unigrams_words(u, &count);
	assert_int_equal(count, 0);
	unigrams_free(&u);
}

typedef struct seen {
	uint64_t hash[128];
	size_t first[128], length[128];
	bool pair[128];
	size_t count;
} seen;

static void see(void *arg, uint64_t hash, size_t first, size_t length, bool pair)
{
	seen *s = arg;
	assert_true(s->count < 128);
	s->hash[s->count] = hash;
	s->first[s->count] = first;
	s->length[s->count] = length;
	s->pair[s->count++] = pair;
}

/* ^ 学校 | 5g | 校园 | ！ $, each word and each two: blanks are no words and part none. */
static void texts_are_cut_into_the_longest_words(void **state)
{
	(void)state;
	unigrams *u = learn(school, sizeof school / sizeof *school, 9);
	tokens t = {0};
	seen s = {0};
	tokens_read(&t, (mr_bytes){0}, mr_bytes_of("學校5G 校园！"), true);
	words_walk(t.at, 0, t.count, unigrams_knows, u, see, &s);
	size_t words = 0, last[2] = {0, 0};
	for (size_t i = 0; i < s.count; i++) {
		words += !s.pair[i];
		assert_true(s.first[i] >= last[s.pair[i]]);
		last[s.pair[i]] = s.first[i];
		assert_true(s.first[i] + s.length[i] <= t.count && s.length[i] <= WORD_PLACES);
	}
	assert_int_equal(words, 6);
	assert_int_equal(s.count, 6 + 5);
	assert_true(s.hash[1] == feature_of("学校") && s.length[1] == 2);
	tokens_free(&t);
	unigrams_free(&u);
}

static void words_stand_any_bytes(void **state)
{
	(void)state;
	unigrams *u = learn(school, sizeof school / sizeof *school, 9);
	tokens t = {0};
	uint32_t x = 3;
	for (int round = 0; round < 300; round++) {
		char bytes[96];
		seen s = {0};
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)((x = x * 1664525u + 1013904223u) >> 24);
		tokens_read(&t, (mr_bytes){bytes, 8}, (mr_bytes){bytes, 24}, true);
		words_walk(t.at, 0, t.count, unigrams_knows, u, see, &s);
	}
	tokens_free(&t);
	unigrams_free(&u);
}

/* A model that knows 学校 and 校园 as words, and their pair. */
static void contributions_of_cut_words_sum_to_the_score(void **state)
{
	(void)state;
	buf file = {0};
	float weights[3][2] = {{2, -1}, {-1, 3}, {4, 0}};
	uint64_t school_word = feature_of("学校"), campus = feature_of("校园");
	model_feature features[] = {{school_word, 1, weights[0]}, {campus, 1, weights[1]}, {word_pair_feature(school_word, campus), 1, weights[2]}};
	model_head head = {.name = "heads", .single = true, .marks = true, .words = true, .title_times = 1, .lead_times = 1, .label_count = 2,
			   .labels = {{.name = "a", .slope = -1}, {.name = "b", .slope = -1}}, .component_count = 2, .components = {{.label = 0, .bias = -0.5f}, {.label = 1}}};
	assert_int_equal(model_write(&head, features, 3, &file), 0);
	model m;
	char error[256];
	assert_int_equal(model_read(&m, buf_bytes(&file), error), 0);
	assert_true(m.head.words);
	scorer *j = scorer_new(&m);
	scoring said;
	scorer_read(j, (mr_bytes){0}, mr_bytes_of("學校校园，校园"), &said);
	assert_int_equal(said.primary, 0);
	for (uint32_t c = 0; c < 2; c++) {
		double by_token[16], sum = (double)m.head.components[c].bias;
		assert_true(scorer_tokens(j)->count < 16);
		scorer_token_contributions(j, c, by_token);
		for (size_t i = 0; i < scorer_tokens(j)->count; i++)
			sum += by_token[i];
		assert_true(fabs(sum - said.score[c]) < 1e-9);
		assert_true(fabs(scorer_sum_of_contributions(j, c) - said.score[c]) < 1e-9);
	}
	evidence_term terms[4];
	assert_int_equal(scorer_evidence(j, &said, terms, 4), 1);
	assert_memory_equal(terms[0].words.data, "學校校园", terms[0].words.len);
	scorer_free(&j);
	model_close(&m);
	buf_free(&file);
}

/* Labels 0 and 1 are told apart only by score 2: no machine alone is right, all together are. */
static void scores_are_weighed_together(void **state)
{
	(void)state;
	enum { TEXTS = 600, LABELS = 3 };
	static double scores[TEXTS][LABELS];
	coupling_text texts[TEXTS];
	uint32_t x = 5;
	for (size_t i = 0; i < TEXTS; i++) {
		uint32_t label = (uint32_t)(i % LABELS);
		double noise = (double)((x = x * 1664525u + 1013904223u) >> 8 & 0xFF) / 1024;
		scores[i][0] = label == 2 ? -1 : 0.2 + noise;
		scores[i][1] = label == 2 ? -1 : 0.3;
		scores[i][2] = label == 2 ? 1 : label == 0 ? -0.6 - noise : -1;
		texts[i] = (coupling_text){scores[i], label, 1};
	}
	coupling c, again;
	coupling_fit(&c, texts, TEXTS, LABELS);
	coupling_fit(&again, texts, TEXTS, LABELS);
	assert_memory_equal(&c, &again, sizeof c);
	size_t right = 0;
	for (size_t i = 0; i < TEXTS; i++) {
		double s[LABELS];
		memcpy(s, scores[i], sizeof s);
		coupling_apply(&c, s);
		size_t best = s[0] >= s[1] && s[0] >= s[2] ? 0 : s[1] >= s[2] ? 1 : 2;
		right += best == texts[i].label;
	}
	assert_true(right > TEXTS * 97 / 100);
	double weights[LABELS] = {1, 0, 0}, nothing[LABELS] = {0, 0, 0};
	coupling_apply_weights(&c, weights);
	coupling_apply_weights(&c, nothing);
	for (size_t l = 0; l < LABELS; l++)
		assert_true(fabs(weights[l] - c.of[l][0]) < 1e-12 && fabs(nothing[l]) <= 0);
}

static void no_texts_couple_nothing(void **state)
{
	(void)state;
	coupling c;
	double s[] = {1, 2};
	coupling_fit(&c, NULL, 0, 2);
	coupling_apply(&c, s);
	assert_true(fabs(s[0]) <= 0 && fabs(s[1]) <= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_what_recurs),
		cmocka_unit_test(rare_strings_are_no_words),
		cmocka_unit_test(texts_are_cut_into_the_longest_words),
		cmocka_unit_test(words_stand_any_bytes),
		cmocka_unit_test(contributions_of_cut_words_sum_to_the_score),
		cmocka_unit_test(scores_are_weighed_together),
		cmocka_unit_test(no_texts_couple_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
