/* Canonical addresses: bounded, printable, and canonical once more they stay as they are. */
#include <stdint.h>
#include <stdlib.h>

#include "common/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	buf out = {0}, again = {0};
	if (url_canonical((mr_bytes){(const char *)data, size}, &out)) {
		if (out.len > URL_MAX || !url_canonical(buf_bytes(&out), &again) || out.len != again.len || memcmp(out.data, again.data, out.len) != 0)
			abort();
		for (size_t i = 0; i < out.len; i++)
			if ((unsigned char)out.data[i] <= ' ' || out.data[i] == 0x7f)
				abort();
	} else if (out.len) {
		abort();
	}
	buf_free(&out);
	buf_free(&again);
	return 0;
}
