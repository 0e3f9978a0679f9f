/* tagger_known.c - see tagger_known.h. */
#include "workers/entities/tagger_known.h"

known_gram known_gram_find(const tagger_known *self, uint64_t hash, unsigned rows)
{
	const tagger_cell *cell = tagger_model_find(self->model, hash);
	return (known_gram){.row = cell ? cell->row : 0, .places = cell ? gram_places(cell->places, rows) : 0, .known = true};
}

known_character known_character_find(const tagger_known *self, uint32_t c)
{
	uint32_t normal = character_normal(c);
	const tagger_cell *cell = tagger_model_find(self->model, word_hash(&normal, 1));
	known_character k = {.kind = character_kind(c), .normal = (uint16_t)normal};
	if (cell) {
		k.row = cell->row;
		k.places = gram_places(cell->places, 5);
		k.kind = cell->class ? cell->class : k.kind;
	}
	k.places |= KNOWN | (character_ends_sentence(c) ? KNOWN_ENDS_SENTENCE : 0);
	return k;
}

void tagger_known_begin(tagger_known *self, const tagger_model *model)
{
	const uint32_t boundary = TAGGER_BOUNDARY;
	self->model = model;
	self->boundary = known_gram_find(self, word_hash(&boundary, 1), 5);
}
