/* index_live.h - which entries of an index log still matter, found without an index: of those with the same id and place only the last one, and none that the index would
 * let go as out of its window (index_expire). Limits of the index are not looked at. Used in two passes over the log: see all, then ask. At most 70 bytes of memory
 * an entry (while a table grows). Single thread. */
#ifndef DAEMON_INDEX_LIVE_H
#define DAEMON_INDEX_LIVE_H

#include "daemon/index_entry.h"

typedef struct index_live index_live;

index_live *index_live_new(int64_t window_ms, int64_t now_ms);
void index_live_free(index_live **self);
/* First pass: every entry, in the order of the log. */
void index_live_see(index_live *self, const index_entry *entry, mr_bytes topic);
/* Second pass, the same entries in the same order: whether this one is to be kept. An alias needs an owner somewhere in the log. */
bool index_live_take(index_live *self, const index_entry *entry, mr_bytes topic);

typedef struct index_live_counts {
	uint64_t articles, aliases;      /* that live */
	uint64_t replaced, expired;      /* that do not: a later one of the same place; out of the window (aliases without an owner count here) */
} index_live_counts;
/* After the first pass, without a second one: aliases are counted by their own time only. */
index_live_counts index_live_count(const index_live *self);

#endif
