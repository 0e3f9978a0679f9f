/* args.c - see args.h. */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"

/* Is argv[*i] `--name VALUE` or `--name=VALUE`? 1: yes, *value is set; 0: no; -1: the value is missing. */
static int option_value(const char *name, int argc, char **argv, int *i, const char **value)
{
	size_t len = strlen(name);
	if (strncmp(argv[*i], name, len) != 0)
		return 0;
	if (argv[*i][len] == '=') {
		*value = argv[*i] + len + 1;
		return 1;
	}
	if (argv[*i][len])
		return 0;
	if (*i + 1 == argc)
		return -1;
	*value = argv[++*i];
	return 1;
}

/* 1: taken; 0: not one of ours; -1: no value. */
static int take_one(arguments *self, int argc, char **argv, int *i)
{
	const char *value;
	int rc = option_value("--config", argc, argv, i, &value);
	if (rc > 0)
		self->config = value;
	if (rc)
		return rc;
	rc = option_value("--set", argc, argv, i, &value);
	if (rc > 0)
		self->sets[self->set_count++] = value;
	if (rc)
		return rc;
	if (strcmp(argv[*i], "--help") == 0 || strcmp(argv[*i], "-h") == 0)
		return self->help = true;
	if (strcmp(argv[*i], "--version") == 0)
		return self->version = true;
	return 0;
}

int args_take(arguments *self, int argc, char **argv, char error[160])
{
	int left = argc > 0;
	self->config = getenv("MILLRACE_CONFIG");
	if (self->config && !self->config[0])
		self->config = NULL;
	self->sets = mem_array((size_t)argc + 1, sizeof *self->sets);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (i < argc)
				argv[left++] = argv[i++];
			break;
		}
		int rc = take_one(self, argc, argv, &i);
		if (rc < 0) {
			snprintf(error, 160, "%s wants a value", argv[i]);
			return -1;
		}
		if (!rc)
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	return left;
}

void args_free(arguments *self)
{
	free(self->sets);
	*self = (arguments){0};
}

settings *args_settings_good(const arguments *self, buf *errors, int *bad)
{
	settings *s = settings_read_good(self->config, self->sets, self->set_count, errors, bad);
	*bad += settings_check(s, errors);
	return s;
}

settings *args_settings(const arguments *self, buf *errors)
{
	int bad;
	settings *s = args_settings_good(self, errors, &bad);
	if (bad)
		settings_free(&s);
	return s;
}
