/* index_log.h - what makes the index durable: an append-only, checksummed log of epochs, in segments.
 *
 * An epoch stands in the log as a head (number, next offsets), its entries, and - after its Kafka commit - a mark. Head and entries are synced BEFORE the
 * commit (rule R1: also when there are no entries); the mark is not synced by itself, the next epoch's sync carries it. Reading:
 *   - a marked epoch counts;
 *   - an unmarked epoch that another one follows does not count (it was aborted);
 *   - the last epoch, unmarked, is in doubt (the TAIL): it counts if Kafka's committed offsets prove that its transaction was committed.
 * The proof is the metadata string committed with the offsets, `<instance>:<log id>:<epoch>` (index_log_proof): another member of the group may have taken the
 * partition over and committed beyond, so an offset alone proves nothing.
 *
 * With a journal (journal.h) the log is its cache as well (rule R3). Between epochs stand entries FOLLOWED in the journal, which count at once, whatever becomes of the
 * epochs around them, and POSITIONS: everything that the journal has before them stands in the log, in front of them. What was read after the last ones is read again.
 *
 * Owns the folder (flock; a second daemon is refused) and the files `index-<segment>.log`. One thread at a time: the loop thread opens and reads
 * before the transaction thread starts; then the transaction thread alone appends, syncs, marks and removes. docs/design.md maps the steps to tests/model/epoch.pml. */
#ifndef DAEMON_INDEX_LOG_H
#define DAEMON_INDEX_LOG_H

#include "daemon/index_scan.h"

typedef struct index_log index_log;

/* Makes the folder if it is missing, waits up to `lock_wait_ms` for the lock, reads all segments (index_scan.h: what counts, what is refused). Damage is reported
 * in the log and closed: a torn end is cut off, what has sound frames behind it becomes a frame of its own that is never read again. NULL: `errors` has a
 * line; *locked tells whether another process holds the folder. */
index_log *index_log_open(const char *folder, const index_log_identity *identity, int lock_wait_ms, index_log_visit visit, void *arg, bool *locked, buf *errors);
void index_log_close(index_log **self);
/* What was found when it was opened. */
const index_scan *index_log_found(const index_log *self);
/* Whether a process (this one, too) holds the folder at the moment. */
bool index_log_in_use(const char *folder);

/* The epoch in doubt. Returns its number, 0 when there is none; `offsets` receives lines `topic partition next` of its head. */
uint64_t index_log_tail(const index_log *self, buf *offsets);
/* What is known of it now: its entries are visited and it is marked (count), or it is left to be overruled by the next head. -1: an entry cannot be read, told in
 * the log. */
int index_log_resolve_tail(index_log *self, bool committed, index_log_visit visit, void *arg);

uint64_t index_log_next_epoch(const index_log *self);            /* larger than any number in the log */
#define INDEX_LOG_PROOF 128
void index_log_proof(const index_log *self, const char *instance, uint64_t epoch, char out[INDEX_LOG_PROOF]);

/* One entry of an epoch being put together: appends the framed entry to `frames`. */
void index_log_frame_entry(buf *frames, mr_bytes entry);
/* Walks such frames: the entry at *at, which moves on; data NULL at the end. */
mr_bytes index_log_frame_next(mr_bytes frames, size_t *at);
/* The frame of an entry that was followed, and for the positions up to which that was done (lines `topic partition next`). */
void index_log_frame_followed(buf *frames, mr_bytes entry);
void index_log_frame_positions(buf *frames, mr_bytes lines);
/* The last positions that were read, or when damage stood before them those before the damage: the journal has what was lost. Empty: none. Borrowed. */
mr_bytes index_log_positions(const index_log *self);
/* Writes such frames, between two epochs: the positions behind the entries. Returns and fails as index_log_append. */
uint32_t index_log_append_followed(index_log *self, mr_bytes frames);
/* Writes head and entries; `offsets` = lines `topic partition next`. Returns the segment they are in, 0 on error (errno; the file is cut back to where it
 * was, so the call may be repeated). */
uint32_t index_log_append(index_log *self, uint64_t epoch, mr_bytes offsets, mr_bytes entry_frames);
/* 0, or -1 with errno. What a failed sync was to make durable is written again by the next one: the kernel may have dropped it and call it written. */
int index_log_sync(index_log *self) MR_MUST_USE;
/* 0, or -1 with errno: tell it. The mark is owed then, and the next append begins with it; only a crash before that leaves the epoch in doubt. */
int index_log_mark(index_log *self, uint64_t epoch) MR_MUST_USE;
/* Unlinks closed segments older than `segment`. Returns how many. */
int index_log_remove_before(index_log *self, uint32_t segment);
uint64_t index_log_bytes(const index_log *self);                 /* size of all segments */
uint64_t index_log_id(const index_log *self);                    /* drawn when the log was born; it goes along to other machines */
uint32_t index_log_segment(const index_log *self);               /* the one being written */

#endif
