/* top_data.h - what `millrace top` knows of a daemon: its last /status, the articles that ended lately, and how its figures moved over the last hour.
 *
 * Fed with the bodies of the admin port's pages; every one of them may be anything, what is not understood is left out. Notices that another daemon
 * answers, or the same one after a restart (rows and articles are dropped then). Bounded: TOP_ROWS rows, TOP_ARTICLES articles. Owns its trees. Single thread. */
#ifndef CLI_TOP_DATA_H
#define CLI_TOP_DATA_H

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"

enum { TOP_ROWS = 720, TOP_STAGES = 16, TOP_ARTICLES = 200, TOP_HOUR_MS = 3600000 };

/* What moves. Up to TOP_DEAD it is counted for each step, the rest is a value at its end. */
enum top_series { TOP_READ, TOP_PUBLISHED, TOP_DUPLICATES, TOP_FILTERED, TOP_DEAD, TOP_LAG, TOP_P50, TOP_P99, TOP_IN_FLIGHT, TOP_QUEUES, TOP_SERIES = TOP_QUEUES + TOP_STAGES };

typedef struct top_row {
	int64_t at_ms;                   /* end of the step, on the daemon's clock */
	int64_t step_ms;
	double values[TOP_SERIES];       /* NAN: not known */
} top_row;

typedef struct top_data {
	json_t *status;                  /* NULL: none yet */
	json_t *articles;                /* a list, newest last */
	top_row rows[TOP_ROWS];          /* oldest first */
	size_t row_count;
	char queues[TOP_STAGES][32];     /* names of the stages of the rows' queues */
	size_t queue_count;
	int64_t step_ms;                 /* of the history; 0: none yet */
	int64_t since_ms, since_seq;     /* what to ask /history and /articles for */
	int64_t daemon_ms, started_ms;   /* the daemon's clock: at the last answer, at its start */
	int64_t heard_ms;                /* our wall clock at the last answer; 0: none yet */
	int64_t lost_ms;                 /* ... when answers began to fail; 0: they come */
	char why[160];                   /* why they fail */
} top_data;

top_data *top_data_new(void);
void top_data_free(top_data **self);

/* 0; -1: not understood, nothing has changed. `now_ms`: our wall clock. */
int top_data_status(top_data *self, mr_bytes body, int64_t now_ms) MR_MUST_USE;
int top_data_history(top_data *self, mr_bytes body);
int top_data_articles(top_data *self, mr_bytes body);
void top_data_lost(top_data *self, const char *why, int64_t now_ms);

/* ---- what is asked of it; NULL-safe, of any type ---- */

const char *top_text(const json_t *object, const char *name);            /* "" when it is no text */
json_int_t top_int(const json_t *object, const char *name);              /* 0 ... */
double top_number(const json_t *object, const char *name);               /* NAN ... */
/* Which series has this stage's queue; -1: none. */
int top_queue_series(const top_data *self, const char *stage);

/* The span that is drawn: 5 or 15 minutes or the hour, as much as there is. */
int64_t top_span_ms(const top_data *self);
/* `cells` values over the span, oldest first: counts as a rate a second, values as their most; NAN where nothing is known. Returns how many cells are filled in: fewer than asked for
 * when rows are wider than cells. */
int top_fold(const top_data *self, enum top_series series, double *out, int cells);

#endif
