#!/usr/bin/env python3
"""The committee's history, played by a scripted site to a real fleet, a thousand times as fast.

Each P-paper of the index is uploaded at its date as a draft, and the index has it 14 days later: the same replay as
`simulate`. The scheduler is paperscout-scheduler-fast: only its planner's clock and the pause between polls are fast.
Leases, deadlines, the rate limiter, workers, Redis and PostgreSQL keep real time. Leaders are killed meanwhile.

A delay is, as for `simulate`, the time from the upload to the request that finds it, by the site's own log. What
the fleet does then (store, bundle, send) takes real time, a thousand times too long on the planner's clock, and is
reported in real seconds. A cycle that takes longer than its interval, 0.3 seconds at this speed, delays the next one:
a busy machine plays at a lower speed (rig/pace.py), and what overran all the same is allowed for.

PAPERSCOUT_REPLAY=2018-01-20..2018-02-20 plays from and to these dates, 86 seconds a day; without it, the first hours
of a busy day. PAPERSCOUT_REPLAY_SPEED is the factor on a quiet machine (1000).
"""
import datetime
import json
import os
import random
import re
import time
import unittest

from rig import CycleCase, wait_until
from rig.index import load_real
from rig.pace import PACE, paced
from rig.places import program_path

BASE = "https://isocpp.org/files/papers/"
DAY_MS = 86400 * 1000
KNOWN_AFTER_MS = 14 * DAY_MS
RATE, BURST = 6000, 200  # requests a second; a cycle of the busiest day needs three thousand
CONCURRENCY = 100
HOURS = 2.5  # of the short replay
SHARE = 0.2  # by which the mean delay may differ from the simulated one


def day_ms(date):
    return round(datetime.datetime.fromisoformat(date + "T00:00:00+00:00").timestamp() * 1000)


def moment_ms(text):
    """Of ISO times as `simulate` writes them."""
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class Script:
    """What happens when: uploads, and what the index knows."""

    def __init__(self, first, end_ms):
        index = load_real()
        self.papers = {key: entry for key, entry in index.items() if re.fullmatch(r"P\d+R\d+", key)}
        self.first_ms = day_ms(first)
        self.known_ms = {}
        for key, entry in self.papers.items():
            date = str(entry.get("date") or "")[:10]
            if not date or day_ms(date) < self.first_ms:
                self.known_ms[key] = 0
            elif day_ms(date) + KNOWN_AFTER_MS < end_ms:
                self.known_ms[key] = day_ms(date) + KNOWN_AFTER_MS

    def index_at(self, ms):
        return {key: self.papers[key] for key, at in self.known_ms.items() if at <= ms}

    def index_changes(self):
        return sorted({at for at in self.known_ms.values() if at > self.first_ms})


@unittest.skipUnless(load_real(), "the shared index is not beside the checkout")
class ReplayFleet(CycleCase):
    def setUp(self):
        super().setUp()
        if program_path("paperscout-scheduler-fast") is None:
            self.fail("paperscout-scheduler-fast is not built")
        span = (os.environ.get("PAPERSCOUT_REPLAY") or "").split("..")
        self.long = len(span) == 2
        self.first, self.last = span if self.long else ("2017-10-16", "2017-10-16")
        self.speed = max(1, round(float(os.environ.get("PAPERSCOUT_REPLAY_SPEED") or 1000) / PACE))
        self.end_ms = day_ms(self.last) + DAY_MS
        if not self.long:
            self.end_ms = day_ms(self.first) + round(HOURS * 3600 * 1000)

    def simulated(self):
        """{name: (uploaded, found)} of the uploads that `simulate` finds, and its JSON."""
        path = os.path.join(self.fleet.folder, "uploads.tsv")
        index = os.path.join(self.fleet.folder, "papers.json")
        with open(index, "w", encoding="utf-8") as out:
            json.dump(self.script.papers, out)
        code, text, error = self.fleet.command(
            "scheduler", "simulate", "--index", index, "--from", self.first, "--to", self.last, "--planner", "adaptive",
            "--uploads", path, "--json", timeout=300, **self.planner)
        self.assertEqual(code, 0, error)
        uploads = {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, at, found, _, _ = line.rstrip("\n").split("\t")
                if moment_ms(at) < self.end_ms:
                    uploads[name] = (moment_ms(at), None if found == "-" else moment_ms(found))
        return uploads, json.loads(text)

    def wall_ms(self, planner_ms):
        return self.began_ms + (planner_ms - self.script.first_ms) / self.speed

    def planner_ms(self, wall_ms):
        return self.script.first_ms + (wall_ms - self.began_ms) * self.speed

    def start_replay(self):
        self.planner = {"PROBE_PLANNER": "adaptive", "POLL_INTERVAL_SECONDS": None, "PROBE_BUDGET_PER_DAY": 80000,
                        "RECHECK_DRAFTS_MAX": 0}
        self.script = Script(self.first, self.end_ms)
        self.drafts = []
        self.fleet = self.make_fleet(
            {"index": {"inline": self.script.index_at(self.script.first_ms)}, "drafts": {},
             "rules": {"slow": {"match": "/files/*", "delay_ms": 2}}},
            POLL_OVERRUN_COOLDOWN_SECONDS=0, CYCLE_DEADLINE_SECONDS=20, LEADER_TTL_MS=1000,
            PROBE_RATE_LIMIT=RATE, PROBE_RATE_BURST=BURST, PROBE_HOST_CONCURRENCY=CONCURRENCY, HTTP_CONCURRENCY=CONCURRENCY,
            LOG_LEVEL="INFO", **self.planner)
        self.uploads = None
        self.fleet.start_servers()
        self.fleet.start("notifier")
        for _ in range(2):
            self.fleet.start("worker")
        self.uploads, self.simulation = self.simulated()
        self.began_ms = round(time.time() * 1000) + 500
        self.clock = f"{self.began_ms} {self.script.first_ms} {self.speed}"
        for _ in range(2):
            self.start_scheduler()

    def start_scheduler(self):
        return self.fleet.start("scheduler", program="paperscout-scheduler-fast", PAPERSCOUT_TEST_CLOCK=self.clock)

    def sleep_until(self, planner_ms):
        while True:
            left = self.wall_ms(planner_ms) / 1000 - time.time()
            if left > 0:
                time.sleep(min(left, 2))
            if time.time() - self.looked > 2:
                self.look_for_requests()
            if left <= 2:
                return

    def look_for_requests(self):
        """The site's log holds some 20 seconds."""
        self.looked = time.time()
        for name in self.uploaded.keys() - self.asked.keys():
            answered = [request["t_ms"] for request in self.fleet.upstream.requests(f"/files/papers/{name}")
                        if request["status"] == 200 and request["method"] == "HEAD"]
            if answered:
                self.asked[name] = min(answered)

    def events(self):
        """What happens, in order: (planner's time, function)."""
        found = [(at, lambda name=name: self.upload(name)) for name, (at, _) in self.uploads.items()]
        found += [(at, lambda at=at: self.fleet.upstream.patch({"index": {"inline": self.script.index_at(at)}}))
                  for at in self.script.index_changes()]
        rng = random.Random(1)
        span = self.end_ms - self.script.first_ms
        kills = max(1, round(span / self.speed / 120000))  # every two minutes
        found += [(self.script.first_ms + (i + rng.uniform(0.4, 0.6)) * span / kills, self.kill_leader)
                  for i in range(kills)]
        return sorted(found, key=lambda event: event[0])

    def upload(self, name):
        self.fleet.upstream.patch({"drafts": {name: {"text": name}}})
        self.uploaded[name] = time.time() * 1000

    def kill_leader(self):
        self.kills += 1
        self.leader().kill()
        self.start_scheduler()

    def test_a_fleet_finds_uploads_as_soon_as_simulated(self):
        self.start_replay()
        self.uploaded, self.asked, self.kills, self.looked = {}, {}, 0, 0
        for at, happens in self.events():
            self.sleep_until(at)
            happens()
        self.sleep_until(self.end_ms)
        expected = {name for name, (_, found) in self.uploads.items() if found}

        def all_found():
            self.look_for_requests()
            return expected <= set(self.found())
        wait_until(all_found, 60 + (DAY_MS / 1000 if self.long else 0) / self.speed, "every upload is found", every=1)
        self.drafts = [name.partition(".")[0] for name, row in self.found().items() if not row["silent"]]
        self.wait_told()
        self.check_told_once()
        self.check_epochs()
        self.check_delays()
        self.check_budget()
        self.check_politeness()

    def found(self):
        return {row["url"].rpartition("/")[2]: row for row in self.fleet.postgres.query(
            "SELECT d.url, c.silent, ps_ms(o.sent_at) AS sent FROM discovered d JOIN cycles c ON c.number = d.cycle "
            "LEFT JOIN outbox o ON o.dedupe_key = 'draft:' || d.url")}

    def cycles(self):
        """The closed cycles of the replay's span: what was planned, when it began, how long it took."""
        rows = self.fleet.postgres.query(
            "SELECT number, planned, status, ps_ms(started_at) AS began, ps_ms(finished_at) AS ended FROM cycles "
            "WHERE status <> 'running' ORDER BY number")
        self.assertEqual([row["number"] for row in rows], list(range(1, len(rows) + 1)))
        self.assertEqual([row for row in rows if row["status"] == "failed"], [])
        return [row for row in rows if self.planner_ms(row["began"]) < self.end_ms]

    def gaps(self):
        """Times between the beginnings of cycles, in minutes of the planner."""
        began = [self.planner_ms(row["began"]) for row in self.cycles()]
        return [(after - before) / 60000 for before, after in zip(began, began[1:])]

    def check_delays(self):
        found, delays, works = self.found(), [], []
        for name, (_, simulated) in self.uploads.items():
            if simulated is None or name not in found:
                continue
            asked = self.asked[name]
            delays.append((asked - self.uploaded[name]) * self.speed / 60000)
            if found[name]["sent"]:
                works.append((found[name]["sent"] - asked) / 1000)
        simulated = mean([(found - at) / 60000 for at, found in self.uploads.values() if found])
        gaps = self.gaps()
        late = sum((gap - 5) * max(5, gap) for gap in gaps if gap > 5) / sum(gaps)  # expected of an upload at any moment
        print(f"\nspeed {self.speed}, {len(gaps)} cycles, {self.kills} leaders killed, {len(delays)} of {len(self.uploads)} "
              f"uploads found: mean {mean(delays):.1f} min, simulated {simulated:.1f}; late cycles cost {late:.1f}; "
              f"from request to message {mean(works):.2f} s of real time")
        self.assertLessEqual(mean(delays), (1 + SHARE) * simulated + late + (0 if self.long else 5))
        if self.long:
            self.assertGreaterEqual(mean(delays), (1 - SHARE) * simulated)

    def check_budget(self):
        """As much as simulated, but for gaps longer than a cycle may make up for."""
        gaps, planned = self.gaps(), sum(row["planned"] for row in self.cycles()[1:])
        days = sum(gaps) / (24 * 60)
        lost = sum(max(0, gap - 30) for gap in gaps) / sum(gaps)
        print(f"probes a day {planned / days:.0f}, simulated {self.simulation['requests_per_day']:.0f}; gaps that are not "
              f"made up for {lost:.1%}")
        self.assertLessEqual(planned / days, 4 * self.planner["PROBE_BUDGET_PER_DAY"])
        if self.long:
            self.assertLessEqual(planned / days, 1.01 * self.simulation["requests_per_day"])
            self.assertGreaterEqual(planned / days, (0.99 - lost) * self.simulation["requests_per_day"])

    def check_politeness(self):
        stats = self.fleet.upstream.drafts_stats()
        print(f"at the site: {stats['peak_rate']} requests in the busiest second, {stats['peak_in_flight']} in flight")
        self.assertLessEqual(stats["peak_rate"], RATE + BURST)
        self.assertLessEqual(stats["peak_in_flight"], CONCURRENCY)


def mean(values):
    return sum(values) / max(1, len(values))


if __name__ == "__main__":
    unittest.main()
