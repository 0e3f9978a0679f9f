/* main.c - millraced: the command line, then the daemon (daemon.c). */
#include <stdio.h>
#include <string.h>

#include "common/exit_codes.h"
#include "daemon/daemon.h"
#include "daemon/kafka_conf.h"

static const char help[] =
	"usage: millraced [--config FILE] [--set SECTION.KEY=VALUE]...\n"
	"\n"
	"The daemon: takes article feeds from Kafka, passes them through worker stages, publishes enriched records.\n"
	"Runs in the foreground, logs to standard error; SIGTERM drains, a second one leaves at once, SIGHUP reloads.\n"
	"\n" ARGS_HELP
	"\n"
	"Exit codes:\n";

static void print_help(void)
{
	fputs(help, stdout);
#define PRINT_CODE(name, number, text) printf("  %2d  %s\n", number, text);
	EXIT_CODES(PRINT_CODE)
#undef PRINT_CODE
}

int main(int argc, char **argv)
{
	arguments args = {0};
	buf errors = {0};
	char error[160];
	int left = args_take(&args, argc, argv, error), code = EXIT_CONFIG;
	if (left < 0 || left > 1) {
		fprintf(stderr, "millraced: %s; see millraced --help\n", left < 0 ? error : "it takes options only");
		return EXIT_USAGE;
	}
	if (args.help) {
		print_help();
		return EXIT_CLEAN;
	}
	if (args.version) {
		puts("millraced " MILLRACE_VERSION);
		return EXIT_CLEAN;
	}
	settings *s = args_settings(&args, &errors);
	if (s && kafka_conf_check(s, &errors))
		settings_free(&s);
	if (s)
		code = daemon_run(&args, s);
	else
		fputs(buf_bytes(&errors).data, stderr);
	buf_free(&errors);
	args_free(&args);
	return code;
}
