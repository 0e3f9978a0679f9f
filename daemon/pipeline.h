/* pipeline.h - what comes next for a feed record: from intake through the stages and the judge to a finished outcome.
 *
 * Owns every item from pipeline_take until its epoch is committed (pipeline_end) or it is handed back (pipeline_drop): its memory, the count of
 * bytes in flight (promise 6) and the counters of the balance. It tells when pressure is high or low; it never drops a record for want of room.
 * It knows stages only by stage.h and Kafka not at all. Loop thread. */
#ifndef DAEMON_PIPELINE_H
#define DAEMON_PIPELINE_H

#include "common/settings.h"
#include "daemon/judge.h"
#include "daemon/stage.h"

#define PIPELINE_STAGES_MAX SETTINGS_STAGES_MAX

typedef struct pipeline pipeline;

typedef struct pipeline_limits {
	size_t high_bytes, low_bytes, high_records;      /* marks of pressure */
	size_t max_output_bytes;                         /* largest record that may be produced; larger: output.too-large */
} pipeline_limits;

typedef struct pipeline_hooks {
	int64_t (*wall_ms)(void *arg);                   /* wall clock, for processed_at and the times of faults */
	int64_t (*mono_us)(void *arg);
	void (*release)(void *arg, void *message);       /* gives a message back to whoever lent it */
	void (*pressure)(void *arg, bool high);          /* called on change: pause, resume */
	void (*outcome)(void *arg, const item *it);      /* an item is ended for good: the log line */
	void *arg;
} pipeline_hooks;

/* Everything is borrowed and outlives the pipeline; `index` NULL when there is no stage `dedup`. The settings say stages, what is done with duplicates, identity. */
pipeline *pipeline_new(const struct settings *settings, ledger *partitions, index_t *index, pipeline_hooks hooks);
void pipeline_free(pipeline **self);                     /* nothing may be in flight */
judge *pipeline_judge(pipeline *self);
/* The stages, opened after the pipeline because they call it: hooks for stage_open, then one call each in the order of pipeline.stages. */
stage_hooks pipeline_stage_hooks(pipeline *self);
void pipeline_add_stage(pipeline *self, stage *stage);
/* A stage has answered for a part (`fault` NULL: its article stands as the stage left it), or has refused or failed it for good. For onlookers: called after the answer was
 * taken over and before the part goes on; may change nothing. At most one. `p->doc` is NULL when the first stage failed. */
typedef void (*pipeline_answered)(void *arg, const part *p, const char *stage, const record_fault *fault, int attempts);
void pipeline_on_answer(pipeline *self, pipeline_answered hook, void *arg);
/* A reload: rules and limits from now on. Takes the settings by reference (must live until the next call). */
void pipeline_configure(pipeline *self, const struct settings *settings);
void pipeline_set_max_output(pipeline *self, size_t bytes);
/* Nothing is kept out by sink.filter: for tools that ask what the judge says. Before the first item. */
void pipeline_ignore_filter(pipeline *self, const struct settings *settings);

/* Takes a message: `source` points into `message`, which is given back by hooks.release when the item ends. */
void pipeline_take(pipeline *self, partition *p, const record_source *source, void *message);
/* Work that callbacks left behind (judging, deaths): to be called once a turn of the loop, and before an epoch is formed. */
void pipeline_settle(pipeline *self);
/* The article id that a tombstone deletes (`intake.identity = key`). */
void pipeline_tombstone_id(const pipeline *self, const item *it, uint8_t out[ARTICLE_ID_BYTES]);
/* A finished item could not be produced (the broker refuses it): dead letter. */
void pipeline_refuse(pipeline *self, item *it, const char *code, const char *why);
/* The item's epoch is committed: counted, logged, freed. */
void pipeline_end(pipeline *self, item *it, uint32_t segment);
/* Hands back everything of a partition (revoked) or, with NULL, of all (rewind): cancelled, forgotten, freed; nothing may be frozen. */
void pipeline_drop(pipeline *self, partition *p);

bool pipeline_is_high(const pipeline *self);
size_t pipeline_bytes(const pipeline *self);             /* in flight */

/* The balance: taken = published + duplicates + filtered + dead + tombstones + returned + in flight, each feed record once. */
typedef struct pipeline_counts {
	uint64_t taken, returned, published, duplicates, filtered, dead, tombstones;
	uint64_t articles, revisions, duplicate_parts, dropped_duplicates;       /* parts */
	uint64_t alerts;
	uint64_t filtered_by[FILTER_CONDITIONS];                                 /* parts */
	uint64_t dead_by_code[FAULT_CODES];
	uint64_t bytes_in, bytes_out;
} pipeline_counts;
const pipeline_counts *pipeline_counts_get(const pipeline *self);

#endif
