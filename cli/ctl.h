/* ctl.h - what the files of `millrace ctl` share: the command line (ctl.c), the talk with the daemon (ctl_link.c), what is shown (ctl_show.c). Single thread. */
#ifndef CLI_CTL_H
#define CLI_CTL_H

#include "daemon/control_message.h"

/* Sends the request and waits for its answer, in `line` without its line break. `to_the_end`: then for the end of the connection as well, which is the daemon's. 0, or an exit
 * code; what went wrong was said. */
int ctl_ask(const char *path, const control_request *request, bool to_the_end, buf *line);
/* Shows the answer to people (`json`: as it came). EXIT_CLEAN when the daemon has done it, else EXIT_FAILED; EXIT_NO_DAEMON when it does not let this user in. */
int ctl_show(const control_request *request, mr_bytes line, bool json);

#endif
