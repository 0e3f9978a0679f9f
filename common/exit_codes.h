/* exit_codes.h - with what number every program of Millrace ends, and why: the one table. docs/operations.md says what to do about each.
 *
 * systemd units name 78 (RestartPreventExitStatus): a broken configuration is not started again and again. All others are worth another start.
 * The numbers keep clear of sysexits.h except 78 = EX_CONFIG, of 126 and up (shell, signals) and of 200 and up (systemd). */
#ifndef COMMON_EXIT_CODES_H
#define COMMON_EXIT_CODES_H

#define EXIT_CODES(X) \
	X(EXIT_CLEAN, 0, "done; everything that was taken has ended") \
	X(EXIT_FAILED, 1, "the command failed; the last line on standard error says what") \
	X(EXIT_USAGE, 2, "wrong command line") \
	X(EXIT_FENCED, 10, "another producer with the same daemon.instance took over (two daemons of one name?)") \
	X(EXIT_PRODUCER, 11, "the Kafka producer failed for good; a new start begins a new one") \
	X(EXIT_LOCKED, 12, "the state folder, a socket or a partition to be loaded is held by another live process") \
	X(EXIT_DRAIN, 13, "the drain deadline passed; what was unfinished is read again at the next start") \
	X(EXIT_AT_ONCE, 14, "left at once after a second SIGTERM; what was unfinished is read again at the next start") \
	X(EXIT_ORPHAN, 15, "a worker lost its daemon (connection gone, no heartbeat, or BYE); it is started again") \
	X(EXIT_EXPELLED, 16, "a worker was given up by the daemon (unknown to it, too slow, or not understood); it is started again") \
	X(EXIT_GARBAGE, 17, "a worker received what cannot be read; it is started again") \
	X(EXIT_CAGE, 18, "a worker could not close its cage (kernel without seccomp?)") \
	X(EXIT_NO_DAEMON, 19, "no daemon answers (millrace ctl: it does not run, runs elsewhere, or does not let this user in)") \
	X(EXIT_CONFIG, 78, "wrong configuration; every error was printed; starting again would not help")

enum exit_code {
#define EXIT_CODE_ROW(name, number, help) name = number,
	EXIT_CODES(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
};

#endif
