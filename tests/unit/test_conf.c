/* conf/millrace.conf is the manual: every setting of the option table stands in it, explained, with its default, kind, range and reload mark as in the
 * table, in the same order; nothing stands in it that the table does not have; and with every '#' taken away it is a good configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/ini.h"
#include "common/settings.h"

static buf load(const char *path)
{
	buf text = {0}, errors = {0};
	assert_int_equal(ini_load(path, INI_FILE_MAX, &text, &errors), 0);
	return text;
}

static void facts_of(const option *row, buf *out)
{
	char low[32], high[32];
	buf_printf(out, "# (%s", option_type_name(row->type));
	if (row->type == OPTION_ENUM)
		buf_printf(out, ": %s", row->words);
	if (row->type == OPTION_INT || row->type == OPTION_BYTES || row->type == OPTION_MS)
		buf_printf(out, " from %s to %s", option_show(row, row->min, low), option_show(row, row->max, high));
	buf_printf(out, "; %s)", row->reloadable ? "reload" : "restart");
}

static bool is_facts(const char *line)
{
	size_t len = strlen(line);
	return strncmp(line, "# (", 3) == 0 && len > 9 && (strcmp(line + len - 9, "; reload)") == 0 || strcmp(line + len - 10, "; restart)") == 0);
}

/* `#key = value` or `key = value`; "" when the line is none. */
static void key_of(const char *line, char key[64])
{
	int end = 0;
	key[0] = 0;
	if (sscanf(line, "%*1[#]%63[a-z_.0-9]%n", key, &end) != 1 || strncmp(line + end, " =", 2) != 0)
		key[0] = 0;
	if (!key[0] && (sscanf(line, "%63[a-z_.0-9]%n", key, &end) != 1 || strncmp(line + end, " =", 2) != 0))
		key[0] = 0;
}

static void check_entry(const option *row, const char *section, const char *key, const char *line, const char *facts, const char *prose)
{
	buf want = {0};
	char name[128];
	snprintf(name, sizeof name, "%s.%s", section, key);
	if (strcmp(row->name, name) != 0)
		print_message("the option table has %s where conf/millrace.conf has %s: a setting is added, explained and moved in both\n", row->name, name);
	assert_string_equal(row->name, name);
	facts_of(row, &want);
	assert_string_equal(facts, want.data);
	buf_clear(&want);
	buf_printf(&want, "#%s =%s%s", key, row->fallback[0] ? " " : "", row->fallback);
	assert_string_equal(line, want.data);
	if (strncmp(prose, "# ", 2) != 0)
		print_message("%s is not explained\n", name);
	assert_memory_equal(prose, "# ", 2);
	buf_free(&want);
}

static void every_setting_is_explained(void **state)
{
	(void)state;
	buf text = load(SOURCE_DIR "/conf/millrace.conf");
	char *rest = text.data, *line, section[64] = "", key[64];
	const char *before = "", *before_that = "";
	size_t seen = 0;
	while ((line = strsep(&rest, "\n"))) {
		key_of(line, key);
		sscanf(line, "[%63[a-z.]]", section);
		bool ours = strncmp(section, "kafka", 5) != 0 && section[0];
		if (ours && key[0]) {
			assert_true(seen < option_count);
			check_entry(&option_table[seen++], section, key, line, before, before_that);
		} else if (is_facts(before)) {
			print_message("facts without a setting: %s\n", before);
			fail();
		}
		before_that = before;
		before = line;
	}
	if (seen < option_count)
		print_message("not explained in conf/millrace.conf: %s\n", option_table[seen].name);
	assert_int_equal(seen, option_count);
	buf_free(&text);
}

static void check_good(const char *path)
{
	buf errors = {0};
	settings *s = settings_read(path, NULL, 0, &errors);
	if (s)
		settings_check(s, &errors);
	if (errors.len)
		print_message("%s", errors.data);
	assert_non_null(s);
	assert_int_equal(errors.len, 0);
	for (size_t i = 0; i < option_count; i++)
		assert_string_equal(settings_text(s, option_table[i].name), option_table[i].fallback);
	settings_free(&s);
}

/* With the '#' of every setting taken away, those of [kafka...] as well: what people will do with it. */
static void its_values_are_good(void **state)
{
	char path[] = "/tmp/millrace-test-conf-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	buf text = load(SOURCE_DIR "/conf/millrace.conf");
	char *rest = text.data, *line, key[64];
	(void)state;
	check_good(SOURCE_DIR "/conf/millrace.conf");
	while ((line = strsep(&rest, "\n"))) {
		key_of(line, key);
		fprintf(file, "%s\n", key[0] && line[0] == '#' ? line + 1 : line);
	}
	fclose(file);
	check_good(path);
	unlink(path);
	buf_free(&text);
}

/* --help and `check --explain` print the table's own line: it must be there and be one line. */
static void every_row_has_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		const option *row = &option_table[i];
		assert_true(row->help && strlen(row->help) > 10 && !strchr(row->help, '\n'));
		assert_true(row->type != OPTION_ENUM || row->words);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->name, option_table[j].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_setting_is_explained),
		cmocka_unit_test(its_values_are_good),
		cmocka_unit_test(every_row_has_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
