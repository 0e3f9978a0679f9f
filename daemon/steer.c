/* steer.c - see steer.h. One function a command, in a table; it does what it is asked and says so in an answer. With `wait` that answer is given when `look_after` finds the command
 * finished; instead an error, when somebody else has asked for the contrary, or when the time is over, with what is missing: what was begun goes on then. */
#include "steer.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "daemon/notify.h"
#include "daemon/stage_control.h"

#define ERROR_LINES_MAX 200              /* of a refused reload; with ERROR_BYTES_MAX an answer stays below CONTROL_ANSWER_MAX, whatever must be escaped */
#define ERROR_BYTES_MAX 8192
#define WHAT_MAX 160

enum progress { GOES_ON, FINISHED, OVERTAKEN };

typedef struct wait {
	control_call *call;              /* NULL: the place is free */
	control_request request;
	json_t *answer;                  /* owned: what is said when it is finished */
	int64_t since_ms, until_ms;
} wait;

struct steer {
	report *r;
	supervisor *supervisor;
	steer_hooks hooks;
	pauses *pauses;
	bool draining;
	wait waits[CONTROL_CONNECTIONS];
};

/* ---- looking ---- */

typedef struct pool_look {
	supervisor_pool pool;
	size_t ready;                    /* local workers that work and are to stay */
	size_t others;                   /* workers that somebody else has started */
} pool_look;

static pool_look look_at(const steer *self, const stage *s)
{
	pool_look look = {0};
	stage_worker worker;
	supervisor_pool_get(self->supervisor, stage_name(s), &look.pool);
	for (size_t i = 0; stage_worker_get(s, i, &worker); i++) {
		if (supervisor_owns(self->supervisor, worker.pid))
			look.ready += !worker.leaving && !worker.old;
		else if (!supervisor_is_old(self->supervisor, worker.pid))
			look.others++;
	}
	return look;
}

static size_t parked_partitions(const steer *self, size_t *in_flight)
{
	size_t parked = 0;
	*in_flight = 0;
	for (const partition *p = ledger_first(self->r->ledger); p; p = p->next) {
		parked += p->parked;
		*in_flight += p->parked ? p->count : 0;
	}
	return parked;
}

/* What pauses.h calls it: NULL is everything. */
static const char *topic_of(const control_request *request)
{
	return request->topic[0] ? request->topic : NULL;
}

static bool is_empty(const steer *self)
{
	return ledger_count(self->r->ledger) == 0 && !epochs_busy(self->r->epochs);
}

/* ---- what is still to be done ---- */

static enum progress look_after_pool(const steer *self, const stage *s, char what[WHAT_MAX])
{
	pool_look look = look_at(self, s);
	if (!look.pool.old && !look.pool.leaving && look.ready == look.pool.wanted)
		return FINISHED;
	snprintf(what, WHAT_MAX, "%s: %zu of %zu workers ready, %zu to be replaced, %zu leaving, %zu waiting to be started again", stage_name(s), look.ready, look.pool.wanted,
		 look.pool.old, look.pool.leaving, look.pool.waiting);
	return GOES_ON;
}

static enum progress overtaken(char what[WHAT_MAX], const char *why)
{
	snprintf(what, WHAT_MAX, "%s", why);
	return OVERTAKEN;
}

static enum progress look_after_pause(const steer *self, const control_request *request, char what[WHAT_MAX])
{
	size_t in_flight;
	if (!pauses_cover(self->pauses, topic_of(request), request->partition))
		return overtaken(what, "it was resumed meanwhile");
	parked_partitions(self, &in_flight);
	snprintf(what, WHAT_MAX, "%zu records are in flight", in_flight);
	return in_flight ? GOES_ON : FINISHED;
}

static enum progress look_after_drain(const steer *self, const control_request *request, char what[WHAT_MAX])
{
	if (request->exit ? self->r->phase == PHASE_LEAVING && is_empty(self) : is_empty(self) && pauses_all(self->pauses))
		return FINISHED;
	if (request->exit && self->r->phase == PHASE_LEAVING)
		return overtaken(what, "daemon.drain_ms has passed, it leaves; what was in flight is read again at the next start");
	if (!request->exit && !pauses_all(self->pauses))
		return overtaken(what, "it was resumed meanwhile");
	snprintf(what, WHAT_MAX, "%zu records are in flight", ledger_count(self->r->ledger));
	return GOES_ON;
}

/* GOES_ON and OVERTAKEN with the words for it. */
static enum progress look_after(const steer *self, const control_request *request, char what[WHAT_MAX])
{
	enum progress progress = FINISHED;
	supervisor_pool pool;
	switch (request->command) {
	case CONTROL_PAUSE:
		return look_after_pause(self, request, what);
	case CONTROL_DRAIN:
		return look_after_drain(self, request, what);
	case CONTROL_RELOAD:
		for (size_t i = 0; i < self->r->stage_count && progress == FINISHED; i++)
			progress = look_after_pool(self, self->r->stages[i], what);
		return progress;
	case CONTROL_SCALE:
		if (supervisor_pool_get(self->supervisor, request->stage, &pool) && pool.wanted != (size_t)request->number)
			return overtaken(what, "another number is wanted meanwhile");
		return look_after_pool(self, report_stage(self->r, request->stage), what);
	case CONTROL_RESTART:
		return look_after_pool(self, report_stage(self->r, request->stage), what);
	default:
		return FINISHED;
	}
}

/* ---- answers ---- */

/* The one line of a use. */
static void tell(const control_call *call, const control_request *request, const json_t *answer)
{
	const control_peer *peer = control_call_peer(call);
	const json_t *error = json_object_get(answer, "error");
	log_info("control", "command", "%s", control_names[request->command], "uid", "%u", (unsigned)peer->uid, "pid", "%ld", (long)peer->pid, "result", "%s",
		 error ? json_string_value(json_object_get(error, "code")) : "ok", "text", "%s", json_string_value(json_object_get(error ? error : answer, "text")));
}

static wait *free_place(steer *self)
{
	size_t i = 0;
	while (self->waits[i].call)
		i++;                             /* there are as many places as connections, and a connection asks one thing at a time */
	return &self->waits[i];
}

static void end_wait(wait *w, json_t *answer, int64_t now_ms)
{
	control_call *call = w->call;
	json_object_set_new(answer, "finished", json_boolean(json_is_true(json_object_get(answer, "ok"))));
	json_object_set_new(answer, "took_ms", json_integer((json_int_t)(now_ms - w->since_ms)));
	if (answer != w->answer)
		json_decref(w->answer);
	*w = (wait){0};
	control_answer(call, answer);            /* may bring the next command of this connection */
}

void steer_turn(steer *self, int64_t now_ms)
{
	if (self->draining && is_empty(self)) {
		self->draining = false;
		log_info("drained, intake stays paused until it is resumed");
	}
	for (size_t i = 0; i < CONTROL_CONNECTIONS; i++) {
		wait *w = &self->waits[i];
		char what[WHAT_MAX];
		if (!w->call)
			continue;
		enum progress progress = look_after(self, &w->request, what);
		if (progress == FINISHED)
			end_wait(w, w->answer, now_ms);
		else if (progress == OVERTAKEN)
			end_wait(w, control_error(w->request.command, "overtaken", "not finished: %s", what), now_ms);
		else if (now_ms >= w->until_ms)
			end_wait(w, control_error(w->request.command, "timeout", "not finished within %u ms, it goes on: %s", (unsigned)w->request.timeout_ms, what), now_ms);
	}
}

/* ---- pausing ---- */

static void park(steer *self)
{
	for (partition *p = ledger_first(self->r->ledger); p; p = p->next)
		p->parked = pauses_cover(self->pauses, p->topic, p->number);
	if (!pauses_all(self->pauses))
		self->draining = false;
	self->r->paused_since_ms = !pauses_any(self->pauses) ? 0 : self->r->paused_since_ms ? self->r->paused_since_ms : report_wall_ms();
	intake_look(self->r->intake);
	if (self->r->phase == PHASE_RUNNING)
		notify_status("running%s", pauses_any(self->pauses) ? "; intake is paused by an operator" : "");
}

void steer_assigned(steer *self, partition *p)
{
	p->parked = pauses_cover(self->pauses, p->topic, p->number);
}

static bool matches(const char *pattern, const char *topic)
{
	regex_t compiled;
	if (pattern[0] != '^')
		return strcmp(pattern, topic) == 0;
	if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB))       /* as librdkafka does it; checked by settings_check */
		return false;
	bool found = regexec(&compiled, topic, 0, NULL, 0) == 0;
	regfree(&compiled);
	return found;
}

/* A topic that could ever be read here: a misspelt one must not look paused. */
static bool is_input(const steer *self, const char *topic)
{
	const char *const *topics;
	size_t count = settings_list(self->r->settings, "intake.topics", &topics);
	for (size_t i = 0; i < count; i++)
		if (matches(topics[i], topic))
			return true;
	return false;
}

static const char *name_of(const control_request *request, char out[CONTROL_TOPIC_MAX + 32])
{
	if (!request->topic[0])
		snprintf(out, CONTROL_TOPIC_MAX + 32, "intake");
	else if (request->partition < 0)
		snprintf(out, CONTROL_TOPIC_MAX + 32, "topic %s", request->topic);
	else
		snprintf(out, CONTROL_TOPIC_MAX + 32, "partition %s:%d", request->topic, (int)request->partition);
	return out;
}

static json_t *with_paused(const steer *self, json_t *answer)
{
	size_t in_flight, parked = parked_partitions(self, &in_flight);
	json_object_set_new(answer, "paused", report_paused(self->r));
	json_object_set_new(answer, "partitions_paused", json_integer((json_int_t)parked));
	json_object_set_new(answer, "in_flight", json_integer((json_int_t)ledger_count(self->r->ledger)));
	return answer;
}

static json_t *on_pause(steer *self, const control_request *request)
{
	enum pauses_result result = pauses_add(self->pauses, topic_of(request), request->partition);
	char name[CONTROL_TOPIC_MAX + 32];
	size_t in_flight;
	if (result == PAUSES_FULL)
		return control_error(request->command, "full", "%d pauses are held already; pause whole topics, or everything", PAUSES_MAX);
	park(self);
	size_t parked = parked_partitions(self, &in_flight);
	return with_paused(self, control_done(request->command, "%s %s paused; %zu partitions of this daemon are, %zu of their records are in flight and end", name_of(request, name),
					      result == PAUSES_SAME ? "was already" : "is", parked, in_flight));
}

static json_t *on_resume(steer *self, const control_request *request)
{
	enum pauses_result result = pauses_remove(self->pauses, topic_of(request), request->partition);
	char name[CONTROL_TOPIC_MAX + 32];
	size_t in_flight;
	name_of(request, name);
	if (result == PAUSES_WIDER)
		return control_error(request->command, "paused-wider", "%s stays paused: %s; resume that", name, pauses_all(self->pauses) ? "all intake is" : "its whole topic is");
	park(self);
	size_t parked = parked_partitions(self, &in_flight);
	if (result == PAUSES_SAME)
		return with_paused(self, control_done(request->command, "%s was not paused; %zu partitions of this daemon are", name, parked));
	return with_paused(self, control_done(request->command, "%s is resumed; %zu partitions of this daemon stay paused", name, parked));
}

static json_t *on_drain(steer *self, const control_request *request)
{
	size_t in_flight = ledger_count(self->r->ledger);
	if (request->exit) {
		self->hooks.leave(self->hooks.arg);
		return control_done(request->command, "leaving, as after SIGTERM; %zu records are in flight and end first", in_flight);
	}
	pauses_add(self->pauses, NULL, PAUSES_ALL_PARTITIONS);
	self->draining = true;
	park(self);
	return with_paused(self, control_done(request->command, "intake is paused; %zu records are in flight and end", in_flight));
}

/* ---- settings ---- */

static json_t *lines_of(const buf *errors, size_t *count)
{
	json_t *lines = json_array();
	const char *at = buf_bytes(errors).data, *end = at + errors->len;
	size_t bytes = 0;
	*count = 0;
	for (; at < end; at += strcspn(at, "\n") + 1) {
		char clean[1025];
		mr_bytes line = {at, strcspn(at, "\n")};
		log_clean(clean, sizeof clean - 1, line);
		bytes += line.len;
		if ((*count)++ < ERROR_LINES_MAX && bytes < ERROR_BYTES_MAX)
			json_array_append_new(lines, json_string(clean));
	}
	if (json_array_size(lines) < *count)
		json_array_append_new(lines, json_sprintf("... and %zu more: millrace check", *count - json_array_size(lines)));
	return lines;
}

/* What was set by hand and is not as configured: "log.level=debug extract:3". */
static void by_hand(const steer *self, buf *out)
{
	if (self->r->log_level)
		buf_printf(out, "log.level=%s", self->r->log_level);
	for (size_t i = 0; i < self->r->stage_count; i++) {
		supervisor_pool pool;
		const char *name = stage_name(self->r->stages[i]);
		if (supervisor_pool_get(self->supervisor, name, &pool) && pool.wanted != pool.configured)
			buf_printf(out, "%s%s:%zu", out->len ? " " : "", name, pool.wanted);
	}
}

static json_t *on_reload(steer *self, const control_request *request)
{
	buf errors = {0}, fixed = {0}, hand = {0};
	json_t *answer;
	size_t count;
	by_hand(self, &hand);
	if (self->hooks.reload(self->hooks.arg, &errors, &fixed)) {
		json_t *lines = lines_of(&errors, &count);
		answer = control_error(request->command, "refused", "the configuration in force stays, the new one has %zu error%s", count, count == 1 ? "" : "s");
		json_object_set_new(json_object_get(answer, "error"), "lines", lines);
	} else {
		answer = control_done(request->command, "the configuration is read, workers are replaced one by one%s%.400s%s%.400s",
				      fixed.len ? "; only a restart changes " : "", buf_bytes(&fixed).data, hand.len ? "; no longer as set by hand: " : "", buf_bytes(&hand).data);
		json_object_set_new(answer, "restart_needed", json_string(buf_bytes(&fixed).data));
		json_object_set_new(answer, "by_hand_ended", json_string(buf_bytes(&hand).data));
	}
	buf_free(&errors);
	buf_free(&fixed);
	buf_free(&hand);
	return answer;
}

void steer_reloaded(steer *self)
{
	self->r->log_level = NULL;
}

static json_t *on_log_level(steer *self, const control_request *request)
{
	static const char *const words[] = {"error", "warn", "info", "debug"};
	const char *configured = settings_str(self->r->settings, "log.level"), *held = self->r->log_level ? self->r->log_level : configured;
	json_t *answer;
	size_t i = 0;
	while (i < 4 && strcmp(words[i], request->level) != 0)
		i++;
	if (i < 4) {
		log_set_level((enum log_level)i);
		self->r->log_level = strcmp(words[i], configured) == 0 ? NULL : words[i];
		answer = control_done(request->command, "the log level is %s, was %s%s", words[i], held, self->r->log_level ? "; the next reload takes that of the configuration" : "");
		held = words[i];
	} else {
		answer = control_done(request->command, "the log level is %s%s%s%s", held, self->r->log_level ? " until the next reload, configured is " : "",
				      self->r->log_level ? configured : "", self->r->log_level ? "" : ", as configured");
	}
	json_object_set_new(answer, "level", json_string(held));
	json_object_set_new(answer, "configured", json_string(configured));
	return answer;
}

/* ---- workers ---- */

static json_t *unknown_stage(const steer *self, const control_request *request)
{
	buf names = {0};
	for (size_t i = 0; i < self->r->stage_count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", stage_name(self->r->stages[i]));
	json_t *answer = control_error(request->command, "unknown-stage", "no stage %s here; there %s %s", request->stage, self->r->stage_count == 1 ? "is" : "are",
				       names.len ? names.data : "none");
	buf_free(&names);
	return answer;
}

static json_t *with_pool(const steer *self, json_t *answer, const stage *s)
{
	pool_look look = look_at(self, s);
	json_object_set_new(answer, "stage", json_string(stage_name(s)));
	json_object_set_new(answer, "wanted", json_integer((json_int_t)look.pool.wanted));
	json_object_set_new(answer, "configured", json_integer((json_int_t)look.pool.configured));
	json_object_set_new(answer, "others", json_integer((json_int_t)look.others));
	return answer;
}

static bool owned(void *arg, long pid)
{
	return supervisor_owns(arg, pid);
}

static json_t *on_restart(steer *self, const control_request *request)
{
	stage *s = report_stage(self->r, request->stage);
	if (!s)
		return unknown_stage(self, request);
	pool_look look = look_at(self, s);
	if (!look.pool.wanted)
		return control_error(request->command, "no-local-workers", "%s has no workers of this daemon (workers.spawn), %zu were started by others: restart their units",
				     request->stage, look.others);
	supervisor_roll_stage(self->supervisor, request->stage);
	stage_roll_some(s, owned, self->supervisor);
	return with_pool(self, control_done(request->command, "%s: %zu workers are replaced one by one, each when a new one is ready%s", request->stage, look.pool.wanted,
					    look.others ? "; those started by others stay" : ""), s);
}

static json_t *on_scale(steer *self, const control_request *request)
{
	const stage *s = report_stage(self->r, request->stage);
	if (!s)
		return unknown_stage(self, request);
	size_t before = look_at(self, s).pool.wanted, number = (size_t)request->number;
	supervisor_scale(self->supervisor, request->stage, number);
	pool_look look = look_at(self, s);
	bool nobody = !number && !look.others;
	return with_pool(self, control_done(request->command, "%s: %zu worker%s wanted, before %zu%s%s", request->stage, number, number == 1 ? " is" : "s are", before,
					    number < before ? "; those that go finish what they hold" : "",
					    nobody ? "; nobody is left, its records wait" : number != look.pool.configured ? "; the next reload takes workers.spawn again" : ""), s);
}

/* ---- status ---- */

static json_t *status_stages(const steer *self, buf *text)
{
	json_t *list = json_array();
	for (size_t i = 0; i < self->r->stage_count; i++) {
		const stage *s = self->r->stages[i];
		pool_look look = look_at(self, s);
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", stage_name(s), "wanted", (json_int_t)look.pool.wanted, "configured",
						      (json_int_t)look.pool.configured, "ready", (json_int_t)look.ready, "old", (json_int_t)look.pool.old, "leaving",
						      (json_int_t)look.pool.leaving, "waiting", (json_int_t)look.pool.waiting, "others", (json_int_t)look.others, "queued",
						      (json_int_t)stage_queued(s), "lent", (json_int_t)stage_lent(s)));
		buf_printf(text, "%s%s %zu/%zu", i ? ", " : "", stage_name(s), look.ready, look.pool.wanted);
	}
	return list;
}

static json_t *on_status(steer *self, const control_request *request)
{
	report *r = self->r;
	const char *reason = report_ready(r), *configured = settings_str(r->settings, "log.level");
	buf text = {0};
	json_t *stages = status_stages(self, &text), *answer;
	answer = control_done(request->command, "%s%s%s; workers %s", report_phase(r), reason ? ", not ready: " : ", ready", reason ? reason : "", text.len ? text.data : "none");
	buf_free(&text);
	json_object_set_new(answer, "instance", json_string(settings_str(r->settings, "daemon.instance")));
	json_object_set_new(answer, "version", json_string(MILLRACE_VERSION));
	json_object_set_new(answer, "pid", json_integer((json_int_t)getpid()));
	json_object_set_new(answer, "uptime_ms", json_integer((json_int_t)report_uptime_ms(r)));
	json_object_set_new(answer, "phase", json_string(report_phase(r)));
	json_object_set_new(answer, "ready", json_boolean(!reason));
	json_object_set_new(answer, "reason", reason ? json_string(reason) : json_null());
	json_object_set_new(answer, "log_level", json_string(r->log_level ? r->log_level : configured));
	json_object_set_new(answer, "log_level_configured", json_string(configured));
	json_object_set_new(answer, "partitions", json_integer((json_int_t)intake_counts_get(r->intake).assigned));
	json_object_set_new(answer, "draining", json_boolean(self->draining || r->phase == PHASE_DRAINING));
	json_object_set_new(answer, "paused_since_ms", r->paused_since_ms ? json_integer((json_int_t)r->paused_since_ms) : json_null());
	json_object_set_new(answer, "stages", stages);
	return with_paused(self, answer);
}

/* ---- commands ---- */

static json_t *(*const commands[CONTROL_COMMANDS])(steer *self, const control_request *request) = {
	[CONTROL_STATUS] = on_status, [CONTROL_PAUSE] = on_pause, [CONTROL_RESUME] = on_resume, [CONTROL_DRAIN] = on_drain, [CONTROL_RELOAD] = on_reload,
	[CONTROL_LOG_LEVEL] = on_log_level, [CONTROL_RESTART] = on_restart, [CONTROL_SCALE] = on_scale,
};

static json_t *carry_out(steer *self, const control_request *request)
{
	const char *instance = settings_str(self->r->settings, "daemon.instance");
	if (request->instance[0] && strcmp(request->instance, instance) != 0)
		return control_error(request->command, "wrong-instance", "this is the daemon %s, not %s; nothing was done", instance, request->instance);
	if (self->r->phase >= PHASE_DRAINING && request->command != CONTROL_STATUS)
		return control_error(request->command, "leaving", "the daemon was told to leave and does nothing new; nothing was done");
	if (request->topic[0] && !is_input(self, request->topic))
		return control_error(request->command, "unknown-topic", "%s is none of intake.topics", request->topic);
	return commands[request->command](self, request);
}

static void on_command(void *arg, control_call *call, const control_request *request)
{
	steer *self = arg;
	int64_t now_ms = report_mono_us() / 1000;
	json_t *answer = carry_out(self, request);
	char what[WHAT_MAX];
	tell(call, request, answer);
	if (!request->wait || !json_is_true(json_object_get(answer, "ok"))) {
		control_answer(call, answer);
		return;
	}
	wait *w = free_place(self);
	*w = (wait){call, *request, answer, now_ms, now_ms + request->timeout_ms};
	if (look_after(self, request, what) == FINISHED)
		end_wait(w, answer, now_ms);
}

static void on_gone(void *arg, control_call *call)
{
	steer *self = arg;
	for (size_t i = 0; i < CONTROL_CONNECTIONS; i++)
		if (self->waits[i].call == call) {
			json_decref(self->waits[i].answer);
			self->waits[i] = (wait){0};
		}
}

control_hooks steer_control_hooks(steer *self)
{
	return (control_hooks){on_command, on_gone, self};
}

/* ---- life ---- */

steer *steer_new(report *r, steer_hooks hooks)
{
	steer *self = mem_alloc(sizeof *self);
	self->r = r;
	self->hooks = hooks;
	r->paused = self->pauses = pauses_new();
	return self;
}

void steer_free(steer **self_p)
{
	steer *self = *self_p;
	*self_p = NULL;
	if (!self)
		return;
	for (size_t i = 0; i < CONTROL_CONNECTIONS; i++)
		json_decref(self->waits[i].answer);
	self->r->paused = NULL;
	pauses_free(&self->pauses);
	free(self);
}

void steer_set_supervisor(steer *self, supervisor *supervisor)
{
	self->supervisor = supervisor;
}

bool steer_is_draining(const steer *self)
{
	return self->draining;
}
