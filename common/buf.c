/* buf.c - see buf.h. Integers are written byte by byte, so the formats do not depend on the machine. */
#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"

void buf_free(buf *self)
{
	free(self->data);
	*self = (buf){0};
}

void buf_clear(buf *self)
{
	self->len = 0;
	if (self->data)
		self->data[0] = 0;
}

void buf_cut(buf *self, size_t len)
{
	assert(len <= self->len);
	self->len = len;
	if (self->data)
		self->data[len] = 0;
}

char *buf_reserve(buf *self, size_t more)
{
	if (!self->data || self->cap - self->len < more) {
		size_t want = self->len + more, cap = self->cap ? self->cap + self->cap / 2 + 64 : 64;
		if (cap < want)
			cap = want;                      /* who says how much is needed gets that, and no half more */
		self->data = mem_grow(self->data, cap + 1, 1);
		self->cap = cap;
		self->data[self->len] = 0;
	}
	return self->data + self->len;
}

void buf_add_str(buf *self, const char *text)
{
	buf_add(self, text, strlen(text));
}

void buf_printf(buf *self, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *at = buf_reserve(self, 120);
	int n = vsnprintf(at, 121, format, args);
	va_end(args);
	if (n > 120) {
		at = buf_reserve(self, (size_t)n);
		va_start(args, format);
		vsnprintf(at, (size_t)n + 1, format, args);
		va_end(args);
	}
	self->len += n > 0 ? (size_t)n : 0;
}

static void add_le(buf *self, uint64_t v, size_t bytes)
{
	unsigned char le[8];
	for (size_t i = 0; i < bytes; i++)
		le[i] = (unsigned char)(v >> (8 * i));
	buf_add(self, le, bytes);
}

void buf_add_u8(buf *self, uint8_t v) { add_le(self, v, 1); }
void buf_add_u16(buf *self, uint16_t v) { add_le(self, v, 2); }
void buf_add_u32(buf *self, uint32_t v) { add_le(self, v, 4); }
void buf_add_u64(buf *self, uint64_t v) { add_le(self, v, 8); }

mr_bytes buf_bytes(const buf *self)
{
	return (mr_bytes){self->data ? self->data : "", self->len};
}

char *buf_take(buf *self, size_t *len)
{
	buf_reserve(self, 0);
	char *data = self->data;
	if (len)
		*len = self->len;
	*self = (buf){0};
	return data;
}

reader reader_of(mr_bytes bytes)
{
	const unsigned char *at = (const unsigned char *)(bytes.data ? bytes.data : "");
	return (reader){at, at + (bytes.data ? bytes.len : 0), 0};
}

static const unsigned char *take(reader *self, size_t bytes)
{
	static const unsigned char zeros[8];
	const unsigned char *at = self->at;
	if (read_left(self) < bytes) {
		self->bad = 1;
		self->at = self->end;
		return zeros;
	}
	self->at += bytes;
	return at;
}

/* Written out, so that compilers make one load of each. */
static uint32_t le32(const unsigned char *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint8_t read_u8(reader *self) { return take(self, 1)[0]; }
uint32_t read_u32(reader *self) { return le32(take(self, 4)); }

uint16_t read_u16(reader *self)
{
	const unsigned char *b = take(self, 2);
	return (uint16_t)(b[0] | b[1] << 8);
}

uint64_t read_u64(reader *self)
{
	const unsigned char *b = take(self, 8);
	return b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
	       (uint64_t)b[7] << 56;
}

mr_bytes read_bytes(reader *self, size_t len)
{
	if (read_left(self) < len) {
		self->bad = 1;
		self->at = self->end;
		return (mr_bytes){NULL, 0};
	}
	mr_bytes out = {(const char *)self->at, len};
	self->at += len;
	return out;
}

size_t read_left(const reader *self)
{
	return (size_t)(self->end - self->at);
}
