/* Compaction of the index log: what lives is kept to the byte, whatever its format was; numbers, log id, the epoch in doubt and the positions in the journal stay; interrupted
 * at any call to the system, or on a full disk, nothing is lost. And logs of format 1: they are read, go on, and come out in the newest format. */
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/index_compact.h"
#include "daemon/index_entry.h"
#include "daemon/index_log.h"

#define FOLDER "index-compact.test"
#define DAY 86400000LL
#define NOW (20000 * DAY)
#define WINDOW (60 * DAY)
#define DIES 99                          /* exit code of a process that stops at a call */

static const index_log_identity identity = {INDEX_FORMAT, SKETCH_VERSION, 1, 1001, "record"};
static const index_log_identity older = {1, 1, 1, 1001, "record"};

/* ---- calls to the system, of which one ends the process ---- */

static int calls_left = -1;              /* -1: none ends it */

static void call(void)
{
	if (calls_left >= 0 && calls_left-- == 0)
		_exit(DIES);
}

int fdatasync(int fd);
int fdatasync(int fd)
{
	call();
	(void)fd;
	return 0;
}

int fsync(int fd);
int fsync(int fd)
{
	call();
	(void)fd;
	return 0;
}

int rename(const char *from, const char *to)
{
	call();
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
	call();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* Half of what was to be written stands there when it ends. */
ssize_t write(int fd, const void *data, size_t len)
{
	if (calls_left == 0 && fd > 2)
		syscall(SYS_write, fd, data, len / 2);
	if (fd > 2)
		call();
	return syscall(SYS_write, fd, data, len);
}

/* ---- a log ---- */

static index_entry entry_of(uint8_t id, int64_t day)
{
	index_entry e = {.clock_ms = day < 0 ? -1 : day * DAY + 5, .seen_ms = NOW - 70 * DAY, .offset = id, .partition = 3, .page_count = 1, .address = 7, .has_fingerprint = true};
	memset(e.article_id, id, sizeof e.article_id);
	memset(e.story_id, id, sizeof e.story_id);
	memset(e.fingerprint, id, sizeof e.fingerprint);
	e.sketch.exact = id;
	e.sketch.key[0] = id;
	return e;
}

static index_entry alias_of(uint8_t id, uint8_t owner, int64_t day)
{
	index_entry e = entry_of(id, day);
	e.kind = INDEX_ALIAS;
	e.address = 0;
	e.sketch = (sketch){0};
	memset(e.owner_id, owner, sizeof e.owner_id);
	e.owner_kind = 2;
	e.similarity = 0.75;
	return e;
}

static void add(buf *frames, index_entry e, bool followed)
{
	buf bytes = {0};
	index_entry_encode(&e, "articles.raw", &bytes);
	(followed ? index_log_frame_followed : index_log_frame_entry)(frames, buf_bytes(&bytes));
	buf_free(&bytes);
}

/* What the index would hold: the last entry of each id, in order of ids (an id is in this test one place). */
typedef struct content {
	buf of[256];                     /* as encoded in the newest format; empty: none */
	size_t entries;
	index_log *log;
} content;

static int take(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	content *self = arg;
	index_entry e;
	mr_bytes topic;
	(void)segment;
	if (index_entry_decode(bytes, format, &e, &topic))
		return -1;
	assert_true(mr_bytes_equal(topic, "articles.raw"));
	buf *at = &self->of[e.article_id[0]];
	buf_clear(at);
	index_entry_encode(&e, "articles.raw", at);
	self->entries++;
	return 0;
}

static void content_free(content *self)
{
	for (size_t i = 0; i < 256; i++)
		buf_free(&self->of[i]);
	index_log_close(&self->log);
	*self = (content){0};
}

static void read_log(content *self)
{
	bool locked;
	buf errors = {0};
	content_free(self);
	self->log = index_log_open(FOLDER, &identity, 0, take, self, &locked, &errors);
	if (!self->log)
		fail_msg("%s", buf_bytes(&errors).data);
	buf_free(&errors);
}

static bool holds(const content *self, uint8_t id)
{
	return self->of[id].len > 0;
}

static void write_file(const char *path, const buf *bytes)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes->data, 1, bytes->len, file), bytes->len);
	assert_int_equal(fclose(file), 0);
}

static void append(index_log *log, uint64_t epoch, buf *frames, bool marked)
{
	assert_int_not_equal(index_log_append(log, epoch, mr_bytes_of("articles.raw 3 77\n"), buf_bytes(frames)), 0);
	assert_int_equal(index_log_sync(log), 0);
	if (marked)
		assert_int_equal(index_log_mark(log, epoch), 0);
	buf_clear(frames);
}

/* 1 and 2 live, 2 was written twice; 3 is out of the window; 4 lives (no clock says that it is old, and it was seen lately); 5 is an alias of 1, 6 of nobody, 7 was
 * aborted, 8 was followed, 9 is in doubt. */
static void write_log(void)
{
	static const index_log_identity old_sketches = {INDEX_FORMAT, SKETCH_VERSION - 1, 1, 1001, "record"};
	content c = {0};
	buf frames = {0};
	assert_int_equal(mkdir(FOLDER, 0700), 0);
	index_frames_begin_segment(&frames, &old_sketches, 0x77, 1);     /* so that there are two files */
	write_file(FOLDER "/index-00000001.log", &frames);
	buf_clear(&frames);
	read_log(&c);
	add(&frames, entry_of(1, 19990), false);
	add(&frames, entry_of(2, 19990), false);
	add(&frames, entry_of(3, 19000), false);
	append(c.log, 1, &frames, true);
	add(&frames, entry_of(7, 19990), false);
	append(c.log, 2, &frames, false);
	add(&frames, entry_of(8, 19995), true);
	index_log_frame_positions(&frames, mr_bytes_of("journal 0 12\njournal 1 4\n"));
	assert_int_not_equal(index_log_append_followed(c.log, buf_bytes(&frames)), 0);
	buf_clear(&frames);
	index_entry again = entry_of(2, 19991), young = entry_of(4, -1);
	again.revision = 3;
	young.seen_ms = NOW - DAY;
	young.head_count = 2;
	young.head[1] = 17;
	young.source = 1;
	add(&frames, again, false);
	add(&frames, young, false);
	add(&frames, alias_of(5, 1, 19991), false);
	add(&frames, alias_of(6, 66, 19991), false);
	append(c.log, 3, &frames, true);
	add(&frames, entry_of(9, 19999), false);
	append(c.log, 4, &frames, false);
	content_free(&c);
	buf_free(&frames);
}

static int compact(index_compaction *done, buf *errors)
{
	bool locked;
	return index_compact(FOLDER, &identity, WINDOW, NOW, NULL, NULL, done, &locked, errors);
}

/* All that lives, and nothing that never counted. `before`: the content as it was. */
static void check_living(content *now, const content *before)
{
	static const uint8_t living[] = {1, 2, 4, 5, 8};
	buf lines = {0};
	for (size_t i = 0; i < sizeof living; i++) {
		const buf *was = &before->of[living[i]], *is = &now->of[living[i]];
		assert_int_equal(was->len, is->len);
		assert_memory_equal(was->data, is->data, was->len);
	}
	assert_false(holds(now, 7) || holds(now, 9));
	assert_int_equal(index_log_tail(now->log, &lines), 4);
	assert_true(mr_bytes_equal(buf_bytes(&lines), "articles.raw 3 77\n"));
	assert_true(mr_bytes_equal(index_log_positions(now->log), "journal 0 12\njournal 1 4\n"));
	assert_int_equal(index_log_next_epoch(now->log), 5);
	assert_int_equal(index_log_id(now->log), index_log_id(before->log));
	buf_free(&lines);
}

static int clean(void **state)
{
	(void)state;
	calls_left = -1;
	return system("rm -rf " FOLDER);
}

static void what_lives_is_kept(void **state)
{
	(void)state;
	content before = {0}, now = {0};
	index_compaction done;
	buf errors = {0};
	write_log();
	read_log(&before);
	index_log_close(&before.log);
	read_log(&now);
	uint64_t id = index_log_id(now.log);
	content_free(&now);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(compact(&done, &errors), 0);
		assert_int_equal(done.articles, 4);
		assert_int_equal(done.aliases, 1);
		assert_int_equal(done.dropped, round ? 0 : 3);   /* the first 2, 3, and the alias of nobody */
		assert_true(round || done.bytes_after < done.bytes_before);
		read_log(&now);
		assert_int_equal(index_log_id(now.log), id);
		assert_int_equal(now.entries, 5);
		before.log = now.log;
		check_living(&now, &before);
		before.log = NULL;
		content_free(&now);
	}
	read_log(&now);                                  /* the epoch in doubt was committed */
	assert_int_equal(index_log_resolve_tail(now.log, true, take, &now), 0);
	assert_true(holds(&now, 9));
	content_free(&now);
	read_log(&now);
	assert_true(holds(&now, 9) && holds(&now, 1));
	content_free(&now);
	content_free(&before);
	buf_free(&errors);
}

/* The process ends at its first, second, ... call to the system, until it comes to its end. */
static void interrupted_anywhere_nothing_is_lost(void **state)
{
	(void)state;
	int step = 0, status = DIES << 8;
	for (; WEXITSTATUS(status) == DIES; step++) {
		content before = {0}, now = {0};
		assert_int_equal(clean(NULL), 0);
		write_log();
		read_log(&before);
		uint64_t id = index_log_id(before.log);
		index_log_close(&before.log);
		pid_t child = fork();
		if (child == 0) {
			index_compaction done;
			buf errors = {0};
			calls_left = step;
			_exit(compact(&done, &errors) ? 1 : 0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == DIES || WEXITSTATUS(status) == 0));
		for (int starts = 0; starts < 2; starts++) {
			read_log(&now);
			assert_int_equal(index_log_id(now.log), id);
			assert_int_equal(index_log_found(now.log)->damage_count, 0);
			before.log = now.log;
			check_living(&now, &before);
			before.log = NULL;
		}
		assert_int_equal(system("ls " FOLDER " | grep -q new"), 1 << 8);
		content_free(&now);
		content_free(&before);
	}
	assert_int_equal(step, 9);               /* write, sync, rename, sync the folder, remove two, sync the folder, close; and not at all */
}

/* More than a file holds: several, in their order. */
static void a_large_log_becomes_several_files(void **state)
{
	enum { ENTRIES = 320000 };
	(void)state;
	content c = {0};
	buf frames = {0}, errors = {0};
	index_compaction done;
	read_log(&c);
	for (int i = 1; i <= ENTRIES; i++) {
		index_entry e = entry_of((uint8_t)(i % 251), 19990);
		e.offset = i;
		add(&frames, e, false);
		if (i % 20000 == 0)
			append(c.log, index_log_next_epoch(c.log), &frames, true);
	}
	content_free(&c);
	assert_int_equal(compact(&done, &errors), 0);
	assert_int_equal(done.articles, ENTRIES);
	assert_int_equal(done.segments_after, 2);
	read_log(&c);
	assert_int_equal(c.entries, ENTRIES);
	assert_int_equal(index_log_bytes(c.log), done.bytes_after);
	index_entry e = entry_of(ENTRIES % 251, 19990);
	e.offset = ENTRIES;
	index_entry_encode(&e, "articles.raw", &frames);
	assert_int_equal(frames.len, c.of[ENTRIES % 251].len);
	assert_memory_equal(frames.data, c.of[ENTRIES % 251].data, frames.len);  /* the last one stands last */
	content_free(&c);
	buf_free(&frames);
	buf_free(&errors);
}

static void a_full_disk_leaves_the_folder_as_it_was(void **state)
{
	(void)state;
	struct rlimit limit;
	index_compaction done;
	content before = {0}, now = {0};
	buf errors = {0};
	write_log();
	read_log(&before);
	index_log_close(&before.log);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	for (rlim_t room = 10; room < 800; room += 395) {        /* not even a header; some entries */
		limit.rlim_cur = room;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		buf_clear(&errors);
		assert_int_equal(compact(&done, &errors), -1);
		assert_non_null(strstr(buf_bytes(&errors).data, "cannot write " FOLDER "/index-00000003.log.new: File too large"));
		limit.rlim_cur = limit.rlim_max;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(access(FOLDER "/index-00000003.log.new", F_OK), -1);
		read_log(&now);
		assert_int_equal(now.entries, before.entries);
		before.log = now.log;
		check_living(&now, &before);
		before.log = NULL;
		content_free(&now);
	}
	content_free(&before);
	buf_free(&errors);
}

static void a_folder_in_use_is_left_alone(void **state)
{
	(void)state;
	content c = {0};
	index_compaction done;
	buf errors = {0};
	bool locked = false;
	write_log();
	read_log(&c);
	assert_int_equal(index_compact(FOLDER, &identity, WINDOW, NOW, NULL, NULL, &done, &locked, &errors), -1);
	assert_true(locked);
	assert_int_equal(access(FOLDER "/index-00000003.log.new", F_OK), -1);
	content_free(&c);
	buf_free(&errors);
}

/* ---- format 1 ---- */

/* An entry as the first format had it; its sketch is of version 1. */
static void add_old_entry(buf *frames, uint8_t id)
{
	static const char topic[] = "articles.raw";
	size_t at = index_frame_begin(frames, INDEX_FRAME_ENTRY);
	char same[16];
	memset(same, id, sizeof same);
	buf_add(frames, same, 16);
	buf_add(frames, same, 16);
	buf_add_u8(frames, 1);
	buf_add(frames, same, 16);
	buf_add_u64(frames, 7);                  /* address */
	buf_add_u64(frames, 19990 * DAY);
	buf_add_u64(frames, NOW - DAY);
	buf_add_u64(frames, id);                 /* offset */
	buf_add_u32(frames, 3);
	buf_add_u16(frames, 0);
	buf_add_u16(frames, 1);
	buf_add_u16(frames, 2);                  /* revisions of the day */
	buf_add_u32(frames, 5);                  /* revision */
	buf_add_u8(frames, sizeof topic - 1);
	buf_add_str(frames, topic);
	buf_add_u16(frames, 188);
	buf_add_u32(frames, 1);
	buf_add_u64(frames, id);                 /* of the whole text */
	for (size_t i = 12; i < 188 - 48; i++)
		buf_add_u8(frames, 0);
	for (uint32_t i = 0; i < 12; i++)
		buf_add_u32(frames, i + id);
	index_frame_end(frames, at);
}

static void write_old_log(void)
{
	buf out = {0};
	assert_int_equal(mkdir(FOLDER, 0700), 0);
	index_frames_begin_segment(&out, &older, 0x1234, 1);
	size_t from = out.len;
	for (uint64_t epoch = 1; epoch <= 3; epoch++) {          /* 10 counts, 20 was aborted, 30 is in doubt */
		size_t at = index_frame_begin(&out, INDEX_FRAME_EPOCH);
		buf_add_u64(&out, epoch);
		buf_add_u32(&out, 1);
		buf_add_str(&out, "articles.raw 3 77\n");
		index_frame_end(&out, at);
		add_old_entry(&out, (uint8_t)(10 * epoch));
		if (epoch == 1)
			index_frame_add_mark(&out, epoch);
	}
	index_frames_seal(out.data + from, out.len - from, 1);
	write_file(FOLDER "/index-00000001.log", &out);
	buf_free(&out);
}

static void check_old_entry(const content *c, uint8_t id)
{
	index_entry e;
	mr_bytes topic;
	assert_int_equal(index_entry_decode(buf_bytes(&c->of[id]), INDEX_FORMAT, &e, &topic), 0);
	assert_true(e.kind == INDEX_ARTICLE && e.has_fingerprint && e.address == 7 && e.clock_ms == 19990 * DAY && e.offset == id && e.partition == 3);
	assert_true(e.page_count == 1 && e.day_revisions == 2 && e.revision == 5 && e.source == 0 && e.head_count == 0 && e.sketch.exact == id);
	assert_int_equal(e.fingerprint[15], id);
	assert_int_equal(e.story_id[0], id);
	assert_int_equal(e.sketch.key[0], id);
}

/* It is read, the epoch in doubt is decided, and the log goes on in a new file of the newest format; the old one stays as it is. */
static void a_log_of_format_1_is_read_and_goes_on(void **state)
{
	(void)state;
	content c = {0};
	buf frames = {0}, lines = {0};
	struct stat old, st;
	write_old_log();
	assert_int_equal(stat(FOLDER "/index-00000001.log", &old), 0);
	read_log(&c);
	assert_int_equal(c.entries, 1);
	check_old_entry(&c, 10);
	assert_int_equal(index_log_id(c.log), 0x1234);
	assert_int_equal(index_log_segment(c.log), 2);
	assert_int_equal(index_log_tail(c.log, &lines), 3);
	assert_int_equal(index_log_resolve_tail(c.log, true, take, &c), 0);
	check_old_entry(&c, 30);
	add(&frames, entry_of(1, 19990), false);
	append(c.log, index_log_next_epoch(c.log), &frames, true);
	read_log(&c);
	assert_int_equal(c.entries, 3);
	check_old_entry(&c, 10);
	check_old_entry(&c, 30);
	assert_true(holds(&c, 1) && !holds(&c, 20));
	assert_int_equal(stat(FOLDER "/index-00000001.log", &st), 0);
	assert_int_equal(old.st_size, st.st_size);
	content_free(&c);
	buf_free(&frames);
	buf_free(&lines);
}

static void compaction_brings_format_1_up_to_date(void **state)
{
	(void)state;
	content c = {0};
	index_compaction done;
	buf errors = {0}, lines = {0};
	write_old_log();
	assert_int_equal(compact(&done, &errors), 0);
	assert_int_equal(done.articles, 1);
	read_log(&c);
	check_old_entry(&c, 10);
	assert_int_equal(index_log_found(c.log)->segment_count, 1);
	assert_int_equal(index_log_found(c.log)->segments[0].format, INDEX_FORMAT);
	assert_int_equal(index_log_tail(c.log, &lines), 3);
	assert_int_equal(index_log_resolve_tail(c.log, true, take, &c), 0);
	check_old_entry(&c, 30);
	assert_false(holds(&c, 20));
	content_free(&c);
	buf_free(&errors);
	buf_free(&lines);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_lives_is_kept, clean, clean),
		cmocka_unit_test_setup_teardown(interrupted_anywhere_nothing_is_lost, clean, clean),
		cmocka_unit_test_setup_teardown(a_large_log_becomes_several_files, clean, clean),
		cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_folder_as_it_was, clean, clean),
		cmocka_unit_test_setup_teardown(a_folder_in_use_is_left_alone, clean, clean),
		cmocka_unit_test_setup_teardown(a_log_of_format_1_is_read_and_goes_on, clean, clean),
		cmocka_unit_test_setup_teardown(compaction_brings_format_1_up_to_date, clean, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
