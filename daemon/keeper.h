/* keeper.h - keeps index and log within window and limits, once a second, and says when entries go before their time.
 *
 * The index itself keeps to its limits of entries and memory; the keeper lets expire what is out of the window, empties the oldest log segments when the log is
 * larger than `dedup.max_log` (the file goes with the next epoch but one), and warns once when a limit is reached, again when it is reached
 * after an hour without. Loop thread. */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include "daemon/index.h"

typedef struct keeper {
	index_t *index;                  /* borrowed */
	size_t max_log_bytes;
	size_t warnings;                 /* given so far */
	uint64_t evicted;                /* by the last look */
	int64_t evicted_ms;              /* wall clock of the last look that found entries gone before their time; 0: none did */
	uint64_t wait_epochs;            /* no more log segments are emptied before so many epochs are committed */
} keeper;

/* What the keeper cannot see itself. */
typedef struct keeper_view {
	int64_t now_ms;                  /* wall clock */
	uint64_t log_bytes, epochs;      /* size of the log; how often it was written: epochs committed, and what was followed in the journal by itself */
	uint32_t segment;                /* of the log, that the last epoch was written to; 0: none yet */
} keeper_view;

keeper keeper_of(index_t *index, size_t max_log_bytes);
void keeper_look(keeper *self, const keeper_view *view);

#endif
