/* sketch_pieces.h - a sketch in pieces, so that lines at the edges of a text can be left out of it afterwards.
 *
 * A worker keeps no state, so it cannot know which lines a source repeats under everything it publishes; the judge can (daemon/edges.h), but never sees a
 * text. So the worker cuts the text at its first and its last SKETCH_EDGES lines and tells of every piece what a sketch is made of; the judge puts
 * together what it wants. A piece is a head, a tail or, between them, the rest of the text; a text of few lines has no rest: its first lines
 * are heads, its last ones tails, most of them both.
 *
 * A run of characters (a shingle, sketch_format.h) that begins in one piece may end in the next one: it counts only while both are there. With nothing left
 * out the sketch is that of the whole text, bit for bit; with the first or the last lines left out it is that of the text without them (numbers that a line break tears apart
 * excepted). `exact` is of the whole text always: two texts are identical with all their lines, or not at all.
 *
 * Any thread; plain data, no pointers, about 20 KB: scratch to be used again. */
#ifndef COMMON_SKETCH_PIECES_H
#define COMMON_SKETCH_PIECES_H

#include "common/sketch.h"

#define SKETCH_EDGES 4                   /* lines at the beginning, and at the end, that may be left out */
#define SKETCH_PIECES_MAX (2 * SKETCH_EDGES + 1)
#define SKETCH_NO_CELL UINT64_MAX        /* of an empty bucket */
#define SKETCH_WEIGHT_HAN 5              /* of an ideograph */

/* MurmurHash3's finaliser: every bit of the product depends on every bit of x. */
static inline uint64_t sketch_mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xFF51AFD7ED558CCDu;
	x ^= x >> 33;
	x *= 0xC4CEB9FE1A85EC53u;
	return x ^ x >> 33;
}

/* The least run of a bucket, as one number that can be compared: order 21 bits | position 32 bits | value 4 bits. Position: runs before it. */
static inline uint64_t sketch_cell(uint64_t hash, uint32_t position)
{
	return (hash >> 36 & 0x1FFFFF) << 36 | (uint64_t)position << 4 | (1 + ((hash & 0xFFFFFFu) * 15 >> 24));
}

static inline size_t sketch_bucket(uint64_t hash)
{
	return hash >> 57;
}

typedef struct sketch_piece {
	uint32_t hash;           /* of the folded line; never 0. Of the rest 0 */
	uint32_t weight;         /* in fifths of an ideograph */
	uint64_t figure[2];      /* numbers that begin in it */
	/* Runs within the piece, and those that reach beyond it into the next one. */
	struct sketch_runs {
		uint32_t count;
		uint64_t cell[SKETCH_BUCKETS];
		uint64_t key[SKETCH_KEY_BUCKETS];        /* smallest turned hash of a bucket, SKETCH_NO_CELL: none */
	} runs[2];
} sketch_piece;

typedef struct sketch_pieces {
	size_t count;            /* 1: the text is not cut */
	size_t heads, tails;     /* piece i is head i, piece count - 1 - i is tail i */
	sketch_piece piece[SKETCH_PIECES_MAX];
} sketch_pieces;

/* No pieces, all buckets empty. */
void sketch_pieces_clear(sketch_pieces *self);
/* The sketch without the pieces whose bits are set in `left_out`. Of `whole` are taken what belongs to the whole text: exact and title. At least one piece must stay. */
void sketch_pieces_merge(const sketch_pieces *self, uint32_t left_out, const sketch *whole, sketch *out);

/* What travels from the worker: the sketch of the whole text (sketch_encode) and, if the text is cut, the pieces. Cells that cannot matter, because the rest
 * of the text has a smaller one, are not sent. */
void sketch_pieces_encode(const sketch_pieces *self, const sketch *whole, buf *out);
/* Reads such a blob; a sketch alone is one, too. 0; -1 when it is damaged. */
int sketch_pieces_decode(mr_bytes blob, sketch *whole, sketch_pieces *self) MR_MUST_USE;

#endif
