/* journal.c - see journal.h. */
#include "journal.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/crash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "daemon/index_log.h"
#include "daemon/journal_ask.h"
#include "daemon/journal_message.h"
#include "daemon/kafka_conf.h"

#define POLL_MS 100
#define BUDGET 8192              /* events taken out of the library's queue a call: about 3 ms */
#define FOLLOW_US 4000           /* time for reading them a call; then the loop's other work has its turn */
#define AHEAD_BYTES (48u << 20)  /* of entries that wait to be read: beyond that nothing is fetched until a quarter of it is left. What the library holds at a pause is fetched twice (1 MB a partition) */
#define EVENT_BYTES 300          /* what librdkafka keeps for a message (backlog.c) */
#define WAITING_MAX (8u << 20)   /* bytes of frames: beyond that nothing is followed until they are written */
#define ASK_EVERY_MS 5000        /* for the lag, and for partitions that are new */
#define MARKS_MAX 64             /* answers that are not reached yet; with more the newest are put together, which only makes them later */
#define REASONS 4                /* journal_message_read knows three */
#define DAY_MS 86400000LL

typedef struct follow {
	int64_t next;                    /* position: everything before it was followed */
	int64_t fetched;                 /* everything before it was fetched; -1: nothing yet */
	int64_t end;                     /* as last asked */
} follow;

/* An event as it came, waiting to be read. */
typedef struct waiting {
	struct waiting *next;
	rd_kafka_event_t *event;         /* owns the message */
	const rd_kafka_message_t *m;     /* NULL: no message (an event gives its message only once, so both are kept) */
	size_t bytes;
} waiting;

/* The ends as they were when a question was answered. */
typedef struct mark {
	uint64_t question;
	int64_t *ends;
	size_t count;
} mark;

struct journal {
	rd_kafka_t *consumer;
	rd_kafka_queue_t *queue;
	journal_ask *asker;
	journal_hooks hooks;
	const char *topic, *instance;
	char versions[JOURNAL_VERSIONS_MAX];
	int64_t window_ms;
	int wake_fd, answer_fd;
	struct event *wake, *answer, *timer, *more;
	buf start;                       /* lines of positions to begin with */
	follow *partitions;
	size_t count;                    /* 0: not following yet */
	uint64_t asked, reached;         /* questions */
	mark *marks;                     /* not reached, in the order of their questions */
	size_t mark_count;
	int64_t asked_ms;
	waiting *first, *last;           /* fetched, not followed yet; in the order in which they came */
	size_t ahead;                    /* their bytes */
	bool stopped;                    /* enough of them: partitions are paused */
	buf frames;                      /* followed, not taken */
	uint32_t *numbers;               /* their entries in the index; the first `in_hand` of them were taken */
	size_t number_count, number_cap, in_hand;
	bool moved;                      /* positions, since the last journal_take */
	bool news;                       /* the hook `moved` is due */
	const char *told[REASONS];       /* why entries were skipped, so far */
	rd_kafka_resp_err_t error;       /* told last */
	journal_counts counts;
};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- questions ---- */

static void ask(journal *self)
{
	self->asked = journal_ask_put(self->asker);
	self->asked_ms = now_us() / 1000;
}

uint64_t journal_ask_now(journal *self)
{
	ask(self);
	return self->asked;
}

bool journal_reached(const journal *self, uint64_t question)
{
	return self->reached >= question;
}

static bool is_reached(const journal *self, const mark *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (self->partitions[i].next < m->ends[i])
			return false;
	return true;
}

static void look_at_marks(journal *self)
{
	size_t done = 0;
	while (done < self->mark_count && is_reached(self, &self->marks[done])) {
		self->reached = self->marks[done].question;
		free(self->marks[done++].ends);
		self->news = true;
	}
	if (!done)
		return;
	self->mark_count -= done;
	memmove(self->marks, self->marks + done, self->mark_count * sizeof *self->marks);
}

/* The log of a partition does not become shorter, unless the topic was made anew: then what it was to reach will not come. */
static void lower_marks(journal *self, const journal_answer *a)
{
	for (size_t m = 0; m < self->mark_count; m++)
		for (size_t i = 0; i < self->marks[m].count && i < a->count; i++)
			if (self->marks[m].ends[i] > a->high[i])
				self->marks[m].ends[i] = a->high[i];
}

static void add_mark(journal *self, journal_answer *a)
{
	if (self->mark_count == MARKS_MAX)
		free(self->marks[--self->mark_count].ends);
	self->marks = self->marks ? self->marks : mem_array(MARKS_MAX, sizeof *self->marks);
	self->marks[self->mark_count++] = (mark){a->question, a->high, a->count};
	a->high = NULL;
}

/* ---- beginning ---- */

/* The stored position of a partition; -1: none. */
static int64_t stored_position(const journal *self, int partition)
{
	char topic[256];
	int32_t number;
	int64_t next, found = -1;
	for (const char *at = self->start.data, *end; at && (end = strchr(at, '\n')); at = end + 1)
		if (sscanf(at, "%255s %" SCNd32 " %" SCNd64, topic, &number, &next) == 3 && number == partition && strcmp(topic, self->topic) == 0)
			found = next;
	return found;
}

static int64_t first_position(const journal *self, int partition, int64_t low, int64_t high)
{
	int64_t stored = stored_position(self, partition);
	if (stored < 0 || (stored >= low && stored <= high))
		return stored < 0 ? low : stored;
	if (stored < low)
		log_warn("journal: what stood behind our place was deleted already", "topic", "%s", self->topic, "part", "%d", partition, "place", "%lld", (long long)stored, "begins",
			 "%lld", (long long)low);
	else
		log_warn("journal: it ends before our place, it is read from its beginning", "topic", "%s", self->topic, "part", "%d", partition, "place", "%lld",
			 (long long)stored, "ends", "%lld", (long long)high);
	return low;
}

/* Partitions that we do not follow yet: all of them at the beginning, later those that the topic was given in addition. */
static void follow_more(journal *self, const journal_answer *a)
{
	if (a->count <= self->count)
		return;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(a->count - self->count));
	self->partitions = mem_grow(self->partitions, a->count, sizeof *self->partitions);
	for (size_t i = self->count; i < a->count; i++) {
		self->partitions[i] = (follow){first_position(self, (int)i, a->low[i], a->high[i]), -1, a->high[i]};
		rd_kafka_topic_partition_list_add(list, self->topic, (int32_t)i)->offset = self->partitions[i].next;
	}
	self->count = a->count;
	rd_kafka_error_t *e = rd_kafka_incremental_assign(self->consumer, list);
	if (e) {
		log_error("journal: cannot be followed", "topic", "%s", self->topic, "error", "%s", rd_kafka_error_string(e));
		rd_kafka_error_destroy(e);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

static void tell_settings(journal *self, const journal_answer *a)
{
	if (a->retention_ms > 0 && a->retention_ms < self->window_ms)
		log_warn("journal: its retention is shorter than the window, a lost index cannot be restored whole", "topic", "%s", self->topic, "retention_ms", "%lld",
			 (long long)a->retention_ms, "window_ms", "%lld", (long long)self->window_ms);
	if (a->compact)
		log_warn("journal: its cleanup.policy is compact, aliases and revisions will be lost; set it to delete", "topic", "%s", self->topic);
}

static void on_answer(journal *self, journal_answer *a)
{
	char why[400];
	bool first = !self->count;
	if (a->missing) {
		snprintf(why, sizeof why, "there is no topic %s; make it: kafka-topics.sh --create --topic %s --config cleanup.policy=delete --config retention.ms=%lld", self->topic,
			 self->topic, (long long)self->window_ms);
		self->hooks.unusable(self->hooks.arg, why);
		return;
	}
	if (first)
		tell_settings(self, a);
	follow_more(self, a);
	for (size_t i = 0; i < self->count && i < a->count; i++)
		self->partitions[i].end = a->high[i];
	lower_marks(self, a);
	add_mark(self, a);
	if (first)
		log_info("journal: following", "topic", "%s", self->topic, "partitions", "%zu", self->count, "behind", "%lld", (long long)journal_counts_get(self).lag);
	look_at_marks(self);
}

/* ---- entries ---- */

static mr_bytes header(const rd_kafka_headers_t *headers, const char *name)
{
	const void *value = NULL;
	size_t len = 0;
	if (!headers || rd_kafka_header_get_last(headers, name, &value, &len) || !value)
		return (mr_bytes){NULL, 0};
	return (mr_bytes){value, len};
}

static void skip(journal *self, const rd_kafka_message_t *m, const char *why, mr_bytes instance)
{
	char clean[65];
	size_t n = 0;
	self->counts.skipped++;
	while (n < REASONS && self->told[n] && self->told[n] != why)
		n++;
	if (n == REASONS || self->told[n])       /* each reason once */
		return;
	self->told[n] = why;
	log_warn("journal: an entry is skipped, copies of its article will be published", "why", "%s", why, "part", "%d", (int)m->partition, "off", "%lld", (long long)m->offset,
		 "instance", "%s", log_clean(clean, 64, instance));
}

static void keep(journal *self, const index_entry *entry, mr_bytes topic, uint32_t number)
{
	char name[250];
	buf bytes = {0};
	snprintf(name, sizeof name, "%.*s", (int)topic.len, topic.data);
	index_entry_encode(entry, name, &bytes); /* anew: in the log's format, whatever its own was */
	index_log_frame_followed(&self->frames, buf_bytes(&bytes));
	buf_free(&bytes);
	if (self->number_count == self->number_cap) {
		self->number_cap += self->number_cap / 2 + 256;
		self->numbers = mem_grow(self->numbers, self->number_cap, sizeof *self->numbers);
	}
	self->numbers[self->number_count++] = number;
	self->counts.followed++;
}

static void read_entry(journal *self, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers = NULL;
	index_entry entry;
	mr_bytes topic;
	const char *why;
	rd_kafka_message_headers(m, &headers);
	mr_bytes value = {m->payload, m->payload ? m->len : 0}, instance = header(headers, JOURNAL_INSTANCE);
	if (journal_message_read(value, header(headers, JOURNAL_VERSIONS), self->versions, &entry, &topic, &why)) {
		skip(self, m, why, instance);
		return;
	}
	uint32_t number = self->hooks.entry(self->hooks.arg, &entry, topic, instance.data && mr_bytes_equal(instance, self->instance));
	if (number)
		keep(self, &entry, topic, number);
}

/* An event of the partition stood at `offset`; the next one is looked for at `next`. */
static bool move_to(journal *self, int32_t partition, int64_t offset, int64_t next)
{
	if (partition < 0 || (size_t)partition >= self->count)
		return false;
	follow *f = &self->partitions[partition];
	if (offset < f->next)
		log_warn("journal: it ends before our place, it is read from its beginning", "topic", "%s", self->topic, "part", "%d", (int)partition, "place", "%lld", (long long)f->next,
			 "ends", "%lld", (long long)offset);
	self->moved = self->moved || f->next != next;
	f->next = next;
	return true;
}

static void on_error(journal *self, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	char clean[161];
	if (err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {   /* also behind messages that were aborted, and behind the marks of transactions */
		rd_kafka_topic_partition_t *at = rd_kafka_event_topic_partition(event);
		if (at && at->offset >= 0)
			move_to(self, at->partition, at->offset, at->offset);
		if (at)
			rd_kafka_topic_partition_destroy(at);
		return;
	}
	if (err != self->error)
		log_warn("journal: told by the library", "error", "%s", rd_kafka_err2name(err), "text", "%s", log_clean(clean, 160, mr_bytes_of(rd_kafka_event_error_string(event))));
	self->error = err;
}

static void follow_one(journal *self, const waiting *w)
{
	const rd_kafka_message_t *m = w->m;
	if (rd_kafka_event_type(w->event) == RD_KAFKA_EVENT_ERROR) {
		on_error(self, w->event);
	} else if (m && !m->err && move_to(self, m->partition, m->offset, m->offset + 1)) {
		read_entry(self, m);
		self->error = RD_KAFKA_RESP_ERR_NO_ERROR;
		crash_point("after-follow");
	}
}

/* ---- how much is fetched ahead ---- */

static void put_waiting(journal *self, rd_kafka_event_t *event)
{
	waiting *w = mem_alloc(sizeof *w);
	w->event = event;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH)
		w->m = rd_kafka_event_message_next(event);
	w->bytes = EVENT_BYTES + (w->m ? w->m->len + w->m->key_len : 0);
	if (w->m && !w->m->err && w->m->partition >= 0 && (size_t)w->m->partition < self->count)
		self->partitions[w->m->partition].fetched = w->m->offset + 1;
	*(self->last ? &self->last->next : &self->first) = w;
	self->last = w;
	self->ahead += w->bytes;
}

static waiting *take_waiting(journal *self)
{
	waiting *w = self->first;
	if (!w)
		return NULL;
	self->first = w->next;
	self->last = self->first ? self->last : NULL;
	self->ahead -= w->bytes;
	return w;
}

static void free_waiting(waiting *w)
{
	rd_kafka_event_destroy(w->event);
	free(w);
}

static rd_kafka_topic_partition_list_t *begun(const journal *self)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)self->count);
	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i].fetched >= 0)
			rd_kafka_topic_partition_list_add(list, self->topic, (int32_t)i)->offset = self->partitions[i].fetched;
	return list;
}

/* As in the intake: the library's own limits are a net only, since librdkafka before 2.2 sleeps a second whenever one of them is reached (librdkafka#2879), and following is
 * slower than fetching, so that with them most of the time was slept away: 15 s for a million entries. The seek to where the partition is anyway wakes the fetcher. */
static void regulate(journal *self)
{
	if (self->stopped ? self->ahead > AHEAD_BYTES / 4 : self->ahead < AHEAD_BYTES)
		return;
	rd_kafka_topic_partition_list_t *list = begun(self);
	self->stopped = !self->stopped;
	if (self->stopped) {
		rd_kafka_pause_partitions(self->consumer, list);
	} else {
		rd_kafka_resume_partitions(self->consumer, list);
		rd_kafka_error_t *e = rd_kafka_seek_partitions(self->consumer, list, 0);
		if (e)                   /* then it only sleeps its second */
			rd_kafka_error_destroy(e);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

/* ---- the loop ---- */

/* Takes what the library has, at once; then reads as much of it as there is time and room for. */
static void drain(journal *self)
{
	int64_t end = now_us() + FOLLOW_US;
	bool more = true;
	for (int i = 0; i < BUDGET && more && (!self->first || self->ahead < AHEAD_BYTES); i++) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(self->queue, 0);
		if (event)
			put_waiting(self, event);
		else
			more = false;
	}
	while (self->first && self->frames.len < WAITING_MAX && now_us() < end) {
		waiting *w = take_waiting(self);
		follow_one(self, w);
		free_waiting(w);
	}
	regulate(self);
	look_at_marks(self);
	if ((more && !self->stopped) || (self->first && self->frames.len < WAITING_MAX))
		event_active(self->more, EV_TIMEOUT, 0);
	if (self->news)
		self->hooks.moved(self->hooks.arg);
	self->news = false;
}

static void journal_on_wake(evutil_socket_t fd, short what, void *arg)
{
	eventfd_t n;
	(void)what;
	eventfd_read(fd, &n);
	drain(arg);
}

static void journal_on_answer(evutil_socket_t fd, short what, void *arg)
{
	journal *self = arg;
	journal_answer a;
	eventfd_t n;
	(void)what;
	eventfd_read(fd, &n);
	if (!journal_ask_get(self->asker, &a))
		return;
	on_answer(self, &a);
	journal_answer_free(&a);
	drain(self);
}

static void journal_on_timer(evutil_socket_t fd, short what, void *arg)
{
	journal *self = arg;
	(void)fd;
	(void)what;
	if (self->count && self->reached == self->asked && now_us() / 1000 - self->asked_ms >= ASK_EVERY_MS)
		ask(self);
	drain(self);
}

/* ---- into the log ---- */

size_t journal_waiting(const journal *self)
{
	return self->frames.len;
}

bool journal_take(journal *self, publish_followed *out)
{
	buf lines = {0};
	if (!self->moved && !self->frames.len)
		return false;
	assert(!self->in_hand && !out->frames.len);
	for (size_t i = 0; i < self->count; i++)
		buf_printf(&lines, "%s %zu %" PRId64 "\n", self->topic, i, self->partitions[i].next);
	out->frames = self->frames;
	self->frames = (buf){0};
	index_log_frame_positions(&out->frames, buf_bytes(&lines));
	buf_free(&lines);
	self->in_hand = self->number_count;
	self->moved = false;
	event_active(self->more, EV_TIMEOUT, 0);
	return true;
}

void journal_written(journal *self, uint32_t segment)
{
	for (size_t i = 0; i < self->in_hand; i++)
		self->hooks.written(self->hooks.arg, self->numbers[i], segment);
	self->number_count -= self->in_hand;
	if (self->number_count)
		memmove(self->numbers, self->numbers + self->in_hand, self->number_count * sizeof *self->numbers);
	self->in_hand = 0;
}

/* ---- life ---- */

static void open_events(journal *self, struct event_base *base)
{
	static const uint64_t one = 1;
	self->queue = rd_kafka_queue_get_consumer(self->consumer);
	rd_kafka_queue_io_event_enable(self->queue, self->wake_fd, &one, sizeof one);
	self->wake = event_new(base, self->wake_fd, EV_READ | EV_PERSIST, journal_on_wake, self);
	self->answer = event_new(base, self->answer_fd, EV_READ | EV_PERSIST, journal_on_answer, self);
	self->timer = event_new(base, -1, EV_PERSIST, journal_on_timer, self);
	self->more = event_new(base, -1, 0, journal_on_timer, self);
	event_add(self->wake, NULL);
	event_add(self->answer, NULL);
	event_add(self->timer, &(struct timeval){0, POLL_MS * 1000});
}

journal *journal_open(struct event_base *base, const struct settings *settings, journal_hooks hooks, buf *errors)
{
	journal *self = mem_alloc(sizeof *self);
	self->hooks = hooks;
	self->topic = settings_str(settings, "dedup.journal");
	self->instance = settings_str(settings, "daemon.instance");
	self->window_ms = settings_int(settings, "dedup.window_days") * DAY_MS;
	self->counts.lag = -1;
	journal_versions(settings, self->versions);
	self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->answer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (self->wake_fd < 0 || self->answer_fd < 0)
		buf_printf(errors, "journal: cannot make an eventfd: %s\n", strerror(errno));
	else if ((self->consumer = kafka_follower(settings, errors)))
		self->asker = journal_ask_new(settings, self->answer_fd, errors);
	if (self->asker)
		open_events(self, base);
	else
		journal_close(&self);
	return self;
}

void journal_start(journal *self, mr_bytes positions)
{
	buf_add(&self->start, positions.data, positions.len);
	journal_ask_start(self->asker);
	ask(self);
}

void journal_close(journal **self_p)
{
	journal *self = *self_p;
	if (!self)
		return;
	journal_ask_free(&self->asker);
	struct event *events[] = {self->wake, self->answer, self->timer, self->more};
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i])
			event_free(events[i]);
	for (waiting *w; (w = take_waiting(self));)
		free_waiting(w);
	if (self->queue) {
		rd_kafka_queue_io_event_enable(self->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(self->queue);
	}
	if (self->consumer)
		rd_kafka_destroy_flags(self->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (self->wake_fd >= 0)
		close(self->wake_fd);
	if (self->answer_fd >= 0)
		close(self->answer_fd);
	for (size_t i = 0; i < self->mark_count; i++)
		free(self->marks[i].ends);
	free(self->marks);
	free(self->partitions);
	free(self->numbers);
	buf_free(&self->frames);
	buf_free(&self->start);
	free(self);
	*self_p = NULL;
}

const char *journal_own_versions(const journal *self)
{
	return self->versions;
}

journal_counts journal_counts_get(const journal *self)
{
	journal_counts counts = self->counts;
	for (size_t i = 0; i < self->count; i++) {
		int64_t left = self->partitions[i].end - self->partitions[i].next;
		counts.lag = (counts.lag < 0 ? 0 : counts.lag) + (left > 0 ? left : 0);
	}
	counts.reached = self->count && self->reached == self->asked;
	return counts;
}
