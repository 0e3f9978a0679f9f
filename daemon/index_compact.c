/* index_compact.c - see index_compact.h. */
#include "daemon/index_compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mem.h"
#include "daemon/index_live.h"
#include "daemon/index_log.h"

#define FLUSH_BYTES (1u << 20)
#define LOCK_WAIT_MS 1000        /* a program that only looked at the log may be leaving */

/* The segments being written. */
typedef struct writer {
	const char *folder;
	const index_log_identity *identity;
	uint64_t log_id;
	uint32_t first, segment;         /* numbers of the first one and of the one in hand; 0: none yet */
	int fd;
	uint64_t size, total;            /* written to the one in hand; to all */
	buf out;                         /* whole frames, not yet sealed but for the start of a segment */
	size_t sealed;
	buf *errors;
} writer;

typedef struct compaction {
	index_live *live;
	writer writer;
	index_compaction *result;
	buf entry;                       /* in the newest format */
	enum index_frame_kind kind;      /* that entries are written as */
	void (*progress)(void *arg, uint64_t done, uint64_t all);
	void *progress_arg;
} compaction;

/* ---- writing ---- */

static void path_new(const writer *self, uint32_t segment, char out[PATH_MAX])
{
	index_segment_path(self->folder, segment, out);
	strncat(out, ".new", PATH_MAX - strlen(out) - 1);
}

static int failed(writer *self, const char *what, uint32_t segment)
{
	int cause = errno;
	char path[PATH_MAX];
	path_new(self, segment, path);
	return index_file_failed(what, path, cause, self->errors);
}

static int flush(writer *self)
{
	const char *at = self->out.data;
	size_t left = self->out.len;
	if (left > self->sealed)
		index_frames_seal(self->out.data + self->sealed, left - self->sealed, self->segment);
	while (left) {
		ssize_t n = write(self->fd, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(self, "write", self->segment);
		at += n;
		left -= (size_t)n;
	}
	self->size += self->out.len;
	self->total += self->out.len;
	self->sealed = 0;
	buf_clear(&self->out);
	return 0;
}

static int end_segment(writer *self)
{
	if (self->fd < 0)
		return 0;
	if (flush(self))
		return -1;
	if (fsync(self->fd))
		return failed(self, "sync", self->segment);
	close(self->fd);
	self->fd = -1;
	return 0;
}

static int begin_segment(writer *self, uint32_t number)
{
	char path[PATH_MAX];
	self->segment = number;
	self->first = self->first ? self->first : number;
	self->size = 0;
	path_new(self, number, path);
	self->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (self->fd < 0)
		return failed(self, "write", number);
	index_frames_begin_segment(&self->out, self->identity, self->log_id, number);
	self->sealed = self->out.len;
	return 0;
}

/* After frames were added. */
static int write_some(writer *self)
{
	return self->out.len < FLUSH_BYTES ? 0 : flush(self);
}

static int sync_folder(const char *folder, buf *errors)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 || fsync(fd) ? index_file_failed("sync the folder", folder, errno, errors) : 0;
	if (fd >= 0)
		close(fd);
	return result;
}

/* From here on the new segments are read, too. */
static int rename_all(writer *self)
{
	char from[PATH_MAX], to[PATH_MAX];
	for (uint32_t i = self->first; i <= self->segment; i++) {
		path_new(self, i, from);
		index_segment_path(self->folder, i, to);
		if (rename(from, to))
			return failed(self, "rename", i);
	}
	return sync_folder(self->folder, self->errors);
}

static void give_up(writer *self)
{
	char path[PATH_MAX];
	for (uint32_t i = self->first; i && i <= self->segment; i++) {
		path_new(self, i, path);
		unlink(path);
	}
}

/* ---- the two passes ---- */

static int see(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	compaction *self = arg;
	index_entry entry;
	mr_bytes topic;
	(void)segment;
	if (index_entry_decode(bytes, format, &entry, &topic))
		return -1;
	index_live_see(self->live, &entry, topic);
	return 0;
}

static void add_entry(compaction *self, mr_bytes bytes, uint32_t format, const index_entry *entry, mr_bytes topic)
{
	char name[256];
	if (format != self->writer.identity->format) {
		snprintf(name, sizeof name, "%.*s", (int)topic.len, topic.data);
		buf_clear(&self->entry);
		index_entry_encode(entry, name, &self->entry);
		bytes = buf_bytes(&self->entry);
	}
	index_frame_add(&self->writer.out, self->kind, bytes);
}

/* A full disk ends the scan like an entry that cannot be read; `errors` of the writer tells them apart. */
static int take(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	compaction *self = arg;
	writer *w = &self->writer;
	index_entry entry;
	mr_bytes topic;
	(void)segment;
	if (index_entry_decode(bytes, format, &entry, &topic))
		return -1;
	if (!index_live_take(self->live, &entry, topic)) {
		self->result->dropped++;
		return 0;
	}
	*(entry.kind == INDEX_ALIAS ? &self->result->aliases : &self->result->articles) += 1;
	add_entry(self, bytes, format, &entry, topic);
	if (write_some(w))
		return -1;
	return w->size > INDEX_SEGMENT_BYTES && (end_segment(w) || begin_segment(w, w->segment + 1)) ? -1 : 0;
}

static int take_tail(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	compaction *self = arg;
	index_entry entry;
	mr_bytes topic;
	(void)segment;
	if (index_entry_decode(bytes, format, &entry, &topic))
		return -1;
	add_entry(self, bytes, format, &entry, topic);
	return write_some(&self->writer);
}

/* The epoch in doubt stays in doubt: under its number, without a mark, and in one segment. */
static int write_tail(compaction *self, const index_scan *found, buf *errors)
{
	const index_tail *tail = &found->tail;
	const index_scan_hooks hooks = {.entry = take_tail, .arg = self};
	buf *out = &self->writer.out;
	if (!tail->epoch)
		return 0;
	size_t at = index_frame_begin(out, INDEX_FRAME_EPOCH);
	buf_add_u64(out, tail->epoch);
	buf_add_u32(out, tail->entries);
	buf_add(out, buf_bytes(&tail->offsets).data, tail->offsets.len);
	index_frame_end(out, at);
	self->kind = INDEX_FRAME_ENTRY;
	return index_scan_visit_tail(found, self->writer.folder, &hooks, errors);
}

static int write_all_segments(compaction *self, index_scan *found, const index_scan_hooks *hooks, uint32_t first, buf *errors)
{
	writer *w = &self->writer;
	if (begin_segment(w, first) || index_scan_run(found, w->folder, w->identity, hooks, errors))
		return -1;
	if (found->last_epoch > found->tail.epoch)       /* else its head says it; a mark would make it count */
		index_frame_add_mark(&w->out, found->last_epoch);
	if (found->has_positions)
		index_frame_add(&w->out, INDEX_FRAME_POSITIONS, buf_bytes(&found->positions));
	return write_tail(self, found, errors) || end_segment(w) ? -1 : 0;
}

static int remove_old(const index_scan *found, const char *folder, buf *errors)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < found->segment_count; i++) {
		index_segment_path(folder, found->segments[i].number, path);
		if (unlink(path))
			return index_file_failed("remove", path, errno, errors);
	}
	return sync_folder(folder, errors);
}

static void tell_progress(void *arg, uint64_t done, uint64_t all)
{
	compaction *self = arg;
	if (self->progress)
		self->progress(self->progress_arg, done, all);
}

/* Under the lock, with the live entries known. */
static int rewrite(compaction *self, const index_log *log, buf *errors)
{
	const index_scan_hooks hooks = {.entry = take, .arg = self, .progress = tell_progress};
	index_scan found = {0};
	writer *w = &self->writer;
	w->log_id = index_log_id(log);
	int result = write_all_segments(self, &found, &hooks, index_log_segment(log) + 1, errors);
	if (!result)
		result = rename_all(w) || remove_old(&found, w->folder, w->errors);
	if (w->fd >= 0)
		close(w->fd);
	if (result)
		give_up(w);
	self->result->bytes_before = found.bytes;
	self->result->segments_before = found.segment_count;
	self->result->bytes_after = w->total;
	self->result->segments_after = w->segment - w->first + 1;
	index_scan_free(&found);
	return result;
}

int index_compact(const char *folder, const index_log_identity *identity, int64_t window_ms, int64_t now_ms, void (*progress)(void *arg, uint64_t done, uint64_t all), void *arg,
		  index_compaction *result, bool *locked, buf *errors)
{
	buf reading = {0}, writing = {0};
	compaction self = {.live = index_live_new(window_ms, now_ms), .result = result, .kind = INDEX_FRAME_FOLLOWED, .progress = progress, .progress_arg = arg,
			   .writer = {.folder = folder, .identity = identity, .fd = -1, .errors = &writing}};
	*result = (index_compaction){0};
	index_log *log = index_log_open(folder, identity, LOCK_WAIT_MS, see, &self, locked, &reading);
	int failed = !log || rewrite(&self, log, &reading);
	const buf *why = writing.len ? &writing : &reading;      /* what cannot be written ends the reading, too */
	buf_add(errors, buf_bytes(why).data, why->len);
	index_log_close(&log);
	index_live_free(&self.live);
	buf_free(&reading);
	buf_free(&writing);
	buf_free(&self.writer.out);
	buf_free(&self.entry);
	return failed ? -1 : 0;
}
