/* notify.c - see notify.h. */
#include "notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "common/log.h"

/* The message is lines of assignments: a line break of a stranger's text must not begin another one. */
static const char *clean(char out[257], const char *text)
{
	return log_clean(out, 256, mr_bytes_of(text));
}

void notify_ready(const char *status)
{
	char text[257];
	sd_notifyf(0, "READY=1\nSTATUS=%s", clean(text, status));
}

void notify_status(const char *format, ...)
{
	char line[512], text[257];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	sd_notifyf(0, "STATUS=%s", clean(text, line));
}

void notify_reloading(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=draining");
}

void notify_extend(int64_t ms)
{
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRId64, ms * 1000);
}

int64_t notify_watchdog_ms(void)
{
	uint64_t usec = 0;
	return sd_watchdog_enabled(0, &usec) > 0 && usec >= 2000 ? (int64_t)(usec / 2000) : 0;
}

void notify_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}
