/* record_row.h - a published record as a row: the columns of a warehouse's table and their values, read from one message.
 *
 * The columns are those of `field_table` (record_fields.h), expanded for the configured taxonomy, so tables and contract cannot drift apart. A message is a line of a
 * topic that others may write to as well: size, depth and number of values are bounded before anything is built, every value is checked against the type of its
 * column, and what cannot be a row is a fault with a reason. More generous than the contract where that loses nothing: a member that is missing or null makes
 * NULL or an empty list, members without a column are kept together, the envelope of Kafka Connect (`schema`, `payload`) is taken off. Text columns of most
 * warehouses cannot hold U+0000: it becomes U+FFFD, in `detail` too. Pure; any thread. */
#ifndef COMMON_RECORD_ROW_H
#define COMMON_RECORD_ROW_H

#include <jansson.h>
#include <stdbool.h>

#include "common/record.h"

enum row_type {
	ROW_TEXT, ROW_INT, ROW_NUMBER, ROW_BOOL,
	ROW_TEXTS,                       /* list of texts; never NULL */
	ROW_TIME,
	ROW_JSON,                        /* `detail` */
	ROW_TYPES
};

typedef struct row_column {
	const char *name;                /* at most 63 bytes: a-z, digits, '_' */
	enum row_type type;
	bool null;                       /* the contract lets it be null */
	const char *meaning;
} row_column;

/* The columns of one kind of record. They borrow the names of labels from `rules`, which must outlive them. */
typedef struct row_columns {
	row_column *list;
	size_t count;
} row_columns;

/* SCHEMA_ARTICLE (with `detail` whatever sink.detail says: what does not come is NULL) or SCHEMA_DUPLICATE. */
row_columns row_columns_of(const record_rules *rules, enum record_schema which);
void row_columns_free(row_columns *self);

typedef struct row_value {
	bool null;
	union {
		mr_bytes text;           /* ROW_TEXT; ROW_JSON: JSON text, numbers read back as themselves */
		int64_t number;          /* ROW_INT */
		double real;             /* ROW_NUMBER; finite */
		bool yes;                /* ROW_BOOL */
		const json_t *list;      /* ROW_TEXTS: an array of strings; NULL: empty */
		int64_t ms;              /* ROW_TIME: since 1970, UTC */
	};
} row_value;

/* One row; reused from message to message. Zeroed at first. Values point into it and hold until the next row_read. */
typedef struct row {
	row_value *values;               /* one for each column */
	mr_bytes id;                     /* article_id */
	int64_t processed_ms, revision;  /* 0: not told */
	mr_bytes others;                 /* members without a column, as one JSON object; data NULL: none */
	json_t *tree;                    /* private, as the next */
	buf detail, rest;
} row;

void row_free(row *self);
/* Reads one message value of at most `max_bytes`. 0; -1: `fault` tells why, its code is one of not-json, too-large, schema-version, no-article-id, wrong-type. */
int row_read(const row_columns *columns, mr_bytes value, size_t max_bytes, row *out, record_fault *fault) MR_MUST_USE;
/* Takes a record's tree: the record, out of the envelope of Kafka Connect if it is in one. */
json_t *row_unwrap(json_t *tree);
/* 32 hex digits, as in article_id and in the key of a tombstone. */
bool row_is_id(mr_bytes text);

#endif
