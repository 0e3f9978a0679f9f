/* bench_extract.c - how fast the whole stage `extract` reads plain text: one thread, processor time, no transport, no JSON of the feed.
 *
 *   bench_extract [FILE] [section.key=value ...]
 *
 * FILE: JSON lines with `text`; without it, or with -, 2,000 records of texts.h. Settings as for millrace process, e.g. extract.tagger=false. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "common/settings.h"
#include "texts.h"
#include "workers/answer.h"
#include "workers/extract/extract.h"

#define RECORDS 2000
#define RECORDS_MAX 20000

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *text_of(const char *line, size_t len)
{
	json_t *value = json_loadb(line, len, 0, NULL);
	const char *text = json_string_value(json_object_get(value, "text"));
	char *copy = text ? mem_string(text) : NULL;
	json_decref(value);
	return copy;
}

static size_t load(const char *path, char **texts)
{
	size_t count = 0, room = 0;
	char *line = NULL;
	if (!path || !strcmp(path, "-")) {
		for (buf record = {0}; count < RECORDS; count++, buf_free(&record)) {
			texts_record(1, count, &record);
			texts[count] = text_of(record.data, record.len);
		}
		return count;
	}
	FILE *file = fopen(path, "r");
	for (ssize_t len; file && count < RECORDS_MAX && (len = getline(&line, &room, file)) > 0;)
		if ((texts[count] = text_of(line, (size_t)len)))
			count++;
	if (file)
		fclose(file);
	free(line);
	return count;
}

int main(int argc, char **argv)
{
	static char *texts[RECORDS_MAX];
	bool file = argc > 1 && !strchr(argv[1], '=');
	const mr_field fields[] = {{mr_bytes_of("input"), mr_bytes_of("text")}, {mr_bytes_of("charset"), mr_bytes_of("UTF-8")}};
	buf errors = {0};
	char error[256] = "";
	void *ctx;
	settings *s = settings_read(NULL, (const char *const *)argv + 1 + file, (size_t)(argc - 1 - file), &errors);
	double begin = now();
	if (!s || extract_stage.open(&ctx, s, error))
		return fprintf(stderr, "%s%s\n", errors.data ? errors.data : "", error), 1;
	double opened = now() - begin;
	size_t count = load(file ? argv[1] : NULL, texts), bytes = 0;
	mr_answer *answer = answer_new();
	begin = now();
	for (size_t i = 0; i < count; i++) {
		answer_begin(answer);
		extract_stage.apply(ctx, &(mr_task){.body = mr_bytes_of(texts[i]), .fields = fields, .field_count = 2}, answer);
		bytes += strlen(texts[i]);
	}
	double seconds = now() - begin;
	printf("extract: open %.0f ms; %zu texts, %.1f MB in %.2f s: %.1f MB/s, %.0f texts/s\n", opened * 1e3, count, (double)bytes / 1e6, seconds, (double)bytes / 1e6 / seconds,
	       (double)count / seconds);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	answer_free(&answer);
	extract_stage.close(ctx);
	settings_free(&s);
	buf_free(&errors);
	return 0;
}
