/* mem.c - see mem.h. */
#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *checked(void *p, size_t bytes)
{
	if (!p && bytes) {
		fprintf(stderr, "<0>out of memory: wanted %zu bytes\n", bytes);
		abort();
	}
	return p;
}

void *mem_alloc(size_t bytes)
{
	return checked(calloc(1, bytes ? bytes : 1), bytes);
}

void *mem_array(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size), SIZE_MAX);
}

void *mem_grow(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size), SIZE_MAX);
}

void *mem_chunk(size_t bytes)
{
	void *p = checked(aligned_alloc(bytes, bytes), bytes);
	(void)madvise(p, bytes, MADV_HUGEPAGE);  /* a wish */
	return p;
}

char *mem_copy(const void *data, size_t len)
{
	char *p = checked(malloc(len + 1), len + 1);
	if (len)
		memcpy(p, data, len);
	p[len] = 0;
	return p;
}

char *mem_string(const char *text)
{
	return text ? mem_copy(text, strlen(text)) : NULL;
}
