/* load.c - `millrace load postgres`: the command line. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "common/crash.h"
#include "common/record.h"

#define BATCH_DEFAULT 1000
#define BATCH_MAX 100000

const char load_help[] =
	"Usage: millrace load postgres [--database CONNINFO] [--schema NAME] [--create] [--duplicates]\n"
	"                              [--topic NAME]... [--follow] [--batch N] [--again] [--dry-run]\n"
	"       millrace load postgres --print-schema [--schema NAME]\n\n"
	"Reads published records from Kafka (read_committed) into tables of a PostgreSQL database, one row\n"
	"for each article_id, the newest. How far each partition is loaded is written in the transaction of\n"
	"its records: broken off anywhere and run again, each record counts once. docs/warehouse.md has\n"
	"recipes. Brokers come from [kafka] and [kafka.consumer] of the configuration, labels from\n"
	"[classify]; user, host and password from libpq's own means: PGHOST, PGUSER, PGSERVICE, ~/.pgpass.\n\n"
	"  --database CONNINFO  name, URI or keyword=value of libpq, without a password (environment)\n"
	"  --schema NAME        schema of the tables (millrace)\n"
	"  --create             makes the tables and views, or adds what is new, then loads\n"
	"  --print-schema       prints the SQL of --create, and nothing else\n"
	"  --duplicates         loads publish.duplicates_topic, too\n"
	"  --topic NAME         articles come from this topic instead of publish.topic, or those of\n"
	"                       sink.route = by-label; repeatable\n"
	"  --follow             goes on with what comes later; else ends where the topics ended at its start\n"
	"  --batch N            records of a transaction, at most (1000)\n"
	"  --again              reads the topics from their beginning: newer or equal records replace rows\n"
	"  --dry-run            reads and checks, tells what it would load; writes nothing\n\n"
	"A record that cannot be a row goes to the table rejects with its reason and place. A null value\n"
	"(tombstone) deletes the row of its key. Two loaders share the partitions: what one holds, the other\n"
	"leaves out, and exits with 12 unless it follows. On a terminal a line tells how far it is; else\n"
	"there is a log line for each batch.\n";

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

bool load_stopped(void)
{
	return stopped;
}

/* The second signal ends the process at once: nothing is lost by that. */
static void watch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- options ---- */

static bool *flag_of(load_options *self, const char *name)
{
	const struct { const char *name; bool *to; } flags[] = {
		{"--create", &self->create}, {"--print-schema", &self->print_schema}, {"--duplicates", &self->duplicates}, {"--follow", &self->follow},
		{"--again", &self->again}, {"--dry-run", &self->dry_run},
	};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcmp(name, flags[i].name) == 0)
			return flags[i].to;
	return NULL;
}

/* 0; else the exit code, told. */
static int take_value(load_options *self, const char *name, const char *value)
{
	char *end;
	if (strcmp(name, "--database") == 0) {
		self->database = value;
	} else if (strcmp(name, "--schema") == 0) {
		self->schema = value;
		if (!load_schema_name_good(value))
			return cli_usage("load", "--schema: '%.60s' is no name for it (a-z, digits, '_', at most %d letters, not pg_)", value, LOAD_SCHEMA_MAX);
	} else if (strcmp(name, "--topic") == 0) {
		if (self->topic_count == LOAD_TOPICS_MAX)
			return cli_usage("load", "more than %d topics", LOAD_TOPICS_MAX);
		self->topics[self->topic_count++] = value;
	} else if (strcmp(name, "--batch") == 0) {
		errno = 0;
		long n = strtol(value, &end, 10);
		if (errno || end == value || *end || n < 1 || n > BATCH_MAX)
			return cli_usage("load", "--batch: '%.60s' is no number from 1 to %d", value, BATCH_MAX);
		self->batch = (int)n;
	} else {
		return cli_usage("load", "unexpected '%.60s'", name);
	}
	return 0;
}

static int check_together(const load_options *self)
{
	char error[256] = "";
	if (self->dry_run && (self->create || self->follow))
		return cli_usage("load", "--dry-run writes nothing and ends: it goes with neither --create nor --follow");
	if (self->database && load_store_names_password(self->database, error))
		return cli_usage("load", "--database holds a password, which every user of this machine could read: put it into ~/.pgpass or a service file");
	if (error[0])
		return cli_usage("load", "--database: %s", error);
	return 0;
}

static int read_options(load_options *self, int argc, char **argv)
{
	*self = (load_options){.schema = "millrace", .batch = BATCH_DEFAULT};
	if (argc < 2 || strcmp(argv[1], "postgres") != 0)
		return argc < 2 ? cli_usage("load", "into what? postgres") : cli_usage("load", "'%.60s' is none of: postgres", argv[1]);
	for (int i = 2; i < argc; i++) {
		bool *flag = flag_of(self, argv[i]);
		if (flag) {
			*flag = true;
			continue;
		}
		if (i + 1 == argc || !argv[i + 1][0])
			return cli_usage("load", argv[i][0] == '-' ? "%.60s: unknown, or its value is missing" : "unexpected '%.60s'", argv[i]);
		int rc = take_value(self, argv[i], argv[i + 1]);
		if (rc)
			return rc;
		i++;
	}
	return check_together(self);
}

/* ---- the command ---- */

static int print_schema(const load_tables *tables)
{
	buf sql = {0};
	load_schema_print(tables, &sql);
	fwrite(sql.data, 1, sql.len, stdout);
	buf_free(&sql);
	return EXIT_CLEAN;
}

int load_main(int argc, char **argv)
{
	load_options options;
	int rc = read_options(&options, argc, argv);
	if (rc)
		return rc;
	settings *conf = cli_settings();
	if (!conf)
		return EXIT_CONFIG;
	record_rules *rules = record_rules_new(conf);
	load_tables tables = {options.schema, {row_columns_of(rules, SCHEMA_ARTICLE), row_columns_of(rules, SCHEMA_DUPLICATE)}};
	watch_signals();
	crash_setup();
	rc = options.print_schema ? print_schema(&tables) : load_run(&options, conf, &tables);
	for (enum load_kind kind = 0; kind < LOAD_KINDS; kind++)
		row_columns_free(&tables.columns[kind]);
	record_rules_free(&rules);
	settings_free(&conf);
	return rc;
}
