#!/usr/bin/env python3
"""The fleet behind a real PgBouncer, in both of its modes: no lock and no setting stays behind on a
server connection that the next client gets."""
import os
import unittest

from rig import CycleCase, wait_until
from rig.pgbouncer import PgBouncer

RESTARTS = int(os.environ.get("PAPERSCOUT_RESTARTS", "12"))

# Settings that the programs need for themselves.
SETTINGS = ("statement_timeout", "lock_timeout", "TimeZone", "default_transaction_read_only",
            "idle_in_transaction_session_timeout")


class Pooled(CycleCase):
    mode = "transaction"

    def before_programs(self, fleet):
        self.pool = PgBouncer(fleet.folder, fleet.postgres, self.mode)
        self.pool.start()
        fleet.extras.append(self.pool)
        fleet.settings["DATABASE_URL"] = self.pool.url
        self.before = self.foreign()

    def foreign(self):
        """What clients that are not ours see on each of the pool's server connections."""
        return {name: self.pool.execute(f"SHOW {name}") for name in SETTINGS}

    def advisory_locks(self):
        return self.fleet.postgres.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")

    def test_rolling_restarts_leave_nothing_behind(self):
        self.start_fleet(delay_ms=0)
        self.fleet.wait_cycles(1, 40)
        self.add_drafts()
        for number in range(RESTARTS):
            program = self.schedulers()[0]
            self.assertEqual(program.stop(), 0)
            fresh = self.fleet.start("scheduler")
            wait_until(fresh.ready, 20, f"scheduler of restart {number + 1} is ready")
            self.leader()
            self.assertEqual(self.foreign(), self.before, f"after restart {number + 1}")
        self.add_drafts(2)
        self.finish()
        wait_until(lambda: self.advisory_locks() == 0, 10, "no advisory lock is left")
        self.assertEqual(self.foreign(), self.before)
        print(f"{self.mode}: {RESTARTS} rolling restarts, {len(self.fleet.cycles())} cycles")


class PooledSession(Pooled):
    mode = "session"


if __name__ == "__main__":
    unittest.main()
