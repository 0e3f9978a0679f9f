/* index_scan.h - reads the segments of an index log and decides which entries count. Changes nothing and needs no lock: it may read what a daemon is writing at
 * that moment.
 *
 * An entry counts when its epoch's head and mark are sound and no damage lies between the head and the entry: damage may have swallowed the head of another epoch, and an
 * entry that is taken for one of the wrong epoch would be a story that nobody published. What is behind damage counts again from the next sound head (or
 * followed entry) on. Positions in the journal that stand behind damage are not trusted: entries before them may be lost, and the journal has them.
 * So damage makes the index forget, never invent; how much is told in `damages`.
 *
 * A folder is refused, with a line in `errors`, when a file cannot be read, is no index log, is of another log or version, is missing between two others, or
 * holds an entry in a marked epoch that is sound and yet cannot be read. Memory is bounded whatever the files hold. Any thread. */
#ifndef DAEMON_INDEX_SCAN_H
#define DAEMON_INDEX_SCAN_H

#include <limits.h>

#include "daemon/index_frames.h"

/* Called for every entry that counts, in order; `format` is that of its segment. Returns -1 when it cannot be read: the scan fails. */
typedef int (*index_log_visit)(void *arg, mr_bytes entry, uint32_t format, uint32_t segment);

typedef struct index_scan_hooks {
	index_log_visit entry;
	void *arg;
	void (*progress)(void *arg, uint64_t done, uint64_t all);        /* bytes; about once a megabyte; NULL: not wanted */
} index_scan_hooks;

typedef struct index_segment {
	uint32_t number, format, sketches;       /* format 0: its header is lost */
	uint64_t bytes;
} index_segment;

enum index_damage_kind {
	INDEX_DAMAGE_TORN,       /* the end of the last segment: a write that was not finished, or what looks like one */
	INDEX_DAMAGE_BYTES,      /* bytes with sound frames behind them */
	INDEX_DAMAGE_HEADER,     /* of a segment: all of it is lost */
	INDEX_DAMAGE_COUNT,      /* a marked epoch has more or fewer entries than its head says */
};

typedef struct index_damage {
	enum index_damage_kind kind;
	uint32_t segment;
	uint64_t from, to;       /* bytes of its file; equal for INDEX_DAMAGE_COUNT */
	uint64_t epoch, next_epoch;              /* the newest number before it, and of the next head behind it (0: none) */
	uint64_t entries;        /* that are known to be lost: sound ones within [from, to), and missing ones of a marked epoch */
} index_damage;

/* The last epoch without a mark; epoch 0: none. Its entries are those between from and to. */
typedef struct index_tail {
	uint64_t epoch;
	uint32_t segment, format;
	uint64_t from, to;
	uint32_t named, entries;         /* entries: those that its head names, those that are there */
	buf offsets;                     /* lines `topic partition next` */
} index_tail;

typedef struct index_scan {
	index_segment *segments;         /* ascending */
	size_t segment_count;
	index_damage *damages;           /* in the order of the bytes */
	size_t damage_count;
	uint64_t bytes;
	uint64_t log_id;                 /* 0: no header was read */
	uint64_t last_epoch;             /* largest number in a head or mark */
	uint64_t epochs, dropped;        /* marked; not marked and followed by another */
	uint64_t entries, followed;      /* that count; of these such as stand by themselves */
	uint64_t closed, closed_bytes;   /* damage of earlier times, closed by a start */
	bool has_positions, positions_doubtful;        /* doubtful: damage stands before them */
	buf positions, positions_before;       /* the last ones; the last ones before the damage, empty when there were none */
	index_tail tail;
} index_scan;

/* Zeroed `self`. 0; -1 with a line in `errors`. The caller frees in both cases. */
int index_scan_run(index_scan *self, const char *folder, const index_log_identity *identity, const index_scan_hooks *hooks, buf *errors) MR_MUST_USE;
/* Only finds the files: segments with number and size, and `bytes`. 0; -1 with a line in `errors`. */
int index_scan_list(index_scan *self, const char *folder, buf *errors) MR_MUST_USE;
/* Visits the entries of the tail; the folder must not have changed since. */
int index_scan_visit_tail(const index_scan *self, const char *folder, const index_scan_hooks *hooks, buf *errors) MR_MUST_USE;
void index_scan_free(index_scan *self);

/* Adds `cannot WHAT PATH: why` to `errors`, for missing rights with owner and mode; returns -1. */
int index_file_failed(const char *what, const char *path, int error, buf *errors);
void index_segment_path(const char *folder, uint32_t segment, char out[PATH_MAX]);

#endif
