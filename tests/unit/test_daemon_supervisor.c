/* The supervisor with real workers and a real stage: processes come, die, hang and are replaced. */
#include "stage_bed.h"

#include <sys/stat.h>

#include "daemon/supervisor.h"

typedef struct pen {
	bed *bed;
	supervisor *supervisor;
	int gone;
	char how[40];
} pen;

static void pen_gone(void *arg, const char *name, long pid, const char *how)
{
	pen *self = arg;
	self->gone++;
	snprintf(self->how, sizeof self->how, "%s", how);
	assert_string_equal(name, "hook");
	stage_worker_gone(self->bed->stage, pid, how);
}

static void pen_hung(void *arg, const char *name, long pid, const char *why)
{
	pen *self = arg;
	(void)name;
	(void)why;
	self->bed->hung++;
	supervisor_kill(self->supervisor, pid);
}

static bool pen_dismiss(void *arg, const char *name, long pid)
{
	(void)name;
	return stage_dismiss(((pen *)arg)->bed->stage, pid);
}

static bool pen_busy(void *arg, const char *name, long pid)
{
	(void)name;
	return stage_is_busy(((pen *)arg)->bed->stage, pid);
}

static bool pen_owns(void *arg, long pid)
{
	return supervisor_owns(((pen *)arg)->supervisor, pid);
}

static bool pen_is_old(void *arg, const char *name, long pid)
{
	(void)name;
	return supervisor_is_old(((pen *)arg)->supervisor, pid);
}

/* `deadline`: a setting, for what is meant to miss it. */
static pen *pen_with(const char *spawn, const char *hooks, const char *deadline)
{
	pen *self = mem_alloc(sizeof *self);
	buf errors = {0};
	char set[64];
	const char *sets[] = {"pipeline.stages=hook", "workers.program=" BINARY_DIR "/bin/millrace-worker", "log.level=error", "workers.memory_bytes=128M", set, deadline, NULL};
	snprintf(set, sizeof set, "workers.spawn=%s", spawn);
	setenv("MILLRACE_TEST_HOOKS", hooks, 1);
	self->bed = bed_new(sets);
	supervisor_hooks callbacks = {pen_gone, pen_dismiss, pen_busy, self};
	self->supervisor = supervisor_new(self->bed->base, self->bed->conf, NULL, callbacks, &errors);
	if (!self->supervisor)
		fail_msg("%s", errors.data);
	stage_on_hung(self->bed->stage, pen_hung, self);
	stage_on_ready(self->bed->stage, pen_is_old, self);
	supervisor_start(self->supervisor);
	return self;
}

static pen *pen_new(const char *spawn, const char *hooks)
{
	return pen_with(spawn, hooks, NULL);
}

static void pen_free(pen *self)
{
	supervisor_free(&self->supervisor);
	bed_free(self->bed);
	free(self);
}

static long pid_of(const pen *self, size_t i)
{
	stage_worker worker;
	return stage_worker_get(self->bed->stage, i, &worker) ? worker.pid : 0;
}

/* Nobody made the folder of the sockets, and nobody needs it. */
static void a_daemon_without_stages_starts(void **state)
{
	(void)state;
	const char *const sets[] = {"pipeline.stages=", "daemon.runtime_dir=/tmp/mr-nowhere/at-all"};
	buf errors = {0};
	settings *conf = settings_read(NULL, sets, 2, &errors);
	struct event_base *base = event_base_new();
	assert_non_null(conf);
	supervisor *self = supervisor_new(base, conf, NULL, (supervisor_hooks){0}, &errors);
	if (!self)
		fail_msg("%s", errors.data);
	supervisor_start(self);
	supervisor_reload(self, conf);
	assert_int_equal(supervisor_running(self), 0);
	supervisor_free(&self);
	event_base_free(base);
	settings_free(&conf);
}

/* A relative path means the same file to the workers, who read it in another folder. */
static void paths_handed_to_workers_stay_the_same(void **state)
{
	(void)state;
	char folder[] = "/tmp/mr-paths-XXXXXX", set[80], path[160], here[400], want[460];
	const char *sets[] = {"classify.model=models/own.model", set};
	buf errors = {0};
	assert_non_null(mkdtemp(folder));
	snprintf(set, sizeof set, "daemon.runtime_dir=%s", folder);
	settings *conf = settings_read(NULL, sets, 2, &errors), *handed;
	assert_non_null(conf);
	assert_int_equal(mkdir(settings_runtime_dir(conf), 0700), 0);
	struct event_base *base = event_base_new();
	supervisor *self = supervisor_new(base, conf, NULL, (supervisor_hooks){0}, &errors);
	assert_non_null(self);
	snprintf(path, sizeof path, "%s/workers.conf", settings_runtime_dir(conf));
	handed = settings_read(path, NULL, 0, &errors);
	if (!handed)
		fail_msg("%s", errors.data);
	snprintf(want, sizeof want, "%s/models/own.model", getcwd(here, sizeof here));
	assert_string_equal(settings_str(handed, "classify.model"), want);
	assert_string_equal(settings_str(handed, "daemon.state_dir"), "");
	assert_string_equal(settings_runtime_dir(handed), settings_runtime_dir(conf));
	/* A snapshot that cannot be written is told, and the old one stays: a reload is refused as a whole. */
	char beside[180];
	snprintf(beside, sizeof beside, "%s.new", path);
	assert_int_equal(mkdir(beside, 0700), 0);
	settings *other = settings_read(NULL, (const char *const[]){"classify.model=other.model", set}, 2, &errors);
	assert_int_equal(supervisor_prepare(self, other, &errors), -1);
	assert_non_null(strstr(errors.data, "workers.conf: cannot be written"));
	settings_free(&handed);
	buf_free(&errors);
	handed = settings_read(path, NULL, 0, &errors);
	assert_string_equal(settings_str(handed, "classify.model"), want);
	rmdir(beside);
	settings_free(&other);
	supervisor_free(&self);
	event_base_free(base);
	unlink(path);
	rmdir(settings_runtime_dir(conf));
	rmdir(folder);
	settings_free(&conf);
	settings_free(&handed);
	buf_free(&errors);
}

static void a_killed_worker_is_started_again(void **state)
{
	(void)state;
	pen *p = pen_new("hook:2", "1");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 2);
	assert_int_equal(supervisor_running(p->supervisor), 2);
	kill((pid_t)pid_of(p, 0), SIGKILL);
	BED_WAIT(p->bed, 10000, p->gone == 1);
	assert_string_equal(p->how, "signal 9");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 2 && supervisor_running(p->supervisor) == 2);
	bed_text(p->bed, "text");
	BED_WAIT(p->bed, 10000, p->bed->done == 1);
	assert_false(p->bed->tickets[0].refused);
	pen_free(p);
}

/* SIGSTOP: it does not die, it does not answer. */
static void a_stopped_worker_is_killed_and_replaced(void **state)
{
	(void)state;
	pen *p = pen_with("hook:1", "1", "stage.deadline_ms=300");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 1);
	bed_text(p->bed, "text");
	BED_WAIT(p->bed, 10000, p->bed->done == 1);
	long pid = pid_of(p, 0);
	kill((pid_t)pid, SIGSTOP);
	for (int i = 0; i < 20; i++)
		bed_text(p->bed, "text");
	BED_WAIT(p->bed, 20000, p->bed->done == 21);
	assert_int_equal(p->bed->hung, 1);
	BED_WAIT(p->bed, 5000, p->gone == 1);
	assert_string_equal(p->how, "signal 9");
	assert_true(pid_of(p, 0) != pid);
	for (int i = 0; i < 21; i++)
		assert_false(p->bed->tickets[i].refused);
	pen_free(p);
}

/* Promise 7, one bad record harms nobody: each kind of poison among neighbours, one worker. */
static void poison_is_failed_and_its_neighbours_pass(void **state)
{
	(void)state;
	static const struct { const char *body, *code, *deadline; } poisons[] = {
		{"hook: crash\n", "stage.crash", NULL}, {"hook: hang\n", "stage.timeout", "stage.deadline_ms=300"},
		{"hook: bloat\n", "stage.crash", "stage.deadline_ms=20000"},
	};
	for (size_t k = 0; k < 3; k++) {
		pen *p = pen_with("hook:1", "1", poisons[k].deadline);
		ticket *bad = NULL;
		for (int i = 0; i < 50; i++) {
			ticket *t = bed_text(p->bed, i == 20 ? poisons[k].body : "text");
			if (i == 20)
				bad = t;
		}
		BED_WAIT(p->bed, 60000, p->bed->done == 50);
		for (int i = 0; i < 50; i++)
			assert_int_equal(p->bed->tickets[i].refused, i == 20);
		/* Who eats slowly (a busy machine, a sanitizer) meets the deadline before the memory limit. */
		bool late = k == 2 && strcmp(bad->code, "stage.timeout") == 0;
		assert_string_equal(late ? poisons[k].code : bad->code, poisons[k].code);
		assert_int_equal(bad->attempts, 3);
		pen_free(p);
	}
}

/* A poison record with nothing else to do: the canary proves each new worker. */
static void a_lone_poison_record_is_failed_too(void **state)
{
	(void)state;
	pen *p = pen_new("hook:1", "1");
	bed_text(p->bed, "one good task, once");
	BED_WAIT(p->bed, 10000, p->bed->done == 1);
	ticket *bad = bed_text(p->bed, "hook: crash\n");
	BED_WAIT(p->bed, 30000, p->bed->done == 2);
	assert_true(bad->refused);
	assert_string_equal(bad->code, "stage.crash");
	assert_int_equal(bad->attempts, 3);
	assert_non_null(strstr(bad->message, "signal 6"));
	pen_free(p);
}

/* Promise 7, the other half: a build that always crashes pauses the flow and dead-letters nothing. */
static void a_broken_build_fails_no_task(void **state)
{
	(void)state;
	pen *p = pen_new("hook:1", "always-crash");
	for (int i = 0; i < 30; i++)
		bed_text(p->bed, "text");
	BED_WAIT(p->bed, 60000, p->gone == 5);
	assert_int_equal(p->bed->done, 0);
	assert_false(stage_ready(p->bed->stage));
	assert_int_equal(stage_queued(p->bed->stage) + stage_lent(p->bed->stage), 30);
	setenv("MILLRACE_TEST_HOOKS", "1", 1);           /* the rollout is taken back */
	BED_WAIT(p->bed, 60000, p->bed->done == 30);
	for (int i = 0; i < 30; i++)
		assert_false(p->bed->tickets[i].refused);
	pen_free(p);
}

static void a_roll_replaces_everybody_without_loss(void **state)
{
	(void)state;
	pen *p = pen_new("hook:2", "1");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 2);
	long first = pid_of(p, 0), second = pid_of(p, 1);
	for (int i = 0; i < 200; i++)
		bed_text(p->bed, "hook: slow 5\n");
	stage_roll(p->bed->stage);
	supervisor_roll(p->supervisor);
	BED_WAIT(p->bed, 20000, p->bed->done == 200 && p->gone == 2 && stage_workers(p->bed->stage) == 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(pid_of(p, i) != first && pid_of(p, i) != second);
	assert_int_equal(stage_counts_get(p->bed->stage)->retried, 0);
	assert_int_equal(supervisor_running(p->supervisor), 2);
	pen_free(p);
}

/* Everybody who works is of the build that stands in the environment last ("hook/1"), and there are as many as wanted. */
static bool is_rolled(const pen *p, size_t wanted)
{
	stage_worker worker;
	if (stage_workers(p->bed->stage) != wanted || supervisor_running(p->supervisor) != wanted)
		return false;
	for (size_t i = 0; stage_worker_get(p->bed->stage, i, &worker); i++)
		if (strcmp(worker.fingerprint, "hook/1") != 0 || worker.leaving)
			return false;
	return true;
}

/* A roll follows while the newcomer of the one before is still starting: that one has read the old settings. */
static void two_rolls_in_a_row_leave_nobody_from_between(void **state)
{
	(void)state;
	for (int apart = 0; apart < 2; apart++) {
		pen *p = pen_new("hook:2", "1");
		BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 2);
		setenv("MILLRACE_TEST_HOOKS", "always-crash", 1);
		stage_roll(p->bed->stage);
		supervisor_roll(p->supervisor);
		if (apart)                               /* the newcomer is here, somebody is just leaving */
			BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 3 || p->gone);
		setenv("MILLRACE_TEST_HOOKS", "1", 1);
		stage_roll(p->bed->stage);
		supervisor_roll(p->supervisor);
		BED_WAIT(p->bed, 20000, p->gone >= 3 && is_rolled(p, 2));
		pen_free(p);
	}
}

/* A roll right after the start, or while a worker that died is started again. */
static void workers_that_are_starting_are_rolled_too(void **state)
{
	(void)state;
	pen *p = pen_new("hook:2", "always-crash");
	setenv("MILLRACE_TEST_HOOKS", "1", 1);
	stage_roll(p->bed->stage);
	supervisor_roll(p->supervisor);
	BED_WAIT(p->bed, 20000, is_rolled(p, 2));
	pen_free(p);
}

/* The wrong workers.program: no storm of processes. (The delays are lower bounds.) */
static void a_program_that_ends_at_once_is_not_started_all_the_time(void **state)
{
	(void)state;
	int64_t begun = bed_now_ms();
	pen *p = pen_with("hook:1", "1", "workers.program=/bin/true");
	BED_WAIT(p->bed, 20000, p->gone == 4);
	assert_string_equal(p->how, "exit 0");
	assert_true(bed_now_ms() - begun >= 100 + 200 + 400);
	pen_free(p);
}

static void reload_changes_the_number(void **state)
{
	(void)state;
	pen *p = pen_new("hook:1", "1");
	buf errors = {0};
	char dir[100];
	const char *sets[] = {dir, "pipeline.stages=hook", "workers.spawn=hook:3", "log.level=error"};
	snprintf(dir, sizeof dir, "daemon.runtime_dir=%s", p->bed->dir);
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 1);
	settings *three = settings_read(NULL, sets, 4, &errors);
	sets[2] = "workers.spawn=hook:1";
	settings *one = settings_read(NULL, sets, 4, &errors);
	supervisor_reload(p->supervisor, three);
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 3);
	supervisor_reload(p->supervisor, one);
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 1 && supervisor_running(p->supervisor) == 1);
	assert_int_equal(p->gone, 2);
	assert_string_equal(p->how, "exit 0");
	settings_free(&three);
	settings_free(&one);
	pen_free(p);
}

static supervisor_pool pool_of(const pen *p)
{
	supervisor_pool pool;
	assert_true(supervisor_pool_get(p->supervisor, "hook", &pool));
	return pool;
}

static bool is_settled(const pen *p, size_t wanted)
{
	supervisor_pool pool = pool_of(p);
	return pool.wanted == wanted && pool.running == wanted && !pool.waiting && !pool.old && !pool.leaving && stage_workers(p->bed->stage) == wanted;
}

/* Up and down under work: whoever goes finishes what he holds, nothing is tried twice. */
static void scaling_loses_nothing(void **state)
{
	(void)state;
	static const size_t steps[] = {4, 1, 3, 2, 1};
	pen *p = pen_new("hook:2", "1");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 2);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		for (int k = 0; k < 60; k++)
			bed_text(p->bed, "hook: slow 5\n");
		assert_int_equal(supervisor_scale(p->supervisor, "hook", steps[i]), 0);
		BED_WAIT(p->bed, 20000, is_settled(p, steps[i]));
	}
	BED_WAIT(p->bed, 30000, p->bed->done == 300);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(p->bed->tickets[i].dones, 1);
		assert_false(p->bed->tickets[i].refused);
	}
	assert_int_equal(stage_counts_get(p->bed->stage)->retried, 0);
	assert_int_equal(p->bed->hung, 0);
	assert_int_equal(pool_of(p).configured, 2);
	assert_int_equal(supervisor_scale(p->supervisor, "no-such-stage", 1), -1);
	assert_int_equal(supervisor_roll_stage(p->supervisor, "no-such-stage"), -1);
	pen_free(p);
}

/* Nobody is left; what was queued waits, and goes on with the first one that comes. */
static void scaled_to_nothing_the_queue_waits(void **state)
{
	(void)state;
	pen *p = pen_new("hook:1", "1");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 1);
	assert_int_equal(supervisor_scale(p->supervisor, "hook", 0), 0);
	BED_WAIT(p->bed, 10000, is_settled(p, 0));
	bed_text(p->bed, "text");
	bed_run(p->bed);
	assert_false(stage_ready(p->bed->stage));
	assert_int_equal(supervisor_scale(p->supervisor, "hook", 1), 0);
	BED_WAIT(p->bed, 10000, p->bed->done == 1 && is_settled(p, 1));
	pen_free(p);
}

/* A worker that is to go hangs in a task: the stage gives it up after the deadline, and then it is killed, although it was asked to leave politely. */
static void a_worker_that_hangs_while_it_leaves_is_killed(void **state)
{
	(void)state;
	pen *p = pen_with("hook:1", "1", "stage.deadline_ms=300");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 1);
	bed_text(p->bed, "text");
	BED_WAIT(p->bed, 10000, p->bed->done == 1);
	bed_text(p->bed, "hook: hang\n");
	BED_WAIT(p->bed, 10000, stage_lent(p->bed->stage) == 1);
	assert_int_equal(supervisor_scale(p->supervisor, "hook", 0), 0);
	assert_int_equal(pool_of(p).leaving, 1);
	BED_WAIT(p->bed, 10000, p->gone == 1);
	assert_string_equal(p->how, "signal 9");
	BED_WAIT(p->bed, 10000, is_settled(p, 0));
	pen_free(p);
}

/* Scaled while a roll goes on: the pool comes to rest, with new workers only. */
static void a_roll_and_a_scale_together_come_to_rest(void **state)
{
	(void)state;
	static const struct { size_t during, number; } cases[] = {{3, 1}, {2, 4}, {3, 2}, {4, 0}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char spawn[16];
		snprintf(spawn, sizeof spawn, "hook:%zu", cases[i].during);
		pen *p = pen_new(spawn, "always-crash");             /* the old build, by its fingerprint; it is given nothing to do */
		BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == cases[i].during);
		setenv("MILLRACE_TEST_HOOKS", "1", 1);
		assert_int_equal(supervisor_roll_stage(p->supervisor, "hook"), 0);
		stage_roll_some(p->bed->stage, pen_owns, p);
		BED_WAIT(p->bed, 10000, p->gone == 1);
		assert_int_equal(supervisor_scale(p->supervisor, "hook", cases[i].number), 0);
		BED_WAIT(p->bed, 20000, is_settled(p, cases[i].number) && is_rolled(p, cases[i].number));
		pen_free(p);
	}
}

/* A worker that somebody else has started stays where it is when the local ones are replaced. */
static void restarting_a_pool_leaves_others_alone(void **state)
{
	(void)state;
	pen *p = pen_new("hook:2", "1");
	pid_t other = bed_worker(p->bed, "1");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 3);
	assert_false(supervisor_owns(p->supervisor, other));
	assert_int_equal(supervisor_roll_stage(p->supervisor, "hook"), 0);
	stage_roll_some(p->bed->stage, pen_owns, p);
	BED_WAIT(p->bed, 20000, p->gone == 2 && !pool_of(p).old && pool_of(p).running == 2 && stage_workers(p->bed->stage) == 3);
	assert_int_equal(kill(other, 0), 0);
	stage_worker worker;
	bool there = false;
	for (size_t i = 0; stage_worker_get(p->bed->stage, i, &worker); i++)
		there = there || (worker.pid == other && !worker.old && !worker.leaving);
	assert_true(there);
	kill(other, SIGTERM);
	bed_reap(p->bed, other);
	pen_free(p);
}

static void stop_leaves_nobody(void **state)
{
	(void)state;
	pen *p = pen_new("hook:2", "1");
	BED_WAIT(p->bed, 10000, stage_workers(p->bed->stage) == 2);
	kill((pid_t)pid_of(p, 0), SIGSTOP);              /* one of them will not obey */
	supervisor_stop(p->supervisor, 300);
	BED_WAIT(p->bed, 10000, supervisor_running(p->supervisor) == 0);
	assert_int_equal(p->gone, 2);
	pen_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_daemon_without_stages_starts),
		cmocka_unit_test(paths_handed_to_workers_stay_the_same),
		cmocka_unit_test(a_killed_worker_is_started_again),
		cmocka_unit_test(a_stopped_worker_is_killed_and_replaced),
		cmocka_unit_test(poison_is_failed_and_its_neighbours_pass),
		cmocka_unit_test(a_lone_poison_record_is_failed_too),
		cmocka_unit_test(a_broken_build_fails_no_task),
		cmocka_unit_test(a_roll_replaces_everybody_without_loss),
		cmocka_unit_test(two_rolls_in_a_row_leave_nobody_from_between),
		cmocka_unit_test(workers_that_are_starting_are_rolled_too),
		cmocka_unit_test(a_program_that_ends_at_once_is_not_started_all_the_time),
		cmocka_unit_test(reload_changes_the_number),
		cmocka_unit_test(scaling_loses_nothing),
		cmocka_unit_test(scaled_to_nothing_the_queue_waits),
		cmocka_unit_test(a_worker_that_hangs_while_it_leaves_is_killed),
		cmocka_unit_test(a_roll_and_a_scale_together_come_to_rest),
		cmocka_unit_test(restarting_a_pool_leaves_others_alone),
		cmocka_unit_test(stop_leaves_nobody),
	};
	log_setup("test", getenv("TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, LOG_LOGFMT, 1000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
