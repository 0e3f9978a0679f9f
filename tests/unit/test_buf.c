/* Buffers, readers and UTF-8: what every parser stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/utf8.h"

static void integers_come_back(void **state)
{
	(void)state;
	buf b = {0};
	buf_add_u8(&b, 7);
	buf_add_u16(&b, 0xBEEF);
	buf_add_u32(&b, 0xDEADBEEF);
	buf_add_u64(&b, 0x0123456789ABCDEFULL);
	reader r = reader_of(buf_bytes(&b));
	assert_int_equal(read_u8(&r), 7);
	assert_int_equal(read_u16(&r), 0xBEEF);
	assert_true(read_u32(&r) == 0xDEADBEEF);
	assert_true(read_u64(&r) == 0x0123456789ABCDEFULL);
	assert_int_equal(r.bad, 0);
	assert_int_equal(read_left(&r), 0);
	buf_free(&b);
}

static void a_short_read_stays_bad(void **state)
{
	(void)state;
	reader r = reader_of((mr_bytes){"\1\2\3", 3});
	assert_true(read_u32(&r) == 0);
	assert_int_equal(r.bad, 1);
	assert_int_equal(read_u8(&r), 0);
	assert_null(read_bytes(&r, 1).data);
}

static void printf_grows(void **state)
{
	(void)state;
	buf b = {0};
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%0200d", i);
	assert_int_equal(b.len, 20000);
	assert_int_equal(b.data[b.len], 0);
	buf_free(&b);
}

static void broken_utf8_is_found(void **state)
{
	(void)state;
	assert_true(utf8_valid(mr_bytes_of("丰台区 abc 𠀀")));
	assert_int_equal(utf8_count(mr_bytes_of("丰台区 abc 𠀀")), 9);
	static const char *const bad[] = {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE4\xB8", "\x80", "\xFF"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(utf8_valid(mr_bytes_of(bad[i])));
	const char *text = "台\xE4", *at = text + 4;
	assert_int_equal(utf8_prev(text, &at), UTF8_BAD);
	assert_int_equal(utf8_prev(text, &at), 0x53F0);
	assert_ptr_equal(at, text);
}

/* Runs of plain characters are looked over quickly: texts of pieces put together by chance are counted and judged as character by character. */
static void runs_count_as_characters_do(void **state)
{
	(void)state;
	static const char bytes[] = "A \x80\xBF\xE0\xE4\xED\xEF\xF0\xF4\xC2\x9F\xA0\xBD\xFF", *const pieces[] = {"abcdefghij", "教育科学人才", "é", "𠮷", "\xE0\xA0\x80", "\xED\x9F\xBF", "\uFFFD"};
	uint32_t chance = 1;
	for (int round = 0; round < 200000; round++) {
		char text[64];
		size_t len = 0, count = 0;
		bool valid = true;
		while (len < (size_t)(round % 50)) {
			chance = chance * 1664525 + 1013904223;
			const char *piece = chance >> 29 < 7 ? pieces[chance >> 29] : NULL;
			size_t more = piece ? strlen(piece) : 1;
			if (len + more > sizeof text)
				break;
			memcpy(text + len, piece && round % 3 ? piece : &bytes[(chance >> 20) % (sizeof bytes - 1)], piece && round % 3 ? more : 1);
			len += piece && round % 3 ? more : 1;
		}
		for (const char *at = text, *from; at < text + len; count++) {
			from = at;
			valid = !(utf8_next(&at, text + len) == UTF8_BAD && at - from != 3) && valid;
		}
		assert_int_equal(utf8_count((mr_bytes){text, len}), count);
		assert_int_equal(utf8_valid((mr_bytes){text, len}), valid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_count_as_characters_do),
		cmocka_unit_test(integers_come_back),
		cmocka_unit_test(a_short_read_stays_bad),
		cmocka_unit_test(printf_grows),
		cmocka_unit_test(broken_utf8_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
