/* classify_args.c - see classify_args.h. */
#include "classify_args.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "common/mem.h"

enum arg_type { ARG_DATA, ARG_EXTRA, ARG_TEXT, ARG_FLAG, ARG_FOLD, ARG_INT, ARG_UINT, ARG_REAL, ARG_SHARE };

typedef struct arg {
	const char *name;
	enum arg_type type;
	size_t field;                    /* offset in classify_args */
	double min, max;
	const char *of;                  /* t: train, e: evaluate */
} arg;

#define FIELD(name) offsetof(classify_args, name)

/* Told in train_help and evaluate_help. */
static const arg arg_table[] = {
	{"--data", ARG_DATA, 0, 0, 0, "t"},
	{"--extra", ARG_EXTRA, 0, 0, 0, "t"},
	{"--out", ARG_TEXT, FIELD(out), 0, 0, "t"},
	{"--labels", ARG_TEXT, FIELD(labels), 0, 0, "t"},
	{"--single", ARG_FLAG, FIELD(single), 0, 0, "t"},
	{"--name", ARG_TEXT, FIELD(name), 0, 0, "t"},
	{"--notes", ARG_TEXT, FIELD(notes), 0, 0, "t"},
	{"--seed", ARG_UINT, FIELD(learn.seed), 0, 4294967295.0, "t"},
	{"--features", ARG_UINT, FIELD(learn.features), 100, 1500000, "t"},
	{"--min-texts", ARG_UINT, FIELD(learn.min_texts), 2, 1000, "t"},
	{"--cost", ARG_REAL, FIELD(learn.cost), 1e-6, 1e6, "t"},
	{"--positive", ARG_REAL, FIELD(learn.positive), 0.01, 100, "t"},
	{"--title-times", ARG_UINT, FIELD(learn.title_times), 0, 16, "t"},
	{"--lead-times", ARG_UINT, FIELD(learn.lead_times), 1, 16, "t"},
	{"--title-share", ARG_SHARE, FIELD(learn.title_share), 0, 10, "t"},
	{"--model", ARG_TEXT, FIELD(model), 0, 0, "e"},
	{"--json", ARG_FLAG, FIELD(json), 0, 0, "e"},
	{"--errors", ARG_INT, FIELD(errors), 0, 1000000, "e"},
	{"--fold", ARG_FOLD, 0, 0, 0, "te"},
	{"--quiet", ARG_FLAG, FIELD(quiet), 0, 0, "te"},
};

static int wrong(const classify_args *self, const char *what, const char *name)
{
	cli_usage(self->command, "%s: %s", name, what);
	return -1;
}

/* FILE, FILE@N or FILE@1/N. What follows the last @ counts only if it is a number of that form, so that names with @ work. */
static int file_add(classify_args *self, const char *text, bool extra)
{
	if (self->file_count == ARGS_FILES_MAX)
		return wrong(self, "too many files", text);
	args_file file = {.times = 1, .share = 1, .extra = extra};
	const char *at = strrchr(text, '@');
	int value = 0, used = 0;
	size_t len = strlen(text);
	if (at && sscanf(at, "@1/%d%n", &value, &used) == 1 && !at[used] && value >= 1 && value <= 10000) {
		file.share = value;
		len = (size_t)(at - text);
	} else if (at && sscanf(at, "@%d%n", &value, &used) == 1 && !at[used] && value >= 1 && value <= 100) {
		file.times = value;
		len = (size_t)(at - text);
	}
	file.path = mem_copy(text, len);
	self->files[self->file_count++] = file;
	return 0;
}

static int number_read(const classify_args *self, const arg *a, const char *text, double *out)
{
	char *end;
	errno = 0;
	*out = strtod(text, &end);
	if (errno || end == text || *end || !(*out >= a->min && *out <= a->max))
		return wrong(self, "not a number in its range", a->name);
	return (a->type == ARG_INT || a->type == ARG_UINT) && *out != floor(*out) ? wrong(self, "not a whole number", a->name) : 0;
}

static int value_read(classify_args *self, const arg *a, const char *text)
{
	char *field = (char *)self + a->field;
	double number = 0;
	int used = 0;
	switch (a->type) {
	case ARG_DATA:
	case ARG_EXTRA:
		return file_add(self, text, a->type == ARG_EXTRA);
	case ARG_TEXT:
		*(const char **)(void *)field = text;
		return 0;
	case ARG_FOLD:
		if (sscanf(text, "%d/%d%n", &self->fold, &self->folds, &used) != 2 || text[used] || self->folds < 2 || self->folds > 1000 ||
		    self->fold < 0 || self->fold >= self->folds)
			return wrong(self, "not K/N with 0 <= K < N", a->name);
		return 0;
	default:
		if (number_read(self, a, text, &number))
			return -1;
	}
	if (a->type == ARG_INT)
		*(int *)(void *)field = (int)number;
	else if (a->type == ARG_UINT)
		*(uint32_t *)(void *)field = (uint32_t)number;
	else if (a->type == ARG_REAL)
		*(double *)(void *)field = number;
	else
		*(float *)(void *)field = (float)number;
	return 0;
}

static const arg *arg_find(const char *name, char of)
{
	for (size_t i = 0; i < sizeof arg_table / sizeof *arg_table; i++)
		if (strcmp(arg_table[i].name, name) == 0 && strchr(arg_table[i].of, of))
			return &arg_table[i];
	return NULL;
}

/* One option with its values at argv[*i]. */
static int option_read(classify_args *self, char **argv, int argc, int *i, char of)
{
	const arg *a = arg_find(argv[*i], of);
	if (!a)
		return wrong(self, "unknown option", argv[*i]);
	if (a->type == ARG_FLAG) {
		*((bool *)((char *)self + a->field)) = true;
		return 0;
	}
	if (*i + 1 >= argc)
		return wrong(self, "needs a value", a->name);
	do {
		if (value_read(self, a, argv[++*i]))
			return -1;
	} while ((a->type == ARG_DATA || a->type == ARG_EXTRA) && *i + 1 < argc && argv[*i + 1][0] != '-');
	return 0;
}

static int complete(const classify_args *self, bool training)
{
	if (!self->file_count)
		return wrong(self, "no texts given", training ? "--data" : "FILE");
	if (training && !self->out)
		return wrong(self, "needed: where the model goes", "--out");
	if (!training && !self->model)
		return wrong(self, "needed: the model to measure", "--model");
	return 0;
}

int classify_args_read(classify_args *self, int argc, char **argv)
{
	*self = (classify_args){.name = "topics", .fold = -1, .folds = 5,
				.learn = {.features = 48000, .min_texts = 2, .cost = 1, .positive = 2, .title_times = 2, .lead_times = 2, .title_share = 0.5f, .seed = 1}};
	char of = argv[0][0];
	self->command = of == 't' ? "train" : "evaluate";
	if (argc < 2 || strcmp(argv[1], "classify") != 0) {
		cli_usage(self->command, "of what? \"classify\" and \"entities\" can be trained and evaluated");
		return -1;
	}
	self->command = of == 't' ? "train classify" : "evaluate classify";
	for (int i = 2; i < argc; i++) {
		int result = argv[i][0] == '-' ? option_read(self, argv, argc, &i, of) :
			     of == 'e' ? file_add(self, argv[i], false) : wrong(self, "unexpected", argv[i]);
		if (result)
			return -1;
	}
	return complete(self, of == 't');
}

void classify_args_free(classify_args *self)
{
	for (size_t i = 0; i < self->file_count; i++)
		free(self->files[i].path);
	self->file_count = 0;
}
