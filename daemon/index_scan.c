/* index_scan.c - see index_scan.h.
 *
 * A segment is read through a window of some megabytes. The entries of an epoch are not kept until its mark is found: their place is, and they are looked at again
 * then, mostly still in the window. read(2) rather than mmap(2): a bad disk then gives an error and not a signal, a file that is cut while it is read, too, and
 * reading into the same memory again is faster than mapping pages. */
#include "daemon/index_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

#define SEGMENTS_MAX 10000000u
#define SEGMENT_NAME "index-%08" PRIu32 ".log"
#define READ_BYTES (1u << 20)            /* at once */
#define HOLD_BYTES (8u << 20)            /* of an epoch without a mark that stay in the window */
#define RESYNC_BYTES (128u << 10)        /* largest frame that is looked for behind damage: an entry has at most 66 KB */
#define DAMAGES_MAX 1000                 /* of one segment; then the rest of it is one */

int index_file_failed(const char *what, const char *path, int error, buf *errors)
{
	struct stat st;
	buf_printf(errors, "cannot %s %s: %s", what, path, strerror(error));
	if ((error == EACCES || error == EPERM) && stat(path, &st) == 0)
		buf_printf(errors, " (it belongs to user %u, mode %03o; this process is user %u)", st.st_uid, st.st_mode & 07777u, geteuid());
	buf_add_char(errors, '\n');
	return -1;
}

/* ---- a file, seen through a window ---- */

typedef struct window {
	int fd;
	uint64_t size;                   /* of the file when it was opened; less when it turns out to be shorter */
	uint64_t from;                   /* of data[0] in the file */
	uint64_t keep;                   /* bytes from here on are kept while there is room */
	buf data;
	int error;                       /* errno of a read that failed; 0 */
} window;

static void window_close(window *self)
{
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
	buf_free(&self->data);
}

static int window_open(window *self, const char *path)
{
	struct stat st;
	buf data = self->data;                   /* its memory goes on */
	buf_clear(&data);
	if (self->fd >= 0)
		close(self->fd);
	*self = (window){.fd = open(path, O_RDONLY | O_CLOEXEC), .data = data, .keep = UINT64_MAX};
	if (self->fd < 0 || fstat(self->fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	self->size = (uint64_t)st.st_size;
	posix_fadvise(self->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	posix_fadvise(self->fd, 0, 0, POSIX_FADV_WILLNEED);
	return 0;
}

static const char *window_load(window *self, uint64_t at, size_t len)
{
	uint64_t end = self->from + self->data.len, first = self->keep < at && at - self->keep <= HOLD_BYTES ? self->keep : at;
	if (first < self->from || first >= end) {
		first = at;
		buf_clear(&self->data);
	} else {
		memmove(self->data.data, self->data.data + (first - self->from), end - first);
		self->data.len = end - first;
	}
	self->from = first;
	while (self->from + self->data.len < at + len) {
		uint64_t next = self->from + self->data.len, left = self->size - next;
		size_t want = left < READ_BYTES ? left : READ_BYTES;
		ssize_t n = pread(self->fd, buf_reserve(&self->data, want), want, (off_t)next);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			self->error = n < 0 ? errno : 0;
			self->size = n < 0 ? self->size : next;          /* it was cut meanwhile */
			return NULL;
		}
		self->data.len += (size_t)n;
	}
	return self->data.data + (at - first);
}

/* Bytes [at, at + len), borrowed until the next call; NULL: the file ends before, or cannot be read (error). */
static const char *window_get(window *self, uint64_t at, size_t len)
{
	if (len > self->size || at > self->size - len || self->error)
		return NULL;
	if (at >= self->from && at + len <= self->from + self->data.len)
		return self->data.data + (at - self->from);
	return window_load(self, at, len);
}

/* Sound frame at `at`: its length with INDEX_FRAME_HEAD; 0: there is none (or error). */
static uint64_t frame_at(window *self, uint64_t at, uint32_t segment, index_frame *out)
{
	const char *head = window_get(self, at, INDEX_FRAME_HEAD);
	uint32_t length = head ? index_frame_length(head) : 0;
	const char *frame = length ? window_get(self, at, INDEX_FRAME_HEAD + (size_t)length) : NULL;
	return frame && index_frame_open(frame, length, segment, out) == 0 ? INDEX_FRAME_HEAD + (uint64_t)length : 0;
}

/* Whether [from, to) is in the window. What was checked there and is still there has never left it: the window only moves on. */
static bool is_here(const window *self, uint64_t from, uint64_t to)
{
	return from >= self->from && to <= self->from + self->data.len;
}

/* The same as frame_at for a frame that is here and was checked. */
static uint64_t checked_frame(const window *self, uint64_t at, index_frame *out)
{
	const char *frame = self->data.data + (at - self->from);
	uint32_t length = index_frame_length(frame);
	*out = (index_frame){(uint8_t)frame[INDEX_FRAME_HEAD], {frame + INDEX_FRAME_HEAD + 1, length - 1}};
	return INDEX_FRAME_HEAD + (uint64_t)length;
}

/* ---- reading ---- */

typedef struct reading {
	index_scan *scan;
	const char *folder;
	const index_log_identity *identity;
	const index_scan_hooks *hooks;
	buf *errors;
	window window;
	char path[PATH_MAX];
	uint32_t segment;
	uint32_t format, sketches;       /* of the segment; 0: its header was not read yet */
	bool last;                       /* segment */
	uint64_t at, next;               /* of the frame in hand and of the one behind it */
	uint64_t done, told;             /* bytes of the segments before; at the last word on progress */
	uint64_t budget;                 /* bytes of this segment that may still be hashed in search of sound frames */
	size_t damages;                  /* of this segment */
	bool broken;                     /* damage stands behind the head of the tail: what comes is not known to be its own */
	size_t broken_at;                /* that damage; SIZE_MAX: one of earlier times */
} reading;

void index_segment_path(const char *folder, uint32_t segment, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/" SEGMENT_NAME, folder, segment);
}

static void tail_forget(index_tail *self)
{
	self->epoch = 0;
	self->named = self->entries = 0;
	buf_clear(&self->offsets);
}

/* Visits the entries between from and to; what else stands there is passed over. `checked`: they were, in this window. */
static int visit_tail(const index_tail *self, window *file, bool checked, const char *path, const index_scan_hooks *hooks, buf *errors)
{
	index_frame frame;
	uint64_t size;
	checked = checked && is_here(file, self->from, self->to);
	for (uint64_t at = self->from; self->entries && at < self->to; at += size) {
		size = checked ? checked_frame(file, at, &frame) : frame_at(file, at, self->segment, &frame);
		if (!size || (frame.kind == INDEX_FRAME_ENTRY && hooks->entry(hooks->arg, frame.payload, self->format, self->segment))) {
			buf_printf(errors, "%s: epoch %" PRIu64 " holds an entry that cannot be read, at byte %" PRIu64 "\n", path, self->epoch, at);
			return -1;
		}
	}
	return 0;
}

int index_scan_visit_tail(const index_scan *self, const char *folder, const index_scan_hooks *hooks, buf *errors)
{
	char path[PATH_MAX];
	window file = {.fd = -1};
	int result = -1;
	if (!self->tail.epoch)
		return 0;
	index_segment_path(folder, self->tail.segment, path);
	if (window_open(&file, path))
		index_file_failed("read", path, errno, errors);
	else
		result = visit_tail(&self->tail, &file, false, path, hooks, errors);
	window_close(&file);
	return result;
}

static int refuse(const reading *self, const char *why)
{
	buf_printf(self->errors, "%s: not an index log: %s\n", self->path, why);
	return -1;
}

static int take_header(reading *self, const index_frame *frame)
{
	reader r = reader_of(frame->payload);
	const index_log_identity *own = self->identity;
	uint32_t format = read_u32(&r), sketch = read_u32(&r), fold = read_u32(&r), ids = read_u32(&r);
	uint64_t log_id = read_u64(&r);
	mr_bytes mode = read_bytes(&r, read_left(&r));
	if (self->format)
		return refuse(self, "a second header");
	if (format < 1 || format > own->format || sketch < 1 || sketch > own->sketch_version || fold != own->fold_version || ids != own->id_version ||
	    !mr_bytes_equal(mode, own->identity_mode)) {
		char clean[33];
		buf_printf(self->errors,
			   "%s: written with index format %u, sketches %u, folding %u, ids %u, intake.identity '%s'; this program has %u, %u, %u, %u, '%s': "
			   "move the folder away (earlier articles are forgotten) or run the older version\n",
			   self->path, format, sketch, fold, ids, log_clean(clean, 32, mode), own->format, own->sketch_version, own->fold_version, own->id_version,
			   own->identity_mode);
		return -1;
	}
	if (self->scan->log_id && log_id != self->scan->log_id) {
		buf_printf(self->errors, "%s: belongs to another log (%016" PRIx64 ") than the files before it (%016" PRIx64 "): take it out of the folder\n", self->path,
			   log_id, self->scan->log_id);
		return -1;
	}
	self->scan->log_id = log_id;
	self->format = format;
	self->sketches = sketch;
	return 0;
}

static void saw_epoch(reading *self, uint64_t epoch)
{
	index_scan *scan = self->scan;
	if (epoch > scan->last_epoch)
		scan->last_epoch = epoch;
}

static int take_head(reading *self, const index_frame *frame)
{
	index_tail *tail = &self->scan->tail;
	reader r = reader_of(frame->payload);
	self->scan->dropped += tail->epoch != 0;         /* an unmarked epoch that another one follows was aborted */
	tail_forget(tail);
	tail->epoch = read_u64(&r);
	tail->named = read_u32(&r);
	tail->segment = self->segment;
	tail->format = self->format;
	tail->from = tail->to = self->next;
	mr_bytes lines = read_bytes(&r, read_left(&r));
	buf_add(&tail->offsets, lines.data, lines.len);
	saw_epoch(self, tail->epoch);
	for (size_t i = self->scan->damage_count; i-- > 0 && !self->scan->damages[i].next_epoch;)
		self->scan->damages[i].next_epoch = tail->epoch;
	self->window.keep = self->at;
	self->broken = false;
	return 0;
}

static int take_entry(reading *self, const index_frame *frame)
{
	index_tail *tail = &self->scan->tail;
	(void)frame;
	if (tail->epoch && !self->broken && tail->segment == self->segment) {
		tail->entries++;
		tail->to = self->next;
	}
	return 0;
}

static index_damage *add_damage(reading *self, enum index_damage_kind kind, uint64_t from)
{
	index_scan *scan = self->scan;
	scan->damages = mem_grow(scan->damages, scan->damage_count + 1, sizeof *scan->damages);
	index_damage *d = &scan->damages[scan->damage_count++];
	*d = (index_damage){.kind = kind, .segment = self->segment, .from = from, .to = from, .epoch = scan->last_epoch};
	self->damages++;
	return d;
}

static void count_entries(reading *self)
{
	index_scan *scan = self->scan;
	index_tail *tail = &scan->tail;
	uint32_t missing = tail->named > tail->entries ? tail->named - tail->entries : 0;
	if (self->broken && self->broken_at != SIZE_MAX && missing > scan->damages[self->broken_at].entries)     /* some of them were passed */
		scan->damages[self->broken_at].entries = missing;
	else if (!self->broken && tail->named != tail->entries)
		add_damage(self, INDEX_DAMAGE_COUNT, self->at)->entries = missing;
	scan->entries += tail->entries;
	scan->epochs++;
}

static int take_mark(reading *self, const index_frame *frame)
{
	index_tail *tail = &self->scan->tail;
	reader r = reader_of(frame->payload);
	uint64_t epoch = read_u64(&r);
	saw_epoch(self, epoch);                  /* also one of no epoch: see index_log.c, far_epoch */
	if (!epoch || epoch != tail->epoch)
		return 0;
	count_entries(self);
	int result = tail->segment == self->segment ? visit_tail(tail, &self->window, true, self->path, self->hooks, self->errors)
						    : index_scan_visit_tail(self->scan, self->folder, self->hooks, self->errors);
	tail_forget(tail);
	self->window.keep = UINT64_MAX;
	return result;
}

static int take_followed(reading *self, const index_frame *frame)
{
	self->scan->entries++;
	self->scan->followed++;
	if (self->hooks->entry(self->hooks->arg, frame->payload, self->format, self->segment) == 0)
		return 0;
	buf_printf(self->errors, "%s: holds an entry that cannot be read, at byte %" PRIu64 "\n", self->path, self->at);
	return -1;
}

static int take_positions(reading *self, const index_frame *frame)
{
	self->scan->has_positions = true;
	buf_clear(&self->scan->positions);
	buf_add(&self->scan->positions, frame->payload.data, frame->payload.len);
	return 0;
}

static int take_closed(reading *self, const index_frame *frame)
{
	self->scan->closed++;
	self->scan->closed_bytes += frame->payload.len + INDEX_FRAME_HEAD + 1;
	self->broken_at = self->broken ? self->broken_at : SIZE_MAX;
	self->broken = true;
	return 0;
}

static const struct {
	uint8_t kind;
	int (*take)(reading *self, const index_frame *frame);
} frame_kinds[] = {
	{INDEX_FRAME_ENTRY, take_entry},         /* the most frequent first */
	{INDEX_FRAME_FOLLOWED, take_followed},
	{INDEX_FRAME_EPOCH, take_head},
	{INDEX_FRAME_MARK, take_mark},
	{INDEX_FRAME_POSITIONS, take_positions},
	{INDEX_FRAME_HEADER, take_header},
	{INDEX_FRAME_DAMAGE, take_closed},
};

/* A frame whose check is right: what it holds is what somebody wrote. 0; -1 when the log cannot be used. */
static int take_frame(reading *self, const index_frame *frame)
{
	if (!self->format && frame->kind != INDEX_FRAME_HEADER)
		return refuse(self, "no header");
	for (size_t i = 0; i < sizeof frame_kinds / sizeof *frame_kinds; i++)
		if (frame_kinds[i].kind == frame->kind)
			return index_frame_plausible(frame->kind, frame->payload.len) ? frame_kinds[i].take(self, frame) : refuse(self, "a frame is too short");
	return refuse(self, "it holds a kind of frame that this program does not know");
}

/* ---- damage ---- */

/* Where behind `from` the next sound frame begins that means something by itself; entries are passed and counted. The end of the file when there is none. */
static uint64_t find_sound(reading *self, uint64_t from, uint64_t *entries)
{
	uint64_t at = from + INDEX_FRAME_HEAD + 1;       /* damage is at least as long as the head of the frame that closes it */
	window *file = &self->window;
	const char *head;
	index_frame frame;
	while ((head = window_get(file, at, INDEX_FRAME_HEAD + 1))) {
		uint32_t length = index_frame_length(head);
		uint8_t kind = (uint8_t)head[INDEX_FRAME_HEAD];
		uint64_t size = 0;
		if (length && length <= RESYNC_BYTES && kind != INDEX_FRAME_HEADER && index_frame_plausible(kind, length - 1) && self->budget >= length) {
			self->budget -= length;
			size = frame_at(file, at, self->segment, &frame);
		}
		if (size && kind != INDEX_FRAME_ENTRY)
			return at;
		*entries += size != 0;
		at += size ? size : 1;
	}
	return file->size;
}

/* What stands at `at` is no sound frame. Goes on behind it. */
static void take_damage(reading *self)
{
	index_scan *scan = self->scan;
	uint64_t entries = 0, size = self->window.size, to = self->damages < DAMAGES_MAX ? find_sound(self, self->at, &entries) : size;
	bool whole = !self->format;
	enum index_damage_kind kind = self->last && to >= size ? INDEX_DAMAGE_TORN : whole ? INDEX_DAMAGE_HEADER : INDEX_DAMAGE_BYTES;
	if (kind != INDEX_DAMAGE_TORN && !scan->positions_doubtful) {
		scan->positions_doubtful = true;
		buf_add(&scan->positions_before, buf_bytes(&scan->positions).data, scan->positions.len);
	}
	index_damage *d = add_damage(self, kind, whole ? 0 : self->at);
	d->entries = entries;
	d->to = whole || to > size ? size : to;
	if (scan->tail.epoch && !self->broken) {
		self->broken = true;
		self->broken_at = scan->damage_count - 1;
	}
	self->next = d->to;
}

/* ---- segments ---- */

static void tell_progress(reading *self)
{
	uint64_t done = self->done + self->at;
	if (!self->hooks->progress || (done - self->told < READ_BYTES && self->at))
		return;
	self->told = done;
	self->hooks->progress(self->hooks->arg, done, self->scan->bytes);
}

static int read_frames(reading *self)
{
	index_frame frame;
	const char *magic = window_get(&self->window, 0, INDEX_MAGIC_BYTES);
	if (magic && memcmp(magic, INDEX_MAGIC, INDEX_MAGIC_BYTES) != 0)
		return refuse(self, "its first bytes are others");
	for (self->at = magic ? INDEX_MAGIC_BYTES : 0; self->at < self->window.size || !self->format; self->at = self->next) {
		uint64_t size = magic ? frame_at(&self->window, self->at, self->segment, &frame) : 0;
		if (self->window.error)
			return index_file_failed("read", self->path, self->window.error, self->errors);
		self->next = self->at + size;
		if (!size)
			take_damage(self);
		else if (take_frame(self, &frame))
			return -1;
		if (self->window.error)
			return index_file_failed("read", self->path, self->window.error, self->errors);
		tell_progress(self);
		if (!self->format)
			break;
	}
	return 0;
}

static int read_segment(reading *self, index_segment *segment)
{
	self->segment = segment->number;
	self->format = self->sketches = 0;
	self->damages = 0;
	index_segment_path(self->folder, segment->number, self->path);
	if (window_open(&self->window, self->path)) {
		if (errno == ENOENT)             /* a running daemon removed it, because nothing in it lives */
			return 0;
		return index_file_failed("read", self->path, errno, self->errors);
	}
	self->budget = 4 * self->window.size + READ_BYTES;
	int result = read_frames(self);
	segment->bytes = self->window.size;
	segment->format = self->format;
	segment->sketches = self->sketches;
	self->done += self->window.size;
	return result;
}

static int by_number(const void *a, const void *b)
{
	const index_segment *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* Of a segment with that file name; 0: it is another file. */
static uint32_t number_of(const char *name)
{
	char same[32];
	uint32_t number = 0;
	if (sscanf(name, "index-%8" SCNu32 ".log", &number) != 1 || number > SEGMENTS_MAX)
		return 0;
	snprintf(same, sizeof same, SEGMENT_NAME, number);
	return strcmp(name, same) == 0 ? number : 0;
}

int index_scan_list(index_scan *self, const char *folder, buf *errors)
{
	DIR *dir = opendir(folder);
	self->segment_count = 0;
	self->bytes = 0;
	if (!dir)
		return index_file_failed("read the folder", folder, errno, errors);
	for (struct dirent *d; (d = readdir(dir));) {
		struct stat st;
		uint32_t number = number_of(d->d_name);
		if (!number)
			continue;
		self->segments = mem_grow(self->segments, self->segment_count + 1, sizeof *self->segments);
		self->segments[self->segment_count] = (index_segment){.number = number};
		if (fstatat(dirfd(dir), d->d_name, &st, 0) == 0)
			self->segments[self->segment_count].bytes = (uint64_t)st.st_size;
		self->bytes += self->segments[self->segment_count++].bytes;
	}
	closedir(dir);
	if (self->segment_count)
		qsort(self->segments, self->segment_count, sizeof *self->segments, by_number);
	return 0;
}

/* Number of the first segment that is missing between two others; 0: none. */
static uint32_t missing_segment(const index_scan *self)
{
	for (size_t i = 1; i < self->segment_count; i++)
		if (self->segments[i].number != self->segments[i - 1].number + 1)
			return self->segments[i - 1].number + 1;
	return 0;
}

int index_scan_run(index_scan *self, const char *folder, const index_log_identity *identity, const index_scan_hooks *hooks, buf *errors)
{
	reading r = {.scan = self, .folder = folder, .identity = identity, .hooks = hooks, .errors = errors, .window = {.fd = -1}};
	int result = index_scan_list(self, folder, errors);
	if (!result && missing_segment(self))            /* a daemon that removes the oldest while the folder is listed leaves one, too */
		result = index_scan_list(self, folder, errors);
	if (!result && missing_segment(self)) {
		index_segment_path(folder, missing_segment(self), r.path);
		buf_printf(errors, "%s is missing, and later files of the index are there: copy it, too. To forget what was in it, make an empty file of that name\n", r.path);
		result = -1;
	}
	for (size_t i = 0; !result && i < self->segment_count; i++) {
		r.last = i + 1 == self->segment_count;
		result = read_segment(&r, &self->segments[i]);
	}
	window_close(&r.window);
	return result;
}

void index_scan_free(index_scan *self)
{
	free(self->segments);
	free(self->damages);
	buf_free(&self->positions);
	buf_free(&self->positions_before);
	buf_free(&self->tail.offsets);
	*self = (index_scan){0};
}
