/* crash.h - named points at which the tests kill the process: MILLRACE_CRASH_AT=after-sync, or after-sync:3 for the third passage.
 *
 * Compiled in always (what is tested is what is shipped); without the variable a point costs one comparison. Names in order of an epoch:
 * after-form, after-log, after-sync, after-begin, after-produce, after-offsets, after-commit, after-mark, after-answer; besides: after-take, after-judge. */
#ifndef COMMON_CRASH_H
#define COMMON_CRASH_H

void crash_setup(void);                  /* reads the variable; before threads start */
void crash_point(const char *name);      /* kill -9 of the own process when the name's turn has come; any thread */

#endif
