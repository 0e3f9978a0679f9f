/* problems.c - see problems.h. The order of the calls is the order of the list: errors, warnings, notes. */
#include "problems.h"

#include <stdarg.h>

/* `values` (taken, may be NULL) holds what the sentence says in numbers and names. */
static void add(json_t *list, const char *severity, const char *code, json_t *values, const char *format, ...) MR_PRINTF(5, 6);

static void add(json_t *list, const char *severity, const char *code, json_t *values, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	json_t *text = json_vsprintf(format, args);
	va_end(args);
	json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "code", code, "severity", severity, "text", text, "values", values ? values : json_object()));
}

static json_t *value(const char *name, int64_t number)
{
	return json_pack("{s:I}", name, (json_int_t)number);
}

static json_t *values(const char *name, int64_t number, const char *other, int64_t second)
{
	return json_pack("{s:I, s:I}", name, (json_int_t)number, other, (json_int_t)second);
}

static void add_stage_errors(json_t *list, const problem_facts *f)
{
	for (size_t i = 0; i < f->stage_count && f->phase == PHASE_RUNNING; i++) {
		const problem_stage *s = &f->stages[i];
		if (!s->ready)
			add(list, "error", "no-worker", json_pack("{s:s, s:I}", "stage", s->name, "queued", (json_int_t)s->queued),
			    "Stage %s has no worker that is ready; tasks that wait for one: %lld. `millrace ctl status` shows its pool, the log how workers ended.", s->name, (long long)s->queued);
	}
}

/* A start takes seconds; to join the group after a crash takes session.timeout.ms, 45 s. */
static bool is_late(const problem_facts *f)
{
	return f->uptime_ms > PROBLEM_STALL_MS;
}

static void add_unassigned(json_t *list, const problem_facts *f, const char *severity)
{
	if (f->phase == PHASE_RUNNING && f->connected && !f->joined)
		add(list, severity, "no-assignment", NULL,
		    "The consumer group has not answered yet, no partition is assigned. It stays so when a topic of `intake.topics` does not exist or may not be read; the log says which.");
}

/* Partitions are there, records wait in them, and none comes: as after a fault of broker or library that nobody told of. */
static bool is_deaf(const problem_facts *f)
{
	bool held_back = f->paused_by_operator || f->pressed || f->limited || f->held;
	return f->phase == PHASE_RUNNING && f->connected && f->assigned && !held_back && f->lag > 0 && f->lag_minute > 0 && !f->read_lately;
}

static void add_errors(json_t *list, const problem_facts *f)
{
	bool late = f->phase == PHASE_STARTING && is_late(f);
	if (!f->connected && (late || f->phase >= PHASE_CATCHING_UP))
		add(list, "error", "no-broker", NULL, "No broker of `bootstrap.servers` answers: until one does, nothing is read and nothing is published.");
	if (f->stuck || (late && f->connected))
		add(list, "error", "stuck", NULL, "Nothing can be published for more than 10 seconds: the broker or the disk of the index does not answer; the log says which.");
	if (is_late(f))
		add_unassigned(list, f, "error");
	add_stage_errors(list, f);
	if (f->phase == PHASE_RUNNING && f->in_flight && f->oldest_ms > PROBLEM_STALL_MS && !f->ended_lately)
		add(list, "error", "stalled", values("in_flight", f->in_flight, "oldest_s", f->oldest_ms / 1000),
		    "Nothing has ended in the last minute; in flight: %lld, the oldest for %lld seconds.", (long long)f->in_flight, (long long)(f->oldest_ms / 1000));
	if (is_deaf(f))
		add(list, "error", "not-reading", value("lag", f->lag),
		    "Nothing was read in the last minute, though records wait in Kafka (%lld) and nothing holds intake back: the log tells of the broker; if it is well, a restart loses nothing.",
		    (long long)f->lag);
	if (f->config_refused)
		add(list, "error", "reload-refused", NULL, "The last reload was refused: the file is not what runs. `millrace check` says what is wrong with it.");
	if (!f->balanced)
		add(list, "error", "balance", NULL, "The balance does not hold: what was read is not the sum of what became of it. This is a bug of Millrace; please report it with this page.");
}

static void add_counted(json_t *list, const problem_facts *f)
{
	if (f->dead_lately)
		add(list, "warning", "dead-letters", value("count", f->dead_lately), "Dead letters in the last 10 minutes: %lld; `millrace dlq list` shows them.",
		    (long long)f->dead_lately);
	if (f->aborts_lately)
		add(list, "warning", "aborts", value("count", f->aborts_lately), "Epochs aborted in the last 10 minutes: %lld; nothing is lost, the log says why.",
		    (long long)f->aborts_lately);
	if (f->restarts_lately)
		add(list, "warning", "restarts", value("count", f->restarts_lately), "Workers that ended unasked in the last 10 minutes: %lld; they were started again, the log says how they ended.",
		    (long long)f->restarts_lately);
	if (f->dropped_lately)
		add(list, "warning", "index-full", value("count", f->dropped_lately),
		    "Articles that the index forgot before their time in the last 10 minutes: %lld; a limit of [dedup] is reached, and copies of them come out as new.",
		    (long long)f->dropped_lately);
}

static bool lag_grows(const problem_facts *f)
{
	return !f->paused_by_operator && f->lag >= 0 && f->lag_before >= 0 && f->lag > f->lag_before + f->lag_before / 10 + PROBLEM_LAG_LEAST;
}

static void add_rate(json_t *list, const problem_facts *f, const char *severity)
{
	add(list, severity, "rate-limited", value("rate", f->rate), "Records wait because `intake.rate` lets in %lld a second.", (long long)f->rate);
}

static void add_warnings(json_t *list, const problem_facts *f)
{
	if (f->paused_by_operator)
		add(list, "warning", "paused-by-operator", NULL, "Intake is paused by an operator, wholly or in part; `millrace ctl resume` goes on.");
	if (!is_late(f))
		add_unassigned(list, f, "warning");
	for (size_t i = 0; i < f->stage_count; i++)
		if (f->stages[i].suspects)
			add(list, "warning", "suspects", json_pack("{s:s, s:I}", "stage", f->stages[i].name, "count", (json_int_t)f->stages[i].suspects),
			    "Workers of stage %s fail; tasks that are tried again, each alone: %lld.", f->stages[i].name, (long long)f->stages[i].suspects);
	if (lag_grows(f) && f->limited)
		add_rate(list, f, "warning");
	else if (lag_grows(f))
		add(list, "warning", "lag-grows", values("lag", f->lag, "before", f->lag_before),
		    "The lag grows: %lld records, %lld five minutes ago. More comes in than is taken; the stage with the longest queue wants more workers.", (long long)f->lag,
		    (long long)f->lag_before);
	add_counted(list, f);
	if (f->config_stale)
		add(list, "warning", "restart-needed", value("count", f->config_stale), "Changed settings that hold only after a restart: %lld; the log names them.", (long long)f->config_stale);
}

static void add_notes(json_t *list, const problem_facts *f)
{
	if (f->phase == PHASE_STARTING)
		add(list, "info", "starting", NULL, "Starting: waiting for Kafka.");
	if (f->phase == PHASE_CATCHING_UP)
		add(list, "info", "catching-up", NULL, "Catching up with the journal of the other daemons; reading begins after that.");
	if (f->phase >= PHASE_DRAINING)
		add(list, "info", "draining", value("in_flight", f->in_flight), "Draining: what is in flight (%lld) ends, nothing new is read.", (long long)f->in_flight);
	if (f->held)
		add(list, "info", "journal-held", value("partitions", f->held), "Partitions that wait until the journal is caught up with: %lld.", (long long)f->held);
	if (f->phase == PHASE_RUNNING && f->joined && !f->assigned)
		add(list, "info", "standby", NULL, "No partition is assigned: other members of the consumer group have them all.");
	if (f->pressed && f->phase == PHASE_RUNNING)
		add(list, "info", "pressure", values("bytes", f->in_flight_bytes, "limit", f->limit_bytes),
		    "Intake is paused until there is room: %lld of %lld KB are in flight. Records come faster than they are worked on.", (long long)(f->in_flight_bytes >> 10),
		    (long long)(f->limit_bytes >> 10));
	if (f->limited && f->phase == PHASE_RUNNING && !lag_grows(f))
		add_rate(list, f, "info");
}

json_t *problems_list(const problem_facts *facts)
{
	json_t *list = json_array();
	add_errors(list, facts);
	add_warnings(list, facts);
	add_notes(list, facts);
	return list;
}
