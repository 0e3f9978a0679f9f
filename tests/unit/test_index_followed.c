/* The index log as a cache of the journal: what was followed counts at once, positions are those of the sound part of the log, and own epochs around them count or
 * do not count as ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/index_entry.h"
#include "daemon/index_log.h"

#define FOLDER "index-followed.test"

static const index_log_identity identity = {INDEX_FORMAT, 1, 1, 1, "record"};

static int add_line(void *arg, mr_bytes entry, uint32_t format, uint32_t segment)
{
	buf *seen = arg;
	assert_int_equal(format, INDEX_FORMAT);
	assert_int_equal(segment, 1);
	buf_add(seen, entry.data, entry.len);
	buf_add_char(seen, ' ');
	return 0;
}

/* Opens the log; what counts in it is `entries`, and the positions are `positions`. */
static index_log *open_with(const char *entries, const char *positions)
{
	bool locked;
	buf errors = {0}, seen = {0};
	index_log *log = index_log_open(FOLDER, &identity, 0, add_line, &seen, &locked, &errors);
	if (!log)
		fail_msg("%s", buf_bytes(&errors).data);
	assert_true(mr_bytes_equal(buf_bytes(&seen), entries));
	assert_true(mr_bytes_equal(index_log_positions(log), positions));
	buf_free(&seen);
	return log;
}

static void follow(index_log *log, const char *entry, const char *positions)
{
	buf frames = {0};
	if (entry)
		index_log_frame_followed(&frames, mr_bytes_of(entry));
	index_log_frame_positions(&frames, mr_bytes_of(positions));
	assert_int_equal(index_log_append_followed(log, buf_bytes(&frames)), 1);
	buf_free(&frames);
}

static void write_epoch(index_log *log, uint64_t epoch, const char *entry)
{
	buf frames = {0};
	index_log_frame_entry(&frames, mr_bytes_of(entry));
	assert_int_equal(index_log_append(log, epoch, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)), 1);
	assert_int_equal(index_log_sync(log), 0);
	buf_free(&frames);
}

static off_t size_of_log(void)
{
	struct stat st;
	assert_int_equal(stat(FOLDER "/index-00000001.log", &st), 0);
	return st.st_size;
}

static int clean(void **state)
{
	(void)state;
	return system("rm -rf " FOLDER);
}

static void followed_entries_count_at_once(void **state)
{
	(void)state;
	index_log *log = open_with("", "");
	follow(log, "a", "j 0 1\n");
	write_epoch(log, 1, "aborted");
	follow(log, "b", "j 0 2\n");
	write_epoch(log, 2, "own");
	assert_int_equal(index_log_mark(log, 2), 0);
	follow(log, NULL, "j 0 3\n");
	index_log_close(&log);
	log = open_with("a b own ", "j 0 3\n");
	buf lines = {0};
	assert_int_equal(index_log_tail(log, &lines), 0);
	buf_free(&lines);
	index_log_close(&log);
}

/* An idle daemon writes down what it followed while the last epoch has no mark: dropped (the journal will tell of it), the positions still stand. */
static void an_epoch_in_doubt_before_followed_entries_stays_in_doubt(void **state)
{
	(void)state;
	index_log *log = open_with("", "");
	follow(log, "a", "j 0 1\n");
	write_epoch(log, 1, "own");
	follow(log, "b", "j 0 2\n");
	index_log_close(&log);
	log = open_with("a b ", "j 0 2\n");
	buf lines = {0};
	assert_int_equal(index_log_tail(log, &lines), 1);
	buf_free(&lines);
	assert_int_equal(index_log_resolve_tail(log, false, add_line, NULL), 0);
	write_epoch(log, 2, "later");
	assert_int_equal(index_log_mark(log, 2), 0);
	index_log_close(&log);
	log = open_with("a b later ", "j 0 2\n");
	index_log_close(&log);
}

/* Whatever the end of the log is cut down to, no position promises more than what is left before it. */
static void positions_never_run_ahead(void **state)
{
	(void)state;
	char entries[64] = "", positions[16] = "";
	off_t ends[9], size;
	index_log *log = open_with("", "");
	ends[0] = size_of_log();
	for (int i = 1; i <= 8; i++) {
		char entry[2] = {(char)('a' + i), 0};
		snprintf(positions, sizeof positions, "j 0 %d\n", i);
		follow(log, entry, positions);
		ends[i] = size_of_log();
	}
	index_log_close(&log);
	size = ends[8];
	for (off_t at = size - 1; at >= ends[0]; at--) {
		int whole = 8, seen = 0;
		assert_int_equal(truncate(FOLDER "/index-00000001.log", at), 0);
		while (ends[whole] > at)
			whole--;
		buf errors = {0}, lines = {0};
		bool locked;
		log = index_log_open(FOLDER, &identity, 0, add_line, &lines, &locked, &errors);
		assert_non_null(log);
		seen = (int)lines.len / 2;
		snprintf(positions, sizeof positions, "j 0 %d\n", whole);
		assert_true(mr_bytes_equal(index_log_positions(log), whole ? positions : ""));
		assert_true(seen >= whole);
		for (int i = 0; i < seen; i++)
			entries[i] = lines.data[2 * i];
		for (int i = 0; i < whole; i++)
			assert_int_equal(entries[i], 'b' + i);
		buf_free(&lines);
		buf_free(&errors);
		index_log_close(&log);
		if (size_of_log() > at)          /* its mark of no epoch: see cut_end */
			assert_int_equal(truncate(FOLDER "/index-00000001.log", at), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(followed_entries_count_at_once, clean, clean),
		cmocka_unit_test_setup_teardown(an_epoch_in_doubt_before_followed_entries_stays_in_doubt, clean, clean),
		cmocka_unit_test_setup_teardown(positions_never_run_ahead, clean, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
