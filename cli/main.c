/* main.c - the `millrace` command: finds the subcommand, takes the options that all of them share. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "common/args.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/nearest.h"

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *summary;             /* one line for `millrace --help`; NULL: not for people, told nowhere */
	const char *help;                /* usage and options of the command itself, for `millrace NAME --help` */
} commands[] = {
	{"demo", demo_main, "broker, daemon and workers on the demo feed, and what came out", demo_help},
	{"check", check_main, "check a configuration, show what holds and where it was set", check_help},
	{"ctl", ctl_main, "steer the running daemon: pause, resume, drain, reload, restart and scale workers", ctl_help},
	{"top", top_main, "a running daemon, live: what flows, its stages, what is wrong, the latest articles", top_help},
	{"tap", tap_main, "a running daemon, live: a sample of its records", tap_help},
	{"dlq", dlq_main, "dead letters: list them, show one, send them back", dlq_help},
	{"load", load_main, "published records into a warehouse: a PostgreSQL database", load_help},
	{"index", index_main, "the index of the daemon on disk: what is in it, is it sound, make it small", index_help},
	{"keys", keys_main, "keys for workers on other hosts: make them, show the public ones", keys_help},
	{"process", process_main, "run files through the stages without Kafka, print the records", process_help},
	{"explain", explain_main, "why a stage decided as it did, for one document", explain_help},
	{"schema", schema_main, "the data contract as JSON Schema or ClickHouse's tables; the settings as JSON Schema", schema_help},
	{"train", train_main, "learn from texts: a model for the classifier or the tagger of names", train_help},
	{"evaluate", evaluate_main, "measure a model on texts with their labels or names", evaluate_help},
	{"broker", broker_main, "an embedded Kafka broker in memory, for trying things out", broker_help},
	{"version", version_main, "versions of the program and of its libraries", version_help},
	{"complete", complete_main, NULL, NULL},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* The shared part of the command line: written once, before the command runs. */
static arguments shared;
static char *watching[2];                /* what cli_settings_watching added to it */

settings *cli_settings(void)
{
	buf errors = {0};
	settings *s = args_settings(&shared, &errors);
	fputs(buf_bytes(&errors).data, stderr);
	buf_free(&errors);
	return s;
}

settings *cli_settings_watching(const char *file)
{
	const char *const *stages;
	buf ignored = {0}, path = {0}, list = {0};
	int bad;
	if (!file)
		return cli_settings();
	settings *s = cli_settings_good(&ignored, &bad);
	size_t count = settings_list(s, "pipeline.stages", &stages);
	buf_printf(&path, "watch.file=%s", file);
	buf_add_str(&list, "pipeline.stages=");
	for (size_t i = 0; i < count; i++)
		if (strcmp(stages[i], "watch") != 0)
			buf_printf(&list, "%s ", stages[i]);
	buf_add_str(&list, "watch");
	settings_free(&s);
	buf_free(&ignored);
	shared.sets = mem_grow(shared.sets, shared.set_count + 2, sizeof *shared.sets);
	shared.sets[shared.set_count++] = watching[0] = buf_take(&path, NULL);
	shared.sets[shared.set_count++] = watching[1] = buf_take(&list, NULL);
	return cli_settings();
}

settings *cli_settings_good(buf *errors, int *bad)
{
	return args_settings_good(&shared, errors, bad);
}

const char *cli_config(void)
{
	return shared.config;
}

const char *const *cli_sets(size_t *count)
{
	*count = shared.set_count;
	return shared.sets;
}

const char *cli_command(size_t i)
{
	for (size_t row = 0; row < COMMANDS; row++)
		if (commands[row].summary && i-- == 0)
			return commands[row].name;
	return NULL;
}

const char *cli_help(const char *name)
{
	for (size_t row = 0; row < COMMANDS; row++)
		if (strcmp(commands[row].name, name) == 0)
			return commands[row].help;
	return NULL;
}

static MR_PRINTF(2, 0) void complain(const char *command, const char *format, va_list args)
{
	fprintf(stderr, "millrace%s%s: ", command[0] ? " " : "", command);
	vfprintf(stderr, format, args);
}

int cli_usage(const char *command, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	complain(command, format, args);
	va_end(args);
	fprintf(stderr, "; see millrace%s%s --help\n", command[0] ? " " : "", command);
	return EXIT_USAGE;
}

int cli_failed(const char *command, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	complain(command, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

static int print_help(const struct command *command)
{
	if (command && command->help) {
		printf("%s\nOptions of every command:\n%s", command->help, ARGS_HELP);
		return EXIT_CLEAN;
	}
	printf("Usage: millrace COMMAND [OPTION]...\n\nCommands:\n");
	for (int i = 0; i < COMMANDS; i++)
		if (commands[i].summary)
			printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	printf("\nOptions of every command:\n%s\n`millrace COMMAND --help` tells more. Exit codes:\n", ARGS_HELP);
#define EXIT_CODE_ROW(name, number, help) printf("  %2d  %s\n", number, help);
	EXIT_CODES(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
	return EXIT_CLEAN;
}

static const struct command *find_command(const char *name, nearest *guess)
{
	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		if (commands[i].summary)
			nearest_offer(guess, commands[i].name);
	}
	return NULL;
}

static int unknown_command(const nearest *guess)
{
	if (guess->best)
		return cli_usage("", "unknown command '%.60s' (did you mean '%s'?)", guess->word, guess->best);
	return cli_usage("", "unknown command '%.60s'", guess->word);
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	if (name && strcmp(name, "help") == 0) {
		shared.help = true;
		name = argc > 2 ? argv[2] : NULL;
	}
	nearest guess = {.word = name};
	const struct command *command = name ? find_command(name, &guess) : NULL;
	if (name && !command)
		return unknown_command(&guess);
	if (shared.help)
		return print_help(command);
	if (shared.version) {
		printf("millrace %s\n", MILLRACE_VERSION);
		return EXIT_CLEAN;
	}
	if (!command)
		return cli_usage("", "no command");
	return command->main(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	char error[160];
	log_setup("millrace", LOG_LEVEL_WARN, LOG_LOGFMT, 20);
	int left = args_take(&shared, argc, argv, error);
	int rc = left < 0 ? cli_usage("", "%s", error) : run(left, argv);
	args_free(&shared);
	free(watching[0]);
	free(watching[1]);
	/* A full disk behind `millrace ... > file` must not look like success. */
	if (fflush(stdout) != 0 || ferror(stdout))
		rc = cli_failed("", "cannot write the output");
	return rc;
}
