/* report.h - what the daemon shows of itself: metrics, /status, what is wrong, the reason for not being ready, one log line for each outcome.
 *
 * Reads the parts, changes none; feeds the memory of those who look (history, recent). Loop thread. */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include <jansson.h>

#include "daemon/epoch.h"
#include "daemon/history.h"
#include "daemon/intake.h"
#include "daemon/journal.h"
#include "daemon/metrics.h"
#include "daemon/pauses.h"
#include "daemon/recent.h"
#include "daemon/tap.h"

enum daemon_phase { PHASE_STARTING, PHASE_CATCHING_UP, PHASE_RUNNING, PHASE_DRAINING, PHASE_LEAVING };

/* Where to look; filled by daemon.c, pointers may be NULL until the part exists. */
typedef struct report {
	const struct settings *settings;
	metrics *metrics;
	ledger *ledger;
	pipeline *pipeline;
	index_t *index;
	epochs *epochs;
	intake *intake;
	journal *journal;                /* NULL without one */
	tap *tap;                        /* who looks at records */
	stage *stages[PIPELINE_STAGES_MAX];
	size_t stage_count;
	enum daemon_phase phase;
	bool stuck;                      /* an epoch is not getting out: broker or disk */
	uint64_t log_bytes;              /* of the index log, from the last result */
	history *history;                /* both are there from report_open on */
	recent *recent;
	int64_t started_ms;              /* wall clock */
	int64_t started_boot_ms;         /* CLOCK_BOOTTIME, the same moment */
	const pauses *paused;            /* by an operator; NULL before there is anybody to ask */
	int64_t paused_since_ms;         /* wall clock; 0: nothing is */
	const char *log_level;           /* set by an operator; NULL: as configured */
	char reason[160];                /* room for report_ready */
} report;

void report_open(report *self);                  /* the memory; `settings` is there */
void report_close(report *self);
void report_second(report *self);                /* once a second */
int64_t report_uptime_ms(const report *self);
/* Wall clock of the start and the uptime: what rows are stamped with. Never goes back, whoever sets the clock. */
int64_t report_clock_ms(const report *self);
const char *report_phase(const report *self);    /* a word of /status */
const char *report_ready(report *self);          /* NULL: ready */
void report_metrics(report *self);               /* brings the metrics up to date */
stage *report_stage(const report *self, const char *name);      /* NULL: no stage of this name */
json_t *report_status(report *self);             /* new reference */
/* What an operator has paused: ["everything"], or topics and topic:partition; new reference. */
json_t *report_paused(const report *self);
void report_outcome(const report *self, const item *it);     /* the log line, and the counts that are kept by kind */
int64_t report_mono_us(void);
int64_t report_wall_ms(void);

#endif
