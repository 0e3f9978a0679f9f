/* Headline, names, time and source of web pages, and what cleaning takes out of a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "workers/extract/html.h"
#include "workers/extract/html_names.h"
#include "workers/extract/html_phrases.h"

static const html_limits limits = {200000, 256, 0};

#define Z1 "3月12日，区里新建的图书馆正式开馆，当天共有三千多名居民前来参观，馆内藏书四十万册，设有二十间阅览室。"
#define Z2 "据介绍，该馆每周开放六天，向中小学生免费提供自习室，今年还将举办讲座和科普活动六十余场，吸引青年人才参与志愿服务。"
#define Z3 "下一步，区里将在南部再建两座分馆，方便附近学校的师生就近借阅图书，预计明年秋季学期投入使用。"

static void extract(const char *head, const char *body, html_result *out)
{
	char page[8192];
	snprintf(page, sizeof page, "<html><head>%s</head><body>%s</body></html>", head, body);
	*out = (html_result){0};
	html_extract(mr_bytes_of(page), mr_bytes_of("UTF-8"), mr_bytes_of("https://example.org/2026/03/11/a.html"), &limits, out);
}

static void is(const buf *text, const char *want)
{
	assert_string_equal(text->data ? text->data : "", want);
}

static void chinese_page(void **state)
{
	(void)state;
	html_result out;
	extract("<title>区里开了新图书馆_要闻_某某网</title><meta name=author content=某某网>",
		"<div><a href=/>首页</a> &gt; <a href=/y>要闻</a></div><h1>区里开了新图书馆</h1><div>2026年3月13日 08:30 来源：某某日报 作者：王小明、李强 责任编辑：赵六</div>"
		"<div id=content><p>（原标题：新图书馆开了）</p><p>" Z1 "</p><p style='text-align: center'><img src=1.jpg></p><p style='text-align: center'>开馆现场</p><p>" Z2
		"</p><p>" Z3 "</p><p>责任编辑：赵六</p><p>相关阅读</p><p><a href=/1>另一座图书馆</a></p></div><div>扫描二维码下载客户端</div>", &out);
	is(&out.title, "区里开了新图书馆");
	is(&out.authors, "王小明\n李强");
	is(&out.editor, "赵六");
	is(&out.source_name, "某某日报");
	is(&out.captions, "开馆现场");
	is(&out.body, Z1 "\n" Z2 "\n" Z3);
	assert_int_equal(out.published.year, 2026);
	assert_int_equal(out.published.minute, 30);
	assert_string_equal(out.published_from, "page");
	assert_string_equal(out.script, "Hans");
	html_result_free(&out);
}

static void reporters_in_the_text(void **state)
{
	(void)state;
	static const struct { const char *text, *names; } cases[] = {
		{"<p>本报讯（记者 王小明 李强）" Z1 "</p><p>" Z2 "</p>", "王小明\n李强"}, {"<p>" Z1 "</p><p>" Z2 "（王小明）</p>", "王小明"},
		{"<p>某某报记者 王小明</p><p>" Z1 "</p><p>" Z2 "</p>", "王小明"}, {"<p>" Z1 "</p><p>" Z2 "（完）</p>", ""},
		{"<p>" Z1 "</p><p>记者从区里了解到，" Z2 "</p>", ""}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		html_result out;
		extract("<title>新图书馆开馆</title>", cases[i].text, &out);
		is(&out.authors, cases[i].names);
		html_result_free(&out);
	}
}

static void places_of_the_time(void **state)
{
	(void)state;
	html_result out;
	extract("<title>新图书馆开馆</title>", "<h1>新图书馆开馆</h1><div id=content><p>" Z1 "</p><p>2025年1月2日，" Z2 "</p></div>", &out);
	assert_string_equal(out.published_from, "url");          /* a date that the text tells is none of the page */
	assert_int_equal(out.published.day, 11);
	html_result_free(&out);
	extract("<title>新图书馆开馆</title><script>var ct = \"1773390615\", x = 1;</script>", "<h1>新图书馆开馆</h1><p>" Z1 "</p><p>" Z2 "</p>", &out);
	assert_string_equal(out.published_from, "markup");
	assert_int_equal(out.published.hour, 8);
	html_result_free(&out);
}

static void titles_lose_the_site(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"新图书馆开馆 - 某某网", "新图书馆开馆"}, {"新图书馆开馆_要闻_某某网", "新图书馆开馆"},
		{"Well-known author dies | The Example", "Well-known author dies"}, {"A plan for 2026", "A plan for 2026"}};
	for (size_t i = 0; i < 4; i++) {
		char head[200];
		html_result out;
		snprintf(head, sizeof head, "<title>%s</title>", cases[i][0]);
		extract(head, "<div><p>" Z1 "</p><p>" Z2 "</p></div>", &out);
		is(&out.title, cases[i][1]);
		html_result_free(&out);
	}
}

static void phrases(void **state)
{
	(void)state;
	static const struct { const char *text; enum html_region region; enum html_line_kind kind; } cases[] = {
		{"（原标题：某某）", REGION_MIDDLE, LINE_BYLINE}, {"责编：王小明", REGION_MIDDLE, LINE_BYLINE}, {"编辑 王小明 校对 李强", REGION_TAIL, LINE_BYLINE},
		{"某某报记者 王小明", REGION_HEAD, LINE_BYLINE}, {"图片来自网络，如有侵权，请联系删除。", REGION_TAIL, LINE_DISCLAIMER},
		{"Advertisement", REGION_MIDDLE, LINE_NOISE}, {"3 of 12", REGION_HEAD, LINE_NOISE}, {"Read more: Another school opens", REGION_MIDDLE, LINE_PROMO},
		{"Follow her on Twitter at @example.", REGION_TAIL, LINE_PROMO}, {"首页 > 新闻", REGION_HEAD, LINE_NOISE},
		/* and what is text */
		{"编辑部今天讨论了版权问题，与会者认为应当依法保护作者权益。", REGION_MIDDLE, LINE_KEPT}, {"记者从会上获悉，学校九月开学。", REGION_TAIL, LINE_KEPT},
		{"二、工作任务", REGION_MIDDLE, LINE_KEPT}, {"Editors were asked to share their views on the newsletter.", REGION_MIDDLE, LINE_KEPT},
		{"The comments were made on Monday.", REGION_MIDDLE, LINE_KEPT}, {"来源地的学校共有三所，学生两千人。", REGION_MIDDLE, LINE_KEPT}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		mr_bytes text = mr_bytes_of(cases[i].text);
		html_measure m = html_measure_of(text);
		enum html_line_kind kind = html_phrase_kind(text, m.units, m.stops, cases[i].region);
		if (kind != cases[i].kind)
			fail_msg("%s: %s", cases[i].text, html_line_kind_name(kind));
	}
}

static void names(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"王小明 李强", "王小明\n李强"}, {"记者王小明", "王小明"}, {"王 强 李小明", "王强\n李小明"}, {"文/图 王小明", "王小明"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf out = {0};
		assert_true(html_names_add(mr_bytes_of(cases[i][0]), &out));
		is(&out, cases[i][1]);
		buf_free(&out);
	}
	buf out = {0};
	assert_true(html_names_english(mr_bytes_of("Ann Lee, Bo Chen and Cy Dent, Example Press"), &out));
	is(&out, "Ann Lee\nBo Chen\nCy Dent");
	buf_free(&out);
	assert_true(html_name_is_person(mr_bytes_of("王小明")));
	assert_false(html_name_is_person(mr_bytes_of("某某日报")));
	assert_false(html_name_is_person(mr_bytes_of("104363")));
	assert_false(html_name_is_person(mr_bytes_of("name@example.org")));
}

static int preload(void **state)
{
	(void)state;
	html_preload();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chinese_page), cmocka_unit_test(reporters_in_the_text), cmocka_unit_test(places_of_the_time),
		cmocka_unit_test(titles_lose_the_site), cmocka_unit_test(phrases), cmocka_unit_test(names)};
	return cmocka_run_group_tests(tests, preload, NULL);
}
