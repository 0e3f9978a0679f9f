/* json_member (common/json_text.h): stays inside the text whatever it is; and of an object that Jansson reads it finds the member that Jansson finds.
 * Up to the first line break: the name that is looked for. */
#include <jansson.h>
#include <stdlib.h>

#include "common/json_text.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	if (!line)
		return 0;
	char *name = mem_copy(data, (size_t)(line - data));
	char *exact = mem_copy(line + 1, size - (size_t)(line + 1 - data));
	mr_bytes text = {exact, size - (size_t)(line + 1 - data)};
	mr_bytes found = json_member(text, name);
	must(!found.data || (found.data >= text.data && found.data + found.len <= text.data + text.len && found.len > 0));
	json_t *tree = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(tree) && !strchr(name, '\\') && !memchr(text.data, '\\', text.len)) {
		const json_t *want = json_object_get(tree, name);
		must((want != NULL) == (found.data != NULL));
		json_t *got = found.data ? json_loadb(found.data, found.len, JSON_DECODE_ANY, NULL) : NULL;
		must(!want || json_equal(want, got));
		json_decref(got);
	}
	json_decref(tree);
	free(exact);
	free(name);
	return 0;
}
