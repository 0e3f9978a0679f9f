/* main.c - millrace-worker: one process, one stage. Reads the command line and the configuration; worker.c does the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/exit_codes.h"
#include "common/log.h"
#include "common/settings.h"
#include "stages.h"
#include "worker.h"

#define SETS_MAX 128

typedef struct arguments {
	const char *stage, *endpoint, *config;
	const char *sets[SETS_MAX];
	size_t set_count;
	long parent;
	bool cage_test;
} arguments;

static int usage(FILE *out, int code)
{
	fprintf(out, "usage: millrace-worker --stage NAME [--endpoint ipc://PATH] [--config FILE] [--set section.key=value]...\n"
	             "One worker process of one stage. millraced starts its own (workers.spawn); more may be started by hand or by systemd.\n\n"
	             "  --stage NAME      stage to work for:");
	for (size_t i = 0; stages_name(i); i++)
		if (stages_find(stages_name(i)))
			fprintf(out, " %s", stages_name(i));
	fprintf(out, "\n  --endpoint ADDR   socket of the daemon's stage; without it that of the configuration:\n"
	             "                    ipc://<runtime dir>/<stage>.sock\n"
	             "  --config FILE     configuration, the same as the daemon's\n"
	             "  --set K=V         one setting, wins over the file; repeatable\n"
	             "  --cage-test       closes the cage, tries to open files and sockets, tells what happened\n"
	             "  --version, --help\n\nexit codes:\n");
#define WORKER_ROW(name, number, help) if (number <= EXIT_USAGE || number >= EXIT_ORPHAN) fprintf(out, "  %3d  %s\n", number, help);
	EXIT_CODES(WORKER_ROW)
#undef WORKER_ROW
	return code;
}

/* The value of `--name value` or `--name=value`; NULL when argv[*i] is another option. */
static const char *value_of(const char *name, int argc, char **argv, int *i)
{
	size_t n = strlen(name);
	if (strncmp(argv[*i], name, n))
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	return argv[*i][n] == 0 && *i + 1 < argc ? argv[++*i] : NULL;
}

static int read_arguments(arguments *self, int argc, char **argv)
{
	const char *value;
	for (int i = 1; i < argc; i++) {
		if ((value = value_of("--stage", argc, argv, &i))) {
			((char *)value)[strcspn(value, ":")] = 0;        /* extract:2 is another extract, for systemd's %i */
			self->stage = value;
		} else if ((value = value_of("--endpoint", argc, argv, &i)))
			self->endpoint = value;
		else if ((value = value_of("--config", argc, argv, &i)))
			self->config = value;
		else if ((value = value_of("--set", argc, argv, &i)) && self->set_count < SETS_MAX)
			self->sets[self->set_count++] = value;
		else if ((value = value_of("--parent", argc, argv, &i)))         /* the supervisor's pid */
			self->parent = atol(value);
		else if (strcmp(argv[i], "--cage-test") == 0)
			self->cage_test = true;
		else {
			fprintf(stderr, "millrace-worker: do not understand %s\n", argv[i]);
			return -1;
		}
	}
	return self->stage ? 0 : -1;
}

static enum log_level level_of(const char *word)
{
	static const char *const words[] = {"error", "warn", "info", "debug"};
	for (int i = 0; i < 4; i++)
		if (strcmp(words[i], word) == 0)
			return (enum log_level)i;
	return LOG_LEVEL_INFO;
}

static int run(const arguments *args, const settings *conf)
{
	char endpoint[512];
	worker_options options = {.settings = conf, .endpoint = args->endpoint ? args->endpoint : endpoint, .parent = args->parent,
		.cage_test = args->cage_test};
	snprintf(endpoint, sizeof endpoint, "ipc://%s/%s.sock", settings_runtime_dir(conf), args->stage);
	log_setup("millrace-worker", level_of(settings_str(conf, "log.level")),
	          strcmp(settings_str(conf, "log.format"), "json") ? LOG_LOGFMT : LOG_JSON, (unsigned)settings_int(conf, "log.rate"));
	options.module = stages_find(args->stage);
	if (!options.module) {
		fprintf(stderr, "millrace-worker: no stage \"%s\"\n", args->stage);
		return EXIT_CONFIG;
	}
	options.credit = (unsigned)settings_int(conf, "stage.credit");
	options.memory_bytes = (size_t)settings_int(conf, "workers.memory_bytes");
	options.cage = settings_bool(conf, "workers.cage");
	return worker_run(&options);
}

int main(int argc, char **argv)
{
	arguments args = {0};
	buf errors = {0};
	close_range(3, ~0u, 0);                          /* whatever the parent forgot to close stays outside */
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("millrace-worker " MILLRACE_VERSION) < 0;
	if (read_arguments(&args, argc, argv))
		return usage(stderr, EXIT_USAGE);
	settings *conf = settings_read(args.config, args.sets, args.set_count, &errors);
	if (!conf) {
		fputs(errors.data, stderr);
		buf_free(&errors);
		return EXIT_CONFIG;
	}
	int code = run(&args, conf);
	settings_free(&conf);
	buf_free(&errors);
	return code;
}
