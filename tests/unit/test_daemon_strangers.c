/* A stage among strangers: garbage, other versions, late and doubled answers, silence. None of it may cost a task or the daemon. */
#include "stage_bed.h"

#include <sys/stat.h>

static wire_tasks hear_tasks(bed *b, void *socket, buf *message)
{
	wire_tasks tasks = {0};
	*message = stranger_hear(b, socket, WIRE_TASK);
	assert_int_equal(wire_read_tasks(&tasks, buf_bytes(message), stranger_wants), 0);
	return tasks;
}

static int hear_refusal(bed *b, void *socket)
{
	int code = 0;
	mr_bytes reason;
	buf message = stranger_hear(b, socket, WIRE_REFUSE);
	assert_int_equal(wire_read_refuse(buf_bytes(&message), &code, &reason), 0);
	assert_true(reason.len > 0);
	buf_free(&message);
	return code;
}

static void another_version_is_refused_with_a_reason(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	void *s = stranger_new(b, "future");
	buf ready = stranger_ready("future", "hook", 1, 1);
	ready.data[4] = 2;                               /* the version */
	stranger_say(s, &ready);
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_VERSION);
	ready = stranger_ready("future", "extract", 1, 1);
	stranger_say(s, &ready);
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_STAGE);
	ready = stranger_ready("somebody else", "hook", 1, 1);
	stranger_say(s, &ready);
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_READY);
	buf beat = {0};
	wire_write_heartbeat(&beat, 1);
	stranger_say(s, &beat);
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_UNKNOWN);
	assert_int_equal(stage_workers(b->stage), 0);
	zmq_close(s);
	bed_free(b);
}

/* What it held is a suspect, is tried alone by a good worker, and passes. */
static void garbage_expels_its_sender_and_harms_no_task(void **state)
{
	(void)state;
	static const char *const garbage[] = {"", "x", "MLRC\1\0\5\0", "MLRC\1\0\5\0\xff\xff\0\0", "MLRC\1\0\4\0", "MLRC\1\0\6\0\1", "MLRC\2\0\5\0", "MLRC\1\0\63\0"};
	static const size_t lengths[] = {0, 1, 8, 12, 8, 9, 8, 8};
	bed *b = bed_new(NULL);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		char id[16];
		snprintf(id, sizeof id, "bad%zu", i);
		void *s = stranger_join(b, id, 0, 2);
		ticket *t = bed_text(b, "text");
		buf message = {0}, bad = {0};
		wire_tasks tasks = hear_tasks(b, s, &message);
		buf_add(&bad, garbage[i], lengths[i]);
		stranger_say(s, &bad);
		assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_GARBAGE);
		assert_int_equal(stage_workers(b->stage), 0);
		assert_int_equal(t->dones, 0);
		wire_tasks_free(&tasks);
		buf_free(&message);
		zmq_close(s);
		pid_t pid = bed_worker(b, "1");
		BED_WAIT(b, 10000, t->dones == 1);
		assert_false(t->refused);
		kill(pid, SIGTERM);
		bed_reap(b, pid);
		BED_WAIT(b, 5000, stage_workers(b->stage) == 0);
	}
	bed_free(b);
}

static void messages_of_several_frames_are_garbage(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	void *s = stranger_join(b, "parts", 0, 2);
	assert_int_equal(zmq_send(s, "one", 3, ZMQ_SNDMORE), 3);
	assert_int_equal(zmq_send(s, "two", 3, 0), 3);
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_GARBAGE);
	assert_int_equal(stage_workers(b->stage), 0);
	zmq_close(s);
	bed_free(b);
}

static void a_doubled_answer_counts_once(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	void *s = stranger_join(b, "double", 0, 2);
	buf message = {0};
	bed_text(b, "one");
	bed_text(b, "two");
	wire_tasks tasks = hear_tasks(b, s, &message);
	assert_int_equal(tasks.count, 2);
	assert_true(mr_bytes_equal(tasks.rows[1].task.body, "two"));
	assert_true(mr_bytes_equal(mr_task_field(&tasks.rows[0].task, "title"), "a title"));
	assert_null(mr_task_field(&tasks.rows[0].task, "keywords").data);        /* not asked for */
	for (int i = 0; i < 2; i++) {
		buf answer = stranger_answer(&tasks, 0, 2);
		stranger_say(s, &answer);
	}
	BED_WAIT(b, 5000, stage_counts_get(b->stage)->late == 2);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->tickets[0].dones, 1);
	assert_int_equal(stage_workers(b->stage), 1);    /* a mistake, but it cannot be told from a late one */
	wire_tasks_free(&tasks);
	buf_free(&message);
	zmq_close(s);
	bed_free(b);
}

/* The slow worker is given up, its task goes to another; then its answer comes after all. */
static void an_answer_after_reassignment_is_dropped(void **state)
{
	(void)state;
	static const char *const quick[] = {"stage.deadline_ms=200", NULL};
	bed *b = bed_new(quick);
	void *s = stranger_join(b, "slow", 4242, 1);
	buf message = {0};
	ticket *t = bed_text(b, "text");
	wire_tasks tasks = hear_tasks(b, s, &message);
	BED_WAIT(b, 5000, stage_workers(b->stage) == 0);
	assert_int_equal(b->hung, 1);
	assert_int_equal(b->hung_pid, 4242);
	assert_int_equal(stage_queued(b->stage), 1);
	pid_t pid = bed_worker(b, "1");
	BED_WAIT(b, 10000, t->dones == 1);
	buf answer = stranger_answer(&tasks, 0, 1);
	stranger_say(s, &answer);
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_UNKNOWN);               /* said when it was given up */
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_UNKNOWN);               /* and to its late answer */
	assert_int_equal(t->dones, 1);
	/* A worker that is known cannot answer for another one either. */
	void *thief = stranger_join(b, "thief", 0, 1);
	tasks.rows[0].attempt++;
	answer = stranger_answer(&tasks, 0, 1);
	stranger_say(thief, &answer);
	BED_WAIT(b, 5000, stage_counts_get(b->stage)->late == 1);
	assert_int_equal(t->dones, 1);
	wire_tasks_free(&tasks);
	buf_free(&message);
	zmq_close(s);
	zmq_close(thief);
	bed_kill(b, pid);
	bed_free(b);
}

static void a_cancelled_task_never_comes_back(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	buf message = {0};
	ticket *waiting = bed_text(b, "cancelled while it waits");
	stage_cancel(b->stage, waiting);
	assert_int_equal(stage_queued(b->stage), 0);
	void *s = stranger_join(b, "patient", 0, 1);
	ticket *lent = bed_text(b, "cancelled while it is lent"), *kept = bed_text(b, "kept");
	wire_tasks tasks = hear_tasks(b, s, &message);
	assert_int_equal(tasks.count, 2);
	b->inside = true;
	stage_cancel(b->stage, lent);
	b->inside = false;
	assert_int_equal(stage_lent(b->stage), 1);
	buf answer = stranger_answer(&tasks, 0, 2);
	stranger_say(s, &answer);
	BED_WAIT(b, 5000, kept->dones == 1);
	assert_int_equal(waiting->dones + lent->dones, 0);
	const stage_counts *c = stage_counts_get(b->stage);
	assert_int_equal(c->received, c->answered + c->cancelled);
	wire_tasks_free(&tasks);
	buf_free(&message);
	zmq_close(s);
	bed_free(b);
}

static void a_silent_idle_worker_is_given_up(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	void *s = stranger_join(b, "silent", 7, 1);
	int64_t begin = bed_now_ms();
	BED_WAIT(b, 5000, stage_workers(b->stage) == 0);
	assert_true(bed_now_ms() - begin >= 700);        /* three heartbeats of 250 ms */
	assert_int_equal(b->hung_pid, 7);
	zmq_close(s);
	bed_free(b);
}

/* BYE with work in hand gives it back, and nothing is held against it. */
static void bye_gives_work_back(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	void *s = stranger_join(b, "polite", 0, 1);
	buf message = {0}, bye = {0};
	ticket *t = bed_text(b, "text");
	wire_tasks tasks = hear_tasks(b, s, &message);
	wire_write_bare(&bye, WIRE_BYE);
	stranger_say(s, &bye);
	BED_WAIT(b, 5000, stage_workers(b->stage) == 0);
	assert_int_equal(stage_counts_get(b->stage)->retried, 0);
	assert_int_equal(stage_suspects(b->stage), 0);
	pid_t pid = bed_worker(b, "1");
	BED_WAIT(b, 10000, t->dones == 1);
	assert_false(t->refused);
	wire_tasks_free(&tasks);
	buf_free(&message);
	zmq_close(s);
	bed_kill(b, pid);
	bed_free(b);
}

/* No more messages than the credit allows, whatever waits. */
static void credit_bounds_what_a_worker_holds(void **state)
{
	(void)state;
	static const char *const small[] = {"stage.batch_tasks=4", "stage.credit=3", NULL};
	bed *b = bed_new(small);
	buf first = {0}, message = {0};
	for (int i = 0; i < 100; i++)
		bed_text(b, "text");
	void *s = stranger_join(b, "modest", 0, 2);      /* offers less than the daemon would use */
	wire_tasks tasks = hear_tasks(b, s, &first);
	assert_int_equal(tasks.count, 4);
	message = stranger_hear(b, s, WIRE_TASK);
	assert_int_equal(stage_lent(b->stage), 8);
	buf answer = stranger_answer(&tasks, 0, 3);      /* a message counts until its last task is answered */
	stranger_say(s, &answer);
	BED_WAIT(b, 5000, b->done == 3);
	assert_int_equal(stage_lent(b->stage), 5);
	answer = stranger_answer(&tasks, 3, 1);
	stranger_say(s, &answer);
	buf third = stranger_hear(b, s, WIRE_TASK);
	assert_int_equal(stage_lent(b->stage), 8);
	wire_tasks_free(&tasks);
	buf_free(&first);
	buf_free(&message);
	buf_free(&third);
	zmq_close(s);
	bed_free(b);
}

/* The daemon goes and comes back while a worker lives: the worker leaves with its own code, nobody mixes up leases. */
static void a_worker_leaves_when_its_daemon_is_started_again(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	pid_t pid = bed_worker(b, "1");
	bed_text(b, "a task");                           /* done: it has read its WELCOME. libzmq drops what is unread when a connection ends, and a worker */
	BED_WAIT(b, 15000, b->done == 1);                /* that was never welcomed rightly goes on waiting for a daemon */
	stage_close(&b->stage);
	int status = bed_reap(b, pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 15);
	pid = bed_worker(b, "1");                        /* started before its daemon: it waits */
	buf errors = {0};
	b->stage = bed_open_stage(b, &errors);
	assert_non_null(b->stage);
	bed_text(b, "text");
	BED_WAIT(b, 15000, b->done == 2);
	bed_kill(b, pid);
	bed_free(b);
}

/* A worker in another language may keep its connection over a restart of the daemon: it is told to announce itself again. */
static void a_stranger_that_outlives_the_daemon_is_not_trusted(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	void *s = stranger_join(b, "old", 0, 1);
	buf message = {0}, errors = {0};
	bed_text(b, "of the first daemon");
	wire_tasks tasks = hear_tasks(b, s, &message);
	stage_close(&b->stage);
	buf bye = stranger_hear(b, s, WIRE_BYE);
	b->stage = bed_open_stage(b, &errors);
	assert_non_null(b->stage);
	ticket *t = bed_text(b, "of the second daemon");
	buf answer = stranger_answer(&tasks, 0, 1);
	stranger_say(s, &answer);
	assert_int_equal(hear_refusal(b, s), WIRE_REFUSE_UNKNOWN);
	assert_int_equal(t->dones, 0);
	assert_int_equal(b->done, 0);
	wire_tasks_free(&tasks);
	buf_free(&message);
	buf_free(&bye);
	zmq_close(s);
	bed_free(b);
}

static void a_second_daemon_on_the_same_socket_is_refused(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	buf errors = {0};
	char path[160];
	struct stat at;
	snprintf(path, sizeof path, "%s/hook.sock", settings_runtime_dir(b->conf));
	assert_int_equal(stat(path, &at), 0);
	assert_int_equal(at.st_mode & 0777, 0660);
	assert_int_equal(stat(settings_runtime_dir(b->conf), &at), 0);
	assert_int_equal(at.st_mode & 0777, 0750);
	stage_hooks hooks = {bed_fill, bed_done, b};
	assert_null(stage_open(b->base, b->conf, "hook", NULL, hooks, &errors));
	assert_non_null(strstr(errors.data, "another daemon"));
	pid_t pid = bed_worker(b, "1");                  /* the first one still serves */
	bed_text(b, "text");
	BED_WAIT(b, 10000, b->done == 1);
	bed_kill(b, pid);
	buf_free(&errors);
	bed_free(b);
}

static void a_path_too_long_for_a_socket_is_an_error(void **state)
{
	(void)state;
	bed *b = bed_new(NULL);
	buf errors = {0};
	char name[100];
	memset(name, 'n', sizeof name);
	name[99] = 0;
	stage_hooks hooks = {bed_fill, bed_done, b};
	assert_null(stage_open(b->base, b->conf, name, NULL, hooks, &errors));
	assert_non_null(strstr(errors.data, "107 bytes"));
	buf_free(&errors);
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_version_is_refused_with_a_reason),
		cmocka_unit_test(garbage_expels_its_sender_and_harms_no_task),
		cmocka_unit_test(messages_of_several_frames_are_garbage),
		cmocka_unit_test(a_doubled_answer_counts_once),
		cmocka_unit_test(an_answer_after_reassignment_is_dropped),
		cmocka_unit_test(a_cancelled_task_never_comes_back),
		cmocka_unit_test(a_silent_idle_worker_is_given_up),
		cmocka_unit_test(bye_gives_work_back),
		cmocka_unit_test(credit_bounds_what_a_worker_holds),
		cmocka_unit_test(a_worker_leaves_when_its_daemon_is_started_again),
		cmocka_unit_test(a_stranger_that_outlives_the_daemon_is_not_trusted),
		cmocka_unit_test(a_second_daemon_on_the_same_socket_is_refused),
		cmocka_unit_test(a_path_too_long_for_a_socket_is_an_error),
	};
	/* errors are what strangers are for */
	log_setup("test", getenv("TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, LOG_LOGFMT, 1000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
