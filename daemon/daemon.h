/* daemon.h - the daemon as a whole: puts the parts together, turns the loop, and knows the order in which things start and end.
 *
 *   STARTING   workers start, the producer registers (init_transactions), the index log's last epoch is decided
 *   CATCHING_UP        with a journal: what others have published is read; then, or at once without one, the group is joined
 *   RUNNING    records flow
 *   DRAINING   SIGTERM or `millrace ctl drain --exit`: nothing new is taken; what is in flight ends, within daemon.drain_ms
 *   LEAVING    the group is left, producer and index log are closed, workers stopped
 * Being killed in any of them is as safe as finishing (promises 1 to 3). */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "common/args.h"

/* Runs until it is told to leave; returns a code of common/exit_codes.h. `args` are read again at SIGHUP. */
int daemon_run(const arguments *args, settings *settings);

#endif
