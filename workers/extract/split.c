/* split.c - blocks to articles: the last pass (page.h).
 *
 * Only a page that shows several articles is cut: two or more lead-ins, marks (上接… 下转…), a masthead, closing bylines between columns. Everything else is one
 * article, whatever its headings: a plan has thirty of them.
 *
 * First the bodies (segments): a new one begins at a lead-in, behind a mark that ends an article (下转, 完, byline, source note), behind （上接…）, and at headings that
 * look like headlines rather than like sub-headings. Then the headings between two bodies are shared out. Papers print headlines before the body or, in text taken out of
 * PDF, behind it, and where two neighbours differ two headline blocks follow each other without a mark. So the cheapest assignment over the whole page is
 * looked for (one forward pass, two states a segment): a body without headline costs 4, headings on both sides 3, a headline behind the body 1, cutting a block of
 * headings in two 0.5, and 2.5 where nothing shows the cut. The costs only order what a reader would prefer; any numbers with this order give the same. */
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "headline.h"

#define MOST_ARTICLES 1000       /* parts of one record (include/millrace/stage.h) */
#define MOST_HEADS 8             /* longest block of headings that is cut in two */

enum { COST_BARE = 40, COST_BOTH = 30, COST_BEHIND = 10, COST_CUT = 5, COST_BAD_CUT = 25, COST_DROP = 10, COST_SHORT = 12, COST_GAP = 8, COST_NEVER = 1000000 };

struct segment {
	uint32_t first, last;            /* blocks [first, last) with text */
	uint32_t heads_from;             /* blocks [heads_from, first) stand between the segment before and this one */
	bool behind;                     /* a byline behind its headings signs it: its headline stands behind */
	uint32_t from;                   /* block of （上接…） + 1 */
};

struct splitter {
	page *page;
	struct segment *segments;
	size_t count, room;
};

static bool is_head(const page_block *block)
{
	return block->kind == BLOCK_HEAD && !block->repeated;
}

static bool is_text(const page_block *block)
{
	return block->kind == BLOCK_TEXT && !block->repeated;
}

/* Next block that was not printed before; block_count when there is none. */
static size_t next_of(const page *self, size_t i)
{
	do
		i++;
	while (i < self->block_count && self->blocks[i].repeated);
	return i;
}

/* ---- bodies ---- */

/* 记者从某局获悉, 记者昨日…: news begin so, and the reporter of a longer story has been named before. */
static bool begins_news(const page *self, const page_block *text)
{
	const uint32_t *c = self->flow + text->at.begin;
	if (headline_length(text) < 8 || (c[0] != U'记' && c[0] != U'記') || c[1] != U'者')
		return false;
	return c[2] == U'从' || c[2] == U'從' || c[2] == U'昨' || c[2] == U'今' || (c[2] == U'日' && c[3] == U'前') || (c[2] == U'获' && c[3] == U'悉');
}

/* Did the page say its time or source (发布时间：…) between these two lines? */
static bool labelled_between(const page *self, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to && i < self->line_count; i++)
		if (self->lines[i].kind == LINE_DROPPED && (self->lines[i].rule == RULE_LABEL || self->lines[i].rule == RULE_PAGE_DATE) && (self->lines[i].words & (WORD_TIME | WORD_SOURCE) || self->lines[i].digits >= 7))
			return true;
	return false;
}

/* A line with the time of publication right below heading i, as portals print below each headline. */
static bool labels_follow(const page *self, size_t i)
{
	uint32_t line = self->blocks[i].line + 1;
	return line < self->line_count && self->lines[line].rule == RULE_LABEL && (self->lines[line].words & WORD_TIME) && self->lines[line].digits >= 6 && labelled_between(self, line, line + 1);
}

/* Headings [from, to) between two paragraphs without any other mark: a headline, or a sub-heading of the story? */
static bool is_headline(const page *self, size_t from, size_t to)
{
	size_t heads = 0;
	bool strong = false;
	for (size_t i = from; i < to; i++) {
		const page_block *block = &self->blocks[i];
		if (!is_head(block))
			continue;
		heads++;
		strong = strong || labels_follow(self, i);
		strong = strong || (block->gap > self->usual_gap && headline_length(block) >= 6 && self->wrapped && begins_news(self, &self->blocks[to]));
		strong = strong || headline_has_pieces(self, block) || (headline_is_rubric(self, block) && block->gap > self->usual_gap && self->wrapped) || headline_length(block) >= 15 || ((block->apart || block->gap > self->usual_gap + 1u) && headline_length(block) >= 6);
	}
	return strong || heads > 1;
}

static size_t previous_of(const page *self, size_t i)
{
	while (i-- > 0)
		if (!self->blocks[i].repeated)
			return i;
	return SIZE_MAX;
}

/* （记者 某某） behind a paragraph, then a heading and another paragraph. */
static bool ends_article(const page *self, size_t i)
{
	size_t next = next_of(self, i), previous = previous_of(self, i);
	if (self->blocks[i].kind != BLOCK_BYLINE || previous == SIZE_MAX || !is_text(&self->blocks[previous]) || !(self->lines[self->blocks[i].line].words & WORD_REPORTER))
		return false;
	if (self->lines[self->blocks[i].line].words & WORD_PHOTO || next >= self->block_count || !is_head(&self->blocks[next]))
		return false;
	while (next < self->block_count && !is_text(&self->blocks[next]))
		next = next_of(self, next);
	return next < self->block_count;
}

/* A lead-in alone in the middle of a text, without a heading anywhere behind its beginning, starts no second article: paragraphs change places. Wrapped text with headlines is a printed page,
 * unless the feed gave it a title: then it is one article. */
static bool is_paged(const page *self)
{
	size_t lead_ins = 0, turns = 0, bylines = 0, texts = 0, heads = 0, headlines = 0, last_text = 0;
	bool first = false;
	for (size_t i = 0; i < self->block_count; i++) {
		const page_block *block = &self->blocks[i];
		if (block->repeated)
			continue;
		headlines += block->kind == BLOCK_TEXT && texts && last_text + 1 < i && is_headline(self, last_text, i);
		last_text = block->kind == BLOCK_TEXT ? i : last_text;
		texts += block->kind == BLOCK_TEXT;
		heads += block->kind == BLOCK_HEAD && texts;
		first = first || (block->lead_in && texts == 1);
		lead_ins += block->lead_in && block->kind == BLOCK_TEXT && texts > 1;
		turns += (block->kind == BLOCK_FROM && texts) || (block->kind == BLOCK_ON && i + 2 < self->block_count);
		bylines += block->kind == BLOCK_BYLINE && texts;
		turns += texts && (ends_article(self, i) || (is_head(block) && headline_length(block) >= 6 && labels_follow(self, i)));
	}
	bool paper = self->masthead >= 0 || self->section >= 0;
	return lead_ins + first > 1 || (lead_ins && heads) || turns > 0 || (self->wrapped && (paper || bylines > 1 || (headlines && !self->titled)) && texts > 1);
}

/* No heading stands before the body: its headline must stand behind it, so the next heading of some length ends it. */
static bool is_bare(const page *self, const struct segment *segment, size_t to)
{
	for (size_t i = segment->heads_from; i < segment->first; i++)
		if (is_head(&self->blocks[i]))
			return false;
	for (size_t i = segment->last; i < to; i++)
		if (is_head(&self->blocks[i]) && headline_length(&self->blocks[i]) >= 8)
			return true;
	return false;
}

static struct segment *open_segment(struct splitter *s, size_t heads_from, size_t first)
{
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 16;
		s->segments = mem_grow(s->segments, s->room, sizeof *s->segments);
	}
	struct segment *segment = &s->segments[s->count++];
	*segment = (struct segment){.first = (uint32_t)first, .last = (uint32_t)first, .heads_from = (uint32_t)heads_from};
	return segment;
}

/* Has the segment told who wrote it: in a byline above its text, or in its lead-in? */
static bool is_signed(const page *self, const struct segment *segment)
{
	bool named = self->blocks[segment->first].lead_in;
	for (size_t i = segment->heads_from; i < segment->first && !named; i++)
		named = self->blocks[i].kind == BLOCK_BYLINE;
	return named;
}

/* A photo credit signs the short piece since the last heading, however small that heading is; so does a second byline of a story that has told its author. */
static void cut_signed_story(struct splitter *s, size_t credit)
{
	page *self = s->page;
	struct segment *segment = &s->segments[s->count - 1];
	size_t texts = 0, i = credit;
	uint32_t last_character = self->flow[self->blocks[credit].at.end - 1];
	bool photo = (self->lines[self->blocks[credit].line].words & WORD_PHOTO) || last_character == U'摄' || last_character == U'攝';
	if (!photo && !is_signed(self, segment))
		return;
	while (i > segment->first && texts < 4) {
		const page_block *block = &self->blocks[--i];
		if (is_head(block))
			break;
		texts += is_text(block);
	}
	if (i <= segment->first || !is_head(&self->blocks[i]) || !texts)
		return;
	uint32_t last = segment->last;
	size_t heads = i;
	while (heads > segment->first + 1 && is_head(&self->blocks[heads - 1]))
		heads--;
	segment->last = (uint32_t)heads;
	open_segment(s, heads, i + 1)->last = last;
}

static void find_segments(struct splitter *s)
{
	page *self = s->page;
	bool ended = true;
	size_t heads_from = 0, from_mark = 0;
	for (size_t i = 0; i < self->block_count; i++) {
		const page_block *block = &self->blocks[i];
		struct segment *segment = s->count ? &s->segments[s->count - 1] : NULL;
		if (block->repeated || block->kind == BLOCK_HEAD)
			continue;
		switch (block->kind) {
		case BLOCK_TEXT:
			if (ended || !segment || block->lead_in || (segment->last < i && (is_headline(self, segment->last, i) || is_bare(self, segment, i)))) {
				heads_from = segment ? segment->last : 0;
				segment = open_segment(s, heads_from, i);
				segment->from = (uint32_t)from_mark;
				from_mark = 0;
			}
			segment->last = (uint32_t)i + 1;
			ended = false;
			break;
		case BLOCK_FROM:
			from_mark = i + 1;
			ended = true;
			break;
		case BLOCK_BYLINE: {
			size_t next = next_of(self, i);
			size_t previous = previous_of(self, i);
			bool after_head = previous != SIZE_MAX && is_head(&self->blocks[previous]);
			uint32_t mark = self->flow[block->at.begin];
			bool signs = segment && (char_is_opener(mark) || mark == 0x25A1 || mark == 0x25A0) && next < self->block_count && self->blocks[next].lead_in;   /* headline,（記者 某某）: of what stands above */
			if (after_head && next < self->block_count && is_text(&self->blocks[next]) && !signs) {
				ended = true;                                      /* headline, byline, body */
				break;
			}
			if (segment && after_head)
				segment->behind = true;
			if (segment && !after_head) {
				segment->last = (uint32_t)i + 1;
				cut_signed_story(s, i);
			}
			ended = true;
			break;
		}
		default:
			if (segment && i && is_head(&self->blocks[i - 1]) && !ended)
				segment->behind = true;                            /* body, headline, 下转 */
			else if (segment)
				segment->last = (uint32_t)i + 1;
			ended = true;
			break;
		}
	}
}

/* ---- whose headline? ---- */

struct choice {
	uint8_t behind;                  /* headings of the group that go to the segment before */
	uint8_t dropped;                 /* the group is a rubric or a stray word */
	uint8_t previous;                /* state this came from */
};

/* What it costs to cut the headings of a group before heading `k` (1 .. n-1). */
static int cut_cost(const page *self, const uint32_t *heads, size_t n, size_t k)
{
	const page_block *before = &self->blocks[heads[k - 1]], *behind = &self->blocks[heads[k]];
	if (headline_is_subtitle(self, behind))                                         /* ——某县见闻 stays below its headline */
		return COST_BAD_CUT * 2;
	if (before->end == END_HALF)                                           /* a kicker with its colon stays with its headline */
		return COST_BAD_CUT * 2;
	if (heads[k] != heads[k - 1] + 1)                                      /* a mark stands between */
		return 0;
	if (headline_is_short(self, behind) && headline_goes_on(self, before, behind))                                           /* 高考首日 | 全城护航 */
		return COST_BAD_CUT;
	bool widest = behind->gap > self->usual_gap;                           /* the widest gap inside the group shows it */
	for (size_t i = 1; i < n; i++)
		widest = widest && (i == k || self->blocks[heads[i]].gap < behind->gap);
	bool shown = behind->apart || behind->gap > before->gap || widest || behind->end == END_HALF || headline_is_short(self, behind);
	for (size_t i = 1; i < n; i++)                                         /* another place shows the cut better */
		if (i != k && ((self->blocks[heads[i]].apart && !behind->apart) || heads[i] != heads[i - 1] + 1))
			return COST_BAD_CUT;
	return shown ? COST_CUT : COST_BAD_CUT;
}

/* Headings stand nearer to the body they belong to. */
static int gap_cost(const page_block *head, const page_block *text, size_t behind, size_t n)
{
	if (text->gap > head->gap)
		return behind < n ? COST_GAP : 0;
	return head->gap > text->gap && behind ? COST_GAP : 0;
}

static size_t group_of(const page *self, const struct segment *segment, uint32_t *heads, size_t most)
{
	size_t n = 0;
	for (size_t i = segment->heads_from; i < segment->first; i++)
		if (is_head(&self->blocks[i])) {
			if (n < most)
				heads[n] = (uint32_t)i;
			n++;
		}
	return n;
}

struct plan {
	int cost[2];
	struct choice choice[2];
};

/* One step: group of `n` headings before segment k, given the best costs so far by "the segment before has its headline already". */
static void plan_step(const struct splitter *s, size_t k, const struct plan *before, struct plan *out)
{
	uint32_t heads[MOST_HEADS];
	const struct segment *segment = &s->segments[k];
	size_t n = group_of(s->page, segment, heads, MOST_HEADS);
	out->cost[0] = out->cost[1] = COST_NEVER;
	for (int has = 0; has < 2; has++) {
		for (size_t p = 0; p <= n; p++) {
			if (n > MOST_HEADS && p && p < n)
				continue;
			if (n > 255 && p)
				continue;
			bool rubric = n && n <= MOST_HEADS && p + 1 == n && headline_is_short(s->page, &s->page->blocks[heads[n - 1]]);      /* all that is left above segment k */
			for (int drop = 0; drop <= rubric; drop++) {
				int cost = before->cost[has];
				if (k) {
					bool behind = p > 0, signed_behind = s->segments[k - 1].behind;
					int bare = s->segments[k - 1].from ? COST_BEHIND - 1 : COST_BARE;      /* the rest of a story may have left its headline on its page */
					cost += !has && !behind ? bare : has && behind ? COST_BOTH : 0;
					cost += behind && !signed_behind ? COST_BEHIND : 0;
					cost += signed_behind && !behind ? COST_BOTH : 0;
				} else if (p) {
					continue;
				}
				if (p && p < n)
					cost += cut_cost(s->page, heads, n, p);
				if (n && n <= MOST_HEADS)
					cost += gap_cost(&s->page->blocks[heads[0]], &s->page->blocks[segment->first], p, n);
				if (rubric || (n == 1 && headline_is_short(s->page, &s->page->blocks[heads[0]])))
					cost += drop ? COST_DROP : COST_SHORT;
				int state = n > p && !drop;
				if (cost < out->cost[state]) {
					out->cost[state] = cost;
					out->choice[state] = (struct choice){(uint8_t)p, (uint8_t)drop, (uint8_t)has};
				}
			}
		}
	}
}

static page_article *add_article(page *self, size_t first, size_t last)
{
	if (self->article_count == self->article_room) {
		self->article_room = self->article_room ? self->article_room * 2 : 16;
		self->articles = mem_grow(self->articles, self->article_room, sizeof *self->articles);
	}
	page_article *article = &self->articles[self->article_count++];
	*article = (page_article){.first = (uint32_t)first, .last = (uint32_t)last};
	return article;
}

static void own(page *self, size_t from, size_t to, int32_t article)
{
	for (size_t i = from; i < to; i++)
		self->blocks[i].article = article;
}

/* Walks the plan back: choice of every group, the last first; then hands out blocks and roles. */
static void carry_out(struct splitter *s, const struct plan *plans, uint8_t state)
{
	page *self = s->page;
	uint8_t *behind = mem_array(s->count + 1, 1), *dropped = mem_array(s->count + 1, 1);
	for (size_t k = s->count; k-- > 0;) {
		behind[k] = plans[k].choice[state].behind;
		dropped[k] = plans[k].choice[state].dropped;
		state = plans[k].choice[state].previous;
	}
	for (size_t k = 0; k < s->count; k++) {
		const struct segment *segment = &s->segments[k];
		uint32_t heads[256], group[256];
		size_t n = 0, all = group_of(self, segment, group, 256);
		size_t end = k + 1 < s->count ? s->segments[k + 1].first : self->block_count;
		page_article *article = add_article(self, segment->heads_from, end);
		article->from = segment->from;
		if (all > 256)
			all = 256;
		for (size_t i = 0; i < all; i++)
			if (i < behind[k])
				continue;
			else if (dropped[k])
				self->blocks[group[i]].role = ROLE_OUT;
			else
				heads[n++] = group[i];
		size_t before = n;
		if (k + 1 < s->count) {
			all = group_of(self, &s->segments[k + 1], group, 256);
			for (size_t i = 0; i < all && i < behind[k + 1] && n < 256; i++)
				heads[n++] = group[i];
		} else {
			for (size_t i = segment->last; i < self->block_count && n < 256; i++)
				if (is_head(&self->blocks[i]))
					heads[n++] = (uint32_t)i;
		}
		own(self, segment->first, segment->last, (int32_t)k);
		size_t used = n;
		headline_take_rubrics(self, heads, &used, article);
		for (size_t i = 0; i < used; i++)
			self->blocks[heads[i]].article = (int32_t)k;
		headline_set_roles(self, heads, used);
		(void)before;
		for (size_t i = segment->heads_from; i < end; i++)                     /* bylines and marks between bodies */
			if (self->blocks[i].article < 0 && self->blocks[i].kind != BLOCK_HEAD && !self->blocks[i].repeated && i >= segment->last && (segment->behind || self->blocks[i].kind == BLOCK_ON))
				self->blocks[i].article = (int32_t)k;
			else if (self->blocks[i].article < 0 && self->blocks[i].kind == BLOCK_BYLINE && i < segment->first)
				self->blocks[i].article = (int32_t)k;
	}
	free(behind);
	free(dropped);
}

static void split_paged(struct splitter *s)
{
	struct plan start = {.cost = {0, COST_NEVER}}, *plans = mem_array(s->count, sizeof *plans);
	for (size_t k = 0; k < s->count; k++)
		plan_step(s, k, k ? &plans[k - 1] : &start, &plans[k]);
	/* headings behind the last body are its own */
	size_t trailing = 0;
	for (size_t i = s->segments[s->count - 1].last; i < s->page->block_count; i++)
		trailing += is_head(&s->page->blocks[i]);
	struct plan *last = &plans[s->count - 1];
	int bare = last->cost[0] + (trailing ? COST_BEHIND : COST_BARE), both = last->cost[1] + (trailing ? COST_BOTH : 0);
	carry_out(s, plans, both < bare);
	free(plans);
}

/* ---- one article ---- */

static bool equal_text(const page *self, span a, span b)
{
	if (a.end - a.begin != b.end - b.begin)
		return false;
	for (uint32_t i = 0; i < a.end - a.begin; i++)
		if (self->flow[a.begin + i] != self->flow[b.begin + i])
			return false;
	return true;
}

/* 关于印发X的通知: X between the verb and 的通知. */
static span carried_without_marks(const page *self, span at)
{
	static const uint32_t verbs[][2] = {{0x5370, 0x53D1}, {0x8F6C, 0x53D1}, {0x53D1, 0x5E03}, {0x516C, 0x5E03}, {0x5370, 0x767C}, {0x4E0B, 0x53D1}};
	const uint32_t *c = self->flow;
	if (at.end < at.begin + 10 || c[at.end - 3] != 0x7684)
		return (span){0, 0};
	for (uint32_t i = at.begin; i + 5 < at.end; i++)
		for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++)
			if (c[i] == verbs[k][0] && c[i + 1] == verbs[k][1])
				return (span){i + 2, at.end - 3};
	return (span){0, 0};
}

/* 关于印发《X》的通知, and further down X alone on a line: X is the document, the notice only carries it. */
static void find_carried(page *self, size_t title)
{
	page_block *notice = &self->blocks[title];
	span quoted = notice->at;
	while (quoted.begin < quoted.end && self->flow[quoted.begin] != 0x300A)
		quoted.begin++;
	while (quoted.end > quoted.begin && self->flow[quoted.end - 1] != 0x300B)
		quoted.end--;
	if (quoted.end >= quoted.begin + 6)
		quoted = (span){quoted.begin + 1, quoted.end - 1};
	else
		quoted = carried_without_marks(self, notice->at);
	if (quoted.end < quoted.begin + 4)
		return;
	for (size_t i = title + 1; i < self->block_count; i++) {
		page_block *block = &self->blocks[i];
		if (!is_head(block) || !equal_text(self, block->at, quoted))
			continue;
		block->role = ROLE_TITLE;
		notice->role = ROLE_KICKER;
		return;
	}
}

/* Behind the last heading of the headline: web pages print time and source right under it, so headings between that line and the text are sub-headings. */
static size_t headline_end(const page *self, size_t first_text)
{
	for (size_t i = first_text; i-- > 1;)
		if (is_head(&self->blocks[i]) && is_head(&self->blocks[i - 1]) && labelled_between(self, self->blocks[i - 1].line, self->blocks[i].line) &&
		    !labelled_between(self, self->blocks[i].line, self->blocks[first_text].line) &&
		    (headline_length(&self->blocks[i - 1]) >= 8 || (headline_length(&self->blocks[i - 1]) >= 4 && headline_is_subtitle(self, &self->blocks[i]))))
			return i;
	return first_text;
}

/* Names of site and section above the headline, with furniture between: they are no headlines. Returns how many headings went. */
static size_t drop_names(page *self, uint32_t *heads, size_t n)
{
	size_t keep = n;
	for (size_t i = n; i-- > 1;)
		if ((self->blocks[heads[i]].apart || heads[i] != heads[i - 1] + 1) && headline_length(&self->blocks[heads[i]]) >= 8 && !headline_is_subtitle(self, &self->blocks[heads[i]])) {
			keep = n - i;
			break;
		}
	for (size_t i = 0; i + keep < n; i++)
		self->blocks[heads[i]].role = ROLE_OUT;
	for (size_t i = 0; i < keep && keep < n; i++)
		heads[i] = heads[i + n - keep];
	return n - keep;
}

static void split_single(page *self)
{
	uint32_t heads[4];
	size_t n = 0, first_text = 0;
	add_article(self, 0, self->block_count);
	own(self, 0, self->block_count, 0);
	while (first_text < self->block_count && !is_text(&self->blocks[first_text]))
		first_text++;
	if (first_text == self->block_count)
		return;                                                            /* nothing but headings: they are the text */
	size_t from = 0, to = headline_end(self, first_text);
	if (to && to < first_text && first_text - to <= 2 && headline_is_subtitle(self, &self->blocks[to]))
		to = first_text;                                                   /* ——在某会议上, and who spoke: below the headline, whatever stands between */
	for (size_t i = to; i-- > 0 && n < 4;) {
		if (!is_head(&self->blocks[i]))
			continue;
		from = i;
		for (size_t k = n++; k; k--)
			heads[k] = heads[k - 1];
		heads[0] = (uint32_t)i;
	}
	n -= drop_names(self, heads, n);
	for (size_t i = 0; i < from; i++)
		if (is_head(&self->blocks[i]) && to < first_text)
			self->blocks[i].role = ROLE_OUT;
	headline_set_roles(self, heads, n);
	for (size_t i = 0; i < n; i++)
		if (self->blocks[heads[i]].role == ROLE_TITLE)
			find_carried(self, heads[i]);
	for (size_t i = 0; i < self->block_count; i++)
		if (self->blocks[i].kind == BLOCK_FROM)
			self->articles[0].from = (uint32_t)i + 1;
}

/* An ellipsis above a pay line says that the text goes on, whatever it ends elsewhere. */
static bool ends_with_dots(const page *self, const page_block *block)
{
	uint32_t n = block->at.end - block->at.begin;
	const uint32_t *end = self->flow + block->at.end;
	return n && (end[-1] == 0x2026 || (n > 2 && end[-1] == '.' && end[-2] == '.' && end[-3] == '.'));
}

/* A paragraph that ends in mid-sentence at the end of an article that goes on elsewhere, or above a pay line. */
static void find_truncated(page *self)
{
	for (size_t k = 0; k < self->article_count; k++) {
		page_article *article = &self->articles[k];
		page_block *last = NULL;
		for (size_t i = article->first; i < article->last; i++) {
			page_block *block = &self->blocks[i];
			if (block->article != (int32_t)k)
				continue;
			if (block->kind == BLOCK_ON)
				article->on = (uint32_t)i + 1;
			if ((is_text(block) || is_head(block)) && block->role == ROLE_BODY)
				last = block;
		}
		bool open = last && (last->end == END_OPEN || last->end == END_COMMA || ends_with_dots(self, last));
		if (open && self->paid && last->clauses)
			last->kind = BLOCK_TEXT;                                   /* it was cut, it is no heading */
		article->truncated = article->on || (self->paid && k + 1 == self->article_count && open);
	}
}

void page_split(page *self)
{
	struct splitter s = {.page = self};
	if (!self->block_count)
		return;
	self->paged = is_paged(self);
	if (self->paged)
		find_segments(&s);
	if (s.count > 1 && s.count <= MOST_ARTICLES)
		split_paged(&s);
	else
		split_single(self);
	free(s.segments);
	find_truncated(self);
}

/* ---- the feed's title ---- */

static size_t letters_of(const uint32_t *c, span at, uint32_t *out, size_t room)
{
	size_t n = 0;
	for (uint32_t i = at.begin; i < at.end && n < room; i++)
		if (char_is_word(c[i]))
			out[n++] = c[i];
	return n;
}

static bool contains(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	for (size_t i = 0; m && i + m <= n; i++)
		if (memcmp(a + i, b, m * sizeof *b) == 0)
			return true;
	return false;
}

#define TITLE_CHARACTERS 120

/* Letters only: the heading is the title, or the longer of both holds the other, which is more than half as long. */
static bool is_title(const uint32_t *title, size_t n, const uint32_t *heading, size_t m)
{
	return n >= m ? m * 2 > n && contains(title, n, heading, m) : n * 2 > m && contains(heading, m, title, n);
}

void page_match_title(page *self, mr_bytes title)
{
	uint32_t characters[TITLE_CHARACTERS], given[TITLE_CHARACTERS], heading[TITLE_CHARACTERS];
	const char *at = title.data, *end = title.data + title.len;
	uint32_t count = 0;
	bool matched = false;
	while (at < end && count < TITLE_CHARACTERS)
		characters[count++] = utf8_next(&at, end);
	size_t n = letters_of(characters, (span){0, count}, given, TITLE_CHARACTERS);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < self->block_count; i++) {
			page_block *block = &self->blocks[i];
			if (block->role != ROLE_TITLE && block->role != ROLE_KICKER && block->role != ROLE_SUBTITLE)
				continue;
			if (pass && !matched)
				block->role = ROLE_BODY;
			else if (!pass)
				matched = matched || is_title(given, n, heading, letters_of(self->flow, block->at, heading, TITLE_CHARACTERS));
		}
}
