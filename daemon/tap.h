/* tap.h - a look at records on their way: what `GET /tap` sends (docs/operations.md), for `millrace tap`.
 *
 * Owns the listeners, each with its filter, its shares and what it was not sent. It never slows the flow: nobody listening, each record costs one comparison;
 * with listeners all looking together takes at most TAP_BUDGET_US of a second and all they are sent is at most TAP_BYTES of it, a listener is sent at most `rate` records a
 * second, and what its client does not take in time is left out. Everything left out is counted and told. Looks on only: changes nothing, keeps nothing of a record. Loop thread.
 *
 * A listener's lines, each one JSON object:
 *   {"tap":{"instance":...,"version":...,"stage":...}}          first
 *   {"at_ms":...,"outcome":...,...,"record":{...}}              a record (tap_event)
 *   {"left_out":n,"unseen":m}      at most once a second: n records of the filter that were not sent, m records that were not looked at
 *   {"beat":at_ms}                 when nothing was sent for TAP_BEAT_MS */
#ifndef DAEMON_TAP_H
#define DAEMON_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/query.h"
#include "common/record.h"

struct item;
struct part;

#define TAP_LISTENERS 8
#define TAP_BUDGET_US 50000              /* of each second, for all listeners together: a twentieth of the loop */
#define TAP_BYTES (4u << 20)              /* of each second, too: what is sent is copied and written by the loop */
#define TAP_RATE 50                      /* records a second, if the listener does not say otherwise ... */
#define TAP_RATE_MAX 1000
#define TAP_BEAT_MS 5000

typedef struct tap tap;
typedef struct tap_listener tap_listener;

/* What a listener wants. Empty texts: anything. All conditions must hold. */
typedef struct tap_filter {
	char stage[32];                  /* what this stage answered; empty: records that have ended */
	char outcome[16];
	char label[64];                  /* one of the record's labels, or its primary label */
	char source[QUERY_VALUE_MAX + 1];        /* its source_name */
	char field[QUERY_NAME_MAX + 41]; /* a member of the record, or of the line around it; empty: no such condition */
	char text[QUERY_VALUE_MAX + 1];  /* its value; lists: that of one of their strings */
	bool contains;                   /* the text is part of the value */
	int64_t every;                   /* each Nth of those that the filter lets pass */
	int64_t rate;                    /* at most so many a second */
} tap_filter;

/* What is told of a record. */
typedef struct tap_event {
	const char *outcome;             /* published, revision, duplicate, filtered, dead, tombstone; of a stage: answered, refused, failed */
	const char *stage;               /* NULL: the record has ended */
	const char *topic;
	int32_t partition;
	int64_t offset;
	int page;
	int64_t at_ms;                   /* wall clock */
	int64_t ms;                      /* since it was read */
	const record_fault *fault;       /* dead, refused, failed; else NULL */
	int attempts;                    /* with a fault */
	const char *by;                  /* filtered: the condition of sink.filter; else NULL */
	mr_bytes record;                 /* its JSON in one line, without an envelope; data NULL: none */
} tap_event;

/* ---- the filter; pure ---- */

/* Parameters stage, outcome, label, source, every, rate and where (`FIELD=TEXT` or `FIELD~TEXT`). `stages`: names that may be asked for. 0; -1: a line in `error` says
 * what is wrong. */
int tap_filter_read(tap_filter *out, const query *query, const char *const *stages, size_t stage_count, buf *error) MR_MUST_USE;
/* Every condition but every and rate. `scratch` is overwritten. */
bool tap_filter_takes(const tap_filter *self, const tap_event *event, buf *scratch);

/* ---- listeners ---- */

typedef struct tap_clock {
	int64_t (*mono_us)(void *arg);
	int64_t (*wall_ms)(void *arg);
	void *arg;
} tap_clock;

tap *tap_new(tap_clock clock);
void tap_free(tap **self_p);                     /* no listener may be left */
/* `send` takes a line with its line break, all or nothing; false: no room for it. It must not call back. NULL: TAP_LISTENERS listen already. */
tap_listener *tap_join(tap *self, const tap_filter *filter, bool (*send)(void *to, mr_bytes line), void *to);
void tap_leave(tap *self, tap_listener **listener);
size_t tap_count(const tap *self);

/* ---- what is told ---- */

/* Before anything is done for listeners: does one want this (`stage` NULL: ended records), and is there time? false: nothing to do; that it was not looked at is counted. */
bool tap_begin(tap *self, const char *stage);
void tap_tell(tap *self, const tap_event *event);        /* between tap_begin and tap_end, any number */
void tap_end(tap *self);
void tap_tick(tap *self);                                /* once a second: what was left out; a sign of life */

/* The two places that records are looked at: an item that has ended, while its parts are still there; what a stage answered for a part. */
void tap_on_outcome(tap *self, const struct item *it);
void tap_on_answer(void *tap, const struct part *p, const char *stage, const record_fault *fault, int attempts);

#endif
