#!/usr/bin/env python3
"""Scaling, a rolling update, kills and a clock that jumps, under load.

rig/pods.py and rig/cluster.py play kubelet and Deployment controller on what kustomize renders of the overlay prod.

PAPERSCOUT_KUBELET_SPEED=1   periods, back-offs and minReadySeconds as they are written; 10 times faster by default
PAPERSCOUT_KUBELET=podman    containers of the images PAPERSCOUT_IMAGES (localhost/paperscout-%s:0.1.0) in place of
                             processes, with the manifests' security context and limits; root only
PAPERSCOUT_PHASE_SECONDS     how long each state is kept under load; 2 by default
"""
import hashlib
import hmac
import http.client
import os
import statistics
import threading
import time
import unittest

from rig import build_dir, wait_until
from rig.containers import backend_asked
from rig.kube_case import SIGNING_SECRET, KubeCase
from rig.pods import Plain

RATE, BURST = 160, 16
PHASE = float(os.environ.get("PAPERSCOUT_PHASE_SECONDS", "2"))
FAKETIME = "/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1".format(os.uname().machine)


class Slack(threading.Thread):
    """Posts signed events to the Service without a pause; a proxy knows of a change two seconds late."""
    LATE = 2.0

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.over = threading.Event()
        self.asked = 0
        self.failed = []  # (time, what)

    def run(self):
        known = [(0, self.cluster.endpoints("paperscout-notifier"))]
        while not self.over.wait(0.05):
            now = time.monotonic()
            known.append((now, self.cluster.endpoints("paperscout-notifier")))
            while len(known) > 1 and known[1][0] <= now - self.LATE:
                known.pop(0)
            for address in known[0][1]:
                self.asked += 1
                fault = self.post(address)
                if fault:
                    self.failed.append((time.time() * 1000, f"{address}: {fault}"))

    @staticmethod
    def post(address):
        body = b'{"type":"url_verification","challenge":"hello"}'
        now = str(int(time.time()))
        signature = hmac.new(SIGNING_SECRET.encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hexdigest()
        link = http.client.HTTPConnection(address, 3000, timeout=3)
        try:
            link.request("POST", "/slack/events", body, {
                "Content-Type": "application/json", "X-Slack-Request-Timestamp": now,
                "X-Slack-Signature": f"v0={signature}"})
            answer = link.getresponse()
            text = answer.read()
            return None if answer.status == 200 and b"hello" in text else f"{answer.status} {text[:100]}"
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            link.close()

    def stop(self):
        self.over.set()
        self.join()


class Load(KubeCase):
    def test_scaling_updates_kills_and_the_clock_under_load(self):
        backend = backend_asked() or self.with_clock()
        self.start_cluster(backend, PROBE_RATE_LIMIT=RATE, PROBE_RATE_BURST=BURST, SHUTDOWN_GRACE_SECONDS=10,
                           HTTP_CONCURRENCY=10, POLL_INTERVAL_SECONDS=2)
        self.phases, self.kills = [], 0
        self.cluster.scale("worker", 1)
        self.cluster.wait_settled(60)
        self.fleet.wait_cycles(1, 90)
        slack = Slack(self.cluster)
        slack.start()
        self.addCleanup(slack.stop)
        self.phase("1 worker", lambda: None)
        self.phase("8 workers", lambda: self.scale(8))
        self.phase("2 workers", lambda: self.scale(2))
        self.phase("a rolling update of all", self.update_all)
        self.phase("one of each killed", self.kill_each)
        if isinstance(backend, Plain):
            self.phase("clock 90 s ahead", lambda: self.clock("+90"))
            self.phase("clock back", lambda: self.clock("+0"))
        slack.stop()
        self.wait_told(90)
        self.wait_more_cycles(1, 60)
        self.fleet.wait_sent()
        cycles = self.check_cycles()
        told = self.told()
        self.assertEqual(set(told), set(self.drafts))
        twice = sum(count - 1 for count in told.values())
        # a notifier that dies between Slack's answer and the note of it: the one gap there is (ARCHITECTURE.md)
        self.assertLessEqual(twice, self.kills)
        self.assertEqual(self.fleet.redis.length("tasks:dead"), 0)
        self.check_rate()
        peaks = {name: max(pod.memory_peak() for pod in self.cluster.pods(name))
                 for name in ("scheduler", "worker", "notifier")}
        print("memory at most: " + ", ".join(f"{name} {peak:.1f} MB" for name, peak in peaks.items()))
        killing = next(phase for phase in self.phases if phase[0] == "one of each killed")
        unexpected = [what for at, what in slack.failed if not killing[1] <= at <= killing[2]]
        print(f"{slack.asked} events of Slack, {len(slack.failed)} of them without an answer, all to a notifier killed")
        self.assertEqual(unexpected, [])
        self.assertGreater(slack.asked, 100)
        stops = [seconds for _, status, seconds in self.cluster.stopped if status == 0]
        self.assertEqual(len(stops), len(self.cluster.stopped), self.cluster.stopped)
        probes = sum(row["planned"] for row in cycles)
        print(f"{len(cycles)} cycles, {probes} probes, each with one outcome; {len(self.drafts)} drafts, each told, "
              f"{twice} twice; {len(stops)} pods stopped in order, in {max(stops):.1f} s at most")

    def with_clock(self):
        """Programs whose wall clock a file moves; None of it where that cannot be."""
        if not os.path.exists(FAKETIME) or os.path.basename(build_dir()) == "asan":
            return None
        self.clock_path = os.path.join("/tmp", f"paperscout-clock-{os.getpid()}")
        self.addCleanup(lambda: os.path.exists(self.clock_path) and os.unlink(self.clock_path))
        self.clock("+0")
        return Plain(LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=self.clock_path, FAKETIME_DONT_FAKE_MONOTONIC="1",
                     FAKETIME_CACHE_DURATION="1")

    def clock(self, offset):
        with open(self.clock_path + ".new", "w", encoding="ascii") as file:
            file.write(offset + "\n")
        os.rename(self.clock_path + ".new", self.clock_path)

    def phase(self, name, act):
        began = time.time()
        act()
        self.add_drafts(2)
        time.sleep(PHASE)
        if not self.asked_at(began * 1000):  # a leader killed between two cycles: its lease runs out first
            wait_until(lambda: self.asked_at(began * 1000), 15, f"{name}: something is asked", every=0.1)
            time.sleep(1)  # so that a whole second has it
        self.phases.append((name, began * 1000, time.time() * 1000))

    def asked_at(self, from_ms=0):
        """When the upstream was asked for a file, in order."""
        return sorted(request["t_ms"] for request in self.fleet.upstream.requests(prefix="/files/", from_ms=int(from_ms)))

    def scale(self, replicas):
        self.cluster.scale("worker", replicas)
        self.cluster.wait_settled(90)

    def update_all(self):
        before = set(self.cluster.pods())
        self.cluster.apply(self.kustomization(PROBE_BACKOFF_MS=21))
        seen = []

        def look():
            seen.append(tuple(len(self.cluster.deployments[name].available())
                              for name in ("scheduler", "worker", "notifier")))
            return not before & set(self.cluster.pods())
        wait_until(look, 120, "no old pod is left", every=0.05)
        self.cluster.wait_settled(90)
        self.assertEqual(min(map(min, seen)), 2, "fewer were available than replicas")

    def kill_each(self):
        for pod in (self.cluster.pods("worker")[0], self.leader(), self.cluster.pods("notifier")[0]):
            restarts = pod.restarts
            pod.process.kill()
            self.kills += 1
            wait_until(lambda: pod.restarts > restarts and pod.ready, 60, f"{pod.name} is back")
            self.assertIn("ended with", pod.history[-2][1])

    def check_rate(self):
        """At the upstream, whatever the fleet went through: never above the limit, never idle."""
        times = self.asked_at()
        first = 0
        most = 0
        for last, time_ms in enumerate(times):
            while times[first] <= time_ms - 1000:
                first += 1
            most = max(most, last - first + 1)
        print(f"upstream, limit {RATE}/s: most in any second {most}")
        asked = seconds = 0
        for name, begin, end in self.phases:
            bins = [sum(begin + 1000 * i <= t < begin + 1000 * (i + 1) for t in times)
                    for i in range(int((end - begin) // 1000))]
            asked, seconds = asked + sum(bins), seconds + len(bins)
            print(f"  {name}: {(end - begin) / 1000:.1f} s, median {statistics.median(bins):.0f}/s, seconds {bins}")
            self.assertGreater(sum(bins), 0, name)
        # a permit is good for 100 ms: those of one second, and of the tenth before it
        self.assertLessEqual(most, RATE * 1.1 + BURST + 1)
        self.assertGreater(asked / seconds, RATE / 2, "the fleet stood still for too long")


if __name__ == "__main__":
    unittest.main()
