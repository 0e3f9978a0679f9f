/* explain_dedup.c - `millrace explain dedup`: records through the stages and the judge, in order; then what was found of the last one, and why.
 *
 * The verdicts are the judge's own: stages, index and edges work as in `millrace process`, but nothing is published, so every record stays in flight with
 * its text, its sketch and its verdict until it has been shown. Byte-equal repeats take the whole way, so that they have a sketch, too. */
#include "cli/explain_dedup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/input.h"
#include "cli/stage_local.h"
#include "common/mem.h"
#include "daemon/index_store.h"
#include "daemon/pipeline.h"

#define COMMAND "explain dedup"
#define RECORDS_MAX 20000        /* all of them stay in memory */

typedef struct looking {
	settings *settings;
	ledger *ledger;
	index_t *index;
	pipeline *pipeline;
	stage *stages[PIPELINE_STAGES_MAX];
	size_t stage_count;
	partition *partition;
	int64_t next_offset;
	compared *texts;
	size_t count;
} looking;

struct options {
	enum input_form form;
	const char *color;
	bool json;
	int first;               /* of the files */
};

static int64_t wall_ms(void *arg) { (void)arg; return 1; }       /* nothing here depends on it */
static int64_t mono_us(void *arg) { (void)arg; return 1; }
static void on_pressure(void *arg, bool high) { (void)arg; (void)high; }
static void on_outcome(void *arg, const item *it) { (void)arg; (void)it; }

static void release(void *arg, void *message)
{
	input_record *r = message;
	(void)arg;
	input_record_free(&r);
}

/* ---- options ---- */

static int read_form(const char *word, enum input_form *form)
{
	static const struct { const char *word; enum input_form form; } forms[] = {{"json", INPUT_JSON}, {"text", INPUT_TEXT}, {"html", INPUT_HTML}};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (strcmp(word, forms[i].word) == 0) {
			*form = forms[i].form;
			return EXIT_CLEAN;
		}
	return cli_usage(COMMAND, "--as %.20s: json, text or html", word);
}

static int read_options(int argc, char **argv, struct options *o)
{
	int i = 1, rc = EXIT_CLEAN;
	for (; i < argc && argv[i][0] == '-' && argv[i][1] && rc == EXIT_CLEAN; i++) {
		if (strcmp(argv[i], "--as") == 0 && i + 1 < argc)
			rc = read_form(argv[++i], &o->form);
		else if (strncmp(argv[i], "--as=", 5) == 0)
			rc = read_form(argv[i] + 5, &o->form);
		else if (strncmp(argv[i], "--color=", 8) == 0)
			o->color = argv[i] + 8;
		else if (strcmp(argv[i], "--json") == 0)
			o->json = true;
		else
			rc = cli_usage(COMMAND, "unknown option or missing value: %.60s", argv[i]);
	}
	o->first = i;
	return rc != EXIT_CLEAN || i < argc ? rc : cli_usage(COMMAND, "no file");
}

/* ---- the way to the judge ---- */

/* Up to dedup: what comes behind the judge does not change a verdict. */
static int open_parts(looking *self, buf *errors)
{
	const char *const *names;
	size_t count = settings_list(self->settings, "pipeline.stages", &names);
	self->index = index_store_new(self->settings);
	if (!self->index) {
		buf_add_str(errors, "pipeline.stages has no stage dedup\n");
		return -1;
	}
	self->ledger = ledger_new();
	self->pipeline = pipeline_new(self->settings, self->ledger, self->index, (pipeline_hooks){wall_ms, mono_us, release, on_pressure, on_outcome, self});
	judge_set_repeats(pipeline_judge(self->pipeline), false);
	pipeline_ignore_filter(self->pipeline, self->settings);
	self->partition = ledger_assign(self->ledger, "articles.raw", 0);
	for (size_t i = 0; i < count; i++) {
		stage *s = stage_open(NULL, self->settings, names[i], NULL, pipeline_stage_hooks(self->pipeline), errors);
		if (!s)
			return -1;
		self->stages[self->stage_count++] = s;
		pipeline_add_stage(self->pipeline, s);
		if (strcmp(names[i], "dedup") == 0)
			break;
	}
	return 0;
}

static void close_parts(looking *self)
{
	for (size_t i = 0; i < self->count; i++) {
		free(self->texts[i].id);
		free(self->texts[i].title);
		free(self->texts[i].source);
	}
	free(self->texts);
	if (self->pipeline)
		pipeline_drop(self->pipeline, NULL);
	for (size_t i = 0; i < self->stage_count; i++)
		stage_close(&self->stages[i]);
	pipeline_free(&self->pipeline);
	ledger_free(&self->ledger);
	index_free(&self->index);
	settings_free(&self->settings);
}

static void work(looking *self)
{
	bool moved;
	do {
		moved = false;
		for (size_t i = 0; i < self->stage_count; i++)
			moved = stage_local_run(self->stages[i]) > 0 || moved;
		pipeline_settle(self->pipeline);
	} while (moved);
}

static int take_file(looking *self, const char *path, enum input_form form)
{
	buf errors = {0};
	bool failed = false;
	int rc = EXIT_CLEAN;
	input *in = input_open(path, form, &errors);
	for (input_record *r; in && rc == EXIT_CLEAN && (r = input_next(in, &failed, &errors));) {
		r->source.topic = self->partition->topic;
		r->source.offset = self->next_offset++;
		pipeline_take(self->pipeline, self->partition, &r->source, r);
		work(self);
		if (self->next_offset > RECORDS_MAX)
			rc = cli_failed(COMMAND, "%s: more than %d records", path, RECORDS_MAX);
	}
	if (rc == EXIT_CLEAN && (!in || failed)) {
		fprintf(stderr, "millrace " COMMAND ": %s", buf_bytes(&errors).data);
		rc = EXIT_FAILED;
	}
	input_close(&in);
	buf_free(&errors);
	return rc;
}

/* ---- what came of it ---- */

static char *field_of(const part *p, const char *name)
{
	const char *const names[] = {name, NULL};
	mr_field field[1];
	buf scratch = {0};
	size_t n = article_fields(p->doc, names, field, &scratch);
	char *copy = n ? mem_copy(field[0].value.data, field[0].value.len) : mem_string("");
	buf_free(&scratch);
	return copy;
}

/* All texts that were judged, in order; a record that failed is told. */
static int collect(looking *self)
{
	int rc = EXIT_CLEAN;
	for (const item *it = self->partition->head; it; it = it->next) {
		if (it->state != ITEM_JUDGED && it->state != ITEM_DONE) {
			rc = cli_failed(COMMAND, "record %lld: %s: %s", (long long)it->offset, it->fault.code[0] ? it->fault.code : "tombstone", it->fault.message);
			continue;
		}
		for (size_t i = 0; i < it->part_count; i++) {
			const part *p = it->parts[i];
			self->texts = mem_grow(self->texts, self->count + 1, sizeof *self->texts);
			self->texts[self->count++] = (compared){p, field_of(p, "feed_id"), field_of(p, "title"), field_of(p, "source_name"), article_body(p->doc)};
		}
	}
	return rc;
}

/* What the last text is shown beside: what its verdict names, else what is most like it. */
static const compared *find_other(const looking *self)
{
	const compared *last = &self->texts[self->count - 1], *best = &self->texts[self->count - 2];
	double most = -1;
	for (size_t i = self->count - 1; i-- > 0;) {
		const compared *c = &self->texts[i];
		if (last->part->owner == c->part)
			return c;
		sketch_match m = sketch_compare(c->part->sketch, last->part->sketch);
		if (m.similarity >= most) {
			most = m.similarity;
			best = c;
		}
	}
	return best;
}

static const char *owner_id(const looking *self, const part *p)
{
	for (size_t i = 0; i < self->count && p->owner; i++)
		if (self->texts[i].part == p->owner)
			return self->texts[i].id;
	return "";
}

static void show_stream(const looking *self, const term *out)
{
	static const table_column columns[] = {{"record", 4, 24, 0, false}, {"verdict", 10, 0, 0, false}, {"of", 4, 24, 0, false}, {"like", 4, 0, 0, true}, {"left out", 3, 0, 90, true},
					       {"title", 16, 0, 0, false}};
	table *rows = table_new(columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < self->count; i++) {
		const compared *c = &self->texts[i];
		char verdict[64], alike[16] = "", left_out[16] = "";
		if (c->part->verdict.similarity >= 0)
			snprintf(alike, sizeof alike, "%.2f", c->part->verdict.similarity);
		if (c->part->left_out)
			snprintf(left_out, sizeof left_out, "%d", __builtin_popcount(c->part->left_out));
		table_add(rows, TERM_PLAIN, "%s", c->id);
		table_add(rows, c->part->state == PART_DUPLICATE ? TERM_YELLOW : TERM_GREEN, "%s", explain_verdict(c->part, verdict));
		table_add(rows, TERM_PLAIN, "%s", owner_id(self, c->part));
		table_add(rows, TERM_PLAIN, "%s", alike);
		table_add(rows, TERM_DIM, "%s", left_out);
		table_add(rows, TERM_PLAIN, "%s", c->title);
	}
	table_print(rows, out);
	table_free(&rows);
}

static int show(looking *self, const struct options *o, const term *out)
{
	int rc = collect(self);
	if (self->count < 2)
		return rc != EXIT_CLEAN ? rc : cli_failed(COMMAND, "nothing to compare: two texts are needed, there is %s", self->count ? "one" : "none");
	const compared *later = &self->texts[self->count - 1], *earlier = find_other(self);
	if (o->json) {
		explain_pair_json(earlier, later);
		return rc;
	}
	if (self->count > 2)
		show_stream(self, out);
	explain_pair(out, earlier, later);
	return rc;
}

int explain_dedup(int argc, char **argv)
{
	looking self = {0};
	struct options o = {.form = INPUT_AUTO};
	buf errors = {0};
	term out;
	int rc = read_options(argc, argv, &o);
	if (rc != EXIT_CLEAN)
		return rc;
	if (explain_term(o.color, &out) != 0)
		return cli_usage(COMMAND, "--color=%.20s: always, never or auto", o.color);
	if (!(self.settings = cli_settings()))
		return EXIT_CONFIG;
	if (open_parts(&self, &errors)) {
		fprintf(stderr, "millrace " COMMAND ": %s", buf_bytes(&errors).data);
		rc = EXIT_CONFIG;
	}
	for (int i = o.first; i < argc && rc == EXIT_CLEAN; i++)
		rc = take_file(&self, argv[i], o.form);
	if (rc == EXIT_CLEAN)
		rc = show(&self, &o, &out);
	close_parts(&self);
	buf_free(&errors);
	return rc;
}
