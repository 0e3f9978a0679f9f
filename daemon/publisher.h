/* publisher.h - the Kafka end of an epoch: the transaction thread.
 *
 * Owns the producer and, while it runs, the index log. One thread of its own makes every blocking call (init, produce, send offsets, commit, abort,
 * sync of the log); it takes one job at a time and answers through an eventfd, so hooks run on the loop thread. The sequence of an epoch, each step as safe to die
 * after as the next: log (first what was followed in the journal) -> sync -> begin -> produce -> offsets -> commit -> mark. With publish.delivery = at-least-once: log -> sync -> produce ->
 * flush -> commit of the offsets -> mark.
 *
 * Errors of the library: abortable -> abort, then KEPT or (group error) REWIND; retriable -> the same call again after a pause; fatal or unmarked -> FATAL,
 * the process leaves and is started again. */
#ifndef DAEMON_PUBLISHER_H
#define DAEMON_PUBLISHER_H

#include <librdkafka/rdkafka.h>

#include "daemon/index_log.h"
#include "daemon/publish.h"

struct event_base;
struct settings;

typedef struct publisher publisher;

/* What the start found out. */
typedef struct publisher_ready {
	bool fatal;                      /* the producer cannot be had; `why` says so: leave the process */
	bool tail_committed;             /* the epoch in doubt of the log was committed */
	size_t max_record_bytes;         /* smallest max.message.bytes of the output topics */
	size_t max_dead_bytes;           /* ... of the dead-letter topics that exist */
	size_t max_journal_bytes;        /* ... of the journal, if there is one */
	int64_t patience_us;             /* how long the broker lets a transaction stand open; 0: no transactions */
	char why[200];
} publisher_ready;

typedef struct publisher_hooks {
	void (*ready)(void *arg, const publisher_ready *ready);
	void (*done)(void *arg, const publish_result *result);
	void (*followed)(void *arg, const publish_result *result);       /* of publisher_followed: COMMITTED (written) or FATAL */
	void *arg;
} publisher_hooks;

/* Creates the producer; NULL with lines in `errors` when the configuration is bad. `consumer` lends the group's metadata; `log` NULL: no index. */
publisher *publisher_new(struct event_base *base, const struct settings *settings, rd_kafka_t *consumer, index_log *log, publisher_hooks hooks, buf *errors);
/* Starts the thread: init_transactions (waits for brokers as long as it takes), then the fate of the log's tail, then the topics' limits; answers `ready` once. */
void publisher_start(publisher *self);
void publisher_submit(publisher *self, publish_batch *batch);    /* takes it; one at a time */
/* Takes what was followed in the journal while there is no epoch to carry it: it is written to the log and synced. Counts as a job: neither may be in hand. */
void publisher_followed(publisher *self, publish_followed *followed);
bool publisher_is_stuck(const publisher *self, int64_t now_ms, int64_t than_ms);  /* a job takes longer than that */
/* Ends the thread (waits at most `wait_ms` for the job in hand), closes producer and index log. False: it hangs; leave by _exit. */
bool publisher_stop(publisher **self, int wait_ms);

#endif
