/* backlog.h - records that were fetched and wait to be taken, in the order in which they came.
 *
 * Owned by the intake. A record stands in one backlog at most; whoever takes it off owns it and ends it with fetched_free. Loop thread. */
#ifndef DAEMON_BACKLOG_H
#define DAEMON_BACKLOG_H

#include <librdkafka/rdkafka.h>

#include "daemon/item.h"

typedef struct fetched fetched;
struct fetched {
	rd_kafka_event_t *event;         /* owns the message */
	const rd_kafka_message_t *m;     /* an event gives its message only once, so both are kept */
	partition *partition;            /* the intake drops what waits for a partition before that goes */
	mr_field *headers;               /* the first HEADERS_MAX; NULL: none */
	size_t header_count, header_bytes;       /* of these; memory of all of them */
	fetched *next;
};

typedef struct backlog {
	fetched *first, *last;
	size_t bytes;                    /* keys, values, headers, and what librdkafka keeps for each */
} backlog;

fetched *fetched_new(rd_kafka_event_t *event, const rd_kafka_message_t *m, partition *p);
void fetched_free(fetched *self);

void backlog_add(backlog *self, fetched *record);
fetched *backlog_take(backlog *self);                    /* the first one; NULL: empty */
void backlog_drop(backlog *self, const partition *p);    /* everything of this partition; NULL: of all */

#endif
