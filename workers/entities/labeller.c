/* labeller.c - see labeller.h.
 *
 * The inner loops exist three times: for any number of types, and for the four of the shipped model, whose groups of labels are vectors of four, once more with AVX2
 * where the processor has it. Branches that depend on the text are what costs here, more than arithmetic: a hit always adds LABELLER_ROWS rows, those that it has
 * not got as zeros; and what every place has is added up in registers. */
#include "labeller.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "workers/entities/features.h"
#include "workers/entities/labels.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define BAG_MOST 15000                   /* units; whatever the model's unit is, 16 bits hold it and LABELLER_ROWS_MOST * 127 */
#define FOUR 4u                          /* types of the shipped model */
#define FOUR_STRIDE (4 * FOUR)
#define NEVER (-(1 << 28))               /* score of what cannot be; far below any sum (512 * (LABELLER_ROWS_MOST * 127 + 15000 + 20000)) */

_Static_assert(BAG_MOST + LABELLER_ROWS_MOST * 127 <= INT16_MAX, "scores are summed up in 16 bits");
_Static_assert(45 + 19 + 8 + 6 * (TAGGER_WORD_MAX - 1) + 13 <= LABELLER_ROWS_MOST, "rows at a place");

/* Vectors of the compiler: it has them on every processor, from whatever registers there are. */
typedef int32_t four __attribute__((vector_size(16)));
typedef int8_t bytes16 __attribute__((vector_size(16)));
typedef int16_t words16 __attribute__((vector_size(32)));

/* Where the rows of a hit are that has these places. */
typedef struct shape {
	bytes16 masks[LABELLER_ROWS];    /* all ones, or zero: no such row */
	uint8_t offsets[LABELLER_ROWS];  /* bytes from the first row */
} shape;

struct labeller {
	const tagger_model *model;
	uint32_t types, labels, starters, stride;
	void (*read)(labeller *self, const labeller_input *in);
	int bag_most;                    /* units that the rows of the whole sentence may say */
	size_t count;                    /* characters of the sentence */
	int16_t *scores, *all_scores;    /* by place and stride; with LABELLER_MARGIN rows around them */
	uint8_t *from;                   /* by place and label: the best label before */
	int32_t *best, *next;            /* by label */
	int32_t *inner;                  /* inner steps by step and type (the model has them by type and step) */
	int32_t *behind;                 /* by closed label: not further ahead of outside than this, it is on no best way (starter_ways) */
	shape shapes[1 << LABELLER_ROWS];        /* by places; of the four types */
	uint8_t path[TAGGER_SENTENCE_MAX];
};

/* ---- rows to scores ---- */

/* What the sentence's rows as a whole say at each of its places: of what may begin there. The other labels of `share` are zero. */
static inline __attribute__((always_inline)) void bag_share(const labeller *self, const labeller_input *in, uint32_t types, uint32_t stride, int16_t *share)
{
	int32_t sum[2 * TAGGER_TYPES_MAX] = {0};
	int divisor = bag_divisor(in->count), most = self->bag_most;
	memset(share, 0, stride * sizeof *share);
	for (size_t i = 0; i < in->bag_count; i++) {
		const int8_t *row = self->model->rows + in->bag[i];
		for (uint32_t l = 0; l < 2 * types; l++)
			sum[l] += row[l];
	}
	for (uint32_t l = 0; in->bag_count && l < 2 * types; l++) {
		int value = sum[l] / divisor;
		share[l] = (int16_t)(value > most ? most : value < -most ? -most : value);
	}
}

static void row_add(int16_t *out, const int8_t *row, uint32_t stride)
{
	for (uint32_t l = 0; l < stride; l++)
		out[l] = (int16_t)(out[l] + row[l]);
}

static void known_add(labeller *self, const labeller_input *in)
{
	uint32_t stride = self->stride;
	int16_t share[4 * TAGGER_TYPES_MAX];
	bag_share(self, in, self->types, stride, share);
	for (size_t i = 0; i < in->count; i++) {
		size_t at = i + TAGGER_PAD;
		int16_t *out = self->scores + i * stride;
		memcpy(out, share, stride * sizeof *out);
		for (uint32_t j = 0; j < CHARACTER_ROWS; j++)
			row_add(out, in->known + in->characters[at + 2 - j] + j * stride, stride);
		for (uint32_t j = 0; j < CLASS_PAIR_ROWS; j++)
			row_add(out, in->known + in->pairs[at + 1 - j] + j * stride, stride);
	}
}

static void hits_add(labeller *self, const labeller_input *in)
{
	uint32_t stride = self->stride;
	for (size_t i = 0; i < in->hit_count; i++) {
		const labeller_hit *hit = &in->hits[i];
		const int8_t *row = self->model->rows + hit->row;
		for (uint32_t places = hit->places; places; places &= places - 1, row += stride)
			row_add(self->scores + ((ptrdiff_t)hit->place + __builtin_ctz(places)) * (ptrdiff_t)stride, row, stride);
	}
}

/* The same with vectors. */
static inline void known_add_four(labeller *self, const labeller_input *in)
{
	const int8_t *known = in->known;
	int16_t shares[FOUR_STRIDE];
	words16 share;
	bag_share(self, in, FOUR, FOUR_STRIDE, shares);
	memcpy(&share, shares, sizeof share);
	for (size_t i = 0; i < in->count; i++) {
		const uint32_t *characters = in->characters + i + TAGGER_PAD + 2, *pairs = in->pairs + i + TAGGER_PAD + 1;
		words16 sum = share;
		bytes16 values;
		for (int j = 0; j < CHARACTER_ROWS; j++) {
			memcpy(&values, known + characters[-j] + j * (int)FOUR_STRIDE, sizeof values);
			sum += __builtin_convertvector(values, words16);
		}
		for (int j = 0; j < CLASS_PAIR_ROWS; j++) {
			memcpy(&values, known + pairs[-j] + j * (int)FOUR_STRIDE, sizeof values);
			sum += __builtin_convertvector(values, words16);
		}
		memcpy(self->scores + i * FOUR_STRIDE, &sum, sizeof sum);
	}
}

static inline void hits_add_four(labeller *self, const labeller_input *in)
{
	int16_t *scores = self->scores;
	for (size_t i = 0; i < in->hit_count; i++) {
		const shape *s = &self->shapes[in->hits[i].places];
		const int8_t *first = self->model->rows + in->hits[i].row;
		int16_t *out = scores + (ptrdiff_t)in->hits[i].place * (ptrdiff_t)FOUR_STRIDE;
		for (uint32_t j = 0; j < LABELLER_ROWS; j++, out += FOUR_STRIDE) {
			bytes16 values;
			words16 sum;
			memcpy(&values, first + s->offsets[j], sizeof values);
			memcpy(&sum, out, sizeof sum);
			sum += __builtin_convertvector(values & s->masks[j], words16);
			memcpy(out, &sum, sizeof sum);
		}
	}
}

#ifdef __x86_64__
/* And with those of AVX2, by name: the compiler makes three instructions of the conversion that is one. */
__attribute__((target("avx2"))) static inline __m256i row_load(const int8_t *row)
{
	return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)row));
}

__attribute__((target("avx2"))) static inline void known_add_avx2(labeller *self, const labeller_input *in)
{
	const int8_t *known = in->known;
	int16_t shares[FOUR_STRIDE];
	bag_share(self, in, FOUR, FOUR_STRIDE, shares);
	__m256i share = _mm256_loadu_si256((const __m256i *)(const void *)shares);
	for (size_t i = 0; i < in->count; i++) {
		const uint32_t *characters = in->characters + i + TAGGER_PAD + 2, *pairs = in->pairs + i + TAGGER_PAD + 1;
		__m256i sum = _mm256_add_epi16(share, row_load(known + characters[0])), other = row_load(known + pairs[0]);
		for (int j = 1; j < CHARACTER_ROWS; j++)
			sum = _mm256_add_epi16(sum, row_load(known + characters[-j] + j * (int)FOUR_STRIDE));
		for (int j = 1; j < CLASS_PAIR_ROWS; j++)
			other = _mm256_add_epi16(other, row_load(known + pairs[-j] + j * (int)FOUR_STRIDE));
		_mm256_storeu_si256((__m256i *)(void *)(self->scores + i * FOUR_STRIDE), _mm256_add_epi16(sum, other));
	}
}

__attribute__((target("avx2"))) static inline void hits_add_avx2(labeller *self, const labeller_input *in)
{
	const int8_t *rows = self->model->rows;
	const labeller_hit *end = in->hits + in->hit_count;
	int16_t *scores = self->scores;
	for (const labeller_hit *hit = in->hits; hit < end; hit++) {
		const shape *s = &self->shapes[hit->places];
		const int8_t *first = rows + hit->row;
		__m256i *out = (__m256i *)(void *)(scores + (ptrdiff_t)hit->place * (ptrdiff_t)FOUR_STRIDE);
		for (uint32_t j = 0; j < LABELLER_ROWS; j++) {
			__m128i values = _mm_loadu_si128((const __m128i *)(const void *)(first + s->offsets[j])), mask = _mm_load_si128((const __m128i *)(const void *)&s->masks[j]);
			_mm256_storeu_si256(out + j, _mm256_add_epi16(_mm256_loadu_si256(out + j), _mm256_cvtepi8_epi16(_mm_and_si128(values, mask))));
		}
	}
}
#endif

static void shapes_fill(labeller *self)
{
	for (uint32_t places = 1; places < 1u << LABELLER_ROWS; places++)
		for (uint32_t j = 0, row = 0; j < LABELLER_ROWS; j++) {
			bool has = places >> j & 1;
			memset(&self->shapes[places].masks[j], has ? 0xFF : 0, sizeof(bytes16));
			self->shapes[places].offsets[j] = has ? (uint8_t)(row * FOUR_STRIDE) : 0;        /* some row, which is there */
			row += has;
		}
}

/* ---- the best labels ---- */

static int32_t label_score(const labeller *self, size_t place, uint32_t label)
{
	return label ? self->scores[place * self->stride + label - 1] : 0;
}

/* The better of two ways, from a begin or an inside, to the insides or the ends (`to`) of all types. */
static void inner_ways(const int32_t *restrict best, const int32_t *restrict steps, int32_t *restrict next, uint8_t *restrict from, uint32_t types, uint32_t to)
{
	uint32_t begin = label_of_type(types, PART_BEGIN, 0), inside = label_of_type(types, PART_INSIDE, 0);
	for (uint32_t t = 0; t < types; t++) {
		int32_t first = best[begin + t] + steps[t], further = best[inside + t] + steps[2 * types + t];
		next[to + t] = further > first ? further : first;
		from[to + t] = (uint8_t)(further > first ? inside + t : begin + t);
	}
}

/* Best ways to what may begin or stand outside. Most characters belong to no name: there no closed label but outside is near enough to be on a best way to anything,
 * which a comparison of all tells (exact: the same labels as without it). */
static void starter_ways(const labeller *self, const int32_t *restrict best, int32_t *restrict next, uint8_t *restrict from)
{
	uint32_t starters = self->starters;
	const int32_t *steps = self->model->steps;
	int32_t outside = best[LABEL_OUTSIDE];
	for (uint32_t b = 0; b < starters; b++)
		next[b] = outside + steps[b];
	memset(from, LABEL_OUTSIDE, starters);
	for (uint32_t a = 1; a < starters; a++) {
		uint32_t before = label_closed(self->types, a);
		int32_t score = best[before];
		if (score - outside <= self->behind[a])
			continue;
		steps = self->model->steps + (size_t)a * starters;
		for (uint32_t b = 0; b < starters; b++) {
			int32_t way = score + steps[b];
			bool better = way > next[b];
			next[b] = better ? way : next[b];
			from[b] = better ? (uint8_t)before : from[b];
		}
	}
}

/* Best way to each label of a place. */
static void viterbi_step(labeller *self, const uint32_t *at, size_t place)
{
	uint32_t labels = self->labels, types = self->types;
	uint8_t *from = self->from + place * labels;
	int32_t *best = self->best, *next = self->next;
	const int16_t *scores = self->scores + place * self->stride;
	starter_ways(self, best, next, from);
	inner_ways(best, self->inner, next, from, types, label_of_type(types, PART_INSIDE, 0));
	inner_ways(best, self->inner + types, next, from, types, label_of_type(types, PART_END, 0));
	for (uint32_t l = 1; l < labels; l++)            /* no name goes over a comma (in one of 1,300 annotated ones there is one) */
		next[l] = at[place] == ',' ? NEVER : next[l] + scores[l - 1];
	self->best = next;
	self->next = best;
}

/* The first character's labels. */
static void viterbi_begin(labeller *self, const uint32_t *at)
{
	for (uint32_t l = 0; l < self->labels; l++)
		self->best[l] = l < self->starters && (!l || at[0] != ',') ? label_score(self, 0, l) : NEVER;
}

/* The best label of the last character. */
static uint32_t viterbi_last(const labeller *self)
{
	uint32_t last = LABEL_OUTSIDE;
	for (uint32_t a = 1; a < self->starters; a++)
		if (self->best[label_closed(self->types, a)] > self->best[last])
			last = label_closed(self->types, a);
	return last;
}

static void viterbi_back(labeller *self, uint32_t last)
{
	for (size_t i = self->count; i-- > 0;) {
		self->path[i] = (uint8_t)last;
		last = i ? self->from[i * self->labels + last] : 0;
	}
}

/* ---- the same for four types: labels 0, and four single, begin, inside, end ---- */

static inline four four_at(const int32_t *from)
{
	four v;
	memcpy(&v, from, sizeof v);
	return v;
}

static inline four four_scores(const int16_t *from)
{
	return (four){from[0], from[1], from[2], from[3]};
}

static inline four four_pick(four where, four yes, four no)
{
	return (where & yes) | (~where & no);
}

/* A bit for each element that is not 0 (all bits set). */
static inline uint32_t four_bits(four where)
{
#ifdef __x86_64__
	__m128i v;
	memcpy(&v, &where, sizeof v);
	return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(v));
#else
	return (uint32_t)(where[0] & 1) | (uint32_t)(where[1] & 2) | (uint32_t)(where[2] & 4) | (uint32_t)(where[3] & 8);
#endif
}

/* Elements as bytes, in order. */
static inline void four_bytes(uint8_t *out, four values)
{
	for (uint32_t t = 0; t < FOUR; t++)
		out[t] = (uint8_t)values[t];
}

typedef struct ways {
	int32_t outside;
	four single, begin, inside, end;
} ways;

/* Ways to what may begin from closed labels that are near enough (`near`: a bit each, singles first), over those from outside that are in `next`. */
static inline __attribute__((always_inline)) void near_ways(const labeller *self, const ways *best, ways *next, uint8_t *from, uint32_t near)
{
	int32_t scores[2 * FOUR];
	four from_single = {0}, from_begin = {0};
	memcpy(scores, &best->single, sizeof best->single);
	memcpy(scores + FOUR, &best->end, sizeof best->end);
	for (; near; near &= near - 1) {
		uint32_t a = (uint32_t)__builtin_ctz(near), before = label_closed(FOUR, a + 1);
		const int32_t *steps = self->model->steps + (size_t)(a + 1) * STARTERS_OF(FOUR);
		int32_t outside = scores[a] + steps[0];
		four label = {(int32_t)before, (int32_t)before, (int32_t)before, (int32_t)before};
		four single = scores[a] + four_at(steps + 1), begin = scores[a] + four_at(steps + 1 + FOUR);
		four better_single = single > next->single, better_begin = begin > next->begin;
		from[0] = outside > next->outside ? (uint8_t)before : from[0];
		next->outside = outside > next->outside ? outside : next->outside;
		next->single = four_pick(better_single, single, next->single);
		next->begin = four_pick(better_begin, begin, next->begin);
		from_single = four_pick(better_single, label, from_single);
		from_begin = four_pick(better_begin, label, from_begin);
	}
	four_bytes(from + label_of_type(FOUR, PART_SINGLE, 0), from_single);
	four_bytes(from + label_of_type(FOUR, PART_BEGIN, 0), from_begin);
}

/* The better of two ways to the insides or the ends of all types, and a bit for each that comes from an inside. */
static inline __attribute__((always_inline)) four inner_four(const ways *best, four from_begin, four from_inside, uint32_t *longer)
{
	four first = best->begin + from_begin, further = best->inside + from_inside, where = further > first;
	*longer = four_bits(where);
	return four_pick(where, further, first);
}

/* Of `from`, the starters' bytes are as always; behind them stands one byte for the others: bit t, the inside of type t comes from an inside, bit FOUR + t, its end does. */
static inline __attribute__((always_inline)) void viterbi_four(labeller *self, const uint32_t *at)
{
	const int32_t *steps = self->model->steps, *inner = self->inner;
	size_t count = self->count;
	four outside_single = four_at(steps + 1), outside_begin = four_at(steps + 1 + FOUR), behind_single = four_at(self->behind + 1), behind_end = four_at(self->behind + 1 + FOUR);
	four begin_inside = four_at(inner), begin_end = four_at(inner + FOUR), inside_inside = four_at(inner + 2 * FOUR), inside_end = four_at(inner + 3 * FOUR);
	const four never = {NEVER, NEVER, NEVER, NEVER};
	ways best = {0, at[0] == ',' ? never : four_scores(self->scores), at[0] == ',' ? never : four_scores(self->scores + FOUR), never, never};
	for (size_t i = 1; i < count; i++) {
		uint8_t *from = self->from + i * LABELS_OF(FOUR);
		const int16_t *scores = self->scores + i * FOUR_STRIDE;
		uint32_t near = four_bits(best.single - best.outside > behind_single) | four_bits(best.end - best.outside > behind_end) << FOUR;
		uint32_t insides, ends;
		ways next = {best.outside + steps[0], best.outside + outside_single, best.outside + outside_begin, inner_four(&best, begin_inside, inside_inside, &insides),
			     inner_four(&best, begin_end, inside_end, &ends)};
		memset(from, LABEL_OUTSIDE, STARTERS_OF(FOUR));
		from[STARTERS_OF(FOUR)] = (uint8_t)(insides | ends << FOUR);
		if (near)
			near_ways(self, &best, &next, from, near);
		next.single += four_scores(scores);
		next.begin += four_scores(scores + FOUR);
		next.inside += four_scores(scores + 2 * FOUR);
		next.end += four_scores(scores + 3 * FOUR);
		if (at[i] == ',')
			next.single = next.begin = next.inside = next.end = never;
		best = next;
	}
	self->best[0] = best.outside;
	memcpy(self->best + 1, &best.single, sizeof(four));
	memcpy(self->best + 1 + FOUR, &best.begin, sizeof(four));
	memcpy(self->best + 1 + 2 * FOUR, &best.inside, sizeof(four));
	memcpy(self->best + 1 + 3 * FOUR, &best.end, sizeof(four));
}

/* ---- one sentence ---- */

static void read_any(labeller *self, const labeller_input *in)
{
	known_add(self, in);
	hits_add(self, in);
	viterbi_begin(self, in->at);
	for (size_t i = 1; i < self->count; i++)
		viterbi_step(self, in->at, i);
	viterbi_back(self, viterbi_last(self));
}

static void viterbi_back_four(labeller *self, uint32_t last)
{
	for (size_t i = self->count - 1; i > 0; i--) {
		const uint8_t *from = self->from + i * LABELS_OF(FOUR);
		self->path[i] = (uint8_t)last;
		if (last < STARTERS_OF(FOUR)) {
			last = from[last];
		} else {
			uint32_t bit = last - STARTERS_OF(FOUR), type = bit % FOUR;
			last = label_of_type(FOUR, from[STARTERS_OF(FOUR)] >> bit & 1 ? PART_INSIDE : PART_BEGIN, type);
		}
	}
	self->path[0] = (uint8_t)last;
}

static inline __attribute__((always_inline)) void read_sums(labeller *self, const labeller_input *in)
{
	viterbi_four(self, in->at);
	viterbi_back_four(self, viterbi_last(self));
}

static void read_four(labeller *self, const labeller_input *in)
{
	known_add_four(self, in);
	hits_add_four(self, in);
	read_sums(self, in);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void read_four_avx2(labeller *self, const labeller_input *in)
{
	known_add_avx2(self, in);
	hits_add_avx2(self, in);
	read_sums(self, in);
}
#endif

const uint8_t *labeller_read(labeller *self, const labeller_input *in)
{
	self->count = in->count;
	self->read(self, in);
	return self->path;
}

/* Value of the step from label a to label b, of which one follows the other in a path. */
static int32_t step_value(const labeller *self, uint32_t a, uint32_t b)
{
	uint32_t types = self->types, starters = self->starters;
	if (b < starters)
		return self->model->steps[(a <= types ? a : a - 2 * types) * starters + b];
	uint32_t inside = label_of_type(types, PART_INSIDE, 0), type = (a - 1) % types;
	uint32_t step = (a >= inside ? INSIDE_INSIDE : BEGIN_INSIDE) + (b >= label_of_type(types, PART_END, 0));
	return self->model->steps[starters * starters + type * INNER_STEPS + step];
}

int64_t labeller_margin(const labeller *self, size_t begin, size_t end)
{
	int64_t with = 0, without = 0;
	for (size_t i = begin; i < end; i++)
		with += label_score(self, i, self->path[i]);
	for (size_t i = begin ? begin : 1; i <= end && i < self->count; i++) {
		with += step_value(self, self->path[i - 1], self->path[i]);
		without += step_value(self, i > begin ? LABEL_OUTSIDE : self->path[i - 1], i < end ? LABEL_OUTSIDE : self->path[i]);
	}
	return with - without;
}

/* ---- begin and end ---- */

static void steps_fill(labeller *self)
{
	const int32_t *outside = self->model->steps;
	for (uint32_t i = 0; i < INNER_STEPS * self->types; i++)
		self->inner[i % INNER_STEPS * self->types + i / INNER_STEPS] = self->model->steps[(size_t)self->starters * self->starters + i];
	for (uint32_t a = 0; a < self->starters; a++) {
		const int32_t *steps = outside + (size_t)a * self->starters;
		self->behind[a] = outside[0] - steps[0];
		for (uint32_t b = 1; b < self->starters; b++)
			if (outside[b] - steps[b] < self->behind[a])
				self->behind[a] = outside[b] - steps[b];
	}
}

bool labeller_take(labeller *self, enum labeller_way way)
{
	if (way != LABELLER_ANY && (self->types != FOUR || self->stride != FOUR_STRIDE))
		return false;
#ifdef __x86_64__
	if (way == LABELLER_AVX2 && !__builtin_cpu_supports("avx2"))
		return false;
	self->read = way == LABELLER_AVX2 ? read_four_avx2 : way == LABELLER_FOUR ? read_four : read_any;
#else
	if (way == LABELLER_AVX2)
		return false;
	self->read = way == LABELLER_FOUR ? read_four : read_any;
#endif
	return true;
}

labeller *labeller_new(const tagger_model *model)
{
	labeller *self = mem_alloc(sizeof *self);
	self->model = model;
	self->types = model->type_count;
	self->labels = LABELS_OF(self->types);
	self->starters = STARTERS_OF(self->types);
	self->stride = model->stride;
	self->bag_most = (int)(TAGGER_BAG_NATS * 1000000 / model->unit);
	self->bag_most = self->bag_most < BAG_MOST ? self->bag_most : BAG_MOST;
	self->all_scores = mem_array((size_t)(TAGGER_SENTENCE_MAX + 2 * LABELLER_MARGIN) * self->stride, sizeof *self->scores);
	self->scores = self->all_scores + (size_t)LABELLER_MARGIN * self->stride;
	self->from = mem_array((size_t)TAGGER_SENTENCE_MAX * self->labels, sizeof *self->from);
	self->best = mem_array(self->labels, sizeof *self->best);
	self->next = mem_array(self->labels, sizeof *self->next);
	self->inner = mem_array((size_t)INNER_STEPS * self->types, sizeof *self->inner);
	self->behind = mem_array(self->starters, sizeof *self->behind);
	steps_fill(self);
	shapes_fill(self);
	for (int way = LABELLER_WAYS - 1; !labeller_take(self, (enum labeller_way)way); way--)
		;
	return self;
}

void labeller_free(labeller **self_p)
{
	labeller *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	free(self->all_scores);
	free(self->from);
	free(self->best);
	free(self->next);
	free(self->behind);
	free(self->inner);
	free(self);
}
