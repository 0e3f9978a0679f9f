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
/* Opens the log in `folder` and reads it into the index. NULL with lines in `errors`; *locked: another process has it. */
index_log *index_store_open(index_t *index, const struct settings *settings, const char *folder, bool *locked, buf *errors);
/* The fate of the log's last epoch is known: its entries count, or not. -1: they cannot be read. */
int index_store_resolve(index_t *index, index_log *log, bool committed);

#endif
