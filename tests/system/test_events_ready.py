#!/usr/bin/env python3
"""A notifier that cannot send still takes Slack's events: /readyz/events is a readiness of its own.

Kubernetes removes a pod from a Service while its readiness probe fails. With one readiness for everything, a Redis that
was away for ten seconds refused every person's command, although the notifier would have stored them.
"""
import json
import unittest

from rig import wait_until
from rig.listening import ListeningCase


class EventsReady(ListeningCase):
    def ready(self, path):
        status, text = self.notifier.get(path)
        return status == 200, json.loads(text)["reasons"]

    def start_one(self, **settings):
        speaker = self.start(**settings)
        self.notifier = next(program for program in self.fleet.programs if program.component == "notifier")
        return speaker

    def test_redis_away_refuses_no_event(self):
        speaker = self.start_one()
        wait_until(lambda: self.ready("/readyz/events")[0], 15, "events are taken")
        self.fleet.redis.kill()
        wait_until(lambda: not self.ready("/readyz")[0], 20, "nothing can be sent")
        self.assertEqual(self.ready("/readyz/events"), (True, []))
        for number in range(12):
            self.assertEqual(speaker.say("version", channel=f"D{number:03d}"), 200)
        self.fleet.redis.start()
        wait_until(lambda: self.ready("/readyz")[0], 20, "messages are sent again")

    def test_postgresql_away_refuses_them(self):
        """What cannot be stored must not be taken: Slack keeps it and asks again."""
        self.start_one()
        wait_until(lambda: self.ready("/readyz/events")[0], 15, "events are taken")
        self.fleet.postgres.stop()
        wait_until(lambda: not self.ready("/readyz/events")[0], 20, "no event is taken")
        self.assertIn("PostgreSQL", self.ready("/readyz/events")[1][0])

    def test_a_notifier_that_never_was_ready_takes_none(self):
        """Otherwise a rolling update to a version that cannot work would replace the one that can."""
        fleet = self.make_fleet()
        fleet.start_servers()
        self.notifier = fleet.start_slack_notifier(REDIS_URL="redis://127.0.0.1:1/0")
        wait_until(lambda: not any("PostgreSQL" in reason for reason in self.ready("/readyz")[1]), 20,
                   "PostgreSQL is reached")
        ready, reasons = self.ready("/readyz/events")
        self.assertFalse(ready)
        self.assertIn("not been ready since its start", reasons[0])


if __name__ == "__main__":
    unittest.main()
