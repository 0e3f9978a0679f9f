/* embedded.h - the embedded broker: librdkafka's mock cluster inside this process, on threads of the library.
 *
 * For the demo and for quick tests. It keeps nothing on disk, forgets transactional offsets, shows aborted records, fences nobody and
 * keeps only 5 MiB a partition: use `publish.delivery = at-least-once` on it. What must be proved is proved on Apache Kafka. */
#ifndef CLI_EMBEDDED_H
#define CLI_EMBEDDED_H

#include "common/buf.h"

typedef struct embedded embedded;

/* NULL with a line in `error`. */
embedded *embedded_open(int brokers, char error[256]);
void embedded_close(embedded **self_p);
/* 0; -1 with a line in `error`. */
int embedded_add_topic(embedded *self, const char *name, int partitions, char error[256]) MR_MUST_USE;
const char *embedded_bootstrap(const embedded *self);        /* host:port,... ; borrowed */

#endif
