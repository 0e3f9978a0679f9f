/* Golden cases without stages: tests/golden/README.md. MILLRACE_GOLDEN=write writes what comes out instead of comparing it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "common/record.h"
#include "common/settings.h"

#define GOLDEN SOURCE_DIR "/tests/golden/"
#define LINES_MAX 64

/* A file of the case, whole; false: not there. */
static bool slurp(const char *folder, const char *name, buf *out)
{
	char path[512];
	size_t n;
	snprintf(path, sizeof path, GOLDEN "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return false;
	do
		n = fread(buf_reserve(out, 4096), 1, 4096, file), out->len += n;
	while (n);
	fclose(file);
	buf_add(out, "", 0);
	return true;
}

static size_t lines_of(buf *text, char *lines[LINES_MAX])
{
	size_t count = 0;
	for (char *save, *line = strtok_r(text->len ? text->data : "", "\n", &save); line && count < LINES_MAX; line = strtok_r(NULL, "\n", &save))
		lines[count++] = line;
	return count;
}

static record_rules *rules_of(const char *folder)
{
	buf text = {0}, errors = {0};
	char *lines[LINES_MAX];
	assert_true(slurp(folder, "settings", &text));
	size_t count = lines_of(&text, lines);
	settings *config = settings_read(NULL, (const char *const *)lines, count, &errors);
	if (!config)
		fail_msg("%s/settings: %s", folder, errors.data);
	record_rules *rules = record_rules_new(config);
	settings_free(&config);
	buf_free(&text);
	buf_free(&errors);
	return rules;
}

static json_t *headers_of(const char *folder, mr_field fields[LINES_MAX], size_t *count)
{
	buf text = {0};
	const char *name;
	json_t *value, *all = slurp(folder, "headers.json", &text) ? json_loadb(text.data, text.len, 0, NULL) : json_object();
	assert_non_null(all);
	json_object_foreach(all, name, value)
		fields[(*count)++] = (mr_field){mr_bytes_of(name), mr_bytes_of(json_string_value(value))};
	buf_free(&text);
	return all;
}

static void add_line(buf *out, json_t *object)
{
	static const char *const moving[] = {"processed_at", "processed_at_ms", "pipeline"};
	for (size_t i = 0; i < 3; i++)
		json_object_del(object, moving[i]);
	char *text = json_dumps(object, JSON_COMPACT);
	assert_non_null(text);
	buf_add_str(out, text);
	buf_add_char(out, '\n');
	free(text);
	json_decref(object);
}

static void run_record(const record_rules *rules, const record_source *source, buf *articles, buf *dead)
{
	record_fault fault;
	buf line = {0};
	record *rec = record_parse(rules, source, &fault);
	if (!rec) {
		add_line(dead, json_pack("{s:I,s:s,s:s}", "source_offset", (json_int_t)source->offset, "code", fault.code, "stage", fault.stage));
		return;
	}
	article *art = article_new(rec, 0, 1);
	article_dump(art, NULL, 1773362500000, &line);
	add_line(articles, json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL));
	buf_free(&line);
	article_free(&art);
	record_free(&rec);
}

static void settle(const char *folder, const char *name, const buf *got)
{
	buf want = {0};
	const char *mode = getenv("MILLRACE_GOLDEN");
	if (mode && strcmp(mode, "write") == 0) {
		char path[512];
		snprintf(path, sizeof path, GOLDEN "%s/%s", folder, name);
		FILE *file = got->len ? fopen(path, "wb") : NULL;
		if (file) {
			fwrite(got->data, 1, got->len, file);
			fclose(file);
		}
		return;
	}
	slurp(folder, name, &want);
	if (want.len != got->len || memcmp(buf_bytes(&want).data, buf_bytes(got).data, got->len) != 0)
		fail_msg("%s/%s: got\n%s\nwant\n%s", folder, name, buf_bytes(got).data, buf_bytes(&want).data);
	buf_free(&want);
}

static void run_case(const char *folder)
{
	buf feed = {0}, articles = {0}, dead = {0};
	mr_field headers[LINES_MAX];
	size_t header_count = 0, count = 1;
	char *lines[LINES_MAX];
	record_rules *rules = rules_of(folder);
	json_t *all = headers_of(folder, headers, &header_count);
	if (slurp(folder, "feed.jsonl", &feed))
		count = lines_of(&feed, lines);
	else if (slurp(folder, "feed.txt", &feed) || slurp(folder, "feed.html", &feed))
		lines[0] = feed.data;
	else
		fail_msg("%s has no feed", folder);
	for (size_t i = 0; i < count; i++) {
		record_source source = {.topic = "articles.raw", .offset = (int64_t)i, .timestamp_ms = -1, .value = mr_bytes_of(lines[i]), .headers = headers, .header_count = header_count};
		run_record(rules, &source, &articles, &dead);
	}
	settle(folder, "articles.jsonl", &articles);
	settle(folder, "dead.jsonl", &dead);
	json_decref(all);
	record_rules_free(&rules);
	buf_free(&feed);
	buf_free(&articles);
	buf_free(&dead);
}

static bool without_stages(const char *folder)
{
	buf text = {0};
	bool yes = slurp(folder, "settings", &text) && strstr(text.data, "pipeline.stages=\n");
	buf_free(&text);
	return yes;
}

static void every_case_comes_out_as_written(void **state)
{
	(void)state;
	int cases = 0;
	DIR *folder = opendir(GOLDEN);
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (entry->d_name[0] != '.' && without_stages(entry->d_name)) {
			run_case(entry->d_name);
			cases++;
		}
	closedir(folder);
	assert_true(cases >= 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_comes_out_as_written)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
