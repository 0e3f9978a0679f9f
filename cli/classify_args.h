/* classify_args.h - the command line of `millrace train classify` and `millrace evaluate classify`, read from one table. */
#ifndef CLI_CLASSIFY_ARGS_H
#define CLI_CLASSIFY_ARGS_H

#include "cli/learn.h"

#define ARGS_FILES_MAX 64

typedef struct args_file {
	char *path;
	int times, share;                /* FILE@3: each text counts three times; FILE@1/4: a fourth of the texts */
	bool extra;
	int option;                      /* which --data it was named behind, from 0; extra: the one before it */
} args_file;

typedef struct classify_args {
	const char *command;             /* for messages: "train classify", "evaluate classify" */
	bool training;
	args_file files[ARGS_FILES_MAX];
	size_t file_count;
	int data_options;                /* how often --data was given */
	const char *labels, *out, *model, *name, *notes, *plot, *weighting;
	bool single, json, quiet, one_kind, unbalanced;
	int fold, folds;                 /* --fold K/N; -1: none */
	int errors;                      /* --errors N: so many wrong texts are shown */
	learn_options learn;
} classify_args;

/* argv[0] is "train" or "evaluate", argv[1] "classify". 0; -1: wrong, said on standard error. */
int classify_args_read(classify_args *self, int argc, char **argv);
void classify_args_free(classify_args *self);

#endif
