/* cage.h - what a worker may still do once strangers' text comes in: read and write what is open already, compute, allocate up to a limit, leave.
 *
 * Two steps. cage_limits first thing in main: resource limits, no core, no new privileges, not to be traced. cage_close when everything is
 * loaded and connected: the system call filter, laid over every thread of the process (libzmq has two), for good.
 *
 * A call outside the list answers EPERM, because glibc probes for files at odd moments and takes that answer well; what no library does by
 * accident (execve, ptrace, reading another process's memory) ends the process. The cage is not there in builds with sanitizers: they need to
 * open /proc and to start threads at any time. */
#ifndef WORKERS_CAGE_H
#define WORKERS_CAGE_H

#include <stdbool.h>
#include <stddef.h>

bool cage_possible(void);                        /* false in builds with sanitizers */
/* `memory_bytes`: address space; 0: none. 0; -1 with `error`. */
int cage_limits(size_t memory_bytes, char error[256]);
int cage_close(char error[256]);
/* Tries what must not work, and prints a line for each try to standard output.
 * Returns the number of tries that succeeded. Call after cage_close. */
int cage_try(const char *thread);

#endif
