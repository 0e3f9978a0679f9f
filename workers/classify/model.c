/* model.c - see model.h. The file:
 *
 *   0  8  "MRTOPICS"            32 4  version of tokens     56 4  title_times       72 32 name, NUL-padded
 *   8  4  MODEL_VERSION         36 4  version of features   60 4  lead_times       104 4 components, 24 0
 *  12  4  offset of the tags    40 4  version of folding    64 4  title_share
 *  16  8  bytes of the file     44 4  flags                 68 4  rarity_step
 *  24  8  XXH3-64 of [32, end)  48 2  slots_log2, 50 2 labels, 52 4 features
 * 128 64  a label: name 32, slope, offset, threshold, section_threshold (float each), 0
 *     16  a component: label (4), bias, weight_step (float each), 0
 *         zeros up to a multiple of 64, tags (2 bytes a slot), cells (2 bytes * (1 + components) a feature)
 * Flags: 1 single, 2 marks, 4 words.
 */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"
#include "workers/classify/features.h"
#include "workers/text/fold.h"
#include "workers/text/model_file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tables of a model file are used where they lie");

#define LABEL_BYTES 64
#define COMPONENT_BYTES 16
#define FLAG_SINGLE 1u
#define FLAG_MARKS 2u
#define FLAG_WORDS 4u
#define TIMES_MAX 16
#define FULL_PERCENT 50          /* of the slots at most: eight features in a bucket of 16 on average, one bucket in 250 overflows (Poisson) */

static const model_file_kind kind = {{'M', 'R', 'T', 'O', 'P', 'I', 'C', 'S'}, MODEL_VERSION, MODEL_BYTES_MAX, "not a model file of the classifier", "larger than 16 MB"};

static size_t tags_offset(const model_head *head)
{
	return (MODEL_FILE_HEAD + head->label_count * LABEL_BYTES + head->component_count * COMPONENT_BYTES + 63) / 64 * 64;
}

static size_t file_bytes(const model_head *head)
{
	return tags_offset(head) + ((size_t)2 << head->slots_log2) + (size_t)2 * (1 + head->component_count) * head->features;
}

static float read_float(reader *in)
{
	uint32_t bits = read_u32(in);
	float value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static bool name_read(reader *in, char out[MODEL_NAME_BYTES])
{
	mr_bytes raw = read_bytes(in, MODEL_NAME_BYTES);
	if (!raw.data)
		return false;
	size_t len = strnlen(raw.data, MODEL_NAME_BYTES);
	if (!len || len == MODEL_NAME_BYTES || strspn(raw.data, "abcdefghijklmnopqrstuvwxyz0123456789_-") < len)
		return false;
	memcpy(out, raw.data, MODEL_NAME_BYTES);
	return true;
}

static bool within(float value, float low, float high)
{
	return isfinite(value) && value >= low && value <= high;
}

static bool label_read(reader *in, model_label *label)
{
	bool named = name_read(in, label->name);
	label->slope = read_float(in);
	label->offset = read_float(in);
	label->threshold = read_float(in);
	label->section_threshold = read_float(in);
	read_bytes(in, LABEL_BYTES - MODEL_NAME_BYTES - 16);
	return named && within(label->slope, -1e6f, 1e6f) && within(label->offset, -1e6f, 1e6f) && within(label->threshold, 0, 1) &&
	       within(label->section_threshold, 0, 2);
}

/* `before`: the component in front of it, NULL for the first one: labels come in their order, none is left out. */
static bool component_read(reader *in, model_component *out, const model_component *before)
{
	out->label = read_u32(in);
	out->bias = read_float(in);
	out->weight_step = read_float(in);
	read_bytes(in, COMPONENT_BYTES - 12);
	bool in_order = before ? out->label - before->label <= 1 : out->label == 0;
	return in_order && within(out->bias, -1e6f, 1e6f) && within(out->weight_step, 0, 1e6f);
}

/* NULL, or what is wrong with the head (all but size and checksum, which were checked before). */
static const char *head_read(reader *in, model_head *head)
{
	if (read_u32(in) != TOKENS_VERSION || read_u32(in) != FEATURES_VERSION || read_u32(in) != FOLD_VERSION)
		return "made for other tokens, features or folding tables than this program has: train it again";
	uint32_t flags = read_u32(in);
	head->single = flags & FLAG_SINGLE;
	head->marks = flags & FLAG_MARKS;
	head->words = flags & FLAG_WORDS;
	head->slots_log2 = read_u16(in);
	head->label_count = read_u16(in);
	head->features = read_u32(in);
	head->title_times = read_u32(in);
	head->lead_times = read_u32(in);
	head->title_share = read_float(in);
	head->rarity_step = read_float(in);
	if (flags & ~(FLAG_SINGLE | FLAG_MARKS | FLAG_WORDS))
		return "made by a later program: flags that this one does not know";
	if (head->slots_log2 < MODEL_SLOTS_LOG2_MIN || head->slots_log2 > MODEL_SLOTS_LOG2_MAX || head->label_count < 1 ||
	    head->label_count > MODEL_LABELS_MAX || head->features > 1u << head->slots_log2)
		return "impossible sizes";
	if (head->title_times > TIMES_MAX || head->lead_times > TIMES_MAX || !within(head->title_share, 0, 100) || !within(head->rarity_step, 0, 1))
		return "impossible values";
	if (!name_read(in, head->name))
		return "no name";
	head->component_count = read_u32(in);
	if (head->component_count < head->label_count || head->component_count > MODEL_COMPONENTS_MAX)
		return "impossible sizes";
	read_bytes(in, MODEL_FILE_HEAD - 108);
	for (uint32_t i = 0; i < head->label_count; i++)
		if (!label_read(in, &head->labels[i]))
			return "impossible label";
	for (uint32_t i = 0; i < head->component_count; i++)
		if (!component_read(in, &head->components[i], i ? &head->components[i - 1] : NULL))
			return "impossible component";
	if (head->components[head->component_count - 1].label != head->label_count - 1)
		return "impossible component";
	return in->bad ? "cut short" : NULL;
}

/* Numbers the features. False: a bucket with a hole, or not as many of them as the head says. */
static bool features_number(model *self)
{
	size_t buckets = (size_t)1 << (self->head.slots_log2 - BUCKET_LOG2);
	uint32_t count = 0;
	self->first = mem_array(buckets, sizeof *self->first);
	for (size_t b = 0; b < buckets; b++) {
		const uint16_t *tags = self->tags + (b << BUCKET_LOG2);
		self->first[b] = count;
		for (uint32_t i = 0; i < 1u << BUCKET_LOG2; i++) {
			if (tags[i] && i && !tags[i - 1])
				return false;
			count += tags[i] != 0;
		}
	}
	return count == self->head.features;
}

static const char *file_check(model *self, mr_bytes file)
{
	reader in = reader_of(file);
	model_file_head frame;
	const char *bad = model_file_check(&kind, file, &in, &frame);
	if (bad)
		return bad;
	self->fingerprint = frame.fingerprint;
	const char *wrong = head_read(&in, &self->head);
	if (wrong)
		return wrong;
	if (frame.tables_at != tags_offset(&self->head) || file.len != file_bytes(&self->head))
		return "impossible sizes";
	self->tags = (const uint16_t *)(const void *)(file.data + frame.tables_at);
	self->cells = self->tags + ((size_t)1 << self->head.slots_log2);
	return features_number(self) ? NULL : "impossible table";
}

int model_read(model *self, mr_bytes file, char error[256])
{
	*self = (model){.base = file.data, .bytes = file.len};
	const char *wrong = file_check(self, file);
	if (wrong)
		snprintf(error, 256, "model: %s", wrong);
	if (wrong)
		model_close(self);
	return wrong ? -1 : 0;
}

int model_open(model *self, const char *path, char error[256])
{
	*self = (model){0};
	mr_bytes file = {0};
	const char *wrong = model_file_map(&kind, path, &file);
	if (!wrong) {
		*self = (model){.base = file.data, .bytes = file.len, .mapped = true};
		wrong = file_check(self, file);
	}
	if (wrong) {
		snprintf(error, 256, "model %.120s: %s", path, wrong);
		model_close(self);
	}
	return wrong ? -1 : 0;
}

void model_close(model *self)
{
	if (self->mapped)
		model_file_unmap((mr_bytes){self->base, self->bytes});
	free(self->first);
	*self = (model){0};
}

/* ---- writing ---- */

static void add_float(buf *out, float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	buf_add_u32(out, bits);
}

static void add_zeros(buf *out, size_t upto)
{
	while (out->len < upto)
		buf_add_u8(out, 0);
}

/* Steps so that the largest value uses all bits. */
static void steps_set(model_head *head, const model_feature *features, size_t count)
{
	float rarest = 0, largest[MODEL_COMPONENTS_MAX] = {0};
	for (size_t i = 0; i < count; i++) {
		rarest = fmaxf(rarest, features[i].rarity);
		for (uint32_t c = 0; c < head->component_count; c++)
			largest[c] = fmaxf(largest[c], fabsf(features[i].weights[c]));
	}
	head->rarity_step = rarest / UINT16_MAX;
	for (uint32_t c = 0; c < head->component_count; c++)
		head->components[c].weight_step = largest[c] / INT16_MAX;
}

static void cell_fill(const model_head *head, const model_feature *feature, uint16_t *cell)
{
	cell[0] = head->rarity_step > 0 ? (uint16_t)lrintf(feature->rarity / head->rarity_step) : 0;
	for (uint32_t c = 0; c < head->component_count; c++) {
		float step = head->components[c].weight_step;
		cell[1 + c] = (uint16_t)(int16_t)(step > 0 ? lrintf(feature->weights[c] / step) : 0);
	}
}

/* Puts features into the slots of the table, most important first: slots[i] is 1 + the index of what stands there; returns how many do. Two features of one bucket and tag are
 * one to a reader, and a bucket may be full: the first ones stay. */
static uint32_t table_fill(const model_head *head, const model_feature *features, size_t count, uint16_t *tags, uint32_t *slots)
{
	uint32_t used = 0;
	for (size_t i = 0; i < count; i++) {
		uint16_t *bucket = tags + bucket_first(head->slots_log2, features[i].hash), tag = bucket_tag(features[i].hash);
		uint32_t at = 0;
		while (at < 1u << BUCKET_LOG2 && bucket[at] && bucket[at] != tag)
			at++;
		if (at == 1u << BUCKET_LOG2 || bucket[at])
			continue;
		bucket[at] = tag;
		used++;
		slots[bucket + at - tags] = (uint32_t)i + 1;
	}
	return used;
}

static void cells_add(buf *out, const model_head *head, const model_feature *features, const uint32_t *slots)
{
	uint16_t cell[1 + MODEL_COMPONENTS_MAX];
	for (size_t slot = 0; slot < (size_t)1 << head->slots_log2; slot++)
		if (slots[slot]) {
			cell_fill(head, &features[slots[slot] - 1], cell);
			buf_add(out, cell, (1 + head->component_count) * sizeof *cell);
		}
}

static void head_add(buf *out, const model_head *head)
{
	buf_add(out, kind.magic, sizeof kind.magic);
	buf_add_u32(out, MODEL_VERSION);
	buf_add_u32(out, (uint32_t)tags_offset(head));
	buf_add_u64(out, file_bytes(head));
	buf_add_u64(out, 0);
	buf_add_u32(out, TOKENS_VERSION);
	buf_add_u32(out, FEATURES_VERSION);
	buf_add_u32(out, FOLD_VERSION);
	buf_add_u32(out, (head->single ? FLAG_SINGLE : 0) | (head->marks ? FLAG_MARKS : 0) | (head->words ? FLAG_WORDS : 0));
	buf_add_u16(out, (uint16_t)head->slots_log2);
	buf_add_u16(out, (uint16_t)head->label_count);
	buf_add_u32(out, head->features);
	buf_add_u32(out, head->title_times);
	buf_add_u32(out, head->lead_times);
	add_float(out, head->title_share);
	add_float(out, head->rarity_step);
	buf_add(out, head->name, MODEL_NAME_BYTES);
	buf_add_u32(out, head->component_count);
	add_zeros(out, MODEL_FILE_HEAD);
	for (uint32_t l = 0; l < head->label_count; l++) {
		const model_label *label = &head->labels[l];
		buf_add(out, label->name, MODEL_NAME_BYTES);
		add_float(out, label->slope);
		add_float(out, label->offset);
		add_float(out, label->threshold);
		add_float(out, label->section_threshold);
		add_zeros(out, MODEL_FILE_HEAD + (l + 1) * LABEL_BYTES);
	}
	for (uint32_t c = 0; c < head->component_count; c++) {
		buf_add_u32(out, head->components[c].label);
		add_float(out, head->components[c].bias);
		add_float(out, head->components[c].weight_step);
		buf_add_u32(out, 0);
	}
	add_zeros(out, tags_offset(head));
}

int model_write(const model_head *given, const model_feature *features, size_t count, buf *out)
{
	model_head head = *given;
	head.slots_log2 = MODEL_SLOTS_LOG2_MIN;
	while (head.slots_log2 < MODEL_SLOTS_LOG2_MAX && count * 100 > ((size_t)FULL_PERCENT << head.slots_log2))
		head.slots_log2++;
	head.features = (uint32_t)count;
	if (count * 100 > ((size_t)FULL_PERCENT << head.slots_log2) || file_bytes(&head) > MODEL_BYTES_MAX)
		return -1;
	size_t table = (size_t)1 << head.slots_log2;
	uint16_t *tags = mem_array(table, sizeof *tags);
	uint32_t *slots = mem_array(table, sizeof *slots);
	steps_set(&head, features, count);
	head.features = table_fill(&head, features, count, tags, slots);
	buf_clear(out);
	head_add(out, &head);
	buf_add(out, tags, table * sizeof *tags);
	cells_add(out, &head, features, slots);
	free(tags);
	free(slots);
	uint64_t sum = XXH3_64bits(out->data + MODEL_FILE_CHECKED, out->len - MODEL_FILE_CHECKED);
	memcpy(out->data + 24, &sum, sizeof sum);
	return 0;
}
