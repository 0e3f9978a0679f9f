/* history.c - see history.h. Three rings: rows (an hour), samples (for rates), latency (a minute, by the second). The place `now` of the latency ring is being filled. */
#include "history.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_text.h"
#include "common/mem.h"

#define SAMPLES (HISTORY_RATE_MS / 1000 + 2)
#define SECONDS (HISTORY_LATENCY_MS / 1000)
#define BUCKETS 84                       /* the last begins at 2^20.75 ms: half an hour */

typedef struct row {
	int64_t at_ms;
	int64_t grown[HISTORY_TOTALS];
	int64_t lag, p50, p99, in_flight;        /* -1: not known */
	int64_t queued[HISTORY_STAGES_MAX];
} row;

typedef struct sample {
	int64_t at_ms;
	history_sample is;
} sample;

struct history {
	const char *stages[HISTORY_STAGES_MAX];
	size_t stage_count;
	row rows[HISTORY_ROWS];
	size_t row_next, row_count;
	sample samples[SAMPLES];
	size_t sample_next, sample_count;
	uint32_t latency[SECONDS][BUCKETS];
	size_t now;                              /* of latency */
	int64_t step_ms;                         /* begin of the row in the making */
	int64_t step_totals[HISTORY_TOTALS];     /* the totals then */
};

history *history_new(const char *const *stages, size_t count)
{
	history *self = mem_alloc(sizeof *self);
	self->stage_count = count < HISTORY_STAGES_MAX ? count : HISTORY_STAGES_MAX;
	for (size_t i = 0; i < self->stage_count; i++)
		self->stages[i] = stages[i];
	return self;
}

void history_free(history **self_p)
{
	free(*self_p);
	*self_p = NULL;
}

/* ---- latency ---- */

void history_observe(history *self, double ms)
{
	double place = ms > 1 ? ceil(4 * log2(ms)) : 0;
	self->latency[self->now][place < BUCKETS ? (size_t)place : BUCKETS - 1]++;
}

/* The percentile of the last `seconds` places, rounded: the middle of its bucket, by its logarithm. -1: they are empty. */
static int64_t percentile(const history *self, size_t seconds, double part)
{
	uint64_t sum[BUCKETS] = {0}, count = 0, seen = 0;
	for (size_t s = 0; s < seconds; s++)
		for (size_t i = 0; i < BUCKETS; i++)
			sum[i] += self->latency[(self->now + SECONDS - s) % SECONDS][i];
	for (size_t i = 0; i < BUCKETS; i++)
		count += sum[i];
	for (size_t i = 0; i < BUCKETS && count; i++) {
		seen += sum[i];
		if ((double)seen >= part * (double)count && seen)
			return llround(exp2(((double)i - 0.5) / 4));
	}
	return -1;
}

int64_t history_latency(const history *self, double part)
{
	return percentile(self, SECONDS, part);
}

/* ---- samples ---- */

/* `back` 0: the newest. */
static const sample *sample_at(const history *self, size_t back)
{
	return &self->samples[(self->sample_next + SAMPLES - 1 - back) % SAMPLES];
}

static const row *row_at(const history *self, size_t back)
{
	return &self->rows[(self->row_next + HISTORY_ROWS - 1 - back) % HISTORY_ROWS];
}

static void make_row(history *self, int64_t now_ms, const history_sample *s)
{
	row *r = &self->rows[self->row_next];
	*r = (row){.at_ms = now_ms, .lag = s->lag, .in_flight = s->in_flight};
	for (int i = 0; i < HISTORY_TOTALS; i++) {
		int64_t grown = s->totals[i] - self->step_totals[i];
		r->grown[i] = grown > 0 ? grown : 0;
		self->step_totals[i] = s->totals[i];
	}
	r->p50 = percentile(self, HISTORY_STEP_MS / 1000, 0.5);
	r->p99 = percentile(self, HISTORY_STEP_MS / 1000, 0.99);
	memcpy(r->queued, s->queued, sizeof r->queued);
	self->row_next = (self->row_next + 1) % HISTORY_ROWS;
	self->row_count += self->row_count < HISTORY_ROWS;
	self->step_ms = now_ms;
}

void history_second(history *self, int64_t now_ms, const history_sample *now)
{
	assert(!self->sample_count || now_ms >= sample_at(self, 0)->at_ms);
	if (!self->sample_count)
		self->step_ms = now_ms;          /* the totals of then are 0: nothing that came before is left out */
	self->samples[self->sample_next] = (sample){now_ms, *now};
	self->sample_next = (self->sample_next + 1) % SAMPLES;
	self->sample_count += self->sample_count < SAMPLES;
	if (now_ms - self->step_ms >= HISTORY_STEP_MS)
		make_row(self, now_ms, now);
	self->now = (self->now + 1) % SECONDS;
	memset(self->latency[self->now], 0, sizeof self->latency[self->now]);
}

/* The sample that is HISTORY_RATE_MS older than the newest, else the oldest; NULL when there is only one. */
static const sample *rate_base(const history *self)
{
	size_t back = 1;
	if (self->sample_count < 2)
		return NULL;
	while (back + 1 < self->sample_count && sample_at(self, 0)->at_ms - sample_at(self, back)->at_ms < HISTORY_RATE_MS)
		back++;
	return sample_at(self, back);
}

static double rate(int64_t grown, int64_t ms)
{
	return grown > 0 && ms > 0 ? (double)grown * 1000 / (double)ms : 0;
}

double history_rate(const history *self, enum history_total which)
{
	const sample *base = rate_base(self), *last = sample_at(self, 0);
	return base ? rate(last->is.totals[which] - base->is.totals[which], last->at_ms - base->at_ms) : 0;
}

double history_stage_rate(const history *self, size_t stage)
{
	const sample *base = rate_base(self), *last = sample_at(self, 0);
	return base && stage < self->stage_count ? rate(last->is.answered[stage] - base->is.answered[stage], last->at_ms - base->at_ms) : 0;
}

int64_t history_grown(const history *self, enum history_total which, int64_t window_ms)
{
	if (!self->sample_count)
		return 0;
	const sample *last = sample_at(self, 0);
	int64_t sum = last->is.totals[which] - self->step_totals[which];
	sum = sum > 0 ? sum : 0;
	for (size_t back = 0; back < self->row_count && row_at(self, back)->at_ms > last->at_ms - window_ms; back++)
		sum += row_at(self, back)->grown[which];
	return sum;
}

int64_t history_lag(const history *self, int64_t ago_ms)
{
	int64_t wanted = history_now_ms(self) - ago_ms;
	for (size_t back = 0; back < self->row_count; back++)
		if (row_at(self, back)->at_ms <= wanted)
			return row_at(self, back)->lag;
	return -1;
}

int64_t history_now_ms(const history *self)
{
	return self->sample_count ? sample_at(self, 0)->at_ms : 0;
}

/* ---- as JSON ---- */

static const struct {
	const char *name;
	enum history_total total;
} count_columns[] = {{"read", HISTORY_READ}, {"published", HISTORY_PUBLISHED}, {"duplicates", HISTORY_DUPLICATES}, {"dead", HISTORY_DEAD},
	{"tombstones", HISTORY_TOMBSTONES}, {"filtered", HISTORY_FILTERED}, {"aborts", HISTORY_ABORTS}, {"restarts", HISTORY_RESTARTS}};
static const char *const value_columns[] = {"lag", "p50_ms", "p99_ms", "in_flight"};
enum { COUNT_COLUMNS = sizeof count_columns / sizeof *count_columns, VALUE_COLUMNS = sizeof value_columns / sizeof *value_columns };

static void add_value(buf *out, int64_t value)
{
	buf_add_char(out, ',');
	if (value < 0)
		buf_add_str(out, "null");
	else
		json_add_integer(out, value);
}

static void add_row(const history *self, const row *r, buf *out)
{
	const int64_t values[] = {r->lag, r->p50, r->p99, r->in_flight};
	buf_add_char(out, '[');
	json_add_integer(out, r->at_ms);
	for (size_t i = 0; i < COUNT_COLUMNS; i++)
		add_value(out, r->grown[count_columns[i].total]);
	for (size_t i = 0; i < VALUE_COLUMNS; i++)
		add_value(out, values[i]);
	for (size_t i = 0; i < self->stage_count; i++)
		add_value(out, r->queued[i]);
	buf_add_char(out, ']');
}

static void add_columns(const history *self, buf *out)
{
	buf_add_str(out, "\"at_ms\"");
	for (size_t i = 0; i < COUNT_COLUMNS; i++)
		buf_printf(out, ",\"%s\"", count_columns[i].name);
	for (size_t i = 0; i < VALUE_COLUMNS; i++)
		buf_printf(out, ",\"%s\"", value_columns[i]);
	for (size_t i = 0; i < self->stage_count; i++)
		buf_printf(out, ",\"queue.%s\"", self->stages[i]);
}

void history_render(const history *self, int64_t since_ms, buf *out)
{
	bool first = true;
	buf_printf(out, "{\"step_ms\":%d,\"now_ms\":%lld,\"columns\":[", HISTORY_STEP_MS, (long long)history_now_ms(self));
	add_columns(self, out);
	buf_add_str(out, "],\"rows\":[");
	for (size_t back = self->row_count; back-- > 0;) {
		if (row_at(self, back)->at_ms <= since_ms)
			continue;
		if (!first)
			buf_add_char(out, ',');
		first = false;
		add_row(self, row_at(self, back), out);
	}
	buf_add_str(out, "]}");
}
