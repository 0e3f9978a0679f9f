/* Points in time: what is read can be printed, and what is printed is read as the same point. The first byte is the default zone. */
#include <stdlib.h>

#include "common/times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	time_point at, again;
	char text[TIME_TEXT_BYTES];
	if (size < 1 || !time_parse((mr_bytes){(const char *)data + 1, size - 1}, data[0] & 1 ? TIME_ZONE_CHINA : 0, &at))
		return 0;
	if (!time_print(at.ms, at.zone, text) || !time_parse(mr_bytes_of(text), 0, &again) || again.ms != at.ms || again.zone != at.zone)
		abort();
	return 0;
}
