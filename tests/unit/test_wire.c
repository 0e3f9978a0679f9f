/* Wire messages: they come back as they went, and nothing that is cut, longer or changed is read as something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "common/mem.h"
#include "common/wire.h"

static const char *const wants[] = {"title", "url", "charset", NULL};

static buf written(const wire_batch *batch, enum wire_kind kind)
{
	buf b = {0};
	wire_batch_write(batch, kind, buf_reserve(&b, wire_batch_bytes(batch)));
	b.len = wire_batch_bytes(batch);
	return b;
}

static buf some_tasks(void)
{
	wire_batch batch = {0};
	mr_field fields[] = {{mr_bytes_of("charset"), mr_bytes_of("gbk")}, {mr_bytes_of("secret"), mr_bytes_of("not asked for")},
		{mr_bytes_of("title"), mr_bytes_of("标题")}, {mr_bytes_of("url"), {NULL, 0}}};
	mr_task tasks[] = {{mr_bytes_of("a body"), fields, 4}, {{"", 0}, NULL, 0}};
	wire_add_task(&batch, 0x1122334455667788ULL, 3, 5000, &tasks[0], wants);
	wire_add_task(&batch, 2, 1, 400, &tasks[1], wants);
	buf b = written(&batch, WIRE_TASK);
	wire_batch_free(&batch);
	return b;
}

static buf some_results(void)
{
	wire_batch batch = {0};
	mr_bytes none = {NULL, 0};
	wire_add_part(&batch, mr_bytes_of("{\"title\":\"x\"}"), mr_bytes_of("body"), none);
	wire_add_part(&batch, none, (mr_bytes){"", 0}, mr_bytes_of("\1\2"));
	wire_add_answer(&batch, 7, 2, 1234, 2, 0);
	wire_add_refusal(&batch, 8, 1, 5, "input.no-text", mr_bytes_of("nothing in it"));
	buf b = written(&batch, WIRE_RESULT);
	wire_batch_free(&batch);
	return b;
}

static void tasks_come_back(void **state)
{
	(void)state;
	buf b = some_tasks();
	wire_tasks tasks = {0};
	assert_int_equal(wire_kind(buf_bytes(&b), NULL), WIRE_TASK);
	assert_int_equal(wire_read_tasks(&tasks, buf_bytes(&b), wants), 0);
	assert_int_equal(tasks.count, 2);
	const wire_task *first = &tasks.rows[0];
	assert_true(first->lease == 0x1122334455667788ULL);
	assert_int_equal(first->attempt, 3);
	assert_int_equal(first->deadline_ms, 5000);
	assert_true(mr_bytes_equal(first->task.body, "a body"));
	assert_int_equal(first->task.field_count, 2);
	assert_true(mr_bytes_equal(mr_task_field(&first->task, "title"), "标题"));
	assert_true(mr_bytes_equal(mr_task_field(&first->task, "charset"), "gbk"));
	assert_null(mr_task_field(&first->task, "url").data);
	assert_null(mr_task_field(&first->task, "secret").data);
	assert_non_null(tasks.rows[1].task.body.data);
	assert_int_equal(tasks.rows[1].task.body.len, 0);
	wire_tasks_free(&tasks);
	buf_free(&b);
}

static void results_come_back(void **state)
{
	(void)state;
	buf b = some_results();
	wire_results results = {0};
	assert_int_equal(wire_read_results(&results, buf_bytes(&b)), 0);
	assert_int_equal(results.count, 2);
	const wire_result *row = &results.rows[0];
	assert_int_equal(row->status, WIRE_ANSWERED);
	assert_int_equal(row->micros, 1234);
	assert_int_equal(row->part_count, 2);
	assert_true(mr_bytes_equal(row->parts[0].patch, "{\"title\":\"x\"}"));
	assert_null(row->parts[0].blob.data);
	assert_null(row->parts[1].patch.data);
	assert_non_null(row->parts[1].body.data);        /* empty, not absent */
	assert_int_equal(row->parts[1].body.len, 0);
	assert_int_equal(row->parts[1].blob.len, 2);
	row = &results.rows[1];
	assert_int_equal(row->status, WIRE_REFUSED);
	assert_true(mr_bytes_equal(row->code, "input.no-text"));
	assert_true(mr_bytes_equal(row->message, "nothing in it"));
	wire_results_free(&results);
	buf_free(&b);
}

/* Every length cut off and one byte too many; exact-size copies let the address sanitizer see the first byte beyond. */
static void cut_and_longer_messages_are_garbage(void **state)
{
	(void)state;
	buf messages[] = {some_tasks(), some_results()};
	wire_tasks tasks = {0};
	wire_results results = {0};
	for (int k = 0; k < 2; k++) {
		buf_add_char(&messages[k], 0);
		for (size_t len = 0; len <= messages[k].len; len++) {
			char *copy = malloc(len ? len : 1);
			memcpy(copy, messages[k].data, len);
			int task_rc = wire_read_tasks(&tasks, (mr_bytes){copy, len}, wants);
			int result_rc = wire_read_results(&results, (mr_bytes){copy, len});
			bool whole = len == messages[k].len - 1;
			assert_int_equal(task_rc, whole && k == 0 ? 0 : -1);
			assert_int_equal(result_rc, whole && k == 1 ? 0 : -1);
			free(copy);
		}
		buf_free(&messages[k]);
	}
	wire_tasks_free(&tasks);
	wire_results_free(&results);
}

static void set_u32(buf *b, size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b->data[at + (size_t)i] = (char)(v >> (8 * i));
}

static void lying_tables_are_garbage(void **state)
{
	(void)state;
	static const struct { size_t at; uint32_t value; const char *what; } lies[] = {
		{8, 0xFFFF, "rows"}, {8, 257, "more rows than allowed"}, {8, 0, "no rows"}, {8, 1, "fewer rows"},
		{12 + 12, 3u << 16, "parts"}, {12 + 14, 1001, "more parts than allowed"}, {12 + 16, 2, "status"}, {12 + 20, 0xFFFFFFFF, "length"},
		{12 + 48, 0x7FFFFFFF, "patch length"}, {12 + 24 + 14, 1, "a refusal with parts"},
	};
	wire_results results = {0};
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		buf b = some_results();
		if (lies[i].at == 12 + 14 || lies[i].at == 12 + 24 + 14)
			b.data[lies[i].at] = (char)lies[i].value, b.data[lies[i].at + 1] = (char)(lies[i].value >> 8);
		else
			set_u32(&b, lies[i].at, lies[i].value);
		if (wire_read_results(&results, buf_bytes(&b)) == 0)
			fail_msg("read although it lies about %s", lies[i].what);
		buf_free(&b);
	}
	wire_results_free(&results);
}

static void field_indexes_must_rise_and_be_known(void **state)
{
	(void)state;
	wire_tasks tasks = {0};
	buf b = some_tasks();
	size_t first = 12 + 2 * WIRE_ROW_BYTES;
	static const char *const fewer[] = {"title", NULL};
	assert_int_equal(wire_read_tasks(&tasks, buf_bytes(&b), fewer), -1);     /* the second field has index 2 */
	assert_int_equal(wire_read_tasks(&tasks, buf_bytes(&b), NULL), -1);
	b.data[first] = 2;                                                       /* index 2 twice */
	assert_int_equal(wire_read_tasks(&tasks, buf_bytes(&b), wants), -1);
	wire_tasks_free(&tasks);
	buf_free(&b);
}

static void small_messages_come_back(void **state)
{
	(void)state;
	buf b = {0};
	wire_ready in = {.pid = 77, .credit = 2, .stage = mr_bytes_of("extract"), .identity = mr_bytes_of("w77"), .program = mr_bytes_of("p/1"),
		.fingerprint = mr_bytes_of("model/abc"), .field_count = 2, .fields = {mr_bytes_of("title"), mr_bytes_of("url")}}, out;
	wire_write_ready(&b, &in);
	assert_int_equal(wire_read_ready(buf_bytes(&b), &out), 0);
	assert_int_equal(out.pid, 77);
	assert_int_equal(out.field_count, 2);
	assert_true(mr_bytes_equal(out.fields[1], "url"));
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(wire_read_ready((mr_bytes){b.data, len}, &out), -1);
	buf_clear(&b);
	in.credit = 0;
	wire_write_ready(&b, &in);
	assert_int_equal(wire_read_ready(buf_bytes(&b), &out), -1);
	buf_clear(&b);
	in.credit = 1;
	in.fields[1] = mr_bytes_of("a b\n");             /* a name is printable and without blanks */
	wire_write_ready(&b, &in);
	assert_int_equal(wire_read_ready(buf_bytes(&b), &out), -1);
	buf_clear(&b);
	wire_welcome welcome = {1000, 2, 1 << 20}, again;
	wire_write_welcome(&b, &welcome);
	assert_int_equal(wire_read_welcome(buf_bytes(&b), &again), 0);
	assert_int_equal(again.heartbeat_ms, 1000);
	assert_int_equal(again.answer_bytes, 1 << 20);
	buf_clear(&b);
	int code;
	mr_bytes reason;
	wire_write_refuse(&b, WIRE_REFUSE_STAGE, "why");
	assert_int_equal(wire_read_refuse(buf_bytes(&b), &code, &reason), 0);
	assert_int_equal(code, WIRE_REFUSE_STAGE);
	assert_true(mr_bytes_equal(reason, "why"));
	buf_free(&b);
}

/* docs/protocol.md shows these bytes; whoever changes them changes the version. */
static void the_bytes_are_those_of_the_document(void **state)
{
	(void)state;
	static const unsigned char heartbeat[] = {'M', 'L', 'R', 'C', 1, 0, 6, 0, 5, 0, 0, 0, 0, 0, 0, 0};
	static const unsigned char task[] = {'M', 'L', 'R', 'C', 1, 0, 4, 0, 1, 0, 0, 0,
		9, 0, 0, 0, 0, 0, 0, 0, 0x88, 0x13, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 3, 0, 0, 0,
		0, 0, 2, 0, 0, 0, 'h', 'i', 'o', 'n', 'e'};
	mr_field field = {mr_bytes_of("title"), mr_bytes_of("hi")};
	mr_task one = {mr_bytes_of("one"), &field, 1};
	wire_batch batch = {0};
	buf b = {0};
	wire_write_heartbeat(&b, 5);
	assert_int_equal(b.len, sizeof heartbeat);
	assert_memory_equal(b.data, heartbeat, sizeof heartbeat);
	buf_free(&b);
	wire_add_task(&batch, 9, 1, 5000, &one, wants);
	b = written(&batch, WIRE_TASK);
	assert_int_equal(b.len, sizeof task);
	assert_memory_equal(b.data, task, sizeof task);
	buf_free(&b);
	wire_batch_free(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_come_back),
		cmocka_unit_test(results_come_back),
		cmocka_unit_test(cut_and_longer_messages_are_garbage),
		cmocka_unit_test(lying_tables_are_garbage),
		cmocka_unit_test(field_indexes_must_rise_and_be_known),
		cmocka_unit_test(small_messages_come_back),
		cmocka_unit_test(the_bytes_are_those_of_the_document),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
