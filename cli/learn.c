/* learn.c - see learn.h. */
#include "learn.h"

#include <assert.h>
#include <linear.h>
#include <math.h>
#include <stdlib.h>

#include "cli/corpus.h"
#include "cli/couple.h"
#include "cli/unigrams.h"
#include "common/mem.h"
#include "workers/classify/scorer.h"

#define STOP_AT 0.01             /* liblinear's eps; 0.1 is its default for this solver, the last digit of F1 still moves there */

struct fit {
	uint32_t *column;                /* by gram: 1 + column, 0: not known */
	uint32_t *grams;                 /* by column */
	float *rarity;                   /* by column */
	double *weights;                 /* column-major: parts.count a column */
	double bias[MODEL_COMPONENTS_MAX];
	size_t columns, label_count;
	components parts;
	float damping[SCORER_TIMES_MAX];
	float title_share;
	bool ratio;
};

#define RATIO_SMOOTHING 0.5      /* texts added to each count, so that what one side never has is no certainty */

/* One row for liblinear: scaled counts of the known grams, then the bias feature. Returns the nodes written. */
static size_t part_nodes(const fit *self, const corpus_gram *counts, size_t count, double share, struct feature_node *out)
{
	double length2 = 0;
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t column = self->column[counts[i].gram];
		if (!column)
			continue;
		double weight = (double)self->damping[counts[i].times] * self->rarity[column - 1];
		out[n++] = (struct feature_node){(int)column, weight};
		length2 += weight * weight;
	}
	for (size_t i = 0; length2 > 0 && i < n; i++)
		out[i].value *= share / sqrt(length2);
	return n;
}

static size_t text_nodes(const fit *self, const corpus *from, const corpus_text *t, struct feature_node *out)
{
	const corpus_gram *counts = from->counts + t->first;
	size_t n = part_nodes(self, counts, t->count, 1, out);
	if (self->title_share > 0)
		n += part_nodes(self, counts + t->count, t->title_count, self->title_share, out + n);
	return n;
}

/* Columns for the grams `keep` allows (NULL: all) that stand in enough texts of the part. */
static void columns_number(fit *self, const corpus *from, const bool *in, const bool *keep, uint32_t min_texts)
{
	uint32_t *texts = mem_array(from->gram_count, sizeof *texts);
	size_t total = 0;
	for (size_t t = 0; t < from->text_count; t++) {
		const corpus_text *text = &from->texts[t];
		total += in[t];
		for (size_t i = text->first; in[t] && i < text->first + text->count + text->title_count; i++)
			texts[from->counts[i].gram]++;
	}
	self->columns = 0;
	for (uint32_t gram = 0; gram < from->gram_count; gram++) {
		bool known = texts[gram] >= min_texts && (!keep || keep[gram]);
		self->column[gram] = known ? (uint32_t)++self->columns : 0;
		if (!known)
			continue;
		self->grams[self->columns - 1] = gram;
		self->rarity[self->columns - 1] = self->ratio ? 1 : (float)(1 + log((1.0 + (double)total) / (1.0 + texts[gram])));
	}
	free(texts);
}

/* All rows of the part; a text that counts n times is n rows of the same nodes. */
typedef struct rows {
	struct feature_node *nodes, **at;
	size_t *text;
	size_t count, node_count;
} rows;

static rows rows_make(const fit *self, const corpus *from, const dataset *data, const bool *in)
{
	rows out = {0};
	size_t nodes = 0, count = 0, used = 0;
	for (size_t t = 0; t < from->text_count; t++)
		if (in[t]) {
			count += (size_t)data->files[data->at[t].file].times;
			nodes += from->texts[t].count + from->texts[t].title_count + 2;
		}
	out.nodes = mem_array(nodes, sizeof *out.nodes);
	out.at = mem_array(count, sizeof *out.at);
	out.text = mem_array(count, sizeof *out.text);
	for (size_t t = 0; t < from->text_count; t++) {
		if (!in[t])
			continue;
		struct feature_node *row = out.nodes + used;
		used += text_nodes(self, from, &from->texts[t], row);
		out.nodes[used++] = (struct feature_node){(int)self->columns + 1, 1};
		out.nodes[used++] = (struct feature_node){-1, 0};
		for (int i = 0; i < data->files[data->at[t].file].times; i++) {
			out.at[out.count] = row;
			out.text[out.count++] = t;
		}
	}
	out.node_count = used;
	return out;
}

static void rows_free(rows *self)
{
	free(self->nodes);
	free(self->at);
	free(self->text);
}

static void quiet(const char *line)
{
	(void)line;
}

/* The rows that a component learns from: its own texts and all without the label. Values are copied when they are to be scaled. */
typedef struct task {
	struct feature_node **x;
	double *y;
	size_t count;
	struct feature_node *copy;       /* NULL: the rows' own nodes */
	double *ratio;                   /* by column: what values were multiplied with, NULL: nothing */
} task;

static task task_choose(const fit *self, const dataset *data, const rows *all, size_t component)
{
	task out = {.x = mem_array(all->count, sizeof *out.x), .y = mem_array(all->count, sizeof *out.y)};
	uint32_t label = self->parts.label[component];
	for (size_t i = 0; i < all->count; i++) {
		const example *text = &data->at[all->text[i]];
		bool has = text->labels >> label & 1;
		if (has && self->parts.of[label][text->kind] != component)
			continue;
		out.x[out.count] = all->at[i];
		out.y[out.count++] = has ? 1 : -1;
	}
	return out;
}

/* |log-count ratio| of every column, as in naive Bayes: ln of the gram's share of all grams in texts with the label against its share in those without (Wang and Manning,
 * Baselines and Bigrams, ACL 2012). A machine that may spend little on weights spends it on the grams that tell by themselves. */
static void ratios_set(const fit *self, task *t)
{
	double *with = mem_array(self->columns, sizeof *with), *without = mem_array(self->columns, sizeof *without), sums[2] = {0, 0};
	for (size_t i = 0; i < t->count; i++)
		for (const struct feature_node *n = t->x[i]; n->index >= 0; n++)
			if ((size_t)n->index <= self->columns)
				(t->y[i] > 0 ? with : without)[n->index - 1]++;
	for (size_t c = 0; c < self->columns; c++) {
		sums[0] += with[c] += RATIO_SMOOTHING;
		sums[1] += without[c] += RATIO_SMOOTHING;
	}
	for (size_t c = 0; c < self->columns; c++)
		with[c] = fabs(log(with[c] / sums[0] / (without[c] / sums[1])));
	free(without);
	t->ratio = with;
}

static void task_scale(const fit *self, const rows *all, task *t)
{
	ratios_set(self, t);
	t->copy = mem_array(all->node_count, sizeof *t->copy);
	for (size_t i = 0; i < all->node_count; i++) {
		struct feature_node n = all->nodes[i];
		if (n.index > 0 && (size_t)n.index <= self->columns)
			n.value *= t->ratio[n.index - 1];
		t->copy[i] = n;
	}
	for (size_t i = 0; i < t->count; i++)
		t->x[i] = t->copy + (t->x[i] - all->nodes);
}

/* How much more a text of the label counts so that all labels of a one-label task count alike. */
static double balance_of(const task *t, size_t labels)
{
	size_t with = 0;
	for (size_t i = 0; i < t->count; i++)
		with += t->y[i] > 0;
	return with ? (double)t->count / (double)labels / (double)with : 1;
}

static void component_fit(fit *self, const dataset *data, const rows *all, size_t component, const learn_options *options)
{
	int classes[] = {1, -1};
	task t = task_choose(self, data, all, component);
	double costs[] = {options->positive * (options->balance ? balance_of(&t, data->label_count) : 1), 1};
	if (options->ratio)
		task_scale(self, all, &t);
	struct problem problem = {.l = (int)t.count, .n = (int)self->columns + 1, .y = t.y, .x = t.x, .bias = 1};
	struct parameter parameter = {.solver_type = L2R_L2LOSS_SVC_DUAL, .eps = STOP_AT, .C = options->cost, .nr_weight = 2,
				      .weight_label = classes, .weight = costs, .p = 0.1};
	set_print_string_function(quiet);
	srand(options->seed);            /* liblinear shuffles with rand() */
	struct model *machine = train(&problem, &parameter);
	double sign = machine->nr_class < 2 ? 0 : machine->label[0] == 1 ? 1 : -1;
	for (size_t c = 0; c < self->columns; c++)
		self->weights[c * self->parts.count + component] = machine->w[c] * sign * (t.ratio ? t.ratio[c] : 1);
	self->bias[component] = machine->nr_class < 2 ? (machine->label[0] == 1 ? 1 : -1) : machine->w[self->columns] * sign;
	free_and_destroy_model(&machine);
	free(t.x);
	free(t.y);
	free(t.copy);
	free(t.ratio);
}

static void components_fit(fit *self, const corpus *from, const dataset *data, const bool *in, const learn_options *options, learn_step step, void *arg)
{
	rows all = rows_make(self, from, data, in);
	for (size_t c = 0; c < self->parts.count; c++) {
		if (step)
			step(arg);
		component_fit(self, data, &all, c, options);
	}
	rows_free(&all);
}

typedef struct effect {
	double size;
	uint32_t column;
} effect;

static int effect_compare(const void *a, const void *b)
{
	const effect *x = a, *y = b;
	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* Columns by how far they can move a score: largest weight of any component times rarity. */
static effect *columns_rank(const fit *self)
{
	effect *effects = mem_array(self->columns + 1, sizeof *effects);
	for (size_t c = 0; c < self->columns; c++) {
		double size = 0;
		for (size_t p = 0; p < self->parts.count; p++)
			size = fmax(size, fabs(self->weights[c * self->parts.count + p]));
		effects[c] = (effect){size * self->rarity[c], (uint32_t)c};
	}
	qsort(effects, self->columns, sizeof *effects, effect_compare);
	return effects;
}

static bool *grams_choose(const fit *self, const corpus *from, size_t most)
{
	effect *effects = columns_rank(self);
	bool *keep = mem_array(from->gram_count, sizeof *keep);
	for (size_t i = 0; i < self->columns && i < most; i++)
		keep[self->grams[effects[i].column]] = true;
	free(effects);
	return keep;
}

fit *learn_fit(const corpus *from, const dataset *data, const components *parts, const bool *in, const learn_options *options, learn_step step, void *arg)
{
	fit *self = mem_alloc(sizeof *self);
	self->label_count = data->label_count;
	self->parts = *parts;
	self->ratio = options->ratio;
	self->title_share = options->title_share;
	scorer_damping(self->damping);
	self->column = mem_array(from->gram_count + 1, sizeof *self->column);
	self->grams = mem_array(from->gram_count + 1, sizeof *self->grams);
	self->rarity = mem_array(from->gram_count + 1, sizeof *self->rarity);
	columns_number(self, from, in, NULL, options->min_texts);
	self->weights = mem_array((self->columns + 1) * self->parts.count, sizeof *self->weights);
	components_fit(self, from, data, in, options, step, arg);
	if (self->columns > options->features) {
		bool *keep = grams_choose(self, from, options->features);
		columns_number(self, from, in, keep, options->min_texts);
		free(keep);
		components_fit(self, from, data, in, options, step, arg);
	}
	return self;
}

static void text_score(const fit *self, const corpus *from, const corpus_text *text, const model_head *head, double *scores)
{
	struct feature_node *nodes = mem_array(text->count + text->title_count + 1, sizeof *nodes);
	size_t count = text_nodes(self, from, text, nodes);
	double components[MODEL_COMPONENTS_MAX];
	for (size_t c = 0; c < self->parts.count; c++) {
		components[c] = self->bias[c];
		for (size_t i = 0; i < count; i++)
			components[c] += nodes[i].value * self->weights[(size_t)(nodes[i].index - 1) * self->parts.count + c];
	}
	scoring_reduce(head, components, scores, NULL);
	free(nodes);
}

/* Components and their biases; the steps are the writer's to set. */
static void head_fill(const fit *self, model_head *head)
{
	head->component_count = self->parts.count;
	for (uint32_t c = 0; c < self->parts.count; c++)
		head->components[c] = (model_component){.label = self->parts.label[c], .bias = (float)self->bias[c]};
}

bool fit_score(const fit *self, const corpus *from, size_t text, double *scores, double *section_scores)
{
	size_t first = from->texts[text].section, end = corpus_section_end(from, text);
	model_head head = {0};
	head_fill(self, &head);
	text_score(self, from, &from->texts[text], &head, scores);
	for (size_t s = first; s < end; s++) {
		double one[MODEL_LABELS_MAX];
		text_score(self, from, &from->sections[s], &head, one);
		for (size_t l = 0; l < self->label_count; l++)
			section_scores[l] = s > first && section_scores[l] > one[l] ? section_scores[l] : one[l];
	}
	return end > first;
}

void fit_couple(fit *self, const coupling *how)
{
	assert(self->parts.count == how->labels);
	for (size_t c = 0; c < self->columns; c++)
		coupling_apply_weights(how, self->weights + c * self->parts.count);
	coupling_apply(how, self->bias);
}

static int hash_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Words that are no features of the fit, or not any more, stand in the model all the same, without weight: texts must be cut there as they were here. */
static size_t words_append(const fit *self, const corpus *from, model_feature *out, const float *nothing)
{
	size_t count, added = 0;
	const uint64_t *words = unigrams_words(from->words, &count);
	bool *there = mem_array(count + 1, sizeof *there);
	for (size_t c = 0; c < self->columns; c++) {
		const uint64_t *at = bsearch(&from->hashes[self->grams[c]], words, count, sizeof *words, hash_compare);
		if (at)
			there[at - words] = true;
	}
	for (size_t i = 0; i < count; i++)
		if (!there[i])
			out[added++] = (model_feature){words[i], 0, nothing};
	free(there);
	return added;
}

int fit_write(const fit *self, const corpus *from, model_head *head, buf *out)
{
	size_t words = 0, count = self->columns;
	if (from->words)
		unigrams_words(from->words, &words);
	model_feature *features = mem_array(self->columns + words + 1, sizeof *features);
	float *weights = mem_array((self->columns + 1) * self->parts.count, sizeof *weights);
	for (size_t i = 0; i < self->columns * self->parts.count; i++)
		weights[i] = (float)self->weights[i];
	effect *order = columns_rank(self);
	for (size_t i = 0; i < self->columns; i++) {
		uint32_t c = order[i].column;
		features[i] = (model_feature){from->hashes[self->grams[c]], self->rarity[c], weights + c * self->parts.count};
	}
	free(order);
	if (from->words)
		count += words_append(self, from, features + count, weights + self->columns * self->parts.count);
	head_fill(self, head);
	int result = model_write(head, features, count, out);
	free(features);
	free(weights);
	return result;
}

size_t fit_features(const fit *self)
{
	return self->columns;
}

void fit_free(fit **self_p)
{
	fit *self = *self_p;
	if (!self)
		return;
	*self_p = NULL;
	free(self->column);
	free(self->grams);
	free(self->rarity);
	free(self->weights);
	free(self);
}
