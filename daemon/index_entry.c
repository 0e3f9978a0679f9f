/* index_entry.c - the entry on disk and in the journal, little endian:
 *
 *   format 1 | flags 1 (1: has_fingerprint, 2: alias) | article_id 16 | story_id 16 | fingerprint 16 | clock_ms 8 | seen_ms 8 | offset 8 | partition 4 |
 *   page 2 | page_count 2 | topic length 1 | topic | then
 *   of an article   address 8 | day_revisions 2 | revision 4 | source 8 | heads 1 | tails 1 | head 4 ... | tail 4 ... | sketch length 2 | sketch
 *   of an alias     owner_id 16 | owner_kind 1 | similarity 8 (bits of a double)
 *
 * Format 1 (read, not written) had no aliases and no edges:
 *   article_id 16 | story_id 16 | flags 1 (1: has_fingerprint) | fingerprint 16 | address 8 | clock_ms 8 | seen_ms 8 | offset 8 |
 *   partition 4 | page 2 | page_count 2 | day_revisions 2 | revision 4 | topic length 1 | topic | sketch length 2 | sketch */
#include "index_entry.h"

#include <string.h>

#define FLAG_FINGERPRINT 1
#define FLAG_ALIAS 2

static void encode_article(const index_entry *self, buf *out)
{
	buf_add_u64(out, self->address);
	buf_add_u16(out, self->day_revisions);
	buf_add_u32(out, self->revision);
	buf_add_u64(out, self->source);
	buf_add_u8(out, self->head_count);
	buf_add_u8(out, self->tail_count);
	for (size_t i = 0; i < self->head_count; i++)
		buf_add_u32(out, self->head[i]);
	for (size_t i = 0; i < self->tail_count; i++)
		buf_add_u32(out, self->tail[i]);
	size_t at = out->len;
	buf_add_u16(out, 0);
	sketch_encode(&self->sketch, out);
	size_t sketch_len = out->len - at - 2;
	out->data[at] = (char)(sketch_len & 255);
	out->data[at + 1] = (char)(sketch_len >> 8);
}

static void encode_alias(const index_entry *self, buf *out)
{
	uint64_t bits;
	memcpy(&bits, &self->similarity, sizeof bits);
	buf_add(out, self->owner_id, ARTICLE_ID_BYTES);
	buf_add_u8(out, self->owner_kind);
	buf_add_u64(out, bits);
}

void index_entry_encode(const index_entry *self, const char *topic, buf *out)
{
	size_t topic_len = strlen(topic);
	buf_add_u8(out, INDEX_FORMAT);
	buf_add_u8(out, (uint8_t)((self->has_fingerprint ? FLAG_FINGERPRINT : 0) | (self->kind == INDEX_ALIAS ? FLAG_ALIAS : 0)));
	buf_add(out, self->article_id, ARTICLE_ID_BYTES);
	buf_add(out, self->story_id, ARTICLE_ID_BYTES);
	buf_add(out, self->fingerprint, sizeof self->fingerprint);
	buf_add_u64(out, (uint64_t)self->clock_ms);
	buf_add_u64(out, (uint64_t)self->seen_ms);
	buf_add_u64(out, (uint64_t)self->offset);
	buf_add_u32(out, (uint32_t)self->partition);
	buf_add_u16(out, self->page);
	buf_add_u16(out, self->page_count);
	buf_add_u8(out, (uint8_t)topic_len);     /* Kafka allows 249 bytes */
	buf_add(out, topic, topic_len);
	if (self->kind == INDEX_ALIAS)
		encode_alias(self, out);
	else
		encode_article(self, out);
}

uint32_t index_entry_format(mr_bytes bytes)
{
	return bytes.len ? (uint8_t)bytes.data[0] : 0;
}

const uint8_t *index_entry_id(mr_bytes bytes)
{
	return (const uint8_t *)bytes.data + 2;
}

static void take(reader *r, void *to, size_t len)
{
	mr_bytes b = read_bytes(r, len);
	if (b.data)
		memcpy(to, b.data, len);
}

static int take_sketch(reader *r, index_entry *self)
{
	mr_bytes packed = read_bytes(r, read_u16(r));
	return r->bad ? -1 : sketch_decode(packed, &self->sketch);
}

static int decode_article(reader *r, index_entry *self)
{
	self->address = read_u64(r);
	self->day_revisions = read_u16(r);
	self->revision = read_u32(r);
	self->source = read_u64(r);
	self->head_count = read_u8(r);
	self->tail_count = read_u8(r);
	if (self->head_count > INDEX_EDGES || self->tail_count > INDEX_EDGES)
		return -1;
	for (size_t i = 0; i < self->head_count; i++)
		self->head[i] = read_u32(r);
	for (size_t i = 0; i < self->tail_count; i++)
		self->tail[i] = read_u32(r);
	return take_sketch(r, self);
}

static int decode_alias(reader *r, index_entry *self)
{
	self->kind = INDEX_ALIAS;
	take(r, self->owner_id, ARTICLE_ID_BYTES);
	self->owner_kind = read_u8(r);
	uint64_t bits = read_u64(r);
	memcpy(&self->similarity, &bits, sizeof bits);
	return self->owner_kind <= 2 && self->similarity >= 0 && self->similarity <= 1 && self->has_fingerprint ? 0 : -1;     /* a NaN is refused, too */
}

static int decode_2(reader *r, index_entry *self, mr_bytes *topic)
{
	uint8_t format = read_u8(r), flags = read_u8(r);
	if (format != 2 || flags > (FLAG_FINGERPRINT | FLAG_ALIAS))
		return -1;
	self->has_fingerprint = flags & FLAG_FINGERPRINT;
	take(r, self->article_id, ARTICLE_ID_BYTES);
	take(r, self->story_id, ARTICLE_ID_BYTES);
	take(r, self->fingerprint, sizeof self->fingerprint);
	self->clock_ms = (int64_t)read_u64(r);
	self->seen_ms = (int64_t)read_u64(r);
	self->offset = (int64_t)read_u64(r);
	self->partition = (int32_t)read_u32(r);
	self->page = read_u16(r);
	self->page_count = read_u16(r);
	*topic = read_bytes(r, read_u8(r));
	return flags & FLAG_ALIAS ? decode_alias(r, self) : decode_article(r, self);
}

static int decode_1(reader *r, index_entry *self, mr_bytes *topic)
{
	take(r, self->article_id, ARTICLE_ID_BYTES);
	take(r, self->story_id, ARTICLE_ID_BYTES);
	uint8_t flags = read_u8(r);
	self->has_fingerprint = flags & FLAG_FINGERPRINT;
	take(r, self->fingerprint, sizeof self->fingerprint);
	self->address = read_u64(r);
	self->clock_ms = (int64_t)read_u64(r);
	self->seen_ms = (int64_t)read_u64(r);
	self->offset = (int64_t)read_u64(r);
	self->partition = (int32_t)read_u32(r);
	self->page = read_u16(r);
	self->page_count = read_u16(r);
	self->day_revisions = read_u16(r);
	self->revision = read_u32(r);
	*topic = read_bytes(r, read_u8(r));
	return flags > FLAG_FINGERPRINT ? -1 : take_sketch(r, self);
}

int index_entry_decode(mr_bytes bytes, uint32_t format, index_entry *self, mr_bytes *topic)
{
	reader r = reader_of(bytes);
	memset(self, 0, sizeof *self);
	*topic = (mr_bytes){NULL, 0};
	if (format < 1 || format > INDEX_FORMAT || (format == 1 ? decode_1 : decode_2)(&r, self, topic))
		return -1;
	if (r.bad || read_left(&r) || topic->len == 0 || topic->len > 249 || memchr(topic->data, 0, topic->len) || self->offset < 0 || self->partition < 0)
		return -1;
	return 0;
}
