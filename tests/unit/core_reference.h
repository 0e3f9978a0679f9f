/* core_reference.h - what the core must amount to: one record after the other, in a few plain loops over what was published before (promise 5). For one partition
 * everything is foretold; for several, what holds whatever the order of reading. */
#ifndef TESTS_CORE_REFERENCE_H
#define TESTS_CORE_REFERENCE_H

#include "core_world.h"

/* A published article. */
typedef struct known {
	int r, page, revision, day_revisions, story;     /* story: number of the entry that the story began with */
	bool first;                                      /* first article of its record: byte-equal records follow it */
} known;

/* A record that ended as a duplicate: its byte-equal repeats are told the same. */
typedef struct alias {
	int r, of;
} alias;

typedef struct reference {
	const world *w;
	known known[RECORDS * PARTS_MAX];
	int count;
	alias aliases[RECORDS];
	int alias_count;
	bool repeats, enrich, drop;
	bool labels;             /* the filter asks for labels: the judge stands behind classify, and who dies there has no verdict */
	int max_revisions;
	uint64_t dropped;
} reference;

/* What is expected of one part. */
typedef struct expected {
	char outcome;
	int of;                  /* number of a known article; -1: none */
	int revision;
	bool repeat, withheld;
} expected;

static const fed *fed_at(const reference *f, int r)
{
	return &f->w->feed[0][r];
}

static int text_of(const reference *f, const known *k)
{
	return fed_at(f, k->r)->text[k->page];
}

static bool same_id(const reference *f, const known *k, int r, int page)
{
	return fed_at(f, k->r)->id == fed_at(f, r)->id && k->page == page;
}

static bool same_address(const reference *f, const known *k, int r)
{
	return fed_at(f, r)->address >= 0 && fed_at(f, r)->parts == 1 && fed_at(f, k->r)->parts == 1 && fed_at(f, k->r)->address == fed_at(f, r)->address;
}

/* The oldest with the same text: among versions of this one, or among all others. */
static int find_text(const reference *f, int r, int page, bool versions)
{
	for (int i = 0; i < f->count; i++) {
		const known *k = &f->known[i];
		if (text_of(f, k) == fed_at(f, r)->text[page] && (same_id(f, k, r, page) || same_address(f, k, r)) == versions)
			return i;
	}
	return -1;
}

/* The latest version: with the same id, else an edition of the same story at the same address. */
static int find_base(const reference *f, int r, int page)
{
	int best = -1;
	for (int i = 0; i < f->count; i++) {
		const known *k = &f->known[i];
		bool id = same_id(f, k, r, page), best_id = best >= 0 && same_id(f, &f->known[best], r, page);
		if (!id && (!same_address(f, k, r) || text_of(f, k) / EDITIONS != fed_at(f, r)->text[page] / EDITIONS))
			continue;
		if (best < 0 || (id && !best_id) || (id == best_id && k->revision >= f->known[best].revision))
			best = i;
	}
	return best;
}

static int find_bytes(const reference *f, int r)
{
	const fed *asked = fed_at(f, r);
	for (int i = 0; f->repeats && i < f->count; i++) {
		const fed *other = fed_at(f, f->known[i].r);
		if (f->known[i].first && strcmp(other->bytes, asked->bytes) == 0 && other->address == asked->address)
			return i;
	}
	for (int i = 0; i < f->alias_count; i++) {
		const fed *other = fed_at(f, f->aliases[i].r);
		if (strcmp(other->bytes, asked->bytes) == 0 && other->address == asked->address)
			return f->aliases[i].of;
	}
	return -1;
}

static void add_alias(reference *f, int r, const expected e[PARTS_MAX])
{
	for (int i = 0; i < fed_at(f, r)->parts; i++)
		if (e[i].outcome != 'd' || e[i].withheld)
			return;
	if (f->repeats)
		f->aliases[f->alias_count++] = (alias){r, e[0].of};
}

static expected add_article(reference *f, int r, int page, int base, bool first)
{
	known *k = &f->known[f->count];
	*k = (known){.r = r, .page = page, .first = first, .story = f->count};
	if (base >= 0) {
		k->revision = f->known[base].revision + 1;
		k->day_revisions = f->known[base].day_revisions + 1;
		k->story = f->known[base].story;
	}
	f->count++;
	return (expected){'a', base, k->revision, false, false};
}

static expected judge_part_of(reference *f, int r, int page, bool first)
{
	int found = find_text(f, r, page, true), base = find_base(f, r, page);
	bool filtered = fed_at(f, r)->filtered[page];
	if (filtered && f->enrich)
		return (expected){'f', -1, 0, false, false};
	if (found >= 0)
		return (expected){'d', found, 0, false, false};
	if (base >= 0) {
		if (f->known[base].day_revisions >= f->max_revisions)
			return (expected){'d', base, 0, false, true};
		return filtered ? (expected){'f', -1, 0, false, false} : add_article(f, r, page, base, first);
	}
	found = find_text(f, r, page, false);
	if (found >= 0)
		return (expected){'d', found, 0, false, false};
	return filtered ? (expected){'f', -1, 0, false, false} : add_article(f, r, page, -1, first);
}

/* Does what becomes of the parts kill the record? */
static bool kills(const reference *f, int r, const expected e[PARTS_MAX])
{
	const fed *x = fed_at(f, r);
	for (int i = 0; i < x->parts; i++) {
		bool goes_on = e[i].outcome == 'a' || (f->enrich && e[i].outcome == 'd');
		if (goes_on && (x->fate == FATE_TOO_LARGE || (x->fate == FATE_DIES && x->dying == i)))
			return true;
	}
	return false;
}

static void foretell(reference *f, int r, expected e[PARTS_MAX])
{
	const fed *x = fed_at(f, r);
	int before = f->count, found;
	bool first = true;
	memset(e, 0, PARTS_MAX * sizeof *e);
	if (x->fate >= FATE_GARBAGE) {
		e[0].outcome = x->fate == FATE_GARBAGE ? 'x' : 't';
		return;
	}
	if ((found = find_bytes(f, r)) >= 0) {
		e[0] = (expected){'d', found, 0, true, false};
		return;
	}
	if (x->fate == FATE_REFUSED || (x->fate == FATE_DIES && f->labels)) {
		e[0].outcome = 'x';
		return;
	}
	for (int i = 0; i < x->parts; i++) {
		e[i] = judge_part_of(f, r, i, first);
		first = first && e[i].outcome != 'a';
	}
	if (kills(f, r, e)) {
		memset(e, 0, PARTS_MAX * sizeof *e);
		e[0].outcome = 'x';
		f->count = before;
	} else {
		add_alias(f, r, e);
	}
}

static const seen *seen_of(const reference *f, int number)
{
	return &f->w->sink[0][f->known[number].r][f->known[number].page];
}

static void compare(reference *f, int r, int page, const expected *e)
{
	const seen *s = &f->w->sink[0][r][page];
	if (e->outcome == 'd' && f->drop) {
		f->dropped += e->repeat ? (uint64_t)fed_at(f, r)->parts : 1;
		if (s->outcome)
			fail_msg("record %d page %d: %c, but duplicates are dropped", r, page, s->outcome);
		return;
	}
	if (s->outcome != e->outcome || s->repeat != e->repeat || (s->outcome == 'a' && s->revision != e->revision))
		fail_msg("record %d page %d: %c%s revision %d, expected %c%s revision %d", r, page, s->outcome ? s->outcome : '-', s->repeat ? " repeat" : "", s->revision,
			 e->outcome ? e->outcome : '-', e->repeat ? " repeat" : "", e->revision);
	if (e->outcome != 'a' && e->outcome != 'd')
		return;
	const char *of = e->of < 0 || (e->outcome == 'a' && same_id(f, &f->known[e->of], r, page)) ? "" : seen_of(f, e->of)->id;
	const char *story = e->of < 0 ? s->id : seen_of(f, f->known[e->of].story)->id;
	if (strcmp(s->of, of) != 0 || strcmp(s->story, story) != 0)
		fail_msg("record %d page %d: %c of '%s' story %s, expected '%s' %s", r, page, s->outcome, s->of, s->story, of, story);
}

WORLD_HELPER void check_reference(const world *w)
{
	reference f = {.w = w, .repeats = strcmp(w->plan.duplicates, "enrich") != 0, .enrich = strcmp(w->plan.duplicates, "enrich") == 0,
		       .drop = strcmp(w->plan.duplicates, "drop") == 0, .labels = w->plan.filter && strncmp(w->plan.filter, "labels", 6) == 0, .max_revisions = w->plan.max_revisions ? atoi(w->plan.max_revisions) : 1000};
	for (int r = 0; r < w->records; r++) {
		expected e[PARTS_MAX];
		foretell(&f, r, e);
		for (int i = 0; i < fed_at(&f, r)->parts; i++)
			compare(&f, r, i, &e[i]);
	}
	assert_int_equal(pipeline_counts_get(w->pipeline)->dropped_duplicates, f.dropped);
}

/* Of each text one first edition at most is published; none only if every record with it died. Not for dropped duplicates or a limit of revisions. */
WORLD_HELPER void check_texts(const world *w)
{
	for (int text = 0; text < TEXTS; text++) {
		int articles = 0, first = 0, living = 0;
		for (int p = 0; p < w->plan.partitions; p++)
			for (int r = 0; r < w->records; r++)
				for (int i = 0; i < w->feed[p][r].parts; i++) {
					const seen *s = &w->sink[p][r][i];
					if (w->feed[p][r].text[i] != text || w->feed[p][r].fate > FATE_REFUSED)
						continue;
					articles += s->outcome == 'a';
					first += s->outcome == 'a' && s->revision == 0;
					living += w->feed[p][r].fate == FATE_LIVES && !w->feed[p][r].filtered[i];
				}
		if (first > 1 || (!articles && living))
			fail_msg("text %d: %d articles, %d of them first editions, %d living records", text, articles, first, living);
	}
}

#endif
