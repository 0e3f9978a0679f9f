/* ctl_show.c - see ctl.h: an answer of the daemon for people. It is read as a stranger's: whatever stands in it is cleaned before a terminal sees it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/ctl.h"
#include "cli/term.h"
#include "common/log.h"

static const char *text_of(const json_t *object, const char *name, char out[400])
{
	const char *text = json_string_value(json_object_get(object, name));
	return log_clean(out, 399, mr_bytes_of(text ? text : ""));
}

static json_int_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* "3 d 4 h", "2 h 5 min", "41 s" */
static char *span(json_int_t ms, char out[40])
{
	json_int_t s = ms / 1000;
	if (s >= 86400)
		snprintf(out, 40, "%" PRId64 " d %" PRId64 " h", (int64_t)(s / 86400), (int64_t)(s / 3600 % 24));
	else if (s >= 3600)
		snprintf(out, 40, "%" PRId64 " h %" PRId64 " min", (int64_t)(s / 3600), (int64_t)(s / 60 % 60));
	else if (s >= 60)
		snprintf(out, 40, "%" PRId64 " min %" PRId64 " s", (int64_t)(s / 60), (int64_t)(s % 60));
	else
		snprintf(out, 40, "%" PRId64 " s", (int64_t)s);
	return out;
}

static void show_stages(const json_t *stages, const term *out)
{
	static const table_column columns[] = {{"stage", 8, 0, 0, false}, {"ready", 5, 0, 0, true}, {"wanted", 6, 0, 0, true}, {"configured", 10, 0, 0, true},
					       {"of others", 9, 0, 0, true}, {"queued", 6, 0, 0, true}, {"lent", 6, 0, 0, true}, {"", 10, 0, 0, false}};
	table *t = table_new(columns, sizeof columns / sizeof *columns);
	const json_t *s;
	size_t i;
	char name[400];
	json_array_foreach(stages, i, s) {
		json_int_t ready = number_of(s, "ready"), wanted = number_of(s, "wanted");
		table_add(t, TERM_BOLD, "%s", text_of(s, "name", name));
		table_add(t, ready < wanted ? TERM_YELLOW : TERM_PLAIN, "%lld", (long long)ready);
		table_add(t, TERM_PLAIN, "%lld", (long long)wanted);
		table_add(t, TERM_PLAIN, "%lld", (long long)number_of(s, "configured"));
		table_add(t, TERM_PLAIN, "%lld", (long long)number_of(s, "others"));
		table_add(t, TERM_PLAIN, "%lld", (long long)number_of(s, "queued"));
		table_add(t, TERM_PLAIN, "%lld", (long long)number_of(s, "lent"));
		table_add(t, TERM_DIM, "%s%s%s", number_of(s, "old") ? "being replaced " : "", number_of(s, "leaving") ? "some leave " : "",
			  number_of(s, "waiting") ? "some do not start" : "");
	}
	if (table_rows(t))
		table_print(t, out);
	table_free(&t);
}

static void show_paused(const json_t *answer, const term *out)
{
	const json_t *list = json_object_get(answer, "paused"), *since = json_object_get(answer, "paused_since_ms");
	size_t i;
	json_t *one;
	char clean[400];
	if (!json_array_size(list))
		return;
	printf("%spaused by an operator:%s", term_code(out, TERM_YELLOW), term_code(out, TERM_PLAIN));
	json_array_foreach(list, i, one)
		printf(" %s", log_clean(clean, sizeof clean - 1, mr_bytes_of(json_string_value(one) ? json_string_value(one) : "")));
	if (json_is_integer(since)) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		printf(", for %s", span((json_int_t)now.tv_sec * 1000 - json_integer_value(since), clean));
	}
	printf(" (%lld partitions of this daemon)\n", (long long)number_of(answer, "partitions_paused"));
}

static void show_status(const json_t *answer)
{
	term out = term_of(stdout);
	char a[400], b[400], c[40];
	bool ready = json_is_true(json_object_get(answer, "ready"));
	printf("%s%s%s, millrace %s, pid %lld, up for %s\n", term_code(&out, TERM_BOLD), text_of(answer, "instance", a), term_code(&out, TERM_PLAIN), text_of(answer, "version", b),
	       (long long)number_of(answer, "pid"), span(number_of(answer, "uptime_ms"), c));
	printf("%s%s, %s%s%s%s\n", term_code(&out, ready ? TERM_GREEN : TERM_YELLOW), text_of(answer, "phase", a), ready ? "ready" : "not ready: ",
	       ready ? "" : text_of(answer, "reason", b), json_is_true(json_object_get(answer, "draining")) ? ", draining" : "", term_code(&out, TERM_PLAIN));
	show_paused(answer, &out);
	printf("%lld partitions, %lld records in flight, log level %s", (long long)number_of(answer, "partitions"), (long long)number_of(answer, "in_flight"),
	       text_of(answer, "log_level", a));
	if (strcmp(a, text_of(answer, "log_level_configured", b)) != 0)
		printf(" until the next reload (configured: %s)", b);
	putchar('\n');
	show_stages(json_object_get(answer, "stages"), &out);
}

static int show_error(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error"), *lines = json_object_get(error, "lines"), *line;
	const char *said = json_string_value(json_object_get(error, "text"));
	char code[400], clean[1025];
	size_t i;
	text_of(error, "code", code);
	cli_failed("ctl", "%s (%s)", log_clean(clean, sizeof clean - 1, mr_bytes_of(said ? said : "no reason given")), code);
	json_array_foreach(lines, i, line)
		fprintf(stderr, "  %s\n", log_clean(clean, sizeof clean - 1, mr_bytes_of(json_string_value(line) ? json_string_value(line) : "")));
	return strcmp(code, "refused") == 0 && !lines ? EXIT_NO_DAEMON : EXIT_FAILED;
}

static void show_done(const control_request *request, const json_t *answer)
{
	char text[1025], took[40];
	const char *said = json_string_value(json_object_get(answer, "text"));
	if (request->command == CONTROL_STATUS) {
		show_status(answer);
		return;
	}
	printf("%s\n", log_clean(text, sizeof text - 1, mr_bytes_of(said ? said : "")));
	if (json_is_true(json_object_get(answer, "finished")))
		printf("finished after %s\n", span(number_of(answer, "took_ms"), took));
}

int ctl_show(const control_request *request, mr_bytes line, bool json)
{
	json_error_t error;
	json_t *answer = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	int rc = EXIT_CLEAN;
	if (!json_is_object(answer) || !json_is_boolean(json_object_get(answer, "ok"))) {
		json_decref(answer);
		return cli_failed("ctl", "the answer is none of a millraced: %s", error.text);
	}
	bool done = json_is_true(json_object_get(answer, "ok"));
	if (json) {
		char *text = json_dumps(answer, JSON_COMPACT | JSON_ENSURE_ASCII);
		puts(text);
		free(text);
	}
	if (!done)
		rc = show_error(answer);
	else if (!json)
		show_done(request, answer);
	json_decref(answer);
	return rc;
}
