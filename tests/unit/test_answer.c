/* What a stage says, as bytes on the wire: patch and text in one object, numbers that read back as themselves, and refusals of what cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "workers/answer.h"

/* The patch of the only part, as written; the row's code when it was refused. */
static void written(mr_answer *answer, const char *want)
{
	wire_batch batch = {.count = 0};
	wire_results results = {.count = 0};
	answer_write(answer, &batch, 7, 0, 0, 100000);
	size_t len = wire_batch_bytes(&batch);
	char *message = malloc(len);
	wire_batch_write(&batch, WIRE_RESULT, message);
	assert_int_equal(wire_read_results(&results, (mr_bytes){message, len}), 0);
	assert_int_equal(results.count, 1);
	const wire_result *row = &results.rows[0];
	mr_bytes got = row->status == WIRE_REFUSED ? row->code : row->parts[0].patch;
	if (want && !mr_bytes_equal(got, want))
		fail_msg("got  %.*s\n   want %s", (int)got.len, got.data, want);
	if (!want)
		assert_null(got.data);
	wire_results_free(&results);
	wire_batch_free(&batch);
	free(message);
}

static mr_part *begin(mr_answer *answer, json_t *patch)
{
	answer_begin(answer);
	mr_part *part = mr_answer_part(answer);
	mr_part_patch(part, patch);
	return part;
}

static void text_joins_the_tree(void **state)
{
	mr_answer *answer = answer_new();
	mr_bytes captions = mr_bytes_of("[\"图\"]"), figures = mr_bytes_of("[{\"text\":\"7\"}]");
	(void)state;
	mr_part_detail(begin(answer, json_pack("{s:s,s:{s:[s]},s:b}", "title", "题", "detail", "attachments", "表", "truncated", 0)), "captions", captions);
	written(answer, "{\"title\":\"题\",\"truncated\":false,\"detail\":{\"attachments\":[\"表\"],\"captions\":[\"图\"]}}");
	written(answer, "{\"title\":\"题\",\"truncated\":false,\"detail\":{\"attachments\":[\"表\"],\"captions\":[\"图\"]}}");
	mr_part *part = begin(answer, json_pack("{s:{}}", "detail"));
	mr_part_detail(part, "captions", captions);
	mr_part_detail(part, "metrics", figures);
	written(answer, "{\"detail\":{\"captions\":[\"图\"],\"metrics\":[{\"text\":\"7\"}]}}");
	mr_part_detail(begin(answer, json_pack("{s:s}", "title", "题")), "metrics", figures);
	written(answer, "{\"title\":\"题\",\"detail\":{\"metrics\":[{\"text\":\"7\"}]}}");
	mr_part_detail(begin(answer, NULL), "metrics", figures);
	written(answer, "{\"detail\":{\"metrics\":[{\"text\":\"7\"}]}}");
	begin(answer, json_pack("{s:{s:[]}}", "detail", "captions"));
	written(answer, "{\"detail\":{\"captions\":[]}}");
	begin(answer, json_object());
	written(answer, "{}");
	begin(answer, NULL);
	written(answer, NULL);
	answer_free(&answer);
}

static void numbers_read_back_as_themselves(void **state)
{
	mr_answer *answer = answer_new();
	(void)state;
	begin(answer, json_pack("{s:[f,f,f,I,I]}", "x", 0.1, 1.0 / 3, 2.0, (json_int_t)INT64_MIN, (json_int_t)70));
	written(answer, "{\"x\":[0.1,0.33333333333333331,2.0,-9223372036854775808,70]}");
	begin(answer, json_pack("{s:[b,n,{},[]],s:s}", "x", 1, "a\"\\/\n\x01", "12345678\t"));
	written(answer, "{\"x\":[true,null,{},[]],\"a\\\"\\\\/\\n\\u0001\":\"12345678\\t\"}");
	answer_free(&answer);
}

static void what_is_no_patch_is_refused(void **state)
{
	mr_answer *answer = answer_new();
	(void)state;
	begin(answer, json_array());
	written(answer, "stage.refused");
	begin(answer, json_pack("{s:o}", "title", json_string_nocheck("\xB1")));
	written(answer, "stage.refused");
	mr_part_detail(begin(answer, json_pack("{s:i}", "detail", 7)), "metrics", mr_bytes_of("[]"));
	written(answer, "stage.refused");
	begin(answer, json_pack("{s:s}", "title", "题"));
	written(answer, "{\"title\":\"题\"}");
	answer_free(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_joins_the_tree),
		cmocka_unit_test(numbers_read_back_as_themselves),
		cmocka_unit_test(what_is_no_patch_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
