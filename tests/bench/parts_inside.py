"""Parts that ask nobody: the index, the plan, publishing, and the queue."""
import json

from common import (cpu_seconds, only_misses, private_redis, publish, settle, time_of, tool, trips,
                    workers_of)
import index

WARM = 0.1  # share of the results before the clock starts


def bench_index(table, options, folder):
    path, what = index.grown(folder)
    with open(path, encoding="utf-8") as file:
        entries = len(json.load(file))
    found = tool("bench_index", path, index.TODAY, options.runs)
    table.head(f"index: {entries:,} entries, {what}; {found['entries']:,} papers, "
               f"{found['planned']:,} probes planned")
    table.row("parse", found["parse_ms"], "ms", 120)
    table.row("plan", found["plan_ms"], "ms", 20)
    table.row("peak memory, file and all runs", [found["peak_kb"] / 1024], "MB", 80)


def bench_planner(table, options, folder):
    """The adaptive planner, as the scheduler runs it: in slices. Processor time: other programs do not count."""
    path, what = index.grown(folder)
    for times, plan_ms, extra_mb in ((1, 30, 4), (10, 300, None)):
        found = tool("bench_planner", path, index.TODAY, times, options.runs)
        table.head(f"adaptive planner: {found['entries']:,} papers, {what}, {times} times; {found['candidates']:,} "
                   f"candidates, {found['planned']:,} probes planned")
        table.row("plan a cycle", found["plan_ms"], "ms", plan_ms)
        table.row("longest slice, a turn of the loop", found["slice_ms"], "ms", 50)
        table.row("memory while planning", [found["most_kb"] / 1024], "MB", extra_mb)


def bench_publish(table, options, folder):
    with private_redis(folder) as redis:
        found = tool("bench_tasks", "http://127.0.0.1/", 2000, 1, options.runs, REDIS_URL=redis.url)
    table.head("publish: 2,000 tasks through task_publish, 250 a call, each call answered before "
               "the next")
    table.row("open the cycle and publish 2,000 tasks", found["publish_ms"], "ms", 50)


def bare(redis, options, cycle, mode):
    """Of the bare queue: tasks a second, Redis' CPU for a task in us."""
    redis.call("DEL", redis.key("tasks"))
    publish(redis, "http://127.0.0.1/", options.tasks, cycle)
    before = cpu_seconds(redis.process.pid)
    found = tool("bench_queue", options.tasks, mode, REDIS_URL=redis.url)
    return found["per_second"], (cpu_seconds(redis.process.pid) - before) * 1e6 / options.tasks


def through_worker(redis, options, folder, cycle):
    """Of the worker without requests: tasks a second, Redis' and its CPU for a task, trips."""
    redis.call("DEL", redis.key("tasks"))
    publish(redis, "http://127.0.0.1/", options.tasks, cycle)
    before, sent = cpu_seconds(redis.process.pid), trips(redis)
    with workers_of(1, options, folder, redis, "bench_noop_worker") as workers:
        settle(redis, options.tasks)
        cpu = cpu_seconds(workers[0].pid), cpu_seconds(redis.process.pid) - before
        sent = trips(redis) - sent
    only_misses(redis)
    warm = int(options.tasks * WARM)
    took_ms = time_of(redis, 1, "XREVRANGE", "+", "-") - time_of(redis, warm, "XRANGE", "-", "+")
    return ((options.tasks - warm) * 1000 / took_ms, *(seconds * 1e6 / options.tasks for seconds in cpu),
            sent / options.tasks)


def bench_queue(table, options, folder):
    keeps, deletes, rates, shares = [], [], [], []
    bare_cpu, own_cpu, redis_cpu, sent = [], [], [], []
    with private_redis(folder) as redis:
        for run in range(options.runs):
            keeps.append(bare(redis, options, 3 * run + 1, "keep")[0])
            rate, cpu = bare(redis, options, 3 * run + 2, "delete")
            deletes.append(rate)
            bare_cpu.append(cpu)
            found = through_worker(redis, options, folder, 3 * run + 3)
            rates.append(found[0])
            own_cpu.append(found[1])
            redis_cpu.append(found[2])
            sent.append(found[3])
            shares.append(rates[-1] / deletes[-1])
    table.head(f"queue: {options.tasks:,} tasks, each a miss at once, through the worker without "
               "requests, and through\n       a bare loop: 64 read, added and acknowledged in one "
               "round trip, no checks")
    table.row("worker, tasks", rates, "/s")
    table.row("bare queue", keeps, "/s")
    table.row("bare queue with deletion", deletes, "/s")
    table.row("worker : bare queue with deletion", shares, "", 0.6, more=True)
    table.row("CPU of Redis for a task", redis_cpu, "us", 18)
    table.row("CPU of Redis for a task of the bare queue", bare_cpu, "us")
    table.row("CPU of the worker for a task", own_cpu, "us")
    table.row("round trips to Redis for a task", sent, "trips", 0.10)
