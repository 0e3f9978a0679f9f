/* spark.h - a row of small bars, one a column: how a figure moved. Pure. */
#ifndef CLI_SPARK_H
#define CLI_SPARK_H

#include "common/buf.h"

/* Appends one character for each value: a blank where it is not known (NAN), the lowest bar for 0 and less, else one of seven, the highest for `most` (and more). */
void spark_add(buf *out, const double *values, int count, double most);
double spark_most(const double *values, int count);          /* the largest; 0 when none is known */

#endif
