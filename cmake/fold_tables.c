/* fold_tables.c - the generator of the folding tables (a program of the build; see cmake/text.cmake).
 *
 *   make_fold_tables TWPhrasesRev TWVariantsRevPhrases TWVariantsRev TSPhrases TSCharacters OUT
 *
 * Reads OpenCC's dictionaries as text (`key TAB value [BLANK other values]`, the first value counts) and does for every key what
 * OpenCC does with its configuration tw2sp: cut into pieces by TSPhrases (longest first), replace regional words, then variants,
 * in each piece, then Traditional by Simplified, phrases before characters. OpenCC expects Traditional text; a news feed is mixed,
 * and text must not change when it is folded once more, so each value is converted again until it stays as it is (么 and 麼
 * end as the same character). OUT gets C tables for workers/text/fold.c:
 *
 *   fold_simple  one entry for U+3400..U+9FFF: the Simplified character; FOLD_GROUP + n when words begin with it; FOLD_WIDE: see fold_wide
 *   fold_groups  n -> its own Simplified character, first word, number of words (longest first)
 *   fold_seconds n -> by the low six bits of a character: whether the second one of a word may be it
 *   fold_words   rest of the key behind the first character, and the value, as runs of fold_units
 *   fold_wide    sorted pairs for characters beyond U+FFFF or with such a value
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

#define HAN_FIRST 0x3400u
#define HAN_LAST 0x9FFFu
#define WORD_MAX 24                      /* characters of a key or value */
#define ENTRY_MAX 8000

typedef struct word {
	uint32_t c[WORD_MAX];
	size_t len;
} word;

typedef struct dict {
	word *key, *value;
	size_t count;
} dict;

enum { TW_WORDS, TW_VARIANT_WORDS, TW_VARIANTS, TS_WORDS, TS_CHARACTERS, DICTS };

static int word_read(const char **at, const char *end, word *out)
{
	out->len = 0;
	while (*at < end && **at != '\t' && **at != ' ' && **at != '\n') {
		uint32_t c = utf8_next(at, end);
		if (out->len == WORD_MAX)
			return -1;
		out->c[out->len++] = c;
	}
	return out->len ? 0 : -1;
}

static int dict_read(dict *self, const char *path)
{
	static char line[4096];
	FILE *file = fopen(path, "r");
	if (!file)
		return -1;
	self->key = mem_array(ENTRY_MAX, sizeof *self->key);
	self->value = mem_array(ENTRY_MAX, sizeof *self->value);
	while (fgets(line, sizeof line, file)) {
		const char *at = line, *end = line + strlen(line);
		word key, value;
		if (word_read(&at, end, &key) || at == end || *at++ != '\t' || word_read(&at, end, &value))
			continue;
		assert(self->count < ENTRY_MAX);
		self->key[self->count] = key;
		self->value[self->count++] = value;
	}
	fclose(file);
	return self->count ? 0 : -1;
}

/* Longest key of the dictionary that `text` begins with. */
static const word *dict_match(const dict *self, const uint32_t *text, size_t len, size_t *used)
{
	const word *best = NULL;
	*used = 0;
	for (size_t i = 0; i < self->count; i++) {
		const word *key = &self->key[i];
		if (key->len <= len && key->len > *used && memcmp(key->c, text, key->len * sizeof *text) == 0) {
			best = &self->value[i];
			*used = key->len;
		}
	}
	return best;
}

/* One link of OpenCC's chain: at each place the first dictionary that has a key there. */
static word chain(const dict *dicts, const int *order, size_t orders, const uint32_t *text, size_t len)
{
	word out = {.len = 0};
	for (size_t i = 0; i < len;) {
		const word *value = NULL;
		size_t used = 1;
		for (size_t k = 0; k < orders && !value; k++)
			value = dict_match(&dicts[order[k]], text + i, len - i, &used);
		const word same = {.c = {text[i]}, .len = 1};
		if (!value) {
			value = &same;
			used = 1;
		}
		assert(out.len + value->len <= WORD_MAX);
		memcpy(out.c + out.len, value->c, value->len * sizeof *value->c);
		out.len += value->len;
		i += used;
	}
	return out;
}

static void piece(const dict *dicts, const uint32_t *text, size_t len, word *out)
{
	static const int region[] = {TW_WORDS, TW_VARIANT_WORDS, TW_VARIANTS}, script[] = {TS_WORDS, TS_CHARACTERS};
	word first = chain(dicts, region, 3, text, len);
	word second = chain(dicts, script, 2, first.c, first.len);
	assert(out->len + second.len <= WORD_MAX);
	memcpy(out->c + out->len, second.c, second.len * sizeof *second.c);
	out->len += second.len;
}

static word convert_once(const dict *dicts, const word *in)
{
	word out = {.len = 0};
	size_t from = 0, used;
	for (size_t i = 0; i < in->len;) {
		if (!dict_match(&dicts[TS_WORDS], in->c + i, in->len - i, &used)) {
			i++;
			continue;
		}
		piece(dicts, in->c + from, i - from, &out);
		piece(dicts, in->c + i, used, &out);
		from = i += used;
	}
	piece(dicts, in->c + from, in->len - from, &out);
	return out;
}

static word convert(const dict *dicts, const word *in)
{
	word now = *in;
	for (int turn = 0; turn < 6; turn++) {
		word next = convert_once(dicts, &now);
		if (next.len == now.len && memcmp(next.c, now.c, now.len * sizeof *now.c) == 0)
			break;
		now = next;
	}
	return now;
}

static int is_bmp_han(const word *w)
{
	for (size_t i = 0; i < w->len; i++)
		if (w->c[i] < HAN_FIRST || w->c[i] > HAN_LAST)
			return 0;
	return 1;
}

/* ---- tables ---- */

struct entry { word key, value; };

static int by_key(const void *a, const void *b)          /* first character, then longest first, then as they sort */
{
	const word *x = &((const struct entry *)a)->key, *y = &((const struct entry *)b)->key;
	if (x->c[0] != y->c[0])
		return x->c[0] < y->c[0] ? -1 : 1;
	if (x->len != y->len)
		return x->len > y->len ? -1 : 1;
	return memcmp(x->c, y->c, x->len * sizeof *x->c);
}

static size_t words(const dict *dicts, struct entry *out)
{
	static const int from[] = {TS_WORDS, TW_WORDS, TW_VARIANT_WORDS};
	size_t n = 0;
	for (size_t d = 0; d < 3; d++)
		for (size_t i = 0; i < dicts[from[d]].count; i++) {
			const word *key = &dicts[from[d]].key[i];
			if (key->len < 2 || !is_bmp_han(key))       /* words with letters (PN接面) would need care with case and width */
				continue;
			out[n].key = *key;
			out[n].value = convert(dicts, key);
			n += is_bmp_han(&out[n].value);
		}
	qsort(out, n, sizeof *out, by_key);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (!kept || by_key(&out[kept - 1], &out[i]) != 0)
			out[kept++] = out[i];
	return kept;
}

static uint64_t hash = 14695981039346656037u;            /* FNV-1a of what is written: the fingerprint of the tables */

static uint32_t hashed(uint32_t v)
{
	hash = (hash ^ v) * 1099511628211u;
	return v;
}

static void put(FILE *out, uint32_t v)
{
	fprintf(out, "%u,%s", hashed(v), v % 16 ? "" : "\n");
}

static uint32_t single(const dict *dicts, uint32_t c)
{
	word w = {.c = {c}, .len = 1};
	w = convert(dicts, &w);
	return w.len == 1 ? w.c[0] : c;
}

static void write_seconds(FILE *out, const struct entry *list, size_t count)
{
	fputs("};\nstatic const uint64_t fold_seconds[] = {", out);
	for (size_t i = 0, next; i < count; i = next) {
		uint64_t seconds = 0;
		for (next = i; next < count && list[next].key.c[0] == list[i].key.c[0]; next++) {
			assert(list[next].key.c[1] >= 0x800);    /* three bytes: their last one tells the low six bits */
			seconds |= 1ull << (list[next].key.c[1] & 63);
		}
		fprintf(out, "%lluu,\n", (unsigned long long)seconds);
	}
}

static void write_words(FILE *out, const struct entry *list, size_t count)
{
	fputs("};\nstatic const uint16_t fold_units[] = {", out);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 1; k < list[i].key.len; k++)
			put(out, list[i].key.c[k]);
		for (size_t k = 0; k < list[i].value.len; k++)
			put(out, list[i].value.c[k]);
	}
	fputs("0};\nstatic const struct fold_word fold_words[] = {", out);
	for (size_t i = 0, at = 0; i < count; at += list[i].key.len - 1 + list[i].value.len, i++)
		fprintf(out, "{%zu,%zu,%zu},\n", at, list[i].key.len - 1, list[i].value.len);
}

static void write_tables(FILE *out, const dict *dicts, const struct entry *list, size_t count)
{
	fputs("/* made by cmake/fold_tables.c from OpenCC's dictionaries */\nstatic const uint16_t fold_simple[] = {", out);
	size_t at = 0, groups = 0;
	for (uint32_t c = HAN_FIRST; c <= HAN_LAST; c++) {
		uint32_t to = single(dicts, c);
		if (at < count && list[at].key.c[0] == c) {
			put(out, 0xD800u + (uint32_t)groups++);
			while (at < count && list[at].key.c[0] == c)
				at++;
		} else {
			put(out, to > 0xFFFF ? 0xDFFF : to);
		}
	}
	assert(groups < 0x7F0);
	fputs("};\nstatic const struct fold_group fold_groups[] = {", out);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i; next < count && list[next].key.c[0] == list[i].key.c[0];)
			next++;
		uint32_t to = single(dicts, list[i].key.c[0]);
		fprintf(out, "{%u,%zu,%zu},\n", to > 0xFFFF ? list[i].key.c[0] : to, i, next - i);
	}
	write_seconds(out, list, count);
	write_words(out, list, count);
	fputs("};\nstatic const struct fold_pair fold_wide[] = {", out);
	for (uint32_t c = HAN_FIRST; c < 0x323B0; c == HAN_LAST ? c = 0x20000 : c++) {
		uint32_t to = single(dicts, c);
		if (to != c && (c > 0xFFFF || to > 0xFFFF))
			fprintf(out, "{%u,%u},\n", c, hashed(to));
	}
	fprintf(out, "};\n#define FOLD_TABLES_HASH 0x%08xu\n", (unsigned)(hash ^ hash >> 32));
}

int main(int argc, char **argv)
{
	static dict dicts[DICTS];
	static struct entry list[3 * ENTRY_MAX];
	if (argc != DICTS + 2)
		return 2;
	for (int i = 0; i < DICTS; i++)
		if (dict_read(&dicts[i], argv[1 + i])) {
			fprintf(stderr, "make_fold_tables: cannot read %s\n", argv[1 + i]);
			return 1;
		}
	FILE *out = fopen(argv[argc - 1], "w");
	if (!out) {
		perror(argv[argc - 1]);
		return 1;
	}
	write_tables(out, dicts, list, words(dicts, list));
	for (int i = 0; i < DICTS; i++) {
		free(dicts[i].key);
		free(dicts[i].value);
	}
	return fclose(out) ? 1 : 0;
}
