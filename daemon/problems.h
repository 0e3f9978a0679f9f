/* problems.h - what is wrong, in words: facts about the daemon in, a list of sentences out. Pure; any thread.
 *
 * Each problem has a code (fixed; docs/operations.md says what to do), a severity, an English sentence that stands alone, and the values in it, so that a page can say the
 * same in another language. Worst first. No problem is no entry. */
#ifndef DAEMON_PROBLEMS_H
#define DAEMON_PROBLEMS_H

#include <jansson.h>

#include "daemon/report.h"

/* "Lately" is the last PROBLEM_WINDOW_MS for what was counted, PROBLEM_LAG_MS for the lag, PROBLEM_STALL_MS for a flow that stands. */
enum { PROBLEM_WINDOW_MS = 600000, PROBLEM_LAG_MS = 300000, PROBLEM_STALL_MS = 60000, PROBLEM_LAG_LEAST = 1000 };

typedef struct problem_stage {
	const char *name;
	bool ready;
	int64_t queued, suspects;                /* tasks */
} problem_stage;

typedef struct problem_facts {
	enum daemon_phase phase;
	int64_t uptime_ms;
	bool joined;                             /* the group has answered once */
	bool connected, stuck, balanced;
	bool pressed;                            /* intake is paused because too much is in flight */
	bool paused_by_operator;
	bool limited;                            /* records wait because of intake.rate */
	bool config_refused;                     /* the last reload */
	int64_t config_stale;                    /* settings that wait for a restart */
	int64_t assigned, held;                  /* partitions */
	int64_t in_flight, oldest_ms, ended_lately;      /* records; ended within PROBLEM_STALL_MS */
	int64_t in_flight_bytes, limit_bytes;
	int64_t rate;                            /* intake.rate */
	int64_t dead_lately, aborts_lately, restarts_lately, dropped_lately;
	int64_t lag, lag_before;                 /* -1: not known; before: PROBLEM_LAG_MS ago */
	int64_t lag_minute, read_lately;         /* PROBLEM_STALL_MS ago; records read since */
	const problem_stage *stages;
	size_t stage_count;
} problem_facts;

/* A new reference: [{"code","severity": "error" | "warning" | "info","text","values": {...}}]. */
json_t *problems_list(const problem_facts *facts);

#endif
