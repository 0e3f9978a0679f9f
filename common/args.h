/* args.h - the options that every program has: --config FILE, --set section.key=value (repeatable), --help, --version.
 *
 * Takes them out of the command line, wherever they stand before `--`; what is left belongs to the program. Owns the array of sets, borrows
 * the texts from argv. */
#ifndef COMMON_ARGS_H
#define COMMON_ARGS_H

#include <stdbool.h>

#include "settings.h"

#define ARGS_HELP \
	"  --config FILE            configuration (else $MILLRACE_CONFIG, else the defaults), and\n" \
	"                           conf.d/*.conf in its folder\n" \
	"  --set SECTION.KEY=VALUE  one setting, wins over files; repeatable\n" \
	"  --help, --version\n"

typedef struct arguments {
	const char *config;              /* NULL: only defaults */
	const char **sets;
	size_t set_count;
	bool help, version;
} arguments;

/* Zeroed `self`. Moves what is left to the front (argv[0] stays) and returns its number; -1 with a line in `error`. */
int args_take(arguments *self, int argc, char **argv, char error[160]) MR_MUST_USE;
void args_free(arguments *self);
/* settings_read_good and settings_check in one: never NULL, all errors in `errors`, their number in *bad. */
settings *args_settings_good(const arguments *self, buf *errors, int *bad);
/* The same, NULL when there is any error. */
settings *args_settings(const arguments *self, buf *errors);

#endif
