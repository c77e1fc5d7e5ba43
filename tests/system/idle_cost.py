"""What an idle fleet costs: Redis commands, PostgreSQL transactions and wake-ups a second between two polls.

Two schedulers, two workers and two notifiers with default settings, one short poll, then SECONDS of nothing.
Run it by itself: `python3 -B idle_cost.py [--seconds 60] [--statements] [--json]` in this folder.

The sums are Redis' and PostgreSQL's own counts (INFO commandstats, pg_stat_database) and /proc. MONITOR says which program
sent a command; a command within a script counts too, as it does for Redis, under the name of the script.
"""
import argparse
import collections
import glob
import hashlib
import json
import os
import re
import socket
import sys
import threading
import time

from rig.fleet import Fleet
from rig.places import CHECKOUT

# Default settings, but for where the servers are.
SETTINGS = {"POLL_INTERVAL_SECONDS": None, "POLL_INTERVAL_MINUTES": "30", "LEADER_TTL_MS": None,
            "TASK_VISIBILITY_SECONDS": None, "SHUTDOWN_GRACE_SECONDS": None, "HTTP_TIMEOUT_SECONDS": None,
            "POLL_OVERRUN_COOLDOWN_SECONDS": None, "LOG_LEVEL": None, "FRONTIER_WINDOW_ABOVE": "2"}
NOT_COUNTED = ("config", "info", "monitor", "client", "command")  # mostly the measurement itself
MONITORED = re.compile(r'^\+?[\d.]+ \[\d+ ([^\]]+)\] "((?:[^"\\]|\\.)*)"(?: "((?:[^"\\]|\\.)*)")?')


def redis_calls(fleet):
    """Calls so far, by command."""
    calls = {}
    for line in fleet.redis.call("INFO", "commandstats").splitlines():
        if line.startswith("cmdstat_"):
            name, rest = line[8:].split(":", 1)
            calls[name] = int(rest.split(",")[0].split("=")[1])
    return calls


def script_names():
    names = {}
    for path in glob.glob(os.path.join(CHECKOUT, "shared", "lua", "*.lua")):
        with open(path, "rb") as script:
            names[hashlib.sha1(script.read()).hexdigest()] = os.path.splitext(os.path.basename(path))[0]
    return names


class Monitor(threading.Thread):
    """Counts Redis' commands by program, from MONITOR."""

    def __init__(self, fleet):
        super().__init__(daemon=True)
        self.fleet = fleet
        self.calls = collections.Counter()  # (program, command)
        self.owners, self.scripts = {}, script_names()
        self.last = ("?", None)  # who ran the last script, and its name
        self.link = socket.create_connection(("127.0.0.1", fleet.redis.port))
        self.find_owners()
        self.link.sendall(b"MONITOR\r\n")
        self.start()

    def find_owners(self):
        """Addresses of connections, by the names that the programs give them."""
        names = {program.instance: program.name for program in self.fleet.programs}
        for line in self.fleet.redis.call("CLIENT", "LIST").splitlines():
            fields = dict(word.split("=", 1) for word in line.split(" ") if "=" in word)
            for instance, name in names.items():
                if instance and instance in fields.get("name", ""):
                    self.owners[fields["addr"]] = name

    def count(self, line):
        match = MONITORED.match(line)
        if match is None:
            return
        address, command, argument = match.group(1), match.group(2).lower(), match.group(3)
        if address == "lua":
            self.calls[(self.last[0], f"{self.last[1]}: {command}")] += 1
            return
        owner = self.owners.get(address, "?")
        if command in ("evalsha", "eval"):
            self.last = (owner, self.scripts.get(argument, "?"))
            self.calls[(owner, f"{self.last[1]}: {command}")] += 1
        elif owner != "?":
            self.calls[(owner, command)] += 1

    def run(self):
        with self.link.makefile("r", encoding="latin-1") as lines:
            try:
                for line in lines:
                    self.count(line)
            except (OSError, ValueError):
                pass

    def stop(self):
        self.link.shutdown(socket.SHUT_RDWR)
        self.join(10)
        return self.calls


def transactions(fleet):
    return fleet.postgres.query("SELECT xact_commit + xact_rollback AS n FROM pg_stat_database "
                                "WHERE datname = 'postgres'")[0]["n"]


def statements(fleet, since):
    """Statements of the server's log from byte since on, by program and first words."""
    found = collections.Counter()
    with open(fleet.postgres.process.log_path, encoding="utf-8", errors="replace") as log:
        log.seek(since)
        for line in log:
            match = re.match(r"@([\w-]+):\S* .*?(?:execute [^:]*|statement): (.*)", line)
            if match and "pg_stat_database" not in line:
                found[(match.group(1), match.group(2)[:70])] += 1
    return found


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


def begin(fleet, log_statements=False):
    """Starts an idle fleet: the first poll has ended, and what follows it has settled."""
    fleet.upstream.start()
    fleet.redis.start()
    fleet.postgres.start(**({"log_statement": "all", "log_line_prefix": "@%a "} if log_statements else {}))
    for component in ("scheduler", "worker", "notifier"):
        for _ in range(2):
            program = fleet.start(component)
            program.instance = program.health()["instance"]
    fleet.wait_cycles(1, 60)
    fleet.wait_sent()
    time.sleep(20)  # so long after its start a notifier looks for commands that an earlier one left


def measure(fleet, seconds=60, log_statements=False):
    """One dict: redis (calls a second by command, without the measurement), by_program, postgres, and for each
    program wake-ups and processor milliseconds a second."""
    fleet.redis.call("CONFIG", "RESETSTAT")
    monitor = Monitor(fleet)
    began, since = time.monotonic(), {p.name: (wake_ups(p), cpu_seconds(p)) for p in fleet.programs}
    rows, logged = transactions(fleet), os.path.getsize(fleet.postgres.process.log_path)
    time.sleep(seconds)
    took = time.monotonic() - began
    calls = {name: n / took for name, n in sorted(redis_calls(fleet).items(), key=lambda x: -x[1])
             if not name.startswith(NOT_COUNTED)}
    by_program = monitor.stop()
    # PostgreSQL shows a session's counts a while after they happened.
    done = (transactions(fleet) - rows - 1) / took
    return {"seconds": took, "redis": calls, "redis_sum": sum(calls.values()), "postgres": done,
            "by_program": {f"{program} {command}": n / took for (program, command), n in by_program.items()},
            "statements": {f"{program} {sql}": n / took for (program, sql), n in
                           (statements(fleet, logged) if log_statements else {}).items()},
            "wake_ups": {p.name: (wake_ups(p) - since[p.name][0]) / took for p in fleet.programs},
            "cpu_ms": {p.name: 1000 * (cpu_seconds(p) - since[p.name][1]) / took for p in fleet.programs}}


def print_table(cost):
    programs = list(cost["wake_ups"])
    table = collections.defaultdict(dict)
    for name, rate in cost["by_program"].items():
        program, command = name.split(" ", 1)
        table[command][program] = rate
    print("\nRedis commands a second, by program")
    print(" " * 34 + "".join(f"{name:>13}" for name in programs) + f"{'sum':>8}")
    for command, rates in sorted(table.items(), key=lambda row: -sum(row[1].values())):
        print(f"  {command:32}" + "".join(f"{rates.get(name, 0):13.2f}" for name in programs) +
              f"{sum(rates.values()):8.2f}")
    sums = [sum(rates.get(name, 0) for rates in table.values()) for name in programs]
    print(f"  {'sum':32}" + "".join(f"{rate:13.2f}" for rate in sums) + f"{sum(sums):8.2f}")


def print_cost(cost):
    print(f"Redis commands a second: {cost['redis_sum']:.1f}")
    for name, rate in cost["redis"].items():
        print(f"  {name:24} {rate:6.2f}")
    print_table(cost)
    print(f"\nPostgreSQL transactions a second: {cost['postgres']:.2f}")
    for name, rate in sorted(cost["statements"].items(), key=lambda row: -row[1]):
        print(f"  {rate:6.2f}  {name}")
    for name, rate in cost["wake_ups"].items():
        print(f"  {name:24} {rate:6.1f} wake-ups a second, {cost['cpu_ms'][name]:5.1f} ms of processor")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--statements", action="store_true", help="list PostgreSQL's statements, from its log")
    options.add_argument("--json", action="store_true")
    options = options.parse_args()
    fleet = Fleet(**SETTINGS)
    try:
        begin(fleet, options.statements)
        cost = measure(fleet, options.seconds, options.statements)
    finally:
        fleet.close()
    if options.json:
        print(json.dumps(cost))
        return
    print_cost(cost)


if __name__ == "__main__":
    sys.exit(main())
