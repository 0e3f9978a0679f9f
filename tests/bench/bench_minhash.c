/* bench_minhash.c - the plain way to find near-duplicates, as a yardstick for ours: MinHash with 128 hash functions over shingles of five characters, 32 bands of four
 * rows, candidates verified by their signatures (estimated resemblance 0.7). Nothing is folded, one file, one thread, everything in memory.
 *
 *   bench_minhash [DOCUMENTS]     texts of 700 random ideographs, three of ten a copy with some replaced; one line of JSON. Time is processor time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"

#define HASHES 128
#define BANDS 32
#define ROWS (HASHES / BANDS)
#define CHARACTERS 700
#define SHINGLE 5
#define SAME 90                  /* of 128 equal: 0.7 */

typedef struct document {
	uint32_t signature[HASHES];
	uint32_t next[BANDS];            /* the document before it in the same bucket of a band; 0: none */
} document;

typedef struct naive {
	document *documents;             /* from 1 on */
	uint32_t *buckets[BANDS];
	uint32_t mask, count;
	uint32_t a[HASHES], b[HASHES];
} naive;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t chance(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void sign(const naive *self, const uint32_t *text, uint32_t *signature)
{
	memset(signature, 0xFF, HASHES * sizeof *signature);
	for (size_t from = 0; from + SHINGLE <= CHARACTERS; from++) {
		uint64_t shingle = 0;
		for (size_t i = 0; i < SHINGLE; i++)
			shingle = (shingle ^ text[from + i]) * 0x9E3779B97F4A7C15u;
		uint32_t x = (uint32_t)(shingle >> 32);
		for (size_t i = 0; i < HASHES; i++) {
			uint32_t h = self->a[i] * x + self->b[i];
			signature[i] = h < signature[i] ? h : signature[i];
		}
	}
}

static uint32_t bucket_of(const naive *self, const uint32_t *rows)
{
	uint64_t h = 0;
	for (size_t i = 0; i < ROWS; i++)
		h = (h ^ rows[i]) * 0x9E3779B97F4A7C15u;
	return (uint32_t)(h >> 32) & self->mask;
}

static int equal_rows(const uint32_t *a, const uint32_t *b)
{
	int equal = 0;
	for (size_t i = 0; i < HASHES; i++)
		equal += a[i] == b[i];
	return equal;
}

/* Looks the text up; a new one is entered. 1: it is a copy. */
static int judge(naive *self, const uint32_t *text)
{
	document *d = &self->documents[self->count + 1];
	sign(self, text, d->signature);
	for (size_t band = 0; band < BANDS; band++)
		for (uint32_t n = self->buckets[band][bucket_of(self, d->signature + band * ROWS)]; n; n = self->documents[n].next[band])
			if (equal_rows(self->documents[n].signature, d->signature) >= SAME)
				return 1;
	self->count++;
	for (size_t band = 0; band < BANDS; band++) {
		uint32_t *bucket = &self->buckets[band][bucket_of(self, d->signature + band * ROWS)];
		d->next[band] = *bucket;
		*bucket = self->count;
	}
	return 0;
}

static void make_text(uint64_t seed, uint32_t *text, int copy)
{
	for (size_t i = 0; i < CHARACTERS; i++)
		text[i] = 0x4E00 + chance(&seed) % 3000;
	for (int i = 0; i < 20 * copy; i++)
		text[chance(&seed) % CHARACTERS] = '*';
}

int main(int argc, char **argv)
{
	uint32_t documents = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 20000, copies = 0, text[CHARACTERS];
	naive self = {.mask = 1023};
	uint64_t state = 1;
	while (self.mask < documents)
		self.mask = self.mask * 2 + 1;
	self.documents = mem_array((size_t)documents + 2, sizeof *self.documents);
	for (size_t i = 0; i < BANDS; i++)
		self.buckets[i] = mem_array((size_t)self.mask + 1, sizeof *self.buckets[i]);
	for (size_t i = 0; i < HASHES; i++) {
		self.a[i] = chance(&state) | 1;
		self.b[i] = chance(&state);
	}
	double spent = 0;
	for (uint32_t n = 0; n < documents; n++) {
		int copy = n > 100 && chance(&state) % 10 < 3;
		make_text(copy ? chance(&state) % n : n, text, copy);
		double from = now();
		copies += (uint32_t)judge(&self, text);
		spent += now() - from;
	}
	size_t bytes = self.count * sizeof *self.documents + BANDS * ((size_t)self.mask + 1) * sizeof **self.buckets;
	printf("{\"documents\": %u, \"copies\": %u, \"rate\": %.0f, \"bytes\": %.1f}\n", documents, copies, documents / spent, (double)bytes / self.count);
	for (size_t i = 0; i < BANDS; i++)
		free(self.buckets[i]);
	free(self.documents);
	return 0;
}
