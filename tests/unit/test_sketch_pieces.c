/* test_sketch_pieces.c - sketches put together from pieces: with all of them the sketch of the text, without lines at the edges that of the text without them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/mem.h"
#include "common/sketch_pieces.h"
#include "common/utf8.h"
#include "workers/dedup/sketcher.h"

static uint32_t next(uint32_t *x, uint32_t sides)
{
	*x = *x * 1664525u + 1013904223u;
	return (*x >> 8) % sides;
}

/* Words in two scripts, numbers, punctuation, and words of two scripts that a line break may tear. */
static void write_line(uint32_t *x, size_t characters, buf *out)
{
	static const char *const odd[] = {"软件", "軟體", "１２，５００", "3.5%", "《", "——", " of the ", "é", "😀", "&quot;", "㎡"};
	for (size_t i = 0; i < characters; i++) {
		uint32_t kind = next(x, 20);
		if (kind == 0)
			buf_add_str(out, odd[next(x, sizeof odd / sizeof *odd)]);
		else if (kind < 4)
			buf_printf(out, "%c", 'a' + next(x, 26));
		else if (kind == 4)
			buf_printf(out, "%u", next(x, 1000));
		else
			utf8_add(out, 0x4E00 + next(x, 600));
	}
}

typedef struct text {
	buf body;
	size_t lines, begin[40];         /* bytes; begin[lines]: the end */
} text;

static void write_text(text *t, uint32_t seed, size_t lines, size_t longest)
{
	uint32_t x = seed * 2654435761u + 1;
	buf_clear(&t->body);
	for (t->lines = 0; t->lines < lines; t->lines++) {
		t->begin[t->lines] = t->body.len;
		write_line(&x, 20 + next(&x, (uint32_t)longest), &t->body);
		buf_add_str(&t->body, next(&x, 6) ? "\n" : next(&x, 2) ? "\r\n\n" : "\n——\n");
	}
	t->begin[lines] = t->body.len;
}

/* The pieces as they are behind the wire. */
static sketch travelled(sketcher *maker, mr_bytes body, sketch_pieces *pieces)
{
	sketch made, whole;
	buf blob = {0};
	sketcher_make(maker, mr_bytes_of("标题 12"), body, &made);
	sketch_pieces_encode(sketcher_pieces(maker), &made, &blob);
	assert_int_equal(sketch_pieces_decode(buf_bytes(&blob), &whole, pieces), 0);
	assert_memory_equal(&made, &whole, sizeof made);
	buf_free(&blob);
	return made;
}

static void test_nothing_left_out(void **state)
{
	(void)state;
	static text t;
	static sketch_pieces pieces;
	sketcher *maker = sketcher_new();
	for (uint32_t seed = 0; seed < 300; seed++) {
		write_text(&t, seed, 1 + seed % 20, seed % 3 ? 60 : 400);
		sketch made = travelled(maker, buf_bytes(&t.body), &pieces), merged;
		assert_int_equal(pieces.count > 1, t.lines > 1);
		if (pieces.count < 2)
			continue;
		assert_true(pieces.count <= t.lines && pieces.count >= (t.lines < 5 ? 1 : 5));   /* lines without a letter join the one in front */
		sketch_pieces_merge(&pieces, 0, &made, &merged);
		assert_memory_equal(&made, &merged, sizeof made);
	}
	sketcher_free(&maker);
	buf_free(&t.body);
}

/* Numbers that a line break tears, and words, belong to neither text: the lines here end in a letter of their own. */
static void test_edges_left_out(void **state)
{
	(void)state;
	static text t;
	static sketch_pieces pieces;
	sketcher *maker = sketcher_new(), *plain = sketcher_new();
	int tried = 0;
	for (uint32_t seed = 0; seed < 200; seed++) {
		uint32_t x = seed + 1;
		t.lines = 2 + seed % 15;
		buf_clear(&t.body);
		for (size_t i = 0; i < t.lines; i++) {
			t.begin[i] = t.body.len;
			buf_add_str(&t.body, "头");
			write_line(&x, 20 + next(&x, 200), &t.body);
			buf_add_str(&t.body, "尾\n");
		}
		t.begin[t.lines] = t.body.len;
		sketch made = travelled(maker, buf_bytes(&t.body), &pieces), merged, want;
		for (size_t heads = 0; heads <= pieces.heads; heads++)
			for (size_t tails = 0; tails <= pieces.tails && heads + tails < pieces.count; tails++) {
				uint32_t left_out = ((1u << heads) - 1) | ((1u << tails) - 1) << (pieces.count - tails);
				size_t from = t.begin[heads], to = t.begin[t.lines - tails];
				sketch_pieces_merge(&pieces, left_out, &made, &merged);
				sketcher_make(plain, mr_bytes_of("标题 12"), (mr_bytes){t.body.data + from, to - from}, &want);
				assert_int_equal(merged.exact, made.exact);      /* of the whole text, always */
				want.exact = merged.exact;
				assert_memory_equal(&want, &merged, sizeof want);
				tried++;
			}
	}
	assert_true(tried > 2000);
	sketcher_free(&maker);
	sketcher_free(&plain);
	buf_free(&t.body);
}

/* A line in the middle of the lines at an edge: what reaches into it goes with it, what stands beside it stays. */
static void test_a_line_between_lines(void **state)
{
	(void)state;
	static text t;
	static sketch_pieces pieces;
	sketcher *maker = sketcher_new();
	write_text(&t, 5, 12, 100);
	sketch made = travelled(maker, buf_bytes(&t.body), &pieces), without;
	sketch_pieces_merge(&pieces, 1u << 1, &made, &without);
	const sketch_piece *p = pieces.piece;
	assert_int_equal(without.shingles, made.shingles - p[0].runs[1].count - p[1].runs[0].count - p[1].runs[1].count);
	uint32_t weight = 0;
	for (size_t k = 0; k < pieces.count; k++)
		weight += p[k].weight;
	assert_int_equal(made.weight, weight / SKETCH_WEIGHT_HAN);
	assert_int_equal(without.weight, (weight - p[1].weight) / SKETCH_WEIGHT_HAN);
	sketch_match m = sketch_compare(&made, &without);
	assert_int_equal(m.relation, SKETCH_IDENTICAL);                  /* the same text, whatever is left out of it */
	sketcher_free(&maker);
	buf_free(&t.body);
}

static void test_lines_have_names(void **state)
{
	(void)state;
	static sketch_pieces pieces, other;
	sketcher *maker = sketcher_new();
	const char *first = "首頁　新聞　教育　科技\n张家湾的水库昨天开闸放水，下游三个村子的农田都浇上了水，农技员说这一场水来得正是时候，秋粮有望增收。\n版权所有，未经许可不得转载，联系电话见本页下方。";
	const char *second = "首页 新闻  教育 科技\n\n　——\n另一篇报道说的是山里的学校，孩子们有了新的操场和图书室，老师从县城来，一个星期住五天，家长们都放心。\n版权所有,未经许可不得转载,联系电话见本页下方。\n";
	travelled(maker, mr_bytes_of(first), &pieces);
	travelled(maker, mr_bytes_of(second), &other);
	assert_int_equal(pieces.count, 3);
	assert_int_equal(other.count, 3);
	assert_int_equal(pieces.piece[0].hash, other.piece[0].hash);     /* folded: script, width and punctuation do not matter */
	assert_int_equal(pieces.piece[2].hash, other.piece[2].hash);
	assert_int_not_equal(pieces.piece[1].hash, other.piece[1].hash);
	travelled(maker, mr_bytes_of("短\n讯"), &pieces);
	assert_int_equal(pieces.count, 0);                               /* too little to cut: none travel */
	sketcher_free(&maker);
}

static void test_damaged_blobs(void **state)
{
	(void)state;
	static text t;
	static sketch_pieces pieces;
	sketch made, whole;
	buf blob = {0};
	sketcher *maker = sketcher_new();
	write_text(&t, 9, 11, 50);
	sketcher_make(maker, mr_bytes_of("t"), buf_bytes(&t.body), &made);
	sketch_pieces_encode(sketcher_pieces(maker), &made, &blob);
	for (size_t len = 0; len < blob.len; len++)                      /* every cut; a sketch alone is whole */
		assert_int_equal(sketch_pieces_decode((mr_bytes){blob.data, len}, &whole, &pieces), len == SKETCH_ENCODED_BYTES ? 0 : -1);
	static const struct { size_t at; char value; } wrong[] = {{0, 1}, {0, 9}, {SKETCH_ENCODED_BYTES, 0}, {SKETCH_ENCODED_BYTES, 1}, {SKETCH_ENCODED_BYTES, 10},
								  {SKETCH_ENCODED_BYTES + 1, 5}, {SKETCH_ENCODED_BYTES + 1, 1}, {SKETCH_ENCODED_BYTES + 2, 5}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char kept = blob.data[wrong[i].at];
		blob.data[wrong[i].at] = wrong[i].value;
		assert_int_equal(sketch_pieces_decode(buf_bytes(&blob), &whole, &pieces), -1);
		blob.data[wrong[i].at] = kept;
	}
	buf_add_char(&blob, 0);
	assert_int_equal(sketch_pieces_decode(buf_bytes(&blob), &whole, &pieces), -1);
	sketcher_free(&maker);
	buf_free(&blob);
	buf_free(&t.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_left_out),
		cmocka_unit_test(test_edges_left_out),
		cmocka_unit_test(test_a_line_between_lines),
		cmocka_unit_test(test_lines_have_names),
		cmocka_unit_test(test_damaged_blobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
