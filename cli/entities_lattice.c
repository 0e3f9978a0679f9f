/* entities_lattice.c - see entities_lattice.h. */
#include "entities_lattice.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define TINY 1e-30f

lattice lattice_new(uint32_t types, size_t room)
{
	lattice self = {.types = types, .labels = LABELS_OF(types), .starters = STARTERS_OF(types), .room = room};
	self.scores = mem_array(room * self.labels, sizeof *self.scores);
	self.forward = mem_array(room * self.labels, sizeof *self.forward);
	self.backward = mem_array(room * self.labels, sizeof *self.backward);
	self.scale = mem_array(room, sizeof *self.scale);
	self.steps = mem_array(STEPS_OF(types), sizeof *self.steps);
	return self;
}

void lattice_free(lattice *self)
{
	free(self->scores);
	free(self->forward);
	free(self->backward);
	free(self->scale);
	free(self->steps);
	*self = (lattice){0};
}

static float score_at(const lattice *self, size_t place, uint32_t label, const unsigned char *allowed)
{
	size_t at = place * self->labels + label;
	return !allowed || allowed[at] ? self->scores[at] : 0;
}

/* What arrives at each label of a place from `before`. */
static void arrive(const lattice *self, const float *before, float *out)
{
	uint32_t types = self->types, starters = self->starters;
	const float *inner = self->steps + (size_t)starters * starters;
	memset(out, 0, self->labels * sizeof *out);
	for (uint32_t a = 0; a < starters; a++) {
		const float *row = self->steps + (size_t)a * starters;
		float from = before[label_closed(types, a)];
		for (uint32_t b = 0; from > 0 && b < starters; b++)
			out[b] += from * row[b];
	}
	for (uint32_t t = 0; t < types; t++, inner += INNER_STEPS) {
		float begin = before[label_of_type(types, PART_BEGIN, t)], inside = before[label_of_type(types, PART_INSIDE, t)];
		out[label_of_type(types, PART_INSIDE, t)] = begin * inner[BEGIN_INSIDE] + inside * inner[INSIDE_INSIDE];
		out[label_of_type(types, PART_END, t)] = begin * inner[BEGIN_END] + inside * inner[INSIDE_END];
	}
}

static bool forward(lattice *self, size_t count, const unsigned char *allowed)
{
	for (size_t i = 0; i < count; i++) {
		float *here = self->forward + i * self->labels, sum = 0;
		if (i)
			arrive(self, here - self->labels, here);
		for (uint32_t l = 0; l < self->labels; l++) {
			float in = i ? here[l] : l < self->starters;
			here[l] = in * score_at(self, i, l, allowed);
			if (i + 1 < count || l <= self->types || l >= label_of_type(self->types, PART_END, 0))
				sum += here[l];
			else
				here[l] = 0;
		}
		if (!(sum > TINY))
			return false;
		self->scale[i] = sum;
		for (uint32_t l = 0; l < self->labels; l++)
			here[l] /= sum;
	}
	return true;
}

/* Backward values of the place before `place`; adds the expected steps between the two on the way. */
static void backward_step(lattice *self, size_t place, const unsigned char *allowed, float sign, float *steps)
{
	uint32_t types = self->types, starters = self->starters;
	const float *before = self->forward + (place - 1) * self->labels, *inner = self->steps + (size_t)starters * starters;
	float *out = self->backward + (place - 1) * self->labels, *inner_out = steps + (size_t)starters * starters, next[LABELS_OF(32)];
	for (uint32_t l = 0; l < self->labels; l++)
		next[l] = score_at(self, place, l, allowed) * self->backward[place * self->labels + l] / self->scale[place];
	for (uint32_t a = 0; a < starters; a++) {
		const float *row = self->steps + (size_t)a * starters;
		float *row_out = steps + (size_t)a * starters, sum = 0, from = sign * before[label_closed(types, a)];
		for (uint32_t b = 0; b < starters; b++) {
			float one = row[b] * next[b];
			sum += one;
			row_out[b] += from * one;
		}
		out[label_closed(types, a)] = sum;
	}
	for (uint32_t t = 0; t < types; t++, inner += INNER_STEPS, inner_out += INNER_STEPS) {
		uint32_t b = label_of_type(types, PART_BEGIN, t), i = label_of_type(types, PART_INSIDE, t), e = label_of_type(types, PART_END, t);
		out[b] = inner[BEGIN_INSIDE] * next[i] + inner[BEGIN_END] * next[e];
		out[i] = inner[INSIDE_INSIDE] * next[i] + inner[INSIDE_END] * next[e];
		inner_out[BEGIN_INSIDE] += sign * before[b] * inner[BEGIN_INSIDE] * next[i];
		inner_out[BEGIN_END] += sign * before[b] * inner[BEGIN_END] * next[e];
		inner_out[INSIDE_INSIDE] += sign * before[i] * inner[INSIDE_INSIDE] * next[i];
		inner_out[INSIDE_END] += sign * before[i] * inner[INSIDE_END] * next[e];
	}
}

bool lattice_expect(lattice *self, size_t count, const unsigned char *allowed, float sign, float *labels, float *steps)
{
	if (!count || !forward(self, count, allowed))
		return false;
	memset(self->backward + (count - 1) * self->labels, 0, self->labels * sizeof *self->backward);
	for (uint32_t a = 0; a < self->starters; a++)
		self->backward[(count - 1) * self->labels + label_closed(self->types, a)] = 1;
	for (size_t i = count; i-- > 0;) {
		for (uint32_t l = 0; l < self->labels; l++)
			labels[i * self->labels + l] += sign * self->forward[i * self->labels + l] * self->backward[i * self->labels + l];
		if (i)
			backward_step(self, i, allowed, sign, steps);
	}
	return true;
}
