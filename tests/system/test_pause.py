#!/usr/bin/env python3
"""pause, resume and poll-now: what an operator asks of the fleet, kept in PostgreSQL and obeyed by the leader."""
import json
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index

WHY = "the site moves \u202e today"


class Pause(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet({"index": {"inline": made_index()}}, POLL_INTERVAL_SECONDS=3600)
        self.fleet.start_servers()
        self.fleet.start("worker")
        self.scheduler = self.fleet.start("scheduler")
        self.fleet.wait_cycles(1, 60)

    def run_it(self, *arguments, expect=0):
        code, text, error = self.fleet.command("scheduler", *arguments)
        self.assertEqual(code, expect, error)
        return text + error

    def test_paused_over_a_restart_then_resumed(self):
        self.check_usage()
        self.assertIsNone(self.scheduler.health()["probing_paused_since"])
        self.assertIn("was not paused", self.run_it("resume"))
        answer = json.loads(self.run_it("pause", "--json", *WHY.split(" ")))
        self.assertEqual((answer["paused"], answer["reason"]), (True, "the site moves \\u202e today"))
        self.scheduler.wait_event("PROBING-PAUSED", 20)
        self.scheduler.stop()
        self.scheduler = self.fleet.start("scheduler", COLD_SPREAD_RATIO=0.5)
        self.scheduler.wait_event("PROBING-PAUSED", 60)
        self.assertIn("as soon as", self.run_it("poll-now"))
        self.fleet.wait_cycles(2, 60)
        self.assertEqual([cycle["planned"] > 0 for cycle in self.fleet.cycles()], [True, False])
        self.assertEqual(self.fleet.cycles()[1]["status"], "empty")
        health = self.scheduler.health()
        self.assertEqual((health["probing_paused_since"], health["probing_paused_reason"]),
                         (answer["since"], answer["reason"]))
        status = json.loads(self.run_it("status", "--json"))
        self.assertEqual(status["probing_paused_since"], answer["since"])
        self.assertIn("Probing was paused", self.run_it("status"))
        self.assertEqual(json.loads(self.run_it("resume", "--json")),
                         {"paused": False, "was_paused": True})
        self.scheduler.wait_event("PROBING-RESUMED", 20)
        self.run_it("poll-now")
        wait_until(lambda: len(self.fleet.cycles()) == 3, 60, "cycle 3 runs")
        self.see_the_rest_of_a_cycle_skipped()
        self.assertEqual(self.fleet.postgres.query("SELECT poll_wanted_at AS at FROM meta"), [{"at": None}])

    def see_the_rest_of_a_cycle_skipped(self):
        """Cold probes that wait for their turn, over half an hour, do not go out after a pause."""
        self.run_it("pause")
        event = self.scheduler.wait_event("PROBE-SHED", 60)
        self.assertEqual(event["why"], "probing is paused")
        self.fleet.wait_cycles(3, 60)
        cycle = self.fleet.cycles()[2]
        self.assertEqual(event["cold_probes"], cycle["summary"]["deferred"])
        self.assertGreater(event["cold_probes"], 0)
        self.assertGreaterEqual(cycle["summary"]["miss"], cycle["hot_probes"])

    def check_usage(self):
        self.assertIn('"--now" is no option', self.run_it("pause", "--now", expect=64))
        self.assertIn("takes no argument", self.run_it("resume", "please", expect=64))
        self.assertIn("takes no argument", self.run_it("poll-now", "please", expect=64))


if __name__ == "__main__":
    unittest.main()
