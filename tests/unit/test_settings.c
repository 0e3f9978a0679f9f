/* Settings: sources and who wins, values with units, errors with place and guess, rules over several settings, secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/settings.h"

static char folder[] = "/tmp/millrace-test-settings-XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static int turn;
	char *path = paths[turn++ & 3];
	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void clear_drop_ins(void)
{
	unlink(path_of("conf.d/10-a.conf"));
	unlink(path_of("conf.d/9-b.conf"));
	unlink(path_of("conf.d/.hidden.conf"));
	unlink(path_of("conf.d/other.txt"));
}

static settings *must_read(const char *file, const char *const *sets, size_t count)
{
	buf errors = {0};
	settings *s = settings_read(file, sets, count, &errors);
	if (!s)
		print_message("%s", errors.data);
	assert_non_null(s);
	assert_int_equal(errors.len, 0);
	return s;
}

/* Reads a file with one line in [section]; the errors with the folder cut off must be `want`. */
static void expect_errors(const char *text, const char *want)
{
	buf errors = {0}, clean = {0};
	settings *s = settings_read(write_file("m.conf", text), NULL, 0, &errors);
	assert_null(s);
	size_t cut = strlen(folder) + 1;
	for (const char *p = errors.data; *p; p++) {
		if (strncmp(p, folder, cut - 1) == 0)
			p += cut;
		buf_add_char(&clean, *p);
	}
	assert_string_equal(clean.data, want);
	buf_free(&errors);
	buf_free(&clean);
}

static void expect_set_error(const char *set, const char *want)
{
	buf errors = {0};
	assert_null(settings_read(NULL, &set, 1, &errors));
	assert_string_equal(errors.data, want);
	buf_free(&errors);
}

/* settings_check with these --set: every word of `wants` (NULL-terminated) stands in one line each, and there are no other lines. */
static void expect_rules(const char *const *sets, const char *const *wants)
{
	buf errors = {0};
	size_t count = 0, want = 0;
	while (sets[count])
		count++;
	settings *s = must_read(NULL, sets, count);
	int bad = settings_check(s, &errors);
	for (; wants[want]; want++) {
		if (!strstr(buf_bytes(&errors).data, wants[want]))
			print_message("missing: %s\nin:\n%s", wants[want], buf_bytes(&errors).data);
		assert_non_null(strstr(buf_bytes(&errors).data, wants[want]));
	}
	if ((size_t)bad != want)
		print_message("%s", buf_bytes(&errors).data);
	assert_int_equal(bad, want);
	settings_free(&s);
	buf_free(&errors);
}

#define SETS(...) (const char *const[]){__VA_ARGS__, NULL}
#define WANTS(...) (const char *const[]){__VA_ARGS__, NULL}
#define NOTHING (const char *const[]){NULL}

static void the_defaults_stand(void **state)
{
	(void)state;
	unsetenv("STATE_DIRECTORY");
	unsetenv("RUNTIME_DIRECTORY");
	settings *s = must_read(NULL, NULL, 0);
	const char *const *items;
	assert_int_equal(settings_int(s, "publish.epoch_ms"), 100);
	assert_int_equal(settings_int(s, "intake.high_bytes"), 16 << 20);
	assert_true(settings_bool(s, "workers.cage"));
	assert_string_equal(settings_str(s, "publish.delivery"), "exactly-once");
	assert_int_equal(settings_list(s, "pipeline.stages", &items), 3);
	assert_string_equal(items[2], "classify");
	assert_string_equal(settings_origin(s, "publish.epoch_ms"), "default");
	assert_string_equal(settings_state_dir(s), "/var/lib/millrace/millrace");
	assert_string_equal(settings_runtime_dir(s), "/run/millrace/millrace");
	assert_int_equal(settings_admin_port(s), 9180);
	buf errors = {0};
	assert_int_equal(settings_check(s, &errors), 0);
	settings_free(&s);
	settings_free(&s);
}

/* Defaults and bounds of the table must read back as what they are shown as. */
static void numbers_are_shown_as_they_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		const option *row = &option_table[i];
		if (row->type != OPTION_INT && row->type != OPTION_BYTES && row->type != OPTION_MS)
			continue;
		for (int high = 0; high < 2; high++) {
			char shown[32], set[160];
			int64_t number = high ? row->max : row->min;
			snprintf(set, sizeof set, "%s=%s", row->name, option_show(row, number, shown));
			settings *s = must_read(NULL, (const char *const[]){set}, 1);
			assert_true(settings_int(s, row->name) == number);
			settings_free(&s);
		}
	}
}

static void later_sources_win(void **state)
{
	(void)state;
	mkdir(path_of("conf.d"), 0755);
	write_file("conf.d/10-a.conf", "[publish]\nepoch_ms = 20\nepoch_records = 21\nepoch_bytes = 22K\n");
	write_file("conf.d/9-b.conf", "[publish]\nepoch_records = 31\nepoch_bytes = 32K\n[kafka]\nclient.id = nine\n");
	write_file("conf.d/.hidden.conf", "[nonsense]\n");
	write_file("conf.d/other.txt", "[nonsense]\n");
	const char *file = write_file("m.conf", "[publish]\nepoch_ms = 10\nepoch_records = 11\nepoch_bytes = 12K\ntopic = t\n[kafka]\nclient.id = main\n");
	settings *s = must_read(file, SETS("publish.epoch_bytes=42K"), 1);
	assert_string_equal(settings_str(s, "publish.topic"), "t");
	assert_int_equal(settings_int(s, "publish.epoch_ms"), 20);
	assert_int_equal(settings_int(s, "publish.epoch_records"), 31);          /* byte order: "9-b" stands behind "10-a" */
	assert_int_equal(settings_int(s, "publish.epoch_bytes"), 42 << 10);
	assert_string_equal(settings_origin(s, "publish.epoch_bytes"), "--set");
	assert_non_null(strstr(settings_origin(s, "publish.epoch_records"), "conf.d/9-b.conf:2"));
	settings_free(&s);
	clear_drop_ins();
}

static void units_are_understood(void **state)
{
	(void)state;
	settings *s = must_read(NULL, SETS("publish.epoch_ms=2s", "daemon.drain_ms=5min", "stage.deadline_ms=250ms", "stage.heartbeat_ms=100",
		"publish.epoch_bytes=64k", "intake.high_bytes=1G", "intake.low_bytes=65536", "extract.spans=Yes", "workers.cage=off",
		"pipeline.stages=a, b,c  d"), 10);
	const char *const *items;
	assert_int_equal(settings_int(s, "publish.epoch_ms"), 2000);
	assert_int_equal(settings_int(s, "daemon.drain_ms"), 300000);
	assert_int_equal(settings_int(s, "stage.deadline_ms"), 250);
	assert_int_equal(settings_int(s, "stage.heartbeat_ms"), 100);
	assert_int_equal(settings_int(s, "publish.epoch_bytes"), 65536);
	assert_true(settings_int(s, "intake.high_bytes") == 1LL << 30);
	assert_int_equal(settings_int(s, "intake.low_bytes"), 65536);
	assert_true(settings_bool(s, "extract.spans"));
	assert_false(settings_bool(s, "workers.cage"));
	assert_int_equal(settings_list(s, "pipeline.stages", &items), 4);
	assert_string_equal(items[1], "b");
	settings_free(&s);
}

static void wrong_values_are_told_with_the_range(void **state)
{
	(void)state;
	expect_errors("[publish]\nepoch_ms = 0\nepoch_bytes = 99999999999999999999G\nepoch_records = 5x\ndelivery = exactly_once\n[log]\noutcomes = maybe\n"
		      "[stage]\ndeadline_ms = -1\ndeadline_ms_per_mb = \nattempts = 99\n",
		      "m.conf:2: publish.epoch_ms: '0' is out of range: 1ms to 1min\n"
		      "m.conf:3: publish.epoch_bytes: '99999999999999999999G' is out of range: 4K to 1G\n"
		      "m.conf:4: publish.epoch_records: '5x' is not a whole number (digits only)\n"
		      "m.conf:5: publish.delivery: 'exactly_once' is not one of: exactly-once at-least-once (did you mean 'exactly-once'?)\n"
		      "m.conf:7: log.outcomes: 'maybe' is neither true nor false\n"
		      "m.conf:9: stage.deadline_ms: '-1' is not a time (like 100, 100ms, 2s, 5min, 1h, 1d)\n"
		      "m.conf:10: stage.deadline_ms_per_mb: '' is not a time (like 100, 100ms, 2s, 5min, 1h, 1d)\n"
		      "m.conf:11: stage.attempts: '99' is out of range: 1 to 10\n");
}

static void unknown_names_get_a_guess(void **state)
{
	(void)state;
	expect_errors("[publish]\nepoch = 5\nepohc_ms = 5\nwindow_days = 3\nzzzzzzzz = 1\n[publsh]\nx = 1\n[kafka.consumr]\ny = 2\n[qqqqqqqq]\n",
		      "m.conf:2: unknown setting 'publish.epoch' (did you mean 'publish.epoch_ms'?)\n"
		      "m.conf:3: unknown setting 'publish.epohc_ms' (did you mean 'publish.epoch_ms'?)\n"
		      "m.conf:4: unknown setting 'publish.window_days' (did you mean 'dedup.window_days'?)\n"
		      "m.conf:5: unknown setting 'publish.zzzzzzzz'\n"
		      "m.conf:6: unknown section 'publsh' (did you mean 'publish'?)\n"
		      "m.conf:8: unknown section 'kafka.consumr' (did you mean 'kafka.consumer'?)\n"
		      "m.conf:10: unknown section 'qqqqqqqq'\n");
}

static void one_file_sets_a_name_once(void **state)
{
	(void)state;
	expect_errors("[publish]\nepoch_ms = 5\n[log]\nlevel = info\n[publish]\nepoch_ms = 5\n[kafka]\nclient.id = a\nclient.id = b\n",
		      "m.conf:6: publish.epoch_ms: set a second time (first on line 2)\nm.conf:9: kafka.client.id: set a second time (first on line 8)\n");
}

static int collect(void *arg, const char *key, const char *value)
{
	buf_printf(arg, "%s=%s\n", key, value);
	return 0;
}

static void expect_section(const settings *s, const char *section, const char *want)
{
	buf out = {0};
	assert_int_equal(settings_section(s, section, collect, &out), 0);
	assert_string_equal(buf_bytes(&out).data, want);
	buf_free(&out);
}

static void the_longest_section_wins(void **state)
{
	(void)state;
	settings *s = must_read(NULL, SETS("kafka.bootstrap.servers=a:1,b:2", "kafka.consumer.fetch.wait.max.ms=10", "kafka.producer.linger.ms=5",
		"kafka.consumers=x", "kafka.sasl.password=a=b;c #d"), 5);
	expect_section(s, "kafka", "bootstrap.servers=a:1,b:2\nconsumers=x\nsasl.password=a=b;c #d\n");
	expect_section(s, "kafka.consumer", "fetch.wait.max.ms=10\n");
	expect_section(s, "kafka.producer", "linger.ms=5\n");
	settings_free(&s);
	expect_set_error("publish.epoch=1", "--set: unknown setting 'publish.epoch' (did you mean 'publish.epoch_ms'?)\n");
	expect_set_error("nonsense", "--set: wants section.key=value\n");
	expect_set_error("=1", "--set: wants section.key=value\n");
	expect_set_error("epoch_ms=1", "--set: unknown setting 'epoch_ms' (did you mean 'publish.epoch_ms'?)\n");
	expect_set_error("publish.topic=\x1b[2J", "--set: control byte in the line\n");
	expect_set_error("publish.topic=\xFF", "--set: line is not UTF-8\n");
	expect_set_error("log.level=一二三四五六七八九十一二三四五六", "--set: log.level: '一二三四五六七八九十一二三?' is not one of: error warn info debug\n");
	expect_set_error("publish.=1", "--set: unknown setting 'publish.'\n");
}

static void properties_that_break_promises_are_refused(void **state)
{
	(void)state;
	static const char *const refused[] = {"kafka.consumer.enable.auto.commit", "kafka.enable.auto.commit", "kafka.auto.commit.enable",
		"kafka.consumer.enable.auto.offset.store", "kafka.consumer.isolation.level", "kafka.producer.transactional.id", "kafka.group.id",
		"kafka.consumer.partition.assignment.strategy", "kafka.producer.enable.idempotence", "kafka.producer.acks"};
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		char set[128], want[160];
		buf errors = {0};
		snprintf(set, sizeof set, "%s=1", refused[i]);
		snprintf(want, sizeof want, "--set: %s cannot be set: ", refused[i]);
		assert_null(settings_read(NULL, (const char *const[]){set}, 1, &errors));
		assert_memory_equal(errors.data, want, strlen(want));
		buf_free(&errors);
	}
	buf errors = {0};
	assert_null(settings_read(NULL, SETS("kafka.auto.offset.reset=latest"), 1, &errors));    /* it would skip records */
	buf_free(&errors);
	settings *s = must_read(NULL, SETS("kafka.consumer.auto.offset.reset=earliest"), 1);
	settings_free(&s);
}

static void show(void *arg, const char *key, const char *shown, const char *origin)
{
	buf_printf(arg, "%s=%s (%s)\n", key, shown, origin);
}

static void secrets_come_from_files_and_are_not_shown(void **state)
{
	(void)state;
	char set[160];
	const char *file = write_file("password", "p\"a ss;#\n");
	snprintf(set, sizeof set, "kafka.sasl.password=file:%s", file);
	settings *s = must_read(NULL, SETS(set, "kafka.ssl.key.password=hunter2", "kafka.client.id=x"), 3);
	buf out = {0};
	settings_section(s, "kafka", collect, &out);
	assert_string_equal(out.data, "sasl.password=p\"a ss;#\nssl.key.password=hunter2\nclient.id=x\n");
	buf_clear(&out);
	settings_section_show(s, "kafka", show, &out);
	assert_null(strstr(out.data, "hunter2"));
	assert_null(strstr(out.data, "a ss"));
	assert_non_null(strstr(out.data, "ssl.key.password=*** (--set)\nclient.id=x (--set)\n"));
	settings_free(&s);

	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	s = must_read(NULL, SETS("kafka.sasl.password=file:password"), 1);
	expect_section(s, "kafka", "sasl.password=p\"a ss;#\n");
	settings_free(&s);
	unsetenv("CREDENTIALS_DIRECTORY");

	s = must_read(NULL, SETS("kafka.sasl.password=file:password"), 1);
	buf_clear(&out);
	assert_int_equal(settings_section(s, "kafka", collect, &out), -1);
	assert_int_equal(out.len, 0);
	assert_int_equal(settings_secrets_unread(s, &out), 1);
	assert_non_null(strstr(out.data, "--set: kafka.sasl.password: relative name, and $CREDENTIALS_DIRECTORY is not set"));
	settings_free(&s);

	buf errors = {0};
	snprintf(set, sizeof set, "kafka.sasl.password=file:%s/missing", folder);
	assert_null(settings_read(NULL, SETS(set), 1, &errors));
	assert_non_null(strstr(errors.data, "missing: cannot open: No such file"));
	buf_free(&errors);
	buf_free(&out);
}

static void a_missing_file_is_an_error(void **state)
{
	(void)state;
	buf errors = {0};
	assert_null(settings_read(path_of("nowhere.conf"), NULL, 0, &errors));
	assert_non_null(strstr(errors.data, "nowhere.conf: cannot open: No such file"));
	buf_free(&errors);
}

static void paths_start_at_their_file(void **state)
{
	(void)state;
	settings *s = must_read(write_file("m.conf", "[classify]\nmodel = models/a.model\n[workers]\nprogram = /usr/bin/w\n"), NULL, 0);
	assert_string_equal(settings_str(s, "classify.model"), path_of("models/a.model"));
	assert_string_equal(settings_str(s, "workers.program"), "/usr/bin/w");
	settings_free(&s);
	s = must_read(NULL, SETS("classify.model=a.model"), 1);
	assert_string_equal(settings_str(s, "classify.model"), "a.model");
	settings_free(&s);
}

static void folders_carry_the_instance(void **state)
{
	(void)state;
	setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
	settings *s = must_read(NULL, SETS("daemon.instance=n1", "daemon.runtime_dir=/x"), 2);
	assert_string_equal(settings_state_dir(s), "/var/lib/a/n1");
	assert_string_equal(settings_runtime_dir(s), "/x/n1");
	int port = settings_admin_port(s);
	assert_in_range(port, 9180, 9579);
	settings_free(&s);
	unsetenv("STATE_DIRECTORY");
	s = must_read(NULL, SETS("daemon.instance=n1", "admin.port=1234"), 2);
	assert_string_equal(settings_state_dir(s), "/var/lib/millrace/n1");
	assert_int_equal(settings_admin_port(s), 1234);
	settings_free(&s);
}

static void own_output_is_never_read(void **state)
{
	(void)state;
	expect_rules(SETS("publish.topic=articles.raw"), WANTS("publish.topic: 'articles.raw' is an input topic"));
	expect_rules(SETS("publish.duplicates_topic=articles.raw"), WANTS("publish.duplicates_topic: 'articles.raw' is an input topic"));
	expect_rules(SETS("intake.topics=^articles\\..*"), WANTS("publish.topic: 'articles.enriched' is matched by the input pattern",
		"publish.duplicates_topic: 'articles.duplicates' is matched"));
	expect_rules(SETS("intake.topics=^.*\\.raw$"), WANTS("publish.dead_prefix: 'dlq.x.raw' is matched by the input pattern"));
	expect_rules(SETS("intake.topics=^raw\\..*"), NOTHING);
	expect_rules(SETS("intake.topics=a dlq.a"), WANTS("publish.dead_prefix: the dead-letter topic 'dlq.a' is an input topic"));
	expect_rules(SETS("intake.topics=a ^dlq"), WANTS("publish.dead_prefix: 'dlq.a' is matched", "publish.dead_prefix: 'dlq.dlq' is matched"));
	expect_rules(SETS("publish.dead_prefix="), WANTS("the dead-letter topic 'articles.raw' is an input topic"));
	expect_rules(SETS("publish.dead_prefix=articles.", "intake.topics=enriched"), WANTS("the dead-letter topic 'articles.enriched' is an output topic"));
	expect_rules(SETS("publish.duplicates_topic=articles.enriched"), WANTS("publish.duplicates_topic: is publish.topic"));
}

static void the_sink_is_checked(void **state)
{
	(void)state;
	expect_rules(SETS("sink.route=by-label"), NOTHING);
	expect_rules(SETS("sink.route=by-label", "sink.label_topics=none=rest talent=people"), NOTHING);
	expect_rules(SETS("sink.route=by-label", "sink.label_topics=talents=people talent =x science=a/b"),
		     WANTS("'talents' is no label of classify.labels, nor none (did you mean 'talent'?)", "'talent' is not label=topic", "'=x' is not label=topic", "'a/b' is not a topic name"));
	expect_rules(SETS("sink.route=by-label", "sink.label_topics=talent=a talent=b"), WANTS("the label 'talent' stands twice"));
	expect_rules(SETS("sink.label_topics=talent=a"), WANTS("sink.label_topics: nothing is written to them: sink.route is not by-label"));
	expect_rules(SETS("sink.route=by-label", "intake.topics=articles.enriched.none"), WANTS("sink.label_topics: 'articles.enriched.none' is an input topic"));
	expect_rules(SETS("sink.route=by-label", "intake.topics=^feed", "sink.label_topics=none=feed.none"), WANTS("sink.label_topics: 'feed.none' is matched by the input pattern"));
	expect_rules(SETS("sink.route=by-label", "sink.label_topics=none=dlq.articles.raw"), WANTS("the dead-letter topic 'dlq.articles.raw' is an output topic"));
	expect_rules(SETS("sink.route=by-label", "sink.label_topics=none=articles.duplicates"), WANTS("sink.label_topics: 'articles.duplicates' is publish.duplicates_topic"));
	expect_rules(SETS("sink.route=by-label", "sink.label_topics=none=j", "dedup.journal=j"), WANTS("dedup.journal: 'j' is an output topic, too"));
	expect_rules(SETS("sink.route=by-label", "pipeline.stages=extract dedup"), WANTS("sink.route: by-label needs the stage classify"));
	char topic[300] = "publish.topic=";
	memset(topic + 14, 'a', 245);
	topic[14 + 245] = 0;
	expect_rules(SETS(topic), NOTHING);
	expect_rules(SETS(topic, "sink.route=by-label"), WANTS("sink.label_topics: 'aaaa", "sink.label_topics: 'aaaa", "sink.label_topics: 'aaaa", "sink.label_topics: 'aaaa"));
	expect_rules(SETS("sink.filter=labels=education|none characters>=50,sources!=x"), NOTHING);
	expect_rules(SETS("sink.filter=labels=sport characters=5"), WANTS("sink.filter: 'labels=sport' names a label that is not in classify.labels", "sink.filter: 'characters=5' is no condition"));
	expect_rules(SETS("sink.filter=labels!=none", "pipeline.stages=extract dedup"), WANTS("sink.filter: labels need the stage classify"));
	expect_rules(SETS("sink.filter=languages=zh", "pipeline.stages="), NOTHING);
	expect_rules(SETS("sink.envelope=connect"), WANTS("sink.envelope: connect needs sink.detail = text or none"));
	expect_rules(SETS("sink.envelope=connect", "sink.detail=text"), NOTHING);
	expect_rules(SETS("sink.envelope=connect", "sink.detail=none"), NOTHING);
}

static void names_must_be_legal(void **state)
{
	(void)state;
	char set[400] = "publish.topic=";
	memset(set + 14, 'a', 250);
	expect_rules(SETS(set), WANTS("is not a topic name"));
	set[14 + 249] = 0;
	expect_rules(SETS(set), NOTHING);
	memcpy(set, "intake.topics=", 14);
	expect_rules(SETS(set), WANTS("publish.dead_prefix: 'dlq.' with the input topic"));
	expect_rules(SETS("publish.topic=a b", "publish.duplicates_topic=.."), WANTS("publish.topic: 'a b' is not", "publish.duplicates_topic: '..' is not"));
	expect_rules(SETS("intake.topics="), WANTS("intake.topics: names no topic"));
	expect_rules(SETS("intake.topics=^a(", "publish.topic="), WANTS("'^a(' is not a regular expression", "publish.topic: '' is not a topic name"));
	expect_rules(SETS("intake.topics=^(a)\\1", "daemon.instance=UP"), WANTS("pattern '^(a)\\1' is too long or uses", "daemon.instance: 'UP' is not a name"));
	expect_rules(SETS("intake.topics=^a{9}{9}"), WANTS("pattern '^a{9}{9}'"));
	expect_rules(SETS("daemon.instance=-a"), WANTS("daemon.instance"));
	expect_rules(SETS("daemon.instance=a-b_c9"), NOTHING);
	expect_rules(SETS("pipeline.stages=extract extract", "classify.labels=a b a none X"),
		     WANTS("pipeline.stages: 'extract' stands twice", "classify.labels: 'a' stands twice", "'none' is what", "'X' is not a label"));
	expect_rules(SETS("classify.media_topics=education=a talent B=c x="), WANTS("'talent' is not label=code", "'B=c' is not label=code", "'x=' is not label=code"));
	expect_rules(SETS("classify.labels="), WANTS("classify.labels: wants 1 to 64"));
	expect_rules(SETS("classify.thresholds=education=0.4 science=1 talent x=0.5y"), WANTS("'science=1' is not label=number", "'talent' is not label=number", "'x=0.5y' is not"));
	expect_rules(SETS("pipeline.stages=Extract"), WANTS("'Extract' is not a stage name"));
	expect_rules(SETS("pipeline.stages=a b c d e f g h i j k l m n o p"), NOTHING);
	expect_rules(SETS("pipeline.stages=a b c d e f g h i j k l m n o p q"), WANTS("pipeline.stages: names 17 stages, at most 16 are possible"));
	expect_rules(SETS("pipeline.stages="), NOTHING);
	expect_rules(SETS("intake.group="), WANTS("intake.group"));
	expect_rules(SETS("dedup.journal=millrace.index"), NOTHING);
	expect_rules(SETS("dedup.journal=millrace.index", "publish.delivery=at-least-once"), WANTS("dedup.journal: needs publish.delivery = exactly-once"));
	expect_rules(SETS("dedup.journal=millrace.index", "pipeline.stages=extract"), WANTS("dedup.journal: needs the stage dedup"));
	expect_rules(SETS("dedup.journal=articles.enriched"), WANTS("dedup.journal: 'articles.enriched' is an output topic"));
	expect_rules(SETS("dedup.journal=articles.raw"), WANTS("dedup.journal: 'articles.raw' is an input topic"));
	expect_rules(SETS("dedup.journal=dlq.articles.raw"), WANTS("publish.dead_prefix: the dead-letter topic 'dlq.articles.raw' is an output topic"));
	expect_rules(SETS("dedup.journal=mill race", "intake.topics=^mill"), WANTS("dedup.journal: 'mill race' is matched by the input pattern", "dedup.journal: 'mill race' is not a topic name"));
	expect_rules(SETS("intake.format=jsno a:html"), WANTS("'jsno' is not json, text, html or topic:form (did you mean 'json'?)"));
	expect_rules(SETS("intake.format=json text"), WANTS("more than one form"));
}

static void workers_and_limits_fit_together(void **state)
{
	(void)state;
	expect_rules(SETS("workers.spawn=extarct:2"), WANTS("'extarct' is no stage of pipeline.stages (did you mean 'extract'?)"));
	expect_rules(SETS("workers.spawn=extract dedup:x classify:65 a:-1"), WANTS("'extract' is not stage:number", "'dedup:x' is not", "'classify:65' is not", "'a:-1' is not"));
	expect_rules(SETS("workers.spawn=extra:1", "pipeline.stages=extract extra"), NOTHING);
	expect_rules(SETS("pipeline.stages=control"), WANTS("a stage cannot have the name 'control'"));
	expect_rules(SETS("pipeline.stages=control", "control.enabled=false"), NOTHING);
	expect_rules(SETS("control.group=news desk"), WANTS("'news desk' is no name or number of a group"));
	expect_rules(SETS("control.group=4711"), NOTHING);
	expect_rules(SETS("control.group=_ops.north-1"), NOTHING);
	expect_rules(SETS("workers.listen=extract:tcp://10.0.0.1:9271"), WANTS("workers.server_key: is empty, and workers.listen names tcp", "workers.allow: is empty"));
	expect_rules(SETS("workers.listen=extract:tcp://127.0.0.1:9271 dedup:tcp://[::1]:9272", "workers.loopback_plain=true"), NOTHING);
	expect_rules(SETS("workers.listen=extract:tcp://127.0.0.1:9271 dedup:tcp://*:9272", "workers.loopback_plain=true"), WANTS("workers.server_key: is empty", "workers.allow: is empty"));
	expect_rules(SETS("workers.listen=extrct:tcp://127.0.0.1:9271 extract:10.0.0.1 dedup:tcp://a.example:1", "workers.loopback_plain=true"),
		     WANTS("'extrct' is no stage of pipeline.stages (did you mean 'extract'?)", "'extract:10.0.0.1' is not stage:tcp://address", "'dedup:tcp://a.example:1' is not"));
	expect_rules(SETS("workers.connect=extract:tcp://news.example:9271"), WANTS("workers.key: is empty, and workers.connect names tcp", "workers.daemon_key: is empty"));
	expect_rules(SETS("workers.key=GPyR3vGnPIt^sj+(EP(NOOV3DOgURmbaJ*@9W)iT", "workers.daemon_key=short"),
		     WANTS("workers.key: a secret key must not stand in the configuration", "workers.daemon_key: is no key"));
	expect_rules(SETS("workers.connect=extract:tcp://news.example:9271", "workers.key=file:worker-key", "workers.daemon_key=GPyR3vGnPIt^sj+(EP(NOOV3DOgURmbaJ*@9W)iT"), NOTHING);
	expect_rules(SETS("workers.allow=/no/such/list"), WANTS("workers.allow: /no/such/list: cannot open"));
	expect_rules(SETS("intake.low_bytes=16M"), WANTS("intake.low_bytes: must be below"));
	expect_rules(SETS("publish.max_record_bytes=5"), WANTS("publish.max_record_bytes"));
	expect_rules(SETS("admin.address=0.0.0.0"), WANTS("admin.address: '0.0.0.0' is not a loopback address"));
	expect_rules(SETS("admin.address=::1"), NOTHING);
	expect_rules(SETS("admin.address=127.0.0.2"), NOTHING);
	expect_rules(SETS("admin.address=localhost"), WANTS("admin.address"));
	expect_rules(SETS("kafka.producer.transaction.timeout.ms=60000", "kafka.consumer.session.timeout.ms=45000"), WANTS("transaction.timeout.ms: must be below"));
	expect_rules(SETS("pipeline.stages=extract classify watch"), WANTS("watch.file: names no file, and the stage watch of pipeline.stages needs one"));
	expect_rules(SETS("watch.file=w.conf"), WANTS("watch.file: nothing looks at it: the stage watch is not in pipeline.stages"));
	expect_rules(SETS("pipeline.stages=extract watch classify", "watch.file=w.conf"), WANTS("pipeline.stages: watch stands before classify"));
	expect_rules(SETS("pipeline.stages=extract classify watch own", "watch.file=w.conf"), NOTHING);
	expect_rules(SETS("pipeline.stages=watch", "watch.file=w.conf", "watch.alerts_topic=articles.enriched"), WANTS("watch.alerts_topic: 'articles.enriched' is an output topic, too (publish.topic)"));
	expect_rules(SETS("pipeline.stages=watch", "watch.file=w.conf", "watch.alerts_topic=articles.raw"), WANTS("watch.alerts_topic: 'articles.raw' is an input topic"));
	expect_rules(SETS("pipeline.stages=watch", "watch.file=w.conf", "watch.alerts_topic=a b"), WANTS("watch.alerts_topic: 'a b' is not a topic name"));
	expect_rules(SETS("pipeline.stages=watch", "watch.file=w.conf", "watch.alerts_topic="), NOTHING);
	char set[200] = "daemon.runtime_dir=/";
	memset(set + 20, 'd', 84);               /* /ddd.../millrace/classify.sock: 1 + 84 + 9 + 14 = 108 bytes */
	expect_rules(SETS(set, "pipeline.stages=classify"), WANTS("daemon.runtime_dir: the socket"));
	expect_rules(SETS("log.journal_socket=run/socket"), WANTS("log.journal_socket: 'run/socket' does not begin with '/'"));
	snprintf(set, sizeof set, "log.journal_socket=/%0107d", 0);
	expect_rules(SETS(set), WANTS("log.journal_socket: the name has 108 bytes, at most 107 are possible for a socket"));
	set[20 + 83] = 0;
	expect_rules(SETS(set, "pipeline.stages=classify"), NOTHING);
}

static void taxonomy_fills_what_nobody_set(void **state)
{
	(void)state;
	const char *good = write_file("t.conf", "# labels\n[harbour]\nname = 港口\nthreshold = 0.4\n[fishing]\nmedia_topic = medtop:1\n"), *main = write_file("m.conf", "[classify]\ntaxonomy = t.conf\nthresholds = fishing=0.7\n");
	settings *s = must_read(main, NULL, 0);
	assert_string_equal(settings_text(s, "classify.labels"), "harbour fishing");
	assert_string_equal(settings_origin(s, "classify.labels"), good);
	assert_string_equal(settings_text(s, "classify.media_topics"), "fishing=medtop:1");
	assert_string_equal(settings_text(s, "classify.thresholds"), "fishing=0.7");         /* set by the configuration itself */
	settings_free(&s);
	s = must_read(main, (const char *const[]){"classify.labels=fishing"}, 1);
	assert_string_equal(settings_text(s, "classify.labels"), "fishing");
	settings_free(&s);
	write_file("t.conf", "name = early\n[harbour]\nnam = x\nname = a\nname = b\n[harbour]\nname = c\n");
	expect_errors("[classify]\ntaxonomy = t.conf\n", "t.conf:1: key = value before the first [section]\nt.conf:3: 'nam' is none of name, threshold, media_topic\n"
		      "t.conf:5: 'name' is set a second time\nt.conf:6: 'harbour' stands twice\n");
	write_file("t.conf", "# nothing\n");
	expect_errors("[classify]\ntaxonomy = t.conf\n", "t.conf: no label in it\n");
}

/* The shipped file says what holds without one. */
static void the_shipped_taxonomy_is_the_default(void **state)
{
	(void)state;
	static const char *const names[] = {"classify.labels", "classify.thresholds", "classify.media_topics"};
	settings *plain = must_read(NULL, NULL, 0), *shipped = must_read(NULL, (const char *const[]){"classify.taxonomy=" SOURCE_DIR "/conf/taxonomy.conf"}, 1);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_string_equal(settings_text(plain, names[i]), settings_text(shipped, names[i]));
	settings_free(&plain);
	settings_free(&shipped);
}

static void a_reload_names_what_needs_a_restart(void **state)
{
	(void)state;
	settings *a = must_read(NULL, SETS("kafka.client.id=1", "kafka.consumer.x=1"), 2);
	settings *b = must_read(NULL, SETS("kafka.client.id=2", "kafka.producer.y=1", "publish.epoch_ms=5", "publish.topic=t", "log.level=debug"), 5);
	buf names = {0};
	assert_int_equal(settings_changed_fixed(a, a, &names), 0);
	assert_int_equal(settings_changed_fixed(a, b, &names), 4);
	assert_string_equal(names.data, "publish.topic kafka.client.id kafka.consumer.x kafka.producer.y");
	buf_free(&names);
	settings_free(&a);
	settings_free(&b);
}

static void a_reload_keeps_what_needs_a_restart(void **state)
{
	(void)state;
	settings *a = must_read(NULL, SETS("pipeline.stages=extract dedup", "intake.identity=key", "daemon.state_dir=/var/a"), 3);
	settings *b = must_read(NULL, SETS("daemon.instance=other", "publish.epoch_ms=5", "stage.credit=7"), 3);
	buf names = {0};
	const char *const *items;
	settings_keep_fixed(b, a);
	assert_int_equal(settings_changed_fixed(a, b, &names), 0);
	assert_int_equal(settings_list(b, "pipeline.stages", &items), 2);
	assert_string_equal(items[1], "dedup");
	assert_string_equal(settings_str(b, "intake.identity"), "key");
	assert_int_equal(settings_int(b, "stage.credit"), 2);
	assert_string_equal(settings_state_dir(b), "/var/a/millrace");
	assert_int_equal(settings_admin_port(b), settings_admin_port(a));
	assert_int_equal(settings_int(b, "publish.epoch_ms"), 5);
	settings_free(&a);
	settings_free(&b);
	buf_free(&names);
}

/* Reading and rules tell all in one run; no rule speaks of what stands in for a value that could not be read. */
static void all_mistakes_are_told_at_once(void **state)
{
	(void)state;
	static const char *const sets[] = {"publish.epoch_ms=0", "admin.address=0.0.0.0", "intake.low_bytes=32M", "intake.high_bytes=16Q", "intake.topcs=raw",
		"publish.topic=articles.raw", "pipeline.stage=extract", "workers.spawn=xtract:1 extract:x", "classify.labels=none"};
	buf errors = {0};
	int bad;
	settings *s = settings_read_good(NULL, sets, sizeof sets / sizeof *sets, &errors, &bad);
	bad += settings_check(s, &errors);
	assert_string_equal(errors.data,
			    "--set: publish.epoch_ms: '0' is out of range: 1ms to 1min\n"
			    "--set: intake.high_bytes: '16Q' is not a size (like 65536, 64K, 16M, 1G)\n"
			    "--set: unknown setting 'intake.topcs' (did you mean 'intake.topics'?)\n"
			    "--set: unknown setting 'pipeline.stage' (did you mean 'pipeline.stages'?)\n"
			    "--set: workers.spawn: 'extract:x' is not stage:number with a number from 0 to 64\n"
			    "--set: classify.labels: 'none' is what an article without a label gets; it cannot be a label\n"
			    "--set: admin.address: '0.0.0.0' is not a loopback address (127.0.0.1, ::1): the admin port has no password\n");
	assert_int_equal(bad, 7);
	settings_free(&s);
	buf_free(&errors);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	clear_drop_ins();
	rmdir(path_of("conf.d"));
	unlink(path_of("m.conf"));
	unlink(path_of("t.conf"));
	unlink(path_of("password"));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_stand),
		cmocka_unit_test(numbers_are_shown_as_they_are_read),
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(units_are_understood),
		cmocka_unit_test(wrong_values_are_told_with_the_range),
		cmocka_unit_test(unknown_names_get_a_guess),
		cmocka_unit_test(one_file_sets_a_name_once),
		cmocka_unit_test(the_longest_section_wins),
		cmocka_unit_test(properties_that_break_promises_are_refused),
		cmocka_unit_test(secrets_come_from_files_and_are_not_shown),
		cmocka_unit_test(a_missing_file_is_an_error),
		cmocka_unit_test(paths_start_at_their_file),
		cmocka_unit_test(folders_carry_the_instance),
		cmocka_unit_test(own_output_is_never_read),
		cmocka_unit_test(the_sink_is_checked),
		cmocka_unit_test(names_must_be_legal),
		cmocka_unit_test(all_mistakes_are_told_at_once),
		cmocka_unit_test(workers_and_limits_fit_together),
		cmocka_unit_test(taxonomy_fills_what_nobody_set),
		cmocka_unit_test(the_shipped_taxonomy_is_the_default),
		cmocka_unit_test(a_reload_names_what_needs_a_restart),
		cmocka_unit_test(a_reload_keeps_what_needs_a_restart),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
