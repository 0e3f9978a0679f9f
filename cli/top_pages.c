/* top_pages.c - see top_pages.h: stages with their workers, partitions, outcomes, articles. Lists are sorted as the view says; what is equal keeps the daemon's order. */
#include "cli/top_pages.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define BAR_CELLS 20

/* ---- orders ---- */

typedef struct entry {
	const json_t *one;
	const char *name;                /* of a member of an object */
	size_t place;                    /* in the daemon's order */
	double number;                   /* what is sorted by: the largest first ... */
	const char *text;                /* ... then this */
} entry;

static int compare(const void *a, const void *b)
{
	const entry *x = a, *y = b;
	if (x->number > y->number || x->number < y->number)
		return x->number > y->number ? -1 : 1;
	int by_text = strcmp(x->text, y->text);
	return by_text ? by_text : x->place < y->place ? -1 : 1;
}

/* A known number, or one that stands behind all. */
static double known(double n)
{
	return isnan(n) ? -1 : n;
}

/* The members of a list; `text` and `number` name what is sorted by (NULL: nothing). The caller frees it. */
static entry *sorted(const json_t *list, const char *number, const char *text, size_t *count)
{
	size_t i;
	json_t *one;
	*count = json_array_size(list);
	entry *entries = mem_array(*count + 1, sizeof *entries);
	json_array_foreach(list, i, one)
		entries[i] = (entry){one, "", i, number ? known(top_number(one, number)) : 0, text ? top_text(one, text) : ""};
	qsort(entries, *count, sizeof *entries, compare);
	return entries;
}

static void heading(frame *out, const char *what, const char *order)
{
	frame_begin(out);
	frame_add(out, TERM_DIM, "%s%s%s", what, order ? ", " : "", order ? order : "");
}

/* ---- stages ---- */

/* In the order of the pipeline, by queue, by name: *order is 0, 1, 2. */
static entry *sorted_stages(const top_data *data, const top_view *view, size_t *count, int *order)
{
	static const char *const numbers[] = {NULL, "queued", NULL}, *const texts[] = {NULL, NULL, "name"};
	int by = view->sort[view->page == TOP_STAGE_PAGE ? TOP_STAGE_PAGE : TOP_OVERVIEW] % 3;
	*order = by;
	return sorted(json_object_get(data->status, "stages"), numbers[by], texts[by], count);
}

/* "2 busy, 1 idle" */
static void count_states(const json_t *workers, char *out, size_t size)
{
	static const char *const states[] = {"busy", "idle", "silent", "leaving"};
	enum { STATES = sizeof states / sizeof *states };
	size_t used = 0, i;
	json_t *one;
	int counts[STATES] = {0};
	json_array_foreach(workers, i, one)
		for (int k = 0; k < STATES; k++)
			counts[k] += strcmp(states[k], top_text(one, "state")) == 0;
	snprintf(out, size, "%s", json_array_size(workers) ? "" : "none");
	for (int k = 0; k < STATES && used < size; k++)
		if (counts[k])
			used += (size_t)snprintf(out + used, size - used, "%s%d %s", used ? ", " : "", counts[k], states[k]);
}

static void draw_stage_heading(int order, int width, frame *out)
{
	frame_begin(out);
	frame_cell(out, TERM_DIM, 12, false, order == 2 ? "Stage ↓" : "Stage");
	frame_cell(out, TERM_DIM, 8, true, order == 1 ? "queued ↓" : "queued");
	frame_cell(out, TERM_DIM, 7, true, "lent");
	if (width >= 60)
		frame_cell(out, TERM_DIM, 10, true, "suspects");
	if (width >= 50)
		frame_cell(out, TERM_DIM, 9, true, "rate");
	frame_add(out, TERM_DIM, "  workers");
	if (width >= 80)
		frame_pad(out, 66);
	if (width >= 80)
		frame_add(out, TERM_DIM, "  queue");
}

static void draw_stage(const top_data *data, const json_t *stage, int width, frame *out)
{
	char text[TOP_TEXT], states[80];
	const char *name = top_text(stage, "name");
	bool ready = json_is_true(json_object_get(stage, "ready"));
	double queued = top_number(stage, "queued"), suspects = top_number(stage, "suspects");
	int series = top_queue_series(data, name);
	frame_begin(out);
	frame_cell(out, ready ? TERM_PLAIN : TERM_RED, 12, false, "%.31s", name);
	frame_cell(out, queued > 0 ? TERM_YELLOW : TERM_PLAIN, 8, true, "%s", top_count_text(queued, text));
	frame_cell(out, TERM_PLAIN, 7, true, "%s", top_count_text(top_number(stage, "lent"), text));
	if (width >= 60)
		frame_cell(out, suspects > 0 ? TERM_RED : TERM_PLAIN, 10, true, "%s", top_count_text(suspects, text));
	if (width >= 50)
		frame_cell(out, TERM_PLAIN, 9, true, "%s", top_rate_text(top_number(stage, "per_second"), text));
	count_states(json_object_get(stage, "workers"), states, sizeof states);
	frame_add(out, ready ? TERM_PLAIN : TERM_RED, "  %s", states);
	if (width < 80 || series < 0)
		return;
	frame_pad(out, 66);
	frame_add(out, TERM_PLAIN, "  ");
	top_draw_spark(data, (enum top_series)series, frame_left(out), out);
}

void top_draw_stages(const top_data *data, const top_view *view, frame *out)
{
	size_t count;
	int order;
	entry *entries = sorted_stages(data, view, &count, &order);
	draw_stage_heading(order, out->width, out);
	for (size_t i = 0; i < count; i++)
		draw_stage(data, entries[i].one, out->width, out);
	free(entries);
}

static void draw_worker(const json_t *worker, frame *out)
{
	char text[TOP_TEXT];
	const char *state = top_text(worker, "state");
	bool silent = strcmp(state, "silent") == 0;
	frame_begin(out);
	frame_cell(out, TERM_PLAIN, 12, true, "%lld", (long long)top_int(worker, "pid"));
	frame_cell(out, silent ? TERM_RED : TERM_PLAIN, 10, false, "  %.20s", state);
	frame_cell(out, TERM_PLAIN, 12, true, "%s tasks", top_count_text(top_number(worker, "tasks"), text));
	frame_cell(out, silent ? TERM_RED : TERM_DIM, 18, true, "heard %s ago", top_time_text(top_number(worker, "silent_ms"), text));
	frame_add(out, TERM_DIM, "  %.60s  %.80s", top_text(worker, "program"), top_text(worker, "model"));
}

void top_draw_workers(const top_data *data, const top_view *view, frame *out)
{
	size_t count, k;
	int order;
	json_t *worker;
	entry *entries = sorted_stages(data, view, &count, &order);
	draw_stage_heading(order, out->width, out);
	for (size_t i = 0; i < count; i++) {
		draw_stage(data, entries[i].one, out->width, out);
		json_array_foreach(json_object_get(entries[i].one, "workers"), k, worker)
			draw_worker(worker, out);
	}
	free(entries);
}

/* ---- partitions ---- */

static const char *why_paused(const top_data *data, const json_t *partition)
{
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(data->status, "paused_partitions"), i, one)
		if (strcmp(top_text(one, "topic"), top_text(partition, "topic")) == 0 && top_int(one, "partition") == top_int(partition, "partition"))
			return top_text(one, "why");
	return "";
}

static void draw_partition(const top_data *data, const json_t *partition, int name_cells, frame *out)
{
	char text[TOP_TEXT];
	const char *why = why_paused(data, partition);
	double lag = top_number(partition, "lag");
	lag = lag < 0 ? NAN : lag;
	frame_begin(out);
	frame_cell(out, TERM_PLAIN, name_cells, false, "%.249s", top_text(partition, "topic"));
	frame_cell(out, TERM_PLAIN, 5, true, "%lld", (long long)top_int(partition, "partition"));
	frame_cell(out, lag > 0 ? TERM_YELLOW : TERM_PLAIN, 12, true, "%s", top_count_text(lag, text));
	if (out->width >= 60)
		frame_cell(out, TERM_PLAIN, 11, true, "%s", top_count_text(top_number(partition, "in_flight"), text));
	if (out->width >= 90)
		frame_cell(out, TERM_PLAIN, 14, true, "%lld", (long long)top_int(partition, "read"));
	if (out->width >= 110)
		frame_cell(out, TERM_PLAIN, 14, true, "%lld", (long long)top_int(partition, "committed"));
	if (*why)
		frame_add(out, TERM_YELLOW, "  paused: %.40s", why);
}

void top_draw_partitions(const top_data *data, const top_view *view, frame *out)
{
	static const char *const orders[] = {NULL, "by lag", "by what is in flight"}, *const numbers[] = {NULL, "lag", "in_flight"};
	size_t count;
	int by = view->sort[TOP_PARTITION_PAGE] % 3, name_cells = out->width / 3 < 40 ? out->width / 3 : 40;
	char what[80];
	entry *entries = sorted(json_object_get(data->status, "partitions"), numbers[by], NULL, &count);
	snprintf(what, sizeof what, "Partitions: %zu", count);
	heading(out, what, orders[by]);
	frame_begin(out);
	frame_cell(out, TERM_DIM, name_cells, false, "topic");
	frame_cell(out, TERM_DIM, 5, true, "no.");
	frame_cell(out, TERM_DIM, 12, true, "lag");
	if (out->width >= 60)
		frame_cell(out, TERM_DIM, 11, true, "in flight");
	if (out->width >= 90)
		frame_cell(out, TERM_DIM, 14, true, "read");
	if (out->width >= 110)
		frame_cell(out, TERM_DIM, 14, true, "committed");
	for (size_t i = 0; i < count; i++)
		draw_partition(data, entries[i].one, name_cells, out);
	if (!count) {
		frame_begin(out);
		frame_add(out, TERM_DIM, "none is assigned");
	}
	free(entries);
}

/* ---- outcomes ---- */

/* Counts by name, the largest first, or by name. The caller frees it. */
static entry *sorted_counts(const json_t *counts, bool by_name, size_t *count)
{
	const char *name;
	json_t *value;
	size_t n = 0;
	entry *entries = mem_array(json_object_size(counts) + 1, sizeof *entries);
	json_object_foreach((json_t *)(uintptr_t)counts, name, value) {
		entries[n] = (entry){value, name, n, by_name ? 0 : json_number_value(value), by_name ? name : ""};
		n++;
	}
	qsort(entries, n, sizeof *entries, compare);
	*count = n;
	return entries;
}

static void draw_bars(const char *what, const json_t *counts, bool by_name, enum term_style style, frame *out)
{
	size_t count;
	char text[TOP_TEXT];
	double most = 0;
	entry *entries = sorted_counts(counts, by_name, &count);
	for (size_t i = 0; i < count; i++)
		most = json_number_value(entries[i].one) > most ? json_number_value(entries[i].one) : most;
	frame_begin(out);
	heading(out, what, by_name ? "by name" : NULL);
	for (size_t i = 0; i < count; i++) {
		double n = json_number_value(entries[i].one);
		int cells = most > 0 && n > 0 ? 1 + (int)(n / most * (BAR_CELLS - 1)) : 0;
		frame_begin(out);
		frame_cell(out, style ? style : term_label(entries[i].name), 18, false, "%.60s", entries[i].name);
		frame_cell(out, TERM_PLAIN, 11, true, "%s", top_count_text(n, text));
		frame_add(out, TERM_PLAIN, "  ");
		for (int k = 0; k < cells && frame_left(out) > 0; k++)
			frame_add(out, style ? style : term_label(entries[i].name), "▇");
	}
	if (!count) {
		frame_begin(out);
		frame_add(out, TERM_DIM, "none");
	}
	free(entries);
}

static void draw_balance(const top_data *data, frame *out)
{
	static const char *const names[][2] = {{"read", "read"}, {"published", "published"}, {"duplicates", "duplicates"}, {"filtered", "filtered"}, {"dead", "dead"}, {"tombstones", "tombstones"}, {"in_flight", "in flight"}};
	const json_t *balance = json_object_get(data->status, "balance");
	char text[TOP_TEXT];
	heading(out, "Records since the start", NULL);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		frame_begin(out);
		frame_cell(out, TERM_PLAIN, 18, false, "%s", names[i][1]);
		frame_cell(out, TERM_PLAIN, 11, true, "%s", top_count_text(top_number(balance, names[i][0]), text));
	}
}

void top_draw_outcomes(const top_data *data, const top_view *view, frame *out)
{
	bool by_name = view->sort[TOP_OUTCOME_PAGE] % 2 == 1;
	draw_balance(data, out);
	draw_bars("Articles by label", json_object_get(data->status, "labels"), by_name, TERM_PLAIN, out);
	draw_bars("Duplicate articles by kind", json_object_get(data->status, "duplicates_by_kind"), by_name, TERM_YELLOW, out);
	draw_bars("Dead letters by reason", json_object_get(data->status, "dead_by_reason"), by_name, TERM_RED, out);
}

static void draw_counts_short(const char *what, const json_t *counts, enum term_style style, frame *out)
{
	size_t count;
	char text[TOP_TEXT];
	entry *entries = sorted_counts(counts, false, &count);
	frame_begin(out);
	frame_cell(out, TERM_DIM, 11, false, "%s", what);
	for (size_t i = 0; i < count; i++) {
		frame_add(out, style ? style : term_label(entries[i].name), " %.60s", entries[i].name);
		frame_add(out, TERM_PLAIN, " %s ", top_count_text(json_number_value(entries[i].one), text));
	}
	if (!count)
		frame_add(out, TERM_DIM, " none");
	free(entries);
}

void top_draw_outcomes_short(const top_data *data, frame *out)
{
	char text[TOP_TEXT];
	draw_counts_short("labels", json_object_get(data->status, "labels"), TERM_PLAIN, out);
	draw_counts_short("dead", json_object_get(data->status, "dead_by_reason"), TERM_RED, out);
	const json_t *partitions = json_object_get(data->status, "partitions");
	size_t paused = json_array_size(json_object_get(data->status, "paused_partitions"));
	frame_begin(out);
	frame_cell(out, TERM_DIM, 11, false, "partitions");
	frame_add(out, TERM_PLAIN, " %s", top_count_text((double)json_array_size(partitions), text));
	if (paused)
		frame_add(out, TERM_YELLOW, ", %zu paused", paused);
}

/* ---- articles ---- */

static enum term_style outcome_style(const char *outcome)
{
	return strcmp(outcome, "dead") == 0 ? TERM_RED : strcmp(outcome, "duplicate") == 0 ? TERM_YELLOW : strcmp(outcome, "tombstone") == 0 || strcmp(outcome, "filtered") == 0 ? TERM_DIM :
	       strcmp(outcome, "revision") == 0 ? TERM_CYAN : TERM_GREEN;
}

/* "talent, science"; of what has no labels its primary label, of a dead letter the reason. */
static void labels_text(const json_t *article, char *out, size_t size)
{
	size_t used = 0, i;
	json_t *label;
	out[0] = 0;
	json_array_foreach(json_object_get(article, "labels"), i, label)
		if (json_is_string(label) && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%.60s", used ? ", " : "", json_string_value(label));
	if (!out[0])
		snprintf(out, size, "%.60s", *top_text(article, "reason") ? top_text(article, "reason") : top_text(article, "primary_label"));
}

static void draw_article(const json_t *article, frame *out)
{
	char text[TOP_TEXT], labels[160];
	const char *outcome = top_text(article, "outcome"), *title = top_text(article, "title");
	bool dead = strcmp(outcome, "dead") == 0;
	labels_text(article, labels, sizeof labels);
	frame_begin(out);
	frame_cell(out, TERM_DIM, 10, false, "%s", top_clock_text(top_int(article, "at_ms"), text));
	frame_cell(out, outcome_style(outcome), 11, false, "%.20s", outcome);
	if (out->width >= 60)
		frame_cell(out, dead ? TERM_RED : term_label(top_text(article, "primary_label")), out->width >= 100 ? 25 : 17, false, "%s", labels);
	if (out->width >= 80)
		frame_cell(out, TERM_PLAIN, 14, false, " %.60s", top_text(article, "source"));
	if (out->width >= 60)
		frame_add(out, TERM_PLAIN, " ");
	if (*title)
		frame_add(out, TERM_PLAIN, "%.500s", title);
	else
		frame_add(out, TERM_DIM, "%.249s %lld offset %lld", top_text(article, "topic"), (long long)top_int(article, "partition"), (long long)top_int(article, "offset"));
}

static void draw_article_more(const json_t *article, frame *out)
{
	size_t i;
	json_t *term;
	buf line = {0};
	const char *of = top_text(article, "duplicate_of"), *url = top_text(article, "url");
	if (out->width < 80)
		buf_printf(&line, "%.100s ", top_text(article, "source"));
	if (*of)
		buf_printf(&line, "of %.40s  ", of);
	json_array_foreach(json_object_get(article, "watches"), i, term)
		if (json_is_string(term) && i < 6)
			buf_printf(&line, "%s%.60s%s", i ? ", " : "watched: ", json_string_value(term), i + 1 == json_array_size(json_object_get(article, "watches")) || i == 5 ? "  " : "");
	json_array_foreach(json_object_get(article, "evidence"), i, term)
		if (json_is_string(term) && i < 6)
			buf_printf(&line, "%s%.60s", i ? ", " : "", json_string_value(term));
	if (*url)
		buf_printf(&line, "%s%.200s", line.len ? "  " : "", url);
	if (line.len) {
		frame_begin(out);
		frame_pad(out, 21);
		frame_add(out, TERM_DIM, "%s", line.data);
	}
	buf_free(&line);
}

/* Newest first; by outcome, then newest; by source, then newest. */
static entry *sorted_articles(const top_data *data, int by, size_t *count)
{
	static const char *const texts[] = {NULL, "outcome", "source"};
	size_t n = json_array_size(data->articles);
	entry *entries = mem_array(n + 1, sizeof *entries);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(data->articles, n - 1 - i);
		entries[i] = (entry){one, "", i, 0, texts[by] ? top_text(one, texts[by]) : ""};
	}
	qsort(entries, n, sizeof *entries, compare);
	*count = n;
	return entries;
}

void top_draw_articles(const top_data *data, const top_view *view, frame *out, int lines, bool more)
{
	static const char *const orders[] = {"newest first", "by outcome", "by source"};
	int by = more ? view->sort[TOP_ARTICLE_PAGE] % 3 : 0;
	size_t count, end = out->count + (size_t)lines + 1;
	entry *entries = sorted_articles(data, by, &count);
	heading(out, "Latest articles and dead letters", orders[by]);
	for (size_t i = 0; i < count && out->count < end; i++) {
		draw_article(entries[i].one, out);
		if (more)
			draw_article_more(entries[i].one, out);
	}
	if (!count) {
		frame_begin(out);
		frame_add(out, TERM_DIM, "none yet");
	}
	free(entries);
}
