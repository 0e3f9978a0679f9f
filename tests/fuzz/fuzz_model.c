/* fuzz_model.c - the model file's reader: what it accepts must be safe to scorer with. The checksum is put right first, or nothing would get past it. */
#include <stdlib.h>
#include <xxhash.h>

#include "workers/classify/scorer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 16)
		return 0;
	char *file = aligned_alloc(64, (size + 64) / 64 * 64), error[256];
	memcpy(file, data, size);
	if (size > 32) {
		uint64_t bytes = size, sum = XXH3_64bits(file + 32, size - 32);
		memcpy(file + 16, &bytes, sizeof bytes);
		memcpy(file + 24, &sum, sizeof sum);
	}
	model m;
	if (model_read(&m, (mr_bytes){file, size}, error) == 0) {
		scorer *j = scorer_new(&m);
		scoring v;
		evidence_term terms[16];
		scorer_read(j, mr_bytes_of("人才公寓"), mr_bytes_of("数学老师 teacher，人才公寓，天气。"), &v);
		scorer_evidence(j, &v, terms, 16);
		scorer_free(&j);
	}
	model_close(&m);
	free(file);
	return 0;
}
