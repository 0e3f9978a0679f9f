/* intake.h - the Kafka end of the input: a member of the consumer group, driven by events in the loop.
 *
 * Owns the consumer and what was fetched and not taken yet. Records, rebalances and errors arrive on one queue, woken by an eventfd and polled by a timer as
 * well (an idle topic with event-only polling is thrown out of its group). The ledger's partitions are made and removed here. A revocation is answered only when the loop says so (intake_answer):
 * the transaction that is open ends first. How much waits in Kafka is told by the library's last fetch and by ends.h, which it owns. Loop thread.
 *
 * Of a partition:  assigned -> (leaving -> removed)       revoked
 *                          \-> held -> assigned           not open (the journal is caught up with first, or an operator has paused it)
 *                          \-> resetting -> assigned      the topic was made anew: new records wait until the old ones have ended */
#ifndef DAEMON_INTAKE_H
#define DAEMON_INTAKE_H

#include <librdkafka/rdkafka.h>

#include "daemon/ledger.h"

struct event_base;
struct settings;

typedef struct intake intake;

typedef struct intake_hooks {
	/* A record for an assigned partition; `message` is given back with intake_release. */
	void (*record)(void *arg, partition *p, const record_source *source, void *message);
	/* Partitions are leaving (flagged). The loop ends or drops what is in flight of them, then calls intake_answer. `lost`: they are gone already. */
	void (*revoke)(void *arg, bool lost);
	void (*assigned)(void *arg, partition *p);
	/* May records of this partition be taken? Asked when the first one has come - so its committed offset is known, and what is asked of others is asked later
	 * than that -, then again and again until it is true. What has come waits, and the partition is paused. */
	bool (*open)(void *arg, partition *p);
	void (*removed)(void *arg, partition *p);
	void (*fatal)(void *arg, const char *why);
	void *arg;
} intake_hooks;

intake *intake_open(struct event_base *base, const struct settings *settings, ledger *partitions, intake_hooks hooks, buf *errors);
void intake_configure(intake *self, const struct settings *settings);    /* a reload: intake.rate */
rd_kafka_t *intake_consumer(intake *self);       /* borrowed: group metadata, committed offsets */
int intake_start(intake *self, buf *errors);     /* subscribes: after init_transactions and the fate of the log's tail */
/* Nothing is taken any more; up to half of intake.prefetch_bytes is fetched and waits, rebalances are served. Twice is once. */
void intake_pause(intake *self, bool pause);
void intake_answer(intake *self);                /* the leaving partitions hold nothing any more: give them up */
void intake_look(intake *self);                  /* something has changed: partitions may be open now */
/* Group error: every partition goes back to its first record in flight. Call before these are dropped. */
void intake_rewind(intake *self);
void intake_release(void *message);
/* Leaves the group: the answer to the last revocation is needed as to any other. Poll intake_is_closed from the loop. */
void intake_leave(intake *self);
bool intake_is_closed(const intake *self);
/* Nothing of the group is ours, and it is still being put together: the coordinator answers that we leave only behind the join, when all other members have come - minutes, perhaps. */
bool intake_is_joining(const intake *self);
/* After intake_leave: frees everything, when the group was left. False when it was not: the library would wait for it, so its handle stays, and only _exit ends the process. */
bool intake_close(intake **self) MR_MUST_USE;

typedef struct intake_counts {
	uint64_t rebalances, lost, refused_offsets, resets, errors, pauses;
	size_t assigned, held;
	bool paused, connected, revoking;
	bool limited;                            /* records wait that intake.rate does not let in yet */
} intake_counts;
intake_counts intake_counts_get(const intake *self);
/* Records of a partition that were not read yet, by the last fetch or the question of the last ten seconds (ends.h); -1: not known. */
int64_t intake_lag(const intake *self, const partition *p);

#endif
