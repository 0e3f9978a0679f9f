/* Canonical addresses: what is the same page must look the same, what may be another page must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/url.h"

static void becomes(const char *url, const char *want)
{
	buf out = {0};
	bool ok = url_canonical(mr_bytes_of(url), &out);
	if (!want) {
		assert_false(ok);
		assert_int_equal(out.len, 0);
	} else {
		assert_true(ok);
		assert_string_equal(out.data, want);
		buf again = {0};
		assert_true(url_canonical(buf_bytes(&out), &again));
		assert_string_equal(again.data, want);
		buf_free(&again);
	}
	buf_free(&out);
}

static void one_page_has_one_address(void **state)
{
	(void)state;
	static const char want[] = "https://paper.example/2026/c1.html";
	static const char *const same[] = {
		"https://paper.example/2026/c1.html", "http://paper.example/2026/c1.html", "HTTP://WWW.Paper.Example:80/2026/c1.html", "//m.paper.example/2026/c1.html",
		"https://paper.example:443/2026/c1.html#comments", " https://wap.paper.example./2026//x/../c1.html?utm_source=a&UTM_MEDIUM=b \n",
		"paper.example/2026/c1.html?spm=1.2.3&from=timeline&isappinstalled=0", "https://u:p@3g.paper.example/2026/./c1.html;jsessionid=A1B2?share_token=x",
		"https://paper.example/2026/c1.html?", "https://paper.example/2026/c1.html?&&fbclid=1", "https://www.m.paper.example/2026/c1.html/",
		"https://paper.example/2026/%631.html#!", "https://paper.example\\2026\\c1.html",
	};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		becomes(same[i], want);
}

static void index_pages_are_their_folder(void **state)
{
	(void)state;
	becomes("https://paper.example/index.html", "https://paper.example/");
	becomes("https://paper.example", "https://paper.example/");
	becomes("https://paper.example/a/INDEX.SHTML", "https://paper.example/a");
	becomes("https://paper.example/a/index.aspx/", "https://paper.example/a");
	becomes("https://paper.example/a/index.php?id=3", "https://paper.example/a?id=3");
	becomes("https://paper.example/a/index.html/index.html", "https://paper.example/a");
	becomes("https://paper.example/a/index.html5", "https://paper.example/a/index.html5");
	becomes("https://paper.example/a/myindex.html", "https://paper.example/a/myindex.html");
	becomes("https://paper.example/index.html/b", "https://paper.example/index.html/b");
}

static void what_identifies_stays(void **state)
{
	(void)state;
	becomes("https://paper.example/v?id=7&page=2", "https://paper.example/v?id=7&page=2");
	becomes("https://paper.example/v?page=2&id=7&id=7", "https://paper.example/v?id=7&page=2");
	becomes("https://paper.example/v?id=8", "https://paper.example/v?id=8");
	becomes("https://paper.example/v?shareholder=3&fromage=1&utmost=2", "https://paper.example/v?fromage=1&shareholder=3&utmost=2");
	becomes("https://paper.example:8080/v", "https://paper.example:8080/v");
	becomes("https://paper.example/A/b", "https://paper.example/A/b");
	becomes("https://paper.example/#/article/5", "https://paper.example/#/article/5");
	becomes("https://paper.example/#!article/5", "https://paper.example/#!article/5");
	becomes("https://paper.example/v?a=b%26c&d=%2f", "https://paper.example/v?a=b%26c&d=%2F");
	becomes("https://m.com/a", "https://m.com/a");
	becomes("https://news.paper.example/a", "https://news.paper.example/a");
	becomes("https://[2001:DB8::1]:81/a", "https://[2001:db8::1]:81/a");
}

static void encoding_is_normal(void **state)
{
	(void)state;
	becomes("https://paper.example/新闻/%e6%96%b0?q=a b&r=c+d", "https://paper.example/%E6%96%B0%E9%97%BB/%E6%96%B0?q=a%20b&r=c%20d");
	becomes("https://paper.example/100%/%zz", "https://paper.example/100%25/%25zz");
	becomes("https://paper.example/a/%2e%2e/b", "https://paper.example/b");
	becomes("https://paper.example/../../b", "https://paper.example/b");
	becomes("https://新闻.example/a", "https://新闻.example/a");
}

static void others_have_none(void **state)
{
	(void)state;
	static const char *const none[] = {
		"", " ", "https://", "mailto:a@paper.example", "urn:uuid:1", "javascript:alert(1)", "ftp://paper.example/a", "nonsense", "https://pa per.example/",
		"https://paper.example:99999/", "https://paper.example:1x/", "https://pa%70er.example/", "https://exa\x01mple.org/", "tag:paper.example,2026:1", "www.", "c1.html",
		"/a/b.html", "paper.example",
	};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		becomes(none[i], NULL);
	char text[URL_MAX + 2] = "https://paper.example/";
	memset(text + 22, 'a', sizeof text - 23);
	text[URL_MAX + 1] = 0;
	becomes(text, NULL);
	text[URL_MAX] = 0;
	becomes(text, text);
	text[100] = ' ';                                 /* grows past the limit when encoded */
	becomes(text, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_has_one_address),
		cmocka_unit_test(index_pages_are_their_folder),
		cmocka_unit_test(what_identifies_stays),
		cmocka_unit_test(encoding_is_normal),
		cmocka_unit_test(others_have_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
