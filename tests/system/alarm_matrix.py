#!/usr/bin/env python3
"""Every fault of every part, and what operations read of it: a table, one line a cell.

    python3 tests/system/alarm_matrix.py                     # all cells: about an hour
    python3 tests/system/alarm_matrix.py redis site/lying    # the cells whose names begin so
    python3 tests/system/alarm_matrix.py --list

A cell is part/fault/what happens meanwhile (one: nothing; leader: the leader is killed and another leads; restart: all
programs are restarted). For each: seconds until operations are told, alerts per interval, all-clears, and whether
`status`, the page, /health, the metric and Slack name the same incident within 30 s. Exit status 1 when a cell is silent,
late, repeated within the interval, or has not exactly one all-clear.
"""
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from rig import FleetCase, wait_until  # noqa: E402  pylint: disable=wrong-import-position
from rig.index import made_index  # noqa: E402  pylint: disable=wrong-import-position
from rig.pace import paced  # noqa: E402  pylint: disable=wrong-import-position
from rig.proxy import Proxy  # noqa: E402  pylint: disable=wrong-import-position

SECONDS = 4
FILES = {"match": "/files/*"}
INDEX = {"match": "/index.json"}

# part/fault: (incidents of which one must be named, begins, ends); methods of Cell below.
FAULTS = {
    "redis/down": ({"redis_down"}, "redis_kill", "redis_start"),
    "redis/hanging": ({"redis_down"}, "redis_stall", "redis_heal"),
    "redis/refusing": ({"redis_refuses_writes"}, "redis_noreplicas", "redis_replicas"),
    "redis/lying": ({"redis_unfit"}, "redis_evicts", "redis_keeps"),
    "redis/slow": ({"redis_down"}, "redis_slow", "redis_heal"),
    "postgres/down": ({"postgres_down"}, "postgres_stop", "postgres_start"),
    "postgres/hanging": ({"postgres_down"}, "postgres_stall", "postgres_heal"),
    "postgres/refusing": ({"postgres_refuses_writes"}, "postgres_read_only", "postgres_writes"),
    "postgres/rights": ({"postgres_refuses_writes"}, "postgres_revoke", "postgres_grant"),
    "slack/down": ({"slack_failing", "message_waits"}, "slack_reset", "slack_heal"),
    "slack/hanging": ({"slack_failing", "message_waits"}, "slack_stall", "slack_heal"),
    "slack/refusing": ({"slack_refused"}, "slack_revoke", "slack_heal"),
    "site/down": ({"no_good_poll"}, "site_reset", "site_heal"),
    "site/hanging": ({"no_good_poll"}, "site_stall", "site_heal"),
    "site/refusing": ({"site_disbelieved"}, "site_forbids", "site_heal"),
    "site/lying": ({"site_disbelieved"}, "site_has_all", "site_heal"),
    "index/down": ({"index_stale"}, "index_503", "index_heal"),
    "index/hanging": ({"index_stale"}, "index_stall", "index_heal"),
    "index/lying": ({"index_implausible"}, "index_shrinks", "index_heal"),
    "dns/down": ({"no_good_poll"}, "dns_down", "dns_heal"),
}
MEANWHILE = ("one", "leader", "restart")
CELLS = [f"{fault}/{meanwhile}" for fault in FAULTS for meanwhile in MEANWHILE]


class Cell(FleetCase):
    """One cell; the name is in the class attribute of a subclass made by make()."""
    cell = ""

    def setUp(self):
        super().setUp()
        self.fleet = self.make_fleet(
            {"index": {"inline": made_index()},
             "drafts": {"D1052R0.pdf": {"modified": "-2h", "text": "a draft"}}},
            POLL_INTERVAL_SECONDS=SECONDS, HTTP_TIMEOUT_SECONDS=2, PROBE_MAX_ATTEMPTS=1, OPS_ALERT_CHANNEL="COPS",
            CACHE_TTL_HOURS=0, TASK_VISIBILITY_SECONDS=4, MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=1,
            CYCLE_DEADLINE_SECONDS=6, SHUTDOWN_GRACE_SECONDS=3, WG21_INDEX_TIMEOUT_S=2)
        self.fleet.start_servers()
        self.redis_net, self.postgres_net = Proxy(self.fleet.redis.port), Proxy(self.fleet.postgres.port)
        self.fleet.extras += [self.redis_net, self.postgres_net]
        self.nets = {"REDIS_URL": f"redis://127.0.0.1:{self.redis_net.port}/0",
                     "DATABASE_URL": self.fleet.postgres.url.replace(
                         f":{self.fleet.postgres.port}/", f":{self.postgres_net.port}/"),
                     "OPS_ALERT_WEBHOOK_URL": f"{self.fleet.upstream.url}/hooks/ops"}
        self.extra = {}
        self.running = []
        self.start_programs()
        self.fleet.wait_cycles(2, 40)
        wait_until(lambda: all(p.health()["status"] == "ok" for p in self.running), 30, "all is well")

    def start_programs(self):
        self.running = [self.fleet.start("scheduler", **self.nets, **self.extra),
                        self.fleet.start("scheduler", **self.nets, **self.extra),
                        self.fleet.start("worker", **self.nets),
                        self.fleet.start_slack_notifier(**self.nets)]

    # What people read

    def heard(self):
        """(t, text, in a thread) of what came to the operations channel or the webhook, in order."""
        slack = [(m["t_ms"], m["text"]) for m in self.fleet.upstream.slack() if m["channel"] == "COPS"]
        hooks = [(h["t_ms"], h["body"]["text"]) for h in self.fleet.upstream.hooks()]
        return sorted(slack + hooks)

    def alerts(self):
        return [one for one in self.heard() if "Runbook:" in one[1]]

    def all_clears(self):
        return [one for one in self.heard() if "Runbook:" not in one[1]]

    # What is shown

    def named(self, incident):
        """Where the incident is named now."""
        places = set()
        for program in self.running:
            try:
                health = program.health()
                if any(i["name"] == incident for i in health["incidents"]) and health["status"] == "degraded":
                    places.add(f"health:{program.component}")
                if f'paperscout_incident{{name="{incident}"}} 1' in program.get("/metrics")[1]:
                    places.add(f"metric:{program.component}")
                if program.component == "scheduler":
                    now = json.loads(program.get("/api/fleet")[1])["now"]
                    if any(t["name"] == incident for t in now["troubles"]):
                        places.add("page")
            except OSError:
                pass
        code, text, _ = self.fleet.command("scheduler", "status", "--json", **self.nets)
        if code != 0 or any(t["name"] == incident for t in json.loads(text)["troubles"]):
            places.add("status")  # it fails with the reason when a server is away
        return places

    # Faults

    def redis_kill(self):
        self.fleet.redis.kill()

    def redis_start(self):
        self.fleet.redis.start()

    def redis_stall(self):
        self.redis_net.stall()

    def redis_slow(self):
        self.redis_net.slow(8)

    def redis_heal(self):
        self.redis_net.slow(0)
        self.redis_net.heal()

    def redis_noreplicas(self):
        self.fleet.redis.call("CONFIG", "SET", "min-replicas-to-write", 1)

    def redis_replicas(self):
        self.fleet.redis.call("CONFIG", "SET", "min-replicas-to-write", 0)

    def redis_evicts(self):
        self.fleet.redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.fleet.redis.cut()  # who connects looks at once

    def redis_keeps(self):
        self.fleet.redis.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.fleet.redis.cut()

    def postgres_stop(self):
        self.fleet.postgres.stop()

    def postgres_start(self):
        self.fleet.postgres.start()

    def postgres_stall(self):
        self.postgres_net.stall()

    def postgres_heal(self):
        self.postgres_net.heal()

    def read_only(self, value):
        self.fleet.postgres.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        self.fleet.postgres.execute("SELECT pg_reload_conf()")
        self.fleet.postgres.cut()

    def postgres_read_only(self):
        self.read_only("on")

    def postgres_writes(self):
        self.fleet.postgres.execute("SET default_transaction_read_only = off; "
                                    "ALTER SYSTEM SET default_transaction_read_only = off")
        self.fleet.postgres.execute("SELECT pg_reload_conf()")
        self.fleet.postgres.cut()

    def postgres_revoke(self):
        """No superuser has fewer rights, so a trigger stands in for the missing right."""
        self.fleet.postgres.execute(
            "CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'permission denied for table cycles' USING ERRCODE = '42501'; END $$; "
            "CREATE TRIGGER deny BEFORE INSERT ON cycles FOR EACH ROW EXECUTE FUNCTION deny()")

    def postgres_grant(self):
        self.fleet.postgres.execute("DROP TRIGGER deny ON cycles; DROP FUNCTION deny()")

    def slack(self, **behaviour):
        self.fleet.upstream.patch({"rules": {"slack": {"match": "/api/*", **behaviour}}})
        for number in range(8):
            self.fleet.redis.call("RPUSH", self.fleet.redis.key("notify"), json.dumps(
                {"id": f"m{time.monotonic_ns()}", "kind": "manual", "channel": f"C{number}", "text": "x",
                 "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}))

    def slack_reset(self):
        self.slack(fault="reset")

    def slack_stall(self):
        self.slack(fault="stall")

    def slack_revoke(self):
        self.fleet.upstream.patch({"slack": {"error": "token_revoked"}})
        self.slack()

    def slack_heal(self):
        self.fleet.upstream.patch({"rules": {"slack": None}, "slack": {"error": None}})

    def site(self, **behaviour):
        self.fleet.upstream.patch({"rules": {"files": {**FILES, **behaviour}}})

    def site_reset(self):
        self.site(fault="reset")

    def site_stall(self):
        self.site(fault="stall")

    def site_forbids(self):
        self.site(status=403)

    def site_has_all(self):
        self.fleet.upstream.patch({"drafts": {"P0000R0.html": {"modified": "-1h", "text": "not found"}}})

    def site_heal(self):
        self.fleet.upstream.patch({"rules": {"files": None}, "drafts": {"P0000R0.html": None}})

    def index(self, **behaviour):
        self.fleet.upstream.patch({"rules": {"index": {**INDEX, **behaviour}}})

    def index_503(self):
        self.index(status=503)

    def index_stall(self):
        self.index(fault="stall")

    def index_shrinks(self):
        self.index(body='{"P0001R0": {"type": "paper", "title": "the only one"}}',
                   content_type="application/json", headers={"ETag": '"small"'})

    def index_heal(self):
        self.fleet.upstream.patch({"rules": {"index": None}})

    def restart(self):
        for program in self.running:
            program.kill()
        self.start_programs()

    def dns_down(self):
        self.extra = {"ISO_BASE_URL": "http://drafts.invalid/files/papers/"}
        self.restart()

    def dns_heal(self):
        self.extra = {}
        self.restart()

    # The play

    def meanwhile(self, what):
        if what == "leader":
            value = self.fleet.postgres.value("SELECT told_by AS n FROM alarms ORDER BY told_at DESC LIMIT 1") \
                if self.fault.split("/")[0] not in ("postgres",) else ""
            leader = next((p for p in self.running if p.name == value and p.component == "scheduler"),
                          self.running[0])
            leader.kill()
            self.running.remove(leader)
            self.running.append(self.fleet.start("scheduler", **self.nets, **self.extra))
        elif what == "restart":
            self.restart()

    def runTest(self):  # pylint: disable=invalid-name
        self.fault, what = self.cell.rsplit("/", 1)
        incidents, begin, end = FAULTS[self.fault]
        interval = paced(SECONDS)
        limit = 2 * interval + 30
        self.fleet.upstream.reset()
        began = time.time() * 1000
        getattr(self, begin)()
        try:
            wait_until(self.alerts, limit + 10, "operations are told")
            told = (self.alerts()[0][0] - began) / 1000
            names = [i for i in incidents if any(self.named(i))]
            places = set()

            def agrees():
                nonlocal places
                places = self.named(names[0]) if names else set()
                return {"status", "page", "health:scheduler", "metric:scheduler", "health:notifier"} <= places
            try:
                wait_until(agrees, 30, "all places agree")
                agreed = "yes"
            except Exception:  # pylint: disable=broad-except
                agreed = f"no ({', '.join(sorted(places)) or 'nowhere'})"
            self.meanwhile(what)
            until = time.monotonic() + 2.5 * interval
            while time.monotonic() < until:
                time.sleep(0.2)
        finally:
            getattr(self, end)()
        alerts = self.alerts()
        gaps = [(b[0] - a[0]) / 1000 for a, b in zip(alerts, alerts[1:])]
        try:
            wait_until(self.all_clears, 60, "the all-clear")
            time.sleep(paced(5))
        except Exception:  # pylint: disable=broad-except
            pass
        clears = len(self.all_clears())
        texts = {text.split(":")[1].split(".")[0] for _, text in alerts}
        row = (f"{self.cell:28} {told:6.1f} s  alerts {len(alerts)}  least gap "
               f"{min(gaps) if gaps else 0:5.1f} s  all-clears {clears}  agree {agreed}")
        print(row, flush=True)
        if clears != 1 or len(texts) != 1:
            print("\n".join(f"    {(at - began) / 1000:6.1f} s {text}" for at, text in self.heard()), flush=True)
        self.assertLessEqual(told, limit, row)
        self.assertEqual(clears, 1, (row, self.heard()))
        self.assertEqual(len(texts), 1, (row, texts))
        span = (alerts[-1][0] - alerts[0][0]) / 1000
        self.assertLessEqual(len(alerts), span / interval + 1.5, (row, gaps))
        self.assertEqual(agreed, "yes", row)


def make(cells):
    suite = unittest.TestSuite()
    for name in cells:
        suite.addTest(type("Cell_" + name.replace("/", "_"), (Cell,), {"cell": name})("runTest"))
    return suite


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(CELLS))
        return 0
    cells = [name for name in CELLS if not arguments or any(name.startswith(start) for start in arguments)]
    if not cells:
        print(f"alarm_matrix.py: no cell begins with {' or '.join(arguments)}; --list shows them", file=sys.stderr)
        return 64
    done = unittest.TextTestRunner(verbosity=1).run(make(cells))
    return 0 if done.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
