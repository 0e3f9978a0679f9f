/* ctl_link.c - see ctl.h: one connection, one request, one answer. Every failure says what was tried, where, and what is likely behind it. */
#include "cli/ctl.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

#define PATIENCE_MS 30000                /* for an answer, beyond what the daemon itself may wait: a reload reads models and files */

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int no_daemon(const char *path, const char *why)
{
	cli_failed("ctl", "%s: %s", path, why);
	return EXIT_NO_DAEMON;
}

static int not_permitted(const char *path)
{
	struct stat file;
	char why[300];
	if (stat(path, &file) || !S_ISSOCK(file.st_mode)) {
		snprintf(why, sizeof why, "user %u may not look into its folder; run this as root, as the daemon's user, or as a member of control.group", (unsigned)geteuid());
		return no_daemon(path, why);
	}
	struct passwd *owner = getpwuid(file.st_uid);
	struct group *group = getgrgid(file.st_gid);
	snprintf(why, sizeof why, "user %u may not speak to it: it belongs to user %.32s and group %.32s, mode %04o; run this as root, as the daemon's user, or as a member "
		 "of control.group", (unsigned)geteuid(), owner ? owner->pw_name : "?", group ? group->gr_name : "?", (unsigned)file.st_mode & 07777);
	return no_daemon(path, why);
}

static int cannot_connect(const char *path, int error)
{
	char why[300];
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return no_daemon(path, "there is no such socket: no daemon of this daemon.instance and daemon.runtime_dir runs here, or its control.enabled is false");
	case ECONNREFUSED:
		return no_daemon(path, "nobody listens on this socket any more: the daemon was killed; it makes a new one when it starts");
	case EACCES:
	case EPERM:
		return not_permitted(path);
	case EAGAIN:
		return no_daemon(path, "too many are waiting for the daemon already, or it hangs");
	default:
		snprintf(why, sizeof why, "cannot connect: %s", strerror(error));
		return no_daemon(path, why);
	}
}

static int open_link(const char *path, int *fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return cli_usage("ctl", "'%.60s...': a path to a socket has at most 107 bytes", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return cli_failed("ctl", "cannot make a socket: %s", strerror(errno));
	if (connect(*fd, (struct sockaddr *)&address, sizeof address) == 0)
		return 0;
	int why = errno;
	close(*fd);
	return cannot_connect(path, why);
}

/* More bytes into `line`. 1: some came; 0: the end of the connection; -1: time is over (errno 0), or it failed. */
static int read_more(int fd, int64_t until_ms, buf *line)
{
	struct pollfd look = {.fd = fd, .events = POLLIN};
	int64_t left = until_ms - now_ms();
	int rc = left > 0 ? poll(&look, 1, (int)left) : 0;
	if (rc < 0 && errno == EINTR)
		return 1;
	if (rc == 0)
		errno = 0;
	if (rc <= 0)
		return -1;
	ssize_t n = recv(fd, buf_reserve(line, 4096), 4096, 0);
	if (n < 0)
		return errno == EINTR ? 1 : errno == ECONNRESET ? 0 : -1;
	line->len += (size_t)n;
	return n > 0;
}

/* The first line is the answer. */
static int read_answer(int fd, const char *path, const control_request *request, buf *line)
{
	int64_t until_ms = now_ms() + PATIENCE_MS + (request->wait ? request->timeout_ms : 0);
	for (;;) {
		const char *end = line->len ? memchr(line->data, '\n', line->len) : NULL;
		if (end) {
			buf_cut(line, (size_t)(end - line->data));
			return 0;
		}
		if (line->len > CONTROL_ANSWER_MAX)
			return cli_failed("ctl", "%s: the answer is longer than %u bytes", path, CONTROL_ANSWER_MAX);
		int rc = read_more(fd, until_ms, line);
		if (rc == 0)
			return cli_failed("ctl", "%s: the daemon has ended, or closed the connection, before it answered; its log says what it did", path);
		if (rc < 0)
			return cli_failed("ctl", "%s: no answer%s%s; the daemon may hang", path, errno ? ": " : " in time", errno ? strerror(errno) : "");
	}
}

static int wait_for_end(int fd, const char *path)
{
	buf rest = {0};
	int rc;
	for (int64_t until_ms = now_ms() + PATIENCE_MS; (rc = read_more(fd, until_ms, &rest)) > 0;)
		buf_cut(&rest, 0);
	buf_free(&rest);
	return rc < 0 ? cli_failed("ctl", "%s: the daemon said that it leaves, and is still there after %d s", path, PATIENCE_MS / 1000) : 0;
}

int ctl_ask(const char *path, const control_request *request, bool to_the_end, buf *line)
{
	buf text = {0};
	int fd = -1, rc = open_link(path, &fd);
	if (rc)
		return rc;
	control_request_write(request, &text);
	/* Whoever is not let in is told so at once: what cannot be sent any more is no reason not to read that. */
	for (size_t sent = 0; sent < text.len;) {
		ssize_t n = send(fd, text.data + sent, text.len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			break;
		sent += n > 0 ? (size_t)n : 0;
	}
	buf_free(&text);
	rc = read_answer(fd, path, request, line);
	if (!rc && to_the_end)
		rc = wait_for_end(fd, path);
	close(fd);
	return rc;
}
