/* watch_file.c - see watch_file.h. */
#include "watch_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ini.h"
#include "log.h"
#include "mem.h"
#include "nearest.h"
#include "settings.h"
#include "utf8.h"

#define NAME_BYTES 200                   /* of `name` */
#define NOTE_BYTES 1000                  /* of `note` */
#define ID_BYTES 64
#define AT_LEAST_MAX 100

static const char *const list_names[WATCH_LISTS] = {
	[WATCH_ANY] = "any", [WATCH_ALL] = "all", [WATCH_NOT] = "not", [WATCH_PERSONS] = "persons", [WATCH_PLACES] = "places",
	[WATCH_ORGANIZATIONS] = "organizations", [WATCH_POLICIES] = "policies", [WATCH_LABELS] = "labels", [WATCH_NOT_LABELS] = "not_labels",
	[WATCH_SOURCES] = "sources", [WATCH_NOT_SOURCES] = "not_sources", [WATCH_LANGUAGES] = "languages",
};

static const char *const other_keys[] = {"name", "note", "enabled", "title_only", "at_least", "also", "also_or"};
enum { OTHER_KEYS = sizeof other_keys / sizeof *other_keys };

typedef struct reading {
	watch_file *self;
	buf *errors;
	const char *folder;              /* NULL: no files of terms */
	int bad;
	int section_bad;                 /* `bad` when the section at hand began */
	int line;                        /* of the entry at hand */
	bool skip;                       /* the section at hand was told to be wrong */
	unsigned set;                    /* bits of other_keys that the section has set */
} reading;

const char *watch_list_name(enum watch_list list)
{
	return list_names[list];
}

static void complain(reading *at, ini_place place, const char *format, ...) MR_PRINTF(3, 4);

static void complain(reading *at, ini_place place, const char *format, ...)
{
	char what[400], clean[401];
	va_list args;
	if (++at->bad > WATCH_MISTAKES_MAX)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	buf_printf(at->errors, "%s:%d: %s\n", place.file, place.line, log_clean(clean, sizeof clean - 1, mr_bytes_of(what)));
}

static watch_rule *current(reading *at)
{
	return &at->self->rules[at->self->count - 1];
}

/* ---- terms ---- */

/* A mark of punctuation at the front of `text`: its bytes; 0: another character. */
static size_t begins(mr_bytes text, const char *mark)
{
	size_t len = strlen(mark);
	return text.len >= len && memcmp(text.data, mark, len) == 0 ? len : 0;
}

static size_t separator(mr_bytes text)
{
	size_t len = begins(text, ",");
	len = len ? len : begins(text, "，");
	return len ? len : begins(text, "、");
}

static void skip(mr_bytes *text, size_t len)
{
	text->data += len;
	text->len -= len;
}

static void skip_blanks(mr_bytes *text)
{
	while (text->len && (text->data[0] == ' ' || text->data[0] == '\t'))
		skip(text, 1);
	for (size_t len; (len = begins(*text, "\u3000"));)
		skip(text, len);
}

static mr_bytes trim_end(mr_bytes text)
{
	while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* A term of one ASCII letter, or of no letter, is a slip: it would be found everywhere. */
static const char *weakness(mr_bytes text)
{
	size_t letters = 0, marks = 0, others = 0;
	for (const char *at = text.data, *end = at + text.len; at < end;) {
		uint32_t c = utf8_next(&at, end);
		letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		marks += c > ' ' && c < 0x7F;
		others += c > 0xA0 && c != 0x1680 && !(c >= 0x2000 && c <= 0x206F) && !(c >= 0x3000 && c <= 0x3004) && !(c >= 0x3008 && c <= 0x3020) && c != 0xAD && c != 0xFEFF &&
		          !(c >= 0xFF00 && c <= 0xFF0F);
	}
	if (others || (letters && marks > 1))    /* C++ */
		return NULL;
	return letters ? "a single letter or digit is found everywhere" : "there is no letter in it";
}

static void add_term(reading *at, ini_place place, watch_terms *list, watch_term term, mr_bytes text)
{
	const char *weak = weakness(text);
	if (text.len > WATCH_TERM_BYTES) {
		complain(at, place, "'%.*s...' is longer than %d bytes", 40, text.data, WATCH_TERM_BYTES);
	} else if (weak) {
		complain(at, place, "'%.*s': %s", (int)text.len, text.data, weak);
	} else if (at->self->term_count >= WATCH_TERMS_MAX) {
		if (at->self->term_count == WATCH_TERMS_MAX)
			complain(at, place, "more than %d terms in all watches", WATCH_TERMS_MAX);
		at->self->term_count = WATCH_TERMS_MAX + 1;
	} else {
		if ((list->count & (list->count - 1)) == 0)      /* a power of two: full */
			list->items = mem_grow(list->items, list->count ? list->count * 2 : 1, sizeof *list->items);
		term.text = mem_copy(text.data, text.len);
		term.line = at->line;
		list->items[list->count++] = term;
		at->self->term_count++;
	}
}

/* What stands between quotes at the front of `rest`, "" for one quote; moves behind the closing one. False: there is none. */
static bool quoted(mr_bytes *rest, const char *open, const char *close, buf *out)
{
	skip(rest, strlen(open));
	buf_clear(out);
	while (rest->len) {
		size_t len = begins(*rest, close);
		if (!len) {
			buf_add_char(out, rest->data[0]);
			skip(rest, 1);
			continue;
		}
		skip(rest, len);
		if (close[0] != '"' || !begins(*rest, close))
			return true;
		buf_add_char(out, '"');
		skip(rest, 1);
	}
	return false;
}

/* The next term without quotes: up to a comma, or to the end when `whole` (a line of a file). */
static mr_bytes bare(mr_bytes *rest, bool whole)
{
	mr_bytes text = {rest->data, 0};
	while (rest->len && (whole || !separator(*rest)))
		skip(rest, 1);
	text.len = (size_t)(rest->data - text.data);
	return trim_end(text);
}

static mr_bytes take_quoted(reading *at, ini_place place, mr_bytes *rest, watch_term *term, buf *scratch)
{
	bool curly = begins(*rest, "“");
	if (!quoted(rest, curly ? "“" : "\"", curly ? "”" : "\"", scratch)) {
		complain(at, place, "a quotation mark is not closed");
		return (mr_bytes){NULL, 0};
	}
	if (begins(*rest, "*")) {
		term->open_end = true;
		skip(rest, 1);
	}
	skip_blanks(rest);
	if (rest->len && !separator(*rest)) {
		complain(at, place, "a comma is missing behind the closing quotation mark");
		*rest = (mr_bytes){rest->data + rest->len, 0};
		return (mr_bytes){NULL, 0};
	}
	return trim_end(buf_bytes(scratch));
}

/* What many would write between terms or behind them: one long term would come of it, which is never found. */
static bool has_other_separator(mr_bytes text)
{
	for (; text.len; skip(&text, 1))
		if (begins(text, ";") || begins(text, "；") || begins(text, "|") || begins(text, "｜") || begins(text, " #"))
			return true;
	return false;
}

static mr_bytes take_bare(reading *at, ini_place place, mr_bytes *rest, watch_term *term, bool whole)
{
	mr_bytes text = bare(rest, whole);
	if (text.len && text.data[text.len - 1] == '*') {
		term->open_end = true;
		text = trim_end((mr_bytes){text.data, text.len - 1});
	}
	if (!whole && has_other_separator(text)) {
		complain(at, place, "'%.*s': terms are separated by commas, and a comment has a line of its own (a term that holds one of ; | # stands in quotation marks)",
		         (int)(text.len < 80 ? text.len : 80), text.data);
		return (mr_bytes){NULL, 0};
	}
	if (!memchr(text.data, '*', text.len))
		return text;
	complain(at, place, "'%.*s': a * may stand only at the beginning or at the end of a term (in quotation marks it is an ordinary character)",
	         (int)(text.len < 80 ? text.len : 80), text.data);
	return (mr_bytes){NULL, 0};
}

/* One term at the front of `rest`. */
static void take_term(reading *at, ini_place place, watch_terms *list, mr_bytes *rest, bool whole)
{
	watch_term term = {0};
	buf scratch = {0};
	if (begins(*rest, "=")) {
		term.as_written = true;
		skip(rest, 1);
		skip_blanks(rest);
	}
	if (begins(*rest, "*")) {
		term.open_start = true;
		skip(rest, 1);
	}
	mr_bytes text = begins(*rest, "\"") || begins(*rest, "“") ? take_quoted(at, place, rest, &term, &scratch) : take_bare(at, place, rest, &term, whole);
	if (text.data)
		add_term(at, place, list, term, text);
	buf_free(&scratch);
}

/* ---- files of terms ---- */

static void take_line(reading *at, ini_place place, watch_terms *list, mr_bytes line)
{
	const char *wrong = ini_wrong_bytes(line);
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--, wrong = ini_wrong_bytes(line);
	if (wrong) {
		complain(at, place, "%s", wrong);
		return;
	}
	skip_blanks(&line);
	line = trim_end(line);
	if (line.len && line.data[0] != '#' && line.data[0] != ';')
		take_term(at, place, list, &line, true);
}

/* One term a line; # and ; make comments. Nothing of it may name another file. */
static void take_file(reading *at, ini_place place, watch_terms *list, mr_bytes name)
{
	buf path = {0}, text = {0};
	if (!at->folder) {
		complain(at, place, "a file of terms (@) cannot be read here");
		return;
	}
	buf_printf(&path, "%s%s%.*s", name.data[0] == '/' ? "" : at->folder, name.data[0] == '/' ? "" : "/", (int)name.len, name.data);
	buf errors = {0};
	if (ini_load(path.data, WATCH_FILE_BYTES, &text, &errors)) {
		complain(at, place, "%.*s", (int)(errors.len ? errors.len - 1 : 0), buf_bytes(&errors).data);
	} else {
		mr_bytes rest = buf_bytes(&text);
		skip(&rest, begins(rest, "\xEF\xBB\xBF"));
		for (ini_place here = {path.data, 1}; rest.len; here.line++) {
			const char *stop = memchr(rest.data, '\n', rest.len);
			mr_bytes line = {rest.data, stop ? (size_t)(stop - rest.data) : rest.len};
			take_line(at, here, list, line);
			skip(&rest, line.len + (stop != NULL));
		}
	}
	buf_free(&errors);
	buf_free(&text);
	buf_free(&path);
}

static void take_list(reading *at, ini_place place, watch_terms *list, const char *value)
{
	mr_bytes rest = mr_bytes_of(value);
	size_t before = at->self->term_count;
	int bad = at->bad;
	for (;;) {
		skip_blanks(&rest);
		size_t len = separator(rest);
		if (len)
			skip(&rest, len);
		else if (!rest.len)
			break;
		else if (begins(rest, "@")) {
			skip(&rest, 1);
			mr_bytes name = bare(&rest, false);
			if (name.len)
				take_file(at, place, list, name);
			else
				complain(at, place, "@ without the name of a file");
		} else
			take_term(at, place, list, &rest, false);
	}
	if (at->self->term_count == before && at->bad == bad)
		complain(at, place, "the list is empty");
}

/* ---- keys ---- */

static void take_text(reading *at, ini_place place, const char *key, const char *value, size_t most, char **out)
{
	if (strlen(value) > most)
		complain(at, place, "'%s' is longer than %zu bytes", key, most);
	else if (*value)
		*out = mem_string(value);
}

static void take_bool(reading *at, ini_place place, const char *value, bool *out)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(value, words[i]) == 0) {
			*out = i & 1;
			return;
		}
	complain(at, place, "'%.40s' is neither true nor false", value);
}

static void take_number(reading *at, ini_place place, const char *value, int *out)
{
	char *end;
	long n = value[0] >= '0' && value[0] <= '9' ? strtol(value, &end, 10) : (end = (char *)value, 0L);
	if (end == value || *end || n < 1 || n > AT_LEAST_MAX)
		complain(at, place, "'%.40s' is no number from 1 to %d", value, AT_LEAST_MAX);
	else
		*out = (int)n;
}

static void take_other(reading *at, ini_place place, int which, const char *value)
{
	watch_rule *rule = current(at);
	if (which >= 5) {
		if (which == 6 && !rule->also_count)
			complain(at, place, "'also_or' goes on with the line 'also' above it, and there is none");
		else if (which == 5 && rule->also_count == WATCH_ALSO_MAX)
			complain(at, place, "more than %d lines 'also'", WATCH_ALSO_MAX);
		else
			take_list(at, place, &rule->also[which == 6 ? rule->also_count - 1 : rule->also_count++], value);
		return;
	}
	if (at->set & 1u << which) {
		complain(at, place, "'%s' is set a second time", other_keys[which]);
		return;
	}
	at->set |= 1u << which;
	if (which < 2)
		take_text(at, place, other_keys[which], value, which ? NOTE_BYTES : NAME_BYTES, which ? &rule->note : &rule->name);
	else if (which < 4)
		take_bool(at, place, value, which == 2 ? &rule->enabled : &rule->title_only);
	else
		take_number(at, place, value, &rule->at_least);
}

/* -1: no list; people is what many will write for persons. */
static int list_find(const char *key)
{
	for (int i = 0; i < WATCH_LISTS; i++)
		if (strcmp(list_names[i], key) == 0)
			return i;
	return strcmp(key, "people") == 0 ? WATCH_PERSONS : strcmp(key, "organisations") == 0 ? WATCH_ORGANIZATIONS : -1;
}

static void complain_key(reading *at, ini_place place, const char *key)
{
	nearest guess = {.word = key};
	for (int i = 0; i < WATCH_LISTS; i++)
		nearest_offer(&guess, list_names[i]);
	for (int i = 0; i < OTHER_KEYS; i++)
		nearest_offer(&guess, other_keys[i]);
	if (guess.best) {
		complain(at, place, "a watch has no '%.64s' (did you mean '%s'?)", key, guess.best);
		return;
	}
	buf all = {0};
	for (int i = 0; i < WATCH_LISTS + OTHER_KEYS; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", i < WATCH_LISTS ? list_names[i] : other_keys[i - WATCH_LISTS]);
	complain(at, place, "a watch has no '%.64s', but: %s", key, all.data);
	buf_free(&all);
}

static bool is_language(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	return (len == 2 || len == 3) && !text[len];
}

/* Marks say how a phrase or a name is compared; words about the article have none. */
static void check_terms(reading *at, ini_place place, enum watch_list list, size_t from)
{
	const watch_terms *terms = &current(at)->lists[list];
	for (size_t i = from; i < terms->count; i++) {
		const watch_term *t = &terms->items[i];
		bool label = list == WATCH_LABELS || list == WATCH_NOT_LABELS || list == WATCH_LANGUAGES;
		if (list >= WATCH_PERSONS && t->as_written)
			complain(at, place, "'%.80s': = is for phrases; names are compared without regard to case", t->text);
		else if (label && (t->open_start || t->open_end))
			complain(at, place, "'%.80s': no * in %s", t->text, list_names[list]);
		else if (list == WATCH_LANGUAGES && !is_language(t->text))
			complain(at, place, "'%.80s': a language is told in two or three small letters, without region or script: zh, en", t->text);
	}
}

static void on_entry(void *arg, ini_place place, const char *section, const char *key, const char *value)
{
	reading *at = arg;
	(void)section;
	if (at->skip)
		return;
	watch_rule *rule = current(at);
	int list = list_find(key);
	at->line = place.line;
	if (list >= 0) {
		size_t from = rule->lists[list].count;
		take_list(at, place, &rule->lists[list], value);
		check_terms(at, place, (enum watch_list)list, from);
		return;
	}
	for (int i = 0; i < OTHER_KEYS; i++)
		if (strcmp(other_keys[i], key) == 0) {
			take_other(at, place, i, value);
			return;
		}
	complain_key(at, place, key);
}

/* ---- sections ---- */

/* Of the section that ends: a watch without a condition that an article can meet would name them all, or none. */
static void end_section(reading *at)
{
	if (!at->self->count || at->skip)
		return;
	const watch_rule *rule = current(at);
	ini_place place = {at->self->path, rule->line};
	size_t wanted = rule->also_count;
	for (int i = 0; i < WATCH_LISTS; i++)
		if (i != WATCH_NOT && i != WATCH_NOT_LABELS && i != WATCH_NOT_SOURCES && i != WATCH_LANGUAGES)
			wanted += rule->lists[i].count;
	if (!wanted && at->bad == at->section_bad)
		complain(at, place, "[%s] says nothing that an article must hold (any, all, also, persons, places, organizations, policies, labels or sources)", rule->id);
	if (rule->at_least > 1 && (size_t)rule->at_least > rule->lists[WATCH_ANY].count)
		complain(at, place, "[%s] wants %d terms of 'any', which has %zu", rule->id, rule->at_least, rule->lists[WATCH_ANY].count);
}

static void on_section(void *arg, ini_place place, const char *name)
{
	reading *at = arg;
	watch_file *self = at->self;
	end_section(at);
	at->skip = true;
	at->set = 0;
	at->section_bad = at->bad;
	for (size_t i = 0; i < self->count; i++)
		if (strcmp(self->rules[i].id, name) == 0) {
			complain(at, place, "[%s] stands twice, first in line %d", name, self->rules[i].line);
			return;
		}
	if (strlen(name) > ID_BYTES) {
		complain(at, place, "[%.64s...]: a name has at most %d characters", name, ID_BYTES);
		return;
	}
	if (self->count == WATCH_MAX) {
		complain(at, place, "[%s] is one watch too many (%d at most)", name, WATCH_MAX);
		return;
	}
	at->skip = false;
	if ((self->count & (self->count - 1)) == 0)
		self->rules = mem_grow(self->rules, self->count ? self->count * 2 : 1, sizeof *self->rules);
	self->rules[self->count++] = (watch_rule){.id = mem_string(name), .enabled = true, .at_least = 1, .line = place.line};
}

watch_file *watch_file_parse(mr_bytes text, const char *path, const char *folder, buf *errors)
{
	watch_file *self = mem_alloc(sizeof *self);
	self->path = mem_string(path);
	reading at = {.self = self, .errors = errors, .folder = folder};
	int lines = ini_parse_most(text, WATCH_FILE_BYTES, self->path, (ini_hooks){on_section, on_entry, &at}, errors);
	end_section(&at);
	if (at.bad > WATCH_MISTAKES_MAX)
		buf_printf(errors, "%s: %d mistakes, the first %d are told\n", path, at.bad, WATCH_MISTAKES_MAX);
	at.bad += lines;                 /* not in one: the hooks change `bad`, too */
	if (at.bad)
		watch_file_free(&self);
	return self;
}

watch_file *watch_file_read(const char *path, buf *errors)
{
	buf text = {0};
	watch_file *self = NULL;
	const char *slash = strrchr(path, '/');
	char *folder = slash ? mem_copy(path, (size_t)(slash - path) + (slash == path)) : mem_string(".");
	if (!ini_load(path, WATCH_FILE_BYTES, &text, errors))
		self = watch_file_parse(buf_bytes(&text), path, folder, errors);
	free(folder);
	buf_free(&text);
	return self;
}

static void terms_free(watch_terms *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].text);
	free(list->items);
}

void watch_file_free(watch_file **self_p)
{
	watch_file *self = *self_p;
	if (!self)
		return;
	for (size_t r = 0; r < self->count; r++) {
		watch_rule *rule = &self->rules[r];
		for (int i = 0; i < WATCH_LISTS; i++)
			terms_free(&rule->lists[i]);
		for (size_t i = 0; i < rule->also_count; i++)
			terms_free(&rule->also[i]);
		free(rule->id);
		free(rule->name);
		free(rule->note);
	}
	free(self->rules);
	free(self->path);
	free(self);
	*self_p = NULL;
}

/* ---- with the settings ---- */

bool watch_has_names(const struct settings *settings)
{
	return settings_has_stage(settings, "extract") && strcmp(settings_str(settings, "extract.tagger"), "off") != 0;
}

static int check_labels(const watch_file *self, const watch_rule *rule, enum watch_list list, const char *const *labels, size_t count, buf *errors)
{
	int bad = 0;
	for (size_t i = 0; i < rule->lists[list].count; i++) {
		const char *label = rule->lists[list].items[i].text;
		nearest guess = {.word = label};
		size_t k = 0;
		while (k < count && strcmp(labels[k], label) != 0)
			nearest_offer(&guess, labels[k++]);
		if (k < count || strcmp(label, "none") == 0)
			continue;
		buf_printf(errors, "%s:%d: [%s]: the taxonomy has no label '%.64s'%s%s%s\n", self->path, rule->lists[list].items[i].line, rule->id, label,
		           guess.best ? " (did you mean '" : "", guess.best ? guess.best : "", guess.best ? "'?)" : "");
		bad++;
	}
	return bad;
}

/* Of the first of these lists that the watch has; 0: it has none. */
static int line_of(const watch_rule *rule, enum watch_list first, enum watch_list last)
{
	int line = 0;
	for (enum watch_list list = first; list <= last; list++)
		if (rule->lists[list].count && (!line || rule->lists[list].items[0].line < line))
			line = rule->lists[list].items[0].line;
	return line;
}

int watch_file_check(const watch_file *self, const struct settings *settings, buf *errors, buf *notes)
{
	const char *const *labels;
	size_t count = settings_list(settings, "classify.labels", &labels);
	bool names = watch_has_names(settings), classified = settings_has_stage(settings, "classify");
	int bad = 0;
	for (size_t i = 0; i < self->count; i++) {
		const watch_rule *rule = &self->rules[i];
		bad += check_labels(self, rule, WATCH_LABELS, labels, count, errors) + check_labels(self, rule, WATCH_NOT_LABELS, labels, count, errors);
		int names_line = line_of(rule, WATCH_PERSONS, WATCH_POLICIES), labels_line = line_of(rule, WATCH_LABELS, WATCH_NOT_LABELS);
		if (names_line && !names)
			buf_printf(notes, "%s:%d: [%s]: this pipeline finds no names (extract.tagger = off, or no stage extract): they are looked for as phrases\n", self->path,
			           names_line, rule->id);
		if (labels_line && !classified)
			buf_printf(notes, "%s:%d: [%s]: this pipeline gives no labels (no stage classify): every article counts as none\n", self->path, labels_line, rule->id);
	}
	return bad;
}

/* ---- writing ---- */

void watch_term_show(const watch_term *term, buf *out)
{
	buf_printf(out, "%s%s%s%s", term->as_written ? "=" : "", term->open_start ? "*" : "", term->text, term->open_end ? "*" : "");
}

/* Every term on a line of its own: a line has a limit, a list has not. */
static void write_terms(const char *first, const char *more, const watch_terms *terms, buf *out)
{
	for (size_t i = 0; i < terms->count; i++) {
		const watch_term *t = &terms->items[i];
		buf_printf(out, "%s = %s%s\"", i ? more : first, t->as_written ? "=" : "", t->open_start ? "*" : "");
		for (const char *c = t->text; *c; c++) {
			if (*c == '"')
				buf_add_char(out, '"');
			buf_add_char(out, *c);
		}
		buf_printf(out, "\"%s\n", t->open_end ? "*" : "");
	}
}

void watch_file_write(const watch_file *self, buf *out)
{
	for (size_t r = 0; r < self->count; r++) {
		const watch_rule *rule = &self->rules[r];
		buf_printf(out, "[%s]\n", rule->id);
		if (rule->name)
			buf_printf(out, "name = %s\n", rule->name);
		if (rule->note)
			buf_printf(out, "note = %s\n", rule->note);
		buf_printf(out, "enabled = %s\ntitle_only = %s\nat_least = %d\n", rule->enabled ? "true" : "false", rule->title_only ? "true" : "false", rule->at_least);
		for (int i = 0; i < WATCH_LISTS; i++)
			write_terms(list_names[i], list_names[i], &rule->lists[i], out);
		for (size_t i = 0; i < rule->also_count; i++)
			write_terms("also", "also_or", &rule->also[i], out);
	}
}
