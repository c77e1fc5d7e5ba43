#!/usr/bin/env python3
"""A burst over many channels, three of which misbehave, with two notifiers: every other channel is
served at its pace, nothing is lost, nothing said twice, each channel's order kept.

PAPERSCOUT_BURST=5000 takes 5,000 messages over 50 channels at one a second and a hold of a minute."""
import collections
import json
import os
import statistics
import time
import unittest

from rig import FleetCase, wait_until

MESSAGES = int(os.environ.get("PAPERSCOUT_BURST", "0"))
FULL = MESSAGES > 0
MESSAGES = MESSAGES or 600
CHANNELS = 50 if FULL else 20
INTERVAL_MS = 1000 if FULL else 150
HOLD_SECONDS = 60 if FULL else 4
HELD, FAILING, GONE = "C1", "C2", "C3"


class NotifyBurst(FleetCase):
    def test_a_burst(self):
        each = MESSAGES // CHANNELS
        fleet = self.make_fleet(
            {"slack": {"channels": {
                HELD: {"status": 429, "retry_after": HOLD_SECONDS, "times": 1, "skip": 2},
                FAILING: {"status": 500, "times": 5, "skip": 1},
                GONE: {"error": "channel_not_found"}}}},
            SLACK_CHANNEL_INTERVAL_MS=INTERVAL_MS, MQ_MAX_SIZE=10000)
        fleet.start_servers()
        # Sorted by channel: messages in front must not delay those behind them.
        for channel in range(1, CHANNELS + 1):
            fleet.redis.call("RPUSH", fleet.redis.key("notify"), *[
                json.dumps({"id": f"m{channel}-{n}", "kind": "manual", "channel": f"C{channel}",
                            "text": f"C{channel} {n}", "thread_ts": None, "created_at": None,
                            "trace": None}) for n in range(each)])
        begun = time.time()
        notifiers = [fleet.start_slack_notifier(f"n{i}") for i in range(2)]
        self.watch_others(fleet, each, begun)
        wait_until(lambda: fleet.redis.list("notify") == [] and
                   fleet.redis.keys("notify:inflight:*") == [], 120 + 2 * HOLD_SECONDS,
                   "everything is settled", every=0.5)
        took = time.time() - begun
        self.check(fleet, each, notifiers, took)

    def watch_others(self, fleet, each, begun):
        """The well-behaved channels end when their pace says, whatever the three do."""
        want = each * (CHANNELS - 3)

        def others():
            return sum(m["channel"] not in (HELD, FAILING, GONE) for m in fleet.upstream.slack())
        wait_until(lambda: others() >= want, each * INTERVAL_MS / 1000 * 2 + 40,
                   "the well-behaved channels are served", every=0.5)
        took = time.time() - begun
        ideal = (each - 1) * INTERVAL_MS / 1000
        print(f"{want} messages of {CHANNELS - 3} channels in {took:.1f} s; "
              f"their pace alone takes {ideal:.1f} s")

    def check(self, fleet, each, notifiers, took):
        at = collections.defaultdict(list)
        for message in fleet.upstream.slack():
            at[message["channel"]].append((message["text"], message["t_ms"]))
        least = []
        for channel in range(1, CHANNELS + 1):
            name = f"C{channel}"
            if name == GONE:
                self.assertEqual(at[name], [])
                continue
            self.assertEqual([text for text, _ in at[name]], [f"{name} {n}" for n in range(each)],
                             "lost, doubled or out of order")
            least += [b - a for (_, a), (_, b) in zip(at[name], at[name][1:])]
        dead = [json.loads(text) for text in fleet.redis.list("notify:dead")]
        self.assertEqual([letter["text"] for letter in dead], [f"{GONE} {n}" for n in range(each)])
        self.assertEqual({letter["reason"] for letter in dead}, {"channel_not_found"})
        rules = fleet.upstream.stats()["channels"]
        self.assertEqual(rules[HELD]["early"], 0, "Slack was asked again before its time")
        self.assertEqual(rules[FAILING]["fired"], 5)
        times = [t for t, _ in ((t, c) for c in at for _, t in at[c])]
        span = (max(times) - min(times)) / 1000
        # As they arrive: what was late makes the next look early, and a busy machine makes many late.
        self.assertGreater(statistics.median(least), INTERVAL_MS * 0.9, "channels were not kept at their pace")
        self.assertGreater(sum(least) / len(least), INTERVAL_MS * 0.99)
        shares = [notifier.health()["sent_total"] for notifier in notifiers]
        print(f"{sum(map(len, at.values()))} said and {len(dead)} dead of {each * CHANNELS} in "
              f"{took:.1f} s (first to last {span:.1f} s); by notifier {shares}; "
              f"least time between two of one channel {min(least):.0f} ms")


if __name__ == "__main__":
    unittest.main()
