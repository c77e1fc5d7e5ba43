#!/usr/bin/env python3
"""SIGTERM at any moment of a program's life, whatever is on its way then: it ends in order and in time, and leaves
nothing behind that a sanitizer finds. What it was told to do, its successors do: each draft is told once.
Meanwhile connections are cut and servers stand still for a moment.

PAPERSCOUT_STOPS   so many of each program; 8 by default
PAPERSCOUT_SEED    of the moments; printed, so that a failure can be played again
"""
import os
import random
import signal
import threading
import time
import unittest

from rig import CycleCase

STOPS = int(os.environ.get("PAPERSCOUT_STOPS", "8"))
SEED = int(os.environ.get("PAPERSCOUT_SEED", str(random.randrange(1000))))
LONGEST = 3.0  # seconds of a life: connected, elected, in a cycle


class Lives(threading.Thread):
    """One program after the other, each told to stop at another moment."""

    def __init__(self, fleet, component):
        super().__init__(daemon=True)
        self.fleet, self.component = fleet, component
        self.random = random.Random(f"{SEED} {component}")
        self.slowest = 0.0
        self.faults = []

    def run(self):
        for number in range(STOPS):
            # the moments of starting are as many as those of a cycle, and shorter
            life = LONGEST * self.random.random() ** 2
            twice = self.random.random() < 0.3
            program = self.fleet.start(self.component, f"{self.component}-of-{number}")
            time.sleep(life)
            began = time.monotonic()
            program.send(signal.SIGTERM)
            if twice:
                time.sleep(0.05 * self.random.random())
                program.send(signal.SIGTERM)
            status = program.wait(20)
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status != 0 and (status != -signal.SIGTERM or program.log()):  # before main began
                self.faults.append(f"{program.name}, stopped {'twice ' if twice else ''}after {life:.3f} s: {status}")


class StopAnytime(CycleCase):
    troubles = (
        lambda self: self.fleet.redis.cut(),
        lambda self: self.fleet.redis.call("CLIENT", "PAUSE", "500"),
        lambda self: self.fleet.postgres.cut(),
        lambda self: self.fleet.upstream.patch({"rules": {"gone": {"match": "/files/*", "fault": "reset"}}}),
        lambda self: self.fleet.upstream.patch({"rules": {"gone": None}}),
    )

    def test_each_program_stops_at_any_moment(self):
        print(f"PAPERSCOUT_SEED={SEED}")
        self.start_fleet(schedulers=1, POLL_INTERVAL_SECONDS=1, LEADER_TTL_MS=1000, NOTIFY_SINK="slack",
                         SLACK_BOT_TOKEN="xoxb-test", SLACK_CHANNEL_INTERVAL_MS=50)
        self.fleet.upstream.patch({"rules": {"index": {"match": "/index.json", "delay_ms": 150},
                                             "slack": {"match": "/api/*", "delay_ms": 100}}})
        self.fleet.wait_cycles(1, 40)
        lives = [Lives(self.fleet, component) for component in ("scheduler", "worker", "notifier")]
        for life in lives:
            life.start()
        troubles = random.Random(f"{SEED} troubles")
        while any(life.is_alive() for life in lives):
            self.add_drafts()
            time.sleep(1)
            troubles.choice(self.troubles)(self)
            time.sleep(1)
        print(", ".join(f"{life.component} in {life.slowest:.2f} s at most" for life in lives))
        self.assertEqual([fault for life in lives for fault in life.faults], [])
        self.finish()


if __name__ == "__main__":
    unittest.main()
