/* figures.h - the numbers of a text as bits of its sketch: reports made from one form agree in words and differ in figures. Pure. */
#ifndef DEDUP_FIGURES_H
#define DEDUP_FIGURES_H

#include "common/sketch.h"

/* Sets sketch.figure and sketch.figures. A number is a run of digits with one decimal point; thousands separators are left out. In
 * Chinese text it may be broken by white space (a line of a newspaper column ends within it). */
void figures_scan(mr_bytes text, sketch *out);

#endif
