#!/usr/bin/env python3
"""Measures Paperscout's worker beside BullMQ, in one run on this machine, and prints a table.

cmake --preset release && cmake --build build/release --target bench-compare
Needs Node.js and npm; BullMQ and undici are installed into the build folder.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from common import build_dir, draft_site, environment, pin, private_redis, tool
import facts
from parts_inside import through_worker
from parts_wire import Costs, run_worker

SOURCE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "bullmq")


def install():
    folder = os.path.join(build_dir(), "tests", "bench", "bullmq")
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(SOURCE):
        shutil.copy(os.path.join(SOURCE, name), folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    return folder


def bullmq(folder, redis, options, target):
    redis.call("FLUSHALL")
    with subprocess.Popen(["node", "bench.mjs", str(redis.port), str(options.tasks),
                           str(options.concurrency), target], cwd=folder, env=environment({}),
                          stdout=subprocess.PIPE, text=True) as program:
        pin(program.pid, "client")
        text = program.communicate(timeout=600)[0]
        if program.returncode != 0:
            raise subprocess.CalledProcessError(program.returncode, "bench.mjs")
    return json.loads(text)


def line(name, ours, theirs, more=True):
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    ratio = ours / theirs if more else theirs / ours
    print(f"{name:45}{ours:>12,.1f}{theirs:>12,.1f}{ratio:>10.1f} x", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="measurements of each (5)")
    parser.add_argument("--tasks", type=int, default=20000, help="tasks in a measurement (20000)")
    parser.add_argument("--concurrency", type=int, default=20, help="at once (20)")
    options = parser.parse_args()
    if shutil.which("node") is None or shutil.which("npm") is None:
        sys.exit("compare.py: Node.js and npm are not here; apt-get install nodejs npm brings them")
    for fact in facts.facts():
        print(fact)
    modules, folder = install(), tempfile.mkdtemp(prefix="paperscout-bench-")
    noop, heads, publish = [], [], []
    own_noop, own = [], Costs()
    try:
        with private_redis(folder) as redis, draft_site(folder) as site:
            for run in range(1, options.runs + 1):
                noop.append(bullmq(modules, redis, options, "noop"))
                heads.append(bullmq(modules, redis, options, site.http_url))
                redis.call("FLUSHALL")
                publish += tool("bench_tasks", "http://127.0.0.1/", 2000, 1, 1,
                                REDIS_URL=redis.url)["publish_ms"]
                own_noop.append(through_worker(redis, options, folder, 2 * run))
                run_worker(options, folder, redis, site, site.http_url, {}, own, 2 * run + 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nmedians of {options.runs} runs, {options.tasks:,} tasks each, "
          f"{options.concurrency} at once\n{'':45}{'paperscout':>12}{'bullmq':>12}{'better by':>12}")
    line("tasks that do nothing, a second", [one[0] for one in own_noop],
         [one["per_second"] for one in noop])
    line("CPU of Redis for each (us)", [one[2] for one in own_noop],
         [one["redis_us"] for one in noop], more=False)
    line("CPU of the worker for each (us)", [one[1] for one in own_noop],
         [one["cpu_us"] for one in noop], more=False)
    line("HEAD requests to a local nginx, a second", own.rates,
         [one["per_second"] for one in heads])
    line("CPU of the worker for each (us)", own.cpu["worker"], [one["cpu_us"] for one in heads],
         more=False)
    line("peak memory of the worker (MB)", own.peaks, [one["peak_mb"] for one in heads], more=False)
    line("publish 2,000 tasks (ms)", publish,
         [statistics.median(one["publish_ms"]) for one in heads], more=False)


if __name__ == "__main__":
    main()
