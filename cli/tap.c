/* tap.c - `millrace tap`: a live sample of records over the admin port.
 *
 * One connection to /tap at a time. When it is lost (a restart, a host that slept) it is opened again and again, with growing pauses; that it was lost stands on standard error, once. The first
 * connection must succeed: a wrong address is told at once. Standard output is written without stdio, so that Ctrl-C ends the command also while a pager behind a pipe takes nothing. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/http.h"
#include "cli/tap_show.h"
#include "common/log.h"

const char tap_help[] =
	"Usage: millrace tap [OPTION]...\n\n"
	"Shows records as they go by, live, until Ctrl-C: a sample of what the daemon publishes, withholds\n"
	"or gives up. It never slows the daemon: what is too much is left out, and that is told.\n\n"
	"  --stage STAGE     articles as they stand when this stage has answered, instead of records that\n"
	"                    have ended\n"
	"  --outcome WORD    published, revision, duplicate, filtered, dead or tombstone; with\n"
	"                    --stage: answered, refused or failed\n"
	"  --label LABEL     with this label (none: without any)\n"
	"  --source NAME     of this publication (source_name)\n"
	"  --where FIELD=TEXT\n"
	"                    whose field is TEXT; of a list: one of its texts\n"
	"  --where FIELD~TEXT\n"
	"                    whose field contains TEXT. Fields are those of the record (docs/record.md) and\n"
	"                    topic, partition, offset, code, message, by\n"
	"  --every N         one of N of those\n"
	"  --rate N          at most N a second (default 50, at most 1000)\n"
	"  --limit N         ends after N records\n"
	"  --json            one record a line, complete, with what was done around it\n"
	"  --url ADDRESS     the admin port (default: as the configuration says), http://127.0.0.1:9180\n\n"
	"Terminal codes and other characters that must not reach a terminal are shown as escapes.\n";

#define SILENCE_MS 15000                 /* three signs of life missed (TAP_BEAT_MS, daemon/tap.h) */
#define PAUSE_MS 250                     /* before the next try; doubled each time ... */
#define PAUSE_MOST_MS 2000
#define LINE_MAX_BYTES (8u << 20)        /* of one record, whatever the daemon says */

typedef struct options {
	const char *stage, *outcome, *label, *source, *where, *every, *rate, *url;
	uint32_t limit;                  /* 0: none */
	bool json;
} options;

typedef struct tapping {
	options options;
	http_place place;
	buf path, out;
	term term;
	uint32_t shown;
	bool heard, lost;                /* a connection has worked; it is lost and that was said */
	int pause_ms;
	int code;                        /* exit code, when `done` */
	bool done;
	char clean[301];                 /* room for what the other side says */
} tapping;

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void end(tapping *self, int code)
{
	self->done = true;
	self->code = code;
}

/* ---- out ---- */

static void flush(tapping *self)
{
	size_t done = 0;
	while (done < self->out.len && !stopped) {
		ssize_t n = write(STDOUT_FILENO, self->out.data + done, self->out.len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			poll(&(struct pollfd){STDOUT_FILENO, POLLOUT, 0}, 1, 250);
		else if (errno != EINTR) {
			end(self, cli_failed("tap", "cannot write the output: %s", strerror(errno)));
			break;
		}
	}
	buf_clear(&self->out);
}

/* The first line of what the other side says, fit for a terminal. */
static const char *clean(tapping *self, mr_bytes text)
{
	const char *stop = text.len ? memchr(text.data, '\n', text.len) : NULL;
	return log_clean(self->clean, sizeof self->clean - 1, (mr_bytes){text.data, stop ? (size_t)(stop - text.data) : text.len});
}

static void say_left_out(const tap_note *note)
{
	if (note->left_out)
		fprintf(stderr, "millrace tap: %lld record%s left out: more than --rate, or faster than they are taken here\n", note->left_out, note->left_out == 1 ? "" : "s");
	if (note->unseen)
		fprintf(stderr, "millrace tap: %lld record%s not looked at: looking may take only a small part of the daemon's time\n", note->unseen, note->unseen == 1 ? "" : "s");
}

static void take_line(tapping *self, mr_bytes line)
{
	tap_note note = {0};
	switch (tap_show(line, &self->term, self->options.json, &self->out, &note)) {
	case TAP_RECORD:
		if (++self->shown == self->options.limit)
			end(self, EXIT_CLEAN);
		break;
	case TAP_HELLO:
		fprintf(stderr, "millrace tap: listening %sto %s, %s\n", self->lost ? "again " : "", self->place.host, clean(self, mr_bytes_of(note.instance)));
		self->heard = true;
		self->lost = false;
		self->pause_ms = PAUSE_MS;
		break;
	case TAP_LEFT_OUT:
		flush(self);
		say_left_out(&note);
		break;
	case TAP_BEAT:
		break;
	case TAP_WRONG:
		if (self->heard)
			fprintf(stderr, "millrace tap: a line of %zu bytes cannot be understood\n", line.len);
		else
			end(self, cli_failed("tap", "%s is no admin port of Millrace: its /tap cannot be understood", self->place.host));
	}
}

static void take_lines(tapping *self, http *get)
{
	mr_bytes body = http_body(get);
	const char *at = body.data, *stop = at + body.len, *line_end;
	while (!self->done && !stopped && (line_end = memchr(at, '\n', (size_t)(stop - at)))) {
		take_line(self, (mr_bytes){at, (size_t)(line_end - at)});
		at = line_end + 1;
	}
	http_eat(get, (size_t)(at - body.data));
	if (stop - at > (ptrdiff_t)LINE_MAX_BYTES)
		end(self, cli_failed("tap", "the daemon sends a line without end"));
	flush(self);
}

/* ---- in ---- */

/* The daemon refuses: for good, or - when it has no room - for now. */
static void refused(tapping *self, http *get)
{
	const char *why = clean(self, http_body(get));
	int code = http_code(get);
	if (code == 400)
		end(self, cli_usage("tap", "%s", why));
	else if (code == 404)
		end(self, cli_failed("tap", "%s has no /tap: an older version?", self->place.host));
	else if (!self->heard)
		end(self, cli_failed("tap", "%s answers %d: %s", self->place.host, code, why));
}

static void lost(tapping *self, const char *why)
{
	if (!self->heard) {
		end(self, cli_failed("tap", "no answer from %s: %s (is the daemon running? --config or --url says where)", self->place.host, why));
		return;
	}
	if (!self->lost)
		fprintf(stderr, "millrace tap: %s has gone (%s), trying again\n", self->place.host, why);
	self->lost = true;
}

/* One connection, until it is over. */
static void listen_once(tapping *self)
{
	http *get = http_get(&self->place, buf_bytes(&self->path).data, SILENCE_MS);
	enum http_state state = HTTP_WAITING;
	while (!stopped && !self->done && state == HTTP_WAITING) {
		struct pollfd look = {http_fd(get), http_events(get), 0};
		poll(&look, 1, http_wait_ms(get) < 250 ? http_wait_ms(get) : 250);       /* 250: a signal that comes right before it */
		state = http_go(get);
		if (http_code(get) == 200)
			take_lines(self, get);
	}
	if (!stopped && !self->done && state == HTTP_COMPLETE && http_code(get) != 200)
		refused(self, get);
	if (!stopped && !self->done)
		lost(self, state == HTTP_COMPLETE ? "it ended" : http_why(get));
	http_end(&get);
}

static void pause_before_next(tapping *self)
{
	int64_t until = now_ms() + self->pause_ms;
	while (!stopped && now_ms() < until)
		poll(NULL, 0, 50);
	self->pause_ms = self->pause_ms * 2 < PAUSE_MOST_MS ? self->pause_ms * 2 : PAUSE_MOST_MS;
}

/* ---- the command ---- */

static const arg tap_options[] = {
	{"--stage", ARG_TEXT, offsetof(options, stage), 0, 0, "t"}, {"--outcome", ARG_TEXT, offsetof(options, outcome), 0, 0, "t"},
	{"--label", ARG_TEXT, offsetof(options, label), 0, 0, "t"}, {"--source", ARG_TEXT, offsetof(options, source), 0, 0, "t"},
	{"--where", ARG_TEXT, offsetof(options, where), 0, 0, "t"}, {"--every", ARG_TEXT, offsetof(options, every), 0, 0, "t"},
	{"--rate", ARG_TEXT, offsetof(options, rate), 0, 0, "t"},   {"--limit", ARG_UINT, offsetof(options, limit), 1, 4e9, "t"},
	{"--json", ARG_FLAG, offsetof(options, json), 0, 0, "t"},   {"--url", ARG_TEXT, offsetof(options, url), 0, 0, "t"},
};

static void make_path(tapping *self)
{
	const options *o = &self->options;
	const struct { const char *name, *value; } params[] = {{"stage", o->stage}, {"outcome", o->outcome}, {"label", o->label}, {"source", o->source},
							       {"where", o->where}, {"every", o->every},     {"rate", o->rate}};
	char before = '?';
	buf_add_str(&self->path, "/tap");
	for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
		if (!params[i].value)
			continue;
		buf_printf(&self->path, "%c%s=", before, params[i].name);
		http_add_escaped(&self->path, params[i].value);
		before = '&';
	}
}

static void take_signals(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		sigaction(ends[i], &action, NULL);
}

int tap_main(int argc, char **argv)
{
	tapping self = {.term = term_of(stdout), .pause_ms = PAUSE_MS};
	const args args = {"tap", tap_options, sizeof tap_options / sizeof *tap_options, 't', &self.options, NULL};
	if (args_read(&args, argc, argv, 1))
		return EXIT_USAGE;
	int rc = http_place_find(&self.place, "tap", self.options.url);
	if (rc)
		return rc;
	make_path(&self);
	take_signals();
	while (!stopped && !self.done) {
		listen_once(&self);
		if (!self.done)
			pause_before_next(&self);
	}
	buf_free(&self.path);
	buf_free(&self.out);
	return self.done ? self.code : EXIT_CLEAN;
}
