#!/usr/bin/env python3
"""PostgreSQL comes back without its newest transactions, as after a restore or a failover: no cycle is lost, nobody
waits for an epoch, and drafts that were found in the lost time are found again."""
import os
import subprocess
import unittest

from rig import CycleCase, wait_until


class Restored(CycleCase):
    def copy(self, source, target):
        subprocess.run(["rm", "-rf", target], check=True)
        subprocess.run(["cp", "-a", source, target], check=True)

    def test_an_older_state(self):
        self.start_fleet(schedulers=1)
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(1)
        self.wait_told()
        postgres = self.fleet.postgres
        data = os.path.join(postgres.folder, "data")
        postgres.stop()
        self.copy(data, data + ".backup")
        postgres.start()
        self.wait_more_cycles(1)
        self.add_drafts(1)
        self.wait_told()
        self.wait_running(probed=20)
        postgres.stop()
        self.copy(data + ".backup", data)
        # Redis has seen epochs that PostgreSQL does not know.
        self.fleet.redis.call("SET", self.fleet.redis.key("epoch"), 5000)
        self.schedulers()[0].kill()
        postgres.start()
        number = self.fleet.cycles()[-1]["number"]
        second = self.fleet.start("scheduler")
        second.wait_event("LEADER-ACQUIRED", 30)
        self.assertEqual(len(second.events("EPOCH-BEHIND")), 1)
        rows = wait_until(lambda: [row for row in self.fleet.cycles()
                                   if row["number"] > number and row["status"] != "running"], 60,
                          "cycles go on", every=0.2)
        self.assertTrue(all(row["status"] in ("success", "empty") for row in rows), rows)
        self.wait_found(2)
        # Once more, under a leader that stays. A new WAL segment: a restored server begins at the end of its backup's
        # WAL, which must lie before what this leader has seen, as it does where more than a moment was lost.
        self.fleet.postgres.value("SELECT pg_switch_wal() IS NOT NULL")
        self.wait_more_cycles(2)
        postgres.stop()
        self.copy(data + ".backup", data)
        postgres.start()
        second.wait_event("DB-RESTORED", 30)
        number = self.fleet.cycles()[-1]["number"]
        rows = wait_until(lambda: [row for row in self.fleet.cycles()
                                   if row["number"] > number and row["status"] != "running"], 60,
                          "cycles go on", every=0.2)
        self.assertTrue(all(row["status"] in ("success", "empty") for row in rows), rows)
        # A transaction that waited for PostgreSQL may have opened the first cycle, with the plan of before.
        self.wait_found(2)

    def wait_found(self, count):
        """A cycle that was cut short finds less; the next one finds the rest."""
        wait_until(lambda: self.fleet.postgres.value("SELECT count(DISTINCT paper_id) FROM discovered") == count, 60,
                   "what was lost is found again", every=0.2)


if __name__ == "__main__":
    unittest.main()
