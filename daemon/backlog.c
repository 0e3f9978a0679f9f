/* backlog.c - see backlog.h. */
#include "backlog.h"

#include <stdlib.h>

#include "common/mem.h"

#define RECORD_BYTES 300         /* event, message and list entry of librdkafka 2.0 for a record (sizes of its structs) */
#define HEADER_BYTES 64          /* the same for a header, and our mr_field */
#define HEADERS_MAX 1024         /* of one message; more are not looked at */

static void read_headers(fetched *self)
{
	rd_kafka_headers_t *headers;
	size_t count = 0;
	if (rd_kafka_message_headers(self->m, &headers) || !(count = rd_kafka_header_cnt(headers)))
		return;
	self->headers = mem_array(count < HEADERS_MAX ? count : HEADERS_MAX, sizeof *self->headers);
	for (size_t i = 0; i < count; i++) {
		const char *name;
		const void *value;
		size_t len;
		if (rd_kafka_header_get_all(headers, i, &name, &value, &len))
			return;
		mr_field field = {mr_bytes_of(name), {value, value ? len : 0}};
		self->header_bytes += HEADER_BYTES + field.name.len + field.value.len;
		if (i < HEADERS_MAX)
			self->headers[self->header_count++] = field;
	}
}

fetched *fetched_new(rd_kafka_event_t *event, const rd_kafka_message_t *m, partition *p)
{
	fetched *self = mem_alloc(sizeof *self);
	*self = (fetched){.event = event, .m = m, .partition = p};
	read_headers(self);
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
	return record->m->len + record->m->key_len + record->header_bytes + RECORD_BYTES;
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
