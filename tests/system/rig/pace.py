"""How much slower than a quiet machine this one is: one factor for every limit and interval of the tests.

A test that compares seconds measures the machine. So no test waits for a fixed time: it waits for a condition, with a
limit that is generous on a quiet machine and multiplied by PACE on a busy one. Leases, intervals and timeouts that a
test gives to the programs are multiplied too, so that their proportions stay the same.

PAPERSCOUT_TEST_PACE sets the factor; deploy/test.sh measures it once before the first test. Without it, each test
process measures for itself.
"""
import os
import time

MOST = 12.0
MOST_NOW = 60.0  # for a limit that has passed

# Settings that are times. Their proportions are what a test is about, not their seconds.
SCALED = {"POLL_INTERVAL_SECONDS", "LEADER_TTL_MS", "TASK_VISIBILITY_SECONDS", "HTTP_TIMEOUT_SECONDS",
          "CYCLE_DEADLINE_SECONDS", "OPS_ALERT_AFTER_MINUTES", "POLL_INTERVAL_MINUTES"}

REAL = {"POLL_INTERVAL_SECONDS", "POLL_INTERVAL_MINUTES", "HTTP_TIMEOUT_SECONDS", "OPS_ALERT_AFTER_MINUTES"}


def measure(spins=8, spin_seconds=0.02):
    """Wall time over processor time of short spins, the median: 1.0 where a processor is free."""
    ratios = []
    for _ in range(spins):
        wall, used = time.monotonic(), time.process_time()
        while time.process_time() - used < spin_seconds:
            pass
        ratios.append((time.monotonic() - wall) / spin_seconds)
    ratios.sort()
    return ratios[len(ratios) // 2]


def _factor():
    told = os.environ.get("PAPERSCOUT_TEST_PACE")
    factor = float(told) if told else measure()
    return 1.0 if factor < 1.3 else min(factor, MOST)


PACE = _factor()


def paced(seconds):
    """A limit that is right on a quiet machine, for this one."""
    return seconds * PACE


def paced_now(seconds):
    """The same limit with the machine as it is at this moment: what else runs may have begun after the first measurement.
    Asked once a limit has passed, so that it costs nothing where all goes well."""
    return seconds * max(PACE, min(measure(), MOST_NOW))


def paced_settings(settings):
    """settings with every time in it multiplied by PACE."""
    if PACE == 1.0:
        return settings
    grace = float(settings.get("SHUTDOWN_GRACE_SECONDS") or 25)
    return {name: _scaled(name, value, grace) for name, value in settings.items()}


def _scaled(name, value, grace):
    if name not in SCALED or value in (None, ""):
        return value
    number = float(value) * PACE
    if name == "HTTP_TIMEOUT_SECONDS":  # a request must end within SHUTDOWN_GRACE_SECONDS
        number = max(float(value), min(number, 0.75 * grace))
    return f"{number:.4g}" if name in REAL else str(round(number))


if __name__ == "__main__":
    print(f"{_factor():.1f}")
