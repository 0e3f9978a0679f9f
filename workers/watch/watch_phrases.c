/* watch_phrases.c - see watch_phrases.h. */
#include "watch_phrases.h"

#include <assert.h>
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"
#include "common/utf8.h"

#define TABLE_FIRST 1024

typedef struct phrase {
	unsigned flags;
	uint32_t written, written_len;           /* AS_WRITTEN: in `written`, folded but for case */
	uint32_t next;                           /* another phrase of the same literal; PHRASE_NONE: the last */
} phrase;

typedef struct literal {
	uint32_t text, len;                      /* in `texts` */
	uint32_t first;                          /* phrase */
	bool word_start, word_end;               /* its first, last character is of a script with blanks */
} literal;

struct watch_phrases {
	literal *literals;
	size_t literal_count, literal_cap;
	phrase *phrases;
	size_t phrase_count, phrase_cap;
	buf texts, written;
	uint32_t *table;                         /* open addressing over literals, number + 1; power of two */
	size_t table_size;
	hs_database_t *database;                 /* NULL: no phrases */
	hs_scratch_t *scratch;
	buf folded;                              /* scratch */
};

/* One search. */
typedef struct search {
	watch_phrases *self;
	watch_text *text;                        /* NULL: names */
	mr_bytes in;
	phrase_found found;
	void *arg;
	size_t candidates;
} search;

watch_phrases *watch_phrases_new(void)
{
	watch_phrases *self = mem_alloc(sizeof *self);
	self->table_size = TABLE_FIRST;
	self->table = mem_array(TABLE_FIRST, sizeof *self->table);
	return self;
}

void watch_phrases_free(watch_phrases **self_p)
{
	watch_phrases *self = *self_p;
	if (!self)
		return;
	hs_free_scratch(self->scratch);
	hs_free_database(self->database);
	free(self->literals);
	free(self->phrases);
	free(self->table);
	buf_free(&self->texts);
	buf_free(&self->written);
	buf_free(&self->folded);
	free(self);
	*self_p = NULL;
}

/* ---- edges ---- */

bool watch_is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
	if (c < 0x2000)
		return c == 0xAA || c == 0xB5 || c == 0xBA || (c >= 0xC0 && c != 0xD7 && c != 0xF7);
	return c >= 0x2C00 && c < 0x2E00;
}

static bool word_before(mr_bytes in, size_t at)
{
	const char *p = in.data + at;
	return at > 0 && watch_is_word(utf8_prev(in.data, &p));
}

static bool word_at(mr_bytes in, size_t at)
{
	const char *p = in.data + at;
	return at < in.len && watch_is_word(utf8_next(&p, in.data + in.len));
}

/* ---- adding ---- */

static uint32_t *slot_of(const watch_phrases *self, mr_bytes text)
{
	size_t at = XXH3_64bits(text.data, text.len) & (self->table_size - 1);
	for (;; at = (at + 1) & (self->table_size - 1)) {
		if (!self->table[at])
			return &self->table[at];
		const literal *l = &self->literals[self->table[at] - 1];
		if (l->len == text.len && memcmp(self->texts.data + l->text, text.data, text.len) == 0)
			return &self->table[at];
	}
}

static void grow_table(watch_phrases *self)
{
	free(self->table);
	self->table_size *= 2;
	self->table = mem_array(self->table_size, sizeof *self->table);
	for (size_t i = 0; i < self->literal_count; i++)
		*slot_of(self, (mr_bytes){self->texts.data + self->literals[i].text, self->literals[i].len}) = (uint32_t)i + 1;
}

static literal *literal_of(watch_phrases *self, mr_bytes text)
{
	uint32_t *slot = slot_of(self, text);
	if (*slot)
		return &self->literals[*slot - 1];
	if (self->literal_count == self->literal_cap) {
		self->literal_cap += self->literal_cap / 2 + 64;
		self->literals = mem_grow(self->literals, self->literal_cap, sizeof *self->literals);
	}
	*slot = (uint32_t)self->literal_count + 1;
	literal *l = &self->literals[self->literal_count++];
	*l = (literal){(uint32_t)self->texts.len, (uint32_t)text.len, PHRASE_NONE, word_at(text, 0), word_before(text, text.len)};
	buf_add(&self->texts, text.data, text.len);
	buf_add_char(&self->texts, 0);
	if (self->literal_count * 2 > self->table_size) {
		grow_table(self);
		l = &self->literals[self->literal_count - 1];
	}
	return l;
}

static bool is_same(const watch_phrases *self, const phrase *p, unsigned flags, mr_bytes written)
{
	return p->flags == flags && p->written_len == written.len && memcmp(self->written.data + p->written, written.data, written.len) == 0;
}

static uint32_t add(watch_phrases *self, mr_bytes folded, unsigned flags, mr_bytes written)
{
	assert(!self->database);
	if (!folded.len)
		return PHRASE_NONE;
	literal *l = literal_of(self, folded);
	buf_reserve(&self->written, written.len);
	for (uint32_t p = l->first; p != PHRASE_NONE; p = self->phrases[p].next)
		if (is_same(self, &self->phrases[p], flags, written))
			return p;
	if (self->phrase_count == self->phrase_cap) {
		self->phrase_cap += self->phrase_cap / 2 + 64;
		self->phrases = mem_grow(self->phrases, self->phrase_cap, sizeof *self->phrases);
	}
	self->phrases[self->phrase_count] = (phrase){flags, (uint32_t)self->written.len, (uint32_t)written.len, l->first};
	buf_add(&self->written, written.data, written.len);
	return l->first = (uint32_t)self->phrase_count++;
}

uint32_t watch_phrases_add(watch_phrases *self, mr_bytes text, unsigned flags)
{
	buf folded = {0}, written = {0};
	watch_fold(text, WATCH_FOLD, &folded, NULL);
	if (flags & PHRASE_AS_WRITTEN)
		watch_fold(text, WATCH_FOLD & ~(unsigned)FOLD_CASE, &written, NULL);
	uint32_t number = add(self, buf_bytes(&folded), flags, buf_bytes(&written));
	buf_free(&folded);
	buf_free(&written);
	return number;
}

void watch_phrases_fold_name(mr_bytes name, buf *out)
{
	fold_text(name, FOLD_ALL, out, NULL);
}

uint32_t watch_phrases_add_name(watch_phrases *self, mr_bytes name, unsigned flags)
{
	buf folded = {0};
	watch_phrases_fold_name(name, &folded);
	uint32_t number = add(self, buf_bytes(&folded), flags, (mr_bytes){"", 0});
	buf_free(&folded);
	return number;
}

size_t watch_phrases_count(const watch_phrases *self)
{
	return self->phrase_count;
}

/* ---- compiling ---- */

bool watch_engine_runs(char error[256])
{
	if (hs_valid_platform() == HS_SUCCESS)
		return true;
	snprintf(error, 256, "this processor cannot run the pattern engine (Hyperscan %.40s wants SSSE3): take the stage watch out of pipeline.stages, or run it on another machine",
	         hs_version());
	return false;
}

int watch_phrases_compile(watch_phrases *self, char error[256])
{
	hs_compile_error_t *why = NULL;
	size_t count = self->literal_count;
	if (!watch_engine_runs(error))
		return -1;
	if (!count)
		return 0;
	const char **texts = mem_array(count, sizeof *texts);
	unsigned *flags = mem_array(count, sizeof *flags), *ids = mem_array(count, sizeof *ids);
	size_t *lengths = mem_array(count, sizeof *lengths);
	for (size_t i = 0; i < count; i++) {
		texts[i] = self->texts.data + self->literals[i].text;
		lengths[i] = self->literals[i].len;
		ids[i] = (unsigned)i;
	}
	hs_error_t code = hs_compile_lit_multi(texts, flags, ids, lengths, (unsigned)count, HS_MODE_BLOCK, NULL, &self->database, &why);
	if (code != HS_SUCCESS)
		snprintf(error, 256, "%zu phrases cannot be compiled: %.160s", count, why ? why->message : "unknown reason");
	else if ((code = hs_alloc_scratch(self->database, &self->scratch)) != HS_SUCCESS)
		snprintf(error, 256, "no memory to look for %zu phrases", count);
	hs_free_compile_error(why);
	free(texts);
	free(flags);
	free(ids);
	free(lengths);
	return code == HS_SUCCESS ? 0 : -1;
}

size_t watch_phrases_bytes(const watch_phrases *self)
{
	size_t bytes = 0;
	if (self->database)
		hs_database_size(self->database, &bytes);
	return bytes;
}

/* ---- looking ---- */

static bool edges_fit(const search *at, const literal *l, unsigned flags, size_t from, size_t to)
{
	if (!at->text)
		return (flags & PHRASE_OPEN_START || from == 0 || at->in.data[from - 1] == '\n') &&
		       (flags & PHRASE_OPEN_END || to == at->in.len || at->in.data[to] == '\n');
	return (flags & PHRASE_OPEN_START || !l->word_start || !word_before(at->in, from)) && (flags & PHRASE_OPEN_END || !l->word_end || !word_at(at->in, to));
}

static bool is_as_written(search *at, const phrase *p, size_t from, size_t to)
{
	watch_phrases *self = at->self;
	size_t source_from, source_to;
	watch_text_locate(at->text, from, to, &source_from, &source_to);
	mr_bytes source = watch_text_source(at->text, watch_text_part(at->text, from));
	buf_clear(&self->folded);
	watch_fold((mr_bytes){source.data + source_from, source_to - source_from}, WATCH_FOLD & ~(unsigned)FOLD_CASE, &self->folded, NULL);
	return self->folded.len == p->written_len && memcmp(self->folded.data, self->written.data + p->written, p->written_len) == 0;
}

static int on_match(unsigned id, unsigned long long unused, unsigned long long end, unsigned flags, void *arg)
{
	search *at = arg;
	const literal *l = &at->self->literals[id];
	size_t to = (size_t)end, from = to - l->len;
	(void)unused;
	(void)flags;
	if (++at->candidates > PHRASE_CANDIDATES_MAX)
		return 1;
	for (uint32_t n = l->first; n != PHRASE_NONE; n = at->self->phrases[n].next) {
		const phrase *p = &at->self->phrases[n];
		if (edges_fit(at, l, p->flags, from, to) && (!(p->flags & PHRASE_AS_WRITTEN) || is_as_written(at, p, from, to)))
			at->found(at->arg, n, from, to);
	}
	return 0;
}

static bool run(search *at)
{
	if (!at->self->database || !at->in.len)
		return true;
	hs_error_t code = hs_scan(at->self->database, at->in.data, (unsigned)at->in.len, 0, at->self->scratch, on_match, at);
	assert(code == HS_SUCCESS || code == HS_SCAN_TERMINATED);
	return code == HS_SUCCESS;
}

bool watch_phrases_find(watch_phrases *self, watch_text *text, phrase_found found, void *arg)
{
	search at = {.self = self, .text = text, .in = watch_text_folded(text), .found = found, .arg = arg};
	return run(&at);
}

bool watch_phrases_find_names(watch_phrases *self, mr_bytes names, phrase_found found, void *arg)
{
	search at = {.self = self, .in = names, .found = found, .arg = arg};
	return run(&at);
}
