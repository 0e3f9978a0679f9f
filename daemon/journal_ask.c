/* journal_ask.c - see journal_ask.h. */
#include "journal_ask.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "daemon/kafka_conf.h"
#include "daemon/thread.h"

#define CALL_MS 1000             /* one call: also how long the end of the program may wait for it */
#define PAUSE_MS 500             /* between two tries */
#define MISSING_TRIES 4          /* a topic just made is not known to every broker at once */
#define PARTITIONS_MAX 10000

struct journal_ask {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	const struct settings *settings;
	const char *name;
	int wake_fd;
	pthread_t thread;
	bool started;
	/* shared, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t put, answered;          /* questions */
	journal_answer answer;
	bool fresh;                      /* `answer` was not taken yet */
	bool stopping;
	/* the thread's own */
	bool in_trouble, settings_told;
	int missing;                     /* tries in a row that found no topic */
};

static void tell_trouble(journal_ask *self, const char *what, rd_kafka_resp_err_t err)
{
	if (!self->in_trouble)
		log_warn("journal: trouble, will try again", "step", "%s", what, "topic", "%s", self->name, "error", "%s", rd_kafka_err2str(err));
	self->in_trouble = true;
}

void journal_answer_free(journal_answer *self)
{
	free(self->low);
	free(self->high);
	*self = (journal_answer){0};
}

/* How many partitions; -1: cannot be told now, 0: there is no such topic. */
static int ask_count(journal_ask *self)
{
	const struct rd_kafka_metadata *about;
	rd_kafka_resp_err_t err = rd_kafka_metadata(self->rk, 0, self->topic, &about, CALL_MS);
	int count = -1;
	if (!err) {
		err = about->topic_cnt == 1 ? about->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
		count = err ? -1 : about->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(about);
	}
	bool unknown = err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	self->missing = unknown ? self->missing + 1 : 0;
	if (unknown && self->missing >= MISSING_TRIES && !self->answered)
		return 0;
	if (count < 1 || count > PARTITIONS_MAX) {
		tell_trouble(self, "ask for the topic", err);
		return -1;
	}
	return count;
}

static bool is_stopping(journal_ask *self)
{
	pthread_mutex_lock(&self->lock);
	bool stopping = self->stopping;
	pthread_mutex_unlock(&self->lock);
	return stopping;
}

/* True: `out` holds an answer. */
static bool ask(journal_ask *self, journal_answer *out)
{
	int count = ask_count(self);
	if (count < 0)
		return false;
	*out = (journal_answer){.missing = count == 0, .count = (size_t)count, .low = mem_array((size_t)count + 1, sizeof *out->low),
				.high = mem_array((size_t)count + 1, sizeof *out->high)};
	for (int i = 0; i < count; i++) {
		rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(self->rk, self->name, i, &out->low[i], &out->high[i], CALL_MS);
		if (err || is_stopping(self)) {
			if (err)
				tell_trouble(self, "ask for its ends", err);
			journal_answer_free(out);
			return false;
		}
	}
	if (!self->settings_told && count)
		kafka_topic_retention(self->rk, self->name, &out->retention_ms, &out->compact);
	self->settings_told = true;
	return true;
}

static void put_answer(journal_ask *self, journal_answer *answer, uint64_t question)
{
	if (self->in_trouble)
		log_info("journal: trouble is over", "topic", "%s", self->name);
	self->in_trouble = false;
	pthread_mutex_lock(&self->lock);
	if (self->fresh)
		journal_answer_free(&self->answer);
	self->answer = *answer;
	self->answer.question = self->answered = question;
	self->fresh = true;
	pthread_mutex_unlock(&self->lock);
	if (eventfd_write(self->wake_fd, 1))
		log_error("journal: cannot wake the loop", "error", "%s", strerror(errno));
}

/* Sleeps until there is a question (or, after a failed try, for a while). The question's number; 0: the end. */
static uint64_t next_question(journal_ask *self, bool pause)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PAUSE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&self->lock);
	for (int err = 0; pause && !self->stopping && err != ETIMEDOUT;)
		err = pthread_cond_timedwait(&self->changed, &self->lock, &until);
	while (!self->stopping && self->put == self->answered)
		pthread_cond_wait(&self->changed, &self->lock);
	uint64_t question = self->stopping ? 0 : self->put;
	pthread_mutex_unlock(&self->lock);
	return question;
}

static void *run(void *arg)
{
	journal_ask *self = arg;
	bool failed = false;
	for (uint64_t question; (question = next_question(self, failed));) {
		journal_answer answer;
		rd_kafka_poll(self->rk, 0);      /* nothing is delivered to this handle but what it has to say of itself */
		failed = !ask(self, &answer);
		if (!failed)
			put_answer(self, &answer, question);
	}
	return NULL;
}

journal_ask *journal_ask_new(const struct settings *settings, int wake_fd, buf *errors)
{
	rd_kafka_t *rk = kafka_asker(settings, errors);
	if (!rk)
		return NULL;
	journal_ask *self = mem_alloc(sizeof *self);
	self->rk = rk;
	self->settings = settings;
	self->name = settings_str(settings, "dedup.journal");
	self->topic = rd_kafka_topic_new(rk, self->name, NULL);
	self->wake_fd = wake_fd;
	pthread_mutex_init(&self->lock, NULL);
	thread_condition(&self->changed);
	return self;
}

void journal_ask_start(journal_ask *self)
{
	thread_start(&self->thread, run, self, "journal");
	self->started = true;
}

uint64_t journal_ask_put(journal_ask *self)
{
	pthread_mutex_lock(&self->lock);
	uint64_t question = ++self->put;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
	return question;
}

bool journal_ask_get(journal_ask *self, journal_answer *out)
{
	pthread_mutex_lock(&self->lock);
	bool fresh = self->fresh;
	if (fresh) {
		*out = self->answer;
		self->answer = (journal_answer){0};
		self->fresh = false;
	}
	pthread_mutex_unlock(&self->lock);
	return fresh;
}

void journal_ask_free(journal_ask **self_p)
{
	journal_ask *self = *self_p;
	if (!self)
		return;
	pthread_mutex_lock(&self->lock);
	self->stopping = true;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
	if (self->started)
		pthread_join(self->thread, NULL);
	journal_answer_free(&self->answer);
	rd_kafka_topic_destroy(self->topic);
	rd_kafka_destroy_flags(self->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	pthread_mutex_destroy(&self->lock);
	pthread_cond_destroy(&self->changed);
	free(self);
	*self_p = NULL;
}
