/* The stages inside the command: order, no callback from submit, cancel, and answers that went through the frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cli/stage_local.c"

typedef struct bench {
	stage *stage;
	const char *bodies[200];
	int order[400], done, submitted;
	bool inside, refused[200];
	char code[32];
} bench;

static void fill(void *arg, void *ticket, const char *const *wants, mr_task *task, mr_field *fields, buf *scratch)
{
	bench *self = arg;
	(void)wants;
	buf_printf(scratch, "title %d", (int)((const char **)ticket - self->bodies));
	fields[0] = (mr_field){mr_bytes_of("title"), buf_bytes(scratch)};
	task->body = mr_bytes_of(*(const char **)ticket);
	task->field_count = 1;
}

static void submit(bench *self, int i)
{
	self->inside = true;
	stage_submit(self->stage, &self->bodies[i], strlen(self->bodies[i]));
	self->inside = false;
	self->submitted++;
}

static void done(void *arg, void *ticket, const stage_result *result)
{
	bench *self = arg;
	int i = (int)((const char **)ticket - self->bodies);
	assert_false(self->inside);
	self->order[self->done++] = i;
	self->refused[i] = result->fault != NULL;
	if (result->fault)
		snprintf(self->code, sizeof self->code, "%s", result->fault->code);
	else
		assert_int_equal(result->part_count, 1);
	if (i == 10 && self->submitted < 101)
		submit(self, 100);                       /* more work from inside a callback */
	if (i == 20)
		stage_cancel(self->stage, &self->bodies[21]);            /* in the same message */
}

static void everything_comes_back_in_order(void **state)
{
	(void)state;
	bench *b = mem_alloc(sizeof *b);
	buf errors = {0};
	stage_hooks hooks = {fill, done, b};
	setenv("MILLRACE_TEST_HOOKS", "1", 1);
	settings *conf = settings_read(NULL, NULL, 0, &errors);
	assert_non_null(conf);
	b->stage = stage_open(NULL, conf, "hook", NULL, hooks, &errors);
	assert_non_null(b->stage);
	for (int i = 0; i < 101; i++)
		b->bodies[i] = i == 50 ? "hook: refuse\n" : "text";
	for (int i = 0; i < 100; i++)
		submit(b, i);
	stage_cancel(b->stage, &b->bodies[30]);
	assert_int_equal(stage_queued(b->stage), 99);
	assert_int_equal(b->done, 0);
	assert_int_equal(stage_local_run(b->stage), 99);
	assert_int_equal(stage_local_run(b->stage), 0);
	for (int at = 0, i = 0; i < 101; i++) {
		if (i == 21 || i == 30)
			continue;
		assert_int_equal(b->order[at++], i);
		assert_int_equal(b->refused[i], i == 50);
	}
	assert_string_equal(b->code, "stage.refused");
	for (int i = 0; i < 100; i++) {                  /* queue and memory go on after the first run */
		submit(b, 60);
		assert_int_equal(stage_local_run(b->stage), 1);
	}
	stage_close(&b->stage);
	assert_null(stage_open(NULL, conf, "nothing", NULL, hooks, &errors));
	assert_non_null(strstr(errors.data, "no stage"));
	settings_free(&conf);
	buf_free(&errors);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(everything_comes_back_in_order)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
