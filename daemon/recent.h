/* recent.h - the latest articles and dead letters, for people who look: the last RECENT_COUNT outcomes, each with the record as it went out, or, where none did (a dead letter,
 * what was filtered or withheld), with what is known of it in the short form.
 *
 * Owns copies, at most RECENT_COUNT * RECENT_RECORD_BYTES; of a longer record the long members are left out. To remember costs one copy of the record's bytes (of the short
 * form: its making); everything else is done when somebody asks. Loop thread. */
#ifndef DAEMON_RECENT_H
#define DAEMON_RECENT_H

#include "daemon/item.h"

enum { RECENT_COUNT = 100, RECENT_RECORD_BYTES = 64 * 1024 };

typedef struct recent recent;

recent *recent_new(void);
void recent_free(recent **self);
/* The outcome of a feed record: one entry for each of its parts, one for a repeat, a tombstone or a dead letter. */
void recent_add(recent *self, int64_t at_ms, const item *it);

/* Appends {"next","articles"}: the entries numbered `since` and later, oldest first; texts are cut where they are long. `next` is what to ask for the next time. A `since` beyond
 * it is of another life of the daemon: everything is given. */
void recent_render(const recent *self, uint64_t since, buf *out);
/* Appends the entry with its whole record: {"seq",...,"record":{...}}. -1: it is gone or has never been. */
int recent_render_one(const recent *self, uint64_t seq, buf *out);

#endif
