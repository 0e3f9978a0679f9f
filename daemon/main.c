/* main.c - millraced: the command line, then the daemon (daemon.c). */
#include <stdio.h>
#include <string.h>

#include "common/exit_codes.h"
#include "daemon/daemon.h"
#include "daemon/kafka_conf.h"

static const char help[] =
	"Usage: millraced [--config FILE] [--set SECTION.KEY=VALUE]...\n"
	"\n"
	"The daemon: takes article feeds from Kafka, passes them through worker stages, publishes enriched records.\n"
	"Runs in the foreground, logs to standard error; SIGTERM drains, a second one leaves at once, SIGHUP reloads.\n"
	"\n" ARGS_HELP
	"\n"
	"Exit codes:\n";

static void print_help(void)
{
	fputs(help, stdout);
#define PRINT_CODE(name, number, text) if (number < EXIT_ORPHAN || number == EXIT_CONFIG) printf("  %2d  %s\n", number, text);
	EXIT_CODES(PRINT_CODE)
#undef PRINT_CODE
	puts("\nSettings with their defaults. `millrace check --explain NAME` tells kind and range; what each of\n"
	     "them costs stands in conf/millrace.conf.");
	for (size_t i = 0; i < option_count; i++)
		printf("  %s = %s\n      %s\n", option_table[i].name, option_table[i].fallback, option_table[i].help);
	puts("  kafka.*, kafka.consumer.*, kafka.producer.*\n      any property of librdkafka; kafka.bootstrap.servers names the brokers");
}

/* Every mistake in one run, with file and line: of single settings, of several together, of what is passed through to librdkafka. NULL: they were printed. */
static settings *read_settings(const arguments *args)
{
	buf errors = {0};
	int bad;
	settings *s = args_settings_good(args, &errors, &bad);
	kafka_conf_check(s, &errors, &errors);
	if (errors.len)
		settings_free(&s);
	fputs(buf_bytes(&errors).data, stderr);
	buf_free(&errors);
	return s;
}

static int run(arguments *args, int argc, char **argv)
{
	char error[160];
	int left = args_take(args, argc, argv, error);
	if (left < 0 || left > 1) {
		fprintf(stderr, "millraced: %s%.60s%s; see millraced --help\n", left < 0 ? "" : "unexpected '", left < 0 ? error : argv[1], left < 0 ? "" : "'");
		return EXIT_USAGE;
	}
	if (args->help) {
		print_help();
		return EXIT_CLEAN;
	}
	if (args->version) {
		puts("millraced " MILLRACE_VERSION);
		return EXIT_CLEAN;
	}
	settings *s = read_settings(args);
	return s ? daemon_run(args, s) : EXIT_CONFIG;
}

int main(int argc, char **argv)
{
	arguments args = {0};
	int code = run(&args, argc, argv);
	args_free(&args);
	return code;
}
