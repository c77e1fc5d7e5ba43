#!/usr/bin/env python3
"""SHADOW=true: beside the service in charge, with its settings. Nothing is sent, what would be is printed."""
import json
import os
import unittest

from rig import CycleCase, FleetCase, wait_until


class Shadow(CycleCase):
    def test_nothing_is_sent(self):
        """Token, signing secret and all are there, as in the environment of the service."""
        self.start_fleet(schedulers=1, SHADOW="true", NOTIFY_SINK="slack",
                         SLACK_BOT_TOKEN="xoxb-test", SLACK_SIGNING_SECRET="secret",
                         OPS_ALERT_CHANNEL="#ops", NOTIFICATION_CHANNEL="#papers")
        fleet = self.fleet
        self.assertEqual(fleet.command("notifier", "watchlist", "U01", "add", "1050")[0], 0)
        fleet.wait_cycles(1, 40)
        self.add_drafts(2)
        status, _, errors = fleet.command("notifier", "send", "#papers", "by hand")
        self.assertEqual(status, 0, errors)
        wait_until(lambda: len(fleet.messages()) >= 3, 40, "messages are printed")
        self.wait_told()
        fleet.wait_sent()
        self.assertTrue(all(message["shadow"] is True for message in fleet.messages()))
        self.assertTrue({"manual", "frontier", "watchlist"} <=
                        {message["kind"] for message in fleet.messages()})
        self.notifier.wait_event("EVENTS-CLOSED", why="SHADOW is set")
        self.assertFalse(self.notifier.events("EVENTS-LISTEN"))
        self.assertTrue(self.notifier.events("NOTIFIER-START", sink="shadow"))
        self.assertTrue(self.notifier.ready())

    def before_programs(self, fleet):
        fleet.settings["HEARTBEAT_URL"] = fleet.upstream.url + "/hooks/alive"

    def finish_and_look(self):
        """Slack and the heartbeat's receiver heard nothing at all."""
        stats = self.fleet.upstream.stats()["paths"]
        self.assertEqual([path for path in stats if path.startswith(("/api/", "/hooks/"))], [])
        self.assertEqual(self.fleet.upstream.slack(), [])

    def tearDown(self):
        self.finish_and_look()
        super().tearDown()


class NowhereToPrint(FleetCase):
    def test_nothing_is_sent_when_nothing_can_be_printed_either(self):
        """A sink that fails is told the second way, OPS_ALERT_WEBHOOK_URL; a shadow has none."""
        fleet = self.make_fleet(SHADOW="true", MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS="0.3")
        fleet.start_servers()
        out = os.path.join(fleet.folder, "notifier-1.out")
        os.symlink("/dev/full", out)
        notifier = fleet.start("notifier", OPS_ALERT_WEBHOOK_URL=f"{fleet.upstream.url}/hooks/ops")
        os.unlink(out)  # reading it would never end
        with open(out, "wb"):
            pass
        scheduler = fleet.start("scheduler", ENABLE_ISO_PROBE="false")  # makes the tables
        wait_until(notifier.ready, 20, "the notifier is ready")
        fleet.redis.call("RPUSH", fleet.redis.key("notify"), json.dumps(
            {"id": "a1", "kind": "ops_alert", "channel": "COPS", "text": "No poll for an hour"}))
        notifier.wait_event("MQ-CONFIGURATION", 20)
        notifier.wait_event("OPS-ALERT", 20)
        self.assertEqual(fleet.upstream.hooks(), [])
        self.assertEqual([program.stop() for program in (notifier, scheduler)], [0, 0])


class InCharge(CycleCase):
    def test_what_was_printed_is_not_sent_later(self):
        """The same fleet, taken out of the shadow: only what is found from then on is sent."""
        self.start_fleet(schedulers=1, SHADOW="true", NOTIFY_SINK="slack",
                         SLACK_BOT_TOKEN="xoxb-test")
        fleet = self.fleet
        fleet.wait_cycles(1, 40)
        self.add_drafts(1)
        self.wait_told()
        fleet.wait_sent()
        printed = list(self.drafts)
        for program in fleet.programs:
            self.assertEqual(program.stop(), 0)
        fleet.settings["SHADOW"] = "false"
        for component in ("notifier", "worker", "scheduler"):
            fleet.start(component)
        self.add_drafts(1)
        fresh = self.drafts[1]
        wait_until(lambda: fleet.upstream.slack(), 40, "something is sent to Slack")
        self.wait_more_cycles(1)
        text = json.dumps(fleet.upstream.slack())
        self.assertIn(fresh, text)
        self.assertNotIn(printed[0], text)


if __name__ == "__main__":
    unittest.main()
