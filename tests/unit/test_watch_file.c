/* test_watch_file.c - the file of watches: what it may say, what is told when it is wrong, and that what the daemon writes for its workers says the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/ini.h"
#include "common/mem.h"
#include "common/settings.h"
#include "common/watch_file.h"

static watch_file *parse(const char *text, const char *folder, const char *want_errors)
{
	buf errors = {0};
	watch_file *file = watch_file_parse(mr_bytes_of(text), "w.conf", folder, &errors);
	assert_string_equal(buf_bytes(&errors).data, want_errors);
	assert_true((file == NULL) == (want_errors[0] != 0));
	buf_free(&errors);
	return file;
}

static void wrong(const char *text, const char *want_errors)
{
	assert_null(parse(text, NULL, want_errors));
}

/* Terms with their marks, one a line. */
static void expect_terms(const watch_terms *terms, const char *want)
{
	buf shown = {0};
	for (size_t i = 0; i < terms->count; i++) {
		watch_term_show(&terms->items[i], &shown);
		buf_add_char(&shown, '\n');
	}
	assert_string_equal(buf_bytes(&shown).data, want);
	buf_free(&shown);
}

static void lists_are_split_into_terms(void **state)
{
	(void)state;
	watch_file *file = parse("[w]\nany = 芯片， 集成电路、integrated circuit ,\"a, \"\"b\"\"\", “引号，里” ,=WHO, *chip , semi*, * both *, \"c*d\"*, =\"Q&A\"\nany = more, C#, #tag, \"a; b|c # d\"\n", NULL, "");
	expect_terms(&file->rules[0].lists[WATCH_ANY], "芯片\n集成电路\nintegrated circuit\na, \"b\"\n引号，里\n=WHO\n*chip\nsemi*\n* both*\nc*d*\n=Q&A\nmore\nC#\n#tag\na; b|c # d\n");
	assert_true(file->rules[0].lists[WATCH_ANY].items[9].open_end);
	assert_string_equal(file->rules[0].lists[WATCH_ANY].items[9].text, "c*d");
	assert_int_equal(file->term_count, 15);
	watch_file_free(&file);
}

static void every_key_is_read(void **state)
{
	(void)state;
	watch_file *file = parse("\xEF\xBB\xBF# c\n[a.b_c-1]\r\nname = 名\nnote = n = 1\nenabled = no\ntitle_only = true\nat_least = 2\nany = aa, bb\nall = cc\nnot = dd\nalso = ee\nalso = ff\nalso_or = gg\n"
		"people = p1\npersons = p2\nplaces = q1\norganisations = o1\norganizations = o2\npolicies = l1\nlabels = science\nnot_labels = none\nsources = ss*\nnot_sources = tt\nlanguages = zh\n", NULL, "");
	const watch_rule *r = &file->rules[0];
	assert_string_equal(r->id, "a.b_c-1");
	assert_string_equal(r->name, "名");
	assert_string_equal(r->note, "n = 1");
	assert_false(r->enabled);
	assert_true(r->title_only);
	assert_int_equal(r->at_least, 2);
	static const char *const want[WATCH_LISTS] = {"aa\nbb\n", "cc\n", "dd\n", "p1\np2\n", "q1\n", "o1\no2\n", "l1\n", "science\n", "none\n", "ss*\n", "tt\n", "zh\n"};
	for (int i = 0; i < WATCH_LISTS; i++)
		expect_terms(&r->lists[i], want[i]);
	assert_int_equal(r->also_count, 2);
	expect_terms(&r->also[0], "ee\n");
	expect_terms(&r->also[1], "ff\ngg\n");
	watch_file_free(&file);
	file = parse("", NULL, "");
	assert_int_equal(file->count, 0);
	watch_file_free(&file);
}

#define SEPARATORS "terms are separated by commas, and a comment has a line of its own (a term that holds one of ; | # stands in quotation marks)\n"
#define LANGUAGE "a language is told in two or three small letters, without region or script: zh, en\n"

static void every_mistake_is_told_with_its_line(void **state)
{
	(void)state;
	wrong("any = x\n", "w.conf:1: key = value before the first [section]\n");
	wrong("[w]\nayn = xx\nbanana = 1\n", "w.conf:2: a watch has no 'ayn' (did you mean 'any'?)\nw.conf:3: a watch has no 'banana', but: any, all, not, persons, places, "
	      "organizations, policies, labels, not_labels, sources, not_sources, languages, name, note, enabled, title_only, at_least, also, also_or\n");
	wrong("[w]\nany = x\nany = ...\nany =\nany = , ,\n", "w.conf:2: 'x': a single letter or digit is found everywhere\nw.conf:3: '...': there is no letter in it\nw.conf:4: the list is empty\nw.conf:5: the list is empty\n");
	wrong("[w]\nany = \"open\nany = \"a\" b, cc\nany = a*b\n", "w.conf:2: a quotation mark is not closed\nw.conf:3: a comma is missing behind the closing quotation mark\n"
	      "w.conf:4: 'a*b': a * may stand only at the beginning or at the end of a term (in quotation marks it is an ordinary character)\n");
	wrong("[w]\nany = aa\nat_least = 0\nenabled = perhaps\ntitle_only = yes\ntitle_only = no\n",
	      "w.conf:3: '0' is no number from 1 to 100\nw.conf:4: 'perhaps' is neither true nor false\nw.conf:6: 'title_only' is set a second time\n");
	wrong("[w]\nany = aa\n[w]\nany = bb\n", "w.conf:3: [w] stands twice, first in line 1\n");
	wrong("[w]\nnot = aa\n", "w.conf:1: [w] says nothing that an article must hold (any, all, also, persons, places, organizations, policies, labels or sources)\n");
	wrong("[w]\nany = aa, bb\nat_least = 3\n", "w.conf:1: [w] wants 3 terms of 'any', which has 2\n");
	wrong("[w]\nalso_or = aa\n", "w.conf:2: 'also_or' goes on with the line 'also' above it, and there is none\n");
	wrong("[w]\npersons = =Li\nlabels = sci*\n", "w.conf:2: 'Li': = is for phrases; names are compared without regard to case\nw.conf:3: 'sci': no * in labels\n");
	wrong("[w]\nany = 芯片; 半导体\nany = aa | bb\nall = 集成电路；晶圆\nlabels = science # or talent\n",
	      "w.conf:2: '芯片; 半导体': " SEPARATORS "w.conf:3: 'aa | bb': " SEPARATORS "w.conf:4: '集成电路；晶圆': " SEPARATORS "w.conf:5: 'science # or talent': " SEPARATORS);
	wrong("[w]\nany = aa\nlanguages = zh, zh-CN, ZH, chinese\n", "w.conf:3: 'zh-CN': " LANGUAGE "w.conf:3: 'ZH': " LANGUAGE "w.conf:3: 'chinese': " LANGUAGE);
	wrong("[a]\nayn = xx\n[b]\nnot = cc\n", "w.conf:2: a watch has no 'ayn' (did you mean 'any'?)\nw.conf:3: [b] says nothing that an article must hold "
	      "(any, all, also, persons, places, organizations, policies, labels or sources)\n");
	wrong("[w]\nany = @x.txt\n", "w.conf:2: a file of terms (@) cannot be read here\n");
	wrong("[w]\nany = aa\n[w w]\nany = bb\n[v]\nany = cc, d\n",
	      "w.conf:3: section name is empty, too long or holds something else than letters, digits, '.', '_', '-'\nw.conf:6: 'd': a single letter or digit is found everywhere\n");
}

static void sizes_are_bounded(void **state)
{
	(void)state;
	buf text = {0}, errors = {0};
	buf_add_str(&text, "[w]\nany = ");
	for (int i = 0; i < WATCH_TERM_BYTES + 1; i++)
		buf_add_char(&text, 'a');
	wrong(text.data, "w.conf:2: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is longer than 256 bytes\n");
	buf_clear(&text);
	for (int i = 0; i <= WATCH_MAX; i++)
		buf_printf(&text, "[w%d]\nany = aa\n", i);
	wrong(text.data, "w.conf:2001: [w1000] is one watch too many (1000 at most)\n");
	buf_clear(&text);
	buf_add_str(&text, "[w]\n");
	for (int i = 0; i <= WATCH_TERMS_MAX; i++)
		buf_printf(&text, "any = t%d\n", i);
	wrong(text.data, "w.conf:100002: more than 100000 terms in all watches\n");
	buf_clear(&text);
	buf_add_str(&text, "[w]\n");
	for (int i = 0; i <= WATCH_ALSO_MAX; i++)
		buf_add_str(&text, "also = aa\n");
	wrong(text.data, "w.conf:18: more than 16 lines 'also'\n");
	/* Who names a wrong file is not told a million lines. */
	buf_clear(&text);
	buf_add_str(&text, "[w]\n");
	for (int i = 0; i < 2 * WATCH_MISTAKES_MAX; i++)
		buf_add_str(&text, "any = x\nno entry\n");
	assert_null(watch_file_parse(buf_bytes(&text), "w.conf", NULL, &errors));
	size_t lines = 0;
	for (size_t i = 0; i < errors.len; i++)
		lines += errors.data[i] == '\n';
	assert_int_equal(lines, 2 * WATCH_MISTAKES_MAX + 2);
	assert_non_null(strstr(errors.data, "w.conf: 200 mistakes, the first 100 are told\n"));
	assert_non_null(strstr(errors.data, "w.conf: 200 lines are wrong, the first 100 are told\n"));
	buf_free(&text);
	buf_free(&errors);
}

static void terms_come_from_files(void **state)
{
	(void)state;
	char folder[] = "/tmp/millrace-test-watch-XXXXXX", path[100];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/terms.txt", folder);
	FILE *out = fopen(path, "w");
	fputs("\xEF\xBB\xBF# harbours\r\n北湾港, 老码头\r\n\n  =Northbay Port  \n\"quo, ted\"*\n", out);
	fclose(out);
	watch_file *file = parse("[w]\nany = 桐泊, @terms.txt, 海角\n", folder, "");
	expect_terms(&file->rules[0].lists[WATCH_ANY], "桐泊\n北湾港, 老码头\n=Northbay Port\nquo, ted*\n海角\n");       /* a line is one term, commas and all */
	watch_file_free(&file);
	buf want = {0};
	out = fopen(path, "w");
	fputs("good\nx\n\x01\n\xFF\n", out);
	fclose(out);
	buf_printf(&want, "%s:2: 'x': a single letter or digit is found everywhere\n%s:3: control byte in the line\n%s:4: line is not UTF-8\n", path, path, path);
	assert_null(parse("[w]\nany = @terms.txt\n", folder, want.data));
	buf_clear(&want);
	buf_printf(&want, "w.conf:2: %s/none.txt: cannot open: No such file or directory\nw.conf:3: %s: not a regular file\nw.conf:4: @ without the name of a file\n", folder, folder);
	buf text = {0};
	buf_printf(&text, "[w]\nany = @none.txt\nany = @%s\nany = @\n", folder);
	assert_null(parse(text.data, folder, want.data));
	buf_free(&text);
	buf_free(&want);
	unlink(path);
	rmdir(folder);
}

/* The copy for the workers: the same watches, whatever the terms look like. */
static void what_is_written_reads_the_same(void **state)
{
	(void)state;
	watch_file *file = parse("[a]\nname = n\nnote = x # y\nany = \"a \"\"q\"\" b\", =AB, *mid*, \"@no file\", \"# no comment\", “；x”\nalso = one, two\nalso = three\nnot = bad\npersons = 林*\nlabels = none\n[b]\nenabled = no\nplaces = 桐泊\n",
	                         NULL, "");
	buf first = {0}, second = {0};
	watch_file_write(file, &first);
	watch_file *again = parse(first.data, NULL, "");
	watch_file_write(again, &second);
	assert_string_equal(first.data, second.data);
	expect_terms(&again->rules[0].lists[WATCH_ANY], "a \"q\" b\n=AB\n*mid*\n@no file\n# no comment\n；x\n");
	assert_int_equal(again->rules[0].also_count, 2);
	assert_false(again->rules[1].enabled);
	watch_file_free(&file);
	watch_file_free(&again);
	buf_free(&first);
	buf_free(&second);
}

static void the_settings_have_a_say(void **state)
{
	(void)state;
	buf errors = {0}, notes = {0};
	watch_file *file = parse("[w]\nlabels = science\npersons = 林晓\nnot_labels = sciense, none\n", NULL, "");
	settings *s = settings_read(NULL, (const char *const[]){"extract.tagger=off", "pipeline.stages=extract watch"}, 2, &errors);
	assert_int_equal(watch_file_check(file, s, &errors, &notes), 1);
	assert_string_equal(errors.data, "w.conf:4: [w]: the taxonomy has no label 'sciense' (did you mean 'science'?)\n");
	assert_string_equal(notes.data, "w.conf:3: [w]: this pipeline finds no names (extract.tagger = off, or no stage extract): they are looked for as phrases\n"
	                                "w.conf:2: [w]: this pipeline gives no labels (no stage classify): every article counts as none\n");
	settings_free(&s);
	watch_file_free(&file);
	buf_free(&errors);
	buf_free(&notes);
}

/* The manual's examples, as those who take the # away get them. */
static void the_examples_of_the_manual_are_good(void **state)
{
	(void)state;
	char folder[] = "/tmp/millrace-test-watch-XXXXXX", path[100];
	buf text = {0}, out = {0}, errors = {0};
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/harbours.txt", folder);
	FILE *list = fopen(path, "w");
	fputs("北湾港\n老码头\n", list);
	fclose(list);
	assert_int_equal(ini_load(SOURCE_DIR "/conf/watches.conf", INI_FILE_MAX, &text, &errors), 0);
	for (char *rest = text.data, *line; (line = strsep(&rest, "\n"));)
		if (line[0] == '#' && line[1] != ' ' && line[1])
			buf_printf(&out, "%s\n", line + 1);
	watch_file *file = watch_file_parse(buf_bytes(&out), "watches.conf", folder, &errors);
	assert_string_equal(buf_bytes(&errors).data, "");
	assert_int_equal(file->count, 4);
	watch_file_free(&file);
	unlink(path);
	rmdir(folder);
	buf_free(&text);
	buf_free(&out);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_split_into_terms),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(every_mistake_is_told_with_its_line),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(terms_come_from_files),
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(the_settings_have_a_say),
		cmocka_unit_test(the_examples_of_the_manual_are_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
