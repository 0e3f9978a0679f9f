/* What `millrace tap` makes of a line (cli/tap_show.h): whatever it says, no byte of it reaches the terminal that it would obey; and as JSON it means the same. First byte: as JSON or
 * as a block. */
#include <jansson.h>
#include <stdlib.h>

#include "cli/tap_show.c"
#include "cli/term.c"
#include "cli/visible.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

static void must_be_harmless(const buf *text)
{
	const char *at = text->len ? text->data : "", *end = at + text->len;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		must(!utf8_is_unsafe(c) || c == '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || memchr(data + 1, '\n', size - 1))        /* a line has no line break */
		return 0;
	const term term = {NULL, 60, false, false};
	mr_bytes line = {(const char *)data + 1, size - 1};
	tap_note note;
	buf out = {0};
	bool json = data[0] & 1;
	enum tap_line kind = tap_show(line, &term, json, &out, &note);
	must_be_harmless(&out);
	must((kind == TAP_RECORD) == (out.len > 0));
	if (kind == TAP_RECORD && json) {
		json_t *given = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL), *shown = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
		must(given && json_equal(given, shown));
		json_decref(given);
		json_decref(shown);
	}
	buf_free(&out);
	return 0;
}
