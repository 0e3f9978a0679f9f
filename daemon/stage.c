/* stage.c - see stage.h and stage_control.h: a ROUTER, the workers behind it, and the beat of time. What is lent to whom, and who is to blame
 * when it does not come back, is decided in lending.c; what messages look like in common/wire.c.
 *
 * States of a worker (a peer here): unknown -READY-> serving -DRAIN, from either side-> leaving -BYE-> forgotten. From any state a message that
 * cannot be read, silence, or its death expel it: what it holds goes back to lending.c as failed, it is told why (REFUSE), and whatever it sends
 * later is an unknown worker's.
 *
 * Silence. A worker has one thread and works through what it holds, so it cannot speak during a task; but it speaks between two tasks whenever it
 * said nothing for a heartbeat. So the task it is busy with began at most one heartbeat after its last word, and
 *   - with work in hand it is overdue after one heartbeat + the longest deadline among its tasks: hung;
 *   - with nothing in hand after three heartbeats: gone.
 * Before anybody is judged all messages that are there are read, and if this process itself stood still (stopped, swapped out), the time it slept
 * is not held against the workers.
 *
 * The pipeline's callbacks are called only from the loop (turn, tick), never from inside a function of stage.h; they may call any function of stage.h
 * except stage_close. */
#include "stage.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "common/endpoint.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "gate.h"
#include "lending.h"
#include "metrics.h"
#include "router.h"
#include "stage_answer.h"
#include "stage_control.h"

#define MISSED 3                         /* heartbeats */
#define TURN_MESSAGES 64                 /* read in one turn of the loop, then others have theirs */
#define PEERS_MAX 256
#define GONE_MS 50                       /* a dead worker's last words may still be on their way from the kernel */
#define CLOSE_LINGER_MS 200              /* for BYE */

typedef struct peer {
	borrower borrower;                       /* first: lending.c hands this pointer back */
	router_id id;
	long pid;                                /* as it says; 0: of another host, where numbers of processes mean nothing here */
	char key[KEY_TEXT + 1], host[KEY_NAME_MAX + 1];  /* it came over tcp by this key, which the list has under this name; "": without one */
	char *names;                             /* what `wants` points into */
	const char *wants[WIRE_FIELDS_MAX + 1];
	char program[WIRE_NAME_MAX + 1], fingerprint[WIRE_TEXT_MAX + 1];
	bool old;                                /* from before the last roll: leaves when a newcomer is here */
	int64_t heard_ms, beat_ms;               /* last word from it, last heartbeat to it */
	int64_t leaving_ms;                      /* when DRAIN was said; 0: serving */
	int64_t gone_ms;                         /* when it is buried; 0: alive as far as known */
	char how[40];                            /* it ended */
} peer;

struct stage {
	char name[32];
	stage_hooks hooks;
	stage_hung hung;
	void *hung_arg;
	router *router;
	gate *gate;                              /* the router's; NULL: no tcp */
	lending *lending;
	struct event *readable, *again, *tick, *asked[2];        /* asked: the gate's, NULL without */
	peer *peers[PEERS_MAX];
	size_t peer_count;
	stage_old is_old;                        /* NULL: everybody who comes is a newcomer */
	void *is_old_arg;
	size_t spare;                            /* newcomers since the last roll that found nobody old: whoever old comes later need not stay */
	unsigned credit;
	uint32_t heartbeat_ms, tick_ms;
	int64_t ticked_ms;
	uint32_t answer_bytes;
	bool draining;
	stage_counts counts;
	struct metrics *metrics;                 /* NULL: nobody counts */
	int metric;                              /* this stage's number there */
	wire_batch batch;                        /* the message being written */
	wire_results results;                    /* the message being read */
	buf scratch;
	stage_answer answer;
};

const uint64_t stage_bucket_micros[STAGE_BUCKETS] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
	2500000, 5000000, 10000000, UINT64_MAX};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
	return now_us() / 1000;
}

static void observe(stage_histogram *histogram, uint64_t micros)
{
	int i = 0;
	while (micros > stage_bucket_micros[i])
		i++;
	histogram->buckets[i]++;
	histogram->count++;
	histogram->sum_micros += micros;
}

/* Have the loop come by: after a send outside turn(), after a submit, and when a turn ended with work left. */
static void call_again(stage *self)
{
	event_active(self->again, EV_TIMEOUT, 0);
}

/* ---- workers come and go ---- */

static peer *peer_find(stage *self, const router_id *id)
{
	for (size_t i = 0; i < self->peer_count; i++)
		if (self->peers[i]->id.len == id->len && memcmp(self->peers[i]->id.bytes, id->bytes, id->len) == 0)
			return self->peers[i];
	return NULL;
}

static void say(stage *self, const router_id *to, buf *message)
{
	if (router_send(self->router, to, message) && errno != EHOSTUNREACH && errno != EAGAIN)
		log_warn("message to a worker not sent", "stage", "%s", self->name, "reason", "%s", zmq_strerror(errno));
	buf_free(message);
}

static void say_bare(stage *self, const router_id *to, enum wire_kind kind)
{
	buf b = {0};
	wire_write_bare(&b, kind);
	say(self, to, &b);
}

static void refuse(stage *self, const router_id *to, enum wire_refusal code, const char *reason)
{
	buf b = {0};
	wire_write_refuse(&b, code, reason);
	say(self, to, &b);
	self->counts.workers_refused++;
}

static void peer_forget(stage *self, peer *p)
{
	lending_part(self->lending, &p->borrower);
	size_t i = 0;
	while (self->peers[i] != p)
		i++;
	memmove(&self->peers[i], &self->peers[i + 1], (--self->peer_count - i) * sizeof *self->peers);
	free(p->names);
	free(p);
}

/* Tells the pipeline about tasks that failed for good. */
static void deliver_failed(stage *self)
{
	task *t;
	while ((t = lending_pop_failed(self->lending))) {
		record_fault fault = {0};
		stage_result result = {.fault = &fault, .attempts = (int)t->counted};
		void *ticket = t->ticket;
		record_fault_set(&fault, t->code, self->name, "%u attempts of stage %s failed, the last one alone with its worker: %s", t->counted, self->name, t->how);
		*(strcmp(t->code, "stage.timeout") == 0 ? &self->counts.failed_timeout : &self->counts.failed_crash) += 1;
		lending_forget(self->lending, t);
		self->hooks.done(self->hooks.arg, ticket, &result);
	}
}

/* Gives a worker up. `code` and `how` are for its tasks, `told` for itself. */
static void expel(stage *self, peer *p, const char *code, const char *how, enum wire_refusal told)
{
	long pid = p->pid;
	bool dead = p->gone_ms != 0;
	size_t held = p->borrower.held.count;
	log_warn("worker given up", "stage", "%s", self->name, "pid", "%ld", pid, "reason", "%s", how, "held", "%zu", held);
	self->counts.workers_expelled++;
	self->counts.retried += held;
	lending_fail(self->lending, &p->borrower, code, how);
	if (!dead)
		refuse(self, &p->id, told, how);
	peer_forget(self, p);
	if (!dead && self->hung)
		self->hung(self->hung_arg, self->name, pid, how);
	deliver_failed(self);
	call_again(self);
}

static void ask_to_leave(stage *self, peer *p)
{
	if (p->leaving_ms)
		return;
	p->leaving_ms = now_ms();
	p->borrower.closed = true;
	say_bare(self, &p->id, WIRE_DRAIN);
	call_again(self);
}

/* A newcomer takes the place of one worker from before the roll. */
static void roll_one(stage *self, peer *newcomer)
{
	if (newcomer->old) {
		if (self->spare) {
			self->spare--;
			ask_to_leave(self, newcomer);
		}
		return;
	}
	for (size_t i = 0; i < self->peer_count; i++) {
		if (self->peers[i]->old && !self->peers[i]->leaving_ms) {
			ask_to_leave(self, self->peers[i]);
			return;
		}
	}
	self->spare++;
}

static void copy_text(char *to, size_t size, mr_bytes text)
{
	log_clean(to, size - 1, text);
}

static void take_names(peer *p, const wire_ready *ready)
{
	size_t need = 0;
	for (size_t i = 0; i < ready->field_count; i++)
		need += ready->fields[i].len + 1;
	char *at = p->names = mem_alloc(need + 1);
	for (size_t i = 0; i < ready->field_count; i++) {
		memcpy(at, ready->fields[i].data, ready->fields[i].len);
		p->wants[i] = at;
		at += ready->fields[i].len + 1;
	}
}

static void admit(stage *self, const router_id *id, const wire_ready *ready, const char *key, const char *host)
{
	peer *p = mem_alloc(sizeof *p);
	p->id = *id;
	p->pid = ready->pid <= INT32_MAX && !key[0] ? (long)ready->pid : 0;
	snprintf(p->key, sizeof p->key, "%s", key);
	snprintf(p->host, sizeof p->host, "%s", host);
	p->borrower.credit = ready->credit < self->credit ? ready->credit : self->credit;
	p->old = self->is_old && self->is_old(self->is_old_arg, self->name, p->pid);
	p->heard_ms = p->beat_ms = now_ms();
	take_names(p, ready);
	copy_text(p->program, sizeof p->program, ready->program);
	copy_text(p->fingerprint, sizeof p->fingerprint, ready->fingerprint);
	self->peers[self->peer_count++] = p;
	lending_join(self->lending, &p->borrower);
	self->counts.workers_ready++;
	wire_welcome welcome = {self->heartbeat_ms, p->borrower.credit, self->answer_bytes};
	buf b = {0};
	wire_write_welcome(&b, &welcome);
	say(self, id, &b);
	log_info("worker ready", "stage", "%s", self->name, "pid", "%ld", p->pid, "host", "%s", p->host, "program", "%s", p->program, "model", "%s", p->fingerprint);
	metrics_stage_model(self->metrics, self->metric, p->fingerprint);
	roll_one(self, p);
}

static void on_ready(stage *self, const router_id *id, peer *known, zmq_msg_t *raw, unsigned version)
{
	wire_ready ready;
	mr_bytes message = {zmq_msg_data(raw), zmq_msg_size(raw)};
	char why[96], key[KEY_TEXT + 1] = "", host[KEY_NAME_MAX + 1] = "";
	if (known)                                       /* it forgot what it held */
		expel(self, known, "stage.crash", "the worker announced itself again", WIRE_REFUSE_UNKNOWN);
	else if (version != WIRE_VERSION) {
		snprintf(why, sizeof why, "this daemon speaks version %d of the protocol, the worker %u", WIRE_VERSION, version);
		log_error("worker refused", "stage", "%s", self->name, "reason", "%s", why);
		refuse(self, id, WIRE_REFUSE_VERSION, why);
	} else if (wire_read_ready(message, &ready) || ready.identity.len != id->len || memcmp(ready.identity.data, id->bytes, id->len)) {
		log_error("worker refused", "stage", "%s", self->name, "reason", "%s", "READY cannot be read");
		refuse(self, id, WIRE_REFUSE_READY, "READY cannot be read, or its identity is not the socket's routing id");
	} else if (!mr_bytes_equal(ready.stage, self->name)) {
		log_error("worker refused", "stage", "%s", self->name, "reason", "%s", "it works for another stage");
		refuse(self, id, WIRE_REFUSE_STAGE, "this socket serves another stage");
	} else if (self->gate && !gate_known(self->gate, raw, key, host)) {
		log_warn("worker refused", "stage", "%s", self->name, "reason", "%s", "its key was taken out of workers.allow");
		refuse(self, id, WIRE_REFUSE_UNKNOWN, "the key of this worker is not allowed any more");
	} else if (self->draining)
		refuse(self, id, WIRE_REFUSE_LEAVING, "the daemon is leaving");
	else if (self->peer_count == PEERS_MAX)
		refuse(self, id, WIRE_REFUSE_FULL, "256 workers are here already");
	else
		admit(self, id, &ready, key, host);
}

/* ---- results ---- */

static void on_row(stage *self, peer *p, const wire_result *row)
{
	task *t = lending_find(self->lending, &p->borrower, row->lease, row->attempt);
	if (!t) {
		self->counts.late++;
		return;
	}
	stage_result result = stage_answer_read(&self->answer, row, self->name, t->counted);
	int64_t queued_us = t->queued_us;
	void *ticket = lending_settle(self->lending, t);
	if (!ticket)                                     /* cancelled meanwhile, or the canary */
		return;
	observe(&self->counts.work, row->micros);
	metrics_stage_observe(self->metrics, METRIC_STAGE_TIME, self->metric, (double)(now_us() - queued_us) / 1000);
	*(result.fault ? &self->counts.refused : &self->counts.answered) += 1;
	self->hooks.done(self->hooks.arg, ticket, &result);
}

static void on_result(stage *self, peer *p, mr_bytes message)
{
	self->counts.bytes_in += message.len;
	if (wire_read_results(&self->results, message)) {
		expel(self, p, "stage.crash", "the worker answered garbage", WIRE_REFUSE_GARBAGE);
		return;
	}
	for (unsigned i = 0; i < self->results.count; i++)
		on_row(self, p, &self->results.rows[i]);
}

static void on_bye(stage *self, peer *p)
{
	self->counts.workers_left++;
	log_info("worker left", "stage", "%s", self->name, "pid", "%ld", p->pid, "held", "%zu", p->borrower.held.count);
	lending_return(self->lending, &p->borrower);
	peer_forget(self, p);
}

static void on_known(stage *self, peer *p, int kind, mr_bytes message)
{
	uint64_t progress;
	p->heard_ms = now_ms();
	switch (kind) {
	case WIRE_RESULT:
		on_result(self, p, message);
		break;
	case WIRE_HEARTBEAT:
		if (wire_read_heartbeat(message, &progress))
			expel(self, p, "stage.crash", "a heartbeat that cannot be read", WIRE_REFUSE_GARBAGE);
		break;
	case WIRE_DRAIN:                                 /* it wants to leave: say that nothing follows what it was sent already */
		ask_to_leave(self, p);
		break;
	case WIRE_BYE:
		on_bye(self, p);
		break;
	default:
		expel(self, p, "stage.crash", "a message of a kind that only the daemon sends", WIRE_REFUSE_GARBAGE);
	}
}

static void on_message(stage *self, const router_id *id, zmq_msg_t *raw)
{
	unsigned version;
	mr_bytes message = {zmq_msg_data(raw), zmq_msg_size(raw)};
	int kind = wire_kind(message, &version);
	peer *p = peer_find(self, id);
	if (kind == WIRE_READY)
		on_ready(self, id, p, raw, version);
	else if (p && (kind == 0 || version != WIRE_VERSION))
		expel(self, p, "stage.crash", "the worker sent garbage", WIRE_REFUSE_GARBAGE);
	else if (p)
		on_known(self, p, kind, message);
	else if (kind == 0)
		refuse(self, id, WIRE_REFUSE_GARBAGE, "not a message of this protocol");
	else if (kind != WIRE_BYE)
		refuse(self, id, WIRE_REFUSE_UNKNOWN, "not announced here, or given up");
}

static bool receive_one(stage *self)
{
	router_id id;
	zmq_msg_t msg;
	if (!router_recv(self->router, &id, &msg))
		return false;
	on_message(self, &id, &msg);
	zmq_msg_close(&msg);
	return true;
}

/* ---- lending ---- */

static void fill_batch(stage *self, const peer *p, task *const *tasks, size_t count)
{
	mr_field fields[WIRE_FIELDS_MAX];
	wire_batch_clear(&self->batch);
	for (size_t i = 0; i < count; i++) {
		task *t = tasks[i];
		mr_task filled = {.body = {"", 0}, .fields = fields};
		buf_clear(&self->scratch);
		if (t->canary)
			filled = *lending_canary(self->lending);
		else
			self->hooks.fill(self->hooks.arg, t->ticket, p->wants, &filled, fields, &self->scratch);
		wire_add_task(&self->batch, t->lease, t->lendings, t->deadline_ms, &filled, p->wants);
		lending_offer_canary(self->lending, t, &filled);
	}
}

/* Sends what may be sent. A worker that cannot be reached is given up. */
static void lend_all(stage *self)
{
	task *tasks[WIRE_TASKS_MAX];
	borrower *who;
	size_t count;
	while (!self->draining && (count = lending_next(self->lending, &who, tasks)) > 0) {
		peer *p = (peer *)who;
		fill_batch(self, p, tasks, count);
		if (router_send_batch(self->router, &p->id, &self->batch) == 0) {
			self->counts.batches++;
			self->counts.bytes_out += wire_batch_bytes(&self->batch);
			continue;
		}
		if (errno != EHOSTUNREACH)               /* EAGAIN: more messages out than there is credit: our bug */
			log_error("batch not sent", "stage", "%s", self->name, "pid", "%ld", p->pid, "reason", "%s", zmq_strerror(errno));
		lending_undo(self->lending, who, tasks, count);
		expel(self, p, "stage.crash", "the connection to the worker is gone", WIRE_REFUSE_UNKNOWN);
	}
}

/* One turn: read, lend, and as sending may have swallowed the wake-up for something that came meanwhile, look again. */
static void turn(stage *self, int budget)
{
	do {
		while (budget > 0 && receive_one(self))
			budget--;
		lend_all(self);
	} while (budget > 0 && router_pending(self->router));
	bool asked = self->gate && gate_serve(self->gate);
	self->counts.strangers = self->gate ? gate_strangers(self->gate) : 0;
	if (budget == 0 || asked)
		call_again(self);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn(arg, TURN_MESSAGES);
}

/* ---- time ---- */

static void beat(stage *self, peer *p, int64_t now)
{
	bool deaf = p->borrower.held.count && now - p->heard_ms > MISSED * (int64_t)self->heartbeat_ms;
	if (deaf || now - p->beat_ms < (int64_t)self->heartbeat_ms)
		return;                                  /* in a long task: heartbeats would only pile up */
	buf b = {0};
	wire_write_heartbeat(&b, 0);
	say(self, &p->id, &b);
	p->beat_ms = now;
}

/* Returns true when the worker is no more. */
static bool judge(stage *self, peer *p, int64_t now)
{
	int64_t silent = now - p->heard_ms;
	char how[64];
	if (p->gone_ms && now >= p->gone_ms) {
		snprintf(how, sizeof how, "the worker ended: %s", p->how);
		expel(self, p, "stage.crash", how, WIRE_REFUSE_UNKNOWN);
		return true;
	}
	if (p->borrower.held.count) {
		uint32_t longest = lending_longest(&p->borrower);
		if (silent <= (int64_t)self->heartbeat_ms + longest)
			return false;
		snprintf(how, sizeof how, "no answer within the deadline of %u ms", longest);
		expel(self, p, "stage.timeout", how, WIRE_REFUSE_UNKNOWN);
		return true;
	}
	if (silent > MISSED * (int64_t)self->heartbeat_ms) {
		expel(self, p, "stage.crash", "three heartbeats missed", WIRE_REFUSE_UNKNOWN);
		return true;
	}
	if (p->leaving_ms && now - p->leaving_ms > 10 * (int64_t)self->heartbeat_ms) {
		expel(self, p, "stage.crash", "asked to leave, has nothing to do and stays", WIRE_REFUSE_LEAVING);
		return true;
	}
	return false;
}

/* The table of metrics follows the counters, ten times a second. */
static void publish_counts(stage *self)
{
	const stage_counts *c = &self->counts;
	const struct { enum metric id; uint64_t value; } rows[] = {
		{METRIC_STAGE_RECEIVED, c->received}, {METRIC_STAGE_ANSWERED, c->answered}, {METRIC_STAGE_REFUSED, c->refused},
		{METRIC_STAGE_FAILED, c->failed_crash + c->failed_timeout}, {METRIC_STAGE_RETRIED, c->retried}, {METRIC_STAGE_CANCELLED, c->cancelled},
		{METRIC_STAGE_LATE, c->late}, {METRIC_STAGE_EXPIRED, c->workers_expelled}, {METRIC_STAGE_QUEUE, stage_queued(self)},
		{METRIC_STAGE_LENT, stage_lent(self)}, {METRIC_STAGE_WORKERS, stage_workers(self)},
		{METRIC_STAGE_STRANGERS, c->strangers},
	};
	for (size_t i = 0; self->metrics && i < sizeof rows / sizeof *rows; i++)
		metrics_stage_set(self->metrics, rows[i].id, self->metric, (int64_t)rows[i].value);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stage *self = arg;
	int64_t now = now_ms(), stood_still = now - self->ticked_ms - 2 * (int64_t)self->tick_ms;
	turn(self, 16 * TURN_MESSAGES);
	self->ticked_ms = now;
	for (size_t i = 0; i < self->peer_count;) {
		peer *p = self->peers[i];
		if (stood_still > 0)
			p->heard_ms = p->heard_ms + stood_still < now ? p->heard_ms + stood_still : now;
		beat(self, p, now);
		if (!judge(self, p, now))
			i++;
	}
	publish_counts(self);
	call_again(self);
}

/* ---- stage.h ---- */

static lending_rules rules_of(const struct settings *conf)
{
	return (lending_rules){
		.attempts = (unsigned)settings_int(conf, "stage.attempts"),
		.batch_tasks = (unsigned)settings_int(conf, "stage.batch_tasks"),
		.batch_bytes = (size_t)settings_int(conf, "stage.batch_bytes"),
		.deadline_ms = (uint32_t)settings_int(conf, "stage.deadline_ms"),
		.deadline_ms_per_mb = (uint32_t)settings_int(conf, "stage.deadline_ms_per_mb"),
	};
}

static int open_events(stage *self, struct event_base *base)
{
	struct timeval tick = {self->tick_ms / 1000, (suseconds_t)(self->tick_ms % 1000) * 1000};
	self->readable = event_new(base, router_fd(self->router), EV_READ | EV_PERSIST, on_turn, self);
	self->again = event_new(base, -1, 0, on_turn, self);
	self->tick = event_new(base, -1, EV_PERSIST, on_tick, self);
	if (!self->readable || !self->again || !self->tick)
		return -1;
	return event_add(self->readable, NULL) || event_add(self->tick, &tick) ? -1 : 0;
}

/* ---- tcp ---- */

static int open_gate(stage *self, struct event_base *base, const struct settings *conf, buf *errors)
{
	const char *named = settings_str(conf, "workers.server_key"), *file = settings_str(conf, "workers.allow");
	char secret[KEY_TEXT + 1] = "";
	buf why = {0};
	allow_list *allow = NULL;
	int fds[2];
	if (named[0] && key_load(named, true, secret, &why))
		buf_printf(errors, "%s: workers.server_key: %s\n", settings_origin(conf, "workers.server_key"), why.data);
	else if (!named[0] || (allow = allow_list_read(file, errors)))
		self->gate = router_gate(self->router, self->name, named[0] ? secret : NULL, &allow, errors);
	explicit_bzero(secret, sizeof secret);
	allow_list_free(&allow);
	buf_free(&why);
	if (!self->gate)
		return -1;
	gate_fds(self->gate, fds);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0 && (!(self->asked[i] = event_new(base, fds[i], EV_READ | EV_PERSIST, on_turn, self)) || event_add(self->asked[i], NULL)))
			return -1;
	return 0;
}

/* The endpoints of workers.listen that are this stage's. Keys or loopback: settings_check saw to it, and here nothing else is bound. */
static int open_tcp(stage *self, struct event_base *base, const struct settings *conf, buf *errors)
{
	const char *const *items;
	size_t count = settings_list(conf, "workers.listen", &items);
	bool keys = settings_str(conf, "workers.server_key")[0] != 0, plain = settings_bool(conf, "workers.loopback_plain");
	for (size_t i = 0; i < count; i++) {
		endpoint e;
		if (endpoint_parse(items[i], &e) || strcmp(e.stage, self->name) != 0)
			continue;
		if (!keys && !(plain && e.loopback)) {
			buf_printf(errors, "workers.listen: %s without keys (workers.server_key)\n", e.address);
			return -1;
		}
		if ((!self->gate && open_gate(self, base, conf, errors)) || router_listen(self->router, e.address, e.ipv6, errors))
			return -1;
		log_info("stage listens", "stage", "%s", self->name, "endpoint", "%s", e.address, "keys", "%s", keys ? "yes" : "no");
	}
	return 0;
}

/* Whoever is not in the new list has nothing to do here any more; what it holds goes to others at once, without blame. */
static void reload_allow(stage *self, const struct settings *conf)
{
	buf errors = {0};
	char why[201];
	allow_list *list = self->gate && settings_str(conf, "workers.server_key")[0] ? allow_list_read(settings_str(conf, "workers.allow"), &errors) : NULL;
	if (errors.len)                                  /* it was good a moment ago, when the reload was checked */
		log_error("workers.allow cannot be read, the list in force stays", "stage", "%s", self->name, "reason", "%s",
			  log_clean(why, 200, (mr_bytes){errors.data, strcspn(errors.data, "\n")}));
	buf_free(&errors);
	if (!list)
		return;
	gate_set_allow(self->gate, &list);
	for (size_t i = 0; i < self->peer_count;) {
		peer *p = self->peers[i];
		if (!p->key[0] || gate_key_good(self->gate, p->key)) {
			i++;
			continue;
		}
		log_warn("worker sent away", "stage", "%s", self->name, "host", "%s", p->host, "reason", "%s", "its key was taken out of workers.allow");
		refuse(self, &p->id, WIRE_REFUSE_UNKNOWN, "the key of this worker is not allowed any more");
		lending_return(self->lending, &p->borrower);
		peer_forget(self, p);
	}
	call_again(self);
}

stage *stage_open(struct event_base *base, const struct settings *conf, const char *name, struct metrics *metrics, stage_hooks hooks, buf *errors)
{
	stage *self = mem_alloc(sizeof *self);
	lending_rules rules = rules_of(conf);
	uint64_t seed = 0;
	snprintf(self->name, sizeof self->name, "%s", name);
	self->hooks = hooks;
	self->metrics = metrics;
	self->metric = metrics ? metrics_stage(metrics, name) : -1;
	self->credit = (unsigned)settings_int(conf, "stage.credit");
	self->heartbeat_ms = (uint32_t)settings_int(conf, "stage.heartbeat_ms");
	self->tick_ms = self->heartbeat_ms / 4 < 100 ? self->heartbeat_ms / 4 : 100;
	/* An answer may be larger than its record (another charset, escapes, spans), but not much: four times the largest record. */
	self->answer_bytes = 4 * (uint32_t)settings_int(conf, "intake.max_record_bytes") + (1u << 20);
	router_rules limits = {self->heartbeat_ms, self->answer_bytes, (int)self->credit + 64};
	self->router = router_open(settings_runtime_dir(conf), name, &limits, errors);
	int why_not = self->router ? 0 : errno;
	if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
		seed = (uint64_t)now_us();
	self->lending = lending_new(&rules, seed);
	self->ticked_ms = now_ms();
	bool opened = self->router != NULL;
	if (opened && open_events(self, base)) {
		buf_printf(errors, "stage %s: events cannot be made\n", name);
		opened = false;
	} else if (opened && open_tcp(self, base, conf, errors)) {
		opened = false;
	}
	if (opened) {
		call_again(self);
	} else {
		stage_close(&self);
		errno = why_not;
	}
	return self;
}

void stage_close(stage **self_p)
{
	stage *self = *self_p;
	if (!self)
		return;
	while (self->peer_count) {
		peer *p = self->peers[0];
		say_bare(self, &p->id, WIRE_BYE);
		lending_return(self->lending, &p->borrower);
		peer_forget(self, p);
	}
	struct event *events[] = {self->readable, self->again, self->tick, self->asked[0], self->asked[1]};
	for (int i = 0; i < 5; i++)
		if (events[i])
			event_free(events[i]);
	router_close(&self->router, CLOSE_LINGER_MS);
	lending_free(&self->lending);
	wire_batch_free(&self->batch);
	wire_results_free(&self->results);
	buf_free(&self->scratch);
	free(self);
	*self_p = NULL;
}

void stage_submit(stage *self, void *ticket, size_t bytes)
{
	self->counts.received++;
	lending_submit(self->lending, ticket, bytes, now_us());
	call_again(self);                                /* at the end of this turn of the loop, together with others that come in it */
}

void stage_cancel(stage *self, void *ticket)
{
	self->counts.cancelled += lending_cancel(self->lending, ticket);
}

void stage_drain(stage *self)
{
	self->draining = true;
	for (size_t i = 0; i < self->peer_count; i++)
		ask_to_leave(self, self->peers[i]);
}

bool stage_ready(const stage *self)
{
	return !self->draining && lending_healthy(self->lending);
}

size_t stage_queued(const stage *self) { return lending_queued(self->lending); }
size_t stage_lent(const stage *self) { return lending_lent(self->lending); }
size_t stage_workers(const stage *self) { return self->peer_count; }
const char *stage_name(const stage *self) { return self->name; }

void stage_worker_gone(stage *self, long pid, const char *how)
{
	for (size_t i = 0; i < self->peer_count; i++) {
		peer *p = self->peers[i];
		if (pid <= 0 || p->pid != pid || p->gone_ms)
			continue;
		p->borrower.closed = true;
		p->gone_ms = now_ms() + GONE_MS;
		snprintf(p->how, sizeof p->how, "%s", how);
	}
}

void stage_roll(stage *self)
{
	self->spare = 0;
	for (size_t i = 0; i < self->peer_count; i++)
		self->peers[i]->old = true;
}

/* ---- stage_control.h ---- */

void stage_on_hung(stage *self, stage_hung hung, void *arg)
{
	self->hung = hung;
	self->hung_arg = arg;
}

void stage_on_ready(stage *self, stage_old old, void *arg)
{
	self->is_old = old;
	self->is_old_arg = arg;
}

void stage_reload(stage *self, const struct settings *conf)
{
	lending_rules rules = rules_of(conf);
	lending_set_rules(self->lending, &rules);
	reload_allow(self, conf);
}

void stage_roll_some(stage *self, bool (*which)(void *arg, long pid), void *arg)
{
	self->spare = 0;
	for (size_t i = 0; i < self->peer_count; i++)
		if (self->peers[i]->pid > 0 && which(arg, self->peers[i]->pid))
			self->peers[i]->old = true;
}

/* Of this host: 0 is everybody of another one. */
static peer *peer_of_pid(const stage *self, long pid)
{
	for (size_t i = 0; i < self->peer_count; i++)
		if (pid > 0 && self->peers[i]->pid == pid)
			return self->peers[i];
	return NULL;
}

bool stage_dismiss(stage *self, long pid)
{
	peer *p = peer_of_pid(self, pid);
	if (p)
		ask_to_leave(self, p);
	return p != NULL;
}

bool stage_is_busy(const stage *self, long pid)
{
	const peer *p = peer_of_pid(self, pid);
	return p && p->borrower.held.count;
}

const stage_counts *stage_counts_get(const stage *self)
{
	return &self->counts;
}

size_t stage_suspects(const stage *self)
{
	return lending_suspects(self->lending);
}

bool stage_worker_get(const stage *self, size_t i, stage_worker *worker)
{
	if (i >= self->peer_count)
		return false;
	const peer *p = self->peers[i];
	*worker = (stage_worker){p->pid, p->host, p->program, p->fingerprint, p->borrower.held.count, p->borrower.closed, now_ms() - p->heard_ms, p->old};
	return true;
}
