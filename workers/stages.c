/* stages.c - see stages.h. */
#include "stages.h"

#include <stdlib.h>

#include "classify/classify_stage.h"
#include "dedup/dedup.h"
#include "extract/extract.h"
#include "watch/watch_stage.h"

extern const mr_stage hook_stage;                /* workers/hook.c */

static const mr_stage *const table[] = {
	&extract_stage,
	&dedup_stage,
	&classify_stage,
	&watch_stage,
	&hook_stage,
};
#define ROWS (sizeof table / sizeof *table)

const mr_stage *stages_find(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(table[i]->name, name) == 0 && (table[i] != &hook_stage || getenv("MILLRACE_TEST_HOOKS")))
			return table[i];
	return NULL;
}

const char *stages_name(size_t i)
{
	return i < ROWS ? table[i]->name : NULL;
}
