#!/usr/bin/env python3
"""Two versions at once. PAPERSCOUT_OLD names a build of the version before; tests/skew/run.sh makes it and runs this."""
import os
import unittest

from rig import CycleCase, build_dir, wait_until

OLD = os.environ.get("PAPERSCOUT_OLD")


@unittest.skipUnless(OLD, "PAPERSCOUT_OLD is not set; tests/skew/run.sh runs this")
class Skew(CycleCase):
    build = OLD  # of the fleet at first

    def before_programs(self, fleet):
        fleet.build = self.build

    def replace(self, program, build):
        """As a rolling update does it: the new one is ready before the old one is asked to stop."""
        fresh = self.fleet.start(program.component, f"{program.name}x", build=build or build_dir())
        wait_until(fresh.ready, 20, f"{fresh.name} is ready")
        self.assertEqual(program.stop(seconds=30), 0, f"{program.name} did not stop cleanly")
        return fresh

    def mixed(self):
        """A cycle with drafts, by whoever leads."""
        self.add_drafts(1)
        self.wait_more_cycles(1, 60)

    def check_complete(self):
        for row in self.fleet.cycles():
            if row["status"] != "running":
                self.assertEqual(row["summary"]["errors"], 0, f"cycle {row['number']}")

    def test_upgrade_and_back(self):
        """Worker, notifier and schedulers in turn, in mid-cycle, each way."""
        self.start_fleet()
        fleet = self.fleet
        fleet.wait_cycles(1, 60)
        for build in (None, OLD):
            for component in ("worker", "scheduler", "notifier", "scheduler"):
                program = next(program for program in fleet.programs
                               if program.component == component and program.alive())
                self.wait_running(10)
                self.replace(program, build)
                self.mixed()
        self.finish()
        self.check_complete()
        self.check_epochs()
        dead = [entry for entry in fleet.redis.entries("tasks:dead")]
        self.assertEqual(dead, [], "tasks that one version could not read")
        self.assertEqual(fleet.redis.list("notify:dead"), [])
        for program in fleet.programs:
            for event in ("RESULT-BAD", "TASK-DEAD", "MQ-DEAD-LETTER", "DB-ERROR"):
                self.assertEqual(program.events(event), [], program.name)

    def test_new_scheduler_first(self):
        """The order that is worst for the schema: migrated before anything else is new."""
        self.start_fleet(schedulers=1)
        fleet = self.fleet
        fleet.wait_cycles(1, 60)
        self.replace(fleet.programs[-1], None)
        self.mixed()
        self.mixed()
        self.finish()
        self.check_complete()

    def test_old_scheduler_last(self):
        self.build = None
        self.start_fleet(schedulers=1)
        fleet = self.fleet
        fleet.wait_cycles(1, 60)
        self.replace(fleet.programs[-1], OLD)
        self.mixed()
        self.finish()
        self.check_complete()


if __name__ == "__main__":
    unittest.main()
