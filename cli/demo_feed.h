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
	json_t *alerts;                  /* array */
	char code[32], message[256];     /* of a dead letter */
	int64_t sent_ms, ended_ms;       /* monotonic; ended: the last of it was read, 0: nothing yet */
} demo_record;

typedef struct demo_feed {
	demo_record *records;
	size_t count;
} demo_feed;

/* Reads FOLDER/feed.jsonl and the files it names. 0; -1 with a line in `error`. */
int demo_feed_read(demo_feed *self, const char *folder, char error[256]) MR_MUST_USE;
void demo_feed_free(demo_feed *self);

/* What came out of the output topics, at `now_ms`. `value` of an article or duplicate is JSON; unknown places are told as -1. */
int demo_feed_article(demo_feed *self, enum demo_outcome outcome, mr_bytes value, int64_t now_ms);
int demo_feed_alert(demo_feed *self, mr_bytes value);
int demo_feed_dead(demo_feed *self, int64_t offset, mr_bytes code, mr_bytes message, int64_t now_ms);

/* Member of an article as text; "" when it is null or none. Borrowed. */
const char *demo_text(const json_t *article, const char *member);

/* The daemon's own account, from its admin port. */
typedef struct demo_account {
	int64_t read, published, duplicates, filtered, dead, tombstones, in_flight;
	double seconds;                  /* from the first record sent to the last result read */
	struct demo_stage {
		char name[32];
		double mean_ms;          /* from giving a task to the stage to its answer, waiting included */
	} stages[8];
	size_t stage_count;
} demo_account;

void demo_account_read(demo_account *self, mr_bytes status);         /* the JSON of /status */
void demo_account_times(demo_account *self, const char *metrics);    /* the text of /metrics */
int64_t demo_account_ended(const demo_account *self);

/* Prints every difference to what the feed expects (the members `expect` of its lines, and FOLDER/expected.json) to standard error; returns their number. */
int demo_feed_check(const demo_feed *self, const demo_account *account, const char *folder);

#endif
