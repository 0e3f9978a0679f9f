/* fuzz_fold.c - any bytes, any flags: valid UTF-8 comes out, origins lie in the input and do not go back. */
#include <assert.h>
#include <stdlib.h>

#include "common/utf8.h"
#include "workers/text/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	buf out = {0}, origin = {0};
	mr_bytes text = {(const char *)data + 1, size - 1};
	fold_text(text, data[0] & FOLD_ALL, &out, &origin);
	mr_bytes folded = buf_bytes(&out);
	assert(utf8_valid(folded));
	size_t count = utf8_count(folded);
	assert(origin.len == count * sizeof(uint32_t));
	for (size_t i = 0; i < count; i++) {
		uint32_t at, before = 0;
		memcpy(&at, origin.data + i * sizeof at, sizeof at);
		if (i)
			memcpy(&before, origin.data + (i - 1) * sizeof at, sizeof at);
		assert(at < text.len && at >= before);
	}
	buf_free(&out);
	buf_free(&origin);
	return 0;
}
