/* history.h - the last hour of the flow in bounded memory: a row of numbers for every ten seconds, what the last seconds bring, and how long records take.
 *
 * Fed once a second with totals that are kept elsewhere, and with the time of every record that ends. Owns some 110 KB, whatever flows. It asks no clock: every time comes from the
 * caller and never goes back, so a clock that is set neither loses rows nor doubles them. Loop thread.
 *
 * Latency is kept by the second in buckets that grow by a fourth of a power of two: a percentile is true to 9 % of its value. */
#ifndef DAEMON_HISTORY_H
#define DAEMON_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

enum { HISTORY_STEP_MS = 10000, HISTORY_ROWS = 360, HISTORY_STAGES_MAX = 16, HISTORY_RATE_MS = 10000, HISTORY_LATENCY_MS = 60000 };

typedef struct history history;

/* What is counted since the start of the process. A total may fall (records handed back); a row never shows less than 0. */
enum history_total { HISTORY_READ, HISTORY_PUBLISHED, HISTORY_DUPLICATES, HISTORY_DEAD, HISTORY_TOMBSTONES, HISTORY_FILTERED, HISTORY_ABORTS, HISTORY_RESTARTS, HISTORY_DROPPED, HISTORY_TOTALS };

typedef struct history_sample {
	int64_t totals[HISTORY_TOTALS];
	int64_t answered[HISTORY_STAGES_MAX];    /* tasks, by stage: a total, too */
	int64_t lag;                             /* records not read yet; -1: not known */
	int64_t in_flight;
	int64_t queued[HISTORY_STAGES_MAX];      /* tasks that wait, by stage */
} history_sample;

/* The names are borrowed; at most HISTORY_STAGES_MAX are kept. */
history *history_new(const char *const *stages, size_t count);
void history_free(history **self);
/* A record has ended, so long after it was read. */
void history_observe(history *self, double ms);
/* About once a second. Every HISTORY_STEP_MS it makes a row. */
void history_second(history *self, int64_t now_ms, const history_sample *sample);

/* Per second over the last HISTORY_RATE_MS (or what there is of it); 0 before the second sample. */
double history_rate(const history *self, enum history_total which);
double history_stage_rate(const history *self, size_t stage);
/* Milliseconds, of what ended in the last HISTORY_LATENCY_MS; `part` 0..1 (0.99). -1: nothing did. */
int64_t history_latency(const history *self, double part);
/* How much a total has grown in the last `window_ms` (at most an hour; rounded up to whole rows). */
int64_t history_grown(const history *self, enum history_total which, int64_t window_ms);
/* Lag about `ago_ms` ago; -1: not known. */
int64_t history_lag(const history *self, int64_t ago_ms);
int64_t history_now_ms(const history *self);             /* time of the last sample; 0 before the first */

/* Appends {"step_ms","now_ms","columns","rows"} with the rows later than `since_ms`: counts of a step, values at its end, null for what was not known. */
void history_render(const history *self, int64_t since_ms, buf *out);

#endif
