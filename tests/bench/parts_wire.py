"""Parts that ask a site: at full speed, at the latency of the real one, at its limit, for long."""
import contextlib
import time

from common import (awake, cpu_seconds, draft_site, memory_mb, only_misses, pin, private_redis, publish,
                    settle, time_of, tool, trips, workers_of)
from rig.upstream import Nginx, Upstream
from rig.wait import wait_until

WARM = 0.1  # share of the results before the clock starts
DELAY_MS = 100
PROBES = 1950
GROWTH_TASKS, GROWTH_ROUNDS = 165000, 6


def heads(kind, url, options, *ca_path, count=None):
    return tool("bench_heads", kind, url, count or options.tasks, options.concurrency, *ca_path)


class Costs:
    """Figures of the runs of one protocol."""

    def __init__(self):
        self.rates, self.ceilings, self.clients, self.shares = [], [], [], []
        self.cpu = {"worker": [], "redis": [], "nginx": [], "curl alone": []}
        self.sent, self.peaks = [], []


def run_worker(options, folder, redis, site, url, settings, costs, cycle):
    publish(redis, url, options.tasks, cycle)
    pids = {"redis": redis.process.pid, "nginx": site.process.pid}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    sent = trips(redis)
    with workers_of(1, options, folder, redis, **settings) as workers:
        settle(redis, options.tasks)
        used = {"worker": cpu_seconds(workers[0].pid),
                **{name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}}
        costs.peaks.append(memory_mb(workers[0].pid))
        costs.sent.append((trips(redis) - sent) / options.tasks)
    only_misses(redis)
    for name, seconds in used.items():
        costs.cpu[name].append(seconds * 1e6 / options.tasks)
    warm = int(options.tasks * WARM)
    took_ms = time_of(redis, 1, "XREVRANGE", "+", "-") - time_of(redis, warm, "XRANGE", "-", "+")
    costs.rates.append((options.tasks - warm) * 1000 / took_ms)


def bench_worker(table, options, folder):
    with private_redis(folder) as redis, draft_site(folder) as site:
        cycle = 0
        for name, url, ca, wanted, cpu in (
                ("HTTP/1.1", site.http_url, (), 0.55, 50),
                ("HTTP/2 over TLS", site.https_url, (site.ca_path,), 0.5, 60)):
            costs = Costs()
            settings = {"HTTP_CA_FILE": ca[0]} if ca else {}
            for _ in range(options.runs):
                cycle += 1
                alone = heads("curl", url, options, *ca)
                costs.ceilings.append(alone["per_second"])
                costs.cpu["curl alone"].append(alone["cpu_us"])
                costs.clients.append(heads("client", url, options, *ca)["per_second"])
                run_worker(options, folder, redis, site, url, settings, costs, cycle)
                costs.shares.append(costs.rates[-1] / costs.ceilings[-1])
            table.head(f"worker, {name}: one process, {options.tasks:,} tasks from the stream, HEAD "
                       f"to a local nginx, {options.concurrency} at once;\n        it has one "
                       "processor, Redis and nginx another; curl alone has neither Redis nor results")
            table.row(f"worker, {name}, probes", costs.rates, "/s")
            table.row("curl alone", costs.ceilings, "/s")
            table.row("shared/io/http_client", costs.clients, "/s")
            table.row(f"worker : curl alone, {name}", costs.shares, "", wanted, more=True)
            table.row(f"CPU of the worker for a probe, {name}", costs.cpu["worker"], "us", cpu)
            for other in ("curl alone", "redis", "nginx"):
                table.row(f"CPU of {other} for a probe", costs.cpu[other], "us")
            table.row("round trips to Redis for a task", costs.sent, "trips", 0.10)
            table.row("peak memory of the worker", costs.peaks, "MB", 16)


def span_of(redis, site, url, cycle):
    """From the first request to the last result, in seconds."""
    site.reset()
    publish(redis, url, PROBES, cycle)
    settle(redis, PROBES)
    return (time_of(redis, 1, "XREVRANGE", "+", "-") - site.stats()["first_ms"]) / 1000


def connections_of(site, front):
    if front is None:
        return len({request["connection"] for request in site.requests("/files/")})
    return front.connections()


def bench_at_latency(table, options, folder, redis, site, front=None):
    url = site.drafts_url if front is None else front.url + "/files/papers/"
    ca = () if front is None else (front.ca_path,)
    settings = {} if front is None else {"HTTP_CA_FILE": front.ca_path}
    name = "HTTP/1.1" if front is None else "HTTP/2 over TLS"
    table.head(f"wire, {name}: {PROBES:,} probes at {DELAY_MS} ms, {options.concurrency} in flight a "
               "worker, no limits; ideal is latency alone" +
               ("" if front is None else ", without what nginx adds"))
    cycle = 1 if front is None else 1001
    for count, wanted in ((1, 1.02), (4, 1.08)) if front is None else ((1, None),):
        ideal = -(-PROBES // (options.concurrency * count)) * DELAY_MS / 1000
        spans, cpu, opened, alone = [], [], [], []
        for _ in range(options.runs):
            if count == 1:
                alone.append(heads("curl", url, options, *ca, count=PROBES))
            with workers_of(count, options, folder, redis, **settings) as workers:
                seen = 0 if front is None else front.connections()
                before = sum(cpu_seconds(worker.pid) for worker in workers)
                spans.append(span_of(redis, site, url, cycle) / ideal)
                cpu.append((sum(cpu_seconds(worker.pid) for worker in workers) - before) * 1e6 / PROBES)
                opened.append(connections_of(site, front) - seen)
                peak = max(memory_mb(worker.pid) for worker in workers)
            cycle += 1
        table.row(f"{count} worker{'s' if count > 1 else ''}, time : ideal of {ideal:.2f} s", spans, "",
                  wanted)
        if count == 1:
            curl = [PROBES / run["per_second"] / ideal for run in alone]
            table.row("curl alone, time : ideal", curl, "")
            table.row("worker : curl alone, time",
                      [worker / ceiling for worker, ceiling in zip(spans, curl)], "", 1.02)
            table.row("CPU of the worker for a probe", cpu, "us", 100 if front is None else 130)
            table.row("CPU of curl alone for a probe", [run["cpu_us"] for run in alone], "us")
            table.row("connections opened", opened, "trips", 20 if front is None else 1)
            table.row("peak memory of the worker", [peak], "MB", 16)


def bench_wire(table, options, folder):
    """At the latency of the real site: what counts is that nothing waits, and what it costs."""
    with private_redis(folder) as redis, awake(), contextlib.ExitStack() as ending:
        site = Upstream(folder, {"default": {"delay_ms": DELAY_MS}})
        site.start()
        ending.callback(site.stop)
        front = Nginx(folder, site.url)
        front.start()
        ending.callback(front.stop)
        for server in (site, front):
            pin(server.process.pid, "server")
        bench_at_latency(table, options, folder, redis, site)
        bench_at_latency(table, options, folder, redis, site, front)


def bench_idle(table, options, folder):
    with private_redis(folder) as redis, contextlib.ExitStack() as ending:
        site = Upstream(folder, {})
        site.start()
        ending.callback(site.stop)
        pin(site.process.pid, "server")
        with workers_of(1, options, folder, redis):
            waits = []
            for number in range(3000, 3200):
                path = f"/files/papers/D{number}R0.pdf"
                began = time.time()
                redis.call("XADD", redis.key("tasks"), "*", "task", f"1:D{number}R0.pdf", "cycle", 1,
                           "epoch", 1, "url", site.url + path, "tier", "cold", "prefix", "D",
                           "number", number, "revision", 0, "ext", ".pdf")
                wait_until(lambda p=path: site.count(p) > 0, 5, "it is asked for", every=0.002)
                waits.append(site.stats()["paths"][path]["first_ms"] - began * 1000)
                time.sleep(0.01)
    table.head("idle: from XADD of a task to the request at the site, 200 tasks, one at a time")
    waits.sort()
    table.row("median of 200", [waits[100]], "ms", 0.6)
    table.row("99 of 100 within", [waits[197]], "ms")


def bench_rate(table, options, folder):
    """More workers are no faster than the limit."""
    limit, burst, tasks = 200, 20, 2000
    rates, peaks = {}, {}
    with private_redis(folder) as redis, contextlib.ExitStack() as ending:
        site = Upstream(folder, {"default": {"delay_ms": 20}})
        site.start()
        ending.callback(site.stop)
        for number, count in enumerate((1, 4, 16)):
            with workers_of(count, options, folder, redis, PROBE_RATE_LIMIT=limit,
                            PROBE_RATE_BURST=burst, PROBE_HOST_CONCURRENCY=20):
                site.reset()
                publish(redis, site.drafts_url, tasks, number + 1)
                settle(redis, tasks)
                times = sorted(request["t_ms"] for request in site.requests("/files/"))
            steady = [t for t in times if times[0] + 1000 <= t < times[-1] - 500]
            rates[count] = (len(steady) - 1) * 1000 / (steady[-1] - steady[0])
            peaks[count] = max(sum(t <= u < t + 1000 for u in times) for t in times[::7])
    table.head(f"rate: {tasks:,} probes, limit {limit}/s, burst {burst}, 20 in flight, by 1, 4 and 16 "
               "workers")
    for count, rate in rates.items():
        table.row(f"{count} worker{'s' if count > 1 else ''}, at the site", [rate], "/s")
    table.row("difference between them",
              [100 * (max(rates.values()) / min(rates.values()) - 1)], "%", 3)
    table.row("most in any second", [max(peaks.values())], "/s", limit + burst)


def bench_memory(table, options, folder):
    """Whether a worker that lives long grows."""
    with private_redis(folder) as redis, draft_site(folder) as site:
        table.head(f"memory: one worker, 10,000 probes, then {GROWTH_ROUNDS * GROWTH_TASKS:,} more; "
                   "HEAD to a local nginx")
        for at_once, wanted in ((20, 16), (100, 20)):
            with workers_of(1, options, folder, redis, HTTP_CONCURRENCY=at_once) as workers:
                peaks = []
                for cycle in range(1, GROWTH_ROUNDS + 2):
                    tasks = 10000 if cycle == 1 else GROWTH_TASKS
                    publish(redis, site.http_url, tasks, cycle + at_once * 10)
                    settle(redis, tasks)
                    peaks.append(memory_mb(workers[0].pid))
            table.row(f"peak, {at_once} in flight", [peaks[-1]], "MB", wanted)
            table.row("growth after the first 10,000", [peaks[-1] - peaks[0]], "MB", 1)
