/* pauses.c - see pauses.h. */
#include "pauses.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

typedef struct entry {
	char *topic;
	int32_t partition;               /* PAUSES_ALL_PARTITIONS: all of them */
} entry;

struct pauses {
	bool all;
	entry entries[PAUSES_MAX];
	size_t count;
};

pauses *pauses_new(void)
{
	return mem_alloc(sizeof(pauses));
}

/* Takes out what lies within (topic, partition). Returns how many those were. */
static size_t drop(pauses *self, const char *topic, int32_t partition)
{
	size_t kept = 0, before = self->count;
	for (size_t i = 0; i < before; i++) {
		entry *e = &self->entries[i];
		bool within = !topic || (strcmp(e->topic, topic) == 0 && (partition == PAUSES_ALL_PARTITIONS || e->partition == partition));
		if (within)
			free(e->topic);
		else
			self->entries[kept++] = *e;
	}
	self->count = kept;
	return before - kept;
}

void pauses_free(pauses **self_p)
{
	pauses *self = *self_p;
	*self_p = NULL;
	if (!self)
		return;
	drop(self, NULL, PAUSES_ALL_PARTITIONS);
	free(self);
}

bool pauses_cover(const pauses *self, const char *topic, int32_t partition)
{
	for (size_t i = 0; topic && i < self->count; i++) {
		const entry *e = &self->entries[i];
		if (strcmp(e->topic, topic) == 0 && (e->partition == PAUSES_ALL_PARTITIONS || e->partition == partition))
			return true;
	}
	return self->all;
}

enum pauses_result pauses_add(pauses *self, const char *topic, int32_t partition)
{
	if (pauses_cover(self, topic, partition))
		return PAUSES_SAME;
	drop(self, topic, partition);
	if (!topic) {
		self->all = true;
		return PAUSES_CHANGED;
	}
	if (self->count == PAUSES_MAX)
		return PAUSES_FULL;
	self->entries[self->count++] = (entry){mem_string(topic), partition};
	return PAUSES_CHANGED;
}

enum pauses_result pauses_remove(pauses *self, const char *topic, int32_t partition)
{
	if (!topic) {
		bool any = pauses_any(self);
		drop(self, NULL, PAUSES_ALL_PARTITIONS);
		self->all = false;
		return any ? PAUSES_CHANGED : PAUSES_SAME;
	}
	if (self->all)
		return PAUSES_WIDER;
	if (drop(self, topic, partition))
		return PAUSES_CHANGED;
	return pauses_cover(self, topic, partition) ? PAUSES_WIDER : PAUSES_SAME;
}

bool pauses_all(const pauses *self)
{
	return self->all;
}

bool pauses_any(const pauses *self)
{
	return self->all || self->count;
}

bool pauses_get(const pauses *self, size_t i, const char **topic, int32_t *partition)
{
	if (i >= self->count)
		return false;
	*topic = self->entries[i].topic;
	*partition = self->entries[i].partition;
	return true;
}
