/* schema.c - `millrace schema`: the data contract as JSON Schema, for the configured taxonomy. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "common/record.h"

const char schema_help[] =
	"Usage: millrace schema [article|duplicate|alert|feed|dead-letter]\n\n"
	"Prints the data contract as JSON Schema (draft 7), with the fields and labels of this configuration.\n"
	"  article      messages of the output topic (default)\n"
	"  duplicate    messages of the duplicates topic\n"
	"  alert        messages of the alerts topic\n"
	"  feed         JSON messages of the input topics\n"
	"  dead-letter  headers of the dead letters\n";

int schema_main(int argc, char **argv)
{
	static const char *const names[] = {"article", "duplicate", "alert", "feed", "dead-letter"};
	int which = 0;
	if (argc > 2)
		return cli_usage("schema", "one name at most, not %d", argc - 1);
	while (argc == 2 && which < 5 && strcmp(argv[1], names[which]) != 0)
		which++;
	if (which == 5)
		return cli_usage("schema", "there is no schema '%.60s'", argv[1]);
	settings *config = cli_settings();
	if (!config)
		return EXIT_CONFIG;
	record_rules *rules = record_rules_new(config);
	buf out = {0};
	record_schema_print(rules, (enum record_schema)which, &out);
	bool written = fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_free(&out);
	record_rules_free(&rules);
	settings_free(&config);
	return written ? EXIT_CLEAN : cli_failed("schema", "standard output cannot be written");
}
