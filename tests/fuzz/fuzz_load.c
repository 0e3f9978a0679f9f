/* The tree of a record: with long strings cut out and put back it must be what Jansson alone gives, members in the same order, errors at the same place. */
#include <jansson.h>
#include <stdlib.h>

#include "common/record_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mr_bytes text = {(const char *)data, size};
	json_scan scan = {0};
	json_error_t here, there;
	if (size && json_scan_run(&scan, text, 32, 65536) == JSON_SCAN_FINE) {
		json_t *ours = record_load(text, &scan, 2, &here), *theirs = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &there);
		char *a = ours ? json_dumps(ours, JSON_COMPACT) : NULL, *b = theirs ? json_dumps(theirs, JSON_COMPACT) : NULL;
		if (!ours != !theirs || (!ours && (here.position != there.position || strcmp(here.text, there.text) != 0)) || (a && b && strcmp(a, b) != 0) || !a != !b)
			abort();
		free(a);
		free(b);
		json_decref(ours);
		json_decref(theirs);
	}
	json_scan_free(&scan);
	return 0;
}
