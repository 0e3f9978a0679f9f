/* bench_classify.c - how fast one worker's stage classify is, beside Debian's fastText on the same documents. One thread; all times are processor time.
 *
 *   bench_classify [--check] [--documents N] [--model MODEL] [--characters N]
 *
 * Documents are our own (texts.c), cut to the same number of characters. Measured are the scorer with evidence, the whole stage (a task in, a patch of JSON
 * out), calls of the allocator in the scorer, and memory: what opening the model and judging adds to the process. fastText, when it is installed, learns two models, one as
 * small as the public baselines have it (one token a character, -wordNgrams 2 -bucket 1000000 -dim 50), one with its own defaults for these (-dim 100 -bucket 2000000), on other documents
 * of the same kind, then predicts these; taken off is what it needs for one document, which is loading the model. The target is held against the small one. --check: 1 when a target is missed (8,000 documents a second, 20 times fastText, a tenth of its memory, no allocation). */
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/settings.h"
#include "texts.h"
#include "workers/answer.h"
#include "workers/classify/classify_stage.h"
#include "workers/classify/scorer.h"
#include "workers/shipped.h"

#define ROUNDS 5                         /* the best one counts */
#define LEARNT 300                       /* documents that fastText learns from */
#define TARGET_RATE 8000
#define TARGET_TIMES 20
#define TARGET_MEMORY 10

/* ---- calls of the allocator are counted ---- */

static size_t allocations;
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size) { allocations++; return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { allocations++; return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { allocations++; return __libc_realloc(old, size); }

typedef struct document {
	buf title, body;
} document;

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* Appends to `out` until it has `characters`. */
static void cut(const char *text, size_t characters, size_t *have, buf *out)
{
	const char *end = text;
	while (*end && *have < characters) {
		end++;
		while (((unsigned char)*end & 0xC0) == 0x80)
			end++;
		++*have;
	}
	buf_add(out, text, (size_t)(end - text));
}

static document *documents_make(uint64_t seed, size_t count, size_t characters)
{
	document *all = mem_array(count, sizeof *all);
	uint64_t n = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t have = 0; have < characters;) {
			buf record = {0};
			texts_record(seed, n++, &record);
			json_t *root = json_loadb(record.data, record.len, 0, NULL);
			if (!all[i].title.len)
				buf_add_str(&all[i].title, json_string_value(json_object_get(root, "title")));
			cut(json_string_value(json_object_get(root, "text")), characters, &have, &all[i].body);
			json_decref(root);
			buf_free(&record);
		}
	return all;
}

static void documents_free(document *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_free(&all[i].title);
		buf_free(&all[i].body);
	}
	free(all);
}

/* Bytes of memory that this process has in use. */
static double memory_used(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *in = fopen("/proc/self/statm", "r");
	if (!in || fscanf(in, "%lu %lu", &pages, &resident) != 2)
		resident = 0;
	if (in)
		fclose(in);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

typedef struct figures {
	double scorer, stage, fasttext, fasttext_default;        /* documents a second */
	double memory, fasttext_memory;          /* bytes */
	double allocations;                      /* a document */
} figures;

static void scorer_measure(const model *m, const document *all, size_t count, figures *out)
{
	scorer *j = scorer_new(m);
	evidence_term terms[32];
	double best = 0;
	for (int round = 0; round <= ROUNDS; round++) {
		size_t before = allocations;
		double begin = now();
		for (size_t i = 0; i < count; i++) {
			scoring said;
			scorer_read(j, buf_bytes(&all[i].title), buf_bytes(&all[i].body), &said);
			scorer_evidence(j, &said, terms, 32);
		}
		double rate = (double)count / (now() - begin);
		out->allocations = (double)(allocations - before) / (double)count;       /* of the last round: all arrays have grown */
		best = round && rate > best ? rate : best;
	}
	out->scorer = best;
	scorer_free(&j);
}

static void stage_measure(const settings *s, const document *all, size_t count, figures *out)
{
	void *ctx;
	char error[256];
	if (classify_stage.open(&ctx, s, error)) {
		fprintf(stderr, "bench_classify: %s\n", error);
		exit(1);
	}
	mr_answer *answer = answer_new();
	for (int round = 0; round < ROUNDS; round++) {
		double begin = now();
		for (size_t i = 0; i < count; i++) {
			mr_field field = {mr_bytes_of("title"), buf_bytes(&all[i].title)};
			mr_task task = {.body = buf_bytes(&all[i].body), .fields = &field, .field_count = 1};
			answer_begin(answer);
			classify_stage.apply(ctx, &task, answer);
		}
		double rate = (double)count / (now() - begin);
		out->stage = rate > out->stage ? rate : out->stage;
	}
	answer_free(&answer);
	classify_stage.close(ctx);
}

/* ---- fastText ---- */

/* One document a line, one token a character. `labelled`: with a label in front, one of three by turns. */
static void lines_write(const char *path, const document *all, size_t count, bool labelled)
{
	FILE *out = fopen(path, "w");
	if (!out) {
		perror(path);
		exit(1);
	}
	for (size_t i = 0; i < count; i++) {
		if (labelled)
			fprintf(out, "__label__%zu ", i % 3);
		const buf *parts[] = {&all[i].title, &all[i].body};
		for (size_t p = 0; p < 2; p++)
			for (size_t b = 0; b < parts[p]->len; b++) {
				unsigned char c = (unsigned char)parts[p]->data[b];
				if (b && (c & 0xC0) != 0x80)
					fputc(' ', out);
				fputc(c < ' ' ? ' ' : c, out);
			}
		fputc('\n', out);
	}
	fclose(out);
}

/* Runs a program without its output; its processor time, and the most memory it had in `bytes`. < 0: it cannot be run. */
static double run(char *const argv[], double *bytes)
{
	pid_t child = fork();
	if (child == 0) {
		int nothing = open("/dev/null", O_RDWR);
		dup2(nothing, 1);
		dup2(nothing, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	int status;
	struct rusage used;
	if (child < 0 || wait4(child, &status, 0, &used) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		return -1;
	if (bytes)
		*bytes = (double)used.ru_maxrss * 1024;
	return (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6 + (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6;
}

/* Documents a second, at the best of ROUNDS; 0: it cannot be run. */
static double fasttext_rate(const document *all, size_t count, size_t characters, char *buckets, char *dimensions, double *memory)
{
	double best = 0;
	char folder[] = "/tmp/millrace-bench-XXXXXX", learn[64], one[64], texts[64], name[64], bin[64];
	if (!mkdtemp(folder))
		return 0;
	snprintf(learn, sizeof learn, "%s/learn", folder);
	snprintf(one, sizeof one, "%s/one", folder);
	snprintf(texts, sizeof texts, "%s/texts", folder);
	snprintf(name, sizeof name, "%s/m", folder);
	snprintf(bin, sizeof bin, "%s/m.bin", folder);
	document *others = documents_make(99, LEARNT, characters);
	lines_write(learn, others, LEARNT, true);
	documents_free(others, LEARNT);
	lines_write(one, all, 1, false);
	lines_write(texts, all, count, false);
	double loading = -1;
	if (run((char *[]){"fasttext", "supervised", "-input", learn, "-output", name, "-wordNgrams", "2", "-bucket", buckets, "-dim", dimensions, "-epoch", "1", "-thread", "1", NULL}, NULL) >= 0)
		loading = run((char *[]){"fasttext", "predict", bin, one, NULL}, NULL);
	for (int round = 0; loading >= 0 && round < ROUNDS; round++) {
		double rate = (double)count / (run((char *[]){"fasttext", "predict", bin, texts, NULL}, memory) - loading);
		best = rate > best ? rate : best;
	}
	run((char *[]){"rm", "-rf", folder, NULL}, NULL);
	return best;
}

static int report(const figures *f, size_t characters, bool check)
{
	printf("%zu characters a document, one thread, processor time\n\n| what | documents/s | MB of text/s | memory, MB |\n|---|---|---|---|\n", characters);
	double mb = (double)characters * 3 / 1e6;
	printf("| scorer with evidence | %.0f | %.1f | %.1f |\n| stage classify, JSON patch included | %.0f | %.1f | |\n", f->scorer, f->scorer * mb, f->memory / 1e6, f->stage,
	       f->stage * mb);
	if (f->fasttext > 0)
		printf("| fastText predict, 50 numbers | %.0f | %.1f | %.1f |\n| fastText predict, its default of 100 | %.0f | %.1f | |\n\nscorer / fastText: %.1f times the rate (%.1f its default), 1/%.0f of the memory\n",
		       f->fasttext, f->fasttext * mb, f->fasttext_memory / 1e6, f->fasttext_default, f->fasttext_default * mb, f->scorer / f->fasttext, f->scorer / f->fasttext_default,
		       f->fasttext_memory / f->memory);
	else
		printf("\nno fasttext here: apt-get install fasttext\n");
	printf("calls of the allocator a document, in the scorer: %.2f\n", f->allocations);
	bool good = f->scorer >= TARGET_RATE && f->allocations <= 0 &&
		    (f->fasttext <= 0 || (f->scorer >= TARGET_TIMES * f->fasttext && f->fasttext_memory >= TARGET_MEMORY * f->memory));
	return check && !good;
}

int main(int argc, char **argv)
{
	size_t count = 400, characters = 4800;
	const char *path = NULL;
	bool check = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--check") == 0)
			check = true;
		else if (strcmp(argv[i], "--documents") == 0 && i + 1 < argc)
			count = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--characters") == 0 && i + 1 < argc)
			characters = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--model") == 0 && i + 1 < argc)
			path = argv[++i];
		else
			return fprintf(stderr, "usage: bench_classify [--check] [--documents N] [--model MODEL] [--characters N]\n"), 64;
	}
	char shipped[SHIPPED_PATH_BYTES], error[256];
	path = path ? path : shipped_path("models/topics.model", shipped);
	buf set = {0}, errors = {0};
	buf_printf(&set, "classify.model=%s", path);
	settings *s = settings_read(NULL, (const char *const[]){set.data}, 1, &errors);
	document *all = documents_make(7, count ? count : 1, characters);
	figures f = {0};
	double before = memory_used();
	model m;
	if (!s || model_open(&m, path, error))
		return fprintf(stderr, "bench_classify: %s\n", s ? error : errors.data), 1;
	scorer_measure(&m, all, count, &f);
	f.memory = memory_used() - before;
	model_close(&m);
	stage_measure(s, all, count, &f);
	f.fasttext = fasttext_rate(all, count, characters, "1000000", "50", &f.fasttext_memory);
	f.fasttext_default = fasttext_rate(all, count, characters, "2000000", "100", NULL);
	documents_free(all, count);
	settings_free(&s);
	buf_free(&set);
	buf_free(&errors);
	return report(&f, characters, check);
}
