/* fuzz_sketch.c - a sketch out of a log decodes to what encodes to the same; any two compare; any text makes a sketch, and pieces of which it can be put together
 * again; pieces from the wire, whatever they hold, are read or refused, and any of them can be left out. */
#include <assert.h>
#include <stdlib.h>

#include "common/sketch_pieces.h"
#include "workers/dedup/sketcher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const sketch *a, const sketch *b)
{
	sketch_match there = sketch_compare(a, b), back = sketch_compare(b, a);
	assert(there.similarity >= 0 && there.similarity <= 1);
	sketch_evidence fast = sketch_weigh(a, b), portable = sketch_weigh_portable(a, b);
	assert(memcmp(&fast, &portable, sizeof fast) == 0);
	assert(there.relation == back.relation && there.similarity == back.similarity && there.changed == back.changed);
	uint64_t keys[SKETCH_KEYS];
	assert(sketch_keys(a, keys) <= SKETCH_KEYS);
}

static void blob(mr_bytes bytes, const sketch *other)
{
	sketch one;
	if (sketch_decode(bytes, &one))
		return;
	buf again = {0};
	sketch_encode(&one, &again);
	sketch two;
	assert(again.len == SKETCH_ENCODED_BYTES && sketch_decode(buf_bytes(&again), &two) == 0 && memcmp(&one, &two, sizeof one) == 0);
	assert(bytes.data[0] == 1 || one.key[SKETCH_KEYS - 1] == 0 || memcmp(again.data, bytes.data, bytes.len) == 0);      /* an older one is written anew */
	compare(&one, other);
	buf_free(&again);
}

static void leave_out(const sketch_pieces *pieces, const sketch *whole, unsigned seed)
{
	for (unsigned i = 0; i < 4 && pieces->count > 1; i++) {
		sketch made;
		uint32_t left_out = seed * (i + 1) * 2654435761u >> 16 & ((1u << pieces->count) - 1);
		sketch_pieces_merge(pieces, left_out == (1u << pieces->count) - 1 ? 0 : left_out, whole, &made);
		compare(&made, whole);
		assert(sketch_compare_inner(whole, whole, &made).relation == sketch_compare(whole, whole).relation);
	}
}

/* Pieces as a worker may send them. */
static void pieces_of(mr_bytes bytes, unsigned seed)
{
	static sketch_pieces pieces;
	sketch whole;
	if (sketch_pieces_decode(bytes, &whole, &pieces))
		return;
	leave_out(&pieces, &whole, seed);
	buf again = {0};
	static sketch_pieces same;
	sketch two;
	sketch_pieces_encode(&pieces, &whole, &again);
	assert(sketch_pieces_decode(buf_bytes(&again), &two, &same) == 0 && memcmp(&whole, &two, sizeof two) == 0 && same.count == pieces.count);
	buf_free(&again);
}

/* Pieces of a text: with nothing left out, the sketch of the text. */
static void travel(const sketcher *maker, const sketch *made, unsigned seed)
{
	static sketch_pieces pieces;
	sketch whole, merged;
	buf blob = {0};
	sketch_pieces_encode(sketcher_pieces(maker), made, &blob);
	assert(sketch_pieces_decode(buf_bytes(&blob), &whole, &pieces) == 0 && memcmp(&whole, made, sizeof whole) == 0);
	if (pieces.count) {
		sketch_pieces_merge(&pieces, 0, &whole, &merged);
		assert(memcmp(&merged, made, sizeof merged) == 0);
	}
	leave_out(&pieces, &whole, seed);
	buf_free(&blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t cut = 1 + data[0] % 64 < size ? 1 + data[0] % 64 : size;
	mr_bytes title = {(const char *)data + 1, cut - 1}, body = {(const char *)data + cut, size - cut};
	sketcher *maker = sketcher_new();
	sketch made, same;
	sketcher_make(maker, title, body, &made);
	sketcher_make(maker, title, body, &same);
	assert(memcmp(&made, &same, sizeof made) == 0);
	travel(maker, &made, data[0]);
	blob((mr_bytes){(const char *)data, size}, &made);
	pieces_of((mr_bytes){(const char *)data, size}, data[size - 1]);
	buf whole = {0};
	sketch_encode(&made, &whole);
	blob(buf_bytes(&whole), &made);
	buf_free(&whole);
	sketcher_free(&maker);
	return 0;
}
