/* process.c - `millrace process`: the same stages, judge, index and epochs as the daemon, in one process, without Kafka and ZeroMQ.
 *
 * Files take the place of Kafka in (input.c), standard output that of Kafka out, stage_local.c that of the workers. What is printed is byte for byte what the
 * daemon would publish for the same records, except processed_at* and source_*. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/expect.h"
#include "cli/input.h"
#include "cli/stage_local.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/epoch.h"
#include "daemon/index_store.h"

const char process_help[] =
	"Usage: millrace process [--as json|text|html] [--state DIR] [--watches FILE] [--alerts FILE]\n"
	"                        [--expect FILE] [--quiet] FILE...|-\n\n"
	"Runs records through the stages and the index without Kafka. Prints article and duplicate records\n"
	"as JSON lines, in the order of the input; dead letters and what sink.filter keeps out are told on\n"
	"standard error and do not change the exit code.\n\n"
	"  --as FORM    json: a record a line; text, html: one document a file (its stem becomes feed_id).\n"
	"               Default by ending: .txt, .html, .htm, else json; .gz is unpacked\n"
	"  --state DIR  index kept in DIR over several runs; without it the index is empty and in memory\n"
	"  --watches F  file of watches (conf/watches.conf): what watch.file and the stage watch do\n"
	"  --alerts F   alerts go there as JSON lines; without it articles only name the watches they meet\n"
	"  --expect F   prints no records, but compares them: F has a JSON object a line with the feed_id\n"
	"               (or record: its number in the input, from 0) and page_index of one, its outcome\n"
	"               (published, duplicate, filtered, dead), and members with the values they must\n"
	"               have. What is not so is told, and the exit code is 1: a test of your configuration\n"
	"  --quiet      no progress bar\n";

#define BATCH 64                 /* records taken in before the stages work and an epoch is formed */
#define BAR 30

typedef struct processing {
	settings *settings;
	ledger *ledger;
	index_t *index;
	index_log *log;
	pipeline *pipeline;
	epochs *epochs;
	stage *stages[PIPELINE_STAGES_MAX];
	size_t stage_count;
	partition *partition;
	int64_t first_offset, next_offset;
	bool bar, failed;
	int64_t started_us, bar_us;
	size_t files, file;              /* for the progress bar */
	FILE *alerts;                    /* NULL: they are not written */
	expect *expect;                  /* NULL: records are printed */
} processing;

static int64_t clock_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t wall_ms(void *arg) { (void)arg; return clock_us(CLOCK_REALTIME) / 1000; }
static int64_t mono_us(void *arg) { (void)arg; return clock_us(CLOCK_MONOTONIC); }
static void on_pressure(void *arg, bool high) { (void)arg; (void)high; }         /* BATCH bounds what is in flight */

/* What is filtered leaves nothing else. */
static void on_outcome(void *arg, const item *it)
{
	const processing *self = arg;
	for (size_t i = 0; it->state == ITEM_DONE && i < it->part_count; i++)
		if (it->parts[i]->state != PART_FILTERED)
			continue;
		else if (self->expect)
			expect_nothing(self->expect, it->offset, (int64_t)i, EXPECT_FILTERED, filter_names[it->parts[i]->filtered]);
		else
			fprintf(stderr, "filtered: record %lld, article %zu: kept out by sink.filter (%s)\n", (long long)it->offset, i, filter_names[it->parts[i]->filtered]);
}

static void release(void *arg, void *message)
{
	input_record *r = message;
	(void)arg;
	input_record_free(&r);
}

/* ---- out ---- */

static void print_dead(const processing *self, const publish_message *m)
{
	const item *it = m->ticket;
	if (self->expect)
		expect_nothing(self->expect, it->offset, 0, EXPECT_DEAD, it->fault.code);
	else
		fprintf(stderr, "dead letter: record %lld: %s (%s): %s\n", (long long)it->offset, it->fault.code, it->fault.stage, it->fault.message);
}

static void write_line(processing *self, mr_bytes line, FILE *out)
{
	if (fwrite(line.data, 1, line.len, out) != line.len || putc('\n', out) == EOF)
		self->failed = true;
}

static bool write_batch(processing *self, const publish_batch *b)
{
	for (size_t i = 0; i < b->message_count; i++) {
		const publish_message *m = &b->messages[i];
		if (m->kind == PUBLISH_DEAD)
			print_dead(self, m);
		else if (m->kind == PUBLISH_ALERT && self->alerts)
			write_line(self, m->value, self->alerts);
		else if (m->kind == PUBLISH_ALERT)
			continue;
		else if (i && m->value.data == b->messages[i - 1].value.data)
			continue;                        /* the same record for another topic (sink.route) */
		else if (m->value.data && self->expect)
			expect_record(self->expect, ((const item *)m->ticket)->offset, m->kind == PUBLISH_DUPLICATE ? EXPECT_DUPLICATE : EXPECT_PUBLISHED, m->value);
		else if (m->value.data)
			write_line(self, m->value, stdout);
	}
	return !self->failed;
}

/* Standard output has no transaction: what is written counts as published. */
static void on_publish(void *arg, publish_batch *b)
{
	processing *self = arg;
	publish_result result = {.outcome = PUBLISH_COMMITTED, .epoch = b->epoch};
	if (self->log) {
		index_log_remove_before(self->log, b->keep_segment);
		result.segment = index_log_append(self->log, b->epoch, buf_bytes(&b->log_offsets), buf_bytes(&b->log_entries));
		if (!result.segment || index_log_sync(self->log) || !write_batch(self, b) || fflush(stdout) || index_log_mark(self->log, b->epoch))
			self->failed = true;
	} else {
		write_batch(self, b);
	}
	publish_batch_free(&b);
	epochs_answer(self->epochs, &result);
}

/* ---- work ---- */

static void show_bar(processing *self, const input *in, bool last)
{
	int64_t now = clock_us(CLOCK_MONOTONIC);
	if (!self->bar || (!last && now - self->bar_us < 100000))
		return;
	double part = in ? input_progress(in) : 1, done = (double)self->file + (part > 0 ? part : 0);
	double share = last ? 1 : self->files ? done / (double)self->files : 0, seconds = (double)(now - self->started_us) / 1e6;
	self->bar_us = now;
	fprintf(stderr, "\r[%-*.*s] %3.0f %%  %lld records  %.0f/s ", BAR, (int)(share * BAR), "##############################", share * 100, (long long)(self->next_offset - self->first_offset),
		(double)(self->next_offset - self->first_offset) / (seconds > 0.001 ? seconds : 0.001));
	if (last)
		fputc('\n', stderr);
}

static void work(processing *self)
{
	bool moved;
	do {
		moved = false;
		for (size_t i = 0; i < self->stage_count; i++)
			moved = stage_local_run(self->stages[i]) > 0 || moved;
		pipeline_settle(self->pipeline);
	} while (moved);
	while (epochs_poll(self->epochs, clock_us(CLOCK_MONOTONIC) / 1000, true))
		;
}

static int process_file(processing *self, const char *path, enum input_form form)
{
	buf errors = {0};
	bool failed = false;
	input *in = input_open(path, form, &errors);
	for (input_record *r; in && !self->failed && (r = input_next(in, &failed, &errors));) {
		r->source.topic = self->partition->topic;
		r->source.offset = self->next_offset++;
		pipeline_take(self->pipeline, self->partition, &r->source, r);
		if (ledger_count(self->ledger) >= BATCH || pipeline_is_high(self->pipeline))
			work(self);
		show_bar(self, in, false);
	}
	work(self);
	if (!in || failed)
		fprintf(stderr, "millrace process: %s", buf_bytes(&errors).data);
	failed = failed || !in;
	input_close(&in);
	buf_free(&errors);
	self->file++;
	return failed ? -1 : 0;
}

/* ---- parts ---- */

static int open_stages(processing *self, buf *errors)
{
	const char *const *names;
	size_t count = settings_list(self->settings, "pipeline.stages", &names);
	for (size_t i = 0; i < count; i++) {
		stage *s = stage_open(NULL, self->settings, names[i], NULL, pipeline_stage_hooks(self->pipeline), errors);
		if (!s)
			return -1;
		self->stages[self->stage_count++] = s;
		pipeline_add_stage(self->pipeline, s);
	}
	return 0;
}

/* An epoch in doubt was cut off by a crash before its lines were known to be out: its articles are not remembered, they may be printed again. */
static int open_state(processing *self, const char *folder, buf *errors)
{
	bool locked;
	if (!folder)
		return 0;
	if (!self->index) {
		buf_add_str(errors, "--state needs the stage dedup in pipeline.stages\n");
		return -1;
	}
	self->log = index_store_open(self->index, self->settings, folder, &locked, errors);
	return self->log && !index_store_resolve(self->index, self->log, false) ? 0 : -1;
}

static int open_parts(processing *self, const char *state, buf *errors)
{
	const char *const *topics;
	size_t topic_count = settings_list(self->settings, "intake.topics", &topics);
	self->ledger = ledger_new();
	self->index = index_store_new(self->settings);
	if (open_state(self, state, errors))
		return -1;
	self->pipeline = pipeline_new(self->settings, self->ledger, self->index, (pipeline_hooks){wall_ms, mono_us, release, on_pressure, on_outcome, self});
	self->epochs = epochs_new(self->settings, self->pipeline, self->ledger, self->index, self->log ? index_log_next_epoch(self->log) : 1, (epoch_hooks){on_publish, self});
	self->partition = ledger_assign(self->ledger, topic_count ? topics[0] : "articles.raw", 0);
	if (self->log)           /* records are numbered on from the last run: one that has the place of an earlier one would be taken for it */
		self->next_offset = self->first_offset = index_next_offset(self->index, index_topic(self->index, mr_bytes_of(self->partition->topic)), 0);
	return open_stages(self, errors);
}

static void close_parts(processing *self)
{
	if (self->pipeline)
		pipeline_drop(self->pipeline, NULL);
	for (size_t i = 0; i < self->stage_count; i++)
		stage_close(&self->stages[i]);
	index_log_close(&self->log);
	epochs_free(&self->epochs);
	pipeline_free(&self->pipeline);
	ledger_free(&self->ledger);
	index_free(&self->index);
	settings_free(&self->settings);
	expect_free(&self->expect);
}

static int form_of(const char *word)
{
	static const char *const words[] = {"auto", "json", "text", "html"};
	for (int i = 0; i < 4; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

typedef struct options {
	int form;
	const char *state, *watches, *alerts, *expect;
	bool quiet;
} options;

/* Options in front of the files. Returns the index of the first file; -1 after a complaint. */
static int read_options(int argc, char **argv, options *o)
{
	int i = 1;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		bool value = i + 1 < argc;
		if (strcmp(argv[i], "--quiet") == 0) {
			o->quiet = true;
		} else if (strcmp(argv[i], "--as") == 0 && value && (o->form = form_of(argv[i + 1])) >= 0) {
			i++;
		} else if (strcmp(argv[i], "--state") == 0 && value) {
			o->state = argv[++i];
		} else if (strcmp(argv[i], "--watches") == 0 && value) {
			o->watches = argv[++i];
		} else if (strcmp(argv[i], "--alerts") == 0 && value) {
			o->alerts = argv[++i];
		} else if (strcmp(argv[i], "--expect") == 0 && value) {
			o->expect = argv[++i];
		} else if (strcmp(argv[i], "--") == 0) {
			return i + 1;
		} else {
			cli_usage("process", "'%s' is no option, or its value is missing or wrong", argv[i]);
			return -1;
		}
	}
	return i;
}

static int open_alerts(processing *self, const char *path, buf *errors)
{
	if (path && !(self->alerts = fopen(path, "we")))
		buf_printf(errors, "%s: cannot write: %s\n", path, strerror(errno));
	return path && !self->alerts ? -1 : 0;
}

static int close_alerts(processing *self)
{
	int bad = self->alerts && fclose(self->alerts);
	self->alerts = NULL;
	return bad;
}

int process_main(int argc, char **argv)
{
	processing self = {0};
	buf errors = {0};
	options o = {.form = INPUT_AUTO};
	int code = EXIT_CLEAN, at = read_options(argc, argv, &o);
	if (at < 0)
		return EXIT_USAGE;
	if (at >= argc)
		return cli_usage("process", "no file is named (- for standard input)");
	if (!(self.settings = cli_settings_watching(o.watches)))
		return EXIT_CONFIG;
	if (o.alerts && !settings_has_stage(self.settings, "watch"))
		fprintf(stderr, "millrace process: no alerts: nothing is watched for (--watches FILE, or the stage watch in pipeline.stages)\n");
	self.bar = !o.quiet && isatty(STDERR_FILENO);
	self.files = (size_t)(argc - at);
	self.started_us = clock_us(CLOCK_MONOTONIC);
	if ((o.expect && !(self.expect = expect_read(o.expect, &errors))) || open_parts(&self, o.state, &errors) || open_alerts(&self, o.alerts, &errors)) {
		fprintf(stderr, "millrace process: %s", buf_bytes(&errors).data);
		code = EXIT_CONFIG;
	}
	for (; code != EXIT_CONFIG && at < argc && !self.failed; at++)
		if (process_file(&self, argv[at], (enum input_form)o.form))
			code = EXIT_FAILED;
	if (close_alerts(&self) || self.failed || fflush(stdout)) {
		code = cli_failed("process", "cannot write the results");
	} else if (code != EXIT_CONFIG) {
		show_bar(&self, NULL, true);
		if (self.expect && expect_tell(self.expect, stdout) && code == EXIT_CLEAN)
			code = EXIT_FAILED;
	}
	close_parts(&self);
	buf_free(&errors);
	return code;
}
