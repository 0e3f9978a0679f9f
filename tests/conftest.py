"""Counts for `./run test`: every Python test adds to the tally of tests/all.sh, every skip tells its reason."""
import os


def pytest_terminal_summary(terminalreporter):
    stats = terminalreporter.stats
    passed = len(stats.get("passed", []))
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    skipped = stats.get("skipped", [])
    if os.environ.get("MILLRACE_TALLY") and passed + failed + len(skipped) > 0:
        with open(os.environ["MILLRACE_TALLY"], "a") as out:
            out.write(f"{passed} {failed} {len(skipped)}\n")
    if os.environ.get("MILLRACE_REASONS"):
        with open(os.environ["MILLRACE_REASONS"], "a") as out:
            for report in skipped:
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
                out.write(reason.removeprefix("Skipped: ") + "\n")
