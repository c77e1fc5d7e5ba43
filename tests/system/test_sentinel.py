#!/usr/bin/env python3
"""Redis behind Sentinels: the master dies in mid-cycle with a replica that lagged behind, is handed over on
purpose, and what a Sentinel says is not taken on trust."""
import os
import unittest

from rig import CycleCase, RigCase, wait_until
from rig.redis import Redis, RedisError
from rig.sentinel import Sentinels, ToldSentinel
from rig.wait import stays

HANDOVERS = "PAPERSCOUT_HANDOVERS" in os.environ  # longer: half a minute more
NOWHERE = "redis://redis.invalid:1/0"  # the host is not connected to


class Failover(CycleCase):
    def before_programs(self, fleet):
        """A master whose replica logs in as a user of its own, which can be shut out."""
        master = fleet.redis
        master.call("ACL", "SETUSER", "copy", "on", "nopass", "+@all")
        replica = self.new_replica(fleet, master)
        self.sentinels = Sentinels(fleet.folder, master)
        fleet.extras += [self.sentinels, replica]
        self.sentinels.wait_formed()
        fleet.settings.update(REDIS_URL=NOWHERE, REDIS_SENTINELS=self.sentinels.list)
        self.replica = replica

    def new_replica(self, fleet, master):
        replica = Redis(fleet.folder)
        replica.start("--replicaof", f"127.0.0.1 {master.port}", "--masteruser", "copy",
                      "--masterauth", "any", "--repl-diskless-sync-delay", "0")
        replica.call("ACL", "SETUSER", "copy", "on", "nopass", "+@all")
        wait_until(lambda: replica.call("ROLE")[3] == "connected", 10, "the replica is in step")
        return replica

    def settled(self, cycle):
        return self.fleet.postgres.value("SELECT count(outcome) AS n FROM probes "
                                         f"WHERE cycle = {cycle}")

    def cycle_with_room(self, room):
        """A running cycle of which so much is left, and a bit; (its row, how much is settled)."""
        def look():
            row = self.wait_running(20)
            before = self.settled(row["number"])
            return (row, before) if before + room + 100 < row["planned"] else None
        return wait_until(look, 40, "a cycle with enough left to do")

    def check_closed(self, number):
        wait_until(lambda: any(row["number"] == number and row["status"] != "running"
                               for row in self.fleet.cycles()), 25, f"cycle {number} closes")
        row = next(row for row in self.fleet.cycles() if row["number"] == number)
        self.assertEqual(row["summary"]["errors"], 0, "the cycle did not end complete")

    def hand_over(self, port):
        """Asks for it until it is so: a Sentinel refuses while it is not sure of the replica."""
        def look():
            if self.sentinels.master_port() == port:
                return True
            try:
                self.sentinels.failover()
            except RedisError:  # NOGOODSLAVE or INPROG
                pass
            return False
        wait_until(look, 40, "the Sentinels hand over", every=0.5)

    def test_in_mid_cycle(self):
        # What the worker finished and the replica lacks is its again once it is idle for long enough.
        self.start_fleet(schedulers=2, delay_ms=30, CYCLE_DEADLINE_SECONDS=40)
        fleet, old, new = self.fleet, self.fleet.redis, self.replica
        fleet.wait_cycles(1, 40)
        self.add_drafts(4)

        # The replica is cut off, work goes on, and the master dies with what the replica lacks.
        row, before = self.cycle_with_room(150)
        number = row["number"]
        old.call("ACL", "SETUSER", "copy", "off")
        old.call("CLIENT", "KILL", "USER", "copy")
        wait_until(lambda: self.settled(number) >= before + 150, 30, "work the replica lacks")
        old.kill()
        fleet.redis, self.replica = new, old
        fleet.extras[-1] = old
        self.sentinels.wait_master(new.port)
        self.check_closed(number)
        self.assertTrue(any(program.events("REDIS-REBUILD") for program in self.schedulers()))
        if HANDOVERS:
            self.wait_told()
            self.hand_back(old, new)
        self.finish()
        self.check_epochs()
        for program in fleet.programs:
            wait_until(program.ready, 15, f"{program.name} is ready")
        self.assertEqual(fleet.command("scheduler", "status")[0], 0)

    def hand_back(self, old, new):
        """The old master comes back, becomes the replica, and takes over again, handed over. For
        eight seconds after that the other one goes on as a master, until a Sentinel demotes it."""
        fleet = self.fleet
        self.add_drafts(3)
        old.start("--masteruser", "copy", "--masterauth", "any",
                  "--repl-diskless-sync-delay", "0")
        old.call("ACL", "SETUSER", "copy", "on", "nopass", "+@all")
        wait_until(lambda: old.call("ROLE")[0] == "slave" and old.call("ROLE")[3] == "connected",
                   30, "the old master follows the new one")
        number = self.wait_running(100)["number"]

        self.hand_over(old.port)
        fleet.redis, self.replica = old, new
        fleet.extras[-1] = new
        self.check_closed(number)
        self.wait_told()
        wait_until(lambda: new.call("ROLE")[0] == "slave", 10, "the other one is a replica")
        wait_until(lambda: "name=paperscout-" not in new.call("CLIENT", "LIST"), 10,
                   "nobody talks to the replica")


class Told(RigCase):
    needs = ("worker",)

    def told(self, *ports):
        sentinels = [ToldSentinel(port) for port in ports]
        for sentinel in sentinels:
            self.addCleanup(sentinel.stop)
        return sentinels, ",".join(sentinel.address for sentinel in sentinels)

    def connected(self, redis, name):
        return f"name=paperscout-worker:{name} " in redis.call("CLIENT", "LIST")

    def test_what_one_says_is_not_taken_on_trust(self):
        fleet = self.make_fleet()
        fleet.upstream.start()
        first, second, replica = fleet.redis, Redis(fleet.folder), Redis(fleet.folder)
        fleet.extras += [second, replica]
        first.start()
        second.start()
        replica.start("--replicaof", f"127.0.0.1 {first.port}")

        # The first Sentinel is away, the second knows nothing, the third names a replica.
        (unsure, behind, right), addresses = self.told(None, replica.port, first.port)
        worker = fleet.start("worker", "one", REDIS_URL=NOWHERE,
                             REDIS_SENTINELS=f"127.0.0.1:1,{addresses}")
        wait_until(lambda: self.connected(first, "one"), 20, "it is at the master")
        self.assertTrue(any("its role is slave" in line["error"]
                            for line in worker.events("REDIS-DOWN")))

        # One that names another master moves nobody; when all do, it goes there.
        unsure.port = first.port
        behind.port = second.port
        asked = right.asked
        stays(lambda: self.connected(first, "one"), 5, "it stays")
        wait_until(lambda: right.asked > asked, 10, "they are asked while it is up")
        unsure.port = right.port = second.port
        wait_until(lambda: self.connected(second, "one") and not self.connected(first, "one"), 30,
                   "it is at the other one")
        self.assertTrue(any(f"127.0.0.1:{second.port} is the master now" in line["error"]
                            for line in worker.events("REDIS-DOWN")))
        worker.stop()

    def test_nobody_knows(self):
        fleet = self.make_fleet()
        fleet.upstream.start()
        _, addresses = self.told(None)
        for name, sentinels, words in (
                ("unknown", addresses, 'knows no master \\"mymaster\\" (REDIS_SENTINEL_MASTER)'),
                ("away", "127.0.0.1:1", "redis mymaster: Sentinel: redis 127.0.0.1:1: ")):
            worker = fleet.start("worker", name, REDIS_URL=NOWHERE, REDIS_SENTINELS=sentinels)
            wait_until(lambda: words in worker.get("/readyz")[1], 10, f"/readyz says {words}")
            self.assertEqual(worker.get("/readyz")[0], 503)
            worker.stop()

    def test_bad_settings(self):
        fleet = self.make_fleet()
        for settings, words in (
                ({"REDIS_SENTINELS": "one:26379,two:x"}, 'REDIS_SENTINELS: "two:x": must be'),
                ({"REDIS_SENTINELS": "one", "REDIS_URL": "unix:///run/redis.sock"},
                 "REDIS_SENTINELS: REDIS_URL must be redis://")):
            status, _, errors = fleet.command("worker", "check-config", **settings)
            self.assertEqual(status, 78)
            self.assertIn(words, errors)


if __name__ == "__main__":
    unittest.main()
