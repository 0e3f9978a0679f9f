/* fuzz_entities.c - any bytes as the body of an article, with the shipped word lists: every fact stands in the body, lists hold each name once, spans are in order
 * and in the text, and the limit holds. The tagger has a target of its own. Runs in the root of the source tree, as tests/fuzz/run.sh does. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/settings.h"
#include "common/utf8.h"
#include "workers/entities/entities.h"

#define LIMIT 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static entities *open_once(void)
{
	static entities *self;
	if (self)
		return self;
	const char *const sets[] = {"extract.tagger=rules", "extract.spans=true", "extract.max_facts=50", "extract.lexicons=conf/lexicons"};
	buf errors = {0};
	char error[256] = "";
	settings *s = settings_read(NULL, sets, sizeof sets / sizeof *sets, &errors);
	self = s ? entities_open(s, error) : NULL;
	if (!self) {
		fprintf(stderr, "fuzz_entities: %s%s\n", errors.data ? errors.data : "", error);
		exit(1);
	}
	settings_free(&s);
	buf_free(&errors);
	return self;
}

static void check_list(const json_t *list, mr_bytes body)
{
	assert(json_array_size(list) <= LIMIT);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		assert(name && *name && memmem(body.data, body.len, name, strlen(name)));
		for (size_t k = 0; k < i; k++)
			assert(strcmp(name, json_string_value(json_array_get(list, k))));
	}
}

static void check_spans(const json_t *spans, mr_bytes body)
{
	json_int_t last = 0, count = (json_int_t)utf8_count(body);
	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *span = json_array_get(spans, i);
		json_int_t start = json_integer_value(json_object_get(span, "start")), end = json_integer_value(json_object_get(span, "end"));
		assert(start >= last && start < end && end <= count);
		last = start;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const lists[] = {"persons", "organizations", "places", "policies"};
	entities *self = open_once();
	buf body = {0};
	const char *at = (const char *)data, *end = at + size;
	while (at < end)                         /* a body is valid UTF-8 without NUL: the extractor sees to it */
		utf8_add(&body, utf8_next(&at, end));
	for (size_t i = 0; i < body.len; i++)
		body.data[i] = body.data[i] ? body.data[i] : ' ';
	json_t *patch = json_object(), *detail = json_object();
	mr_bytes text = buf_bytes(&body), authors = {text.data, text.len < 16 ? utf8_prefix(text, 3) : 0};
	buf metrics = {0};
	entities_read(self, text, (mr_bytes){NULL, 0}, authors, patch, detail, &metrics);
	json_t *figures = metrics.len ? json_loadb(metrics.data, metrics.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	assert(!metrics.len || json_array_size(figures));
	json_decref(figures);
	buf_free(&metrics);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		check_list(json_object_get(patch, lists[i]), text);
	assert(json_array_size(json_object_get(detail, "persons")) <= LIMIT);
	check_spans(json_object_get(detail, "spans"), text);
	json_decref(patch);
	json_decref(detail);
	buf_free(&body);
	return 0;
}
