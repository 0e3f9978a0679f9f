/* demo_show.c - what came out of the demo feed, for a reader who sees Millrace for the first time: one table for each output topic, then the account. */
#include "cli/demo_show.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/term.h"

#define NBSP "\xC2\xA0"

typedef struct showing {
	const demo_feed *feed;
	const demo_account *account;
	term out;
} showing;

static const char *title_or(const json_t *article, const char *otherwise)
{
	const char *title = demo_text(article, "title");
	return *title ? title : otherwise;
}

/* The published article with this id that came out before record `before`; NULL: none. */
static const json_t *find_article(const demo_feed *feed, const char *id, size_t before)
{
	size_t k;
	json_t *article;
	for (size_t i = 0; *id && i < before; i++)
		json_array_foreach(feed->records[i].articles, k, article)
			if (feed->records[i].outcome == DEMO_PUBLISHED && strcmp(demo_text(article, "article_id"), id) == 0)
				return article;
	return NULL;
}

static size_t count(const demo_feed *feed, enum demo_outcome outcome)
{
	size_t n = 0;
	for (size_t i = 0; i < feed->count; i++)
		n += feed->records[i].outcome != outcome ? 0 : outcome == DEMO_DEAD ? 1 : json_array_size(feed->records[i].articles);
	return n;
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static bool shows(const demo_record *r, const char *what)
{
	const char *word = json_string_value(json_object_get(r->line, "show"));
	return word && strcmp(word, what) == 0;
}

/* ---- articles ---- */

/* "talent 0.98, science 0.71"; label and score stay together. */
static void add_labels(table *t, const json_t *article)
{
	char text[512] = "", score[80];
	size_t used = 0, i;
	json_t *label;
	json_array_foreach(json_object_get(article, "labels"), i, label) {
		snprintf(score, sizeof score, "score_%.60s", json_string_value(label));
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%.60s" NBSP "%.2f", i ? ", " : "", json_string_value(label), json_number_value(json_object_get(article, score)));
		if (used >= sizeof text - 100)
			break;
	}
	const char *primary = demo_text(article, "primary_label");
	table_add(t, term_label(primary), "%s", used ? text : primary);
}

static const char *between(const buf *notes)
{
	return notes->len ? "; " : "";
}

static void note_revision(buf *notes, const demo_feed *feed, const demo_record *r, const json_t *article)
{
	const char *owner = demo_text(article, "duplicate_of");          /* null: the earlier version has the same id */
	json_int_t revision = json_integer_value(json_object_get(article, "revision"));
	if (revision <= 0)
		return;
	const json_t *base = find_article(feed, *owner ? owner : demo_text(article, "article_id"), (size_t)(r - feed->records));
	buf_printf(notes, "revision" NBSP "%lld", (long long)revision);
	if (base)
		buf_printf(notes, ", was: %.300s", title_or(base, "(no title)"));
}

static void add_notes(table *t, const demo_feed *feed, const demo_record *r, const json_t *article)
{
	buf notes = {0};
	const char *language = demo_text(article, "language");
	size_t units = json_array_size(json_object_get(json_object_get(article, "detail"), "responsible_units"));
	note_revision(&notes, feed, r, article);
	if (shows(r, "html"))
		buf_printf(&notes, "%sfrom an HTML page", between(&notes));
	if (strcmp(language, "zh") == 0 && strcmp(demo_text(article, "script"), "Hant") == 0)
		buf_printf(&notes, "%sTraditional Chinese", between(&notes));
	else if (strcmp(language, "en") == 0)
		buf_printf(&notes, "%sEnglish", between(&notes));
	if (json_is_true(json_object_get(article, "truncated")))
		buf_printf(&notes, "%sthe source breaks off", between(&notes));
	if (units)
		buf_printf(&notes, "%s%zu tasks with the units responsible", between(&notes), units);
	table_add(t, TERM_DIM, "%s", buf_bytes(&notes).data);
	buf_free(&notes);
}

static void add_article(table *t, const demo_feed *feed, const demo_record *r, const json_t *article)
{
	json_int_t pages = json_integer_value(json_object_get(article, "page_count")), page = json_integer_value(json_object_get(article, "page_index"));
	json_t *authors = json_object_get(article, "authors");
	if (pages > 1 && page == 0)
		table_add_line(t, TERM_DIM, "one newspaper page, split into %lld articles:", (long long)pages);
	table_add(t, TERM_PLAIN, "%s%s", pages > 1 ? NBSP NBSP : "", title_or(article, "(no title)"));
	add_labels(t, article);
	table_add(t, TERM_PLAIN, "%.10s", demo_text(article, "published_at"));
	table_add(t, TERM_PLAIN, "%s", demo_text(article, "source_name"));
	table_add(t, TERM_PLAIN, "%s%s", json_array_size(authors) ? json_string_value(json_array_get(authors, 0)) : "", json_array_size(authors) > 1 ? " ..." : "");
	add_notes(t, feed, r, article);
}

static void show_articles(const showing *self)
{
	static const table_column columns[] = {{"Title", 36, 0, 0, false}, {"Labels", 15, 27, 0, false}, {"Published", 10, 0, 100, false}, {"Source", 12, 0, 120, false},
					       {"Author", 8, 14, 120, false}, {"Remarks", 20, 0, 0, false}};
	table *t = table_new(columns, 6);
	size_t k;
	json_t *article;
	term_heading(&self->out, "Articles: %zu in topic articles.enriched", count(self->feed, DEMO_PUBLISHED));
	for (size_t i = 0; i < self->feed->count; i++)
		if (self->feed->records[i].outcome == DEMO_PUBLISHED)
			json_array_foreach(self->feed->records[i].articles, k, article)
				add_article(t, self->feed, &self->feed->records[i], article);
	table_print(t, &self->out);
	table_free(&t);
}

/* ---- duplicates ---- */

static void add_duplicate(table *t, const demo_feed *feed, const json_t *article)
{
	json_t *similarity = json_object_get(article, "similarity");
	json_int_t pages = json_integer_value(json_object_get(article, "page_count"));
	const json_t *owner = find_article(feed, demo_text(article, "duplicate_of"), feed->count);
	char whole[64] = "(no title)";
	if (pages > 1)
		snprintf(whole, sizeof whole, "(a whole page of %lld articles)", (long long)pages);
	table_add(t, TERM_PLAIN, "%s", title_or(article, whole));
	table_add(t, TERM_YELLOW, "%s", demo_text(article, "duplicate_kind"));
	if (json_is_number(similarity))
		table_add(t, TERM_PLAIN, "%.2f", json_number_value(similarity));
	else
		table_add(t, TERM_PLAIN, " ");
	table_add(t, TERM_PLAIN, "%s", owner ? title_or(owner, "(no title)") : demo_text(article, "duplicate_of"));
	table_add(t, TERM_PLAIN, "%s", demo_text(article, "source_name"));
	table_add(t, TERM_PLAIN, "%s", owner ? demo_text(owner, "source_name") : "");
}

static void show_duplicates(const showing *self)
{
	static const table_column columns[] = {{"Title", 24, 0, 0, false},   {"Kind", 5, 0, 0, false},   {"Alike", 5, 0, 0, true},
					       {"Repeats", 24, 0, 0, false}, {"In", 12, 0, 120, false}, {"First in", 12, 0, 120, false}};
	table *t = table_new(columns, 6);
	size_t k;
	json_t *article;
	term_heading(&self->out, "Duplicates: %zu in topic articles.duplicates, without their texts", count(self->feed, DEMO_DUPLICATE));
	for (size_t i = 0; i < self->feed->count; i++)
		if (self->feed->records[i].outcome == DEMO_DUPLICATE)
			json_array_foreach(self->feed->records[i].articles, k, article)
				add_duplicate(t, self->feed, article);
	if (table_rows(t)) {
		table_print(t, &self->out);
		printf("%s", term_code(&self->out, TERM_DIM));
		term_paragraph(&self->out, 2, "exact: the same text, also in the other script; near: much the same; url: much the same, at the same address. Alike: from 0 to 1.");
		printf("%s", term_code(&self->out, TERM_PLAIN));
	}
	table_free(&t);
}

/* ---- alerts ---- */

static void show_alerts(const showing *self)
{
	static const table_column columns[] = {{"Watch", 9, 14, 0, false}, {"Found", 8, 14, 0, false}, {"In", 24, 0, 0, false}, {"Where it stands first", 24, 0, 0, false}};
	table *t = table_new(columns, 4);
	size_t k;
	json_t *alert;
	for (size_t i = 0; i < self->feed->count; i++)
		json_array_foreach(self->feed->records[i].alerts, k, alert) {
			const json_t *hit = json_array_get(json_object_get(json_object_get(alert, "detail"), "hits"), 0);
			const char *name = demo_text(alert, "watch_name");
			table_add(t, TERM_YELLOW, "%s", *name ? name : demo_text(alert, "watch"));
			table_add(t, TERM_PLAIN, "%s", demo_text(hit, "text"));
			table_add(t, TERM_PLAIN, "%s", title_or(alert, "(no title)"));
			table_add(t, TERM_DIM, "%s", strcmp(demo_text(hit, "field"), "title") == 0 ? "the headline" : demo_text(hit, "excerpt"));
		}
	if (table_rows(t)) {
		term_heading(&self->out, "Alerts: %zu in topic articles.alerts, for the watches beside the feed", table_rows(t));
		table_print(t, &self->out);
	}
	table_free(&t);
}

/* ---- dead letters and tombstones ---- */

static void show_dead(const showing *self)
{
	static const table_column columns[] = {{"What was sent", 24, 0, 0, false}, {"Reason", 18, 0, 0, false}, {"Found", 24, 0, 0, false}};
	table *t = table_new(columns, 3);
	term_heading(&self->out, "Dead letters: %zu in topic dlq.articles.raw, their bytes untouched", count(self->feed, DEMO_DEAD));
	for (size_t i = 0; i < self->feed->count; i++) {
		const demo_record *r = &self->feed->records[i];
		const char *sent = json_string_value(json_object_get(r->line, "note"));
		if (r->outcome != DEMO_DEAD)
			continue;
		table_add(t, TERM_PLAIN, "%s", sent ? sent : "");
		table_add(t, TERM_RED, "%s", r->code);
		table_add(t, TERM_PLAIN, "%s", r->message);
	}
	if (table_rows(t))
		table_print(t, &self->out);
	table_free(&t);
}

static void show_tombstones(const showing *self)
{
	if (!self->account->tombstones)
		return;
	term_heading(&self->out, "Tombstones: %lld, counted", (long long)self->account->tombstones);
	for (size_t i = 0; i < self->feed->count; i++) {
		const demo_record *r = &self->feed->records[i];
		if (r->null_value)
			printf("  key %s, value null: with intake.identity = record nothing is sent on\n", r->key ? r->key : "null");
	}
}

/* ---- the account ---- */

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void show_stages(const showing *self)
{
	buf text = {0};
	buf_add_str(&text, "Stages, from asked to answered, on average:");
	for (size_t i = 0; i < self->account->stage_count; i++)
		buf_printf(&text, "%s %s" NBSP "%.0f" NBSP "ms", i ? "," : "", self->account->stages[i].name, self->account->stages[i].mean_ms);
	if (self->account->stage_count)
		term_paragraph(&self->out, 2, buf_bytes(&text).data);
	buf_free(&text);
}

static void show_times(const showing *self)
{
	int64_t *times = malloc((self->feed->count + 1) * sizeof *times);
	char text[256];
	size_t n = 0;
	double seconds = self->account->seconds;
	for (size_t i = 0; times && i < self->feed->count; i++)
		if (self->feed->records[i].ended_ms)
			times[n++] = self->feed->records[i].ended_ms - self->feed->records[i].sent_ms;
	if (n) {
		qsort(times, n, sizeof *times, compare);
		snprintf(text, sizeof text, "%zu records in %.1f s, %.0f a second. From sent to readable: %.1f s (median), %.1f s (slowest).", self->feed->count, seconds,
			 seconds > 0 ? (double)self->feed->count / seconds : 0, (double)times[n / 2] / 1000, (double)times[n - 1] / 1000);
		term_paragraph(&self->out, 2, text);
	}
	free(times);
	show_stages(self);
	printf("%s", term_code(&self->out, TERM_DIM));
	term_paragraph(&self->out, 2, "All records came at once into a system that had just started. ./run bench measures speed.");
	printf("%s", term_code(&self->out, TERM_PLAIN));
}

static void show_account(const showing *self)
{
	const demo_account *a = self->account;
	char text[256], filtered[40] = "";
	term_heading(&self->out, "The account: every record ends in exactly one way");
	if (a->filtered)                 /* with --set sink.filter=... */
		snprintf(filtered, sizeof filtered, " + %lld filtered", (long long)a->filtered);
	snprintf(text, sizeof text, "%lld read = %lld published + %lld duplicate%s%s + %lld dead letter%s + %lld tombstone%s + %lld in flight", (long long)a->read,
		 (long long)a->published, (long long)a->duplicates, plural(a->duplicates), filtered, (long long)a->dead, plural(a->dead), (long long)a->tombstones,
		 plural(a->tombstones), (long long)a->in_flight);
	term_paragraph(&self->out, 2, text);
	show_times(self);
}

void demo_show(const demo_feed *feed, const demo_account *account)
{
	showing self = {feed, account, term_of(stdout)};
	show_articles(&self);
	show_alerts(&self);
	show_duplicates(&self);
	show_dead(&self);
	show_tombstones(&self);
	show_account(&self);
}
