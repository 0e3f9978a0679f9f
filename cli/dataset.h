/* dataset.h - labelled texts read from files, for `millrace train` and `millrace evaluate`.
 *
 * A file holds JSON lines ({"id","title","text" or "body","labels":[...],"primary","date"}) or `label<TAB>text`, plain or gzipped; the first line tells which.
 * Every text has a fold: sha256 of its group, modulo the number of folds. The group keeps together what was cut from one thing: the title up to
 * the first ` 第…章` (chapters of a law), else the date (one news programme), else the id, else the text. Texts are also of a kind: those
 * of one medium, which are alike in style; what a label means is learnt for each kind apart (learn.h). Owns everything it read. */
#ifndef CLI_DATASET_H
#define CLI_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/classify/model.h"

#define DATASET_KINDS_MAX 16

typedef struct example {
	char *title, *text;              /* never NULL */
	char *id, *group;                /* never NULL; id may be empty */
	uint64_t labels;                 /* a bit a label of the set */
	int primary;                     /* label, -1: none, -2: not told */
	int file;                        /* index in dataset.files */
	uint32_t kind;                   /* index in dataset.kinds */
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
	char *kinds[DATASET_KINDS_MAX];  /* names: see dataset_read */
	size_t kind_count;
} dataset;

/* How a file is read. */
typedef struct dataset_how {
	int times;                       /* how often each text counts */
	int share;                       /* 1/share of its texts is taken, chosen by hash (1: all) */
	bool extra;
	const char *kind;                /* of its texts; NULL: told by the member `source` of each, else the file's name (extra: the first kind there is) */
} dataset_how;

/* Fixes the labels: names separated by commas or blanks. 0; -1 with error. */
int dataset_set_labels(dataset *self, const char *names, char error[256]) MR_MUST_USE;
/* Adds a file. 0; -1 with error (file:line: what). When there are more kinds than DATASET_KINDS_MAX, what comes later is of the last one. */
int dataset_read(dataset *self, const char *path, dataset_how how, char error[256]) MR_MUST_USE;
uint32_t example_fold(const example *self, uint32_t folds);
void dataset_free(dataset *self);

#endif
