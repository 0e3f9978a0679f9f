/* lexicon.c - see lexicon.h.
 *
 * All entries in one trie: sorted, then laid out level by level, so that the children of a node are neighbours and are searched in halves; the first
 * character goes through a table, the first two through a hash table, since first characters have hundreds of children and the others few. No pointer in it, nothing
 * is written after lexicon_open. */
#include "lexicon.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "workers/text/fold.h"

#define PLANE 65536
#define ENDINGS_MAX 12                   /* longest ending that lexicon_ending looks for */
#define PAIR_BITS 20                     /* of the filter of first two characters: 128 KB, one bit in fifteen set by the shipped lists */

struct node {
	lexicon_entry entry;             /* that ends here; its weight 0: none does */
	uint32_t first, count;           /* children */
};

struct item {                            /* while reading */
	uint32_t begin;                  /* in `characters` */
	uint16_t length;
	uint32_t order;                  /* of two equal ones the later one decides */
	lexicon_entry entry;
};

struct character {                       /* together, since they are asked for together */
	uint32_t root;                   /* node of the entries that begin with it */
	uint32_t ends;                   /* classes of all entries that end with it */
	lexicon_character weights;
};

struct pair { uint32_t characters, node; };      /* a << 16 | b; node 0: an empty slot */

struct lexicon {
	struct node *nodes;
	uint32_t *keys;                  /* character by node: apart, since a search reads many of them and of the nodes one */
	uint32_t node_count, pair_count;
	struct pair *slots;              /* 1 << slot_bits, at most half of them used; a pair stands in the first free one from its hash on */
	uint32_t slot_bits;
	struct character first[PLANE];   /* characters beyond the plane begin no entry and have no weight */
	uint8_t pairs[(1u << PAIR_BITS) / 8];    /* a bit for each hash of two characters that an entry begins with: most of a text's do not, and need no search */
	XXH64_hash_t fingerprint;
};

struct loader {
	lexicon *lexicon;
	uint32_t *characters;
	size_t used, room;
	struct item *items;
	size_t count, item_room;
	buf folded, text;
	const char *folder, *file;
	uint32_t line;
	char *error;
};

struct class_row { const char *file, *column; uint32_t classes; };

static const struct class_row rows[] = {
	{"words", NULL, LEX_WORD}, {"surnames", NULL, LEX_SURNAME}, {"places", NULL, LEX_PLACE}, {"countries", NULL, LEX_PLACE | LEX_COUNTRY}, {"organizations", NULL, LEX_ORGANIZATION}, {"persons", NULL, LEX_PERSON}, {"name-parts", NULL, LEX_PART},
	{"policies", NULL, LEX_POLICY}, {"speech", NULL, LEX_SPEECH}, {"inner", NULL, LEX_INNER}, {"borders", NULL, LEX_BORDER}, {"generic", NULL, LEX_GENERIC},
	{"media", NULL, LEX_MEDIA}, {"given", NULL, 0}, {"foreign", NULL, 0},
	{"organization-suffixes", "body", LEX_BODY}, {"organization-suffixes", "name", LEX_NAMED}, {"organization-suffixes", "weak", LEX_WEAK}, {"organization-suffixes", "short", LEX_SHORT},
	{"titles", "before", LEX_TITLE}, {"titles", "behind", LEX_BEHIND}, {"titles", "both", LEX_TITLE | LEX_BEHIND},
	{"titles", "common", LEX_TITLE | LEX_COMMON}, {"titles", "address", LEX_TITLE | LEX_BEHIND | LEX_COMMON},
	{"policy-suffixes", "title", LEX_POLICY_TITLE}, {"policy-suffixes", "quoted", LEX_POLICY_QUOTED}, {"policy-suffixes", "bare", LEX_POLICY_BARE},
	{"english-organizations", NULL, LEX_ENGLISH_BODY}, {"english-titles", NULL, LEX_ENGLISH_TITLE}, {"english-policies", NULL, LEX_ENGLISH_POLICY},
	{"english-given", NULL, LEX_ENGLISH_GIVEN}, {"english-plain", NULL, LEX_ENGLISH_PLAIN},
};

static int wrong(struct loader *self, const char *why)
{
	char line[24] = "";
	if (self->line)                          /* 0: the file as a whole */
		snprintf(line, sizeof line, " line %u", self->line);
	snprintf(self->error, 256, "extract.lexicons: %.110s/%.50s%s: %.50s", self->folder, self->file, line, why);
	return -1;
}

/* ---- reading ---- */

static size_t columns_of(mr_bytes line, mr_bytes out[4])
{
	size_t count = 0;
	const char *at = line.data, *end = at + line.len;
	while (count < 4) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));
		out[count++] = (mr_bytes){at, (size_t)((tab ? tab : end) - at)};
		if (!tab)
			break;
		at = tab + 1;
	}
	return count;
}

/* A number of 1..65535; 0: it is none. */
static uint16_t number_of(mr_bytes text)
{
	uint32_t value = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || i > 5)
			return 0;
		value = value * 10 + (uint32_t)(text.data[i] - '0');
	}
	return value > 65535 ? 0 : (uint16_t)value;
}

/* The classes of a line: the row of its file, and of its second column where the file has kinds. */
static const struct class_row *row_of(const struct loader *self, mr_bytes second)
{
	size_t stem = strcspn(self->file, ".");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strlen(rows[i].file) == stem && !memcmp(rows[i].file, self->file, stem) && (!rows[i].column || mr_bytes_equal(second, rows[i].column)))
			return &rows[i];
	return NULL;
}

/* One character's weights (given.txt) or weight in foreign ones (foreign.txt). */
static int read_character(struct loader *self, const uint32_t *c, size_t length, const mr_bytes *columns, size_t count)
{
	if (length != 1 || *c >= PLANE)
		return wrong(self, "one character is expected");
	if (self->file[0] == 'f') {
		if (count != 2 || !(self->lexicon->first[*c].weights.foreign = number_of(columns[1])))
			return wrong(self, "character and weight are expected");
		return 0;
	}
	for (size_t i = 0; i < 3; i++)
		if (count != 4 || !(self->lexicon->first[*c].weights.given[i] = number_of(columns[i + 1])))
			return wrong(self, "three weights of 1 to 65535 are expected");
	return 0;
}

/* A name weighs what a seldom word of its length does: enough to hold its characters together. */
static uint16_t usual_weight(size_t length)
{
	return (uint16_t)(length < 2 ? 1100 : length == 2 ? 1250 : 1000);
}

static int entry_of(struct loader *self, const mr_bytes *columns, size_t count, size_t length, lexicon_entry *out)
{
	const struct class_row *row = row_of(self, count > 1 ? columns[1] : (mr_bytes){"", 0});
	if (!row)
		return wrong(self, "the second column is none of the kinds of this file");
	*out = (lexicon_entry){.classes = row->classes, .kind = 0};
	if (row->classes == LEX_WORD) {
		out->weight = count == 3 ? number_of(columns[1]) : 0;
		if (!out->weight || columns[2].len != 1 || !strchr("nvafmts", columns[2].data[0]))
			return wrong(self, "word, weight and kind (n v a f m t s) are expected");
		out->kind = columns[2].data[0];
	} else if (row->classes == LEX_SURNAME) {
		out->surname = count == 2 ? number_of(columns[1]) : 0;
		if (!out->surname)
			return wrong(self, "name and weight are expected");
	}
	(void)length;
	return 0;
}

static void add_item(struct loader *self, size_t begin, size_t length, lexicon_entry entry)
{
	if (self->count == self->item_room) {
		self->item_room = self->item_room ? self->item_room * 2 : 65536;
		self->items = mem_grow(self->items, self->item_room, sizeof *self->items);
	}
	self->items[self->count] = (struct item){(uint32_t)begin, (uint16_t)length, (uint32_t)self->count, entry};
	self->count++;
}

static int read_line(struct loader *self, mr_bytes line)
{
	mr_bytes columns[4];
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	if (!line.len || line.data[0] == '#')
		return 0;
	size_t count = columns_of(line, columns), begin = self->used, length = 0;
	if (!utf8_valid(columns[0]))
		return wrong(self, "not UTF-8");
	buf_clear(&self->folded);
	fold_text(columns[0], FOLD_WIDTH | FOLD_SCRIPT, &self->folded, NULL);
	if (self->room - self->used < LEXICON_ENTRY_MAX) {
		self->room = self->room ? self->room * 2 : 1u << 18;
		self->characters = mem_grow(self->characters, self->room, sizeof *self->characters);
	}
	for (const char *at = self->folded.data, *end = at + self->folded.len; at < end; length++) {
		if (length == LEXICON_ENTRY_MAX)
			return wrong(self, "the entry is longer than 40 characters");
		self->characters[begin + length] = utf8_next(&at, end);
	}
	if (!length)
		return wrong(self, "the entry is empty");
	if (!strncmp(self->file, "given.", 6) || !strncmp(self->file, "foreign.", 8))
		return read_character(self, self->characters + begin, length, columns, count);
	if (self->count == LEXICON_ENTRIES_MAX)
		return wrong(self, "more than 1000000 entries in all");
	lexicon_entry entry;
	if (entry_of(self, columns, count, length, &entry))
		return -1;
	if (self->characters[begin] >= PLANE)
		return 0;                        /* beyond the plane begins no name of the news; its place in the table would cost a megabyte */
	self->used += length;
	add_item(self, begin, length, entry);
	return 0;
}

static int slurp(struct loader *self)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", self->folder, self->file);
	FILE *file = fopen(path, "rb");
	if (!file)
		return wrong(self, strerror(errno));
	buf_clear(&self->text);
	size_t got;
	do {
		char *room = buf_reserve(&self->text, 65536);
		got = fread(room, 1, 65536, file);
		self->text.len += got;
	} while (got && self->text.len <= LEXICON_FILE_BYTES);
	bool bad = ferror(file) != 0;
	fclose(file);
	if (bad)
		return wrong(self, "cannot be read");
	return self->text.len > LEXICON_FILE_BYTES ? wrong(self, "the file is larger than 16 MiB") : 0;
}

static int read_file(struct loader *self)
{
	self->line = 0;
	if (!row_of(self, mr_bytes_of("body")) && !row_of(self, mr_bytes_of("before")) && !row_of(self, mr_bytes_of("title")))
		return wrong(self, "no class of that name (docs/facts.md lists them)");
	if (slurp(self))
		return -1;
	XXH64_hash_t seed = self->lexicon->fingerprint;
	mr_bytes all = buf_bytes(&self->text);
	self->lexicon->fingerprint = XXH3_64bits_withSeed(all.data, all.len, seed);
	const char *at = all.data, *end = at + all.len;
	if (all.len >= 3 && !memcmp(at, "\xEF\xBB\xBF", 3))
		at += 3;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		self->line++;
		if (read_line(self, (mr_bytes){at, (size_t)(stop - at)}))
			return -1;
		at = stop + 1;
	}
	return 0;
}

/* ---- the trie ---- */

static int compare(const void *pa, const void *pb, void *context)
{
	const struct item *a = pa, *b = pb;
	const uint32_t *characters = context;
	for (uint16_t i = 0; i < a->length && i < b->length; i++) {
		uint32_t ca = characters[a->begin + i], cb = characters[b->begin + i];
		if (ca != cb)
			return ca < cb ? -1 : 1;
	}
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool same(const struct loader *self, const struct item *a, const struct item *b)
{
	return a->length == b->length && !memcmp(self->characters + a->begin, self->characters + b->begin, a->length * sizeof(uint32_t));
}

/* Equal items become one: classes add up, weight and kind are the last one's that has them. */
static void merge(struct loader *self)
{
	size_t kept = 0;
	for (size_t i = 0; i < self->count; i++) {
		struct item *item = &self->items[i];
		if (kept && same(self, &self->items[kept - 1], item)) {
			lexicon_entry *into = &self->items[kept - 1].entry;
			into->classes |= item->entry.classes;
			if (item->entry.weight)
				into->weight = item->entry.weight;
			if (item->entry.kind)
				into->kind = item->entry.kind;
			if (item->entry.surname)
				into->surname = item->entry.surname;
			continue;
		}
		self->items[kept++] = *item;
	}
	self->count = kept;
	for (size_t i = 0; i < kept; i++) {
		lexicon_entry *entry = &self->items[i].entry;
		/* a family name alone is no word: a single character that no list of words has is unknown */
		if (!entry->weight)
			entry->weight = entry->classes == LEX_SURNAME ? LEXICON_UNKNOWN : usual_weight(self->items[i].length);
		if (!entry->kind)
			entry->kind = 'n';
	}
}

static inline uint32_t pair_hash(uint32_t a, uint32_t b)
{
	return a * 0x9E3779B1u ^ b * 0x85EBCA6Bu;        /* odd multipliers of xxHash; the upper bits are used */
}

/* False: no entry begins with two characters of this hash. */
static inline bool may_begin(const lexicon *self, uint32_t hash)
{
	hash >>= 32 - PAIR_BITS;
	return self->pairs[hash / 8] >> hash % 8 & 1;
}

struct range { uint32_t from, to, depth, node; };

/* Level by level: the children of a range of items that share `depth` characters are its groups by the next character. */
static void build(struct loader *self)
{
	lexicon *lex = self->lexicon;
	size_t room = self->used + 2, head = 0, tail = 0;
	lex->nodes = mem_array(room, sizeof *lex->nodes);
	lex->keys = mem_array(room, sizeof *lex->keys);
	struct range *queue = mem_array(room, sizeof *queue);
	lex->node_count = 1;
	queue[tail++] = (struct range){0, (uint32_t)self->count, 0, 0};
	while (head < tail) {
		struct range at = queue[head++];
		struct node *node = &lex->nodes[at.node];
		uint32_t i = at.from, key = lex->keys[at.node];
		if (at.depth && i < at.to && self->items[i].length == at.depth) {
			node->entry = self->items[i++].entry;
			if (key < PLANE)
				lex->first[key].ends |= node->entry.classes;
		}
		node->first = lex->node_count;
		while (i < at.to) {
			uint32_t c = self->characters[self->items[i].begin + at.depth], from = i;
			while (i < at.to && self->characters[self->items[i].begin + at.depth] == c)
				i++;
			lex->keys[lex->node_count] = c;
			lex->pair_count += at.depth == 1;
			if (!at.depth)
				lex->first[c].root = lex->node_count;
			queue[tail++] = (struct range){from, i, at.depth + 1, lex->node_count++};
		}
		node->count = lex->node_count - node->first;
	}
	free(queue);
}

/* The children of the first characters' nodes, for the look at two characters at once. */
static void build_pairs(lexicon *self)
{
	const struct node *root = &self->nodes[0];
	self->slot_bits = 1;
	while (1u << self->slot_bits < 2 * self->pair_count)
		self->slot_bits++;
	self->slots = mem_array((size_t)1 << self->slot_bits, sizeof *self->slots);
	for (uint32_t a = root->first; a < root->first + root->count; a++)
		for (uint32_t b = self->nodes[a].first; b < self->nodes[a].first + self->nodes[a].count; b++) {
			uint32_t hash = pair_hash(self->keys[a], self->keys[b]), bit = hash >> (32 - PAIR_BITS), slot = hash >> (32 - self->slot_bits);
			self->pairs[bit / 8] |= (uint8_t)(1u << bit % 8);
			if (self->keys[b] >= PLANE)
				continue;                        /* searched for when it comes */
			while (self->slots[slot].node)
				slot = (slot + 1) & ((1u << self->slot_bits) - 1);
			self->slots[slot] = (struct pair){self->keys[a] << 16 | self->keys[b], b};
		}
}

static int named_txt(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	if (!strncmp(entry->d_name, "tagger-", 7))               /* compiled into a model of the tagger when it is trained; the rules do not read them */
		return 0;
	return length > 4 && entry->d_name[0] != '.' && !strcmp(entry->d_name + length - 4, ".txt");
}

/* By bytes: alphasort asks the locale. The ending is no part of the name: words.txt comes before words.news.txt. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	const char *x = (*a)->d_name, *y = (*b)->d_name;
	size_t nx = strlen(x) - 4, ny = strlen(y) - 4;
	int order = memcmp(x, y, nx < ny ? nx : ny);
	return order ? order : nx < ny ? -1 : nx > ny;
}

static int read_folder(struct loader *self)
{
	struct dirent **names = NULL;
	int count = scandir(self->folder, &names, named_txt, by_name), bad = 0;
	if (count <= 0) {
		snprintf(self->error, 256, "extract.lexicons: %.180s: %s", self->folder, count ? strerror(errno) : "no *.txt file in it");
		free(names);
		return -1;
	}
	if (count > LEXICON_FILES_MAX) {
		snprintf(self->error, 256, "extract.lexicons: %.180s: more than %d files", self->folder, LEXICON_FILES_MAX);
		bad = -1;
	}
	for (int i = 0; i < count; i++) {
		self->file = names[i]->d_name;
		if (!bad)
			bad = read_file(self);
		free(names[i]);
	}
	free(names);
	return bad;
}

lexicon *lexicon_open(const char *folder, char error[256])
{
	struct loader self = {.lexicon = mem_alloc(sizeof(lexicon)), .folder = folder, .error = error};
	for (size_t i = 0; i < 3; i++)
		for (size_t c = 0; c < PLANE; c++)
			self.lexicon->first[c].weights.given[i] = LEXICON_RARE_GIVEN;
	int bad = read_folder(&self);
	if (!bad) {
		if (self.count)
			qsort_r(self.items, self.count, sizeof *self.items, compare, self.characters);
		merge(&self);
		build(&self);
		build_pairs(self.lexicon);
	}
	free(self.characters);
	free(self.items);
	buf_free(&self.folded);
	buf_free(&self.text);
	if (bad)
		lexicon_close(&self.lexicon);
	return self.lexicon;
}

void lexicon_close(lexicon **self)
{
	if (!*self)
		return;
	free((*self)->nodes);
	free((*self)->keys);
	free((*self)->slots);
	free(*self);
	*self = NULL;
}

/* ---- looking up ---- */

/* Halving without a jump that depends on the text: such jumps cannot be foreseen, and were most of the cost. */
static uint32_t child(const lexicon *self, uint32_t node, uint32_t c)
{
	const uint32_t *base = self->keys + self->nodes[node].first;
	uint32_t count = self->nodes[node].count;
	if (!count)
		return 0;
	while (count > 1) {
		uint32_t half = count / 2;
		base += base[half] <= c ? half : 0;
		count -= half;
	}
	return *base == c ? (uint32_t)(base - self->keys) : 0;
}

/* Node of the entries that begin with these two characters, of which the hash is given; 0: none. */
static inline uint32_t pair_node(const lexicon *self, uint32_t a, uint32_t b, uint32_t hash)
{
	if (b >= PLANE)
		return child(self, self->first[a].root, b);
	uint32_t characters = a << 16 | b, slot = hash >> (32 - self->slot_bits);
	while (self->slots[slot].node && self->slots[slot].characters != characters)
		slot = (slot + 1) & ((1u << self->slot_bits) - 1);
	return self->slots[slot].node;
}

/* In passes, each of which asks for what the next one reads: the lists are larger than the caches near the processor. */
void lexicon_look(const lexicon *self, const uint32_t *c, size_t count, lexicon_place *places)
{
	static const lexicon_character none = {{LEXICON_RARE_GIVEN, LEXICON_RARE_GIVEN, LEXICON_RARE_GIVEN}, 0};
	for (size_t i = 0; i < count; i++) {
		uint32_t next = i + 1 < count ? c[i + 1] : 0;
		places[i].pair = pair_hash(c[i], next);
		__builtin_prefetch(&self->first[c[i] < PLANE ? c[i] : 0]);
		__builtin_prefetch(&self->pairs[places[i].pair >> (32 - PAIR_BITS) >> 3]);
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t hash = places[i].pair;
		places[i].root = c[i] < PLANE ? self->first[c[i]].root : 0;
		places[i].weights = c[i] < PLANE ? self->first[c[i]].weights : none;
		__builtin_prefetch(&self->nodes[places[i].root]);
		places[i].pair = places[i].root && i + 1 < count && may_begin(self, hash);
		if (places[i].pair)
			__builtin_prefetch(&self->slots[hash >> (32 - self->slot_bits)]);
	}
	for (size_t i = 0; i < count; i++) {
		if (!places[i].pair)
			continue;
		places[i].pair = pair_node(self, c[i], c[i + 1], pair_hash(c[i], c[i + 1]));
		__builtin_prefetch(&self->nodes[places[i].pair]);
	}
}

size_t lexicon_prefixes(const lexicon *self, const lexicon_place *place, const uint32_t *c, const uint32_t *end, lexicon_match *out, size_t most)
{
	size_t count = 0;
	uint32_t length = 2, node = place->pair;
	if (place->root && self->nodes[place->root].entry.weight)
		out[count++] = (lexicon_match){1, &self->nodes[place->root].entry};
	for (; node && count < most; length++) {
		if (self->nodes[node].entry.weight)
			out[count++] = (lexicon_match){length, &self->nodes[node].entry};
		node = c + length < end ? child(self, node, c[length]) : 0;
	}
	return count;
}

const lexicon_entry *lexicon_find(const lexicon *self, const uint32_t *c, const uint32_t *end)
{
	uint32_t node = c < end && *c < PLANE ? self->first[*c].root : 0;
	if (node && c + 1 < end) {
		uint32_t hash = pair_hash(c[0], c[1]);
		node = may_begin(self, hash) ? pair_node(self, c[0], c[1], hash) : 0;
		for (c += 2; node && c < end; c++)
			node = child(self, node, *c);
	}
	return node && self->nodes[node].entry.weight ? &self->nodes[node].entry : NULL;
}

uint32_t lexicon_ending(const lexicon *self, const uint32_t *begin, const uint32_t *end, uint32_t classes)
{
	ptrdiff_t most = end - begin < ENDINGS_MAX ? end - begin : ENDINGS_MAX;
	if (most > 0 && end[-1] < PLANE && !(self->first[end[-1]].ends & classes))
		return 0;
	for (ptrdiff_t length = most; length > 0; length--) {
		const lexicon_entry *entry = lexicon_find(self, end - length, end);
		if (entry && entry->classes & classes)
			return (uint32_t)length;
	}
	return 0;
}

uint16_t lexicon_foreign(const lexicon *self, uint32_t c)
{
	return c < PLANE ? self->first[c].weights.foreign : 0;
}

uint64_t lexicon_fingerprint(const lexicon *self)
{
	return self->fingerprint;
}
