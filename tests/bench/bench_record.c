/* bench_record.c - what the data contract costs: parse and dump of one 13.6 KB record of Chinese text, beside Jansson's own json_loadb and json_dumpb of
 * the same bytes. Build: ninja bench_record; run: build/bench/bench_record [seconds]. Prints records a second and the ratio. */
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

int main(int argc, char **argv)
{
	static const char *const labels[] = {"education", "science", "talent"};
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	record_rules_values values = {.labels = labels, .label_count = 3};
	record_rules *rules = record_rules_new_from(&values);
	buf text = {0}, out = {0};
	char *room = malloc(1 << 20);
	double rate[4] = {0};
	static const char *const names[] = {"json_loadb + json_dumpb", "the same, JSON_REJECT_DUPLICATES", "record_parse + article_dump"};
	write_record(&text);
	for (int turn = 0; turn < 3; turn++)                     /* the best of three turns of each, taken in turns */
		for (int k = 0; k < 3; k++) {
			double start = now(), end;
			size_t n = 0, sum = 0;
			do {
				for (int i = 0; i < 50; i++, n++)
					sum += k == 2 ? record_round(&text, rules, &out) : jansson_round(&text, k ? JSON_REJECT_DUPLICATES : 0, room, 1 << 20);
				end = now();
			} while (end - start < seconds);
			if (sum && (double)n / (end - start) > rate[k])
				rate[k] = (double)n / (end - start);
		}
	printf("record of %zu bytes\n", text.len);
	for (int k = 0; k < 3; k++)
		printf("%-34s %8.0f records/s %7.1f us\n", names[k], rate[k], 1e6 / rate[k]);
	printf("ratio to json_loadb + json_dumpb %.2f\n", rate[2] / rate[0]);
	record_rules_free(&rules);
	buf_free(&text);
	buf_free(&out);
	free(room);
	return 0;
}
