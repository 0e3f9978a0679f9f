/* load.h - `millrace load`: its command line, and what its parts share. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include <librdkafka/rdkafka.h>

#include "cli/load_store.h"
#include "common/settings.h"

#define LOAD_TOPICS_MAX 64
#define LOAD_CLUSTER_BYTES 64

/* Texts are borrowed from argv. */
typedef struct load_options {
	const char *database;            /* conninfo, URI or name; NULL: libpq's own means alone */
	const char *schema;
	const char *topics[LOAD_TOPICS_MAX];     /* of articles; none: those of the configuration (common/routes.h) */
	size_t topic_count;
	bool duplicates, follow, create, print_schema, dry_run, again;
	int batch;                       /* messages of a transaction, at most */
} load_options;

/* Loads until the end, or until a signal. An exit code. */
int load_run(const load_options *options, const settings *conf, const load_tables *tables);
/* SIGINT or SIGTERM came. */
bool load_stopped(void);

/* ---- load_read.c: the Kafka side ---- */

typedef struct load_reader {
	rd_kafka_t *consumer;
	load_partition *partitions;
	size_t count;
	char cluster[LOAD_CLUSTER_BYTES];        /* id of the cluster; "": it does not tell */
} load_reader;

/* A consumer that reads committed messages by hand, joins no group and commits nothing. 0; -1 with lines in `errors`. */
int load_reader_open(load_reader *self, const settings *conf, buf *errors) MR_MUST_USE;
void load_reader_close(load_reader *self);
/* Adds the partitions of a topic that are not known yet. Number of new ones; -1 with a line in `errors`. */
int load_reader_find(load_reader *self, const char *topic, enum load_kind kind, buf *errors) MR_MUST_USE;
/* Asks for the bounds of the partition's log as a reader of committed messages sees it. 0; -1 with a line in `errors`. */
int load_reader_bounds(load_reader *self, const load_partition *p, int64_t *low, int64_t *end, buf *errors) MR_MUST_USE;
/* Reads our partitions from p->next on; what was fetched before is forgotten. */
void load_reader_assign(load_reader *self);
/* The next message (the caller destroys it), NULL: none yet. p->position follows; *at: its partition. *error: trouble of the broker, or NO_ERROR. */
rd_kafka_message_t *load_reader_next(load_reader *self, int wait_ms, size_t *at, rd_kafka_resp_err_t *error);
/* Errors that pass by themselves: librdkafka connects again. */
bool load_reader_passes(rd_kafka_resp_err_t error);

#endif
