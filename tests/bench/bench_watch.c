/* bench_watch.c - how fast watches are compiled and articles looked through. One thread; time is processor time, so that neighbours on the machine do not count.
 *
 *   bench_watch [PHRASES [RECORDS]]       the stage alone over the bodies of the bench's feed
 *   bench_watch --file PHRASES            prints a file of watches with so many phrases, for the whole pipeline: tests/bench/bench.py --watches
 *
 * The phrases are names of persons, places, bodies and things such as analysts collect, put together by chance; a few of them stand in the feed. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "common/settings.h"
#include "common/utf8.h"
#include "tests/bench/texts.h"
#include "workers/text/fold.h"
#include "workers/watch/watch_set.h"

#define PER_WATCH 100

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t chance(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}

static const char pieces[] = "教育科技人才创新产业平台项目基地服务社区青年乡村城市交通医疗文化旅游海洋生态能源材料数据网络芯片航空船舶农机粮食物流金融商贸会展体育艺术档案气象"
	"地质测绘环境水利消防应急安全质量标准专利品牌园区楼宇街巷河湖港口机场铁路公路桥梁隧道电力燃气绿化养老工会妇联学会大赛论坛讲座课程教材陈李王周吴徐孙马朱胡郭何高林罗郑梁谢宋唐";

static void add_piece(uint64_t *state, int characters, buf *out)
{
	while (characters-- > 0)
		buf_add(out, pieces + 3 * chance(state, (sizeof pieces - 1) / 3), 3);
}

/* Seven of ten Chinese, of three to seven ideographs; three English, of one or two words. */
static void add_phrase(uint64_t *state, buf *out)
{
	if (chance(state, 10) < 7) {
		add_piece(state, 3 + (int)chance(state, 5), out);
		return;
	}
	for (uint32_t words = 1 + chance(state, 2); words > 0; words--) {
		for (uint32_t letters = 5 + chance(state, 6); letters > 0; letters--)
			buf_add_char(out, "etaoinshrdlucmfwypvbgkqjxz"[chance(state, chance(state, 2) ? 12 : 26)]);
		if (words > 1)
			buf_add_char(out, ' ');
	}
}

static void make_file(size_t phrases, buf *out)
{
	uint64_t state = 7;
	for (size_t i = 0; i < phrases; i++) {
		if (i % PER_WATCH == 0)
			buf_printf(out, "[list-%zu]\nnote = for the bench\n", i / PER_WATCH);
		buf_add_str(out, "any = ");
		add_phrase(&state, out);
		buf_add_char(out, '\n');
	}
}

static watch_set *make_set(size_t phrases)
{
	buf text = {0}, errors = {0};
	char error[256];
	make_file(phrases, &text);
	settings *s = settings_read(NULL, NULL, 0, &errors);
	double start = now();
	watch_file *file = watch_file_parse(buf_bytes(&text), "bench", NULL, &errors);
	if (!file) {
		fputs(buf_bytes(&errors).data, stderr);
		exit(1);
	}
	double parsed = now();
	watch_set *set = watch_set_new(file, s, error);
	if (!set) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	printf("%zu watches, %zu different phrases: file read in %.0f ms, compiled in %.0f ms to %.1f MB\n", file->count, watch_set_phrases(set), (parsed - start) * 1e3,
	       (now() - parsed) * 1e3, (double)watch_set_bytes(set) / 1e6);
	settings_free(&s);
	buf_free(&text);
	return set;
}

typedef struct article { char *title, *body; } article;

static size_t make_articles(size_t count, article *out)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++) {
		buf record = {0};
		texts_record(1, i, &record);
		json_t *tree = json_loadb(record.data, record.len, 0, NULL);
		out[i].title = mem_string(json_string_value(json_object_get(tree, "title")));
		out[i].body = mem_string(json_string_value(json_object_get(tree, "text")));
		bytes += strlen(out[i].title) + strlen(out[i].body);
		json_decref(tree);
		buf_free(&record);
	}
	return bytes;
}

static void look(watch_set *set, const article *articles, size_t count, size_t bytes)
{
	size_t met = 0, turns = 0;
	double start = now();
	do {
		met = 0;
		for (size_t i = 0; i < count; i++) {
			watch_article a = {.parts[PART_TITLE] = mr_bytes_of(articles[i].title), .parts[PART_BODY] = mr_bytes_of(articles[i].body), .labels = mr_bytes_of("science")};
			met += watch_set_look(set, &a) > 0;
		}
		turns++;
	} while (now() - start < 2);
	double took = now() - start;
	printf("look      %8.1f us an article of %zu bytes, %.0f MB/s (%zu of %zu articles meet a watch)\n", took * 1e6 / (double)(turns * count), bytes / count,
	       (double)(turns * bytes) / took / 1e6, met, count);
}

static void fold(const article *articles, size_t count, size_t bytes)
{
	buf out = {0};
	size_t turns = 0;
	fold_quick *table = watch_fold_table();
	double start = now();
	do {
		for (size_t i = 0; i < count; i++) {
			buf_clear(&out);
			watch_fold_fast(mr_bytes_of(articles[i].body), table, &out, NULL);
		}
		turns++;
	} while (now() - start < 1);
	double took = now() - start;
	printf("fold      %8.1f us of it, %.0f MB/s\n", took * 1e6 / (double)(turns * count), (double)(turns * bytes) / took / 1e6);
	free(table);
	buf_free(&out);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--file") == 0) {
		buf text = {0};
		make_file((size_t)atol(argv[2]), &text);
		fputs(buf_bytes(&text).data, stdout);
		buf_free(&text);
		return 0;
	}
	size_t phrases = argc > 1 ? (size_t)atol(argv[1]) : 10000, count = argc > 2 ? (size_t)atol(argv[2]) : 2000;
	article *articles = mem_array(count, sizeof *articles);
	size_t bytes = make_articles(count, articles);
	watch_set *set = make_set(phrases);
	look(set, articles, count, bytes);
	fold(articles, count, bytes);
	watch_set_free(&set);
	for (size_t i = 0; i < count; i++) {
		free(articles[i].title);
		free(articles[i].body);
	}
	free(articles);
	return 0;
}
