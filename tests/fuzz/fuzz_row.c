/* A published record as a row (common/record_row.h) and as a tuple of PostgreSQL's COPY (cli/load_copy.c): whatever comes, the tuple has the fields it names and each its
 * length, no text holds U+0000, JSON is JSON, and the same bytes give the same tuple. First byte: article or duplicate. */
#include <stdlib.h>

#include "cli/load_copy.c"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const labels[] = {"education", "science", "talent"};
static const record_rules_values rules_values = {.labels = labels, .label_count = 3};

static void must(bool what)
{
	if (!what)
		abort();
}

static uint32_t big(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void check_text(const unsigned char *at, size_t len)
{
	must(!memchr(at, 0, len) && utf8_valid((mr_bytes){(const char *)at, len}));
}

static void check_json(const unsigned char *at, size_t len)
{
	must(len > 1 && at[0] == 1);
	check_text(at + 1, len - 1);
	json_t *tree = json_loadb((const char *)at + 1, len - 1, 0, NULL);
	must(tree != NULL);
	json_decref(tree);
}

static void check_texts(const unsigned char *at, size_t len)
{
	const unsigned char *end = at + len;
	must(len >= 12 && big(at) <= 1 && big(at + 4) == 0 && big(at + 8) == OID_TEXT);
	if (big(at) == 0) {
		must(len == 12);
		return;
	}
	must(len >= 20 && big(at + 16) == 1);
	uint32_t count = big(at + 12);
	for (at += 20; count; count--) {
		must(end - at >= 4 && big(at) <= (size_t)(end - at - 4));
		check_text(at + 4, big(at));
		at += 4 + big(at);
	}
	must(at == end);
}

static void check_field(enum row_type type, const unsigned char *at, size_t len)
{
	if (type == ROW_TEXT)
		check_text(at, len);
	else if (type == ROW_TEXTS)
		check_texts(at, len);
	else if (type == ROW_JSON)
		check_json(at, len);
	else
		must(len == (type == ROW_BOOL ? 1 : 8));
}

static void check_tuple(const buf *tuple, const row_columns *columns)
{
	static const enum row_type place[] = {ROW_TEXT, ROW_TYPES, ROW_INT, ROW_JSON};
	const unsigned char *at = (const unsigned char *)tuple->data, *end = at + tuple->len;
	must(tuple->len > 2 && (size_t)(at[0] << 8 | at[1]) == columns->count + COPY_PLACE_FIELDS);
	at += 2;
	for (size_t i = 0; i < columns->count + COPY_PLACE_FIELDS; i++) {
		must(end - at >= 4);
		uint32_t len = big(at);
		at += 4;
		if (len == UINT32_MAX)
			continue;
		must(len <= (size_t)(end - at));
		enum row_type type = i < columns->count ? columns->list[i].type : place[i - columns->count];
		if (type == ROW_TYPES)
			must(len == 4);
		else
			check_field(type, at, len);
		at += len;
	}
	must(at == end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	record_fault fault;
	row rows[2] = {{0}};
	buf tuples[2] = {{0}};
	if (size < 1)
		return 0;
	record_rules *rules = record_rules_new_from(&rules_values);
	row_columns columns = row_columns_of(rules, data[0] % 2 ? SCHEMA_DUPLICATE : SCHEMA_ARTICLE);
	mr_bytes value = {(const char *)data + 1, size - 1};
	bool good = row_read(&columns, value, 65536, &rows[0], &fault) == 0;
	must(good == (row_read(&columns, value, 65536, &rows[1], &fault) == 0));
	for (int i = 0; good && i < 2; i++)
		copy_row(&tuples[i], &columns, &rows[i], &(copy_place){"articles", 3, 7});
	if (good) {
		must(row_is_id(rows[0].id) && tuples[0].len == tuples[1].len && memcmp(tuples[0].data, tuples[1].data, tuples[0].len) == 0);
		check_tuple(&tuples[0], &columns);
	} else {
		must(fault.code[0] && fault.message[0] && utf8_valid(mr_bytes_of(fault.message)));
	}
	for (int i = 0; i < 2; i++) {
		buf_free(&tuples[i]);
		row_free(&rows[i]);
	}
	row_columns_free(&columns);
	record_rules_free(&rules);
	return 0;
}
