/* The index log when the disk is full: what was committed is known after the next start, whatever could not be written in between. A limit of the file size
 * (setrlimit) stands for the full disk: write(2) fails in the same way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/index_log.h"

#define FOLDER "index-log.test"

static const index_log_identity identity = {1, 1, 1, 1, "record"};

static int count_entry(void *arg, mr_bytes entry, uint32_t format, uint32_t segment)
{
	(void)entry;
	(void)format;
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

/* ---- a sync that fails: the system call as the log sees it ---- */

static struct {
	bool fails;
	off_t synced;                    /* size of the file at the last sync that did not fail */
} disk;

int fdatasync(int fd);

/* Room turns out to be missing when the pages are written out (thin volumes, quotas on the network): the error is told once, and the pages are gone. */
int fdatasync(int fd)
{
	struct stat st;
	static const char nothing[4096];
	assert_int_equal(fstat(fd, &st), 0);
	if (!disk.fails) {
		disk.synced = st.st_size;
		return fsync(fd);
	}
	for (off_t at = disk.synced; at < st.st_size; at += (off_t)sizeof nothing) {
		size_t left = (size_t)(st.st_size - at);
		assert_true(pwrite(fd, nothing, left < sizeof nothing ? left : sizeof nothing, at) > 0);
	}
	errno = ENOSPC;
	return -1;
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

/* What the kernel dropped with the failed sync is not called durable by the one after it. */
static void what_a_failed_sync_lost_is_written_again(void **state)
{
	(void)state;
	int entries;
	buf frames = {0};
	index_log *log = open_log(&entries);
	write_epoch(log, 1);
	assert_int_equal(index_log_mark(log, 1), 0);             /* it is lost, too */
	index_log_frame_entry(&frames, mr_bytes_of("an entry"));
	assert_int_not_equal(index_log_append(log, 2, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)), 0);
	disk.fails = true;
	assert_int_equal(index_log_sync(log), -1);
	assert_int_equal(index_log_sync(log), -1);
	disk.fails = false;
	assert_int_equal(index_log_sync(log), 0);
	assert_int_equal(index_log_mark(log, 2), 0);
	buf_free(&frames);
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
		cmocka_unit_test_setup_teardown(what_a_failed_sync_lost_is_written_again, clean, clean),
		cmocka_unit_test_setup_teardown(numbers_of_a_lost_segment_do_not_come_again, clean, clean),
		cmocka_unit_test_setup_teardown(a_start_on_a_full_disk_takes_the_epoch_in_doubt, clean, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
