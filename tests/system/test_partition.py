#!/usr/bin/env python3
"""Redis does not answer the leader alone: another leads, and never two at once."""
import unittest

from rig import CycleCase, wait_until
from rig.cycles import seconds_between
from rig.proxy import Proxy
from rig.pace import paced


class Partition(CycleCase):
    def test_the_other_leads_within_8_seconds(self):
        self.start_fleet(schedulers=0, LEADER_TTL_MS=None)
        proxy = Proxy(self.fleet.redis.port)
        self.fleet.extras.append(proxy)
        cut_off = self.fleet.start("scheduler", REDIS_URL=f"redis://127.0.0.1:{proxy.port}/0")
        cut_off.wait_event("LEADER-ACQUIRED", 15)
        other = self.fleet.start("scheduler")
        self.fleet.wait_cycles(1, 40)
        for _ in range(2):
            self.add_drafts()
            self.wait_running()
            proxy.stall()
            stalled = self.now()
            taken = other.wait_event("LEADER-ACQUIRED", 15, count=1 + len(
                other.events("LEADER-ACQUIRED")))
            lost = cut_off.wait_event("LEADER-LOST", 15, epoch=self.epochs()[-2][2])
            self.assertLess(seconds_between(lost["ts"], taken["ts"]), paced(8))
            self.assertLessEqual(lost["ts"], taken["ts"], "two led at once")
            self.assertLess(seconds_between(stalled, taken["ts"]), paced(8))
            proxy.heal()
            self.wait_more_cycles(1)
            # Back to the start: the cut-off one leads again.
            self.assertEqual(other.stop(), 0)
            wait_until(lambda: self.leader() is cut_off, 15, "the first leads again")
            other = self.fleet.start("scheduler")
        self.finish()
        self.check_epochs()

    def now(self):
        """As the logs write it."""
        text = self.fleet.postgres.value(
            "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS now")
        return text


if __name__ == "__main__":
    unittest.main()
