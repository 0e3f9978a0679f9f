/* html_score.c - see html_score.h.
 *
 * Every line of running text gives its worth to the elements above it, less with each step (the readability family's idea): the element in which
 * paragraphs stand side by side wins. Names shift the balance, they never decide alone. Then the winner grows: as long as an ancestor
 * holds clearly more clean running text (text not under navigation, related links, comments), that ancestor is taken. */
#include "workers/extract/html_score.h"

#include <stdlib.h>

#include "common/mem.h"

#define STEPS 6                          /* ancestors that a line speaks for */
#define GROWTH 0.2                       /* share of clean text more at which an ancestor takes over; 0.1 to 0.3 differ by 0.001 F1, with names taken away larger is better */
#define LINK_COST 1.0
#define DENSE_LINKS 0.3                  /* share of links at which a block is a list of links with words around them */
#define MISNOMER 0.4                     /* share of the article's text under a noise hint at which the hint is wrong */

typedef struct scoring {
	html_page *page;
	double *score;                   /* by steps */
	double *clean;                   /* running text below, without noise and blocks full of links */
	double *full;                    /* running text below */
	double *units, *links;           /* all text below, and how much of it is links */
} scoring;

double html_line_value(const html_page *page, uint32_t line)
{
	const html_line *l = &page->lines[line];
	if (l->hidden || !l->units)
		return 0;
	double links = (double)l->link_units / l->units;
	if (links > 0.5)
		return l->marks >= 2 && links < 0.8 ? 0 : -0.5 * (l->units < 100 ? l->units : 100);
	if (l->marks == 0 && l->units < 60)
		return 0.1 * l->units;
	if (l->marks <= 1 && l->units < 40)
		return 0.3 * l->units;
	return (l->units < 600 ? l->units : 600 + (l->units - 600) * 0.5) * (1 - links);
}

static bool speaks_for_itself(enum html_tag tag)
{
	switch (tag) {
	case TAG_P: case TAG_LI: case TAG_H1: case TAG_H2: case TAG_H3: case TAG_H4: case TAG_H5: case TAG_H6: case TAG_TR: case TAG_TH: case TAG_DT:
	case TAG_DD: case TAG_BLOCKQUOTE: case TAG_PRE: case TAG_CAPTION: case TAG_FIGCAPTION: case TAG_UL: case TAG_OL: case TAG_TABLE: case TAG_TBODY:
		return false;
	default:
		return true;
	}
}

static void add_line(scoring *self, uint32_t line)
{
	static const double weight[STEPS] = {1, 0.75, 0.5, 0.3, 0.15, 0.05};
	double value = html_line_value(self->page, line);
	const html_node *nodes = self->page->tree->nodes;
	uint32_t node = self->page->lines[line].block;
	self->clean[node] += value > 0 ? value : 0;
	self->full[node] += value > 0 ? value : 0;
	if (!self->page->lines[line].hidden) {
		self->units[node] += self->page->lines[line].units;
		self->links[node] += self->page->lines[line].link_units;
	}
	for (int step = 0; step < STEPS && node; node = nodes[node].parent)
		if (speaks_for_itself(nodes[node].tag))
			self->score[node] += value * weight[step++];
}

static void add_up(scoring *self)
{
	const html_tree *tree = self->page->tree;
	for (uint32_t i = tree->count - 1; i > 0; i--) {
		uint32_t parent = tree->nodes[i].parent;
		unsigned hints = self->page->hints[i];
		self->full[parent] += self->full[i];
		self->units[parent] += self->units[i];
		self->links[parent] += self->links[i];
		if (hints & (HINT_NOISE | HINT_HIDDEN) || self->links[i] > DENSE_LINKS * self->units[i])
			continue;
		self->clean[parent] += self->clean[i];
	}
}

static double prior(const html_page *page, uint32_t node)
{
	unsigned hints = page->hints[node];
	double p = 1;
	if (hints & HINT_BODY)
		p *= 1.6;
	else if (hints & HINT_ARTICLE)
		p *= 1.2;
	if (hints & (HINT_META | HINT_CAPTION | HINT_TITLE | HINT_CREDIT) && !(hints & (HINT_BODY | HINT_ARTICLE)))
		p *= 0.5;
	unsigned above = html_hints_between(page, node, 0);
	if (above & HINT_COMMENT)
		p *= 0.25;
	else if (above & HINT_NOISE)
		p *= above & HINT_STRONG ? 0.3 : 0.6;
	return p;
}

static uint32_t best_node(const scoring *self)
{
	uint32_t best = 0;
	double best_score = 0;
	for (uint32_t i = 1; i < self->page->tree->count; i++) {
		if (self->score[i] <= best_score / 2 || !html_is_block(self->page->tree->nodes[i].tag))
			continue;
		double s = self->score[i] * prior(self->page, i);
		if (s > best_score) {
			best_score = s;
			best = i;
		}
	}
	return best;
}

/* The first word of an element's class. */
static mr_bytes family(const html_tree *tree, uint32_t node)
{
	mr_bytes class = html_attr_get(tree, node, ATTR_CLASS);
	size_t n = 0;
	while (n < class.len && class.data[n] != ' ')
		n++;
	return (mr_bytes){class.data, n};
}

/* Clean text below `up` in elements that name themselves the body in the same word as `node`. */
static double same_family(const scoring *self, uint32_t node, uint32_t up)
{
	const html_tree *tree = self->page->tree;
	mr_bytes name = family(tree, node);
	double sum = 0;
	for (uint32_t i = up; i <= tree->nodes[up].last; i++)
		if (self->page->hints[i] & HINT_BODY && (i == node || html_equal(family(tree, i), name))) {
			sum += self->clean[i];
			i = tree->nodes[i].last;
		}
	return sum;
}

/* Does the ancestor hold clearly more of the article? Links that would come along count against it. When parts of it name themselves the body, it
 * is they that must be more. */
static bool gains(const scoring *self, uint32_t node, uint32_t up)
{
	double more = self->clean[up] - self->clean[node] - LINK_COST * (self->links[up] - self->links[node]);
	if (self->page->hints[node] & HINT_BODY && self->clean[node] > 0.4 * self->clean[up])
		more = same_family(self, node, up) - self->clean[node];
	return more > GROWTH * self->clean[node];
}

static uint32_t grow(const scoring *self, uint32_t node)
{
	const html_tree *tree = self->page->tree;
	uint32_t best = node;
	for (uint32_t up = tree->nodes[node].parent; up; up = tree->nodes[up].parent)
		if (gains(self, best, up))
			best = up;
	return best;
}

/* Text of an embedded post stands in a quotation, whatever its frame is called. */
static bool is_quotation(const scoring *self, uint32_t node)
{
	const html_tree *tree = self->page->tree;
	double quoted = 0;
	for (uint32_t i = node; i <= tree->nodes[node].last; i++)
		if (tree->nodes[i].tag == TAG_BLOCKQUOTE) {
			quoted += self->units[i];
			i = tree->nodes[i].last;
		}
	return quoted > 0.7 * self->units[node];
}

/* A noise hint over a large part of the text, or over a quotation, is a misnomer. */
static void mend(const scoring *self, uint32_t top)
{
	html_page *page = self->page;
	for (uint32_t i = top; i <= page->tree->nodes[top].last; i++)
		if (page->hints[i] & (HINT_NOISE | HINT_META | HINT_CAPTION | HINT_CREDIT | HINT_TITLE) && !(page->hints[i] & HINT_COMMENT) &&
		    (self->full[i] > MISNOMER * self->full[top] || (!(page->hints[i] & HINT_STRONG) && is_quotation(self, i))))
			page->hints[i] &= ~(unsigned)(HINT_NOISE | HINT_META | HINT_CAPTION | HINT_CREDIT | HINT_TITLE | HINT_STRONG);
}

/* Keeps the best candidates in order. */
static void rank(const scoring *self, html_candidate *best, size_t *count)
{
	*count = 0;
	for (uint32_t i = 1; i < self->page->tree->count; i++) {
		if (self->score[i] <= 0 || !html_is_block(self->page->tree->nodes[i].tag))
			continue;
		html_candidate one = {i, self->score[i] * prior(self->page, i), self->clean[i]};
		size_t k = *count < HTML_CANDIDATES ? (*count)++ : HTML_CANDIDATES;
		for (; k && best[k - 1].score < one.score; k--)
			if (k < HTML_CANDIDATES)
				best[k] = best[k - 1];
		if (k < HTML_CANDIDATES)
			best[k] = one;
	}
}

uint32_t html_score_ranked(html_page *page, html_candidate *best, size_t *count)
{
	size_t n = page->tree->count;
	scoring s = {.page = page, .score = mem_array(n, sizeof(double)), .clean = mem_array(n, sizeof(double)), .full = mem_array(n, sizeof(double)),
		.units = mem_array(n, sizeof(double)), .links = mem_array(n, sizeof(double))};
	for (uint32_t i = 0; i < page->line_count; i++)
		add_line(&s, i);
	add_up(&s);
	if (best)
		rank(&s, best, count);
	uint32_t top = best_node(&s);
	if (top) {
		top = grow(&s, top);
		mend(&s, top);
	}
	free(s.score);
	free(s.clean);
	free(s.full);
	free(s.units);
	free(s.links);
	return top;
}

uint32_t html_score(html_page *page)
{
	return html_score_ranked(page, NULL, NULL);
}
