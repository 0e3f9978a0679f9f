/* The index log when the disk is full: what was committed is known after the next start, whatever could not be written in between. A limit of the file size
 * (setrlimit) stands for the full disk: write(2) fails in the same way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/index_log.h"

#define FOLDER "index-log.test"

static const index_log_identity identity = {1, 1, 1, 1, "record"};

static int count_entry(void *arg, mr_bytes entry, uint32_t segment)
{
	(void)entry;
	(void)segment;
	++*(int *)arg;
	return 0;
}

static index_log *open_log(int *entries)
{
	bool locked;
	buf errors = {0};
	*entries = 0;
	index_log *log = index_log_open(FOLDER, &identity, 0, count_entry, entries, &locked, &errors);
	if (!log)
		fail_msg("%s", buf_bytes(&errors).data);
	return log;
}

static void write_epoch(index_log *log, uint64_t epoch)
{
	buf frames = {0};
	index_log_frame_entry(&frames, mr_bytes_of("an entry"));
	assert_int_not_equal(index_log_append(log, epoch, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)), 0);
	assert_int_equal(index_log_sync(log), 0);
	buf_free(&frames);
}

/* No byte more, or as many as one likes. */
static void fill_disk(const index_log *log, bool full)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? index_log_bytes(log) : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int clean(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	return system("rm -rf " FOLDER);
}

static void a_mark_that_found_no_room_is_not_forgotten(void **state)
{
	(void)state;
	int entries;
	index_log *log = open_log(&entries);
	write_epoch(log, 1);
	fill_disk(log, true);
	assert_int_equal(index_log_mark(log, 1), -1);            /* committed, but not marked */
	fill_disk(log, false);
	write_epoch(log, 2);
	assert_int_equal(index_log_mark(log, 2), 0);
	index_log_close(&log);
	log = open_log(&entries);
	assert_int_equal(entries, 2);
	index_log_close(&log);
}

/* The epoch in doubt was committed and the disk is full at the start: no reason not to start. */
static void a_start_on_a_full_disk_takes_the_epoch_in_doubt(void **state)
{
	(void)state;
	int entries;
	index_log *log = open_log(&entries);
	write_epoch(log, 1);
	index_log_close(&log);
	log = open_log(&entries);
	assert_int_equal(entries, 0);
	fill_disk(log, true);
	assert_int_equal(index_log_resolve_tail(log, true, count_entry, &entries), 0);
	assert_int_equal(entries, 1);
	fill_disk(log, false);
	write_epoch(log, 2);
	index_log_close(&log);
	log = open_log(&entries);
	assert_int_equal(entries, 1);                            /* the second is in doubt now */
	index_log_close(&log);
}

static void spoil(const char *path, long at)
{
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	fseek(file, at, SEEK_SET);
	fputc(0x55, file);
	fclose(file);
}

/* The last segment is lost from its first byte on, and with it the numbers of epochs that were committed. Their proofs stand in Kafka under the log's id, which the
 * earlier segment still has: no number may come again, or the next epoch in doubt would be taken for committed. */
static void numbers_of_a_lost_segment_do_not_come_again(void **state)
{
	enum { LARGE = 15 << 20 };
	(void)state;
	int entries;
	uint64_t epoch = 0;
	char *entry = calloc(1, LARGE);
	index_log *log = open_log(&entries);
	buf frames = {0};
	index_log_frame_entry(&frames, (mr_bytes){entry, LARGE});
	while (index_log_append(log, ++epoch, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)) == 1)
		assert_int_equal(index_log_mark(log, epoch), 0);
	assert_int_equal(index_log_sync(log), 0);
	assert_int_equal(index_log_mark(log, epoch), 0);
	buf_free(&frames);
	free(entry);
	for (int round = 0; round < 2; round++) {                /* a damaged header; one of which nothing is left */
		index_log_close(&log);
		if (round)
			assert_int_equal(truncate(FOLDER "/index-00000002.log", 0), 0);
		else
			spoil(FOLDER "/index-00000002.log", 20);
		log = open_log(&entries);
		assert_int_equal(entries, epoch - 1);
		assert_true(index_log_next_epoch(log) > epoch + round);
		uint64_t next = index_log_next_epoch(log);
		index_log_close(&log);                           /* and so it stays */
		log = open_log(&entries);
		assert_true(index_log_next_epoch(log) >= next);
	}
	index_log_close(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mark_that_found_no_room_is_not_forgotten, clean, clean),
		cmocka_unit_test_setup_teardown(numbers_of_a_lost_segment_do_not_come_again, clean, clean),
		cmocka_unit_test_setup_teardown(a_start_on_a_full_disk_takes_the_epoch_in_doubt, clean, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
