/* thread.h - how a thread beside the loop begins: the transaction thread (publisher.c), those that ask for the ends of the input (ends.c) and of the journal (journal_ask.c).
 *
 * Owns nothing; what the threads share with the loop, and its lock, belongs to their modules. Loop thread. */
#ifndef DAEMON_THREAD_H
#define DAEMON_THREAD_H

#include <pthread.h>

/* Starts it with every signal blocked: signals are the loop's. A thread that cannot be had ends the process; `whose` says in the log which. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, const char *whose);
/* A condition whose timed waits go by the monotonic clock: the wall clock may be set meanwhile. */
void thread_condition(pthread_cond_t *condition);

#endif
