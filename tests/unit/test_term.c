/* What a text takes on a terminal, and where it is wrapped. The parts of the command are no library: this test brings them in as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "cli/table.c"
#include "cli/term.c"

static int cells_of(const char *text)
{
	return term_cells(mr_bytes_of(text));
}

static void chinese_takes_two_columns(void **state)
{
	(void)state;
	assert_int_equal(cells_of(""), 0);
	assert_int_equal(cells_of("plain"), 5);
	assert_int_equal(cells_of("青槐县"), 6);
	assert_int_equal(cells_of("（2025—2027年）"), 2 + 4 + 1 + 4 + 2 + 2);
	assert_int_equal(cells_of("“驿站”"), 6);
	assert_int_equal(cells_of("Ｗｉｄｅ"), 8);
	assert_int_equal(cells_of("e\xCC\x81"), 1);                       /* e with a combining acute accent */
	assert_int_equal(cells_of("か\xE3\x82\x99"), 2);
	assert_int_equal(cells_of("\xF0\xA0\x80\x8B"), 2);                /* U+2000B, an ideograph of the second plane */
	assert_int_equal(cells_of("한국"), 4);
	assert_int_equal(cells_of("\xFF"), 1);                            /* broken bytes are shown as one mark */
}

/* The lines of a text, joined by '|'. */
static const char *wrapped(const char *text, int cells)
{
	static char out[512];
	mr_bytes rest = mr_bytes_of(text);
	size_t used = 0;
	out[0] = 0;
	while (rest.len > 0 && used < 400) {
		size_t next, len = term_wrap(rest, cells, &next);
		assert_true(next > 0 && len <= next);
		assert_true(term_cells((mr_bytes){rest.data, len}) <= (cells > 2 ? cells : 2));
		used += (size_t)snprintf(out + used, sizeof out - used, "%s%.*s", used ? "|" : "", (int)len, rest.data);
		rest = (mr_bytes){rest.data + next, rest.len - next};
	}
	return out;
}

static void texts_are_wrapped_where_they_may(void **state)
{
	(void)state;
	assert_string_equal(wrapped("short", 10), "short");
	assert_string_equal(wrapped("faster way to date", 10), "faster way|to date");
	assert_string_equal(wrapped("faster  way", 7), "faster|way");
	assert_string_equal(wrapped("unbreakable", 4), "unbr|eaka|ble");
	assert_string_equal(wrapped("青槐县小学延长", 6), "青槐县|小学延|长");
	assert_string_equal(wrapped("青槐县小学延长", 7), "青槐县|小学延|长");
	assert_string_equal(wrapped("青槐县，小学", 6), "青槐|县，小|学");        /* no line begins with a comma */
	assert_string_equal(wrapped("三年（两年）", 6), "三年|（两|年）");        /* none ends with an opening bracket */
	assert_string_equal(wrapped("talent\xC2\xA0" "1.00, science\xC2\xA0" "0.98", 14), "talent\xC2\xA0" "1.00,|science\xC2\xA0" "0.98");
	assert_string_equal(wrapped("宽", 1), "宽");                              /* too narrow for anything: still goes on */
}

static char *printed(const table *t, int width, bool colours)
{
	char *text = NULL;
	size_t len = 0;
	term out = {open_memstream(&text, &len), width, false, colours};
	table_print(t, &out);
	fclose(out.out);
	return text;
}

static table *sample(void)
{
	static const table_column columns[] = {{"Title", 8, 0, 0, false}, {"Score", 5, 0, 0, true}, {"Source", 6, 0, 40, false}};
	table *t = table_new(columns, 3);
	table_add(t, TERM_PLAIN, "%s", "青槐县小学延长");
	table_add(t, TERM_GREEN, "%.2f", 1.0);
	table_add(t, TERM_PLAIN, "%s", "日报");
	table_add_line(t, TERM_DIM, "%d articles:", 2);
	table_add(t, TERM_PLAIN, "%s", "tab\there\033[31m");
	table_add(t, TERM_PLAIN, "%s", "");
	table_add(t, TERM_PLAIN, "%s", "");
	return t;
}

static void columns_are_aligned_and_strangers_are_cleaned(void **state)
{
	(void)state;
	table *t = sample();
	char *text = printed(t, 80, false);
	assert_string_equal(text, "  Title           Score  Source\n"
				  "  青槐县小学延长   1.00  日报\n"
				  "  2 articles:\n"
				  "  tab?here?[31m\n");
	free(text);
	text = printed(t, 23, false);            /* the third column does not fit, the first is squeezed */
	assert_string_equal(text, "  Title          Score\n"
				  "  青槐县小学延    1.00\n"
				  "  长\n"
				  "  2 articles:\n"
				  "  tab?here?[31m\n");
	free(text);
	text = printed(t, 80, true);
	assert_non_null(strstr(text, "\033[32m1.00\033[0m"));
	free(text);
	table_free(&t);
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(chinese_takes_two_columns), cmocka_unit_test(texts_are_wrapped_where_they_may),
					   cmocka_unit_test(columns_are_aligned_and_strangers_are_cleaned)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
