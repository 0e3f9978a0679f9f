/* intake.c - see intake.h. */
#include "intake.h"

#include <assert.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "daemon/backlog.h"
#include "daemon/ends.h"
#include "daemon/kafka_conf.h"
#include "daemon/pace.h"

#define POLL_MS 100              /* timer poll: far below a third of any max.poll.interval.ms (at least 6 s) */
#define BUDGET 256               /* events a call; then the loop's other work has its turn */
#define TAKE_US 4000             /* for taking records, a call; one is taken anyway */
#define SEEK_MS 10000            /* for going back after a group error */

struct intake {
	rd_kafka_t *consumer;
	rd_kafka_queue_t *queue;
	ledger *ledger;
	const struct settings *settings;
	intake_hooks hooks;
	ends *ends;
	bool cooperative;
	int wake_fd;
	struct event *wake, *timer, *more;
	rd_kafka_topic_partition_list_t *leaving;        /* of the revocation that waits for its answer */
	backlog waiting;                 /* fetched, not taken yet */
	backlog early;                   /* records of partitions that are not open yet */
	backlog held_back;               /* records of topics made anew, until their partition's old ones have ended */
	pace pace;                       /* intake.rate */
	size_t enough_bytes;             /* of `waiting`: nothing more is fetched; again at half of it */
	bool stopped;                    /* all partitions are paused in librdkafka */
	bool joined;                     /* the group is put together, with us; our share may be no partition at all */
	bool closing;
	intake_counts counts;
};

/* ---- records ---- */

static bool is_new_log(const intake *self, const partition *p);
static void hold_early(intake *self, fetched *record);
static void hold_back(intake *self, fetched *record);

static void take(intake *self, fetched *record)
{
	const rd_kafka_message_t *m = record->m;
	partition *p = record->partition;
	if (p->resetting) {              /* first: what comes behind a record that is held back stays behind it */
		hold_back(self, record);
		return;
	}
	if (p->held || !self->hooks.open(self->hooks.arg, p)) {
		hold_early(self, record);
		return;
	}
	if (m->offset <= p->last_offset && is_new_log(self, p)) {
		hold_back(self, record);
		return;
	}
	if (m->offset <= p->last_offset) {
		self->counts.refused_offsets++;
		log_warn("intake: an offset came again and was refused", "topic", "%s", p->topic, "part", "%d", (int)p->number, "off", "%lld", (long long)m->offset);
		fetched_free(record);
		return;
	}
	rd_kafka_timestamp_type_t type;
	record_source source = {.topic = p->topic, .partition = p->number, .offset = m->offset};
	source.headers = record->headers;
	source.header_count = record->header_count;
	source.header_bytes = record->header_bytes;
	source.timestamp_ms = rd_kafka_message_timestamp(m, &type);
	source.key = (mr_bytes){m->key, m->key ? m->key_len : 0};
	source.value = (mr_bytes){m->payload, m->payload ? m->len : 0};
	self->hooks.record(self->hooks.arg, p, &source, record);
}

void intake_release(void *message)
{
	fetched_free(message);
}

static void on_fetched(intake *self, rd_kafka_event_t *event, const rd_kafka_message_t *m)
{
	partition *p = ledger_find(self->ledger, rd_kafka_topic_name(m->rkt), m->partition);
	if (!p || p->leaving) {
		rd_kafka_event_destroy(event);
		return;
	}
	p->fetched_offset = m->offset;
	backlog_add(&self->waiting, fetched_new(event, m, p));
}

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Takes what waits, as long as there is room and time, and intake.rate lets it. True: there would be more at once; what waits for the rate is taken at a beat of the timer. */
static bool take_waiting(intake *self)
{
	int64_t now = now_us(), end = now + TAKE_US;
	self->counts.limited = false;
	while (!self->counts.paused && self->waiting.first && now < end) {
		if (!pace_take(&self->pace, now)) {
			self->counts.limited = true;
			return false;
		}
		take(self, backlog_take(&self->waiting));
		now = now_us();
	}
	return !self->counts.paused && self->waiting.first;
}

/* ---- rebalances ---- */

static void log_failure(const char *what, rd_kafka_error_t *e)
{
	if (!e)
		return;
	log_warn("intake: trouble", "step", "%s", what, "error", "%s", rd_kafka_error_string(e));
	rd_kafka_error_destroy(e);
}

static void assign(intake *self, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t err;
	if (self->cooperative)
		log_failure("assign", rd_kafka_incremental_assign(self->consumer, list));
	else if ((err = rd_kafka_assign(self->consumer, list)))
		log_warn("intake: trouble", "step", "%s", "assign", "error", "%s", rd_kafka_err2str(err));
	if (!list->cnt)
		return;
	if (self->stopped)
		rd_kafka_pause_partitions(self->consumer, list);
	else                     /* librdkafka keeps a partition's pause over its revocation: one that was given away paused would come back silent */
		rd_kafka_resume_partitions(self->consumer, list);
}

static void unassign(intake *self, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t err;
	if (self->cooperative)
		log_failure("unassign", rd_kafka_incremental_unassign(self->consumer, list));
	else if ((err = rd_kafka_assign(self->consumer, NULL)))
		log_warn("intake: trouble", "step", "%s", "unassign", "error", "%s", rd_kafka_err2str(err));
}

static void on_assign(intake *self, rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *e = &list->elems[i];
		if (ledger_find(self->ledger, e->topic, e->partition))
			continue;
		self->hooks.assigned(self->hooks.arg, ledger_assign(self->ledger, e->topic, e->partition));
		self->counts.assigned++;
	}
	self->joined = true;
	assign(self, list);
	log_info("intake: partitions assigned", "count", "%d", list->cnt, "total", "%zu", self->counts.assigned);
}

/* What was fetched of a partition (NULL: of all) and not taken. */
static void drop_waiting(intake *self, partition *p)
{
	backlog_drop(&self->waiting, p);
	backlog_drop(&self->early, p);
}

static void on_revoke(intake *self, const rd_kafka_topic_partition_list_t *list)
{
	bool lost = rd_kafka_assignment_lost(self->consumer) != 0;
	assert(!self->leaving);
	self->leaving = rd_kafka_topic_partition_list_copy(list);
	for (int i = 0; i < list->cnt; i++) {
		partition *p = ledger_find(self->ledger, list->elems[i].topic, list->elems[i].partition);
		if (p) {
			p->leaving = true;
			drop_waiting(self, p);
			backlog_drop(&self->held_back, p);
		}
	}
	self->counts.lost += lost;
	self->counts.revoking = true;
	log_info("intake: partitions revoked", "count", "%d", list->cnt, "lost", "%s", lost ? "yes" : "no");
	self->hooks.revoke(self->hooks.arg, lost);
}

static void on_rebalance(intake *self, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	self->counts.rebalances++;
	if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		on_assign(self, list);
	else
		on_revoke(self, list);
}

void intake_answer(intake *self)
{
	if (!self->leaving)
		return;
	for (int i = 0; i < self->leaving->cnt; i++) {
		partition *p = ledger_find(self->ledger, self->leaving->elems[i].topic, self->leaving->elems[i].partition);
		if (!p)
			continue;
		self->hooks.removed(self->hooks.arg, p);
		self->counts.held -= p->held;
		ledger_remove(self->ledger, &p);
		self->counts.assigned--;
	}
	unassign(self, self->leaving);
	rd_kafka_topic_partition_list_destroy(self->leaving);
	self->leaving = NULL;
	self->counts.revoking = false;
	self->joined = self->joined && self->closing;    /* the group is put together anew, unless we leave it */
}

/* ---- a topic made anew ---- */

/* The log is shorter than what was read of it: the topic was deleted and made anew (or lost its end). librdkafka has gone to its beginning
 * (auto.offset.reset); this is how we notice. A new log that has grown beyond our place already cannot be told from the old one: topics have no
 * identity in the protocol of librdkafka 2.0. */
static bool is_new_log(const intake *self, const partition *p)
{
	int64_t low, high;
	return rd_kafka_get_watermark_offsets(self->consumer, p->topic, p->number, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 && high <= p->last_offset;
}

static void pause_one(intake *self, const partition *p, bool pause)
{
	rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(one, p->topic, p->number);
	if (pause)
		rd_kafka_pause_partitions(self->consumer, one);
	else
		rd_kafka_resume_partitions(self->consumer, one);
	rd_kafka_topic_partition_list_destroy(one);
}

/* Records that came before their partition is open wait; it is paused meanwhile, so what waits is what was fetched already. */
static void hold_early(intake *self, fetched *record)
{
	partition *p = record->partition;
	if (!p->held) {
		p->held = true;
		self->counts.held++;
		pause_one(self, p, true);
	}
	backlog_add(&self->early, record);
}

/* What was held of partitions that are open now goes to the front of what waits; the rest is held on. Per partition the order stays. */
static void free_early(intake *self)
{
	backlog held = self->early, ready = {0};
	size_t before = self->counts.held;
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		if (p->held && !p->leaving && self->hooks.open(self->hooks.arg, p)) {
			p->held = false;
			self->counts.held--;
			if (!self->stopped)
				pause_one(self, p, false);
		}
	if (self->counts.held == before)
		return;
	self->early = (backlog){0};
	for (fetched *record; (record = backlog_take(&held));)
		backlog_add(record->partition->held ? &self->early : &ready, record);
	for (fetched *record; (record = backlog_take(&self->waiting));)
		backlog_add(&ready, record);
	self->waiting = ready;
}

void intake_look(intake *self)
{
	if (self->counts.held)
		event_active(self->more, EV_TIMEOUT, 0);
}

/* Records of the new log wait until those of the old one, still in flight, have ended: offsets of a list must grow. The partition is paused meanwhile,
 * so only what was fetched already waits here. */
static void hold_back(intake *self, fetched *record)
{
	partition *p = record->partition;
	if (!p->resetting) {
		log_warn("intake: the topic was made anew, it is read from its beginning", "topic", "%s", p->topic, "part", "%d", (int)p->number, "read", "%lld",
			 (long long)p->last_offset);
		self->counts.resets++;
		p->resetting = true;
		pause_one(self, p, true);
	}
	backlog_add(&self->held_back, record);
}

/* Takes what was held back, once the old records of all such partitions have ended. */
static void finish_resets(intake *self)
{
	backlog records = self->held_back;
	if (!records.first)
		return;
	for (const partition *p = ledger_first(self->ledger); p; p = p->next)
		if (p->resetting && p->head)
			return;
	self->held_back = (backlog){0};
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		if (p->resetting) {
			p->resetting = false;
			p->last_offset = p->end = -1;
			if (!self->stopped)
				pause_one(self, p, false);
		}
	log_info("intake: the old records have ended, the new ones are taken", "bytes", "%zu", records.bytes);
	for (fetched *record; (record = backlog_take(&records));)
		take(self, record);
}

/* ---- rewinding ---- */

/* Everything unpublished is to be read again: each partition goes back to its first record in flight. Blocks for the seek (rare: a group error), because an
 * unnoticed failure would leave a gap; on failure the process leaves and starts again from the committed offsets. */
void intake_rewind(intake *self)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
	for (partition *p = ledger_first(self->ledger); p; p = p->next) {
		if (p->leaving || !p->head)
			continue;
		rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = p->head->offset;
		p->last_offset = p->fetched_offset = p->head->offset - 1;
		p->position = -1;
		drop_waiting(self, p);
	}
	rd_kafka_error_t *e = list->cnt ? rd_kafka_seek_partitions(self->consumer, list, SEEK_MS) : NULL;
	bool failed = e != NULL;
	log_failure("go back", e);
	for (int i = 0; i < list->cnt; i++)
		failed = failed || list->elems[i].err;
	rd_kafka_topic_partition_list_destroy(list);
	if (failed)
		self->hooks.fatal(self->hooks.arg, "cannot go back to the records that must be read again");
}

/* ---- events ---- */

static void on_error(intake *self, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	const char *text = rd_kafka_event_error_string(event);
	char clean[161];
	self->counts.errors++;
	if (err == RD_KAFKA_RESP_ERR__FATAL) {
		self->hooks.fatal(self->hooks.arg, text);
		return;
	}
	log_warn("intake: told by the library", "error", "%s", rd_kafka_err2name(err), "text", "%s", log_clean(clean, 160, mr_bytes_of(text)));
}

/* The place of a partition passes what is no record (marks of transactions), and is known before the first record has come. */
static void note_position(partition *p, const json_t *topics)
{
	char number[12];
	snprintf(number, sizeof number, "%d", (int)p->number);
	const json_t *told = json_object_get(json_object_get(json_object_get(topics, p->topic), "partitions"), number), *next = json_object_get(told, "next_offset");
	p->position = json_is_integer(next) && !json_integer_value(json_object_get(told, "fetchq_cnt")) ? json_integer_value(next) : -1;
}

/* Statistics (a few KB, every two seconds) tell whether any broker is up: errors alone do not tell when the trouble is over. */
static void on_statistics(intake *self, rd_kafka_event_t *event)
{
	json_t *root = json_loads(rd_kafka_event_stats(event), 0, NULL), *broker;
	const char *name;
	bool up = false;
	json_object_foreach(json_object_get(root, "brokers"), name, broker) {
		const char *state = json_string_value(json_object_get(broker, "state"));
		up = up || (state && strcmp(state, "UP") == 0);
	}
	if (up != self->counts.connected)
		log_line(up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, __FILE__, __LINE__, up ? "intake: a broker answers" : "intake: no broker answers", NULL);
	self->counts.connected = up;
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		note_position(p, json_object_get(root, "topics"));
	ends_look(self->ends, self->ledger);
	json_decref(root);
}

static void on_event(intake *self, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *m;
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_FETCH:
		m = rd_kafka_event_message_next(event);
		if (m && !m->err) {
			on_fetched(self, event, m);      /* the event lives on with the record */
			return;
		}
		break;
	case RD_KAFKA_EVENT_REBALANCE:
		on_rebalance(self, event);
		break;
	case RD_KAFKA_EVENT_ERROR:
		on_error(self, event);
		break;
	case RD_KAFKA_EVENT_STATS:
		on_statistics(self, event);
		break;
	default:
		break;
	}
	rd_kafka_event_destroy(event);
}

/* ---- how much is fetched ahead ---- */

/* librdkafka's own limit (queued.max.messages.kbytes) is a net only: once it is reached, or partitions are paused, 2.0 sleeps up to a second before it fetches
 * again (librdkafka#2879), also when they are resumed. So what comes is taken out of its queue at once and waits here, whatever the pressure; with
 * enough waiting the partitions are paused, and resumed while there is still something left. The seek to where they are anyway wakes the
 * fetcher; it does not wait, and if it failed the fetcher would only sleep its second. */
static void fetch_again(intake *self)
{
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(16), *begun = rd_kafka_topic_partition_list_new(16);
	for (const partition *p = ledger_first(self->ledger); p; p = p->next) {
		if (p->resetting || p->leaving || p->held)
			continue;
		rd_kafka_topic_partition_list_add(all, p->topic, p->number);
		if (p->fetched_offset >= 0)
			rd_kafka_topic_partition_list_add(begun, p->topic, p->number)->offset = p->fetched_offset + 1;
	}
	if (all->cnt)
		rd_kafka_resume_partitions(self->consumer, all);
	if (begun->cnt)
		log_failure("wake the fetcher", rd_kafka_seek_partitions(self->consumer, begun, 0));
	rd_kafka_topic_partition_list_destroy(all);
	rd_kafka_topic_partition_list_destroy(begun);
}

static void fetch_no_more(intake *self)
{
	rd_kafka_topic_partition_list_t *list = NULL;
	if (rd_kafka_assignment(self->consumer, &list) || !list)
		return;
	if (list->cnt)
		rd_kafka_pause_partitions(self->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static void regulate(intake *self)
{
	size_t bytes = self->waiting.bytes;
	if (self->stopped ? bytes > self->enough_bytes / 2 : bytes < self->enough_bytes)
		return;
	self->stopped = !self->stopped;
	if (self->stopped)
		fetch_no_more(self);
	else
		fetch_again(self);
}

/* Until the queue is empty or the budget spent; then the rest is looked at in the next turn of the loop (no further wake-up would come). */
static void drain(intake *self)
{
	bool more = true;
	for (int i = 0; i < BUDGET && more; i++) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(self->queue, 0);
		if (event)
			on_event(self, event);
		else
			more = false;
	}
	if (self->counts.held)
		free_early(self);
	finish_resets(self);
	if (take_waiting(self) || more)
		event_active(self->more, EV_TIMEOUT, 0);
	regulate(self);
}

static void intake_on_wake(evutil_socket_t fd, short what, void *arg)
{
	eventfd_t n;
	(void)what;
	eventfd_read(fd, &n);
	drain(arg);
}

static void intake_on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drain(arg);
}

/* ---- life ---- */

intake *intake_open(struct event_base *base, const struct settings *settings, ledger *partitions, intake_hooks hooks, buf *errors)
{
	rd_kafka_t *consumer = kafka_consumer(settings, errors);
	static const uint64_t one = 1;
	if (!consumer)
		return NULL;
	intake *self = mem_alloc(sizeof *self);
	self->consumer = consumer;
	self->settings = settings;
	self->ledger = partitions;
	self->hooks = hooks;
	self->enough_bytes = (size_t)settings_int(settings, "intake.prefetch_bytes") / 2;
	intake_configure(self, settings);
	self->cooperative = kafka_is_cooperative(settings);
	self->ends = ends_new(consumer);
	self->queue = rd_kafka_queue_get_consumer(consumer);
	self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rd_kafka_queue_io_event_enable(self->queue, self->wake_fd, &one, sizeof one);
	self->wake = event_new(base, self->wake_fd, EV_READ | EV_PERSIST, intake_on_wake, self);
	self->timer = event_new(base, -1, EV_PERSIST, intake_on_timer, self);
	self->more = event_new(base, -1, 0, intake_on_timer, self);
	event_add(self->wake, NULL);
	event_add(self->timer, &(struct timeval){0, POLL_MS * 1000});
	event_active(self->more, EV_TIMEOUT, 0);         /* what came before the wake-up was enabled */
	return self;
}

void intake_configure(intake *self, const settings *settings)
{
	pace_set(&self->pace, settings_int(settings, "intake.rate"), now_us());
}

rd_kafka_t *intake_consumer(intake *self)
{
	return self->consumer;
}

int intake_start(intake *self, buf *errors)
{
	const char *const *topics;
	size_t count = settings_list(self->settings, "intake.topics", &topics);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	for (size_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
	rd_kafka_resp_err_t err = rd_kafka_subscribe(self->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (err)
		buf_printf(errors, "intake.topics: cannot subscribe: %s\n", rd_kafka_err2str(err));
	return err ? -1 : 0;
}

void intake_pause(intake *self, bool pause)
{
	if (pause == self->counts.paused)
		return;
	self->counts.paused = pause;
	self->counts.pauses += pause;
	if (!pause)
		event_active(self->more, EV_TIMEOUT, 0);
}

void intake_leave(intake *self)
{
	if (self->closing)
		return;
	self->closing = true;
	log_failure("leave the group", rd_kafka_consumer_close_queue(self->consumer, self->queue));
}

bool intake_is_closed(const intake *self)
{
	return self->closing && rd_kafka_consumer_closed(self->consumer);
}

bool intake_is_joining(const intake *self)
{
	return !self->joined && !self->counts.assigned && !self->leaving;
}

bool intake_close(intake **self_p)
{
	intake *self = *self_p;
	bool left = !self || !self->closing || intake_is_closed(self);
	if (!self)
		return true;
	if (self->leaving)
		rd_kafka_topic_partition_list_destroy(self->leaving);
	drop_waiting(self, NULL);
	backlog_drop(&self->held_back, NULL);
	event_free(self->wake);
	event_free(self->timer);
	event_free(self->more);
	rd_kafka_queue_io_event_enable(self->queue, -1, NULL, 0);
	if (left) {
		ends_free(&self->ends);          /* else its call may wait for a broker that does not answer */
		rd_kafka_queue_destroy(self->queue);
		rd_kafka_destroy(self->consumer);
	}
	close(self->wake_fd);
	free(self);
	*self_p = NULL;
	return left;
}

intake_counts intake_counts_get(const intake *self)
{
	return self->counts;
}

int64_t intake_lag(const intake *self, const partition *p)
{
	int64_t low = 0, high = 0, next = p->last_offset >= 0 ? p->last_offset + 1 : p->committed;
	bool waits = p->fetched_offset > p->last_offset;
	if (!waits && p->position > next)
		next = p->position;
	if (rd_kafka_get_watermark_offsets(self->consumer, p->topic, p->number, &low, &high))
		high = -1;
	high = high > p->end ? high : p->end;    /* the library's is that of its last fetch */
	if (high < 0 || (next < 0 && !waits))
		return -1;
	if (next < 0)                            /* nothing was taken, nothing is committed: all of it */
		next = low;
	return high > next ? high - next : 0;
}
