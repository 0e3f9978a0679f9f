/* runtime_dir.c - see runtime_dir.h. */
#include "runtime_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MS 1000                /* an old daemon may be leaving */

int runtime_dir_make(const char *dir)
{
	char path[RUNTIME_PATH_MAX + 1];
	snprintf(path, sizeof path, "%s", dir);
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		if (mkdir(path, 0750) && errno != EEXIST)
			return -1;
		*at = '/';
	}
	return mkdir(path, 0750) && errno != EEXIST ? -1 : 0;
}

int runtime_dir_lock(const char *path)
{
	char name[RUNTIME_PATH_MAX + 8];
	snprintf(name, sizeof name, "%s.lock", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += 20) {
		struct timespec nap = {0, 20 * 1000000};
		if (waited >= LOCK_WAIT_MS) {
			close(fd);
			errno = EWOULDBLOCK;
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return fd;
}
