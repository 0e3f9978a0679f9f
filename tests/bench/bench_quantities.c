/* bench_quantities.c - how fast figures and moments are read. One thread, processor time.
 *
 *   bench_quantities [FILE]
 *
 * FILE: JSON lines with `text`. Without it: 2,000 records of texts.h, whose sentences hold a figure each, more than news does. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "texts.h"
#include "workers/entities/moments.h"
#include "workers/entities/quantities.h"

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

static size_t read_file(const char *path, char **out)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0, n = 0;
	ssize_t len;
	while (file && n < RECORDS_MAX && (len = getline(&line, &room, file)) > 0)
		if ((out[n] = text_of(line, (size_t)len)))
			n++;
	free(line);
	if (file)
		fclose(file);
	return n;
}

static size_t make_texts(char **out)
{
	for (size_t i = 0; i < RECORDS; i++) {
		buf record = {0};
		texts_record(1, i, &record);
		out[i] = text_of(record.data, record.len);
		buf_free(&record);
	}
	return RECORDS;
}

int main(int argc, char **argv)
{
	char **texts = mem_alloc(RECORDS_MAX * sizeof *texts);
	size_t count = argc > 1 ? read_file(argv[1], texts) : make_texts(texts);
	fact_text text = {.count = 0};
	quantities figures = {.items = NULL};
	moments times = {.items = NULL};
	double folding = 0, reading = 0, timing = 0;
	size_t characters = 0, found = 0, dated = 0;
	for (size_t i = 0; i < count; i++) {
		double start = now();
		fact_text_read(&text, mr_bytes_of(texts[i]), (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
		double folded = now();
		quantities_read(&figures, &text);
		double read = now();
		moments_read(&times, &text);
		timing += now() - read;
		reading += read - folded;
		folding += folded - start;
		characters += text.count;
		found += figures.count;
		dated += times.count;
		free(texts[i]);
	}
	printf("%zu texts, %zu characters\n", count, characters);
	printf("folded     %6.1f million characters/s\n", (double)characters / folding / 1e6);
	printf("figures    %6.1f million characters/s, %zu found, one in %.0f characters\n", (double)characters / reading / 1e6, found, (double)characters / (double)(found ? found : 1));
	printf("moments    %6.1f million characters/s, %zu found\n", (double)characters / timing / 1e6, dated);
	moments_free(&times);
	quantities_free(&figures);
	fact_text_free(&text);
	free(texts);
	return 0;
}
