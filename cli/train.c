/* train.c - `millrace train`. The straight line: read texts, encode them once, cross-validate (each text is scored by machines that have not seen its group), fit
 * probabilities and thresholds on those scores, learn on everything, write model and card. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/calibrate.h"
#include "cli/card.h"
#include "cli/classify_args.h"
#include "cli/cli.h"
#include "cli/couple.h"
#include "cli/entities_args.h"
#include "cli/measure.h"
#include "cli/output.h"
#include "cli/plot.h"
#include "workers/classify/scorer.h"
#include "common/mem.h"

const char train_help[] =
	"Usage: millrace train classify --data FILE... --out MODEL [OPTION]...\n"
	"       millrace train entities --data FILE... --out MODEL [OPTION]...\n"
	"\n"
	"classify: learns the labels of texts. Files hold JSON lines (title, text, labels, primary, date, id,\n"
	"source) or label<TAB>text, plain or gzipped. FILE@3: each of its texts counts three times; FILE@1/4:\n"
	"a fourth of its texts, chosen by their hash.\n"
	"\n"
	"A label is learnt apart for each kind of text: what is said of a school in a gazette is not what a\n"
	"portal says of it. When --data is given several times, the files of one --data, with the --extra\n"
	"behind it, are one kind; when it is given once, `source` of a text tells its kind, else its file.\n"
	"\n"
	"  --data         FILE[@N|@1/N]  texts to learn from and to measure on (may be repeated; takes all\n"
	"                                names up to the next option)\n"
	"  --extra        FILE[@N|@1/N]  texts of another kind that help: learnt from, but not measured and\n"
	"                                no part of the thresholds\n"
	"  --out          MODEL          the model file; MODEL_CARD.md is written beside it\n"
	"  --labels       NAME,NAME      the taxonomy; labels of the data that it does not name mean none\n"
	"                                (default: all that occur)\n"
	"  --single                      each text has exactly one label: headlines, sorted\n"
	"  --one-kind                    all texts are of one kind\n"
	"  --name         NAME           name in the model, shown in `classifier` (default: topics)\n"
	"  --notes        FILE           text for the model card: sources and their terms, known weaknesses\n"
	"  --plot         FILE           the calibration of the cross-validation, as SVG\n"
	"  --seed         N              same data, options and seed: same model (default: 1)\n"
	"  --features     N              grams kept in the model (default: 48000; --single: 200000)\n"
	"  --min-texts    N              texts a gram must stand in (default: 2)\n"
	"  --weighting    rarity|ratio   a gram weighs by its rarity, or for each label by its log-count\n"
	"                                ratio (default: rarity; --single: ratio)\n"
	"  --cost         C              cost of an error against the size of weights (default: 4; ratio 0.3)\n"
	"  --positive     X              cost of a label missed against one too many (default: 2; --single 1)\n"
	"  --unbalanced                  --single: labels weigh by their number of texts (default: all alike)\n"
	"  --title-times  N              how often a gram of the title counts in the text (default: 2)\n"
	"  --lead-times   N              ... and of the lead (default: 2)\n"
	"  --title-share  X              weight of the title's own vector beside the text's (default: 0.5)\n"
	"  --fold         K/N            leaves fold K of the --data texts out\n"
	"  --quiet                       no progress bar\n"
	"\n"
	ENTITIES_TRAIN_HELP;

#define SECTION_ALARMS 0.01      /* share of long texts that a section may label wrongly */
#define SECTION_TEXTS_MIN 100    /* with fewer long texts to judge by, sections decide nothing */
#define COUPLED_OFFSET 20.0      /* coupled scores are logarithms of shares: so far down its curve Platt's function is an exponential, and what labels have of the sum is the softmax */
#define THRESHOLD_SLACK 0.002    /* F1 this near the best is the same: the middle of the range travels better than its edge */

typedef struct training {
	const classify_args *args;
	dataset data;
	corpus *corpus;
	components parts;
	bool *held;                      /* by text: left out altogether (--fold) */
	uint32_t *fold;                  /* by text */
	double *scores;                  /* by text and label: cross-validated */
	double *section_scores;          /* ... the highest of its sections */
	bool *has_sections;              /* by text */
	bool *scored;                    /* by text: measured in the cross-validation */
	model_head head;
	coupling coupling;               /* of the labels of a one-label task; labels = 0: none */
	size_t step, steps;
} training;

static void progress(void *arg)
{
	training *self = arg;
	char bar[41];
	if (self->args->quiet || !isatty(STDERR_FILENO))
		return;
	size_t full = self->step * 40 / self->steps;
	for (size_t i = 0; i < 40; i++)
		bar[i] = i < full ? '#' : '.';
	bar[40] = '\0';
	fprintf(stderr, "\r[%s] %zu/%zu machines", bar, self->step, self->steps);
	self->step += self->step < self->steps;
	fflush(stderr);
}

static void progress_end(const training *self)
{
	if (!self->args->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%60s\r", "");
}

/* Kind of the texts of a file: all that stand behind one --data are of the kind that its first file names. NULL: the texts tell. */
static const char *kind_name(const classify_args *args, const args_file *file)
{
	if (args->one_kind)
		return "all texts";
	for (size_t i = 0; args->data_options > 1 && i < args->file_count; i++)
		if (!args->files[i].extra && args->files[i].option == file->option) {
			const char *slash = strrchr(args->files[i].path, '/');
			return slash ? slash + 1 : args->files[i].path;
		}
	return NULL;
}

static int data_read(training *self, char error[256])
{
	const classify_args *args = self->args;
	dataset *data = &self->data;
	data->single = args->single;
	if (args->labels && dataset_set_labels(data, args->labels, error))
		return -1;
	for (size_t i = 0; i < args->file_count; i++) {
		const args_file *file = &args->files[i];
		dataset_how how = {.times = file->times, .share = file->share, .extra = file->extra, .kind = kind_name(args, file)};
		if (dataset_read(data, file->path, how, error))
			return -1;
	}
	if (!data->count || !data->label_count) {
		snprintf(error, 256, "no labelled text in the files");
		return -1;
	}
	return 0;
}

static void folds_set(training *self)
{
	const dataset *data = &self->data;
	self->held = mem_array(data->count, sizeof *self->held);
	self->fold = mem_array(data->count, sizeof *self->fold);
	self->scored = mem_array(data->count, sizeof *self->scored);
	self->scores = mem_array(data->count * data->label_count, sizeof *self->scores);
	self->section_scores = mem_array(data->count * data->label_count, sizeof *self->section_scores);
	self->has_sections = mem_array(data->count, sizeof *self->has_sections);
	for (size_t i = 0; i < data->count; i++) {
		bool extra = data->files[data->at[i].file].extra;
		self->fold[i] = extra ? UINT32_MAX : example_fold(&data->at[i], (uint32_t)self->args->folds);
		self->held[i] = self->args->fold >= 0 && self->fold[i] == (uint32_t)self->args->fold;
	}
}

static void fold_score(training *self, uint32_t fold, bool *in)
{
	size_t measured = 0;
	for (size_t i = 0; i < self->data.count; i++) {
		in[i] = !self->held[i] && self->fold[i] != fold;
		measured += !self->held[i] && self->fold[i] == fold;
	}
	if (!measured)
		return;
	fit *learnt = learn_fit(self->corpus, &self->data, &self->parts, in, &self->args->learn, progress, self);
	for (size_t i = 0; i < self->data.count; i++)
		if (!self->held[i] && self->fold[i] == fold) {
			size_t at = i * self->data.label_count;
			self->has_sections[i] = fit_score(learnt, self->corpus, i, self->scores + at, self->section_scores + at);
			self->scored[i] = true;
		}
	fit_free(&learnt);
}

static void cross_validate(training *self)
{
	bool *in = mem_array(self->data.count, sizeof *in);
	self->steps = ((size_t)self->args->folds + 1) * self->parts.count * 2;
	for (int fold = 0; fold < self->args->folds; fold++)
		fold_score(self, (uint32_t)fold, in);
	free(in);
}

/* A one-label task: the scores of the labels are weighed together. */
static void couple(training *self)
{
	const dataset *data = &self->data;
	size_t labels = data->label_count, *texts = mem_array(labels, sizeof *texts), count = 0;
	coupling_text *rows = mem_array(data->count, sizeof *rows);
	for (size_t i = 0; i < data->count; i++)
		if (self->scored[i] && data->at[i].primary >= 0) {
			rows[count++] = (coupling_text){self->scores + i * labels, (uint32_t)data->at[i].primary, 1};
			texts[data->at[i].primary]++;
		}
	for (size_t i = 0; i < count && self->args->learn.balance; i++)
		rows[i].weight = (double)count / (double)labels / (double)texts[rows[i].label];
	coupling_fit(&self->coupling, rows, count, labels);
	for (size_t i = 0; i < data->count; i++)
		if (self->scored[i])
			coupling_apply(&self->coupling, self->scores + i * labels);
	free(texts);
	free(rows);
}

static int number_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* From what probability a section carries a second label: so that of the long texts of other labels no more than SECTION_ALARMS get it, and never
 * less than the text as a whole must have. */
static float section_threshold(const training *self, size_t label)
{
	const dataset *data = &self->data;
	const model_label *out = &self->head.labels[label];
	double *highest = mem_array(data->count, sizeof *highest);
	size_t count = 0;
	for (size_t i = 0; i < data->count; i++)
		if (self->scored[i] && self->has_sections[i] && data->at[i].labels && !(data->at[i].labels >> label & 1))
			highest[count++] = platt_probability(self->section_scores[i * data->label_count + label], (double)out->slope, (double)out->offset);
	qsort(highest, count, sizeof *highest, number_compare);
	size_t allowed = (size_t)((double)count * SECTION_ALARMS);
	double found = count < SECTION_TEXTS_MIN ? 2 : highest[allowed];
	free(highest);
	return (float)(found > (double)out->threshold ? found : (double)out->threshold);
}

/* Probabilities and thresholds from the cross-validated scores. */
static void label_calibrate(training *self, size_t label)
{
	const dataset *data = &self->data;
	double *scores = mem_array(data->count, sizeof *scores), slope, offset;
	bool *hits = mem_array(data->count, sizeof *hits);
	size_t count = 0;
	for (size_t i = 0; i < data->count; i++) {
		if (!self->scored[i])
			continue;
		scores[count] = self->scores[i * data->label_count + label];
		hits[count++] = data->at[i].labels >> label & 1;
	}
	if (self->coupling.labels) {
		slope = -1;
		offset = COUPLED_OFFSET;
	} else {
		platt_fit(scores, hits, count, &slope, &offset);
	}
	model_label *out = &self->head.labels[label];
	memcpy(out->name, data->labels[label], MODEL_NAME_BYTES);
	out->slope = (float)slope;
	out->offset = (float)offset;
	out->threshold = (float)platt_probability(threshold_find(scores, hits, count, THRESHOLD_SLACK), slope, offset);
	out->section_threshold = section_threshold(self, label);
	free(scores);
	free(hits);
}

/* Counts of the cross-validation; `file` < 0: all of it. */
static measure cross_measure(const training *self, int file)
{
	const dataset *data = &self->data;
	measure out = {.label_count = data->label_count, .single = data->single};
	for (size_t i = 0; i < data->count; i++) {
		if (!self->scored[i] || (file >= 0 && data->at[i].file != file))
			continue;
		scoring said;
		memcpy(said.score, self->scores + i * data->label_count, data->label_count * sizeof *said.score);
		memcpy(said.section_score, self->section_scores + i * data->label_count, data->label_count * sizeof *said.score);
		said.has_sections = self->has_sections[i];
		scoring_finish(&self->head, &said);
		uint64_t got = 0;
		for (uint32_t l = 0; l < said.label_count; l++)
			got |= 1ull << said.labels[l];
		measure_add(&out, data->at[i].labels, data->at[i].primary, got, said.primary, said.probability);
	}
	return out;
}

static void head_set(training *self)
{
	const classify_args *args = self->args;
	model_head *head = &self->head;
	snprintf(head->name, sizeof head->name, "%s", args->name);
	head->single = args->single;
	head->marks = args->learn.marks;
	head->words = args->learn.words;
	head->title_times = args->learn.title_times;
	head->lead_times = args->learn.lead_times;
	head->title_share = args->learn.title_share;
	head->label_count = (uint32_t)self->data.label_count;
	for (size_t l = 0; l < self->data.label_count; l++)
		label_calibrate(self, l);
}

static int card_write(const training *self, mr_bytes file, size_t features, char error[256])
{
	const dataset *data = &self->data;
	measure *files = mem_array(data->file_count, sizeof *files);
	for (size_t i = 0; i < data->file_count; i++)
		files[i] = cross_measure(self, (int)i);
	card what = {.args = self->args, .data = data, .head = &self->head, .parts = &self->parts, .features = features, .file = file, .files = files, .all = cross_measure(self, -1)};
	buf text = {0};
	char path[4096];
	const char *slash = strrchr(self->args->out, '/');
	snprintf(path, sizeof path, "%.*sMODEL_CARD.md", (int)(slash ? slash + 1 - self->args->out : 0), self->args->out);
	int result = card_text(&what, &text, error) || output_write(path, buf_bytes(&text), error);
	buf_free(&text);
	free(files);
	return result;
}

static int learn_all(training *self, char error[256])
{
	bool *in = mem_array(self->data.count, sizeof *in);
	for (size_t i = 0; i < self->data.count; i++)
		in[i] = !self->held[i];
	fit *learnt = learn_fit(self->corpus, &self->data, &self->parts, in, &self->args->learn, progress, self);
	progress_end(self);
	if (self->coupling.labels)
		fit_couple(learnt, &self->coupling);
	buf file = {0};
	int result = fit_write(learnt, self->corpus, &self->head, &file);
	if (result)
		snprintf(error, 256, "the model would be larger than 16 MB: give fewer --features");
	else
		result = output_write(self->args->out, buf_bytes(&file), error) || card_write(self, buf_bytes(&file), fit_features(learnt), error);
	if (!result)
		printf("%s: %zu features, %zu bytes\n", self->args->out, fit_features(learnt), file.len);
	buf_free(&file);
	fit_free(&learnt);
	free(in);
	return result;
}

static int parts_find(training *self, char error[256])
{
	bool *in = mem_array(self->data.count, sizeof *in);
	for (size_t i = 0; i < self->data.count; i++)
		in[i] = !self->held[i];
	int result = components_find(&self->data, in, &self->parts, error);
	free(in);
	return result;
}

static int train(training *self, char error[256])
{
	if (data_read(self, error))
		return -1;
	folds_set(self);
	if (parts_find(self, error))
		return -1;
	self->corpus = corpus_new(&self->data, self->held, &self->args->learn);
	cross_validate(self);
	if (self->data.single && self->parts.count == self->data.label_count)
		couple(self);
	head_set(self);
	measure all = cross_measure(self, -1);
	int result = learn_all(self, error);
	if (!result && self->args->plot)
		result = plot_write(self->args->plot, &all, self->data.labels, error);
	if (!result) {
		printf("cross-validation, %d folds:\n", self->args->folds);
		for (size_t i = 0; i < self->data.file_count; i++) {
			measure m = cross_measure(self, (int)i);
			const char *slash = strrchr(self->data.files[i].path, '/');
			printf("\n%s%s\n", slash ? slash + 1 : self->data.files[i].path, m.texts ? "" : ": learnt from only");
			if (m.texts)
				measure_print(&m, self->data.labels);
		}
		printf("\nall\n");
		measure_print(&all, self->data.labels);
	}
	return result;
}

int train_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "entities") == 0)
		return train_entities_main(argc, argv);
	classify_args args;
	if (classify_args_read(&args, argc, argv)) {
		classify_args_free(&args);
		return EXIT_USAGE;
	}
	char error[256];
	training self = {.args = &args};
	int code = train(&self, error) ? cli_failed("train", "%s", error) : EXIT_CLEAN;
	corpus_free(&self.corpus);
	dataset_free(&self.data);
	free(self.held);
	free(self.fold);
	free(self.scores);
	free(self.section_scores);
	free(self.has_sections);
	free(self.scored);
	classify_args_free(&args);
	return code;
}
