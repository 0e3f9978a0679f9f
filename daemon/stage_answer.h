/* stage_answer.h - from a row of a RESULT to what the pipeline is told: the same for daemon/stage.c and cli/stage_local.c. Pure. */
#ifndef DAEMON_STAGE_ANSWER_H
#define DAEMON_STAGE_ANSWER_H

#include "common/wire.h"
#include "daemon/stage.h"

/* Memory that a result points into. */
typedef struct stage_answer {
	stage_part parts[WIRE_PARTS_MAX];
	record_fault fault;
} stage_answer;

/* Borrows from `row` and `room`. `attempts`: counted failures before this answer. */
stage_result stage_answer_read(stage_answer *room, const wire_result *row, const char *name, unsigned attempts);

#endif
