/* publisher.h - the Kafka end of an epoch: the transaction thread.
 *
 * Owns the producer and, while it runs, the index log. One thread of its own makes every blocking call (init, produce, send offsets, commit, abort,
 * sync of the log); it takes one job at a time and answers through an eventfd, so hooks run on the loop thread. The sequence of an epoch, each step as safe to die
 * after as the next: log -> sync -> begin -> produce -> offsets -> commit -> mark. With publish.delivery = at-least-once: log -> sync -> produce ->
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
	int64_t patience_us;             /* how long the broker lets a transaction stand open; 0: no transactions */
	char why[200];
} publisher_ready;

typedef struct publisher_hooks {
	void (*ready)(void *arg, const publisher_ready *ready);
	void (*done)(void *arg, const publish_result *result);
	void *arg;
} publisher_hooks;

/* Creates the producer; NULL with lines in `errors` when the configuration is bad. `consumer` lends the group's metadata; `log` NULL: no index. */
publisher *publisher_new(struct event_base *base, const struct settings *settings, rd_kafka_t *consumer, index_log *log, publisher_hooks hooks, buf *errors);
/* Starts the thread: init_transactions (waits for brokers as long as it takes), then the fate of the log's tail, then the topics' limits; answers `ready` once. */
void publisher_start(publisher *self);
void publisher_submit(publisher *self, publish_batch *batch);    /* takes it; one at a time */
bool publisher_is_stuck(const publisher *self, int64_t now_ms, int64_t than_ms);  /* a job takes longer than that */
/* Ends the thread (waits at most `wait_ms` for the job in hand), closes producer and index log. False: it hangs; leave by _exit. */
bool publisher_stop(publisher **self, int wait_ms);

#endif
