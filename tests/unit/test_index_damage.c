/* An index log that was damaged, torn, copied in part, or written by others: what still counts is a part of what counted before, nothing else is forgotten, it is told, and
 * the next start finds nothing to tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/index_log.h"

#define FOLDER "index-damage.test"
#define FIRST FOLDER "/index-00000001.log"
#define SECOND FOLDER "/index-00000002.log"
#define THIRD FOLDER "/index-00000003.log"

static const index_log_identity identity = {2, 2, 1, 1001, "record"};

/* Thousands of starts: what is synced when is tested elsewhere (test_index_log.c). */
int fdatasync(int fd);
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

static int add_word(void *arg, mr_bytes entry, uint32_t format, uint32_t segment)
{
	(void)format;
	(void)segment;
	buf_add(arg, entry.data, entry.len);
	buf_add_char(arg, ' ');
	return 0;
}

/* What counts, as words; NULL log: refused, with the reason in `errors`. */
static index_log *open_log(buf *words, buf *errors)
{
	bool locked;
	buf_clear(words);
	buf_clear(errors);
	return index_log_open(FOLDER, &identity, 0, add_word, words, &locked, errors);
}

static index_log *must_open(buf *words)
{
	buf errors = {0};
	index_log *log = open_log(words, &errors);
	if (!log)
		fail_msg("%s", buf_bytes(&errors).data);
	buf_free(&errors);
	return log;
}

static void refused(const char *why)
{
	buf words = {0}, errors = {0};
	assert_null(open_log(&words, &errors));
	if (!strstr(buf_bytes(&errors).data, why))
		fail_msg("'%s' is not in: %s", why, buf_bytes(&errors).data);
	buf_free(&words);
	buf_free(&errors);
}

static void write_epoch(index_log *log, uint64_t epoch, const char *a, const char *b, bool marked)
{
	buf frames = {0};
	index_log_frame_entry(&frames, mr_bytes_of(a));
	index_log_frame_entry(&frames, mr_bytes_of(b));
	assert_int_not_equal(index_log_append(log, epoch, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)), 0);
	assert_int_equal(index_log_sync(log), 0);
	if (marked)
		assert_int_equal(index_log_mark(log, epoch), 0);
	buf_free(&frames);
}

static void follow(index_log *log, const char *entry, const char *positions)
{
	buf frames = {0};
	index_log_frame_followed(&frames, mr_bytes_of(entry));
	index_log_frame_positions(&frames, mr_bytes_of(positions));
	assert_int_not_equal(index_log_append_followed(log, buf_bytes(&frames)), 0);
	buf_free(&frames);
}

static buf read_file(const char *path)
{
	char part[65536];
	buf all = {0};
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	for (size_t n; (n = fread(part, 1, sizeof part, in)) > 0;)
		buf_add(&all, part, n);
	fclose(in);
	return all;
}

static void write_file(const char *path, const char *data, size_t len)
{
	FILE *out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static bool has_word(const buf *words, const char *word)
{
	char one[40];
	snprintf(one, sizeof one, "%s ", word);
	return strstr(buf_bytes(words).data, one) != NULL;
}

static int clean(void **state)
{
	(void)state;
	log_setup("test", LOG_LEVEL_ERROR, LOG_LOGFMT, 1);       /* hundreds of reports: their effect is looked at here */
	return system("rm -rf " FOLDER);
}

/* ---- any byte ---- */

#define EPOCHS 6

static const char *const counting[] = {"a1", "b1", "a2", "b2", "f3", "a4", "b4", "a5", "b5", "f6", "a6", "b6"};
static const char *const aborted[] = {"a3", "b3"};
enum { COUNTING = sizeof counting / sizeof *counting };

/* Epochs 1 to 6, of which 3 was aborted; entries followed before 3 and 6. */
static void write_log(void)
{
	buf words = {0};
	index_log *log = must_open(&words);
	for (uint64_t epoch = 1; epoch <= EPOCHS; epoch++) {
		char a[8], b[8], f[8], positions[16];
		snprintf(a, sizeof a, "a%d", (int)epoch);
		snprintf(b, sizeof b, "b%d", (int)epoch);
		snprintf(f, sizeof f, "f%d", (int)epoch);
		snprintf(positions, sizeof positions, "j 0 %d\n", (int)epoch);
		if (epoch % 3 == 0)
			follow(log, f, positions);
		write_epoch(log, epoch, a, b, epoch != 3);
	}
	index_log_close(&log);
	buf_free(&words);
}

static void count_words(const buf *words, size_t *kept)
{
	*kept = 0;
	for (size_t i = 0; i < COUNTING; i++)
		*kept += has_word(words, counting[i]);
	for (size_t i = 0; i < 2; i++)
		assert_false(has_word(words, aborted[i]));
	size_t all = 0;
	for (size_t i = 0; i < words->len; i++)
		all += words->data[i] == ' ';
	assert_int_equal(all, *kept);                    /* nothing that did not count, nothing twice */
}

/* The log goes on: what counted counts again, no number comes again, and a scan finds no damage. */
static void goes_on(index_log *log, const buf *words)
{
	buf again = {0}, lines = {0};
	index_scan found = {0};
	uint64_t next = index_log_next_epoch(log);
	assert_int_equal(index_log_resolve_tail(log, false, add_word, NULL), 0);
	write_epoch(log, next, "x", "y", true);
	index_log_close(&log);
	const index_scan_hooks hooks = {.entry = add_word, .arg = &lines};
	buf errors = {0};
	assert_int_equal(index_scan_run(&found, FOLDER, &identity, &hooks, &errors), 0);
	assert_int_equal(found.damage_count, 0);
	index_scan_free(&found);
	log = must_open(&again);
	assert_int_equal(again.len, words->len + 4);
	assert_memory_equal(again.data, buf_bytes(words).data, words->len);
	assert_memory_equal(again.data + words->len, "x y ", 4);
	index_log_close(&log);
	buf_free(&again);
	buf_free(&lines);
	buf_free(&errors);
}

/* One byte is another one, anywhere: at most what stands in one frame's epoch is forgotten, and no story is made up. */
static void any_byte_may_change(void **state)
{
	(void)state;
	write_log();
	buf whole = read_file(FIRST), words = {0}, errors = {0};
	size_t kept, least = COUNTING;
	for (size_t at = 0; at < whole.len; at++) {
		char *damaged = malloc(whole.len);
		memcpy(damaged, whole.data, whole.len);
		damaged[at] ^= (char)(1 << at % 8);
		assert_int_equal(system("rm -rf " FOLDER), 0);
		assert_int_equal(mkdir(FOLDER, 0700), 0);
		write_file(FIRST, damaged, whole.len);
		free(damaged);
		index_log *log = open_log(&words, &errors);
		if (!log) {                              /* other first bytes: it may be anything */
			assert_true(at < INDEX_MAGIC_BYTES);
			continue;
		}
		count_words(&words, &kept);
		if (at >= 60) {                          /* behind the header, without which all is lost */
			least = kept < least ? kept : least;
			assert_true(index_log_next_epoch(log) > EPOCHS);
		}
		assert_true(index_log_found(log)->damage_count == 1);
		goes_on(log, &words);
	}
	assert_int_equal(least, COUNTING - 2);           /* both of one epoch */
	buf_free(&whole);
	buf_free(&words);
	buf_free(&errors);
}

/* The file ends anywhere: all that was marked before counts. */
static void it_may_end_anywhere(void **state)
{
	(void)state;
	write_log();
	buf whole = read_file(FIRST), words = {0};
	size_t kept, before = 0;
	for (size_t end = 0; end < whole.len; end++) {
		assert_int_equal(system("rm -rf " FOLDER), 0);
		assert_int_equal(mkdir(FOLDER, 0700), 0);
		write_file(FIRST, whole.data, end);
		index_log *log = must_open(&words);
		count_words(&words, &kept);
		assert_true(kept >= before);
		before = kept;
		for (size_t i = 0; i < index_log_found(log)->damage_count; i++)
			assert_int_equal(index_log_found(log)->damages[i].kind, INDEX_DAMAGE_TORN);
		goes_on(log, &words);
	}
	assert_int_equal(before, COUNTING - 2);          /* all but the last epoch, whose mark is cut */
	buf_free(&whole);
	buf_free(&words);
}

/* ---- what is told and what follows from it ---- */

/* Finds `word` in the file and spoils it. */
static uint64_t spoil(const char *path, const char *word)
{
	buf whole = read_file(path);
	char *at = memmem(whole.data, whole.len, word, strlen(word));
	assert_non_null(at);
	uint64_t place = (uint64_t)(at - whole.data);
	*at ^= 1;
	write_file(path, whole.data, whole.len);
	buf_free(&whole);
	return place;
}

static void damage_is_told_by_file_byte_and_epoch(void **state)
{
	(void)state;
	write_log();
	uint64_t place = spoil(FIRST, "a4");
	buf words = {0};
	index_log *log = must_open(&words);
	const index_scan *found = index_log_found(log);
	assert_int_equal(found->damage_count, 1);
	const index_damage *d = &found->damages[0];
	assert_int_equal(d->kind, INDEX_DAMAGE_BYTES);
	assert_int_equal(d->segment, 1);
	assert_true(d->from <= place && place < d->to);
	assert_int_equal(d->epoch, 4);
	assert_int_equal(d->next_epoch, 5);
	assert_int_equal(d->entries, 2);                 /* the damaged one, and b4 behind it */
	assert_false(has_word(&words, "a4") || has_word(&words, "b4"));
	index_log_close(&log);
	log = must_open(&words);                         /* it is closed: nothing to tell any more, and the bytes are still there */
	assert_int_equal(index_log_found(log)->damage_count, 0);
	assert_int_equal(index_log_found(log)->closed, 1);
	index_log_close(&log);
	buf whole = read_file(FIRST);
	assert_non_null(memmem(whole.data, whole.len, "b4", 2));
	buf_free(&whole);
	buf_free(&words);
}

/* A hole may have swallowed the head of another epoch: entries behind it are not taken for the epoch that was open before, not even when that one is proven. */
static void entries_behind_damage_are_nobodys(void **state)
{
	(void)state;
	buf words = {0}, lines = {0};
	index_log *log = must_open(&words);
	write_epoch(log, 1, "published", "too", true);
	write_epoch(log, 2, "never", "published", false);
	index_log_close(&log);
	buf whole = read_file(FIRST);
	char *head = memmem(whole.data, whole.len, "in 0 1\n", 7);
	head = memmem(head + 7, whole.len - (size_t)(head + 7 - whole.data), "in 0 1\n", 7);
	assert_non_null(head);
	char *mark = head - 12 - 1 - 8 - 8 - 1;          /* in the payload of the mark before the head */
	*mark ^= 1;
	*head ^= 1;
	write_file(FIRST, whole.data, whole.len);
	log = must_open(&words);
	assert_int_equal(index_log_tail(log, &lines), 1);        /* epoch 1 is in doubt now, and was committed */
	assert_int_equal(index_log_resolve_tail(log, true, add_word, &words), 0);
	assert_true(mr_bytes_equal(buf_bytes(&words), "published too "));
	index_log_close(&log);
	log = must_open(&words);
	assert_true(mr_bytes_equal(buf_bytes(&words), "published too "));
	index_log_close(&log);
	buf_free(&whole);
	buf_free(&words);
	buf_free(&lines);
}

/* The same where something that counts by itself follows the damage: behind it an entry is still nobody's. */
static void so_are_entries_behind_what_follows_damage(void **state)
{
	(void)state;
	buf out = {0}, words = {0};
	assert_int_equal(mkdir(FOLDER, 0700), 0);
	index_frames_begin_segment(&out, &identity, 7, 1);
	size_t from = out.len;
	for (uint64_t epoch = 1; epoch <= 2; epoch++) {
		size_t at = index_frame_begin(&out, INDEX_FRAME_EPOCH);
		buf_add_u64(&out, epoch);
		buf_add_u32(&out, 2);
		index_frame_end(&out, at);
		index_log_frame_entry(&out, mr_bytes_of(epoch == 1 ? "a" : "c"));
		index_frame_add(&out, INDEX_FRAME_DAMAGE, mr_bytes_of(epoch == 1 ? "to be damaged" : "closed before"));
		index_log_frame_followed(&out, mr_bytes_of(epoch == 1 ? "f" : "g"));
		index_log_frame_entry(&out, mr_bytes_of(epoch == 1 ? "b" : "d"));
		index_frame_add_mark(&out, epoch);
	}
	index_frames_seal(out.data + from, out.len - from, 1);
	write_file(FIRST, out.data, out.len);
	spoil(FIRST, "to be damaged");
	for (int i = 0; i < 2; i++) {
		index_log *log = must_open(&words);
		assert_true(mr_bytes_equal(buf_bytes(&words), "f a g c "));
		assert_int_equal(index_log_found(log)->damage_count, !i);
		index_log_close(&log);
	}
	buf_free(&out);
	buf_free(&words);
}

/* What was lost is read from the journal: the positions go back to those before the damage, and stay there. */
static void positions_go_back_before_the_damage(void **state)
{
	(void)state;
	write_log();
	spoil(FIRST, "a4");
	buf words = {0};
	for (int i = 0; i < 2; i++) {
		index_log *log = must_open(&words);
		assert_true(mr_bytes_equal(index_log_positions(log), "j 0 3\n"));
		index_log_close(&log);
	}
	spoil(FIRST, "f3");
	for (int i = 0; i < 2; i++) {
		index_log *log = must_open(&words);
		assert_true(mr_bytes_equal(index_log_positions(log), ""));
		index_log_close(&log);
	}
	buf_free(&words);
}

static void large_epoch(index_log *log, uint64_t epoch, const char *name)
{
	enum { LARGE = 15 << 20 };
	char *large = calloc(1, LARGE);
	buf frames = {0};
	index_log_frame_entry(&frames, mr_bytes_of(name));
	for (int i = 0; i < 5; i++)
		index_log_frame_entry(&frames, (mr_bytes){large, LARGE});
	assert_int_not_equal(index_log_append(log, epoch, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)), 0);
	assert_int_equal(index_log_mark(log, epoch), 0);
	buf_free(&frames);
	free(large);
}

static int add_small_word(void *arg, mr_bytes entry, uint32_t format, uint32_t segment)
{
	return entry.len > 100 ? 0 : add_word(arg, entry, format, segment);
}

static index_log *open_small(buf *words, buf *errors)
{
	bool locked;
	buf_clear(words);
	return index_log_open(FOLDER, &identity, 0, add_small_word, words, &locked, errors);
}

/* Three files, all of 75 MB but the last. */
static void write_three_files(void)
{
	buf words = {0};
	index_log *log = must_open(&words);
	large_epoch(log, 1, "one");
	large_epoch(log, 2, "two");
	write_epoch(log, 3, "three", "more", true);
	assert_int_equal(index_log_segment(log), 3);
	index_log_close(&log);
	buf_free(&words);
}

/* The header of a middle file: all of that file, but of no other. It is told once. */
static void a_file_without_a_header_is_lost_alone(void **state)
{
	(void)state;
	write_three_files();
	buf words = {0}, errors = {0};
	struct stat before, after;
	assert_int_equal(stat(SECOND, &before), 0);
	spoil(SECOND, "record");
	for (size_t damages = 1;; damages--) {
		index_log *log = open_small(&words, &errors);
		assert_non_null(log);
		assert_true(mr_bytes_equal(buf_bytes(&words), "one three more "));
		assert_int_equal(index_log_found(log)->damage_count, damages);
		assert_true(index_log_next_epoch(log) > 3);
		index_log_close(&log);
		if (!damages)
			break;
	}
	assert_int_equal(stat(SECOND, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	buf_free(&words);
	buf_free(&errors);
}

static void a_missing_file_is_no_smaller_index(void **state)
{
	(void)state;
	write_three_files();
	buf words = {0}, errors = {0};
	assert_int_equal(unlink(SECOND), 0);
	refused("index-00000002.log is missing");
	write_file(SECOND, "", 0);                       /* the operator accepts it */
	index_log *log = open_small(&words, &errors);
	assert_non_null(log);
	assert_true(mr_bytes_equal(buf_bytes(&words), "one three more "));
	index_log_close(&log);
	log = open_small(&words, &errors);
	assert_int_equal(index_log_found(log)->damage_count, 0);
	index_log_close(&log);
	buf_free(&words);
	buf_free(&errors);
}

/* ---- whose it is ---- */

static void files_of_others_are_refused(void **state)
{
	(void)state;
	write_log();
	buf whole = read_file(FIRST);
	buf header = {0};
	const index_log_identity others[] = {{3, 2, 1, 1001, "record"}, {2, 3, 1, 1001, "record"}, {2, 2, 2, 1001, "record"}, {2, 2, 1, 1002, "record"}, {2, 2, 1, 1001, "content"},
					     {0, 2, 1, 1001, "record"}};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		index_frames_begin_segment(&header, &others[i], 7, 1);
		write_file(FIRST, header.data, header.len);
		refused("move the folder away");
		buf_clear(&header);
	}
	index_frames_begin_segment(&header, &identity, 7, 2);
	write_file(FIRST, whole.data, whole.len);
	write_file(SECOND, header.data, header.len);
	refused("belongs to another log");
	assert_int_equal(unlink(SECOND), 0);
	write_file(FIRST, "something else altogether", 25);
	refused("not an index log");
	assert_int_equal(unlink(FIRST), 0);
	assert_int_equal(mkdir(FIRST, 0700), 0);
	refused("cannot read");
	assert_int_equal(rmdir(FIRST), 0);
	buf_free(&header);
	buf_free(&whole);
}

/* Of another user, or not to be read: nobody writes on in it, and the line says whose it is. As root the rights are tried as somebody else. */
static void a_wrong_owner_is_a_clear_stop(void **state)
{
	(void)state;
	bool root = geteuid() == 0;
	write_log();
	if (!root) {
		assert_int_equal(chmod(FIRST, 0), 0);
		refused("it belongs to user");
		return;
	}
	assert_int_equal(chown(FIRST, 65534, 65534), 0);
	refused("belongs to user 65534 and this process is user 0");
	assert_int_equal(chown(FIRST, 0, 0), 0);
	assert_int_equal(chmod(FOLDER, 0777), 0);
	assert_int_equal(chmod(FOLDER "/lock", 0666), 0);
	assert_int_equal(chmod(FIRST, 0600), 0);
	assert_int_equal(seteuid(65534), 0);
	refused("Permission denied (it belongs to user 0, mode 600; this process is user 65534)");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(FIRST, 0644), 0);
	assert_int_equal(seteuid(65534), 0);
	refused("belongs to user 0 and this process is user 65534");
	assert_int_equal(seteuid(0), 0);
	buf words = {0};
	index_log *log = must_open(&words);
	assert_true(has_word(&words, "b6"));
	index_log_close(&log);
	buf_free(&words);
}

/* Names that only look like a segment are not read, and a file is not read twice. */
static void other_names_are_not_read(void **state)
{
	(void)state;
	write_log();
	buf whole = read_file(FIRST), words = {0};
	write_file(FOLDER "/index-1.log", whole.data, whole.len);
	write_file(FOLDER "/index-00000002.log.bak", whole.data, whole.len);
	write_file(FOLDER "/index-00000002.log.new", whole.data, whole.len);
	size_t kept;
	index_log *log = must_open(&words);
	count_words(&words, &kept);
	assert_int_equal(kept, COUNTING);
	index_log_close(&log);
	assert_int_equal(access(FOLDER "/index-00000002.log.new", F_OK), -1);    /* left by a compaction */
	assert_int_equal(access(FOLDER "/index-00000002.log.bak", F_OK), 0);
	buf_free(&whole);
	buf_free(&words);
}

/* ---- beside a daemon ---- */

/* Read without the lock while an epoch is half written: all that counted, and an end that is being written. */
static void it_can_be_read_while_it_is_written(void **state)
{
	(void)state;
	buf words = {0}, seen = {0}, errors = {0};
	index_scan found = {0};
	const index_scan_hooks hooks = {.entry = add_word, .arg = &seen};
	index_log *log = must_open(&words);
	write_epoch(log, 1, "a", "b", true);
	write_epoch(log, 2, "c", "d", false);
	assert_true(index_log_in_use(FOLDER));
	int fd = open(FIRST, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "\x40\0\0\0half of a frame", 19), 19);
	close(fd);
	assert_int_equal(index_scan_run(&found, FOLDER, &identity, &hooks, &errors), 0);
	assert_true(mr_bytes_equal(buf_bytes(&seen), "a b "));
	assert_int_equal(found.tail.epoch, 2);
	assert_int_equal(found.tail.entries, 2);
	assert_int_equal(found.damage_count, 1);
	assert_int_equal(found.damages[0].kind, INDEX_DAMAGE_TORN);
	assert_int_equal(index_scan_visit_tail(&found, FOLDER, &hooks, &errors), 0);
	assert_true(mr_bytes_equal(buf_bytes(&seen), "a b c d "));
	index_log_close(&log);
	assert_false(index_log_in_use(FOLDER));
	index_scan_free(&found);
	buf_free(&words);
	buf_free(&seen);
	buf_free(&errors);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A start that needs room and finds none: it says so, and with room all is there. */
static void a_start_that_finds_no_room(void **state)
{
	(void)state;
	buf words = {0};
	size_t kept;
	limit_files(20);
	refused("cannot write to " FOLDER ": File too large");
	limit_files(0);
	write_log();
	buf whole = read_file(FIRST);
	spoil(FIRST, "a4");
	limit_files(whole.len);                          /* the mark of no epoch has no room */
	refused("cannot close the damage in " FIRST ": File too large");
	limit_files(0);
	index_log *log = must_open(&words);
	count_words(&words, &kept);
	assert_int_equal(kept, COUNTING - 2);
	assert_int_equal(index_log_found(log)->damage_count, 1);         /* it was not closed half, and is told now */
	index_log_close(&log);
	buf_free(&whole);
	buf_free(&words);
}

/* The disk is full when a new file has to begin: nothing is half done, and with room it goes on. */
static void a_new_file_that_finds_no_room(void **state)
{
	(void)state;
	buf words = {0}, errors = {0}, frames = {0};
	index_log *log = must_open(&words);
	large_epoch(log, 1, "one");
	index_log_frame_entry(&frames, mr_bytes_of("two"));
	limit_files(20);                                 /* less than a header */
	assert_int_equal(index_log_append(log, 2, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)), 0);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(access(SECOND, F_OK), -1);
	limit_files(0);
	assert_int_equal(index_log_append(log, 2, mr_bytes_of("in 0 1\n"), buf_bytes(&frames)), 2);
	assert_int_equal(index_log_mark(log, 2), 0);
	assert_int_equal(index_log_remove_before(log, 2), 1);
	index_log_close(&log);
	log = open_small(&words, &errors);
	assert_true(mr_bytes_equal(buf_bytes(&words), "two "));
	index_log_close(&log);
	buf_free(&words);
	buf_free(&errors);
	buf_free(&frames);
}

/* A file that cannot be removed stays, and so do those behind it: a gap would stop the next start. */
static void removal_leaves_no_gap(void **state)
{
	(void)state;
	write_three_files();
	buf words = {0}, errors = {0};
	index_log *log = open_small(&words, &errors);
	assert_int_equal(rename(FIRST, FOLDER "/kept"), 0);
	assert_int_equal(mkdir(FIRST, 0700), 0);         /* unlink(2) refuses it */
	assert_int_equal(index_log_remove_before(log, 3), 0);
	assert_int_equal(access(SECOND, F_OK), 0);
	assert_int_equal(rmdir(FIRST), 0);
	assert_int_equal(rename(FOLDER "/kept", FIRST), 0);
	assert_int_equal(index_log_remove_before(log, 3), 2);
	index_log_close(&log);
	log = open_small(&words, &errors);
	assert_true(mr_bytes_equal(buf_bytes(&words), "three more "));
	index_log_close(&log);
	buf_free(&words);
	buf_free(&errors);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_byte_may_change, clean, clean),
		cmocka_unit_test_setup_teardown(it_may_end_anywhere, clean, clean),
		cmocka_unit_test_setup_teardown(damage_is_told_by_file_byte_and_epoch, clean, clean),
		cmocka_unit_test_setup_teardown(entries_behind_damage_are_nobodys, clean, clean),
		cmocka_unit_test_setup_teardown(so_are_entries_behind_what_follows_damage, clean, clean),
		cmocka_unit_test_setup_teardown(positions_go_back_before_the_damage, clean, clean),
		cmocka_unit_test_setup_teardown(a_file_without_a_header_is_lost_alone, clean, clean),
		cmocka_unit_test_setup_teardown(a_missing_file_is_no_smaller_index, clean, clean),
		cmocka_unit_test_setup_teardown(files_of_others_are_refused, clean, clean),
		cmocka_unit_test_setup_teardown(a_wrong_owner_is_a_clear_stop, clean, clean),
		cmocka_unit_test_setup_teardown(other_names_are_not_read, clean, clean),
		cmocka_unit_test_setup_teardown(it_can_be_read_while_it_is_written, clean, clean),
		cmocka_unit_test_setup_teardown(a_start_that_finds_no_room, clean, clean),
		cmocka_unit_test_setup_teardown(a_new_file_that_finds_no_room, clean, clean),
		cmocka_unit_test_setup_teardown(removal_leaves_no_gap, clean, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
