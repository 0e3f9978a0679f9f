/* The HTML half of the stage `extract`: any bytes, any charset; what comes out must be clean. */
#include <stdint.h>
#include <stdlib.h>

#include "common/utf8.h"
#include "workers/extract/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const buf *text)
{
	if (text->len && (!utf8_valid(buf_bytes(text)) || memchr(text->data, 0, text->len)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = {NULL, "UTF-8", "gb2312", "big5", "shift_jis", "utf-16", "windows-1252", "no-such"};
	static int ready;
	if (!ready) {
		html_preload();
		ready = 1;
	}
	if (!size)
		return 0;
	html_limits limits = {size & 1 ? 200000 : 200, size & 2 ? 256 : 20, size & 4 ? 0 : 100000};
	html_result out = {0};
	html_extract((mr_bytes){(const char *)data + 1, size - 1}, mr_bytes_of(labels[data[0] % 8]), mr_bytes_of("https://example.org/2026/03/13/a"), &limits, &out);
	const buf *all[] = {&out.body, &out.title, &out.authors, &out.editor, &out.source_name, &out.section, &out.keywords, &out.url, &out.captions};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		check(all[i]);
	if (out.published.precision && (out.published.month < 1 || out.published.month > 12 || out.published.day < 1 || out.published.day > 31))
		abort();
	html_result_free(&out);
	return 0;
}
