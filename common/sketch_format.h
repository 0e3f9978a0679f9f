/* sketch_format.h - the fields of a sketch, drawn. Part of sketch.h; a change of a field or of its meaning needs another SKETCH_VERSION.
 *
 * A text is folded (workers/text/fold.h, everything but letters, digits and ideographs out) and seen as the set of its shingles: runs of characters
 * of weight 25, an ideograph weighing 5 and any other letter 2, so 5 Han characters or 13 Latin letters. Each shingle is hashed to 64 bits; the top
 * 7 bits name one of 128 buckets, and a bucket keeps its smallest hash, by the 21 bits behind (of equal ones the first): one-permutation hashing (Li, Owen,
 * Zhang, NIPS 2012; minwise hashing: Broder, 1997). Of that hash only a 4-bit value 1..15 is kept (b-bit minwise hashing: Li & Konig, WWW 2010), 0 saying that the bucket is empty, and
 * in which quarter of the text the shingle stands. All this lies in bit planes, so that two sketches are compared with a few dozen word operations:
 * bit i of value[p] is bit p of bucket i's value.
 *
 * encoded, little endian: version u32, then the fields in order. 172 bytes.
 *
 * Version 1 (read, not written) had a key for each of the SKETCH_KEY_BUCKETS: 188 bytes. Its first SKETCH_KEYS that are not 0 are the keys of version 2. In
 * the place of title_figures stood the number of figures, which served nothing; it is read as 0. All other fields are the same. */
#ifndef COMMON_SKETCH_FORMAT_H
#define COMMON_SKETCH_FORMAT_H

#include <stdint.h>

#define SKETCH_BUCKETS 128
#define SKETCH_KEYS 8
#define SKETCH_KEY_BUCKETS 12
#define SKETCH_ENCODED_BYTES 172

struct sketch {
	uint64_t exact;                  /* hash of the folded text; 0: empty text */
	uint32_t shingles;               /* how many, repeats counted */
	uint16_t weight;                 /* of the text in ideographs (a Latin letter is 0.4), at most 65535 */
	uint16_t title_figures;          /* a bit for each number of the title, and for each two that follow each other */
	uint64_t value[4][2];            /* bit planes of the bucket values */
	uint64_t place[2][2];            /* bit planes of the quarter of the text, 0..3 */
	uint64_t figure[2];              /* one bit for each number of the text (Bloom, 1970, one hash) */
	uint16_t title[4];               /* bit planes of 16 buckets over the pairs of characters of the title; 0: no title */
	uint32_t key[SKETCH_KEYS];       /* smallest hash of the runs of weight 40 in each of the first 8 of 12 buckets that are not empty; 0: there are no more.
	                                  * For sketch_keys alone: an index that files them need not keep them (SKETCH_CORE_BYTES are enough for sketch_compare) */
};

#define SKETCH_CORE_BYTES offsetof(struct sketch, key)

#endif
