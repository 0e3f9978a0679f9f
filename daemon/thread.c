/* thread.c - see thread.h. */
#include "thread.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"

void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, const char *whose)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		log_error("cannot start a thread", "whose", "%s", whose, "error", "%s", strerror(failed));
		abort();
	}
}

void thread_condition(pthread_cond_t *condition)
{
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &clock);
	pthread_condattr_destroy(&clock);
}
