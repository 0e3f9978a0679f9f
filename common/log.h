/* log.h - the whole logging interface.
 *
 * Lines go to standard error, in logfmt (`msg="..." key=value`) or JSON, with their time; to the journal ($JOURNAL_STREAM) with the <N>
 * prefix that journald reads as priority instead. Or, LOG_JOURNAL, to journald's own socket, each pair as a field of its own (log_journal.h).
 * Any thread. Values are escaped: control bytes, quotes and broken UTF-8 of strangers never reach the journal. A repeated line of the same
 * call site is rate-limited (log.rate a second) and the number left out is told. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

#include "millrace/bytes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON, LOG_JOURNAL };

void log_setup(const char *program, enum log_level level, enum log_format format, unsigned lines_per_second);
/* The socket that LOG_JOURNAL sends to, before log_setup; at most 107 bytes. When nobody listens there, now or later, lines go to standard
 * error in logfmt, and a line says so once; they go to the socket again as soon as it takes them. */
void log_set_journal(const char *socket_path);
void log_set_level(enum log_level level);
bool log_on(enum log_level level);

/* One line: a message, then pairs of key and printf-formatted value: log_line(LOG_LEVEL_INFO, __FILE__, __LINE__, "reload done", "file", "%s", path, NULL)
 * Pairs: const char *key, const char *format, then exactly ONE argument, of the type the format names: %s %d %ld %lld %zu %u %llu %f (precision allowed).
 * A value that is one number and nothing else is a number in JSON, so a key has the same kind of value wherever it is used. */
void log_at(enum log_level level, const char *file, int line, const char *function, const char *message, ...) __attribute__((sentinel));

#define log_line(level, file, line, ...) log_at(level, file, line, __func__, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __FILE__, __LINE__, __VA_ARGS__, NULL)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __FILE__, __LINE__, __VA_ARGS__, NULL)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __FILE__, __LINE__, __VA_ARGS__, NULL)
#define log_debug(...) do { if (log_on(LOG_LEVEL_DEBUG)) log_line(LOG_LEVEL_DEBUG, __FILE__, __LINE__, __VA_ARGS__, NULL); } while (0)

/* Tells what the rate limit left out since. Lines of any call site do this, too; a loop calls it once a second so that a burst followed by
 * silence is told as well. */
void log_tick(void);

/* Cleans a stranger's text for a log line or a terminal: control bytes and broken UTF-8 become '?', cut at `max` bytes on a
 * character boundary. `out` holds max + 1 bytes; returns out. */
char *log_clean(char *out, size_t max, mr_bytes text);

#endif
