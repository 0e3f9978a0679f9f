/* lines.h - a text file, plain or gzipped, read line by line. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "common/buf.h"

typedef struct lines {
	void *gz;
	const char *path;                /* borrowed */
	size_t number;                   /* of the line that was read last, from 1 */
	char *error;                     /* 256 bytes, borrowed */
} lines;

/* 0; -1 with error. */
int lines_open(lines *self, const char *path, char error[256]) MR_MUST_USE;
/* The next line without its end into `line`; 1, 0 at the end of the file, -1 with error (also for a line of more than 16 MB). */
int lines_next(lines *self, buf *line);
/* Writes `path:line: what` into error; returns -1. */
int lines_fail(const lines *self, const char *what);
void lines_close(lines *self);

#endif
