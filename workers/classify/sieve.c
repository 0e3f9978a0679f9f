/* sieve.c - see sieve.h. */
#include "sieve.h"

#include <stdlib.h>

#include "common/mem.h"

/* A slot tells the bucket of its feature, that is the first bits of the hash: of a small table fewer than the sieve asks for, then it may be any of several words. */
static void slot_add(sieve *self, uint32_t slots_log2, size_t slot, uint16_t tag)
{
	uint32_t bits = slots_log2 - BUCKET_LOG2;
	size_t bucket = slot >> BUCKET_LOG2, first, count = 1;
	if (bits >= SIEVE_LOG2) {
		first = bucket >> (bits - SIEVE_LOG2);
	} else {
		count = (size_t)1 << (SIEVE_LOG2 - bits);
		first = bucket * count;
	}
	for (size_t i = first; i < first + count; i++) {
		self->words[i] |= 1ull << (tag & 63);
		self->words[i] |= tag == 1;                      /* the tag of hashes that end in sixteen zeros, too (bucket_tag) */
	}
}

sieve sieve_new(const model *m)
{
	sieve self = {.words = mem_array((size_t)1 << SIEVE_LOG2, sizeof *self.words), .features = mem_array(SIEVE_CHARACTERS, sizeof *self.features)};
	for (size_t slot = 0; slot < (size_t)1 << m->head.slots_log2; slot++)
		if (m->tags[slot])
			slot_add(&self, m->head.slots_log2, slot, m->tags[slot]);
	for (uint32_t c = 0; c < SIEVE_CHARACTERS; c++) {
		uint32_t feature;
		self.features[c] = model_find(m, feature_longer(FEATURE_SEED, c), &feature) ? feature : SIEVE_NONE;
	}
	return self;
}

void sieve_free(sieve *self)
{
	free(self->words);
	free(self->features);
	*self = (sieve){0};
}
