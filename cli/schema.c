/* schema.c - `millrace schema`: the data contract as JSON Schema, or as tables of ClickHouse, for the configured taxonomy. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/schema_clickhouse.h"
#include "common/record.h"
#include "common/routes.h"
#include "common/settings_schema.h"

const char schema_help[] =
	"Usage: millrace schema [article|duplicate|alert|feed|dead-letter|config|clickhouse]\n\n"
	"Prints the data contract as JSON Schema (draft 7), with the fields and labels of this configuration.\n"
	"  article      messages of the output topic (default)\n"
	"  duplicate    messages of the duplicates topic\n"
	"  alert        messages of the alerts topic\n"
	"  feed         JSON messages of the input topics\n"
	"  dead-letter  headers of the dead letters\n"
	"  config       the settings, as an object of sections: for editors, and tools that write the file\n"
	"  clickhouse   instead: SQL of the tables with which ClickHouse reads both topics from the\n"
	"               configured brokers (docs/warehouse.md); for PostgreSQL see\n"
	"               millrace load postgres --print-schema\n";

enum { CONFIG = SCHEMA_DEAD_LETTER + 1, CLICKHOUSE, NAMES };

/* settings_section hook: the last of the two names of it wins, as in librdkafka. */
static int find_brokers(void *arg, const char *key, const char *value)
{
	if (strcmp(key, "bootstrap.servers") == 0 || strcmp(key, "metadata.broker.list") == 0)
		snprintf(arg, 1024, "%s", value);
	return 0;
}

static void print_clickhouse(const settings *config, const record_rules *rules, buf *out)
{
	char brokers[1024] = "localhost:9092", group[256];
	const char *const *topics;
	buf articles = {0};
	routes *to = routes_new(config);
	for (size_t i = 0, count = routes_topics(to, &topics); i < count; i++)
		buf_printf(&articles, "%s%s", i ? "," : "", topics[i]);
	settings_section(config, "kafka", find_brokers, brokers);
	snprintf(group, sizeof group, "%.200s-clickhouse", settings_str(config, "intake.group"));
	clickhouse_schema_print(rules, &(clickhouse_source){brokers, articles.data, settings_str(config, "publish.duplicates_topic"), group}, out);
	routes_free(&to);
	buf_free(&articles);
}

static void print(const settings *config, const record_rules *rules, int which, buf *out)
{
	if (which == CONFIG)
		settings_schema_print(out);
	else if (which == CLICKHOUSE)
		print_clickhouse(config, rules, out);
	else
		record_schema_print(rules, (enum record_schema)which, out);
}

int schema_main(int argc, char **argv)
{
	static const char *const names[] = {"article", "duplicate", "alert", "feed", "dead-letter", "config", "clickhouse"};
	int which = 0;
	if (argc > 2)
		return cli_usage("schema", "one name at most, not %d", argc - 1);
	while (argc == 2 && which < NAMES && strcmp(argv[1], names[which]) != 0)
		which++;
	if (which == NAMES)
		return cli_usage("schema", "there is no schema '%.60s'", argv[1]);
	settings *config = cli_settings();
	if (!config)
		return EXIT_CONFIG;
	record_rules *rules = record_rules_new(config);
	buf out = {0};
	print(config, rules, which, &out);
	bool written = fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_free(&out);
	record_rules_free(&rules);
	settings_free(&config);
	return written ? EXIT_CLEAN : cli_failed("schema", "standard output cannot be written");
}
