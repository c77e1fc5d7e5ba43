#!/usr/bin/env python3
"""What a fleet needs, measured: memory and processor time of each program, and what Redis and PostgreSQL hold.

    cmake --preset release && cmake --build build/release
    PAPERSCOUT_BUILD=$PWD/build/release python3 tests/bench/sizing.py [CYCLES [adaptive]]

Runs CYCLES (5) cycles of the index at today's size (18,052 entries), at the settings a fleet has by default, but for
the time between polls: two schedulers, two workers, a notifier. The draft site answers after 50 ms and has a new
draft, a PDF, for each cycle. Prints the figures of deploy/SIZING.md.

With "adaptive", cycles have the probes that five minutes of the budget are worth, and each begins with a checkpoint of
PostgreSQL, as it does about every five minutes in a fleet: the first change of a page after it writes the whole page.
"""
import json
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import index as indexes  # noqa: E402
from rig import Fleet, wait_until  # noqa: E402
from rig.index import frontier  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def memory(pid):
    """(now, at most) of a process, in MB of resident pages."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        kb = dict(line.split(":", 1) for line in file)
    return tuple(int(kb[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def info(redis, name):
    for line in redis.call("INFO", "memory").splitlines():
        if line.startswith(name + ":"):
            return int(line.split(":")[1])
    raise KeyError(name)


def changes(postgres):
    """(rows inserted, updated, deleted; bytes of WAL) since the start."""
    row = postgres.query("SELECT sum(n_tup_ins)::bigint AS ins, sum(n_tup_upd)::bigint AS upd, sum(n_tup_del)::bigint AS del, "
                         "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS wal FROM pg_stat_user_tables")[0]
    return [row["ins"], row["upd"], row["del"], row["wal"]]


def fill_asked(fleet, path):
    """All candidates were asked for already, as in a fleet after its first day."""
    code, text, error = fleet.command("scheduler", "plan", "--planner", "adaptive", "--index", path,
                                      PROBE_BUDGET_PER_DAY=1000000, POLL_INTERVAL_SECONDS=86400, timeout=60)
    assert code == 0, error
    names = (re.search(r"([DP])(\d+)R(\d+)(\.\w+)$", line).groups() for line in text.splitlines())
    values = ", ".join(f"({number}, {revision}, '{prefix}', '{ext}', now() - interval '3 hours')"
                       for prefix, number, revision, ext in names)
    fleet.postgres.execute(f"INSERT INTO probe_times (number, revision, prefix, ext, asked_at) VALUES {values} "
                           "ON CONFLICT DO NOTHING")


def watch_writes(fleet, path, cycles):
    """What each further cycle writes, a checkpoint before it."""
    rows = []
    wait_until(lambda: any(row["status"] != "running" for row in fleet.cycles()), 120, "a cycle is closed", every=0.2)
    fill_asked(fleet, path)
    for number in range(2, cycles + 1):
        wait_until(lambda: len([row for row in fleet.cycles() if row["status"] != "running"]) >= number - 1, 120,
                   f"cycle {number - 1} is closed", every=0.2)
        time.sleep(1.5)
        fleet.postgres.execute("CHECKPOINT")
        before = changes(fleet.postgres)
        wait_until(lambda: len([row for row in fleet.cycles() if row["status"] != "running"]) >= number, 120,
                   f"cycle {number} is closed", every=0.2)
        time.sleep(1.5)  # statistics of the sessions are written each second
        planned = fleet.cycles()[number - 1]["planned"]
        rows.append([planned, *(after - old for after, old in zip(changes(fleet.postgres), before))])
    for name, column in (("probes", 0), ("rows inserted", 1), ("rows updated", 2), ("rows deleted", 3), ("bytes of WAL", 4)):
        values = sorted(row[column] for row in rows)
        print(f"a cycle writes: {name} {values[len(values) // 2]:,} (median of {len(values)}), {288 * sum(values) / len(values):,.0f} a day")
    print(f"last-asked times: {fleet.postgres.value('SELECT count(*) FROM probe_times'):,} rows, "
          f"{fleet.postgres.value('SELECT pg_total_relation_size($$probe_times$$)') / 2**20:.1f} MB")


def main():
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    adaptive = sys.argv[2:] == ["adaptive"]
    folder = tempfile.mkdtemp(prefix="paperscout-sizing-")
    path, what = indexes.grown(folder)
    with open(path, encoding="utf-8") as file:
        first = frontier(json.load(file)) + 1
    fleet = Fleet({"index": {"file": path}, "drafts": {}, "rules": {"slow": {"match": "/files/*", "delay_ms": 50}}})
    try:
        fleet.start_servers(postgres=False)
        fleet.postgres.start(full_page_writes="on")
        fleet.postgres.execute("ALTER SYSTEM SET autovacuum = on")
        idle = info(fleet.redis, "used_memory")
        usual = {"POLL_INTERVAL_SECONDS": 20, "COLD_SPREAD_RATIO": None, "PROBE_RATE_LIMIT": None,
                 "PROBE_HOST_CONCURRENCY": None, "PROBE_BACKOFF_MS": None, "HTTP_TIMEOUT_SECONDS": None,
                 "TASK_VISIBILITY_SECONDS": None, "LEADER_TTL_MS": None, "LOG_LEVEL": None, "SHUTDOWN_GRACE_SECONDS": None,
                 "SLACK_CHANNEL_INTERVAL_MS": None}
        if adaptive:
            usual |= {"PROBE_PLANNER": "adaptive", "PROBE_BUDGET_PER_DAY": 80000 * 300 // 20}
        for component in ("scheduler", "scheduler", "worker", "worker"):
            fleet.start(component, **usual)
        fleet.start_slack_notifier(**usual)
        began = time.monotonic()
        if adaptive:
            watch_writes(fleet, path, cycles)
        for number in range(1, cycles + 1):
            wait_until(lambda: len([row for row in fleet.cycles() if row["status"] != "running"]) >= number, 120,
                       f"cycle {number} is closed", every=0.5)
            fleet.upstream.patch({"drafts": {f"D{first + number:04d}R0.pdf": {"modified": "2026-01-01T00:00:00Z",
                                                                            "text": "A title\nAn author"}}})
        took = time.monotonic() - began
        rows = fleet.cycles()
        planned = sum(row["planned"] for row in rows[:cycles])
        print(f"{cycles} cycles in {took:.0f} s, {planned // cycles} probes each; index of {indexes.ENTRIES:,} entries, {what}")
        leader = fleet.redis.call("GET", fleet.redis.key("leader")).rpartition(":")[0]
        for program in fleet.programs:
            now, most = memory(program.pid)
            role = " (leader)" if program.name == leader else ""
            print(f"{program.name}{role}: {now:.1f} MB, {most:.1f} MB at most; {seconds(program.pid) / cycles:.2f} s of "
                  "a processor a cycle")
        peak = info(fleet.redis, "used_memory_peak")
        print(f"Redis: {idle / 2**20:.1f} MB empty, {peak / 2**20:.1f} MB at most with {max(r['planned'] for r in rows)} tasks, "
              f"{(peak - idle) / max(r['planned'] for r in rows):.0f} bytes a task")
        for table, name in (("papers", "paper"), ("probes", "probe"), ("cycles", "cycle"), ("discovered", "draft")):
            row = fleet.postgres.query(f"SELECT pg_total_relation_size('{table}') AS size, count(*) AS n FROM {table}")[0]
            print(f"PostgreSQL, {table}: {row['n']} rows, {row['size'] / 2**20:.1f} MB, {row['size'] / max(row['n'], 1):.0f} bytes a {name}")
        size = fleet.postgres.value("SELECT pg_database_size(current_database())")
        held = fleet.postgres.value("SELECT count(DISTINCT cycle) FROM probes")
        print(f"PostgreSQL, whole database: {size / 2**20:.1f} MB, probes of {held} cycles in it")
    finally:
        fleet.close()


if __name__ == "__main__":
    main()
