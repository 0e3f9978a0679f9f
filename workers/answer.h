/* answer.h - what a stage says about one task, while it is being said: the shell's side of mr_answer (include/millrace/stage.h).
 *
 * One object serves all tasks of a worker, one after the other: answer_begin forgets the last answer and keeps the memory. Owns its parts and
 * their patches. The worker's only thread. */
#ifndef WORKERS_ANSWER_H
#define WORKERS_ANSWER_H

#include "common/wire.h"

mr_answer *answer_new(void);
void answer_free(mr_answer **self);
void answer_begin(mr_answer *self);
/* Writes the answer as one row of a RESULT. No part and no refusal: one part that changes nothing. An answer that cannot be written (a patch
 * that is not UTF-8), or of more than `limit` bytes, becomes a refusal: the article is wrong for this stage, not the worker. */
void answer_write(mr_answer *self, wire_batch *out, uint64_t lease, unsigned attempt, uint32_t micros, size_t limit);

#endif
