"""What the parts of the benchmark share: servers, pinning, counting, and the table."""
import contextlib
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "system"))
sys.dont_write_bytecode = True

import draftsite  # noqa: E402
from rig.fleet import environment  # noqa: E402
from rig.places import build_dir, program_path  # noqa: E402
from rig.process import Process  # noqa: E402
from rig.redis import Redis  # noqa: E402
from rig.wait import wait_until  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


class Table:
    def __init__(self):
        self.missed = []
        self.rows = []

    @staticmethod
    def head(title):
        print(f"\n{title}\n{'':51}{'median':>10}{'least':>10}{'most':>10}   wanted")

    def row(self, name, values, unit, goal=None, more=False):
        """A goal is the most allowed; with more the least wanted."""
        middle = statistics.median(values)
        verdict = ""
        if goal is not None:
            met = middle >= goal if more else middle <= goal
            verdict = f"{'at least' if more else 'at most'} {goal:,g} {unit}".rstrip() + \
                      f": {'met' if met else 'MISSED'}"
            if not met:
                self.missed.append(name)
        self.rows.append({"name": name, "unit": unit, "median": middle, "least": min(values),
                          "most": max(values), "runs": len(values), "goal": goal})
        digits = 0 if unit == "/s" else 3 if unit in ("", "trips") else 1
        cells = "".join(f"{value:>10,.{digits}f}" for value in
                        (middle, min(values), max(values)))
        print(f"{name + (f' ({unit})' if unit else ''):51}{cells}   {verdict}".rstrip(), flush=True)


def pin(pid, role):
    """Clients have one processor, servers another, so that each figure means the same thing."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), {cores[0] if role == "client" else cores[1]})


@contextlib.contextmanager
def awake():
    """Keeps every processor busy with work of the lowest class (SCHED_IDLE), which gives way at once
    to all else: where a processor is a virtual one, to wake it can cost ten times what is measured."""
    loops = []
    try:
        for core in os.sched_getaffinity(0):
            loops.append(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            os.sched_setaffinity(loops[-1].pid, {core})
            os.sched_setscheduler(loops[-1].pid, os.SCHED_IDLE, os.sched_param(0))
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def bench_program(name):
    return os.path.join(build_dir(), "tests", "bench", name)


def tool(name, *arguments, **settings):
    """The JSON that a measuring program prints."""
    with subprocess.Popen([bench_program(name), *map(str, arguments)], env=environment(settings),
                          stdout=subprocess.PIPE, text=True) as program:
        pin(program.pid, "client")
        text = program.communicate(timeout=600)[0]
        if program.returncode != 0:
            raise subprocess.CalledProcessError(program.returncode, name)
    return json.loads(text)


def publish(redis, url, tasks, cycle):
    """So many tasks of that cycle, and no result of another."""
    redis.call("DEL", redis.key("results"))
    tool("bench_tasks", url, tasks, cycle, 1, REDIS_URL=redis.url)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mb(pid):
    """The most it ever had."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def time_of(redis, count, command, *ends):
    """Milliseconds of the last of so many entries of the results stream: the server's own clock."""
    rows = redis.call(command, redis.key("results"), *ends, "COUNT", count)
    return int(rows[-1][0].split("-")[0])


def trips(redis):
    """Commands that workers sent, not counting what scripts call."""
    lines = redis.call("INFO", "commandstats").splitlines()
    calls = {line.partition(":")[0][8:]: int(line.split("calls=")[1].split(",")[0])
             for line in lines if line.startswith("cmdstat_")}
    return sum(calls.get(name, 0) for name in ("evalsha", "eval", "xreadgroup"))


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


@contextlib.contextmanager
def workers_of(count, options, folder, redis, program="paperscout-worker", **settings):
    """So many workers that wait for work."""
    path = bench_program(program) if program.startswith("bench_") else program_path(program)
    home = os.path.join(folder, "cwd")  # where no .env lies
    os.makedirs(home, exist_ok=True)
    started = []
    try:
        for number in range(count):
            name = f"bench-{number}"
            worker = {"REDIS_URL": redis.url, "INSTANCE_ID": name, "HEALTH_PORT": "0",
                      "PROBE_RATE_LIMIT": "0", "PROBE_HOST_CONCURRENCY": "0",
                      "HTTP_CONCURRENCY": options.concurrency, "ALLOW_PRIVATE_UPSTREAMS": "true"}
            started.append(Process(name, [path], folder, cwd=home,
                                   env=environment({**worker, **settings})))
            pin(started[-1].pid, "client")
        wait_until(lambda: all(redis.call("EXISTS", redis.key(f"instance:worker:bench-{number}"))
                               for number in range(count)), 20, "the workers are there")
        yield started
    finally:
        for worker in started:
            worker.stop()


def settle(redis, tasks, seconds=120):
    wait_until(lambda: redis.length("results") >= tasks, seconds, "every task has its result",
               every=0.05)


def only_misses(redis):
    wrong = [fields for _, fields in redis.entries("results") if fields["outcome"] != "miss"]
    if wrong:
        raise RuntimeError(f"{len(wrong)} probes were no miss: {wrong[0]}")
