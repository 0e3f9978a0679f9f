/* complete.c - `millrace complete WHAT [COMMAND [OPTION]]`: the words that may stand next on a command line, one a line, for packaging/completion.bash.
 *
 * Not in `millrace --help`: it is for the shell. All it knows are the tables and help texts of the commands, so a new command, option or setting completes by itself:
 * a form of a command is the word behind its name in the usage lines (`millrace index stat`), or the first word of a row when the usage has a name in capitals there
 * (`millrace explain SUBJECT`) or a choice (`[article|duplicate]`); an option is whatever begins with two dashes; its words are a choice that follows it (`--as json|text`). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "common/args.h"
#include "workers/stages.h"

static bool is_word_char(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '-' || c == '_';
}

static size_t word_length(const char *at)
{
	size_t n = 0;
	while (is_word_char(at[n]))
		n++;
	return n;
}

/* Each word once: those told stand in `told`, a line each. */
static void tell(buf *told, const char *word, size_t len)
{
	char line[80];
	if (len == 0 || len + 3 > sizeof line)
		return;
	snprintf(line, sizeof line, "\n%.*s\n", (int)len, word);
	if (!told->len)
		buf_add_char(told, '\n');
	if (strstr(told->data, line))
		return;
	buf_add_str(told, line + 1);
	fputs(line + 1, stdout);
}

/* The choice `a|b|c` at `at`; nothing when it is no choice of words in small letters. */
static void tell_choice(buf *told, const char *at)
{
	size_t all = 0;
	while (is_word_char(at[all]) || at[all] == '|')
		all++;
	if (!all || at[0] == '-' || !memchr(at, '|', all) || (at[all] && !strchr(" ]\n,;", at[all])))
		return;
	for (const char *end = at + all; at < end; at++) {
		size_t n = word_length(at);
		tell(told, at, n);
		at += n;
	}
}

/* Rows below the usage: `  word    what it does`. */
static void tell_rows(buf *told, const char *help)
{
	for (const char *line = strchr(help, '\n'); line; line = strchr(line, '\n')) {
		line++;
		size_t n = line[0] == ' ' && line[1] == ' ' ? word_length(line + 2) : 0;
		if (n && line[2] != '-' && line[2 + n] == ' ' && line[3 + n] == ' ')
			tell(told, line + 2, n);
	}
}

static void tell_forms(const char *command, const char *help)
{
	buf told = {0}, name = {0};
	buf_printf(&name, "millrace %s ", command);
	const char *end = strstr(help, "\n\n");
	for (const char *at = strstr(help, name.data); at && at < end; at = strstr(at, name.data)) {
		at += name.len;
		size_t n = word_length(at);
		if (n && at[0] != '-' && strchr(" \n|", at[n])) {
			tell(&told, at, n);
			tell_choice(&told, at);
		} else if (*at == '[') {
			tell_choice(&told, at + 1);
		} else if (isupper((unsigned char)at[0]) && isupper((unsigned char)at[1]) && strncmp(at, "FILE", 4) != 0) {
			tell_rows(&told, end);
		}
	}
	buf_free(&told);
	buf_free(&name);
}

static void tell_options(const char *help)
{
	buf told = {0};
	const char *const texts[] = {help, ARGS_HELP};
	for (size_t i = 0; i < 2; i++)
		for (const char *at = strstr(texts[i], "--"); at; at = strstr(at, "--")) {
			size_t n = 2 + word_length(at + 2);
			if (n > 2 && islower((unsigned char)at[2]) && (at == texts[i] || !is_word_char(at[-1])))
				tell(&told, at, n);
			at += n;
		}
	buf_free(&told);
}

static void tell_words(const char *help, const char *option)
{
	buf told = {0}, name = {0};
	buf_printf(&name, "--%s", option);
	for (const char *at = strstr(help, name.data); at; at = strstr(at, name.data)) {
		at += name.len;
		if (*at == ' ' || *at == '=')
			tell_choice(&told, at + strspn(at, " ="));
	}
	buf_free(&told);
	buf_free(&name);
}

static const option *find_option(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	return NULL;
}

/* Words of a setting; where any value may stand, the default, as an example of the form. */
static void tell_values(const char *name)
{
	const option *row = find_option(name);
	if (!row)
		return;
	buf told = {0};
	const char *words = row->type == OPTION_BOOL ? "true false" : row->type == OPTION_ENUM ? row->words : row->fallback;
	if (row->type == OPTION_LIST) {
		puts(words);
		words = "";
	}
	while (*words) {
		size_t n = strcspn(words, " ");
		tell(&told, words, n);
		words += n + (words[n] == ' ');
	}
	buf_free(&told);
}

int complete_main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *command = argc > 2 ? argv[2] : "", *help = cli_help(command);
	if (strcmp(what, "commands") == 0) {
		for (size_t i = 0; cli_command(i); i++)
			puts(cli_command(i));
	} else if (strcmp(what, "settings") == 0) {
		for (size_t i = 0; i < option_count; i++)
			puts(option_table[i].name);
		puts("kafka.bootstrap.servers");
	} else if (strcmp(what, "stages") == 0) {
		for (size_t i = 0; stages_name(i); i++)
			if (stages_find(stages_name(i)))
				puts(stages_name(i));
	} else if (strcmp(what, "values") == 0) {
		tell_values(command);
	} else if (strcmp(what, "options") == 0) {
		tell_options(help ? help : "");
	} else if (strcmp(what, "forms") == 0 && help) {
		tell_forms(command, help);
	} else if (strcmp(what, "words") == 0 && help && argc > 3) {
		tell_words(help, argv[3]);
	} else {
		return EXIT_USAGE;
	}
	return EXIT_CLEAN;
}
