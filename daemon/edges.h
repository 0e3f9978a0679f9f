/* edges.h - which lines a source repeats at the beginning or at the end of what it publishes: navigation, share bars, imprints, what a bureau says of itself.
 *
 * Owns, for each source, the edge lines (hashes) of its most recent articles. A line that stands at the same edge of several of them is no part of the story; the
 * judge leaves it out of the sketch. There are no lists of strings: a source teaches what it repeats by repeating it.
 *
 * Rows come and go with the entries of the index (index.c calls): pending ones are dropped with their entry, settled ones stay, so after a start the log teaches the same
 * again. What is answered depends on the rows, on the question and on nothing else: neither on the order in which rows came nor on their layer (promise 5). Only articles teach
 * that are no revisions: a duplicate repeats everything, and a revision nearly so.
 *
 * Bounded: EDGES_RECENT settled articles of a source, EDGES_SOURCES sources; above that, sources whose newest article is oldest are forgotten, an eighth at a
 * time, counted. A source that dates its articles into the future keeps itself from learning, nobody else. Loop thread. */
#ifndef DAEMON_EDGES_H
#define DAEMON_EDGES_H

#include "daemon/index_entry.h"

#define EDGES_RECENT 24                  /* articles of a source that are looked at, by their clock */
#define EDGES_SOURCES 16384              /* at most about 30 MB */

typedef struct edges edges;

edges *edges_new(int64_t window_ms);
void edges_free(edges **self);
void edges_set_window(edges *self, int64_t window_ms);

/* Names a source: by what the record calls it, else by the host of its address. 0: neither is known; such records are not learned from. */
uint64_t edges_source(mr_bytes name, mr_bytes address);

/* Of `entry` are read: source, coordinates, clock and edge lines. An entry without a source, and a revision, teaches nothing. Adding what is there (same source and
 * coordinates) replaces it: that is how a pending one settles. */
void edges_add(edges *self, const index_entry *entry, bool settled);
void edges_drop(edges *self, const index_entry *entry);          /* pending only; one that is not there is ignored */

/* Lines of a text (bit i: head i, bit INDEX_EDGES + i: tail i). */
typedef struct edges_found {
	uint32_t repeated;       /* by so many recent articles of the source that they are no part of a story */
	uint32_t seen;           /* in any recent article of the source */
} edges_found;

/* Of `entry` are read: source, coordinates (its own row is not counted), clock and edge lines. */
edges_found edges_find(const edges *self, const index_entry *entry);

typedef struct edges_stats {
	size_t sources, memory_bytes;
	uint64_t forgotten;      /* sources, because there were more than EDGES_SOURCES */
} edges_stats;
edges_stats edges_stats_get(const edges *self);

#endif
