/* Pages to articles: what is kept, what goes, and that hostile pages stay cheap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "common/utf8.h"
#include "workers/extract/html.h"

static const html_limits limits = {200000, 256, 0};

#define P1 "The district council opened a new science school on Monday, and more than three hundred pupils came to its first lessons."
#define P2 "Teachers said that the laboratories, which were paid for by a regional fund, will also be open to the public on Saturdays."
#define P3 "Work on a second building begins next spring, the head of the school told reporters; it will cost 4.5 million."

static void extract(const char *page, html_result *out)
{
	*out = (html_result){0};
	html_extract(mr_bytes_of(page), mr_bytes_of("UTF-8"), (mr_bytes){0}, &limits, out);
	if (!out->body.data)
		buf_reserve(&out->body, 1);
}

static void body_is(const char *page, const char *want)
{
	html_result out;
	extract(page, &out);
	assert_string_equal(out.body.data, want);
	html_result_free(&out);
}

static void furniture_goes(void **state)
{
	(void)state;
	body_is("<html><head><title>School opens - The Example</title></head><body><nav><a href=/>Home</a> <a href=/n>News</a></nav>"
		"<div class=article-body><h1>School opens</h1><p>" P1 "</p><script>var a='<p>no</p>';</script><p>" P2 "</p>"
		"<div class=related-posts><p>Read also: a longer text about other things, with commas, that is not of this article.</p></div><p>" P3 "</p></div>"
		"<div class=comments><p>I think, as a reader, that this is a very good school, and I went there, too.</p></div>"
		"<footer>Copyright 2026, all rights reserved, by the example newspaper.</footer></body></html>",
		P1 "\n" P2 "\n" P3);
}

static void hidden_text_goes(void **state)
{
	(void)state;
	body_is("<body><div><p>" P1 "</p><p style='color:red; display : none'>Buy cheap pills, now, from us, today.</p><p hidden>" P3 "</p><p>" P2
		"</p></div></body>", P1 "\n" P2);
}

static void lines_and_lists(void **state)
{
	(void)state;
	body_is("<body><div id=content><p>" P1 "<br>" P2 "</p><h2>What comes next</h2><ul><li>" P3 "</li><li>A short point</li></ul></div></body>",
		P1 "\n" P2 "\nWhat comes next\n" P3 "\nA short point");
}

static void copies_go(void **state)
{
	(void)state;
	body_is("<body><div id=content><p class=lead>" P1 " " P2 "</p><div><p>" P1 " " P2 "</p><p>" P3 "</p></div></div></body>", P1 " " P2 "\n" P3);
}

static void an_early_end_tag_ends_nothing(void **state)
{
	(void)state;
	body_is("<html><body><div><p>" P1 "</p></div></body></html><div><p>" P2 "</p></div><p>" P3 "</p>", P1 "\n" P2 "\n" P3);
}

static void facts_of_markup(void **state)
{
	(void)state;
	html_result out;
	extract("<html lang=en><head><title>School opens | The Example</title><meta property='og:title' content='School opens'>"
		"<meta name=keywords content='school, science，教育'><link rel=canonical href='https://example.org/a'>"
		"<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"School opens\",\"datePublished\":\"2026-03-13T08:30:00+01:00\","
		"\"author\":[{\"name\":\"Ann Lee\"},{\"name\":\"Bo Chen\"}],\"publisher\":{\"name\":\"The Example\"}}</script></head>"
		"<body><article><h1>School opens</h1><p>" P1 "</p><p>" P2 "</p></article></body></html>", &out);
	assert_string_equal(out.title.data, "School opens");
	assert_string_equal(out.authors.data, "Ann Lee\nBo Chen");
	assert_string_equal(out.source_name.data, "The Example");
	assert_string_equal(out.keywords.data, "school\nscience\n教育");
	assert_string_equal(out.url.data, "https://example.org/a");
	assert_string_equal(out.language, "en");
	assert_int_equal(out.published.precision, DATE_SECOND);
	assert_int_equal(out.published.hour, 8);
	assert_int_equal(out.published.zone_minutes, 60);
	assert_string_equal(out.published_from, "markup");
	assert_string_equal(out.body.data, P1 "\n" P2);
	html_result_free(&out);
}

static void nothing_is_said_as_nothing(void **state)
{
	(void)state;
	static const char *const pages[] = {"", "<html><body></body></html>", "<html><body><div id=app></div><script>run()</script></body></html>", "<", "<!--", "<a"};
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		html_result out = {0};
		assert_int_equal(html_extract(mr_bytes_of(pages[i]), (mr_bytes){0}, (mr_bytes){0}, &limits, &out), -1);
		assert_int_equal(out.body.len, 0);
		html_result_free(&out);
	}
}

static void repeat(buf *out, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		buf_add_str(out, text);
}

static double seconds(const buf *page, html_result *out)
{
	struct timespec a, b;
	*out = (html_result){0};
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	html_extract(buf_bytes(page), (mr_bytes){0}, (mr_bytes){0}, &limits, out);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
}

/* Generous bounds: what they catch is quadratic, which takes minutes. */
static void hostile_pages_stay_cheap(void **state)
{
	(void)state;
	static const struct { const char *begin, *piece; int times; const char *end; } pages[] = {
		{"<body>", "<b>", 200000, "<p>" P1 "</p><p>" P2 "</p>"}, {"<body>", "<div>", 200000, "<p>" P1 "</p><p>" P2 "</p>"},
		{"<body><a ", "b=c d ", 100000, ">" P1 "</a>"}, {"<body>", "</i>", 200000, "<p>" P1 "</p>"}, {"<body>", "<noscript>", 100000, "x"},
		{"<body>", "<!--", 200000, "x"}, {"<body>", "<script", 100000, "x"}, {"<body>", "&lt;&amp;&#x4e2d;", 100000, "x"},
		{"<body>", "<table><tr><td>", 60000, P1}, {"<body>", "<p>a</p>", 300000, "x"}, {"<body><p>", P1 " ", 10000, "</p>"}};
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		buf page = {0};
		html_result out;
		buf_add_str(&page, pages[i].begin);
		repeat(&page, pages[i].piece, pages[i].times);
		buf_add_str(&page, pages[i].end);
		double took = seconds(&page, &out);
		if (took > 8)
			fail_msg("page %zu took %.1f s", i, took);
		assert_true(!out.body.len || utf8_valid(buf_bytes(&out.body)));
		html_result_free(&out);
		buf_free(&page);
	}
}

static void text_below_deep_nesting_is_kept(void **state)
{
	(void)state;
	buf page = {0};
	html_result out;
	repeat(&page, "<div>", 5000);
	buf_add_str(&page, "<p>" P1 "</p><p>" P2 "</p>");
	repeat(&page, "</div>", 5000);
	buf_add_str(&page, "<p>" P3 "</p>");
	seconds(&page, &out);
	assert_non_null(strstr(out.body.data, P1));
	assert_non_null(strstr(out.body.data, P2));
	html_result_free(&out);
	buf_free(&page);
}

static void the_limit_of_nodes_is_told(void **state)
{
	(void)state;
	buf page = {0};
	html_result out = {0};
	html_limits few = {1000, 64, 0};
	buf_add_str(&page, "<body><p>" P1 "</p>");
	repeat(&page, "<p>" P2 "</p>", 2000);
	html_extract(buf_bytes(&page), (mr_bytes){0}, (mr_bytes){0}, &few, &out);
	assert_true(out.truncated);
	assert_non_null(strstr(out.body.data, P1));
	html_result_free(&out);
	buf_free(&page);
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
		cmocka_unit_test(furniture_goes), cmocka_unit_test(hidden_text_goes), cmocka_unit_test(lines_and_lists), cmocka_unit_test(copies_go),
		cmocka_unit_test(an_early_end_tag_ends_nothing), cmocka_unit_test(facts_of_markup), cmocka_unit_test(nothing_is_said_as_nothing),
		cmocka_unit_test(hostile_pages_stay_cheap), cmocka_unit_test(text_below_deep_nesting_is_kept), cmocka_unit_test(the_limit_of_nodes_is_told)};
	return cmocka_run_group_tests(tests, preload, NULL);
}
