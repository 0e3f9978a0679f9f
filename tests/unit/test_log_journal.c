/* log.format = journal: what comes out of the socket is read by the rules of the native protocol, strictly: a test that is content with
 * "contains" would not see a stranger's value that makes a field of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/log_journal.h"
#include "common/utf8.h"

#define ENTRY_MAX 65536

typedef struct field {
	const char *name;
	mr_bytes value;
} field;

typedef struct entry {
	char data[ENTRY_MAX];
	size_t len;
	char names[64][65];
	field fields[64];
	size_t count;
} entry;

static char folder[64], path[128];
static int journal = -1, saved_stderr = -1;
static FILE *captured;
static entry got;

static void listen_there(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, strlen(path) + 1);
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(journal >= 0);
	assert_int_equal(bind(journal, (struct sockaddr *)&address, sizeof address), 0);
}

static void stop_listening(void)
{
	if (journal >= 0)
		close(journal);
	journal = -1;
	unlink(path);
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	snprintf(folder, sizeof folder, "/tmp/mr-log-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/socket", folder);
	fflush(stderr);
	saved_stderr = dup(2);
	captured = tmpfile();
	dup2(fileno(captured), 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stop_listening();
	rmdir(folder);
	if (saved_stderr >= 0) {
		dup2(saved_stderr, 2);
		close(saved_stderr);
		fclose(captured);
	}
	saved_stderr = -1;
	log_setup("test", LOG_LEVEL_INFO, LOG_LOGFMT, 100);
	return 0;
}

static const char *on_stderr(void)
{
	static char text[65536];
	long here = ftell(captured);
	rewind(captured);
	text[fread(text, 1, sizeof text - 1, captured)] = 0;
	fseek(captured, here, SEEK_SET);
	return text;
}

/* ---- the other end ---- */

static const char *take_field(const char *at, const char *end)
{
	const char *stop = at;
	assert_true(got.count < 64);
	while (stop < end && *stop != '=' && *stop != '\n')
		stop++;
	size_t len = (size_t)(stop - at);
	assert_true(stop < end && len >= 1 && len <= 64);
	for (size_t i = 0; i < len; i++)
		assert_true((at[i] >= 'A' && at[i] <= 'Z') || (i && ((at[i] >= '0' && at[i] <= '9') || at[i] == '_')));
	memcpy(got.names[got.count], at, len);
	got.names[got.count][len] = 0;
	field *f = &got.fields[got.count];
	f->name = got.names[got.count++];
	at = stop + 1;
	if (*stop == '=') {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		assert_non_null(line_end);
		f->value = (mr_bytes){at, (size_t)(line_end - at)};
		return line_end + 1;
	}
	uint64_t size = 0;
	assert_true(end - at >= 8);
	for (int i = 0; i < 8; i++)
		size |= (uint64_t)(unsigned char)at[i] << 8 * i;
	at += 8;
	assert_true(size < (uint64_t)(end - at));
	f->value = (mr_bytes){at, (size_t)size};
	assert_int_equal(at[size], '\n');
	return at + size + 1;
}

/* The next entry, taken apart; false: there is none. */
static bool receive(void)
{
	ssize_t n = recv(journal, got.data, sizeof got.data, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0) {
		assert_true(errno == EAGAIN);
		return false;
	}
	assert_true((size_t)n < sizeof got.data);
	got.len = (size_t)n;
	got.count = 0;
	for (const char *at = got.data; at < got.data + got.len;)
		at = take_field(at, got.data + got.len);
	for (size_t i = 0; i < got.count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(got.fields[i].name, got.fields[j].name);
	return true;
}

static mr_bytes value_of(const char *name)
{
	for (size_t i = 0; i < got.count; i++)
		if (strcmp(got.fields[i].name, name) == 0)
			return got.fields[i].value;
	return (mr_bytes){NULL, 0};
}

static void expect(const char *name, const char *want)
{
	mr_bytes value = value_of(name);
	char text[4200];
	assert_true(value.data && value.len < sizeof text);
	memcpy(text, value.data, value.len);
	text[value.len] = 0;
	assert_string_equal(text, want);
}

static void begin(enum log_level level, unsigned rate)
{
	log_set_journal(path);
	log_setup("test", level, LOG_JOURNAL, rate);
}

/* ---- tests ---- */

static void pairs_are_fields(void **state)
{
	(void)state;
	char line[16];
	listen_there();
	begin(LOG_LEVEL_INFO, 100);
	log_info("outcome", "result", "%s", "duplicate", "id", "%s", "00ff", "topic", "%s", "in.a", "part", "%d", 3, "off", "%lld", 123456789012LL, "of", "%s", "", "first-ms",
		 "%ld%%", -5L); snprintf(line, sizeof line, "%d", __LINE__ - 1);
	assert_true(receive());
	expect("MESSAGE", "outcome result=duplicate id=00ff topic=in.a part=3 off=123456789012 of=\"\" first-ms=-5%");
	expect("PRIORITY", "6");
	expect("SYSLOG_IDENTIFIER", "test");
	expect("CODE_FUNC", "pairs_are_fields");
	assert_non_null(strstr(value_of("CODE_FILE").data, "test_log_journal.c\n"));
	expect("CODE_LINE", line);
	expect("MILLRACE_EVENT", "outcome");
	expect("MILLRACE_RESULT", "duplicate");
	expect("MILLRACE_ARTICLE_ID", "00ff");
	expect("MILLRACE_TOPIC", "in.a");
	expect("MILLRACE_PARTITION", "3");
	expect("MILLRACE_OFFSET", "123456789012");
	expect("MILLRACE_FIRST_MS", "-5%");
	assert_null(value_of("MILLRACE_DUPLICATE_OF").data);             /* empty values are left out */
	assert_int_equal(got.count, 13);
	log_error("bad");
	assert_true(receive());
	expect("PRIORITY", "3");
	expect("MESSAGE", "bad");
	log_debug("not shown");
	assert_false(receive());
	assert_string_equal(on_stderr(), "");
}

/* A stranger's value makes no field, no second line of MESSAGE, no terminal code; line breaks and Chinese are kept in the field. */
static void strangers_values_stay_values(void **state)
{
	(void)state;
	listen_there();
	begin(LOG_LEVEL_INFO, 100);
	log_warn("x", "why", "%s", "第一行\nPRIORITY=0\n\x1b[2J\xFF\xE2\x80\xAE末\t", "topic", "%s", "丰台 人才=\"开\"", "a", "%s", "\n");
	assert_true(receive());
	expect("MESSAGE", "x why=\"第一行\\nPRIORITY=0\\n\\u001b[2J\xEF\xBF\xBD\\u202e末\\u0009\" topic=\"丰台 人才=\\\"开\\\"\" a=\"\\n\"");
	expect("MILLRACE_WHY", "第一行\nPRIORITY=0\n?[2J??末\t");
	expect("MILLRACE_TOPIC", "丰台 人才=\"开\"");
	expect("MILLRACE_A", "\n");
	expect("PRIORITY", "4");
	assert_int_equal(got.count, 10);
}

/* However long: one entry, bounded, whole characters; what did not fit is told. */
static void long_values_are_cut(void **state)
{
	(void)state;
	enum { BIG = 300000 };
	char *big = malloc(BIG + 1);
	for (size_t i = 0; i < BIG; i += 3)
		memcpy(big + i, i % 30 ? "京" : "a\nb", 3);
	big[BIG] = 0;
	listen_there();
	begin(LOG_LEVEL_INFO, 100);
	log_info("x", "a", "%s", big, "b", "%s", "short");
	assert_true(receive());
	mr_bytes a = value_of("MILLRACE_A");
	assert_true(a.len > 1000 && a.len <= 1024);
	assert_memory_equal(a.data, big, a.len);
	for (const char *at = a.data; at < a.data + a.len;) {
		const char *from = at;
		assert_false(utf8_next(&at, a.data + a.len) == UTF8_BAD && at - from == 1);
	}
	expect("MILLRACE_B", "short");
	assert_null(value_of("MILLRACE_CUT").data);
	log_info("x", "a", "%s", big, "b", "%s", big, "c", "%s", big, "d", "%s", big, "e", "%s", big, "f", "%s", big, "g", "%s", big, "h", "%s", big, "i", "%s", big,
		 "j", "%s", big, "k", "%s", big, "l", "%s", big, "m", "%s", big);
	assert_true(receive());
	assert_true(got.len <= LOG_FIELDS_MAX + 4096 + 64);
	assert_true(value_of("MESSAGE").len <= 4096);
	expect("MILLRACE_CUT", "true");
	assert_int_equal(value_of("MILLRACE_J").len, a.len);
	assert_null(value_of("MILLRACE_M").data);                        /* whole or not at all */
	free(big);
}

static void wait_for_next_second(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	usleep((useconds_t)(1000000 - now.tv_nsec / 1000 + 2000));
}

static void the_rate_limit_holds(void **state)
{
	(void)state;
	listen_there();
	begin(LOG_LEVEL_INFO, 3);
	wait_for_next_second();
	for (int i = 0; i < 9; i++)
		log_info("again");
	for (int i = 0; i < 3; i++) {
		assert_true(receive());
		expect("MESSAGE", "again");
	}
	assert_false(receive());
	wait_for_next_second();
	log_tick();
	assert_true(receive());
	expect("MILLRACE_EVENT", "lines left out by log.rate");
	expect("MILLRACE_SUPPRESSED", "6");
	expect("PRIORITY", "6");
	assert_false(receive());
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

/* Nobody there at the start: said at once, whatever the level; lines go to standard error until somebody listens. */
static void without_a_journal_lines_go_to_standard_error(void **state)
{
	(void)state;
	begin(LOG_LEVEL_ERROR, 100);
	log_tick();
	assert_int_equal(count_of(on_stderr(), "level=error prog=test msg=\"the journal's socket takes no lines, they go to standard error\" error=\"No such file or directory\"\n"), 1);
	log_set_level(LOG_LEVEL_INFO);
	log_info("first", "n", "%d", 1);
	log_info("second");
	log_tick();
	assert_int_equal(count_of(on_stderr(), "level=info prog=test msg=first n=1\n"), 1);
	assert_int_equal(count_of(on_stderr(), "level=info prog=test msg=second\n"), 1);
	assert_int_equal(count_of(on_stderr(), "takes no lines"), 1);
	listen_there();
	log_info("third");
	assert_true(receive());
	expect("MESSAGE", "third");
	assert_true(receive());
	expect("MILLRACE_EVENT", "the journal takes lines again");
	stop_listening();                                                /* and once more, in the middle of the flow */
	log_info("fourth");
	log_info("fifth");
	assert_int_equal(count_of(on_stderr(), "third"), 0);
	assert_int_equal(count_of(on_stderr(), "msg=fourth\n"), 1);
	assert_int_equal(count_of(on_stderr(), "msg=fifth\n"), 1);
	assert_int_equal(count_of(on_stderr(), "takes no lines"), 2);
}

static void a_path_that_no_socket_can_have(void **state)
{
	(void)state;
	char name[300];
	memset(name, 'x', sizeof name - 1);
	name[0] = '/';
	name[sizeof name - 1] = 0;
	log_set_journal(name);
	log_setup("test", LOG_LEVEL_INFO, LOG_JOURNAL, 100);
	log_info("here");
	assert_int_equal(count_of(on_stderr(), "takes no lines"), 1);
	assert_int_equal(count_of(on_stderr(), "msg=here\n"), 1);
}

/* journald behind with reading: nobody waits for it; what did not fit is counted and told. */
static void a_slow_journal_is_not_waited_for(void **state)
{
	(void)state;
	enum { LINES = 5000 };
	int before = 0, after = 0;
	listen_there();
	begin(LOG_LEVEL_INFO, 1000000);
	for (int i = 0; i < LINES; i++)
		log_info("flood", "i", "%d", i);
	while (receive()) {
		char number[16];
		snprintf(number, sizeof number, "%d", before++);
		expect("MILLRACE_I", number);
	}
	assert_true(before > 0 && before < LINES);
	log_info("after");
	int lost = 0;
	while (receive()) {
		if (value_of("MILLRACE_LOST").data)
			lost = atoi(value_of("MILLRACE_LOST").data);
		else
			after++;
	}
	assert_int_equal(after, 1);
	assert_int_equal(lost, LINES - before);
	assert_string_equal(on_stderr(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pairs_are_fields, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strangers_values_stay_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_values_are_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_rate_limit_holds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_journal_lines_go_to_standard_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_that_no_socket_can_have, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_slow_journal_is_not_waited_for, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
