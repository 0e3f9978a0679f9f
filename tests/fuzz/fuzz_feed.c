/* Feed records and patches. First byte: which rules and which form. The rest up to a line with "--" alone is the message, what follows a patch.
 * Whatever comes in, what goes out is one line of valid JSON, twice the same. */
#include <jansson.h>
#include <stdlib.h>

#include "common/filter.h"
#include "common/record.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const labels[] = {"education", "science", "talent"};

/* Whatever the article holds, each condition has an answer, and with its opposite it keeps everything out. */
static void ask_filters(const record *rec, const article *art)
{
	static const char *const pairs[][2] = {{"labels=education|none", "labels!=education|none"}, {"languages=zh|en", "languages!=zh|en"}, {"sources=x|none", "sources!=x|none"},
		{"hosts=example|none", "hosts!=example|none"}, {"characters>=40", "characters<=39"}};
	char why[FILTER_WHY];
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		int refused = 0;
		for (int k = 0; k < 3; k++) {
			filter *f = filter_new(labels, 3);
			if ((k != 1 && filter_add(f, pairs[i][0], why)) || (k != 0 && filter_add(f, pairs[i][1], why)))
				abort();
			refused += filter_refuses(f, rec, art) != FILTER_NONE;
			filter_free(&f);
		}
		if (refused != 2)
			abort();
	}
}

static void check_line(const buf *out)
{
	json_t *line = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, NULL);
	if (!line || memchr(out->data, '\n', out->len))
		abort();
	json_decref(line);
}

static void dump_both(article *art, record *rec)
{
	buf a = {0}, b = {0};
	verdict v = {.kind = "near", .similarity = 0.5, .has_owner = true};
	article_dump(art, &v, 1773362500000, &a);
	article_dump(art, &v, 1773362500000, &b);
	check_line(&a);
	if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
		abort();
	buf_clear(&a);
	article_dump_duplicate(art, &v, 1773362500000, &a);
	check_line(&a);
	buf_clear(&a);
	record_dump_duplicate(rec, 2, &v, 1773362500000, &a);
	check_line(&a);
	buf_free(&a);
	buf_free(&b);
}

static void run(const record_source *source, const record_rules *rules, mr_bytes patch)
{
	static const char *const names[] = {"input", "input.text", "charset", "clock_ms", "title", "authors", "url_canonical", "published_at_ms", "persons", "detail.metrics", NULL};
	record_fault fault = {0};
	mr_field fields[10];
	buf scratch = {0};
	record *rec = record_parse(rules, source, &fault);
	if (!rec) {
		mr_field headers[RECORD_HEADERS_OUT_MAX];
		dead_letter dead = {&fault, 1, 0, 0, false};
		record_headers_dead(source, &dead, headers, RECORD_HEADERS_OUT_MAX, &scratch);
		if (!fault.code[0] || !utf8_valid(mr_bytes_of(fault.message)))
			abort();
		buf_free(&scratch);
		return;
	}
	record_fields(rec, names, fields, &scratch);
	article *art = article_new(rec, 0, 1);
	if (patch.data && article_apply(art, patch, "extract", &fault) != 0 && !utf8_valid(mr_bytes_of(fault.message)))
		abort();
	record_release_input(rec);
	buf_clear(&scratch);
	article_fields(art, names, fields, &scratch);
	dump_both(art, rec);
	ask_filters(rec, art);
	if (record_memory(rec) + article_memory(art) == 0)
		abort();
	article_free(&art);
	record_free(&rec);
	buf_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, "text/plain", "text/html; charset=gbk", "application/json"};
	if (size < 1)
		return 0;
	unsigned how = data[0];
	record_rules_values values = {.labels = labels, .label_count = 3, .identity_is_key = how & 1, .staged = how & 2, .spans = how & 4,
	                              .detail = how & 8 ? "text" : "nested", .envelope = how & 2};
	record_rules *rules = record_rules_new_from(&values);
	mr_bytes text = {(const char *)data + 1, size - 1}, patch = {NULL, 0};
	const char *cut = memmem(text.data, text.len, "\n--\n", 4);
	if (cut) {
		patch = (mr_bytes){cut + 4, (size_t)(text.data + text.len - cut - 4)};
		text.len = (size_t)(cut - text.data);
	}
	const mr_field headers[] = {{mr_bytes_of("content-type"), mr_bytes_of(types[how >> 4 & 3])}, {mr_bytes_of("title"), patch}, {patch, text}};
	record_source source = {.topic = "articles.raw", .timestamp_ms = how & 128 ? -1 : 1773362400000, .key = text, .value = text, .headers = headers, .header_count = 3};
	run(&source, rules, patch);
	record_rules_free(&rules);
	return 0;
}
