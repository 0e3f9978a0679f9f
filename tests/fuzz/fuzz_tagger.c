/* fuzz_tagger.c - the tagger: a model file that is accepted must be safe to tag any text with. The input is a model file, then (last two bytes: how many) bytes of a
 * text. The checksum is put right first, or nothing would get past it. */
#include <stdlib.h>
#include <xxhash.h>

#include "common/utf8.h"
#include "workers/entities/tagger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void spans_check(const tagger_span *spans, size_t count, size_t characters, const tagger_model *m)
{
	uint32_t last = 0;
	for (size_t i = 0; i < count; i++) {
		if (spans[i].begin < last || spans[i].end <= spans[i].begin || spans[i].end > characters || spans[i].type >= tagger_type_count(m))
			abort();
		last = spans[i].end;
	}
}

static void text_tag(const tagger_model *m, const char *text, size_t len)
{
	uint32_t *characters = malloc((len + 1) * sizeof *characters);
	const tagger_span *spans;
	size_t count = 0;
	for (const char *at = text, *end = text + len; at < end;)
		characters[count++] = utf8_next(&at, end);
	tagger *t = tagger_new(m);
	size_t found = tagger_read(t, characters, count, &spans);
	spans_check(spans, found, count, m);
	for (size_t i = 0; i < count; i++)               /* any 32-bit value is taken */
		characters[i] *= 0x9E3779B1u;
	found = tagger_read(t, characters, count, &spans);
	spans_check(spans, found, count, m);
	tagger_free(&t);
	free(characters);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 16 || size < 2)
		return 0;
	size_t text = (size_t)data[size - 2] | (size_t)data[size - 1] << 8, len = size - 2;
	text = text < len ? text : len;
	len -= text;
	char *file = aligned_alloc(64, (len + 64) / 64 * 64), error[256];
	memcpy(file, data, len);
	if (len > 32) {
		uint64_t bytes = len, sum = XXH3_64bits(file + 32, len - 32);
		memcpy(file + 16, &bytes, sizeof bytes);
		memcpy(file + 24, &sum, sizeof sum);
	}
	tagger_model m;
	if (tagger_model_read(&m, (mr_bytes){file, len}, error) == 0)
		text_tag(&m, (const char *)data + len, text);
	tagger_model_close(&m);
	free(file);
	return 0;
}
