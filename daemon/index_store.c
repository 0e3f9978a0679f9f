/* index_store.c - see index_store.h. */
#include "index_store.h"

#include <string.h>

#include "common/settings.h"
#include "common/url.h"
#include "workers/text/fold.h"

#define DAY_MS 86400000LL
#define LOCK_WAIT_MS 5000        /* an old process may be leaving */

index_log_identity index_store_identity(const struct settings *settings)
{
	return (index_log_identity){INDEX_FORMAT, SKETCH_VERSION, FOLD_VERSION, RECORD_IDENTITY_VERSION * 1000 + URL_VERSION, settings_str(settings, "intake.identity")};
}

index_limits index_store_limits(const struct settings *settings)
{
	return (index_limits){(size_t)settings_int(settings, "dedup.max_entries"), (size_t)settings_int(settings, "dedup.max_memory")};
}

index_t *index_store_new(const struct settings *settings)
{
	const char *const *stages;
	size_t count = settings_list(settings, "pipeline.stages", &stages);
	for (size_t i = 0; i < count; i++)
		if (strcmp(stages[i], "dedup") == 0)
			return index_new(settings_int(settings, "dedup.window_days") * DAY_MS, index_store_limits(settings));
	return NULL;
}

static int visit(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	index_t *index = arg;
	index_entry entry;
	mr_bytes topic;
	if (index_entry_decode(bytes, format, &entry, &topic))
		return -1;
	entry.topic = index_topic(index, topic);
	index_restore(index, &entry, segment);
	return 0;
}

index_log *index_store_open(index_t *index, const struct settings *settings, const char *folder, bool *locked, buf *errors)
{
	index_log_identity identity = index_store_identity(settings);
	return index_log_open(folder, &identity, LOCK_WAIT_MS, visit, index, locked, errors);
}

int index_store_resolve(index_t *index, index_log *log, bool committed)
{
	return index_log_resolve_tail(log, committed, visit, index);
}
