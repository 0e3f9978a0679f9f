/* watch_set.c - see watch_set.h.
 *
 * A phrase or name knows its uses: which list of which watch it stands in. When it is found for the first time in an article, each use is counted in its watch; after that only its own
 * count goes up. What belongs to the article before is told by a stamp, so nothing is cleared between articles. */
#include "watch_set.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"
#include "common/settings.h"
#include "common/utf8.h"
#include "workers/text/fold.h"

#define NAME_LISTS 4
#define LABELS_MAX 64
#define WORD_MAX 40              /* characters that a word is shown beyond a term with a * */

/* A place of the file where a phrase or name stands. */
typedef struct use {
	uint32_t rule, term;             /* number of the watch; of the term in its list */
	uint8_t list;                    /* enum watch_list; WATCH_LISTS + i: line i of also. The same for all uses of a name */
} use;

typedef struct use_list {
	use *items;
	uint32_t count;
} use_list;

/* A phrase or name, and where it was found in this article. */
typedef struct found {
	uint32_t stamp;                  /* of the article it was found in last */
	uint32_t count, in_title;        /* how often; of these in the headline */
	size_t from, to;                 /* folded, the first place */
} found;

typedef struct rule_state {
	uint32_t stamp;
	uint32_t any, all;               /* different terms found */
	uint32_t also, names;            /* bits */
	bool denied;                     /* a term of `not` was found */
	enum watch_reason reason;
} rule_state;

/* Labels of the taxonomy as bits; `none`: the article has none of them. */
typedef struct label_set {
	uint64_t bits;
	bool none;
} label_set;

/* A watch as numbers. */
typedef struct rule {
	const watch_rule *from;
	uint32_t any, all;               /* different terms wanted */
	uint32_t also, names;            /* bits wanted */
	label_set labels, not_labels;
	watch_terms sources, not_sources;        /* folded */
} rule;

typedef struct group {
	watch_phrases *phrases;
	use_list *uses;                  /* by phrase */
	found *found;                    /* by phrase */
	uint32_t *order;                 /* phrases found, in that order */
	size_t order_count;
} group;

struct watch_set {
	watch_file *file;
	group text, names;
	rule *rules;                     /* as many as the file has */
	rule_state *states;
	size_t *met;
	size_t met_count;
	char *labels[LABELS_MAX];
	size_t label_count;
	uint64_t hash;
	/* the article */
	uint32_t stamp;
	bool whole;
	watch_text *article;
	watch_article given;
	buf folded_names, folded_source;
	size_t name_ends[NAME_LISTS];    /* in folded_names */
};

/* ---- making ---- */

static unsigned flags_of(const watch_term *term)
{
	return (term->open_start ? PHRASE_OPEN_START : 0u) | (term->open_end ? PHRASE_OPEN_END : 0u) | (term->as_written ? PHRASE_AS_WRITTEN : 0u);
}

/* Notes that the phrase stands in this list. False: it does already, under another spelling. */
static bool add_use(group *g, uint32_t phrase, size_t known, use u)
{
	if (watch_phrases_count(g->phrases) > known) {
		size_t count = watch_phrases_count(g->phrases);
		if ((known & (known - 1)) == 0)
			g->uses = mem_grow(g->uses, known ? known * 2 : 1, sizeof *g->uses);
		assert(count == known + 1 && phrase == known);
		g->uses[phrase] = (use_list){NULL, 0};
	}
	use_list *uses = &g->uses[phrase];
	for (uint32_t i = 0; i < uses->count; i++)
		if (uses->items[i].rule == u.rule && uses->items[i].list == u.list)
			return false;
	if ((uses->count & (uses->count - 1)) == 0)
		uses->items = mem_grow(uses->items, uses->count ? uses->count * 2 : 1, sizeof *uses->items);
	uses->items[uses->count++] = u;
	return true;
}

/* Terms of a list become phrases, or names; returns how many different ones. */
static uint32_t add_terms(group *g, const watch_terms *terms, uint32_t rule, int list, bool names)
{
	uint32_t different = 0;
	for (size_t i = 0; i < terms->count; i++) {
		mr_bytes text = mr_bytes_of(terms->items[i].text);
		size_t known = watch_phrases_count(g->phrases);
		unsigned flags = flags_of(&terms->items[i]);
		uint32_t phrase = names ? watch_phrases_add_name(g->phrases, text, flags | PHRASE_OWN * (unsigned)list) : watch_phrases_add(g->phrases, text, flags);
		if (phrase != PHRASE_NONE)
			different += add_use(g, phrase, known, (use){rule, (uint32_t)i, (uint8_t)list});
	}
	return different;
}

static void add_label(const watch_set *self, mr_bytes label, label_set *out)
{
	for (size_t i = 0; i < self->label_count; i++)
		if (mr_bytes_equal(label, self->labels[i]))
			out->bits |= UINT64_C(1) << i;
	out->none = out->none || mr_bytes_equal(label, "none");
}

static label_set label_set_of(const watch_set *self, const watch_terms *terms)
{
	label_set out = {0};
	for (size_t i = 0; i < terms->count; i++)
		add_label(self, mr_bytes_of(terms->items[i].text), &out);
	return out;
}

static bool labels_meet(label_set a, label_set b)
{
	return (a.bits & b.bits) || (a.none && b.none);
}

static watch_terms folded_terms(const watch_terms *terms)
{
	watch_terms out = {mem_array(terms->count + 1, sizeof *out.items), terms->count};
	for (size_t i = 0; i < terms->count; i++) {
		buf text = {0};
		watch_phrases_fold_name(mr_bytes_of(terms->items[i].text), &text);
		out.items[i] = terms->items[i];
		out.items[i].text = mem_string(buf_bytes(&text).data);
		buf_free(&text);
	}
	return out;
}

static void free_terms(watch_terms *terms)
{
	for (size_t i = 0; i < terms->count; i++)
		free(terms->items[i].text);
	free(terms->items);
}

static void make_rule(watch_set *self, uint32_t number, bool has_names)
{
	const watch_rule *from = &self->file->rules[number];
	rule *r = &self->rules[number];
	r->from = from;
	if (!from->enabled)
		return;
	r->any = add_terms(&self->text, &from->lists[WATCH_ANY], number, WATCH_ANY, false);
	r->any = r->any < (uint32_t)from->at_least ? r->any : (uint32_t)from->at_least;
	r->all = add_terms(&self->text, &from->lists[WATCH_ALL], number, WATCH_ALL, false);
	add_terms(&self->text, &from->lists[WATCH_NOT], number, WATCH_NOT, false);
	for (size_t i = 0; i < from->also_count; i++) {
		add_terms(&self->text, &from->also[i], number, WATCH_LISTS + (int)i, false);
		r->also |= 1u << i;
	}
	for (int i = 0; i < NAME_LISTS; i++)
		if (from->lists[WATCH_PERSONS + i].count) {
			add_terms(has_names ? &self->names : &self->text, &from->lists[WATCH_PERSONS + i], number, WATCH_PERSONS + i, has_names);
			r->names |= 1u << i;
		}
	r->labels = label_set_of(self, &from->lists[WATCH_LABELS]);
	r->not_labels = label_set_of(self, &from->lists[WATCH_NOT_LABELS]);
	r->sources = folded_terms(&from->lists[WATCH_SOURCES]);
	r->not_sources = folded_terms(&from->lists[WATCH_NOT_SOURCES]);
}

static int group_compile(group *g, char error[256])
{
	size_t count = watch_phrases_count(g->phrases);
	g->found = mem_array(count + 1, sizeof *g->found);
	g->order = mem_array(count + 1, sizeof *g->order);
	return watch_phrases_compile(g->phrases, error);
}

static void group_free(group *g)
{
	for (size_t i = 0; g->phrases && i < watch_phrases_count(g->phrases); i++)
		free(g->uses[i].items);
	watch_phrases_free(&g->phrases);
	free(g->uses);
	free(g->found);
	free(g->order);
}

static void hash_make(watch_set *self, bool has_names)
{
	buf text = {0};
	watch_file_write(self->file, &text);
	for (size_t i = 0; i < self->label_count; i++)
		buf_printf(&text, "%s\n", self->labels[i]);
	buf_printf(&text, "%d %d", has_names, (int)FOLD_VERSION);
	self->hash = XXH3_64bits_withSeed(text.data, text.len, fold_tables_hash);
	buf_free(&text);
}

watch_set *watch_set_new(watch_file *file, const struct settings *settings, char error[256])
{
	watch_set *self = mem_alloc(sizeof *self);
	const char *const *labels;
	size_t count = settings_list(settings, "classify.labels", &labels);
	bool has_names = watch_has_names(settings);
	self->file = file;
	self->article = watch_text_new();
	self->text.phrases = watch_phrases_new();
	self->names.phrases = watch_phrases_new();
	self->rules = mem_array(file->count + 1, sizeof *self->rules);
	self->states = mem_array(file->count + 1, sizeof *self->states);
	self->met = mem_array(file->count + 1, sizeof *self->met);
	for (size_t i = 0; i < count && self->label_count < LABELS_MAX; i++)
		self->labels[self->label_count++] = mem_string(labels[i]);
	for (size_t i = 0; i < file->count; i++)
		make_rule(self, (uint32_t)i, has_names);
	hash_make(self, has_names);
	if (group_compile(&self->text, error) || group_compile(&self->names, error))
		watch_set_free(&self);
	return self;
}

void watch_set_free(watch_set **self_p)
{
	watch_set *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < self->file->count; i++) {
		free_terms(&self->rules[i].sources);
		free_terms(&self->rules[i].not_sources);
	}
	for (size_t i = 0; i < self->label_count; i++)
		free(self->labels[i]);
	group_free(&self->text);
	group_free(&self->names);
	watch_text_free(&self->article);
	watch_file_free(&self->file);
	buf_free(&self->folded_names);
	buf_free(&self->folded_source);
	free(self->rules);
	free(self->states);
	free(self->met);
	free(self);
	*self_p = NULL;
}

const watch_file *watch_set_file(const watch_set *self)
{
	return self->file;
}

size_t watch_set_phrases(const watch_set *self)
{
	return watch_phrases_count(self->text.phrases) + watch_phrases_count(self->names.phrases);
}

size_t watch_set_bytes(const watch_set *self)
{
	return watch_phrases_bytes(self->text.phrases) + watch_phrases_bytes(self->names.phrases);
}

bool watch_set_asks(const watch_set *self, enum watch_list list)
{
	for (size_t i = 0; i < self->file->count; i++)
		if (self->file->rules[i].enabled && self->file->rules[i].lists[list].count)
			return true;
	return false;
}

uint64_t watch_set_hash(const watch_set *self)
{
	return self->hash;
}

/* ---- counting what is found ---- */

static rule_state *state_of(watch_set *self, uint32_t number)
{
	rule_state *state = &self->states[number];
	if (state->stamp != self->stamp)
		*state = (rule_state){.stamp = self->stamp};
	return state;
}

static void count_use(watch_set *self, const use *u)
{
	rule_state *state = state_of(self, u->rule);
	if (u->list == WATCH_ANY)
		state->any++;
	else if (u->list == WATCH_ALL)
		state->all++;
	else if (u->list == WATCH_NOT)
		state->denied = true;
	else if (u->list < WATCH_LABELS)
		state->names |= 1u << (u->list - WATCH_PERSONS);
	else
		state->also |= 1u << (u->list - WATCH_LISTS);
}

static found *found_first(watch_set *self, group *g, uint32_t phrase, size_t from, size_t to)
{
	found *f = &g->found[phrase];
	if (f->stamp == self->stamp)
		return NULL;
	*f = (found){.stamp = self->stamp, .from = from, .to = to};
	g->order[g->order_count++] = phrase;
	return f;
}

/* The headline comes first: who is not found there at first is not found there at all. */
static void on_phrase(void *arg, uint32_t phrase, size_t from, size_t to)
{
	watch_set *self = arg;
	group *g = &self->text;
	bool title = watch_text_part(self->article, from) != PART_BODY;
	if (found_first(self, g, phrase, from, to))
		for (uint32_t i = 0; i < g->uses[phrase].count; i++)
			if (title || !self->rules[g->uses[phrase].items[i].rule].from->title_only)
				count_use(self, &g->uses[phrase].items[i]);
	g->found[phrase].count++;
	g->found[phrase].in_title += title;
}

/* A name counts in the list that the watch means. */
static void on_name(void *arg, uint32_t phrase, size_t from, size_t to)
{
	watch_set *self = arg;
	group *g = &self->names;
	int list = WATCH_PERSONS;
	while (list < WATCH_POLICIES && from >= self->name_ends[list - WATCH_PERSONS])
		list++;
	if (g->uses[phrase].items[0].list != list)
		return;
	if (found_first(self, g, phrase, from, to))
		for (uint32_t i = 0; i < g->uses[phrase].count; i++)
			count_use(self, &g->uses[phrase].items[i]);
	g->found[phrase].count++;
}

/* ---- the article ---- */

static mr_bytes next_line(mr_bytes *rest)
{
	const char *stop = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
	mr_bytes line = {rest->data, stop ? (size_t)(stop - rest->data) : rest->len};
	size_t taken = line.len + (stop != NULL);
	*rest = (mr_bytes){rest->data ? rest->data + taken : NULL, rest->len - taken};
	return line;
}

/* A line for every name, also for one that folds to nothing: the number of the line is the number of the name. */
static void fold_names(watch_set *self, const watch_article *article)
{
	buf *out = &self->folded_names;
	buf_clear(out);
	for (int i = 0; i < NAME_LISTS; i++) {
		for (mr_bytes rest = article->names[i]; rest.len;) {
			watch_phrases_fold_name(next_line(&rest), out);
			buf_add_char(out, '\n');
		}
		self->name_ends[i] = out->len;
	}
}

static label_set labels_of(const watch_set *self, mr_bytes labels)
{
	label_set out = {0};
	while (labels.len)
		add_label(self, next_line(&labels), &out);
	out.none = !out.bits;
	return out;
}

static bool term_fits(const watch_term *term, mr_bytes text)
{
	size_t len = strlen(term->text);
	if (!len || len > text.len)              /* a term of signs alone folds to nothing: it names nobody */
		return false;
	if (term->open_start && term->open_end)
		return memmem(text.data, text.len, term->text, len) != NULL;
	if (term->open_start)
		return memcmp(text.data + text.len - len, term->text, len) == 0;
	return (term->open_end || len == text.len) && memcmp(text.data, term->text, len) == 0;
}

static bool one_fits(const watch_terms *terms, mr_bytes text)
{
	for (size_t i = 0; i < terms->count; i++)
		if (term_fits(&terms->items[i], text))
			return true;
	return false;
}

static bool is_language(const watch_terms *terms, mr_bytes language)
{
	for (size_t i = 0; i < terms->count; i++)
		if (mr_bytes_equal(language, terms->items[i].text))
			return true;
	return terms->count == 0;
}

static enum watch_reason judge(const watch_set *self, const rule *r, const rule_state *state, label_set labels)
{
	mr_bytes source = buf_bytes(&self->folded_source);
	if (!r->from->enabled)
		return WATCH_OFF;
	if (state->any < r->any)
		return WATCH_NO_ANY;
	if (state->all < r->all)
		return WATCH_NO_ALL;
	if (state->also != r->also)
		return WATCH_NO_ALSO;
	if (state->names != r->names)
		return WATCH_NO_NAME;
	if (state->denied)
		return WATCH_FOUND_NOT;
	if ((r->labels.bits || r->labels.none) && !labels_meet(r->labels, labels))
		return WATCH_NO_LABEL;
	if (labels_meet(r->not_labels, labels))
		return WATCH_HAS_NOT_LABEL;
	if (r->sources.count && !one_fits(&r->sources, source))
		return WATCH_NO_SOURCE;
	if (one_fits(&r->not_sources, source))
		return WATCH_HAS_NOT_SOURCE;
	return is_language(&r->from->lists[WATCH_LANGUAGES], self->given.language) ? WATCH_MET : WATCH_NO_LANGUAGE;
}

static void begin(watch_set *self, const watch_article *article)
{
	if (++self->stamp == 0) {                /* after four billion articles */
		memset(self->states, 0, self->file->count * sizeof *self->states);
		memset(self->text.found, 0, watch_phrases_count(self->text.phrases) * sizeof *self->text.found);
		memset(self->names.found, 0, watch_phrases_count(self->names.phrases) * sizeof *self->names.found);
		self->stamp = 1;
	}
	self->given = *article;
	self->text.order_count = self->names.order_count = self->met_count = 0;
	watch_text_begin(self->article);
	for (int p = 0; p < WATCH_TEXT_PARTS; p++)
		if (article->parts[p].len)
			watch_text_add(self->article, (enum watch_part)p, article->parts[p]);
	buf_clear(&self->folded_source);
	if (article->source.data)
		watch_phrases_fold_name(article->source, &self->folded_source);
}

size_t watch_set_look(watch_set *self, const watch_article *article)
{
	begin(self, article);
	self->whole = watch_phrases_find(self->text.phrases, self->article, on_phrase, self);
	if (watch_phrases_count(self->names.phrases)) {
		fold_names(self, article);
		self->whole = watch_phrases_find_names(self->names.phrases, buf_bytes(&self->folded_names), on_name, self) && self->whole;
	}
	label_set labels = labels_of(self, article->labels);
	for (size_t i = 0; i < self->file->count; i++) {
		rule_state *state = state_of(self, (uint32_t)i);
		state->reason = judge(self, &self->rules[i], state, labels);
		if (state->reason == WATCH_MET)
			self->met[self->met_count++] = i;
	}
	return self->met_count;
}

size_t watch_set_met_count(const watch_set *self)
{
	return self->met_count;
}

mr_bytes watch_set_body(const watch_set *self)
{
	return self->given.parts[PART_BODY];
}

size_t watch_set_met(const watch_set *self, size_t i)
{
	return self->met[i];
}

enum watch_reason watch_set_reason(const watch_set *self, size_t rule)
{
	return self->states[rule].reason;
}

bool watch_set_was_whole(const watch_set *self)
{
	return self->whole;
}

/* ---- hits ---- */

static const watch_term *term_of(const watch_set *self, const use *u)
{
	const watch_rule *rule = self->rules[u->rule].from;
	return u->list < WATCH_LISTS ? &rule->lists[u->list].items[u->term] : &rule->also[u->list - WATCH_LISTS].items[u->term];
}

/* The name of the line in which folded byte `at` stands, as printed. */
static mr_bytes name_at(const watch_set *self, int list, size_t at)
{
	mr_bytes rest = self->given.names[list], line = {"", 0};
	size_t i = list ? self->name_ends[list - 1] : 0;
	for (line = next_line(&rest); i < at; i++)
		if (self->folded_names.data[i] == '\n')
			line = next_line(&rest);
	return line;
}

/* Of a term with a * the whole word is shown: who asks for chip* wants to see chipmaker. */
static void widen(watch_hit *hit)
{
	const char *begin = hit->source.data, *end = begin + hit->source.len, *first = begin + hit->from, *behind = begin + hit->to;
	for (int n = 0; hit->term->open_start && first > begin && n < WORD_MAX; n++) {
		const char *at = first;
		if (!watch_is_word(utf8_prev(begin, &at)))
			break;
		first = at;
	}
	for (int n = 0; hit->term->open_end && behind < end && n < WORD_MAX; n++) {
		const char *at = behind;
		if (!watch_is_word(utf8_next(&at, end)))
			break;
		behind = at;
	}
	hit->from = (size_t)(first - begin);
	hit->to = (size_t)(behind - begin);
}

static watch_hit hit_of(watch_set *self, const group *g, const found *f, const use *u)
{
	static const char *const fields[] = {"kicker", "title", "subtitle", "body"};
	watch_hit hit = {.term = term_of(self, u), .list = u->list < WATCH_LISTS ? (enum watch_list)u->list : WATCH_LISTS, .count = f->count};
	if (g == &self->names) {
		hit.field = watch_list_name((enum watch_list)u->list);
		hit.source = name_at(self, u->list - WATCH_PERSONS, f->from);
		hit.to = hit.source.len;
		return hit;
	}
	enum watch_part part = watch_text_part(self->article, f->from);
	if (self->rules[u->rule].from->title_only)
		hit.count = f->in_title;
	hit.field = fields[part];
	hit.source = watch_text_source(self->article, part);
	watch_text_locate(self->article, f->from, f->to, &hit.from, &hit.to);
	widen(&hit);
	return hit;
}

static bool shows(const watch_set *self, const group *g, const found *f, const use *u, size_t rule, bool all)
{
	if (u->rule != rule || (u->list == WATCH_NOT && !all))
		return false;
	return g == &self->names || f->in_title || !self->rules[rule].from->title_only;
}

static size_t group_hits(watch_set *self, const group *g, size_t rule, bool all, watch_hit *out, size_t count, size_t max)
{
	for (size_t o = 0; o < g->order_count && count < max; o++) {
		const use_list *uses = &g->uses[g->order[o]];
		const found *f = &g->found[g->order[o]];
		for (uint32_t i = 0; i < uses->count && count < max; i++)
			if (shows(self, g, f, &uses->items[i], rule, all))
				out[count++] = hit_of(self, g, f, &uses->items[i]);
	}
	return count;
}

size_t watch_set_hits(watch_set *self, size_t rule, bool all, watch_hit *out, size_t max)
{
	size_t count = group_hits(self, &self->text, rule, all, out, 0, max);
	return group_hits(self, &self->names, rule, all, out, count, max);
}
