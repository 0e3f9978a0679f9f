/* check.c - `millrace check`: is this configuration good, and what holds? Needs no broker, no root and no running daemon.
 *
 * All errors come in one run: those of reading, the rules over several settings, and librdkafka's own opinion of the properties that are passed through
 * (names, types, ranges). Secrets are never printed; those that only the service may read are noted, not refused. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "common/keys.h"
#include "common/nearest.h"
#include "common/watch_file.h"
#include "daemon/kafka_conf.h"
#include "workers/watch/watch_phrases.h"

const char check_help[] =
	"Usage: millrace check [--explain] [NAME]\n\n"
	"Checks a configuration as the daemon would. Prints every error and exits 78, or says that all is\n"
	"well and exits 0. Needs no broker. The file of watches (watch.file) is checked, too.\n\n"
	"  NAME        a setting (prints its value) or a section (prints all of it)\n"
	"  --explain   prints every setting, or NAME: value, who set it, default, range, what it does\n";

static const char *const pass_through[] = {"kafka", "kafka.consumer", "kafka.producer"};
enum { PASS_THROUGH = sizeof pass_through / sizeof *pass_through };

/* ---- printing ---- */

static void explain_option(const settings *s, const option *row)
{
	char low[32], high[32];
	printf("%s = %s\n", row->name, settings_text(s, row->name));
	printf("    %s\n", row->help);
	printf("    %s, default: %s", option_type_name(row->type), row->fallback[0] ? row->fallback : "(empty)");
	if (row->type == OPTION_ENUM)
		printf(", one of: %s", row->words);
	if (row->type == OPTION_INT || row->type == OPTION_BYTES || row->type == OPTION_MS)
		printf(", from %s to %s", option_show(row, row->min, low), option_show(row, row->max, high));
	printf("\n    set by: %s; %s\n\n", settings_origin(s, row->name), row->reloadable ? "a reload changes it" : "a change needs a restart");
}

typedef struct printing {
	const char *section, *only;      /* only: a key, NULL: all */
	bool explain;
	int printed;
} printing;

static void print_property(void *arg, const char *key, const char *shown, const char *origin)
{
	printing *at = arg;
	if (at->only && strcmp(at->only, key) != 0)
		return;
	at->printed++;
	if (at->explain)
		printf("%s.%s = %s\n    passed to librdkafka\n    set by: %s; a change needs a restart\n\n", at->section, key, shown, origin);
	else if (at->only)
		printf("%s\n", shown);
	else
		printf("%s.%s = %s\n", at->section, key, shown);
}

static int print_properties(const settings *s, const char *name, bool explain)
{
	int printed = 0;
	for (int i = 0; i < PASS_THROUGH; i++) {
		size_t len = strlen(pass_through[i]);
		printing at = {pass_through[i], NULL, explain, 0};
		if (name && strncmp(name, pass_through[i], len) != 0)
			continue;
		if (name && name[len] == '.')
			at.only = name + len + 1;
		else if (name && name[len])
			continue;
		settings_section_show(s, pass_through[i], print_property, &at);
		printed += at.printed;
	}
	return printed;
}

static bool in_section(const char *setting, const char *section)
{
	size_t len = strlen(section);
	return strncmp(setting, section, len) == 0 && setting[len] == '.';
}

static int print_settings(const settings *s, const char *name, bool explain)
{
	int printed = 0;
	nearest guess = {.word = name ? name : ""};
	for (size_t i = 0; i < option_count; i++) {
		const option *row = &option_table[i];
		bool exact = name && strcmp(row->name, name) == 0;
		nearest_offer(&guess, row->name);
		if (name && !exact && !in_section(row->name, name))
			continue;
		printed++;
		if (explain)
			explain_option(s, row);
		else if (exact)
			printf("%s\n", settings_text(s, row->name));
		else
			printf("%s = %s\n", row->name, settings_text(s, row->name));
	}
	printed += print_properties(s, name, explain);
	if (printed)
		return EXIT_CLEAN;
	if (strchr(name, '/') || access(name, R_OK) == 0)
		return cli_usage("check", "'%.200s' is no setting; a file is named with --config", name);
	if (guess.best)
		return cli_usage("check", "nothing is set by the name of '%.60s' (did you mean '%s'?)", name, guess.best);
	return cli_usage("check", "nothing is set by the name of '%.60s'", name);
}

/* ---- the command ---- */

/* Files that workers will open: here as a note, for another user or another machine may see them. */
static void note_missing(const settings *s, const char *name, int mode, buf *notes)
{
	const char *file = settings_str(s, name);
	if (file[0] && access(file, mode) != 0)
		buf_printf(notes, "%s: %s: %s: %s\n", settings_origin(s, name), name, file, strerror(errno));
}

/* The daemon would not start without it; another machine may have it. */
static void note_group(const settings *s, buf *notes)
{
	const char *group = settings_str(s, "control.group");
	if (group[0] && !getgrnam(group) && group[strspn(group, "0123456789")])
		buf_printf(notes, "%s: control.group: there is no group '%.64s' on this machine\n", settings_origin(s, "control.group"), group);
}

/* Keys of the wire, where they will be used: what another user or another place could read is noted, the rest is an error as at the start. */
static int check_key(const settings *s, const char *name, const char *used_by, bool secret, buf *errors, buf *notes)
{
	const char *const *items;
	char key[KEY_TEXT + 1];
	buf why = {0};
	if (!settings_str(s, name)[0] || !settings_list(s, used_by, &items) || key_load(settings_str(s, name), secret, key, &why) == 0) {
		explicit_bzero(key, sizeof key);
		return 0;
	}
	bool elsewhere = errno == EACCES;
	buf_printf(elsewhere ? notes : errors, "%s: %s: %s\n", settings_origin(s, name), name, why.data);
	buf_free(&why);
	return !elsewhere;
}

/* What is in the file of watches; how many there are is told, so that a list that was left out is missed. */
static int check_watches(const settings *s, buf *errors, buf *notes)
{
	const char *path = settings_str(s, "watch.file");
	char why[256];
	if (!path[0])
		return 0;
	watch_file *file = watch_file_read(path, errors);
	int bad = file ? watch_file_check(file, s, errors, notes) : 1;
	if (!bad)
		buf_printf(notes, "%s: %zu watch%s, %zu term%s\n", path, file->count, file->count == 1 ? "" : "es", file->term_count, file->term_count == 1 ? "" : "s");
	if (!watch_engine_runs(why))
		buf_printf(notes, "%s\n", why);
	watch_file_free(&file);
	return bad;
}

static settings *read_all(buf *errors, buf *notes)
{
	int bad;
	settings *s = cli_settings_good(errors, &bad);
	note_missing(s, "classify.model", R_OK, notes);
	note_missing(s, "workers.program", X_OK, notes);
	note_group(s, notes);
	if (!bad)
		bad = check_key(s, "workers.server_key", "workers.listen", true, errors, notes) + check_key(s, "workers.daemon_key", "workers.connect", false, errors, notes) +
		      check_key(s, "workers.key", "workers.connect", true, errors, notes);
	bad += check_watches(s, errors, notes);
	if (kafka_conf_check(s, errors, notes) + bad)
		settings_free(&s);
	return s;
}

static int lines_of(const buf *text)
{
	int lines = 0;
	for (size_t i = 0; i < text->len; i++)
		lines += text->data[i] == '\n';
	return lines;
}

static void print_notes(const buf *notes)
{
	const char *rest = buf_bytes(notes).data, *end;
	for (; (end = strchr(rest, '\n')); rest = end + 1)
		fprintf(stderr, "note: %.*s\n", (int)(end - rest), rest);
}

int check_main(int argc, char **argv)
{
	bool explain = false;
	const char *name = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--explain") == 0)
			explain = true;
		else if (argv[i][0] == '-' || name)
			return cli_usage("check", "unexpected '%.60s'", argv[i]);
		else
			name = argv[i];
	}
	buf errors = {0}, notes = {0};
	int rc = EXIT_CONFIG;
	settings *s = read_all(&errors, &notes);
	fputs(buf_bytes(&errors).data, stderr);
	if (!s) {
		int count = lines_of(&errors);
		fprintf(stderr, "millrace check: %d error%s\n", count, count == 1 ? "" : "s");
	} else if (explain || name) {
		rc = print_settings(s, name, explain);
	} else {
		print_notes(&notes);
		printf("%s: the configuration is good\n", cli_config() ? cli_config() : "defaults");
		rc = EXIT_CLEAN;
	}
	settings_free(&s);
	buf_free(&errors);
	buf_free(&notes);
	return rc;
}
