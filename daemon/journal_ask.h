/* journal_ask.h - questions about the journal topic that only a blocking call answers: how many partitions it has, and where each begins and ends.
 *
 * Owns a Kafka handle that sees what is not committed yet, and a thread that asks. Questions are numbered; an answer to a later one answers the earlier ones, too. It
 * is told by `wake_fd` (an eventfd of the asker's). Trouble outside is told once and tried again, for as long as it takes. Loop thread, except what the thread does. */
#ifndef DAEMON_JOURNAL_ASK_H
#define DAEMON_JOURNAL_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct settings;

typedef struct journal_ask journal_ask;

typedef struct journal_answer {
	uint64_t question;       /* the number of the newest one when it was asked */
	bool missing;            /* (first answer only) there is no such topic */
	size_t count;            /* partitions */
	int64_t *low, *high;     /* offsets: first one there is; behind the last one, committed or not. Of whoever took the answer (journal_answer_free) */
	int64_t retention_ms;    /* (first answer only) -1: for ever; 0: not told */
	bool compact;            /* (first answer only) cleanup.policy has it */
} journal_answer;

/* NULL with lines in `errors`. Everything is borrowed. */
journal_ask *journal_ask_new(const struct settings *settings, int wake_fd, buf *errors);
void journal_ask_start(journal_ask *self);       /* the thread */
uint64_t journal_ask_put(journal_ask *self);     /* asks; the number of the question, from 1 on */
bool journal_ask_get(journal_ask *self, journal_answer *out);    /* the newest answer, if it was not taken yet */
void journal_answer_free(journal_answer *self);
void journal_ask_free(journal_ask **self);       /* waits for the call in hand: up to a second */

#endif
