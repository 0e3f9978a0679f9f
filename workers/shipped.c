/* shipped.c - see shipped.h. */
#include "shipped.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *shipped_path(const char *name, char out[SHIPPED_PATH_BYTES])
{
	static const char *const places[] = {"conf", "../conf", "../../conf", "../share/millrace"};
	char program[2048];
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	program[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(program, '/');
	for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
		snprintf(out, SHIPPED_PATH_BYTES, "%.*s/%s/%s", (int)(slash - program), program, places[i], name);
		if (access(out, R_OK) == 0)
			return out;
	}
	snprintf(out, SHIPPED_PATH_BYTES, "/usr/share/millrace/%s", name);
	return out;
}
