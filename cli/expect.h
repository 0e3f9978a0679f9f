/* expect.h - what should come out of `millrace process`, and whether it did: tests of a configuration, of watches, of filters.
 *
 * A file of JSON lines, an expectation each: which record it is about (`feed_id`, or `record`, its number in the input from 0; of a page also `page_index`, else its first article), what becomes
 * of it (`outcome`: published, duplicate, filtered, dead; not said: whatever gives a record), and members of the record that comes out, with the values they must have. Of an object
 * (`detail`) only the members named are looked at; null is met by what is not there, too. Owns what it has read. One thread. */
#ifndef CLI_EXPECT_H
#define CLI_EXPECT_H

#include <stdio.h>

#include "common/buf.h"

enum expect_outcome { EXPECT_ANY, EXPECT_PUBLISHED, EXPECT_DUPLICATE, EXPECT_FILTERED, EXPECT_DEAD };

typedef struct expect expect;

/* NULL when anything is wrong: every mistake is a line `file:line: what` in `errors`. */
expect *expect_read(const char *path, buf *errors);
void expect_free(expect **self);

/* A record came out: one line of JSON. `number` of the record it was made of. */
void expect_record(expect *self, int64_t number, enum expect_outcome outcome, mr_bytes line);
/* Nothing comes out of a record, or of an article of it. `code`: of the dead letter, or the condition of the filter; an expectation may name it. */
void expect_nothing(expect *self, int64_t number, int64_t page_index, enum expect_outcome outcome, const char *code);

/* Prints a line for each that is not met, and how many there are. Returns their number. */
size_t expect_tell(const expect *self, FILE *out);

#endif
