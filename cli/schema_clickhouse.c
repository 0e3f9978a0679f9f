/* schema_clickhouse.c - see schema_clickhouse.h. Settings and their meaning: clickhouse.com/docs, "Kafka table engine", "ReplacingMergeTree", "Formats settings". */
#include "cli/schema_clickhouse.h"

static const char *type_of(const row_column *column)
{
	static const struct { const char *plain, *null; } names[ROW_TYPES] = {
		[ROW_TEXT] = {"String", "Nullable(String)"}, [ROW_INT] = {"Int64", "Nullable(Int64)"}, [ROW_NUMBER] = {"Float64", "Nullable(Float64)"},
		[ROW_BOOL] = {"Bool", "Nullable(Bool)"}, [ROW_TEXTS] = {"Array(String)", "Array(String)"},
		[ROW_TIME] = {"DateTime64(3, 'UTC')", "Nullable(DateTime64(3, 'UTC'))"}, [ROW_JSON] = {"String", "String"},
	};
	return column->null ? names[column->type].null : names[column->type].plain;
}

static void add_literal(buf *out, const char *text)
{
	buf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '\'');
}

static void add_columns(const row_columns *columns, bool comments, buf *out)
{
	for (size_t i = 0; i < columns->count; i++) {
		buf_printf(out, "%s\t`%s` %s", i ? ",\n" : "", columns->list[i].name, type_of(&columns->list[i]));
		if (comments) {
			buf_add_str(out, " COMMENT ");
			add_literal(out, columns->list[i].meaning);
		}
	}
}

/* A record that cannot be parsed comes with its text and reason in virtual columns instead of stopping the stream (handle_error_mode). */
static void print_queue(const row_columns *columns, const char *table, const char *topic, const clickhouse_source *from, buf *out)
{
	buf_printf(out, "\nCREATE TABLE IF NOT EXISTS millrace.%s_queue (\n", table);
	add_columns(columns, false, out);
	buf_add_str(out, "\n) ENGINE = Kafka SETTINGS\n\tkafka_broker_list = ");
	add_literal(out, from->brokers);
	buf_add_str(out, ", kafka_topic_list = ");
	add_literal(out, topic);
	buf_add_str(out, ", kafka_group_name = ");
	add_literal(out, from->group);
	buf_add_str(out, ",\n\tkafka_format = 'JSONEachRow', kafka_handle_error_mode = 'stream', date_time_input_format = 'best_effort',\n"
		"\tinput_format_skip_unknown_fields = 1, input_format_json_read_objects_as_strings = 1, input_format_null_as_default = 1;\n");
}

static void print_table(const row_columns *columns, const char *table, buf *out)
{
	buf_printf(out, "\nCREATE TABLE IF NOT EXISTS millrace.%s (\n", table);
	add_columns(columns, true, out);
	buf_add_str(out, ",\n\t`record_topic` LowCardinality(String), `record_partition` UInt64, `record_offset` UInt64,\n"
		"\tINDEX published published_at TYPE minmax, INDEX story story_id TYPE bloom_filter\n"
		") ENGINE = ReplacingMergeTree(processed_at) ORDER BY article_id;\n");
}

static void print_flow(const row_columns *columns, const char *table, buf *out)
{
	buf_printf(out, "\nCREATE MATERIALIZED VIEW IF NOT EXISTS millrace.%s_flow TO millrace.%s AS SELECT\n\t", table, table);
	for (size_t i = 0; i < columns->count; i++)
		buf_printf(out, "`%s`, ", columns->list[i].name);
	buf_printf(out, "_topic AS record_topic, _partition AS record_partition, _offset AS record_offset\n"
		"FROM millrace.%s_queue WHERE empty(_error) AND schema_version = 1 AND match(article_id, '^[0-9a-f]{32}$');\n", table);
	buf_printf(out, "\nCREATE MATERIALIZED VIEW IF NOT EXISTS millrace.%s_rejects TO millrace.rejects AS SELECT\n"
		"\t_topic AS topic, _partition AS `partition`, _offset AS `offset`, if(empty(_error), 'no record of schema_version 1', _error) AS reason, _raw_message AS value, now() AS loaded_at\n"
		"FROM millrace.%s_queue WHERE notEmpty(_error) OR schema_version != 1 OR NOT match(article_id, '^[0-9a-f]{32}$');\n", table, table);
}

static const char views[] =
	"\nCREATE VIEW IF NOT EXISTS millrace.editions AS\n"
	"SELECT article_id, story_id, duplicate_kind, source_name, title, published_at, processed_at FROM millrace.articles FINAL\n"
	"UNION ALL\n"
	"SELECT article_id, story_id, duplicate_kind, source_name, title, published_at, processed_at FROM millrace.duplicates FINAL\n"
	"WHERE article_id NOT IN (SELECT article_id FROM millrace.articles);\n"
	"\nCREATE VIEW IF NOT EXISTS millrace.stories AS\n"
	"SELECT story_id, argMin(title, (article_id != story_id, coalesce(published_at, processed_at), article_id)) AS title, countIf(duplicate_kind IS NULL) AS articles,\n"
	"       countIf(duplicate_kind IS NOT NULL) AS reprints, uniqExact(source_name) AS sources, min(published_at) AS first_published_at, max(published_at) AS last_published_at\n"
	"FROM millrace.editions GROUP BY story_id;\n"
	"\nCREATE VIEW IF NOT EXISTS millrace.labels_per_day AS\n"
	"SELECT toDate(published_at, 'Asia/Shanghai') AS day, arrayJoin(if(empty(labels), ['none'], labels)) AS label, count() AS articles, uniqExact(story_id) AS stories\n"
	"FROM millrace.articles FINAL GROUP BY day, label;\n"
	"\nCREATE VIEW IF NOT EXISTS millrace.top_organizations AS\n"
	"SELECT arrayJoin(organizations) AS organization, uniqExact(story_id) AS stories, count() AS articles, uniqExact(source_name) AS sources\n"
	"FROM millrace.articles FINAL GROUP BY organization ORDER BY stories DESC, articles DESC, organization;\n";

void clickhouse_schema_print(const record_rules *rules, const clickhouse_source *from, buf *out)
{
	const char *const tables[] = {"articles", "duplicates"}, *const topics[] = {from->articles, from->duplicates};
	buf_printf(out, "-- Millrace %s: ClickHouse reads the topics by itself\nCREATE DATABASE IF NOT EXISTS millrace;\n", MILLRACE_VERSION);
	buf_add_str(out, "\nCREATE TABLE IF NOT EXISTS millrace.rejects (\n\ttopic LowCardinality(String), `partition` UInt64, `offset` UInt64, reason String, value String, loaded_at DateTime\n"
		") ENGINE = ReplacingMergeTree ORDER BY (topic, `partition`, `offset`);\n");
	for (int i = 0; i < 2; i++) {
		row_columns columns = row_columns_of(rules, i ? SCHEMA_DUPLICATE : SCHEMA_ARTICLE);
		print_table(&columns, tables[i], out);
		print_queue(&columns, tables[i], topics[i], from, out);
		print_flow(&columns, tables[i], out);
		row_columns_free(&columns);
	}
	buf_add_str(out, views);
}
