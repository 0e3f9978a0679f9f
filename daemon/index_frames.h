/* index_frames.h - the form of the index log on disk: segments of checksummed frames. Bytes only: which of them count is decided by index_scan.h, who
 * writes them and when by index_log.h and index_compact.h.
 *
 *   segment | magic "MRINDEX\n" | header frame | frames ...
 *   frame   | length 4 | check 4 | kind 1 | payload (length - 1) |      check: low half of XXH3-64 of kind and payload, seeded with the segment's number
 *   kinds   H header: format 4, sketches 4, fold 4, ids 4, log id 8, identity mode     E head of an epoch: epoch 8, entry count 4, lines of offsets
 *           N entry of the epoch: index_entry.c             M mark: epoch 8            F entry that counts by itself: followed in the journal, or kept by index_compact
 *           P positions in the journal: lines                D damage: bytes that could not be read, left as they were
 *
 * To add a kind: a row here, in index_frames.c (its least payload) and in the table of index_scan.c; a program that does not know it refuses the log by its format. */
#ifndef DAEMON_INDEX_FRAMES_H
#define DAEMON_INDEX_FRAMES_H

#include <stdbool.h>

#include "common/buf.h"

#define INDEX_MAGIC "MRINDEX\n"
#define INDEX_MAGIC_BYTES 8
#define INDEX_FRAME_HEAD 8               /* length and check */
#define INDEX_FRAME_MAX (16u << 20)      /* largest length: a head with the offsets of all partitions, or one entry */
#define INDEX_SEGMENT_BYTES (64u << 20)  /* a segment that passes this is closed; an epoch is never divided */

enum index_frame_kind {
	INDEX_FRAME_HEADER = 'H',
	INDEX_FRAME_EPOCH = 'E',
	INDEX_FRAME_ENTRY = 'N',
	INDEX_FRAME_MARK = 'M',
	INDEX_FRAME_FOLLOWED = 'F',
	INDEX_FRAME_POSITIONS = 'P',
	INDEX_FRAME_DAMAGE = 'D',
};

/* Versions of log and program. Folding, ids and identity must agree, format and sketches may be older: others are refused (the operator moves the folder away or
 * rebuilds). What is older is read and goes on in a new segment. */
typedef struct index_log_identity {
	uint32_t format, sketch_version, fold_version, id_version;       /* id_version: rules of article ids, fingerprints and canonical urls */
	const char *identity_mode;               /* intake.identity: other mode, other article ids */
} index_log_identity;

/* ---- writing ---- */

/* Frames are put together without their check, because it depends on the segment they end in: index_frames_seal adds it. Between begin and end the payload is appended
 * to `out`; `at` is what begin returned. */
size_t index_frame_begin(buf *out, enum index_frame_kind kind);
void index_frame_end(buf *out, size_t at);
void index_frame_add(buf *out, enum index_frame_kind kind, mr_bytes payload);
void index_frame_add_mark(buf *out, uint64_t epoch);
/* Magic and sealed header of segment `segment`. */
void index_frames_begin_segment(buf *out, const index_log_identity *identity, uint64_t log_id, uint32_t segment);
/* Writes the checks of all frames in [data, data + len). */
void index_frames_seal(char *data, size_t len, uint32_t segment);
/* Number of frames in `frames`, which are whole. */
uint32_t index_frames_count(mr_bytes frames);

/* ---- reading ---- */

typedef struct index_frame {
	uint8_t kind;            /* also one that this program does not know */
	mr_bytes payload;        /* borrowed */
} index_frame;

/* Length of the frame that begins with these INDEX_FRAME_HEAD bytes, without them; 0: no frame begins like this. */
uint32_t index_frame_length(const char *head);
/* `frame` points to a whole frame of that length: 0 when its check is right, else -1. */
int index_frame_open(const char *frame, uint32_t length, uint32_t segment, index_frame *out) MR_MUST_USE;
/* Whether a payload of that size can be one of this kind. */
bool index_frame_plausible(uint8_t kind, size_t payload);

#endif
