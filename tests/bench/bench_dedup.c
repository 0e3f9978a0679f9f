/* bench_dedup.c - how fast texts are folded and sketched, and sketches compared. One thread; time is processor time, so that neighbours on the machine do not count.
 *
 *   bench_dedup [FILE]
 *
 * FILE: JSON lines with `title` and `text` (`millrace bench dedup` makes one). Without it: documents of about 700 ideographs out of random
 * words; the work does not depend on what the words say. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "common/sketch.h"
#include "common/utf8.h"
#include "workers/dedup/sketcher.h"
#include "workers/text/fold.h"

#define DOCUMENTS_MAX 20000

typedef struct document { char *title, *text; } document;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t chance(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static char *random_text(uint64_t *state, int characters)
{
	buf out = {0};
	for (int i = 0; i < characters; i++) {
		uint32_t k = chance(state) % 100;
		if (k < 88)
			utf8_add(&out, 0x4E00 + chance(state) % 3000);
		else if (k < 92)
			buf_printf(&out, "%u", chance(state) % 1000);
		else
			utf8_add(&out, k < 98 ? 0xFF0C : k < 99 ? 0x3002 : '\n');
	}
	return buf_take(&out, NULL);
}

static size_t read_documents(const char *path, document *out)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0, n = 0;
	while (file && n < DOCUMENTS_MAX && getline(&line, &room, file) > 0) {
		json_t *value = json_loads(line, 0, NULL);
		const char *title = json_string_value(json_object_get(value, "title")), *text = json_string_value(json_object_get(value, "text"));
		if (text) {
			out[n].title = mem_string(title ? title : "");
			out[n++].text = mem_string(text);
		}
		json_decref(value);
	}
	free(line);
	if (file)
		fclose(file);
	return n;
}

static size_t make_documents(document *out)
{
	uint64_t state = 1;
	for (size_t i = 0; i < 5000; i++) {
		out[i].title = random_text(&state, 20);
		out[i].text = random_text(&state, 705);
	}
	return 5000;
}

static void bench_fold(const document *documents, size_t n)
{
	buf out = {0};
	size_t characters = 0, turns = 0;
	for (size_t i = 0; i < n; i++)
		characters += utf8_count(mr_bytes_of(documents[i].text));
	double start = now();
	do {
		for (size_t i = 0; i < n; i++) {
			buf_clear(&out);
			fold_text(mr_bytes_of(documents[i].text), FOLD_ALL, &out, NULL);
		}
		turns++;
	} while (now() - start < 1);
	printf("fold      %8.1f M characters/s (%zu documents of %zu characters)\n", (double)(turns * characters) / (now() - start) / 1e6, n, characters / n);
	buf_free(&out);
}

static void bench_sketch(const document *documents, size_t n, sketch *out)
{
	sketcher *maker = sketcher_new();
	size_t done = 0;
	double start = now();
	do {
		for (size_t i = 0; i < n; i++)
			sketcher_make(maker, mr_bytes_of(documents[i].title), mr_bytes_of(documents[i].text), &out[i]);
		done += n;
	} while (now() - start < 1);
	printf("sketch    %8.0f documents/s (folded, %d bytes each)\n", (double)done / (now() - start), SKETCH_ENCODED_BYTES);
	sketcher_free(&maker);
}

static void bench_compare(const sketch *sketches, size_t n)
{
	uint64_t state = 2;
	size_t done = 0, near = 0;
	double start = now();
	do {
		for (int i = 0; i < 100000; i++) {
			uint32_t a = chance(&state) % (uint32_t)n, b = chance(&state) % (uint32_t)n;
			near += sketch_compare(&sketches[a], &sketches[b]).relation >= SKETCH_NEAR;
		}
		done += 100000;
	} while (now() - start < 1);
	printf("compare   %8.3f us a pair (%zu of %zu random pairs near)\n", (now() - start) * 1e6 / (double)done, near, done);
}

int main(int argc, char **argv)
{
	document *documents = mem_array(DOCUMENTS_MAX, sizeof *documents);
	size_t n = argc > 1 ? read_documents(argv[1], documents) : make_documents(documents);
	if (!n) {
		fprintf(stderr, "bench_dedup: no documents\n");
		return 1;
	}
	sketch *sketches = mem_array(n, sizeof *sketches);
	bench_fold(documents, n);
	bench_sketch(documents, n, sketches);
	bench_compare(sketches, n);
	for (size_t i = 0; i < n; i++) {
		free(documents[i].title);
		free(documents[i].text);
	}
	free(documents);
	free(sketches);
	return 0;
}
