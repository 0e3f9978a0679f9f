/* main.c - millrace-worker: one process, one stage. Reads the command line and the configuration; worker.c does the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/args.h"
#include "common/endpoint.h"
#include "common/exit_codes.h"
#include "common/keys.h"
#include "common/log.h"
#include "common/settings.h"
#include "stages.h"
#include "worker.h"

/* The worker's own options; those of every program are read by common/args.h. */
typedef struct choices {
	const char *stage, *endpoint, *daemon_key, *key;
	long parent;
	bool cage_test;
} choices;

static void print_help(void)
{
	printf("Usage: millrace-worker --stage NAME [--endpoint ADDR] [--config FILE] [--set SECTION.KEY=VALUE]...\n"
	       "One worker process of one stage. millraced starts its own (workers.spawn); more may be started by hand or by systemd.\n\n"
	       "  --stage NAME      stage to work for:");
	for (size_t i = 0; stages_name(i); i++)
		if (stages_find(stages_name(i)))
			printf(" %s", stages_name(i));
	printf("\n  --endpoint ADDR   where the daemon's stage is, ipc://PATH or tcp://HOST:PORT; without it as the\n"
	       "                    configuration says: workers.connect, else ipc://<runtime dir>/<stage>.sock\n"
	       "  --daemon-key KEY  tcp: the daemon's public key, or file:PATH (else workers.daemon_key)\n"
	       "  --key file:PATH   tcp: the worker's own secret key (else workers.key)\n"
	       "  --cage-test       closes the cage, tries to open files and sockets, tells what happened\n"
	       "\nOptions of every program:\n" ARGS_HELP "\nExit codes:\n");
#define WORKER_ROW(name, number, help) if (number <= EXIT_USAGE || (number >= EXIT_ORPHAN && number != EXIT_NO_DAEMON)) printf("  %2d  %s\n", number, help);
	EXIT_CODES(WORKER_ROW)
#undef WORKER_ROW
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

static int read_choices(choices *self, int argc, char **argv)
{
	const char *value;
	for (int i = 1; i < argc; i++) {
		if ((value = value_of("--stage", argc, argv, &i))) {
			((char *)value)[strcspn(value, ":")] = 0;        /* extract:2 is another extract, for systemd's %i */
			self->stage = value;
		} else if ((value = value_of("--endpoint", argc, argv, &i)))
			self->endpoint = value;
		else if ((value = value_of("--daemon-key", argc, argv, &i)))
			self->daemon_key = value;
		else if ((value = value_of("--key", argc, argv, &i)))
			self->key = value;
		else if ((value = value_of("--parent", argc, argv, &i)))         /* the supervisor's pid */
			self->parent = atol(value);
		else if (strcmp(argv[i], "--cage-test") == 0)
			self->cage_test = true;
		else {
			fprintf(stderr, "millrace-worker: unexpected '%.60s'; see millrace-worker --help\n", argv[i]);
			return -1;
		}
	}
	if (!self->stage)
		fputs("millrace-worker: no --stage; see millrace-worker --help\n", stderr);
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

/* Where the daemon is, and the keys of the way there. */
typedef struct way {
	char endpoint[512];
	char daemon_key[KEY_TEXT + 1], secret[KEY_TEXT + 1];     /* "" when none are needed */
} way;

static int refuse(const char *what, const char *why)
{
	fprintf(stderr, "millrace-worker: %s: %s\n", what, why);
	return -1;
}

static void find_endpoint(const choices *args, const settings *conf, way *out)
{
	const char *const *items;
	size_t count = settings_list(conf, "workers.connect", &items);
	endpoint e;
	snprintf(out->endpoint, sizeof out->endpoint, "ipc://%s/%s.sock", settings_runtime_dir(conf), args->stage);
	if (args->endpoint)
		snprintf(out->endpoint, sizeof out->endpoint, "%s", args->endpoint);
	for (size_t i = 0; !args->endpoint && i < count; i++)
		if (endpoint_parse(items[i], &e) == 0 && strcmp(e.stage, args->stage) == 0)
			snprintf(out->endpoint, sizeof out->endpoint, "%s", e.address);
}

/* tcp goes by keys, or on loopback when that is allowed: 0, else it is told why not. */
static int find_keys(const choices *args, const settings *conf, way *out)
{
	const char *public = args->daemon_key ? args->daemon_key : settings_str(conf, "workers.daemon_key");
	const char *secret = args->key ? args->key : settings_str(conf, "workers.key");
	endpoint e;
	buf why = {0};
	int rc = 0;
	if (strncmp(out->endpoint, "ipc://", 6) == 0)
		return 0;
	if (endpoint_parse_address(out->endpoint, &e))
		return refuse(out->endpoint, "is neither ipc://PATH nor tcp://HOST:PORT");
	if (!public[0] && !secret[0] && e.loopback && settings_bool(conf, "workers.loopback_plain"))
		return 0;
	if (!public[0] || !secret[0])
		return refuse(out->endpoint, "tcp needs keys: workers.daemon_key and workers.key (or --daemon-key and --key)");
	if (key_load(public, false, out->daemon_key, &why))
		rc = refuse("workers.daemon_key", why.data);
	else if (key_load(secret, true, out->secret, &why))
		rc = refuse("workers.key", why.data);
	buf_free(&why);
	return rc;
}

static int run(const choices *args, const settings *conf)
{
	way to = {0};
	worker_options options = {.settings = conf, .endpoint = to.endpoint, .parent = args->parent, .cage_test = args->cage_test};
	/* log.format = journal is the daemon's: a worker in its cage has no other socket than that to the daemon */
	log_setup("millrace-worker", level_of(settings_str(conf, "log.level")),
	          strcmp(settings_str(conf, "log.format"), "json") ? LOG_LOGFMT : LOG_JSON, (unsigned)settings_int(conf, "log.rate"));
	options.module = stages_find(args->stage);
	if (!options.module) {
		fprintf(stderr, "millrace-worker: no stage \"%s\"\n", args->stage);
		return EXIT_CONFIG;
	}
	find_endpoint(args, conf, &to);
	if (find_keys(args, conf, &to))
		return EXIT_CONFIG;
	if (to.secret[0]) {
		options.daemon_key = to.daemon_key;
		options.secret = to.secret;
	}
	options.credit = (unsigned)settings_int(conf, "stage.credit");
	options.memory_bytes = (size_t)settings_int(conf, "workers.memory_bytes");
	options.cage = settings_bool(conf, "workers.cage");
	return worker_run(&options);
}

static int read_and_run(arguments *shared, int argc, char **argv)
{
	choices own = {0};
	char error[160];
	buf errors = {0};
	int left = args_take(shared, argc, argv, error);
	if (left < 0) {
		fprintf(stderr, "millrace-worker: %s; see millrace-worker --help\n", error);
		return EXIT_USAGE;
	}
	if (shared->help) {
		print_help();
		return EXIT_CLEAN;
	}
	if (shared->version) {
		puts("millrace-worker " MILLRACE_VERSION);
		return EXIT_CLEAN;
	}
	if (read_choices(&own, left, argv))
		return EXIT_USAGE;
	settings *conf = settings_read(shared->config, shared->sets, shared->set_count, &errors);
	int code = conf ? run(&own, conf) : EXIT_CONFIG;
	fputs(buf_bytes(&errors).data, stderr);
	settings_free(&conf);
	buf_free(&errors);
	return code;
}

int main(int argc, char **argv)
{
	arguments shared = {0};
	close_range(3, ~0u, 0);                          /* whatever the parent forgot to close stays outside */
	int code = read_and_run(&shared, argc, argv);
	args_free(&shared);
	return code;
}
