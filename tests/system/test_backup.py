#!/usr/bin/env python3
"""A backup of a fleet at work, everything lost, and a fleet on what was restored."""
import importlib
import os
import re
import subprocess
import sys
import unittest
import urllib.parse

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

    def test_any_url_that_the_programs_take_and_no_password_in_an_argument(self):
        sys.path.insert(0, os.path.join(CHECKOUT, "deploy"))
        self.addCleanup(sys.path.remove, sys.path[0])
        backup = importlib.import_module("backup")
        for url, wanted in (
                ("postgresql://u:p%40q@h:5432/d?sslmode=require", ("postgresql://u@h:5432/d?sslmode=require", "p@q")),
                ("postgres://u:p?#&=@h/d", ("postgres://u@h/d", "p?#&=")),
                ("postgresql://u@h1:1,h2:2/d?target_session_attrs=read-write&password=x%26y&application_name=b",
                 ("postgresql://u@h1:1,h2:2/d?target_session_attrs=read-write&application_name=b", "x&y")),
                ("postgresql:///d?host=/run/postgresql&%70assword=x", ("postgresql:///d?host=/run/postgresql", "x")),
                ("postgresql://h1:1,h2:2/d", ("postgresql://h1:1,h2:2/d", None)),
                ("host=h password=x dbname=d", ("host=h dbname=d", "x")),
                (r"dbname = d password = 'it\'s \\ b' user='a b'", ("dbname=d user='a b'", r"it's \ b"))):
            self.assertEqual(backup.without_password(url), wanted)

        fleet = self.fleet = self.make_fleet()
        fleet.postgres.start()
        self.assertEqual(fleet.command("scheduler", "import-legacy")[0], 1)  # it has made our tables
        path = os.path.join(fleet.folder, "backup")
        host = f"127.0.0.1:{fleet.postgres.port}"
        two = fleet.postgres.url.replace(host, f"127.0.0.1:1,{host}")
        self.assertIn(",", two)
        self.assertEqual(self.backup("save", path, DATABASE_URL=f"{two}?target_session_attrs=read-write")[0], 0)
        parts = urllib.parse.urlsplit(fleet.postgres.url)
        pairs = (f"host='{parts.hostname}' port={parts.port} user={parts.username} "
                 f"password='{parts.password or 'none'}' dbname = {parts.path[1:]}")
        self.assertEqual(fleet.command("scheduler", "history", DATABASE_URL=pairs)[0], 0)
        self.assertEqual(self.backup("save", path + "-pairs", DATABASE_URL=pairs)[0], 0)
        self.forget()
        status, text = self.backup("restore", path, REDIS_KEY_PREFIX="{paperscout}:",
                                   DATABASE_URL=fleet.postgres.url.rpartition("/")[0], PGDATABASE="postgres")
        self.assertEqual(status, 0, text)
        self.assertIn("--pattern '{paperscout}:*'", text)

    def in_a_container(self, name, **redirected):
        """The command that --help has for a container, on this fleet's server."""
        text = subprocess.run(["python3", "-B", os.path.join(CHECKOUT, "deploy", "backup.py"), "--help"], check=True,
                              capture_output=True, text=True).stdout
        words = re.search(rf"exec -T postgres {name} ([^<>\n]+)[<>]FILE$", text, re.MULTILINE)[1].split()
        at = words.index("-U")
        del words[at:at + 2]
        words = [self.fleet.postgres.url if word == "paperscout" else word for word in words]
        subprocess.run([find_server(name), *words], check=True, timeout=60, **redirected)

    def test_what_a_container_of_the_database_saves_is_the_same(self):
        fleet = self.fleet = self.make_fleet()
        fleet.postgres.start()
        self.assertEqual(fleet.command("scheduler", "import-legacy")[0], 1)  # it has made our tables
        path = os.path.join(fleet.folder, "backup")
        with open(path, "wb") as file:
            self.in_a_container("pg_dump", stdout=file)
        self.assertEqual(self.backup("check", path)[0], 0)
        self.forget()
        with open(path, "rb") as file:
            self.in_a_container("pg_restore", stdin=file)
        self.assertEqual(len(fleet.postgres.query("SELECT 1 FROM pg_tables WHERE tablename = 'papers'")), 1)

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
