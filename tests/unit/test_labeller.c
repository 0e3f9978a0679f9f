/* test_labeller.c - the labels of a sentence do not depend on how its sums are worked out, and are the best there are: random rows and steps, every way against the others,
 * short sentences against all labellings, counted one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/mem.h"
#include "workers/entities/features.h"
#include "workers/entities/labeller.h"
#include "workers/entities/labels.h"

#define ROWS 400
#define HITS 600
#define BLOCKS 50                        /* of copied rows */

typedef struct world {
	uint64_t seed;
	tagger_model model;
	int32_t steps[STEPS_OF(TAGGER_TYPES_MAX)];
	int8_t rows[(ROWS + LABELLER_ROWS) * 4 * TAGGER_TYPES_MAX];
	int8_t known[BLOCKS * CHARACTER_ROWS * 4 * TAGGER_TYPES_MAX];
	uint32_t at[TAGGER_SENTENCE_MAX], characters[TAGGER_ROOM], pairs[TAGGER_ROOM], bag[8];
	labeller_hit hits[HITS];
	labeller_input in;
} world;

/* xorshift64* */
static uint32_t chance(world *self, uint32_t below)
{
	self->seed ^= self->seed >> 12;
	self->seed ^= self->seed << 25;
	self->seed ^= self->seed >> 27;
	return (uint32_t)((self->seed * 0x2545F4914F6CDD1Dull) >> 33) % below;
}

/* Steps as large as rows: the labels depend on both, and few ways are clear from the beginning. */
static void make_model(world *self, uint32_t types)
{
	self->model = (tagger_model){.type_count = types, .unit = 10000, .stride = (4 * types + 15) / 16 * 16, .steps = self->steps, .rows = self->rows, .row_count = ROWS};
	for (uint32_t i = 0; i < STEPS_OF(types); i++)
		self->steps[i] = (int32_t)chance(self, 400) - 300;
	for (size_t i = 0; i < sizeof self->rows; i++)
		self->rows[i] = i % self->model.stride < 4 * types ? (int8_t)(chance(self, 255) - 127) : 0;
	for (size_t i = 0; i < sizeof self->known; i++)
		self->known[i] = i % self->model.stride < 4 * types ? (int8_t)(chance(self, 255) - 127) : 0;
}

static void make_sentence(world *self, size_t count)
{
	uint32_t stride = self->model.stride, block = CHARACTER_ROWS * stride;
	for (size_t i = 0; i < count; i++)
		self->at[i] = chance(self, 8) ? 0x4E00 : ',';
	for (size_t i = 0; i < count + 2 * TAGGER_PAD; i++) {
		self->characters[i] = chance(self, BLOCKS) * block;
		self->pairs[i] = chance(self, BLOCKS) * block;
	}
	size_t hits = chance(self, (uint32_t)(count < HITS / 4 ? count * 4 : HITS)), bag = chance(self, 8);
	for (size_t i = 0; i < hits; i++) {
		ptrdiff_t most = (ptrdiff_t)count + LABELLER_MARGIN - LABELLER_ROWS;
		ptrdiff_t place = (ptrdiff_t)chance(self, (uint32_t)(most + LABELLER_MARGIN + 1)) - LABELLER_MARGIN;
		self->hits[i] = (labeller_hit){chance(self, ROWS) * stride, (int16_t)place, (uint8_t)(1 + chance(self, (1u << LABELLER_ROWS) - 1))};
	}
	for (size_t i = 0; i < bag; i++)
		self->bag[i] = chance(self, ROWS) * stride;
	self->in = (labeller_input){self->at, count, self->known, self->characters, self->pairs, self->hits, hits, self->bag, bag};
}

static void test_every_way_gives_the_same_labels(void **state)
{
	world *w = mem_alloc(sizeof *w);
	size_t named = 0, ways = 0;
	(void)state;
	w->seed = 17;
	for (int round = 0; round < 200; round++) {
		make_model(w, 4);
		make_sentence(w, 1 + chance(w, round % 10 ? 40 : TAGGER_SENTENCE_MAX));
		labeller *plain = labeller_new(&w->model);
		assert_true(labeller_take(plain, LABELLER_ANY));
		const uint8_t *expected = labeller_read(plain, &w->in);
		for (int way = LABELLER_FOUR; way < LABELLER_WAYS; way++) {
			labeller *other = labeller_new(&w->model);
			if (labeller_take(other, (enum labeller_way)way)) {
				assert_memory_equal(labeller_read(other, &w->in), expected, w->in.count);
				assert_int_equal(labeller_margin(other, 0, w->in.count), labeller_margin(plain, 0, w->in.count));
				ways++;
			}
			labeller_free(&other);
		}
		for (size_t i = 0; i < w->in.count; i++)
			named += expected[i] != LABEL_OUTSIDE;
		labeller_free(&plain);
	}
	assert_true(ways >= 200);                /* one way at least on every processor */
	assert_true(named > 500);
	free(w);
}

static void test_vectors_are_for_four_types(void **state)
{
	world *w = mem_alloc(sizeof *w);
	(void)state;
	w->seed = 3;
	make_model(w, 3);
	labeller *self = labeller_new(&w->model);
	assert_false(labeller_take(self, LABELLER_FOUR));
	assert_false(labeller_take(self, LABELLER_AVX2));
	assert_true(labeller_take(self, LABELLER_ANY));
	labeller_free(&self);
	free(w);
}

/* May label b stand behind label a? */
static bool may_follow(uint32_t types, uint32_t a, uint32_t b)
{
	uint32_t inside = label_of_type(types, PART_INSIDE, 0), end = label_of_type(types, PART_END, 0), begin = label_of_type(types, PART_BEGIN, 0);
	bool open = a >= begin && a < end;
	return open ? b >= inside && (b - 1) % types == (a - 1) % types : b < inside;
}

static int64_t step_of(const world *w, uint32_t a, uint32_t b)
{
	uint32_t types = w->model.type_count, starters = STARTERS_OF(types);
	if (b < starters)
		return w->steps[(a <= types ? a : a - 2 * types) * starters + b];
	bool further = a >= label_of_type(types, PART_INSIDE, 0), ends = b >= label_of_type(types, PART_END, 0);
	return w->steps[starters * starters + (a - 1) % types * INNER_STEPS + (further ? INSIDE_INSIDE : BEGIN_INSIDE) + ends];
}

/* What the rows say at a place, worked out from the input alone. */
static int64_t score_of(const world *w, size_t place, uint32_t label)
{
	const labeller_input *in = &w->in;
	uint32_t stride = w->model.stride, l = label - 1;
	int64_t sum = 0, bag = 0;
	if (!label)
		return 0;
	for (size_t j = 0; j < CHARACTER_ROWS; j++)
		sum += in->known[in->characters[place + TAGGER_PAD + 2 - j] + j * stride + l];
	for (size_t j = 0; j < CLASS_PAIR_ROWS; j++)
		sum += in->known[in->pairs[place + TAGGER_PAD + 1 - j] + j * stride + l];
	for (size_t i = 0; i < in->hit_count; i++)
		for (uint32_t j = 0, row = 0; j < LABELLER_ROWS; j++)
			if (in->hits[i].places >> j & 1) {
				sum += in->hits[i].place + (ptrdiff_t)j == (ptrdiff_t)place ? w->rows[in->hits[i].row + row * stride + l] : 0;
				row++;
			}
	for (size_t i = 0; i < in->bag_count; i++)
		bag += w->rows[in->bag[i] + l];
	bag /= bag_divisor(in->count);
	return sum + (l >= 2 * w->model.type_count ? 0 : bag > 200 ? 200 : bag < -200 ? -200 : bag);     /* 2 nats of 10,000 millionths */
}

static int64_t path_score(const world *w, const uint8_t *path)
{
	int64_t sum = 0;
	for (size_t i = 0; i < w->in.count; i++)
		sum += score_of(w, i, path[i]) + (i ? step_of(w, path[i - 1], path[i]) : 0);
	return sum;
}

/* The best sum of all labellings that may be: the labels of `path` before `at` are set. */
static int64_t best_of_all(const world *w, uint8_t *path, size_t at)
{
	uint32_t types = w->model.type_count, begin = label_of_type(types, PART_BEGIN, 0), end = label_of_type(types, PART_END, 0);
	int64_t best = INT64_MIN;
	if (at == w->in.count)
		return path[at - 1] >= begin && path[at - 1] < end ? INT64_MIN : path_score(w, path);
	for (uint32_t label = 0; label < LABELS_OF(types); label++) {
		if ((label && w->at[at] == ',') || (at ? !may_follow(types, path[at - 1], label) : label >= STARTERS_OF(types)))
			continue;
		path[at] = (uint8_t)label;
		int64_t score = best_of_all(w, path, at + 1);
		best = score > best ? score : best;
	}
	return best;
}

static void test_the_labels_are_the_best(void **state)
{
	world *w = mem_alloc(sizeof *w);
	(void)state;
	w->seed = 5;
	for (int round = 0; round < 60; round++) {
		uint8_t path[8];
		make_model(w, round % 3 ? 4 : 1 + chance(w, 5));
		make_sentence(w, 1 + chance(w, 4));
		labeller *self = labeller_new(&w->model);
		assert_int_equal(path_score(w, labeller_read(self, &w->in)), best_of_all(w, path, 0));
		labeller_free(&self);
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_way_gives_the_same_labels),
		cmocka_unit_test(test_vectors_are_for_four_types),
		cmocka_unit_test(test_the_labels_are_the_best),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
