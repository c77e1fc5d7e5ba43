#!/usr/bin/env python3
"""kill -9 of a worker in the middle of a cycle: nothing is lost, nothing is counted twice."""
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index

HITS = {f"D{number}R0.pdf": {"modified": "-2h", "text": f"draft {number}"}
        for number in range(1050, 1100, 5)}


class KillWorker(FleetCase):
    def start(self, **settings):
        """A cycle of some 600 probes that two workers need a few seconds for."""
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()}, "drafts": HITS,
             "rules": {"slow": {"match": "/files/*", "delay_ms": 40}}},
            POLL_INTERVAL_SECONDS=60, HTTP_CONCURRENCY=5, TASK_VISIBILITY_SECONDS=6, **settings)
        self.fleet.start_servers()
        self.fleet.start("scheduler")
        self.worker = self.fleet.start("worker")

    def probed(self):
        return self.fleet.upstream.drafts_stats()["count"]

    def close_cycle(self):
        rows = self.fleet.wait_cycles(1, 40)
        self.assertEqual(len(rows), 1)
        return rows[0]

    def check_ledger(self, cycle):
        """Planned = settled, one outcome each, and the upstream agrees on what is a hit."""
        query = self.fleet.postgres.query
        rows = query("SELECT url, outcome, worker FROM probes WHERE cycle = 1")
        self.assertEqual(len(rows), cycle["planned"])
        self.assertEqual([row for row in rows if row["outcome"] is None], [])
        outcomes = {}
        for row in rows:
            outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + 1
        self.assertEqual(outcomes, {"hit_recent": len(HITS), "miss": len(rows) - len(HITS)})
        summary = cycle["summary"]
        self.assertEqual((summary["hit_total"], summary["miss"], summary["errors"]),
                         (len(HITS), len(rows) - len(HITS), 0))
        self.assertEqual(len(query("SELECT url FROM discovered")), len(HITS))
        paths = {path: tally for path, tally in self.fleet.upstream.stats()["paths"].items()
                 if path.startswith("/files/") and "0000R0" not in path}  # not the control
        self.assertEqual({self.fleet.upstream.url + path for path in paths},
                         {row["url"] for row in rows})
        return rows, paths

    def check_streams_are_empty(self):
        redis = self.fleet.redis
        for stream, group in (("tasks", "workers"), ("results", "scheduler")):
            wait_until(lambda s=stream: redis.length(s) == 0, 5, f"{stream} is empty")
            self.assertEqual(redis.pending(stream, group), 0)
        self.assertEqual(redis.length("tasks:dead"), 0)

    def test_one_of_two_workers(self):
        self.start()
        other = self.fleet.start("worker")
        wait_until(lambda: self.probed() > 150, 20, "the cycle is under way")
        self.worker.kill()
        before = self.probed()
        cycle = self.close_cycle()
        self.assertGreater(cycle["planned"], before + 50, "the kill came too late to mean anything")
        rows, paths = self.check_ledger(cycle)
        self.assertEqual({row["worker"] for row in rows}, {"worker-1", "worker-2"})
        again = sum(tally["head"] - 1 for tally in paths.values())
        held = 5 * 4  # what the dead worker may have had on the wire or read ahead
        self.assertLessEqual(again, held, "more was probed twice than the dead worker could hold")
        self.check_streams_are_empty()
        claims = other.events("TASK-CLAIMED")
        self.assertTrue(claims)
        self.assertLessEqual({event.get("trace") for event in claims},
                             {f"1:{row['url'].rpartition('/')[2]}" for row in rows})
        wait_until(lambda: "worker-1" not in self.consumers(), 15, "its consumer name is removed")

    def consumers(self):
        reply = self.fleet.redis.call("XINFO", "CONSUMERS", self.fleet.redis.key("tasks"), "workers")
        return {consumer[1] for consumer in reply}

    def test_the_only_worker_and_a_new_one_comes(self):
        self.start()
        wait_until(lambda: self.probed() > 100, 20, "the cycle is under way")
        self.worker.kill()
        self.fleet.start("worker", "worker-new")
        cycle = self.close_cycle()
        self.check_ledger(cycle)
        self.check_streams_are_empty()

    def test_a_clean_stop_hands_everything_back_at_once(self):
        self.start()
        wait_until(lambda: self.probed() > 100, 20, "the cycle is under way")
        self.assertEqual(self.worker.stop(), 0)
        self.assertEqual(self.fleet.redis.pending("tasks", "workers"), 0)
        self.fleet.start("worker", "worker-new")
        cycle = self.close_cycle()
        _, paths = self.check_ledger(cycle)
        self.assertEqual(sum(tally["head"] - 1 for tally in paths.values()), 0)
        self.check_streams_are_empty()


if __name__ == "__main__":
    unittest.main()
