/* zap.c - see zap.h. */
#include "zap.h"

#include "common/log.h"

#define ID_MAX 255

static bool is_text(mr_bytes frame, const char *text)
{
	return mr_bytes_equal(frame, text);
}

const char *zap_read(const mr_bytes *frames, size_t count, zap_question *out)
{
	*out = (zap_question){.id = {"", 0}};
	if (count >= 2 && frames[1].len <= ID_MAX)
		out->id = frames[1];
	if (count >= 4 && frames[3].len <= ZAP_ADDRESS_MAX)
		log_clean(out->address, ZAP_ADDRESS_MAX, frames[3]);
	if (count < 2 || !is_text(frames[0], "1.0") || frames[1].len > ID_MAX)
		return "no question of ZAP 1.0";
	if (count < 6 || !is_text(frames[2], ZAP_DOMAIN))
		return "another domain";
	if (frames[3].len > ZAP_ADDRESS_MAX)
		return "no address";
	if (!is_text(frames[5], "CURVE"))
		return "not by CURVE";
	if (count != ZAP_FRAMES || frames[6].len != KEY_BYTES)
		return "no key of 32 bytes";
	memcpy(out->key, frames[6].data, KEY_BYTES);
	out->has_key = true;
	return NULL;
}
