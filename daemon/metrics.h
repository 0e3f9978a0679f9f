/* metrics.h - everything the daemon counts, as one table.
 *
 * A row of METRICS is the whole truth about a metric: id, type, label, name, help. Increments are plain additions to memory of the loop
 * thread: no lock, no atomics, no search (words of fixed sets are found once by a short scan). `metrics_render` writes the Prometheus text. Values never
 * become labels unless they come from a bounded set: stages and taxonomy of the configuration, words of the contract, assigned partitions.
 * Every function takes NULL for "nobody counts" (`millrace process`). Loop thread only.
 *
 * The balance: READ = PUBLISHED + DUPLICATES + FILTERED + DEAD (all reasons) + TOMBSTONES + RETURNED + IN_FLIGHT, each feed record once; articles
 * (parts of pages) are counted apart. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct settings;
typedef struct metrics metrics;

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_GAUGE_MS,                 /* set in milliseconds, shown in seconds */
	METRIC_HISTOGRAM,                /* of times: observed in milliseconds, shown in seconds */
};

enum metric_label {
	LABEL_NONE,
	LABEL_STAGE,                     /* a stage of pipeline.stages: metrics_stage_... */
	LABEL_REASON,                    /* code of a dead letter: metrics_word */
	LABEL_KIND,                      /* kind of a duplicate: exact, url, near */
	LABEL_LABEL,                     /* primary label: the taxonomy and none */
	LABEL_CONDITION,                 /* of sink.filter: labels, languages, ... */
	LABEL_RESULTS,                   /* what an aborted epoch did with its results: kept, rewound */
	LABEL_RESULT,                    /* ok, failed */
	LABEL_PARTITION,                 /* topic and partition: metrics_partition_... */
};

#define METRICS(X) \
	/* the balance: feed records */ \
	X(READ, COUNTER, NONE, "records_read_total", "feed records taken from Kafka") \
	X(PUBLISHED, COUNTER, NONE, "records_published_total", "feed records that ended with at least one new article or revision published") \
	X(DUPLICATES, COUNTER, NONE, "records_duplicate_total", "feed records that ended with nothing new and at least one duplicate") \
	X(FILTERED, COUNTER, NONE, "records_filtered_total", "feed records of which sink.filter kept all parts out") \
	X(DEAD, COUNTER, REASON, "records_dead_total", "feed records that ended as dead letters, by reason") \
	X(TOMBSTONES, COUNTER, NONE, "records_tombstone_total", "null values passed on as deletions") \
	X(RETURNED, COUNTER, NONE, "records_returned_total", "feed records handed back without an outcome (partition revoked, epoch rewound); they are read again") \
	X(IN_FLIGHT, GAUGE, NONE, "records_in_flight", "feed records that have not ended yet") \
	X(IN_FLIGHT_BYTES, GAUGE, NONE, "in_flight_bytes", "bytes held for records in flight, tree and body counted") \
	X(IN_FLIGHT_LIMIT, GAUGE, NONE, "in_flight_limit_bytes", "intake.high_bytes: partitions are paused there") \
	X(OLDEST, GAUGE_MS, NONE, "oldest_in_flight_seconds", "age of the oldest record in flight, 0 when there is none") \
	X(READ_BYTES, COUNTER, NONE, "read_bytes_total", "bytes of the values taken from Kafka") \
	/* articles: the parts of feed records */ \
	X(ARTICLES, COUNTER, NONE, "articles_published_total", "articles published (a split page gives several)") \
	X(ALERTS, COUNTER, NONE, "alerts_published_total", "alerts published: one for each article and watch that it meets") \
	X(ARTICLE_DUPLICATES, COUNTER, KIND, "articles_duplicate_total", "articles found to be duplicates, by kind") \
	X(ARTICLES_FILTERED, COUNTER, CONDITION, "articles_filtered_total", "articles kept out by sink.filter, by the condition that they failed first") \
	X(REVISIONS, COUNTER, NONE, "articles_revision_total", "articles published as revisions of an earlier one") \
	X(WITHHELD, COUNTER, NONE, "revisions_withheld_total", "revisions past dedup.max_revisions of an address and day, not published") \
	X(ARTICLE_LABELS, COUNTER, LABEL, "articles_label_total", "articles published, by primary label") \
	X(E2E, HISTOGRAM, NONE, "end_to_end_seconds", "time from reading a feed record to the commit of its epoch") \
	/* Kafka in */ \
	X(LAG, GAUGE, PARTITION, "consumer_lag_records", "records of an assigned partition that were not read yet; -1: not known") \
	X(COMMITTED, GAUGE, PARTITION, "consumer_committed_offset", "offset committed last in an assigned partition") \
	X(ASSIGNED, GAUGE, NONE, "partitions_assigned", "input partitions of this daemon") \
	X(PAUSED, GAUGE, NONE, "partitions_paused", "input partitions paused because too much is in flight, or while it drains") \
	X(OPERATOR_PAUSED, GAUGE, NONE, "intake_paused_by_operator", "1 while an operator has paused intake, wholly or in part (millrace ctl pause)") \
	X(RATE_LIMIT, GAUGE, NONE, "intake_rate_limit", "intake.rate: records a second that are taken at most; 0: no limit") \
	X(RATE_LIMITED, GAUGE, NONE, "intake_rate_limited", "1 while fetched records wait for intake.rate") \
	X(PAUSES, COUNTER, NONE, "pauses_total", "times intake was paused because too much was in flight, or to drain") \
	X(REBALANCES, COUNTER, NONE, "rebalances_total", "assignments and revocations") \
	X(ASSIGNMENTS_LOST, COUNTER, NONE, "assignments_lost_total", "assignments lost (session timeout), their records dropped and read again") \
	X(KAFKA_ERRORS, COUNTER, NONE, "kafka_errors_total", "errors told by librdkafka") \
	X(BROKERS_UP, GAUGE, NONE, "kafka_connected", "1 while a broker answers, else 0") \
	/* stages */ \
	X(STAGE_RECEIVED, COUNTER, STAGE, "stage_received_total", "tasks given to the stage") \
	X(STAGE_ANSWERED, COUNTER, STAGE, "stage_answered_total", "tasks answered") \
	X(STAGE_REFUSED, COUNTER, STAGE, "stage_refused_total", "tasks refused by the stage") \
	X(STAGE_FAILED, COUNTER, STAGE, "stage_failed_total", "tasks given up after stage.attempts") \
	X(STAGE_RETRIED, COUNTER, STAGE, "stage_retried_total", "tasks lent again after a crash or a missed deadline") \
	X(STAGE_CANCELLED, COUNTER, STAGE, "stage_cancelled_total", "tasks taken back (partition revoked, epoch rewound)") \
	X(STAGE_LATE, COUNTER, STAGE, "stage_late_total", "answers dropped because their lease was over") \
	X(STAGE_QUEUE, GAUGE, STAGE, "stage_queue", "tasks waiting for a worker") \
	X(STAGE_LENT, GAUGE, STAGE, "stage_lent", "tasks held by workers") \
	X(STAGE_WORKERS, GAUGE, STAGE, "stage_workers", "workers that are ready") \
	X(STAGE_EXPIRED, COUNTER, STAGE, "stage_expired_workers_total", "workers given up: heartbeats missed, deadline missed, or garbage sent") \
	X(STAGE_STRANGERS, COUNTER, STAGE, "stage_strangers_total", "connections over tcp that came to nothing: no key, a wrong one, or no worker at all") \
	X(STAGE_RESTARTS, COUNTER, STAGE, "stage_worker_restarts_total", "local workers started again") \
	X(STAGE_TIME, HISTOGRAM, STAGE, "stage_seconds", "time from giving a task to the stage to its answer") \
	/* epochs */ \
	X(EPOCHS, COUNTER, NONE, "epochs_committed_total", "epochs committed") \
	X(ABORTS, COUNTER, RESULTS, "epochs_aborted_total", "epochs aborted; kept: results produced again, rewound: records read again") \
	X(EPOCH_TIME, HISTOGRAM, NONE, "epoch_seconds", "time from opening an epoch to its commit") \
	X(COMMIT_TIME, HISTOGRAM, NONE, "commit_seconds", "time of the Kafka commit alone") \
	X(OUTPUT_BYTES, COUNTER, NONE, "output_bytes_total", "bytes of the values committed to the output topics") \
	/* index */ \
	X(INDEX_PENDING, GAUGE, NONE, "index_pending_entries", "entries of articles in flight") \
	X(INDEX_SETTLED, GAUGE, NONE, "index_settled_entries", "entries of published articles") \
	X(INDEX_ALIASES, GAUGE, NONE, "index_aliases", "published duplicates whose bytes are remembered") \
	X(INDEX_BYTES, GAUGE, NONE, "index_memory_bytes", "memory of the index") \
	X(INDEX_LOG_BYTES, GAUGE, NONE, "index_log_bytes", "bytes of the index log on disk") \
	X(INDEX_DROPPED, COUNTER, NONE, "index_dropped_total", "entries dropped before their time because dedup.max_entries, max_memory or max_log was reached") \
	X(INDEX_EXPIRED, COUNTER, NONE, "index_expired_total", "entries older than dedup.window_days that went") \
	X(TRIMMED, COUNTER, NONE, "articles_trimmed_total", "articles judged without lines at the edges that their source repeats") \
	X(EDGES_SOURCES, GAUGE, NONE, "edges_sources", "sources whose repeated lines are learned") \
	X(EDGES_BYTES, GAUGE, NONE, "edges_memory_bytes", "memory of what is learned of sources") \
	X(EDGES_FORGOTTEN, COUNTER, NONE, "edges_forgotten_total", "silent sources forgotten because there are more than 16,384") \
	X(INDEX_SYNC, HISTOGRAM, NONE, "index_sync_seconds", "time to write and sync the index log of an epoch") \
	X(JOURNAL_LAG, GAUGE, NONE, "journal_lag", "messages of the journal that were not followed yet; -1: not known") \
	X(JOURNAL_HELD, GAUGE, NONE, "journal_held_partitions", "input partitions whose records wait until the journal is caught up with") \
	X(JOURNAL_FOLLOWED, COUNTER, NONE, "journal_followed_total", "entries taken from the journal: of other daemons, and own ones after a crash") \
	X(JOURNAL_WRITTEN, COUNTER, NONE, "journal_written_total", "entries of the index committed, with a journal written to it too") \
	X(JOURNAL_SKIPPED, COUNTER, NONE, "journal_skipped_total", "entries of the journal left out: made by another version or with another intake.identity, or damaged") \
	X(WAITING, GAUGE, NONE, "waiting_for_owner", "duplicates and revisions that wait for the article they refer to") \
	/* the daemon */ \
	X(READY, GAUGE, NONE, "ready", "1 when /ready answers 200") \
	X(DRAINING, GAUGE, NONE, "draining", "1 after SIGTERM") \
	X(RELOADS, COUNTER, RESULT, "config_reloads_total", "reloads asked for, by SIGHUP or millrace ctl") \
	X(CONFIG_OK, GAUGE, NONE, "config_good", "0 when the last reload was refused: the file is not what runs") \
	X(CONFIG_STALE, GAUGE, NONE, "config_restart_needed", "settings of the file that only a restart will bring in") \
	X(JSON_PARSED, COUNTER, NONE, "json_parsed_total", "record values parsed; each once") \
	X(JSON_DUMPED, COUNTER, NONE, "json_dumped_total", "records dumped; each once") \
	X(JSON_PATCHES, COUNTER, NONE, "json_patches_total", "patches of stages parsed")

enum metric {
#define METRIC_ID(id, type, label, name, help) METRIC_##id,
	METRICS(METRIC_ID)
#undef METRIC_ID
	METRIC_COUNT
};

/* One row, for the test that compares docs/operations.md with the table. `name` without the prefix millrace_. */
typedef struct metric_row {
	enum metric_type type;
	enum metric_label label;
	const char *name, *help;
} metric_row;
extern const metric_row metric_table[METRIC_COUNT];

/* Stages and taxonomy come from the settings; changing them needs a restart. */
metrics *metrics_new(const struct settings *settings);
void metrics_free(metrics **self);

/* Rows without label. metrics_set also sets counters that are kept elsewhere (record_counts). */
void metrics_add(metrics *self, enum metric id, uint64_t n);
void metrics_set(metrics *self, enum metric id, int64_t value);
void metrics_observe(metrics *self, enum metric id, double ms);

/* Rows with LABEL_STAGE. The number of a stage is asked for once; -1: not of the pipeline, then nothing is counted. */
int metrics_stage(const metrics *self, const char *name);
void metrics_stage_add(metrics *self, enum metric id, int stage, uint64_t n);
void metrics_stage_set(metrics *self, enum metric id, int stage, int64_t value);
void metrics_stage_observe(metrics *self, enum metric id, int stage, double ms);
/* Name and fingerprint of the model that the newest worker of the stage told (millrace_stage_info). */
void metrics_stage_model(metrics *self, int stage, const char *fingerprint);

/* Rows with a word: REASON, KIND, LABEL, CONDITION, RESULTS, RESULT. A word outside the set counts as "other". */
void metrics_word(metrics *self, enum metric id, const char *word, uint64_t n);
/* Sets a counter that is kept elsewhere. */
void metrics_word_set(metrics *self, enum metric id, const char *word, uint64_t value);
/* The words of a row with one, and what it holds of each: i = 0, 1, ... False: there are no more. */
bool metrics_word_get(const metrics *self, enum metric id, size_t i, const char **word, int64_t *value);
static inline void metrics_dead(metrics *self, const char *code) { metrics_word(self, METRIC_DEAD, code, 1); }

/* Rows with LABEL_PARTITION; a revoked partition is dropped. At most 10 000 partitions are shown. */
void metrics_partition_set(metrics *self, enum metric id, const char *topic, int32_t partition, int64_t value);
void metrics_partition_drop(metrics *self, const char *topic, int32_t partition);

/* What a row holds now: the sum over its labels; of a histogram the number of observations. */
int64_t metrics_get(const metrics *self, enum metric id);
/* Appends the Prometheus text (format 0.0.4). */
void metrics_render(const metrics *self, buf *out);

#endif
