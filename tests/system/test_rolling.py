#!/usr/bin/env python3
"""Two schedulers, a rolling restart every few polls: the count of polls has no gap."""
import os
import unittest

from rig import CycleCase

POLLS = int(os.environ.get("PAPERSCOUT_POLLS", "15"))  # 50 in a soak


class Rolling(CycleCase):
    def test_a_rolling_restart_in_every_fifth_poll(self):
        self.start_fleet(delay_ms=0, POLL_INTERVAL_SECONDS=2, LEADER_TTL_MS=6000)
        self.fleet.wait_cycles(1, 40)
        for _ in range(POLLS // 5):
            self.add_drafts()
            self.wait_more_cycles(4)
            for program in self.schedulers():
                self.assertEqual(program.stop(), 0)
                self.fleet.start("scheduler")
                self.leader()
            self.wait_more_cycles(1)
        rows = self.finish()
        self.check_epochs()
        gaps = self.fleet.postgres.query(
            "SELECT extract(epoch FROM started_at - lag(started_at) OVER (ORDER BY number)) AS gap "
            "FROM cycles")
        print(f"{len(rows)} polls, longest time between two: "
              f"{max(row['gap'] for row in gaps if row['gap']):.2f} s")


if __name__ == "__main__":
    unittest.main()
