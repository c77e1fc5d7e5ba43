#!/usr/bin/env python3
"""Measures Paperscout against its goals on this machine and prints a table.

Best run as: cmake --preset release && cmake --build build/release --target bench
Every figure is taken several times; the table shows the median and the spread. Nothing here is a
test: the exit status says only whether it could be measured.
"""
import argparse
import json
import shutil
import tempfile

from common import Table
import facts
from parts_inside import bench_index, bench_planner, bench_publish, bench_queue
from parts_readers import bench_readers
from parts_wire import bench_idle, bench_memory, bench_rate, bench_wire, bench_worker

PARTS = {"index": bench_index, "planner": bench_planner, "publish": bench_publish, "queue": bench_queue,
         "worker": bench_worker, "wire": bench_wire, "idle": bench_idle, "rate": bench_rate,
         "memory": bench_memory, "readers": bench_readers}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="measurements of each (5)")
    parser.add_argument("--tasks", type=int, default=40000, help="probes in a measurement (40000)")
    parser.add_argument("--concurrency", type=int, default=20,
                        help="HEAD requests at once: HTTP_CONCURRENCY (20, its default)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part")
    options = parser.parse_args()
    for line in facts.facts():
        print(line)
    if facts.build_type() != "Release":
        print("Not a release build: the figures say little. cmake --preset release builds one.")
    table = Table()
    for name in options.only or PARTS:
        folder = tempfile.mkdtemp(prefix="paperscout-bench-")
        try:
            PARTS[name](table, options, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": list(facts.facts()), "figures": table.rows}, file, indent=1)
    print("\n" + ("every goal is met" if not table.missed else
                  "missed: " + ", ".join(table.missed)))


if __name__ == "__main__":
    main()
