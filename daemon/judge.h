/* judge.h - new, duplicate or revision: the verdicts, in order, and taking them back.
 *
 * Owns the order of judging, the table of fingerprints in flight and the links between those who wait and what they wait for. It reads and
 * fills the index; it starts no work itself (hooks) and knows neither stages nor Kafka.
 *
 * Rules (docs/design.md; tests/model/epoch.pml proves them):
 *  - Items are judged per partition in offset order; a repeat at the front waits until it is known whether what it repeats brings an article. That
 *    cannot lock: what is repeated was read earlier, so waiting follows the order of reading. A repeat bound to a record that was read later (second look)
 *    does not wait for it again when both verdicts are taken back: it is released.
 *  - The first look (fingerprint, at intake) only spares work: at its turn a record is looked at again, so the outcome depends on the order of
 *    judging alone.
 *  - R2  pending entries go when their item dies or is dropped; an abort that keeps results keeps them.
 *  - R6  when items are gone, every verdict of a partition from its first waiter on is given again, in order, and so for whoever waits for one of those. A verdict that knew
 *        what a gone article of its partition has taught of their source (edges.h) counts as a waiter's.
 *  - What sink.filter keeps out is known before the turn (part.filtered). It is judged as if it died at that moment: a copy of something published is a duplicate, anything else is
 *        filtered and leaves no entry, so nothing can become its duplicate, and nothing has to be judged again because of it.
 *  - R7  whoever waits for a settled article waits for nothing: its verdict stands.
 * Loop thread. */
#ifndef DAEMON_JUDGE_H
#define DAEMON_JUDGE_H

#include "daemon/index.h"
#include "daemon/ledger.h"

typedef struct judge judge;

typedef struct judge_hooks {
	void (*judged)(void *arg, item *it);     /* JUDGED: every part has its verdict */
	void (*bound)(void *arg, item *it);      /* REPEAT with a verdict; parts it had are for the hook to take out of the stages, and to clear if it repeats a settled article (no repeat_of) */
	void (*restart)(void *arg, item *it);    /* a repeat is none: it must go through the stages from the start */
	int64_t (*wall_ms)(void *arg);
	void *arg;
} judge_hooks;

/* `index` NULL: nothing is compared, everything is new. */
judge *judge_new(ledger *partitions, index_t *index, judge_hooks hooks);
void judge_free(judge **self);
/* False (dedup.duplicates = enrich): byte-equal repeats take the whole way, as every other duplicate does. Before the first item. */
void judge_set_repeats(judge *self, bool repeats);
void judge_set_max_revisions(judge *self, int max_revisions);

/* First look. True: the item is a REPEAT (perhaps bound already); false: it is registered and must be staged. */
bool judge_look(judge *self, item *it);
/* What the stage dedup has answered (sketch_pieces_encode): copied into the part. 0; -1 when it is damaged. */
int judge_sketched(judge *self, part *p, mr_bytes blob) MR_MUST_USE;
/* Judges whatever is ready, in all partitions. Call after an item became READY or DEAD. */
void judge_run(judge *self);
/* The item is dead (its state and died_judged say so): its entries go, verdicts that hung on them are given again (by the next judge_run). One that was judged goes
 * on waiting for what its own verdict hung on: without its base it may be no revision but a duplicate, and live. */
void judge_died(judge *self, item *it);
/* The same for items that are about to be dropped. All their links are cut. */
void judge_gone(judge *self, item *const *gone, size_t count);
/* The epoch of the item is committed: its entries settle in `segment`; who waited for it waits no longer. */
void judge_committed(judge *self, item *it, uint32_t segment);
/* An entry from the journal, written by this instance (`own`) or another one. Returns its number in the index; 0: nothing to remember, because the index has it, or
 * because our epoch in hand brings it. A part of ours with these coordinates (we are a zombie: its partition is another daemon's) keeps nobody waiting any more (R7). */
uint32_t judge_followed(judge *self, const index_entry *entry, bool own);
/* The part of an item that its repeats follow; NULL: it brings no article. */
const part *judge_article_of(const item *it);

/* What is to be remembered of an item that ends as a duplicate, so that its byte-equal repeats are told the same: false when they must be looked at themselves. */
bool judge_alias(const judge *self, const item *it, index_entry *alias);

typedef struct judge_counts {
	uint64_t articles, duplicates, revisions, withheld, repeats, taken_back;
	uint64_t trimmed;        /* texts judged without lines that their source repeats */
} judge_counts;
judge_counts judge_counts_get(const judge *self);

#endif
