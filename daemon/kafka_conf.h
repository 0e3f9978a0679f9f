/* kafka_conf.h - librdkafka clients as Millrace wants them: our defaults, then the operator's pass-through properties, then what the promises need and
 * nobody may change. Stateless. Start of the program, or the transaction thread where said. */
#ifndef DAEMON_KAFKA_CONF_H
#define DAEMON_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>

#include "common/buf.h"

struct settings;

/* Consumer with the event API: rebalances, records and errors arrive as events on its consumer queue, its main queue forwarded there. NULL with lines in `errors`. */
rd_kafka_t *kafka_consumer(const struct settings *settings, buf *errors);
/* Consumer of the journal: all partitions by hand, committed messages and ends of partitions as events on its consumer queue; never joins the group, commits nothing. */
rd_kafka_t *kafka_follower(const struct settings *settings, buf *errors);
/* A handle for questions about topics, whose watermarks are the true ends: it sees what is not committed yet (librdkafka asks with the isolation level of the handle). */
rd_kafka_t *kafka_asker(const struct settings *settings, buf *errors);
typedef void (*kafka_delivery)(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);
rd_kafka_t *kafka_producer(const struct settings *settings, kafka_delivery on_delivery, void *opaque, buf *errors);
/* How long a transaction of that producer may stand open: transaction.timeout.ms as the operator set it, else below the session's timeout. */
int64_t kafka_transaction_ms(const struct settings *settings);
/* What the operator says in [kafka] and `section` on top of our common defaults, for the clients of the command line, which add the rest. NULL with lines in `errors`. */
rd_kafka_conf_t *kafka_tool_conf(const struct settings *settings, const char *section, buf *errors);
/* True when the consumer uses a cooperative assignor (answers must be incremental). */
bool kafka_is_cooperative(const struct settings *settings);
/* Asks the brokers for max.message.bytes of the topics (blocks up to 5 s; transaction thread). What cannot be asked keeps its value. */
void kafka_topic_limits(rd_kafka_t *rk, const struct settings *settings, size_t *record_bytes, size_t *dead_bytes, size_t *journal_bytes);
/* Asks for retention.ms (-1: for ever) and whether cleanup.policy holds `compact` (blocks up to 5 s). What cannot be asked keeps its value. */
void kafka_topic_retention(rd_kafka_t *rk, const char *topic, int64_t *retention_ms, bool *compact);
/* What librdkafka thinks of the properties that are passed through to it (names, types, ranges; not the values of secrets): a line each with file and
 * line in `errors`, their number is returned. Into `notes` goes what keeps the daemon from starting but is no mistake of the file: no brokers named,
 * a secret that this user cannot read. The start gives the same buffer for both, `millrace check` tells notes apart. */
int kafka_conf_check(const struct settings *settings, buf *errors, buf *notes);

#endif
