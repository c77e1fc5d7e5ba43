#!/usr/bin/env python3
"""Sending to Slack: what happens at every step of a send when its notifier is killed with another one
running, when an answer is lost, and when Slack and Redis are away."""
import collections
import http.client
import json
import statistics
import unittest

from rig import Fleet, wait_until
from rig.upstream import Nginx, nginx_is_there

DOUBT = "paperscout_notify_repeated_total"


class NotifySlack(unittest.TestCase):
    """Servers and scheduler are started once; each test has notifiers of its own."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet({}, SLACK_CHANNEL_INTERVAL_MS=50, MQ_BACKPRESSURE_THRESHOLD=1000,
                          POLL_INTERVAL_SECONDS=60, ENABLE_ISO_PROBE="false")
        cls.addClassCleanup(cls.fleet.close)
        cls.fleet.start_servers()
        scheduler = cls.fleet.start("scheduler")  # it makes the tables
        wait_until(scheduler.ready, 20, "the scheduler is ready")
        cls.fleet.wait_cycles(1)

    def tearDown(self):
        for program in self.fleet.programs[1:]:
            if program.alive():
                program.kill()
        self.assertEqual(self.fleet.sanitizer_reports(), [], "a sanitizer complained")

    def start(self, notifiers=1, settings=None, **slack):
        redis = self.fleet.redis
        for key in redis.keys("notify*") + redis.keys("channel:*") + redis.keys("instance:notifier:*"):
            redis.call("DEL", key)
        self.fleet.postgres.execute("TRUNCATE outbox RESTART IDENTITY")
        self.fleet.upstream.load({"slack": slack})
        self.fleet.upstream.reset()
        number = len(self.fleet.programs)
        self.notifiers = [self.fleet.start_slack_notifier(f"n{number + i}", **(settings or {}))
                          for i in range(notifiers)]
        for notifier in self.notifiers:
            wait_until(notifier.ready, 20, f"{notifier.name} is ready")

    def slack(self, **patch):
        self.fleet.upstream.patch({"slack": patch})

    def push(self, *messages):
        """Messages as anybody may push them: the design's fields."""
        for id_, channel, text in messages:
            self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
                {"id": id_, "kind": "manual", "channel": channel, "text": text,
                 "thread_ts": None, "created_at": None, "trace": None}))

    def outbox(self, *channels):
        """Messages of the outbox, queued."""
        for channel in channels:
            self.fleet.postgres.execute(
                "INSERT INTO outbox (dedupe_key, kind, channel, data, queued_at) "
                f"VALUES ('test:' || random(), 'draft', '{channel}', '{{}}', now())")
            row = self.fleet.postgres.value("SELECT max(id) FROM outbox")
            self.fleet.postgres.execute(f"UPDATE outbox SET message_id = 'o' || id WHERE id = {row}")
            self.push((f"o{row}", channel, f"o{row}"))

    def texts(self):
        return collections.Counter(m["text"] for m in self.fleet.upstream.slack())

    def said(self, count, seconds=30):
        wait_until(lambda: sum(self.texts().values()) >= count, seconds, f"{count} are said")

    def settled(self, seconds=30):
        redis = self.fleet.redis
        wait_until(lambda: not redis.list("notify") and not redis.keys("notify:inflight:*"),
                   seconds, "nothing is queued or held")

    def kill(self, notifier):
        """Its heartbeat ends within seconds; the test does not wait that long."""
        notifier.kill()
        self.fleet.redis.call("DEL", self.fleet.redis.key(f"instance:notifier:{notifier.name}"))

    def time_passes(self):
        """A dead notifier's claim ends after minutes; the test does not wait that long."""
        self.fleet.postgres.execute("UPDATE outbox SET claimed_at = claimed_at - interval '1 hour' "
                                    "WHERE claimed_at IS NOT NULL AND sent_at IS NULL")

    def metric(self, name):
        total = 0.0
        for notifier in self.fleet.programs:
            if notifier.alive():
                for line in notifier.get("/metrics")[1].splitlines():
                    if line.startswith(name + " "):
                        total += float(line.split()[1])
        return total

    # A lost answer

    def test_a_lost_answer_is_looked_for_and_nothing_is_said_twice(self):
        self.start(fault="drop", accept=True, skip=1, times=1)
        self.push(("m0", "#papers", "Slack tells the id of #papers"))
        self.said(1)
        self.settled()
        self.push(("m1", "#papers", "one"), ("m2", "#papers", "two"))
        self.said(3)
        self.settled()
        self.assertEqual(set(self.texts().values()), {1})
        self.assertEqual(self.metric("paperscout_notify_found_total"), 1)
        self.assertEqual(self.metric(DOUBT), 0)

    def test_a_person_is_found_by_the_conversation_with_them(self):
        self.start(fault="cut_body", accept=True, times=1)
        self.push(("m1", "U12345", "one"))
        self.said(1)
        self.settled()
        self.assertEqual(self.texts(), {"one": 1})
        self.assertEqual(self.fleet.upstream.count("/api/conversations.open"), 1)

    def test_what_was_not_taken_is_said(self):
        self.start(fault="drop", times=1)
        self.push(("m1", "C1", "one"))
        self.said(1)
        self.settled()
        self.assertEqual(self.texts(), {"one": 1})
        self.assertEqual(self.metric(DOUBT), 0)

    def test_without_the_right_to_look_it_is_said_once_more_and_marked(self):
        self.start(fault="drop", accept=True, times=1,
                   methods={"conversations.history": {"error": "missing_scope"}})
        self.push(("m1", "C1", "one"))
        self.said(2)
        self.settled()
        self.assertEqual(self.texts(), {"one": 2})
        self.assertEqual(self.metric(DOUBT), 1)
        self.assertTrue(self.fleet.upstream.slack()[1]["body"]["metadata"]["event_payload"]
                        ["repeated"])

    # kill -9 with another one running

    def kill_while(self, condition, what, **slack):
        """The notifier that has the messages is killed at that moment; gives the one that is left."""
        self.start(2, **slack)
        self.push(("m1", "C1", "m1"), ("m2", "C1", "m2"))
        self.outbox("C2", "C2")
        wait_until(lambda: condition(self), 30, what)
        doomed = [n for n in self.notifiers if self.fleet.redis.list(f"notify:inflight:{n.name}")]
        for notifier in doomed:
            self.kill(notifier)
        if len(doomed) == 2:
            self.fleet.start_slack_notifier(f"n{len(self.fleet.programs)}")
        self.slack(fault=None, accept=None, delay_ms=None)
        self.time_passes()
        wait_until(lambda: len(self.texts()) == 4, 60, "all are said")
        self.time_passes()
        self.settled(60)
        self.assertEqual(self.fleet.postgres.value(
            "SELECT count(*) FROM outbox WHERE sent_at IS NULL"), 0)
        self.assertEqual(self.fleet.redis.list("notify:dead"), [])

    def test_killed_before_the_request(self):
        """The channel was admitted and Slack has not been asked."""
        def held(test):
            return test.fleet.upstream.stats()["in_flight"] > 1
        self.kill_while(held, "requests are under way", delay_ms=8000, fault="drop")
        self.assertEqual(set(self.texts().values()), {1}, "something was said twice")

    def test_killed_after_the_request_left(self):
        def taken(test):
            return len(test.texts()) >= 2
        self.kill_while(taken, "Slack took two", accept=True, fault="stall")
        self.assertEqual(set(self.texts().values()), {1}, "something was said twice")

    def test_killed_after_the_request_left_without_the_right_to_look(self):
        def taken(test):
            return len(test.texts()) >= 2
        self.kill_while(taken, "Slack took two", accept=True, fault="stall",
                        methods={"conversations.history": {"error": "missing_scope"}})
        texts = self.texts()
        twice = {text for text, count in texts.items() if count == 2}
        self.assertLessEqual(max(texts.values()), 2)
        self.assertEqual(len(twice), self.metric(DOUBT), "what may be double is counted")
        print(f"doubled in the ambiguous step: {len(twice)}, counted: {self.metric(DOUBT):.0f}")

    def test_killed_after_the_answer_before_it_is_written_down(self):
        """PostgreSQL takes no mark and Redis no settling: the answer is known to the dead alone."""
        self.start(2)
        redis = self.fleet.redis
        self.fleet.postgres.execute("ALTER TABLE outbox RENAME COLUMN slack_ts TO hidden")
        self.outbox("C2")
        self.said(1)
        doomed = [n for n in self.notifiers if redis.list(f"notify:inflight:{n.name}")]
        self.assertEqual(len(doomed), 1)
        self.kill(doomed[0])
        self.fleet.postgres.execute("ALTER TABLE outbox RENAME COLUMN hidden TO slack_ts")
        self.time_passes()
        self.settled(60)
        self.assertEqual(self.texts(), {"o1": 1})
        self.assertEqual(self.fleet.postgres.value("SELECT slack_ts FROM outbox"),
                         self.fleet.upstream.slack()[0]["ts"])

    def test_what_others_took_from_a_notifier_that_lives_is_not_said_twice(self):
        # It was silent for longer than its heartbeat lasts: another one brought back what it held, and said it.
        self.start(settings={"SLACK_CHANNEL_INTERVAL_MS": 3000})
        self.push(("m1", "C1", "one"), ("m2", "C1", "two"))
        self.said(1)
        wait_until(lambda: len(self.notifiers[0].events("MQ-SENT")) == 1, 10, "one is written down")
        self.fleet.redis.call("DEL", self.fleet.redis.key("notify:inflight:" + self.notifiers[0].name))
        link = http.client.HTTPConnection("127.0.0.1", self.fleet.upstream.port, timeout=5)
        self.addCleanup(link.close)
        link.request("POST", "/api/chat.postMessage", json.dumps(
            {"channel": "C1", "text": "two", "metadata": {"event_type": "paperscout_message",
                                                          "event_payload": {"id": "m2"}}}),
            {"Authorization": "Bearer xoxb-test", "Content-Type": "application/json; charset=utf-8"})
        self.assertIn(b'"ok":true', link.getresponse().read())
        wait_until(lambda: len(self.notifiers[0].events("MQ-SENT")) == 2, 20, "it knows of both")
        self.assertEqual(self.texts(), {"one": 1, "two": 1})
        self.assertEqual(self.metric("paperscout_notify_found_total"), 1)

    # Two notifiers, one pace

    def test_two_notifiers_keep_a_channels_order_pace_and_holds_together(self):
        self.start(2, channels={"C1": {"status": 429, "retry_after": 3, "times": 1, "skip": 4}})
        for number in range(12):
            self.push(*[(f"m{channel}-{number}", channel, f"{channel} {number}")
                        for channel in ("C1", "C2", "C3", "C4")])
        self.said(48, 60)
        self.settled()
        at = collections.defaultdict(list)
        for message in self.fleet.upstream.slack():
            at[message["channel"]].append((message["text"], message["t_ms"]))
        for channel, got in at.items():
            self.assertEqual([text for text, _ in got], [f"{channel} {n}" for n in range(12)])
            gaps = [b - a for (_, a), (_, b) in zip(got, got[1:])]
            # One arrival may be late, and the next then near it; two paces would halve them all.
            self.assertGreater(statistics.median(gaps), 45, f"{channel} was not kept at its pace")
        held = max(b - a for (_, a), (_, b) in zip(at["C1"], at["C1"][1:]))
        self.assertGreater(held, 2900)
        self.assertEqual(self.fleet.upstream.stats()["channels"]["C1"]["early"], 0)
        self.assertLess(at["C2"][-1][1] - at["C2"][0][1], 3000, "another channel waited too")

    def test_a_hold_outlives_the_notifier_that_was_told(self):
        self.start(1, channels={"C1": {"status": 429, "retry_after": 6, "times": 1}})
        self.push(("m1", "C1", "one"))
        wait_until(lambda: self.fleet.upstream.slack_refused(), 20, "Slack asks to slow down")
        redis = self.fleet.redis
        wait_until(lambda: redis.call("HGET", redis.key("channel:C1"), "held_ms"), 20,
                   "what Slack asked for is known to all")
        self.kill(self.notifiers[0])
        self.fleet.start_slack_notifier("other")
        self.said(1)
        self.assertEqual(self.fleet.upstream.stats()["channels"]["C1"]["early"], 0)

    # The second way for operations alerts

    def hooks(self, part):
        return [hook for hook in self.fleet.upstream.hooks() if part in hook["body"]["text"]]

    def test_bad_credentials_burn_nothing_and_alerts_go_the_second_way(self):
        # An interval that the test does not outlast: an alert is repeated once an interval.
        self.start(2, {"OPS_ALERT_WEBHOOK_URL": f"{self.fleet.upstream.url}/hooks/ops", "OPS_ALERT_AFTER_MINUTES": 5,
                       "MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS": 2}, error="token_revoked")
        self.push(*[(f"m{n}", f"C{n % 4}", f"text {n}") for n in range(8)])
        wait_until(lambda: any(n.events("MQ-CONFIGURATION") for n in self.notifiers), 20,
                   "CONFIGURATION is raised")
        self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
            {"id": "a1", "kind": "ops_alert", "channel": "COPS", "text": "No poll for an hour"}))
        wait_until(lambda: self.hooks("No poll for an hour"), 20, "the alert came the second way")
        wait_until(lambda: self.hooks("Slack refuses the bot token or its rights: token_revoked"), 20,
                   "people are told of Slack")
        holder = [n for n in self.notifiers if n.events("MQ-CONFIGURATION")][0]
        status, text = holder.get("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("token_revoked", text)
        self.assertGreater(holder.health()["failures"]["CONFIGURATION"], 0)
        # At most one trial a cooldown and notifier, and those that were under way.
        self.assertLess(len(self.fleet.upstream.slack_refused()), 30)
        self.assertEqual(self.fleet.redis.list("notify:dead"), [])
        self.slack(error=None)
        self.said(9)
        self.settled()
        self.assertEqual(set(self.texts().values()), {1})
        self.assertIn("No poll for an hour", self.texts())
        wait_until(lambda: self.hooks("Slack accepts the bot token again"), 20, "people are told so")
        self.assertEqual(len(self.hooks("No poll for an hour")), 1)
        self.assertEqual(len(self.hooks("Slack refuses the bot token")), 1)
        wait_until(holder.ready, 20, "it is ready again")

    def test_an_alert_whose_channel_is_gone_goes_the_second_way(self):
        settings = {"OPS_ALERT_WEBHOOK_URL": f"{self.fleet.upstream.url}/hooks/ops"}
        if nginx_is_there():  # and with an authority of one's own, as every other https:// server
            front = Nginx(self.fleet.folder, self.fleet.upstream.url)
            self.addCleanup(front.stop)
            front.start()
            settings = {"OPS_ALERT_WEBHOOK_URL": f"{front.url}/hooks/ops", "HTTP_CA_FILE": front.ca_path}
        self.start(1, settings, channels={"COPS": {"error": "is_archived"}})
        self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
            {"id": "a1", "kind": "ops_alert", "channel": "COPS", "text": "No poll for an hour"}))
        wait_until(lambda: self.hooks("No poll for an hour"), 20, "the alert came the second way")
        self.settled()
        self.assertEqual(json.loads(self.fleet.redis.list("notify:dead")[0])["reason"],
                         "is_archived")

    # The start is told once

    def test_a_start_is_told_once_however_many_start(self):
        self.fleet.redis.call("DEL", self.fleet.redis.key("alerted:startup"))
        self.start(2, {"NOTIFY_ON_STARTUP": "true"})
        self.said(1)
        self.push(("m1", "C1", "and goes on"))
        self.said(2)
        self.settled()
        got = [m for m in self.fleet.upstream.slack() if m["channel"] == "#papers"]
        self.assertEqual([m["text"].split(" has ")[1] for m in got],
                         ["started. 0 messages wait to be said."])

    # Slack and Redis away

    def test_slack_is_away_redis_is_flushed_and_everything_is_said_afterwards(self):
        self.start(1, {"MQ_CIRCUIT_BREAKER_THRESHOLD": 2, "MQ_MAX_RETRIES": 2,
                       "MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS": 0.5})
        self.fleet.upstream.stop()
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data) "
            "SELECT 'test:' || i, 'draft', 'C' || (i % 5), '{}' FROM generate_series(1, 60) i; "
            "UPDATE outbox SET message_id = 'o' || id, message_text = dedupe_key")
        self.notifiers[0].wait_event("MQ-CIRCUIT-OPEN", 20)
        self.notifiers[0].wait_event("MQ-RETRY", 30, count=8)  # trials, more than there are retries
        self.fleet.redis.call("FLUSHALL")
        # Not by the log: of a fault that repeats it has the first ten lines.
        tried = self.metric("paperscout_notify_retries_total")
        wait_until(lambda: self.metric("paperscout_notify_retries_total") >= tried + 4, 30, "it goes on trying")
        self.assertEqual(self.fleet.redis.list("notify:dead"), [])
        self.fleet.upstream.start()
        self.fleet.wait_sent(60)
        self.assertEqual(self.texts(), {f"test:{i}": 1 for i in range(1, 61)})


if __name__ == "__main__":
    unittest.main()
