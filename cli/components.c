/* components.c - see components.h. */
#include "components.h"

#include <stdio.h>

/* The kind whose component takes the texts of `label` in kinds that have too few of their own: the one with most. */
static size_t kind_of_most(const size_t *texts, size_t kinds)
{
	size_t most = 0;
	for (size_t k = 1; k < kinds; k++)
		most = texts[k] > texts[most] ? k : most;
	return most;
}

int components_find(const dataset *data, const bool *in, components *out, char error[256])
{
	*out = (components){0};
	for (size_t l = 0; l < data->label_count; l++) {
		size_t texts[DATASET_KINDS_MAX] = {0}, most;
		for (size_t t = 0; t < data->count; t++)
			texts[data->at[t].kind] += in[t] && data->at[t].labels >> l & 1;
		most = kind_of_most(texts, data->kind_count);
		for (size_t k = 0; k < data->kind_count; k++) {
			if (k != most && texts[k] < COMPONENT_TEXTS_MIN)
				continue;
			if (out->count == MODEL_COMPONENTS_MAX) {
				snprintf(error, 256, "%zu labels in %zu kinds of text are too many: give --one-kind", data->label_count, data->kind_count);
				return -1;
			}
			out->label[out->count] = (uint32_t)l;
			out->of[l][k] = out->count++;
		}
		for (size_t k = 0; k < data->kind_count; k++) {
			if (k != most && texts[k] < COMPONENT_TEXTS_MIN)
				out->of[l][k] = out->of[l][most];
			out->texts[out->of[l][k]] += texts[k];
		}
	}
	return 0;
}
