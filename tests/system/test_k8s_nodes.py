#!/usr/bin/env python3
"""Evictions against the disruption budgets, a node that is drained and a node that is lost, while people send commands.

rig/cluster.py plays scheduler, eviction API and node controller on what kustomize renders of the overlay prod, on three
nodes. PAPERSCOUT_KUBELET and PAPERSCOUT_KUBELET_SPEED as in test_k8s_probes.py.

PAPERSCOUT_LONG=1            a node is drained too
"""
import os
import time
import unittest

from rig import wait_until
from rig.cluster import TooManyRequests
from rig.containers import backend_asked
from rig.kube_case import KubeCase
from rig.people import People

LONG = os.environ.get("PAPERSCOUT_LONG") == "1"


class Nodes(KubeCase):
    def test_evictions_a_drained_and_a_lost_node(self):
        self.start_cluster(backend_asked(), SHUTDOWN_GRACE_SECONDS=8, POLL_INTERVAL_SECONDS=3)
        self.cluster.wait_settled(60)
        self.fleet.wait_cycles(1, 60)
        for component in ("scheduler", "notifier"):
            self.assertEqual(len({pod.node for pod in self.cluster.pods(component)}), 2, f"{component}: both on one node")
        people = People(self.cluster)
        people.start()
        self.addCleanup(people.stop)
        self.evict_both("notifier")
        self.evict_both("scheduler")
        self.cluster.wait_settled(60)

        if LONG:
            self.drain(people)
        self.assertEqual(people.refused, [], "evictions and a drained node cost no command")

        leader = self.leader()
        sent, began = len(people.sent), time.monotonic()
        self.cluster.lose(leader.node.name)
        gone = {pod.ip for pod in self.cluster.pods() if pod.node is leader.node}
        wait_until(lambda: self.leader(60) is not leader, 60, "another leads")
        failover = time.monotonic() - began
        wait_until(lambda: not gone & set(self.cluster.endpoints("paperscout-notifier")), 60,
                   "no Service leads to the lost node")
        unreachable = time.monotonic() - began
        self.add_drafts(2)
        self.wait_told(90)
        wait_until(lambda: not [pod for pod in self.cluster.pods() if pod.node is leader.node], 120, "its pods are replaced")
        self.cluster.wait_settled(120)
        healed = time.monotonic() - began
        count = len(people.sent)
        wait_until(lambda: len(people.sent) > count + 4, 30, "people go on")
        people.stop()
        lost = [(number, address) for number, _, address in people.refused]
        self.assertLessEqual({address for _, address in lost}, gone, "only what went to the lost node has no answer")
        self.assertLessEqual({number for number, _ in lost}, set(people.sent[sent:]))
        answered = set(people.sent) - {number for number, _ in lost}
        wait_until(lambda: answered <= people.answered(self.fleet), 90, "every command that was taken is answered")
        print(f"a node was lost: {len(people.sent)} commands, {len(lost)} without an answer, all to that node before it was "
              f"missed; another leader after {failover:.1f} s, no endpoint on it after {unreachable:.1f} s, "
              f"all pods replaced after {healed:.1f} s (periods {self.cluster.speed:g} times as short)")
        self.finish()

    def drain(self, people):
        leader = self.leader()
        node = leader.node
        began = time.monotonic()
        refused = self.cluster.drain(node.name)
        self.cluster.wait_settled(60)
        drained = time.monotonic() - began
        self.assertFalse([pod for pod in self.cluster.pods() if pod.node is node])
        self.assertNotEqual(self.leader(), leader)
        self.add_drafts(2)
        self.wait_told(60)
        node.cordoned = False
        print(f"a node was drained in {drained:.1f} s, {refused} evictions refused by a budget; {len(people.sent)} commands, "
              f"{len(people.refused)} refused")

    def evict_both(self, component):
        """The budget lets one go; the other must wait until the first one's successor is ready."""
        first, second = self.cluster.pods(component)
        self.cluster.evict(first)
        with self.assertRaises(TooManyRequests):
            self.cluster.evict(second)

        def evicted():
            try:
                self.cluster.evict(second)
            except TooManyRequests:
                return False
            return True
        wait_until(evicted, 60, f"the second {component} may go", every=0.05)
        self.assertGreaterEqual(len([pod for pod in self.cluster.pods(component) if pod.ready]), 1)


if __name__ == "__main__":
    unittest.main()
