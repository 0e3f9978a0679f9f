/* The index against a plain list of entries that is searched from end to end: over long streams of what may happen to it, every answer must be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/index_parts.h"

#define WINDOW_DAYS 20
#define WINDOW_MS (WINDOW_DAYS * DAY_MS)
#define START_MS 1700000000000LL
#define STORIES 60
#define IDS 300
#define ADDRESSES 40
#define MOST 6000
#define TURNS 12000

typedef struct known {
	index_entry e;
	uint32_t number, segment;
	bool pending;
} known;

typedef struct plan {
	uint64_t seed;
	size_t max_entries;
	int partitions;
	unsigned drops;                  /* of a hundred pending ones */
	bool hot;                        /* one address and one phrase for most of them */
} plan;

typedef struct model {
	const plan *plan;
	index_t *index;
	known *list;                     /* the living, in the order in which they were added */
	size_t count;
	uint64_t seed;
	int64_t now_ms, next_offset;
	uint16_t topics[3];
	sketch stories[STORIES];
	uint64_t evicted;
} model;

static uint64_t draw(model *m)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return m->seed >> 11;
}

static bool chance(model *m, unsigned percent)
{
	return draw(m) % 100 < percent;
}

/* ---- the plain answers ---- */

static int64_t day_of(int64_t clock_ms)
{
	return clock_ms < 0 ? -1 : clock_ms / DAY_MS;
}

static bool in_window(int64_t a, int64_t b)
{
	return a < 0 || b < 0 || (a < b ? b - a : a - b) <= WINDOW_MS;
}

static bool is_own(const index_entry *e, uint16_t topic, int32_t partition, int64_t offset)
{
	return e->topic == topic && e->partition == partition && e->offset == offset;
}

static int age(const model *m, const index_entry *a, const index_entry *b)
{
	if (a->clock_ms != b->clock_ms)
		return a->clock_ms < b->clock_ms ? -1 : 1;
	int topics = strcmp(index_topic_name(m->index, a->topic), index_topic_name(m->index, b->topic));
	if (topics)
		return topics;
	if (a->partition != b->partition)
		return a->partition < b->partition ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->page < b->page ? -1 : a->page > b->page;
}

static int age_of(const model *m, const known *a, const known *b)
{
	int by_place = age(m, &a->e, &b->e);
	return by_place ? by_place : a->pending - b->pending;
}

static bool same_id(const index_entry *e, const index_question *q)
{
	return memcmp(e->article_id, q->article_id, ARTICLE_ID_BYTES) == 0;
}

static bool same_address(const index_entry *e, const index_question *q)
{
	return q->address && e->address == q->address;
}

static bool asks_another(const index_entry *e, const index_question *q)
{
	return !(is_own(e, q->topic, q->partition, q->offset) && e->page == q->page) && in_window(e->clock_ms, q->clock_ms);
}

static bool has_id(const index_entry *e, const void *id)
{
	return e->kind == INDEX_ARTICLE && memcmp(e->article_id, id, ARTICLE_ID_BYTES) == 0;
}

static bool has_address(const index_entry *e, const void *address)
{
	return e->kind == INDEX_ARTICLE && e->address == *(const uint64_t *)address;
}

static bool has_fingerprint(const index_entry *e, const void *fingerprint)
{
	return e->has_fingerprint && memcmp(e->fingerprint, fingerprint, 16) == 0;
}

static bool has_key(const index_entry *e, const void *key)
{
	for (size_t i = 0; i < SKETCH_KEYS && e->kind == INDEX_ARTICLE; i++)
		if (e->sketch.key[i] == *(const uint32_t *)key)
			return true;
	return false;
}

/* The last INDEX_CHAIN entries that have it; appends those that are not there yet. */
static size_t select_known(const model *m, bool (*has)(const index_entry *, const void *), const void *what, const known **out, size_t count)
{
	size_t seen = 0;
	for (size_t i = m->count; i-- > 0 && seen < INDEX_CHAIN;) {
		if (!has(&m->list[i].e, what))
			continue;
		size_t at = 0;
		while (at < count && out[at] != &m->list[i])
			at++;
		out[at] = &m->list[i];
		count += at == count;
		seen++;
	}
	return count;
}

static size_t select_versions(const model *m, const index_question *q, const known **out)
{
	size_t n = select_known(m, has_id, q->article_id, out, 0);
	return q->address ? select_known(m, has_address, &q->address, out, n) : n;
}

static bool is_newer(const model *m, const known *a, const known *b)
{
	if (a->e.revision != b->e.revision)
		return a->e.revision > b->e.revision;
	int by_place = age(m, &a->e, &b->e);
	return by_place ? by_place > 0 : !a->pending && b->pending;
}

static const known *plain_base(const model *m, const index_question *q, sketch_match *match)
{
	const known *some[2 * INDEX_CHAIN], *best = NULL;
	size_t n = select_versions(m, q, some);
	for (size_t i = 0; i < n; i++) {
		const index_entry *e = &some[i]->e;
		sketch_match with = sketch_compare(&e->sketch, q->sketch);
		if (!asks_another(e, q) || (!same_id(e, q) && with.relation < SKETCH_KIN))
			continue;
		bool id = same_id(e, q), best_id = best && same_id(&best->e, q);
		if (!best || (id && !best_id) || (id == best_id && is_newer(m, some[i], best))) {
			best = some[i];
			*match = with;
		}
	}
	return best;
}

static bool is_better(const model *m, const known *a, const sketch_match *with_a, const known *b, const sketch_match *with_b)
{
	if (!b || with_a->relation != with_b->relation)
		return !b || with_a->relation > with_b->relation;
	return with_a->similarity != with_b->similarity ? with_a->similarity > with_b->similarity : age_of(m, a, b) < 0;
}

static const known *plain_repeat(const model *m, const index_question *q, sketch_match *match)
{
	const known *some[2 * INDEX_CHAIN], *best = NULL;
	size_t n = select_versions(m, q, some);
	for (size_t i = 0; i < n; i++) {
		sketch_match with = sketch_compare(&some[i]->e.sketch, q->sketch);
		if (!asks_another(&some[i]->e, q) || with.relation < SKETCH_NEAR || with.changed || !is_better(m, some[i], &with, best, match))
			continue;
		best = some[i];
		*match = with;
	}
	return best;
}

static const known *plain_copy(const model *m, const index_question *q, sketch_match *match)
{
	const known *some[SKETCH_KEYS * INDEX_CHAIN], *best = NULL;
	size_t n = 0;
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		if (q->sketch->key[i])
			n = select_known(m, has_key, &q->sketch->key[i], some, n);
	for (size_t i = 0; i < n; i++) {
		const index_entry *e = &some[i]->e;
		if (!asks_another(e, q) || same_id(e, q) || same_address(e, q))
			continue;
		sketch_match with = sketch_compare(&e->sketch, q->sketch);
		if (with.relation >= SKETCH_NEAR && is_better(m, some[i], &with, best, match)) {
			best = some[i];
			*match = with;
		}
	}
	return best;
}

static const known *plain_owner(const model *m, const uint8_t *id, int64_t clock_ms)
{
	const known *some[INDEX_CHAIN], *best = NULL;
	size_t n = select_known(m, has_id, id, some, 0);
	for (size_t i = 0; i < n; i++)
		if (!some[i]->pending && in_window(some[i]->e.clock_ms, clock_ms) && (!best || is_newer(m, some[i], best)))
			best = some[i];
	return best;
}

static bool alias_before(const model *m, const known *a, const known *owner_a, const known *b, const known *owner_b)
{
	int by_age = age(m, &owner_a->e, &owner_b->e);
	if (by_age || a->e.similarity != b->e.similarity)
		return by_age ? by_age < 0 : a->e.similarity > b->e.similarity;
	return a->e.owner_kind != b->e.owner_kind ? a->e.owner_kind < b->e.owner_kind : a->e.page_count < b->e.page_count;
}

/* The article, or else the alias and its owner. */
static const known *plain_bytes(const model *m, const index_entry *asked, const known **owner)
{
	const known *some[INDEX_CHAIN], *best = NULL, *alias = NULL, *alias_owner = NULL;
	size_t n = select_known(m, has_fingerprint, asked->fingerprint, some, 0);
	for (size_t i = 0; i < n; i++) {
		bool is_alias = some[i]->e.kind == INDEX_ALIAS;
		const known *of = is_alias ? plain_owner(m, some[i]->e.owner_id, asked->clock_ms) : some[i];
		if (!of || of->pending || is_own(&of->e, asked->topic, asked->partition, asked->offset) || !in_window(of->e.clock_ms, asked->clock_ms))
			continue;
		if (is_alias && (!alias || alias_before(m, some[i], of, alias, alias_owner))) {
			alias = some[i];
			alias_owner = of;
		} else if (!is_alias && (!best || age(m, &some[i]->e, &best->e) < 0)) {
			best = some[i];
		}
	}
	*owner = best ? best : alias_owner;
	return best ? best : alias;
}

/* ---- comparing ---- */

static void same_answer(const char *what, bool got, const index_found *found, const known *want, const known *owner, const sketch_match *match)
{
	if (got != (want != NULL))
		fail_msg("%s: %s, expected %s", what, got ? "found" : "nothing", want ? "something" : "nothing");
	if (!got)
		return;
	const index_entry *e = &owner->e;
	if (found->number != want->number)
		fail_msg("%s: entry %u, expected %u", what, found->number, want->number);
	assert_int_equal(found->pending, want->pending);
	assert_ptr_equal(found->holder, want->pending ? want->e.holder : NULL);
	assert_memory_equal(found->article_id, e->article_id, ARTICLE_ID_BYTES);
	assert_memory_equal(found->story_id, e->story_id, ARTICLE_ID_BYTES);
	assert_true(found->clock_ms == e->clock_ms && found->revision == e->revision && found->day_revisions == e->day_revisions);
	assert_int_equal(found->page_count, want->e.page_count);
	assert_true(found->match.relation == match->relation && found->match.changed == match->changed && found->match.similarity == match->similarity);
	assert_int_equal(found->alias, want->e.kind == INDEX_ALIAS);
	assert_int_equal(found->owner_kind, want->e.owner_kind);
}

static void ask(model *m, const index_entry *e)
{
	index_question q = {&e->sketch, NULL, e->article_id, e->address, e->clock_ms, e->offset, e->partition, e->topic, e->page};
	index_found found;
	sketch_match match = {0};
	const known *want = plain_repeat(m, &q, &match), *owner;
	same_answer("repeat", index_find_repeat(m->index, &q, &found), &found, want, want, &match);
	match = (sketch_match){0};
	want = plain_base(m, &q, &match);
	same_answer("base", index_find_base(m->index, &q, &found), &found, want, want, &match);
	match = (sketch_match){0};
	want = plain_copy(m, &q, &match);
	same_answer("copy", index_find_copy(m->index, &q, &found), &found, want, want, &match);
	want = plain_bytes(m, e, &owner);
	match = (sketch_match){.relation = SKETCH_IDENTICAL, .similarity = want && want->e.kind == INDEX_ALIAS ? want->e.similarity : 1};
	same_answer("bytes", index_find_fingerprint(m->index, e->fingerprint, e->clock_ms, e->topic, e->partition, e->offset, &found), &found, want, owner, &match);
}

/* ---- what happens ---- */

static void take_out(model *m, size_t at)
{
	memmove(&m->list[at], &m->list[at + 1], (--m->count - at) * sizeof *m->list);
}

static known *note(model *m, const index_entry *e, uint32_t number, uint32_t segment, bool pending)
{
	assert_true(m->count < MOST && number);
	m->list[m->count] = (known){*e, number, segment, pending};
	return &m->list[m->count++];
}

/* Takes out who went by itself. `out_before`: day and wall clock before which an entry is out of the window. Whoever went besides was above the limit, and
 * nobody older stayed. */
static void who_went(model *m, int64_t day_before, int64_t seen_before)
{
	int64_t newest_gone = INT64_MIN;
	uint64_t above = 0;
	for (size_t i = m->count; i-- > 0;) {
		const known *k = &m->list[i];
		if (keymap_is_alive(m->index->keys, k->number))
			continue;
		assert_false(k->pending);
		int64_t day = day_of(k->e.clock_ms);
		if (!(day < day_before && k->e.seen_ms < seen_before)) {
			above++;
			newest_gone = day > newest_gone ? day : newest_gone;
		}
		take_out(m, i);
	}
	m->evicted += above;
	for (size_t i = 0; i < m->count && above; i++)
		assert_true(m->list[i].pending || day_of(m->list[i].e.clock_ms) >= newest_gone);
	assert_true(index_stats_get(m->index).evicted >= m->evicted);
}

static void make_sketch(model *m, sketch *s)
{
	memset(s, 0, sizeof *s);
	s->exact = draw(m) | 1;
	s->shingles = 700;
	s->weight = 704;
	for (size_t i = 0; i < 8; i++)
		s->value[i / 2][i % 2] = draw(m) ^ draw(m) << 30;
	for (size_t i = 0; i < 4; i++)
		s->place[i / 2][i % 2] = draw(m) ^ draw(m) << 30;
	s->figure[0] = draw(m) & draw(m) & draw(m);
	for (size_t i = 0; i < 4; i++)
		s->title[i] = (uint16_t)draw(m);
	for (size_t i = 0; i < SKETCH_KEYS; i++)
		s->key[i] = (uint32_t)draw(m) | 1;
}

/* The story as somebody prints it: as it was, with a word changed, abridged, with other figures. */
static void print_story(model *m, sketch *s)
{
	*s = m->stories[draw(m) % STORIES];
	uint64_t how = draw(m) % 5;
	if (how) {
		s->exact = draw(m) | 1;
		uint64_t mask = draw(m) & draw(m) & (how < 3 ? draw(m) & draw(m) : UINT64_MAX);
		s->value[draw(m) % 4][draw(m) % 2] ^= mask;
		if (how > 2)
			s->value[draw(m) % 4][draw(m) % 2] ^= draw(m) & draw(m);
	}
	if (how == 4)
		s->figure[0] ^= draw(m) & draw(m);
	for (size_t i = 0; i < SKETCH_KEYS && how; i++)
		if (chance(m, 40))
			s->key[i] = chance(m, 20) ? 0 : (uint32_t)draw(m) | 1;
	if (m->plan->hot && chance(m, 70))
		s->key[0] = 4711;
}

static int64_t any_clock(model *m)
{
	uint64_t r = draw(m) % 100;
	if (r < 3)
		return -1;
	if (r < 4)
		return INT64_MAX - (int64_t)(draw(m) % 3);
	if (r < 6)
		return (int64_t)(draw(m) % 4) * 1000;
	return m->now_ms - (int64_t)(draw(m) % (WINDOW_DAYS + 3)) * DAY_MS * (r < 50) - (int64_t)(draw(m) % 7) * 60000;
}

static void fill_id(uint8_t id[ARTICLE_ID_BYTES], uint64_t n)
{
	for (size_t i = 0; i < ARTICLE_ID_BYTES; i++)
		id[i] = (uint8_t)(n * 0x9E3779B97F4A7C15u >> (i % 8 * 8)) ^ (uint8_t)(i / 8);
}

static void make_article(model *m, index_entry *e)
{
	*e = (index_entry){.clock_ms = any_clock(m), .seen_ms = m->now_ms, .offset = m->next_offset++, .partition = (int32_t)(draw(m) % (unsigned)m->plan->partitions),
			   .topic = m->topics[draw(m) % 3], .page_count = (uint16_t)(1 + draw(m) % 3 * chance(m, 20)), .has_fingerprint = chance(m, 80)};
	e->page = (uint16_t)(draw(m) % e->page_count);
	fill_id(e->article_id, draw(m) % IDS);
	memcpy(e->story_id, e->article_id, ARTICLE_ID_BYTES);
	fill_id(e->fingerprint, 1000 + draw(m) % IDS);
	e->address = m->plan->hot && chance(m, 80) ? 77 : chance(m, 30) ? 0 : (1 + draw(m) % ADDRESSES) * 0x9E3779B97F4A7C15u;
	if (chance(m, 10)) {
		fill_id(e->story_id, draw(m) % IDS);
		e->revision = (uint32_t)(draw(m) % 5);
		e->day_revisions = (uint16_t)(draw(m) % 3);
	}
	if (chance(m, 3))
		e->offset += (int64_t)1 << (40 + draw(m) % 20);
	print_story(m, &e->sketch);
	e->holder = (struct part *)(uintptr_t)(16 + m->next_offset * 16);
}

static bool is_same_place(const index_entry *a, const index_entry *b)
{
	return a->kind == b->kind && a->page == b->page && is_own(a, b->topic, b->partition, b->offset) && has_id(a, b->article_id);
}

static known *find_place(model *m, const index_entry *e, bool pending)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->list[i].pending == pending && is_same_place(&m->list[i].e, e))
			return &m->list[i];
	return NULL;
}

/* An article is asked for and added; sometimes one that was read before, as after offsets were set back. */
static void add(model *m)
{
	index_entry e;
	make_article(m, &e);
	if (m->count && chance(m, 5)) {
		const index_entry *old = &m->list[draw(m) % m->count].e;
		if (old->kind == INDEX_ARTICLE && !find_place(m, old, true)) {
			sketch s = e.sketch;
			struct part *holder = e.holder;
			e = *old;
			e.sketch = chance(m, 50) ? s : e.sketch;
			e.holder = holder;
			e.seen_ms = m->now_ms;
		}
	}
	ask(m, &e);
	note(m, &e, index_add(m->index, &e), 0, true);
}

static void end_pending(model *m, size_t at, uint32_t segment)
{
	known *k = &m->list[at];
	if (chance(m, m->plan->drops)) {
		index_drop(m->index, &k->number);
		assert_int_equal(k->number, 0);
		take_out(m, at);
		return;
	}
	index_entry e = k->e;
	const index_entry *whole = index_pending(m->index, k->number);
	assert_memory_equal(whole, &e, sizeof e);
	known *old = find_place(m, &e, false);
	index_settle(m->index, k->number, segment);
	k->pending = false;
	k->segment = segment;
	if (old)
		take_out(m, (size_t)(old - m->list));
	who_went(m, INT64_MIN, INT64_MIN);
}

static void end_some(model *m, uint32_t segment)
{
	for (size_t i = m->count; i-- > 0;)
		if (i < m->count && m->list[i].pending && chance(m, 30))
			end_pending(m, i, segment);
}

static void follow(model *m, uint32_t segment)
{
	index_entry e;
	make_article(m, &e);
	if (m->count && chance(m, 30)) {
		const index_entry *old = &m->list[draw(m) % m->count].e;
		e = old->kind == INDEX_ARTICLE ? *old : e;
	}
	enum index_layer layer = index_layer_of(m->index, &e), want = find_place(m, &e, false) ? INDEX_SETTLED : find_place(m, &e, true) ? INDEX_PENDING : INDEX_ABSENT;
	assert_int_equal(layer, want);
	uint32_t number = index_settle_foreign(m->index, &e, chance(m, 50) ? segment : 0);
	assert_int_equal(number == 0, layer == INDEX_SETTLED);
	if (number) {
		note(m, &e, number, segment, false);
		index_written(m->index, number, segment);
	}
	who_went(m, INT64_MIN, INT64_MIN);
}

static void add_alias(model *m, uint32_t segment)
{
	index_entry e = {.kind = INDEX_ALIAS, .clock_ms = any_clock(m), .seen_ms = m->now_ms, .topic = m->topics[0], .page_count = (uint16_t)(1 + draw(m) % 2), .has_fingerprint = true,
			 .owner_kind = (uint8_t)(draw(m) % 3), .similarity = (double)(draw(m) % 4) / 4};
	fill_id(e.owner_id, draw(m) % (IDS + 20));
	fill_id(e.fingerprint, 1000 + draw(m) % (2 * IDS));
	bool known_already = false;
	const known *some[INDEX_CHAIN];
	size_t n = select_known(m, has_fingerprint, e.fingerprint, some, 0);
	for (size_t i = 0; i < n; i++) {
		const index_entry *o = &some[i]->e;
		known_already = known_already || (o->kind == INDEX_ALIAS && memcmp(o->owner_id, e.owner_id, ARTICLE_ID_BYTES) == 0 && o->owner_kind == e.owner_kind &&
						  o->page_count == e.page_count && o->similarity == e.similarity);
	}
	uint32_t number = index_alias(m->index, &e, segment);
	assert_int_equal(number == 0, known_already);
	if (number)
		note(m, &e, number, segment, false);
	who_went(m, INT64_MIN, INT64_MIN);
}

/* As the index says it: the largest clock, but not beyond the wall clock. */
static void expire(model *m)
{
	int64_t clock = m->index->max_clock_ms < m->now_ms ? m->index->max_clock_ms : m->now_ms, since = clock - WINDOW_MS;
	index_expire(m->index, m->now_ms, draw(m) % 400);
	who_went(m, since > 0 ? (since - 1) / DAY_MS : INT64_MIN, m->now_ms - WINDOW_MS);
}

static void check_counts(const model *m)
{
	size_t settled = 0, pending = 0, aliases = 0;
	uint32_t oldest = UINT32_MAX;
	for (size_t i = 0; i < m->count; i++) {
		const known *k = &m->list[i];
		*(k->pending ? &pending : k->e.kind == INDEX_ALIAS ? &aliases : &settled) += 1;
		oldest = !k->pending && k->segment < oldest ? k->segment : oldest;
	}
	index_stats x = index_stats_get(m->index);
	assert_true(x.settled == settled && x.pending == pending && x.aliases == aliases);
	assert_true(!m->plan->max_entries || settled + aliases <= m->plan->max_entries);
	assert_true(index_oldest_segment(m->index) <= oldest);
	int64_t next = 0;
	for (size_t i = 0; i < m->count; i++)
		if (m->list[i].e.kind == INDEX_ARTICLE && m->list[i].e.topic == m->topics[1] && m->list[i].e.partition == 0 && m->list[i].e.offset >= next)
			next = m->list[i].e.offset + 1;
	assert_int_equal(index_next_offset(m->index, m->topics[1], 0), next);
}

static void start(model *m, const plan *p)
{
	*m = (model){.plan = p, .seed = p->seed, .now_ms = START_MS};
	m->index = index_new(WINDOW_MS, (index_limits){.entries = p->max_entries});
	m->list = mem_array(MOST, sizeof *m->list);
	for (size_t i = 0; i < STORIES; i++)
		make_sketch(m, &m->stories[i]);
	static const char *const names[] = {"news.b", "news.a", "wire"};
	for (size_t i = 0; i < 3; i++)
		m->topics[i] = index_topic(m->index, mr_bytes_of(names[i]));
}

static bool is_stored(const model *m, uint32_t number, const index_entry *e)
{
	if (m->index->slabs[number / SLAB].kind != e->kind)
		return false;
	if (e->kind == INDEX_ALIAS) {
		const aliased *at = aliased_at(m->index, number);
		return memcmp(at->owner_id, e->owner_id, ARTICLE_ID_BYTES) == 0 && memcmp(at->fingerprint, e->fingerprint + 8, 8) == 0 && at->owner_kind == e->owner_kind &&
		       at->page_count == e->page_count && memcmp(at->similarity, &e->similarity, sizeof e->similarity) == 0;
	}
	const stored *at = stored_at(m->index, number);
	index_place p = index_pack_place(m->index, at);
	return memcmp(at->article_id, e->article_id, ARTICLE_ID_BYTES) == 0 && p.page == e->page && p.topic == e->topic && p.partition == e->partition && p.offset == e->offset;
}

/* Its number in the new index: each is there once. */
static uint32_t number_of(const model *m, const index_entry *e)
{
	uint32_t found = 0;
	for (uint32_t n = 1; n < m->index->slab_count * SLAB; n++)
		if (keymap_is_alive(m->index->keys, n) && is_stored(m, n, e)) {
			assert_int_equal(found, 0);
			found = n;
		}
	assert_int_not_equal(found, 0);
	return found;
}

/* What is settled, written down and read back into another index: that one answers the same. */
static void restart(model *m)
{
	index_t *old = m->index;
	m->index = index_new(WINDOW_MS, (index_limits){.entries = m->plan->max_entries});
	for (size_t i = 0; i < 3; i++)
		index_topic(m->index, mr_bytes_of(index_topic_name(old, (uint16_t)i)));
	size_t kept = 0;
	for (size_t i = 0; i < m->count; i++)
		if (!m->list[i].pending)
			m->list[kept++] = m->list[i];
	m->count = kept;
	for (size_t i = 0; i < m->count; i++) {
		index_prefetch(m->index, &m->list[i].e, (unsigned)i % 2);
		index_restore(m->index, &m->list[i].e, m->list[i].segment);
	}
	index_restored(m->index);
	index_free(&old);
	m->evicted = 0;
	for (size_t i = 0; i < m->count; i++)
		m->list[i].number = number_of(m, &m->list[i].e);
}

/* In the end all are out of the window. */
static void finish(model *m)
{
	index_entry last;
	for (size_t i = m->count; i-- > 0;)
		if (m->list[i].pending)
			index_drop(m->index, &m->list[i].number);
	make_article(m, &last);
	last.clock_ms = INT64_MAX / 2;
	last.kind = INDEX_ARTICLE;
	index_settle_foreign(m->index, &last, 99);
	while (index_expire(m->index, m->now_ms + 400000 * DAY_MS, 100))
		;
	index_stats x = index_stats_get(m->index);
	assert_true(x.settled <= 200 && x.pending == 0);         /* those of the end of time alone */
	index_free(&m->index);
	free(m->list);
}

static void run(const plan *p)
{
	model *m = mem_alloc(sizeof *m);
	start(m, p);
	for (int turn = 0; turn < TURNS; turn++) {
		uint32_t segment = 1 + (uint32_t)turn / 500;
		uint64_t what = draw(m) % 100;
		if (what < 70)
			add(m);
		else if (what < 80)
			add_alias(m, segment);
		else if (what < 88)
			follow(m, segment);
		else if (what < 98)
			end_some(m, segment);
		else
			expire(m);
		if (turn % 3000 == 2999)
			restart(m);
		if (turn % 100 == 0) {
			m->now_ms += (int64_t)(draw(m) % 40) * (DAY_MS / 24);
			check_counts(m);
		}
	}
	finish(m);
	free(m);
}

static void answers_are_those_of_a_plain_search(void **state)
{
	(void)state;
	run(&(plan){.seed = 88172645463325252ULL, .partitions = 4, .drops = 20});
}

static void answers_hold_when_the_limit_is_reached(void **state)
{
	(void)state;
	run(&(plan){.seed = 1234567, .max_entries = 500, .partitions = 300, .drops = 5});
}

static void answers_hold_when_most_are_dropped(void **state)
{
	(void)state;
	run(&(plan){.seed = 987654321, .max_entries = 800, .partitions = 2, .drops = 80});
}

static void answers_hold_when_everybody_has_the_same_address_and_phrase(void **state)
{
	(void)state;
	run(&(plan){.seed = 55555, .max_entries = 1500, .partitions = 2, .drops = 30, .hot = true});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_those_of_a_plain_search),
		cmocka_unit_test(answers_hold_when_the_limit_is_reached),
		cmocka_unit_test(answers_hold_when_most_are_dropped),
		cmocka_unit_test(answers_hold_when_everybody_has_the_same_address_and_phrase),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
