/* fuzz_sketch.c - a blob from the wire or a log decodes to what encodes to the same; any two sketches compare; any text makes a sketch. */
#include <assert.h>
#include <stdlib.h>

#include "common/sketch.h"
#include "workers/dedup/sketcher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const sketch *a, const sketch *b)
{
	sketch_match there = sketch_compare(a, b), back = sketch_compare(b, a);
	assert(there.similarity >= 0 && there.similarity <= 1);
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
	blob((mr_bytes){(const char *)data, size}, &made);
	buf whole = {0};
	sketch_encode(&made, &whole);
	blob(buf_bytes(&whole), &made);
	buf_free(&whole);
	sketcher_free(&maker);
	return 0;
}
