/* Workers of every kind: ours in their cage, and one in another language. */
#include "stage_bed.h"

#include <sys/time.h>

#include "workers/cage.h"
#include "workers/stages.h"

/* Promise 8: with everything loaded and the filter laid, no thread of a worker gets a file, a socket, a process, precedence or memory to execute. */
static void no_worker_gets_out_of_its_cage(void **state)
{
	(void)state;
	if (!cage_possible())
		skip();
	setenv("MILLRACE_TEST_HOOKS", "1", 1);
	for (size_t i = 0; stages_name(i); i++) {
		char command[600], line[200];
		int lines = 0;
		snprintf(command, sizeof command, "%s/bin/millrace-worker --set watch.file=" SOURCE_DIR "/conf/watches.conf --set pipeline.stages=watch --stage %s --cage-test", BINARY_DIR, stages_name(i));
		FILE *out = popen(command, "r");
		assert_non_null(out);
		while (fgets(line, sizeof line, out)) {
			lines++;
			if (!strstr(line, "Operation not permitted"))
				fail_msg("stage %s: %s", stages_name(i), line);
		}
		assert_int_equal(pclose(out), 0);
		assert_int_equal(lines, 18);             /* nine tries from two threads */
	}
}

/* And the cage leaves them what they need: every stage, many bodies, each charset for which a module must have been loaded before. */
static void every_stage_works_in_its_cage(void **state)
{
	(void)state;
	static const struct { const char *input, *charset, *body; } inputs[] = {
		{"text", "UTF-8", "A school opened today.\n\nIt has three hundred places, said the head.\n\nLessons begin in spring."},
		{"html", "UTF-8", "<html><head><title>T</title></head><body><p>First paragraph of a page, long enough to be kept.</p><p>Second one.</p></body></html>"},
		{"html", "gb18030", "<html><body><p>\xb1\xb1\xbe\xa9\xb5\xc4\xd1\xa7\xd0\xa3\xbd\xf1\xcc\xec\xbf\xaa\xd1\xa7\xa1\xa3</p></body></html>"},
		{"html", "gbk", "<p>\xb1\xb1\xbe\xa9\xb5\xc4\xd1\xa7\xd0\xa3\xbd\xf1\xcc\xec\xbf\xaa\xd1\xa7\xa1\xa3</p>"},
		{"html", "big5", "<p>\xa5\x5f\xa8\xca\xaa\xba\xbe\xc7\xae\xd5\xa4\xb5\xa4\xd1\xb6\x7d\xbe\xc7\xa1\x43</p>"},
		{"html", "shift_jis", "<p>\x93\xfa\x96\x7b\x8c\xea\x82\xcc\x95\xb6\x8f\xcd</p>"},
		{"html", "utf-16le", "<\0p\0>\0a\0<\0/\0p\0>\0"},
		{"html", "windows-1251", "<p>\xcf\xf0\xe8\xe2\xe5\xf2</p>"},
		{"html", "iso-8859-2", "<p>\xb1\xe6</p>"},
		{"html", "euc-kr", "<p>\xc7\xd1\xb1\xdb</p>"},
		{"html", "no-such-charset", "<p>text</p>"},
	};
	static const char *const stages[] = {"extract", "dedup", "classify"};
	for (size_t k = 0; k < 3; k++) {
		bed *b = bed_new_for(stages[k], NULL);
		pid_t pid = bed_worker(b, "1");
		for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
			size_t len = strcmp(inputs[i].charset, "utf-16le") ? strlen(inputs[i].body) : 16;
			b->input = inputs[i].input;
			b->charset = inputs[i].charset;
			bed_submit(b, inputs[i].body, len);
			BED_WAIT(b, 20000, b->done == i + 1);
		}
		assert_int_equal(stage_counts_get(b->stage)->workers_ready, 1);
		assert_int_equal(stage_counts_get(b->stage)->retried, 0);
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);                /* the same one, still alive */
		bed_kill(b, pid);
		bed_free(b);
	}
}

/* tests/system/worker_python.py is written from docs/protocol.md alone. */
static void a_worker_in_another_language_joins(void **state)
{
	(void)state;
	if (system("/usr/bin/python3 -c 'import zmq' 2>/dev/null"))
		skip();
	bed *b = bed_new(NULL);
	char endpoint[200];
	pid_t pid;
	bed_endpoint(b, endpoint);
	char *args[] = {"python3", SOURCE_DIR "/tests/system/worker_python.py", endpoint, "hook", NULL}, *env[] = {"PYTHONDONTWRITEBYTECODE=1", NULL};
	assert_int_equal(posix_spawn(&pid, "/usr/bin/python3", NULL, NULL, args, env), 0);
	for (int i = 0; i < 100; i++)
		bed_text(b, i % 10 == 3 ? "refuse me" : "三个字");
	BED_WAIT(b, 20000, b->done == 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(b->tickets[i].refused, i % 10 == 3);
		if (i % 10 == 3)
			assert_string_equal(b->tickets[i].message, "the article asked for it");
		else
			assert_string_equal(b->tickets[i].patch, "{\"keywords\": [\"one\", \"two\", \"marked\", \"3 characters\"]}");
	}
	stage_worker worker;
	assert_true(stage_worker_get(b->stage, 0, &worker));
	assert_string_equal(worker.program, "worker_python/1");
	assert_string_equal(worker.fingerprint, "marker/1");
	int64_t idle = bed_now_ms() + 1500;              /* six heartbeats: it must say them itself */
	BED_WAIT(b, 5000, bed_now_ms() > idle);
	assert_int_equal(stage_workers(b->stage), 1);
	kill(pid, SIGTERM);
	int status = bed_reap(b, pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	BED_WAIT(b, 5000, stage_workers(b->stage) == 0);
	bed_free(b);
}

/* kill -9 of the daemon: its workers die with it, also one that is busy in a task. */
static void workers_die_with_the_process_that_started_them(void **state)
{
	(void)state;
	int ends[2];
	struct { pid_t pid; char dir[64]; } told = {0};
	assert_int_equal(pipe(ends), 0);
	pid_t parent = fork();                           /* no context of ZeroMQ lives in this process yet */
	if (parent == 0) {
		bed *b = bed_new(NULL);
		close(ends[0]);
		pid_t pid = bed_worker(b, "1");
		bed_text(b, "hook: hang\n");
		while (stage_lent(b->stage) == 0)
			bed_run(b);
		told.pid = pid;
		memcpy(told.dir, b->dir, sizeof told.dir);
		if (write(ends[1], &told, sizeof told) != (ssize_t)sizeof told)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
	pid_t worker = told.pid;
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	int64_t end = bed_now_ms() + 5000;
	while (kill(worker, 0) == 0 && bed_now_ms() < end) {
		char path[64], stat[256] = "";
		snprintf(path, sizeof path, "/proc/%ld/stat", (long)worker);
		FILE *f = fopen(path, "r");
		if (f) {
			size_t n = fread(stat, 1, sizeof stat - 1, f);
			stat[n] = 0;
			fclose(f);
		}
		if (strstr(stat, ") Z "))                /* dead; who reaps orphans here is not our affair */
			break;
		nanosleep(&(struct timespec){0, 10000000}, NULL);
	}
	assert_true(bed_now_ms() < end);
	close(ends[0]);
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", told.dir);
	assert_int_equal(system(command), 0);
}

/* A worker that nobody listens to says so, with the address, and goes on waiting: the daemon may be started after it. */
static void a_worker_without_a_daemon_says_so(void **state)
{
	(void)state;
	int ends[2];
	char text[600] = "";
	size_t len = 0;
	ssize_t n = 1;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 2);
		execl(BINARY_DIR "/bin/millrace-worker", "millrace-worker", "--stage", "dedup", "--set", "daemon.runtime_dir=/tmp/millrace-no-such-folder", NULL);
		_exit(127);
	}
	close(ends[1]);
	while (!strchr(text, '\n') && n > 0 && len < sizeof text - 1) {
		n = read(ends[0], text + len, sizeof text - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		text[len] = 0;
	}
	assert_non_null(strstr(text, "no daemon answers yet"));
	assert_non_null(strstr(text, "endpoint=ipc:///tmp/millrace-no-such-folder/millrace/dedup.sock"));
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGTERM);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(ends[0]);
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
}

/* Signals come at any moment (a worker ends, a reload); libzmq breaks its calls off for them. No worker may be given up for that. */
static void signals_cost_no_worker(void **state)
{
	(void)state;
	const char *const sets[] = {"stage.batch_tasks=1", "stage.credit=16", NULL};
	struct sigaction action = {.sa_handler = on_alarm};
	bed *b = bed_new(sets);
	pid_t worker = bed_worker(b, "1");
	BED_WAIT(b, 10000, stage_workers(b->stage) == 1);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 30}, {0, 30}}, NULL);
	for (size_t i = 0; i < BED_TICKETS; i++) {
		bed_text(b, "text");
		if (i % 16 == 15)
			BED_WAIT(b, 10000, b->done == b->count);
	}
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	assert_int_equal(stage_counts_get(b->stage)->workers_expelled, 0);
	assert_int_equal(stage_counts_get(b->stage)->retried, 0);
	bed_kill(b, worker);
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_die_with_the_process_that_started_them),
		cmocka_unit_test(a_worker_without_a_daemon_says_so),
		cmocka_unit_test(no_worker_gets_out_of_its_cage),
		cmocka_unit_test(every_stage_works_in_its_cage),
		cmocka_unit_test(a_worker_in_another_language_joins),
		cmocka_unit_test(signals_cost_no_worker),
	};
	log_setup("test", getenv("TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, LOG_LOGFMT, 1000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
