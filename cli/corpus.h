/* corpus.h - texts as sparse counts of grams; what learn.c fits on. Grams are numbered in order of first occurrence. */
#ifndef CLI_CORPUS_H
#define CLI_CORPUS_H

#include "cli/learn.h"

typedef struct corpus_gram {
	uint32_t gram;                   /* number */
	uint16_t times;
} corpus_gram;

typedef struct corpus_text {
	size_t first;                    /* in corpus.counts: those of the text, then those of the title */
	uint32_t count, title_count;
	size_t section;                  /* first of its sections, in corpus.sections; the next text's is behind its last */
} corpus_text;

struct corpus {
	corpus_text *texts;
	size_t text_count;
	corpus_text *sections;           /* of the long texts; without titles */
	size_t section_count, section_room;
	corpus_gram *counts;
	size_t count, room;
	uint64_t *hashes;                /* by gram */
	struct unigrams *words;        /* that are features, too; NULL: none */
	uint32_t gram_count, gram_room;
};

/* Behind the last section of a text. */
size_t corpus_section_end(const corpus *self, size_t text);

#endif
