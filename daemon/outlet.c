/* outlet.c - see outlet.h. */
#include "outlet.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/routes.h"
#include "common/settings.h"
#include "common/times.h"
#include "daemon/index_log.h"
#include "daemon/index_entry.h"
#include "daemon/journal_message.h"

struct outlet {
	pipeline *pipeline;
	const char *duplicates_topic, *dead_prefix, *journal, *alerts_topic;     /* borrowed from the settings */
	routes *routes;                  /* of articles and tombstones */
	bool tell_duplicates;            /* false: they are only counted */
	bool enrich;                     /* duplicates are published as articles are */
	bool events;                     /* sink.cloudevents */
	buf event_source;                /* ce_source: the consumer group, whose members tell of the same events */
	size_t max_dead_bytes;
	char **dead_topics;              /* prefix + input topic, made when first needed; never freed before the outlet: a batch on the other thread points to them */
	size_t dead_count;
};

/* A URI reference; what RFC 3986 does not let stand in a segment of its path is written %XX. */
static void write_source(const char *group, buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	buf_add_str(out, "/millrace/");
	for (; *group; group++) {
		if (strchr(plain, *group))
			buf_add_char(out, *group);
		else
			buf_printf(out, "%%%02X", (unsigned char)*group);
	}
}

outlet *outlet_new(const struct settings *settings, pipeline *pipe)
{
	outlet *self = mem_alloc(sizeof *self);
	const char *duplicates = settings_str(settings, "dedup.duplicates");
	self->pipeline = pipe;
	self->routes = routes_new(settings);
	self->duplicates_topic = settings_str(settings, "publish.duplicates_topic");
	self->dead_prefix = settings_str(settings, "publish.dead_prefix");
	self->journal = settings_str(settings, "dedup.journal");
	self->alerts_topic = settings_alerts_topic(settings);
	self->tell_duplicates = strcmp(duplicates, "drop") != 0;
	self->enrich = strcmp(duplicates, "enrich") == 0;
	self->max_dead_bytes = SIZE_MAX;
	write_source(settings_str(settings, "intake.group"), &self->event_source);
	outlet_configure(self, settings);
	return self;
}

void outlet_configure(outlet *self, const struct settings *settings)
{
	self->events = settings_bool(settings, "sink.cloudevents");
}

void outlet_free(outlet **self_p)
{
	outlet *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->dead_count; i++)
		free(self->dead_topics[i]);
	free(self->dead_topics);
	routes_free(&self->routes);
	buf_free(&self->event_source);
	free(self);
	*self_p = NULL;
}

void outlet_set_max_dead(outlet *self, size_t bytes)
{
	self->max_dead_bytes = bytes;
}

/* ---- messages ---- */

static publish_message *add_message(publish_batch *b, enum publish_kind kind, item *it, const char *topic, mr_bytes value)
{
	if (b->message_count == b->message_cap) {
		b->message_cap += b->message_cap / 2 + 64;
		b->messages = mem_grow(b->messages, b->message_cap, sizeof *b->messages);
	}
	publish_message *m = &b->messages[b->message_count++];
	*m = (publish_message){.kind = kind, .topic = topic, .value = value, .ticket = it, .first_field = b->field_count};
	return m;
}

static mr_field *field_room(publish_batch *b)
{
	if (b->field_cap - b->field_count < RECORD_HEADERS_OUT_MAX) {
		b->field_cap += b->field_cap / 2 + 4 * RECORD_HEADERS_OUT_MAX;
		b->fields = mem_grow(b->fields, b->field_cap, sizeof *b->fields);
	}
	return b->fields + b->field_count;
}

/* Room for values of headers that had to be written; one for each message, because a buf moves when it grows. */
static buf *scratch_of(publish_batch *b)
{
	buf *scratch = mem_alloc(sizeof *scratch);
	b->scratch = mem_grow(b->scratch, b->scratch_count + 1, sizeof *b->scratch);
	b->scratch[b->scratch_count++] = scratch;
	return scratch;
}

/* The event that the record tells of. Its id stays the same however often the feed record is worked on, so a reader that knows an event by source and id knows it again. */
static cloud_event make_event(const outlet *self, const item *it, const outlet_record *record, buf *text)
{
	static const char *const types[] = {[PUBLISH_ARTICLE] = "millrace.article", [PUBLISH_DUPLICATE] = "millrace.duplicate", [PUBLISH_TOMBSTONE] = "millrace.tombstone",
		[PUBLISH_ALERT] = "millrace.alert"};
	char time[TIME_TEXT_BYTES];
	assert(record->kind < sizeof types / sizeof *types && types[record->kind]);
	time_print(record->made_ms, 0, time);
	buf_printf(text, "%s", time);
	buf_add_char(text, 0);
	size_t id = text->len;
	buf_printf(text, "%s/%s/%" PRId32 "/%" PRId64 "/%d", types[record->kind] + strlen("millrace."), it->partition->topic, it->partition->number, it->offset, record->page);
	if (record->watch.len) {
		buf_add_char(text, '/');
		buf_add(text, record->watch.data, record->watch.len);
	}
	return (cloud_event){.id = text->data + id, .source = self->event_source.data, .type = types[record->kind], .time = text->data};
}

void outlet_add_record(outlet *self, publish_batch *b, item *it, const outlet_record *record)
{
	publish_message *m = add_message(b, record->kind, it, record->topic, record->value);
	mr_field *fields = field_room(b);
	uint8_t id[ARTICLE_ID_BYTES];
	cloud_event event;
	if (record->kind == PUBLISH_TOMBSTONE)
		pipeline_tombstone_id(self->pipeline, it, id);
	else
		record_article_id(it->rec, record->page, id);
	if (record->key.len)
		m->key = record->key;
	else
		id_hex(id, m->id_key);
	if (self->events)
		event = make_event(self, it, record, scratch_of(b));
	m->field_count = record_headers_out(&it->source, self->events ? &event : NULL, fields, RECORD_HEADERS_OUT_MAX - 1);
	if (record->watch.len)
		fields[m->field_count++] = (mr_field){mr_bytes_of("millrace.watch"), record->watch};
	b->field_count += m->field_count;
}

void outlet_close(publish_batch *b)
{
	for (size_t i = 0; i < b->message_count; i++)
		if (b->messages[i].id_key[0])
			b->messages[i].key = mr_bytes_of(b->messages[i].id_key);
}

/* ---- dead letters ---- */

static const char *dead_topic(outlet *self, const char *input)
{
	size_t prefix = strlen(self->dead_prefix);
	for (size_t i = 0; i < self->dead_count; i++)
		if (strcmp(self->dead_topics[i] + prefix, input) == 0)
			return self->dead_topics[i];
	buf name = {0};
	buf_printf(&name, "%s%s", self->dead_prefix, input);
	self->dead_topics = mem_grow(self->dead_topics, self->dead_count + 1, sizeof *self->dead_topics);
	return self->dead_topics[self->dead_count++] = buf_take(&name, NULL);
}

/* What does not fit into the dead-letter topic is left behind, the value first: a dead letter that the broker refuses would stop everything. */
static void add_dead(outlet *self, publish_batch *b, item *it)
{
	mr_bytes value = it->source.value, key = it->source.key;
	dead_letter dead = {&it->fault, it->attempts, it->first_fault_ms, it->last_fault_ms, it->bare};
	if (it->bare || key.len > self->max_dead_bytes)
		key = (mr_bytes){NULL, 0};
	if (it->bare || value.len > self->max_dead_bytes - key.len)
		value = (mr_bytes){NULL, 0};
	publish_message *m = add_message(b, PUBLISH_DEAD, it, dead_topic(self, it->partition->topic), value);
	m->key = key;
	m->field_count = record_headers_dead(&it->source, &dead, field_room(b), RECORD_HEADERS_OUT_MAX, scratch_of(b));
	b->field_count += m->field_count;
}

/* ---- items ---- */

/* One for each watch that the article meets, behind the article. Its name stands in a header, too, for readers that do not want to open the value. */
static void add_alerts(outlet *self, publish_batch *b, part *p)
{
	mr_bytes rest = buf_bytes(&p->alerts);
	for (size_t i = 0; i < p->alert_count; i++) {
		const char *end = memchr(rest.data, '\n', rest.len), *stop = memchr(end + 1, '\n', (size_t)(rest.data + rest.len - end - 1));
		mr_bytes key = {rest.data, (size_t)(end - rest.data)}, value = {end + 1, (size_t)(stop - end) - 1};
		outlet_add_record(self, b, p->item, &(outlet_record){PUBLISH_ALERT, self->alerts_topic, article_page(p->doc), key, {key.data + 33, key.len - 33}, p->made_ms, value});
		rest = (mr_bytes){stop + 1, (size_t)(rest.data + rest.len - stop) - 1};
	}
}

static void add_part(outlet *self, publish_batch *b, part *p)
{
	const char *topics[ROUTES_MAX];
	outlet_record record = {.page = article_page(p->doc), .made_ms = p->made_ms, .value = buf_bytes(&p->out)};
	if (p->state == PART_FILTERED)
		return;
	if (p->state == PART_ARTICLE || self->enrich) {
		record.kind = PUBLISH_ARTICLE;
		for (size_t i = 0, n = routes_of(self->routes, article_labels(p->doc), topics); i < n; i++) {
			record.topic = topics[i];
			outlet_add_record(self, b, p->item, &record);
		}
	} else if (self->tell_duplicates) {
		record.kind = PUBLISH_DUPLICATE;
		record.topic = self->duplicates_topic;
		outlet_add_record(self, b, p->item, &record);
	}
	add_alerts(self, b, p);
}

/* The article may be in any of the topics. */
static void add_tombstone(outlet *self, publish_batch *b, item *it)
{
	const char *const *topics;
	size_t count = it->withheld ? 0 : routes_topics(self->routes, &topics);
	for (size_t i = 0; i < count; i++)
		outlet_add_record(self, b, it, &(outlet_record){.kind = PUBLISH_TOMBSTONE, .topic = topics[i], .made_ms = it->made_ms});
}

static void add_repeat(outlet *self, publish_batch *b, item *it)
{
	if (self->tell_duplicates)
		outlet_add_record(self, b, it, &(outlet_record){.kind = PUBLISH_DUPLICATE, .topic = self->duplicates_topic, .made_ms = it->made_ms, .value = buf_bytes(&it->out)});
}

void outlet_add_item(outlet *self, publish_batch *b, item *it)
{
	if (it->state == ITEM_DEAD)
		add_dead(self, b, it);
	else if (it->tombstone)
		add_tombstone(self, b, it);
	else if (it->state == ITEM_REPEAT)
		add_repeat(self, b, it);
	else
		for (size_t i = 0; i < it->part_count; i++)
			add_part(self, b, it->parts[i]);
}

void outlet_add_journal(outlet *self, publish_batch *b, const char *versions, const char *instance)
{
	size_t at = 0;
	for (mr_bytes entry; (entry = index_log_frame_next(buf_bytes(&b->log_entries), &at)).data;) {
		publish_message *m = add_message(b, PUBLISH_JOURNAL, NULL, self->journal, entry);
		mr_field *fields = field_room(b);
		id_hex(index_entry_id(entry), m->id_key);
		fields[0] = (mr_field){mr_bytes_of(JOURNAL_VERSIONS), mr_bytes_of(versions)};
		fields[1] = (mr_field){mr_bytes_of(JOURNAL_INSTANCE), mr_bytes_of(instance)};
		m->field_count = 2;
		b->field_count += 2;
	}
}

void publish_batch_free(publish_batch **self_p)
{
	publish_batch *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->scratch_count; i++) {
		buf_free(self->scratch[i]);
		free(self->scratch[i]);
	}
	free(self->scratch);
	free(self->messages);
	free(self->fields);
	free(self->offsets);
	buf_free(&self->log_offsets);
	buf_free(&self->log_entries);
	buf_free(&self->followed.frames);
	free(self);
	*self_p = NULL;
}
