/* spark.c - see spark.h. */
#include "cli/spark.h"

#include <math.h>

static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

double spark_most(const double *values, int count)
{
	double most = 0;
	for (int i = 0; i < count; i++)
		if (values[i] > most)
			most = values[i];
	return most;
}

void spark_add(buf *out, const double *values, int count, double most)
{
	for (int i = 0; i < count; i++) {
		double v = values[i];
		if (isnan(v))
			buf_add_char(out, ' ');
		else if (v <= 0 || !(most > 0))
			buf_add_str(out, bars[0]);
		else
			buf_add_str(out, bars[v >= most ? 7 : 1 + (int)(v / most * 7) < 7 ? 1 + (int)(v / most * 7) : 7]);
	}
}
