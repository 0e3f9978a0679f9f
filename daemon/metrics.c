/* metrics.c - see metrics.h. Memory: one array of numbers, each row a run of slots in it, one for each word of its label; histograms likewise. */
#include "metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/filter.h"
#include "common/mem.h"
#include "common/settings.h"
#include "daemon/item.h"                 /* fault_names */

#define PARTITIONS_MAX 10000
#define WORDS_MAX 72                     /* 64 labels (settings_check), none, other */

/* Upper bounds in milliseconds; one more bucket takes the rest. From a fraction of a batch to the longest deadline that makes sense. */
static const double bounds[] = {1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000};
enum { BOUNDS = sizeof bounds / sizeof *bounds };

typedef struct histogram {
	uint64_t buckets[BOUNDS + 1];
	uint64_t count;
	double sum_ms;
} histogram;

typedef struct words {
	const char *items[WORDS_MAX];    /* borrowed, or of metrics.names */
	size_t count;
} words;

enum { PARTITION_VALUES = 2 };           /* rows with LABEL_PARTITION */

typedef struct place {                   /* a partition of Kafka */
	char *topic;
	int32_t number;
	int64_t values[PARTITION_VALUES];
	bool known[PARTITION_VALUES];
} place;

struct metrics {
	words words[LABEL_PARTITION + 1];        /* by label; of LABEL_NONE one empty word */
	size_t slot[METRIC_COUNT];               /* first number or histogram of the row; of PARTITION rows the place in place.values */
	int64_t *numbers;
	histogram *histograms;
	char **names;                            /* copies of stages and labels */
	size_t name_count;
	char *models[WORDS_MAX];                 /* by stage; NULL: not told */
	place *partitions;                       /* sorted by topic, number */
	size_t partition_count;
	int64_t started_s;
};

const metric_row metric_table[METRIC_COUNT] = {
#define METRIC_ROW(id, type, label, name, help) {METRIC_##type, LABEL_##label, name, help},
	METRICS(METRIC_ROW)
#undef METRIC_ROW
};

static const char *const label_names[] = {NULL, "stage", "reason", "kind", "label", "condition", "results", "result", NULL};

/* ---- making ---- */

static void add_words(words *set, const char *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set->items[set->count++] = items[i];
}

static void add_setting(metrics *self, words *set, const settings *s, const char *name)
{
	const char *const *items;
	size_t count = settings_list(s, name, &items);
	for (size_t i = 0; i < count && set->count + 2 < WORDS_MAX; i++) {
		self->names = mem_grow(self->names, self->name_count + 1, sizeof *self->names);
		set->items[set->count++] = self->names[self->name_count++] = mem_string(items[i]);
	}
}

static void place_rows(metrics *self)
{
	size_t numbers = 0, histograms = 0, partitions = 0;
	for (int i = 0; i < METRIC_COUNT; i++) {
		const metric_row *row = &metric_table[i];
		size_t *next = row->label == LABEL_PARTITION ? &partitions : row->type == METRIC_HISTOGRAM ? &histograms : &numbers;
		self->slot[i] = *next;
		*next += row->label == LABEL_PARTITION ? 1 : self->words[row->label].count;
	}
	assert(partitions == PARTITION_VALUES);
	self->numbers = mem_array(numbers, sizeof *self->numbers);
	self->histograms = mem_array(histograms, sizeof *self->histograms);
}

metrics *metrics_new(const settings *s)
{
	metrics *self = mem_alloc(sizeof *self);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	self->started_s = now.tv_sec;
	add_words(&self->words[LABEL_NONE], (const char *const[]){""}, 1);
	add_setting(self, &self->words[LABEL_STAGE], s, "pipeline.stages");
	add_words(&self->words[LABEL_REASON], fault_names, FAULT_CODES);         /* the last is "other" */
	add_words(&self->words[LABEL_KIND], (const char *const[]){"exact", "url", "near", "other"}, 4);
	add_setting(self, &self->words[LABEL_LABEL], s, "classify.labels");
	add_words(&self->words[LABEL_LABEL], (const char *const[]){"none", "other"}, 2);
	add_words(&self->words[LABEL_CONDITION], filter_names + FILTER_NONE + 1, FILTER_CONDITIONS - 1);
	add_words(&self->words[LABEL_CONDITION], (const char *const[]){"other"}, 1);
	add_words(&self->words[LABEL_RESULTS], (const char *const[]){"kept", "rewound", "other"}, 3);
	add_words(&self->words[LABEL_RESULT], (const char *const[]){"ok", "failed", "other"}, 3);
	place_rows(self);
	self->numbers[self->slot[METRIC_CONFIG_OK]] = 1;
	return self;
}

void metrics_free(metrics **self_p)
{
	metrics *self = *self_p;
	*self_p = NULL;
	if (!self)
		return;
	for (size_t i = 0; i < self->name_count; i++)
		free(self->names[i]);
	for (size_t i = 0; i < WORDS_MAX; i++)
		free(self->models[i]);
	for (size_t i = 0; i < self->partition_count; i++)
		free(self->partitions[i].topic);
	free(self->names);
	free(self->partitions);
	free(self->numbers);
	free(self->histograms);
	free(self);
}

/* ---- counting ---- */

static int64_t *number_of(metrics *self, enum metric id, enum metric_label label, size_t word)
{
	assert(metric_table[id].label == label && metric_table[id].type != METRIC_HISTOGRAM);
	return &self->numbers[self->slot[id] + word];
}

static void observe(metrics *self, enum metric id, enum metric_label label, size_t word, double ms)
{
	assert(metric_table[id].label == label && metric_table[id].type == METRIC_HISTOGRAM);
	histogram *h = &self->histograms[self->slot[id] + word];
	size_t bucket = 0;
	if (!(ms >= 0))
		ms = 0;                          /* a clock that was set back */
	while (bucket < BOUNDS && ms > bounds[bucket])
		bucket++;
	h->buckets[bucket]++;
	h->count++;
	h->sum_ms += ms;
}

void metrics_add(metrics *self, enum metric id, uint64_t n)
{
	if (self)
		*number_of(self, id, LABEL_NONE, 0) += (int64_t)n;
}

void metrics_set(metrics *self, enum metric id, int64_t value)
{
	if (self)
		*number_of(self, id, LABEL_NONE, 0) = value;
}

void metrics_observe(metrics *self, enum metric id, double ms)
{
	if (self)
		observe(self, id, LABEL_NONE, 0, ms);
}

int metrics_stage(const metrics *self, const char *name)
{
	for (size_t i = 0; self && i < self->words[LABEL_STAGE].count; i++)
		if (strcmp(self->words[LABEL_STAGE].items[i], name) == 0)
			return (int)i;
	return -1;
}

void metrics_stage_add(metrics *self, enum metric id, int stage, uint64_t n)
{
	if (self && stage >= 0)
		*number_of(self, id, LABEL_STAGE, (size_t)stage) += (int64_t)n;
}

void metrics_stage_set(metrics *self, enum metric id, int stage, int64_t value)
{
	if (self && stage >= 0)
		*number_of(self, id, LABEL_STAGE, (size_t)stage) = value;
}

void metrics_stage_observe(metrics *self, enum metric id, int stage, double ms)
{
	if (self && stage >= 0)
		observe(self, id, LABEL_STAGE, (size_t)stage, ms);
}

void metrics_stage_model(metrics *self, int stage, const char *fingerprint)
{
	if (!self || stage < 0)
		return;
	free(self->models[stage]);
	self->models[stage] = mem_string(fingerprint);
}

static int64_t *word_number(metrics *self, enum metric id, const char *word)
{
	const words *set = &self->words[metric_table[id].label];
	size_t at = 0;
	while (at + 1 < set->count && strcmp(set->items[at], word) != 0)
		at++;                            /* the last word is "other" */
	return number_of(self, id, metric_table[id].label, at);
}

void metrics_word(metrics *self, enum metric id, const char *word, uint64_t n)
{
	if (self)
		*word_number(self, id, word) += (int64_t)n;
}

void metrics_word_set(metrics *self, enum metric id, const char *word, uint64_t value)
{
	if (self)
		*word_number(self, id, word) = (int64_t)value;
}

bool metrics_word_get(const metrics *self, enum metric id, size_t i, const char **word, int64_t *value)
{
	const words *set = &self->words[metric_table[id].label];
	if (i >= set->count)
		return false;
	*word = set->items[i];
	*value = self->numbers[self->slot[id] + i];
	return true;
}

/* ---- partitions ---- */

/* Place of the partition in the sorted array, or where it belongs. */
static size_t find_partition(const metrics *self, const char *topic, int32_t number, bool *found)
{
	size_t low = 0, high = self->partition_count;
	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const place *p = &self->partitions[middle];
		int order = strcmp(p->topic, topic);
		if (!order)
			order = (p->number > number) - (p->number < number);
		if (!order)
			*found = true;
		if (order >= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void metrics_partition_set(metrics *self, enum metric id, const char *topic, int32_t number, int64_t v)
{
	bool found;
	assert(metric_table[id].label == LABEL_PARTITION);
	if (!self)
		return;
	size_t at = find_partition(self, topic, number, &found);
	if (!found) {
		if (self->partition_count == PARTITIONS_MAX)
			return;
		self->partitions = mem_grow(self->partitions, self->partition_count + 1, sizeof *self->partitions);
		memmove(&self->partitions[at + 1], &self->partitions[at], (self->partition_count - at) * sizeof *self->partitions);
		self->partitions[at] = (place){.topic = mem_string(topic), .number = number};
		self->partition_count++;
	}
	self->partitions[at].values[self->slot[id]] = v;
	self->partitions[at].known[self->slot[id]] = true;
}

void metrics_partition_drop(metrics *self, const char *topic, int32_t number)
{
	bool found;
	size_t at = self ? find_partition(self, topic, number, &found) : 0;
	if (!self || !found)
		return;
	free(self->partitions[at].topic);
	self->partition_count--;
	memmove(&self->partitions[at], &self->partitions[at + 1], (self->partition_count - at) * sizeof *self->partitions);
}

/* ---- asking ---- */

int64_t metrics_get(const metrics *self, enum metric id)
{
	const metric_row *row = &metric_table[id];
	int64_t sum = 0;
	for (size_t i = 0; self && row->label == LABEL_PARTITION && i < self->partition_count; i++)
		sum += self->partitions[i].values[self->slot[id]];
	for (size_t i = 0; self && row->label != LABEL_PARTITION && i < self->words[row->label].count; i++)
		sum += row->type == METRIC_HISTOGRAM ? (int64_t)self->histograms[self->slot[id] + i].count : self->numbers[self->slot[id] + i];
	return sum;
}

/* ---- Prometheus text ---- */

static void add_label_value(buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			buf_add_char(out, '\\');
		if (*text == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, *text);
	}
}

static void add_head(buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_number(buf *out, const metric_row *row, int64_t number)
{
	if (row->type == METRIC_GAUGE_MS)
		buf_printf(out, " %.3f\n", (double)number / 1000);
	else
		buf_printf(out, " %" PRId64 "\n", number);
}

static void render_numbers(const metrics *self, enum metric id, buf *out)
{
	const metric_row *row = &metric_table[id];
	const words *set = &self->words[row->label];
	for (size_t i = 0; i < set->count; i++) {
		buf_printf(out, "millrace_%s", row->name);
		if (row->label != LABEL_NONE) {
			buf_printf(out, "{%s=\"", label_names[row->label]);
			add_label_value(out, set->items[i]);
			buf_add_str(out, "\"}");
		}
		add_number(out, row, self->numbers[self->slot[id] + i]);
	}
}

static void render_partitions(const metrics *self, enum metric id, buf *out)
{
	for (size_t i = 0; i < self->partition_count; i++) {
		const place *p = &self->partitions[i];
		if (!p->known[self->slot[id]])
			continue;
		buf_printf(out, "millrace_%s{topic=\"", metric_table[id].name);
		add_label_value(out, p->topic);
		buf_printf(out, "\",partition=\"%" PRId32 "\"}", p->number);
		add_number(out, &metric_table[id], p->values[self->slot[id]]);
	}
}

static void render_histogram(const char *name, const char *label, const histogram *h, buf *out)
{
	uint64_t below = 0;
	const char *comma = label[0] ? "," : "";
	for (size_t i = 0; i < BOUNDS; i++) {
		below += h->buckets[i];
		buf_printf(out, "millrace_%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, label, comma, bounds[i] / 1000, below);
	}
	buf_printf(out, "millrace_%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label, comma, h->count);
	const char *open = label[0] ? "{" : "", *close = label[0] ? "}" : "";
	buf_printf(out, "millrace_%s_sum%s%s%s %.6f\n", name, open, label, close, h->sum_ms / 1000);
	buf_printf(out, "millrace_%s_count%s%s%s %" PRIu64 "\n", name, open, label, close, h->count);
}

static void render_histograms(const metrics *self, enum metric id, buf *out)
{
	const metric_row *row = &metric_table[id];
	for (size_t i = 0; i < self->words[row->label].count; i++) {
		buf label = {0};
		if (row->label != LABEL_NONE) {
			buf_printf(&label, "%s=\"", label_names[row->label]);
			add_label_value(&label, self->words[row->label].items[i]);
			buf_add_char(&label, '"');
		}
		render_histogram(row->name, buf_bytes(&label).data, &self->histograms[self->slot[id] + i], out);
		buf_free(&label);
	}
}

static void render_info(const metrics *self, buf *out)
{
	add_head(out, "millrace_build_info", "gauge", "version of the program");
	buf_printf(out, "millrace_build_info{version=\"%s\"} 1\n", MILLRACE_VERSION);
	add_head(out, "millrace_stage_info", "gauge", "model of the newest worker of a stage");
	for (size_t i = 0; i < self->words[LABEL_STAGE].count; i++) {
		if (!self->models[i])
			continue;
		buf_printf(out, "millrace_stage_info{stage=\"%s\",model=\"", self->words[LABEL_STAGE].items[i]);
		add_label_value(out, self->models[i]);
		buf_add_str(out, "\"} 1\n");
	}
	add_head(out, "millrace_start_time_seconds", "gauge", "start of the daemon in seconds since 1970");
	buf_printf(out, "millrace_start_time_seconds %" PRId64 "\n", self->started_s);
}

/* The names that dashboards know from every Prometheus client. Workers are processes of their own and not counted here. */
static void render_process(buf *out)
{
	struct rusage used;
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;
	if (file) {
		if (fscanf(file, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	add_head(out, "process_resident_memory_bytes", "gauge", "resident memory of the daemon");
	buf_printf(out, "process_resident_memory_bytes %lu\n", pages * (unsigned long)sysconf(_SC_PAGESIZE));
	getrusage(RUSAGE_SELF, &used);
	add_head(out, "process_cpu_seconds_total", "counter", "processor time of the daemon");
	buf_printf(out, "process_cpu_seconds_total %.2f\n", (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

void metrics_render(const metrics *self, buf *out)
{
	static const char *const types[] = {"counter", "gauge", "gauge", "histogram"};
	for (int i = 0; i < METRIC_COUNT; i++) {
		const metric_row *row = &metric_table[i];
		char name[80];
		snprintf(name, sizeof name, "millrace_%s", row->name);
		add_head(out, name, types[row->type], row->help);
		if (row->label == LABEL_PARTITION)
			render_partitions(self, i, out);
		else if (row->type == METRIC_HISTOGRAM)
			render_histograms(self, i, out);
		else
			render_numbers(self, i, out);
	}
	render_info(self, out);
	render_process(out);
}
