#!/usr/bin/env python3
"""An index that cannot be right is refused: the stored copy stays in use, people are alerted, and accept-index takes the next
download whatever its size."""
import json
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index

INCIDENT = "index_implausible"


class IndexRefused(FleetCase):
    def start(self):
        self.fleet = self.make_fleet({"index": {"inline": made_index()}, "drafts": {}}, POLL_INTERVAL_SECONDS=1,
                                     ENABLE_ISO_PROBE="false", OPS_ALERT_CHANNEL="#ops")
        self.fleet.start_servers()
        self.fleet.start("worker")
        self.fleet.start("notifier")
        self.scheduler = self.fleet.start("scheduler")
        self.fleet.wait_cycles(2, 30)
        self.before = self.papers()
        self.assertGreater(self.before, 200)
        self.assertIsNone(self.cause())

    def papers(self):
        return self.fleet.postgres.value("SELECT count(*) AS n FROM papers")

    def cause(self):
        return next((i["cause"] for i in self.scheduler.health()["incidents"] if i["name"] == INCIDENT), None)

    def serve(self, entries, tag):
        """A rule, with a status: without one the scripted upstream answers 304 to the validators of the index before."""
        self.fleet.upstream.patch({"rules": {"index": {
            "match": "/index.json", "status": 200, "content_type": "application/json", "headers": {"ETag": f'"{tag}"'},
            "body": json.dumps(entries)}}})

    def ops(self):
        return [m["text"] for m in self.fleet.messages() if m["channel"] == "#ops" and "index" in m["text"]]

    def refused(self, why):
        cause = wait_until(self.cause, 60, "the incident")
        self.assertIn(why, cause)
        self.assertIn(why, self.scheduler.wait_event("INDEX-REFUSED", seconds=30)["why"])
        self.fleet.wait_cycles(self.fleet.cycles()[-1]["number"] + 2, 60)
        self.assertEqual(self.papers(), self.before, "the stored copy stays")
        self.assertEqual({row["status"] for row in self.fleet.cycles()[:-1]}, {"empty"}, "polls go on with it")
        self.assertIn(why, wait_until(self.ops, 60, "people are alerted")[0])

    def accept(self):
        code, text, wrong = self.fleet.command("scheduler", "accept-index")
        self.assertEqual((code, wrong), (0, ""), text)
        wait_until(lambda: not self.cause(), 60, "it is accepted")
        self.assertIn("accepted", wait_until(lambda: len(self.ops()) == 2 and self.ops()[1], 60, "the all-clear"))
        self.assertIsNone(self.fleet.postgres.value("SELECT index_refused FROM meta"))

    def test_an_index_that_shrinks(self):
        self.start()
        few = dict(list(made_index().items())[:50])
        self.serve(few, "few")
        self.refused("50")
        self.accept()

    def test_an_index_over_the_cap(self):
        self.start()
        self.serve({f"P{number:05d}R0": {} for number in range(1, 50002)}, "many")
        self.refused("more than 50000 entries")
        self.serve({f"P{number}R0": {} for number in range(1, 900001)}, "very many")  # 12 MiB: inside the cap of bytes
        wait_until(lambda: "more than 1000000 values" in (self.cause() or ""), 60, "the other cap")
        self.assertEqual(len(self.scheduler.events("LEADER-ACQUIRED")), 1, "no turn of the loop outlasts the lease")
        self.serve(made_index(), "as before")
        wait_until(lambda: not self.cause(), 60, "an index of the usual size needs nobody")
        wait_until(lambda: len(self.ops()) == 2, 60, "the all-clear")


if __name__ == "__main__":
    unittest.main()
