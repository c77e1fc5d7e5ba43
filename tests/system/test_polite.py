#!/usr/bin/env python3
"""Any number of workers is one visitor: what is in flight, the rate and pauses are the fleet's.

Requests are counted by the upstream. Upper limits hold on a machine of any speed; that a limit is used shows in the
shares that Redis holds and in how many requests were in flight together, never in how many there were in a second.
"""
import json
import time
import unittest

from rig import CycleCase, wait_until

SLOW = {"match": "/files/*"}
LATE_S = 0.25  # between a permit and the request at the upstream, where other tests run too


def together(requests, delay_ms):
    """The most requests that began within delay_ms: as none ends sooner, so many were in flight together. It may be one more
    than there were, since a timer may fire a millisecond early; peak() is exact."""
    times = sorted(request["t_ms"] for request in requests)
    first = most = 0
    for last, time_ms in enumerate(times):
        while times[first] <= time_ms - delay_ms:
            first += 1
        most = max(most, last - first + 1)
    return most


class Polite(CycleCase):
    def start(self, workers, delay_ms, **settings):
        """One cycle of about 760 probes, and workers that wait for it."""
        self.start_fleet(schedulers=0, delay_ms=delay_ms, POLL_INTERVAL_SECONDS=60,
                         HTTP_CONCURRENCY=20, **settings)
        self.workers = [program for program in self.fleet.programs if program.component == "worker"]
        self.workers += [self.fleet.start("worker") for _ in range(workers - 1)]
        for worker in self.workers:
            wait_until(worker.ready, 15, "a worker is ready")
        self.fleet.start("scheduler")

    def asked(self):
        return [request for request in self.fleet.upstream.requests(prefix="/files/")]

    def peak(self):
        return self.fleet.upstream.drafts_stats()["peak_in_flight"]

    def close(self, seconds=60):
        self.fleet.wait_cycles(1, seconds)
        self.check_cycles()

    def held(self):
        """Shares of the cap, by worker, as Redis has them."""
        limit, = self.fleet.redis.keys("limit:*")
        return json.loads(self.fleet.redis.call("GET", limit))["in_flight"]

    def shares(self):
        rows = self.fleet.postgres.query("SELECT worker, count(*) AS n FROM probes GROUP BY worker")
        return {row["worker"]: row["n"] for row in rows}

    def test_requests_in_flight_are_the_fleets(self):
        self.start(4, 60, PROBE_HOST_CONCURRENCY=8)
        wait_until(lambda: len(self.asked()) > 200, 30, "the cycle is under way")
        wait_until(lambda: sum(share["held"] for share in self.held().values()) == 8, 30, "the whole cap is shared out")
        wait_until(lambda: together(self.asked(), 60) >= 8, 30, "the whole cap is used")
        self.close()
        self.assertEqual(self.peak(), 8)
        shares = self.shares()
        self.assertEqual(len(shares), 4)
        self.assertGreater(min(shares.values()), sum(shares.values()) / 16, shares)

    def test_a_crashed_workers_share_comes_back(self):
        self.start(2, 60, PROBE_HOST_CONCURRENCY=6, HTTP_TIMEOUT_SECONDS=1, GAP_MAX_REV=4)
        wait_until(lambda: len(self.asked()) > 200, 30, "the cycle is under way")
        self.workers[0].kill()
        self.other_has_all(6, 60)
        self.assertLessEqual(self.peak(), 6)

    def test_a_worker_that_hangs_does_not_stop_the_others(self):
        """The worst moment: the other worker was idle when it hung, so it could have taken the whole cap."""
        cap = 8
        self.start_fleet(schedulers=0, delay_ms=20, POLL_INTERVAL_SECONDS=8, POLL_OVERRUN_COOLDOWN_SECONDS=2,
                         PROBE_HOST_CONCURRENCY=cap, HTTP_TIMEOUT_SECONDS=30)
        hung, other = [program for program in self.fleet.programs if program.component == "worker"] + [self.fleet.start("worker")]
        for worker in (hung, other):
            wait_until(worker.ready, 15, "a worker is ready")
        self.fleet.start("scheduler")
        self.fleet.wait_cycles(1, 60)
        self.assertEqual(len(self.shares()), 2, "both workers asked for a share")
        wait_until(lambda: not any(share["held"] for share in self.held().values()), 30, "both are idle")
        other.pause()
        began = len(self.asked())
        wait_until(lambda: len(self.asked()) > began + 100, 60, "the next cycle is under way", every=0.02)
        hung.pause()
        paused_ms, asked = time.time() * 1000, len(self.asked())
        other.resume()
        wait_until(lambda: len(self.asked()) > asked + 20, 60, "the other worker probes", every=0.02)
        held = self.held()
        first_ms = min(request["t_ms"] for request in self.asked() if request["t_ms"] > paused_ms + 100)
        print(f"one of two workers hung: nothing was asked for {(first_ms - paused_ms) / 1000:.2f} s; shares {held}")
        self.assertEqual(len(held), 2, "the share of the worker that hung ended, and only then the other could probe")
        hung.resume()
        self.fleet.wait_cycles(2, 90)
        self.check_cycles()
        self.assertLessEqual(self.peak(), cap)

    def test_a_share_that_is_given_back_is_used_at_once(self):
        self.start(2, 60, PROBE_HOST_CONCURRENCY=6, HTTP_TIMEOUT_SECONDS=2, GAP_MAX_REV=4)
        wait_until(lambda: len(self.asked()) > 200, 30, "the cycle is under way")
        self.assertEqual(self.workers[0].stop(), 0)
        self.assertEqual([name for name, share in self.held().items() if share["held"]], [self.workers[1].name],
                         "a share ends with its worker")
        self.other_has_all(6, 60)
        self.assertLessEqual(self.peak(), 6)

    def other_has_all(self, cap, delay_ms):
        """Waits until the second worker, now alone, holds and uses the whole cap."""
        name, alone_ms = self.workers[1].name, time.time() * 1000
        wait_until(lambda: self.held()[name]["held"] == cap, 30, "the other worker has the whole cap")
        wait_until(lambda: together([request for request in self.asked() if request["t_ms"] > alone_ms + delay_ms],
                                    delay_ms) >= cap, 30, "the other worker uses the whole cap")

    def test_one_pause_seen_by_one_of_eight_workers_stops_them_all(self):
        self.start(8, 20, PROBE_RATE_LIMIT=100, PROBE_RATE_BURST=10)
        wait_until(lambda: len(self.asked()) > 150, 30, "the cycle is under way")
        self.fleet.upstream.patch({"rules": {"slow": None}})
        self.fleet.upstream.patch({"rules": {"again": {**SLOW, "retry_after": 5, "times": 1},
                                             "slow": {**SLOW, "delay_ms": 20}}})
        told = wait_until(lambda: [request for request in self.asked() if request["status"] == 429],
                          10, "somebody is told to wait")
        self.close()
        told_ms = told[0]["t_ms"]
        times = sorted(request["t_ms"] for request in self.asked())
        # What had its permit before may still come: one request of each worker, and soon.
        early = [t - told_ms for t in times if told_ms + 100 < t < told_ms + 4950]
        self.assertLessEqual(len(early), 8, f"{len(early)} requests came during the pause")
        self.assertLess(max(early, default=0), 1000)
        # and slowly after it: half the rate, growing by a twentieth of the limit a second
        after = [t for t in times if told_ms + 5000 < t <= told_ms + 6000]
        self.assertLess(len(after), 50 * (1 + LATE_S) + 10 + 5)
        rows = self.fleet.postgres.query("SELECT outcome, count(*) AS n FROM probes GROUP BY outcome")
        self.assertEqual([row["outcome"] for row in rows], ["miss"])

    def test_what_the_fleet_may_not_ask_yet_waits_in_the_stream(self):
        self.start(8, 20, PROBE_RATE_LIMIT=100, PROBE_RATE_BURST=10)
        wait_until(lambda: len(self.asked()) > 150, 30, "the cycle is under way")
        held = [self.fleet.redis.pending("tasks", "workers") for _ in range(20) if not time.sleep(.05)]
        self.close()
        self.assertLess(sorted(held)[10], 8 * 20, held)

    def test_more_workers_are_no_faster_than_the_limit(self):
        rates = {}
        for workers in (1, 8):
            self.start(workers, 20, PROBE_RATE_LIMIT=100, PROBE_RATE_BURST=10)
            self.close()
            times = sorted(request["t_ms"] for request in self.asked())
            rates[workers] = (len(times) - 10) / (times[-1] - times[0]) * 1000
            most = max(sum(t <= u < t + 1000 for u in times) for t in times)
            self.assertLessEqual(most, 100 * (1 + LATE_S) + 10)
            self.assertLess(rates[workers], 103)  # over the whole cycle, lateness does not count
        print(f"requests a second at a limit of 100: {rates[1]:.1f} by one worker, {rates[8]:.1f} by eight")


if __name__ == "__main__":
    unittest.main()
