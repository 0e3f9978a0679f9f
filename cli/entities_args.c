/* entities_args.c - see entities_args.h. */
#include "entities_args.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "common/mem.h"
#include "workers/entities/features.h"

#define WORD_LIST WORD_KINDS             /* --words: a list, no text */
#define DOUBT 2                          /* of --doubt, while none is given */
#define FIELD(name) offsetof(entities_args, name)

/* Told in train_help and evaluate_help. */
static const arg arg_table[] = {
	{"--data", ARG_WORDS, WORD_DATA, 0, 0, "t"},
	{"--before", ARG_WORDS, WORD_BEFORE, 0, 0, "t"},
	{"--map", ARG_WORD, WORD_MAP, 0, 0, "te"},
	{"--open", ARG_WORD, WORD_OPEN, 0, 0, "t"},
	{"--words", ARG_WORDS, WORD_LIST, 0, 0, "t"},
	{"--no-words", ARG_FLAG, FIELD(no_words), 0, 0, "t"},
	{"--types", ARG_TEXT, FIELD(types), 0, 0, "t"},
	{"--out", ARG_TEXT, FIELD(out), 0, 0, "t"},
	{"--name", ARG_TEXT, FIELD(name), 0, 0, "t"},
	{"--notes", ARG_TEXT, FIELD(notes), 0, 0, "t"},
	{"--seed", ARG_UINT, FIELD(learn.seed), 0, 4294967295.0, "t"},
	{"--passes", ARG_UINT, FIELD(learn.passes), 1, 1000, "t"},
	{"--before-passes", ARG_UINT, FIELD(learn.before_passes), 1, 1000, "t"},
	{"--runs", ARG_UINT, FIELD(learn.runs), 1, 100, "t"},
	{"--min-times", ARG_UINT, FIELD(learn.min_times), 1, 1000, "t"},
	{"--features", ARG_UINT, FIELD(learn.features), TAGGER_FEATURES_OLDEST, TAGGER_FEATURES_VERSION, "t"},
	{"--rows", ARG_UINT, FIELD(learn.rows), 1, TAGGER_ROWS_MAX, "t"},
	{"--cost", ARG_REAL, FIELD(learn.cost), 1e-3, 1e6, "t"},
	{"--rate", ARG_REAL, FIELD(learn.rate), 1e-5, 10, "t"},
	{"--margin", ARG_REAL, FIELD(learn.margin), 0, 20, "t"},
	{"--missed", ARG_REAL, FIELD(learn.missed), 0, 20, "t"},
	{"--doubt", ARG_WORD, WORD_DOUBT, 0, 20, "t"},
	{"--drop", ARG_REAL, FIELD(learn.drop), 0, 0.9, "t"},
	{"--model", ARG_TEXT, FIELD(model), 0, 0, "e"},
	{"--json", ARG_FLAG, FIELD(json), 0, 0, "e"},
	{"--predictions", ARG_TEXT, FIELD(predictions), 0, 0, "e"},
	{"--errors", ARG_INT, FIELD(errors), 0, 1000000, "e"},
	{"--quiet", ARG_FLAG, FIELD(quiet), 0, 0, "te"},
};

static int wrong(const entities_args *self, const char *what, const char *name)
{
	return args_wrong(self->command, what, name);
}

static int word_add(entities_args *self, enum entity_word_kind kind, const char *text)
{
	if (self->word_count == sizeof self->words / sizeof *self->words)
		return wrong(self, "too many files and rules", text);
	self->words[self->word_count++] = (entity_word){kind, text};
	self->file_count += kind == WORD_DATA || kind == WORD_BEFORE;
	return 0;
}

static int list_add(entities_args *self, const char *text)
{
	if (self->list_count == ENTITY_FILES_MAX)
		return wrong(self, "too many files", text);
	self->lists[self->list_count++] = text;
	return 0;
}

static int word_read(void *into, const arg *a, size_t nth, const char *text)
{
	(void)nth;
	entities_args *self = into;
	if (a)
		return a->field == WORD_LIST ? list_add(self, text) : word_add(self, (enum entity_word_kind)a->field, text);
	return self->training ? wrong(self, "unexpected", text) : word_add(self, WORD_DATA, text);
}

static int complete(const entities_args *self, bool training)
{
	if (!self->file_count)
		return wrong(self, "no texts given", training ? "--data" : "FILE");
	if (training && !self->out)
		return wrong(self, "needed: where the model goes", "--out");
	if (!training && !self->model)
		return wrong(self, "needed: the model to measure", "--model");
	if (self->name && (!*self->name || strlen(self->name) >= TAGGER_TYPE_BYTES || strspn(self->name, "abcdefghijklmnopqrstuvwxyz0123456789_-") < strlen(self->name)))
		return wrong(self, "not a name of a-z 0-9 _ - (at most 31)", "--name");
	return 0;
}

int entities_args_read(entities_args *self, int argc, char **argv)
{
	*self = (entities_args){.name = "entities", .learn = {.passes = 6, .before_passes = 3, .runs = 4, .min_times = 2, .rows = 400000,
				 .features = TAGGER_FEATURES_VERSION, .cost = 4, .rate = 0.1, .margin = 1, .missed = 1.3, .drop = 0.4, .seed = 1}};      /* docs/entities.md */
	char of = argv[0][0];
	self->training = of == 't';
	self->command = self->training ? "train entities" : "evaluate entities";
	args line = {self->command, arg_table, sizeof arg_table / sizeof *arg_table, of, self, word_read};
	return args_read(&line, argc, argv, 2) ? -1 : complete(self, self->training);
}

/* Names separated by commas or blanks to a set; those that are new are added. */
static int types_read(entity_data *data, const char *option, const char *names, type_set *out, char error[256])
{
	char *copy = mem_string(names), *rest = copy, *name;
	int result = 0;
	*out = 0;
	while (result == 0 && (name = strsep(&rest, ", "))) {
		int type = *name ? entity_data_type(data, name) : 0;
		if (type < 0) {
			snprintf(error, 256, "%s: \"%.60s\" is no type", option, name);
			result = -1;
		} else if (*name) {
			*out |= 1u << type;
		}
	}
	free(copy);
	return result;
}

/* FILE or FILE@N. What follows the last @ counts only if it is a number, so that names with @ work. */
static int file_load(entity_data *data, const entity_word *word, type_set open, double doubt, char error[256])
{
	const char *at = strrchr(word->text, '@');
	int times = 1, used = 0;
	size_t len = strlen(word->text);
	if (at && sscanf(at, "@%d%n", &times, &used) == 1 && !at[used] && times >= 1 && times <= 100)
		len = (size_t)(at - word->text);
	else
		times = 1;
	char *path = mem_copy(word->text, len);
	int result = entity_data_read(data, (entity_file){.path = path, .open = open, .doubt = doubt, .times = (uint32_t)times, .before = word->kind == WORD_BEFORE}, error);
	free(path);
	return result;
}

static int doubt_read(const char *text, double *out, char error[256])
{
	char *end;
	*out = strtod(text, &end);
	if (end != text && !*end && *out >= 0 && *out <= 20)
		return 0;
	snprintf(error, 256, "--doubt %.40s: not a number from 0 to 20", text);
	return -1;
}

static int word_obey(const entity_word *word, entity_data *data, type_set *open, double *doubt, char error[256])
{
	switch (word->kind) {
	case WORD_MAP:
		return entity_data_map(data, word->text, error);
	case WORD_OPEN:
		return types_read(data, "--open", word->text, open, error);
	case WORD_DOUBT:
		return doubt_read(word->text, doubt, error);
	default:
		return file_load(data, word, *open, *doubt, error);
	}
}

int entities_args_load(const entities_args *self, entity_data *data, char error[256])
{
	type_set open = 0, all;
	double doubt = DOUBT;
	if (self->types) {
		if (types_read(data, "--types", self->types, &all, error))
			return -1;
		data->closed = true;
	}
	for (size_t i = 0; i < self->word_count; i++)
		if (word_obey(&self->words[i], data, &open, &doubt, error))
			return -1;
	if (!data->count || (self->out && !data->type_count)) {
		snprintf(error, 256, "no %stext in the files", self->out ? "annotated " : "");
		return -1;
	}
	return 0;
}
