/* journal_message.h - what a message of the journal topic carries beside the entry (index_entry.h) that is its value.
 *
 * Key: the article id, 32 hex digits. Headers: JOURNAL_VERSIONS, the rules under which the entry was made: an entry made under others cannot be compared and is
 * skipped; JOURNAL_INSTANCE, who wrote it (daemon.instance). The entry's own format and that of its sketch stand in the entry. Stateless helpers. */
#ifndef DAEMON_JOURNAL_MESSAGE_H
#define DAEMON_JOURNAL_MESSAGE_H

#include "daemon/index_entry.h"

#define JOURNAL_VERSIONS "millrace.index"
#define JOURNAL_INSTANCE "millrace.instance"
#define JOURNAL_VERSIONS_MAX 64

struct settings;

/* `fold=2 ids=1001 identity=record`: versions of folding and of ids, and intake.identity. */
void journal_versions(const struct settings *settings, char out[JOURNAL_VERSIONS_MAX]);

/* Reads a message; `versions` is what the reader itself has, `told` the value of JOURNAL_VERSIONS (data NULL: none). 0: the entry, its topic's name borrowed from
 * `value`. -1: not for us, `why` (a constant) says why: other versions, another format, damaged. */
int journal_message_read(mr_bytes value, mr_bytes told, const char *versions, index_entry *entry, mr_bytes *topic, const char **why) MR_MUST_USE;

#endif
