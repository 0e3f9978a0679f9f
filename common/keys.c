/* keys.c - see keys.h. Z85 is written out here because both the settings and the fuzz target need it without ZeroMQ; a test compares it with libzmq's. */
#include "keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ini.h"
#include "log.h"
#include "mem.h"

#define LIST_BYTES_MAX (ALLOW_MAX * (KEY_TEXT + KEY_NAME_MAX + 64))
#define FILE_BYTES_MAX 1024              /* of a key file: line breaks and blanks around the key */

typedef struct allowed {
	char name[KEY_NAME_MAX + 1];
	uint8_t key[KEY_BYTES];
} allowed;

struct allow_list {
	allowed *rows;
	size_t count;
};

static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/* ---- Z85 ---- */

bool key_decode(const char *text, size_t len, uint8_t out[KEY_BYTES])
{
	if (len != KEY_TEXT)
		return false;
	for (size_t group = 0; group < KEY_TEXT / 5; group++) {
		uint64_t number = 0;
		for (size_t i = 0; i < 5; i++) {
			char c = text[group * 5 + i];
			const char *at = c ? strchr(letters, c) : NULL;
			if (!at)
				return false;
			number = number * 85 + (uint64_t)(at - letters);
		}
		if (number > UINT32_MAX)
			return false;
		for (size_t i = 0; i < 4; i++)
			out[group * 4 + i] = (uint8_t)(number >> (24 - 8 * i));
	}
	return true;
}

void key_encode(const uint8_t key[KEY_BYTES], char out[KEY_TEXT + 1])
{
	for (size_t group = 0; group < KEY_BYTES / 4; group++) {
		uint32_t number = 0;
		for (size_t i = 0; i < 4; i++)
			number = number << 8 | key[group * 4 + i];
		for (size_t i = 5; i-- > 0; number /= 85)
			out[group * 5 + i] = letters[number % 85];
	}
	out[KEY_TEXT] = 0;
}

/* ---- files ---- */

static int refuse(buf *why, const char *name, const char *what, int code)
{
	buf_printf(why, "%s: %s", name, what);
	errno = code;
	return -1;
}

/* The text of a file without white space around it; the caller wipes `data`. */
static int load(const char *name, bool secret, buf *data, mr_bytes *text, buf *why)
{
	struct stat about;
	buf errors = {0};
	if (stat(name, &about) == 0 && secret && about.st_mode & S_IROTH)
		return refuse(why, name, "everybody may read this secret key: chmod 600", 0);
	if (ini_load(name, FILE_BYTES_MAX, data, &errors)) {
		int code = access(name, R_OK) != 0 && errno == EACCES ? EACCES : 0;
		buf_add(why, errors.data, errors.len - 1);
		buf_free(&errors);
		errno = code;
		return -1;
	}
	mr_bytes found = buf_bytes(data);
	while (found.len && strchr(" \t\r\n", found.data[found.len - 1]))
		found.len--;
	while (found.len && strchr(" \t\r\n", found.data[0]))
		found = (mr_bytes){found.data + 1, found.len - 1};
	*text = found;
	return 0;
}

int key_load(const char *value, bool secret, char out[KEY_TEXT + 1], buf *why)
{
	uint8_t key[KEY_BYTES];
	buf path = {0}, data = {0};
	mr_bytes text = mr_bytes_of(value);
	const char *name = strncmp(value, "file:", 5) == 0 ? value + 5 : NULL, *credentials = getenv("CREDENTIALS_DIRECTORY");
	int rc = 0;
	if (name && name[0] != '/' && !credentials)
		return refuse(why, name, "relative name, and $CREDENTIALS_DIRECTORY is not set (LoadCredential= of the unit sets it)", EACCES);
	if (name)
		buf_printf(&path, "%s%s%s", name[0] == '/' ? "" : credentials, name[0] == '/' ? "" : "/", name);
	if (!name && secret)
		rc = refuse(why, "a secret key", "must stand in a file of its own: file:PATH", 0);
	else if (name && load(path.data, secret, &data, &text, why))
		rc = -1;
	else if (!key_decode(text.data, text.len, key))
		rc = refuse(why, name ? path.data : value, "is no key: 40 characters of Z85, as `millrace keys new` makes them", 0);
	if (rc == 0)
		snprintf(out, KEY_TEXT + 1, "%.*s", KEY_TEXT, text.data);
	int code = errno;
	explicit_bzero(key, sizeof key);
	if (data.data)
		explicit_bzero(data.data, data.cap);
	buf_free(&data);
	buf_free(&path);
	errno = code;
	return rc;
}

/* ---- the list ---- */

bool key_name_good(const char *name, size_t len)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	for (size_t i = 0; i < len; i++)
		if (!name[i] || !strchr(good, name[i]))
			return false;
	return len > 0 && len <= KEY_NAME_MAX && name[0] != '.' && name[0] != '_' && name[0] != '-';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* `name key`; NULL: good, or nothing on the line. */
static const char *read_line(allow_list *self, mr_bytes line)
{
	allowed row = {0};
	size_t at = 0, from;
	while (line.len && is_blank(line.data[line.len - 1]))
		line.len--;
	while (at < line.len && is_blank(line.data[at]))
		at++;
	if (at == line.len || line.data[at] == '#')
		return NULL;
	for (from = at; at < line.len && !is_blank(line.data[at]);)
		at++;
	if (!key_name_good(line.data + from, at - from))
		return "does not begin with a name (letters, digits and . _ -, at most 63)";
	memcpy(row.name, line.data + from, at - from);
	while (at < line.len && is_blank(line.data[at]))
		at++;
	if (!key_decode(line.data + at, line.len - at, row.key))
		return "has no public key behind the name (40 characters of Z85)";
	if (allow_list_find(self, row.key))
		return "has a key that stands above already";
	if (self->count == ALLOW_MAX)
		return "is one more than the 4096 workers that a list may have";
	self->rows = mem_grow(self->rows, self->count + 1, sizeof *self->rows);
	self->rows[self->count++] = row;
	return NULL;
}

allow_list *allow_list_parse(mr_bytes text, const char *file, buf *errors)
{
	allow_list *self = mem_alloc(sizeof *self);
	int number = 0, bad = 0;
	for (size_t at = 0; at < text.len; number++) {
		const char *end = memchr(text.data + at, '\n', text.len - at);
		size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
		const char *wrong = read_line(self, (mr_bytes){text.data + at, len});
		if (wrong && bad++ < 20)
			buf_printf(errors, "%s:%d: %s\n", file, number + 1, wrong);
		at += len + 1;
	}
	if (bad)
		allow_list_free(&self);
	return self;
}

allow_list *allow_list_read(const char *file, buf *errors)
{
	buf text = {0};
	allow_list *self = ini_load(file, LIST_BYTES_MAX, &text, errors) == 0 ? allow_list_parse(buf_bytes(&text), file, errors) : NULL;
	buf_free(&text);
	return self;
}

void allow_list_free(allow_list **self_p)
{
	allow_list *self = *self_p;
	if (self)
		free(self->rows);
	free(self);
	*self_p = NULL;
}

size_t allow_list_count(const allow_list *self)
{
	return self->count;
}

const char *allow_list_find(const allow_list *self, const uint8_t key[KEY_BYTES])
{
	for (size_t i = 0; i < self->count; i++)
		if (memcmp(self->rows[i].key, key, KEY_BYTES) == 0)
			return self->rows[i].name;
	return NULL;
}

bool allow_list_get(const allow_list *self, size_t i, const char **name, const uint8_t **key)
{
	if (i >= self->count)
		return false;
	*name = self->rows[i].name;
	*key = self->rows[i].key;
	return true;
}
