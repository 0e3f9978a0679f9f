/* admin_pages.c - see admin_pages.h. */
#include "admin_pages.h"

#include <stdlib.h>

#include "common/settings.h"
#include "daemon/tap_stream.h"
#include "page.inc"              /* cmake/page.cmake */

enum { OK = 200, SAME = 304, GONE = 404, FAILED = 500, UNAVAILABLE = 503 };

#define NUMBER_MAX 999999999999999999

#define PLAIN "text/plain; charset=utf-8"

static int show_live(void *arg, admin_request *request, buf *out)
{
	(void)arg;
	(void)request;
	buf_add_str(out, "alive\n");
	return OK;
}

static int show_ready(void *arg, admin_request *request, buf *out)
{
	const char *reason = report_ready(arg);
	(void)request;
	buf_printf(out, "%s\n", reason ? reason : "ready");
	return reason ? UNAVAILABLE : OK;
}

static int show_metrics(void *arg, admin_request *request, buf *out)
{
	report *report = arg;
	(void)request;
	report_metrics(report);
	metrics_render(report->metrics, out);
	return OK;
}

/* Takes the reference. */
static int show_json(json_t *value, size_t flags, buf *out)
{
	char *text = value ? json_dumps(value, flags | JSON_REAL_PRECISION(6)) : NULL;
	json_decref(value);
	buf_printf(out, "%s\n", text ? text : "{}");
	free(text);
	return text ? OK : FAILED;
}

static int show_status(void *arg, admin_request *request, buf *out)
{
	(void)request;
	return show_json(report_status(arg), JSON_INDENT(2), out);
}

static int show_tap(void *arg, admin_request *request, buf *out)
{
	const report *report = arg;
	const char *names[PIPELINE_STAGES_MAX];
	for (size_t i = 0; i < report->stage_count; i++)
		names[i] = stage_name(report->stages[i]);
	return tap_stream_open(report->tap, &(tap_stream_about){settings_str(report->settings, "daemon.instance"), names, report->stage_count}, request, out);
}

static int show_history(void *arg, admin_request *request, buf *out)
{
	int64_t since = 0;
	if (query_number(admin_query(request), "since", 0, NUMBER_MAX, &since))
		return admin_refuse_param(out, "since", "at_ms of the last row that is known");
	history_render(((report *)arg)->history, since, out);
	buf_add_char(out, '\n');
	return OK;
}

static int show_articles(void *arg, admin_request *request, buf *out)
{
	int64_t since = 0;
	if (query_number(admin_query(request), "since", 0, NUMBER_MAX, &since))
		return admin_refuse_param(out, "since", "`next` of the answer before");
	recent_render(((report *)arg)->recent, (uint64_t)since, out);
	buf_add_char(out, '\n');
	return OK;
}

static int show_article(void *arg, admin_request *request, buf *out)
{
	int64_t seq = -1;
	if (query_number(admin_query(request), "seq", 0, NUMBER_MAX, &seq) || seq < 0)
		return admin_refuse_param(out, "seq", "a number that /articles has told");
	bool gone = recent_render_one(((report *)arg)->recent, (uint64_t)seq, out) != 0;
	buf_add_str(out, gone ? "{\"error\":\"it is not among the latest any more\"}\n" : "\n");
	return gone ? GONE : OK;
}

/* The status page. It changes with the program only. */
static int show_page(void *arg, admin_request *request, buf *out)
{
	const char *known = admin_header(request, "If-None-Match"), *codings = admin_header(request, "Accept-Encoding");
	(void)arg;
	admin_set_header(request, "Cache-Control", "no-cache");
	admin_set_header(request, "ETag", PAGE_TAG);
	admin_set_header(request, "Vary", "Accept-Encoding");
	admin_set_header(request, "Content-Security-Policy", PAGE_POLICY);
	admin_set_header(request, "Referrer-Policy", "no-referrer");
	if (known && strcmp(known, PAGE_TAG) == 0)
		return SAME;
	if (codings && strstr(codings, "gzip") && !strstr(codings, "gzip;q=0")) {
		admin_set_header(request, "Content-Encoding", "gzip");
		buf_add(out, page_gzip, sizeof page_gzip);
	} else {
		buf_add(out, page_plain, sizeof page_plain);
	}
	return OK;
}

const admin_route route_table[] = {
	{"/live", PLAIN, show_live},
	{"/ready", PLAIN, show_ready},
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", show_metrics},
	{"/status", "application/json", show_status},
	{"/history", "application/json", show_history},
	{"/articles", "application/json", show_articles},
	{"/article", "application/json", show_article},
	{"/tap", "application/x-ndjson", show_tap},
	{"/", "text/html; charset=utf-8", show_page},
};
const size_t route_count = sizeof route_table / sizeof *route_table;
