/* demo_daemon.c - see demo_daemon.h. */
#include "cli/demo_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/http.h"
#include "common/log.h"
#include "common/mem.h"

#define ANSWER_MS 2000
#define TOLD_LINES 8

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int demo_daemon_find(demo_daemon *self, const char *programs, char error[256])
{
	static const char *const names[] = {"millrace-worker", "millraced"};
	for (int i = 0; i < 2; i++) {
		snprintf(self->program, sizeof self->program, "%s/%s", programs, names[i]);
		if (access(self->program, X_OK) != 0) {
			snprintf(error, 256, "the demo needs %s beside this program, but %.120s cannot be run (%s); ./run build makes it", names[i], self->program, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* A port that is free now. -1: none. */
static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ? -1 : getsockname(fd, (struct sockaddr *)&at, &len);
	if (fd >= 0)
		close(fd);
	return rc ? -1 : ntohs(at.sin_port);
}

/* max_record_bytes: the embedded broker does not answer when asked for a topic's limit. */
static int write_config(demo_daemon *self, const char *folder, const char *bootstrap, const char *watches)
{
	FILE *f = fopen(self->config, "we");
	if (!f)
		return -1;
	fprintf(f, "# The demo's configuration. conf/millrace.conf explains every setting.\n[daemon]\ninstance = demo\nstate_dir = %s/state\nruntime_dir = %s/run\n", folder, folder);
	fprintf(f, "[kafka]\nbootstrap.servers = %s\n[kafka.consumer]\nfetch.wait.max.ms = 10\n", bootstrap);
	fprintf(f, "[publish]\ndelivery = at-least-once\nmax_record_bytes = 1000000\n[admin]\nport = %d\n", self->port);
	if (watches)
		fprintf(f, "[pipeline]\nstages = extract dedup classify watch\n[watch]\nfile = %s\n", watches);
	return fclose(f);
}

/* After fork: only calls that are safe there, since librdkafka's threads may hold any lock. */
static void become(const char *const *argv, pid_t parent, int log)
{
	int null = open("/dev/null", O_RDONLY);
	prctl(PR_SET_PDEATHSIG, SIGKILL);        /* the broker ends with us: there would be nothing to drain into */
	setpgid(0, 0);                           /* Ctrl-C is ours; we tell the daemon */
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	close_range(3, ~0u, 0);                  /* the embedded broker's sockets */
	if (getppid() == parent)
		execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

int demo_daemon_start(demo_daemon *self, const char *folder, const char *bootstrap, const char *watches, const char *const *sets, size_t set_count, char error[256])
{
	snprintf(self->config, sizeof self->config, "%s/millrace.conf", folder);
	snprintf(self->log, sizeof self->log, "%s/millraced.log", folder);
	self->port = free_port();
	int log = open(self->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log < 0 || self->port < 0 || write_config(self, folder, bootstrap, watches)) {
		snprintf(error, 256, "cannot prepare the daemon in %s: %s", folder, strerror(errno));
		if (log >= 0)
			close(log);
		return -1;
	}
	const char **argv = mem_array(4 + 2 * set_count, sizeof *argv);
	size_t n = 0;
	argv[n++] = self->program;
	argv[n++] = "--config";
	argv[n++] = self->config;
	for (size_t i = 0; i < set_count; i++) {
		argv[n++] = "--set";
		argv[n++] = sets[i];
	}
	pid_t parent = getpid();
	self->pid = fork();
	if (self->pid == 0)
		become(argv, parent, log);
	free(argv);
	close(log);
	if (self->pid > 0)
		return 0;
	self->pid = 0;
	snprintf(error, 256, "cannot start the daemon: %s", strerror(errno));
	return -1;
}

bool demo_daemon_lives(demo_daemon *self)
{
	if (self->pid > 0 && waitpid(self->pid, NULL, WNOHANG) == self->pid)
		self->pid = 0;
	return self->pid > 0;
}

int demo_daemon_get(const demo_daemon *self, const char *path, buf *body)
{
	http_place place;
	char url[40], error[HTTP_WHY_BYTES];
	snprintf(url, sizeof url, "127.0.0.1:%d", self->port);
	if (http_place_read(&place, url, error) == 0)
		return http_fetch(&place, path, ANSWER_MS, NULL, body);
	buf_clear(body);
	buf_add_str(body, error);
	return 0;
}

int demo_daemon_stop(demo_daemon *self, double seconds)
{
	double end = now_s() + seconds;
	int status = 0;
	pid_t got = 0;
	if (!demo_daemon_lives(self))
		return -1;
	kill(self->pid, SIGTERM);
	while ((got = waitpid(self->pid, &status, WNOHANG)) == 0 && now_s() < end)
		poll(NULL, 0, 20);
	if (got == 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, &status, 0);
	}
	self->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What needs no look when something has failed. Lines of others (libraries, the dynamic linker) do. */
static bool is_ordinary(const char *line)
{
	return strstr(line, "level=info ") || strstr(line, "level=debug ");
}

void demo_daemon_tell(const demo_daemon *self)
{
	char lines[TOLD_LINES][400], line[400], clean[400];
	size_t n = 0;
	FILE *f = fopen(self->log, "re");
	if (!f)
		return;
	while (fgets(line, sizeof line, f))
		if (!is_ordinary(line))
			memcpy(lines[n++ % TOLD_LINES], line, sizeof line);
	fclose(f);
	for (size_t i = n > TOLD_LINES ? n - TOLD_LINES : 0; i < n; i++) {
		char *text = lines[i % TOLD_LINES];
		text[strcspn(text, "\n")] = 0;
		fprintf(stderr, "  %s\n", log_clean(clean, sizeof clean - 1, mr_bytes_of(text)));
	}
}
