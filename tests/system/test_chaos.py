#!/usr/bin/env python3
"""Everything at once, in any order: programs killed, stopped, stood still; Redis flushed, restarted, paused, cut off;
PostgreSQL restarted; the index gone. Meanwhile drafts appear. In the end each was told once, and each cycle that was
closed has one outcome for each probe.

PAPERSCOUT_CHAOS_SECONDS   how long; 15 by default
PAPERSCOUT_SEED            of the choices; printed, so that a failure can be played again
"""
import os
import random
import time
import unittest

from rig import CycleCase

SECONDS = float(os.environ.get("PAPERSCOUT_CHAOS_SECONDS", "15"))
SEED = int(os.environ.get("PAPERSCOUT_SEED", str(random.randrange(1000))))
DRAFTS_MAX = 40  # the window of the frontier holds no more
FLEET = {"scheduler": 2, "worker": 3, "notifier": 2}


class Chaos(CycleCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.started = {}

    def start_one(self, component):
        self.started[component] = self.started.get(component, 0) + 1
        program = self.fleet.start(component, f"{component}-no{self.started[component]}")
        program.wait_event("HEALTH-LISTEN", 20)  # it knows signals by then
        return program

    def one_of(self):
        component = self.random.choice(sorted(self.live))
        return component, self.random.randrange(len(self.live[component]))

    def replace(self, end):
        component, at = self.one_of()
        end(self.live[component][at])
        self.live[component][at] = self.start_one(component)

    # What can happen

    def a_stop(self):
        self.replace(lambda program: self.assertEqual(program.stop(seconds=20), 0, program.tail()))

    def a_kill(self):
        self.replace(lambda program: program.kill())

    def a_freeze(self):
        component, at = self.one_of()
        self.live[component][at].pause()
        time.sleep(self.random.uniform(0.2, 4))
        self.live[component][at].resume()

    def redis_flushed(self):
        self.fleet.redis.call("FLUSHALL")

    def redis_cut(self):
        self.fleet.redis.cut()

    def redis_paused(self):
        self.fleet.redis.call("CLIENT", "PAUSE", str(self.random.randrange(100, 3000)))

    def redis_restarted(self):
        self.fleet.redis.kill()
        time.sleep(self.random.uniform(0, 2))
        self.fleet.redis.start()

    def postgres_cut(self):
        self.fleet.postgres.cut()

    def postgres_restarted(self):
        self.fleet.postgres.stop()
        time.sleep(self.random.uniform(0, 2))
        self.fleet.postgres.start()

    def index_gone(self):
        self.fleet.upstream.patch({"rules": {"index": {"match": "/index.json", "status": 503}}})

    def index_back(self):
        self.fleet.upstream.patch({"rules": {"index": None}})

    EVENTS = (a_stop, a_kill, a_freeze, redis_flushed, redis_cut, redis_paused, redis_restarted, postgres_cut,
              postgres_restarted, index_gone, index_back)

    def test_each_draft_is_told_once(self):
        print(f"PAPERSCOUT_SEED={SEED}")
        # Attempts enough: what is tried is the fleet, not how a probe is given up.
        self.start_fleet(schedulers=0, POLL_INTERVAL_SECONDS=1, LEADER_TTL_MS=1500, NOTIFY_SINK="slack",
                         SLACK_BOT_TOKEN="xoxb-test", SLACK_CHANNEL_INTERVAL_MS=50, PROBE_MAX_ATTEMPTS=20)
        # Slow enough for something to be under way when it happens.
        self.fleet.upstream.patch({"rules": {"slack": {"match": "/api/chat.postMessage", "delay_ms": 1000}}})
        self.live = {component: [self.start_one(component) for _ in range(count)]
                     for component, count in FLEET.items()}
        self.fleet.wait_cycles(1, 60)
        happened = []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if len(happened) % 2 == 0 and len(self.drafts) < DRAFTS_MAX:
                self.add_drafts(self.random.randint(1, 3))
            event = self.random.choice(self.EVENTS)
            happened.append(event.__name__)
            event(self)
            time.sleep(self.random.uniform(0.1, 1.5))
        self.index_back()
        print(", ".join(f"{name} {happened.count(name)}" for name in sorted(set(happened))))
        cycles = self.finish()
        print(f"{len(cycles)} cycles, {sum(row['planned'] for row in cycles)} probes, {len(self.drafts)} drafts, "
              "each told once")


if __name__ == "__main__":
    unittest.main()
