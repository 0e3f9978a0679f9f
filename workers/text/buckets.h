/* buckets.h - how the tables of model files find a hash: buckets of 16 slots, of each slot 16 bits of the hash (its tag) in an array of their own.
 *
 * A hash lives in one of the 16 slots of its bucket; tag 0 is an empty slot. What the model does not hold is not found, but for the few hashes that share bucket
 * and tag with one it holds. Pure; any thread. */
#ifndef TEXT_BUCKETS_H
#define TEXT_BUCKETS_H

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BUCKET_LOG2 4                    /* 16 slots, 32 bytes of tags: within a cache line */

static inline uint16_t bucket_tag(uint64_t hash)
{
	return (uint16_t)hash ? (uint16_t)hash : 1;
}

/* First slot of the bucket of a hash, of 1 << slots_log2 slots. */
static inline uint32_t bucket_first(uint32_t slots_log2, uint64_t hash)
{
	return (uint32_t)(hash >> 32 >> (32 + BUCKET_LOG2 - slots_log2)) << BUCKET_LOG2;
}

/* A bit for each of the 16 tags of a bucket (16-byte aligned) that equals `tag`. All are compared, whatever the first ones say: what a gram finds cannot be foreseen, and a branch
 * guessed wrong costs more than sixteen comparisons. */
static inline uint32_t bucket_matches(const uint16_t *tags, uint16_t tag)
{
#ifdef __SSE2__
	__m128i want = _mm_set1_epi16((short)tag);
	__m128i low = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)(const void *)tags), want);
	__m128i high = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)(const void *)(tags + 8)), want);
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
	uint32_t found = 0;
	for (uint32_t i = 0; i < 1u << BUCKET_LOG2; i++)
		found |= (uint32_t)(tags[i] == tag) << i;
	return found;
#endif
}

#endif
