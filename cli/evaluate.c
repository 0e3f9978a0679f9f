/* evaluate.c - `millrace evaluate`. Every text is judged exactly as the worker judges it (workers/classify/scorer.h), and compared with its labels. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/classify_args.h"
#include "cli/cli.h"
#include "cli/entities_args.h"
#include "cli/measure.h"
#include "cli/plot.h"
#include "common/log.h"
#include "workers/classify/scorer.h"

const char evaluate_help[] =
	"Usage: millrace evaluate classify --model MODEL FILE... [OPTION]...\n"
	"       millrace evaluate entities --model MODEL FILE... [OPTION]...\n"
	"\n"
	"classify: judges labelled texts (as for millrace train) as the worker does and says how many came\n"
	"out right.\n"
	"\n"
	"  --model        MODEL          the model file\n"
	"  --json                        figures as one JSON object\n"
	"  --errors       N              show the first N texts that came out wrong\n"
	"  --plot         FILE           calibration as SVG: probability said against share that came true\n"
	"  --fold         K/N            measures the fold that train left out\n"
	"  --quiet                       no progress bar\n"
	"\n"
	ENTITIES_EVALUATE_HELP;

static void print_json(const measure *self, const char (*names)[MODEL_NAME_BYTES], const model *m, double seconds)
{
	json_t *labels = json_object();
	for (size_t l = 0; l < self->label_count; l++) {
		const measure_label *one = &self->labels[l];
		json_object_set_new(labels, names[l], json_pack("{s:f,s:f,s:f,s:I,s:f}", "precision", measure_precision(one), "recall", measure_recall(one), "f1",
				    measure_f1(one), "texts", (json_int_t)(one->right + one->missed), "ece", measure_label_ece(one)));
	}
	char fingerprint[32];
	snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)m->fingerprint);
	json_t *out = json_pack("{s:s,s:s,s:I,s:f,s:f,s:f,s:f,s:I,s:I,s:f,s:o}", "model", m->head.name, "fingerprint", fingerprint, "texts",
				(json_int_t)self->texts, "accuracy", measure_accuracy(self), "primary_accuracy",
				self->primary_texts ? (double)self->primary_right / (double)self->primary_texts : 0.0, "micro_f1", measure_micro_f1(self), "ece",
				measure_ece(self), "none_texts", (json_int_t)self->none, "false_alarms", (json_int_t)self->alarms, "texts_per_second",
				seconds > 0 ? (double)self->texts / seconds : 0.0, "labels", labels);
	json_dumpf(out, stdout, JSON_REAL_PRECISION(6) | JSON_INDENT(1));
	printf("\n");
	json_decref(out);
}

static void names_print(uint64_t labels, const char (*names)[MODEL_NAME_BYTES], FILE *out)
{
	const char *gap = "";
	for (int l = 0; l < MODEL_LABELS_MAX; l++)
		if (labels >> l & 1) {
			fprintf(out, "%s%s", gap, names[l]);
			gap = "+";
		}
	if (!labels)
		fprintf(out, "none");
}

static void error_print(const example *one, uint64_t got, const scoring *said, const dataset *data)
{
	char start[128];
	const char *text = *one->title ? one->title : one->text;
	fprintf(stderr, "%s\twanted ", one->id);
	names_print(one->labels, data->labels, stderr);
	fprintf(stderr, "\tgot ");
	names_print(got, data->labels, stderr);
	for (size_t l = 0; l < data->label_count; l++)
		fprintf(stderr, "\t%.3f", said->probability[l]);
	fprintf(stderr, "\t%s\n", log_clean(start, 90, mr_bytes_of(text)));
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Judges the texts; returns the seconds that took. */
static double scorer_all(const classify_args *args, const model *m, const dataset *data, measure *out)
{
	scorer *j = scorer_new(m);
	double seconds = 0;
	int shown = 0;
	for (size_t i = 0; i < data->count; i++) {
		const example *one = &data->at[i];
		if (args->fold >= 0 && example_fold(one, (uint32_t)args->folds) != (uint32_t)args->fold)
			continue;
		scoring said;
		double begin = now();
		scorer_read(j, mr_bytes_of(one->title), mr_bytes_of(one->text), &said);
		seconds += now() - begin;
		uint64_t got = 0;
		for (uint32_t l = 0; l < said.label_count; l++)
			got |= 1ull << said.labels[l];
		measure_add(out, one->labels, one->primary, got, said.primary, said.probability);
		if (got != one->labels && shown++ < args->errors)
			error_print(one, got, &said, data);
	}
	scorer_free(&j);
	return seconds;
}

static int read_all(const classify_args *args, const model *m, dataset *data, char error[256])
{
	data->single = m->head.single;
	data->closed = true;
	data->label_count = m->head.label_count;
	for (size_t l = 0; l < data->label_count; l++)
		memcpy(data->labels[l], m->head.labels[l].name, MODEL_NAME_BYTES);
	for (size_t i = 0; i < args->file_count; i++)
		if (dataset_read(data, args->files[i].path, (dataset_how){.times = 1, .share = args->files[i].share}, error))
			return -1;
	return 0;
}

static void report(const classify_args *args, const measure *out, const dataset *data, const model *m, double seconds)
{
	if (args->json) {
		print_json(out, data->labels, m, seconds);
		return;
	}
	measure_print(out, data->labels);
	printf("%.0f texts/s\n", seconds > 0 ? (double)out->texts / seconds : 0);
}

int evaluate_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "entities") == 0)
		return evaluate_entities_main(argc, argv);
	classify_args args;
	if (classify_args_read(&args, argc, argv)) {
		classify_args_free(&args);
		return EXIT_USAGE;
	}
	char error[256];
	model m = {0};
	dataset data = {0};
	int result = model_open(&m, args.model, error) || read_all(&args, &m, &data, error);
	if (!result) {
		measure out = {.label_count = data.label_count, .single = data.single};
		double seconds = scorer_all(&args, &m, &data, &out);
		report(&args, &out, &data, &m, seconds);
		result = args.plot ? plot_write(args.plot, &out, data.labels, error) : 0;
	}
	if (result)
		cli_failed("evaluate", "%s", error);
	dataset_free(&data);
	model_close(&m);
	classify_args_free(&args);
	return result ? EXIT_FAILED : EXIT_CLEAN;
}
