/* backlog.c - see backlog.h. */
#include "backlog.h"

#include <stdlib.h>

#include "common/mem.h"

#define RECORD_BYTES 300         /* event, message and list entry of librdkafka 2.0 for a record (sizes of its structs) */

fetched *fetched_new(rd_kafka_event_t *event, const rd_kafka_message_t *m, partition *p)
{
	fetched *self = mem_alloc(sizeof *self);
	*self = (fetched){event, m, p, NULL, NULL};
	return self;
}

void fetched_free(fetched *self)
{
	rd_kafka_event_destroy(self->event);
	free(self->headers);
	free(self);
}

static size_t bytes_of(const fetched *record)
{
	return record->m->len + record->m->key_len + RECORD_BYTES;
}

void backlog_add(backlog *self, fetched *record)
{
	record->next = NULL;
	*(self->last ? &self->last->next : &self->first) = record;
	self->last = record;
	self->bytes += bytes_of(record);
}

fetched *backlog_take(backlog *self)
{
	fetched *record = self->first;
	if (!record)
		return NULL;
	self->first = record->next;
	if (!self->first)
		self->last = NULL;
	self->bytes -= bytes_of(record);
	record->next = NULL;
	return record;
}

void backlog_drop(backlog *self, const partition *p)
{
	backlog kept = {0};
	for (fetched *record; (record = backlog_take(self));)
		if (!p || record->partition == p)
			fetched_free(record);
		else
			backlog_add(&kept, record);
	*self = kept;
}
