/* ends.c - see ends.h. */
#include "ends.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "daemon/thread.h"

#define EVERY_S 10
#define CALL_MS 1000             /* one call: also how long the end of the program may wait for it */

struct ends {
	rd_kafka_t *consumer;
	pthread_t thread;
	/* shared, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	rd_kafka_topic_partition_list_t *wanted, *told;  /* told: offset is the end; NULL: nothing new */
	bool soon, stopping;
};

/* Sleeps until it is time. What to ask for, the caller's; NULL: the end. */
static rd_kafka_topic_partition_list_t *next_question(ends *self)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EVERY_S;
	pthread_mutex_lock(&self->lock);
	for (int err = 0; !self->stopping && !self->soon && err != ETIMEDOUT;)
		err = pthread_cond_timedwait(&self->changed, &self->lock, &until);
	self->soon = false;
	rd_kafka_topic_partition_list_t *list = self->stopping ? NULL : rd_kafka_topic_partition_list_copy(self->wanted);
	pthread_mutex_unlock(&self->lock);
	return list;
}

static bool is_stopping(ends *self)
{
	pthread_mutex_lock(&self->lock);
	bool stopping = self->stopping;
	pthread_mutex_unlock(&self->lock);
	return stopping;
}

/* Fills in the ends; one that is not told ends the round, as the next ones would wait as long. */
static int ask(ends *self, rd_kafka_topic_partition_list_t *list)
{
	int64_t low;
	int count = 0;
	while (count < list->cnt && !is_stopping(self)) {
		rd_kafka_topic_partition_t *e = &list->elems[count];
		if (rd_kafka_query_watermark_offsets(self->consumer, e->topic, e->partition, &low, &e->offset, CALL_MS))
			break;
		count++;
	}
	return count;
}

static void *run(void *arg)
{
	ends *self = arg;
	for (rd_kafka_topic_partition_list_t *list; (list = next_question(self));) {
		for (int count = ask(self, list); list->cnt > count;)
			rd_kafka_topic_partition_list_del_by_idx(list, list->cnt - 1);
		pthread_mutex_lock(&self->lock);
		if (self->told)
			rd_kafka_topic_partition_list_destroy(self->told);
		self->told = list;
		pthread_mutex_unlock(&self->lock);
	}
	return NULL;
}

ends *ends_new(rd_kafka_t *consumer)
{
	ends *self = mem_alloc(sizeof *self);
	self->consumer = consumer;
	self->wanted = rd_kafka_topic_partition_list_new(0);
	pthread_mutex_init(&self->lock, NULL);
	thread_condition(&self->changed);
	thread_start(&self->thread, run, self, "ends");
	return self;
}

void ends_free(ends **self_p)
{
	ends *self = *self_p;
	if (!self)
		return;
	pthread_mutex_lock(&self->lock);
	self->stopping = true;
	pthread_cond_signal(&self->changed);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	rd_kafka_topic_partition_list_destroy(self->wanted);
	if (self->told)
		rd_kafka_topic_partition_list_destroy(self->told);
	pthread_mutex_destroy(&self->lock);
	pthread_cond_destroy(&self->changed);
	free(self);
	*self_p = NULL;
}

void ends_look(ends *self, ledger *partitions)
{
	rd_kafka_topic_partition_list_t *wanted = rd_kafka_topic_partition_list_new(16);
	bool unknown = false;
	pthread_mutex_lock(&self->lock);
	for (int i = 0; self->told && i < self->told->cnt; i++) {
		partition *p = ledger_find(partitions, self->told->elems[i].topic, self->told->elems[i].partition);
		if (p)
			p->end = self->told->elems[i].offset;
	}
	for (const partition *p = ledger_first(partitions); p; p = p->next) {
		rd_kafka_topic_partition_list_add(wanted, p->topic, p->number);
		unknown = unknown || p->end < 0;
	}
	rd_kafka_topic_partition_list_destroy(self->wanted);
	self->wanted = wanted;
	if (self->told)
		rd_kafka_topic_partition_list_destroy(self->told);
	self->told = NULL;
	self->soon = unknown;
	pthread_cond_signal(&self->changed);
	pthread_mutex_unlock(&self->lock);
}
