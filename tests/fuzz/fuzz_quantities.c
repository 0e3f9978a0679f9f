/* fuzz_quantities.c - any bytes as the body of an article: figures lie in the text, in order, within their limit, and print as UTF-8 that stands in the body. */
#include <jansson.h>
#include <assert.h>
#include <math.h>

#include "common/utf8.h"
#include "workers/entities/quantities.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(const fact_text *text, fact_span at)
{
	assert(at.begin <= at.end && at.end <= text->count);
	if (at.begin == at.end)
		return;
	mr_bytes printed = fact_text_printed(text, at);
	assert(printed.data >= text->body.data && printed.data + printed.len <= text->body.data + text->body.len);
}

static void check_item(const fact_text *text, const quantity *item)
{
	const fact_span spans[] = {item->at, item->scale, item->unit, item->qualifier, item->what, item->subject};
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		check_span(text, spans[i]);
	assert(isfinite(item->value) && fabs(item->value) < 1e31 && isfinite(item->value_to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static fact_text text;
	static quantities found;
	buf body = {0};
	const char *at = (const char *)data, *end = at + size;
	while (at < end)                         /* a body is valid UTF-8 without NUL: the extractor sees to it */
		utf8_add(&body, utf8_next(&at, end));
	for (size_t i = 0; i < body.len; i++)
		body.data[i] = body.data[i] ? body.data[i] : ' ';
	fact_text_read(&text, buf_bytes(&body), (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
	quantities_read(&found, &text);
	assert(found.count <= QUANTITIES_MAX);
	uint32_t last = 0;
	for (uint32_t i = 0; i < found.count; i++) {
		check_item(&text, &found.items[i]);
		assert(found.items[i].at.begin >= last && found.items[i].at.begin < found.items[i].at.end);
		last = found.items[i].at.end;
	}
	assert(last <= text.count);
	buf list = {0};
	quantities_write(&found, &text, &list);
	json_t *tree = list.len ? json_loadb(list.data, list.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	assert(!found.count == !list.len && !tree == !list.len);
	json_decref(tree);
	buf_free(&list);
	buf_free(&body);
	return 0;
}
