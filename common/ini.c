/* ini.c - see ini.h. One pass, line by line; every line is bounded and checked as UTF-8 before it is looked at. */
#include "ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utf8.h"

typedef struct parser {
	ini_hooks hooks;
	ini_place at;
	buf *errors;
	int bad;
	bool skipping;                   /* entries of a section whose header was wrong */
	char section[INI_NAME_MAX + 1];
	buf value;                       /* the current one, with a NUL behind it */
} parser;

static void complain(parser *self, const char *what)
{
	if (++self->bad <= INI_MISTAKES_MAX)
		buf_printf(self->errors, "%s:%d: %s\n", self->at.file, self->at.line, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static mr_bytes trim(mr_bytes text)
{
	while (text.len && is_blank(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len && is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

const char *ini_wrong_bytes(mr_bytes line)
{
	if (line.len > INI_LINE_MAX)
		return "line is longer than 8192 bytes";
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.data[i];
		if (!c)
			return "NUL byte in the line (UTF-16? UTF-8 is wanted)";
		if ((c < ' ' && c != '\t') || c == 0x7F)
			return "control byte in the line";
	}
	return utf8_valid(line) ? NULL : "line is not UTF-8";
}

static bool take_name(mr_bytes text, char out[INI_NAME_MAX + 1])
{
	if (!text.len || text.len > INI_NAME_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	memcpy(out, text.data, text.len);
	out[text.len] = 0;
	return true;
}

static void parse_section(parser *self, mr_bytes line)
{
	self->skipping = true;
	if (line.data[line.len - 1] != ']') {
		complain(self, "section header without ] at the end of the line");
		return;
	}
	if (!take_name(trim((mr_bytes){line.data + 1, line.len - 2}), self->section)) {
		complain(self, "section name is empty, too long or holds something else than letters, digits, '.', '_', '-'");
		return;
	}
	self->skipping = false;
	self->hooks.section(self->hooks.arg, self->at, self->section);
}

static void parse_entry(parser *self, mr_bytes line)
{
	char key[INI_NAME_MAX + 1];
	const char *sign = memchr(line.data, '=', line.len);
	if (!sign) {
		complain(self, "neither a [section] nor key = value");
		return;
	}
	if (!take_name(trim((mr_bytes){line.data, (size_t)(sign - line.data)}), key)) {
		complain(self, "key is empty, too long or holds something else than letters, digits, '.', '_', '-'");
		return;
	}
	if (self->skipping)
		return;
	if (!self->section[0]) {
		complain(self, "key = value before the first [section]");
		return;
	}
	mr_bytes value = trim((mr_bytes){sign + 1, (size_t)(line.data + line.len - sign - 1)});
	buf_clear(&self->value);
	buf_add(&self->value, value.data, value.len);
	self->hooks.entry(self->hooks.arg, self->at, self->section, key, self->value.data);
}

static void parse_line(parser *self, mr_bytes line)
{
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	const char *wrong = ini_wrong_bytes(line);
	if (wrong) {
		complain(self, wrong);
		return;
	}
	line = trim(line);
	if (!line.len || line.data[0] == '#' || line.data[0] == ';')
		return;
	if (line.data[0] == '[')
		parse_section(self, line);
	else
		parse_entry(self, line);
}

int ini_parse(mr_bytes text, const char *file, ini_hooks hooks, buf *errors)
{
	return ini_parse_most(text, INI_FILE_MAX, file, hooks, errors);
}

int ini_parse_most(mr_bytes text, size_t max, const char *file, ini_hooks hooks, buf *errors)
{
	parser self = {.hooks = hooks, .at = {file, 0}, .errors = errors};
	if (text.len > max) {
		buf_printf(errors, "%s: larger than %zu bytes\n", file, max);
		return 1;
	}
	const char *at = text.data, *end = at + text.len;
	if (text.len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		at += 3;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		self.at.line++;
		parse_line(&self, (mr_bytes){at, (size_t)(stop - at)});
		at = stop + 1;
	}
	if (self.bad > INI_MISTAKES_MAX)
		buf_printf(errors, "%s: %d lines are wrong, the first %d are told\n", file, self.bad, INI_MISTAKES_MAX);
	buf_free(&self.value);
	return self.bad;
}

static int read_all(int fd, size_t max, buf *out)
{
	for (;;) {
		ssize_t n = read(fd, buf_reserve(out, 4096), 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		out->len += (size_t)n;
		out->data[out->len] = 0;
		if (out->len > max) {
			errno = EFBIG;
			return -1;
		}
	}
}

int ini_load(const char *file, size_t max, buf *out, buf *errors)
{
	struct stat st;
	int rc = -1;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);          /* a pipe of this name must not hang the program */
	if (fd < 0 || fstat(fd, &st) != 0)
		buf_printf(errors, "%s: cannot open: %s\n", file, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		buf_printf(errors, "%s: not a regular file\n", file);
	else if ((rc = read_all(fd, max, out)) != 0)
		buf_printf(errors, "%s: cannot read: %s\n", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}
