#!/usr/bin/env python3
"""{Redis, PostgreSQL, Slack, upstream} x {down, slow, read-only} x the three programs: what /livez,
/readyz and /health say, and that a fault of a server is never called stuck (guarantee 8)."""
import json
import time
import unittest

from rig import FleetCase, wait_until
from rig.index import made_index
from rig.proxy import Proxy
from rig.wait import stays
from rig.pace import paced

PROGRAMS = ("scheduler", "worker", "notifier")
ALL, NONE = frozenset(PROGRAMS), frozenset()
HAS_DATABASE = frozenset(("scheduler", "notifier"))
NOTIFIER = frozenset(("notifier",))

# Who is not ready. A slow server is a server; an upstream or a Slack that is away is no reason to take
# a pod out of service, unless Slack says that whatever we send will be refused.
NOT_READY = {
    ("redis", "down"): ALL, ("redis", "slow"): NONE, ("redis", "read-only"): ALL,
    ("postgres", "down"): HAS_DATABASE, ("postgres", "slow"): NONE,
    ("postgres", "read-only"): HAS_DATABASE,
    ("slack", "down"): NONE, ("slack", "slow"): NONE, ("slack", "read-only"): NOTIFIER,
    ("upstream", "down"): NONE, ("upstream", "slow"): NONE, ("upstream", "read-only"): NONE,
}
SLOW = 0.25  # seconds, each way

BASE = {"component", "version", "instance", "uptime_seconds", "launched_at", "status", "stuck",
        "redis", "failures", "incidents"}
FIELDS = {
    "scheduler": BASE | {
        "db_pool", "role", "leader", "epoch", "papers_loaded", "last_poll", "discovered_via_probe",
        "iso_probe_enabled", "last_updated", "poll_count", "last_successful_poll",
        "last_cycle_status", "last_cycle_error", "probe_stats", "probe_success_rate",
        "tasks_length", "tasks_pending", "results_pending", "workers", "outbox_pending",
        "index_age_seconds", "probing_paused_since",
        "probing_paused_reason"},
    "worker": BASE | {"in_flight", "probes_total", "outcomes", "cooldown_hosts", "claimed", "dead"},
    "notifier": BASE | {
        "db_pool", "mq_depth", "mq_max_size", "mq_utilization", "mq_circuit_state",
        "mq_backpressure", "sent_total", "dead_total", "rate_limited_total", "mq_oldest_seconds"},
}


class Matrix(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            HTTP_TIMEOUT_SECONDS="5", PROBE_MAX_ATTEMPTS="1")
        self.fleet.start_servers()
        self.redis_net = self.proxy(self.fleet.redis.port)
        self.postgres_net = self.proxy(self.fleet.postgres.port)
        nets = {"REDIS_URL": f"redis://127.0.0.1:{self.redis_net.port}/0",
                "DATABASE_URL": self.fleet.postgres.url.replace(
                    f":{self.fleet.postgres.port}/", f":{self.postgres_net.port}/")}
        self.programs = {
            "scheduler": self.fleet.start("scheduler", **nets),
            "worker": self.fleet.start("worker", **nets),
            "notifier": self.fleet.start_slack_notifier(**nets, MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=1,
                                                        SHUTDOWN_GRACE_SECONDS=3)}
        self.wait_ready(NONE)

    def proxy(self, port):
        proxy = Proxy(port)
        self.fleet.extras.append(proxy)
        return proxy

    def readiness(self):
        return {name: program.get("/readyz")[0] for name, program in self.programs.items()}

    def wait_ready(self, not_ready, seconds=30):
        want = {name: 503 if name in not_ready else 200 for name in PROGRAMS}
        wait_until(lambda: self.readiness() == want, seconds, f"/readyz is {want}", every=0.1)

    def look(self, cell):
        """Every endpoint of every program, once."""
        for name, program in self.programs.items():
            began = time.monotonic()
            self.assertEqual(program.get("/livez"), (200, "ok"), (cell, name))
            status, text = program.get("/readyz")
            ready = json.loads(text)
            want = 503 if name in NOT_READY[cell] else 200
            self.assertEqual(status, want, (cell, name, text))
            self.assertEqual(ready["ready"], want == 200, (cell, name))
            self.assertEqual(bool(ready["reasons"]), want == 503, (cell, name, text))
            status, text = program.get("/health")
            health = json.loads(text)
            self.assertEqual(status, 200, (cell, name))
            # An incident anywhere in the fleet degrades every program, ready or not.
            well = want == 200 and not health["incidents"]
            self.assertEqual(health["status"], "ok" if well else "degraded",
                             (cell, name, health["incidents"]))
            self.assertFalse(health["stuck"], (cell, name))
            self.assertEqual(program.get("/metrics")[0], 200, (cell, name))
            self.assertLess(time.monotonic() - began, paced(2), (cell, name))  # none waits for a server

    def check(self, server, fault, begin, end, noticed=None, recovers=True):
        cell = (server, fault)
        with self.subTest(server=server, fault=fault):
            begin()
            try:
                if noticed:
                    wait_until(noticed, 30, f"{cell} is noticed", every=0.1)
                self.wait_ready(NOT_READY[cell])
                until = time.monotonic() + 1
                while time.monotonic() < until:
                    self.look(cell)
            finally:
                end()
            if recovers:
                self.wait_ready(NONE)

    def test_the_servers_it_stands_on(self):
        self.play_redis()
        self.play_postgres()

    def test_the_sites_it_talks_to(self):
        self.play_upstream()
        self.play_slack()

    def play_redis(self):
        redis, net = self.fleet.redis, self.redis_net
        self.check("redis", "down", redis.kill, redis.start)
        self.check("redis", "slow", lambda: net.slow(SLOW), lambda: net.slow(0))
        self.check("redis", "read-only", lambda: redis.call("REPLICAOF", "127.0.0.1", 1),
                   lambda: redis.call("REPLICAOF", "NO", "ONE"))

    def play_postgres(self):
        postgres, net = self.fleet.postgres, self.postgres_net
        self.check("postgres", "down", postgres.stop, postgres.start)
        self.check("postgres", "slow", lambda: net.slow(SLOW), lambda: net.slow(0))
        self.check("postgres", "read-only", lambda: self.read_only("on"),
                   lambda: self.read_only("off"))

    def read_only(self, value):
        self.fleet.postgres.execute(
            f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        self.fleet.postgres.execute("SELECT pg_reload_conf()")

    def play_slack(self):
        upstream = self.fleet.upstream

        def rule(**behaviour):
            upstream.patch({"slack": {"channels": {"C1": behaviour}}})
            self.asked = upstream.count("/api/chat.postMessage")
            self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
                {"id": f"m{time.monotonic_ns()}", "kind": "manual", "channel": "C1", "text": "x"}))

        def heal():
            upstream.patch({"slack": {"channels": {"C1": None}}})

        def asked():
            return upstream.count("/api/chat.postMessage") > self.asked

        self.check("slack", "down", lambda: rule(fault="reset"), heal, asked)
        self.check("slack", "slow", lambda: rule(delay_ms=1500), heal, asked)
        # A token that may read and not write. It is tried again after a minute only.
        self.check("slack", "read-only", lambda: rule(error="missing_scope"), heal, asked,
                   recovers=False)

    def play_upstream(self):
        upstream = self.fleet.upstream

        def rule(**behaviour):
            self.asked = upstream.stats()["count"]
            upstream.patch({"rules": {"files": {"match": "/files/*", **behaviour},
                                      "index": {"match": "/index.json", **behaviour}}})

        def heal():
            upstream.patch({"rules": {"files": None, "index": None}})

        def asked():
            return upstream.stats()["count"] > self.asked + 5

        self.check("upstream", "down", lambda: rule(fault="reset"), heal, asked)
        self.check("upstream", "slow", lambda: rule(delay_ms=1000), heal, asked)
        # It refuses whatever is asked.
        self.check("upstream", "read-only", lambda: rule(status=403), heal, asked)


class Fields(FleetCase):
    def test_health_has_the_fields_of_the_contract_and_no_others(self):
        fleet = self.make_fleet({"index": {"inline": made_index()}})
        fleet.start_servers()
        programs = {name: fleet.start(name) for name in PROGRAMS}
        for name, program in programs.items():  # from the first moment on
            self.assertEqual(set(program.health()) - FIELDS[name], set(), name)
        fleet.wait_cycles(1)
        wait_until(lambda: programs["scheduler"].health()["last_successful_poll"], 10, "a poll")
        for name, program in programs.items():
            health = program.health()
            self.assertEqual(set(health), FIELDS[name], name)
            self.assertEqual(list(health)[:6], ["component", "version", "instance",
                                                "uptime_seconds", "launched_at", "status"])
            self.assertEqual(set(health["redis"]), {"connected", "reconnects"})
            self.assertEqual(set(health["failures"]),
                             {"RATE_LIMIT", "TIMEOUT", "NETWORK", "CONFIGURATION", "UNKNOWN"})
            if "db_pool" in health:
                self.assertEqual(set(health["db_pool"]), {"max", "in_use", "available"})
            for field in ("launched_at", "last_poll", "last_updated", "last_successful_poll"):
                if field in health:
                    self.assertRegex(health[field], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", field)
        health = programs["scheduler"].health()
        self.assertIn(health["last_cycle_status"], ("success", "empty", "failed"))
        self.assertEqual((health["role"], health["epoch"]), ("leader", 1))
        self.assertGreaterEqual(health["probe_success_rate"], 0)
        self.assertEqual(health["probe_stats"]["error"], health["probe_stats"]["errors"])
        for program in programs.values():
            status, text = program.get("/health/")
            self.assertEqual((status, set(json.loads(text))), (200, FIELDS[program.component]))
        health = programs["worker"].health()
        self.assertEqual(sum(health["outcomes"].values()), health["probes_total"])
        health = programs["notifier"].health()
        self.assertEqual(health["mq_circuit_state"], "closed")
        stays(lambda: all(not program.health()["stuck"] for program in programs.values()), 1,
              "an idle fleet is not stuck")


if __name__ == "__main__":
    unittest.main()
