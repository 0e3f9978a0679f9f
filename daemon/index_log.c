/* index_log.c - see index_log.h. index_frames.h draws the form, index_scan.c reads.
 *
 * A segment is closed when it passes INDEX_SEGMENT_BYTES, between two epochs. */
#include "index_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

struct index_log {
	char *folder;
	int lock_fd, fd;                 /* fd: the segment being written */
	uint32_t segment;                /* its number; segments count from 1 */
	uint32_t oldest;
	uint64_t size, closed_bytes;     /* of the open segment; of all others */
	buf unsynced;                    /* its end, not known to be on the disk yet: after a failed sync the kernel may have let go of it */
	bool write_again;                /* the last sync failed */
	uint64_t last_epoch;
	uint64_t owed_mark;              /* of a committed epoch whose mark could not be written; the next append begins with it. 0: none */
	uint64_t id;                     /* drawn when the log was born: epochs of another log prove nothing */
	index_log_identity identity;
	index_scan found;                /* when it was opened */
};

void index_log_frame_entry(buf *frames, mr_bytes entry)
{
	index_frame_add(frames, INDEX_FRAME_ENTRY, entry);
}

mr_bytes index_log_frame_next(mr_bytes frames, size_t *at)
{
	if (*at >= frames.len)
		return (mr_bytes){NULL, 0};
	uint32_t length = index_frame_length(frames.data + *at);
	mr_bytes entry = {frames.data + *at + INDEX_FRAME_HEAD + 1, length - 1};
	*at += INDEX_FRAME_HEAD + length;
	return entry;
}

void index_log_frame_followed(buf *frames, mr_bytes entry)
{
	index_frame_add(frames, INDEX_FRAME_FOLLOWED, entry);
}

void index_log_frame_positions(buf *frames, mr_bytes lines)
{
	index_frame_add(frames, INDEX_FRAME_POSITIONS, lines);
}

void index_log_proof(const index_log *self, const char *instance, uint64_t epoch, char out[INDEX_LOG_PROOF])
{
	snprintf(out, INDEX_LOG_PROOF, "%s:%016" PRIx64 ":%" PRIu64, instance, self->id, epoch);
}

static int write_all(int fd, const char *data, size_t len, size_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- damage is closed ---- */

/* A number that no epoch had, unless by a chance of one in thousands of millions. */
static uint64_t far_epoch(uint64_t last)
{
	uint32_t random;
	if (getrandom(&random, sizeof random, 0) < 0)
		random = (uint32_t)time(NULL);
	return last + 1 + random;
}

/* Epochs that stood in the damage may have been committed, and their proofs stand in Kafka: their numbers must never come again. So the log goes on with a mark of
 * no epoch, far ahead, and, with a journal, from the positions before the damage: the journal has what was lost. */
static void add_guard(index_log *self, buf *out)
{
	size_t from = out->len;
	self->last_epoch = far_epoch(self->last_epoch);
	index_frame_add_mark(out, self->last_epoch);
	if (self->found.has_positions && self->found.positions_doubtful)
		index_log_frame_positions(out, buf_bytes(&self->found.positions_before));
	index_frames_seal(out->data + from, out->len - from, self->found.segments[self->found.segment_count - 1].number);
}

/* Makes [from, to) frames of kind D: only their heads are written, the bytes behind stay as they are for whoever wants to look at them. */
static int bury(int fd, uint32_t segment, uint64_t from, uint64_t to)
{
	int result = 0;
	while (!result && from < to) {
		uint64_t left = to - from, size = left < INDEX_FRAME_MAX ? left : left < 2 * (uint64_t)INDEX_FRAME_MAX ? left / 2 : INDEX_FRAME_MAX;
		buf frame = {0};
		index_frame_begin(&frame, INDEX_FRAME_DAMAGE);
		char *rest = buf_reserve(&frame, size);
		size_t want = size - frame.len;
		result = pread(fd, rest, want, (off_t)(from + frame.len)) == (ssize_t)want ? 0 : -1;
		frame.len += want;
		index_frame_end(&frame, 0);
		index_frames_seal(frame.data, frame.len, segment);
		if (!result)
			result = write_all(fd, frame.data, INDEX_FRAME_HEAD + 1, from);
		buf_free(&frame);
		from += size;
	}
	return result;
}

/* A segment begins anew with `start` (header and what follows it); what stood behind is buried. */
static int replace_start(int fd, index_segment *segment, const buf *start)
{
	if (write_all(fd, start->data, start->len, 0))
		return -1;
	if (segment->bytes >= start->len + INDEX_FRAME_HEAD + 1)
		return bury(fd, segment->number, start->len, segment->bytes);
	segment->bytes = start->len;
	return ftruncate(fd, (off_t)start->len);
}

#define DAMAGE_PAIRS(d, path) \
	"file", "%s", path, "from", "%llu", (unsigned long long)(d)->from, "bytes", "%llu", (unsigned long long)((d)->to - (d)->from), "behind_epoch", "%llu", \
	(unsigned long long)(d)->epoch, "before_epoch", "%llu", (unsigned long long)(d)->next_epoch, "entries_known_lost", "%llu", (unsigned long long)(d)->entries

static void tell_damage(const index_damage *d, const char *path)
{
	switch (d->kind) {
	case INDEX_DAMAGE_TORN:
		log_warn("index log: a damaged end is cut off", DAMAGE_PAIRS(d, path));
		return;
	case INDEX_DAMAGE_BYTES:
		log_error("index log: damage is closed, what stood there is forgotten", DAMAGE_PAIRS(d, path));
		return;
	case INDEX_DAMAGE_HEADER:
		log_error("index log: a file without a sound header is closed, what stood in it is forgotten", DAMAGE_PAIRS(d, path));
		return;
	case INDEX_DAMAGE_COUNT:
		log_error("index log: an epoch has more or fewer entries than its head says", DAMAGE_PAIRS(d, path));
	}
}

/* One damage, and `guard` if its place is the end of the log and it was not written yet. */
static int close_damage(index_log *self, int fd, const index_damage *d, index_segment *segment, buf *guard)
{
	buf start = {0};
	int result = 0;
	if (d->kind == INDEX_DAMAGE_HEADER || (d->kind == INDEX_DAMAGE_TORN && d->from == 0)) {
		index_frames_begin_segment(&start, &self->identity, self->id, segment->number);
		buf_add(&start, buf_bytes(guard).data, guard->len);
		if (d->kind == INDEX_DAMAGE_TORN)
			segment->bytes = 0;              /* nothing sound is in it: it is cut behind its start */
		result = replace_start(fd, segment, &start);
		segment->format = self->identity.format;
		segment->sketches = self->identity.sketch_version;
	} else if (d->kind == INDEX_DAMAGE_TORN) {       /* over the damage, before that is cut: whenever this is interrupted, it is done again */
		segment->bytes = d->from + guard->len;
		result = write_all(fd, guard->data, guard->len, d->from) || ftruncate(fd, (off_t)segment->bytes) ? -1 : 0;
	} else if (d->kind == INDEX_DAMAGE_BYTES) {
		result = bury(fd, segment->number, d->from, d->to);
	}
	buf_free(&start);
	return result;
}

static int close_segment_damage(index_log *self, size_t at, buf *errors)
{
	index_segment *segment = &self->found.segments[at];
	bool last = at + 1 == self->found.segment_count, guarded = !last;
	buf guard = {0};
	char path[PATH_MAX];
	int result = 0;
	index_segment_path(self->folder, segment->number, path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return index_file_failed("write", path, errno, errors);
	if (last)
		add_guard(self, &guard);
	for (size_t i = self->found.damage_count; i-- > 0 && !result;) {         /* from the end: the guard comes before the first damage is gone */
		const index_damage *d = &self->found.damages[i];
		if (d->segment != segment->number)
			continue;
		if (!guarded && d->kind != INDEX_DAMAGE_TORN && d->kind != INDEX_DAMAGE_HEADER) {
			result = write_all(fd, guard.data, guard.len, segment->bytes) || fdatasync(fd) ? -1 : 0;
			segment->bytes += guard.len;
		}
		guarded = true;
		if (!result)
			result = close_damage(self, fd, d, segment, &guard);
	}
	if (!result && !guarded) {
		result = write_all(fd, guard.data, guard.len, segment->bytes);
		segment->bytes += guard.len;
	}
	if (result || fdatasync(fd))
		result = index_file_failed("close the damage in", path, errno, errors);
	close(fd);
	buf_free(&guard);
	return result;
}

static bool is_damaged(const index_log *self, uint32_t segment)
{
	for (size_t i = 0; i < self->found.damage_count; i++)
		if (self->found.damages[i].segment == segment && self->found.damages[i].kind != INDEX_DAMAGE_COUNT)
			return true;
	return false;
}

/* The last segment first: it gets the guard. */
static int close_all_damage(index_log *self, buf *errors)
{
	index_scan *found = &self->found;
	bool any = false;
	for (size_t i = 0; i < found->damage_count; i++) {
		char path[PATH_MAX];
		index_segment_path(self->folder, found->damages[i].segment, path);
		tell_damage(&found->damages[i], path);
		any = any || found->damages[i].kind != INDEX_DAMAGE_COUNT;
	}
	for (size_t i = found->segment_count; any && i-- > 0;)
		if ((i + 1 == found->segment_count || is_damaged(self, found->segments[i].number)) && close_segment_damage(self, i, errors))
			return -1;
	if (any && found->has_positions && found->positions_doubtful) {
		buf_clear(&found->positions);
		buf_add(&found->positions, buf_bytes(&found->positions_before).data, found->positions_before.len);
	}
	return 0;
}

/* ---- opening ---- */

static int make_folder(const char *folder, buf *errors)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", folder);
	for (char *at = path + 1;; at++) {
		if (*at != '/' && *at)
			continue;
		char kept = *at;
		*at = 0;
		if (mkdir(path, 0750) && errno != EEXIST) {
			buf_printf(errors, "daemon.state_dir: cannot make folder %s: %s\n", path, strerror(errno));
			return -1;
		}
		*at = kept;
		if (!kept)
			return 0;
	}
}

static int take_lock(index_log *self, int wait_ms, bool *locked, buf *errors)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/lock", self->folder);
	self->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (self->lock_fd < 0) {
		buf_add_str(errors, "daemon.state_dir: ");
		return index_file_failed("open", path, errno, errors);
	}
	for (int waited = 0; flock(self->lock_fd, LOCK_EX | LOCK_NB); waited += 50) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			buf_printf(errors, "daemon.state_dir: cannot lock %s: %s\n", path, strerror(errno));
			return -1;
		}
		if (waited >= wait_ms) {
			*locked = true;
			buf_printf(errors, "daemon.state_dir: %s is used by another process; two daemons need two values of daemon.instance\n", self->folder);
			return -1;
		}
		nanosleep(&(struct timespec){0, 50000000}, NULL);
	}
	return 0;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int result = fsync(fd);
	close(fd);
	return result;
}

/* Starts segment `number`: written under its final name; until its header is whole it reads as empty. */
static int start_segment(index_log *self, uint32_t number)
{
	char path[PATH_MAX];
	buf header = {0};
	index_segment_path(self->folder, number, path);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	index_frames_begin_segment(&header, &self->identity, self->id, number);
	int failed = write_all(fd, header.data, header.len, 0) || fdatasync(fd) || sync_folder(self->folder);
	uint64_t size = header.len;
	buf_free(&header);
	if (failed) {
		int cause = errno;
		close(fd);
		unlink(path);
		errno = cause;
		return -1;
	}
	if (self->fd >= 0)
		close(self->fd);
	self->fd = fd;
	self->closed_bytes += self->size;
	self->size = size;
	self->segment = number;
	return 0;
}

/* Files of a compaction that did not come to its end: nothing in them is missing elsewhere. */
static void remove_leftovers(const index_log *self)
{
	DIR *dir = opendir(self->folder);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		size_t len = strlen(d->d_name);
		if (strncmp(d->d_name, "index-", 6) == 0 && len > 8 && strcmp(d->d_name + len - 8, ".log.new") == 0 && unlinkat(dirfd(dir), d->d_name, 0) == 0)
			log_info("index log: what a compaction left unfinished is removed", "folder", "%s", self->folder, "file", "%s", d->d_name);
	}
	if (dir)
		closedir(dir);
}

/* Whoever reads files of another user and writes on with files of its own locks that user out. */
static int check_owner(const index_log *self, buf *errors)
{
	char path[PATH_MAX];
	struct stat st;
	for (size_t i = 0; i < self->found.segment_count; i++) {
		index_segment_path(self->folder, self->found.segments[i].number, path);
		if (stat(path, &st) == 0 && st.st_uid != geteuid()) {
			buf_printf(errors, "%s belongs to user %u and this process is user %u: run it as that user, or give the folder away (chown -R)\n", path, st.st_uid,
				   geteuid());
			return -1;
		}
	}
	return 0;
}

/* The last segment is written on, unless it is of an older format. */
static int open_end(index_log *self, buf *errors)
{
	const index_segment *last = self->found.segment_count ? &self->found.segments[self->found.segment_count - 1] : NULL;
	char path[PATH_MAX];
	if (last) {
		index_segment_path(self->folder, last->number, path);
		self->fd = open(path, O_RDWR | O_CLOEXEC);
		if (self->fd < 0)
			return index_file_failed("write", path, errno, errors);
		self->segment = last->number;
		self->size = last->bytes;
	}
	bool older = last && (last->format != self->identity.format || last->sketches != self->identity.sketch_version);
	if ((last && !older) || start_segment(self, self->segment + 1) == 0)
		return 0;
	buf_printf(errors, "daemon.state_dir: cannot write to %s: %s\n", self->folder, strerror(errno));
	return -1;
}

index_log *index_log_open(const char *folder, const index_log_identity *identity, int lock_wait_ms, index_log_visit visit, void *arg, bool *locked, buf *errors)
{
	index_log *self = mem_alloc(sizeof *self);
	const index_scan_hooks hooks = {.entry = visit, .arg = arg};
	*locked = false;
	self->folder = mem_string(folder);
	self->identity = *identity;
	self->lock_fd = self->fd = -1;
	if (make_folder(folder, errors) || take_lock(self, lock_wait_ms, locked, errors))
		goto fail;
	remove_leftovers(self);
	if (index_scan_run(&self->found, folder, identity, &hooks, errors) || check_owner(self, errors))
		goto fail;
	self->last_epoch = self->found.last_epoch;
	self->id = self->found.log_id;
	while (!self->id)
		if (getrandom(&self->id, sizeof self->id, 0) < 0)
			self->id = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
	if (close_all_damage(self, errors) || open_end(self, errors))
		goto fail;
	self->oldest = self->found.segment_count ? self->found.segments[0].number : 1;
	for (size_t i = 0; i + 1 < self->found.segment_count; i++)
		self->closed_bytes += self->found.segments[i].bytes;
	return self;
fail:
	index_log_close(&self);
	return NULL;
}

void index_log_close(index_log **self_p)
{
	index_log *self = *self_p;
	if (!self)
		return;
	if (self->fd >= 0) {
		if (fdatasync(self->fd))
			log_warn("index log: last sync failed", "folder", "%s", self->folder, "error", "%s", strerror(errno));
		close(self->fd);
	}
	if (self->lock_fd >= 0)
		close(self->lock_fd);
	buf_free(&self->unsynced);
	index_scan_free(&self->found);
	free(self->folder);
	free(self);
	*self_p = NULL;
}

bool index_log_in_use(const char *folder)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/lock", folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	if (fd >= 0)
		close(fd);
	return held;
}

const index_scan *index_log_found(const index_log *self)
{
	return &self->found;
}

uint64_t index_log_tail(const index_log *self, buf *offsets)
{
	mr_bytes lines = buf_bytes(&self->found.tail.offsets);
	buf_add(offsets, lines.data, lines.len);
	return self->found.tail.epoch;
}

int index_log_resolve_tail(index_log *self, bool committed, index_log_visit visit, void *arg)
{
	const index_scan_hooks hooks = {.entry = visit, .arg = arg};
	uint64_t epoch = self->found.tail.epoch;
	buf errors = {0};
	int result = 0;
	if (committed && epoch) {
		result = index_scan_visit_tail(&self->found, self->folder, &hooks, &errors);
		if (result)
			log_error("index log: the last epoch cannot be read", "why", "%.*s", (int)(errors.len - 1), errors.data);
		else if (index_log_mark(self, epoch))
			log_warn("index log: mark not written, it goes with the next epoch", "folder", "%s", self->folder, "error", "%s", strerror(errno));
	}
	buf_free(&errors);
	self->found.tail.epoch = 0;
	buf_clear(&self->found.tail.offsets);
	return result;
}

uint64_t index_log_next_epoch(const index_log *self)
{
	return self->last_epoch + 1;
}

mr_bytes index_log_positions(const index_log *self)
{
	return buf_bytes(&self->found.positions);
}

/* ---- writing ---- */

/* Appends sealed bytes, or leaves the file as it was. */
static int append(index_log *self, const char *data, size_t len)
{
	if (write_all(self->fd, data, len, self->size) == 0) {
		self->size += len;
		buf_add(&self->unsynced, data, len);
		return 0;
	}
	int cause = errno;
	if (ftruncate(self->fd, (off_t)self->size))      /* the next write overwrites what is left; a start cuts off the rest */
		log_error("index log: cannot cut back after a failed write", "folder", "%s", self->folder, "error", "%s", strerror(errno));
	errno = cause;
	return -1;
}

/* Seals what was put together behind the owed mark and appends it, in a new segment when the one in hand is large. 0: errno. */
static uint32_t append_frames(index_log *self, mr_bytes head, mr_bytes frames)
{
	if (self->size > INDEX_SEGMENT_BYTES && (index_log_sync(self) || start_segment(self, self->segment + 1)))
		return 0;
	buf out = {0};
	if (self->owed_mark)             /* without it a head would say that the epoch before was aborted */
		index_frame_add_mark(&out, self->owed_mark);
	buf_add(&out, head.data, head.len);
	buf_add(&out, frames.data, frames.len);
	index_frames_seal(out.data, out.len, self->segment);
	int failed = append(self, out.data, out.len);
	buf_free(&out);
	if (failed)
		return 0;
	self->owed_mark = 0;
	return self->segment;
}

uint32_t index_log_append(index_log *self, uint64_t epoch, mr_bytes offsets, mr_bytes entry_frames)
{
	buf head = {0};
	size_t at = index_frame_begin(&head, INDEX_FRAME_EPOCH);
	buf_add_u64(&head, epoch);
	buf_add_u32(&head, index_frames_count(entry_frames));
	buf_add(&head, offsets.data, offsets.len);
	index_frame_end(&head, at);
	uint32_t segment = append_frames(self, buf_bytes(&head), entry_frames);
	buf_free(&head);
	if (segment)
		self->last_epoch = epoch;
	return segment;
}

uint32_t index_log_append_followed(index_log *self, mr_bytes frames)
{
	return append_frames(self, (mr_bytes){"", 0}, frames);
}

static int write_unsynced(index_log *self)
{
	return write_all(self->fd, buf_bytes(&self->unsynced).data, self->unsynced.len, self->size - self->unsynced.len);
}

int index_log_sync(index_log *self)
{
	if ((self->write_again && write_unsynced(self)) || fdatasync(self->fd)) {
		self->write_again = true;
		return -1;
	}
	self->write_again = false;
	buf_clear(&self->unsynced);
	return 0;
}

int index_log_mark(index_log *self, uint64_t epoch)
{
	buf out = {0};
	index_frame_add_mark(&out, epoch);
	index_frames_seal(out.data, out.len, self->segment);
	int failed = append(self, out.data, out.len);
	buf_free(&out);
	self->owed_mark = failed ? epoch : 0;
	return failed;
}

int index_log_remove_before(index_log *self, uint32_t segment)
{
	int removed = 0;
	uint32_t end = segment < self->segment ? segment : self->segment;
	for (; self->oldest < end; self->oldest++) {
		char path[PATH_MAX];
		struct stat st;
		index_segment_path(self->folder, self->oldest, path);
		if (stat(path, &st))
			continue;
		if (unlink(path))                /* it is tried again; a gap before it would stop the next start */
			break;
		self->closed_bytes -= (uint64_t)st.st_size < self->closed_bytes ? (uint64_t)st.st_size : self->closed_bytes;
		removed++;
	}
	return removed;
}

uint64_t index_log_bytes(const index_log *self)
{
	return self->closed_bytes + self->size;
}

uint64_t index_log_id(const index_log *self)
{
	return self->id;
}

uint32_t index_log_segment(const index_log *self)
{
	return self->segment;
}
