"""Waiting for conditions, never for time to pass."""
import time


class TooSlow(AssertionError):
    pass


def wait_until(condition, seconds, what, every=0.02):
    """Asks `condition` until it gives something true, which is returned; past the deadline the test fails and says what it waited for.
    `what` may be a function, called for the message."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TooSlow(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(every)
