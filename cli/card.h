/* card.h - the model card: what a model was made of and how good it is, for people. Says nothing of the machine it was made on, and equal training gives equal
 * text. Pure but for reading the notes. */
#ifndef CLI_CARD_H
#define CLI_CARD_H

#include "cli/classify_args.h"
#include "cli/components.h"
#include "cli/measure.h"

typedef struct card {
	const classify_args *args;
	const dataset *data;
	const model_head *head;
	const components *parts;
	size_t features;
	mr_bytes file;                   /* the model file */
	const measure *files;            /* cross-validation by file */
	measure all;
} card;

/* 0; -1 when the notes cannot be read. */
int card_text(const card *card, buf *out, char error[256]) MR_MUST_USE;

#endif
