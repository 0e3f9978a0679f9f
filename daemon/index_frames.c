/* index_frames.c - see index_frames.h. */
#include "daemon/index_frames.h"

#include <xxhash.h>

static uint32_t check_of(const char *kind_and_payload, size_t len, uint32_t segment)
{
	return (uint32_t)XXH3_64bits_withSeed(kind_and_payload, len, segment);
}

static void put32(char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(v >> (8 * i));
}

static uint32_t get32(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* ---- writing ---- */

size_t index_frame_begin(buf *out, enum index_frame_kind kind)
{
	size_t at = out->len;
	buf_add_u32(out, 0);
	buf_add_u32(out, 0);
	buf_add_u8(out, (uint8_t)kind);
	return at;
}

void index_frame_end(buf *out, size_t at)
{
	put32(out->data + at, (uint32_t)(out->len - at - INDEX_FRAME_HEAD));
}

void index_frame_add(buf *out, enum index_frame_kind kind, mr_bytes payload)
{
	size_t at = index_frame_begin(out, kind);
	buf_add(out, payload.data, payload.len);
	index_frame_end(out, at);
}

void index_frame_add_mark(buf *out, uint64_t epoch)
{
	size_t at = index_frame_begin(out, INDEX_FRAME_MARK);
	buf_add_u64(out, epoch);
	index_frame_end(out, at);
}

void index_frames_begin_segment(buf *out, const index_log_identity *identity, uint64_t log_id, uint32_t segment)
{
	buf_add(out, INDEX_MAGIC, INDEX_MAGIC_BYTES);
	size_t at = index_frame_begin(out, INDEX_FRAME_HEADER);
	buf_add_u32(out, identity->format);
	buf_add_u32(out, identity->sketch_version);
	buf_add_u32(out, identity->fold_version);
	buf_add_u32(out, identity->id_version);
	buf_add_u64(out, log_id);
	buf_add_str(out, identity->identity_mode);
	index_frame_end(out, at);
	index_frames_seal(out->data + at, out->len - at, segment);
}

void index_frames_seal(char *data, size_t len, uint32_t segment)
{
	for (size_t at = 0; at < len;) {
		uint32_t n = get32(data + at);
		put32(data + at + 4, check_of(data + at + INDEX_FRAME_HEAD, n, segment));
		at += INDEX_FRAME_HEAD + n;
	}
}

uint32_t index_frames_count(mr_bytes frames)
{
	uint32_t count = 0;
	for (size_t at = 0; at < frames.len; count++)
		at += INDEX_FRAME_HEAD + get32(frames.data + at);
	return count;
}

/* ---- reading ---- */

uint32_t index_frame_length(const char *head)
{
	uint32_t length = get32(head);
	return length > INDEX_FRAME_MAX ? 0 : length;
}

int index_frame_open(const char *frame, uint32_t length, uint32_t segment, index_frame *out)
{
	const char *body = frame + INDEX_FRAME_HEAD;
	if (check_of(body, length, segment) != get32(frame + 4))
		return -1;
	*out = (index_frame){(uint8_t)body[0], {body + 1, length - 1}};
	return 0;
}

bool index_frame_plausible(uint8_t kind, size_t payload)
{
	switch (kind) {
	case INDEX_FRAME_HEADER:
		return payload >= 24;
	case INDEX_FRAME_EPOCH:
		return payload >= 12;
	case INDEX_FRAME_MARK:
		return payload == 8;
	case INDEX_FRAME_ENTRY:
	case INDEX_FRAME_FOLLOWED:
	case INDEX_FRAME_POSITIONS:
	case INDEX_FRAME_DAMAGE:
		return true;
	default:
		return false;
	}
}
