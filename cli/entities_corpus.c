/* entities_corpus.c - sentences and grams of a fit; see entities_parts.h. */
#include <stdlib.h>

#include "cli/entities_parts.h"
#include "common/mem.h"

/* ---- sentences ---- */

#define PACKED_BYTES (sizeof(uint32_t) + 6 * sizeof(sentence_mark) + 1)  /* a place */

/* Copies what a sentence holds of its places to `packed`, or back. */
static void places_copy(sentence *s, char *packed, bool back)
{
	size_t n = s->count + 2 * TAGGER_PAD;
	struct {
		void *of;
		size_t size;
	} parts[] = {{s->at, sizeof *s->at}, {s->begins, sizeof *s->begins}, {s->ends, sizeof *s->ends}, {s->covers, sizeof *s->covers},
		     {s->name_begins, sizeof *s->begins}, {s->name_ends, sizeof *s->ends}, {s->name_covers, sizeof *s->covers}, {s->kind, sizeof *s->kind}};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; packed += n * parts[i++].size)
		memcpy(back ? parts[i].of : packed, back ? packed : parts[i].of, n * parts[i].size);
}

static void learn_sentence_pack(learn_sentence *self, sentence *s)
{
	self->packed = mem_alloc((s->count + 2 * TAGGER_PAD) * PACKED_BYTES);
	self->count = (uint32_t)s->count;
	places_copy(s, self->packed, false);
}

void learn_sentence_unpack(const learn_sentence *self, unsigned features, sentence *s)
{
	s->features = features;
	s->count = self->count;
	places_copy(s, self->packed, true);
}

static void words_find(sentence *s, const word_list *words)
{
	if (!words->count)
		return;
	for (size_t i = TAGGER_PAD; i < TAGGER_PAD + s->count; i++) {
		uint64_t h = GRAM_SEED;
		for (size_t n = 1; n <= TAGGER_WORD_MAX && i + n <= TAGGER_PAD + s->count; n++) {
			h = gram_longer(h, s->at[i + n - 1]);
			uint8_t class = word_list_find(words, h);
			if (class)
				sentence_word(s, i, n, class);
		}
	}
}

static void sentence_add(entity_fit *self, const entity_text *text, const entity_file *file, uint32_t from, uint32_t to, sentence *scratch, const word_list *words)
{
	if (self->sentence_count == self->sentence_room) {
		self->sentence_room = self->sentence_room ? self->sentence_room * 2 : 4096;
		self->sentences = mem_grow(self->sentences, self->sentence_room, sizeof *self->sentences);
	}
	learn_sentence *one = &self->sentences[self->sentence_count++];
	*one = (learn_sentence){.open = file->open, .doubt = (float)file->doubt, .times = file->times, .before = file->before};
	sentence_fill(scratch, self->options->features, text->at + from, to - from);
	words_find(scratch, words);
	known_names_mark(&self->names, scratch, text);
	learn_sentence_pack(one, scratch);
	one->entities = mem_array(text->entity_count + 1, sizeof *one->entities);
	for (uint32_t k = 0; k < text->entity_count; k++) {
		entity e = text->entities[k];
		if (e.begin >= from && e.end <= to)
			one->entities[one->entity_count++] = (entity){e.begin - from, e.end - from, e.types};
	}
}

static void sentences_fill(entity_fit *self, const entity_data *data, const word_list *words)
{
	sentence *scratch = mem_alloc(sizeof *scratch);
	for (size_t i = 0; i < data->count; i++) {
		const entity_text *text = &data->at[i];
		for (size_t from = 0, to; from < text->count; from = to) {
			to = sentence_end(text->at, text->count, from);
			sentence_add(self, text, &data->files[text->file], (uint32_t)from, (uint32_t)to, scratch, words);
		}
	}
	free(scratch);
}

/* ---- grams ---- */

static gram_entry *entry_at(const entity_fit *self, uint64_t hash)
{
	size_t mask = ((size_t)1 << self->grams_log2) - 1, slot = (size_t)(hash >> (64 - self->grams_log2));
	while (self->grams[slot].hash && self->grams[slot].hash != hash)
		slot = (slot + 1) & mask;
	return &self->grams[slot];
}

static void grams_grow(entity_fit *self)
{
	gram_entry *old = self->grams;
	size_t size = old ? (size_t)1 << self->grams_log2 : 0;
	self->grams_log2 = old ? self->grams_log2 + 1 : 20;
	self->grams = mem_array((size_t)1 << self->grams_log2, sizeof *self->grams);
	for (size_t i = 0; i < size; i++)
		if (old[i].hash)
			*entry_at(self, old[i].hash) = old[i];
	free(old);
}

static void gram_count(void *arg, gram g)
{
	entity_fit *self = arg;
	uint64_t hash = g.hash + !g.hash;
	if (!g.rows || g.absent)
		return;
	gram_entry *entry = entry_at(self, hash);
	if (!entry->hash) {
		*entry = (gram_entry){.hash = hash, .row = UINT32_MAX, .places = (uint8_t)((1u << g.rows) - 1), .bag = g.length == 2};
		if (++self->gram_count * 2 > (size_t)1 << self->grams_log2) {
			grams_grow(self);
			entry = entry_at(self, hash);
		}
	}
	entry->times++;
}

static void grams_fill(entity_fit *self)
{
	sentence *scratch = mem_alloc(sizeof *scratch);
	grams_grow(self);
	for (size_t i = 0; i < self->sentence_count; i++) {
		learn_sentence_unpack(&self->sentences[i], self->options->features, scratch);
		grams_walk(scratch, gram_count, self);
		classes_walk(scratch, gram_count, self);
	}
	free(scratch);
	for (size_t i = 0; i < (size_t)1 << self->grams_log2; i++) {
		gram_entry *entry = &self->grams[i];
		if (entry->hash && entry->times >= self->options->min_times) {
			entry->row = self->row_count;
			self->row_count += (uint32_t)__builtin_popcount(entry->places);
		}
	}
}

const gram_entry *gram_find(const entity_fit *self, uint64_t hash)
{
	const gram_entry *entry = entry_at(self, hash + !hash);
	return entry->hash && entry->row != UINT32_MAX ? entry : NULL;
}

typedef struct finder {
	const entity_fit *fit;
	gram_use *uses;
	size_t count;
	ptrdiff_t end;                   /* places of the sentence: TAGGER_PAD to here */
} finder;

static void gram_use_add(void *arg, gram g)
{
	finder *self = arg;
	const gram_entry *entry = g.absent ? NULL : gram_find(self->fit, g.hash);
	if (!entry)
		return;
	uint32_t row = entry->row;
	for (uint32_t places = entry->places; places; places &= places - 1, row++) {
		int j = __builtin_ctz(places);
		if (g.length == 2 && j == TAGGER_BAG_ROW)
			self->uses[self->count++] = (gram_use){row, USE_OF_ALL};
		else if (g.place + j >= TAGGER_PAD && g.place + j < self->end)
			self->uses[self->count++] = (gram_use){row, (uint32_t)(g.place + j - TAGGER_PAD)};
	}
}

size_t uses_find(const entity_fit *self, const sentence *s, gram_use *uses)
{
	finder f = {.fit = self, .uses = uses, .end = (ptrdiff_t)(s->count + TAGGER_PAD)};
	grams_walk(s, gram_use_add, &f);
	classes_walk(s, gram_use_add, &f);
	return f.count;
}

entity_fit *fit_new(const entity_data *data, const word_list *words, const entity_options *options)
{
	entity_fit *self = mem_alloc(sizeof *self);
	self->options = options;
	self->types = data->type_count;
	self->labels = LABELS_OF(self->types);
	if (options->features >= 3)
		self->names = known_names_new(data);
	sentences_fill(self, data, words);
	grams_fill(self);
	self->weights = mem_array((size_t)self->row_count * self->labels + 1, sizeof *self->weights);
	self->steps = mem_array(STEPS_OF(self->types), sizeof *self->steps);
	return self;
}

void entity_fit_free(entity_fit **self_p)
{
	entity_fit *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	for (size_t i = 0; i < self->sentence_count; i++) {
		free(self->sentences[i].packed);
		free(self->sentences[i].entities);
	}
	free(self->sentences);
	known_names_free(&self->names);
	free(self->grams);
	free(self->weights);
	free(self->steps);
	free(self);
}
