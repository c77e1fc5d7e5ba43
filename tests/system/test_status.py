#!/usr/bin/env python3
"""paperscout-scheduler status: what an operator reads, as a table and as JSON."""
import json
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index


class Status(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            POLL_INTERVAL_SECONDS=30)
        self.fleet.start_servers()

    def status(self, *arguments, **settings):
        return self.fleet.command("scheduler", "status", *arguments, **settings)

    def read(self):
        code, text, error = self.status("--json")
        self.assertEqual(code, 0, error)
        self.assertEqual(text.count("\n"), 1)
        return json.loads(text)

    def test_a_fleet_at_work(self):
        self.fleet.start("scheduler")
        wait_until(lambda: self.fleet.redis.length("tasks") > 0, 20, "a cycle is published")
        status = self.read()
        self.assertEqual((status["leader"], status["epoch"]), ("scheduler-1", 1))
        self.assertEqual(status["cycles"][0]["status"], "running")
        planned = status["cycles"][0]["planned"]
        self.assertEqual(status["tasks"], {"length": planned + 4, "pending": 0,  # four controls
                                           "lag": planned + 4})
        self.assertEqual(status["workers"], [])
        code, table, _ = self.status()
        self.assertEqual(code, 0)
        self.assertIn(f"cycle       1: {planned} planned, {planned} published, 0 finished", table)
        self.assertIn("workers     0 alive", table)
        self.assertIn(f"[{50 * '.'}] 0 %", table)
        self.assertIn("trouble     ! No worker is alive", table)

        self.fleet.start("scheduler")
        self.fleet.start("worker")
        self.fleet.start("notifier")
        self.fleet.wait_cycles(1)
        wait_until(lambda: self.read()["standbys"] == ["scheduler-2"], 10, "the standby is seen")
        status = self.read()
        self.assertEqual([worker["name"] for worker in status["workers"]], ["worker-1"])
        cycle = status["cycles"][0]
        self.assertEqual((cycle["number"], cycle["status"], cycle["error"]), (1, "success", None))
        self.assertEqual(cycle["summary"]["hit_recent"], 1)
        self.assertEqual((status["discovered"], status["poll_count"]), (1, 1))
        self.assertEqual(status["papers"], len(made_index()))
        self.assertEqual((status["verdict"], status["troubles"]), ("ok", []))
        _, table, _ = self.status()
        for part in ("fleet       ok", "leader      scheduler-1 (epoch 1)", "standbys    scheduler-2",
                     "cycle       none is running", "worker-1: 0 in flight", "success"):
            self.assertIn(part, table)
        self.assertTrue(all(len(line) <= 80 for line in table.splitlines()), table)

    def test_watched(self):
        """Again and again, also while Redis is away."""
        for component in ("scheduler", "worker", "notifier"):
            self.fleet.start(component)
        self.fleet.wait_cycles(1)
        watcher = self.fleet.watch("scheduler", "status", "--json", "--watch", "1")

        def shown():
            return [json.loads(line) for line in watcher.output().splitlines()]
        wait_until(lambda: len(shown()) >= 2, 20, "it is shown twice")
        self.assertEqual(shown()[-1]["leader"], "scheduler-1")
        self.fleet.redis.stop()
        wait_until(lambda: "Redis" in watcher.log(), 20, "it says that Redis is away")
        self.assertTrue(watcher.alive())
        before = len(shown())
        self.fleet.redis.start()
        wait_until(lambda: len(shown()) > before and shown()[-1]["leader"] == "scheduler-1", 40,
                   "it is shown again")

    def test_before_anything_ran(self):
        code, _, error = self.status()
        self.assertEqual(code, 69)  # nobody has made the tables yet
        self.assertTrue(error)

    def test_servers_that_are_not_there(self):
        self.fleet.redis.stop()
        code, text, error = self.status()
        self.assertEqual((code, text), (69, ""))
        self.assertIn("Redis", error)

    def test_wrong_usage(self):
        code, _, error = self.status("--yaml")
        self.assertEqual(code, 64)
        self.assertIn("--json", error)


if __name__ == "__main__":
    unittest.main()
