#!/usr/bin/env python3
"""Measures Paperscout against its goals on this machine and prints a table.

Best run as: cmake --preset release && cmake --build build/release --target bench
Every figure is taken several times; the table shows the median and the spread. Nothing here is a
test: the exit status says only whether it could be measured.
"""
import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "system"))
sys.dont_write_bytecode = True

import draftsite  # noqa: E402
import facts  # noqa: E402
import index  # noqa: E402
from rig.fleet import environment  # noqa: E402
from rig.places import build_dir, program_path  # noqa: E402
from rig.process import Process  # noqa: E402
from rig.redis import Redis  # noqa: E402
from rig.upstream import Upstream  # noqa: E402
from rig.wait import wait_until  # noqa: E402

WARM = 0.1  # share of the results before the clock starts
TICK = os.sysconf("SC_CLK_TCK")


def pin(pid, role):
    """Clients have one processor, servers another, so that each figure means the same thing."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), {cores[0] if role == "client" else cores[1]})


def tool(name, *arguments, **settings):
    """The JSON that a measuring program prints."""
    path = os.path.join(build_dir(), "tests", "bench", name)
    with subprocess.Popen([path, *map(str, arguments)], env=environment(settings),
                          stdout=subprocess.PIPE, text=True) as program:
        pin(program.pid, "client")
        text = program.communicate(timeout=600)[0]
        if program.returncode != 0:
            raise subprocess.CalledProcessError(program.returncode, name)
    return json.loads(text)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Table:
    def __init__(self):
        self.missed = []
        self.rows = []

    def head(self):
        print(f"{'':43}{'median':>10}{'least':>10}{'most':>10}   goal")

    def row(self, name, values, unit, goal=None, more=False):
        """A goal is the most allowed; with more the least wanted."""
        middle = statistics.median(values)
        verdict = ""
        if goal is not None:
            met = middle >= goal if more else middle < goal
            verdict = f"{'at least' if more else 'under'} {goal:,g} {unit}: " \
                      f"{'met' if met else 'MISSED'}"
            if not met:
                self.missed.append(name)
        self.rows.append({"name": name, "unit": unit, "median": middle, "least": min(values),
                          "most": max(values), "runs": len(values), "goal": goal})
        digits = 0 if unit == "/s" else 2 if unit in ("", "us") else 1
        cells = "".join(f"{value:>10,.{digits}f}" for value in
                        (middle, min(values), max(values)))
        print(f"{name + (f' ({unit})' if unit else ''):43}{cells}   {verdict}".rstrip(), flush=True)


def bench_index(table, options, folder):
    path, what = index.grown(folder)
    with open(path, encoding="utf-8") as file:
        entries = len(json.load(file))
    found = tool("bench_index", path, index.TODAY, options.runs)
    print(f"\nindex: {entries:,} entries, {what}; {found['entries']:,} papers, "
          f"{found['planned']:,} probes planned")
    table.head()
    table.row("parse", found["parse_ms"], "ms", 120)
    table.row("plan", found["plan_ms"], "ms", 20)
    table.row("peak memory, file and all runs", [found["peak_kb"] / 1024], "MB", 80)


def bench_publish(table, options, folder):
    with private_redis(folder) as redis:
        found = tool("bench_tasks", "http://127.0.0.1/", 2000, 1, options.runs, REDIS_URL=redis.url)
    print("\npublish: 2,000 tasks through task_publish, 250 a call, each call answered before the "
          "next")
    table.head()
    table.row("open the cycle and publish 2,000 tasks", found["publish_ms"], "ms", 100)


@contextlib.contextmanager
def private_redis(folder):
    redis = Redis(folder)
    redis.start()
    pin(redis.process.pid, "server")
    try:
        yield redis
    finally:
        redis.stop()


@contextlib.contextmanager
def draft_site(folder):
    site = draftsite.DraftSite(folder)
    try:
        site.start()
        pin(site.process.pid, "server")
        yield site
    finally:
        site.stop()


def worker_settings(redis, options, number):
    return {"REDIS_URL": redis.url, "INSTANCE_ID": f"bench-{number}", "HEALTH_PORT": "0",
            "PROBE_RATE_LIMIT": "0", "PROBE_HOST_CONCURRENCY": "0",
            "HTTP_CONCURRENCY": options.concurrency, "ALLOW_PRIVATE_UPSTREAMS": "true"}


def time_of(redis, count, command, *ends):
    """Milliseconds of the last of so many entries of the results stream: the server's own clock."""
    rows = redis.call(command, redis.key("results"), *ends, "COUNT", count)
    return int(rows[-1][0].split("-")[0])


def run_worker(options, folder, redis, site, number):
    """Of one life of one worker: probes a second, {process: microseconds of CPU for a probe}, commands
    to Redis for a task."""
    redis.call("DEL", redis.key("results"))
    tool("bench_tasks", site.http_url, options.tasks, number, 1, REDIS_URL=redis.url)
    others = {"redis": redis.process.pid, "nginx": site.process.pid}
    before = {name: cpu_seconds(pid) for name, pid in others.items()}
    sent = commands(redis)
    home = os.path.join(folder, "cwd")  # where no .env lies
    os.makedirs(home, exist_ok=True)
    worker = Process(f"worker-{number}", [program_path("paperscout-worker")], folder, cwd=home,
                     env=environment(worker_settings(redis, options, number)))
    pin(worker.pid, "client")
    try:
        wait_until(lambda: not worker.alive() or redis.length("results") >= options.tasks,
                   120, "every task has its result", every=0.1)
        if not worker.alive():
            raise RuntimeError(worker.tail())
        used = {"worker": cpu_seconds(worker.pid),
                **{name: cpu_seconds(pid) - before[name] for name, pid in others.items()}}
    finally:
        worker.stop()
    warm = int(options.tasks * WARM)
    wrong = [fields for _, fields in redis.entries("results") if fields["outcome"] != "miss"]
    if wrong:
        raise RuntimeError(f"{len(wrong)} probes were no miss: {wrong[0]}")
    took_ms = time_of(redis, 1, "XREVRANGE", "+", "-") - time_of(redis, warm, "XRANGE", "-", "+")
    return ((options.tasks - warm) * 1000 / took_ms,
            {name: seconds * 1e6 / options.tasks for name, seconds in used.items()},
            (commands(redis) - sent) / options.tasks)


def bench_worker(table, options, folder):
    with private_redis(folder) as redis, draft_site(folder) as site:
        print(f"\nworker: one process, {options.tasks:,} tasks from the stream, HEAD to a local "
              f"nginx, {options.concurrency} at once; it has one\n        processor, Redis and nginx "
              "another; curl alone has neither Redis nor results")
        table.head()
        rates, ceilings, clients, shares, costs, trips = [], [], [], [], [], []
        for number in range(1, options.runs + 1):
            ceilings.append(heads("curl", site.http_url, options))
            clients.append(heads("client", site.http_url, options))
            rate, cost, sent = run_worker(options, folder, redis, site, number)
            rates.append(rate)
            costs.append(cost)
            trips.append(sent)
            shares.append(rate / ceilings[-1])
        table.row("worker, probes", rates, "/s", 8000, more=True)
        table.row("curl alone, HTTP/1.1", ceilings, "/s")
        table.row("shared/io/http_client, HTTP/1.1", clients, "/s")
        table.row("worker : curl alone", shares, "", 0.55, more=True)
        table.row("reads and scripts sent for a task", trips, "", 0.10)
        for name in ("worker", "redis", "nginx"):
            table.row(f"CPU of {name} for a probe", [cost[name] for cost in costs], "us")
        for kind, name in (("curl", "curl alone"), ("client", "shared/io/http_client")):
            table.row(f"{name}, HTTP/2 and TLS",
                      [heads(kind, site.https_url, options, site.ca_path)
                       for _ in range(options.runs)], "/s")


GROWTH_TASKS, GROWTH_ROUNDS = 100000, 5


def bench_memory(table, options, folder):
    """Whether a worker that lives long grows."""
    with private_redis(folder) as redis, draft_site(folder) as site:
        print(f"\nmemory: one worker, 10,000 probes, then {GROWTH_ROUNDS * GROWTH_TASKS:,} more; "
              "HEAD to a local nginx")
        table.head()
        for at_once, goal in ((20, 16), (100, 20)):
            with workers_of(1, options, folder, redis, HTTP_CONCURRENCY=at_once) as workers:
                peaks = []
                for cycle in range(1, GROWTH_ROUNDS + 2):
                    tasks = 10000 if cycle == 1 else GROWTH_TASKS
                    redis.call("DEL", redis.key("results"))
                    tool("bench_tasks", site.http_url, tasks, cycle + at_once * 10, 1,
                         REDIS_URL=redis.url)
                    wait_until(lambda n=tasks: redis.length("results") >= n, 120, "all is done",
                               every=0.1)
                    peaks.append(memory_kb(workers[0].pid) / 1024)
            table.row(f"peak, {at_once} in flight", [peaks[-1]], "MB", goal)
            table.row("growth after the first 10,000", [peaks[-1] - peaks[0]], "MB", 1)


DELAY_MS = 100
PROBES = 1950


@contextlib.contextmanager
def workers_of(count, options, folder, redis, **settings):
    """So many workers that wait for work."""
    home = os.path.join(folder, "cwd")
    os.makedirs(home, exist_ok=True)
    started = []
    try:
        for number in range(count):
            name = f"wire-{number}"
            started.append(Process(name, [program_path("paperscout-worker")], folder, cwd=home,
                                   env=environment({**worker_settings(redis, options, name),
                                                    **settings})))
            pin(started[-1].pid, "client")
        wait_until(lambda: sum(redis.call("EXISTS", redis.key(f"instance:worker:bench-wire-{number}"))
                               for number in range(count)) == count, 20, "the workers are there")
        yield started
    finally:
        for worker in started:
            worker.stop()


def seconds_for(redis, site, tasks, cycle, url):
    """From the first request to the last result, in seconds."""
    site.reset()
    redis.call("DEL", redis.key("results"))
    tool("bench_tasks", url, tasks, cycle, 1, REDIS_URL=redis.url)
    wait_until(lambda: redis.length("results") >= tasks, 120, "every task has its result", every=0.05)
    return (time_of(redis, 1, "XREVRANGE", "+", "-") - site.stats()["first_ms"]) / 1000


def commands(redis):
    """Commands that clients sent, not counting what scripts call."""
    lines = redis.call("INFO", "commandstats").splitlines()
    calls = {line.partition(":")[0][8:]: int(line.split("calls=")[1].split(",")[0])
             for line in lines if line.startswith("cmdstat_")}
    return sum(calls.get(name, 0) for name in ("evalsha", "eval", "xreadgroup"))


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def bench_wire(table, options, folder):
    """At the latency of the real site: what counts is that nothing waits, and what it costs."""
    with private_redis(folder) as redis, contextlib.ExitStack() as ending:
        site = Upstream(folder, {"default": {"delay_ms": DELAY_MS}})
        site.start()
        ending.callback(site.stop)
        pin(site.process.pid, "server")
        print(f"\nwire: {PROBES:,} probes at {DELAY_MS} ms, 20 in flight a worker, no limits; "
              "ideal is latency alone")
        table.head()
        cycle = 1
        for count, goal in ((1, 1.02), (4, 1.08)):
            ideal = -(-PROBES // (20 * count)) * DELAY_MS / 1000
            with workers_of(count, options, folder, redis) as workers:
                spans, cpu, connections = [], [], []
                for _ in range(options.runs):
                    before = sum(cpu_seconds(worker.pid) for worker in workers)
                    spans.append(seconds_for(redis, site, PROBES, cycle, site.drafts_url) / ideal)
                    cpu.append((sum(cpu_seconds(worker.pid) for worker in workers) - before) * 1e6 / PROBES)
                    connections.append(len({request["connection"] for request in site.requests("/files/")}))
                    cycle += 1
                name = f"{count} worker{'s' if count > 1 else ''}"
                table.row(f"{name}, time : ideal of {ideal:.2f} s", spans, "", goal)
                if count == 1:
                    table.row("CPU for a probe", cpu, "us", 100)
                    table.row("connections used in a run", connections, "", 21)
                    table.row("peak memory of the worker", [memory_kb(workers[0].pid) / 1024], "MB", 16)
        site.patch({"default": {"delay_ms": 0}})
        with workers_of(1, options, folder, redis):
            waits = []
            for number in range(60):
                url = f"{site.drafts_url}D{3000 + number}R0.pdf"
                began = time.time()
                redis.call("XADD", redis.key("tasks"), "*", "task", f"{cycle}:D{3000 + number}R0.pdf",
                           "cycle", cycle, "epoch", 1, "url", url, "tier", "cold", "prefix", "D",
                           "number", 3000 + number, "revision", 0, "ext", ".pdf")
                wait_until(lambda u=url: site.count(u[len(site.url):]) > 0, 5, "it is asked for", every=0.002)
                waits.append(site.stats()["paths"][url[len(site.url):]]["first_ms"] - began * 1000)
                time.sleep(0.01)
        waits.sort()
        table.row("XADD to the request, idle, median of 60", [waits[30]], "ms", 0.6)


def heads(kind, url, options, *ca_path):
    return tool("bench_heads", kind, url, options.tasks, options.concurrency,
                *ca_path)["per_second"]


PARTS = {"index": bench_index, "publish": bench_publish, "worker": bench_worker,
         "wire": bench_wire, "memory": bench_memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="measurements of each (7)")
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
