"""Waiting with a deadline, never for a fixed time."""
import time

from .pace import paced, paced_now


class TimedOut(AssertionError):
    pass


def wait_until(condition, seconds=10.0, what="the condition", every=0.02):
    """seconds: on a quiet machine (pace.py); where the machine got busier since, the limit grows with it. Calls condition until
    it gives something true, and returns that. A what that is a function is asked at the end: it can tell what there was instead."""
    quiet, seconds = seconds, paced(seconds)
    began = time.monotonic()
    last = None
    while True:
        try:
            value = condition()
        except (OSError, ValueError) as error:  # a server on its way up or down
            value, last = None, error
        if value:
            return value
        if time.monotonic() - began >= seconds:
            now = paced_now(quiet)
            if time.monotonic() - began < now:
                seconds = now
                continue
            what = what() if callable(what) else what
            raise TimedOut(f"{what}: not within {seconds:g} s" + (f" ({last})" if last else ""))
        time.sleep(every)


def stays(condition, seconds, what="the condition", every=0.05):
    """Fails as soon as condition stops being true within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not condition():
            raise AssertionError(f"{what}: no longer so")
        time.sleep(every)
