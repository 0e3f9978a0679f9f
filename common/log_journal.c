/* log_journal.c - see log_journal.h.
 *
 * The address goes with each datagram, as in libsystemd: a journald that was started again is found without connecting anew. Shared between threads:
 * the address, under a mutex that is not held while sending, and atomics. The descriptor stays open until the process ends. */
#include "log_journal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "utf8.h"

#define NAME_MAX_BYTES 64                /* of a field, in journald */
#define PATIENCE_US 100000               /* its queue may hold no more than ten entries (net.unix.max_dgram_qlen), an epoch ends with hundreds */

static struct {
	pthread_mutex_t lock;            /* of address */
	struct sockaddr_un address;      /* sun_path empty: none */
	int opened;                      /* descriptor; -1: none yet */
	atomic_int fd;                   /* the same, for senders */
	atomic_int gone;                 /* errno of the last try when nobody took it; 0: taken */
	atomic_int told;                 /* what log_journal_changed told of it */
	atomic_uint lost;
	atomic_bool behind;              /* the last line was lost */
} journal = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = -1, .fd = -1};

static const struct {
	const char *key, *name;
} written_out[] = {{"id", "ARTICLE_ID"}, {"part", "PARTITION"}, {"off", "OFFSET"}, {"of", "DUPLICATE_OF"}};

/* Says at once, not with the first line, when nobody listens: that may come much later with log.level = error. */
static int probe(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;
	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address))
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

void log_journal_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	bool fits = len < sizeof address.sun_path;
	if (fits)
		memcpy(address.sun_path, path, len);
	pthread_mutex_lock(&journal.lock);
	journal.address = address;
	if (journal.opened < 0) {
		journal.opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		setsockopt(journal.opened, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_usec = PATIENCE_US}, sizeof(struct timeval));
	}
	atomic_store(&journal.fd, journal.opened);
	pthread_mutex_unlock(&journal.lock);
	atomic_store(&journal.gone, fits ? probe(&address) : ENAMETOOLONG);
	atomic_store(&journal.told, 0);
}

/* ---- an entry ---- */

static void add(log_fields *self, const char *data, size_t len)
{
	if (self->cut || len > LOG_FIELDS_MAX - self->len) {
		self->cut = true;
		return;
	}
	memcpy(self->data + self->len, data, len);
	self->len += len;
}

/* Copies a value and makes it harmless. Never longer than the original: '?' for each byte or character that may not stay. */
static void add_clean(log_fields *self, mr_bytes value)
{
	const char *at = value.data, *end = at + value.len;
	while (at < end) {
		const char *from = at;
		uint32_t c = utf8_next(&at, end);
		bool bad = c != '\n' && c != '\t' && (utf8_is_unsafe(c) || (c == UTF8_BAD && at - from == 1));
		add(self, bad ? "?" : from, bad ? 1 : (size_t)(at - from));
	}
}

static void add_length(log_fields *self, size_t at, uint64_t len)
{
	for (int i = 0; i < 8; i++)
		self->data[at + (size_t)i] = (char)(len >> 8 * i & 0xFF);
}

/* A field stands whole or not at all. */
static void add_field(log_fields *self, const char *name, mr_bytes value)
{
	size_t before = self->len;
	if (!value.len || self->cut)
		return;
	bool lines = memchr(value.data, '\n', value.len) != NULL;
	add(self, name, strlen(name));
	add(self, lines ? "\n\0\0\0\0\0\0\0\0" : "=", lines ? 9 : 1);
	size_t begin = self->len;
	add_clean(self, value);
	if (lines && !self->cut)
		add_length(self, begin - 8, self->len - begin);
	add(self, "\n", 1);
	if (self->cut)
		self->len = before;
}

void log_fields_begin(log_fields *self, char priority, const char *program, mr_bytes event, const char *file, int line, const char *function)
{
	char text[16];
	const char *line_break = memchr(event.data, '\n', event.len);
	if (line_break)
		event.len = (size_t)(line_break - event.data);
	self->len = 0;
	self->cut = false;
	self->event = event;
	add_field(self, "PRIORITY", (mr_bytes){&priority, 1});
	add_field(self, "SYSLOG_IDENTIFIER", mr_bytes_of(program));
	add_field(self, "CODE_FILE", mr_bytes_of(file));
	snprintf(text, sizeof text, "%d", line);
	add_field(self, "CODE_LINE", mr_bytes_of(text));
	if (function)
		add_field(self, "CODE_FUNC", mr_bytes_of(function));
	add_field(self, "MILLRACE_EVENT", event);
}

void log_fields_add_pair(log_fields *self, const char *key, mr_bytes value)
{
	char name[NAME_MAX_BYTES + 1] = "MILLRACE_";
	size_t len = strlen(name);
	for (size_t i = 0; i < sizeof written_out / sizeof *written_out; i++)
		if (strcmp(key, written_out[i].key) == 0)
			key = written_out[i].name;
	for (; *key && len < NAME_MAX_BYTES; key++) {
		char c = *key;
		name[len++] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_');
	}
	name[len] = 0;
	add_field(self, name, value);
}

/* ---- sending ---- */

/* MESSAGE, which journalctl shows, is put together here: the message, then the pairs as they stand in the line. */
static ssize_t send_entry(const log_fields *self, mr_bytes pairs)
{
	static const char cut[] = "MILLRACE_CUT=true\n";
	struct iovec pieces[] = {{(char *)(uintptr_t) "MESSAGE=", 8}, {(char *)(uintptr_t)self->event.data, self->event.len}, {(char *)(uintptr_t)pairs.data, pairs.len},
		{(char *)(uintptr_t) "\n", 1}, {(char *)(uintptr_t)self->data, self->len}, {(char *)(uintptr_t)cut, self->cut ? sizeof cut - 1 : 0}};
	struct sockaddr_un address;
	pthread_mutex_lock(&journal.lock);
	address = journal.address;
	pthread_mutex_unlock(&journal.lock);
	if (!address.sun_path[0]) {
		errno = ENAMETOOLONG;
		return -1;
	}
	struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = pieces, .msg_iovlen = sizeof pieces / sizeof *pieces};
	ssize_t n;
	do
		n = sendmsg(atomic_load(&journal.fd), &message, MSG_NOSIGNAL | (atomic_load(&journal.behind) ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	return n;
}

enum log_sending log_fields_send(log_fields *self, mr_bytes pairs)
{
	if (send_entry(self, pairs) >= 0) {
		atomic_store(&journal.gone, 0);
		atomic_store(&journal.behind, false);
		return LOG_SENT;
	}
	if (errno == EAGAIN || errno == ENOBUFS) {
		atomic_store(&journal.behind, true);
		atomic_fetch_add(&journal.lost, 1);
		return LOG_LOST;
	}
	atomic_store(&journal.gone, errno);
	return LOG_REFUSED;
}

bool log_journal_changed(log_journal_news *news)
{
	int now = atomic_load(&journal.gone), before = atomic_exchange(&journal.told, now);
	bool flows = !now && !atomic_load(&journal.behind);
	*news = (log_journal_news){.gone = before ? 0 : now, .back = before && !now, .lost = flows ? atomic_exchange(&journal.lost, 0) : 0};
	return news->gone || news->back || news->lost;
}

void log_journal_give_back(unsigned lost)
{
	atomic_fetch_add(&journal.lost, lost);
}
