#!/usr/bin/env python3
"""PostgreSQL is away for a while in the middle of a cycle."""
import os
import time
import unittest

from rig import CycleCase, wait_until

AWAY_SECONDS = float(os.environ.get("PAPERSCOUT_AWAY_SECONDS", "30"))


class PostgresLost(CycleCase):
    def test_away_in_the_middle_of_a_cycle(self):
        self.start_fleet()
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(4)
        row = self.wait_running()
        self.fleet.postgres.stop()
        time.sleep(AWAY_SECONDS)
        for program in self.schedulers():
            self.assertEqual(program.get("/livez")[0], 200)
            self.assertEqual(program.get("/readyz")[0], 503)
        self.fleet.postgres.start()
        wait_until(lambda: any(now["number"] == row["number"] and now["status"] != "running"
                               for now in self.fleet.cycles()), 20, "the cycle closes")
        self.finish()


if __name__ == "__main__":
    unittest.main()
