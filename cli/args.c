/* args.c - see args.h. */
#include "args.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

int args_wrong(const char *command, const char *what, const char *name)
{
	cli_usage(command, "%s: %s", name, what);
	return -1;
}

static int number_read(const args *self, const arg *a, const char *text, double *out)
{
	char *end;
	errno = 0;
	*out = strtod(text, &end);
	if (errno || end == text || *end || !(*out >= a->min && *out <= a->max))
		return args_wrong(self->command, "not a number in its range", a->name);
	return (a->type == ARG_INT || a->type == ARG_UINT) && *out != floor(*out) ? args_wrong(self->command, "not a whole number", a->name) : 0;
}

static int value_read(const args *self, const arg *a, size_t nth, const char *text)
{
	void *field = (char *)self->into + a->field;
	double number = 0;
	if (a->type == ARG_WORD || a->type == ARG_WORDS)
		return self->word(self->into, a, nth, text);
	if (a->type == ARG_TEXT) {
		*(const char **)field = text;
		return 0;
	}
	if (number_read(self, a, text, &number))
		return -1;
	if (a->type == ARG_INT)
		*(int *)field = (int)number;
	else if (a->type == ARG_UINT)
		*(uint32_t *)field = (uint32_t)number;
	else if (a->type == ARG_REAL)
		*(double *)field = number;
	else
		*(float *)field = (float)number;
	return 0;
}

static const arg *arg_find(const args *self, const char *name)
{
	for (size_t i = 0; i < self->count; i++)
		if (strcmp(self->table[i].name, name) == 0 && strchr(self->table[i].of, self->of))
			return &self->table[i];
	return NULL;
}

/* One option with its values at argv[*i]. */
static int option_read(const args *self, char **argv, int argc, int *i)
{
	const arg *a = arg_find(self, argv[*i]);
	if (!a)
		return args_wrong(self->command, "unknown option", argv[*i]);
	if (a->type == ARG_FLAG) {
		*(bool *)((char *)self->into + a->field) = true;
		return 0;
	}
	if (*i + 1 >= argc)
		return args_wrong(self->command, "needs a value", a->name);
	size_t nth = 0;
	do {
		if (value_read(self, a, nth++, argv[++*i]))
			return -1;
	} while (a->type == ARG_WORDS && *i + 1 < argc && argv[*i + 1][0] != '-');
	return 0;
}

static int word_read(const args *self, const char *text)
{
	return self->word ? self->word(self->into, NULL, 0, text) : args_wrong(self->command, "unexpected", text);
}

int args_read(const args *self, int argc, char **argv, int first)
{
	for (int i = first; i < argc; i++)
		if (argv[i][0] == '-' ? option_read(self, argv, argc, &i) : word_read(self, argv[i]))
			return -1;
	return 0;
}
