/* buf.h - a growable byte buffer.
 *
 * Owns its memory; `data` moves when it grows, so borrow it only until the next call that adds. Always one spare byte
 * behind `len`, kept 0, so that text in it can be handed to functions that want a C string. Running out of memory ends
 * the process (common/mem.h): every size that comes from outside is bounded before it gets here. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdint.h>
#include <string.h>

#include "millrace/bytes.h"

typedef struct buf {
	char *data;              /* NULL until something was added */
	size_t len;              /* bytes used */
	size_t cap;              /* bytes allocated, without the spare one */
} buf;

void buf_free(buf *self);                                    /* frees the memory and clears; a zeroed buf is an empty one */
void buf_clear(buf *self);                                   /* len = 0, memory kept */
char *buf_reserve(buf *self, size_t more);                   /* room for `more` bytes behind len; returns data + len */
void buf_cut(buf *self, size_t len);                         /* takes back what was added behind `len` */
static inline void buf_add(buf *self, const void *data, size_t len);
static inline void buf_add_char(buf *self, char c);
void buf_add_str(buf *self, const char *text);
void buf_printf(buf *self, const char *format, ...) MR_PRINTF(2, 3);
void buf_add_u8(buf *self, uint8_t v);
void buf_add_u16(buf *self, uint16_t v);                     /* little endian, as all our formats */
void buf_add_u32(buf *self, uint32_t v);
void buf_add_u64(buf *self, uint64_t v);
mr_bytes buf_bytes(const buf *self);                         /* borrowed view; data never NULL */
char *buf_take(buf *self, size_t *len);                      /* gives the memory away (free()); the buf is empty then */

static inline void buf_add(buf *self, const void *data, size_t len)
{
	if (!self->data || self->cap - self->len < len)
		buf_reserve(self, len);
	if (len)
		memcpy(self->data + self->len, data, len);
	self->len += len;
	self->data[self->len] = 0;
}

static inline void buf_add_char(buf *self, char c)
{
	buf_add(self, &c, 1);
}

/* Reader of bounded input: takes from the front; after a short read `bad` stays set and everything reads as 0. */
typedef struct reader {
	const unsigned char *at, *end;
	int bad;
} reader;

reader reader_of(mr_bytes bytes);
uint8_t read_u8(reader *self);
uint16_t read_u16(reader *self);
uint32_t read_u32(reader *self);
uint64_t read_u64(reader *self);
mr_bytes read_bytes(reader *self, size_t len);               /* borrowed; data NULL when bad */
size_t read_left(const reader *self);

#endif
