#!/usr/bin/env python3
"""kill -9 of the notifier in the middle of a queue: nothing is lost, nothing is sent twice."""
import collections
import json
import unittest

from rig import FleetCase, wait_until

COUNT = 60
CHANNELS = 6


class KillNotifier(FleetCase):
    def start(self, slack):
        self.fleet = self.make_fleet({"slack": slack}, POLL_INTERVAL_SECONDS=60,
                                     ENABLE_ISO_PROBE="false", MQ_BACKPRESSURE_THRESHOLD=1000)
        self.fleet.start_servers()
        self.scheduler = self.fleet.start("scheduler")
        wait_until(self.scheduler.ready, 15, "the scheduler is ready")
        self.fleet.wait_cycles(1)
        self.fill_outbox()
        self.notifier = self.fleet.start_slack_notifier()

    def fill_outbox(self):
        """What a cycle leaves behind: messages that are decided and not yet queued."""
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data) "
            f"SELECT 'test:' || i, 'draft', 'C' || (i % {CHANNELS}), '{{}}' "
            f"FROM generate_series(1, {COUNT}) i; "
            "UPDATE outbox SET message_id = 'o' || id, message_text = 'text of ' || dedupe_key")

    def taken(self):
        return self.fleet.upstream.slack()

    def time_passes(self):
        """A dead notifier's claim ends after minutes; the test does not wait that long."""
        self.fleet.postgres.execute("UPDATE outbox SET claimed_at = claimed_at - interval '1 hour' "
                                    "WHERE claimed_at IS NOT NULL AND sent_at IS NULL")

    def finish(self):
        self.fleet.upstream.patch({"slack": {"fault": None, "accept": None, "skip": None,
                                             "times": None, "delay_ms": None}})
        self.fleet.start_slack_notifier("notifier-new")
        self.time_passes()
        self.fleet.wait_sent(40)
        redis = self.fleet.redis
        wait_until(lambda: redis.list("notify") == [], 5, "the list is empty")
        wait_until(lambda: redis.keys("notify:inflight:*") == [], 5, "nobody holds anything")
        self.assertEqual(redis.list("notify:dead"), [])
        for program in self.fleet.programs:
            for event in program.events():
                if event["event"].startswith("MQ-") and "id" in event:
                    self.assertIn("trace", event, "a message's life cannot be followed")
        texts = collections.Counter(message["text"] for message in self.taken())
        self.assertEqual(set(texts), {f"text of test:{i}" for i in range(1, COUNT + 1)})
        return texts

    def in_flight(self):
        return [json.loads(text) for text in
                self.fleet.redis.list("notify:inflight:notifier-1")]

    def test_killed_while_slack_has_taken_nothing_of_what_it_holds(self):
        self.start({"fault": "stall", "skip": 20})
        wait_until(lambda: len(self.taken()) == 20 and
                   self.fleet.upstream.stats()["in_flight"] > 0, 20, "the queue is half sent")
        wait_until(lambda: self.fleet.postgres.value(
            "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL") == 20, 5, "20 are written down")
        self.assertGreater(len(self.in_flight()), 0)
        self.notifier.kill()
        texts = self.finish()
        self.assertEqual(set(texts.values()), {1}, "something was sent twice")

    def test_killed_while_slack_took_messages_and_the_answer_was_under_way(self):
        self.start({"fault": "stall", "accept": True, "skip": 20})
        wait_until(lambda: len(self.taken()) > 20, 20, "Slack took more than it answered")
        unanswered = {message["text"] for message in self.taken()[20:]}
        self.notifier.kill()
        unanswered |= {message["text"] for message in self.taken()[20:]}
        texts = self.finish()
        twice = {text for text, count in texts.items() if count > 1}
        self.assertLessEqual(twice, unanswered, "sent twice although Slack had answered")
        self.assertLessEqual(max(texts.values()), 2)

    def test_killed_again_and_again(self):
        self.start({"delay_ms": 30})
        for round_ in range(3):
            wait_until(lambda n=round_: len(self.taken()) > 10 * (n + 1), 20, "the queue moves")
            self.fleet.programs[-1].kill()
            self.time_passes()
            self.fleet.start_slack_notifier(f"notifier-again-{round_}")
        self.fleet.programs[-1].kill()
        texts = self.finish()
        self.assertLessEqual(sum(texts.values()) - COUNT, 4 * CHANNELS,
                             "more was sent twice than was on the wire at the kills")

    def test_clean_stop_sends_what_it_holds_or_hands_it_back(self):
        self.start({"delay_ms": 30})
        wait_until(lambda: len(self.taken()) > 10, 20, "the queue moves")
        self.assertEqual(self.notifier.stop(), 0)
        self.assertEqual(self.in_flight(), [])
        texts = self.finish()
        self.assertEqual(set(texts.values()), {1}, "something was sent twice")


if __name__ == "__main__":
    unittest.main()
