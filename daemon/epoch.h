/* epoch.h - what leaves together: the largest set of finished prefixes in which every duplicate is accompanied or preceded by its owner.
 *
 * Forms epochs, builds their batch (messages in order of partition and offset, offsets, log entries) and, on the answer, ends the items or
 * thaws them. At most one epoch is in hand; the loop goes on working for the next one. Rules R1 (every epoch has a head in the log), R2 (an abort that keeps
 * results keeps pending entries) and R5 (a limit never empties an epoch) live here; docs/design.md, tests/model/epoch.pml. Loop thread. */
#ifndef DAEMON_EPOCH_H
#define DAEMON_EPOCH_H

#include "daemon/pipeline.h"
#include "daemon/publish.h"

typedef struct epochs epochs;

typedef struct epoch_hooks {
	void (*publish)(void *arg, publish_batch *batch);        /* takes the batch; answers later through epochs_answer, never from inside */
	void *arg;
} epoch_hooks;

/* `next_epoch`: number of the first epoch (index_log_next_epoch, or 1 without an index). Everything is borrowed. */
epochs *epochs_new(const struct settings *settings, pipeline *pipe, ledger *partitions, index_t *index, uint64_t next_epoch, epoch_hooks hooks);
void epochs_free(epochs **self);
void epochs_configure(epochs *self, const struct settings *settings);
/* Key and value together that a dead-letter record may have; beyond that the value is sent as null, then the key (the coordinates stand in the headers). */
void epochs_set_max_dead(epochs *self, size_t bytes);

/* With a journal every entry of an epoch is a message of its own, too, with two headers (journal.h): both borrowed. NULL: no journal (the beginning). */
void epochs_set_journal(epochs *self, const char *versions, const char *instance);

/* How long the broker lets a transaction stand open (transaction.timeout.ms); 0 (the beginning): no limit. From then on an epoch is no larger than what the
 * broker takes in half of that time: begun small, doubled and halved by what commits take. Beyond its patience it would fence us, at every start anew. */
void epochs_set_patience(epochs *self, int64_t patience_us);

/* Forms an epoch if none is in hand and it is time (now_ms: monotonic), or something is finished and `force`. True when one was handed over. */
bool epochs_poll(epochs *self, int64_t now_ms, bool force);
/* The result of the epoch in hand. COMMITTED: its items are ended. KEPT: they are thawed and will be in a later one. REWIND, FATAL: thawed; the caller
 * drops them (pipeline_drop) or leaves. */
void epochs_answer(epochs *self, const publish_result *result);
bool epochs_busy(const epochs *self);            /* one is in hand */
bool epochs_is_idle(const epochs *self);         /* none in hand and nothing finished that could leave */

typedef struct epoch_counts {
	uint64_t committed, kept, rewound;       /* epochs */
	uint64_t records, bytes, entries;        /* of committed ones; entries of the index, aliases too */
	int64_t started_ms;                      /* monotonic; of the one in hand, else -1 */
} epoch_counts;
epoch_counts epochs_counts_get(const epochs *self);

#endif
