/* dlq_list.c - `millrace dlq list`: counts by reason and stage, or one line for each letter. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/dlq.h"
#include "cli/term.h"
#include "common/mem.h"

typedef struct group {
	const char *topic;               /* borrowed from the reader */
	char code[64], stage[64];
	int64_t count, first_ms, last_ms, replayed;
} group;

typedef struct listing {
	group *groups;
	size_t group_count;
	int64_t letters;
} listing;

static void copy(char *out, size_t size, mr_bytes text)
{
	snprintf(out, size, "%.*s", (int)text.len, text.data ? text.data : "");
}

static void count_letter(listing *self, const dlq_letter *letter)
{
	group one = {.topic = letter->topic, .first_ms = letter->died_ms, .last_ms = letter->died_ms};
	group *g = NULL;
	copy(one.code, sizeof one.code, letter->code);
	copy(one.stage, sizeof one.stage, letter->stage);
	for (size_t i = 0; i < self->group_count && !g; i++)
		if (strcmp(self->groups[i].topic, one.topic) == 0 && strcmp(self->groups[i].code, one.code) == 0 && strcmp(self->groups[i].stage, one.stage) == 0)
			g = &self->groups[i];
	if (!g) {
		self->groups = mem_grow(self->groups, self->group_count + 1, sizeof *self->groups);
		g = &self->groups[self->group_count++];
		*g = one;
	}
	g->count++;
	g->replayed += letter->replays > 0;
	g->first_ms = letter->died_ms < g->first_ms ? letter->died_ms : g->first_ms;
	g->last_ms = letter->died_ms > g->last_ms ? letter->died_ms : g->last_ms;
}

static int compare_groups(const void *a, const void *b)
{
	const group *x = a, *y = b;
	int topics = strcmp(x->topic, y->topic);
	if (topics)
		return topics;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->code, y->code);
}

#define TOPIC_WIDE 120                   /* from this width on the topic is a column, else a line between rows */

static void print_groups(listing *self, const term *out)
{
	static const table_column columns[] = {{"Reason", 18, 0, 0, false}, {"Stage", 8, 0, 0, false}, {"Letters", 7, 0, 0, true}, {"Replayed", 8, 0, 90, true},
					       {"First (UTC)", 16, 0, 0, false}, {"Last (UTC)", 16, 0, 0, false}, {"Topic", 24, 0, TOPIC_WIDE, false}};
	table *t = table_new(columns, 7);
	char time[64];
	const char *topic = "";
	if (self->group_count)
		qsort(self->groups, self->group_count, sizeof *self->groups, compare_groups);
	for (size_t i = 0; i < self->group_count; i++) {
		const group *g = &self->groups[i];
		if (strcmp(topic, g->topic) != 0 && out->width < TOPIC_WIDE)
			table_add_line(t, TERM_DIM, "%s", g->topic);
		topic = g->topic;
		table_add(t, TERM_RED, "%s", g->code[0] ? g->code : "(not told)");
		table_add(t, TERM_PLAIN, "%s", g->stage);
		table_add(t, TERM_PLAIN, "%" PRId64, g->count);
		table_add(t, TERM_PLAIN, "%" PRId64, g->replayed);
		table_add(t, TERM_PLAIN, "%s", dlq_time(g->first_ms, false, time));
		table_add(t, TERM_PLAIN, "%s", dlq_time(g->last_ms, false, time));
		table_add(t, TERM_DIM, "%s", g->topic);
	}
	table_print(t, out);
	table_free(&t);
	printf("\n  %" PRId64 " dead letter%s\n", self->letters, self->letters == 1 ? "" : "s");
}

static table *new_lines(void)
{
	static const table_column columns[] = {{"N", 3, 0, 0, true}, {"Where", 48, 0, 0, false}, {"Died (UTC)", 16, 0, 100, false}, {"Reason", 18, 0, 0, false},
					       {"Replays", 7, 0, 100, true}, {"Why", 24, 0, 0, false}};
	return table_new(columns, 6);
}

static void add_line(table *t, const dlq_letter *letter, int64_t number)
{
	char time[64];
	table_add(t, TERM_PLAIN, "%" PRId64, number);
	table_add(t, TERM_PLAIN, "%s:%" PRId32 ":%" PRId64, letter->topic, letter->partition, letter->offset);
	table_add(t, TERM_PLAIN, "%s", dlq_time(letter->died_ms, false, time));
	table_add(t, TERM_RED, "%.*s", (int)letter->code.len, letter->code.data ? letter->code.data : "");
	table_add(t, TERM_PLAIN, "%" PRId64, letter->replays);
	table_add(t, TERM_PLAIN, "%.*s", (int)letter->error.len, letter->error.data ? letter->error.data : "");
}

#define LINES_AT_ONCE 1000               /* widths are found for so many lines together; memory stays bounded */

static void flush_lines(table **lines, const term *out)
{
	table_print(*lines, out);
	table_free(lines);
}

int dlq_list(const dlq_options *options, const settings *conf)
{
	dlq_reader reader;
	dlq_letter letter;
	buf errors = {0};
	listing self = {0};
	progress line = progress_new();
	term out = term_of(stdout);
	char text[64];
	uint64_t done, all;
	int got = dlq_reader_open(&reader, conf, options, "millrace-dlq", &errors);
	table *lines = options->each ? new_lines() : NULL;
	while (!got && self.letters < options->max && (got = dlq_reader_next(&reader, &letter, &errors)) > 0) {
		self.letters++;
		count_letter(&self, &letter);
		if (lines)
			add_line(lines, &letter, self.letters);
		dlq_letter_free(&letter);
		got = 0;
		dlq_reader_progress(&reader, &done, &all);
		snprintf(text, sizeof text, "%" PRId64 " letters", self.letters);
		progress_show(&line, done, all, text);
		if (lines && table_rows(lines) >= LINES_AT_ONCE) {
			progress_end(&line);
			flush_lines(&lines, &out);
			lines = new_lines();
		}
	}
	progress_end(&line);
	if (lines && table_rows(lines))
		flush_lines(&lines, &out);
	else if (got >= 0 && !options->each && self.letters)
		print_groups(&self, &out);
	if (got >= 0 && !self.letters)
		printf("no dead letters%s\n", reader.count ? "" : ": there is no dead-letter topic");
	if (got < 0)
		cli_failed("dlq", "%.*s", (int)(errors.len ? errors.len - 1 : 0), buf_bytes(&errors).data);
	table_free(&lines);
	free(self.groups);
	buf_free(&errors);
	dlq_reader_close(&reader);
	return got < 0 || dlq_stopped() ? EXIT_FAILED : EXIT_CLEAN;
}
