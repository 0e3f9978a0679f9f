/* core_world.h - a world for the core (pipeline, judge, index, epochs): a feed, workers and a broker, played by the test. All decisions are the real ones.
 *
 * A feed record holds one article or a page of up to three; an article tells a story in one of several editions, whose sketches are made by the real sketcher:
 * two editions of a story are kin (a revision at the same id or address), two stories have nothing in common. Records may share ids and addresses, and
 * may be byte-equal. In any order: answers of workers, deaths before and behind the judge, commits, aborts that keep results, records that the broker refuses,
 * rewinds, partitions that come and go. core_reference.h says what must come out. */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/settings.h"
#include "common/utf8.h"
#include "daemon/epoch.h"
#include "daemon/tap.h"
#include "workers/dedup/sketcher.h"

#define WORLD_HELPER static __attribute__((unused))
#define RECORDS 24
#define PARTITIONS_MAX 2
#define PARTS_MAX 3
#define TASKS_MAX 256
#define STORIES 8
#define EDITIONS 3
#define TEXTS (STORIES * EDITIONS)       /* number of a text: story * EDITIONS + edition */

/* ---- stages, played ---- */

struct stage {
	const char *name;
	stage_hooks hooks;
	part *tasks[TASKS_MAX];
	size_t count;
};

const char *stage_name(const stage *self) { return self->name; }
void stage_submit(stage *self, void *ticket, size_t bytes)
{
	(void)bytes;
	assert_true(self->count < TASKS_MAX);
	self->tasks[self->count++] = ticket;
}
void stage_cancel(stage *self, void *ticket)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->tasks[i] == ticket) {
			self->tasks[i] = self->tasks[--self->count];
			return;
		}
	fail_msg("cancelled what was not lent");
}

/* ---- the world ---- */

enum fate {
	FATE_LIVES,
	FATE_DIES,               /* behind the judge, if its part `dying` comes so far */
	FATE_TOO_LARGE,          /* the broker refuses it as an article */
	FATE_REFUSED,            /* before the judge; its bytes say so: whoever is byte-equal is refused, too */
	FATE_GARBAGE, FATE_TOMBSTONE
};

typedef struct fed {
	enum fate fate;
	int dying;
	int id, address;         /* address -1: none */
	int parts, text[PARTS_MAX];
	bool filtered[PARTS_MAX];        /* the plan's filter keeps the part out */
	char bytes[64];          /* equal bytes, equal fingerprints */
	char value[240];
} fed;

/* What a reader of the output topics has seen of one article. */
typedef struct seen {
	char outcome;            /* 'a' article, 'd' duplicate, 'f' filtered, 'x' dead, 't' tombstone, 0 nothing */
	bool repeat;             /* the short record of a whole feed record */
	int pages, revision;
	bool withheld;           /* a revision beyond the limit: its base may tell another story (an id used again) */
	char id[33], of[33], story[33];
} seen;

/* What a run is made of. */
typedef struct plan {
	int partitions, stories, deaths; /* deaths: percent */
	bool faults, pages, revisions, too_large;
	const char *duplicates, *epoch_records, *max_revisions;
	const char *sets[4];     /* more settings, ends with NULL */
	const char *filter;      /* "labels=science": known behind classify; "languages=zh": behind dedup; NULL: none */
} plan;

typedef struct world {
	uint64_t seed;
	plan plan;
	settings *settings;
	int records;                     /* of each partition */
	fed feed[PARTITIONS_MAX][RECORDS];
	ledger *ledger;
	index_t *index;
	pipeline *pipeline;
	epochs *epochs;
	stage extract, dedup, classify;
	partition *p[PARTITIONS_MAX];
	int next[PARTITIONS_MAX];        /* next record to take */
	int committed[PARTITIONS_MAX];
	publish_batch *batch;            /* with the publisher */
	seen sink[PARTITIONS_MAX][RECORDS][PARTS_MAX];
	int64_t now;
	long lent_messages;
	tap *tap;                        /* in some worlds everything is looked at on its way, which may change nothing */
	tap_listener *listeners[3];
	long told;                       /* lines of records, of all listeners */
} world;

WORLD_HELPER uint32_t roll(world *w, uint32_t sides)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (uint32_t)((w->seed >> 11) % sides);
}

static int64_t wall_ms(void *arg) { return 1700000000000 + ((world *)arg)->now; }
static int64_t mono_us(void *arg) { return ((world *)arg)->now * 1000; }
static void release(void *arg, void *message) { (void)message; ((world *)arg)->lent_messages--; }
static void pressure(void *arg, bool high) { (void)arg; (void)high; }
static void outcome(void *arg, const item *it);

static bool hear(void *to, mr_bytes line)
{
	world *w = to;
	assert_true(line.len > 2 && line.data[line.len - 1] == '\n');
	if (w->told++ % 8 == 0) {
		json_t *told = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL), *rec = json_object_get(told, "record");
		assert_true(json_is_string(json_object_get(told, "outcome")) && (json_is_object(rec) || json_is_null(rec)));
		assert_int_equal(json_is_string(json_object_get(told, "by")), strcmp(json_string_value(json_object_get(told, "outcome")), "filtered") == 0);
		if (json_is_object(rec))
			assert_int_equal(json_integer_value(json_object_get(rec, "source_offset")), json_integer_value(json_object_get(told, "offset")));
		json_decref(told);
	}
	return true;
}

static void on_publish(void *arg, publish_batch *b) { ((world *)arg)->batch = b; }

/* ---- texts and their sketches ---- */

/* Twelve sentences, each with a number of its own; an edition has other numbers in half of them, another half in each edition. */
static void write_text(int text, buf *out)
{
	static const int other[EDITIONS][4] = {{0, 0, 0, 0}, {0, 0, 1, 1}, {0, 1, 0, 1}};
	int story = text / EDITIONS, edition = text % EDITIONS;
	for (int s = 0; s < 12; s++) {
		unsigned x = (unsigned)(story * 7919 + s * 104729 + 1);
		for (int i = 0; i < 30; i++) {
			x = x * 1664525u + 1013904223u;
			unsigned c = 0x4E00 + (x >> 8) % 0x5000;         /* an ideograph */
			buf_add_u8(out, (uint8_t)(0xE0 | c >> 12));
			buf_add_u8(out, (uint8_t)(0x80 | (c >> 6 & 63)));
			buf_add_u8(out, (uint8_t)(0x80 | (c & 63)));
			if (i == 15)
				buf_printf(out, "%d", story * 1000 + s * 17 + 100 + other[edition][s / 3] * 7);
		}
	}
}

static const sketch *sketch_of(int text)
{
	static sketch made[TEXTS];
	if (!made[text].exact) {
		sketcher *maker = sketcher_new();
		buf body = {0};
		write_text(text, &body);
		sketcher_make(maker, mr_bytes_of("title"), buf_bytes(&body), &made[text]);
		buf_free(&body);
		sketcher_free(&maker);
	}
	return &made[text];
}

/* The feed is worth what its sketches are worth. */
WORLD_HELPER void check_sketches(void)
{
	for (int a = 0; a < TEXTS; a++)
		for (int b = 0; b < TEXTS; b++) {
			sketch_match m = sketch_compare(sketch_of(a), sketch_of(b));
			assert_int_equal(m.relation, a == b ? SKETCH_IDENTICAL : a / EDITIONS == b / EDITIONS ? SKETCH_KIN : SKETCH_DIFFERENT);
			assert_int_equal(m.changed, a != b);
		}
}

/* ---- workers ---- */

static fed *fed_of(world *w, const part *p)
{
	return &w->feed[p->item->partition->number][p->item->offset];
}

static void answer_refused(stage *s, part *p)
{
	record_fault fault = {0};
	record_fault_set(&fault, "stage.crash", s->name, "it was to die");
	stage_result result = {.fault = &fault, .attempts = 3};
	s->hooks.done(s->hooks.arg, p, &result);
}

static void answer_extract(world *w, part *p)
{
	fed *f = fed_of(w, p);
	stage_part answers[PARTS_MAX] = {0};
	char bodies[PARTS_MAX][32];
	if (f->fate == FATE_REFUSED && f->dying < 0) {
		answer_refused(&w->extract, p);
		return;
	}
	for (int i = 0; i < f->parts; i++) {
		snprintf(bodies[i], sizeof bodies[i], "text %d", f->text[i]);
		answers[i] = (stage_part){.patch = mr_bytes_of("{}"), .body = mr_bytes_of(bodies[i])};
	}
	stage_result result = {.attempts = 1, .parts = answers, .part_count = (size_t)f->parts};
	w->extract.hooks.done(w->extract.hooks.arg, p, &result);
}

static int page_of(const part *p)
{
	return p->doc ? article_page(p->doc) : 0;
}

static void answer_dedup(world *w, part *p)
{
	fed *f = fed_of(w, p);
	buf blob = {0};
	if (f->fate == FATE_REFUSED && (f->dying < 0 || f->dying == page_of(p))) {
		answer_refused(&w->dedup, p);
		return;
	}
	sketch_encode(sketch_of(f->text[page_of(p)]), &blob);
	stage_part answer = {.patch = mr_bytes_of(f->filtered[page_of(p)] ? "{\"language\":\"en\"}" : "{\"language\":\"zh\"}"), .blob = buf_bytes(&blob)};
	stage_result result = {.attempts = 1, .parts = &answer, .part_count = 1};
	w->dedup.hooks.done(w->dedup.hooks.arg, p, &result);
	buf_free(&blob);
}

static void answer_classify(world *w, part *p)
{
	fed *f = fed_of(w, p);
	stage_part answer = {.patch = mr_bytes_of(f->filtered[page_of(p)] ? "{\"labels\":[],\"primary_label\":\"none\"}" :
							  "{\"labels\":[\"talent\",\"science\"],\"primary_label\":\"talent\"}")};
	stage_result result = {.attempts = 1, .parts = &answer, .part_count = 1};
	if (f->fate == FATE_DIES && f->dying == page_of(p)) {
		answer_refused(&w->classify, p);
		return;
	}
	w->classify.hooks.done(w->classify.hooks.arg, p, &result);
}

/* Whatever happened to the record before: there is something to work on. */
static void check_task(stage *s, part *p)
{
	static const char *const wants[] = {NULL};
	mr_task task = {0};
	mr_field fields[1];
	buf scratch = {0};
	s->hooks.fill(s->hooks.arg, p, wants, &task, fields, &scratch);
	assert_true(task.body.len > 0);
	buf_free(&scratch);
}

WORLD_HELPER bool answer_some(world *w, stage *s, void (*answer)(world *, part *))
{
	if (!s->count)
		return false;
	size_t at = roll(w, (uint32_t)s->count);
	part *p = s->tasks[at];
	s->tasks[at] = s->tasks[--s->count];
	check_task(s, p);
	answer(w, p);
	return true;
}

/* ---- the feed ---- */

/* `f` without its value. */
WORLD_HELPER void write_value(fed *f)
{
	char address[48] = "";
	if (f->address >= 0)
		snprintf(address, sizeof address, "\"url\":\"http://paper.example/%d\",", f->address);
	if (f->fate == FATE_GARBAGE)
		snprintf(f->value, sizeof f->value, "no json %s", f->bytes);
	else
		snprintf(f->value, sizeof f->value, "{\"id\":\"%d\",%s\"text\":\"%s\",\"source\":\"x\"}", f->id, address, f->bytes);
}

static void make_record(world *w, int p, int r)
{
	fed *f = &w->feed[p][r];
	uint32_t kind = roll(w, 100), deaths = (uint32_t)w->plan.deaths;
	*f = (fed){.fate = kind < deaths ? FATE_DIES : kind >= 97 ? FATE_GARBAGE : kind >= 94 ? FATE_TOMBSTONE : FATE_LIVES, .id = 1000 + p * 100 + r, .address = -1, .parts = 1};
	if (w->plan.too_large && kind < deaths && roll(w, 3) == 0)
		f->fate = FATE_TOO_LARGE;
	if (w->plan.pages && roll(w, 2))
		f->parts = 1 + (int)roll(w, PARTS_MAX);
	for (int i = 0; i < f->parts; i++)
		f->text[i] = (int)roll(w, (uint32_t)w->plan.stories) * EDITIONS + (w->plan.revisions ? (int)roll(w, EDITIONS) : 0);
	f->dying = (int)roll(w, (uint32_t)f->parts);
	if (w->plan.revisions && roll(w, 3) == 0)
		f->id = (int)roll(w, 4);
	if (w->plan.revisions && f->parts == 1 && roll(w, 3) == 0)
		f->address = (int)roll(w, 3);
	bool refused = f->fate == FATE_LIVES && roll(w, 100) < deaths / 4;
	if (refused) {
		f->fate = FATE_REFUSED;
		f->dying = w->plan.pages && roll(w, 2) ? -1 : f->dying;
	}
	for (int i = 0; w->plan.filter && i < f->parts; i++)
		f->filtered[i] = roll(w, 2);
	snprintf(f->bytes, sizeof f->bytes, "%s%d texts %d %d %d version %d%s%s%s", refused ? "bad " : "", refused ? f->dying : f->parts, f->text[0], f->text[1], f->text[2], (int)roll(w, 3),
		 f->filtered[0] ? " f0" : "", f->filtered[1] ? " f1" : "", f->filtered[2] ? " f2" : "");
	write_value(f);
}

/* The same bytes under another id, or delivered again; only what happens to it may be another thing. */
static void repeat_record(world *w, int p, int r)
{
	fed *f = &w->feed[p][r];
	const fed *of = &w->feed[p][roll(w, (uint32_t)r)];
	fed own = *f;
	if (of->fate >= FATE_GARBAGE || own.fate >= FATE_REFUSED)
		return;
	*f = *of;
	if (of->fate != FATE_REFUSED) {
		f->fate = own.fate;
		f->dying = own.dying % f->parts;
	}
	if (roll(w, 2))
		f->id = own.id;
	write_value(f);
}

WORLD_HELPER void make_feed(world *w)
{
	for (int p = 0; p < w->plan.partitions; p++)
		for (int r = 0; r < w->records; r++) {
			make_record(w, p, r);
			if (r && roll(w, 4) == 0)
				repeat_record(w, p, r);
		}
}

WORLD_HELPER bool take_from(world *w, int p)
{
	int r = w->next[p];
	if (r == w->records)
		return false;
	const fed *f = &w->feed[p][r];
	record_source source = {.topic = "in", .partition = p, .offset = r, .timestamp_ms = 1700000000000 + r,
				.value = f->fate == FATE_TOMBSTONE ? (mr_bytes){NULL, 0} : mr_bytes_of(f->value)};
	w->next[p]++;
	w->lent_messages++;
	pipeline_take(w->pipeline, w->p[p], &source, w);
	return true;
}

/* ---- the broker, and who reads from it ---- */

static bool tells(const fed *f, int story)
{
	for (int i = 0; i < f->parts; i++)
		if (f->text[i] / EDITIONS == story)
			return true;
	return false;
}

/* Among what is published: an article of this id that is not the one at (p, r, page), telling the same story; of a page that is repeated, any of its stories. */
static bool is_published(const world *w, const char *id, int p, int r, int page)
{
	const fed *f = &w->feed[p][r];
	bool repeat = w->sink[p][r][page].repeat, withheld = w->sink[p][r][page].withheld;
	for (int q = 0; q < w->plan.partitions; q++)
		for (int s = 0; s < w->records; s++)
			for (int i = 0; i < w->feed[q][s].parts; i++) {
				const seen *e = &w->sink[q][s][i];
				int story = w->feed[q][s].text[i] / EDITIONS;
				if (e->outcome != 'a' || strcmp(e->id, id) != 0 || (q == p && s == r && i == page))
					continue;
				if (withheld ? true : repeat ? tells(f, story) : f->text[page] / EDITIONS == story)
					return true;
			}
	return false;
}

static void get_text(const json_t *value, const char *name, char out[33])
{
	const char *text = json_string_value(json_object_get(value, name));
	snprintf(out, 33, "%s", text ? text : "");
}

static void see_record(world *w, const publish_message *m, const json_t *value, bool articles)
{
	const item *it = m->ticket;
	int p = it->partition->number, r = (int)it->offset, page = (int)json_integer_value(json_object_get(value, "page_index"));
	bool copy = json_is_string(json_object_get(value, "duplicate_kind"));
	if (copy == articles)
		return;
	assert_in_range(page, 0, w->feed[p][r].parts - 1);
	seen *s = &w->sink[p][r][page];
	assert_int_equal(s->outcome, 0);                         /* promise 2 */
	assert_true(m->kind == PUBLISH_ARTICLE || copy);
	s->outcome = copy ? 'd' : 'a';
	s->repeat = it->state == ITEM_REPEAT;
	s->withheld = copy && strcmp(json_string_value(json_object_get(value, "duplicate_kind")), "url") == 0;
	s->pages = (int)json_integer_value(json_object_get(value, "page_count"));
	s->revision = (int)json_integer_value(json_object_get(value, "revision"));
	get_text(value, "article_id", s->id);
	get_text(value, "duplicate_of", s->of);
	get_text(value, "story_id", s->story);
	assert_int_equal(s->pages, w->feed[p][r].parts);
	if (copy)                                                /* promise 3 */
		assert_true(is_published(w, s->of, p, r, page));
	else if (s->of[0])
		assert_true(s->revision > 0);
}

/* Articles first: within one transaction order does not matter. */
static void see_batch(world *w, const publish_batch *b, bool articles)
{
	for (size_t i = 0; i < b->message_count; i++) {
		const publish_message *m = &b->messages[i];
		const item *it = m->ticket;
		if (m->kind == PUBLISH_DEAD) {
			seen *s = &w->sink[it->partition->number][it->offset][0];
			if (articles) {
				assert_int_equal(s->outcome, 0);
				s->outcome = 'x';
			}
			continue;
		}
		json_t *value = json_loadb(m->value.data, m->value.len, 0, NULL);
		assert_non_null(value);
		see_record(w, m, value, articles);
		json_decref(value);
	}
}

/* Promise 1: no offset passes a record without an outcome, and a page has one outcome for all its parts. */
static void check_complete(world *w, int p, int r)
{
	const fed *f = &w->feed[p][r];
	seen *s = w->sink[p][r];
	if (f->fate == FATE_TOMBSTONE)
		s[0].outcome = 't';
	if (strcmp(w->plan.duplicates, "drop") == 0)             /* what is missing must be a duplicate: the reference knows */
		return;
	if (w->plan.filter && !s[0].outcome)                     /* told by the outcome, which comes behind the commit: check_filtered */
		return;
	assert_int_not_equal(s[0].outcome, 0);
	for (int i = 1; i < f->parts; i++)
		assert_int_equal(s[i].outcome != 0 || f->filtered[i], (!s[0].repeat && s[0].outcome != 'x' && s[0].outcome != 't') || f->filtered[i]);
}

/* Every ended record is told once, each article of a page for itself. Nothing leaves of what is filtered, so only the outcome tells of it. */
static void outcome(void *arg, const item *it)
{
	world *w = arg;
	long before = w->told;
	tap_on_outcome(w->tap, it);
	assert_int_equal(w->told - before, !w->listeners[0] ? 0 : it->state == ITEM_DONE && it->part_count ? it->part_count : 1);
	for (size_t i = 0; it->state == ITEM_DONE && i < it->part_count; i++)
		if (it->parts[i]->state == PART_FILTERED) {
			seen *s = &w->sink[it->partition->number][it->offset][i];
			assert_int_equal(s->outcome, 0);
			assert_true(w->feed[it->partition->number][it->offset].filtered[i]);
			s->outcome = 'f';
		}
}

/* At the end: every part of every record has its outcome. */
WORLD_HELPER void check_filtered(const world *w)
{
	for (int p = 0; p < w->plan.partitions; p++)
		for (int r = 0; r < w->records; r++) {
			const seen *s = w->sink[p][r];
			assert_int_not_equal(s[0].outcome, 0);
			for (int i = 1; i < w->feed[p][r].parts; i++)
				assert_int_equal(s[i].outcome != 0, !s[0].repeat && s[0].outcome != 'x' && s[0].outcome != 't');
		}
}

static void commit(world *w)
{
	publish_batch *b = w->batch;
	see_batch(w, b, true);
	see_batch(w, b, false);
	for (size_t i = 0; i < b->offset_count; i++) {
		int p = b->offsets[i].partition;
		for (int r = w->committed[p]; r < b->offsets[i].next; r++)
			check_complete(w, p, r);
		w->committed[p] = (int)b->offsets[i].next;
	}
}

/* How many records of the batch the broker refuses; *which: one of them. */
static int refused(world *w, const publish_batch *b, item **which)
{
	int n = 0;
	*which = NULL;
	for (size_t i = 0; i < b->message_count; i++) {
		item *it = b->messages[i].ticket;
		if (b->messages[i].kind != PUBLISH_ARTICLE || w->feed[it->partition->number][it->offset].fate != FATE_TOO_LARGE || it == *which)
			continue;
		*which = it;
		n++;
	}
	return n;
}

static void assign(world *w, int p)
{
	if (w->p[p])
		ledger_remove(w->ledger, &w->p[p]);
	w->p[p] = ledger_assign(w->ledger, "in", p);
	w->next[p] = w->committed[p];
}

/* The group takes one partition away and gives it back. */
static void revoke_one(world *w)
{
	int p = (int)roll(w, (uint32_t)w->plan.partitions);
	pipeline_drop(w->pipeline, w->p[p]);
	assign(w, p);
}

WORLD_HELPER bool answer_epoch(world *w, bool faults)
{
	if (!w->batch)
		return false;
	publish_result result = {.outcome = PUBLISH_COMMITTED, .epoch = w->batch->epoch};
	item *which;
	int count = refused(w, w->batch, &which);
	if (faults && roll(w, 4) == 0)
		result.outcome = roll(w, 2) ? PUBLISH_KEPT : PUBLISH_REWIND;
	else if (count)
		result.outcome = PUBLISH_KEPT;
	if (result.outcome == PUBLISH_KEPT && (count == 1 || (count && w->batch->careful)))
		result.refused = which;
	result.refusal = result.outcome == PUBLISH_KEPT && count;
	if (result.outcome == PUBLISH_COMMITTED)
		commit(w);
	publish_batch_free(&w->batch);
	epochs_answer(w->epochs, &result);
	if (result.outcome == PUBLISH_REWIND) {
		pipeline_drop(w->pipeline, NULL);
		for (int p = 0; p < w->plan.partitions; p++)
			assign(w, p);
	}
	return true;
}

/* ---- a run ---- */

/* What is in flight, for the report of a failure. */
WORLD_HELPER void show(const world *w)
{
	static const char *const states[] = {"staged", "ready", "repeat", "judged", "done", "dead"};
	for (int p = 0; p < w->plan.partitions; p++)
		for (const item *it = w->p[p]->head; it; it = it->next) {
			const fed *f = &w->feed[p][it->offset];
			printf("%d-%d id %d fate %d: %s%s%s turn %d repeats %d open %zu\n", p, (int)it->offset, f->id, (int)f->fate, states[it->state], it->bound ? " bound" : "",
			       it->registered ? " registered" : "", w->p[p]->judge_next == it, it->repeat_of ? (int)it->repeat_of->offset : -1, it->open);
			for (size_t i = 0; i < it->part_count; i++) {
				const part *a = it->parts[i];
				printf("   text %d: part %d stage %zu lent %d enriched %d failed %d finished %d owner %d-%d\n", f->text[i], (int)a->state, a->stage, a->lent, a->enriched,
				       a->failure != NULL, a->finished, a->owner ? a->owner->item->partition->number : -1, a->owner ? (int)a->owner->item->offset : -1);
			}
		}
}

/* Feed and sink, for the same. */
WORLD_HELPER void show_all(const world *w)
{
	for (int p = 0; p < w->plan.partitions; p++)
		for (int r = 0; r < w->records; r++)
			for (int i = 0; i < w->feed[p][r].parts; i++) {
				const fed *f = &w->feed[p][r];
				const seen *s = &w->sink[p][r][i];
				printf("%d-%d.%d fate %d dying %d id %d address %d '%s' text %d: %c%s revision %d id %.6s of %.6s\n", p, r, i, (int)f->fate, f->dying, f->id, f->address,
				       f->bytes, f->text[i], s->outcome ? s->outcome : '-', s->repeat ? " repeat" : "", s->revision, s->id, s->of);
			}
}

WORLD_HELPER bool finished(const world *w)
{
	for (int p = 0; p < w->plan.partitions; p++)
		if (w->committed[p] < w->records)
			return false;
	return true;
}

WORLD_HELPER void step(world *w, bool faults)
{
	w->now++;
	switch (roll(w, faults ? 29 : 28) / 4) {
	case 0: take_from(w, (int)roll(w, (uint32_t)w->plan.partitions)); break;
	case 1: answer_some(w, &w->extract, answer_extract); break;
	case 2: answer_some(w, &w->dedup, answer_dedup); break;
	case 3: answer_some(w, &w->classify, answer_classify); break;
	case 4: pipeline_settle(w->pipeline); break;
	case 5: epochs_poll(w->epochs, w->now, roll(w, 2)); break;
	case 6: answer_epoch(w, faults); break;
	default:
		if (!w->batch)
			revoke_one(w);
	}
}

static void add_stage(world *w, stage *s, const char *name)
{
	*s = (stage){.name = name, .hooks = pipeline_stage_hooks(w->pipeline)};
	pipeline_add_stage(w->pipeline, s);
}

/* The plan stands in the world. Without pages the first stage is `dedup`. */
WORLD_HELPER void open_world(world *w)
{
	char duplicates[64], records[64], revisions[64], filter[64];
	const char *sets[] = {w->plan.pages ? "pipeline.stages=extract dedup classify" : "pipeline.stages=dedup classify", "publish.epoch_ms=3", duplicates, records, revisions, filter,
			      w->plan.sets[0], w->plan.sets[1], w->plan.sets[2], NULL};
	size_t count = 6;
	buf errors = {0};
	snprintf(duplicates, sizeof duplicates, "dedup.duplicates=%s", w->plan.duplicates);
	snprintf(records, sizeof records, "publish.epoch_records=%s", w->plan.epoch_records);
	snprintf(revisions, sizeof revisions, "dedup.max_revisions=%s", w->plan.max_revisions ? w->plan.max_revisions : "1000");
	snprintf(filter, sizeof filter, "sink.filter=%s", w->plan.filter ? w->plan.filter : "");
	while (sets[count])
		count++;
	w->settings = settings_read(NULL, sets, count, &errors);
	if (!w->settings)
		fail_msg("%s", buf_bytes(&errors).data);
	buf_free(&errors);
	w->ledger = ledger_new();
	w->index = index_new(60LL * 86400000, (index_limits){.entries = 100000});
	w->pipeline = pipeline_new(w->settings, w->ledger, w->index, (pipeline_hooks){wall_ms, mono_us, release, pressure, outcome, w});
	w->tap = tap_new((tap_clock){mono_us, wall_ms, w});
	pipeline_on_answer(w->pipeline, tap_on_answer, w->tap);
	static const char *const looked_at[] = {"", "dedup", "extract"};
	for (size_t i = 0; i < 3 && w->seed % 4 == 0; i++) {     /* in one world of four */
		tap_filter all = {.every = 1, .rate = 1000000};
		snprintf(all.stage, sizeof all.stage, "%s", looked_at[i]);
		w->listeners[i] = tap_join(w->tap, &all, hear, w);
	}
	w->epochs = epochs_new(w->settings, w->pipeline, w->ledger, w->index, 1, (epoch_hooks){on_publish, w});
	if (w->plan.pages)
		add_stage(w, &w->extract, "extract");
	add_stage(w, &w->dedup, "dedup");
	add_stage(w, &w->classify, "classify");
	for (int p = 0; p < w->plan.partitions; p++)
		assign(w, p);
}

WORLD_HELPER void close_world(world *w)
{
	const pipeline_counts *c = pipeline_counts_get(w->pipeline);
	index_stats x = index_stats_get(w->index);
	assert_int_equal(c->taken, c->published + c->duplicates + c->filtered + c->dead + c->tombstones + c->returned);
	assert_int_equal(pipeline_bytes(w->pipeline), 0);
	assert_int_equal(w->lent_messages, 0);
	assert_int_equal(x.pending, 0);
	size_t articles = 0;
	for (int p = 0; p < w->plan.partitions; p++)
		for (int r = 0; r < w->records; r++)
			for (int i = 0; i < w->feed[p][r].parts; i++)
				articles += w->sink[p][r][i].outcome == 'a';
	assert_int_equal(x.settled, articles);                   /* promise 3: the index is what was published */
	for (size_t i = 0; i < 3; i++)
		tap_leave(w->tap, &w->listeners[i]);
	tap_free(&w->tap);
	epochs_free(&w->epochs);
	pipeline_free(&w->pipeline);
	for (int p = 0; p < w->plan.partitions; p++)
		ledger_remove(w->ledger, &w->p[p]);
	ledger_free(&w->ledger);
	index_free(&w->index);
	settings_free(&w->settings);
}

#endif
