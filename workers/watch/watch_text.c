/* watch_text.c - see watch_text.h. */
#include "watch_text.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/utf8.h"

#define BREAK '\x1F'             /* between parts; in a source it is white space, so that it stands nowhere else */
#define POINT_BYTES 256          /* of source, at least, between two points from which a place is found again */
#define RUN_BYTES 512            /* folded at once on the way back */

enum gap { GAP_NONE, GAP_WHITE, GAP_NOTHING };

struct watch_text {
	buf folded;
	struct {
		mr_bytes source;
		size_t from, to;                 /* in `folded` */
	} parts[WATCH_TEXT_PARTS];
	fold_quick *table;
	buf points;                              /* struct point, rising */
	buf again, origin;                       /* from a point on: folded, and bytes of the source by character */
};

struct point {
	uint32_t source, folded;
};

static enum gap gap_of(uint32_t c)
{
	if (c <= 0x20)
		return c == 0x20 || (c >= 0x09 && c <= 0x0D) || c == 0x1F ? GAP_WHITE : GAP_NONE;
	if (c == 0xA0 || c == 0x85 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000)
		return GAP_WHITE;
	if (c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF)
		return GAP_NOTHING;
	return GAP_NONE;
}

/* Scripts that put no blanks between words. */
static bool is_unspaced(uint32_t c)
{
	return utf8_is_han(c) || (c >= 0x3040 && c <= 0x30FF) || (c >= 0x31F0 && c <= 0x31FF);
}

static bool is_plain(char c)
{
	return c > 0x20 && c < 0x7F;
}

/* A single blank between ASCII characters: it stays. */
static inline bool is_plain_blank(const char *begin, const char *p, const char *end)
{
	return *p == ' ' && p > begin && p + 1 < end && is_plain(p[-1]) && is_plain(p[1]);
}

/* The gap that begins at `p`, as long as it goes on: its end; NULL: there is none. */
static const char *gap_end(const char *p, const char *end, bool *white)
{
	const char *q = p;
	enum gap kind = gap_of(utf8_next(&q, end));
	if (kind == GAP_NONE)
		return NULL;
	*white = kind == GAP_WHITE;
	for (p = q; q < end && (kind = gap_of(utf8_next(&q, end))) != GAP_NONE; p = q)
		*white = *white || kind == GAP_WHITE;
	return p;
}

/* Is the gap a blank: white, with something on both sides that is written with blanks? */
static bool is_blank(mr_bytes in, const char *gap, const char *behind)
{
	const char *end = in.data + in.len;
	return gap > in.data && behind < end && !is_unspaced(utf8_prev(in.data, &gap)) && !is_unspaced(utf8_next(&behind, end));
}

/* ---- folding ---- */

/* Bytes that may begin a gap. */
static const uint8_t may_be_gap[256] = {
	[0x09] = 1, [0x0A] = 1, [0x0B] = 1, [0x0C] = 1, [0x0D] = 1, [0x1F] = 1, [0x20] = 1, [0xC2] = 1, [0xE1] = 1, [0xE2] = 1, [0xE3] = 1, [0xEF] = 1,
};

/* From byte `from` of `in` on, of which `out` may hold the beginning already (`begun`: not nothing), until it has grown by more than `most` bytes. */
static void fold_from(mr_bytes in, size_t from, bool begun, unsigned flags, size_t most, buf *out, buf *origin)
{
	const char *end = in.data + in.len, *run = in.data + from, *behind, *p = run;
	size_t first = out->len;
	bool white;
	assert(!(flags & FOLD_LETTERS));
	for (; p < end && out->len - first <= most; p++) {
		bool gap = may_be_gap[(unsigned char)*p] && !is_plain_blank(in.data, p, end) && (behind = gap_end(p, end, &white));
		if (!gap && (p - run < RUN_BYTES || ((unsigned char)*p & 0xC0) == 0x80))
			continue;
		size_t stop = fold_span(in, (size_t)(run - in.data), (size_t)(p - in.data), flags, out, origin);
		if (gap && white && (begun || out->len > first) && is_blank(in, p, behind)) {
			buf_add_char(out, ' ');
			if (origin)
				buf_add(origin, &(uint32_t){(uint32_t)(p - in.data)}, sizeof(uint32_t));
		}
		run = gap ? behind : in.data + stop;
		p = run - 1;
	}
	if (p >= end)
		fold_span(in, (size_t)(run - in.data), in.len, flags, out, origin);
}

void watch_fold(mr_bytes in, unsigned flags, buf *out, buf *origin)
{
	fold_from(in, 0, false, flags, SIZE_MAX, out, origin);
}

static inline uint64_t eight_bytes(const char *at)
{
	const unsigned char *p = (const unsigned char *)at;
	uint64_t low = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return low | (uint64_t)((uint32_t)p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24) << 32;      /* one load */
}

/* Three bytes of UTF-8 among four: the character; less than 0x800: they are none. */
static inline uint32_t three_byte_char(uint32_t four)
{
	if ((four & 0x00C0C0F0) != 0x008080E0)
		return 0;
	return (four & 0x0F) << 12 | (four >> 2 & 0xFC0) | (four >> 16 & 0x3F);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fold_known stores an entry of the table as it is");

/* Characters that the table knows, up to the first that it does not, or to the last bytes; at most `most` bytes, and as many of output are there. Half of a look at an article is spent here,
 * so there is no branch that depends on which ideograph it is: one of seven begins words, and no processor foresees which. */
static const char *fold_known(mr_bytes in, const char *at, const fold_quick *table, buf *out, size_t most)
{
	const char *end = in.data + in.len, *stop = end - at < 8 ? at : (size_t)(end - at) < most + 8 ? end - 7 : at + most;
	char *to = out->data + out->len;
	while (at < stop) {
		uint64_t eight = eight_bytes(at);
		uint32_t c = three_byte_char((uint32_t)eight), folded;
		if (c >= 0x800) {
			folded = table->to[c];
			folded &= (folded >> FOLD_QUICK_WORD & (uint32_t)(table->seconds[c & 4095] >> (eight >> 40 & 63)) & 1) - 1;     /* perhaps a word: 0 */
			if (!folded)
				break;
			memcpy(to, &folded, 4);          /* what is too much is written over */
			to += folded >> FOLD_QUICK_LEN & 3;
			at += 3;
		} else {
			folded = eight & 0x80 ? 0 : table->to[eight & 0x7F];
			if (!folded && !is_plain_blank(in.data, at, end))
				break;
			*to++ = folded ? (char)folded : ' ';
			at++;
		}
	}
	out->len = (size_t)(to - out->data);
	return at;
}

void watch_fold_fast(mr_bytes in, const fold_quick *table, buf *out, buf *points)
{
	const char *at = in.data, *end = in.data + in.len, *behind, *next_point = points ? at : end;
	size_t first = out->len;
	bool white;
	buf_reserve(out, in.len + 64);
	while (at < end) {
		if (at >= next_point) {
			buf_add(points, &(struct point){(uint32_t)(at - in.data), (uint32_t)out->len}, sizeof(struct point));
			next_point = at + POINT_BYTES;
		}
		size_t room = out->cap - out->len - 8;
		at = fold_known(in, at, table, out, points && room > 4 * POINT_BYTES ? 4 * POINT_BYTES : room);
		if (at == end)
			break;
		if (is_plain_blank(in.data, at, end)) {
			buf_add_char(out, ' ');
			at++;
		} else if ((behind = gap_end(at, end, &white))) {
			if (white && out->len > first && is_blank(in, at, behind))
				buf_add_char(out, ' ');
			at = behind;
		} else {
			const char *next = at;
			utf8_next(&next, end);
			at = in.data + fold_span(in, (size_t)(at - in.data), (size_t)(next - in.data), WATCH_FOLD, out, NULL);
		}
		if (out->cap - out->len < 64)
			buf_reserve(out, (size_t)(end - at) + 64);
	}
	buf_add(out, "", 0);
}

/* Gaps are for the slow way. */
fold_quick *watch_fold_table(void)
{
	fold_quick *table = mem_alloc(sizeof *table);
	fold_quick_make(WATCH_FOLD, table);
	for (uint32_t c = 0; c < 0x10000; c++)
		if (gap_of(c) != GAP_NONE)
			table->to[c] = 0;
	return table;
}

watch_text *watch_text_new(void)
{
	watch_text *self = mem_alloc(sizeof *self);
	self->table = watch_fold_table();
	return self;
}

void watch_text_free(watch_text **self_p)
{
	watch_text *self = *self_p;
	if (!self)
		return;
	buf_free(&self->folded);
	buf_free(&self->again);
	buf_free(&self->origin);
	buf_free(&self->points);
	free(self->table);
	free(self);
	*self_p = NULL;
}

void watch_text_begin(watch_text *self)
{
	buf_clear(&self->folded);
	memset(self->parts, 0, sizeof self->parts);
	buf_clear(&self->points);
}

void watch_text_add(watch_text *self, enum watch_part part, mr_bytes source)
{
	buf *out = &self->folded;
	if (out->len)
		buf_add_char(out, BREAK);
	self->parts[part].source = source.data ? source : (mr_bytes){"", 0};
	self->parts[part].from = out->len;
	watch_fold_fast(self->parts[part].source, self->table, out, &self->points);
	self->parts[part].to = out->len;
}

mr_bytes watch_text_folded(const watch_text *self)
{
	return buf_bytes(&self->folded);
}

enum watch_part watch_text_part(const watch_text *self, size_t at)
{
	for (int p = PART_BODY; p > 0; p--)
		if (self->parts[p].source.data && at >= self->parts[p].from)
			return (enum watch_part)p;
	return PART_KICKER;
}

mr_bytes watch_text_source(const watch_text *self, enum watch_part part)
{
	return self->parts[part].source;
}

/* ---- the way back ---- */

/* The last point at or before a folded place. There is one: every part begins with one. */
static struct point point_before(const watch_text *self, size_t at)
{
	const struct point *points = (const struct point *)(const void *)self->points.data;
	size_t low = 0, high = self->points.len / sizeof *points;
	while (high - low > 1) {
		size_t mid = (low + high) / 2;
		if (points[mid].folded <= at)
			low = mid;
		else
			high = mid;
	}
	return points[low];
}

/* Byte of the source that folded byte `at` comes from, counted from where `again` begins; its length when there is no such byte any more. */
static size_t origin_at(const watch_text *self, size_t at, size_t source_len)
{
	size_t characters = 0;
	uint32_t byte;
	if (at >= self->again.len)
		return source_len;
	for (size_t i = 0; i < at; i++)
		characters += ((unsigned char)self->again.data[i] & 0xC0) != 0x80;
	memcpy(&byte, self->origin.data + characters * sizeof byte, sizeof byte);
	return byte;
}

void watch_text_locate(watch_text *self, size_t from, size_t to, size_t *source_from, size_t *source_to)
{
	enum watch_part part = watch_text_part(self, from);
	mr_bytes source = self->parts[part].source;
	struct point base = point_before(self, from);
	buf_clear(&self->again);
	buf_clear(&self->origin);
	fold_from(source, base.source, base.folded > self->parts[part].from, WATCH_FOLD, to - base.folded + RUN_BYTES, &self->again, &self->origin);
	*source_from = origin_at(self, from - base.folded, source.len);
	*source_to = origin_at(self, to - base.folded, source.len);
	for (size_t next = to - base.folded + 1; *source_to <= *source_from; next++)     /* one character that folds to several (㎡), or a word: all of it */
		*source_to = origin_at(self, next, source.len);
	for (const char *at = source.data + *source_to; at > source.data + *source_from && gap_of(utf8_prev(source.data, &at)) != GAP_NONE;)
		*source_to = (size_t)(at - source.data);
}
