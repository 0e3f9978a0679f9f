/* The reader of configuration files: what is taken, what is refused, with which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ini.h"

static void on_section(void *arg, ini_place at, const char *name)
{
	buf_printf(arg, "%d[%s]\n", at.line, name);
}

static void on_entry(void *arg, ini_place at, const char *section, const char *key, const char *value)
{
	buf_printf(arg, "%d %s.%s=<%s>\n", at.line, section, key, value);
}

static int parse(mr_bytes text, buf *out, buf *errors)
{
	*out = *errors = (buf){0};
	return ini_parse(text, "x.conf", (ini_hooks){on_section, on_entry, out}, errors);
}

static void check(const char *text, const char *want, const char *want_errors)
{
	buf out, errors;
	int bad = parse(mr_bytes_of(text), &out, &errors), lines = 0;
	for (const char *p = want_errors; *p; p++)
		lines += *p == '\n';
	assert_string_equal(buf_bytes(&out).data, want);
	assert_string_equal(buf_bytes(&errors).data, want_errors);
	assert_int_equal(bad, lines);
	buf_free(&out);
	buf_free(&errors);
}

static void values_are_taken_as_they_stand(void **state)
{
	(void)state;
	check("[a]\nb = 1 ; 2 # 3 = 4\n  c=\"q\"  \n\td\t=\tx y\t\ne =\n", "1[a]\n2 a.b=<1 ; 2 # 3 = 4>\n3 a.c=<\"q\">\n4 a.d=<x y>\n5 a.e=<>\n", "");
	check("# b\n ; c\n\n[ k.consumer ]\nfetch.wait_max-ms = 台", "4[k.consumer]\n5 k.consumer.fetch.wait_max-ms=<台>\n", "");
}

static void dos_files_and_byte_order_marks_are_fine(void **state)
{
	(void)state;
	check("\xEF\xBB\xBF[a]\r\nb = c\r\n\r\n# x\r\n", "1[a]\n2 a.b=<c>\n", "");
	check("", "", "");
	check("\n\n", "", "");
}

static void wrong_lines_are_named(void **state)
{
	(void)state;
	check("b = 1\n[a\nb = 2\n[]\n[a b]\n[a]\nb\n= 3\nc d = 4\nok = 5\n", "6[a]\n10 a.ok=<5>\n",
	      "x.conf:1: key = value before the first [section]\n"
	      "x.conf:2: section header without ] at the end of the line\n"
	      "x.conf:4: section name is empty, too long or holds something else than letters, digits, '.', '_', '-'\n"
	      "x.conf:5: section name is empty, too long or holds something else than letters, digits, '.', '_', '-'\n"
	      "x.conf:7: neither a [section] nor key = value\n"
	      "x.conf:8: key is empty, too long or holds something else than letters, digits, '.', '_', '-'\n"
	      "x.conf:9: key is empty, too long or holds something else than letters, digits, '.', '_', '-'\n");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	(void)state;
	buf out, errors;
	static const char nul[] = "[a]\nb = 1\0" "2\nc = 3\n";
	assert_int_equal(parse((mr_bytes){nul, sizeof nul - 1}, &out, &errors), 1);
	assert_string_equal(errors.data, "x.conf:2: NUL byte in the line (UTF-16? UTF-8 is wanted)\n");
	assert_string_equal(out.data, "1[a]\n3 a.c=<3>\n");
	buf_free(&out);
	buf_free(&errors);
	check("[a]\nb = \xC0\x80\n", "1[a]\n", "x.conf:2: line is not UTF-8\n");
	check("[a]\nb = \x1b[2J\n", "1[a]\n", "x.conf:2: control byte in the line\n");
	check("[a]\nb = 1\r2\n", "1[a]\n", "x.conf:2: control byte in the line\n");
	check("# \xFF\n", "", "x.conf:1: line is not UTF-8\n");
}

static void sizes_are_bounded(void **state)
{
	(void)state;
	buf text = {0}, out, errors;
	buf_add_str(&text, "[a]\nb = ");
	while (text.len < INI_LINE_MAX + 4)
		buf_add_char(&text, 'x');
	assert_int_equal(parse(buf_bytes(&text), &out, &errors), 0);     /* the second line has exactly the most bytes */
	buf_free(&out);
	buf_add_char(&text, 'x');
	assert_int_equal(parse(buf_bytes(&text), &out, &errors), 1);
	assert_string_equal(errors.data, "x.conf:2: line is longer than 8192 bytes\n");
	buf_free(&out);
	buf_free(&errors);
	while (text.len <= INI_FILE_MAX)
		buf_add_char(&text, '\n');
	assert_int_equal(parse(buf_bytes(&text), &out, &errors), 1);
	assert_string_equal(errors.data, "x.conf: larger than 1048576 bytes\n");
	buf_free(&out);
	buf_free(&errors);
	buf_free(&text);
}

static void only_regular_files_are_read(void **state)
{
	(void)state;
	char pipe_name[] = "/tmp/millrace-test-ini-XXXXXX";
	buf out = {0}, errors = {0};
	assert_non_null(mkdtemp(pipe_name));
	char name[64];
	snprintf(name, sizeof name, "%s/pipe", pipe_name);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_int_equal(ini_load(name, 100, &out, &errors), -1);        /* and does not hang */
	assert_non_null(strstr(errors.data, "not a regular file"));
	unlink(name);
	buf_clear(&errors);
	assert_int_equal(ini_load(name, 100, &out, &errors), -1);
	assert_non_null(strstr(errors.data, "cannot open: No such file"));
	FILE *file = fopen(name, "w");
	fputs("0123456789", file);
	fclose(file);
	buf_clear(&errors);
	assert_int_equal(ini_load(name, 9, &out, &errors), -1);
	assert_non_null(strstr(errors.data, "too large"));
	buf_clear(&out);
	assert_int_equal(ini_load(name, 10, &out, &errors), 0);
	assert_string_equal(out.data, "0123456789");
	unlink(name);
	rmdir(pipe_name);
	buf_free(&out);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_taken_as_they_stand),
		cmocka_unit_test(dos_files_and_byte_order_marks_are_fine),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(only_regular_files_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
