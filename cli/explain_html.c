/* explain_html.c - `millrace explain extract` of a web page: which element was taken for the article, and what became of each of its lines. See explain.h.
 *
 * Runs the steps of workers/extract/html.c once more with their intermediate results; decides nothing itself. */
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/extract/charset.h"
#include "workers/extract/html.h"
#include "workers/extract/html_clean.h"
#include "workers/extract/html_meta.h"
#include "workers/extract/html_score.h"

#define NAME_BYTES 60

struct reading {
	html_tree tree;
	html_page page;
	html_markup markup;
	html_candidate best[HTML_CANDIDATES];
	size_t best_count;
	uint32_t top, title_line;
	uint8_t *kind;
};

/* `<div class="story" id="x">`: as much of it as fits. */
static void element_name(const html_tree *tree, uint32_t node, buf *out)
{
	static const struct { enum html_attr attr; const char *name; } shown[] = {{ATTR_ID, "id"}, {ATTR_CLASS, "class"}, {ATTR_ITEMPROP, "itemprop"}, {ATTR_ROLE, "role"}};
	buf_add_str(out, html_tag_name((enum html_tag)tree->nodes[node].tag));
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		mr_bytes value = html_attr_get(tree, node, shown[i].attr);
		if (!value.len || out->len > NAME_BYTES)
			continue;
		buf_add_char(out, ' ');
		buf_add_str(out, shown[i].name);
		buf_add_char(out, '=');
		buf_add(out, value.data, value.len < NAME_BYTES ? value.len : html_cut_at(value.data, NAME_BYTES));
	}
	buf_add(out, "", 1);
}

static void add_hints(unsigned hints, buf *out)
{
	static const struct { unsigned hint; const char *word; } words[] = {{HINT_HIDDEN, "hidden"}, {HINT_COMMENT, "comment"}, {HINT_NOISE, "noise"}, {HINT_BODY, "body"}, {HINT_CAPTION, "caption"},
		{HINT_META, "meta"}, {HINT_TITLE, "title"}, {HINT_ARTICLE, "article"}, {HINT_CREDIT, "credit"}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (hints & words[i].hint) {
			if (out->len)
				buf_add_char(out, ' ');
			buf_add_str(out, words[i].word);
		}
	buf_add(out, "", 1);
}

static void print_candidates(const struct reading *r, const term *out)
{
	static const table_column columns[] = {{.name = "score", .least = 6, .right = true}, {.name = "text", .least = 6, .right = true}, {.name = "lines", .least = 5, .right = true},
		{.name = "hints", .least = 8}, {.name = "element", .least = 20}};
	table *rows = table_new(columns, 5);
	bool grown = r->top != 0;
	for (size_t i = 0; i < r->best_count; i++) {
		uint32_t node = r->best[i].node;
		buf name = {0}, hints = {0};
		element_name(&r->tree, node, &name);
		add_hints(r->page.hints[node], &hints);
		grown = grown && node != r->top;
		table_add(rows, node == r->top ? TERM_BOLD : TERM_PLAIN, "%.0f", r->best[i].score);
		table_add(rows, TERM_PLAIN, "%.0f", r->best[i].clean);
		table_add(rows, TERM_PLAIN, "%u", r->page.end_line[node] - r->page.first_line[node]);
		table_add(rows, TERM_CYAN, "%s", hints.data);
		table_add(rows, node == r->top ? TERM_BOLD : TERM_PLAIN, "%s%s", node == r->top ? "* " : "", name.data);
		buf_free(&hints);
		buf_free(&name);
	}
	term_heading(out, "The article's element");
	table_print(rows, out);
	table_free(&rows);
	if (grown) {
		buf name = {0};
		element_name(&r->tree, r->top, &name);
		fprintf(out->out, "  taken: its ancestor with more of the text, %s\n", name.data);
		buf_free(&name);
	}
	if (!r->top)
		fputs("  none: no element holds running text\n", out->out);
}

static void add_line(table *rows, const struct reading *r, uint32_t i, bool measures)
{
	const html_line *line = &r->page.lines[i];
	enum html_line_kind kind = (enum html_line_kind)r->kind[i];
	bool title = i == r->title_line, kept = kind == LINE_KEPT;
	enum term_style style = title ? TERM_BOLD : kept ? TERM_GREEN : kind == LINE_CAPTION ? TERM_YELLOW : TERM_RED;
	mr_bytes text = html_line_text(&r->page, i);
	table_add(rows, TERM_DIM, "%u", i + 1);
	table_add(rows, style, "%s", title ? "title" : kept ? "kept" : html_line_kind_name(kind));
	if (measures) {
		buf hints = {0};
		add_hints(html_line_hints(&r->page, i, r->top), &hints);
		table_add(rows, TERM_DIM, "%u", line->units);
		table_add(rows, TERM_DIM, "%u", line->units ? line->link_units * 100 / line->units : 0);
		table_add(rows, TERM_DIM, "%u", line->stops);
		table_add(rows, TERM_CYAN, "%s", hints.data);
		buf_free(&hints);
	}
	table_add(rows, kept && !title ? TERM_PLAIN : style, "%.*s", (int)text.len, text.data);
}

static void print_lines(const struct reading *r, const term *out, bool measures)
{
	static const table_column columns[] = {{.name = "line", .least = 4, .right = true}, {.name = "what", .least = 10}, {.name = "text", .least = 30}};
	static const table_column measured[] = {{.name = "line", .least = 4, .right = true}, {.name = "what", .least = 10}, {.name = "units", .least = 5, .right = true},
		{.name = "links %", .least = 7, .right = true}, {.name = "stops", .least = 5, .right = true}, {.name = "hints", .least = 8}, {.name = "text", .least = 30}};
	table *rows = measures ? table_new(measured, 7) : table_new(columns, 3);
	uint32_t first = r->top ? r->page.first_line[r->top] : 0, end = r->top ? r->page.end_line[r->top] : 0;
	if (r->title_line != HTML_NO_LINE && (r->title_line < first || r->title_line >= end))
		add_line(rows, r, r->title_line, measures);
	for (uint32_t i = first; i < end; i++)
		add_line(rows, r, i, measures);
	term_heading(out, "Its lines");
	table_print(rows, out);
	fprintf(out->out, "\n%u of the page's %u lines stand in it\n", end - first, r->page.line_count);
	table_free(&rows);
}

static void print_facts(const html_result *found, const term *out)
{
	const struct { const char *name; const buf *value; } rows[] = {{"title", &found->title}, {"authors", &found->authors}, {"editor", &found->editor}, {"source", &found->source_name},
		{"section", &found->section}, {"url", &found->url}};
	term_heading(out, "What is said around it");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!rows[i].value->len)
			continue;
		fprintf(out->out, "  %-10s", rows[i].name);
		for (size_t k = 0; k < rows[i].value->len; k++)
			if (rows[i].value->data[k] == '\n')
				fputs(", ", out->out);
			else if ((unsigned char)rows[i].value->data[k] >= ' ')
				fputc(rows[i].value->data[k], out->out);
		fputc('\n', out->out);
	}
	if (found->published_from) {
		buf when = {0};
		date_print(&found->published, &when);
		fprintf(out->out, "  %-10s%.*s (from the %s)\n", "published", (int)when.len, when.data, found->published_from);
		buf_free(&when);
	}
	fprintf(out->out, "  %-10s%s, charset %s%s\n", "language", found->language[0] ? found->language : "unknown", found->charset ? found->charset : "UTF-8",
		found->truncated ? "; a limit was reached, the rest of the page was not read" : "");
}

void explain_html(mr_bytes bytes, const settings *settings, const term *out, bool measures)
{
	html_limits limits = {(uint32_t)settings_int(settings, "extract.max_nodes"), (uint16_t)settings_int(settings, "extract.max_depth"),
		(size_t)settings_int(settings, "extract.memory_bytes")};
	struct reading r = {.top = 0};
	html_result found = {.body = {0}};
	buf text = {0}, title = {0};
	html_extract(bytes, (mr_bytes){0}, (mr_bytes){0}, &limits, &found);
	charset_decode(bytes, (mr_bytes){0}, &text, NULL);
	html_tree_parse_within(&r.tree, buf_bytes(&text), &limits);
	html_page_read(&r.page, &r.tree);
	html_markup_read(&r.markup, &r.tree);
	r.top = html_score_ranked(&r.page, r.best, &r.best_count);
	r.kind = mem_array(r.page.line_count + 1, 1);
	r.title_line = html_title_find(&r.page, &r.markup, r.top, &title);
	if (r.top)
		html_clean(&r.page, r.top, buf_bytes(&title), r.kind);
	print_facts(&found, out);
	print_candidates(&r, out);
	print_lines(&r, out, measures);
	free(r.kind);
	html_markup_free(&r.markup);
	html_page_free(&r.page);
	html_tree_free(&r.tree);
	buf_free(&title);
	buf_free(&text);
	html_result_free(&found);
}
