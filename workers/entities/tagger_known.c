/* tagger_known.c - see tagger_known.h. */
#include "workers/entities/tagger_known.h"

#include <stdlib.h>

#include "common/mem.h"

known_gram known_gram_find(const tagger_known *self, uint64_t hash, unsigned rows)
{
	const tagger_cell *cell = tagger_model_find(self->model, hash);
	return (known_gram){.row = cell ? cell->row : 0, .places = cell ? gram_places(cell->places, rows) : 0, .known = true};
}

/* Room for `count` rows of zeros, behind what is there. */
static uint32_t rows_add(tagger_known *self, unsigned count)
{
	size_t bytes = (size_t)count * self->model->stride, at = self->used;
	if (self->room - self->used < bytes) {
		self->room = self->room * 2 + bytes;
		self->rows = mem_grow(self->rows, self->room, 1);
	}
	memset(self->rows + at, 0, bytes);
	self->used += bytes;
	return (uint32_t)at;
}

uint32_t known_rows_copy(tagger_known *self, uint64_t hash, unsigned rows)
{
	known_gram gram = known_gram_find(self, hash, rows);
	uint32_t stride = self->model->stride;
	if (!gram.places)
		return KNOWN_NO_ROWS;
	uint32_t at = rows_add(self, rows);
	for (unsigned j = 0; j < rows; j++)
		if (gram.places >> j & 1)
			memcpy(self->rows + at + j * stride, self->model->rows + (size_t)gram.row++ * stride, stride);
	return at;
}

known_character known_character_find(tagger_known *self, uint32_t c)
{
	uint32_t normal = character_normal(c);
	uint64_t hash = word_hash(&normal, 1);
	const tagger_cell *cell = tagger_model_find(self->model, hash);
	return (known_character){.rows = known_rows_copy(self, hash, CHARACTER_ROWS), .kind = cell && cell->class ? cell->class : character_kind(c), .normal = (uint16_t)normal,
				 .known = true, .ends_sentence = character_ends_sentence(c)};
}

void tagger_known_begin(tagger_known *self, const tagger_model *model)
{
	const uint32_t boundary = TAGGER_BOUNDARY;
	self->model = model;
	rows_add(self, CHARACTER_ROWS);          /* KNOWN_NO_ROWS */
	self->boundary = known_rows_copy(self, word_hash(&boundary, 1), CHARACTER_ROWS);
}

void tagger_known_end(tagger_known *self)
{
	free(self->rows);
	self->rows = NULL;
}
