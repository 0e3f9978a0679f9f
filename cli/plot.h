/* plot.h - the calibration plot: what probability was said, and what share came true, as SVG. */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include "cli/measure.h"

/* Writes one panel a label (single: one of the label given): a point for each of the ten bins that has texts, its area by their number, the line of perfect calibration, the
 * expected calibration error. Equal measures give equal bytes. 0; -1 with error. */
int plot_write(const char *path, const measure *m, const char (*names)[MODEL_NAME_BYTES], char error[256]) MR_MUST_USE;

#endif
