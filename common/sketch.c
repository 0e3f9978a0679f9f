/* sketch.c - see sketch.h; what a sketch is: sketch_format.h; where the thresholds come from: docs/dedup.md.
 *
 * Estimates. Of u buckets that are not empty in both, m hold the same value. Two different shingles agree by chance once in 15, which is taken
 * out; the rest over u estimates the resemblance J = |A and B| / |A or B| (standard deviation sqrt(J (1-J) / 128) = 0.04 in the middle). With the numbers of
 * shingles known, |A and B| = J (|A| + |B|) / (1 + J), and so the containment of either text in the other (Broder 1997). The same for the
 * buckets whose shingle stands in one quarter of a text says which part of it the other has. */
#include "sketch.h"

#include <math.h>
#include <string.h>

#define CHANCE (1.0 / 15)                /* two different values 1..15 are equal */

void sketch_encode(const sketch *self, buf *out)
{
	size_t from = out->len;
	buf_add_u32(out, SKETCH_VERSION);
	buf_add_u64(out, self->exact);
	buf_add_u32(out, self->shingles);
	buf_add_u16(out, self->weight);
	buf_add_u16(out, self->figures);
	for (size_t i = 0; i < 8; i++)
		buf_add_u64(out, self->value[i / 2][i % 2]);
	for (size_t i = 0; i < 4; i++)
		buf_add_u64(out, self->place[i / 2][i % 2]);
	for (size_t i = 0; i < 2; i++)
		buf_add_u64(out, self->figure[i]);
	for (size_t i = 0; i < 4; i++)
		buf_add_u16(out, self->title[i]);
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		buf_add_u32(out, self->key[i]);
	if (out->len - from != SKETCH_ENCODED_BYTES)
		__builtin_trap();
}

int sketch_decode(mr_bytes blob, sketch *self)
{
	reader in = reader_of(blob);
	*self = (sketch){0};
	if (blob.len != SKETCH_ENCODED_BYTES || read_u32(&in) != SKETCH_VERSION)
		return -1;
	self->exact = read_u64(&in);
	self->shingles = read_u32(&in);
	self->weight = read_u16(&in);
	self->figures = read_u16(&in);
	for (size_t i = 0; i < 8; i++)
		self->value[i / 2][i % 2] = read_u64(&in);
	for (size_t i = 0; i < 4; i++)
		self->place[i / 2][i % 2] = read_u64(&in);
	for (size_t i = 0; i < 2; i++)
		self->figure[i] = read_u64(&in);
	for (size_t i = 0; i < 4; i++)
		self->title[i] = read_u16(&in);
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		self->key[i] = read_u32(&in);
	return in.bad ? -1 : 0;
}

size_t sketch_keys(const sketch *self, uint64_t keys[SKETCH_KEYS_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		if (self->key[i])
			keys[n++] = (uint64_t)self->key[i] * 0x9E3779B97F4A7C15u;       /* spread, so that any bits of it serve a hash table */
	return n;
}

/* ---- evidence ---- */

typedef struct bits { uint64_t w[2]; } bits;     /* one bit a bucket */

static unsigned count(bits x)
{
	return (unsigned)__builtin_popcountll(x.w[0]) + (unsigned)__builtin_popcountll(x.w[1]);
}

static bits both(bits x, bits y)
{
	return (bits){{x.w[0] & y.w[0], x.w[1] & y.w[1]}};
}

static bits filled(const sketch *s)
{
	bits x;
	for (int i = 0; i < 2; i++)
		x.w[i] = s->value[0][i] | s->value[1][i] | s->value[2][i] | s->value[3][i];
	return x;
}

static bits equal(const sketch *a, const sketch *b)
{
	bits x;
	for (int i = 0; i < 2; i++)
		x.w[i] = ~((a->value[0][i] ^ b->value[0][i]) | (a->value[1][i] ^ b->value[1][i]) | (a->value[2][i] ^ b->value[2][i]) | (a->value[3][i] ^ b->value[3][i]));
	return x;
}

static bits quarter(const sketch *s, int q)
{
	bits x;
	for (int i = 0; i < 2; i++)
		x.w[i] = (q & 1 ? s->place[0][i] : ~s->place[0][i]) & (q & 2 ? s->place[1][i] : ~s->place[1][i]);
	return x;
}

static double clip(double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Share of `all` buckets that agree, of which `tried` could agree by chance. */
static double agreement(unsigned same, unsigned tried, unsigned all)
{
	return all ? clip((same - tried * CHANCE) / (1 - CHANCE) / all) : 0;
}

static void weigh_parts(const sketch *s, bits own, bits tried, bits same, double scale, double part[4])
{
	for (int q = 0; q < 4; q++) {
		bits here = quarter(s, q);
		unsigned all = count(both(own, here));
		part[q] = all < 4 ? -1 : clip(scale * agreement(count(both(same, here)), count(both(tried, here)), all));
	}
}

static double weigh_figures(const sketch *a, const sketch *b)
{
	unsigned x = count((bits){{a->figure[0], a->figure[1]}}), y = count((bits){{b->figure[0], b->figure[1]}});
	if (!x || !y)
		return -1;
	unsigned common = count((bits){{a->figure[0] & b->figure[0], a->figure[1] & b->figure[1]}});
	unsigned few = x < y ? x : y, many = x < y ? y : x;
	double chance = many / 128.0;
	return chance > 0.9 ? -1 : clip(((double)common / few - chance) / (1 - chance));
}

static double weigh_titles(const sketch *a, const sketch *b)
{
	unsigned differ = 0, in_a = 0, in_b = 0;
	for (int p = 0; p < 4; p++) {
		differ |= (unsigned)(a->title[p] ^ b->title[p]);
		in_a |= a->title[p];
		in_b |= b->title[p];
	}
	if (!in_a || !in_b)
		return -1;
	unsigned tried = in_a & in_b;
	return agreement((unsigned)__builtin_popcount(tried & ~differ), (unsigned)__builtin_popcount(tried), (unsigned)__builtin_popcount(in_a | in_b));
}

sketch_evidence sketch_weigh(const sketch *a, const sketch *b)
{
	sketch_evidence e = {0};
	bits own_a = filled(a), own_b = filled(b), tried = both(own_a, own_b), same = both(tried, equal(a, b));
	unsigned all = count((bits){{own_a.w[0] | own_b.w[0], own_a.w[1] | own_b.w[1]}});
	e.resemblance = agreement(count(same), count(tried), all);
	double sum = (double)a->shingles + b->shingles, common = e.resemblance * sum / (1 + e.resemblance);
	double united = sum - common;
	if (a->shingles && b->shingles) {
		e.in_a = clip(common / a->shingles);
		e.in_b = clip(common / b->shingles);
		weigh_parts(a, own_a, tried, same, united / a->shingles, e.part_a);
		weigh_parts(b, own_b, tried, same, united / b->shingles, e.part_b);
	}
	e.figures = weigh_figures(a, b);
	e.title = weigh_titles(a, b);
	return e;
}

/* ---- verdict ---- */

/* Thresholds, with how each was found: docs/dedup.md. Moved by 10 % none of them changes a figure of the measurement by more than what stands there. */
#define COPY_CONTAINED 0.60              /* share of one text found in the other: a copy, when titles agree */
#define COPY_CONTAINED_RETITLED 0.70     /* ... when they do not */
#define COPY_SMALLER_SHARE 0.50          /* ... and what the other text must have in common at least: else it is a round-up that contains a story */
#define COPY_HEAD 0.40                   /* ... and the beginning must be common, not only the tail that a bureau puts under everything */
#define SAME_TITLE 0.40
#define SAME_FIGURES 0.60
#define LOST_FIGURE_RESEMBLANCE 0.75     /* one number may be damaged (scanning errors) when the texts agree this far */
#define SHORT_WEIGHT 70                  /* ideographs: below, texts are too short for statistics */
#define SHORT_CONTAINED 0.60             /* ... all figures the same */
#define SHORT_CONTAINED_PLAIN 0.75       /* ... no figures to compare */
#define GROWTH 3.0                       /* a copy with site chrome around it is at most so many times as long */
#define GROWTH_RETITLED 2.0
#define GROWTH_FIXED 60                  /* plus a byline, ideographs */
#define KIN_CONTAINED 0.60
#define KIN_RESEMBLANCE 0.50
#define KIN_FIGURES 0.40
#define REPEAT_RESEMBLANCE 0.95          /* at the same address: below, it is a changed edition */

static unsigned numbers(const sketch *s)
{
	return count((bits){{s->figure[0], s->figure[1]}});
}

/* All sorts of copies keep the numbers of the text; reports made from one form do not. */
static bool same_figures(const sketch *a, const sketch *b, const sketch_evidence *e)
{
	if (e->figures < 0 || e->figures >= SAME_FIGURES)
		return true;
	unsigned x = numbers(a), y = numbers(b), few = x < y ? x : y;
	return few * (1 - e->figures) < 1.3 && e->resemblance >= LOST_FIGURE_RESEMBLANCE;
}

static bool is_copy_short(const sketch_evidence *e, double contained)
{
	if (e->figures < 0)
		return contained >= SHORT_CONTAINED_PLAIN;
	return e->figures > 0.98 && contained >= SHORT_CONTAINED;
}

static bool is_copy(const sketch *a, const sketch *b, const sketch_evidence *e)
{
	bool a_inside = e->in_a >= e->in_b, titled = e->title < 0 || e->title >= SAME_TITLE;
	const sketch *inner = a_inside ? a : b, *outer = a_inside ? b : a;
	double contained = a_inside ? e->in_a : e->in_b, other = a_inside ? e->in_b : e->in_a, head = (a_inside ? e->part_a : e->part_b)[0];
	if (outer->weight > (titled ? GROWTH : GROWTH_RETITLED) * inner->weight + GROWTH_FIXED)
		return false;
	if (inner->weight < SHORT_WEIGHT)
		return is_copy_short(e, contained);
	if (!same_figures(a, b, e))
		return false;
	if (titled)
		return contained >= COPY_CONTAINED;
	return contained >= COPY_CONTAINED_RETITLED && other >= COPY_SMALLER_SHARE && (head < 0 || head >= COPY_HEAD);
}

static bool is_kin(const sketch_evidence *e)
{
	return e->resemblance >= KIN_RESEMBLANCE && (e->in_a >= KIN_CONTAINED || e->in_b >= KIN_CONTAINED) && (e->figures < 0 || e->figures >= KIN_FIGURES);
}

sketch_match sketch_compare(const sketch *earlier, const sketch *later)
{
	sketch_match match = {.relation = SKETCH_DIFFERENT, .changed = true};
	if (!earlier->exact || !later->exact)
		return match;
	if (earlier->exact == later->exact && earlier->shingles == later->shingles)
		return (sketch_match){.relation = SKETCH_IDENTICAL, .similarity = 1};
	sketch_evidence e = sketch_weigh(earlier, later);
	match.similarity = e.in_a > e.in_b ? e.in_a : e.in_b;
	match.changed = e.resemblance < REPEAT_RESEMBLANCE || earlier->figure[0] != later->figure[0] || earlier->figure[1] != later->figure[1];
	if (is_copy(earlier, later, &e))
		match.relation = SKETCH_NEAR;
	else if (is_kin(&e))
		match.relation = SKETCH_KIN;
	return match;
}
