/* ends.h - where the input partitions end, asked every ten seconds.
 *
 * librdkafka learns the end of a partition only with a fetch, so the lag would stand still while nothing is fetched: paused by an operator, enough waits already, or a fault. 2.0 has only
 * calls that block for such a question (ListOffsets of the admin client came with 2.3), hence a thread. Owns it, the question and the answer; borrows the consumer until ends_free.
 * An unanswered question is asked again at the next turn; trouble with the broker is told by the intake. Loop thread, except what the thread does. */
#ifndef DAEMON_ENDS_H
#define DAEMON_ENDS_H

#include <librdkafka/rdkafka.h>

#include "daemon/ledger.h"

typedef struct ends ends;

ends *ends_new(rd_kafka_t *consumer);
void ends_free(ends **self);                     /* waits for the call in hand: up to a second */
/* The newest answers go into `end` of the partitions, and these are what is asked for next. Call every few seconds, and when some were assigned. */
void ends_look(ends *self, ledger *partitions);

#endif
