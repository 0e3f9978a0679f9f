/* log_journal.h - log lines as journald's own entries, for log.c alone.
 *
 * One line is one datagram in the native protocol (systemd, docs/JOURNAL_NATIVE_PROTOCOL.md): fields NAME=value with a line break behind each,
 * or, when the value holds a line break, NAME, line break, length in 64 bits little-endian, value, line break. Names:
 *
 *   MESSAGE             what `journalctl` shows: the message and its pairs, escaped as in every other form of the log
 *   PRIORITY            3 error, 4 warning, 6 info, 7 debug
 *   SYSLOG_IDENTIFIER   the program
 *   CODE_FILE, CODE_LINE, CODE_FUNC
 *   MILLRACE_EVENT      the message alone: the same words for the same event
 *   MILLRACE_...        each pair: its key in capitals; id, part, off and of are written out: ARTICLE_ID, PARTITION, OFFSET, DUPLICATE_OF
 *
 * Bounded: a value has at most what log.c leaves of it (1024 bytes), an entry LOG_FIELDS_MAX; a field stands whole or not at all, and one that did
 * not fit is told by MILLRACE_CUT=true. So no entry needs the protocol's second way, a sealed memory file. Values keep line breaks and tabs; other
 * control bytes, broken UTF-8 and marks of writing direction become '?'. Empty values are left out.
 *
 * Not sd_journal_sendv: its socket cannot be another one (a test's), and it waits without end for a journald that is behind. Any thread. */
#ifndef COMMON_LOG_JOURNAL_H
#define COMMON_LOG_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "millrace/bytes.h"

#define LOG_FIELDS_MAX 12288

typedef struct log_fields {
	char data[LOG_FIELDS_MAX];
	size_t len;
	mr_bytes event;          /* borrowed until log_fields_send */
	bool cut;
} log_fields;

/* Where entries go; at most 107 bytes, longer ones are refused as "gone". Opens the sending socket at the first call. */
void log_journal_open(const char *path);

/* Begins an entry with a message, which counts up to its first line break; function may be NULL. */
void log_fields_begin(log_fields *self, char priority, const char *program, mr_bytes event, const char *file, int line, const char *function);
void log_fields_add_pair(log_fields *self, const char *key, mr_bytes value);
/* Ends and sends it; `pairs` is the text of all pairs behind the message, with its blank. Waits at most
 * 100 ms when journald's queue is full, and not again before it has taken a line. LOG_LOST: journald is behind, it is counted; LOG_REFUSED: nobody listens, the caller keeps the line. */
enum log_sending { LOG_SENT, LOG_LOST, LOG_REFUSED };
enum log_sending log_fields_send(log_fields *self, mr_bytes pairs);

typedef struct log_journal_news {
	int gone;                /* errno of the first line that nobody took; 0: no change */
	bool back;               /* lines are taken again */
	unsigned lost;           /* since the last call */
} log_journal_news;

/* What has changed since the last call; false: nothing. `lost` is told when lines go through again; who cannot tell it either gives it back. */
bool log_journal_changed(log_journal_news *news);
void log_journal_give_back(unsigned lost);

#endif
