/* card.c - see card.h. */
#include "card.h"

#include "cli/output.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void head_add(const card *self, buf *out)
{
	uint64_t fingerprint;
	memcpy(&fingerprint, self->file.data + 24, sizeof fingerprint);
	buf_printf(out, "# Model card: %s\n\n", self->head->name);
	buf_printf(out, "Written by `millrace train classify`. Format version %d, fingerprint `%016llx`, %zu bytes, %zu features, %s.\n\n", MODEL_VERSION,
		   (unsigned long long)fingerprint, self->file.len, self->features, self->head->single ? "one label a text" : "several labels a text");
	const learn_options *learn = &self->args->learn;
	buf_printf(out, "One linear support vector machine a component (liblinear) on grams of one to three characters or words%s; each gram weighs sqrt(times)%s. "
			"Options: cost %g, positive %g, title-times %u, lead-times %u, title-share %g, min-texts %u, seed %u.\n\n",
		   learn->marks ? ", marks and blanks among them" : "", learn->ratio ? ", learnt with its log-count ratio" : " * rarity", learn->cost, learn->positive, learn->title_times,
		   learn->lead_times, (double)learn->title_share, learn->min_texts, learn->seed);
	if (self->args->fold >= 0)
		buf_printf(out, "**Fold %d of %d is left out**: a model for measuring, not for use.\n\n", self->args->fold, self->args->folds);
}

static void sources_add(const card *self, buf *out)
{
	const dataset *data = self->data;
	buf_printf(out, "## Learnt from\n\n| file | texts | with a label | each counts | measured |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < data->file_count; i++) {
		size_t labelled = 0;
		for (size_t t = 0; t < data->count; t++)
			labelled += data->at[t].file == (int)i && data->at[t].labels;
		buf_printf(out, "| %s | %zu | %zu | %d | %s |\n", base_name(data->files[i].path), data->files[i].count, labelled, data->files[i].times,
			   data->files[i].extra ? "no" : "yes");
	}
	buf_printf(out, "\n");
}

/* The kinds whose texts a component learns. */
static void kinds_add(const card *self, uint32_t component, buf *out)
{
	const char *gap = " ";
	for (size_t k = 0; k < self->data->kind_count; k++)
		if (self->parts->of[self->parts->label[component]][k] == component) {
			buf_printf(out, "%s%s", gap, self->data->kinds[k]);
			gap = ", ";
		}
}

static void labels_add(const card *self, buf *out)
{
	buf_printf(out, "## Labels\n\n| label | holds from probability | for one section of a long text | slope | offset |\n|---|---|---|---|---|\n");
	for (uint32_t l = 0; l < self->head->label_count; l++) {
		const model_label *label = &self->head->labels[l];
		buf_printf(out, "| %s | %.3f | %.3f | %.3f | %.3f |\n", label->name, (double)label->threshold, (double)label->section_threshold,
			   (double)label->slope, (double)label->offset);
	}
	buf_printf(out, "\n## Components\n\nA label's score is that of its highest component; each learnt one kind of text against all texts without the label.\n\n| label | component | kinds of text | texts with the label |\n|---|---|---|---|\n");
	for (uint32_t c = 0; c < self->parts->count; c++) {
		buf_printf(out, "| %s | %u |", self->head->labels[self->parts->label[c]].name, c + 1);
		kinds_add(self, c, out);
		buf_printf(out, " | %zu |\n", self->parts->texts[c]);
	}
	buf_printf(out, "\n");
}

static void measure_row(const char *name, const measure *m, buf *out)
{
	buf_printf(out, "| %s | %zu | %.4f | %.4f | %zu / %zu | %.4f |", name, m->texts, measure_accuracy(m), measure_micro_f1(m), m->alarms, m->none, measure_ece(m));
	for (size_t l = 0; l < m->label_count; l++) {
		const measure_label *label = &m->labels[l];
		if (label->right + label->missed)
			buf_printf(out, " %.3f / %.3f / %.3f |", measure_precision(label), measure_recall(label), measure_f1(label));
		else
			buf_printf(out, " - |");
	}
	buf_printf(out, "\n");
}

static void scores_add(const card *self, buf *out)
{
	buf_printf(out, "## Cross-validation\n\n%d folds (sha256 of the group: title up to the first ` 第…章`, else date, else id, else text). Every text was judged by machines that had "
			"seen nothing of its group. Thresholds and probabilities were fitted on these very scores (three numbers a label).\n\n"
			"| file | texts | accuracy | micro F1 | false alarms | calibration error |", self->args->folds);
	for (size_t l = 0; l < self->data->label_count; l++)
		buf_printf(out, " %s P / R / F1 |", self->data->labels[l]);
	buf_printf(out, "\n|---|---|---|---|---|---|");
	for (size_t l = 0; l < self->data->label_count; l++)
		buf_printf(out, "---|");
	buf_printf(out, "\n");
	for (size_t i = 0; i < self->data->file_count; i++)
		if (self->files[i].texts)
			measure_row(base_name(self->data->files[i].path), &self->files[i], out);
	measure_row("all", &self->all, out);
	if (self->args->plot)
		buf_printf(out, "\n![Calibration: probability said against share that came true, one panel a label](%s)\n", base_name(self->args->plot));
}

int card_text(const card *self, buf *out, char error[256])
{
	head_add(self, out);
	sources_add(self, out);
	labels_add(self, out);
	scores_add(self, out);
	return output_notes(self->args->notes, out, error);
}
