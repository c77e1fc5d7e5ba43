#!/usr/bin/env python3
"""Cold probes go out over half of the interval, hot news does not wait for them, and where Redis
has no room they are left out."""
import unittest

from rig import CycleCase, wait_until
from rig.pace import paced

INTERVAL = 16  # cold ones go out over half of it, and a busy machine takes 4 s for the 600 hot ones


class Spread(CycleCase):
    def start(self, **settings):
        self.start_fleet(schedulers=0, delay_ms=0, POLL_INTERVAL_SECONDS=INTERVAL,
                         COLD_SPREAD_RATIO=0.5, COLD_CYCLE_DIVISOR=20, **settings)

    def row(self, number):
        return self.fleet.postgres.query(f"SELECT * FROM cycles WHERE number = {number}")[0]

    def test_cold_ones_are_spread_and_hot_news_is_told_at_once(self):
        self.start()
        scheduler = self.fleet.start("scheduler")
        self.fleet.wait_cycles(1, 30)
        self.add_drafts(2)
        self.wait_told(INTERVAL + 8)
        told_while = self.fleet.cycles()[-1]
        self.assertEqual((told_while["number"], told_while["status"]), (2, "running"))
        wait_until(lambda: self.row(2)["status"] != "running", INTERVAL + 8, "cycle 2 closes")
        self.check_spread(2)
        self.fleet.wait_sent()
        self.check_told_once()
        self.check_cycles()
        self.assertEqual(scheduler.events("PROBE-SHED"), [])

    def check_spread(self, cycle):
        rows = self.fleet.postgres.query(
            "SELECT url, tier = 'cold' AS cold, "
            "extract(epoch FROM settled_at - c.started_at) AS at "
            f"FROM probes p JOIN cycles c ON c.number = p.cycle WHERE p.cycle = {cycle} AND outcome = 'miss'")
        cold = sorted(row["at"] for row in rows if row["cold"])
        hot = sorted(row["at"] for row in rows if not row["cold"])
        self.assertGreater(len(cold), 50)
        middle = cold[len(cold) // 2]
        self.assertLess(hot[len(hot) // 2], cold[len(cold) // 4], "hot ones wait for cold ones")
        self.assertLess(hot[-1], middle, "hot ones wait for cold ones")
        # Over half of the interval, evenly: none is published sooner, and nothing waits for the end.
        self.assertGreater(cold[-1], paced(INTERVAL / 2 - 0.5))
        self.assertLess(cold[-1], paced(INTERVAL))
        self.assertTrue(0.3 < middle / cold[-1] < 0.7, (middle, cold[-1]))

    def test_left_out_where_too_much_is_outstanding(self):
        self.start(TASKS_SHED_LENGTH=5)
        self.fleet.programs[-1].stop()  # the worker
        scheduler = self.fleet.start("scheduler")
        event = scheduler.wait_event("PROBE-SHED", 15)
        self.assertIn("TASKS_SHED_LENGTH", event["why"])
        row = self.row(1)
        self.assertEqual(event["cold_probes"], row["cold_probes"])
        self.assertEqual(self.fleet.redis.length("tasks"), row["hot_probes"] + 4)  # a control for each prefix and extension
        self.fleet.start("worker")
        wait_until(lambda: self.row(1)["status"] != "running", 20, "cycle 1 closes")
        row = self.row(1)
        self.assertEqual(row["status"], "empty")
        self.assertEqual((row["summary"]["deferred"], row["summary"]["miss"]),
                         (row["cold_probes"], row["hot_probes"]))

    def test_left_out_where_redis_is_nearly_full(self):
        self.start()
        self.fleet.programs[-1].stop()
        scheduler = self.fleet.start("scheduler")
        wait_until(lambda: self.fleet.redis.length("tasks") > 100, 15, "hot ones are published")
        info = self.fleet.redis.call("INFO", "memory")
        used = int(next(line for line in info.splitlines() if line.startswith("used_memory:"))[12:])
        self.fleet.redis.call("CONFIG", "SET", "maxmemory", used * 106 // 100)
        event = scheduler.wait_event("PROBE-SHED", INTERVAL)
        self.assertIn("memory", event["why"])
        self.assertGreater(event["cold_probes"], 0)
        self.fleet.redis.call("CONFIG", "SET", "maxmemory", 0)
        self.fleet.start("worker")
        wait_until(lambda: self.row(1)["status"] != "running", 20, "cycle 1 closes")


if __name__ == "__main__":
    unittest.main()
