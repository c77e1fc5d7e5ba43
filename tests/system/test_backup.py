#!/usr/bin/env python3
"""A backup of a fleet at work, everything lost, and a fleet on what was restored."""
import os
import subprocess
import unittest

from rig import CycleCase
from rig.places import CHECKOUT, find_server


class Backup(CycleCase):
    def backup(self, *arguments, **environment):
        done = subprocess.run(["python3", "-B", os.path.join(CHECKOUT, "deploy", "backup.py"), *arguments],
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, "DATABASE_URL": self.fleet.postgres.url, **environment})
        return done.returncode, done.stdout + done.stderr

    def forget(self):
        """A new, empty database in place of the old one."""
        self.fleet.postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def test_a_restored_fleet_goes_on_where_the_backup_was(self):
        self.start_fleet(schedulers=2, delay_ms=0, POLL_INTERVAL_SECONDS=2)
        self.fleet.wait_cycles(1, 30)
        self.fleet.command("notifier", "watchlist", "U1", "add", "archer")
        self.add_drafts(3)
        self.wait_told()
        self.fleet.wait_sent()
        path = os.path.join(self.fleet.folder, "backup")
        self.assertEqual(self.backup("save", path)[0], 0)
        self.assertEqual(os.stat(path).st_mode & 0o077, 0)
        before = self.fleet.cycles()[-1]["number"]

        programs = list(self.fleet.programs)
        for program in programs:
            self.assertEqual(program.stop(), 0)
        self.assertEqual(self.backup("restore", path)[0], 1, "over what is there")
        self.forget()
        self.assertEqual(self.backup("restore", path), (0, self.backup_said()))
        self.fleet.redis.call("FLUSHALL")
        told = self.told()
        for component in ("notifier", "worker", "scheduler", "scheduler"):
            self.fleet.start(component)
        self.add_drafts(2)
        self.wait_told()
        self.wait_more_cycles(1)
        self.fleet.wait_sent()
        self.assertEqual({draft: self.told()[draft] for draft in told}, told, "told again")
        self.check_told_once()
        self.assertGreater(self.check_cycles()[-1]["number"], before)
        self.assertEqual(self.fleet.command("notifier", "watchlist", "U1", "list")[1].split()[-1], "archer")

    @staticmethod
    def backup_said():
        return ("restored; now delete the fleet's keys in Redis before it starts:\n"
                "  redis-cli --scan --pattern 'paperscout:*' | xargs -r redis-cli unlink\n")

    def test_what_is_no_whole_backup_is_not_taken(self):
        self.start_fleet(schedulers=1, delay_ms=0)
        self.fleet.wait_cycles(1, 30)
        path = os.path.join(self.fleet.folder, "backup")
        secret = os.path.join(self.fleet.folder, "url")
        with open(secret, "w", encoding="ascii") as file:
            file.write(self.fleet.postgres.url + "\n")
        self.assertEqual(self.backup("save", path, DATABASE_URL="", DATABASE_URL_FILE=secret)[0], 0)
        self.assertEqual(self.backup("check", path)[0], 0)
        with open(path, "rb") as file:
            whole = file.read()
        cut = os.path.join(self.fleet.folder, "cut")
        with open(cut, "wb") as file:
            file.write(whole[:len(whole) * 3 // 4])
        self.assertEqual(self.backup("check", cut)[0], 1)
        self.assertEqual(self.backup("restore", cut)[0], 1)
        self.assertEqual(self.backup("save", path, DATABASE_URL="redis://x")[0], 78)
        self.assertEqual(self.backup("save", path, DATABASE_URL="postgresql://x@127.0.0.1:1/x")[0], 69)
        self.assertEqual(self.backup("save")[0], 64)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), whole, "a save that failed has left the old one alone")
        subprocess.run([find_server("pg_dump"), "-Fc", "-t", "papers", "-f", cut, "-d", self.fleet.postgres.url],
                       check=True)
        status, text = self.backup("check", cut)
        self.assertEqual(status, 1)
        self.assertIn("no rows of", text)


if __name__ == "__main__":
    unittest.main()
