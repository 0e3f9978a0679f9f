/* demo_feed.h - the demo feed (conf/demo/feed.jsonl) in memory, what came of each of its records, and whether that is what was expected.
 *
 * Owns everything it hands out. Single thread. The feed goes to one partition, so a record's number is its offset. */
#ifndef CLI_DEMO_FEED_H
#define CLI_DEMO_FEED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define DEMO_HEADERS_MAX 16

enum demo_outcome { DEMO_NONE, DEMO_PUBLISHED, DEMO_DUPLICATE, DEMO_DEAD };

typedef struct demo_record {
	json_t *line;                    /* the line of feed.jsonl */
	buf value;                       /* bytes to send; null_value: none */
	bool null_value;
	const char *key;                 /* borrowed from line; NULL: none */
	enum demo_outcome outcome;
	json_t *articles;                /* array: articles or short duplicate records that came out */
	char code[32], message[256];     /* of a dead letter */
} demo_record;

typedef struct demo_feed {
	demo_record *records;
	size_t count;
} demo_feed;

/* Reads FOLDER/feed.jsonl and the files it names. 0; -1 with a line in `error`. */
int demo_feed_read(demo_feed *self, const char *folder, char error[256]) MR_MUST_USE;
void demo_feed_free(demo_feed *self);

/* What came out of the output topics. `value` of an article or duplicate is JSON; unknown places are told as -1. */
int demo_feed_article(demo_feed *self, enum demo_outcome outcome, mr_bytes value);
int demo_feed_dead(demo_feed *self, int64_t offset, mr_bytes code, mr_bytes message);
/* Records that have ended; a page when all its parts are there. Tombstones end without a trace and are not counted. */
size_t demo_feed_ended(const demo_feed *self);
size_t demo_feed_expected(const demo_feed *self);
/* Prints every difference to what the feed expects; returns their number. */
int demo_feed_check(const demo_feed *self);

#endif
