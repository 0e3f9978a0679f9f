/* top_view.c - see top_view.h: the frame around the pages, the overview, the help. top_pages.c has the other pages.
 *
 * Columns go by width: what matters less is left out first, sparklines take what is left. */
#include "cli/top_view.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "cli/spark.h"
#include "cli/top_pages.h"

#define BESIDE_WIDTH 115         /* from here on flow and outcomes stand beside each other */
#define OUTCOMES_WIDTH 53        /* then, of the right side */
#define SPARK_MOST 60

/* ---- words and figures ---- */

const char *top_count_text(double n, char out[TOP_TEXT])
{
	char digits[32];
	size_t used = 0;
	if (isnan(n)) {
		snprintf(out, TOP_TEXT, "?");
		return out;
	}
	if (!(fabs(n) < 1e15)) {
		snprintf(out, TOP_TEXT, "%.2g", n);
		return out;
	}
	int len = snprintf(digits, sizeof digits, "%.0f", n);
	for (int i = 0; i < len && used < TOP_TEXT - 2; i++) {
		if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = 0;
	return out;
}

const char *top_rate_text(double per_second, char out[TOP_TEXT])
{
	char number[TOP_TEXT];
	if (isnan(per_second))
		snprintf(out, TOP_TEXT, "?");
	else if (per_second > 0 && per_second < 9.95)
		snprintf(out, TOP_TEXT, "%.1f/s", per_second < 0.05 ? 0.1 : per_second);
	else
		snprintf(out, TOP_TEXT, "%.20s/s", top_count_text(per_second, number));
	return out;
}

const char *top_time_text(double ms, char out[TOP_TEXT])
{
	double s = ms / 1000;
	if (isnan(ms))
		snprintf(out, TOP_TEXT, "?");
	else if (ms < 0 || !(ms < 1e14))
		snprintf(out, TOP_TEXT, "-");
	else if (ms < 1000)
		snprintf(out, TOP_TEXT, "%.0f ms", ms);
	else if (s < 60)
		snprintf(out, TOP_TEXT, "%.1f s", s);
	else if (s < 3600)
		snprintf(out, TOP_TEXT, "%d min %d s", (int)s / 60, (int)s % 60);
	else if (s < 86400)
		snprintf(out, TOP_TEXT, "%d h %d min", (int)s / 3600, (int)s % 3600 / 60);
	else
		snprintf(out, TOP_TEXT, "%.0f d %d h", floor(s / 86400), (int)fmod(s / 3600, 24));
	return out;
}

const char *top_clock_text(int64_t wall_ms, char out[TOP_TEXT])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	if (wall_ms <= 0 || !localtime_r(&seconds, &tm) || !strftime(out, TOP_TEXT, "%H:%M:%S", &tm))
		snprintf(out, TOP_TEXT, "--:--:--");
	return out;
}

const char *top_span_text(const top_data *data)
{
	int64_t span = top_span_ms(data);
	return span == 300000 ? "last 5 minutes" : span == 900000 ? "last 15 minutes" : "last hour";
}

/* ---- the head ---- */

static void draw_state(const top_data *data, frame *out)
{
	const json_t *status = data->status;
	bool ready = json_is_true(json_object_get(status, "ready"));
	frame_add(out, TERM_PLAIN, "%.40s", top_text(status, "phase"));
	if (ready)
		frame_add(out, TERM_GREEN, ", ready");
	else if (*top_text(status, "reason"))
		frame_add(out, TERM_RED, ", not ready: %.160s", top_text(status, "reason"));
	else
		frame_add(out, TERM_RED, ", not ready");
}

static void draw_title(const top_data *data, const top_view *view, frame *out)
{
	char text[TOP_TEXT];
	frame_begin(out);
	frame_add(out, TERM_BOLD, "millrace top");
	if (view->paused)
		frame_add(out, TERM_YELLOW, "  paused (p)");
	if (data->status) {
		frame_add(out, TERM_PLAIN, "  ");
		frame_add(out, TERM_BOLD, "%.60s", top_text(data->status, "instance"));
		frame_add(out, TERM_PLAIN, "  ");
		draw_state(data, out);
	}
	if (data->status && view->width >= 60) {
		frame_add(out, TERM_DIM, "  up %s", top_time_text((double)top_int(data->status, "uptime_ms"), text));
		frame_add(out, TERM_DIM, "  %.20s", top_text(data->status, "version"));
	}
	frame_add(out, TERM_DIM, "  %s", view->place);
}

static void draw_tabs(const top_view *view, frame *out)
{
	static const char *const names[TOP_PAGES] = {"Overview", "Stages", "Partitions", "Articles", "Outcomes"};
	frame_begin(out);
	for (int i = 0; i < TOP_PAGES; i++) {
		bool here = (int)view->page == i;
		if (!here && view->width < 60)
			frame_add(out, TERM_DIM, " %d ", i + 1);
		else
			frame_add(out, here ? TERM_BOLD : TERM_DIM, here ? "[%d %s]" : " %d %s ", i + 1, names[i]);
	}
}

static void draw_lost(const top_data *data, const top_view *view, frame *out)
{
	char since[TOP_TEXT], age[TOP_TEXT], line[400];
	if (!data->lost_ms)
		return;
	int64_t from = data->heard_ms ? data->heard_ms : data->lost_ms;
	snprintf(line, sizeof line, "no answer since %s (%s ago): %s; trying again", top_clock_text(from, since), top_time_text((double)(view->now_ms - from), age), data->why);
	frame_wrap(out, TERM_RED, 0, 3, line);
}

/* What is wrong, in words, the worst first as the daemon gives it. A daemon that tells no problems has only its reason for not being ready. */
static void draw_problems(const top_data *data, frame *out, int most)
{
	const json_t *problems = json_object_get(data->status, "problems");
	size_t i, count = json_array_size(problems);
	json_t *one;
	char line[600];
	json_array_foreach(problems, i, one) {
		const char *severity = top_text(one, "severity");
		bool error = strcmp(severity, "error") == 0;
		if ((int)i == most) {
			frame_begin(out);
			frame_add(out, TERM_DIM, "  and %zu more", count - i);
			break;
		}
		snprintf(line, sizeof line, "%s %.500s", error ? "!!" : strcmp(severity, "info") == 0 ? "i" : "!", top_text(one, "text"));
		frame_wrap(out, error ? TERM_RED : strcmp(severity, "info") == 0 ? TERM_CYAN : TERM_YELLOW, 0, 4, line);
	}
	if (json_is_array(problems) && count == 0) {
		frame_begin(out);
		frame_add(out, TERM_GREEN, "nothing is wrong");
	}
}

static void draw_head(const top_data *data, const top_view *view, frame *out)
{
	draw_title(data, view, out);
	draw_lost(data, view, out);
	if (data->status)
		draw_problems(data, out, view->height && view->height < 30 ? 3 : 8);
	if (view->height)
		draw_tabs(view, out);
}

/* ---- the flow ---- */

void top_draw_spark(const top_data *data, enum top_series series, int room, frame *out)
{
	double values[SPARK_MOST];
	buf bars = {0};
	int cells = top_fold(data, series, values, room < SPARK_MOST ? room : SPARK_MOST);
	spark_add(&bars, values, cells, spark_most(values, cells));
	if (bars.len)
		frame_add(out, TERM_CYAN, "%s", bars.data);
	buf_free(&bars);
}

typedef struct flow_row {
	const char *name;
	enum top_series series;
	double now;
	const char *(*text)(double value, char out[TOP_TEXT]);
	enum term_style style;
} flow_row;

static bool is_known(const double *values, int count)
{
	for (int i = 0; i < count; i++)
		if (!isnan(values[i]))
			return true;
	return false;
}

static void draw_flow_row(const top_data *data, const flow_row *row, frame *out)
{
	char now[TOP_TEXT], most[TOP_TEXT];
	double values[SPARK_MOST];
	frame_begin(out);
	frame_cell(out, TERM_PLAIN, 11, false, "%s", row->name);
	frame_cell(out, row->style, 10, true, "%s", row->text(row->now, now));
	int room = frame_left(out) - 2 - 15;             /* for the most */
	if (room < 8)
		return;
	int cells = top_fold(data, row->series, values, room < SPARK_MOST ? room : SPARK_MOST);
	frame_add(out, TERM_PLAIN, "  ");
	top_draw_spark(data, row->series, room, out);
	if (is_known(values, cells))
		frame_add(out, TERM_DIM, "  most %s", row->text(spark_most(values, cells), most));
}

void top_draw_flow(const top_data *data, frame *out)
{
	const json_t *rates = json_object_get(data->status, "rates"), *latency = json_object_get(data->status, "latency"), *balance = json_object_get(data->status, "balance");
	double dead = top_number(rates, "dead");
	const flow_row rows[] = {
		{"read", TOP_READ, top_number(rates, "in"), top_rate_text, TERM_BOLD},
		{"published", TOP_PUBLISHED, top_number(rates, "published"), top_rate_text, TERM_BOLD},
		{"duplicates", TOP_DUPLICATES, top_number(rates, "duplicates"), top_rate_text, TERM_PLAIN},
		{"filtered", TOP_FILTERED, top_number(rates, "filtered"), top_rate_text, TERM_PLAIN},
		{"dead", TOP_DEAD, dead, top_rate_text, dead > 0 ? TERM_RED : TERM_PLAIN},
		{"lag", TOP_LAG, top_number(data->status, "lag"), top_count_text, TERM_BOLD},
		{"in flight", TOP_IN_FLIGHT, top_number(balance, "in_flight"), top_count_text, TERM_PLAIN},
		{"p50", TOP_P50, top_number(latency, "p50_ms"), top_time_text, TERM_PLAIN},
		{"p99", TOP_P99, top_number(latency, "p99_ms"), top_time_text, TERM_PLAIN},
	};
	frame_begin(out);
	frame_add(out, TERM_DIM, "Flow, %s", top_span_text(data));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].series != TOP_FILTERED || top_int(balance, "filtered"))      /* few sites filter */
			draw_flow_row(data, &rows[i], out);
}

/* ---- the overview ---- */

static void blank(frame *out)
{
	frame_begin(out);
}

static void draw_beside(const top_data *data, const top_view *view, frame *out)
{
	int column = view->width - OUTCOMES_WIDTH < 112 ? view->width - OUTCOMES_WIDTH : 112;
	frame left = frame_of(column - 2, view->colours), right = frame_of(view->width - column, view->colours);
	top_draw_flow(data, &left);
	blank(&left);
	top_draw_stages(data, view, &left);
	top_draw_outcomes(data, view, &right);
	frame_beside(out, &left, &right, column);
	frame_free(&left);
	frame_free(&right);
}

static void draw_overview(const top_data *data, const top_view *view, frame *out, int height)
{
	size_t begin = out->count;
	if (view->width >= BESIDE_WIDTH) {
		draw_beside(data, view, out);
	} else {
		top_draw_flow(data, out);
		blank(out);
		top_draw_stages(data, view, out);
		blank(out);
		top_draw_outcomes_short(data, out);
	}
	blank(out);
	int room = height - (int)(out->count - begin) - 1;
	top_draw_articles(data, view, out, height && room < 100 ? (room < 3 ? 3 : room) : 20, false);
}

static void draw_help(frame *out)
{
	static const char *const rows[][2] = {
		{"q, Ctrl-C", "leave"}, {"Tab, arrows, 1 to 5", "the next page, that page"}, {"up, down, page keys", "scroll"},
		{"s", "another order of what is listed"}, {"p, blank", "hold this view; the daemon goes on"}, {"h, ?", "this help, and back"}};
	frame_begin(out);
	frame_add(out, TERM_BOLD, "Keys");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		frame_begin(out);
		frame_cell(out, TERM_CYAN, 22, false, "  %s", rows[i][0]);
		frame_add(out, TERM_PLAIN, "%s", rows[i][1]);
	}
	blank(out);
	frame_wrap(out, TERM_PLAIN, 0, 6, "lag: records that were not read yet. in flight: read, and not ended. p50, p99: half and 99 of 100 records of the last minute took no longer from reading to commit.");
	frame_wrap(out, TERM_PLAIN, 0, 6, "queued: tasks that wait for a worker of the stage. lent: tasks that workers hold. suspects: tasks that a worker failed on; they are tried alone.");
	frame_wrap(out, TERM_PLAIN, 0, 6, "A bar is the mean of its time for what flows, the most of its time for what stands. Blank: not known.");
}

static void draw_page(const top_data *data, const top_view *view, enum top_page page, frame *out, int height)
{
	switch (page) {
	case TOP_STAGE_PAGE:
		top_draw_workers(data, view, out);
		break;
	case TOP_PARTITION_PAGE:
		top_draw_partitions(data, view, out);
		break;
	case TOP_ARTICLE_PAGE:
		top_draw_articles(data, view, out, TOP_ARTICLES, true);
		break;
	case TOP_OUTCOME_PAGE:
		top_draw_outcomes(data, view, out);
		break;
	default:
		draw_overview(data, view, out, height);
	}
}

/* ---- the whole ---- */

static void draw_foot(const top_view *view, int hidden, frame *out)
{
	char now[TOP_TEXT];
	frame_begin(out);
	frame_add(out, TERM_DIM, "%s  every %g s", top_clock_text(view->now_ms, now), (double)view->interval_ms / 1000);
	if (hidden > 0)
		frame_add(out, TERM_YELLOW, "  %d more (down)", hidden);
	frame_add(out, TERM_DIM, "  q quit  p pause  s sort  Tab page  h help");
}

/* Everything, one after the other. */
static void draw_all(const top_data *data, const top_view *view, frame *out)
{
	static const enum top_page pages[] = {TOP_STAGE_PAGE, TOP_PARTITION_PAGE, TOP_OUTCOME_PAGE, TOP_ARTICLE_PAGE};
	top_draw_flow(data, out);
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		blank(out);
		draw_page(data, view, pages[i], out, 0);
	}
}

void top_draw(const top_data *data, top_view *view, frame *out)
{
	frame body = frame_of(view->width, view->colours);
	draw_head(data, view, out);
	blank(out);
	int room = view->height - (int)out->count - 1;           /* the last line is the foot */
	room = room < 1 ? 1 : room;
	if (view->help)
		draw_help(&body);
	else if (data->status && view->height)
		draw_page(data, view, view->page, &body, room);
	else if (data->status)
		draw_all(data, view, &body);
	int hidden = view->height ? (int)body.count - room : 0;
	hidden = hidden < 0 ? 0 : hidden;
	view->scroll = view->scroll > hidden ? hidden : view->scroll < 0 ? 0 : view->scroll;
	frame_append(out, &body, (size_t)view->scroll, view->height ? (size_t)room : body.count);
	frame_free(&body);
	if (!view->height)
		return;
	while ((int)out->count < view->height - 1)
		blank(out);
	out->count = (int)out->count > view->height - 1 ? (size_t)(view->height - 1) : out->count;
	draw_foot(view, hidden - view->scroll, out);
}
