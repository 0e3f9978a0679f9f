/* journal.h - following the journal: what every daemon of the group published becomes known here.
 *
 * Owns a consumer of its own (read_committed, all partitions, in no group), driven by events in the loop, and the asker of journal_ask.h. Entries of other daemons are
 * handed to the hook as they come, own ones too: after a crash the journal knows more than the log (rule R3). What the hook took is kept as frames for the log
 * until somebody writes them (journal_take); positions are told with them.
 *
 * Rule R4: who wants to judge a partition asks (journal_ask_now) and waits until the answer is reached (journal_reached): all that stood in the journal when it was asked, committed or
 * not yet, has been followed or turned out to be void. A transaction of another daemon that hangs delays this until it ends, by transaction.timeout.ms at most.
 *
 * States: asked (is there such a topic, from where to where?) -> following. Loop thread. */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "daemon/index_entry.h"
#include "daemon/publish.h"

struct event_base;
struct settings;

typedef struct journal journal;

typedef struct journal_hooks {
	/* An entry that was published; its topic's name apart. `own`: by this instance. The number under which the index took it; 0: known already, or not wanted. */
	uint32_t (*entry)(void *arg, index_entry *entry, mr_bytes topic, bool own);
	void (*written)(void *arg, uint32_t number, uint32_t segment);   /* that entry stands in this segment of the log now */
	void (*moved)(void *arg);                /* positions or answers have moved: something may be reached */
	void (*unusable)(void *arg, const char *why);    /* it cannot be followed as it is configured; no call of it comes after this */
	void *arg;
} journal_hooks;

/* The topic is dedup.journal. NULL with lines in `errors`. */
journal *journal_open(struct event_base *base, const struct settings *settings, journal_hooks hooks, buf *errors);
void journal_close(journal **self);
/* Begins to follow, from these positions on (index_log_positions), a partition without one from its beginning. The question that this asks is number 1. */
void journal_start(journal *self, mr_bytes positions);

uint64_t journal_ask_now(journal *self);                         /* the number of the question */
bool journal_reached(const journal *self, uint64_t question);

/* What was followed and not written yet, with the positions; false: nothing has changed since the last call. Belongs to whoever takes it; once it stands in the log,
 * journal_written says where. Not again before that. */
bool journal_take(journal *self, publish_followed *out);
void journal_written(journal *self, uint32_t segment);
size_t journal_waiting(const journal *self);     /* bytes of what was followed and not taken */

/* Values of the headers of own messages (journal_message.h). */
const char *journal_own_versions(const journal *self);

typedef struct journal_counts {
	uint64_t followed, skipped;      /* entries taken; entries of other versions, or damaged */
	int64_t lag;                     /* messages between our positions and the ends as last asked; -1: not known yet */
	bool reached;                    /* no question is open */
} journal_counts;
journal_counts journal_counts_get(const journal *self);

#endif
