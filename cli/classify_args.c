/* classify_args.c - see classify_args.h. */
#include "classify_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "common/mem.h"

enum { WORD_DATA, WORD_EXTRA, WORD_FOLD };

#define FIELD(name) offsetof(classify_args, name)

/* Told in train_help and evaluate_help. */
static const arg arg_table[] = {
	{"--data", ARG_WORDS, WORD_DATA, 0, 0, "t"},
	{"--extra", ARG_WORDS, WORD_EXTRA, 0, 0, "t"},
	{"--out", ARG_TEXT, FIELD(out), 0, 0, "t"},
	{"--labels", ARG_TEXT, FIELD(labels), 0, 0, "t"},
	{"--single", ARG_FLAG, FIELD(single), 0, 0, "t"},
	{"--unbalanced", ARG_FLAG, FIELD(unbalanced), 0, 0, "t"},
	{"--one-kind", ARG_FLAG, FIELD(one_kind), 0, 0, "t"},
	{"--name", ARG_TEXT, FIELD(name), 0, 0, "t"},
	{"--notes", ARG_TEXT, FIELD(notes), 0, 0, "t"},
	{"--weighting", ARG_TEXT, FIELD(weighting), 0, 0, "t"},
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
	{"--plot", ARG_TEXT, FIELD(plot), 0, 0, "te"},
	{"--fold", ARG_WORD, WORD_FOLD, 0, 0, "te"},
	{"--quiet", ARG_FLAG, FIELD(quiet), 0, 0, "te"},
};

static int wrong(const classify_args *self, const char *what, const char *name)
{
	return args_wrong(self->command, what, name);
}

/* FILE, FILE@N or FILE@1/N. What follows the last @ counts only if it is a number of that form, so that names with @ work. */
static int file_add(classify_args *self, const char *text, bool extra)
{
	if (self->file_count == ARGS_FILES_MAX)
		return wrong(self, "too many files", text);
	args_file file = {.times = 1, .share = 1, .extra = extra, .option = self->data_options ? self->data_options - 1 : 0};
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

static int fold_read(classify_args *self, const char *text)
{
	int used = 0;
	if (sscanf(text, "%d/%d%n", &self->fold, &self->folds, &used) != 2 || text[used] || self->folds < 2 || self->folds > 1000 || self->fold < 0 || self->fold >= self->folds)
		return wrong(self, "not K/N with 0 <= K < N", "--fold");
	return 0;
}

static int word_read(void *into, const arg *a, size_t nth, const char *text)
{
	classify_args *self = into;
	if (!a)
		return self->training ? wrong(self, "unexpected", text) : file_add(self, text, false);
	self->data_options += a->field == WORD_DATA && nth == 0;
	return a->field == WORD_FOLD ? fold_read(self, text) : file_add(self, text, a->field == WORD_EXTRA);
}

static int complete(classify_args *self)
{
	if (!self->file_count)
		return wrong(self, "no texts given", self->training ? "--data" : "FILE");
	if (self->training && !self->out)
		return wrong(self, "needed: where the model goes", "--out");
	if (!self->training && !self->model)
		return wrong(self, "needed: the model to measure", "--model");
	if (self->weighting && strcmp(self->weighting, "rarity") != 0 && strcmp(self->weighting, "ratio") != 0)
		return wrong(self, "rarity or ratio", "--weighting");
	return 0;
}

/* What was not given: values found by cross-validation for the two kinds of task (docs/classify.md): long texts with several labels, headlines with one. */
static void defaults_fill(classify_args *self)
{
	learn_options *learn = &self->learn;
	learn->marks = self->single;
	learn->words = self->single;
	learn->balance = self->single && !self->unbalanced;
	learn->ratio = self->weighting ? strcmp(self->weighting, "ratio") == 0 : self->single;
	if (!learn->features)
		learn->features = self->single ? 200000 : 48000;
	if (learn->cost <= 0)
		learn->cost = learn->ratio ? 0.3 : 4;
	if (learn->positive <= 0)
		learn->positive = self->single ? 1 : 2;
}

int classify_args_read(classify_args *self, int argc, char **argv)
{
	*self = (classify_args){.name = "topics", .fold = -1, .folds = 5,
				.learn = {.min_texts = 2, .title_times = 2, .lead_times = 2, .title_share = 0.5f, .seed = 1}};
	char of = argv[0][0];
	self->training = of == 't';
	self->command = self->training ? "train" : "evaluate";
	if (argc < 2 || strcmp(argv[1], "classify") != 0) {
		cli_usage(self->command, "of what? \"classify\" and \"entities\" can be trained and evaluated");
		return -1;
	}
	self->command = self->training ? "train classify" : "evaluate classify";
	args line = {self->command, arg_table, sizeof arg_table / sizeof *arg_table, of, self, word_read};
	if (args_read(&line, argc, argv, 2) || complete(self))
		return -1;
	defaults_fill(self);
	return 0;
}

void classify_args_free(classify_args *self)
{
	for (size_t i = 0; i < self->file_count; i++)
		free(self->files[i].path);
	self->file_count = 0;
}
