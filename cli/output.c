/* output.c - see output.h. */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int output_write(const char *path, mr_bytes bytes, char error[256])
{
	char beside[4096];
	snprintf(beside, sizeof beside, "%s.new", path);
	FILE *out = fopen(beside, "wb");
	int bad = !out || fwrite(bytes.data, 1, bytes.len, out) != bytes.len;
	if (out && fclose(out))
		bad = 1;
	if (bad || rename(beside, path)) {
		snprintf(error, 256, "cannot write %.180s", path);
		return -1;
	}
	return 0;
}

int output_notes(const char *path, buf *out, char error[256])
{
	FILE *in = path ? fopen(path, "rb") : NULL;
	if (path && !in) {
		snprintf(error, 256, "%.180s: %s", path, strerror(errno));
		return -1;
	}
	char part[4096];
	size_t got;
	buf_add_char(out, '\n');
	while (in && (got = fread(part, 1, sizeof part, in)) > 0)
		buf_add(out, part, got);
	if (in)
		fclose(in);
	return 0;
}
