#!/usr/bin/env python3
"""A Redis Cluster of two nodes: with a {hash tag} in REDIS_KEY_PREFIX all keys are in one slot, and the programs
find the node that has it."""
import unittest

from rig import CycleCase, wait_until
from rig.places import free_port
from rig.redis import Redis

HALF = 8192


class Cluster(CycleCase):
    def make_cluster(self, fleet):
        """(node with the slot of our keys, the other one), both started."""
        nodes = fleet.redis, Redis(fleet.folder)
        fleet.extras.append(nodes[1])
        for number, node in enumerate(nodes):
            node.start("--cluster-enabled", "yes", "--cluster-config-file",
                       f"nodes-{number}.conf", "--cluster-port", str(free_port()))
            node.call("CLUSTER", "ADDSLOTSRANGE", number * HALF, (number + 1) * HALF - 1)
            node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        port, bus = (nodes[1].call("CONFIG", "GET", name)[1] for name in ("port", "cluster-port"))
        nodes[0].call("CLUSTER", "MEET", "127.0.0.1", port, bus)
        for node in nodes:
            wait_until(lambda: "cluster_state:ok" in node.call("CLUSTER", "INFO") and
                       "cluster_known_nodes:2" in node.call("CLUSTER", "INFO"), 20,
                       "the cluster is formed")
        slot = nodes[0].call("CLUSTER", "KEYSLOT", "{paperscout}:tasks")
        return nodes if slot < HALF else nodes[::-1]

    def before_programs(self, fleet):
        fleet.redis.kill()
        fleet.redis.prefix = "{paperscout}:"
        owner, other = self.make_cluster(fleet)
        owner.prefix = fleet.redis.prefix
        fleet.settings["REDIS_URL"] = other.url  # which sends us on
        fleet.redis = owner
        fleet.extras[-1] = other

    def test_one_slot(self):
        self.start_fleet(REDIS_KEY_PREFIX="{paperscout}:")
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(3)
        self.leader().kill()
        self.finish()
        self.assertEqual(self.fleet.extras[-1].call("DBSIZE"), 0)
        self.assertEqual(self.fleet.command("scheduler", "status")[0], 0)
        for program in self.fleet.programs:
            self.assertNotIn("CROSSSLOT", program.log())


class Untagged(Cluster):
    def test_one_slot(self):
        """Without the tag it is said what is wrong."""
        self.start_fleet(schedulers=1)
        wait_until(lambda: any(
            "CROSSSLOT" in event["error"] for program in self.fleet.programs
            for event in program.events(failure_category="CONFIGURATION")), 20,
            "somebody says CROSSSLOT")


if __name__ == "__main__":
    unittest.main()
