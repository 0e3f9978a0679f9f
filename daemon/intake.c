/* intake.c - see intake.h. */
#include "intake.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "daemon/kafka_conf.h"

#define POLL_MS 100              /* timer poll: far below a third of any max.poll.interval.ms (at least 6 s) */
#define BUDGET 256               /* events a call; then the loop's other work has its turn */
#define HEADERS_MAX 1024         /* of one message; more are not looked at */

/* A record lent to the pipeline: the event that owns it and its headers. */
typedef struct held {
	rd_kafka_event_t *event;
	mr_field *headers;
} held;

struct intake {
	rd_kafka_t *consumer;
	rd_kafka_queue_t *queue;
	ledger *ledger;
	const struct settings *settings;
	intake_hooks hooks;
	bool cooperative;
	int wake_fd;
	struct event *wake, *timer, *more;
	rd_kafka_topic_partition_list_t *leaving;        /* of the revocation that waits for its answer */
	bool resetting;                  /* some partition must start again from its beginning */
	bool closing;
	intake_counts counts;
};

/* ---- records ---- */

static size_t read_headers(const rd_kafka_message_t *m, mr_field **out)
{
	rd_kafka_headers_t *headers;
	size_t count = 0;
	if (rd_kafka_message_headers(m, &headers) || !(count = rd_kafka_header_cnt(headers)))
		return 0;
	if (count > HEADERS_MAX)
		count = HEADERS_MAX;
	*out = mem_array(count, sizeof **out);
	for (size_t i = 0; i < count; i++) {
		const char *name;
		const void *value;
		size_t len;
		if (rd_kafka_header_get_all(headers, i, &name, &value, &len))
			return i;
		(*out)[i] = (mr_field){mr_bytes_of(name), {value, value ? len : 0}};
	}
	return count;
}

static void take(intake *self, rd_kafka_event_t *event, const rd_kafka_message_t *m)
{
	partition *p = ledger_find(self->ledger, rd_kafka_topic_name(m->rkt), m->partition);
	if (!p || p->leaving || p->resetting) {
		rd_kafka_event_destroy(event);
		return;
	}
	if (m->offset <= p->last_offset) {
		self->counts.refused_offsets++;
		log_warn("intake: an offset came again and was refused", "topic", "%s", p->topic, "part", "%d", (int)p->number, "off", "%lld", (long long)m->offset);
		rd_kafka_event_destroy(event);
		return;
	}
	held *h = mem_alloc(sizeof *h);
	rd_kafka_timestamp_type_t type;
	record_source source = {.topic = p->topic, .partition = p->number, .offset = m->offset};
	h->event = event;
	source.header_count = read_headers(m, &h->headers);
	source.headers = h->headers;
	source.timestamp_ms = rd_kafka_message_timestamp(m, &type);
	source.key = (mr_bytes){m->key, m->key ? m->key_len : 0};
	source.value = (mr_bytes){m->payload, m->payload ? m->len : 0};
	self->counts.connected = true;
	self->hooks.record(self->hooks.arg, p, &source, h);
}

void intake_release(void *message)
{
	held *h = message;
	rd_kafka_event_destroy(h->event);
	free(h->headers);
	free(h);
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
	if (self->counts.paused && list->cnt)
		rd_kafka_pause_partitions(self->consumer, list);
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
	assign(self, list);
	log_info("intake: partitions assigned", "count", "%d", list->cnt, "total", "%zu", self->counts.assigned);
}

static void on_revoke(intake *self, const rd_kafka_topic_partition_list_t *list)
{
	bool lost = rd_kafka_assignment_lost(self->consumer) != 0;
	assert(!self->leaving);
	self->leaving = rd_kafka_topic_partition_list_copy(list);
	for (int i = 0; i < list->cnt; i++) {
		partition *p = ledger_find(self->ledger, list->elems[i].topic, list->elems[i].partition);
		if (p)
			p->leaving = true;
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
	self->counts.connected = true;
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
		ledger_remove(self->ledger, &p);
		self->counts.assigned--;
	}
	unassign(self, self->leaving);
	rd_kafka_topic_partition_list_destroy(self->leaving);
	self->leaving = NULL;
	self->counts.revoking = false;
}

/* ---- offsets that are no more ---- */

/* The committed (or next) offset does not exist: nothing was ever committed, or the topic was made anew, or truncated. The partition starts again from its
 * beginning as soon as what is in flight of it has ended. */
static void on_no_offset(intake *self, const char *topic, int32_t number, const char *why)
{
	char clean[161];
	partition *p = ledger_find(self->ledger, topic, number);
	if (!p || p->leaving)
		return;
	log_info("intake: no such offset, the partition is read from its beginning", "topic", "%s", topic, "part", "%d", (int)number, "why", "%s",
		 log_clean(clean, 160, mr_bytes_of(why)));
	p->resetting = true;
	self->resetting = true;
	self->counts.resets++;
}

/* Assigns every partition anew: those that are reset from their beginning, the others from where they are (or, with `committed`, from the committed
 * offsets). With the cooperative protocol only those that change are touched. */
static void assign_again(intake *self, bool committed)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
	for (partition *p = ledger_first(self->ledger); p; p = p->next) {
		if (p->leaving || (self->cooperative && !committed && !p->resetting))
			continue;
		int64_t from = committed || p->last_offset < 0 ? RD_KAFKA_OFFSET_INVALID : p->last_offset + 1;
		rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = p->resetting ? RD_KAFKA_OFFSET_BEGINNING : from;
		if (p->resetting || committed)
			p->last_offset = -1;
		p->resetting = false;
	}
	if (self->cooperative)
		unassign(self, list);
	assign(self, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static void finish_resets(intake *self)
{
	if (!self->resetting || self->leaving)
		return;
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		if (p->resetting && p->head)
			return;
	self->resetting = false;
	assign_again(self, false);
}

void intake_rewind(intake *self)
{
	if (!self->leaving)              /* else the answer to the revocation does it */
		assign_again(self, true);
}

/* ---- events ---- */

static void on_error(intake *self, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	const char *text = rd_kafka_event_error_string(event);
	char clean[161];
	if (err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
		rd_kafka_topic_partition_t *tp = rd_kafka_event_topic_partition(event);
		if (tp) {
			on_no_offset(self, tp->topic, tp->partition, text);
			rd_kafka_topic_partition_destroy(tp);
		}
		return;
	}
	self->counts.errors++;
	if (err == RD_KAFKA_RESP_ERR__FATAL) {
		self->hooks.fatal(self->hooks.arg, text);
		return;
	}
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		self->counts.connected = false;
	log_warn("intake: told by the library", "error", "%s", rd_kafka_err2name(err), "text", "%s", log_clean(clean, 160, mr_bytes_of(text)));
}

static void on_event(intake *self, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *m;
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_FETCH:
		m = rd_kafka_event_message_next(event);
		if (m && !m->err) {
			take(self, event, m);    /* the event lives on with the record */
			return;
		}
		if (m && m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
			on_no_offset(self, rd_kafka_topic_name(m->rkt), m->partition, rd_kafka_message_errstr(m));
		break;
	case RD_KAFKA_EVENT_REBALANCE:
		on_rebalance(self, event);
		break;
	case RD_KAFKA_EVENT_ERROR:
		on_error(self, event);
		break;
	default:
		break;
	}
	rd_kafka_event_destroy(event);
}

/* Until the queue is empty or the budget spent; then the rest is looked at in the next turn of the loop (no further wake-up would come). */
static void drain(intake *self)
{
	for (int i = 0; i < BUDGET; i++) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(self->queue, 0);
		if (!event) {
			finish_resets(self);
			return;
		}
		on_event(self, event);
	}
	event_active(self->more, EV_TIMEOUT, 0);
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
	self->cooperative = kafka_is_cooperative(settings);
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
	rd_kafka_topic_partition_list_t *list = NULL;
	if (pause == self->counts.paused)
		return;
	self->counts.paused = pause;
	self->counts.pauses += pause;
	if (rd_kafka_assignment(self->consumer, &list) || !list)
		return;
	if (list->cnt && pause)
		rd_kafka_pause_partitions(self->consumer, list);
	else if (list->cnt)
		rd_kafka_resume_partitions(self->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
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

void intake_close(intake **self_p)
{
	intake *self = *self_p;
	if (!self)
		return;
	if (self->leaving)
		rd_kafka_topic_partition_list_destroy(self->leaving);
	event_free(self->wake);
	event_free(self->timer);
	event_free(self->more);
	rd_kafka_queue_io_event_enable(self->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(self->queue);
	rd_kafka_destroy(self->consumer);
	close(self->wake_fd);
	free(self);
	*self_p = NULL;
}

intake_counts intake_counts_get(const intake *self)
{
	return self->counts;
}

int64_t intake_lag(const intake *self, const partition *p)
{
	int64_t low = 0, high = 0, next = p->last_offset >= 0 ? p->last_offset + 1 : p->committed;
	if (rd_kafka_get_watermark_offsets(self->consumer, p->topic, p->number, &low, &high) || high < 0)
		return -1;
	return next < 0 ? high - low : high - next;
}
