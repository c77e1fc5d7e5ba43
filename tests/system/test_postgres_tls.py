#!/usr/bin/env python3
"""sslmode and its files in DATABASE_URL reach libpq, with the host name it checks."""
import os
import shutil
import unittest

from rig import RigCase, wait_until
from rig.authority import Authority
from rig.postgres import _own


class PostgresTls(RigCase):
    needs = ("scheduler",)

    def test_verify_full(self):
        fleet = self.make_fleet()
        ours, other = (Authority(fleet.folder, name) for name in ("ours", "other"))
        certificate, key = ours.issue("postgres", "DNS:localhost")
        key_of_server = os.path.join(fleet.postgres.folder, "server.key")
        shutil.copy(key, key_of_server)
        _own(key_of_server)
        os.chmod(key_of_server, 0o600)
        fleet.redis.start()
        fleet.postgres.start(ssl="on", ssl_cert_file=certificate, ssl_key_file=key_of_server)
        url = f"postgresql://paperscout@{{host}}:{fleet.postgres.port}/postgres" \
              "?sslmode=verify-full&sslrootcert={ca}"

        right = fleet.start("scheduler", "right", DATABASE_URL=url.format(host="localhost",
                                                                          ca=ours.ca))
        right.wait_event("DB-UP")
        rows = fleet.postgres.query("SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                    "WHERE application_name LIKE '%right%'")
        self.assertTrue(rows and all(row["ssl"] for row in rows), rows)
        for name, host, ca, words in (("other-ca", "localhost", other.ca, "certificate verify failed"),
                                      ("elsewhere", "127.0.0.1", ours.ca, "does not match")):
            program = fleet.start("scheduler", name, DATABASE_URL=url.format(host=host, ca=ca))
            wait_until(lambda: any(words in line["error"] for line in program.events("DB-DOWN")),
                       10, f"{name}: DB-DOWN says {words}")
            self.assertFalse(program.ready())


if __name__ == "__main__":
    unittest.main()
