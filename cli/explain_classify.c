/* explain_classify.c - `millrace explain classify`: what the words of a text add to each label. See explain.h.
 *
 * The scorer judges as the stage does; scorer.h gives every contribution. A word gets the colour of the label that it pushes most towards, bold when the push is a
 * STRONG part of the largest one. Labels of the model that the taxonomy does not name are not shown. */
#include "explain.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/record_row.h"
#include "common/settings.h"
#include "common/taxonomy.h"
#include "workers/classify/classify_stage.h"
#include "workers/classify/scorer.h"
#include "workers/shipped.h"

#define TERMS 12
#define TERMS_MOST 1000
#define FAINT 0.03                       /* share of the largest push below which a word stays plain */
#define STRONG 0.35

struct options {
	const char *labels[MODEL_LABELS_MAX], *color, *file;
	size_t label_count, terms;
	bool json;
};

typedef struct explaining {
	const struct options *options;
	const term *out;
	model model;
	scorer *scorer;
	uint32_t labels[MODEL_LABELS_MAX];       /* that are shown, in the model */
	size_t label_count;
	scoring said;
	mr_bytes title, body;
	double *pushes[MODEL_LABELS_MAX];        /* by shown label, one a token */
	taxonomy names;                          /* what people call them; empty when there is no file */
} explaining;

static int read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value;
		if ((value = explain_value(argc, argv, &i, "--label"))) {
			if (o->label_count == MODEL_LABELS_MAX)
				return cli_usage("explain classify", "too many labels");
			o->labels[o->label_count++] = value;
		} else if ((value = explain_value(argc, argv, &i, "--terms"))) {
			char *end;
			o->terms = strtoul(value, &end, 10);
			if (*end || end == value || o->terms > TERMS_MOST)
				return cli_usage("explain classify", "--terms %.20s: a number up to %d", value, TERMS_MOST);
		} else if ((value = explain_value(argc, argv, &i, "--color"))) {
			o->color = value;
		} else if (strcmp(argv[i], "--json") == 0) {
			o->json = true;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			return cli_usage("explain classify", "unknown option or missing value: %.60s", argv[i]);
		} else if (o->file) {
			return cli_usage("explain classify", "one file at a time");
		} else {
			o->file = argv[i];
		}
	}
	return o->file ? EXIT_CLEAN : cli_usage("explain classify", "no file");
}

static int label_of(const model *m, const char *name)
{
	for (uint32_t l = 0; l < m->head.label_count; l++)
		if (strcmp(m->head.labels[l].name, name) == 0)
			return (int)l;
	return -1;
}

static int labels_choose(explaining *self, const settings *s)
{
	const char *const *names = self->options->labels;
	size_t count = self->options->label_count;
	bool asked = count > 0;
	if (!asked)
		count = settings_list(s, "classify.labels", &names);
	for (size_t i = 0; i < count && self->label_count < MODEL_LABELS_MAX; i++) {
		int label = label_of(&self->model, names[i]);
		if (label >= 0)
			self->labels[self->label_count++] = (uint32_t)label;
		else if (asked)
			return cli_usage("explain classify", "--label %.40s: the model has no such label", names[i]);
	}
	for (uint32_t l = 0; !asked && !self->label_count && l < self->model.head.label_count; l++)
		self->labels[self->label_count++] = l;           /* a model of another taxonomy: all it has */
	return EXIT_CLEAN;
}

static bool holds(const explaining *self, uint32_t label)
{
	for (uint32_t i = 0; i < self->said.label_count; i++)
		if (self->said.labels[i] == label)
			return true;
	return false;
}

static const char *name_of(const explaining *self, size_t i)
{
	return self->model.head.labels[self->labels[i]].name;
}

/* ... as people call it, or "". */
static const char *called(const explaining *self, size_t i)
{
	for (size_t k = 0; k < self->names.count; k++)
		if (strcmp(self->names.labels[k].label, name_of(self, i)) == 0 && self->names.labels[k].name)
			return self->names.labels[k].name;
	return "";
}

static void names_read(explaining *self, const settings *s)
{
	char shipped[SHIPPED_PATH_BYTES];
	const char *path = settings_str(s, "classify.taxonomy");
	buf errors = {0};
	if (taxonomy_read(&self->names, *path ? path : shipped_path("taxonomy.conf", shipped), &errors))
		taxonomy_free(&self->names);             /* names only; what is wrong with a file of one's own was told with the settings */
	buf_free(&errors);
}

static enum term_style style_of(size_t i)
{
	static const enum term_style styles[] = {TERM_GREEN, TERM_CYAN, TERM_YELLOW, TERM_RED};
	return styles[i % (sizeof styles / sizeof *styles)];
}

/* Number of the component within its label, from 1, and how many there are. */
static void component_place(const model_head *head, uint32_t component, uint32_t *place, uint32_t *of)
{
	*place = *of = 0;
	for (uint32_t c = 0; c < head->component_count; c++)
		if (head->components[c].label == head->components[component].label) {
			++*of;
			*place = c == component ? *of : *place;
		}
}

/* ---- text ---- */

static void print_labels(const explaining *self)
{
	static const table_column columns[] = {{.name = "label", .least = 8}, {.name = "", .least = 5}, {.name = "probability", .least = 11, .right = true}, {.name = "holds from", .least = 10, .right = true},
		{.name = "score", .least = 7, .right = true}, {.name = "bias", .least = 7, .right = true}, {.name = "component", .least = 9}};
	table *rows = table_new(columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < self->label_count; i++) {
		uint32_t l = self->labels[i], c = self->said.component[l], place, of;
		component_place(&self->model.head, c, &place, &of);
		bool yes = holds(self, l);
		table_add(rows, style_of(i), "%s", name_of(self, i));
		table_add(rows, yes ? TERM_BOLD : TERM_DIM, "%s", yes ? self->said.primary == (int)l ? "first" : "yes" : "no");
		table_add(rows, TERM_PLAIN, "%.4f", self->said.probability[l]);
		table_add(rows, TERM_DIM, self->model.head.single ? "-" : "%.4f", (double)self->model.head.labels[l].threshold);
		table_add(rows, TERM_PLAIN, "%+.3f", self->said.score[l]);
		table_add(rows, TERM_DIM, "%+.3f", (double)self->model.head.components[c].bias);
		table_add(rows, TERM_DIM, "%u of %u", place, of);
	}
	table_print(rows, self->out);
	table_free(&rows);
}

/* The label that a token pushes most towards, -1: none worth a colour. */
static int strongest(const explaining *self, size_t token, double largest, double *push)
{
	int best = -1;
	*push = FAINT * largest;
	for (size_t i = 0; i < self->label_count; i++)
		if (self->pushes[i][token] > *push) {
			*push = self->pushes[i][token];
			best = (int)i;
		}
	return best;
}

static void print_clean(const explaining *self, mr_bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		fputc(c == '\n' || (c >= ' ' && c != 0x7F) ? c : ' ', self->out->out);
	}
}

static void print_words(const explaining *self, bool title)
{
	const tokens *t = scorer_tokens(self->scorer);
	mr_bytes source = title ? self->title : self->body;
	double largest = 0;
	for (size_t i = 0; i < self->label_count; i++)
		for (size_t k = 0; k < t->count; k++)
			largest = fmax(largest, self->pushes[i][k]);
	size_t shown = 0;
	for (size_t k = title ? 0 : t->title_count; k < (title ? t->title_count : t->count); k++) {
		double push;
		int label = strongest(self, k, largest, &push);
		size_t start = t->at[k].start > shown ? t->at[k].start : shown, end = t->at[k].end > start ? t->at[k].end : start;
		print_clean(self, (mr_bytes){source.data + shown, start - shown});
		if (label >= 0)
			fprintf(self->out->out, "%s%s", term_code(self->out, style_of((size_t)label)), push > STRONG * largest ? term_code(self->out, TERM_BOLD) : "");
		print_clean(self, (mr_bytes){source.data + start, end - start});
		if (label >= 0)
			fputs(term_code(self->out, TERM_PLAIN), self->out->out);
		shown = end;
	}
	print_clean(self, (mr_bytes){source.data + shown, source.len - shown});
	fputc('\n', self->out->out);
}

static void print_terms(const explaining *self, size_t i)
{
	static const table_column columns[] = {{.name = "adds", .least = 8, .right = true}, {.name = "times", .least = 5, .right = true}, {.name = "where", .least = 5}, {.name = "term", .least = 20}};
	uint32_t component = self->said.component[self->labels[i]];
	gram_term *terms = mem_array(self->options->terms + 1, sizeof *terms);
	size_t count = scorer_grams(self->scorer, component, terms, self->options->terms);
	double rest = self->said.score[self->labels[i]] - (double)self->model.head.components[component].bias;
	table *rows = table_new(columns, sizeof columns / sizeof *columns);
	for (size_t k = 0; k < count; k++) {
		rest -= terms[k].contribution;
		table_add(rows, terms[k].contribution > 0 ? style_of(i) : TERM_DIM, "%+.4f", terms[k].contribution);
		table_add(rows, TERM_DIM, "%u", terms[k].times);
		table_add(rows, TERM_DIM, "%s", terms[k].title ? "title" : "text");
		table_add(rows, TERM_PLAIN, "%.*s", (int)terms[k].words.len, terms[k].words.data);
	}
	term_heading(self->out, "%s %s", name_of(self, i), called(self, i));
	table_print(rows, self->out);
	fprintf(self->out->out, "%+.4f  all other terms, %+.4f  bias: score %+.4f\n", rest, (double)self->model.head.components[component].bias, self->said.score[self->labels[i]]);
	table_free(&rows);
	free(terms);
}

static void print_text(const explaining *self)
{
	print_labels(self);
	fputc('\n', self->out->out);
	if (self->title.len)
		print_words(self, true);
	print_words(self, false);
	for (size_t i = 0; i < self->label_count; i++)
		print_terms(self, i);
}

/* ---- JSON ---- */

static json_t *label_json(const explaining *self, size_t i)
{
	uint32_t l = self->labels[i], c = self->said.component[l];
	gram_term *terms = mem_array(self->options->terms + 1, sizeof *terms);
	size_t count = scorer_grams(self->scorer, c, terms, self->options->terms);
	json_t *list = json_array();
	for (size_t k = 0; k < count; k++)
		json_array_append_new(list, json_pack("{s:s%,s:f,s:i,s:b}", "term", terms[k].words.data, terms[k].words.len, "adds", terms[k].contribution, "times", (int)terms[k].times, "title", (int)terms[k].title));
	free(terms);
	return json_pack("{s:s,s:b,s:f,s:f,s:f,s:f,s:i,s:o}", "label", name_of(self, i), "holds", (int)holds(self, l), "probability", self->said.probability[l], "threshold",
			 (double)self->model.head.labels[l].threshold, "score", self->said.score[l], "bias", (double)self->model.head.components[c].bias, "component", (int)c, "terms", list);
}

static json_t *words_json(const explaining *self)
{
	const tokens *t = scorer_tokens(self->scorer);
	json_t *list = json_array();
	for (size_t k = 0; k < t->count; k++) {
		bool title = k < t->title_count;
		mr_bytes source = title ? self->title : self->body;
		size_t length = t->at[k].end > t->at[k].start ? t->at[k].end - t->at[k].start : 0;
		json_t *adds = json_object();
		for (size_t i = 0; i < self->label_count; i++)
			json_object_set_new(adds, name_of(self, i), json_real(self->pushes[i][k]));
		json_array_append_new(list, json_pack("{s:s%,s:i,s:b,s:o}", "word", source.data + t->at[k].start, length, "start", (int)t->at[k].start, "title", (int)title, "adds", adds));
	}
	return list;
}

static void print_json(const explaining *self)
{
	json_t *labels = json_array(), *out = json_object();
	for (size_t i = 0; i < self->label_count; i++)
		json_array_append_new(labels, label_json(self, i));
	json_object_set_new(out, "primary_label", json_string(self->said.primary < 0 ? "none" : self->model.head.labels[self->said.primary].name));
	json_object_set_new(out, "labels", labels);
	json_object_set_new(out, "words", words_json(self));
	json_dumpf(out, self->out->out, JSON_REAL_PRECISION(9));
	fputc('\n', self->out->out);
	json_decref(out);
}

/* ---- one text ---- */

static void explain_one(explaining *self, mr_bytes title, mr_bytes body)
{
	self->title = title;
	self->body = body;
	scorer_read(self->scorer, title, body, &self->said);
	size_t count = scorer_tokens(self->scorer)->count;
	for (size_t i = 0; i < self->label_count; i++) {
		self->pushes[i] = mem_array(count + 1, sizeof **self->pushes);
		scorer_token_contributions(self->scorer, self->said.component[self->labels[i]], self->pushes[i]);
	}
	if (self->options->json)
		print_json(self);
	else
		print_text(self);
	for (size_t i = 0; i < self->label_count; i++)
		free(self->pushes[i]);
}

static void headline_add(const json_t *record, const char *name, buf *out)
{
	const json_t *value = json_object_get(record, name);
	if (!json_string_length(value))
		return;
	if (out->len)
		buf_add_char(out, '\n');
	buf_add(out, json_string_value(value), json_string_length(value));
}

/* A JSON line with its own member names; false: it is none. */
static bool explain_record(explaining *self, mr_bytes line)
{
	static const char *const heads[] = {"kicker", "title", "subtitle"};
	json_t *record = line.len && line.data[0] == '{' ? row_unwrap(json_loadb(line.data, line.len, 0, NULL)) : NULL;
	if (!json_is_object(record))
		return json_decref(record), false;
	buf title = {0};
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		headline_add(record, heads[i], &title);
	const json_t *body = json_object_get(record, "body");
	body = json_string_length(body) ? body : json_object_get(record, "text");
	explain_one(self, buf_bytes(&title), (mr_bytes){json_string_value(body), json_string_length(body)});
	buf_free(&title);
	json_decref(record);
	return true;
}

static int explain_file(explaining *self, mr_bytes bytes)
{
	if (!bytes.len || bytes.data[0] != '{') {
		const char *line = bytes.len ? memchr(bytes.data, '\n', bytes.len) : NULL;
		size_t title = line ? (size_t)(line - bytes.data) : 0, body = line ? title + 1 : 0;
		explain_one(self, (mr_bytes){bytes.data, title}, (mr_bytes){bytes.data + body, bytes.len - body});
		return EXIT_CLEAN;
	}
	for (size_t at = 0, number = 1; at < bytes.len; number++) {
		const char *end = memchr(bytes.data + at, '\n', bytes.len - at);
		size_t length = end ? (size_t)(end - bytes.data) - at : bytes.len - at;
		if (length && !explain_record(self, (mr_bytes){bytes.data + at, length}))
			return cli_failed("explain classify", "%s: line %zu is no JSON object", self->options->file, number);
		at += length + 1;
	}
	return EXIT_CLEAN;
}

int explain_classify(int argc, char **argv)
{
	struct options o = {.terms = TERMS};
	term out;
	int rc = read_options(argc, argv, &o);
	if (rc != EXIT_CLEAN)
		return rc;
	if (explain_term(o.color, &out) != 0)
		return cli_usage("explain classify", "--color=%.20s: always, never or auto", o.color);
	settings *s = cli_settings();
	if (!s)
		return EXIT_CONFIG;
	explaining self = {.options = &o, .out = &out};
	char shipped[SHIPPED_PATH_BYTES], error[256];
	const char *path = settings_str(s, "classify.model");
	buf bytes = {0};
	if (model_open(&self.model, *path ? path : shipped_path("models/topics.model", shipped), error) || classify_thresholds(&self.model, s, error)) {
		rc = cli_failed("explain classify", "%s", error);
	} else if ((rc = labels_choose(&self, s)) == EXIT_CLEAN) {
		names_read(&self, s);
		self.scorer = scorer_new(&self.model);
		rc = explain_read(o.file, &bytes) ? explain_file(&self, buf_bytes(&bytes)) : cli_failed("explain classify", "cannot read %s: %m", o.file);
		scorer_free(&self.scorer);
	}
	taxonomy_free(&self.names);
	model_close(&self.model);
	buf_free(&bytes);
	settings_free(&s);
	return rc;
}
