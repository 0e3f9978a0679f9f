/* routes.c - see routes.h. */
#include "routes.h"

#include <stdlib.h>

enum { OK = 200, FAILED = 500, UNAVAILABLE = 503 };

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

static int show_index(void *arg, admin_request *request, buf *out)
{
	(void)arg;
	(void)request;
	buf_printf(out, "millrace %s\n", MILLRACE_VERSION);
	for (size_t i = 0; i < route_count; i++)
		buf_printf(out, "%s\n", route_table[i].path);
	return OK;
}

const admin_route route_table[] = {
	{"/live", PLAIN, show_live},
	{"/ready", PLAIN, show_ready},
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", show_metrics},
	{"/status", "application/json", show_status},
	{"/", PLAIN, show_index},
};
const size_t route_count = sizeof route_table / sizeof *route_table;
