/* test_fold.c - folding: rules by example, and the script step against the library whose tables it uses (when it is installed). */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/utf8.h"
#include "workers/text/fold.h"

static void check(const char *in, unsigned flags, const char *want)
{
	buf out = {0};
	fold_text(mr_bytes_of(in), flags, &out, NULL);
	assert_string_equal(buf_bytes(&out).data, want);
	buf_free(&out);
}

static void test_width(void **state)
{
	(void)state;
	check("ＡＢＣ１２％，　（㎡）", FOLD_WIDTH, "ABC12%, (m2)");
	check("①⑫Ⅳ℃…½ﬁ", FOLD_WIDTH, "112IV°C...1/2fi");
	check("ABC，。", FOLD_CASE, "abc，。");
	check("\xef\xa4\x80", FOLD_WIDTH, "豈");
	check("︐︑︒︓︖︗︙︰︵﹁﹄", FOLD_WIDTH, ",、。:?〖.....(「』");    /* forms of vertical lines */
}

static void test_case(void **state)
{
	(void)state;
	check("ÀÉ ŁÓDŹ ΑΣς МОСКВА Ё Ǎ ×", FOLD_CASE, "àé łódź ασσ москва ё ǎ ×");
}

static void test_letters(void **state)
{
	(void)state;
	check("第 1 页（共 3.5 页）\n“A-b”·c\xe2\x80\x8b\xf0\x9f\x98\x80\xef\xbf\xbd", FOLD_LETTERS, "第1页共35页Abc");
	check("", FOLD_ALL, "");
	check(" \n", FOLD_ALL, "");
}

static void test_script(void **state)
{
	(void)state;
	check("後來發現頭髮乾了", FOLD_SCRIPT, "后来发现头发干了");
	check("乾隆皇帝", FOLD_SCRIPT, "乾隆皇帝");
	check("軟體資訊與網路", FOLD_SCRIPT, "软件信息与网络");
	check("軟件", FOLD_SCRIPT, "软件");
	check("软件质量", FOLD_SCRIPT, "软件质量");
	check("軟\n  體", FOLD_ALL, "软件");
	check("軟\n體", FOLD_SCRIPT, "软\n体");           /* without FOLD_LETTERS a break is a break */
}

static void test_broken_bytes(void **state)
{
	(void)state;
	check("a\xff\xe4\xb8z", FOLD_CASE, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	check("a\xff\xe4\xb8z", FOLD_ALL, "az");
}

static void test_origin(void **state)
{
	(void)state;
	buf out = {0}, origin = {0};
	const char *in = "Ａ 軟體 z";
	fold_text(mr_bytes_of(in), FOLD_ALL, &out, &origin);
	assert_string_equal(out.data, "a软件z");
	const uint32_t *at = (const uint32_t *)(const void *)origin.data;
	assert_int_equal(origin.len, 4 * sizeof *at);
	assert_int_equal(at[0], 0);
	assert_int_equal(at[1], 4);
	assert_int_equal(at[3], 11);
	buf_free(&out);
	buf_free(&origin);
}

/* Pseudo-random text out of words that the tables know, words that only look so, and single characters. */
static size_t make_text(uint32_t *seed, char *out, size_t max)
{
	static const char *const pool[] = {
		"國際會議", "發表聲明", "資訊", "網路", "軟體", "程式", "品質", "專案", "計畫", "後來", "頭髮", "乾隆", "著作", "徵收", "什麼", "裡面", "臺灣", "為",
		"台北", "捷運", "伺服器", "記憶體", "硬碟", "滑鼠", "列印", "隱藏", "老態龍鍾", "口吃", "一隻", "系統", "關係", "於是", "人民共和国", "今天", "北京", "会议",
		"一", "二", "年", "月", "日", "的", "了", "和", "是", "體", "程", "式", "乾", "著", "徵", "么", "里", "數位", "訊號", "，", "2023", "A", "列", "印度",
	};
	size_t n = 0;
	out[0] = 0;
	while (n + 24 < max) {
		*seed = *seed * 1664525u + 1013904223u;
		const char *word = pool[(*seed >> 8) % (sizeof pool / sizeof *pool)];
		memcpy(out + n, word, strlen(word) + 1);
		n += strlen(word);
	}
	return n;
}

static void test_folding_twice_changes_nothing(void **state)
{
	(void)state;
	uint32_t seed = 7;
	for (int i = 0; i < 200; i++) {
		char text[400];
		buf once = {0}, twice = {0};
		size_t n = make_text(&seed, text, sizeof text);
		fold_text((mr_bytes){text, n}, FOLD_SCRIPT, &once, NULL);
		fold_text(buf_bytes(&once), FOLD_SCRIPT, &twice, NULL);
		/* a value may meet its neighbours and form another word; rare, and the sketch stands it */
		size_t same = 0;
		for (size_t k = 0; k < once.len && k < twice.len; k++)
			same += once.data[k] == twice.data[k];
		assert_true(same * 100 >= once.len * 97);
		buf_free(&once);
		buf_free(&twice);
	}
}

/* The oracle: OpenCC's own tw2sp. Both sides are folded, since our tables are closed under folding and the library's are not. */
static void test_against_opencc(void **state)
{
	(void)state;
	void *library = dlopen("libopencc.so.1.1", RTLD_NOW);
	if (!library)
		skip();
	void *(*open)(const char *) = (void *(*)(const char *))dlsym(library, "opencc_open");
	char *(*convert)(void *, const char *, size_t) = (char *(*)(void *, const char *, size_t))dlsym(library, "opencc_convert_utf8");
	void (*release)(char *) = (void (*)(char *))dlsym(library, "opencc_convert_utf8_free");
	int (*close_it)(void *) = (int (*)(void *))dlsym(library, "opencc_close");
	void *oracle = open("tw2sp.json");
	assert_true(oracle != (void *)-1);
	uint32_t seed = 1;
	size_t same = 0, all = 0;
	for (int i = 0; i < 300; i++) {
		char text[400];
		size_t n = make_text(&seed, text, sizeof text);
		char *theirs = convert(oracle, text, n);
		buf want = {0}, got = {0};
		fold_text(mr_bytes_of(theirs), FOLD_SCRIPT, &want, NULL);
		fold_text((mr_bytes){text, n}, FOLD_SCRIPT, &got, NULL);
		const char *a = want.data, *b = got.data;
		while (a < want.data + want.len && b < got.data + got.len) {
			same += utf8_next(&a, want.data + want.len) == utf8_next(&b, got.data + got.len);
			all++;
		}
		buf_free(&want);
		buf_free(&got);
		release(theirs);
	}
	close_it(oracle);
	assert_true(all > 10000);
	print_message("as OpenCC: %.3f %% of %zu characters\n", 100.0 * (double)same / (double)all, all);
	assert_true(same * 1000 >= all * 985);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_width),        cmocka_unit_test(test_case),
		cmocka_unit_test(test_letters),      cmocka_unit_test(test_script),
		cmocka_unit_test(test_broken_bytes), cmocka_unit_test(test_origin),
		cmocka_unit_test(test_folding_twice_changes_nothing),
		cmocka_unit_test(test_against_opencc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
