/* sketch.c - see sketch.h; what a sketch is: sketch_format.h; where the thresholds come from: docs/dedup.md.
 *
 * Estimates. Of u buckets that are not empty in both, m hold the same value. Two different shingles agree by chance once in 15, which is taken
 * out; the rest over u estimates the resemblance J = |A and B| / |A or B| (standard deviation sqrt(J (1-J) / 128) = 0.04 in the middle). With the numbers of
 * shingles known, |A and B| = J (|A| + |B|) / (1 + J), and so the containment of either text in the other (Broder 1997). The same for the
 * buckets whose shingle stands in one quarter of a text says which part of it the other has. */
#include "sketch.h"

#include <assert.h>
#include <string.h>

#define ENCODED_BYTES_1 188
#define CHANCE (1.0 / 15)                /* two different values 1..15 are equal */

void sketch_encode(const sketch *self, buf *out)
{
	size_t from = out->len;
	buf_add_u32(out, SKETCH_VERSION);
	buf_add_u64(out, self->exact);
	buf_add_u32(out, self->shingles);
	buf_add_u16(out, self->weight);
	buf_add_u16(out, self->title_figures);
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
	assert(out->len - from == SKETCH_ENCODED_BYTES);
}

static void read_keys(reader *in, size_t count, sketch *self)
{
	for (size_t i = 0, n = 0; i < count; i++) {
		uint32_t key = read_u32(in);
		if (key && n < SKETCH_KEYS)
			self->key[n++] = key;
	}
}

int sketch_decode(mr_bytes blob, sketch *self)
{
	reader in = reader_of(blob);
	*self = (sketch){0};
	uint32_t version = read_u32(&in);
	if (blob.len != (version == 1 ? ENCODED_BYTES_1 : SKETCH_ENCODED_BYTES) || version < 1 || version > SKETCH_VERSION)
		return -1;
	self->exact = read_u64(&in);
	self->shingles = read_u32(&in);
	self->weight = read_u16(&in);
	self->title_figures = read_u16(&in);
	if (version == 1)
		self->title_figures = 0;
	for (size_t i = 0; i < 8; i++)
		self->value[i / 2][i % 2] = read_u64(&in);
	for (size_t i = 0; i < 4; i++)
		self->place[i / 2][i % 2] = read_u64(&in);
	for (size_t i = 0; i < 2; i++)
		self->figure[i] = read_u64(&in);
	for (size_t i = 0; i < 4; i++)
		self->title[i] = read_u16(&in);
	read_keys(&in, version == 1 ? SKETCH_KEY_BUCKETS : SKETCH_KEYS, self);
	return in.bad ? -1 : 0;
}

size_t sketch_keys(const sketch *self, uint64_t keys[SKETCH_KEYS])
{
	size_t n = 0;
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		if (self->key[i])
			keys[n++] = (uint64_t)self->key[i] * 0x9E3779B97F4A7C15u;       /* spread, so that any bits of it serve a hash table */
	return n;
}

/* ---- evidence ---- */

typedef struct bits { uint64_t w[2]; } bits;     /* one bit a bucket */

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define POPCNT_TARGET __attribute__((target("popcnt")))
#define HAS_POPCNT __builtin_cpu_supports("popcnt")      /* asked of the machine at its start */
#else
#define POPCNT_TARGET
#define HAS_POPCNT 0
#endif

/* Both words at once: the compiler's popcount is a call into a table where the machine's own may not be assumed. */
static unsigned count(bits x)
{
	const uint64_t pairs = 0x5555555555555555u, fours = 0x3333333333333333u, bytes = 0x0F0F0F0F0F0F0F0Fu;
	uint64_t a = x.w[0] - (x.w[0] >> 1 & pairs), b = x.w[1] - (x.w[1] >> 1 & pairs);
	a = (a & fours) + (a >> 2 & fours);
	b = (b & fours) + (b >> 2 & fours);
	uint64_t sum = (a & bytes) + (a >> 4 & bytes) + (b & bytes) + (b >> 4 & bytes);       /* at most 16 a byte */
	return (unsigned)(sum * 0x0101010101010101u >> 56);
}

INLINE unsigned count_by(bits x, bool popcnt)
{
	return popcnt ? (unsigned)(__builtin_popcountll(x.w[0]) + __builtin_popcountll(x.w[1])) : count(x);
}

INLINE bits both(bits x, bits y)
{
	return (bits){{x.w[0] & y.w[0], x.w[1] & y.w[1]}};
}

INLINE bits filled(const sketch *s)
{
	bits x;
	for (int i = 0; i < 2; i++)
		x.w[i] = s->value[0][i] | s->value[1][i] | s->value[2][i] | s->value[3][i];
	return x;
}

INLINE bits equal(const sketch *a, const sketch *b)
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

INLINE double clip(double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Share of `all` buckets that agree, of which `tried` could agree by chance. */
INLINE double agreement(unsigned same, unsigned tried, unsigned all)
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

/* What the buckets say of the whole texts; `agree` gets what is needed to ask for their parts. */
typedef struct agreeing { bits own_a, own_b, tried, same; } agreeing;

INLINE sketch_evidence weigh_texts_by(const sketch *a, const sketch *b, agreeing *agree, bool popcnt)
{
	sketch_evidence e = {.figures = -1, .title = -1};
	bits own_a = filled(a), own_b = filled(b), tried = both(own_a, own_b), same = both(tried, equal(a, b));
	*agree = (agreeing){own_a, own_b, tried, same};
	if (!a->shingles || !b->shingles)
		return e;
	unsigned all = count_by((bits){{own_a.w[0] | own_b.w[0], own_a.w[1] | own_b.w[1]}}, popcnt);
	e.resemblance = agreement(count_by(same, popcnt), count_by(tried, popcnt), all);
	double common = e.resemblance * ((double)a->shingles + b->shingles) / (1 + e.resemblance);
	e.in_a = clip(common / a->shingles);
	e.in_b = clip(common / b->shingles);
	return e;
}

/* Nearly all comparisons of a search end behind this one (unlike texts): it is there twice, and gives the same on every machine. */
static sketch_evidence weigh_texts_portable(const sketch *a, const sketch *b, agreeing *agree)
{
	return weigh_texts_by(a, b, agree, false);
}

POPCNT_TARGET static sketch_evidence weigh_texts_popcnt(const sketch *a, const sketch *b, agreeing *agree)
{
	return weigh_texts_by(a, b, agree, true);
}

static sketch_evidence weigh_texts(const sketch *a, const sketch *b, agreeing *agree)
{
	return HAS_POPCNT ? weigh_texts_popcnt(a, b, agree) : weigh_texts_portable(a, b, agree);
}

static void weigh_rest(const sketch *a, const sketch *b, const agreeing *agree, sketch_evidence *e)
{
	if (a->shingles && b->shingles) {
		double united = ((double)a->shingles + b->shingles) / (1 + e->resemblance);
		weigh_parts(a, agree->own_a, agree->tried, agree->same, united / a->shingles, e->part_a);
		weigh_parts(b, agree->own_b, agree->tried, agree->same, united / b->shingles, e->part_b);
	}
	e->figures = weigh_figures(a, b);
	e->title = weigh_titles(a, b);
}

sketch_evidence sketch_weigh(const sketch *a, const sketch *b)
{
	agreeing agree;
	sketch_evidence e = weigh_texts(a, b, &agree);
	weigh_rest(a, b, &agree, &e);
	return e;
}

sketch_evidence sketch_weigh_portable(const sketch *a, const sketch *b)
{
	agreeing agree;
	sketch_evidence e = weigh_texts_portable(a, b, &agree);
	weigh_rest(a, b, &agree, &e);
	return e;
}

/* ---- verdict ----
 *
 * What a copy looks like: one of the texts (the inner one) is found in the other nearly whole, its numbers too, and its beginning. What
 * looks like one and is none: reports made from one form (equal length, the differences spread evenly, other numbers, other title), stories over
 * the same long tail (beginnings differ), a round-up that contains a story, a sentence in a long text. */

/* Where each threshold comes from, and what happens when it is moved by 10 %: docs/dedup.md. */
#define TITLE_LIKE 0.40                  /* resemblance of titles: below, it is another title ... */
#define TITLE_SAME 0.80                  /* ... from here on the same one, edited at most */
#define TITLE_UNKNOWN 0.60               /* a text without title counts as titled alike, not the same */
#define CONTAINED 0.65                   /* of the inner text */
#define CONTAINED_RETITLED 0.70
#define CONTAINED_LEAD 0.40              /* a cut copy among site chrome: same title, and ... */
#define LEAD_DENSE 0.85                  /* ... the first half of one text is all in the other */
#define OUTER_SHARE_RETITLED 0.42        /* of the outer text under another title: less is a round-up */
#define HEADS_LIKE 0.50                  /* first quarters of both texts, shares added: titles alike */
#define HEADS_RETITLED 1.00
#define EVEN_SHARES 0.90                 /* even differences: neither text is inside the other ... */
#define EVEN_DRIFT 0.20                  /* ... and they stand at the same places: mean difference between like quarters */
#define EVEN_CONTAINED 0.86              /* ... more than 3 % of the characters replaced: scanning errors only if ... */
#define EVEN_CONTAINED_LEAST 0.70
#define EVEN_SPREAD 0.35                 /* ... they are everywhere: largest difference between the quarters; a form has fixed parts and blanks */
#define FIGURES 0.60                     /* numbers of the smaller set found in the other */
#define FIGURES_EVEN 0.75                /* ... in texts with even differences */
#define FIGURES_EVEN_LEAST 8             /* ... and so many numbers, or many differences */
#define FIGURES_TITLED 0.42              /* ... under the same title, when one text is a part of the other with foreign numbers around it */
#define FIGURES_ALL 0.98                 /* ... in texts with few of them, when the titles have different numbers, too */
#define ONE_FIGURE 1.3                   /* one number may be damaged; 0.3 for what the bits miss */
#define ONE_FIGURE_RESEMBLANCE 0.75
#define ONE_FIGURE_TITLED 0.55
#define SHORT_WEIGHT 70                  /* ideographs: below, too short for statistics */
#define SHORT_CONTAINED 0.86             /* ... with all numbers the same */
#define SHORT_TITLED 0.75                /* ... under the same title, too */
#define SHORT_PLAIN 0.92                 /* ... without numbers */
#define GROWTH 3.0                       /* a copy with site chrome is at most so many times as long ... */
#define GROWTH_RETITLED 2.0
#define GROWTH_FIXED 60                  /* ... plus a byline, ideographs */
#define KIN_CONTAINED 0.60
#define KIN_RESEMBLANCE 0.50
#define KIN_RESEMBLANCE_EVEN 0.70        /* a form at one address, filled anew every day, is no revision */
#define KIN_FIGURES 0.40
#define HELD 0.30                        /* of a text without the lines that its source had before: less, and these are all that two texts share ... */
#define INNER_SHARE 0.20                 /* ... unless what is left is only this part of it, such as an added lead */
#define REPEAT_RESEMBLANCE 0.95          /* at the same address: below, it is a changed edition */

/* The evidence seen from the inner text. */
typedef struct pair {
	const sketch *inner, *outer;
	double contained, outer_share, resemblance, figures, title;
	double heads;                    /* sum of the shares of the first quarters */
	double lead;                     /* share of the first half, of the text where it is larger */
	double spread;                   /* between the quarters with most and least in common; 0: too short to tell */
	bool even;                       /* the texts differ by replacing, not by leaving out and adding */
} pair;

static double lead(const double part[4])
{
	return part[0] < 0 || part[1] < 0 ? 0 : (part[0] + part[1]) / 2;
}

static double spread(const sketch_evidence *e)
{
	double least = 2, most = 0;
	for (int q = 0; q < 4; q++) {
		if (e->part_a[q] < 0 || e->part_b[q] < 0)
			return 0;
		double here = e->part_a[q] + e->part_b[q];
		least = here < least ? here : least;
		most = here > most ? here : most;
	}
	return (most - least) / 2;
}

static double drift(const sketch_evidence *e)
{
	double sum = 0;
	for (int q = 0; q < 4; q++) {
		if (e->part_a[q] < 0 || e->part_b[q] < 0)
			return 0;
		sum += e->part_a[q] < e->part_b[q] ? e->part_b[q] - e->part_a[q] : e->part_a[q] - e->part_b[q];
	}
	return sum / 4;
}

static pair pair_of(const sketch *a, const sketch *b, const sketch_evidence *e)
{
	bool swap = e->in_b > e->in_a || (e->in_b == e->in_a && b->weight < a->weight);      /* the order of the texts must not matter */
	double la = lead(e->part_a), lb = lead(e->part_b), high = swap ? e->in_b : e->in_a, low = swap ? e->in_a : e->in_b;
	return (pair){
		.inner = swap ? b : a, .outer = swap ? a : b,
		.contained = high, .outer_share = low, .resemblance = e->resemblance,
		.figures = e->figures, .title = e->title < 0 ? TITLE_UNKNOWN : e->title,
		.heads = e->part_a[0] < 0 || e->part_b[0] < 0 ? 2 : e->part_a[0] + e->part_b[0],
		.lead = la > lb ? la : lb,
		.spread = spread(e),
		.even = low >= EVEN_SHARES * high && drift(e) <= EVEN_DRIFT,
	};
}

static unsigned numbers(const sketch *s)
{
	return count((bits){{s->figure[0], s->figure[1]}});
}

/* Both titles have numbers, and neither all of the other's. */
static bool titles_disagree(const pair *p)
{
	unsigned x = p->inner->title_figures, y = p->outer->title_figures;
	return x & ~y && y & ~x;
}

/* All sorts of copies keep the numbers of the text; reports made from one form do not. */
static bool same_figures(const pair *p)
{
	if (p->figures < 0)
		return true;
	unsigned x = numbers(p->inner), y = numbers(p->outer), few = x < y ? x : y;
	if (few < FIGURES_EVEN_LEAST && p->figures < FIGURES_ALL && titles_disagree(p))          /* another day of the same form */
		return false;
	bool titled = p->title >= TITLE_SAME;
	double want = p->even && few >= FIGURES_EVEN_LEAST ? FIGURES_EVEN : titled && !p->even ? FIGURES_TITLED : FIGURES;
	if (p->figures >= want)
		return true;
	return few * (1 - p->figures) <= ONE_FIGURE && p->resemblance >= (titled ? ONE_FIGURE_TITLED : ONE_FIGURE_RESEMBLANCE);
}

static bool is_copy_short(const pair *p)
{
	if (p->figures < 0)
		return p->contained >= SHORT_PLAIN;
	return p->figures > FIGURES_ALL && p->contained >= (p->title >= TITLE_SAME ? SHORT_TITLED : SHORT_CONTAINED);
}

/* Texts of one length that differ in many places: a damaged copy, or two reports made from one form. */
static bool is_damaged_copy(const pair *p)
{
	bool same = p->title >= TITLE_SAME;
	if (same && p->figures >= FIGURES_EVEN)
		return true;
	return p->contained >= EVEN_CONTAINED_LEAST && p->spread <= EVEN_SPREAD && (p->figures < 0 ? same : p->figures >= FIGURES_EVEN);
}

static enum sketch_rule rule_of(const pair *p)
{
	bool like = p->title >= TITLE_LIKE, same = p->title >= TITLE_SAME;
	if (p->outer->weight > (like ? GROWTH : GROWTH_RETITLED) * p->inner->weight + GROWTH_FIXED)
		return RULE_LENGTH;
	if (p->inner->weight < SHORT_WEIGHT)
		return is_copy_short(p) ? RULE_SHORT_COPY : RULE_SHORT;
	if (!same_figures(p))
		return RULE_FIGURES;
	if (p->even && p->contained < EVEN_CONTAINED && !is_damaged_copy(p))
		return RULE_FORM;
	if (!like)
		return p->contained >= CONTAINED_RETITLED && p->outer_share >= OUTER_SHARE_RETITLED && p->heads >= HEADS_RETITLED ? RULE_RETITLED_COPY : RULE_RETITLED;
	if (same && p->contained >= CONTAINED_LEAD && p->lead >= LEAD_DENSE && p->figures >= FIGURES)
		return RULE_LEAD_COPY;
	if (p->contained < CONTAINED)
		return RULE_LITTLE;
	return p->heads >= HEADS_LIKE ? RULE_COPY : RULE_BEGINNINGS;
}

const char *sketch_rule_text(enum sketch_rule rule)
{
	static const char *const texts[] = {
		[RULE_EMPTY] = "one of them has no text",
		[RULE_LITTLE] = "too little of either text stands in the other",
		[RULE_LENGTH] = "one is too long to be a copy of the other: a round-up, or a sentence in a long text",
		[RULE_SHORT] = "short texts: all numbers and nearly all words must be the same",
		[RULE_FIGURES] = "the numbers differ",
		[RULE_FORM] = "they differ all over, as reports made from one form do",
		[RULE_RETITLED] = "under another title too little is the same, or the beginnings differ",
		[RULE_BEGINNINGS] = "the beginnings differ: two stories over one tail",
		[RULE_INNER] = "what they share are lines that the source repeats; what is left of the later text does not stand in the earlier one",
		[RULE_SAME_TEXT] = "the same text, but for script, width, case, punctuation and white space",
		[RULE_SHORT_COPY] = "short texts with the same numbers and nearly the same words",
		[RULE_RETITLED_COPY] = "under another title, but one text stands in the other, beginning and numbers too",
		[RULE_LEAD_COPY] = "the same title, and the first half of one text stands in the other",
		[RULE_COPY] = "one text stands in the other, beginning and numbers too",
	};
	return texts[rule];
}

static bool is_kin(const pair *p)
{
	return p->resemblance >= (p->even ? KIN_RESEMBLANCE_EVEN : KIN_RESEMBLANCE) && p->contained >= KIN_CONTAINED &&
	       (p->figures < 0 || p->figures >= KIN_FIGURES);
}

sketch_match sketch_compare(const sketch *earlier, const sketch *later)
{
	sketch_match match = {.relation = SKETCH_DIFFERENT, .changed = true};
	if (!earlier->exact || !later->exact)
		return match;
	if (earlier->exact == later->exact)
		return (sketch_match){.relation = SKETCH_IDENTICAL, .rule = RULE_SAME_TEXT, .similarity = 1};
	agreeing agree;
	sketch_evidence e = weigh_texts(earlier, later, &agree);
	match.similarity = e.in_a > e.in_b ? e.in_a : e.in_b;
	match.rule = RULE_LITTLE;
	if (match.similarity < CONTAINED_LEAD)                   /* no rule below takes less; most candidates end here */
		return match;
	weigh_rest(earlier, later, &agree, &e);
	pair p = pair_of(earlier, later, &e);
	match.changed = e.resemblance < REPEAT_RESEMBLANCE || earlier->figure[0] != later->figure[0] || earlier->figure[1] != later->figure[1];
	match.rule = rule_of(&p);
	if (match.rule >= RULE_SAME_TEXT)
		match.relation = SKETCH_NEAR;
	else if (is_kin(&p))
		match.relation = SKETCH_KIN;
	return match;
}

/* Under another title only, and only if it is more than an added lead: when the source had the original, that is all that is left of a copy. */
static bool is_other_story(const sketch *earlier, const sketch *later, const sketch *inner)
{
	agreeing agree;
	double title = weigh_titles(earlier, later);
	return title >= 0 && title < TITLE_LIKE && inner->weight >= INNER_SHARE * later->weight && weigh_texts(inner, earlier, &agree).in_a < HELD;
}

sketch_match sketch_compare_inner(const sketch *earlier, const sketch *later, const sketch *inner)
{
	sketch_match match = sketch_compare(earlier, later);
	if (match.relation == SKETCH_NEAR && inner && is_other_story(earlier, later, inner)) {
		match.relation = SKETCH_KIN;
		match.rule = RULE_INNER;
	}
	return match;
}
