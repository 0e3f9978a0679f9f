/* bench_extract.c - how fast one worker's stage extract is: web pages beside libxml2's push parser alone on the same pages, and plain text. One thread, one
 * process; time is processor time, and parser and stage take turns, so that neighbours on the machine count as little as they can.
 *
 *   bench_extract [--check] [--seconds N] [--pages FOLDER] [--texts FOLDER] [--set SECTION.KEY=VALUE]...
 *
 * Without folders the documents are our own: texts.c's articles, the web pages with what portals put around an article (navigation, styles, scripts, lists of
 * links, comments), in the proportions of real ones: half of the bytes are scripts and styles, 4 of 10 tags, 7 of 100 text. FOLDER: its files *.html, *.html.gz or *.txt. Each is measured with extract.tagger = off and as configured.
 * --check: 1 when a target is missed (0.6 of the parser's pages; 15 MB of text a second, 4 with everything on).
 * The bare parser has SAX callbacks that count, builds no tree and reads the bytes in the pieces that the stage feeds. */
#include <dirent.h>
#include <jansson.h>
#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "common/mem.h"
#include "common/settings.h"
#include "texts.h"
#include "workers/answer.h"
#include "workers/stages.h"

#define PAGES 60
#define TEXTS 120
#define PIECE 4096                       /* as workers/extract/html_feed.c feeds */
#define ROUNDS_MAX 1000
#define TARGET_PAGES 0.6
#define TARGET_TEXT 15.0
#define TARGET_FACTS 4.0                 /* with everything on */

typedef struct corpus {
	buf *items;
	size_t count, bytes;
} corpus;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- documents ---- */

static void corpus_take(corpus *self, buf *item)
{
	self->items = mem_grow(self->items, self->count + 1, sizeof *self->items);
	self->items[self->count++] = *item;
	self->bytes += item->len;
	*item = (buf){0};
}

static void text_of(uint64_t n, buf *title, buf *text)
{
	buf record = {0};
	texts_record(7, n, &record);
	json_t *root = json_loadb(record.data, record.len, 0, NULL);
	const char *words = json_string_value(json_object_get(root, "text")), *head = json_string_value(json_object_get(root, "title"));
	buf_add_str(text, words ? words : "");
	buf_add_str(title, head ? head : "");
	json_decref(root);
	buf_free(&record);
}

static void add_links(buf *out, int count, const char *class)
{
	buf_printf(out, "<div class=\"module %s\" data-module=\"%s\"><div class=\"module-inner clearfix\"><ul class=\"list list-%s\">", class, class, class);
	for (int i = 0; i < count; i++)
		buf_printf(out,
			"<li class=\"list-item item-%d js-track\" data-track=\"{&quot;pos&quot;:%d}\"><div class=\"pic lazy\"><a href=\"https://www.example/news/2026/%04d.html?from=%s\" target=\"_blank\">"
			"<img src=\"https://img.example/2026/03/%04d_300x200.jpg\" width=\"300\" height=\"200\" alt=\"\"></a></div><h4 class=\"tit\"><a href=\"https://www.example/news/2026/%04d.html\" "
			"class=\"link\" target=\"_blank\">又一条新闻的标题</a></h4></li>\n", i, i, i * 37, class, i * 37, i * 37);
	buf_add_str(out, "</ul></div></div>\n");
}

#define ARTICLE_BYTES 6000               /* of the text: what a page of the web brings, in the middle */

static void add_page(uint64_t n, buf *out)
{
	buf title = {0}, text = {0};
	text_of(n, &title, &text);
	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>%.*s_要闻_某某在线</title>\n", (int)title.len, title.data);
	buf_printf(out, "<meta property=\"og:title\" content=\"%.*s\"><meta name=\"keywords\" content=\"新闻,要闻\"><link rel=\"stylesheet\" href=\"/css/a.css\">\n<style>", (int)title.len, title.data);
	for (int i = 0; i < 500; i++)
		buf_printf(out, ".c%d .item-%d > a:hover{float:left;margin:%dpx;color:#333}\n", i, i, i);
	buf_add_str(out, "</style>\n<script>var page = {");
	for (int i = 0; i < 900; i++)
		buf_printf(out, "\"slot_%d\": {\"w\": 300, \"h\": %d, \"src\": \"//ads.example/%d.js\"},\n", i, i, i);
	buf_add_str(out, "\"end\": 1};</script></head>\n<body class=\"article-page\"><div id=\"top\">");
	add_links(out, 30, "nav");
	buf_printf(out, "</div><div class=\"wrap\"><div class=\"left\"><h1 class=\"title\">%.*s</h1><div class=\"info\"><span>2026-03-%02d 08:%02d</span> 来源：某某日报 作者：甲乙</div>\n<div class=\"article-content\" id=\"content\">",
		(int)title.len, title.data, (int)(n % 28 + 1), (int)(n % 60));
	const char *at = text.data, *end = at + text.len;
	while (at < end && at < text.data + ARTICLE_BYTES) {
		const char *line = memchr(at, '\n', (size_t)(end - at)), *stop = line ? line : end;
		buf_printf(out, "<p style=\"text-indent: 2em\"><span style=\"font-size: 16px\">%.*s</span></p>\n", (int)(stop - at), at);
		at = stop + 1;
	}
	buf_add_str(out, "</div><div class=\"editor\">责任编辑：丙丁</div><div class=\"share\"><a>微信</a><a>微博</a></div>\n");
	add_links(out, 20, "related-news");
	buf_add_str(out, "<div class=\"comments\">");
	for (int i = 0; i < 20; i++)
		buf_printf(out, "<div class=\"comment\"><b>网友%d</b><p>说得好，写得也好，大家都来看一看。</p></div>\n", i);
	buf_add_str(out, "</div></div><div class=\"right\">");
	add_links(out, 30, "hot");
	add_links(out, 30, "video");
	buf_add_str(out, "</div></div><div class=\"footer\"><a>关于我们</a> <a>联系我们</a> 版权所有 某某在线</div></body></html>\n");
	buf_free(&title);
	buf_free(&text);
}

static void generate(corpus *pages, corpus *texts)
{
	for (uint64_t n = 0; n < PAGES; n++) {
		buf page = {0};
		add_page(n, &page);
		corpus_take(pages, &page);
	}
	for (uint64_t n = 0; n < TEXTS; n++) {
		buf title = {0}, text = {0};
		text_of(n, &title, &text);
		corpus_take(texts, &text);
		buf_free(&title);
	}
}

static bool ends(const char *name, const char *ending)
{
	size_t n = strlen(name), k = strlen(ending);
	return n >= k && strcmp(name + n - k, ending) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_folder(const char *folder, bool html, corpus *out)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, by_name);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		if (html ? ends(name, ".html") || ends(name, ".html.gz") : ends(name, ".txt")) {
			char path[4096], block[65536];
			snprintf(path, sizeof path, "%s/%s", folder, name);
			gzFile in = gzopen(path, "rb");
			buf item = {0};
			for (int got; in && (got = gzread(in, block, sizeof block)) > 0;)
				buf_add(&item, block, (size_t)got);
			if (in)
				gzclose(in);
			corpus_take(out, &item);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* ---- the bare parser ---- */

static void on_start(void *count, const xmlChar *name, const xmlChar **attributes)
{
	(void)name;
	(void)attributes;
	++*(size_t *)count;
}

static void on_end(void *count, const xmlChar *name)
{
	(void)name;
	++*(size_t *)count;
}

static void on_text(void *count, const xmlChar *text, int len)
{
	(void)text;
	*(size_t *)count += (size_t)len;
}

static size_t parse(const buf *page)
{
	size_t count = 0;
	htmlSAXHandler sax = {.startElement = on_start, .endElement = on_end, .characters = on_text, .ignorableWhitespace = on_text, .cdataBlock = on_text};
	htmlParserCtxtPtr parser = htmlCreatePushParserCtxt(&sax, &count, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
	for (size_t at = 0; at < page->len; at += PIECE)
		htmlParseChunk(parser, page->data + at, (int)(page->len - at < PIECE ? page->len - at : PIECE), 0);
	htmlParseChunk(parser, "", 0, 1);
	if (parser->myDoc)
		xmlFreeDoc(parser->myDoc);
	htmlFreeParserCtxt(parser);
	return count;
}

static double parse_all(const corpus *pages)
{
	size_t count = 0;
	double begin = now();
	for (size_t i = 0; i < pages->count; i++)
		count += parse(&pages->items[i]);
	if (!count)
		abort();
	return now() - begin;
}

/* ---- the stage ---- */

static double stage_all(const mr_stage *stage, void *ctx, const corpus *items, const char *input, mr_answer *answer)
{
	mr_field fields[] = {{mr_bytes_of("input"), mr_bytes_of(input)}, {mr_bytes_of("clock_ms"), mr_bytes_of("1770000000000")}};
	double begin = now();
	for (size_t i = 0; i < items->count; i++) {
		mr_task task = {.body = buf_bytes(&items->items[i]), .fields = fields, .field_count = 2};
		answer_begin(answer);
		stage->apply(ctx, &task, answer);
	}
	return now() - begin;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(double *list, size_t n)
{
	qsort(list, n, sizeof *list, by_value);
	return list[n / 2];
}

struct job {
	const char *pages, *texts;
	const char *sets[32];
	size_t set_count;
	double seconds;
	bool check;
};

static bool measure_pages(const mr_stage *stage, void *ctx, const corpus *pages, double seconds, const char *what)
{
	double parser[ROUNDS_MAX], worker[ROUNDS_MAX], ratio[ROUNDS_MAX], spent = 0;
	size_t rounds = 0;
	mr_answer *answer = answer_new();
	stage_all(stage, ctx, pages, "html", answer);
	while ((spent < seconds || rounds < 3) && rounds < ROUNDS_MAX) {
		parser[rounds] = parse_all(pages);
		worker[rounds] = stage_all(stage, ctx, pages, "html", answer);
		ratio[rounds] = parser[rounds] / worker[rounds];
		spent += parser[rounds] + worker[rounds];
		rounds++;
	}
	answer_free(&answer);
	double r = median(ratio, rounds);
	printf("html   %zu pages of %.1f KB, %zu rounds, %s: stage %.0f pages/s, libxml2's push parser alone %.0f pages/s, ratio %.2f (target %.1f)\n", pages->count,
		(double)pages->bytes / 1e3 / (double)pages->count, rounds, what, (double)pages->count / median(worker, rounds), (double)pages->count / median(parser, rounds), r, TARGET_PAGES);
	return r >= TARGET_PAGES;
}

static bool measure_texts(const mr_stage *stage, void *ctx, const corpus *texts, double seconds, const char *what, double target)
{
	double worker[ROUNDS_MAX], spent = 0;
	size_t rounds = 0;
	mr_answer *answer = answer_new();
	stage_all(stage, ctx, texts, "text", answer);
	while ((spent < seconds || rounds < 3) && rounds < ROUNDS_MAX) {
		worker[rounds] = stage_all(stage, ctx, texts, "text", answer);
		spent += worker[rounds++];
	}
	answer_free(&answer);
	double rate = (double)texts->bytes / 1e6 / median(worker, rounds);
	printf("text   %zu texts of %.1f KB, %zu rounds, %s: %.1f MB/s (target %.0f)\n", texts->count, (double)texts->bytes / 1e3 / (double)texts->count, rounds, what, rate, target);
	return rate >= target;
}

/* One configuration: its rates. `off`: with extract.tagger = off. */
static bool run(struct job *job, const corpus *pages, const corpus *texts, bool off)
{
	buf errors = {0};
	char error[256] = "";
	void *ctx;
	bool good = true;
	size_t count = job->set_count;
	if (off)
		job->sets[count++] = "extract.tagger=off";
	settings *conf = settings_read(NULL, job->sets, count, &errors);
	const mr_stage *stage = stages_find("extract");
	if (!conf || stage->open(&ctx, conf, error)) {
		fprintf(stderr, "%.*s%s\n", (int)errors.len, errors.data ? errors.data : "", error);
		exit(1);
	}
	const char *what = off ? "facts off" : "as configured";
	good &= measure_pages(stage, ctx, pages, job->seconds, what);
	good &= measure_texts(stage, ctx, texts, job->seconds, what, off ? TARGET_TEXT : TARGET_FACTS);
	stage->close(ctx);
	settings_free(&conf);
	buf_free(&errors);
	return good;
}

int main(int argc, char **argv)
{
	struct job job = {.seconds = 5};
	corpus pages = {0}, texts = {0};
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		if (strcmp(argv[i], "--check") == 0)
			job.check = true;
		else if (value && strcmp(argv[i], "--seconds") == 0)
			job.seconds = atof(argv[++i]);
		else if (value && strcmp(argv[i], "--pages") == 0)
			job.pages = argv[++i];
		else if (value && strcmp(argv[i], "--texts") == 0)
			job.texts = argv[++i];
		else if (value && strcmp(argv[i], "--set") == 0 && job.set_count < 30)
			job.sets[job.set_count++] = argv[++i];
		else {
			fprintf(stderr, "usage: bench_extract [--check] [--seconds N] [--pages FOLDER] [--texts FOLDER] [--set SECTION.KEY=VALUE]...\n");
			return 2;
		}
	}
	if (!job.pages || !job.texts)
		generate(job.pages ? &(corpus){0} : &pages, job.texts ? &(corpus){0} : &texts);
	if (job.pages)
		read_folder(job.pages, true, &pages);
	if (job.texts)
		read_folder(job.texts, false, &texts);
	if (!pages.count || !texts.count) {
		fprintf(stderr, "bench_extract: no documents\n");
		return 1;
	}
	bool good = run(&job, &pages, &texts, true);
	good &= run(&job, &pages, &texts, false);
	for (size_t i = 0; i < pages.count; i++)
		buf_free(&pages.items[i]);
	for (size_t i = 0; i < texts.count; i++)
		buf_free(&texts.items[i]);
	free(pages.items);
	free(texts.items);
	return job.check && !good ? 1 : 0;
}
