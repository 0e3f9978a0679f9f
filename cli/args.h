/* args.h - the options of a command, read from a table: `millrace train` and `millrace evaluate` of every kind of model.
 *
 * A row says where the value goes (an offset in the caller's struct) and within what bounds; words that are more than one value (files, rules) go to the caller's function.
 * Everything wrong is said on standard error as cli_usage does it. Single thread. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stddef.h>

enum arg_type {
	ARG_TEXT,                        /* const char *, borrowed from argv */
	ARG_FLAG,                        /* bool; no value */
	ARG_INT, ARG_UINT,               /* int, uint32_t */
	ARG_REAL, ARG_SHARE,             /* double, float */
	ARG_WORD,                        /* given to `word` */
	ARG_WORDS                        /* ... and all that follow up to the next option */
};

typedef struct arg {
	const char *name;
	enum arg_type type;
	size_t field;                    /* offset in the caller's struct; words: the caller's own number */
	double min, max;                 /* numbers: inclusive */
	const char *of;                  /* letters of the commands that know it */
} arg;

typedef struct args {
	const char *command;             /* for messages: "train classify" */
	const arg *table;
	size_t count;
	char of;                         /* letter of this command */
	void *into;                      /* the caller's struct */
	/* Takes word `nth` (from 0) of option `a`; NULL: one that belongs to no option. 0; -1: wrong, said. NULL: the command takes no words. */
	int (*word)(void *into, const arg *a, size_t nth, const char *text);
} args;

/* Reads argv from `first` on. 0; -1: wrong, said on standard error. */
int args_read(const args *self, int argc, char **argv, int first);
/* Says what is wrong with an option or word; returns -1. */
int args_wrong(const char *command, const char *what, const char *name);

#endif
