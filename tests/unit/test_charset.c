/* Charsets: what is declared, what is meant, what comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/utf8.h"
#include "workers/extract/charset.h"

static const char chinese[] = "<html><head><meta charset=\"%s\"></head><body><p>丰台区教育委员会今天召开人才工作会议，部署全年任务。会议指出，要继续办好人民满意的教育。</p></body></html>";

static void encode(const char *name, const char *text, buf *out)
{
	iconv_t cd = iconv_open(name, "UTF-8");
	assert_true(cd != (iconv_t)-1);
	char *in = (char *)(uintptr_t)text, *to = buf_reserve(out, strlen(text) * 4 + 8);
	size_t left = strlen(text), room = strlen(text) * 4 + 8, had = room;
	assert_int_equal(iconv(cd, &in, &left, &to, &room), 0);
	out->len += had - room;
	iconv_close(cd);
}

/* The page in charset `real` that declares `declared`, with the header `header`, must come out as `text` and be read as `used`. */
static void decodes(const char *real, const char *declared, const char *header, const char *used)
{
	char page[1024];
	buf bytes = {0}, out = {0};
	snprintf(page, sizeof page, chinese, declared);
	encode(real, page, &bytes);
	const char *name = NULL;
	charset_decode(buf_bytes(&bytes), mr_bytes_of(header), &out, &name);
	assert_string_equal(out.data, page);
	assert_string_equal(name, used);
	buf_free(&bytes);
	buf_free(&out);
}

static void declared_charsets(void **state)
{
	(void)state;
	decodes("UTF-8", "utf-8", NULL, "UTF-8");
	decodes("GB18030", "gb2312", NULL, "GB18030");
	decodes("GB18030", "utf-8", "GBK", "GB18030");          /* the header before the meta tag */
	decodes("UTF-16LE", "utf-8", "utf-16le", "UTF-16LE");
}

static void a_lying_meta_is_repaired(void **state)
{
	(void)state;
	decodes("UTF-8", "gb2312", NULL, "UTF-8");
	decodes("UTF-8", "iso-8859-1", "iso-8859-1", "UTF-8");
	decodes("GB18030", "utf-8", NULL, "GB18030");
	decodes("GB18030", "no-such-charset", NULL, "GB18030");
	decodes("UTF-8", "utf-16", NULL, "UTF-8");
}

static void traditional_and_marks(void **state)
{
	(void)state;
	buf bytes = {0}, out = {0};
	const char *text = "<meta charset=big5><p>臺北市政府今天宣布，將擴大辦理科學教育，並鼓勵產業與學校合作培育人才。</p>", *name;
	encode("BIG5-HKSCS", text, &bytes);
	charset_decode(buf_bytes(&bytes), (mr_bytes){0}, &out, &name);
	assert_string_equal(out.data, text);
	buf_clear(&out);
	charset_decode((mr_bytes){"\xEF\xBB\xBFok", 5}, mr_bytes_of("gbk"), &out, &name);
	assert_string_equal(out.data, "ok");
	buf_clear(&out);
	charset_decode((mr_bytes){"\xFF\xFEo\0k\0", 6}, (mr_bytes){0}, &out, &name);
	assert_string_equal(out.data, "ok");
	buf_free(&bytes);
	buf_free(&out);
}

static void decoded_text_is_left_alone(void **state)
{
	(void)state;
	buf out = {0};
	const char *text = "<meta charset=gbk>教育";
	charset_decode(mr_bytes_of(text), mr_bytes_of("UTF-8"), &out, NULL);
	assert_string_equal(out.data, text);
	buf_free(&out);
}

static void what_comes_out_is_valid(void **state)
{
	(void)state;
	static const char *const labels[] = {NULL, "UTF-8", "gbk", "big5", "shift_jis", "euc-kr", "utf-16", "iso-2022-jp", "koi8-r", "?"};
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		unsigned seed = 7;
		char junk[3000];
		for (size_t n = 0; n < sizeof junk; n++) {
			seed = seed * 1103515245u + 12345u;
			junk[n] = (char)(seed >> 16);
		}
		buf out = {0};
		charset_decode((mr_bytes){junk, sizeof junk}, mr_bytes_of(labels[i]), &out, NULL);
		assert_true(utf8_valid(buf_bytes(&out)));
		assert_null(memchr(out.data, 0, out.len));
		buf_free(&out);
	}
	buf empty = {0};
	charset_decode((mr_bytes){"", 0}, (mr_bytes){0}, &empty, NULL);
	assert_int_equal(empty.len, 0);
	buf_free(&empty);
}

/* The worker is caged when pages come: with no descriptor to be had, every charset must still convert. */
static void nothing_is_opened_after_preload(void **state)
{
	(void)state;
	static const char *const labels[] = {"gbk", "big5", "euc-tw", "shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "windows-1250", "windows-1251", "windows-1252",
		"windows-1254", "iso-8859-2", "iso-8859-15", "koi8-r", "utf-16le", "utf-16be", "macintosh", "viscii"};
	struct rlimit before, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){0, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(open("/dev/null", O_RDONLY), -1);
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		buf out = {0};
		const char *used = NULL;
		charset_decode((mr_bytes){"a\0b\0", 4}, mr_bytes_of(labels[i]), &out, &used);
		assert_string_equal(used, charset_name(mr_bytes_of(labels[i])));
		buf_free(&out);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);  /* LeakSanitizer opens files when the program ends */
}

static int preload(void **state)
{
	(void)state;
	charset_preload();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(declared_charsets), cmocka_unit_test(a_lying_meta_is_repaired), cmocka_unit_test(traditional_and_marks),
		cmocka_unit_test(decoded_text_is_left_alone), cmocka_unit_test(what_comes_out_is_valid),
		cmocka_unit_test(nothing_is_opened_after_preload)};
	return cmocka_run_group_tests(tests, preload, NULL);
}
