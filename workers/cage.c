/* cage.c - see cage.h. The list was found with strace over a busy worker of each stage on glibc 2.36 and by reading what 2.41 adds; each line says
 * who needs it. Calls with arguments that matter are allowed with those arguments only. */
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),                    /* eventfd, signalfd, log lines */
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),            /* the one socket */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
	SCMP_SYS(getsockopt), SCMP_SYS(shutdown), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat),
	SCMP_SYS(futex), SCMP_SYS(futex_waitv), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(sched_yield),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),                  /* malloc */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler),                                /* a thread of libzmq that begins late */
};

static const int deadly[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(bpf), SCMP_SYS(kexec_load),
};

bool cage_possible(void)
{
	return !SANITIZED;
}

static int fail(char error[256], const char *what, int code)
{
	snprintf(error, 256, "%s: %s", what, strerror(code));
	return -1;
}

static int limit(int resource, rlim_t value)
{
	struct rlimit now;
	if (getrlimit((__rlimit_resource_t)resource, &now))
		return -1;
	if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max)
		value = now.rlim_max;                    /* somebody outside was stricter */
	struct rlimit want = {value, value};
	return setrlimit((__rlimit_resource_t)resource, &want);
}

int cage_limits(size_t memory_bytes, char error[256])
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail(error, "no new privileges", errno);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || limit(RLIMIT_CORE, 0))
		return fail(error, "no core dumps", errno);
	if (memory_bytes && cage_possible() && limit(RLIMIT_AS, memory_bytes))
		return fail(error, "limit of address space", errno);
	return 0;
}

/* Limits that would hinder opening and connecting, so they come late: no further descriptor (those that are open stay), no process, and no byte
 * into a file - except when standard error is one, or the worker's own log would be lost. */
static int late_limits(void)
{
	int top = dup(STDERR_FILENO);
	if (top < 0)
		return -1;
	close(top);
	for (int fd = top; fd < 1024; fd++)              /* poll() refuses more descriptors than the limit, so count to the last one that is open */
		if (fcntl(fd, F_GETFD) >= 0)
			top = fd + 1;
	struct stat at;
	int log_file = fstat(STDERR_FILENO, &at) == 0 && S_ISREG(at.st_mode);
	return limit(RLIMIT_NOFILE, (rlim_t)top) || limit(RLIMIT_NPROC, 0) || (!log_file && limit(RLIMIT_FSIZE, 0)) ? -1 : 0;
}

static int add_rules(scmp_filter_ctx ctx)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < sizeof allowed / sizeof *allowed; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; !rc && i < sizeof deadly / sizeof *deadly; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	/* memory, but never to execute */
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* abort() and nobody else's signals */
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	/* asking for limits, not setting them */
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
	/* A thread of libzmq may run its first lines only after the filter is laid (seen on a busy machine): it sets the ordinary policy it has already
	 * and its name, and aborts the process when the first is refused (thread.cpp). */
	static const int ordinary[] = {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE};
	for (size_t i = 0; !rc && i < 3; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sched_setscheduler), 1, SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)ordinary[i]));
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	return rc;
}

int cage_close(char error[256])
{
	if (!cage_possible())
		return 0;
	if (late_limits())
		return fail(error, "resource limits", errno);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return fail(error, "seccomp", ENOMEM);
	int rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = add_rules(ctx);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc ? fail(error, "seccomp", -rc) : 0;
}

static int tell(const char *thread, const char *what, long result)
{
	int code = errno;
	printf("%s: %s: %s\n", thread, what, result >= 0 ? "ALLOWED" : strerror(code));
	fflush(stdout);
	return result >= 0;
}

int cage_try(const char *thread)
{
	int open_count = 0;
	open_count += tell(thread, "open a file to read", open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	open_count += tell(thread, "open a file to write", open("/tmp/millrace-cage-try", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	open_count += tell(thread, "unix socket", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	open_count += tell(thread, "internet socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	open_count += tell(thread, "another descriptor", dup(STDERR_FILENO));
	open_count += tell(thread, "new process", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	open_count += tell(thread, "signal to the parent", kill(getppid(), 0));
	open_count += tell(thread, "real-time scheduling", sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1}));
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	open_count += tell(thread, "memory to execute", code == MAP_FAILED ? -1 : 0);
	return open_count;
}
