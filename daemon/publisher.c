/* publisher.c - see publisher.h. */
#include "publisher.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/crash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/routes.h"
#include "common/settings.h"
#include "daemon/kafka_conf.h"
#include "daemon/thread.h"

#define CALL_MS 5000             /* one try of a blocking call that may be repeated */
#define PAUSE_MS 200             /* between two tries */
#define KAFKA_RECORD_BYTES 1048588       /* broker default of max.message.bytes */

/* What was produced since the last flush to the topics of articles, to those of dead letters, or to the journal. */
typedef struct lane {
	size_t room;                     /* bytes that may be; 0: any number */
	size_t pending;
} lane;

enum job_kind { JOB_NONE, JOB_START, JOB_EPOCH, JOB_FOLLOWED };

struct publisher {
	rd_kafka_t *producer, *consumer;
	index_log *log;
	const struct settings *settings;
	const char *instance, *journal;  /* journal: "" for none */
	bool transactions;
	publisher_hooks hooks;
	pthread_t thread;
	bool started;
	int wake_fd;                     /* thread -> loop: an answer is there */
	struct event *wake;
	/* shared, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum job_kind job, answered;     /* next job for the thread; job whose answer waits for the loop */
	publish_batch *batch;
	publish_followed followed;       /* of JOB_FOLLOWED */
	publish_result result;
	publisher_ready ready;
	int64_t job_since_ms;            /* monotonic; 0: no job */
	bool stopping, finished;
	/* the thread's own */
	size_t unsent;                   /* messages without a delivery report */
	rd_kafka_resp_err_t delivery_error;
	void *refused;
	bool refused_several;
	lane lanes[3];                   /* [1]: dead letters, [2]: journal */
	bool knows_journal;
	bool in_trouble;                 /* trouble was told; tell its end */
	rd_kafka_topic_t **topics;       /* output topics, so that the producer knows them */
	size_t topic_count;
};

static int64_t mono_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static bool stopping(publisher *self)
{
	pthread_mutex_lock(&self->lock);
	bool yes = self->stopping;
	pthread_mutex_unlock(&self->lock);
	return yes;
}

/* Trouble outside is told once per change. */
static void tell_trouble(publisher *self, const char *what, const char *why)
{
	if (!self->in_trouble)
		log_warn("publisher: trouble, will try again", "step", "%s", what, "error", "%s", why);
	self->in_trouble = true;
}

static void tell_recovery(publisher *self)
{
	if (self->in_trouble)
		log_info("publisher: trouble is over", "instance", "%s", self->instance);
	self->in_trouble = false;
}

/* ---- delivery reports (served inside the thread's own calls) ---- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	publisher *self = opaque;
	(void)rk;
	self->unsent--;
	if (!m->err || m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		return;
	if (!self->delivery_error)
		self->delivery_error = m->err;
	if (m->err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && m->err != RD_KAFKA_RESP_ERR_INVALID_MSG && m->err != RD_KAFKA_RESP_ERR_INVALID_RECORD)
		return;
	if (self->refused && self->refused != m->_private)
		self->refused_several = true;
	self->refused = m->_private;
}

/* ---- an epoch ---- */

static rd_kafka_headers_t *headers_of(const publish_batch *b, const publish_message *m)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(m->field_count);
	for (size_t i = 0; i < m->field_count; i++) {
		const mr_field *f = &b->fields[m->first_field + i];
		rd_kafka_header_add(headers, f->name.data, (ssize_t)f->name.len, f->value.data, (ssize_t)f->value.len);
	}
	return headers;
}

static rd_kafka_resp_err_t produce_one(publisher *self, const publish_batch *b, const publish_message *m)
{
	rd_kafka_headers_t *headers = headers_of(b, m);
	rd_kafka_resp_err_t err;
	while ((err = rd_kafka_producev(self->producer, RD_KAFKA_V_TOPIC(m->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					RD_KAFKA_V_KEY(m->key.data, m->key.len), RD_KAFKA_V_VALUE((void *)(uintptr_t)m->value.data, m->value.len),
					RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(m->ticket), RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		rd_kafka_poll(self->producer, 50);
	if (err) {
		rd_kafka_headers_destroy(headers);
		if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
			self->refused = m->ticket;
	} else {
		self->unsent++;
	}
	return err;
}

/* Waits for what was produced. A produce request is refused as a whole: alone in it, a record that is refused is the right one. */
static rd_kafka_resp_err_t settle_one(publisher *self)
{
	while (self->unsent && !stopping(self))
		rd_kafka_flush(self->producer, CALL_MS);
	return self->refused ? self->delivery_error : RD_KAFKA_RESP_ERR_NO_ERROR;
}

static size_t size_of(const publish_batch *b, const publish_message *m)
{
	size_t bytes = m->key.len + m->value.len + 100;
	for (size_t i = 0; i < m->field_count; i++)
		bytes += b->fields[m->first_field + i].name.len + b->fields[m->first_field + i].value.len + 10;
	return bytes;
}

static void clear_lanes(publisher *self)
{
	for (size_t i = 0; i < sizeof self->lanes / sizeof *self->lanes; i++)
		self->lanes[i].pending = 0;
}

/* The library fills batches up to batch.size, whatever the topic takes, and the broker refuses a batch that is too large as a whole, though each of its records may be
 * small. Where the topic takes less, what is out is waited for before the next message would make it too much. */
static rd_kafka_resp_err_t make_room(publisher *self, const publish_batch *b, const publish_message *m)
{
	lane *l = &self->lanes[m->kind == PUBLISH_DEAD ? 1 : m->kind == PUBLISH_JOURNAL ? 2 : 0];
	size_t bytes = size_of(b, m);
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (l->room && l->pending && l->pending + bytes > l->room) {
		err = settle_one(self);
		clear_lanes(self);
	}
	l->pending += bytes;
	return err;
}

static rd_kafka_resp_err_t produce_all(publisher *self, const publish_batch *b)
{
	self->delivery_error = RD_KAFKA_RESP_ERR_NO_ERROR;
	self->refused = NULL;
	self->refused_several = false;
	clear_lanes(self);
	for (size_t i = 0; i < b->message_count; i++) {
		rd_kafka_resp_err_t err = make_room(self, b, &b->messages[i]);
		if (!err)
			err = produce_one(self, b, &b->messages[i]);
		if (!err && b->careful)
			err = settle_one(self);
		if (err)
			return err;
		if (i % 64 == 63)
			rd_kafka_poll(self->producer, 0);
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_topic_partition_list_t *offsets_of(publisher *self, const publish_batch *b)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)b->offset_count);
	char proof[INDEX_LOG_PROOF] = "";
	if (self->log)
		index_log_proof(self->log, self->instance, b->epoch, proof);
	for (size_t i = 0; i < b->offset_count; i++) {
		rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(list, b->offsets[i].topic, b->offsets[i].partition);
		p->offset = b->offsets[i].next;
		p->metadata = mem_string(proof);
		p->metadata_size = strlen(proof);
	}
	return list;
}

/* Writes what was followed, then the epoch (NULL: none), and syncs both; a full disk is waited for. False: stopped meanwhile, or the disk fails. */
static bool write_log(publisher *self, const publish_followed *followed, const publish_batch *b, publish_result *result)
{
	bool rest = followed->frames.len > 0, epoch = b != NULL;
	for (;;) {
		if (rest && (result->followed_segment = index_log_append_followed(self->log, buf_bytes(&followed->frames))))
			rest = false;
		if (!rest && epoch && (result->segment = index_log_append(self->log, b->epoch, buf_bytes(&b->log_offsets), buf_bytes(&b->log_entries))))
			epoch = false;
		if (!rest && !epoch) {
			crash_point(b ? "after-log" : "after-followed");
			if (index_log_sync(self->log) == 0)
				break;
		}
		int cause = errno;
		tell_trouble(self, "write the index log", strerror(cause));
		/* only a lack of room is waited for, here: a disk that fails otherwise will not get better */
		if (stopping(self) || (!rest && !epoch && cause != ENOSPC && cause != EDQUOT && cause != EINTR))
			return false;
		pause_ms(PAUSE_MS);
	}
	tell_recovery(self);
	if (b)
		crash_point("after-sync");
	return true;
}

static bool is_group_error(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
	       err == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS || err == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND;
}

static void explain(publish_result *result, enum publish_outcome outcome, const char *step, const char *why)
{
	char clean[121];
	result->outcome = outcome;
	snprintf(result->why, sizeof result->why, "%s: %s", step, log_clean(clean, 120, mr_bytes_of(why)));
}

/* Ends the open transaction; only a fatal error makes that impossible. */
static bool abort_transaction(publisher *self, publish_result *result)
{
	rd_kafka_error_t *e;
	while ((e = rd_kafka_abort_transaction(self->producer, -1))) {
		bool again = rd_kafka_error_is_retriable(e) && !rd_kafka_error_is_fatal(e);
		if (!again || stopping(self)) {
			explain(result, PUBLISH_FATAL, "abort the transaction", rd_kafka_error_string(e));
			rd_kafka_error_destroy(e);
			return false;
		}
		tell_trouble(self, "abort the transaction", rd_kafka_error_string(e));
		rd_kafka_error_destroy(e);
		pause_ms(PAUSE_MS);
	}
	return true;
}

/* What an error of a transaction call leads to. True: call again. Frees `e`. */
static bool handle_error(publisher *self, rd_kafka_error_t *e, const char *step, publish_result *result)
{
	rd_kafka_resp_err_t code = rd_kafka_error_code(e);
	bool again = false;
	if (rd_kafka_error_txn_requires_abort(e)) {
		rd_kafka_resp_err_t cause = self->delivery_error ? self->delivery_error : code;
		explain(result, is_group_error(code) ? PUBLISH_REWIND : PUBLISH_KEPT, step,
			self->delivery_error ? rd_kafka_err2str(cause) : rd_kafka_error_string(e));
		abort_transaction(self, result);
		if (result->outcome == PUBLISH_KEPT && self->refused && !self->refused_several)
			result->refused = self->refused;
	} else if (rd_kafka_error_is_retriable(e) && !rd_kafka_error_is_fatal(e)) {
		tell_trouble(self, step, rd_kafka_error_string(e));
		pause_ms(PAUSE_MS);
		again = !stopping(self);
		if (!again)
			explain(result, PUBLISH_FATAL, step, "stopped while waiting for the broker");
	} else {
		explain(result, PUBLISH_FATAL, step, rd_kafka_error_string(e));
	}
	rd_kafka_error_destroy(e);
	return again;
}

/* begin -> produce -> offsets -> commit. The result says how it ended. */
static void transact(publisher *self, const publish_batch *b, publish_result *result)
{
	rd_kafka_topic_partition_list_t *offsets = offsets_of(self, b);
	rd_kafka_error_t *e;
	rd_kafka_resp_err_t err;
	while ((e = rd_kafka_begin_transaction(self->producer)))
		if (!handle_error(self, e, "begin a transaction", result))
			goto out;
	crash_point("after-begin");
	if ((err = produce_all(self, b))) {
		explain(result, PUBLISH_KEPT, "produce", rd_kafka_err2str(err));
		if (abort_transaction(self, result))
			result->refused = self->refused;
		goto out;
	}
	crash_point("after-produce");
	for (;;) {
		rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(self->consumer);
		e = rd_kafka_send_offsets_to_transaction(self->producer, offsets, group, -1);
		rd_kafka_consumer_group_metadata_destroy(group);
		if (!e)
			break;
		if (!handle_error(self, e, "send offsets to the transaction", result))
			goto out;
	}
	crash_point("after-offsets");
	while ((e = rd_kafka_commit_transaction(self->producer, -1)))
		if (!handle_error(self, e, "commit the transaction", result))
			goto out;
	crash_point("after-commit");
	result->outcome = PUBLISH_COMMITTED;
out:
	rd_kafka_topic_partition_list_destroy(offsets);
}

/* produce -> flush -> commit the offsets. */
static void flush_and_commit(publisher *self, const publish_batch *b, publish_result *result)
{
	rd_kafka_topic_partition_list_t *offsets = offsets_of(self, b);
	rd_kafka_resp_err_t err = produce_all(self, b);
	while (self->unsent && !err) {
		err = rd_kafka_flush(self->producer, CALL_MS);
		if (err == RD_KAFKA_RESP_ERR__TIMED_OUT) {
			tell_trouble(self, "flush", rd_kafka_err2str(err));
			err = stopping(self) ? err : RD_KAFKA_RESP_ERR_NO_ERROR;
		}
	}
	crash_point("after-produce");
	if (!err)
		err = self->delivery_error;
	if (err) {
		explain(result, rd_kafka_fatal_error(self->producer, NULL, 0) ? PUBLISH_FATAL : PUBLISH_KEPT, "produce", rd_kafka_err2str(err));
		rd_kafka_purge(self->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_flush(self->producer, CALL_MS);
		if (!self->refused_several)
			result->refused = self->refused;
		goto out;
	}
	while ((err = rd_kafka_commit(self->consumer, offsets, 0))) {
		if (is_group_error(err) || stopping(self)) {
			explain(result, is_group_error(err) ? PUBLISH_REWIND : PUBLISH_FATAL, "commit offsets", rd_kafka_err2str(err));
			goto out;
		}
		tell_trouble(self, "commit offsets", rd_kafka_err2str(err));
		pause_ms(PAUSE_MS);
	}
	crash_point("after-commit");
	result->outcome = PUBLISH_COMMITTED;
out:
	rd_kafka_topic_partition_list_destroy(offsets);
}

/* What the broker says of the topic; no error when nobody answers. */
static rd_kafka_resp_err_t know_topic(publisher *self, const char *name)
{
	const struct rd_kafka_metadata *about;
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(self->producer, name, NULL);
	if (!topic)
		return err;
	self->topics = mem_grow(self->topics, self->topic_count + 1, sizeof *self->topics);
	self->topics[self->topic_count++] = topic;
	if (rd_kafka_metadata(self->producer, 0, topic, &about, CALL_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err;
	if (about->topic_cnt == 1)
		err = about->topics[0].err;
	rd_kafka_metadata_destroy(about);
	return err;
}

/* A topic that is not there is told at the start and not by the first record for it, which may come at night (a rare label, a dead letter). A broker that makes topics by itself
 * does so because it is asked, and says so a little later. */
static void want_topic(publisher *self, const char *name)
{
	enum { TRIES = 4 };
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	for (int i = 0; i < TRIES && err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && !stopping(self); i++) {
		if (i)
			pause_ms(PAUSE_MS);
		err = know_topic(self, name);
	}
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		log_warn("output topic cannot be written to", "topic", "%s", name, "error", "%s", rd_kafka_err2str(err));
}

static void run_epoch(publisher *self, publish_batch *b, publish_result *result)
{
	int64_t from = mono_us();
	*result = (publish_result){.outcome = PUBLISH_FATAL, .epoch = b->epoch};
	crash_point("after-form");
	if (self->log) {
		index_log_remove_before(self->log, b->keep_segment);
		if (!write_log(self, &b->followed, b, result)) {
			explain(result, PUBLISH_FATAL, "write the index log", "the disk fails, or we were stopped while it was full");
			return;
		}
	}
	if (self->journal[0] && !self->knows_journal) {
		know_topic(self, self->journal);
		self->knows_journal = true;
	}
	int64_t begun = mono_us();
	result->sync_us = begun - from;
	if (self->transactions)
		transact(self, b, result);
	else
		flush_and_commit(self, b, result);
	result->commit_us = mono_us() - begun;
	result->refusal = result->outcome == PUBLISH_KEPT && self->refused;
	result->fenced = result->outcome == PUBLISH_FATAL && rd_kafka_fatal_error(self->producer, NULL, 0) == RD_KAFKA_RESP_ERR__FENCED;
	if (result->outcome == PUBLISH_COMMITTED) {
		tell_recovery(self);
		if (self->log && index_log_mark(self->log, b->epoch))
			log_warn("index log: mark not written, it goes with the next epoch", "error", "%s", strerror(errno));
		crash_point("after-mark");
	}
	result->log_bytes = self->log ? index_log_bytes(self->log) : 0;
}

/* Nothing is published for a while, but others are: what they told goes into the log. */
static void run_followed(publisher *self, const publish_followed *followed, publish_result *result)
{
	*result = (publish_result){.outcome = PUBLISH_FATAL};
	index_log_remove_before(self->log, followed->keep_segment);
	if (write_log(self, followed, NULL, result))
		result->outcome = PUBLISH_COMMITTED;
	else
		explain(result, PUBLISH_FATAL, "write the index log", "the disk fails, or we were stopped while it was full");
	result->log_bytes = index_log_bytes(self->log);
}

/* ---- start ---- */

static bool init_transactions(publisher *self, publisher_ready *ready)
{
	rd_kafka_error_t *e;
	while ((e = rd_kafka_init_transactions(self->producer, CALL_MS))) {
		bool again = rd_kafka_error_is_retriable(e) && !rd_kafka_error_is_fatal(e);
		if (!again || stopping(self)) {
			snprintf(ready->why, sizeof ready->why, "init_transactions: %s", rd_kafka_error_string(e));
			rd_kafka_error_destroy(e);
			return false;
		}
		tell_trouble(self, "register the transactional producer", rd_kafka_error_string(e));
		rd_kafka_error_destroy(e);
		pause_ms(PAUSE_MS);
	}
	return true;
}

/* Partitions named in the head of the epoch in doubt. */
static rd_kafka_topic_partition_list_t *tail_partitions(publisher *self, uint64_t *epoch)
{
	buf lines = {0};
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
	*epoch = index_log_tail(self->log, &lines);
	buf_reserve(&lines, 0);
	for (char *at = lines.data, *end; at && *at; at = end + 1) {
		char topic[256];
		int32_t partition;
		int64_t next;
		if (!(end = strchr(at, '\n')))
			break;
		if (sscanf(at, "%255s %" SCNd32 " %" SCNd64, topic, &partition, &next) == 3)
			rd_kafka_topic_partition_list_add(list, topic, partition);
	}
	buf_free(&lines);
	return list;
}

/* One fetch of committed offsets. A partition with a pending transactional offset has no answer yet (the library gives up asking after a while and
 * reports that per partition only): that is no proof either way. */
static rd_kafka_resp_err_t fetch_committed(publisher *self, rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
	rd_kafka_resp_err_t err = rd_kafka_committed(self->consumer, list, CALL_MS);
	for (int i = 0; i < list->cnt && !err; i++)
		if (list->elems[i].err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT)
			err = list->elems[i].err;
	return err;
}

/* Was the transaction of the epoch in doubt committed? Yes when the committed offset of one of its partitions bears its proof. The fetch waits for pending
 * transactional offsets (isolation.level = read_committed), and init_transactions came first: nothing can be under way. */
static bool tail_was_committed(publisher *self)
{
	uint64_t epoch;
	char proof[INDEX_LOG_PROOF];
	bool yes = false;
	rd_kafka_topic_partition_list_t *list = tail_partitions(self, &epoch);
	rd_kafka_resp_err_t err;
	while (epoch && list->cnt && (err = fetch_committed(self, list)) && !stopping(self)) {
		tell_trouble(self, "ask for committed offsets", rd_kafka_err2str(err));
		pause_ms(PAUSE_MS);
	}
	index_log_proof(self->log, self->instance, epoch, proof);
	for (int i = 0; epoch && i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &list->elems[i];
		if (p->metadata && p->metadata_size == strlen(proof) && memcmp(p->metadata, proof, p->metadata_size) == 0)
			yes = true;
	}
	if (epoch)
		log_info("index log: the last epoch was in doubt", "epoch", "%llu", (unsigned long long)epoch, "committed", "%s", yes ? "yes" : "no");
	rd_kafka_topic_partition_list_destroy(list);
	return yes;
}

/* The first record to a topic that the producer does not know waits for up to a second inside librdkafka 2.0: the first records of a start took 2.0 s without
 * this, 0.2 s with it (millrace demo). So the topics are asked for before the start is told, and the handles keep them known. */
static void know_topics(publisher *self)
{
	const char *const *inputs, *const *outputs;
	size_t count = settings_list(self->settings, "intake.topics", &inputs);
	routes *routed = routes_new(self->settings);
	size_t output_count = routes_topics(routed, &outputs);
	char name[256];
	for (size_t i = 0; i < output_count && !stopping(self); i++)
		want_topic(self, outputs[i]);
	routes_free(&routed);
	want_topic(self, settings_str(self->settings, "publish.duplicates_topic"));
	if (settings_alerts_topic(self->settings)[0])
		want_topic(self, settings_alerts_topic(self->settings));
	for (size_t i = 0; i < count && !stopping(self); i++) {
		snprintf(name, sizeof name, "%s%s", settings_str(self->settings, "publish.dead_prefix"), inputs[i]);
		if (inputs[i][0] != '^')
			want_topic(self, name);
	}
}

static void set_room(publisher *self, const publisher_ready *ready)
{
	char text[24];
	size_t size = sizeof text;
	size_t batch = rd_kafka_conf_get(rd_kafka_conf(self->producer), "batch.size", text, &size) == RD_KAFKA_CONF_OK ? (size_t)strtoull(text, NULL, 10) : SIZE_MAX;
	self->lanes[0].room = ready->max_record_bytes < batch ? ready->max_record_bytes : 0;
	self->lanes[1].room = ready->max_dead_bytes < batch ? ready->max_dead_bytes : 0;
	self->lanes[2].room = ready->max_journal_bytes < batch ? ready->max_journal_bytes : 0;
}

static void run_start(publisher *self)
{
	publisher_ready ready = {.max_record_bytes = KAFKA_RECORD_BYTES, .max_dead_bytes = KAFKA_RECORD_BYTES, .max_journal_bytes = KAFKA_RECORD_BYTES};
	ready.patience_us = self->transactions ? kafka_transaction_ms(self->settings) * 1000 : 0;
	ready.fatal = self->transactions && !init_transactions(self, &ready);
	if (!ready.fatal) {
		if (self->log)
			ready.tail_committed = tail_was_committed(self);
		know_topics(self);
		kafka_topic_limits(self->producer, self->settings, &ready.max_record_bytes, &ready.max_dead_bytes, &ready.max_journal_bytes);
		set_room(self, &ready);
		tell_recovery(self);
	}
	if (stopping(self))
		ready.fatal = true;
	pthread_mutex_lock(&self->lock);
	self->ready = ready;
	pthread_mutex_unlock(&self->lock);
}

/* ---- the thread and its mailbox ---- */

static void answer(publisher *self, enum job_kind kind)
{
	pthread_mutex_lock(&self->lock);
	self->answered = kind;
	self->job_since_ms = 0;
	pthread_mutex_unlock(&self->lock);
	if (eventfd_write(self->wake_fd, 1))
		log_error("publisher: cannot wake the loop", "error", "%s", strerror(errno));
}

static void *run(void *arg)
{
	publisher *self = arg;
	for (;;) {
		pthread_mutex_lock(&self->lock);
		while (self->job == JOB_NONE && !self->stopping)
			pthread_cond_wait(&self->changed, &self->lock);
		enum job_kind job = self->job;
		publish_batch *batch = self->batch;
		publish_followed followed = self->followed;
		self->job = JOB_NONE;
		self->batch = NULL;
		self->followed = (publish_followed){0};
		pthread_mutex_unlock(&self->lock);
		if (job == JOB_NONE)             /* stopping, and nothing left to do */
			break;
		if (job == JOB_START) {
			run_start(self);
		} else {
			publish_result result;
			if (job == JOB_EPOCH)
				run_epoch(self, batch, &result);
			else
				run_followed(self, &followed, &result);
			publish_batch_free(&batch);
			buf_free(&followed.frames);
			pthread_mutex_lock(&self->lock);
			self->result = result;
			pthread_mutex_unlock(&self->lock);
		}
		answer(self, job);
	}
	pthread_mutex_lock(&self->lock);
	self->finished = true;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
	return NULL;
}

static void publisher_on_wake(evutil_socket_t fd, short what, void *arg)
{
	publisher *self = arg;
	eventfd_t n;
	(void)what;
	eventfd_read(fd, &n);
	pthread_mutex_lock(&self->lock);
	enum job_kind kind = self->answered;
	publish_result result = self->result;
	publisher_ready ready = self->ready;
	self->answered = JOB_NONE;
	pthread_mutex_unlock(&self->lock);
	if (kind == JOB_START)
		self->hooks.ready(self->hooks.arg, &ready);
	else if (kind == JOB_EPOCH)
		self->hooks.done(self->hooks.arg, &result);
	else if (kind == JOB_FOLLOWED)
		self->hooks.followed(self->hooks.arg, &result);
}

static void give(publisher *self, enum job_kind job, publish_batch *batch, publish_followed followed)
{
	pthread_mutex_lock(&self->lock);
	self->job = job;
	self->batch = batch;
	self->followed = followed;
	self->job_since_ms = mono_us() / 1000;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
}

publisher *publisher_new(struct event_base *base, const struct settings *settings, rd_kafka_t *consumer, index_log *log, publisher_hooks hooks, buf *errors)
{
	publisher *self = mem_alloc(sizeof *self);
	self->settings = settings;
	self->consumer = consumer;
	self->log = log;
	self->hooks = hooks;
	self->instance = settings_str(settings, "daemon.instance");
	self->journal = settings_str(settings, "dedup.journal");
	self->transactions = strcmp(settings_str(settings, "publish.delivery"), "exactly-once") == 0;
	self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (self->wake_fd < 0)
		buf_printf(errors, "publisher: cannot make an eventfd: %s\n", strerror(errno));
	self->producer = self->wake_fd < 0 ? NULL : kafka_producer(settings, on_delivery, self, errors);
	if (!self->producer) {
		if (self->wake_fd >= 0)
			close(self->wake_fd);
		free(self);
		return NULL;
	}
	pthread_mutex_init(&self->lock, NULL);
	thread_condition(&self->changed);
	self->wake = event_new(base, self->wake_fd, EV_READ | EV_PERSIST, publisher_on_wake, self);
	event_add(self->wake, NULL);
	return self;
}

void publisher_start(publisher *self)
{
	thread_start(&self->thread, run, self, "publisher");
	self->started = true;
	give(self, JOB_START, NULL, (publish_followed){0});
}

void publisher_submit(publisher *self, publish_batch *batch)
{
	give(self, JOB_EPOCH, batch, (publish_followed){0});
}

void publisher_followed(publisher *self, publish_followed *followed)
{
	give(self, JOB_FOLLOWED, NULL, *followed);
	*followed = (publish_followed){0};
}

bool publisher_is_stuck(const publisher *self, int64_t now_ms, int64_t than_ms)
{
	publisher *shared = (publisher *)(uintptr_t)self;        /* the lock is no part of what the caller sees */
	pthread_mutex_lock(&shared->lock);
	bool stuck = self->job_since_ms && now_ms - self->job_since_ms > than_ms;
	pthread_mutex_unlock(&shared->lock);
	return stuck;
}

static bool wait_finished(publisher *self, int wait_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&self->lock);
	self->stopping = true;
	pthread_cond_broadcast(&self->changed);
	for (int err = 0; !self->finished && err != ETIMEDOUT;)
		err = pthread_cond_timedwait(&self->changed, &self->lock, &until);
	bool finished = self->finished;
	pthread_mutex_unlock(&self->lock);
	return finished;
}

bool publisher_stop(publisher **self_p, int wait_ms)
{
	publisher *self = *self_p;
	if (!self)
		return true;
	if (self->started) {
		if (!wait_finished(self, wait_ms))
			return false;
		pthread_join(self->thread, NULL);
	}
	event_free(self->wake);
	close(self->wake_fd);
	for (size_t i = 0; i < self->topic_count; i++)
		rd_kafka_topic_destroy(self->topics[i]);
	free(self->topics);
	rd_kafka_destroy(self->producer);
	index_log_close(&self->log);
	buf_free(&self->followed.frames);
	pthread_mutex_destroy(&self->lock);
	pthread_cond_destroy(&self->changed);
	free(self);
	*self_p = NULL;
	return true;
}
