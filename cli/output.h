/* output.h - the files that `millrace train` writes. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "common/buf.h"

/* Writes through a neighbour and a rename: a reader never sees half a model. 0; -1 with error. */
int output_write(const char *path, mr_bytes bytes, char error[256]) MR_MUST_USE;
/* Appends an empty line and the file at `path` (--notes; NULL: nothing more) to a model card. 0; -1 with error. */
int output_notes(const char *path, buf *out, char error[256]) MR_MUST_USE;

#endif
