/* top_data.c - see top_data.h. */
#include "cli/top_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define CLOCK_MOST_MS (INT64_C(1) << 53)         /* what a daemon may call a time: so that no sum of times overflows */

static const char *const series_names[] = {"read", "published", "duplicates", "filtered", "dead", "lag", "p50_ms", "p99_ms", "in_flight"};

/* ---- members ---- */

const char *top_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

json_int_t top_int(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

double top_number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* ---- rows ---- */

static top_row *add_row(top_data *self)
{
	if (self->row_count == TOP_ROWS) {
		self->row_count = TOP_ROWS - TOP_ROWS / 8;
		memmove(self->rows, self->rows + TOP_ROWS / 8, self->row_count * sizeof *self->rows);
	}
	top_row *row = &self->rows[self->row_count++];
	for (int i = 0; i < TOP_SERIES; i++)
		row->values[i] = NAN;
	return row;
}

/* The series of a stage's queue, made if there is room; -1: none. */
static int queue_of(top_data *self, const char *stage)
{
	int series = top_queue_series(self, stage);
	if (series >= 0 || self->queue_count == TOP_STAGES || !*stage)
		return series;
	snprintf(self->queues[self->queue_count], sizeof self->queues[0], "%s", stage);
	return TOP_QUEUES + (int)self->queue_count++;
}

int top_queue_series(const top_data *self, const char *stage)
{
	for (size_t i = 0; i < self->queue_count; i++)
		if (strncmp(self->queues[i], stage, sizeof self->queues[0] - 1) == 0)
			return TOP_QUEUES + (int)i;
	return -1;
}

/* ---- /status ---- */

static json_t *load(mr_bytes body)
{
	json_t *tree = json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(tree))
		return tree;
	json_decref(tree);
	return NULL;
}

/* Another process answers: what it counted begins anew. */
static void restarted(top_data *self)
{
	self->row_count = 0;
	self->since_ms = 0;
	self->queue_count = 0;
	self->since_seq = 0;
	json_array_clear(self->articles);
}

int top_data_status(top_data *self, mr_bytes body, int64_t now_ms)
{
	json_t *status = load(body);
	if (!status || !json_is_string(json_object_get(status, "phase"))) {
		json_decref(status);
		return -1;
	}
	int64_t clock_ms = top_int(status, "now_ms"), uptime_ms = top_int(status, "uptime_ms");
	bool plausible = uptime_ms >= 0 && clock_ms >= uptime_ms && clock_ms < CLOCK_MOST_MS;
	int64_t started_ms = plausible ? clock_ms - uptime_ms : 0;
	if (self->status && (started_ms != self->started_ms || strcmp(top_text(status, "instance"), top_text(self->status, "instance")) != 0))
		restarted(self);
	json_decref(self->status);
	self->status = status;
	self->daemon_ms = plausible ? clock_ms : now_ms;
	self->started_ms = started_ms;
	self->heard_ms = now_ms;
	self->lost_ms = 0;
	return 0;
}

void top_data_lost(top_data *self, const char *why, int64_t now_ms)
{
	if (!self->lost_ms)
		self->lost_ms = now_ms;
	snprintf(self->why, sizeof self->why, "%s", why);
}

/* ---- /history ---- */

/* Which series each column is; -1: none of ours. */
static size_t read_columns(top_data *self, const json_t *columns, int *series, size_t most)
{
	size_t count = json_array_size(columns) < most ? json_array_size(columns) : most;
	for (size_t i = 0; i < count; i++) {
		const char *name = json_string_value(json_array_get(columns, i));
		series[i] = -1;
		for (int k = 0; name && k < TOP_QUEUES; k++)
			if (strcmp(name, series_names[k]) == 0)
				series[i] = k;
		if (name && strncmp(name, "queue.", 6) == 0)
			series[i] = queue_of(self, name + 6);
	}
	return count;
}

/* A row that came late, because the daemon stood still, is that much longer. */
static void read_row(top_data *self, const json_t *given, const int *series, size_t count)
{
	const json_t *at = json_array_get(given, 0);
	if (!json_is_integer(at) || json_integer_value(at) <= self->since_ms || json_integer_value(at) >= CLOCK_MOST_MS)
		return;
	top_row *row = add_row(self);
	row->step_ms = self->since_ms ? json_integer_value(at) - self->since_ms : self->step_ms;
	row->at_ms = self->since_ms = json_integer_value(at);
	for (size_t i = 1; i < count; i++) {
		const json_t *value = json_array_get(given, i);
		if (series[i] >= 0 && json_is_number(value))
			row->values[series[i]] = json_number_value(value);
	}
}

int top_data_history(top_data *self, mr_bytes body)
{
	int series[64];
	size_t i;
	json_t *history = load(body), *row;
	const json_t *columns = json_object_get(history, "columns");
	json_int_t step_ms = top_int(history, "step_ms");
	const char *first = json_string_value(json_array_get(columns, 0));
	bool good = json_is_array(json_object_get(history, "rows")) && step_ms > 0 && step_ms <= TOP_HOUR_MS && first && strcmp(first, "at_ms") == 0;
	if (good) {
		self->step_ms = step_ms;
		size_t count = read_columns(self, columns, series, sizeof series / sizeof *series);
		json_array_foreach(json_object_get(history, "rows"), i, row)
			read_row(self, row, series, count);
	}
	json_decref(history);
	return good ? 0 : -1;
}

/* ---- /articles ---- */

int top_data_articles(top_data *self, mr_bytes body)
{
	size_t i;
	json_t *answer = load(body), *one, *list = json_object_get(answer, "articles");
	bool good = json_is_array(list);
	if (good && json_is_integer(json_object_get(answer, "next"))) {
		if (top_int(answer, "next") < self->since_seq)
			json_array_clear(self->articles);
		self->since_seq = top_int(answer, "next");
	}
	json_array_foreach(list, i, one)
		if (json_is_object(one))
			json_array_append(self->articles, one);
	while (json_array_size(self->articles) > TOP_ARTICLES)
		json_array_remove(self->articles, 0);
	json_decref(answer);
	return good ? 0 : -1;
}

/* ---- asked ---- */

top_data *top_data_new(void)
{
	top_data *self = mem_alloc(sizeof *self);
	self->articles = json_array();
	return self;
}

void top_data_free(top_data **self_p)
{
	top_data *self = *self_p;
	if (!self)
		return;
	json_decref(self->status);
	json_decref(self->articles);
	free(self);
	*self_p = NULL;
}

int64_t top_span_ms(const top_data *self)
{
	int64_t have = self->row_count ? self->daemon_ms - (self->rows[0].at_ms - self->rows[0].step_ms) : 0;
	return have <= 300000 ? 300000 : have <= 900000 ? 900000 : TOP_HOUR_MS;
}

/* Puts a row's value into its cell: of counts the sum and the time it took, of values the most. */
static void gather(double value, double seconds, bool is_count, double *sum, double *time)
{
	if (isnan(value))
		return;
	if (isnan(*sum))
		*sum = 0;
	*sum = is_count ? *sum + value : value > *sum ? value : *sum;
	*time += seconds;
}

int top_fold(const top_data *self, enum top_series series, double *out, int cells)
{
	double time[256] = {0};
	int64_t span = top_span_ms(self), most = self->step_ms ? span / self->step_ms : 1;
	bool is_count = series <= TOP_DEAD;
	cells = cells > 256 ? 256 : cells;
	cells = cells > most ? (int)(most < 1 ? 1 : most) : cells;
	for (int i = 0; i < cells; i++)
		out[i] = NAN;
	for (size_t i = 0; i < self->row_count && cells > 0; i++) {
		const top_row *row = &self->rows[i];
		/* the grid lies on the rows: their ends, not now, or rows would jump between cells */
		int64_t age = self->rows[self->row_count - 1].at_ms - row->at_ms;
		int cell = cells - 1 - (int)(age * cells / span);
		if (age >= 0 && age < span && cell >= 0)
			gather(row->values[series], (double)row->step_ms / 1000, is_count, &out[cell], &time[cell]);
	}
	for (int i = 0; i < cells && is_count; i++)
		if (time[i] > 0)
			out[i] /= time[i];
	return cells;
}
