/* evaluate_entities.c - `millrace evaluate entities`. Every text is folded and tagged as the worker does it; an entity is right when begin, end and type are. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/entities_args.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "workers/entities/tagger.h"

typedef struct hits_of {
	size_t right, given, wanted;
} hits_of;

typedef struct evaluation {
	const entities_args *args;
	const tagger_model *model;
	const entity_data *data;
	tagger *tagger;
	FILE *predictions;
	hits_of all, span, types[TAGGER_TYPES_MAX];
	size_t characters;
	double seconds;
	int shown;
} evaluation;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static double f1(const hits_of *h)
{
	return share(2 * h->right, h->given + h->wanted);
}

/* Source characters of a span: up to where the character behind it came from. */
static uint32_t source_end(const entity_text *text, const tagger_span *span)
{
	uint32_t at = span->end, last = text->source[span->end - 1];
	while (at < text->count && text->source[at] == last)
		at++;
	return text->source[at];
}

static int prediction_write(const evaluation *self, const entity_text *text, const tagger_span *spans, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:I,s:I,s:s}", "start", (json_int_t)text->source[spans[i].begin], "end", (json_int_t)source_end(text, &spans[i]),
						      "type", tagger_type_name(self->model, spans[i].type)));
	json_t *object = json_pack("{s:s,s:o}", "id", text->id, "entities", list);
	int result = json_dumpf(object, self->predictions, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	return result || fputc('\n', self->predictions) == EOF ? -1 : 0;
}

static void text_print(const entity_text *text, uint32_t begin, uint32_t end)
{
	buf out = {0};
	for (uint32_t i = begin; i < end; i++)
		utf8_add(&out, text->at[i]);
	fprintf(stderr, "%s", buf_bytes(&out).data);
	buf_free(&out);
}

static void error_print(evaluation *self, const entity_text *text, const char *what, uint32_t begin, uint32_t end, const char *type)
{
	if (self->shown++ >= self->args->errors)
		return;
	fprintf(stderr, "%s\t%s\t%s\t", text->id, what, type);
	text_print(text, begin > 12 ? begin - 12 : 0, begin);
	fprintf(stderr, " [");
	text_print(text, begin, end);
	fprintf(stderr, "] ");
	text_print(text, end, end + 12 < text->count ? end + 12 : text->count);
	fprintf(stderr, "\n");
}

static void compare(evaluation *self, const entity_text *text, const tagger_span *spans, size_t count)
{
	size_t k = 0;
	for (size_t i = 0; i < count; i++) {
		const char *type = tagger_type_name(self->model, spans[i].type);
		int wanted = -1;
		while (k < text->entity_count && text->entities[k].begin < spans[i].begin)
			k++;
		if (k < text->entity_count && text->entities[k].begin == spans[i].begin && text->entities[k].end == spans[i].end)
			wanted = __builtin_ctz(text->entities[k].types);
		self->span.right += wanted >= 0;
		bool right = wanted >= 0 && strcmp(self->data->types[wanted], type) == 0;
		for (uint32_t t = 0; t < self->data->type_count; t++)
			if (strcmp(self->data->types[t], type) == 0) {
				self->types[t].given++;
				self->types[t].right += right;
			}
		self->all.right += right;
		if (!right)
			error_print(self, text, "too many", spans[i].begin, spans[i].end, type);
	}
	self->all.given += count;
	self->all.wanted += text->entity_count;
	self->span.given += count;
	self->span.wanted += text->entity_count;
	for (k = 0; k < text->entity_count; k++)
		self->types[__builtin_ctz(text->entities[k].types)].wanted++;
}

static void missed_print(evaluation *self, const entity_text *text, const tagger_span *spans, size_t count)
{
	for (uint32_t k = 0; self->args->errors && k < text->entity_count; k++) {
		const entity *e = &text->entities[k];
		const char *type = self->data->types[__builtin_ctz(e->types)];
		size_t i = 0;
		while (i < count && !(spans[i].begin == e->begin && spans[i].end == e->end && strcmp(tagger_type_name(self->model, spans[i].type), type) == 0))
			i++;
		if (i == count)
			error_print(self, text, "missed", e->begin, e->end, type);
	}
}

static int text_evaluate(evaluation *self, const entity_text *text)
{
	const tagger_span *spans;
	double begin = now();
	size_t count = tagger_read(self->tagger, text->at, text->count, &spans);
	self->seconds += now() - begin;
	self->characters += text->count;
	compare(self, text, spans, count);
	missed_print(self, text, spans, count);
	return self->predictions ? prediction_write(self, text, spans, count) : 0;
}

static json_t *hits_json(const hits_of *h)
{
	return json_pack("{s:f,s:f,s:f,s:I,s:I}", "precision", share(h->right, h->given), "recall", share(h->right, h->wanted), "f1", f1(h), "gold", (json_int_t)h->wanted,
			 "predicted", (json_int_t)h->given);
}

static void json_print(const evaluation *self)
{
	json_t *types = json_object();
	char fingerprint[32];
	for (uint32_t t = 0; t < self->data->type_count; t++)
		json_object_set_new(types, self->data->types[t], hits_json(&self->types[t]));
	snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)self->model->fingerprint);
	json_t *out = json_pack("{s:s,s:s,s:I,s:I,s:f,s:o,s:o,s:o}", "model", self->model->name, "fingerprint", fingerprint, "records", (json_int_t)self->data->count,
				"characters", (json_int_t)self->characters, "characters_per_second",
				self->seconds > 0 ? (double)self->characters / self->seconds : 0.0, "micro", hits_json(&self->all), "span", hits_json(&self->span), "types", types);
	json_dumpf(out, stdout, JSON_REAL_PRECISION(6) | JSON_INDENT(1));
	printf("\n");
	json_decref(out);
}

static void row_print(const char *name, const hits_of *h)
{
	printf("%-20s %9.4f %9.4f %9.4f %8zu %9zu\n", name, share(h->right, h->given), share(h->right, h->wanted), f1(h), h->wanted, h->given);
}

static void table_print_all(const evaluation *self)
{
	printf("%-20s %9s %9s %9s %8s %9s\n", "type", "precision", "recall", "F1", "gold", "predicted");
	for (uint32_t t = 0; t < self->data->type_count; t++)
		row_print(self->data->types[t], &self->types[t]);
	row_print("all (micro)", &self->all);
	row_print("spans, any type", &self->span);
	printf("%.0f characters/s\n", self->seconds > 0 ? (double)self->characters / self->seconds : 0);
}

static int evaluate(evaluation *self, char error[256])
{
	const char *path = self->args->predictions;
	self->predictions = path ? fopen(path, "wb") : NULL;
	if (path && !self->predictions) {
		snprintf(error, 256, "%.180s: %s", path, strerror(errno));
		return -1;
	}
	self->tagger = tagger_new(self->model);
	int result = 0;
	for (size_t i = 0; !result && i < self->data->count; i++)
		result = text_evaluate(self, &self->data->at[i]);
	tagger_free(&self->tagger);
	if (self->predictions && fclose(self->predictions))
		result = -1;
	if (result) {
		snprintf(error, 256, "cannot write %.180s", path);
		return -1;
	}
	if (self->args->json)
		json_print(self);
	else
		table_print_all(self);
	return 0;
}

int evaluate_entities_main(int argc, char **argv)
{
	entities_args args;
	if (entities_args_read(&args, argc, argv))
		return EXIT_USAGE;
	char error[256];
	tagger_model m = {0};
	entity_data data = {0};
	evaluation *self = mem_alloc(sizeof *self);
	*self = (evaluation){.args = &args, .model = &m, .data = &data};
	int result = tagger_model_open(&m, args.model, error) || entities_args_load(&args, &data, error) || evaluate(self, error);
	if (result)
		cli_failed("evaluate", "%s", error);
	free(self);
	entity_data_free(&data);
	tagger_model_close(&m);
	return result ? EXIT_FAILED : EXIT_CLEAN;
}
