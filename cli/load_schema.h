/* load_schema.h - the SQL of `millrace load postgres`: its tables and views, and the statements of a batch. All of it is made from row_columns, none is written by hand
 * field by field. Pure text. */
#ifndef CLI_LOAD_SCHEMA_H
#define CLI_LOAD_SCHEMA_H

#include "common/record_row.h"

enum load_kind { LOAD_ARTICLES, LOAD_DUPLICATES, LOAD_KINDS };

#define LOAD_SCHEMA_MAX 40               /* letters of the schema's name: a-z, digits, '_' */

typedef struct load_tables {
	const char *schema;              /* borrowed */
	row_columns columns[LOAD_KINDS];
} load_tables;

const char *load_table(enum load_kind kind);             /* articles, duplicates */
bool load_schema_name_good(const char *name);

/* Everything that --create runs: may be run again, also by a newer program on an older schema; takes nothing away. */
void load_schema_print(const load_tables *tables, buf *out);
/* Temporary tables of the session: new_articles, new_duplicates, gone, new_rejects; emptied by each commit. */
void load_schema_stage(const load_tables *tables, buf *out);
/* Deletes what the tombstones in `gone` name. A tombstone is newer than a record of its partition with a smaller offset, and than a record of another partition or topic that was
 * made before it. */
void load_schema_delete(const load_tables *tables, enum load_kind kind, buf *out);
/* The newest of each article_id from the new ones that no tombstone took into the table, unless that has a newer one. Newer: in one partition of a topic the larger offset, as
 * in a compacted topic; else the later processed_at_ms, then the higher revision, then topic and partition, so that the result does not depend on who came first. */
void load_schema_upsert(const load_tables *tables, enum load_kind kind, buf *out);
void load_schema_rejects(const load_tables *tables, buf *out);

#endif
