/* stage_answer.c - see stage_answer.h. */
#include "stage_answer.h"

#include <stdio.h>

#include "common/log.h"

stage_result stage_answer_read(stage_answer *room, const wire_result *row, const char *name, unsigned attempts)
{
	stage_result result = {.attempts = (int)attempts, .parts = room->parts, .part_count = row->part_count};
	if (row->status == WIRE_REFUSED) {
		snprintf(room->fault.code, sizeof room->fault.code, "%.*s", (int)row->code.len, row->code.data);
		snprintf(room->fault.stage, sizeof room->fault.stage, "%s", name);
		log_clean(room->fault.message, sizeof room->fault.message - 1, row->message);
		result.fault = &room->fault;
		result.attempts = (int)attempts + 1;
	}
	for (size_t i = 0; i < row->part_count; i++)
		room->parts[i] = (stage_part){row->parts[i].patch, row->parts[i].body, row->parts[i].blob};
	return result;
}
