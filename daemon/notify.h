/* notify.h - what the daemon tells the service manager (sd_notify(3)). Without NOTIFY_SOCKET every call does nothing. It owns nothing; loop thread.
 *
 * Order of a life: notify_ready once -> (notify_reloading -> notify_ready)... -> notify_stopping -> notify_extend while the drain goes on. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>

#include "millrace/bytes.h"

void notify_ready(const char *status);           /* READY=1 and a line for `systemctl status`; also ends a reload */
void notify_status(const char *format, ...) MR_PRINTF(1, 2);
void notify_reloading(void);                     /* RELOADING=1 with the time stamp that Type=notify-reload asks for */
void notify_stopping(void);
void notify_extend(int64_t ms);                  /* the stop needs up to so much longer than said before */
/* How often notify_watchdog should be called, half the limit of WatchdogSec=; 0: nobody watches. The timer belongs into the event loop. */
int64_t notify_watchdog_ms(void);
void notify_watchdog(void);

#endif
