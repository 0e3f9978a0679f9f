/* entities_lattice.h - sums over all labellings of one sentence (forward-backward); what entities_learn.c takes its gradients from. Works on exponentials,
 * scaled place by place (Rabiner 1989). */
#ifndef CLI_ENTITIES_LATTICE_H
#define CLI_ENTITIES_LATTICE_H

#include <stdbool.h>
#include <stddef.h>

#include "workers/entities/labels.h"

typedef struct lattice {
	uint32_t types, labels, starters;
	size_t room;                     /* places */
	float *scores;                   /* by place and label: exponentials of what the features say; filled by the caller */
	float *steps;                    /* exponentials, STEPS_OF */
	float *forward, *backward, *scale;
} lattice;

lattice lattice_new(uint32_t types, size_t room);
void lattice_free(lattice *self);
/* Adds `sign` times the expected number of each label at each place to `labels`, of each step to `steps`. `allowed` (by place and label; NULL: all) restricts the
 * labellings. false: none is possible (nothing was added). */
bool lattice_expect(lattice *self, size_t count, const unsigned char *allowed, float sign, float *labels, float *steps);

#endif
