/* entities_names.c - the names that the training texts have, as a list that the tagger looks up; see entities_parts.h. What a text itself says does not count when
 * its sentences are marked (leave one out): so the fit learns what a known name is worth in a text that is new. */
#include <stdlib.h>

#include "cli/entities_parts.h"
#include "common/mem.h"

static known_name *name_at(const known_names *self, uint64_t hash)
{
	size_t mask = ((size_t)1 << self->log2) - 1, slot = (size_t)(hash >> (64 - self->log2));
	while (self->at[slot].hash && self->at[slot].hash != hash)
		slot = (slot + 1) & mask;
	return &self->at[slot];
}

/* The name of an annotated span; hash 0: too short, too long, or the annotation does not tell of which type. */
static known_name name_of(const entity_text *text, entity e)
{
	uint32_t normal[TAGGER_NAME_MAX];
	size_t length = e.end - e.begin;
	if (length < 2 || length > TAGGER_NAME_MAX || !e.types || e.types & (e.types - 1))
		return (known_name){0};
	for (size_t i = 0; i < length; i++)
		normal[i] = character_normal(text->at[e.begin + i]);
	return (known_name){.hash = word_hash(normal, length), .prefix = length > 4 ? word_hash(normal, 4) : 0};
}

static void names_count(known_names *self, const entity_text *text, uint32_t by)
{
	for (uint32_t k = 0; k < text->entity_count; k++) {
		known_name name = name_of(text, text->entities[k]);
		if (!name.hash)
			continue;
		known_name *at = name_at(self, name.hash);
		if (!at->hash) {
			*at = name;
			self->count++;
		}
		at->times[__builtin_ctz(text->entities[k].types)] += by;
	}
}

known_names known_names_new(const entity_data *data)
{
	known_names self = {.log2 = 4};
	size_t places = 0;
	for (size_t i = 0; i < data->file_count; i++)
		if (data->files[i].open)
			return (known_names){0};
	for (size_t i = 0; i < data->count; i++)
		places += data->at[i].entity_count;
	while ((size_t)1 << self.log2 < places * 2)
		self.log2++;
	self.at = mem_array((size_t)1 << self.log2, sizeof *self.at);
	for (size_t i = 0; i < data->count; i++)
		names_count(&self, &data->at[i], 1);
	return self;
}

void known_names_free(known_names *self)
{
	free(self->at);
	*self = (known_names){0};
}

uint8_t known_name_class(const known_name *self)
{
	uint32_t best = 0, all = 0;
	for (uint32_t t = 0; t < TAGGER_TYPES_MAX; t++) {
		all += self->times[t];
		if (self->times[t] > self->times[best])
			best = t;
	}
	if (!all)
		return 0;
	uint32_t times = all > self->times[best] ? NAME_MIXED : all >= NAME_OFTEN_FROM ? NAME_OFTEN : all > 1 ? NAME_TWICE : NAME_ONCE;
	return (uint8_t)(times << NAME_TYPE_BITS | (best + 1));
}

void known_names_mark(known_names *self, sentence *s, const entity_text *own)
{
	if (!self->at)
		return;
	names_count(self, own, UINT32_MAX);              /* one less */
	for (size_t i = TAGGER_PAD; i < TAGGER_PAD + s->count; i++) {
		uint64_t h = gram_longer(GRAM_SEED, s->at[i]);
		for (size_t n = 2; n <= TAGGER_NAME_MAX && i + n <= TAGGER_PAD + s->count; n++) {
			h = gram_longer(h, s->at[i + n - 1]);
			const known_name *name = name_at(self, h);
			uint8_t class = name->hash ? known_name_class(name) : 0;
			if (class)
				sentence_name(s, i, n, class);
		}
	}
	names_count(self, own, 1);
}
