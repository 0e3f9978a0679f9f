/* bench_record.c - what the data contract costs: parse and dump of one 13.6 KB record of Chinese text, and a worker's answer with many names and figures, checked, merged and
 * dumped; both beside Jansson's own json_loadb and json_dumpb of the same bytes. Build: ninja bench_record; run: build/bench/bench_record [seconds]. Prints records a second and the ratio. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/record.h"

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A text of the usual size and mix: ideographs, punctuation, figures, a paragraph every 90 characters or so. */
static void write_record(buf *out)
{
	static const char *const words[] = {"城区", "新建", "学校", "科研", "平台", "人才", "引进", "项目", "实验室", "教师", "培训", "企业", "计划", "发布", "工作", "建设"};
	uint32_t seed = 7;
	buf_add_str(out, "{\"id\":\"b-1\",\"url\":\"https://paper.example/2026/0313/c1-20260313.html?utm_source=app\",\"title\":\"城区发布人才与科研平台建设计划\","
	                 "\"author\":\"林晓\",\"source\":\"城市晚报\",\"published_at\":\"2026-03-13 08:30\",\"section\":\"要闻\",\"language\":\"zh\",\"score\":0.25,"
	                 "\"tags\":[\"教育\",\"科技\"],\"text\":\"");
	for (int n = 0; out->len < 13500; n++) {
		seed = seed * 1664525 + 1013904223;
		buf_add_str(out, words[seed >> 28]);
		if (n % 9 == 8)
			buf_printf(out, "%u%%，", seed >> 25);
		if (n % 45 == 44)
			buf_add_str(out, "。\\n");
	}
	buf_add_str(out, "\"}");
}

/* An answer as dense with facts as the articles of bench_load: 26 persons, 41 organisations, 100 figures. */
static void write_answer(buf *out)
{
	buf_add_str(out, "{\"language\":\"zh\",\"script\":\"Hans\",\"title\":\"城区发布人才与科研平台建设计划\",\"lead\":\"城区发布计划，新建学校，引进人才。\",\"truncated\":false,\"organizations\":[");
	for (int i = 0; i < 41; i++)
		buf_printf(out, "%s\"城区第%d实验室\"", i ? "," : "", i);
	buf_add_str(out, "],\"persons\":[");
	for (int i = 0; i < 26; i++)
		buf_printf(out, "%s\"林晓%d\"", i ? "," : "", i);
	buf_add_str(out, "],\"detail\":{\"persons\":[");
	for (int i = 0; i < 26; i++)
		buf_printf(out, "%s{\"name\":\"林晓%d\",\"role\":\"校长\",\"organization\":\"城区第%d学校\"}", i ? "," : "", i, i);
	buf_add_str(out, "],\"metrics\":[");
	for (int i = 0; i < 100; i++)
		buf_printf(out, "%s{\"what\":\"引进人才\",\"value\":%d%s,\"unit\":\"人\",\"qualifier\":null,\"text\":\"%d人\"}", i ? "," : "", 100 + i, i % 3 ? "" : ".5", 100 + i);
	buf_add_str(out, "]}}");
}

static size_t jansson_round(const buf *text, size_t flags, char *room, size_t size)
{
	json_error_t error;
	json_t *tree = json_loadb(text->data, text->len, flags, &error);
	size_t n = json_dumpb(tree, room, size, JSON_COMPACT);
	json_decref(tree);
	return n;
}

static size_t record_round(const buf *text, const record_rules *rules, buf *out)
{
	record_fault fault;
	record_source source = {.topic = "articles.raw", .timestamp_ms = 1773362400123, .value = buf_bytes(text)};
	record *rec = record_parse(rules, &source, &fault);
	article *art = article_new(rec, 0, 1);
	buf_clear(out);
	article_dump(art, NULL, 1773362500000, out);
	article_free(&art);
	record_free(&rec);
	return out->len;
}

static size_t answer_round(const buf *answer, record *rec, buf *out)
{
	record_fault fault;
	article *art = article_new(rec, 0, 1);
	if (article_apply(art, buf_bytes(answer), "extract", &fault) != 0)
		abort();
	buf_clear(out);
	article_dump(art, NULL, 1773362500000, out);
	article_free(&art);
	return out->len;
}

typedef struct bed {
	buf text, answer, out;
	char *room;
	record_rules *rules;
	record *small;                           /* what the answer is about */
} bed;

enum { RECORD_JANSSON, RECORD_STRICT, RECORD_OURS, ANSWER_JANSSON, ANSWER_OURS, ROUNDS };

static size_t one_round(bed *self, int which)
{
	switch (which) {
	case RECORD_JANSSON:
	case RECORD_STRICT:
		return jansson_round(&self->text, which == RECORD_STRICT ? JSON_REJECT_DUPLICATES : 0, self->room, 1 << 20);
	case RECORD_OURS:
		return record_round(&self->text, self->rules, &self->out);
	case ANSWER_JANSSON:
		return jansson_round(&self->answer, JSON_REJECT_DUPLICATES, self->room, 1 << 20);
	default:
		return answer_round(&self->answer, self->small, &self->out);
	}
}

static double rate_of(bed *self, int which, double seconds)
{
	double start = now(), end;
	size_t n = 0, sum = 0;
	do {
		for (int i = 0; i < 50; i++, n++)
			sum += one_round(self, which);
		end = now();
	} while (end - start < seconds);
	return sum ? (double)n / (end - start) : 0;
}

int main(int argc, char **argv)
{
	static const char *const labels[] = {"education", "science", "talent"};
	static const char *const names[] = {"json_loadb + json_dumpb", "the same, JSON_REJECT_DUPLICATES", "record_parse + article_dump", "answer: json_loadb + json_dumpb", "answer: article_apply + article_dump"};
	double seconds = argc > 1 ? atof(argv[1]) : 1, best[ROUNDS] = {0};
	record_rules_values values = {.labels = labels, .label_count = 3};
	record_source small = {.topic = "articles.raw", .timestamp_ms = 1773362400123, .value = mr_bytes_of("{\"text\":\"城区发布计划。\"}")};
	record_fault fault;
	bed self = {.room = malloc(1 << 20), .rules = record_rules_new_from(&values)};
	self.small = record_parse(self.rules, &small, &fault);
	write_record(&self.text);
	write_answer(&self.answer);
	for (int turn = 0; turn < 3; turn++)                     /* the best of three turns of each, taken in turns */
		for (int k = 0; k < ROUNDS; k++) {
			double rate = rate_of(&self, k, seconds);
			best[k] = rate > best[k] ? rate : best[k];
		}
	printf("record of %zu bytes, answer of %zu bytes\n", self.text.len, self.answer.len);
	for (int k = 0; k < ROUNDS; k++)
		printf("%-38s %8.0f a second %7.1f us\n", names[k], best[k], 1e6 / best[k]);
	printf("ratio to json_loadb + json_dumpb %.2f, of answers %.2f\n", best[RECORD_OURS] / best[RECORD_JANSSON], best[ANSWER_OURS] / best[ANSWER_JANSSON]);
	record_free(&self.small);
	record_rules_free(&self.rules);
	buf_free(&self.text);
	buf_free(&self.answer);
	buf_free(&self.out);
	free(self.room);
	return 0;
}
