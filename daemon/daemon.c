/* daemon.c - see daemon.h. The loop is turned here (one libevent pass, then `turn`): whatever callbacks left behind is settled once a turn. */
#include "daemon.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/crash.h"
#include "common/exit_codes.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/admin.h"
#include "daemon/admin_pages.h"
#include "daemon/index_store.h"
#include "daemon/keeper.h"
#include "daemon/kafka_conf.h"
#include "daemon/notify.h"
#include "daemon/publisher.h"
#include "daemon/report.h"
#include "daemon/stage_control.h"
#include "daemon/steer.h"
#include "daemon/supervisor.h"

#define DAY_MS 86400000LL
#define TICK_MS 10               /* resolution of epochs and deadlines */
#define REVOKE_DRAIN_MS 1000     /* how long a revocation waits for what is nearly finished (the group waits meanwhile) */
#define LEAVE_MS 5000            /* for leaving the group and closing the producer */
#define LEAVE_JOINING_MS 500     /* for leaving a group that is still being put together: so that the request gets out */
#define UNREADY_MS 10000         /* /ready says so when an epoch takes longer */
#define CATCH_UP_EXTEND_MS 30000
#define FOLLOWED_MS 1000         /* what was followed in the journal is written after this time, ... */
#define FOLLOWED_BYTES (1u << 20)        /* ... or when it is so much */
#define STUCK_MS 120000          /* a step of the transaction thread that takes longer is told */

typedef struct daemon_state {
	const arguments *args;
	settings *first, *reloaded;      /* what the process runs with (parts keep pointers into it); what the last reload brought, or NULL */
	struct event_base *base;
	struct event *sig_term, *sig_int, *sig_hup, *tick, *watchdog;
	report r;                        /* the parts themselves hang here, too */
	bool writing_followed;           /* the publisher has what was followed in the journal, without an epoch */
	int64_t followed_ms;             /* monotonic: when that was done last */
	uint64_t followed_writes;        /* how often */
	index_log *log;
	keeper keeper;                   /* of the index, if there is one */
	uint32_t log_segment;            /* that the last epoch was written to */
	publisher *publisher;
	supervisor *supervisor;
	admin *admin;
	steer *steer;
	control *control;
	bool pressure;                   /* the pipeline is full */
	int64_t revoke_since_ms;         /* 0: no revocation waits */
	bool revoke_lost;
	int64_t drain_since_ms, leave_since_ms, joining_since_ms, second_ms;
	bool term_twice, done;
	int exit_code;
} daemon_state;

static int64_t now_ms(void)
{
	return report_mono_us() / 1000;
}

static const settings *config(const daemon_state *d)
{
	return d->reloaded ? d->reloaded : d->first;
}

/* At the start and at each reload. */
static void set_log(const settings *s)
{
	static const char *const levels[] = {"error", "warn", "info", "debug"}, *const formats[] = {"logfmt", "json", "journal"};
	enum log_level level = LOG_LEVEL_INFO;
	enum log_format format = LOG_LOGFMT;
	for (int i = 0; i < 4; i++)
		if (strcmp(settings_str(s, "log.level"), levels[i]) == 0)
			level = (enum log_level)i;
	for (int i = 0; i < 3; i++)
		if (strcmp(settings_str(s, "log.format"), formats[i]) == 0)
			format = (enum log_format)i;
	if (format == LOG_JOURNAL)
		log_set_journal(settings_str(s, "log.journal_socket"));
	log_setup("millraced", level, format, (unsigned)settings_int(s, "log.rate"));
}

/* Leaves without ceremony: everything that was not committed is read again at the next start. Workers die with us. */
static void leave_at_once(int code, const char *what, const char *why)
{
	log_error("leaving at once", "reason", "%s", what, "why", "%s", why, "exit", "%d", code);
	_exit(code);
}

/* ---- pausing ---- */

static void set_pause(daemon_state *d)
{
	intake_pause(d->r.intake, d->pressure || d->r.phase >= PHASE_DRAINING);
}

static void on_pressure(void *arg, bool high)
{
	daemon_state *d = arg;
	d->pressure = high;
	set_pause(d);
}

/* ---- records in ---- */

static void on_record(void *arg, partition *p, const record_source *source, void *message)
{
	daemon_state *d = arg;
	if (d->r.phase != PHASE_RUNNING) {
		intake_release(message);         /* not taken: it is read again by whoever comes next */
		return;
	}
	pipeline_take(d->r.pipeline, p, source, message);
	crash_point("after-take");
}

static void on_assigned(void *arg, partition *p)
{
	daemon_state *d = arg;
	p->open = d->r.journal == NULL;
	steer_assigned(d->steer, p);
	log_debug("partition", "event", "%s", "assigned", "topic", "%s", p->topic, "part", "%d", (int)p->number);
}

/* R4: before a record of the partition is judged, all that stands in the journal now is known here. An operator's pause waits in the same place. */
static bool on_open(void *arg, partition *p)
{
	daemon_state *d = arg;
	if (!p->open) {
		if (!p->question)
			p->question = journal_ask_now(d->r.journal);
		p->open = journal_reached(d->r.journal, p->question);
	}
	return p->open && !p->parked;
}

static void on_removed(void *arg, partition *p)
{
	daemon_state *d = arg;
	metrics_partition_drop(d->r.metrics, p->topic, p->number);
}

static void on_kafka_fatal(void *arg, const char *why)
{
	(void)arg;
	leave_at_once(EXIT_PRODUCER, "the consumer is finished", why);
}

/* ---- revocation: the open transaction ends first, then what is finished leaves, the rest is dropped, then the answer ---- */

static bool form_epoch(daemon_state *d, bool force);

static void on_revoke(void *arg, bool lost)
{
	daemon_state *d = arg;
	d->revoke_since_ms = now_ms();
	d->revoke_lost = lost;
}

static bool leaving_is_empty(const daemon_state *d)
{
	for (const partition *p = ledger_first(d->r.ledger); p; p = p->next)
		if (p->leaving && p->head)
			return false;
	return true;
}

static void advance_revoke(daemon_state *d)
{
	if (!d->revoke_since_ms || epochs_busy(d->r.epochs))
		return;
	bool in_time = !d->revoke_lost && now_ms() - d->revoke_since_ms < REVOKE_DRAIN_MS;
	if (in_time && (form_epoch(d, true) || !leaving_is_empty(d)))
		return;
	for (partition *p = ledger_first(d->r.ledger); p; p = p->next)
		if (p->leaving)
			pipeline_drop(d->r.pipeline, p);
	d->revoke_since_ms = 0;
	intake_answer(d->r.intake);
}

/* ---- epochs ---- */

static void on_publish(void *arg, publish_batch *batch)
{
	daemon_state *d = arg;
	if (d->r.journal)
		journal_take(d->r.journal, &batch->followed);
	publisher_submit(d->publisher, batch);
}

/* A group error: the transaction was aborted because the group has moved on. What is in flight is read again from the committed offsets. */
static void rewind_all(daemon_state *d, const char *why)
{
	log_warn("epoch aborted, reading again from the committed offsets", "why", "%s", why);
	intake_rewind(d->r.intake);
	pipeline_drop(d->r.pipeline, NULL);
	for (partition *p = ledger_first(d->r.ledger); d->r.journal && p; p = p->next) {
		p->open = false;
		p->question = 0;
	}
}

static void on_epoch_done(void *arg, const publish_result *result)
{
	daemon_state *d = arg;
	int64_t since = epochs_counts_get(d->r.epochs).started_ms;
	crash_point("after-answer");
	epochs_answer(d->r.epochs, result);
	if (result->followed_segment)
		journal_written(d->r.journal, result->followed_segment);
	d->r.log_bytes = result->log_bytes ? result->log_bytes : d->r.log_bytes;
	d->log_segment = result->segment > d->log_segment ? result->segment : d->log_segment;
	if (result->outcome == PUBLISH_COMMITTED) {
		metrics_observe(d->r.metrics, METRIC_INDEX_SYNC, (double)result->sync_us / 1000);
		metrics_observe(d->r.metrics, METRIC_COMMIT_TIME, (double)result->commit_us / 1000);
		metrics_observe(d->r.metrics, METRIC_EPOCH_TIME, (double)(now_ms() - since));
	} else if (result->outcome == PUBLISH_KEPT) {
		log_warn("epoch aborted, its results are published again", "epoch", "%llu", (unsigned long long)result->epoch, "why", "%s", result->why);
	} else if (result->outcome == PUBLISH_REWIND) {
		rewind_all(d, result->why);
	} else {
		leave_at_once(result->fenced ? EXIT_FENCED : EXIT_PRODUCER, "the producer is finished", result->why);
	}
}

/* ---- the journal ---- */

#define TOPICS_MAX 10000         /* of entries from the journal; in the index their names are kept for ever */

static uint32_t on_journal_entry(void *arg, index_entry *entry, mr_bytes topic, bool own)
{
	daemon_state *d = arg;
	if (index_topic_count(d->r.index) >= TOPICS_MAX)
		return 0;
	entry->topic = index_topic(d->r.index, topic);
	return judge_followed(pipeline_judge(d->r.pipeline), entry, own);
}

static void on_journal_written(void *arg, uint32_t number, uint32_t segment)
{
	index_written(((daemon_state *)arg)->r.index, number, segment);
}

static void on_journal_unusable(void *arg, const char *why)
{
	(void)arg;
	leave_at_once(EXIT_CONFIG, "dedup.journal cannot be used", why);
}

static void start_intake(daemon_state *d)
{
	buf errors = {0};
	if (intake_start(d->r.intake, &errors))
		leave_at_once(EXIT_CONFIG, "cannot start intake", buf_bytes(&errors).data);
	d->r.phase = PHASE_RUNNING;
	log_info("started", "instance", "%s", settings_str(config(d), "daemon.instance"), "librdkafka", "%s", rd_kafka_version_str(), "version", "%s", MILLRACE_VERSION);
	notify_ready("running");
}

/* The group is joined when the journal was caught up with for the first time: who has to read all of it holds no partition meanwhile. */
static void on_journal_moved(void *arg)
{
	daemon_state *d = arg;
	if (d->r.phase == PHASE_CATCHING_UP && journal_reached(d->r.journal, 1))
		start_intake(d);
	intake_look(d->r.intake);
}

/* What was followed goes with the next epoch; when there is none for a while, or it becomes much, on its own. */
static void write_followed(daemon_state *d)
{
	publish_followed followed = {0};
	bool due = now_ms() - d->followed_ms >= FOLLOWED_MS || journal_waiting(d->r.journal) >= FOLLOWED_BYTES;
	if (d->writing_followed || epochs_busy(d->r.epochs) || !due || !journal_take(d->r.journal, &followed))
		return;
	d->writing_followed = true;
	followed.keep_segment = index_oldest_segment(d->r.index);
	publisher_followed(d->publisher, &followed);
}

static void on_followed(void *arg, const publish_result *result)
{
	daemon_state *d = arg;
	if (result->outcome == PUBLISH_FATAL)
		leave_at_once(EXIT_PRODUCER, "the index log cannot be written", result->why);
	d->writing_followed = false;
	d->followed_ms = now_ms();
	d->followed_writes++;
	d->r.log_bytes = result->log_bytes;
	d->log_segment = result->followed_segment;
	journal_written(d->r.journal, result->followed_segment);
}

/* One job at a time for the publisher. */
static bool form_epoch(daemon_state *d, bool force)
{
	if (d->writing_followed || !epochs_poll(d->r.epochs, now_ms(), force))
		return false;
	d->followed_ms = now_ms();
	return true;
}

static int open_journal(daemon_state *d, buf *errors)
{
	const settings *s = config(d);
	if (!settings_str(s, "dedup.journal")[0])
		return 0;
	d->r.journal = journal_open(d->base, s, (journal_hooks){on_journal_entry, on_journal_written, on_journal_moved, on_journal_unusable, d}, errors);
	if (d->r.journal)
		epochs_set_journal(d->r.epochs, journal_own_versions(d->r.journal), settings_str(s, "daemon.instance"));
	return d->r.journal ? 0 : -1;
}

/* ---- start ---- */

static int open_index(daemon_state *d, buf *errors, int *code)
{
	const settings *s = config(d);
	bool locked = false;
	int64_t from = now_ms();
	if (!(d->r.index = index_store_new(s)))
		return 0;
	d->log = index_store_open(d->r.index, s, settings_state_dir(s), &locked, errors);
	if (!d->log) {
		*code = locked ? EXIT_LOCKED : EXIT_CONFIG;
		return -1;
	}
	while (index_expire(d->r.index, report_wall_ms(), 1000000))
		;
	d->r.log_bytes = index_log_bytes(d->log);
	d->keeper = keeper_of(d->r.index, (size_t)settings_int(s, "dedup.max_log"));
	log_info("index read", "entries", "%zu", index_stats_get(d->r.index).settled, "bytes", "%llu", (unsigned long long)d->r.log_bytes, "ms", "%lld",
		 (long long)(now_ms() - from));
	return 0;
}

static void on_worker_hung(void *arg, const char *name, long pid, const char *why)
{
	daemon_state *d = arg;
	log_warn("worker given up", "stage", "%s", name, "pid", "%ld", pid, "why", "%s", why);
	supervisor_kill(d->supervisor, pid);
}

static bool on_worker_ready(void *arg, const char *name, long pid)
{
	(void)name;
	return supervisor_is_old(((daemon_state *)arg)->supervisor, pid);
}

/* The supervisor's pools are those of the pipeline. */
static stage *stage_of(void *arg, const char *name) { return report_stage(&((daemon_state *)arg)->r, name); }
static void on_worker_gone(void *arg, const char *name, long pid, const char *how) { stage_worker_gone(stage_of(arg, name), pid, how); }
static bool on_dismiss(void *arg, const char *name, long pid) { return stage_dismiss(stage_of(arg, name), pid); }
static bool on_busy(void *arg, const char *name, long pid) { return stage_is_busy(stage_of(arg, name), pid); }

static int open_stages(daemon_state *d, buf *errors, int *code)
{
	const settings *s = config(d);
	const char *const *names;
	size_t count = settings_list(s, "pipeline.stages", &names);
	for (size_t i = 0; i < count; i++) {
		stage *opened = stage_open(d->base, s, names[i], d->r.metrics, pipeline_stage_hooks(d->r.pipeline), errors);
		if (!opened) {
			*code = errno == EWOULDBLOCK ? EXIT_LOCKED : EXIT_CONFIG;
			return -1;
		}
		d->r.stages[d->r.stage_count++] = opened;
		pipeline_add_stage(d->r.pipeline, opened);
		stage_on_hung(opened, on_worker_hung, d);
		stage_on_ready(opened, on_worker_ready, d);
	}
	d->supervisor = supervisor_new(d->base, s, d->r.metrics, (supervisor_hooks){on_worker_gone, on_dismiss, on_busy, d}, errors);
	if (!d->supervisor)
		return -1;
	supervisor_start(d->supervisor);
	return 0;
}

static void on_publisher_ready(void *arg, const publisher_ready *ready)
{
	daemon_state *d = arg;
	if (d->r.phase != PHASE_STARTING)
		return;
	if (ready->fatal)
		leave_at_once(EXIT_PRODUCER, "the producer cannot start", ready->why);
	if (d->log && index_store_resolve(d->r.index, d->log, ready->tail_committed))
		leave_at_once(EXIT_CONFIG, "the index log cannot be used", "its last epoch holds an entry that cannot be read");
	pipeline_set_max_output(d->r.pipeline, ready->max_record_bytes);
	epochs_set_patience(d->r.epochs, ready->patience_us);
	epochs_set_max_dead(d->r.epochs, ready->max_dead_bytes > 65536 ? ready->max_dead_bytes - 65536 : ready->max_dead_bytes / 2);
	if (!d->r.journal) {
		start_intake(d);
		return;
	}
	d->r.phase = PHASE_CATCHING_UP;
	notify_status("catching up with the journal");
	journal_start(d->r.journal, index_log_positions(d->log));
}

static void on_outcome(void *arg, const item *it)
{
	daemon_state *d = arg;
	report_outcome(&d->r, it);
	tap_on_outcome(d->r.tap, it);
}

static int64_t hook_wall_ms(void *arg) { (void)arg; return report_wall_ms(); }
static int64_t hook_mono_us(void *arg) { (void)arg; return report_mono_us(); }
static void hook_release(void *arg, void *message) { (void)arg; intake_release(message); }

static int reload(void *arg, buf *errors, buf *fixed);
static void leave(void *arg);

/* 0, or the exit code with lines in `errors`. */
static int open_parts(daemon_state *d, buf *errors)
{
	const settings *s = config(d);
	int code = EXIT_CONFIG;
	d->r.settings = s;
	report_open(&d->r);
	d->r.metrics = metrics_new(s);
	d->r.ledger = ledger_new();
	d->steer = steer_new(&d->r, (steer_hooks){reload, leave, d});
	d->r.tap = tap_new((tap_clock){hook_mono_us, hook_wall_ms, d});
	if (open_index(d, errors, &code))
		return code;
	d->r.pipeline = pipeline_new(s, d->r.ledger, d->r.index, (pipeline_hooks){hook_wall_ms, hook_mono_us, hook_release, on_pressure, on_outcome, d});
	pipeline_on_answer(d->r.pipeline, tap_on_answer, d->r.tap);
	d->r.epochs = epochs_new(s, d->r.pipeline, d->r.ledger, d->r.index, d->log ? index_log_next_epoch(d->log) : 1, (epoch_hooks){on_publish, d});
	d->r.intake = intake_open(d->base, s, d->r.ledger, (intake_hooks){on_record, on_revoke, on_assigned, on_open, on_removed, on_kafka_fatal, d}, errors);
	if (!d->r.intake)
		return code;
	d->publisher = publisher_new(d->base, s, intake_consumer(d->r.intake), d->log, (publisher_hooks){on_publisher_ready, on_epoch_done, on_followed, d}, errors);
	if (!d->publisher || open_journal(d, errors) || open_stages(d, errors, &code))
		return code;
	if (settings_bool(s, "admin.enabled")) {
		d->admin = admin_open(d->base, s, route_table, route_count, &d->r, ADMIN_LIMITS, errors);
		if (!d->admin)
			return code;
	}
	steer_set_supervisor(d->steer, d->supervisor);
	if (settings_bool(s, "control.enabled")) {
		d->control = control_open(d->base, s, steer_control_hooks(d->steer), CONTROL_SILENCE_MS, errors);
		if (!d->control)
			return errno == EWOULDBLOCK ? EXIT_LOCKED : code;
	}
	publisher_start(d->publisher);
	return 0;
}

/* ---- reload ---- */

static void apply_reload(daemon_state *d, const settings *s)
{
	set_log(s);
	steer_reloaded(d->steer);
	d->r.settings = s;
	intake_configure(d->r.intake, s);
	pipeline_configure(d->r.pipeline, s);
	epochs_configure(d->r.epochs, s);
	if (d->r.index) {
		index_set_window(d->r.index, settings_int(s, "dedup.window_days") * DAY_MS, index_store_limits(s));
		d->keeper.max_log_bytes = (size_t)settings_int(s, "dedup.max_log");
	}
	for (size_t i = 0; i < d->r.stage_count; i++)
		stage_reload(d->r.stages[i], s);
	supervisor_reload(d->supervisor, s);
	supervisor_roll(d->supervisor);          /* workers read models and settings at their start */
	for (size_t i = 0; i < d->r.stage_count; i++)
		stage_roll(d->r.stages[i]);
}

/* The end of a reload. During the start it makes nobody ready. */
static void tell_reloaded(const daemon_state *d, const char *what)
{
	char status[160];
	bool starting = d->r.phase < PHASE_RUNNING;
	snprintf(status, sizeof status, "%s%s%s", starting ? "starting" : "running", pauses_any(d->r.paused) ? "; intake is paused by an operator" : "", what);
	if (starting)
		notify_status("%s", status);
	else
		notify_ready(status);
}

static void refuse_reload(daemon_state *d, const buf *errors)
{
	char clean[401], why[441];
	mr_bytes all = buf_bytes(errors), first = {all.data, strcspn(all.data, "\n")};
	metrics_word(d->r.metrics, METRIC_RELOADS, "failed", 1);
	metrics_set(d->r.metrics, METRIC_CONFIG_OK, 0);
	snprintf(why, sizeof why, "%s%s", log_clean(clean, 400, first), first.len + 1 < all.len ? " (and more: millrace check)" : "");
	log_error("reload refused, the configuration in force stays", "why", "%s", why);
	tell_reloaded(d, "; the last reload was refused, see the log");
}

/* The file as it is now: 0, NULL with the reasons in `errors`. */
static settings *read_again(daemon_state *d, buf *fixed, int *changed, buf *errors)
{
	buf notes = {0};
	settings *s = args_settings(d->args, errors);
	if (s && kafka_conf_check(s, errors, &notes))    /* they are not taken over before a restart, which must not fail then */
		settings_free(&s);
	buf_free(&notes);
	if (!s)
		return NULL;
	*changed = settings_changed_fixed(d->first, s, fixed);
	settings_keep_fixed(s, d->first);
	if (*changed && settings_check(s, errors)) {
		buf_printf(errors, "(with what only a restart changes: %s)\n", buf_bytes(fixed).data);
		settings_free(&s);
	}
	return s;
}

/* For SIGHUP and the control socket alike; steer.h says what is given back. */
static int reload(void *arg, buf *errors, buf *fixed)
{
	daemon_state *d = arg;
	int changed = 0;
	if (d->r.phase >= PHASE_RUNNING)
		notify_reloading();
	settings *s = read_again(d, fixed, &changed, errors), *before = d->reloaded;
	if (!s || supervisor_prepare(d->supervisor, s, errors)) {        /* the last that may go wrong */
		refuse_reload(d, errors);
		settings_free(&s);
		return -1;
	}
	d->reloaded = s;
	apply_reload(d, s);
	settings_free(&before);          /* nobody keeps more of a reload than copies */
	metrics_word(d->r.metrics, METRIC_RELOADS, "ok", 1);
	metrics_set(d->r.metrics, METRIC_CONFIG_OK, 1);
	metrics_set(d->r.metrics, METRIC_CONFIG_STALE, changed);
	if (changed)
		log_warn("reload done, but some settings change only with a restart", "settings", "%s", buf_bytes(fixed).data);
	else
		log_info("reload done");
	tell_reloaded(d, "");
	return 0;
}

static void on_hup(evutil_socket_t fd, short what, void *arg)
{
	daemon_state *d = arg;
	buf errors = {0}, fixed = {0};
	(void)fd;
	(void)what;
	if (d->r.phase < PHASE_DRAINING)
		reload(d, &errors, &fixed);
	buf_free(&errors);
	buf_free(&fixed);
}

/* ---- leaving ---- */

static void start_draining(daemon_state *d, const char *why)
{
	log_info("draining", "why", "%s", why, "in_flight", "%zu", ledger_count(d->r.ledger));
	d->r.phase = PHASE_DRAINING;
	d->drain_since_ms = now_ms();
	set_pause(d);
	notify_stopping();
}

static void leave(void *arg)
{
	start_draining(arg, "control socket");
}

static void on_term(evutil_socket_t signal_number, short what, void *arg)
{
	daemon_state *d = arg;
	(void)what;
	if (d->r.phase >= PHASE_DRAINING)
		leave_at_once(EXIT_AT_ONCE, "second signal", "what is in flight will be read again");
	start_draining(d, signal_number == SIGINT ? "SIGINT" : "SIGTERM");
}

static void start_leaving(daemon_state *d, int code)
{
	d->r.phase = PHASE_LEAVING;
	d->leave_since_ms = d->joining_since_ms = now_ms();
	d->exit_code = code;
	supervisor_stop(d->supervisor, LEAVE_MS);        /* first: workers that leave now are not to be replaced */
	for (size_t i = 0; i < d->r.stage_count; i++)
		stage_drain(d->r.stages[i]);
	intake_leave(d->r.intake);
}

/* DRAINING: until nothing is in flight, or the deadline. */
static void advance_drain(daemon_state *d)
{
	int64_t waited = now_ms() - d->drain_since_ms;
	if (ledger_count(d->r.ledger) == 0 && !epochs_busy(d->r.epochs)) {
		start_leaving(d, EXIT_CLEAN);
		return;
	}
	if (waited < settings_int(config(d), "daemon.drain_ms"))
		return;
	log_warn("drain: the deadline is passed, the rest is read again at the next start", "in_flight", "%zu", ledger_count(d->r.ledger), "ms", "%lld", (long long)waited);
	if (epochs_busy(d->r.epochs))            /* a commit that hangs: the broker is away */
		leave_at_once(EXIT_DRAIN, "drain deadline", "an epoch is still open");
	start_leaving(d, EXIT_DRAIN);
}

/* LEAVING: until the group is left (its revocation is answered as any other), or, while it is still being put together, has been told so: the coordinator reads that behind the join, and
 * by then this process, which has nothing to lose, may have ended. */
static void advance_leaving(daemon_state *d)
{
	int64_t now = now_ms();
	if (!intake_is_joining(d->r.intake))
		d->joining_since_ms = now;
	if (intake_is_closed(d->r.intake) || now - d->joining_since_ms > LEAVE_JOINING_MS)
		d->done = true;
	else if (now - d->leave_since_ms > LEAVE_MS)
		leave_at_once(d->exit_code, "the group was not left in time", "no broker answers");
}

/* False: only _exit ends the process (intake_close). */
static bool close_parts(daemon_state *d)
{
	if (d->r.intake && d->r.ledger && d->r.pipeline)
		pipeline_drop(d->r.pipeline, NULL);
	bool published = d->publisher != NULL;
	if (published && !publisher_stop(&d->publisher, LEAVE_MS))
		leave_at_once(d->exit_code, "the producer does not close", "no broker answers");
	if (published)
		d->log = NULL;                   /* it was the publisher's */
	journal_close(&d->r.journal);
	index_log_close(&d->log);
	bool left = intake_close(&d->r.intake);
	if (d->supervisor)
		supervisor_stop(d->supervisor, 1000);
	supervisor_free(&d->supervisor);
	for (size_t i = 0; i < d->r.stage_count; i++)
		stage_close(&d->r.stages[i]);
	admin_close(&d->admin);
	control_close(&d->control);
	steer_free(&d->steer);
	tap_free(&d->r.tap);
	epochs_free(&d->r.epochs);
	pipeline_free(&d->r.pipeline);
	ledger_free(&d->r.ledger);
	index_free(&d->r.index);
	metrics_free(&d->r.metrics);
	report_close(&d->r);
	return left;
}

/* ---- the loop ---- */

static void each_second(daemon_state *d)
{
	log_tick();
	report_second(&d->r);
	tap_tick(d->r.tap);
	if (d->r.index)
		keeper_look(&d->keeper, &(keeper_view){report_wall_ms(), d->r.log_bytes, epochs_counts_get(d->r.epochs).committed + d->followed_writes, d->log_segment});
	d->r.stuck = publisher_is_stuck(d->publisher, now_ms(), UNREADY_MS);
	if (publisher_is_stuck(d->publisher, now_ms(), STUCK_MS))
		log_warn("the transaction thread has been at one step for a long time", "phase", "%d", (int)d->r.phase);
	if (d->r.phase == PHASE_CATCHING_UP)     /* a long journal is no hung start */
		notify_extend(CATCH_UP_EXTEND_MS);
	if (d->r.phase == PHASE_DRAINING)
		notify_extend(settings_int(config(d), "daemon.drain_ms"));
}

/* What is to be done once a turn, in this order: judge what became ready, then form an epoch of what became finished, then see whether that lets a
 * revocation be answered or a drain end. */
static void turn(daemon_state *d)
{
	int64_t now = now_ms();
	pipeline_settle(d->r.pipeline);
	crash_point("after-judge");
	if (d->r.phase >= PHASE_RUNNING && !d->revoke_since_ms)
		form_epoch(d, d->r.phase == PHASE_DRAINING || steer_is_draining(d->steer));
	advance_revoke(d);
	if (d->r.journal && d->r.phase != PHASE_STARTING)
		write_followed(d);
	if (d->r.phase == PHASE_DRAINING)
		advance_drain(d);
	if (d->r.phase == PHASE_LEAVING)
		advance_leaving(d);
	steer_turn(d->steer, now);
	if (now - d->second_ms >= 1000) {
		d->second_ms = now;
		each_second(d);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;               /* only wakes the loop: the work is done in turn() */
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	notify_watchdog();
}

static struct event *add_event(struct event_base *base, int fd, short what, event_callback_fn call, void *arg, int64_t ms)
{
	struct event *e = event_new(base, fd, what, call, arg);
	event_add(e, ms ? &(struct timeval){ms / 1000, (long)(ms % 1000) * 1000} : NULL);
	return e;
}

static void open_loop(daemon_state *d)
{
	evthread_use_pthreads();
	d->base = event_base_new();
	d->sig_term = add_event(d->base, SIGTERM, EV_SIGNAL | EV_PERSIST, on_term, d, 0);
	d->sig_int = add_event(d->base, SIGINT, EV_SIGNAL | EV_PERSIST, on_term, d, 0);
	d->sig_hup = add_event(d->base, SIGHUP, EV_SIGNAL | EV_PERSIST, on_hup, d, 0);
	d->tick = add_event(d->base, -1, EV_PERSIST, on_tick, d, TICK_MS);
	if (notify_watchdog_ms())
		d->watchdog = add_event(d->base, -1, EV_PERSIST, on_watchdog, d, notify_watchdog_ms());
}

static void close_loop(daemon_state *d)
{
	struct event *events[] = {d->sig_term, d->sig_int, d->sig_hup, d->tick, d->watchdog};
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i])
			event_free(events[i]);
	event_base_free(d->base);
}

int daemon_run(const arguments *args, settings *settings)
{
	daemon_state d = {.args = args, .first = settings};
	buf errors = {0};
	set_log(settings);
	mallopt(M_ARENA_MAX, 2);         /* each of the libraries' dozen threads would keep freed memory of its own (10 MB more, measured) */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);        /* LimitFSIZE= of a unit is a full disk, not an end */
	json_object_seed(0);
	crash_setup();
	open_loop(&d);
	int code = open_parts(&d, &errors);
	if (code)
		fputs(buf_bytes(&errors).data, stderr);
	while (!code && !d.done) {
		event_base_loop(d.base, EVLOOP_ONCE);
		turn(&d);
	}
	bool left = close_parts(&d);
	close_loop(&d);
	settings_free(&d.reloaded);
	settings_free(&d.first);
	buf_free(&errors);
	if (!code)
		log_info("left", "exit", "%d", d.exit_code);
	if (!left)
		_exit(d.exit_code);
	return code ? code : d.exit_code;
}
