/* mem.h - allocation that does not fail: running out of memory is trouble that no caller can mend, so the process says
 * what it wanted and aborts; systemd starts it again and nothing is lost (promises 1 and 2 hold through kill -9).
 * Sizes that come from outside are bounded by their parser before they get here. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

void *mem_alloc(size_t bytes);                       /* zeroed */
void *mem_array(size_t count, size_t size);          /* zeroed; overflow aborts */
void *mem_grow(void *old, size_t count, size_t size);/* realloc for arrays; new room is not zeroed */
/* `bytes` (a power of two, 4096 or more) at a multiple of it, not zeroed and in no memory before they are used; where the machine has pages of that size they may be
 * one. */
void *mem_chunk(size_t bytes);
char *mem_copy(const void *data, size_t len);        /* a copy with a NUL behind it */
char *mem_string(const char *text);                  /* NULL gives NULL */

#endif
