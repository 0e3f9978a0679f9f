/* tagger_model.c - see tagger_model.h. The file, little endian:
 *
 *   0  8  "MRENTITY"             32 4  version of features    48 4  unit             64 32 name, NUL-padded
 *   8  4  TAGGER_MODEL_VERSION   36 4  version of folding     52 4  grams            96 32 0
 *  12  4  offset of the steps    40 2  types, 42 2 slots_log2 56 4  rows
 *  16  8  bytes of the file      44 4  names                  60 4  words
 *  24  8  XXH3-64 of [32, end)
 * 128 32  a type: its name; then steps (4 bytes each), tags (2 bytes a slot), cells (8 bytes a slot), rows, each from a multiple of 64
 */
#include "tagger_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"
#include "workers/entities/features.h"
#include "workers/entities/labels.h"
#include "workers/text/fold.h"
#include "workers/text/model_file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tables of a model file are used where they lie");
_Static_assert(sizeof(tagger_cell) == 8, "a cell is used where it lies");

#define UNIT_MAX 1000000                 /* one nat */
#define FULL_PERCENT 78                  /* of the slots at most: 12 or 13 in a bucket of 16 on average, the least important of some full ones are left out */

static const model_file_kind kind = {{'M', 'R', 'E', 'N', 'T', 'I', 'T', 'Y'}, TAGGER_MODEL_VERSION, TAGGER_MODEL_BYTES_MAX, "not a model file of the tagger", "larger than 64 MB"};

/* Where the parts of a file lie. */
typedef struct layout {
	size_t steps, tags, cells, rows, end;
} layout;

static size_t up64(size_t at)
{
	return (at + 63) / 64 * 64;
}

static uint32_t stride_of(uint32_t types)
{
	return (4 * types + 15) / 16 * 16;
}

static layout layout_of(uint32_t types, uint32_t slots_log2, uint32_t rows)
{
	layout l = {.steps = up64(MODEL_FILE_HEAD + (size_t)types * TAGGER_TYPE_BYTES)};
	l.tags = up64(l.steps + (size_t)STEPS_OF(types) * 4);
	l.cells = up64(l.tags + ((size_t)2 << slots_log2));
	l.rows = up64(l.cells + (sizeof(tagger_cell) << slots_log2));
	l.end = l.rows + (size_t)rows * stride_of(types);
	return l;
}

static bool name_read(reader *in, char out[TAGGER_TYPE_BYTES])
{
	mr_bytes raw = read_bytes(in, TAGGER_TYPE_BYTES);
	if (!raw.data)
		return false;
	size_t len = strnlen(raw.data, TAGGER_TYPE_BYTES);
	if (!len || len == TAGGER_TYPE_BYTES || strspn(raw.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") < len)
		return false;
	memcpy(out, raw.data, TAGGER_TYPE_BYTES);
	return true;
}

/* NULL, or what is wrong with the head (all but size and checksum, which were checked before). */
static const char *head_read(reader *in, tagger_model *self)
{
	self->features = read_u32(in);
	if (read_u32(in) != FOLD_VERSION || self->features < TAGGER_FEATURES_OLDEST || self->features > TAGGER_FEATURES_VERSION)
		return "made for other features or folding tables than this program has: train it again";
	self->type_count = read_u16(in);
	self->slots_log2 = read_u16(in);
	self->name_count = read_u32(in);
	self->unit = read_u32(in);
	self->gram_count = read_u32(in);
	self->row_count = read_u32(in);
	self->word_count = read_u32(in);
	if (self->type_count < 1 || self->type_count > TAGGER_TYPES_MAX || self->slots_log2 < TAGGER_SLOTS_LOG2_MIN || self->slots_log2 > TAGGER_SLOTS_LOG2_MAX ||
	    self->row_count > TAGGER_ROWS_MAX || self->unit < 1 || self->unit > UNIT_MAX)
		return "impossible sizes";
	if (!name_read(in, self->name))
		return "no name";
	read_bytes(in, MODEL_FILE_HEAD - 96);
	for (uint32_t i = 0; i < self->type_count; i++) {
		if (!name_read(in, self->types[i]))
			return "impossible type";
		if (i && strcmp(self->types[i - 1], self->types[i]) >= 0)
			return "its types are not in order";
	}
	self->stride = stride_of(self->type_count);
	return in->bad ? "cut short" : NULL;
}

/* Every index and value that the tagger relies on. */
static const char *tables_check(const tagger_model *self)
{
	for (uint32_t i = 0; i < STEPS_OF(self->type_count); i++)
		if (self->steps[i] < -TAGGER_STEP_MAX || self->steps[i] > TAGGER_STEP_MAX)
			return "impossible values";
	uint32_t grams = 0, words = 0, names = 0;
	for (size_t i = 0; i < (size_t)1 << self->slots_log2; i++) {
		const tagger_cell *cell = &self->cells[i];
		uint32_t rows = (uint32_t)__builtin_popcount(cell->places);
		if (!self->tags[i])
			continue;
		if (cell->places >> TAGGER_PLACES_MAX || rows > self->row_count || cell->row > self->row_count - rows)
			return "impossible table";
		grams++;
		words += cell->class != 0;
		names += cell->name != 0;
	}
	return grams == self->gram_count && words == self->word_count && names == self->name_count ? NULL : "impossible table";
}

static const char *file_check(tagger_model *self, mr_bytes file)
{
	reader in = reader_of(file);
	model_file_head frame;
	const char *bad = model_file_check(&kind, file, &in, &frame);
	if (bad)
		return bad;
	self->fingerprint = frame.fingerprint;
	const char *wrong = head_read(&in, self);
	if (wrong)
		return wrong;
	layout at = layout_of(self->type_count, self->slots_log2, self->row_count);
	if (frame.tables_at != at.steps || file.len != at.end)
		return "impossible sizes";
	self->steps = (const int32_t *)(const void *)(file.data + at.steps);
	self->tags = (const uint16_t *)(const void *)(file.data + at.tags);
	self->cells = (const tagger_cell *)(const void *)(file.data + at.cells);
	self->rows = (const int8_t *)(file.data + at.rows);
	return tables_check(self);
}

int tagger_model_read(tagger_model *self, mr_bytes file, char error[256])
{
	*self = (tagger_model){.base = file.data, .bytes = file.len};
	const char *wrong = file_check(self, file);
	if (wrong)
		snprintf(error, 256, "model: %s", wrong);
	return wrong ? -1 : 0;
}

int tagger_model_open(tagger_model *self, const char *path, char error[256])
{
	*self = (tagger_model){0};
	mr_bytes file = {0};
	const char *wrong = model_file_map(&kind, path, &file);
	if (!wrong) {
		*self = (tagger_model){.base = file.data, .bytes = file.len, .mapped = true};
		wrong = file_check(self, file);
	}
	if (wrong) {
		snprintf(error, 256, "model %.120s: %s", path, wrong);
		tagger_model_close(self);
	}
	return wrong ? -1 : 0;
}

void tagger_model_close(tagger_model *self)
{
	if (self->mapped)
		model_file_unmap((mr_bytes){self->base, self->bytes});
	*self = (tagger_model){0};
}

uint32_t tagger_type_count(const tagger_model *self)
{
	return self->type_count;
}

const char *tagger_type_name(const tagger_model *self, uint32_t type)
{
	return type < self->type_count ? self->types[type] : NULL;
}

int tagger_type_find(const tagger_model *self, const char *name)
{
	for (uint32_t i = 0; i < self->type_count; i++)
		if (strcmp(self->types[i], name) == 0)
			return (int)i;
	return -1;
}

/* ---- writing ---- */

typedef struct writer {
	const tagger_model *head;
	uint32_t slots_log2, gram_count, row_count, word_count, name_count;
	uint16_t *tags;
	tagger_cell *cells;
	int8_t *rows;
} writer;

static void gram_put(writer *self, const tagger_gram *gram)
{
	uint32_t at = bucket_first(self->slots_log2, gram->hash), end = at + (1u << BUCKET_LOG2);
	uint16_t tag = bucket_tag(gram->hash);
	while (at < end && self->tags[at] && self->tags[at] != tag)
		at++;
	if (at == end || self->tags[at])         /* two grams of one bucket and tag are one to a reader; the first stays */
		return;
	uint32_t types = self->head->type_count, stride = stride_of(types), rows = (uint32_t)__builtin_popcount(gram->places);
	self->tags[at] = tag;
	self->cells[at] = (tagger_cell){.row = self->row_count, .places = gram->places, .class = gram->class, .flags = gram->flags, .name = gram->name};
	for (uint32_t i = 0; i < rows; i++)
		memcpy(self->rows + (size_t)(self->row_count + i) * stride, gram->rows + (size_t)i * 4 * types, 4 * types);
	self->row_count += rows;
	self->gram_count++;
	self->word_count += gram->class != 0;
	self->name_count += gram->name != 0;
}

static void add_zeros(buf *out, size_t upto)
{
	while (out->len < upto)
		buf_add_u8(out, 0);
}

static void head_add(buf *out, const writer *self, const layout *at)
{
	buf_add(out, kind.magic, sizeof kind.magic);
	buf_add_u32(out, TAGGER_MODEL_VERSION);
	buf_add_u32(out, (uint32_t)at->steps);
	buf_add_u64(out, at->end);
	buf_add_u64(out, 0);
	buf_add_u32(out, self->head->features);
	buf_add_u32(out, FOLD_VERSION);
	buf_add_u16(out, (uint16_t)self->head->type_count);
	buf_add_u16(out, (uint16_t)self->slots_log2);
	buf_add_u32(out, self->name_count);
	buf_add_u32(out, self->head->unit);
	buf_add_u32(out, self->gram_count);
	buf_add_u32(out, self->row_count);
	buf_add_u32(out, self->word_count);
	buf_add(out, self->head->name, TAGGER_TYPE_BYTES);
	add_zeros(out, MODEL_FILE_HEAD);
	for (uint32_t i = 0; i < self->head->type_count; i++)
		buf_add(out, self->head->types[i], TAGGER_TYPE_BYTES);
}

static void file_add(buf *out, const writer *self, const int32_t *steps, const layout *at)
{
	buf file = {0};
	head_add(&file, self, at);
	add_zeros(&file, at->steps);
	for (uint32_t i = 0; i < STEPS_OF(self->head->type_count); i++)
		buf_add_u32(&file, (uint32_t)steps[i]);
	add_zeros(&file, at->tags);
	buf_add(&file, self->tags, (size_t)2 << self->slots_log2);
	add_zeros(&file, at->cells);
	buf_add(&file, self->cells, sizeof *self->cells << self->slots_log2);
	add_zeros(&file, at->rows);
	buf_add(&file, self->rows, (size_t)self->row_count * stride_of(self->head->type_count));
	uint64_t sum = XXH3_64bits(file.data + MODEL_FILE_CHECKED, file.len - MODEL_FILE_CHECKED);
	memcpy(file.data + 24, &sum, sizeof sum);
	buf_add(out, file.data, file.len);
	buf_free(&file);
}

int tagger_model_write(const tagger_model *head, const int32_t *steps, const tagger_gram *grams, size_t count, buf *out)
{
	writer self = {.head = head, .slots_log2 = TAGGER_SLOTS_LOG2_MIN};
	size_t rows = 0;
	for (size_t i = 0; i < count; i++)
		rows += (size_t)__builtin_popcount(grams[i].places);
	while (self.slots_log2 < TAGGER_SLOTS_LOG2_MAX && count * 100 > ((size_t)FULL_PERCENT << self.slots_log2))
		self.slots_log2++;
	if (rows > TAGGER_ROWS_MAX || layout_of(head->type_count, self.slots_log2, (uint32_t)rows).end > TAGGER_MODEL_BYTES_MAX)
		return -1;
	self.tags = mem_array((size_t)1 << self.slots_log2, sizeof *self.tags);
	self.cells = mem_array((size_t)1 << self.slots_log2, sizeof *self.cells);
	self.rows = mem_array(rows + 1, stride_of(head->type_count));
	for (size_t i = 0; i < count; i++)
		gram_put(&self, &grams[i]);
	layout at = layout_of(head->type_count, self.slots_log2, self.row_count);
	file_add(out, &self, steps, &at);
	free(self.tags);
	free(self.cells);
	free(self.rows);
	return 0;
}
