/* ledger.h - what is in flight, partition by partition, in offset order.
 *
 * Owns the partitions and the lists of their items; knows nothing of what an item is worth. Invariants: offsets grow along a list;
 * the committed offset of a partition is never behind a record that has no outcome (epoch.c takes prefixes only). Loop thread. */
#ifndef DAEMON_LEDGER_H
#define DAEMON_LEDGER_H

#include "daemon/item.h"

typedef struct ledger ledger;

ledger *ledger_new(void);
void ledger_free(ledger **self);                 /* all partitions must be empty */
/* A partition was assigned: new state, new generation. It must not be there yet. */
partition *ledger_assign(ledger *self, const char *topic, int32_t number);
/* The partition is given away; its list must be empty. */
void ledger_remove(ledger *self, partition **p);
partition *ledger_find(ledger *self, const char *topic, int32_t number);
partition *ledger_first(ledger *self);           /* list by partition->next, in order of assignment */
void ledger_append(ledger *self, item *added);   /* offset must be larger than that of the tail */
void ledger_unlink(ledger *self, item *removed); /* leaves the list (judge_next moves on); the caller frees it */
size_t ledger_count(const ledger *self);         /* items in flight */

#endif
