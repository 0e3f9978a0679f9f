/* edges.c - see edges.h. Sources stand in an open table by their hash; the rows of each in the order of (clock, topic, partition, offset, page), newest last. */
#include "edges.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/mem.h"

#define REPEATED 3               /* articles that have the line ... */
#define REPEATED_SHARE 4         /* ... and one in so many of those looked at: a sentence that a form takes in turn is no boilerplate */
#define SETTLED_SLACK 8          /* settled rows above EDGES_RECENT before the oldest are cut off */
#define TABLE (EDGES_SOURCES * 2)

typedef struct row {
	int64_t clock_ms, offset;
	int32_t partition;
	uint16_t topic, page;
	uint32_t line[2][INDEX_EDGES];   /* heads, tails; 0: none */
	bool settled;
} row;

typedef struct source {
	uint64_t hash;
	row *rows;
	uint32_t count, room, settled;
} source;

struct edges {
	source **table;          /* open addressing, linear; NULL: free */
	size_t sources, rows_room;
	int64_t window_ms;
	uint64_t forgotten;
};

edges *edges_new(int64_t window_ms)
{
	edges *self = mem_alloc(sizeof *self);
	self->table = mem_array(TABLE, sizeof(source *));
	self->window_ms = window_ms;
	return self;
}

static void source_free(edges *self, source *s)
{
	self->rows_room -= s->room;
	free(s->rows);
	free(s);
}

void edges_free(edges **self_p)
{
	edges *self = *self_p;
	if (!self)
		return;
	for (size_t i = 0; i < TABLE; i++)
		if (self->table[i])
			source_free(self, self->table[i]);
	free(self->table);
	free(self);
	*self_p = NULL;
}

void edges_set_window(edges *self, int64_t window_ms)
{
	self->window_ms = window_ms;
}

static mr_bytes host_of(mr_bytes address)
{
	const char *at = memmem(address.data, address.len, "://", 3), *end = address.data + address.len;
	at = at ? at + 3 : address.data;
	const char *slash = memchr(at, '/', (size_t)(end - at));
	return (mr_bytes){at, (size_t)((slash ? slash : end) - at)};
}

uint64_t edges_source(mr_bytes name, mr_bytes address)
{
	if (!name.len && !address.len)
		return 0;
	mr_bytes host = name.len ? name : host_of(address);
	uint64_t hash = XXH3_64bits_withSeed(host.data, host.len, name.len ? 1 : 2);
	return hash ? hash : 1;
}

/* ---- sources ---- */

static source **place_of(const edges *self, uint64_t hash)
{
	size_t at = (size_t)hash & (TABLE - 1);
	while (self->table[at] && self->table[at]->hash != hash)
		at = (at + 1) & (TABLE - 1);
	return &self->table[at];
}

static int64_t newest(const source *s)
{
	return s->count ? s->rows[s->count - 1].clock_ms : INT64_MIN;
}

static int compare_newest(const void *a, const void *b)
{
	const source *x = *(source *const *)a, *y = *(source *const *)b;
	if (newest(x) != newest(y))
		return newest(x) < newest(y) ? -1 : 1;
	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* The eighth of the sources that has been silent longest goes, those with pending rows excepted. */
static void forget_silent(edges *self)
{
	source **all = mem_array(self->sources, sizeof *all);
	size_t count = 0;
	for (size_t i = 0; i < TABLE; i++)
		if (self->table[i])
			all[count++] = self->table[i];
	qsort(all, count, sizeof *all, compare_newest);
	memset(self->table, 0, TABLE * sizeof *self->table);
	for (size_t i = 0; i < count; i++) {
		if (i < count / 8 && all[i]->settled == all[i]->count) {
			source_free(self, all[i]);
			self->sources--;
			self->forgotten++;
		} else {
			*place_of(self, all[i]->hash) = all[i];
		}
	}
	free(all);
}

/* NULL when there is no room: so many sources have articles in flight that nothing can be forgotten. */
static source *source_make(edges *self, uint64_t hash)
{
	source **at = place_of(self, hash);
	if (*at)
		return *at;
	if (self->sources >= EDGES_SOURCES) {
		forget_silent(self);
		if (self->sources >= EDGES_SOURCES)
			return NULL;
		at = place_of(self, hash);
	}
	*at = mem_alloc(sizeof **at);
	(*at)->hash = hash;
	self->sources++;
	return *at;
}

/* ---- rows ---- */

static int compare_age(const row *a, const row *b)
{
	if (a->clock_ms != b->clock_ms)
		return a->clock_ms < b->clock_ms ? -1 : 1;
	if (a->topic != b->topic)
		return a->topic < b->topic ? -1 : 1;
	if (a->partition != b->partition)
		return a->partition < b->partition ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->page < b->page ? -1 : a->page > b->page;
}

static bool same_place(const row *a, const row *b)
{
	return a->offset == b->offset && a->partition == b->partition && a->topic == b->topic && a->page == b->page;
}

static row row_of(const index_entry *e, bool settled)
{
	row r = {.clock_ms = e->clock_ms, .offset = e->offset, .partition = e->partition, .topic = e->topic, .page = e->page, .settled = settled};
	memcpy(r.line[0], e->head, e->head_count * sizeof *e->head);
	memcpy(r.line[1], e->tail, e->tail_count * sizeof *e->tail);
	return r;
}

static bool teaches(const index_entry *e)
{
	return e->source && e->kind == INDEX_ARTICLE && !e->revision && e->head_count + e->tail_count > 0;
}

/* The row of these coordinates; s->count: none. The newest are looked at first: they are the ones in flight. */
static size_t find_row(const source *s, const row *like)
{
	for (size_t i = s->count; i-- > 0;)
		if (same_place(&s->rows[i], like))
			return i;
	return s->count;
}

static void remove_row(source *s, size_t at)
{
	s->settled -= s->rows[at].settled;
	s->count--;
	memmove(&s->rows[at], &s->rows[at + 1], (s->count - at) * sizeof *s->rows);
}

static void insert_row(edges *self, source *s, const row *r)
{
	size_t at = s->count;
	if (s->count == s->room) {
		uint32_t room = s->room ? s->room + s->room / 2 : 4;
		s->rows = mem_grow(s->rows, room, sizeof *s->rows);
		self->rows_room += room - s->room;
		s->room = room;
	}
	for (; at > 0 && compare_age(&s->rows[at - 1], r) > 0; at--)
		s->rows[at] = s->rows[at - 1];
	s->rows[at] = *r;
	s->count++;
	s->settled += r->settled;
}

/* Settled rows that EDGES_RECENT newer settled ones stand behind are never looked at again. */
static void forget_old(source *s)
{
	size_t out = s->settled > EDGES_RECENT + SETTLED_SLACK ? s->settled - EDGES_RECENT : 0, kept = 0;
	if (!out)
		return;
	for (size_t i = 0; i < s->count; i++) {
		if (s->rows[i].settled && out) {
			out--;
			s->settled--;
			continue;
		}
		s->rows[kept++] = s->rows[i];
	}
	s->count = (uint32_t)kept;
}

void edges_add(edges *self, const index_entry *entry, bool settled)
{
	source *s = teaches(entry) ? source_make(self, entry->source) : NULL;
	if (!s)
		return;
	row r = row_of(entry, settled);
	size_t at = find_row(s, &r);
	if (at < s->count)
		remove_row(s, at);
	insert_row(self, s, &r);
	forget_old(s);
}

void edges_drop(edges *self, const index_entry *entry)
{
	source *s = teaches(entry) ? *place_of(self, entry->source) : NULL;
	row r = row_of(entry, false);
	size_t at = s ? find_row(s, &r) : 0;
	if (s && at < s->count && !s->rows[at].settled)
		remove_row(s, at);
}

/* ---- questions ---- */

static bool in_window(const edges *self, int64_t a, int64_t b)
{
	return a < 0 || b < 0 || (a > b ? a - b : b - a) <= self->window_ms;
}

static bool has_line(const row *r, size_t edge, uint32_t line)
{
	const uint32_t *l = r->line[edge];
	return (l[0] == line) | (l[1] == line) | (l[2] == line) | (l[3] == line);
}

edges_found edges_find(const edges *self, const index_entry *entry)
{
	edges_found found = {0};
	unsigned seen[2 * INDEX_EDGES] = {0}, looked = 0;
	const source *s = entry->source ? *place_of(self, entry->source) : NULL;
	row own = row_of(entry, false);
	for (size_t i = s ? s->count : 0; i-- > 0 && looked < EDGES_RECENT;) {
		const row *r = &s->rows[i];
		if (!in_window(self, r->clock_ms, entry->clock_ms) || same_place(r, &own))
			continue;
		looked++;
		for (size_t l = 0; l < 2 * INDEX_EDGES; l++) {
			uint32_t line = own.line[l / INDEX_EDGES][l % INDEX_EDGES];
			seen[l] += line && has_line(r, l / INDEX_EDGES, line);
		}
	}
	for (size_t l = 0; l < 2 * INDEX_EDGES; l++) {
		found.seen |= (uint32_t)(seen[l] > 0) << l;
		found.repeated |= (uint32_t)(seen[l] >= REPEATED && seen[l] * REPEATED_SHARE >= looked) << l;
	}
	return found;
}

edges_stats edges_stats_get(const edges *self)
{
	size_t memory = TABLE * sizeof *self->table + self->sources * (sizeof(source) + 32) + self->rows_room * sizeof(row);
	return (edges_stats){self->sources, memory, self->forgotten};
}
