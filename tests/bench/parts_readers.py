"""The readers' pages: a crowd that types into the search, and the probes of the health port meanwhile."""
import json

from common import pin, tool
from rig.fleet import Fleet
from rig.index import made_index
from rig.readers import DRAFTS, FILL, PAPERS, WORDS
from rig.wait import wait_until

READERS, SECONDS, PAUSE_MS = 100, 5, 100  # ten keys a second are more than people type


def typed(text):
    """What the page asks for while somebody types that."""
    return [text[:end] for end in range(1, len(text) + 1)]


# Some thousand different queries, from one letter to a whole name.
PATHS = [f"/api/search?q={query}" for number in range(0, 400)
         for query in typed(f"{WORDS[number % len(WORDS)]}{number * 37 % 4000}")]


def crowd(port, pause_ms, paths, seconds=SECONDS):
    return tool("bench_readers", port, READERS, seconds, pause_ms, *paths)


def fill(fleet, scheduler):
    def total(query):
        return json.loads(scheduler.get(f"/api/search?q={query}")[1])["total"]
    fleet.postgres.execute(FILL)
    fleet.redis.call("XADD", fleet.redis.key("signals"), "*", "what", "library")  # as the leader does
    wait_until(lambda: total(f"word{PAPERS}") == 1 and total(f"thing{DRAFTS}") == 1, 60, "all are in memory")


def bench_readers(table, options, _folder):
    fleet = Fleet({"index": {"inline": made_index()}}, POLL_INTERVAL_SECONDS=3600, ENABLE_ISO_PROBE="false",
                  LOG_LEVEL="INFO")
    try:
        fleet.start_servers()
        scheduler = fleet.start("scheduler")
        fleet.wait_cycles(1, 60)
        fill(fleet, scheduler)
        pin(scheduler.pid, "server")
        measure(table, options, scheduler.port)
    finally:
        fleet.close(keep=False)


def measure(table, options, port):
    typed, plain, most = [], [], []
    for _ in range(options.runs):
        typed.append(crowd(port, PAUSE_MS, PATHS))
        plain.append(crowd(port, 0, ["/livez"], 2))
        most.append(crowd(port, 0, PATHS, 2))
    table.head(f"readers: {PAPERS:,} papers, {DRAFTS:,} drafts; {READERS} readers at once, each with a key every "
               f"{PAUSE_MS} ms\n        and a search for each; a probe of the health port every 20 ms meanwhile")
    table.row("searches", [run["answers_per_second"] for run in typed], "/s")
    table.row("a search, median", [run["p50_ms"] for run in typed], "ms")
    table.row("a search, 99 of 100 within", [run["p99_ms"] for run in typed], "ms", 20)
    table.row("/livez meanwhile, longest", [run["probe_max_ms"] for run in typed], "ms", 100)
    table.head(f"readers without pauses: {READERS} requests in flight at all times")
    table.row("searches", [run["answers_per_second"] for run in most], "/s")
    table.row("/livez alone", [run["answers_per_second"] for run in plain], "/s")
    table.row("searches : /livez", [one["answers_per_second"] / other["answers_per_second"]
                                    for one, other in zip(most, plain)], "", 0.2, more=True)
    table.row("a search, 99 of 100 within", [run["p99_ms"] for run in most], "ms")
    table.row("/livez meanwhile, longest", [run["probe_max_ms"] for run in most], "ms", 100)
