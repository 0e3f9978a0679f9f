/* cli.h - the one command for people: `millrace COMMAND`. One file per command, `cli/<name>.c`, with `<name>_main` and `<name>_help`; one row in the table
 * of main.c. main.c has taken --config, --set, --help and --version out of argv before a command is called: argv[0] is the
 * command's name. A command returns a code of common/exit_codes.h and writes its result to standard output, everything else to standard error. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "common/exit_codes.h"
#include "common/settings.h"

/* The configuration named on the command line, checked. NULL: all errors were printed; return EXIT_CONFIG. The caller frees it. */
settings *cli_settings(void);
/* The same with `file` as the file of watches, and the stage that looks at it last in the pipeline. NULL `file`: as cli_settings. */
settings *cli_settings_watching(const char *file);
/* For `millrace check`: never NULL, the number of errors in *bad and their lines in `errors`, not printed. */
settings *cli_settings_good(buf *errors, int *bad);
/* The same without reading: the file (NULL: none) and the --set values. */
const char *cli_config(void);
const char *const *cli_sets(size_t *count);

/* Prints `millrace COMMAND: what` and where to find help; returns EXIT_USAGE. */
int cli_usage(const char *command, const char *format, ...) MR_PRINTF(2, 3);
/* Prints `millrace COMMAND: what`; returns EXIT_FAILED. */
int cli_failed(const char *command, const char *format, ...) MR_PRINTF(2, 3);

/* For completion: the name of the i-th command that people use (NULL behind the last), and the help text of one (NULL: no such command). Both static. */
const char *cli_command(size_t i);
const char *cli_help(const char *name);
int complete_main(int argc, char **argv);                    /* not for people: cli/complete.c */

/* The commands, in the order of `millrace --help`. To add one: a line here, the same in the table of main.c. */
int demo_main(int argc, char **argv);
extern const char demo_help[];
int check_main(int argc, char **argv);
extern const char check_help[];
int ctl_main(int argc, char **argv);
extern const char ctl_help[];
int top_main(int argc, char **argv);
extern const char top_help[];
int tap_main(int argc, char **argv);
extern const char tap_help[];
int dlq_main(int argc, char **argv);
extern const char dlq_help[];
int load_main(int argc, char **argv);
extern const char load_help[];
int index_main(int argc, char **argv);
extern const char index_help[];
int keys_main(int argc, char **argv);
extern const char keys_help[];
int process_main(int argc, char **argv);
extern const char process_help[];
int explain_main(int argc, char **argv);
extern const char explain_help[];
int schema_main(int argc, char **argv);
extern const char schema_help[];
int train_main(int argc, char **argv);
extern const char train_help[];
int evaluate_main(int argc, char **argv);
extern const char evaluate_help[];
int broker_main(int argc, char **argv);
extern const char broker_help[];
int version_main(int argc, char **argv);
extern const char version_help[];

#endif
