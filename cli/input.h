/* input.h - feed records out of files, for `millrace process`: JSON lines, or one document a file; plain or gzipped; `-` is standard input.
 *
 * A document (text, html) becomes a raw record with the headers that a feeder would set: content-type, and `id` = the file's stem. Owns the open file;
 * every record is a copy of its own, to be freed with input_record_free. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>

#include "common/record.h"

typedef struct input input;

enum input_form { INPUT_AUTO, INPUT_JSON, INPUT_TEXT, INPUT_HTML };      /* AUTO: by the name's ending (.txt, .html, .htm, else JSON lines) */

typedef struct input_record {
	char *value;
	mr_field headers[2];
	char *id;
	record_source source;            /* topic, partition and offset are the caller's to set */
} input_record;

/* NULL with a line in `errors`. */
input *input_open(const char *path, enum input_form form, buf *errors);
void input_close(input **self);
/* Next record; NULL at the end, or when reading failed (`failed`: a line was added to errors). Values longer than 64 MB are cut off and end as dead letters. */
input_record *input_next(input *self, bool *failed, buf *errors);
void input_record_free(input_record **self);
/* How far the file was read, 0..1; < 0 when its size is not known. */
double input_progress(const input *self);

#endif
