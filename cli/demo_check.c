/* demo_check.c - does what came out agree with what the feed expects? See demo_feed.h; conf/demo/README.md explains the members of `expect`. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/demo_feed.h"

static int differs(const demo_feed *self, const demo_record *r, const char *what, const char *expected, const char *found)
{
	fprintf(stderr, "  record %zu (%s): %s should be %s, is %s\n", (size_t)(r - self->records) + 1,
	        json_string_value(json_object_get(r->line, "note")), what, expected, found ? found : "null");
	return 1;
}

/* Compares a member of the expectation with the same member of the first article, whatever its type. */
static int check_member(const demo_feed *self, const demo_record *r, const char *name, const char *member)
{
	json_t *expected = json_object_get(json_object_get(r->line, "expect"), name);
	json_t *found = json_object_get(json_array_get(r->articles, 0), member);
	if (!expected || json_equal(expected, found))
		return 0;
	char *a = json_dumps(expected, JSON_ENCODE_ANY), *b = found ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
	int n = differs(self, r, member, a, b);
	free(a);
	free(b);
	return n;
}

/* The primary labels of a page's parts, in order. */
static int check_labels(const demo_feed *self, const demo_record *r)
{
	json_t *labels = json_object_get(json_object_get(r->line, "expect"), "primary_labels");
	int n = 0;
	for (size_t i = 0; i < json_array_size(labels); i++) {
		const char *expected = json_string_value(json_array_get(labels, i));
		const char *found = json_string_value(json_object_get(json_array_get(r->articles, i), "primary_label"));
		if (!found || strcmp(expected, found) != 0)
			n += differs(self, r, "primary_label of a part", expected, found);
	}
	return n;
}

static int check_published(const demo_feed *self, const demo_record *r)
{
	char expected[24], found[24];
	json_t *expect = json_object_get(r->line, "expect");
	json_int_t parts = json_integer_value(json_object_get(expect, "parts"));
	int n = 0;
	if (parts && (json_int_t)json_array_size(r->articles) != parts) {
		snprintf(expected, sizeof expected, "%lld", (long long)parts);
		snprintf(found, sizeof found, "%zu", json_array_size(r->articles));
		n += differs(self, r, "number of articles", expected, found);
	}
	n += check_member(self, r, "primary_label", "primary_label");
	n += check_member(self, r, "script", "script");
	n += check_member(self, r, "language", "language");
	n += check_member(self, r, "truncated", "truncated");
	n += check_member(self, r, "revision", "revision");
	n += check_member(self, r, "watches", "watches");
	json_int_t units = json_integer_value(json_object_get(expect, "responsible_units"));
	size_t told = json_array_size(json_object_get(json_object_get(json_array_get(r->articles, 0), "detail"), "responsible_units"));
	if (units && told < (size_t)units) {
		snprintf(expected, sizeof expected, "%lld", (long long)units);
		snprintf(found, sizeof found, "%zu", told);
		n += differs(self, r, "number of responsible units", expected, found);
	}
	return n + check_labels(self, r);
}

static const char *const outcome_names[] = {"nothing", "published", "duplicate", "dead"};

/* The article that it repeats must come from the record with the feed id that the line names. */
static int check_owner(const demo_feed *self, const demo_record *r)
{
	const char *of = json_string_value(json_object_get(json_object_get(r->line, "expect"), "of"));
	const char *owner = json_string_value(json_object_get(json_array_get(r->articles, 0), "duplicate_of"));
	const demo_record *found = NULL;
	for (size_t i = 0; of && owner && i < self->count; i++)
		if (strcmp(owner, demo_text(json_array_get(self->records[i].articles, 0), "article_id")) == 0 && self->records[i].outcome == DEMO_PUBLISHED)
			found = &self->records[i];
	const char *id = found ? json_string_value(json_object_get(json_array_get(found->articles, 0), "feed_id")) : NULL;
	return !of || (id && strcmp(of, id) == 0) ? 0 : differs(self, r, "the original's feed id", of, id);
}

static int check_record(const demo_feed *self, const demo_record *r)
{
	json_t *expect = json_object_get(r->line, "expect");
	const char *outcome = json_string_value(json_object_get(expect, "outcome"));
	const char *code = json_string_value(json_object_get(expect, "code"));
	if (!outcome)
		return 0;
	if (strcmp(strcmp(outcome, "tombstone") == 0 ? "nothing" : outcome, outcome_names[r->outcome]) != 0)
		return differs(self, r, "outcome", outcome, r->outcome == DEMO_DEAD ? r->code : outcome_names[r->outcome]);
	if (r->outcome == DEMO_PUBLISHED)
		return check_published(self, r);
	if (r->outcome == DEMO_DUPLICATE)
		return check_member(self, r, "kind", "duplicate_kind") + check_owner(self, r);
	return code && strcmp(code, r->code) != 0 ? differs(self, r, "code", code, r->code) : 0;
}

/* ---- the counts ---- */

/* What came out, in the form of expected.json; without labels. New. */
static json_t *counts_of(const demo_feed *self, const demo_account *account)
{
	json_int_t articles = 0, revisions = 0, alerts = 0;
	json_t *codes = json_object(), *article;
	size_t k;
	for (size_t i = 0; i < self->count; i++) {
		const demo_record *r = &self->records[i];
		if (r->outcome == DEMO_DEAD)
			json_object_set_new(codes, r->code, json_integer(json_integer_value(json_object_get(codes, r->code)) + 1));
		alerts += (json_int_t)json_array_size(r->alerts);
		articles += r->outcome == DEMO_PUBLISHED ? (json_int_t)json_array_size(r->articles) : 0;
		json_array_foreach(r->articles, k, article)
			revisions += r->outcome == DEMO_PUBLISHED && json_integer_value(json_object_get(article, "revision")) > 0;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "records", (json_int_t)account->read, "published", (json_int_t)account->published, "duplicates",
			 (json_int_t)account->duplicates, "dead", (json_int_t)account->dead, "tombstones", (json_int_t)account->tombstones, "articles", articles,
			 "revisions", revisions, "alerts", alerts, "dead_by_code", codes);
}

/* Members of expected.json that this program does not know are not compared: the labels stand in the lines of the feed. */
static int check_counts(const demo_feed *self, const demo_account *account, const char *folder)
{
	char path[4200];
	int n = 0;
	const char *name;
	json_t *value, *found = counts_of(self, account);
	json_error_t why;
	snprintf(path, sizeof path, "%s/expected.json", folder);
	json_t *expected = json_load_file(path, 0, &why);
	if (!json_is_object(expected)) {
		fprintf(stderr, "  %s: %s\n", path, why.text);
		n++;
	}
	json_object_foreach(found, name, value) {
		json_t *other = json_object_get(expected, name);
		if (!other || json_equal(value, other))
			continue;
		char *a = json_dumps(other, JSON_ENCODE_ANY), *b = json_dumps(value, JSON_ENCODE_ANY);
		fprintf(stderr, "  %s should be %s, is %s\n", name, a, b);
		free(a);
		free(b);
		n++;
	}
	json_decref(expected);
	json_decref(found);
	return n;
}

int demo_feed_check(const demo_feed *self, const demo_account *account, const char *folder)
{
	int n = check_counts(self, account, folder);
	for (size_t i = 0; i < self->count; i++)
		n += check_record(self, &self->records[i]);
	return n;
}
