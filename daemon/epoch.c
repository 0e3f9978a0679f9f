/* epoch.c - see epoch.h. */
#include "epoch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/settings.h"
#include "daemon/index_log.h"
#include "daemon/outlet.h"

#define PACE_FIRST (256u << 10)
#define PACE_LEAST (32u << 10)

typedef struct limits {
	size_t records, bytes;
} limits;

struct epochs {
	pipeline *pipeline;
	ledger *ledger;
	index_t *index;
	epoch_hooks hooks;
	int64_t every_ms;
	limits limits;
	outlet *outlet;
	const char *versions, *instance; /* headers of the journal's messages; NULL: no journal */
	uint64_t next_number;
	unsigned search;                 /* stamps the set being formed */
	item **set;                      /* the epoch in hand: by partition, in offset order */
	size_t set_count, set_cap;
	size_t entry_count;              /* of the epoch in hand */
	bool busy;
	int64_t last_ms;                 /* monotonic: when the last epoch was handed over */
	unsigned aborts;                 /* KEPT in a row: from the second on the epoch is halved */
	bool careful;                    /* a record of them is refused: one message at a time until an epoch is committed */
	size_t halved;                   /* limit of records while halving; 0: none */
	int64_t patience_us;             /* of the broker with a transaction; 0: no limit */
	size_t pace;                     /* bytes of an epoch that it takes well within that */
	epoch_counts counts;
};

epochs *epochs_new(const struct settings *settings, pipeline *pipe, ledger *partitions, index_t *index, uint64_t next_epoch, epoch_hooks hooks)
{
	epochs *self = mem_alloc(sizeof *self);
	self->pipeline = pipe;
	self->ledger = partitions;
	self->index = index;
	self->hooks = hooks;
	self->next_number = next_epoch;
	self->pace = SIZE_MAX;
	self->outlet = outlet_new(settings, pipe);
	self->counts.started_ms = -1;
	epochs_configure(self, settings);
	return self;
}

void epochs_free(epochs **self_p)
{
	epochs *self = *self_p;
	if (!self)
		return;
	outlet_free(&self->outlet);
	free(self->set);
	free(self);
	*self_p = NULL;
}

void epochs_configure(epochs *self, const struct settings *settings)
{
	outlet_configure(self->outlet, settings);
	self->every_ms = settings_int(settings, "publish.epoch_ms");
	self->limits.records = (size_t)settings_int(settings, "publish.epoch_records");
	self->limits.bytes = (size_t)settings_int(settings, "publish.epoch_bytes");
}

void epochs_set_max_dead(epochs *self, size_t bytes)
{
	outlet_set_max_dead(self->outlet, bytes);
}

void epochs_set_journal(epochs *self, const char *versions, const char *instance)
{
	self->versions = versions;
	self->instance = instance;
}

void epochs_set_patience(epochs *self, int64_t patience_us)
{
	self->patience_us = patience_us;
	self->pace = patience_us ? PACE_FIRST : SIZE_MAX;
}

bool epochs_busy(const epochs *self)
{
	return self->busy;
}

epoch_counts epochs_counts_get(const epochs *self)
{
	return self->counts;
}

/* ---- the set: finished prefixes, cut back until every owner is in it or settled ---- */

static bool in_set(const epochs *self, const item *it)
{
	return it->in_set == self->search;
}

/* Takes the finished prefix of every partition, within the limits. */
static void take_prefixes(epochs *self, limits most)
{
	size_t records = 0, bytes = 0;
	if (++self->search == 0)
		self->search = 1;
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		for (item *it = p->head; it && item_finished(it) && records < most.records && bytes < most.bytes; it = it->next) {
			it->in_set = self->search;
			records++;
			bytes += item_out_bytes(it);
		}
}

/* What it waits for leaves with it (as an article), or has left. A dead revision waits, too: see judge_died. */
static bool is_closed(const epochs *self, const item *it)
{
	if (it->state == ITEM_REPEAT)
		return !it->repeat_of || in_set(self, it->repeat_of);
	for (size_t i = 0; i < it->part_count; i++) {
		const part *owner = it->parts[i]->owner;
		if (owner && !(in_set(self, owner->item) && owner->state == PART_ARTICLE && owner->item->state == ITEM_DONE))
			return false;
	}
	return true;
}

/* Cuts every partition back at the first item whose owner is missing, until nothing changes. An owner never waits for its duplicates, so what is left is
 * the largest closed set. */
static void cut_back(epochs *self)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (partition *p = ledger_first(self->ledger); p; p = p->next) {
			item *it = p->head;
			while (it && in_set(self, it) && is_closed(self, it))
				it = it->next;
			for (; it && in_set(self, it); it = it->next) {
				it->in_set = 0;
				changed = true;
			}
		}
	}
}

static size_t collect(epochs *self)
{
	size_t n = 0;
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		for (item *it = p->head; it && in_set(self, it); it = it->next) {
			if (n == self->set_cap) {
				self->set_cap += self->set_cap / 2 + 256;
				self->set = mem_grow(self->set, self->set_cap, sizeof *self->set);
			}
			self->set[n++] = it;
		}
	return n;
}

static limits limits_now(const epochs *self)
{
	return (limits){self->limits.records, self->pace < self->limits.bytes ? self->pace : self->limits.bytes};
}

static size_t form(epochs *self)
{
	limits most = limits_now(self);
	if (self->halved)
		most.records = self->halved;
	take_prefixes(self, most);
	cut_back(self);
	size_t n = collect(self);
	if (!n) {                        /* R5: a limit never empties an epoch */
		take_prefixes(self, (limits){SIZE_MAX, SIZE_MAX});
		cut_back(self);
		n = collect(self);
	}
	return n;
}

/* ---- the batch ---- */

static void add_entry(epochs *self, publish_batch *b, const index_entry *entry)
{
	buf bytes = {0};
	index_entry_encode(entry, index_topic_name(self->index, entry->topic), &bytes);
	index_log_frame_entry(&b->log_entries, buf_bytes(&bytes));
	buf_free(&bytes);
	self->entry_count++;
}

/* What the index is to remember of it. */
static void add_entries(epochs *self, publish_batch *b, const item *it)
{
	index_entry alias;
	if (it->state != ITEM_DONE || it->tombstone)
		return;
	for (size_t i = 0; i < it->part_count; i++)
		if (it->parts[i]->entry)
			add_entry(self, b, index_pending(self->index, it->parts[i]->entry));
	if (judge_alias(pipeline_judge(self->pipeline), it, &alias))
		add_entry(self, b, &alias);
}

static void add_offset(publish_batch *b, const item *last)
{
	const partition *p = last->partition;
	if (b->offset_count == b->offset_cap) {
		b->offset_cap += b->offset_cap / 2 + 16;
		b->offsets = mem_grow(b->offsets, b->offset_cap, sizeof *b->offsets);
	}
	b->offsets[b->offset_count++] = (publish_offset){p->topic, p->number, last->offset + 1};
	buf_printf(&b->log_offsets, "%s %" PRId32 " %" PRId64 "\n", p->topic, p->number, last->offset + 1);
}

static publish_batch *make_batch(epochs *self)
{
	publish_batch *b = mem_alloc(sizeof *b);
	b->epoch = self->next_number++;
	b->careful = self->careful;
	b->keep_segment = self->index ? index_oldest_segment(self->index) : 0;
	self->entry_count = 0;
	for (size_t i = 0; i < self->set_count; i++) {
		item *it = self->set[i];
		it->frozen = true;
		outlet_add_item(self->outlet, b, it);
		add_entries(self, b, it);
		if (i + 1 == self->set_count || self->set[i + 1]->partition != it->partition)
			add_offset(b, it);
	}
	if (self->versions)
		outlet_add_journal(self->outlet, b, self->versions, self->instance);
	outlet_close(b);
	return b;
}

/* ---- life of an epoch ---- */

/* Enough is finished to end the epoch before its time. */
static bool is_full(const epochs *self)
{
	limits most = limits_now(self);
	size_t records = 0, bytes = 0;
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		for (item *it = p->head; it && item_finished(it); it = it->next) {
			bytes += item_out_bytes(it);
			if (++records >= most.records || bytes >= most.bytes)
				return true;
		}
	return false;
}

bool epochs_is_idle(const epochs *self)
{
	if (self->busy)
		return false;
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		if (p->head && item_finished(p->head))
			return false;
	return true;
}

bool epochs_poll(epochs *self, int64_t now_ms, bool force)
{
	if (self->busy)
		return false;
	pipeline_settle(self->pipeline);
	if (!force && now_ms - self->last_ms < self->every_ms && !is_full(self))
		return false;
	if (!(self->set_count = form(self)))
		return false;
	publish_batch *batch = make_batch(self);
	self->busy = true;
	self->last_ms = self->counts.started_ms = now_ms;
	self->hooks.publish(self->hooks.arg, batch);
	return true;
}

static size_t bytes_in_hand(const epochs *self)
{
	size_t bytes = 0;
	for (size_t i = 0; i < self->set_count; i++)
		bytes += item_out_bytes(self->set[i]);
	return bytes;
}

/* The next epoch may be twice as large if this one took little of the broker's patience, half as large if it took most of it, or was aborted (for another reason than a
 * refused record): then perhaps because it took too much. In between it stays: a broker that is slow for every epoch, large or small, wants few of them. */
static void keep_pace(epochs *self, const publish_result *result)
{
	size_t bytes = bytes_in_hand(self);
	if (!self->patience_us || result->refusal)
		return;
	if (result->outcome == PUBLISH_KEPT || result->commit_us > self->patience_us / 2) {
		size_t half = (bytes < self->pace ? bytes : self->pace) / 2;
		self->pace = half > PACE_LEAST ? half : PACE_LEAST;
	} else if (result->commit_us < self->patience_us / 8 && bytes >= self->pace / 2 && self->pace < self->limits.bytes) {
		self->pace *= 2;
	}
}

static void committed(epochs *self, const publish_result *result)
{
	self->counts.committed++;
	self->counts.records += self->set_count;
	self->counts.entries += self->entry_count;
	self->aborts = 0;
	self->careful = false;
	self->halved = 0;
	for (size_t i = 0; i < self->set_count; i++) {
		item *it = self->set[i];
		self->counts.bytes += item_out_bytes(it);
		it->partition->committed = it->offset + 1;
		pipeline_end(self->pipeline, it, result->segment);
	}
}

/* The broker refuses one record: it becomes a dead letter; if it is one already (its topic's limit has changed since the start), it leaves bare. */
static void refused(epochs *self, item *it, const char *why)
{
	if (it->state == ITEM_DEAD)
		it->bare = true;
	else
		pipeline_refuse(self->pipeline, it, "output.too-large", why);
	self->aborts = 0;
}

/* The results stay. Aborted again and again, the epoch is halved until the record that the broker refuses stands alone. */
static void kept(epochs *self, const publish_result *result)
{
	self->counts.kept++;
	for (size_t i = 0; i < self->set_count; i++)
		self->set[i]->frozen = false;
	self->careful = self->careful || result->refusal;
	if (result->refused)
		refused(self, result->refused, result->why);
	else if (++self->aborts >= 2)
		self->halved = self->set_count > 1 ? self->set_count / 2 : 1;
}

void epochs_answer(epochs *self, const publish_result *result)
{
	assert(self->busy);
	self->busy = false;
	self->counts.started_ms = -1;
	if (result->outcome == PUBLISH_COMMITTED || result->outcome == PUBLISH_KEPT)
		keep_pace(self, result);
	if (result->outcome == PUBLISH_COMMITTED) {
		committed(self, result);
	} else if (result->outcome == PUBLISH_KEPT) {
		kept(self, result);
	} else {
		self->counts.rewound += result->outcome == PUBLISH_REWIND;
		for (size_t i = 0; i < self->set_count; i++)
			self->set[i]->frozen = false;
	}
	self->set_count = 0;
}
