/* Queries of the admin port: bounded names and values, text without control characters, all or nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/query.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	query q;
	int64_t number = 0;
	if (query_parse(&q, (mr_bytes){(const char *)data, size})) {
		demand(q.count == 0);
		return 0;
	}
	demand(size <= QUERY_MAX && q.count <= QUERY_PARAMS);
	for (size_t i = 0; i < q.count; i++) {
		const char *value = q.params[i].value;
		demand(q.params[i].name[0] && strlen(q.params[i].name) <= QUERY_NAME_MAX && strlen(value) <= QUERY_VALUE_MAX);
		demand(query_find(&q, q.params[i].name) == value);
		demand(utf8_valid(mr_bytes_of(value)));
		for (const char *at = value; *at; at++)
			demand((unsigned char)*at >= 0x20 && *at != 0x7f);
		if (query_number(&q, q.params[i].name, -1000, 1000, &number) == 0)
			demand(number >= -1000 && number <= 1000);
	}
	return 0;
}
