/* index_find.c - the questions to the index: index.h. How entries are kept: index_parts.h. */
#include "index_parts.h"

#include <string.h>

bool index_in_window(const index_t *self, int64_t a_ms, int64_t b_ms)
{
	if (a_ms < 0 || b_ms < 0)
		return true;
	int64_t apart = a_ms < b_ms ? b_ms - a_ms : a_ms - b_ms;
	return apart <= self->window_ms;
}

/* ---- order of entries ---- */

static bool own(const index_place *p, uint16_t topic, int32_t partition, int64_t offset)
{
	return p->offset == offset && p->partition == partition && p->topic == topic;
}

static bool eligible(const index_t *self, uint32_t number, const index_question *q)
{
	index_place p = index_pack_place(self, stored_at(self, number));
	if (own(&p, q->topic, q->partition, q->offset) && p.page == q->page)
		return false;
	return index_in_window(self, p.clock_ms, q->clock_ms);
}

/* Order in which entries came into the world, as far as all daemons and runs agree on it. */
static int compare_age(const index_t *self, uint32_t number_a, uint32_t number_b)
{
	index_place a = index_pack_place(self, stored_at(self, number_a)), b = index_pack_place(self, stored_at(self, number_b));
	if (a.clock_ms != b.clock_ms)
		return a.clock_ms < b.clock_ms ? -1 : 1;
	if (a.topic != b.topic)
		return strcmp(self->topics[a.topic], self->topics[b.topic]);
	if (a.partition != b.partition)
		return a.partition < b.partition ? -1 : 1;
	if (a.offset != b.offset)
		return a.offset < b.offset ? -1 : 1;
	return (a.page > b.page) - (a.page < b.page);
}

/* Two of the same coordinates: one is settled (through another daemon), one is a pending one of ours. Nobody should wait. */
static bool only_settled(const index_t *self, uint32_t a, uint32_t b)
{
	return !is_pending(self, a) && is_pending(self, b);
}

static uint32_t revision_of(const index_t *self, const stored *at)
{
	return at->flags & STORED_EXTRA ? self->extras[extra_of(at)].revision : 0;
}

static bool newer(const index_t *self, uint32_t a, uint32_t b)
{
	uint32_t revision_a = revision_of(self, stored_at(self, a)), revision_b = revision_of(self, stored_at(self, b));
	if (revision_a != revision_b)
		return revision_a > revision_b;
	int age = compare_age(self, a, b);
	return age ? age > 0 : only_settled(self, a, b);
}

static bool better(const index_t *self, uint32_t number, const sketch_match *m, uint32_t best, const sketch_match *best_match)
{
	if (!best)
		return true;
	if (m->relation != best_match->relation)
		return m->relation > best_match->relation;
	if (m->similarity != best_match->similarity)
		return m->similarity > best_match->similarity;
	int age = compare_age(self, number, best);
	return age ? age < 0 : only_settled(self, number, best);
}

/* ---- versions ---- */

static bool same_id(const stored *at, const index_question *q)
{
	return memcmp(at->article_id, q->article_id, ARTICLE_ID_BYTES) == 0;
}

/* The question's address, as it is stored. */
static bool same_address(const stored *at, const index_question *q)
{
	uint32_t low = at->address[0] | (uint32_t)at->address[1] << 8 | (uint32_t)at->address[2] << 16 | (uint32_t)at->address[3] << 24;
	return q->address && low == (uint32_t)q->address;
}

static sketch_match compare(const stored *at, const index_question *q, const sketch *inner)
{
	sketch earlier;
	memcpy(&earlier, at->core, SKETCH_CORE_BYTES);
	return sketch_compare_inner(&earlier, q->sketch, inner);
}

/* Numbers filed under the key, of articles; their memory is fetched. */
static size_t find_articles(const index_t *self, uint64_t key, uint32_t *numbers)
{
	size_t n = keymap_find(self->keys, key, numbers, INDEX_CHAIN), kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (slab_of(self, numbers[i])->kind != INDEX_ARTICLE)
			continue;
		const char *at = (const char *)stored_at(self, numbers[i]);
		__builtin_prefetch(at);
		__builtin_prefetch(at + 64);
		__builtin_prefetch(at + 128);
		numbers[kept++] = numbers[i];
	}
	return kept;
}

/* Entries with the same id, then those with the same address; an entry that has both may come twice. Returns their number. */
static size_t find_versions(const index_t *self, const index_question *q, uint32_t numbers[2 * INDEX_CHAIN])
{
	size_t n = find_articles(self, index_key(SALT_ID, index_head(q->article_id)), numbers), kept = 0;
	if (q->address)
		n += find_articles(self, index_key(SALT_ADDRESS, q->address), numbers + n);
	for (size_t i = 0; i < n; i++) {
		const stored *at = stored_at(self, numbers[i]);
		if ((same_id(at, q) || same_address(at, q)) && eligible(self, numbers[i], q))
			numbers[kept++] = numbers[i];
	}
	return kept;
}

/* Copies what was found; false: nothing was. */
static bool tell(const index_t *self, uint32_t best, const sketch_match *match, index_found *found)
{
	if (!best)
		return false;
	const stored *at = stored_at(self, best);
	const extra *x = at->flags & STORED_EXTRA ? &self->extras[extra_of(at)] : NULL;
	*found = (index_found){.number = best, .pending = is_pending(self, best), .clock_ms = index_pack_place(self, at).clock_ms, .page_count = at->page_count, .match = *match};
	memcpy(found->article_id, at->article_id, ARTICLE_ID_BYTES);
	memcpy(found->story_id, x ? x->story_id : at->article_id, ARTICLE_ID_BYTES);
	if (x) {
		found->revision = x->revision;
		found->day_revisions = x->day_revisions;
	}
	if (found->pending)
		found->holder = self->pendings[x->pending].holder;
	return true;
}

bool index_find_base(index_t *self, const index_question *q, index_found *found)
{
	uint32_t numbers[2 * INDEX_CHAIN], best = 0;
	sketch_match match = {0};
	size_t n = find_versions(self, q, numbers);
	for (size_t i = 0; i < n; i++) {
		const stored *at = stored_at(self, numbers[i]);
		bool id = same_id(at, q), best_id = best && same_id(stored_at(self, best), q);
		sketch_match m = compare(at, q, NULL);
		if (!id && m.relation < SKETCH_KIN)
			continue;
		if (!best || (id && !best_id) || (id == best_id && newer(self, numbers[i], best))) {
			best = numbers[i];
			match = m;
		}
	}
	return tell(self, best, &match, found);
}

bool index_find_repeat(index_t *self, const index_question *q, index_found *found)
{
	uint32_t numbers[2 * INDEX_CHAIN], best = 0;
	uint64_t keys[SKETCH_KEYS];
	sketch_match match = {0};
	size_t key_count = sketch_keys(q->sketch, keys), n;
	for (size_t i = 0; i < 2 * key_count; i++)       /* index_find_copy will ask for them next */
		keymap_prefetch(self->keys, keys[i % key_count], i >= key_count);
	n = find_versions(self, q, numbers);
	for (size_t i = 0; i < n; i++) {
		sketch_match m = compare(stored_at(self, numbers[i]), q, NULL);
		if (m.relation >= SKETCH_NEAR && !m.changed && better(self, numbers[i], &m, best, &match)) {
			best = numbers[i];
			match = m;
		}
	}
	return tell(self, best, &match, found);
}

/* ---- copies ---- */

/* Notes the number; false: this search has seen it before. */
static bool visit(index_t *self, uint32_t number)
{
	uint64_t mark = (uint64_t)self->search << 32 | number;
	for (uint32_t at = number * 0x9E3779B1u >> 21;; at = (at + 1) & (VISITED - 1)) {
		if (self->visited[at] == mark)
			return false;
		if (self->visited[at] >> 32 != self->search) {
			self->visited[at] = mark;
			return true;
		}
	}
}

/* Candidates: whoever shares a key. They are all fetched before the first is compared. */
static size_t find_candidates(index_t *self, const sketch *s, uint32_t numbers[SKETCH_KEYS * INDEX_CHAIN])
{
	uint64_t keys[SKETCH_KEYS];
	size_t key_count = sketch_keys(s, keys), count = 0;
	if (++self->search == 0) {
		memset(self->visited, 0, VISITED * sizeof *self->visited);
		self->search = 1;
	}
	for (size_t k = 0; k < key_count; k++) {
		size_t n = find_articles(self, keys[k], numbers + count), from = count;
		for (size_t i = 0; i < n; i++)
			if (visit(self, numbers[from + i]))
				numbers[count++] = numbers[from + i];
	}
	return count;
}

bool index_find_copy(index_t *self, const index_question *q, index_found *found)
{
	uint32_t numbers[SKETCH_KEYS * INDEX_CHAIN], best = 0;
	sketch_match match = {0};
	size_t n = find_candidates(self, q->sketch, numbers);
	for (size_t i = 0; i < n; i++) {
		const stored *at = stored_at(self, numbers[i]);
		if (same_id(at, q) || same_address(at, q) || !eligible(self, numbers[i], q))
			continue;
		sketch_match m = compare(at, q, q->inner);
		if (m.relation >= SKETCH_NEAR && better(self, numbers[i], &m, best, &match)) {
			best = numbers[i];
			match = m;
		}
	}
	return tell(self, best, &match, found);
}

/* ---- fingerprints ---- */

/* The settled entry of this id whose clock fits, the newest of them. 0: none. */
static uint32_t find_owner(const index_t *self, const uint8_t *id, int64_t clock_ms)
{
	uint32_t numbers[INDEX_CHAIN], best = 0;
	size_t n = find_articles(self, index_key(SALT_ID, index_head(id)), numbers);
	for (size_t i = 0; i < n; i++) {
		const stored *at = stored_at(self, numbers[i]);
		if (is_pending(self, numbers[i]) || memcmp(at->article_id, id, ARTICLE_ID_BYTES) != 0 || !index_in_window(self, index_pack_place(self, at).clock_ms, clock_ms))
			continue;
		if (!best || newer(self, numbers[i], best))
			best = numbers[i];
	}
	return best;
}

typedef struct told {
	uint32_t alias, owner;
	double similarity;
	uint16_t page_count;
	uint8_t kind;
} told;

/* Of two aliases: that of the older owner, then the larger similarity, the smaller kind and page count: whatever order they came in. */
static bool better_alias(const index_t *self, const told *a, const told *best)
{
	if (!best->alias)
		return true;
	int age = compare_age(self, a->owner, best->owner);
	if (age)
		return age < 0;
	if (a->similarity != best->similarity)
		return a->similarity > best->similarity;
	if (a->kind != best->kind)
		return a->kind < best->kind;
	return a->page_count < best->page_count;
}

typedef struct bytes_question {
	const uint8_t *fingerprint;
	int64_t clock_ms, offset;
	int32_t partition;
	uint16_t topic;
} bytes_question;

static bool fits(const index_t *self, uint32_t owner, const bytes_question *q)
{
	index_place p = index_pack_place(self, stored_at(self, owner));
	return !own(&p, q->topic, q->partition, q->offset) && index_in_window(self, p.clock_ms, q->clock_ms);
}

static void look_at_alias(const index_t *self, uint32_t number, const bytes_question *q, told *best)
{
	const aliased *at = aliased_at(self, number);
	if (memcmp(at->fingerprint, q->fingerprint + 8, sizeof at->fingerprint) != 0)
		return;
	told a = {.alias = number, .owner = find_owner(self, at->owner_id, q->clock_ms), .page_count = at->page_count, .kind = at->owner_kind};
	memcpy(&a.similarity, at->similarity, sizeof a.similarity);
	if (a.owner && fits(self, a.owner, q) && better_alias(self, &a, best))
		*best = a;
}

static void look_at_article(const index_t *self, uint32_t number, const bytes_question *q, uint32_t *best)
{
	const stored *at = stored_at(self, number);
	if (is_pending(self, number) || !(at->flags & STORED_FINGERPRINT) || memcmp(at->fingerprint, q->fingerprint + 8, sizeof at->fingerprint) != 0 ||
	    !fits(self, number, q))
		return;
	if (!*best || compare_age(self, number, *best) < 0)
		*best = number;
}

static bool tell_alias(const index_t *self, const told *alias, index_found *found)
{
	sketch_match match = {.relation = SKETCH_IDENTICAL, .similarity = alias->similarity};
	if (!tell(self, alias->owner, &match, found))
		return false;
	found->number = alias->alias;
	found->alias = true;
	found->page_count = alias->page_count;
	found->owner_kind = alias->kind;
	return true;
}

bool index_find_fingerprint(index_t *self, const uint8_t fingerprint[16], int64_t clock_ms, uint16_t topic, int32_t partition, int64_t offset, index_found *found)
{
	uint32_t numbers[INDEX_CHAIN], best = 0;
	bytes_question q = {fingerprint, clock_ms, offset, partition, topic};
	told alias = {0};
	size_t n = keymap_find(self->keys, index_key(SALT_FINGERPRINT, index_head(fingerprint)), numbers, INDEX_CHAIN);
	for (size_t i = 0; i < n; i++) {
		if (slab_of(self, numbers[i])->kind == INDEX_ALIAS)
			look_at_alias(self, numbers[i], &q, &alias);
		else
			look_at_article(self, numbers[i], &q, &best);
	}
	sketch_match same = {.relation = SKETCH_IDENTICAL, .similarity = 1};
	return best ? tell(self, best, &same, found) : tell_alias(self, &alias, found);
}
