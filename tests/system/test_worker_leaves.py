#!/usr/bin/env python3
"""A worker told to stop is gone soon, whatever it does, and leaves nothing that others would wait for."""
import signal
import time
import unittest

from rig import RigCase, wait_until
from rig.pace import paced
from test_poison_files import Site, bomb

TASKS = 12


class WorkerLeaves(RigCase):
    needs = ("worker", "upstream")

    def start(self, workers=1, **settings):
        self.fleet = self.make_fleet({"rules": {"silent": {"match": "/files/*", "fault": "stall"}}}, **settings)
        self.fleet.start_servers(postgres=False)
        self.workers = [self.fleet.start("worker") for _ in range(workers)]
        for worker in self.workers:
            wait_until(worker.ready, 15, "a worker is ready")

    def add(self, number, base, *more):
        redis, file = self.fleet.redis, f"D{number}R0.pdf"
        redis.call("XADD", redis.key("tasks"), "*", "task", f"1:{file}", "cycle", 1, "epoch", 1,
                   "url", base + file, "tier", "frontier", "prefix", "D", "number", number,
                   "revision", 0, "ext", ".pdf", *more)

    def fill(self):
        """Every task is on the wire, and no answer comes."""
        for number in range(1000, 1000 + TASKS):
            self.add(number, self.fleet.upstream.drafts_url)
        wait_until(lambda: self.fleet.upstream.drafts_stats().get("in_flight") == TASKS, 15, "all are on the wire")

    def consumers(self):
        redis = self.fleet.redis
        return {consumer[1] for consumer in redis.call("XINFO", "CONSUMERS", redis.key("tasks"), "workers")}

    def check_handed_back(self):
        redis = self.fleet.redis
        self.assertEqual(redis.length("tasks"), TASKS)
        self.assertEqual(redis.pending("tasks", "workers"), 0)
        self.assertEqual(redis.length("results"), 0)
        self.assertEqual(self.consumers(), set())

    def test_idle_workers_are_gone_at_once(self):
        self.start(4)
        for worker in self.workers:
            worker.send(signal.SIGTERM)
        began = time.monotonic()
        for worker in self.workers:
            self.assertEqual(worker.wait(10), 0)
        took = time.monotonic() - began
        self.assertEqual(self.consumers(), set())
        print(f"four idle workers were gone after {took:.2f} s")
        self.assertLess(took, paced(1))

    def test_what_does_not_end_within_the_grace_is_handed_back(self):
        """Documents that take their child all the time it may have, more than the grace in all."""
        site = Site()
        self.addCleanup(site.close)
        self.start(HTTP_TIMEOUT_SECONDS=3, SHUTDOWN_GRACE_SECONDS=4)
        data = bomb()
        for number in range(1000, 1000 + TASKS):
            site.files[f"D{number}R0"] = data
            self.add(number, site.url, "seen_by", "another")
        wait_until(lambda: site.gets >= 3 * TASKS / 2, 15, "they are read")
        began = time.monotonic()
        self.assertEqual(self.workers[0].stop(), 0)
        self.assertLess(time.monotonic() - began, paced(4))
        self.check_handed_back()

    def test_a_timeout_beyond_the_grace_does_not_hold_the_stop_up(self):
        """The Python service's settings allow it: requests on the wire are returned before the grace period is over."""
        self.start(HTTP_TIMEOUT_SECONDS=60, SHUTDOWN_GRACE_SECONDS=3)
        self.fill()
        began = time.monotonic()
        self.assertEqual(self.workers[0].stop(), 0)
        self.assertLess(time.monotonic() - began, 3)
        self.check_handed_back()

    def test_the_second_signal_waits_for_nothing(self):
        self.start(HTTP_TIMEOUT_SECONDS=19, TASK_VISIBILITY_SECONDS=60)
        self.fill()
        self.workers[0].send(signal.SIGTERM)
        time.sleep(0.05)
        began = time.monotonic()
        self.workers[0].send(signal.SIGTERM)
        self.assertEqual(self.workers[0].wait(10), 0)
        self.assertLess(time.monotonic() - began, paced(1))
        self.check_handed_back()

    def test_the_second_signal_does_not_wait_for_redis(self):
        self.start(HTTP_TIMEOUT_SECONDS=19, TASK_VISIBILITY_SECONDS=60)
        self.fill()
        self.fleet.redis.kill()
        wait_until(lambda: not self.workers[0].ready(), 10, "the worker knows")
        began = time.monotonic()
        for _ in range(2):
            self.workers[0].send(signal.SIGTERM)
            time.sleep(0.05)
        self.assertEqual(self.workers[0].wait(10), 0)
        self.assertLess(time.monotonic() - began, paced(2))

    def test_tasks_whose_delivery_was_lost_are_handed_back_too(self):
        """Given to it by Redis, and the connection went before it read of them."""
        self.start(HTTP_TIMEOUT_SECONDS=19, TASK_VISIBILITY_SECONDS=60)
        self.fill()
        redis, worker = self.fleet.redis, self.workers[0]
        redis.call("EVAL", "local one = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1] "
                   "redis.call('XADD', KEYS[1], '*', unpack(one[2])) return redis.call('XREADGROUP', "
                   "'GROUP', 'workers', ARGV[1], 'COUNT', 1, 'STREAMS', KEYS[1], '>')",
                   1, redis.key("tasks"), worker.name)
        self.assertEqual(redis.pending("tasks", "workers"), TASKS + 1)
        for _ in range(2):
            worker.send(signal.SIGTERM)
            time.sleep(0.05)
        self.assertEqual(worker.wait(10), 0)
        self.assertEqual(redis.pending("tasks", "workers"), 0)
        self.assertEqual(redis.length("tasks"), TASKS + 1)
        self.assertEqual(self.consumers(), set())


if __name__ == "__main__":
    unittest.main()
