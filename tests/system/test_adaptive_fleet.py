#!/usr/bin/env python3
"""A fleet under PROBE_PLANNER=adaptive: what it asks for is what `plan` says, whoever leads; the ledger stays
light; people are told once; `explain` says why."""
import datetime
import email.utils
import json
import os
import unittest

from rig import CycleCase, wait_until
from rig.index import made_index
from rig.pace import paced

ISO = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
INTERVAL = 2
PER_CYCLE = 150


class AdaptiveFleet(CycleCase):
    needs = ("scheduler", "worker", "notifier")

    def start_adaptive(self, per_cycle=PER_CYCLE, interval=INTERVAL, **settings):
        self.start_fleet(delay_ms=0, PROBE_PLANNER="adaptive", POLL_INTERVAL_SECONDS=interval,
                         PROBE_BUDGET_PER_DAY=per_cycle * 86400 // interval, **settings)

    def write(self, name, text):
        path = os.path.join(self.fleet.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def rows(self, query):
        return self.fleet.postgres.query(query)

    def planned_by_command(self, cycle):
        """What `plan` makes of the state in which the cycle began."""
        now = self.fleet.postgres.value(f"SELECT {ISO.format('started_at')} FROM cycles WHERE number = {cycle}")
        asked = self.rows(
            f"SELECT url, {ISO.format('max(started_at)')} AS at FROM probes JOIN cycles c ON c.number = cycle "
            f"WHERE cycle < {cycle} AND outcome NOT IN ('error', 'deferred') GROUP BY url")
        found = self.rows(
            f"SELECT url, {ISO.format('discovered_at')} AS at, last_modified FROM discovered WHERE cycle < {cycle}")
        index = self.write("index.json", json.dumps(made_index()))
        probed = self.write("probed", "".join(f"{row['url']}\t{row['at']}\n" for row in asked))
        discovered = self.write("found", "".join(f"{row['url']}\t{self.there_since(row)}\n" for row in found))
        code, text, error = self.fleet.command(
            "scheduler", "plan", "--planner", "adaptive", "--index", index, "--now", now, "--probed", probed,
            "--discovered", discovered)
        self.assertEqual(code, 0, error)
        return [tuple(line.split(" ")) for line in text.splitlines()]

    @staticmethod
    def there_since(row):
        if row["last_modified"]:
            modified = email.utils.parsedate_to_datetime(row["last_modified"])
            text = modified.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            return min(text, row["at"])
        return row["at"]

    def check_plan_of(self, cycle):
        rows = self.rows(f"SELECT tier, url FROM probes WHERE cycle = {cycle} ORDER BY position")
        self.assertEqual([(row["tier"], row["url"]) for row in rows], self.planned_by_command(cycle))

    def test_each_leader_asks_for_what_the_plan_says(self):
        self.start_adaptive()
        self.fleet.wait_cycles(3)
        old = self.leader()
        old.kill()
        new = self.next_of(old)
        last = self.fleet.cycles()[-1]["number"]
        self.wait_more_cycles(3)
        self.assertIs(self.leader(), new)
        for cycle in (2, last + 1, last + 2):
            self.check_plan_of(cycle)
        for row in self.check_cycles():
            self.assertLessEqual(row["planned"], 4 * PER_CYCLE * paced(1) + 1)
            self.assertEqual(row["cold_probes"], 0)

    def test_last_asked_times_are_stored_once_a_cycle_and_drafts_told_once(self):
        self.start_adaptive(per_cycle=2000, interval=8)  # soon everything was asked for once, and what is likely comes again
        self.fleet.wait_cycles(2)
        self.add_drafts(3)
        self.finish()
        stored = {(row["number"], row["revision"], row["prefix"], row["ext"]) for row in self.rows(
            "SELECT number, revision, prefix, ext FROM probe_times")}
        asked = {(row["number"], row["revision"], row["prefix"], row["ext"]) for row in self.rows(
            "SELECT DISTINCT p.number, p.revision, p.prefix, p.ext FROM probes p JOIN cycles c ON c.number = p.cycle "
            "WHERE c.status <> 'running' AND p.outcome <> 'error'")}
        self.assertLessEqual(asked, stored)
        self.check_delay_on_the_page()

    def check_delay_on_the_page(self):
        """The drafts were uploaded an hour before they were found."""
        leader = self.leader()

        def delay():
            shown = json.loads(leader.get("/api/fleet")[1])["now"]["upload_to_notify"]
            return shown if shown and shown["drafts"] == 3 else None

        shown = wait_until(delay, 30, "the page has the delay of three drafts")
        self.assertGreaterEqual(shown["median_seconds"], 3600)
        self.assertLessEqual(shown["median_seconds"], shown["p90_seconds"])
        self.assertLessEqual(shown["p90_seconds"], 3600 + paced(120))

    def test_a_site_that_does_not_answer_counts_as_not_asked(self):
        self.start_adaptive(PROBE_MAX_ATTEMPTS=1)
        self.fleet.wait_cycles(1)
        before = self.fleet.postgres.value("SELECT count(*) FROM probe_times")
        self.fleet.upstream.patch({"rules": {"slow": {"match": "/files/*", "status": 500}}})
        last = self.fleet.cycles()[-1]["number"]
        wait_until(lambda: any(row["number"] > last + 1 and row["status"] == "failed"
                               for row in self.fleet.cycles()), 30, "a cycle failed")
        again = self.fleet.postgres.value("SELECT count(*) FROM probe_times")
        self.assertLessEqual(again, before + 2 * 4 * PER_CYCLE * paced(1))
        errors = self.fleet.postgres.value(
            "SELECT count(*) FROM probe_times t JOIN probes p USING (number, revision, prefix, ext) JOIN cycles c "
            "ON c.number = p.cycle WHERE p.outcome = 'error' AND t.asked_at = c.started_at")
        self.assertEqual(errors, 0)

    def test_explain_says_how_often_and_why(self):
        self.start_adaptive()
        self.fleet.wait_cycles(2)
        code, text, error = self.fleet.command("scheduler", "explain", "P1052")
        self.assertEqual(code, 0, error)
        self.assertRegex(text, r"asked for +D1052R0\.pdf lambda [0-9.e-]+ a day, [0-9.e+]+ probes a day, last (never|20)")
        self.assertRegex(text, r"next about 20\d\d-")
        self.assertRegex(text, r"why +no paper has the number; it lies \d+ above the frontier \d+")
        text = self.fleet.command("scheduler", "explain", "P0905")[1]
        self.assertRegex(text, r"why +R\d+ came \d+ days ago")


if __name__ == "__main__":
    unittest.main()
