/* index_store.h - the index together with its log: opened the same way by the daemon and by `millrace process --state`. Stateless helpers. */
#ifndef DAEMON_INDEX_STORE_H
#define DAEMON_INDEX_STORE_H

#include "daemon/index.h"
#include "daemon/index_log.h"

struct settings;

/* What this program writes into the header of a log, and asks of one. Borrows from the settings. */
index_log_identity index_store_identity(const struct settings *settings);
/* How much the settings allow it. */
index_limits index_store_limits(const struct settings *settings);
/* An empty index with window and limit of the settings; NULL when pipeline.stages has no `dedup`. */
index_t *index_store_new(const struct settings *settings);
/* Reads entries of a log into an index: a dozen ahead, so that the memory each one goes to is fetched while those before it are filed. */
#define INDEX_STORE_STRIDE 4     /* entries between two steps of fetching */
#define INDEX_STORE_STEPS 2
#define INDEX_STORE_AHEAD (INDEX_STORE_STEPS * INDEX_STORE_STRIDE)

typedef struct index_store_entry {
	index_entry entry;
	uint32_t segment;
} index_store_entry;

typedef struct index_store_reader {
	index_t *index;                  /* borrowed */
	index_store_entry ahead[INDEX_STORE_AHEAD];
	size_t first, count;             /* a ring */
} index_store_reader;

int index_store_visit(void *reader, mr_bytes entry, uint32_t format, uint32_t segment);      /* an index_log_visit */
void index_store_finish(index_store_reader *self);       /* what was read ahead is in the index */

/* Tells the index how much the log in `folder` will bring, by the size of its files. */
void index_store_expect(index_t *index, const char *folder);
/* Opens the log in `folder` and reads it into the index. NULL with lines in `errors`; *locked: another process has it. */
index_log *index_store_open(index_t *index, const struct settings *settings, const char *folder, bool *locked, buf *errors);
/* The fate of the log's last epoch is known: its entries count, or not. -1: they cannot be read. */
int index_store_resolve(index_t *index, index_log *log, bool committed);

#endif
