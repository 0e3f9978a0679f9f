/* entities_card.c - see entities_card.h. */
#include "entities_card.h"

#include <stdlib.h>

#include "cli/output.h"
#include "common/mem.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void head_add(const entities_args *args, const entity_data *data, const tagger_model *m, buf *out)
{
	const entity_options *o = &args->learn;
	buf_printf(out, "# Model card: %s\n\n", m->name);
	buf_printf(out, "Written by `millrace train entities`. Format version %d, fingerprint `%016llx`, %zu bytes, %u grams, %u rows, %u words, %u names. Types:", TAGGER_MODEL_VERSION,
		   (unsigned long long)m->fingerprint, m->bytes, m->gram_count, m->row_count, m->word_count, m->name_count);
	for (uint32_t t = 0; t < data->type_count; t++)
		buf_printf(out, " %s", data->types[t]);
	buf_printf(out, ".\n\nLinear-chain conditional random field on BIOES labels (docs/entities.md). Options: cost %g, rate %g, passes %u, before-passes %u, runs %u, "
			"min-times %u, features %u, rows %u, margin %g, missed %g, drop %g, seed %u.\n\n", o->cost, o->rate, o->passes, o->before_passes, o->runs, o->min_times, o->features,
		   o->rows, o->margin, o->missed, o->drop, o->seed);
}

static void types_add(const entity_data *data, type_set types, const char *none, buf *out)
{
	const char *gap = "";
	if (!types)
		buf_add_str(out, none);
	for (uint32_t t = 0; t < data->type_count; t++)
		if (types >> t & 1) {
			buf_printf(out, "%s%s", gap, data->types[t]);
			gap = " or ";
		}
}

static void sources_add(const entities_args *args, const entity_data *data, const word_list *words, buf *out)
{
	buf_printf(out, "## Learnt from\n\n| file | texts | characters | entities | read | types it does not know |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < data->file_count; i++) {
		const entity_file *f = &data->files[i];
		buf_printf(out, "| %s | %zu | %zu | %zu | %s, %u a pass | ", base_name(f->path), f->texts, f->characters, f->entities, f->before ? "before" : "last", f->times);
		types_add(data, f->open, "none", out);
		if (f->open)
			buf_printf(out, " (doubt %g)", f->doubt);
		buf_printf(out, " |\n");
	}
	for (size_t i = 0; i < args->list_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "\nWord lists: ", base_name(args->lists[i]));
	if (args->list_count)
		buf_printf(out, " (%zu words in %zu classes).\n", words->count, words->class_count);
	buf_printf(out, "\n");
	if (data->rule_count)
		buf_printf(out, "Types of the files and what they became here:\n\n");
	for (size_t i = 0; i < data->rule_count; i++) {
		buf_printf(out, "* %s: ", data->rules[i].from);
		types_add(data, data->rules[i].to, "dropped", out);
		buf_printf(out, "\n");
	}
}

int entities_card_text(const entities_args *args, const entity_data *data, const word_list *words, mr_bytes file, buf *out, char error[256])
{
	tagger_model m;
	size_t room = (file.len + 63) / 64 * 64;
	char *aligned = aligned_alloc(64, room);
	if (aligned)
		memcpy(aligned, file.data, file.len);
	int result = aligned ? tagger_model_read(&m, (mr_bytes){aligned, file.len}, error) : -1;
	if (!result) {
		head_add(args, data, &m, out);
		sources_add(args, data, words, out);
		result = output_notes(args->notes, out, error);
		tagger_model_close(&m);
	}
	free(aligned);
	return result;
}
