/* stage_answer.c - see stage_answer.h. */
#include "stage_answer.h"

#include <stdio.h>

stage_result stage_answer_read(stage_answer *room, const wire_result *row, const char *name, unsigned attempts)
{
	stage_result result = {.attempts = (int)attempts, .parts = room->parts, .part_count = row->part_count};
	if (row->status == WIRE_REFUSED) {
		char code[32];
		snprintf(code, sizeof code, "%.*s", (int)row->code.len, row->code.data);
		record_fault_set(&room->fault, code, name, "%.*s", (int)row->message.len, row->message.data);
		result.fault = &room->fault;
		result.attempts = (int)attempts + 1;
	}
	for (size_t i = 0; i < row->part_count; i++)
		room->parts[i] = (stage_part){row->parts[i].patch, row->parts[i].body, row->parts[i].blob};
	return result;
}
