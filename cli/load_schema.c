/* load_schema.c - see load_schema.h. The views stand in load_views.c. */
#include "cli/load_schema.h"

#include "cli/load_copy.h"
#include "cli/load_views.h"

const char *load_table(enum load_kind kind)
{
	return kind == LOAD_ARTICLES ? "articles" : "duplicates";
}

bool load_schema_name_good(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return len > 0 && len <= LOAD_SCHEMA_MAX && !name[len] && !(name[0] >= '0' && name[0] <= '9') && strncmp(name, "pg_", 3) != 0;
}

/* Names of the contract are of a-z, digits and '_' (row_column), so quotes guard against reserved words only. */
static void add_name(buf *out, const char *name)
{
	buf_printf(out, "\"%s\"", name);
}

static void add_literal(buf *out, const char *text)
{
	buf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_char(out, '\'');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '\'');
}

static void add_names(buf *out, const row_columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		add_name(out, columns->list[i].name);
		buf_add_str(out, ", ");
	}
	buf_add_str(out, "record_topic, record_partition, record_offset, other_members");
}

static void add_type(buf *out, const row_column *column)
{
	buf_add_str(out, copy_type(column->type));
	if (column->type == ROW_TEXTS)
		buf_add_str(out, " NOT NULL DEFAULT '{}'");
}

/* ---- tables ---- */

static const struct {
	const char *name, *type, *meaning;
} place_columns[] = {
	{"record_topic", "text", "topic that the record was loaded from"},
	{"record_partition", "integer", "its partition"},
	{"record_offset", "bigint", "its offset; -1: in a log of the topic that was made anew since"},
	{"other_members", "jsonb", "members of the record that have no column here; null: none"},
};
enum { PLACE_COLUMNS = sizeof place_columns / sizeof *place_columns };

static void print_comments(const load_tables *t, enum load_kind kind, buf *out)
{
	const row_columns *columns = &t->columns[kind];
	for (size_t i = 0; i < columns->count + PLACE_COLUMNS; i++) {
		bool ours = i >= columns->count;
		buf_printf(out, "COMMENT ON COLUMN %s.%s.", t->schema, load_table(kind));
		add_name(out, ours ? place_columns[i - columns->count].name : columns->list[i].name);
		buf_add_str(out, " IS ");
		add_literal(out, ours ? place_columns[i - columns->count].meaning : columns->list[i].meaning);
		buf_add_str(out, ";\n");
	}
}

static void print_table(const load_tables *t, enum load_kind kind, buf *out)
{
	const row_columns *columns = &t->columns[kind];
	buf_printf(out, "\nCREATE TABLE IF NOT EXISTS %s.%s (\n", t->schema, load_table(kind));
	for (size_t i = 0; i < columns->count; i++) {
		buf_add_char(out, '\t');
		add_name(out, columns->list[i].name);
		buf_add_char(out, ' ');
		add_type(out, &columns->list[i]);
		buf_add_str(out, strcmp(columns->list[i].name, "article_id") == 0 ? " PRIMARY KEY,\n" : ",\n");
	}
	for (size_t i = 0; i < PLACE_COLUMNS; i++)
		buf_printf(out, "\t%s %s%s,\n", place_columns[i].name, place_columns[i].type, i < 3 ? " NOT NULL" : "");
	buf_add_str(out, "\tloaded_at timestamptz NOT NULL DEFAULT now()\n);\n");
	buf_add_str(out, "-- what a newer version of the contract, or another taxonomy, added\n");
	buf_printf(out, "ALTER TABLE %s.%s\n", t->schema, load_table(kind));
	for (size_t i = 0; i < columns->count; i++) {
		buf_add_str(out, "\tADD COLUMN IF NOT EXISTS ");
		add_name(out, columns->list[i].name);
		buf_add_char(out, ' ');
		add_type(out, &columns->list[i]);
		buf_add_str(out, i + 1 < columns->count ? ",\n" : ";\n");
	}
	print_comments(t, kind, out);
}

/* Hash where a stranger's text may be long: a btree refuses keys above 2.7 KB. */
static void print_indexes(const load_tables *t, buf *out)
{
	static const char *const indexes[][2] = {
		{"articles", "(published_at)"}, {"articles", "(primary_label, published_at)"}, {"articles", "(story_id)"}, {"articles", "USING hash (source_name)"},
		{"articles", "USING hash (url_canonical)"}, {"articles", "USING gin (labels)"}, {"articles", "USING gin (organizations)"},
		{"articles", "USING gin (persons)"}, {"articles", "USING gin (watches)"}, {"articles", "(processed_at)"}, {"duplicates", "(story_id)"}, {"duplicates", "(published_at)"},
	};
	buf_add_char(out, '\n');
	for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
		char name[64] = "";
		size_t len = 0;
		for (const char *c = strchr(indexes[i][1], '(') + 1; *c && *c != ')' && len + 1 < sizeof name; c++)
			if (*c != ' ')
				name[len++] = *c == ',' ? '_' : *c;
		buf_printf(out, "CREATE INDEX IF NOT EXISTS %s_%s ON %s.%s %s;\n", indexes[i][0], name, t->schema, indexes[i][0], indexes[i][1]);
	}
}

static void print_books(const load_tables *t, buf *out)
{
	buf_printf(out,
		"\n-- how far each partition is loaded; changed in the transaction that writes its records\n"
		"CREATE TABLE IF NOT EXISTS %s.places (\n"
		"\ttopic text, \"partition\" integer, next_offset bigint NOT NULL, cluster text, loaded_at timestamptz NOT NULL DEFAULT now(),\n"
		"\tPRIMARY KEY (topic, \"partition\")\n);\n"
		"-- records that could not become rows; value: at most 64 KB of value_bytes\n"
		"CREATE TABLE IF NOT EXISTS %s.rejects (\n"
		"\ttopic text, \"partition\" integer, \"offset\" bigint, reason text NOT NULL, message text NOT NULL, key bytea, value bytea, value_bytes integer NOT NULL,\n"
		"\trecord_timestamp timestamptz, loaded_at timestamptz NOT NULL DEFAULT now(),\n"
		"\tPRIMARY KEY (topic, \"partition\", \"offset\")\n);\n", t->schema, t->schema);
}

void load_schema_print(const load_tables *t, buf *out)
{
	buf_printf(out, "-- Millrace %s: tables and views for `millrace load postgres`\nCREATE SCHEMA IF NOT EXISTS %s;\n", MILLRACE_VERSION, t->schema);
	for (enum load_kind kind = 0; kind < LOAD_KINDS; kind++)
		print_table(t, kind, out);
	print_indexes(t, out);
	print_books(t, out);
	load_views_print(t->schema, out);
}

/* ---- a batch ---- */

void load_schema_stage(const load_tables *t, buf *out)
{
	for (enum load_kind kind = 0; kind < LOAD_KINDS; kind++) {
		const row_columns *columns = &t->columns[kind];
		buf_printf(out, "CREATE TEMP TABLE new_%s (", load_table(kind));
		for (size_t i = 0; i < columns->count; i++) {
			add_name(out, columns->list[i].name);
			buf_printf(out, " %s, ", copy_type(columns->list[i].type));
		}
		buf_add_str(out, "record_topic text, record_partition integer, record_offset bigint, other_members jsonb) ON COMMIT DELETE ROWS;\n");
	}
	buf_add_str(out, "CREATE TEMP TABLE gone (article_id text, record_topic text, record_partition integer, record_offset bigint, at_ms bigint) ON COMMIT DELETE ROWS;\n"
		"CREATE TEMP TABLE new_rejects (topic text, \"partition\" integer, \"offset\" bigint, reason text, message text, key bytea, value bytea, value_bytes integer, "
		"record_timestamp timestamptz) ON COMMIT DELETE ROWS;\n");
}

#define TAKEN "r.article_id = g.article_id AND CASE WHEN r.record_topic = g.record_topic AND r.record_partition = g.record_partition " \
	"THEN r.record_offset < g.record_offset ELSE coalesce(r.processed_at_ms, 0) <= g.at_ms END"

void load_schema_delete(const load_tables *t, enum load_kind kind, buf *out)
{
	buf_printf(out, "DELETE FROM %s.%s AS r USING pg_temp.gone AS g WHERE " TAKEN, t->schema, load_table(kind));
}

void load_schema_upsert(const load_tables *t, enum load_kind kind, buf *out)
{
	const row_columns *columns = &t->columns[kind];
	const char *revision = kind == LOAD_ARTICLES ? "revision DESC NULLS LAST, " : "";
	buf_printf(out, "INSERT INTO %s.%s AS a (", t->schema, load_table(kind));
	add_names(out, columns);
	buf_add_str(out, ") SELECT DISTINCT ON (article_id) ");
	add_names(out, columns);
	buf_add_str(out, " FROM (SELECT DISTINCT ON (article_id, record_topic, record_partition) * "
		"FROM (SELECT r.* FROM pg_temp.");
	buf_printf(out, "new_%s AS r WHERE NOT EXISTS (SELECT FROM pg_temp.gone AS g WHERE " TAKEN ")) AS alive "
		"ORDER BY article_id, record_topic, record_partition, record_offset DESC) AS last "
		"ORDER BY article_id, processed_at_ms DESC NULLS LAST, %srecord_topic, record_partition "
		"ON CONFLICT (article_id) DO UPDATE SET ", load_table(kind), revision);
	for (size_t i = 0; i < columns->count; i++) {
		add_name(out, columns->list[i].name);
		buf_add_str(out, " = excluded.");
		add_name(out, columns->list[i].name);
		buf_add_str(out, ", ");
	}
	buf_add_str(out, "record_topic = excluded.record_topic, record_partition = excluded.record_partition, record_offset = excluded.record_offset, "
		"other_members = excluded.other_members, loaded_at = now() WHERE CASE WHEN a.record_topic = excluded.record_topic AND a.record_partition = excluded.record_partition "
		"THEN a.record_offset <= excluded.record_offset ELSE ");
	if (kind == LOAD_ARTICLES)
		buf_add_str(out, "(coalesce(a.processed_at_ms, 0), coalesce(a.revision, 0), excluded.record_topic, excluded.record_partition) < "
			"(coalesce(excluded.processed_at_ms, 0), coalesce(excluded.revision, 0), a.record_topic, a.record_partition) END");
	else
		buf_add_str(out, "(coalesce(a.processed_at_ms, 0), excluded.record_topic, excluded.record_partition) < "
			"(coalesce(excluded.processed_at_ms, 0), a.record_topic, a.record_partition) END");
}

void load_schema_rejects(const load_tables *t, buf *out)
{
	buf_printf(out, "INSERT INTO %s.rejects AS r (topic, \"partition\", \"offset\", reason, message, key, value, value_bytes, record_timestamp) "
		"SELECT * FROM pg_temp.new_rejects ON CONFLICT (topic, \"partition\", \"offset\") DO UPDATE SET reason = excluded.reason, message = excluded.message, "
		"key = excluded.key, value = excluded.value, value_bytes = excluded.value_bytes, record_timestamp = excluded.record_timestamp, loaded_at = now()", t->schema);
}
