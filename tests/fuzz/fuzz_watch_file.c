/* fuzz_watch_file.c - the file of watches: whatever comes, reading ends; what is taken is within its limits, reads the same when it is written for the workers, and can be compiled and asked. */
#include <assert.h>
#include <stdlib.h>

#include "common/settings.h"
#include "common/utf8.h"
#include "workers/watch/watch_set.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMPILE_TERMS 40                 /* larger sets take long to compile, and say no more */

static settings *plain;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	buf errors = {0};
	(void)argc;
	(void)argv;
	plain = settings_read(NULL, NULL, 0, &errors);
	return plain == NULL;
}

static void check_rule(const watch_rule *rule)
{
	size_t wanted = rule->also_count;
	for (int l = 0; l < WATCH_LISTS; l++)
		for (size_t i = 0; i < rule->lists[l].count; i++) {
			size_t len = strlen(rule->lists[l].items[i].text);
			assert(len > 0 && len <= WATCH_TERM_BYTES && utf8_valid(mr_bytes_of(rule->lists[l].items[i].text)));
			wanted++;
		}
	assert(wanted && rule->id[0] && rule->also_count <= WATCH_ALSO_MAX);
}

static void ask(watch_file *file)
{
	char error[256] = "";
	watch_set *set = watch_set_new(file, plain, error);
	if (!set)
		abort();
	watch_article a = {.parts[PART_TITLE] = mr_bytes_of("芯片 chips AI"), .parts[PART_BODY] = mr_bytes_of("The WHO said: 積體電路。"), .names[0] = mr_bytes_of("林晓\nx")};
	watch_set_look(set, &a);
	watch_set_free(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	buf errors = {0}, first = {0}, second = {0}, notes = {0};
	watch_file *file = watch_file_parse((mr_bytes){(const char *)data, size}, "f", NULL, &errors);
	assert((file == NULL) == (errors.len > 0) && utf8_valid(buf_bytes(&errors)));
	if (file) {
		assert(file->count <= WATCH_MAX && file->term_count <= WATCH_TERMS_MAX);
		for (size_t i = 0; i < file->count; i++)
			check_rule(&file->rules[i]);
		watch_file_write(file, &first);
		watch_file *again = watch_file_parse(buf_bytes(&first), "f", NULL, &errors);
		if (!again)
			abort();
		watch_file_write(again, &second);
		assert(first.len == second.len && memcmp(buf_bytes(&first).data, buf_bytes(&second).data, first.len) == 0);
		watch_file_check(again, plain, &errors, &notes);
		if (again->term_count <= COMPILE_TERMS)
			ask(again);
		else
			watch_file_free(&again);
		watch_file_free(&file);
	}
	buf_free(&errors);
	buf_free(&notes);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
