/* tap_show.c - see tap_show.h. Every value is taken for a stranger's: of any type, any length, with anything in it. */
#include "cli/tap_show.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/visible.h"
#include "common/utf8.h"

#define NAME_CELLS 14            /* of the names in the left column; the longest is organizations */
#define TEXT_BYTES 2000          /* of one value */

typedef struct block {
	const term *term;
	buf *out;
} block;

static const char *code(const block *b, enum term_style style)
{
	return term_code(b->term, style);
}

/* A string member; "" when there is none. */
static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static mr_bytes cut(const char *text)
{
	mr_bytes all = mr_bytes_of(text);
	if (all.len > TEXT_BYTES)
		all.len = utf8_prefix(all, TEXT_BYTES / 4);
	return all;
}

/* Lines wrapped to the terminal, each `indent` columns from the left; the first one goes on where `name` ends. */
static void add_wrapped(const block *b, const char *name, enum term_style style, mr_bytes text)
{
	int indent = name ? 2 + NAME_CELLS : 2;
	bool first = true;
	while (text.len) {
		size_t next, len = term_wrap(text, b->term->width - indent - 1, &next);
		if (name && first)
			buf_printf(b->out, "  %s%-*s%s", code(b, TERM_DIM), NAME_CELLS, name, code(b, TERM_PLAIN));
		else
			buf_printf(b->out, "%*s", indent, "");
		buf_add_str(b->out, style ? code(b, style) : "");
		buf_add(b->out, text.data, len);
		buf_printf(b->out, "%s\n", style ? code(b, TERM_PLAIN) : "");
		text = (mr_bytes){text.data + next, text.len - next};
		first = false;
	}
}

static void add_row(const block *b, const char *name, enum term_style style, const char *text)
{
	buf clean = {0};
	visible_add(&clean, cut(text));
	add_wrapped(b, name, style, buf_bytes(&clean));
	buf_free(&clean);
}

/* "a, b, c"; nothing for an empty list. */
static void add_list(const block *b, const char *name, const json_t *list)
{
	buf text = {0};
	size_t i;
	json_t *one;
	json_array_foreach(list, i, one)
		if (json_is_string(one) && text.len < TEXT_BYTES)
			buf_printf(&text, "%s%.200s", text.len ? ", " : "", json_string_value(one));
	if (text.len)
		add_row(b, name, TERM_PLAIN, text.data);
	buf_free(&text);
}

static enum term_style style_of(const char *outcome)
{
	static const struct {
		const char *outcome;
		enum term_style style;
	} styles[] = {{"published", TERM_GREEN}, {"answered", TERM_GREEN}, {"revision", TERM_CYAN}, {"duplicate", TERM_YELLOW},
		      {"dead", TERM_RED}, {"failed", TERM_RED}, {"refused", TERM_RED}, {"filtered", TERM_DIM}, {"tombstone", TERM_DIM}};
	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		if (strcmp(styles[i].outcome, outcome) == 0)
			return styles[i].style;
	return TERM_PLAIN;
}

/* "talent 0.98, science 0.71" */
static void add_labels(buf *out, const json_t *record)
{
	size_t i;
	json_t *label;
	json_array_foreach(json_object_get(record, "labels"), i, label) {
		char name[80];
		if (!json_is_string(label) || i >= 8)
			break;
		snprintf(name, sizeof name, "score_%.60s", json_string_value(label));
		buf_printf(out, "%s%.60s", i ? ", " : "", json_string_value(label));
		if (json_is_number(json_object_get(record, name)))
			buf_printf(out, " %.2f", json_number_value(json_object_get(record, name)));
	}
	if (!out->len)
		buf_printf(out, "%.60s", text_of(record, "primary_label"));
}

/* Time, stage, outcome, labels. */
static void add_head(const block *b, const json_t *line, const json_t *record)
{
	json_int_t at_ms = json_integer_value(json_object_get(line, "at_ms"));
	time_t seconds = (time_t)(at_ms / 1000);
	struct tm tm = {0};
	char time[16] = "--:--:--";
	const char *outcome = text_of(line, "outcome");
	buf text = {0}, labels = {0};
	if (localtime_r(&seconds, &tm))
		strftime(time, sizeof time, "%H:%M:%S", &tm);
	buf_printf(b->out, "%s%s.%03d%s  ", code(b, TERM_DIM), time, (int)(at_ms >= 0 ? at_ms % 1000 : 0), code(b, TERM_PLAIN));
	if (*text_of(line, "stage"))
		buf_printf(&text, "%.40s ", text_of(line, "stage"));
	buf_printf(&text, "%.40s", outcome);
	buf_add_str(b->out, code(b, style_of(outcome)));
	visible_add(b->out, buf_bytes(&text));
	buf_add_str(b->out, code(b, TERM_PLAIN));
	add_labels(&labels, record);
	if (labels.len) {
		buf_printf(b->out, "  %s", code(b, TERM_BOLD));
		visible_add(b->out, buf_bytes(&labels));
		buf_add_str(b->out, code(b, TERM_PLAIN));
	}
	buf_add_char(b->out, '\n');
	buf_free(&text);
	buf_free(&labels);
}

static void add_piece(buf *out, const char *text)
{
	if (*text)
		buf_printf(out, "%s%.200s", out->len ? "  " : "", text);
}

/* Who published it, when, in what language, how long. */
static void add_about(const block *b, const json_t *record)
{
	buf text = {0};
	json_t *characters = json_object_get(record, "characters"), *author = json_array_get(json_object_get(record, "authors"), 0);
	char language[80] = "", published[20] = "";
	snprintf(published, sizeof published, "%.16s", text_of(record, "published_at"));
	if (strlen(published) > 10)
		published[10] = ' ';
	snprintf(language, sizeof language, "%.20s%s%.10s", text_of(record, "language"), *text_of(record, "script") ? "-" : "", text_of(record, "script"));
	add_piece(&text, text_of(record, "source_name"));
	add_piece(&text, json_is_string(author) ? json_string_value(author) : "");
	add_piece(&text, published);
	add_piece(&text, language);
	if (json_is_integer(characters))
		buf_printf(&text, "%s%lld characters", text.len ? "  " : "", (long long)json_integer_value(characters));
	if (text.len)
		add_row(b, NULL, TERM_PLAIN, text.data);
	buf_free(&text);
}

static void add_copy(const block *b, const json_t *record)
{
	char text[160];
	json_t *similarity = json_object_get(record, "similarity");
	json_int_t revision = json_integer_value(json_object_get(record, "revision"));
	const char *of = text_of(record, "duplicate_of"), *kind = text_of(record, "duplicate_kind");
	char alike[24] = "";
	if (json_is_number(similarity))
		snprintf(alike, sizeof alike, " (%.2f alike)", json_number_value(similarity));
	snprintf(text, sizeof text, "%.20s copy of %.40s%s", kind, of, alike);
	if (*kind)
		add_row(b, "duplicate", TERM_YELLOW, text);
	snprintf(text, sizeof text, "%lld%s%.40s%s", (long long)revision, *of ? " of " : "", of, alike);
	if (revision > 0)
		add_row(b, "revision", TERM_CYAN, text);
}

static void add_fault(const block *b, const json_t *fault)
{
	char text[420];
	json_int_t attempts = json_integer_value(json_object_get(fault, "attempts"));
	if (!json_is_object(fault))
		return;
	snprintf(text, sizeof text, "%.40s at %.40s%s: %.300s", text_of(fault, "code"), text_of(fault, "stage"), attempts > 1 ? ", after several attempts" : "", text_of(fault, "message"));
	add_row(b, "why", TERM_RED, text);
}

static void add_place(const block *b, const json_t *line, const json_t *record)
{
	char text[420], page[64] = "";
	json_int_t pages = json_integer_value(json_object_get(record, "page_count"));
	if (pages > 1)
		snprintf(page, sizeof page, ", part %lld of %lld", (long long)json_integer_value(json_object_get(line, "page")) + 1, (long long)pages);
	snprintf(text, sizeof text, "%.249s partition %lld offset %lld%s, after %lld ms", text_of(line, "topic"), (long long)json_integer_value(json_object_get(line, "partition")),
		 (long long)json_integer_value(json_object_get(line, "offset")), page, (long long)json_integer_value(json_object_get(line, "ms")));
	add_row(b, "from", TERM_DIM, text);
}

static void add_block(const block *b, const json_t *line)
{
	const json_t *record = json_object_get(line, "record");
	const char *title = text_of(record, "title"), *url = text_of(record, "url");
	add_head(b, line, record);
	if (json_is_object(record))
		add_row(b, NULL, TERM_BOLD, *title ? title : "(no title)");
	add_about(b, record);
	add_row(b, "url", TERM_PLAIN, url);
	if (*text_of(line, "by")) {
		char why[80];
		snprintf(why, sizeof why, "sink.filter: %.40s", text_of(line, "by"));
		add_row(b, "why", TERM_PLAIN, why);
	}
	add_fault(b, json_object_get(line, "fault"));
	add_copy(b, record);
	add_row(b, "lead", TERM_PLAIN, text_of(record, "lead"));
	add_list(b, "watches", json_object_get(record, "watches"));
	add_list(b, "evidence", json_object_get(record, "evidence"));
	add_list(b, "persons", json_object_get(record, "persons"));
	add_list(b, "organizations", json_object_get(record, "organizations"));
	add_list(b, "places", json_object_get(record, "places"));
	add_list(b, "policies", json_object_get(record, "policies"));
	add_row(b, "id", TERM_DIM, text_of(record, "article_id"));
	add_place(b, line, record);
	buf_add_char(b->out, '\n');
}

static enum tap_line read_note(const json_t *line, tap_note *note)
{
	const json_t *hello = json_object_get(line, "tap");
	if (json_is_object(hello)) {
		snprintf(note->instance, sizeof note->instance, "%.60s", text_of(hello, "instance"));
		return TAP_HELLO;
	}
	if (json_is_integer(json_object_get(line, "left_out"))) {
		note->left_out = json_integer_value(json_object_get(line, "left_out"));
		note->unseen = json_integer_value(json_object_get(line, "unseen"));
		return TAP_LEFT_OUT;
	}
	if (json_object_get(line, "beat"))
		return TAP_BEAT;
	return json_is_string(json_object_get(line, "outcome")) ? TAP_RECORD : TAP_WRONG;
}

enum tap_line tap_show(mr_bytes text, const term *term, bool json, buf *out, tap_note *note)
{
	json_t *line = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	enum tap_line kind = json_is_object(line) ? read_note(line, note) : TAP_WRONG;
	if (kind == TAP_RECORD && json) {
		visible_add_json(out, text);
		buf_add_char(out, '\n');
	} else if (kind == TAP_RECORD) {
		add_block(&(block){term, out}, line);
	}
	json_decref(line);
	return kind;
}
