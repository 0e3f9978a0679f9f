/* index_log.c - see index_log.h.
 *
 *   segment | magic "MRINDEX\n" | header frame | frames ...
 *   frame   | length 4 | check 4 | kind 1 | payload (length - 1) |      check: low half of XXH3-64 of kind and payload, seeded with the segment's number
 *   kinds   H header: format 4, sketch 4, fold 4, ids 4, log id 8, identity mode     E head: epoch 8, entry count 4, lines of offsets
 *           N entry: index_entry.c                                   M mark: epoch 8
 *           F followed entry: as N                                   P positions in the journal: lines
 *
 * A segment is closed when it passes SEGMENT_BYTES, between two epochs. Entries are buffered while reading until their epoch's fate is known. */
#include "index_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/log.h"
#include "common/mem.h"

#define MAGIC "MRINDEX\n"
#define MAGIC_LEN 8
#define FRAME_HEAD 8             /* length and check */
#define FRAME_MAX (16u << 20)    /* largest payload: a head with the offsets of all partitions, or one entry */
#define SEGMENT_BYTES (64u << 20)
#define SEGMENTS_MAX 1000000u

enum kind { KIND_HEADER = 'H', KIND_HEAD = 'E', KIND_ENTRY = 'N', KIND_MARK = 'M', KIND_FOLLOWED = 'F', KIND_POSITIONS = 'P' };

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
	uint32_t format, sketches;       /* of the segment being read */
	buf header;                      /* magic and header frame of a new segment, check excepted (it depends on the number) */
	/* the epoch being read */
	uint64_t open_epoch;             /* 0: none without a mark */
	uint32_t open_segment, open_format;
	buf open_offsets, open_entries;  /* lines; entries as length 4 + bytes */
	buf positions;                   /* lines of the last positions read */
};

/* ---- frames ---- */

static uint32_t check_of(mr_bytes kind_and_payload, uint32_t segment)
{
	return (uint32_t)XXH3_64bits_withSeed(kind_and_payload.data, kind_and_payload.len, segment);
}

static void put32(char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(v >> (8 * i));
}

/* Frames are put together without their check, because it depends on the segment they end in: seal() adds it. */
static void frame_begin(buf *out, enum kind kind)
{
	buf_add_u32(out, 0);
	buf_add_u32(out, 0);
	buf_add_u8(out, (uint8_t)kind);
}

static void frame_end(buf *out, size_t at)
{
	put32(out->data + at, (uint32_t)(out->len - at - FRAME_HEAD));
}

static void seal(char *frames, size_t len, uint32_t segment)
{
	for (size_t at = 0; at < len;) {
		reader r = reader_of((mr_bytes){frames + at, len - at});
		uint32_t n = read_u32(&r);
		put32(frames + at + 4, check_of((mr_bytes){frames + at + FRAME_HEAD, n}, segment));
		at += FRAME_HEAD + n;
	}
}

static void add_mark(buf *frames, uint64_t epoch)
{
	size_t at = frames->len;
	frame_begin(frames, KIND_MARK);
	buf_add_u64(frames, epoch);
	frame_end(frames, at);
}

static void add_frame(buf *frames, enum kind kind, mr_bytes payload)
{
	size_t at = frames->len;
	frame_begin(frames, kind);
	buf_add(frames, payload.data, payload.len);
	frame_end(frames, at);
}

void index_log_frame_entry(buf *frames, mr_bytes entry)
{
	add_frame(frames, KIND_ENTRY, entry);
}

void index_log_frame_followed(buf *frames, mr_bytes entry)
{
	add_frame(frames, KIND_FOLLOWED, entry);
}

void index_log_frame_positions(buf *frames, mr_bytes lines)
{
	add_frame(frames, KIND_POSITIONS, lines);
}

void index_log_proof(const index_log *self, const char *instance, uint64_t epoch, char out[INDEX_LOG_PROOF])
{
	snprintf(out, INDEX_LOG_PROOF, "%s:%016" PRIx64 ":%" PRIu64, instance, self->id, epoch);
}

/* ---- reading ---- */

static void segment_path(const index_log *self, uint32_t segment, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/index-%08" PRIu32 ".log", self->folder, segment);
}

static int visit_open(index_log *self, index_log_visit visit, void *arg)
{
	reader r = reader_of(buf_bytes(&self->open_entries));
	while (read_left(&r)) {
		mr_bytes entry = read_bytes(&r, read_u32(&r));
		if (r.bad || visit(arg, entry, self->open_format, self->open_segment))
			return -1;
	}
	return 0;
}

static void forget_open(index_log *self)
{
	self->open_epoch = 0;
	buf_clear(&self->open_offsets);
	buf_clear(&self->open_entries);
}

static int read_header(index_log *self, reader *r, const char *path, buf *errors)
{
	uint32_t format = read_u32(r), sketch = read_u32(r), fold = read_u32(r), ids = read_u32(r);
	self->id = read_u64(r);
	mr_bytes mode = read_bytes(r, read_left(r));
	self->format = format;
	self->sketches = sketch;
	if (format >= 1 && format <= self->identity.format && sketch >= 1 && sketch <= self->identity.sketch_version && fold == self->identity.fold_version &&
	    ids == self->identity.id_version && mr_bytes_equal(mode, self->identity.identity_mode))
		return 0;
	char clean[33];
	buf_printf(errors,
		   "%s: written with index format %u, sketches %u, folding %u, ids %u, intake.identity '%s'; this program has %u, %u, %u, %u, '%s': "
		   "move the folder away (earlier articles are forgotten) or run the older version\n",
		   path, format, sketch, fold, ids, log_clean(clean, 32, mode), self->identity.format, self->identity.sketch_version,
		   self->identity.fold_version, self->identity.id_version, self->identity.identity_mode);
	return -1;
}

/* One frame whose check is right. 0; -1 when the log cannot be used (errors has a line, or the entry was damaged). */
static int read_frame(index_log *self, reader r, const char *path, bool first, index_log_visit visit, void *arg, buf *errors)
{
	uint8_t kind = read_u8(&r);
	if (first != (kind == KIND_HEADER)) {
		buf_printf(errors, "%s: not an index log: %s\n", path, first ? "no header" : "a second header");
		return -1;
	}
	if (kind == KIND_HEADER)
		return read_header(self, &r, path, errors);
	if (kind == KIND_HEAD) {
		forget_open(self);       /* an unmarked epoch that another one follows was aborted */
		self->open_epoch = read_u64(&r);
		self->open_segment = self->segment;
		self->open_format = self->format;
		read_u32(&r);
		if (self->open_epoch > self->last_epoch)
			self->last_epoch = self->open_epoch;
		mr_bytes lines = read_bytes(&r, read_left(&r));
		buf_add(&self->open_offsets, lines.data, lines.len);
	} else if (kind == KIND_ENTRY && self->open_epoch) {
		buf_add_u32(&self->open_entries, (uint32_t)read_left(&r));
		buf_add(&self->open_entries, r.at, read_left(&r));
	} else if (kind == KIND_MARK) {
		uint64_t epoch = read_u64(&r);
		if (!r.bad && epoch > self->last_epoch)
			self->last_epoch = epoch;        /* cut_end's */
		if (!r.bad && epoch == self->open_epoch) {
			if (visit_open(self, visit, arg)) {
				buf_printf(errors, "%s: epoch %" PRIu64 " holds an entry that cannot be read\n", path, epoch);
				return -1;
			}
			forget_open(self);
		}
	} else if (kind == KIND_FOLLOWED) {
		if (visit(arg, read_bytes(&r, read_left(&r)), self->format, self->segment)) {
			buf_printf(errors, "%s: a followed entry cannot be read\n", path);
			return -1;
		}
	} else if (kind == KIND_POSITIONS) {
		buf_clear(&self->positions);
		buf_add(&self->positions, r.at, read_left(&r));
	}
	return 0;
}

/* Reads a mapped segment; returns the length of its sound part, or -1 when it cannot be used. */
static int64_t read_frames(index_log *self, const char *data, size_t size, const char *path, index_log_visit visit, void *arg, buf *errors)
{
	size_t at = MAGIC_LEN;
	if (size < MAGIC_LEN)
		return 0;
	if (memcmp(data, MAGIC, MAGIC_LEN) != 0) {
		buf_printf(errors, "%s: not an index log (its first bytes are others)\n", path);
		return -1;
	}
	while (size - at >= FRAME_HEAD + 1) {
		reader r = reader_of((mr_bytes){data + at, size - at});
		uint32_t len = read_u32(&r), check = read_u32(&r);
		mr_bytes frame = read_bytes(&r, len);
		if (len == 0 || len > FRAME_MAX || !frame.data || check_of(frame, self->segment) != check)
			break;
		if (read_frame(self, reader_of(frame), path, at == MAGIC_LEN, visit, arg, errors))
			return -1;
		at += FRAME_HEAD + len;
	}
	return at == MAGIC_LEN ? 0 : (int64_t)at;
}

/* A number that no epoch had, unless by a chance of one in thousands of millions. */
static uint64_t far_epoch(uint64_t last)
{
	uint32_t random;
	if (getrandom(&random, sizeof random, 0) < 0)
		random = (uint32_t)time(NULL);
	return last + 1 + random;
}

/* Cuts a damaged end off. Epochs that stood there may have been committed, and their proofs stand in Kafka: their numbers must never come again. So what is
 * left ends with a mark of no epoch, far ahead. It is written over the damage before that is cut: whenever this is interrupted, it is done again. */
static int64_t cut_end(index_log *self, int fd, int64_t sound)
{
	buf mark = {0};
	if (sound >= MAGIC_LEN) {                /* else nothing is left, not even the log's id */
		self->last_epoch = far_epoch(self->last_epoch);
		add_mark(&mark, self->last_epoch);
		seal(mark.data, mark.len, self->segment);
	}
	int64_t end = sound + (int64_t)mark.len;
	bool good = pwrite(fd, buf_bytes(&mark).data, mark.len, (off_t)sound) == (ssize_t)mark.len && ftruncate(fd, (off_t)end) == 0 && fdatasync(fd) == 0;
	buf_free(&mark);
	return good ? end : -1;
}

static int read_segment(index_log *self, uint32_t segment, bool last, index_log_visit visit, void *arg, buf *errors)
{
	char path[PATH_MAX];
	struct stat st;
	segment_path(self, segment, path);
	int result = -1, fd = open(path, O_RDWR | O_CLOEXEC);
	void *data = MAP_FAILED;
	if (fd < 0 || fstat(fd, &st)) {
		buf_printf(errors, "cannot read %s: %s\n", path, strerror(errno));
		goto out;
	}
	if (st.st_size > 0 && (data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED) {
		buf_printf(errors, "cannot map %s: %s\n", path, strerror(errno));
		goto out;
	}
	self->segment = segment;
	int64_t sound = st.st_size ? read_frames(self, data, (size_t)st.st_size, path, visit, arg, errors) : 0;
	if (sound < 0)
		goto out;
	if (sound < st.st_size) {
		if (!last) {
			buf_printf(errors, "%s: damaged at byte %lld, but later segments exist: restore it or move the folder away\n", path, (long long)sound);
			goto out;
		}
		log_warn("index log: a damaged end is cut off", "file", "%s", path, "from", "%lld", (long long)sound, "bytes", "%lld", (long long)(st.st_size - sound));
		if ((sound = cut_end(self, fd, sound)) < 0) {
			buf_printf(errors, "cannot cut %s: %s\n", path, strerror(errno));
			goto out;
		}
	}
	self->closed_bytes += self->size;
	self->size = (uint64_t)sound;
	result = 0;
	if (last && sound > 0) {
		self->fd = fd;
		fd = -1;
	}
out:
	if (data != MAP_FAILED)
		munmap(data, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	return result;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* Numbers of the segments in the folder, ascending. */
static uint32_t *list_segments(const char *folder, size_t *count, buf *errors)
{
	DIR *dir = opendir(folder);
	uint32_t *numbers = NULL;
	*count = 0;
	if (!dir) {
		buf_printf(errors, "cannot read folder %s: %s\n", folder, strerror(errno));
		return NULL;
	}
	for (struct dirent *d; (d = readdir(dir));) {
		uint32_t number;
		int end = 0;
		if (sscanf(d->d_name, "index-%8" SCNu32 ".log%n", &number, &end) != 1 || !end || d->d_name[end] || number == 0 || number > SEGMENTS_MAX)
			continue;
		numbers = mem_grow(numbers, *count + 1, sizeof *numbers);
		numbers[(*count)++] = number;
	}
	closedir(dir);
	if (*count)
		qsort(numbers, *count, sizeof *numbers, by_number);
	return numbers ? numbers : mem_alloc(1);
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
		buf_printf(errors, "daemon.state_dir: cannot open %s: %s\n", path, strerror(errno));
		return -1;
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

/* Starts segment `number`: written under its final name; until its header is whole it reads as empty. */
static int start_segment(index_log *self, uint32_t number)
{
	char path[PATH_MAX];
	segment_path(self, number, path);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	seal(self->header.data + MAGIC_LEN, self->header.len - MAGIC_LEN, number);
	if (write_all(fd, self->header.data, self->header.len, 0) || fdatasync(fd) || sync_folder(self->folder)) {
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
	self->size = self->header.len;
	self->segment = number;
	return 0;
}

static void make_header(index_log *self)
{
	while (!self->id)
		if (getrandom(&self->id, sizeof self->id, 0) < 0)
			self->id = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
	buf_add(&self->header, MAGIC, MAGIC_LEN);
	size_t at = self->header.len;
	frame_begin(&self->header, KIND_HEADER);
	buf_add_u32(&self->header, self->identity.format);
	buf_add_u32(&self->header, self->identity.sketch_version);
	buf_add_u32(&self->header, self->identity.fold_version);
	buf_add_u32(&self->header, self->identity.id_version);
	buf_add_u64(&self->header, self->id);
	buf_add_str(&self->header, self->identity.identity_mode);
	frame_end(&self->header, at);
}

index_log *index_log_open(const char *folder, const index_log_identity *identity, int lock_wait_ms, index_log_visit visit, void *arg, bool *locked, buf *errors)
{
	index_log *self = mem_alloc(sizeof *self);
	uint32_t *numbers = NULL;
	size_t count = 0;
	*locked = false;
	self->folder = mem_string(folder);
	self->identity = *identity;
	self->lock_fd = self->fd = -1;
	if (make_folder(folder, errors) || take_lock(self, lock_wait_ms, locked, errors))
		goto fail;
	numbers = list_segments(folder, &count, errors);
	if (!numbers)
		goto fail;
	for (size_t i = 0; i < count; i++)
		if (read_segment(self, numbers[i], i + 1 == count, visit, arg, errors))
			goto fail;
	self->oldest = count ? numbers[0] : 1;
	make_header(self);
	size_t plain = self->header.len;
	if (self->fd < 0 && count) {             /* the last segment holds nothing any more, but may have held epochs of this log: see cut_end */
		self->last_epoch = far_epoch(self->last_epoch);
		add_mark(&self->header, self->last_epoch);
	}
	bool older = self->fd >= 0 && (self->format != identity->format || self->sketches != identity->sketch_version);
	int failed = (self->fd < 0 && start_segment(self, count ? numbers[count - 1] : 1)) || (older && start_segment(self, self->segment + 1));
	self->header.len = plain;
	if (failed) {
		buf_printf(errors, "daemon.state_dir: cannot write to %s: %s\n", folder, strerror(errno));
		goto fail;
	}
	free(numbers);
	return self;
fail:
	free(numbers);
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
	buf_free(&self->header);
	buf_free(&self->unsynced);
	buf_free(&self->open_offsets);
	buf_free(&self->open_entries);
	buf_free(&self->positions);
	free(self->folder);
	free(self);
	*self_p = NULL;
}

uint64_t index_log_tail(const index_log *self, buf *offsets)
{
	mr_bytes lines = buf_bytes(&self->open_offsets);
	buf_add(offsets, lines.data, lines.len);
	return self->open_epoch;
}

int index_log_resolve_tail(index_log *self, bool committed, index_log_visit visit, void *arg)
{
	int result = 0;
	if (committed && self->open_epoch) {
		result = visit_open(self, visit, arg);
		if (!result && index_log_mark(self, self->open_epoch))
			log_warn("index log: mark not written, it goes with the next epoch", "folder", "%s", self->folder, "error", "%s", strerror(errno));
	}
	forget_open(self);
	return result;
}

mr_bytes index_log_positions(const index_log *self)
{
	return buf_bytes(&self->positions);
}

uint64_t index_log_next_epoch(const index_log *self)
{
	return self->last_epoch + 1;
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

/* Appends frames, behind the mark that is owed: without it the next head would say that the epoch before was aborted. Returns the segment; 0 with errno. */
static uint32_t append_frames(index_log *self, mr_bytes frames)
{
	buf out = {0};
	if (self->owed_mark)
		add_mark(&out, self->owed_mark);
	buf_add(&out, frames.data, frames.len);
	seal(out.data, out.len, self->segment);
	int failed = append(self, out.data, out.len);
	buf_free(&out);
	if (failed)
		return 0;
	self->owed_mark = 0;
	return self->segment;
}

static int make_room(index_log *self)
{
	return self->size > SEGMENT_BYTES && (index_log_sync(self) || start_segment(self, self->segment + 1)) ? -1 : 0;
}

uint32_t index_log_append_followed(index_log *self, mr_bytes frames)
{
	return make_room(self) ? 0 : append_frames(self, frames);
}

uint32_t index_log_append(index_log *self, uint64_t epoch, mr_bytes offsets, mr_bytes entry_frames)
{
	if (make_room(self))
		return 0;
	buf out = {0};
	uint32_t count = 0;
	for (size_t at = 0; at < entry_frames.len; count++) {
		reader r = reader_of((mr_bytes){entry_frames.data + at, entry_frames.len - at});
		at += FRAME_HEAD + read_u32(&r);
	}
	frame_begin(&out, KIND_HEAD);
	buf_add_u64(&out, epoch);
	buf_add_u32(&out, count);
	buf_add(&out, offsets.data, offsets.len);
	frame_end(&out, 0);
	buf_add(&out, entry_frames.data, entry_frames.len);
	uint32_t segment = append_frames(self, buf_bytes(&out));
	buf_free(&out);
	if (segment)
		self->last_epoch = epoch;
	return segment;
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
	add_mark(&out, epoch);
	seal(out.data, out.len, self->segment);
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
		segment_path(self, self->oldest, path);
		if (stat(path, &st) == 0 && unlink(path) == 0) {
			self->closed_bytes -= (uint64_t)st.st_size < self->closed_bytes ? (uint64_t)st.st_size : self->closed_bytes;
			removed++;
		}
	}
	return removed;
}

uint64_t index_log_bytes(const index_log *self)
{
	return self->closed_bytes + self->size;
}

uint32_t index_log_segment(const index_log *self)
{
	return self->segment;
}
