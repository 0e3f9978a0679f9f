/* The millrace command as people call it: shared options, help, unknown commands, check with its exit codes and its silence about secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "common/buf.h"
#include "common/exit_codes.h"
#include "common/nearest.h"

/* Runs `PROGRAM ARGUMENTS` through the shell; both streams in `out`. */
static int run_program(const char *program, const char *arguments, buf *out)
{
	char command[1024];
	buf_clear(out);
	snprintf(command, sizeof command, "env -u MILLRACE_CONFIG -u CREDENTIALS_DIRECTORY '%s/bin/%s' 2>&1 %s", BINARY_DIR, program, arguments);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t n;
	while ((n = fread(buf_reserve(out, 4096), 1, 4096, pipe)) > 0)
		out->len += n;
	buf_reserve(out, 0)[0] = 0;
	int status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(const char *arguments, buf *out)
{
	return run_program("millrace", arguments, out);
}

static void expect_of(const char *program, const char *arguments, int code, const char *text)
{
	buf out = {0};
	int got = run_program(program, arguments, &out);
	if (got != code || !strstr(out.data, text))
		print_message("%s %s: %d\n%s", program, arguments, got, out.data);
	assert_int_equal(got, code);
	assert_non_null(strstr(out.data, text));
	buf_free(&out);
}

static void expect(const char *arguments, int code, const char *text)
{
	expect_of("millrace", arguments, code, text);
}

static void commands_are_found(void **state)
{
	(void)state;
	expect("--help", EXIT_CLEAN, "Usage: millrace COMMAND");
	expect("--help", EXIT_CLEAN, "78  wrong configuration");
	expect("help check", EXIT_CLEAN, "Usage: millrace check");
	expect("check --help", EXIT_CLEAN, "--set SECTION.KEY=VALUE");
	expect("--version", EXIT_CLEAN, "millrace " MILLRACE_VERSION "\n");
	expect("version", EXIT_CLEAN, "librdkafka ");
	expect("version", EXIT_CLEAN, "\nlibpq ");
	expect("chekc", EXIT_USAGE, "unknown command 'chekc' (did you mean 'check'?)");
	expect("xyzzyxyzzy", EXIT_USAGE, "unknown command 'xyzzyxyzzy'; see millrace --help");
	expect("", EXIT_USAGE, "no command");
	expect("check --set", EXIT_USAGE, "--set wants a value");
	expect("check --nonsense", EXIT_USAGE, "unexpected '--nonsense'");
	expect("ctl", EXIT_USAGE, "no command; see millrace ctl --help");
	expect("ctl satus", EXIT_USAGE, "unknown command 'satus' (did you mean 'status'?)");
	expect("ctl scale extract", EXIT_USAGE, "scale wants a stage and a number");
	expect("ctl scale extract -1", EXIT_USAGE, "unknown option");
	expect("ctl pause a:b", EXIT_USAGE, "'b' is no partition");
	expect("ctl pause 'a b'", EXIT_USAGE, "`topic` wants a word");
	expect("ctl status --timeout 1", EXIT_USAGE, "--timeout wants --wait");
	expect("ctl status --wait --timeout 0", EXIT_USAGE, "not a number in its range");
	expect("ctl reload --exit", EXIT_USAGE, "--exit belongs to drain");
	expect("ctl status --set daemon.runtime_dir=/nonexistent/run", EXIT_NO_DAEMON, "/nonexistent/run/millrace/control.sock: there is no such socket");
	expect("ctl status --socket /dev/null", EXIT_NO_DAEMON, "/dev/null: nobody listens");
	expect("version > /dev/full", EXIT_FAILED, "");            /* the reason goes there, too */
}

static void check_tells_all(void **state)
{
	(void)state;
	expect("check --config '" SOURCE_DIR "/conf/millrace.conf'", EXIT_CLEAN, "the configuration is good");
	expect("check", EXIT_CLEAN, "note: kafka.bootstrap.servers is not set");
	expect("check --set control.group=no-such-group-here", EXIT_CLEAN, "note: --set: control.group: there is no group 'no-such-group-here' on this machine");
	expect("check --config /nonexistent/millrace.conf", EXIT_CONFIG, "/nonexistent/millrace.conf: cannot open: No such file");
	expect("check --set publish.epoch=1 --set=publish.epoch_ms=0 --set log.level=loud", EXIT_CONFIG, "millrace check: 3 errors");
	expect("check --set publish.topic=articles.raw", EXIT_CONFIG, "'articles.raw' is an input topic");
	expect("check --set kafka.fetch.wait.max=5", EXIT_CONFIG, "--set: librdkafka has no property 'fetch.wait.max' (did you mean 'fetch.wait.max.ms'?)");
	expect("check --set kafka.bootstrap.server=a:1", EXIT_CONFIG, "no property 'bootstrap.server' (did you mean 'bootstrap.servers'?)");
	expect("check --set kafka.producer.linger.ms=-1", EXIT_CONFIG, "outside allowed range");
	expect("check --set kafka.sasl.password=file:pw", EXIT_CLEAN, "note: --set: kafka.sasl.password: relative name");
	expect("check --set classify.model=/no/such.model", EXIT_CLEAN, "note: --set: classify.model: /no/such.model: No such file or directory");
	expect("check --set kafka.group.id=x", EXIT_CONFIG, "kafka.group.id cannot be set: set intake.group");
}

/* The daemon refuses what `millrace check` refuses, in the same words; and what it cannot start without. */
static void the_daemon_says_the_same(void **state)
{
	(void)state;
	expect("check --set publish.epoch_ms=0 --set admin.address=0.0.0.0 --set kafka.nonsense=1", EXIT_CONFIG, "millrace check: 3 errors");
	expect_of("millraced", "--set publish.epoch_ms=0 --set admin.address=0.0.0.0 --set kafka.linger.mss=1", EXIT_CONFIG,
		  "--set: publish.epoch_ms: '0' is out of range: 1ms to 1min\n"
		  "--set: admin.address: '0.0.0.0' is not a loopback address (127.0.0.1, ::1): the admin port has no password\n"
		  "--set: librdkafka has no property 'linger.mss' (did you mean 'linger.ms'?)\n"
		  "kafka.bootstrap.servers is not set: millraced does not start without");
	expect_of("millraced", "--set kafka.bootstrap.servers=", EXIT_CONFIG, "kafka.bootstrap.servers is not set");
	expect_of("millraced", "--set kafka.bootstrap.servers=localhost:1 --set kafka.sasl.password=file:pw", EXIT_CONFIG, "kafka.sasl.password: relative name");
	expect_of("millraced", "start", EXIT_USAGE, "unexpected 'start'");
	expect_of("millraced", "--help", EXIT_CLEAN, "  publish.epoch_ms = 100\n      an epoch ends after this time\n");
}

static void check_explains(void **state)
{
	(void)state;
	expect("check publish.epoch_ms --set publish.epoch_ms=2s", EXIT_CLEAN, "2s\n");
	expect("check --explain publish.epoch_ms", EXIT_CLEAN, "time, default: 100, from 1ms to 1min");
	expect("check dedup", EXIT_CLEAN, "dedup.window_days = 60\n");
	expect("check kafka.client.id --set kafka.client.id=me", EXIT_CLEAN, "me\n");
	expect("check publish.epohc_ms", EXIT_USAGE, "did you mean 'publish.epoch_ms'?");
	expect("check zzzzz", EXIT_USAGE, "nothing is set by the name of 'zzzzz'");
}

static void secrets_are_never_printed(void **state)
{
	static const char *const calls[] = {"check", "check --explain", "check kafka", "check kafka.sasl.password", "check --set kafka.nonsense.password=hunter2",
		"check --set kafka.linger.ms=x", "check --set publish.epoch=1"};
	(void)state;
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		char arguments[256];
		buf out = {0};
		snprintf(arguments, sizeof arguments, "%s --set kafka.sasl.password=hunter2 --set kafka.ssl.key.password=hunter2", calls[i]);
		run(arguments, &out);
		assert_null(strstr(out.data, "hunter2"));
		buf_free(&out);
	}
}

static void distances_are_those_of_slips(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("check", "check"), 0);
	assert_int_equal(edit_distance("chekc", "check"), 1);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
	nearest guess = {.word = "x"};
	nearest_offer(&guess, "check");
	assert_null(guess.best);
}

/* --state: the first record of a second run is not the first record of the first run come again, although both are the first of their file. */
static void process_remembers_over_runs(void **state)
{
	static const char process[] = "process --quiet --state cli-state.test --set pipeline.stages='extract dedup' - <<'END'\n"
				      "{\"id\":\"%s\",\"text\":\"The county opened a reading room beside the old mill on Friday, and forty children borrowed books on its first evening.\"}\nEND";
	char first[512], second[512];
	(void)state;
	snprintf(first, sizeof first, process, "one");
	snprintf(second, sizeof second, process, "two");
	assert_int_equal(system("rm -rf cli-state.test"), 0);
	expect(first, EXIT_CLEAN, "\"duplicate_kind\":null");
	expect(second, EXIT_CLEAN, "\"duplicate_kind\":\"exact\"");
	assert_int_equal(system("rm -rf cli-state.test"), 0);
}

/* A file that breaks off must not look like one that ended: what came before the break is printed, and the exit code says that it is not all. */
static void process_tells_a_file_that_breaks_off(void **state)
{
	static const char process[] = "process --quiet --set pipeline.stages= cli-cut.test.%s";
	char lines[128], document[128];
	(void)state;
	assert_int_equal(system("for i in $(seq 200); do echo \"{\\\"id\\\":\\\"$i\\\",\\\"text\\\":\\\"Item $i of $(echo $i | md5sum)\\\"}\"; done | gzip -c | head -c -9 > cli-cut.test.json.gz"), 0);
	assert_int_equal(system("head -c 1000 /dev/zero | tr '\\0' a | gzip -c | head -c -9 > cli-cut.test.txt.gz"), 0);
	snprintf(lines, sizeof lines, process, "json.gz");
	snprintf(document, sizeof document, process, "txt.gz");
	expect(lines, EXIT_FAILED, "\"feed_id\":\"1\"");
	expect(lines, EXIT_FAILED, "cannot read cli-cut.test.json.gz: ");
	expect(document, EXIT_FAILED, "cannot read cli-cut.test.txt.gz: ");
	assert_int_equal(system("rm cli-cut.test.*"), 0);
}

/* The message says what the code says. */
/* The settings of the sink hold here, too; a record for several topics is printed once. */
static void process_filters_and_routes(void **state)
{
	static const char feed[] = "process --quiet --set pipeline.stages= --set 'sink.filter=%s' - <<'END'\n{\"text\":\"Reeds are cut.\"}\n{\"text\":\"Ice.\"}\nEND";
	char command[400];
	buf out = {0};
	(void)state;
	snprintf(command, sizeof command, feed, "characters>=10");
	assert_int_equal(run(command, &out), EXIT_CLEAN);
	assert_non_null(strstr(out.data, "Reeds are cut."));
	assert_null(strstr(out.data, "Ice."));
	assert_non_null(strstr(out.data, "filtered: record 1, article 0: kept out by sink.filter (characters)\n"));
	snprintf(command, sizeof command, feed, "labels=science");
	assert_int_equal(run(command, &out), EXIT_CONFIG);
	assert_non_null(strstr(out.data, "sink.filter: labels need the stage classify"));
	buf_free(&out);
}

static void process_says_where_a_nul_byte_is(void **state)
{
	(void)state;
	expect("process --quiet - <<'END'\n{\"text\":\"a\\u0000\"}\nEND", EXIT_CLEAN, "input.nul (intake): byte 17 of 18: \\u0000, a NUL character");
	assert_int_equal(system("printf 'abc\\0def\\n' > cli-nul.test.json"), 0);
	expect("process --quiet cli-nul.test.json", EXIT_CLEAN, "record 0: input.nul (intake): byte 3 of 7: a NUL byte");
	assert_int_equal(system("rm cli-nul.test.json"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_remembers_over_runs),
		cmocka_unit_test(process_filters_and_routes),
		cmocka_unit_test(process_tells_a_file_that_breaks_off),
		cmocka_unit_test(process_says_where_a_nul_byte_is),
		cmocka_unit_test(commands_are_found),
		cmocka_unit_test(check_tells_all),
		cmocka_unit_test(the_daemon_says_the_same),
		cmocka_unit_test(check_explains),
		cmocka_unit_test(secrets_are_never_printed),
		cmocka_unit_test(distances_are_those_of_slips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
