#!/usr/bin/env python3
"""stuck, by progress: a backlog whose worker is wedged is called so within 30 s; a fleet with nothing to
do, one whose Redis is away, and one whose site does not answer are not."""
import time
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index
from rig.wait import stays
from rig.pace import paced


class Stuck(FleetCase):
    def start(self, **settings):
        self.fleet = self.make_fleet({"index": {"inline": made_index()}}, PROBE_MAX_ATTEMPTS="1",
                                     TASK_VISIBILITY_SECONDS="60", **settings)
        self.fleet.start_servers()
        self.programs = [self.fleet.start(name) for name in ("scheduler", "worker", "notifier")]
        self.scheduler, self.worker, _ = self.programs

    def stuck(self):
        return [program.name for program in self.programs if program.health()["stuck"]]

    def test_a_wedged_worker_and_what_is_none(self):
        self.start(POLL_INTERVAL_SECONDS="4")
        self.fleet.wait_cycles(1)
        upstream, redis = self.fleet.upstream, self.fleet.redis
        stays(lambda: not self.stuck(), 2, "idle, and at work now and then")

        # Redis is away for longer than a standstill may last, with a backlog before and after it.
        upstream.patch({"rules": {"files": {"match": "/files/*", "delay_ms": 200}}})
        wait_until(lambda: self.worker.health()["in_flight"] > 0, 20, "there is work")
        redis.process.pause()
        stays(lambda: not self.stuck(), 23, "Redis is away", every=0.5)
        redis.process.resume()
        wait_until(lambda: all(program.ready() for program in self.programs), 20, "all are ready")
        stays(lambda: not self.stuck(), 2, "Redis is back")

        wait_until(lambda: self.worker.health()["in_flight"] > 0, 30, "there is work")
        self.programs.remove(self.worker)
        self.worker.pause()
        began = time.monotonic()
        wait_until(lambda: self.scheduler.health()["stuck"], 40, "the standstill is seen", every=0.1)
        took = time.monotonic() - began
        print(f"a worker stopped by SIGSTOP: stuck after {took:.1f} s")
        self.assertLess(took, paced(30))
        self.assertEqual(self.scheduler.get("/livez")[0], 200)
        self.worker.resume()
        wait_until(lambda: not self.scheduler.health()["stuck"], 20, "it moves again")
        stays(lambda: not self.worker.health()["stuck"], 2, "and the worker does not blame itself")

    def test_a_site_that_does_not_answer(self):
        self.start(HTTP_TIMEOUT_SECONDS="12", POLL_INTERVAL_SECONDS="60")
        self.fleet.upstream.patch({"rules": {"files": {"match": "/files/*", "fault": "stall"}}})
        wait_until(lambda: self.worker.health()["in_flight"] > 0, 20, "there is work")
        stays(lambda: not self.stuck(), 24, "requests time out", every=0.5)


if __name__ == "__main__":
    unittest.main()
