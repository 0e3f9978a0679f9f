/* explain_pair.c - two texts beside each other: the verdict with its numbers, and in the texts what the other one has not. See explain_dedup.h.
 *
 * The judge compares sketches, estimates of what the texts have in common; the marks in the texts are exact: a character is marked when no run of the sketch's
 * length (five ideographs, thirteen letters) over it stands in the other text. */
#include "cli/explain_dedup.h"

#include <jansson.h>
#include <stdlib.h>
#include <xxhash.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "workers/dedup/figures.h"
#include "workers/dedup/sketcher.h"
#include "workers/text/fold.h"

#define RUN_WEIGHT 25            /* of a shingle; an ideograph 5, a letter 2 */
#define FIGURES_SHOWN 60

const char *explain_verdict(const part *p, char out[64])
{
	if (p->state == PART_DUPLICATE)
		snprintf(out, 64, "duplicate (%s)", p->verdict.kind);
	else if (p->verdict.revision)
		snprintf(out, 64, "revision %d", p->verdict.revision);
	else
		snprintf(out, 64, "new story");
	return out;
}

/* ---- runs of one text that stand in the other ---- */

typedef struct runs {
	mr_bytes text;
	buf folded, origin;
	size_t count;            /* characters of the folded text */
	size_t *at;              /* their bytes in it, and its end */
	size_t runs;
	size_t *end;             /* of the run that begins at a character */
	uint64_t *hash;
	uint8_t *shared;         /* a byte of the source each */
} runs;

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static runs runs_of(mr_bytes text)
{
	runs r = {.text = text};
	fold_text(text, FOLD_ALL, &r.folded, &r.origin);
	r.count = r.origin.len / sizeof(uint32_t);
	r.at = mem_array(r.count + 1, sizeof *r.at);
	r.end = mem_array(r.count + 1, sizeof *r.end);
	r.hash = mem_array(r.count + 1, sizeof *r.hash);
	r.shared = mem_alloc(text.len + 1);
	uint32_t *weight = mem_array(r.count + 1, sizeof *weight);
	const char *at = r.folded.data;
	for (size_t i = 0; i < r.count; i++) {
		uint32_t c = utf8_next(&at, r.folded.data + r.folded.len);
		weight[i + 1] = weight[i] + (c >= 0x2E80 ? 5 : 2);
		r.at[i + 1] = (size_t)(at - r.folded.data);
	}
	for (size_t from = 0, to = 0; from < r.count; from++) {
		while (to < r.count && weight[to] - weight[from] < RUN_WEIGHT)
			to++;
		if (weight[to] - weight[from] < RUN_WEIGHT && from)
			break;
		r.end[from] = to;
		r.hash[r.runs++] = XXH3_64bits(r.folded.data + r.at[from], r.at[to] - r.at[from]);
	}
	free(weight);
	return r;
}

static void runs_free(runs *r)
{
	buf_free(&r->folded);
	buf_free(&r->origin);
	free(r->at);
	free(r->end);
	free(r->hash);
	free(r->shared);
}

static size_t source_of(const runs *r, size_t character)
{
	uint32_t from;
	if (character >= r->count)
		return r->text.len;
	memcpy(&from, r->origin.data + character * sizeof from, sizeof from);
	return from;
}

/* Marks in r the bytes of all runs that `other` has. What folds to nothing goes with what stands before it. */
static void mark_shared(runs *r, const runs *other)
{
	uint64_t *sorted = mem_array(other->runs + 1, sizeof *sorted);
	memcpy(sorted, other->hash, other->runs * sizeof *sorted);
	qsort(sorted, other->runs, sizeof *sorted, compare_hashes);
	for (size_t i = 0, marked = 0; i < r->runs; i++) {
		if (!bsearch(&r->hash[i], sorted, other->runs, sizeof *sorted, compare_hashes))
			continue;
		size_t from = source_of(r, i > marked ? i : marked), to = source_of(r, r->end[i]);
		memset(r->shared + from, 1, to > from ? to - from : 0);
		marked = r->end[i];
	}
	free(sorted);
}

/* The text; what is not shared in a colour, without colours in brackets (as wdiff does). */
static void print_marked(const term *out, const runs *r, enum term_style style, const char *open, const char *close)
{
	const char *end = r->text.data + r->text.len;
	for (const char *at = r->text.data; at < end;) {
		bool shared = r->shared[at - r->text.data];
		const char *to = at;
		while (to < end && r->shared[to - r->text.data] == shared && *to != '\n')
			to++;
		if (to > at) {
			fprintf(out->out, "%s%s", shared ? term_code(out, TERM_DIM) : term_code(out, style), shared || out->colours ? "" : open);
			term_print(out, (mr_bytes){at, (size_t)(to - at)});
			fprintf(out->out, "%s%s", shared || out->colours ? "" : close, term_code(out, TERM_PLAIN));
		}
		if (to < end && *to == '\n') {
			fputc('\n', out->out);
			to++;
		}
		at = to;
	}
	fputc('\n', out->out);
}

static void print_texts(const term *out, const compared *a, const compared *b)
{
	runs x = runs_of(a->body), y = runs_of(b->body);
	mark_shared(&x, &y);
	mark_shared(&y, &x);
	term_heading(out, "A, with what only A has marked");
	print_marked(out, &x, TERM_RED, "[-", "-]");
	term_heading(out, "B, with what only B has marked");
	print_marked(out, &y, TERM_GREEN, "{+", "+}");
	runs_free(&x);
	runs_free(&y);
}

/* ---- figures ---- */

typedef struct figure_list {
	mr_bytes text;
	char **word;
	size_t count;
} figure_list;

/* A number as its digits say it: no separators, no white space, narrow. */
static void add_figure(void *arg, size_t from, size_t to, size_t piece, unsigned bit)
{
	figure_list *list = arg;
	buf word = {0};
	(void)piece;
	(void)bit;
	for (const char *at = list->text.data + from, *end = list->text.data + to; at < end;) {
		uint32_t c = utf8_next(&at, end);
		c = c >= 0xFF0E && c <= 0xFF19 ? c - 0xFEE0 : c;
		if ((c >= '0' && c <= '9') || c == '.')
			buf_add_char(&word, (char)c);
	}
	for (size_t i = 0; i < list->count && word.data; i++)
		if (strcmp(list->word[i], word.data) == 0)
			buf_free(&word);
	if (!word.data)
		return;
	list->word = mem_grow(list->word, list->count + 1, sizeof *list->word);
	list->word[list->count++] = buf_take(&word, NULL);
}

static figure_list figures_of(mr_bytes text)
{
	figure_list list = {.text = text};
	figures_each(&(figures_text){text, 1, {0}}, add_figure, &list);
	return list;
}

static void figures_free(figure_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->word[i]);
	free(list->word);
}

/* Numbers of `list` that `other` has (or has not), as an array. */
static json_t *choose_figures(const figure_list *list, const figure_list *other, bool shared)
{
	json_t *chosen = json_array();
	for (size_t i = 0; i < list->count; i++) {
		bool found = false;
		for (size_t k = 0; k < other->count && !found; k++)
			found = strcmp(list->word[i], other->word[k]) == 0;
		if (found == shared)
			json_array_append_new(chosen, json_string(list->word[i]));
	}
	return chosen;
}

/* ---- numbers ---- */

static json_t *texts_left_out(const compared *c)
{
	json_t *lines = json_array();
	sketcher *maker = sketcher_new();
	sketch made;
	sketcher_make(maker, (mr_bytes){NULL, 0}, c->body, &made);
	for (size_t k = 0; k < sketcher_pieces(maker)->count; k++) {
		mr_bytes words = sketcher_words(maker, k);
		while (words.len && (unsigned char)words.data[words.len - 1] <= ' ')
			words.len--;
		if (c->part->left_out >> k & 1)
			json_array_append_new(lines, json_stringn(words.data, words.len));
	}
	sketcher_free(&maker);
	return lines;
}

static json_t *known(double x)
{
	return x < 0 ? json_null() : json_real(x);
}

static json_t *quarters(const double part[4])
{
	return json_pack("[o,o,o,o]", known(part[0]), known(part[1]), known(part[2]), known(part[3]));
}

static json_t *about(const compared *c)
{
	char verdict[64];
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "feed_id", c->id, "title", c->title, "source_name", c->source, "verdict", explain_verdict(c->part, verdict),
			 "weight", (int)c->part->sketch->weight, "left_out", texts_left_out(c));
}

static const char *relation_word(enum sketch_relation relation)
{
	static const char *const words[] = {[SKETCH_DIFFERENT] = "different", [SKETCH_KIN] = "kin", [SKETCH_NEAR] = "near", [SKETCH_IDENTICAL] = "identical"};
	return words[relation];
}

static bool share_key(const sketch *a, const sketch *b)
{
	uint64_t x[SKETCH_KEYS], y[SKETCH_KEYS];
	size_t n = sketch_keys(a, x), m = sketch_keys(b, y);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			if (x[i] == y[k])
				return true;
	return false;
}

/* Why B follows A, or does not. */
static const char *reason_of(const compared *a, const compared *b, const sketch_match *m)
{
	if (b->part->owner == a->part || m->relation < SKETCH_NEAR)
		return sketch_rule_text(m->rule);
	if (b->part->owner)
		return "it is a copy of A, too, but another text was the better match";
	if (!share_key(a->part->sketch, b->part->sketch))
		return "like a copy, but the texts share no key: the index did not compare them";
	return m->relation == SKETCH_NEAR && b->part->state == PART_ARTICLE ? sketch_rule_text(RULE_INNER) : sketch_rule_text(m->rule);
}

/* Everything but the texts. */
static json_t *compare(const compared *a, const compared *b)
{
	sketch_match m = sketch_compare(a->part->sketch, b->part->sketch);
	sketch_evidence e = sketch_weigh(a->part->sketch, b->part->sketch);
	figure_list x = figures_of(a->body), y = figures_of(b->body);
	json_t *all = json_pack("{s:o, s:o, s:b, s:s, s:s, s:f, s:b}", "a", about(a), "b", about(b), "b_follows_a", b->part->owner == a->part, "relation", relation_word(m.relation),
				"rule", reason_of(a, b, &m), "similarity", m.similarity, "changed", m.changed);
	json_object_set_new(all, "evidence", json_pack("{s:f, s:f, s:f, s:o, s:o, s:o, s:o}", "resemblance", e.resemblance, "a_in_b", e.in_a, "b_in_a", e.in_b, "quarters_of_a",
							quarters(e.part_a), "quarters_of_b", quarters(e.part_b), "figures", known(e.figures), "title", known(e.title)));
	json_object_set_new(all, "figures", json_pack("{s:o, s:o, s:o}", "shared", choose_figures(&x, &y, true), "only_a", choose_figures(&x, &y, false), "only_b", choose_figures(&y, &x, false)));
	figures_free(&x);
	figures_free(&y);
	return all;
}

void explain_pair_json(const compared *earlier, const compared *later)
{
	json_t *all = compare(earlier, later);
	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(all);
}

/* ---- for people ---- */

static double real_of(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	return json_is_number(v) ? json_number_value(v) : -1;
}

static void add_number(table *rows, const char *name, double value, const char *meaning)
{
	table_add(rows, TERM_PLAIN, "%s", name);
	table_add(rows, TERM_BOLD, value < 0 ? "-" : "%.2f", value);
	table_add(rows, TERM_DIM, "%s", meaning);
}

static void add_quarters(table *rows, const char *name, const json_t *four, const char *meaning)
{
	buf text = {0};
	for (size_t i = 0; i < 4; i++) {
		const json_t *v = json_array_get(four, i);
		if (json_is_null(v))
			buf_add_str(&text, i ? "  -" : "-");
		else
			buf_printf(&text, i ? "  %.2f" : "%.2f", json_number_value(v));
	}
	table_add(rows, TERM_PLAIN, "%s", name);
	table_add(rows, TERM_BOLD, "%s", text.data);
	table_add(rows, TERM_DIM, "%s", meaning);
	buf_free(&text);
}

static void print_evidence(const term *out, const json_t *all)
{
	static const table_column columns[] = {{"measure", 12, 0, 0, false}, {"value", 4, 0, 0, false}, {"meaning", 20, 0, 0, false}};
	const json_t *e = json_object_get(all, "evidence");
	table *rows = table_new(columns, 3);
	add_number(rows, "resemblance", real_of(e, "resemblance"), "of all runs of either text, in both");
	add_number(rows, "A in B", real_of(e, "a_in_b"), "of the runs of A, in B");
	add_number(rows, "B in A", real_of(e, "b_in_a"), "of the runs of B, in A");
	add_quarters(rows, "quarters of A", json_object_get(e, "quarters_of_a"), "of each quarter of A, in B");
	add_quarters(rows, "quarters of B", json_object_get(e, "quarters_of_b"), "of each quarter of B, in A");
	add_number(rows, "figures", real_of(e, "figures"), "of the smaller set of numbers, in the other");
	add_number(rows, "titles", real_of(e, "title"), "resemblance of the titles");
	table_print(rows, out);
	table_free(&rows);
}

static void print_list(const term *out, const char *name, const json_t *list, enum term_style style, const char *between)
{
	size_t count = json_array_size(list);
	if (!count)
		return;
	fprintf(out->out, "%s: %s", name, term_code(out, style));
	for (size_t i = 0; i < count && i < FIGURES_SHOWN; i++) {
		fputs(i ? between : "", out->out);
		term_print(out, mr_bytes_of(json_string_value(json_array_get(list, i))));
	}
	fprintf(out->out, "%s%s\n", count > FIGURES_SHOWN ? " ..." : "", term_code(out, TERM_PLAIN));
}

static void print_about(const term *out, const char *name, const json_t *c)
{
	term_heading(out, "%s  %s", name, json_string_value(json_object_get(c, "feed_id")));
	term_paragraph(out, 0, json_string_value(json_object_get(c, "title")));
	fprintf(out->out, "%sweight of %d ideographs", term_code(out, TERM_DIM), (int)json_integer_value(json_object_get(c, "weight")));
	const char *source = json_string_value(json_object_get(c, "source_name"));
	if (*source)
		fputs(", of ", out->out);
	term_print(out, mr_bytes_of(source));
	fprintf(out->out, "%s\n", term_code(out, TERM_PLAIN));
	print_list(out, "left out, because the source repeats it", json_object_get(c, "left_out"), TERM_CYAN, " | ");
}

void explain_pair(const term *out, const compared *earlier, const compared *later)
{
	json_t *all = compare(earlier, later);
	const json_t *figures = json_object_get(all, "figures");
	char verdict[64];
	print_about(out, "A", json_object_get(all, "a"));
	print_about(out, "B", json_object_get(all, "b"));
	term_heading(out, "B is a %s%s", explain_verdict(later->part, verdict), later->part->owner == earlier->part ? " of A" : "");
	term_paragraph(out, 0, json_string_value(json_object_get(all, "rule")));
	print_evidence(out, all);
	term_heading(out, "Numbers");
	print_list(out, "in both", json_object_get(figures, "shared"), TERM_DIM, "  ");
	print_list(out, "only in A", json_object_get(figures, "only_a"), TERM_RED, "  ");
	print_list(out, "only in B", json_object_get(figures, "only_b"), TERM_GREEN, "  ");
	print_texts(out, earlier, later);
	json_decref(all);
}
