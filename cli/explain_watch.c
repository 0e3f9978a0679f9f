/* explain_watch.c - `millrace explain watch`: which watches a text meets, what was found where, and why the others do not. See explain.h.
 *
 * The set looks as the stage does. Records that `millrace process` printed bring names and labels along; a plain text has neither, so watches that ask for them say no. */
#include "explain.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/record_row.h"
#include "common/settings.h"
#include "workers/watch/excerpt.h"
#include "workers/watch/watch_set.h"
#include "workers/watch/watch_stage.h"

#define HITS_MAX 200                     /* of a watch */

struct options {
	const char *watches, *color, *file;
	bool all, json;
};

typedef struct explaining {
	const struct options *options;
	const term *out;
	watch_set *set;
} explaining;

static int read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value;
		if ((value = explain_value(argc, argv, &i, "--watches")))
			o->watches = value;
		else if ((value = explain_value(argc, argv, &i, "--color")))
			o->color = value;
		else if (strcmp(argv[i], "--all") == 0)
			o->all = true;
		else if (strcmp(argv[i], "--json") == 0)
			o->json = true;
		else if (argv[i][0] == '-' && argv[i][1])
			return cli_usage("explain watch", "unknown option or missing value: %.60s", argv[i]);
		else if (o->file)
			return cli_usage("explain watch", "one file at a time");
		else
			o->file = argv[i];
	}
	return o->file ? EXIT_CLEAN : cli_usage("explain watch", "no file");
}

/* ---- what is shown ---- */

static const char *reason_text(enum watch_reason reason)
{
	static const char *const texts[] = {
		[WATCH_MET] = "met", [WATCH_OFF] = "switched off (enabled = false)", [WATCH_NO_ANY] = "too few terms of `any`", [WATCH_NO_ALL] = "not all terms of `all`",
		[WATCH_NO_ALSO] = "no term of a line `also`", [WATCH_FOUND_NOT] = "a term of `not` was found", [WATCH_NO_NAME] = "none of the persons, places, organizations or policies",
		[WATCH_NO_LABEL] = "none of the labels", [WATCH_HAS_NOT_LABEL] = "a label of `not_labels`", [WATCH_NO_SOURCE] = "another source",
		[WATCH_HAS_NOT_SOURCE] = "a source of `not_sources`", [WATCH_NO_LANGUAGE] = "another language",
	};
	return texts[reason];
}

static const char *list_text(const watch_hit *hit)
{
	return hit->list == WATCH_LISTS ? "also" : watch_list_name(hit->list);
}

/* The excerpt with what was found in colour. */
static void print_excerpt(const explaining *self, const watch_hit *hit)
{
	buf excerpt = {0}, text = {0};
	excerpt_add(hit->source, hit->from, hit->to, &excerpt);
	excerpt_add_text(hit->source, hit->from, hit->to, &text);
	mr_bytes all = buf_bytes(&excerpt);
	const char *at = text.len ? memmem(all.data, all.len, text.data, text.len) : NULL;
	size_t before = at ? (size_t)(at - all.data) : all.len, found = at ? text.len : 0;
	term_print(self->out, (mr_bytes){all.data, before});
	fputs(term_code(self->out, hit->list == WATCH_NOT ? TERM_RED : TERM_GREEN), self->out->out);
	term_print(self->out, (mr_bytes){all.data + before, found});
	fputs(term_code(self->out, TERM_PLAIN), self->out->out);
	term_print(self->out, (mr_bytes){all.data + before + found, all.len - before - found});
	fputc('\n', self->out->out);
	buf_free(&excerpt);
	buf_free(&text);
}

static void print_hits(const explaining *self, const watch_hit *hits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fprintf(self->out->out, "  %s%s%s ", term_code(self->out, TERM_DIM), list_text(&hits[i]), term_code(self->out, TERM_PLAIN));
		buf shown = {0};
		watch_term_show(hits[i].term, &shown);
		term_print(self->out, buf_bytes(&shown));
		buf_free(&shown);
		fprintf(self->out->out, "  %s%s%s", term_code(self->out, TERM_DIM), hits[i].field, term_code(self->out, TERM_PLAIN));
		if (hits[i].count > 1)
			fprintf(self->out->out, ", %u times", hits[i].count);
		fputs("\n      ", self->out->out);
		print_excerpt(self, &hits[i]);
	}
}

static void print_rule(const explaining *self, size_t number)
{
	watch_hit hits[HITS_MAX];
	const watch_rule *rule = &watch_set_file(self->set)->rules[number];
	enum watch_reason reason = watch_set_reason(self->set, number);
	size_t count = watch_set_hits(self->set, number, true, hits, HITS_MAX);
	if (!count && reason != WATCH_MET && !self->options->all)
		return;
	fprintf(self->out->out, "\n%s[%s]%s ", term_code(self->out, TERM_BOLD), rule->id, term_code(self->out, TERM_PLAIN));
	if (rule->name) {
		term_print(self->out, mr_bytes_of(rule->name));
		fputc(' ', self->out->out);
	}
	fprintf(self->out->out, "%s%s%s%s\n", term_code(self->out, reason == WATCH_MET ? TERM_GREEN : TERM_YELLOW), reason == WATCH_MET ? "" : "not met: ", reason_text(reason),
	        term_code(self->out, TERM_PLAIN));
	print_hits(self, hits, count);
}

static void print_json(const explaining *self, size_t met)
{
	buf blob = {0};
	watch_blob(self->set, &blob);
	json_t *out = json_object(), *others = json_array(), *alerts = json_loadb(blob.data, blob.len, 0, NULL);
	for (size_t i = 0; i < watch_set_file(self->set)->count; i++)
		if (watch_set_reason(self->set, i) != WATCH_MET)
			json_array_append_new(others, json_pack("{s:s,s:s}", "watch", watch_set_file(self->set)->rules[i].id, "reason", reason_text(watch_set_reason(self->set, i))));
	json_object_set_new(out, "met", json_integer((json_int_t)met));
	json_object_set_new(out, "watches", alerts ? alerts : json_array());
	json_object_set_new(out, "not_met", others);
	json_dumpf(out, self->out->out, 0);
	fputc('\n', self->out->out);
	json_decref(out);
	buf_free(&blob);
}

static void explain_one(const explaining *self, const watch_article *article)
{
	size_t met = watch_set_look(self->set, article), count = watch_set_file(self->set)->count;
	if (self->options->json) {
		print_json(self, met);
		return;
	}
	mr_bytes title = article->parts[PART_TITLE];
	fputs(term_code(self->out, TERM_BOLD), self->out->out);
	term_print(self->out, title.len ? title : mr_bytes_of("(no title)"));
	fprintf(self->out->out, "%s\n%zu of %zu watches met%s\n", term_code(self->out, TERM_PLAIN), met, count,
	        watch_set_was_whole(self->set) ? "" : "; the text has too many places to look at, its end was left out");
	for (size_t i = 0; i < count; i++)
		print_rule(self, i);
	fputc('\n', self->out->out);
}

/* ---- what is read ---- */

static mr_bytes member(const json_t *record, const char *name)
{
	const json_t *value = json_object_get(record, name);
	return json_is_string(value) ? (mr_bytes){json_string_value(value), json_string_length(value)} : (mr_bytes){NULL, 0};
}

static mr_bytes joined(const json_t *record, const char *name, buf *out)
{
	const json_t *list = json_object_get(record, name);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		if (i)
			buf_add_char(out, '\n');
		buf_add(out, json_string_length(item) ? json_string_value(item) : "", json_string_length(item));
	}
	return buf_bytes(out);
}

static bool explain_record(const explaining *self, mr_bytes line)
{
	static const char *const lists[] = {"persons", "places", "organizations", "policies", "labels"};
	json_t *record = line.data[0] == '{' ? row_unwrap(json_loadb(line.data, line.len, 0, NULL)) : NULL;
	buf texts[5] = {{0}};
	if (!json_is_object(record))
		return json_decref(record), false;
	watch_article article = {.parts = {member(record, "kicker"), member(record, "title"), member(record, "subtitle"), member(record, "body")},
		.source = member(record, "source_name"), .language = member(record, "language")};
	if (!article.parts[PART_BODY].len)
		article.parts[PART_BODY] = member(record, "text");
	if (!article.source.len)
		article.source = member(record, "source");
	for (int i = 0; i < 5; i++)
		*(i < 4 ? &article.names[i] : &article.labels) = joined(record, lists[i], &texts[i]);
	explain_one(self, &article);
	for (int i = 0; i < 5; i++)
		buf_free(&texts[i]);
	json_decref(record);
	return true;
}

static int explain_file(const explaining *self, mr_bytes bytes)
{
	if (!bytes.len || bytes.data[0] != '{') {
		const char *line = bytes.len ? memchr(bytes.data, '\n', bytes.len) : NULL;
		size_t title = line ? (size_t)(line - bytes.data) : 0, body = line ? title + 1 : 0;
		explain_one(self, &(watch_article){.parts[PART_TITLE] = {bytes.data, title}, .parts[PART_BODY] = {bytes.data + body, bytes.len - body}});
		return EXIT_CLEAN;
	}
	for (size_t at = 0, number = 1; at < bytes.len; number++) {
		const char *end = memchr(bytes.data + at, '\n', bytes.len - at);
		size_t length = end ? (size_t)(end - bytes.data) - at : bytes.len - at;
		if (length && !explain_record(self, (mr_bytes){bytes.data + at, length}))
			return cli_failed("explain watch", "%s: line %zu is no JSON object", self->options->file, number);
		at += length + 1;
	}
	return EXIT_CLEAN;
}

/* Names and labels come with the records, so the pipeline is taken for a whole one: what a list of names means does not depend on extract.tagger here. */
static watch_set *open_set(const char *path, const settings *s)
{
	buf errors = {0}, notes = {0};
	char error[256];
	watch_file *file = watch_file_read(path, &errors);
	if (file && watch_file_check(file, s, &errors, &notes))
		watch_file_free(&file);
	watch_set *set = file ? watch_set_new(file, s, error) : NULL;
	fputs(buf_bytes(&errors).data, stderr);
	fputs(buf_bytes(&notes).data, stderr);
	if (file && !set)
		fprintf(stderr, "millrace explain watch: %s\n", error);
	buf_free(&errors);
	buf_free(&notes);
	return set;
}

int explain_watch(int argc, char **argv)
{
	struct options o = {0};
	term out;
	buf bytes = {0};
	int rc = read_options(argc, argv, &o);
	if (rc != EXIT_CLEAN)
		return rc;
	if (explain_term(o.color, &out) != 0)
		return cli_usage("explain watch", "--color=%.20s: always, never or auto", o.color);
	settings *s = cli_settings();
	if (!s)
		return EXIT_CONFIG;
	const char *path = o.watches ? o.watches : settings_str(s, "watch.file");
	explaining self = {.options = &o, .out = &out};
	if (!*path)
		rc = cli_usage("explain watch", "no file of watches: --watches FILE, or watch.file in the configuration");
	else if (!(self.set = open_set(path, s)))
		rc = EXIT_CONFIG;
	else
		rc = explain_read(o.file, &bytes) ? explain_file(&self, buf_bytes(&bytes)) : cli_failed("explain watch", "cannot read %s: %m", o.file);
	watch_set_free(&self.set);
	buf_free(&bytes);
	settings_free(&s);
	return rc;
}
