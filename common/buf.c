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

static uint64_t read_le(reader *self, size_t bytes)
{
	if (read_left(self) < bytes) {
		self->bad = 1;
		self->at = self->end;
		return 0;
	}
	uint64_t v = 0;
	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)self->at[i] << (8 * i);
	self->at += bytes;
	return v;
}

uint8_t read_u8(reader *self) { return (uint8_t)read_le(self, 1); }
uint16_t read_u16(reader *self) { return (uint16_t)read_le(self, 2); }
uint32_t read_u32(reader *self) { return (uint32_t)read_le(self, 4); }
uint64_t read_u64(reader *self) { return read_le(self, 8); }

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
