#!/usr/bin/env python3
"""Logs: a message's life by its trace, from the probe to Slack; one event one line; a fault that repeats
is counted, not written again and again."""
import re
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index
from rig.places import free_port


class Logs(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            PROBE_MAX_ATTEMPTS="1", POLL_INTERVAL_SECONDS="3")
        self.fleet.start_servers()

    def test_a_trace_leads_from_the_plan_to_slack(self):
        scheduler, worker = self.fleet.start("scheduler"), self.fleet.start("worker")
        notifier = self.fleet.start_slack_notifier()
        upstream = self.fleet.upstream
        self.fleet.wait_cycles(1)
        upstream.patch({"drafts": {"D1053R0.pdf": {"modified": "-1h", "text": "another"},
                                   "D1054R0.pdf": {"modified": "-1h", "text": "a third"}}})
        wait_until(lambda: len(worker.events("PROBE-HIT")) >= 3, 30, "both are found")
        self.fleet.wait_sent(30)
        for name in ("D1053R0.pdf", "D1054R0.pdf"):
            hit = next(event for event in worker.events("PROBE-HIT") if event["url"].endswith(name))
            trace = hit["trace"]
            self.assertRegex(trace, rf"^\d+:{re.escape(name)}$")  # the task's id, of the plan
            self.assertEqual(worker.events("PROBE-SEEN", trace=trace)[0]["url"], hit["url"])
            decided = scheduler.wait_event("OUTBOX-MESSAGE", trace=trace)
            sent = notifier.wait_event("MQ-SENT", id=decided["id"])
            self.assertEqual(sent["kind"], decided["kind"])
            texts = [message["text"] for message in upstream.slack()]
            self.assertTrue(any(name.split(".")[0] in text for text in texts), (name, texts))

    def test_what_repeats_is_counted(self):
        port = free_port()  # the rig reads JSON lines to find it
        scheduler = self.fleet.start("scheduler", LOG_FORMAT="text")
        worker = self.fleet.start("worker", LOG_FORMAT="text", HEALTH_PORT=port)
        worker._port = port
        self.fleet.wait_cycles(1)
        self.fleet.upstream.patch({"rules": {"files": {"match": "/files/*", "fault": "reset"}}})

        def health(field):
            return worker.health()["outcomes"][field]
        wait_until(lambda: health("error") > 100, 30, "a hundred probes fail")
        worker.stop()
        wait_until(lambda: not worker.alive(), 10, "it ends")
        lines = worker.log().splitlines()
        faults = [line for line in lines if " PROBE-ERR " in line]
        written = [line for line in faults if not re.search(r" repeated \d+ times$", line)]
        repeated = [int(count) for line in faults
                    for count in re.findall(r" repeated (\d+) times$", line)]
        self.assertEqual(len(written), 10, faults)
        self.assertEqual(len(repeated), 1, faults)
        self.assertGreater(repeated[0], 90)
        # One event is one line, and every line is an event.
        for program in (scheduler, worker):
            for line in program.log().splitlines():
                self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
                                       r"(DEBUG|INFO|WARNING|ERROR) \w+ [A-Z-]+ ")


if __name__ == "__main__":
    unittest.main()
