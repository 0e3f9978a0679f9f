/* supervisor.c - see supervisor.h. */
#include "supervisor.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/exit_codes.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/settings.h"
#include "common/watch_file.h"
#include "metrics.h"

#define FIRST_DELAY_MS 100
#define MOST_DELAY_MS 30000
#define CONFIG_DELAY_MS 60000
#define FORGIVEN_MS 10000                /* a life this long clears the record */
#define KILL_MS 1000                     /* from SIGTERM to SIGKILL for a worker that was given up */
#define RETIRE_MS 10000                  /* the same for one that is not wanted any more, has nothing to do and stays */
#define PROGRAM_MAX 4096
#define WATCHES "watches.conf"           /* in the folder of the sockets */
#define SNAPSHOT "workers.conf"          /* there, too */

enum child_state { CHILD_WAITING, CHILD_RUNNING, CHILD_STOPPING };

typedef struct child {
	struct pool *pool;
	struct child *next;
	enum child_state state;
	pid_t pid;                               /* RUNNING, STOPPING */
	bool old;                                /* from before the last roll: not started again */
	bool retired;                            /* not wanted any more */
	unsigned failures;                       /* in a row */
	int64_t started_ms;
	struct event *timer;                     /* WAITING: start; STOPPING: SIGKILL */
} child;

typedef struct pool {
	supervisor *owner;
	char stage[32];
	int metric;                              /* number of the stage in metrics */
	size_t configured, wanted;
	child *children;
} pool;

struct supervisor {
	struct event_base *base;
	struct metrics *metrics;
	supervisor_hooks hooks;
	struct event *on_child;
	char program[PROGRAM_MAX];
	char dir[256];                           /* of the sockets and the snapshot */
	pool pools[SETTINGS_STAGES_MAX];
	size_t pool_count;
	bool started, stopping;
};

static void balance(pool *self);

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_timer(child *c, unsigned ms)
{
	struct timeval delay = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
	event_add(c->timer, &delay);
}

/* ---- starting ---- */

static int spawn(child *c)
{
	supervisor *self = c->pool->owner;
	char endpoint[400], config[400], parent[32];
	snprintf(endpoint, sizeof endpoint, "ipc://%s/%s.sock", self->dir, c->pool->stage);
	snprintf(config, sizeof config, "%s/" SNAPSHOT, self->dir);
	snprintf(parent, sizeof parent, "%ld", (long)getpid());
	char *args[] = {self->program, "--stage", c->pool->stage, "--endpoint", endpoint, "--config", config, "--parent", parent, NULL};
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	int code = posix_spawn(&c->pid, self->program, &actions, &attributes, args, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return code;
}

static void wait_before_start(child *c, bool configuration)
{
	unsigned shift = c->failures < 16 ? c->failures : 16;
	unsigned delay = FIRST_DELAY_MS << shift;
	if (delay > MOST_DELAY_MS)
		delay = MOST_DELAY_MS;
	c->failures++;
	c->state = CHILD_WAITING;
	set_timer(c, configuration ? CONFIG_DELAY_MS : delay);
}

static void start(child *c)
{
	int code = spawn(c);
	c->started_ms = now_ms();
	if (code) {
		log_error("worker not started", "stage", "%s", c->pool->stage, "program", "%s", c->pool->owner->program, "reason", "%s", strerror(code));
		wait_before_start(c, code == ENOENT || code == EACCES);
		return;
	}
	c->state = CHILD_RUNNING;
	log_info("worker started", "stage", "%s", c->pool->stage, "pid", "%ld", (long)c->pid);
}

static void stop(child *c, unsigned kill_ms)
{
	if (c->state == CHILD_WAITING)
		return;
	kill(c->pid, SIGTERM);
	c->state = CHILD_STOPPING;
	set_timer(c, kill_ms);
}

/* Not wanted any more: asked to leave through its stage, which then lends it nothing more. */
static void dismiss(child *c)
{
	supervisor *self = c->pool->owner;
	c->retired = true;
	if (c->state == CHILD_RUNNING && self->hooks.dismiss && self->hooks.dismiss(self->hooks.arg, c->pool->stage, c->pid)) {
		c->state = CHILD_STOPPING;
		set_timer(c, RETIRE_MS);
	} else if (c->state == CHILD_RUNNING) {
		stop(c, RETIRE_MS);
	}
}

static bool may_go_on(const child *c)
{
	const supervisor *self = c->pool->owner;
	return c->retired && !self->stopping && self->hooks.busy && self->hooks.busy(self->hooks.arg, c->pool->stage, c->pid);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	child *c = arg;
	if (c->state == CHILD_WAITING) {
		if (c->failures && c->pool->owner->metrics)
			metrics_stage_add(c->pool->owner->metrics, METRIC_STAGE_RESTARTS, c->pool->metric, 1);
		start(c);
	} else if (c->state == CHILD_STOPPING && may_go_on(c)) {
		set_timer(c, RETIRE_MS);
	} else if (c->state == CHILD_STOPPING) {
		log_warn("worker did not leave, killed", "stage", "%s", c->pool->stage, "pid", "%ld", (long)c->pid);
		kill(c->pid, SIGKILL);
	}
}

static child *child_new(pool *self)
{
	child *c = mem_alloc(sizeof *c), **at = &self->children;
	c->pool = self;
	c->timer = event_new(self->owner->base, -1, 0, on_timer, c);
	while (*at)
		at = &(*at)->next;
	*at = c;
	return c;
}

static void child_free(child *c)
{
	child **at = &c->pool->children;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	event_free(c->timer);
	free(c);
}

/* Who is missed least: one that is not running, else the oldest, which a roll would replace first. NULL: nobody is left. */
static child *least_missed(const pool *self)
{
	child *first = NULL;
	for (child *c = self->children; c; c = c->next) {
		if (c->retired)
			continue;
		if (c->state == CHILD_WAITING)
			return c;
		first = first ? first : c;
	}
	return first;
}

/* Brings a pool to the number wanted: during a roll one above it, new ones first. */
static void balance(pool *self)
{
	size_t fresh = 0, total = 0;
	if (self->owner->stopping)
		return;
	for (child *c = self->children; c; c = c->next) {
		if (c->retired)
			continue;
		total++;
		fresh += !c->old;
	}
	for (; fresh < self->wanted && total < self->wanted + (total > fresh); fresh++, total++)
		start(child_new(self));
	while (total > self->wanted + (total > fresh)) {
		child *c = least_missed(self);
		total--;
		fresh -= !c->old;
		dismiss(c);
		if (c->state == CHILD_WAITING)
			child_free(c);
	}
}

/* ---- ending ---- */

static void ended(child *c, int status)
{
	pool *pool = c->pool;
	supervisor *self = pool->owner;
	long pid = c->pid;
	bool configuration = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG;
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char how[40];
	snprintf(how, sizeof how, WIFSIGNALED(status) ? "signal %d" : "exit %d", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	c->pid = 0;
	event_del(c->timer);
	if (configuration)
		log_error("a worker refuses its configuration; next try in a minute", "stage", "%s", pool->stage, "pid", "%ld", pid);
	else if (clean || c->state == CHILD_STOPPING)
		log_info("worker ended", "stage", "%s", pool->stage, "pid", "%ld", pid, "how", "%s", how);
	else
		log_warn("worker ended", "stage", "%s", pool->stage, "pid", "%ld", pid, "how", "%s", how);
	if (self->stopping || c->retired || c->old) {
		child_free(c);
		balance(pool);
	} else {
		bool forgiven = now_ms() - c->started_ms >= FORGIVEN_MS;
		c->failures = forgiven ? 0 : c->failures;
		if (clean && forgiven)
			start(c);
		else                             /* a program that ends at once is no worker, whatever it says */
			wait_before_start(c, configuration);
	}
	self->hooks.gone(self->hooks.arg, pool->stage, pid, how);
}

/* One ended child of a pool; what follows may change the list. */
static bool reap_one(pool *self)
{
	for (child *c = self->children; c; c = c->next) {
		int status;
		if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid) {
			ended(c, status);
			return true;
		}
	}
	return false;
}

static void reap(supervisor *self)
{
	for (size_t i = 0; i < self->pool_count; i++)
		while (reap_one(&self->pools[i]))
			;
}

static void on_child(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	reap(arg);
}

/* ---- the snapshot of the settings ---- */

/* A relative path of a file is one of our working folder by now; in the snapshot it would start at the snapshot's folder. */
static void write_path(const char *path, buf *out)
{
	char folder[4096];
	if (path[0] && path[0] != '/' && getcwd(folder, sizeof folder))
		buf_printf(out, "%s/", strcmp(folder, "/") == 0 ? "" : folder);
	buf_add_str(out, path);
}

static void write_value(const supervisor *self, const struct settings *conf, const option *o, bool watches, buf *out)
{
	const char *const *items;
	if (strcmp(o->name, "watch.file") == 0 && watches) {
		buf_printf(out, "%s/%s", self->dir, WATCHES);
		return;
	}
	switch (o->type) {
	case OPTION_PATH:
		write_path(settings_str(conf, o->name), out);
		break;
	case OPTION_LIST:
		for (size_t i = 0, n = settings_list(conf, o->name, &items); i < n; i++)
			buf_printf(out, "%s%s", i ? " " : "", items[i]);
		break;
	case OPTION_INT:
	case OPTION_BYTES:
	case OPTION_MS:
		buf_printf(out, "%lld", (long long)settings_int(conf, o->name));
		break;
	case OPTION_BOOL:
		buf_add_str(out, settings_bool(conf, o->name) ? "true" : "false");
		break;
	default:
		buf_add_str(out, settings_str(conf, o->name));
	}
}

static void write_settings(const supervisor *self, const struct settings *conf, bool watches, buf *out)
{
	size_t section_len = 0;
	const char *section = "";
	buf_add_str(out, "# Written by millraced for its workers at start and reload; not to be edited.\n");
	for (size_t i = 0; i < option_count; i++) {
		const option *o = &option_table[i];
		const char *dot = strchr(o->name, '.');
		size_t len = (size_t)(dot - o->name);
		if (len != section_len || memcmp(section, o->name, len)) {
			section = o->name;
			section_len = len;
			buf_printf(out, "[%.*s]\n", (int)len, section);
		}
		buf_printf(out, "%s = ", dot + 1);
		write_value(self, conf, o, watches, out);
		buf_add_char(out, '\n');
	}
}

static int write_beside(const supervisor *self, const char *name, mr_bytes text)
{
	char fresh[400];
	snprintf(fresh, sizeof fresh, "%s/%s.new", self->dir, name);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	bool good = fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len;
	if (fd >= 0 && close(fd))
		good = false;
	return good ? 0 : -1;
}

/* Whole or not at all: a worker may be reading it. */
static int put_in_place(const supervisor *self, const char *name)
{
	char path[400], fresh[400];
	snprintf(path, sizeof path, "%s/%s", self->dir, name);
	snprintf(fresh, sizeof fresh, "%s/%s.new", self->dir, name);
	return rename(fresh, path);
}

/* Without stages nobody will read it, and the folder, which comes with the sockets, is not there. A worker that dies and is started again gets the watches that are in force, whatever
 * has become of their file since. */
static int write_snapshot(const supervisor *self, const struct settings *conf, const buf *watches)
{
	buf text = {0};
	if (!self->pool_count)
		return 0;
	write_settings(self, conf, watches->len > 0, &text);
	bool bad = (watches->len && write_beside(self, WATCHES, buf_bytes(watches))) || write_beside(self, SNAPSHOT, buf_bytes(&text)) ||
		   (watches->len && put_in_place(self, WATCHES)) || put_in_place(self, SNAPSHOT);
	buf_free(&text);
	return bad ? -1 : 0;
}

static void log_notes(const buf *notes)
{
	char line[401];
	for (const char *at = buf_bytes(notes).data, *end; (end = strchr(at, '\n')); at = end + 1)
		log_warn("watches", "note", "%s", log_clean(line, sizeof line - 1, (mr_bytes){at, (size_t)(end - at)}));
}

int supervisor_prepare(supervisor *self, const struct settings *conf, buf *errors)
{
	buf notes = {0}, watches = {0};
	bool used = false;
	for (size_t i = 0; i < self->pool_count; i++)
		used = used || strcmp(self->pools[i].stage, "watch") == 0;
	watch_file *file = used ? watch_file_read(settings_str(conf, "watch.file"), errors) : NULL;
	int rc = used && (!file || watch_file_check(file, conf, errors, &notes)) ? -1 : 0;
	if (!rc && file) {
		buf_add_str(&watches, "# Written by millraced for its workers at start and reload; not to be edited.\n");
		watch_file_write(file, &watches);
	}
	if (!rc && write_snapshot(self, conf, &watches)) {
		buf_printf(errors, "%s/" SNAPSHOT ": cannot be written: %s\n", self->dir, strerror(errno));
		rc = -1;
	}
	if (!rc && file) {
		log_info("watches", "file", "%s", file->path, "watches", "%zu", file->count, "terms", "%zu", file->term_count);
		log_notes(&notes);
	}
	watch_file_free(&file);
	buf_free(&watches);
	buf_free(&notes);
	return rc;
}

/* ---- numbers ---- */

static pool *pool_of(supervisor *self, const char *stage, size_t len)
{
	for (size_t i = 0; i < self->pool_count; i++)
		if (strlen(self->pools[i].stage) == len && memcmp(self->pools[i].stage, stage, len) == 0)
			return &self->pools[i];
	return NULL;
}

static void read_numbers(supervisor *self, const struct settings *conf)
{
	const char *const *items;
	for (size_t i = 0; i < self->pool_count; i++)
		self->pools[i].configured = self->pools[i].wanted = 0;
	for (size_t i = 0, n = settings_list(conf, "workers.spawn", &items); i < n; i++) {
		const char *colon = strchr(items[i], ':');
		pool *p = pool_of(self, items[i], colon ? (size_t)(colon - items[i]) : strlen(items[i]));
		if (p)                                   /* stages outside of the pipeline need no workers */
			p->configured = p->wanted = colon ? (size_t)atoi(colon + 1) : 1;
	}
}

static void make_pools(supervisor *self, const struct settings *conf)
{
	const char *const *stages;
	for (size_t i = 0, n = settings_list(conf, "pipeline.stages", &stages); i < n && i < SETTINGS_STAGES_MAX; i++) {
		pool *p = &self->pools[self->pool_count++];
		p->owner = self;
		p->metric = self->metrics ? metrics_stage(self->metrics, stages[i]) : -1;
		snprintf(p->stage, sizeof p->stage, "%s", stages[i]);
	}
	read_numbers(self, conf);
}

/* The program given, else millrace-worker beside the running one. */
static void find_program(supervisor *self, const struct settings *conf)
{
	const char *given = settings_str(conf, "workers.program");
	ssize_t len = readlink("/proc/self/exe", self->program, PROGRAM_MAX - 32);
	while (len > 0 && self->program[len - 1] != '/')
		len--;
	if (*given)
		snprintf(self->program, PROGRAM_MAX, "%s", given);
	else
		memcpy(self->program + (len > 0 ? len : 0), "millrace-worker", sizeof "millrace-worker");
}

/* ---- the interface ---- */

supervisor *supervisor_new(struct event_base *base, const struct settings *conf, struct metrics *metrics, supervisor_hooks hooks, buf *errors)
{
	supervisor *self = mem_alloc(sizeof *self);
	self->base = base;
	self->metrics = metrics;
	self->hooks = hooks;
	snprintf(self->dir, sizeof self->dir, "%s", settings_runtime_dir(conf));
	find_program(self, conf);
	make_pools(self, conf);
	self->on_child = evsignal_new(base, SIGCHLD, on_child, self);
	if (!self->on_child || event_add(self->on_child, NULL))
		buf_printf(errors, "no event for SIGCHLD\n");
	else if (supervisor_prepare(self, conf, errors) == 0)
		return self;
	supervisor_free(&self);
	return NULL;
}

void supervisor_free(supervisor **self_p)
{
	supervisor *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->pool_count; i++) {
		while (self->pools[i].children) {
			child *c = self->pools[i].children;
			if (c->pid) {
				kill(c->pid, SIGKILL);
				waitpid(c->pid, NULL, 0);
			}
			child_free(c);
		}
	}
	if (self->on_child)
		event_free(self->on_child);
	free(self);
	*self_p = NULL;
}

void supervisor_start(supervisor *self)
{
	self->started = true;
	for (size_t i = 0; i < self->pool_count; i++)
		balance(&self->pools[i]);
}

void supervisor_reload(supervisor *self, const struct settings *conf)
{
	read_numbers(self, conf);
	if (self->started)
		supervisor_start(self);
}

/* The last roll is not over: one above the number wanted, it need not be waited for. The youngest, which is the likeliest not to work yet. */
static void retire_surplus(pool *self)
{
	child *youngest = NULL;
	size_t total = 0;
	for (child *c = self->children; c; c = c->next) {
		if (c->retired)
			continue;
		total++;
		if (c->state == CHILD_RUNNING)
			youngest = c;
	}
	if (total <= self->wanted || !youngest)
		return;
	dismiss(youngest);
}

static void roll(pool *self)
{
	retire_surplus(self);
	for (child *c = self->children; c; c = c->next)
		c->old = c->state == CHILD_RUNNING;      /* who only waits to be started will be a new one */
	balance(self);
}

void supervisor_roll(supervisor *self)
{
	for (size_t i = 0; i < self->pool_count; i++)
		roll(&self->pools[i]);
}

int supervisor_roll_stage(supervisor *self, const char *stage)
{
	pool *p = pool_of(self, stage, strlen(stage));
	if (!p)
		return -1;
	roll(p);
	return 0;
}

int supervisor_scale(supervisor *self, const char *stage, size_t number)
{
	pool *p = pool_of(self, stage, strlen(stage));
	if (!p)
		return -1;
	p->wanted = number;
	if (self->started)
		balance(p);
	return 0;
}

bool supervisor_pool_get(const supervisor *self, const char *stage, supervisor_pool *out)
{
	const pool *p = pool_of((supervisor *)self, stage, strlen(stage));
	if (!p)
		return false;
	*out = (supervisor_pool){.configured = p->configured, .wanted = p->wanted};
	for (const child *c = p->children; c; c = c->next) {
		bool there = c->state != CHILD_WAITING;
		out->leaving += c->retired;
		out->waiting += !c->retired && !there;
		out->running += !c->retired && there;
		out->old += !c->retired && there && c->old;
	}
	return true;
}

bool supervisor_owns(const supervisor *self, long pid)
{
	for (size_t i = 0; i < self->pool_count; i++)
		for (const child *c = self->pools[i].children; c; c = c->next)
			if (c->pid == pid && pid > 0)
				return !c->retired;
	return false;
}

bool supervisor_is_old(const supervisor *self, long pid)
{
	for (size_t i = 0; i < self->pool_count; i++)
		for (const child *c = self->pools[i].children; c; c = c->next)
			if (c->pid == pid && pid > 0)
				return c->old || c->retired;
	return false;
}

void supervisor_kill(supervisor *self, long pid)
{
	for (size_t i = 0; i < self->pool_count; i++)
		for (child *c = self->pools[i].children; c; c = c->next)
			if (c->pid == pid && pid > 0 && (c->state == CHILD_RUNNING || c->retired))
				stop(c, KILL_MS);
}

void supervisor_stop(supervisor *self, unsigned deadline_ms)
{
	self->stopping = true;
	for (size_t i = 0; i < self->pool_count; i++) {
		for (child *c = self->pools[i].children, *next; c; c = next) {
			next = c->next;
			if (c->state == CHILD_WAITING)
				child_free(c);
			else
				stop(c, deadline_ms);
		}
	}
}

size_t supervisor_running(const supervisor *self)
{
	size_t running = 0;
	for (size_t i = 0; i < self->pool_count; i++)
		for (const child *c = self->pools[i].children; c; c = c->next)
			running += c->pid != 0;
	return running;
}
