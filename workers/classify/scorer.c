/* scorer.c - see scorer.h. One pass over the grams counts the known features, one pass over those sums up. Evidence asks for two more: the strongest
 * features are marked, then the grams are walked again to see where in the text they stand (evidence.c). */
#include "scorer.h"

#include <math.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/classify/features.h"
#include "workers/classify/scorer_parts.h"

void scorer_damping(float out[SCORER_TIMES_MAX])
{
	out[0] = 0;
	for (int i = 1; i < SCORER_TIMES_MAX; i++)
		out[i] = sqrtf((float)i);        /* correctly rounded everywhere, as log() is not */
}

scorer *scorer_new(const model *m)
{
	scorer *self = mem_alloc(sizeof *self);
	self->model = m;
	scorer_damping(self->damping);
	self->times = mem_array((size_t)1 << m->head.slots_log2, sizeof *self->times);
	self->mark = mem_array((size_t)1 << m->head.slots_log2, sizeof *self->mark);
	return self;
}

void scorer_free(scorer **self_p)
{
	scorer *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	tokens_free(&self->tokens);
	free(self->text.at);
	free(self->title.at);
	free(self->times);
	free(self->mark);
	free(self->pushes);
	free(self->runs);
	free(self);
}

static void found_push(found *self, uint32_t slot)
{
	if (self->count == self->room) {
		self->room = self->room ? self->room * 2 : 4096;
		self->at = mem_grow(self->at, self->room, sizeof *self->at);
	}
	self->at[self->count++].slot = slot;
}

static inline void count_slot(scorer *self, found *part, int32_t slot, uint32_t times)
{
	if (slot < 0 || !times)
		return;
	uint16_t *count = &self->times[slot];
	if (!*count)
		found_push(part, (uint32_t)slot);
	*count = (uint16_t)(*count + times < SCORER_TIMES_MAX ? *count + times : SCORER_TIMES_MAX - 1);
}

static inline void count_gram(void *arg, uint64_t hash, size_t first, size_t length)
{
	scorer *self = arg;
	(void)length;
	count_slot(self, &self->text, model_find(self->model, hash), self->zone_times[self->tokens.at[first].zone]);
}

static inline void count_title_gram(void *arg, uint64_t hash, size_t first, size_t length)
{
	scorer *self = arg;
	(void)first, (void)length;
	count_slot(self, &self->title, model_find(self->model, feature_of_title(hash)), 1);
}

/* Takes the counts out of the table into `part`, adds the products with the weights to the scores. */
static void found_sum(scorer *self, found *part, double share, double *score)
{
	const model_head *head = &self->model->head;
	double sum[MODEL_LABELS_MAX] = {0}, length2 = 0;
	for (size_t i = 0; i < part->count; i++) {
		found_feature *f = &part->at[i];
		const uint16_t *cell = model_cell(self->model, (int32_t)f->slot);
		f->times = self->times[f->slot];
		self->times[f->slot] = 0;
		f->weight = self->damping[f->times] * (float)cell[0];
		length2 += (double)f->weight * f->weight;
		for (uint32_t l = 0; l < head->label_count; l++)
			sum[l] += (double)f->weight * (int16_t)cell[1 + l];
	}
	part->scale = length2 > 0 ? share / sqrt(length2) : 0;
	for (uint32_t l = 0; l < head->label_count; l++)
		score[l] += sum[l] * part->scale * head->labels[l].weight_step;
}

static void labels_choose(const model_head *head, scoring *out)
{
	out->label_count = 0;
	for (uint32_t l = 0; l < head->label_count; l++) {
		if (!head->single && out->probability[l] < head->labels[l].threshold)
			continue;
		uint32_t at = out->label_count++;
		for (; at > 0 && out->probability[out->labels[at - 1]] < out->probability[l]; at--)
			out->labels[at] = out->labels[at - 1];
		out->labels[at] = l;
	}
	if (head->single)
		out->label_count = 1;
	out->primary = out->label_count ? (int)out->labels[0] : -1;
}

void scoring_finish(const model_head *head, scoring *out)
{
	double total = 0;
	for (uint32_t l = 0; l < head->label_count; l++) {
		out->probability[l] = 1 / (1 + exp(head->labels[l].slope * out->score[l] + head->labels[l].offset));
		total += out->probability[l];
	}
	for (uint32_t l = 0; head->single && total > 0 && l < head->label_count; l++)
		out->probability[l] /= total;
	labels_choose(head, out);
}

void scorer_read(scorer *self, mr_bytes title, mr_bytes body, scoring *out)
{
	const model_head *head = &self->model->head;
	self->source_title = title;
	self->source_body = body;
	tokens_read(&self->tokens, title, body);
	self->zone_times[ZONE_TITLE] = head->title_times;
	self->zone_times[ZONE_LEAD] = head->lead_times;
	self->zone_times[ZONE_BODY] = 1;
	self->text.count = self->title.count = 0;
	for (uint32_t l = 0; l < head->label_count; l++)
		out->score[l] = head->labels[l].bias;
	features_walk(self->tokens.at, 0, self->tokens.count, count_gram, self);
	found_sum(self, &self->text, 1, out->score);
	if (head->title_share > 0) {
		features_walk(self->tokens.at, 0, self->tokens.title_count, count_title_gram, self);
		found_sum(self, &self->title, head->title_share, out->score);
	}
	scoring_finish(head, out);
}

double scorer_sum_of_contributions(scorer *self, uint32_t label)
{
	const model_label *l = &self->model->head.labels[label];
	double sum = l->bias;
	const found *both[] = {&self->text, &self->title};
	for (int b = 0; b < 2; b++)
		for (size_t i = 0; i < both[b]->count; i++)
			sum += found_contribution(self, both[b], &both[b]->at[i], label);
	return sum;
}
