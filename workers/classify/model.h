/* model.h - the model file of the classifier: weights of hashed features for each component of each label, mapped into memory and only read.
 *
 * A label has one component or several, each a linear function of the text: what a school is to a government gazette is another thing than to a
 * portal's desk for exams, and one set of weights for both serves neither. The label's score is that of its highest component.
 *
 * A file is refused with a line that names the reason when it is no model, of another version, made for other tokens, features or folding
 * tables, cut, damaged (XXH3 over everything) or holds values that cannot be. What is accepted is safe to use whatever wrote
 * it. Immutable after opening; workers share the pages. Any thread may read.
 *
 * Layout, little endian (model.c draws the fields): header, labels, components, tags of the hash table (16 bits a slot, 0 = empty), cells (per feature: its rarity,
 * then one weight a component, 16 bits each). A feature lives in one of the 16 slots of its bucket, which are filled from the first one on, and features are numbered in the order of
 * slots: cells lie side by side without holes, so that they fit into the nearer caches. A feature the trainer has not kept is not found (but for about one in
 * ten thousand), so strange words do not push by collision. */
#ifndef CLASSIFY_MODEL_H
#define CLASSIFY_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/text/buckets.h"

#define MODEL_VERSION 4
#define MODEL_LABELS_MAX 32
#define MODEL_COMPONENTS_MAX 64
#define MODEL_NAME_BYTES 32
#define MODEL_BYTES_MAX (16u << 20)
#define MODEL_SLOTS_LOG2_MIN 4
#define MODEL_SLOTS_LOG2_MAX 21

typedef struct model_label {
	char name[MODEL_NAME_BYTES];     /* [a-z0-9_-]{1,31} */
	float slope, offset;             /* probability = 1 / (1 + exp(slope * score + offset)) (Platt) */
	float threshold;                 /* the label holds from this probability on */
	float section_threshold;         /* ... and when a section of a long text that has another label has this one (>= threshold) */
} model_label;

typedef struct model_component {
	uint32_t label;
	float bias;
	float weight_step;               /* value of a weight's last bit */
} model_component;

/* Everything of a model but the table. */
typedef struct model_head {
	char name[MODEL_NAME_BYTES];
	bool single;                     /* exactly one label a text (the most probable), thresholds unused */
	bool marks;                      /* punctuation, blanks and both ends of a text are tokens (tokens.h): headlines of one kind are also told by their form */
	bool words;                      /* words and pairs of words are features, too (words.h) */
	uint32_t slots_log2;
	uint32_t features;               /* slots in use */
	uint32_t title_times, lead_times;/* how often a gram of the title and of the lead counts in the whole text; body: once */
	float title_share;               /* length of the title's own vector beside that of the text (1) */
	float rarity_step;               /* value of a rarity's last bit */
	uint32_t label_count;
	model_label labels[MODEL_LABELS_MAX];
	uint32_t component_count;        /* at least one a label, those of a label one behind the other, in the order of the labels */
	model_component components[MODEL_COMPONENTS_MAX];
} model_head;

typedef struct model_file {
	model_head head;
	const uint16_t *tags;            /* 1 << slots_log2 */
	const uint16_t *cells;           /* (1 + component_count) a feature; weights are int16_t */
	uint32_t *first;                 /* by bucket: number of its first feature; owned */
	uint64_t fingerprint;            /* the checksum: names the model */
	const char *base;                /* what was mapped or borrowed */
	size_t bytes;
	bool mapped;
} model;

/* 0; or -1 with the reason in `error` (names the file). */
int model_open(model *self, const char *path, char error[256]) MR_MUST_USE;
/* The same from memory (16-byte aligned; borrowed until close). */
int model_read(model *self, mr_bytes file, char error[256]) MR_MUST_USE;
void model_close(model *self);

/* Whether the model knows a gram: 1 and the number of its feature, or 0 and a number that means nothing. */
static inline uint32_t model_find(const model *self, uint64_t hash, uint32_t *feature)
{
	uint32_t bucket = bucket_first(self->head.slots_log2, hash);
	uint32_t found = bucket_matches(self->tags + bucket, bucket_tag(hash));
	*feature = self->first[bucket >> BUCKET_LOG2] + (uint32_t)__builtin_ctz(found | 1u << (BUCKET_LOG2 + 8));
	return found != 0;
}

static inline const uint16_t *model_cell(const model *self, uint32_t feature)
{
	return self->cells + (size_t)feature * (1 + self->head.component_count);
}

/* One feature for writing. */
typedef struct model_feature {
	uint64_t hash;
	float rarity;                    /* >= 0 */
	const float *weights;            /* one a component */
} model_feature;

/* Appends the file to `out`: `head` with its steps, slots_log2 and features worked out here. The most important come first; equal input gives equal bytes.
 * -1 when it would not fit into MODEL_BYTES_MAX. */
int model_write(const model_head *head, const model_feature *features, size_t count, buf *out) MR_MUST_USE;

#endif
