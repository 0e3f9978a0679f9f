/* index_store.c - see index_store.h. */
#include "index_store.h"

#include <string.h>

#include "common/settings.h"
#include "common/url.h"
#include "workers/text/fold.h"

#define DAY_MS 86400000LL
#define LOG_BYTES 330            /* of an article in the log */
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

/* ---- reading the log ---- */

static void restore_first(index_store_reader *self)
{
	const index_store_entry *first = &self->ahead[self->first];
	index_restore(self->index, &first->entry, first->segment);
	self->first = (self->first + 1) % INDEX_STORE_AHEAD;
	self->count--;
}

int index_store_visit(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	index_store_reader *self = arg;
	mr_bytes topic;
	if (self->count == INDEX_STORE_AHEAD)
		restore_first(self);
	index_store_entry *next = &self->ahead[(self->first + self->count) % INDEX_STORE_AHEAD];
	if (index_entry_decode(bytes, format, &next->entry, &topic))
		return -1;
	next->entry.topic = index_topic(self->index, topic);
	next->segment = segment;
	self->count++;
	for (size_t step = 0; step < INDEX_STORE_STEPS && self->count > step * INDEX_STORE_STRIDE; step++)
		index_prefetch(self->index, &self->ahead[(self->first + self->count - 1 - step * INDEX_STORE_STRIDE) % INDEX_STORE_AHEAD].entry, (unsigned)step);
	return 0;
}

void index_store_finish(index_store_reader *self)
{
	while (self->count)
		restore_first(self);
	index_restored(self->index);
}

void index_store_expect(index_t *index, const char *folder)
{
	index_scan files = {0};
	buf ignored = {0};
	if (index_scan_list(&files, folder, &ignored) == 0)      /* else opening says why */
		index_expect(index, files.bytes / LOG_BYTES);
	index_scan_free(&files);
	buf_free(&ignored);
}

index_log *index_store_open(index_t *index, const struct settings *settings, const char *folder, bool *locked, buf *errors)
{
	index_log_identity identity = index_store_identity(settings);
	index_store_reader reader = {.index = index};
	index_store_expect(index, folder);
	index_log *log = index_log_open(folder, &identity, LOCK_WAIT_MS, index_store_visit, &reader, locked, errors);
	index_store_finish(&reader);
	return log;
}

int index_store_resolve(index_t *index, index_log *log, bool committed)
{
	index_store_reader reader = {.index = index};
	int failed = index_log_resolve_tail(log, committed, index_store_visit, &reader);
	index_store_finish(&reader);
	return failed;
}
