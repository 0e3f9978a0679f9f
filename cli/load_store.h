/* load_store.h - the PostgreSQL side of `millrace load`: one session, its locks, places and transactions.
 *
 * Exactly once: the rows of a batch and the places behind them are one transaction, and a place moves only from where this loader saw it (a place that moved otherwise means
 * that somebody else loads the partition: nothing is written). Beside that an advisory lock of the session keeps each partition for one loader, so that two of them share
 * the partitions instead of undoing each other's work; it is gone when the session is, also after kill -9. Owns the connection. Main thread only; calls block. */
#ifndef CLI_LOAD_STORE_H
#define CLI_LOAD_STORE_H

#include "cli/load_schema.h"

#define LOAD_BYTES_MAX (16u << 20)       /* of one message: more cannot come out of Kafka's usual limits; larger ones are rejects */
#define LOAD_REJECT_BYTES 65536          /* of a rejected value that are kept */

enum load_stage { STAGE_ARTICLES, STAGE_DUPLICATES, STAGE_GONE_ARTICLES, STAGE_GONE_DUPLICATES, STAGE_REJECTS, STAGES };

/* What became of one message. Its tuple stands in the batch's bytes. */
typedef struct load_entry {
	enum load_stage stage;
	size_t partition;                /* index into the loader's partitions */
	size_t from, len;                /* tuple */
	size_t message;                  /* index into the batch's messages */
} load_entry;

/* One partition of a topic, as far as this loader is concerned. */
typedef struct load_partition {
	char *topic;
	enum load_kind kind;
	int32_t number;
	bool ours;                       /* locked by our session */
	bool begun;                      /* start and end are known */
	int64_t saved;                   /* next_offset in the database; -1: no row */
	int64_t next;                    /* behind the last message taken into a batch */
	int64_t position;                /* as far as was read, without a message too (control records) */
	int64_t start, end;              /* bounds of this run, for progress and for its end */
} load_partition;

enum load_result {
	LOAD_DONE,
	LOAD_LOST,                       /* the connection, or the server has trouble that passes; try again with a new session */
	LOAD_REFUSED,                    /* it does not take a value: nothing was written */
	LOAD_STOLEN,                     /* somebody else moved a place: nothing was written */
	LOAD_WRONG,                      /* wrong schema, rights, disk: does not pass by itself */
};

typedef struct load_counts { uint64_t written, deleted, rejected; } load_counts;

typedef struct load_store load_store;

/* Connects as libpq's environment, service and password files and `conninfo` (NULL: only those) say. NULL with a line in `errors`. */
load_store *load_store_open(const char *conninfo, const load_tables *tables, buf *errors);
void load_store_close(load_store **self_p);
/* A password in it would stand in every list of processes. */
bool load_store_names_password(const char *conninfo, char error[256]);

/* Makes or completes the schema. */
enum load_result load_store_create(load_store *self, buf *errors) MR_MUST_USE;
/* Are the tables there, with all columns? And makes the session's temporary ones. `dry`: missing tables are fine, nothing is made. */
enum load_result load_store_prepare(load_store *self, bool dry, buf *errors) MR_MUST_USE;
/* Takes the partition's lock, if it is free (p->ours), and reads its place into p->saved. `cluster`: id of the Kafka cluster, "" unknown; another one than that of
 * the place is LOAD_WRONG, unless `again`. */
enum load_result load_store_take(load_store *self, load_partition *p, const char *cluster, bool again, buf *errors) MR_MUST_USE;
/* Its log was made anew, or all shall be read again: forgets its place; `anew`: rows of the old log lose their offsets, so that any record of the new one is newer. */
enum load_result load_store_forget(load_store *self, load_partition *p, bool anew, buf *errors) MR_MUST_USE;

/* What one transaction writes. All borrowed. */
typedef struct load_part {
	const load_entry *entries;
	size_t from, to;                 /* entries [from, to) */
	const char *bytes;               /* their tuples */
	load_partition *partitions;      /* on LOAD_DONE their places are in `saved` */
	const int64_t *next;             /* by partition: its new place; -1: it stays */
	size_t partition_count;
	const char *cluster;             /* "": unknown */
} load_part;

enum load_result load_store_write(load_store *self, const load_part *part, load_counts *counts, buf *errors) MR_MUST_USE;

#endif
