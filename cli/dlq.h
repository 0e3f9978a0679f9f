/* dlq.h - what `millrace dlq list|show|replay` share: the selection, and a reader of dead letters that follows it.
 *
 * A dead letter is told by the headers of docs/record.md; what a stranger put into a dead-letter topic is shown with what it lacks left empty. Letters
 * are read partition after partition, each in its order, from where a place is set to what was the readable end when the reader was opened: letters that die
 * again during a replay are not read by it. Main thread only. */
#ifndef CLI_DLQ_H
#define CLI_DLQ_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/settings.h"

#define DLQ_PICKS_MAX 64
#define DLQ_LIMIT_DEFAULT 3

/* The command line. Texts are borrowed from argv. */
typedef struct dlq_options {
	const char *topic;               /* an input topic or its dead-letter topic; NULL: all */
	const char *reason, *stage;      /* NULL: any */
	const char *since, *until;       /* as written; NULL: none */
	int64_t since_ms, until_ms;      /* time of death, inclusive */
	int64_t max;                     /* letters; INT64_MAX: all */
	const char *picks[DLQ_PICKS_MAX];        /* TOPIC:PARTITION:OFFSET, or a number of `list --each` (show) */
	size_t pick_count;
	bool each, raw, dry_run, again;
	int64_t rate;                    /* letters a second; 0: no limit */
	int64_t limit;                   /* a letter replayed so often is parked */
	const char *park;                /* topic of parked letters; NULL: they stay where they are */
} dlq_options;

/* Takes argv behind the subcommand; an option that is not among `allowed` (blank-separated, with a blank at both ends) is refused. 0; else the exit code, the error told. */
int dlq_options_read(dlq_options *self, int argc, char **argv, const char *allowed) MR_MUST_USE;
/* Consumer group that keeps the place of a replay with this selection. */
void dlq_group(const dlq_options *options, const settings *conf, char out[300]);

typedef struct dlq_letter {
	rd_kafka_message_t *message;     /* owned; key and value */
	const char *topic;               /* where it lies; borrowed from the reader, as the next */
	const char *input;               /* input topic that this is the dead-letter topic of */
	int32_t partition;
	int64_t offset, died_ms;         /* died_ms: Kafka timestamp of the letter; -1: unknown */
	mr_bytes code, stage, error, attempts, first_at, last_at, version;       /* borrowed from the message; data NULL: header missing */
	mr_bytes source_topic;           /* where it first stood; data NULL: not told */
	int64_t source_partition, source_offset;         /* -1: not told */
	int64_t replays;
} dlq_letter;

void dlq_letter_free(dlq_letter *self);

typedef struct dlq_partition {
	char *topic, *input;
	int32_t number;
	int64_t low, end;                /* oldest offset; readable end at the start */
	int64_t start, next;             /* next: where reading goes on; may be set before the first dlq_reader_next */
} dlq_partition;

typedef struct dlq_reader {
	rd_kafka_t *consumer;
	dlq_partition *partitions;
	size_t count;
	size_t at;                       /* partition being read */
	bool assigned;
	const dlq_options *options;
} dlq_reader;

/* Asks the broker for the dead-letter topics of the input topics. `group`: of the consumer that commits places; it is never joined. 0; -1 with lines in `errors`. */
int dlq_reader_open(dlq_reader *self, const settings *conf, const dlq_options *options, const char *group, buf *errors) MR_MUST_USE;
void dlq_reader_close(dlq_reader *self);
/* Next letter of the selection: 1, the caller owns it; 0: no more, or stopped by a signal; -1 with lines in `errors`. */
int dlq_reader_next(dlq_reader *self, dlq_letter *letter, buf *errors) MR_MUST_USE;
/* Offsets passed and offsets to pass. */
void dlq_reader_progress(const dlq_reader *self, uint64_t *done, uint64_t *all);

/* A letter whose value did not fit into its topic holds none: asks the input topic for the record at the letter's coordinates, with a consumer of its own that is
 * kept in *consumer_p. NULL: it is not there any more, or another record is, or the letter does not say where it stood. */
rd_kafka_message_t *dlq_original(rd_kafka_t **consumer_p, const settings *conf, const dlq_letter *letter);

/* SIGINT or SIGTERM came. */
bool dlq_stopped(void);
/* 2026-03-13 08:30 in UTC. */
char *dlq_time(int64_t ms, bool seconds, char out[64]);

int dlq_list(const dlq_options *options, const settings *conf);
int dlq_show(const dlq_options *options, const settings *conf);
int dlq_replay(const dlq_options *options, const settings *conf);

#endif
