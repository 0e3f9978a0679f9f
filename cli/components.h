/* components.h - which components the labels of a model have: one for each kind of text (dataset.h) with at least COMPONENT_TEXTS_MIN texts of the label; those of the
 * other kinds count for the kind that has most. Pure; any thread. */
#ifndef CLI_COMPONENTS_H
#define CLI_COMPONENTS_H

#include "cli/dataset.h"

#define COMPONENT_TEXTS_MIN 15

/* Which components there are: by label and kind the component, the same for every fit. */
typedef struct components {
	uint32_t count;
	uint32_t label[MODEL_COMPONENTS_MAX];
	uint32_t of[MODEL_LABELS_MAX][DATASET_KINDS_MAX];
	size_t texts[MODEL_COMPONENTS_MAX];      /* with the label */
} components;

/* 0; -1 with error: more than MODEL_COMPONENTS_MAX. `in[i]`: text i counts. */
int components_find(const dataset *data, const bool *in, components *out, char error[256]) MR_MUST_USE;

#endif
