/* fuzz_zap.c - what strangers can bring before they are let in: questions of ZAP with any frames, lists of keys, endpoints and keys as text.
 *
 * input | 1 byte: what; then   0: frames, each length 1 and bytes   1: a list   2: an endpoint   3: a key */
#include <stdint.h>
#include <stdlib.h>

#include "common/endpoint.h"
#include "common/keys.h"
#include "common/mem.h"
#include "daemon/zap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void question(const uint8_t *data, size_t size)
{
	mr_bytes frames[ZAP_FRAMES_MAX];
	size_t count = 0, at = 0;
	zap_question q;
	while (at < size && count < ZAP_FRAMES_MAX) {
		size_t len = data[at++];
		len = len < size - at ? len : size - at;
		frames[count++] = (mr_bytes){(const char *)data + at, len};
		at += len;
	}
	const char *why = zap_read(frames, count, &q);
	if ((why == NULL) != q.has_key || strlen(q.address) > ZAP_ADDRESS_MAX)
		abort();
	for (const char *c = q.address; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			abort();                                 /* it goes into a log line */
	if (!why && (count != ZAP_FRAMES || !mr_bytes_equal(frames[2], ZAP_DOMAIN)))
		abort();
}

static void list(mr_bytes text)
{
	buf errors = {0};
	allow_list *found = allow_list_parse(text, "list", &errors);
	const char *name;
	const uint8_t *key;
	if ((found == NULL) != (errors.len > 0))
		abort();
	for (size_t i = 0; found && allow_list_get(found, i, &name, &key); i++)
		if (!key_name_good(name, strlen(name)) || allow_list_find(found, key) != name)
			abort();
	allow_list_free(&found);
	buf_free(&errors);
}

static void text(uint8_t what, mr_bytes bytes)
{
	uint8_t key[KEY_BYTES];
	char again[KEY_TEXT + 1], *copy = mem_copy(bytes.data, bytes.len);
	endpoint e;
	if (what == 2 && endpoint_parse(copy, &e) == 0 && (!e.stage[0] || strncmp(e.address, "tcp://", 6) != 0 || !strstr(copy, e.address)))
		abort();
	if (what == 3 && key_decode(bytes.data, bytes.len, key)) {
		key_encode(key, again);
		if (memcmp(again, bytes.data, KEY_TEXT) != 0)
			abort();                                 /* a key has one form */
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	mr_bytes rest = {(const char *)data + 1, size - 1};
	switch (data[0] % 4) {
	case 0:
		question(data + 1, size - 1);
		break;
	case 1:
		list(rest);
		break;
	default:
		text(data[0] % 4, rest);
	}
	return 0;
}
