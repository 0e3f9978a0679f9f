/* index_stat.c - `millrace index stat`: what is in the index, by day, and what of it still lives. */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/index.h"
#include "common/mem.h"
#include "common/times.h"
#include "daemon/index_live.h"
#include "daemon/index_log.h"
#include "daemon/index_store.h"

#define DAY_MS 86400000LL
#define DAYS_MAX 20000                   /* clocks are the feed's: beyond so many days they are counted together */
#define DAYS_SHOWN 62
#define BAR_CELLS 40

typedef struct day {
	int64_t number;                  /* days since 1970; -1: no clock */
	uint64_t articles, aliases;
} day;

typedef struct stat_state {
	index_live *live;
	day *days;                       /* ascending */
	size_t day_count, last_day;
	day others;                      /* number unused */
	uint64_t articles, aliases, revisions;
	int64_t oldest_ms, newest_ms;    /* of articles; -1: none has a clock */
} stat_state;

static day *day_of(stat_state *self, int64_t clock_ms)
{
	int64_t number = clock_ms < 0 ? -1 : clock_ms / DAY_MS;
	size_t low = 0, high = self->day_count;
	if (self->last_day < self->day_count && self->days[self->last_day].number == number)
		return &self->days[self->last_day];
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (self->days[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == self->day_count || self->days[low].number != number) {
		if (self->day_count == DAYS_MAX)
			return &self->others;
		self->days = mem_grow(self->days, self->day_count + 1, sizeof *self->days);
		memmove(self->days + low + 1, self->days + low, (self->day_count - low) * sizeof *self->days);
		self->days[low] = (day){number, 0, 0};
		self->day_count++;
	}
	self->last_day = low;
	return &self->days[low];
}

static int on_entry(void *arg, mr_bytes bytes, uint32_t format, uint32_t segment)
{
	stat_state *self = arg;
	index_entry entry;
	mr_bytes topic;
	(void)segment;
	if (index_entry_decode(bytes, format, &entry, &topic))
		return -1;
	index_live_see(self->live, &entry, topic);
	day *d = day_of(self, entry.clock_ms);
	if (entry.kind == INDEX_ALIAS) {
		self->aliases++;
		d->aliases++;
		return 0;
	}
	self->articles++;
	self->revisions += entry.revision > 0;
	d->articles++;
	if (entry.clock_ms >= 0 && (self->oldest_ms < 0 || entry.clock_ms < self->oldest_ms))
		self->oldest_ms = entry.clock_ms;
	if (entry.clock_ms > self->newest_ms)
		self->newest_ms = entry.clock_ms;
	return 0;
}

/* "2026-03-13"; years beyond 9999 and the like: "?". */
static char *day_text(int64_t number, char out[TIME_TEXT_BYTES])
{
	if (number < 0)
		strcpy(out, "no clock");
	else if (number > INT64_MAX / DAY_MS || !time_print(number * DAY_MS, 0, out))
		strcpy(out, "?");
	else
		out[10] = 0;
	return out;
}

/* ---- for people ---- */

static void line(const term *out, const char *name, const char *format, ...) MR_PRINTF(3, 4);

static void line(const term *out, const char *name, const char *format, ...)
{
	va_list args;
	printf("  %s%-12s%s", term_code(out, TERM_DIM), name, term_code(out, TERM_PLAIN));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void print_log(const term *out, const index_scan *found, const index_log_identity *own)
{
	char a[32], b[32];
	const index_segment *first = &found->segments[0], *last = &found->segments[found->segment_count - 1];
	uint32_t oldest = last->format;
	for (size_t i = 0; i < found->segment_count; i++)
		if (found->segments[i].format && found->segments[i].format < oldest)
			oldest = found->segments[i].format;
	line(out, "Files", "%zu, %s (index-%08" PRIu32 ".log to -%08" PRIu32 ")", found->segment_count, index_bytes(found->bytes, a), first->number, last->number);
	line(out, "Epochs", "%s marked, %s without a mark%s; the next is %" PRIu64, index_number(found->epochs, a), index_number(found->dropped, b),
	     found->tail.epoch ? ", the last one in doubt" : "", found->last_epoch + 1);
	line(out, "Versions", "format %" PRIu32 "%s, sketches %" PRIu32 ", folding %" PRIu32 ", ids %" PRIu32 ", intake.identity %s", oldest,
	     oldest < own->format ? " and later" : "", last->sketches, own->fold_version, own->id_version, own->identity_mode);
	line(out, "Log id", "%016" PRIx64, found->log_id);
	if (found->has_positions)
		line(out, "Journal", "followed to %.*s", (int)(found->positions.len ? found->positions.len - 1 : 0), buf_bytes(&found->positions).data);
	if (found->damage_count)
		line(out, "Damage", "%s%zu place%s%s; see `millrace index verify`", term_code(out, TERM_RED), found->damage_count, found->damage_count == 1 ? "" : "s",
		     term_code(out, TERM_PLAIN));
}

static void print_entries(const term *out, const stat_state *self, const index_scan *found)
{
	char a[32], b[32], c[32], d[32];
	char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];
	index_live_counts live = index_live_count(self->live);
	uint64_t all = self->articles + self->aliases, alive = live.articles + live.aliases;
	line(out, "Articles", "%s (of these %s revisions)", index_number(self->articles, a), index_number(self->revisions, b));
	line(out, "Aliases", "%s", index_number(self->aliases, a));
	line(out, "By itself", "%s, followed in the journal or kept by a compaction", index_number(found->followed, a));
	line(out, "Alive", "%.1f %%: %s articles and %s aliases; %s were replaced, %s are out of the window", all ? 100.0 * (double)alive / (double)all : 100.0,
	     index_number(live.articles, a), index_number(live.aliases, b), index_number(live.replaced, c), index_number(live.expired, d));
	if (self->oldest_ms >= 0)
		line(out, "Clocks", "%s to %s", day_text(self->oldest_ms / DAY_MS, from), day_text(self->newest_ms / DAY_MS, to));
}

static void add_row(table *t, const char *name, const day *d, uint64_t most)
{
	char a[32], b[32], bar[BAR_CELLS * 3 + 1] = "";
	for (uint64_t cells = most ? (d->articles * BAR_CELLS + most - 1) / most : 0; cells; cells--)
		strcat(bar, "█");
	table_add(t, TERM_PLAIN, "%s", name);
	table_add(t, TERM_PLAIN, "%s", index_number(d->articles, a));
	table_add(t, TERM_PLAIN, "%s", index_number(d->aliases, b));
	table_add(t, TERM_CYAN, "%s", bar);
}

static void print_days(const term *out, const stat_state *self)
{
	static const table_column columns[] = {{"Day (UTC)", 10, 0, 0, false}, {"Articles", 8, 0, 0, true}, {"Aliases", 7, 0, 0, true}, {"", BAR_CELLS, 0, 80, false}};
	table *t = table_new(columns, 4);
	char name[TIME_TEXT_BYTES];
	size_t first = self->day_count > DAYS_SHOWN ? self->day_count - DAYS_SHOWN : 0;
	uint64_t most = 0;
	day earlier = self->others;
	for (size_t i = 0; i < first; i++) {
		earlier.articles += self->days[i].articles;
		earlier.aliases += self->days[i].aliases;
	}
	for (size_t i = first; i < self->day_count; i++)
		most = self->days[i].articles > most ? self->days[i].articles : most;
	if (earlier.articles || earlier.aliases)
		add_row(t, "others", &earlier, 0);
	for (size_t i = first; i < self->day_count; i++)
		add_row(t, day_text(self->days[i].number, name), &self->days[i], most);
	if (table_rows(t)) {
		term_heading(out, "By day of the record's clock");
		table_print(t, out);
	}
	table_free(&t);
}

/* ---- for programs ---- */

static json_t *days_json(const stat_state *self)
{
	json_t *days = json_array();
	char name[TIME_TEXT_BYTES];
	for (size_t i = 0; i < self->day_count; i++)
		json_array_append_new(days, json_pack("{s:s*,s:I,s:I,s:I}", "day", self->days[i].number < 0 ? NULL : day_text(self->days[i].number, name), "day_number",
						      (json_int_t)self->days[i].number, "articles", (json_int_t)self->days[i].articles, "aliases",
						      (json_int_t)self->days[i].aliases));
	return days;
}

static json_t *files_json(const index_scan *found)
{
	json_t *files = json_array();
	char name[32];
	for (size_t i = 0; i < found->segment_count; i++) {
		const index_segment *s = &found->segments[i];
		snprintf(name, sizeof name, "index-%08" PRIu32 ".log", s->number);
		json_array_append_new(files, json_pack("{s:s,s:I,s:I,s:I}", "file", name, "bytes", (json_int_t)s->bytes, "format", (json_int_t)s->format, "sketches",
						       (json_int_t)s->sketches));
	}
	return files;
}

static void print_json(const index_options *options, const stat_state *self, const index_scan *found, bool in_use)
{
	index_live_counts live = index_live_count(self->live);
	char id[20];
	snprintf(id, sizeof id, "%016" PRIx64, found->log_id);
	json_t *all = json_pack("{s:s,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "folder", options->folder, "in_use", in_use, "log_id", id, "bytes",
				(json_int_t)found->bytes, "epochs", (json_int_t)found->epochs, "epochs_without_mark", (json_int_t)found->dropped, "epoch_in_doubt",
				(json_int_t)found->tail.epoch, "last_epoch", (json_int_t)found->last_epoch, "articles", (json_int_t)self->articles, "revisions",
				(json_int_t)self->revisions, "aliases", (json_int_t)self->aliases, "by_itself", (json_int_t)found->followed, "damaged_places",
				(json_int_t)found->damage_count);
	if (!all)                                /* the name of a folder that is no UTF-8 */
		all = json_object();
	json_object_set_new(all, "live", json_pack("{s:I,s:I,s:I,s:I}", "articles", (json_int_t)live.articles, "aliases", (json_int_t)live.aliases, "replaced",
						   (json_int_t)live.replaced, "expired", (json_int_t)live.expired));
	json_object_set_new(all, "oldest_clock_ms", self->oldest_ms < 0 ? json_null() : json_integer((json_int_t)self->oldest_ms));
	json_object_set_new(all, "newest_clock_ms", self->newest_ms < 0 ? json_null() : json_integer((json_int_t)self->newest_ms));
	if (found->has_positions)
		json_object_set_new(all, "journal_positions", json_stringn(buf_bytes(&found->positions).data, found->positions.len));
	json_object_set_new(all, "files", files_json(found));
	json_object_set_new(all, "days", days_json(self));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

int index_stat(const index_options *options, const settings *conf)
{
	index_log_identity own = index_store_identity(conf);
	stat_state self = {.live = index_live_new(settings_int(conf, "dedup.window_days") * DAY_MS, (int64_t)time(NULL) * 1000), .oldest_ms = -1, .newest_ms = -1};
	index_scan found = {0};
	term out = term_of(stdout);
	bool in_use = index_log_in_use(options->folder);
	int rc = index_read(options, conf, on_entry, &self, &found);
	if (!rc && options->json) {
		print_json(options, &self, &found, in_use);
	} else if (!rc) {
		printf("%s%s%s%s\n", term_code(&out, TERM_BOLD), options->folder, term_code(&out, TERM_PLAIN), in_use ? " (in use)" : "");
		print_log(&out, &found, &own);
		print_entries(&out, &self, &found);
		print_days(&out, &self);
	}
	index_live_free(&self.live);
	index_scan_free(&found);
	free(self.days);
	return rc;
}
