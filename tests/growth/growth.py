#!/usr/bin/env python3
"""How a fleet's costs grow: processor time and memory of a cycle and of the readers' pages against papers, watchers, drafts,
workers and years of history.

    growth.py [--only CURVE] [--short] [--folder DIR]

    --only CURVE   one of papers, watchers, drafts, workers, history
    --short        a tenth of the sizes, to try the command itself
    --folder DIR   for growth.json, which the page of deploy/test.sh --report shows, and a plot of each curve as SVG
                   (default: build/report)

Each size is a fleet of its own: real programs and servers, filled by SQL, then cycles with news in each. Costs are processor
seconds, which other programs on the machine change little, and peak memory. The index may have 50,000 entries at most
(PS_INDEX_ENTRIES_MAX), so papers end there; the table of papers grows no further than the index does.

The curve of workers is the work for 1,000 tasks, of the scheduler, the servers and the workers together: it asks what a worker more
costs, not how fast many are, which two processors cannot show. Pages are read when every message was sent and no poll runs.

A curve is bad where its last step costs more than n log n allows: the added cost from the first size to the last, over that
from the first to the one before, compared with the same of n log n within the same run, by a factor of 1.5. Exit status: 0 all
are good, 1 one is not. About half an hour.
"""
import argparse
import json
import math
import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
sys.dont_write_bytecode = True
os.environ["PAPERSCOUT_TEST_PACE"] = "1"  # processor seconds do not depend on what else runs; polls would only be rarer

from rig import Fleet, wait_until  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
CYCLES = 2
TOLERANCE = 1.5
NOISE = {"s": 0.05, "MB": 2.0, "": 0.2}  # what counts as nothing
PAGES, PAGE_ROUNDS = 500, 5
SIZES = {"papers": (6250, 12500, 25000, 50000), "watchers": (2500, 5000, 10000, 20000), "drafts": (12500, 25000, 50000, 100000),
         "workers": (4, 16, 64), "history": (0.625, 1.25, 2.5, 5)}
UNITS = {"papers": "papers", "watchers": "watchers of 3 entries each", "drafts": "drafts", "workers": "workers",
         "history": "years of a poll each half hour"}
NAMES = ("Archer", "Berg", "Chang", "Diaz", "Engel", "Fisher", "Garcia", "Huber", "Ito", "Jansen")
POLLS_A_YEAR = 365 * 48


def stat(pid):
    """Processor seconds of a process; of a server also of its children that have ended."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        words = file.read().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / TICKS


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def server_seconds(pid):
    total = stat(pid)
    for child in children(pid):
        try:
            total += stat(child)
        except OSError:  # ended since: then it counts for its parent
            pass
    return total


def peak_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def papers_index(count, extra=0):
    """An index of count papers, and of extra ones that are new."""
    index = {}
    for number in range(1, count + 1):
        index[f"N{number}"] = {"type": "paper", "title": f"About thing {number} of many words and names", "date": "2014-01-01",
                               "author": f"Ann {NAMES[number % 10]}{number % 997}, Bob {NAMES[number % 7]}", "subgroup": "EWG",
                               "link": f"https://wg21.link/n{number}"}
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for number in range(1000, 1020 + extra):
        index[f"P{number}R0"] = {"type": "paper", "title": f"News about thing {number}", "date": today, "subgroup": "LEWG",
                                 "author": f"Ann Archer{number % 997}", "link": f"https://wg21.link/p{number}r0"}
    return index


class Run:
    """One fleet of one size."""

    def __init__(self, curve, n):
        self.curve, self.n, self.news = curve, n, 0
        self.papers = int(n) if curve == "papers" else 5000
        self.fleet = Fleet({"index": {"inline": {}}, "drafts": {}})

    def put_index(self):
        path = os.path.join(self.fleet.folder, "index.json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(papers_index(self.papers - 20 - 10 * CYCLES, self.news), file)
        os.replace(path + ".new", path)
        return path

    def fill(self):
        """Rows in the tables that a scheduler made."""
        execute, n = self.fleet.postgres.execute, self.n
        if self.curve == "watchers":
            execute("INSERT INTO watchlist (user_id, entry) SELECT 'U' || u, k || ' ' || (u * 7 + e * 131) % 100000 "
                    f"FROM generate_series(1, {n}) u, unnest(ARRAY['author archer', 'word thing', 'author berg']) "
                    "WITH ORDINALITY x(k, e) ON CONFLICT DO NOTHING")
        elif self.curve == "drafts":
            execute("INSERT INTO discovered (url, paper_id, tier, outcome, cycle, front_text, discovered_at, confirmed_at, title) "
                    "SELECT 'http://127.0.0.1:1/files/papers/D' || i || 'R0.pdf', 'D' || i || 'R0', 'frontier', 'hit_recent', 1, "
                    "repeat('words of a draft ', 40), now() - i * interval '1 minute', now() - i * interval '1 minute', "
                    f"'A draft about thing ' || i FROM generate_series(100000, 99999 + {n}) i")
        elif self.curve == "history":
            polls = int(n * POLLS_A_YEAR)
            execute("INSERT INTO cycles (number, epoch, status, silent, planned, hot_probes, cold_probes, skipped_discovered, "
                    "skipped_in_index, started_at, deadline, finished_at, summary, failures) "
                    "SELECT -i, 0, 'success', false, 700, 500, 200, 0, 0, t, t + interval '10 minutes', t + interval '1 minute', "
                    "(SELECT summary FROM cycles WHERE number = 1), (SELECT failures FROM cycles WHERE number = 1) "
                    f"FROM generate_series(1, {polls}) i, LATERAL (SELECT now() - i * interval '30 minutes' AS t) x")
            execute("INSERT INTO outbox (dedupe_key, kind, channel, data, created_at, message_id, message_text, queued_at, sent_at) "
                    "SELECT 'old:' || i, 'watchlist', 'U' || i % 500, jsonb_build_object('id', 'P' || i || 'R0', 'title', 'Old'), "
                    f"t, 'old' || i, 'Said long ago', t, t FROM generate_series(1, {polls // 4}) i, "
                    "LATERAL (SELECT now() - i * interval '2 hours' AS t) x")
        execute("ANALYZE")

    def closed(self):
        return self.fleet.postgres.value("SELECT count(*) FROM cycles WHERE number > 0 AND status <> 'running'")

    def wait_closed(self, count):
        wait_until(lambda: self.closed() >= count, 600, f"{count} cycles are closed", every=0.2)

    def costs(self):
        """Processor seconds of the scheduler, PostgreSQL and Redis; of the curve of workers also theirs, and Redis' commands."""
        fleet = self.fleet
        costs = [stat(self.scheduler.pid), server_seconds(fleet.postgres.process.pid), stat(fleet.redis.process.pid)]
        if self.curve == "workers":
            costs += [sum(stat(program.pid) for program in fleet.programs if program.component == "worker"),
                      int(re.search(r"total_commands_processed:(\d+)", fleet.redis.call("INFO", "stats"))[1]) / 1000]
        return costs

    def done(self):
        """(closed cycles, thousands of probes that they settled)"""
        return self.fleet.postgres.query("SELECT count(*) AS cycles, coalesce(sum(planned), 0) / 1000.0 AS tasks FROM cycles "
                                         "WHERE number > 0 AND status <> 'running'")[0]

    def measure(self):
        """One value for each of series_of(curve)."""
        fleet = self.fleet
        fleet.start_servers()
        fleet.upstream.patch({"index": {"inline": None, "file": self.put_index()}})
        settings = {"POLL_INTERVAL_SECONDS": 3, "LEADER_TTL_MS": 20000, "RETENTION_DAYS": 3650, "LOG_LEVEL": "INFO", "TASK_VISIBILITY_SECONDS": 60,
                    "HTTP_TIMEOUT_SECONDS": 15}
        self.scheduler = fleet.start("scheduler", **settings)
        for _ in range(int(self.n) if self.curve == "workers" else 1):
            fleet.start("worker", **settings)
        fleet.start("notifier", **settings)
        self.wait_closed(1)
        self.fill()
        self.wait_closed(self.closed() + 1)
        before, first = self.costs(), self.done()
        for _ in range(CYCLES):
            self.news += 10
            self.put_index()
            self.wait_closed(self.closed() + 2)  # one that began after the news came
        last = self.done()
        share = float(last["tasks"]) - float(first["tasks"]) if self.curve == "workers" else last["cycles"] - first["cycles"]
        cycle = [(now - old) / share for now, old in zip(self.costs(), before)]
        peak = peak_mb(self.scheduler.pid)
        # The larger the fleet, the more of a round of pages would be the work of polls and messages beside it.
        fleet.wait_sent(600)
        self.scheduler.stop(seconds=30)
        self.scheduler = fleet.start("scheduler", **{**settings, "POLL_INTERVAL_SECONDS": 36000})
        wait_until(lambda: self.scheduler.get("/papers/P1010", 60)[0] == 200, 120, "the scheduler without polls has read the index")
        self.pages(PAGE_ROUNDS)  # what is read for the first time
        begun = self.cycles_begun()
        rounds = [self.pages(number) for number in range(PAGE_ROUNDS)]
        if self.cycles_begun() != begun:
            raise RuntimeError("a cycle began while pages were read")
        return [*cycle, peak, min(rounds)]

    def cycles_begun(self):
        return self.fleet.postgres.value("SELECT max(number) FROM cycles")

    def pages(self, number):
        """What so many requests of the readers' pages cost the scheduler and PostgreSQL."""
        before = self.costs()
        for i in range(PAGES // 5):
            for path in ("/", f"/search?q=thing+{PAGES * number + i}", "/feed.atom", "/papers/P1010", "/api/fleet"):
                status = self.scheduler.get(path, 60)[0]
                if status not in (200, 503):
                    raise RuntimeError(f"{path}: {status}")
        return sum(now - old for now, old in zip(self.costs()[:2], before))


def series_of(curve):
    """((what is measured, its unit), ...)"""
    of = "1,000 tasks" if curve == "workers" else "a cycle"
    more = ((f"all workers, {of} (s)", "s"), (f"Redis, {of} (1,000 commands)", "")) if curve == "workers" else ()
    return (*((f"{part}, {of} (s)", "s") for part in ("scheduler", "PostgreSQL", "Redis")), *more,
            ("scheduler, peak (MB)", "MB"), (f"{PAGES} pages (s)", "s"))


def steeper(sizes, values, noise):
    """How much steeper than n log n the last step is; 1 is as n log n, 0 as good as no growth."""
    def load(n):
        n = n * 1000  # where sizes are small, the logarithm is that of what they stand for
        return n * math.log(n)
    added, before = values[-1] - values[0], values[-2] - values[0]
    if added < 2 * noise:
        return 0.0
    wanted = (load(sizes[-1]) - load(sizes[0])) / (load(sizes[-2]) - load(sizes[0]))
    return added / max(before, noise) / wanted


def plot(title, unit, sizes, series):
    """Each series over n, as a share of its greatest value; the straight line is n."""
    width, height, left, top = 640, 260, 50, 20
    colors = ("#4a7fb5", "#c2703d", "#5a9e6f", "#8a6bb0", "#b5485d", "#7d7d2a", "#3d8f96")

    def point(n, share):
        return f"{left + (width - left - 10) * n / sizes[-1]:.1f},{top + (height - top - 40) * (1 - share):.1f}"
    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height + 20 * len(series)}' role='img' aria-label='{title}' "
             "font-family='sans-serif' font-size='12' fill='currentColor'>",
             f"<polyline points='{point(0, 0)} {point(sizes[-1], 1)}' fill='none' stroke='#888' stroke-dasharray='4 4'/>",
             f"<text x='{width - 10}' y='{height - 8}' text-anchor='end'>{sizes[-1]:,} {unit}</text>",
             f"<text x='{left}' y='{height - 8}'>0</text><text x='4' y='{top + 8}'>most</text>"]
    for i, (name, values) in enumerate(series):
        most = max(*values, 1e-9)
        points = " ".join(point(n, value / most) for n, value in zip(sizes, values))
        parts.append(f"<polyline points='{points}' fill='none' stroke='{colors[i % len(colors)]}' stroke-width='2'/>")
        parts.append(f"<text x='{left}' y='{height + 14 + 20 * i}' fill='{colors[i % len(colors)]}'>{name}: at most {most:,.2f}</text>")
    return "\n".join(parts) + "\n</svg>\n"


def curve_of(curve, sizes):
    rows, all_series = [], series_of(curve)
    print("".rjust(20) + "".join(f"{name.split(',')[0][:10] + ' ' + unit:>12}" for name, unit in all_series))
    for n in sizes:
        run = Run(curve, n)
        try:
            rows.append([n, *run.measure()])
        except BaseException:
            print(run.fleet.tails(), file=sys.stderr)
            raise
        finally:
            run.fleet.close()
        print(f"{n:>10,} {curve:9}" + "".join(f"{value:>12.2f}" for value in rows[-1][1:]), flush=True)
    bad = []
    for column, (name, unit) in enumerate(all_series, 1):
        steep = steeper(sizes, [row[column] for row in rows], NOISE[unit])
        if steep > TOLERANCE:
            bad.append(f"{name} grows {steep:.1f} times as steeply as n log n")
    return {"name": curve, "unit_n": UNITS[curve], "series": [name for name, _ in all_series], "rows": rows, "good": not bad,
            "verdict": "; ".join(bad) or "within n log n",
            "svg": plot(curve, UNITS[curve], sizes, [(name, [row[i] for row in rows]) for i, (name, _) in enumerate(all_series, 1)])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SIZES, action="append")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--folder", default=os.path.join(ROOT, "build", "report"))
    options = parser.parse_args()
    os.environ.setdefault("PAPERSCOUT_BUILD", os.path.join(ROOT, "build", "debug"))
    os.makedirs(options.folder, exist_ok=True)
    path, good = os.path.join(options.folder, "growth.json"), True
    for curve in options.only or SIZES:
        sizes = [(n / 10 if curve == "history" else max(1, n // 10)) if options.short else n for n in SIZES[curve]]
        document = curve_of(curve, sizes)
        good = good and document["good"]
        print(f"{curve}: {document['verdict']}", flush=True)
        with open(os.path.join(options.folder, f"growth-{curve}.svg"), "w", encoding="utf-8") as file:
            file.write(document["svg"].replace("<svg ", "<svg style='color-scheme:light dark' ", 1))
        known = []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                known = [one for one in json.load(file) if one["name"] != curve]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(known + [document], file, indent=1)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
