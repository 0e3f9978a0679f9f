/* taxonomy.h - the file of labels (`classify.taxonomy`): which there are, their names, thresholds and codes. An INI file with one section a label:
 *
 *   [education]
 *   name = 教育                       shown to people (`millrace explain classify`); may be missing
 *   threshold = 0.45                 the label holds from this probability on; missing: as the model has it
 *   media_topic = medtop:05000000    IPTC Media Topic; missing: none
 *
 * settings.c makes classify.labels, classify.thresholds and classify.media_topics of it, so that everybody else reads those. Owns its strings. */
#ifndef COMMON_TAXONOMY_H
#define COMMON_TAXONOMY_H

#include "common/buf.h"

#define TAXONOMY_LABELS_MAX 64

typedef struct taxonomy_label {
	char *label;
	char *name, *threshold, *media_topic;    /* as they stand; NULL: not given */
	int line;                                /* of its section */
} taxonomy_label;

typedef struct taxonomy {
	taxonomy_label labels[TAXONOMY_LABELS_MAX];      /* in the order of the file */
	size_t count;
} taxonomy;

/* Adds lines `file:line: what` to errors; returns their number. What is good is kept. */
int taxonomy_read(taxonomy *self, const char *path, buf *errors);
void taxonomy_free(taxonomy *self);

#endif
