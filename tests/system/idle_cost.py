"""What an idle fleet costs: Redis commands, PostgreSQL transactions and wake-ups a second between two polls.

Two schedulers, two workers and two notifiers with default settings, one short poll, then SECONDS of nothing.
Run it by itself: `python3 -B idle_cost.py [--seconds 60] [--json]` in this folder.
"""
import argparse
import json
import os
import sys
import time

from rig.fleet import Fleet
from rig.wait import wait_until

# Default settings, but for where the servers are.
SETTINGS = {"POLL_INTERVAL_SECONDS": None, "POLL_INTERVAL_MINUTES": "30", "LEADER_TTL_MS": None,
            "TASK_VISIBILITY_SECONDS": None, "SHUTDOWN_GRACE_SECONDS": None, "HTTP_TIMEOUT_SECONDS": None,
            "POLL_OVERRUN_COOLDOWN_SECONDS": None, "LOG_LEVEL": None, "FRONTIER_WINDOW_ABOVE": "2"}


def redis_calls(fleet):
    """Calls so far, by command."""
    calls = {}
    for line in fleet.redis.call("INFO", "commandstats").splitlines():
        if line.startswith("cmdstat_"):
            name, rest = line[8:].split(":", 1)
            calls[name] = int(rest.split(",")[0].split("=")[1])
    return calls


def transactions(fleet):
    return fleet.postgres.query("SELECT xact_commit + xact_rollback AS n FROM pg_stat_database "
                                "WHERE datname = 'postgres'")[0]["n"]


def wake_ups(program):
    """Voluntary context switches of all threads: each is one sleep that ended."""
    total = 0
    base = f"/proc/{program.pid}/task"
    for task in os.listdir(base):
        with open(f"{base}/{task}/status", encoding="ascii") as status:
            total += next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt"))
    return total


def cpu_seconds(program):
    with open(f"/proc/{program.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(seconds=60):
    """One dict: redis (calls a second by command, without the measuring), postgres, and for each program
    wake-ups and processor milliseconds a second."""
    fleet = Fleet(**SETTINGS)
    try:
        fleet.start_servers()
        for component in ("scheduler", "worker", "notifier"):
            fleet.start(component)
            fleet.start(component)
        fleet.wait_cycles(1, 60)
        fleet.wait_sent()
        time.sleep(10)  # until what follows a poll has settled
        fleet.redis.call("CONFIG", "RESETSTAT")
        began, since = time.monotonic(), {p.name: (wake_ups(p), cpu_seconds(p)) for p in fleet.programs}
        rows = transactions(fleet)
        time.sleep(seconds)
        took = time.monotonic() - began
        calls = {name: n / took for name, n in sorted(redis_calls(fleet).items(), key=lambda x: -x[1])
                 if not name.startswith(("config", "info"))}
        # PostgreSQL shows a session's counts a while after they happened.
        done = (transactions(fleet) - rows - 1) / took
        return {"seconds": took, "redis": calls, "redis_sum": sum(calls.values()), "postgres": done,
                "wake_ups": {p.name: (wake_ups(p) - since[p.name][0]) / took for p in fleet.programs},
                "cpu_ms": {p.name: 1000 * (cpu_seconds(p) - since[p.name][1]) / took for p in fleet.programs}}
    finally:
        fleet.close()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--json", action="store_true")
    options = options.parse_args()
    cost = measure(options.seconds)
    if options.json:
        print(json.dumps(cost))
        return
    print(f"Redis commands a second: {cost['redis_sum']:.1f}")
    for name, rate in cost["redis"].items():
        print(f"  {name:24} {rate:6.2f}")
    print(f"PostgreSQL transactions a second: {cost['postgres']:.2f}")
    for name, rate in cost["wake_ups"].items():
        print(f"  {name:24} {rate:6.1f} wake-ups a second, {cost['cpu_ms'][name]:5.1f} ms of processor")


if __name__ == "__main__":
    sys.exit(main())
