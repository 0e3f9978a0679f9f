/* test_dedup.c - the stage as the worker calls it: a task in, one part with a sketch for the daemon out, in the form that travels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/sketch_pieces.h"
#include "common/wire.h"
#include "workers/answer.h"
#include "workers/dedup/dedup.h"

static sketch answered(void *ctx, const char *title, const char *body)
{
	mr_field field = {mr_bytes_of("title"), mr_bytes_of(title)};
	mr_task task = {.body = mr_bytes_of(body), .fields = &field, .field_count = title ? 1 : 0};
	mr_answer *answer = answer_new();
	answer_begin(answer);
	dedup_stage.apply(ctx, &task, answer);
	wire_batch batch = {0};
	answer_write(answer, &batch, 7, 1, 5, 1 << 20);
	size_t len = wire_batch_bytes(&batch);
	char *message = malloc(len);
	wire_batch_write(&batch, WIRE_RESULT, message);
	wire_results results = {0};
	assert_int_equal(wire_read_results(&results, (mr_bytes){message, len}), 0);
	assert_int_equal(results.count, 1);
	assert_int_equal(results.rows[0].status, WIRE_ANSWERED);
	assert_int_equal(results.rows[0].part_count, 1);
	const wire_part *part = results.rows[0].parts;
	assert_null(part->body.data);                    /* the text stays as it is */
	sketch out;
	sketch_pieces pieces;
	assert_int_equal(sketch_pieces_decode(part->blob, &out, &pieces), 0);
	wire_results_free(&results);
	wire_batch_free(&batch);
	free(message);
	answer_free(&answer);
	return out;
}

static void test_answer_is_a_sketch(void **state)
{
	(void)state;
	void *ctx;
	char error[256] = "";
	assert_int_equal(dedup_stage.open(&ctx, NULL, error), 0);
	const char *text = "城西菜市场昨天重新开张，摊位从96个增加到140个，停车免费90分钟。";
	sketch one = answered(ctx, "菜市场重新开张", text), other = answered(ctx, NULL, "很长的另一段文字，把工作内存先用大一些，再回到前面那一段，结果必须相同。"),
	       again = answered(ctx, "菜市场重新开张", text);
	assert_memory_equal(&one, &again, sizeof one);
	assert_int_not_equal(one.exact, other.exact);
	sketch untitled = answered(ctx, NULL, text), empty = answered(ctx, "菜市场重新开张", "");
	assert_int_equal(sketch_compare(&one, &untitled).relation, SKETCH_IDENTICAL);
	assert_true(empty.exact == 0);
	assert_non_null(strstr(dedup_stage.fingerprint(ctx), "sketch-"));
	dedup_stage.close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_answer_is_a_sketch)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
