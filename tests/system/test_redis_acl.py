#!/usr/bin/env python3
"""The whole fleet as the Redis user of deploy/redis.acl, who may do what we need and nothing else. That the list
is the code's own is checked by tests/lint/redis_acl.py."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from rig import CycleCase, FleetCase, wait_until
from rig.places import find_server
from rig.redis import Redis, RedisError

TOP = Path(__file__).resolve().parents[2]
PASSWORD = "s3cret-%40-word"  # "@" is escaped in a URL


def user_line():
    """The user of deploy/redis.acl, with a password."""
    text = (TOP / "deploy/redis.acl").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("user paperscout "))
    return line.replace("CHANGE-ME", PASSWORD.replace("%40", "@"))


class AclFleet(FleetCase):
    def make_fleet(self, *arguments, **settings):
        """One whose programs log in as the user; the tests stay the default user, who may do all."""
        fleet = super().make_fleet(*arguments, **settings)
        fleet.redis.login = f"paperscout:{PASSWORD}@"
        start = fleet.redis.start

        def start_with_users(*options):
            path = os.path.join(fleet.folder, "users.acl")
            Path(path).write_text(f"user default on nopass ~* &* +@all\n{user_line()}\n",
                                  encoding="utf-8")
            start("--aclfile", path, *options)
        fleet.redis.start = start_with_users
        return fleet


class AclFile(unittest.TestCase):
    def test_redis_starts_with_the_file_as_it_is(self):
        """Redis refuses to start when one line of it is no user."""
        with tempfile.TemporaryDirectory() as folder:
            path = shutil.copy(TOP / "deploy/redis.acl", folder)
            redis = Redis(folder)
            server = subprocess.Popen([find_server("redis-server"), "--port", str(redis.port), "--bind", "127.0.0.1",
                                       "--dir", folder, "--save", "", "--aclfile", path], stdout=subprocess.DEVNULL)
            try:
                wait_until(lambda: redis.call("AUTH", "paperscout", "CHANGE-ME") == "OK", 10, "the user may log in")
                self.assertIsNone(redis.call("GET", "paperscout:leader"))
                with self.assertRaises(RedisError):
                    redis.call("GET", "other:leader")
            finally:
                redis.stop()
                server.terminate()
                server.wait(10)


class Fleet(AclFleet, CycleCase):
    def test_everything_works_and_nothing_is_refused(self):
        self.start_fleet()
        fleet = self.fleet
        fleet.start("worker")
        fleet.wait_cycles(1, 40)
        self.add_drafts(3)
        self.wait_running(20)
        fleet.programs[1].kill()  # its tasks are claimed by the other worker
        self.leader().stop()
        self.notifier.kill()
        fleet.start("worker")
        fleet.start("notifier")
        for component, *words in (("scheduler", "status"), ("scheduler", "explain", "P1045"),
                                  ("notifier", "dead", "list"),
                                  ("notifier", "send", "#papers", "hello")):
            status, _, errors = fleet.command(component, *words)
            self.assertEqual((status, errors), (0, ""), words)
        fleet.redis.call("FLUSHALL")
        self.finish()
        self.assertEqual(fleet.redis.call("ACL", "LOG"), [])
        for program in fleet.programs:
            self.assertNotIn("NOPERM", program.log())

    def test_it_may_do_nothing_else(self):
        redis = self.make_fleet().redis
        redis.start()
        redis.call("AUTH", "paperscout", PASSWORD.replace("%40", "@"))
        for words in (["GET", "other:key"], ["SET", "leader", "me"], ["FLUSHALL"], ["KEYS", "*"],
                      ["CONFIG", "GET", "*"], ["ACL", "WHOAMI"], ["PUBLISH", "news", "x"],
                      ["CLIENT", "KILL", "TYPE", "normal"],
                      ["EVAL", "return redis.call('GET', 'other:key')", "0"]):
            with self.assertRaisesRegex(RedisError, "NOPERM|permission|access", msg=words):
                redis.call(*words)

    def test_a_wrong_password_and_a_missing_permission_are_told_apart(self):
        fleet = self.make_fleet()
        fleet.start_servers(postgres=False)
        url = fleet.redis.url
        cases = (("wrong-password", url.replace(PASSWORD, "hunter2"), "AUTH refused (WRONGPASS)"),
                 ("nobody", url.replace("paperscout:", "nobody:"), "AUTH refused (WRONGPASS)"),
                 ("other-prefix", url, "NOPERM"),
                 ("away", "redis://127.0.0.1:1/0", "refused"))
        for name, address, word in cases:
            worker = fleet.start("worker", name, REDIS_URL=address, **(
                {"REDIS_KEY_PREFIX": "other:"} if name == "other-prefix" else {}))
            event = "REDIS-ERROR" if word == "NOPERM" else "REDIS-DOWN"
            category = "NETWORK" if name == "away" else "CONFIGURATION"
            wait_until(lambda: any(word in line["error"] for line in worker.events(
                event, failure_category=category)), 10, f"{name}: {event} says {word}")
            status, text = worker.get("/readyz")
            self.assertEqual(status, 503, name)
            if word != "NOPERM":
                self.assertIn(word, text)
            self.assertNotIn("hunter2", worker.log() + text)
            worker.stop()

    def test_a_worker_that_may_not_read_tasks_is_not_ready(self):
        fleet = self.make_fleet()
        fleet.start_servers(postgres=False)
        worker = fleet.start("worker")
        wait_until(worker.ready, 15, "the worker is ready")
        fleet.redis.call("ACL", "SETUSER", "paperscout", "-xreadgroup")
        wait_until(lambda: "tasks cannot be read: NOPERM" in worker.get("/readyz")[1], 15,
                   "it says what it may not do")
        self.assertEqual(worker.get("/readyz")[0], 503)
        fleet.redis.call("ACL", "SETUSER", "paperscout", "+xreadgroup")
        wait_until(worker.ready, 15, "it is ready again")


if __name__ == "__main__":
    unittest.main()
