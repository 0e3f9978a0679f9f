/* fuzz_index_log.c - a folder with segments that anybody may have written: the log is refused with a reason, or opened; then it can be written, and says the
 * same when it is opened again.
 *
 * input | mode 1 | rest      mode even: the rest is a segment, as it is     odd: the rest is rows of kind 1, length 2, payload, which get their frames and checks here, behind a
 *                            good header (bit 1: none), and a row of kind 'S' begins another segment: so that mutations reach what stands behind the checks.
 *                            bit 2: the epoch in doubt was committed     bit 3: the segments are of format 1 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/log.h"
#include "daemon/index.h"
#include "daemon/index_log.h"

#define SEGMENTS 4

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const index_log_identity identity = {INDEX_FORMAT, 2, 3, 4, "record"};
static char folder[64];

typedef struct read_back {
	size_t entries, known;   /* visited; of these such as index_entry_decode reads */
	uint64_t hash;           /* of all of them, in order */
} read_back;

static void empty_folder(void)
{
	char path[400];
	DIR *dir = opendir(folder);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
		if (d->d_name[0] != '.')
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

static void leave(void)
{
	empty_folder();
	rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_setup("fuzz", LOG_LEVEL_ERROR, LOG_LOGFMT, 1);
	snprintf(folder, sizeof folder, "%s/millrace-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(folder));
	atexit(leave);
	return 0;
}

static int visit(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	read_back *back = arg;
	index_entry entry;
	mr_bytes topic;
	assert(segment >= 1 && segment <= SEGMENTS);
	back->entries++;
	back->known += index_entry_decode(bytes, format, &entry, &topic) == 0;
	back->hash = XXH3_64bits_withSeed(bytes.data ? bytes.data : "", bytes.len, back->hash);
	return 0;
}

static void add_frame(buf *out, uint8_t kind, mr_bytes payload, uint32_t segment)
{
	buf body = {0};
	buf_add_u8(&body, kind);
	buf_add(&body, payload.data, payload.len);
	buf_add_u32(out, (uint32_t)body.len);
	buf_add_u32(out, (uint32_t)XXH3_64bits_withSeed(body.data, body.len, segment));
	buf_add(out, body.data, body.len);
	buf_free(&body);
}

static void begin_segment(buf *out, uint8_t mode, uint32_t segment)
{
	char header[] = "\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0whoamI12record";
	header[0] = mode & 8 ? 1 : INDEX_FORMAT;
	buf_clear(out);
	buf_add_str(out, "MRINDEX\n");
	if (!(mode & 2))
		add_frame(out, 'H', (mr_bytes){header, 30}, segment);
}

static void write_segment(const buf *bytes, uint32_t segment)
{
	char path[100];
	snprintf(path, sizeof path, "%s/index-%08u.log", folder, segment);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert(fd >= 0 && write(fd, bytes->data, bytes->len) == (ssize_t)bytes->len);
	close(fd);
}

static void write_rows(mr_bytes rows, uint8_t mode)
{
	buf segment = {0};
	uint32_t number = 1;
	reader r = reader_of(rows);
	begin_segment(&segment, mode, number);
	while (read_left(&r) >= 3) {
		uint8_t kind = read_u8(&r);
		size_t len = read_u16(&r);
		mr_bytes payload = read_bytes(&r, len < read_left(&r) ? len : read_left(&r));
		if (kind == 'S' && number < SEGMENTS) {
			write_segment(&segment, number);
			begin_segment(&segment, mode, ++number);
		} else {
			add_frame(&segment, kind, payload, number);
		}
	}
	write_segment(&segment, number);
	buf_free(&segment);
}

/* Reading without the lock; `closed`: a start has closed the damage. Whether the log can be used. */
static bool scan(read_back *back, bool closed)
{
	index_scan found = {0};
	buf errors = {0};
	const index_scan_hooks hooks = {.entry = visit, .arg = back};
	int result = index_scan_run(&found, folder, &identity, &hooks, &errors);
	assert((result == 0) == (errors.len == 0));
	for (size_t i = 0; i < found.damage_count; i++) {
		const index_damage *d = &found.damages[i];
		assert(d->from <= d->to && d->to <= found.bytes);
		assert(!closed || d->kind == INDEX_DAMAGE_COUNT);
	}
	assert(result || found.entries == back->entries);
	index_scan_free(&found);
	buf_free(&errors);
	return result == 0;
}

/* It tells the same as reading without the lock does, before and after. */
static index_log *open_log(read_back *back, buf *errors)
{
	bool locked = false;
	read_back before = {0}, after = {0};
	bool good = scan(&before, false);
	index_log *log = index_log_open(folder, &identity, 0, visit, back, &locked, errors);
	assert(log || errors->len);
	assert(!locked && (log != NULL) == good && before.entries == back->entries && before.hash == back->hash);
	assert(!log || (scan(&after, true) && after.entries == back->entries && after.hash == back->hash));
	return log;
}

/* One more epoch goes in, and all that counted before counts again. */
static void write_on(index_log *log, read_back *before, bool committed)
{
	buf frames = {0}, more = {0}, lines = {0}, errors = {0};
	read_back after = {0};
	uint64_t next = index_log_next_epoch(log), tail = index_log_tail(log, &lines);
	if (next == 0 || next > UINT64_MAX - 2)          /* numbers run out after all the epochs there can be: no log of ours */
		goto out;
	assert(tail < next);
	assert(index_log_resolve_tail(log, committed, visit, before) == 0);
	index_log_frame_entry(&frames, mr_bytes_of("one more"));
	assert(index_log_append(log, next, mr_bytes_of("topic 0 1\n"), buf_bytes(&frames)));
	assert(index_log_sync(log) == 0 && index_log_mark(log, next) == 0);
	visit(before, mr_bytes_of("one more"), INDEX_FORMAT, 1);
	index_log_frame_followed(&more, mr_bytes_of("of another"));
	index_log_frame_positions(&more, mr_bytes_of("in 0 17\n"));
	assert(index_log_append_followed(log, buf_bytes(&more)) && index_log_sync(log) == 0);
	visit(before, mr_bytes_of("of another"), INDEX_FORMAT, 1);
	index_log_close(&log);
	log = open_log(&after, &errors);
	assert(log && index_log_next_epoch(log) == next + 1 && index_log_tail(log, &lines) == 0);
	assert(mr_bytes_equal(index_log_positions(log), "in 0 17\n"));
	assert(after.entries == before->entries && after.known == before->known && after.hash == before->hash);
out:
	index_log_close(&log);
	buf_free(&frames);
	buf_free(&more);
	buf_free(&lines);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_back back = {0};
	buf errors = {0};
	if (!size)
		return 0;
	mr_bytes rest = {(const char *)data + 1, size - 1};
	empty_folder();
	if (data[0] & 1) {
		write_rows(rest, data[0]);
	} else {
		buf segment = {0};
		buf_add(&segment, rest.data, rest.len);
		write_segment(&segment, 1);
		buf_free(&segment);
	}
	index_log *log = open_log(&back, &errors);
	if (log)
		write_on(log, &back, data[0] & 4);
	buf_free(&errors);
	return 0;
}
