/* index_entry.c - the entry on disk, little endian:
 *
 *   article_id 16 | story_id 16 | flags 1 (1: has_fingerprint) | fingerprint 16 | address 8 | clock_ms 8 | seen_ms 8 | offset 8 |
 *   partition 4 | page 2 | page_count 2 | day_revisions 2 | revision 4 | topic length 1 | topic | sketch length 2 | sketch */
#include "index_entry.h"

#include <string.h>

void index_entry_encode(const index_entry *self, const char *topic, buf *out)
{
	size_t topic_len = strlen(topic);
	buf_add(out, self->article_id, ARTICLE_ID_BYTES);
	buf_add(out, self->story_id, ARTICLE_ID_BYTES);
	buf_add_u8(out, self->has_fingerprint);
	buf_add(out, self->fingerprint, sizeof self->fingerprint);
	buf_add_u64(out, self->address);
	buf_add_u64(out, (uint64_t)self->clock_ms);
	buf_add_u64(out, (uint64_t)self->seen_ms);
	buf_add_u64(out, (uint64_t)self->offset);
	buf_add_u32(out, (uint32_t)self->partition);
	buf_add_u16(out, self->page);
	buf_add_u16(out, self->page_count);
	buf_add_u16(out, self->day_revisions);
	buf_add_u32(out, self->revision);
	buf_add_u8(out, (uint8_t)topic_len);     /* Kafka allows 249 bytes */
	buf_add(out, topic, topic_len);
	size_t at = out->len;
	buf_add_u16(out, 0);
	sketch_encode(&self->sketch, out);
	size_t sketch_len = out->len - at - 2;
	out->data[at] = (char)(sketch_len & 255);
	out->data[at + 1] = (char)(sketch_len >> 8);
}

static int take(reader *r, void *to, size_t len)
{
	mr_bytes b = read_bytes(r, len);
	if (!b.data)
		return -1;
	memcpy(to, b.data, len);
	return 0;
}

int index_entry_decode(mr_bytes bytes, index_entry *self, mr_bytes *topic)
{
	reader r = reader_of(bytes);
	memset(self, 0, sizeof *self);
	if (take(&r, self->article_id, ARTICLE_ID_BYTES) || take(&r, self->story_id, ARTICLE_ID_BYTES))
		return -1;
	uint8_t flags = read_u8(&r);
	self->has_fingerprint = flags & 1;
	if (take(&r, self->fingerprint, sizeof self->fingerprint))
		return -1;
	self->address = read_u64(&r);
	self->clock_ms = (int64_t)read_u64(&r);
	self->seen_ms = (int64_t)read_u64(&r);
	self->offset = (int64_t)read_u64(&r);
	self->partition = (int32_t)read_u32(&r);
	self->page = read_u16(&r);
	self->page_count = read_u16(&r);
	self->day_revisions = read_u16(&r);
	self->revision = read_u32(&r);
	*topic = read_bytes(&r, read_u8(&r));
	mr_bytes packed = read_bytes(&r, read_u16(&r));
	if (r.bad || read_left(&r) || flags > 1 || topic->len == 0 || topic->len > 249 || memchr(topic->data, 0, topic->len) || self->offset < 0 || self->partition < 0)
		return -1;
	return sketch_decode(packed, &self->sketch);
}
