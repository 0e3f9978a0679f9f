/* Lists of an answer (common/record_lists.h): what is read without a tree must be what Jansson reads, checks and what is written from its tree, to the byte; and an answer
 * whose lists were cut out must be JSON when, and only when, it was before. First byte: the shape of the list, or a whole answer. */
#include <jansson.h>
#include <stdlib.h>

#include "common/record_lists.h"
#include "common/record_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH 8                  /* as article_apply */
#define VALUES 65536

static void must(bool what)
{
	if (!what)
		abort();
}

static bool same(const buf *a, mr_bytes b)
{
	return a->len == b.len && (a->len == 0 || memcmp(a->data, b.data, a->len) == 0);
}

static void free_all(buf *bufs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_free(&bufs[i]);
}

/* Things that the quick way leaves to the slow one, though they are right: names with escapes, -0, counts of more than 18 digits. */
static bool is_left(mr_bytes text)
{
	size_t digits = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		digits = c >= '0' && c <= '9' ? digits + 1 : 0;
		if (c == '\\' || c == '-' || c == 0 || digits > 18)
			return true;
	}
	return false;
}

static void check_join(const json_t *list, mr_bytes text, buf *joined, buf *want)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			buf_add_char(want, '\n');
		buf_add(want, json_string_value(json_array_get(list, i)), json_string_length(json_array_get(list, i)));
	}
	list_join(text, joined);
	must(same(joined, buf_bytes(want)));
}

/* A list that was taken: Jansson takes it, it has its shape, it is written so, it holds so many values, and read again it stays what it is. */
static void check_taken(mr_bytes text, const detail_slot *slots, mr_bytes written, size_t values)
{
	buf bufs[6] = {{0}};
	json_scan scan = {0};
	json_t *tree = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	size_t again = 0;
	const char *at = written.data;
	must(json_is_array(tree) && !list_check(tree, slots));
	list_write(tree, slots, &bufs[0]);
	must(same(&bufs[0], written));
	must(json_scan_run(&scan, text, DEPTH, SIZE_MAX) == JSON_SCAN_FINE && scan.values == values);
	json_scan_free(&scan);
	must(list_read(&at, written.data + written.len, slots, &bufs[1], bufs + 2, &again, VALUES));
	must(same(&bufs[1], written) && at == written.data + written.len);
	if (!slots)
		check_join(tree, written, &bufs[4], &bufs[5]);
	json_decref(tree);
	free_all(bufs, 6);
}

static void check_list(mr_bytes text, const detail_slot *slots)
{
	buf bufs[3] = {{0}};
	const char *at = text.data, *end = at + text.len;
	size_t values = 0;
	if (list_read(&at, end, slots, &bufs[0], bufs + 1, &values, VALUES)) {
		check_taken((mr_bytes){text.data, (size_t)(at - text.data)}, slots, buf_bytes(&bufs[0]), values);
	} else if (!is_left(text)) {
		json_t *tree = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
		must(at == text.data && (!json_is_array(tree) || list_check(tree, slots)));
		json_decref(tree);
	}
	free_all(bufs, 3);
}

/* ---- a whole answer ---- */

/* What was cut out is in the whole tree, and written from it gives the same. What was not cut is in both trees. */
static void check_member(const buf *text, const list_span *cut, json_t *rest, json_t *whole, const detail_slot *slots)
{
	buf out = {0};
	if (cut->len) {
		must(json_is_array(rest) && json_array_size(rest) == 0 && json_is_array(whole) && !list_check(whole, slots));
		list_write(whole, slots, &out);
		must(same(&out, (mr_bytes){text->data + cut->from, cut->len}));
	} else {
		must(json_equal(rest, whole));
	}
	buf_free(&out);
}

static void check_trees(const record_lists *lists, const buf *text, json_t *rest, json_t *whole)
{
	const char *name, *inner;
	json_t *value, *list;
	static const list_span none;
	must(json_object_size(rest) == json_object_size(whole));
	json_object_foreach(whole, name, value) {
		enum field field = field_find(mr_bytes_of(name));
		json_t *left = json_object_get(rest, name);
		if (field != FIELD_DETAIL || !json_is_object(value)) {
			check_member(text, field == FIELD_COUNT ? &none : &lists->fields[field], left, value, NULL);
			continue;
		}
		must(json_object_size(left) == json_object_size(value));
		json_object_foreach(value, inner, list) {
			enum detail_member member = detail_find(mr_bytes_of(inner));
			check_member(text, member == DETAIL_COUNT ? &none : &lists->detail[member], json_object_get(left, inner), list,
			             member == DETAIL_COUNT ? NULL : detail_table[member].slots);
		}
	}
}

static void check_answer(mr_bytes patch)
{
	buf text = {0}, rest = {0};
	record_lists lists = {0};
	json_scan scan = {0}, left = {0};
	if (json_scan_run(&scan, patch, DEPTH, VALUES) == JSON_SCAN_FINE) {
		lists_cut(&lists, patch, VALUES, &text, &rest);
		json_t *whole = json_loadb(patch.data, patch.len, JSON_REJECT_DUPLICATES, NULL), *tree = json_loadb(rest.data, rest.len, JSON_REJECT_DUPLICATES, NULL);
		must(json_is_object(whole) == json_is_object(tree));
		if (json_is_object(whole)) {
			must(json_scan_run(&left, buf_bytes(&rest), DEPTH, VALUES) == JSON_SCAN_FINE && left.values + lists.values == scan.values);
			check_trees(&lists, &text, tree, whole);
		}
		json_decref(whole);
		json_decref(tree);
	}
	json_scan_free(&scan);
	json_scan_free(&left);
	buf_free(&text);
	buf_free(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	mr_bytes text = {(const char *)data + 1, size - 1};
	unsigned shape = data[0] % (DETAIL_COUNT + 2);
	if (shape == DETAIL_COUNT)
		check_answer(text);
	else
		check_list(text, shape < DETAIL_COUNT ? detail_table[shape].slots : NULL);
	return 0;
}
