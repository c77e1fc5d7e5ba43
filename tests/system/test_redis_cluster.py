#!/usr/bin/env python3
"""A Redis Cluster of two nodes: with a {hash tag} in REDIS_KEY_PREFIX all keys are in one slot, and the programs
find the node that has it."""
import os
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


class ThreeMasters(CycleCase):
    """The documented set-up: three masters, each with a replica in production (here: the one of our
    slot). The slot moves while the fleet works, and its master dies."""

    def before_programs(self, fleet):
        fleet.redis.kill()
        nodes = [Redis(os.path.join(fleet.folder, f"node-{number}")) for number in range(4)]
        for node in nodes:
            os.mkdir(node.folder)
            fleet.extras.append(node)
            node.prefix = "{paperscout}:"
            node.start("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
                       "--cluster-node-timeout", "1500", "--cluster-port", str(free_port()))
        third = 16384 // 3
        for number, node in enumerate(nodes[:3]):
            last = 16383 if number == 2 else (number + 1) * third - 1
            node.call("CLUSTER", "ADDSLOTSRANGE", number * third, last)
            node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            nodes[0].call("CLUSTER", "MEET", "127.0.0.1", node.port,
                          node.call("CONFIG", "GET", "cluster-port")[1])
        for node in nodes:
            wait_until(lambda: "cluster_state:ok" in node.call("CLUSTER", "INFO") and
                       "cluster_known_nodes:4" in node.call("CLUSTER", "INFO"), 20,
                       "the cluster is formed")
        self.nodes = nodes
        self.slot = nodes[0].call("CLUSTER", "KEYSLOT", "{paperscout}:tasks")
        owner = nodes[min(self.slot // third, 2)]
        replica = nodes[3]
        replica.call("CLUSTER", "REPLICATE", self.id_of(owner))
        wait_until(lambda: "master_link_status:up" in replica.call("INFO", "replication"), 20,
                   "the replica is in step")
        self.owner, self.replica = owner, replica
        self.others = [node for node in nodes[:3] if node is not owner]
        fleet.settings["REDIS_URL"] = self.others[0].url
        fleet.redis = owner

    def id_of(self, node):
        return node.call("CLUSTER", "MYID")

    def test_its_master_dies_then_the_slot_moves(self):
        self.start_fleet(REDIS_KEY_PREFIX="{paperscout}:")
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(2)
        self.owner.kill()
        wait_until(lambda: "role:master" in self.replica.call("INFO", "replication"), 30,
                   "the replica is promoted")
        self.fleet.redis = self.replica
        self.wait_more_cycles(1, 60)
        self.add_drafts(2)
        self.move_slot(self.replica, self.others[1])
        self.fleet.redis = self.others[1]
        self.wait_more_cycles(1, 60)
        self.finish()
        for program in self.fleet.programs:
            unknown = [event for event in program.events(failure_category="UNKNOWN")
                       if "error" in event and "FENCED" not in event["error"]]
            self.assertEqual(unknown, [], program.name)

    def move_slot(self, source, target):
        """As redis-cli --cluster reshard does it."""
        target.call("CLUSTER", "SETSLOT", self.slot, "IMPORTING", self.id_of(source))
        source.call("CLUSTER", "SETSLOT", self.slot, "MIGRATING", self.id_of(target))
        while True:
            keys = source.call("CLUSTER", "GETKEYSINSLOT", self.slot, 100)
            if not keys:
                break
            source.call("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        for node in (target, source, *self.others):
            node.call("CLUSTER", "SETSLOT", self.slot, "NODE", self.id_of(target))


if __name__ == "__main__":
    unittest.main()
