/* judge.c - see judge.h. */
#include "judge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/mem.h"
#include "common/sketch_pieces.h"

#define DAY_MS 86400000LL
#define LEAST_LEFT 12            /* ideographs of a text that stay, whatever its source repeats: a short sentence */

struct judge {
	ledger *ledger;
	index_t *index;
	judge_hooks hooks;
	int max_revisions;
	bool repeats;            /* byte-equal records are bound at sight */
	item **table;            /* fingerprints in flight: chains by next_registered, oldest first */
	size_t table_size, registered;   /* size is a power of two */
	bool running;            /* judge_run is on the stack: hooks may call back */
	bool again;
	judge_counts counts;
	sketch_pieces pieces;    /* scratch */
	buf scratch;
};

judge *judge_new(ledger *partitions, index_t *index, judge_hooks hooks)
{
	judge *self = mem_alloc(sizeof *self);
	self->ledger = partitions;
	self->index = index;
	self->hooks = hooks;
	self->max_revisions = 24;
	self->repeats = true;
	self->table_size = 256;
	self->table = mem_array(self->table_size, sizeof *self->table);
	return self;
}

void judge_free(judge **self_p)
{
	judge *self = *self_p;
	if (!self)
		return;
	assert(self->registered == 0);
	buf_free(&self->scratch);
	free(self->table);
	free(self);
	*self_p = NULL;
}

void judge_set_repeats(judge *self, bool repeats)
{
	self->repeats = repeats;
}

void judge_set_max_revisions(judge *self, int max_revisions)
{
	self->max_revisions = max_revisions;
}

judge_counts judge_counts_get(const judge *self)
{
	return self->counts;
}

/* ---- fingerprints in flight ---- */

static item **chain_of(const judge *self, const uint8_t fingerprint[16])
{
	size_t hash;
	memcpy(&hash, fingerprint, sizeof hash);
	return &self->table[hash & (self->table_size - 1)];
}

static void chain_add(judge *self, item *it)
{
	item **at = chain_of(self, it->fingerprint);
	while (*at)
		at = &(*at)->next_registered;
	*at = it;
	it->next_registered = NULL;
}

static void table_grow(judge *self)
{
	item **old = self->table;
	size_t size = self->table_size;
	self->table_size *= 2;
	self->table = mem_array(self->table_size, sizeof *self->table);
	for (size_t i = 0; i < size; i++)
		for (item *it = old[i], *next; it; it = next) {
			next = it->next_registered;
			chain_add(self, it);
		}
	free(old);
}

static void register_item(judge *self, item *it)
{
	if (it->registered)
		return;
	if (self->registered >= self->table_size)
		table_grow(self);
	chain_add(self, it);
	it->registered = true;
	self->registered++;
}

static void unregister_item(judge *self, item *it)
{
	if (!it->registered)
		return;
	item **at = chain_of(self, it->fingerprint);
	while (*at != it)
		at = &(*at)->next_registered;
	*at = it->next_registered;
	it->next_registered = NULL;
	it->registered = false;
	self->registered--;
}

static int64_t clock_of(const item *it)
{
	return it->rec ? record_clock_ms(it->rec) : -1;
}

static bool is_judged(const item *it)
{
	return it->state == ITEM_JUDGED || it->state == ITEM_DONE;
}

/* Do byte-equal records follow it? An article's do; a duplicate's too (it need not be found out again), unless it would be an article on another day. What was filtered
 * was never published: nobody may follow it. */
static bool is_followed(const item *it)
{
	if (judge_article_of(it))
		return true;
	for (size_t i = 0; i < it->part_count; i++)
		if (it->parts[i]->withheld || it->parts[i]->state == PART_FILTERED)
			return false;
	return it->part_count > 0;
}

/* Is `it` told what `other`, which has the same bytes, was told? The window is that between it and the article, whether it is found in flight or settled. */
static bool follows(const judge *self, const item *it, const item *other)
{
	int64_t clock_ms = judge_article_of(other) ? clock_of(other) : other->part_count ? other->parts[0]->owner_clock_ms : -1;
	return is_judged(other) && is_followed(other) && index_in_window(self->index, clock_ms, clock_of(it));
}

/* An item in flight with the same bytes: one whose verdict it follows (`judged`), or any that was read earlier. Earlier, so that waiting always follows
 * the order of reading, and nobody waits in a circle. */
static item *find_registered(const judge *self, const item *it, bool judged)
{
	for (item *other = *chain_of(self, it->fingerprint); other; other = other->next_registered) {
		if (other == it || memcmp(other->fingerprint, it->fingerprint, sizeof it->fingerprint) != 0)
			continue;
		if (judged ? follows(self, it, other) : other->sequence < it->sequence && index_in_window(self->index, clock_of(other), clock_of(it)))
			return other;
	}
	return NULL;
}

/* ---- links ---- */

static void wait_for(part *waiter, part *owner)
{
	assert(!waiter->owner && waiter != owner);
	waiter->owner = owner;
	waiter->next_waiter = owner->waiters;
	waiter->prev_waiter = &owner->waiters;
	if (owner->waiters)
		owner->waiters->prev_waiter = &waiter->next_waiter;
	owner->waiters = waiter;
}

static void wait_no_more(part *waiter)
{
	if (!waiter->owner)
		return;
	*waiter->prev_waiter = waiter->next_waiter;
	if (waiter->next_waiter)
		waiter->next_waiter->prev_waiter = waiter->prev_waiter;
	waiter->owner = waiter->next_waiter = NULL;
	waiter->prev_waiter = NULL;
}

static void repeat(item *it, item *of)
{
	it->repeat_of = of;
	it->next_repeat = of->repeats;
	it->prev_repeat = &of->repeats;
	if (of->repeats)
		of->repeats->prev_repeat = &it->next_repeat;
	of->repeats = it;
}

static void repeat_no_more(item *it)
{
	if (!it->repeat_of)
		return;
	*it->prev_repeat = it->next_repeat;
	if (it->next_repeat)
		it->next_repeat->prev_repeat = it->prev_repeat;
	it->repeat_of = it->next_repeat = NULL;
	it->prev_repeat = NULL;
}

/* ---- first look, and repeats ---- */

const part *judge_article_of(const item *it)
{
	for (size_t i = 0; i < it->part_count; i++)
		if (it->parts[i]->state == PART_ARTICLE)
			return it->parts[i];
	return NULL;
}

static void article_id_of(const part *p, uint8_t out[ARTICLE_ID_BYTES])
{
	record_article_id(p->item->rec, article_page(p->doc), out);
}

static const char *const kinds[] = {"exact", "url", "near"};     /* by index_entry.owner_kind */

static uint8_t kind_number(const char *kind)
{
	uint8_t n = 0;
	while (strcmp(kinds[n], kind) != 0)
		n++;
	return n;
}

/* What it repeats was published, or is told as a duplicate (alias): so is it. */
static void bind(judge *self, item *it, const index_found *of)
{
	it->state = ITEM_REPEAT;
	it->bound = true;
	it->repeat_pages = of->page_count;
	it->repeat_verdict = (verdict){.has_owner = true, .kind = kinds[of->owner_kind], .similarity = of->match.similarity};
	memcpy(it->repeat_verdict.duplicate_of, of->article_id, ARTICLE_ID_BYTES);
	memcpy(it->repeat_verdict.story_id, of->story_id, ARTICLE_ID_BYTES);
	unregister_item(self, it);
	self->counts.repeats++;
	self->hooks.bound(self->hooks.arg, it);
}

static void bind_to_item(judge *self, item *it, const item *of)
{
	const part *owner = judge_article_of(of);
	index_found found = {.page_count = (uint16_t)of->part_count, .match = {.similarity = 1}};
	if (owner) {
		article_id_of(owner, found.article_id);
	} else {                                 /* a duplicate: as its alias will tell */
		owner = of->parts[0];
		memcpy(found.article_id, owner->verdict.duplicate_of, ARTICLE_ID_BYTES);
		found.owner_kind = kind_number(owner->verdict.kind);
		found.match.similarity = owner->verdict.similarity;
	}
	memcpy(found.story_id, owner->verdict.story_id, ARTICLE_ID_BYTES);
	bind(self, it, &found);
}

/* Byte-equal to a settled record, or to one in flight that has its verdict? */
static bool bind_if_repeat(judge *self, item *it)
{
	const partition *p = it->partition;
	index_found found;
	item *of;
	if (index_find_fingerprint(self->index, it->fingerprint, clock_of(it), index_topic(self->index, mr_bytes_of(p->topic)), p->number, it->offset, &found)) {
		bind(self, it, &found);
		return true;
	}
	if (!(of = find_registered(self, it, true)))
		return false;
	repeat(it, of);
	bind_to_item(self, it, of);
	return true;
}

bool judge_look(judge *self, item *it)
{
	item *of;
	if (!self->index || !self->repeats)
		return false;
	if (bind_if_repeat(self, it))
		return true;
	if ((of = find_registered(self, it, false))) {
		it->state = ITEM_REPEAT;
		it->bound = false;
		repeat(it, of);
		return true;
	}
	register_item(self, it);
	return false;
}

/* What it repeats is not followed or is gone. One that has passed the stages already (second look) waits for its turn with what they found: its input is let go.
 * Any other is looked at afresh, and staged if nothing else is found. Only items that no turn has passed, or whose partition's turn was set back, are released. */
static void release(judge *self, item *it)
{
	repeat_no_more(it);
	it->bound = false;
	buf_free(&it->out);
	if (it->part_count) {
		it->state = ITEM_READY;
		register_item(self, it);
		return;
	}
	it->state = ITEM_STAGED;
	if (!judge_look(self, it))
		self->hooks.restart(self->hooks.arg, it);
}

/* The item has been judged: its repeats learn what they are. Oldest first, so that the first one released is the one the others repeat. A hook may
 * end the life of a repeat or of the item itself, hence the copy of the list and the second look at each. */
static void tell_repeats(judge *self, item *it)
{
	size_t count = 0;
	for (item *r = it->repeats; r; r = r->next_repeat)
		count++;
	item **all = mem_array(count, sizeof *all);
	for (item *r = it->repeats, **at = all + count; r; r = r->next_repeat)
		*--at = r;
	for (size_t i = 0; i < count; i++) {
		if (all[i]->repeat_of != it)
			continue;
		if (!follows(self, all[i], it))
			release(self, all[i]);
		else if (!all[i]->bound)
			bind_to_item(self, all[i], it);
	}
	free(all);
}

/* ---- second look ---- */

static uint64_t address_of(const item *it)
{
	mr_bytes url = record_address(it->rec);
	if (!url.len || it->part_count != 1)     /* the parts of a page share an address: it tells nothing of them */
		return 0;
	uint64_t h = XXH3_64bits(url.data, url.len);
	return h ? h : 1;
}

static void set_verdict(part *p, const index_found *of, const char *kind)
{
	p->verdict.has_owner = true;
	p->verdict.kind = kind;
	p->verdict.similarity = of->match.similarity;
	memcpy(p->verdict.duplicate_of, of->article_id, ARTICLE_ID_BYTES);
	memcpy(p->verdict.story_id, of->story_id, ARTICLE_ID_BYTES);
	p->owner_clock_ms = of->clock_ms;
	if (of->holder)
		wait_for(p, of->holder);
}

/* ---- edges: what the source repeats is no part of the story ---- */

int judge_sketched(judge *self, part *p, mr_bytes blob)
{
	if (!p->sketch)
		p->sketch = mem_alloc(sizeof *p->sketch);
	if (sketch_pieces_decode(blob, p->sketch, &self->pieces))
		return -1;
	buf_clear(&p->blob);
	buf_add(&p->blob, blob.data, blob.len);
	return 0;
}

/* Pieces to leave out, of those that the source repeats: from the edges inwards, tails first, as long as enough of the text stays. */
static uint32_t choose_pieces(const sketch_pieces *pieces, uint32_t lines)
{
	uint32_t left_out = 0;
	uint64_t left = 0;
	for (size_t k = 0; k < pieces->count; k++)
		left += pieces->piece[k].weight;
	for (size_t l = 2 * INDEX_EDGES; l-- > 0;) {
		size_t edge = l < INDEX_EDGES ? INDEX_EDGES - 1 - l : 2 * INDEX_EDGES - 1 - l;     /* distance from its edge */
		size_t k = l < INDEX_EDGES ? edge : pieces->count - 1 - edge;
		uint32_t line = l < INDEX_EDGES ? edge : INDEX_EDGES + edge;
		if (!(lines >> line & 1) || left_out >> k & 1 || left < pieces->piece[k].weight + (uint64_t)LEAST_LEFT * SKETCH_WEIGHT_HAN)
			continue;
		left_out |= 1u << k;
		left -= pieces->piece[k].weight;
	}
	return left_out;
}

/* Sketches the part without what its source repeats. Fills `lines` (source and edge lines, for the entry) and, when the text has a line that its source has had
 * before, q->inner with the sketch `inner` of the text without these. */
static void leave_out_edges(judge *self, part *p, index_question *q, index_entry *lines, sketch *inner)
{
	static const char *const names[] = {"source_name", NULL};
	mr_field name[1];
	sketch whole;
	if (sketch_pieces_decode(buf_bytes(&p->blob), &whole, &self->pieces))
		abort();                         /* judge_sketched has read it */
	*p->sketch = whole;
	p->source = p->left_out = 0;
	if (self->pieces.count < 2)
		return;
	buf_clear(&self->scratch);
	size_t named = article_fields(p->doc, names, name, &self->scratch);
	lines->source = edges_source(named ? name[0].value : (mr_bytes){NULL, 0}, record_address(p->item->rec));
	lines->head_count = (uint8_t)self->pieces.heads;
	lines->tail_count = (uint8_t)self->pieces.tails;
	for (size_t i = 0; i < lines->head_count; i++)
		lines->head[i] = self->pieces.piece[i].hash;
	for (size_t i = 0; i < lines->tail_count; i++)
		lines->tail[i] = self->pieces.piece[self->pieces.count - 1 - i].hash;
	p->source = lines->source;
	edges_found found = edges_find(index_edges(self->index), lines);
	uint32_t left_out = choose_pieces(&self->pieces, found.repeated), shared = choose_pieces(&self->pieces, found.repeated | found.seen);
	p->left_out = left_out;
	self->counts.trimmed += left_out != 0;
	if (left_out)
		sketch_pieces_merge(&self->pieces, left_out, &whole, p->sketch);
	if (shared != left_out) {
		sketch_pieces_merge(&self->pieces, shared, &whole, inner);
		q->inner = inner;
	}
}

/* `lines`: coordinates, source and edge lines, set already. */
static void make_entry(judge *self, part *p, const index_question *q, const index_entry *lines, const index_found *base, bool first_article)
{
	index_entry e = *lines;
	e.address = q->address;
	memcpy(e.article_id, q->article_id, ARTICLE_ID_BYTES);
	memcpy(e.story_id, p->verdict.story_id, ARTICLE_ID_BYTES);
	e.seen_ms = self->hooks.wall_ms(self->hooks.arg);
	e.page_count = (uint16_t)p->item->part_count;
	e.revision = (uint32_t)p->verdict.revision;
	if (base && base->clock_ms >= 0 && q->clock_ms / DAY_MS == base->clock_ms / DAY_MS)
		e.day_revisions = base->day_revisions;
	e.day_revisions += base != NULL;
	e.has_fingerprint = first_article;
	memcpy(e.fingerprint, p->item->fingerprint, sizeof e.fingerprint);
	e.sketch = *p->sketch;
	e.holder = p;
	p->entry = index_add(self->index, &e);
}

/* A changed edition of `base`: an article of its own, unless the day's limit is passed. */
static void judge_revision(judge *self, part *p, const index_question *q, const index_entry *lines, const index_found *base, bool first_article)
{
	bool same_day = base->clock_ms >= 0 && q->clock_ms / DAY_MS == base->clock_ms / DAY_MS;
	if (same_day && base->day_revisions >= self->max_revisions) {
		p->state = PART_DUPLICATE;
		p->withheld = true;
		set_verdict(p, base, "url");
		self->counts.withheld++;
		return;
	}
	set_verdict(p, base, NULL);
	if (p->filtered) {                       /* it waits for its base all the same: without it, it may be a duplicate of another one */
		p->state = PART_FILTERED;
		return;
	}
	p->state = PART_ARTICLE;
	p->verdict.revision = (int)base->revision + 1;
	if (memcmp(base->article_id, q->article_id, ARTICLE_ID_BYTES) == 0)
		p->verdict.has_owner = false;    /* the warehouse replaces the row: there is no other one to name */
	make_entry(self, p, q, lines, base, first_article);
	self->counts.revisions++;
}

static void judge_part(judge *self, part *p, bool first_article)
{
	item *it = p->item;
	uint8_t id[ARTICLE_ID_BYTES];
	article_id_of(p, id);
	uint16_t topic = index_topic(self->index, mr_bytes_of(it->partition->topic)), page = (uint16_t)article_page(p->doc);
	index_question q = {p->sketch, NULL, id, address_of(it), clock_of(it), it->offset, it->partition->number, topic, page};
	index_entry lines = {.clock_ms = q.clock_ms, .offset = q.offset, .partition = q.partition, .topic = topic, .page = page};
	sketch inner;
	index_found found;
	leave_out_edges(self, p, &q, &lines, &inner);
	p->verdict = (verdict){.similarity = -1};
	p->withheld = false;
	if (p->filtered && !self->repeats) {     /* duplicates would be published as articles are, and so they are filtered as articles are */
		p->state = PART_FILTERED;
		return;
	}
	if (index_find_repeat(self->index, &q, &found)) {
		p->state = PART_DUPLICATE;
		set_verdict(p, &found, found.match.relation == SKETCH_IDENTICAL ? "exact" : "url");
		self->counts.duplicates++;
		return;
	}
	if (index_find_base(self->index, &q, &found)) {
		judge_revision(self, p, &q, &lines, &found, first_article);
		return;
	}
	if (index_find_copy(self->index, &q, &found)) {
		p->state = PART_DUPLICATE;
		set_verdict(p, &found, found.match.relation == SKETCH_IDENTICAL ? "exact" : "near");
		self->counts.duplicates++;
		return;
	}
	if (p->filtered) {
		p->state = PART_FILTERED;
		return;
	}
	p->state = PART_ARTICLE;
	memcpy(p->verdict.story_id, id, ARTICLE_ID_BYTES);
	make_entry(self, p, &q, &lines, NULL, first_article);
	self->counts.articles++;
}

static void judge_item(judge *self, item *it)
{
	if (self->index && self->repeats && bind_if_repeat(self, it)) {
		tell_repeats(self, it);
		return;
	}
	for (size_t i = 0; i < it->part_count; i++) {
		part *p = it->parts[i];
		if (self->index) {
			judge_part(self, p, !judge_article_of(it));
		} else {
			p->state = p->filtered ? PART_FILTERED : PART_ARTICLE;
			p->verdict = (verdict){.similarity = -1};
			article_id_of(p, p->verdict.story_id);
		}
	}
	it->state = ITEM_JUDGED;
	if (self->index && !is_followed(it))
		unregister_item(self, it);
	tell_repeats(self, it);
	if (it->state == ITEM_JUDGED)
		self->hooks.judged(self->hooks.arg, it);
}

/* The front of a partition as far as it is ready. True if anything moved. */
static bool run_partition(judge *self, partition *p)
{
	bool moved = false;
	while (p->judge_next) {
		item *it = p->judge_next;
		if (it->state == ITEM_STAGED || (it->state == ITEM_REPEAT && !it->bound))
			break;
		p->judge_next = it->next;
		if (it->state == ITEM_READY)
			judge_item(self, it);
		moved = true;
	}
	return moved;
}

void judge_run(judge *self)
{
	self->again = true;
	if (self->running)
		return;
	self->running = true;
	while (self->again) {
		self->again = false;
		for (partition *p = ledger_first(self->ledger); p; p = p->next)
			if (run_partition(self, p))
				self->again = true;
	}
	self->running = false;
}

/* ---- taking back ---- */

static bool waits_for_marked(const item *it)
{
	if (it->repeat_of)
		return it->repeat_of->mark != MARK_NONE;
	for (size_t i = 0; i < it->part_count; i++)
		if (it->parts[i]->owner && it->parts[i]->owner->item->mark != MARK_NONE)
			return true;
	return false;
}

/* Has a verdict that the order of judging decided: such a one behind a first waiter is given again. */
static bool has_verdict(const item *it)
{
	return !it->tombstone && (is_judged(it) || (it->state == ITEM_DEAD && it->died_judged));
}

/* What the articles that go have taught of their sources (edges.h): a verdict behind them in their partition hangs on it, too. */
typedef struct lesson {
	uint64_t source;         /* 0: nothing */
	bool more;               /* and others */
} lesson;

static void add_lesson(lesson *self, const item *it)
{
	for (size_t i = 0; i < it->part_count; i++) {
		const part *p = it->parts[i];
		if (p->state != PART_ARTICLE || !p->source || p->verdict.revision)
			continue;
		self->more = self->more || (self->source && self->source != p->source);
		self->source = p->source;
	}
}

static bool has_learned(const lesson *from, const item *it)
{
	for (size_t i = 0; i < it->part_count && from->source; i++)
		if (it->parts[i]->source && (from->more || it->parts[i]->source == from->source))
			return true;
	return false;
}

/* Marks who must be judged again (R6): who waits for a marked one, who has learned from one that is gone, and in each partition every verdict behind the first of these. */
static size_t spread_marks(judge *self)
{
	size_t count = 0;
	for (bool changed = true; changed;) {
		changed = false;
		for (partition *p = ledger_first(self->ledger); p; p = p->next) {
			bool behind = false;
			lesson gone = {0};
			for (item *it = p->head; it; it = it->next) {
				if (it == p->judge_next)
					behind = false;
				if (it->mark == MARK_GONE)
					add_lesson(&gone, it);
				if (it->mark == MARK_NONE && (waits_for_marked(it) || (has_verdict(it) && (behind || has_learned(&gone, it))))) {
					assert(!it->frozen);
					it->mark = MARK_AGAIN;
					changed = true;
					count++;
				}
				behind = behind || it->mark == MARK_AGAIN;
			}
		}
	}
	return count;
}

static void drop_verdict(judge *self, part *p)
{
	wait_no_more(p);
	while (p->waiters)
		wait_no_more(p->waiters);
	index_drop(self->index, &p->entry);
	p->state = PART_STAGED;
	p->finished = false;
	buf_free(&p->out);
	buf_free(&p->alerts);
	p->alert_count = 0;
}

static void set_turn_back(item *it)
{
	partition *p = it->partition;
	if (!p->judge_next || it->offset < p->judge_next->offset)
		p->judge_next = it;
}

/* Goes back to before its verdict, the turn of its partition with it. True: what it repeats is gone, it must be released; so must a repeat of a record
 * that was read later (the second look binds to such ones), or waiting would no longer follow the order of reading and could go in a circle. */
static bool take_back(judge *self, item *it)
{
	it->mark = MARK_NONE;
	self->counts.taken_back++;
	set_turn_back(it);
	if (it->state == ITEM_REPEAT) {
		it->bound = false;
		buf_free(&it->out);
		if (!it->repeat_of || (it->repeat_of->mark != MARK_GONE && it->repeat_of->sequence < it->sequence))
			return false;
		repeat_no_more(it);
		return true;
	}
	for (size_t i = 0; i < it->part_count; i++)
		drop_verdict(self, it->parts[i]);
	it->state = ITEM_READY;
	it->died_judged = false;
	register_item(self, it);
	return false;
}

/* Its own waits end, those for another record's article excepted if `keep`. */
static void cut_links(judge *self, item *it, bool keep)
{
	repeat_no_more(it);
	unregister_item(self, it);
	for (size_t i = 0; i < it->part_count; i++) {
		part *p = it->parts[i], *owner = p->owner;
		bool kept = keep && owner && owner->item != it;
		drop_verdict(self, p);
		if (kept)
			wait_for(p, owner);
	}
}

static bool somebody_waits(const item *it)
{
	if (it->repeats)
		return true;
	for (size_t i = 0; i < it->part_count; i++)
		if (it->parts[i]->waiters)
			return true;
	return false;
}

static bool has_taught(const item *it)
{
	lesson own = {0};
	add_lesson(&own, it);
	return own.source != 0;
}

/* Takes back every verdict that hung on the items marked GONE. */
static void take_back_waiters(judge *self)
{
	size_t count = spread_marks(self), n = 0, released = 0;
	item **again = mem_array(count, sizeof *again);
	for (partition *p = ledger_first(self->ledger); p; p = p->next)
		for (item *it = p->head; it; it = it->next)
			if (it->mark == MARK_AGAIN)
				again[n++] = it;
	assert(n == count);
	for (size_t i = 0; i < n; i++)
		if (take_back(self, again[i]))
			again[released++] = again[i];
	for (size_t i = 0; i < released; i++)
		release(self, again[i]);
	free(again);
}

static void take_leave(judge *self, item *const *gone, size_t count, bool keep_waits)
{
	bool waited = false;
	if (!self->index)
		return;
	for (size_t i = 0; i < count; i++) {
		gone[i]->mark = MARK_GONE;
		unregister_item(self, gone[i]);
		waited = waited || somebody_waits(gone[i]) || has_taught(gone[i]);
	}
	if (waited)
		take_back_waiters(self);
	for (size_t i = 0; i < count; i++) {
		gone[i]->mark = MARK_NONE;
		cut_links(self, gone[i], keep_waits);
	}
	for (size_t i = 0; i < count; i++)       /* those who waited are gone themselves, or were taken back */
		assert(!somebody_waits(gone[i]));
}

void judge_died(judge *self, item *it)
{
	take_leave(self, &it, 1, it->died_judged);
}

void judge_gone(judge *self, item *const *gone, size_t count)
{
	take_leave(self, gone, count, false);
}

/* ---- what others published ---- */

static item *item_at(const judge *self, const index_entry *e)
{
	const partition *p = ledger_find(self->ledger, index_topic_name(self->index, e->topic), e->partition);
	item *it = p ? p->head : NULL;
	while (it && it->offset < e->offset)
		it = it->next;
	return it && it->offset == e->offset ? it : NULL;
}

/* R7: who waits for an article that is settled waits for nothing, whatever becomes of the copy of it that is in flight here. */
static void let_waiters_go(item *it, const index_entry *e)
{
	for (size_t i = 0; i < it->part_count; i++)
		if (it->parts[i]->doc && article_page(it->parts[i]->doc) == e->page)
			while (it->parts[i]->waiters)
				wait_no_more(it->parts[i]->waiters);
	for (item *r = it->repeats, *next; r && e->has_fingerprint; r = next) {
		next = r->next_repeat;
		if (r->bound && memcmp(r->repeat_verdict.duplicate_of, e->article_id, ARTICLE_ID_BYTES) == 0)
			repeat_no_more(r);
	}
}

uint32_t judge_followed(judge *self, const index_entry *entry, bool own)
{
	item *it = item_at(self, entry);
	uint32_t number;
	if (own && it && it->frozen)
		return 0;
	if (own || entry->kind == INDEX_ALIAS) {
		number = index_settle_foreign(self->index, entry, 0);
	} else {                                 /* a later one of the same record replaces the earlier: offsets were set back */
		number = index_add(self->index, entry);
		index_settle(self->index, number, 0);
	}
	if (it && entry->kind == INDEX_ARTICLE)
		let_waiters_go(it, entry);
	return number;
}

bool judge_alias(const judge *self, const item *it, index_entry *alias)
{
	if (!self->index || !self->repeats || it->state != ITEM_DONE || it->tombstone || judge_article_of(it) || !is_followed(it))
		return false;
	const part *p = it->parts[0];
	*alias = (index_entry){.kind = INDEX_ALIAS, .has_fingerprint = true, .clock_ms = clock_of(it), .seen_ms = self->hooks.wall_ms(self->hooks.arg), .offset = it->offset,
			       .partition = it->partition->number, .topic = index_topic(self->index, mr_bytes_of(it->partition->topic)),
			       .page = (uint16_t)article_page(p->doc), .page_count = (uint16_t)it->part_count, .owner_kind = kind_number(p->verdict.kind),
			       .similarity = p->verdict.similarity};
	article_id_of(p, alias->article_id);
	memcpy(alias->fingerprint, it->fingerprint, sizeof alias->fingerprint);
	memcpy(alias->story_id, p->verdict.story_id, ARTICLE_ID_BYTES);
	memcpy(alias->owner_id, p->verdict.duplicate_of, ARTICLE_ID_BYTES);
	return true;
}

void judge_committed(judge *self, item *it, uint32_t segment)
{
	index_entry alias;
	if (judge_alias(self, it, &alias))
		index_alias(self->index, &alias, segment);
	for (size_t i = 0; i < it->part_count; i++) {
		part *p = it->parts[i];
		if (p->entry) {
			index_settle(self->index, p->entry, segment);
			p->entry = 0;
		}
		while (p->waiters)               /* R7: their owner is settled, their verdicts stand */
			wait_no_more(p->waiters);
		wait_no_more(p);
	}
	while (it->repeats)
		repeat_no_more(it->repeats);
	repeat_no_more(it);
	unregister_item(self, it);
}
