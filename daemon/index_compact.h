/* index_compact.h - `millrace index compact`: the index log is written anew with the entries that still matter (index_live.h), without damage, in the newest format.
 *
 * The folder is locked all the time. The new segments are written beside the old ones under names that nobody reads, synced, and renamed in ascending order; then the
 * old ones are removed in ascending order. Whenever this is interrupted, the folder holds all that it held: entries that stand in it twice are one entry when
 * they are read, and files without their final name are removed at the next start. Log id, largest epoch number, the epoch in doubt and the positions in the journal
 * stay. Entries that were of an epoch stand by themselves then. */
#ifndef DAEMON_INDEX_COMPACT_H
#define DAEMON_INDEX_COMPACT_H

#include "daemon/index_scan.h"

typedef struct index_compaction {
	uint64_t bytes_before, bytes_after;
	size_t segments_before, segments_after;
	uint64_t articles, aliases, dropped;     /* kept; not kept */
} index_compaction;

/* 0; -1 with a line in `errors` and the folder as it was (but for damage, which is closed and reported in the log as at a start); *locked: another process has
 * it. `progress` may be NULL. */
int index_compact(const char *folder, const index_log_identity *identity, int64_t window_ms, int64_t now_ms, void (*progress)(void *arg, uint64_t done, uint64_t all), void *arg,
		  index_compaction *result, bool *locked, buf *errors) MR_MUST_USE;

#endif
