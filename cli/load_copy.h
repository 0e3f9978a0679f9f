/* load_copy.h - rows in PostgreSQL's binary COPY format (postgresql.org/docs/current/sql-copy.html, "Binary Format").
 *
 *   stream = "PGCOPY\n\377\r\n\0" | int32 0 flags | int32 0 length of extension | tuple... | int16 -1
 *   tuple  = int16 number of fields | field...
 *   field  = int32 length (-1: NULL) | value        all numbers big endian
 *
 * Binary, since text would be escaped twice (array literals within COPY lines), and every value is of a known type anyway. Pure; any thread. */
#ifndef CLI_LOAD_COPY_H
#define CLI_LOAD_COPY_H

#include "common/record_row.h"

/* Name of the type of a column in PostgreSQL. */
const char *copy_type(enum row_type type);

void copy_begin(buf *out);                               /* head of the stream */
void copy_end(buf *out);

void copy_tuple(buf *out, size_t fields);
void copy_null(buf *out);
void copy_text(buf *out, mr_bytes text);                 /* text, bytea; data NULL: NULL */
void copy_int4(buf *out, int32_t value);
void copy_int8(buf *out, int64_t value);
void copy_json(buf *out, mr_bytes text);                 /* jsonb; data NULL: NULL */
void copy_time(buf *out, int64_t ms);                    /* timestamptz; milliseconds since 1970 */

/* Where a message stands: the columns of every row behind those of the record. */
#define COPY_PLACE_FIELDS 4
typedef struct copy_place {
	const char *topic;
	int32_t partition;
	int64_t offset;
} copy_place;

/* A tuple of the record's columns, then record_topic text, record_partition int4, record_offset int8, other_members jsonb. */
void copy_row(buf *out, const row_columns *columns, const row *row, const copy_place *place);

#endif
