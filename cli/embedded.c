/* embedded.c - see embedded.h. The cluster hangs on a client handle that is used for nothing else; RD_KAFKA_PRODUCER needs no group. */
#include "cli/embedded.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

struct embedded {
	rd_kafka_t *handle;
	rd_kafka_mock_cluster_t *cluster;
};

embedded *embedded_open(int brokers, char error[256])
{
	embedded *self = mem_alloc(sizeof *self);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "log_level", "4", NULL, 0);      /* the handle has no brokers of its own: no notice about that */
	self->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, 256);
	if (!self->handle) {
		rd_kafka_conf_destroy(conf);
		free(self);
		return NULL;
	}
	self->cluster = rd_kafka_mock_cluster_new(self->handle, brokers);
	if (!self->cluster) {
		snprintf(error, 256, "the cluster did not start");
		embedded_close(&self);
	}
	return self;
}

void embedded_close(embedded **self_p)
{
	embedded *self = *self_p;
	if (!self)
		return;
	if (self->cluster)
		rd_kafka_mock_cluster_destroy(self->cluster);
	rd_kafka_destroy(self->handle);
	free(self);
	*self_p = NULL;
}

int embedded_add_topic(embedded *self, const char *name, int partitions, char error[256])
{
	rd_kafka_resp_err_t err = rd_kafka_mock_topic_create(self->cluster, name, partitions, 1);
	if (err)
		snprintf(error, 256, "topic %.100s: %s", name, rd_kafka_err2str(err));
	return err ? -1 : 0;
}

const char *embedded_bootstrap(const embedded *self)
{
	return rd_kafka_mock_cluster_bootstraps(self->cluster);
}
