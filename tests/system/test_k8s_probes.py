#!/usr/bin/env python3
"""What hangs is restarted, what lacks Redis only waits.

rig/pods.py and rig/cluster.py play kubelet and Deployment controller on what kustomize renders of the overlay prod.

PAPERSCOUT_REDIS_AWAY_SECONDS=60  how long Redis is away at least, while people send commands; as long as it takes a
                             liveness probe to find something dead by default
PAPERSCOUT_KUBELET_SPEED=1   periods, back-offs and minReadySeconds as they are written; 10 times faster by default
PAPERSCOUT_KUBELET=podman    containers of the images PAPERSCOUT_IMAGES (localhost/paperscout-%s:0.1.0) in place of
                             processes, with the manifests' security context and limits; root only
"""
import os
import time
import unittest

from rig import wait_until
from rig.containers import backend_asked
from rig.kube_case import KubeCase
from rig.people import People

AWAY = float(os.environ.get("PAPERSCOUT_REDIS_AWAY_SECONDS", "0"))


class Probes(KubeCase):
    def test_what_hangs_is_restarted_and_what_lacks_redis_only_waits(self):
        self.start_cluster(backend_asked(), SHUTDOWN_GRACE_SECONDS=8)
        self.cluster.wait_settled(60)
        self.fleet.wait_cycles(1, 60)
        victims = [self.leader(), self.cluster.pods("worker")[0], self.cluster.pods("notifier")[0]]
        others = [pod for pod in self.cluster.pods() if pod not in victims]
        began = time.monotonic()
        for pod in victims:
            pod.process.pause()
        gone = {}

        def look():
            for pod in victims:
                if pod.restarts and pod.ready and pod.name not in gone:
                    gone[pod.name] = time.monotonic() - began
            return len(gone) == len(victims)
        wait_until(look, 120, "what hangs is restarted and ready again", every=0.1)
        self.assertEqual([pod.restarts for pod in victims + others], [1, 1, 1] + [0] * len(others))
        for pod in victims:
            story = " ".join(what for _, what in pod.history)
            self.assertIn("failed /livez", story)
            self.assertIn("killed after 5 s", story)
        print("hung, restarted and ready again after "
              + ", ".join(f"{pod.component} {gone[pod.name]:.1f} s" for pod in victims))
        self.add_drafts(3)
        self.wait_told(60)

        pods = self.cluster.pods()
        people = People(self.cluster)
        people.start()
        self.fleet.redis.kill()
        lost = time.monotonic()
        workless = [pod for pod in pods if pod.component != "notifier"]
        wait_until(lambda: not any(pod.ready for pod in workless), 60, "without Redis no scheduler and no worker is ready")
        unready = time.monotonic() - lost
        liveness = workless[0].liveness
        # longer than it takes to find something dead
        time.sleep(max(liveness.failures * (liveness.period + 1), AWAY - (time.monotonic() - lost)))
        self.assertTrue(all("Redis is not connected" in pod.readiness.last for pod in workless))
        # A notifier cannot send now, and still takes people's commands.
        self.assertEqual(len(self.cluster.endpoints("paperscout-notifier")), 2)
        people.stop()
        self.fleet.redis.start()
        back = time.monotonic()
        wait_until(lambda: set(people.sent) <= people.answered(self.fleet), 60, "every command of the time without Redis is answered",
                   every=0.1)
        print(f"{len(people.sent)} commands in {back - lost:.0f} s without Redis, {len(people.refused)} refused, all answered "
              f"{time.monotonic() - back:.1f} s after it was back")
        self.assertEqual(people.refused, [])
        wait_until(lambda: all(pod.ready for pod in pods), 60, "with Redis again all are ready")
        print(f"Redis away: unready after {unready:.1f} s, ready {time.monotonic() - back:.1f} s after it is back, "
              "nothing restarted")
        self.assertEqual(self.cluster.pods(), pods)
        self.assertEqual(sum(pod.restarts for pod in pods), 3)
        self.assertEqual(len(self.cluster.endpoints("paperscout-notifier")), 2)
        self.add_drafts(3)
        self.finish()


if __name__ == "__main__":
    unittest.main()
