/* log.c - see log.h.
 *
 * A line is built in a fixed buffer on the stack and leaves in one write(2): no memory is asked for (it works when memory is out and in a
 * caged worker), and lines of several threads and processes do not mix, because LINE_MAX_BYTES is PIPE_BUF. Layout:
 *
 *   2026-03-13T08:00:00.123Z level=info prog=millraced msg="epoch committed" epoch=12 ms=31
 *   {"time":"2026-03-13T08:00:00.123Z","level":"info","prog":"millraced","msg":"epoch committed","epoch":12}        log.format = json
 *   <6>level=info prog=millraced msg=...                                       to the journal, which wants a priority and adds the time itself
 *
 * log.format = journal builds the same logfmt line and, beside it, the fields of log_journal.h; MESSAGE is the line's text without level and
 * program. What the socket does not take because nobody listens goes to standard error as that line; what it does not take because journald is
 * behind is lost and counted: nobody waits for it longer than 100 ms.
 *
 * Whether standard error is the journal is told by $JOURNAL_STREAM, device:inode of what systemd connected (systemd.exec(5)).
 *
 * The rate limit counts lines per call site and second in a small table; a site that finds no slot is not limited. Only the level, the set-up and
 * this table are shared between threads: atomics and one mutex, never held while writing. */
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log_journal.h"
#include "utf8.h"

#define LINE_MAX_BYTES PIPE_BUF          /* 4096: writes up to here are atomic on pipes (pipe(7)) */
#define VALUE_MAX_BYTES 1024             /* of one value before escaping */
#define CLOSING_BYTES 32                 /* kept free for the mark of a cut line, closing quote, brace and line break */
#define SITES 512                        /* call sites counted by the rate limit; a power of two, about four times what the programs have */

static const char *const level_words[] = {"error", "warn", "info", "debug"};
static const char level_priority[] = {'3', '4', '6', '7'};               /* sd-daemon(3) */

typedef struct site {
	const char *file;                /* NULL: free slot; compared as pointer, it is a literal */
	int line;
	enum log_level level;
	int64_t second;                  /* of the count */
	unsigned count, suppressed;
} site;

static struct {
	atomic_int level;
	atomic_int format;
	atomic_bool journal;             /* standard error is journald's */
	atomic_uint rate;
	char program[32];
	pthread_mutex_t lock;            /* of what follows */
	site sites[SITES];
	bool any_suppressed;
	int64_t swept;                   /* second of the last sweep */
} shared = {.level = LOG_LEVEL_INFO, .rate = 20, .program = "millrace", .lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
	size_t pairs;                    /* where they begin, behind level, program and message */
	bool cut;                        /* something did not fit; nothing more is added */
	bool json;
	log_fields *fields;              /* NULL: not for the journal's socket */
} line;

/* Where a line comes from. */
typedef struct place {
	enum log_level level;
	const char *file, *function;     /* function: NULL when not known */
	int line;
} place;

static bool to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat s;
	char own[64];
	if (!stream || fstat(STDERR_FILENO, &s) != 0)
		return false;
	snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)s.st_dev, (unsigned long long)s.st_ino);
	return strcmp(stream, own) == 0;
}

void log_setup(const char *program, enum log_level level, enum log_format format, unsigned lines_per_second)
{
	pthread_mutex_lock(&shared.lock);
	if (strcmp(shared.program, program) != 0)                /* a reload changes nothing that other threads read without the lock */
		snprintf(shared.program, sizeof shared.program, "%s", program);
	pthread_mutex_unlock(&shared.lock);
	atomic_store(&shared.format, (int)format);
	atomic_store(&shared.journal, to_journal());
	atomic_store(&shared.rate, lines_per_second ? lines_per_second : 1);
	log_set_level(level);
}

void log_set_level(enum log_level level)
{
	atomic_store(&shared.level, (int)level);
}

bool log_on(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&shared.level, memory_order_relaxed);
}

/* ---- building a line ---- */

static void add(line *self, const char *text, size_t len)
{
	if (self->cut || len > LINE_MAX_BYTES - CLOSING_BYTES - self->len) {
		self->cut = true;
		return;
	}
	memcpy(self->text + self->len, text, len);
	self->len += len;
}

static void add_str(line *self, const char *text)
{
	add(self, text, strlen(text));
}

static void add_escaped(line *self, mr_bytes value)
{
	const char *at = value.data, *end = at + value.len;
	while (at < end) {
		const char *from = at;
		char code[13];
		uint32_t c = utf8_next(&at, end);
		if (c == '"' || c == '\\') {
			code[0] = '\\';
			code[1] = (char)c;
			add(self, code, 2);
		} else if (c == '\n') {
			add(self, "\\n", 2);
		} else if (utf8_is_unsafe(c)) {
			add(self, code, utf8_escape(c, code));
		} else if (c == UTF8_BAD && at - from == 1) {
			add(self, "\xEF\xBF\xBD", 3);
		} else {
			add(self, from, (size_t)(at - from));
		}
	}
}

/* logfmt writes plain words without quotes; everything that could be taken for something else gets them. */
static bool is_plain(mr_bytes value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];
		if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return value.len > 0;
}

/* A whole number or decimal fraction as JSON writes it: what %d and %f make, but for nan, inf and padding. */
static bool is_number(mr_bytes value)
{
	const char *at = value.data, *end = at + value.len;
	at += at < end && *at == '-';
	const char *digits = at;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	if (at == digits || (*digits == '0' && at - digits > 1))
		return false;
	if (at < end && *at == '.') {
		digits = ++at;
		while (at < end && *at >= '0' && *at <= '9')
			at++;
		if (at == digits)
			return false;
	}
	return at == end;
}

/* `bare`: without quotes, a number or a word that needs none. */
static void add_pair_as(line *self, const char *key, mr_bytes value, bool bare)
{
	bool first = self->len == 0 || self->text[self->len - 1] == '{';
	if (self->cut)
		return;
	size_t before = self->len;
	if (self->json) {
		add_str(self, first ? "\"" : ",\"");
		add_str(self, key);
		add_str(self, "\":");
	} else {
		if (!first && self->text[self->len - 1] != '>')
			add_str(self, " ");
		add_str(self, key);
		add_str(self, "=");
	}
	if (bare) {
		add(self, value.data, value.len);
	} else {
		add_str(self, "\"");
		add_escaped(self, value);
		add_str(self, "\"");
	}
	if (self->cut)
		self->len = before;              /* a pair stands whole or not at all */
}

static void add_pair(line *self, const char *key, mr_bytes value)
{
	add_pair_as(self, key, value, !self->json && is_plain(value));
}

/* `number`: the format was one numeric conversion. */
static void add_value(line *self, const char *key, mr_bytes value, bool number)
{
	if (self->json && number && is_number(value))
		add_pair_as(self, key, value, true);
	else
		add_pair(self, key, value);
	if (self->fields)
		log_fields_add_pair(self->fields, key, value);
}

static mr_bytes cut_at(mr_bytes text, size_t max)
{
	if (text.len <= max)
		return text;
	text.len = max;
	/* not in the middle of a character: step back over its continuation bytes, at most three */
	for (int i = 0; i < 3 && text.len && ((unsigned char)text.data[text.len] & 0xC0) == 0x80; i++)
		text.len--;
	return text;
}

static void print_time(char *out, size_t size)
{
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + n, size - n, ".%03ldZ", now.tv_nsec / 1000000);
}

/* `fields` may be NULL. */
static void begin(line *self, log_fields *fields, const place *from, const char *message)
{
	int format = atomic_load(&shared.format);
	self->len = 0;
	self->cut = false;
	self->json = format == LOG_JSON;
	self->fields = format == LOG_JOURNAL ? fields : NULL;
	bool journal = atomic_load(&shared.journal);
	char stamp[48];
	if (journal)
		snprintf(stamp, sizeof stamp, "<%c>", level_priority[from->level]);
	else
		print_time(stamp, sizeof stamp);
	if (journal || !self->json)
		add_str(self, stamp);
	if (self->json)
		add_str(self, "{");
	if (!journal && self->json)
		add_pair(self, "time", mr_bytes_of(stamp));
	add_pair(self, "level", mr_bytes_of(level_words[from->level]));
	add_pair(self, "prog", mr_bytes_of(shared.program));
	mr_bytes text = cut_at(mr_bytes_of(message), VALUE_MAX_BYTES);
	add_pair(self, "msg", text);
	self->pairs = self->len;
	if (self->fields)
		log_fields_begin(self->fields, level_priority[from->level], shared.program, text, from->file, from->line, from->function);
}

static void write_line(line *self)
{
	self->text[self->len++] = '\n';
	const char *at = self->text;
	while (self->len) {
		ssize_t n = write(STDERR_FILENO, at, self->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;                  /* nobody reads, or a pipe that is full and does not block: the line is lost, the work goes on */
		at += n;
		self->len -= (size_t)n;
	}
}

/* False: it was lost (log_journal.h). */
static bool end(line *self)
{
	bool was_cut = self->cut;
	self->cut = false;
	if (was_cut) {
		const char *mark = self->json ? ",\"cut\":true" : " cut=true";
		memcpy(self->text + self->len, mark, strlen(mark));
		self->len += strlen(mark);
	}
	if (self->json)
		self->text[self->len++] = '}';
	enum log_sending sent = LOG_REFUSED;
	if (self->fields)
		sent = log_fields_send(self->fields, (mr_bytes){self->text + self->pairs, self->len - self->pairs});
	if (sent == LOG_REFUSED)
		write_line(self);
	return sent != LOG_LOST;
}

/* A line about the log itself; neither counted nor limited. */
static bool tell(enum log_level level, const char *message, const char *key, mr_bytes value, bool number)
{
	line out;
	log_fields fields;
	begin(&out, &fields, &(place){level, __FILE__, NULL, __LINE__}, message);
	add_value(&out, key, value, number);
	return end(&out);
}

void log_set_journal(const char *socket_path)
{
	log_journal_open(socket_path);
}

/* What has changed with the journal's socket since the last line. */
static void tell_journal(void)
{
	log_journal_news news;
	char text[32];
	if (atomic_load(&shared.format) != LOG_JOURNAL || !log_journal_changed(&news))
		return;
	if (news.gone)
		tell(LOG_LEVEL_ERROR, "the journal's socket takes no lines, they go to standard error", "error", mr_bytes_of(strerror(news.gone)), false);
	if (news.back && log_on(LOG_LEVEL_INFO))
		tell(LOG_LEVEL_INFO, "the journal takes lines again", "prog", mr_bytes_of(shared.program), false);
	snprintf(text, sizeof text, "%u", news.lost);
	if (news.lost && log_on(LOG_LEVEL_WARN) && !tell(LOG_LEVEL_WARN, "lines lost, the journal was too slow", "lost", mr_bytes_of(text), true))
		log_journal_give_back(news.lost);
}

/* ---- values ---- */

enum length { PLAIN, LONG, LONG_LONG, SIZE };

/* The one conversion of a format: its letter and length modifier. Anything else than exactly one is our bug. */
static char conversion(const char *format, enum length *length)
{
	char letter = 0;
	*length = PLAIN;
	for (const char *p = format; *p; p++) {
		if (*p != '%')
			continue;
		if (p[1] == '%') {
			p++;
			continue;
		}
		assert(!letter && "one conversion a value");
		p++;
		p += strspn(p, "-+ #0123456789.");
		if (*p == 'l') {
			p++;
			*length = LONG;
			if (*p == 'l') {
				p++;
				*length = LONG_LONG;
			}
		} else if (*p == 'z') {
			p++;
			*length = SIZE;
		}
		letter = *p;
		assert(letter && strchr("sdiuxfgc", letter) && "a conversion that log.h names");
	}
	assert(letter);
	return letter;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* Formats one value into `out`; takes exactly one argument. */
static mr_bytes format_value(char out[VALUE_MAX_BYTES + 8], const char *format, va_list *args)
{
	enum length length;
	int n;
	size_t room = VALUE_MAX_BYTES + 8;
	switch (conversion(format, &length)) {
	case 's': {
		const char *text = va_arg(*args, const char *);
		if (!text)
			text = "";
		if (strcmp(format, "%s") == 0)
			return cut_at((mr_bytes){text, strnlen(text, VALUE_MAX_BYTES + 1)}, VALUE_MAX_BYTES);
		n = snprintf(out, room, format, text);
		break;
	}
	case 'f':
	case 'g':
		n = snprintf(out, room, format, va_arg(*args, double));
		break;
	default:
		if (length == LONG_LONG)
			n = snprintf(out, room, format, va_arg(*args, long long));
		else if (length == LONG)
			n = snprintf(out, room, format, va_arg(*args, long));
		else if (length == SIZE)
			n = snprintf(out, room, format, va_arg(*args, size_t));
		else
			n = snprintf(out, room, format, va_arg(*args, int));
	}
	return cut_at((mr_bytes){out, n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1}, VALUE_MAX_BYTES);
}
#pragma GCC diagnostic pop

/* ---- rate limit ---- */

static int64_t second_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	return slash ? slash + 1 : file;
}

static void tell_suppressed(const char *file, int at, enum log_level level, unsigned suppressed)
{
	line out;
	log_fields fields;
	char text[160];
	begin(&out, &fields, &(place){level, file, NULL, at}, "lines left out by log.rate");
	snprintf(text, sizeof text, "%s:%d", base_name(file), at);
	add_value(&out, "at", mr_bytes_of(text), false);
	snprintf(text, sizeof text, "%u", suppressed);
	add_value(&out, "suppressed", mr_bytes_of(text), true);
	end(&out);
}

/* One full site whose second is over: copies it to *told and clears its count. The caller tells it without the lock. */
static bool next_suppressed(int64_t now, site *told)
{
	for (size_t i = 0; i < SITES; i++) {
		site *s = &shared.sites[i];
		if (s->suppressed && s->second != now) {
			*told = *s;
			s->suppressed = 0;
			return true;
		}
	}
	return false;
}

static void sweep(int64_t now)
{
	for (;;) {
		site told;
		pthread_mutex_lock(&shared.lock);
		bool due = shared.any_suppressed && shared.swept != now;
		bool more = due && next_suppressed(now, &told);
		if (due && !more) {
			shared.swept = now;
			shared.any_suppressed = false;
			for (size_t i = 0; i < SITES; i++)
				shared.any_suppressed |= shared.sites[i].suppressed > 0;
		}
		pthread_mutex_unlock(&shared.lock);
		if (!more)
			return;
		tell_suppressed(told.file, told.line, told.level, told.suppressed);
	}
}

static site *find_site(const char *file, int at)
{
	size_t slot = ((size_t)((uintptr_t)file >> 3) * 31 + (size_t)at * 2654435761u) & (SITES - 1);
	for (size_t i = 0; i < 16; i++) {
		site *s = &shared.sites[(slot + i) & (SITES - 1)];
		if (!s->file || (s->file == file && s->line == at))
			return s;
	}
	return NULL;
}

static bool admitted(const char *file, int at, enum log_level level, int64_t now)
{
	bool yes = true;
	pthread_mutex_lock(&shared.lock);
	site *s = find_site(file, at);
	if (s) {
		if (!s->file || (s->second != now && !s->suppressed))
			*s = (site){.file = file, .line = at, .second = now};
		s->level = level;
		yes = s->second == now && s->count < atomic_load(&shared.rate);
		s->count += yes;
		s->suppressed += !yes;
		shared.any_suppressed |= !yes;
	}
	pthread_mutex_unlock(&shared.lock);
	return yes;
}

void log_tick(void)
{
	sweep(second_now());
	tell_journal();
}

/* One numeric conversion and nothing else. */
static bool is_numeric(const char *format)
{
	size_t len = strlen(format);
	return format[0] == '%' && strspn(format + 1, "0123456789.lz") == len - 2 && strchr("diufg", format[len - 1]);
}

void log_at(enum log_level level, const char *file, int at, const char *function, const char *message, ...)
{
	if (!log_on(level))
		return;
	int64_t now = second_now();
	sweep(now);
	if (!admitted(file, at, level, now))
		return;
	line out;
	log_fields fields;
	begin(&out, &fields, &(place){level, file, function, at}, message);
	va_list args;
	va_start(args, message);
	const char *key;
	while ((key = va_arg(args, const char *))) {
		char text[VALUE_MAX_BYTES + 8];
		const char *format = va_arg(args, const char *);
		mr_bytes value = format_value(text, format, &args);
		add_value(&out, key, value, is_numeric(format));
	}
	va_end(args);
	if (level == LOG_LEVEL_DEBUG) {
		char text[160];
		snprintf(text, sizeof text, "%s:%d", base_name(file), at);
		add_pair(&out, "at", mr_bytes_of(text));
	}
	end(&out);
	tell_journal();
}

char *log_clean(char *out, size_t max, mr_bytes text)
{
	const char *at = text.data, *end_of_text = text.data ? text.data + text.len : NULL;
	size_t len = 0;
	while (at < end_of_text) {
		const char *from = at;
		uint32_t c = utf8_next(&at, end_of_text);
		bool bad = utf8_is_unsafe(c) || (c == UTF8_BAD && at - from == 1);
		size_t n = bad ? 1 : (size_t)(at - from);
		if (len + n > max)
			break;
		memcpy(out + len, bad ? "?" : from, n);
		len += n;
	}
	out[len] = 0;
	return out;
}
