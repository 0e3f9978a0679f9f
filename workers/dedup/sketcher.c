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

#define WEIGHT_LETTER 2                  /* SKETCH_WEIGHT_HAN of an ideograph */
#define SHINGLE_WEIGHT 25
#define KEY_WEIGHT 40
#define BASE 0x9E6C63D0876A9A47u         /* odd, no structure */
#define RUN_MAX 64                       /* characters of a run: KEY_WEIGHT / WEIGHT_LETTER and room */

struct sketcher {
	buf clean, folded;
	uint64_t *prefix;                /* prefix[i]: hash of the first i characters */
	uint32_t *weight;                /* weight[i]: weight of the first i characters */
	uint64_t *hash;                  /* of the runs */
	size_t room;
	uint64_t power[RUN_MAX];         /* BASE to the n */
	figures_text cut;                /* the body and its pieces */
	size_t begin[SKETCH_PIECES_MAX + 1];     /* first character of each piece, and behind the last */
	sketch_pieces pieces;
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
	free((*self)->hash);
	free(*self);
	*self = NULL;
}

const sketch_pieces *sketcher_pieces(const sketcher *self)
{
	return &self->pieces;
}

mr_bytes sketcher_words(const sketcher *self, size_t k)
{
	size_t from = self->cut.begin[k], to = k + 1 < self->cut.count ? self->cut.begin[k + 1] : self->cut.text.len;
	return (mr_bytes){self->cut.text.data + from, to - from};
}

static uint64_t run_hash(const sketcher *self, size_t from, size_t to)
{
	return sketch_mix(self->prefix[to] - self->prefix[from] * self->power[to - from]);
}

/* Fills prefix and weight, from character n on, with the folded text behind byte `from`; returns the number of characters. */
static size_t load(sketcher *self, size_t from, size_t n)
{
	if (self->room < self->folded.len + 1) {
		self->room = self->folded.len + self->folded.len / 2 + 1024;
		self->prefix = mem_grow(self->prefix, self->room, sizeof *self->prefix);
		self->weight = mem_grow(self->weight, self->room, sizeof *self->weight);
		self->hash = mem_grow(self->hash, self->room, sizeof *self->hash);
	}
	const char *at = self->folded.data + from, *end = self->folded.data + self->folded.len;
	if (!n)
		self->prefix[0] = self->weight[0] = 0;
	for (; at < end; n++) {
		uint32_t c = utf8_next(&at, end);
		self->prefix[n + 1] = self->prefix[n] * BASE + (c + 1) * 0xD6E8FEB86659FD93u;
		self->weight[n + 1] = self->weight[n] + (c >= 0x2E80 ? SKETCH_WEIGHT_HAN : WEIGHT_LETTER);
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

/* ---- title ---- */

typedef struct title_numbers {
	uint16_t bits;
	unsigned before;         /* number in front, 128: none */
} title_numbers;

static void add_number(void *arg, size_t from, size_t to, size_t piece, unsigned bit)
{
	title_numbers *self = arg;
	(void)from;
	(void)to;
	(void)piece;
	self->bits |= (uint16_t)(1u << bit / 8);
	if (self->before < 128)
		self->bits |= (uint16_t)(1u << ((self->before * 128 + bit) * 2654435761u >> 28));
	self->before = bit;
}

static void make_title(sketcher *self, mr_bytes title, sketch *out)
{
	uint64_t least[16];
	title_numbers numbers = {.before = 128};
	memset(least, 0xFF, sizeof least);
	buf_clear(&self->folded);
	fold_text(title, FOLD_ALL, &self->folded, NULL);
	size_t n = load(self, 0, 0);
	for (size_t i = 0; i + 1 < n; i++) {
		size_t width = self->weight[i + 1] - self->weight[i] == SKETCH_WEIGHT_HAN || i + 4 > n ? 2 : 4;
		uint64_t h = run_hash(self, i, i + width);
		if (h << 4 < least[h >> 60])
			least[h >> 60] = h << 4;
	}
	for (size_t i = 0; i < 16; i++) {
		unsigned v = least[i] == UINT64_MAX ? 0 : 1 + (unsigned)((least[i] >> 4 & 0xFFFFFFu) * 15 >> 24);
		for (unsigned p = 0; p < 4; p++)
			out->title[p] |= (uint16_t)((v >> p & 1) << i);
	}
	figures_each(&(figures_text){title, 1, {0}}, add_number, &numbers);
	out->title_figures = numbers.bits;
}

/* ---- pieces ---- */

static bool is_letter(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 0x80 || (u >= '0' && u <= '9') || ((u | 0x20) >= 'a' && (u | 0x20) <= 'z');
}

static bool has_letter(const char *from, const char *to)
{
	while (from < to && !is_letter(*from))
		from++;
	return from < to;
}

/* Where the lines behind the first `max` ones begin. Lines without a letter belong to the one before. Returns their number. */
static size_t find_heads(mr_bytes text, size_t max, size_t begin[])
{
	const char *at = text.data, *end = at + text.len;
	size_t n = 0;
	for (bool any = false; at < end && n < max;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop + 1 : end;
		if (has_letter(at, stop)) {
			if (any)
				begin[n++] = (size_t)(at - text.data);
			any = true;
		}
		at = stop;
	}
	return n;
}

/* Where the last `max` lines begin, the very last one first. */
static size_t find_tails(mr_bytes text, size_t max, size_t begin[])
{
	const char *end = text.data + text.len;
	size_t n = 0;
	while (end > text.data && n < max) {
		const char *at = memrchr(text.data, '\n', (size_t)(end - 1 - text.data));
		at = at ? at + 1 : text.data;
		if (has_letter(at, end))
			begin[n++] = (size_t)(at - text.data);
		end = at;
	}
	return n;
}

/* Cuts the body at its first and last lines. A text of up to SKETCH_PIECES_MAX - 1 lines falls into its lines, a longer one has a rest between them. */
static void cut_lines(sketcher *self, mr_bytes body)
{
	size_t head[SKETCH_EDGES], tail[SKETCH_EDGES];
	size_t heads = find_heads(body, SKETCH_EDGES, head), tails = find_tails(body, SKETCH_EDGES, tail);
	figures_text *cut = &self->cut;
	*cut = (figures_text){body, 1, {0}};
	for (size_t i = 0; i < heads; i++)
		cut->begin[cut->count++] = head[i];
	for (size_t i = tails; i-- > 0;)
		if (tail[i] > cut->begin[cut->count - 1])
			cut->begin[cut->count++] = tail[i];
}

/* A text that has not the weight of two keys is not cut. */
static void join_pieces(sketcher *self, size_t n)
{
	self->cut.count = self->pieces.count = 1;
	self->pieces.heads = self->pieces.tails = 1;
	self->pieces.piece[0].hash = 0;
	self->begin[1] = n;
}

static void name_piece(sketcher *self, size_t from, bool rest, sketch_piece *piece)
{
	uint32_t hash = (uint32_t)XXH3_64bits(self->folded.data + from, self->folded.len - from);
	piece->hash = rest ? 0 : hash ? hash : 1;
}

/* Folds the pieces one behind the other, which gives what folding the whole text at once gives. Pieces of which nothing is left join the one in front. Returns the
 * number of characters. */
static size_t fold_pieces(sketcher *self)
{
	figures_text *cut = &self->cut;
	sketch_pieces *pieces = &self->pieces;
	size_t n = 0, at = 0, kept = 0, raw = cut->count, rest = raw == SKETCH_PIECES_MAX ? SKETCH_EDGES : raw;
	buf_clear(&self->folded);
	self->begin[0] = 0;
	for (size_t k = 0; k < raw; k++) {
		size_t from = self->folded.len, first = n;
		at = fold_span(cut->text, at, k + 1 < raw ? cut->begin[k + 1] : cut->text.len, FOLD_ALL, &self->folded, NULL);
		n = load(self, from, n);
		if (n == first)
			continue;
		name_piece(self, from, k == rest, &pieces->piece[kept]);
		cut->begin[kept] = kept ? cut->begin[k] : 0;
		self->begin[++kept] = n;
		pieces->heads += k < rest;
		pieces->tails += k > rest;
	}
	cut->count = pieces->count = kept;
	if (rest == raw)
		pieces->heads = pieces->tails = kept < SKETCH_EDGES ? kept : SKETCH_EDGES;
	if (n && self->weight[n] < 2 * KEY_WEIGHT)
		join_pieces(self, n);
	return n;
}

/* ---- runs ---- */

/* Hashes the runs of `weight`, one from each character on, as long as one fits in; a text that is too short is one run. Returns their number. */
static size_t hash_runs(sketcher *self, size_t n, uint32_t weight)
{
	size_t to = 0, from = 0;
	for (; from < n; from++) {
		while (to < n && self->weight[to] - self->weight[from] < weight)
			to++;
		if (self->weight[to] - self->weight[from] < weight && from)
			break;
		self->hash[from] = run_hash(self, from, to);
	}
	return from;
}

/* First run of piece k that reaches beyond it. */
static size_t first_beyond(const sketcher *self, size_t k, uint32_t weight, size_t runs)
{
	size_t end = self->begin[k + 1], at = end < runs ? end : runs;
	if (k + 1 == self->pieces.count)
		return runs;
	while (at > self->begin[k] && self->weight[end] - self->weight[at - 1] < weight)
		at--;
	return at;
}

static void add_cells(const sketcher *self, size_t from, size_t to, struct sketch_runs *out)
{
	for (size_t i = from; i < to; i++) {
		uint64_t hash = self->hash[i], cell = sketch_cell(hash, (uint32_t)i), *least = &out->cell[sketch_bucket(hash)];
		*least = cell < *least ? cell : *least;
	}
	out->count = (uint32_t)(to - from);
}

static void add_keys(const sketcher *self, size_t from, size_t to, struct sketch_runs *out)
{
	for (size_t i = from; i < to; i++) {
		uint64_t hash = self->hash[i], turned = hash << 32 | hash >> 32, *least = &out->key[(hash >> 32) * SKETCH_KEY_BUCKETS >> 32];
		*least = turned < *least ? turned : *least;
	}
}

static void make_runs(sketcher *self, size_t n, uint32_t weight, void (*add)(const sketcher *, size_t, size_t, struct sketch_runs *))
{
	size_t runs = hash_runs(self, n, weight);
	for (size_t k = 0; k < self->pieces.count; k++) {
		size_t from = self->begin[k] < runs ? self->begin[k] : runs, end = self->begin[k + 1] < runs ? self->begin[k + 1] : runs;
		size_t beyond = first_beyond(self, k, weight, runs);
		add(self, from, beyond, &self->pieces.piece[k].runs[0]);
		add(self, beyond, end, &self->pieces.piece[k].runs[1]);
	}
}

void sketcher_make(sketcher *self, mr_bytes title, mr_bytes body, sketch *out)
{
	sketch whole = {0};
	sketch_pieces *pieces = &self->pieces;
	if (title.data)
		make_title(self, title, &whole);
	sketch_pieces_clear(pieces);
	cut_lines(self, body.data ? without_references(self, body) : (mr_bytes){"", 0});
	size_t n = fold_pieces(self);
	if (n) {
		uint64_t exact = XXH3_64bits(self->folded.data, self->folded.len), figure[SKETCH_PIECES_MAX][2] = {{0}};
		whole.exact = exact ? exact : 1;
		figures_scan(&self->cut, figure);
		for (size_t k = 0; k < pieces->count; k++) {
			pieces->piece[k].weight = self->weight[self->begin[k + 1]] - self->weight[self->begin[k]];
			memcpy(pieces->piece[k].figure, figure[k], sizeof figure[k]);
		}
		make_runs(self, n, SHINGLE_WEIGHT, add_cells);
		make_runs(self, n, KEY_WEIGHT, add_keys);
	}
	sketch_pieces_merge(pieces, 0, &whole, out);
}
