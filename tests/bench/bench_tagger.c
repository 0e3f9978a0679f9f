/* bench_tagger.c - how many characters a second the entity tagger reads. One thread; time is processor time, so that neighbours on the machine do not count (but what
 * they do to the caches does).
 *
 *   bench_tagger MODEL [FILE]
 *
 * FILE: JSON lines with `title` and `text`. Without it: 300 records of texts.h. Texts are folded before the clock runs; everything is read ROUNDS times, the
 * fastest round is told beside the mean. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "texts.h"
#include "workers/entities/tagger.h"
#include "workers/text/fold.h"

#define RECORDS 300
#define ROUNDS 5
#define CHARACTERS_MAX 20000000

typedef struct corpus {
	uint32_t *at;                    /* folded characters of all texts */
	size_t *ends;
	size_t count, texts, room, text_room;
} corpus;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void text_add(corpus *self, const char *text)
{
	buf folded = {0};
	fold_text(mr_bytes_of(text), FOLD_WIDTH | FOLD_SCRIPT, &folded, NULL);
	if (self->room < self->count + folded.len) {
		self->room = (self->count + folded.len) * 2;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
	for (const char *at = folded.data, *end = at + folded.len; at < end;)
		self->at[self->count++] = utf8_next(&at, end);
	if (self->texts == self->text_room) {
		self->text_room = self->text_room ? self->text_room * 2 : 1024;
		self->ends = mem_grow(self->ends, self->text_room, sizeof *self->ends);
	}
	self->ends[self->texts++] = self->count;
	buf_free(&folded);
}

static void record_add(corpus *self, const char *line, size_t len)
{
	json_t *value = json_loadb(line, len, 0, NULL);
	const char *text = json_string_value(json_object_get(value, "text"));
	text = text ? text : json_string_value(json_object_get(value, "body"));
	if (text)
		text_add(self, text);
	json_decref(value);
}

static void corpus_fill(corpus *self, const char *path)
{
	FILE *file = path ? fopen(path, "r") : NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t got;
	if (path && !file)
		perror(path);
	while (file && self->count < CHARACTERS_MAX && (got = getline(&line, &room, file)) > 0)
		record_add(self, line, (size_t)got);
	for (uint64_t n = 0; !path && n < RECORDS; n++) {
		buf record = {0};
		texts_record(1, n, &record);
		record_add(self, record.data, record.len);
		buf_free(&record);
	}
	free(line);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	char error[256];
	tagger_model m;
	corpus texts = {0};
	if (argc < 2 || tagger_model_open(&m, argv[1], error)) {
		fprintf(stderr, "bench_tagger: %s\n", argc < 2 ? "MODEL [FILE]" : error);
		return 1;
	}
	corpus_fill(&texts, argc > 2 ? argv[2] : NULL);
	tagger *t = tagger_new(&m);
	size_t spans = 0;
	double best = 1e9, all = 0;
	for (int round = 0; round < ROUNDS; round++) {
		double begin = now();
		const tagger_span *found;
		spans = 0;
		for (size_t i = 0, from = 0; i < texts.texts; from = texts.ends[i++])
			spans += tagger_read(t, texts.at + from, texts.ends[i] - from, &found);
		double took = now() - begin;
		all += took;
		best = took < best ? took : best;
	}
	printf("%zu texts, %zu characters, %zu spans: %.2f M characters/s (mean %.2f)\n", texts.texts, texts.count, spans, (double)texts.count / best / 1e6,
	       (double)texts.count * ROUNDS / all / 1e6);
	tagger_free(&t);
	tagger_model_close(&m);
	free(texts.at);
	free(texts.ends);
	return 0;
}
