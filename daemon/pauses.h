/* pauses.h - what an operator has stopped from being read: everything, whole topics, single partitions.
 *
 * Names only, no partitions of Kafka: so it holds for what is assigned later, too. A wider pause swallows the narrower ones in it, and only a wide resume ends it: to go on
 * reading one partition of a topic that is paused as a whole, the topic is resumed. At most PAUSES_MAX entries. Pure; loop thread. */
#ifndef DAEMON_PAUSES_H
#define DAEMON_PAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAUSES_MAX 256                   /* beyond that somebody means whole topics */
#define PAUSES_ALL_PARTITIONS (-1)

enum pauses_result {
	PAUSES_CHANGED,
	PAUSES_SAME,                     /* it was so already */
	PAUSES_WIDER,                    /* not resumed: a wider pause (the topic, everything) covers it */
	PAUSES_FULL,
};

typedef struct pauses pauses;

pauses *pauses_new(void);
void pauses_free(pauses **self);
/* `topic` NULL: everything; `partition` PAUSES_ALL_PARTITIONS: the whole topic. The name is copied. */
enum pauses_result pauses_add(pauses *self, const char *topic, int32_t partition);
/* Everything: no pause is left. A topic: its single partitions, too. PAUSES_SAME: it was not paused. */
enum pauses_result pauses_remove(pauses *self, const char *topic, int32_t partition);
/* Is all of it paused? `topic` NULL: everything; PAUSES_ALL_PARTITIONS: the whole topic, whatever partitions it has. */
bool pauses_cover(const pauses *self, const char *topic, int32_t partition);
bool pauses_all(const pauses *self);             /* everything is paused */
bool pauses_any(const pauses *self);
/* The entries in the order in which they came; false behind the last. Everything is no entry. Borrowed until the next change. */
bool pauses_get(const pauses *self, size_t i, const char **topic, int32_t *partition);

#endif
