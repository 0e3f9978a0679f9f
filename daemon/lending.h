/* lending.h - the tasks of one stage: who waits, who is lent to which worker, who is suspected of having killed one.
 *
 * The policy of promise 7 without a socket and without a clock, so that it can be tested step by step. Owns the tasks; a ticket belongs to the
 * caller; borrowers (the workers' side of the ledger) live in the caller's memory between lending_join and lending_part. Loop thread only.
 *
 * States:   QUEUED -> LENT -> gone (lending_settle)
 *                       |  worker failed
 *                       v
 *                    SUSPECT -> LENT alone (the trial; one at a time in a stage) -> gone, or SUSPECT again, or FAILED -> gone (lending_pop_failed)
 *
 * Who is to blame when a worker dies with work in hand, the worker or the task?
 *   - A worker is PROVEN once it answered any task since its READY: its build, model and machine are able to work.
 *   - A failed attempt of a task counts when the worker that failed was proven, or when another worker of the pool answered something between the
 *     lending and the failure. Otherwise nothing is known against the task and nothing is counted.
 *   - A suspect is lent alone, to a proven worker that holds nothing else; so its next failure counts. While suspects wait, one proven worker is
 *     not filled up, so that it becomes empty.
 *   - When no worker is proven (the last one died, was started again and is new), an empty one must prove itself first: by the canary - a copy of
 *     a task that this stage answered earlier, its answer is thrown away -, else by one fresh task, else by the suspect that failed least often.
 *   - The third counted attempt (stage.attempts) fails the task.
 * So a lone poison record costs three workers and is dead-lettered, even when nothing else comes in; and in a pool of a broken build nobody is
 * ever proven, nothing is ever counted: the flow stands still until a good worker comes. A poison record that is the very first this stage ever
 * sees cannot be told from a broken build: it waits for other work. */
#ifndef DAEMON_LENDING_H
#define DAEMON_LENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wire.h"

typedef struct lending lending;
typedef struct task task;

typedef struct task_list {
	task *first, *last;
	size_t count;
} task_list;

/* A worker as the ledger sees it. Zeroed, with credit set, before lending_join. */
typedef struct borrower {
	unsigned credit;                         /* messages it may hold */
	bool closed;                             /* gets nothing more (leaving, gone) */
	bool proven;                             /* answered something */
	task_list held;                          /* what it holds, in the order lent */
	unsigned messages;                       /* messages it holds */
	unsigned rows[WIRE_CREDIT_MAX];          /* unanswered tasks of each of them; 0: free */
	bool alone;                              /* holds a trial or a proof: nothing else until that is back */
	struct borrower *next;
} borrower;

typedef struct lending_rules {
	unsigned attempts, batch_tasks;
	size_t batch_bytes;
	uint32_t deadline_ms, deadline_ms_per_mb;
} lending_rules;

struct task {
	void *ticket;                            /* NULL: cancelled, or the canary */
	size_t bytes;
	uint64_t lease;                          /* new at each lending; low 32 bits: place in the table */
	uint32_t place;
	uint32_t deadline_ms;                    /* of this lending */
	uint32_t lendings;                       /* so far; the attempt number on the wire */
	uint32_t tries;                          /* lendings that failed */
	unsigned counted;                        /* of them, those that count against it */
	int64_t queued_us;                       /* when it was submitted */
	uint64_t answered_then;                  /* answers of the pool when it was lent */
	borrower *to;
	unsigned message;                        /* slot in to->rows */
	bool canary;
	const char *code;                        /* of the last failure: stage.crash, stage.timeout */
	char how[64];                            /* and what happened */
	task_list *list;                         /* the list it is on */
	task *prev, *next;
};

lending *lending_new(const lending_rules *rules, uint64_t seed);         /* seed: where lease numbers begin */
void lending_free(lending **self);
void lending_set_rules(lending *self, const lending_rules *rules);

void lending_join(lending *self, borrower *who);
void lending_part(lending *self, borrower *who);                         /* holds nothing any more */

void lending_submit(lending *self, void *ticket, size_t bytes, int64_t now_us);
bool lending_cancel(lending *self, void *ticket);                        /* false: no such ticket */

/* Decides on the next message: lends up to WIRE_TASKS_MAX tasks to *who. Returns their number; 0: nothing to lend now. */
size_t lending_next(lending *self, borrower **who, task *tasks[WIRE_TASKS_MAX]);
/* The message just decided on could not be sent: as if it had not been decided. */
void lending_undo(lending *self, borrower *who, task *const *tasks, size_t count);

task *lending_find(const lending *self, const borrower *who, uint64_t lease, unsigned attempt);  /* NULL: late, twice, or never lent to it */
/* The task was answered: it is gone, its ticket is returned (NULL: nobody waits for it). */
void *lending_settle(lending *self, task *task);
/* The worker died, hung or talked nonsense: all it holds are suspects now, or failed. `code` is a constant. */
void lending_fail(lending *self, borrower *who, const char *code, const char *how);
/* The worker gave its work back politely. */
void lending_return(lending *self, borrower *who);
/* Next task that failed for good, taken off; the caller frees it with lending_forget. */
task *lending_pop_failed(lending *self);
void lending_forget(lending *self, task *task);

/* The canary: a copy of a task that was answered. The caller offers what it lends (`task` as it was filled); the copy is taken only when there is
 * no canary yet and it is small. */
void lending_offer_canary(lending *self, const task *lent, const mr_task *filled);
const mr_task *lending_canary(const lending *self);                      /* what to fill the canary's task with */

uint32_t lending_longest(const borrower *who);                           /* longest deadline among what it holds, ms */
size_t lending_queued(const lending *self);                              /* suspects counted */
size_t lending_lent(const lending *self);
size_t lending_suspects(const lending *self);
bool lending_healthy(const lending *self);                               /* some worker may work, and if anything is suspected, one is proven */

#endif
