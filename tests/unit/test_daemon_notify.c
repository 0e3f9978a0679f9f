/* What the service manager hears, caught with a socket of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify.h"

static char folder[] = "/tmp/millrace-test-notify-XXXXXX";
static int manager = -1;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return bind(manager, (struct sockaddr *)&address, sizeof address);
}

static int stop(void **state)
{
	(void)state;
	close(manager);
	unlink(address.sun_path);
	return rmdir(folder);
}

static void heard(const char *want)
{
	char text[512] = "";
	ssize_t n = recv(manager, text, sizeof text - 1, 0);
	assert_true(n > 0);
	if (strncmp(text, want, strlen(want)) != 0)
		print_message("heard: %s\n", text);
	assert_memory_equal(text, want, strlen(want));
}

static void every_message_arrives(void **state)
{
	(void)state;
	notify_ready("2 partitions");
	heard("READY=1\nSTATUS=2 partitions");
	notify_status("lag %d\nREADY=0", 5);
	heard("STATUS=lag 5?READY=0");
	notify_reloading();
	heard("RELOADING=1\nMONOTONIC_USEC=");
	notify_stopping();
	heard("STOPPING=1");
	notify_extend(1500);
	heard("EXTEND_TIMEOUT_USEC=1500000");
	notify_watchdog();
	heard("WATCHDOG=1");
}

static void the_watchdog_is_half_the_limit(void **state)
{
	(void)state;
	char pid[16];
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ms(), 0);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_ms(), 15000);
	setenv("WATCHDOG_PID", "1", 1);          /* meant for another process */
	assert_int_equal(notify_watchdog_ms(), 0);
}

static void silence_without_a_manager(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_ready("x");
	char text[8];
	assert_true(recv(manager, text, sizeof text, 0) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_arrives),
		cmocka_unit_test(the_watchdog_is_half_the_limit),
		cmocka_unit_test(silence_without_a_manager),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
