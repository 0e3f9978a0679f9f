/* explain_text.c - `millrace explain extract` of a text: its lines in the order of the document, each with its fate. See explain.h.
 *
 * Runs the passes of workers/extract/page.h as the stage does and reads what they left: kind and rule of a line, the block that took it, the block's
 * role and article. Nothing is decided here. */
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "workers/extract/page.h"

#define NO_BLOCK UINT32_MAX

/* The block of every line; NO_BLOCK: none took it. A block takes its first line and the next lines of text (page.h). */
static uint32_t *blocks_of_lines(const page *page)
{
	uint32_t *of = mem_array(page->line_count + 1, sizeof *of);
	for (size_t i = 0; i < page->line_count; i++)
		of[i] = NO_BLOCK;
	for (size_t k = 0; k < page->block_count; k++) {
		const page_block *block = &page->blocks[k];
		uint32_t left = block->lines;
		for (size_t i = block->line; i < page->line_count && left; i++) {
			bool mark = block->kind != BLOCK_TEXT && block->kind != BLOCK_HEAD;
			if (of[i] != NO_BLOCK || (!mark && page->lines[i].kind != LINE_TEXT))
				continue;
			of[i] = (uint32_t)k;
			left--;
		}
	}
	return of;
}

struct fate {
	const char *word;
	enum term_style style;
};

static struct fate fate_of_block(const page_block *block, bool first)
{
	static const struct fate marks[] = {[BLOCK_BYLINE] = {"byline", TERM_CYAN}, [BLOCK_NOTE] = {"note", TERM_CYAN}, [BLOCK_FROM] = {"from", TERM_CYAN}, [BLOCK_ON] = {"on", TERM_CYAN},
		[BLOCK_CLOSE] = {"end", TERM_CYAN}, [BLOCK_BREAK] = {"break", TERM_CYAN}};
	static const struct fate roles[] = {[ROLE_TITLE] = {"title", TERM_BOLD}, [ROLE_KICKER] = {"kicker", TERM_BOLD}, [ROLE_SUBTITLE] = {"subtitle", TERM_BOLD}, [ROLE_OUT] = {"left out", TERM_RED}};
	if (block->repeated)
		return (struct fate){"repeat", TERM_YELLOW};
	if (block->kind != BLOCK_TEXT && block->kind != BLOCK_HEAD)
		return marks[block->kind];
	if (block->article < 0)
		return (struct fate){"left out", TERM_RED};
	if (block->role != ROLE_BODY)
		return roles[block->role];
	if (!first)
		return (struct fate){"joined", TERM_DIM};
	return block->kind == BLOCK_HEAD ? (struct fate){"heading", TERM_GREEN} : (struct fate){"text", TERM_GREEN};
}

static struct fate fate_of(const page *page, const uint32_t *of, size_t i)
{
	const page_line *line = &page->lines[i];
	if (line->kind == LINE_DROPPED)
		return (struct fate){"dropped", TERM_RED};
	if (line->kind == LINE_CAPTION)
		return (struct fate){"caption", TERM_YELLOW};
	if (of[i] == NO_BLOCK)
		return (struct fate){"left out", TERM_RED};
	return fate_of_block(&page->blocks[of[i]], page->blocks[of[i]].line == i);
}

static void add_measures(table *rows, const page_line *line)
{
	static const char *const ends[] = {[END_OPEN] = "open", [END_COMMA] = "comma", [END_BRACKET] = "bracket", [END_HALF] = "half", [END_STOP] = "stop"};
	table_add(rows, TERM_DIM, "%u", line->width);
	char column[16] = "";
	if (line->column)
		snprintf(column, sizeof column, "%u%s", line->column, line->peers ? "" : "?");
	table_add(rows, TERM_DIM, "%s", column);
	table_add(rows, TERM_DIM, "%s%s%s", ends[line->end], line->lead_in ? " lead-in" : "", line->numbered ? " number" : "");
}

static void add_row(table *rows, const page *page, const uint32_t *of, size_t i, uint32_t number, bool measures)
{
	const page_line *line = &page->lines[i];
	struct fate fate = fate_of(page, of, i);
	buf text = {0};
	page_utf8(page->text, line->at, &text);
	buf_add(&text, "", 1);
	table_add(rows, TERM_DIM, "%u", number);
	int32_t article = of[i] != NO_BLOCK ? page->blocks[of[i]].article : -1;
	char owner[16] = "";
	if (article >= 0)
		snprintf(owner, sizeof owner, "%d", article + 1);
	table_add(rows, TERM_PLAIN, "%s", owner);
	table_add(rows, fate.style, "%s", fate.word);
	table_add(rows, TERM_DIM, "%s", line->rule ? page_rule_name(line->rule) : line->spaced ? "spacing undone" : "");
	if (measures)
		add_measures(rows, line);
	table_add(rows, fate.style == TERM_GREEN ? TERM_PLAIN : fate.style, "%s", text.data);
	buf_free(&text);
}

static void print_summary(const page *page, const term *out)
{
	size_t dropped[RULE_COUNT] = {0}, all = 0;
	for (size_t i = 0; i < page->line_count; i++)
		if (page->lines[i].kind == LINE_DROPPED) {
			dropped[page->lines[i].rule]++;
			all++;
		}
	fprintf(out->out, "\n%zu article%s from %zu line%s, %s; %u block%s printed twice; %zu line%s dropped", page->article_count, page->article_count == 1 ? "" : "s", page->line_count,
		page->line_count == 1 ? "" : "s", page->wrapped ? "hard-wrapped" : "not hard-wrapped", page->repeated_blocks, page->repeated_blocks == 1 ? "" : "s", all, all == 1 ? "" : "s");
	const char *mark = ": ";
	for (int rule = 0; rule < RULE_COUNT; rule++)
		if (dropped[rule]) {
			fprintf(out->out, "%s%s %zu", mark, page_rule_name((enum line_rule)rule), dropped[rule]);
			mark = ", ";
		}
	fputc('\n', out->out);
}

void explain_text(mr_bytes text, const term *out, bool measures)
{
	static const table_column columns[] = {{.name = "line", .least = 4, .right = true}, {.name = "art", .least = 3, .right = true}, {.name = "what", .least = 8}, {.name = "rule", .least = 14},
		{.name = "text", .least = 30}};
	static const table_column measured[] = {{.name = "line", .least = 4, .right = true}, {.name = "art", .least = 3, .right = true}, {.name = "what", .least = 8}, {.name = "rule", .least = 14},
		{.name = "wide", .least = 4, .right = true}, {.name = "column", .least = 6, .right = true}, {.name = "ends", .least = 7}, {.name = "text", .least = 30}};
	vocabulary *words = vocabulary_new();
	page page;
	page_init(&page, words);
	page_read(&page, text);
	uint32_t *of = blocks_of_lines(&page), number = 0;
	table *rows = measures ? table_new(measured, 8) : table_new(columns, 5);
	for (size_t i = 0; i < page.line_count; i++) {
		number += page.lines[i].cut ? 0 : page.lines[i].gap + 1u;
		add_row(rows, &page, of, i, number, measures);
	}
	table_print(rows, out);
	print_summary(&page, out);
	table_free(&rows);
	free(of);
	page_free(&page);
	vocabulary_free(&words);
}
