/* demo_show.c - what came out of the demo feed, for a reader. */
#include "cli/demo_show.h"

#include <stdio.h>

#include "common/log.h"
#include "common/utf8.h"

#define TITLE_CELLS 46

/* Columns that a character takes on a terminal: Chinese, full-width forms and their punctuation take two. */
static int cells(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
	       (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) || c >= 0x20000 ? 2 : 1;
}

/* Prints text cut and padded to `width` columns; what a stranger wrote is cleaned first. */
static void print_cell(const char *text, int width)
{
	char clean[512];
	log_clean(clean, sizeof clean - 1, mr_bytes_of(text ? text : "-"));
	const char *at = clean, *end = clean + strlen(clean);
	int used = 0;
	while (at < end) {
		const char *begin = at;
		uint32_t c = utf8_next(&at, end);
		if (used + cells(c) > width - (at < end ? 1 : 0)) {
			fputs("~", stdout);
			used++;
			break;
		}
		fwrite(begin, 1, (size_t)(at - begin), stdout);
		used += cells(c);
	}
	printf("%*s", width - used > 0 ? width - used : 0, "");
}

static const char *text_of(const json_t *article, const char *member)
{
	return json_string_value(json_object_get(article, member));
}

/* Title of the article with this id, for "repeats ..."; NULL when it is not among those that came out. */
static const char *title_of(const demo_feed *feed, const char *id)
{
	size_t k;
	json_t *article;
	for (size_t i = 0; id && i < feed->count; i++)
		json_array_foreach(feed->records[i].articles, k, article)
			if (feed->records[i].outcome == DEMO_PUBLISHED && strcmp(text_of(article, "article_id"), id) == 0)
				return text_of(article, "title");
	return NULL;
}

static void print_labels(const json_t *article)
{
	const char *primary = text_of(article, "primary_label");
	json_t *labels = json_object_get(article, "labels"), *label;
	size_t i;
	int used = 0;
	if (json_array_size(labels) == 0)
		used = printf("%s", primary ? primary : "-");
	json_array_foreach(labels, i, label) {
		char name[64];
		snprintf(name, sizeof name, "score_%.50s", json_string_value(label));
		used += printf("%s%s %.2f", i ? ", " : "", json_string_value(label), json_number_value(json_object_get(article, name)));
	}
	printf("%*s", used < 32 ? 32 - used : 1, "");
}

static void print_article(const demo_feed *feed, const json_t *article)
{
	json_int_t pages = json_integer_value(json_object_get(article, "page_count")), revision = json_integer_value(json_object_get(article, "revision"));
	print_cell(text_of(article, "title"), TITLE_CELLS);
	printf("  ");
	print_labels(article);
	printf("%s %s", text_of(article, "language") ? text_of(article, "language") : "-", text_of(article, "script") ? text_of(article, "script") : "");
	if (pages > 1)
		printf("  part %lld of %lld of a page", (long long)json_integer_value(json_object_get(article, "page_index")) + 1, (long long)pages);
	if (json_is_true(json_object_get(article, "truncated")))
		printf("  breaks off");
	if (revision > 0)
		printf("  revision %lld", (long long)revision);
	const char *base = title_of(feed, text_of(article, "duplicate_of"));
	if (base)
		printf(" of %s", base);
	printf("\n");
}

static void print_duplicate(const demo_feed *feed, const json_t *article)
{
	print_cell(text_of(article, "title"), TITLE_CELLS);
	const char *kind = text_of(article, "duplicate_kind"), *owner = title_of(feed, text_of(article, "duplicate_of"));
	json_t *similarity = json_object_get(article, "similarity");
	printf("  %-5s ", kind ? kind : "-");
	printf(json_is_number(similarity) ? "%.2f" : "    ", json_number_value(similarity));
	printf("  repeats ");
	print_cell(owner ? owner : text_of(article, "duplicate_of"), TITLE_CELLS);
	printf("\n");
}

static size_t heading(const demo_feed *feed, enum demo_outcome outcome, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < feed->count; i++)
		n += feed->records[i].outcome != outcome ? 0 : outcome == DEMO_DEAD ? 1 : json_array_size(feed->records[i].articles);
	printf("\n%s (%zu)\n", name, n);
	return n;
}

void demo_show(const demo_feed *feed)
{
	json_t *article;
	size_t k;
	heading(feed, DEMO_PUBLISHED, "Articles");
	for (size_t i = 0; i < feed->count; i++)
		if (feed->records[i].outcome == DEMO_PUBLISHED)
			json_array_foreach(feed->records[i].articles, k, article) {
				printf("  ");
				print_article(feed, article);
			}
	heading(feed, DEMO_DUPLICATE, "Duplicates");
	for (size_t i = 0; i < feed->count; i++)
		if (feed->records[i].outcome == DEMO_DUPLICATE)
			json_array_foreach(feed->records[i].articles, k, article) {
				printf("  ");
				print_duplicate(feed, article);
			}
	heading(feed, DEMO_DEAD, "Dead letters");
	for (size_t i = 0; i < feed->count; i++) {
		const demo_record *r = &feed->records[i];
		if (r->outcome != DEMO_DEAD)
			continue;
		printf("  ");
		print_cell(json_string_value(json_object_get(r->line, "note")), TITLE_CELLS);
		printf("  %-18s ", r->code);
		print_cell(r->message, 60);
		printf("\n");
	}
}
