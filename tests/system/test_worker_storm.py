#!/usr/bin/env python3
"""Workers come and go under load, and Redis does: every task is settled once, none waits long."""
import datetime
import os
import signal
import time
import unittest

from rig import CycleCase, wait_until
from rig.pace import paced

# Numbers above the frontier, 8 probes each: 1240 make a cycle of 10,000.
NUMBERS = int(os.environ.get("PAPERSCOUT_STORM_NUMBERS", "300"))
PAUSE_MS = int(os.environ.get("PAPERSCOUT_STORM_PAUSE_MS", "4000"))


class WorkerStorm(CycleCase):
    def start(self, workers=4, delay_ms=20, **settings):
        """One cycle, and workers that wait for it."""
        self.start_fleet(schedulers=0, delay_ms=delay_ms, POLL_INTERVAL_SECONDS=300,
                         TASK_VISIBILITY_SECONDS=60,
                         **{"FRONTIER_WINDOW_ABOVE": NUMBERS, **settings})
        for _ in range(workers - 1):
            self.fleet.start("worker")
        for worker in self.workers():
            wait_until(worker.ready, 15, "a worker is ready")
        self.add_drafts(20)
        self.fleet.start("scheduler")
        wait_until(lambda: self.settled() > 100, 30, "the cycle is under way")

    def workers(self):
        return [program for program in self.fleet.programs
                if program.component == "worker" and program.alive()]

    def settled(self):
        return self.fleet.postgres.value("SELECT count(outcome) AS n FROM probes")

    def consumers(self):
        reply = self.fleet.redis.call("XINFO", "CONSUMERS", self.fleet.redis.key("tasks"), "workers")
        return {consumer[1] for consumer in reply}

    def check_end(self, seconds):
        self.fleet.wait_cycles(1, seconds)
        row = self.check_cycles()[0]  # the first run tells nothing: what it found is stored
        self.assertEqual((row["summary"]["errors"], row["summary"]["hit_recent"]), (0, 20))
        self.assertEqual(self.fleet.postgres.value("SELECT count(*) AS n FROM discovered"), 20)
        redis = self.fleet.redis
        wait_until(lambda: redis.length("tasks") == 0 and redis.length("results") == 0, 10,
                   "the streams are empty")
        self.assertEqual(redis.pending("tasks", "workers"), 0)
        self.assertEqual(redis.length("tasks:dead"), 0)
        alive = {program.name for program in self.workers()}
        wait_until(lambda: self.consumers() <= alive, 30, "no consumer of a dead worker is left")
        return row

    def probed_again(self):
        paths = self.fleet.upstream.stats()["paths"]
        return sum(tally["head"] - 1 for path, tally in paths.items()
                   if path.startswith("/files/") and "0000R0" not in path and tally["head"] > 1)

    def test_one_killed_each_second(self):
        # On a busy machine no worker may live long enough to read a draft: five in turn can be killed over one task.
        self.start(4, TASK_MAX_DELIVERIES=50)
        lost = []
        while self.fleet.cycles()[0]["status"] == "running" and len(lost) < 60:
            time.sleep(1)
            victim = self.workers()[0]
            held = self.fleet.redis.call("XPENDING", self.fleet.redis.key("tasks"), "workers",
                                         "-", "+", "1", victim.name)
            victim.kill()
            lost.append((victim.name, time.time(), bool(held)))
            self.fleet.start("worker")
        row = self.check_end(60)
        claims = [event for program in self.fleet.programs if program.component == "worker"
                  for event in program.events("TASK-CLAIMED")]
        waits = []
        for name, killed, held in lost:
            times = [seconds_of(event["ts"]) for event in claims if event["from"] == name]
            if times:
                waits.append(max(times) - killed)
        print(f"{row['planned']} tasks, {len(lost)} kills: {self.probed_again()} asked for twice; "
              f"the last task of a killed worker was claimed after {max(waits):.1f} s at most, "
              f"{sorted(waits)[len(waits) // 2]:.1f} s in the median")
        self.assertLess(max(waits), paced(15))

    def test_a_rolling_restart_of_all(self):
        self.start(4)
        for worker in self.workers():
            self.fleet.start("worker")
            self.assertEqual(worker.stop(), 0)
            self.assertNotIn(worker.name, self.consumers())
        began = time.monotonic()
        self.check_end(60)
        self.assertEqual(self.probed_again(), 0)
        self.assertLess(time.monotonic() - began, paced(40), "tasks waited for the visibility time")

    def test_a_second_signal_hands_everything_back(self):
        self.start(2, delay_ms=2000, HTTP_CONCURRENCY=20)
        worker = self.workers()[0]
        worker.send(signal.SIGTERM)
        time.sleep(0.05)
        worker.send(signal.SIGTERM)
        self.assertEqual(worker.wait(5), 0)
        self.assertNotIn(worker.name, self.consumers())
        self.fleet.upstream.patch({"rules": {"slow": None}})
        self.check_end(90)

    def test_more_workers_than_requests_allowed_take_turns(self):
        self.start(5, delay_ms=5, PROBE_HOST_CONCURRENCY=2, FRONTIER_WINDOW_ABOVE=60)
        self.check_end(90)
        shares = self.fleet.postgres.query("SELECT worker, count(*) AS n FROM probes GROUP BY worker")
        self.assertEqual(len(shares), 5, shares)
        self.assertLessEqual(self.fleet.upstream.drafts_stats()["peak_in_flight"], 2)

    def readers(self):
        """The connections that wait for tasks, and no others."""
        clients = [dict(pair.partition("=")[::2] for pair in line.split())
                   for line in self.fleet.redis.call("CLIENT", "LIST").splitlines()]
        return [client["id"] for client in clients
                if client["cmd"] == "xreadgroup" and client["name"].startswith("worker")]

    def cut_blocked(self):
        wait_until(lambda: len(self.readers()) == 2, 10, "both workers wait for tasks")
        for reader in self.readers():
            self.fleet.redis.call("CLIENT", "KILL", "ID", reader)

    def test_redis_stands_still_and_connections_are_cut(self):
        self.start(2, delay_ms=40)
        redis = self.fleet.redis
        for cut in (self.cut_blocked, self.cut_blocked,
                    lambda: redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")):
            cut()
            before = self.settled()
            wait_until(lambda n=before: self.settled() > n + 20, 20, "work goes on")
        redis.call("CLIENT", "PAUSE", str(PAUSE_MS), "ALL")
        before = self.settled()
        time.sleep(PAUSE_MS / 1000 + 1)
        wait_until(lambda: self.settled() > before + 50, 20, "work goes on")
        self.check_end(90)


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    unittest.main()
