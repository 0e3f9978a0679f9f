/* bytes.h - a borrowed run of bytes, the common currency between modules.
 *
 * It owns nothing and is not NUL-terminated. `data == NULL` means "absent", which is not the same as "empty"
 * (`len == 0` with data set). Valid as long as the owner named by the function that gave it says. */
#ifndef MILLRACE_BYTES_H
#define MILLRACE_BYTES_H

#include <stddef.h>
#include <string.h>

typedef struct mr_bytes {
	const char *data;        /* first byte; NULL: absent */
	size_t len;              /* bytes */
} mr_bytes;

/* A name with its value: a field of an article for a stage, a header of a Kafka message. */
typedef struct mr_field {
	mr_bytes name;
	mr_bytes value;          /* value.data NULL: null */
} mr_field;

#define MR_MUST_USE __attribute__((warn_unused_result))
#define MR_PRINTF(at, first) __attribute__((format(printf, at, first)))

static inline mr_bytes mr_bytes_of(const char *text)
{
	return (mr_bytes){text, text ? strlen(text) : 0};
}

static inline int mr_bytes_equal(mr_bytes a, const char *text)
{
	return a.data && a.len == strlen(text) && memcmp(a.data, text, a.len) == 0;
}

#endif
