/* tap.c - see tap.h.
 *
 * Records are looked at as the text they leave as: one member is found by json_member in one pass, no tree is built. A record that a listener cannot want is not even written for it. */
#include "daemon/tap.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json_text.h"
#include "common/mem.h"
#include "daemon/item.h"

struct tap_listener {
	tap_filter filter;
	bool (*send)(void *to, mr_bytes line);
	void *to;                        /* NULL: the place is free */
	uint64_t passed;                 /* records that the filter let pass, for `every` */
	double credit;                   /* records that it may be sent now: refilled by `rate` a second, at most that many */
	int64_t refilled_us;
	uint64_t left_out, unseen;       /* since they were told last */
	int64_t sent_ms;                 /* wall clock: when it heard of us last */
};

struct tap {
	tap_clock clock;
	tap_listener listeners[TAP_LISTENERS];
	size_t count;
	int64_t second_us, spent_us;     /* begin of the second that is counted, time taken in it */
	size_t sent_bytes;               /* ... and bytes sent */
	int64_t begun_us;                /* between tap_begin and tap_end; else 0 */
	buf line, record, scratch;
};

/* ---- the filter ---- */

static int refuse(buf *error, const char *name, const char *wanted)
{
	buf_printf(error, "%s: %s is wanted\n", name, wanted);
	return -1;
}

static int copy_param(char *out, size_t size, const query *query, const char *name, buf *error)
{
	const char *value = query_find(query, name);
	if (value && strlen(value) >= size)
		return refuse(error, name, "a shorter text");
	snprintf(out, size, "%s", value ? value : "");
	return 0;
}

static int read_where(tap_filter *out, const char *where, buf *error)
{
	size_t len = where ? strcspn(where, "=~") : 0;
	if (!where)
		return 0;
	if (len == 0 || len >= sizeof out->field || !where[len])
		return refuse(error, "where", "FIELD=TEXT or FIELD~TEXT");
	memcpy(out->field, where, len);
	out->contains = where[len] == '~';
	snprintf(out->text, sizeof out->text, "%s", where + len + 1);
	return 0;
}

static int check_stage(const char *stage, const char *const *stages, size_t count, buf *error)
{
	buf names = {0};
	for (size_t i = 0; i < count; i++) {
		if (strcmp(stages[i], stage) == 0) {
			buf_free(&names);
			return 0;
		}
		buf_printf(&names, "%s%s", i ? ", " : "one of ", stages[i]);
	}
	refuse(error, "stage", count ? buf_bytes(&names).data : "nothing (there is no stage)");
	buf_free(&names);
	return -1;
}

static int check_outcome(const tap_filter *self, buf *error)
{
	static const char *const ended[] = {"published", "revision", "duplicate", "filtered", "dead", "tombstone"}, *const answered[] = {"answered", "refused", "failed"};
	const char *const *words = self->stage[0] ? answered : ended;
	for (size_t i = 0; i < (self->stage[0] ? 3 : 6); i++)
		if (strcmp(words[i], self->outcome) == 0)
			return 0;
	return refuse(error, "outcome", self->stage[0] ? "answered, refused or failed (of a stage)" : "published, revision, duplicate, filtered, dead or tombstone");
}

int tap_filter_read(tap_filter *out, const query *query, const char *const *stages, size_t stage_count, buf *error)
{
	static const char *const names[] = {"stage", "outcome", "label", "source", "every", "rate", "where"};
	*out = (tap_filter){.every = 1, .rate = TAP_RATE};
	for (size_t i = 0; i < query->count; i++) {
		bool known = false;
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			known = known || strcmp(names[k], query->params[i].name) == 0;
		if (!known)
			return refuse(error, query->params[i].name, "no such parameter; stage, outcome, label, source, every, rate or where");
	}
	if (copy_param(out->stage, sizeof out->stage, query, "stage", error) || copy_param(out->outcome, sizeof out->outcome, query, "outcome", error) ||
	    copy_param(out->label, sizeof out->label, query, "label", error) || copy_param(out->source, sizeof out->source, query, "source", error) ||
	    read_where(out, query_find(query, "where"), error))
		return -1;
	if (query_number(query, "every", 1, 1000000000, &out->every))
		return refuse(error, "every", "a number from 1 to 1000000000");
	if (query_number(query, "rate", 1, TAP_RATE_MAX, &out->rate))
		return refuse(error, "rate", "a number from 1 to 1000");
	if (out->stage[0] && check_stage(out->stage, stages, stage_count, error))
		return -1;
	return out->outcome[0] ? check_outcome(out, error) : 0;
}

static bool is_text(mr_bytes value, const char *text, bool contains)
{
	size_t len = strlen(text);
	return contains ? memmem(value.data, value.len, text, len) != NULL : value.len == len && memcmp(value.data, text, len) == 0;
}

/* A string as JSON, with its quotes. */
static bool is_string_text(mr_bytes quoted, const char *text, bool contains, buf *scratch)
{
	return quoted.len >= 2 && json_string_decode((mr_bytes){quoted.data + 1, quoted.len - 2}, scratch) && is_text(buf_bytes(scratch), text, contains);
}

/* One of the strings of a list; strings inside of what the list nests count with it. */
static bool has_string(mr_bytes list, const char *text, bool contains, buf *scratch)
{
	const char *at = list.data, *end = list.data + list.len;
	while ((at = memchr(at, '"', (size_t)(end - at)))) {
		const char *stop = json_string_end(at, end);
		if (is_string_text((mr_bytes){at, (size_t)(stop - at)}, text, contains, scratch))
			return true;
		at = stop;
	}
	return false;
}

/* Strings are compared decoded, lists string by string, everything else as it is written; an object, and a list of other things, by what it contains. */
static bool value_is(mr_bytes value, const char *text, bool contains, buf *scratch)
{
	if (!value.data)
		return false;
	if (value.data[0] == '"')
		return is_string_text(value, text, contains, scratch);
	if (value.data[0] == '[' && has_string(value, text, contains, scratch))
		return true;
	return is_text(value, text, contains);
}

/* Members of the line around the record. */
static bool line_has(const tap_event *event, const tap_filter *f)
{
	char number[24] = "";
	const char *value = number;
	if (strcmp(f->field, "outcome") == 0)
		value = event->outcome;
	else if (strcmp(f->field, "topic") == 0)
		value = event->topic;
	else if (strcmp(f->field, "by") == 0)
		value = event->by ? event->by : "";
	else if (strcmp(f->field, "code") == 0)
		value = event->fault ? event->fault->code : "";
	else if (strcmp(f->field, "message") == 0)
		value = event->fault ? event->fault->message : "";
	else if (strcmp(f->field, "partition") == 0)
		snprintf(number, sizeof number, "%d", (int)event->partition);
	else if (strcmp(f->field, "offset") == 0)
		snprintf(number, sizeof number, "%lld", (long long)event->offset);
	return value[0] && is_text(mr_bytes_of(value), f->text, f->contains);
}

static mr_bytes member_of(const tap_event *event, const char *name)
{
	return event->record.data ? json_member(event->record, name) : (mr_bytes){NULL, 0};
}

bool tap_filter_takes(const tap_filter *self, const tap_event *event, buf *scratch)
{
	if (strcmp(self->stage, event->stage ? event->stage : "") != 0)
		return false;
	if (self->outcome[0] && strcmp(self->outcome, event->outcome) != 0)
		return false;
	if (self->label[0] && !value_is(member_of(event, "primary_label"), self->label, false, scratch) && !value_is(member_of(event, "labels"), self->label, false, scratch))
		return false;
	if (self->source[0] && !value_is(member_of(event, "source_name"), self->source, false, scratch))
		return false;
	return !self->field[0] || value_is(member_of(event, self->field), self->text, self->contains, scratch) || line_has(event, self);
}

/* ---- listeners ---- */

static int64_t mono_us(const tap *self)
{
	return self->clock.mono_us(self->clock.arg);
}

tap *tap_new(tap_clock clock)
{
	tap *self = mem_alloc(sizeof *self);
	self->clock = clock;
	return self;
}

void tap_free(tap **self_p)
{
	tap *self = *self_p;
	if (!self)
		return;
	assert(self->count == 0);
	buf_free(&self->line);
	buf_free(&self->record);
	buf_free(&self->scratch);
	free(self);
	*self_p = NULL;
}

tap_listener *tap_join(tap *self, const tap_filter *filter, bool (*send)(void *to, mr_bytes line), void *to)
{
	for (size_t i = 0; i < TAP_LISTENERS; i++) {
		tap_listener *l = &self->listeners[i];
		if (l->to)
			continue;
		*l = (tap_listener){.filter = *filter, .send = send, .to = to, .credit = (double)filter->rate, .refilled_us = mono_us(self),
				    .sent_ms = self->clock.wall_ms(self->clock.arg)};
		self->count++;
		return l;
	}
	return NULL;
}

void tap_leave(tap *self, tap_listener **listener)
{
	if (!*listener)
		return;
	(*listener)->to = NULL;
	self->count--;
	*listener = NULL;
}

size_t tap_count(const tap *self)
{
	return self->count;
}

/* ---- what is told ---- */

static bool listens(const tap_listener *l, const char *stage)
{
	return l->to && strcmp(l->filter.stage, stage ? stage : "") == 0;
}

bool tap_begin(tap *self, const char *stage)
{
	bool wanted = false;
	if (!self->count)
		return false;
	for (size_t i = 0; i < TAP_LISTENERS; i++)
		wanted = wanted || listens(&self->listeners[i], stage);
	if (!wanted)
		return false;
	int64_t now = mono_us(self);
	if (now - self->second_us >= 1000000) {
		self->second_us = now;
		self->spent_us = 0;
		self->sent_bytes = 0;
	}
	if (self->spent_us < TAP_BUDGET_US) {
		self->begun_us = now;
		return true;
	}
	for (size_t i = 0; i < TAP_LISTENERS; i++)
		self->listeners[i].unseen += listens(&self->listeners[i], stage);
	return false;
}

void tap_end(tap *self)
{
	self->spent_us += mono_us(self) - self->begun_us;
	self->begun_us = 0;
}

static void add_member(buf *out, const char *name, mr_bytes text)
{
	buf_printf(out, ",\"%s\":", name);
	if (text.data)
		json_add_text(out, text);
	else
		buf_add_str(out, "null");
}

static void write_line(buf *out, const tap_event *event)
{
	const record_fault *fault = event->fault;
	buf_clear(out);
	buf_printf(out, "{\"at_ms\":%lld", (long long)event->at_ms);
	add_member(out, "outcome", mr_bytes_of(event->outcome));
	add_member(out, "stage", mr_bytes_of(event->stage));
	add_member(out, "topic", mr_bytes_of(event->topic));
	buf_printf(out, ",\"partition\":%d,\"offset\":%lld,\"page\":%d,\"ms\":%lld", (int)event->partition, (long long)event->offset, event->page, (long long)event->ms);
	if (event->by)
		add_member(out, "by", mr_bytes_of(event->by));
	if (fault) {
		buf_add_str(out, ",\"fault\":{\"attempts\":");
		buf_printf(out, "%d", event->attempts);
		add_member(out, "code", mr_bytes_of(fault->code));
		add_member(out, "stage", mr_bytes_of(fault->stage));
		add_member(out, "message", mr_bytes_of(fault->message));
		buf_add_char(out, '}');
	}
	buf_add_str(out, ",\"record\":");
	if (event->record.data)
		buf_add(out, event->record.data, event->record.len);
	else
		buf_add_str(out, "null");
	buf_add_str(out, "}\n");
}

static bool has_credit(const tap *self, tap_listener *l)
{
	int64_t now = mono_us(self);
	l->credit += (double)(now - l->refilled_us) * (double)l->filter.rate / 1e6;
	l->refilled_us = now;
	if (l->credit > (double)l->filter.rate)
		l->credit = (double)l->filter.rate;
	return l->credit >= 1;
}

void tap_tell(tap *self, const tap_event *event)
{
	bool written = false;
	for (size_t i = 0; i < TAP_LISTENERS; i++) {
		tap_listener *l = &self->listeners[i];
		if (!listens(l, event->stage) || !tap_filter_takes(&l->filter, event, &self->scratch) || l->passed++ % (uint64_t)l->filter.every != 0)
			continue;
		if (!has_credit(self, l)) {
			l->left_out++;
			continue;
		}
		if (!written)
			write_line(&self->line, event);
		written = true;
		if (self->sent_bytes + self->line.len <= TAP_BYTES && l->send(l->to, buf_bytes(&self->line))) {
			self->sent_bytes += self->line.len;
			l->credit -= 1;
			l->sent_ms = event->at_ms;
		} else {
			l->left_out++;
		}
	}
}

/* What does not get through is told with the next try. */
static void tick(tap *self, tap_listener *l)
{
	int64_t now = self->clock.wall_ms(self->clock.arg);
	bool left = l->left_out || l->unseen;
	if (!left && now - l->sent_ms < TAP_BEAT_MS && now >= l->sent_ms)
		return;
	buf_clear(&self->line);
	if (left)
		buf_printf(&self->line, "{\"left_out\":%llu,\"unseen\":%llu}\n", (unsigned long long)l->left_out, (unsigned long long)l->unseen);
	else
		buf_printf(&self->line, "{\"beat\":%lld}\n", (long long)now);
	if (!l->send(l->to, buf_bytes(&self->line)))
		return;
	l->left_out = l->unseen = 0;
	l->sent_ms = now;
}

void tap_tick(tap *self)
{
	for (size_t i = 0; self->count && i < TAP_LISTENERS; i++)
		if (self->listeners[i].to)
			tick(self, &self->listeners[i]);
}

/* ---- where records are looked at ---- */

static tap_event event_of(const tap *self, const item *it)
{
	return (tap_event){.topic = it->partition->topic, .partition = it->partition->number, .offset = it->offset, .at_ms = self->clock.wall_ms(self->clock.arg),
			   .ms = (mono_us(self) - it->read_us) / 1000};
}

/* What is known of a record that did not become articles, or whose short record is published nowhere. */
static mr_bytes preview_of(tap *self, const item *it, int pages, const verdict *v)
{
	if (!it->rec)
		return (mr_bytes){NULL, 0};
	buf_clear(&self->record);
	record_preview(it->rec, pages, v, self->clock.wall_ms(self->clock.arg), &self->record);
	return buf_bytes(&self->record);
}

static void tell_article(tap *self, tap_event *event, const part *p)
{
	bool filtered = p->state == PART_FILTERED;
	event->outcome = part_outcome(p);
	event->by = filtered ? filter_names[p->filtered] : NULL;
	event->page = article_page(p->doc);
	event->record = record_unwrap(p->item->rec, buf_bytes(&p->out));
	if (filtered || !p->out.len) {           /* kept out, or dedup.duplicates = drop */
		buf_clear(&self->record);
		article_preview(p->doc, filtered ? NULL : &p->verdict, event->at_ms, &self->record);
		event->record = buf_bytes(&self->record);
	}
	tap_tell(self, event);
}

void tap_on_outcome(tap *self, const item *it)
{
	if (!tap_begin(self, NULL))
		return;
	tap_event event = event_of(self, it);
	if (it->state == ITEM_DONE && it->part_count) {
		for (size_t i = 0; i < it->part_count; i++)
			tell_article(self, &event, it->parts[i]);
	} else if (it->tombstone) {
		event.outcome = "tombstone";
		tap_tell(self, &event);
	} else if (it->state == ITEM_REPEAT) {
		event.outcome = "duplicate";
		event.record = it->out.len ? record_unwrap(it->rec, buf_bytes(&it->out)) : preview_of(self, it, it->repeat_pages, &it->repeat_verdict);
		tap_tell(self, &event);
	} else {
		event.outcome = "dead";
		event.fault = &it->fault;
		event.attempts = it->attempts;
		event.record = preview_of(self, it, 1, NULL);
		tap_tell(self, &event);
	}
	tap_end(self);
}

void tap_on_answer(void *arg, const part *p, const char *stage, const record_fault *fault, int attempts)
{
	tap *self = arg;
	if (!tap_begin(self, stage))
		return;
	tap_event event = event_of(self, p->item);
	bool refused = fault && strcmp(fault->code, "stage.timeout") != 0 && strcmp(fault->code, "stage.crash") != 0;
	event.stage = stage;
	event.outcome = !fault ? "answered" : refused ? "refused" : "failed";
	event.fault = fault;
	event.attempts = attempts;
	if (p->doc) {
		event.page = article_page(p->doc);
		buf_clear(&self->record);
		article_preview(p->doc, &p->verdict, event.at_ms, &self->record);
		event.record = buf_bytes(&self->record);
	} else {
		event.record = preview_of(self, p->item, 1, NULL);
	}
	tap_tell(self, &event);
	tap_end(self);
}
