/* load_read.c - see load.h: partitions, and their messages. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/load.h"
#include "common/mem.h"
#include "daemon/kafka_conf.h"

#define ASK_MS 15000                     /* one question to a broker */

int load_reader_open(load_reader *self, const settings *conf, buf *errors)
{
	static const char *const fixed[][2] = {
		{"enable.auto.commit", "false"}, {"enable.auto.offset.store", "false"}, {"isolation.level", "read_committed"},
		{"auto.offset.reset", "error"},  /* what retention took is told */
		{"enable.partition.eof", "true"}, {"group.instance.id", NULL}, {"allow.auto.create.topics", "false"}, {"queued.max.messages.kbytes", "16384"},
		{"fetch.wait.max.ms", "100"},
	};
	char why[256], group[300];
	rd_kafka_conf_t *made = kafka_tool_conf(conf, "kafka.consumer", errors);
	if (!made)
		return -1;
	snprintf(group, sizeof group, "%.230s-load", settings_str(conf, "intake.group"));       /* the library wants one; it is never joined */
	rd_kafka_conf_set(made, "group.id", group, NULL, 0);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		rd_kafka_conf_set(made, fixed[i][0], fixed[i][1], NULL, 0);
	self->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, made, why, sizeof why);
	if (!self->consumer) {
		rd_kafka_conf_destroy(made);
		buf_printf(errors, "librdkafka: %s\n", why);
		return -1;
	}
	rd_kafka_poll_set_consumer(self->consumer);
	return 0;
}

void load_reader_close(load_reader *self)
{
	if (self->consumer) {
		rd_kafka_consumer_close(self->consumer);
		rd_kafka_destroy(self->consumer);
	}
	for (size_t i = 0; i < self->count; i++)
		free(self->partitions[i].topic);
	free(self->partitions);
	*self = (load_reader){0};
}

static load_partition *find(const load_reader *self, const char *topic, int32_t number)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i].number == number && strcmp(self->partitions[i].topic, topic) == 0)
			return &self->partitions[i];
	return NULL;
}

static void name_cluster(load_reader *self)
{
	char *id = self->cluster[0] ? NULL : rd_kafka_clusterid(self->consumer, ASK_MS);
	if (id)
		snprintf(self->cluster, sizeof self->cluster, "%s", id);
	if (id)
		rd_kafka_mem_free(self->consumer, id);
}

int load_reader_find(load_reader *self, const char *topic, enum load_kind kind, buf *errors)
{
	const struct rd_kafka_metadata *answer;
	rd_kafka_topic_t *asked = rd_kafka_topic_new(self->consumer, topic, NULL);
	rd_kafka_resp_err_t err = rd_kafka_metadata(self->consumer, 0, asked, &answer, ASK_MS);
	int found = 0;
	rd_kafka_topic_destroy(asked);
	if (err) {
		buf_printf(errors, "no broker tells of topic %s (kafka.bootstrap.servers): %s\n", topic, rd_kafka_err2str(err));
		return -1;
	}
	err = answer->topic_cnt == 1 ? answer->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	for (int i = 0; !err && i < answer->topics[0].partition_cnt; i++) {
		int32_t number = answer->topics[0].partitions[i].id;
		if (find(self, topic, number))
			continue;
		self->partitions = mem_grow(self->partitions, self->count + 1, sizeof *self->partitions);
		self->partitions[self->count++] = (load_partition){.topic = mem_string(topic), .kind = kind, .number = number, .saved = -1};
		found++;
	}
	rd_kafka_metadata_destroy(answer);
	if (err)
		buf_printf(errors, "topic %s: %s\n", topic, rd_kafka_err2str(err));
	name_cluster(self);
	return err ? -1 : found;
}

int load_reader_bounds(load_reader *self, const load_partition *p, int64_t *low, int64_t *end, buf *errors)
{
	rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(self->consumer, p->topic, p->number, low, end, ASK_MS);
	if (err)
		buf_printf(errors, "%s:%" PRId32 ": the broker does not tell where it begins and ends: %s\n", p->topic, p->number, rd_kafka_err2str(err));
	return err ? -1 : 0;
}

void load_reader_assign(load_reader *self)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)self->count + 1);
	for (size_t i = 0; i < self->count; i++)
		if (self->partitions[i].ours)
			rd_kafka_topic_partition_list_add(list, self->partitions[i].topic, self->partitions[i].number)->offset = self->partitions[i].next;
	rd_kafka_assign(self->consumer, list->cnt ? list : NULL);
	rd_kafka_topic_partition_list_destroy(list);
}

bool load_reader_passes(rd_kafka_resp_err_t error)
{
	switch (error) {
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:      /* a slow database; we are in no group that could miss us */
		return true;
	default:
		return false;
	}
}

rd_kafka_message_t *load_reader_next(load_reader *self, int wait_ms, size_t *at, rd_kafka_resp_err_t *error)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(self->consumer, wait_ms);
	load_partition *p = m && m->rkt ? find(self, rd_kafka_topic_name(m->rkt), m->partition) : NULL;
	*error = m ? m->err : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (m && p && p->ours && !m->err && m->offset >= p->next) {
		*at = (size_t)(p - self->partitions);
		p->position = m->offset + 1;
		return m;
	}
	if (m && p && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (p->ours && m->offset > p->position)
			p->position = m->offset;         /* behind control records */
		*error = RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	if (m)
		rd_kafka_message_destroy(m);
	return NULL;
}
