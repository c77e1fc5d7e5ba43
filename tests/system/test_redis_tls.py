#!/usr/bin/env python3
"""Redis over TLS: what is wrong is told in words, and mends itself once it is mended. On Debian 12, whose
hiredis has no TLS, only that rediss:// is refused at the start; tests/trixie/run.sh runs the rest."""
import json
import ssl
import unittest

from rig import CycleCase, wait_until
from rig.authority import Authority
from rig.places import free_port
from rig.sentinel import ToldSentinel
from test_redis_acl import PASSWORD, AclFleet


class TlsFleet(AclFleet):
    def setUp(self):
        super().setUp()
        fleet = self.make_fleet()
        status, _, errors = fleet.command("worker", "check-config",
                                          REDIS_URL="rediss://localhost/0")
        self.built_with_tls = status == 0
        if not self.built_with_tls:
            self.assertEqual(status, 78)
            self.assertIn("REDIS_URL: rediss:// needs a build with hiredis_ssl", errors)
            if "built_without" not in self._testMethodName:
                self.skipTest("this build has no TLS to Redis")
        ours = Authority(fleet.folder, "ours")
        self.authorities = {"ours": ours.ca, "other": Authority(fleet.folder, "other").ca}
        self.good = ours.issue("good", "DNS:localhost,IP:127.0.0.1")
        self.certificates = {"good": self.good,
                             "expired": ours.issue("expired", "DNS:localhost", expired=True),
                             "elsewhere": ours.issue("elsewhere", "DNS:redis.example"),
                             "client": ours.issue("client", "DNS:worker")}

    def start_redis(self, fleet, certificate="good", clients="no"):
        """A server with both kinds of port; its tests use the plain one."""
        port = free_port()
        certificate, key = self.certificates[certificate]
        fleet.redis.start("--tls-port", str(port), "--tls-cert-file", certificate,
                          "--tls-key-file", key, "--tls-ca-cert-file", self.authorities["ours"],
                          "--tls-auth-clients", clients)
        return port

    def mend(self, fleet, certificate="good", clients="no"):
        certificate, key = self.certificates[certificate]
        fleet.redis.call("CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key,
                         "tls-auth-clients", clients)


class Told(TlsFleet):
    def down(self, worker, words):
        """The worker says so in its log, as permanent, and in /readyz."""
        wait_until(lambda: any(words in line["error"] for line in worker.events(
            "REDIS-DOWN", failure_category="CONFIGURATION")), 15, f"{worker.name} says: {words}")

        def look():
            status, text = worker.get("/readyz")
            return status == 503 and any("Redis is not connected: redis " in reason and
                                         words in reason for reason in json.loads(text)["reasons"])
        wait_until(look, 10, f"/readyz of {worker.name} says: {words}")
        self.assertNotIn(PASSWORD, worker.log())

    def test_each_fault_has_its_words_and_mends_itself(self):
        fleet = self.make_fleet()
        fleet.start_servers(postgres=False)
        fleet.redis.kill()
        port = self.start_redis(fleet)
        url = f"rediss://paperscout:{PASSWORD}@localhost:{port}/0"
        ours = {"REDIS_CA_FILE": self.authorities["ours"]}

        for name, host in (("by-name", "localhost"), ("by-address", "127.0.0.1")):
            worker = fleet.start("worker", name, REDIS_URL=url.replace("localhost", host), **ours)
            wait_until(worker.ready, 15, f"{name} is ready")
            worker.stop()

        cases = (("other-ca", {"REDIS_CA_FILE": self.authorities["other"]},
                  "TLS: its certificate was not signed by an authority that we trust"),
                 ("system-ca", {}, "TLS: its certificate was not signed by an authority"),
                 ("password", {"REDIS_URL": url.replace(PASSWORD, "hunter2"), **ours},
                  "AUTH refused (WRONGPASS)"),
                 ("plain-port", {"REDIS_URL": url.replace(str(port), str(fleet.redis.port)),
                                 **ours}, "TLS: the server does not speak TLS here"))
        for name, settings, words in cases:
            worker = fleet.start("worker", name, **{"REDIS_URL": url, **settings})
            self.down(worker, words)
            worker.stop()

        mended = []
        for name, certificate, clients, words in (
                ("expired", "expired", "no", "TLS: its certificate has expired"),
                ("elsewhere", "elsewhere", "no", "TLS: its certificate is for another host name"),
                ("asked", "good", "yes", "TLS: it asks for a certificate of ours")):
            self.mend(fleet, certificate, clients)
            worker = fleet.start("worker", name, REDIS_URL=url, **ours)
            self.down(worker, words)
            mended.append(worker)
        certificate, key = self.certificates["client"]
        worker = fleet.start("worker", "client", REDIS_URL=url, REDIS_CERT_FILE=certificate,
                             REDIS_CERT_KEY_FILE=key, **ours)
        wait_until(worker.ready, 15, "a worker with a certificate of its own is ready")
        self.mend(fleet)
        for worker in mended:
            wait_until(worker.ready, 20, f"{worker.name} is ready once Redis is mended")

    def test_sentinels_speak_tls_too_and_each_name_is_checked(self):
        """A Sentinel's name is the one in REDIS_SENTINELS, the master's the one in REDIS_URL, whatever its address."""
        fleet = self.make_fleet()
        fleet.start_servers(postgres=False)
        for name, of_sentinel, of_master, host, words in (
                ("good", "good", "good", "localhost", None),
                ("named", "good", "elsewhere", "redis.example", None),
                ("sentinel-elsewhere", "elsewhere", "good", "localhost", "is for another host name"),
                ("sentinel-expired", "expired", "good", "localhost", "has expired"),
                ("master-elsewhere", "good", "elsewhere", "localhost", "is for another host name")):
            fleet.redis.kill()
            port = self.start_redis(fleet, of_master)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificates[of_sentinel])
            sentinel = ToldSentinel(port, context)
            try:
                at = sentinel.address.rpartition(":")[2]
                worker = fleet.start("worker", name, REDIS_URL=f"rediss://paperscout:{PASSWORD}@{host}:1/0",
                                     REDIS_SENTINELS=f"localhost:{at}", REDIS_CA_FILE=self.authorities["ours"])
                if words:
                    who = f"Sentinel: redis localhost:{at}: " if name.startswith("sentinel-") else ""
                    self.down(worker, f"{who}TLS: its certificate {words}")
                else:
                    wait_until(worker.ready, 15, f"{name} is ready")
                worker.stop()
            finally:
                sentinel.stop()

    def test_files_that_cannot_be_read_stop_it_at_once(self):
        fleet = self.make_fleet()
        certificate, key = self.certificates["client"]
        for settings, words in (
                ({"REDIS_CA_FILE": "/nonexistent"}, 'REDIS_CA_FILE="/nonexistent": '),
                ({"REDIS_CA_FILE": __file__}, f'REDIS_CA_FILE="{__file__}": '),
                ({"REDIS_CERT_FILE": certificate}, "both or neither"),
                ({"REDIS_CERT_FILE": certificate, "REDIS_CERT_KEY_FILE": self.good[1]},
                 "REDIS_CERT_KEY_FILE=")):
            status, _, errors = fleet.command("worker", "check-config",
                                              REDIS_URL="rediss://localhost/0", **settings)
            self.assertEqual(status, 78, settings)
            self.assertIn(words, errors)


class Works(TlsFleet, CycleCase):
    def test_the_fleet_with_its_own_user(self):
        port = None

        def start_redis(fleet):
            nonlocal port
            fleet.redis.kill()
            port = self.start_redis(fleet)
            fleet.settings["REDIS_URL"] = f"rediss://paperscout:{PASSWORD}@localhost:{port}/0"
            fleet.settings["REDIS_CA_FILE"] = self.authorities["ours"]

        self.before_programs = start_redis
        self.start_fleet(schedulers=1)
        self.fleet.wait_cycles(1, 40)
        self.add_drafts(3)
        self.finish()
        clients = self.fleet.redis.call("CLIENT", "LIST").splitlines()
        ours = [line for line in clients if "user=paperscout" in line]
        self.assertGreaterEqual(len(ours), 5)  # two with a stream of their own
        for line in ours:
            self.assertIn(f"laddr=127.0.0.1:{port} ", line.replace("[::1]", "127.0.0.1"))
        self.assertEqual(self.fleet.redis.call("ACL", "LOG"), [])
        self.assertEqual(self.fleet.command("scheduler", "status")[0], 0)


class Refused(TlsFleet):
    def test_built_without(self):
        """What setUp looks at; a build with TLS takes the URL."""
        if self.built_with_tls:
            self.skipTest("this build has TLS to Redis")
        fleet = self.make_fleet()
        fleet.upstream.start()
        worker = fleet.start("worker", REDIS_URL="rediss://:hunter2@localhost/0")
        self.assertEqual(worker.wait(10), 78)
        self.assertIn("rediss:// needs a build with hiredis_ssl", worker.log())
        self.assertNotIn("hunter2", worker.log())


if __name__ == "__main__":
    unittest.main()
