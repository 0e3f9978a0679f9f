/* corpus.c - see corpus.h. A hash table numbers the grams; a second array, by gram, counts within the text at hand. */
#include "corpus.h"

#include <stdlib.h>

#include "cli/unigrams.h"
#include "common/mem.h"
#include "workers/classify/features.h"
#include "workers/classify/scorer.h"
#include "workers/classify/words.h"

typedef struct encoder {
	corpus *corpus;
	uint32_t *table;                 /* gram + 1, 0 = empty */
	uint32_t table_log2;
	uint32_t *at;                    /* by gram: 1 + place in corpus.counts within this part of the text */
	size_t at_room;
	size_t part;                     /* where the part at hand begins */
	const tokens *tokens;
	uint32_t zone_times[3];
	bool title;
} encoder;

static void table_grow(encoder *self)
{
	corpus *c = self->corpus;
	free(self->table);
	self->table_log2++;
	size_t size = (size_t)1 << self->table_log2;
	self->table = mem_array(size, sizeof *self->table);
	for (uint32_t gram = 0; gram < c->gram_count; gram++) {
		size_t slot = c->hashes[gram] >> (64 - self->table_log2);
		while (self->table[slot])
			slot = (slot + 1) & (size - 1);
		self->table[slot] = gram + 1;
	}
}

static uint32_t gram_number(encoder *self, uint64_t hash)
{
	corpus *c = self->corpus;
	if ((size_t)c->gram_count * 2 >= (size_t)1 << self->table_log2)
		table_grow(self);
	size_t mask = ((size_t)1 << self->table_log2) - 1, slot = hash >> (64 - self->table_log2);
	while (self->table[slot]) {
		if (c->hashes[self->table[slot] - 1] == hash)
			return self->table[slot] - 1;
		slot = (slot + 1) & mask;
	}
	if (c->gram_count == c->gram_room) {
		c->gram_room = c->gram_room ? c->gram_room * 2 : 1 << 16;
		c->hashes = mem_grow(c->hashes, c->gram_room, sizeof *c->hashes);
		self->at = mem_grow(self->at, c->gram_room, sizeof *self->at);
	}
	c->hashes[c->gram_count] = hash;
	self->at[c->gram_count] = 0;
	self->table[slot] = ++c->gram_count;
	return c->gram_count - 1;
}

static void count_gram(void *arg, uint64_t hash, size_t first, size_t length)
{
	encoder *self = arg;
	corpus *c = self->corpus;
	(void)length;
	uint32_t times = self->title ? 1 : self->zone_times[self->tokens->at[first].zone];
	if (!times)
		return;
	uint32_t gram = gram_number(self, self->title ? feature_of_title(hash) : hash);
	if (!self->at[gram]) {
		if (c->count == c->room) {
			c->room = c->room ? c->room * 2 : 1 << 20;
			c->counts = mem_grow(c->counts, c->room, sizeof *c->counts);
		}
		c->counts[c->count++] = (corpus_gram){gram, 0};
		self->at[gram] = (uint32_t)(c->count - self->part);
	}
	corpus_gram *one = &c->counts[self->part + self->at[gram] - 1];
	one->times = (uint16_t)(one->times + times < SCORER_TIMES_MAX ? one->times + times : SCORER_TIMES_MAX - 1);
}

static void count_word(void *arg, uint64_t hash, size_t first, size_t length, bool pair)
{
	(void)pair;
	count_gram(arg, hash, first, length);
}

static uint32_t part_encode(encoder *self, size_t from, size_t to, bool title)
{
	corpus *c = self->corpus;
	self->part = c->count;
	self->title = title;
	features_walk(self->tokens->at, from, to, count_gram, self);
	if (c->words && !title)
		words_walk(self->tokens->at, from, to, unigrams_knows, c->words, count_word, self);
	for (size_t i = self->part; i < c->count; i++)
		self->at[c->counts[i].gram] = 0;
	return (uint32_t)(c->count - self->part);
}

/* Moves the kept grams of a text to `to`; returns where they end. */
static size_t text_thin(corpus *self, corpus_text *text, const uint32_t *number, size_t to)
{
	size_t from = text->first, n = text->count, title_n = text->title_count;
	text->first = to;
	text->count = text->title_count = 0;
	for (size_t i = from; i < from + n + title_n; i++) {
		uint32_t gram = number[self->counts[i].gram];
		if (gram == UINT32_MAX)
			continue;
		self->counts[to++] = (corpus_gram){gram, self->counts[i].times};
		if (i < from + n)
			text->count++;
		else
			text->title_count++;
	}
	return to;
}

/* Drops grams that stand in one text only: nothing learns from them (min_texts is 2 at least). */
static void corpus_thin(corpus *self)
{
	uint32_t *texts = mem_array(self->gram_count, sizeof *texts), kept = 0;
	for (size_t t = 0; t < self->text_count; t++) {
		const corpus_text *text = &self->texts[t];
		for (size_t i = text->first; i < text->first + text->count + text->title_count; i++)
			texts[self->counts[i].gram] += texts[self->counts[i].gram] < 2;
	}
	for (uint32_t gram = 0; gram < self->gram_count; gram++) {
		bool keep = texts[gram] > 1;
		texts[gram] = keep ? kept : UINT32_MAX;
		if (keep)
			self->hashes[kept++] = self->hashes[gram];
	}
	size_t to = 0;
	for (size_t t = 0; t < self->text_count; t++) {
		to = text_thin(self, &self->texts[t], texts, to);
		for (size_t s = self->texts[t].section; s < corpus_section_end(self, t); s++)
			to = text_thin(self, &self->sections[s], texts, to);
	}
	self->count = to;
	self->gram_count = kept;
	free(texts);
}

static void sections_encode(encoder *self)
{
	corpus *c = self->corpus;
	uint32_t lead_times = self->zone_times[ZONE_LEAD];
	self->zone_times[ZONE_LEAD] = 1;         /* as in the scorer: within a section every place weighs the same */
	for (size_t from = self->tokens->title_count, end; from < self->tokens->count; from = end) {
		end = tokens_section_end(self->tokens, from);
		if (c->section_count == c->section_room) {
			c->section_room = c->section_room ? c->section_room * 2 : 1024;
			c->sections = mem_grow(c->sections, c->section_room, sizeof *c->sections);
		}
		corpus_text *section = &c->sections[c->section_count++];
		section->first = c->count;
		section->count = part_encode(self, from, end, false);
		section->title_count = 0;
	}
	self->zone_times[ZONE_LEAD] = lead_times;
}

size_t corpus_section_end(const corpus *self, size_t text)
{
	return text + 1 < self->text_count ? self->texts[text + 1].section : self->section_count;
}

/* The words of all texts, whatever their labels. */
static unigrams *words_learn(const dataset *data, const bool *held)
{
	unigrams *self = unigrams_new();
	tokens t = {0};
	for (size_t i = 0; i < data->count; i++)
		if (!held[i]) {
			tokens_read(&t, mr_bytes_of(data->at[i].title), mr_bytes_of(data->at[i].text), true);
			unigrams_add(self, t.at, t.count);
		}
	tokens_free(&t);
	unigrams_learn(self);
	return self;
}

corpus *corpus_new(const dataset *data, const bool *held, const learn_options *options)
{
	corpus *self = mem_alloc(sizeof *self);
	tokens words = {0};
	if (options->words)
		self->words = words_learn(data, held);
	encoder e = {.corpus = self, .table_log2 = 19, .tokens = &words,
			   .zone_times = {[ZONE_TITLE] = options->title_times, [ZONE_LEAD] = options->lead_times, [ZONE_BODY] = 1}};
	table_grow(&e);
	self->text_count = data->count;
	self->texts = mem_array(data->count, sizeof *self->texts);
	for (size_t i = 0; i < data->count; i++) {
		tokens_read(&words, mr_bytes_of(data->at[i].title), mr_bytes_of(data->at[i].text), options->marks);
		self->texts[i].first = self->count;
		self->texts[i].count = part_encode(&e, 0, words.count, false);
		self->texts[i].title_count = part_encode(&e, 0, words.title_count, true);
		self->texts[i].section = self->section_count;
		if (tokens_has_sections(&words))
			sections_encode(&e);
	}
	free(e.table);
	free(e.at);
	tokens_free(&words);
	corpus_thin(self);
	return self;
}

void corpus_free(corpus **self_p)
{
	corpus *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	free(self->texts);
	free(self->sections);
	free(self->counts);
	free(self->hashes);
	unigrams_free(&self->words);
	free(self);
}
