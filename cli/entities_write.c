/* entities_write.c - from the weights of a fit to a model file: the rows that matter most are kept, each value becomes a small whole number of units. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/entities_parts.h"
#include "common/mem.h"

#define ROW_LARGEST 127
#define BAG_SHARE 8                      /* what a row of the whole sentence counts less: its divisor */
#define CLIPPED 0.0002                   /* share of kept rows that a value may be cut in: the unit fits all others */

typedef struct ranked {
	float size;
	uint32_t at;                     /* row or gram */
} ranked;

static int ranked_compare(const void *a, const void *b)
{
	const ranked *x = a, *y = b;
	return x->size != y->size ? (x->size < y->size) - (x->size > y->size) : (x->at > y->at) - (x->at < y->at);
}

/* Only differences between labels count: outside is made 0. Returns the largest difference. */
static float row_level(const entity_fit *fit, uint32_t row, float *out)
{
	const float *weights = fit->weights + (size_t)row * fit->labels;
	float most = 0;
	for (uint32_t l = 1; l < fit->labels; l++) {
		out[l - 1] = weights[l] - weights[LABEL_OUTSIDE];
		most = fmaxf(most, fabsf(out[l - 1]));
	}
	return most;
}

static int float_compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x < y) - (x > y);
}

/* The value that all but the few largest of the kept rows stay below, in parts of ROW_LARGEST. */
static float unit_of(const entity_fit *fit, const unsigned char *kept)
{
	float *sizes = mem_array(fit->row_count + 1, sizeof *sizes), level[LABELS_OF(TAGGER_TYPES_MAX)];
	uint32_t count = 0;
	for (uint32_t row = 0; row < fit->row_count; row++)
		if (kept[row])
			sizes[count++] = row_level(fit, row, level);
	if (count)
		qsort(sizes, count, sizeof *sizes, float_compare);
	float unit = count ? sizes[(uint32_t)(CLIPPED * count)] / ROW_LARGEST : 0;
	free(sizes);
	return unit;
}

/* Marks the rows that are kept: those that move most, being large and often met (the root of the times: a rare gram with a large weight is often a name learnt
 * by heart). Returns the unit in nats. */
static float rows_choose(const entity_fit *fit, uint32_t rows, unsigned char *kept)
{
	ranked *all = mem_array(fit->row_count + 1, sizeof *all);
	float level[LABELS_OF(TAGGER_TYPES_MAX)];
	uint32_t count = 0;
	for (size_t i = 0; i < (size_t)1 << fit->grams_log2; i++) {
		const gram_entry *entry = &fit->grams[i];
		uint32_t row = entry->row;
		for (uint32_t places = entry->hash && row != UINT32_MAX ? entry->places : 0; places; places &= places - 1, row++) {
			float size = row_level(fit, row, level) / (entry->bag && __builtin_ctz(places) == TAGGER_BAG_ROW ? BAG_SHARE : 1);
			if (size > 0)
				all[count++] = (ranked){size * sqrtf((float)entry->times), row};
		}
	}
	qsort(all, count, sizeof *all, ranked_compare);
	if (count > rows)
		count = rows;
	for (uint32_t i = 0; i < count; i++)
		kept[all[i].at] = 1;
	free(all);
	return unit_of(fit, kept);
}

/* The places of a gram whose rows are kept. */
static uint8_t places_kept(const gram_entry *entry, const unsigned char *kept)
{
	uint8_t out = 0;
	uint32_t row = entry->row;
	for (uint32_t places = entry->hash && row != UINT32_MAX ? entry->places : 0; places; places &= places - 1, row++)
		if (kept[row])
			out |= (uint8_t)(places & -places);
	return out;
}

void fit_thin(entity_fit *self, uint32_t rows)
{
	unsigned char *kept = mem_array(self->row_count + 1, 1);
	uint32_t count = 0;
	rows_choose(self, rows, kept);
	for (size_t i = 0; i < (size_t)1 << self->grams_log2; i++) {
		gram_entry *entry = &self->grams[i];
		entry->places = places_kept(entry, kept);
		entry->row = entry->places ? count : UINT32_MAX;
		count += (uint32_t)__builtin_popcount(entry->places);
	}
	free(kept);
	free(self->weights);
	self->row_count = count;
	self->weights = mem_array((size_t)count * self->labels + 1, sizeof *self->weights);
	memset(self->steps, 0, STEPS_OF(self->types) * sizeof *self->steps);
}

static int8_t value_of(float weight, float unit)
{
	float value = rintf(weight / unit);
	return (int8_t)fmaxf(-ROW_LARGEST, fminf(ROW_LARGEST, value));
}

/* The grams for the file and their rows, in order of importance: single characters, words and what they begin with, then by the largest weight. */
typedef struct selection {
	tagger_gram *grams;
	ranked *order;
	size_t count, room;
	int8_t *rows;
	size_t row_count;
} selection;

static void gram_select(selection *self, tagger_gram gram)
{
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 1 << 16;
		self->grams = mem_grow(self->grams, self->room, sizeof *self->grams);
	}
	self->grams[self->count++] = gram;
}

static int gram_by_hash(const void *a, const void *b)
{
	const tagger_gram *x = a, *y = b;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* One entry a hash: class and flags of all of them. */
static void grams_merge(selection *self)
{
	size_t kept = 0;
	if (self->count)
		qsort(self->grams, self->count, sizeof *self->grams, gram_by_hash);
	for (size_t i = 0; i < self->count; i++) {
		const tagger_gram *one = &self->grams[i];
		tagger_gram *last = kept ? &self->grams[kept - 1] : NULL;
		if (last && last->hash == one->hash) {
			last->class = last->class ? last->class : one->class;
			last->name = last->name ? last->name : one->name;
			last->flags |= one->flags;
		} else {
			self->grams[kept++] = *one;
		}
	}
	self->count = kept;
}

/* Fills in the rows of one gram; returns its importance. */
static float rows_fill(const entity_fit *fit, const unsigned char *kept, float unit, selection *self, tagger_gram *gram)
{
	const gram_entry *entry = gram_find(fit, gram->hash);
	uint32_t width = fit->labels - 1, row = entry ? entry->row : 0;
	float level[LABELS_OF(TAGGER_TYPES_MAX)], most = 0;
	gram->rows = self->rows + self->row_count * width;
	for (uint32_t places = entry ? entry->places : 0; places; places &= places - 1, row++) {
		if (!kept[row])
			continue;
		most = fmaxf(most, row_level(fit, row, level));
		for (uint32_t l = 0; l < width; l++)
			self->rows[self->row_count * width + l] = value_of(level[l], unit);
		gram->places |= (uint8_t)(places & -places);
		self->row_count++;
	}
	return gram->class || gram->flags || gram->name ? 1e9f : most;
}

static void grams_order(selection *self)
{
	tagger_gram *ordered = mem_array(self->count + 1, sizeof *ordered);
	if (self->count)
		qsort(self->order, self->count, sizeof *self->order, ranked_compare);
	for (size_t i = 0; i < self->count; i++)
		ordered[i] = self->grams[self->order[i].at];
	free(self->grams);
	self->grams = ordered;
}

static void grams_select(const entity_fit *fit, const word_list *words, const unsigned char *kept, float unit, selection *self)
{
	size_t rows = 0;
	for (size_t i = 0; i < words->count; i++) {
		gram_select(self, (tagger_gram){.hash = words->at[i].hash, .class = words->at[i].class});
		if (words->at[i].length > 4)
			gram_select(self, (tagger_gram){.hash = words->at[i].prefix, .flags = TAGGER_LONGER});
	}
	for (size_t i = 0; fit->names.at && i < (size_t)1 << fit->names.log2; i++) {
		const known_name *name = &fit->names.at[i];
		if (name->hash)
			gram_select(self, (tagger_gram){.hash = name->hash, .name = known_name_class(name)});
		if (name->prefix)
			gram_select(self, (tagger_gram){.hash = name->prefix, .flags = TAGGER_LONGER});
	}
	for (size_t i = 0; i < (size_t)1 << fit->grams_log2; i++) {
		const gram_entry *entry = &fit->grams[i];
		if (places_kept(entry, kept))
			gram_select(self, (tagger_gram){.hash = entry->hash});
	}
	for (uint32_t row = 0; row < fit->row_count; row++)
		rows += kept[row];
	grams_merge(self);
	self->rows = mem_array((rows + 1) * (fit->labels - 1), 1);
	self->order = mem_array(self->count + 1, sizeof *self->order);
	for (size_t i = 0; i < self->count; i++)
		self->order[i] = (ranked){rows_fill(fit, kept, unit, self, &self->grams[i]), (uint32_t)i};
	grams_order(self);
}

static int32_t step_of(float weight, float unit)
{
	return (int32_t)fmaxf(-TAGGER_STEP_MAX, fminf(TAGGER_STEP_MAX, rintf(weight / unit)));
}

int entity_fit_write(const entity_fit *self, const entity_data *data, const word_list *words, const char *name, buf *out)
{
	unsigned char *kept = mem_array(self->row_count + 1, 1);
	tagger_model head = {.type_count = self->types, .features = self->options->features};
	snprintf(head.name, sizeof head.name, "%s", name);
	memcpy(head.types, data->types, sizeof head.types);
	float unit = fmaxf(rows_choose(self, self->options->rows, kept), 1e-6f);
	head.unit = (uint32_t)fminf(1000000, fmaxf(1, rintf(unit * 1e6f)));
	unit = (float)head.unit / 1e6f;
	selection s = {0};
	grams_select(self, words, kept, unit, &s);
	int32_t *steps = mem_array(STEPS_OF(self->types), sizeof *steps);
	for (uint32_t i = 0; i < STEPS_OF(self->types); i++)
		steps[i] = step_of(self->steps[i], unit);
	int result = tagger_model_write(&head, steps, s.grams, s.count, out);
	free(steps);
	free(s.grams);
	free(s.order);
	free(s.rows);
	free(kept);
	return result;
}
