#!/usr/bin/env python3
"""Redis loses everything, or goes back to an older state, in the middle of a cycle."""
import os
import unittest

from rig import CycleCase, wait_until


class RedisLost(CycleCase):
    def start(self, **settings):
        self.start_fleet(**settings)
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(4)

    def closes(self, number, seconds=15):
        wait_until(lambda: any(row["number"] == number and row["status"] != "running"
                               for row in self.fleet.cycles()), seconds, f"cycle {number} closes")
        row = next(row for row in self.fleet.cycles() if row["number"] == number)
        self.assertEqual(row["summary"]["errors"], 0, "the cycle did not end complete")

    def test_flushed(self):
        self.start()
        for _ in range(3):
            row = self.wait_running()
            self.fleet.redis.call("FLUSHALL")
            self.closes(row["number"])
        self.finish()
        self.assertTrue(any(program.events("REDIS-REBUILD") for program in self.schedulers()))

    def test_flushed_with_messages_in_the_list(self):
        self.start_fleet(NOTIFICATION_CHANNEL="#papers")
        self.fleet.wait_cycles(1, 40)
        self.notifier.kill()
        self.add_drafts(4)
        wait_until(lambda: self.fleet.redis.call("LLEN", self.fleet.redis.key("notify")) > 0, 20,
                   "messages are queued")
        self.fleet.redis.call("FLUSHALL")
        self.fleet.start("notifier")
        self.finish()

    def test_replaced_by_an_empty_one(self):
        self.start()
        row = self.wait_running()
        self.fleet.redis.kill()
        self.fleet.redis.start()
        self.closes(row["number"], 25)
        self.finish()

    def test_restarted_from_an_older_snapshot(self):
        """A snapshot of the cycle's beginning, of its middle, and of the cycle before."""
        self.start()
        for probed in (1, 150, None):
            if probed is None:
                self.wait_more_cycles(1)
            else:
                self.wait_running(probed)
            self.save()
            self.add_drafts(2)
            if probed is None:
                self.wait_more_cycles(1)
            row = self.wait_running(200)
            self.fleet.redis.kill()
            os.replace(self.dump + ".kept", self.dump)
            self.fleet.redis.start()
            self.closes(row["number"], 25)
        self.finish()

    def test_messages_queued_since_the_snapshot_come_back(self):
        self.start_fleet()
        self.fleet.wait_cycles(1, 40)
        self.notifier.kill()
        self.save()
        self.add_drafts(4)
        wait_until(lambda: self.fleet.redis.call("LLEN", self.fleet.redis.key("notify")) > 0, 20,
                   "messages are queued")
        self.fleet.redis.kill()
        os.replace(self.dump + ".kept", self.dump)
        self.fleet.redis.start()
        self.fleet.start("notifier")
        self.finish()

    @property
    def dump(self):
        return os.path.join(self.fleet.redis.folder, "dump.rdb")

    def save(self):
        self.fleet.redis.call("SAVE")
        os.replace(self.dump, self.dump + ".kept")


if __name__ == "__main__":
    unittest.main()
