/* top.c - `millrace top`: a daemon, live on the terminal, over its admin port.
 *
 * One loop: a round of requests each interval (/status, then /articles, every ten seconds /history), none of which waits; keys; a frame when something has changed. An answer that fails
 * changes nothing but the head of the view, and the next round tries again: so a reload, a restart and a broken network look alike, and end by themselves. What is shown is made by top_view.c, what
 * is known is kept by top_data.c; the terminal is screen.c's. Without a terminal it prints everything once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/http.h"
#include "cli/keystrokes.h"
#include "cli/screen.h"
#include "cli/top_view.h"
#include "common/log.h"

const char top_help[] =
	"Usage: millrace top [--once] [--interval SECONDS] [--url ADDRESS]\n\n"
	"Shows a running daemon, live: whether it is ready and what is wrong, in words; what flows in and\n"
	"out, lag, what is in flight, latency, each over the last hour; stages with their queues and workers;\n"
	"partitions; labels; dead letters by reason; the latest articles. Waits for a daemon that is away.\n"
	"Keys: q quit, p hold the view, s another order, Tab and arrows another page, h help.\n\n"
	"  --once              everything once, as plain lines: also when there is no terminal to draw on\n"
	"  --interval SECONDS  between looks at the daemon (default 1)\n"
	"  --url ADDRESS       the admin port (default: as the configuration says), http://127.0.0.1:9180\n\n"
	"NO_COLOR (https://no-color.org) turns colours off.\n";

#define SILENCE_MS 3000                  /* an answer takes no longer */
#define HISTORY_MS 10000                 /* between looks at the history: its step */
#define PAGE_LINES 10

typedef struct options {
	const char *url;
	bool once;
	double interval;
} options;

enum question { ASK_STATUS, ASK_ARTICLES, ASK_HISTORY, ASK_NOTHING };

typedef struct topping {
	options options;
	http_place place;
	top_data *data;
	top_view view;
	http *get;                       /* NULL: nothing is asked */
	enum question question;
	int64_t next_ms, history_ms;     /* monotonic: of the next round, of the next look at the history */
	bool dirty;                      /* something to draw */
	int64_t drawn_s;                 /* wall clock second that was drawn */
	bool leave;
	char why[128];                   /* room for take_body */
} topping;

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

static int64_t wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

/* ---- asking ---- */

static void path_of(const topping *self, enum question question, char *out, size_t size)
{
	if (question == ASK_ARTICLES)
		snprintf(out, size, "/articles?since=%lld", (long long)self->data->since_seq);
	else if (question == ASK_HISTORY)
		snprintf(out, size, "/history?since=%lld", (long long)self->data->since_ms);
	else
		snprintf(out, size, "/status");
}

static void ask(topping *self, enum question question)
{
	char path[80];
	self->question = question;
	if (question == ASK_NOTHING)
		return;
	path_of(self, question, path, sizeof path);
	self->get = http_get(&self->place, path, SILENCE_MS);
}

/* What is wrong with the answer to /status; NULL: nothing. */
static const char *take_body(topping *self, enum question question, int code, mr_bytes body)
{
	if (code != 200 && question == ASK_STATUS) {
		const char *stop = body.len ? memchr(body.data, '\n', body.len) : NULL;
		char said[101];
		log_clean(said, sizeof said - 1, (mr_bytes){body.data, stop ? (size_t)(stop - body.data) : body.len});
		snprintf(self->why, sizeof self->why, "it answers %d: %s", code, said);
		return self->why;
	}
	if (question == ASK_STATUS)
		return top_data_status(self->data, body, wall_ms()) ? "its /status cannot be understood" : NULL;
	if (code == 200 && question == ASK_ARTICLES)     /* what these do not tell is missing, no more */
		top_data_articles(self->data, body);
	else if (code == 200)
		top_data_history(self->data, body);
	return NULL;
}

/* A question is answered, or will not be: the next one of the round, or its end. */
static void answered(topping *self, enum http_state state)
{
	enum question question = self->question, next = ASK_NOTHING;
	const char *why = state == HTTP_COMPLETE ? take_body(self, question, http_code(self->get), http_body(self->get)) : http_why(self->get);
	if (question == ASK_STATUS && why)
		top_data_lost(self->data, why, wall_ms());
	else if (question == ASK_STATUS)
		next = ASK_ARTICLES;
	else if (question == ASK_ARTICLES && mono_ms() >= self->history_ms)
		next = ASK_HISTORY;
	if (question == ASK_HISTORY)
		self->history_ms = mono_ms() + HISTORY_MS;
	http_end(&self->get);
	self->dirty = true;
	ask(self, next);
}

static void go_on(topping *self)
{
	if (!self->get && mono_ms() >= self->next_ms) {
		self->next_ms = mono_ms() + self->view.interval_ms;
		if (!self->view.paused)
			ask(self, ASK_STATUS);
	}
	while (self->get) {
		enum http_state state = http_go(self->get);
		if (state == HTTP_WAITING)
			return;
		answered(self, state);
	}
}

/* ---- keys ---- */

static void turn_page(topping *self, int by)
{
	self->view.page = (enum top_page)(((int)self->view.page + by + TOP_PAGES) % TOP_PAGES);
	self->view.scroll = 0;
	self->view.help = false;
}

static void scroll(topping *self, int by)
{
	self->view.scroll = by < 0 && self->view.scroll < -by ? 0 : self->view.scroll + by;
}

static void take_key(topping *self, int key)
{
	top_view *view = &self->view;
	switch (key) {
	case 'q': case 'Q': case 3: self->leave = true; break;
	case 'p': case ' ': view->paused = !view->paused; break;
	case 's': view->sort[view->page] = (view->sort[view->page] + 1) % 6; break;      /* 6: of two orders and of three */
	case 'h': case '?': view->help = !view->help; view->scroll = 0; break;
	case KEY_ESCAPE: view->help = false; break;
	case '\t': case KEY_RIGHT: case 'l': turn_page(self, 1); break;
	case KEY_BACK_TAB: case KEY_LEFT: turn_page(self, -1); break;
	case KEY_UP: case 'k': scroll(self, -1); break;
	case KEY_DOWN: case 'j': scroll(self, 1); break;
	case KEY_PAGE_UP: scroll(self, -PAGE_LINES); break;
	case KEY_PAGE_DOWN: scroll(self, PAGE_LINES); break;
	case KEY_HOME: view->scroll = 0; break;
	case KEY_END: scroll(self, 100000); break;
	default:
		if (key >= '1' && key < '1' + TOP_PAGES)
			turn_page(self, key - '1' - (int)view->page);
	}
	self->dirty = true;
}

static void take_keys(topping *self)
{
	int key;
	while ((key = screen_key()) != KEY_NONE && !self->leave) {
		self->leave = key < 0;
		if (key > 0)
			take_key(self, key);
	}
}

/* ---- drawing ---- */

static void draw(topping *self)
{
	int64_t now = wall_ms();
	if (!self->dirty && now / 1000 == self->drawn_s)         /* the clock in the foot, how long there was no answer */
		return;
	self->view.now_ms = now;
	screen_size(&self->view.width, &self->view.height);
	frame out = frame_of(self->view.width, self->view.colours);
	top_draw(self->data, &self->view, &out);
	screen_draw(&out);
	frame_free(&out);
	self->dirty = false;
	self->drawn_s = now / 1000;
}

static int run_live(topping *self)
{
	if (screen_open())
		return cli_failed("top", "cannot take over the terminal: %s", strerror(errno));
	self->dirty = true;
	while (!self->leave && !screen_ended()) {
		go_on(self);
		take_keys(self);
		if (screen_changed())
			self->dirty = true;
		draw(self);
		int64_t wait_ms = self->get ? http_wait_ms(self->get) : self->next_ms - mono_ms();
		screen_wait(self->get ? http_fd(self->get) : -1, self->get ? http_events(self->get) : 0, wait_ms > 1000 ? 1000 : (int)wait_ms);
	}
	screen_close();
	return EXIT_CLEAN;
}

/* ---- once ---- */

static int run_once(topping *self)
{
	static const enum question all[] = {ASK_STATUS, ASK_HISTORY, ASK_ARTICLES};
	const term term = term_of(stdout);
	buf body = {0};
	int rc = EXIT_CLEAN;
	for (size_t i = 0; i < sizeof all / sizeof *all && !rc; i++) {
		char path[80];
		path_of(self, all[i], path, sizeof path);
		int code = http_fetch(&self->place, path, SILENCE_MS, NULL, &body);
		const char *why = code ? take_body(self, all[i], code, buf_bytes(&body)) : buf_bytes(&body).data;
		if (why && all[i] == ASK_STATUS)
			rc = cli_failed("top", "nothing to see at %s: %s (is the daemon running? --config or --url says where)", self->place.host, why);
	}
	buf_free(&body);
	if (rc)
		return rc;
	self->view.width = term.width;
	self->view.height = 0;
	self->view.colours = term.colours;
	self->view.now_ms = wall_ms();
	frame out = frame_of(term.width, term.colours);
	top_draw(self->data, &self->view, &out);
	frame_print(&out, stdout);
	frame_free(&out);
	return EXIT_CLEAN;
}

/* ---- the command ---- */

static const arg top_options[] = {
	{"--once", ARG_FLAG, offsetof(options, once), 0, 0, "t"},
	{"--interval", ARG_REAL, offsetof(options, interval), 0.1, 3600, "t"},
	{"--url", ARG_TEXT, offsetof(options, url), 0, 0, "t"},
};

int top_main(int argc, char **argv)
{
	topping self = {.options = {.interval = 1}};
	const args args = {"top", top_options, sizeof top_options / sizeof *top_options, 't', &self.options, NULL};
	if (args_read(&args, argc, argv, 1))
		return EXIT_USAGE;
	int rc = http_place_find(&self.place, "top", self.options.url);
	if (rc)
		return rc;
	self.data = top_data_new();
	self.view = (top_view){.interval_ms = (int)(self.options.interval * 1000), .place = self.place.host, .colours = term_of(stdout).colours};
	rc = self.options.once || !screen_possible() ? run_once(&self) : run_live(&self);
	http_end(&self.get);
	top_data_free(&self.data);
	return rc;
}
