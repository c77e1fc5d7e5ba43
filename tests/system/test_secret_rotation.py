#!/usr/bin/env python3
"""Secrets that change on disk while the programs run: they are used without a restart."""
import os
import unittest
from pathlib import Path

from rig import FleetCase, wait_until
from rig.index import made_index
from rig.speaker import Speaker, event_body, sign


class Rotation(FleetCase):
    def put(self, name, value):
        """As a controller does it: a new file takes the old one's place."""
        path = os.path.join(self.fleet.folder, name)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(value + "\n")
        os.rename(path + ".new", path)
        return path

    def database_url(self, password):
        return self.fleet.postgres.url.replace("paperscout@", f"paperscout:{password}@")

    def redis_url(self, password):
        return f"redis://:{password}@127.0.0.1:{self.fleet.redis.port}/0"

    def setUp(self):
        super().setUp()
        self.fleet = fleet = self.make_fleet(
            {"index": {"inline": made_index()}, "drafts": {}, "slack": {"token": "xoxb-one"}},
            POLL_INTERVAL_SECONDS="1")
        fleet.start_servers()
        postgres = fleet.postgres
        postgres.execute("ALTER ROLE paperscout PASSWORD 'one'")
        hba = Path(postgres.folder, "data", "pg_hba.conf")
        # The test itself comes in by the socket.
        hba.write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n", encoding="ascii")
        postgres.execute("SELECT pg_reload_conf()")
        postgres.url_of = lambda database: (
            f"postgresql://paperscout@/{database}?host={postgres.folder}&port={postgres.port}")
        files = {"REDIS_URL": None, "DATABASE_URL": None,
                 "REDIS_URL_FILE": self.put("redis-url", fleet.redis.url),
                 "DATABASE_URL_FILE": self.put("database-url", self.database_url("one"))}
        self.scheduler = fleet.start("scheduler", **files)
        self.worker = fleet.start("worker", REDIS_URL=None, REDIS_URL_FILE=files["REDIS_URL_FILE"])
        self.notifier = fleet.start(
            "notifier", NOTIFY_SINK="slack", EVENTS_BIND_HOST="127.0.0.1",
            SLACK_BOT_TOKEN_FILE=self.put("token", "xoxb-one"),
            SLACK_SIGNING_SECRET_FILE=self.put("signing", "first-secret"), **files)
        fleet.wait_cycles(1, 30)
        self.programs = [self.scheduler, self.worker, self.notifier]

    def wait_ready(self, what):
        wait_until(lambda: all(program.ready() for program in self.programs), 30, what)

    def test_all_of_them(self):
        fleet = self.fleet
        self.wait_ready("all are ready")
        with self.subTest("PostgreSQL"):
            fleet.postgres.execute("ALTER ROLE paperscout PASSWORD 'two'")
            fleet.postgres.cut()
            wait_until(lambda: "28P01" in self.scheduler.get("/readyz")[1], 20, "the old one is refused")
            self.put("database-url", self.database_url("two"))
            self.wait_ready("the new password is used")
        with self.subTest("Redis"):
            fleet.redis.call("CONFIG", "SET", "requirepass", "three")
            self.put("redis-url", self.redis_url("three"))
            wait_until(lambda: all(program.events("SECRET-CHANGED", setting="REDIS_URL")
                                   for program in self.programs), 20, "the change is noticed")
            fleet.redis.call("CLIENT", "KILL", "TYPE", "normal")
            self.wait_ready("the new password is used")
            cycles = len(fleet.cycles())
            wait_until(lambda: len(fleet.cycles()) > cycles + 1, 30, "cycles go on")
        with self.subTest("Slack's token"):
            fleet.upstream.patch({"slack": {"token": "xoxb-two"}})
            self.put("token", "xoxb-two")
            wait_until(lambda: self.notifier.events("SECRET-CHANGED", setting="SLACK_BOT_TOKEN"), 20,
                       "the change is noticed")
            fleet.upstream.patch({"drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}})
            wait_until(lambda: any("D1052R0" in message["text"] for message in fleet.upstream.slack()),
                       40, "a message goes out with the new token")
        with self.subTest("the signing secret"):
            speaker = Speaker(int(self.notifier.wait_event("EVENTS-LISTEN")["port"]))

            def said(secret):
                body = event_body("help")
                return speaker.post(body, sign(body, secret=secret))[0]

            self.assertEqual(said("first-secret"), 200)
            self.put("signing", "second-secret")
            wait_until(lambda: said("second-secret") == 200, 20, "the new secret is used")
            self.assertEqual(said("first-secret"), 401)
        with self.subTest("a bad one"):
            self.put("database-url", "mysql://nonsense:hunter2@x/")
            self.notifier.wait_event("SECRET-REJECTED", 20)
            self.put("signing", "")
            wait_until(lambda: said("second-secret") == 200, 20, "the old ones stay")
        for program in self.programs:
            self.assertTrue(program.alive())
            for secret in ("two", "hunter2", "second-secret", "three"):
                self.assertNotIn(f"{secret}@", program.log())
                self.assertNotIn("second-secret", program.log())


if __name__ == "__main__":
    unittest.main()
