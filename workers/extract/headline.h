/* headline.h - the headings of one article: kicker, headline, subtitle, names of columns (inside workers/extract only).
 *
 * Owns nothing: it reads blocks of a page (page.h) and sets their roles. Called by page_split once it is known which headings belong to an article; any thread, one page at a time. */
#ifndef EXTRACT_HEADLINE_H
#define EXTRACT_HEADLINE_H

#include "page.h"

static inline uint32_t headline_length(const page_block *block)
{
	return block->at.end - block->at.begin;
}

/* Two pieces of four characters or more with a blank between: only headlines are printed so. */
bool headline_has_pieces(const page *self, const page_block *block);
/* …时评, …快语, …观察: up to six characters that end as names of columns do. */
bool headline_is_rubric(const page *self, const page_block *block);
/* A rubric, or four characters at most: not a headline by itself. */
bool headline_is_short(const page *self, const page_block *block);
/* ——某县见闻, 甲某讲话 乙某主持: a line that stays below the headline before it. */
bool headline_is_subtitle(const page *self, const page_block *block);

/* May `b` be the second line of the headline that `a` begins? */
bool headline_goes_on(const page *self, const page_block *a, const page_block *b);

/* Gives the headings `heads` (indices of blocks, in the order of the page) of one article their roles. */
void headline_set_roles(page *self, const uint32_t *heads, size_t n);
/* Takes the name of a column above or below a headline out of `heads`; one above becomes article->section. */
void headline_take_rubrics(page *self, uint32_t *heads, size_t *n, page_article *article);

#endif
