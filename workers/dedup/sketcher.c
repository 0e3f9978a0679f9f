/* sketcher.c - see sketcher.h; the method stands in common/sketch_format.h.
 *
 * The folded text becomes an array of characters with prefix values of a polynomial hash and of the weights, so that the hash of any run is two
 * multiplications. A run goes from a character to the first one at which its weight is reached: five ideographs or thirteen Latin
 * letters carry about the same information and break about as often under scanning errors. */
#include "sketcher.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "workers/dedup/figures.h"
#include "workers/text/fold.h"

#define WEIGHT_HAN 5
#define WEIGHT_LETTER 2
#define SHINGLE_WEIGHT 25
#define KEY_WEIGHT 40
#define BASE 0x9E6C63D0876A9A47u         /* odd, no structure */
#define RUN_MAX 64                       /* characters of a run: KEY_WEIGHT / WEIGHT_LETTER and room */

struct sketcher {
	buf clean, folded;
	uint64_t *prefix;                /* prefix[i]: hash of the first i characters */
	uint32_t *weight;                /* weight[i]: weight of the first i characters */
	size_t room;
	uint64_t power[RUN_MAX];         /* BASE to the n */
};

sketcher *sketcher_new(void)
{
	sketcher *self = mem_alloc(sizeof *self);
	self->power[0] = 1;
	for (size_t i = 1; i < RUN_MAX; i++)
		self->power[i] = self->power[i - 1] * BASE;
	return self;
}

void sketcher_free(sketcher **self)
{
	if (!*self)
		return;
	buf_free(&(*self)->clean);
	buf_free(&(*self)->folded);
	free((*self)->prefix);
	free((*self)->weight);
	free(*self);
	*self = NULL;
}

/* MurmurHash3's finaliser: every bit of the product depends on every bit of x. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xFF51AFD7ED558CCDu;
	x ^= x >> 33;
	x *= 0xC4CEB9FE1A85EC53u;
	return x ^ x >> 33;
}

static uint64_t run_hash(const sketcher *self, size_t from, size_t to)
{
	return mix(self->prefix[to] - self->prefix[from] * self->power[to - from]);
}

/* Fills prefix and weight from the folded text; returns the number of characters. */
static size_t load(sketcher *self, mr_bytes text)
{
	buf_clear(&self->folded);
	fold_text(text, FOLD_ALL, &self->folded, NULL);
	if (self->room < self->folded.len + 1) {
		self->room = self->folded.len + self->folded.len / 2 + 1024;
		self->prefix = mem_grow(self->prefix, self->room, sizeof *self->prefix);
		self->weight = mem_grow(self->weight, self->room, sizeof *self->weight);
	}
	const char *at = self->folded.data, *end = at + self->folded.len;
	size_t n = 0;
	self->prefix[0] = self->weight[0] = 0;
	while (at < end) {
		uint32_t c = utf8_next(&at, end);
		self->prefix[n + 1] = self->prefix[n] * BASE + (c + 1) * 0xD6E8FEB86659FD93u;
		self->weight[n + 1] = self->weight[n] + (c >= 0x2E80 ? WEIGHT_HAN : WEIGHT_LETTER);
		n++;
	}
	return n;
}

/* The body without character references that a careless feed left in (&quot;): a bounded look for a name and a semicolon. */
static mr_bytes without_references(sketcher *self, mr_bytes text)
{
	const char *amp = memchr(text.data, '&', text.len), *from = text.data, *end = text.data + text.len;
	if (!amp)
		return text;
	buf_clear(&self->clean);
	for (; amp; amp = memchr(amp, '&', (size_t)(end - amp))) {
		const char *at = amp + 1;
		while (at < end && at - amp < 9 && ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '#'))
			at++;
		if (at == end || *at != ';' || at - amp < 3) {
			amp++;
			continue;
		}
		buf_add(&self->clean, from, (size_t)(amp - from));
		buf_add_char(&self->clean, ' ');
		from = amp = at + 1;
	}
	buf_add(&self->clean, from, (size_t)(end - from));
	return buf_bytes(&self->clean);
}

static unsigned value15(uint64_t hash)
{
	return 1 + (unsigned)((hash & 0xFFFFFFu) * 15 >> 24);
}

static void make_title(sketcher *self, mr_bytes title, sketch *out)
{
	uint64_t least[16];
	memset(least, 0xFF, sizeof least);
	size_t n = load(self, title);
	for (size_t i = 0; i + 1 < n; i++) {
		size_t width = self->weight[i + 1] - self->weight[i] == WEIGHT_HAN || i + 4 > n ? 2 : 4;
		uint64_t h = run_hash(self, i, i + width);
		if (h << 4 < least[h >> 60])
			least[h >> 60] = h << 4;
	}
	for (size_t i = 0; i < 16; i++) {
		unsigned v = least[i] == UINT64_MAX ? 0 : value15(least[i] >> 4);
		for (unsigned p = 0; p < 4; p++)
			out->title[p] |= (uint16_t)((v >> p & 1) << i);
	}
}

static void make_buckets(const sketcher *self, size_t n, sketch *out)
{
	uint64_t least[SKETCH_BUCKETS];
	uint32_t where[SKETCH_BUCKETS] = {0};
	memset(least, 0xFF, sizeof least);
	size_t to = 0, runs = 0;
	for (size_t from = 0; from < n; from++) {
		while (to < n && self->weight[to] - self->weight[from] < SHINGLE_WEIGHT)
			to++;
		if (self->weight[to] - self->weight[from] < SHINGLE_WEIGHT && from)
			break;
		uint64_t h = run_hash(self, from, to), rest = h << 7;
		runs++;
		if (rest < least[h >> 57]) {
			least[h >> 57] = rest;
			where[h >> 57] = (uint32_t)from;
		}
	}
	out->shingles = (uint32_t)runs;
	for (size_t i = 0; i < SKETCH_BUCKETS; i++) {
		if (least[i] == UINT64_MAX)
			continue;
		unsigned v = value15(least[i] >> 7), q = (unsigned)(where[i] * (uint64_t)4 / runs);
		for (unsigned p = 0; p < 4; p++)
			out->value[p][i / 64] |= (uint64_t)(v >> p & 1) << i % 64;
		for (unsigned p = 0; p < 2; p++)
			out->place[p][i / 64] |= (uint64_t)(q >> p & 1) << i % 64;
	}
}

static void make_keys(const sketcher *self, size_t n, sketch *out)
{
	uint64_t least[SKETCH_KEY_BUCKETS];
	memset(least, 0xFF, sizeof least);
	size_t to = 0;
	for (size_t from = 0; from < n; from++) {
		while (to < n && self->weight[to] - self->weight[from] < KEY_WEIGHT)
			to++;
		if (self->weight[to] - self->weight[from] < KEY_WEIGHT && from)
			break;
		uint64_t h = run_hash(self, from, to), rest = h << 32 | h >> 32;
		size_t bucket = (size_t)((h >> 32) * SKETCH_KEY_BUCKETS >> 32);
		if (rest < least[bucket])
			least[bucket] = rest;
	}
	for (size_t i = 0, kept = 0; i < SKETCH_KEY_BUCKETS && kept < SKETCH_KEYS; i++)
		if (least[i] != UINT64_MAX)
			out->key[kept++] = (uint32_t)(mix(least[i] + i) | 1);
}

void sketcher_make(sketcher *self, mr_bytes title, mr_bytes body, sketch *out)
{
	*out = (sketch){0};
	if (title.data)
		make_title(self, title, out);
	size_t n = 0;
	if (body.data) {
		body = without_references(self, body);
		n = load(self, body);
	}
	if (!n)
		return;
	uint64_t exact = XXH3_64bits(self->folded.data, self->folded.len);
	out->exact = exact ? exact : 1;
	uint32_t weight = self->weight[n] / WEIGHT_HAN;
	out->weight = weight > 65535 ? 65535 : (uint16_t)weight;
	make_buckets(self, n, out);
	make_keys(self, n, out);
	figures_scan(body, out);
}
