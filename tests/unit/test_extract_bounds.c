/* test_extract_bounds.c - the worst pages and texts: the stage extract ends on each of them, within the memory of extract.memory_bytes.
 *
 * Every case runs in a child of its own, whose largest resident size the kernel tells (getrusage): what the page took is that size less that of a child which
 * worked on a page of one line. Nothing looks at a clock: a case that is quadratic runs into the time limit of the test program (CTest, tests/unit/run.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/settings.h"
#include "workers/answer.h"
#include "workers/stages.h"

#define P "A paragraph of running text stands here, with commas, and says a sentence or two. It has a second one, too. "
/* Beside the page's own work: the page itself, its UTF-8 form, and what comes out of it. */
#define BESIDE 3

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define TIMES(n) ((n) / 4)               /* memory is the sanitizer's then, and everything takes longer */
#else
#define TIMES(n) (n)
#endif

static settings *conf;
static long idle_kb;                     /* resident size of a child that does next to nothing */

struct hostile {
	const char *name, *input;
	const char *begin, *piece;
	long times;
	const char *end;
};

static void add(buf *out, const char *text, long times)
{
	size_t n = strlen(text);
	for (long i = 0; i < times; i++)
		buf_add(out, text, n);
}

static void work(const buf *page, const char *input)
{
	const mr_stage *stage = stages_find("extract");
	void *ctx;
	char error[256] = "";
	if (stage->open(&ctx, conf, error))
		_exit(2);
	mr_field fields[] = {{mr_bytes_of("input"), mr_bytes_of(input)}, {mr_bytes_of("charset"), mr_bytes_of("UTF-8")}, {mr_bytes_of("clock_ms"), mr_bytes_of("1750000000000")}};
	mr_task task = {.fields = fields, .field_count = sizeof fields / sizeof *fields, .body = buf_bytes(page)};
	mr_answer *answer = answer_new();
	stage->apply(ctx, &task, answer);
	answer_free(&answer);
	stage->close(ctx);
}

/* Resident size of a child that made the page and worked on it, in KB. */
static long measure(const struct hostile *it, size_t *bytes)
{
	buf page = {0};
	add(&page, it->begin, 1);
	add(&page, it->piece, TIMES(it->times));
	add(&page, it->end, 1);
	*bytes = page.len;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		work(&page, it->input);
		_exit(0);
	}
	buf_free(&page);
	int status;
	struct rusage usage;
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	if (getenv("MILLRACE_BOUNDS"))
		printf("%-28s %8.1f MB of input  %8.1f MB  %6.2f s\n", it->name, (double)*bytes / 1e6, (double)(usage.ru_maxrss - idle_kb) / 1024,
			(double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec * 1e-6);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: ended with status %#x", it->name, status);
	return usage.ru_maxrss;
}

static void stays_bounded(const struct hostile *it)
{
	size_t bytes;
	long kb = measure(it, &bytes) - idle_kb;
#ifndef SANITIZED
	long most = (long)settings_int(conf, "extract.memory_bytes") / 1024 + BESIDE * (long)(bytes / 1024);
	if (kb > most)
		fail_msg("%s: %ld KB, allowed are %ld", it->name, kb, most);
#else
	(void)kb;
#endif
}

static void pages(void **state)
{
	(void)state;
	static const struct hostile list[] = {
		{"nested div", "html", "<body>", "<div>", 200000, "<p>" P P "</p>"},
		{"nested div class", "html", "<body>", "<div class=\"article body text\"><p>" P "</p>", 50000, ""},
		{"nested b", "html", "<body>", "<b>", 200000, "<p>" P P "</p>"},
		{"nested quotes", "html", "<body>", "<blockquote class=share>", 200000, "<p>" P P "</p>"},
		{"nested tables", "html", "<body>", "<table><tr><td>", 100000, P P},
		{"10 MB of paragraphs", "html", "<body>", "<p>" P "</p>", 90000, ""},
		{"10 MB of tiny elements", "html", "<body>", "<i>a</i>", 1250000, ""},
		{"10 MB of line breaks", "html", "<body>", "a<br>", 2000000, ""},
		{"10 MB in one paragraph", "html", "<body><p>", P, 90000, "</p>"},
		{"10 MB of links", "html", "<body>", "<a href=\"/x\">Some text of a link</a> ", 270000, ""},
		{"a million attributes", "html", "<body><p ", "a=b ", 1000000, ">" P P "</p>"},
		{"attributes on many tags", "html", "<body>", "<p class=\"article story body text\" id=\"main-content\" style=\"display: block\">" P "</p>", 40000, ""},
		{"long attribute values", "html", "<body><p class=\"", "article ", 1000000, "\">" P P "</p>"},
		{"entities", "html", "<body><p>", "&amp;&lt;&#x4e2d;&nbsp;", 400000, "</p>"},
		{"entity declarations", "html", "<!DOCTYPE html [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><body><p>", "&b;", 1000000, P "</p>"},
		{"open comments", "html", "<body>", "<!--", 1000000, "<p>" P P "</p>"},
		{"less-than signs", "html", "<body>", "<", 5000000, "<p>" P P "</p>"},
		{"end tags", "html", "<body>", "</i>", 1000000, "<p>" P P "</p>"},
		{"headings", "html", "<title>" P "</title><body>", "<h1>A heading of some length here</h1>", 100000, ""},
		{"dates", "html", "<body><h1>Title of it</h1>", "<p>2026-01-02 03:04</p>", 200000, ""},
		{"scripts", "html", "<body>", "<script>var publishTime = 1; pubdate = 2; ct : 3;</script>", 100000, "<p>" P P "</p>"},
		{"one long script", "html", "<body><script>", "publishTime pubdate ct ", 20000, "</script><p>" P P "</p>"},
		{"JSON-LD arrays", "html", "<body><script type=\"application/ld+json\">", "[", 400000, "</script><p>" P P "</p>"},
		{"JSON-LD numbers", "html", "<body><script type=\"application/ld+json\">[1", ",1", 200000, "]</script><p>" P P "</p>"},
		{"meta tags", "html", "", "<meta name=\"author\" content=\"Jane Doe\"><meta property=\"og:title\" content=\"Some title\">", 50000, "<body><p>" P P "</p>"},
		{"captions", "html", "<body>", "<figure><img src=a alt=\"x\"><figcaption>Photo: somebody</figcaption></figure>", 100000, "<p>" P P "</p>"},
		{"list of links", "html", "<body>", "<li><a href=x>related articles</a></li>", 100000, ""},
		{"announcements", "html", "<body>", "<p>" P P "</p><p>Comments</p><a href=x>link line</a>", 20000, ""},
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		stays_bounded(&list[i]);
}

static void texts(void **state)
{
	(void)state;
	static const struct hostile list[] = {
		{"one line of 5 MB", "text", "", "一句没有尽头的话，接着还有一句，", 110000, ""},
		{"one line of English, 5 MB", "text", "", P, 45000, ""},
		{"one character", "text", "", "字", 1700000, ""},
		{"one letter", "text", "", "a", 5000000, ""},
		{"openers", "text", "", "（", 1700000, ""},
		{"quotes", "text", "", "“", 1700000, ""},
		{"brackets", "text", "", "(", 5000000, ""},
		{"digits", "text", "", "1", 5000000, ""},
		{"spaced characters", "text", "", "字 ", 1250000, ""},
		{"blanks", "text", "", " ", 5000000, "字"},
		{"100,000 short lines", "text", "", "短短的行\n", 100000, ""},
		{"lines of one letter", "text", "", "a\n", 2500000, ""},
		{"empty lines", "text", "", "\n", 5000000, "字"},
		{"a million full stops", "text", "", "。", 1700000, ""},
		{"full columns", "text", "", "窄窄的一栏里写着没完没了的话，还有\n", 100000, ""},
		{"headings", "text", "本报讯（记者 甲乙丙）一句话。\n", "又是一个标题在这里\n", 150000, ""},
		{"heading groups", "text", "", "标题在这里\n标题又在这里\n本报讯（记者 甲乙丙）一句话说完了。\n", 30000, ""},
		{"page turns", "text", "", "（上接01版）\n话说到这里。\n（下转02版）\n", 60000, ""},
		{"lead-ins broken by lines", "text", "", "本报讯（记者 某某\n", 150000, ""},
		{"repeated paragraphs", "text", "", "同样的一段话在这里出现了很多很多次，没有任何变化。\n", 60000, ""},
		{"one tail for all", "text", "", "甲\n这一段的结尾和别的段落一模一样，二十个字以上，一直如此。\n", 50000, ""},
		{"numbered headings", "text", "", "一、标题。正文说了一句话，还有一句。\n", 80000, ""},
		{"units", "text", "", "1.做一件事。说明。（责任单位：甲局、乙局；配合单位：丙局）\n", 60000, ""},
		{"attachments", "text", "", "附件：1.甲表\n2.乙表\n", 150000, ""},
		{"related lists", "text", "", "相关新闻\n甲\n乙\n2031-01-01\n", 120000, ""},
		{"labels", "text", "", "发布时间：2031-01-01 来源：某报 作者：某某\n", 80000, ""},
		{"carried notice", "text", "关于印发《某某办法》的通知\n", "某某办法\n", 300000, "第一条 为了一件事，制定本办法。\n"},
		{"broken UTF-8", "text", "", "\xFF", 5000000, ""},
		{"dates", "text", "", "2031年1月2日", 300000, ""},
		{"yesterday", "text", "", "昨（", 800000, ""},
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		stays_bounded(&list[i]);
}

static void less_memory_when_told(void **state)
{
	(void)state;
	static const struct hostile list[] = {
		{"10 MB of paragraphs, 16M", "html", "<body>", "<p>" P "</p>", 90000, ""},
		{"tiny elements, 16M", "html", "<body>", "<i>a</i>", 1250000, ""},
		{"one letter, 16M", "text", "", "a", 5000000, ""},
		{"lines of one letter, 16M", "text", "", "a\n", 2500000, ""},
	};
	static const char *const sets[] = {"extract.memory_bytes=16M"};
	settings *usual = conf;
	buf errors = {0};
	conf = settings_read(NULL, sets, 1, &errors);
	assert_non_null(conf);
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		stays_bounded(&list[i]);
	settings_free(&conf);
	conf = usual;
}

static int open_settings(void **state)
{
	(void)state;
	buf errors = {0};
	conf = settings_read(NULL, NULL, 0, &errors);
	if (!conf)
		return -1;
	size_t bytes;
	const struct hostile small = {"a small page", "html", "<body>", "<p>" P P "</p>", 3, ""};
	idle_kb = measure(&small, &bytes);
	return 0;
}

static int close_settings(void **state)
{
	(void)state;
	settings_free(&conf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages),
		cmocka_unit_test(texts),
		cmocka_unit_test(less_memory_when_told),
	};
	return cmocka_run_group_tests(tests, open_settings, close_settings);
}
