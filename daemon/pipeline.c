/* pipeline.c - see pipeline.h.
 *
 * The way of a part: stages before the judge (up to and including `dedup`), the judge, stages behind it, its record dumped. A stage never calls back from
 * inside a submit, but a hook of the judge may end an item while the judge is at work: deaths are therefore put on a list and carried out by
 * pipeline_settle, with nobody else on the stack. */
#include "pipeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/routes.h"
#include "common/settings.h"

#define EVENT_BYTES_MAX 1536     /* headers of CloudEvents: names and words 120, source at most 760, id 330, time 24 */

enum duplicates { DUPLICATES_TOPIC, DUPLICATES_ENRICH, DUPLICATES_DROP };

struct pipeline {
	ledger *ledger;
	index_t *index;
	judge *judge;
	record_rules *rules;                     /* in force; records in flight keep those they were made with */
	pipeline_hooks hooks;
	pipeline_answered answered;              /* NULL: nobody looks on */
	void *answered_arg;
	pipeline_limits limits;
	enum duplicates duplicates;
	bool key_identity;
	filter *filter;                          /* sink.filter */
	routes *routes;                          /* sink.route */
	bool alerts;                             /* are published */
	stage *stages[PIPELINE_STAGES_MAX];
	size_t stage_count;
	size_t judge_after;                      /* stages before the judge */
	uint64_t sequence;                       /* of the item read last */
	size_t event_bytes;                      /* that sink.cloudevents adds to a record at most */
	size_t bytes;
	bool high, moved;                        /* pressure; something may be judged */
	item **doomed;                           /* to be declared dead by pipeline_settle; their fault is set */
	size_t doomed_count, doomed_cap;
	pipeline_counts counts;
};

static void judged(void *arg, item *it);
static void bound(void *arg, item *it);
static void restart(void *arg, item *it);

static int64_t judge_wall_ms(void *arg)
{
	pipeline *self = arg;
	return self->hooks.wall_ms(self->hooks.arg);
}

static size_t behind(const char *const *stages, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(stages[i], name) == 0)
			return i + 1;
	return 0;
}

/* The judge stands behind the stage dedup; without one, behind all stages (and finds everything new). With a filter that asks for labels it stands behind classify, too: what the filter
 * keeps out must be known when it is judged. */
static void find_judge(pipeline *self, const struct settings *settings)
{
	const char *const *names;
	size_t count = settings_list(settings, "pipeline.stages", &names), dedup = behind(names, count, "dedup"), classify = behind(names, count, "classify");
	assert((self->index != NULL) == (dedup > 0));
	self->judge_after = dedup ? dedup : count;
	if (filter_asks_labels(self->filter) && classify > self->judge_after)
		self->judge_after = classify;
}

static void make_filter(pipeline *self, const struct settings *settings)
{
	const char *const *items, *const *labels;
	size_t count = settings_list(settings, "sink.filter", &items), label_count = settings_list(settings, "classify.labels", &labels);
	char why[FILTER_WHY];
	self->filter = filter_new(labels, label_count);
	for (size_t i = 0; i < count; i++)
		if (filter_add(self->filter, items[i], why))
			abort();                         /* settings_check has read it */
}

static void set_duplicates(pipeline *self, const char *word)
{
	self->duplicates = strcmp(word, "enrich") == 0 ? DUPLICATES_ENRICH : strcmp(word, "drop") == 0 ? DUPLICATES_DROP : DUPLICATES_TOPIC;
	judge_set_repeats(self->judge, self->duplicates != DUPLICATES_ENRICH);
}

pipeline *pipeline_new(const struct settings *settings, ledger *partitions, index_t *index, pipeline_hooks hooks)
{
	pipeline *self = mem_alloc(sizeof *self);
	self->ledger = partitions;
	self->index = index;
	self->hooks = hooks;
	self->judge = judge_new(partitions, index, (judge_hooks){judged, bound, restart, judge_wall_ms, self});
	self->limits.max_output_bytes = SIZE_MAX;
	self->routes = routes_new(settings);
	self->alerts = settings_alerts_topic(settings)[0] != 0;
	make_filter(self, settings);
	find_judge(self, settings);
	set_duplicates(self, settings_str(settings, "dedup.duplicates"));
	pipeline_configure(self, settings);
	return self;
}

void pipeline_ignore_filter(pipeline *self, const struct settings *settings)
{
	filter_free(&self->filter);
	self->filter = filter_new(NULL, 0);
	find_judge(self, settings);
}

void pipeline_free(pipeline **self_p)
{
	pipeline *self = *self_p;
	if (!self)
		return;
	judge_free(&self->judge);
	record_rules_free(&self->rules);
	filter_free(&self->filter);
	routes_free(&self->routes);
	free(self->doomed);
	free(self);
	*self_p = NULL;
}

judge *pipeline_judge(pipeline *self)
{
	return self->judge;
}

void pipeline_configure(pipeline *self, const struct settings *settings)
{
	record_rules_free(&self->rules);
	self->rules = record_rules_new(settings);
	self->limits.high_bytes = (size_t)settings_int(settings, "intake.high_bytes");
	self->limits.low_bytes = (size_t)settings_int(settings, "intake.low_bytes");
	self->limits.high_records = (size_t)settings_int(settings, "intake.high_records");
	self->event_bytes = settings_bool(settings, "sink.cloudevents") ? EVENT_BYTES_MAX : 0;
	self->key_identity = strcmp(settings_str(settings, "intake.identity"), "key") == 0;
	judge_set_max_revisions(self->judge, (int)settings_int(settings, "dedup.max_revisions"));
}

void pipeline_set_max_output(pipeline *self, size_t bytes)
{
	self->limits.max_output_bytes = bytes;
}

void pipeline_add_stage(pipeline *self, stage *stage)
{
	assert(self->stage_count < PIPELINE_STAGES_MAX);
	self->stages[self->stage_count++] = stage;
}

void pipeline_on_answer(pipeline *self, pipeline_answered hook, void *arg)
{
	self->answered = hook;
	self->answered_arg = arg;
}

bool pipeline_is_high(const pipeline *self)
{
	return self->high;
}

size_t pipeline_bytes(const pipeline *self)
{
	return self->bytes;
}

/* ---- bytes in flight ---- */

static void check_pressure(pipeline *self)
{
	size_t records = ledger_count(self->ledger);
	bool high = self->high;
	if (!high && (self->bytes >= self->limits.high_bytes || records >= self->limits.high_records))
		high = true;
	else if (high && self->bytes <= self->limits.low_bytes && records <= self->limits.high_records / 2)
		high = false;
	if (high == self->high)
		return;
	self->high = high;
	self->hooks.pressure(self->hooks.arg, high);
}

static void recount(pipeline *self, size_t *counted, size_t now)
{
	self->bytes += now - *counted;
	*counted = now;
}

static void count_part(pipeline *self, part *p)
{
	size_t bytes = sizeof *p + p->out.cap + p->alerts.cap + p->blob.cap + (p->sketch ? sizeof *p->sketch : 0) + (p->doc ? article_memory(p->doc) : 0);
	recount(self, &p->bytes, bytes);
}

static void count_item(pipeline *self, item *it)
{
	size_t bytes = sizeof *it + it->source.value.len + it->source.key.len + it->source.header_bytes + it->out.cap + (it->rec ? record_memory(it->rec) : 0);
	recount(self, &it->bytes, bytes);
}

static void cancel_parts(pipeline *self, item *it)
{
	for (size_t i = 0; i < it->part_count; i++) {
		part *p = it->parts[i];
		if (p->lent)
			stage_cancel(self->stages[p->stage], p);
		p->lent = false;
	}
}

static void clear_parts(pipeline *self, item *it)
{
	cancel_parts(self, it);
	for (size_t i = 0; i < it->part_count; i++)
		recount(self, &it->parts[i]->bytes, 0);
	item_clear_parts(it);
}

/* ---- deaths ---- */

/* Declares the item dead at the next pipeline_settle. Its first fault stands. */
static void doom(pipeline *self, item *it, const record_fault *fault, int attempts)
{
	if (it->fault.code[0])
		return;
	it->fault = *fault;
	it->attempts = attempts;
	it->last_fault_ms = self->hooks.wall_ms(self->hooks.arg);
	if (!it->first_fault_ms)
		it->first_fault_ms = it->last_fault_ms;
	if (self->doomed_count == self->doomed_cap) {
		self->doomed_cap += self->doomed_cap / 2 + 16;
		self->doomed = mem_grow(self->doomed, self->doomed_cap, sizeof *self->doomed);
	}
	self->doomed[self->doomed_count++] = it;
}

/* What Kafka adds to a value: the article id as key, the headers that are carried on, record and batch overhead (512 bytes are ample: 32 for the key, 61 for
 * a batch, some 20 for a record). */
static size_t overhead(const item *it)
{
	const size_t most = RECORD_HEADER_BYTES_MAX + 4096;      /* numbers beside each header, and two of tracing */
	size_t bytes = 0;
	for (size_t i = 0; i < it->source.header_count; i++)
		bytes += it->source.headers[i].name.len + it->source.headers[i].value.len + 10;
	return 512 + (bytes < most ? bytes : most);
}

static bool is_too_large(const pipeline *self, const item *it, size_t bytes)
{
	return bytes + overhead(it) + self->event_bytes > self->limits.max_output_bytes;
}

static void doom_too_large(pipeline *self, item *it, size_t bytes)
{
	record_fault fault = {0};
	record_fault_set(&fault, fault_names[FAULT_OUTPUT_TOO_LARGE], "publish", "record of %zu bytes, the topic takes %zu", bytes, self->limits.max_output_bytes);
	doom(self, it, &fault, 1);
}

static void die(pipeline *self, item *it)
{
	bool was_judged = it->state == ITEM_JUDGED || it->state == ITEM_DONE;
	assert(!it->frozen);
	it->state = ITEM_DEAD;
	it->died_judged = was_judged;
	cancel_parts(self, it);
	judge_died(self->judge, it);
	if (!was_judged)                 /* nobody will ask again: only what the dead letter needs stays */
		clear_parts(self, it);
	buf_free(&it->out);
	count_item(self, it);
	self->moved = true;
}

void pipeline_settle(pipeline *self)
{
	while (self->doomed_count || self->moved) {
		while (self->doomed_count) {
			item *it = self->doomed[--self->doomed_count];
			/* one whose verdict was taken back meanwhile (READY) is judged again first; one that became a repeat or started again is cleared of its fault */
			if (it->state != ITEM_DEAD && it->state != ITEM_READY && it->fault.code[0])
				die(self, it);
		}
		self->moved = false;
		judge_run(self->judge);
	}
	check_pressure(self);
}

void pipeline_refuse(pipeline *self, item *it, const char *code, const char *why)
{
	record_fault fault = {0};
	assert(it->state != ITEM_DEAD);
	record_fault_set(&fault, code, "publish", "%s", why);
	it->fault.code[0] = 0;
	doom(self, it, &fault, 1);
	pipeline_settle(self);
}

/* ---- through the stages ---- */

static void submit(pipeline *self, part *p)
{
	size_t bytes = p->doc ? article_body(p->doc).len : record_input(p->item->rec).len;
	p->lent = true;
	stage_submit(self->stages[p->stage], p, bytes);
}

static void fill(void *arg, void *ticket, const char *const *wants, mr_task *task, mr_field *fields, buf *scratch)
{
	const part *p = ticket;
	(void)arg;
	task->body = p->doc ? article_body(p->doc) : record_input(p->item->rec);
	task->fields = fields;
	task->field_count = p->doc ? article_fields(p->doc, wants, fields, scratch) : record_fields(p->item->rec, wants, fields, scratch);
}

/* The part has passed the stages before the judge: nothing that the filter asks for changes any more. */
static void part_ready(pipeline *self, part *p)
{
	item *it = p->item;
	p->filtered = filter_refuses(self->filter, it->rec, p->doc);
	if (--it->open == 0) {
		it->state = ITEM_READY;
		self->moved = true;
	}
}

/* Is it published in full? */
static bool goes_on(const pipeline *self, const part *p)
{
	return p->state == PART_ARTICLE || (p->state == PART_DUPLICATE && self->duplicates == DUPLICATES_ENRICH);
}

/* Alerts leave with their article: a duplicate, or what the filter keeps out, has none. The name of the watch stands in key and header, too. */
static void dump_alerts(pipeline *self, part *p)
{
	size_t count = self->alerts && p->state == PART_ARTICLE ? article_alert_count(p->doc) : 0;
	buf_clear(&p->alerts);
	for (size_t i = 0; i < count; i++) {
		article_alert_key(p->doc, i, &p->alerts);
		buf_add_char(&p->alerts, '\n');
		size_t from = p->alerts.len;
		article_dump_alert(p->doc, i, &p->verdict, p->made_ms, &p->alerts);
		if (is_too_large(self, p->item, p->alerts.len - from + 256))
			doom_too_large(self, p->item, p->alerts.len - from);
		buf_add_char(&p->alerts, '\n');
	}
	p->alert_count = count;
}

static void dump_part(pipeline *self, part *p)
{
	int64_t now = p->made_ms = self->hooks.wall_ms(self->hooks.arg);
	buf_clear(&p->out);
	p->topics = 0;
	if (goes_on(self, p)) {
		article_dump(p->doc, &p->verdict, now, &p->out);
		p->topics = routes_count_of(self->routes, article_labels(p->doc));
	} else if (p->state == PART_DUPLICATE && self->duplicates == DUPLICATES_TOPIC) {
		article_dump_duplicate(p->doc, &p->verdict, now, &p->out);
		p->topics = 1;
	}
	dump_alerts(self, p);
	p->finished = true;
	count_part(self, p);
	if (is_too_large(self, p->item, p->out.len))
		doom_too_large(self, p->item, p->out.len);
}

/* The part has passed the stages behind the judge, or needs none. */
static void part_finish(pipeline *self, part *p)
{
	item *it = p->item;
	dump_part(self, p);
	if (--it->open == 0 && it->state == ITEM_JUDGED)
		it->state = ITEM_DONE;
}

static void part_advance(pipeline *self, part *p)
{
	p->stage++;
	if (p->item->state == ITEM_STAGED) {
		if (p->stage < self->judge_after)
			submit(self, p);
		else
			part_ready(self, p);
	} else if (p->stage < self->stage_count) {
		submit(self, p);
	} else {
		p->enriched = true;
		part_finish(self, p);
	}
}

static void tell_answered(const pipeline *self, const part *p, const char *stage, const record_fault *fault, int attempts)
{
	if (self->answered)
		self->answered(self->answered_arg, p, stage, fault, attempts);
}

static int apply_part(pipeline *self, part *p, const stage_part *answer, const char *stage, record_fault *fault)
{
	if (answer->patch.data && article_apply(p->doc, answer->patch, stage, fault))
		return -1;
	if (answer->body.data && article_set_body(p->doc, mem_copy(answer->body.data, answer->body.len), answer->body.len, stage, fault))
		return -1;
	if (strcmp(stage, "dedup") == 0 && judge_sketched(self->judge, p, answer->blob)) {
		record_fault_set(fault, fault_names[FAULT_REFUSED], stage, "the worker answered with no sketch, or with one of another version");
		return -1;
	}
	if (strcmp(stage, "watch") == 0 && answer->blob.data)
		return article_set_alerts(p->doc, answer->blob, stage, fault);
	return 0;
}

/* The first answer says how many articles the record holds. */
static int make_parts(pipeline *self, item *it, const stage_result *result, record_fault *fault)
{
	const char *name = stage_name(self->stages[0]);
	size_t count = result->part_count;
	while (it->part_count < count)
		item_add_part(it);
	it->open = count;
	for (size_t i = 0; i < count; i++) {
		part *p = it->parts[i];
		p->item = it;
		p->doc = article_new(it->rec, (int)i, (int)count);
		if (apply_part(self, p, &result->parts[i], name, fault))
			return -1;
		count_part(self, p);
		tell_answered(self, p, name, NULL, 0);
	}
	record_release_input(it->rec);
	count_item(self, it);
	return 0;
}

/* A result for an item that was judged again meanwhile: kept for the next verdict (R6). */
static bool keep_for_later(pipeline *self, part *p)
{
	if (p->item->state != ITEM_READY)
		return false;
	p->stage++;
	p->enriched = p->stage >= self->stage_count;
	return true;
}

/* The part's item dies of it. Behind the judge the failure is kept: judged again as an article the part fails again, as a duplicate it lives (R6). */
static void fail(pipeline *self, part *p, const record_fault *fault, int attempts)
{
	if (p->stage >= self->judge_after) {
		p->failure = p->failure ? p->failure : mem_alloc(sizeof *p->failure);
		*p->failure = *fault;
		p->failed_attempts = attempts;
	}
	doom(self, p->item, fault, attempts);
}

static void done(void *arg, void *ticket, const stage_result *result)
{
	pipeline *self = arg;
	part *p = ticket;
	item *it = p->item;
	record_fault fault = {0};
	const char *name = stage_name(self->stages[p->stage]);
	p->lent = false;
	if (it->fault.code[0])
		return;
	if (result->fault) {
		tell_answered(self, p, name, result->fault, result->attempts);
		fail(self, p, result->fault, result->attempts);
		return;
	}
	if (!p->doc) {
		if (make_parts(self, it, result, &fault)) {
			tell_answered(self, p, name, &fault, 1);
			doom(self, it, &fault, 1);
			return;
		}
		for (size_t i = 0, n = it->part_count; i < n; i++)
			part_advance(self, it->parts[i]);
		return;
	}
	if (result->part_count != 1 || apply_part(self, p, &result->parts[0], name, &fault)) {
		if (!fault.code[0])
			record_fault_set(&fault, fault_names[FAULT_REFUSED], name, "the worker answered with %zu parts", result->part_count);
		tell_answered(self, p, name, &fault, 1);
		fail(self, p, &fault, 1);
		return;
	}
	count_part(self, p);
	tell_answered(self, p, name, NULL, 0);
	if (!keep_for_later(self, p))
		part_advance(self, p);
}

stage_hooks pipeline_stage_hooks(pipeline *self)
{
	return (stage_hooks){fill, done, self};
}

/* ---- hooks of the judge ---- */

/* A death that was taken back is none. */
static void clear_fault(item *it)
{
	memset(&it->fault, 0, sizeof it->fault);
	it->died_judged = false;
}

static void judged(void *arg, item *it)
{
	pipeline *self = arg;
	clear_fault(it);
	it->open = it->part_count;
	for (size_t i = 0; i < it->part_count; i++) {
		part *p = it->parts[i];
		if (goes_on(self, p) && p->failure) {
			doom(self, it, p->failure, p->failed_attempts);
			return;
		}
		if (goes_on(self, p) && !p->enriched && self->judge_after < self->stage_count) {
			if (!p->lent)
				submit(self, p);
			continue;
		}
		if (p->lent) {                   /* a duplicate now: the rest of the way is not needed */
			stage_cancel(self->stages[p->stage], p);
			p->lent = false;
		}
		part_finish(self, p);
	}
}

static void bound(void *arg, item *it)
{
	pipeline *self = arg;
	if (it->repeat_of)
		cancel_parts(self, it);          /* it may have to go on with them: see release in judge.c */
	else
		clear_parts(self, it);
	clear_fault(it);
	buf_clear(&it->out);
	if (self->duplicates != DUPLICATES_DROP)
		record_dump_duplicate(it->rec, it->repeat_pages, &it->repeat_verdict, it->made_ms = self->hooks.wall_ms(self->hooks.arg), &it->out);
	count_item(self, it);
	if (is_too_large(self, it, it->out.len))
		doom_too_large(self, it, it->out.len);
}

static void start(pipeline *self, item *it)
{
	part *first = item_add_part(it);
	first->item = it;
	it->state = ITEM_STAGED;
	it->open = 1;
	if (self->stage_count) {
		submit(self, first);
		return;
	}
	first->doc = article_new(it->rec, 0, 1);
	count_part(self, first);
	part_ready(self, first);
}

static void restart(void *arg, item *it)
{
	pipeline *self = arg;
	clear_parts(self, it);
	clear_fault(it);
	start(self, it);
}

/* ---- in and out ---- */

static void dead_at_intake(pipeline *self, item *it, const record_fault *fault)
{
	it->fault = *fault;
	it->attempts = 1;
	it->first_fault_ms = it->last_fault_ms = self->hooks.wall_ms(self->hooks.arg);
	it->state = ITEM_DEAD;
	self->moved = true;
}

void pipeline_take(pipeline *self, partition *p, const record_source *source, void *message)
{
	record_fault fault = {0};
	item *it = item_new(p, source->offset);
	it->source = *source;
	it->message = message;
	it->sequence = ++self->sequence;
	it->read_us = self->hooks.mono_us(self->hooks.arg);
	ledger_append(self->ledger, it);
	p->last_offset = source->offset;
	self->counts.taken++;
	self->counts.bytes_in += source->value.len + source->key.len;
	if (!source->value.data) {
		it->tombstone = true;
		it->withheld = !self->key_identity || !source->key.data;
		it->made_ms = self->hooks.wall_ms(self->hooks.arg);
		it->state = ITEM_DONE;
		self->moved = true;
	} else if (!(it->rec = record_parse(self->rules, source, &fault))) {
		dead_at_intake(self, it, &fault);
	} else {
		if (self->index)
			record_fingerprint(it->rec, it->fingerprint);
		if (!judge_look(self->judge, it))
			start(self, it);
	}
	count_item(self, it);
	check_pressure(self);
}

void pipeline_tombstone_id(const pipeline *self, const item *it, uint8_t out[ARTICLE_ID_BYTES])
{
	record_tombstone_id(self->rules, &it->source, out);
}

/* ---- the end ---- */

static size_t fault_number(const char *code)
{
	for (size_t i = 0; i < FAULT_OTHER; i++)
		if (strcmp(code, fault_names[i]) == 0)
			return i;
	return FAULT_OTHER;
}

static void count_parts(pipeline *self, const item *it)
{
	for (size_t i = 0; i < it->part_count; i++) {
		const part *p = it->parts[i];
		self->counts.bytes_out += p->out.len * p->topics + p->alerts.len;
		self->counts.alerts += p->alert_count;
		if (p->state == PART_ARTICLE) {
			self->counts.articles++;
			self->counts.revisions += p->verdict.revision > 0;
		} else if (p->state == PART_FILTERED) {
			self->counts.filtered_by[p->filtered]++;
		} else {
			self->counts.duplicate_parts++;
			self->counts.dropped_duplicates += self->duplicates == DUPLICATES_DROP;
		}
	}
}

static void count_outcome(pipeline *self, const item *it)
{
	if (it->tombstone) {
		self->counts.tombstones++;
	} else if (it->state == ITEM_DEAD) {
		self->counts.dead++;
		self->counts.dead_by_code[fault_number(it->fault.code)]++;
	} else if (it->state == ITEM_REPEAT) {
		self->counts.duplicates++;
		self->counts.duplicate_parts += (uint64_t)it->repeat_pages;
		self->counts.dropped_duplicates += self->duplicates == DUPLICATES_DROP ? (uint64_t)it->repeat_pages : 0;
		self->counts.bytes_out += it->out.len;
	} else {
		*(judge_article_of(it) ? &self->counts.published : item_filtered(it) ? &self->counts.filtered : &self->counts.duplicates) += 1;
		count_parts(self, it);
	}
}

/* Frees an item that nobody knows any more. */
static void let_go(pipeline *self, item *it)
{
	clear_parts(self, it);
	recount(self, &it->bytes, 0);
	ledger_unlink(self->ledger, it);
	self->hooks.release(self->hooks.arg, it->message);
	it->message = NULL;
	item_free(&it);
}

void pipeline_end(pipeline *self, item *it, uint32_t segment)
{
	assert(item_finished(it));
	count_outcome(self, it);
	self->hooks.outcome(self->hooks.arg, it);
	judge_committed(self->judge, it, segment);
	it->frozen = false;
	let_go(self, it);
}

void pipeline_drop(pipeline *self, partition *only)
{
	size_t count = 0;
	pipeline_settle(self);
	item **gone = mem_array(ledger_count(self->ledger), sizeof *gone);
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		for (item *it = p->head; it && (!only || p == only); it = it->next)
			gone[count++] = it;
	judge_gone(self->judge, gone, count);
	for (size_t i = 0; i < count; i++) {
		assert(!gone[i]->frozen);
		let_go(self, gone[i]);
	}
	self->counts.returned += count;
	free(gone);
	self->moved = true;
	pipeline_settle(self);
}

const pipeline_counts *pipeline_counts_get(const pipeline *self)
{
	return &self->counts;
}
