#!/usr/bin/env python3
"""From the outbox to Slack: a draft that became a paper is told below or in the message that announced
it, and what is decided while the queue is long gathers into few messages."""
import json
import unittest

from rig import Fleet, wait_until

URL = "https://isocpp.org/files/papers/D1234R0.pdf"


class NotifyRelay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet({}, SLACK_CHANNEL_INTERVAL_MS=0, POLL_INTERVAL_SECONDS=60,
                          ENABLE_ISO_PROBE="false", MQ_BACKPRESSURE_THRESHOLD=20)
        cls.addClassCleanup(cls.fleet.close)
        cls.fleet.start_servers()
        cls.scheduler = None

    def start(self, style="thread", **slack):
        self.fleet.upstream.load({"slack": slack})
        self.fleet.upstream.reset()
        if self.scheduler:
            self.scheduler.stop()
        number = len(self.fleet.programs)
        type(self).scheduler = self.fleet.start("scheduler", f"s{number}", DP_TRANSITION_STYLE=style)
        wait_until(self.scheduler.ready, 20, "the scheduler is ready")
        self.scheduler.wait_event("LEADER-ACQUIRED", 20)
        self.fleet.postgres.execute("TRUNCATE outbox RESTART IDENTITY")

    def tearDown(self):
        for program in self.fleet.programs:
            if program.component == "notifier" and program.alive():
                program.stop()
        self.assertEqual(self.fleet.sanitizer_reports(), [], "a sanitizer complained")

    def decide(self, key, kind, channel="#papers", **data):
        self.fleet.postgres.execute(
            "INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES "
            f"('{key}', '{kind}', '{channel}', '{json.dumps(data)}')")

    def transition(self, style, **slack):
        """The draft is announced, then becomes a paper; the announcement and all that came."""
        self.start(style, **slack)
        self.fleet.start_slack_notifier()
        self.decide(f"draft:{URL}", "draft", id="D1234R0", url=URL, title="Of drafts", draft=True)
        self.fleet.wait_sent()
        self.decide("dp:P1234R0", "dp_transition", id="P1234R0", url="https://wg21.link/p1234r0",
                    title="Of papers", draft_url=URL)
        self.decide("dp:P9999R0", "dp_transition", id="P9999R0", url="https://wg21.link/p9999r0",
                    title="Never announced", draft_url=URL.replace("1234", "9999"))
        self.fleet.wait_sent()
        got = self.fleet.upstream.slack()
        self.assertIn("D1234R0", got[0].get("before", [got[0]["text"]])[0])
        return got[0], got

    def test_a_transition_is_told_below_the_announcement_and_in_the_channel(self):
        first, got = self.transition("thread")
        below = [m for m in got if m["thread_ts"]]
        self.assertEqual([m["thread_ts"] for m in below], [first["ts"]])
        self.assertIn("P1234R0", below[0]["text"])
        self.assertTrue(below[0]["body"]["reply_broadcast"])
        alone = [m for m in got[1:] if not m["thread_ts"]]
        self.assertEqual(len(alone), 1)
        self.assertIn("P9999R0", alone[0]["text"])
        for message in got:
            self.assertEqual(message["body"]["blocks"][0]["type"], "header")

    def test_a_transition_updates_the_announcement(self):
        first, got = self.transition("update")
        self.assertEqual(len(got), 2)  # the other one is told by itself
        self.assertIn("D1234R0", first["text"])
        self.assertIn("P1234R0", first["text"])
        self.assertIn("P9999R0", got[1]["text"])
        self.decide("dp:P1234R1", "dp_transition", id="P1234R1", url="https://wg21.link/p1234r1",
                    title="Of papers", draft_url=URL)
        self.fleet.wait_sent()
        text = self.fleet.upstream.slack()[0]["text"]
        self.assertIn("P1234R0", text)
        self.assertIn("P1234R1", text)

    def test_an_update_that_is_refused_is_told_below(self):
        first, got = self.transition("update", methods={"chat.update": {
            "error": "edit_window_closed"}})
        self.assertNotIn("P1234R0", first["text"])
        below = [m for m in got if m["thread_ts"]]
        self.assertEqual([m["thread_ts"] for m in below], [first["ts"]])
        self.assertIn("P1234R0", below[0]["text"])

    def test_as_a_message_of_its_own(self):
        _, got = self.transition("message")
        self.assertEqual({m["thread_ts"] for m in got}, {None})
        self.assertIn("P1234R0", "".join(m["text"] for m in got[1:]))

    def test_what_is_decided_while_the_queue_is_long_gathers(self):
        self.start()
        redis = self.fleet.redis
        for number in range(30):
            redis.call("RPUSH", redis.key("notify"), json.dumps(
                {"id": f"m{number}", "kind": "manual", "channel": "C1", "text": f"filler {number}",
                 "thread_ts": None, "created_at": None, "trace": None}))
        self.scheduler.wait_event("OUTBOX-GATHER", 20)
        for number in range(50):  # one at a time, as many cycles would
            self.decide(f"draft:{number}", "draft", id=f"D{1000 + number}R0",
                        url=f"https://isocpp.org/files/papers/D{1000 + number}R0.pdf", draft=True)
        self.decide("alert", "ops_alert", "#ops", text="this does not wait")
        wait_until(lambda: any("does not wait" in text for text in redis.list("notify")), 20,
                   "the alert is in the list")
        self.assertEqual(len(redis.list("notify")), 31)
        self.assertTrue(any("does not wait" in message for message in redis.list("notify")))
        # At no pace at all a dozen are gone before the alert's claim is answered.
        self.fleet.start_slack_notifier(SLACK_CHANNEL_INTERVAL_MS=100)
        self.fleet.wait_sent(40)
        drafts = [m for m in self.fleet.upstream.slack() if m["channel"] == "#papers"]
        lines = [line for m in drafts for line in m["text"].split("\n") if "D10" in line]
        self.assertEqual(len(lines), 50, "something was lost")
        self.assertLessEqual(len(drafts), 3, "they were not gathered")
        # channels go side by side: it is among the first, though it came last
        self.assertIn("#ops", [m["channel"] for m in self.fleet.upstream.slack()[:12]])
        print(f"50 drafts in {len(drafts)} messages")


if __name__ == "__main__":
    unittest.main()
