/* Configuration from a stranger: the text of a file and, behind NUL bytes, values of --set. Whatever comes, reading ends, and either there are errors or
 * every value is within the bounds of the table. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"
#include "common/settings.h"
#include "common/utf8.h"

#define SETS_MAX 8

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file = -1;
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("config", MFD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	log_setup("fuzz", LOG_LEVEL_ERROR, LOG_LOGFMT, 1);
	return file < 0;
}

static int count_property(void *arg, const char *key, const char *text)
{
	(*(size_t *)arg) += strlen(key) + strlen(text);
	return 0;
}

static void check_values(const settings *s)
{
	static const char *const sections[] = {"kafka", "kafka.consumer", "kafka.producer"};
	buf lines = {0};
	size_t bytes = 0;
	for (size_t i = 0; i < option_count; i++) {
		const option *row = &option_table[i];
		assert(utf8_valid(mr_bytes_of(settings_text(s, row->name))));
		if (row->type != OPTION_INT && row->type != OPTION_BYTES && row->type != OPTION_MS)
			continue;
		int64_t number = settings_int(s, row->name);
		assert(number >= row->min && number <= row->max);
	}
	int bad = settings_check(s, &lines);
	assert((bad == 0) == (lines.len == 0));
	assert(utf8_valid(buf_bytes(&lines)));
	buf_clear(&lines);
	assert(settings_changed_fixed(s, s, &lines) == 0);
	for (size_t i = 0; i < 3; i++)
		settings_section(s, sections[i], count_property, &bytes);
	buf_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *sets[SETS_MAX];
	size_t count = 0, len;
	buf errors = {0};
	memcpy(text, data, size);
	text[size] = 0;
	len = strlen(text);                      /* the file ends at the first NUL, unless that is the only one */
	for (size_t at = len + 1; at < size && count < SETS_MAX; at += strlen(text + at) + 1)
		sets[count++] = text + at;
	size_t file_len = count ? len : size;
	if (ftruncate(file, 0) != 0 || pwrite(file, text, file_len, 0) != (ssize_t)file_len)
		abort();
	settings *s = settings_read(path, sets, count, &errors);
	assert((s != NULL) == (errors.len == 0));
	assert(utf8_valid(buf_bytes(&errors)));
	if (!s) {                                /* what could be read of it, as `millrace check` does */
		int bad;
		buf_clear(&errors);
		s = settings_read_good(path, sets, count, &errors, &bad);
		assert(bad > 0);
	}
	check_values(s);
	settings_free(&s);
	buf_free(&errors);
	free(text);
	return 0;
}
