#!/usr/bin/env python3
"""The roles of deploy/roles.sql: the owner migrates, the scheduler and the notifier work without a right
to create; and what /readyz says of each thing that PostgreSQL refuses."""
import json
import subprocess
import unittest
from pathlib import Path

from rig import CycleCase, FleetCase, wait_until
from rig.postgres import PSQL

ROLES = Path(__file__).resolve().parents[2] / "deploy/roles.sql"
OWNER = "paperscout_owner"


def url_of(postgres, role):
    return postgres.url.replace("paperscout@", f"{role}@")


class Roles(CycleCase):
    def before_programs(self, fleet):
        postgres = fleet.postgres
        urls = {name: url_of(postgres, f"paperscout_{name}") for name in ("scheduler", "notifier")}
        postgres.execute(f"CREATE ROLE {OWNER} LOGIN")
        self.grant(postgres)
        status, _, error = fleet.command("scheduler", "migrate", DATABASE_URL=urls["scheduler"])
        self.assertEqual(status, 69)
        self.assertIn("42501", error)
        self.assertIn("run the scheduler once as the owner", error)
        status, text, error = fleet.command("scheduler", "migrate",
                                            DATABASE_URL=url_of(postgres, OWNER))
        self.assertEqual((status, error.count("MIGRATION")), (0, error.count("\n")), error)
        self.assertIn("the schema is up to date", text)
        self.grant(postgres)  # as after an upgrade
        start = fleet.start
        fleet.start = lambda component, *rest, **settings: start(
            component, *rest, **{"DATABASE_URL": urls.get(component, ""), **settings})

    def grant(self, postgres):
        postgres.execute(f"\\set owner {OWNER}\n\\set notifier_password of-the-notifier\n" +
                         ROLES.read_text(encoding="utf-8"))

    def test_a_fleet_without_a_right_to_create(self):
        self.start_fleet()
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(2)
        self.finish()
        refused = [event for program in self.fleet.programs for event in program.events()
                   if "42501" in str(event)]
        self.assertEqual(refused, [])
        # The notifier, which faces the Internet, cannot change what the scheduler found out.
        for statement in ("DELETE FROM discovered", "UPDATE meta SET epoch = 0",
                          "CREATE TABLE mine (n int)"):
            with self.assertRaisesRegex(ValueError, "permission denied"):
                self.fleet.postgres.execute(f"SET ROLE paperscout_notifier; {statement}")


class Reasons(FleetCase):
    """/readyz names what is really wrong."""

    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(POLL_INTERVAL_SECONDS="1")
        self.fleet.start_servers()
        self.postgres = self.fleet.postgres

    def wait_reason(self, program, *words):
        def look():
            status, text = program.get("/readyz")
            reasons = " ".join(json.loads(text)["reasons"])
            return status == 503 and all(word in reasons for word in words)
        try:
            wait_until(look, 30, f"/readyz says {words}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {program.get('/readyz')}") from error

    def wait_ready(self, program):
        wait_until(program.ready, 30, "it is ready again")

    def test_a_password_and_an_encoding(self):
        self.postgres.execute("CREATE ROLE secret LOGIN PASSWORD 'right'")
        self.postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        hba = Path(self.postgres.folder, "data", "pg_hba.conf")
        hba.write_text("host all secret 127.0.0.1/32 scram-sha-256\n" + hba.read_text(encoding="ascii"),
                       encoding="ascii")
        self.postgres.execute("SELECT pg_reload_conf()")
        wrong = self.fleet.start("notifier", DATABASE_URL=url_of(self.postgres, "secret:wrong"))
        self.wait_reason(wrong, "28P01", "password authentication failed")
        self.assertNotIn("wrong", wrong.get("/readyz")[1])
        latin = self.fleet.start("notifier", DATABASE_URL=self.postgres.url_of("latin"))
        self.wait_reason(latin, "LATIN1", "ENCODING 'UTF8' TEMPLATE template0")

    def test_a_full_disk_and_a_missing_right(self):
        scheduler = self.fleet.start("scheduler")
        self.fleet.start("worker")
        self.fleet.wait_cycles(1, 30)
        self.wait_ready(scheduler)
        self.postgres.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; "
            "CREATE TRIGGER refuse BEFORE INSERT ON cycles FOR EACH ROW EXECUTE FUNCTION refuse()")
        self.wait_reason(scheduler, "53100", "No space left on device")
        failures = scheduler.events(failure_category="UNKNOWN")
        self.assertEqual([event for event in failures if "53100" in str(event)], [])
        self.postgres.execute("DROP TRIGGER refuse ON cycles")
        self.wait_ready(scheduler)

    def test_a_held_lock(self):
        holder = subprocess.Popen(
            [*PSQL, "-d", self.postgres.url, "-c",
             "SELECT pg_advisory_lock(7881170011), pg_sleep(60)"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: self.postgres.value(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 10, "the lock is held")
            scheduler = self.fleet.start("scheduler")
            self.wait_reason(scheduler, "waits for the migration lock", "pg_terminate_backend")
            self.assertEqual(scheduler.get("/livez")[0], 200)
            self.postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            self.wait_ready(scheduler)
        finally:
            holder.kill()
            holder.wait()


if __name__ == "__main__":
    unittest.main()
