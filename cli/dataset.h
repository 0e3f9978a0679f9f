/* dataset.h - labelled texts read from files, for `millrace train` and `millrace evaluate`.
 *
 * A file holds JSON lines ({"id","title","text" or "body","labels":[...],"primary","date"}) or `label<TAB>text`, plain or gzipped; the first line tells which.
 * Every text has a fold: sha256 of its group, modulo the number of folds. The group keeps together what was cut from one thing: the title up to
 * the first ` 第…章` (chapters of a law), else the date (one news programme), else the id, else the text. Owns everything it read. */
#ifndef CLI_DATASET_H
#define CLI_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/classify/model.h"

typedef struct example {
	char *title, *text;              /* never NULL */
	char *id, *group;                /* never NULL; id may be empty */
	uint64_t labels;                 /* a bit a label of the set */
	int primary;                     /* label, -1: none, -2: not told */
	int file;                        /* index in dataset.files */
} example;

typedef struct dataset_file {
	char *path;
	size_t count;
	int times;                       /* how often each text counts in training */
	bool extra;                      /* trained on, but neither measured nor used to set thresholds */
} dataset_file;

typedef struct dataset {
	example *at;
	size_t count, room;
	char labels[MODEL_LABELS_MAX][MODEL_NAME_BYTES];
	size_t label_count;
	bool closed;                     /* labels were given: others mean none */
	bool single;                     /* "none" is a label like any other */
	dataset_file *files;
	size_t file_count;
} dataset;

/* Fixes the labels: names separated by commas or blanks. 0; -1 with error. */
int dataset_set_labels(dataset *self, const char *names, char error[256]) MR_MUST_USE;
/* Adds a file. `share` of its texts is taken, chosen by hash: 1/share of them (1: all). 0; -1 with error (file:line: what). */
int dataset_read(dataset *self, const char *path, int times, int share, bool extra, char error[256]) MR_MUST_USE;
uint32_t example_fold(const example *self, uint32_t folds);
void dataset_free(dataset *self);

#endif
