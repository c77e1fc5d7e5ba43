#!/usr/bin/env python3
"""The leader is killed, stopped or paused at any moment of a cycle: seconds are lost, no paper is."""
import os
import random
import re
import time
import unittest

from rig import CycleCase, wait_until
from rig.cycles import seconds_between
from rig.index import ids, made_index
from rig.postgres import Session
from rig.pace import paced

KILLS = int(os.environ.get("PAPERSCOUT_KILLS", "20"))
# Moments of a poll, in its order, as the leader's own log names them.
MOMENTS = ("POLL-START", "PROBE-START", "PROBE-DONE", "POLL-DONE", "OUTBOX-PUSHED")


class Lock:
    """A row lock held by a session of its own: a transaction that needs it stands still."""

    def __init__(self, postgres, sql):
        self.session = Session(postgres.url)
        self.session.ask(f"BEGIN; {sql};")

    def release(self):
        self.session.ask("ROLLBACK;")
        self.session.close()


class KillScheduler(CycleCase):
    def kill_leader(self):
        leader = self.leader()
        leader.kill()
        self.fleet.start("scheduler")
        return leader

    def test_killed_at_random_points_of_cycles_of_2000_probes(self):
        seed = int(os.environ.get("PAPERSCOUT_SEED", random.randrange(10**6)))
        dice = random.Random(seed)
        print(f"seed {seed}, {KILLS} kills")
        self.start_fleet(delay_ms=5, FRONTIER_WINDOW_ABOVE=240, HTTP_CONCURRENCY=20)
        self.fleet.wait_cycles(1, 40)
        for _ in range(KILLS):
            self.add_drafts()
            leader = self.leader()
            if dice.random() < 0.6:
                moment = dice.choice(MOMENTS)
                seen = len(leader.events(moment))
                wait_until(lambda m=moment, n=seen, p=leader: len(p.events(m)) > n, 20, moment,
                           every=0.005)
            time.sleep(dice.random() * 0.6)
            self.kill_leader()
        cycles = self.finish()
        self.check_epochs()
        self.assertGreater(max(row["planned"] for row in cycles), 1900)
        self.assertGreaterEqual(len(self.epochs()), KILLS)

    def test_killed_while_the_closing_transaction_is_under_way(self):
        self.start_fleet()
        self.fleet.wait_cycles(1, 40)
        self.add_drafts()
        leader = self.leader()
        wait_until(lambda: self.fleet.cycles()[-1]["status"] == "running", 10, "a cycle runs")
        lock = Lock(self.fleet.postgres, "SELECT 1 FROM cycles WHERE status = 'running' FOR UPDATE")
        wait_until(lambda: self.fleet.postgres.value(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), 20,
            "the closing transaction waits")
        leader.kill()
        self.next_of(leader)
        lock.release()
        self.finish()

    def test_a_clean_stop_hands_over_within_a_second(self):
        self.start_fleet(LEADER_TTL_MS=6000)
        self.fleet.wait_cycles(1, 40)
        index = made_index()
        for number in range(3):
            leader = self.leader()
            self.add_drafts()
            index[f"N{9000 + number}"] = {"type": "paper", "title": "new"}
            self.fleet.upstream.patch({"index": {"inline": index}})
            wait_until(lambda: [program.health()["papers_loaded"] for program in self.schedulers()]
                       == 2 * [len(ids(index))], 10, "both hold the new paper")
            wait_until(lambda p=leader: all((other.health()["leader"] or "").startswith(p.name)
                                            for other in self.schedulers()), 10,
                       "the standby has seen the leader")
            self.assertEqual(leader.stop(), 0)
            stopped = leader.events("SCHEDULER-STOP")[-1]
            new = self.next_of(leader, 5)
            taken = self.epochs()[-1]
            self.assertLess(seconds_between(stopped["ts"], taken[0]), paced(1.0))
            self.assertLess(self.failover(new, "clean"), paced(1.6))  # from the last look before the stop
            self.fleet.start("scheduler")
        self.finish()

    def test_a_crash_is_taken_over_within_8_seconds_with_the_default_lease(self):
        self.start_fleet(LEADER_TTL_MS=None)
        self.fleet.wait_cycles(1, 40)
        self.add_drafts()
        leader = self.leader()
        last = leader.events()[-1]["ts"]
        leader.kill()
        new = self.next_of(leader)
        self.assertLess(seconds_between(last, self.epochs()[-1][0]), paced(8.0))
        self.assertTrue(5.5 < self.failover(new, "crash") < 8.0)
        self.finish()

    def failover(self, program, cause):
        """Seconds, from its metrics."""
        text = program.get("/metrics")[1]
        match = re.search(rf'^paperscout_failover_seconds{{cause="{cause}"}} ([0-9.]+)$', text, re.M)
        self.assertTrue(match, text)
        return float(match[1])

    def test_a_paused_leader_writes_nothing_when_it_goes_on(self):
        self.start_fleet()
        self.fleet.postgres.execute("ALTER SYSTEM SET log_statement = 'all'")
        self.fleet.postgres.execute("ALTER SYSTEM SET log_line_prefix = '<%a> '")
        self.fleet.postgres.execute("SELECT pg_reload_conf()")
        self.fleet.wait_cycles(1, 40)
        seen = 0
        for _ in range(4):
            self.add_drafts()
            old = self.leader()
            self.wait_running(1)
            old.pause()
            self.next_of(old)
            monitor = self.fleet.redis.monitor()
            before, logged = len(old.events()), len(self.fleet.postgres.process.log())
            addresses = self.addresses_of(old)
            old.resume()
            wait_until(lambda o=old, n=before: any(event["event"] == "LEADER-LOST"
                                                   for event in o.events()[n:]), 10,
                       "the old one knows")
            self.wait_more_cycles(1)
            lines = monitor.stop()
            seen += self.check_redis(old, addresses, lines)
            self.check_postgres(old, self.fleet.postgres.process.log()[logged:])
        self.assertGreater(seen, 0, "the old one was not heard of at all")
        self.finish()
        self.check_epochs()

    def addresses_of(self, program):
        """Of its connections to Redis."""
        clients = self.fleet.redis.call("CLIENT", "LIST").splitlines()
        return {field[5:] for client in clients if f"name=paperscout-scheduler:{program.name}" in client
                for field in client.split() if field.startswith("addr=")}

    def check_redis(self, old, addresses, lines):
        """Counts what the old leader said, and fails on the first of its words that changed what
        only a leader changes."""
        guarded = {self.fleet.redis.key(name) for name in
                   ("tasks", "results", "cycle", "notify", "generation", "epoch", "leader")}
        reads = {"GET", "HGET", "HGETALL", "PTTL", "XLEN", "XPENDING", "XINFO", "XRANGE", "XREVRANGE", "LLEN",
                 "LRANGE", "EXISTS", "XREADGROUP"}
        heard, mine = 0, False
        for address, words in lines:
            if words[:2] == ["CLIENT", "SETNAME"] and words[2].endswith(f":{old.name}"):
                addresses.add(address)
            if address != "lua":
                mine = address in addresses
                heard += mine
            if mine and words[0].upper() not in reads | {"EVALSHA", "EVAL"}:
                self.assertFalse(guarded & set(words), f"{old.name}: {words}")
        return heard

    def check_postgres(self, old, log):
        """Not one statement of the old leader that changes anything was carried out."""
        mine = [line for line in log.splitlines() if f"paperscout-scheduler:{old.name}>" in line]
        changes = [line for line in mine
                   if re.search(r"(execute|statement)[^:]*: *(INSERT|UPDATE|DELETE)", line)]
        refused = sum("a newer epoch exists" in line for line in mine)
        print(f"{old.name}: {len(mine)} lines in PostgreSQL, {refused} refused, "
              f"{len(changes)} changes")
        self.assertEqual(changes, [])


if __name__ == "__main__":
    unittest.main()
