/* report.c - see report.h. */
#include "report.h"

#include <stdio.h>
#include <time.h>

#include "common/log.h"
#include "common/settings.h"
#include "daemon/problems.h"
#include "daemon/stage_control.h"

int64_t report_mono_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t report_wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Goes on while the machine sleeps. */
static int64_t boot_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t report_uptime_ms(const report *self)
{
	return boot_ms() - self->started_boot_ms;
}

int64_t report_clock_ms(const report *self)
{
	return self->started_ms + report_uptime_ms(self);
}

const char *report_phase(const report *self)
{
	static const char *const phases[] = {"starting", "catching up", "running", "draining", "leaving"};
	return phases[self->phase];
}

void report_open(report *self)
{
	const char *const *names;
	size_t count = settings_list(self->settings, "pipeline.stages", &names);
	self->started_ms = report_wall_ms();
	self->started_boot_ms = boot_ms();
	self->history = history_new(names, count);
	self->recent = recent_new();
}

void report_close(report *self)
{
	history_free(&self->history);
	recent_free(&self->recent);
}

/* Partitions that wait for the journal, and those that an operator has paused. */
static size_t held_partitions(const report *self)
{
	size_t held = 0;
	for (const partition *p = ledger_first(self->ledger); p; p = p->next)
		held += p->held && !p->open;
	return held;
}

static size_t parked_partitions(const report *self)
{
	size_t parked = 0;
	for (const partition *p = ledger_first(self->ledger); p; p = p->next)
		parked += p->parked;
	return parked;
}

#define PAUSED_SHOWN 64

json_t *report_paused(const report *self)
{
	json_t *list = json_array();
	const char *topic;
	int32_t number;
	size_t i = 0;
	if (self->paused && pauses_all(self->paused))
		json_array_append_new(list, json_string("everything"));
	for (; self->paused && pauses_get(self->paused, i, &topic, &number); i++) {
		if (i < PAUSED_SHOWN)
			json_array_append_new(list, number < 0 ? json_string(topic) : json_sprintf("%s:%d", topic, (int)number));
	}
	if (i > PAUSED_SHOWN)
		json_array_append_new(list, json_sprintf("and %zu more", i - PAUSED_SHOWN));
	return list;
}

stage *report_stage(const report *self, const char *name)
{
	for (size_t i = 0; i < self->stage_count; i++)
		if (strcmp(stage_name(self->stages[i]), name) == 0)
			return self->stages[i];
	return NULL;
}

const char *report_ready(report *self)
{
	intake_counts in = intake_counts_get(self->intake);
	if (self->phase == PHASE_STARTING)
		return "starting: waiting for Kafka";
	if (self->phase == PHASE_CATCHING_UP)
		return "catching up with the journal";
	if (self->phase != PHASE_RUNNING)
		return "draining";
	if (!in.connected)
		return "no broker answers";
	if (!in.rebalances)
		return "no assignment from the consumer group yet";
	if (self->stuck)
		return "nothing can be published: broker or disk, see the log";
	if ((self->paused && pauses_all(self->paused)) || (in.assigned && parked_partitions(self) == in.assigned))
		return "intake is paused by an operator";
	if (in.assigned && held_partitions(self) == in.assigned)
		return "catching up with the journal";
	for (size_t i = 0; i < self->stage_count; i++) {
		const stage *s = self->stages[i];
		if (stage_ready(s) && !stage_suspects(s))
			continue;
		snprintf(self->reason, sizeof self->reason, stage_ready(s) ? "stage %s: workers fail on tasks that are being tried again" : "stage %s: no worker is ready",
			 stage_name(s));
		return self->reason;
	}
	return NULL;
}

/* ---- outcomes ---- */

/* Last pair of an outcome: which trace the record belongs to, when its headers say so; a key of NULL ends the list of pairs before it. */
#define TRACE_PAIR(trace) (trace)[0] ? "trace" : NULL, "%s", (trace)

static void log_article(const item *it, const part *p, long ms)
{
	char id[33], owner[33] = "", trace[TRACE_ID_BYTES];
	uint8_t bytes[ARTICLE_ID_BYTES];
	record_article_id(it->rec, article_page(p->doc), bytes);
	id_hex(bytes, id);
	record_trace_id(&it->source, trace);
	if (p->state == PART_FILTERED) {
		log_info("outcome", "result", "%s", "filtered", "id", "%s", id, "topic", "%s", it->partition->topic, "part", "%d", (int)it->partition->number, "off", "%lld",
			 (long long)it->offset, "page", "%d", article_page(p->doc), "by", "%s", filter_names[p->filtered], "ms", "%ld", ms,
			 TRACE_PAIR(trace));
		return;
	}
	if (p->verdict.has_owner)
		id_hex(p->verdict.duplicate_of, owner);
	log_info("outcome", "result", "%s", part_outcome(p), "id", "%s", id, "topic", "%s",
		 it->partition->topic, "part", "%d", (int)it->partition->number, "off", "%lld", (long long)it->offset, "page", "%d", article_page(p->doc), "of", "%s", owner,
		 "ms", "%ld", ms, TRACE_PAIR(trace));
}

/* A byte-equal repeat, of one article or of a whole page. */
static void log_repeat(const item *it, long ms)
{
	char id[33], owner[33], trace[TRACE_ID_BYTES];
	uint8_t bytes[ARTICLE_ID_BYTES];
	record_article_id(it->rec, 0, bytes);
	id_hex(bytes, id);
	id_hex(it->repeat_verdict.duplicate_of, owner);
	record_trace_id(&it->source, trace);
	log_info("outcome", "result", "%s", "duplicate", "id", "%s", id, "topic", "%s", it->partition->topic, "part", "%d", (int)it->partition->number, "off", "%lld",
		 (long long)it->offset, "pages", "%d", it->repeat_pages, "of", "%s", owner, "ms", "%ld", ms, TRACE_PAIR(trace));
}

/* A record without articles: a deletion, or a dead letter. */
static void log_end(const item *it, long ms)
{
	char trace[TRACE_ID_BYTES];
	record_trace_id(&it->source, trace);
	if (it->tombstone)
		log_info("outcome", "result", "%s", "tombstone", "topic", "%s", it->partition->topic, "part", "%d", (int)it->partition->number, "off", "%lld",
			 (long long)it->offset, "ms", "%ld", ms, TRACE_PAIR(trace));
	else
		log_info("outcome", "result", "%s", "dead", "topic", "%s", it->partition->topic, "part", "%d", (int)it->partition->number, "off", "%lld",
			 (long long)it->offset, "code", "%s", it->fault.code, "stage", "%s", it->fault.stage, "why", "%s", it->fault.message, "ms", "%ld", ms, TRACE_PAIR(trace));
}

void report_outcome(const report *self, const item *it)
{
	long ms = (long)((report_mono_us() - it->read_us) / 1000);
	metrics_observe(self->metrics, METRIC_E2E, (double)ms);
	history_observe(self->history, (double)ms);
	recent_add(self->recent, report_wall_ms(), it);
	for (size_t i = 0; i < it->part_count && it->state == ITEM_DONE; i++) {
		const part *p = it->parts[i];
		if (p->state == PART_FILTERED)
			metrics_word(self->metrics, METRIC_ARTICLES_FILTERED, filter_names[p->filtered], 1);
		else if (p->state == PART_DUPLICATE)
			metrics_word(self->metrics, METRIC_ARTICLE_DUPLICATES, p->verdict.kind, 1);
		else
			metrics_word(self->metrics, METRIC_ARTICLE_LABELS, article_primary_label(p->doc), 1);
	}
	if (it->state == ITEM_REPEAT)
		metrics_word(self->metrics, METRIC_ARTICLE_DUPLICATES, it->repeat_verdict.kind, (uint64_t)it->repeat_pages);
	if (!settings_bool(self->settings, "log.outcomes"))
		return;
	if (it->state == ITEM_DONE && it->part_count) {
		for (size_t i = 0; i < it->part_count; i++)
			log_article(it, it->parts[i], ms);
		return;
	}
	if (it->state == ITEM_REPEAT)
		log_repeat(it, ms);
	else
		log_end(it, ms);
}

/* ---- metrics ---- */

static void report_balance(report *self)
{
	const pipeline_counts *c = pipeline_counts_get(self->pipeline);
	metrics *m = self->metrics;
	metrics_set(m, METRIC_READ, (int64_t)c->taken);          /* with those returned: a counter never goes back, or Prometheus takes it for a restart */
	metrics_set(m, METRIC_RETURNED, (int64_t)c->returned);
	metrics_set(m, METRIC_PUBLISHED, (int64_t)c->published);
	metrics_set(m, METRIC_DUPLICATES, (int64_t)c->duplicates);
	metrics_set(m, METRIC_FILTERED, (int64_t)c->filtered);
	metrics_set(m, METRIC_TOMBSTONES, (int64_t)c->tombstones);
	metrics_set(m, METRIC_ARTICLES, (int64_t)c->articles);
	metrics_set(m, METRIC_ALERTS, (int64_t)c->alerts);
	metrics_set(m, METRIC_REVISIONS, (int64_t)c->revisions);
	metrics_set(m, METRIC_WITHHELD, (int64_t)judge_counts_get(pipeline_judge(self->pipeline)).withheld);
	metrics_set(m, METRIC_READ_BYTES, (int64_t)c->bytes_in);
	metrics_set(m, METRIC_OUTPUT_BYTES, (int64_t)c->bytes_out);
	metrics_set(m, METRIC_IN_FLIGHT, (int64_t)ledger_count(self->ledger));
	metrics_set(m, METRIC_IN_FLIGHT_BYTES, (int64_t)pipeline_bytes(self->pipeline));
	metrics_set(m, METRIC_IN_FLIGHT_LIMIT, settings_int(self->settings, "intake.high_bytes"));
	for (size_t i = 0; i < FAULT_CODES; i++)
		metrics_word_set(m, METRIC_DEAD, fault_names[i], c->dead_by_code[i]);
}

/* Age of the oldest record in flight; 0: there is none. */
static int64_t oldest_ms(const report *self)
{
	int64_t oldest = INT64_MAX;
	for (const partition *p = ledger_first(self->ledger); p; p = p->next)
		if (p->head && p->head->read_us < oldest)
			oldest = p->head->read_us;
	return oldest == INT64_MAX ? 0 : (report_mono_us() - oldest) / 1000;
}

static void report_intake(report *self)
{
	intake_counts in = intake_counts_get(self->intake);
	metrics *m = self->metrics;
	metrics_set(m, METRIC_OLDEST, oldest_ms(self));
	metrics_set(m, METRIC_ASSIGNED, (int64_t)in.assigned);
	metrics_set(m, METRIC_PAUSED, in.paused ? (int64_t)in.assigned : 0);
	metrics_set(m, METRIC_OPERATOR_PAUSED, self->paused && pauses_any(self->paused));
	metrics_set(m, METRIC_RATE_LIMIT, settings_int(self->settings, "intake.rate"));
	metrics_set(m, METRIC_RATE_LIMITED, in.limited);
	metrics_set(m, METRIC_PAUSES, (int64_t)in.pauses);
	metrics_set(m, METRIC_REBALANCES, (int64_t)in.rebalances);
	metrics_set(m, METRIC_ASSIGNMENTS_LOST, (int64_t)in.lost);
	metrics_set(m, METRIC_KAFKA_ERRORS, (int64_t)in.errors);
	metrics_set(m, METRIC_BROKERS_UP, in.connected);
	for (const partition *p = ledger_first(self->ledger); p; p = p->next) {
		metrics_partition_set(m, METRIC_LAG, p->topic, p->number, intake_lag(self->intake, p));
		metrics_partition_set(m, METRIC_COMMITTED, p->topic, p->number, p->committed);
	}
}

/* Records that were not read yet, of all partitions; -1: of one it is not known, or there are none. */
static int64_t lag_sum(const report *self)
{
	int64_t sum = 0;
	const partition *p = ledger_first(self->ledger);
	if (!p)
		return -1;
	for (; p; p = p->next) {
		int64_t lag = intake_lag(self->intake, p);
		if (lag < 0)
			return -1;
		sum += lag;
	}
	return sum;
}

/* Duplicates and revisions that cannot leave before what they refer to. */
static int64_t waiting(const report *self)
{
	int64_t n = 0;
	for (const partition *p = ledger_first(self->ledger); p; p = p->next)
		for (const item *it = p->head; it; it = it->next) {
			n += it->repeat_of != NULL;
			for (size_t i = 0; i < it->part_count; i++)
				n += it->parts[i]->owner != NULL;
		}
	return n;
}

static void report_index(report *self)
{
	if (!self->index)
		return;
	metrics_set(self->metrics, METRIC_WAITING, waiting(self));
	index_stats x = index_stats_get(self->index);
	metrics *m = self->metrics;
	metrics_set(m, METRIC_INDEX_PENDING, (int64_t)x.pending);
	metrics_set(m, METRIC_INDEX_SETTLED, (int64_t)x.settled);
	metrics_set(m, METRIC_INDEX_ALIASES, (int64_t)x.aliases);
	metrics_set(m, METRIC_INDEX_BYTES, (int64_t)x.memory_bytes);
	metrics_set(m, METRIC_INDEX_LOG_BYTES, (int64_t)self->log_bytes);
	edges_stats e = edges_stats_get(index_edges(self->index));
	metrics_set(m, METRIC_TRIMMED, (int64_t)judge_counts_get(pipeline_judge(self->pipeline)).trimmed);
	metrics_set(m, METRIC_EDGES_SOURCES, (int64_t)e.sources);
	metrics_set(m, METRIC_EDGES_BYTES, (int64_t)e.memory_bytes);
	metrics_set(m, METRIC_EDGES_FORGOTTEN, (int64_t)e.forgotten);
	metrics_set(m, METRIC_INDEX_DROPPED, (int64_t)x.evicted);
	metrics_set(m, METRIC_INDEX_EXPIRED, (int64_t)x.expired);
}

static void report_journal(report *self)
{
	if (!self->journal)
		return;
	journal_counts j = journal_counts_get(self->journal);
	metrics_set(self->metrics, METRIC_JOURNAL_LAG, j.lag);
	metrics_set(self->metrics, METRIC_JOURNAL_HELD, (int64_t)held_partitions(self));
	metrics_set(self->metrics, METRIC_JOURNAL_FOLLOWED, (int64_t)j.followed);
	metrics_set(self->metrics, METRIC_JOURNAL_SKIPPED, (int64_t)j.skipped);
	metrics_set(self->metrics, METRIC_JOURNAL_WRITTEN, (int64_t)epochs_counts_get(self->epochs).entries);
}

void report_metrics(report *self)
{
	metrics *m = self->metrics;
	epoch_counts e = epochs_counts_get(self->epochs);
	record_counts r = record_counts_get();
	report_balance(self);
	report_intake(self);
	report_index(self);
	report_journal(self);
	metrics_set(m, METRIC_EPOCHS, (int64_t)e.committed);
	metrics_word_set(m, METRIC_ABORTS, "kept", e.kept);
	metrics_word_set(m, METRIC_ABORTS, "rewound", e.rewound);
	metrics_set(m, METRIC_JSON_PARSED, (int64_t)r.parsed);
	metrics_set(m, METRIC_JSON_DUMPED, (int64_t)r.dumped);
	metrics_set(m, METRIC_JSON_PATCHES, (int64_t)r.patches);
	metrics_set(m, METRIC_READY, report_ready(self) == NULL);
	metrics_set(m, METRIC_DRAINING, self->phase >= PHASE_DRAINING);
}

/* ---- what has happened lately, and what is wrong ---- */

void report_second(report *self)
{
	const pipeline_counts *c = pipeline_counts_get(self->pipeline);
	epoch_counts e = epochs_counts_get(self->epochs);
	history_sample now = {.lag = lag_sum(self), .in_flight = (int64_t)ledger_count(self->ledger)};
	now.totals[HISTORY_READ] = (int64_t)(c->taken - c->returned);
	now.totals[HISTORY_PUBLISHED] = (int64_t)c->published;
	now.totals[HISTORY_DUPLICATES] = (int64_t)c->duplicates;
	now.totals[HISTORY_FILTERED] = (int64_t)c->filtered;
	now.totals[HISTORY_DEAD] = (int64_t)c->dead;
	now.totals[HISTORY_TOMBSTONES] = (int64_t)c->tombstones;
	now.totals[HISTORY_ABORTS] = (int64_t)(e.kept + e.rewound);
	now.totals[HISTORY_RESTARTS] = metrics_get(self->metrics, METRIC_STAGE_RESTARTS);
	now.totals[HISTORY_DROPPED] = self->index ? (int64_t)index_stats_get(self->index).evicted : 0;
	for (size_t i = 0; i < self->stage_count; i++) {
		now.answered[i] = (int64_t)stage_counts_get(self->stages[i])->answered;
		now.queued[i] = (int64_t)stage_queued(self->stages[i]);
	}
	history_second(self->history, report_clock_ms(self), &now);
}

static int64_t ended_lately(const report *self)
{
	static const enum history_total ends[] = {HISTORY_PUBLISHED, HISTORY_DUPLICATES, HISTORY_FILTERED, HISTORY_DEAD, HISTORY_TOMBSTONES};
	int64_t sum = 0;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		sum += history_grown(self->history, ends[i], PROBLEM_STALL_MS);
	return sum;
}

static bool is_balanced(const report *self)
{
	const pipeline_counts *c = pipeline_counts_get(self->pipeline);
	return c->taken == c->published + c->duplicates + c->filtered + c->dead + c->tombstones + c->returned + ledger_count(self->ledger);
}

static json_t *status_problems(const report *self)
{
	intake_counts in = intake_counts_get(self->intake);
	problem_stage stages[PIPELINE_STAGES_MAX];
	for (size_t i = 0; i < self->stage_count; i++) {
		const stage *s = self->stages[i];
		stages[i] = (problem_stage){stage_name(s), stage_ready(s), (int64_t)stage_queued(s), (int64_t)stage_suspects(s)};
	}
	const history *h = self->history;
	return problems_list(&(problem_facts){
		.phase = self->phase, .uptime_ms = report_uptime_ms(self), .joined = in.rebalances > 0, .connected = in.connected, .stuck = self->stuck, .balanced = is_balanced(self),
		.pressed = pipeline_is_high(self->pipeline), .config_refused = !metrics_get(self->metrics, METRIC_CONFIG_OK),
		.config_stale = metrics_get(self->metrics, METRIC_CONFIG_STALE), .assigned = (int64_t)in.assigned, .held = (int64_t)held_partitions(self),
		.paused_by_operator = self->paused && pauses_any(self->paused),
		.in_flight = (int64_t)ledger_count(self->ledger), .oldest_ms = oldest_ms(self), .ended_lately = ended_lately(self),
		.in_flight_bytes = (int64_t)pipeline_bytes(self->pipeline), .limit_bytes = settings_int(self->settings, "intake.high_bytes"),
		.limited = in.limited, .rate = settings_int(self->settings, "intake.rate"),
		.dead_lately = history_grown(h, HISTORY_DEAD, PROBLEM_WINDOW_MS), .aborts_lately = history_grown(h, HISTORY_ABORTS, PROBLEM_WINDOW_MS),
		.restarts_lately = history_grown(h, HISTORY_RESTARTS, PROBLEM_WINDOW_MS), .dropped_lately = history_grown(h, HISTORY_DROPPED, PROBLEM_WINDOW_MS),
		.lag = lag_sum(self), .lag_before = history_lag(h, PROBLEM_LAG_MS), .lag_minute = history_lag(h, PROBLEM_STALL_MS),
		.read_lately = history_grown(h, HISTORY_READ, PROBLEM_STALL_MS), .stages = stages, .stage_count = self->stage_count});
}

/* ---- status ---- */

static json_t *status_partitions(const report *self)
{
	json_t *list = json_array();
	for (const partition *p = ledger_first(self->ledger); p; p = p->next)
		json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:b, s:b}", "topic", p->topic, "partition", (int)p->number, "read", (json_int_t)p->last_offset,
						      "committed", (json_int_t)p->committed, "lag", (json_int_t)intake_lag(self->intake, p), "in_flight",
						      (json_int_t)p->count, "leaving", p->leaving, "paused_by_operator", p->parked));
	return list;
}

/* Partitions that nothing is taken from now, and why. */
static json_t *status_paused(const report *self)
{
	bool paused = intake_counts_get(self->intake).paused;
	json_t *list = json_array();
	for (const partition *p = ledger_first(self->ledger); p; p = p->next) {
		const char *why = p->parked ? "operator" : p->held ? "journal" : p->leaving ? "leaving" : !paused ? NULL : self->phase >= PHASE_DRAINING ? "draining" : "pressure";
		if (why)
			json_array_append_new(list, json_pack("{s:s, s:i, s:s}", "topic", p->topic, "partition", (int)p->number, "why", why));
	}
	return list;
}

/* Silent: three heartbeats are missing. One without work would be given up; in a long task there are none. */
static const char *worker_state(const report *self, const stage_worker *w)
{
	bool silent = w->silent_ms > 3 * settings_int(self->settings, "stage.heartbeat_ms");
	return w->leaving ? "leaving" : silent ? "silent" : w->held ? "busy" : "idle";
}

static json_t *status_stages(const report *self)
{
	json_t *list = json_array();
	for (size_t i = 0; i < self->stage_count; i++) {
		const stage *s = self->stages[i];
		json_t *workers = json_array();
		stage_worker w;
		for (size_t k = 0; stage_worker_get(s, k, &w); k++)
			json_array_append_new(workers, json_pack("{s:I, s:s, s:s?, s:s?, s:I, s:I, s:b, s:s}", "pid", (json_int_t)w.pid, "host", w.host, "program", w.program, "model", w.fingerprint, "tasks",
								 (json_int_t)w.held, "silent_ms", (json_int_t)w.silent_ms, "leaving", w.leaving, "state", worker_state(self, &w)));
		json_array_append_new(list, json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:f, s:o}", "name", stage_name(s), "ready", stage_ready(s), "queued", (json_int_t)stage_queued(s),
						      "lent", (json_int_t)stage_lent(s), "suspects", (json_int_t)stage_suspects(s), "answered",
						      (json_int_t)stage_counts_get(s)->answered, "per_second", history_stage_rate(self->history, i), "workers", workers));
	}
	return list;
}

static json_t *status_dead(const report *self)
{
	const pipeline_counts *c = pipeline_counts_get(self->pipeline);
	json_t *dead = json_object();
	for (size_t i = 0; i < FAULT_CODES; i++)
		if (c->dead_by_code[i])
			json_object_set_new(dead, fault_names[i], json_integer((json_int_t)c->dead_by_code[i]));
	return dead;
}

static json_t *status_words(const report *self, enum metric id, bool zeros)
{
	json_t *words = json_object();
	const char *word;
	int64_t value;
	for (size_t i = 0; metrics_word_get(self->metrics, id, i, &word, &value); i++)
		if (value || (zeros && strcmp(word, "other") != 0))
			json_object_set_new(words, word, json_integer((json_int_t)value));
	return words;
}

static json_t *status_rates(const report *self)
{
	const history *h = self->history;
	double published = history_rate(h, HISTORY_PUBLISHED), duplicates = history_rate(h, HISTORY_DUPLICATES), dead = history_rate(h, HISTORY_DEAD),
	       tombstones = history_rate(h, HISTORY_TOMBSTONES), filtered = history_rate(h, HISTORY_FILTERED);
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "in", history_rate(h, HISTORY_READ), "out", published + duplicates + filtered + dead + tombstones, "published", published,
			 "duplicates", duplicates, "filtered", filtered, "dead", dead, "tombstones", tombstones);
}

static json_t *known(int64_t number)
{
	return number < 0 ? json_null() : json_integer((json_int_t)number);
}

/* Members for people who look: what is wrong, how it flows. */
static void add_view(const report *self, json_t *status)
{
	const char *const *topics;
	size_t count = settings_list(self->settings, "intake.topics", &topics);
	json_t *in = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(in, json_string(topics[i]));
	json_object_set_new(status, "problems", status_problems(self));
	json_object_set_new(status, "rates", status_rates(self));
	json_object_set_new(status, "latency", json_pack("{s:o, s:o}", "p50_ms", known(history_latency(self->history, 0.5)), "p99_ms",
							 known(history_latency(self->history, 0.99))));
	json_object_set_new(status, "labels", status_words(self, METRIC_ARTICLE_LABELS, true));
	json_object_set_new(status, "duplicates_by_kind", status_words(self, METRIC_ARTICLE_DUPLICATES, true));
	json_object_set_new(status, "filtered_by", status_words(self, METRIC_ARTICLES_FILTERED, false));
	json_object_set_new(status, "dead_by_reason", status_dead(self));
	json_object_set_new(status, "lag", known(lag_sum(self)));
	json_object_set_new(status, "oldest_ms", json_integer((json_int_t)oldest_ms(self)));
	json_object_set_new(status, "in_flight_limit", json_integer((json_int_t)settings_int(self->settings, "intake.high_bytes")));
	json_object_set_new(status, "rate_limit", json_integer((json_int_t)settings_int(self->settings, "intake.rate")));
	json_object_set_new(status, "articles", json_integer((json_int_t)pipeline_counts_get(self->pipeline)->articles));
	json_object_set_new(status, "revisions", json_integer((json_int_t)pipeline_counts_get(self->pipeline)->revisions));
	json_object_set_new(status, "paused_partitions", status_paused(self));
	json_object_set_new(status, "topics", json_pack("{s:o, s:s, s:s, s:s}", "in", in, "articles", settings_str(self->settings, "publish.topic"), "duplicates",
							settings_str(self->settings, "publish.duplicates_topic"), "dead_prefix",
							settings_str(self->settings, "publish.dead_prefix")));
}

static json_t *status_balance(const report *self)
{
	const pipeline_counts *c = pipeline_counts_get(self->pipeline);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "read", (json_int_t)(c->taken - c->returned), "published", (json_int_t)c->published, "duplicates",
			 (json_int_t)c->duplicates, "filtered", (json_int_t)c->filtered, "dead", (json_int_t)c->dead, "tombstones", (json_int_t)c->tombstones, "in_flight",
			 (json_int_t)ledger_count(self->ledger), "returned", (json_int_t)c->returned, "dead_by_reason", status_dead(self));
}

json_t *report_status(report *self)
{
	const char *reason = report_ready(self);
	int64_t uptime_ms = report_uptime_ms(self);
	epoch_counts e = epochs_counts_get(self->epochs);
	intake_counts in = intake_counts_get(self->intake);
	json_t *status = json_pack("{s:s, s:s, s:s, s:b, s:s?, s:I, s:I, s:o, s:o, s:o}", "instance", settings_str(self->settings, "daemon.instance"), "version", MILLRACE_VERSION,
				   "phase", report_phase(self), "ready", reason == NULL, "reason", reason, "uptime_ms", (json_int_t)uptime_ms, "now_ms",
				   (json_int_t)(self->started_ms + uptime_ms), "balance", status_balance(self), "stages", status_stages(self), "partitions", status_partitions(self));
	add_view(self, status);
	json_object_set_new(status, "in_flight_bytes", json_integer((json_int_t)pipeline_bytes(self->pipeline)));
	json_object_set_new(status, "paused", json_boolean(in.paused));
	json_object_set_new(status, "paused_by_operator", report_paused(self));
	json_object_set_new(status, "paused_since_ms", self->paused_since_ms ? json_integer((json_int_t)self->paused_since_ms) : json_null());
	json_object_set_new(status, "log_level", json_string(self->log_level ? self->log_level : settings_str(self->settings, "log.level")));
	json_object_set_new(status, "epochs", json_pack("{s:I, s:I, s:I}", "committed", (json_int_t)e.committed, "kept", (json_int_t)e.kept, "rewound", (json_int_t)e.rewound));
	if (self->index) {
		index_stats x = index_stats_get(self->index);
		json_object_set_new(status, "index", json_pack("{s:I, s:I, s:I, s:I, s:I}", "settled", (json_int_t)x.settled, "pending", (json_int_t)x.pending, "aliases",
							       (json_int_t)x.aliases, "memory_bytes", (json_int_t)x.memory_bytes, "log_bytes", (json_int_t)self->log_bytes));
	}
	if (self->journal) {
		journal_counts j = journal_counts_get(self->journal);
		json_object_set_new(status, "journal", json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "topic", settings_str(self->settings, "dedup.journal"), "lag", (json_int_t)j.lag,
								 "followed", (json_int_t)j.followed, "written", (json_int_t)e.entries, "skipped",
								 (json_int_t)j.skipped, "held", (json_int_t)held_partitions(self)));
	}
	return status;
}
