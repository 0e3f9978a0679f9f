/* schema_clickhouse.h - the SQL that makes ClickHouse read Millrace's topics: a Kafka table, a materialized view, a ReplacingMergeTree, and views for people. */
#ifndef CLI_SCHEMA_CLICKHOUSE_H
#define CLI_SCHEMA_CLICKHOUSE_H

#include "common/record_row.h"

typedef struct clickhouse_source {
	const char *brokers, *articles, *duplicates, *group;     /* borrowed; topics, several with commas between them */
} clickhouse_source;

/* Made from row_columns, as the tables of `millrace load postgres`. */
void clickhouse_schema_print(const record_rules *rules, const clickhouse_source *from, buf *out);

#endif
