/* check.c - `millrace check`: is this configuration good, and what holds? Needs no broker, no root and no running daemon.
 *
 * All errors come in one run: those of reading, librdkafka's own opinion of the properties that are passed through (names, types, ranges), and, when
 * every setting by itself is good, the rules over several settings. Secrets are never printed; those that only the service may read are noted, not refused. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "common/nearest.h"

const char check_help[] =
	"Usage: millrace check [--explain] [NAME]\n\n"
	"Checks a configuration as the daemon would. Prints every error and exits 78, or says that all is well and exits 0.\n\n"
	"  NAME        a setting (prints its value) or a section (prints all of it)\n"
	"  --explain   prints every setting, or NAME: value, where it was set, default, range, and what it does\n";

static const char *const pass_through[] = {"kafka", "kafka.consumer", "kafka.producer"};
enum { PASS_THROUGH = sizeof pass_through / sizeof *pass_through };

/* ---- librdkafka's opinion ---- */

typedef struct checking {
	rd_kafka_conf_t *conf;
	const char *section;
	buf *errors;
	int bad;
	bool has_servers;
} checking;

static void complain_unknown(checking *at, const char *key, const char *origin)
{
	size_t count;
	const char **known = rd_kafka_conf_dump(at->conf, &count);       /* name, value, name, value ... */
	nearest guess = {.word = key};
	for (size_t i = 0; i + 1 < count; i += 2)
		nearest_offer(&guess, known[i]);
	buf_printf(at->errors, "%s: librdkafka has no property '%s'", origin, key);
	if (guess.best)
		buf_printf(at->errors, " (did you mean '%s'?)", guess.best);
	buf_add_char(at->errors, '\n');
	rd_kafka_conf_dump_free(known, count);
}

static void check_property(void *arg, const char *key, const char *shown, const char *origin)
{
	checking *at = arg;
	char why[256];
	bool hidden = strcmp(shown, "***") == 0 || strncmp(shown, "file:", 5) == 0;
	at->has_servers |= strcmp(key, "bootstrap.servers") == 0 || strcmp(key, "metadata.broker.list") == 0;
	rd_kafka_conf_res_t rc = rd_kafka_conf_set(at->conf, key, hidden ? "x" : shown, why, sizeof why);
	if (rc == RD_KAFKA_CONF_OK || (hidden && rc == RD_KAFKA_CONF_INVALID))
		return;
	if (rc == RD_KAFKA_CONF_UNKNOWN)
		complain_unknown(at, key, origin);
	else            /* some of its messages end with a line break of their own */
		buf_printf(at->errors, "%s: %s.%s: %.*s\n", origin, at->section, key, (int)strcspn(why, "\n"), why);
	at->bad++;
}

static int check_properties(const settings *s, buf *errors, buf *notes)
{
	checking at = {.conf = rd_kafka_conf_new(), .errors = errors};
	for (int i = 0; i < PASS_THROUGH; i++) {
		at.section = pass_through[i];
		settings_section_show(s, at.section, check_property, &at);
	}
	rd_kafka_conf_destroy(at.conf);
	if (!at.has_servers)
		buf_add_str(notes, "kafka.bootstrap.servers is not set: the daemon has no broker to go to\n");
	return at.bad;
}

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

static settings *read_all(buf *errors, buf *notes)
{
	size_t count;
	const char *const *sets = cli_sets(&count);
	int bad;
	settings *s = settings_read_good(cli_config(), sets, count, errors, &bad);
	if (!bad)                                /* else they would complain of the defaults that stand in for what is wrong */
		bad = settings_check(s, errors);
	bad += check_properties(s, errors, notes);
	settings_secrets_unread(s, notes);
	if (bad)
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
