/* sketch_pieces.c - see sketch_pieces.h. The blob, little endian:
 *
 *   sketch of the whole text, SKETCH_ENCODED_BYTES | and, only when the text is cut:
 *   pieces 1 | heads 1 | tails 1 | wide 1 (positions have 4 bytes, not 2) | then of each piece
 *     hash 4 | weight 4 | figure 8, 8 | twice, within and beyond (not of the last piece):   runs 4 | cells 1 | keys 1 | cell ... | key ...
 *   cell   bucket 7 bits, order 21, value 4 | position 2 or 4, counted from the first of these runs
 *   key    bucket 1 | turned hash 8 */
#include "sketch_pieces.h"

#include <assert.h>

static void clear_piece(sketch_piece *p)
{
	memset(p, 0, sizeof *p);
	for (size_t j = 0; j < 2; j++) {
		memset(p->runs[j].cell, 0xFF, sizeof p->runs[j].cell);
		memset(p->runs[j].key, 0xFF, sizeof p->runs[j].key);
	}
}

void sketch_pieces_clear(sketch_pieces *self)
{
	self->count = self->heads = self->tails = 0;
	for (size_t k = 0; k < SKETCH_PIECES_MAX; k++)
		clear_piece(&self->piece[k]);
}

/* The piece between heads and tails, which is always there; `count` when there is none. */
static size_t rest_of(const sketch_pieces *self)
{
	return self->heads + self->tails + 1 == self->count ? self->heads : self->count;
}

/* ---- merging ---- */

typedef struct merge {
	uint64_t cell[SKETCH_BUCKETS], key[SKETCH_KEY_BUCKETS];
	uint32_t runs, seen;     /* taken; passed in the whole text */
} merge;

static void take_runs(merge *self, const struct sketch_runs *runs, bool take)
{
	uint64_t shift = ((uint64_t)self->runs - self->seen) << 4;        /* position in the text that stays; modulo 2^64 */
	self->seen += runs->count;
	if (!take)
		return;
	for (size_t b = 0; b < SKETCH_BUCKETS; b++) {
		uint64_t cell = runs->cell[b] == SKETCH_NO_CELL ? SKETCH_NO_CELL : runs->cell[b] + shift;
		self->cell[b] = cell < self->cell[b] ? cell : self->cell[b];
	}
	for (size_t b = 0; b < SKETCH_KEY_BUCKETS; b++)
		self->key[b] = runs->key[b] < self->key[b] ? runs->key[b] : self->key[b];
	self->runs += runs->count;
}

static void write_planes(const merge *self, sketch *out)
{
	uint64_t runs = self->runs;
	for (size_t i = 0; i < SKETCH_BUCKETS; i++) {
		uint64_t cell = self->cell[i], at = (cell >> 4 & UINT32_MAX) * 4;
		if (cell == SKETCH_NO_CELL)
			continue;
		unsigned quarter = (at >= runs) + (at >= 2 * runs) + (at >= 3 * runs);
		for (unsigned p = 0; p < 4; p++)
			out->value[p][i / 64] |= (cell >> p & 1) << i % 64;
		for (unsigned p = 0; p < 2; p++)
			out->place[p][i / 64] |= (uint64_t)(quarter >> p & 1) << i % 64;
	}
	for (size_t i = 0, kept = 0; i < SKETCH_KEY_BUCKETS && kept < SKETCH_KEYS; i++)
		if (self->key[i] != SKETCH_NO_CELL)
			out->key[kept++] = (uint32_t)(sketch_mix(self->key[i] + i) | 1);
}

void sketch_pieces_merge(const sketch_pieces *self, uint32_t left_out, const sketch *whole, sketch *out)
{
	merge all = {0};
	uint64_t weight = 0;
	sketch made = {.exact = whole->exact, .title_figures = whole->title_figures};
	memcpy(made.title, whole->title, sizeof made.title);
	memset(all.cell, 0xFF, sizeof all.cell);
	memset(all.key, 0xFF, sizeof all.key);
	for (size_t k = 0; k < self->count; k++) {
		const sketch_piece *p = &self->piece[k];
		bool stays = !(left_out >> k & 1), next = k + 1 < self->count && !(left_out >> (k + 1) & 1);
		take_runs(&all, &p->runs[0], stays);
		take_runs(&all, &p->runs[1], stays && next);
		if (!stays)
			continue;
		weight += p->weight;
		made.figure[0] |= p->figure[0];
		made.figure[1] |= p->figure[1];
	}
	weight /= SKETCH_WEIGHT_HAN;
	made.weight = weight > UINT16_MAX ? UINT16_MAX : (uint16_t)weight;
	made.shingles = all.runs;
	write_planes(&all, &made);
	*out = made;
}

/* ---- the blob ---- */

static bool is_wide(const sketch_pieces *self)
{
	for (size_t k = 0; k < self->count; k++)
		if (self->piece[k].runs[0].count > UINT16_MAX || self->piece[k].runs[1].count > UINT16_MAX)
			return true;
	return false;
}

/* A cell, least significant byte first. Returns what is behind it. */
static unsigned char *put_cell(unsigned char *at, uint32_t packed, uint32_t position, bool wide)
{
	for (int i = 0; i < 4; i++)
		*at++ = (unsigned char)(packed >> 8 * i);
	for (int i = 0; i < (wide ? 4 : 2); i++)
		*at++ = (unsigned char)(position >> 8 * i);
	return at;
}

/* Cells and keys of `runs` that are smaller than those of the rest, which never goes. */
static void encode_runs(const struct sketch_runs *runs, const struct sketch_runs *rest, uint32_t first, bool wide, buf *out)
{
	size_t at = out->len + 4, cells = 0, keys = 0;
	buf_add_u32(out, runs->count);
	buf_add_u16(out, 0);
	unsigned char *to = (unsigned char *)buf_reserve(out, SKETCH_BUCKETS * 8);
	for (size_t b = 0; b < SKETCH_BUCKETS; b++) {
		uint64_t cell = runs->cell[b];
		if (cell == SKETCH_NO_CELL || (rest && rest != runs && rest->cell[b] >> 36 < cell >> 36))
			continue;
		to = put_cell(to, (uint32_t)(b << 25 | cell >> 36 << 4 | (cell & 15)), (uint32_t)(cell >> 4) - first, wide);
		cells++;
	}
	out->len = (size_t)(to - (unsigned char *)out->data);
	for (size_t b = 0; b < SKETCH_KEY_BUCKETS; b++) {
		if (runs->key[b] == SKETCH_NO_CELL || (rest && rest != runs && rest->key[b] < runs->key[b]))
			continue;
		buf_add_u8(out, (uint8_t)b);
		buf_add_u64(out, runs->key[b]);
		keys++;
	}
	out->data[at] = (char)cells;
	out->data[at + 1] = (char)keys;
}

void sketch_pieces_encode(const sketch_pieces *self, const sketch *whole, buf *out)
{
	sketch_encode(whole, out);
	if (self->count < 2)
		return;
	size_t rest = rest_of(self);
	const struct sketch_runs *always = rest < self->count ? &self->piece[rest].runs[0] : NULL;
	bool wide = is_wide(self);
	buf_add_u8(out, (uint8_t)self->count);
	buf_add_u8(out, (uint8_t)self->heads);
	buf_add_u8(out, (uint8_t)self->tails);
	buf_add_u8(out, wide);
	uint32_t first = 0;
	for (size_t k = 0; k < self->count; k++) {
		const sketch_piece *p = &self->piece[k];
		buf_add_u32(out, p->hash);
		buf_add_u32(out, p->weight);
		buf_add_u64(out, p->figure[0]);
		buf_add_u64(out, p->figure[1]);
		for (size_t j = 0; j < (k + 1 < self->count ? 2 : 1); j++) {
			encode_runs(&p->runs[j], always, first, wide, out);
			first += p->runs[j].count;
		}
	}
}

static int decode_runs(reader *in, bool wide, uint64_t *first, struct sketch_runs *runs)
{
	runs->count = read_u32(in);
	size_t cells = read_u8(in), keys = read_u8(in);
	if (in->bad || *first + runs->count > UINT32_MAX || cells > SKETCH_BUCKETS || keys > SKETCH_KEY_BUCKETS)
		return -1;
	const unsigned char *at = (const unsigned char *)read_bytes(in, cells * (wide ? 8 : 6)).data;
	for (size_t i = 0; i < cells && at; i++) {
		uint32_t packed = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24, position = (uint32_t)at[4] | (uint32_t)at[5] << 8;
		if (wide)
			position |= (uint32_t)at[6] << 16 | (uint32_t)at[7] << 24;
		at += wide ? 8 : 6;
		if (position >= runs->count || !(packed & 15))
			return -1;
		runs->cell[packed >> 25] = (uint64_t)(packed >> 4 & 0x1FFFFF) << 36 | (*first + position) << 4 | (packed & 15);
	}
	for (size_t i = 0; i < keys; i++) {
		size_t bucket = read_u8(in);
		if (bucket >= SKETCH_KEY_BUCKETS)
			return -1;
		runs->key[bucket] = read_u64(in);
	}
	*first += runs->count;
	return in->bad ? -1 : 0;
}

int sketch_pieces_decode(mr_bytes blob, sketch *whole, sketch_pieces *self)
{
	self->count = self->heads = self->tails = 0;
	if (blob.len < SKETCH_ENCODED_BYTES || sketch_decode((mr_bytes){blob.data, SKETCH_ENCODED_BYTES}, whole))
		return -1;
	if (blob.len == SKETCH_ENCODED_BYTES)
		return 0;
	reader in = reader_of((mr_bytes){blob.data + SKETCH_ENCODED_BYTES, blob.len - SKETCH_ENCODED_BYTES});
	self->count = read_u8(&in);
	self->heads = read_u8(&in);
	self->tails = read_u8(&in);
	bool wide = read_u8(&in);
	if (in.bad || self->count < 2 || self->count > SKETCH_PIECES_MAX || self->heads > SKETCH_EDGES || self->tails > SKETCH_EDGES)
		return -1;
	if (self->heads > self->count || self->tails > self->count || self->heads + self->tails + 1 < self->count)
		return -1;
	uint64_t first = 0;
	for (size_t k = 0; k < self->count; k++) {
		sketch_piece *p = &self->piece[k];
		clear_piece(p);
		p->hash = read_u32(&in);
		p->weight = read_u32(&in);
		p->figure[0] = read_u64(&in);
		p->figure[1] = read_u64(&in);
		for (size_t j = 0; j < (k + 1 < self->count ? 2 : 1); j++)
			if (decode_runs(&in, wide, &first, &p->runs[j]))
				return -1;
	}
	return in.bad || read_left(&in) ? -1 : 0;
}
