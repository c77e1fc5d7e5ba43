#!/usr/bin/env python3
"""The longest turn of a scheduler's loop, in processor time, at the caps of what it reads.

    PAPERSCOUT_BUILD=$PWD/build/release python3 tests/bench/loop_turns.py [RUNS]

An index of 50,000 entries and a page of open-std.org with 20,000 papers are new; a standby reads them; every title changes; 5,000
people watch 100,000 entries; the standby takes over. The contract allows 50 ms a turn. Each figure is the longest turn so far.
"""
import json
import os
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from rig import Fleet, wait_until  # noqa: E402

ENTRIES, PEOPLE, WATCHES, LISTED = 50000, 5000, 20, 20000


def index(path, turn):
    with open(path, "w", encoding="ascii") as file:
        json.dump({f"P{i * 7919 % ENTRIES + 1:04d}R{i % 3}": {
            "type": "paper", "title": f"A proposal number {i} about a part of the library, for the {turn}. time",
            "author": "Jane Doe, John Smith", "date": f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}", "subgroup": "LEWG",
            "link": f"https://wg21.link/p{i}", "long_link": f"https://wg21.link/p{i}.pdf", "status": "open"} for i in range(ENTRIES)}, file)


def page():
    rows = "".join(f'<tr><td><a href="2026/p{60000 + i}r0.pdf">P{60000 + i}R0</a></td><td>A title of paper {i}, which is of usual length '
                   f"</td><td>Jane Doe</td><td>2026-01-02</td><td>2026-02</td><td></td><td>LEWG</td></tr>\n" for i in range(LISTED))
    return f"<html><body><table>{rows}</table></body></html>"


def metric(program, name):
    status, text = program.get("/metrics", 20)[:2]
    text = text if isinstance(text, str) else text.decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + " "))


def longest_ms(program):
    return metric(program, "paperscout_loop_longest_turn_seconds") * 1000


def run(folder):
    """Milliseconds by stage."""
    path, found = os.path.join(folder, "index.json"), {}
    index(path, 1)
    fleet = Fleet({"index": {"file": path}, "drafts": {},
                   "rules": {"listing": {"match": f"/papers/{time.gmtime().tm_year}/", "status": 200, "content_type": "text/html",
                                         "body": page()}}},
                  ENABLE_ISO_PROBE="false", POLL_INTERVAL_SECONDS="5", CACHE_TTL_HOURS="0",
                  ENABLE_BULK_OPENSTD="true", WG21_INDEX_TIMEOUT_S="120")
    try:
        fleet.start_servers()
        settings = {"OPENSTD_URL": fleet.upstream.url + "/papers/"}
        first = fleet.start("scheduler", **settings)
        wait_until(lambda: fleet.postgres.value("SELECT count(*) FROM papers") == ENTRIES + LISTED, 120, "the index is stored", every=0.3)
        fleet.wait_cycles(1, 60)
        found["first index"] = longest_ms(first)
        second = fleet.start("scheduler", **settings)
        wait_until(second.ready, 60, "the standby is ready")
        wait_until(lambda: second.health()["papers_loaded"] == ENTRIES + LISTED, 60, "the standby has the index", every=0.3)
        found["standby reads the index"] = longest_ms(second)
        index(path, 2)
        fleet.upstream.patch({"index": {"file": path}})
        wait_until(lambda: first.events("INDEX-UPD"), 300, "every title has changed", every=0.3)
        cycles = len(fleet.cycles())
        fleet.wait_cycles(cycles + 1, 300)
        found["every title changed"] = longest_ms(first)
        fleet.postgres.execute(
            "INSERT INTO watchlist (user_id, entry) SELECT 'U' || person, 'name of person ' || person || ' ' || n "
            f"FROM generate_series(1, {PEOPLE}) person, generate_series(1, {WATCHES}) n")
        cycles = len(fleet.cycles())
        fleet.wait_cycles(cycles + 2, 60)
        found["100,000 watches"] = longest_ms(first)
        first.stop()
        wait_until(lambda: second.health()["role"] == "leader", 60, "the standby leads")
        cycles = len(fleet.cycles())
        fleet.wait_cycles(cycles + 1, 120)
        found["standby takes over"] = longest_ms(second)
    finally:
        fleet.close()
    return found


def main():
    runs = [run(tempfile.mkdtemp(prefix="paperscout-turns-")) for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)]
    for stage in runs[0]:
        values = [one[stage] for one in runs]
        print(f"{stage:28} median {statistics.median(values):7.1f} ms   from {min(values):.1f} to {max(values):.1f}")


if __name__ == "__main__":
    main()
