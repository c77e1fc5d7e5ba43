#!/usr/bin/env python3
"""No successful poll for two intervals: an alarm, once an interval, and a note when it is over."""
import json
import time
import unittest

from rig import CycleCase, wait_until
from rig.cycles import seconds_between
from rig.pace import paced

SECONDS = 2
INTERVAL = paced(SECONDS)  # as the fleet has it


class Alarm(CycleCase):
    def start(self, upstream, **settings):
        self.start_fleet(schedulers=0, POLL_INTERVAL_SECONDS=SECONDS, OPS_ALERT_CHANNEL="#ops",
                         PROBE_MAX_ATTEMPTS=1, **settings)
        self.fleet.upstream.patch(upstream)
        self.scheduler = self.fleet.start("scheduler")
        self.standby = self.fleet.start("scheduler")

    def ops(self):
        """About the polls. A cycle in which the site recovers may have many errors, which is an incident of its own."""
        return [message["text"] for message in self.fleet.messages()
                if message["channel"] == "#ops" and "probes end in errors" not in message["text"]]

    def check_alarm(self):
        started = time.monotonic()
        wait_until(self.ops, 3 * INTERVAL + 2, "the alarm")
        self.assertGreater(time.monotonic() - started, INTERVAL, "too early")
        wait_until(lambda: len(self.ops()) >= 3, 6 * INTERVAL, "one alarm an interval")
        told = sorted(event["ts"] for program in self.schedulers()
                      for event in program.events("OPS-ALERT"))
        for before, after in zip(told, told[1:]):
            self.assertGreater(seconds_between(before, after), INTERVAL - 0.1, told)
        self.assertTrue(all("no poll has succeeded" in text for text in self.ops()))

    def check_recovery(self):
        wait_until(lambda: "succeed again" in self.ops()[-1], 20, "the recovery note")
        self.wait_more_cycles(2)
        self.assertEqual(sum("succeed again" in text for text in self.ops()), 1)
        self.assertIn("succeed again", self.ops()[-1])

    def test_every_probe_is_refused(self):
        self.start({"rules": {"slow": {"match": "/files/*", "status": 500}}})
        self.check_alarm()
        rows = self.fleet.cycles()
        self.assertEqual({row["status"] for row in rows if row["status"] != "running"}, {"failed"})
        self.fleet.upstream.patch({"rules": {"slow": {"match": "/files/*", "status": None}}})
        self.check_recovery()

    def test_the_index_never_loaded(self):
        self.start({"rules": {"index": {"match": "/index.json", "status": 500}}})
        self.check_alarm()
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) AS n FROM papers"), 0)
        self.fleet.upstream.patch({"rules": {"index": None}})
        self.check_recovery()

    def test_without_any_index_the_next_try_is_a_minute_away(self):
        self.start_fleet(schedulers=0, POLL_INTERVAL_SECONDS=600)
        self.fleet.upstream.patch({"rules": {"index": {"match": "/index.json", "status": 500}}})
        scheduler = self.fleet.start("scheduler")
        self.assertTrue(50 < scheduler.wait_event("SCHEDULER-SLEEP")["seconds"] <= 60)
        ended = self.fleet.cycles()[0]["finished_at"]
        shown = wait_until(lambda: json.loads(scheduler.get("/api/fleet")[1])["now"]["next_poll_at"], 10,
                           "it is shown")
        self.assertTrue(50 < seconds_between(ended, shown) <= 61, (ended, shown))

    def test_the_index_is_not_downloaded_any_more(self):
        self.start({})
        self.fleet.wait_cycles(1, 20)
        self.fleet.upstream.patch({"rules": {"index": {"match": "/index.json", "status": 503}}})
        wait_until(self.ops, 4 * INTERVAL + 8, "the alarm")
        self.assertIn("the index was not downloaded for", self.ops()[0])
        self.wait_more_cycles(2)
        self.assertEqual(len(self.ops()), 1, "once is enough")
        self.assertEqual(self.fleet.cycles()[-2]["error"], None)
        self.fleet.upstream.patch({"rules": {"index": None}})
        wait_until(lambda: len(self.ops()) == 2, 3 * INTERVAL + 4, "the note that it is over")
        self.assertIn("the index is downloaded again", self.ops()[1])

    def test_a_standby_says_who_leads(self):
        self.start({})
        leader = self.leader()
        other = self.standby if leader is self.scheduler else self.scheduler
        wait_until(lambda: (other.health()["leader"] or "").startswith(f"{leader.name}:"), 5,
                   "the standby sees the leader")
        self.assertEqual(other.health()["role"], "standby")
        wait_until(other.ready, 5, "the standby is ready")


if __name__ == "__main__":
    unittest.main()
