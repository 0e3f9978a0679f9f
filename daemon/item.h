/* item.h - one feed record in flight, its parts, and the input partition it came from: the nouns that pipeline, judge, ledger and epoch share.
 *
 * An item owns the Kafka message it was made of (a dead letter needs the bytes unchanged), the parsed record and its parts; it is created by
 * pipeline_take and freed when its epoch is committed or its partition dropped. Each field says which module alone writes it.
 *
 * States of an item, and who moves it:
 *   STAGED -> READY           pipeline: every part has passed the stages before the judge
 *   STAGED, READY -> REPEAT   judge: byte-equal to a feed record in flight or to one that is settled (an article or, by its alias, a duplicate); `bound` once it is
 *                             known what the other one is
 *   READY  -> JUDGED          judge (second look), in offset order of its partition
 *   JUDGED -> DONE            pipeline: every part is an article with its record dumped, or a duplicate, or filtered
 *   any    -> DEAD            pipeline: one part failed (a page is atomic)
 *   JUDGED, DONE -> READY     judge: verdicts are taken back, because an owner is gone (rule R6)
 *   REPEAT -> STAGED          judge: what it repeats is gone, or a revision withheld; READY, if it has been that before (it keeps its parts meanwhile)
 * A bound REPEAT, DONE and DEAD are finished: an epoch may take them. A frozen item is part of the epoch in hand and is not touched by anybody. */
#ifndef DAEMON_ITEM_H
#define DAEMON_ITEM_H

#include "common/filter.h"
#include "common/record.h"
#include "common/sketch.h"

typedef struct item item;
typedef struct part part;
typedef struct partition partition;

enum item_state { ITEM_STAGED, ITEM_READY, ITEM_REPEAT, ITEM_JUDGED, ITEM_DONE, ITEM_DEAD };

enum part_state {
	PART_STAGED,             /* in a stage before the judge, or waiting for the verdict */
	PART_ARTICLE,            /* judged new or revision; in the later stages until `finished` */
	PART_DUPLICATE,          /* judged a copy */
	PART_FILTERED,           /* judged what would be an article, but sink.filter keeps it out: no entry, nothing leaves */
};

enum item_mark { MARK_NONE, MARK_GONE, MARK_AGAIN };

/* One article of a feed record. */
struct part {
	item *item;
	article *doc;            /* pipeline; NULL before the first stage has answered */
	buf blob;                /* judge: what the stage dedup has answered (common/sketch_pieces.h): kept, because a verdict may be given again */
	sketch *sketch;          /* judge: of what counts in the text; NULL before the stage dedup has answered */
	uint32_t left_out;       /* judge: pieces of the text that `sketch` is without, bit by bit */
	uint64_t source;         /* judge: hash of its source, whose repeated lines the verdict knew; 0: it has none, or a text that is not cut */
	enum part_state state;   /* judge */
	size_t stage;            /* pipeline: number of the stage it is in or waits for */
	bool lent;               /* pipeline: a stage holds it */
	bool enriched;           /* pipeline: the stages behind the judge have answered (kept when judged again) */
	enum filter_condition filtered;  /* pipeline: what keeps it from being published (known before it is judged); FILTER_NONE: nothing */
	record_fault *failure;   /* pipeline: a stage behind the judge failed on it (kept, too); NULL: none */
	int failed_attempts;     /* pipeline: of that failure */
	bool finished;           /* pipeline: `out` holds its record */
	verdict verdict;         /* judge */
	bool withheld;           /* judge: a duplicate only because of dedup.max_revisions: on another day it may be an article */
	int64_t owner_clock_ms;  /* judge: clock of what `verdict` names, if anything */
	uint32_t entry;          /* judge: number of its pending entry; 0 unless PART_ARTICLE with the index on */
	part *owner;             /* judge: the part in flight it waits for (duplicate: its owner, revision: its base); NULL: settled, or none */
	part *waiters;           /* judge: parts that wait for this one, linked by next_waiter */
	part *next_waiter, **prev_waiter;
	buf out;                 /* pipeline: JSON of its record */
	size_t topics;           /* pipeline: how many topics `out` goes to */
	int64_t made_ms;         /* pipeline: wall clock, when it was written */
	buf alerts;              /* pipeline: its alerts, each a line with the key and one with the record */
	size_t alert_count;      /* pipeline */
	size_t bytes;            /* pipeline: what it was counted with */
};

struct item {
	partition *partition;
	item *next, *prev;       /* ledger: neighbours in offset order */
	int64_t offset;
	enum item_state state;
	bool frozen;             /* epoch */
	bool bare;               /* epoch: its dead letter was refused, it leaves without value, key and the input's headers */
	unsigned in_set;         /* epoch: number of the search that has it in its set */
	bool tombstone;
	bool withheld;           /* pipeline: nothing is published for it (tombstone without key identity, dropped duplicate) */
	record_source source;    /* borrowed from `message` */
	void *message;           /* pipeline: given back with the hook `release` */
	record *rec;             /* pipeline; NULL for tombstones and when parsing failed */
	part **parts;            /* pipeline; at least one from the first submit on */
	size_t part_count;
	size_t open;             /* pipeline: parts that are not yet ready for what comes next */
	record_fault fault;      /* pipeline: why it is DEAD */
	int attempts;
	int64_t first_fault_ms, last_fault_ms;   /* wall clock */
	bool died_judged;        /* pipeline: died behind the judge; judged again it may turn out a duplicate and live (R6) */
	uint8_t fingerprint[16]; /* pipeline */
	bool registered;         /* judge: stands in the table of fingerprints in flight */
	item *next_registered;   /* judge: chain of that table */
	bool bound;              /* judge: REPEAT whose repeat_verdict holds */
	enum item_mark mark;     /* judge: scratch of the search for verdicts to take back */
	item *repeat_of;         /* judge: REPEAT of an item in flight; NULL: of a settled article or duplicate */
	item *repeats, *next_repeat, **prev_repeat;      /* judge: items that repeat this one */
	verdict repeat_verdict;  /* judge */
	int repeat_pages;        /* judge: page_count of what is repeated */
	buf out;                 /* pipeline: record of a repeat */
	int64_t made_ms;         /* pipeline: wall clock, when it was written; of a tombstone, when it was read */
	size_t bytes;            /* pipeline: what it was counted with, parts apart */
	uint64_t sequence;       /* pipeline: order of reading over all partitions */
	int64_t read_us;         /* monotonic clock at intake, for the end-to-end time */
};

/* An input partition while it is assigned. Owned by the ledger. */
struct partition {
	char *topic;
	int32_t number;
	uint64_t generation;     /* of the assignment: results of an older one are refused */
	item *head, *tail;       /* everything unpublished, in offset order */
	item *judge_next;        /* judge: first item not judged yet; NULL: all are */
	int64_t last_offset;     /* last offset seen in this assignment; -1: none */
	int64_t fetched_offset;  /* intake: newest one fetched, taken or waiting; -1: none */
	int64_t position;        /* intake: where the library fetches next, when all that it had was handed over; -1: not known */
	int64_t end;             /* intake: behind its last record, as the broker told last (ends.h); -1: not known */
	int64_t committed;       /* next offset after the last committed epoch; -1: not known */
	bool open;               /* daemon: its records may be judged; without a journal from the start (R4) */
	uint64_t question;       /* daemon: the question to the journal whose answer it waits for; 0: none asked yet */
	bool parked;             /* steer: an operator has paused it; it is not open meanwhile */
	bool held;               /* intake: records came before it was open; it is paused until then */
	bool leaving;            /* intake: revoked, the answer is being prepared: nothing new is taken */
	bool resetting;          /* intake: its topic was made anew; records of the new log wait until the old ones have ended */
	size_t count;            /* items in the list */
	partition *next;
};

item *item_new(partition *p, int64_t offset);
/* Frees everything but the message, which the pipeline gives back first. The item must stand in no list. */
void item_free(item **self);
part *item_add_part(item *self);
void item_clear_parts(item *self);
/* What has become of a judged part, in the word that log lines and pages use: published, revision, duplicate, filtered. */
const char *part_outcome(const part *self);

/* Codes of dead letters (docs/record.md); FAULT_OTHER: any other word. */
enum fault_code { FAULT_NOT_JSON, FAULT_NOT_UTF8, FAULT_BAD_NUMBER, FAULT_NUL, FAULT_TOO_DEEP, FAULT_TOO_LARGE, FAULT_NO_TEXT, FAULT_TIMEOUT, FAULT_CRASH,
		  FAULT_REFUSED, FAULT_OUTPUT_TOO_LARGE, FAULT_OTHER, FAULT_CODES };
extern const char *const fault_names[FAULT_CODES];
bool item_finished(const item *self);            /* bound REPEAT, DONE, DEAD */
bool item_filtered(const item *self);            /* JUDGED or DONE, and all its parts are filtered: an outcome of its own */
size_t item_out_bytes(const item *self);         /* of the values that leave for it */

#endif
